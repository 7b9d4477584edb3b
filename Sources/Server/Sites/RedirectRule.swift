internal import Configuration
internal import HTTP

/// `Redirect=`: where requests are sent, made of what the section's pattern matched.
struct RedirectRule: Sendable {
    let status: StatusCode
    private let pattern: PathPattern
    private let target: RedirectTarget

    /// The redirect of a section; nil where it says that there is none.
    init?(_ settings: RedirectSetting, pattern: String) {
        guard let pattern = PathPattern(pattern), let target = RedirectTarget(settings.target),
            !settings.target.isEmpty
        else { return nil }
        status = StatusCode(rawValue: UInt16(settings.status))
        self.pattern = pattern
        self.target = target
    }

    /// The value of Location for a path that the pattern matches.
    func location(for path: [UInt8], query: Span<UInt8>) -> [UInt8] {
        let path = path.span
        return target.location(
            for: path, captures: pattern.captures(in: path) ?? [], query: query)
    }
}
