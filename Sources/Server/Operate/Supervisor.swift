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
    private struct State {
        var snapshot: Snapshot
        var phase = Status.State.starting
        var loaded = WallClock.now
        var lastReload: Status.Reload?
        var replies: [Reply] = []
    }

    /// How often the status line and the counts of suppressed events are brought up to date.
    private static let tick = 5_000_000_000

    private let loader: ConfigurationLoader
    private let logger: Logger
    private let listeners: [Listener]
    private let mailboxes: [Mailbox]
    private let readPool: BlockingPool
    private let writePool: BlockingPool
    /// One thread, so that reloads follow each other, and a root that hangs hangs no other work.
    private let reloadPool: BlockingPool
    private let heartbeat: Heartbeat
    private let journal: JournalThread?
    private let connectionCount: ConnectionCount
    /// The settings of which a part holds until the process ends.
    private let initialSettings: ServerSettings
    private let started = WallClock.now
    private let request: EventDescriptor
    private let state: Mutex<State>

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
            writePool = try BlockingPool("write", threadCount: 8)
            reloadPool = try BlockingPool("reload", threadCount: 1)
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
                writePool: writePool, control: self,
                listeners: listeners, snapshot: snapshot, journal: journal,
                connectionCount: connectionCount, heartbeat: heartbeat)
            try StartFailure.wrap("thread") { () throws(Errno) in try Worker.start(context) }
        }
        guard collect(milliseconds: 10_000) != nil else {
            throw StartFailure(.systemError, "a worker does not start")
        }
        state.withLock { $0.phase = .running }
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
            if isIdleForLong(&idleSince, now) {
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
        readPool.submit { reply(.ok, self.gatherStatus().jsonBytes) }
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

    // MARK: Reload

    /// Reads the configuration and puts it in force in every worker, or changes nothing.
    private func reload() -> (StatusCode, [UInt8]) {
        let (current, phase) = state.withLock { state in
            defer { state.phase = .reloading }
            return (state.snapshot, state.phase)
        }
        ServiceNotification.reloading(at: .now)
        defer {
            let isStopping = state.withLock { state in
                if state.phase == .reloading { state.phase = phase }
                return state.phase == .draining
            }
            if !isStopping { ServiceNotification.ready(status: servingText) }
        }
        do throws(ConfigurationErrors) {
            let settings = try loader.loadSettings()
            let opening = LogOpening(settings.log, logger, inForce: current.accessLog)
            let snapshot = try Snapshot(
                settings, listeners: listeners, log: opening, generation: current.generation + 1)
            return publish(snapshot)
        } catch {
            return refuseReload(error, current)
        }
    }

    private func publish(_ snapshot: Snapshot) -> (StatusCode, [UInt8]) {
        let files = snapshot.settings.files
        let acknowledgement = Acknowledgement()
        for mailbox in mailboxes { mailbox.send(.snapshot(snapshot, acknowledgement)) }
        let answers = acknowledgement.wait(count: mailboxes.count, milliseconds: 30_000)
        state.withLock { state in
            state.snapshot = snapshot
            state.loaded = WallClock.now
            state.lastReload = Status.Reload()
            state.lastReload?.time = Timestamp.text(WallClock.now)
        }
        sweep(snapshot)
        let generation = snapshot.generation
        guard answers.count == mailboxes.count else {
            let text = "\(mailboxes.count - answers.count) workers have not taken the configuration"
            logger.error("\(text)")
            return (
                .internalServerError,
                ReloadOutcome(
                    result: .refused, generation: generation, files: files, errors: [text]
                ).jsonBytes
            )
        }
        let notes = unchangedUntilRestart(snapshot.settings.server) + snapshot.notes
        for note in notes { logger.warning("\(note)") }
        logger.notice(
            "Configuration reloaded: generation \(generation), \(files.count) files",
            metadata: [
                "MESSAGE_ID": "\(MessageID.reloaded)", "CONFIG_GENERATION": "\(generation)",
                "CONFIG_FILES": "\(files.joined(separator: " "))",
            ])
        return (
            .ok,
            ReloadOutcome(result: .ok, generation: generation, files: files, notes: notes)
                .jsonBytes
        )
    }

    /// What was changed and stays as it was until the process is started anew.
    private func unchangedUntilRestart(_ settings: ServerSettings) -> [String] {
        var keys: [String] = []
        if settings.workers != initialSettings.workers { keys.append("Workers") }
        if settings.maxConnections != initialSettings.maxConnections {
            keys.append("MaxConnections")
        }
        return keys.map { key in
            Diagnostic(
                "a change of \(key)= takes effect when the daemon is restarted",
                at: settings.locations[key]
            ).description
        }
    }

    private func refuseReload(
        _ errors: ConfigurationErrors, _ current: Snapshot
    ) -> (StatusCode, [UInt8]) {
        let lines = errors.diagnostics.map(\.description)
        state.withLock { state in
            state.lastReload = Status.Reload()
            state.lastReload?.result = .refused
            state.lastReload?.time = Timestamp.text(WallClock.now)
            state.lastReload?.errors = lines
        }
        let text = lines.joined(separator: "\n")
        logger.error(
            "Reload refused, the configuration in force stays: \(text)",
            metadata: ["MESSAGE_ID": "\(MessageID.reloadRefused)", "CONFIG_ERRORS": "\(text)"])
        let outcome = ReloadOutcome(
            result: .refused, generation: current.generation, files: current.settings.files,
            errors: lines)
        return (.unprocessableContent, outcome.jsonBytes)
    }

    private func reopenLog() {
        guard let log = state.withLock({ $0.snapshot.accessLog }) else { return }
        do throws(Errno) {
            try log.reopen()
        } catch {
            LogOpening.report("cannot be reopened", log.path, error, logger)
        }
    }

    // MARK: Ending

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
                let files = state.withLock { $0.snapshot.settings.files }
                let outcome = ReloadOutcome(
                    result: .refused, generation: 0, files: files,
                    errors: ["the daemon is stopping"])
                reply(.serviceUnavailable, outcome.jsonBytes)
            }
        }
    }

    private var idleLimit: Int? {
        let limit = state.withLock { $0.snapshot.settings.server.exitOnIdle.nanoseconds }
        return limit > 0 ? limit : nil
    }

    private func isIdleForLong(_ since: inout Instant?, _ now: Instant) -> Bool {
        guard let limit = idleLimit, let reports = collect(milliseconds: 1000) else {
            since = nil
            return false
        }
        guard reports.values.allSatisfy({ $0.connections == 0 }) else {
            since = nil
            return false
        }
        since = since ?? now
        return since.map { now - $0 >= limit } ?? false
    }

    // MARK: What the workers say

    /// The statistics of all workers; nil when one does not answer in time.
    private func collect(milliseconds: Int) -> [Int: Statistics]? {
        let acknowledgement = Acknowledgement()
        for mailbox in mailboxes { mailbox.send(.report(acknowledgement)) }
        let answers = acknowledgement.wait(count: mailboxes.count, milliseconds: milliseconds)
        return answers.count == mailboxes.count ? answers : nil
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

    private func gatherStatus() -> Status {
        let reports = collect(milliseconds: 2000) ?? [:]
        var total = Statistics()
        for report in reports.values { total.add(report) }
        let (snapshot, phase, loaded, lastReload) = state.withLock {
            ($0.snapshot, $0.phase, $0.loaded, $0.lastReload)
        }
        var status = Status(total, journal: journal)
        status.state = phase
        status.version = version
        status.pid = ProcessLimits.processID
        status.since = Timestamp.text(started)
        status.uptimeSeconds = (WallClock.now - started) / 1_000_000_000
        status.config.files = snapshot.settings.files
        status.config.generation = snapshot.generation
        status.config.loaded = Timestamp.text(loaded)
        status.config.lastReload = lastReload
        status.listeners = listeners.map { listener in
            var entry = Status.Listener()
            entry.name = listener.name
            entry.address = listener.address.description
            return entry
        }
        status.sites = snapshot.settings.sites.map { site in
            var entry = Status.Site()
            entry.name = site.name
            entry.serverNames = site.serverNames
            entry.root = site.root
            entry.upload = site.upload
            return entry
        }
        status.workers = reports.sorted { $0.key < $1.key }.map { index, report in
            var entry = Status.Worker()
            entry.id = index
            entry.connections = report.connections
            entry.requests = report.requests
            return entry
        }
        status.connections.limit = connectionCount.limit
        status.cache.limit = snapshot.settings.server.cacheByteLimit
        status.log.file = snapshot.accessLog?.path
        return status
    }

    private var servingText: String {
        let addresses = listeners.filter { $0.role == .http }.map { "\($0.name) on \($0.address)" }
        return "Serving \(addresses.joined(separator: ", "))"
    }

    private func sweep(_ snapshot: Snapshot) {
        for site in snapshot.sites {
            writePool.submit { site.root.sweepStaging() }
        }
    }

    private func note(_ level: Logger.Level, _ text: String, _ id: String) {
        logger.log(level: level, "\(text)", metadata: ["MESSAGE_ID": "\(id)"])
    }
}

/// Times as RFC 3339 has them.
enum Timestamp {
    /// A time in nanoseconds since 1970, UTC.
    static func text(_ nanoseconds: Int) -> String {
        var bytes = UniqueArray<UInt8>()
        bytes.appendTimestamp(nanoseconds: nanoseconds)
        return bytes.span.text
    }
}

extension Status {
    /// The counts of all workers.
    fileprivate init(_ total: Statistics, journal: JournalThread?) {
        self.init()
        connections.open = total.connections
        connections.idle = total.idleConnections
        connections.active = total.connections - total.idleConnections
        connections.accepted = total.acceptedConnections
        connections.refused = total.refusedConnections
        requests.total = total.requests
        requests.informational = total.responsesByClass[1]
        requests.successful = total.responsesByClass[2]
        requests.redirection = total.responsesByClass[3]
        requests.clientError = total.responsesByClass[4]
        requests.serverError = total.responsesByClass[5]
        bytes.received = total.receivedBytes
        bytes.sent = total.sentBytes
        latency.p50 = total.latency.percentile(500)
        latency.p90 = total.latency.percentile(900)
        latency.p99 = total.latency.percentile(990)
        latency.p999 = total.latency.percentile(999)
        latency.max = total.requests > 0 ? total.latency.maximum : nil
        cache.entries = total.cacheEntries
        cache.bytes = total.cacheBytes
        cache.hits = total.cacheHits
        cache.misses = total.cacheMisses
        uploads.completed = total.uploadsCompleted
        uploads.failed = total.uploadsFailed
        uploads.bytes = total.uploadedBytes
        log.lines = total.logLines
        log.writeErrors = total.logWriteErrors
        log.journalSent = journal?.sentCount ?? 0
        log.journalSuppressed = total.journalSuppressed
        log.journalDropped = total.journalDropped + (journal?.failedCount ?? 0)
    }
}
