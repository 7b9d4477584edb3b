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

    @Test("each coding of a content has its own")
    func coded() {
        var output = Bytes()
        EntityTag(0x12AB, 0x5, coding: .br, 0x1F, isWeak: false).write(to: &output)
        EntityTag(.max, .max, coding: .gzip, .max, isWeak: true).write(to: &output)
        let text = output.span.text
        let most = String(repeating: "f", count: 16)
        #expect(
            text == "\"12ab-5-br.1f\"W/\"\(most)-\(most)-gzip.\(most)\"")
        let tags =
            [Self.strong]
            + [ContentCoding.br, .gzip, .zstd].flatMap { coding in
                [1, 2].map { EntityTag(0x12AB, 0x5, coding: coding, $0, isWeak: false) }
            }
        for (index, tag) in tags.enumerated() {
            var output = Bytes()
            tag.write(to: &output)
            for (otherIndex, other) in tags.enumerated() {
                let isSame = other.isListed(in: output.span, strongly: true)
                #expect(isSame == (index == otherIndex))
                let isSameContent = other.isListed(
                    in: output.span, strongly: true, inAnyCoding: true)
                #expect(isSameContent)
            }
        }
    }

    @Test(
        "the same content in any coding",
        arguments: lists + [
            ("\"12ab-5-br.0\"", true, true), ("\"12ab-5-gzip.12ab-5\"", false, false),
            ("\"a\", \"12ab-5-zstd.fedcba9876543210\"", true, true),
            ("W/\"12ab-5-gzip.1f\"", true, false), ("\"12ab-5-br.\"", false, false),
            ("\"12ab-5-br\"", false, false), ("\"12ab-5-\"", false, false),
            ("\"12ab-5.\"", false, false), ("\"12ab-5-.1\"", false, false),
            ("\"12ab-5-BR.1\"", false, false), ("\"12ab-5-identity.1\"", false, false),
            ("\"12ab-5-br.1g\"", false, false), ("\"12ab-5-br.1F\"", false, false),
            ("\"12ab-52-br.1\"", false, false), ("\"12ab-6-br.1\"", false, false),
            ("\"x12ab-5-br.1\"", false, false), ("\".12ab-5-br\"", false, false),
        ])
    func inAnyCoding(value: String, weakly: Bool, strongly: Bool) {
        let bytes = Array(value.utf8)
        let coded = EntityTag(0x12AB, 0x5, coding: .gzip, 7, isWeak: false)
        for tag in [Self.strong, coded] {
            let isListedWeakly = tag.isListed(in: bytes.span, strongly: false, inAnyCoding: true)
            let isListedStrongly = tag.isListed(in: bytes.span, strongly: true, inAnyCoding: true)
            #expect(isListedWeakly == weakly)
            #expect(isListedStrongly == strongly)
        }
    }
}
