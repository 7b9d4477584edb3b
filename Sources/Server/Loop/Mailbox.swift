internal import Content
internal import HTTP
internal import Linux
internal import Synchronization

/// Which connection of a worker something is for; stale once the slot has another connection.
struct ConnectionID: Sendable, Equatable, BitwiseCopyable {
    var slot: Int32
    var generation: UInt32
}

/// One piece of work that a connection waits for; what comes for an earlier one is stale.
struct WorkTicket: Sendable, BitwiseCopyable {
    let connection: ConnectionID
    let serial: UInt32
}

/// What a path leads to, found where that may block.
struct FoundPath: Sendable {
    let path: ResolvedPath
    /// The root that it was looked up below.
    let root: SiteRoot
    let result: SiteRoot.Lookup
    /// The whole content, where it is small.
    let content: [UInt8]?
}

/// What came of work that was done elsewhere for a connection.
enum WorkOutcome: Sendable {
    /// A path was looked up.
    case lookup(FoundPath)
    /// A directory was read.
    case listing(FoundListing)
    /// What the request needs was worked out, and is kept where it is looked for.
    case prepared
    /// The next part of a file is in memory, up to an offset.
    case warmed(end: Int)
    /// The next piece of a content that is made while it is sent; nil at its end.
    case piece([UInt8]?)
    /// An upload went one step on.
    case upload(Result<UploadProgress, UploadError>)
    /// A deletion was done, or not.
    case deletion(Result<Void, DeletionError>)
    /// The control interface answers.
    case control(StatusCode, [UInt8])
}

/// How far an upload is.
enum UploadProgress: Sendable {
    case begun
    case written
    /// Nothing stands in its way, and nothing was done.
    case checked(isNew: Bool)
    case published(Upload.Published)
}

/// What a worker is told by other threads.
enum WorkerMessage: Sendable {
    /// Work for a connection is done.
    case completed(WorkTicket, WorkOutcome)
    /// Show that the loop turns.
    case beat
    /// Another configuration is in force.
    case snapshot(Snapshot, Acknowledgement)
    /// Accept no more, and tell when the last connection is gone.
    case drain(Acknowledgement)
    /// Copy the statistics.
    case report(Acknowledgement)
}

/// The one way into a worker from other threads.
final class Mailbox: Sendable {
    let event: EventDescriptor
    private let messages = Mutex<[WorkerMessage]>([])

    init() throws(Errno) {
        event = try EventDescriptor()
    }

    /// Leaves a message and wakes the worker.
    func send(_ message: WorkerMessage) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if wasEmpty { event.signal() }
    }

    /// Takes all messages.
    func takeAll() -> [WorkerMessage] {
        event.reset()
        return messages.withLock { messages in
            defer { messages.removeAll() }
            return messages
        }
    }
}

/// Waits until every worker has answered.
final class Acknowledgement: Sendable {
    private let answers = Mutex<[Int: Statistics]>([:])
    private let event = Semaphore()

    /// A worker's answer; the first counts.
    func answer(worker: Int, _ statistics: Statistics) {
        let isNew = answers.withLock { answers in
            guard answers[worker] == nil else { return false }
            answers[worker] = statistics
            return true
        }
        if isNew { event.signal() }
    }

    /// Waits for `count` answers.
    ///
    /// - Returns: the answers by worker; fewer when the time was over.
    func wait(count: Int, milliseconds: Int) -> [Int: Statistics] {
        let end = Instant.now + milliseconds * 1_000_000
        while true {
            let answers = answers.withLock { $0 }
            let left = (end - Instant.now) / 1_000_000
            guard answers.count < count, left > 0,
                event.wait(milliseconds: left)
            else { return answers }
        }
    }
}
