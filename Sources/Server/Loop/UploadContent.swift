internal import BasicContainers
internal import Content
internal import HTTP
internal import Synchronization

/// Content of an upload on its way from a loop to the pool.
///
/// The loop fills it, then a job writes it, then it is the loop's again.
final class UploadContent: Sendable {
    private let bytes = Mutex(Bytes())
    private let tally: ContentTally

    fileprivate init(_ tally: ContentTally) {
        self.tally = tally
        tally.count.add(1, ordering: .relaxed)
    }

    deinit {
        tally.count.subtract(1, ordering: .relaxed)
    }

    var count: Int { bytes.withLock { $0.count } }

    fileprivate var capacity: Int { bytes.withLock { $0.capacity } }

    /// Takes what was received.
    ///
    /// - Parameters:
    ///   - content: the bytes.
    ///   - expectedByteCount: how many are to come, with these, where that is known.
    ///   - pieceByteCount: how many are handed to the pool at a time.
    func append(_ content: Span<UInt8>, expectedByteCount: Int?, pieceByteCount: Int) {
        var bytes = take()
        if bytes.isEmpty, let expectedByteCount {
            // Once for all that comes, but not for a peer that only promises.
            let limit = min(16 * content.count, pieceByteCount + content.count)
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

/// How many buffers a worker has made that are still there, wherever they are.
private final class ContentTally: Sendable {
    let count = Atomic(0)
}

/// The buffers of uploads that are over, for those that begin.
///
/// Memory that was given back to the system comes back page by page, which costs more than copying
/// what is to be in it.
struct SpareContents: ~Copyable {
    /// The most bytes that wait here.
    private static let byteLimit = 4 << 20
    /// The bytes that a worker's uploads may hand over at a time, as far as pieces may be so small.
    ///
    /// A buffer that has grown stays as it is until its upload is over.
    private static let runningByteLimit = 32 << 20

    private let tally = ContentTally()
    private var contents: [UploadContent] = []
    private var byteCount = 0

    /// The bytes of an upload that are handed to the pool at a time: the fewer run, the more.
    ///
    /// Pieces of 1 MiB cost a tenth less than those of 256 KiB; but each is in memory.
    var pieceByteCount: Int {
        let running = tally.count.load(ordering: .relaxed) - contents.count
        return max(64 << 10, min(1 << 20, Self.runningByteLimit / max(1, running)))
    }

    /// An empty buffer.
    mutating func take() -> UploadContent {
        guard let content = contents.popLast() else { return UploadContent(tally) }
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
