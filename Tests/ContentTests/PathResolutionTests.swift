import Content
import Testing

private enum Resolution: Equatable {
    case path(String, isDirectory: Bool)
    case malformed, hidden

    init(_ target: [UInt8]) {
        do throws(ResolvedPath.Failure) {
            let path = try ResolvedPath(decoding: target.span)
            self = .path(
                String(decoding: path.bytes.dropLast(), as: UTF8.self),
                isDirectory: path.namesDirectory)
        } catch {
            self = error == .hidden ? .hidden : .malformed
        }
    }
}

@Suite("RFC 3986 §2.1, §5.2.4 from a target to a path")
struct PathResolutionTests {
    @Test(
        "paths of files",
        arguments: [
            ("/a", "a"), ("/a/b.html", "a/b.html"), ("//a", "a"), ("/a//b", "a/b"),
            ("/./a", "a"), ("/a/./b", "a/b"), ("/a/../b", "b"), ("/a/b/../../c", "c"),
            ("/a/..//b", "b"), ("/x/../y/../z", "z"),
            // Decoded once, whatever comes out.
            ("/%61", "a"), ("/%4a%4A", "JJ"), ("/a%20b", "a b"), ("/%2561", "%61"),
            ("/%252e%252e/a", "%2e%2e/a"), ("/100%25", "100%"), ("/a%3Fb%23c", "a?b#c"),
            ("/a%0Ab", "a\nb"), ("/%C3%A9", "é"), ("/a+b", "a+b"), ("/a%5Cb", "a\\b"),
            ("/..%5Ca", nil), ("/a:b;c=d,e", "a:b;c=d,e"),
            // Encoded dots are dots (§6.2.2.2).
            ("/a/%2e/b", "a/b"), ("/a/%2E%2e/b", "b"), ("/a/.%2e/b", "b"), ("/a%2eb", "a.b"),
            ("/a..", "a.."), ("/a.", "a."), ("/a/b..c", "a/b..c"),
        ] as [(String, String?)])
    func files(target: String, path: String?) {
        // A name that starts with a dot is hidden, be it no dot segment.
        let expected = path.map { Resolution.path($0, isDirectory: false) } ?? .hidden
        #expect(Resolution(Array(target.utf8)) == expected)
    }

    @Test(
        "paths of directories",
        arguments: [
            ("", "."), ("/", "."), ("//", "."), ("/.", "."), ("/./", "."), ("/a/..", "."),
            ("/a/../", "."), ("/a/", "a"), ("/a//", "a"), ("/a/.", "a"), ("/a/./", "a"),
            ("/a/b/..", "a"), ("/a/b/../", "a"), ("/%2e", "."), ("/a/%2e%2e", "."),
            ("/a/b/.%2E/", "a"), ("/.git/..", "."),
        ])
    func directories(target: String, path: String) {
        #expect(Resolution(Array(target.utf8)) == .path(path, isDirectory: true))
    }

    @Test(
        "malformed ones",
        arguments: [
            "/%", "/%2", "/%zz", "/%2g", "/a%", "/%%41", "/a%2/b", "/%00", "/a%00.html", "/a/%00",
            "/..", "/../", "/../a", "/a/../..", "/a/../../b", "/./..", "/%2e%2e", "/%2e%2e/etc",
            "/a/%2e%2e/%2E./b", "//..", "/a//../..//..",
        ])
    func malformed(target: String) {
        #expect(Resolution(Array(target.utf8)) == .malformed)
    }

    @Test("a NUL that was not encoded")
    func rawNUL() {
        #expect(Resolution([0x2F, 0x61, 0x00]) == .malformed)
    }

    @Test(
        "names that are never served",
        arguments: [
            "/.git", "/.git/config", "/a/.htaccess", "/...", "/.../a", "/..a", "/%2egit", "/.a/",
            "/.httpd-swift/x", "/.well-known/.x", "/.well-knownx", "/.well-know", "/.Well-Known/a",
            // An encoded slash is part of a name, and no file's name has one.
            "/a%2Fb", "/a%2fb", "/%2F", "/..%2f..%2fetc", "/%2e%2e%2f",
        ])
    func hidden(target: String) {
        #expect(Resolution(Array(target.utf8)) == .hidden)
    }

    @Test(
        "the directory of RFC 8615 is served",
        arguments: [
            ("/.well-known/a", ".well-known/a", false), ("/.well-known/", ".well-known", true),
            ("/.well-known", ".well-known", false), ("/%2Ewell-known/a", ".well-known/a", false),
            ("/x/.well-known/a", "x/.well-known/a", false),
        ])
    func wellKnown(target: String, path: String, isDirectory: Bool) {
        #expect(Resolution(Array(target.utf8)) == .path(path, isDirectory: isDirectory))
    }

    @Test(
        "parent, name and absolute path",
        arguments: [
            ("/a", ".", "a", "/a"), ("/a/b", "a", "b", "/a/b"), ("/a/b/c/", "a/b", "c", "/a/b/c/"),
            ("/", ".", ".", "/"), ("/a/", ".", "a", "/a/"),
        ])
    func parts(target: String, parent: String, name: String, absolute: String) throws {
        let bytes = Array(target.utf8)
        let path = try ResolvedPath(decoding: bytes.span)
        #expect(path.parent == Array(parent.utf8) + [0])
        #expect(path.name == Array(name.utf8) + [0])
        #expect(path.absolute == Array(absolute.utf8))
        #expect(path.isRoot == (target == "/"))
    }

    @Test("an entry of a directory")
    func entry() throws {
        let index = Array("index.html".utf8)
        for (target, expected) in [("/", "/index.html"), ("/a/b/", "/a/b/index.html")] {
            let bytes = Array(target.utf8)
            let entry = try ResolvedPath(decoding: bytes.span).appending(index)
            #expect(entry.absolute == Array(expected.utf8))
            #expect(!entry.namesDirectory)
            #expect(entry.bytes.last == 0)
        }
    }

    @Test(
        "paths that the configuration names are decoded already",
        arguments: [
            ("/index.html", "index.html", false), ("/a%41", "a%41", false), ("/", ".", true),
            ("/a/b/", "a/b", true),
        ])
    func decoded(text: String, path: String, isDirectory: Bool) {
        let resolved = ResolvedPath(decoded: Array(text.utf8))
        #expect(resolved.bytes == Array(path.utf8) + [0])
        #expect(resolved.namesDirectory == isDirectory)
    }

    @Test("never leads upwards, has an empty name, or a NUL within, for random targets")
    func random() {
        let pieces = ["/", "/", ".", "..", "%2e", "%2F", "a", "b", "%00", "%", "%25", "%41", " "]
        var state: UInt64 = 1
        for _ in 0..<20000 {
            var target = "/"
            for _ in 0..<8 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                target += pieces[Int(state >> 33) % pieces.count]
            }
            let bytes = Array(target.utf8)
            guard let path = try? ResolvedPath(decoding: bytes.span) else { continue }
            let names = path.bytes.dropLast().split(
                separator: 0x2F, omittingEmptySubsequences: false)
            let isSafe =
                path.bytes.last == 0 && !path.bytes.dropLast().contains(0)
                && (path.isRoot
                    || names.allSatisfy { !$0.isEmpty && $0.first != 0x2E })
            #expect(isSafe, "\(target)")
        }
    }
}
