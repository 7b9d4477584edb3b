import Testing

@testable import Client

@Suite("The record of a part")
struct PartRecordTests {
    static let digest = String(repeating: "a", count: 64)

    static var record: PartRecord {
        var record = PartRecord(
            version: .init(url: "http://localhost /a", tag: "\"x\"", byteCount: 1000))
        record.marks = [10, 900].map { .init(byteCount: $0, digest: digest) }
        return record
    }

    static func text(_ record: PartRecord) -> String {
        record.heading + record.marks.map(record.line).joined()
    }

    @Test("it is read as it was written")
    func roundTrip() {
        let record = Self.record
        #expect(PartRecord(Array(Self.text(record).utf8)) == record)
    }

    @Test("every version has a number of its own")
    func numbers() {
        #expect(Set((0..<100).map { _ in Self.record.number }).count == 100)
        #expect(Self.record.number.utf8.count == 16)
    }

    @Test("lines of marks replace each other")
    func lineLength() {
        let record = Self.record
        let lengths = [0, 1, 999, Int.max].map { count in
            record.line(of: .init(byteCount: count, digest: Self.digest)).utf8.count
        }
        #expect(Set(lengths).count == 1)
    }

    @Test("cut anywhere, it is none, or has fewer marks")
    func cut() {
        let record = Self.record
        let bytes = Array(Self.text(record).utf8)
        for count in 0..<bytes.count {
            guard let cut = PartRecord(Array(bytes.prefix(count))) else {
                #expect(count < record.heading.utf8.count)
                continue
            }
            #expect(cut.version == record.version)
            #expect(cut.marks.count < 2)
            #expect(cut.marks == Array(record.marks.prefix(cut.marks.count)))
        }
    }

    @Test(
        "marks end where a line is not of this version, or goes back",
        arguments: [
            "mark 0000000000000000 00000000000000000950 \(digest)",
            "mark NUMBER 00000000000000000900 \(digest)",
            "mark NUMBER 00000000000000000899 \(digest)",
            "mark NUMBER 00000000000000001001 \(digest)", "mark NUMBER 950 \(digest)",
            "mark NUMBER 00000000000000000950 \(digest)a", "mark NUMBER 00000000000000000950",
            "mark NUMBER 99999999999999999999 \(digest)", "", "\0\0\0",
        ])
    func wrongMarks(line: String) {
        let record = Self.record
        let wrong = line.replacing("NUMBER", with: record.number)
        let right = record.line(of: .init(byteCount: 950, digest: Self.digest))
        let read = PartRecord(Array((Self.text(record) + wrong + "\n" + right).utf8))
        #expect(read == record)
    }

    @Test(
        "what is no record",
        arguments: [
            ("httpctl-part 1", "httpctl-part 2"), ("etag \"x\"", "etag W/\"x\""),
            ("etag \"x\"", "etag x"), ("length 1000", "length -1"), ("length 1000", "length"),
            ("length 1000", "size 1000"), ("url ", "uri "), ("http:", "\nhttp:"),
        ])
    func noRecord(old: String, new: String) {
        let text = Self.text(Self.record).replacing(old, with: new)
        #expect(PartRecord(Array(text.utf8)) == nil)
        #expect(PartRecord([0xFF]) == nil)
    }
}
