internal import Linux
internal import Synchronization
internal import Systemd

/// The thread that hands request events to the journal, so that a slow journal stalls no loop.
final class JournalThread: Sendable {
    private struct Queue {
        /// The fields of the waiting events, one behind the other.
        var bytes: [UInt8] = []
        /// The offset behind each field; -1 ends an event.
        var ends: [Int] = []
        /// Events that were added and not yet sent.
        var pending = 0
        var sent = 0
        var failed = 0
    }

    private static let byteLimit = 1 << 20
    private let queue = Mutex(Queue())
    private let event: EventDescriptor

    init() throws(Errno) {
        event = try EventDescriptor(isSemaphore: true)
        try Thread.start("journal") { self.run() }
    }

    /// Events that the journal took.
    var sentCount: Int { queue.withLock { $0.sent } }
    /// Events that the journal did not take.
    var failedCount: Int { queue.withLock { $0.failed } }

    /// Adds events.
    ///
    /// - Parameters:
    ///   - bytes: their fields.
    ///   - ends: the offset behind each field, -1 behind each event.
    /// - Returns: false where the queue is full; they are then dropped.
    func add(_ bytes: Span<UInt8>, ends: Span<Int>) -> Bool {
        let isAdded = queue.withLock { queue in
            guard queue.bytes.count + bytes.count <= Self.byteLimit else { return false }
            let base = queue.bytes.count
            queue.pending += 1
            for index in 0..<bytes.count { queue.bytes.append(bytes[index]) }
            for index in 0..<ends.count {
                queue.ends.append(ends[index] < 0 ? -1 : base + ends[index])
            }
            return true
        }
        if isAdded { event.signal() }
        return isAdded
    }

    /// Waits until everything that was added is with the journal, but not for long.
    func drain() {
        let end = Instant.now + 2_000_000_000
        while Instant.now < end, queue.withLock({ $0.pending > 0 }) {
            Thread.pause(milliseconds: 5)
        }
    }

    private func run() {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        while true {
            event.wait()
            bytes.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            queue.withLock { queue in
                swap(&bytes, &queue.bytes)
                swap(&ends, &queue.ends)
            }
            send(bytes, ends)
            if !ends.isEmpty { queue.withLock { $0.pending = $0.ends.isEmpty ? 0 : 1 } }
        }
    }

    private func send(_ bytes: [UInt8], _ ends: [Int]) {
        var start = 0
        var fields: [Int] = []
        for end in ends {
            if end >= 0 {
                fields.append(end - start)
                continue
            }
            guard let size = fields.last else { continue }
            let isSent = Journal.send(
                bytes.span.extracting(start..<start + size), fieldEnds: fields)
            queue.withLock { queue in
                if isSent { queue.sent += 1 } else { queue.failed += 1 }
            }
            start += size
            fields.removeAll(keepingCapacity: true)
        }
    }
}
