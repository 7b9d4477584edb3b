/// What a running daemon tells of itself: the content of `GET /v1/status`.
///
/// What a doc comment counts "since the start" never decreases; everything else is as it is now.
public struct Status: Sendable, Equatable, Codable {
    /// What the daemon is doing.
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Not ready yet.
        case starting
        /// Serving.
        case running
        /// Serving, with a new configuration being read.
        case reloading
        /// Finishing what runs; new connections stay in the sockets' queues.
        case draining
    }

    /// What it is doing.
    public var state: State = .starting
    /// Its version.
    public var version = ""
    /// Its process id.
    public var pid = 0
    /// When it started (ISO 8601, UTC).
    public var since = ""
    /// Seconds since then.
    public var uptimeSeconds = 0
    /// The configuration in force.
    public var config = Configuration()
    /// The sockets that take connections.
    public var listeners: [Listener] = []
    /// The sites, in the order of configuration.
    public var sites: [Site] = []
    /// The workers, by number.
    public var workers: [Worker] = []
    /// Connections.
    public var connections = Connections()
    /// Requests.
    public var requests = Requests()
    /// Bytes on the wire.
    public var bytes = Bytes()
    /// How long exchanges took.
    public var latency = Latency()
    /// Small files kept in memory.
    public var cache = Cache()
    /// Contents compressed on the fly.
    public var compression = Compression()
    /// Uploads.
    public var uploads = Uploads()
    /// Access log and journal.
    public var log = Log()

    /// A status of nothing; to be filled in.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case state, version, pid, since, config, listeners, sites, workers, connections, requests,
            bytes, cache, compression, uploads, log
        case uptimeSeconds = "uptime_seconds"
        case latency = "latency_usec"
    }
}

extension Status {
    /// The configuration in force, and what became of the last attempt to change it.
    public struct Configuration: Sendable, Equatable, Codable {
        /// The files that were read, in the order of reading.
        public var files: [String] = []
        /// How many configurations were put in force, this one included.
        public var generation = 1
        /// When this one was put in force (ISO 8601, UTC).
        public var loaded = ""
        /// The last reload; nil before the first.
        public var lastReload: Reload?

        /// Nothing yet; to be filled in.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case files, generation, loaded
            case lastReload = "last_reload"
        }
    }

    /// The outcome of a reload.
    public struct Reload: Sendable, Equatable, Codable {
        /// Whether the new configuration is in force.
        public var result: ReloadOutcome.Result = .ok
        /// When it was (ISO 8601, UTC).
        public var time = ""
        /// Why it was refused, as `file:line:column: message`; empty where it was not.
        public var errors: [String] = []

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// A socket that takes connections.
    public struct Listener: Sendable, Equatable, Codable {
        /// Its name (`FileDescriptorName=`).
        public var name = ""
        /// Its address: `127.0.0.1:8080`, `[::1]:8080` or `unix:PATH`.
        public var address = ""

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// A site, as configured.
    public struct Site: Sendable, Equatable, Codable {
        /// The name in the section's heading.
        public var name = ""
        /// The host names that it answers to.
        public var serverNames: [String] = []
        /// Its document root.
        public var root = ""
        /// Whether PUT is allowed.
        public var upload = false

        /// Nothing yet; to be filled in.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case name, root, upload
            case serverNames = "server_names"
        }
    }

    /// A thread with an event loop.
    public struct Worker: Sendable, Equatable, Codable {
        /// Its number, from 0.
        public var id = 0
        /// Connections that it has open.
        public var connections = 0
        /// Requests that it has answered.
        public var requests = 0

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// Connections of all workers; control connections are not counted.
    public struct Connections: Sendable, Equatable, Codable {
        /// Open now.
        public var open = 0
        /// Of those, waiting for a request.
        public var idle = 0
        /// Of those, in an exchange.
        public var active = 0
        /// Accepted since the start.
        public var accepted = 0
        /// Turned away since the start, because there were too many.
        public var refused = 0
        /// How many may be open at once.
        public var limit = 0

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// Responses since the start, by the class of their status code (RFC 9110 §15).
    public struct Requests: Sendable, Equatable, Codable {
        /// Final responses of every class.
        public var total = 0
        /// 1xx; these precede a final response and are not in the total.
        public var informational = 0
        /// 2xx.
        public var successful = 0
        /// 3xx.
        public var redirection = 0
        /// 4xx.
        public var clientError = 0
        /// 5xx.
        public var serverError = 0

        /// Nothing yet; to be filled in.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case total, informational, successful, redirection
            case clientError = "client_error"
            case serverError = "server_error"
        }
    }

    /// Bytes on the wire since the start.
    public struct Bytes: Sendable, Equatable, Codable {
        /// From clients.
        public var received = 0
        /// To clients.
        public var sent = 0

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// How long exchanges took, in microseconds; every value is nil before the first.
    public struct Latency: Sendable, Equatable, Codable {
        /// Half took no longer.
        public var p50: Int?
        /// 90 % took no longer.
        public var p90: Int?
        /// 99 % took no longer.
        public var p99: Int?
        /// 99.9 % took no longer.
        public var p999: Int?
        /// The longest.
        public var max: Int?

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// Small files kept in memory, over all workers.
    public struct Cache: Sendable, Equatable, Codable {
        /// Files.
        public var entries = 0
        /// Bytes that they take.
        public var bytes = 0
        /// Bytes that they may take.
        public var limit = 0
        /// Lookups since the start that found a file in memory.
        public var hits = 0
        /// Lookups since the start that did not.
        public var misses = 0

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// Contents that were compressed on the fly, and are kept for all workers.
    public struct Compression: Sendable, Equatable, Codable {
        /// Contents, each of one version of a file in one coding.
        public var entries = 0
        /// Bytes that they take.
        public var bytes = 0
        /// Bytes that they may take.
        public var limit = 0
        /// How often one was made since the start.
        public var made = 0

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// Uploads since the start.
    public struct Uploads: Sendable, Equatable, Codable {
        /// Acknowledged.
        public var completed = 0
        /// Refused or broken off.
        public var failed = 0
        /// Bytes of the acknowledged ones.
        public var bytes = 0

        /// Nothing yet; to be filled in.
        public init() {}
    }

    /// The access log and the journal.
    public struct Log: Sendable, Equatable, Codable {
        /// The access log file; nil where there is none.
        public var file: String?
        /// Lines written since the start.
        public var lines = 0
        /// Writes that failed and were tried again.
        public var writeErrors = 0
        /// Events that the journal got.
        public var journalSent = 0
        /// Requests over `JournalRateLimit=`, which are only counted.
        public var journalSuppressed = 0
        /// Events lost because the journal did not take them.
        public var journalDropped = 0

        /// Nothing yet; to be filled in.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case file, lines
            case writeErrors = "write_errors"
            case journalSent = "journal_sent"
            case journalSuppressed = "journal_suppressed"
            case journalDropped = "journal_dropped"
        }
    }
}
