extension RequestHead {
    /// Parses the head that the bytes begin with.
    ///
    /// May be called again with the same bytes and more behind them; it starts anew each time.
    ///
    /// - Parameter bytes: what was received and not yet consumed.
    /// - Returns: false when the bytes end before the head does.
    /// - Throws: `RequestError` where the bytes can no longer become a request that is served.
    public mutating func parse(_ bytes: Span<UInt8>) throws(RequestError) -> Bool {
        reset()
        var offset = 0
        // An empty line or two in front are ignored (RFC 9112 §2.2).
        while offset < 8, offset < bytes.count, bytes[offset] == .carriageReturn {
            guard offset &+ 1 < bytes.count else { return false }
            guard bytes[offset &+ 1] == .lineFeed else { throw .malformed("A bare CR.") }
            offset &+= 2
        }
        guard let fieldsStart = try parseRequestLine(bytes, from: offset) else { return false }
        guard let end = try parseFieldSection(bytes, from: fieldsStart) else {
            // One byte less than the longest section with the empty line behind it.
            guard bytes.count &- fieldsStart <= Self.fieldSectionByteLimit &+ 1 else {
                throw Self.fieldSectionTooLarge
            }
            return false
        }
        guard end &- fieldsStart <= Self.fieldSectionByteLimit &+ 2 else {
            throw Self.fieldSectionTooLarge
        }
        byteCount = end
        try resolveAuthority(bytes)
        try resolveFraming(bytes)
        return true
    }

    private static let fieldSectionTooLarge = RequestError(
        .requestHeaderFieldsTooLarge, "The header fields are too large or too many.")

    private mutating func reset() {
        fieldLineCount = 0
        presentFields = 0
        repeatedFields = 0
        framing = .none
        connectionClose = false
        connectionKeepAlive = false
        expectsContinue = false
        hasUnknownExpectation = false
        weighsCodings = false
        authority = Extent()
        host = Extent()
        path = Extent()
        query = Extent()
        target = Extent()
        methodToken = Extent()
        requestLine = Extent()
        isTargetPlain = true
        method = .unknown
    }

    /// The offset behind the request line, or nil where it is not complete.
    @inline(__always)
    private mutating func parseRequestLine(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        guard var offset = try parseMethod(bytes, from: start) else { return nil }
        let targetStart = offset &+ 1
        offset = try targetEnd(in: bytes, from: targetStart)
        guard offset &- targetStart <= Self.targetByteLimit else {
            throw RequestError(.uriTooLong, "The request target is too long.")
        }
        guard offset < bytes.count else { return nil }
        target = Extent(targetStart, offset)
        requestLine = Extent(start, offset)
        guard bytes[offset] == .space, offset > targetStart else {
            throw .malformed("The request line has no target followed by a version.")
        }
        guard let end = try parseVersion(bytes, from: offset &+ 1) else { return nil }
        requestLine = Extent(start, end &- 2)
        try parseTarget(bytes)
        return end
    }

    /// The offset of the space behind the method, or nil where it is not complete.
    @inline(__always)
    private mutating func parseMethod(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        // Most requests begin so.
        if bytes.word(at: start) & 0xFFFF_FFFF == Self.getAndSpace {
            methodToken = Extent(start, start &+ 3)
            method = .get
            return start &+ 3
        }
        return try parseOtherMethod(bytes, from: start)
    }

    /// `GET` and a space as a word, the first character in the lowest place.
    private static let getAndSpace: UInt64 = 0x2054_4547

    private mutating func parseOtherMethod(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        let offset = endOfToken(in: bytes, from: start)
        guard offset &- start <= 64 else {
            throw RequestError(.notImplemented, "The method is not known.")
        }
        guard offset < bytes.count else { return nil }
        guard bytes[offset] == .space, offset > start else {
            throw .malformed("The request line does not start with a method and a space.")
        }
        methodToken = Extent(start, offset)
        method = Method(bytes.extracting(start..<offset))
        return offset
    }

    /// Where the target ends: at the first byte that may not stand in one.
    ///
    /// Besides the characters of RFC 3986, the printable ones that browsers send as they are (such
    /// as `|` and `"`) are taken; they have no meaning to us and go nowhere unescaped.
    @inline(__always)
    private mutating func targetEnd(
        in bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int {
        let limit = min(bytes.count, start &+ Self.targetByteLimit &+ 1)
        var end = endOfPlainTarget(in: bytes, from: start)
        while end < limit, bytes[end] == 0x22 || bytes[end] == 0x5C {
            isTargetPlain = false
            end = endOfPlainTarget(in: bytes, from: end &+ 1)
        }
        end = min(end, limit)
        if end < limit, bytes[end] != .space {
            throw .malformed("The request target has a character that must be percent-encoded.")
        }
        return end
    }

    /// Reads `HTTP/1.x` and the end of the line; gives the offset behind it.
    @inline(__always)
    private mutating func parseVersion(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        let end = start &+ 10
        if end <= bytes.count, bytes.word(at: start) == Self.usualVersion,
            bytes[start &+ 8] == .carriageReturn, bytes[start &+ 9] == .lineFeed
        {
            minorVersion = 1
            return end
        }
        return try parseOtherVersion(bytes, from: start)
    }

    /// `HTTP/1.1` as a word, the first character in the lowest place.
    private static let usualVersion: UInt64 = 0x312E_312F_5054_5448

    private mutating func parseOtherVersion(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        let name: StaticString = "HTTP/"
        let available = bytes.extracting(start..<min(bytes.count, start &+ 10))
        for index in 0..<min(5, available.count) {
            // SAFETY: index < 5, the count of `name`.
            guard unsafe available[index] == name.utf8Start[index] else {
                throw .malformed("The request line does not end with an HTTP version.")
            }
        }
        guard available.count >= 8 else { return nil }
        guard available[5].isDigit, available[6] == 0x2E, available[7].isDigit else {
            throw .malformed("The HTTP version is not of the form HTTP/1.1.")
        }
        if available.count > 8, available[8] != .carriageReturn {
            throw .malformed("The request line does not end behind the HTTP version.")
        }
        guard available.count == 10 else { return nil }
        guard available[9] == .lineFeed else { throw .malformed("A bare CR.") }
        guard available[5] == 0x31 else {
            // 0.9 had no version in its request line; what names it is malformed.
            throw available[5] == 0x30
                ? .malformed("There is no such HTTP version.")
                : RequestError(.httpVersionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are spoken.")
        }
        minorVersion = available[7] == 0x30 ? 0 : 1
        return start &+ 10
    }

    /// The offset behind the empty line that ends the section, or nil where it is not complete.
    private mutating func parseFieldSection(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        fieldSectionStart = start
        var offset = start
        while offset < bytes.count {
            if bytes[offset] == .carriageReturn {
                guard offset &+ 1 < bytes.count else { return nil }
                guard bytes[offset &+ 1] == .lineFeed else { throw .malformed("A bare CR.") }
                return offset &+ 2
            }
            guard fieldLineCount < Self.fieldLineCountLimit,
                offset &- start <= Self.fieldSectionByteLimit
            else {
                throw Self.fieldSectionTooLarge
            }
            guard let line = try FieldLine(in: bytes, from: offset) else { return nil }
            guard line.end <= Int(UInt16.max) &+ 2 else { throw Self.fieldSectionTooLarge }
            fieldLineCount &+= 1
            if let field = FieldName(bytes.extracting(line.name.range)) {
                note(field, line.value, bytes)
            }
            offset = line.end
        }
        return nil
    }

    private mutating func note(_ field: FieldName, _ value: Extent, _ bytes: Span<UInt8>) {
        let bit: UInt32 = 1 << UInt32(field.rawValue)
        if presentFields & bit != 0 {
            repeatedFields |= bit
        } else {
            presentFields |= bit
            firstValues[Int(field.rawValue)] = value
        }
        switch field {
        case .acceptEncoding:
            let end = Int(value.end)
            if offset(of: 0x3B, in: bytes, from: Int(value.start), to: end) < end {
                weighsCodings = true
            }
        case .connection: noteConnection(bytes.extracting(value.range))
        case .expect: noteExpectations(bytes.extracting(value.range))
        default: break
        }
    }

    private mutating func noteConnection(_ value: Span<UInt8>) {
        if value.equalsIgnoringCase("keep-alive") {
            connectionKeepAlive = true
            return
        }
        var list = ListReader(value)
        while let option = list.next() {
            if option.equalsIgnoringCase("close") {
                connectionClose = true
            } else if option.equalsIgnoringCase("keep-alive") {
                connectionKeepAlive = true
            }
        }
    }

    private mutating func noteExpectations(_ value: Span<UInt8>) {
        var list = ListReader(value)
        while let expectation = list.next() {
            let isContinue = expectation.equalsIgnoringCase("100-continue")
            expectsContinue = expectsContinue || isContinue
            hasUnknownExpectation = hasUnknownExpectation || !isContinue
        }
    }
}

/// A field line (RFC 9112 §5), as offsets into the bytes.
struct FieldLine: BitwiseCopyable {
    let name: RequestHead.Extent
    /// Without white space around it.
    let value: RequestHead.Extent
    /// The offset behind the line.
    let end: Int

    /// Reads a line; nil where it is not complete.
    @inline(__always)
    init?(in bytes: Span<UInt8>, from start: Int) throws(RequestError) {
        let nameEnd = endOfToken(in: bytes, from: start)
        guard nameEnd < bytes.count else { return nil }
        // White space before the colon (§5.1) and folded lines (§5.2) end here too.
        guard bytes[nameEnd] == 0x3A, nameEnd > start else {
            throw .malformed("A header field line is not of the form Name: value.")
        }
        var valueStart = nameEnd &+ 1
        while valueStart < bytes.count, bytes[valueStart].isWhitespace { valueStart &+= 1 }
        var valueEnd = endOfFieldValue(in: bytes, from: valueStart)
        guard valueEnd < bytes.count else { return nil }
        guard bytes[valueEnd] == .carriageReturn else {
            throw .malformed("A header field value has a control character.")
        }
        end = valueEnd &+ 2
        guard valueEnd &+ 1 < bytes.count else { return nil }
        guard bytes[valueEnd &+ 1] == .lineFeed else { throw .malformed("A bare CR.") }
        while valueEnd > valueStart, bytes[valueEnd &- 1].isWhitespace { valueEnd &-= 1 }
        name = RequestHead.Extent(start, nameEnd)
        value = RequestHead.Extent(valueStart, valueEnd)
    }
}

extension UInt8 {
    @usableFromInline static let carriageReturn: UInt8 = 0x0D
    @usableFromInline static let lineFeed: UInt8 = 0x0A
    @usableFromInline static let space: UInt8 = 0x20
}
