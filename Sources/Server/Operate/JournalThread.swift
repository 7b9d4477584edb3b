internal import Linux
internal import Synchronization
internal import Systemd

/// The thread that hands events to the journal, so that a slow journal stalls nothing else: no
/// loop, and not the thread that feeds the watchdog.
final class JournalThread: Sendable {
    private struct Queue {
        /// The fields of the waiting events, one behind the other.
        var bytes: [UInt8] = []
        /// The offset behind each field; -1 ends an event.
        var ends: [Int] = []
        /// Something was added and is not yet with the journal.
        var isPending = false
        var sent = 0
        var failed = 0
    }

    /// The bytes of requests that may wait; the rest of the process may fill as much again.
    private static let byteLimit = 1 << 20
    private let queue = Mutex(Queue())
    private let event = Semaphore()

    init() throws(Errno) {
        try Thread.start("journal") { self.run() }
    }

    /// Events that the journal took.
    var sentCount: Int { queue.withLock { $0.sent } }
    /// Events that the journal did not take.
    var failedCount: Int { queue.withLock { $0.failed } }

    /// Adds the events of requests.
    ///
    /// - Parameters:
    ///   - bytes: their fields.
    ///   - ends: the offset behind each field, -1 behind each event.
    /// - Returns: false where the queue is full; they are then dropped.
    func add(_ bytes: Span<UInt8>, ends: Span<Int>) -> Bool {
        add(bytes, ends: ends, byteLimit: Self.byteLimit)
    }

    /// Adds an event of the process itself.
    ///
    /// - Parameter fields: their names, of upper-case letters, digits and `_`, with their values.
    func add(_ fields: [(name: String, value: String)]) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for (name, value) in fields {
            bytes += "\(name)=\(value)".utf8
            ends.append(bytes.count)
        }
        ends.append(-1)
        _ = add(bytes.span, ends: ends.span, byteLimit: 2 * Self.byteLimit)
    }

    /// Waits until everything that was added is with the journal, but not for long.
    func drain() {
        let end = Instant.now + 2_000_000_000
        while Instant.now < end, queue.withLock({ $0.isPending }) {
            Thread.pause(milliseconds: 2)
        }
    }

    private func add(_ bytes: Span<UInt8>, ends: Span<Int>, byteLimit: Int) -> Bool {
        let isAdded = queue.withLock { queue in
            guard queue.bytes.count + bytes.count <= byteLimit else { return false }
            let base = queue.bytes.count
            queue.isPending = true
            for index in 0..<bytes.count { queue.bytes.append(bytes[index]) }
            for index in 0..<ends.count {
                queue.ends.append(ends[index] < 0 ? -1 : base + ends[index])
            }
            return true
        }
        if isAdded { event.signal() }
        return isAdded
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
            queue.withLock { $0.isPending = !$0.ends.isEmpty }
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
