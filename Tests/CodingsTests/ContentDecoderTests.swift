import Codings
import HTTP
import TestSupport
import Testing

@Suite("RFC 9110 §8.4.1 decoding piece by piece")
struct ContentDecoderTests {
    @Test("what the commands of the system wrote", arguments: codings)
    func vectors(coding: ContentCoding) throws {
        let coded = try #require(Vectors.coded[coding])
        let empty = try #require(Vectors.empty[coding])
        #expect(try decode([coded], coding) == Vectors.content)
        #expect(try decode([empty], coding) == [])
        #expect(decodes(coding, coded, to: Vectors.content))
        #expect(decodes(coding, empty, to: []))
    }

    @Test(
        "what the commands of the system write",
        arguments: [
            (ContentCoding.br, "brotli", "-9"), (.br, "brotli", "-1"), (.gzip, "gzip", "-1"),
            (.gzip, "gzip", "-9"), (.zstd, "zstd", "-1"), (.zstd, "zstd", "-19"),
            (.zstd, "zstd", "--no-check"),
        ])
    func commands(coding: ContentCoding, command: String, option: String) throws {
        guard let filter = Filter(command, "-c", option) else { return }
        for content in [[], Contents.text(100), Contents.text(300_000), Contents.noise(100_000)] {
            let coded = try filter(content)
            #expect(try decode([coded], coding) == content)
            #expect(decodes(coding, coded, to: content))
        }
    }

    @Test("every split of the input, and buffers of every size", arguments: codings)
    func splits(coding: ContentCoding) throws {
        let content = Contents.text(300)
        let coded = try #require(encode(content, coding))
        for split in 0...coded.count {
            let pieces = [Array(coded[..<split]), Array(coded[split...])]
            #expect(try decode(pieces, coding) == content)
        }
        for size in [1, 2, 3, 7, 299, 300, 301] {
            #expect(try decode([coded], coding, bufferByteCount: size) == content)
            let bytes = coded.map { [$0] }
            #expect(try decode(bytes, coding, bufferByteCount: size) == content)
        }
    }

    @Test("what ends early is not whole", arguments: codings)
    func truncated(coding: ContentCoding) throws {
        let content = Contents.text(300)
        let coded = try #require(encode(content, coding))
        for end in 0..<coded.count {
            #expect(try decode([Array(coded[..<end])], coding) == nil)
            #expect(!decodes(coding, Array(coded[..<end]), to: content))
        }
    }

    @Test("nothing may stand behind the end", arguments: codings)
    func trailing(coding: ContentCoding) throws {
        let coded = try #require(Vectors.coded[coding])
        for garbage in [
            [0], [0x1F], [0x28], Array("garbage".utf8), [UInt8](repeating: 0, count: 512),
        ] {
            #expect(try decode([coded + garbage], coding) == nil)
            #expect(try decode([coded, garbage], coding) == nil)
            #expect(!decodes(coding, coded + garbage, to: Vectors.content))
        }
    }

    @Test("members and frames one behind the other are one content")
    func members() throws {
        for coding in [ContentCoding.gzip, .zstd] {
            let coded = try #require(Vectors.coded[coding])
            let empty = try #require(Vectors.empty[coding])
            let twice = Vectors.content + Vectors.content
            #expect(try decode([coded + coded], coding) == twice)
            #expect(try decode([coded, empty, coded, empty], coding) == twice)
            // But peers take the first member of a gzip for the whole.
            #expect(decodes(coding, coded + empty + coded, to: twice) == (coding == .zstd))
            #expect(decodes(coding, coded + empty, to: Vectors.content) == (coding == .zstd))
            #expect(decodes(coding, empty + coded, to: Vectors.content) == (coding == .zstd))
            #expect(!decodes(coding, coded + coded, to: Vectors.content))
            #expect(!decodes(coding, coded, to: twice))
        }
        // A Brotli has one stream.
        let brotli = try #require(Vectors.coded[.br])
        #expect(try decode([brotli + brotli], .br) == nil)
        // Skippable frames (RFC 8878 §3.1.2) have no content.
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 0xAA, 0xBB]
        let zstd = try #require(Vectors.coded[.zstd])
        #expect(try decode([skippable + zstd + skippable], .zstd) == Vectors.content)
    }

    @Test("a changed bit is never taken for the content", arguments: codings)
    func corrupt(coding: ContentCoding) throws {
        let content = Contents.text(2000)
        let coded = try #require(encode(content, coding))
        for bit in 0..<coded.count * 8 {
            var bytes = coded
            bytes[bit / 8] ^= 1 << (bit % 8)
            guard decodes(coding, bytes, to: content) else { continue }
            // Some bits say nothing of the content: time, flags and system in a gzip's header.
            #expect(try decode([bytes], coding) == content)
        }
    }

    @Test("any bytes are read without harm", arguments: codings)
    func anyBytes(coding: ContentCoding) throws {
        let start = try #require(Vectors.coded[coding])[..<4]
        for seed in 0..<500 as Range<UInt64> {
            let noise = Contents.noise(Int(seed), seed: seed)
            #expect(!decodes(coding, noise, to: []))
            _ = try decode([Array(start) + noise], coding)
        }
    }

    @Test("identity is no coding")
    func identity() {
        #expect(!decodes(.identity, [1], to: [1]))
    }

    @Test("what needs more memory than a peer has is refused (RFC 9659 §3)")
    func window() throws {
        guard let filter = Filter("zstd", "-c", "-3", "--long=24") else { return }
        let content = Contents.text(20_000)
        #expect(try decode([try filter(content)], .zstd) == nil)
        let small = try #require(Filter("zstd", "-c", "-3", "--long=23"))
        #expect(try decode([try small(content)], .zstd) == content)
    }
}

@Suite("Comparing what is coded with its content")
struct ContentComparisonTests {
    @Test("whatever the pieces that are read", arguments: codings)
    func pieces(coding: ContentCoding) throws {
        let content = Contents.text(150_000)
        let coded = try #require(encode(content, coding))
        for (first, second) in [(1, 1000), (7, 1 << 20), (1000, 1), (65536, 65535), (3, 3)] {
            let isSame = decodes(
                coding, Source(coded, mostAtOnce: first), to: Source(content, mostAtOnce: second))
            #expect(isSame)
        }
    }

    @Test("of sizes around that of the buffers", arguments: codings)
    func sizes(coding: ContentCoding) throws {
        for size in [65535, 65536, 65537, 131_071, 131_072, 131_073] {
            let content = Contents.text(size)
            let coded = try #require(encode(content, coding))
            #expect(decodes(coding, coded, to: content))
            #expect(!decodes(coding, coded, to: Array(content.dropLast())))
            #expect(!decodes(coding, coded, to: content + [0x61]))
            for index in [0, size / 2, size - 1] {
                var other = content
                other[index] ^= 1
                #expect(!decodes(coding, coded, to: other))
            }
        }
    }

    @Test("what decodes to far more is read to the first difference", arguments: codings)
    func bomb(coding: ContentCoding) throws {
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        let coded = try #require(encode(zeros, coding))
        let source = Source(coded)
        let content = Source(Array(zeros[..<1000]))
        #expect(!decodes(coding, source, to: content))
        #expect(source.furthest <= 65536)
        let other = Source([1] + zeros)
        #expect(!decodes(coding, Source(coded), to: other))
        #expect(other.furthest <= 65536)
    }

    @Test("an error of reading is handed on", arguments: codings)
    func failure(coding: ContentCoding) throws {
        let coded = Source(try #require(Vectors.coded[coding]))
        #expect(throws: ReadFailure.self) {
            try ContentDecoder.decodes(
                coding,
                coded: { (output, offset) throws(ReadFailure) in
                    coded.read(into: &output, at: offset)
                }, to: { (_, _) throws(ReadFailure) in throw ReadFailure() })
        }
    }
}

private struct ReadFailure: Error {}
