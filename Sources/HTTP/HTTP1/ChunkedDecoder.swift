/// Takes the chunked transfer coding apart (RFC 9112 §7.1).
///
/// A state machine over the bytes as they come, split anywhere. Chunk extensions and trailer fields
/// are checked and ignored, and bounded, so that nobody can make the server read for ever.
public struct ChunkedDecoder: Sendable, BitwiseCopyable {
    private enum State: UInt8 {
        case size, sizeRest, extensionStart, extensionName, extensionAfterName
        case extensionValueStart, extensionToken, extensionQuoted, extensionEscape
        case extensionEnd, extensionGap, sizeLineFeed
        case data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed
        case endLineFeed, finished
    }

    /// What the decoder found.
    public enum Event: Equatable, Sendable {
        /// These bytes are content.
        case content(Range<Int>)
        /// The content is complete; the offset is behind it.
        case end(Int)
        /// All bytes are consumed.
        case needMoreBytes
    }

    /// The most bytes of chunk extensions and trailer fields of one request together.
    public static let overheadByteLimit = 16384

    private var state = State.size
    private var remaining = 0
    private var overhead = 0

    /// A decoder at the start of a content.
    public init() {}

    /// Whether the last chunk and the trailer section were read.
    public var isFinished: Bool { state == .finished }

    /// The bytes of the present chunk that are still to come; while its size is being read, what
    /// the digits so far say.
    public var announcedByteCount: Int { remaining }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - bytes: what was received.
    ///   - offset: where to start; moved behind what was consumed.
    /// - Returns: the next run of content, the end, or that all bytes are consumed.
    /// - Throws: `RequestError` where the bytes break the coding.
    public mutating func next(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(RequestError) -> Event {
        while offset < bytes.count {
            if state == .data {
                let count = min(remaining, bytes.count &- offset)
                let range = offset..<offset &+ count
                offset &+= count
                remaining &-= count
                if remaining == 0 { state = .dataCarriageReturn }
                return .content(range)
            }
            try step(bytes[offset])
            offset &+= 1
            if state == .finished { return .end(offset) }
        }
        return .needMoreBytes
    }

    private mutating func step(_ byte: UInt8) throws(RequestError) {
        switch state {
        case .size, .sizeRest:
            try stepSize(byte)
        case .extensionStart, .extensionName, .extensionAfterName, .extensionValueStart,
            .extensionToken, .extensionQuoted, .extensionEscape, .extensionEnd, .extensionGap:
            try countOverhead()
            try stepExtension(byte)
        case .sizeLineFeed:
            try expect(.lineFeed, byte)
            state = remaining == 0 ? .trailerStart : .data
        case .dataCarriageReturn:
            try expect(.carriageReturn, byte)
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(.lineFeed, byte)
            state = .size
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed:
            try countOverhead()
            try stepTrailer(byte)
        case .endLineFeed:
            try expect(.lineFeed, byte)
            state = .finished
        case .data, .finished:
            break
        }
    }

    private mutating func stepSize(_ byte: UInt8) throws(RequestError) {
        if let digit = byte.hexadecimalValue {
            // 15 digits do not overflow, and no content is that long.
            guard remaining >> 52 == 0 else {
                throw RequestError(.contentTooLarge, "A chunk is too large.")
            }
            if state == .sizeRest, remaining == 0 { try countOverhead() }
            remaining = state == .size ? Int(digit) : remaining << 4 | Int(digit)
            state = .sizeRest
            return
        }
        guard state == .sizeRest else { throw Self.malformed }
        switch byte {
        case .carriageReturn: state = .sizeLineFeed
        case 0x3B: state = .extensionStart
        case .space, 0x09: state = .extensionGap
        default: throw Self.malformed
        }
    }

    /// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (§7.1.1).
    private mutating func stepExtension(_ byte: UInt8) throws(RequestError) {
        switch state {
        case .extensionStart:
            if byte.isWhitespace { return }
            guard byte.isTokenCharacter else { throw Self.malformed }
            state = .extensionName
        case .extensionName where byte.isTokenCharacter,
            .extensionToken where byte.isTokenCharacter:
            break
        case .extensionName, .extensionAfterName:
            switch byte {
            case .carriageReturn where state == .extensionName: state = .sizeLineFeed
            case .space, 0x09: state = .extensionAfterName
            case 0x3B: state = .extensionStart
            case 0x3D: state = .extensionValueStart
            default: throw Self.malformed
            }
        case .extensionValueStart:
            if byte.isWhitespace { return }
            guard byte == 0x22 || byte.isTokenCharacter else { throw Self.malformed }
            state = byte == 0x22 ? .extensionQuoted : .extensionToken
        case .extensionQuoted:
            guard byte.isFieldValueCharacter else { throw Self.malformed }
            if byte == 0x5C { state = .extensionEscape }
            if byte == 0x22 { state = .extensionEnd }
        case .extensionEscape:
            guard byte.isFieldValueCharacter else { throw Self.malformed }
            state = .extensionQuoted
        default:  // .extensionToken, .extensionEnd: behind a value; .extensionGap: before a `;`
            switch byte {
            case .carriageReturn where state != .extensionGap: state = .sizeLineFeed
            case .space, 0x09: state = .extensionGap
            case 0x3B: state = .extensionStart
            default: throw Self.malformed
            }
        }
    }

    /// `*( field-line CRLF ) CRLF` (§7.1.2).
    private mutating func stepTrailer(_ byte: UInt8) throws(RequestError) {
        switch state {
        case .trailerStart:
            if byte == .carriageReturn {
                state = .endLineFeed
            } else {
                guard byte.isTokenCharacter else { throw Self.malformed }
                state = .trailerName
            }
        case .trailerName:
            guard byte.isTokenCharacter || byte == 0x3A else { throw Self.malformed }
            if byte == 0x3A { state = .trailerValue }
        case .trailerValue:
            guard byte.isFieldValueCharacter || byte == .carriageReturn else {
                throw Self.malformed
            }
            if byte == .carriageReturn { state = .trailerLineFeed }
        default:
            try expect(.lineFeed, byte)
            state = .trailerStart
        }
    }

    private mutating func countOverhead() throws(RequestError) {
        overhead &+= 1
        guard overhead <= Self.overheadByteLimit else {
            throw RequestError(
                .requestHeaderFieldsTooLarge, "Chunk extensions or trailer fields are too large.")
        }
    }

    private func expect(_ wanted: UInt8, _ byte: UInt8) throws(RequestError) {
        guard byte == wanted else { throw Self.malformed }
    }

    private static let malformed = RequestError(
        .badRequest, "The chunked transfer coding is malformed.")
}
