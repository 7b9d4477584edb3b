internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// The content of a response on its way to a peer, as far as it is in no buffer yet.
///
/// Whatever its source, it is taken in bounded pieces, so that a response of any size needs no more
/// memory than one piece. A class, because to ask whether there is one costs nothing then, which
/// every request does.
final class ContentTransfer {
    /// Where the bytes are.
    enum Source {
        /// In a file: sent by sendfile(2), where its pages are in memory.
        case file(OpenFile)
        /// In memory, shared with others.
        case memory(CodedContent)
        /// Made while it is sent; how much there is shows at its end.
        case pieces(any ContentPieces, isChunked: Bool)
    }

    let source: Source
    /// What is to be sent next.
    var offset: Int
    /// Where the present range ends.
    private(set) var end: Int
    /// Up to where the file was found, or brought, to be in memory.
    private(set) var residentEnd = 0
    /// When it was.
    private var residentAt = Instant(nanoseconds: 0)
    /// The most bytes of it that are sent before others have their turn; 0 while not worked out.
    var turnByteCount = 0
    /// The parts that follow the present range; nil where it is the only one.
    private let parts: MultipartByteRanges?
    private var nextPart = 0

    /// One range of a representation.
    init(_ source: Source, _ range: Range<Int>) {
        self.source = source
        offset = range.lowerBound
        end = range.upperBound
        parts = nil
    }

    /// Several ranges, each behind a head of its own (RFC 9110 §14.6).
    init(_ source: Source, _ parts: MultipartByteRanges) {
        self.source = source
        offset = 0
        end = 0
        self.parts = parts
    }

    /// Content that is made while it is sent.
    init(_ pieces: any ContentPieces, isChunked: Bool) {
        source = .pieces(pieces, isChunked: isChunked)
        offset = 0
        end = 0
        parts = nil
    }

    /// Whether something of the present range is left.
    var hasRest: Bool { offset < end }

    /// Whether the next bytes of the file are in memory, as far as was found out lately.
    ///
    /// What was found is believed for a moment: a peer may take its time, and memory be needed for
    /// something else meanwhile.
    func isKnownResident(_ now: Instant) -> Bool {
        offset < residentEnd && now - residentAt < 100_000_000
    }

    /// Notes that the file is in memory up to an offset.
    func noteResident(upTo end: Int, _ now: Instant) {
        residentEnd = end
        residentAt = now
    }

    /// Goes on to the next part, and appends what stands in front of it.
    ///
    /// - Returns: false where there is none: then what ends the content was appended.
    func beginNextPart(_ output: inout Bytes) -> Bool {
        guard let parts else { return false }
        guard nextPart < parts.ranges.count else {
            parts.appendEnd(to: &output)
            return false
        }
        parts.appendPartHead(nextPart, to: &output)
        offset = parts.ranges[nextPart].lowerBound
        residentEnd = 0
        end = parts.ranges[nextPart].upperBound
        nextPart += 1
        return true
    }
}

/// Content that is made piece by piece, by one thread after the other.
protocol ContentPieces: Sendable {
    /// The next bytes, never none; nil at the end. May block.
    func next() -> [UInt8]?
}
