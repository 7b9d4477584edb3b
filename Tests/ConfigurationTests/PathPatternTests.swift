import Testing

@testable import Configuration

@Suite("Patterns of paths")
struct PathPatternTests {
    /// A pattern, a path, and what the pattern captures of it; nil if it does not match.
    struct Case: CustomTestStringConvertible {
        var pattern: String
        var path: String
        var captures: [String]?
        var testDescription: String { "\(pattern) \(path)" }

        init(_ pattern: String, _ path: String, _ captures: [String]?) {
            (self.pattern, self.path, self.captures) = (pattern, path, captures)
        }
    }

    static let prefixes: [Case] = [
        Case("/", "/", [""]), Case("/", "/a/b", ["a/b"]),
        Case("/a", "/a", [""]), Case("/a", "/a/", ["/"]), Case("/a", "/a/b", ["/b"]),
        Case("/a", "/ab", nil), Case("/a", "/", nil), Case("/a", "/b/a", nil),
        Case("/a/", "/a/", [""]), Case("/a/", "/a/b/c", ["b/c"]), Case("/a/", "/a", nil),
        Case("/a b/ä", "/a b/ä/c", ["/c"]), Case("/a", "/A", nil),
    ]

    static let globs: [Case] = [
        Case("/*", "/", [""]), Case("/*", "/ab", ["ab"]), Case("/*", "/a/b", nil),
        Case("/*/", "/a/", ["a"]), Case("/*/", "/a", nil), Case("/a*", "/a", [""]),
        Case("/*.html", "/index.html", ["index"]), Case("/*.html", "/a/index.html", nil),
        Case("/*.html", "/.html", [""]), Case("/*.html", "/a.html.html", ["a.html"]),
        Case("/*.html", "/a.htm", nil), Case("/*-*", "/a-b-c", ["a", "b-c"]),
        Case("/*-*.x", "/a-b-c.x", ["a", "b-c"]), Case("/*a*", "/bab/", nil),
        Case("/?", "/a", ["a"]), Case("/?", "/", nil), Case("/?/", "/a/", ["a"]),
        Case("/?", "/ab", nil), Case("/a?b", "/a/b", nil), Case("/?", "/ä", ["ä"]),
        Case("/?", "/€", ["€"]), Case("/?", "/𝄞", ["𝄞"]), Case("/??", "/€", nil),
        Case("/*??", "/€", nil), Case("/*?", "/a€", ["a", "€"]),
        Case("/20??/*", "/2024/x", ["2", "4", "x"]),
        Case("/**", "/", [""]), Case("/**", "/a/b/", ["a/b/"]), Case("/a**", "/a", [""]),
        Case("/a**", "/ab/c", ["b/c"]), Case("/a/**", "/a", nil), Case("/a/**", "/a/", [""]),
        Case("/a/**", "/a/b/c", ["b/c"]), Case("/**a", "/b/a", ["b/"]),
        Case("/a/**/b", "/a/b", [""]), Case("/a/**/b", "/a/x/b", ["x"]),
        Case("/a/**/b", "/a/x/y/b", ["x/y"]), Case("/a/**/b", "/a/xb", nil),
        Case("/a/**/b", "/ab", nil), Case("/**/b", "/b", [""]), Case("/**/", "/", [""]),
        Case("/**/", "/a/b/", ["a/b"]), Case("/**/", "/a/b", nil),
        Case("/**/x/**/y", "/a/x/b/y", ["a", "b"]), Case("/**/x/**/y", "/x/x/y/y", ["", "x/y"]),
        Case("/**/*.*", "/a/b/c.d.e", ["a/b", "c", "d.e"]),
        Case("/**a*b", "/a/ab", ["a/", ""]), Case("/**a*b/c", "/aab/xab/c", ["aab/x", ""]),
    ]

    static let relatives: [Case] = [
        Case("*.pdf", "/a.pdf", ["a"]), Case("*.pdf", "/x/y/a.pdf", ["a"]),
        Case("*.pdf", "/x.pdf/a", nil), Case("*.pdf", "/x.pdf/", nil),
        Case("*", "/", [""]), Case("*", "/a/b", ["b"]), Case("*/", "/a/b/", ["b"]),
        Case("*/a", "/x/y/a", ["y"]), Case("*/a", "/a", nil),
        Case("**/a", "/a", [""]), Case("**/a", "/x/y/a", ["x/y"]), Case("**", "/a/b", ["a/b"]),
        Case("**.pdf", "/x/y.pdf", ["x/y"]), Case("*?.pdf", "/x/yz.pdf", ["y", "z"]),
    ]

    @Test("match and capture", arguments: prefixes + globs + relatives)
    func matches(_ test: Case) throws {
        let pattern = try #require(PathPattern(test.pattern))
        let path = Array(test.path.utf8)
        let captures = pattern.captures(in: path.span)?.map {
            String(decoding: path[$0], as: UTF8.self)
        }
        #expect(captures == test.captures)
        #expect(pattern.matches(path.span) == (test.captures != nil))
        #expect(pattern.captureCount == captures?.count ?? pattern.captureCount)
    }

    @Test("match the bytes of names that are not UTF-8, each a character")
    func notUTF8() throws {
        let path: [UInt8] = [0x2F, 0xFF, 0xE2, 0x82, 0x2F]
        #expect(PathPattern("/???/")?.captures(in: path.span) == [1..<2, 2..<3, 3..<4])
        #expect(PathPattern("/*/")?.captures(in: path.span) == [1..<4])
    }

    @Test(
        "rank by their literal characters",
        arguments: [
            ("/a/", false, 3), ("/ä", false, 2), ("/*.html", true, 6), ("*.html", true, 5),
            ("/**/?", true, 2), ("/ä*", true, 2),
        ])
    func ranks(text: String, isGlob: Bool, literalCount: Int) throws {
        let pattern = try #require(PathPattern(text))
        #expect(pattern.isGlob == isGlob && pattern.literalCount == literalCount)
        #expect(pattern.text == text)
    }

    @Test(
        "are refused where no path could be like that",
        arguments: [
            ("", "it must start with '/'"), ("a", "it must start with '/'"),
            ("a*", "it must start with '/' or '*'"), ("?a", "it must start with '/' or '*'"),
            ("/a//*", "no request has '//', '/./' or '/../' left in its path"),
            ("*/../a", "no request has '//', '/./' or '/../' left in its path"),
            ("/***", "there is * and **, and no longer one"),
            ("***", "there is * and **, and no longer one"),
            ("/*" + String(repeating: "a", count: 4094), "a path has at most 4095 bytes"),
        ])
    func refused(text: String, hint: String) {
        do throws(Rejection) {
            _ = try PathPattern(parsing: text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.hint == hint)
        }
        #expect(PathPattern(text) == nil)
    }

    @Test("match as the definition says, for all short patterns and paths")
    func exhaustive() throws {
        let paths = Self.texts(of: ["a", "b", "/"], upTo: 5).filter { !$0.contains("//") }
            .map { Array("/\($0)".utf8) }.filter { !$0.starts(with: "//".utf8) }
        let texts = Self.texts(of: ["a", "/", "*", "?"], upTo: 4).flatMap { ["/" + $0, "*" + $0] }
        var count = 0
        for text in texts {
            guard let pattern = PathPattern(text), pattern.isGlob else { continue }
            let pieces = GlobDefinition(text)
            for path in paths {
                let expected = pieces.match(path)
                let captures = pattern.captures(in: path.span)
                if captures != expected {
                    Issue.record("\(text) \(String(decoding: path, as: UTF8.self))")
                }
                count += 1
            }
        }
        #expect(count > 20_000)
    }

    private static func texts(of letters: [String], upTo count: Int) -> [String] {
        var all = [""]
        var longest = [""]
        for _ in 0..<count {
            longest = longest.flatMap { text in letters.map { text + $0 } }
            all += longest
        }
        return all
    }

    @Test(
        "take no time that explodes",
        arguments: [
            "/*a*a*a*a*a*a*a*a*a*b", "/**a**a**a**a**a**a**a**b", "/**a*a*a*a*a*a*a*a*b",
            "/**/a*a*/**/a*a*/**/a*b", "*?*?*?*?*?*?*?b", "**?**?**?**?**?**?b",
        ])
    func noExplosion(text: String) throws {
        let pattern = try #require(PathPattern(text))
        let slash = UInt8(ascii: "/")
        let flat = [slash] + Array(repeating: UInt8(ascii: "a"), count: 4000)
        let deep = flat.enumerated().map { $0 % 3 == 0 ? slash : $1 }
        let clock = ContinuousClock()
        for path in [flat, deep] {
            var isMatch = true
            let time = clock.measure { isMatch = pattern.matches(path.span) }
            #expect(!isMatch)
            // A few milliseconds in a debug build; exponential or cubic time would be hours.
            #expect(time < .seconds(2))
        }
    }
}

/// What a glob means, tried out in full: slow and plain.
private struct GlobDefinition {
    private var pieces: [Substring] = []
    private var isImplied = false

    init(_ text: String) {
        isImplied = text.hasPrefix("*") && !text.hasPrefix("**")
        var rest = (text.hasPrefix("/") ? "" : isImplied ? "/**/" : "/")[...] + text[...]
        while !rest.isEmpty {
            let follows = pieces.last == "/"
            let piece = ["**/", "**", "*", "?"].first { piece in
                rest.hasPrefix(piece) && (piece != "**/" || follows)
            }
            pieces.append(rest.prefix(piece?.count ?? 1))
            rest = rest.dropFirst(piece?.count ?? 1)
        }
    }

    func match(_ path: [UInt8]) -> [Range<Int>]? {
        guard let captures = match(pieces[...], path, 0) else { return nil }
        return isImplied ? Array(captures.dropFirst()) : captures
    }

    private func match(
        _ pieces: ArraySlice<Substring>, _ path: [UInt8], _ start: Int
    ) -> [Range<Int>]? {
        guard let piece = pieces.first else { return start == path.count ? [] : nil }
        let slash = UInt8(ascii: "/")
        for end in start...path.count {
            let taken = path[start..<end]
            let isOne = taken.count == 1
            let fits =
                switch piece {
                case "**": true
                case "**/": taken.isEmpty || taken.last == slash
                case "*": !taken.contains(slash)
                case "?": isOne && taken.first != slash
                default: isOne && taken.elementsEqual(piece.utf8)
                }
            guard fits, let rest = match(pieces.dropFirst(), path, end) else { continue }
            switch piece {
            case "**", "*", "?": return [start..<end] + rest
            case "**/": return [start..<max(start, end - 1)] + rest
            default: return rest
            }
        }
        return nil
    }
}
