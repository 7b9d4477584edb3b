internal import BasicContainers
internal import Content
internal import Control
internal import HTTP
internal import Linux

/// A listing that was read for a request, or why it could not be.
struct FoundListing: Sendable {
    let path: ResolvedPath
    let result: Result<ListingContent, Errno>
}

extension ListingContent: ContentPieces {}

extension Connection {
    /// Answers with what is in a directory; it is read where that may block.
    mutating func respondWithListing(
        _ path: ResolvedPath, _ rule: Rule, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ site: Int, _ loop: inout Loop
    ) {
        guard let listing, listing.path == path else {
            readListing(path, rule, head, bytes, site, &loop)
            return
        }
        switch listing.result {
        case .success(let content):
            explanation?.note(.file, path: path, why: "it is a directory, and Listing=yes")
            respond(with: content, rule, head, bytes, &loop)
        case .failure(.accessDenied), .failure(.notPermitted):
            respondError(
                .forbidden, "The directory may not be read by the server.", head, bytes, &loop)
        case .failure(.tooManyOpenFiles), .failure(.fileTableOverflow), .failure(.outOfMemory):
            respondError(
                .serviceUnavailable, "The server is short of resources.", head, bytes, &loop,
                ErrorFields(retryAfter: 1))
        case .failure(.notFound), .failure(.notDirectory):
            respondMissing(rule, head, bytes, site, &loop)
        case .failure:
            respondError(
                .internalServerError, "The directory could not be read.", head, bytes, &loop)
        }
    }

    private mutating func readListing(
        _ path: ResolvedPath, _ rule: Rule, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ site: Int, _ loop: inout Loop
    ) {
        lookupCount += 1
        let snapshotSite = loop.snapshot.sites[site]
        let root = snapshotSite.root
        let name = snapshotSite.shownName
        let order = ListingOrder(query: bytes.extracting(head.query.range))
        let form = head.listingForm(in: bytes)
        // What the host does not allow is not offered.
        let capabilities =
            isHostNamed(head, bytes, loop) ? rule.listingCapabilities : ListingCapabilities()
        let ticket = begin(.lookup)
        let mailbox = loop.mailbox
        loop.listings.request(path, below: root, order: order) { outcome in
            let result = outcome.map {
                ListingContent($0, form: form, capabilities: capabilities, siteName: name)
            }
            mailbox.send(.completed(ticket, .listing(FoundListing(path: path, result: result))))
        }
    }

    private mutating func respond(
        with content: ListingContent, _ rule: Rule, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        let validators = Validators(entityTag: content.entityTag, lastModified: nil)
        let status: StatusCode
        switch head.precondition(in: bytes, current: validators, now: loop.clock.date) {
        case .failed:
            respondError(
                .preconditionFailed, "A precondition does not hold.", head, bytes, &loop)
            return
        case .notModified: status = .notModified
        case .holds: status = .ok
        }
        let isChunked = head.minorVersion >= 1
        if !isChunked { exchange.close() }
        beginResponse(status, &loop)
        if status == .ok {
            loop.outgoing.appendField("Content-Type", content.mediaType)
            if isChunked { loop.outgoing.appendField("Transfer-Encoding", "chunked") }
            if content.form == .html {
                loop.outgoing.appendField(
                    "Content-Security-Policy", ListingContent.securityPolicy)
            }
        }
        loop.outgoing.appendField("ETag", content.entityTag)
        loop.outgoing.appendField("Vary", "Accept")
        if let cacheControl = rule.cacheControl {
            loop.outgoing.appendField("Cache-Control", cacheControl.span)
        } else {
            // What is in a directory changes at any time.
            loop.outgoing.appendField("Cache-Control", "no-cache")
        }
        endHead(head, &loop)
        if status == .ok, head.method != .head, explanation != nil {
            finishExplaining(status, contentByteCount: nil, &loop)
            return
        }
        guard status == .ok, head.method != .head else {
            finish(head, bytes, status, contentByteCount: 0, &loop)
            return
        }
        let exchange = PendingExchange(head: head, bytes, start: requestStart)
        exchange.status = status
        pending = exchange
        transfer = ContentTransfer(content, isChunked: isChunked)
    }
}

extension RequestHead {
    /// The form of a listing that the request asks for.
    fileprivate func listingForm(in bytes: Span<UInt8>) -> ListingContent.Form {
        guard let accept = value(.accept, in: bytes), !isRepeated(.accept) else { return .html }
        switch ListingForm(accept: accept) {
        case .html: return .html
        case .json: return .json
        }
    }
}

extension Rule {
    /// What a listing says may be done in the directory.
    fileprivate var listingCapabilities: ListingCapabilities {
        var capabilities = ListingCapabilities()
        if let upload {
            capabilities.upload = true
            capabilities.overwrite = upload.allowsOverwriting
            capabilities.createDirectories = upload.createsDirectories
            capabilities.maximumSize = upload.byteLimit
        }
        capabilities.delete = allowsDelete
        return capabilities
    }
}
