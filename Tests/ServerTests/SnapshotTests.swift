import Configuration
import Content
import HTTP
import Linux
import Logging
@testable import Server
import TestSupport
import Testing

@Suite("Sites, their names and their rules")
struct SiteTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
    }

    private func site(_ name: String = "default", _ change: (inout SiteSettings) -> Void) throws
        -> Site
    {
        var settings = SiteSettings(name: name)
        settings.root = files.path
        change(&settings)
        return try Site(settings, ServerSettings(), MediaTypeMap(table: []))
    }

    @Test(
        "hosts and names",
        arguments: [
            ("example.org", .exact), ("EXAMPLE.org", .exact), ("example.orgs", .none),
            ("xexample.org", .none), ("www.example.org", .none), ("a.b.example.net", .wildcard),
            ("A.EXAMPLE.NET", .wildcard), ("example.net", .none), (".example.net", .none),
            ("xexample.net", .none), ("[::1]", .exact), ("::1", .none), ("", .none),
        ] as [(String, Site.Match)])
    func names(host: String, expected: Site.Match) throws {
        let site = try site { $0.serverNames = ["example.org", "*.example.net", "[::1]"] }
        let bytes = Array(host.utf8)
        let match = site.match(bytes.span)
        #expect(match == expected)
    }

    @Test("any name", arguments: ["a", "", "example.org"])
    func anyName(host: String) throws {
        let site = try site { $0.serverNames = ["*", "example.org"] }
        let bytes = Array(host.utf8)
        let match = site.match(bytes.span)
        #expect(match == (host == "example.org" ? .exact : .wildcard))
    }

    /// Of each key, the longest prefix that sets it wins.
    private func layeredSite() throws -> Site {
        try site { site in
            site.cacheControl = "site"
            site.upload = false
            site.uploadMaxSize = 1
            site.uploadOverwrite = true
            var outer = PathSettings(pattern: "/a/")
            outer.cacheControl = "outer"
            outer.upload = true
            outer.uploadMaxSize = 2
            var inner = PathSettings(pattern: "/a/b/c")
            inner.uploadMaxSize = 3
            inner.uploadOverwrite = false
            var closed = PathSettings(pattern: "/a/b/c/closed/")
            closed.upload = false
            closed.cacheControl = "closed"
            // The order in the file means nothing.
            site.paths = [closed, outer, inner]
        }
    }

    /// Path, Cache-Control, and the upload's byte limit; nil where there are no uploads.
    static let layers: [(String, String, Int?)] = [
        ("/", "site", nil), ("/x", "site", nil), ("/a", "site", nil), ("/ab", "site", nil),
        ("/a/", "outer", 2), ("/a/x", "outer", 2), ("/a/b/", "outer", 2), ("/a/b/cd", "outer", 2),
        ("/a/b/c", "outer", 3), ("/a/b/c/", "outer", 3), ("/a/b/c/x/y", "outer", 3),
        ("/a/b/c/closed", "outer", 3), ("/a/b/c/closed/", "closed", nil),
        ("/a/b/c/closed/x", "closed", nil), ("/x/../a/x", "outer", 2), ("/%61/x", "outer", 2),
    ]

    @Test("rules by path, key by key", arguments: layers)
    func rules(target: String, cacheControl: String, byteLimit: Int?) throws {
        let bytes = Array(target.utf8)
        let rule = try layeredSite().rule(for: try ResolvedPath(decoding: bytes.span))
        #expect(rule.cacheControl == Array(cacheControl.utf8))
        #expect(rule.upload?.byteLimit == byteLimit)
        if byteLimit != nil { #expect(rule.upload?.allowsOverwriting == (byteLimit != 3)) }
    }

    @Test("what the settings say of uploads is what the policy says")
    func uploadPolicy() throws {
        let path = ResolvedPath(decoded: Array("/x".utf8))
        for (setting, durability) in [
            (SiteSettings.Durability.full, UploadPolicy.Durability.full), (.data, .data),
            (.none, .none),
        ] {
            let site = try site {
                $0.upload = true
                $0.uploadMaxSize = 0
                $0.uploadDurability = setting
                $0.uploadOverwrite = false
                $0.uploadCreateDirectories = true
            }
            #expect(
                site.rule(for: path).upload
                    == UploadPolicy(
                        byteLimit: nil, durability: durability, allowsOverwriting: false,
                        createsDirectories: true))
        }
        #expect(try site { _ in }.rule(for: path).upload == nil)
    }

    @Test("the fallback page")
    func fallback() throws {
        let plain = try site { _ in }
        #expect(plain.defaultRule.fallback?.path.absolute == Array("/index.html".utf8))
        #expect(plain.defaultRule.fallback?.status == .notFound)
        let application = try site { $0.fallbackStatus = 200 }
        #expect(application.defaultRule.fallback?.status == .ok)
        let none = try site { $0.fallback = nil }
        #expect(none.defaultRule.fallback == nil)
    }

    @Test("the page of an error takes the place of a fallback that is sent with it")
    func errorPage() throws {
        let page = ErrorPageSetting(status: 404, path: "/404.html")
        let both = try site { $0.errorPages = [page] }
        #expect(both.defaultRule.fallback?.path.absolute == Array("/404.html".utf8))
        #expect(both.defaultRule.fallback?.isErrorPage == true)
        let application = try site {
            $0.errorPages = [page]
            $0.fallbackStatus = 200
        }
        #expect(application.defaultRule.fallback?.path.absolute == Array("/index.html".utf8))
    }
}

@Suite("The configuration made ready for serving")
struct SnapshotTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
    }

    private func listener(_ name: String) throws -> Listener {
        let address = try SocketAddress(host: "127.0.0.1", port: 0)
        return try Listener(name: name, socket: FileDescriptor.listening(at: address))
    }

    private func opening(_ settings: Settings) -> LogOpening {
        LogOpening(settings.log, Logger(label: "test"), inForce: nil)
    }

    private func settings(
        _ name: String, names: [String], listen: [String], root: String? = nil
    ) -> SiteSettings {
        var site = SiteSettings(name: name)
        site.root = root ?? files.path
        site.serverNames = names
        site.listen = listen
        return site
    }

    private func snapshot(_ sites: [SiteSettings]) throws -> Snapshot {
        var settings = Settings()
        settings.sites = sites
        let listeners = [
            try listener("http"), try listener("control"), try listener("internal"),
        ]
        settings.log.file = nil
        return try Snapshot(
            settings, listeners: listeners, log: opening(settings), generation: 7)
    }

    /// Listener, host, and the site that answers, with `!` where the host is none of its names.
    static let routes: [(Int, String, String?)] = [
        (0, "a.example", "first"), (0, "A.example", "first"), (0, "b.example", "default"),
        (0, "x.w.example", "wild"), (0, "exact.w.example", "default"),
        (0, "unknown", "default!"), (0, "", "default!"), (0, "only.internal", "default!"),
        (2, "only.internal", "internal"), (2, "a.example", "first"), (2, "unknown", "first!"),
        (1, "a.example", nil),
    ]

    @Test("which site answers", arguments: routes)
    func routing(listener: Int, host: String, expected: String?) throws {
        let snapshot = try snapshot([
            settings("first", names: ["a.example"], listen: ["http", "internal"]),
            settings("wild", names: ["*.w.example"], listen: ["http"]),
            settings("default", names: ["b.example", "exact.w.example"], listen: ["http"]),
            settings("internal", names: ["only.internal"], listen: ["internal"]),
        ])
        let bytes = Array(host.utf8)
        let found = snapshot.site(forHost: bytes.span, listener: listener)
        let name = found.map { snapshot.sites[$0.index].name + ($0.isNamed ? "" : "!") }
        #expect(name == expected)
        #expect(snapshot.generation == 7)
    }

    @Test("all that is wrong is said at once, with its place")
    func problems() throws {
        var site = settings(
            "default", names: ["*"], listen: ["http", "htpp", "control"],
            root: files.path("missing"))
        site.locations["Root"] = SourceLocation(file: "a.conf", line: 3, column: 6)
        site.locations["Listen=htpp"] = SourceLocation(file: "a.conf", line: 4, column: 8)
        var problems: [String] = []
        do throws(ConfigurationErrors) {
            var settings = Settings()
            settings.sites = [site]
            settings.log.file = files.path("missing/log")
            settings.log.locations["File"] = SourceLocation(file: "a.conf", line: 5, column: 6)
            _ = try Snapshot(settings, listeners: [], log: opening(settings), generation: 1)
        } catch {
            problems = error.diagnostics.map(\.description)
        }
        #expect(problems.count == 5)
        #expect(problems.contains { $0.hasPrefix("a.conf:5:6: the access log ") })
        #expect(problems.contains { $0.hasPrefix("a.conf:4:8: there is no listener named 'htpp'") })
        #expect(problems.contains { $0.hasPrefix("a.conf:3:6: Root=\(files.path)/missing of ") })
        #expect(problems.contains { $0.contains("No such file or directory") })
    }

    @Test("a listener by the name control serves the control interface")
    func roles() throws {
        #expect(try listener("control").role == .control)
        #expect(try listener("http").role == .http)
        #expect(try listener("control2").role == .http)
    }
}
