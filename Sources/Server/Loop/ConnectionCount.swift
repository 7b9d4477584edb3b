internal import Synchronization

/// How many connections all workers have open, and may have.
///
/// The one number that workers share; it is touched when a connection begins and ends, never by a
/// request.
final class ConnectionCount: Sendable {
    /// `MaxConnections=`.
    let limit: Int
    private let open = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts one more, unless the limit is reached.
    func tryAdd() -> Bool {
        if open.add(1, ordering: .relaxed).newValue <= limit { return true }
        remove()
        return false
    }

    /// Counts one less.
    func remove() {
        open.subtract(1, ordering: .relaxed)
    }
}
