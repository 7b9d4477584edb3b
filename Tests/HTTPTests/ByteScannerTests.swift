@testable import HTTP
import TestSupport
import Testing

@Suite("The scanner for field values")
struct ByteScannerTests {
    /// Byte by byte, as RFC 9110 §5.5 says it.
    private func endOfFieldValueOneByOne(_ bytes: [UInt8], from start: Int) -> Int {
        var offset = start
        while offset < bytes.count, bytes[offset] == 9 || bytes[offset] >= 32, bytes[offset] != 127
        {
            offset += 1
        }
        return offset
    }

    @Test("finds each byte at each place")
    func eachByte() {
        for length in 0...24 {
            for position in 0..<max(1, length) {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    if length > 0 { bytes[position] = byte }
                    let end = endOfFieldValue(in: bytes.span, from: 0)
                    guard end == endOfFieldValueOneByOne(bytes, from: 0) else {
                        Issue.record("byte \(byte) at \(position) of \(length): \(end)")
                        return
                    }
                }
            }
        }
    }

    @Test("agrees with a loop for random bytes, starts and alignments", arguments: 1...8)
    func randomBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        // Bytes where a borrow between the lanes of a word could mislead.
        let edges: [UInt8] = [
            0x00, 0x08, 0x09, 0x0A, 0x0D, 0x1F, 0x20, 0x7E, 0x7F, 0x80, 0x81, 0x9F, 0xA0, 0xFF,
        ]
        for round in 0..<2000 {
            let count = Int.random(in: 0...80, using: &generator)
            let bytes = (0..<count).map { _ in
                switch Int.random(in: 0..<12, using: &generator) {
                case 0: edges[Int.random(in: 0..<edges.count, using: &generator)]
                case 1: UInt8(0x09)
                case 2: UInt8.random(in: 0x80...0xFF, using: &generator)
                default: UInt8.random(in: 0x20...0x7E, using: &generator)
                }
            }
            let skipped = Int.random(in: 0...min(8, count), using: &generator)
            let aligned = Array(bytes[skipped...])
            for start in 0...aligned.count {
                let expected = endOfFieldValueOneByOne(aligned, from: start)
                let end = endOfFieldValue(in: aligned.span, from: start)
                let inside = endOfFieldValue(in: bytes.span.extracting(skipped...), from: start)
                guard end == expected, inside == expected else {
                    Issue.record("seed \(seed), round \(round), from \(start): \(aligned)")
                    return
                }
            }
        }
    }

    @Test("tokens end where a loop says, for each byte at each place and for random bytes")
    func tokens() {
        func isWrong(_ bytes: [UInt8], from start: Int) -> Bool {
            let rest = bytes[start...].firstIndex { !$0.isTokenCharacter } ?? bytes.count
            return endOfToken(in: bytes.span, from: start) != rest
        }
        for byte in UInt8.min...UInt8.max {
            for place in 0..<20 {
                var bytes = Array("Sec-Fetch-Dest-Mode_".utf8)
                bytes[place] = byte
                #expect(!isWrong(bytes, from: 0), "byte \(byte) at \(place)")
            }
        }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0x41...0x7A, using: &generator)
                    : UInt8.random(in: .min ... .max, using: &generator) | 0x20
            }
            for start in 0...bytes.count {
                #expect(!isWrong(bytes, from: start), "\(bytes) from \(start)")
            }
        }
    }

    @Test("plain text ends where a loop says, for each byte at each place")
    func plainText() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<20 {
                var bytes = Array("Mozilla/5.0 (X11; L)".utf8)
                bytes[place] = byte
                let isPlain = byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
                for start in 0...bytes.count {
                    let end = endOfPlainText(in: bytes.span, from: start)
                    #expect(end == (isPlain || place < start ? bytes.count : place))
                }
            }
        }
    }

    @Test(
        "each ends where a loop says, for random bytes and starts",
        arguments: Scanner.allCases, 1...4)
    func random(scanner: Scanner, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...40, using: &generator)
            let bytes = (0..<count).map { _ in
                switch Int.random(in: 0..<40, using: &generator) {
                case 0: UInt8.random(in: .min ... .max, using: &generator)
                case 1: UInt8(ascii: "-")
                case 2: UInt8.random(in: 0x20...0x40, using: &generator)
                case 3: UInt8(ascii: ".")
                case 4...12: UInt8.random(in: 0x2F...0x3A, using: &generator)
                default: UInt8.random(in: 0x61...0x7A, using: &generator)
                }
            }
            for start in 0...count {
                let rest = bytes[start...].firstIndex { scanner.stops(at: $0) } ?? count
                let end = scanner.end(in: bytes.span, from: start)
                #expect(end == rest, "\(bytes) \(start)")
            }
        }
    }

    @Test("each stops at the bytes that a loop stops at, at each place")
    func places() {
        for scanner in Scanner.allCases {
            let passed: UInt8 = scanner == .digits ? 0x35 : 0x61
            for byte in UInt8.min...UInt8.max {
                for place in 0..<20 {
                    var bytes = [UInt8](repeating: passed, count: 20)
                    bytes[place] = byte
                    let end = scanner.end(in: bytes.span, from: 0)
                    #expect(end == (scanner.stops(at: byte) ? place : 20), "\(scanner) \(byte)")
                }
            }
        }
    }

    @Test("fields are known by their names in any case, and by nothing else")
    func fieldNames() {
        let names = [
            "accept", "accept-encoding", "connection", "content-encoding", "content-length",
            "content-range", "expect", "host", "if-match", "if-modified-since", "if-none-match",
            "if-range", "if-unmodified-since", "range", "referer", "transfer-encoding",
            "user-agent",
        ]
        for (field, name) in zip(FieldName.allCases, names) {
            let lower = Array(name.utf8)
            let upper = Array(name.uppercased().utf8)
            let found = [FieldName(lower.span), FieldName(upper.span)]
            #expect(found == [field, field])
            for place in lower.indices {
                for byte in UInt8.min...UInt8.max where byte.lowercased != lower[place] {
                    var bytes = lower
                    bytes[place] = byte
                    let other = FieldName(bytes.span)
                    #expect(other == nil, "\(bytes)")
                }
            }
        }
    }

    @Test("case is ignored in letters only, for each byte at each place")
    func ignoringCase() {
        let name: StaticString = "if-unmodified-since"
        for byte in UInt8.min...UInt8.max {
            for place in 0..<19 {
                var bytes = Array("If-Unmodified-SINCE".utf8)
                let isSame = byte.lowercased == bytes[place].lowercased
                bytes[place] = byte
                let found = bytes.span.equalsIgnoringCase(name)
                #expect(found == isSame, "byte \(byte) at \(place)")
            }
        }
    }
}

/// A scanner, and what it stops at.
enum Scanner: CaseIterable {
    case digits, plainHost, plainText, question, target, token

    func end(in bytes: Span<UInt8>, from start: Int) -> Int {
        switch self {
        case .digits: endOfDigits(in: bytes, from: start)
        case .token: endOfToken(in: bytes, from: start)
        case .plainText: endOfPlainText(in: bytes, from: start)
        case .target: endOfPlainTarget(in: bytes, from: start)
        case .plainHost: endOfPlainHost(in: bytes, from: start)
        case .question: offset(of: 0x3F, in: bytes, from: start, to: bytes.count)
        }
    }

    func stops(at byte: UInt8) -> Bool {
        switch self {
        case .digits: !byte.isDigit
        case .token: !byte.isTokenCharacter
        case .plainText: byte < 0x20 || byte > 0x7E || byte == 0x22 || byte == 0x5C
        case .target:
            byte <= 0x20 || byte > 0x7E || [0x22, 0x23, 0x5C].contains(byte)
        case .plainHost:
            !(byte.isDigit || byte.lowercased &- 0x61 < 26 || byte == 0x2D || byte == 0x2E)
        case .question: byte == 0x3F
        }
    }
}
