/// The lines of one configuration file, as systemd.syntax(7) reads them.
///
/// Sections in brackets, assignments, and nothing else; lines that are blank or begin with `#` or
/// `;` are skipped. A line that ends with a backslash goes on in the next line that is no comment,
/// and the backslash reads as a space. What a section or key means is not known here.
///
/// Stricter than systemd where it guesses: bytes that are not text are errors, and so is each line
/// that systemd would ignore with a warning. A line may end with CR LF, but a CR elsewhere is
/// refused, because it hides a part of the line from most viewers.
struct ConfigurationSyntax {
    /// What a line says.
    enum Line: Equatable {
        /// What stands between the brackets of a heading; nil where the heading is malformed.
        ///
        /// So nobody mistakes what follows for a part of the section before it.
        case heading(SourceText?)
        /// `key=value`, both without the white space around them.
        case assignment(key: SourceText, value: SourceText)
    }

    /// The path of the file.
    let file: String
    /// Headings and assignments in the order of the file.
    private(set) var lines: [Line] = []
    /// What is wrong with the file's form, in its order.
    private(set) var diagnostics: [Diagnostic] = []
    /// The lines joined so far by backslashes.
    private var continued: SourceText?

    /// Reads the content of a file.
    init(reading content: [UInt8], file: String) {
        self.file = file
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var start = content.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        var number = 1
        while start < content.count {
            let newline = content[start...].firstIndex(of: 0x0A) ?? content.count
            let isCRLF = newline < content.count && newline > start && content[newline - 1] == 0x0D
            read(content[start..<(isCRLF ? newline - 1 : newline)], line: number)
            start = newline + 1
            number += 1
        }
        endLine()
    }

    /// Takes one line of the file, without its end.
    private mutating func read(_ bytes: ArraySlice<UInt8>, line number: Int) {
        let text = SourceText(Array(bytes), file: file, line: number, column: 1)
        if let problem = Self.unreadableByte(in: text.bytes) {
            report(problem.message, at: text.location(ofByte: problem.offset))
            continued = nil
            return
        }
        let first = bytes.first { !isBlank($0) }
        if first == UInt8(ascii: "#") || first == UInt8(ascii: ";") { return }

        let backslashes = bytes.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
        let goesOn = backslashes % 2 == 1
        continued = (continued ?? SourceText([], file: file)) + text
        if goesOn {
            continued?.replaceLastByte(with: UInt8(ascii: " "))
        } else {
            endLine()
        }
    }

    /// Understands the line that is complete now.
    private mutating func endLine() {
        guard let line = continued?.trimmed, let first = line.bytes.first else {
            continued = nil
            return
        }
        continued = nil
        if first == UInt8(ascii: "[") {
            readHeading(line)
        } else {
            readAssignment(line)
        }
    }

    private mutating func readHeading(_ line: SourceText) {
        guard line.bytes.last == UInt8(ascii: "]") else {
            let hasBracket = line.bytes.contains(UInt8(ascii: "]"))
            report(
                hasBracket
                    ? "only white space may follow the ']' of a section heading"
                    : "this section heading has no closing ']'",
                at: line.location)
            lines.append(.heading(nil))
            return
        }
        lines.append(.heading(line[1..<(line.bytes.count - 1)].trimmed))
    }

    private mutating func readAssignment(_ line: SourceText) {
        guard let sign = line.bytes.firstIndex(of: UInt8(ascii: "=")) else {
            report(
                "this line is neither Key=value nor a [Section] nor a # comment", at: line.location)
            return
        }
        guard sign > 0 else {
            report("there is no key before the '='", at: line.location)
            return
        }
        lines.append(
            .assignment(key: line[0..<sign].trimmed, value: line[(sign + 1)...].trimmed))
    }

    private mutating func report(_ message: String, at location: SourceLocation) {
        diagnostics.append(Diagnostic(message, at: location))
    }

    /// The first byte of a line that does not belong into a text, and why.
    private static func unreadableByte(in line: [UInt8]) -> (offset: Int, message: String)? {
        let control = line.firstIndex { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: line.span)
        } catch {
            let offset = error.byteOffsets.lowerBound
            if offset < control ?? .max {
                return (offset, "the byte 0x\(hexadecimal(line[offset])) is not UTF-8")
            }
        }
        guard let control else { return nil }
        switch line[control] {
        case 0x00: return (control, "there is a NUL byte: this is not a text file")
        case 0x0D: return (control, "there is a carriage return (0x0D) within a line")
        default:
            return (control, "there is a control byte (0x\(hexadecimal(line[control])))")
        }
    }
}

/// A byte as two hexadecimal digits.
func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count < 2 ? "0" + digits : digits
}
