internal import BasicContainers
internal import Configuration
internal import Control
internal import HTTP
internal import Linux
internal import Synchronization

extension Supervisor {
    /// What `GET /v1/status` answers.
    func gatherStatus() -> Status {
        let reports = collectSome(milliseconds: 2000)
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
        let coded = workshop.usage
        status.compression.entries = coded.count
        status.compression.bytes = coded.cost
        status.compression.limit = snapshot.settings.server.compressionCacheByteLimit
        status.compression.made = coded.made
        status.log.file = snapshot.accessLog?.path
        return status
    }

    var servingText: String {
        let addresses = listeners.filter { $0.role == .http }.map { "\($0.name) on \($0.address)" }
        return "Serving \(addresses.joined(separator: ", "))"
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
