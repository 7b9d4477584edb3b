/// Entity tags, as a client sees them (RFC 9110 §8.8.3).
enum EntityTags {
    /// Whether a value is one strong tag.
    ///
    /// Tags with bytes beyond ASCII, which are not told apart here, are none.
    static func isStrong(_ value: String) -> Bool {
        let bytes = value.utf8
        return bytes.count >= 2 && bytes.first == UInt8(ascii: "\"")
            && bytes.last == UInt8(ascii: "\"")
            && bytes.dropFirst().dropLast().allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"")
            }
    }
}

/// The Content-Range of a response with a part (RFC 9110 §14.4).
struct ContentRange: Equatable {
    /// The first and the last byte; nil where the range that was asked for is none of it.
    var range: ClosedRange<Int>?
    /// Bytes of the whole; nil where it is not said.
    var total: Int?

    /// `bytes 0-9/100`, `bytes 0-9/*`, `bytes */100`.
    init?(_ value: String) {
        guard let space = value.firstIndex(of: " "),
            equalsIgnoringCase(String(value[..<space]), "bytes")
        else { return nil }
        let parts = value[value.index(after: space)...].split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[1] != "*" {
            guard let total = Self.number(parts[1]) else { return nil }
            self.total = total
        }
        if parts[0] == "*" {
            guard total != nil else { return nil }
            return
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
            first <= last, last < total ?? Int.max
        else { return nil }
        range = first...last
    }

    private static func number(_ digits: Substring) -> Int? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }
}
