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
