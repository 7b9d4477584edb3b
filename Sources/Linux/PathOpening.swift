internal import CLinux

// Files by path, for a tool that its user tells which: nothing here confines a path. What a peer names
// is opened below a directory instead.
extension FileDescriptor {
    /// Opens a file for reading (open(2)).
    public static func reading(path: String) throws(Errno) -> FileDescriptor {
        FileDescriptor(
            owning: try check { unsafe clinux_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) })
    }

    /// Opens what exists, such as a device or a pipe, for writing (open(2)).
    public static func writing(path: String) throws(Errno) -> FileDescriptor {
        FileDescriptor(
            owning: try check { unsafe clinux_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0) })
    }

    /// Another descriptor of the standard input.
    public static func standardInput() throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try check { clinux_fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) })
    }

    /// Another descriptor of the standard output.
    public static func standardOutput() throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try check { clinux_fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) })
    }

    /// Another descriptor of the standard error output.
    public static func standardError() throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try check { clinux_fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) })
    }

    /// Whether it is a terminal (isatty(3)).
    public var isTerminal: Bool { isatty(rawValue) == 1 }
}

extension FileStatus {
    /// What the inode at a path says, symbolic links followed (stat(2)).
    public init(path: String) throws(Errno) {
        var status = stat()
        _ = try check { unsafe fstatat(AT_FDCWD, path, &status, 0) }
        self.init(status)
    }
}
