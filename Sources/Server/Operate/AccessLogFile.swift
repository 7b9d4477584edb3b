internal import Configuration
internal import Linux
internal import Logging
internal import Synchronization

/// The access log file, shared by all workers, each of which writes whole lines.
///
/// The descriptor stays the same while the file behind it is replaced, so that reopening needs no
/// word with the workers.
final class AccessLogFile: Sendable {
    private struct Failure {
        var last: Errno?
    }

    let path: String
    private let descriptor: FileDescriptor
    private let failure = Mutex(Failure())
    private let hasFailed = Atomic<Bool>(false)
    private let report: @Sendable (String, Errno) -> Void

    /// Opens the file, made if it is missing.
    ///
    /// - Parameters:
    ///   - path: an absolute path.
    ///   - report: is called when writing begins to fail.
    /// - Throws: what open(2) says.
    init(
        path: String, report: @escaping @Sendable (String, Errno) -> Void
    ) throws(Errno) {
        self.path = path
        self.report = report
        descriptor = try Self.open(path)
    }

    /// Opens the path anew, as after a rotation.
    func reopen() throws(Errno) {
        try descriptor.replace(with: try Self.open(path))
    }

    /// Writes lines; waits for a slow disk.
    ///
    /// - Returns: whether all were written. The first failure of a row is reported.
    func write(_ lines: Span<UInt8>) -> Bool {
        do throws(Errno) {
            try descriptor.writeAll(lines)
            if hasFailed.load(ordering: .relaxed) {
                hasFailed.store(false, ordering: .relaxed)
                failure.withLock { $0.last = nil }
            }
            return true
        } catch {
            hasFailed.store(true, ordering: .relaxed)
            let isNew = failure.withLock { failure in
                defer { failure.last = error }
                return failure.last == nil
            }
            if isNew { report(path, error) }
            return false
        }
    }

    private static func open(_ path: String) throws(Errno) -> FileDescriptor {
        try FileDescriptor.open(path, [.append, .create], permissions: 0o640)
    }
}

/// The opening of the access log that a configuration names.
struct LogOpening {
    private let settings: LogSettings
    private let logger: Logger
    private let inForce: AccessLogFile?

    /// What is to be opened.
    ///
    /// - Parameters:
    ///   - settings: what the configuration says.
    ///   - logger: where a failure to write is told.
    ///   - inForce: the log that is open already; it goes on where the path is the same.
    init(_ settings: LogSettings, _ logger: Logger, inForce: AccessLogFile?) {
        self.settings = settings
        self.logger = logger
        self.inForce = inForce
    }

    /// The log, or nil where the configuration wants none.
    func open() throws(Diagnostic) -> AccessLogFile? {
        guard let path = settings.file else { return nil }
        if let inForce, inForce.path == path { return inForce }
        let logger = logger
        do throws(Errno) {
            return try AccessLogFile(path: path) { path, error in
                Self.report("cannot be written", path, error, logger)
            }
        } catch {
            throw Diagnostic(
                "the access log '\(path)' cannot be opened: \(error)",
                at: settings.locations["File"])
        }
    }

    /// Tells the admin that the log does not get its lines.
    static func report(_ what: String, _ path: String, _ error: Errno, _ logger: Logger) {
        logger.error(
            "The access log '\(path)' \(what): \(error)",
            metadata: [
                "MESSAGE_ID": "\(MessageID.logFailed)", "LOG_FILE": "\(path)",
                "ERRNO": "\(error.rawValue)",
            ])
    }
}
