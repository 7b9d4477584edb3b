/// A request target in origin-form (RFC 9112 §3.2.1), as it is sent.
public struct RequestTarget: Sendable, Equatable, CustomStringConvertible {
    /// What stands in the request line; visible ASCII without spaces.
    public let description: String

    /// The target that someone typed: `/a/b`, `a b?c`; a missing `/` is put in front, a fragment is
    /// left out.
    ///
    /// Escapes (`%20`) are kept, what may not stand in a target is escaped.
    public init(typed text: String) {
        let path = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let rooted = path.hasPrefix("/") || path.hasPrefix("?") ? String(path) : "/\(path)"
        description = Self.escape(
            Array((rooted.hasPrefix("?") ? "/\(rooted)" : rooted).utf8), keepsEscapes: true)
    }

    /// The target of a file with a literal name, or relative path, below a directory's target.
    public init(fileNamed name: String, below directory: RequestTarget = RequestTarget(typed: "/"))
    {
        description = directory.description + Self.escape(Array(name.utf8), keepsEscapes: false)
    }

    /// The target with one more parameter in its query.
    public func with(query name: String, _ value: String) -> RequestTarget {
        // What stands for itself in a path may separate parameters.
        let escaped = Self.escape(Array(value.utf8), keepsEscapes: false).map { character in
            "&+=;".contains(character)
                ? "%" + String(character.asciiValue ?? 0, radix: 16, uppercase: true)
                : String(character)
        }
        let separator = path.utf8.count == description.utf8.count ? "?" : "&"
        return RequestTarget(verbatim: "\(description)\(separator)\(name)=\(escaped.joined())")
    }

    /// The target `*`, of the server as a whole (RFC 9112 §3.2.4).
    public static let asterisk = RequestTarget(verbatim: "*")

    private init(verbatim: String) {
        description = verbatim
    }

    /// Whether it names a directory: its path ends in `/`.
    public var isDirectory: Bool { path.hasSuffix("/") }

    /// The target without its query.
    public var path: Substring {
        description.prefix { $0 != "?" }
    }

    /// The name under which a file that is got from here is stored: the last segment of the path,
    /// decoded; `index.html` for a directory.
    ///
    /// - Throws: `usage` where that is not the name of a file in the current directory: `.`, `..`,
    ///   one with a slash, a control character or bytes that are not UTF-8.
    public func fileName() throws(ClientError) -> String {
        let segment = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        if segment.isEmpty { return "index.html" }
        let bytes = Self.decode(Array(segment.utf8))
        guard let name = String(validating: bytes, as: UTF8.self), name != ".", name != "..",
            !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") })
        else {
            throw .usage(
                "\(description) ends in nothing that can name a file here; choose one with -o FILE")
        }
        return name
    }

    /// The target that a Location field names, where that is on the same server (RFC 9110 §10.2.2).
    ///
    /// - Parameters:
    ///   - reference: the field's value, a URI reference.
    ///   - server: the server that sent it.
    /// - Returns: nil where it is on another server, or none that can be followed.
    public func resolving(_ reference: String, on server: ServerURL) -> RequestTarget? {
        if let authority = server.authorityPrefix(of: reference) {
            let rest = String(reference.dropFirst(authority))
            return RequestTarget(typed: rest.isEmpty ? "/" : rest)
        }
        // Another scheme, or another authority.
        let scheme = reference.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if scheme.contains(":") || reference.hasPrefix("//") { return nil }
        if reference.hasPrefix("/") { return RequestTarget(typed: reference).normalized }
        if reference.isEmpty || reference.hasPrefix("#") { return self }
        if reference.hasPrefix("?") { return RequestTarget(typed: path + reference) }
        // RFC 3986 §5.2.3: the last segment is replaced.
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return RequestTarget(typed: path[..<end] + "/" + reference).normalized
    }

    /// The target without `.` and `..` segments (RFC 3986 §5.2.4).
    var normalized: RequestTarget {
        var segments: [Substring] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (offset, part) in parts.enumerated() {
            let isLast = offset == parts.count - 1
            switch part {
            case ".", "..":
                if part == "..", !segments.isEmpty { segments.removeLast() }
                if isLast { segments.append("") }
            default:
                segments.append(part)
            }
        }
        let query = description.dropFirst(path.count)
        return RequestTarget(verbatim: "/" + segments.joined(separator: "/") + query)
    }

    private static func escape(_ bytes: [UInt8], keepsEscapes: Bool) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                keepsEscapes && byte == UInt8(ascii: "%") && index + 2 < bytes.count
                && hexValue(bytes[index + 1]) != nil && hexValue(bytes[index + 2]) != nil
            if isEscape || mayStand(byte, in: keepsEscapes) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// RFC 3986 §3.3 pchar and `/`; in a target that was typed, `?` is a delimiter too and stays.
    private static func mayStand(_ byte: UInt8, in typed: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "-._~!$&'()*+,;=:@/".utf8.contains(byte) || typed && byte == UInt8(ascii: "?")
        }
    }

    private static func decode(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2])
            {
                result.append(UInt8(high << 4 | low))
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}

/// The value of a hexadecimal digit.
func hexValue(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
