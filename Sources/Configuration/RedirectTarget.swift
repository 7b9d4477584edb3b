/// The target of a redirect, made ready to be filled with what its pattern captured.
///
/// It is a path that begins with one `/`, or an http or https URI. `$1`…`$9` are captures of the
/// pattern, `$$` is a dollar.
public struct RedirectTarget: Sendable, Equatable {
    private enum Piece: Sendable, Equatable {
        /// A part of a URI, taken as it is.
        case literal([UInt8])
        /// A capture, from 0.
        case capture(Int)
    }

    private var pieces: [Piece] = []
    /// The highest `$n` that occurs; 0 if none does.
    public private(set) var captureCount = 0

    /// Understands a target; nil if it is none, which settings that were loaded never have.
    public init?(_ text: String) {
        do throws(Rejection) {
            try self.init(parsing: text)
        } catch {
            return nil
        }
    }

    /// Understands a target.
    init(parsing text: String) throws(Rejection) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Limits.fieldValueByteLimit else {
            throw Rejection(hint: "it has at most \(Limits.fieldValueByteLimit) characters")
        }
        // Captures may begin behind it.
        let fixedCount = try Self.fixedByteCount(of: bytes)
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            guard byte == UInt8(ascii: "$") else {
                try Self.checkURI(bytes, at: offset)
                literal.append(byte)
                offset += 1
                continue
            }
            let digit = offset + 1 < bytes.count ? bytes[offset + 1] : 0
            switch digit {
            case UInt8(ascii: "$"):
                literal.append(byte)
            case UInt8(ascii: "1")...UInt8(ascii: "9"):
                guard offset >= fixedCount else {
                    throw Rejection(hint: "the host cannot come from a request", offset: offset)
                }
                if !literal.isEmpty { pieces.append(.literal(literal)) }
                literal = []
                pieces.append(.capture(Int(digit - 0x31)))
                captureCount = max(captureCount, Int(digit - 0x30))
            default:
                throw Rejection(hint: "write $1 to $9, or $$ for a dollar", offset: offset)
            }
            offset += 2
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
    }

    /// How many bytes tell the host: the slash of a path, or scheme and authority of a URI.
    private static func fixedByteCount(of bytes: [UInt8]) throws(Rejection) -> Int {
        if bytes.first == UInt8(ascii: "/") {
            guard bytes.dropFirst().first != UInt8(ascii: "/") else {
                throw Rejection(
                    hint: "what follows '//' would be a host; write http:// or https://")
            }
            return 1
        }
        let scheme = ["http://", "https://"].first { bytes.starts(with: $0.utf8) }
        guard let scheme else {
            throw Rejection(hint: "it begins with '/', 'http://' or 'https://'")
        }
        let authority = bytes.dropFirst(scheme.utf8.count).prefix {
            ![UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0)
        }
        let isLegal = authority.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-._:[]$".utf8.contains(byte)
            }
        }
        guard !authority.isEmpty, isLegal else {
            throw Rejection(hint: "there is no host after \(scheme)", offset: scheme.utf8.count)
        }
        return authority.endIndex
    }

    /// Whether the byte at an offset may stand in a URI (RFC 3986 §2).
    private static func checkURI(_ bytes: [UInt8], at offset: Int) throws(Rejection) {
        switch bytes[offset] {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return
        case UInt8(ascii: "%"):
            let digits = bytes[(offset + 1)...].prefix(2)
            let isEncoded = digits.count == 2 && digits.allSatisfy(isHexadecimal)
            guard isEncoded else {
                throw Rejection(hint: "write %25 for a percent sign", offset: offset)
            }
        case let byte where "-._~:/?#[]@!&'()*+,;=".utf8.contains(byte): return
        case 0x00...0x20: throw Rejection(hint: "write %20 for a space", offset: offset)
        default:
            throw Rejection(
                hint: "percent-encode this byte: %\(hexadecimal(bytes[offset]))", offset: offset)
        }
    }
}

extension RedirectTarget {
    /// Fills the target for a path that the pattern matched.
    ///
    /// What was captured is percent-encoded. Where two slashes would meet at its edges there is
    /// one, so that no request makes its path the host. The query goes along, unless the target
    /// has one of its own.
    ///
    /// - Parameters:
    ///   - path: The decoded path.
    ///   - captures: What `PathPattern.captures(in:)` gives for it.
    ///   - query: The query of the request without its `?`, as it was received; nil if it has none.
    /// - Returns: The value of the Location field (RFC 9110 §10.2.2).
    public func location(
        for path: Span<UInt8>, captures: [Range<Int>], query: Span<UInt8>?
    ) -> [UInt8] {
        var location = filled { (capture, output) in
            guard capture < captures.count else { return }
            for offset in captures[capture] {
                if output.last == UInt8(ascii: "/"), path[offset] == UInt8(ascii: "/") { continue }
                Self.append(path[offset], to: &output)
            }
        }
        guard let query, !query.isEmpty else { return location }
        let fragment = location.firstIndex(of: UInt8(ascii: "#")) ?? location.count
        guard !location[..<fragment].contains(UInt8(ascii: "?")) else { return location }
        var addition = [UInt8(ascii: "?")]
        for offset in query.indices { addition.append(query[offset]) }
        location.insert(contentsOf: addition, at: fragment)
        return location
    }

    /// The target with a byte that stands in no pattern in the place of each capture.
    func filled(with byte: UInt8) -> [UInt8] {
        filled { $1.append(byte) }
    }

    private func filled(by append: (Int, inout [UInt8]) -> Void) -> [UInt8] {
        var output: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .literal(let bytes):
                let slash = UInt8(ascii: "/")
                output += output.last == slash ? bytes.drop { $0 == slash } : bytes[...]
            case .capture(let capture): append(capture, &output)
            }
        }
        return output
    }

    /// Writes a byte so that it means itself in a path as well as in a query.
    private static func append(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: output.append(byte)
        case _ where "-._~/:@!$'()*,".utf8.contains(byte): output.append(byte)
        default: output += "%\(hexadecimal(byte))".utf8
        }
    }
}

/// Whether a byte is a hexadecimal digit.
private func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
}
