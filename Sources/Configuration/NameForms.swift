/// The forms of values that name something: files, pages, listeners.
extension ValueForm where Value == String {
    /// The absolute path of a file or directory; repeated and final slashes are taken away.
    static var absolutePath: Self {
        .init(expectation: "an absolute path", parse: parseAbsolutePath, print: { $0 })
    }

    /// The absolute path of a file.
    static var absoluteFilePath: Self {
        .init(
            expectation: "the absolute path of a file",
            parse: { (text) throws(Rejection) in
                guard text.utf8.last != UInt8(ascii: "/") else {
                    throw Rejection(hint: "it ends like a directory")
                }
                return try parseAbsolutePath(text)
            }, print: { $0 })
    }

    /// The name of a file within a directory.
    static var fileName: Self {
        .init(
            expectation: "names of files",
            parse: { (text) throws(Rejection) in
                guard !text.utf8.contains(UInt8(ascii: "/")) else {
                    throw Rejection(hint: "a name contains no '/'")
                }
                guard text != ".", text != ".." else { throw Rejection() }
                guard text.utf8.count <= Limits.nameByteLimit else {
                    throw Rejection(hint: "a name has at most \(Limits.nameByteLimit) bytes")
                }
                return text
            }, print: { $0 })
    }

    /// The path of a page below the document root.
    static var sitePath: Self {
        .init(
            expectation: "a path below the root that starts with '/'", parse: parseSitePath,
            print: { $0 })
    }

    /// A field value (RFC 9110 §5.5) of printable ASCII, so that every recipient reads the same.
    static var fieldValue: Self {
        .init(
            expectation: "a field value of at most \(Limits.fieldValueByteLimit) ASCII characters",
            parse: { (text) throws(Rejection) in
                let isLegal = text.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
                guard isLegal, text.utf8.count <= Limits.fieldValueByteLimit else {
                    throw Rejection()
                }
                return text
            }, print: { $0 })
    }

    /// The name of a listener: what `FileDescriptorName=` allows (systemd.socket(5)) but blanks.
    static var listenerName: Self {
        .init(
            expectation: "names of listeners, as FileDescriptorName= gives them",
            parse: { (text) throws(Rejection) in
                if text.utf8.contains(UInt8(ascii: ":")) || Int(text) != nil {
                    throw Rejection(
                        hint: "addresses and ports belong in the socket unit or in --listen")
                }
                if text == "control" || text == "control-ro" {
                    throw Rejection(hint: "that is the control socket")
                }
                guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                    throw Rejection(hint: "it is made of printable ASCII characters")
                }
                guard text.utf8.count <= Limits.listenerNameByteLimit else { throw Rejection() }
                return text
            }, print: { $0 })
    }

    private static func parseAbsolutePath(_ text: String) throws(Rejection) -> String {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw Rejection(hint: "it must start with '/'")
        }
        guard text.utf8.count <= Limits.pathByteLimit else {
            throw Rejection(hint: "a path has at most \(Limits.pathByteLimit) bytes")
        }
        let names = text.split(separator: "/").filter { $0 != "." }
        guard !names.contains("..") else { throw Rejection(hint: "it must not contain '..'") }
        return "/" + names.joined(separator: "/")
    }

    /// A path that a decoded request path can equal, so with neither empty nor dot segments.
    static func parseSitePath(_ text: String) throws(Rejection) -> String {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw Rejection(hint: "it must start with '/'")
        }
        guard text.utf8.count <= Limits.pathByteLimit else {
            throw Rejection(hint: "a path has at most \(Limits.pathByteLimit) bytes")
        }
        var segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last == "" { segments.removeLast() }
        guard !segments.contains(where: { $0 == "" || $0 == "." || $0 == ".." }) else {
            throw Rejection(hint: "no request has '//', '/./' or '/../' left in its path")
        }
        return text
    }
}

/// The name of a site, as its headings write it; nil if it is none.
func siteName(_ text: String) -> String? {
    let isLegal = text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
    let isShort = (1...Limits.siteNameByteLimit).contains(text.utf8.count)
    return isLegal && isShort ? text : nil
}
