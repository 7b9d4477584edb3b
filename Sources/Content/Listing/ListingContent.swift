internal import BasicContainers
public import HTTP
internal import Synchronization

/// What may be done in the directory of a listing, besides reading.
public struct ListingCapabilities: Sendable, Equatable {
    /// Whether PUT may store files.
    public var upload = false
    /// Whether an upload may replace a file.
    public var overwrite = false
    /// Whether an upload may make directories.
    public var createDirectories = false
    /// The largest upload, bytes; nil is no limit.
    public var maximumSize: Int?
    /// Whether DELETE may remove files.
    public var delete = false

    /// Nothing.
    public init() {}
}

/// The content of a response that shows a directory: HTML for people, or JSON.
///
/// It is rendered in pieces, one after the other, so that no listing needs a large buffer. Its
/// entity tag is known before: it is strong, a digest of all that is shown, so two contents with
/// one tag have the same bytes.
///
/// The JSON text (RFC 8259) is one object:
///
///     {"path": "/dir/", "parent": "/",
///      "entries": [{"name": "a b.txt", "href": "a%20b.txt", "type": "file", "size": 123,
///                   "modified": "2026-11-24T05:00:00Z"}],
///      "capabilities": {"upload": true, "overwrite": true, "create_directories": false,
///                       "max_size": 1073741824, "delete": false}}
///
/// - `path`: the directory, percent-encoded; `parent`: the one that it is in, null for the root.
/// - `name`: for people; bytes that are not UTF-8 are U+FFFD. `href`: exact, a relative reference
///   to the entry; it ends with a slash where that is a directory.
/// - `type`: `file` or `directory`; `size`: bytes, null for a directory; `modified`: RFC 3339, UTC,
///   whole seconds, rounded down.
/// - `max_size`: bytes, null where there is no limit.
///
/// Entries come in the order that the query asks for, see `ListingOrder`. There may be more members
/// in later versions.
public final class ListingContent: Sendable {
    /// The form of the content.
    public enum Form: UInt8, Sendable, CaseIterable {
        /// A page.
        case html
        /// JSON.
        case json
    }

    /// The bytes at which a piece ends, but for the entry that reaches them.
    public static let pieceByteCount = 64 << 10

    /// The Content-Security-Policy of a page (CSP 3): its own style and script, requests to where
    /// it came from, and nothing else.
    public static let securityPolicy: StaticString = ListingPage.securityPolicy

    /// The form.
    public let form: Form
    /// The entity tag, strong.
    public let entityTag: EntityTag
    private let shared: SharedListing
    private let capabilities: ListingCapabilities
    private let siteName: String
    /// How many entries were rendered; nil before the first piece, past all behind the last one.
    private let position = Mutex<Int?>(nil)

    /// The content that shows a listing.
    ///
    /// - Parameters:
    ///   - listing: what is in the directory.
    ///   - form: the form of the content.
    ///   - capabilities: what may be done there.
    ///   - siteName: what the root is called on a page.
    public init(
        _ listing: SharedListing, form: Form, capabilities: ListingCapabilities, siteName: String
    ) {
        shared = listing
        self.form = form
        self.capabilities = capabilities
        self.siteName = siteName
        entityTag = ListingDigest.entityTag(
            of: listing, form: form, capabilities: capabilities, siteName: siteName)
    }

    /// The Content-Type.
    public var mediaType: StaticString {
        switch form {
        case .html: "text/html; charset=utf-8"
        case .json: "application/json"
        }
    }

    private var listing: DirectoryListing { shared.listing }

    /// Renders the next piece; nil behind the last one.
    ///
    /// It takes a part of a millisecond, so better not on a thread that others wait for.
    public func next() -> [UInt8]? {
        position.withLock { position in
            if let position, position > listing.entryCount { return nil }
            // Room for the entry that reaches the limit: each byte of a name is up to six here and
            // three there.
            var output = Bytes(minimumCapacity: Self.pieceByteCount + 4096)
            if position == nil { renderHead(to: &output) }
            var next = position ?? 0
            while next < listing.entryCount, output.count < Self.pieceByteCount {
                renderEntry(next, to: &output)
                next += 1
            }
            if next == listing.entryCount, output.count < Self.pieceByteCount {
                renderEnd(to: &output)
                next += 1
            }
            position = next
            return [UInt8](capacity: output.count) { array in
                for index in output.indices { array.append(output[index]) }
            }
        }
    }

    private func renderHead(to output: inout Bytes) {
        switch form {
        case .html: page.writeHead(to: &output)
        case .json: ListingJSON.writeHead(of: listing, to: &output)
        }
    }

    private func renderEntry(_ index: Int, to output: inout Bytes) {
        switch form {
        case .html: page.writeEntry(index, to: &output)
        case .json: ListingJSON.writeEntry(index, of: listing, to: &output)
        }
    }

    private func renderEnd(to output: inout Bytes) {
        switch form {
        case .html: page.writeEnd(to: &output)
        case .json: ListingJSON.writeEnd(capabilities, to: &output)
        }
    }

    private var page: ListingPage {
        ListingPage(listing: listing, capabilities: capabilities, siteName: siteName)
    }
}
