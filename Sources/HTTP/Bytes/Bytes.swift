public import BasicContainers

/// A growing array of bytes with one owner.
public typealias Bytes = UniqueArray<UInt8>

extension UniqueArray<UInt8> {
    /// Appends ASCII text.
    @inlinable
    public mutating func append(_ text: StaticString) {
        append(text.bytes)
    }

    /// Appends bytes; `append(copying:)`, but for what is often short.
    public mutating func append(_ bytes: Span<UInt8>) {
        append(addingCount: bytes.count) { $0.append(bytes) }
    }

    /// Appends a number that is not negative, in decimal digits.
    public mutating func append(decimal value: Int) {
        append(addingCount: OutputSpan<UInt8>.decimalByteCount) { $0.append(decimal: value) }
    }

    /// Appends two decimal digits; `value` is 0…99.
    @inlinable
    public mutating func append(twoDigits value: Int) {
        append(0x30 &+ UInt8(truncatingIfNeeded: value / 10))
        append(0x30 &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// Appends a number in lower-case hexadecimal digits without leading zeros.
    public mutating func append(hexadecimal value: UInt64) {
        var shift = value == 0 ? 0 : (63 &- value.leadingZeroBitCount) & ~3
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xF
            append(digit &+ (digit < 10 ? 0x30 : 0x57))
            shift &-= 4
        }
    }
}

extension OutputSpan<UInt8> {
    /// The room that there must be for a number: its digits, and what is written behind them.
    public static var decimalByteCount: Int { 24 }

    /// Appends ASCII text, for which there must be room.
    @inlinable
    @inline(__always)
    public mutating func append(_ text: StaticString) {
        append(text.bytes)
    }

    /// Appends bytes, for which there must be room.
    @inlinable
    @inline(__always)
    public mutating func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        precondition(count <= freeCapacity, "There is no room.")
        unsafe withUnsafeMutableBufferPointer { buffer, filled in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let target = buffer.baseAddress, let start = source.baseAddress else {
                    return
                }
                // SAFETY: there is room for `count` bytes behind those that are filled, as was
                // just checked, and nobody else has it.
                unsafe (target + filled).initialize(from: start, count: count)
                filled &+= count
            }
        }
    }

    /// Appends two decimal digits, for which there must be room; `value` is 0…99.
    @inline(__always)
    mutating func append(twoDigits value: Int) {
        append(0x30 &+ UInt8(truncatingIfNeeded: value / 10))
        append(0x30 &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// Appends a number that is not negative, in decimal digits.
    ///
    /// There must be room for `decimalByteCount` bytes.
    public mutating func append(decimal value: Int) {
        let value = UInt(bitPattern: Swift.max(0, value))
        guard value >= 100_000_000 else {
            append(digits: value, atLeast: 1)
            return
        }
        append(decimal: Int(bitPattern: value / 100_000_000))
        append(digits: value % 100_000_000, atLeast: 8)
    }

    /// Appends a number below 100 000 000, with zeros in front up to so many digits, 1…8.
    private mutating func append(digits value: UInt, atLeast minimum: Int) {
        let digits = Self.digits(of: UInt64(value))
        let zeros = min(digits.trailingZeroBitCount >> 3, 8 &- minimum)
        let word = (digits | 0x3030_3030_3030_3030) >> UInt64(truncatingIfNeeded: zeros &* 8)
        let count = 8 &- zeros
        precondition(freeCapacity >= 8, "There is no room.")
        unsafe withUnsafeMutableBufferPointer { buffer, filled in
            guard let target = buffer.baseAddress else { return }
            // SAFETY: there is room for eight bytes behind those that are filled, as was just
            // checked, and `count` is no more.
            unsafe UnsafeMutableRawPointer(target + filled).storeBytes(
                of: word.littleEndian, as: UInt64.self)
            filled &+= count
        }
    }

    /// The eight digits of a number below 100 000 000, the first in the lowest byte.
    ///
    /// All of a step are divided at once, by multiplication: into fours, twos, and ones.
    private static func digits(of value: UInt64) -> UInt64 {
        let fours = value / 10_000 | (value % 10_000) << 32
        let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) << 16
        let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
        return tens | (twos &- tens &* 10) << 8
    }
}

extension StaticString {
    /// Its UTF-8.
    @inlinable
    public var bytes: Span<UInt8> {
        @_lifetime(immortal)
        get {
            // SAFETY: a StaticString's UTF-8 lives as long as the process.
            let span = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}

extension Span<UInt8> {
    /// The eight bytes from an offset on, the first in the lowest place; zeros stand for those that
    /// are not there.
    ///
    /// - Parameter offset: 0…`count`.
    /// - Returns: the word.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        offset < count &- 7 ? wholeWord(at: offset) : lastWord(from: offset)
    }

    /// The eight bytes from an offset on, all of which must be there.
    @inline(__always)
    private func wholeWord(at offset: Int) -> UInt64 {
        let raw = unsafe bytes
        // SAFETY: each caller has checked that 0 <= offset <= count - 8; every bit pattern is a
        // UInt64.
        return unsafe UInt64(
            littleEndian: raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The fewer than eight bytes from an offset on, with zeros behind them.
    @inline(never)
    private func lastWord(from offset: Int) -> UInt64 {
        guard count >= 8 else { return shortWord >> UInt64(truncatingIfNeeded: offset &* 8) }
        // The last eight, without those before the offset.
        return wholeWord(at: count &- 8)
            >> UInt64(truncatingIfNeeded: (8 &- count &+ offset) &* 8)
    }

    /// All bytes of a span that has at most eight, the first in the lowest place.
    @inline(__always)
    private var shortWord: UInt64 {
        let count = count
        guard count > 0 else { return 0 }
        guard count >= 4 else {
            // The middle is the first or the last again, but for three.
            return UInt64(self[0]) | UInt64(self[count / 2]) << UInt64(count / 2 &* 8)
                | UInt64(self[count &- 1]) << UInt64((count &- 1) &* 8)
        }
        let raw = unsafe bytes
        let last = count &- 4
        // SAFETY: 4 <= count, and so 0 <= last = count - 4; every bit pattern is a UInt32.
        let low = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: 0, as: UInt32.self)
        let high = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: last, as: UInt32.self)
        // Where they overlap, both are the same.
        return UInt64(UInt32(littleEndian: low))
            | UInt64(UInt32(littleEndian: high)) << UInt64(truncatingIfNeeded: last &* 8)
    }

    /// Whether the bytes are just this ASCII text.
    @inlinable
    public func equals(_ text: StaticString) -> Bool {
        equals(text.bytes)
    }

    /// Whether the bytes are this ASCII text but for the case of letters; `text` is lower case.
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        matches(text.bytes) { wanted in
            // Only the bit of the case may differ, and only in letters.
            let letters =
                (wanted &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(wanted &+ 0x0505_0505_0505_0505)
                & 0x8080_8080_8080_8080
            return letters >> 2
        }
    }

    /// Whether both hold the same bytes.
    public func equals(_ other: Span<UInt8>) -> Bool {
        matches(other) { _ in 0 }
    }

    /// Whether both hold the same bytes but for some bits, eight bytes at a time.
    ///
    /// - Parameters:
    ///   - other: what the bytes should be.
    ///   - ignored: the bits that may differ, of eight bytes of it.
    /// - Returns: whether they do.
    @inline(__always)
    private func matches(_ other: Span<UInt8>, _ ignored: (UInt64) -> UInt64) -> Bool {
        guard count == other.count else { return false }
        guard count > 8 else {
            let wanted = other.shortWord
            return (shortWord ^ wanted) & ~ignored(wanted) == 0
        }
        // Of both, the last eight begin within those before them.
        let last = count &- 8
        var offset = 0
        while offset < last {
            let wanted = other.wholeWord(at: offset)
            if (wholeWord(at: offset) ^ wanted) & ~ignored(wanted) != 0 { return false }
            offset &+= 8
        }
        let wanted = other.wholeWord(at: last)
        return (wholeWord(at: last) ^ wanted) & ~ignored(wanted) == 0
    }

    /// A hash of the bytes; who does not know the seed cannot tell which bytes have the same.
    public func hash(seed: UInt64) -> UInt64 {
        var hash = Self.mix(seed, UInt64(truncatingIfNeeded: count))
        var offset = 0
        while offset < count {
            hash = Self.mix(hash, word(at: offset))
            offset &+= 8
        }
        return hash
    }

    /// Both halves of a product are folded, so that every bit acts on every bit.
    @inline(__always)
    private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let (high, low) = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return high ^ low
    }

    /// The bytes without the spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
    @inlinable
    @_lifetime(copy self)
    public func trimmed() -> Span<UInt8> {
        var start = 0
        var end = count
        while start < end, self[start].isWhitespace { start &+= 1 }
        while end > start, self[end &- 1].isWhitespace { end &-= 1 }
        return extracting(start..<end)
    }

    /// The number that decimal digits write, or nil: no digits, other bytes, or over `Int.max`.
    public var decimalValue: Int? {
        guard count > 0 else { return nil }
        var value = 0
        for index in 0..<count {
            let byte = self[index]
            guard byte.isDigit else { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(Int(byte &- 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// A copy of the bytes.
    public var array: [UInt8] {
        unsafe withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// A string of the bytes, read as UTF-8 with repairs.
    public var text: String {
        var string = ""
        string.reserveCapacity(count)
        return unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension UInt8 {
    /// The lower-case letter for an upper-case one, else the byte itself.
    @inlinable
    public var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// DIGIT (RFC 5234).
    @inlinable
    public var isDigit: Bool { self &- 0x30 < 10 }

    /// SP or HTAB (RFC 9110 §5.6.3).
    @inlinable
    public var isWhitespace: Bool { self == 0x20 || self == 0x09 }

    /// The value of a hexadecimal digit, or nil.
    @inlinable
    public var hexadecimalValue: UInt8? {
        let letter = lowercased
        if isDigit { return self &- 0x30 }
        return letter >= 0x61 && letter <= 0x66 ? letter &- 0x57 : nil
    }

    /// Whether the byte may stand in a token (tchar, RFC 9110 §5.6.2).
    @inlinable
    public var isTokenCharacter: Bool {
        // !#$%&'*+-.0-9 below 64; A-Z^_`a-z|~ above.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if self < 64 { return low >> UInt64(self) & 1 == 1 }
        return self < 128 && high >> UInt64(self &- 64) & 1 == 1
    }

    /// Whether the byte may stand in a field value (RFC 9110 §5.5): HTAB, SP, VCHAR or obs-text.
    @inlinable
    public var isFieldValueCharacter: Bool { self >= 0x20 && self != 0x7F || self == 0x09 }
}
