import Content
import Testing

@Suite("Media types that are worth compressing")
struct CompressibleTypesTests {
    private static let types = CompressibleTypes([
        "text/*", "*+json", "*/*+xml", "application/json", "image/x-icon",
    ])

    @Test(
        "by type, by subtype, by suffix, whatever the parameters",
        arguments: [
            ("text/html", true), ("text/html; charset=utf-8", true), ("TEXT/HTML ;a", true),
            ("text/x", true), ("application/json", true), ("Application/JSON;q=1", true),
            ("application/problem+json", true), ("image/svg+xml", true), ("a/b+XML; c=d", true),
            ("image/x-icon", true), ("image/png", false), ("application/jso", false),
            ("application/json5", false), ("application/xjson", false), ("application/x", false),
            ("text", false), ("xtext/html", false), ("image/svg+xml2", false), ("a/json", false),
            ("a/b; c=text/html", false), ("a/b; c=+json", false), ("+json", true), ("json", false),
            ("", false), (";", false), (" ", false),
        ])
    func contains(type: String, expected: Bool) {
        #expect(Self.types.contains(Array(type.utf8)) == expected)
    }

    @Test("any, and none")
    func extremes() {
        let type = Array("image/png".utf8)
        #expect(CompressibleTypes(["*/*"]).contains(type))
        #expect(!CompressibleTypes([]).contains(type))
        #expect(!CompressibleTypes([""]).contains([]))
    }
}
