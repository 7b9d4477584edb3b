internal import ArgumentParser
internal import Client
internal import Control

/// `httpctl head`.
struct Head: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the server says of a file, without getting it.")

    @Argument(help: "A target such as /index.html, or a URL.")
    var target: String

    @OptionGroup var transfer: TransferOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let (server, target) = try options.resolve(target)
        try Asking(
            request: Request(method: "HEAD", target: target), server: server, transfer: transfer
        ).run(isJSON: options.json)
    }
}

/// A request whose answer is shown and not stored, for `head` and `request`.
struct Asking {
    let request: Request
    let server: ServerURL
    let transfer: TransferOptions

    func run(isJSON: Bool) throws(any Error) {
        let response = try transfer.session().perform(
            request, at: server, contentByteLimit: Self.contentByteLimit)
        let head = response.head
        if isJSON {
            Console.output(json(response))
        } else {
            Console.output("HTTP/1.\(head.minorVersion) \(head.statusText)")
            for field in head.fields {
                Console.output(TerminalText.escape("\(field.name): \(field.value)"))
            }
            if !response.content.isEmpty {
                Console.output("")
                // The line feed at the end comes with the output.
                let content = response.content
                let text = content.last == 0x0A ? content.dropLast() : content[...]
                Console.output(
                    TerminalText.escape(String(decoding: text, as: UTF8.self), keepsLines: true))
            }
            if response.isCut { Console.error("httpctl: the rest of the content is not shown") }
        }
        let status = ExitStatus(statusCode: head.status)
        if status != .done { throw Failure(status) }
    }

    private func json(_ response: Session.Response) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("method", request.method)
            json.member("server", server.description)
            json.member("target", response.target.description)
            json.member("status", response.head.status)
            json.member("reason", response.head.reason)
            json.name("fields")
            json.array { json in
                for field in response.head.fields {
                    json.object { json in
                        json.member("name", field.name)
                        json.member("value", field.value)
                    }
                }
            }
            if !response.content.isEmpty {
                json.name("content")
                json.string(repairing: response.content)
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// What is longer is for `get`.
    private static let contentByteLimit = 64 << 10
}
