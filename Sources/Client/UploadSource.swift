internal import Linux

/// What an upload sends: a file of a known length, or a stream without one.
struct UploadSource: ~Copyable {
    private let file: FileDescriptor
    private let name: String
    /// The file as it was when it was opened; nil for a stream.
    private let status: FileStatus?
    private var offset = 0

    /// Opens a file, or a pipe or device; nil is the standard input.
    init(path: String?) throws(ClientError) {
        name = path.map { TerminalText.escape($0) } ?? "the standard input"
        do throws(Errno) {
            // Not OpenMode.read: a pipe waits for its writer.
            let file =
                if let path { try FileDescriptor.open(path, []) } else {
                    try FileDescriptor.standardInput()
                }
            let status = try file.status()
            if status.kind == .directory { throw .isDirectory }
            self.file = file
            // A position may have been reached already in what someone else opened.
            self.status = status.kind == .regular && path != nil ? status : nil
        } catch {
            throw .file(path ?? "the standard input", error)
        }
    }

    /// How many bytes it has; nil for a stream.
    var byteCount: Int? { status?.size }

    /// Reads the next bytes.
    ///
    /// - Parameter block: gets them in place of what it has; empty at the end.
    /// - Throws: `changed` where the file is not any more what it was: before its last bytes are
    ///   given out, so that no server can take it for whole.
    mutating func read(into block: inout [UInt8]) throws(ClientError) {
        block.removeAll(keepingCapacity: true)
        do throws(Errno) {
            guard let status else {
                try block.append(addingCapacity: Self.blockByteCount) { (span) throws(Errno) in
                    _ = try file.read(into: &span)
                }
                return
            }
            let count = min(Self.blockByteCount, status.size - offset)
            if count == 0 { return }
            let position = offset
            try block.append(addingCapacity: count) { (span) throws(Errno) in
                _ = try file.read(into: &span, at: position)
            }
            offset += block.count
        } catch {
            throw .file(name, error)
        }
        try checkUnchanged(isAtEnd: block.isEmpty)
    }

    private func checkUnchanged(isAtEnd: Bool) throws(ClientError) {
        guard let status, offset == status.size || isAtEnd else { return }
        guard let now = try? file.status() else { return }
        if now.size != status.size {
            throw .changed(
                "\(name) changed while it was sent: it had \(status.size) bytes, now \(now.size)")
        }
        if now.modified != status.modified || isAtEnd {
            throw .changed("\(name) changed while it was sent")
        }
    }

    private static let blockByteCount = 256 << 10
}
