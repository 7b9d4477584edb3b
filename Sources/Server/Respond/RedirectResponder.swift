internal import BasicContainers
internal import Configuration
internal import Content
internal import Control
internal import HTTP

extension Connection {
    /// Sends the peer to the same target with a slash behind its path (RFC 9110 §15.4.2).
    ///
    /// The Location is the path as it was sent, with slashes in front reduced to one, so that it
    /// never reads as another authority.
    mutating func redirectToDirectory(
        _ path: ResolvedPath, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        explanation?.note(
            .answer, .movedPermanently, "A directory's path ends with a slash.")
        redirect(to: path.absolute + [0x2F], head, bytes, &loop)
    }

    /// Sends the peer where the rule for the path says.
    mutating func respondRedirect(
        _ path: ResolvedPath, _ rule: Rule, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        guard let redirect = rule.redirect else { return }
        explanation?.note(.answer, redirect.status, "Redirect= of the section says so.")
        finishOrDiscardRequest(head)
        beginResponse(redirect.status, &loop)
        let location = redirect.location(
            for: path.absolute, query: bytes.extracting(head.query.range))
        loop.outgoing.appendField("Location", location.span)
        endRedirect(redirect.status, head, bytes, &loop)
    }

    /// Sends the peer to another path of the same site, with its query.
    private mutating func redirect(
        to path: [UInt8], _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ loop: inout Loop
    ) {
        beginResponse(.movedPermanently, &loop)
        loop.outgoing.append("Location: ")
        loop.outgoing.appendPercentEncoded(path.span)
        if !head.query.isEmpty {
            loop.outgoing.append(0x3F)
            loop.outgoing.append(copying: bytes.extracting(head.query.range))
        }
        loop.outgoing.append("\r\n")
        endRedirect(.movedPermanently, head, bytes, &loop)
    }

    private mutating func endRedirect(
        _ status: StatusCode, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ loop: inout Loop
    ) {
        loop.outgoing.appendField("Content-Length", 0)
        endHead(head, &loop)
        finish(head, bytes, status, contentByteCount: 0, &loop)
    }

    // `CleanURLs=`: the page in `a.html` has the target `/a`, and only that.

    /// The page's name behind its clean target.
    private static let pageSuffix: StaticString = ".html"

    /// What a path leads to, also by a clean target: `/a` to `a`, else to `a.html`, else to the
    /// directory `a`.
    func locate(_ path: ResolvedPath, _ rule: Rule, _ root: SiteRoot) -> FoundPath {
        let found = find(path, root)
        guard rule.site.settings.cleanURLs, !path.namesDirectory, !path.isRoot else {
            return found
        }
        switch found.result {
        case .missing, .directory:
            let page = find(path.appendingSuffix(Self.pageSuffix), root)
            switch page.result {
            case .file, .wouldBlock: return page
            default: return found
            }
        default:
            return found
        }
    }

    /// Whether a path is served though it is a page's, which it is as long as another file has the
    /// page's clean target.
    func isPageBesideFile(_ path: ResolvedPath, _ rule: Rule) -> Bool {
        rule.site.settings.cleanURLs && !path.namesDirectory
            && path.removingSuffix(Self.pageSuffix) != nil
    }

    /// Where there must be no file, or that one would be served in place of what a path leads to.
    func rivals(
        of file: OpenFile, for path: ResolvedPath, _ site: Int, _ loop: borrowing Loop
    ) -> [ResolvedPath] {
        guard file.path != path else { return [] }
        return path.namesDirectory
            ? loop.snapshot.sites[site].root.pathsBefore(file.path, for: path) : [path]
    }

    /// All paths at which a path would be served.
    func cleanPaths(_ path: ResolvedPath, _ rule: Rule) -> [ResolvedPath] {
        guard rule.site.settings.cleanURLs, !path.namesDirectory, !path.isRoot else {
            return [path]
        }
        return [path, path.appendingSuffix(Self.pageSuffix)]
    }

    /// Sends who asks for a page by its name to its clean target.
    ///
    /// - Returns: whether the request was answered, or waits.
    mutating func redirectToCleanTarget(
        _ path: ResolvedPath, _ rule: Rule, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ site: Int, _ loop: inout Loop
    ) -> Bool {
        guard rule.site.settings.cleanURLs, !path.namesDirectory,
            let clean = path.removingSuffix(Self.pageSuffix)
        else { return false }
        let root = loop.snapshot.sites[site].root
        let page = find(path, root)
        switch page.result {
        case .file: break
        case .wouldBlock:
            lookUpElsewhere(path, root, &loop)
            return true
        default: return false
        }
        if root.isIndexName(path.name) {
            explanation?.note(
                .answer, .movedPermanently, "CleanURLs=yes: the directory is its page's target.")
            redirect(to: path.directory, head, bytes, &loop)
            return true
        }
        let other = find(clean, root)
        switch other.result {
        // The clean target is that of another file.
        case .file: return false
        case .wouldBlock:
            lookUpElsewhere(clean, root, &loop)
            return true
        default: break
        }
        explanation?.note(
            .answer, .movedPermanently, "CleanURLs=yes: the page's target is without .html.")
        redirect(to: clean.absolute, head, bytes, &loop)
        return true
    }
}
