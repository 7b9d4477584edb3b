internal import Linux
internal import Synchronization

/// The access log file, shared by all workers, each of which writes whole lines.
///
/// The descriptor stays the same while the file behind it is replaced, so that reopening needs no
/// word with the workers.
final class AccessLogFile: Sendable {
    private struct Failure {
        var last: Errno?
    }

    let path: String
    private let descriptor: FileDescriptor
    private let failure = Mutex(Failure())
    private let report: @Sendable (String, Errno) -> Void

    /// Opens the file, made if it is missing.
    ///
    /// - Parameters:
    ///   - path: an absolute path.
    ///   - report: is called when writing begins to fail.
    /// - Throws: what open(2) says.
    init(
        path: String, report: @escaping @Sendable (String, Errno) -> Void
    ) throws(Errno) {
        self.path = path
        self.report = report
        descriptor = try Self.open(path)
    }

    /// Opens the path anew, as after a rotation.
    func reopen() throws(Errno) {
        try descriptor.replace(with: try Self.open(path))
    }

    /// Writes lines; waits for a slow disk.
    ///
    /// - Returns: whether all were written. The first failure of a row is reported.
    func write(_ lines: Span<UInt8>) -> Bool {
        do throws(Errno) {
            try descriptor.writeAll(lines)
            // Only after a failure: an uncontended lock is cheap, none is cheaper.
            failure.withLock { $0.last = nil }
            return true
        } catch {
            let isNew = failure.withLock { failure in
                defer { failure.last = error }
                return failure.last == nil
            }
            if isNew { report(path, error) }
            return false
        }
    }

    private static func open(_ path: String) throws(Errno) -> FileDescriptor {
        try FileDescriptor.open(path, [.append, .create], permissions: 0o640)
    }
}
