/// The request line and field section of an HTTP/1.x request (RFC 9112 §3, §5), as offsets into the
/// bytes that they were parsed from.
///
/// Nothing is copied and nothing allocated: the owner of a `RequestHead` parses one request after
/// the other into it, and lends it with the bytes to whoever asks for a part of them.
///
/// The parser is strict where lenience has been used for request smuggling (RFC 9112 §11.2): bare
/// CR or LF, folded lines, white space before a colon, and any doubt about the message's length are
/// refused.
public struct RequestHead: ~Copyable {
    /// A part of the parsed bytes.
    public struct Extent: Sendable, BitwiseCopyable {
        /// The offset of the first byte.
        public var start: UInt16 = 0
        /// The offset behind the last byte.
        public var end: UInt16 = 0

        init() {}

        init(_ start: Int, _ end: Int) {
            self.start = UInt16(truncatingIfNeeded: start)
            self.end = UInt16(truncatingIfNeeded: end)
        }

        /// The offsets as a range.
        public var range: Range<Int> { Int(start)..<Int(end) }
        /// Whether there is no byte.
        public var isEmpty: Bool { start == end }
    }

    /// The form of the request target (RFC 9112 §3.2).
    public enum TargetForm: UInt8, Sendable {
        case absolute, asterisk, authority, origin
    }

    /// How the content is delimited (RFC 9112 §6.3).
    public enum Framing: Equatable, Sendable {
        /// There is none.
        case none
        /// So many bytes, possibly 0.
        case length(Int)
        /// The chunked transfer coding.
        case chunked
    }

    /// The most bytes that a request target may have; more is 414.
    public static let targetByteLimit = 8192
    /// The most bytes that a field section may have; more is 431.
    public static let fieldSectionByteLimit = 32768
    /// The most field lines; more is 431.
    public static let fieldLineCountLimit = 100
    /// The most bytes of a whole head, so that a larger buffer is never needed.
    ///
    /// Besides target and fields: empty lines in front (8), the method and a space (65), the
    /// version with its space and line end (11), and the empty line behind (2).
    public static let byteLimit = targetByteLimit + fieldSectionByteLimit + 86

    /// The method.
    public internal(set) var method = Method.unknown
    /// The method as it was sent.
    public internal(set) var methodToken = Extent()
    /// The request target as it was sent.
    public internal(set) var target = Extent()
    /// Its form.
    public internal(set) var targetForm = TargetForm.origin
    /// The path of the target, without query; empty only in absolute-form and asterisk-form.
    public internal(set) var path = Extent()
    /// The query behind the `?`, or empty.
    public internal(set) var query = Extent()
    /// Host and port that the request is for: of the target in absolute-form, else of Host.
    public internal(set) var authority = Extent()
    /// The host of `authority`.
    public internal(set) var host = Extent()
    /// The minor version: 0, or 1 for all later ones (RFC 9110 §2.5).
    public internal(set) var minorVersion: UInt8 = 1
    /// How the content is delimited.
    public internal(set) var framing = Framing.none
    /// Whether the peer waits for 100 (Continue) (RFC 9110 §10.1.1).
    public internal(set) var expectsContinue = false
    /// Whether an expectation was sent that is none of RFC 9110: 417.
    public internal(set) var hasUnknownExpectation = false
    /// Whether an Accept-Encoding field has weights, and so may refuse identity.
    public internal(set) var weighsCodings = false
    /// The bytes of the whole head, with the empty line behind it.
    public internal(set) var byteCount = 0
    /// Where the request line starts: behind empty lines, which a robust server ignores.
    public internal(set) var requestLine = Extent()
    /// The target has neither `"` nor `\`.
    var isTargetPlain = true

    /// The value of the first line of each field that is present.
    ///
    /// Others are looked for when they are asked for: they are rare, and a small head is lent at no
    /// cost.
    var firstValues = InlineArray<17, Extent>(repeating: Extent())
    /// Where the field lines begin.
    var fieldSectionStart = 0
    var fieldLineCount = 0
    @usableFromInline var presentFields: UInt32 = 0
    @usableFromInline var repeatedFields: UInt32 = 0
    @usableFromInline var connectionClose = false
    @usableFromInline var connectionKeepAlive = false

    /// An empty head, to parse into.
    public init() {}

    /// Whether the connection goes on behind this exchange, as far as the peer says (RFC 9112
    /// §9.3).
    @inlinable
    public var isPersistent: Bool {
        !connectionClose && (minorVersion >= 1 || connectionKeepAlive)
    }

    /// Whether there is a request line that a quoted text can have as it is.
    ///
    /// It has neither `"` nor `\`, and what is not printable ASCII was refused.
    public var hasPlainRequestLine: Bool { isTargetPlain && !requestLine.isEmpty }

    /// Whether the request has a field line of that name.
    @inlinable
    public func has(_ name: FieldName) -> Bool {
        Self.isSet(name, in: presentFields)
    }

    /// Whether a field is in a set of them.
    ///
    /// For the parser: where a method that changes the head asks the head itself, the compiler
    /// moves all of it out and back.
    @inlinable
    @inline(__always)
    static func isSet(_ name: FieldName, in fields: UInt32) -> Bool {
        fields >> UInt32(name.rawValue) & 1 == 1
    }

    /// Whether the request has more than one field line of that name.
    @inlinable
    public func isRepeated(_ name: FieldName) -> Bool {
        repeatedFields >> UInt32(name.rawValue) & 1 == 1
    }

    /// Whether a precondition or range field is there (RFC 9110 §13.1, §14.2).
    @inlinable
    public var isConditionalOrPartial: Bool {
        has(.ifMatch) || has(.ifNoneMatch) || has(.ifModifiedSince)
            || has(.ifUnmodifiedSince) || has(.ifRange) || has(.range)
    }

    /// The value of the first field line of that name, without white space around it.
    @inlinable
    @inline(__always)
    @_lifetime(copy bytes)
    public func value(_ name: FieldName, in bytes: Span<UInt8>) -> Span<UInt8>? {
        guard has(name) else { return nil }
        return bytes.extracting(firstValue(name).range)
    }

    @usableFromInline
    func firstValue(_ name: FieldName) -> Extent { firstValues[Int(name.rawValue)] }

    /// Where the values of all field lines of that name stand, in order.
    public func forEachValue<E: Error>(
        _ name: FieldName, in bytes: Span<UInt8>, _ body: (Extent) throws(E) -> Void
    ) throws(E) {
        guard has(name) else { return }
        guard isRepeated(name) else {
            try body(firstValues[Int(name.rawValue)])
            return
        }
        var offset = fieldSectionStart
        while let line = try? FieldLine(in: bytes, from: offset), line.end < byteCount {
            if FieldName(bytes.extracting(line.name.range)) == name { try body(line.value) }
            offset = line.end
        }
    }
}
