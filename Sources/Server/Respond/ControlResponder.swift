internal import BasicContainers
internal import Control
internal import HTTP
internal import Linux

extension Connection {
    /// Answers on the control socket: HTTP with JSON, by the same engine as everything else.
    mutating func respondToControl(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        let path = bytes.extracting(head.path.range)
        let isStatus = path.equals(ControlInterface.statusTarget)
        let isExplanation = path.equals(ControlInterface.explainTarget)
        guard isStatus || isExplanation || path.equals(ControlInterface.reloadTarget) else {
            respondError(.notFound, "The control interface has no such target.", head, bytes, &loop)
            return
        }
        let isMethodRight =
            isStatus ? head.method == .get || head.method == .head : head.method == .post
        guard isMethodRight else {
            respondError(
                .methodNotAllowed, "The target does not have this method.", head, bytes, &loop,
                ErrorFields(allow: isStatus ? "GET, HEAD" : "POST"))
            return
        }
        guard !isExplanation else {
            receiveExplained(head, bytes, &loop)
            return
        }
        finishOrDiscardRequest(head)
        pending = PendingExchange(head: head, bytes, start: requestStart)
        let ticket = begin(.control)
        let mailbox = loop.mailbox
        let reply: ControlService.Reply = { status, content in
            mailbox.send(.completed(ticket, .control(status, content)))
        }
        if isStatus {
            loop.control.status(reply)
        } else {
            loop.control.reload(reply)
        }
    }

    /// Sends the answer of the control service.
    mutating func respondControl(
        _ status: StatusCode, _ content: [UInt8], _ loop: inout Loop
    ) {
        guard let pending else { return }
        var head = RequestHead()
        let headBytes = pending.headBytes
        _ = try? head.parse(headBytes.span)
        loop.beginResponse(status)
        loop.outgoing.appendField("Content-Type", ControlInterface.mediaTypeText)
        loop.outgoing.appendField("Content-Length", content.count)
        loop.outgoing.appendField("Cache-Control", "no-store")
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: head.minorVersion)
        loop.outgoing.appendEndOfFields()
        if head.method != .head { loop.outgoing.append(copying: content.span) }
        pending.status = status
        pending.contentByteCount = content.count
        finishPending(&loop)
    }
}

extension ControlInterface {
    fileprivate static let mediaTypeText: StaticString = "application/json"
}

extension Span<UInt8> {
    /// Whether the bytes are the UTF-8 of a string.
    fileprivate func equals(_ text: String) -> Bool {
        text.utf8Span.span.equals(self)
    }
}
