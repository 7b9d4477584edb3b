import Testing

@testable import Configuration

@Suite("Targets of redirects")
struct RedirectTargetTests {
    /// A pattern, a target, the path and query of a request, and the Location field.
    struct Case: CustomTestStringConvertible {
        var pattern: String
        var target: String
        var path: String
        var query: String?
        var location: String
        var testDescription: String { "\(pattern) \(target) \(path)" }

        init(
            _ pattern: String, _ target: String, _ path: String, query: String? = nil,
            _ location: String
        ) {
            (self.pattern, self.target, self.path) = (pattern, target, path)
            (self.query, self.location) = (query, location)
        }
    }

    static let cases: [Case] = [
        Case("/old", "/new", "/old", "/new"),
        Case("/old/", "/new/$1", "/old/a/b", "/new/a/b"),
        Case("/old/", "/new/$1", "/old/", "/new/"),
        Case("/old", "/new/$1", "/old/a", "/new/a"),
        Case("/old", "/new$1", "/old/a", "/new/a"),
        Case("/old/", "https://b.example/$1", "/old/a", "https://b.example/a"),
        Case("/", "https://b.example:8443/$1", "/", "https://b.example:8443/"),
        Case("/", "http://[::1]/$1", "/a", "http://[::1]/a"),
        Case("/*/*.html", "/$2/$1", "/a/b.html", "/b/a"),
        Case("/*", "/p/$1$1$$1", "/a", "/p/aa$1"),
        Case("/a/**/b", "/$1/c", "/a/x/y/b", "/x/y/c"),
        // What is captured means itself.
        Case("/old/", "/new/$1", "/old/a b%?#ä", "/new/a%20b%25%3F%23%C3%A4"),
        Case("/old/", "/find?q=$1", "/old/a&b=c+d;e/f", "/find?q=a%26b%3Dc%2Bd%3Be/f"),
        Case("/old/", "/new/$1", "/old/-._~:@!$'()*,/", "/new/-._~:@!$'()*,/"),
        // No request makes its path the host.
        Case("/old", "/$1", "/old/b.example", "/b.example"),
        Case("/a**", "/$1", "/a/b.example", "/b.example"),
        Case("/*x/*", "/$1/$2", "/x/b.example", "/b.example"),
        Case("/a/**/b", "/$1/b.example", "/a/b", "/b.example"),
        Case("/*x", "/$1//b.example", "/x", "/b.example"),
        Case("/*", "/$1", "/\\b.example", "/%5Cb.example"),
        // The query goes along.
        Case("/a", "/b", "/a", query: "c=d%20?e", "/b?c=d%20?e"),
        Case("/a", "/b#f", "/a", query: "c", "/b?c#f"),
        Case("/a", "/b?x", "/a", query: "c", "/b?x"),
        Case("/a", "/b", "/a", query: "", "/b"),
        Case("/a", "https://b.example", "/a", query: "c", "https://b.example?c"),
    ]

    @Test("are filled", arguments: cases)
    func fills(_ test: Case) throws {
        let pattern = try #require(PathPattern(test.pattern))
        let target = try #require(RedirectTarget(test.target))
        let path = Array(test.path.utf8)
        let captures = pattern.captures(in: path.span)
        let query = test.query.map { Array($0.utf8) }
        let location = target.location(
            for: path.span, captures: try #require(captures), query: query?.span)
        #expect(String(decoding: location, as: UTF8.self) == test.location)
    }

    @Test(
        "know their captures",
        arguments: [("/a", 0), ("/$1", 1), ("/$9/$2", 9), ("/$$9", 0), ("https://a/$$$3", 3)])
    func captures(target: String, count: Int) {
        #expect(RedirectTarget(target)?.captureCount == count)
    }

    @Test("without a legal form are none", arguments: ["", "a", "//a", "/$", "none"])
    func refused(target: String) {
        #expect(RedirectTarget(target) == nil)
    }
}
