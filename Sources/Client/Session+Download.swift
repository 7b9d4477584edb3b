internal import Linux

/// Where the content of a response goes.
public enum Destination: Sendable, Equatable {
    /// To a file, which appears, or changes, when the content is whole. What exists and is no
    /// regular file, such as `/dev/null`, is written to.
    case file(path: String)
    /// To the standard output, as it comes.
    case standardOutput
}

/// What became of a download.
public struct Download: Sendable {
    /// The response, whose content is the beginning of what explains a refusal.
    ///
    /// What was stored is not in it.
    public let response: Session.Response
    /// Whether the content went to the destination.
    public let isStored: Bool
}

extension Session {
    /// Gets a representation and stores it; nothing is stored unless the response is 2xx and whole.
    ///
    /// - Parameters:
    ///   - target: what to get; redirects on the same server are followed.
    ///   - server: where from.
    ///   - destination: where to.
    ///   - storesAnyStatus: whatever the status is, the content goes to the destination.
    /// - Returns: what the server said, and whether the content was stored.
    /// - Throws: whatever went wrong before the content was whole. A file that was there before is
    ///   as it was.
    public func get(
        _ target: RequestTarget, from server: ServerURL, to destination: Destination,
        storesAnyStatus: Bool = false
    ) throws(ClientError) -> Download {
        var begun = try begin(Request(method: "GET", target: target), at: server)
        let head = begun.head
        guard head.isSuccessful || storesAnyStatus else {
            let response = try begun.exchange.response(
                head, from: begun.target, contentByteLimit: Self.explanationByteLimit)
            return Download(response: response, isStored: false)
        }
        if head.status == 206 {
            throw .malformedResponse("a part (206) of what was asked for as a whole")
        }
        try begun.exchange.store(at: destination)
        let response = Response(
            head: head, target: begun.target, content: [],
            contentByteCount: begun.exchange.contentByteCount, isCut: false)
        return Download(response: response, isStored: true)
    }

    /// How much of the content of a refusal is kept, to be shown.
    static let explanationByteLimit = 64 << 10
}

extension Exchange {
    fileprivate mutating func store(at destination: Destination) throws(ClientError) {
        switch destination {
        case .standardOutput:
            let stream = try naming("the standard output") { () throws(Errno) in
                try FileDescriptor.standardOutput()
            }
            try write(to: stream, named: "the standard output")
        case .file(let path):
            if let status = try? FileStatus(path: path), status.kind == .other {
                let stream = try naming(path) { () throws(Errno) in
                    try FileDescriptor.open(path, .write)
                }
                try write(to: stream, named: path)
            } else {
                let file = try naming(path) { () throws(Errno) in
                    try TemporaryFile(replacing: path)
                }
                try write(to: file.descriptor, named: path)
                do throws(Errno) { try file.publish() } catch { throw .file(path, error) }
            }
        }
    }

    private mutating func write(
        to stream: borrowing FileDescriptor, named name: String
    ) throws(ClientError) {
        try readContent { (piece) throws(ClientError) in
            do throws(Errno) { try stream.writeWaiting(piece) } catch { throw .file(name, error) }
            return true
        }
    }
}

private func naming<Value: ~Copyable>(
    _ name: String, _ call: () throws(Errno) -> Value
) throws(ClientError) -> Value {
    do throws(Errno) { return try call() } catch { throw .file(name, error) }
}

extension FileDescriptor {
    /// Writes all of the bytes, also where whoever shares the stream made it non-blocking.
    fileprivate borrowing func writeWaiting(_ bytes: Span<UInt8>) throws(Errno) {
        var offset = 0
        while offset < bytes.count {
            do throws(Errno) {
                offset += try write(bytes.extracting(offset..<bytes.count))
            } catch .again {
                _ = try wait(readable: false, milliseconds: -1)
            }
        }
    }
}
