internal import FoundationEssentials
internal import Linux

/// The standard output and the standard error output.
enum Console {
    /// Writes a line to the standard output.
    static func output(_ line: String) {
        write(line + "\n") { () throws(Errno) in try FileDescriptor.standardOutput() }
    }

    /// Writes a line to the standard error output.
    static func error(_ line: String) {
        write(line + "\n") { () throws(Errno) in try FileDescriptor.standardError() }
    }

    /// Writes what is no line of its own, such as progress, to the standard error output.
    static func errorPart(_ text: String) {
        write(text) { () throws(Errno) in try FileDescriptor.standardError() }
    }

    /// Whether someone looks at the standard error output.
    static var errorIsTerminal: Bool {
        (try? FileDescriptor.standardError())?.isTerminal ?? false
    }

    /// Whether the standard output may have colours: it is a terminal that can, and nobody set
    /// NO_COLOR (no-color.org).
    static let outputHasColour: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return environment["NO_COLOR", default: ""].isEmpty
            && environment["TERM", default: "dumb"] != "dumb"
            && ((try? FileDescriptor.standardOutput())?.isTerminal ?? false)
    }()

    /// The text in a graphic rendition (ECMA-48 SGR), where the standard output has colours.
    static func styled(_ text: String, _ rendition: String) -> String {
        outputHasColour ? "\u{1B}[\(rendition)m\(text)\u{1B}[0m" : text
    }

    /// Nobody is told when a stream cannot be written to: there is nowhere else to say it.
    private static func write(
        _ text: String, to stream: () throws(Errno) -> FileDescriptor
    ) {
        try? stream().writeAll(Array(text.utf8).span)
    }
}

/// The progress of a transfer, in one line of a terminal, from its second second on.
final class ProgressLine {
    private let name: String
    private let start = ContinuousClock.now
    private var shown: ContinuousClock.Instant?
    private let isEnabled = Console.errorIsTerminal

    /// Progress of something with a name, which is escaped already.
    init(_ name: String) {
        self.name = name.count > 30 ? String(name.prefix(29)) + "…" : name
    }

    /// Shows how far it is, five times a second.
    func update(_ byteCount: Int, of total: Int?) {
        let now = ContinuousClock.now
        guard isEnabled, now - start >= .seconds(1) else { return }
        if let shown, now - shown < .milliseconds(200) { return }
        shown = now
        let rate = Double(byteCount) / (now - start).seconds
        var text = "\r\u{1B}[K\(name)  "
        if let total, total > 0 {
            // A total may be any number that a server likes to say.
            let share = Int(min(Double(byteCount) / Double(total), 1) * 100)
            text += "\(share) %  \(Units.bytes(byteCount)) of \(Units.bytes(total))"
            let left = min(Double(total - byteCount) / max(rate, 1), 1_000_000_000)
            text += "  \(Units.bytes(Int(rate)))/s  \(Units.span(seconds: Int(left) + 1)) left"
        } else {
            text += "\(Units.bytes(byteCount))  \(Units.bytes(Int(rate)))/s"
        }
        Console.errorPart(text)
    }

    /// Takes the line away.
    func end() {
        if shown != nil { Console.errorPart("\r\u{1B}[K") }
        shown = nil
    }
}
