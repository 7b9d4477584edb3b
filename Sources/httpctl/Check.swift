internal import ArgumentParser
internal import Client
internal import Configuration
internal import Control
internal import Linux

/// `httpctl check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check configuration files, as the daemon does when it reads them.",
        discussion: """
            Prints every error with file, line and column; the exit status is 1 where there is \
            one. What only the daemon can know, such as the listeners that it is given, is \
            checked when it reloads.
            """)

    @Argument(
        help: ArgumentHelp(
            "A file to check instead of the system's, with the drop-ins in FILE.d."))
    var file: String?

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let loader = SettingsLoader(
            read: { Self.read($0) },
            list: { path throws(SettingsLoader.ListError) in try Self.list(path) })
        var errors: [String] = []
        var files: [String] = []
        do throws(ConfigurationErrors) {
            let settings = try loader.load(file.map { .file($0) } ?? .system)
            files = settings.files
            errors = settings.sites.compactMap(Self.rootProblem).map { $0.description }
        } catch {
            errors = error.diagnostics.map(\.description)
        }
        if options.json {
            Console.output(json(files: files, errors: errors))
        } else if errors.isEmpty {
            let read = files.isEmpty ? "there is none; the built-in defaults hold" : nil
            Console.output(
                "the configuration is right: "
                    + (read ?? files.map { TerminalText.escape($0) }.joined(separator: " ")))
        } else {
            for error in errors { Console.error(TerminalText.escape(error)) }
        }
        if !errors.isEmpty { throw Failure(.failed) }
    }

    /// What is wrong with a document root.
    ///
    /// Whether the daemon's user may read it is not known here.
    private static func rootProblem(_ site: SiteSettings) -> Diagnostic? {
        let location = site.locations["Root"]
        do throws(Errno) {
            let status = try FileStatus(path: site.root)
            if status.kind == .directory { return nil }
            return Diagnostic("Root=\(site.root) is not a directory", at: location)
        } catch .accessDenied {
            return nil
        } catch {
            return Diagnostic("Root=\(site.root) cannot be opened: \(error)", at: location)
        }
    }

    private static func read(_ path: String) -> SettingsLoader.ReadResult {
        do throws(Errno) {
            let file = try FileDescriptor.open(path, .read)
            var content: [UInt8] = []
            var isAtEnd = false
            while !isAtEnd {
                try content.append(addingCapacity: 64 << 10) { (span) throws(Errno) in
                    isAtEnd = try file.read(into: &span) == 0
                }
            }
            return .content(content)
        } catch .notFound {
            return .missing
        } catch {
            return .failed("\(error)")
        }
    }

    private static func list(_ path: String) throws(SettingsLoader.ListError) -> [String] {
        do throws(Errno) {
            let names = try FileDescriptor.open(path, [.read, .directory]).entryNames()
            return names.map { String(decoding: $0, as: UTF8.self) }
        } catch .notFound {
            return []
        } catch {
            throw SettingsLoader.ListError("\(error)")
        }
    }

    private func json(files: [String], errors: [String]) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("result", errors.isEmpty ? "ok" : "refused")
            json.member("files", files)
            json.member("errors", errors)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
