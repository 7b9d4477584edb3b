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
        let key = page.path.pageKey
        if explanation == nil,
            let index = loop.cache.find(
                key.span, site: site, batch: loop.batch, clock: loop.clock)
        {
            let representation = loop.cache.representation(at: index)
            respondFallback(representation, .cached(index), page, head, bytes, &loop)
            return
        }
        let root = loop.snapshot.sites[site].root
        let found = find(page.path, root)
        switch found.result {
        case .file(let file):
            explanation?.note(.file, path: file.path, why: "it is the page for what is missing")
            let selection = Selection(
                file: file, found: found, rule: loop.snapshot.sites[site].rule(for: file.path),
                site: site, variants: .none)
            if let index = keep(selection, key.span, keepsContent: true, &loop) {
                let representation = loop.cache.representation(at: index)
                respondFallback(representation, .cached(index), page, head, bytes, &loop)
            } else if work == .none {
                respondFallback(
                    representation(of: selection, loop), .file(file), page, head, bytes, &loop)
            }
        case .wouldBlock:
            lookUpElsewhere(page.path, root, &loop)
        default:
            respondError(.notFound, "There is no such file.", head, bytes, &loop)
        }
    }

    /// Sends the fallback page: as an error's content, or as if it had been asked for.
    private mutating func respondFallback(
        _ representation: Representation, _ source: RepresentationSource, _ page: FallbackPage,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard page.status == .notFound else {
            respond(with: representation, source, head, bytes, &loop)
            return
        }
        representation.appendHead(page.status, to: &loop.outgoing, date: loop.clock.dateText)
        if page.isErrorPage { loop.outgoing.appendField("Vary", "Accept") }
        endHead(head, &loop)
        sendContent(source, representation, .whole, page.status, head, bytes, &loop)
    }
}
