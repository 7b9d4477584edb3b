public import HTTP
public import Linux

/// Why something was not removed; it is as it was.
public enum DeletionError: Error, Sendable, Equatable {
    /// There is nothing that is served.
    case missing
    /// The target is the root itself, or no file and no directory.
    case notAFile
    /// The target is a directory, and only a file may be removed there.
    case directory
    /// The directory is not empty.
    case notEmpty
    /// A precondition does not hold.
    case preconditionFailed
    /// The process or the system has no descriptor or memory left, for now.
    case busy
    /// The system refused it: EACCES, EROFS and so on.
    case forbidden(Errno)
    /// The system failed.
    case failed(Errno)
}

/// Removes a file, or an empty directory (RFC 9110 §9.3.5).
///
/// A symbolic link is removed, not what it leads to; but what it leads to is what a GET sees, and
/// so what preconditions are about.
public struct Deletion: Sendable {
    private let root: SiteRoot
    private let path: ResolvedPath
    private let durability: UploadPolicy.Durability
    private let allowsDirectory: Bool
    private let precondition: @Sendable (Validators?) -> Precondition

    /// A deletion that is not done yet.
    ///
    /// - Parameters:
    ///   - root: the document root.
    ///   - path: the target below it.
    ///   - durability: how sure it is when it was done; with `full` the name is gone from stable
    ///     storage too.
    ///   - allowsDirectory: whether it may be a directory.
    ///   - precondition: judges the request's preconditions against the file that is there.
    public init(
        root: SiteRoot, path: ResolvedPath, durability: UploadPolicy.Durability,
        allowsDirectory: Bool, precondition: @escaping @Sendable (Validators?) -> Precondition
    ) {
        self.root = root
        self.path = path
        self.durability = durability
        self.allowsDirectory = allowsDirectory
        self.precondition = precondition
    }

    /// Removes the target; blocks.
    public func perform() throws(DeletionError) {
        let parent = try openParent()
        let directory = try DeletionError.wrap { () throws(Errno) in try parent.status() }
        let name = path.name
        try TargetLocks.shared.withLock(directory, name) { () throws(DeletionError) in
            let isDirectory = try check(in: parent)
            try DeletionError.wrap { () throws(Errno) in
                try isDirectory ? parent.removeDirectory(name.span) : parent.unlink(name.span)
            }
        }
        guard durability == .full else { return }
        try DeletionError.wrap { () throws(Errno) in try DirectoryFlush.shared.flush(parent) }
    }

    /// Looks what stands in the way, and does nothing; blocks.
    public func check() throws(DeletionError) {
        let parent = try openParent()
        let isDirectory = try check(in: parent)
        try DeletionError.wrap { () throws(Errno) in try parent.checkWritable() }
        guard isDirectory else { return }
        let path = path.bytes
        let names = try DeletionError.wrap { () throws(Errno) in
            try root.directory.openBeneath(path.span, [.read, .directory]).entryNames()
        }
        guard names.isEmpty else { throw .notEmpty }
    }

    private func openParent() throws(DeletionError) -> FileDescriptor {
        guard !path.isRoot else { throw .notAFile }
        let parent = path.parent
        return try DeletionError.wrap { () throws(Errno) in
            try root.directory.openBeneath(parent.span, [.read, .directory])
        }
    }

    /// Checks what the target is now.
    ///
    /// - Returns: whether it is a directory.
    private func check(in parent: borrowing FileDescriptor) throws(DeletionError) -> Bool {
        let name = path.name
        let bytes = path.bytes
        let entry: FileStatus
        let served: FileStatus
        do throws(Errno) {
            entry = try parent.entryStatus(name.span)
            served =
                entry.kind == .symbolicLink
                ? try root.directory.openBeneath(bytes.span, .path).status() : entry
        } catch {
            throw DeletionError(error)
        }
        guard served.kind != .regular || !path.namesDirectory else { throw .missing }
        let validators =
            served.kind == .regular ? root.validators(of: served, now: WallClock.now) : nil
        guard precondition(validators) != .failed else { throw .preconditionFailed }
        guard served.kind == .regular || served.kind == .directory else { throw .notAFile }
        guard entry.kind != .directory || allowsDirectory else { throw .directory }
        return entry.kind == .directory
    }
}

extension DeletionError {
    init(_ error: Errno) {
        self =
            switch error {
            case .notFound, .notDirectory, .crossesDevice, .symbolicLinkLoop, .nameTooLong: .missing
            case .notEmpty, .exists, .busy: .notEmpty
            case .tooManyOpenFiles, .fileTableOverflow, .outOfMemory: .busy
            case .accessDenied, .notPermitted, .readOnlyFileSystem: .forbidden(error)
            default: .failed(error)
            }
    }

    /// Does something that the system may refuse.
    fileprivate static func wrap<Result: ~Copyable>(
        _ body: () throws(Errno) -> Result
    ) throws(DeletionError) -> Result {
        do throws(Errno) { return try body() } catch { throw DeletionError(error) }
    }
}
