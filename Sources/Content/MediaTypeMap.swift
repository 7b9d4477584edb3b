/// Media types by file name extension: the system's table, and a minimum where there is none.
public struct MediaTypeMap: Sendable {
    private var types: [ArraySlice<UInt8>: [UInt8]] = [:]

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

    /// The Content-Type for a file of that path, with or without a NUL behind it; text is UTF-8.
    public func mediaType(forPath path: [UInt8]) -> [UInt8] {
        var name = path[...]
        if name.last == 0 { name.removeLast() }
        if let slash = name.lastIndex(of: 0x2F) { name = name[(slash + 1)...] }
        guard let dot = name.lastIndex(of: 0x2E), dot > name.startIndex else { return Self.unknown }
        let suffix = name[(dot + 1)...]
        if let type = types[suffix] { return type }
        let lower = suffix.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        return types[lower[...]] ?? Self.unknown
    }

    private static func value(_ type: ArraySlice<UInt8>) -> [UInt8] {
        let isText = type.starts(with: "text/".utf8)
        return Array(type) + (isText ? Array("; charset=utf-8".utf8) : [])
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
