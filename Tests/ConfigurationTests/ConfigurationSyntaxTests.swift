import Testing

@testable import Configuration

@Suite("systemd.syntax(7)")
struct ConfigurationSyntaxTests {
    /// A content, and its lines as `line:column` and text.
    struct Case: CustomTestStringConvertible {
        var name: String
        var content: String
        var lines: [String]
        var errors: [String] = []
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing", content: "", lines: []),
        Case(
            name: "a section and a key", content: "[Server]\nWorkers=4\n",
            lines: ["1:2 [Server]", "2:1 Workers = 2:9 4"]),
        Case(name: "no newline at the end", content: "A=b", lines: ["1:1 A = 1:3 b"]),
        Case(name: "blanks around", content: "  A \t=  b c\t ", lines: ["1:3 A = 1:9 b c"]),
        Case(
            name: "blanks in a heading", content: " [ Site  x ] ", lines: ["1:4 [Site  x]"]),
        Case(name: "empty value", content: "A=\nB = \n", lines: ["1:1 A = 1:3 ", "2:1 B = 2:4 "]),
        Case(name: "value with signs", content: "A=b=c;d#e", lines: ["1:1 A = 1:3 b=c;d#e"]),
        Case(name: "comments", content: "# A=b\n ; A=b\n\n#\nC=d\n", lines: ["5:1 C = 5:3 d"]),
        Case(name: "comment does not go on", content: "# A \\\nC=d\n", lines: ["2:1 C = 2:3 d"]),
        Case(
            name: "continuation", content: "A=b \\\n  c\nD=e\n",
            lines: ["1:1 A = 1:3 b    c", "3:1 D = 3:3 e"]),
        Case(
            name: "comment in a continuation", content: "A=b\\\n# no\n;no\nc\n",
            lines: ["1:1 A = 1:3 b c"]),
        Case(
            name: "value on the next line", content: "A= \\\n   b\n", lines: ["1:1 A = 2:4 b"]),
        Case(name: "continuation of a key", content: "A\\\n =b\n", lines: ["1:1 A = 2:3 b"]),
        Case(
            name: "blank line ends a continuation", content: "A=b\\\n\nC=d\n",
            lines: ["1:1 A = 1:3 b", "3:1 C = 3:3 d"]),
        Case(name: "continuation at the end", content: "A=b\\", lines: ["1:1 A = 1:3 b"]),
        Case(
            name: "two backslashes stay", content: "A=b\\\\\nC=d",
            lines: ["1:1 A = 1:3 b\\\\", "2:1 C = 2:3 d"]),
        Case(name: "backslash within", content: "A=b\\c\n", lines: ["1:1 A = 1:3 b\\c"]),
        Case(
            name: "CR LF", content: "[A]\r\nB=c\r\n\r\n", lines: ["1:2 [A]", "2:1 B = 2:3 c"]),
        Case(
            name: "CR LF after a backslash", content: "A=b\\\r\nc\r\n", lines: ["1:1 A = 1:3 b c"]),
        Case(name: "byte order mark", content: "\u{FEFF}[A]\n", lines: ["1:2 [A]"]),
        Case(name: "columns count bytes", content: "Ä=ö\n", lines: ["1:1 Ä = 1:4 ö"]),
        Case(
            name: "CR within", content: "A=b\rC=d\n", lines: [],
            errors: ["f:1:4: there is a carriage return (0x0D) within a line"]),
        Case(
            name: "NUL", content: "A=b\0\nC=d\n", lines: ["2:1 C = 2:3 d"],
            errors: ["f:1:4: there is a NUL byte: this is not a text file"]),
        Case(
            name: "escape in a comment", content: "# \u{1B}[0m\n", lines: [],
            errors: ["f:1:3: there is a control byte (0x1B)"]),
        Case(
            name: "no sign", content: "[A]\nnonsense\nB=c\n", lines: ["1:2 [A]", "3:1 B = 3:3 c"],
            errors: ["f:2:1: this line is neither Key=value nor a [Section] nor a # comment"]),
        Case(
            name: "no key", content: " =c\n", lines: [],
            errors: ["f:1:2: there is no key before the '='"]),
        Case(
            name: "open heading", content: "[A\n", lines: ["refused"],
            errors: ["f:1:1: this section heading has no closing ']'"]),
        Case(
            name: "comment after a heading", content: "[A] # b\n", lines: ["refused"],
            errors: ["f:1:1: only white space may follow the ']' of a section heading"]),
        Case(
            name: "single bracket", content: "[\n", lines: ["refused"],
            errors: ["f:1:1: this section heading has no closing ']'"]),
        Case(name: "empty heading", content: "[]\n", lines: ["1:2 []"]),
    ]

    @Test(arguments: cases)
    func reads(_ test: Case) {
        let syntax = ConfigurationSyntax(reading: Array(test.content.utf8), file: "f")
        #expect(syntax.lines.map(Self.shown) == test.lines)
        #expect(syntax.diagnostics.map(\.description) == test.errors)
    }

    @Test(
        "bytes that are not UTF-8 are errors, the first of each line",
        arguments: [
            ([0xFF], 1, "FF"), ([0x41, 0xC3, 0x28], 2, "C3"), ([0x23, 0xED, 0xA0, 0x80], 2, "ED"),
            ([0xC0, 0x80], 1, "C0"), ([0x41, 0xE2, 0x82], 2, "E2"),
        ] as [([UInt8], Int, String)])
    func notText(bytes: [UInt8], column: Int, byte: String) {
        let syntax = ConfigurationSyntax(reading: [0x0A] + bytes + [0x0A], file: "f")
        #expect(syntax.lines.isEmpty)
        #expect(
            syntax.diagnostics.map(\.description) == [
                "f:2:\(column): the byte 0x\(byte) is not UTF-8"
            ])
    }

    private static func shown(_ line: ConfigurationSyntax.Line) -> String {
        switch line {
        case .heading(nil): "refused"
        case .heading(let text?): "\(place(text)) [\(text.string)]"
        case .assignment(let key, let value):
            "\(place(key)) \(key.string) = \(place(value)) \(value.string)"
        }
    }

    private static func place(_ text: SourceText) -> String {
        "\(text.location.line):\(text.location.column)"
    }
}
