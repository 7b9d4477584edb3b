internal import BasicContainers
internal import Content
internal import Control
internal import HTTP
internal import Linux

/// An upload on its connection: the content that waits to be written, and what the answer needs.
final class UploadExchange {
    let upload: Upload
    let path: ResolvedPath
    let minorVersion: UInt8
    /// The peer waits for 100 (Continue), and has not got it.
    var awaitsContinue: Bool
    /// The most bytes of content; nil is no limit.
    let byteLimit: Int?
    /// How long the content will be, where that is known.
    let expectedByteCount: Int?
    /// The pool has made the file; with little content it does that only when all of it is there.
    var isBegun = false
    /// Content that was received and not yet written; the pool's while work is waited for.
    var content: UploadContent?
    /// Bytes of content that were received.
    var receivedByteCount = 0

    init(
        upload: Upload, path: ResolvedPath, byteLimit: Int?, expectedByteCount: Int?,
        minorVersion: UInt8, awaitsContinue: Bool
    ) {
        self.upload = upload
        self.byteLimit = byteLimit
        self.expectedByteCount = expectedByteCount
        self.path = path
        self.minorVersion = minorVersion
        self.awaitsContinue = awaitsContinue
    }

    fileprivate func append(_ bytes: Span<UInt8>, _ spare: inout SpareContents) {
        let content = content ?? spare.take()
        self.content = content
        content.append(
            bytes, expectedByteCount: expectedByteCount.map { $0 - upload.byteCount },
            pieceByteCount: spare.pieceByteCount)
    }

    /// Gives the buffer back, when no job has it any more.
    fileprivate func giveBack(_ spare: inout SpareContents) {
        if let content { spare.giveBack(content) }
        content = nil
    }
}

extension Connection {
    /// Refuses an upload for what its head says, or begins it (RFC 9110 §9.3.4).
    ///
    /// What can be refused is refused before the content, and so before 100 (Continue).
    mutating func beginUpload(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        guard loop.snapshot.sites[site].allowsUpload else {
            guard noteRule(head, bytes, site, &loop) else { return }
            respondMethodNotAllowed(head, bytes, site, &loop)
            return
        }
        guard let path = resolveTarget(head, bytes, site, &loop) else { return }
        let snapshotSite = loop.snapshot.sites[site]
        guard let policy = rule?.upload else {
            respondMethodNotAllowed(head, bytes, site, &loop)
            return
        }
        if let refusal = refusal(of: head, bytes, policy, loop) {
            respondError(refusal.status, refusal.reason, head, bytes, &loop)
            return
        }
        let exchange = PendingExchange(head: head, bytes, start: requestStart)
        let upload = Upload(
            root: snapshotSite.root, path: path, policy: policy,
            precondition: exchange.precondition)
        let expected: Int? = if case .length(let count) = head.framing { count } else { nil }
        let uploadExchange = UploadExchange(
            upload: upload, path: path, byteLimit: policy.byteLimit, expectedByteCount: expected,
            minorVersion: head.minorVersion,
            awaitsContinue: head.expectsContinue && head.minorVersion == 1)
        exchange.upload = uploadExchange
        pending = exchange
        if let explanation {
            explanation.note(.file, path: path, why: "it is what the path names")
            loop.submit(to: loop.writePool, begin(.upload)) {
                .upload(
                    Result { () throws(UploadError) in
                        let current = try upload.check(expectedByteCount: expected)
                        try upload.checkWritable()
                        return .checked(isNew: current == nil)
                    })
            }
            return
        }
        // What would be read and dropped if it were refused may as well come first: then one trip
        // to the pool is enough.
        if let expected, expected <= Self.discardByteLimit, !uploadExchange.awaitsContinue {
            if self.exchange.isRequestComplete { publish(uploadExchange, &loop) }
            return
        }
        uploadExchange.isBegun = true
        loop.submit(to: loop.writePool, begin(.upload)) {
            .upload(
                Result { () throws(UploadError) in
                    try upload.begin(expectedByteCount: expected)
                    return .begun
                })
        }
    }

    /// Why an upload is refused for its head alone, if it is.
    private func refusal(
        of head: borrowing RequestHead, _ bytes: Span<UInt8>, _ policy: UploadPolicy,
        _ loop: borrowing Loop
    ) -> RequestError? {
        guard isHostNamed(head, bytes, loop) else {
            return RequestError(
                .forbidden, "Uploads need a Host that is one of the site's names (ServerName=).")
        }
        guard !head.has(.contentRange) else {  // RFC 9110 §14.5
            return RequestError(.badRequest, "A part of a file cannot be uploaded.")
        }
        if let coding = head.value(.contentEncoding, in: bytes),
            head.isRepeated(.contentEncoding) || !coding.equalsIgnoringCase("identity")
        {
            return RequestError(.unsupportedMediaType, "Content must come without a coding.")
        }
        guard head.framing != .none else {
            return RequestError(.lengthRequired, "An upload needs Content-Length or chunked.")
        }
        if case .length(let count) = head.framing, let limit = policy.byteLimit, count > limit {
            return RequestError(.contentTooLarge, "The file is larger than UploadMaxSize=.")
        }
        return nil
    }

    /// Takes content as it comes: for the upload, or to be dropped.
    ///
    /// - Returns: whether the exchange went on: content was consumed, or it ended.
    mutating func processContent(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ loop: inout Loop
    ) -> Bool {
        let event: HTTP1Exchange.ContentEvent
        do throws(RequestError) {
            event = try exchange.receiveContent(bytes, from: &offset)
        } catch {
            respondEarly(error.status, error.reason, &loop)
            return true
        }
        if let upload = pending?.upload, let limit = upload.byteLimit {
            if case .content(let range) = event { upload.receivedByteCount += range.count }
            if upload.receivedByteCount + exchange.announcedContentByteCount > limit {
                exchange.close()
                continueUpload(.failure(.tooLarge), &loop)
                return true
            }
        }
        switch event {
        case .needMoreBytes:
            return false
        case .content(let range):
            if isDiscarding {
                discardBudget -= range.count
                if discardBudget < 0 { closing = .afterSending }
            } else if let upload = pending?.upload {
                upload.append(bytes.extracting(range), &loop.spareContents)
                if exchange.isRequestComplete {
                    publish(upload, &loop)
                } else if upload.content?.count ?? 0 >= loop.spareContents.pieceByteCount {
                    write(upload, &loop)
                }
            } else if pending?.explained != nil {
                takeExplained(bytes.extracting(range), &loop)
            }
            if exchange.isRequestComplete, isDiscarding { endDiscarding() }
            return true
        case .end:
            if isDiscarding {
                endDiscarding()
            } else if let upload = pending?.upload {
                publish(upload, &loop)
            } else if let explained = pending?.explained {
                explain(explained, &loop)
            }
            return true
        }
    }

    /// Takes content that is the head of a request that is to be explained.
    private mutating func takeExplained(_ bytes: Span<UInt8>, _ loop: inout Loop) {
        for index in 0..<bytes.count { pending?.explained?.message.append(bytes[index]) }
        guard let explained = pending?.explained else { return }
        if explained.message.count > Self.explainedByteLimit {
            respondEarly(.contentTooLarge, "The head of a request is smaller.", &loop)
        } else if exchange.isRequestComplete {
            explain(explained, &loop)
        }
    }

    private mutating func endDiscarding() {
        isDiscarding = false
        if closing == .none, !exchange.finishResponse() { closing = .afterSending }
    }

    private mutating func write(_ exchange: UploadExchange, _ loop: inout Loop) {
        let upload = exchange.upload
        let content = exchange.content
        loop.submit(to: loop.writePool, begin(.upload)) {
            .upload(
                Result { () throws(UploadError) in
                    try content?.write(to: upload)
                    return .written
                })
        }
    }

    private mutating func publish(_ exchange: UploadExchange, _ loop: inout Loop) {
        let upload = exchange.upload
        let content = exchange.content
        let isBegun = exchange.isBegun
        let expected = exchange.expectedByteCount
        exchange.isBegun = true
        loop.submit(to: loop.writePool, begin(.upload), isQuick: !isBegun && !upload.waitsForDisk) {
            .upload(
                Result { () throws(UploadError) in
                    if !isBegun {
                        try upload.begin(expectedByteCount: expected, isAllThere: true)
                    }
                    try content?.write(to: upload)
                    return .published(try upload.publish(now: WallClock.now))
                })
        }
    }

    /// Goes on with what the pool did for the upload.
    mutating func continueUpload(
        _ result: Result<UploadProgress, UploadError>, _ loop: inout Loop
    ) {
        guard let pending, let exchange = pending.upload else { return }
        switch result {
        case .success(.begun):
            if self.exchange.isRequestComplete {
                publish(exchange, &loop)
            } else if exchange.awaitsContinue {
                exchange.awaitsContinue = false
                // Content that came unasked makes it superfluous (RFC 9110 §10.1.1).
                if input.isEmpty { loop.outgoing.append("HTTP/1.1 100 Continue\r\n\r\n") }
            }
        case .success(.written):
            break
        case .success(.checked(let isNew)):
            explanation?.note(
                .answer, isNew ? "201 Created" : "204 No Content",
                why: "the content may come; Last-Modified and ETag would be the new file's")
            appendUploadedHead(isNew: isNew, validators: nil, exchange, &loop)
            pending.upload = nil
            pending.status = isNew ? .created : .noContent
            finishPending(&loop)
        case .success(.published(let published)):
            loop.noteChange()
            respondPublished(published, pending, exchange, &loop)
        case .failure(let error):
            respondUploadFailure(error, pending, exchange, &loop)
        }
    }

    private mutating func respondPublished(
        _ published: Upload.Published, _ pending: PendingExchange, _ upload: UploadExchange,
        _ loop: inout Loop
    ) {
        upload.giveBack(&loop.spareContents)
        if loop.isDraining { exchange.close() }
        appendUploadedHead(
            isNew: published.isNew, validators: published.validators, upload, &loop)
        loop.statistics.uploadsCompleted += 1
        loop.statistics.uploadedBytes += upload.upload.byteCount
        pending.upload = nil
        pending.status = published.isNew ? .created : .noContent
        finishPending(&loop)
    }

    /// Appends the head of the answer to an upload that was made: 201, or 204 where it replaced a
    /// file.
    private func appendUploadedHead(
        isNew: Bool, validators: Validators?, _ upload: UploadExchange, _ loop: inout Loop
    ) {
        beginResponse(isNew ? .created : .noContent, &loop)
        if isNew {
            loop.outgoing.append("Location: ")
            loop.outgoing.appendPercentEncoded(upload.path.absolute.span)
            loop.outgoing.append("\r\n")
            loop.outgoing.appendField("Content-Length", 0)
        }
        if let validators {
            if let lastModified = validators.lastModified {
                loop.outgoing.appendField("Last-Modified", lastModified)
            }
            loop.outgoing.appendField("ETag", validators.entityTag)
        }
        loop.outgoing.appendConnection(
            persistent: exchange.mayPersist, minorVersion: upload.minorVersion)
        loop.outgoing.appendEndOfFields()
    }

    private mutating func respondUploadFailure(
        _ error: UploadError, _ pending: PendingExchange, _ upload: UploadExchange,
        _ loop: inout Loop
    ) {
        upload.giveBack(&loop.spareContents)
        let refusal = error.refusal
        if !exchange.isRequestComplete {
            let known = exchange.remainingContentByteCount ?? 0
            if upload.awaitsContinue || known > Self.discardByteLimit || inputEnded {
                exchange.close()
            } else {
                discardBudget = Self.discardByteLimit
            }
        }
        explanation?.note(.answer, refusal.status, refusal.reason)
        if let errno = error.systemError, explanation == nil {
            loop.control.uploadFailed(upload.path, errno)
        }
        dispose(pending, &loop)
        pending.status = refusal.status
        pending.contentByteCount = appendError(
            refusal.status, refusal.reason, pending.errorPreference, isHead: false,
            minorVersion: upload.minorVersion, &loop,
            ErrorFields(retryAfter: refusal.status == .serviceUnavailable ? 1 : nil))
        if explanation == nil { loop.statistics.uploadsFailed += 1 }
        finishPending(&loop)
    }
}

extension UploadError {
    /// The status and the sentence that answer it.
    var refusal: RequestError {
        switch self {
        case .missingParent:
            RequestError(.conflict, "The directory that the file would be in does not exist.")
        case .notAFile:
            RequestError(
                .conflict, "The target is a directory, no regular file, or out of the root.")
        case .badName: RequestError(.badRequest, "The name cannot be a file's.")
        case .exists:
            RequestError(.forbidden, "The file exists, and may not be replaced here.")
        case .preconditionFailed:
            RequestError(.preconditionFailed, "A precondition does not hold.")
        case .tooLarge:
            RequestError(.contentTooLarge, "The file is larger than UploadMaxSize=.")
        case .busy: RequestError(.serviceUnavailable, "The server is short of resources.")
        case .noSpace: RequestError(.insufficientStorage, "There is no space for the file.")
        case .forbidden: RequestError(.forbidden, "The server may not write there.")
        case .failed: RequestError(.internalServerError, "The file could not be stored.")
        }
    }

    /// What the system said, where the admin has to know.
    var systemError: Errno? {
        switch self {
        case .forbidden(let error), .failed(let error): error
        case .noSpace: .noSpace
        default: nil
        }
    }
}
