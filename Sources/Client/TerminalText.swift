/// Text from elsewhere, made safe to show on a terminal.
public enum TerminalText {
    /// Escapes every control character, and those that turn the direction of writing, as `\x1b` or
    /// `\u{202e}`.
    ///
    /// - Parameters:
    ///   - text: what a server, a file name or a user says.
    ///   - keepsLines: line feeds and tabs stay, for content that is shown as such.
    /// - Returns: the text, without a character that a terminal takes for a command.
    public static func escape(_ text: String, keepsLines: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09 where keepsLines, 0x0A where keepsLines:
                result.unicodeScalars.append(scalar)
            case 0..<0x20, 0x7F..<0xA0:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            case 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
