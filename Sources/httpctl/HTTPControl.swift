internal import ArgumentParser
internal import Client
internal import Control

/// The client of any HTTP server of files, and the control tool of httpd-swift.
///
/// A command reads its arguments, calls `Client` or asks the daemon over the control socket, and
/// says what happened; what it means for the exit status is in `ExitStatus` alone.
struct HTTPControl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "httpctl",
        abstract: "Get and put files over HTTP, and control httpd-swift.",
        discussion: """
            Files go from and to --server, or the server of a URL. status, explain, reload and \
            check are for the httpd-swift of this machine.

            EXIT STATUS:
            \(exitStatusTable)

            See httpctl(1).
            """,
        version: "httpctl \(ControlInterface.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Transfers",
                subcommands: [
                    Get.self, Put.self, Delete.self, Head.self, RequestCommand.self,
                ]
            ),
            CommandGroup(
                name: "Control",
                subcommands: [StatusCommand.self, Explain.self, Reload.self, Check.self]),
        ])

    @OptionGroup var options: GlobalOptions

    private static var exitStatusTable: String {
        ExitStatus.allCases.map { status in
            let number = "\(status.rawValue)"
            return String(repeating: " ", count: 5 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }

    /// Parses the arguments and runs the command.
    ///
    /// - Returns: the exit status.
    static func start() -> ExitStatus {
        do {
            var command = try parseAsRoot()
            try command.run()
            return .done
        } catch let failure as Failure {
            if !failure.message.isEmpty { Console.error("httpctl: \(failure.message)") }
            return failure.status
        } catch let error as ClientError {
            Console.error("httpctl: \(error)")
            return ExitStatus(error)
        } catch {
            let text = fullMessage(for: error)
            // Help and version, which were asked for, are no errors.
            if exitCode(for: error).isSuccess {
                Console.output(text)
                return .done
            }
            Console.error(text)
            return exitCode(for: error) == .validationFailure ? .usage : .failed
        }
    }
}
