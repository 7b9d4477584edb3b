internal import ArgumentParser
internal import Client

/// `httpctl delete`.
struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a file from the server.",
        discussion: """
            A directory is removed where the server does that, as httpd-swift does when it is \
            empty. What is not there is an error (exit status 4).
            """)

    @Argument(help: "What to remove: a target such as /old.html, or a URL.")
    var target: String

    @OptionGroup var precondition: PreconditionOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        try GlobalOptions.checkChanged(target)
    }

    func run() throws {
        let (server, target) = try options.resolve(target)
        let start = ContinuousClock.now
        let response = try transfer.session().perform(
            Request(method: "DELETE", target: target, fields: precondition.fields), at: server,
            contentByteLimit: Session.explanationByteLimit)
        let head = response.head
        let report = TransferReport(
            method: "DELETE", server: server, response: response,
            duration: start.duration(to: .now))
        guard head.isSuccessful else { throw report.refusal(isJSON: options.json) }
        // RFC 9110 §9.3.5: it may be done later.
        let verb = head.status == 202 ? "to be removed" : "removed"
        report.confirm("\(server)\(target): \(verb)", isJSON: options.json)
    }
}
