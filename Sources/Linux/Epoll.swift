internal import CLinux

/// What happened to a descriptor, and to which.
public struct ReadyEvent: Sendable, BitwiseCopyable {
    /// What the descriptor was added with.
    public let token: UInt64
    private let events: UInt32

    init(token: UInt64, events: UInt32) {
        self.token = token
        self.events = events
    }

    /// There may be something to read, an end of input included.
    public var isReadable: Bool {
        events & (CLINUX_EPOLLIN | CLINUX_EPOLLRDHUP | CLINUX_EPOLLHUP | CLINUX_EPOLLERR) != 0
    }
    /// There may be room to write, or an error to find.
    public var isWritable: Bool {
        events & (CLINUX_EPOLLOUT | CLINUX_EPOLLHUP | CLINUX_EPOLLERR) != 0
    }
    /// The peer sends no more, or the connection failed: reading will find the end.
    public var isEnd: Bool {
        events & (CLINUX_EPOLLRDHUP | CLINUX_EPOLLHUP | CLINUX_EPOLLERR) != 0
    }
}

/// A set of descriptors that a thread waits for (epoll(7)).
@safe
public struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private var count = 0

    /// An empty set that reports up to `capacity` events at a time.
    public init(capacity: Int) throws(Errno) {
        descriptor = FileDescriptor(owning: try check { epoll_create1(CInt(EPOLL_CLOEXEC)) })
        unsafe events = .allocate(capacity: capacity)
    }

    deinit {
        unsafe events.deallocate()
    }

    /// Adds a listening socket that other threads wait for too: of them, only some wake up for a
    /// connection (EPOLLEXCLUSIVE).
    public func addShared(_ number: CInt, token: UInt64) throws(Errno) {
        let epoll = descriptor.rawValue
        _ = try check {
            clinux_epoll_add(epoll, number, CLINUX_EPOLLIN | CLINUX_EPOLLEXCLUSIVE, token)
        }
    }

    /// Adds a descriptor that is reported as long as it can be read.
    public func addReadable(_ number: CInt, token: UInt64) throws(Errno) {
        let epoll = descriptor.rawValue
        _ = try check { clinux_epoll_add(epoll, number, CLINUX_EPOLLIN, token) }
    }

    /// Adds a connection, reported once for each change in either direction (EPOLLET).
    public func addConnection(_ number: CInt, token: UInt64) throws(Errno) {
        let epoll = descriptor.rawValue
        let events =
            CLINUX_EPOLLIN | CLINUX_EPOLLOUT | CLINUX_EPOLLRDHUP | CLINUX_EPOLLET
        _ = try check { clinux_epoll_add(epoll, number, events, token) }
    }

    /// Takes a descriptor out of the set; closing its last duplicate does so too.
    public func remove(_ number: CInt) {
        _ = clinux_epoll_delete(descriptor.rawValue, number)
    }

    /// Waits for events.
    ///
    /// - Parameter milliseconds: how long at most; -1 is for ever, 0 not at all.
    /// - Returns: how many there are; `event(at:)` gives them.
    public mutating func wait(milliseconds: Int32) -> Int {
        let result = unsafe epoll_wait(
            descriptor.rawValue, events.baseAddress, CInt(events.count), milliseconds)
        count = max(0, Int(result))
        return count
    }

    /// An event of the last `wait`.
    public func event(at index: Int) -> ReadyEvent {
        precondition(index < count, "There is no such event.")
        // SAFETY: index < count <= the count of the buffer, and the kernel filled `count` of them.
        return unsafe ReadyEvent(
            token: clinux_event_token(&events[index]), events: events[index].events)
    }
}

/// A counter that another thread's epoll sees (eventfd(2)).
public struct EventDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// A counter at zero.
    public init() throws(Errno) {
        let flags = CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK)
        descriptor = FileDescriptor(owning: try check { eventfd(0, flags) })
    }

    /// The number to wait for with epoll.
    public var rawValue: CInt { descriptor.rawValue }

    /// Adds one.
    public func signal() {
        _ = eventfd_write(descriptor.rawValue, 1)
    }

    /// Sets the counter to zero.
    public func reset() {
        var value: eventfd_t = 0
        while unsafe eventfd_read(descriptor.rawValue, &value) != 0, Errno.last == .interrupted {}
    }
}

/// A signal that the process acts on.
public enum ProcessSignal: UInt32, Sendable {
    case hangUp = 1
    case interrupt = 2
    case user1 = 10
    case terminate = 15
}

/// The process's signals as something to read (signalfd(2)).
public struct SignalDescriptor: ~Copyable {
    private let descriptor: FileDescriptor

    /// Blocks the signals of `ProcessSignal` in this thread and all it starts from now on, and
    /// makes them readable; SIGPIPE is ignored.
    public init() throws(Errno) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal: ProcessSignal in [.hangUp, .interrupt, .user1, .terminate] {
            unsafe sigaddset(&set, CInt(signal.rawValue))
        }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        clinux_ignore_sigpipe()
        let mask = set
        descriptor = FileDescriptor(
            owning: try check {
                var mask = mask
                return unsafe signalfd(-1, &mask, CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK))
            })
    }

    /// The number to wait for with epoll.
    public var rawValue: CInt { descriptor.rawValue }

    /// The next signal that came, or nil.
    public func next() -> ProcessSignal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.rawValue, &info, size) == size else { return nil }
        return ProcessSignal(rawValue: info.ssi_signo)
    }
}
