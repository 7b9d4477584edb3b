import HTTP
import Testing

/// What the chunked coding was found to hold.
private struct Decoded: Equatable {
    var content: [UInt8] = []
    /// The offset behind the end, or nil when more bytes were needed.
    var end: Int?
    var status: Int?

    /// Decodes bytes that come in parts which end at these offsets.
    init(_ bytes: [UInt8], receivedUpTo ends: [Int]) {
        var decoder = ChunkedDecoder()
        var start = 0
        for end in ends + [bytes.count] {
            let part = bytes.span.extracting(start..<end)
            var offset = 0
            do {
                reading: while true {
                    switch try decoder.next(part, from: &offset) {
                    case .content(let range):
                        for index in range { content.append(part[index]) }
                    case .end(let behind):
                        self.end = start + behind
                        return
                    case .needMoreBytes:
                        break reading
                    }
                }
            } catch {
                status = Int(error.status.rawValue)
                return
            }
            start = end
        }
    }

    init(_ text: String) {
        self.init(Array(text.utf8), receivedUpTo: [])
    }
}

@Suite("RFC 9112 §7.1 chunked transfer coding")
struct ChunkedDecoderTests {
    static let valid: [(String, String)] = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("A\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
        ("0005\r\nhello\r\n000\r\n\r\n", "hello"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", "0\r\n\r\n0\r"),
        // Extensions (§7.1.1).
        ("1;a\r\nx\r\n0;b\r\n\r\n", "x"),
        ("1;a=b\r\nx\r\n0\r\n\r\n", "x"),
        ("1 ; a = b ;c\r\nx\r\n0\r\n\r\n", "x"),
        ("1\t;\ta\t=\t\"b\"\t;c=d\r\nx\r\n0\r\n\r\n", "x"),
        ("1;a=\"b;\\\"\\\\ c\u{e9}\"\r\nx\r\n0\r\n\r\n", "x"),
        ("1;a=\"\"\r\nx\r\n0;a=\"x\"\r\n\r\n", "x"),
        // Trailer fields (§7.1.2).
        ("1\r\nx\r\n0\r\nX: y\r\n\r\n", "x"),
        ("0\r\nX:\r\nY: a\tb\u{e9}\r\nContent-Length: 5\r\n\r\n", ""),
    ]

    @Test("content and end", arguments: valid)
    func decodes(text: String, content: String) {
        let decoded = Decoded(text + "GET /")
        #expect(decoded.content == Array(content.utf8))
        #expect(decoded.end == text.utf8.count)
    }

    @Test("the same wherever the bytes are split", arguments: valid.map(\.0) + invalid)
    func everySplit(text: String) {
        let bytes = Array((text + "GET /").utf8)
        let whole = Decoded(bytes, receivedUpTo: [])
        for first in bytes.indices {
            #expect(Decoded(bytes, receivedUpTo: [first]) == whole, "split at \(first)")
            for second in first..<bytes.count where bytes.count < 24 {
                let parts = Decoded(bytes, receivedUpTo: [first, second])
                #expect(parts == whole, "split at \(first) and \(second)")
            }
        }
        #expect(Decoded(bytes, receivedUpTo: Array(bytes.indices)) == whole, "single bytes")
    }

    @Test("no prefix is complete or refused", arguments: valid.map(\.0))
    func prefixes(text: String) {
        let bytes = Array(text.utf8)
        for end in bytes.indices {
            let decoded = Decoded(Array(bytes[..<end]), receivedUpTo: [])
            #expect(decoded.end == nil && decoded.status == nil, "after \(end) bytes")
        }
    }

    static let invalid: [String] = [
        "\r\n", "g\r\n", " 1\r\nx\r\n", "-1\r\n", "+1\r\nx\r\n", "0x1\r\nx\r\n", "1_0\r\n",
        "1\nx\r\n0\r\n\r\n", "1\rx\r\n", "1\r\rx", "1\r\nxy\r\n0\r\n\r\n", "1\r\nx\n0\r\n\r\n",
        "1\r\nx\rX", "1\r\nx0\r\n\r\n", "1 \r\nx\r\n0\r\n\r\n", "1\t\r\nx\r\n", "1 2\r\n",
        "1;\r\nx\r\n", "1;=b\r\n", "1;a=\r\nx\r\n", "1;a \r\nx\r\n", "1;a b\r\nx\r\n",
        "1;a=b c\r\nx", "1;a=\"b\r\nx\r\n", "1;a=\"b\nc\"\r\nx", "1;a=\"b\"c\r\nx\r\n",
        "1;a=b \r\nx\r\n", "1;a\nx\r\n", "1;a=b\nx", "1;a=\"\\\n\"\r\n", "1,a\r\n",
        "0\r\nX\r\n\r\n", "0\r\n: y\r\n\r\n", "0\r\nX : y\r\n\r\n", "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\r\n z\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\nX: \0\r\n\r\n", "0\r\n\rX",
        "0\r\n\n", "0\r\nX: y\r\n\n", "0\r\nX: y\rZ",
    ]

    @Test("what is malformed is refused with 400", arguments: invalid)
    func refuses(text: String) {
        #expect(Decoded(text).status == 400)
    }

    @Test("a chunk that no disk holds is refused with 413")
    func largeChunk() {
        #expect(Decoded("fffffffffffff\r\n").status == nil)
        #expect(Decoded("ffffffffffffffff\r\n").status == 413)
        #expect(Decoded("10000000000000000\r\n").status == 413)
    }

    static let endless: [(String, String)] = [
        ("1;a=", "b"), ("1;a=\"", "b"), ("1;", "a"), ("1", " "), ("1;", "a;"), ("", "0"),
        ("0\r\n", "X: y\r\n"), ("0\r\nX: ", "y"), ("0\r\n", "X"), ("", "1;abc\r\nx\r\n"),
    ]

    @Test("extensions, trailer fields and zeros without end are refused", arguments: endless)
    func overheadLimit(start: String, repeated: String) {
        let count = ChunkedDecoder.overheadByteLimit + 2
        let decoded = Decoded(start + String(repeating: repeated, count: count))
        #expect(decoded.status == 431)
    }

    @Test("the overhead of a content is limited exactly")
    func exactOverheadLimit() {
        // `;` is not counted; the carriage return and those of the end are.
        let counted = "\r".utf8.count + "\r".utf8.count
        let longest = String(
            repeating: "a", count: ChunkedDecoder.overheadByteLimit - counted)
        #expect(Decoded("1;\(longest)\r\nx\r\n0\r\n\r\n").end != nil)
        #expect(Decoded("1;\(longest)a\r\nx\r\n0\r\n\r\n").status == 431)
    }

    @Test("many small chunks are no overhead")
    func manyChunks() {
        let decoded = Decoded(String(repeating: "1\r\nx\r\n", count: 20000) + "0\r\n\r\n")
        #expect(decoded.content.count == 20000)
        #expect(decoded.end != nil)
    }
}
