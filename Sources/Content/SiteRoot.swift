public import HTTP
public import Linux
internal import Synchronization

/// A document root: the one way to the files below a directory.
///
/// The directory is opened once. Every path is resolved by the kernel below that descriptor
/// (openat2(2), RESOLVE_BENEATH), so that no name, symbolic link or race leads out of it.
public final class SiteRoot: Sendable {
    /// What a path leads to.
    public enum Lookup: Sendable {
        /// A regular file.
        case file(OpenFile)
        /// A directory, and the path does not end with a slash.
        case directory
        /// A directory without an index page, and the path ends with a slash.
        case unindexed
        /// Nothing that is served.
        case missing
        /// Something that may not be read.
        case forbidden
        /// The disk must be asked: to be done again where it may block.
        case wouldBlock
        /// The system failed.
        case failed(Errno)
    }

    let directory: FileDescriptor
    let publications = Publications()
    private let indexNames: [[UInt8]]

    /// Opens a document root.
    ///
    /// - Parameters:
    ///   - path: a directory, as the process sees it.
    ///   - indexNames: the names of index pages, the first that exists is served.
    /// - Throws: ENOENT, ENOTDIR, EACCES and so on, of open(2).
    public init(path: String, indexNames: [String]) throws(Errno) {
        directory = try FileDescriptor.open(path, [.read, .directory])
        self.indexNames = indexNames.map { Array($0.utf8) }
    }

    /// Checks that the root takes uploads.
    ///
    /// - Throws: EROFS, EACCES.
    public func checkWritable() throws(Errno) {
        try directory.checkWritable()
    }

    /// Finds what a path leads to.
    ///
    /// - Parameters:
    ///   - path: the path.
    ///   - mayBlock: false gives `.wouldBlock` rather than asking the disk for a name.
    /// - Returns: what it leads to.
    public func lookup(_ path: ResolvedPath, mayBlock: Bool) -> Lookup {
        do throws(Errno) {
            let file = try open(path, mayBlock: mayBlock)
            switch file.status.kind {
            case .regular:
                return path.namesDirectory ? .missing : .file(file)
            case .directory:
                return path.namesDirectory ? lookupIndex(of: path, mayBlock: mayBlock) : .directory
            case .other, .symbolicLink:
                return .forbidden
            }
        } catch {
            return Self.lookup(for: error)
        }
    }

    /// Whether the path still leads to the inode that it led to, unchanged.
    ///
    /// The kernel confines nothing here; but the inode, and so its content, is the one that was
    /// found below the root before.
    public func isUnchanged(_ path: Span<UInt8>, since status: FileStatus) -> Bool {
        guard let now = try? directory.status(at: path) else { return false }
        return now == status
    }

    /// Whether a path leads to a regular file now.
    ///
    /// Not confined, as `isUnchanged` is not: for finding out that a path is to be looked up anew.
    public func hasFile(_ path: Span<UInt8>) -> Bool {
        (try? directory.status(at: path))?.kind == .regular
    }

    /// Whether there is nothing at a path.
    ///
    /// Not confined, as `isUnchanged` is not: for an answer that was found below the root before.
    public func isAbsent(_ path: ResolvedPath) -> Bool {
        do throws(Errno) {
            _ = try directory.status(at: path.bytes.span)
            return false
        } catch {
            return error == .notFound || error == .notDirectory
        }
    }

    /// The paths that go before the one that a path was found to lead to.
    ///
    /// They are index pages of a directory that would be served in place of the one that is.
    public func pathsBefore(_ found: ResolvedPath, for path: ResolvedPath) -> [ResolvedPath] {
        guard path.namesDirectory else { return [] }
        return indexNames.map { path.appending($0) }.prefix { $0 != found }.map { $0 }
    }

    /// The validators of a file, as far as its age allows strong ones.
    public func validators(of status: FileStatus, now: Int) -> Validators {
        status.validators(
            isDoubtful: status.isYoung(at: now) && !publications.contains(status), now: now)
    }

    private func lookupIndex(of path: ResolvedPath, mayBlock: Bool) -> Lookup {
        for name in indexNames {
            let index = path.appending(name)
            do throws(Errno) {
                let file = try open(index, mayBlock: mayBlock)
                if file.status.kind == .regular { return .file(file) }
            } catch {
                if error != .notFound { return Self.lookup(for: error) }
            }
        }
        return .unindexed
    }

    /// Whether a name is that of an index page.
    ///
    /// - Parameter name: the name with a NUL behind it.
    /// - Returns: whether it is one that `Index=` names.
    public func isIndexName(_ name: [UInt8]) -> Bool {
        indexNames.contains { name.dropLast().elementsEqual($0) }
    }

    private func open(_ path: ResolvedPath, mayBlock: Bool) throws(Errno) -> OpenFile {
        let descriptor = try directory.openBeneath(
            path.bytes.span, .read, onlyResident: !mayBlock)
        let status = try descriptor.status()
        return OpenFile(descriptor: descriptor, status: status, path: path)
    }

    private static func lookup(for error: Errno) -> Lookup {
        switch error {
        case .notFound, .notDirectory, .symbolicLinkLoop, .nameTooLong, .crossesDevice,
            .noSuchDevice, .invalidArgument:
            .missing
        case .accessDenied, .notPermitted: .forbidden
        case .again: .wouldBlock
        default: .failed(error)
        }
    }
}

/// The files that were published here lately, with a time of their own each.
///
/// A file just written has a weak entity tag, because a second write within the same tick of the
/// file system's clock could not be told apart. Of files published by us that is not true: each
/// gets a modification time that no other one of ours has.
final class Publications: Sendable {
    private struct State {
        /// By a part of the inode's number; a later file takes the place of an earlier one.
        var recent = [FileStatus?](repeating: nil, count: Publications.capacity)
        var lastModified = 0
    }

    private static let capacity = 512
    private let state = Mutex(State())

    /// A modification time for a file that is about to be published: now, and never the same twice.
    func nextModified(now: Int) -> Int {
        state.withLock { state in
            state.lastModified = max(now, state.lastModified + 1)
            return state.lastModified
        }
    }

    func insert(_ status: FileStatus) {
        state.withLock { state in
            state.recent[Self.slot(of: status)] = status
        }
    }

    func contains(_ status: FileStatus) -> Bool {
        state.withLock { state in
            guard let known = state.recent[Self.slot(of: status)] else { return false }
            return known.inode == status.inode && known.device == status.device
                && known.modified == status.modified && known.size == status.size
        }
    }

    private static func slot(of status: FileStatus) -> Int {
        Int(truncatingIfNeeded: status.inode) & (capacity - 1)
    }
}
