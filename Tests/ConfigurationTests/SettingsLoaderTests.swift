import Testing

@testable import Configuration

@Suite("Loading and merging")
struct SettingsLoaderTests {
    private static let etc = "/etc/httpd-swift/httpd-swift.conf"
    private static let run = "/run/httpd-swift/httpd-swift.conf"
    private static let local = "/usr/local/lib/httpd-swift/httpd-swift.conf"
    private static let usr = "/usr/lib/httpd-swift/httpd-swift.conf"

    @Test("no file gives one default site", arguments: [SettingsLoader.Source.builtin, .system])
    func builtin(source: SettingsLoader.Source) throws {
        var expected = Settings()
        expected.sites = [SiteSettings(name: "default")]
        #expect(try FileSystemDouble([:]).load(source) == expected)
    }

    /// A file that assigns every key.
    private static let everyKey =
        """
        [Server]
        Workers=4
        MaxConnections=5000
        HeaderTimeoutSec=5s
        IdleTimeoutSec=2min
        MinimumRate=0
        DrainTimeoutSec=1min
        ExitOnIdleSec=10min
        CacheSize=1G
        CompressionCacheSize=2G
        StrictHost=yes
        ServerField=no
        [Log]
        File=/tmp/log
        Format=json
        Journal=errors
        JournalRateLimit=0
        [Site a]
        ServerName=A.example *.b.example
        Listen=web api
        Root=/srv/
        Index=a.html b.html
        CleanURLs=yes
        Fallback=/404.html
        FallbackStatus=200
        ErrorPage=404 /errors/not found.html
        ErrorPage=500 /errors/500.html
        Listing=yes
        Upload=on
        UploadMaxSize=20M
        UploadDurability=data
        UploadOverwrite=no
        UploadCreateDirectories=yes
        Delete=yes
        CacheControl=no-cache
        Headers=X-Robots-Tag: noindex, nofollow
        Headers=-X-Frame-Options
        SecurityHeaders=yes
        MediaType=.MD text/markdown
        MediaType=.log Text/Plain ;Charset=us-ascii
        Precompressed=no
        Compression=zstd gzip
        CompressionTypes=Text/* *+JSON application/wasm
        CompressionMinSize=0
        CompressionMaxSize=1M
        [Path a /with space/]
        Deny=no
        Redirect=308 https://b.example/$1?was=$$
        Fallback=none
        Listing=no
        Upload=no
        UploadMaxSize=0
        UploadOverwrite=yes
        UploadCreateDirectories=no
        Delete=no
        CacheControl=public, max-age=60
        Headers=-X-Robots-Tag
        ContentType=text/html; charset=utf-8
        """

    @Test("every key of the daemon is stored")
    func everyKeyOfServer() throws {
        let settings = try load(Self.everyKey)
        let server = settings.server
        #expect(server.workers == 4 && server.maxConnections == 5000 && server.minimumRate == 0)
        #expect(server.headerTimeout == .seconds(5) && server.idleTimeout == .seconds(120))
        #expect(server.drainTimeout == .seconds(60) && server.exitOnIdle == .seconds(600))
        #expect(server.cacheByteLimit == 1 << 30)
        #expect(server.compressionCacheByteLimit == 2 << 30)
        #expect(server.strictHost && !server.sendsServerField)
        let log = settings.log
        #expect(log.file == "/tmp/log" && log.format == .json && log.journal == .errors)
        #expect(log.journalRateLimit == 0)
    }

    @Test("every key of a site is stored")
    func everyKeyOfSites() throws {
        let settings = try load(Self.everyKey)
        let site = try #require(settings.sites.first)
        #expect(site.serverNames == ["a.example", "*.b.example"] && site.listen == ["web", "api"])
        #expect(site.root == "/srv" && site.index == ["a.html", "b.html"])
        #expect(site.fallback == "/404.html" && site.fallbackStatus == 200 && site.upload)
        #expect(site.uploadMaxSize == 20 << 20 && site.uploadDurability == .data)
        #expect(!site.uploadOverwrite && site.uploadCreateDirectories)
        #expect(site.cacheControl == "no-cache")
        #expect(site.cleanURLs && site.listing && site.delete && site.securityHeaders)
        #expect(
            site.errorPages == [
                .init(status: 404, path: "/errors/not found.html"),
                .init(status: 500, path: "/errors/500.html"),
            ])
        #expect(
            site.headers == [
                .init(name: "X-Robots-Tag", value: "noindex, nofollow"),
                .init(name: "X-Frame-Options", value: nil),
            ])
        #expect(
            site.mediaTypes == [
                .init(fileExtension: "md", mediaType: "text/markdown"),
                .init(fileExtension: "log", mediaType: "text/plain; charset=us-ascii"),
            ])
        #expect(site.precompressed == [] && site.compression == [.zstd, .gzip])
        #expect(site.compressionTypes == ["text/*", "*+json", "application/wasm"])
        #expect(site.compressionMinSize == 0 && site.compressionMaxSize == 1 << 20)
    }

    @Test("every key of a path is stored")
    func everyKeyOfPaths() throws {
        let settings = try load(Self.everyKey)
        let path = try #require(settings.sites.first?.paths.first)
        #expect(path.pattern == "/with space/" && path.cacheControl == "public, max-age=60")
        #expect(path.upload == false && path.uploadMaxSize == 0 && path.uploadOverwrite == true)
        #expect(path.uploadCreateDirectories == false && path.delete == false)
        #expect(path.deny == false && path.listing == false && path.fallback == "")
        #expect(
            path.redirect == .init(status: 308, target: "https://b.example/$1?was=$$"))
        #expect(path.headers == [.init(name: "X-Robots-Tag", value: nil)])
        #expect(path.contentType == "text/html; charset=utf-8")
    }

    @Test("the place of every value is kept")
    func places() throws {
        let settings = try load(Self.everyKey)
        let (server, log) = (settings.server, settings.log)
        let site = try #require(settings.sites.first)
        let path = try #require(site.paths.first)
        #expect(Set(server.locations.keys) == Set(KeyTable.names(of: .server)))
        #expect(Set(log.locations.keys) == Set(KeyTable.names(of: .log)))
        #expect(
            Set(site.locations.keys.filter { !$0.contains("=") }) == Set(KeyTable.names(of: .site)))
        #expect(
            Set(path.locations.keys.filter { !$0.contains("=") }) == Set(KeyTable.names(of: .path)))
        #expect(server.locations["Workers"] == SourceLocation(file: "a.conf", line: 2, column: 9))
        #expect(
            site.locations["Listen=api"] == SourceLocation(file: "a.conf", line: 20, column: 12))
        #expect(site.location == SourceLocation(file: "a.conf", line: 18, column: 2))
    }

    @Test("later overrides, sections merge by name, in the order of first appearance")
    func merging() throws {
        let settings = try FileSystemDouble([
            "a.conf": "[Site a]\nRoot=/a\n[Site b]\nServerName=b\nRoot=/b\n",
            "a.conf.d/2.conf":
                "[Site c]\nServerName=c\n[Site a]\nRoot=/z\n[Path a /x]\nUpload=yes\n",
            "a.conf.d/1.conf":
                "[Path c /y]\n[Path a /x]\nUploadMaxSize=1\n[Site a]\nRoot=/y\nUpload=1\n",
        ]).load(.file("a.conf"))
        #expect(settings.files == ["a.conf", "a.conf.d/1.conf", "a.conf.d/2.conf"])
        #expect(settings.sites.map(\.name) == ["a", "b", "c"])
        #expect(settings.sites.map(\.root) == ["/z", "/b", "/var/lib/httpd-swift/www"])
        #expect(settings.sites[0].upload)
        #expect(settings.sites[0].locations["Root"]?.file == "a.conf.d/2.conf")
        #expect(settings.sites[0].paths.map(\.pattern) == ["/x"])
        #expect(settings.sites[0].paths.first?.upload == true)
        #expect(settings.sites[0].paths.first?.uploadMaxSize == 1)
        #expect(settings.sites[2].paths.map(\.pattern) == ["/y"])
    }

    @Test("an empty assignment restores the default of a scalar")
    func resetScalar() throws {
        let settings = try load(
            "[Server]\nWorkers=4\nWorkers=\nIdleTimeoutSec=5\nIdleTimeoutSec=\n"
                + "[Site a]\nRoot=/a\nRoot=\nCacheControl=x\nCacheControl=\n")
        #expect(settings.server.workers == nil)
        #expect(settings.server.idleTimeout == .seconds(60))
        #expect(settings.sites[0].root == "/var/lib/httpd-swift/www")
        #expect(settings.sites[0].cacheControl == nil)
    }

    @Test("an empty File= and Fallback= is none")
    func resetOptional() throws {
        let settings = try load("[Log]\nFile=\n[Site a]\nFallback=\n")
        #expect(settings.log.file == nil)
        #expect(settings.sites[0].fallback == nil)
    }

    @Test(
        "the first assignment of a list takes the default's place, others add, an empty one resets",
        arguments: [
            ("", ["index.html"]), ("Index=a b", ["a", "b"]), ("Index=a\nIndex=b a", ["a", "b"]),
            ("Index=", []), ("Index=\nIndex=a", ["a"]),
            ("Index=a\nIndex=\nIndex=b\nIndex=c", ["b", "c"]),
        ])
    func lists(lines: String, index: [String]) throws {
        let site = try #require(try load("[Site a]\n\(lines)\n").sites.first)
        #expect(site.index == index)
        let items = site.locations.keys.filter { $0.hasPrefix("Index=") }.map {
            String($0.dropFirst(6))
        }
        #expect(lines.isEmpty || Set(items) == Set(index))
    }

    @Test("lists add up over files")
    func listsOverFiles() throws {
        let settings = try FileSystemDouble([
            "a.conf": "[Site a]\nListen=x\n", "a.conf.d/1.conf": "[Site a]\nListen=y\n",
        ]).load(.file("a.conf"))
        #expect(settings.sites[0].listen == ["x", "y"])
    }

    @Test(
        "the main file of the system is the first that is there",
        arguments: [
            [etc, run, local, usr], [run, local, usr], [local, usr], [usr],
        ])
    func mainFile(paths: [String]) throws {
        let texts = paths.map { ($0, "[Site a]\nRoot=\($0)\n") }
        let settings = try FileSystemDouble(Dictionary(uniqueKeysWithValues: texts)).load(.system)
        #expect(settings.files == [paths[0]])
        #expect(settings.sites[0].root == paths[0])
    }

    @Test("drop-ins as systemd-analyze cat-config shows them")
    func dropIns() throws {
        var files = FileSystemDouble([
            Self.usr: "[Server]\nWorkers=1\n",
            Self.usr + ".d/10-a.conf": "[Server]\nWorkers=2\n",
            Self.usr + ".d/20-b.conf": "[Server]\nMinimumRate=2\n",
            Self.local + ".d/20-b.conf": "[Server]\nMinimumRate=3\n",
            Self.run + ".d/05.conf": "[Server]\nCacheSize=5\n",
            Self.etc + ".d/B.conf": "[Server]\nCacheSize=6\n",
            Self.etc + ".d/.hidden.conf": "[Server]\nCacheSize=7\n",
            Self.etc + ".d/readme.txt": "nothing to read\n",
            Self.etc + ".d/.conf": "nothing to read\n",
            Self.etc + ".d/ä.conf": "[Server]\nCacheSize=8\n",
        ])
        // A link to /dev/null reads as an empty file.
        files.files[Self.etc + ".d/10-a.conf"] = .content([])
        let settings = try files.load(.system)
        #expect(
            settings.files == [
                Self.usr, Self.run + ".d/05.conf", Self.etc + ".d/10-a.conf",
                Self.local + ".d/20-b.conf", Self.etc + ".d/B.conf", Self.etc + ".d/ä.conf",
            ])
        #expect(settings.server.workers == 1)
        #expect(settings.server.minimumRate == 3)
        #expect(settings.server.cacheByteLimit == 8)
    }

    @Test("names that look alike but have other bytes are different names")
    func bytesNotCharacters() throws {
        let (one, two) = ("\u{E4}", "a\u{308}")
        let settings = try load(
            "[Site a]\nIndex=\(one) \(two)\n[Path a /\(one)]\n[Path a /\(two)]\n")
        #expect(settings.sites[0].index.count == 2)
        #expect(settings.sites[0].paths.count == 2)
        #expect(errors(in: "[Server]\nWor\u{212A}ers=1\n").count == 1)
        let dropIns = FileSystemDouble([
            Self.etc + ".d/\(one).conf": "", Self.usr + ".d/\(two).conf": "",
        ])
        #expect(dropIns.files.count == 2 ? try dropIns.load(.system).files.count == 2 : false)
    }

    @Test("printed settings load to the same settings")
    func printing() throws {
        let texts = [
            "",
            "[Log]\nFile=\n[Site a]\nFallback=\nIndex=\nCacheControl=a=1\nUploadMaxSize=1025\n",
            "[Server]\nWorkers=3\nHeaderTimeoutSec=1h\nIdleTimeoutSec=1001ms\nCacheSize=0\n",
            "[Site a]\nServerName=*\n[Site b]\n[Path a /x]\nUpload=no\n[Path b /]\nUpload=y\n",
            "[Site a]\nErrorPage=404 /a b\nErrorPage=500 /c\nHeaders=A: b\nHeaders=-C\n",
            "[Site a]\nMediaType=.a b/c\nMediaType=.d e/f;g=\"h i\"\nCompression=gzip br\n",
            "[Site a]\nPrecompressed=no\nCompression=yes\nCompressionTypes=\nListing=yes\n",
            "[Site a]\nCacheControl=\\ \nDelete=yes\n",
            "[Site a]\n[Path a *.x]\nDeny=yes\nFallback=none\nContentType=a/b\nHeaders=-A\n"
                + "[Path a /**/*]\nRedirect=302 /b/$2/$1$$\nHeaders=B: c\nHeaders=D: e\n"
                + "[Path a /b/]\nRedirect=none\nFallback=/x\n",
        ]
        for text in texts {
            let settings = try load(text)
            #expect(try load(settings.configurationText).withoutPlaces == settings.withoutPlaces)
        }
    }

    @Test("one of several items replaces that of its status, name or extension, where it stands")
    func replacing() throws {
        let settings = try load(
            """
            [Site a]
            ErrorPage=404 /a
            ErrorPage=500 /b
            ErrorPage=404 /c
            Headers=X-One: 1
            Headers=X-Two: 2
            Headers=-x-one
            MediaType=.a b/c
            MediaType=.A b/d
            """)
        let site = settings.sites[0]
        #expect(
            site.errorPages == [.init(status: 404, path: "/c"), .init(status: 500, path: "/b")])
        #expect(
            site.headers == [.init(name: "x-one", value: nil), .init(name: "X-Two", value: "2")])
        #expect(site.mediaTypes == [.init(fileExtension: "a", mediaType: "b/d")])
        #expect(site.locations["ErrorPage=404"]?.line == 4)
        #expect(site.locations["Headers=x-one"]?.line == 7)
    }

    @Test(
        "an empty assignment takes all items away",
        arguments: ["ErrorPage", "Headers", "MediaType"])
    func resetItems(key: String) throws {
        let values = ["ErrorPage": "404 /a", "Headers": "A: b", "MediaType": ".a b/c"]
        let value = try #require(values[key])
        let settings = try load("[Site a]\n\(key)=\(value)\n\(key)=\n")
        #expect(settings.withoutPlaces == (try load("[Site a]\n")).withoutPlaces)
        #expect(settings.sites[0].locations.keys.sorted() == [key])
    }

    @Test("an empty value of a path is as in the site")
    func resetOfPath() throws {
        let settings = try load(
            "[Site a]\n[Path a /]\nFallback=none\nFallback=\nRedirect=none\nRedirect=\n"
                + "Deny=1\nDeny=\n")
        var expected = PathSettings(pattern: "/")
        #expect(settings.withoutPlaces.sites[0].paths == [expected])
        expected.redirect = RedirectSetting(target: "")
        #expect(
            try load("[Site a]\n[Path a /]\nRedirect=none\n").withoutPlaces.sites[0].paths
                == [expected])
    }
}
