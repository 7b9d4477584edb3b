internal import CLinux

/// An open file, socket or other kernel object, owned: closed when its owner ends.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for calls that this module does not wrap; never to be closed by the caller.
    public let rawValue: CInt

    /// Takes over an open descriptor.
    public init(owning rawValue: CInt) {
        self.rawValue = rawValue
    }

    deinit {
        // EINTR too means closed on Linux (close(2)).
        if rawValue >= 0 { _ = close(rawValue) }
    }

    /// Stands where there is no descriptor; every call with it fails with EBADF.
    public static var none: FileDescriptor { FileDescriptor(owning: -1) }

    /// Whether it stands for no descriptor.
    public var isNone: Bool { rawValue < 0 }

    /// Gives the number away; the caller closes it.
    public consuming func release() -> CInt {
        let number = rawValue
        discard self
        return number
    }

    /// Another descriptor of the same open file, closed on exec.
    public func duplicate() throws(Errno) -> FileDescriptor {
        let number = rawValue
        return FileDescriptor(owning: try check { clinux_fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }

    /// Reads into the free part of a buffer (read(2)).
    ///
    /// - Returns: how many bytes; 0 at the end of the file.
    public func read(into output: inout OutputSpan<UInt8>) throws(Errno) -> Int {
        let number = rawValue
        return unsafe try fill(&output) { base, count in unsafe CLinux.read(number, base, count) }
    }

    /// Reads at a position into the free part of a buffer (pread(2)).
    public func read(
        into output: inout OutputSpan<UInt8>, at offset: Int
    ) throws(Errno) -> Int {
        let number = rawValue
        return unsafe try fill(&output) { base, count in unsafe pread(number, base, count, offset) }
    }

    /// As `read(into:at:)`, but only what is in memory: `Errno.again` where the disk would be asked
    /// (preadv2(2), RWF_NOWAIT).
    public func readResident(
        into output: inout OutputSpan<UInt8>, at offset: Int
    ) throws(Errno) -> Int {
        let number = rawValue
        return unsafe try fill(&output) { base, count in
            unsafe clinux_pread_resident(number, base, count, offset)
        }
    }

    /// Writes some of the bytes (write(2)).
    ///
    /// - Returns: how many.
    public func write(_ bytes: Span<UInt8>) throws(Errno) -> Int {
        let number = rawValue
        return try unsafe bytes.withUnsafeBytes { (raw) throws(Errno) -> Int in
            try check { unsafe CLinux.write(number, raw.baseAddress, raw.count) }
        }
    }

    /// Writes all of the bytes, in as many calls as it takes.
    public func writeAll(_ bytes: Span<UInt8>) throws(Errno) {
        var offset = 0
        while offset < bytes.count {
            offset += try write(bytes.extracting(offset..<bytes.count))
        }
    }

    /// Writes all of the bytes at a position (pwrite(2)).
    public func writeAll(_ bytes: Span<UInt8>, at position: Int) throws(Errno) {
        let number = rawValue
        try unsafe bytes.withUnsafeBytes { (raw) throws(Errno) in
            var offset = 0
            while offset < raw.count {
                let start = offset
                offset += try check {
                    unsafe pwrite(
                        number, raw.baseAddress?.advanced(by: start), raw.count - start,
                        position + start)
                }
            }
        }
    }

    /// Flushes the file, or the directory's entries, to stable storage (fsync(2)).
    public func synchronize() throws(Errno) {
        let number = rawValue
        _ = try check { fsync(number) }
    }

    /// Flushes the content, and what is needed to read it, to stable storage (fdatasync(2)).
    public func synchronizeData() throws(Errno) {
        let number = rawValue
        _ = try check { fdatasync(number) }
    }

    /// What the inode says (fstat(2)).
    public func status() throws(Errno) -> FileStatus {
        let number = rawValue
        var status = stat()
        _ = try check { unsafe fstat(number, &status) }
        return FileStatus(status)
    }

    @inline(__always)
    func fill(
        _ output: inout OutputSpan<UInt8>,
        _ call: (UnsafeMutableRawPointer?, Int) -> Int
    ) throws(Errno) -> Int {
        try unsafe output.withUnsafeMutableBufferPointer { (buffer, filled) throws(Errno) -> Int in
            let free = buffer.count - filled
            // SAFETY: [filled, buffer.count) is the free part; the kernel initialises `count`
            // bytes.
            let base = unsafe buffer.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + filled) }
            let count = try check { unsafe call(base, free) }
            filled += count
            return count
        }
    }
}

/// What an inode says of itself (fstat(2)).
public struct FileStatus: Sendable, Equatable {
    /// What kind of file it is.
    public enum Kind: Sendable {
        /// A regular file.
        case regular
        /// A directory.
        case directory
        /// A symbolic link, opened itself (`entryStatus`).
        case symbolicLink
        /// A device, pipe or socket.
        case other
    }

    /// The kind of file.
    public let kind: Kind
    /// Bytes of content.
    public let size: Int
    /// The device that the file system is on.
    public let device: UInt64
    /// The number of the inode, unique on its device.
    public let inode: UInt64
    /// When the content changed last, nanoseconds since 1970.
    public let modified: Int
    /// When content or inode changed last, nanoseconds since 1970.
    public let changed: Int
    /// The permission bits.
    public let mode: UInt32
    /// The user id of the owner.
    public let owner: UInt32

    @inline(__always)
    init(_ status: stat) {
        kind = Kind(mode: status.st_mode)
        size = Int(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        modified = Int(status.st_mtim.tv_sec) &* 1_000_000_000 &+ status.st_mtim.tv_nsec
        changed = Int(status.st_ctim.tv_sec) &* 1_000_000_000 &+ status.st_ctim.tv_nsec
        mode = UInt32(status.st_mode) & 0o7777
        owner = status.st_uid
    }
}
