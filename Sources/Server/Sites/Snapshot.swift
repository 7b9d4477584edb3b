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
        let types = MediaTypeMap(table: FileReader.read("/etc/mime.types") ?? [])
        let httpNames = listeners.filter { $0.role == .http }.map(\.name)
        for site in settings.sites {
            for name in site.listen where !httpNames.contains(name) {
                problems.append(Self.unknownListener(name, in: site, existing: httpNames))
            }
            do throws(Errno) {
                sites.append(try Site(site, settings.server, types))
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
        sitesByListener = listeners.map { listener in
            let indices = settings.sites.indices.filter {
                settings.sites[$0].listen.contains(listener.name)
            }
            let first = indices.filter { settings.sites[$0].name == "default" }
            return first + indices.filter { !first.contains($0) }
        }
    }

    /// What will not work, though it is no error: uploads to roots that cannot be written to, and
    /// pages that are not there.
    var notes: [String] {
        zip(settings.sites, sites).flatMap { settings, site in
            (Self.uploadNotes(settings, site) + Self.pageNotes(settings, site)).map(\.description)
        }
    }

    private static func uploadNotes(_ settings: SiteSettings, _ site: Site) -> [Diagnostic] {
        guard site.allowsUpload || site.allowsDelete else { return [] }
        do throws(Errno) {
            try site.root.checkWritable()
            return []
        } catch {
            let remedy =
                error == .readOnlyFileSystem
                ? "systemctl edit httpd-swift.service, and put there, below [Service]: "
                    + "ReadWritePaths=\(settings.root)"
                : "let the user of the service write there"
            return [
                Diagnostic(
                    "uploads to Root=\(settings.root) of [Site \(settings.name)] will fail: "
                        + "\(error) (\(remedy))",
                    at: settings.locations["Root"] ?? settings.location)
            ]
        }
    }

    /// Pages that are named in the configuration; looking for them brings them into memory, where
    /// errors find them without waiting.
    private static func pageNotes(_ settings: SiteSettings, _ site: Site) -> [Diagnostic] {
        var pages = settings.errorPages.map {
            (text: "ErrorPage=\($0.status) \($0.path)", path: $0.path, key: "ErrorPage")
        }
        // The default need not be there.
        if let fallback = settings.fallback, settings.locations["Fallback"] != nil {
            pages.append((text: "Fallback=\(fallback)", path: fallback, key: "Fallback"))
        }
        return pages.compactMap { text, path, key in
            let found = site.root.lookup(
                ResolvedPath(decoded: Array(path.utf8)), mayBlock: true)
            if case .file(let file) = found {
                guard key == "ErrorPage", file.status.size > RepresentationCache.fileByteLimit
                else { return nil }
                return Diagnostic(
                    "\(text) of [Site \(settings.name)] is not sent: it has more than "
                        + "\(RepresentationCache.fileByteLimit) bytes",
                    at: settings.locations[key] ?? settings.location)
            }
            return Diagnostic(
                "\(text) of [Site \(settings.name)] is no file below \(settings.root)",
                at: settings.locations[key] ?? settings.location)
        }
    }

    /// Opens the roots that settings name, to see whether that is possible.
    static func checkRoots(_ settings: Settings) throws(ConfigurationErrors) {
        var problems: [Diagnostic] = []
        for site in settings.sites {
            do throws(Errno) {
                _ = try SiteRoot(path: site.root, indexNames: [])
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
