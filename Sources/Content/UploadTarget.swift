internal import Linux
internal import Synchronization

/// The directories that an upload makes above its target, as it may have to take them away again.
final class MadeDirectories {
    private let root: SiteRoot
    private let path: ResolvedPath
    private let durability: UploadPolicy.Durability
    /// Those that were made, the outermost first.
    private var made: [[UInt8]] = []

    init(root: SiteRoot, path: ResolvedPath, durability: UploadPolicy.Durability) {
        self.root = root
        self.path = path
        self.durability = durability
    }

    /// Makes the directories that are missing, each opened below the root.
    func make() throws(Errno) {
        var prefix: [UInt8] = []
        do throws(Errno) {
            for name in path.parent.dropLast().split(separator: 0x2F) {
                let outer = (prefix.isEmpty ? [0x2E] : prefix) + [0]
                let child = Array(name) + [0]
                prefix += (prefix.isEmpty ? [] : [0x2F]) + name
                let directory = try root.directory.openBeneath(outer.span, [.read, .directory])
                if try directory.makeDirectoryIfMissing(child.span) {
                    made.append(prefix + [0])
                    try directory.openToAll(child.span)
                }
                // Also what another upload made just now: our file is to be found through it.
                if durability == .full { try directory.synchronize() }
            }
        } catch {
            remove()
            throw error
        }
    }

    /// Removes those that were made, for nothing; what is used by now stays.
    func remove() {
        for path in made.reversed() {
            let outer = ResolvedPath.parent(of: path)
            let name = Array(path[((path.lastIndex(of: 0x2F) ?? -1) + 1)...])
            guard let directory = try? root.directory.openBeneath(outer.span, [.read, .directory])
            else { return }
            try? directory.removeDirectory(name.span)
        }
        made = []
    }
}

extension FileDescriptor {
    /// Makes a directory in this one.
    ///
    /// - Returns: false where it is there already.
    fileprivate func makeDirectoryIfMissing(_ name: Span<UInt8>) throws(Errno) -> Bool {
        do throws(Errno) {
            try makeDirectory(name, permissions: 0o755)
        } catch {
            if error == .exists { return false }
            throw error
        }
        return true
    }

    /// Makes a new directory readable like the files in it, whatever umask(2) says; a group stays
    /// inherited.
    fileprivate func openToAll(_ name: Span<UInt8>) throws(Errno) {
        let directory = try openBeneath(name, [.read, .directory])
        try directory.setPermissions(try directory.status().mode & 0o7000 | 0o755)
    }
}

/// Locks by target, so that a precondition that was checked still holds when the file is published,
/// or removed.
///
/// A target is a directory and a name in it, however the path to it is written. There is a fixed
/// number of locks, chosen by hash: two targets may share one, which costs time and nothing else.
final class TargetLocks: Sendable {
    static let shared = TargetLocks()
    private let locks: [Lock] = (0..<64).map { _ in Lock() }

    private final class Lock: Sendable {
        let mutex = Mutex(())
    }

    func withLock<Result, Failure>(
        _ directory: FileStatus, _ name: [UInt8], _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ directory.device ^ directory.inode << 8
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let lock = locks[Int(hash >> 32) % locks.count]
        return try lock.mutex.withLock { (_) throws(Failure) in try body() }
    }
}
