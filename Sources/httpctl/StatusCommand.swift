internal import ArgumentParser
internal import Control

/// `httpctl status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what the daemon does, listens on, has read and has served.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let socket = ControlSocket(path: options.controlSocketPath)
        let (code, json) = try socket.ask(
            "GET", ControlInterface.statusTarget, patience: .seconds(10))
        guard code == 200 else {
            throw Failure(ExitStatus(statusCode: code), "the daemon gives no status (\(code))")
        }
        if options.json {
            Console.output(String(decoding: json, as: UTF8.self))
        } else {
            let status = try socket.decode(Status.self, from: json)
            Console.output(StatusPage(status).text)
        }
    }
}
