internal import Content
internal import Control
internal import HTTP

/// A request that is not answered but explained: what was decided on its way so far, and what the
/// connection goes back to afterwards.
///
/// It goes the way of every request, up to where something would be sent or changed; so what is
/// said of it cannot differ from what is done.
final class ExplainedRequest {
    /// The message that holds its head.
    let message: [UInt8]
    /// The index of the listener that it is taken to come by.
    let listener: Int
    /// The exchange on the control socket, which is answered with the explanation.
    let exchange: HTTP1Exchange
    let pending: PendingExchange
    private(set) var text = Explanation()
    /// Where its response begins in what is to be sent.
    var responseStart = 0

    init(
        _ message: [UInt8], listener: Int, name: String, isChosen: Bool, exchange: HTTP1Exchange,
        pending: PendingExchange
    ) {
        self.message = message
        self.listener = listener
        self.exchange = exchange
        self.pending = pending
        text.listener = name
        text.note(.listener, name, why: isChosen ? "it was asked for" : "it is the first")
    }

    /// Begins anew, as when something that was waited for is there.
    func restart() {
        text.steps.removeLast(text.steps.count - 1)
        text.site = nil
        text.rule = nil
        text.file = nil
        text.coding = nil
    }

    /// Notes a decision.
    func note(_ part: Explanation.Step.Part, _ result: String, why: String) {
        text.note(part, result, why: why)
    }

    /// Notes an answer with a status, and its reason.
    func note(_ part: Explanation.Step.Part, _ status: StatusCode, _ reason: StaticString) {
        note(part, "\(status.rawValue) \(status.reasonPhrase)", why: "\(reason)")
    }

    /// Notes the site.
    func note(_ site: Site, isNamed: Bool) {
        text.site = site.name
        note(
            .site, site.name,
            why: isNamed
                ? "it answers to the host, or is the only one there"
                : "no site there has the host's name, and it is the default")
    }

    /// Notes what holds for the path.
    func note(_ rule: Rule) {
        text.rule = rule.patterns.first
        guard let first = rule.patterns.first else {
            note(.rule, "none", why: "no [Path] section matches")
            return
        }
        let others = rule.patterns.dropFirst().joined(separator: ", ")
        note(
            .rule, first,
            why: others.isEmpty
                ? "it is the only [Path] section that matches"
                : "it is the most particular that matches, before \(others)")
    }

    /// Notes a file.
    func note(_ part: Explanation.Step.Part, path: ResolvedPath, why: String) {
        text.file = path.text
        note(part, path.text, why: why)
    }

    /// Notes the coding that was chosen.
    func note(_ coding: ContentCoding, of available: ContentCodingSet, isAsked: Bool) {
        let others = ContentCoding.allCases.filter { available.contains($0) && $0 != .identity }
        text.coding = coding == .identity ? nil : coding.name
        let why =
            if others.isEmpty {
                "there is no other"
            } else if !isAsked {
                "there is no Accept-Encoding"
            } else {
                "Accept-Encoding prefers it; there are "
                    + others.map(\.name).joined(separator: ", ")
            }
        note(.coding, coding.name, why: why)
    }

    /// The whole explanation, with the response's head.
    ///
    /// - Parameters:
    ///   - status: the response's status.
    ///   - head: the bytes of its head, at least.
    ///   - contentByteCount: the bytes of its content; nil where that is not known.
    /// - Returns: the explanation.
    func finished(
        _ status: StatusCode, head: Span<UInt8>, contentByteCount: Int?
    ) -> Explanation {
        text.status = Int(status.rawValue)
        text.reason = "\(status.reasonPhrase)"
        text.contentByteCount = contentByteCount
        let answer = "\(text.status) \(text.reason)"
        if text.steps.last?.part != .answer {
            note(.answer, answer, why: "nothing stands in the way")
        }
        for line in head.text.split(separator: "\r\n", omittingEmptySubsequences: false)
            .dropFirst()
        {
            guard let colon = line.firstIndex(of: ":") else { break }
            text.fields.append(
                Explanation.Field(
                    name: String(line[..<colon]),
                    value: String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        return text
    }
}

extension ContentCoding {
    /// The token as a string.
    var name: String { "\(token)" }
}
