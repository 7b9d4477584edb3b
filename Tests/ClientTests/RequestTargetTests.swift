import Client
import Testing

@Suite("RFC 9112 §3.2 request targets")
struct RequestTargetTests {
    @Test(
        "typed targets",
        arguments: [
            ("/a/b", "/a/b"), ("a", "/a"), ("", "/"), ("?q", "/?q"), ("/a?b?c=d&e", "/a?b?c=d&e"),
            ("/a#b", "/a"), ("/a b", "/a%20b"), ("/a%20b", "/a%20b"), ("/a%2", "/a%252"),
            ("/50%", "/50%25"), ("/é", "/%C3%A9"), ("/a\r\nX: y", "/a%0D%0AX:%20y"),
            ("/<\"\\^`{|}>", "/%3C%22%5C%5E%60%7B%7C%7D%3E"),
        ])
    func typed(_ text: String, _ expected: String) {
        #expect(RequestTarget(typed: text).description == expected)
    }

    @Test(
        "targets of file names",
        arguments: [
            ("a.txt", "/a.txt"), ("a b?.txt", "/a%20b%3F.txt"), ("100%25", "/100%2525"),
            ("#1", "/%231"), ("ü", "/%C3%BC"), ("d/e f", "/d/e%20f"),
        ])
    func fileNamed(_ name: String, _ expected: String) {
        #expect(RequestTarget(fileNamed: name).description == expected)
    }

    @Test(
        "the names that files are stored under",
        arguments: [
            ("/", "index.html"), ("/a/", "index.html"), ("/a/b.txt", "b.txt"), ("/a?x=/y", "a"),
            ("/a%20b", "a b"), ("/%C3%A9", "é"), ("/.hidden", ".hidden"),
        ])
    func fileName(_ target: String, _ expected: String) throws {
        #expect(try RequestTarget(typed: target).fileName() == expected)
    }

    @Test(
        "names that are none",
        arguments: [
            "/.", "/..", "/%2e%2E", "/a%2Fb", "/%2Fetc%2Fpasswd", "/a%00", "/a%0A", "/%FF", "/%7F",
        ])
    func noFileName(_ target: String) {
        #expect(throws: ClientError.self) { try RequestTarget(typed: target).fileName() }
    }

    @Test(
        "redirects that stay on the server",
        arguments: [
            ("/b", "/b"), ("b", "/d/b"), ("../b", "/b"), ("../../../b", "/b"), ("./b/", "/d/b/"),
            ("..", "/"), ("?q", "/d/a?q"), ("//localhost:8080/x", "/x"),
            ("http://localhost:8080/x?y", "/x?y"), ("HTTP://LOCALHOST:8080", "/"),
            ("http://localhost:8080?q", "/?q"), ("", "/d/a?z"), ("/b c", "/b%20c"),
        ])
    func redirects(_ location: String, _ expected: String) throws {
        let server = try ServerURL("http://localhost:8080")
        let target = RequestTarget(typed: "/d/a?z")
        #expect(target.resolving(location, on: server)?.description == expected)
    }

    @Test(
        "redirects that leave it",
        arguments: [
            "http://localhost/x", "http://localhost:8081/x", "https://localhost:8080/x",
            "//other/x", "http://localhost:8080@other/x", "ftp://localhost:8080/x", "mailto:x",
            "http://localhost:8080.other/x", "http:/x",
        ])
    func foreignRedirects(_ location: String) throws {
        let server = try ServerURL("http://localhost:8080")
        #expect(RequestTarget(typed: "/").resolving(location, on: server) == nil)
    }
}
