internal import BasicContainers
internal import HTTP

/// One character of a name whose bytes claim to be UTF-8.
private struct NameCharacter {
    /// The scalar value; nil where the bytes are not UTF-8.
    var scalar: UInt32?
    /// How many bytes it has; of bytes that are not UTF-8, those that could begin a character.
    var byteCount: Int

    /// Whether it may be shown: it is text, is assigned to be, and does not turn around the
    /// direction of the text that follows it (a name could hide its extension so).
    var isShowable: Bool {
        guard let scalar else { return false }
        switch scalar {
        case 0x80...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFDD0...0xFDEF: return false
        default: return scalar & 0xFFFE != 0xFFFE
        }
    }

    /// Reads the character at an offset, the first byte of which is 0x80 or more (Unicode, table
    /// 3-7).
    init(in bytes: Span<UInt8>, at offset: Int) {
        let first = bytes[offset]
        let length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
        let lower: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
        let upper: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
        var value = UInt32(first) & (0x7F >> UInt32(length))
        byteCount = 1
        while byteCount < length {
            guard offset + byteCount < bytes.count else { return }
            let byte = bytes[offset + byteCount]
            guard byteCount == 1 ? byte >= lower && byte <= upper : byte & 0xC0 == 0x80 else {
                return
            }
            value = value << 6 | UInt32(byte & 0x3F)
            byteCount += 1
        }
        if length > 0 { scalar = value }
    }
}

/// How a name is written as text.
enum NameForm {
    /// In the text or a quoted attribute of an HTML document; what cannot be seen becomes a sign
    /// for it.
    case html
    /// In a JSON string (RFC 8259 §7).
    case json

    /// Whether a byte is written as it is.
    fileprivate func isPlain(_ byte: UInt8) -> Bool {
        guard byte >= 0x20, byte < 0x7F else { return false }
        switch byte {
        case 0x22: return false
        case 0x26, 0x27, 0x3C, 0x3E: return self == .json
        case 0x5C: return self == .html
        default: return true
        }
    }
}

extension UniqueArray<UInt8> {
    /// Appends a name of any bytes as text; what is not UTF-8 becomes U+FFFD.
    mutating func append(_ name: Span<UInt8>, as form: NameForm) {
        var start = 0
        var offset = 0
        while offset < name.count {
            let byte = name[offset]
            if form.isPlain(byte) {
                offset &+= 1
                continue
            }
            append(copying: name.extracting(start..<offset))
            if byte < 0x80 {
                if form == .html { append(asHTML: byte) } else { append(asJSON: byte) }
                offset &+= 1
            } else {
                let character = NameCharacter(in: name, at: offset)
                let isKept = character.scalar != nil && (form == .json || character.isShowable)
                let end = offset &+ character.byteCount
                if isKept {
                    append(copying: name.extracting(offset..<end))
                } else {
                    append("\u{FFFD}")
                }
                offset = end
            }
            start = offset
        }
        append(copying: name.extracting(start..<offset))
    }

    private mutating func append(asHTML byte: UInt8) {
        switch byte {
        case 0x22: append("&quot;")
        case 0x26: append("&amp;")
        case 0x27: append("&#39;")
        case 0x3C: append("&lt;")
        case 0x3E: append("&gt;")
        case 0x7F: append("\u{2421}")
        default:
            // The picture of a control character: U+2400 and what follows.
            append(0xE2)
            append(0x90)
            append(0x80 | byte)
        }
    }

    private mutating func append(asJSON byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5C: append("\\\\")
        default:
            append(byte < 0x10 ? "\\u000" : "\\u00")
            append(hexadecimal: UInt64(byte))
        }
    }

    /// Appends a relative reference (RFC 3986 §4.2) to a name in the directory of the base.
    ///
    /// It is exact for any bytes, and needs no escape in HTML and JSON. A colon in the first
    /// segment would make its beginning a scheme, so there it begins with `./`.
    mutating func append(reference name: Span<UInt8>, isDirectory: Bool) {
        for index in 0..<name.count where name[index] == 0x3A {
            append("./")
            break
        }
        append(segment: name)
        if isDirectory { append(0x2F) }
    }

    /// Appends a name as a segment of a path, percent-encoded where it has to be.
    mutating func append(segment name: Span<UInt8>) {
        var start = 0
        for offset in 0..<name.count where !name[offset].isPlainInPath {
            append(copying: name.extracting(start..<offset))
            let byte = name[offset]
            append(0x25)
            append(hexadecimalDigit: byte >> 4)
            append(hexadecimalDigit: byte & 0xF)
            start = offset &+ 1
        }
        append(copying: name.extracting(start..<name.count))
    }

    private mutating func append(hexadecimalDigit digit: UInt8) {
        append(digit + (digit < 10 ? 0x30 : 0x37))
    }

    /// Appends a time of RFC 3339 in UTC, such as `2026-11-24T05:00:00Z`.
    mutating func append(time nanoseconds: Int) {
        append(date: nanoseconds, separator: 0x54)
        append(0x3A)
        append(twoDigits: Swift.max(0, nanoseconds.flooredSeconds.modulo(86400) % 60))
        append(0x5A)
    }

    /// Appends date, hour and minute in UTC, such as `2026-11-24 05:00`.
    mutating func append(date nanoseconds: Int, separator: UInt8 = 0x20) {
        let seconds = nanoseconds.flooredSeconds
        let time = seconds.modulo(86400)
        let (year, month, day) = HTTPDate.civil(fromDays: (seconds - time) / 86400)
        append(twoDigits: year / 100)
        append(twoDigits: year % 100)
        append(0x2D)
        append(twoDigits: month)
        append(0x2D)
        append(twoDigits: day)
        append(separator)
        append(twoDigits: time / 3600)
        append(0x3A)
        append(twoDigits: time / 60 % 60)
    }

    /// Appends a number of bytes for people: `512 B`, `1.5 KiB`, `12 MiB`.
    mutating func append(size: Int) {
        let units: [StaticString] = [" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]
        guard size >= 1024 else {
            append(decimal: size)
            append(" B")
            return
        }
        var unit = 0
        // In 1024ths of the unit, so that nothing overflows.
        var parts = size
        while parts >= 1024 * 1024 - 512, unit < 5 {
            parts >>= 10
            unit += 1
        }
        let tenths = (parts * 10 + 512) >> 10
        if tenths < 100, tenths % 10 > 0 {
            append(decimal: tenths / 10)
            append(0x2E)
            append(decimal: tenths % 10)
        } else {
            append(decimal: tenths < 100 ? tenths / 10 : (parts + 512) >> 10)
        }
        append(units[unit])
    }

    /// Appends a number with commas between thousands: `1,234,567`.
    mutating func append(grouped value: Int) {
        if value >= 1000 {
            append(grouped: value / 1000)
            append(0x2C)
            append(0x30 + UInt8(value / 100 % 10))
            append(twoDigits: value % 100)
        } else {
            append(decimal: value)
        }
    }
}

extension UInt8 {
    /// Whether the byte may stand in a segment of a path (pchar, RFC 3986 §3.3), but for `&` and
    /// `'`, which HTML would read.
    fileprivate var isPlainInPath: Bool {
        // !$()*+,-.0-9:;= below 64; @A-Z_a-z~ above.
        let low: UInt64 = 0x2FFF_7F12_0000_0000
        let high: UInt64 = 0x47FF_FFFE_87FF_FFFF
        if self < 64 { return low >> UInt64(self) & 1 == 1 }
        return self < 128 && high >> UInt64(self &- 64) & 1 == 1
    }
}

extension Int {
    /// The remainder that is not negative.
    fileprivate func modulo(_ divisor: Int) -> Int {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
