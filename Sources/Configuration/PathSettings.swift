/// A section `[Path SITE PATTERN]`: what differs for some paths; nil is as in the site.
public struct PathSettings: Sendable, Equatable {
    /// The decoded paths that it is for, as `PathPattern` reads it: a prefix, or a glob.
    public var pattern: String
    /// `CacheControl=`.
    public var cacheControl: String?
    /// `Headers=`: fields that differ from the site's, each name once; empty if none does.
    public var headers: [FieldSetting] = []
    /// `Redirect=`: where requests are sent instead of being answered; of an empty target (`none`)
    /// nowhere.
    public var redirect: RedirectSetting?
    /// `Fallback=`: the target of the page for what does not exist; empty (`none`) is none.
    public var fallback: String?
    /// `Upload=`.
    public var upload: Bool?
    /// `UploadMaxSize=`.
    public var uploadMaxSize: Int?
    /// `UploadOverwrite=`.
    public var uploadOverwrite: Bool?
    /// `UploadCreateDirectories=`.
    public var uploadCreateDirectories: Bool?
    /// `Delete=`.
    public var delete: Bool?
    /// `Listing=`.
    public var listing: Bool?
    /// `ContentType=`: the media type of all files here, as the Content-Type field gives it.
    public var contentType: String?
    /// `Deny=`: whether all requests are answered with 403.
    public var deny: Bool?
    /// Where the section begins first.
    public var location: SourceLocation?
    /// Where each key was set, by key, and each item by both (`Headers=x-frame-options`).
    public var locations: [String: SourceLocation] = [:]

    /// A path of no settings of its own.
    public init(pattern: String) {
        self.pattern = pattern
    }
}

/// `MediaType=.EXT TYPE`: the media type of the files with an extension.
public struct MediaTypeSetting: Sendable, Equatable {
    /// What follows the last dot of a name, without the dot; its ASCII letters are lower case.
    public var fileExtension: String
    /// As the Content-Type field gives it: `text/markdown`, `text/plain; charset=utf-8`.
    public var mediaType: String

    /// The media type of an extension.
    public init(fileExtension: String, mediaType: String) {
        self.fileExtension = fileExtension
        self.mediaType = mediaType
    }
}

/// `ErrorPage=STATUS /path`: the page that is sent with an error.
public struct ErrorPageSetting: Sendable, Equatable {
    /// The status code, 400…599.
    public var status: Int
    /// The decoded path of the page below the root; starts with `/`.
    public var path: String

    /// The page of a status.
    public init(status: Int, path: String) {
        self.status = status
        self.path = path
    }
}

/// `Headers=Name: value` or `Headers=-Name`: a field of responses that is set or removed.
public struct FieldSetting: Sendable, Equatable {
    /// The field's name as it was written; names are equal whatever the case of their letters.
    public var name: String
    /// The field's value; nil removes the field.
    public var value: String?

    /// A field that is set to a value, or removed.
    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

/// `Redirect=[STATUS] TARGET`: where requests are sent.
public struct RedirectSetting: Sendable, Equatable {
    /// The status code: 301, 302, 303, 307 or 308.
    public var status: Int
    /// A path or URI, as `RedirectTarget` reads it; empty if there is no redirect.
    public var target: String

    /// A redirect with a status to a target.
    public init(status: Int = 301, target: String) {
        self.status = status
        self.target = target
    }
}
