internal import BasicContainers
internal import CLinux

/// What a listing shows of an entry of a directory (statx(2)).
public struct EntryStatus: Sendable, Equatable {
    /// The kind of file; of a symbolic link, that it is one.
    public let kind: FileStatus.Kind
    /// Bytes of content.
    public let size: Int
    /// When the content changed last, nanoseconds since 1970.
    public let modified: Int
}

extension FileDescriptor {
    /// Reads the entries of this directory, from its position to its end (getdents64(2)), in no
    /// particular order, without `.` and `..`.
    ///
    /// - Parameter body: gets the name with a NUL behind it, and the kind where the file system
    ///   knows it without the inode.
    /// - Throws: ENOTDIR; ENOENT where the directory was removed.
    public func forEachEntry(
        _ body: (_ name: Span<UInt8>, _ kind: FileStatus.Kind?) -> Void
    ) throws(Errno) {
        var buffer = UniqueArray<UInt8>(minimumCapacity: Self.entryBufferByteCount)
        let number = rawValue
        while true {
            buffer.removeAll(keepingCapacity: true)
            var count = 0
            try buffer.append(addingCount: Self.entryBufferByteCount) {
                (output) throws(Errno) in
                count = unsafe try fill(&output) { base, free in
                    unsafe clinux_getdents(number, base, free)
                }
            }
            if count == 0 { return }
            Self.forEachRecord(of: buffer.span, body)
        }
    }

    /// A system call for about five thousand entries.
    private static let entryBufferByteCount = 256 << 10

    private static func forEachRecord(
        of records: Span<UInt8>, _ body: (Span<UInt8>, FileStatus.Kind?) -> Void
    ) {
        var start = 0
        while start < records.count {
            let length =
                Int(records[start + CLINUX_DIRENT_LENGTH])
                | Int(records[start + CLINUX_DIRENT_LENGTH + 1]) << 8
            let nameStart = start + CLINUX_DIRENT_NAME
            var end = nameStart
            while records[end] != 0 { end &+= 1 }
            let isDot = records[nameStart] == 0x2E && end == nameStart + 1
            let isDotDot =
                records[nameStart] == 0x2E && end == nameStart + 2
                && records[nameStart + 1] == 0x2E
            if !isDot && !isDotDot {
                let kind = FileStatus.Kind(directoryEntry: records[start + CLINUX_DIRENT_TYPE])
                body(records.extracting(nameStart...end), kind)
            }
            start += length
        }
    }

    /// What the inode of an entry of this directory says, of a symbolic link's own (statx(2)).
    ///
    /// On a network file system it is what is known here, which may be a little old
    /// (AT_STATX_DONT_SYNC).
    ///
    /// - Parameter name: one name, with a NUL behind it.
    /// - Returns: what it says.
    /// - Throws: ENOENT where it is gone; EACCES where this directory may not be searched.
    public func entryStatus(at name: Span<UInt8>) throws(Errno) -> EntryStatus {
        var status = clinux_entry_status()
        let result = unsafe withCString(name) { pointer in
            unsafe clinux_entry_status(rawValue, pointer, &status)
        }
        guard result == 0 else { throw .last }
        return EntryStatus(
            kind: FileStatus.Kind(mode: status.mode), size: Int(status.size),
            modified: Int(status.modified_seconds) &* 1_000_000_000
                &+ Int(status.modified_nanoseconds))
    }
}

extension FileStatus.Kind {
    /// The kind that a mode of an inode says (inode(7)).
    init(mode: UInt32) {
        switch CInt(bitPattern: mode) & CLINUX_S_IFMT {
        case CLINUX_S_IFREG: self = .regular
        case CLINUX_S_IFDIR: self = .directory
        case CLINUX_S_IFLNK: self = .symbolicLink
        default: self = .other
        }
    }

    /// The kind that an entry says (readdir(3)); nil where it says that it does not know.
    fileprivate init?(directoryEntry type: UInt8) {
        switch Int(type) {
        case DT_UNKNOWN: return nil
        case DT_REG: self = .regular
        case DT_DIR: self = .directory
        case DT_LNK: self = .symbolicLink
        default: self = .other
        }
    }
}
