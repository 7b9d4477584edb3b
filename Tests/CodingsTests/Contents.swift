import Codings
import HTTP
import TestSupport

/// What contents are coded in.
let codings: [ContentCoding] = [.br, .gzip, .zstd]

/// Contents of many kinds and sizes.
enum Contents {
    /// Words from a small dictionary, as text has them.
    static func text(_ byteCount: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        let words = (0..<200).map { _ in
            (0..<Int.random(in: 2...9, using: &random)).map { _ in
                UInt8.random(in: 0x61...0x7A, using: &random)
            } + [0x20]
        }
        var bytes: [UInt8] = []
        while bytes.count < byteCount {
            bytes += words[Int(Double(words.count) * .random(in: 0..<1, using: &random))]
        }
        return Array(bytes[..<byteCount])
    }

    /// Bytes that no coding makes smaller.
    static func noise(_ byteCount: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}

/// `hello, world` and a line end, as the commands of the system wrote it.
enum Vectors {
    static let content = Array("hello, world\n".utf8)
    static let coded: [ContentCoding: [UInt8]] = [
        .br: [0x0F, 0x06, 0x80] + content + [0x03],
        .gzip: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3] + [
            0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0xD7, 0x51, 0x28, 0xCF, 0x2F, 0xCA, 0x49, 0xE1, 2, 0,
            0x53, 0x74, 0x24, 0xF4, 0x0D, 0, 0, 0,
        ],
        // With the check of the content behind it.
        .zstd: [0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0x69, 0, 0] + content + [
            0x4C, 0x1F, 0xF9, 0xF1,
        ],
    ]
    static let empty: [ContentCoding: [UInt8]] = [
        .br: [0x3F],
        .gzip: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        .zstd: [0x28, 0xB5, 0x2F, 0xFD, 0x24, 0, 1, 0, 0, 0x99, 0xE9, 0xD8, 0x51],
    ]
}

/// The content in a coding.
func encode(_ content: [UInt8], _ coding: ContentCoding, limit: Int = .max) -> [UInt8]? {
    ContentEncoder.encode(content.span, as: coding, limit: limit)
}

/// Decodes pieces into buffers of a size; nil where they are malformed or not whole.
func decode(
    _ pieces: [[UInt8]], _ coding: ContentCoding, bufferByteCount: Int = 4096
) throws -> [UInt8]? {
    guard var decoder = ContentDecoder(coding) else { return nil }
    var content: [UInt8] = []
    for piece in pieces {
        var offset = 0
        var isFull = false
        repeat {
            do {
                let decoded = try [UInt8](capacity: bufferByteCount) { output in
                    offset += try decoder.decode(
                        piece.span.extracting(offset..<piece.count), into: &output)
                }
                isFull = decoded.count == bufferByteCount
                content += decoded
            } catch is ContentDecodingError {
                return nil
            }
        } while offset < piece.count || isFull
    }
    return decoder.isAtEnd ? content : nil
}

/// What a comparison is given to read, and how far it read.
final class Source {
    private let bytes: [UInt8]
    private let mostAtOnce: Int
    private(set) var furthest = 0

    init(_ bytes: [UInt8], mostAtOnce: Int = .max) {
        self.bytes = bytes
        self.mostAtOnce = mostAtOnce
    }

    func read(into output: inout OutputSpan<UInt8>, at offset: Int) -> Int {
        guard offset < bytes.count else { return 0 }
        let count = min(output.freeCapacity, mostAtOnce, bytes.count - offset)
        for index in offset..<offset + count { output.append(bytes[index]) }
        furthest = max(furthest, offset + count)
        return count
    }
}

/// Whether coded bytes decode to just the content.
func decodes(_ coding: ContentCoding, _ coded: [UInt8], to content: [UInt8]) -> Bool {
    decodes(coding, Source(coded), to: Source(content))
}

func decodes(_ coding: ContentCoding, _ coded: Source, to content: Source) -> Bool {
    ContentDecoder.decodes(
        coding, coded: { coded.read(into: &$0, at: $1) },
        to: { content.read(into: &$0, at: $1) })
}
