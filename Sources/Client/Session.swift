/// One thing that a user asks of a server: a transfer with what it needs around it.
///
/// The module does blocking HTTP/1.1 for a command-line tool: connecting (`Connection`), a request
/// and the responses to it (`Exchange`, `ResponseParser`), and on top of them a download that
/// appears whole or not at all (`get`), an upload that stops when it is refused (`put`), and
/// everything else (`perform`). It prints nothing and never exits; what a response means to the
/// user is said by the tool.
public struct Session {
    /// How long what may take.
    public let timeouts: Timeouts
    /// The value of the User-Agent field.
    public let userAgent: String
    /// What is told while it runs.
    public let observer: Observer
    let deadline: Deadline?

    /// A session; `timeouts.total` runs from here.
    public init(
        timeouts: Timeouts = Timeouts(), userAgent: String = "httpctl",
        observer: Observer = Observer()
    ) {
        self.timeouts = timeouts
        self.userAgent = userAgent
        self.observer = observer
        deadline = timeouts.total.map { Deadline(in: $0, "it took more than \($0.text)") }
    }

    /// A response with as much of its content as was wanted.
    public struct Response: Sendable {
        /// The head.
        public let head: ResponseHead
        /// The target that it is from, after redirects.
        public let target: RequestTarget
        /// The content, or its beginning.
        public let content: [UInt8]
        /// How long the content is: as announced, else as received.
        public let contentByteCount: Int
        /// The content was longer than the limit, and its end was not received.
        public let isCut: Bool
    }

    /// Redirects that are followed, at most.
    public static let redirectLimit = 5

    /// Sends a request and receives the response.
    ///
    /// - Parameters:
    ///   - request: the request; redirects on the same server are followed where it is GET or HEAD.
    ///   - server: where to.
    ///   - contentByteLimit: how much of the content is kept; what is beyond is not received.
    /// - Returns: the final response.
    /// - Throws: whatever went wrong before there was a whole response.
    public func perform(
        _ request: Request, at server: ServerURL, contentByteLimit: Int
    ) throws(ClientError) -> Response {
        var begun = try begin(request, at: server)
        return try begun.exchange.response(
            begun.head, from: begun.target, contentByteLimit: contentByteLimit)
    }
}

extension Exchange {
    /// The response of a head that was read, with its content up to a limit.
    mutating func response(
        _ head: ResponseHead, from target: RequestTarget, contentByteLimit: Int
    ) throws(ClientError) -> Session.Response {
        var content: [UInt8] = []
        var isCut = false
        try readContent { (piece) throws(ClientError) in
            let count = min(piece.count, contentByteLimit - content.count)
            for index in 0..<count { content.append(piece[index]) }
            isCut = count < piece.count
            return !isCut
        }
        return Session.Response(
            head: head, target: target, content: content,
            contentByteCount: contentLength ?? contentByteCount, isCut: isCut)
    }
}
