// The scanners that deserve an unchecked load: most bytes of a request stand in the names and the
// values of fields.

/// Finds the end of a token, eight bytes at a time.
///
/// Nearly all names of fields are letters and hyphens; of those, eight are passed at once.
///
/// - Returns: the offset of the first byte at or after `start` that may not stand in a token
///   (RFC 9110 §5.6.2), or `bytes.count`.
func endOfToken(in bytes: Span<UInt8>, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var offset = start
    let raw = unsafe bytes.bytes
    while offset &+ 8 <= bytes.count {
        // SAFETY: offset + 8 <= count was just checked; every bit pattern is a UInt64.
        let word = unsafe raw.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: UInt64.self)
        // A top bit for each letter, hyphen, and other byte above 0x7F; sums stay in their byte,
        // since these begin below 0x80.
        let low = word & ~tops
        let lower = low | ones &* 0x20
        let letter = (lower &+ ones &* 0x1F) & ~(lower &+ ones &* 0x05)
        let hyphen = ~((low ^ ones &* 0x2D) &+ ones &* 0x7F)
        let plain = (letter | hyphen) & ~word & tops
        if plain == tops {
            offset &+= 8
            continue
        }
        let index = offset &+ (~plain & tops).trailingZeroBitCount >> 3
        if !bytes[index].isTokenCharacter { return index }
        offset = index &+ 1
    }
    while offset < bytes.count, bytes[offset].isTokenCharacter { offset &+= 1 }
    return offset
}

/// Finds the end of a field value, eight bytes at a time.
///
/// - Returns: the offset of the first byte at or after `start` that may not stand in a field value
///   (RFC 9110 §5.5), or `bytes.count`.
func endOfFieldValue(in bytes: Span<UInt8>, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var offset = start
    let raw = unsafe bytes.bytes
    while offset &+ 8 <= bytes.count {
        // SAFETY: offset + 8 <= count was just checked; every bit pattern is a UInt64.
        let word = unsafe raw.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: UInt64.self)
        // A top bit for each byte below 0x20 or equal to 0x7F. A borrow can only mark a byte above
        // one that is marked rightly, and only the first counts.
        let control = (word &- ones &* 0x20) & ~word & tops
        let delete = word ^ (ones &* 0x7F)
        let marks = control | ((delete &- ones) & ~delete & tops)
        if marks == 0 {
            offset &+= 8
            continue
        }
        let index = offset &+ marks.trailingZeroBitCount >> 3
        if bytes[index] != 0x09 { return index }
        offset = index &+ 1
    }
    while offset < bytes.count, bytes[offset].isFieldValueCharacter { offset &+= 1 }
    return offset
}

/// Finds the end of what a quoted text can have as it is, eight bytes at a time.
///
/// - Parameters:
///   - bytes: what is looked through.
///   - start: where to begin.
/// - Returns: the offset of the first byte at or after `start` that is no printable ASCII
///   character, or is `"` or `\`; or `bytes.count`.
public func endOfPlainText(in bytes: Span<UInt8>, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var offset = start
    let raw = unsafe bytes.bytes
    while offset &+ 8 <= bytes.count {
        // SAFETY: offset + 8 <= count was just checked; every bit pattern is a UInt64.
        let word = unsafe raw.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: UInt64.self)
        // A top bit for each byte that is plain; sums stay in their byte, since these begin below
        // 0x80.
        let low = word & ~tops
        let printable = (low &+ ones &* 0x60) & ~(low &+ ones)
        let quote = (low ^ ones &* 0x22) &+ ones &* 0x7F
        let backslash = (low ^ ones &* 0x5C) &+ ones &* 0x7F
        let plain = printable & quote & backslash & ~word & tops
        guard plain == tops else {
            return offset &+ (~plain & tops).trailingZeroBitCount >> 3
        }
        offset &+= 8
    }
    while offset < bytes.count {
        let byte = bytes[offset]
        guard byte >= 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C else { return offset }
        offset &+= 1
    }
    return offset
}
