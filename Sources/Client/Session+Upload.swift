internal import Linux

/// What became of an upload.
public struct Upload: Sendable {
    /// The response, with the beginning of its content.
    public let response: Session.Response
    /// How many bytes were sent.
    public let byteCount: Int
    /// Whether that was all; false where the server refused it before.
    public let isWhole: Bool
}

extension Session {
    /// Uploads a file, or what comes on the standard input.
    ///
    /// It asks the server first (`Expect: 100-continue`), and stops sending when the server has
    /// answered: what is refused costs no transfer.
    ///
    /// - Parameters:
    ///   - path: the file; nil is the standard input, which is sent with the chunked coding.
    ///   - target: where to.
    ///   - server: the server.
    ///   - fields: more field lines, such as preconditions.
    /// - Returns: the final response, and how much was sent for it.
    /// - Throws: whatever went wrong before there was a final response; `changed` where the file
    ///   changed: then the server got no whole content.
    public func put(
        path: String?, to target: RequestTarget, at server: ServerURL,
        fields: [ResponseHead.Field] = []
    ) throws(ClientError) -> Upload {
        var source = try UploadSource(path: path)
        var fields = fields
        if let count = source.byteCount {
            fields.append(.init(name: "Content-Length", value: "\(count)"))
        } else {
            fields.append(.init(name: "Transfer-Encoding", value: "chunked"))
        }
        let expects = source.byteCount != 0
        // RFC 9110 §10.1.1: not without content.
        if expects { fields.append(.init(name: "Expect", value: "100-continue")) }

        let request = Request(method: "PUT", target: target, fields: fields)
        var exchange = try Exchange(request, to: server, with: self)
        var head = expects ? try exchange.awaitContinue() : nil
        var progress = Sending(isChunked: source.byteCount == nil)
        if head == nil {
            head = try send(&source, over: &exchange, &progress)
            exchange.note(
                "\(progress.byteCount) bytes of content sent"
                    + (progress.isWhole ? "" : ", then the server answered"))
        }
        if let head, head.isSuccessful, !progress.isWhole {
            throw .malformedResponse("success (\(head.status)) before it had the whole content")
        }
        let final = if let head { head } else { try exchange.readHead() }
        let response = try exchange.response(
            final, from: target, contentByteLimit: Self.explanationByteLimit)
        return Upload(
            response: response, byteCount: progress.byteCount, isWhole: progress.isWhole)
    }

    private struct Sending {
        let isChunked: Bool
        var byteCount = 0
        var isWhole = false
    }

    /// Sends the content.
    ///
    /// - Returns: the final response, where that came before the end.
    private func send(
        _ source: inout UploadSource, over exchange: inout Exchange, _ progress: inout Sending
    ) throws(ClientError) -> ResponseHead? {
        var block: [UInt8] = []
        while true {
            try source.read(into: &block)
            let count = block.count
            if progress.isChunked {
                // RFC 9112 §7.1; the last chunk is empty and no trailer follows.
                block.insert(contentsOf: "\(String(count, radix: 16))\r\n".utf8, at: 0)
                block += "\r\n".utf8
            }
            let isLast =
                progress.isChunked ? count == 0 : progress.byteCount + count == source.byteCount
            if let head = try exchange.sendContent(block) { return head }
            progress.byteCount += count
            observer.progress?(progress.byteCount, source.byteCount)
            if isLast {
                progress.isWhole = true
                return nil
            }
        }
    }
}

extension Exchange {
    /// Waits for the server's leave to send the content, for a second: it may never have heard of
    /// such a thing (RFC 9110 §10.1.1).
    ///
    /// - Returns: the final response, where the server gave that instead.
    fileprivate mutating func awaitContinue() throws(ClientError) -> ResponseHead? {
        let end = ContinuousClock.now + .seconds(1)
        while true {
            while let head = try pollHead() {
                if !head.isInformational { return head }
                if head.status == 100 { return nil }
            }
            let patience = end - ContinuousClock.now
            if patience <= .zero {
                note("the server does not say whether it takes the content; sending it")
                return nil
            }
            _ = try connection.wait(for: .readable, patience: patience)
        }
    }

    /// Sends a block of content while the server has not answered.
    ///
    /// - Returns: the final response, where there is one; not all of the block was sent then. One
    ///   to the last block is not looked for.
    fileprivate mutating func sendContent(_ block: [UInt8]) throws(ClientError) -> ResponseHead? {
        var offset = 0
        while offset < block.count {
            while let head = try pollHead() {
                if !head.isInformational { return head }
            }
            let count: Int
            do throws(ClientError) {
                count = try connection.sendSome(block.span.extracting(offset..<block.count))
            } catch {
                // A server that refuses content may close before it has read it; what it said first
                // is still there to be read.
                while let head = try? pollHead() {
                    if !head.isInformational { return head }
                }
                throw error
            }
            offset += count
            if count == 0 { _ = try connection.wait(for: [.readable, .writable]) }
        }
        return nil
    }
}
