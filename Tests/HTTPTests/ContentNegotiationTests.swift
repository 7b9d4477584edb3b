import HTTP
import Testing

@Suite("RFC 9110 §12.5.1 the form of an error's content")
struct ContentNegotiationTests {
    static let cases: [(String, ErrorForm)] = [
        ("", .text), ("*/*", .text), ("text/*", .text), ("text/plain", .text),
        ("image/png", .text), ("nonsense", .text), ("text/html", .html), ("TEXT/HTML", .html),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", .html),
        ("application/json", .problem), ("application/problem+json", .problem),
        ("application/json, */*", .problem), ("application/*", .problem),
        ("text/html;q=0.5, application/json", .problem),
        ("text/html;q=0.5, application/json;q=0.4", .html),
        ("*/*;q=0.9, text/html;q=0.5", .text), ("text/plain;q=0, text/html;q=0.001", .html),
        ("text/html;q=0", .text), ("text/html;level=1;q=0.3, text/plain;q=0.2", .html),
        ("text/html; Q=0.3, text/plain; q=0.31", .text), ("text/html;q=", .html),
    ]

    @Test("what is preferred", arguments: cases)
    func form(accept: String, expected: ErrorForm) {
        let bytes = Array(accept.utf8)
        #expect(ErrorForm(accept: bytes.span) == expected)
    }

    @Test(
        "the form of a listing",
        arguments: [
            ("", .html), ("*/*", .html), ("text/html", .html), ("image/png", .html),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", .html),
            ("application/json", .json), ("APPLICATION/JSON", .json), ("application/*", .json),
            ("application/json, */*", .json), ("application/json, text/plain, */*", .json),
            ("text/html, application/json", .html), ("text/html;q=0.9, application/json", .json),
            ("application/json;q=0.5, text/html;q=0.6", .html), ("text/html;q=0", .html),
            ("application/json;q=0, */*", .html), ("text/html;q=0, */*", .json),
            ("*/*, application/json;q=0.5", .html), ("application/problem+json", .html),
        ] as [(String, ListingForm)])
    func listing(accept: String, expected: ListingForm) {
        let bytes = Array(accept.utf8)
        #expect(ListingForm(accept: bytes.span) == expected)
    }

    @Test("any bytes are read without harm")
    func anyBytes() {
        for length in 0..<200 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ length &* 13) }
            _ = ErrorForm(accept: bytes.span)
            _ = ListingForm(accept: bytes.span)
        }
    }
}
