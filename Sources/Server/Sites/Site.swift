internal import Configuration
internal import Content
internal import HTTP
internal import Linux

/// A site: a document root, its names, and what holds for its paths.
final class Site: Sendable {
    enum Match {
        case exact, wildcard, none
    }

    let root: SiteRoot
    let name: String
    /// What people know it as: its first name as a host that is no pattern.
    let shownName: String
    let defaults: SiteDefaults
    private let exactNames: [[UInt8]]
    private let wildcardSuffixes: [[UInt8]]
    private let matchesAny: Bool
    private let rules: RuleTable
    /// What holds where there is no path.
    let defaultRule: Rule
    /// Whether uploads, and deletions, are allowed anywhere.
    let allowsUpload: Bool
    let allowsDelete: Bool

    init(_ settings: SiteSettings, _ server: ServerSettings, _ types: MediaTypeMap) throws(Errno) {
        root = try SiteRoot(path: settings.root, indexNames: settings.index)
        name = settings.name
        shownName = settings.serverNames.first { !$0.contains("*") } ?? settings.name
        defaults = SiteDefaults(settings, server, types)
        matchesAny = settings.serverNames.contains("*")
        exactNames = settings.serverNames.filter { !$0.hasPrefix("*") }.map { Array($0.utf8) }
        wildcardSuffixes = settings.serverNames.filter { $0.hasPrefix("*.") }
            .map { Array($0.dropFirst().utf8) }
        rules = RuleTable(defaults)
        defaultRule = Rule(defaults, [])
        let all = rules.all
        allowsUpload = all.contains { $0.upload != nil }
        allowsDelete = all.contains(where: \.allowsDelete)
    }

    /// Whether a host is one of the site's names.
    ///
    /// In any case, and with or without the dot of the DNS root behind it.
    func match(_ host: Span<UInt8>) -> Match {
        let hasDot = host.count > 1 && host[host.count - 1] == 0x2E
        let host = host.extracting(0..<(hasDot ? host.count - 1 : host.count))
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
        rules.rule(for: path.absolute)
    }

    /// What holds for the path of a request's target, or where it has none.
    func rule(for head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Rule {
        guard head.targetForm == .origin || head.targetForm == .absolute,
            let path = try? ResolvedPath(decoding: bytes.extracting(head.path.range))
        else { return defaultRule }
        return rule(for: path)
    }

    private static func equal(_ host: Span<UInt8>, _ name: [UInt8], from start: Int) -> Bool {
        for index in name.indices where host[start + index].lowercased != name[index] {
            return false
        }
        return true
    }
}

/// What holds for all paths of a site alike.
final class SiteDefaults: Sendable {
    let settings: SiteSettings
    /// Whether responses have a Server field.
    let sendsServerField: Bool
    let mediaTypes: MediaTypeMap
    /// The media types that have codings.
    let compressibleTypes: CompressibleTypes
    /// Codings of siblings, the preferred first.
    let precompressed: [ContentCoding]
    /// Codings that are made on the fly, the preferred first.
    let compression: [ContentCoding]
    /// The pages of errors, by status.
    let errorPages: [UInt16: ResolvedPath]

    init(_ settings: SiteSettings, _ server: ServerSettings, _ types: MediaTypeMap) {
        self.settings = settings
        sendsServerField = server.sendsServerField
        mediaTypes = types.overriding(
            settings.mediaTypes.map { ($0.fileExtension, $0.mediaType) })
        compressibleTypes = CompressibleTypes(settings.compressionTypes)
        precompressed = settings.precompressed.map(\.coding)
        compression = settings.compression.map(\.coding)
        errorPages = Dictionary(
            settings.errorPages.map {
                (UInt16($0.status), ResolvedPath(decoded: Array($0.path.utf8)))
            }, uniquingKeysWith: { $1 })
    }

    /// Whether files of a size and type may be compressed on the fly.
    func compresses(byteCount: Int) -> Bool {
        !compression.isEmpty && byteCount >= settings.compressionMinSize
            && byteCount <= settings.compressionMaxSize && byteCount > 0
    }
}

extension SiteSettings.Coding {
    fileprivate var coding: ContentCoding {
        switch self {
        case .br: .br
        case .gzip: .gzip
        case .zstd: .zstd
        }
    }
}
