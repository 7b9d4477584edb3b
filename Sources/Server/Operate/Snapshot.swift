internal import Configuration
internal import Content
internal import HTTP
internal import Linux

/// The configuration in force, made ready for serving; never changed, swapped as a whole on reload.
final class Snapshot: Sendable {
    /// Counts the configurations that were in force, from 1.
    let generation: Int
    let settings: Settings
    let sites: [Site]
    /// The access log, if there is one.
    let accessLog: AccessLogFile?
    let mediaTypes: MediaTypeMap
    /// The indices of the sites that answer on a listener, by the listener's index; the first is
    /// for hosts that none of them names.
    let sitesByListener: [[Int]]

    /// Opens what the settings name.
    ///
    /// - Throws: every root that cannot be opened, every listener that does not exist, and a log
    ///   that cannot be opened.
    init(
        _ settings: Settings, listeners: [Listener], log: LogOpening, generation: Int
    ) throws(ConfigurationErrors) {
        var problems: [Diagnostic] = []
        var sites: [Site] = []
        let httpNames = listeners.filter { $0.role == .http }.map(\.name)
        for site in settings.sites {
            for name in site.listen where !httpNames.contains(name) {
                problems.append(Self.unknownListener(name, in: site, existing: httpNames))
            }
            do throws(Errno) {
                sites.append(try Site(site))
            } catch {
                problems.append(Self.unusableRoot(site, error))
            }
        }
        do throws(Diagnostic) {
            accessLog = try log.open()
        } catch {
            problems.append(error)
            accessLog = nil
        }
        guard problems.isEmpty else { throw ConfigurationErrors(problems) }
        self.generation = generation
        self.settings = settings
        self.sites = sites
        mediaTypes = MediaTypeMap(table: FileReader.read("/etc/mime.types") ?? [])
        sitesByListener = listeners.map { listener in
            let indices = settings.sites.indices.filter {
                settings.sites[$0].listen.contains(listener.name)
            }
            let first = indices.filter { settings.sites[$0].name == "default" }
            return first + indices.filter { !first.contains($0) }
        }
    }

    /// What will not work, though it is no error: uploads to roots that cannot be written to.
    var notes: [String] {
        zip(settings.sites, sites).compactMap { settings, site in
            guard settings.upload || settings.paths.contains(where: { $0.upload == true }) else {
                return nil
            }
            do throws(Errno) {
                try site.root.checkWritable()
                return nil
            } catch {
                let remedy =
                    error == .readOnlyFileSystem
                    ? "systemctl edit httpd-swift.service, and put there, below [Service]: "
                        + "ReadWritePaths=\(settings.root)"
                    : "let the user of the service write there"
                return Diagnostic(
                    "uploads to Root=\(settings.root) of [Site \(settings.name)] will fail: "
                        + "\(error) (\(remedy))",
                    at: settings.locations["Root"] ?? settings.location
                ).description
            }
        }
    }

    /// Opens the roots that settings name, to see whether that is possible.
    static func checkRoots(_ settings: Settings) throws(ConfigurationErrors) {
        var problems: [Diagnostic] = []
        for site in settings.sites {
            do throws(Errno) {
                _ = try Site(site)
            } catch {
                problems.append(unusableRoot(site, error))
            }
        }
        guard problems.isEmpty else { throw ConfigurationErrors(problems) }
    }

    /// The site for a host on a listener.
    ///
    /// - Returns: its index, and whether it has the host as one of its names; nil where no site
    ///   answers there.
    func site(forHost host: Span<UInt8>, listener: Int) -> (index: Int, isNamed: Bool)? {
        let candidates = sitesByListener[listener]
        var wildcard: Int?
        for index in candidates {
            switch sites[index].match(host) {
            case .exact: return (index, true)
            case .wildcard: wildcard = wildcard ?? index
            case .none: break
            }
        }
        if let wildcard { return (wildcard, true) }
        return candidates.first.map { ($0, false) }
    }

    private static func unknownListener(
        _ name: String, in site: SiteSettings, existing: [String]
    ) -> Diagnostic {
        let known =
            existing.isEmpty ? "there is none" : Set(existing).sorted().joined(separator: ", ")
        return Diagnostic(
            "there is no listener named '\(name)' (FileDescriptorName= of a .socket unit, or "
                + "--listen NAME=…; passed were: \(known))",
            at: site.locations["Listen=\(name)"] ?? site.locations["Listen"] ?? site.location)
    }

    private static func unusableRoot(_ site: SiteSettings, _ error: Errno) -> Diagnostic {
        let hint =
            switch error {
            case .notFound: "make the directory, or correct the path"
            case .accessDenied:
                "let the user of the service read it; for a root below /home or outside "
                    + "/var/lib/httpd-swift see BindReadOnlyPaths= and ReadWritePaths= in a drop-in"
            case .notDirectory: "name a directory"
            default: "see openat2(2)"
            }
        return Diagnostic(
            "Root=\(site.root) of [Site \(site.name)] cannot be opened: \(error) (\(hint))",
            at: site.locations["Root"] ?? site.location)
    }
}

/// A site: a document root, its names, and its rules resolved.
final class Site: Sendable {
    enum Match {
        case exact, wildcard, none
    }

    /// What holds for a path.
    struct Rule: Sendable {
        let prefix: [UInt8]
        let cacheControl: [UInt8]?
        let upload: UploadPolicy?
    }

    let root: SiteRoot
    let fallback: ResolvedPath?
    /// The key under which the fallback page is cached; no request target's path is like that.
    let fallbackKey: [UInt8]
    let fallbackStatus: StatusCode
    let name: String
    private let exactNames: [[UInt8]]
    private let wildcardSuffixes: [[UInt8]]
    private let matchesAny: Bool
    /// The longest prefix first; the last is for all.
    private let rules: [Rule]

    init(_ settings: SiteSettings) throws(Errno) {
        root = try SiteRoot(path: settings.root, indexNames: settings.index)
        name = settings.name
        fallback = settings.fallback.map { ResolvedPath(decoded: Array($0.utf8)) }
        fallbackKey = [0]
        fallbackStatus = StatusCode(rawValue: UInt16(settings.fallbackStatus))
        matchesAny = settings.serverNames.contains("*")
        exactNames = settings.serverNames.filter { !$0.hasPrefix("*") }.map { Array($0.utf8) }
        wildcardSuffixes = settings.serverNames.filter { $0.hasPrefix("*.") }
            .map { Array($0.dropFirst().utf8) }
        // Key by key, the longest prefix that sets it wins.
        let paths = settings.paths.sorted { $0.pattern.utf8.count < $1.pattern.utf8.count }
        let resolved = paths.map { path in
            let outer = paths.filter {
                Self.isBelow(Array(path.pattern.utf8), Array($0.pattern.utf8))
            }
            return Rule(settings, outer, prefix: path.pattern)
        }
        rules = resolved.reversed() + [Rule(settings, [], prefix: "")]
    }

    /// Whether a host, in any case, is one of the site's names.
    func match(_ host: Span<UInt8>) -> Match {
        for name in exactNames where name.count == host.count {
            if Self.equal(host, name, from: 0) { return .exact }
        }
        for suffix in wildcardSuffixes where host.count > suffix.count {
            if Self.equal(host, suffix, from: host.count - suffix.count) { return .wildcard }
        }
        return matchesAny ? .wildcard : .none
    }

    /// What holds for a path.
    func rule(for path: ResolvedPath) -> Rule {
        let absolute = path.absolute
        for rule in rules where Self.isBelow(absolute, rule.prefix) { return rule }
        return rules[rules.count - 1]
    }

    private static func isBelow(_ path: [UInt8], _ prefix: [UInt8]) -> Bool {
        guard path.starts(with: prefix) else { return false }
        return prefix.isEmpty || prefix.last == 0x2F || path.count == prefix.count
            || path[prefix.count] == 0x2F
    }

    private static func equal(_ host: Span<UInt8>, _ name: [UInt8], from start: Int) -> Bool {
        for index in name.indices where host[start + index].lowercased != name[index] {
            return false
        }
        return true
    }
}

extension Site.Rule {
    /// The rule for a prefix; `paths` are those that hold there, the most particular last.
    init(_ site: SiteSettings, _ paths: [PathSettings], prefix: String) {
        func value<Value>(_ key: (PathSettings) -> Value?) -> Value? {
            paths.reversed().lazy.compactMap(key).first
        }
        self.prefix = Array(prefix.utf8)
        cacheControl = (value(\.cacheControl) ?? site.cacheControl).map { Array($0.utf8) }
        guard value(\.upload) ?? site.upload else {
            upload = nil
            return
        }
        let maximum = value(\.uploadMaxSize) ?? site.uploadMaxSize
        upload = UploadPolicy(
            byteLimit: maximum == 0 ? nil : maximum,
            durability: site.uploadDurability.policy,
            allowsOverwriting: value(\.uploadOverwrite) ?? site.uploadOverwrite,
            createsDirectories: value(\.uploadCreateDirectories) ?? site.uploadCreateDirectories)
    }
}

extension SiteSettings.Durability {
    fileprivate var policy: UploadPolicy.Durability {
        switch self {
        case .full: .full
        case .data: .data
        case .none: .none
        }
    }
}
