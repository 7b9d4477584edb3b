import HTTP
import Testing

@Suite("RFC 9112 §2, §3, §5 request heads")
struct RequestHeadTests {
    @Test("a request line and fields, taken apart")
    func partsOfHead() throws {
        let text =
            "GET /a/b?c=d&e HTTP/1.1\r\nHost: Example.org:8080\r\nUser-Agent:\t curl/8 \t\r\n"
            + "X-Other: 1\r\nIf-None-Match: \"a\"\r\nif-none-match: \"b\"\r\n\r\nnext"
        let head = try #require(HeadOutcome(text).parsed)
        #expect(head.method == .get)
        #expect(head.methodToken == "GET")
        #expect(head.target == "/a/b?c=d&e")
        #expect(head.form == .origin)
        #expect(head.path == "/a/b")
        #expect(head.query == "c=d&e")
        #expect(head.authority == "Example.org:8080")
        #expect(head.host == "Example.org")
        #expect(head.requestLine == "GET /a/b?c=d&e HTTP/1.1")
        #expect(head.minorVersion == 1)
        #expect(head.framing == .none)
        #expect(head.isPersistent)
        #expect(head.byteCount == text.utf8.count - 4)
        #expect(
            head.fields == [
                .host: ["Example.org:8080"], .userAgent: ["curl/8"],
                .ifNoneMatch: ["\"a\"", "\"b\""],
            ])
    }

    static let accepted: [(String, Method)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .get),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .get),
        ("GET / HTTP/1.0\r\n\r\n", .get),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .get),
        ("GET / HTTP/1.9\r\nHost: a\r\n\r\n", .get),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", .head),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", .post),
        ("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", .put),
        ("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", .delete),
        ("PATCH /x HTTP/1.1\r\nHost: a\r\n\r\n", .patch),
        ("TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n", .trace),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .options),
        ("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", .options),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", .connect),
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", .unknown),
        ("!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n", .unknown),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .get),
        ("GET /a|b\"c<d>{e}\\^` HTTP/1.1\r\nHost: a\r\n\r\n", .get),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{e9}\u{80} \t y\r\n\r\n", .get),
        ("GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \r\nZ:\t\r\n\r\n", .get),
        ("GET http://a/b HTTP/1.1\r\nHost: c\r\n\r\n", .get),
    ]

    @Test("are accepted", arguments: accepted)
    func accepts(text: String, method: Method) throws {
        let head = try #require(HeadOutcome(text).parsed)
        #expect(head.method == method)
        #expect(head.byteCount == text.utf8.count)
    }

    static let refused: [(String, Int)] = [
        // The request line (§3).
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / \r\nHost: a\r\n\r\n", 400),
        ("GET /\r\nHost: a\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/x.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/3.1\r\nHost: a\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        // The target (§3.2).
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /# HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        // The field section (§5).
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{1}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7f}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\rX", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\u{e9}: 1\r\n\r\n", 400),
        // Host (§3.2).
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ]

    @Test("are refused", arguments: refused)
    func refuses(text: String, status: Int) {
        #expect(HeadOutcome(text) == .refused(status))
    }

    @Test("have the same outcome wherever the bytes are split", arguments: accepted.map(\.0))
    func splitAccepted(text: String) {
        expectSameWhenSplit(Array(text.utf8))
    }

    @Test("are refused the same wherever the bytes are split", arguments: refused.map(\.0))
    func splitRefused(text: String) {
        // Only the end of a line makes the exchange look again.
        expectSameWhenSplit(Array(text.utf8) + Array("\r\n\r\n".utf8))
    }

    private func expectSameWhenSplit(_ bytes: [UInt8]) {
        let whole = HeadOutcome(bytes, receivedUpTo: [])
        for split in bytes.indices {
            #expect(HeadOutcome(bytes, receivedUpTo: [split]) == whole, "split at \(split)")
        }
        #expect(HeadOutcome(bytes, receivedUpTo: Array(bytes.indices)) == whole, "single bytes")
    }

    @Test("no prefix of an accepted head is refused or complete", arguments: accepted.map(\.0))
    func prefixes(text: String) throws {
        let bytes = Array(text.utf8)
        for end in bytes.indices {
            var head = RequestHead()
            let isComplete = try head.parse(bytes.span.extracting(0..<end))
            #expect(!isComplete, "after \(end) bytes")
        }
    }
}

@Suite("Limits of request heads")
struct RequestHeadLimitTests {
    @Test("414 for a target over the limit", arguments: [0, 1, 2, 5000])
    func target(excess: Int) {
        let target = "/" + String(repeating: "a", count: RequestHead.targetByteLimit - 1 + excess)
        let outcome = HeadOutcome("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        if excess == 0 {
            #expect(outcome.parsed?.target == target)
        } else {
            #expect(outcome == .refused(414))
        }
    }

    @Test("414 before the target's end is seen")
    func endlessTarget() {
        let start = "GET /" + String(repeating: "a", count: RequestHead.targetByteLimit - 1)
        #expect(HeadOutcome(start) == .incomplete)
        #expect(HeadOutcome(start + "a") == .refused(414))
    }

    @Test("501 for a method that is longer than any")
    func method() {
        let token = String(repeating: "M", count: 64)
        #expect(HeadOutcome("\(token) / HTTP/1.1\r\nHost: a\r\n\r\n").parsed?.method == .unknown)
        #expect(HeadOutcome("M\(token)") == .refused(501))
        #expect(HeadOutcome("M\(token) / HTTP/1.1\r\nHost: a\r\n\r\n") == .refused(501))
    }

    @Test("431 for too many field lines", arguments: [0, 1])
    func fieldLineCount(excess: Int) {
        let count = RequestHead.fieldLineCountLimit - 1 + excess
        let lines = (0..<count).map { "X-\($0): v\r\n" }.joined()
        let outcome = HeadOutcome("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
        if excess == 0 {
            #expect(outcome.parsed != nil)
        } else {
            #expect(outcome == .refused(431))
        }
    }

    /// A head whose field lines have so many bytes together, the empty line not counted.
    private func head(fieldByteCount: Int, before: String = "GET / HTTP/1.1\r\n") -> [UInt8] {
        let other = "Host: a\r\nX: \r\n".utf8.count
        let filler = String(repeating: "x", count: fieldByteCount - other)
        return Array("\(before)Host: a\r\nX: \(filler)\r\n\r\n".utf8)
    }

    @Test("431 for a field section over the limit", arguments: [0, 1, 2, 9000])
    func fieldSection(excess: Int) {
        let bytes = head(fieldByteCount: RequestHead.fieldSectionByteLimit + excess)
        let outcome = HeadOutcome(bytes, receivedUpTo: [])
        if excess == 0 {
            #expect(outcome.parsed?.byteCount == bytes.count)
        } else {
            #expect(outcome == .refused(431))
        }
    }

    @Test("the largest field section, split near its end", arguments: 0...5)
    func splitLargestFieldSection(missing: Int) {
        for excess in [0, 1] {
            let bytes = head(fieldByteCount: RequestHead.fieldSectionByteLimit + excess)
            let whole = HeadOutcome(bytes, receivedUpTo: [])
            let split = HeadOutcome(bytes, receivedUpTo: [bytes.count - missing])
            #expect(split == whole, "\(excess) over, \(missing) missing")
        }
    }

    @Test("431 for a field section that never ends")
    func endlessFieldSection() {
        let start = Array("GET / HTTP/1.1\r\nX: ".utf8)
        let bytes = start + [UInt8](repeating: 0x78, count: RequestHead.fieldSectionByteLimit)
        #expect(HeadOutcome(bytes, receivedUpTo: []) == .refused(431))
    }

    @Test("the largest head of all is within byteLimit")
    func largestHead() throws {
        let target = "/" + String(repeating: "a", count: RequestHead.targetByteLimit - 1)
        let method = String(repeating: "M", count: 64)
        let bytes = head(
            fieldByteCount: RequestHead.fieldSectionByteLimit,
            before: "\r\n\r\n\r\n\r\n\(method) \(target) HTTP/1.1\r\n")
        let parsed = try #require(HeadOutcome(bytes, receivedUpTo: []).parsed)
        #expect(parsed.byteCount == bytes.count)
        #expect(bytes.count <= RequestHead.byteLimit)
    }
}

@Suite("RFC 9112 §3.2, RFC 9110 §7.2 target and host")
struct RequestTargetTests {
    @Test(
        "the form of the target",
        arguments: [
            ("GET", "/", .origin, "/", "", "h", "h"),
            ("GET", "/?", .origin, "/", "", "h", "h"),
            ("GET", "/a?b?c", .origin, "/a", "b?c", "h", "h"),
            ("GET", "//a/b", .origin, "//a/b", "", "h", "h"),
            ("GET", "http://x", .absolute, "", "", "x", "x"),
            ("GET", "http://x?q", .absolute, "", "q", "x", "x"),
            ("GET", "HTTP://X:80/a?q", .absolute, "/a", "q", "X:80", "X"),
            ("GET", "https://x/a", .absolute, "/a", "", "x", "x"),
            ("GET", "http://[::1]:8080/", .absolute, "/", "", "[::1]:8080", "[::1]"),
            ("OPTIONS", "*", .asterisk, "", "", "h", "h"),
            ("OPTIONS", "/*", .origin, "/*", "", "h", "h"),
            ("CONNECT", "x:443", .authority, "", "", "x:443", "x"),
        ] as [(String, String, RequestHead.TargetForm, String, String, String, String)])
    func form(
        method: String, target: String, form: RequestHead.TargetForm, path: String, query: String,
        authority: String, host: String
    ) throws {
        let text = "\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n"
        let head = try #require(HeadOutcome(text).parsed)
        #expect(head.form == form)
        #expect(head.path == path)
        #expect(head.query == query)
        #expect(head.authority == authority)
        #expect(head.host == host)
    }

    @Test(
        "hosts",
        arguments: [
            ("a", "a"), ("a.b-c.example", "a.b-c.example"), ("A:80", "A"), ("a:", "a"),
            ("a:65535", "a"), ("127.0.0.1:8080", "127.0.0.1"), ("a%2Db", "a%2Db"), ("", ""),
            ("a_b~!$&'()*+,;=", "a_b~!$&'()*+,;="), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"),
            ("[::]", "[::]"), ("[1::]", "[1::]"), ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"),
            ("[fe80::ABCD:0]", "[fe80::ABCD:0]"), ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]"),
            ("[::2:3:4:5:6:7:8]", "[::2:3:4:5:6:7:8]"), ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"),
            ("[::255.255.255.255]", "[::255.255.255.255]"),
            ("[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]"), ("[v1.a:b]", "[v1.a:b]"),
            ("[vF.x]:1", "[vF.x]"),
        ])
    func acceptedHost(field: String, host: String) throws {
        let head = try #require(HeadOutcome("GET / HTTP/1.1\r\nHost: \(field)\r\n\r\n").parsed)
        #expect(head.host == host)
        #expect(head.authority == field)
    }

    @Test(
        "not hosts",
        arguments: [
            "a b", "a/b", "a@b", "a,b:c", "a:80:80", "a:x", "a:-1", "a:123456", "a%", "a%2",
            "a%zz", "a\"b", "a\\b", "[", "[]", "[::1", "::1", "[::1]a", "[::1]:x", "[:1]", "[1:]",
            "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]",
            "[12345::]", "[g::]", "[::1%25eth0]", "[1.2.3.4]", "[::1.2.3]", "[::1.2.3.4.5]",
            "[::1.2.3.256]", "[::01.2.3.4]", "[::1.2.3.4:5]", "[::ff.2.3.4]", "[::1.2.3.]",
            "[1:2:3:4:5:6:7:1.2.3.4]", "[v.a]", "[v1.]", "[v1a]", "[vg.a]", "[v1.%41]", "\u{e9}",
        ])
    func refusedHost(field: String) {
        let text = "GET / HTTP/1.1\r\nHost: \(field)\r\n\r\n"
        #expect(HeadOutcome(text) == .refused(400))
    }

    @Test("a Host that is not valid is refused beside a good absolute-form too")
    func hostBesideAbsoluteForm() {
        let text = "GET http://good/ HTTP/1.1\r\nHost: [bad\r\n\r\n"
        #expect(HeadOutcome(text) == .refused(400))
    }
}

@Suite("RFC 9110 §5.1, §7.6.1, §10.1.1 fields that the parser acts on")
struct RequestFieldTests {
    @Test(
        "known fields, in any case",
        arguments: [
            ("Connection", .connection), ("Content-Encoding", .contentEncoding),
            ("Content-Range", .contentRange), ("Expect", .expect), ("If-Match", .ifMatch),
            ("If-Modified-Since", .ifModifiedSince), ("If-None-Match", .ifNoneMatch),
            ("If-Range", .ifRange), ("If-Unmodified-Since", .ifUnmodifiedSince),
            ("Range", .range), ("Referer", .referer), ("User-Agent", .userAgent),
        ] as [(String, FieldName)])
    func knownField(name: String, field: FieldName) throws {
        for spelling in [name, name.lowercased(), name.uppercased()] {
            let text = "PUT / HTTP/1.1\r\nHost: a\r\n\(spelling): v\r\n\r\n"
            let head = try #require(HeadOutcome(text).parsed)
            #expect(head.fields == [.host: ["a"], field: ["v"]])
        }
    }

    @Test("names that only look like known ones", arguments: ["Hostx", "Hos", "If_Match", "Rangé"])
    func unknownField(name: String) {
        let outcome = HeadOutcome("GET / HTTP/1.1\r\nHost: a\r\n\(name): v\r\n\r\n")
        if name.utf8.count == name.count {
            #expect(outcome.parsed?.fields == [.host: ["a"]])
        } else {
            #expect(outcome == .refused(400))
        }
    }

    @Test(
        "persistence by version and Connection (RFC 9112 §9.3)",
        arguments: [
            ("1.1", [], true), ("1.0", [], false), ("1.1", ["close"], false),
            ("1.1", ["CLOSE"], false), ("1.1", ["x, close ,y"], false),
            ("1.1", ["keep-alive"], true), ("1.0", ["keep-alive"], true),
            ("1.0", ["Keep-Alive"], true), ("1.0", ["keep-alive, close"], false),
            ("1.0", ["keep-alive", "close"], false), ("1.0", ["x", "keep-alive"], true),
            ("1.1", ["closed"], true), ("1.1", ["\"close\""], true), ("1.1", [",,"], true),
            ("1.2", [], true),
        ] as [(String, [String], Bool)])
    func persistence(version: String, connection: [String], isPersistent: Bool) throws {
        let fields = connection.map { "Connection: \($0)\r\n" }.joined()
        let text = "GET / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"
        #expect(try #require(HeadOutcome(text).parsed).isPersistent == isPersistent)
    }

    @Test(
        "expectations",
        arguments: [
            ([], false, false), (["100-continue"], true, false), (["100-Continue"], true, false),
            (["x"], false, true), (["100-continue, x"], true, true),
            (["100-continue", "y=z"], true, true), ([""], false, false),
        ] as [([String], Bool, Bool)])
    func expectation(values: [String], expectsContinue: Bool, isUnknown: Bool) throws {
        let fields = values.map { "Expect: \($0)\r\n" }.joined()
        let text = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\(fields)\r\n"
        let head = try #require(HeadOutcome(text).parsed)
        #expect(head.expectsContinue == expectsContinue)
        #expect(head.hasUnknownExpectation == isUnknown)
    }

    @Test("a head that is parsed into again keeps nothing of the last one")
    func reuse() throws {
        let first = Array(
            "OPTIONS * HTTP/1.0\r\nHost: x\r\nConnection: close\r\nExpect: y\r\nRange: z\r\n\r\n"
                .utf8)
        let second = Array("GET /b HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var head = RequestHead()
        _ = try head.parse(first.span)
        let wasConditional = head.isConditionalOrPartial
        #expect(wasConditional)
        _ = try head.parse(second.span)
        let again = ParsedHead(head, second.span)
        #expect(HeadOutcome(second, receivedUpTo: []) == .parsed(again))
        let isConditional = head.isConditionalOrPartial
        #expect(!isConditional)
    }

    @Test("the values of all lines of a field are found in order, behind empty lines too")
    func repeatedFields() throws {
        let text =
            "\r\nGET / HTTP/1.1\r\nAccept-Encoding: a\r\nHost: h\r\nX: b\r\nACCEPT-encoding:\r\n"
            + "Accept-Language: c\r\nif-none-match: \"e\"\r\naccept-encoding: \t d ;q=1 \r\n\r\n"
            + "Accept-Encoding: next\r\n\r\n"
        let fields = try withHead(text) { head, bytes in ParsedHead(head, bytes).fields }
        #expect(
            fields == [
                .acceptEncoding: ["a", "", "d ;q=1"], .host: ["h"], .ifNoneMatch: ["\"e\""],
            ])
        let first = try withHead(text) { head, bytes in head.value(.acceptEncoding, in: bytes)?.text
        }
        #expect(first == "a")
    }
}
