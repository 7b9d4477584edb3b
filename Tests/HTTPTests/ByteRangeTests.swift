import HTTP
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
            // More than one: the whole.
            ("bytes=0-1,4-5", .whole), ("bytes=99-,0-1", .whole), ("bytes=0-1, x", .whole),
        ] as [(String, RangeRequest)])
    func tenBytes(value: String, expected: RangeRequest) {
        let bytes = Array(value.utf8)
        let range = RangeRequest(parsing: bytes.span, byteCount: 10)
        #expect(range == expected)
    }

    @Test(
        "of an empty representation",
        arguments: [
            ("bytes=0-", .unsatisfiable), ("bytes=0-0", .unsatisfiable),
            ("bytes=-0", .unsatisfiable),
            // A suffix is satisfiable however short the representation is (§14.1.2).
            ("bytes=-1", .whole), ("bytes=-5", .whole),
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
}
