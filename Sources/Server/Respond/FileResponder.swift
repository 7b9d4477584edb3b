internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// Where the bytes of a representation are.
private enum RepresentationSource {
    /// In an entry of the cache.
    case cached(Int)
    /// In an open file.
    case file(OpenFile)
}

extension Connection {
    /// Answers GET and HEAD with what the target's path leads to.
    mutating func respondWithFile(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        let key = bytes.extracting(head.path.range)
        if lookup == nil,
            let index = loop.cache.find(key, site: site, batch: loop.batch, clock: loop.clock)
        {
            loop.statistics.cacheHits &+= 1
            respondCached(index, head, bytes, &loop)
            return
        }
        let path: ResolvedPath
        do throws(ResolvedPath.Failure) {
            path = try ResolvedPath(decoding: key)
        } catch {
            switch error {
            case .malformed:
                respondError(
                    .badRequest, "The path of the request target is malformed.", head, bytes,
                    &loop)
            case .hidden:
                respondMissing(head, bytes, site, &loop)
            }
            return
        }
        respondUncached(path, head, bytes, site, &loop)
    }

    /// The shortest way: a plain GET of a file that is in memory is one send of one buffer.
    private mutating func respondCached(
        _ index: Int, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard head.method == .get, head.minorVersion == 1, exchange.mayPersist,
            !head.isConditionalOrPartial
        else {
            let representation = loop.cache.representation(at: index)
            respond(with: representation, .cached(index), head, bytes, &loop)
            return
        }
        if bytes.count == head.byteCount, loop.outgoing.isEmpty, !hasOutput {
            sendCached(index, &loop)
        } else {
            loop.cache.append(index, to: &loop.outgoing)
        }
        let byteCount = loop.cache.contentByteCount(at: index)
        finish(head, bytes, .ok, contentByteCount: byteCount, &loop)
    }

    private mutating func respondUncached(
        _ path: ResolvedPath, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int,
        _ loop: inout Loop
    ) {
        let snapshotSite = loop.snapshot.sites[site]
        let found = find(path, snapshotSite.root)
        switch found.result {
        case .file(let file):
            if let index = cache(
                file, found, key: bytes.extracting(head.path.range), site, &loop)
            {
                respondCached(index, head, bytes, &loop)
            } else if work == .none {
                let representation = representation(of: file, snapshotSite, loop)
                respond(with: representation, .file(file), head, bytes, &loop)
            }
        case .directory:
            redirectToDirectory(path, head, bytes, &loop)
        case .missing:
            respondMissing(head, bytes, site, &loop)
        case .forbidden:
            respondError(
                .forbidden, "The file may not be read by the server.", head, bytes, &loop)
        case .wouldBlock:
            lookUpElsewhere(path, snapshotSite.root, &loop)
        case .failed(.tooManyOpenFiles), .failed(.fileTableOverflow), .failed(.outOfMemory):
            respondError(
                .serviceUnavailable, "The server is short of resources.", head, bytes, &loop,
                retryAfter: 1)
        case .failed:
            respondError(
                .internalServerError, "The file could not be opened.", head, bytes, &loop)
        }
    }

    /// What a path leads to: what was found elsewhere for this request, else what is in memory.
    private func find(_ path: ResolvedPath, _ root: SiteRoot) -> FoundPath {
        if let lookup, lookup.path == path { return lookup }
        // A request that was sent away again and again, because the disk's memory is short, waits
        // here at last.
        let mayBlock = lookupCount >= 4
        return FoundPath(
            path: path, result: root.lookup(path, mayBlock: mayBlock), content: nil)
    }

    private func representation(
        of file: OpenFile, _ site: Site, _ loop: borrowing Loop
    ) -> Representation {
        Representation(
            validators: site.root.validators(of: file.status, now: loop.clock.wall),
            byteCount: file.status.size,
            mediaType: loop.snapshot.mediaTypes.mediaType(forPath: file.path.bytes),
            cacheControl: site.rule(for: file.path).cacheControl)
    }

    /// Takes a small file into the cache.
    ///
    /// - Returns: the index of its entry; nil where it is not to be kept, or where its content is
    ///   being read elsewhere (`work` is then `.lookup`).
    private mutating func cache(
        _ file: OpenFile, _ found: FoundPath, key: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) -> Int? {
        let snapshotSite = loop.snapshot.sites[site]
        let isElsewhere = lookup?.path == found.path
        let representation = representation(of: file, snapshotSite, loop)
        // What may still change without a trace is not kept.
        guard file.status.size <= RepresentationCache.fileByteLimit,
            !representation.validators.entityTag.isWeak
        else { return nil }
        guard let content = found.content ?? SmallFile.read(file, mayBlock: lookupCount >= 4)
        else {
            if !isElsewhere { lookUpElsewhere(found.path, snapshotSite.root, &loop) }
            return nil
        }
        loop.statistics.cacheMisses &+= 1
        // What was read elsewhere was so before this batch.
        return loop.cache.insert(
            key, site: site, root: snapshotSite.root, file: file, content: content.span,
            representation: representation, batch: isElsewhere ? loop.batch - 1 : loop.batch,
            clock: loop.clock)
    }

    /// Has a path looked up where it may block; the request is answered when that is done.
    private mutating func lookUpElsewhere(
        _ path: ResolvedPath, _ root: SiteRoot, _ loop: inout Loop
    ) {
        lookupCount += 1
        loop.submit(to: loop.readPool, begin(.lookup)) {
            let result = root.lookup(path, mayBlock: true)
            var content: [UInt8]?
            if case .file(let file) = result,
                file.status.size <= RepresentationCache.fileByteLimit
            {
                content = SmallFile.read(file, mayBlock: true)
            }
            return .lookup(FoundPath(path: path, result: result, content: content))
        }
    }

    /// Answers with a representation, as its preconditions and range ask (RFC 9110 §13.2.2).
    private mutating func respond(
        with representation: Representation, _ source: RepresentationSource,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        let date = loop.clock.date
        switch head.precondition(in: bytes, current: representation.validators, now: date) {
        case .failed:
            respondError(
                .preconditionFailed, "A precondition does not hold.", head, bytes, &loop)
            return
        case .notModified:
            representation.appendHead(
                .notModified, to: &loop.outgoing, date: loop.clock.dateText)
            endHead(head, &loop)
            finish(head, bytes, .notModified, contentByteCount: 0, &loop)
            return
        case .holds:
            break
        }
        // Range has no meaning but for GET (§14.2).
        var range: Range<Int>?
        if head.method == .get, !head.isRepeated(.range), let value = head.value(.range, in: bytes),
            head.ifRangeHolds(in: bytes, current: representation.validators, now: date)
        {
            switch RangeRequest(parsing: value, byteCount: representation.byteCount) {
            case .whole, .parts: break
            case .part(let part): range = part
            case .unsatisfiable:
                respondUnsatisfiable(representation, head, bytes, &loop)
                return
            }
        }
        representation.appendHead(
            range == nil ? .ok : .partialContent, to: &loop.outgoing,
            date: loop.clock.dateText, range: range)
        endHead(head, &loop)
        sendContent(
            source, range ?? 0..<representation.byteCount,
            range == nil ? .ok : .partialContent, head, bytes, &loop)
    }

    /// Sends the content behind a head that was appended, and finishes.
    private mutating func sendContent(
        _ source: RepresentationSource, _ range: Range<Int>, _ status: StatusCode,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        guard head.method != .head, !range.isEmpty else {
            finish(head, bytes, status, contentByteCount: 0, &loop)
            return
        }
        switch source {
        case .cached(let index):
            loop.cache.append(index, content: range, to: &loop.outgoing)
            finish(head, bytes, status, contentByteCount: range.count, &loop)
        case .file(let file):
            let exchange = PendingExchange(head: head, bytes, start: requestStart)
            exchange.status = status
            pending = exchange
            transfer = FileTransfer(file: file, offset: range.lowerBound, end: range.upperBound)
        }
    }

    private func endHead(_ head: borrowing RequestHead, _ loop: inout Loop) {
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: head.minorVersion)
        loop.outgoing.appendEndOfFields()
    }

    private mutating func respondUnsatisfiable(
        _ representation: Representation, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        loop.beginResponse(.rangeNotSatisfiable)
        loop.outgoing.append("Content-Range: bytes */")
        loop.outgoing.append(decimal: representation.byteCount)
        loop.outgoing.append("\r\n")
        loop.outgoing.appendField("Content-Length", 0)
        endHead(head, &loop)
        finish(head, bytes, .rangeNotSatisfiable, contentByteCount: 0, &loop)
    }

    /// Sends the peer to the same target with a slash behind its path (RFC 9110 §15.4.2).
    ///
    /// The Location is the path as it was sent, with slashes in front reduced to one, so that it
    /// never reads as another authority.
    private mutating func redirectToDirectory(
        _ path: ResolvedPath, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        loop.beginResponse(.movedPermanently)
        loop.outgoing.append("Location: ")
        loop.outgoing.appendPercentEncoded(path.absolute.span)
        loop.outgoing.append(0x2F)
        if !head.query.isEmpty {
            loop.outgoing.append(0x3F)
            loop.outgoing.append(copying: bytes.extracting(head.query.range))
        }
        loop.outgoing.append("\r\n")
        loop.outgoing.appendField("Content-Length", 0)
        endHead(head, &loop)
        finish(head, bytes, .movedPermanently, contentByteCount: 0, &loop)
    }

    /// Answers for what does not exist: with the site's fallback page, if it has one.
    mutating func respondMissing(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        let snapshotSite = loop.snapshot.sites[site]
        guard let path = snapshotSite.fallback else {
            respondError(.notFound, "There is no such file.", head, bytes, &loop)
            return
        }
        let key = snapshotSite.fallbackKey
        if let index = loop.cache.find(
            key.span, site: site, batch: loop.batch, clock: loop.clock)
        {
            let representation = loop.cache.representation(at: index)
            respondFallback(representation, .cached(index), head, bytes, snapshotSite, &loop)
            return
        }
        let found = find(path, snapshotSite.root)
        switch found.result {
        case .file(let file):
            if let index = cache(file, found, key: key.span, site, &loop) {
                let representation = loop.cache.representation(at: index)
                respondFallback(representation, .cached(index), head, bytes, snapshotSite, &loop)
            } else if work == .none {
                let representation = representation(of: file, snapshotSite, loop)
                respondFallback(representation, .file(file), head, bytes, snapshotSite, &loop)
            }
        case .wouldBlock:
            lookUpElsewhere(path, snapshotSite.root, &loop)
        default:
            respondError(.notFound, "There is no such file.", head, bytes, &loop)
        }
    }

    /// Sends the fallback page: as an error's content, or as if it had been asked for.
    private mutating func respondFallback(
        _ representation: Representation, _ source: RepresentationSource,
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Site, _ loop: inout Loop
    ) {
        let status = site.fallbackStatus
        guard status == .notFound else {
            respond(with: representation, source, head, bytes, &loop)
            return
        }
        representation.appendHead(status, to: &loop.outgoing, date: loop.clock.dateText)
        endHead(head, &loop)
        sendContent(source, 0..<representation.byteCount, status, head, bytes, &loop)
    }
}

/// Reads files that are small enough to be kept.
private enum SmallFile {
    /// The whole content; nil where the disk would be asked and must not, or the file has changed
    /// by now.
    static func read(_ file: OpenFile, mayBlock: Bool) -> [UInt8]? {
        let size = file.status.size
        var content = RigidArray<UInt8>(capacity: size + 1)
        while content.count <= size {
            var count = 0
            let offset = content.count
            do throws(Errno) {
                try content.append(addingCount: size + 1 - offset) { (output) throws(Errno) in
                    count =
                        mayBlock
                        ? try file.descriptor.read(into: &output, at: offset)
                        : try file.descriptor.readResident(into: &output, at: offset)
                }
            } catch {
                return nil
            }
            if count == 0 { break }
        }
        // What was written meanwhile must not stand under the old validators.
        guard content.count == size, (try? file.descriptor.status()) == file.status else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        for index in 0..<size { bytes.append(content[index]) }
        return bytes
    }
}

extension UniqueArray<UInt8> {
    /// Appends a path with everything percent-encoded that may not stand in one (RFC 3986 §3.3).
    mutating func appendPercentEncoded(_ path: Span<UInt8>) {
        for index in 0..<path.count {
            let byte = path[index]
            // pchar and slash.
            let isPlain =
                byte.isDigit || byte.lowercased &- 0x61 < 26
                || "/-._~!$&'()*+,;=:@".utf8.contains(byte)
            if isPlain {
                append(byte)
            } else {
                append(0x25)
                for digit in [byte >> 4, byte & 15] { append(digit &+ (digit < 10 ? 0x30 : 0x37)) }
            }
        }
    }
}
