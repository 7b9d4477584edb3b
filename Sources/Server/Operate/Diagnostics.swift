internal import BasicContainers
internal import Linux
internal import Logging

/// Operational messages: to the journal where standard error goes there, else to standard error.
///
/// Requests never come this way.
struct Diagnostics: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info
    /// The way to the journal; nil where messages go to standard error.
    let journal: JournalThread?

    /// A logger to the right place.
    static func logger(_ journal: JournalThread?) -> Logger {
        Logger(label: "httpd-swift") { _ in Diagnostics(journal: journal) }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        guard let journal else {
            StandardError.write("\(Self.prefix(event.level))\(event.message)\n")
            return
        }
        let fields = all.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        journal.add(
            [
                ("MESSAGE", "\(event.message)"), ("PRIORITY", "\(Self.priority(event.level))"),
                ("SYSLOG_IDENTIFIER", "httpd-swift"),
            ] + fields)
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
