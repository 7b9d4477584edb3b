public import HTTP
public import Linux

/// A regular file that is open for reading, and what its inode said then.
public final class OpenFile: Sendable {
    /// The descriptor; closed with the last reference.
    public let descriptor: FileDescriptor
    /// The inode when it was opened.
    public let status: FileStatus
    /// The path that it was found at.
    public let path: ResolvedPath

    init(descriptor: consuming FileDescriptor, status: FileStatus, path: ResolvedPath) {
        self.descriptor = descriptor
        self.status = status
        self.path = path
    }
}

/// A file as it was at a time: what tells one version of its content from another.
public struct FileVersion: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int
    private let modified: Int
    private let changed: Int

    /// The version that an inode had.
    public init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modified = status.modified
        changed = status.changed
    }
}

extension FileStatus {
    /// How long after a write another one might leave the same modification time: two ticks of the
    /// slowest kernel clock (100 Hz); file systems with whole seconds get two of those.
    private var timestampDoubt: Int {
        modified % 1_000_000_000 == 0 ? 2_000_000_000 : 20_000_000
    }

    /// Whether the file was written so lately that another write of the same size may not show.
    public func isYoung(at now: Int) -> Bool {
        abs(now - modified) < timestampDoubt
    }

    /// The validators of the file's content at a time in nanoseconds since 1970.
    ///
    /// The entity tag is weak where another write could leave the same time and size. A date in the
    /// future is replaced by the present one (RFC 9110 §8.8.2.1).
    public func validators(isDoubtful: Bool, now: Int) -> Validators {
        Validators(
            entityTag: EntityTag(
                UInt64(bitPattern: Int64(modified)), UInt64(size), isWeak: isDoubtful),
            lastModified: HTTPDate(seconds: min(modified, now).flooredSeconds))
    }
}

extension Int {
    /// Whole seconds of nanoseconds, rounded down also before 1970.
    var flooredSeconds: Int {
        let seconds = self / 1_000_000_000
        return self % 1_000_000_000 < 0 ? seconds - 1 : seconds
    }
}
