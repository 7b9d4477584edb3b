/// What no value shows alone: keys of a site that do not fit together.
extension SiteSettings {
    /// An error for each, at the value that has to change.
    var contradictions: [Diagnostic] {
        compressionSizes + fieldSizes
            + paths.flatMap { path in
                [path.denialOfRedirect, path.missingCapture, endlessRedirect(path)].compactMap {
                    $0
                }
            }
    }

    /// Sizes between which there is none.
    private var compressionSizes: [Diagnostic] {
        guard !compression.isEmpty, compressionMinSize > compressionMaxSize else { return [] }
        return [
            Diagnostic(
                "CompressionMinSize=\(ByteCount.text(compressionMinSize)) is more than"
                    + " CompressionMaxSize=\(ByteCount.text(compressionMaxSize)), so nothing would"
                    + " be compressed (if that is meant, say Compression=no)",
                at: locations["CompressionMinSize"] ?? locations["CompressionMaxSize"])
        ]
    }

    /// Fields that would not fit the head of a response.
    private var fieldSizes: [Diagnostic] {
        let sections =
            [(headers, locations["Headers"])]
            + paths.map { ($0.headers, $0.locations["Headers"]) }
        return sections.compactMap { headers, location in
            let count = headers.reduce(0) { count, field in
                // Colon, space and the end of the line.
                count + field.name.utf8.count + (field.value.map { $0.utf8.count + 4 } ?? 0)
            }
            guard count > Limits.fieldsByteLimit else { return nil }
            return Diagnostic(
                "all Headers= of a section have at most \(Limits.fieldsByteLimit) bytes,"
                    + " not \(count)", at: location)
        }
    }

    /// A redirect to a path that is redirected by the same section again.
    private func endlessRedirect(_ path: PathSettings) -> Diagnostic? {
        guard let redirect = path.redirect, let pattern = PathPattern(path.pattern),
            let target = RedirectTarget(redirect.target)
        else { return nil }
        // A byte that no pattern has, so that what matches it matches any other.
        let end = [UInt8(ascii: "?"), UInt8(ascii: "#")]
        let next = Array(target.filled(with: 0).prefix { !end.contains($0) })
        let isCaught = { (path: PathSettings) in
            path.redirect != nil && PathPattern(path.pattern)?.matches(next.span) == true
        }
        guard next.first == UInt8(ascii: "/"), pattern.matches(next.span) else { return nil }
        // Another section may end it, by its own target or none.
        let isElsewhere = paths.contains {
            !$0.pattern.utf8.elementsEqual(path.pattern.utf8) && isCaught($0)
        }
        guard !isElsewhere else { return nil }
        return Diagnostic(
            "Redirect= of [Path \(name) \(path.pattern)] leads to a path that it is for itself,"
                + " without end (exempt that path by a section with Redirect=none)",
            at: path.locations["Redirect"])
    }
}

extension PathSettings {
    /// A redirect that no request would see.
    fileprivate var denialOfRedirect: Diagnostic? {
        guard deny == true, let redirect, !redirect.target.isEmpty else { return nil }
        return Diagnostic(
            "Deny=yes and Redirect= exclude each other (take one of them away)",
            at: locations["Redirect"])
    }

    /// A `$n` for which the pattern has no wildcard.
    fileprivate var missingCapture: Diagnostic? {
        guard let redirect, let pattern = PathPattern(pattern),
            let target = RedirectTarget(redirect.target),
            target.captureCount > pattern.captureCount
        else { return nil }
        let count = pattern.captureCount
        let wildcards = count == 1 ? "one wildcard" : "\(count) wildcards"
        let reason = pattern.isGlob ? "has \(wildcards)" : "is a prefix, which has only $1"
        return Diagnostic(
            "Redirect= has $\(target.captureCount), but the pattern \(quoted(pattern.text))"
                + " \(reason)",
            at: locations["Redirect"])
    }
}
