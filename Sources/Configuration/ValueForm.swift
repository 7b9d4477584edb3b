/// How a kind of value is written: what an admin may write, and how a value is written back.
struct ValueForm<Value: Sendable>: Sendable {
    /// What is allowed, in the words that follow `Key= takes …` in an error.
    let expectation: String
    /// Understands a text that is not empty.
    let parse: @Sendable (String) throws(Rejection) -> Value
    /// Writes a value so that `parse` gives it back.
    let print: @Sendable (Value) -> String
}

/// A text is not what its form allows.
struct Rejection: Error {
    /// What to do about it, where that is known.
    var hint: String?
    /// The byte of the text where it is wrong.
    var offset = 0
}

extension ValueForm where Value == Bool {
    /// A boolean, as systemd.syntax(7) has it.
    static var boolean: Self {
        .init(expectation: "yes or no", parse: parseBoolean, print: { $0 ? "yes" : "no" })
    }

    static func parseBoolean(_ text: String) throws(Rejection) -> Bool {
        switch text.lowercased() {
        case "1", "yes", "y", "true", "t", "on": return true
        case "0", "no", "n", "false", "f", "off": return false
        default: throw Rejection()
        }
    }
}

extension ValueForm where Value == Int {
    /// A decimal number.
    static func integer(in range: ClosedRange<Int>) -> Self {
        .init(
            expectation: "a number from \(range.lowerBound) to \(range.upperBound)",
            parse: { (text) throws(Rejection) in
                let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
                guard isDecimal, let number = Int(text), range.contains(number) else {
                    throw Rejection()
                }
                return number
            }, print: { String($0) })
    }

    /// One of a few numbers.
    static func oneOf(_ numbers: [Int]) -> Self {
        .init(
            expectation: listed(numbers.map { String($0) }, by: "or"),
            parse: { (text) throws(Rejection) in
                guard let number = numbers.first(where: { String($0) == text }) else {
                    throw Rejection()
                }
                return number
            }, print: { String($0) })
    }

    /// A number of bytes.
    static func byteCount(in range: ClosedRange<Int>) -> Self {
        let bounds =
            range.upperBound == .max
            ? ""
            : " from \(ByteCount.text(range.lowerBound)) to \(ByteCount.text(range.upperBound))"
        return .init(
            expectation: "a size\(bounds) in bytes, such as 64K or 1G",
            parse: { (text) throws(Rejection) in
                let count = try ByteCount.parse(text)
                guard range.contains(count) else { throw Rejection() }
                return count
            }, print: ByteCount.text)
    }
}

extension ValueForm where Value == Duration {
    /// A time span of systemd.time(7).
    static func timeSpan(in range: ClosedRange<Duration>) -> Self {
        let bounds = "\(TimeSpan.text(range.lowerBound)) to \(TimeSpan.text(range.upperBound))"
        return .init(
            expectation: "a time from \(bounds), such as 10s or 5min",
            parse: { (text) throws(Rejection) in
                let span = try TimeSpan.parse(text)
                guard range.contains(span) else { throw Rejection() }
                return span
            }, print: TimeSpan.text)
    }
}

extension ValueForm where Value: RawRepresentable<String> & CaseIterable {
    /// One of the words of an enumeration.
    static var word: Self {
        let words = Value.allCases.map(\.rawValue)
        return .init(
            expectation: listed(words, by: "or"),
            parse: { (text) throws(Rejection) in
                guard let value = Value(rawValue: text) else {
                    let meant = suggestion(for: text, among: words)
                    throw Rejection(hint: meant.map { "did you mean \($0)?" })
                }
                return value
            }, print: { $0.rawValue })
    }
}

extension ValueForm {
    /// The word `auto`, which reads as nil, or a value.
    static func automatic<Given>(or form: ValueForm<Given>) -> Self where Value == Given? {
        .init(
            expectation: "auto or \(form.expectation)",
            parse: { (text) throws(Rejection) in
                text == "auto" ? nil : try form.parse(text)
            }, print: { $0.map(form.print) ?? "auto" })
    }
}

/// Words as a sentence lists them: `a, b or c`.
func listed(_ words: [String], by conjunction: String) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
}

/// The text up to the first blank, what follows the blanks, and the offset where that begins.
func firstWord(of text: String) -> (word: String, rest: String, offset: Int) {
    let word = text.utf8.prefix { !isBlank($0) }
    let rest = text.utf8[word.endIndex...].drop(while: isBlank)
    return (
        String(Substring(word)), String(Substring(rest)), text.utf8.count - rest.count
    )
}

/// Whether a text is a token (RFC 9110 §5.6.2).
func isToken(_ text: some StringProtocol) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
}

extension String {
    /// The text with its ASCII letters in lower case.
    var asciiLowercased: String {
        String(
            decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
