/// A content coding that representations are sent in (RFC 9110 §8.4.1).
///
/// Brotli is RFC 7932, gzip RFC 1952, Zstandard RFC 8878.
public enum ContentCoding: UInt8, CaseIterable, Sendable {
    /// None.
    case identity
    case br, gzip, zstd

    /// The name in Content-Encoding and Accept-Encoding.
    public var token: StaticString {
        switch self {
        case .identity: "identity"
        case .br: "br"
        case .gzip: "gzip"
        case .zstd: "zstd"
        }
    }

    /// What the name of a file in this coding has behind the name of the file that it is of.
    public var fileSuffix: StaticString {
        switch self {
        case .identity: ""
        case .br: ".br"
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }

    /// The coding that a token names, in any case; nil for those that are not known.
    public init?(token: Span<UInt8>) {
        let coding: ContentCoding? =
            switch token.count {
            case 2 where token.equalsIgnoringCase("br"): .br
            case 4 where token.equalsIgnoringCase("gzip"): .gzip
            case 4 where token.equalsIgnoringCase("zstd"): .zstd
            // An old name for the same (§8.4.1.3).
            case 6 where token.equalsIgnoringCase("x-gzip"): .gzip
            case 8 where token.equalsIgnoringCase("identity"): .identity
            default: nil
            }
        guard let coding else { return nil }
        self = coding
    }
}

/// Some content codings.
public struct ContentCodingSet: OptionSet, Sendable, BitwiseCopyable {
    /// One bit for each, by the coding's raw value.
    public let rawValue: UInt8

    /// The codings of these bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The set of one coding.
    public init(_ coding: ContentCoding) {
        rawValue = 1 << coding.rawValue
    }

    /// Whether a coding is in the set.
    public func contains(_ coding: ContentCoding) -> Bool {
        rawValue >> coding.rawValue & 1 == 1
    }

    /// The set of identity.
    public static var identity: ContentCodingSet { ContentCodingSet(.identity) }
    /// The set of Brotli.
    public static var br: ContentCodingSet { ContentCodingSet(.br) }
    /// The set of gzip.
    public static var gzip: ContentCodingSet { ContentCodingSet(.gzip) }
    /// The set of Zstandard.
    public static var zstd: ContentCodingSet { ContentCodingSet(.zstd) }
}

/// Content codings in order of preference, each at most once; without identity, which is always
/// the last.
public struct ContentCodingOrder: Equatable, Sendable, BitwiseCopyable {
    /// The first coding in the two lowest bits, and so on; identity, 0, ends it.
    private var packed: UInt8 = 0

    /// The codings in this order; identity, and what is there already, are left out.
    public init(_ codings: [ContentCoding] = []) {
        for coding in codings { append(coding) }
    }

    /// How many there are, 0…3.
    public var count: Int { (8 &- packed.leadingZeroBitCount &+ 1) / 2 }

    /// The coding at a place in the order, 0…; identity behind the last.
    public subscript(place: Int) -> ContentCoding {
        ContentCoding(rawValue: packed >> (2 &* UInt8(truncatingIfNeeded: place)) & 3) ?? .identity
    }

    /// The codings that it has.
    public var codings: ContentCodingSet {
        var set: ContentCodingSet = []
        for place in 0..<count { set.insert(ContentCodingSet(self[place])) }
        return set
    }

    private mutating func append(_ coding: ContentCoding) {
        let count = count
        for place in 0..<count where self[place] == coding { return }
        packed |= coding.rawValue << (2 &* UInt8(truncatingIfNeeded: count))
    }
}
