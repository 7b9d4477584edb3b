/// Settings in the making: takes the lines of all files in order, then looks at them together.
struct SettingsBuilder {
    /// What the lines that come belong to.
    private enum Section {
        /// Nothing yet: the file has had no heading.
        case outside
        /// A heading that was refused, so that its keys need no errors of their own.
        case refused
        case server
        case log
        case site(index: Int)
        case path(index: Int)
    }

    /// A section `[Path SITE PATTERN]`, whose site may come in a later file.
    private struct PendingPath {
        var site: SourceText
        var settings: PathSettings
    }

    private var settings = Settings()
    private var paths: [PendingPath] = []
    private var section = Section.outside
    private var diagnostics: [Diagnostic] = []
    /// Whether something is missing that may be what other parts refer to.
    private var isIncomplete = false

    /// Takes the content of a file.
    mutating func add(_ content: [UInt8], file: String) {
        settings.files.append(file)
        guard content.count <= Limits.fileByteLimit else {
            report("\(file) has more than \(ByteCount.text(Limits.fileByteLimit)) bytes")
            return
        }
        let syntax = ConfigurationSyntax(reading: content, file: file)
        diagnostics += syntax.diagnostics
        section = .outside
        for line in syntax.lines {
            switch line {
            case .heading(let heading): section = open(heading)
            case .assignment(let key, let value): assign(value, to: key)
            }
        }
    }

    /// Notes that a file is not there or cannot be read.
    mutating func report(_ message: String) {
        isIncomplete = true
        diagnostics.append(Diagnostic(message, at: nil))
    }

    /// The settings, or all that is wrong, in the order of the files.
    consuming func finish() throws(ConfigurationErrors) -> Settings {
        attachPaths()
        checkLists()
        diagnostics += settings.sites.flatMap(\.contradictions)
        if !isIncomplete { checkNames() }
        if settings.sites.isEmpty { settings.sites = [SiteSettings(name: "default")] }
        guard diagnostics.isEmpty else { throw ConfigurationErrors(inOrder()) }
        return settings
    }

    private func inOrder() -> [Diagnostic] {
        let ranks = settings.files.enumerated().map { ($0.element, $0.offset) }
        let rankByFile = Dictionary(ranks, uniquingKeysWith: { first, _ in first })
        // What has no location concerns a whole file, and comes first.
        let keys = diagnostics.enumerated().map { offset, diagnostic in
            let place = diagnostic.location
            let rank = place.map { rankByFile[$0.file] ?? .max } ?? -1
            return (key: [rank, place?.line ?? 0, place?.column ?? 0, offset], diagnostic)
        }
        let sorted = keys.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.1)
        let surplus = sorted.count - Limits.diagnosticLimit
        guard surplus > 0 else { return sorted }
        return sorted.prefix(Limits.diagnosticLimit) + [
            Diagnostic("\(surplus) more errors are not shown", at: nil)
        ]
    }
}

// MARK: Lines

extension SettingsBuilder {
    private mutating func open(_ heading: SourceText?) -> Section {
        do throws(Diagnostic) {
            guard let heading else {
                isIncomplete = true
                return .refused
            }
            return try section(of: heading)
        } catch {
            diagnostics.append(error)
            isIncomplete = true
            return .refused
        }
    }

    private mutating func section(of heading: SourceText) throws(Diagnostic) -> Section {
        let words = heading.words
        guard let first = words.first else {
            throw Diagnostic("a section heading needs a name", at: heading.location)
        }
        guard let kind = SectionKind(rawValue: first.string) else {
            throw Self.unknownSection(first)
        }
        switch kind {
        case .server, .log:
            guard words.count == 1 else {
                throw Diagnostic("\(kind.usage) takes no name", at: words[1].location)
            }
            return kind == .server ? .server : .log
        case .site:
            guard words.count == 2 else {
                throw Diagnostic("this section is written \(kind.usage)", at: first.location)
            }
            return .site(index: try site(named: words[1], heading: first.location))
        case .path:
            guard words.count >= 3 else {
                throw Diagnostic("this section is written \(kind.usage)", at: first.location)
            }
            // A pattern may contain spaces, so it is all of the rest.
            let rest = heading[first.bytes.count...].trimmed
            let pattern = rest[words[1].bytes.count...].trimmed
            return .path(
                index: try path(of: words[1], pattern: pattern, heading: first.location))
        }
    }

    private static func unknownSection(_ word: SourceText) -> Diagnostic {
        let meant = suggestion(for: word.string, among: SectionKind.allCases.map(\.rawValue))
            .flatMap(SectionKind.init(rawValue:))
        let help = meant.map { "did you mean \($0.usage)?" }
        let all = listed(SectionKind.allCases.map(\.usage), by: "and")
        return Diagnostic(
            "there is no section \(quoted(word.string)) (\(help ?? "there are \(all)"))",
            at: word.location)
    }

    private mutating func site(
        named name: SourceText, heading: SourceLocation
    ) throws(Diagnostic) -> Int {
        let checked = try Self.checkedSiteName(name)
        if let index = settings.sites.firstIndex(where: { $0.name == checked }) { return index }
        var site = SiteSettings(name: checked)
        site.location = heading
        settings.sites.append(site)
        return settings.sites.count - 1
    }

    private mutating func path(
        of site: SourceText, pattern: SourceText, heading: SourceLocation
    ) throws(Diagnostic) -> Int {
        let name = try Self.checkedSiteName(site)
        let checked: String
        do throws(Rejection) {
            checked = try PathPattern(parsing: pattern.string).text
        } catch {
            let hint = error.hint.map { " (\($0))" } ?? ""
            throw Diagnostic(
                "\(quoted(pattern.string)) cannot be the pattern of a path\(hint)",
                at: pattern.location)
        }
        let known = paths.firstIndex { path in
            path.site.string == name && path.settings.pattern.utf8.elementsEqual(checked.utf8)
        }
        if let known { return known }
        var settings = PathSettings(pattern: checked)
        settings.location = heading
        paths.append(PendingPath(site: site, settings: settings))
        return paths.count - 1
    }

    private static func checkedSiteName(_ name: SourceText) throws(Diagnostic) -> String {
        guard let checked = siteName(name.string) else {
            throw Diagnostic(
                "the name of a site has letters, digits, '.', '-' and '_', at most"
                    + " \(Limits.siteNameByteLimit), not \(quoted(name.string))",
                at: name.location)
        }
        return checked
    }

    private mutating func assign(_ value: SourceText, to key: SourceText) {
        switch section {
        case .refused: break
        case .outside: diagnostics.append(Self.misplaced(key, in: nil))
        case .server: assign(value, to: key, of: .server, in: KeyTable.server, \.settings.server)
        case .log: assign(value, to: key, of: .log, in: KeyTable.log, \.settings.log)
        case .site(let index):
            assign(value, to: key, of: .site, in: KeyTable.site, \.settings.sites[index])
        case .path(let index):
            assign(value, to: key, of: .path, in: KeyTable.path, \.paths[index].settings)
        }
    }

    private mutating func assign<Target>(
        _ value: SourceText, to key: SourceText, of kind: SectionKind, in table: [Key<Target>],
        _ target: WritableKeyPath<Self, Target>
    ) {
        if let known = table.first(where: { $0.name.utf8.elementsEqual(key.bytes) }) {
            diagnostics += known.assign(value, &self[keyPath: target])
        } else {
            diagnostics.append(Self.misplaced(key, in: kind))
        }
    }

    /// Why a key does not belong where it stands, which is nil before the first heading.
    private static func misplaced(_ key: SourceText, in kind: SectionKind?) -> Diagnostic {
        let name = key.string
        let homes = SectionKind.allCases.filter { KeyTable.names(of: $0).contains(name) }
        let home = listed(homes.map(\.heading), by: "or")
        let place = kind.map { "not in \($0.heading)" } ?? "after its heading"
        let message: String
        if !homes.isEmpty {
            message = "\(name)= belongs in \(home), \(place)"
        } else if let kind {
            message = "\(shown(name)) is not a key of \(kind.name)" + help(for: name, in: kind)
        } else {
            message = "\(shown(name)) stands before the first section heading"
        }
        return Diagnostic(message, at: key.location)
    }

    /// A key as it was written where that is harmless, else in quotes.
    private static func shown(_ name: String) -> String {
        let isPlain = name.utf8.count <= 40 && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return isPlain ? "\(name)=" : quoted(name)
    }

    private static func help(for name: String, in kind: SectionKind) -> String {
        if let meant = suggestion(for: name, among: KeyTable.names(of: kind)) {
            return " (did you mean \(meant)=?)"
        }
        for other in SectionKind.allCases {
            guard let meant = suggestion(for: name, among: KeyTable.names(of: other)) else {
                continue
            }
            return " (did you mean \(meant)= of \(other.heading)?)"
        }
        return ""
    }
}

// MARK: All files together

extension SettingsBuilder {
    /// Gives each `[Path …]` to its site.
    private mutating func attachPaths() {
        let names = settings.sites.map(\.name)
        for path in paths {
            let name = path.site.string
            if let index = names.firstIndex(of: name) {
                settings.sites[index].paths.append(path.settings)
            } else if !isIncomplete {
                let meant = suggestion(for: name, among: names)
                let help = meant.map { " (did you mean \($0)?)" } ?? ""
                diagnostics.append(
                    Diagnostic("there is no [Site \(name)]\(help)", at: path.site.location))
            }
        }
    }

    /// A site that no request reaches is a mistake.
    private mutating func checkLists() {
        for site in settings.sites {
            for (key, list) in [("ServerName", site.serverNames), ("Listen", site.listen)] {
                // A list that is empty because its items were refused has its errors already.
                guard list.isEmpty, let location = site.locations[key],
                    !diagnostics.contains(where: { $0.location?.isBeside(location) == true })
                else { continue }
                let cure = key == "Listen" ? "name a listener" : "name a host, or * for any"
                diagnostics.append(
                    Diagnostic(
                        "\(key)= is left empty, so no request would reach the site '\(site.name)'"
                            + " (\(cure))", at: location))
            }
        }
    }

    /// On one listener, a name belongs to one site.
    private mutating func checkNames() {
        var owners: [[String]: Int] = [:]
        for (index, site) in settings.sites.enumerated() {
            var shared: [Int: (listener: String, names: [String])] = [:]
            for listener in site.listen {
                for name in site.serverNames {
                    let owner = owners[[listener, name]] ?? index
                    owners[[listener, name]] = owner
                    guard owner != index else { continue }
                    shared[owner, default: (listener, [])].names.append(name)
                }
            }
            for (owner, (listener, names)) in shared.sorted(by: { $0.key < $1.key }) {
                let first = settings.sites[owner]
                // All listeners of both share the same names, so the first tells enough.
                let distinct = names.reduce(into: [String]()) { distinct, name in
                    if !distinct.contains(name) { distinct.append(name) }
                }
                let place = first.locations["ServerName=\(distinct[0])"] ?? first.location
                let origin = place.map { " at \($0.file):\($0.line)" } ?? ""
                diagnostics.append(
                    Diagnostic(
                        "[Site \(site.name)] answers to \(listed(distinct, by: "and")) on the"
                            + " listener \(listener), as [Site \(first.name)]\(origin) does",
                        at: site.locations["ServerName=\(distinct[0])"] ?? site.location))
            }
        }
    }
}

extension SourceLocation {
    /// Whether another place is on the same line of the same file.
    fileprivate func isBeside(_ other: SourceLocation) -> Bool {
        file == other.file && line == other.line
    }
}
