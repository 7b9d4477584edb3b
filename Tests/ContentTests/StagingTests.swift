import Content
import Linux
import TestSupport
import Testing

@Suite("What a killed server leaves")
struct StagingTests {
    private let files: TemporaryDirectory
    private let root: SiteRoot

    init() throws {
        files = try TemporaryDirectory()
        try files.write("a", "")
        root = try SiteRoot(path: files.path, indexNames: [])
    }

    @Test("is swept, with the directory")
    func sweep() throws {
        try files.write(".httpd-swift/.httpd-swift-x-1", "left")
        try files.write(".httpd-swift/.httpd-swift-x-2", "left")
        root.sweepStaging()
        #expect(files.paths() == ["a"])
    }

    @Test("but not what another server works on")
    func locked() throws {
        try files.write(".httpd-swift/mine", "")
        try files.write(".httpd-swift/left", "")
        let file = try FileDescriptor.open(files.path(".httpd-swift/mine"), .read)
        #expect(try file.tryLock())
        root.sweepStaging()
        #expect(files.paths() == [".httpd-swift", ".httpd-swift/mine", "a"])
        #expect(try file.tryLock(), "it is locked until here")
    }

    @Test("nothing to sweep")
    func nothing() throws {
        root.sweepStaging()
        #expect(files.paths() == ["a"])
        try files.makeDirectory(".httpd-swift")
        root.sweepStaging()
        #expect(files.paths() == ["a"])
    }

    @Test("a staging directory that leads elsewhere is not swept")
    func link() throws {
        try files.write("elsewhere/precious", "")
        let inner = try TemporaryDirectory()
        try inner.makeLink(".httpd-swift", to: files.path("elsewhere"))
        try SiteRoot(path: inner.path, indexNames: []).sweepStaging()
        #expect(files.paths() == ["a", "elsewhere", "elsewhere/precious"])
    }
}
