/// The bounds of everything that a configuration may say, and of what the reader takes.
enum Limits {
    /// Bytes of one file.
    static let fileByteLimit = 1 << 20
    /// Diagnostics of one load; what is beyond is only counted.
    static let diagnosticLimit = 100
    /// Bytes of a path, as `PATH_MAX` without its NUL.
    static let pathByteLimit = 4095
    /// Bytes of one name in a directory, as `NAME_MAX`.
    static let nameByteLimit = 255
    /// Bytes of the name of a site.
    static let siteNameByteLimit = 64
    /// Bytes of the name of a listener, as sd_listen_fds_with_names(3) has it.
    static let listenerNameByteLimit = 255
    /// Bytes of a configured field value, so that each response head fits its buffer.
    static let fieldValueByteLimit = 1000
    /// Bytes of all fields that the `Headers=` of a section set, for the same reason.
    static let fieldsByteLimit = 8192
    /// Bytes of a media type with its parameters.
    static let mediaTypeByteLimit = 255
    /// Bytes of a host name (RFC 1035 §2.3.4).
    static let hostNameByteLimit = 253
    /// Bytes between two dots of a host name (RFC 1035 §2.3.4).
    static let hostLabelByteLimit = 63

    /// The range of `Workers=`.
    static let workers = 1...256
    /// The range of `MaxConnections=`.
    static let connections = 1...1_000_000
    /// The range of `HeaderTimeoutSec=`.
    static let headerTimeout: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
    /// The range of `IdleTimeoutSec=`.
    static let idleTimeout: ClosedRange<Duration> = .seconds(1) ... .seconds(86400)
    /// The range of `MinimumRate=`.
    static let minimumRate = 0...(1 << 30)
    /// The range of `DrainTimeoutSec=`.
    static let drainTimeout: ClosedRange<Duration> = .zero ... .seconds(86400)
    /// The range of `ExitOnIdleSec=`.
    static let exitOnIdle: ClosedRange<Duration> = .zero ... .seconds(365 * 86400)
    /// The range of `CacheSize=` and `CompressionCacheSize=`.
    static let cacheSize = 0...(1 << 40)
    /// The range of `JournalRateLimit=`.
    static let journalRate = 0...1_000_000
    /// The range of `UploadMaxSize=`.
    static let uploadSize = 0...Int.max
    /// The range of `CompressionMinSize=` and `CompressionMaxSize=`.
    static let compressionSize = 0...(256 << 20)
    /// The range of the status of `ErrorPage=`.
    static let errorStatus = 400...599
}
