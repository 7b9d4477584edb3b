internal import CSystemd

/// The native protocol of the journal (sd_journal_sendv(3)).
public enum Journal {
    /// Whether standard error goes to the journal (JOURNAL_STREAM, systemd.exec(5)).
    ///
    /// The variable alone does not tell: on a terminal it may be that of the desktop session.
    public static var hasStandardError: Bool {
        guard let text = unsafe getenv("JOURNAL_STREAM").map({ unsafe String(cString: $0) }) else {
            return false
        }
        var status = stat()
        guard unsafe fstat(2, &status) == 0 else { return false }
        return text == "\(status.st_dev):\(status.st_ino)"
    }

    /// Sends one entry.
    ///
    /// - Parameters:
    ///   - bytes: the fields, `NAME=value` each, one behind the other.
    ///   - ends: the offset behind each field; ascending.
    /// - Returns: whether the journal took it.
    public static func send(_ bytes: Span<UInt8>, fieldEnds ends: [Int]) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var vectors: [iovec] = unsafe []
            unsafe vectors.reserveCapacity(ends.count)
            var start = 0
            for end in ends {
                // SAFETY: rebasing checks that the range is within the buffer.
                let field = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end])
                // SAFETY: sd_journal_sendv(3) only reads through iov_base.
                unsafe vectors.append(
                    iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: field.baseAddress),
                        iov_len: field.count))
                start = end
            }
            return unsafe sd_journal_sendv(vectors, CInt(vectors.count)) == 0
        }
    }
}
