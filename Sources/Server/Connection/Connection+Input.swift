internal import BasicContainers
internal import HTTP
internal import Linux

extension Connection {
    /// Reads once, and does what the bytes ask for.
    ///
    /// - Returns: false when there was nothing to read.
    mutating func receive(
        _ loop: inout Loop, _ head: inout RequestHead, _ buffer: inout RigidArray<UInt8>
    ) -> Bool {
        buffer.removeAll()
        let capacity = buffer.capacity
        var count = 0
        do throws(Errno) {
            try buffer.append(addingCount: capacity) { (output) throws(Errno) in
                count = try socket.receive(into: &output)
            }
        } catch {
            isReadable = false
            if error == .again { return false }
            closing = .now
            finishAborted(&loop)
            return true
        }
        guard count > 0 else {
            isReadable = false
            inputEnded = true
            endInput(&loop)
            return true
        }
        noteReceived(count, isAll: count < capacity, &loop)
        if closing == .lingering {
            discardBudget &-= count
            if discardBudget < 0 { closing = .now }
            return true
        }
        if input.isEmpty {
            processReceived(buffer.span, &loop, &head)
        } else {
            input.append(copying: buffer.span)
            _ = processInput(&loop, &head)
        }
        return true
    }

    /// Reads once, for `process(_:of:isAll:_:_:)`; the connection is idle.
    ///
    /// What cannot be read now is found out again when its turn comes.
    @inline(__always)
    mutating func receiveAhead(_ buffer: inout RigidArray<UInt8>, byteLimit: Int) {
        buffer.append(addingCount: byteLimit) { output in
            _ = try? socket.receive(into: &output)
        }
    }

    /// Does what bytes ask for that were received ahead.
    ///
    /// - Parameters:
    ///   - range: where they are.
    ///   - buffer: what they are in.
    ///   - isAll: whether the socket was emptied.
    ///   - loop: the loop.
    ///   - head: is parsed into.
    mutating func process(
        _ range: Range<Int>, of buffer: inout RigidArray<UInt8>, isAll: Bool,
        _ loop: inout Loop, _ head: inout RequestHead
    ) {
        noteReceived(range.count, isAll: isAll, &loop)
        processReceived(buffer.span.extracting(range), &loop, &head)
    }

    @inline(__always)
    private mutating func noteReceived(_ count: Int, isAll: Bool, _ loop: inout Loop) {
        // A short read has emptied the socket (epoll(7)); an end that was seen is still to be read.
        if isAll, !sawEnd { isReadable = false }
        loop.statistics.receivedBytes &+= count
        transferredByteCount &+= count
    }

    /// Does what the bytes ask for, of which nothing waits before them, and keeps what is left.
    @inline(__always)
    private mutating func processReceived(
        _ bytes: Span<UInt8>, _ loop: inout Loop, _ head: inout RequestHead
    ) {
        let consumed = process(bytes, &loop, &head)
        guard consumed < bytes.count else { return }
        input.reserveCapacity(bytes.count &- consumed)
        input.append(copying: bytes.extracting(consumed..<bytes.count))
    }

    /// Does what the kept bytes ask for.
    ///
    /// - Returns: how many were consumed.
    mutating func processInput(_ loop: inout Loop, _ head: inout RequestHead) -> Int {
        var bytes = Bytes()
        swap(&bytes, &input)
        let consumed = process(bytes.span, &loop, &head)
        if consumed < bytes.count {
            bytes.removeSubrange(0..<consumed)
            swap(&bytes, &input)
        }
        return consumed
    }

    /// Answers the requests that the bytes begin with, in order, as far as that needs no waiting.
    ///
    /// - Returns: how many bytes were consumed.
    private mutating func process(
        _ bytes: Span<UInt8>, _ loop: inout Loop, _ head: inout RequestHead
    ) -> Int {
        var offset = 0
        while work == .none, transfer == nil, closing == .none, !hasOutput,
            loop.outgoing.count < 64 << 10
        {
            if exchange.expectsHead {
                guard offset < bytes.count else { break }
                let rest = bytes.extracting(offset..<bytes.count)
                guard let count = processHead(rest, &loop, &head) else { break }
                offset &+= count
            } else {
                let before = offset
                let isComplete = processContent(bytes, &offset, &loop)
                if !isComplete, offset == before { break }
            }
        }
        return closing == .none ? offset : bytes.count
    }

    /// Reads a head and answers its request.
    ///
    /// - Returns: how many bytes were consumed; nil when more are needed, or the request waits.
    private mutating func processHead(
        _ bytes: Span<UInt8>, _ loop: inout Loop, _ head: inout RequestHead
    ) -> Int? {
        if requestStart.nanoseconds == 0 { requestStart = loop.clock.now }
        let before = exchange
        do throws(RequestError) {
            guard try exchange.receiveHead(bytes, into: &head) else { return nil }
        } catch {
            refuse(error, head, bytes, &loop)
            return bytes.count
        }
        respond(head, bytes, &loop)
        guard work != .lookup else {
            exchange = before
            forgetSite()
            return nil
        }
        if lookupCount > 0 { forgetLookups() }
        return head.byteCount
    }

    /// Lets go of what holds for a request, as when it is over or begins anew.
    mutating func forgetSite() {
        site = -1
        rule = nil
    }

    /// Lets go of what was found out for a request.
    mutating func forgetLookups() {
        lookups = []
        listing = nil
        lookupCount = 0
    }

    /// Acts on the end of the peer's direction.
    private mutating func endInput(_ loop: inout Loop) {
        if closing != .none {
            closing = .now
        } else if exchange.expectsHead {
            // Half a request; or the peer has gone between two, as it may.
            if !input.isEmpty, work == .none {
                refuse(RequestError(.badRequest, "The request ends within its head."), &loop)
            } else if work == .none, !hasOutput, loop.outgoing.isEmpty {
                closing = .now
            }
        } else if !exchange.isRequestComplete {
            respondEarly(.badRequest, "The content ends early.", &loop)
        }
    }

    /// Refuses what can no longer become a request; the head is what could be read of it.
    mutating func refuse(_ error: RequestError, _ loop: inout Loop) {
        var head = RequestHead()
        var bytes = Bytes()
        swap(&bytes, &input)
        _ = try? head.parse(bytes.span)
        refuse(error, head, bytes.span, &loop)
    }
}
