internal import CLinux

/// A thread of our own (pthreads(7)), for work that never ends or that blocks.
public enum Thread {
    /// Starts a thread that is never joined.
    ///
    /// - Parameters:
    ///   - name: what ps(1) and top(1) show; at most 15 bytes.
    ///   - body: what it does.
    /// - Throws: EAGAIN where there may be no more threads.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body)).toOpaque()
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { unsafe pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // SAFETY: the argument is the retained Start of below, and is taken once.
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                unsafe clinux_set_thread_name(start.name)
                start.body()
                return nil
            }, start)
        guard code == 0 else {
            unsafe Unmanaged<Start>.fromOpaque(start).release()
            throw Errno(code)
        }
    }

    /// Sleeps.
    public static func pause(milliseconds: Int) {
        var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        unsafe nanosleep(&time, nil)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

/// What the machine and the process are allowed.
public enum ProcessLimits {
    /// Processors that this process may run on.
    public static var usableProcessorCount: Int {
        Int(clinux_usable_processors())
    }

    /// Descriptors that this process may open, the soft limit raised to the hard one
    /// (getrlimit(2)).
    public static func raiseDescriptorLimit() -> Int {
        Int(clamping: clinux_raise_descriptor_limit())
    }

    /// Gives back the memory of code and constants (madvise(2), MADV_DONTNEED).
    ///
    /// They are those of the program's files, so what is needed again comes from there, and most of
    /// what a start needs is not.
    public static func releaseCode() {
        clinux_release_code()
    }

    /// The id of this process.
    public static var processID: Int { Int(getpid()) }

    /// Random bytes of the kernel (getrandom(2)).
    public static func random() -> UInt64 {
        var value: UInt64 = 0
        _ = unsafe getrandom(&value, 8, 0)
        return value
    }
}
