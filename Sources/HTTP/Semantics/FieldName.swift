/// The fields of a request that the server acts on.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case accept, acceptEncoding, connection, contentEncoding, contentLength, contentRange, expect
    case host, ifMatch, ifModifiedSince, ifNoneMatch, ifRange, ifUnmodifiedSince, range, referer
    case transferEncoding, userAgent

    /// The field that a name names, in any case (RFC 9110 §5.1); nil for all others.
    init?(_ name: Span<UInt8>) {
        let field: FieldName? =
            switch name.count {
            case 4 where name.equalsIgnoringCase("host"): .host
            case 5 where name.equalsIgnoringCase("range"): .range
            case 6 where name.equalsIgnoringCase("expect"): .expect
            case 6 where name.equalsIgnoringCase("accept"): .accept
            case 7 where name.equalsIgnoringCase("referer"): .referer
            case 8 where name.equalsIgnoringCase("if-match"): .ifMatch
            case 8 where name.equalsIgnoringCase("if-range"): .ifRange
            case 10 where name.equalsIgnoringCase("connection"): .connection
            case 10 where name.equalsIgnoringCase("user-agent"): .userAgent
            case 13 where name.equalsIgnoringCase("if-none-match"): .ifNoneMatch
            case 13 where name.equalsIgnoringCase("content-range"): .contentRange
            case 14 where name.equalsIgnoringCase("content-length"): .contentLength
            case 15 where name.equalsIgnoringCase("accept-encoding"): .acceptEncoding
            case 16 where name.equalsIgnoringCase("content-encoding"): .contentEncoding
            case 17 where name.equalsIgnoringCase("transfer-encoding"): .transferEncoding
            case 17 where name.equalsIgnoringCase("if-modified-since"): .ifModifiedSince
            case 19 where name.equalsIgnoringCase("if-unmodified-since"): .ifUnmodifiedSince
            default: nil
            }
        guard let field else { return nil }
        self = field
    }
}
