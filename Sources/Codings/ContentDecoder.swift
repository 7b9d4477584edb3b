internal import CBrotli
internal import CZlib
internal import CZstd
public import HTTP

/// Why bytes are no content in the coding that they are said to be in.
public enum ContentDecodingError: Error {
    /// They are malformed, have more behind their end, or need more memory than is given.
    case malformed
}

/// Decodes a content piece by piece, in bounded memory: windows of at most 16 MiB (Brotli), 32 KiB
/// (gzip) and 8 MiB (Zstandard, as much as a peer need have, RFC 9659 §3).
///
/// A gzip may have many members (RFC 1952 §2.2), a Zstandard many frames (RFC 8878 §3). Behind the
/// end nothing else may stand.
@safe
public struct ContentDecoder: ~Copyable {
    @unsafe
    private enum Library {
        case brotli(OpaquePointer)
        case gzip(UnsafeMutablePointer<z_stream>)
        case zstd(OpaquePointer)
    }

    private let library: Library
    /// Whether the bytes so far are a whole content.
    public private(set) var isAtEnd = false
    /// How many members of a gzip have ended so far; 0 in other codings.
    private(set) var memberCount = 0

    /// A decoder of a coding; nil where it is identity, or where memory is short.
    public init?(_ coding: ContentCoding) {
        guard let library = unsafe Self.library(for: coding) else { return nil }
        unsafe self.library = library
    }

    deinit {
        switch unsafe library {
        case .brotli(let state): unsafe BrotliDecoderDestroyInstance(state)
        case .gzip(let stream):
            unsafe inflateEnd(stream)
            unsafe stream.deallocate()
        case .zstd(let context): unsafe ZSTD_freeDCtx(context)
        }
    }

    private static func library(for coding: ContentCoding) -> Library? {
        switch coding {
        case .identity:
            return nil
        case .br:
            return unsafe BrotliDecoderCreateInstance(nil, nil, nil).map { unsafe .brotli($0) }
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            unsafe stream.initialize(to: z_stream())
            guard unsafe czlib_inflate_init_gzip(stream) != Z_OK else {
                return unsafe .gzip(stream)
            }
            unsafe stream.deallocate()
            return nil
        case .zstd:
            guard let context = unsafe ZSTD_createDCtx() else { return nil }
            let result = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)
            guard ZSTD_isError(result) != 0 else { return unsafe .zstd(context) }
            unsafe ZSTD_freeDCtx(context)
            return nil
        }
    }

    /// Decodes bytes into the free part of a buffer, until they or it are used up.
    ///
    /// Where the buffer is full afterwards there may be more to come, also without more bytes.
    ///
    /// - Parameters:
    ///   - input: the bytes behind those that were consumed so far.
    ///   - output: what the decoded bytes are appended to.
    /// - Returns: how many of the bytes were consumed.
    /// - Throws: `ContentDecodingError`; the decoder is of no use then.
    public mutating func decode(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) throws(ContentDecodingError) -> Int {
        try unsafe input.withUnsafeBufferPointer { (input) throws(ContentDecodingError) in
            try unsafe output.withUnsafeMutableBufferPointer {
                (buffer, filled) throws(ContentDecodingError) -> Int in
                var piece = unsafe Piece(
                    input: input.baseAddress, inputCount: input.count,
                    output: buffer.baseAddress?.advanced(by: filled),
                    outputCount: buffer.count - filled)
                try unsafe decode(&piece)
                unsafe filled = buffer.count - piece.outputCount
                return unsafe input.count - piece.inputCount
            }
        }
    }

    /// What is left of the bytes and of the buffer.
    @unsafe
    private struct Piece {
        var input: UnsafePointer<UInt8>?
        var inputCount: Int
        var output: UnsafeMutablePointer<UInt8>?
        var outputCount: Int
    }

    private mutating func decode(_ piece: inout Piece) throws(ContentDecodingError) {
        // A library stops where it can do no more, and at the end of a member or frame.
        var isDone = false
        while !isDone {
            let count = unsafe piece.inputCount + piece.outputCount
            // Only what stands behind an end makes it none.
            if isAtEnd, unsafe piece.inputCount == 0 { return }
            switch unsafe library {
            case .brotli(let state): try unsafe decode(&piece, state)
            case .gzip(let stream): try unsafe decode(&piece, stream)
            case .zstd(let context): try unsafe decode(&piece, zstd: context)
            }
            unsafe isDone = piece.inputCount + piece.outputCount == count
        }
        guard unsafe piece.inputCount == 0 || piece.outputCount == 0 else { throw .malformed }
    }

    private mutating func decode(
        _ piece: inout Piece, _ state: OpaquePointer
    ) throws(ContentDecodingError) {
        guard !isAtEnd else { throw .malformed }
        // SAFETY: the counts are those of the pointers, and the library moves both.
        let result = unsafe BrotliDecoderDecompressStream(
            state, &piece.inputCount, &piece.input, &piece.outputCount, &piece.output, nil)
        guard result != BROTLI_DECODER_RESULT_ERROR else { throw .malformed }
        isAtEnd = result == BROTLI_DECODER_RESULT_SUCCESS
    }

    private mutating func decode(
        _ piece: inout Piece, _ stream: UnsafeMutablePointer<z_stream>
    ) throws(ContentDecodingError) {
        if isAtEnd {
            guard unsafe inflateReset(stream) == Z_OK else { throw .malformed }
            isAtEnd = false
        }
        let inputCount = unsafe min(piece.inputCount, 1 << 30)
        let outputCount = unsafe min(piece.outputCount, 1 << 30)
        // SAFETY: inflate(3) reads through next_in only; the counts are at most those of the
        // pointers.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.input)
        unsafe stream.pointee.avail_in = UInt32(inputCount)
        unsafe stream.pointee.next_out = piece.output
        unsafe stream.pointee.avail_out = UInt32(outputCount)
        let result = unsafe inflate(stream, Z_NO_FLUSH)
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
            throw .malformed
        }
        unsafe piece.input = UnsafePointer(stream.pointee.next_in)
        unsafe piece.inputCount -= inputCount - Int(stream.pointee.avail_in)
        unsafe piece.output = stream.pointee.next_out
        unsafe piece.outputCount -= outputCount - Int(stream.pointee.avail_out)
        isAtEnd = result == Z_STREAM_END
        if isAtEnd { memberCount += 1 }
    }

    private mutating func decode(
        _ piece: inout Piece, zstd context: OpaquePointer
    ) throws(ContentDecodingError) {
        var input = unsafe ZSTD_inBuffer(src: piece.input, size: piece.inputCount, pos: 0)
        var output = unsafe ZSTD_outBuffer(dst: piece.output, size: piece.outputCount, pos: 0)
        let result = unsafe ZSTD_decompressStream(context, &output, &input)
        guard ZSTD_isError(result) == 0 else { throw .malformed }
        unsafe piece.input = piece.input?.advanced(by: input.pos)
        unsafe piece.inputCount -= input.pos
        unsafe piece.output = piece.output?.advanced(by: output.pos)
        unsafe piece.outputCount -= output.pos
        // Without progress the result says nothing new.
        if unsafe input.pos > 0 || output.pos > 0 { isAtEnd = result == 0 }
    }
}
