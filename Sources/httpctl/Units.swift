/// Quantities for people.
enum Units {
    /// `512 B`, `1.5 KiB`, `12 MiB`.
    static func bytes(_ count: Int) -> String {
        var value = Double(count)
        var unit = "B"
        for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] where value >= 1023.5 {
            value /= 1024
            unit = larger
        }
        return unit == "B" ? "\(count) B" : "\(short(value)) \(unit)"
    }

    /// `1 byte`, `512 bytes`, `20480 bytes (20 KiB)`.
    static func exactBytes(_ count: Int) -> String {
        let exact = count == 1 ? "1 byte" : "\(count) bytes"
        return count < 10_240 ? exact : "\(exact) (\(bytes(count)))"
    }

    /// A time of microseconds: `120 µs`, `12 ms`, `1.5 s`.
    static func time(microseconds: Int) -> String {
        switch microseconds {
        case ..<1000: "\(microseconds) µs"
        case ..<1_000_000: "\(short(Double(microseconds) / 1000)) ms"
        default: "\(short(Double(microseconds) / 1_000_000)) s"
        }
    }

    /// How long something took: `12 ms`, `1.5 s`, `2 min 5 s`.
    static func time(_ duration: Duration) -> String {
        duration < .seconds(60)
            ? time(microseconds: max(1000, Int(duration.seconds * 1_000_000)))
            : span(seconds: Int(duration.seconds))
    }

    /// The two largest units of a span of seconds: `3 d 4 h`, `5 min 2 s`, `7 s`.
    static func span(seconds: Int) -> String {
        let parts = [
            (seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ].drop { $0.0 == 0 }
        let shown = parts.prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return shown.isEmpty ? "0 s" : shown.joined(separator: " ")
    }

    /// `12345678` as `12,345,678`.
    static func number(_ count: Int) -> String {
        let digits = Array(String(count))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" {
                result += ","
            }
            result.append(digit)
        }
        return result
    }

    /// `1 file`, `2,000 files`.
    static func count(_ count: Int, _ noun: String) -> String {
        "\(number(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// One decimal below 10, none above.
    private static func short(_ value: Double) -> String {
        if value >= 9.95 { return "\(Int(value.rounded()))" }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
