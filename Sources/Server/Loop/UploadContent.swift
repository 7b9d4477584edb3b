internal import BasicContainers
internal import Content
internal import HTTP
internal import Synchronization

/// Content of an upload on its way from a loop to the pool.
///
/// The loop fills it, then a job writes it, then it is the loop's again.
final class UploadContent: Sendable {
    /// The bytes that are handed to the pool at a time.
    static let byteLimit = 256 << 10

    private let bytes = Mutex(Bytes())

    var count: Int { bytes.withLock { $0.count } }

    fileprivate var capacity: Int { bytes.withLock { $0.capacity } }

    /// Takes what was received.
    ///
    /// - Parameters:
    ///   - content: the bytes.
    ///   - expectedByteCount: how many are to come, with these, where that is known.
    func append(_ content: Span<UInt8>, expectedByteCount: Int?) {
        var bytes = take()
        if bytes.isEmpty, let expectedByteCount {
            // Once for all that comes, but not for a peer that only promises.
            let limit = min(16 * content.count, Self.byteLimit + content.count)
            bytes.reserveCapacity(min(expectedByteCount, limit))
        }
        bytes.append(copying: content)
        put(bytes)
    }

    /// Appends the bytes to the upload's file, and is empty then.
    func write(to upload: Upload) throws(UploadError) {
        var content = take()
        if !content.isEmpty { try upload.write(content.span) }
        content.removeAll(keepingCapacity: true)
        put(content)
    }

    fileprivate func removeAll() {
        bytes.withLock { $0.removeAll(keepingCapacity: true) }
    }

    private func take() -> Bytes {
        bytes.withLock { bytes in
            var taken = Bytes()
            swap(&taken, &bytes)
            return taken
        }
    }

    private func put(_ content: consuming Bytes) {
        bytes.withLock { swap(&content, &$0) }
    }
}

/// The buffers of uploads that are over, for those that begin.
///
/// Memory that was given back to the system comes back page by page, which costs more than copying
/// what is to be in it.
struct SpareContents: ~Copyable {
    /// The most bytes that wait here.
    private static let byteLimit = 4 << 20

    private var contents: [UploadContent] = []
    private var byteCount = 0

    /// An empty buffer.
    mutating func take() -> UploadContent {
        guard let content = contents.popLast() else { return UploadContent() }
        byteCount -= content.capacity
        return content
    }

    /// Takes back a buffer that no job writes from.
    mutating func giveBack(_ content: UploadContent) {
        guard byteCount + content.capacity <= Self.byteLimit else { return }
        content.removeAll()
        byteCount += content.capacity
        contents.append(content)
    }
}
