internal import BasicContainers
public import HTTP

/// Reads bytes at an offset into the free part of a buffer; gives how many, 0 at the end.
public typealias PieceReader<Failure: Error> =
    (_ output: inout OutputSpan<UInt8>, _ offset: Int) throws(Failure) -> Int

extension ContentDecoder {
    /// How many bytes are read, and decoded, at a time.
    private static let pieceByteCount = 65536

    /// Whether coded bytes decode to a content, and to nothing but it, also where a peer decodes
    /// them.
    ///
    /// A gzip must have just one member: curl and Chromium take the first for the whole, without a
    /// word. Of a Zstandard they take all frames.
    ///
    /// Both are read once from start to end, and no further than to the first difference: what
    /// decodes to more than there is costs no more than what there is.
    ///
    /// - Parameters:
    ///   - coding: not identity.
    ///   - coded: reads the coded bytes.
    ///   - content: reads the content.
    /// - Returns: whether they do; false also where memory is short.
    /// - Throws: what the readers throw.
    public static func decodes<Failure>(
        _ coding: ContentCoding, coded: PieceReader<Failure>, to content: PieceReader<Failure>
    ) throws(Failure) -> Bool {
        guard var decoder = ContentDecoder(coding) else { return false }
        var input = RigidArray<UInt8>(capacity: pieceByteCount)
        var output = RigidArray<UInt8>(capacity: pieceByteCount)
        var expected = RigidArray<UInt8>(capacity: pieceByteCount)
        var inputOffset = 0
        var contentOffset = 0
        while try read(coded, at: inputOffset, into: &input) > 0 {
            inputOffset += input.count
            var consumed = 0
            repeat {
                output.removeAll()
                do throws(ContentDecodingError) {
                    try output.append(addingCount: pieceByteCount) {
                        (free) throws(ContentDecodingError) in
                        consumed += try decoder.decode(
                            input.span.extracting(consumed..<input.count), into: &free)
                    }
                } catch {
                    return false
                }
                var compared = 0
                while compared < output.count {
                    let count = try read(
                        content, at: contentOffset, into: &expected, atMost: output.count - compared
                    )
                    guard count > 0,
                        expected.span.equals(
                            output.span.extracting(compared..<compared + count))
                    else { return false }
                    compared += count
                    contentOffset += count
                }
            } while consumed < input.count || output.count == pieceByteCount
        }
        guard decoder.isAtEnd, decoder.memberCount <= 1 else { return false }
        return try read(content, at: contentOffset, into: &expected) == 0
    }

    /// Replaces what a buffer has by bytes at an offset; gives how many, 0 at the end.
    private static func read<Failure>(
        _ reader: PieceReader<Failure>, at offset: Int, into buffer: inout RigidArray<UInt8>,
        atMost limit: Int = pieceByteCount
    ) throws(Failure) -> Int {
        buffer.removeAll()
        try buffer.append(addingCount: limit) { (free) throws(Failure) in
            _ = try reader(&free, offset)
        }
        return buffer.count
    }

    /// Whether coded bytes say of themselves that they decode to so many, where that is cheap to
    /// tell: for contents that are too large to be decoded for it.
    ///
    /// Only the length in a gzip's trailer (RFC 1952 §2.3.1, modulo 2^32) and in a Zstandard's
    /// first frame header (RFC 8878 §3.1.1.1) are read. Brotli has none.
    ///
    /// - Parameters:
    ///   - coding: the coding of the bytes.
    ///   - coded: reads them.
    ///   - codedByteCount: how many they are.
    ///   - contentByteCount: what they should decode to.
    /// - Returns: whether they say it.
    /// - Throws: what the reader throws.
    public static func claims<Failure>(
        _ coding: ContentCoding, coded: PieceReader<Failure>, codedByteCount: Int,
        contentByteCount: Int
    ) throws(Failure) -> Bool {
        // The longest header of a Zstandard frame, and the header and trailer of a gzip.
        var buffer = RigidArray<UInt8>(capacity: 18)
        guard try read(coded, at: 0, into: &buffer, atMost: 18) > 0 else { return false }
        switch coding {
        case .identity, .br:
            return false
        case .gzip:
            guard codedByteCount >= 18, buffer.count >= 3, buffer[0] == 0x1F, buffer[1] == 0x8B,
                buffer[2] == 0x08,
                try read(coded, at: codedByteCount - 4, into: &buffer, atMost: 4) == 4
            else { return false }
            return buffer.span.littleEndian(at: 0, count: 4)
                == UInt64(UInt32(truncatingIfNeeded: contentByteCount))
        case .zstd:
            return zstdContentByteCount(header: buffer.span) == UInt64(contentByteCount)
        }
    }

    /// The length of the content that a frame header says; nil where it says none, and where its
    /// window is larger than what a peer need have memory for.
    private static func zstdContentByteCount(header: Span<UInt8>) -> UInt64? {
        guard header.count >= 5, header.littleEndian(at: 0, count: 4) == 0xFD2F_B528 else {
            return nil
        }
        let descriptor = header[4]
        let isSingleSegment = descriptor & 0x20 != 0
        // A dictionary that nobody has, or bits that are to be zero.
        guard descriptor & 0x0B == 0 else { return nil }
        let offset = isSingleSegment ? 5 : 6
        let fieldByteCount =
            switch descriptor >> 6 {
            case 0: isSingleSegment ? 1 : 0
            case 1: 2
            case 2: 4
            default: 8
            }
        guard fieldByteCount > 0, header.count >= offset + fieldByteCount else { return nil }
        var count = header.littleEndian(at: offset, count: fieldByteCount)
        if fieldByteCount == 2 { count += 256 }
        if isSingleSegment { return count <= windowByteLimit ? count : nil }
        let base = UInt64(1) << (10 + UInt64(header[5] >> 3))
        return base + base / 8 * UInt64(header[5] & 7) <= windowByteLimit ? count : nil
    }

    private static let windowByteLimit: UInt64 = 8 << 20
}

extension Span<UInt8> {
    fileprivate func littleEndian(at offset: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
        return value
    }
}
