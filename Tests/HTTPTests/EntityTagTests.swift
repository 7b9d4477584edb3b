import BasicContainers
import HTTP
import Testing

@Suite("RFC 9110 §8.8.3, §13.1.1 entity tags")
struct EntityTagTests {
    private static let strong = EntityTag(0x12AB, 0x5, isWeak: false)
    private static let weak = EntityTag(0x12AB, 0x5, isWeak: true)

    @Test("as they are written")
    func written() {
        var output = Bytes()
        Self.strong.write(to: &output)
        Self.weak.write(to: &output)
        EntityTag(0, UInt64.max, isWeak: false).write(to: &output)
        EntityTag(UInt64.max, 0, isWeak: true).write(to: &output)
        let text = output.span.text
        #expect(
            text
                == "\"12ab-5\"W/\"12ab-5\"\"0-ffffffffffffffff\"W/\"ffffffffffffffff-0\"")
    }

    /// A field value, and whether it names the tag when compared weakly, and strongly.
    static let lists: [(String, Bool, Bool)] = [
        ("*", true, true), ("\"12ab-5\"", true, true), ("W/\"12ab-5\"", true, false),
        ("\"a\", \"12ab-5\"", true, true), ("\"a\",\"12ab-5\",\"b\"", true, true),
        (" , ,\"12ab-5\"", true, true), ("W/\"a\" , W/\"12ab-5\"", true, false),
        ("W/\"12ab-5\", \"12ab-5\"", true, true), ("\"a,b\", \"12ab-5\"", true, true),
        ("\",\", \"12ab-5\"", true, true), ("\"a\\\", \"12ab-5\"", true, true),
        ("\"\", \"12ab-5\"", true, true), ("\"\u{e9}\", \"12ab-5\"", true, true),
        ("", false, false), ("\"\"", false, false), ("\"12ab-6\"", false, false),
        ("\"12AB-5\"", false, false), ("\"12ab-5", false, false), ("12ab-5", false, false),
        ("12ab-5\"", false, false), ("w/\"12ab-5\"", false, false), ("W/12ab-5", false, false),
        ("W\"12ab-5\"", false, false), ("W /\"12ab-5\"", false, false), ("W/", false, false),
        ("W", false, false), ("\"x12ab-5\"", false, false), ("\"12ab-5x\"", false, false),
        ("\"12ab\"", false, false), ("**", false, false), ("\"a,\"12ab-5\",b\"", false, false),
        ("a, \"12ab-5\"", false, false), ("\"a\" b, \"12ab-5\"", false, false),
        ("'12ab-5'", false, false),
    ]

    @Test("lists that name a strong tag or not", arguments: lists)
    func listed(value: String, weakly: Bool, strongly: Bool) {
        let bytes = Array(value.utf8)
        let isListedWeakly = Self.strong.isListed(in: bytes.span, strongly: false)
        let isListedStrongly = Self.strong.isListed(in: bytes.span, strongly: true)
        #expect(isListedWeakly == weakly)
        #expect(isListedStrongly == strongly)
    }

    @Test("a weak tag equals none in a strong comparison", arguments: lists)
    func weakTag(value: String, weakly: Bool, strongly: Bool) {
        let bytes = Array(value.utf8)
        let isListedWeakly = Self.weak.isListed(in: bytes.span, strongly: false)
        let isListedStrongly = Self.weak.isListed(in: bytes.span, strongly: true)
        #expect(isListedWeakly == weakly)
        // `*` is for any representation, whatever its tag (§13.1.1).
        #expect(isListedStrongly == (value == "*"))
    }

    @Test("different numbers make different tags")
    func distinct() {
        let pairs: [(UInt64, UInt64)] = [(0x1, 0x11), (0x11, 0x1), (0x111, 0), (0, 0x111), (1, 1)]
        for first in pairs {
            var output = Bytes()
            EntityTag(first.0, first.1, isWeak: false).write(to: &output)
            for second in pairs {
                let tag = EntityTag(second.0, second.1, isWeak: false)
                let isSame = tag.isListed(in: output.span, strongly: true)
                #expect(isSame == (first == second))
            }
        }
    }
}
