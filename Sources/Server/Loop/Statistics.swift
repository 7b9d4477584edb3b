/// What one worker has counted since it started.
///
/// Plain numbers of one thread: the worker gives a copy to whoever asks, so that counting costs
/// nothing that is shared.
struct Statistics: Sendable {
    var connections = 0
    var idleConnections = 0
    var acceptedConnections = 0
    var refusedConnections = 0
    /// Responses by the first digit of their status; index 0 is unused.
    var responsesByClass = [0, 0, 0, 0, 0, 0]
    var receivedBytes = 0
    var sentBytes = 0
    var uploadsCompleted = 0
    var uploadsFailed = 0
    var uploadedBytes = 0
    var cacheEntries = 0
    var cacheBytes = 0
    var cacheHits = 0
    var cacheMisses = 0
    var logLines = 0
    var logWriteErrors = 0
    var journalSuppressed = 0
    var journalDropped = 0
    var latency = LatencyHistogram()

    /// Requests that were answered.
    var requests: Int { responsesByClass.reduce(0, +) }

    /// Adds another worker's.
    mutating func add(_ other: Statistics) {
        connections += other.connections
        idleConnections += other.idleConnections
        acceptedConnections += other.acceptedConnections
        refusedConnections += other.refusedConnections
        for index in responsesByClass.indices {
            responsesByClass[index] += other.responsesByClass[index]
        }
        receivedBytes += other.receivedBytes
        sentBytes += other.sentBytes
        uploadsCompleted += other.uploadsCompleted
        uploadsFailed += other.uploadsFailed
        uploadedBytes += other.uploadedBytes
        cacheEntries += other.cacheEntries
        cacheBytes += other.cacheBytes
        cacheHits += other.cacheHits
        cacheMisses += other.cacheMisses
        logLines += other.logLines
        logWriteErrors += other.logWriteErrors
        journalSuppressed += other.journalSuppressed
        journalDropped += other.journalDropped
        latency.add(other.latency)
    }
}

/// Durations by size: sixteen steps to each power of two, so that a percentile is right to 6 %.
struct LatencyHistogram: Sendable {
    private static let subdivision = 16
    private var counts = [Int](repeating: 0, count: 16 * 30)
    private var count = 0
    /// The longest duration, microseconds.
    private(set) var maximum = 0

    /// Counts a duration in microseconds.
    mutating func record(_ microseconds: Int) {
        counts[Self.index(of: microseconds)] &+= 1
        count &+= 1
        if microseconds > maximum { maximum = microseconds }
    }

    /// Adds another histogram.
    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The duration in microseconds that a share of all, in thousandths, did not exceed; nil when
    /// there is none.
    func percentile(_ share: Int) -> Int? {
        guard count > 0 else { return nil }
        let rank = max(1, (count * share + 999) / 1000)
        var seen = 0
        for (index, value) in counts.enumerated() {
            seen += value
            if seen >= rank { return min(maximum, Self.upperBound(of: index)) }
        }
        return maximum
    }

    private static func index(of value: Int) -> Int {
        guard value >= subdivision else { return max(0, value) }
        let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
        let step = value >> (exponent - 4) & 15
        return min((exponent - 3) * subdivision + step, 16 * 30 - 1)
    }

    private static func upperBound(of index: Int) -> Int {
        guard index >= subdivision else { return index }
        let exponent = index / subdivision + 3
        return (1 << exponent) + (index % subdivision + 1) << (exponent - 4) - 1
    }
}
