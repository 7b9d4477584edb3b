public import HTTP
public import Linux
internal import Synchronization

/// What a site allows of uploads, and how sure they must be.
public struct UploadPolicy: Sendable, Equatable {
    /// How durable an upload is when it is acknowledged.
    public enum Durability: Sendable {
        /// Content and name are on stable storage.
        case full
        /// The content is.
        case data
        /// The kernel writes it when it likes.
        case none
    }

    /// The most bytes of one upload; nil is no limit.
    public var byteLimit: Int?
    /// How durable.
    public var durability: Durability
    /// Whether a file may be replaced.
    public var allowsOverwriting: Bool
    /// Whether missing directories are made.
    public var createsDirectories: Bool

    /// A policy.
    public init(
        byteLimit: Int?, durability: Durability, allowsOverwriting: Bool, createsDirectories: Bool
    ) {
        self.byteLimit = byteLimit
        self.durability = durability
        self.allowsOverwriting = allowsOverwriting
        self.createsDirectories = createsDirectories
    }
}

/// Why an upload was not made; nothing of it is left.
public enum UploadError: Error, Sendable, Equatable {
    /// A directory that the target would be in does not exist.
    case missingParent
    /// The target is a directory, or something else that is no regular file.
    case notAFile
    /// The name cannot be a file's.
    case badName
    /// The file exists, and may not be replaced.
    case exists
    /// A precondition does not hold.
    case preconditionFailed
    /// The content is larger than allowed.
    case tooLarge
    /// The file system is full, or the owner over quota.
    case noSpace
    /// The system refused it: EACCES, EROFS and so on.
    case forbidden(Errno)
    /// The system failed.
    case failed(Errno)
}

/// One upload, from its first byte to its name.
///
/// The content goes to a file without a name (O_TMPFILE) on the file system of its target; it gets
/// the name when it is whole and, as far as asked, on stable storage. A reader sees the old file or
/// the new one; a server that is killed leaves nothing.
///
/// Its methods block, and are called by one thread after the other, never by two at once: the loop
/// that owns it hands it to the blocking pool and gets it back, each time through a lock.
public final class Upload: @unchecked Sendable {
    /// What was published.
    public struct Published: Sendable {
        /// Whether there was no such file before.
        public let isNew: Bool
        /// The validators of the new file.
        public let validators: Validators
    }

    private let root: SiteRoot
    private let path: ResolvedPath
    private let policy: UploadPolicy
    private let precondition: @Sendable (Validators?) -> Precondition
    /// Valid from `begin` on.
    private var file: FileDescriptor?
    /// The file's name in the staging directory, where the file system has no O_TMPFILE.
    private var stagedName: [UInt8]?
    /// The bytes written so far.
    public private(set) var byteCount = 0

    /// An upload that has not begun.
    ///
    /// - Parameters:
    ///   - root: the document root.
    ///   - path: the target below it.
    ///   - policy: what is allowed.
    ///   - precondition: judges the request's preconditions against the file that is there.
    public init(
        root: SiteRoot, path: ResolvedPath, policy: UploadPolicy,
        precondition: @escaping @Sendable (Validators?) -> Precondition
    ) {
        self.root = root
        self.path = path
        self.policy = policy
        self.precondition = precondition
    }

    deinit {
        if let stagedName { Staging(root: root).remove(stagedName) }
    }

    /// Refuses what can be refused without the content, and reserves its space.
    ///
    /// - Parameter expectedByteCount: how long the content will be, where that is known.
    /// - Throws: why there is no upload; nothing of it is left.
    public func begin(expectedByteCount: Int?) throws(UploadError) {
        guard !path.namesDirectory, !path.isRoot else { throw .notAFile }
        if let limit = policy.byteLimit, let expectedByteCount, expectedByteCount > limit {
            throw .tooLarge
        }
        try check(current: try currentStatus())
        if policy.createsDirectories { try createParents() }
        file = try openUnnamed()
        guard let expectedByteCount, expectedByteCount > 0 else { return }
        do throws(Errno) {
            try withFile { (file) throws(Errno) in
                try file.reserve(byteCount: expectedByteCount)
            }
        } catch {
            let isUnknown = error == .notSupported || error == .notImplemented
            if !isUnknown { throw UploadError(error) }
        }
    }

    /// Appends content.
    public func write(_ bytes: Span<UInt8>) throws(UploadError) {
        if let limit = policy.byteLimit, byteCount + bytes.count > limit { throw .tooLarge }
        do throws(Errno) {
            let position = byteCount
            try withFile { (file) throws(Errno) in try file.writeAll(bytes, at: position) }
        } catch {
            throw UploadError(error)
        }
        byteCount += bytes.count
    }

    /// Makes the content durable and gives it its name.
    ///
    /// The order is that of DESIGN: fsync of the file, link or rename, fsync of the directory.
    public func publish(now: Int) throws(UploadError) -> Published {
        do throws(Errno) {
            let size = byteCount
            try withFile { (file) throws(Errno) in
                try file.truncate(to: size)
                try file.setPermissions(0o644)
                try file.setModified(root.publications.nextModified(now: now))
                if policy.durability != .none { try file.synchronize() }
            }
        } catch {
            throw UploadError(error)
        }
        let isNew = try TargetLocks.shared.withLock(path) { () throws(UploadError) in
            try publishLocked()
        }
        let status: FileStatus
        do throws(Errno) {
            status = try withFile { (file) throws(Errno) in try file.status() }
            root.publications.insert(status)
            if policy.durability == .full {
                try openParent().synchronize()
            }
        } catch {
            throw UploadError(error)
        }
        return Published(isNew: isNew, validators: status.validators(isDoubtful: false))
    }

    /// Gives the file its name, if the preconditions still hold; nobody else publishes it
    /// meanwhile.
    ///
    /// - Returns: whether there was no such file before.
    private func publishLocked() throws(UploadError) -> Bool {
        // A file that somebody else makes in between is found by the next turn.
        for _ in 0..<16 {
            let current = try currentStatus()
            try check(current: current)
            do throws(Errno) {
                if current == nil {
                    try linkNew()
                } else {
                    try replace()
                }
                return current == nil
            } catch {
                if error == .notFound || error == .notDirectory { throw .missingParent }
                if error != .exists { throw UploadError(error) }
            }
        }
        throw .failed(.busy)
    }

    private func linkNew() throws(Errno) {
        let parent = try openParent()
        let name = path.name
        if let stagedName {
            // Without O_TMPFILE: the file has a name already. Nobody of ours makes the target while
            // we hold its lock.
            try Staging(root: root).move(stagedName, into: parent, as: name)
            self.stagedName = nil
        } else {
            try withFile { (file) throws(Errno) in try file.link(into: parent, as: name.span) }
        }
    }

    private func replace() throws(Errno) {
        let parent = try openParent()
        let name = path.name
        let staging = Staging(root: root)
        if let stagedName {
            try staging.move(stagedName, into: parent, as: name)
            self.stagedName = nil
        } else {
            try withFile { (file) throws(Errno) in
                try staging.replace(name, in: parent, with: file)
            }
        }
    }

    private func withFile<Result>(
        _ body: (borrowing FileDescriptor) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        switch file {
        case .some(let file): return try body(file)
        case Optional.none: throw .invalidArgument
        }
    }

    private func openParent() throws(Errno) -> FileDescriptor {
        let parent = path.parent
        return try root.directory.openBeneath(parent.span, [.read, .directory])
    }

    /// The status of the file that has the target's name; nil where there is none.
    private func currentStatus() throws(UploadError) -> FileStatus? {
        let bytes = path.bytes
        do throws(Errno) {
            let entry = try root.directory.openBeneath(bytes.span, .path)
            return try entry.status()
        } catch {
            switch error {
            case .notFound: return nil
            case .notDirectory: throw .missingParent
            case .crossesDevice, .symbolicLinkLoop: throw .notAFile
            case .nameTooLong: throw .badName
            default: throw UploadError(error)
            }
        }
    }

    private func check(current: FileStatus?) throws(UploadError) {
        if let current {
            guard current.kind == .regular else { throw .notAFile }
        }
        let validators = current.map { root.validators(of: $0, now: WallClock.now) }
        guard precondition(validators) != .failed else { throw .preconditionFailed }
        if current != nil, !policy.allowsOverwriting { throw .exists }
    }

    private func openUnnamed() throws(UploadError) -> FileDescriptor {
        let parent = path.parent
        do throws(Errno) {
            return try root.directory.openBeneath(parent.span, .unnamed)
        } catch {
            switch error {
            case .notFound, .notDirectory: throw .missingParent
            case .notSupported, .isDirectory, .invalidArgument: break
            default: throw UploadError(error)
            }
        }
        // The file system has no O_TMPFILE.
        do throws(Errno) {
            let name = Staging.newName()
            let file = try Staging(root: root).create(name)
            stagedName = name
            return file
        } catch {
            throw UploadError(error)
        }
    }

    /// Makes the directories above the target, one after the other, each opened below the root.
    private func createParents() throws(UploadError) {
        let names = path.parent.dropLast().split(separator: 0x2F)
        guard !path.parent.elementsEqual([0x2E, 0]) else { return }
        do throws(Errno) {
            var directory = try root.directory.openBeneath([0x2E, 0].span, [.read, .directory])
            var prefix: [UInt8] = []
            for name in names {
                let child = Array(name) + [0]
                do throws(Errno) {
                    try directory.makeDirectory(child.span, permissions: 0o755)
                    if policy.durability == .full { try directory.synchronize() }
                } catch {
                    if error != .exists { throw error }
                }
                prefix += (prefix.isEmpty ? [] : [0x2F]) + name
                let path = prefix + [0]
                directory = try root.directory.openBeneath(path.span, [.read, .directory])
            }
        } catch {
            if error == .notDirectory { throw .missingParent }
            throw UploadError(error)
        }
    }
}

extension UploadError {
    init(_ error: Errno) {
        self =
            switch error {
            case .noSpace, .overQuota: .noSpace
            case .fileTooLarge: .tooLarge
            case .accessDenied, .notPermitted, .readOnlyFileSystem: .forbidden(error)
            case .nameTooLong: .badName
            case .isDirectory, .notEmpty: .notAFile
            case .notFound, .notDirectory, .crossesDevice, .symbolicLinkLoop: .missingParent
            default: .failed(error)
            }
    }
}

/// Locks by target, so that a precondition that was checked still holds when the file is published.
///
/// A fixed number of locks, chosen by the path's hash: two targets may share one, which costs time
/// and nothing else.
private final class TargetLocks: Sendable {
    static let shared = TargetLocks()
    private let locks: [Lock] = (0..<64).map { _ in Lock() }

    private final class Lock: Sendable {
        let mutex = Mutex(())
    }

    func withLock<Result>(
        _ path: ResolvedPath, _ body: () throws(UploadError) -> Result
    ) throws(UploadError) -> Result {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in path.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let lock = locks[Int(hash >> 32) % locks.count]
        return try lock.mutex.withLock { (_) throws(UploadError) in try body() }
    }
}
