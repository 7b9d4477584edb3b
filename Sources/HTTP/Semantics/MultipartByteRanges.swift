public import BasicContainers

/// The content of a response with several parts of a representation (RFC 9110 §14.6): a
/// multipart/byteranges (RFC 2046 §5.1).
///
/// It is sent as the head of the first part, the bytes of its range, and so on for all parts, and
/// the end. Its length is known beforehand, so it needs no transfer coding.
public struct MultipartByteRanges: Sendable {
    /// The ranges of the parts, in order; at least one, none empty.
    public let ranges: [Range<Int>]
    /// How many bytes the heads, the ranges and the end have together.
    public private(set) var byteCount = 0

    private let completeByteCount: Int
    private let mediaType: [UInt8]
    private let boundary: (UInt64, UInt64)

    /// The content with some parts of a representation.
    ///
    /// - Parameters:
    ///   - ranges: what the parts have, in order; at least one, none empty.
    ///   - completeByteCount: the length of the whole representation.
    ///   - mediaType: its Content-Type; empty where none is known.
    ///   - boundary: 128 bits that whoever wrote the representation could not foresee, so that it
    ///     has no line that looks like a delimiter.
    public init(
        _ ranges: [Range<Int>], of completeByteCount: Int, mediaType: [UInt8],
        boundary: (UInt64, UInt64)
    ) {
        self.ranges = ranges
        self.completeByteCount = completeByteCount
        self.mediaType = mediaType
        self.boundary = boundary
        var scratch = Bytes()
        for index in ranges.indices {
            appendPartHead(index, to: &scratch)
            byteCount += scratch.count + ranges[index].count
            scratch.removeAll(keepingCapacity: true)
        }
        appendEnd(to: &scratch)
        byteCount += scratch.count
    }

    /// Appends the Content-Type field of the response.
    public func appendContentType(to output: inout Bytes) {
        output.append("Content-Type: multipart/byteranges; boundary=")
        appendBoundary(to: &output)
        output.append("\r\n")
    }

    /// Appends what stands before the bytes of a range: delimiter and fields.
    ///
    /// - Parameters:
    ///   - index: of the range in `ranges`.
    ///   - output: where it is appended.
    public func appendPartHead(_ index: Int, to output: inout Bytes) {
        // The line end before a delimiter belongs to it, so that the bytes of a range need not end
        // a line (RFC 2046 §5.1.1).
        output.append(index > 0 ? "\r\n--" : "--")
        appendBoundary(to: &output)
        output.append("\r\n")
        if !mediaType.isEmpty { output.appendField("Content-Type", mediaType.span) }
        output.appendContentRange(ranges[index], of: completeByteCount)
        output.appendEndOfFields()
    }

    /// Appends what stands behind the bytes of the last range.
    public func appendEnd(to output: inout Bytes) {
        output.append("\r\n--")
        appendBoundary(to: &output)
        output.append("--\r\n")
    }

    private func appendBoundary(to output: inout Bytes) {
        // Of one length, so that so is the content, whatever the boundary.
        for half in [boundary.0, boundary.1] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: half >> shift) & 0xF
                output.append(digit &+ (digit < 10 ? 0x30 : 0x57))
            }
        }
    }
}
