/// What a Range field asks of a representation (RFC 9110 §14.2).
///
/// Where it asks for too much, so that it would cost more than the whole, it is not heeded.
public enum RangeRequest: Equatable, Sendable {
    /// The whole: no Range, another unit, malformed, or too much.
    case whole
    /// These bytes; never empty.
    case part(Range<Int>)
    /// Two or more parts, in the order in which they are sent.
    ///
    /// None is empty, none overlaps or touches another.
    case parts([Range<Int>])
    /// None that is there: 416.
    case unsatisfiable

    /// The most ranges that a Range field may have; with more it is not heeded.
    public static let rangeCountLimit = 128

    /// Reads a field value for a representation of `byteCount` bytes.
    ///
    /// Ranges that are not satisfiable are left out (§15.3.7.2). Those that overlap or touch are
    /// coalesced, at the place of the earliest of them. Not heeded are more than `rangeCountLimit`
    /// ranges, and such as have more than twice the bytes of the whole (§14.2, §17.15). One range
    /// is read without allocation.
    public init(parsing value: Span<UInt8>, byteCount: Int) {
        self = .whole
        guard value.count > 6, value.extracting(0..<6).equalsIgnoringCase("bytes=") else { return }
        let set = value.extracting(6..<value.count)
        var list = ListReader(set)
        guard let first = list.next() else { return }
        if list.next() == nil {
            self = Self.parse(first, byteCount: byteCount) ?? .whole
        } else {
            self = Self.parse(set: set, byteCount: byteCount)
        }
    }

    private static func parse(set: Span<UInt8>, byteCount: Int) -> RangeRequest {
        var list = ListReader(set)
        var parts: [Range<Int>] = []
        var rangeCount = 0
        var isSatisfiable = false
        // What may still be asked for; counted down, since twice the whole may be no Int.
        var (rest, isUnlimited) = byteCount.multipliedReportingOverflow(by: 2)
        if isUnlimited { rest = Int.max }
        while let specifier = list.next() {
            rangeCount &+= 1
            guard rangeCount <= rangeCountLimit,
                let range = parse(specifier, byteCount: byteCount)
            else { return .whole }
            switch range {
            case .part(let part):
                guard part.count <= rest else { return .whole }
                rest -= part.count
                insert(part, into: &parts)
            case .unsatisfiable:
                continue
            case .whole, .parts:
                isSatisfiable = true
            }
        }
        switch parts.count {
        case 0: return isSatisfiable ? .whole : .unsatisfiable
        case 1: return .part(parts[0])
        default: return .parts(parts)
        }
    }

    /// Adds a range to ranges of which none touches another.
    ///
    /// What touches the union touches one that is in it, so one pass is enough.
    private static func insert(_ part: Range<Int>, into parts: inout [Range<Int>]) {
        var union = part
        var place: Int?
        var count = 0
        for index in parts.indices {
            let other = parts[index]
            if other.lowerBound <= part.upperBound, part.lowerBound <= other.upperBound {
                union =
                    min(
                        union.lowerBound, other.lowerBound)..<max(
                        union.upperBound, other.upperBound)
                guard place == nil else { continue }
                place = count
            }
            parts[count] = other
            count += 1
        }
        parts.removeSubrange(count...)
        if let place {
            parts[place] = union
        } else {
            parts.append(part)
        }
    }

    /// What one range asks for; nil where it is malformed.
    private static func parse(_ specifier: Span<UInt8>, byteCount: Int) -> RangeRequest? {
        var dash = 0
        while dash < specifier.count, specifier[dash] != 0x2D { dash &+= 1 }
        guard dash < specifier.count else { return nil }
        let first = specifier.extracting(0..<dash)
        let last = specifier.extracting(dash &+ 1..<specifier.count)
        if first.count == 0 {
            guard let suffix = number(last) else { return nil }
            guard suffix > 0 else { return .unsatisfiable }
            // A suffix longer than the representation is all of it (§14.1.2), be that nothing; but
            // no Content-Range can say "nothing of nothing".
            guard byteCount > 0 else { return .whole }
            return .part(max(0, byteCount - suffix)..<byteCount)
        }
        guard let start = number(first) else { return nil }
        var end = byteCount
        if last.count > 0 {
            guard let lastPosition = number(last), lastPosition >= start else { return nil }
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
