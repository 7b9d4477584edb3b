internal import ArgumentParser
internal import Client
internal import Linux

/// `httpctl request`.
struct RequestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Send one request of any method to a host and port.",
        discussion: """
            GET stores the file as get does, PUT uploads the local file TARGET to /TARGET. Of any \
            other method, the answer is shown.
            """)

    @Argument(help: "A host name or numeric address.")
    var host: String

    @Argument(help: "A port.")
    var port: String

    @Argument(help: "GET, HEAD, PUT, OPTIONS, DELETE, or another method.")
    var verb: String

    @Argument(help: "A target such as /index.html; for PUT, the local file too.")
    var target: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let server = try ServerURL(host: host, port: port)
        switch verb {
        case "GET":
            // Who wants the answer on the standard output wants it whatever it is.
            var output = output
            output.show = output.show || output.output == "-"
            try Downloading(
                target: RequestTarget(typed: target), server: server, output: output,
                transfer: transfer
            ).run(isJSON: options.json)
        case "PUT":
            // As a target it begins with a slash, which the name of the local file may lack.
            let relative = String(target.drop { $0 == "/" })
            let isThere = (try? FileStatus(path: target)) != nil
            try Uploading(
                path: isThere ? target : relative,
                target: RequestTarget(fileNamed: relative), server: server,
                transfer: transfer
            ).run(isJSON: options.json)
        default:
            var request = Request(
                method: verb,
                target: target == "*" ? .asterisk : RequestTarget(typed: target))
            // Methods that have content say that they send none (RFC 9110 §8.6).
            if verb == "POST" || verb == "PATCH" {
                request.content = []
            }
            try Asking(request: request, server: server, transfer: transfer)
                .run(isJSON: options.json)
        }
    }
}
