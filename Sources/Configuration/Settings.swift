/// Everything that the configuration files can say, with the built-in defaults.
///
/// The values are checked for form and range by the reader. What only the machine can tell (does
/// the root exist, is there such a listener) is checked by the server when it builds its snapshot,
/// and reported with the `SourceLocation` that is kept beside each value: the place of the value in
/// the assignment that decided it. A key that no file assigns has none.
public struct Settings: Sendable, Equatable {
    /// The section `[Server]`.
    public var server = ServerSettings()
    /// The section `[Log]`.
    public var log = LogSettings()
    /// The sections `[Site NAME]` in the order of their first appearance.
    ///
    /// Never empty once loaded: without any, there is one site `default` of default settings.
    public var sites: [SiteSettings] = []
    /// The files that were read, in the order of reading.
    public var files: [String] = []

    /// The built-in defaults, with no site.
    public init() {}
}

/// A place in a configuration file.
public struct SourceLocation: Sendable, Equatable {
    /// The path of the file.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in bytes.
    public var column: Int

    /// A place in a file.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

/// The section `[Server]`: what concerns the whole process.
public struct ServerSettings: Sendable, Equatable {
    /// `Workers=`: threads with an event loop, 1…256; nil (`auto`) is one per usable processor.
    public var workers: Int?
    /// `MaxConnections=`: connections open at once, 1…1 000 000; nil is `auto`.
    ///
    /// `auto` is what the limit on descriptors allows.
    public var maxConnections: Int?
    /// `HeaderTimeoutSec=`: from a request's first byte to the end of its field section; 1 s…1 h.
    public var headerTimeout: Duration = .seconds(10)
    /// `IdleTimeoutSec=`: a persistent connection between requests; 1 s…1 day.
    public var idleTimeout: Duration = .seconds(60)
    /// `MinimumRate=`: bytes a second that a peer must move of a content; 0…1G, 0 is any.
    public var minimumRate = 1024
    /// `DrainTimeoutSec=`: what running exchanges get to end when the daemon stops; 0…1 day.
    public var drainTimeout: Duration = .seconds(30)
    /// `ExitOnIdleSec=`: exit when no connection was there for so long; 0…365 days, 0 is never.
    public var exitOnIdle: Duration = .zero
    /// `CacheSize=`: bytes of small files that all workers together keep in memory; 0…1T.
    public var cacheByteLimit = 64 << 20
    /// `CompressionCacheSize=`: bytes of contents compressed on the fly that all workers together
    /// keep; 0…1T.
    public var compressionCacheByteLimit = 64 << 20
    /// `StrictHost=`: whether a host that no site of the listener names is answered with 421.
    ///
    /// A request without any host, of HTTP/1.0, goes to the listener's default site even so.
    public var strictHost = false
    /// `ServerField=`: whether responses have a Server field (RFC 9110 §10.2.4).
    public var sendsServerField = true
    /// Where each key was set, by key (`Workers`).
    public var locations: [String: SourceLocation] = [:]

    /// The defaults.
    public init() {}
}

/// The section `[Log]`.
public struct LogSettings: Sendable, Equatable {
    /// The form of the lines in the access log file.
    public enum Format: String, Sendable, CaseIterable {
        /// The Combined Log Format of Apache httpd and nginx.
        case combined
        /// One JSON object a line, with duration and request id.
        case json
    }

    /// Which requests the journal gets.
    public enum Journal: String, Sendable, CaseIterable {
        /// All, up to the rate limit.
        case all
        /// Those answered with a status of 400 or more.
        case errors
        /// None.
        case none
    }

    /// `File=`: the access log file; nil (an empty value) is no file.
    public var file: String? = "/var/log/httpd-swift/access.log"
    /// `Format=`.
    public var format = Format.combined
    /// `Journal=`.
    public var journal = Journal.all
    /// `JournalRateLimit=`: requests a second that the journal gets, 0…1 000 000; 0 is no limit.
    public var journalRateLimit = 500
    /// Where each key was set, by key (`File`).
    public var locations: [String: SourceLocation] = [:]

    /// The defaults.
    public init() {}
}

/// A section `[Site NAME]`: a document root, the names and listeners it answers to, and its policy.
public struct SiteSettings: Sendable, Equatable {
    /// How durable an upload is when it is acknowledged.
    public enum Durability: String, Sendable, CaseIterable {
        /// The content and its name are on stable storage.
        case full
        /// The content is, its name may be lost in a power failure.
        case data
        /// Left to the kernel's writeback.
        case none
    }

    /// A content coding (RFC 9110 §8.4.1) by its name in fields.
    public enum Coding: String, Sendable, CaseIterable {
        /// RFC 7932.
        case br
        /// RFC 1952.
        case gzip
        /// RFC 8878.
        case zstd
    }

    /// What `yes` stands for where codings are listed, the preferred first.
    public static let allCodings: [Coding] = [.br, .zstd, .gzip]

    /// The name in the section's heading.
    public var name: String
    /// `ServerName=`: host names without port, lower case; `*` is any, `*.example.org` any below.
    public var serverNames = ["localhost", "127.0.0.1", "[::1]"]
    /// `Listen=`: names of listeners (`FileDescriptorName=`).
    public var listen = ["http"]
    /// `Root=`: the document root, an absolute path.
    public var root = "/var/lib/httpd-swift/www"
    /// `Index=`: names of index pages, the first that exists is served.
    public var index = ["index.html"]
    /// `Fallback=`: the target of the page for what does not exist; nil (an empty value) is none.
    public var fallback: String? = "/index.html"
    /// `FallbackStatus=`: the status code sent with it, 200 or 404.
    public var fallbackStatus = 404
    /// `ErrorPage=`: the pages of errors, each status once.
    public var errorPages: [ErrorPageSetting] = []
    /// `Listing=`: whether a directory without an index page is answered with a list of its files.
    public var listing = false
    /// `CleanURLs=`: whether `/a` is served from `a.html`, and `/a.html` redirects to `/a`.
    public var cleanURLs = false
    /// `Upload=`: whether PUT is allowed.
    public var upload = false
    /// `UploadMaxSize=`: bytes of one upload, 0…; 0 is no limit.
    public var uploadMaxSize = 1 << 30
    /// `UploadDurability=`.
    public var uploadDurability = Durability.full
    /// `UploadOverwrite=`: whether PUT may replace a file.
    public var uploadOverwrite = true
    /// `UploadCreateDirectories=`: whether PUT may make missing directories.
    public var uploadCreateDirectories = false
    /// `Delete=`: whether DELETE is allowed.
    public var delete = false
    /// `CacheControl=`: the value of the Cache-Control field; nil (an empty value) is no field.
    public var cacheControl: String?
    /// `Headers=`: fields of responses that are set or removed, each name once.
    public var headers: [FieldSetting] = []
    /// `SecurityHeaders=`: whether responses have the preset of fields against abuse in browsers.
    public var securityHeaders = false
    /// `MediaType=`: media types by the extension of names, before the system's table; each once.
    public var mediaTypes: [MediaTypeSetting] = []
    /// `Precompressed=`: codings of siblings that are served in place of a file, by preference.
    public var precompressed = allCodings
    /// `Compression=`: codings that are made on the fly, by preference.
    public var compression: [Coding] = []
    /// `CompressionTypes=`: the media types that have codings, as `type/subtype`, `type/*` or
    /// `*+suffix`, lower case.
    public var compressionTypes = [
        "text/*", "*+json", "*+xml", "application/javascript", "application/json",
        "application/wasm", "application/xml", "font/otf", "font/ttf", "image/bmp",
        "image/vnd.microsoft.icon", "image/x-icon",
    ]
    /// `CompressionMinSize=`: bytes of the smallest file that is compressed on the fly, 0…256M.
    public var compressionMinSize = 1 << 10
    /// `CompressionMaxSize=`: bytes of the largest, 0…256M.
    public var compressionMaxSize = 16 << 20
    /// The sections `[Path SITE PATTERN]` of this site, in the order of their first appearance.
    public var paths: [PathSettings] = []
    /// Where the section begins first; nil for the built-in site.
    public var location: SourceLocation?
    /// Where each key was set, by key (`Root`), and each item of a list by both (`Listen=http`).
    ///
    /// The items of keys that take one an assignment are there by what tells them apart:
    /// `ErrorPage=404`, `MediaType=md`, `Headers=x-frame-options` (in lower case).
    public var locations: [String: SourceLocation] = [:]

    /// A site of default settings.
    public init(name: String) {
        self.name = name
    }
}
