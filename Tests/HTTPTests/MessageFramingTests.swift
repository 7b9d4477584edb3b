import HTTP
import Testing

@Suite("RFC 9112 §6 message framing")
struct MessageFramingTests {
    static let accepted: [(String, String, RequestHead.Framing)] = [
        ("PUT", "", .none),
        ("PUT", "Content-Length: 0\r\n", .length(0)),
        ("PUT", "Content-Length: 5\r\n", .length(5)),
        ("PUT", "Content-Length: 0005\r\n", .length(5)),
        ("PUT", "content-length:\t5 \r\n", .length(5)),
        ("PUT", "Content-Length: 9223372036854775807\r\n", .length(.max)),
        ("PUT", "Transfer-Encoding: chunked\r\n", .chunked),
        ("PUT", "Transfer-Encoding: CHUNKED\r\n", .chunked),
        ("GET", "", .none),
        ("GET", "Content-Length: 0\r\n", .length(0)),
        ("HEAD", "Content-Length: 0\r\n", .length(0)),
        ("DELETE", "Content-Length: 3\r\n", .length(3)),
        ("OPTIONS", "Content-Length: 3\r\n", .length(3)),
    ]

    @Test("how long the content is", arguments: accepted)
    func framing(method: String, fields: String, framing: RequestHead.Framing) throws {
        let text = "\(method) / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        #expect(try #require(HeadOutcome(text).parsed).framing == framing)
    }

    static let refused: [(String, Int)] = [
        // Content-Length that is not one number (§6.3 (5)).
        ("Content-Length:\r\n", 400), ("Content-Length: -1\r\n", 400),
        ("Content-Length: +1\r\n", 400), ("Content-Length: 1,1\r\n", 400),
        ("Content-Length: 1, 2\r\n", 400), ("Content-Length: 1 1\r\n", 400),
        ("Content-Length: 0x1\r\n", 400), ("Content-Length: 1.0\r\n", 400),
        ("Content-Length: \"1\"\r\n", 400), ("Content-Length: 1e1\r\n", 400),
        ("Content-Length: 9223372036854775808\r\n", 400),
        ("Content-Length: 99999999999999999999999\r\n", 400),
        ("Content-Length: 1\r\nContent-Length: 1\r\n", 400),
        ("Content-Length: 1\r\ncontent-length: 2\r\n", 400),
        // Both (§6.3 (3)).
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400),
        ("Transfer-Encoding: x\r\nContent-Length: 1\r\n", 400),
        // Transfer codings (§6.1, §6.3 (4)).
        ("Transfer-Encoding: gzip, chunked\r\n", 501), ("Transfer-Encoding: gzip\r\n", 501),
        ("Transfer-Encoding: identity\r\n", 501), ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding: chunked;q=1\r\n", 501), ("Transfer-Encoding: \"chunked\"\r\n", 501),
        ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("Transfer-Encoding: chunked,\r\n", 400), ("Transfer-Encoding: ,chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: \u{b}chunked\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
    ]

    @Test("what two readers could read in two ways is refused", arguments: refused)
    func refuses(fields: String, status: Int) {
        let text = "PUT / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        #expect(HeadOutcome(text) == .refused(status))
    }

    @Test("an empty Transfer-Encoding does not hide the content", arguments: ["", " ", ",", ", ,"])
    func emptyTransferEncoding(value: String) {
        let text = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(value)\r\n\r\n"
        #expect(HeadOutcome(text) == .refused(501))
    }

    @Test("HTTP/1.0 has no transfer codings")
    func transferCodingInHTTP10() {
        #expect(
            HeadOutcome("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == .refused(400))
    }

    @Test(
        "content in GET or HEAD is refused",
        arguments: ["GET", "HEAD"],
        ["Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"])
    func contentOfReadingMethods(method: String, fields: String) {
        let text = "\(method) / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        #expect(HeadOutcome(text) == .refused(400))
    }
}

@Suite("RFC 9110 §5.6.1 lists")
struct ListReaderTests {
    @Test(
        "elements",
        arguments: [
            ("", []), (" ", []), (",", []), (" , ,\t,", []), ("a", ["a"]), ("a,b", ["a", "b"]),
            (" a , b\t,, c,", ["a", "b", "c"]), (",a", ["a"]), ("a b, c", ["a b", "c"]),
            ("\"a,b\",c", ["\"a,b\"", "c"]), ("x=\"a,\\\",b\", c", ["x=\"a,\\\",b\"", "c"]),
            ("\"a\\\\\",b", ["\"a\\\\\"", "b"]), ("a\\,b", ["a\\", "b"]),
            ("\"a,b", ["\"a,b"]), ("a,\"b\\", ["a", "\"b\\"]), ("\"", ["\""]),
        ] as [(String, [String])])
    func elements(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        var list = ListReader(bytes.span)
        var elements: [String] = []
        while let element = list.next() { elements.append(element.text) }
        #expect(elements == expected)
        let isAtEnd = list.next() == nil
        #expect(isAtEnd)
    }
}
