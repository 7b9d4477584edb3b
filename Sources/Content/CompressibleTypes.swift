internal import HTTP

/// The media types that are worth compressing.
public struct CompressibleTypes: Sendable {
    private enum Pattern {
        case any
        /// `type/subtype`.
        case exact([UInt8])
        /// `type/*`: `type/`.
        case prefix([UInt8])
        /// `*+suffix`: `+suffix` (RFC 6839).
        case suffix([UInt8])
    }

    private let patterns: [Pattern]

    /// The types that match any of the patterns, in lower case: `type/subtype`, `type/*`,
    /// `*+suffix` or `*/*`.
    public init(_ patterns: [String]) {
        self.patterns = patterns.map { pattern in
            let bytes = Array(pattern.utf8)
            if pattern == "*/*" { return .any }
            if pattern.hasSuffix("/*") { return .prefix(bytes.dropLast()) }
            if pattern.hasPrefix("*/*+") { return .suffix(Array(bytes.dropFirst(3))) }
            if pattern.hasPrefix("*+") { return .suffix(Array(bytes.dropFirst())) }
            return .exact(bytes)
        }
    }

    /// Whether a Content-Type is one of them, whatever its parameters.
    public func contains(_ mediaType: [UInt8]) -> Bool {
        var end = 0
        while end < mediaType.count, mediaType[end] != 0x3B { end += 1 }
        while end > 0, mediaType[end - 1].isWhitespace { end -= 1 }
        guard end > 0 else { return false }
        let type = mediaType[..<end]
        return patterns.contains { pattern in
            switch pattern {
            case .any: true
            case .exact(let bytes): type.count == bytes.count && type.has(bytes, at: 0)
            case .prefix(let bytes): type.has(bytes, at: 0)
            case .suffix(let bytes): type.has(bytes, at: type.count - bytes.count)
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether these bytes stand at an offset, but for the case of letters.
    fileprivate func has(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, offset + bytes.count <= count else { return false }
        for index in bytes.indices
        where self[startIndex + offset + index].lowercased != bytes[index] {
            return false
        }
        return true
    }
}
