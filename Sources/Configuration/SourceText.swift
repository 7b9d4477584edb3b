/// A part of a configuration file that knows where each of its bytes stands.
///
/// The parts of a line that was joined by backslashes stand on different lines of the file. The
/// bytes are whole UTF-8 characters, because the reader checked the line and cuts at ASCII bytes.
struct SourceText: Equatable {
    /// A run of bytes that stand side by side in the file.
    private struct Run: Equatable {
        /// The offset in `bytes` of the first.
        var start: Int
        var line: Int
        var column: Int
    }

    /// The text.
    private(set) var bytes: [UInt8]
    /// The path of the file.
    let file: String
    /// By ascending `start`, the first at 0.
    private var runs: [Run]

    /// A text without a place, to which others are added.
    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        runs = []
    }

    /// A text that begins at a place, line and column from 1.
    init(_ bytes: [UInt8], file: String, line: Int, column: Int) {
        self.bytes = bytes
        self.file = file
        runs = [Run(start: 0, line: line, column: column)]
    }

    /// Whether there is nothing.
    var isEmpty: Bool { bytes.isEmpty }

    /// The text as a string.
    var string: String { String(decoding: bytes, as: UTF8.self) }

    /// The place of the first byte.
    var location: SourceLocation { location(ofByte: 0) }

    /// The place of the byte at an offset, which may be the end.
    func location(ofByte offset: Int) -> SourceLocation {
        guard let run = runs.last(where: { $0.start <= offset }) else {
            return SourceLocation(file: file, line: 1, column: 1)
        }
        return SourceLocation(
            file: file, line: run.line, column: run.column + offset - run.start)
    }

    /// The text without the spaces and tabs at both ends.
    var trimmed: SourceText {
        let start = bytes.firstIndex { !isBlank($0) } ?? bytes.count
        let end = bytes.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? start
        return self[start..<end]
    }

    /// The parts between spaces and tabs.
    var words: [SourceText] {
        var words: [SourceText] = []
        var start: Int?
        for (offset, byte) in bytes.enumerated() {
            if isBlank(byte) {
                if let start { words.append(self[start..<offset]) }
                start = nil
            } else if start == nil {
                start = offset
            }
        }
        if let start { words.append(self[start...]) }
        return words
    }

    /// A part of the text; an empty one still has a place.
    subscript(range: some RangeExpression<Int>) -> SourceText {
        let range = range.relative(to: bytes)
        var part = SourceText(Array(bytes[range]), file: file)
        if let first = runs.last(where: { $0.start <= range.lowerBound }) {
            let column = first.column + range.lowerBound - first.start
            part.runs = [Run(start: 0, line: first.line, column: column)]
        }
        for run in runs where range.contains(run.start) && run.start > range.lowerBound {
            part.runs.append(
                Run(start: run.start - range.lowerBound, line: run.line, column: run.column))
        }
        return part
    }

    /// One text after the other.
    static func + (first: SourceText, second: SourceText) -> SourceText {
        var sum = first
        for run in second.runs {
            let start = first.bytes.count + run.start
            // An empty run would hide behind the next one, which begins at the same offset.
            if sum.runs.last?.start == start { sum.runs.removeLast() }
            sum.runs.append(Run(start: start, line: run.line, column: run.column))
        }
        sum.bytes += second.bytes
        return sum
    }

    /// Puts another byte in the place of the last.
    mutating func replaceLastByte(with byte: UInt8) {
        bytes[bytes.count - 1] = byte
    }
}

/// Whether a byte is a space or a tab.
func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
}
