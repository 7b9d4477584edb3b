internal import BasicContainers
internal import Configuration
internal import Content
internal import Control
internal import HTTP
internal import Linux

/// The codings in which a file can be sent, beside as it is.
struct Variants: Sendable {
    /// A file beside it that holds what it holds, in a coding.
    struct Sibling: Sendable {
        let coding: ContentCoding
        let found: FoundPath
        let file: OpenFile
    }

    var siblings: [Sibling] = []
    /// All that there are, the preferred first: what is there already before what has to be made.
    var order = ContentCodingOrder()
    /// Others may come at any time, as when a sibling is put there.
    var mayChange = false

    /// None, and none is looked for.
    static let none = Variants()
}

extension Connection {
    /// Finds out in which codings a file can be sent.
    ///
    /// - Returns: nil while that is being found out elsewhere (`work` is then `.lookup`).
    mutating func findVariants(
        of file: OpenFile, _ rule: Rule, _ site: Int, _ loop: inout Loop
    ) -> Variants? {
        let defaults = rule.site
        let root = loop.snapshot.sites[site].root
        let hasCodings = !defaults.precompressed.isEmpty || !defaults.compression.isEmpty
        // Of a file that may still change without a trace, no coding can be trusted.
        guard hasCodings, defaults.compressibleTypes.contains(rule.mediaType(of: file)),
            !root.validators(of: file.status, now: loop.clock.wall).entityTag.isWeak
        else { return Variants.none }
        var variants = Variants()
        variants.mayChange = !defaults.precompressed.isEmpty
        for coding in defaults.precompressed {
            let found = find(file.path.appendingSuffix(coding.fileSuffix), root)
            if case .wouldBlock = found.result {
                lookUpElsewhere(found.path, root, &loop)
                return nil
            }
            guard case .file(let sibling) = found.result, sibling.status.kind == .regular,
                sibling.status.modified >= file.status.modified,
                !root.validators(of: sibling.status, now: loop.clock.wall).entityTag.isWeak
            else { continue }
            guard let isFaithful = isFaithful(sibling, coding, to: file, defaults, &loop) else {
                return nil
            }
            guard isFaithful else {
                explanation?.note(
                    .coding, coding.name,
                    why: "\(sibling.path.text) does not hold what \(file.path.text) holds")
                continue
            }
            variants.siblings.append(.init(coding: coding, found: found, file: sibling))
        }
        var codings = variants.siblings.map(\.coding)
        if defaults.compresses(byteCount: file.status.size) {
            for coding in defaults.compression {
                if case .useless? = loop.workshop.content(of: file.status, coding) { continue }
                codings.append(coding)
            }
        }
        variants.order = ContentCodingOrder(codings)
        return variants
    }

    /// Whether a sibling decodes to the content of its file, which is found out once.
    private mutating func isFaithful(
        _ sibling: OpenFile, _ coding: ContentCoding, to file: OpenFile, _ site: SiteDefaults,
        _ loop: inout Loop
    ) -> Bool? {
        if let known = loop.workshop.verdict(of: sibling.status, on: file.status) { return known }
        // Results that do not stay long enough to be met again are none.
        guard !mayBlock else { return false }
        lookupCount += 1
        let ticket = begin(.lookup)
        let mailbox = loop.mailbox
        loop.workshop.check(
            sibling, coding, against: file, decodedByteLimit: site.settings.compressionMaxSize
        ) {
            mailbox.send(.completed(ticket, .prepared))
        }
        return nil
    }

    /// Answers with a file in a coding.
    mutating func respondCoded(
        _ coding: ContentCoding, _ selection: Selection, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        if let sibling = selection.variants.siblings.first(where: { $0.coding == coding }) {
            explanation?.note(
                .file, path: sibling.file.path,
                why: "it holds \(selection.wanted.file.path.text) already")
            respondSibling(sibling, selection, head, bytes, &loop)
            return
        }
        switch loop.workshop.content(of: selection.wanted.file.status, coding) {
        case .coded(let content)?:
            let representation = codedRepresentation(
                coding, selection, byteCount: content.bytes.count,
                distinction: loop.workshop.fingerprint(of: coding), loop)
            respondCoded(
                representation, .memory(content), content: content.bytes, status: nil, path: nil,
                selection, head, bytes, &loop)
        case .useless?:
            // It was found out just now; the next look sees it.
            respondFile(selection.wanted, head, bytes, &loop)
        case nil:
            makeContent(coding, selection, head, bytes, &loop)
        }
    }

    /// Has a content compressed; the request is answered when that is done.
    private mutating func makeContent(
        _ coding: ContentCoding, _ selection: Selection, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard !mayBlock else {
            respond(
                with: representation(of: selection, loop), .file(selection.wanted.file),
                page: selection.wanted.page, head, bytes, &loop)
            return
        }
        lookupCount += 1
        let ticket = begin(.lookup)
        let mailbox = loop.mailbox
        loop.workshop.makeContent(of: selection.wanted.file, coding) {
            mailbox.send(.completed(ticket, .prepared))
        }
    }

    private mutating func respondSibling(
        _ sibling: Variants.Sibling, _ selection: Selection,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        let status = sibling.file.status
        var content: [UInt8]?
        if status.size <= RepresentationCache.fileByteLimit, explanation == nil {
            content = sibling.found.content ?? WholeFile.read(sibling.file, mayBlock: mayBlock)
            guard content != nil || lookups.contains(where: { $0.path == sibling.found.path })
            else {
                let root = loop.snapshot.sites[selection.wanted.site].root
                lookUpElsewhere(sibling.found.path, root, &loop)
                return
            }
        }
        let version = UInt64(bitPattern: Int64(status.modified))
        let representation = codedRepresentation(
            sibling.coding, selection, byteCount: status.size,
            // Spreads the size over the bits that the time leaves alone most.
            distinction: version ^ UInt64(status.size) &* 0x9E37_79B9_7F4A_7C15, loop)
        respondCoded(
            representation, .file(sibling.file), content: content, status: status,
            path: sibling.file.path, selection, head, bytes, &loop)
    }

    /// Answers with a coded content, which is kept where it is small.
    private mutating func respondCoded(
        _ representation: Representation, _ source: RepresentationSource, content: [UInt8]?,
        status: FileStatus?, path: ResolvedPath?, _ selection: Selection,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard let content, content.count <= RepresentationCache.fileByteLimit, explanation == nil,
            selection.wanted.isKept
        else {
            respond(
                with: representation, source, page: selection.wanted.page, head, bytes, &loop)
            return
        }
        // The first entry tells the next request which codings there are.
        _ = keep(selection, keepsContent: false, &loop)
        let candidate = RepresentationCache.Candidate(
            representation: representation, root: loop.snapshot.sites[selection.wanted.site].root,
            status: status ?? selection.wanted.file.status, path: path,
            origin: selection.wanted.file.status,
            variants: .init(), batch: lookups.isEmpty ? loop.batch : loop.batch - 1)
        let index = loop.cache.insert(
            selection.wanted.key.span, site: selection.wanted.site, candidate, content: content,
            clock: loop.clock)
        respond(
            withEntry: index, page: selection.wanted.page, head, bytes, selection.wanted.site, &loop
        )
    }

    private func codedRepresentation(
        _ coding: ContentCoding, _ selection: Selection, byteCount: Int, distinction: UInt64,
        _ loop: borrowing Loop
    ) -> Representation {
        let identity = representation(of: selection, loop)
        let status = selection.wanted.file.status
        return Representation(
            validators: Validators(
                entityTag: EntityTag(
                    UInt64(bitPattern: Int64(status.modified)), UInt64(status.size),
                    coding: coding, distinction, isWeak: false),
                lastModified: identity.validators.lastModified),
            byteCount: byteCount, mediaType: identity.mediaType, coding: coding,
            isNegotiated: true, rule: selection.rule)
    }
}
