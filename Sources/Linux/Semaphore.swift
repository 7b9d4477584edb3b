internal import CLinux

/// A count that threads add to and take from (sem_overview(7)).
///
/// It takes no descriptor: what waits with it works also where a process may open no more.
///
/// SAFETY: the pointer never changes, and is freed with the last reference; what it points to is
/// made for many threads.
@safe
public final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    /// A count of zero.
    public init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Adds one.
    public func signal() {
        unsafe sem_post(semaphore)
    }

    /// Takes one, waiting until it is there.
    public func wait() {
        while unsafe sem_wait(semaphore) != 0, Errno.last == .interrupted {}
    }

    /// Takes one, waiting for a limited time.
    ///
    /// - Returns: false when the time was over.
    public func wait(milliseconds: Int) -> Bool {
        let end = Instant.now + max(0, milliseconds) * 1_000_000
        var time = timespec(
            tv_sec: end.nanoseconds / 1_000_000_000, tv_nsec: end.nanoseconds % 1_000_000_000)
        while unsafe clinux_semaphore_wait(semaphore, &time) != 0 {
            guard Errno.last == .interrupted else { return false }
        }
        return true
    }
}
