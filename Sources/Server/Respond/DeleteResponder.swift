internal import BasicContainers
internal import Configuration
internal import Content
internal import Control
internal import HTTP
internal import Linux

extension Connection {
    /// Refuses a deletion for what its head says, or has it done (RFC 9110 §9.3.5).
    mutating func respondToDelete(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ site: Int, _ loop: inout Loop
    ) {
        guard loop.snapshot.sites[site].allowsDelete else {
            guard noteRule(head, bytes, site, &loop) else { return }
            respondMethodNotAllowed(head, bytes, site, &loop)
            return
        }
        guard let path = resolveTarget(head, bytes, site, &loop) else { return }
        let snapshotSite = loop.snapshot.sites[site]
        guard rule?.allowsDelete == true else {
            respondMethodNotAllowed(head, bytes, site, &loop)
            return
        }
        guard isHostNamed(head, bytes, loop) else {
            respondError(
                .forbidden,
                "A deletion needs a Host that is one of the site's names (ServerName=).",
                head, bytes, &loop)
            return
        }
        let exchange = PendingExchange(head: head, bytes, start: requestStart)
        // What holds below a directory holds for the directory, however its path is written.
        let inner = snapshotSite.rule(for: path.asDirectory)
        let deletion = Deletion(
            root: snapshotSite.root, path: path,
            durability: snapshotSite.defaults.settings.uploadDurability.policy,
            allowsDirectory: inner.allowsDelete && !inner.isDenied,
            precondition: exchange.precondition)
        let isExplained = explanation != nil
        if !isExplained { finishOrDiscardRequest(head) }
        // What the log says where the connection is lost before it is done.
        exchange.status = .internalServerError
        pending = exchange
        explanation?.note(.file, path: path, why: "it is what the path names")
        loop.submit(to: loop.writePool, begin(.deletion)) {
            .deletion(
                Result { () throws(DeletionError) in
                    try isExplained ? deletion.check() : deletion.perform()
                })
        }
    }

    /// Answers with what came of a deletion.
    mutating func respondDeleted(
        _ result: Result<Void, DeletionError>, _ loop: inout Loop
    ) {
        guard let pending else { return }
        if loop.isDraining { exchange.close() }
        var head = RequestHead()
        let headBytes = pending.headBytes
        _ = try? head.parse(headBytes.span)
        switch result {
        case .success:
            loop.noteChange()
            beginResponse(.noContent, &loop)
            endHead(head, &loop)
            pending.status = .noContent
        case .failure(let error):
            let refusal = error.refusal
            if case .forbidden(let errno) = error, explanation == nil,
                let path = try? ResolvedPath(decoding: headBytes.span.extracting(head.path.range))
            {
                loop.control.uploadFailed(path, errno)
            }
            explanation?.note(.answer, refusal.status, refusal.reason)
            pending.contentByteCount = appendError(
                refusal.status, refusal.reason, pending.errorPreference, isHead: false,
                minorVersion: head.minorVersion, &loop,
                ErrorFields(retryAfter: refusal.status == .serviceUnavailable ? 1 : nil))
            pending.status = refusal.status
        }
        finishPending(&loop)
    }
}

extension PendingExchange {
    /// Judges the request's preconditions, on any thread.
    var precondition: @Sendable (Validators?) -> Precondition {
        let headBytes = headBytes
        return { current in
            var head = RequestHead()
            guard (try? head.parse(headBytes.span)) == true else { return .failed }
            let now = HTTPDate(seconds: WallClock.now / 1_000_000_000)
            return head.precondition(in: headBytes.span, current: current, now: now)
        }
    }
}

extension DeletionError {
    /// The status and the sentence that answer it.
    var refusal: RequestError {
        switch self {
        case .missing: RequestError(.notFound, "There is no such file.")
        case .notAFile: RequestError(.conflict, "The target is neither a file nor a directory.")
        case .directory: RequestError(.forbidden, "The directory may not be removed.")
        case .notEmpty: RequestError(.conflict, "The directory is not empty.")
        case .preconditionFailed:
            RequestError(.preconditionFailed, "A precondition does not hold.")
        case .busy: RequestError(.serviceUnavailable, "The server is short of resources.")
        case .forbidden: RequestError(.forbidden, "The server may not remove it.")
        case .failed: RequestError(.internalServerError, "The file could not be removed.")
        }
    }
}
