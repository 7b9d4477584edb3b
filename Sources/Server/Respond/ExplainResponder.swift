internal import BasicContainers
internal import Content
internal import Control
internal import HTTP

extension Connection {
    /// The most bytes of a message that is to be explained: a whole head, and a little.
    static let explainedByteLimit = 48 << 10

    /// Begins to receive the message that a request to the control interface wants explained.
    mutating func receiveExplained(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard head.framing != .none, head.framing != .length(0) else {
            respondError(
                .badRequest, "The content is to be the head of a request.", head, bytes, &loop)
            return
        }
        guard exchange.announcedContentByteCount <= Self.explainedByteLimit else {
            respondError(
                .contentTooLarge, "The head of a request is smaller.", head, bytes, &loop)
            return
        }
        let query = bytes.extracting(head.query.range)
        guard let listener = explainedListener(query, loop) else {
            respondError(.notFound, "There is no such listener.", head, bytes, &loop)
            return
        }
        let pending = PendingExchange(head: head, bytes, start: requestStart)
        pending.explained = ExplainedContent(listener: listener, isChosen: query.count > 0)
        self.pending = pending
        if head.expectsContinue, head.minorVersion == 1 {
            loop.outgoing.append("HTTP/1.1 100 Continue\r\n\r\n")
        }
    }

    /// The index of the listener that a query names, or the first.
    private func explainedListener(_ query: Span<UInt8>, _ loop: borrowing Loop) -> Int? {
        let listeners = loop.listeners
        guard query.count > 0 else { return listeners.firstIndex { $0.role == .http } }
        return listeners.firstIndex { listener in
            listener.role == .http && query.text == "listener=\(listener.name)"
        }
    }

    /// Explains the request whose head was received.
    mutating func explain(_ content: ExplainedContent, _ loop: inout Loop) {
        guard let pending = pending.take() else { return }
        pending.explained = nil
        let explained = ExplainedRequest(
            content.message, listener: content.listener,
            name: loop.listeners[content.listener].name, isChosen: content.isChosen,
            exchange: exchange, pending: pending)
        explanation = explained
        continueExplaining(&loop)
    }

    /// Sends the request on its way, again if something that it waited for is there.
    mutating func continueExplaining(_ loop: inout Loop) {
        guard let explanation else { return }
        explanation.restart()
        explanation.responseStart = loop.outgoing.count
        exchange = HTTP1Exchange()
        var head = RequestHead()
        let message = explanation.message
        do throws(RequestError) {
            guard try exchange.receiveHead(message.span, into: &head) else {
                refuse(
                    RequestError(.badRequest, "The request ends within its head."), head,
                    message.span, &loop)
                return
            }
        } catch {
            refuse(error, head, message.span, &loop)
            return
        }
        respond(head, message.span, &loop)
    }

    /// Answers on the control socket with the explanation.
    mutating func finishExplaining(
        _ status: StatusCode, contentByteCount: Int?, _ loop: inout Loop
    ) {
        guard let explanation = explanation.take() else { return }
        let start = explanation.responseStart
        let text = explanation.finished(
            status, head: loop.outgoing.span.extracting(start..<loop.outgoing.count),
            contentByteCount: contentByteCount)
        loop.outgoing.removeSubrange(start..<loop.outgoing.count)
        exchange = explanation.exchange
        pending = explanation.pending
        endsQuietly = false
        discardBudget = 0
        forgetSite()
        forgetLookups()
        respondControl(.ok, text.jsonBytes, &loop)
    }
}

/// The head of a request that is to be explained, as it comes.
struct ExplainedContent {
    /// The index of the listener that it is taken to come by.
    let listener: Int
    /// The listener was named.
    let isChosen: Bool
    var message: [UInt8] = []
}
