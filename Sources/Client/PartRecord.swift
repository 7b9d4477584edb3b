/// What stands beside a part of a file, so that it can be continued: of which version it is, and
/// how far its bytes are known to be right.
///
///     httpctl-part 1 7d1c0f9a2b3e4d55
///     url http://localhost:8080 /a.iso
///     etag "18a1c-40000000"
///     length 1073741824
///     mark 7d1c0f9a2b3e4d55 00000000000016777216 9f86d081884c7d659a2feaa0c55ad015…
///
/// A mark has the SHA-256 of all bytes up to it. So whatever happened to the part since (a power
/// cut, another program) is noticed, and it goes on from the last mark that holds. Every version
/// that is begun has a new number, which its marks repeat: those of an earlier one count nothing.
struct PartRecord: Equatable {
    /// One state of a representation.
    struct Version: Equatable {
        /// Server and target, after redirects, with a space between.
        var url: String
        /// A strong entity tag, with its quotation marks (RFC 9110 §8.8.3).
        var tag: String
        /// Bytes of the whole.
        var byteCount: Int
    }

    struct Mark: Equatable {
        var byteCount: Int
        /// SHA-256 of all bytes before, in hexadecimal.
        var digest: String
    }

    var version: Version
    /// What the marks of this version have in common with no other's.
    var number: String
    var marks: [Mark] = []

    init(version: Version) {
        self.version = version
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        number = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The lines before the first mark.
    var heading: String {
        "httpctl-part 1 \(number)\nurl \(version.url)\netag \(version.tag)\n"
            + "length \(version.byteCount)\n"
    }

    /// The line of a mark; all are of the same length, so that one can replace another.
    func line(of mark: Mark) -> String {
        let digits = String(mark.byteCount)
        let padding = String(repeating: "0", count: Self.countDigits - digits.count)
        return "mark \(number) \(padding)\(digits) \(mark.digest)\n"
    }

    /// Reads a record; marks end where a line is none of this version, or goes back.
    ///
    /// - Returns: nil where it is no record.
    init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard let number = Self.value(of: "httpctl-part 1", in: lines.popFirst()),
            number.utf8.count == 16, let url = Self.value(of: "url", in: lines.popFirst()),
            let tag = Self.value(of: "etag", in: lines.popFirst()), EntityTags.isStrong(tag),
            let length = Self.value(of: "length", in: lines.popFirst()),
            let byteCount = Self.count(length), !lines.isEmpty
        else { return nil }
        self.number = number
        version = Version(url: url, tag: tag, byteCount: byteCount)
        for line in lines.dropLast() {
            guard let mark = Self.mark(line, of: number), mark.byteCount <= byteCount,
                mark.byteCount > marks.last?.byteCount ?? 0
            else { break }
            marks.append(mark)
        }
    }

    private static func mark(_ line: Substring, of number: String) -> Mark? {
        guard let rest = value(of: "mark \(number)", in: line) else { return nil }
        let words = rest.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0].utf8.count == countDigits,
            let count = count(String(words[0])), words[1].utf8.count == 64
        else { return nil }
        return Mark(byteCount: count, digest: String(words[1]))
    }

    private static func value(of name: String, in line: Substring?) -> String? {
        guard let line, line.hasPrefix("\(name) ") else { return nil }
        return String(line.dropFirst(name.count + 1))
    }

    private static func count(_ digits: String) -> Int? {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(digits)
    }

    private static let countDigits = 20
}
