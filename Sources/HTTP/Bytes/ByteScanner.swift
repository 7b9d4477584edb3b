/// Finds the end of a field value, eight bytes at a time.
///
/// The one scanner that deserves an unchecked load: most bytes of a request stand in field values.
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
