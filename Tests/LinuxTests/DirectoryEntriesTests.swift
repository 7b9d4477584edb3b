import Linux
import TestSupport
import Testing

@Suite("getdents64(2) and statx(2): entries of directories")
struct DirectoryEntriesTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
        try files.write("file", "12345")
        try files.write("directory/inner", "")
        try files.makeLink("link", to: "file")
        try files.makeLink("broken", to: "nothing")
    }

    private func entries(of path: String) throws -> [String: FileStatus.Kind?] {
        let directory = try FileDescriptor.open(path, [.read, .directory])
        var found: [String: FileStatus.Kind?] = [:]
        try directory.forEachEntry { name, kind in
            var bytes: [UInt8] = []
            for index in 0..<name.count { bytes.append(name[index]) }
            #expect(bytes.last == 0)
            found.updateValue(kind, forKey: String(decoding: bytes.dropLast(), as: UTF8.self))
        }
        return found
    }

    @Test("each entry once, with its kind, without the directory itself and its parent")
    func kinds() throws {
        let found = try entries(of: files.path)
        #expect(Set(found.keys) == ["file", "directory", "link", "broken"])
        let expected: [String: FileStatus.Kind] = [
            "file": .regular, "directory": .directory, "link": .symbolicLink,
            "broken": .symbolicLink,
        ]
        // A file system need not know the kinds.
        for (name, kind) in found where kind != nil { #expect(kind == expected[name]) }
    }

    @Test("more entries than one call gives")
    func many() throws {
        let long = String(repeating: "n", count: 200)
        for number in 0..<3000 { try files.write("many/\(long)\(number)", "") }
        #expect(try entries(of: files.path("many")).count == 3000)
    }

    @Test("an empty directory has none")
    func empty() throws {
        try files.makeDirectory("empty")
        #expect(try entries(of: files.path("empty")).isEmpty)
    }

    @Test("what is no directory has no entries")
    func notDirectory() throws {
        let file = try FileDescriptor.open(files.path("file"), .read)
        #expect(throws: Errno.notDirectory) { try file.forEachEntry { _, _ in } }
    }

    @Test("what the inode of an entry says is what fstat(2) says")
    func status() throws {
        let directory = try FileDescriptor.open(files.path, [.read, .directory])
        try files.setModified("file", 1_500_000_000.5)
        let name = Array("file".utf8) + [0]
        let status = try directory.entryStatus(at: name.span)
        #expect(status.kind == .regular)
        #expect(status.size == 5)
        #expect(status.modified == (try FileStatus(path: files.path("file"))).modified)
        for (name, kind) in [("link", FileStatus.Kind.symbolicLink), ("directory", .directory)] {
            let bytes = Array(name.utf8) + [0]
            #expect(try directory.entryStatus(at: bytes.span).kind == kind)
        }
        let missing = Array("missing".utf8) + [0]
        #expect(throws: Errno.notFound) { try directory.entryStatus(at: missing.span) }
    }
}
