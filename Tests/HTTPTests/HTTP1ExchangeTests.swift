import HTTP
import Testing

@Suite("RFC 9112 §9 exchanges on a connection")
struct HTTP1ExchangeTests {
    private static func request(_ method: String = "GET", _ path: String, _ fields: String = "")
        -> String
    {
        "\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test("pipelined requests, in order, each with its content")
    func pipelining() {
        let put = Self.request("PUT", "/2", "Content-Length: 5\r\n") + "hello"
        let chunked =
            Self.request("PUT", "/3", "Transfer-Encoding: chunked\r\n")
            + "2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n"
        let events = WireEvent.all(
            in: Self.request("GET", "/1") + put + chunked + Self.request("GET", "/4"))
        #expect(
            events == [
                .head("GET /1"), .end, .head("PUT /2"), .content(Array("hello".utf8)), .end,
                .head("PUT /3"), .content(Array("abc".utf8)), .end, .head("GET /4"), .end,
            ])
    }

    @Test("what looks like a request within content is none")
    func requestWithinContent() {
        let inner = Self.request("DELETE", "/inner")
        let events = WireEvent.all(
            in: Self.request("PUT", "/outer", "Content-Length: \(inner.utf8.count)\r\n") + inner)
        #expect(events == [.head("PUT /outer"), .content(Array(inner.utf8)), .end])
    }

    @Test("no request follows one that is not persistent", arguments: ["1.1", "1.0"])
    func notPersistent(version: String) {
        let fields = version == "1.1" ? "Connection: close\r\n" : ""
        let first = "GET /1 HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"
        let events = WireEvent.all(in: first + Self.request("GET", "/2"))
        #expect(events == [.head("GET /1"), .end, .closed])
    }

    @Test("HTTP/1.0 goes on when it asks to")
    func persistentHTTP10() {
        let first = "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        let events = WireEvent.all(in: first + Self.request("GET", "/2"))
        #expect(events == [.head("GET /1"), .end, .head("GET /2"), .end])
    }

    @Test("no request follows one that was refused")
    func refusedHead() {
        let events = WireEvent.all(
            in: Self.request("GET", "/1") + "GET /2 HTTP/1.1\r\n\r\n" + Self.request("GET", "/3"))
        #expect(events == [.head("GET /1"), .end, .refused(400)])
    }

    @Test("no request follows content that was malformed")
    func refusedContent() {
        let put = Self.request("PUT", "/1", "Transfer-Encoding: chunked\r\n")
        let events = WireEvent.all(in: put + "1\r\nxy\r\n0\r\n\r\n" + Self.request("GET", "/2"))
        #expect(events == [.head("PUT /1"), .content([0x78]), .refused(400)])
    }

    @Test("after an error the exchange is closed for good")
    func closedAfterError() {
        var exchange = HTTP1Exchange()
        var head = RequestHead()
        let bytes = Array("GET / HTTP/1.1\r\n\r\n".utf8)
        #expect(exchange.mayPersist)
        var refusal: RequestError?
        do {
            _ = try exchange.receiveHead(bytes.span, into: &head)
        } catch {
            refusal = error
        }
        #expect(refusal?.status == .badRequest)
        #expect(!exchange.expectsHead)
        #expect(!exchange.mayPersist)
        #expect(!exchange.isRequestComplete)
        let goesOn = exchange.finishResponse()
        #expect(!goesOn)
        #expect(!exchange.expectsHead)
    }

    @Test("the states of a request with content")
    func states() throws {
        var exchange = HTTP1Exchange()
        var head = RequestHead()
        let bytes = Array((Self.request("PUT", "/", "Content-Length: 4\r\n") + "abcdX").utf8)
        #expect(exchange.expectsHead)
        #expect(exchange.remainingContentByteCount == nil)
        let isComplete = try exchange.receiveHead(bytes.span, into: &head)
        #expect(isComplete)
        #expect(!exchange.expectsHead)
        #expect(exchange.remainingContentByteCount == 4)
        var offset = head.byteCount
        let start = offset
        let part = bytes.span.extracting(0..<start + 3)
        let first = try exchange.receiveContent(part, from: &offset)
        #expect(first == .content(start..<start + 3))
        let none = try exchange.receiveContent(part, from: &offset)
        #expect(none == .needMoreBytes)
        #expect(!exchange.isRequestComplete)
        #expect(exchange.remainingContentByteCount == 1)
        let rest = try exchange.receiveContent(bytes.span, from: &offset)
        #expect(rest == .content(start + 3..<start + 4))
        #expect(exchange.isRequestComplete)
        #expect(exchange.remainingContentByteCount == 0)
        let end = try exchange.receiveContent(bytes.span, from: &offset)
        #expect(end == .end)
        #expect(offset == start + 4)
        let goesOn = exchange.finishResponse()
        #expect(goesOn)
        #expect(exchange.expectsHead)
    }

    @Test("a response that ends before its request ends the connection")
    func earlyResponse() throws {
        for fields in ["Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n"] {
            var exchange = HTTP1Exchange()
            var head = RequestHead()
            let bytes = Array(Self.request("PUT", "/", fields).utf8)
            let isComplete = try exchange.receiveHead(bytes.span, into: &head)
            #expect(isComplete)
            #expect(exchange.mayPersist)
            let goesOn = exchange.finishResponse()
            #expect(!goesOn)
            #expect(!exchange.mayPersist)
            #expect(!exchange.expectsHead)
        }
    }

    @Test("close ends the connection behind the response")
    func close() throws {
        var exchange = HTTP1Exchange()
        var head = RequestHead()
        let bytes = Array(Self.request("GET", "/").utf8)
        let isComplete = try exchange.receiveHead(bytes.span, into: &head)
        #expect(isComplete)
        exchange.close()
        #expect(!exchange.mayPersist)
        #expect(exchange.isRequestComplete)
        let goesOn = exchange.finishResponse()
        #expect(!goesOn)
        #expect(!exchange.expectsHead)
    }

    @Test("a content of length 0 is complete at once")
    func emptyContent() throws {
        var exchange = HTTP1Exchange()
        var head = RequestHead()
        let bytes = Array(Self.request("PUT", "/", "Content-Length: 0\r\n").utf8)
        let isComplete = try exchange.receiveHead(bytes.span, into: &head)
        #expect(isComplete)
        #expect(exchange.isRequestComplete)
    }

    @Test("single bytes of a long line do not cost a parse each, and lose nothing")
    func slowSender() {
        let text = Self.request("GET", "/" + String(repeating: "a", count: 3000))
        let bytes = Array(text.utf8)
        #expect(WireEvent.all(in: bytes, receivedUpTo: Array(bytes.indices)).last == .end)
    }
}
