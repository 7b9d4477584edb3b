internal import HTTP

/// Sorts names as people count: `file2` before `file10`, `a` beside `A`.
///
/// Each name gets a key, so that the order of names is that of the bytes of their keys: letters in
/// lower case, and before the digits of a number how many there are. Keys are compared as numbers
/// of eight bytes, those that follow what all names of a run have in common; runs of equal ones
/// are sorted by the next eight. So no two names are compared byte by byte, but those that differ
/// in nothing but case or leading zeros.
struct NaturalOrder {
    private struct Item {
        /// The part of the key that is compared just now.
        var part: UInt64 = 0
        let entry: UInt32
    }

    private var keys: [UInt8] = []
    /// Where the key of each entry starts, and where the last one ends.
    private var keyStarts: [UInt32] = [0]
    private var items: [Item] = []

    /// The entries in the order of their names, as indices.
    ///
    /// - Parameters:
    ///   - indices: the entries that are sorted.
    ///   - entries: all entries.
    ///   - names: the names of all entries.
    /// - Returns: the indices, sorted.
    static func sorted(
        _ indices: [UInt32], of entries: [ListedEntry], names: Span<UInt8>
    ) -> [UInt32] {
        var order = NaturalOrder()
        order.items.reserveCapacity(indices.count)
        order.keyStarts.reserveCapacity(indices.count + 1)
        order.keys.reserveCapacity(names.count + names.count / 4)
        for (number, index) in indices.enumerated() {
            order.appendKey(of: entries[Int(index)].name(in: names))
            order.items.append(Item(entry: UInt32(number)))
        }
        order.sort(0..<indices.count, from: 0) { first, second in
            let first = entries[Int(indices[Int(first)])].name(in: names)
            return first.isBefore(entries[Int(indices[Int(second)])].name(in: names))
        }
        return order.items.map { indices[Int($0.entry)] }
    }

    private mutating func appendKey(of name: Span<UInt8>) {
        var offset = 0
        while offset < name.count {
            let byte = name[offset]
            guard byte.isDigit else {
                keys.append(byte.lowercased)
                offset &+= 1
                continue
            }
            var end = offset &+ 1
            while end < name.count, name[end].isDigit { end &+= 1 }
            while offset &+ 1 < end, name[offset] == 0x30 { offset &+= 1 }
            // A digit stands for all, so that numbers are where digits are among other bytes.
            keys.append(0x30)
            keys.append(UInt8(min(end &- offset, 255)))
            while offset < end {
                keys.append(name[offset])
                offset &+= 1
            }
        }
        keyStarts.append(UInt32(keys.count))
    }

    /// Sorts a run of items whose keys are equal before `depth`.
    private mutating func sort(
        _ run: Range<Int>, from depth: Int, _ isBefore: (UInt32, UInt32) -> Bool
    ) {
        guard run.count > 1 else { return }
        let start = depth + commonByteCount(of: run, from: depth)
        for index in run { items[index].part = part(of: items[index], at: start) }
        sortByPart(run)
        var first = run.lowerBound
        while first < run.upperBound {
            let part = items[first].part
            var end = first &+ 1
            while end < run.upperBound, items[end].part == part { end &+= 1 }
            if end - first > 1 {
                // No key has a zero: one here is behind its end, and so behind that of the others.
                if part & 0xFF == 0 {
                    items[first..<end].sort { isBefore($0.entry, $1.entry) }
                } else {
                    sort(first..<end, from: start + 8, isBefore)
                }
            }
            first = end
        }
    }

    private mutating func sortByPart(_ run: Range<Int>) {
        guard run.count <= 16 else {
            items[run].sort { $0.part < $1.part }
            return
        }
        for index in run.dropFirst() {
            let item = items[index]
            var place = index
            while place > run.lowerBound, items[place &- 1].part > item.part {
                items[place] = items[place &- 1]
                place &-= 1
            }
            items[place] = item
        }
    }

    /// How many bytes from `depth` on are the same in the keys of all items of a run.
    private func commonByteCount(of run: Range<Int>, from depth: Int) -> Int {
        let first = keyRange(of: items[run.lowerBound])
        var common = first.count - depth
        for index in run.dropFirst() where common > 0 {
            let range = keyRange(of: items[index])
            common = min(common, range.count - depth)
            let start = range.lowerBound + depth
            var same = 0
            while same < common, keys[start &+ same] == keys[first.lowerBound + depth &+ same] {
                same &+= 1
            }
            common = same
        }
        return common
    }

    /// Eight bytes of a key as a number that sorts like them; zeros behind its end.
    private func part(of item: Item, at depth: Int) -> UInt64 {
        let range = keyRange(of: item)
        let start = min(range.lowerBound + depth, range.upperBound)
        var value: UInt64 = 0
        for offset in 0..<8 {
            value <<= 8
            if start &+ offset < range.upperBound { value |= UInt64(keys[start &+ offset]) }
        }
        return value
    }

    private func keyRange(of item: Item) -> Range<Int> {
        Int(keyStarts[Int(item.entry)])..<Int(keyStarts[Int(item.entry) + 1])
    }
}

extension Span<UInt8> {
    /// Whether the bytes sort before others, as memcmp(3) has it.
    fileprivate func isBefore(_ other: Span<UInt8>) -> Bool {
        for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
            return self[index] < other[index]
        }
        return count < other.count
    }
}

extension ListingOrder {
    private struct Item {
        var value: UInt64
        /// The place in the order of names.
        var rank: UInt32
        let entry: UInt32
    }

    /// The entries in this order.
    func sorted(_ entries: [ListedEntry], names: Span<UInt8>) -> [ListedEntry] {
        let indices = (0..<UInt32(entries.count))
        let directories = sortedRun(
            indices.filter { entries[Int($0)].isDirectory }, of: entries, names: names)
        let files = sortedRun(
            indices.filter { !entries[Int($0)].isDirectory }, of: entries, names: names)
        var sorted: [ListedEntry] = []
        sorted.reserveCapacity(entries.count)
        for index in directories { sorted.append(entries[Int(index)]) }
        for index in files { sorted.append(entries[Int(index)]) }
        return sorted
    }

    private func sortedRun(
        _ indices: [UInt32], of entries: [ListedEntry], names: Span<UInt8>
    ) -> [UInt32] {
        let byName = NaturalOrder.sorted(indices, of: entries, names: names)
        guard key != .name else { return isDescending ? byName.reversed() : byName }
        var items = byName.enumerated().map { rank, index in
            Item(value: value(of: entries[Int(index)]), rank: UInt32(rank), entry: index)
        }
        items.sort { $0.value == $1.value ? $0.rank < $1.rank : $0.value < $1.value }
        return items.map(\.entry)
    }

    /// What an entry is sorted by, as a number that is small for what is first.
    private func value(of entry: ListedEntry) -> UInt64 {
        let value =
            switch key {
            case .name: UInt64(0)
            case .size: entry.isDirectory ? 0 : UInt64(entry.size)
            // Times before 1970 are negative.
            case .time: UInt64(bitPattern: Int64(entry.modified)) ^ 1 << 63
            }
        return isDescending ? ~value : value
    }
}
