internal import HTTP

/// A digest of 128 bits of all that a listing shows.
///
/// Made for speed, as wyhash and its kind: a word is mixed in by a multiplication of full width. It
/// is no secret and no signature: who can write into a directory can make two listings of it that
/// are taken for one, and harms nobody but their own readers.
struct ListingDigest: Equatable {
    private var first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var second: UInt64 = 0xD1B5_4A32_D192_ED03

    /// To be raised with each change of what is rendered of the same entries.
    private static let version: UInt64 = 1

    /// The page's own text, so that another one has other tags.
    private static let page: ListingDigest = {
        var digest = ListingDigest()
        for text in ListingPage.resources { digest.add(text.span) }
        return digest
    }()

    /// The digest of what is in a directory.
    init(of listing: DirectoryListing) {
        let names = listing.names.span
        for entry in listing.entries {
            add(entry.name(in: names))
            add(UInt64(bitPattern: Int64(entry.modified)))
            add(entry.isDirectory ? .max : UInt64(entry.size))
        }
    }

    private init() {}

    static func entityTag(
        of shared: SharedListing, form: ListingContent.Form, capabilities: ListingCapabilities,
        siteName: String
    ) -> EntityTag {
        let listing = shared.listing
        var digest = form == .html ? page : ListingDigest()
        digest.add(version)
        digest.add(shared.digest.first)
        digest.add(shared.digest.second)
        digest.add(listing.path.bytes.span)
        digest.add(Array(siteName.utf8).span)
        digest.add(UInt64(form.rawValue))
        digest.add(UInt64(listing.order.key.rawValue))
        let flags = [
            listing.order.isDescending, capabilities.upload, capabilities.overwrite,
            capabilities.createDirectories, capabilities.delete, capabilities.maximumSize != nil,
        ]
        digest.add(flags.reduce(0) { $0 << 1 | ($1 ? 1 : 0) })
        digest.add(UInt64(capabilities.maximumSize ?? 0))
        return EntityTag(digest.first, digest.second, isWeak: false)
    }

    private mutating func add(_ word: UInt64) {
        first = Self.fold(first ^ word, 0xA076_1D64_78BD_642F)
        second = Self.fold(second &+ word, 0xE703_7ED1_A0B4_28DB)
    }

    /// Mixes in bytes and how many they are.
    private mutating func add(_ bytes: Span<UInt8>) {
        var word: UInt64 = 0
        for offset in 0..<bytes.count {
            word = word << 8 | UInt64(bytes[offset])
            if offset & 7 == 7 { add(word) }
        }
        add(word)
        add(UInt64(bytes.count))
    }

    private static func fold(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let product = first.multipliedFullWidth(by: second)
        return product.high ^ product.low
    }
}
