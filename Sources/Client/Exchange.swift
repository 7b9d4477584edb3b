internal import Linux

/// What a transfer tells while it runs.
public struct Observer {
    /// Gets every line of the heads that are sent (`> …`) and received (`< …`), and what happens
    /// between them (`* …`), escaped.
    public var trace: ((String) -> Void)?
    /// Gets the bytes of content so far, and how many there will be where that is known.
    public var progress: ((Int, Int?) -> Void)?
    /// Gets notes for people, such as a redirect that is followed.
    public var note: ((String) -> Void)?

    /// An observer; by default of nothing.
    public init(
        trace: ((String) -> Void)? = nil, progress: ((Int, Int?) -> Void)? = nil,
        note: ((String) -> Void)? = nil
    ) {
        self.trace = trace
        self.progress = progress
        self.note = note
    }
}

/// A request on its way and the responses to it, over a connection of its own.
struct Exchange: ~Copyable {
    let connection: Connection
    private let observer: Observer
    private var parser: ResponseParser
    private var input: [UInt8] = []
    private var offset = 0
    private var isClosed = false

    /// Connects and sends the head of a request.
    init(
        _ request: Request, to server: ServerURL, with session: Session
    ) throws(ClientError) {
        let head = try request.head(for: server, userAgent: session.userAgent)
        let connection = try Connection(
            to: server, timeouts: session.timeouts, total: session.deadline,
            trace: session.observer.trace)
        try connection.sendAll((Array(head.utf8) + (request.content ?? [])).span)
        self.connection = connection
        parser = ResponseParser(method: request.method)
        observer = session.observer
        if let trace = observer.trace {
            for line in head.split(separator: "\r\n") {
                trace("> \(TerminalText.escape(String(line)))")
            }
            trace(">")
            if let content = request.content { trace("* \(content.count) bytes of content sent") }
        }
    }

    /// Tells what happens between the heads.
    func note(_ text: String) {
        observer.trace?("* \(text)")
    }

    /// The length that the response announced.
    var contentLength: Int? { parser.contentLength }
    /// Bytes of content so far.
    var contentByteCount: Int { parser.contentByteCount }

    /// Waits for the final response.
    mutating func readHead() throws(ClientError) -> ResponseHead {
        while true {
            switch try nextEvent() {
            case .head(let head): return head
            case .informational: continue
            case .content, .end: throw .malformedResponse("content before a head")
            }
        }
    }

    /// Looks whether a response is there already.
    ///
    /// - Returns: the next head, final or not; nil when none has come yet.
    mutating func pollHead() throws(ClientError) -> ResponseHead? {
        while true {
            if let event = try parsed() {
                switch event {
                case .head(let head), .informational(let head): return head
                case .content, .end: throw .malformedResponse("content before a head")
                }
            }
            switch try connection.receiveAvailable(into: &input) {
            case nil: return nil
            case true?: continue
            case false?:
                isClosed = true
                try parser.finish()
            }
        }
    }

    /// Reads the content to its end, or until `body`, which gets it in pieces, returns false.
    ///
    /// - Parameters:
    ///   - earlier: how many bytes came before this content, as the progress has it.
    ///   - body: gets the pieces.
    /// - Throws: what `body` throws, and whatever is wrong with the content or the connection.
    mutating func readContent(
        behind earlier: Int = 0, _ body: (Span<UInt8>) throws(ClientError) -> Bool
    ) throws(ClientError) {
        while true {
            switch try nextEvent() {
            case .content(let range):
                let goesOn = try body(input.span.extracting(range))
                observer.progress?(
                    earlier + parser.contentByteCount, parser.contentLength.map { earlier + $0 })
                if !goesOn { return }
            case .end:
                return
            case .head, .informational:
                throw .malformedResponse("a second head")
            }
        }
    }

    private mutating func nextEvent() throws(ClientError) -> ResponseParser.Event {
        while true {
            if let event = try parsed() { return event }
            if isClosed { return .end }
            if try connection.receive(into: &input) { continue }
            isClosed = true
            try parser.finish()
        }
    }

    /// The next event of what is there; drops what was read when all of it was.
    private mutating func parsed() throws(ClientError) -> ResponseParser.Event? {
        if let event = try parser.next(input, from: &offset) {
            if case .head(let head) = event { show(head) }
            if case .informational(let head) = event { show(head) }
            return event
        }
        input.removeAll(keepingCapacity: true)
        offset = 0
        return nil
    }

    private func show(_ head: ResponseHead) {
        guard let trace = observer.trace else { return }
        trace("< HTTP/1.\(head.minorVersion) \(head.statusText)")
        for field in head.fields {
            trace("< \(TerminalText.escape("\(field.name): \(field.value)"))")
        }
        trace("<")
    }
}
