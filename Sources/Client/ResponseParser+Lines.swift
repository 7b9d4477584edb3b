// The grammar of the lines of a response, without their CR LF.
extension ResponseParser {
    /// `HTTP/1.1 200 OK` (RFC 9112 §4).
    static func statusLine(_ line: [UInt8]) throws(ClientError) -> ResponseHead {
        let bytes = line[...]
        guard bytes.starts(with: "HTTP/".utf8) else {
            throw .malformedResponse("it does not begin with HTTP/1.1")
        }
        guard line.count >= 13, bytes.starts(with: "HTTP/1.".utf8),
            line[7] == UInt8(ascii: "0") || line[7] == UInt8(ascii: "1"),
            line[8] == UInt8(ascii: " ")
        else {
            throw .malformedResponse("the status line is not one of HTTP/1.1 or HTTP/1.0")
        }
        var status = 0
        for byte in line[9..<12] {
            guard isDigit(byte) else { throw .malformedResponse("the status code is no number") }
            status = status * 10 + Int(byte & 15)
        }
        guard (100..<600).contains(status), line[12] == UInt8(ascii: " ") else {
            throw .malformedResponse("the status code is not one of 100 to 599")
        }
        let reason = line[13...]
        guard reason.allSatisfy(isFieldValueByte) else {
            throw .malformedResponse("a control character in the status line")
        }
        return ResponseHead(
            minorVersion: Int(line[7] & 15), status: status,
            reason: String(decoding: reason, as: UTF8.self))
    }

    /// `Name: value` (RFC 9112 §5).
    static func fieldLine(_ line: [UInt8]) throws(ClientError) -> ResponseHead.Field {
        if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
            throw .malformedResponse("a folded field line")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformedResponse("a field line without a colon")
        }
        let name = line[..<colon]
        // White space before the colon is none of these either (RFC 9112 §5.1).
        guard !name.isEmpty, name.allSatisfy(isTokenByte) else {
            throw .malformedResponse("a field name with a character that none has")
        }
        let value = trimmed(line[(colon + 1)...])
        guard value.allSatisfy(isFieldValueByte) else {
            throw .malformedResponse("a control character in a field value")
        }
        return ResponseHead.Field(
            name: String(decoding: name, as: UTF8.self),
            value: String(decoding: value, as: UTF8.self))
    }

    /// A value of Content-Length (RFC 9110 §8.6).
    static func contentLength(_ value: Substring) throws(ClientError) -> Int {
        let digits = trimmed(Array(value.utf8)[...])
        guard !digits.isEmpty, digits.allSatisfy(isDigit),
            let length = Int(String(decoding: digits, as: UTF8.self))
        else {
            throw .malformedResponse("a Content-Length that is no number")
        }
        return length
    }

    /// `1a;name=value` (RFC 9112 §7.1); extensions are ignored.
    static func chunkSize(_ line: [UInt8]) throws(ClientError) -> Int {
        let digits = line.prefix { hexValue($0) != nil }
        // 15 digits fit an Int.
        guard (1...15).contains(digits.count) else {
            throw .malformedResponse("a chunk size that is no hexadecimal number")
        }
        let rest = trimmed(line[digits.count...])
        guard rest.isEmpty || rest.first == UInt8(ascii: ";"),
            rest.allSatisfy(isFieldValueByte)
        else {
            throw .malformedResponse("something other than an extension behind a chunk size")
        }
        return digits.reduce(0) { $0 << 4 | (hexValue($1) ?? 0) }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return [] }
        return bytes[...last].drop(while: isSpace)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// VCHAR, obs-text, SP, HTAB (RFC 9110 §5.5).
    private static func isFieldValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t")
    }

    /// RFC 9110 §5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
