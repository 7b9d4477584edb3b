internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

extension Connection {
    /// Answers a request whose head was read: the one place where its way is chosen.
    mutating func respond(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        endsQuietly = !head.isPersistent && bytes.count == head.byteCount
        if loop.isDraining { exchange.close() }
        guard !head.hasUnknownExpectation else {
            respondError(
                .expectationFailed, "Only Expect: 100-continue is known.", head, bytes, &loop)
            return
        }
        guard role == .http else {
            respondToControl(head, bytes, &loop)
            return
        }
        let host = bytes.extracting(head.host.range)
        guard let site = loop.siteIndex(forHost: host, listener: listener) else {
            respondError(.notFound, "No site answers here.", head, bytes, &loop)
            return
        }
        switch head.method {
        case .get, .head:
            respondWithFile(head, bytes, site, &loop)
        case .put:
            beginUpload(head, bytes, site, &loop)
        case .options:
            respondOptions(head, bytes, site, &loop)
        case .unknown:
            respondError(.notImplemented, "The method is not known.", head, bytes, &loop)
        case .connect, .delete, .patch, .post, .trace:
            if head.method == .connect { exchange.close() }
            respondMethodNotAllowed(head, bytes, site, &loop)
        }
    }

    /// Which methods a target has, as Allow says it (RFC 9110 §10.2.1).
    func allowedMethods(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Site
    ) -> StaticString {
        guard head.targetForm != .asterisk else { return "GET, HEAD, PUT, OPTIONS" }
        guard let path = try? ResolvedPath(decoding: bytes.extracting(head.path.range)),
            site.rule(for: path).upload != nil
        else { return "GET, HEAD, OPTIONS" }
        return "GET, HEAD, PUT, OPTIONS"
    }

    private mutating func respondOptions(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        let allow = allowedMethods(head, bytes, loop.snapshot.sites[site])
        finishOrDiscardRequest(head)
        loop.beginResponse(.noContent)
        loop.outgoing.appendField("Allow", allow)
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: head.minorVersion)
        loop.outgoing.appendEndOfFields()
        finish(head, bytes, .noContent, contentByteCount: 0, &loop)
    }

    mutating func respondMethodNotAllowed(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        let allow = allowedMethods(head, bytes, loop.snapshot.sites[site])
        respondError(
            .methodNotAllowed, "The target does not have this method.", head, bytes, &loop,
            allow: allow)
    }

    /// Decides, before a response is written, what becomes of content that nobody wants: a little
    /// is read and dropped, for more the connection ends (RFC 9112 §9.3).
    mutating func finishOrDiscardRequest(_ head: borrowing RequestHead) {
        guard !exchange.isRequestComplete else { return }
        let known = exchange.remainingContentByteCount ?? 0
        if known > Self.discardByteLimit || head.expectsContinue || inputEnded {
            exchange.close()
        } else {
            discardBudget = Self.discardByteLimit
        }
    }

    /// Notes that a response is complete but for what is still in buffers: logs it, and goes on to
    /// the next request or the end.
    mutating func finish(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ status: StatusCode,
        contentByteCount: Int, _ loop: inout Loop
    ) {
        record(head, bytes, status, contentByteCount, start: requestStart, &loop)
        endExchange()
    }

    /// As `finish`, for an exchange whose head is kept in `pending`.
    mutating func finishPending(_ loop: inout Loop) {
        guard let pending = pending.take() else { return }
        recordPending(pending, &loop)
        endExchange()
    }

    /// Logs the exchange that a lost connection leaves unfinished.
    mutating func finishAborted(_ loop: inout Loop) {
        guard let pending = pending.take() else { return }
        transfer = nil
        if pending.upload != nil {
            loop.statistics.uploadsFailed += 1
            pending.status = .badRequest
            dispose(pending, &loop)
        }
        recordPending(pending, &loop)
    }

    /// Lets go of an upload where that may block: its file may be large, and is freed with it.
    func dispose(_ pending: PendingExchange, _ loop: inout Loop) {
        guard let upload = pending.upload?.upload else { return }
        pending.upload = nil
        loop.writePool.submit { withExtendedLifetime(upload) {} }
    }

    private mutating func recordPending(_ pending: PendingExchange, _ loop: inout Loop) {
        var head = RequestHead()
        let headBytes = pending.headBytes
        _ = try? head.parse(headBytes.span)
        record(
            head, headBytes.span, pending.status, pending.contentByteCount, start: pending.start,
            &loop)
    }

    private func record(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ status: StatusCode,
        _ contentByteCount: Int, start: Instant, _ loop: inout Loop
    ) {
        // The control interface is no part of what it reports.
        guard role == .http else { return }
        let duration = max(0, Instant.now - start)
        loop.statistics.responsesByClass[status.classDigit] &+= 1
        loop.statistics.latency.record(duration / 1000)
        loop.log.record(
            head, bytes, peer: peer,
            result: ExchangeResult(
                status: status, contentByteCount: contentByteCount, duration: duration),
            clock: loop.clock, statistics: &loop.statistics)
    }

    private mutating func endExchange() {
        requestStart.nanoseconds = 0
        requestCount &+= 1
        // The next request gets a deadline of its own.
        isArmedForPast = true
        if !exchange.isRequestComplete, exchange.mayPersist {
            isDiscarding = true
            return
        }
        let isComplete = exchange.isRequestComplete
        if !exchange.finishResponse() {
            endsQuietly = endsQuietly && isComplete && !isReadable && input.isEmpty
            closing = .afterSending
        }
    }
}
