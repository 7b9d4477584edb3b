import Client
import Testing

@Suite("RFC 9110 §4.2 URLs")
struct ServerURLTests {
    @Test(
        "URLs",
        arguments: [
            ("http://localhost:8080/a?b", "localhost", 8080, "/a?b", "localhost:8080"),
            ("HTTP://Example.org", "Example.org", 80, "/", "Example.org"),
            ("http://127.0.0.1:1/", "127.0.0.1", 1, "/", "127.0.0.1:1"),
            ("http://[::1]:8080/x", "::1", 8080, "/x", "[::1]:8080"),
            ("http://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", 80, "/", "[::ffff:10.0.0.1]"),
            ("http://a:/x#y", "a", 80, "/x", "a"),
            ("http://a?q", "a", 80, "/?q", "a"),
        ] as [(String, String, UInt16, String, String)])
    func urls(
        _ text: String, _ host: String, _ port: UInt16, _ target: String, _ authority: String
    ) throws {
        let (server, parsed) = try ServerURL.parse(url: text)
        #expect(server.endpoint == .tcp(host: host, port: port))
        #expect(parsed.description == target)
        #expect(server.authority == authority)
    }

    @Test(
        "what is refused, and in which words",
        arguments: [
            ("https://localhost/", "https is not supported"),
            ("ftp://localhost/", "ftp is not supported"),
            ("http://user@localhost/", "user name or password"),
            ("http://user:secret@localhost/", "user name or password"),
            ("http:///x", "host is missing"), ("http://:80/x", "host is missing"),
            ("http://a b/", "no host name has"), ("http://a\u{1B}[0m/", "no host name has"),
            ("http://[::1/", "not closed"), ("http://[::1]x/", "after the bracket"),
            ("http://[localhost]/", "IPv6"), ("http://[]/", "IPv6"),
            ("http://a:0/", "no port"), ("http://a:65536/", "no port"), ("http://a:+1/", "no port"),
            ("http://a:b/", "no port"), ("localhost", "no URL"),
        ])
    func refused(_ text: String, _ words: String) {
        #expect {
            try ServerURL.parse(url: text)
        } throws: { error in
            guard case ClientError.usage(let message) = error else { return false }
            return message.contains(words) && !message.contains("\u{1B}")
        }
    }

    @Test("a server is a URL without a path, or a socket")
    func servers() throws {
        #expect(try ServerURL("unix:/run/x").endpoint == .unix(path: "/run/x"))
        #expect(try ServerURL("http://a:1/").description == "http://a:1")
        for text in ["unix:", "http://a/b", "http://a/?b", "localhost:8080", ""] {
            #expect(throws: ClientError.self) { try ServerURL(text) }
        }
    }

    @Test("host and port apart")
    func apart() throws {
        #expect(try ServerURL(host: "::1", port: "80").authority == "[::1]")
        #expect(try ServerURL(host: "[::1]", port: "81").authority == "[::1]:81")
        #expect(try ServerURL(host: "localhost", port: "8080").authority == "localhost:8080")
        for (host, port) in [("", "80"), ("a b", "80"), ("a", ""), ("a", "x"), ("a@b", "80")] {
            #expect(throws: ClientError.self) { try ServerURL(host: host, port: port) }
        }
    }

    @Test("targets and URLs are told apart")
    func isURL() {
        #expect(ServerURL.isURL("http://a"))
        #expect(ServerURL.isURL("svn+ssh://a"))
        for text in ["/a", "a", "", "/redirect?to=http://a", "://a", "a b://c"] {
            #expect(!ServerURL.isURL(text), "\(text)")
        }
    }
}

@Suite("Text for terminals")
struct TerminalTextTests {
    @Test("nothing that a terminal obeys is left")
    func controls() {
        #expect(
            TerminalText.escape("a\u{1B}[31mb\r\n\u{7}\u{9B}") == "a\\x1b[31mb\\x0d\\x0a\\x07\\x9b")
        #expect(TerminalText.escape("x\u{202E}y") == "x\\u{202e}y")
        #expect(TerminalText.escape("a\tb\nc\r", keepsLines: true) == "a\tb\nc\\x0d")
        #expect(TerminalText.escape("é 漢字 👍") == "é 漢字 👍")
    }
}
