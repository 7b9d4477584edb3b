/// What a conditional request is judged by (RFC 9110 §8.8).
public struct Validators: Sendable, BitwiseCopyable {
    /// The entity tag of the selected representation.
    public let entityTag: EntityTag
    /// When it was last modified; nil where that is not known.
    public let lastModified: HTTPDate?

    /// The validators of a representation.
    public init(entityTag: EntityTag, lastModified: HTTPDate?) {
        self.entityTag = entityTag
        self.lastModified = lastModified
    }
}

/// The outcome of a request's preconditions.
public enum Precondition: Sendable {
    /// 412 (Precondition Failed).
    case failed
    /// The method is performed.
    case holds
    /// 304 (Not Modified).
    case notModified
}

extension RequestHead {
    /// Evaluates the preconditions in the order of RFC 9110 §13.2.2.
    ///
    /// - Parameters:
    ///   - bytes: what the head was parsed from.
    ///   - current: the validators of the selected representation; nil where there is none. Where
    ///     the method does not read, they are of the content in whatever coding: a tag that came
    ///     with it in any is as good.
    ///   - now: the time, for dates with a year of two digits.
    /// - Returns: what they say.
    public func precondition(
        in bytes: Span<UInt8>, current: Validators?, now: HTTPDate
    ) -> Precondition {
        let isRead = method == .get || method == .head
        if has(.ifMatch) {
            guard isListed(.ifMatch, in: bytes, current: current, strongly: true) else {
                return .failed
            }
        } else if let date = date(.ifUnmodifiedSince, in: bytes, now: now) {
            // Without a date of ours there is none that could be later (§13.1.4).
            if let modified = current?.lastModified, modified > date { return .failed }
        }
        if has(.ifNoneMatch) {
            guard !isListed(.ifNoneMatch, in: bytes, current: current, strongly: false) else {
                return isRead ? .notModified : .failed
            }
        } else if isRead, let modified = current?.lastModified,
            let date = date(.ifModifiedSince, in: bytes, now: now)
        {
            if modified <= date { return .notModified }
        }
        return .holds
    }

    /// Whether a Range field is to be heeded: there is no If-Range, or it names the representation
    /// just as it is (RFC 9110 §13.1.5).
    public func ifRangeHolds(in bytes: Span<UInt8>, current: Validators, now: HTTPDate) -> Bool {
        guard let value = value(.ifRange, in: bytes) else { return true }
        guard !isRepeated(.ifRange), value.count > 0, !value.equals("*") else { return false }
        if value[0] == 0x22 { return current.entityTag.isStronglyEqual(to: value) }
        guard let date = HTTPDate(parsing: value, now: now) else { return false }
        // A date is strong only when the file cannot have changed again within it (§8.8.2.2).
        return date == current.lastModified && now.seconds - date.seconds >= 1
    }

    private func isListed(
        _ name: FieldName, in bytes: Span<UInt8>, current: Validators?, strongly: Bool
    ) -> Bool {
        guard let current else { return false }
        let isRead = method == .get || method == .head
        var isListed = false
        forEachValue(name, in: bytes) { extent in
            let value = bytes.extracting(extent.range)
            isListed =
                isListed
                || current.entityTag.isListed(
                    in: value, strongly: strongly, inAnyCoding: !isRead)
        }
        return isListed
    }

    /// The date that a field says; nil where it is missing, repeated or not valid, and so ignored.
    private func date(_ name: FieldName, in bytes: Span<UInt8>, now: HTTPDate) -> HTTPDate? {
        guard !isRepeated(name), let value = value(name, in: bytes) else { return nil }
        return HTTPDate(parsing: value, now: now)
    }
}
