internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// Responses to GET for paths at which there is nothing.
///
/// So asking for them again costs no more than a file that is in memory. There is a fixed number of
/// slots, the place of each by the hash of its key, so that who asks for many such paths takes no
/// memory from those who ask for files. That there is still nothing is asked at most once per batch
/// of events; the Date is patched when the second has changed.
struct MissingCache: ~Copyable {
    private struct Slot: ~Copyable {
        var key = Bytes()
        var site = -1
        var form = ErrorForm.text
        var hash: UInt64 = 0
        /// The response: head, empty line, content.
        var message = Bytes()
        var contentByteCount = 0
        /// Where there was nothing.
        var paths: [ResolvedPath] = []
        var root: SiteRoot?
        var batch = 0
        var dateSecond = 0
    }

    private static let slotCount = 512
    /// Longer paths are not kept.
    private static let keyByteLimit = 256
    /// What each message begins with; the Date's text follows.
    private static let start: StaticString = "HTTP/1.1 404 Not Found\r\nDate: "
    private static let dateOffset = start.utf8CodeUnitCount

    private var slots = RigidArray<Slot>(capacity: slotCount)
    /// What peers cannot know, so that they cannot make paths fall into one slot.
    private let seed = ProcessLimits.random()

    init() {
        for _ in 0..<Self.slotCount { slots.append(Slot()) }
    }

    /// The slot with the response for a path, where there is still nothing.
    ///
    /// - Parameters:
    ///   - key: the path of the request target.
    ///   - site: the index of the site.
    ///   - form: the form of the content.
    ///   - batch: the number of this batch of events.
    ///   - clock: the time of the batch.
    /// - Returns: its index, valid until the next change; nil where there is none.
    mutating func find(
        _ key: Span<UInt8>, site: Int, form: ErrorForm, batch: Int, clock: borrowing BatchClock
    ) -> Int? {
        guard key.count <= Self.keyByteLimit else { return nil }
        let hash = hash(key, site, form)
        let index = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        guard slots[index].hash == hash, slots[index].site == site, slots[index].form == form,
            slots[index].key.span.equals(key)
        else { return nil }
        if slots[index].batch != batch {
            guard Self.isAbsent(&slots[index]) else {
                slots[index] = Slot()
                return nil
            }
            slots[index].batch = batch
        }
        if slots[index].dateSecond != clock.seconds {
            slots[index].dateSecond = clock.seconds
            var text = slots[index].message.mutableSpan
            for offset in 0..<HTTPDate.byteCount {
                text[Self.dateOffset &+ offset] = clock.dateText[offset]
            }
        }
        return index
    }

    /// Whether there is still nothing where there was nothing.
    ///
    /// It changes nothing; but of a slot that is only lent, the compiler makes a copy first.
    private static func isAbsent(_ slot: inout Slot) -> Bool {
        guard let root = slot.root else { return false }
        return slot.paths.allSatisfy { root.isAbsent($0) }
    }

    /// Keeps a response, if it is one for what is missing.
    ///
    /// - Parameters:
    ///   - key: the path of the request target.
    ///   - site: the index of the site.
    ///   - form: the form of the content.
    ///   - message: the whole response.
    ///   - paths: where there is nothing, below `root`; where that is not so, nothing is kept.
    ///   - root: the site's root.
    ///   - clock: the time of the batch.
    mutating func insert(
        _ key: Span<UInt8>, site: Int, form: ErrorForm, message: Span<UInt8>,
        paths: [ResolvedPath], root: SiteRoot, clock: borrowing BatchClock
    ) {
        guard key.count <= Self.keyByteLimit, message.count > Self.dateOffset,
            message.extracting(0..<Self.dateOffset).equals(Self.start),
            paths.allSatisfy({ root.isAbsent($0) })
        else { return }
        let hash = hash(key, site, form)
        var slot = Slot()
        slot.key.append(copying: key)
        slot.site = site
        slot.form = form
        slot.hash = hash
        slot.message.append(copying: message)
        slot.contentByteCount = contentByteCount(of: message)
        slot.paths = paths
        slot.root = root
        slot.dateSecond = clock.seconds
        slots[Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)] = slot
    }

    /// Forgets everything, as when another configuration is in force.
    mutating func removeAll() {
        for index in slots.indices where slots[index].site >= 0 { slots[index] = Slot() }
    }

    /// Appends the response of a slot.
    ///
    /// - Returns: the bytes of its content.
    func append(_ index: Int, to output: inout Bytes) -> Int {
        output.append(copying: slots[index].message.span)
        return slots[index].contentByteCount
    }

    /// The bytes behind the empty line.
    private func contentByteCount(of message: Span<UInt8>) -> Int {
        var offset = 0
        while offset + 4 <= message.count {
            if message.extracting(offset..<offset + 4).equals("\r\n\r\n") {
                return message.count - offset - 4
            }
            offset += 1
        }
        return 0
    }

    private func hash(_ key: Span<UInt8>, _ site: Int, _ form: ErrorForm) -> UInt64 {
        key.hash(seed: seed ^ UInt64(truncatingIfNeeded: site << 2 | Int(form.rawValue)))
    }
}
