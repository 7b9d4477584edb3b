internal import Linux
internal import Synchronization

/// Flushes directories, one fsync(2) for all uploads that wait for the same one.
///
/// A flush covers every entry that was made before it began. So while one runs, those that come
/// wait, and the next one is for all of them: under load, a directory is flushed about twice in the
/// time of one flush, however many uploads there are.
final class DirectoryFlush: Sendable {
    private struct Key: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Somebody who waits: to be told the result, or to do the next flush for the others.
    private final class Waiter: Sendable {
        enum Call {
            case done(Errno?)
            case lead([Waiter])
        }

        private let isTold = Semaphore()
        private let call = Mutex<Call?>(nil)

        func tell(_ call: Call) {
            self.call.withLock { $0 = call }
            isTold.signal()
        }

        func wait() -> Call {
            isTold.wait()
            return call.withLock { $0 } ?? .done(nil)
        }
    }

    static let shared = DirectoryFlush()
    /// Those that wait, by the directory that is being flushed.
    private let waiting = Mutex<[Key: [Waiter]]>([:])

    /// Flushes a directory, or waits for a flush that begins after this call.
    func flush(_ directory: borrowing FileDescriptor) throws(Errno) {
        let status = try directory.status()
        let key = Key(device: status.device, inode: status.inode)
        let waiter = Waiter()
        let isFirst = waiting.withLock { waiting in
            if waiting[key]?.append(waiter) != nil { return false }
            waiting[key] = []
            return true
        }
        guard !isFirst else {
            try lead(directory, key, [])
            return
        }
        switch waiter.wait() {
        case .done(let error): if let error { throw error }
        case .lead(let others): try lead(directory, key, others)
        }
    }

    /// Does a flush for oneself and others, and hands the next one on.
    private func lead(
        _ directory: borrowing FileDescriptor, _ key: Key, _ others: [Waiter]
    ) throws(Errno) {
        var failure: Errno?
        do throws(Errno) {
            try directory.synchronize()
        } catch {
            failure = error
        }
        let next = waiting.withLock { waiting in
            let next = waiting[key] ?? []
            waiting[key] = next.isEmpty ? nil : []
            return next
        }
        next.first?.tell(.lead(Array(next.dropFirst())))
        for other in others { other.tell(.done(failure)) }
        if let failure { throw failure }
    }
}
