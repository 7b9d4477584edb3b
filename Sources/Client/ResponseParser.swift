/// The responses to one request, read from a stream of bytes (RFC 9112 §4 to §7).
///
/// It takes the bytes in pieces of any size and gives heads and pieces of content back; it does no
/// I/O. It refuses everything that could be read in two ways: bare CR or LF, folded lines, lengths
/// that contradict each other, a transfer coding but `chunked`.
public struct ResponseParser: Sendable {
    /// What a piece of input contained.
    public enum Event: Sendable, Equatable {
        /// A response that precedes the final one (1xx).
        case informational(ResponseHead)
        /// The head of the final response.
        case head(ResponseHead)
        /// Content: these positions of the input.
        case content(Range<Int>)
        /// The response is complete. What follows it in the input is not part of it.
        case end
    }

    /// Bytes of a status line, a field line, or a line of the chunked coding.
    public static let lineByteLimit = 16 << 10
    /// Bytes of all field lines of a head or a trailer section.
    public static let fieldSectionByteLimit = 128 << 10
    /// Informational responses before the final one.
    public static let informationalLimit = 32

    private enum State: Sendable {
        case statusLine
        case fields
        case content(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailer
        case untilClose
        case complete
    }

    private let isContentless: Bool
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var head = ResponseHead(status: 200)
    private var fieldSectionByteCount = 0
    private var informationalCount = 0
    /// Bytes of content so far.
    public private(set) var contentByteCount = 0
    /// The length that the response announced; nil where it did not.
    public private(set) var contentLength: Int?

    /// A parser of the responses to a request.
    ///
    /// - Parameter method: the request's; responses to HEAD have no content (RFC 9110 §9.3.2).
    public init(method: String) {
        isContentless = method == "HEAD"
    }

    /// Whether the final response came to its end.
    public var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - input: bytes of the stream.
    ///   - offset: where to go on in `input`; on return, what is behind it is still to be read.
    /// - Returns: what was found; nil when all of the input is read and more is needed.
    /// - Throws: `malformedResponse`. The parser is of no use afterwards.
    public mutating func next(
        _ input: [UInt8], from offset: inout Int
    ) throws(ClientError) -> Event? {
        while true {
            switch state {
            case .complete:
                return nil
            case .content(let remaining):
                if remaining == 0 {
                    state = .complete
                    return .end
                }
                guard let range = take(remaining, of: input, from: &offset) else { return nil }
                state = .content(remaining: remaining - range.count)
                return .content(range)
            case .chunk(let remaining):
                guard let range = take(remaining, of: input, from: &offset) else { return nil }
                state =
                    range.count == remaining
                    ? .chunkEnd : .chunk(remaining: remaining - range.count)
                return .content(range)
            case .untilClose:
                let range = take(Int.max, of: input, from: &offset)
                return range.map { .content($0) }
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailer:
                guard try takeLine(of: input, from: &offset) else { return nil }
                if let event = try readLine() { return event }
            }
        }
    }

    /// Says that the stream has ended.
    ///
    /// - Throws: `connectionLost` where not even a head came, `incomplete` where content is
    ///   missing.
    public mutating func finish() throws(ClientError) {
        switch state {
        case .complete: return
        case .untilClose: state = .complete
        case .content(let remaining):
            throw .incomplete(
                received: contentByteCount, expected: contentByteCount + remaining)
        case .chunkSize, .chunk, .chunkEnd, .trailer:
            throw .incomplete(received: contentByteCount, expected: nil)
        case .statusLine where line.isEmpty && informationalCount == 0:
            throw .connectionLost("the server closed the connection without a response")
        case .statusLine, .fields:
            throw .connectionLost("the server closed the connection within a response")
        }
    }

    private mutating func take(
        _ limit: Int, of input: [UInt8], from offset: inout Int
    ) -> Range<Int>? {
        let count = min(limit, input.count - offset)
        guard count > 0 else { return nil }
        let range = offset..<offset + count
        offset += count
        contentByteCount += count
        return range
    }

    /// Collects a line; its CR LF is left out.
    ///
    /// - Returns: false when more input is needed.
    private mutating func takeLine(
        of input: [UInt8], from offset: inout Int
    ) throws(ClientError) -> Bool {
        while offset < input.count {
            let byte = input[offset]
            offset += 1
            if byte == UInt8(ascii: "\n") {
                // RFC 9112 §2.2 allows a lone LF; what that allows an attacker is not worth it.
                guard line.popLast() == UInt8(ascii: "\r") else {
                    throw .malformedResponse("a line ends without a carriage return")
                }
                return true
            }
            guard line.last != UInt8(ascii: "\r") else {
                throw .malformedResponse("a carriage return within a line")
            }
            line.append(byte)
            if line.count > Self.lineByteLimit {
                throw .malformedResponse("a line of more than \(Self.lineByteLimit) bytes")
            }
        }
        return false
    }

    private mutating func readLine() throws(ClientError) -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        switch state {
        case .statusLine:
            head = try Self.statusLine(line)
            fieldSectionByteCount = 0
            state = .fields
            return nil
        case .fields:
            if line.isEmpty { return try endHead() }
            try countFieldLine()
            head.fields.append(try Self.fieldLine(line))
            return nil
        case .chunkSize:
            let size = try Self.chunkSize(line)
            fieldSectionByteCount = 0
            state = size == 0 ? .trailer : .chunk(remaining: size)
            return nil
        case .chunkEnd:
            guard line.isEmpty else {
                throw .malformedResponse("a chunk is longer than its size")
            }
            state = .chunkSize
            return nil
        case .trailer:
            if line.isEmpty {
                state = .complete
                return .end
            }
            // RFC 9110 §6.5.1: trailer fields may be discarded.
            try countFieldLine()
            _ = try Self.fieldLine(line)
            return nil
        case .content, .chunk, .untilClose, .complete:
            preconditionFailure("no line is read in content")
        }
    }

    private mutating func countFieldLine() throws(ClientError) {
        fieldSectionByteCount += line.count + 2
        if fieldSectionByteCount > Self.fieldSectionByteLimit {
            throw .malformedResponse(
                "a field section of more than \(Self.fieldSectionByteLimit) bytes")
        }
    }

    private mutating func endHead() throws(ClientError) -> Event {
        if head.isInformational {
            // Nothing here asks for another protocol (RFC 9110 §7.8).
            if head.status == 101 {
                throw .malformedResponse("a change of protocol that nobody asked for")
            }
            informationalCount += 1
            if informationalCount > Self.informationalLimit {
                throw .malformedResponse(
                    "more than \(Self.informationalLimit) informational responses")
            }
            state = .statusLine
            return .informational(head)
        }
        state = try framing()
        return .head(head)
    }

    /// How the end of the content is known (RFC 9112 §6.3).
    private mutating func framing() throws(ClientError) -> State {
        let codings = head.values(of: "Transfer-Encoding")
        let lengths = head.values(of: "Content-Length")
        if !codings.isEmpty && !lengths.isEmpty {
            // (3): it may be an attempt at response splitting.
            throw .malformedResponse("both Content-Length and Transfer-Encoding")
        }
        var length: Int?
        for value in lengths.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) })
        {
            let number = try Self.contentLength(value)
            if let length, length != number {
                throw .malformedResponse("two different values of Content-Length")
            }
            length = number
        }
        contentLength = length
        // (1)
        if isContentless || head.status == 204 || head.status == 304 {
            return .content(remaining: 0)
        }
        if !codings.isEmpty {
            guard head.minorVersion == 1, codings.count == 1,
                equalsIgnoringCase(codings[0], "chunked")
            else {
                throw .malformedResponse("a transfer coding other than chunked")
            }
            return .chunkSize
        }
        if let length { return .content(remaining: length) }
        // (8)
        return .untilClose
    }
}
