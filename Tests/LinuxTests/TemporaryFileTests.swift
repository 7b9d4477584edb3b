import Linux
import TestSupport
import Testing

/// One after the other: a process has one file to remove when a signal ends it.
@Suite("Files that take a name when they are whole", .serialized)
struct TemporaryFileTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
    }

    private func write(_ text: String, to name: String, publishes: Bool = true) throws {
        let file = try TemporaryFile(replacing: files.path(name))
        let bytes = Array(text.utf8)
        try file.descriptor.writeAll(bytes.span)
        if publishes { try file.publish() }
    }

    @Test("a new file")
    func newFile() throws {
        try write("content", to: "new")
        #expect(files.read("new") == "content")
        #expect(files.paths() == ["new"])
    }

    @Test("a file in place of another keeps its permissions")
    func replaced() throws {
        try files.write("a", "old")
        try files.setPermissions("a", 0o600)
        try write("new", to: "a")
        #expect(files.read("a") == "new")
        #expect(try files.permissions("a") == 0o600)
        #expect(files.paths() == ["a"])
    }

    @Test("a link stays a link")
    func link() throws {
        try files.write("dir/a", "old")
        try files.makeLink("link", to: "dir/a")
        try write("new", to: "link")
        #expect(files.read("dir/a") == "new")
        #expect(files.paths() == ["dir", "dir/a", "link"])
    }

    @Test("nothing is left of a file that was not published")
    func abandoned() throws {
        try files.write("a", "old")
        try write("new", to: "a", publishes: false)
        try write("new", to: "b", publishes: false)
        #expect(files.read("a") == "old")
        #expect(files.paths() == ["a"])
    }

    @Test(
        "refused at once where it cannot be",
        arguments: [
            ("dir", .isDirectory), ("missing/a", .notFound), ("file/a", .notDirectory),
            ("", .isDirectory),
        ] as [(String, Errno)])
    func refused(name: String, expected: Errno) throws {
        try files.makeDirectory("dir")
        try files.write("file", "")
        var failure: Errno?
        do throws(Errno) {
            _ = try TemporaryFile(replacing: files.path(name))
        } catch {
            failure = error
        }
        #expect(failure == expected)
        #expect(files.paths() == ["dir", "file"])
    }
}
