internal import BasicContainers
internal import Content
internal import Control
internal import HTTP
internal import Linux

extension Connection {
    /// How often a request may be sent away to look something up; then it waits here.
    private static let lookupCountLimit = 16

    /// Answers GET and HEAD with what the target's path leads to.
    mutating func respondWithFile(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        let key = bytes.extracting(head.path.range)
        if lookups.isEmpty, explanation == nil,
            let index = loop.cache.find(key, site: site, batch: loop.batch, clock: loop.clock),
            respondCached(index, key, head, bytes, site, page: nil, &loop)
        {
            return
        }
        if respondStillMissing(key, head, bytes, site, &loop) { return }
        guard let path = resolvePath(head, bytes, site, &loop) else { return }
        let rule = loop.snapshot.sites[site].rule(for: path)
        self.site = site
        guard adopt(rule, path, head, bytes, &loop) else { return }
        if redirectToCleanTarget(path, rule, head, bytes, site, &loop) { return }
        let found = locate(path, rule, loop.snapshot.sites[site].root)
        switch found.result {
        case .file(let file):
            explanation?.note(
                .file, path: file.path,
                why: file.path == path
                    ? "the path leads to it"
                    : "it is the page of the directory, or of the clean target")
            let wanted = WantedFile(
                file: file, found: found, site: site, key: key.array,
                rivals: rivals(of: file, for: path, site, loop),
                isKept: !isPageBesideFile(path, rule))
            respondFile(wanted, head, bytes, &loop)
        case .directory:
            redirectToDirectory(path, head, bytes, &loop)
        case .unindexed:
            if rule.listsDirectories {
                respondWithListing(path, rule, head, bytes, site, &loop)
            } else {
                respondMissing(rule, head, bytes, site, &loop)
            }
        case .missing, .forbidden, .wouldBlock, .failed:
            respondNotFound(found, rule, head, bytes, site, &loop)
        }
    }

    /// The path of the target; nil where the request was answered because it has none.
    private mutating func resolvePath(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) -> ResolvedPath? {
        do throws(ResolvedPath.Failure) {
            return try ResolvedPath(decoding: bytes.extracting(head.path.range))
        } catch {
            self.site = site
            rule = loop.snapshot.sites[site].defaultRule
            switch error {
            case .malformed:
                respondError(
                    .badRequest, "The path of the request target is malformed.", head, bytes,
                    &loop)
            case .hidden:
                explanation?.note(
                    .file, "none", why: "a name that begins with a dot is never served")
                respondMissing(loop.snapshot.sites[site].defaultRule, head, bytes, site, &loop)
            }
            return nil
        }
    }

    /// Notes what holds for the request's path.
    ///
    /// - Returns: false where that has answered the request: it is refused or redirected.
    mutating func adopt(
        _ rule: Rule, _ path: ResolvedPath, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) -> Bool {
        self.rule = rule
        explanation?.note(rule)
        guard !rule.isDenied else {
            respondError(.forbidden, "The path may not be accessed.", head, bytes, &loop)
            return false
        }
        guard rule.redirect == nil else {
            respondRedirect(path, rule, head, bytes, &loop)
            return false
        }
        return true
    }

    /// The shortest way: a plain GET of a file that is in memory is one send of one buffer.
    ///
    /// - Returns: false where the cache does not have what is asked for.
    mutating func respondCached(
        _ index: Int, _ key: Span<UInt8>, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ site: Int, page: FallbackPage?, _ loop: inout Loop
    ) -> Bool {
        var index = index
        if head.has(.acceptEncoding) {
            let variants = loop.cache.variants(at: index)
            guard variants.second >= loop.clock.seconds else { return false }
            if variants.order.count > 0 || head.weighsCodings {
                let coding = head.acceptedCodings(in: bytes).preferred(
                    among: variants.order.codings, order: variants.order)
                // What cannot be answered from here is answered elsewhere.
                guard let coding else { return false }
                if coding != .identity {
                    let variant = loop.cache.findVariant(
                        key, site: site, coding, of: index, batch: loop.batch, clock: loop.clock)
                    guard let variant else { return false }
                    index = variant
                }
            }
        }
        guard loop.cache.hasContent(index) else { return false }
        loop.statistics.cacheHits &+= 1
        respond(withEntry: index, page: page, head, bytes, site, &loop)
        return true
    }

    /// Answers with an entry of the cache.
    mutating func respond(
        withEntry index: Int, page: FallbackPage?, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        guard !head.isConditionalOrPartial, explanation == nil, page == nil else {
            if explanation == nil, page == nil,
                respondNotModified(withEntry: index, head, bytes, &loop)
            {
                return
            }
            let representation = loop.cache.representation(at: index)
            // For the fields of an error, if it comes to one.
            rule = representation.rule
            self.site = site
            respond(with: representation, .cached(index), page: page, head, bytes, &loop)
            return
        }
        let isGet = head.method == .get
        sendReady(index, .ok, hasContent: isGet, head, bytes, &loop)
        let byteCount = isGet ? loop.cache.contentByteCount(at: index) : 0
        finish(head, bytes, .ok, contentByteCount: byteCount, &loop)
    }

    /// Sends what an entry of the cache has ready, or puts it behind what is to be sent before.
    @inline(__always)
    private mutating func sendReady(
        _ index: Int, _ response: ReadyResponse, hasContent: Bool, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        if !hasContent || head.minorVersion == 0 || !exchange.mayPersist {
            loop.cache.append(
                index, response, persistent: exchange.mayPersist, minorVersion: head.minorVersion,
                hasContent: hasContent, to: &loop.outgoing)
        } else if bytes.count == head.byteCount, loop.outgoing.isEmpty, !hasOutput {
            sendCached(index, response, &loop)
        } else {
            loop.cache.append(index, response, to: &loop.outgoing)
        }
    }

    /// Answers a conditional request for an entry of the cache with 304, if that is what it comes
    /// to.
    private mutating func respondNotModified(
        withEntry index: Int, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) -> Bool {
        let current = loop.cache.validators(at: index)
        let outcome = head.precondition(in: bytes, current: current, now: loop.clock.date)
        guard case .notModified = outcome else { return false }
        loop.cache.prepareNotModified(index, clock: loop.clock)
        sendReady(index, .notModified, hasContent: true, head, bytes, &loop)
        finish(head, bytes, .notModified, contentByteCount: 0, &loop)
        return true
    }

    /// Answers where nothing was found that could be sent.
    private mutating func respondNotFound(
        _ found: FoundPath, _ rule: Rule, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ site: Int, _ loop: inout Loop
    ) {
        switch found.result {
        case .forbidden:
            respondError(
                .forbidden, "The file may not be read by the server.", head, bytes, &loop)
        case .wouldBlock:
            lookUpElsewhere(found.path, loop.snapshot.sites[site].root, &loop)
        case .failed(.tooManyOpenFiles), .failed(.fileTableOverflow), .failed(.outOfMemory):
            respondError(
                .serviceUnavailable, "The server is short of resources.", head, bytes, &loop,
                ErrorFields(retryAfter: 1))
        case .failed:
            respondError(
                .internalServerError, "The file could not be opened.", head, bytes, &loop)
        case .file, .directory, .unindexed, .missing:
            explanation?.note(.file, "none", why: "the path leads to nothing that is served")
            let start = loop.outgoing.count
            // Asked before the answer, with which an explanation ends.
            let isKept = rule.fallback == nil && isPlainGet(head)
            respondMissing(rule, head, bytes, site, &loop)
            if isKept { keepMissing(found.path, rule, from: start, head, bytes, site, &loop) }
        }
    }

    /// What a path leads to: what was found elsewhere for this request, else what is in memory.
    func find(_ path: ResolvedPath, _ root: SiteRoot) -> FoundPath {
        // A reload may have changed the root meanwhile.
        if let known = lookups.first(where: { $0.path == path && $0.root === root }) {
            return known
        }
        // A request that was sent away again and again, because the disk's memory is short, waits
        // here at last.
        return FoundPath(
            path: path, root: root, result: root.lookup(path, mayBlock: mayBlock), content: nil)
    }

    /// Whether the request has waited elsewhere so often that it may wait here.
    var mayBlock: Bool { lookupCount >= Self.lookupCountLimit }

    /// Has a path looked up where it may block; the request is answered when that is done.
    mutating func lookUpElsewhere(
        _ path: ResolvedPath, _ root: SiteRoot, _ loop: inout Loop
    ) {
        lookupCount += 1
        loop.submit(to: loop.readPool, begin(.lookup)) {
            let result = root.lookup(path, mayBlock: true)
            var content: [UInt8]?
            if case .file(let file) = result,
                file.status.size <= RepresentationCache.fileByteLimit
            {
                content = WholeFile.read(file, mayBlock: true)
            }
            return .lookup(FoundPath(path: path, root: root, result: result, content: content))
        }
    }

    /// Answers with a file, in the coding that the request prefers of those that there are.
    mutating func respondFile(
        _ wanted: WantedFile, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        // An index page, or the page behind a clean target, has a path of its own.
        let rule = loop.snapshot.sites[wanted.site].rule(for: wanted.file.path)
        // Who may not ask for a page may get it in place of what is missing.
        guard !rule.isDenied || wanted.page != nil else {
            respondError(.forbidden, "The path may not be accessed.", head, bytes, &loop)
            return
        }
        self.rule = rule
        guard let variants = findVariants(of: wanted.file, rule, wanted.site, &loop) else {
            return
        }
        let available = variants.order.codings
        var coding = head.acceptedCodings(in: bytes).preferred(
            among: available, order: variants.order)
        // That something is missing is said in any case.
        if wanted.page?.status == .notFound { coding = coding ?? .identity }
        guard let coding else {
            explanation?.note(
                .coding, "none",
                why: "Accept-Encoding refuses the file as it is, and there is no "
                    + "coding that it accepts")
            respondError(
                .notAcceptable, "Accept-Encoding accepts no form that the file has.", head, bytes,
                &loop, ErrorFields(variesByCoding: true))
            return
        }
        explanation?.note(coding, of: available, isAsked: head.has(.acceptEncoding))
        let selection = Selection(wanted: wanted, rule: rule, variants: variants)
        if coding == .identity {
            respondIdentity(selection, head, bytes, &loop)
        } else {
            respondCoded(coding, selection, head, bytes, &loop)
        }
    }

    /// Answers with a file as it is.
    private mutating func respondIdentity(
        _ selection: Selection, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        if let index = keep(selection, keepsContent: true, &loop) {
            respond(
                withEntry: index, page: selection.wanted.page, head, bytes, selection.wanted.site,
                &loop)
        } else if work == .none {
            respond(
                with: representation(of: selection, loop), .file(selection.wanted.file),
                page: selection.wanted.page, head, bytes, &loop)
        }
    }
}

/// A file that was found for a request.
struct WantedFile {
    let file: OpenFile
    /// Where it was found.
    let found: FoundPath
    let site: Int
    /// The key that it has in the cache.
    let key: [UInt8]
    /// Where there must be no file, or that one would be served.
    var rivals: [ResolvedPath] = []
    /// What it is sent as, where the request did not ask for it.
    var page: FallbackPage?
    /// Whether it may be served again without a look at what else is there.
    var isKept = true
}

/// A file that is to be sent, and what there is to know of it.
struct Selection {
    let wanted: WantedFile
    let rule: Rule
    let variants: Variants
}

extension Connection {
    /// What responses say of a file as it is.
    func representation(of selection: Selection, _ loop: borrowing Loop) -> Representation {
        representation(
            of: selection.wanted.file, selection.rule, selection.wanted.site,
            isNegotiated: selection.variants.order.count > 0, loop)
    }

    func representation(
        of file: OpenFile, _ rule: Rule, _ site: Int, isNegotiated: Bool,
        _ loop: borrowing Loop
    ) -> Representation {
        Representation(
            validators: loop.snapshot.sites[site].root.validators(
                of: file.status, now: loop.clock.wall),
            byteCount: file.status.size,
            mediaType: rule.mediaType(of: file), coding: .identity, isNegotiated: isNegotiated,
            rule: rule)
    }

    /// Takes what was found of a file into the cache, with its content where that is small.
    ///
    /// - Returns: the index of its entry, if that has the content; nil also where the content is
    ///   being read elsewhere (`work` is then `.lookup`).
    mutating func keep(
        _ selection: Selection, keepsContent: Bool, _ loop: inout Loop
    ) -> Int? {
        let file = selection.wanted.file
        let key = selection.wanted.key
        let representation = representation(of: selection, loop)
        // What may still change without a trace is not kept.
        guard !representation.validators.entityTag.isWeak, explanation == nil,
            selection.wanted.isKept
        else { return nil }
        let known = RepresentationCache.KnownVariants(
            order: selection.variants.order,
            second: selection.variants.mayChange ? loop.clock.seconds : Int.max)
        let index = loop.cache.update(
            key.span, site: selection.wanted.site, known, status: file.status,
            isNegotiated: representation.isNegotiated)
        if let index { return index }
        let isSmall = file.status.size <= RepresentationCache.fileByteLimit
        guard isSmall || known.order.count > 0 else { return nil }
        let isElsewhere = lookups.contains { $0.path == selection.wanted.found.path }
        var content: [UInt8]?
        if isSmall, keepsContent {
            content = selection.wanted.found.content ?? WholeFile.read(file, mayBlock: mayBlock)
            guard content != nil else {
                if !isElsewhere {
                    let root = loop.snapshot.sites[selection.wanted.site].root
                    lookUpElsewhere(selection.wanted.found.path, root, &loop)
                }
                return nil
            }
            loop.statistics.cacheMisses &+= 1
        }
        let candidate = RepresentationCache.Candidate(
            representation: representation, root: loop.snapshot.sites[selection.wanted.site].root,
            status: file.status, path: file.path, origin: nil, variants: known,
            rivals: selection.wanted.rivals,
            // What was read elsewhere was so before this batch.
            batch: isElsewhere ? loop.batch - 1 : loop.batch)
        let entry = loop.cache.insert(
            key.span, site: selection.wanted.site, candidate, content: content, clock: loop.clock)
        return content == nil ? nil : entry
    }
}

extension Rule {
    /// The Content-Type of a file that the rule is for.
    func mediaType(of file: OpenFile) -> [UInt8] {
        mediaType ?? site.mediaTypes.mediaType(forPath: file.path.bytes)
    }
}
