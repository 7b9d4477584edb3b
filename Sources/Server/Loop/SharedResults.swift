internal import Linux
internal import Synchronization

/// Results of work that takes long, done once for all workers and kept while there is room.
///
/// Whoever finds no result has it worked out and is told when it is there; those who come while it
/// is being worked out wait for the same. Room is made by forgetting what was used longest ago.
final class SharedResults<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    fileprivate struct Entry {
        let value: Value
        let cost: Int
        var lastUse: Int
    }

    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        var waiting: [Key: [@Sendable () -> Void]] = [:]
        var cost = 0
        var limit: Int
        var uses = 0
        var made = 0
    }

    private let state: Mutex<State>

    /// Room for entries of a cost in all; the latest is kept even where it costs more.
    init(limit: Int) {
        state = Mutex(State(limit: limit))
    }

    /// How many entries there are, what they cost, and how many were ever made.
    var usage: (count: Int, cost: Int, made: Int) {
        state.withLock { ($0.entries.count, $0.cost, $0.made) }
    }

    /// Gives more or less room.
    func setLimit(_ limit: Int) {
        state.withLock { state in
            state.limit = limit
            state.makeRoom(sparing: nil)
        }
    }

    /// The result for a key, if it is there.
    func find(_ key: Key) -> Value? {
        state.withLock { state in
            guard let value = state.entries[key]?.value else { return nil }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return value
        }
    }

    /// Has a result worked out, unless that is done already.
    ///
    /// - Parameters:
    ///   - key: what for.
    ///   - pool: where.
    ///   - work: gives the result and what it costs to keep; nil is kept nowhere.
    ///   - notify: is called when it is done.
    func request(
        _ key: Key, in pool: BlockingPool, _ work: @escaping @Sendable () -> (Value, cost: Int)?,
        notify: @escaping @Sendable () -> Void
    ) {
        let isFirst = state.withLock { state in
            guard state.waiting[key] == nil else {
                state.waiting[key]?.append(notify)
                return false
            }
            state.waiting[key] = [notify]
            return true
        }
        guard isFirst else { return }
        pool.submit {
            let result = work()
            let waiting = self.state.withLock { state in
                if let result { state.insert(key, result.0, cost: result.cost) }
                return state.waiting.removeValue(forKey: key) ?? []
            }
            for notify in waiting { notify() }
        }
    }
}

extension SharedResults.State {
    fileprivate mutating func insert(_ key: Key, _ value: Value, cost: Int) {
        uses += 1
        made += 1
        if let old = entries.removeValue(forKey: key) { self.cost -= old.cost }
        entries[key] = SharedResults.Entry(value: value, cost: cost, lastUse: uses)
        self.cost += cost
        makeRoom(sparing: key)
    }

    fileprivate mutating func makeRoom(sparing key: Key?) {
        guard cost > limit else { return }
        for (old, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            // A little more than needed, so that not each insertion sorts.
            guard cost > limit - limit / 8 else { return }
            guard old != key else { continue }
            entries.removeValue(forKey: old)
            cost -= entry.cost
        }
    }
}
