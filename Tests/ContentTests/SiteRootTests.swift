import BasicContainers
import Content
import HTTP
import Linux
import TestSupport
import Testing

func resolve(_ target: String) throws -> ResolvedPath {
    let bytes = Array(target.utf8)
    return try ResolvedPath(decoding: bytes.span)
}

/// An entity tag as a field value has it.
func text(_ tag: EntityTag) -> String {
    var output = Bytes()
    tag.write(to: &output)
    return output.span.text
}

@Suite("Document roots")
struct SiteRootTests {
    private let files: TemporaryDirectory
    private let root: SiteRoot

    init() throws {
        files = try TemporaryDirectory()
        try files.write("outside.txt", "outside")
        try files.write("root/index.html", "home")
        try files.write("root/a.txt", "a")
        try files.write("root/sub/index.htm", "sub")
        try files.write("root/both/index.html", "first")
        try files.write("root/both/index.htm", "second")
        try files.write("root/none/file", "")
        try files.makeDirectory("root/odd/index.html")
        try files.makeLink("root/link.txt", to: "a.txt")
        try files.makeLink("root/link-dir", to: "sub")
        try files.makeLink("root/out.txt", to: "../outside.txt")
        try files.makeLink("root/out-dir", to: "..")
        try files.makeLink("root/loop", to: "loop")
        root = try SiteRoot(
            path: files.path("root"), indexNames: ["index.html", "index.htm"])
    }

    /// In words, for comparison: `file PATH`, `directory`, `missing` and so on.
    private func lookup(_ target: String, in root: SiteRoot? = nil) throws -> String {
        switch (root ?? self.root).lookup(try resolve(target), mayBlock: true) {
        case .file(let file):
            let path = String(decoding: file.path.absolute, as: UTF8.self)
            return "file \(path) of \(file.status.size)"
        case .directory: return "directory"
        case .unindexed: return "unindexed"
        case .missing: return "missing"
        case .forbidden: return "forbidden"
        case .wouldBlock: return "would block"
        case .failed(let error): return "failed: \(error)"
        }
    }

    @Test(
        "what a path leads to",
        arguments: [
            ("/a.txt", "file /a.txt of 1"), ("/", "file /index.html of 4"),
            ("/sub", "directory"), ("/sub/", "file /sub/index.htm of 3"),
            ("/both/", "file /both/index.html of 5"), ("/none/", "unindexed"),
            ("/none", "directory"), ("/odd/", "unindexed"), ("/a.txt/", "missing"),
            ("/a.txt/b", "missing"), ("/nothing", "missing"), ("/nothing/", "missing"),
            ("/nothing/x", "missing"), ("/link.txt", "file /link.txt of 1"),
            ("/link-dir", "directory"), ("/link-dir/", "file /link-dir/index.htm of 3"),
            ("/out.txt", "missing"), ("/out-dir", "missing"), ("/out-dir/", "missing"),
            ("/out-dir/outside.txt", "missing"), ("/loop", "missing"),
            ("/\(String(repeating: "n", count: 300))", "missing"),
        ])
    func outcome(target: String, expected: String) throws {
        #expect(try lookup(target) == expected)
    }

    @Test("what is neither file nor directory is forbidden, and does not hang")
    func special() throws {
        let device = try SiteRoot(path: "/dev", indexNames: [])
        #expect(try lookup("/null", in: device) == "forbidden")
        let address = try SocketAddress(unixPath: files.path("root/socket"))
        let socket = try FileDescriptor.listening(at: address)
        #expect(try lookup("/socket") == "missing")
        #expect(try socket.localAddress().family == .unix, "it is open until here")
    }

    @Test("without the disk: the same, or that it would block")
    func resident() throws {
        _ = try lookup("/a.txt")
        switch root.lookup(try resolve("/a.txt"), mayBlock: false) {
        case .file(let file): #expect(file.status.size == 1)
        case .wouldBlock: break
        default: Issue.record("Neither found nor deferred.")
        }
    }

    @Test(
        "a root that cannot be opened says why",
        arguments: [("missing", .notFound), ("outside.txt", .notDirectory)] as [(String, Errno)])
    func unusableRoot(name: String, expected: Errno) {
        #expect(throws: expected) {
            try SiteRoot(path: files.path(name), indexNames: [])
        }
    }

    @Test("a file that is replaced is found anew")
    func replacedFile() throws {
        try files.remove("root/index.html")
        try files.write("root/index.html", "changed")
        #expect(try lookup("/") == "file /index.html of 7")
    }

    @Test("a change of a file is seen: content, time, replacement, removal")
    func changes() throws {
        func status(_ name: String) throws -> FileStatus {
            try FileStatus(path: files.path("root/\(name)"))
        }
        func isUnchanged(since before: FileStatus) -> Bool {
            let path = Array("a.txt".utf8) + [0]
            return root.isUnchanged(path.span, since: before)
        }
        try files.setModified("root/a.txt", 1_500_000_000)
        var before = try status("a.txt")
        #expect(isUnchanged(since: before))
        try files.setModified("root/a.txt", 1_500_000_001)
        #expect(!isUnchanged(since: before))
        before = try status("a.txt")
        try files.write("root/a.txt", "b")
        try files.setModified("root/a.txt", 1_500_000_001)
        #expect(!isUnchanged(since: before), "size and time are the same, ctime is not")
        before = try status("a.txt")
        try files.remove("root/a.txt")
        #expect(!isUnchanged(since: before))
    }
}

@Suite("RFC 9110 §8.8 validators of files")
struct ValidatorTests {
    private let files: TemporaryDirectory
    private let root: SiteRoot
    private static let modified = 1_500_000_000_123_456_789
    private static let now = 1_800_000_000_000_000_000

    init() throws {
        files = try TemporaryDirectory()
        try files.write("a", "12345")
        root = try SiteRoot(path: files.path, indexNames: [])
    }

    private func status(modified: Int) throws -> FileStatus {
        let file = try FileDescriptor.open(files.path("a"), .readWrite)
        try file.setModified(modified)
        return try file.status()
    }

    @Test(
        "the tag is weak while another write of the same size might not show",
        arguments: [
            (0, true), (1_000_000, true), (19_000_000, true), (20_000_000, false),
            (1_000_000_000, false), (-1_000_000, true), (-100_000_000, false),
        ])
    func age(age: Int, isWeak: Bool) throws {
        let status = try status(modified: Self.modified)
        #expect(status.isYoung(at: Self.modified + age) == isWeak)
        let validators = root.validators(of: status, now: Self.modified + age)
        #expect(validators.entityTag.isWeak == isWeak)
        #expect(validators.lastModified?.seconds == 1_500_000_000)
        let opaque = "\"\(String(Self.modified, radix: 16))-5\""
        #expect(text(validators.entityTag) == (isWeak ? "W/\(opaque)" : opaque))
    }

    @Test(
        "longer where the file system has whole seconds",
        arguments: [(0, true), (1_999_000_000, true), (2_000_000_000, false)])
    func wholeSeconds(age: Int, isWeak: Bool) throws {
        let modified = 1_500_000_000_000_000_000
        let status = try status(modified: modified)
        #expect(root.validators(of: status, now: modified + age).entityTag.isWeak == isWeak)
    }

    @Test(
        "the date is rounded down, also before 1970", arguments: [-1, -999_999_999, -500_000_000])
    func before1970(nanoseconds: Int) throws {
        // futimens(3) wants nanoseconds that are not negative.
        let file = try FileDescriptor.open(files.path("a"), .readWrite)
        do throws(Errno) {
            try file.setModified(nanoseconds)
        } catch {
            #expect(error == .invalidArgument)
            return
        }
        let status = try file.status()
        #expect(status.validators(isDoubtful: false, now: Self.now).lastModified?.seconds == -1)
    }

    @Test("a date is never in the future (§8.8.2.1)")
    func future() throws {
        let status = try status(modified: Self.modified)
        let validators = root.validators(of: status, now: Self.modified - 5_000_000_000)
        #expect(validators.lastModified?.seconds == 1_499_999_995)
        #expect(!validators.entityTag.isWeak)
    }

    @Test("times and sizes that differ make different tags")
    func distinct() throws {
        var tags: Set<String> = []
        for modified in [Self.modified, Self.modified + 1, Self.modified - 1] {
            tags.insert(
                text(
                    try status(modified: modified).validators(isDoubtful: false, now: Self.now)
                        .entityTag))
        }
        try files.write("a", "1234")
        let shorter = try status(modified: Self.modified).validators(
            isDoubtful: false, now: Self.now)
        tags.insert(text(shorter.entityTag))
        #expect(tags.count == 4)
    }
}
