internal import CSystemd

/// The native protocol of the journal (sd_journal_sendv(3)).
public enum Journal {
    /// Whether entries are for the journal: a service manager started us, and the journal listens.
    ///
    /// Sending tells nothing of this kind: without a journal, entries vanish.
    public static var isOurs: Bool {
        unsafe (getenv("NOTIFY_SOCKET") != nil || getenv("JOURNAL_STREAM") != nil)
            && access("/run/systemd/journal/socket", W_OK) == 0
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

    /// Sends one entry with a message and further fields.
    ///
    /// - Parameters:
    ///   - message: the MESSAGE field.
    ///   - priority: the PRIORITY field, 0 (emergency)…7 (debug).
    ///   - fields: names of upper-case letters, digits and `_`, with their values.
    /// - Returns: whether the journal took it.
    @discardableResult
    public static func send(
        _ message: String, priority: Int, fields: [(String, String)] = []
    ) -> Bool {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for (name, value) in [("MESSAGE", message), ("PRIORITY", String(priority))] + fields {
            bytes += "\(name)=\(value)".utf8
            ends.append(bytes.count)
        }
        return send(bytes.span, fieldEnds: ends)
    }
}
