internal import HTTP

/// The order of the entries of a listing; directories are before files in each.
public struct ListingOrder: Sendable, Hashable {
    /// What entries are sorted by.
    public enum Key: UInt8, Sendable, CaseIterable {
        /// The name: numbers in it by their value, letters of ASCII without regard to case.
        case name
        /// Bytes of content; directories, which have none, by name.
        case size
        /// When the content was modified.
        case time
    }

    /// What entries are sorted by; those that are equal in it are sorted by name, ascending.
    public var key = Key.name
    /// Whether the largest, latest or last is first.
    public var isDescending = false

    /// By name, ascending.
    public init() {}

    /// An order of entries.
    public init(_ key: Key, isDescending: Bool) {
        self.key = key
        self.isDescending = isDescending
    }

    /// The order that a query asks for: `sort=name|size|time` and `order=asc|desc`, between `&`.
    ///
    /// What is not known is as if it were not there: by name, ascending. Of parameters that are
    /// repeated the last one counts.
    ///
    /// - Parameter query: the query of a request target, without `?`.
    public init(query: Span<UInt8>) {
        var start = 0
        while start <= query.count {
            var end = start
            while end < query.count, query[end] != 0x26 { end &+= 1 }
            apply(query.extracting(start..<end))
            start = end + 1
        }
    }

    private mutating func apply(_ parameter: Span<UInt8>) {
        if parameter.equals("sort=name") {
            key = .name
        } else if parameter.equals("sort=size") {
            key = .size
        } else if parameter.equals("sort=time") {
            key = .time
        } else if parameter.equals("order=asc") {
            isDescending = false
        } else if parameter.equals("order=desc") {
            isDescending = true
        }
    }
}
