import Testing

@testable import Client

@Suite("Validators of a response")
struct ValidatorTests {
    @Test(
        "strong entity tags (RFC 9110 §8.8.3)",
        arguments: [
            ("\"\"", true), ("\"a\"", true), ("\"!#~\"", true), ("W/\"a\"", false), ("a", false),
            ("\"a", false), ("\"", false), ("", false), ("\"a\"b\"", false), ("\"a b\"", false),
            ("\"\u{E9}\"", false), ("\"\u{FFFD}\"", false), ("\"a\", \"b\"", false),
        ])
    func strongTags(value: String, isStrong: Bool) {
        #expect(EntityTags.isStrong(value) == isStrong)
    }

    @Test(
        "content ranges (RFC 9110 §14.4)",
        arguments: [
            ("bytes 0-0/1", 0...0, 1), ("bytes 5-9/10", 5...9, 10), ("BYTES 5-9/*", 5...9, nil),
            ("bytes */10", nil, 10),
        ] as [(String, ClosedRange<Int>?, Int?)])
    func contentRanges(value: String, range: ClosedRange<Int>?, total: Int?) throws {
        let parsed = try #require(ContentRange(value))
        #expect(parsed.range == range)
        #expect(parsed.total == total)
    }

    @Test(
        "what is no content range",
        arguments: [
            "", "bytes", "bytes ", "bytes 0-1", "bytes */*", "bytes 0-10/10", "bytes 5-4/10",
            "bytes -1/10", "bytes 1-/10", "bytes 0-1/10/11", "bytes 0-1/1x", "bytes  0-1/10",
            "items 0-1/10", "bytes=0-1/10", "bytes 0-1 /10", "bytes +0-1/10",
            "bytes 0-1/99999999999999999999", "bytes 0-1,3-4/10",
        ])
    func malformedContentRanges(value: String) {
        #expect(ContentRange(value) == nil)
    }
}
