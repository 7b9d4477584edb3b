public import BasicContainers

/// A growing array of bytes with one owner.
public typealias Bytes = UniqueArray<UInt8>

extension UniqueArray<UInt8> {
    /// Appends ASCII text.
    @inlinable
    public mutating func append(_ text: StaticString) {
        append(copying: text.bytes)
    }

    /// Appends a number that is not negative, in decimal digits.
    public mutating func append(decimal value: Int) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = UInt(bitPattern: max(0, value))
        repeat {
            start &-= 1
            digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(copying: digits.span.extracting(start..<20))
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
    /// Whether the bytes are just this ASCII text.
    @inlinable
    public func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            // SAFETY: index < utf8CodeUnitCount.
            if unsafe self[index] != text.utf8Start[index] { return false }
        }
        return true
    }

    /// Whether the bytes are this ASCII text but for the case of letters; `text` is lower case.
    @inlinable
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        var index = 0
        let raw = unsafe bytes
        let other = unsafe UnsafeRawPointer(text.utf8Start)
        while index &+ 8 <= count {
            // SAFETY: index + 8 <= count, which is that of both; every bit pattern is a UInt64.
            let word = unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index, as: UInt64.self)
            let wanted = unsafe other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // Only the bit of the case may differ, and only in letters.
            let letters =
                (wanted &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(wanted &+ 0x0505_0505_0505_0505)
                & 0x8080_8080_8080_8080
            if (word ^ wanted) & ~(letters >> 2) != 0 { return false }
            index &+= 8
        }
        while index < count {
            // SAFETY: index < utf8CodeUnitCount.
            if unsafe self[index].lowercased != text.utf8Start[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Whether both hold the same bytes.
    @inlinable
    public func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
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
