/// The fields of a request that the server acts on.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case accept, acceptEncoding, connection, contentEncoding, contentLength, contentRange, expect
    case host, ifMatch, ifModifiedSince, ifNoneMatch, ifRange, ifUnmodifiedSince, range, referer
    case transferEncoding, userAgent

    /// The field that a name names, in any case (RFC 9110 §5.1); nil for all others.
    init?(_ name: Span<UInt8>) {
        guard let field = Self.candidate(name), name.equalsIgnoringCase(field.name) else {
            return nil
        }
        self = field
    }

    /// The only field that a name can name, by its length and one of its letters, in any case.
    @inline(__always)
    private static func candidate(_ name: Span<UInt8>) -> FieldName? {
        switch name.count {
        case 4 where name[0] | 0x20 == 0x68: .host
        case 5 where name[0] | 0x20 == 0x72: .range
        case 6: name[0] | 0x20 == 0x61 ? .accept : .expect
        case 7 where name[0] | 0x20 == 0x72: .referer
        case 8: name[3] | 0x20 == 0x6D ? .ifMatch : .ifRange
        case 10: name[0] | 0x20 == 0x63 ? .connection : .userAgent
        case 13: name[0] | 0x20 == 0x63 ? .contentRange : .ifNoneMatch
        case 14 where name[0] | 0x20 == 0x63: .contentLength
        case 15 where name[7] | 0x20 == 0x65: .acceptEncoding
        case 16: .contentEncoding
        case 17: name[0] | 0x20 == 0x74 ? .transferEncoding : .ifModifiedSince
        case 19: .ifUnmodifiedSince
        default: nil
        }
    }

    /// Its name, in lower case.
    private var name: StaticString {
        switch self {
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .connection: "connection"
        case .contentEncoding: "content-encoding"
        case .contentLength: "content-length"
        case .contentRange: "content-range"
        case .expect: "expect"
        case .host: "host"
        case .ifMatch: "if-match"
        case .ifModifiedSince: "if-modified-since"
        case .ifNoneMatch: "if-none-match"
        case .ifRange: "if-range"
        case .ifUnmodifiedSince: "if-unmodified-since"
        case .range: "range"
        case .referer: "referer"
        case .transferEncoding: "transfer-encoding"
        case .userAgent: "user-agent"
        }
    }
}
