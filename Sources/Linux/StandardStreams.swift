internal import CLinux

extension FileDescriptor {
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
