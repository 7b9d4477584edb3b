/// One connection's side of HTTP/1.x: which byte belongs to what, and whether another exchange may
/// follow (RFC 9112 §6, §9).
///
/// Takes bytes, gives events, and does no I/O, so that every split of the input can be tested. It
/// moves through head, content, done, and back to head when the response is finished too:
///
///     head ──receiveHead──▶ content ──receiveContent──▶ done ──finishResponse──▶ head
///       │                      │                                     │
///       └──────── error ───────┴────────▶ closed ◀── not persistent ─┘
///
/// After an error no byte of the connection is ever read as a request again.
public struct HTTP1Exchange: Sendable, BitwiseCopyable {
    @usableFromInline
    enum Reading: Sendable, BitwiseCopyable {
        case head
        case length(remaining: Int)
        case chunked(ChunkedDecoder)
        case done
        case closed
    }

    /// What was found in the content.
    public enum ContentEvent: Equatable, Sendable {
        /// These bytes are content.
        case content(Range<Int>)
        /// The content is complete.
        case end
        /// All bytes are consumed.
        case needMoreBytes
    }

    @usableFromInline var reading = Reading.head
    private var attemptedByteCount = 0
    @usableFromInline var isPersistent = true

    /// A connection before its first request.
    public init() {}

    /// Whether the next bytes are a request's.
    @inlinable
    public var expectsHead: Bool {
        if case .head = reading { true } else { false }
    }

    /// Whether the request was read to its end.
    @inlinable
    public var isRequestComplete: Bool {
        if case .done = reading { true } else { false }
    }

    /// Whether another request may follow the one that is read or answered now.
    @inlinable
    public var mayPersist: Bool {
        if case .closed = reading { false } else { isPersistent }
    }

    /// The bytes of content that are known to come: the rest of it, or of the present chunk.
    public var announcedContentByteCount: Int {
        switch reading {
        case .length(let remaining): remaining
        case .chunked(let decoder): decoder.announcedByteCount
        case .done, .head, .closed: 0
        }
    }

    /// The bytes of content that are still to come, where the request said how many.
    public var remainingContentByteCount: Int? {
        switch reading {
        case .length(let remaining): remaining
        case .done: 0
        case .head, .chunked, .closed: nil
        }
    }

    /// Reads a request's head.
    ///
    /// - Parameters:
    ///   - bytes: all that was received and not consumed.
    ///   - head: is parsed into; `head.byteCount` bytes are consumed when the result is true.
    /// - Returns: false when more bytes are needed.
    /// - Throws: `RequestError` where the request is refused; the exchange is then closed.
    @inline(__always)
    public mutating func receiveHead(
        _ bytes: Span<UInt8>, into head: inout RequestHead
    ) throws(RequestError) -> Bool {
        guard isWorthAnAttempt(bytes) else { return false }
        do throws(RequestError) {
            guard try head.parse(bytes) else {
                attemptedByteCount = bytes.count
                return false
            }
        } catch {
            reading = .closed
            throw error
        }
        begin(head)
        return true
    }

    /// Takes a parsed head as the start of an exchange.
    @inline(__always)
    private mutating func begin(_ head: borrowing RequestHead) {
        attemptedByteCount = 0
        isPersistent = head.isPersistent
        reading =
            switch head.framing {
            case .none, .length(0): .done
            case .length(let count): .length(remaining: count)
            case .chunked: .chunked(ChunkedDecoder())
            }
    }

    /// A sender of single bytes must not cost a whole parse each: only the end of a line, or twice
    /// as many bytes as last time, can change the outcome.
    private func isWorthAnAttempt(_ bytes: Span<UInt8>) -> Bool {
        if attemptedByteCount == 0 || bytes.count >= 2 &* attemptedByteCount { return true }
        for index in attemptedByteCount..<bytes.count where bytes[index] == .lineFeed {
            return true
        }
        return false
    }

    /// Reads the request's content.
    ///
    /// - Parameters:
    ///   - bytes: what was received and not consumed.
    ///   - offset: where to start; moved behind what was consumed.
    /// - Returns: the next run of content, its end, or that all bytes are consumed.
    /// - Throws: `RequestError` where the chunked coding is malformed; the exchange is then closed.
    public mutating func receiveContent(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(RequestError) -> ContentEvent {
        switch reading {
        case .done, .head, .closed:
            return .end
        case .length(let remaining):
            let count = min(remaining, bytes.count &- offset)
            guard count > 0 else { return .needMoreBytes }
            let range = offset..<offset &+ count
            offset &+= count
            reading = remaining == count ? .done : .length(remaining: remaining &- count)
            return .content(range)
        case .chunked(var decoder):
            do throws(RequestError) {
                let event = try decoder.next(bytes, from: &offset)
                reading = decoder.isFinished ? .done : .chunked(decoder)
                switch event {
                case .content(let range): return .content(range)
                case .end: return .end
                case .needMoreBytes: return .needMoreBytes
                }
            } catch {
                reading = .closed
                throw error
            }
        }
    }

    /// Ends the connection behind the response that is being sent.
    public mutating func close() {
        isPersistent = false
    }

    /// Notes that the response is complete.
    ///
    /// - Returns: whether the connection goes on with the next request.
    @inlinable
    public mutating func finishResponse() -> Bool {
        guard isPersistent, case .done = reading else {
            reading = .closed
            return false
        }
        reading = .head
        return true
    }
}
