/// Time spans as systemd.time(7) writes them: `10s`, `1h 30min`, `1.5h`, `500ms`, or plain seconds.
enum TimeSpan {
    /// The units, each with all its names, the one to print first; the largest first.
    private static let units: [(names: [String], nanoseconds: Int64)] = [
        (["y", "year", "years"], 31_557_600_000_000_000),
        (["month", "months", "M"], 2_629_800_000_000_000),
        (["w", "week", "weeks"], 604_800_000_000_000),
        (["d", "day", "days"], 86_400_000_000_000),
        (["h", "hr", "hour", "hours"], 3_600_000_000_000),
        (["min", "minute", "minutes", "m"], 60_000_000_000),
        (["s", "sec", "second", "seconds"], 1_000_000_000),
        (["ms", "msec"], 1_000_000),
        (["us", "usec", "µs", "μs"], 1_000),
        (["ns", "nsec"], 1),
    ]

    /// The sum of all its terms.
    static func parse(_ text: String) throws(Rejection) -> Duration {
        if text == "infinity" { throw Rejection(hint: "there must be an end") }
        var scanner = Scanner(text)
        var total: Int64 = 0
        repeat {
            let term = try parseTerm(&scanner)
            let (sum, overflow) = total.addingReportingOverflow(term)
            guard !overflow else { throw Rejection() }
            total = sum
            scanner.skipBlanks()
        } while !scanner.isAtEnd
        return .nanoseconds(total)
    }

    /// A number with an optional fraction and an optional unit, in nanoseconds.
    private static func parseTerm(_ scanner: inout Scanner) throws(Rejection) -> Int64 {
        let whole = scanner.take { (0x30...0x39).contains($0) }
        var fraction = ""
        if scanner.take(UInt8(ascii: ".")) {
            fraction = scanner.take { (0x30...0x39).contains($0) }
            guard !fraction.isEmpty else { throw Rejection() }
        }
        guard let number = Int64(whole) else { throw Rejection() }
        scanner.skipBlanks()
        let word = scanner.take { !isBlank($0) && !(0x30...0x39).contains($0) }
        // Compared as bytes, because Unicode has two equivalent micro signs only by compatibility.
        let unit = units.first { $0.names.contains { $0.utf8.elementsEqual(word.utf8) } }
        guard let size = word.isEmpty ? 1_000_000_000 : unit?.nanoseconds else {
            throw Rejection(hint: "\(quoted(word)) is not a unit of time")
        }
        var (term, overflow) = number.multipliedReportingOverflow(by: size)
        guard !overflow else { throw Rejection() }
        var digitSize = size
        for digit in fraction.utf8 {
            digitSize /= 10
            (term, overflow) = term.addingReportingOverflow(Int64(digit - 0x30) * digitSize)
            guard !overflow else { throw Rejection() }
        }
        return term
    }

    /// The shortest exact text, without years, months and weeks: `1d 30min`, `0`.
    static func text(_ span: Duration) -> String {
        let (seconds, attoseconds) = span.components
        var (rest, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, rest >= 0 else { return String(seconds) }
        rest += attoseconds / 1_000_000_000
        var terms: [String] = []
        for unit in units.dropFirst(3) where rest >= unit.nanoseconds {
            terms.append("\(rest / unit.nanoseconds)\(unit.names[0])")
            rest %= unit.nanoseconds
        }
        return terms.isEmpty ? "0" : terms.joined(separator: " ")
    }
}

/// Numbers of bytes as systemd writes them: `64K`, `1G`, to the base 1024, or plain bytes.
enum ByteCount {
    private static let suffixes: [(letter: String, size: Int)] = [
        ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("B", 1),
    ]

    /// A whole number with an optional suffix.
    static func parse(_ text: String) throws(Rejection) -> Int {
        var scanner = Scanner(text)
        let digits = scanner.take { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { throw Rejection() }
        scanner.skipBlanks()
        let letters = scanner.take { _ in true }
        let suffix = suffixes.first { $0.letter == letters }
        guard let size = letters.isEmpty ? 1 : suffix?.size else {
            throw Rejection(hint: "the suffixes are B, K, M, G and T")
        }
        guard let number = Int(digits) else { throw Rejection(hint: "that is too much") }
        let (count, overflow) = number.multipliedReportingOverflow(by: size)
        guard !overflow else { throw Rejection(hint: "that is too much") }
        return count
    }

    /// The shortest exact text.
    @Sendable static func text(_ count: Int) -> String {
        let suffix = suffixes.dropLast().first { count > 0 && count % $0.size == 0 }
        guard let suffix else { return String(count) }
        return "\(count / suffix.size)\(suffix.letter)"
    }
}

/// A position in a short text.
private struct Scanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skipBlanks() {
        rest = rest.drop(while: isBlank)
    }

    /// Takes a byte if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    /// Takes the bytes that fulfil a condition.
    mutating func take(while condition: (UInt8) -> Bool) -> String {
        let taken = rest.prefix(while: condition)
        rest = rest[taken.endIndex...]
        return String(Substring(taken))
    }
}
