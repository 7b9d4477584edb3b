internal import Client
internal import Control

/// A status as a page of text: a heading, and rows of a label and its lines.
struct StatusPage {
    private let status: Status

    init(_ status: Status) {
        self.status = status
    }

    /// The page, without a line feed at its end.
    var text: String {
        var lines = [heading]
        for (label, values) in rows where !values.isEmpty {
            let padding = String(repeating: " ", count: Self.labelWidth - label.count)
            lines.append("  " + Console.styled(label, "1") + padding + values[0])
            let indent = String(repeating: " ", count: Self.labelWidth + 2)
            lines += values.dropFirst().map { indent + $0 }
        }
        return lines.joined(separator: "\n")
    }

    private static let labelWidth = 15

    private var heading: String {
        let rendition = status.state == .running ? "1;32" : "1;33"
        let state = Console.styled(status.state.rawValue, rendition)
        let uptime = Units.span(seconds: status.uptimeSeconds)
        return "httpd-swift \(escaped(status.version)): \(state) since \(time(status.since)) "
            + "(\(uptime)), pid \(status.pid)"
    }

    private var rows: [(label: String, lines: [String])] {
        [
            ("Configuration", configuration),
            ("Last reload", lastReload),
            ("Listeners", TextTable.lines(status.listeners.map { [$0.name, $0.address] })),
            ("Sites", sites),
            ("Workers", workers),
            ("Connections", connections),
            ("Requests", requests),
            (
                "Bytes",
                [
                    "\(Units.bytes(status.bytes.received)) received, "
                        + "\(Units.bytes(status.bytes.sent)) sent"
                ]
            ),
            ("Latency", latency),
            ("Cache", cache),
            ("Compressed", compressed),
            ("Uploads", uploads),
            ("Access log", accessLog),
            ("Journal", journal),
        ]
    }

    private var configuration: [String] {
        let config = status.config
        let files = config.files.isEmpty ? ["built-in defaults, no file"] : config.files
        return ["generation \(config.generation), loaded \(time(config.loaded))"]
            + files.map(escaped)
    }

    private var lastReload: [String] {
        guard let reload = status.config.lastReload else { return [] }
        switch reload.result {
        case .ok:
            return ["\(time(reload.time)), in force"]
        case .refused:
            let text = Console.styled("refused", "1;31") + ", nothing was changed"
            return ["\(time(reload.time)), \(text)"] + reload.errors.map(escaped)
        }
    }

    private var sites: [String] {
        TextTable.lines(
            status.sites.map { site in
                [
                    site.name, site.root, site.serverNames.joined(separator: " "),
                    site.upload ? "uploads allowed" : "",
                ]
            })
    }

    private var workers: [String] {
        let total = status.workers.count
        guard total > 1 else { return ["\(total)"] }
        return ["\(total)"]
            + TextTable.lines(
                status.workers.map { worker in
                    [
                        "\(worker.id)", Units.count(worker.connections, "connection"),
                        Units.count(worker.requests, "request"),
                    ]
                })
    }

    private var connections: [String] {
        let count = status.connections
        return [
            "\(Units.number(count.open)) open (\(Units.number(count.active)) active, "
                + "\(Units.number(count.idle)) idle) of at most \(Units.number(count.limit))",
            "\(Units.number(count.accepted)) accepted, \(Units.number(count.refused)) refused",
        ]
    }

    private var requests: [String] {
        let count = status.requests
        return [
            "\(Units.number(count.total)): \(Units.number(count.successful)) 2xx, "
                + "\(Units.number(count.redirection)) 3xx, "
                + "\(Units.number(count.clientError)) 4xx, "
                + "\(Units.number(count.serverError)) 5xx"
        ]
    }

    private var latency: [String] {
        let latency = status.latency
        let values = [
            ("half", latency.p50), ("90 %", latency.p90), ("99 %", latency.p99),
            ("99.9 %", latency.p999), ("all", latency.max),
        ].compactMap { name, value in
            value.map { "\(name) within \(Units.time(microseconds: $0))" }
        }
        return values.isEmpty ? [] : [values.joined(separator: ", ")]
    }

    private var compressed: [String] {
        let compression = status.compression
        guard compression.made > 0 else { return [] }
        return [
            "\(Units.count(compression.entries, "content")), \(Units.bytes(compression.bytes)) of "
                + "\(Units.bytes(compression.limit)); \(compression.made) made"
        ]
    }

    private var cache: [String] {
        let cache = status.cache
        let lookups = cache.hits + cache.misses
        let hits = lookups == 0 ? "" : "; \(cache.hits * 100 / lookups) % of lookups hit"
        return [
            "\(Units.count(cache.entries, "file")), \(Units.bytes(cache.bytes)) of "
                + "\(Units.bytes(cache.limit))\(hits)"
        ]
    }

    private var uploads: [String] {
        let uploads = status.uploads
        return [
            "\(Units.number(uploads.completed)) completed (\(Units.bytes(uploads.bytes))), "
                + "\(Units.number(uploads.failed)) failed"
        ]
    }

    private var accessLog: [String] {
        guard let file = status.log.file else { return ["no file"] }
        let errors = status.log.writeErrors
        let failed = errors == 0 ? "" : ", " + Console.styled("\(errors) write errors", "1;31")
        return ["\(escaped(file)), \(Units.count(status.log.lines, "line"))\(failed)"]
    }

    private var journal: [String] {
        let log = status.log
        return [
            "\(Units.count(log.journalSent, "event")), "
                + "\(Units.number(log.journalSuppressed)) over the rate limit, "
                + "\(Units.number(log.journalDropped)) dropped"
        ]
    }

    /// `2026-01-02T03:04:05.678Z` as `2026-01-02 03:04:05 UTC`.
    private func time(_ text: String) -> String {
        guard text.hasSuffix("Z") else { return escaped(text) }
        let seconds = text.dropLast().prefix { $0 != "." }
        return escaped(seconds.split(separator: "T").joined(separator: " ")) + " UTC"
    }

    private func escaped(_ text: String) -> String {
        TerminalText.escape(text)
    }
}
