internal import ArgumentParser
internal import Client

/// `httpctl get`.
struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Get a file and store it, when it is whole.",
        discussion: """
            The file takes its name only when all of it has come and is on disk; until then, and \
            after any failure, a file that has the name is untouched. Nothing is stored unless the \
            server says that the file is there (2xx). Redirects on the same server are followed. A \
            digest that the server sends is checked.

            With --continue, what breaks off is kept as FILE.part where the server tells which \
            version it is (a strong entity tag), and is continued by the same command as long as \
            it is still that version; else it starts anew.
            """)

    @Argument(help: "What to get: a target such as /index.html, or a URL.")
    var target: String

    @Flag(
        help: ArgumentHelp(
            "Ask for the content in a coding, and decode it.",
            discussion: "Known are br, gzip and zstd."))
    var compressed = false

    @Flag(
        name: [.customShort("C"), .customLong("continue")],
        help: "Keep what breaks off as FILE.part, and go on with what was kept.")
    var continues = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if continues && output.isShown {
            throw ValidationError("--continue is for a file, not for the standard output.")
        }
        if continues && compressed {
            throw ValidationError("--continue and --compressed exclude each other.")
        }
    }

    func run() throws {
        let (server, target) = try options.resolve(target)
        try Downloading(
            target: target, server: server, output: output, continues: continues,
            decodes: compressed, transfer: transfer
        ).run(isJSON: options.json)
    }
}

/// Where what is got goes.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Store as this file; - is the standard output.",
            discussion: "By default, the last part of the target, index.html where it ends in /.",
            valueName: "file"))
    var output: String?

    @Flag(help: "Write to the standard output whatever comes, also the page of an error.")
    var show = false

    /// Whether it goes to the standard output.
    var isShown: Bool { show || output == "-" }

    func validate() throws {
        if let output, output.isEmpty { throw ValidationError("The name of the file is empty.") }
        if show, let output, output != "-" {
            throw ValidationError("--show writes to the standard output, not to a file.")
        }
    }
}

/// A GET with its confirmation, for `get` and `request`.
struct Downloading {
    let target: RequestTarget
    let server: ServerURL
    let output: OutputOptions
    var continues = false
    var decodes = false
    let transfer: TransferOptions

    func run(isJSON: Bool) throws(any Error) {
        let isShown = output.isShown
        let path = isShown ? nil : try output.output ?? target.fileName()
        let start = ContinuousClock.now
        let progress = ProgressLine(TerminalText.escape(path ?? "\(target)"))
        defer { progress.end() }
        var options = DownloadOptions()
        options.storesAnyStatus = output.show
        options.continues = continues
        options.decodes = decodes
        let download = try transfer.session(progress: progress).get(
            target, from: server, to: path.map { .file(path: $0) } ?? .standardOutput,
            options: options)
        progress.end()

        let response = download.response
        var report = TransferReport(
            method: "GET", server: server, response: response, duration: start.duration(to: .now))
        guard response.head.isSuccessful else {
            throw report.refusal(isJSON: isJSON && !isShown)
        }
        report.byteCount = response.contentByteCount
        report.storedPath = path
        report.earlierByteCount = download.earlierByteCount
        report.digests = download.digests
        report.coding = download.coding
        let place = path.map { "stored as \(TerminalText.escape($0))" } ?? "shown"
        var text = "\(response.target): \(Units.exactBytes(report.byteCount)) \(place)"
        if download.earlierByteCount > 0 {
            text += ", continued from \(Units.exactBytes(download.earlierByteCount))"
        }
        if let coding = download.coding { text += ", decoded from \(TerminalText.escape(coding))" }
        if !download.digests.isEmpty {
            text += ", \(download.digests.joined(separator: " and ")) verified"
        }
        report.confirm(text, isJSON: isJSON, onError: isShown)
    }
}
