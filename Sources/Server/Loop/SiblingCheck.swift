internal import Codings
internal import Content
internal import HTTP
internal import Linux

/// Tells whether a file beside another one holds the same in a coding.
///
/// That it is not older is not enough: it may have been made from another version, or another file.
enum SiblingCheck {
    /// Whether the sibling decodes to what the file holds; blocks.
    ///
    /// - Parameters:
    ///   - sibling: the file in the coding.
    ///   - coding: the coding.
    ///   - file: the file that it is beside.
    ///   - decodedByteLimit: of a larger file only the length is compared, as far as the coded
    ///     bytes say it.
    /// - Returns: whether it does; false also where that cannot be told.
    static func isFaithful(
        _ sibling: OpenFile, _ coding: ContentCoding, to file: OpenFile, decodedByteLimit: Int
    ) -> Bool {
        let coded = reader(of: sibling)
        do throws(Errno) {
            guard file.status.size <= decodedByteLimit else {
                return try ContentDecoder.claims(
                    coding, coded: coded, codedByteCount: sibling.status.size,
                    contentByteCount: file.status.size)
            }
            return try ContentDecoder.decodes(coding, coded: coded, to: reader(of: file))
        } catch {
            return false
        }
    }

    private static func reader(of file: OpenFile) -> PieceReader<Errno> {
        { (output, offset) throws(Errno) in
            try file.descriptor.read(into: &output, at: offset)
        }
    }
}
