public import Linux

/// An entry of a directory as a listing shows it.
struct ListedEntry: BitwiseCopyable, Sendable {
    private let nameStart: UInt32
    private let nameCount: UInt16
    /// Whether it is a directory; else it is a regular file.
    let isDirectory: Bool
    /// Bytes of content; of a directory without meaning.
    let size: Int
    /// When the content was modified, nanoseconds since 1970.
    let modified: Int

    init(nameStart: Int, nameCount: Int, isDirectory: Bool, size: Int, modified: Int) {
        self.nameStart = UInt32(nameStart)
        self.nameCount = UInt16(nameCount)
        self.isDirectory = isDirectory
        self.size = size
        self.modified = modified
    }

    /// The name, among those of all entries.
    @_lifetime(copy names)
    func name(in names: Span<UInt8>) -> Span<UInt8> {
        names.extracting(Int(nameStart)..<Int(nameStart) + Int(nameCount))
    }
}

/// What is in a directory: the names, kinds, sizes and times of what a site serves there, sorted.
///
/// Names are bytes, all in one buffer, so that a large directory costs a few allocations and two
/// system calls an entry.
public struct DirectoryListing: Sendable {
    /// The directory.
    public let path: ResolvedPath
    /// The order of the entries.
    public let order: ListingOrder
    /// How many directories there are.
    public let directoryCount: Int
    /// The bytes of content of all files.
    public let byteCount: Int
    /// The entries in their order.
    let entries: [ListedEntry]
    /// Their names, one behind the other.
    let names: [UInt8]

    /// How many entries there are.
    public var entryCount: Int { entries.count }

    /// Reads a directory below a document root, which may block.
    ///
    /// Names that start with a dot are left out, as they are never served, and so is what is no
    /// file and no directory. A symbolic link is shown as what it leads to, where that is below
    /// the root, else not. What vanishes meanwhile is left out.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - root: the document root.
    ///   - order: the order of its entries.
    /// - Throws: ENOENT, ENOTDIR, EACCES and so on, of openat2(2) and getdents64(2).
    public init(
        reading path: ResolvedPath, below root: SiteRoot, order: ListingOrder
    ) throws(Errno) {
        let directory = try root.directory.openBeneath(path.bytes.span, [.read, .directory])
        var reader = EntryReader(path: path)
        try directory.forEachEntry { name, kind in
            reader.add(name, kind, of: directory, below: root)
        }
        self.path = path
        self.order = order
        let names = reader.names
        self.names = names
        entries = order.sorted(reader.entries, names: names.span)
        directoryCount = reader.directoryCount
        byteCount = reader.byteCount
    }
}

/// A listing that many may send at once, each in a form of its own.
public final class SharedListing: Sendable {
    let listing: DirectoryListing
    let digest: ListingDigest

    /// Takes a listing.
    public init(_ listing: DirectoryListing) {
        self.listing = listing
        digest = ListingDigest(of: listing)
    }

    /// Whether another one shows the same.
    public func isEqual(to other: SharedListing) -> Bool {
        digest == other.digest && listing.entryCount == other.listing.entryCount
            && listing.path == other.listing.path && listing.order == other.listing.order
    }
}

/// Collects the entries of a directory.
private struct EntryReader {
    var entries: [ListedEntry] = []
    var names: [UInt8] = []
    var directoryCount = 0
    var byteCount = 0
    /// The directory's path below the root, with a slash behind it.
    private let prefix: [UInt8]

    init(path: ResolvedPath) {
        prefix = path.bytes.dropLast() + [0x2F]
    }

    /// Adds an entry, if it is one that is shown; `name` has a NUL behind it.
    mutating func add(
        _ name: Span<UInt8>, _ kind: FileStatus.Kind?, of directory: borrowing FileDescriptor,
        below root: SiteRoot
    ) {
        guard name[0] != 0x2E, kind != .other else { return }
        if kind != .symbolicLink, let status = try? directory.entryStatus(at: name),
            status.kind != .symbolicLink
        {
            append(name, status.kind, status.size, status.modified)
        } else if let status = destination(of: name, below: root) {
            append(name, status.kind, status.size, status.modified)
        }
    }

    /// What a symbolic link leads to below the root; nil where it leads out of it or nowhere.
    private func destination(of name: Span<UInt8>, below root: SiteRoot) -> FileStatus? {
        var path = prefix
        for index in 0..<name.count { path.append(name[index]) }
        return try? root.directory.openBeneath(path.span, .path).status()
    }

    private mutating func append(
        _ name: Span<UInt8>, _ kind: FileStatus.Kind, _ size: Int, _ modified: Int
    ) {
        switch kind {
        case .directory: directoryCount += 1
        case .regular: byteCount &+= size
        case .other, .symbolicLink: return
        }
        entries.append(
            ListedEntry(
                nameStart: names.count, nameCount: name.count - 1, isDirectory: kind == .directory,
                size: size, modified: modified))
        for index in 0..<name.count - 1 { names.append(name[index]) }
    }
}
