/// A request method (RFC 9110 §9).
public enum Method: UInt8, Sendable, CaseIterable {
    case connect, delete, get, head, options, patch, post, put, trace
    /// A token that is no method of RFC 9110 or RFC 5789.
    case unknown

    /// The method that a token names; methods are case-sensitive (RFC 9110 §9.1).
    public init(_ token: Span<UInt8>) {
        self =
            switch token.count {
            case 3 where token.equals("GET"): .get
            case 3 where token.equals("PUT"): .put
            case 4 where token.equals("HEAD"): .head
            case 4 where token.equals("POST"): .post
            case 5 where token.equals("PATCH"): .patch
            case 5 where token.equals("TRACE"): .trace
            case 6 where token.equals("DELETE"): .delete
            case 7 where token.equals("CONNECT"): .connect
            case 7 where token.equals("OPTIONS"): .options
            default: .unknown
            }
    }
}
