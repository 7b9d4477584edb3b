internal import BasicContainers
internal import Linux

/// What a connection is waited for.
enum DeadlineKind: UInt8, CaseIterable {
    /// The rest of a request's head.
    case header
    /// The next request on a persistent connection.
    case idle
    /// Progress of a content in either direction.
    case transfer
    /// The peer's end, after ours.
    case linger
    /// The first request, while the server drains.
    case drain
}

/// The deadlines of a loop's connections.
///
/// All deadlines of a kind have one length, so a queue in the order of arming is in the order of
/// expiry: arming and disarming are a few stores, and nothing is ever sorted or allocated.
struct DeadlineQueues: ~Copyable {
    private struct Link: BitwiseCopyable {
        var previous: Int32 = -1
        var next: Int32 = -1
        var kind: UInt8 = DeadlineQueues.unarmed
        var due = 0
    }

    private struct Queue: BitwiseCopyable {
        var first: Int32 = -1
        var last: Int32 = -1
        var length = 0
        /// How much later than its length a deadline may be.
        var slack = 0
    }

    private static let unarmed: UInt8 = 0xFF
    private var links: RigidArray<Link>
    private var queues = InlineArray<5, Queue>(repeating: Queue())

    /// Queues for slots 0..<`capacity`.
    init(capacity: Int) {
        links = RigidArray(capacity: capacity)
    }

    /// Sets how long the deadlines of a kind are, in nanoseconds; those that are armed end no later
    /// than if they were armed now, so that the queue stays sorted.
    ///
    /// - Parameters:
    ///   - kind: the kind.
    ///   - nanoseconds: how long they are.
    ///   - slack: how much later they may be over, in nanoseconds. One that is armed again sooner
    ///     than that is left as it is, which spares a busy connection nearly all of the work.
    ///   - now: the present time.
    mutating func setLength(
        of kind: DeadlineKind, _ nanoseconds: Int, slack: Int = 0, now: Instant
    ) {
        let index = Int(kind.rawValue)
        queues[index].length = nanoseconds
        queues[index].slack = slack
        let due = now.nanoseconds &+ nanoseconds &+ slack
        var slot = Int(queues[index].first)
        while slot >= 0 {
            links[slot].due = min(links[slot].due, due)
            slot = Int(links[slot].next)
        }
    }

    /// Arms the slot's one deadline anew.
    @inline(__always)
    mutating func arm(_ slot: Int, _ kind: DeadlineKind, now: Instant) {
        let queue = queues[Int(kind.rawValue)]
        if queue.slack > 0, slot < links.count, links[slot].kind == kind.rawValue,
            links[slot].due >= now.nanoseconds &+ queue.length
        {
            return
        }
        link(slot, kind, now: now)
    }

    private mutating func link(_ slot: Int, _ kind: DeadlineKind, now: Instant) {
        while links.count <= slot { links.append(Link()) }
        disarm(slot)
        let index = Int(kind.rawValue)
        let last = queues[index].last
        links[slot] = Link(
            previous: last, next: -1, kind: kind.rawValue,
            due: now.nanoseconds &+ queues[index].length &+ queues[index].slack)
        if last >= 0 {
            links[Int(last)].next = Int32(truncatingIfNeeded: slot)
        } else {
            queues[index].first = Int32(truncatingIfNeeded: slot)
        }
        queues[index].last = Int32(truncatingIfNeeded: slot)
    }

    /// Takes the slot's deadline away.
    mutating func disarm(_ slot: Int) {
        guard slot < links.count else { return }
        let link = links[slot]
        guard link.kind != Self.unarmed else { return }
        if link.previous >= 0 {
            links[Int(link.previous)].next = link.next
        } else {
            queues[Int(link.kind)].first = link.next
        }
        if link.next >= 0 {
            links[Int(link.next)].previous = link.previous
        } else {
            queues[Int(link.kind)].last = link.previous
        }
        links[slot].kind = Self.unarmed
    }

    /// Disarms and gives a slot whose deadline is over, or nil.
    mutating func popExpired(now: Instant) -> (slot: Int, kind: DeadlineKind)? {
        for kind in DeadlineKind.allCases {
            let first = Int(queues[Int(kind.rawValue)].first)
            guard first >= 0, links[first].due <= now.nanoseconds else { continue }
            disarm(first)
            return (first, kind)
        }
        return nil
    }

    /// The slots whose deadline is of that kind, the oldest first.
    func slots(of kind: DeadlineKind) -> [Int] {
        var slots: [Int] = []
        var next = Int(queues[Int(kind.rawValue)].first)
        while next >= 0 {
            slots.append(next)
            next = Int(links[next].next)
        }
        return slots
    }

    /// When the next deadline is over, or nil.
    var next: Instant? {
        var due = Int.max
        for index in queues.indices {
            let first = Int(queues[index].first)
            if first >= 0 { due = min(due, links[first].due) }
        }
        return due == Int.max ? nil : Instant(nanoseconds: due)
    }
}
