internal import BasicContainers
internal import Content
internal import Control
internal import HTTP
internal import Linux

extension Connection {
    /// Answers for what does not exist: with the fallback page, if there is one.
    mutating func respondMissing(
        _ rule: Rule, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int,
        _ loop: inout Loop
    ) {
        guard let page = rule.fallback,
            !page.isErrorPage || head.errorPreference(in: bytes).acceptsPage
        else {
            respondError(.notFound, "There is no such file.", head, bytes, &loop)
            return
        }
        let key = page.path.fallbackKey
        if explanation == nil,
            let index = loop.cache.find(
                key.span, site: site, batch: loop.batch, clock: loop.clock),
            respondCached(index, key.span, head, bytes, site, page: page, &loop)
        {
            return
        }
        let root = loop.snapshot.sites[site].root
        let found = find(page.path, root)
        switch found.result {
        case .file(let file):
            explanation?.note(.file, path: file.path, why: "it is the page for what is missing")
            let wanted = WantedFile(file: file, found: found, site: site, key: key, page: page)
            respondFile(wanted, head, bytes, &loop)
        case .wouldBlock:
            lookUpElsewhere(page.path, root, &loop)
        default:
            respondError(.notFound, "There is no such file.", head, bytes, &loop)
        }
    }

    /// Answers a GET for a path at which there was nothing, and still is, with what was said then.
    ///
    /// - Returns: false where nothing was said, or something else would have to be.
    mutating func respondStillMissing(
        _ key: Span<UInt8>, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int,
        _ loop: inout Loop
    ) -> Bool {
        guard isPlainGet(head) else { return false }
        let form = head.has(.accept) ? head.errorPreference(in: bytes).form : .text
        let slot = loop.missing.find(
            key, site: site, form: form, batch: loop.batch, clock: loop.clock)
        guard let slot else { return false }
        let byteCount = loop.missing.append(slot, to: &loop.outgoing)
        finish(head, bytes, .notFound, contentByteCount: byteCount, &loop)
        return true
    }

    /// Keeps what was said to a GET for a path at which there is nothing.
    mutating func keepMissing(
        _ path: ResolvedPath, _ rule: Rule, from start: Int, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        guard rule.site.errorPages[404] == nil else { return }
        let message = loop.outgoing.span.extracting(start..<loop.outgoing.count).array
        loop.missing.insert(
            bytes.extracting(head.path.range), site: site,
            form: head.errorPreference(in: bytes).form, message: message.span,
            paths: cleanPaths(path, rule), root: loop.snapshot.sites[site].root,
            clock: loop.clock)
    }

    /// Whether the response to a request is the same as to any other GET of its kind.
    func isPlainGet(_ head: borrowing RequestHead) -> Bool {
        head.method == .get && head.minorVersion == 1 && exchange.mayPersist && explanation == nil
    }

    /// Sends a representation: as an error's content where it is the page for that, else as what
    /// was asked for.
    mutating func respond(
        with representation: Representation, _ source: RepresentationSource, page: FallbackPage?,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard let page, page.status == .notFound else {
            respond(with: representation, source, head, bytes, &loop)
            return
        }
        representation.appendHead(page.status, to: &loop.outgoing, date: loop.clock.dateText)
        if page.isErrorPage { loop.outgoing.appendField("Vary", "Accept") }
        endHead(head, &loop)
        sendContent(source, representation, .whole, page.status, head, bytes, &loop)
    }
}
