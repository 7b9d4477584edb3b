import Testing

@testable import Configuration

@Suite("Errors name file, line and column")
struct DiagnosticTests {
    @Test(
        "of keys and sections",
        arguments: [
            ("[Site a]\nRoott=/srv\n", "2:1: Roott= is not a key of [Site] (did you mean Root=?)"),
            (
                "[Server]\nRot=/srv\n",
                "2:1: Rot= is not a key of [Server] (did you mean Root= of [Site …]?)"
            ),
            ("[Server]\nZstdLevel=3\n", "2:1: ZstdLevel= is not a key of [Server]"),
            ("[Server]\nRoot=/srv\n", "2:1: Root= belongs in [Site …], not in [Server]"),
            ("[Log]\nUpload=yes\n", "2:1: Upload= belongs in [Site …] or [Path …], not in [Log]"),
            (
                "[Site a]\n[Path a /]\nRoot=/srv\n",
                "3:1: Root= belongs in [Site …], not in [Path …]"
            ),
            ("Root=/srv\n", "1:1: Root= belongs in [Site …], after its heading"),
            ("Foo=/srv\n", "1:1: Foo= stands before the first section heading"),
            ("[Server]\nA b=c\n", "2:1: 'A b' is not a key of [Server]"),
            ("[Sever]\nWorkers=4\n", "1:2: there is no section 'Sever' (did you mean [Server]?)"),
            ("[Sites a]\n", "1:2: there is no section 'Sites' (did you mean [Site NAME]?)"),
            ("[]\n", "1:2: a section heading needs a name"),
            ("[Server main]\n", "1:9: [Server] takes no name"),
            ("[Site]\nRoot=/srv\n", "1:2: this section is written [Site NAME]"),
            ("[Site a b]\n", "1:2: this section is written [Site NAME]"),
            ("[Path a]\n", "1:2: this section is written [Path SITE PATTERN]"),
            (
                "[Site a]\n[Path a b/]\n",
                "2:9: 'b/' cannot be the pattern of a path (it must start with '/')"
            ),
            (
                "[Site a]\n[Path a b*]\n",
                "2:9: 'b*' cannot be the pattern of a path (it must start with '/' or '*')"
            ),
            ("[Site main]\n[Path mian /]\n", "2:7: there is no [Site mian] (did you mean main?)"),
            ("[Path default /]\n", "1:7: there is no [Site default]"),
        ])
    func keysAndSections(text: String, error: String) {
        #expect(errors(in: text) == ["a.conf:" + error])
    }

    @Test("of headings")
    func headings() {
        #expect(
            errors(in: "[Install]\n") == [
                "a.conf:1:2: there is no section 'Install' (there are [Server], [Log], [Site NAME]"
                    + " and [Path SITE PATTERN])"
            ])
        #expect(
            errors(in: "[Site a/b]\n") == [
                "a.conf:1:7: the name of a site has letters, digits, '.', '-' and '_', at most 64,"
                    + " not 'a/b'"
            ])
        #expect(
            errors(in: "[Site a]\n[Path a /b/../c]\n") == [
                "a.conf:2:9: '/b/../c' cannot be the pattern of a path"
                    + " (no request has '//', '/./' or '/../' left in its path)"
            ])
    }

    /// A line whose value from the column on is refused, what its key takes, and the hint.
    struct Refusal: CustomTestStringConvertible {
        var section: String
        var line: String
        var column: Int
        var expectation: String
        var hint: String?
        var testDescription: String { line }

        init(
            _ section: String, _ line: String, _ column: Int, _ expectation: String,
            _ hint: String? = nil
        ) {
            (self.section, self.line, self.column) = (section, line, column)
            (self.expectation, self.hint) = (expectation, hint)
        }
    }

    private static let time = "such as 10s or 5min"
    private static let suffixes = "the suffixes are B, K, M, G and T"
    private static let slash = "it must start with '/'"
    private static let names =
        "host names without port, *, *.example.org, or IPv6 addresses in brackets"
    private static let listeners = "names of listeners, as FileDescriptorName= gives them"

    static let refusals: [Refusal] = [
        Refusal("[Server]", "Workers=0", 9, "auto or a number from 1 to 256"),
        Refusal("[Server]", "Workers=257", 9, "auto or a number from 1 to 256"),
        Refusal("[Server]", "Workers=+4", 9, "auto or a number from 1 to 256"),
        Refusal(
            "[Server]", "Workers=4 # all", 9,
            "auto or a number from 1 to 256",
            "a comment stands on a line of its own"),
        Refusal("[Server]", "HeaderTimeoutSec= 2h", 19, "a time from 1s to 1h, \(time)"),
        Refusal("[Server]", "HeaderTimeoutSec=500ms", 18, "a time from 1s to 1h, \(time)"),
        Refusal(
            "[Server]", "IdleTimeoutSec=infinity", 16,
            "a time from 1s to 1d, \(time)",
            "there must be an end"),
        Refusal(
            "[Server]", "DrainTimeoutSec=5x", 17,
            "a time from 0 to 1d, \(time)",
            "'x' is not a unit of time"),
        Refusal(
            "[Server]", "MinimumRate=1k", 13,
            "a size from 0 to 1G in bytes, such as 64K or 1G",
            suffixes),
        Refusal("[Log]", "Format=jsn", 8, "combined or json", "did you mean json?"),
        Refusal("[Log]", "Journal=yes", 9, "all, errors or none"),
        Refusal("[Log]", "File=access.log", 6, "the absolute path of a file", slash),
        Refusal(
            "[Log]", "File=/var/log/", 6,
            "the absolute path of a file",
            "it ends like a directory"),
        Refusal("[Site a]", "Root=\"/srv\"", 6, "an absolute path", slash),
        Refusal("[Site a]", "Root=/a/../b", 6, "an absolute path", "it must not contain '..'"),
        Refusal("[Site a]", "Upload=maybe", 8, "yes or no"),
        Refusal("[Site a]", "Upload=\"yes\"", 8, "yes or no", "leave out the quotes"),
        Refusal("[Site a]", "FallbackStatus=302", 16, "200 or 404"),
        Refusal(
            "[Site a]", "Fallback=index.html", 10,
            "a path below the root that starts with '/'",
            slash),
        Refusal(
            "[Site a]", "Index=a.html b/c.html", 14,
            "names of files",
            "a name contains no '/'"),
        Refusal(
            "[Site a]", "Listen=http 8080", 13,
            listeners,
            "addresses and ports belong in the socket unit or in --listen"),
        Refusal("[Site a]", "Listen=control", 8, listeners, "that is the control socket"),
        Refusal(
            "[Site a]", "UploadMaxSize=1GB", 15,
            "a size in bytes, such as 64K or 1G",
            suffixes),
        Refusal(
            "[Site a]", "CacheControl=größe", 14,
            "a field value of at most 1000 ASCII characters"),
        Refusal(
            "[Site a]", "ServerName=a.example b.example:80", 22,
            names,
            "leave out the port: the listener decides it"),
    ]

    @Test("of values", arguments: refusals)
    func values(_ test: Refusal) {
        let key = test.line.prefix { $0 != "=" }
        let value = test.line.dropFirst(test.column - 1)
        let hint = test.hint.map { " (\($0))" } ?? ""
        #expect(
            errors(in: "\(test.section)\n\(test.line)\n") == [
                "a.conf:2:\(test.column): \(key)= takes \(test.expectation), not '\(value)'\(hint)"
            ])
    }

    @Test("of lists that are left empty")
    func emptyLists() {
        let problem = "is left empty, so no request would reach the site 'a'"
        #expect(
            errors(in: "[Site a]\nListen=\nServerName=b\nServerName=\n") == [
                "a.conf:2:8: Listen= \(problem) (name a listener)",
                "a.conf:4:12: ServerName= \(problem) (name a host, or * for any)",
            ])
        #expect(errors(in: "[Site a]\nListen=\nListen=b\n") == [])
    }

    @Test("on a continued line, at the word that is wrong")
    func continued() {
        let text = "[Site a]\nServerName=a.example \\\n  # more\n  b.example:80 \\\n c:1\n"
        let places = errors(in: text).map { $0.prefix { $0 != " " } }
        #expect(places == ["a.conf:4:3:", "a.conf:5:2:"])
    }

    @Test("of all files at once, in the order of the files and lines")
    func allAtOnce() {
        let files = FileSystemDouble([
            "a.conf": "[Site x]\nRoot=srv\n[Path y /]\nUpload=maybe\nnonsense\n",
            "a.conf.d/1.conf": "[Server]\nWorkers=0\nWorkers=many\n",
            "a.conf.d/2.conf": "[Log\nFormat=x\n[Log]\nFormat=x\n",
        ])
        let places = files.errors(.file("a.conf")).map { $0.prefix { $0 != " " } }
        #expect(
            places == [
                "a.conf:2:6:", "a.conf:4:8:", "a.conf:5:1:", "a.conf.d/1.conf:2:9:",
                "a.conf.d/1.conf:3:9:", "a.conf.d/2.conf:1:1:", "a.conf.d/2.conf:4:8:",
            ])
    }

    @Test("are bounded in number")
    func bounded() {
        let found = errors(in: String(repeating: "x\n", count: 150))
        #expect(found.count == 101)
        #expect(found.last == "50 more errors are not shown")
    }

    @Test("of two sites with one name on one listener, at the second")
    func sharedNames() {
        let shared =
            "[Site a]\nServerName=x.example y.example\n[Site b]\nServerName=z.example Y.example\n"
        #expect(
            errors(in: shared) == [
                "a.conf:4:22: [Site b] answers to y.example on the listener http,"
                    + " as [Site a] at a.conf:2 does"
            ])
        #expect(errors(in: shared + "Listen=other\n") == [])
        #expect(errors(in: "[Site a]\nServerName=x X x\nServerName=x\n") == [])
        #expect(
            errors(in: "[Site a]\n\n[Site b]\n") == [
                "a.conf:3:2: [Site b] answers to localhost, 127.0.0.1 and [::1] on the listener"
                    + " http, as [Site a] at a.conf:1 does"
            ])
    }

    @Test("of files that cannot be read")
    func unreadable() {
        var files = FileSystemDouble(["a.conf.d/1.conf": "[Path x /]\n[Server]\nWorkers=0\n"])
        #expect(files.errors(.file("a.conf")).first == "there is no file a.conf")
        files.files["a.conf"] = .failed("Permission denied")
        let found = files.errors(.file("a.conf"))
        // [Path x /] is no error of its own: its site may be in the file that could not be read.
        #expect(found.count == 2)
        #expect(found.first == "cannot read a.conf: Permission denied")
        files = FileSystemDouble(["a.conf": ""])
        files.files["a.conf.d/1.conf"] = .missing
        #expect(
            files.errors(.file("a.conf")) == [
                "cannot read a.conf.d/1.conf: it is a link to nowhere"
            ])
        files.files["a.conf.d/1.conf"] = .content(Array(repeating: 0x0A, count: 1 << 20 + 1))
        #expect(files.errors(.file("a.conf")) == ["a.conf.d/1.conf has more than 1M bytes"])
    }

    @Test("of directories that cannot be listed")
    func unlistable() {
        let loader = SettingsLoader(
            read: { _ in .content([]) },
            list: { (_) throws(SettingsLoader.ListError) in throw .init("Permission denied") })
        #expect(
            throws: ConfigurationErrors([
                Diagnostic("cannot list a.conf.d: Permission denied", at: nil)
            ])
        ) { try loader.load(.file("a.conf")) }
    }
}
