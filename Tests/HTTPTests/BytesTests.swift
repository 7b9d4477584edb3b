import BasicContainers
import HTTP
import TestSupport
import Testing

@Suite("Bytes")
struct BytesTests {
    @Test("tchar (RFC 9110 §5.6.2), for each byte")
    func tokenCharacters() {
        let allowed = Set(
            "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        #expect(allowed.count == 77)
        for byte in UInt8.min...UInt8.max {
            #expect(byte.isTokenCharacter == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test("field values, digits, white space, case, for each byte")
    func classes() {
        for byte in UInt8.min...UInt8.max {
            let isControl = byte < 0x20 || byte == 0x7F
            #expect(byte.isFieldValueCharacter == (byte == 0x09 || !isControl), "byte \(byte)")
            #expect(byte.isDigit == (48...57).contains(byte), "byte \(byte)")
            #expect(byte.isWhitespace == (byte == 9 || byte == 32), "byte \(byte)")
            let isUpper = (65...90).contains(byte)
            #expect(byte.lowercased == (isUpper ? byte + 32 : byte), "byte \(byte)")
            let character = Character(UnicodeScalar(byte))
            let value = byte < 0x80 ? character.hexDigitValue : nil
            #expect(byte.hexadecimalValue.map(Int.init) == value, "byte \(byte)")
        }
    }

    @Test(
        "decimal numbers that are written",
        arguments: [
            (0, "0"), (7, "7"), (10, "10"), (12345, "12345"), (99_999_999, "99999999"),
            (100_000_000, "100000000"), (1_200_000_034, "1200000034"),
            (Int.max, "9223372036854775807"),
            (-1, "0"), (Int.min, "0"),
        ])
    func writesDecimal(value: Int, text: String) {
        var output = Bytes()
        output.append(decimal: value)
        let written = output.span.text
        #expect(written == text)
    }

    @Test(
        "decimal numbers that are read",
        arguments: [
            ("0", 0), ("007", 7), ("42", 42), ("9223372036854775807", Int.max),
            ("00000000000000000000000042", 42), ("9223372036854775808", nil), ("", nil),
            ("-1", nil), ("+1", nil), (" 1", nil), ("1 ", nil), ("0x1", nil), ("1.0", nil),
            ("99999999999999999999", nil), ("\u{661}", nil),
        ] as [(String, Int?)])
    func readsDecimal(text: String, value: Int?) {
        let bytes = Array(text.utf8)
        let read = bytes.span.decimalValue
        #expect(read == value)
    }

    @Test("hexadecimal numbers, of each length and for random ones")
    func writesHexadecimal() {
        var generator = SeededGenerator(seed: 1)
        var values: [UInt64] = [0, 1, 9, 10, 15, 16, .max]
        for shift in 0..<64 { values += [1 << shift, (1 << shift) - 1, generator.next() >> shift] }
        for value in values {
            var output = Bytes()
            output.append(hexadecimal: value)
            let written = output.span.text
            #expect(written == String(value, radix: 16))
        }
    }

    @Test("two digits")
    func writesTwoDigits() {
        for value in 0...99 {
            var output = Bytes()
            output.append(twoDigits: value)
            let written = output.span.text
            #expect(written == (value < 10 ? "0\(value)" : "\(value)"))
        }
    }

    @Test(
        "comparisons with text",
        arguments: [
            ("close", true, true), ("Close", false, true), ("CLOSE", false, true),
            ("clos", false, false), ("close ", false, false), ("", false, false),
            ("cl\u{f}se", false, false), ("CLO\u{73}\u{65}", false, true), ("closE", false, true),
            ("c,ose", false, false),
        ] as [(String, Bool, Bool)])
    func comparisons(text: String, isEqual: Bool, isEqualIgnoringCase: Bool) {
        let bytes = Array(text.utf8)
        let other = Array("close".utf8)
        let results = [
            bytes.span.equals("close"), bytes.span.equals(other.span),
            bytes.span.equalsIgnoringCase("close"),
        ]
        #expect(results == [isEqual, isEqual, isEqualIgnoringCase])
    }

    @Test("bytes are appended, compared and hashed whole, of each length")
    func lengths() {
        for count in 0...40 {
            let bytes = (0..<count).map { UInt8($0) &* 7 &+ 0x41 }
            var output = Bytes()
            output.append(0x21)
            output.append(bytes.span)
            let written = output.span.array
            #expect(written == [0x21] + bytes)
            let longer = bytes + [0]
            let hash = bytes.span.hash(seed: 5)
            let isEqual = bytes.span.equals(written.span.extracting(1...))
            let isEqualToLonger = bytes.span.equals(longer.span)
            #expect(isEqual && !isEqualToLonger)
            let isSameHash = hash == written.span.extracting(1...).hash(seed: 5)
            #expect(isSameHash)
            let others = [bytes.span.hash(seed: 6), longer.span.hash(seed: 5)]
            #expect(!others.contains(hash))
            for place in 0..<count {
                var other = bytes
                other[place] ^= 0x80
                let isEqual = bytes.span.equals(other.span)
                let isSameHash = hash == other.span.hash(seed: 5)
                #expect(!isEqual && !isSameHash)
            }
        }
    }

    @Test("only letters have a case")
    func caseOfOthers() {
        let bytes: [UInt8] = [0x40, 0x5B, 0x1B, 0x0D]
        let isEqual = bytes.span.equalsIgnoringCase("`{;-")
        #expect(!isEqual)
    }

    @Test(
        "white space at both ends",
        arguments: [
            ("", ""), (" ", ""), ("\t \t", ""), ("a", "a"), (" a b\t", "a b"), ("\ra\n", "\ra\n"),
        ])
    func trimmed(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let trimmed = bytes.span.trimmed().text
        #expect(trimmed == expected)
    }

    @Test("text is UTF-8, repaired")
    func text() {
        let bytes: [UInt8] = [0x61, 0xC3, 0xA9, 0xFF, 0x62]
        let text = bytes.span.text
        #expect(text == "aé\u{FFFD}b")
    }
}
