internal import Linux

/// Where the content of a response goes.
public enum Destination: Sendable, Equatable {
    /// To a file, which appears, or changes, when the content is whole. What exists and is no
    /// regular file, such as `/dev/null`, is written to.
    case file(path: String)
    /// To the standard output, as it comes.
    case standardOutput
}

/// How something is got.
public struct DownloadOptions: Sendable {
    /// Whatever the status is, the content goes to the destination.
    public var storesAnyStatus = false
    /// Codings are asked for, and what comes in one is decoded; not with `continues`.
    public var decodes = false
    /// What breaks off is kept as `NAME.part`, and what was kept is continued.
    public var continues = false

    /// The defaults: only content of success is stored, and only what is whole is kept.
    public init() {}
}

/// What became of a download.
public struct Download: Sendable {
    /// The response, whose content is the beginning of what explains a refusal.
    ///
    /// What was stored is not in it.
    public let response: Session.Response
    /// Whether the content went to the destination.
    public let isStored: Bool
    /// Bytes of the whole that had come in an earlier attempt.
    public var earlierByteCount = 0
    /// The algorithms of the digests that the content was checked against (RFC 9530), by name.
    public var digests: [String] = []
    /// The coding that the content came in and was decoded from; nil where it had none.
    public var coding: String?
}

extension Session {
    /// Gets a representation and stores it; nothing is stored unless the response is 2xx and whole.
    ///
    /// The content is stored as it is without codings: none is asked for, and one that comes all
    /// the same is refused, unless `options.decodes`. Digests that the server sends are checked.
    ///
    /// - Parameters:
    ///   - target: what to get; redirects on the same server are followed.
    ///   - server: where from.
    ///   - destination: where to.
    ///   - options: how.
    /// - Returns: what the server said, and whether the content was stored.
    /// - Throws: whatever went wrong before the content was whole. A file that was there before is
    ///   as it was.
    public func get(
        _ target: RequestTarget, from server: ServerURL, to destination: Destination,
        options: DownloadOptions = DownloadOptions()
    ) throws(ClientError) -> Download {
        if options.continues, case .file(let path) = destination {
            return try getContinuing(target, from: server, to: path)
        }
        let request = Self.request(
            for: target, acceptEncoding: options.decodes ? CodedContent.acceptEncoding : "identity")
        var begun = try begin(request, at: server)
        guard begun.head.isSuccessful || options.storesAnyStatus else {
            return try refused(&begun)
        }
        return try store(&begun, at: destination, options: options)
    }

    /// A request for the whole of a representation.
    static func request(
        method: String = "GET", for target: RequestTarget, acceptEncoding: String = "identity"
    ) -> Request {
        Request(
            method: method, target: target,
            fields: [
                .init(name: "Accept-Encoding", value: acceptEncoding),
                .init(name: "Want-Repr-Digest", value: "sha-256=5"),
            ])
    }

    /// What comes of a response that is no success.
    func refused(_ begun: inout Begun) throws(ClientError) -> Download {
        let response = try begun.exchange.response(
            begun.head, from: begun.target, contentByteLimit: Self.explanationByteLimit)
        return Download(response: response, isStored: false)
    }

    /// Stores the content of a response when it is whole and is what it should be.
    func store(
        _ begun: inout Begun, at destination: Destination,
        options: DownloadOptions = DownloadOptions()
    ) throws(ClientError) -> Download {
        if begun.head.status == 206 {
            throw .malformedResponse("a part (206) of what was asked for as a whole")
        }
        var coded = options.decodes ? try CodedContent(of: begun.head) : nil
        if coded == nil && !options.storesAnyStatus { try Self.checkCoding(of: begun.head) }
        let verification = ContentVerification(whole: begun.head)
        try begun.exchange.store(at: destination, verification, &coded)
        let byteCount = coded?.byteCount ?? begun.exchange.contentByteCount
        return Download(
            response: begun.stored(byteCount: byteCount), isStored: true,
            digests: verification.algorithms, coding: coded?.name)
    }

    /// Refuses content that is coded as nobody asked for: under the name of the file it would be
    /// something else.
    static func checkCoding(of head: ResponseHead) throws(ClientError) {
        guard let coding = head.contentCoding, head.status != 204 else { return }
        throw .notVerified(
            "the server sent the content coded (\(TerminalText.escape(coding))), "
                + "which was not asked for; get --compressed decodes "
                + CodedContent.acceptEncoding)
    }

    /// How many bytes of the content of a refusal are kept, to be shown.
    public static let explanationByteLimit = 64 << 10
}

extension Session.Begun {
    /// The response, whose content was stored.
    func stored(byteCount: Int) -> Session.Response {
        Session.Response(
            head: head, target: target, content: [], contentByteCount: byteCount, isCut: false)
    }
}

extension Exchange {
    fileprivate mutating func store(
        at destination: Destination, _ verification: ContentVerification,
        _ coded: inout CodedContent?
    ) throws(ClientError) {
        switch destination {
        case .standardOutput:
            let stream = try naming("the standard output") { () throws(Errno) in
                try FileDescriptor.standardOutput()
            }
            try write(to: stream, named: "the standard output", verification, &coded)
        case .file(let path):
            if let status = try? FileStatus(path: path), status.kind == .other {
                let stream = try naming(path) { () throws(Errno) in
                    try FileDescriptor.open(path, .write)
                }
                try write(to: stream, named: path, verification, &coded)
            } else {
                let file = try naming(path) { () throws(Errno) in
                    try TemporaryFile(replacing: path)
                }
                try write(to: file.descriptor, named: path, verification, &coded)
                do throws(Errno) { try file.publish() } catch { throw .file(path, error) }
            }
        }
    }

    private mutating func write(
        to stream: borrowing FileDescriptor, named name: String,
        _ verification: ContentVerification, _ coded: inout CodedContent?
    ) throws(ClientError) {
        try readContent { (piece) throws(ClientError) in
            // Digests are of the content as it comes.
            verification.update(piece)
            if coded == nil { try stream.writeWaiting(piece, named: name) }
            try coded?.decode(piece) { (decoded) throws(ClientError) in
                try stream.writeWaiting(decoded, named: name)
            }
            return true
        }
        try verification.finish()
        try coded?.finish()
    }
}

private func naming<Value: ~Copyable>(
    _ name: String, _ call: () throws(Errno) -> Value
) throws(ClientError) -> Value {
    do throws(Errno) { return try call() } catch { throw .file(name, error) }
}

extension FileDescriptor {
    /// Writes all of the bytes, also where whoever shares the stream made it non-blocking.
    fileprivate borrowing func writeWaiting(
        _ bytes: Span<UInt8>, named name: String
    ) throws(ClientError) {
        do throws(Errno) {
            var offset = 0
            while offset < bytes.count {
                do throws(Errno) {
                    offset += try write(bytes.extracting(offset..<bytes.count))
                } catch .again {
                    _ = try wait(readable: false, milliseconds: -1)
                }
            }
        } catch {
            throw .file(name, error)
        }
    }
}
