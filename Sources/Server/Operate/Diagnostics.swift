internal import BasicContainers
internal import Linux
internal import Logging
internal import Systemd

/// Operational messages: to the journal when a service manager started us, else to standard error.
///
/// Requests never come this way.
struct Diagnostics: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info
    /// Whether entries go to the journal by its native protocol.
    let usesJournal: Bool

    /// A logger to the right place.
    static func logger() -> Logger {
        let usesJournal = Journal.isOurs
        return Logger(label: "httpd-swift") { _ in Diagnostics(usesJournal: usesJournal) }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = all.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        let isSent =
            usesJournal
            && Journal.send(
                "\(event.message)", priority: Self.priority(event.level),
                fields: [("SYSLOG_IDENTIFIER", "httpd-swift")] + fields)
        if !isSent { StandardError.write("\(Self.prefix(event.level))\(event.message)\n") }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    private static func prefix(_ level: Logger.Level) -> String {
        level >= .warning ? "httpd-swift: \(level): " : "httpd-swift: "
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

/// The standard error stream.
public enum StandardError {
    /// Writes text; what cannot be written is lost.
    public static func write(_ text: String) {
        var bytes = UniqueArray<UInt8>()
        var text = text
        text.makeContiguousUTF8()
        bytes.append(copying: text.utf8Span.span)
        FileDescriptor.withStandardError { descriptor in try? descriptor.writeAll(bytes.span) }
    }
}
