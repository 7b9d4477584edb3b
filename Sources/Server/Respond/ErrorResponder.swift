internal import BasicContainers
internal import HTTP
internal import Linux

extension Connection {
    /// Answers with an error and why it is one; `allow` is the Allow field (405),
    /// `retryAfter` the Retry-After field in seconds (503).
    mutating func respondError(
        _ status: StatusCode, _ reason: StaticString, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop, allow: StaticString? = nil, retryAfter: Int? = nil
    ) {
        finishOrDiscardRequest(head)
        let count = appendError(
            ErrorContent(status: status, reason: reason, form: head.errorForm(in: bytes)),
            isHead: head.method == .head, minorVersion: head.minorVersion, &loop, allow: allow,
            retryAfter: retryAfter)
        finish(head, bytes, status, contentByteCount: count, &loop)
    }

    /// Answers a connection that came when there were as many as may be, without reading of it.
    mutating func refuseConnection(_ loop: inout Loop) {
        exchange.close()
        _ = appendError(
            ErrorContent(
                status: .serviceUnavailable,
                reason: "The server has as many connections as it may.", form: .text),
            isHead: false, minorVersion: 1, &loop, retryAfter: 1)
        closing = .afterSending
    }

    /// Refuses a request by its form; the connection ends.
    mutating func refuse(
        _ error: RequestError, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        exchange.close()
        endsQuietly = false
        let count = appendError(
            ErrorContent(
                status: error.status, reason: error.reason, form: head.errorForm(in: bytes)),
            isHead: head.method == .head, minorVersion: 1, &loop)
        finish(head, bytes, error.status, contentByteCount: count, &loop)
    }

    /// Answers an exchange whose content is not complete, or is not wanted any more; the connection
    /// ends.
    mutating func respondEarly(
        _ status: StatusCode, _ reason: StaticString, _ loop: inout Loop
    ) {
        if isDiscarding {
            closing = .afterSending
            return
        }
        guard let pending else {
            closing = .afterSending
            return
        }
        if pending.upload != nil { loop.statistics.uploadsFailed += 1 }
        dispose(pending, &loop)
        exchange.close()
        pending.status = status
        pending.contentByteCount = appendError(
            ErrorContent(status: status, reason: reason, form: pending.errorForm), isHead: false,
            minorVersion: 1, &loop)
        finishPending(&loop)
    }

    /// Appends an error response.
    ///
    /// - Returns: the bytes of content that are sent.
    func appendError(
        _ error: ErrorContent, isHead: Bool, minorVersion: UInt8, _ loop: inout Loop,
        allow: StaticString? = nil, retryAfter: Int? = nil
    ) -> Int {
        var content = Bytes(minimumCapacity: 512)
        error.write(to: &content)
        loop.beginResponse(error.status)
        loop.outgoing.appendField("Content-Type", error.mediaType)
        loop.outgoing.appendField("Content-Length", content.count)
        loop.outgoing.appendField("Vary", "Accept")
        if let allow { loop.outgoing.appendField("Allow", allow) }
        if let retryAfter { loop.outgoing.appendField("Retry-After", retryAfter) }
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: minorVersion)
        loop.outgoing.appendEndOfFields()
        guard !isHead else { return 0 }
        loop.outgoing.append(copying: content.span)
        return content.count
    }
}
