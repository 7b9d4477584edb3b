internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

extension Connection {
    /// The most bytes of a content that one connection sends before others have their turn.
    ///
    /// Longer turns cost more, not less: then the peer has to be woken more often.
    private static let transferTurnByteCount = 200 << 10
    /// The bytes of a file that are brought into memory at a time.
    private static let warmByteCount = 1 << 20
    /// What the smallest part of a content counts in a turn, in bytes.
    private static let partCost = 16 << 10

    /// Sends what is to be sent: what was left over, what the requests of this turn made, and the
    /// content behind it.
    ///
    /// - Returns: true when nothing is left; false when the socket is full, or the disk is asked.
    @inline(__always)
    mutating func send(_ loop: inout Loop) -> Bool {
        guard sendOutgoing(&loop) else { return false }
        guard transfer != nil else { return true }
        return sendContent(&loop)
    }

    /// Sends a cached response straight from the cache; what the socket does not take is copied.
    mutating func sendCached(_ index: Int, _ response: ReadyResponse, _ loop: inout Loop) {
        do throws(Errno) {
            let (sent, count) = try loop.cache.send(index, response, to: socket)
            loop.statistics.sentBytes &+= sent
            if sent < count {
                isWritable = false
                loop.cache.append(index, response, from: sent, to: &output)
            }
        } catch {
            if error == .again {
                isWritable = false
                loop.cache.append(index, response, to: &output)
            } else {
                closing = .now
            }
        }
    }

    @inline(__always)
    private mutating func sendOutgoing(_ loop: inout Loop) -> Bool {
        guard hasOutput || !loop.outgoing.isEmpty else { return true }
        return sendBuffers(&loop)
    }

    private mutating func sendBuffers(_ loop: inout Loop) -> Bool {
        if hasOutput {
            if !loop.outgoing.isEmpty {
                output.append(copying: loop.outgoing.span)
                loop.outgoing.removeAll(keepingCapacity: true)
            }
            guard isWritable else { return false }
            var bytes = Bytes()
            swap(&bytes, &output)
            let start = outputOffset
            outputOffset = 0
            guard let sent = send(bytes.span.extracting(start..<bytes.count), &loop) else {
                return true
            }
            guard start &+ sent < bytes.count else { return true }
            swap(&bytes, &output)
            outputOffset = start &+ sent
            return false
        }
        guard !loop.outgoing.isEmpty else { return true }
        if closing == .now || closing == .lingering {
            loop.outgoing.removeAll(keepingCapacity: true)
            return true
        }
        let count = loop.outgoing.count
        var sent = 0
        if isWritable {
            var bytes = Bytes()
            swap(&bytes, &loop.outgoing)
            sent = send(bytes.span, &loop) ?? count
            swap(&bytes, &loop.outgoing)
        }
        if sent < count {
            output.append(copying: loop.outgoing.span.extracting(sent..<count))
            outputOffset = 0
        }
        loop.outgoing.removeAll(keepingCapacity: true)
        return sent == count
    }

    /// Sends bytes; nil when the connection is lost.
    private mutating func send(_ bytes: Span<UInt8>, _ loop: inout Loop) -> Int? {
        do throws(Errno) {
            let sent = try socket.send(bytes, more: transfer != nil)
            loop.statistics.sentBytes &+= sent
            transferredByteCount &+= sent
            if sent < bytes.count { isWritable = false }
            return sent
        } catch {
            if error == .again {
                isWritable = false
                return 0
            }
            closing = .now
            finishAborted(&loop)
            return nil
        }
    }

    /// Sends on from where the content is; true when it is finished or the connection lost.
    private mutating func sendContent(_ loop: inout Loop) -> Bool {
        guard work == .none else { return false }
        var budget = turnByteCount
        while let current = transfer, isWritable {
            guard current.hasRest else {
                guard beginNextPart(current, &loop) else {
                    return work == .none && sendOutgoing(&loop)
                }
                guard sendOutgoing(&loop) else { return false }
                continue
            }
            guard budget > 0 else {
                runLater(&loop)
                return false
            }
            var count = min(current.end - current.offset, budget)
            if case .file(let file) = current.source {
                guard checkResidence(file, current, &loop) else { return false }
                count = min(count, current.residentEnd - current.offset)
            }
            guard let sent = send(current, count, &loop) else { return true }
            // A turn of many small parts is no longer than one of few large ones.
            budget -= max(sent, Self.partCost)
        }
        return transfer == nil
    }

    /// The most bytes that are sent in this turn: whole segments.
    ///
    /// A turn that ended within one would cost a packet more, and the peer a wake-up.
    private var turnByteCount: Int {
        let limit = Self.transferTurnByteCount
        guard let transfer, transfer.end - transfer.offset > limit else { return limit }
        if transfer.turnByteCount == 0 {
            let segment = max(1, socket.segmentByteCount)
            transfer.turnByteCount = max(segment, limit / segment * segment)
        }
        return transfer.turnByteCount
    }

    /// Goes on behind a range that was sent.
    ///
    /// - Returns: whether there is more to send now.
    private mutating func beginNextPart(_ current: ContentTransfer, _ loop: inout Loop) -> Bool {
        if case .pieces(let pieces, _) = current.source {
            loop.submit(to: loop.readPool, begin(.content)) { .piece(pieces.next()) }
            return false
        }
        let before = loop.outgoing.count
        let hasPart = current.beginNextPart(&loop.outgoing)
        pending?.contentByteCount += loop.outgoing.count - before
        guard !hasPart else { return true }
        transfer = nil
        finishPending(&loop)
        return false
    }

    /// Takes the next piece of content that is made while it is sent.
    mutating func continueContent(_ piece: [UInt8]?, _ loop: inout Loop) {
        guard case .pieces(_, let isChunked)? = transfer?.source else { return }
        if let piece {
            if isChunked { loop.outgoing.appendChunkSize(piece.count) }
            loop.outgoing.append(copying: piece.span)
            if isChunked { loop.outgoing.append("\r\n") }
            pending?.contentByteCount += piece.count
        } else {
            if isChunked { loop.outgoing.append("0\r\n\r\n") }
            transfer = nil
            finishPending(&loop)
        }
    }

    /// Sends of a range; nil when the connection is lost.
    private mutating func send(
        _ current: ContentTransfer, _ count: Int, _ loop: inout Loop
    ) -> Int? {
        do throws(Errno) {
            let sent: Int
            switch current.source {
            case .file(let file):
                sent = try socket.sendFile(
                    file.descriptor, from: current.offset, byteCount: count)
            case .memory(let content):
                let bytes = content.bytes
                sent = try socket.send(
                    bytes.span.extracting(current.offset..<current.offset + count))
            case .pieces:
                sent = 0
            }
            // The file is shorter than it was: the promised length cannot be kept.
            guard sent > 0 else {
                closing = .now
                finishAborted(&loop)
                return nil
            }
            transfer?.offset += sent
            loop.statistics.sentBytes &+= sent
            transferredByteCount &+= sent
            pending?.contentByteCount += sent
            return sent
        } catch {
            guard error == .again else {
                closing = .now
                finishAborted(&loop)
                return nil
            }
            isWritable = false
            return 0
        }
    }

    /// Makes sure that sending asks the disk for nothing, as far as samples of the file tell.
    ///
    /// - Returns: false when the next bytes must be brought into memory first, which is begun.
    private mutating func checkResidence(
        _ file: OpenFile, _ current: ContentTransfer, _ loop: inout Loop
    ) -> Bool {
        guard !current.isKnownResident(loop.clock.now) else { return true }
        let start = current.offset
        let end = min(current.end, start + Self.warmByteCount)
        let probes = Self.probes(start, end)
        if probes.allSatisfy({ file.descriptor.isResident(at: $0) }),
            file.descriptor.isResident(at: end - 1)
        {
            current.noteResident(upTo: end, loop.clock.now)
            return true
        }
        loop.submit(to: loop.readPool, begin(.warming)) {
            file.descriptor.readAhead(from: start, byteCount: end - start)
            // readahead(2) only starts reading, and not always all of it.
            for offset in probes {
                file.descriptor.waitUntilResident(at: offset)
            }
            file.descriptor.waitUntilResident(at: end - 1)
            return .warmed(end: end)
        }
        return false
    }

    /// Where a part of a file is probed, besides its end.
    ///
    /// What was read together is mostly dropped together; twice as many probes cost 2 % of all that
    /// sending does.
    private static func probes(_ start: Int, _ end: Int) -> StrideTo<Int> {
        stride(from: start, to: end, by: 256 << 10)
    }
}
