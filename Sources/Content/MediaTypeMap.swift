internal import HTTP

/// Media types by file name extension: the system's table, and a minimum where there is none.
///
/// Looking one up allocates nothing, but for names with capitals.
public struct MediaTypeMap: Sendable {
    private var types: [ArraySlice<UInt8>: [UInt8]] = [:]
    /// By extension in lower case.
    private var overrides: [ArraySlice<UInt8>: [UInt8]] = [:]

    /// The type of what has none in the table (RFC 9110 §8.3).
    public static let unknown = Array("application/octet-stream".utf8)

    /// Reads a table of the form of /etc/mime.types: a media type and its extensions on each line.
    public init(table: [UInt8]) {
        for (type, extensions) in Self.minimum {
            for name in extensions.split(separator: " ") {
                types[Array(name.utf8)[...]] = Self.value(Array(type.utf8)[...])
            }
        }
        for line in table.split(separator: 0x0A) where line.first != 0x23 {
            let words = line.split { $0 == 0x20 || $0 == 0x09 }
            guard words.count > 1, words[0].allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
            let value = Self.value(words[0])
            for name in words.dropFirst() { types[name] = value }
        }
    }

    /// This map with types of one's own for some extensions; the tables are shared.
    ///
    /// - Parameter overrides: extensions and their types; in lower case, without the dot in front,
    ///   but they may have dots (`tar.gz`). Of the same extension the last counts.
    /// - Returns: the map.
    public func overriding(
        _ overrides: [(fileExtension: String, mediaType: String)]
    ) -> MediaTypeMap {
        var map = self
        for (name, type) in overrides {
            map.overrides[Array(name.utf8)[...]] = Self.value(Array(type.utf8)[...])
        }
        return map
    }

    /// The Content-Type for a file of that path, with or without a NUL behind it; text is UTF-8
    /// where its type says nothing else.
    public func mediaType(forPath path: [UInt8]) -> [UInt8] {
        var name = path[...]
        if name.last == 0 { name.removeLast() }
        if let slash = name.lastIndex(of: 0x2F) { name = name[(slash + 1)...] }
        // A name that begins with its only dot has no extension.
        var suffix = name.dropFirst()
        if !overrides.isEmpty, let type = override(for: suffix) { return type }
        guard let dot = suffix.lastIndex(of: 0x2E) else { return Self.unknown }
        suffix = suffix[(dot + 1)...]
        return types[suffix] ?? suffix.lowercased.flatMap { types[$0] } ?? Self.unknown
    }

    /// The type of the longest extension that has one of its own.
    private func override(for name: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = name.lowercased ?? name
        while let dot = rest.firstIndex(of: 0x2E) {
            rest = rest[(dot + 1)...]
            if let type = overrides[rest] { return type }
        }
        return nil
    }

    private static func value(_ type: ArraySlice<UInt8>) -> [UInt8] {
        let isPlainText = type.starts(with: "text/".utf8) && !type.contains(0x3B)
        return Array(type) + (isPlainText ? Array("; charset=utf-8".utf8) : [])
    }

    private static let minimum: [(String, String)] = [
        ("text/html", "html htm"), ("text/css", "css"), ("text/javascript", "js mjs"),
        ("text/plain", "txt text log md"), ("text/csv", "csv"), ("text/xml", "xml"),
        ("application/json", "json map"), ("application/manifest+json", "webmanifest"),
        ("application/pdf", "pdf"), ("application/wasm", "wasm"), ("application/gzip", "gz"),
        ("application/zip", "zip"), ("image/svg+xml", "svg"), ("image/png", "png"),
        ("image/jpeg", "jpg jpeg"), ("image/gif", "gif"), ("image/webp", "webp"),
        ("image/avif", "avif"), ("image/x-icon", "ico"), ("font/woff2", "woff2"),
        ("font/woff", "woff"), ("audio/mpeg", "mp3"), ("video/mp4", "mp4"), ("video/webm", "webm"),
    ]
}

extension ArraySlice<UInt8> {
    /// With lower-case letters for capitals; nil where it has none.
    fileprivate var lowercased: ArraySlice<UInt8>? {
        guard contains(where: { $0.lowercased != $0 }) else { return nil }
        return ArraySlice(map(\.lowercased))
    }
}
