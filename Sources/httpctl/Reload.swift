internal import ArgumentParser
internal import Client
internal import Control

/// `httpctl reload`.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the daemon read its configuration anew.",
        discussion: """
            It comes back when the new configuration is in force. When it has errors, they are \
            printed, the old one stays in force, and the exit status is 1.
            """)

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let socket = ControlSocket(path: options.controlSocketPath)
        // Opening roots on slow disks takes what it takes; systemd has its own limit.
        let (code, json) = try socket.ask(
            "POST", ControlInterface.reloadTarget, patience: .seconds(300))
        guard [200, 422, 500, 503].contains(code) else {
            throw Failure(ExitStatus(statusCode: code), "the daemon does not reload (\(code))")
        }
        let outcome = try socket.decode(ReloadOutcome.self, from: json)
        if options.json { Console.output(String(decoding: json, as: UTF8.self)) }
        switch outcome.result {
        case .ok:
            for note in outcome.notes { Console.error(TerminalText.escape(note)) }
            if options.json { return }
            let files = outcome.files.map { TerminalText.escape($0) }.joined(separator: " ")
            Console.output(
                "reloaded, generation \(outcome.generation): "
                    + (files.isEmpty ? "built-in defaults" : files))
        case .refused:
            for error in outcome.errors { Console.error(TerminalText.escape(error)) }
            throw Failure(
                .failed,
                code == 422
                    ? "the new configuration was refused; the one in force is as it was"
                    : "the daemon did not reload")
        }
    }
}
