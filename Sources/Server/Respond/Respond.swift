internal import BasicContainers
internal import Configuration
internal import Content
internal import Control
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
        guard role == .http || explanation != nil else {
            respondToControl(head, bytes, &loop)
            return
        }
        let host = bytes.extracting(head.host.range)
        guard let (site, isNamed) = loop.site(forHost: host, listener: servedListener) else {
            respondError(.notFound, "No site answers here.", head, bytes, &loop)
            return
        }
        guard isNamed || host.count == 0 || !loop.snapshot.settings.server.strictHost else {
            respondError(
                .misdirectedRequest, "No site here has this name (StrictHost=).", head, bytes,
                &loop)
            return
        }
        explanation?.note(loop.snapshot.sites[site], isNamed: isNamed)
        switch head.method {
        case .get, .head:
            respondWithFile(head, bytes, site, &loop)
        case .put:
            beginUpload(head, bytes, site, &loop)
        case .delete:
            respondToDelete(head, bytes, site, &loop)
        case .options:
            respondOptions(head, bytes, site, &loop)
        case .unknown:
            // Of no path, so denied ones are not told apart.
            self.site = site
            rule = loop.snapshot.sites[site].rule(for: head, bytes)
            respondError(.notImplemented, "The method is not known.", head, bytes, &loop)
        case .connect, .patch, .post, .trace:
            if head.method == .connect { exchange.close() }
            guard noteRule(head, bytes, site, &loop) else { return }
            respondMethodNotAllowed(head, bytes, site, &loop)
        }
    }

    /// Which methods a target has, as Allow says it (RFC 9110 §10.2.1).
    ///
    /// Of the target `*` those that the site has anywhere.
    private func allowedMethods(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Site
    ) -> StaticString {
        guard head.targetForm != .asterisk else {
            return Self.allow(upload: site.allowsUpload, delete: site.allowsDelete)
        }
        guard let path = try? ResolvedPath(decoding: bytes.extracting(head.path.range)) else {
            return Self.allow(upload: false, delete: false)
        }
        let rule = site.rule(for: path)
        return Self.allow(upload: rule.upload != nil, delete: rule.allowsDelete)
    }

    private static func allow(upload: Bool, delete: Bool) -> StaticString {
        switch (upload, delete) {
        case (false, false): "GET, HEAD, OPTIONS"
        case (true, false): "GET, HEAD, PUT, OPTIONS"
        case (false, true): "GET, HEAD, DELETE, OPTIONS"
        case (true, true): "GET, HEAD, PUT, DELETE, OPTIONS"
        }
    }

    private mutating func respondOptions(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        guard noteRule(head, bytes, site, &loop) else { return }
        let allow = allowedMethods(head, bytes, loop.snapshot.sites[site])
        finishOrDiscardRequest(head)
        beginResponse(.noContent, &loop)
        loop.outgoing.appendField("Allow", allow)
        endHead(head, &loop)
        finish(head, bytes, .noContent, contentByteCount: 0, &loop)
    }

    /// Notes what holds for the path of a request that is no further looked at.
    ///
    /// - Returns: false where that has answered it: the path is refused.
    mutating func noteRule(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) -> Bool {
        self.site = site
        let rule = loop.snapshot.sites[site].rule(for: head, bytes)
        explanation?.note(rule)
        self.rule = rule
        guard !rule.isDenied else {
            respondError(.forbidden, "The path may not be accessed.", head, bytes, &loop)
            return false
        }
        return true
    }

    mutating func respondMethodNotAllowed(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        let allow = allowedMethods(head, bytes, loop.snapshot.sites[site])
        explanation?.note(.method, "not allowed", why: "the path has only \(allow)")
        respondError(
            .methodNotAllowed, "The target does not have this method.", head, bytes, &loop,
            ErrorFields(allow: allow))
    }

    /// The path of a target that is to be changed, or asked about; what holds for it is noted.
    ///
    /// - Returns: nil where the request was answered: the path is none, refused or redirected.
    mutating func resolveTarget(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) -> ResolvedPath? {
        self.site = site
        rule = loop.snapshot.sites[site].defaultRule
        do throws(ResolvedPath.Failure) {
            let path = try ResolvedPath(decoding: bytes.extracting(head.path.range))
            let rule = loop.snapshot.sites[site].rule(for: path)
            return adopt(rule, path, head, bytes, &loop) ? path : nil
        } catch {
            switch error {
            case .malformed:
                respondError(
                    .badRequest, "The path of the request target is malformed.", head, bytes,
                    &loop)
            case .hidden:
                respondError(
                    .forbidden, "A name of this kind is never served, so it is not stored.", head,
                    bytes, &loop)
            }
            return nil
        }
    }

    /// Whether the request names the site by one of its names, as it must to change something: a
    /// page of another site, whose name was made to lead here, must not.
    func isHostNamed(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: borrowing Loop
    ) -> Bool {
        let host = bytes.extracting(head.host.range)
        return loop.snapshot.site(forHost: host, listener: servedListener)?.isNamed == true
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
        guard explanation == nil else {
            finishExplaining(status, contentByteCount: contentByteCount, &loop)
            return
        }
        record(head, bytes, status, contentByteCount, start: requestStart, &loop)
        endExchange()
    }

    /// As `finish`, for an exchange whose head is kept in `pending`.
    mutating func finishPending(_ loop: inout Loop) {
        guard let pending = pending.take() else { return }
        guard explanation == nil else {
            finishExplaining(
                pending.status, contentByteCount: pending.contentByteCount, &loop)
            return
        }
        recordPending(pending, &loop)
        endExchange()
    }

    /// Logs the exchange that a lost connection leaves unfinished.
    mutating func finishAborted(_ loop: inout Loop) {
        guard let pending = pending.take() else { return }
        transfer = nil
        if pending.upload != nil {
            if explanation == nil { loop.statistics.uploadsFailed += 1 }
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
        if site >= 0 { forgetSite() }
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
