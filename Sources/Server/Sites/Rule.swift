internal import BasicContainers
internal import Configuration
internal import Content
internal import HTTP

/// What holds for a path: the site's settings, with those of the sections that match laid over
/// them, key by key.
///
/// Made when the configuration is loaded, or when a combination of sections is met for the first
/// time; never per request.
final class Rule: Sendable {
    /// The site that it is of.
    let site: SiteDefaults
    /// The patterns of the sections that match, the most particular first.
    let patterns: [String]
    /// The value of Cache-Control, if there is one.
    let cacheControl: [UInt8]?
    /// Whole field lines that every response has: those of `Headers=` and `SecurityHeaders=`.
    let fieldLines: [UInt8]
    /// The Content-Type of all files, if it is said.
    let mediaType: [UInt8]?
    /// What is allowed of uploads; nil is nothing.
    let upload: UploadPolicy?
    /// Whether DELETE is allowed.
    let allowsDelete: Bool
    /// Whether a directory without an index page is listed.
    let listsDirectories: Bool
    /// Whether every request is refused.
    let isDenied: Bool
    /// Where every request is sent instead.
    let redirect: RedirectRule?
    /// The page for what does not exist, and its status.
    let fallback: FallbackPage?

    /// Lays sections over a site.
    ///
    /// - Parameters:
    ///   - site: the site.
    ///   - sections: those that match, the most particular first.
    init(_ site: SiteDefaults, _ sections: [PathSettings]) {
        let settings = site.settings
        func value<Value>(_ key: (PathSettings) -> Value?) -> Value? {
            sections.lazy.compactMap(key).first
        }
        self.site = site
        patterns = sections.map(\.pattern)
        cacheControl = (value(\.cacheControl) ?? settings.cacheControl).map { Array($0.utf8) }
        fieldLines = Self.fieldLines(settings, sections)
        mediaType = value(\.contentType).map { Array($0.utf8) }
        allowsDelete = value(\.delete) ?? settings.delete
        listsDirectories = value(\.listing) ?? settings.listing
        isDenied = value(\.deny) ?? false
        redirect = value { section in
            section.redirect.map { (settings: $0, pattern: section.pattern) }
        }.flatMap { RedirectRule($0.settings, pattern: $0.pattern) }
        fallback = FallbackPage(settings, value(\.fallback) ?? settings.fallback ?? "")
        guard value(\.upload) ?? settings.upload else {
            upload = nil
            return
        }
        let maximum = value(\.uploadMaxSize) ?? settings.uploadMaxSize
        upload = UploadPolicy(
            byteLimit: maximum == 0 ? nil : maximum,
            durability: settings.uploadDurability.policy,
            allowsOverwriting: value(\.uploadOverwrite) ?? settings.uploadOverwrite,
            createsDirectories: value(\.uploadCreateDirectories)
                ?? settings.uploadCreateDirectories)
    }

    /// The fields by name, the most particular section deciding each.
    private static func fieldLines(
        _ site: SiteSettings, _ sections: [PathSettings]
    ) -> [UInt8] {
        var fields = site.securityHeaders ? securityFields : []
        for settings in [site.headers] + sections.reversed().map(\.headers) {
            for field in settings {
                fields.removeAll { equalsIgnoringCase($0.name, field.name) }
                fields.append(field)
            }
        }
        var lines: [UInt8] = []
        for field in fields {
            guard let value = field.value else { continue }
            lines += "\(field.name): \(value)\r\n".utf8
        }
        return lines
    }

    /// `SecurityHeaders=yes`.
    private static let securityFields = [
        FieldSetting(name: "X-Content-Type-Options", value: "nosniff"),
        FieldSetting(name: "X-Frame-Options", value: "SAMEORIGIN"),
        FieldSetting(name: "Referrer-Policy", value: "strict-origin-when-cross-origin"),
    ]

    private static func equalsIgnoringCase(_ first: String, _ second: String) -> Bool {
        first.lowercased().utf8.elementsEqual(second.lowercased().utf8)
    }
}

/// `Fallback=`: the page for what does not exist.
struct FallbackPage: Sendable {
    let path: ResolvedPath
    let status: StatusCode
    /// It is the `ErrorPage=` for 404, which only those get who accept a page.
    let isErrorPage: Bool

    /// The page at a target; an `ErrorPage=` for 404 takes the place of one that is sent as 404.
    init?(_ site: SiteSettings, _ target: String) {
        let status = StatusCode(rawValue: UInt16(site.fallbackStatus))
        if status == .notFound, let page = site.errorPages.first(where: { $0.status == 404 }) {
            path = ResolvedPath(decoded: Array(page.path.utf8))
            isErrorPage = true
        } else {
            guard !target.isEmpty else { return nil }
            path = ResolvedPath(decoded: Array(target.utf8))
            isErrorPage = false
        }
        self.status = status
    }
}

extension ResolvedPath {
    /// The key under which a page for what is missing is cached; no target's path is like that.
    var fallbackKey: [UInt8] { [0] + bytes }
    /// The key under which the page of an error is cached, which has no codings.
    var errorPageKey: [UInt8] { [0, 0] + bytes }
}

extension SiteSettings.Durability {
    var policy: UploadPolicy.Durability {
        switch self {
        case .full: .full
        case .data: .data
        case .none: .none
        }
    }
}
