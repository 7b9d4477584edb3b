internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// The responses that an entry of the cache has ready.
enum ReadyResponse {
    /// 200, with the content.
    case ok
    /// 304; made when it is first asked for.
    case notModified
}

/// Small representations in memory, each as the bytes of its whole response.
///
/// An entry is head and body of the 200 response to a plain GET in one buffer, so that answering is
/// one send. The Date in it is patched when the second has changed. Whether the file has changed is
/// asked at most once per batch of events. The key is the path as it stands in the request target,
/// not decoded, so that a hit costs one hash and one comparison.
///
/// The entry of a path is that of the file without a coding; it tells which codings there are
/// beside, and each of them has an entry of its own, which is good only as long as the first one.
/// Of a file that is too large to be kept the first entry has no content, and tells only that.
struct RepresentationCache: ~Copyable {
    /// A cached file.
    struct Entry: ~Copyable {
        /// The response: head, empty line, body; empty where the content is not kept.
        var message: Bytes
        /// The bytes of the head, with the empty line.
        let headByteCount: Int
        /// What the response is made of.
        let representation: Representation
        /// The 304 response, once one was sent: head and empty line.
        fileprivate var notModified = Bytes()
        fileprivate var notModifiedSecond = 0
        /// The inode that was read, or what was made of it.
        let status: FileStatus
        /// Where it is found; nil where another entry tells whether this one is still good.
        let path: ResolvedPath?
        /// The root that `path` is below.
        let root: SiteRoot
        /// Where there must be no file, or that one would be served.
        fileprivate let rivals: [ResolvedPath]
        /// Which codings the file has beside.
        var variants: KnownVariants
        /// The file that the coded content was found to be of; nil where there is no coding.
        fileprivate let origin: FileStatus?
        fileprivate let site: Int
        fileprivate let coding: ContentCoding
        fileprivate let key: Bytes
        fileprivate let hash: UInt64
        fileprivate var nextInBucket: Int32 = -1
        fileprivate var batch: Int
        fileprivate var dateSecond: Int
        fileprivate var isUsed = false
        fileprivate var isFree = false

        fileprivate var byteCount: Int { message.count + key.count + 512 }
    }

    /// Which codings a file has, as far as is known.
    struct KnownVariants: BitwiseCopyable {
        /// Those beside identity, the preferred first.
        var order = ContentCodingOrder()
        /// The second in which that was found out; after it, a new sibling may be there.
        ///
        /// The last second of all where none is looked for.
        var second = Int.max
    }

    /// Where the Date's text stands in each response: behind the status line and the field's name.
    private static let dateOffset = "HTTP/1.1 200 OK\r\nDate: ".utf8.count
    private static let notModifiedDateOffset = "HTTP/1.1 304 Not Modified\r\nDate: ".utf8.count

    /// Files larger than this are sent from the file.
    ///
    /// One of 100 KiB costs a fifth less from memory than by opening it, sendfile(2) and closing.
    static let fileByteLimit = 128 << 10

    /// How many buckets an empty cache has: a power of two.
    private static let leastBucketCount = 4096
    private static let mostBucketCount = 1 << 20

    private var entries: UniqueArray<Entry>
    /// The first entry of each bucket, or -1; twice as many as entries, so that a look at one entry
    /// is mostly enough: each is in memory of its own, which is far away.
    private var buckets: RigidArray<Int32>
    private var freeEntries: [Int32] = []
    private var hand = 0
    /// What peers cannot know, so that they cannot make paths fall into one bucket.
    private let seed = ProcessLimits.random()
    /// The most bytes that the entries may have together.
    var byteLimit: Int
    /// The bytes that the entries have.
    private(set) var byteCount = 0
    /// How many entries there are.
    private(set) var count = 0

    /// An empty cache.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
        entries = UniqueArray()
        buckets = RigidArray(repeating: -1, count: Self.leastBucketCount)
    }

    /// The entry for a path, known to be as the file is now.
    ///
    /// - Parameters:
    ///   - key: the path of the request target.
    ///   - site: the index of the site.
    ///   - batch: the number of this batch of events.
    ///   - clock: the time of the batch.
    /// - Returns: the index of its entry, valid until the next change; nil where there is none.
    mutating func find(
        _ key: Span<UInt8>, site: Int, batch: Int, clock: borrowing BatchClock
    ) -> Int? {
        let hash = hash(key, site, .identity)
        guard let index = indexOf(key, site, .identity, hash) else { return nil }
        return validate(index, batch: batch, clock: clock) ? index : nil
    }

    /// The entry for a coding of the file whose entry was just found.
    mutating func findVariant(
        _ key: Span<UInt8>, site: Int, _ coding: ContentCoding, of index: Int, batch: Int,
        clock: borrowing BatchClock
    ) -> Int? {
        guard let variant = indexOf(key, site, coding, hash(key, site, coding)) else { return nil }
        guard entries[variant].origin == entries[index].status else {
            removeEntry(variant)
            return nil
        }
        return validate(variant, batch: batch, clock: clock) ? variant : nil
    }

    /// The index of an entry.
    ///
    /// It changes nothing; but of who only reads, the compiler makes a copy first.
    private mutating func indexOf(
        _ key: Span<UInt8>, _ site: Int, _ coding: ContentCoding, _ hash: UInt64
    ) -> Int? {
        var index = Int(buckets[bucket(of: hash)])
        while index >= 0 {
            if entries[index].hash == hash, entries[index].site == site,
                entries[index].coding == coding, entries[index].key.span.equals(key)
            {
                return index
            }
            index = Int(entries[index].nextInBucket)
        }
        return nil
    }

    /// What is taken in.
    struct Candidate {
        let representation: Representation
        let root: SiteRoot
        /// The file that is to be compared with what is there; its path is nil for what was made
        /// of `origin`.
        let status: FileStatus
        let path: ResolvedPath?
        /// What the file without a coding was, where this is one of its codings.
        let origin: FileStatus?
        let variants: KnownVariants
        /// Where there must be no file, or that one would be served.
        var rivals: [ResolvedPath] = []
        /// The batch that it was read in.
        let batch: Int
    }

    /// Takes in a representation.
    ///
    /// - Parameters:
    ///   - key: the path of the request target.
    ///   - site: the index of the site.
    ///   - candidate: what it is.
    ///   - content: its whole content; nil where that is not to be kept.
    ///   - clock: the time of the batch.
    /// - Returns: the index of the entry.
    mutating func insert(
        _ key: Span<UInt8>, site: Int, _ candidate: Candidate, content: [UInt8]?,
        clock: borrowing BatchClock
    ) -> Int {
        let coding = candidate.representation.coding
        let hash = hash(key, site, coding)
        if let index = indexOf(key, site, coding, hash) { removeEntry(index) }
        var message = Bytes()
        var headByteCount = 0
        if let content {
            message.reserveCapacity(512 + content.count)
            candidate.representation.appendHead(.ok, to: &message, date: clock.dateText)
            message.appendEndOfFields()
            headByteCount = message.count
            message.append(copying: content.span)
        }
        var ownKey = Bytes(minimumCapacity: key.count)
        ownKey.append(copying: key)
        let entry = Entry(
            message: message, headByteCount: headByteCount,
            representation: candidate.representation, status: candidate.status,
            path: candidate.path, root: candidate.root, rivals: candidate.rivals,
            variants: candidate.variants,
            origin: candidate.origin, site: site, coding: coding, key: ownKey, hash: hash,
            batch: candidate.batch, dateSecond: clock.seconds)
        makeRoom(for: entry.byteCount)
        return store(entry)
    }

    /// Notes which codings a file has that is here already, and unchanged.
    ///
    /// - Returns: the index of its entry; nil where it has none with content.
    mutating func update(
        _ key: Span<UInt8>, site: Int, _ variants: KnownVariants, status: FileStatus,
        isNegotiated: Bool
    ) -> Int? {
        guard let index = indexOf(key, site, .identity, hash(key, site, .identity)),
            entries[index].status == status, hasContent(index),
            entries[index].representation.isNegotiated == isNegotiated
        else { return nil }
        entries[index].variants = variants
        return index
    }

    /// Forgets everything, as when another configuration is in force.
    mutating func removeAll() {
        entries.removeAll()
        for index in 0..<buckets.count { buckets[index] = -1 }
        freeEntries.removeAll()
        byteCount = 0
        count = 0
        hand = 0
    }

    /// What the response of an entry is made of.
    func representation(at index: Int) -> Representation {
        entries[index].representation
    }

    /// Which codings there are beside an entry.
    func variants(at index: Int) -> KnownVariants {
        entries[index].variants
    }

    /// Whether the content of an entry is kept.
    func hasContent(_ index: Int) -> Bool {
        entries[index].headByteCount > 0
    }

    /// The bytes of content of an entry.
    func contentByteCount(at index: Int) -> Int {
        entries[index].representation.byteCount
    }

    /// What conditional requests for an entry are judged by.
    func validators(at index: Int) -> Validators {
        entries[index].representation.validators
    }

    /// Makes the 304 response of an entry, or gives it the present Date.
    mutating func prepareNotModified(_ index: Int, clock: borrowing BatchClock) {
        guard entries[index].notModifiedSecond != clock.seconds else { return }
        entries[index].notModifiedSecond = clock.seconds
        if entries[index].notModified.isEmpty {
            entries[index].representation.appendHead(
                .notModified, to: &entries[index].notModified, date: clock.dateText)
            entries[index].notModified.appendEndOfFields()
        } else {
            Self.setDate(of: &entries[index].notModified, at: Self.notModifiedDateOffset, clock)
        }
    }

    private static func setDate(
        of message: inout Bytes, at start: Int, _ clock: borrowing BatchClock
    ) {
        var text = message.mutableSpan
        for offset in 0..<HTTPDate.byteCount {
            text[start &+ offset] = clock.dateText[offset]
        }
    }

    /// Sends a whole response of an entry, in one call.
    ///
    /// - Returns: how many bytes were taken, and of how many.
    @inline(__always)
    func send(
        _ index: Int, _ response: ReadyResponse, to socket: borrowing FileDescriptor
    ) throws(Errno) -> (sent: Int, of: Int) {
        // Not through an accessor that yields the entry: its frame would be an allocation.
        switch response {
        case .ok:
            (try socket.send(entries[index].message.span), entries[index].message.count)
        case .notModified:
            (try socket.send(entries[index].notModified.span), entries[index].notModified.count)
        }
    }

    /// Appends a response of an entry from an offset on.
    func append(
        _ index: Int, _ response: ReadyResponse, from start: Int = 0, to output: inout Bytes
    ) {
        switch response {
        case .ok:
            let message = entries[index].message.span
            output.append(copying: message.extracting(start..<message.count))
        case .notModified:
            let message = entries[index].notModified.span
            output.append(copying: message.extracting(start..<message.count))
        }
    }

    /// Appends a response of an entry with a Connection field, as far as the default of the
    /// request's version does not say the same.
    ///
    /// - Parameters:
    ///   - index: the entry.
    ///   - response: which of its responses.
    ///   - persistent: whether the connection goes on.
    ///   - minorVersion: the request's.
    ///   - hasContent: whether the content is appended too, if there is any.
    ///   - output: where it is appended.
    func append(
        _ index: Int, _ response: ReadyResponse, persistent: Bool, minorVersion: UInt8,
        hasContent: Bool, to output: inout Bytes
    ) {
        switch response {
        case .ok:
            let message = entries[index].message.span
            let headEnd = entries[index].headByteCount
            output.append(copying: message.extracting(0..<headEnd - 2))
            output.appendConnection(persistent: persistent, minorVersion: minorVersion)
            output.appendEndOfFields()
            if hasContent {
                output.append(copying: message.extracting(headEnd..<message.count))
            }
        case .notModified:
            let head = entries[index].notModified.span
            output.append(copying: head.extracting(0..<head.count - 2))
            output.appendConnection(persistent: persistent, minorVersion: minorVersion)
            output.appendEndOfFields()
        }
    }

    /// Appends a part of the content of an entry.
    func append(_ index: Int, content range: Range<Int>, to output: inout Bytes) {
        let start = entries[index].headByteCount
        output.append(
            copying: entries[index].message.span.extracting(
                start + range.lowerBound..<start + range.upperBound))
    }

    private mutating func validate(
        _ index: Int, batch: Int, clock: borrowing BatchClock
    ) -> Bool {
        entries[index].isUsed = true
        if entries[index].batch != batch {
            guard Self.isCurrent(&entries[index]) else {
                removeEntry(index)
                return false
            }
            entries[index].batch = batch
        }
        if entries[index].dateSecond != clock.seconds, entries[index].headByteCount > 0 {
            entries[index].dateSecond = clock.seconds
            Self.setDate(of: &entries[index].message, at: Self.dateOffset, clock)
        }
        return true
    }

    /// Whether the file of an entry is as it was, and none has come that goes before it.
    ///
    /// It changes nothing; but of an entry that is only lent, the compiler makes a copy first.
    private static func isCurrent(_ entry: inout Entry) -> Bool {
        guard let path = entry.path else { return true }
        guard entry.root.isUnchanged(path.bytes.span, since: entry.status) else { return false }
        guard !entry.rivals.isEmpty else { return true }
        let root = entry.root
        return !entry.rivals.contains { root.hasFile($0.bytes.span) }
    }

    private mutating func store(_ entry: consuming Entry) -> Int {
        if 2 * count >= buckets.count { growBuckets() }
        let bucket = bucket(of: entry.hash)
        entry.nextInBucket = buckets[bucket]
        byteCount += entry.byteCount
        count += 1
        let index: Int
        if let free = freeEntries.popLast() {
            index = Int(free)
            entries[index] = entry
        } else {
            index = entries.count
            entries.append(entry)
        }
        buckets[bucket] = Int32(truncatingIfNeeded: index)
        return index
    }

    @inline(__always)
    private func bucket(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash & UInt64(truncatingIfNeeded: buckets.count &- 1))
    }

    private mutating func growBuckets() {
        guard buckets.count < Self.mostBucketCount else { return }
        buckets = RigidArray(repeating: -1, count: 2 * buckets.count)
        for index in 0..<entries.count where !entries[index].isFree {
            let bucket = bucket(of: entries[index].hash)
            entries[index].nextInBucket = buckets[bucket]
            buckets[bucket] = Int32(truncatingIfNeeded: index)
        }
    }

    private mutating func removeEntry(_ index: Int) {
        let bucket = bucket(of: entries[index].hash)
        let next = entries[index].nextInBucket
        if Int(buckets[bucket]) == index {
            buckets[bucket] = next
        } else {
            var previous = Int(buckets[bucket])
            while Int(entries[previous].nextInBucket) != index {
                previous = Int(entries[previous].nextInBucket)
            }
            entries[previous].nextInBucket = next
        }
        byteCount -= entries[index].byteCount
        count -= 1
        entries[index].message = Bytes()
        entries[index].isFree = true
        freeEntries.append(Int32(truncatingIfNeeded: index))
    }

    /// Removes entries that were not used since the hand last passed them (the CLOCK algorithm).
    private mutating func makeRoom(for wanted: Int) {
        while byteCount + wanted > byteLimit, count > 0 {
            hand = hand + 1 < entries.count ? hand + 1 : 0
            if entries[hand].isFree { continue }
            if entries[hand].isUsed {
                entries[hand].isUsed = false
            } else {
                removeEntry(hand)
            }
        }
    }

    private func hash(_ key: Span<UInt8>, _ site: Int, _ coding: ContentCoding) -> UInt64 {
        key.hash(seed: seed ^ UInt64(truncatingIfNeeded: site << 2 | Int(coding.rawValue)))
    }
}
