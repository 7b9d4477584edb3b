import HTTP
import TestSupport
import Testing

@Suite("RFC 9110 §14.2 byte ranges")
struct ByteRangeTests {
    @Test(
        "of a representation of ten bytes",
        arguments: [
            ("bytes=0-0", .part(0..<1)), ("bytes=0-9", .part(0..<10)), ("bytes=0-", .part(0..<10)),
            ("bytes=2-4", .part(2..<5)), ("bytes=9-", .part(9..<10)), ("bytes=9-9", .part(9..<10)),
            ("bytes=5-99", .part(5..<10)), ("bytes=0-10", .part(0..<10)),
            ("bytes=-1", .part(9..<10)), ("bytes=-10", .part(0..<10)), ("bytes=-11", .part(0..<10)),
            ("BYTES=2-4", .part(2..<5)), ("bytes= 2-4", .part(2..<5)),
            ("bytes=,2-4,", .part(2..<5)),
            ("bytes=002-004", .part(2..<5)),
            ("bytes=2-99999999999999999999999", .part(2..<10)),
            ("bytes=-99999999999999999999999", .part(0..<10)),
            ("bytes=0-9223372036854775807", .part(0..<10)),
            // Not satisfiable (§14.1.2).
            ("bytes=10-", .unsatisfiable), ("bytes=10-20", .unsatisfiable),
            ("bytes=-0", .unsatisfiable), ("bytes=99999999999999999999999-", .unsatisfiable),
            // Another unit, or not valid: as if it were not there (§14.2).
            ("bytes", .whole), ("bytes=", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole),
            ("bytes=4-2", .whole), ("bytes=2", .whole), ("bytes=--2", .whole),
            ("bytes=2-4-6", .whole), ("bytes=+2-4", .whole), ("bytes=2 -4", .whole),
            ("bytes=2- 4", .whole), ("bytes 2-4", .whole), ("bytes =2-4", .whole),
            ("items=2-4", .whole), ("byte=2-4", .whole), ("", .whole), ("bytes=0x1-2", .whole),
            ("bytes=,", .whole), ("bytes=2-4;5", .whole),
        ] as [(String, RangeRequest)])
    func tenBytes(value: String, expected: RangeRequest) {
        let bytes = Array(value.utf8)
        let range = RangeRequest(parsing: bytes.span, byteCount: 10)
        #expect(range == expected)
    }

    @Test(
        "the examples of §14.1.2, of a representation of 10000 bytes",
        arguments: [
            ("bytes=0-499", .part(0..<500)), ("bytes=500-999", .part(500..<1000)),
            ("bytes=-500", .part(9500..<10000)), ("bytes=9500-", .part(9500..<10000)),
            ("bytes=0-0,-1", .parts([0..<1, 9999..<10000])),
            ("bytes= 0-0, -1", .parts([0..<1, 9999..<10000])),
            ("bytes= 0-999, 4500-5499, -1000", .parts([0..<1000, 4500..<5500, 9000..<10000])),
            ("bytes=500-600,601-999", .part(500..<1000)),
            ("bytes=500-700,601-999", .part(500..<1000)),
        ] as [(String, RangeRequest)])
    func examples(value: String, expected: RangeRequest) {
        let bytes = Array(value.utf8)
        let range = RangeRequest(parsing: bytes.span, byteCount: 10000)
        #expect(range == expected)
    }

    @Test(
        "several, of a representation of ten bytes",
        arguments: [
            ("bytes=0-1,4-5", .parts([0..<2, 4..<6])),
            // In the order of the request (§15.3.7.2).
            ("bytes=4-5,0-1", .parts([4..<6, 0..<2])),
            ("bytes=-1,0-0,4-4", .parts([9..<10, 0..<1, 4..<5])),
            (" bytes=0-1,4-5", .whole), ("bytes=,0-1,,\t4-5 , ,", .parts([0..<2, 4..<6])),
            // What overlaps or touches is one, at the place of the earliest.
            ("bytes=0-1,2-3", .part(0..<4)), ("bytes=2-3,0-1", .part(0..<4)),
            ("bytes=0-0,9-9,1-1", .parts([0..<2, 9..<10])),
            ("bytes=9-9,0-0,1-1", .parts([9..<10, 0..<2])),
            ("bytes=0-0,5-5,2-2,1-1", .parts([0..<3, 5..<6])),
            ("bytes=5-5,2-2,0-0,1-1", .parts([5..<6, 0..<3])),
            ("bytes=0-0,4-4,8-8,2-6", .parts([0..<1, 2..<7, 8..<9])),
            ("bytes=0-0,4-4,8-8,1-7", .part(0..<9)), ("bytes=3-4,3-4", .part(3..<5)),
            ("bytes=0-9,3-4", .part(0..<10)), ("bytes=3-4,0-9", .part(0..<10)),
            // What is not satisfiable is left out.
            ("bytes=99-,0-1", .part(0..<2)), ("bytes=0-1,-0,4-5", .parts([0..<2, 4..<6])),
            ("bytes=10-,99-", .unsatisfiable), ("bytes=-0,-0", .unsatisfiable),
            // One that is malformed makes the field so (§14.2).
            ("bytes=0-1, x", .whole), ("bytes=99-,x", .whole), ("bytes=x,0-1", .whole),
            ("bytes=0-1,4-2", .whole), ("bytes=0-1;4-5", .whole), ("bytes=0-1 4-5", .whole),
            ("bytes=0-1,\"4-5\"", .whole), ("bytes=0-1,bytes=4-5", .whole),
            // Up to twice the bytes of the whole, before they are coalesced.
            ("bytes=0-9,0-9", .part(0..<10)), ("bytes=0-9,0-9,0-0", .whole),
            ("bytes=0-,0-,-1", .whole), ("bytes=0-9,0-8,3-3,99-", .part(0..<10)),
        ] as [(String, RangeRequest)])
    func severalRanges(value: String, expected: RangeRequest) {
        let bytes = Array(value.utf8)
        let range = RangeRequest(parsing: bytes.span, byteCount: 10)
        #expect(range == expected)
    }

    @Test("up to 128, those included that are not satisfiable")
    func countLimit() {
        for (count, expected) in [(127, 127), (128, 128), (129, nil)] as [(Int, Int?)] {
            let list = (0..<count).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",")
            let bytes = Array("bytes=\(list)".utf8)
            let range = RangeRequest(parsing: bytes.span, byteCount: 1000)
            let ranges = expected.map { (0..<$0).map { $0 * 2..<$0 * 2 + 1 } }
            #expect(range == (ranges.map { .parts($0) } ?? .whole))
            let missing =
                Array("bytes=0-0".utf8)
                + Array(repeating: Array(",99-".utf8), count: count - 1).joined()
            let part = RangeRequest(parsing: missing.span, byteCount: 10)
            #expect(part == (expected == nil ? .whole : .part(0..<1)))
        }
    }

    @Test("of the largest representation there could be")
    func largest() {
        let bytes = Array("bytes=0-,0-0,5-9".utf8)
        let range = RangeRequest(parsing: bytes.span, byteCount: Int.max)
        #expect(range == .whole)
        let few = Array("bytes=0-0,-1".utf8)
        let parts = RangeRequest(parsing: few.span, byteCount: Int.max)
        #expect(parts == .parts([0..<1, Int.max - 1..<Int.max]))
    }

    @Test(
        "of an empty representation",
        arguments: [
            ("bytes=0-", .unsatisfiable), ("bytes=0-0", .unsatisfiable),
            ("bytes=-0", .unsatisfiable), ("bytes=0-0,-0", .unsatisfiable),
            // A suffix is satisfiable however short the representation is (§14.1.2).
            ("bytes=-1", .whole), ("bytes=-5", .whole), ("bytes=0-,-1", .whole),
            ("bytes=-1,-1,-1", .whole),
        ] as [(String, RangeRequest)])
    func empty(value: String, expected: RangeRequest) {
        let bytes = Array(value.utf8)
        let range = RangeRequest(parsing: bytes.span, byteCount: 0)
        #expect(range == expected)
    }

    @Test("agree with a model for all small ranges")
    func model() {
        for byteCount in 0...6 {
            for first in 0...7 {
                for last in 0...7 {
                    let expected: RangeRequest =
                        first > last
                        ? .whole
                        : first < byteCount
                            ? .part(first..<min(last + 1, byteCount)) : .unsatisfiable
                    let bytes = Array("bytes=\(first)-\(last)".utf8)
                    let range = RangeRequest(parsing: bytes.span, byteCount: byteCount)
                    #expect(range == expected, "\(first)-\(last) of \(byteCount)")
                }
            }
        }
    }

    @Test("agree with a naive model for any sets", arguments: 0..<8 as Range<UInt64>)
    func sets(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let byteCount = Int.random(in: 0...24, using: &random)
            let specifiers = (0..<Int.random(in: 1...7, using: &random)).map { _ in
                RangeSpecifier.random(within: byteCount + 3, using: &random)
            }
            let text = specifiers.map(\.description).joined(separator: ",")
            let bytes = Array("bytes=\(text)".utf8)
            let range = RangeRequest(parsing: bytes.span, byteCount: byteCount)
            let expected = RangeSpecifier.request(specifiers, byteCount: byteCount)
            #expect(range == expected, "\(text) of \(byteCount)")
        }
    }
}

/// A range of a set as §14.1.1 has it, and what the specification says of sets of them, word by
/// word and without regard to time.
private enum RangeSpecifier: CustomStringConvertible {
    case int(Int, Int?)
    case suffix(Int)

    var description: String {
        switch self {
        case .int(let first, let last): "\(first)-\(last.map(String.init) ?? "")"
        case .suffix(let length): "-\(length)"
        }
    }

    static func random(within limit: Int, using random: inout SeededGenerator) -> Self {
        let first = Int.random(in: 0...limit, using: &random)
        switch Int.random(in: 0...9, using: &random) {
        case 0: return .suffix(Int.random(in: 0...limit / 2, using: &random))
        case 1: return .int(first, nil)
        case 2: return .int(first, Int.random(in: 0...limit, using: &random))
        default: return .int(first, first + Int.random(in: 0...3, using: &random))
        }
    }

    /// Nil where it is malformed.
    func positions(byteCount: Int) -> [Int]? {
        switch self {
        case .int(let first, let last):
            guard first <= last ?? Int.max else { return nil }
            return (0..<byteCount).filter { $0 >= first && $0 <= last ?? Int.max }
        case .suffix(let length):
            return (0..<byteCount).suffix(length)
        }
    }

    /// A suffix of nothing is satisfiable, and nothing; all else of an empty one is not.
    private func isSatisfiable(byteCount: Int) -> Bool {
        if case .suffix(let length) = self { return length > 0 }
        return positions(byteCount: byteCount) != []
    }

    static func request(_ specifiers: [Self], byteCount: Int) -> RangeRequest {
        var sets: [Set<Int>] = []
        for specifier in specifiers {
            guard let positions = specifier.positions(byteCount: byteCount) else { return .whole }
            sets.append(Set(positions))
        }
        guard specifiers.contains(where: { $0.isSatisfiable(byteCount: byteCount) }) else {
            return .unsatisfiable
        }
        guard sets.map(\.count).reduce(0, +) <= 2 * byteCount else { return .whole }
        sets.removeAll { $0.isEmpty }
        while let (first, second) = touching(sets) {
            sets[first].formUnion(sets[second])
            sets.remove(at: second)
        }
        let ranges = sets.map { ($0.min() ?? 0)..<($0.max() ?? 0) + 1 }
        return ranges.isEmpty ? .whole : ranges.count == 1 ? .part(ranges[0]) : .parts(ranges)
    }

    private static func touching(_ sets: [Set<Int>]) -> (Int, Int)? {
        for first in sets.indices {
            for second in sets.indices.dropFirst(first + 1) {
                let wider = Set(sets[second].flatMap { [$0 - 1, $0, $0 + 1] })
                if !wider.isDisjoint(with: sets[first]) { return (first, second) }
            }
        }
        return nil
    }
}
