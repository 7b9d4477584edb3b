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
