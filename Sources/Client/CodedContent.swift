internal import Codings
internal import HTTP

/// Content that comes in a coding (RFC 9110 §8.4.1) and is decoded piece by piece.
struct CodedContent: ~Copyable {
    /// The name of the coding.
    let name: String
    /// How many bytes were decoded so far.
    private(set) var byteCount = 0
    private var decoder: ContentDecoder
    private var block: [UInt8] = []

    /// The codings that can be decoded, as Accept-Encoding has them.
    static let acceptEncoding = ContentCoding.allCases.filter { $0 != .identity }
        .map { "\($0.token)" }.joined(separator: ", ")

    /// A decoder of the content of a response.
    ///
    /// - Returns: nil where it has no coding.
    /// - Throws: `notVerified` where it has one that is not known here, or several.
    init?(of head: ResponseHead) throws(ClientError) {
        guard let name = head.contentCoding, head.status != 204 else { return nil }
        guard let coding = ContentCoding(token: Array(name.utf8).span),
            let decoder = ContentDecoder(coding)
        else {
            throw .notVerified(
                "the content is coded (\(TerminalText.escape(name))) as cannot be decoded here")
        }
        self.name = name
        self.decoder = decoder
    }

    /// Decodes a piece.
    ///
    /// - Parameters:
    ///   - piece: coded bytes.
    ///   - body: gets what they are, in pieces.
    /// - Throws: `notVerified` where they are not in the coding; what `body` throws.
    mutating func decode(
        _ piece: Span<UInt8>, _ body: (Span<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) {
        var offset = 0
        repeat {
            block.removeAll(keepingCapacity: true)
            do throws(ContentDecodingError) {
                try block.append(addingCapacity: Self.blockByteCount) {
                    (output) throws(ContentDecodingError) in
                    offset += try decoder.decode(
                        piece.extracting(offset..<piece.count), into: &output)
                }
            } catch {
                throw .notVerified(
                    "the content is damaged: it is no \(name) behind \(byteCount) decoded bytes")
            }
            byteCount += block.count
            if !block.isEmpty { try body(block.span) }
        } while offset < piece.count || block.count == Self.blockByteCount
    }

    /// Checks that what came is all.
    ///
    /// - Throws: `notVerified`.
    func finish() throws(ClientError) {
        guard decoder.isAtEnd else {
            throw .notVerified(
                "the content is not complete: its \(name) breaks off behind \(byteCount) decoded "
                    + "bytes")
        }
    }

    private static let blockByteCount = 256 << 10
}
