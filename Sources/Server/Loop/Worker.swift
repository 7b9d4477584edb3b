internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// A thread's event loop: the only place that waits.
///
/// Each turn is a batch: what epoll reports is done, deadlines that are over are acted on. Before
/// the loop sleeps, the log is handed to the kernel. Everything in it belongs to its thread.
struct Worker: ~Copyable {
    /// What an event is for; connections have their slot and generation instead.
    private enum Token {
        static let mailbox = UInt64.max
        /// The index of a listener is added.
        static let listeners: UInt64 = 1 << 63
    }

    /// Connections that are accepted in one turn, so that the others are not starved.
    private static let acceptBatch = 32
    /// The most bytes that are received at a time.
    private static let receiveByteCount = 64 << 10
    /// Connections that are read before the first of them is answered.
    private static let aheadLimit = 32
    /// Slots beyond the limit, for connections that get 503.
    private static let refusalSlots = 32
    /// Slots that only connections to the control interface get.
    private static let controlSlots = 16

    private var epoll: Epoll
    private var loop: Loop
    private var connections: RigidArray<Connection>
    private var freeSlots = UniqueArray<Int32>()
    private var head = RequestHead()
    private var buffer = RigidArray<UInt8>(capacity: Worker.receiveByteCount)
    /// What was received ahead, one connection's bytes behind the other's.
    private var ahead = RigidArray<UInt8>(capacity: 2 * Worker.receiveByteCount)
    /// The end of each event's part of it, in the order of the events.
    private var aheadEnds = RigidArray<Int>(capacity: Worker.aheadLimit)
    /// Connections of this worker, those to the control interface included.
    private var openCount = 0
    /// Those of them that are being refused.
    private var refusedCount = 0
    private let capacity: Int
    private let connectionCount: ConnectionCount
    private let heartbeat: Heartbeat
    /// Listeners that are not waited for, because no connection could be taken in.
    private var pausedListeners: [Int] = []
    /// When they are waited for again at the latest; nil as soon as a slot is free.
    private var acceptAgain: Instant?
    /// No deadline was over before then when the loop began to wait.
    private var nextDeadline = Instant(nanoseconds: 0)
    private var peerAddress = SocketAddress.unspecified
    private var generation: UInt32 = 0
    private var drained: Acknowledgement?

    private init(_ context: WorkerContext, epoll: consuming Epoll) {
        connectionCount = context.connectionCount
        self.epoll = epoll
        heartbeat = context.heartbeat
        capacity = context.connectionCount.limit + Self.refusalSlots + Self.controlSlots
        connections = RigidArray(capacity: capacity)
        loop = Loop(context, capacity: capacity)
    }

    private mutating func register() throws(Errno) {
        try epoll.addReadable(loop.mailbox.event.rawValue, token: Token.mailbox)
        for (index, listener) in loop.listeners.enumerated() {
            try epoll.addShared(
                listener.socket.rawValue, token: Token.listeners | UInt64(index))
        }
    }

    /// Starts a worker on a thread of its own.
    static func start(_ context: WorkerContext) throws(Errno) {
        try Thread.start("worker-\(context.index)") {
            do throws(Errno) {
                var worker = Worker(context, epoll: try Epoll(capacity: 512))
                try worker.register()
                worker.run()
            } catch {
                // The supervisor waits for it in vain, and says that it does.
                StandardError.write("httpd-swift: worker \(context.index): \(error)\n")
            }
        }
    }

    private mutating func run() {
        var count = 0
        while true {
            count = wait(after: count)
            loop.clock.update()
            loop.batch &+= 1
            var index = 0
            while index < count {
                let end = receiveAhead(index, of: count)
                for place in 0..<end &- index { handle(epoll.event(at: index &+ place), place) }
                index = end
            }
            if !loop.resuming.isEmpty { resumeConnections() }
            if loop.clock.now >= nextDeadline { expireDeadlines() }
            if !pausedListeners.isEmpty { resumeAccepting() }
            if let drained, openCount == 0 {
                loop.log.flush(&loop.statistics)
                drained.answer(worker: loop.workerIndex, loop.statistics)
                self.drained = nil
            }
        }
    }

    /// Waits for events; before it sleeps, what is to be logged is handed on.
    ///
    /// Under load there are events already when a batch is done. Then lines wait for those of the
    /// next batches, for a millisecond at most.
    ///
    /// - Parameter count: how many events the last batch had.
    /// - Returns: how many there are.
    private mutating func wait(after count: Int) -> Int {
        if count > 1, loop.log.mayWait(loop.clock.now) {
            let count = epoll.wait(milliseconds: 0)
            if count > 0 { return count }
        }
        loop.log.flush(&loop.statistics)
        return epoll.wait(milliseconds: findTimeout())
    }

    /// How long may be slept, in milliseconds: until the next deadline; -1 is without end.
    private mutating func findTimeout() -> Int32 {
        var next = loop.deadlines.next ?? Instant(nanoseconds: .max)
        nextDeadline = next
        if !loop.resuming.isEmpty { return 0 }
        if let acceptAgain { next = min(next, acceptAgain) }
        guard next.nanoseconds < .max else { return -1 }
        // From the begin of the batch, so a deadline may be late by what the batch took.
        let left = next - loop.clock.now
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// Reads from connections that wait for a request, before the first of them is answered.
    ///
    /// Receiving and answering push each other's code out of the processor's caches, so several of
    /// each are done in a row.
    ///
    /// - Returns: the index of the first event that must wait until those before it were handled.
    private mutating func receiveAhead(_ first: Int, of count: Int) -> Int {
        ahead.removeAll()
        aheadEnds.removeAll()
        guard count &- first > 1 else { return count }
        let limit = min(count, first &+ Self.aheadLimit)
        var index = first
        while index < limit, ahead.freeCapacity >= Self.receiveByteCount {
            receiveAhead(epoll.event(at: index))
            aheadEnds.append(ahead.count)
            index &+= 1
        }
        return index
    }

    @inline(__always)
    private mutating func receiveAhead(_ event: ReadyEvent) {
        let id = ConnectionID(token: event.token)
        let slot = Int(id.slot)
        // What is at its end or has failed is read where that is looked at.
        guard event.token & Token.listeners == 0, event.isReadable, !event.isEnd, isCurrent(id),
            connections[slot].isIdle
        else { return }
        connections[slot].receiveAhead(&ahead, byteLimit: Self.receiveByteCount)
    }

    /// Does what an event is for, with what was received ahead of it.
    ///
    /// - Parameters:
    ///   - event: what is reported.
    ///   - place: which one it is since the last `receiveAhead`.
    private mutating func handle(_ event: ReadyEvent, _ place: Int) {
        if event.token == Token.mailbox {
            for message in loop.mailbox.takeAll() { handle(message) }
        } else if event.token & Token.listeners != 0 {
            accept(listener: Int(event.token & ~Token.listeners))
        } else {
            let id = ConnectionID(token: event.token)
            let slot = Int(id.slot)
            guard isCurrent(id) else { return }
            if event.isReadable { connections[slot].isReadable = true }
            if event.isEnd { connections[slot].sawEnd = true }
            if event.isWritable { connections[slot].isWritable = true }
            if place < aheadEnds.count {
                let start = place > 0 ? aheadEnds[place &- 1] : 0
                let end = aheadEnds[place]
                if start < end {
                    connections[slot].process(
                        start..<end, of: &ahead, isAll: end &- start < Self.receiveByteCount,
                        &loop, &head)
                }
            }
            run(slot)
        }
    }

    private mutating func run(_ slot: Int) {
        if !connections[slot].run(&loop, &head, &buffer) { close(slot) }
    }

    private mutating func resumeConnections() {
        var resuming = UniqueArray<ConnectionID>()
        swap(&resuming, &loop.resuming)
        for index in 0..<resuming.count where isCurrent(resuming[index]) {
            let slot = Int(resuming[index].slot)
            connections[slot].isQueued = false
            run(slot)
        }
    }

    private mutating func expireDeadlines() {
        while let (slot, kind) = loop.deadlines.popExpired(now: loop.clock.now) {
            if !connections[slot].expire(kind, &loop, &head, &buffer) { close(slot) }
        }
    }

    private func isCurrent(_ id: ConnectionID) -> Bool {
        let slot = Int(id.slot)
        return slot < connections.count && connections[slot].id == id
    }

    private mutating func accept(listener index: Int) {
        guard !loop.isDraining else { return }
        let listener = loop.listeners[index]
        for _ in 0..<Self.acceptBatch {
            guard listener.role == .control ? openCount < capacity : hasRoom else {
                pauseAccepting(index, until: nil)
                return
            }
            do throws(Errno) {
                let socket = try listener.socket.accept(peer: &peerAddress)
                let isRefused = listener.role == .http && !connectionCount.tryAdd()
                add(socket, listener: index, role: listener.role, isRefused: isRefused)
            } catch {
                // Without descriptors or memory, those that wait stay in the listener's queue.
                switch error {
                case .connectionAborted: continue
                case .tooManyOpenFiles, .fileTableOverflow, .noBufferSpace, .outOfMemory:
                    pauseAccepting(index, until: loop.clock.now + 100_000_000)
                default: break
                }
                return
            }
        }
    }

    /// Stops waiting for a listener: it would be reported again at once, and for nothing.
    private mutating func pauseAccepting(_ listener: Int, until instant: Instant?) {
        epoll.remove(loop.listeners[listener].socket.rawValue)
        pausedListeners.append(listener)
        acceptAgain = instant ?? acceptAgain
    }

    /// Whether another connection to a site can be taken in, if only to be refused.
    private var hasRoom: Bool {
        openCount < capacity - Self.controlSlots && refusedCount < Self.refusalSlots
    }

    private mutating func resumeAccepting() {
        guard !loop.isDraining else { return }
        if let acceptAgain {
            guard loop.clock.now >= acceptAgain else { return }
        } else {
            guard hasRoom else { return }
        }
        acceptAgain = nil
        let paused = pausedListeners
        pausedListeners = []
        for index in paused {
            let number = loop.listeners[index].socket.rawValue
            let token = Token.listeners | UInt64(index)
            if (try? epoll.addShared(number, token: token)) == nil {
                pauseAccepting(index, until: loop.clock.now + 100_000_000)
            }
        }
    }

    private mutating func add(
        _ socket: consuming FileDescriptor, listener: Int, role: Listener.Role, isRefused: Bool
    ) {
        generation = generation &+ 1 & 0x7FFF_FFFF
        let slot = freeSlots.isEmpty ? connections.count : Int(freeSlots.removeLast())
        let id = ConnectionID(slot: Int32(truncatingIfNeeded: slot), generation: generation)
        let connection = Connection(
            socket: socket, id: id, listener: listener, role: role, peer: PeerText(peerAddress),
            isRefused: isRefused)
        if slot == connections.count {
            connections.append(connection)
        } else {
            connections[slot] = connection
        }
        openCount += 1
        if role == .http {
            loop.statistics.connections += 1
            loop.statistics.acceptedConnections += 1
            if isRefused {
                refusedCount += 1
                loop.statistics.refusedConnections += 1
            }
        }
        if isRefused { connections[slot].refuseConnection(&loop) }
        // The request is often there already, and the connection may be over with it; only one that
        // has to wait is waited for. What came meanwhile is reported all the same (epoll(7)).
        run(slot)
        guard isCurrent(id) else { return }
        do throws(Errno) {
            try epoll.addConnection(connections[slot].socket.rawValue, token: id.token)
        } catch {
            close(slot)
        }
    }

    /// Ends a connection and frees its slot; its descriptor is closed.
    private mutating func close(_ slot: Int) {
        loop.deadlines.disarm(slot)
        loop.outgoing.removeAll(keepingCapacity: true)
        connections[slot].finishAborted(&loop)
        openCount -= 1
        if connections[slot].role == .http {
            loop.statistics.connections -= 1
            if connections[slot].isRefused {
                refusedCount -= 1
            } else {
                connectionCount.remove()
            }
        }
        connections[slot] = Connection(
            socket: .none, id: ConnectionID(slot: -1, generation: 0), listener: 0, role: .http,
            peer: PeerText(""), isRefused: false)
        freeSlots.append(Int32(truncatingIfNeeded: slot))
    }

    private mutating func handle(_ message: WorkerMessage) {
        switch message {
        case .completed(let ticket, let outcome):
            let id = ticket.connection
            guard isCurrent(id) else { return }
            let slot = Int(id.slot)
            let isOpen = connections[slot].complete(
                ticket.serial, outcome, &loop, &head, &buffer)
            if !isOpen { close(slot) }
        case .beat:
            heartbeat.beat(worker: loop.workerIndex)
        case .snapshot(let snapshot, let acknowledgement):
            loop.adopt(snapshot)
            acknowledgement.answer(worker: loop.workerIndex, statistics)
        case .drain(let acknowledgement):
            drain()
            drained = acknowledgement
        case .report(let acknowledgement):
            loop.log.flush(&loop.statistics)
            acknowledgement.answer(worker: loop.workerIndex, statistics)
        }
    }

    /// The statistics with what is counted only when asked.
    private var statistics: Statistics {
        var statistics = loop.statistics
        statistics.idleConnections = loop.deadlines.slots(of: .idle).count
        statistics.cacheEntries = loop.cache.count
        statistics.cacheBytes = loop.cache.byteCount
        return statistics
    }

    /// Accepts no more, and ends what is idle; a connection between two requests gets a moment, in
    /// which the next request is answered with Connection: close.
    private mutating func drain() {
        loop.isDraining = true
        pausedListeners = []
        acceptAgain = nil
        for listener in loop.listeners { epoll.remove(listener.socket.rawValue) }
        for slot in 0..<connections.count where connections[slot].id.slot >= 0 {
            guard connections[slot].isIdle else { continue }
            connections[slot].armed = .drain
            loop.deadlines.arm(slot, .drain, now: loop.clock.now)
        }
    }
}

extension ConnectionID {
    init(token: UInt64) {
        slot = Int32(truncatingIfNeeded: token & 0xFFFF_FFFF)
        generation = UInt32(truncatingIfNeeded: token >> 32)
    }

    var token: UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: slot))
    }
}
