internal import BasicContainers
internal import Configuration
internal import Content
internal import Control
internal import HTTP
internal import Linux
internal import Logging
internal import Synchronization
internal import Systemd

/// What the main thread does while the workers serve.
final class Supervisor: ControlService {
    /// What is in force, and what became of the last attempt to change it.
    struct State {
        var snapshot: Snapshot
        var phase = Status.State.starting
        var loaded = WallClock.now
        var lastReload: Status.Reload?
        var replies: [Reply] = []
    }

    /// How often the status line and the counts of suppressed events are brought up to date.
    private static let tick = 5_000_000_000

    let loader: ConfigurationLoader
    let logger: Logger
    let listeners: [Listener]
    let mailboxes: [Mailbox]
    private let readPool: BlockingPool
    private let writePool: BlockingPool
    let workshop: CodingWorkshop
    private let listings: ListingDesk
    /// One thread, so that reloads follow each other, and a root that hangs hangs no other work.
    private let reloadPool: BlockingPool
    /// One thread that only waits for workers, so that status is told while a disk hangs.
    private let statusPool: BlockingPool
    private let heartbeat: Heartbeat
    let journal: JournalThread?
    let connectionCount: ConnectionCount
    /// The settings of which a part holds until the process ends.
    let initialSettings: ServerSettings
    let started = WallClock.now
    private let request: EventDescriptor
    let state: Mutex<State>

    init(
        options: Options, loader: ConfigurationLoader, settings: Settings, journal: JournalThread?
    ) throws(StartFailure) {
        self.loader = loader
        self.journal = journal
        let logger = Diagnostics.logger(journal)
        self.logger = logger
        initialSettings = settings.server
        listeners = try ListenerSetup.open(options)
        let snapshot: Snapshot
        do throws(ConfigurationErrors) {
            let opening = LogOpening(settings.log, logger, inForce: nil)
            snapshot = try Snapshot(settings, listeners: listeners, log: opening, generation: 1)
        } catch {
            throw StartFailure(error)
        }
        let workerCount = settings.server.workers ?? ProcessLimits.usableProcessorCount
        let descriptors = ProcessLimits.raiseDescriptorLimit()
        // Some of the others have a file open too; where none is left, they get 503.
        connectionCount = ConnectionCount(
            limit: min(
                settings.server.maxConnections ?? descriptors - descriptors / 8,
                max(16, descriptors - 64 - 48 * workerCount), 1_000_000))
        do throws(Errno) {
            readPool = try BlockingPool("read", threadCount: 4)
            // Those that flush together are done together: the more, the better.
            writePool = try BlockingPool(
                "write", threadCount: 16,
                quickLimit: min(16, ProcessLimits.usableProcessorCount))
            listings = try ListingDesk(threadCount: 2)
            workshop = try CodingWorkshop(
                byteLimit: settings.server.compressionCacheByteLimit,
                threadCount: max(1, min(4, ProcessLimits.usableProcessorCount)))
            reloadPool = try BlockingPool("reload", threadCount: 1)
            statusPool = try BlockingPool("status", threadCount: 1)
            request = try EventDescriptor()
            var mailboxes: [Mailbox] = []
            for _ in 0..<workerCount { mailboxes.append(try Mailbox()) }
            self.mailboxes = mailboxes
        } catch {
            throw StartFailure(.systemError, "eventfd: \(error)")
        }
        heartbeat = Heartbeat(workerCount: workerCount)
        state = Mutex(State(snapshot: snapshot))
    }

    /// Starts the workers and tells the service manager.
    func start() throws(StartFailure) {
        let snapshot = state.withLock { $0.snapshot }
        sweep(snapshot)
        let count = mailboxes.count
        for (index, mailbox) in mailboxes.enumerated() {
            let context = WorkerContext(
                index: index, workerCount: count, mailbox: mailbox, readPool: readPool,
                writePool: writePool, workshop: workshop, listings: listings,
                control: self,
                listeners: listeners, snapshot: snapshot, journal: journal,
                connectionCount: connectionCount, heartbeat: heartbeat)
            try StartFailure.wrap("thread") { () throws(Errno) in try Worker.start(context) }
        }
        guard collect(milliseconds: 10_000) != nil else {
            throw StartFailure(.systemError, "a worker does not start")
        }
        state.withLock { $0.phase = .running }
        ProcessLimits.releaseCode()
        ServiceNotification.ready(status: servingText)
        note(.info, servingText, MessageID.started)
        for note in snapshot.notes { logger.warning("\(note)") }
    }

    /// Waits for signals, requests and deadlines until the process is to end.
    func run(_ signals: borrowing SignalDescriptor) -> ExitStatus {
        guard var epoll = try? Epoll(capacity: 4),
            (try? epoll.addReadable(signals.rawValue, token: 0)) != nil,
            (try? epoll.addReadable(request.rawValue, token: 1)) != nil
        else { return .systemError }
        // Often enough that one late answer is no missed feeding.
        let watchdog = ServiceNotification.watchdogInterval.map { $0 / 8 }
        var nextWatchdog = Instant.now
        var nextTick = Instant.now + Self.tick
        var idleSince: Instant?
        var acceptedBefore = 0
        var suppressed = 0
        while true {
            let now = Instant.now
            if let watchdog, now >= nextWatchdog {
                feedWatchdog()
                nextWatchdog = now + watchdog
            }
            if now >= nextTick {
                suppressed = updateStatus(suppressed: suppressed)
                nextTick = now + Self.tick
            }
            if isIdleForLong(&idleSince, &acceptedBefore, now) {
                return drain(reason: "idle", signals, suppressed: suppressed)
            }
            let wake = min(watchdog == nil ? nextTick : nextWatchdog, nextTick)
            let limit = idleLimit == nil ? Int.max : 500
            let left = max(0, min((wake - now + 999_999) / 1_000_000, limit))
            _ = epoll.wait(milliseconds: Int32(clamping: left))
            while let signal = signals.next() {
                switch signal {
                case .terminate, .interrupt:
                    let reason = signal == .terminate ? "SIGTERM" : "SIGINT"
                    return drain(reason: reason, signals, suppressed: suppressed)
                case .hangUp: reload(for: [])
                case .user1: reopenLog()
                }
            }
            let replies = takeReplies()
            if !replies.isEmpty { reload(for: replies) }
        }
    }

    func reload(_ reply: @escaping Reply) {
        state.withLock { $0.replies.append(reply) }
        request.signal()
    }

    /// Has the configuration read anew, and those who asked told what came of it.
    private func reload(for replies: [Reply]) {
        reloadPool.submit {
            let (status, content) = self.reload()
            for reply in replies { reply(status, content) }
        }
    }

    /// Those who asked for a reload and wait for its outcome.
    private func takeReplies() -> [Reply] {
        request.reset()
        return state.withLock { state in
            defer { state.replies = [] }
            return state.replies
        }
    }

    func status(_ reply: @escaping Reply) {
        statusPool.submit { reply(.ok, self.gatherStatus().jsonBytes) }
    }

    func uploadFailed(_ path: ResolvedPath, _ error: Errno) {
        let target = String(decoding: path.absolute, as: UTF8.self)
        let hint =
            switch error {
            case .readOnlyFileSystem:
                "; the unit may lack ReadWritePaths= for the document root (systemctl edit)"
            case .accessDenied: "; the user of the service may not write there"
            default: ""
            }
        logger.error(
            "Upload to '\(target)' failed: \(error)\(hint)",
            metadata: [
                "MESSAGE_ID": "\(MessageID.uploadFailed)", "HTTP_TARGET": "\(target)",
                "ERRNO": "\(error.rawValue)",
            ])
    }

    private func reopenLog() {
        guard let log = state.withLock({ $0.snapshot.accessLog }) else { return }
        do throws(Errno) {
            try log.reopen()
        } catch {
            LogOpening.report("cannot be reopened", log.path, error, logger)
        }
    }

    /// Has the workers finish what runs, for as long as the configuration allows.
    private func drain(
        reason: String, _ signals: borrowing SignalDescriptor, suppressed: Int
    ) -> ExitStatus {
        let snapshot = state.withLock { state in
            state.phase = .draining
            return state.snapshot
        }
        ServiceNotification.stopping(status: "Finishing what runs")
        note(.info, "Stopping (\(reason)): finishing what runs", MessageID.stopping)
        let acknowledgement = Acknowledgement()
        for mailbox in mailboxes { mailbox.send(.drain(acknowledgement)) }
        let limit = snapshot.settings.server.drainTimeout.nanoseconds
        if !waitForDrain(acknowledgement, until: Instant.now + limit, signals) {
            logger.warning("Stopped with connections left after DrainTimeoutSec=")
        }
        // Here and now: the process ends before the pool would get to it.
        for site in snapshot.sites { site.root.sweepStaging() }
        _ = reportSuppressed(since: suppressed, collect(milliseconds: 1000))
        return .success
    }

    /// Waits until every worker has ended its last connection.
    ///
    /// Who asks for a reload now is told that it is too late, or the drain would wait for him, and
    /// he for the drain.
    ///
    /// - Returns: false when the time was over, or Ctrl-C came again.
    private func waitForDrain(
        _ acknowledgement: Acknowledgement, until end: Instant,
        _ signals: borrowing SignalDescriptor
    ) -> Bool {
        // Often enough that one late answer is no missed feeding.
        let watchdog = ServiceNotification.watchdogInterval.map { $0 / 8 }
        var nextWatchdog = Instant.now
        while true {
            let left = (end - Instant.now) / 1_000_000
            guard left > 0 else { return false }
            let answers = acknowledgement.wait(
                count: mailboxes.count, milliseconds: min(left, 100))
            if answers.count == mailboxes.count { return true }
            if let watchdog, Instant.now >= nextWatchdog {
                feedWatchdog()
                nextWatchdog = Instant.now + watchdog
            }
            while let signal = signals.next() {
                if signal == .interrupt { return false }
            }
            for reply in takeReplies() {
                let (status, content) = stoppingOutcome
                reply(status, content)
            }
        }
    }

    private var idleLimit: Int? {
        let limit = state.withLock { $0.snapshot.settings.server.exitOnIdle.nanoseconds }
        return limit > 0 ? limit : nil
    }

    private func isIdleForLong(
        _ since: inout Instant?, _ acceptedBefore: inout Int, _ now: Instant
    ) -> Bool {
        guard let limit = idleLimit, let reports = collect(milliseconds: 1000) else {
            since = nil
            return false
        }
        // Those that came and went between two looks count too.
        let accepted = reports.values.reduce(0) { $0 + $1.acceptedConnections }
        guard reports.values.allSatisfy({ $0.connections == 0 }), accepted == acceptedBefore
        else {
            acceptedBefore = accepted
            since = nil
            return false
        }
        since = since ?? now
        return since.map { now - $0 >= limit } ?? false
    }

    /// The statistics of all workers; nil when one does not answer in time.
    func collect(milliseconds: Int) -> [Int: Statistics]? {
        let answers = collectSome(milliseconds: milliseconds)
        return answers.count == mailboxes.count ? answers : nil
    }

    /// The statistics of the workers that answer in time.
    func collectSome(milliseconds: Int) -> [Int: Statistics] {
        let acknowledgement = Acknowledgement()
        for mailbox in mailboxes { mailbox.send(.report(acknowledgement)) }
        return acknowledgement.wait(count: mailboxes.count, milliseconds: milliseconds)
    }

    /// Feeds the watchdog if every loop has turned since the last time, and asks them again.
    private func feedWatchdog() {
        guard heartbeat.isComplete else { return }
        ServiceNotification.watchdog()
        heartbeat.reset()
        for mailbox in mailboxes { mailbox.send(.beat) }
    }

    private func updateStatus(suppressed before: Int) -> Int {
        guard let reports = collect(milliseconds: 1000) else { return before }
        var total = Statistics()
        for report in reports.values { total.add(report) }
        ServiceNotification.status(
            "\(servingText); \(total.connections) connections, \(total.requests) requests")
        return reportSuppressed(since: before, reports)
    }

    /// Tells how many requests the journal did not get, so that what it has and what it is told
    /// adds up.
    ///
    /// - Returns: how many there were since the start.
    private func reportSuppressed(since before: Int, _ reports: [Int: Statistics]?) -> Int {
        guard let reports else { return before }
        let suppressed = reports.values.reduce(0) { $0 + $1.journalSuppressed + $1.journalDropped }
        if suppressed > before {
            logger.notice(
                "\(suppressed - before) requests were not put in the journal (JournalRateLimit=)",
                metadata: [
                    "MESSAGE_ID": "\(MessageID.suppressed)", "SUPPRESSED": "\(suppressed - before)",
                ])
        }
        return suppressed
    }

    func sweep(_ snapshot: Snapshot) {
        for site in snapshot.sites {
            writePool.submit { site.root.sweepStaging() }
        }
    }

    func note(_ level: Logger.Level, _ text: String, _ id: String) {
        logger.log(level: level, "\(text)", metadata: ["MESSAGE_ID": "\(id)"])
    }
}
