internal import CBrotli
internal import CZlib
internal import CZstd
public import HTTP

/// Compresses whole contents (RFC 9110 §8.4.1).
///
/// The same content gives the same bytes, as long as `fingerprint(of:)` stays the same: there is no
/// time and no name in a gzip header. It may take seconds for large contents, so it is nothing for
/// a thread that has others waiting.
public enum ContentEncoder {
    /// The content in a coding.
    ///
    /// - Parameters:
    ///   - content: all of it; up to 2 GiB.
    ///   - coding: not identity.
    ///   - limit: the most bytes that the result may have.
    /// - Returns: nil where the result would have more bytes than `limit`, or not fewer than the
    ///   content, or where memory is short.
    public static func encode(
        _ content: Span<UInt8>, as coding: ContentCoding, limit: Int = .max
    ) -> [UInt8]? {
        let capacity = min(limit, content.count - 1)
        guard capacity > 0, content.count <= Int(Int32.max) else { return nil }
        let output = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)
        defer { unsafe output.deallocate() }
        let count: Int? = unsafe content.withUnsafeBufferPointer { input in
            switch coding {
            case .identity: nil
            case .br: unsafe brotli(input, output)
            case .gzip: unsafe gzip(input, output)
            case .zstd: unsafe zstd(input, output)
            }
        }
        guard let count else { return nil }
        // A copy, since what was not needed of the capacity would be kept with the bytes.
        return unsafe Array(output[..<count])
    }

    /// Tells the bytes that this encoder makes of a content from those that other versions of it,
    /// or of its library, make: for entity tags.
    public static func fingerprint(of coding: ContentCoding) -> UInt64 {
        let version: UInt64
        switch coding {
        case .identity: return 0
        case .br: version = UInt64(BrotliEncoderVersion())
        case .zstd: version = UInt64(ZSTD_versionNumber())
        case .gzip:
            // A text, which other makes of the library have words of their own in: FNV-1a.
            var hash: UInt32 = 0x811C_9DC5
            var text = unsafe zlibVersion()
            while let byte = unsafe text?.pointee, byte != 0 {
                hash = (hash ^ UInt32(UInt8(bitPattern: byte))) &* 0x0100_0193
                unsafe text = text?.successor()
            }
            version = UInt64(hash)
        }
        return version << 8 | UInt64(level(of: coding))
    }

    /// Where the gain per time bends.
    ///
    /// On text of 1 KiB…1 MiB as it comes with systems (HTML, CSS, JavaScript, JSON, SVG, XML): MB
    /// of it per second of one core, what is left of files of 16…128 KiB, and of larger ones.
    ///
    ///     gzip 5    80…92   21.6 %  15.0 %      br 5    70…94   20.0 %  12.6 %
    ///     gzip 6    55…59   21.3 %  14.4 %      br 6    65…78   19.8 %  11.8 %
    ///     gzip 9    13…35   21.1 %  13.8 %      br 9    15…17   19.5 %  10.8 %
    ///     zstd 5  160…180   21.4 %  13.8 %      br 11       1   17.6 %   9.3 %
    ///     zstd 7  100…134   20.8 %  12.4 %
    ///     zstd 10   70…80   20.5 %  11.6 %
    ///
    /// The mode for text changed nothing below br 10, nor did windows larger than the content.
    private static func level(of coding: ContentCoding) -> CInt {
        switch coding {
        case .identity: 0
        case .br: 6
        case .gzip: 6
        case .zstd: 7
        }
    }

    private static func brotli(
        _ input: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        // The smallest window that has all of the content: it is the decoder's memory.
        var windowBits = BROTLI_MIN_WINDOW_BITS
        while windowBits < BROTLI_MAX_WINDOW_BITS, 1 << windowBits - 16 < input.count {
            windowBits += 1
        }
        var count = output.count
        let isWhole = unsafe BrotliEncoderCompress(
            level(of: .br), windowBits, BROTLI_MODE_GENERIC, input.count, input.baseAddress,
            &count, output.baseAddress)
        return isWhole == BROTLI_TRUE ? count : nil
    }

    private static func gzip(
        _ input: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        var stream = unsafe z_stream()
        guard unsafe czlib_deflate_init_gzip(&stream, level(of: .gzip)) == Z_OK else { return nil }
        defer { unsafe deflateEnd(&stream) }
        // SAFETY: deflate(3) reads through next_in only; both counts are below 2^31.
        unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = UInt32(output.count)
        guard unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END else { return nil }
        return unsafe Int(stream.total_out)
    }

    private static func zstd(
        _ input: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        guard let context = unsafe ZSTD_createCCtx() else { return nil }
        defer { unsafe ZSTD_freeCCtx(context) }
        // Up to level 19 the windows have at most 8 MiB, the most that a peer need have memory for
        // (RFC 9659 §3).
        let count = unsafe ZSTD_compressCCtx(
            context, output.baseAddress, output.count, input.baseAddress, input.count,
            level(of: .zstd))
        return ZSTD_isError(count) == 0 ? count : nil
    }
}
