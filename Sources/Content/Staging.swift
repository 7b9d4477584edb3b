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
        return StagedName.prefix + Array("\(String(process, radix: 36))-\(number)".utf8) + [0]
    }

    /// Replaces an entry of a directory with an unnamed file, atomically.
    func replace(
        _ target: [UInt8], in parent: borrowing FileDescriptor,
        with file: borrowing FileDescriptor
    ) throws(Errno) {
        _ = try file.tryLock()
        let name = Self.newName()
        do throws(Errno) {
            try replace(target, in: parent, with: file, through: openOrMakeDirectory(), name)
        } catch {
            switch error {
            case .crossesDevice, .accessDenied, .notPermitted, .readOnlyFileSystem, .notFound:
                // Another file system is mounted below the root, or only what is below it may be
                // written: the name must be in the target's own directory.
                StagedName.sweep(parent)
                try replace(target, in: parent, with: file, through: parent.duplicate(), name)
            default: throw error
            }
        }
    }

    private func replace(
        _ target: [UInt8], in parent: borrowing FileDescriptor,
        with file: borrowing FileDescriptor, through directory: borrowing FileDescriptor,
        _ name: [UInt8]
    ) throws(Errno) {
        try file.link(into: directory, as: name.span)
        do throws(Errno) {
            try directory.rename(name.span, into: parent, as: target.span)
        } catch {
            try? directory.unlink(name.span)
            throw error
        }
    }

    /// Removes what a killed server left, and the directory when nothing is in it.
    func sweep() {
        guard let directory = try? openDirectory(),
            let names = try? directory.entryNames()
        else { return }
        for name in names { StagedName.removeAbandoned(name + [0], in: directory) }
        try? root.directory.removeDirectory(Self.directoryName.span)
    }

    private func openOrMakeDirectory() throws(Errno) -> FileDescriptor {
        do throws(Errno) {
            return try openDirectory()
        } catch {
            guard error == .notFound else { throw error }
        }
        do throws(Errno) {
            try root.directory.makeDirectory(Self.directoryName.span, permissions: 0o700)
        } catch {
            guard error == .exists else { throw error }
        }
        return try openDirectory()
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

/// The name of a new file in the directory of its target, where it can have none in the staging
/// directory: hidden, never served, and removed with the last reference.
final class StagedName {
    static let prefix = Array(".httpd-swift-".utf8)
    /// Directories that this process has swept.
    private static let swept = Mutex<Set<[UInt64]>>([])

    private let directory: FileDescriptor
    private let name = Staging.newName()
    private var isThere = false

    init(in directory: consuming FileDescriptor) {
        Self.sweep(directory)
        self.directory = directory
    }

    deinit {
        let name = name
        if isThere { try? directory.unlink(name.span) }
    }

    /// Makes the file, for file systems without O_TMPFILE.
    func create() throws(Errno) -> FileDescriptor {
        let name = name
        let file = try directory.openBeneath(name.span, [.create, .exclusive, .readWrite])
        isThere = true
        // Held by a server that sweeps, and so about to be gone.
        guard try file.tryLock() else { throw .busy }
        return file
    }

    /// Renames the file to its target.
    func move(into parent: borrowing FileDescriptor, as target: [UInt8]) throws(Errno) {
        let name = name
        try directory.rename(name.span, into: parent, as: target.span)
        isThere = false
    }

    /// Removes what a killed server left in a directory, once in the life of this one.
    static func sweep(_ directory: borrowing FileDescriptor) {
        guard let status = try? directory.status() else { return }
        let isNew = swept.withLock { $0.insert([status.device, status.inode]).inserted }
        guard isNew, let names = try? directory.entryNames() else { return }
        for name in names where name.starts(with: prefix) {
            removeAbandoned(name + [0], in: directory)
        }
    }

    /// Removes a file that no server works on.
    static func removeAbandoned(_ name: [UInt8], in directory: borrowing FileDescriptor) {
        guard let file = try? directory.openBeneath(name.span, .read),
            (try? file.tryLock()) == true
        else { return }
        try? directory.unlink(name.span)
    }
}
