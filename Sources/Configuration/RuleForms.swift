/// The forms of values that say what is answered: pages of errors, fields, redirects.
extension ValueForm where Value == String {
    /// The path of a page below the document root, or `none`, which reads as empty.
    static var sitePathOrNone: Self {
        .init(
            expectation: "a path below the root that starts with '/', or none",
            parse: { (text) throws(Rejection) in
                text == "none" ? "" : try parseSitePath(text)
            }, print: { $0.isEmpty ? "none" : $0 })
    }
}

extension ValueForm where Value == ErrorPageSetting {
    /// A status of an error and the path of its page.
    static var errorPage: Self {
        .init(
            expectation: "a status from \(Limits.errorStatus.lowerBound) to"
                + " \(Limits.errorStatus.upperBound) and a path, such as 404 /errors/404.html",
            parse: { (text) throws(Rejection) in
                let (word, path, offset) = firstWord(of: text)
                guard word.utf8.count == 3, let status = Int(word),
                    Limits.errorStatus.contains(status)
                else { throw Rejection() }
                guard !path.isEmpty else { throw Rejection(hint: "the path is missing") }
                guard path.utf8.last != UInt8(ascii: "/") else {
                    throw Rejection(hint: "name a file, not a directory", offset: offset)
                }
                do throws(Rejection) {
                    let path = try ValueForm<String>.parseSitePath(path)
                    return ErrorPageSetting(status: status, path: path)
                } catch {
                    throw Rejection(hint: error.hint, offset: offset)
                }
            }, print: { "\($0.status) \($0.path)" })
    }
}

extension ValueForm where Value == FieldSetting {
    /// A field of responses (RFC 9110 §5) that is set, or with a hyphen before it, removed.
    static var field: Self {
        .init(
            expectation: "a field as Name: value, or -Name to remove one", parse: parseField,
            print: { field in field.value.map { "\(field.name): \($0)" } ?? "-\(field.name)" })
    }

    private static func parseField(_ text: String) throws(Rejection) -> FieldSetting {
        let isRemoved = text.utf8.first == UInt8(ascii: "-")
        let line = isRemoved ? text.dropFirst() : text[...]
        let end = line.utf8.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        let name = String(line[..<end])
        if isRemoved, end != line.endIndex {
            throw Rejection(hint: "to remove a field, leave out its value")
        }
        guard isToken(name) else { throw Rejection() }
        try checkOwner(of: name)
        if isRemoved { return FieldSetting(name: name, value: nil) }
        guard end != line.endIndex else { throw Rejection(hint: "there is no colon") }

        let rest = line[end...].utf8.dropFirst()
        let value = Substring(rest.drop(while: isBlank))
        let offset = text.utf8.distance(from: text.startIndex, to: value.startIndex)
        guard !value.isEmpty else { throw Rejection(hint: "to remove a field, write -\(name)") }
        guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
            throw Rejection(hint: "the value is made of ASCII characters", offset: offset)
        }
        guard text.utf8.count <= Limits.fieldsByteLimit else {
            throw Rejection(hint: "it has at most \(Limits.fieldsByteLimit) characters")
        }
        return FieldSetting(name: name, value: String(value))
    }

    /// Refuses the fields that the daemon knows better, or that have keys of their own.
    private static func checkOwner(of name: String) throws(Rejection) {
        switch name.lowercased() {
        case "cache-control": throw Rejection(hint: "see CacheControl=")
        case "content-type":
            throw Rejection(hint: "see ContentType= of [Path …] and MediaType= of [Site …]")
        case "server": throw Rejection(hint: "see ServerField= of [Server]")
        case "accept-ranges", "allow", "connection", "content-encoding", "content-length",
            "content-range", "date", "etag", "keep-alive", "last-modified", "location",
            "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "vary":
            throw Rejection(hint: "the daemon alone decides on \(name)")
        default: break
        }
    }
}

extension ValueForm where Value == RedirectSetting {
    /// A status and a target, the target alone, or `none`, which reads as an empty target.
    static var redirect: Self {
        let statuses = [301, 302, 303, 307, 308]
        return .init(
            expectation: "none, or a path or URI, after a status of"
                + " \(listed(statuses.map { String($0) }, by: "or")) if it is not 301",
            parse: { (text) throws(Rejection) in
                if text == "none" { return RedirectSetting(target: "") }
                let (word, rest, offset) = firstWord(of: text)
                let isNumeric = word.utf8.allSatisfy { (0x30...0x39).contains($0) }
                let status = isNumeric ? statuses.first { String($0) == word } : 301
                guard let status else { throw Rejection() }
                let target = isNumeric ? rest : text
                guard !target.isEmpty else { throw Rejection(hint: "the target is missing") }
                do throws(Rejection) {
                    _ = try RedirectTarget(parsing: target)
                    return RedirectSetting(status: status, target: target)
                } catch {
                    let start = isNumeric ? offset : 0
                    throw Rejection(hint: error.hint, offset: start + error.offset)
                }
            },
            print: { $0.target.isEmpty ? "none" : "\($0.status) \($0.target)" })
    }
}
