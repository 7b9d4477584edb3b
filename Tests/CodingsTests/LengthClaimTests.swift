import Codings
import HTTP
import TestSupport
import Testing

private func claims(_ coding: ContentCoding, _ coded: [UInt8], _ contentByteCount: Int) -> Bool {
    let source = Source(coded)
    return ContentDecoder.claims(
        coding, coded: { source.read(into: &$0, at: $1) }, codedByteCount: coded.count,
        contentByteCount: contentByteCount)
}

@Suite("The length that coded bytes claim to have")
struct LengthClaimTests {
    @Test("in the trailer of a gzip, in the frame header of a Zstandard, nowhere in Brotli")
    func encoded() throws {
        for size in [100, 255, 256, 257, 65535, 65536, 65791, 65792, 65793, 300_000] {
            let content = Contents.text(size)
            for coding in codings {
                let coded = try #require(encode(content, coding))
                #expect(claims(coding, coded, size) == (coding != .br), "\(coding) \(size)")
                for other in [0, size - 1, size + 1, size + 256, size + 65536] {
                    #expect(!claims(coding, coded, other))
                }
            }
        }
    }

    @Test(
        "as the commands of the system write it",
        arguments: [
            (ContentCoding.gzip, "gzip", "-9", true), (.zstd, "zstd", "-19", false),
            (.br, "brotli", "-1", false),
        ])
    func commands(coding: ContentCoding, command: String, option: String, claimed: Bool) throws {
        guard let filter = Filter(command, option, "-c") else { return }
        // From a pipe or standard input zstd(1) does not say the length.
        let coded = try filter(Contents.text(5000))
        #expect(claims(coding, coded, 5000) == (claimed || coding == .zstd && coded[4] >> 6 > 0))
    }

    @Test("of a gzip it is told modulo 2^32 (RFC 1952 §2.3.1)")
    func modulo() throws {
        let coded = try #require(Vectors.coded[.gzip])
        #expect(claims(.gzip, coded, 13))
        #expect(claims(.gzip, coded, 13 + 1 << 32))
        #expect(!claims(.gzip, coded, 13 + 1 << 31))
    }

    @Test("in each form of a frame header (RFC 8878 §3.1.1.1)")
    func frameHeaders() {
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        let cases: [([UInt8], Int?)] = [
            ([0x20, 13], 13), ([0x60, 0, 1], 512), ([0xA0, 0, 0, 0x80, 0], 8 << 20),
            ([0xA0, 1, 0, 0x80, 0], nil), ([0xE0, 5, 0, 0, 0, 0, 0, 0, 0], 5),
            // With a window: up to 8 MiB.
            ([0x40, 0x58, 1, 0], 257), ([0x80, 0x68, 0, 0, 0, 1], 16 << 20),
            ([0x80, 0x69, 0, 0, 0, 1], nil), ([0x80, 0x70, 0, 0, 0, 1], nil),
            ([0xC0, 0x00, 1, 0, 0, 0, 1, 0, 0, 0], 1 << 32 + 1),
            // The check of the content changes nothing.
            ([0x24, 13], 13),
            // No length, a dictionary, a reserved bit, an end too early.
            ([0x00, 0x58], nil), ([0x21, 7, 13], nil), ([0x28, 13], nil), ([0x20], nil), ([], nil),
            ([0xE0, 5, 0, 0], nil),
        ]
        for (header, expected) in cases {
            let coded = magic + header
            for count in [5, 13, 257, 512, 8 << 20, 8 << 20 + 1, 16 << 20, 1 << 32 + 1] {
                #expect(claims(.zstd, coded, count) == (count == expected), "\(header) \(count)")
            }
        }
        #expect(!claims(.zstd, [0x50, 0x2A, 0x4D, 0x18, 0x20, 13], 13))
    }

    @Test("what is too short or something else claims nothing")
    func malformed() throws {
        let gzip = try #require(Vectors.coded[.gzip])
        for end in 0..<gzip.count { #expect(!claims(.gzip, Array(gzip[..<end]), 13)) }
        #expect(!claims(.gzip, [0x1F, 0x9D] + gzip[2...], 13))
        #expect(!claims(.gzip, try #require(Vectors.coded[.zstd]), 13))
        #expect(!claims(.zstd, gzip, 13))
        #expect(!claims(.identity, Vectors.content, 13))
        for coding in codings { #expect(!claims(coding, [], 0)) }
    }
}
