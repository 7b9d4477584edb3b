/// A request, as it is sent (RFC 9112 §3).
public struct Request: Sendable {
    /// The method, in any spelling that is a token.
    public var method: String
    /// The target.
    public var target: RequestTarget
    /// Field lines beside Host, User-Agent, Accept and Connection.
    public var fields: [ResponseHead.Field]

    /// A request.
    public init(method: String, target: RequestTarget, fields: [ResponseHead.Field] = []) {
        self.method = method
        self.target = target
        self.fields = fields
    }

    /// The request line and the field section.
    ///
    /// - Throws: `usage` where the method is no token, or a value has a control character: that
    ///   would be another request.
    func head(for server: ServerURL, userAgent: String) throws(ClientError) -> String {
        guard !method.isEmpty, method.utf8.allSatisfy(ResponseParser.isTokenByte) else {
            throw .usage("\(TerminalText.escape(method)) is no method")
        }
        var head = "\(method) \(target) HTTP/1.1\r\n"
        head += "Host: \(server.authority)\r\nUser-Agent: \(userAgent)\r\nAccept: */*\r\n"
        for field in fields {
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw .usage(
                    "\(field.name): a control character in \(TerminalText.escape(field.value))")
            }
            head += "\(field.name): \(field.value)\r\n"
        }
        // One exchange on each connection: no state is left over for the next one.
        return head + "Connection: close\r\n\r\n"
    }
}
