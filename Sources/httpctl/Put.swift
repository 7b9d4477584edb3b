internal import ArgumentParser
internal import Client

/// `httpctl put`.
struct Put: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a file onto the server.",
        discussion: """
            The server is asked before anything is sent, and sending stops when it refuses. A file \
            that changes while it is sent is not uploaded.
            """)

    @Argument(help: "The file; - is the standard input, which wants a target.")
    var file: String

    @Argument(
        help: ArgumentHelp(
            "Where to: a target or a URL.",
            discussion:
                "By default / and the file's name; the name is appended where it ends in /."))
    var target: String?

    @Flag(help: "Only where there is no such file yet.")
    var create = false

    @OptionGroup var precondition: PreconditionOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if let target { try GlobalOptions.checkChanged(target) }
        if file.isEmpty { throw ValidationError("The name of the file is empty.") }
        if create && precondition.ifMatch != nil {
            throw ValidationError("--create and --if-match exclude each other.")
        }
        if file == "-" && (target ?? "/").hasSuffix("/") {
            throw ValidationError("The standard input has no name; give a target to put it to.")
        }
    }

    func run() throws {
        var (server, target) = try options.resolve(target ?? "/")
        if target.isDirectory {
            let name = file.split(separator: "/").last.map(String.init) ?? ""
            if name.isEmpty || name == "." || name == ".." {
                throw ClientError.usage("\(TerminalText.escape(file)) is not the name of a file")
            }
            target = RequestTarget(fileNamed: name, below: target)
        }
        var fields = precondition.fields
        if create { fields.append(.init(name: "If-None-Match", value: "*")) }
        try Uploading(
            path: file == "-" ? nil : file, target: target, server: server, fields: fields,
            transfer: transfer
        ).run(isJSON: options.json)
    }
}

/// On which state of the server's file a change depends, for `put` and `delete`.
struct PreconditionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only where the server's file still has this entity tag.", valueName: "etag"))
    var ifMatch: String?

    /// The field line that says so (RFC 9110 §13.1.1).
    var fields: [ResponseHead.Field] {
        guard let ifMatch else { return [] }
        // The quotation marks, which a shell eats, belong to a tag (RFC 9110 §8.8.3).
        let isComplete = ifMatch.hasSuffix("\"") || ifMatch == "*"
        return [.init(name: "If-Match", value: isComplete ? ifMatch : "\"\(ifMatch)\"")]
    }
}

/// A PUT with its confirmation, for `put` and `request`.
struct Uploading {
    let path: String?
    let target: RequestTarget
    let server: ServerURL
    var fields: [ResponseHead.Field] = []
    let transfer: TransferOptions

    func run(isJSON: Bool) throws(any Error) {
        let name = TerminalText.escape(path ?? "standard input")
        let start = ContinuousClock.now
        let progress = ProgressLine(name)
        defer { progress.end() }
        let upload = try transfer.session(progress: progress).put(
            path: path, to: target, at: server, fields: fields)
        progress.end()

        let head = upload.response.head
        var report = TransferReport(
            method: "PUT", server: server, response: upload.response,
            duration: start.duration(to: .now))
        report.byteCount = upload.byteCount
        guard head.isSuccessful else { throw report.refusal(isJSON: isJSON) }
        let verb =
            switch head.status {
            case 201: "created"
            case 200, 204: "replaced"
            default: "sent to"
            }
        var text = "\(name): \(Units.exactBytes(upload.byteCount)), \(verb) \(server)\(target)"
        if let tag = head["ETag"] { text += ", ETag \(TerminalText.escape(tag))" }
        report.confirm(text, isJSON: isJSON)
    }
}
