internal import ArgumentParser
internal import Client
internal import Control

/// `httpctl explain`.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the daemon would answer to a request, and why.",
        usage: "httpctl explain [<method>] <target> [<options>]",
        discussion: """
            The daemon says which listener, site, rule, file and coding a request would get, with \
            the reasons and the answer's fields. It does not do it: nothing is sent, written or \
            logged.
            """)

    @Argument(help: "The method; GET where only a target is given.")
    var method: String

    @Argument(help: "A target such as /index.html, * for the server as a whole, or a URL.")
    var target: String?

    @Option(
        name: [.customShort("H"), .customLong("field")],
        help: ArgumentHelp(
            "A field of the request, such as 'Accept-Encoding: br'; may be repeated.",
            valueName: "name: value"))
    var fields: [String] = []

    @Option(
        help: ArgumentHelp(
            "The value of the Host field.", discussion: "Else the host of a URL, or of --server."))
    var host: String?

    @Option(
        help: ArgumentHelp(
            "The listener that the request is to come by.",
            discussion: "Else the first one for HTTP.", valueName: "name"))
    var listener: String?

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let head = try head()
        guard head.count <= ControlInterface.explainedHeadByteLimit else {
            throw ClientError.usage(
                "the head has \(head.count) bytes; the daemon takes at most "
                    + "\(ControlInterface.explainedHeadByteLimit)")
        }
        var question = RequestTarget(typed: ControlInterface.explainTarget)
        if let listener { question = question.with(query: "listener", listener) }
        let socket = ControlSocket(path: options.controlSocketPath)
        let (code, json) = try socket.ask(
            "POST", "\(question)", content: (ControlInterface.headMediaType, head),
            patience: .seconds(60))
        guard code == 200 else {
            throw Failure(ExitStatus(statusCode: code), "the daemon does not explain it (\(code))")
        }
        if options.json {
            Console.output(String(decoding: json, as: UTF8.self))
        } else {
            let explanation = try socket.decode(Explanation.self, from: json)
            Console.output(ExplanationPage(explanation).text)
        }
    }

    /// The request's head.
    private func head() throws(ClientError) -> [UInt8] {
        let (method, word) = target.map { (self.method, $0) } ?? ("GET", self.method)
        var request: Request
        var host = host
        if word == "*" {
            request = Request(method: method, target: .asterisk)
            if host == nil { host = try options.defaultServer().authority }
        } else {
            let (server, target) = try options.resolve(word)
            request = Request(method: method, target: target)
            if host == nil { host = server.authority }
        }
        for field in fields {
            guard let colon = field.firstIndex(of: ":") else {
                throw .usage("\(TerminalText.escape(field)): a field is written 'Name: value'")
            }
            let value = field[field.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let name = String(field[..<colon])
            // Who writes it himself wants no other.
            if name.lowercased() == "host" && self.host == nil { host = nil }
            request.fields.append(.init(name: name, value: String(value)))
        }
        return Array(try request.head(host: host).utf8)
    }
}

/// An explanation as a page of text: the steps, then the head of the answer.
struct ExplanationPage {
    private let explanation: Explanation

    init(_ explanation: Explanation) {
        self.explanation = explanation
    }

    /// The page, without a line feed at its end.
    var text: String {
        let steps = TextTable.lines(
            explanation.steps.map { [$0.part.rawValue, $0.result, $0.why] }, widthLimit: 40)
        let status = TerminalText.escape("HTTP/1.1 \(explanation.status) \(explanation.reason)")
        let fields = explanation.fields.map { TerminalText.escape("\($0.name): \($0.value)") }
        return (steps + ["", Console.styled(status, "1")] + fields).joined(separator: "\n")
    }
}
