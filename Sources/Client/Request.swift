/// A request, as it is sent (RFC 9112 §3).
public struct Request: Sendable {
    /// The method, in any spelling that is a token.
    public var method: String
    /// The target.
    public var target: RequestTarget
    /// Field lines beside Host, User-Agent, Accept and Connection.
    public var fields: [ResponseHead.Field]
    /// Content that is sent with the head, at most some kilobytes; nil where there is none.
    ///
    /// Its Content-Length comes by itself.
    public var content: [UInt8]?

    /// A request.
    public init(method: String, target: RequestTarget, fields: [ResponseHead.Field] = []) {
        self.method = method
        self.target = target
        self.fields = fields
    }

    /// The request line and the field section, as this client sends them.
    ///
    /// - Throws: as `head(host:)`.
    func head(for server: ServerURL, userAgent: String) throws(ClientError) -> String {
        var request = self
        request.fields.insert(
            contentsOf: [
                .init(name: "User-Agent", value: userAgent), .init(name: "Accept", value: "*/*"),
            ], at: 0)
        if let content {
            request.fields.append(.init(name: "Content-Length", value: "\(content.count)"))
        }
        // One exchange on each connection: no state is left over for the next one.
        request.fields.append(.init(name: "Connection", value: "close"))
        return try request.head(host: server.authority)
    }

    /// The request line and the field section, with nothing added but a Host field in front.
    ///
    /// - Parameter host: its value; nil where there is one in `fields`, or is to be none.
    /// - Returns: the head with the empty line at its end.
    /// - Throws: `usage` where the method or a field's name is no token, or a value has a control
    ///   character: that would be another request.
    public func head(host: String?) throws(ClientError) -> String {
        guard Self.isToken(method) else {
            throw .usage("\(TerminalText.escape(method)) is no method")
        }
        var head = "\(method) \(target) HTTP/1.1\r\n"
        let first = host.map { [ResponseHead.Field(name: "Host", value: $0)] } ?? []
        for field in first + fields {
            guard Self.isToken(field.name) else {
                throw .usage("\(TerminalText.escape(field.name)) is no name of a field")
            }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .usage(
                    "\(field.name): a control character in \(TerminalText.escape(field.value))")
            }
            head += "\(field.name): \(field.value)\r\n"
        }
        return head + "\r\n"
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(ResponseParser.isTokenByte)
    }
}
