internal import Linux
internal import Synchronization

/// A hidden directory in a document root, in which a new file has a name for the moment before it
/// replaces another.
///
/// Linux can give an unnamed file a name only where there is none yet; replacing takes a rename. A
/// server killed between the two leaves the first name behind: here, where the next start finds it.
/// Who works on a file holds its lock (flock(2)), so that one server never sweeps another's.
struct Staging {
    private static let directoryName = Array(".httpd-swift".utf8) + [0]
    private static let process = ProcessLimits.random()
    private static let counter = Atomic<UInt64>(0)

    let root: SiteRoot

    /// A name that no other file of any server has, with a NUL behind it.
    static func newName() -> [UInt8] {
        let number = counter.add(1, ordering: .relaxed).newValue
        return Array(".httpd-swift-\(String(process, radix: 36))-\(number)".utf8) + [0]
    }

    /// Makes a file with a name, for file systems without O_TMPFILE.
    func create(_ name: [UInt8]) throws(Errno) -> FileDescriptor {
        let file = try withDirectory { (directory) throws(Errno) in
            try directory.openBeneath(name.span, [.create, .exclusive, .readWrite])
        }
        _ = try file.tryLock()
        return file
    }

    /// Renames a staged file to its target.
    func move(
        _ name: [UInt8], into parent: borrowing FileDescriptor, as target: [UInt8]
    ) throws(Errno) {
        try openDirectory().rename(name.span, into: parent, as: target.span)
    }

    /// Removes a staged file that is not wanted any more.
    func remove(_ name: [UInt8]) {
        try? openDirectory().unlink(name.span)
    }

    /// Replaces an entry of a directory with an unnamed file, atomically.
    func replace(
        _ target: [UInt8], in parent: borrowing FileDescriptor,
        with file: borrowing FileDescriptor
    ) throws(Errno) {
        _ = try file.tryLock()
        let name = Self.newName()
        do throws(Errno) {
            let directory = try withDirectory { (directory) throws(Errno) in
                try file.link(into: directory, as: name.span)
                return try directory.duplicate()
            }
            do throws(Errno) {
                try directory.rename(name.span, into: parent, as: target.span)
            } catch {
                try? directory.unlink(name.span)
                throw error
            }
        } catch {
            guard error == .crossesDevice else { throw error }
            // Another file system is mounted below the root: the name must be on it.
            try file.link(into: parent, as: name.span)
            do throws(Errno) {
                try parent.rename(name.span, into: parent, as: target.span)
            } catch {
                try? parent.unlink(name.span)
                throw error
            }
        }
    }

    /// Removes what a killed server left, and the directory when nothing is in it.
    func sweep() {
        guard let directory = try? openDirectory(),
            let names = try? directory.entryNames()
        else { return }
        for name in names {
            let path = name + [0]
            guard let file = try? directory.openBeneath(path.span, .read),
                (try? file.tryLock()) == true
            else { continue }
            try? directory.unlink(path.span)
        }
        try? root.directory.removeDirectory(Self.directoryName.span)
    }

    /// Calls `body` with the directory, made if it is missing; again if another server removes it
    /// meanwhile.
    private func withDirectory<Result: ~Copyable>(
        _ body: (borrowing FileDescriptor) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        for _ in 0..<8 {
            do throws(Errno) {
                return try body(try openDirectory())
            } catch {
                guard error == .notFound else { throw error }
            }
            do throws(Errno) {
                try root.directory.makeDirectory(Self.directoryName.span, permissions: 0o700)
            } catch {
                guard error == .exists else { throw error }
            }
        }
        throw .busy
    }

    private func openDirectory() throws(Errno) -> FileDescriptor {
        try root.directory.openBeneath(Self.directoryName.span, [.read, .directory])
    }
}

extension SiteRoot {
    /// Removes what uploads of a killed server left behind, and the staging directory with it.
    public func sweepStaging() {
        Staging(root: self).sweep()
    }
}
