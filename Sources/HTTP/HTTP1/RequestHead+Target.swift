extension RequestHead {
    /// Takes the target apart (RFC 9112 §3.2).
    @inline(__always)
    mutating func parseTarget(_ bytes: Span<UInt8>) throws(RequestError) {
        let start = Int(target.start)
        let end = Int(target.end)
        if method == .connect {
            targetForm = .authority
            authority = target
            host = try Self.hostExtent(in: bytes, authority: target)
            return
        }
        switch bytes[start] {
        case 0x2F:
            targetForm = .origin
            splitPath(bytes, from: start, to: end)
        case 0x2A where end == start &+ 1:
            guard method == .options else {
                throw .malformed("The target * is for OPTIONS only.")
            }
            targetForm = .asterisk
        default:
            targetForm = .absolute
            try parseAbsoluteForm(bytes)
        }
    }

    @inline(__always)
    private mutating func splitPath(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
        let pathEnd = offset(of: 0x3F, in: bytes, from: start, to: end)
        path = Extent(start, pathEnd)
        query = Extent(min(pathEnd &+ 1, end), end)
    }

    /// absolute-form (§3.2.2): `http://authority/path?query`; its authority wins over Host.
    private mutating func parseAbsoluteForm(_ bytes: Span<UInt8>) throws(RequestError) {
        let start = Int(target.start)
        let end = Int(target.end)
        let all = bytes.extracting(start..<end)
        let schemeLength: Int
        if all.count >= 7, all.extracting(0..<7).equalsIgnoringCase("http://") {
            schemeLength = 7
        } else if all.count >= 8, all.extracting(0..<8).equalsIgnoringCase("https://") {
            schemeLength = 8
        } else {
            throw .malformed("The request target is neither a path nor an http URI.")
        }
        let authorityStart = start &+ schemeLength
        var offset = authorityStart
        while offset < end, bytes[offset] != 0x2F, bytes[offset] != 0x3F { offset &+= 1 }
        authority = Extent(authorityStart, offset)
        guard !authority.isEmpty else {
            throw .malformed("The http URI has no host.")
        }
        host = try Self.hostExtent(in: bytes, authority: authority)
        guard !host.isEmpty else { throw .malformed("The http URI has no host.") }
        splitPath(bytes, from: offset, to: end)
    }

    /// Exactly one valid Host in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 §3.2).
    @inline(__always)
    mutating func resolveAuthority(_ bytes: Span<UInt8>) throws(RequestError) {
        guard !Self.isSet(.host, in: repeatedFields) else {
            throw .malformed("There is more than one Host.")
        }
        guard Self.isSet(.host, in: presentFields) else {
            guard minorVersion == 0 else { throw .malformed("There is no Host.") }
            return
        }
        let value = firstValues[Int(FieldName.host.rawValue)]
        let extent = try Self.hostExtent(in: bytes, authority: value)
        if targetForm == .origin || targetForm == .asterisk {
            authority = value
            host = extent
        }
    }

    /// The host of `uri-host [":" port]` (RFC 9110 §4.2, RFC 3986 §3.2.2).
    private static func hostExtent(
        in bytes: Span<UInt8>, authority: Extent
    ) throws(RequestError) -> Extent {
        let invalid = RequestError.malformed("The host is not valid.")
        let start = Int(authority.start)
        let end = Int(authority.end)
        var offset = start
        if offset < end, bytes[offset] == 0x5B {
            while offset < end, bytes[offset] != 0x5D { offset &+= 1 }
            guard offset < end,
                isIPLiteral(bytes.extracting(start &+ 1..<offset))
            else { throw invalid }
            offset &+= 1
        } else {
            offset = min(endOfPlainHost(in: bytes, from: start), end)
            while offset < end, bytes[offset] != 0x3A, bytes[offset].isRegisteredNameCharacter {
                if bytes[offset] == 0x25 {
                    guard offset &+ 2 < end, bytes[offset &+ 1].hexadecimalValue != nil,
                        bytes[offset &+ 2].hexadecimalValue != nil
                    else { throw invalid }
                }
                offset &+= 1
            }
        }
        let host = Extent(start, offset)
        guard offset < end else { return host }
        guard bytes[offset] == 0x3A, end &- offset <= 6 else { throw invalid }
        guard endOfDigits(in: bytes, from: offset &+ 1) >= end else { throw invalid }
        return host
    }

    /// Whether the text between brackets is an IPv6 address (RFC 4291 §2.2) or an IPvFuture.
    private static func isIPLiteral(_ text: Span<UInt8>) -> Bool {
        if text.count > 3, text[0].lowercased == 0x76 {
            var offset = 1
            while offset < text.count, text[offset].hexadecimalValue != nil { offset &+= 1 }
            guard offset > 1, offset &+ 1 < text.count, text[offset] == 0x2E else { return false }
            for index in offset &+ 1..<text.count {
                guard text[index].isRegisteredNameCharacter || text[index] == 0x3A,
                    text[index] != 0x25
                else { return false }
            }
            return true
        }
        return isIPv6Address(text)
    }

    private static func isIPv6Address(_ text: Span<UInt8>) -> Bool {
        var groups = 0
        var isCompressed = false
        var offset = 0
        if text.count >= 2, text[0] == 0x3A, text[1] == 0x3A {
            isCompressed = true
            offset = 2
        }
        while offset < text.count {
            let start = offset
            while offset < text.count, text[offset].hexadecimalValue != nil { offset &+= 1 }
            if offset < text.count, text[offset] == 0x2E {
                guard isIPv4Address(text.extracting(start..<text.count)) else { return false }
                groups &+= 2
                offset = text.count
                break
            }
            guard offset > start, offset &- start <= 4 else { return false }
            groups &+= 1
            guard offset < text.count else { break }
            guard text[offset] == 0x3A else { return false }
            offset &+= 1
            guard offset < text.count else { return false }
            if text[offset] == 0x3A {
                guard !isCompressed else { return false }
                isCompressed = true
                offset &+= 1
            }
        }
        return isCompressed ? groups <= 7 : groups == 8
    }

    private static func isIPv4Address(_ text: Span<UInt8>) -> Bool {
        var numbers = 0
        var offset = 0
        while offset < text.count {
            let start = offset
            while offset < text.count, text[offset].isDigit { offset &+= 1 }
            guard offset > start, offset &- start <= 3,
                let value = text.extracting(start..<offset).decimalValue, value <= 255,
                offset &- start == 1 || text[start] != 0x30
            else { return false }
            numbers &+= 1
            guard offset < text.count else { break }
            guard text[offset] == 0x2E, offset &+ 1 < text.count else { return false }
            offset &+= 1
        }
        return numbers == 4
    }
}

extension UInt8 {
    /// unreserved, sub-delims or `%` (RFC 3986 §3.2.2).
    var isRegisteredNameCharacter: Bool {
        let low: UInt64 = 0x2BFF_7FF2_0000_0000
        let high: UInt64 = 0x47FF_FFFE_87FF_FFFE
        if self < 64 { return low >> UInt64(self) & 1 == 1 }
        return self < 128 && high >> UInt64(self &- 64) & 1 == 1
    }
}
