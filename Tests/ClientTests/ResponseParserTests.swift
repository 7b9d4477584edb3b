import Client
import Testing

/// What a stream of bytes is read as.
private struct Reading: Equatable {
    var informational: [Int] = []
    var head: ResponseHead?
    var content: [UInt8] = []
    var isComplete = false

    /// Reads a stream in pieces; the stream ends behind them.
    static func of(_ pieces: [[UInt8]], method: String = "GET") throws(ClientError) -> Reading {
        var parser = ResponseParser(method: method)
        var reading = Reading()
        for piece in pieces {
            var offset = 0
            while let event = try parser.next(piece, from: &offset) {
                switch event {
                case .informational(let head): reading.informational.append(head.status)
                case .head(let head): reading.head = head
                case .content(let range): reading.content += piece[range]
                case .end: reading.isComplete = true
                }
            }
        }
        try parser.finish()
        reading.isComplete = parser.isComplete
        return reading
    }

    static func of(_ text: String, method: String = "GET") throws(ClientError) -> Reading {
        try of([Array(text.utf8)], method: method)
    }
}

private let ok = "HTTP/1.1 200 OK\r\n"

@Suite("RFC 9112 §4 to §7 responses")
struct ResponseParserTests {
    struct Valid: CustomTestStringConvertible {
        var testDescription: String
        var stream: String
        var status = 200
        var content = ""
        var method = "GET"

        init(
            _ description: String, _ stream: String, status: Int = 200, content: String = "",
            method: String = "GET"
        ) {
            testDescription = description
            self.stream = stream
            self.status = status
            self.content = content
            self.method = method
        }
    }

    static let valid = [
        Valid("length", ok + "Content-Length: 3\r\n\r\nabc", content: "abc"),
        Valid("no content", ok + "Content-Length: 0\r\n\r\n"),
        Valid("until close", ok + "\r\nabc", content: "abc"),
        Valid("until close, empty", ok + "\r\n"),
        Valid("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc", content: "abc"),
        Valid("no reason", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", status: 404),
        Valid(
            "equal lengths", ok + "Content-Length: 1, 1\r\ncontent-length:1\r\n\r\na",
            content: "a"),
        Valid("white space around a value", ok + "Content-Length: \t 1 \t\r\n\r\na", content: "a"),
        Valid("what follows is not content", ok + "Content-Length: 1\r\n\r\nabc", content: "a"),
        Valid(
            "chunks",
            ok + "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n"
                + "A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
            content: "abc0123456789"),
        Valid(
            "trailer", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n000\r\nX: y\r\n\r\n",
            content: "a"),
        Valid("HEAD", ok + "Content-Length: 3\r\n\r\n", method: "HEAD"),
        Valid("HEAD, chunked", ok + "Transfer-Encoding: chunked\r\n\r\n", method: "HEAD"),
        Valid("204", "HTTP/1.1 204 No Content\r\n\r\n", status: 204),
        Valid("304 with a length", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", status: 304),
        Valid(
            "informational",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n"
                + "\(ok)Content-Length: 1\r\n\r\na",
            content: "a"),
    ]

    @Test("valid responses", arguments: valid)
    func validResponses(_ example: Valid) throws {
        let reading = try Reading.of(example.stream, method: example.method)
        #expect(reading.head?.status == example.status)
        #expect(String(decoding: reading.content, as: UTF8.self) == example.content)
        #expect(reading.isComplete)
    }

    @Test("valid responses in two pieces, split anywhere, and byte by byte", arguments: valid)
    func everySplit(_ example: Valid) throws {
        let bytes = Array(example.stream.utf8)
        let whole = try Reading.of([bytes], method: example.method)
        for split in 0...bytes.count {
            let pieces = [Array(bytes[..<split]), Array(bytes[split...])]
            #expect(try Reading.of(pieces, method: example.method) == whole, "split at \(split)")
        }
        #expect(try Reading.of(bytes.map { [$0] }, method: example.method) == whole)
    }

    static let malformed = [
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/1.1 200 O\u{0}K\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        ok + "A : b\r\n\r\n",
        ok + ": b\r\n\r\n",
        ok + "A\r\n\r\n",
        ok + "A b: c\r\n\r\n",
        ok + "A: b\r\n c\r\n\r\n",
        ok + "A: b\u{1}\r\n\r\n",
        ok + "A: b\u{7F}\r\n\r\n",
        ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ok + "Content-Length: 1, 2\r\n\r\nab",
        ok + "Content-Length: 1,\r\n\r\na",
        ok + "Content-Length: +1\r\n\r\na",
        ok + "Content-Length: -1\r\n\r\na",
        ok + "Content-Length: 0x1\r\n\r\na",
        ok + "Content-Length: \r\n\r\na",
        ok + "Content-Length: 9223372036854775808\r\n\r\na",
        ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ok + "Transfer-Encoding: identity\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\ng\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1 1\r\na\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\na",
        ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n",
    ]

    @Test("malformed responses, whole and byte by byte", arguments: malformed)
    func malformedResponses(_ stream: String) {
        for pieces in [[Array(stream.utf8)], stream.utf8.map { [$0] }] {
            do throws(ClientError) {
                let reading = try Reading.of(pieces)
                Issue.record("read as \(reading)")
            } catch .malformedResponse {
                continue
            } catch {
                Issue.record("another error: \(error)")
            }
        }
    }

    @Test("a stream that ends anywhere before the end of a response is an error")
    func truncation() {
        let streams = [
            ok + "Content-Length: 3\r\n\r\nabc",
            ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
        ]
        for stream in streams {
            let bytes = Array(stream.utf8)
            for count in 0..<bytes.count {
                #expect(throws: ClientError.self, "\(count) bytes of \(stream)") {
                    try Reading.of([Array(bytes[..<count])])
                }
            }
        }
    }

    @Test("what is missing is told")
    func incompleteness() {
        #expect(throws: ClientError.incomplete(received: 2, expected: 5)) {
            try Reading.of(ok + "Content-Length: 5\r\n\r\nab")
        }
        #expect(throws: ClientError.incomplete(received: 2, expected: nil)) {
            try Reading.of(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab")
        }
    }

    @Test("lines, field sections and informational responses have limits")
    func limits() {
        let field = "X: \(String(repeating: "a", count: 8000))\r\n"
        let endless = [
            ok + "X: \(String(repeating: "a", count: ResponseParser.lineByteLimit))",
            ok + String(repeating: field, count: 20),
            ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: field, count: 20),
            ok + "Transfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "a", count: 20_000),
            String(repeating: "HTTP/1.1 100 x\r\n\r\n", count: 40),
        ]
        for stream in endless {
            #expect {
                try Reading.of(stream)
            } throws: { error in
                if case ClientError.malformedResponse = error { true } else { false }
            }
        }
    }

    @Test("fields are found in any case")
    func fieldLookup() throws {
        let head = try #require(
            try Reading.of(ok + "eTaG: \"a\"\r\nX: 1\r\nx: 2\r\nContent-Type: Text/HTML; x\r\n\r\n")
                .head)
        #expect(head["ETag"] == "\"a\"")
        #expect(head.values(of: "X") == ["1", "2"])
        #expect(head["Y"] == nil)
        #expect(head.mediaType == "text/html")
    }
}
