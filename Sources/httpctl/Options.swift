internal import ArgumentParser
internal import Client
internal import Control
internal import FoundationEssentials
internal import Linux

/// Options of every command, before or after its name.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server of targets that are no URL: http://HOST[:PORT] or unix:PATH.",
            discussion: "Else $HTTPCTL_SERVER, else http://localhost:8080.", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The control socket of the daemon.",
            discussion: "Else $HTTPCTL_CONTROL, else /run/httpd-swift/control.sock.",
            valueName: "path"))
    var control: String?

    @Flag(help: "Say what happened as JSON.")
    var json = false

    /// The server, and the target on it, of an argument that is a target or a URL.
    func resolve(_ argument: String) throws(ClientError) -> (ServerURL, RequestTarget) {
        if ServerURL.isURL(argument) { return try ServerURL.parse(url: argument) }
        return (try defaultServer(), RequestTarget(typed: argument))
    }

    /// Refuses what may not name the one file that is to be changed: nothing at all, and what a
    /// target has behind its path, which a server of files would not heed.
    static func checkChanged(_ argument: String) throws {
        guard !argument.isEmpty else { throw ValidationError("The target is empty.") }
        for (character, escape) in [("#", "%23"), ("?", "%3F")] where argument.contains(character) {
            throw ValidationError(
                "'\(character)' ends the path of a target; in a name, write \(escape) for it."
            )
        }
    }

    /// The server of targets that name none.
    func defaultServer() throws(ClientError) -> ServerURL {
        let text =
            server ?? Self.environment(ControlInterface.serverVariable)
            ?? ControlInterface.defaultServer
        return try ServerURL(text)
    }

    /// The path of the control socket: of a tool that was not installed, that of `make run` in the
    /// same checkout.
    var controlSocketPath: String {
        if let path = control ?? Self.environment(ControlInterface.socketVariable) { return path }
        if let path = Self.checkoutSocketPath, (try? FileStatus(path: path)) != nil { return path }
        return ControlInterface.defaultSocketPath
    }

    /// Below the checkout that this program lies in; never below the current directory, which may
    /// be somebody else's.
    private static var checkoutSocketPath: String? {
        guard
            let program = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe"),
            let build = program.ranges(of: "/.build/").last
        else { return nil }
        return program[..<build.lowerBound] + "/" + ControlInterface.checkoutSocketPath
    }

    /// A variable of the environment; an empty one is none.
    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Options of the commands that transfer something.
struct TransferOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long the whole may take; by default, any time.", valueName: "seconds"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp("How long nothing may move; 60 by default.", valueName: "seconds"))
    var stallTimeout: Double?

    @Flag(name: .shortAndLong, help: "Show the heads of requests and responses.")
    var verbose = false

    func validate() throws {
        for seconds in [timeout, stallTimeout] {
            if let seconds, !(seconds > 0 && seconds <= 1_000_000) {
                throw ValidationError("A timeout is a number of seconds above 0, at most 1000000.")
            }
        }
    }

    /// A session with these options.
    func session(progress: ProgressLine? = nil) -> Session {
        var observer = Observer()
        if verbose { observer.trace = { Console.error($0) } }
        observer.note = { Console.error("httpctl: \(TerminalText.escape($0))") }
        if let progress { observer.progress = { progress.update($0, of: $1) } }
        let stall = stallTimeout.map { Duration.seconds($0) } ?? .seconds(60)
        return Session(
            timeouts: Timeouts(
                connect: min(.seconds(10), stall), stall: stall,
                total: timeout.map { .seconds($0) }),
            userAgent: "httpctl/\(ControlInterface.version)", observer: observer)
    }
}
