internal import BasicContainers
internal import Configuration
internal import Content
internal import HTTP
internal import Linux

/// What a worker's connections share: clock, cache, deadlines, log, and the ways out of the loop.
///
/// Owned by one thread. The worker lends it to the connection that it runs; connections do not know
/// each other.
struct Loop: ~Copyable {
    let workerIndex: Int
    let mailbox: Mailbox
    /// For names and pages that are not in memory.
    let readPool: BlockingPool
    /// For uploads, so that they do not delay those who read.
    let writePool: BlockingPool
    let workshop: CodingWorkshop
    let listings: ListingDesk
    let control: any ControlService
    let listeners: [Listener]

    /// The configuration in force.
    private(set) var snapshot: Snapshot
    /// The number of the batch of events that is being worked on.
    var batch = 0
    var clock = BatchClock()
    var cache: RepresentationCache
    var missing = MissingCache()
    var deadlines: DeadlineQueues
    var log: RequestLog
    var statistics = Statistics()
    /// What is to be sent on the connection that runs now; empty between connections.
    var outgoing = Bytes(minimumCapacity: 64 << 10)
    /// Buffers for uploads.
    var spareContents = SpareContents()
    /// Connections that stopped to give others a turn.
    var resuming = UniqueArray<ConnectionID>()
    /// The server finishes what runs and takes no more.
    var isDraining = false
    /// The one site of a listener that has only one, else -1, by listener.
    private var onlySites: UniqueArray<Int>
    private let journal: JournalThread?
    private let workerCount: Int

    init(_ context: WorkerContext, capacity: Int) {
        workerIndex = context.index
        mailbox = context.mailbox
        readPool = context.readPool
        writePool = context.writePool
        workshop = context.workshop
        listings = context.listings
        control = context.control
        listeners = context.listeners
        snapshot = context.snapshot
        journal = context.journal
        workerCount = context.workerCount
        let settings = context.snapshot.settings
        cache = RepresentationCache(
            byteLimit: settings.server.cacheByteLimit / context.workerCount)
        deadlines = DeadlineQueues(capacity: capacity)
        log = RequestLog(context.snapshot, context.journal, workerCount: context.workerCount)
        onlySites = UniqueArray()
        adopt(context.snapshot)
    }

    /// Puts another configuration in force.
    mutating func adopt(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        let server = snapshot.settings.server
        log.flush(&statistics)
        log = RequestLog(snapshot, journal, workerCount: workerCount)
        cache.removeAll()
        missing.removeAll()
        cache.byteLimit = server.cacheByteLimit / workerCount
        deadlines.setLength(of: .header, server.headerTimeout.nanoseconds, now: clock.now)
        let idle = server.idleTimeout.nanoseconds
        deadlines.setLength(of: .idle, idle, slack: min(idle / 32, 100_000_000), now: clock.now)
        deadlines.setLength(of: .transfer, server.headerTimeout.nanoseconds, now: clock.now)
        deadlines.setLength(of: .linger, 2_000_000_000, now: clock.now)
        deadlines.setLength(of: .drain, 300_000_000, now: clock.now)
        onlySites.removeAll()
        for sites in snapshot.sitesByListener {
            onlySites.append(sites.count == 1 && !server.strictHost ? sites[0] : -1)
        }
    }

    /// The site that a request is for; nil where none answers on the listener.
    func site(
        forHost host: Span<UInt8>, listener: Int
    ) -> (index: Int, isNamed: Bool)? {
        let only = onlySites[listener]
        // With one site for all hosts, whether it is named matters only to those who look again.
        if only >= 0 { return (only, true) }
        return snapshot.site(forHost: host, listener: listener)
    }

    /// Appends what every response begins with: status line, Date and Server.
    mutating func beginResponse(_ status: StatusCode) {
        outgoing.appendStatusLine(status)
        outgoing.appendField("Date", clock.dateText)
        if snapshot.settings.server.sendsServerField {
            outgoing.appendField("Server", serverName)
        }
    }

    /// Notes that a file was changed by a request of this batch: those behind it see the change.
    mutating func noteChange() {
        batch &+= 1
    }

    /// The fewest bytes that a peer must send or take until its transfer deadline is over.
    var minimumTransferByteCount: Int {
        let server = snapshot.settings.server
        return server.minimumRate * (server.headerTimeout.nanoseconds / 1_000_000) / 1000
    }

    /// Has a connection run again in the next turn of the loop.
    mutating func resumeLater(_ connection: ConnectionID) {
        resuming.append(connection)
    }

    /// Does work where it may block; its outcome comes back to the connection.
    func submit(
        to pool: BlockingPool, _ ticket: WorkTicket, isQuick: Bool = false,
        _ work: @escaping @Sendable () -> WorkOutcome
    ) {
        let mailbox = mailbox
        let job: BlockingPool.Job = { mailbox.send(.completed(ticket, work())) }
        if isQuick { pool.submitQuick(job) } else { pool.submit(job) }
    }
}

extension Duration {
    /// The whole duration in nanoseconds.
    var nanoseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }
}

/// What a worker needs to start.
struct WorkerContext: Sendable {
    let index: Int
    let workerCount: Int
    let mailbox: Mailbox
    let readPool: BlockingPool
    let writePool: BlockingPool
    let workshop: CodingWorkshop
    let listings: ListingDesk
    let control: any ControlService
    let listeners: [Listener]
    let snapshot: Snapshot
    /// The journal, if standard error goes there.
    let journal: JournalThread?
    /// The connections of all workers.
    let connectionCount: ConnectionCount
    let heartbeat: Heartbeat
}

/// What the control interface can ask of the process; answers come by the closure, from any thread.
protocol ControlService: Sendable {
    typealias Reply = @Sendable (StatusCode, [UInt8]) -> Void
    /// The status as JSON.
    func status(_ reply: @escaping Reply)
    /// Reads the configuration anew.
    func reload(_ reply: @escaping Reply)
    /// Notes that the system refused an upload.
    func uploadFailed(_ path: ResolvedPath, _ error: Errno)
}
