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
        method = .unknown
    }

    /// The offset behind the request line, or nil where it is not complete.
    private mutating func parseRequestLine(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        var offset = start
        while offset < bytes.count, bytes[offset].isTokenCharacter { offset &+= 1 }
        guard offset &- start <= 64 else {
            throw RequestError(.notImplemented, "The method is not known.")
        }
        guard offset < bytes.count else { return nil }
        guard bytes[offset] == .space, offset > start else {
            throw .malformed("The request line does not start with a method and a space.")
        }
        methodToken = Extent(start, offset)
        method = Method(bytes.extracting(start..<offset))
        let targetStart = offset &+ 1
        offset = try endOfTarget(in: bytes, from: targetStart)
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

    /// Where the target ends: at the first byte that may not stand in one.
    ///
    /// Besides the characters of RFC 3986, the printable ones that browsers send as they are (such
    /// as `|` and `"`) are taken; they have no meaning to us and go nowhere unescaped.
    private func endOfTarget(
        in bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int {
        var offset = start
        let limit = min(bytes.count, start &+ Self.targetByteLimit &+ 1)
        while offset < limit {
            let byte = bytes[offset]
            guard byte > 0x20, byte < 0x7F, byte != 0x23 else { break }
            offset &+= 1
        }
        if offset < limit, bytes[offset] != .space {
            throw .malformed("The request target has a character that must be percent-encoded.")
        }
        return offset
    }

    /// Reads `HTTP/1.x` and the end of the line; gives the offset behind it.
    private mutating func parseVersion(
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
            guard let next = try parseFieldLine(bytes, from: offset) else { return nil }
            offset = next
        }
        return nil
    }

    private mutating func parseFieldLine(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(RequestError) -> Int? {
        var offset = endOfToken(in: bytes, from: start)
        guard offset < bytes.count else { return nil }
        let nameEnd = offset
        // White space before the colon (§5.1) and folded lines (§5.2) end here too.
        guard bytes[offset] == 0x3A, nameEnd > start else {
            throw .malformed("A header field line is not of the form Name: value.")
        }
        offset &+= 1
        while offset < bytes.count, bytes[offset].isWhitespace { offset &+= 1 }
        let valueStart = offset
        offset = endOfFieldValue(in: bytes, from: offset)
        guard offset < bytes.count else { return nil }
        guard bytes[offset] == .carriageReturn else {
            throw .malformed("A header field value has a control character.")
        }
        guard offset &+ 1 < bytes.count else { return nil }
        guard bytes[offset &+ 1] == .lineFeed else { throw .malformed("A bare CR.") }
        guard offset <= Int(UInt16.max) else { throw Self.fieldSectionTooLarge }
        var valueEnd = offset
        while valueEnd > valueStart, bytes[valueEnd &- 1].isWhitespace { valueEnd &-= 1 }
        try note(name: Extent(start, nameEnd), value: Extent(valueStart, valueEnd), bytes)
        return offset &+ 2
    }

    private mutating func note(
        name: Extent, value: Extent, _ bytes: Span<UInt8>
    ) throws(RequestError) {
        names[fieldLineCount] = name
        values[fieldLineCount] = value
        let field = FieldName(bytes.extracting(name.range))
        known[fieldLineCount] = field?.rawValue ?? 0xFF
        fieldLineCount &+= 1
        guard let field else { return }
        let bit: UInt32 = 1 << UInt32(field.rawValue)
        if presentFields & bit != 0 { repeatedFields |= bit }
        presentFields |= bit
        if field == .acceptEncoding {
            for index in value.range where bytes[index] == 0x3B { weighsCodings = true }
        }
        guard field == .connection || field == .expect else { return }
        var list = ListReader(bytes.extracting(value.range))
        while let option = list.next() {
            if field == .expect {
                let isContinue = option.equalsIgnoringCase("100-continue")
                expectsContinue = expectsContinue || isContinue
                hasUnknownExpectation = hasUnknownExpectation || !isContinue
            } else if option.equalsIgnoringCase("close") {
                connectionClose = true
            } else if option.equalsIgnoringCase("keep-alive") {
                connectionKeepAlive = true
            }
        }
    }
}

extension UInt8 {
    @usableFromInline static let carriageReturn: UInt8 = 0x0D
    @usableFromInline static let lineFeed: UInt8 = 0x0A
    @usableFromInline static let space: UInt8 = 0x20
}
