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
    /// The process or the system has no descriptor or memory left, for now.
    case busy
    /// The system refused it: EACCES, EROFS and so on.
    case forbidden(Errno)
    /// The system failed.
    case failed(Errno)
}

/// One upload, from its first byte to its name.
///
/// The content goes to a file without a name (O_TMPFILE) in the directory of its target; it gets
/// the name when it is whole and, as far as asked, on stable storage. A reader sees the old file or
/// the new one; a server that is killed leaves nothing.
///
/// The directory is opened once. Everything that decides, and everything that is done, goes through
/// that descriptor, whatever is renamed meanwhile.
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
    /// The target's directory, from `begin` on; nil while it is still to be made.
    private var parent: FileDescriptor?
    /// The new file, from `begin` on.
    private var file: FileDescriptor?
    /// Where the new file has a name already, because the file system has no O_TMPFILE.
    private var staged: StagedName?
    /// Whether it is over only when a disk has it.
    public var waitsForDisk: Bool { policy.durability != .none }
    /// The permission bits that the new file gets: those of the file that it replaces.
    private var mode: UInt32 = 0o644
    /// The name was free when that was checked.
    private var wasFree = false
    /// The bytes written so far.
    public private(set) var byteCount = 0
    /// The bytes that the file system has set aside.
    private var reservedByteCount = 0

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

    /// Refuses what can be refused without the content, and reserves its space.
    ///
    /// - Parameters:
    ///   - expectedByteCount: how long the content will be, where that is known.
    ///   - isAllThere: all of it is written next.
    /// - Throws: why there is no upload; nothing of it is left.
    public func begin(expectedByteCount: Int?, isAllThere: Bool = false) throws(UploadError) {
        let current = try check(expectedByteCount: expectedByteCount)
        if let current { mode = current.mode & 0o777 }
        file = try openNew()
        guard let expectedByteCount, expectedByteCount > 0 else { return }
        // Writing finds out as soon whether there is space. But what replaces a file is reserved
        // all the same: ext4 would begin to write it at the rename (auto_da_alloc), which takes as
        // long as all the rest.
        guard !isAllThere || current != nil else { return }
        do throws(Errno) {
            try withFile { (file) throws(Errno) in
                try file.reserve(byteCount: expectedByteCount)
            }
            reservedByteCount = expectedByteCount
        } catch {
            let isUnknown = error == .notSupported || error == .notImplemented
            if !isUnknown { throw UploadError(error) }
        }
    }

    /// Refuses what can be refused without the content, and makes nothing.
    ///
    /// - Returns: what would be replaced; nil where the file is new.
    public func check(expectedByteCount: Int?) throws(UploadError) -> FileStatus? {
        guard !path.namesDirectory, !path.isRoot else { throw .notAFile }
        if let limit = policy.byteLimit, let expectedByteCount, expectedByteCount > limit {
            throw .tooLarge
        }
        parent = try openParent()
        let (current, isTaken) = try currentStatus()
        try check(current: current)
        wasFree = !isTaken
        return current
    }

    /// Checks that the process may write where the new file would be.
    public func checkWritable() throws(UploadError) {
        // Where it is missing, it is made if the nearest one above it allows that.
        guard parent != nil else { return }
        try withParent { (parent) throws(Errno) in try parent.checkWritable() }
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
    /// After it, the upload is over, and has nothing open.
    public func publish(now: Int) throws(UploadError) -> Published {
        defer {
            file = nil
            parent = nil
        }
        let modified = root.publications.nextModified(now: now)
        let status: FileStatus
        do throws(Errno) {
            status = try finishFile(modified)
        } catch {
            throw UploadError(error)
        }
        let made = MadeDirectories(root: root, path: path, durability: policy.durability)
        if parent == nil {
            do throws(Errno) {
                try made.make()
            } catch {
                throw UploadError(error)
            }
            do throws(UploadError) {
                parent = try openParent()
            } catch {
                made.remove()
                throw error
            }
        }
        let isNew: Bool
        do throws(UploadError) {
            isNew = try publishName()
        } catch {
            made.remove()
            throw error
        }
        // A file system with coarser times has rounded it: then it is not this file's own.
        if status.modified == modified { root.publications.insert(status) }
        if policy.durability == .full {
            try withParent { (parent) throws(Errno) in try DirectoryFlush.shared.flush(parent) }
        }
        return Published(isNew: isNew, validators: root.validators(of: status, now: now))
    }

    private func finishFile(_ modified: Int) throws(Errno) -> FileStatus {
        let isTooLong = reservedByteCount > byteCount
        let size = byteCount
        return try withFile { (file) throws(Errno) in
            if isTooLong { try file.truncate(to: size) }
            try file.setModified(modified)
            // It was made with these, but for umask(2).
            var status = try file.status()
            if status.mode & 0o777 != mode {
                try file.setPermissions(mode)
                status = try file.status()
            }
            if policy.durability != .none { try file.synchronize() }
            return status
        }
    }

    /// Gives the file its name, if the preconditions still hold.
    ///
    /// - Returns: whether there was no such file before.
    private func publishName() throws(UploadError) -> Bool {
        // Whether a name is still free is found out by giving it.
        if wasFree, try linkIfFree() { return true }
        let directory = try withParent { (parent) throws(Errno) in try parent.status() }
        return try TargetLocks.shared.withLock(directory, path.name) { () throws(UploadError) in
            // A file that somebody else makes in between is found by the next turn.
            for _ in 0..<16 {
                let (current, isTaken) = try currentStatus()
                try check(current: current)
                if isTaken {
                    guard policy.allowsOverwriting else { throw .exists }
                    try replace()
                    return current == nil
                }
                if try linkIfFree() { return true }
            }
            throw .failed(.busy)
        }
    }

    private func linkIfFree() throws(UploadError) -> Bool {
        do throws(Errno) {
            try linkNew()
            return true
        } catch {
            guard error == .exists else { throw UploadError(error) }
            return false
        }
    }

    private func linkNew() throws(Errno) {
        let name = path.name
        try withParentAndFile { (parent, file) throws(Errno) in
            try file.link(into: parent, as: name.span)
        }
        staged = nil
    }

    private func replace() throws(UploadError) {
        let name = path.name
        do throws(Errno) {
            try withParentAndFile { (parent, file) throws(Errno) in
                if let staged {
                    try staged.move(into: parent, as: name)
                } else {
                    try Staging(root: root).replace(name, in: parent, with: file)
                }
            }
        } catch {
            throw UploadError(error)
        }
    }

    private func withParentAndFile(
        _ body: (borrowing FileDescriptor, borrowing FileDescriptor) throws(Errno) -> Void
    ) throws(Errno) {
        switch parent {
        case .some(let parent):
            switch file {
            case .some(let file): try body(parent, file)
            case Optional.none: throw .invalidArgument
            }
        case Optional.none: throw .notFound
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

    private func withParent<Result: ~Copyable>(
        _ body: (borrowing FileDescriptor) throws(Errno) -> Result
    ) throws(UploadError) -> Result {
        switch parent {
        case .some(let parent):
            do throws(Errno) {
                return try body(parent)
            } catch {
                throw UploadError(error)
            }
        case Optional.none: throw .missingParent
        }
    }

    /// The target's directory; nil where it is missing and may be made.
    private func openParent() throws(UploadError) -> FileDescriptor? {
        let path = path.parent
        do throws(Errno) {
            return try root.directory.openBeneath(path.span, [.read, .directory])
        } catch {
            if error == .notFound, policy.createsDirectories { return nil }
            throw UploadError(error)
        }
    }

    /// What the target is now.
    ///
    /// A symbolic link is replaced, not followed; but what it leads to is what a GET sees, and so
    /// what preconditions are about.
    ///
    /// - Returns: the status of the file, nil where a GET finds none; and whether the name is
    ///   taken.
    private func currentStatus() throws(UploadError) -> (status: FileStatus?, isTaken: Bool) {
        guard parent != nil else { return (nil, false) }
        let name = path.name
        let entry: FileStatus
        do throws(UploadError) {
            entry = try withParent { (parent) throws(Errno) in
                try parent.entryStatus(name.span)
            }
        } catch {
            if error == .missingParent { return (nil, false) }
            throw error
        }
        guard entry.kind == .symbolicLink else { return (entry, true) }
        let path = path.bytes
        do throws(Errno) {
            return (try root.directory.openBeneath(path.span, .path).status(), true)
        } catch {
            switch error {
            case .notFound, .notDirectory: return (nil, true)
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

    /// Opens a file without a name in the target's directory; where that is still to be made, in
    /// the nearest one above it.
    private func openNew() throws(UploadError) -> FileDescriptor {
        guard parent == nil else {
            return try withParent { (parent) throws(Errno) in try openNew(in: parent) }
        }
        var directory = path.parent
        while true {
            do throws(Errno) {
                return try openNew(
                    in: root.directory.openBeneath(directory.span, [.read, .directory]))
            } catch {
                guard error == .notFound, directory != [0x2E, 0] else { throw UploadError(error) }
                directory = ResolvedPath.parent(of: directory)
            }
        }
    }

    private func openNew(in directory: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
        let here: [UInt8] = [0x2E, 0]
        do throws(Errno) {
            return try directory.openBeneath(here.span, .unnamed, permissions: mode)
        } catch {
            switch error {
            case .notSupported, .isDirectory, .invalidArgument: break
            default: throw error
            }
        }
        let staged = try StagedName(in: directory.duplicate())
        let file = try staged.create()
        self.staged = staged
        return file
    }
}

extension UploadError {
    init(_ error: Errno) {
        self =
            switch error {
            case .noSpace, .overQuota: .noSpace
            case .fileTooLarge: .tooLarge
            case .tooManyOpenFiles, .fileTableOverflow, .outOfMemory: .busy
            case .accessDenied, .notPermitted, .readOnlyFileSystem: .forbidden(error)
            case .nameTooLong: .badName
            case .isDirectory, .notEmpty, .crossesDevice, .symbolicLinkLoop: .notAFile
            case .notFound, .notDirectory: .missingParent
            default: .failed(error)
            }
    }
}
