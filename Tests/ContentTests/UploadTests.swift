import Content
import HTTP
import Linux
import TestSupport
import Testing

@Suite("Uploads")
struct UploadTests {
    private let files: TemporaryDirectory
    private let root: SiteRoot

    init() throws {
        files = try TemporaryDirectory()
        try files.write("outside/old", "outside")
        try files.write("root/old", "old content")
        try files.makeDirectory("root/dir")
        try files.makeLink("root/out-dir", to: "../outside")
        try files.makeLink("root/out", to: "../outside/old")
        try files.makeLink("root/link", to: "old")
        root = try SiteRoot(path: files.path("root"), indexNames: [])
    }

    private static let policy = UploadPolicy(
        byteLimit: 100, durability: .full, allowsOverwriting: true, createsDirectories: false)

    /// One upload, from begin to publish.
    @discardableResult
    private func upload(
        _ parts: [String], to target: String, policy: UploadPolicy = Self.policy,
        expecting expectedByteCount: Int? = nil,
        precondition: @escaping @Sendable (Validators?) -> Precondition = { _ in .holds }
    ) throws -> Upload.Published {
        let upload = Upload(
            root: root, path: try resolve(target), policy: policy, precondition: precondition)
        try upload.begin(expectedByteCount: expectedByteCount)
        for part in parts {
            let bytes = Array(part.utf8)
            try upload.write(bytes.span)
        }
        return try upload.publish(now: WallClock.now)
    }

    /// What is below the root beside what the test began with.
    private var additions: [String] {
        let known = ["old", "dir", "out-dir", "out", "link"]
        return files.paths().compactMap { path in
            guard path.hasPrefix("root/") else { return nil }
            let name = String(path.dropFirst(5))
            // The staging directory stays until the next start.
            return known.contains(name) || name == ".httpd-swift" ? nil : name
        }
    }

    @Test(
        "a new file, whatever is known of its length, however durable",
        arguments: [nil, 0, 11, 5, 100],
        [UploadPolicy.Durability.full, .data, .none])
    func newFile(expected: Int?, durability: UploadPolicy.Durability) throws {
        var policy = Self.policy
        policy.durability = durability
        let published = try upload(
            ["new ", "", "content"], to: "/dir/new", policy: policy, expecting: expected)
        #expect(published.isNew)
        #expect(files.read("root/dir/new") == "new content")
        #expect(try files.permissions("root/dir/new") == 0o644)
        #expect(additions == ["dir/new"])
    }

    @Test("an empty file")
    func emptyFile() throws {
        #expect(try upload([], to: "/new", expecting: 0).isNew)
        #expect(files.read("root/new") == "")
    }

    @Test("a file in place of another")
    func replaced() throws {
        #expect(try !upload(["new"], to: "/old").isNew)
        #expect(files.read("root/old") == "new")
        #expect(additions == [])
    }

    @Test("a reader of the old file keeps the old file")
    func reader() throws {
        let before = root.lookup(try resolve("/old"), mayBlock: true)
        try upload(["new"], to: "/old")
        guard case .file(let file) = before else {
            Issue.record("There is a file.")
            return
        }
        let bytes = try [UInt8](capacity: 64) { (output) throws(Errno) in
            _ = try file.descriptor.read(into: &output, at: 0)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == "old content")
    }

    @Test("a link is replaced, and what it leads to stays")
    func replacedLink() throws {
        #expect(try !upload(["new"], to: "/link").isNew)
        #expect(files.read("root/link") == "new")
        #expect(files.read("root/old") == "old content")
    }

    @Test("preconditions are about what a link leads to, as a GET sees it")
    func preconditionOfLink() throws {
        let old = try FileStatus(path: files.path("root/old"))
        try upload(["new"], to: "/link") { validators in
            validators.map { text($0.entityTag).contains("-\(String(old.size, radix: 16))\"") }
                == true ? .holds : .failed
        }
        #expect(files.read("root/link") == "new")
    }

    @Test("a replaced file keeps its permissions")
    func replacedPermissions() throws {
        try files.setPermissions("root/old", 0o600)
        try upload(["new"], to: "/old")
        #expect(try files.permissions("root/old") == 0o600)
    }

    /// The target, the policy and the error of an upload that is refused before its content.
    static let refusals: [(String, UploadPolicy, UploadError)] = [
        ("/", policy, .notAFile), ("/dir", policy, .notAFile), ("/dir/", policy, .notAFile),
        ("/new/", policy, .notAFile), ("/missing/new", policy, .missingParent),
        ("/old/new", policy, .missingParent), ("/out", policy, .notAFile),
        ("/out-dir/new", policy, .notAFile), ("/out-dir/old", policy, .notAFile),
        ("/\(String(repeating: "n", count: 256))", policy, .badName),
        (
            "/old",
            .init(
                byteLimit: nil, durability: .none, allowsOverwriting: false,
                createsDirectories: false),
            .exists
        ),
        (
            "/old/new",
            .init(
                byteLimit: nil, durability: .none, allowsOverwriting: true, createsDirectories: true
            ),
            .missingParent
        ),
    ]

    @Test("refused before the content", arguments: refusals)
    func refused(target: String, policy: UploadPolicy, expected: UploadError) throws {
        let path = try resolve(target)
        let upload = Upload(root: root, path: path, policy: policy) { _ in .holds }
        #expect(throws: expected) { try upload.begin(expectedByteCount: 3) }
        #expect(additions == [])
        #expect(files.read("root/old") == "old content")
        #expect(files.paths().filter { $0.hasPrefix("outside/") } == ["outside/old"])
        #expect(files.read("outside/old") == "outside")
    }

    @Test("too large: by what is announced, or by what comes")
    func tooLarge() throws {
        #expect(throws: UploadError.tooLarge) { try upload([], to: "/new", expecting: 101) }
        let half = String(repeating: "x", count: 50)
        #expect(throws: UploadError.tooLarge) { try upload([half, half, "x"], to: "/new") }
        #expect(throws: UploadError.tooLarge) {
            try upload([half, half, "x"], to: "/new", expecting: 100)
        }
        #expect(additions == [])
        try upload([half, half], to: "/new", expecting: 100)
        #expect(additions == ["new"])
    }

    @Test("no limit is no limit")
    func unlimited() throws {
        var policy = Self.policy
        policy.byteLimit = nil
        let part = String(repeating: "x", count: 100_000)
        try upload([part, part], to: "/new", policy: policy)
        #expect(files.read("root/new")?.utf8.count == 200_000)
    }

    @Test("a precondition is judged by the file that is there, and again when it is published")
    func preconditions() throws {
        let onlyNew: @Sendable (Validators?) -> Precondition = { $0 == nil ? .holds : .failed }
        let onlyOld: @Sendable (Validators?) -> Precondition = { $0 != nil ? .holds : .failed }
        #expect(throws: UploadError.preconditionFailed) {
            try upload(["x"], to: "/old", precondition: onlyNew)
        }
        #expect(throws: UploadError.preconditionFailed) {
            try upload(["x"], to: "/new", precondition: onlyOld)
        }
        #expect(try upload(["x"], to: "/new", precondition: onlyNew).isNew)
        #expect(try !upload(["y"], to: "/new", precondition: onlyOld).isNew)

        let slow = Upload(
            root: root, path: try resolve("/later"), policy: Self.policy, precondition: onlyNew)
        try slow.begin(expectedByteCount: nil)
        try files.write("root/later", "in between")
        #expect(throws: UploadError.preconditionFailed) {
            try slow.publish(now: WallClock.now)
        }
        #expect(files.read("root/later") == "in between")
    }

    @Test("a file that may not be replaced is safe also when it is made meanwhile")
    func overwritingMeanwhile() throws {
        var policy = Self.policy
        policy.allowsOverwriting = false
        let upload = Upload(root: root, path: try resolve("/new"), policy: policy) { _ in .holds }
        try upload.begin(expectedByteCount: nil)
        try files.write("root/new", "in between")
        #expect(throws: UploadError.exists) { try upload.publish(now: WallClock.now) }
        #expect(files.read("root/new") == "in between")
    }

    @Test("what is made or removed meanwhile is replaced or made", arguments: ["/old", "/new"])
    func changedMeanwhile(target: String) throws {
        let upload = Upload(
            root: root, path: try resolve(target), policy: Self.policy
        ) { _ in .holds }
        try upload.begin(expectedByteCount: nil)
        let isThere = target == "/old"
        if isThere {
            try files.remove("root/old")
        } else {
            try files.write("root/new", "in between")
        }
        let bytes = Array("content".utf8)
        try upload.write(bytes.span)
        #expect(try upload.publish(now: WallClock.now).isNew == isThere)
        #expect(files.read("root" + target) == "content")
    }

    @Test("a link or a directory that is made meanwhile")
    func madeMeanwhile() throws {
        for kind in ["link", "directory"] {
            let upload = Upload(
                root: root, path: try resolve("/" + kind + "-later"), policy: Self.policy
            ) { _ in .holds }
            try upload.begin(expectedByteCount: nil)
            if kind == "link" {
                try files.makeLink("root/link-later", to: "old")
                #expect(try !upload.publish(now: WallClock.now).isNew)
                #expect(files.read("root/old") == "old content")
                #expect(files.read("root/link-later") == "")
            } else {
                try files.makeDirectory("root/directory-later")
                #expect(throws: UploadError.notAFile) { try upload.publish(now: WallClock.now) }
            }
        }
    }

    @Test("missing directories are made where that is allowed")
    func createsDirectories() throws {
        var policy = Self.policy
        policy.createsDirectories = true
        try upload(["x"], to: "/a/b/c", policy: policy)
        try upload(["y"], to: "/a/b/d", policy: policy)
        try upload(["z"], to: "/dir/e/f", policy: policy)
        #expect(additions == ["a", "a/b", "a/b/c", "a/b/d", "dir/e", "dir/e/f"])
        #expect(try files.permissions("root/a/b") == 0o755)
    }

    @Test("directories are not made outside")
    func createsNothingOutside() throws {
        var policy = Self.policy
        policy.createsDirectories = true
        #expect(throws: UploadError.self) { try upload(["x"], to: "/out-dir/a/b", policy: policy) }
        #expect(files.paths().filter { $0.hasPrefix("outside/") } == ["outside/old"])
    }

    @Test("what is refused makes no directories")
    func refusedMakesNoDirectories() throws {
        var policy = Self.policy
        policy.createsDirectories = true
        #expect(throws: UploadError.preconditionFailed) {
            try upload(["x"], to: "/a/b/c", policy: policy) { _ in .failed }
        }
        #expect(throws: UploadError.tooLarge) {
            try upload(["x"], to: "/a/b/c", policy: policy, expecting: 1000)
        }
        #expect(additions == [])
    }

    @Test("a parent that vanishes")
    func vanishingParent() throws {
        let upload = Upload(
            root: root, path: try resolve("/dir/new"), policy: Self.policy
        ) { _ in .holds }
        try upload.begin(expectedByteCount: nil)
        try files.remove("root/dir")
        #expect(throws: UploadError.missingParent) { try upload.publish(now: WallClock.now) }
    }

    @Test("nothing is left of an upload that is given up, at whatever point")
    func abandoned() throws {
        for step in 0...2 {
            var upload: Upload? = Upload(
                root: root, path: try resolve("/new"), policy: Self.policy
            ) { _ in .holds }
            if step >= 1 { try upload?.begin(expectedByteCount: 50) }
            let bytes = Array("half".utf8)
            if step >= 2 { try upload?.write(bytes.span) }
            #expect(additions.filter { !$0.hasPrefix(".httpd-swift/") } == [])
            upload = nil
            #expect(additions == [])
        }
    }

    @Test("what was published has a strong tag at once, and never that of another")
    func publishedValidators() throws {
        var tags: Set<String> = []
        for round in 0..<50 {
            // The same size each time, and far more than one in a tick of the file system's clock.
            let published = try upload(["\(round % 10)"], to: "/new")
            #expect(!published.validators.entityTag.isWeak)
            tags.insert(text(published.validators.entityTag))
            guard case .file(let file) = root.lookup(try resolve("/new"), mayBlock: true) else {
                Issue.record("It is there.")
                return
            }
            let found = root.validators(of: file.status, now: WallClock.now)
            #expect(text(found.entityTag) == text(published.validators.entityTag))
        }
        #expect(tags.count == 50)
        // A file that somebody else wrote just now has none.
        try files.write("root/other", "1")
        guard case .file(let other) = root.lookup(try resolve("/other"), mayBlock: true) else {
            Issue.record("It is there.")
            return
        }
        #expect(root.validators(of: other.status, now: other.status.modified).entityTag.isWeak)
    }

    @Test("of many who create the same name, one does")
    func race() async throws {
        let path = try resolve("/new")
        let root = root
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<32 {
                group.addTask {
                    let upload = Upload(root: root, path: path, policy: Self.policy) {
                        $0 == nil ? .holds : .failed
                    }
                    let bytes = Array("number \(number)".utf8)
                    do {
                        try upload.begin(expectedByteCount: nil)
                        try upload.write(bytes.span)
                        return try upload.publish(now: WallClock.now).isNew
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 }.count == 1)
        #expect(additions == ["new"])
    }

    @Test("of many who replace a file, each content is whole")
    func replacingRace() async throws {
        let path = try resolve("/old")
        let root = root
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask {
                    let upload = Upload(root: root, path: path, policy: Self.policy) { _ in .holds }
                    let bytes = [UInt8](repeating: 0x40 + UInt8(number), count: number + 1)
                    do {
                        try upload.begin(expectedByteCount: bytes.count)
                        try upload.write(bytes.span)
                        _ = try upload.publish(now: WallClock.now)
                    } catch {
                        Issue.record(error)
                    }
                }
            }
        }
        let content = Array(try #require(files.read("root/old")).utf8)
        #expect(content.count == Int(try #require(content.first)) - 0x3F)
        #expect(Set(content).count == 1)
        #expect(additions == [])
    }
}
