internal import DequeModule
internal import Linux
internal import Synchronization

/// A few threads for what may block: opening, reading from disk, fsync, rename.
///
/// So that a slow disk delays those who asked it, and nobody else.
final class BlockingPool: Sendable {
    typealias Job = @Sendable () -> Void

    private let jobs = Mutex<Deque<Job>>([])
    private let waiting = Semaphore()

    /// Starts the threads.
    init(_ name: String, threadCount: Int) throws(Errno) {
        for index in 0..<threadCount {
            try Thread.start("\(name)-\(index)") { self.run() }
        }
    }

    /// Has a thread do a job, in the order of submission as far as threads are free.
    func submit(_ job: @escaping Job) {
        jobs.withLock { $0.append(job) }
        waiting.signal()
    }

    private func run() {
        while true {
            waiting.wait()
            let job = jobs.withLock { $0.popFirst() }
            job?()
        }
    }
}
