internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

extension Connection {
    /// The most bytes of a file that one connection sends before others have their turn.
    private static let transferTurnByteCount = 1 << 20
    /// The bytes of a file that are brought into memory at a time.
    private static let warmByteCount = 1 << 20

    /// Sends what is to be sent: what was left over, what the requests of this turn made, and the
    /// file behind it.
    ///
    /// - Returns: true when nothing is left; false when the socket is full, or the disk is asked.
    mutating func send(_ loop: inout Loop) -> Bool {
        guard sendOutgoing(&loop) else { return false }
        guard transfer != nil else { return true }
        return sendFile(&loop)
    }

    /// Sends a cached response straight from the cache; what the socket does not take is copied.
    mutating func sendCached(_ index: Int, _ loop: inout Loop) {
        do throws(Errno) {
            let (sent, count) = try loop.cache.send(index, to: socket)
            loop.statistics.sentBytes &+= sent
            if sent < count {
                isWritable = false
                loop.cache.append(index, from: sent, to: &output)
            }
        } catch {
            if error == .again {
                isWritable = false
                loop.cache.append(index, to: &output)
            } else {
                closing = .now
            }
        }
    }

    private mutating func sendOutgoing(_ loop: inout Loop) -> Bool {
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

    /// Sends on from the file; true when it is finished or the connection lost.
    private mutating func sendFile(_ loop: inout Loop) -> Bool {
        guard work == .none else { return false }
        var budget = Self.transferTurnByteCount
        while let current = transfer, isWritable {
            guard current.offset < current.end else { break }
            guard budget > 0 else {
                runLater(&loop)
                return false
            }
            let count = min(current.end - current.offset, Self.warmByteCount, budget)
            if !current.isWarm, !isResident(current, count) {
                warm(current, count, &loop)
                return false
            }
            do throws(Errno) {
                let sent = try socket.sendFile(
                    current.file.descriptor, from: current.offset, byteCount: count)
                // The file is shorter than it was: the promised length cannot be kept.
                guard sent > 0 else {
                    closing = .now
                    finishAborted(&loop)
                    return true
                }
                transfer?.offset += sent
                transfer?.isWarm = false
                loop.statistics.sentBytes &+= sent
                transferredByteCount &+= sent
                pending?.contentByteCount += sent
                budget -= sent
            } catch {
                guard error == .again else {
                    closing = .now
                    finishAborted(&loop)
                    return true
                }
                isWritable = false
            }
        }
        guard let current = transfer, current.offset == current.end else { return false }
        transfer = nil
        finishPending(&loop)
        return true
    }

    /// Whether sending that part asks the disk for nothing, as far as samples of it tell.
    private func isResident(_ transfer: FileTransfer, _ count: Int) -> Bool {
        transfer.probes(count).allSatisfy { transfer.file.descriptor.isResident(at: $0) }
    }

    /// Has the next part brought into memory.
    private mutating func warm(_ transfer: FileTransfer, _ count: Int, _ loop: inout Loop) {
        loop.submit(to: loop.readPool, begin(.warming)) {
            transfer.file.descriptor.readAhead(from: transfer.offset, byteCount: count)
            // readahead(2) only starts reading, and not always all of it.
            for offset in transfer.probes(count) {
                transfer.file.descriptor.waitUntilResident(at: offset)
            }
            return .warmed
        }
    }
}
