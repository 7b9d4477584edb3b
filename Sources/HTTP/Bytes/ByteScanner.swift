// The scanners for what most bytes of a request stand in: eight bytes at a time.
//
// Each makes a word in which the top bit of a byte says that it may be what is looked for.
// Additions and subtractions can carry into the byte above, but only from one that is marked
// itself, and only the lowest mark counts. The zeros that stand for what is behind the end are
// always marked.

private let ones: UInt64 = 0x0101_0101_0101_0101
private let tops: UInt64 = 0x8080_8080_8080_8080

/// Finds the end of a token.
///
/// Nearly all names of fields are letters and hyphens; of those, eight are passed at once.
///
/// - Returns: the offset of the first byte at or after `start` that may not stand in a token
///   (RFC 9110 §5.6.2), or `bytes.count`.
@inline(__always)
func endOfToken(in bytes: Span<UInt8>, from start: Int) -> Int {
    var offset = start
    while true {
        let word = bytes.word(at: offset)
        let lower = word | ones &* 0x20
        let otherThanLetter = (ones &* 0xE0 &- lower) | (lower &+ ones &* 0x05)
        let otherThanHyphen = (word ^ ones &* 0x2D) &+ ones &* 0x7F
        let marks = (otherThanLetter & otherThanHyphen | word) & tops
        guard marks != 0 else {
            offset &+= 8
            continue
        }
        let index = offset &+ marks.trailingZeroBitCount >> 3
        // It is the colon behind a name most often.
        guard index < bytes.count, bytes[index] != 0x3A, bytes[index].isTokenCharacter else {
            return index
        }
        offset = index &+ 1
    }
}

/// Finds the end of a field value.
///
/// - Returns: the offset of the first byte at or after `start` that may not stand in a field value
///   (RFC 9110 §5.5), or `bytes.count`.
@inline(__always)
func endOfFieldValue(in bytes: Span<UInt8>, from start: Int) -> Int {
    var offset = start
    while true {
        let word = bytes.word(at: offset)
        guard notPrintable(word) != 0 else {
            offset &+= 8
            continue
        }
        // Those above 0x7F are marked too, but may stand there.
        let control = (word &- ones &* 0x20) | ((word ^ ones &* 0x7F) &- ones)
        let marks = control & ~word & tops
        guard marks != 0 else {
            offset &+= 8
            continue
        }
        let index = offset &+ marks.trailingZeroBitCount >> 3
        guard index < bytes.count, bytes[index] == 0x09 else { return index }
        offset = index &+ 1
    }
}

/// Finds the end of what a quoted text can have as it is.
///
/// - Parameters:
///   - bytes: what is looked through.
///   - start: where to begin.
/// - Returns: the offset of the first byte at or after `start` that is no printable ASCII
///   character, or is `"` or `\`; or `bytes.count`.
public func endOfPlainText(in bytes: Span<UInt8>, from start: Int) -> Int {
    firstMark(in: bytes, from: start) { word in
        let quote = (word ^ ones &* 0x22) &- ones
        let backslash = (word ^ ones &* 0x5C) &- ones
        return notPrintable(word) | (quote | backslash) & tops
    }
}

/// Finds the end of a request target.
///
/// - Returns: the offset of the first byte at or after `start` that is no printable ASCII
///   character, or is a space or `#`; or `bytes.count`.
@inline(__always)
func endOfTarget(in bytes: Span<UInt8>, from start: Int) -> Int {
    firstMark(in: bytes, from: start) { word in
        let space = word &- ones &* 0x21
        let numberSign = (word ^ ones &* 0x23) &- ones
        return notPrintable(word) | (space | numberSign) & tops
    }
}

/// Finds the end of what most host names have: letters, digits, hyphens and dots.
///
/// - Returns: the offset of the first other byte at or after `start`, or `bytes.count`.
@inline(__always)
func endOfPlainHost(in bytes: Span<UInt8>, from start: Int) -> Int {
    firstMark(in: bytes, from: start) { word in
        let lower = word | ones &* 0x20
        let otherThanLetter = (ones &* 0xE0 &- lower) | (lower &+ ones &* 0x05)
        // Between hyphen and nine there is one more.
        let otherThanDigit = (ones &* 0xAC &- word) | (word &+ ones &* 0x46)
        let slash = (word ^ ones &* 0x2F) &- ones
        return (otherThanLetter & otherThanDigit | slash | word) & tops
    }
}

/// Finds the end of decimal digits.
///
/// - Returns: the offset of the first byte at or after `start` that is none, or `bytes.count`.
@inline(__always)
func endOfDigits(in bytes: Span<UInt8>, from start: Int) -> Int {
    firstMark(in: bytes, from: start) { word in
        ((ones &* 0xAF &- word) | (word &+ ones &* 0x46) | word) & tops
    }
}

/// Finds a byte that is not zero.
///
/// - Returns: the offset of the first such byte at or after `start`; `end` where there is none
///   before.
@inline(__always)
func offset(of byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    var offset = start
    while offset < end {
        let difference = bytes.word(at: offset) ^ ones &* UInt64(byte)
        let marks = (difference &- ones) & ~difference & tops
        guard marks == 0 else {
            return min(offset &+ marks.trailingZeroBitCount >> 3, end)
        }
        offset &+= 8
    }
    return end
}

/// Marks the bytes below 0x20 and above 0x7E.
@inline(__always)
private func notPrintable(_ word: UInt64) -> UInt64 {
    ((word &- ones &* 0x20) | (word &+ ones) | word) & tops
}

/// Finds the first byte that is marked.
///
/// - Parameters:
///   - bytes: what is looked through.
///   - start: where to begin, at most `bytes.count`.
///   - marks: sets the top bit of each byte of a word that is looked for, and of zeros.
/// - Returns: the offset of the first such byte at or after `start`, or `bytes.count`.
@inline(__always)
private func firstMark(
    in bytes: Span<UInt8>, from start: Int, _ marks: (UInt64) -> UInt64
) -> Int {
    var offset = start
    while true {
        let marked = marks(bytes.word(at: offset))
        guard marked == 0 else { return offset &+ marked.trailingZeroBitCount >> 3 }
        offset &+= 8
    }
}
