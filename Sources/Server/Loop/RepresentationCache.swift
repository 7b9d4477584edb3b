internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// Small files in memory, each as the bytes of its whole response.
///
/// An entry is head and body of the 200 response to a plain GET in one buffer, so that answering is
/// one send. The Date in it is patched when the second has changed. Whether the file has changed is
/// asked at most once per batch of events. The key is the path as it stands in the request target,
/// not decoded, so that a hit costs one hash and one comparison.
struct RepresentationCache: ~Copyable {
    /// A cached file.
    struct Entry: ~Copyable {
        /// The response: head, empty line, body.
        var message: Bytes
        /// The bytes of the head, with the empty line.
        let headByteCount: Int
        /// What the response is made of.
        let representation: Representation
        /// The inode that was read.
        let status: FileStatus
        let path: ResolvedPath
        /// The root that `path` is below.
        let root: SiteRoot
        fileprivate let site: Int
        fileprivate let key: Bytes
        fileprivate let hash: UInt64
        fileprivate var nextInBucket: Int32 = -1
        fileprivate var batch: Int
        fileprivate var dateSecond: Int
        fileprivate var isUsed = false
        fileprivate var isFree = false

        fileprivate var byteCount: Int { message.count + key.count + 512 }
    }

    /// Where the Date's text stands in each message: behind the status line and the field's name.
    private static let dateOffset = "HTTP/1.1 200 OK\r\nDate: ".utf8.count

    /// Files larger than this are sent from the file.
    static let fileByteLimit = 64 << 10

    private var entries: UniqueArray<Entry>
    private var buckets: RigidArray<Int32>
    private var freeEntries: [Int32] = []
    private var hand = 0
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
        buckets = RigidArray(repeating: -1, count: 4096)
    }

    /// The entry for a path, known to be as the file is now.
    ///
    /// - Parameters:
    ///   - key: the path of the request target.
    ///   - site: the index of the site.
    ///   - batch: the number of this batch of events.
    ///   - clock: the time of the batch.
    /// - Returns: an index for `subscript`, valid until the next change; nil where there is none.
    mutating func find(_ key: Span<UInt8>, site: Int, batch: Int, clock: borrowing BatchClock)
        -> Int?
    {
        let hash = hash(key, site)
        var index = buckets[Int(truncatingIfNeeded: hash & 4095)]
        while index >= 0 {
            let position = Int(index)
            if entries[position].hash == hash, entries[position].site == site,
                entries[position].key.span.equals(key)
            {
                return validate(position, batch: batch, clock: clock) ? position : nil
            }
            index = entries[position].nextInBucket
        }
        return nil
    }

    /// Takes in a file whose whole content was read.
    ///
    /// - Returns: the index of the entry.
    mutating func insert(
        _ key: Span<UInt8>, site: Int, root: SiteRoot, file: OpenFile, content: Span<UInt8>,
        representation: Representation, batch: Int, clock: borrowing BatchClock
    ) -> Int {
        remove(key, site)
        var message = Bytes(minimumCapacity: 512 + content.count)
        representation.appendHead(.ok, to: &message, date: clock.dateText)
        message.appendEndOfFields()
        let headByteCount = message.count
        message.append(copying: content)
        var ownKey = Bytes(minimumCapacity: key.count)
        ownKey.append(copying: key)
        let entry = Entry(
            message: message, headByteCount: headByteCount, representation: representation,
            status: file.status, path: file.path, root: root, site: site, key: ownKey,
            hash: hash(key, site), batch: batch, dateSecond: clock.seconds)
        makeRoom(for: entry.byteCount)
        return store(entry)
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

    /// The bytes of content of an entry.
    func contentByteCount(at index: Int) -> Int {
        entries[index].representation.byteCount
    }

    /// Sends the whole response of an entry, in one call.
    ///
    /// - Returns: how many bytes were taken, and of how many.
    func send(
        _ index: Int, to socket: borrowing FileDescriptor
    ) throws(Errno) -> (sent: Int, of: Int) {
        // Not through an accessor that yields the entry: its frame would be an allocation.
        (try socket.send(entries[index].message.span), entries[index].message.count)
    }

    /// Appends the response of an entry from an offset on.
    func append(_ index: Int, from start: Int = 0, to output: inout Bytes) {
        let message = entries[index].message.span
        output.append(copying: message.extracting(start..<message.count))
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
            let path = entries[index].path.bytes
            guard entries[index].root.isUnchanged(path.span, since: entries[index].status) else {
                removeEntry(index)
                return false
            }
            entries[index].batch = batch
        }
        if entries[index].dateSecond != clock.seconds {
            entries[index].dateSecond = clock.seconds
            var text = entries[index].message.mutableSpan
            for offset in 0..<HTTPDate.byteCount {
                text[Self.dateOffset &+ offset] = clock.dateText[offset]
            }
        }
        return true
    }

    private mutating func store(_ entry: consuming Entry) -> Int {
        let bucket = Int(truncatingIfNeeded: entry.hash & 4095)
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

    private mutating func remove(_ key: Span<UInt8>, _ site: Int) {
        let hash = hash(key, site)
        var index = Int(buckets[Int(truncatingIfNeeded: hash & 4095)])
        while index >= 0 {
            if entries[index].hash == hash, entries[index].site == site,
                entries[index].key.span.equals(key)
            {
                removeEntry(index)
                return
            }
            index = Int(entries[index].nextInBucket)
        }
    }

    private mutating func removeEntry(_ index: Int) {
        let bucket = Int(truncatingIfNeeded: entries[index].hash & 4095)
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

    /// FNV-1a over words, with a seed that peers cannot know.
    private func hash(_ key: Span<UInt8>, _ site: Int) -> UInt64 {
        var hash = seed ^ UInt64(truncatingIfNeeded: site)
        for index in 0..<key.count {
            hash = (hash ^ UInt64(key[index])) &* 0x100_0000_01B3
        }
        return hash ^ hash >> 29
    }
}
