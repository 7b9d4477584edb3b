import Linux
import TestSupport
import Testing

@Suite("Owned descriptors")
struct FileDescriptorTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
    }

    private func isOpen(_ number: Int32) -> Bool {
        (try? FileStatus(path: "/proc/self/fd/\(number)")) != nil
    }

    @Test("are closed when their owner ends, unless they were given away")
    func ownership() throws {
        try files.write("a", "")
        let released: Int32
        do {
            let file = try FileDescriptor.open(files.path("a"), .read)
            #expect(isOpen(file.rawValue))
            released = file.release()
        }
        #expect(isOpen(released))
        let copy: Int32
        do {
            let file = FileDescriptor(owning: released)
            copy = try file.duplicate().release()
            #expect(copy != released)
        }
        let owner = FileDescriptor(owning: copy)
        #expect(try owner.status().kind == .regular)
    }

    @Test("none is no descriptor")
    func none() {
        let isNone = FileDescriptor.none.isNone
        #expect(isNone)
        var failure: Errno?
        do throws(Errno) { _ = try FileDescriptor.none.status() } catch { failure = error }
        #expect(failure?.rawValue == 9)
    }

    @Test("write all bytes, one part after the other or at a position")
    func writing() throws {
        let file = try FileDescriptor.open(
            files.path("new"), [.readWrite, .create, .exclusive], permissions: 0o600)
        let text = Array("hello".utf8)
        try file.writeAll(text.span)
        try file.writeAll(text.span, at: 3)
        #expect(files.read("new") == "helhello")
        let empty: [UInt8] = []
        try file.writeAll(empty.span)
        try file.synchronize()
        try file.synchronizeData()
        #expect(try content(of: file) == "helhello")
    }

    @Test("read what there is, from where it is asked")
    func reading() throws {
        try files.write("a", "0123456789")
        let file = try FileDescriptor.open(files.path("a"), .read)
        var parts: [String] = []
        for _ in 0..<4 {
            let part = try [UInt8](capacity: 4) { (output) throws(Errno) in
                _ = try file.read(into: &output)
            }
            parts.append(String(decoding: part, as: UTF8.self))
        }
        #expect(parts == ["0123", "4567", "89", ""])
        // Behind what the buffer has already.
        let filled = try [UInt8](capacity: 5) { (output) throws(Errno) in
            output.append(0x78)
            _ = try file.read(into: &output, at: 6)
        }
        #expect(String(decoding: filled, as: UTF8.self) == "x6789")
    }

    @Test("append at the end, and follow the path when it is opened anew")
    func appending() throws {
        try files.write("log", "1")
        let file = try FileDescriptor.open(
            files.path("log"), [.append, .create], permissions: 0o640)
        let two: [UInt8] = [0x32]
        try file.writeAll(two.span)
        #expect(files.read("log") == "12")
        let number = file.rawValue
        let other = try FileDescriptor.open(
            files.path("other"), [.append, .create], permissions: 0o640)
        try file.replace(with: other)
        #expect(file.rawValue == number)
        try file.writeAll(two.span)
        #expect(files.read("log") == "12")
        #expect(files.read("other") == "2")
    }

    @Test(
        "errors of open(2)",
        arguments: [
            ("missing", .read, .notFound), ("a/b", .read, .notDirectory),
            ("a", [.read, .directory], .notDirectory), ("dir", .write, .isDirectory),
            ("a", [.write, .create, .exclusive], .exists),
        ] as [(String, OpenMode, Errno)])
    func errors(name: String, mode: OpenMode, expected: Errno) throws {
        try files.write("a", "")
        try files.makeDirectory("dir")
        var failure: Errno?
        do throws(Errno) {
            _ = try FileDescriptor.open(files.path(name), mode)
        } catch {
            failure = error
        }
        #expect(failure == expected)
    }

    @Test("an error number says what strerror(3) says")
    func errorText() {
        #expect(Errno.notFound.description == "No such file or directory")
        #expect("\(Errno.noSpace)" == "No space left on device")
    }
}
