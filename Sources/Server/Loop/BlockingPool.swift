internal import DequeModule
internal import Linux
internal import Synchronization

/// A few threads for what may block: opening, reading from disk, fsync, rename.
///
/// So that a slow disk delays those who asked it, and nobody else.
final class BlockingPool: Sendable {
    typealias Job = @Sendable () -> Void

    /// What waits for no disk, as far as one can tell, and those who do it.
    private struct QuickJobs {
        var waiting: Deque<Job> = []
        var runnerCount = 0
    }

    private let jobs = Mutex<Deque<Job>>([])
    private let waiting = Semaphore()
    private let quickJobs = Mutex(QuickJobs())
    private let quickLimit: Int

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: begins the name of each thread.
    ///   - threadCount: how many there are.
    ///   - quickLimit: the most of them that do quick jobs at the same time.
    /// - Throws: EAGAIN where the system has no thread left.
    init(_ name: String, threadCount: Int, quickLimit: Int = 1) throws(Errno) {
        self.quickLimit = quickLimit
        for index in 0..<threadCount {
            try Thread.start("\(name)-\(index)") { self.run() }
        }
    }

    /// Has a thread do a job, in the order of submission as far as threads are free.
    func submit(_ job: @escaping Job) {
        jobs.withLock { $0.append(job) }
        waiting.signal()
    }

    /// Has a thread do a job that costs time of a processor rather than of a disk.
    ///
    /// More threads than processors would only be in each other's way then: one that is at it does
    /// those that come meanwhile.
    func submitQuick(_ job: @escaping Job) {
        let needsRunner = quickJobs.withLock { jobs in
            jobs.waiting.append(job)
            guard jobs.runnerCount < quickLimit else { return false }
            jobs.runnerCount += 1
            return true
        }
        if needsRunner { submit { self.runQuickJobs() } }
    }

    private func runQuickJobs() {
        while true {
            let job = quickJobs.withLock { jobs in
                let job = jobs.waiting.popFirst()
                if job == nil { jobs.runnerCount -= 1 }
                return job
            }
            guard let job else { return }
            job()
        }
    }

    private func run() {
        while true {
            waiting.wait()
            let job = jobs.withLock { $0.popFirst() }
            job?()
        }
    }
}
