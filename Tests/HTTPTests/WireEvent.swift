import HTTP

/// What a connection's bytes were found to be, in order.
enum WireEvent: Equatable {
    /// Method and target.
    case head(String)
    /// All content of a request that came, however it was split.
    case content([UInt8])
    case end
    case refused(Int)
    /// The connection ends behind the response.
    case closed
    /// The bytes end within a head.
    case incompleteHead
    /// The bytes end within content.
    case incompleteContent

    static func all(in text: String) -> [WireEvent] {
        all(in: Array(text.utf8), receivedUpTo: [])
    }

    /// Reads as a connection does, from bytes that come in parts which end at these offsets, and
    /// answers each request at once.
    static func all(in bytes: [UInt8], receivedUpTo ends: [Int]) -> [WireEvent] {
        var reader = WireReader()
        for end in ends + [bytes.count] {
            reader.receive(bytes.span.extracting(0..<end))
            if reader.isClosed { return reader.events }
        }
        if !reader.exchange.expectsHead {
            reader.events.append(.incompleteContent)
        } else if reader.offset < bytes.count {
            reader.events.append(.incompleteHead)
        }
        return reader.events
    }
}

private struct WireReader: ~Copyable {
    var exchange = HTTP1Exchange()
    var head = RequestHead()
    var events: [WireEvent] = []
    var offset = 0
    var isClosed = false

    mutating func receive(_ bytes: Span<UInt8>) {
        do {
            while !isClosed {
                let goesOn =
                    exchange.expectsHead ? try readHead(bytes) : try readContent(bytes)
                if !goesOn { return }
            }
        } catch {
            events.append(.refused(Int(error.status.rawValue)))
            isClosed = true
        }
    }

    private mutating func readHead(_ bytes: Span<UInt8>) throws(RequestError) -> Bool {
        let rest = bytes.extracting(offset..<bytes.count)
        guard rest.count > 0, try exchange.receiveHead(rest, into: &head) else { return false }
        events.append(
            .head(
                rest.extracting(head.methodToken.range).text + " "
                    + rest.extracting(head.target.range).text))
        offset += head.byteCount
        if exchange.isRequestComplete { finish() }
        return true
    }

    private mutating func readContent(_ bytes: Span<UInt8>) throws(RequestError) -> Bool {
        switch try exchange.receiveContent(bytes, from: &offset) {
        case .needMoreBytes:
            return false
        case .content(let range):
            var content = range.map { bytes[$0] }
            if case .content(let begun) = events.last {
                content = begun + content
                events.removeLast()
            }
            events.append(.content(content))
        case .end:
            break
        }
        if exchange.isRequestComplete { finish() }
        return true
    }

    private mutating func finish() {
        events.append(.end)
        guard !exchange.finishResponse() else { return }
        events.append(.closed)
        isClosed = true
    }
}
