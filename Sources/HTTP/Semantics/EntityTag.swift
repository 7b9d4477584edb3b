public import BasicContainers

/// A validator of a representation, opaque to all but who made it (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, BitwiseCopyable {
    private var opaque = InlineArray<40, UInt8>(repeating: 0)
    private var count: UInt8 = 0
    /// Whether two representations with this tag may differ in bytes.
    public let isWeak: Bool

    /// A tag made of two numbers, such as a modification time and a size.
    public init(_ first: UInt64, _ second: UInt64, isWeak: Bool) {
        self.isWeak = isWeak
        append(hexadecimal: first)
        append(0x2D)
        append(hexadecimal: second)
    }

    private mutating func append(_ byte: UInt8) {
        opaque[Int(count)] = byte
        count &+= 1
    }

    private mutating func append(hexadecimal value: UInt64) {
        var shift = value == 0 ? 0 : (63 &- value.leadingZeroBitCount) & ~3
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xF
            append(digit &+ (digit < 10 ? 0x30 : 0x57))
            shift &-= 4
        }
    }

    /// Appends the tag as a field value has it: `"…"` or `W/"…"`.
    public func write(to output: inout UniqueArray<UInt8>) {
        if isWeak { output.append("W/") }
        output.append(0x22)
        output.append(copying: opaque.span.extracting(0..<Int(count)))
        output.append(0x22)
    }

    /// Whether a field value is this one tag and both are strong (RFC 9110 §8.8.3.2).
    public func isStronglyEqual(to value: Span<UInt8>) -> Bool {
        !isWeak && value.count == Int(count) + 2 && value[0] == 0x22
            && value[value.count - 1] == 0x22
            && value.extracting(1..<value.count - 1)
                .equals(opaque.span.extracting(0..<Int(count)))
    }

    /// Whether a field value, `*` or a list of tags, names this tag (RFC 9110 §13.1.1, §13.1.2).
    ///
    /// - Parameters:
    ///   - value: the field value.
    ///   - strongly: compares strongly (§8.8.3.2): a weak tag then equals none.
    /// - Returns: whether the value names it.
    public func isListed(in value: Span<UInt8>, strongly: Bool) -> Bool {
        if value.equals("*") { return true }
        var offset = 0
        while offset < value.count {
            if value[offset] == 0x2C || value[offset].isWhitespace {
                offset &+= 1
                continue
            }
            var isWeakTag = false
            if value[offset] == 0x57 {
                guard offset &+ 1 < value.count, value[offset &+ 1] == 0x2F else { return false }
                isWeakTag = true
                offset &+= 2
            }
            guard offset < value.count, value[offset] == 0x22 else { return false }
            let start = offset &+ 1
            offset = start
            while offset < value.count, value[offset] != 0x22 { offset &+= 1 }
            guard offset < value.count else { return false }
            let isSame = value.extracting(start..<offset)
                .equals(opaque.span.extracting(0..<Int(count)))
            if isSame && !(strongly && (isWeak || isWeakTag)) { return true }
            offset &+= 1
        }
        return false
    }
}
