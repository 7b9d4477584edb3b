import Content
import Testing

@Suite("RFC 9110 §8.3 media types by name")
struct MediaTypeMapTests {
    private static let table = """
        # a comment\t x
        text/html\t\t\thtml htm
        text/x-c++src   c++ cpp
        application/x-tar\ttar
        application/x-none
        application/x-tar tgz taz
        image/svg+xml svg svgz
          model/x-indented   ind
        text/x-é broken
        """

    private func type(
        of path: String, table: String = Self.table,
        overrides: [(fileExtension: String, mediaType: String)] = []
    ) -> String {
        let map = MediaTypeMap(table: Array(table.utf8)).overriding(overrides)
        return String(decoding: map.mediaType(forPath: Array(path.utf8)), as: UTF8.self)
    }

    @Test(
        "of the table, text with a charset",
        arguments: [
            ("a.html", "text/html; charset=utf-8"), ("a/b.htm", "text/html; charset=utf-8"),
            ("a.c++", "text/x-c++src; charset=utf-8"), ("a.tar", "application/x-tar"),
            ("a.b.tgz", "application/x-tar"), ("a.svgz", "image/svg+xml"),
            ("a.ind", "model/x-indented"), ("A.HTML", "text/html; charset=utf-8"),
            ("a.TaR", "application/x-tar"), ("dir.tar/b.html", "text/html; charset=utf-8"),
        ])
    func known(path: String, expected: String) {
        #expect(type(of: path) == expected)
        #expect(type(of: path + "\0") == expected, "with a NUL behind it")
    }

    @Test(
        "what has none",
        arguments: [
            "a", "a.", "a.unknown", ".html", "dir/.html", "dir.html/a", "", "a.html.", "a.broken",
            "a.x", "html",
        ])
    func unknown(path: String) {
        #expect(type(of: path) == "application/octet-stream")
    }

    @Test(
        "the minimum without a table",
        arguments: [
            ("a.html", "text/html; charset=utf-8"), ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"), ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.json", "application/json"), ("a.svg", "image/svg+xml"), ("a.png", "image/png"),
            ("a.txt", "text/plain; charset=utf-8"), ("a.woff2", "font/woff2"),
            ("a.wasm", "application/wasm"), ("a.jpeg", "image/jpeg"), ("a.ico", "image/x-icon"),
        ])
    func minimum(path: String, expected: String) {
        #expect(type(of: path, table: "") == expected)
    }

    @Test("the table wins over the minimum")
    func order() {
        #expect(type(of: "a.js", table: "application/x-mine js\n") == "application/x-mine")
    }

    @Test(
        "types of a site's own win over the table",
        arguments: [
            ("a.html", "application/xhtml+xml"), ("A.HTML", "application/xhtml+xml"),
            ("a.md", "text/markdown; charset=utf-8"), ("a.b.md", "text/markdown; charset=utf-8"),
            ("a.latin", "text/plain; charset=iso-8859-1"), ("a.tar", "application/x-tar"),
            ("a.gz", "application/gzip"), ("a.tar.gz", "application/x-gtar"),
            ("a.b.TAR.gz", "application/x-gtar"), ("tar.gz", "application/gzip"),
            (".tar.gz", "application/gzip"), ("dir.tar.gz/a.gz", "application/gzip"),
            ("a.htm", "text/html; charset=utf-8"), ("md", "application/octet-stream"),
            (".md", "application/octet-stream"), ("a.", "application/octet-stream"),
            ("a.md.", "application/octet-stream"), ("a.twice", "model/second"),
        ])
    func overrides(path: String, expected: String) {
        let overrides = [
            (fileExtension: "html", mediaType: "application/xhtml+xml"), ("md", "text/markdown"),
            ("latin", "text/plain; charset=iso-8859-1"), ("tar.gz", "application/x-gtar"),
            ("twice", "model/first"), ("twice", "model/second"),
        ]
        #expect(type(of: path, overrides: overrides) == expected)
        #expect(type(of: path + "\0", overrides: overrides) == expected, "with a NUL behind it")
    }

    @Test("of one map many can be made")
    func shared() {
        let map = MediaTypeMap(table: [])
        let first = map.overriding([("x", "model/first")])
        let second = first.overriding([("y", "model/second")])
        let path = Array("a.x".utf8)
        #expect(map.mediaType(forPath: path) == MediaTypeMap.unknown)
        #expect(first.mediaType(forPath: path) == Array("model/first".utf8))
        #expect(second.mediaType(forPath: path) == Array("model/first".utf8))
    }
}
