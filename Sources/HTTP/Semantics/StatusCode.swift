/// A status code that the server sends (RFC 9110 §15).
public struct StatusCode: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number, 100…599.
    public let rawValue: UInt16

    /// A status code.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1…5, the first digit.
    public var classDigit: Int { Int(rawValue) / 100 }

    /// 100.
    public static let `continue` = StatusCode(rawValue: 100)
    /// 200.
    public static let ok = StatusCode(rawValue: 200)
    /// 201.
    public static let created = StatusCode(rawValue: 201)
    /// 204.
    public static let noContent = StatusCode(rawValue: 204)
    /// 206.
    public static let partialContent = StatusCode(rawValue: 206)
    /// 301.
    public static let movedPermanently = StatusCode(rawValue: 301)
    /// 302.
    public static let found = StatusCode(rawValue: 302)
    /// 303.
    public static let seeOther = StatusCode(rawValue: 303)
    /// 304.
    public static let notModified = StatusCode(rawValue: 304)
    /// 307.
    public static let temporaryRedirect = StatusCode(rawValue: 307)
    /// 308.
    public static let permanentRedirect = StatusCode(rawValue: 308)
    /// 400.
    public static let badRequest = StatusCode(rawValue: 400)
    /// 403.
    public static let forbidden = StatusCode(rawValue: 403)
    /// 404.
    public static let notFound = StatusCode(rawValue: 404)
    /// 405.
    public static let methodNotAllowed = StatusCode(rawValue: 405)
    /// 406.
    public static let notAcceptable = StatusCode(rawValue: 406)
    /// 408.
    public static let requestTimeout = StatusCode(rawValue: 408)
    /// 409.
    public static let conflict = StatusCode(rawValue: 409)
    /// 411.
    public static let lengthRequired = StatusCode(rawValue: 411)
    /// 412.
    public static let preconditionFailed = StatusCode(rawValue: 412)
    /// 413.
    public static let contentTooLarge = StatusCode(rawValue: 413)
    /// 414.
    public static let uriTooLong = StatusCode(rawValue: 414)
    /// 415.
    public static let unsupportedMediaType = StatusCode(rawValue: 415)
    /// 416.
    public static let rangeNotSatisfiable = StatusCode(rawValue: 416)
    /// 417.
    public static let expectationFailed = StatusCode(rawValue: 417)
    /// 421.
    public static let misdirectedRequest = StatusCode(rawValue: 421)
    /// 422.
    public static let unprocessableContent = StatusCode(rawValue: 422)
    /// 431 (RFC 6585 §5).
    public static let requestHeaderFieldsTooLarge = StatusCode(rawValue: 431)
    /// 500.
    public static let internalServerError = StatusCode(rawValue: 500)
    /// 501.
    public static let notImplemented = StatusCode(rawValue: 501)
    /// 503.
    public static let serviceUnavailable = StatusCode(rawValue: 503)
    /// 505.
    public static let httpVersionNotSupported = StatusCode(rawValue: 505)
    /// 507 (RFC 4918 §11.5).
    public static let insufficientStorage = StatusCode(rawValue: 507)

    /// The reason phrase of the registry.
    public var reasonPhrase: StaticString {
        switch rawValue {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Status"
        }
    }
}
