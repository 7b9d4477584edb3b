internal import BasicContainers
internal import Content
internal import Control
internal import HTTP
internal import Linux

extension Connection {
    /// Answers with an error and why it is one.
    mutating func respondError(
        _ status: StatusCode, _ reason: StaticString, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop, _ fields: ErrorFields = ErrorFields()
    ) {
        explanation?.note(.answer, status, reason)
        finishOrDiscardRequest(head)
        let count = appendError(
            status, reason, head.errorPreference(in: bytes), isHead: head.method == .head,
            minorVersion: head.minorVersion, &loop, fields)
        finish(head, bytes, status, contentByteCount: count, &loop)
    }

    /// Answers a connection that came when there were as many as may be, without reading of it.
    mutating func refuseConnection(_ loop: inout Loop) {
        exchange.close()
        _ = appendError(
            .serviceUnavailable, "The server has as many connections as it may.",
            ErrorPreference(form: .text, acceptsPage: false), isHead: false, minorVersion: 1,
            &loop, ErrorFields(retryAfter: 1))
        closing = .afterSending
    }

    /// Refuses a request by its form; the connection ends.
    mutating func refuse(
        _ error: RequestError, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        exchange.close()
        endsQuietly = false
        explanation?.note(.answer, error.status, error.reason)
        let count = appendError(
            error.status, error.reason, head.errorPreference(in: bytes),
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
            status, reason, pending.errorPreference, isHead: false, minorVersion: 1, &loop)
        finishPending(&loop)
    }

    /// Appends an error response, with the site's page for the status where there is one.
    ///
    /// - Returns: the bytes of content that are sent.
    func appendError(
        _ status: StatusCode, _ reason: StaticString, _ preference: ErrorPreference,
        isHead: Bool, minorVersion: UInt8, _ loop: inout Loop,
        _ fields: ErrorFields = ErrorFields()
    ) -> Int {
        beginResponse(status, &loop)
        let page = preference.acceptsPage ? errorPage(status, &loop) : nil
        var content = Bytes()
        let byteCount: Int
        if let page {
            byteCount = page.representation.byteCount
            loop.outgoing.appendField("Content-Type", page.representation.mediaType.span)
        } else {
            let error = ErrorContent(status: status, reason: reason, form: preference.form)
            error.write(to: &content)
            byteCount = content.count
            loop.outgoing.appendField("Content-Type", error.mediaType)
        }
        loop.outgoing.appendField("Content-Length", byteCount)
        loop.outgoing.appendField(
            "Vary", fields.variesByCoding ? "Accept, Accept-Encoding" : "Accept")
        append(fields, &loop)
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: minorVersion)
        loop.outgoing.appendEndOfFields()
        guard !isHead else { return 0 }
        switch page {
        case .cached(let index, _)?:
            loop.cache.append(index, content: 0..<byteCount, to: &loop.outgoing)
        case .read(let page, _)?: loop.outgoing.append(copying: page.span)
        case nil: loop.outgoing.append(copying: content.span)
        }
        return byteCount
    }

    private func append(_ fields: ErrorFields, _ loop: inout Loop) {
        if let allow = fields.allow { loop.outgoing.appendField("Allow", allow) }
        if let retryAfter = fields.retryAfter {
            loop.outgoing.appendField("Retry-After", retryAfter)
        }
        if let byteCount = fields.completeByteCount {
            loop.outgoing.append("Content-Range: bytes */")
            loop.outgoing.append(decimal: byteCount)
            loop.outgoing.append("\r\n")
        }
    }

    /// The site's page for a status (`ErrorPage=`).
    ///
    /// An error does not wait for the disk: a page that is not in memory is left out, and is there
    /// the next time, because asking for it made the kernel read it.
    private func errorPage(_ status: StatusCode, _ loop: inout Loop) -> ErrorPage? {
        // A request may have begun under a configuration that had other sites.
        guard let defaults = rule?.site, let path = defaults.errorPages[status.rawValue],
            loop.snapshot.sites.indices.contains(site),
            loop.snapshot.sites[site].defaults === defaults
        else { return nil }
        let key = path.errorPageKey
        if let index = loop.cache.find(
            key.span, site: site, batch: loop.batch, clock: loop.clock)
        {
            return .cached(index, loop.cache.representation(at: index))
        }
        let snapshotSite = loop.snapshot.sites[site]
        let found = snapshotSite.root.lookup(path, mayBlock: false)
        if case .file(let file) = found, file.status.size > RepresentationCache.fileByteLimit {
            return nil
        }
        guard case .file(let file) = found, let content = WholeFile.read(file, mayBlock: false)
        else {
            bringErrorPage(path, found, &loop)
            return nil
        }
        let representation = representation(
            of: file, snapshotSite.rule(for: path), site, isNegotiated: false, loop)
        // What may still change without a trace is not kept.
        guard !representation.validators.entityTag.isWeak, explanation == nil else {
            return .read(content, representation)
        }
        let candidate = RepresentationCache.Candidate(
            representation: representation, root: snapshotSite.root, status: file.status,
            path: file.path, origin: nil, variants: .init(), batch: loop.batch)
        let index = loop.cache.insert(
            key.span, site: site, candidate, content: content, clock: loop.clock)
        return .cached(index, representation)
    }

    /// Has the kernel read a page that was not in memory.
    private func bringErrorPage(
        _ path: ResolvedPath, _ found: SiteRoot.Lookup, _ loop: inout Loop
    ) {
        switch found {
        case .wouldBlock, .file: break
        default: return
        }
        let root = loop.snapshot.sites[site].root
        loop.readPool.submit {
            guard case .file(let file) = root.lookup(path, mayBlock: true) else { return }
            _ = WholeFile.read(file, mayBlock: true)
        }
    }

    /// Appends what the responses to this request begin with: status line, Date, Server, and the
    /// fields of the rule for its path.
    func beginResponse(_ status: StatusCode, _ loop: inout Loop) {
        loop.beginResponse(status)
        if let fieldLines = rule?.fieldLines { loop.outgoing.append(copying: fieldLines.span) }
    }
}

/// A page of the site that is an error's content.
private enum ErrorPage {
    /// In an entry of the cache.
    case cached(Int, Representation)
    /// Read for this response only.
    case read([UInt8], Representation)

    var representation: Representation {
        switch self {
        case .cached(_, let representation), .read(_, let representation): representation
        }
    }
}
