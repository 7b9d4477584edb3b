/// All keys of the configuration, a line for each: its name, where its value goes, what it may be.
///
/// What else there is to know about a key follows from here: how it is read, reset and printed, and
/// what it is called in errors. The sample file documents the same keys, which a test compares.
enum KeyTable {
    /// The section `[Server]`.
    static let server: [Key<ServerSettings>] = [
        Key("Workers", \.workers, .automatic(or: .integer(in: Limits.workers))),
        Key("MaxConnections", \.maxConnections, .automatic(or: .integer(in: Limits.connections))),
        Key("HeaderTimeoutSec", \.headerTimeout, .timeSpan(in: Limits.headerTimeout)),
        Key("IdleTimeoutSec", \.idleTimeout, .timeSpan(in: Limits.idleTimeout)),
        Key("MinimumRate", \.minimumRate, .byteCount(in: Limits.minimumRate)),
        Key("DrainTimeoutSec", \.drainTimeout, .timeSpan(in: Limits.drainTimeout)),
        Key("ExitOnIdleSec", \.exitOnIdle, .timeSpan(in: Limits.exitOnIdle)),
        Key("CacheSize", \.cacheByteLimit, .byteCount(in: Limits.cacheSize)),
        Key(
            "CompressionCacheSize", \.compressionCacheByteLimit,
            .byteCount(in: Limits.cacheSize)),
        Key("StrictHost", \.strictHost, .boolean),
        Key("ServerField", \.sendsServerField, .boolean),
    ]

    /// The section `[Log]`.
    static let log: [Key<LogSettings>] = [
        Key("File", \.file, optional: .absoluteFilePath),
        Key("Format", \.format, .word),
        Key("Journal", \.journal, .word),
        Key("JournalRateLimit", \.journalRateLimit, .integer(in: Limits.journalRate)),
    ]

    /// The sections `[Site NAME]`.
    static let site: [Key<SiteSettings>] = [
        Key("ServerName", \.serverNames, listOf: .serverName),
        Key("Listen", \.listen, listOf: .listenerName),
        Key("Root", \.root, .absolutePath),
        Key("Index", \.index, listOf: .fileName),
        Key("CleanURLs", \.cleanURLs, .boolean),
        Key("Fallback", \.fallback, optional: .sitePath),
        Key("FallbackStatus", \.fallbackStatus, .oneOf([200, 404])),
        Key("ErrorPage", \.errorPages, eachOf: .errorPage, by: { String($0.status) }),
        Key("Listing", \.listing, .boolean),
        Key("Upload", \.upload, .boolean),
        Key("UploadMaxSize", \.uploadMaxSize, .byteCount(in: Limits.uploadSize)),
        Key("UploadDurability", \.uploadDurability, .word),
        Key("UploadOverwrite", \.uploadOverwrite, .boolean),
        Key("UploadCreateDirectories", \.uploadCreateDirectories, .boolean),
        Key("Delete", \.delete, .boolean),
        Key("CacheControl", \.cacheControl, optional: .fieldValue),
        Key("Headers", \.headers, eachOf: .field, by: { $0.name.lowercased() }),
        Key("SecurityHeaders", \.securityHeaders, .boolean),
        Key("MediaType", \.mediaTypes, eachOf: .mediaTypeOfExtension, by: \.fileExtension),
        Key("Precompressed", \.precompressed, .codings),
        Key("Compression", \.compression, .codings),
        Key("CompressionTypes", \.compressionTypes, listOf: .mediaTypePattern),
        Key("CompressionMinSize", \.compressionMinSize, .byteCount(in: Limits.compressionSize)),
        Key("CompressionMaxSize", \.compressionMaxSize, .byteCount(in: Limits.compressionSize)),
    ]

    /// The sections `[Path SITE PATTERN]`.
    static let path: [Key<PathSettings>] = [
        Key("Deny", \.deny, optional: .boolean),
        Key("Redirect", \.redirect, optional: .redirect),
        Key("Fallback", \.fallback, optional: .sitePathOrNone),
        Key("Listing", \.listing, optional: .boolean),
        Key("Upload", \.upload, optional: .boolean),
        Key("UploadMaxSize", \.uploadMaxSize, optional: .byteCount(in: Limits.uploadSize)),
        Key("UploadOverwrite", \.uploadOverwrite, optional: .boolean),
        Key("UploadCreateDirectories", \.uploadCreateDirectories, optional: .boolean),
        Key("Delete", \.delete, optional: .boolean),
        Key("CacheControl", \.cacheControl, optional: .fieldValue),
        Key("Headers", \.headers, eachOf: .field, by: { $0.name.lowercased() }),
        Key("ContentType", \.contentType, optional: .mediaType),
    ]

    /// The names of the keys of a kind of section, in the order of the table.
    static func names(of section: SectionKind) -> [String] {
        switch section {
        case .server: server.map(\.name)
        case .log: log.map(\.name)
        case .site: site.map(\.name)
        case .path: path.map(\.name)
        }
    }
}

/// The kinds of sections.
enum SectionKind: String, CaseIterable {
    case server = "Server"
    case log = "Log"
    case site = "Site"
    case path = "Path"

    /// How an error names the kind.
    var name: String { "[\(rawValue)]" }

    /// How an error shows a heading of the kind.
    var heading: String {
        switch self {
        case .server, .log: "[\(rawValue)]"
        case .site, .path: "[\(rawValue) …]"
        }
    }

    /// How a heading of the kind is written.
    var usage: String {
        switch self {
        case .server, .log: "[\(rawValue)]"
        case .site: "[Site NAME]"
        case .path: "[Path SITE PATTERN]"
        }
    }
}

/// The settings of a section, which remember where they were set.
protocol SettingsSection: Sendable {
    /// A section without assignments.
    static var defaults: Self { get }
    /// Where each key was set.
    var locations: [String: SourceLocation] { get set }
}

extension ServerSettings: SettingsSection {
    static var defaults: Self { .init() }
}

extension LogSettings: SettingsSection {
    static var defaults: Self { .init() }
}

extension SiteSettings: SettingsSection {
    static var defaults: Self { .init(name: "default") }
}

extension PathSettings: SettingsSection {
    static var defaults: Self { .init(pattern: "/") }
}
