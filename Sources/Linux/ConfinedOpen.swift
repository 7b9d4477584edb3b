internal import CLinux

/// How a file is opened (open(2)).
public struct OpenMode: OptionSet, Sendable {
    /// The O_ flags.
    public let rawValue: Int32

    /// O_ flags.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// For reading; never waits for a writer of a pipe, never becomes the controlling terminal.
    public static let read = OpenMode(rawValue: O_RDONLY | O_NONBLOCK | O_NOCTTY)
    /// For writing.
    public static let write = OpenMode(rawValue: O_WRONLY)
    /// For writing at the end.
    public static let append = OpenMode(rawValue: O_WRONLY | O_APPEND)
    /// Made where it is missing.
    public static let create = OpenMode(rawValue: O_CREAT)
    /// For reading and writing.
    public static let readWrite = OpenMode(rawValue: O_RDWR)
    /// Fails with EEXIST where it is there (with `create`).
    public static let exclusive = OpenMode(rawValue: O_EXCL)
    /// Not through a symbolic link at the end of the path; with `path`, the link itself.
    public static let noFollow = OpenMode(rawValue: O_NOFOLLOW)
    /// Only a directory.
    public static let directory = OpenMode(rawValue: O_DIRECTORY)
    /// Only as a starting point for other calls (O_PATH).
    public static let path = OpenMode(rawValue: clinux_o_path)
    /// A new file without a name, in the directory that is opened (O_TMPFILE).
    public static let unnamed = OpenMode(rawValue: clinux_o_tmpfile | O_RDWR)
}

// A path in this file is the bytes of a C string: it ends with a NUL, and has none before.
extension FileDescriptor {
    /// Opens a path as the process sees it (open(2)), closed on exec.
    public static func open(
        _ path: String, _ mode: OpenMode, permissions: UInt32 = 0
    ) throws(Errno) -> FileDescriptor {
        FileDescriptor(
            owning: try check {
                unsafe clinux_openat(AT_FDCWD, path, mode.rawValue | O_CLOEXEC, permissions)
            })
    }

    /// Opens what is below this directory, and nothing else (openat2(2), RESOLVE_BENEATH).
    ///
    /// The kernel follows symbolic links, but refuses each step that would leave the directory, and
    /// the magic links of /proc.
    ///
    /// - Parameters:
    ///   - path: a relative path that ends with a NUL.
    ///   - mode: how to open it.
    ///   - permissions: the permission bits of what is made, as far as umask(2) leaves them.
    ///   - onlyResident: fail with EAGAIN where the disk would have to be asked for a name
    ///     (RESOLVE_CACHED).
    /// - Returns: the descriptor, closed on exec.
    /// - Throws: EXDEV where the path leaves the directory; EAGAIN; and what open(2) says.
    public func openBeneath(
        _ path: Span<UInt8>, _ mode: OpenMode, permissions: UInt32 = 0o600,
        onlyResident: Bool = false
    ) throws(Errno) -> FileDescriptor {
        let resolve = UInt64(
            RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (onlyResident ? RESOLVE_CACHED : 0))
        let flags = UInt64(UInt32(bitPattern: mode.rawValue | O_CLOEXEC))
        let isMade = mode.contains(.unnamed) || mode.contains(.create)
        let permissions = isMade ? UInt64(permissions) : 0
        var attempts = 0
        while true {
            let number = unsafe withCString(path) { pointer in
                unsafe clinux_openat2(rawValue, pointer, flags, permissions, resolve)
            }
            if number >= 0 { return FileDescriptor(owning: number) }
            let error = Errno.last
            attempts += 1
            // EAGAIN without RESOLVE_CACHED: a rename happened meanwhile; the kernel could not tell
            // whether the path stayed below.
            let isRace = error == .interrupted || (error == .again && !onlyResident)
            guard isRace, attempts < 64 else { throw error }
        }
    }

    /// What the inode at a path says, following symbolic links (fstatat(2)).
    ///
    /// Not confined: for comparing with what `openBeneath` once gave, never for deciding.
    public func status(at path: Span<UInt8>) throws(Errno) -> FileStatus {
        var status = stat()
        let result = unsafe withCString(path) { pointer in
            unsafe fstatat(rawValue, pointer, &status, 0)
        }
        guard result == 0 else { throw .last }
        return FileStatus(status)
    }

    /// What an entry of this directory says of itself, also where it is a symbolic link
    /// (fstatat(2), AT_SYMLINK_NOFOLLOW).
    ///
    /// - Parameter name: one name, which ends with a NUL; so nothing leads out of the directory.
    /// - Returns: the entry's status.
    /// - Throws: ENOENT and so on.
    public func entryStatus(_ name: Span<UInt8>) throws(Errno) -> FileStatus {
        var status = stat()
        let result = unsafe withCString(name) { pointer in
            unsafe fstatat(rawValue, pointer, &status, AT_SYMLINK_NOFOLLOW)
        }
        guard result == 0 else { throw .last }
        return FileStatus(status)
    }

    /// Gives an unnamed or open file a name in a directory, which must not have it (linkat(2)).
    ///
    /// - Throws: EEXIST where the name is taken.
    public func link(
        into directory: borrowing FileDescriptor, as name: Span<UInt8>
    ) throws(Errno) {
        let target = directory.rawValue
        let result = unsafe withCString(name) { pointer in
            unsafe linkat(rawValue, "", target, pointer, clinux_at_empty_path)
        }
        guard result != 0 else { return }
        guard Errno.last == .notFound else { throw .last }
        // Before Linux 6.10 that needs a capability, and is ENOENT without; this goes by /proc.
        let source = "/proc/self/fd/\(rawValue)"
        let linked = unsafe withCString(name) { pointer in
            unsafe linkat(AT_FDCWD, source, target, pointer, AT_SYMLINK_FOLLOW)
        }
        guard linked == 0 else { throw .last }
    }

    /// Renames an entry of this directory, replacing what has the new name (renameat(2)).
    public func rename(
        _ name: Span<UInt8>, into directory: borrowing FileDescriptor, as newName: Span<UInt8>
    ) throws(Errno) {
        let target = directory.rawValue
        let result = unsafe withCString(name) { from in
            unsafe withCString(newName) { to in unsafe renameat(rawValue, from, target, to) }
        }
        guard result == 0 else { throw .last }
    }

    /// Removes a file's name from this directory (unlinkat(2)).
    public func unlink(_ name: Span<UInt8>) throws(Errno) {
        let result = unsafe withCString(name) { unsafe unlinkat(rawValue, $0, 0) }
        guard result == 0 else { throw .last }
    }

    /// Removes an empty directory from this one (unlinkat(2)).
    public func removeDirectory(_ name: Span<UInt8>) throws(Errno) {
        let result = unsafe withCString(name) { unsafe unlinkat(rawValue, $0, AT_REMOVEDIR) }
        guard result == 0 else { throw .last }
    }

    /// Makes a directory in this one (mkdirat(2)).
    public func makeDirectory(_ name: Span<UInt8>, permissions: UInt32) throws(Errno) {
        let result = unsafe withCString(name) { unsafe mkdirat(rawValue, $0, permissions) }
        guard result == 0 else { throw .last }
    }

    /// The names in this directory, without `.` and `..`.
    public func entryNames() throws(Errno) -> [[UInt8]] {
        // "." gives the stream a position of its own.
        let number = try check {
            unsafe clinux_openat(rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        guard let stream = unsafe fdopendir(number) else {
            let error = Errno.last
            _ = close(number)
            throw error
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
        }
        return names
    }

    /// Checks that this process may make files in this directory (faccessat(2)).
    ///
    /// - Throws: EROFS, EACCES.
    public func checkWritable() throws(Errno) {
        let number = rawValue
        _ = try check { unsafe faccessat(number, ".", W_OK, 0) }
    }

    /// Sets the permission bits (fchmod(2)).
    public func setPermissions(_ mode: UInt32) throws(Errno) {
        let number = rawValue
        _ = try check { fchmod(number, mode) }
    }

    /// Sets when the content was modified (futimens(3)), nanoseconds since 1970.
    public func setModified(_ nanoseconds: Int) throws(Errno) {
        let number = rawValue
        let time = timespec(
            tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        let times = [time, time]
        _ = try check { unsafe futimens(number, times) }
    }

    /// Reserves space without changing the size (fallocate(2), FALLOC_FL_KEEP_SIZE).
    ///
    /// - Throws: ENOSPC, EDQUOT, EFBIG; EOPNOTSUPP where the file system cannot.
    public func reserve(byteCount: Int) throws(Errno) {
        let number = rawValue
        _ = try check { clinux_reserve(number, byteCount) }
    }

    /// Cuts or extends the file (ftruncate(2)).
    public func truncate(to byteCount: Int) throws(Errno) {
        let number = rawValue
        _ = try check { ftruncate(number, byteCount) }
    }

    /// Takes the lock on the open file if it is free (flock(2)); gone with the descriptor.
    ///
    /// - Returns: false where somebody else has it.
    public func tryLock() throws(Errno) -> Bool {
        let number = rawValue
        do throws(Errno) {
            _ = try check { flock(number, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            if error == .again { return false }
            throw error
        }
    }

    /// Asks the kernel to read a part of the file into memory, and waits for it (readahead(2)).
    public func readAhead(from offset: Int, byteCount: Int) {
        _ = clinux_readahead(rawValue, offset, byteCount)
    }
}

/// Lends the bytes as a C string; they must end with a NUL.
func withCString<Result>(
    _ path: Span<UInt8>, _ body: (UnsafePointer<CChar>) -> Result
) -> Result {
    precondition(path.count > 0 && path[path.count - 1] == 0, "A path must end with a NUL.")
    // SAFETY: there is at least one byte, and the last is NUL.
    return unsafe path.withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
            guard let start = characters.baseAddress else { preconditionFailure("Not empty.") }
            return unsafe body(start)
        }
    }
}
