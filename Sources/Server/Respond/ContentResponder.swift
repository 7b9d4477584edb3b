internal import BasicContainers
internal import Content
internal import Control
internal import HTTP
internal import Linux

extension Connection {
    /// Answers with a representation, as its preconditions and ranges ask (RFC 9110 §13.2.2).
    mutating func respond(
        with representation: Representation, _ source: RepresentationSource,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        let date = loop.clock.date
        switch head.precondition(in: bytes, current: representation.validators, now: date) {
        case .failed:
            explanation?.note(
                .precondition, "failed", why: "If-Match or If-Unmodified-Since does not hold")
            respondError(
                .preconditionFailed, "A precondition does not hold.", head, bytes, &loop)
            return
        case .notModified:
            explanation?.note(
                .precondition, "not modified", why: "the peer has this version already")
            representation.appendHead(
                .notModified, to: &loop.outgoing, date: loop.clock.dateText)
            endHead(head, &loop)
            finish(head, bytes, .notModified, contentByteCount: 0, &loop)
            return
        case .holds:
            break
        }
        let extent: Representation.Extent
        switch rangeRequest(representation, head, bytes, date) {
        case .whole:
            extent = .whole
        case .part(let part):
            explanation?.note(.range, "one part", why: "Range asks for it")
            extent = .part(part)
        case .parts(let ranges):
            explanation?.note(.range, "\(ranges.count) parts", why: "Range asks for them")
            extent = .parts(
                MultipartByteRanges(
                    ranges, of: representation.byteCount, mediaType: representation.mediaType,
                    boundary: (ProcessLimits.random(), ProcessLimits.random())))
        case .unsatisfiable:
            explanation?.note(.range, "none", why: "Range asks for nothing that is there")
            respondError(
                .rangeNotSatisfiable, "The representation has none of these ranges.", head, bytes,
                &loop, ErrorFields(completeByteCount: representation.byteCount))
            return
        }
        let status: StatusCode = if case .whole = extent { .ok } else { .partialContent }
        representation.appendHead(
            status, to: &loop.outgoing, date: loop.clock.dateText, extent: extent)
        endHead(head, &loop)
        sendContent(source, representation, extent, status, head, bytes, &loop)
    }

    /// What a Range field asks for; it has no meaning but for GET (§14.2).
    private func rangeRequest(
        _ representation: Representation, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ date: HTTPDate
    ) -> RangeRequest {
        guard head.method == .get, !head.isRepeated(.range),
            let value = head.value(.range, in: bytes),
            head.ifRangeHolds(in: bytes, current: representation.validators, now: date)
        else { return .whole }
        return RangeRequest(parsing: value, byteCount: representation.byteCount)
    }

    /// Sends the content behind a head that was appended, and finishes.
    mutating func sendContent(
        _ source: RepresentationSource, _ representation: Representation,
        _ extent: Representation.Extent, _ status: StatusCode, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        let range: Range<Int>
        var parts: MultipartByteRanges?
        switch extent {
        case .whole: range = 0..<representation.byteCount
        case .part(let part): range = part
        case .parts(let several):
            range = 0..<several.byteCount
            parts = several
        }
        guard head.method != .head, !range.isEmpty else {
            finish(head, bytes, status, contentByteCount: 0, &loop)
            return
        }
        let transferred: ContentTransfer.Source
        switch source {
        case .cached(let index):
            if let parts {
                append(parts, of: index, &loop)
            } else {
                loop.cache.append(index, content: range, to: &loop.outgoing)
            }
            finish(head, bytes, status, contentByteCount: range.count, &loop)
            return
        case .file(let file): transferred = .file(file)
        case .memory(let content): transferred = .memory(content)
        }
        // What is only explained is not sent.
        guard explanation == nil else {
            finish(head, bytes, status, contentByteCount: range.count, &loop)
            return
        }
        let exchange = PendingExchange(head: head, bytes, start: requestStart)
        exchange.status = status
        pending = exchange
        transfer =
            if let parts { ContentTransfer(transferred, parts) } else {
                ContentTransfer(transferred, range)
            }
    }

    private func append(
        _ parts: MultipartByteRanges, of index: Int, _ loop: inout Loop
    ) {
        for (number, range) in parts.ranges.enumerated() {
            parts.appendPartHead(number, to: &loop.outgoing)
            loop.cache.append(index, content: range, to: &loop.outgoing)
        }
        parts.appendEnd(to: &loop.outgoing)
    }

    /// Appends what ends every head.
    func endHead(_ head: borrowing RequestHead, _ loop: inout Loop) {
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: head.minorVersion)
        loop.outgoing.appendEndOfFields()
    }
}
