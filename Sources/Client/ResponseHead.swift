/// The status line and the field section of a response (RFC 9112 §4, §5).
public struct ResponseHead: Sendable, Equatable {
    /// A field line.
    public struct Field: Sendable, Equatable {
        /// The name, as it came.
        public var name: String
        /// The value, without white space around it; bytes that are not UTF-8 are U+FFFD.
        public var value: String

        /// A field line.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The minor version: 0 or 1 of HTTP/1.
    public var minorVersion: Int
    /// The status code, 100…599.
    public var status: Int
    /// The reason phrase, which means nothing.
    public var reason: String
    /// The field lines, in their order.
    public var fields: [Field]

    /// A head.
    public init(minorVersion: Int = 1, status: Int, reason: String = "", fields: [Field] = []) {
        self.minorVersion = minorVersion
        self.status = status
        self.reason = reason
        self.fields = fields
    }

    /// Whether more responses to the same request follow (RFC 9110 §15.2).
    public var isInformational: Bool { status < 200 }
    /// Whether the request did what it asked for (RFC 9110 §15.3).
    public var isSuccessful: Bool { (200..<300).contains(status) }
    /// The status line without the version, for people: `404 Not Found`.
    public var statusText: String {
        TerminalText.escape(reason.isEmpty ? "\(status)" : "\(status) \(reason)")
    }

    /// The value of the first field line of a name, in any case.
    public subscript(_ name: String) -> String? {
        fields.first { equalsIgnoringCase($0.name, name) }?.value
    }

    /// The values of all field lines of a name, in any case.
    public func values(of name: String) -> [String] {
        fields.filter { equalsIgnoringCase($0.name, name) }.map(\.value)
    }

    /// The codings of the content (RFC 9110 §8.4); nil where it has none.
    public var contentCoding: String? {
        let codings = values(of: "Content-Encoding").joined(separator: ", ")
        return codings.isEmpty || equalsIgnoringCase(codings, "identity") ? nil : codings
    }

    /// The media type of the content in lower case, without parameters; empty where none is given.
    public var mediaType: String {
        String((self["Content-Type"] ?? "").prefix { $0 != ";" && $0 != " " }).lowercased()
    }
}

/// Whether two ASCII texts differ at most in case.
func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
