internal import Configuration
internal import Content
internal import Control
internal import HTTP
internal import Linux
internal import Logging
internal import Synchronization
internal import Systemd

/// The process: it starts the workers, and then waits for signals, reloads and the watchdog.
///
/// `run` is the whole life of the daemon. It never touches a request; what it knows of the workers
/// it has from their answers.
public enum Server {
    /// Serves until it is told to stop.
    ///
    /// - Returns: how the process is to end.
    public static func run(_ options: Options) -> ExitStatus {
        var journal: JournalThread?
        // Nothing that was said is lost with the process.
        defer { journal?.drain() }
        do throws(StartFailure) {
            // Before any thread, so that none gets the signals.
            let signals = try StartFailure.wrap("signalfd") { () throws(Errno) in
                try SignalDescriptor()
            }
            if Journal.hasStandardError {
                journal = try StartFailure.wrap("thread") { () throws(Errno) in
                    try JournalThread()
                }
            }
            let loader = ConfigurationLoader(options)
            let settings = try loader.load()
            if options.checksOnly { return try check(settings) }
            let supervisor = try Supervisor(
                options: options, loader: loader, settings: settings, journal: journal)
            try supervisor.start()
            let status = supervisor.run(signals)
            ListenerSetup.removeSockets(options)
            return status
        } catch {
            let logger = Diagnostics.logger(journal)
            for line in error.lines { logger.critical("\(line)") }
            return error.status
        }
    }

    private static func check(_ settings: Settings) throws(StartFailure) -> ExitStatus {
        do throws(ConfigurationErrors) {
            try Snapshot.checkRoots(settings)
        } catch {
            throw StartFailure(error)
        }
        return .success
    }
}

/// Why the daemon does not start.
struct StartFailure: Error {
    let status: ExitStatus
    let lines: [String]

    init(_ status: ExitStatus, _ line: String) {
        self.status = status
        lines = [line]
    }

    init(_ errors: ConfigurationErrors) {
        status = .configuration
        lines = errors.diagnostics.map(\.description)
    }

    /// Does something that the system may refuse.
    static func wrap<Result: ~Copyable>(
        _ what: String, _ body: () throws(Errno) -> Result
    ) throws(StartFailure) -> Result {
        do throws(Errno) {
            return try body()
        } catch {
            throw StartFailure(.systemError, "\(what): \(error)")
        }
    }
}

/// Reads the settings as the command line says.
struct ConfigurationLoader: Sendable {
    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    /// The settings of the files, with what the command line overrides.
    func load() throws(StartFailure) -> Settings {
        do throws(ConfigurationErrors) {
            return try loadSettings()
        } catch {
            throw StartFailure(error)
        }
    }

    /// As `load`, for a reload.
    func loadSettings() throws(ConfigurationErrors) -> Settings {
        let loader = SettingsLoader(
            read: { path in
                do throws(Errno) {
                    return .content(try FileReader.contents(of: path))
                } catch {
                    return error == .notFound || error == .notDirectory
                        ? .missing : .failed("\(error)")
                }
            },
            list: { (path) throws(SettingsLoader.ListError) in
                do throws(Errno) {
                    return try FileReader.names(in: path)
                } catch {
                    if error == .notFound || error == .notDirectory { return [] }
                    throw SettingsLoader.ListError("\(error)")
                }
            })
        var settings = try loader.load(options.source)
        if let root = options.root {
            if let index = settings.sites.firstIndex(where: { $0.name == "default" }) {
                settings.sites[index].root = root
                settings.sites[index].locations["Root"] = nil
            } else {
                var site = SiteSettings(name: "default")
                site.root = root
                settings.sites.append(site)
            }
        }
        if options.source == .builtin { settings.log.file = nil }
        return settings
    }
}
