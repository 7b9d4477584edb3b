import Codings
import HTTP
import TestSupport
import Testing

@Suite("RFC 9110 §8.4.1 encoding whole contents")
struct ContentEncoderTests {
    @Test("what is encoded decodes to the content", arguments: codings)
    func roundTrip(coding: ContentCoding) throws {
        let sizes = [200, 1000, 1008, 1009, 4096, 65535, 65536, 200_000, 1_000_000]
        for size in sizes {
            let content = Contents.text(size)
            let coded = try #require(encode(content, coding))
            #expect(coded.count < size)
            #expect(try decode([coded], coding) == content)
            #expect(decodes(coding, coded, to: content))
        }
    }

    @Test(
        "the commands of the system decode it",
        arguments: [(ContentCoding.br, "brotli"), (.gzip, "gzip"), (.zstd, "zstd")])
    func commands(coding: ContentCoding, command: String) throws {
        guard let filter = Filter(command, "-d", "-c") else { return }
        for size in [200, 5000, 300_000] {
            let content = Contents.text(size)
            let coded = try #require(encode(content, coding))
            #expect(try filter(coded) == content)
        }
    }

    @Test("the same content gives the same bytes, without time and name", arguments: codings)
    func deterministic(coding: ContentCoding) throws {
        let content = Contents.text(50_000)
        let coded = try #require(encode(content, coding))
        let again = encode(content, coding)
        #expect(again == coded)
        if coding == .gzip {
            // RFC 1952 §2.3: no flags, no time, made on Unix.
            #expect(Array(coded[..<10]) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
        }
    }

    @Test("what would not be smaller is not encoded", arguments: codings)
    func noGain(coding: ContentCoding) throws {
        for size in [0, 1, 2, 20, 1000, 100_000] {
            #expect(encode(Contents.noise(size), coding) == nil)
        }
        // Never as large as the content, whatever it is.
        for size in 0..<200 {
            let content = [UInt8](repeating: 0x61, count: size)
            guard let coded = encode(content, coding) else { continue }
            #expect(coded.count < size)
        }
    }

    @Test("a limit is one on the result", arguments: codings)
    func limit(coding: ContentCoding) throws {
        let content = Contents.text(20_000)
        let count = try #require(encode(content, coding)).count
        #expect(encode(content, coding, limit: count / 2) == nil)
        #expect(encode(content, coding, limit: 0) == nil)
        #expect(encode(content, coding, limit: -1) == nil)
        let larger = encode(content, coding, limit: count * 2)
        #expect(larger?.count == count)
    }

    @Test("identity is no coding")
    func identity() {
        #expect(encode(Contents.text(1000), .identity) == nil)
        #expect(ContentEncoder.fingerprint(of: .identity) == 0)
    }

    @Test("fingerprints are the same at each call", arguments: codings)
    func fingerprint(coding: ContentCoding) {
        let fingerprint = ContentEncoder.fingerprint(of: coding)
        #expect(fingerprint > 0xFF)
        #expect(fingerprint == ContentEncoder.fingerprint(of: coding))
    }
}
