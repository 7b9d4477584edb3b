internal import Content
internal import Linux
internal import Synchronization

/// Has directories read for listings, for all who ask for the same at once.
///
/// Those who ask while a directory is being read wait for the next reading, which begins after they
/// asked, so none sees a directory as it was before. So there are two readings of a directory under
/// way at most, however many ask; and equal ones share their memory.
final class ListingDesk: Sendable {
    typealias Outcome = Result<SharedListing, Errno>
    typealias Notify = @Sendable (Outcome) -> Void

    fileprivate struct Key: Hashable {
        let root: ObjectIdentifier
        let path: [UInt8]
        let order: ListingOrder
    }

    /// A listing that somebody still sends, or nobody any more.
    fileprivate struct Shared {
        weak var listing: SharedListing?
    }

    fileprivate struct State {
        /// Those who wait for the next reading of what is being read.
        var waiting: [Key: [Notify]] = [:]
        /// The listing of each directory that was read last.
        var latest: [Key: Shared] = [:]
    }

    /// Directories whose latest listing is remembered.
    fileprivate static let latestLimit = 64

    private let state = Mutex(State())
    private let pool: BlockingPool

    /// A desk with threads of its own, so that no file waits for a directory.
    init(threadCount: Int) throws(Errno) {
        pool = try BlockingPool("listing", threadCount: threadCount)
    }

    /// Has a directory read.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - root: the document root.
    ///   - order: the order of its entries.
    ///   - notify: gets the listing, on another thread.
    func request(
        _ path: ResolvedPath, below root: SiteRoot, order: ListingOrder,
        notify: @escaping Notify
    ) {
        let key = Key(root: ObjectIdentifier(root), path: path.bytes, order: order)
        let isFirst = state.withLock { state in
            guard state.waiting[key] == nil else {
                state.waiting[key]?.append(notify)
                return false
            }
            state.waiting[key] = []
            return true
        }
        if isFirst { read(path, root, order, key, [notify]) }
    }

    private func read(
        _ path: ResolvedPath, _ root: SiteRoot, _ order: ListingOrder, _ key: Key,
        _ asking: [Notify]
    ) {
        pool.submit {
            let outcome = Outcome { () throws(Errno) in
                SharedListing(try DirectoryListing(reading: path, below: root, order: order))
            }
            let latest = self.state.withLock { $0.latest[key]?.listing }
            let shared = outcome.map { listing in
                latest.flatMap { $0.isEqual(to: listing) ? $0 : nil } ?? listing
            }
            let next = self.state.withLock { state in
                let next = state.waiting[key] ?? []
                state.waiting[key] = next.isEmpty ? nil : []
                if case .success(let listing) = shared { state.remember(listing, key) }
                return next
            }
            if !next.isEmpty { self.read(path, root, order, key, next) }
            for notify in asking { notify(shared) }
        }
    }
}

extension ListingDesk.State {
    fileprivate mutating func remember(_ listing: SharedListing, _ key: ListingDesk.Key) {
        if latest[key] == nil, latest.count >= ListingDesk.latestLimit {
            latest = latest.filter { $0.value.listing != nil }
            if latest.count >= ListingDesk.latestLimit { latest.removeAll() }
        }
        latest[key] = ListingDesk.Shared(listing: listing)
    }
}
