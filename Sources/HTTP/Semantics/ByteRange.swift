/// What a Range field asks of a representation (RFC 9110 §14.2).
public enum RangeRequest: Equatable, Sendable {
    /// The whole: no Range, another unit, malformed, or more than one range.
    case whole
    /// These bytes; never empty.
    case part(Range<Int>)
    /// None that is there: 416.
    case unsatisfiable

    /// Reads a field value for a representation of `byteCount` bytes.
    ///
    /// A server may ignore any Range; this one answers single ranges.
    public init(parsing value: Span<UInt8>, byteCount: Int) {
        self = .whole
        guard value.count > 6, value.extracting(0..<6).equalsIgnoringCase("bytes=") else { return }
        var list = ListReader(value.extracting(6..<value.count))
        guard let specifier = list.next() else { return }
        let parsed = Self.parse(specifier, byteCount: byteCount)
        guard list.next() == nil else { return }
        self = parsed
    }

    private static func parse(_ specifier: Span<UInt8>, byteCount: Int) -> RangeRequest {
        var dash = 0
        while dash < specifier.count, specifier[dash] != 0x2D { dash &+= 1 }
        guard dash < specifier.count else { return .whole }
        let first = specifier.extracting(0..<dash)
        let last = specifier.extracting(dash &+ 1..<specifier.count)
        if first.count == 0 {
            guard let suffix = number(last) else { return .whole }
            guard suffix > 0 else { return .unsatisfiable }
            // A suffix longer than the representation is all of it (§14.1.2), be that nothing; but
            // no Content-Range can say "nothing of nothing".
            guard byteCount > 0 else { return .whole }
            return .part(max(0, byteCount - suffix)..<byteCount)
        }
        guard let start = number(first) else { return .whole }
        var end = byteCount
        if last.count > 0 {
            guard let lastPosition = number(last), lastPosition >= start else { return .whole }
            end = lastPosition < byteCount ? lastPosition + 1 : byteCount
        }
        return start < byteCount ? .part(start..<end) : .unsatisfiable
    }

    /// Digits of any count; what is too large for a number is larger than any representation.
    private static func number(_ digits: Span<UInt8>) -> Int? {
        guard digits.count > 0 else { return nil }
        for index in 0..<digits.count where !digits[index].isDigit { return nil }
        return digits.decimalValue ?? Int.max
    }
}
