import Foundation
import Testing

/// A Swift file of the package, as the rules look at it.
struct SourceFile: CustomTestStringConvertible {
    /// The path below the package's root, such as `Sources/HTTP/Bytes/Bytes.swift`.
    let path: String
    let lines: [String]
    /// The lines with comments and the content of string literals blanked out.
    let code: [String]

    var testDescription: String { path }

    /// The target that it belongs to.
    var module: String { String(path.split(separator: "/")[1]) }

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = CodeBlanker.blank(text).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// The package's root, three levels above this file.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All Swift files below a directory of the package, sorted by path.
    static func all(below directory: String) -> [SourceFile] {
        let base = root.appendingPathComponent(directory).path
        let names = FileManager.default.enumerator(atPath: base)?.allObjects as? [String] ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(base)/\(name)") else {
                return nil
            }
            return SourceFile(
                path: "\(directory)/\(name)", text: String(decoding: data, as: UTF8.self))
        }
    }

    static let sources = all(below: "Sources")
    static let tests = all(below: "Tests")

    /// The names of the modules that the file imports.
    var imports: [String] {
        code.compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            words.removeAll { $0.hasPrefix("@") || Self.accessLevels.contains($0) }
            return words.count == 2 && words[0] == "import" ? words[1] : nil
        }
    }

    private static let accessLevels = ["public", "package", "internal", "fileprivate", "private"]

    /// Whether a word stands in the code, beside no letter, digit or underscore.
    func says(_ word: String) -> Bool {
        code.contains { line in
            line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == word }
        }
    }

    /// Whether a function of that name is called that is no type's.
    func calls(_ name: String) -> Bool {
        let tokens = FunctionFinder(code).tokens
        return tokens.indices.dropLast().contains { index in
            tokens[index].text == name && tokens[index + 1].text == "("
                && (index == 0 || ![".", "func"].contains(tokens[index - 1].text))
        }
    }

    /// Each function with a body: its first line, from 1, and how many lines it has.
    var functions: [(line: Int, lineCount: Int)] {
        FunctionFinder(code).find()
    }
}

/// Replaces comments and the content of string literals by spaces; line ends stay.
enum CodeBlanker {
    static func blank(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        var rest = Substring(text).unicodeScalars
        var closing: [String] = []
        // Within an interpolation: how many parentheses are open.
        var parentheses: [Int] = []
        while let scalar = rest.first {
            let isInString = closing.count > parentheses.count
            if !isInString, let opener = opener(of: rest) {
                if opener.hasPrefix("/") {
                    skipComment(&rest, isLine: opener == "//", into: &output)
                } else {
                    closing.append(String(opener.reversed()))
                    blank(opener.unicodeScalars.count, of: &rest, into: &output)
                }
                continue
            }
            if isInString, let end = closing.last {
                let hashes = String(end.drop { $0 == "\"" })
                if starts(rest, with: end) {
                    closing.removeLast()
                    blank(end.unicodeScalars.count, of: &rest, into: &output)
                } else if starts(rest, with: "\\\(hashes)(") {
                    parentheses.append(0)
                    blank(hashes.unicodeScalars.count + 2, of: &rest, into: &output)
                } else if starts(rest, with: "\\\(hashes)") {
                    blank(hashes.unicodeScalars.count + 2, of: &rest, into: &output)
                } else {
                    blank(1, of: &rest, into: &output)
                }
                continue
            }
            if let open = parentheses.last {
                if scalar == ")" && open == 0 {
                    parentheses.removeLast()
                    blank(1, of: &rest, into: &output)
                    continue
                }
                parentheses[parentheses.count - 1] +=
                    scalar == "(" ? 1 : scalar == ")" ? -1 : 0
            }
            output.append(scalar)
            rest.removeFirst()
        }
        return String(output)
    }

    private static func opener(of rest: Substring.UnicodeScalarView) -> String? {
        if starts(rest, with: "//") { return "//" }
        if starts(rest, with: "/*") { return "/*" }
        let hashes = String(repeating: "#", count: rest.prefix { $0 == "#" }.count)
        for quote in ["\"\"\"", "\""] where starts(rest, with: hashes + quote) {
            return hashes + quote
        }
        return nil
    }

    private static func skipComment(
        _ rest: inout Substring.UnicodeScalarView, isLine: Bool,
        into output: inout String.UnicodeScalarView
    ) {
        while !rest.isEmpty, isLine ? rest.first != "\n" : !starts(rest, with: "*/") {
            blank(1, of: &rest, into: &output)
        }
        if !isLine { blank(2, of: &rest, into: &output) }
    }

    private static func blank(
        _ count: Int, of rest: inout Substring.UnicodeScalarView,
        into output: inout String.UnicodeScalarView
    ) {
        for _ in 0..<count {
            guard let scalar = rest.popFirst() else { return }
            output.append(scalar == "\n" ? "\n" : " ")
        }
    }

    private static func starts(_ rest: Substring.UnicodeScalarView, with text: String) -> Bool {
        rest.starts(with: text.unicodeScalars)
    }
}

/// Finds functions, initialisers and deinitialisers by their keyword and their braces.
private struct FunctionFinder {
    struct Token {
        var text: Substring
        var line: Int
    }

    let tokens: [Token]

    init(_ code: [String]) {
        var tokens: [Token] = []
        for (index, line) in code.enumerated() {
            var rest = Substring(line)
            while let first = rest.first {
                let isWord = first.isLetter || first == "_"
                let text =
                    isWord
                    ? rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" } : rest.prefix(1)
                if !first.isWhitespace { tokens.append(Token(text: text, line: index + 1)) }
                rest = rest.dropFirst(text.count)
            }
        }
        self.tokens = tokens
    }

    func find() -> [(line: Int, lineCount: Int)] {
        tokens.indices.compactMap { index in
            let isDeclaration =
                ["func", "init", "deinit"].contains(tokens[index].text)
                && (index == 0 || ![".", "`"].contains(tokens[index - 1].text))
            guard isDeclaration, let start = bodyStart(after: index) else { return nil }
            var depth = 0
            for token in tokens[start...] {
                depth += token.text == "{" ? 1 : token.text == "}" ? -1 : 0
                if depth == 0 {
                    let line = tokens[index].line
                    return (line, token.line - line + 1)
                }
            }
            return nil
        }
    }

    /// The brace that a declaration's body starts with; nil where it has none, as in a protocol.
    private func bodyStart(after index: Int) -> Int? {
        var depth = 0
        for position in (index + 1)..<tokens.count {
            switch tokens[position].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return position
            case "}" where depth == 0: return nil
            case "func", "init", "var", "let", "subscript":
                if depth == 0 { return nil }
            default: break
            }
        }
        return nil
    }
}
