internal import CLinux

/// The error number of a failed system call (errno(3)).
public struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number, such as 2 for ENOENT.
    public let rawValue: CInt

    /// An error number.
    public init(_ rawValue: CInt) {
        self.rawValue = rawValue
    }

    /// What the last failed call of this thread left in errno.
    ///
    /// To be read straight behind the call: anything in between may make calls of its own.
    static var last: Errno { Errno(clinux_errno()) }

    /// What strerror(3) says.
    public var description: String {
        unsafe String(cString: strerror(rawValue))
    }

    /// EACCES: permission denied.
    public static let accessDenied = Errno(EACCES)
    /// EADDRINUSE: the address is taken.
    public static let addressInUse = Errno(EADDRINUSE)
    /// EAGAIN: nothing there now.
    public static let again = Errno(EAGAIN)
    /// EBUSY: in use.
    public static let busy = Errno(EBUSY)
    /// ECONNABORTED: the peer left before it was accepted.
    public static let connectionAborted = Errno(ECONNABORTED)
    /// ECONNREFUSED: nobody listens.
    public static let connectionRefused = Errno(ECONNREFUSED)
    /// ECONNRESET: the peer reset the connection.
    public static let connectionReset = Errno(ECONNRESET)
    /// EDQUOT: over quota.
    public static let overQuota = Errno(EDQUOT)
    /// EEXIST: exists.
    public static let exists = Errno(EEXIST)
    /// EFBIG: larger than the file system or a limit allows.
    public static let fileTooLarge = Errno(EFBIG)
    /// EINPROGRESS: goes on in the background.
    public static let inProgress = Errno(EINPROGRESS)
    /// EINTR: a signal came in between.
    public static let interrupted = Errno(EINTR)
    /// EINVAL: an argument is not valid.
    public static let invalidArgument = Errno(EINVAL)
    /// EISDIR: a directory.
    public static let isDirectory = Errno(EISDIR)
    /// ELOOP: too many symbolic links, or one where none is allowed.
    public static let symbolicLinkLoop = Errno(ELOOP)
    /// EMFILE: the process has too many descriptors open.
    public static let tooManyOpenFiles = Errno(EMFILE)
    /// ENAMETOOLONG: a name is too long.
    public static let nameTooLong = Errno(ENAMETOOLONG)
    /// ENFILE: the system has too many files open.
    public static let fileTableOverflow = Errno(ENFILE)
    /// ENOBUFS: no buffer space.
    public static let noBufferSpace = Errno(ENOBUFS)
    /// ENOENT: no such file.
    public static let notFound = Errno(ENOENT)
    /// ENOMEM: out of memory.
    public static let outOfMemory = Errno(ENOMEM)
    /// ENOSPC: the device is full.
    public static let noSpace = Errno(ENOSPC)
    /// ENOSYS: the kernel has no such call.
    public static let notImplemented = Errno(ENOSYS)
    /// ENOTDIR: not a directory.
    public static let notDirectory = Errno(ENOTDIR)
    /// ENOTEMPTY: a directory with something in it.
    public static let notEmpty = Errno(ENOTEMPTY)
    /// ENXIO: no such device or address.
    public static let noSuchDevice = Errno(ENXIO)
    /// EOPNOTSUPP: not supported here.
    public static let notSupported = Errno(EOPNOTSUPP)
    /// EPERM: not permitted.
    public static let notPermitted = Errno(EPERM)
    /// EPIPE: nobody reads any more.
    public static let brokenPipe = Errno(EPIPE)
    /// EROFS: a read-only file system.
    public static let readOnlyFileSystem = Errno(EROFS)
    /// ETIMEDOUT: timed out.
    public static let timedOut = Errno(ETIMEDOUT)
    /// EXDEV: on another file system, or out of the tree that was allowed.
    public static let crossesDevice = Errno(EXDEV)
}

/// Makes a call until a signal no longer interrupts it; -1 becomes its error number.
@inline(__always)
func check<Value: FixedWidthInteger & SignedInteger>(
    _ call: () -> Value
) throws(Errno) -> Value {
    while true {
        let value = call()
        if value >= 0 { return value }
        let error = Errno.last
        if error != .interrupted { throw error }
    }
}
