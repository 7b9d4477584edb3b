/// The forms of values about media types and codings.
extension ValueForm where Value == String {
    /// A media type with its parameters (RFC 9110 §8.3.1); its names become lower case.
    static var mediaType: Self {
        .init(
            expectation: "a media type, such as text/plain or text/html; charset=utf-8",
            parse: parseMediaType, print: { $0 })
    }

    /// A set of media types: `type/subtype`, `type/*`, or `*+suffix`; becomes lower case.
    static var mediaTypePattern: Self {
        .init(
            expectation: "media types, such as text/html, text/* or *+json",
            parse: { (text) throws(Rejection) in
                let type = text.asciiLowercased
                let suffix = type.dropFirst(2)
                if type.hasPrefix("*+"), isToken(suffix) { return type }
                guard !type.hasPrefix("*/") else {
                    throw Rejection(hint: "one for all types would compress images again")
                }
                guard !type.utf8.contains(UInt8(ascii: ";")) else {
                    throw Rejection(hint: "leave out the parameters")
                }
                let parts = type.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.count == 2, isToken(parts[0]), isToken(parts[1]),
                    !parts[0].utf8.contains(UInt8(ascii: "*")),
                    parts[1] == "*" || !parts[1].utf8.contains(UInt8(ascii: "*"))
                else {
                    let isComma = type.utf8.contains(UInt8(ascii: ","))
                    throw Rejection(hint: isComma ? "they are separated by spaces" : nil)
                }
                return type
            }, print: { $0 })
    }

    fileprivate static func parseMediaType(_ text: String) throws(Rejection) -> String {
        guard text.utf8.count <= Limits.mediaTypeByteLimit else {
            throw Rejection(hint: "it has at most \(Limits.mediaTypeByteLimit) characters")
        }
        // A semicolon in quotes is legal too, but in no parameter that a file needs.
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let type = String(trimmed(parts[0])).asciiLowercased
        let names = type.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ isToken($0) }),
            !type.utf8.contains(UInt8(ascii: "*"))
        else { throw Rejection() }
        var result = type
        for part in parts.dropFirst() {
            let parameter = trimmed(part)
            let sign = parameter.firstIndex(of: "=") ?? parameter.endIndex
            let value = parameter[sign...].dropFirst()
            guard isToken(parameter[..<sign]), isToken(value) || isQuoted(value) else {
                throw Rejection(hint: "a parameter is written name=value")
            }
            result += "; " + String(parameter[..<sign]).asciiLowercased + "=" + value
        }
        return result
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let rest = text.drop { $0 == " " || $0 == "\t" }
        let end = rest.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { rest[...$0] } ?? ""
    }

    /// A quoted string without escapes (RFC 9110 §5.6.4).
    private static func isQuoted(_ text: Substring) -> Bool {
        let inner = text.utf8.dropFirst().dropLast()
        let isLegal = inner.allSatisfy {
            (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        return text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") && isLegal
    }
}

extension ValueForm where Value == MediaTypeSetting {
    /// An extension with its dot, and the media type of the files with it.
    static var mediaTypeOfExtension: Self {
        .init(
            expectation: "an extension and a media type, such as .md text/markdown",
            parse: parseMediaTypeOfExtension, print: { ".\($0.fileExtension) \($0.mediaType)" })
    }

    private static func parseMediaTypeOfExtension(
        _ text: String
    ) throws(Rejection) -> MediaTypeSetting {
        let (first, rest, offset) = firstWord(of: text)
        guard first.utf8.first == UInt8(ascii: ".") else {
            let isReversed = first.utf8.contains(UInt8(ascii: "/"))
            throw Rejection(
                hint: isReversed
                    ? "the extension comes first, with its dot"
                    : "an extension is written with its dot")
        }
        let name = String(first.dropFirst())
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else { throw Rejection() }
        guard !name.utf8.contains(UInt8(ascii: ".")) else {
            throw Rejection(hint: "only what follows the last dot of a name counts")
        }
        guard rest.utf8.first != UInt8(ascii: ".") else {
            throw Rejection(hint: "each extension needs a line of its own", offset: offset)
        }
        do throws(Rejection) {
            return MediaTypeSetting(
                fileExtension: name.asciiLowercased,
                mediaType: try ValueForm<String>.parseMediaType(rest))
        } catch {
            throw Rejection(hint: error.hint, offset: offset)
        }
    }
}

extension ValueForm where Value == [SiteSettings.Coding] {
    /// A boolean, whose yes is all codings, or some of them, the preferred first.
    static var codings: Self {
        let words = SiteSettings.allCodings.map(\.rawValue)
        return .init(
            expectation: "yes, no, or some of \(listed(words, by: "and")), the preferred first",
            parse: { (text) throws(Rejection) in
                if let isOn = try? ValueForm<Bool>.parseBoolean(text) {
                    return isOn ? SiteSettings.allCodings : []
                }
                var codings: [SiteSettings.Coding] = []
                var rest = text
                var offset = 0
                while !rest.isEmpty {
                    let (word, remainder, length) = firstWord(of: rest)
                    guard let coding = SiteSettings.Coding(rawValue: word) else {
                        let meant = names[word] ?? suggestion(for: word, among: words)
                        throw Rejection(hint: meant.map { "did you mean \($0)?" }, offset: offset)
                    }
                    if !codings.contains(coding) { codings.append(coding) }
                    (rest, offset) = (remainder, offset + length)
                }
                return codings
            },
            print: { $0.isEmpty ? "no" : $0.map(\.rawValue).joined(separator: " ") })
    }

    /// What the codings are called elsewhere.
    private static var names: [String: String] {
        ["brotli": "br", "gz": "gzip", "x-gzip": "gzip", "zst": "zstd", "zstandard": "zstd"]
    }
}
