public import BasicContainers

/// A validator of a representation, opaque to all but who made it (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, BitwiseCopyable {
    /// Three numbers of 16 digits, and a coding's name of up to 4 letters between `-` and `.`.
    private var opaque = InlineArray<56, UInt8>(repeating: 0)
    private var count: UInt8 = 0
    /// How many bytes of `opaque` tell which content it is, whatever its coding.
    private var identityCount: UInt8 = 0
    /// Whether two representations with this tag may differ in bytes.
    public let isWeak: Bool

    /// A tag made of two numbers, such as a modification time and a size.
    public init(_ first: UInt64, _ second: UInt64, isWeak: Bool) {
        self.isWeak = isWeak
        append(hexadecimal: first)
        append(0x2D)
        append(hexadecimal: second)
        identityCount = count
    }

    /// A tag of the same content in a content coding.
    ///
    /// - Parameters:
    ///   - first: the first number of the content's tag.
    ///   - second: the second.
    ///   - coding: not identity.
    ///   - third: what tells bytes in this coding from others in the same.
    ///   - isWeak: whether two representations with this tag may differ in bytes.
    public init(
        _ first: UInt64, _ second: UInt64, coding: ContentCoding, _ third: UInt64, isWeak: Bool
    ) {
        precondition(coding != .identity, "The identity has the tag of the content.")
        self.init(first, second, isWeak: isWeak)
        append(0x2D)
        let token = coding.token.bytes
        for index in 0..<token.count { append(token[index]) }
        append(0x2E)
        append(hexadecimal: third)
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

    /// The most bytes of a tag as a field value has it.
    static let byteLimit = 60

    /// Appends the tag as a field value has it: `"…"` or `W/"…"`.
    public func write(to output: inout UniqueArray<UInt8>) {
        output.append(addingCount: Self.byteLimit) { write(to: &$0) }
    }

    /// Appends the tag where there is room for it.
    func write(to output: inout OutputSpan<UInt8>) {
        if isWeak { output.append("W/") }
        output.append(0x22)
        output.append(opaque.span.extracting(0..<Int(count)))
        output.append(0x22)
    }

    /// Whether a field value is this one tag and both are strong (RFC 9110 §8.8.3.2).
    public func isStronglyEqual(to value: Span<UInt8>) -> Bool {
        !isWeak && isQuoted(in: value)
    }

    /// Whether a field value is the opaque part in quotes, and nothing more.
    private func isQuoted(in value: Span<UInt8>) -> Bool {
        value.count == Int(count) &+ 2 && value[0] == 0x22 && value[value.count &- 1] == 0x22
            && value.extracting(1..<value.count &- 1)
                .equals(opaque.span.extracting(0..<Int(count)))
    }

    /// Whether a field value, `*` or a list of tags, names this tag (RFC 9110 §13.1.1, §13.1.2).
    ///
    /// - Parameters:
    ///   - value: the field value.
    ///   - strongly: compares strongly (§8.8.3.2): a weak tag then equals none.
    ///   - inAnyCoding: compares the content that the tags are of, whatever the coding.
    /// - Returns: whether the value names it.
    public func isListed(
        in value: Span<UInt8>, strongly: Bool, inAnyCoding: Bool = false
    ) -> Bool {
        // Most lists are this one tag, as it was sent.
        if isQuoted(in: value) { return !(strongly && isWeak) }
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
            let other = value.extracting(start..<offset)
            let isSame =
                inAnyCoding
                ? isOfSameContent(other) : other.equals(opaque.span.extracting(0..<Int(count)))
            if isSame && !(strongly && (isWeak || isWeakTag)) { return true }
            offset &+= 1
        }
        return false
    }

    /// Whether another tag's opaque part is of the same content in this or any other coding.
    private func isOfSameContent(_ other: Span<UInt8>) -> Bool {
        let count = Int(identityCount)
        guard other.count >= count,
            other.extracting(0..<count).equals(opaque.span.extracting(0..<count))
        else { return false }
        guard other.count > count else { return true }
        guard other[count] == 0x2D else { return false }
        let dot = other.offset(of: 0x2E)
        let coding = other.extracting(min(count &+ 1, dot)..<dot)
        guard dot < other.count,
            coding.equals("br") || coding.equals("gzip") || coding.equals("zstd")
        else { return false }
        for index in dot &+ 1..<other.count {
            guard other[index].isDigit || other[index] &- 0x61 < 6 else { return false }
        }
        return dot &+ 1 < other.count
    }
}
