/// Finds, reads and merges the configuration files; the one way to get `Settings`.
///
/// The module knows no files: whoever loads gives two functions that do. So the same loader serves
/// the daemon at start-up and reload, `httpctl check`, and tests that have no file system at all.
///
/// `Source.system` reads what `systemd-analyze cat-config httpd-swift/httpd-swift.conf` shows: the
/// main file of the first directory that has one, then all drop-ins in the order of their names. A
/// drop-in hides those of the same name in later directories, so an empty file, or a link to
/// `/dev/null`, takes away what the vendor ships. Later assignments override earlier ones.
public struct SettingsLoader {
    /// What came of reading a file.
    public enum ReadResult: Sendable, Equatable {
        /// All bytes of the file.
        case content([UInt8])
        /// There is no such file; also a link to nowhere.
        case missing
        /// It cannot be read, and why: `Permission denied`.
        case failed(String)
    }

    /// A directory cannot be listed.
    public struct ListError: Error, Sendable, Equatable {
        /// Why: `Permission denied`.
        public var reason: String

        /// An error with its reason.
        public init(_ reason: String) {
            self.reason = reason
        }
    }

    /// Where a configuration comes from.
    public enum Source: Sendable, Equatable {
        /// No file: the built-in defaults.
        case builtin
        /// A file, and `*.conf` in the directory of its name and `.d`.
        case file(String)
        /// The files of the system below `/etc`, `/run`, `/usr/local/lib` and `/usr/lib`.
        case system
    }

    /// The directories of the system's files; the earlier hides the later (systemd.unit(5)).
    static let systemDirectories = [
        "/etc/httpd-swift", "/run/httpd-swift", "/usr/local/lib/httpd-swift",
        "/usr/lib/httpd-swift",
    ]

    private let read: (String) -> ReadResult
    private let list: (String) throws(ListError) -> [String]

    /// A loader over a file system.
    ///
    /// - Parameters:
    ///   - read: Reads the file at a path, following links.
    ///   - list: The names in the directory at a path, in any order; none where it is missing.
    public init(
        read: @escaping (String) -> ReadResult,
        list: @escaping (String) throws(ListError) -> [String]
    ) {
        self.read = read
        self.list = list
    }

    /// Reads all files of a source; throws everything that is wrong with them at once.
    public func load(_ source: Source) throws(ConfigurationErrors) -> Settings {
        var builder = SettingsBuilder()
        switch source {
        case .builtin:
            break
        case .file(let path):
            if !add(path, to: &builder) { builder.report("there is no file \(path)") }
            addDropIns(of: [path + ".d"], to: &builder)
        case .system:
            let directories = Self.systemDirectories.map { $0 + "/httpd-swift.conf" }
            _ = directories.first { add($0, to: &builder) }
            addDropIns(of: directories.map { $0 + ".d" }, to: &builder)
        }
        return try builder.finish()
    }

    /// Adds a file; whether it exists.
    private func add(_ path: String, to builder: inout SettingsBuilder) -> Bool {
        switch read(path) {
        case .content(let content):
            builder.add(content, file: path)
        case .missing:
            return false
        case .failed(let reason):
            builder.report("cannot read \(path): \(reason)")
        }
        return true
    }

    /// Adds the drop-ins of some directories, the first of which hides the later.
    private func addDropIns(of directories: [String], to builder: inout SettingsBuilder) {
        // Names are bytes: Swift's strings would take two spellings of one accent for one name, and
        // sort in another order than systemd.
        var pathByName: [[UInt8]: String] = [:]
        for directory in directories {
            do throws(ListError) {
                for name in try list(directory) where Self.isDropIn(Array(name.utf8)) {
                    let key = Array(name.utf8)
                    if pathByName[key] == nil { pathByName[key] = "\(directory)/\(name)" }
                }
            } catch {
                builder.report("cannot list \(directory): \(error.reason)")
            }
        }
        let sorted = pathByName.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (_, path) in sorted where !add(path, to: &builder) {
            builder.report("cannot read \(path): it is a link to nowhere")
        }
    }

    /// Whether systemd would take a file of this name for a drop-in.
    private static func isDropIn(_ name: [UInt8]) -> Bool {
        name.suffix(5).elementsEqual(".conf".utf8) && name.first != UInt8(ascii: ".")
    }
}

/// Everything that is wrong with a configuration; never empty.
public struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order of the files and of their lines.
    public let diagnostics: [Diagnostic]

    /// Errors of which there is at least one.
    public init(_ diagnostics: [Diagnostic]) {
        precondition(!diagnostics.isEmpty, "an error without a diagnostic explains nothing")
        self.diagnostics = diagnostics
    }

    /// A line for each.
    public var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}
