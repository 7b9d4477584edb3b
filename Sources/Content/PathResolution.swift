internal import HTTP

/// The path of a request target as a path below a document root: decoded once, without dot
/// segments.
public struct ResolvedPath: Sendable, Equatable {
    /// A relative path without a `/` at either end and with a NUL behind it; `.` for the root
    /// itself.
    public let bytes: [UInt8]
    /// Whether the target ended with `/`, and so names a directory.
    public let namesDirectory: Bool

    /// Why a target has no path.
    public enum Failure: Error, Sendable {
        /// A `%` without two hexadecimal digits, a NUL, or a dot segment above the root: 400.
        case malformed
        /// A name that is never served, such as one that starts with a dot: as if it did not exist.
        case hidden
    }

    /// The directory of shared metadata (RFC 8615), which is served though its name starts with a
    /// dot.
    private static let wellKnown = Array(".well-known".utf8)

    /// Decodes the path of a target, which starts with `/`, or is empty in absolute-form.
    ///
    /// In the order of RFC 3986: split at slashes, then percent-decode each segment, then drop dot
    /// segments. What is decoded is never decoded again.
    public init(decoding path: Span<UInt8>) throws(Failure) {
        var output: [UInt8] = []
        output.reserveCapacity(path.count + 1)
        var segmentStarts: [Int] = []
        var namesDirectory = true
        var offset = 0
        while offset < path.count {
            precondition(path[offset] == 0x2F, "A path has a slash before each segment.")
            offset += 1
            let start = output.count
            if start > 0 { output.append(0x2F) }
            let segment = output.count
            offset = try Self.decodeSegment(path, from: offset, into: &output)
            let name = output[segment...]
            namesDirectory = name.isEmpty
            if name.elementsEqual([0x2E]) || name.isEmpty {
                namesDirectory = true
                output.removeSubrange(start...)
            } else if name.elementsEqual([0x2E, 0x2E]) {
                guard let parent = segmentStarts.popLast() else { throw .malformed }
                namesDirectory = true
                output.removeSubrange(parent...)
            } else {
                segmentStarts.append(start)
            }
        }
        try Self.refuseHidden(output)
        if output.isEmpty { output.append(0x2E) }
        output.append(0)
        self.bytes = output
        self.namesDirectory = namesDirectory
    }

    /// The path that a configuration file names: decoded, absolute, without dot segments.
    public init(decoded path: [UInt8]) {
        let names = path.split(separator: 0x2F)
        bytes = (names.isEmpty ? [0x2E] : Array(names.joined(separator: [0x2F]))) + [0]
        namesDirectory = path.last == 0x2F
    }

    private init(bytes: [UInt8], namesDirectory: Bool) {
        self.bytes = bytes
        self.namesDirectory = namesDirectory
    }

    /// The path of an entry of this directory.
    public func appending(_ name: [UInt8]) -> ResolvedPath {
        let prefix = isRoot ? [] : bytes.dropLast() + [0x2F]
        return ResolvedPath(bytes: prefix + name + [0], namesDirectory: false)
    }

    /// The path whose last name has a suffix more; not for the root.
    public func appendingSuffix(_ suffix: StaticString) -> ResolvedPath {
        ResolvedPath(
            bytes: bytes.dropLast() + Array("\(suffix)".utf8) + [0], namesDirectory: false)
    }

    /// The path whose last name does not have this suffix; nil where it has no more, or not that.
    public func removingSuffix(_ suffix: StaticString) -> ResolvedPath? {
        let ending = Array("\(suffix)".utf8) + [0]
        guard bytes.suffix(ending.count).elementsEqual(ending) else { return nil }
        let rest = Array(bytes.dropLast(ending.count))
        guard let last = rest.last, last != 0x2F else { return nil }
        return ResolvedPath(bytes: rest + [0], namesDirectory: false)
    }

    /// The path of the directory that the last name is in, with a slash at both ends.
    public var directory: [UInt8] {
        let parent = parent.dropLast()
        return parent.elementsEqual([0x2E]) ? [0x2F] : [0x2F] + parent + [0x2F]
    }

    /// The same path, as that of a directory.
    public var asDirectory: ResolvedPath {
        ResolvedPath(bytes: bytes, namesDirectory: true)
    }

    /// The path without NUL, for people; bytes that are not UTF-8 are U+FFFD.
    public var text: String { String(decoding: bytes.dropLast(), as: UTF8.self) }

    /// Whether it is the root itself.
    public var isRoot: Bool { bytes.count == 2 && bytes[0] == 0x2E }

    /// The path without the last name, NUL behind it; `.` where that is the root.
    public var parent: [UInt8] { Self.parent(of: bytes) }

    /// The path of the directory that a relative path's last name is in, NUL behind both.
    static func parent(of path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: 0x2F) else { return [0x2E, 0] }
        return path[..<slash] + [0]
    }

    /// The last name, NUL behind it.
    public var name: [UInt8] {
        guard let slash = bytes.lastIndex(of: 0x2F) else { return bytes }
        return Array(bytes[(slash + 1)...])
    }

    /// The path with `/` in front and without NUL, as rules are written.
    public var absolute: [UInt8] {
        isRoot ? [0x2F] : [0x2F] + bytes.dropLast() + (namesDirectory ? [0x2F] : [])
    }

    private static func decodeSegment(
        _ path: Span<UInt8>, from start: Int, into output: inout [UInt8]
    ) throws(Failure) -> Int {
        var offset = start
        while offset < path.count, path[offset] != 0x2F {
            var byte = path[offset]
            offset += 1
            if byte == 0x25 {
                guard offset + 1 < path.count, let high = path[offset].hexadecimalValue,
                    let low = path[offset + 1].hexadecimalValue
                else { throw .malformed }
                byte = high << 4 | low
                offset += 2
                // An encoded slash is part of a name (RFC 3986 §2.2), and no file's name has one.
                if byte == 0x2F { throw .hidden }
            }
            guard byte != 0 else { throw .malformed }
            output.append(byte)
        }
        return offset
    }

    private static func refuseHidden(_ path: [UInt8]) throws(Failure) {
        for name in path.split(separator: 0x2F) where name.first == 0x2E {
            guard name.elementsEqual(wellKnown) else { throw .hidden }
        }
    }
}
