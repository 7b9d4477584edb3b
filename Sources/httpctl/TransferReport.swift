internal import Client
internal import Control
internal import FoundationEssentials

/// What became of a transfer, for people or for programs: one line, or one JSON object.
struct TransferReport {
    let method: String
    let server: ServerURL
    let response: Session.Response
    let duration: Duration
    /// Bytes of the content that moved: what was got, or what was put.
    var byteCount = 0
    /// Bytes of a download that had come in an earlier attempt.
    var earlierByteCount = 0
    /// The algorithms of the digests that a download was checked against.
    var digests: [String] = []
    /// The coding that a download was decoded from; nil where it had none.
    var coding: String?
    /// Where a download was stored; nil where nothing was.
    var storedPath: String?

    private var head: ResponseHead { response.head }
    /// What was asked for, for messages.
    private var subject: String { "\(method) \(response.target)" }

    /// Says that it is done, as it was asked for.
    ///
    /// - Parameters:
    ///   - text: what people read.
    ///   - isJSON: whether programs read it.
    ///   - onError: on the standard error output, because content went to the other one.
    func confirm(_ text: String, isJSON: Bool, onError: Bool = false) {
        let line = isJSON ? json : "\(text), \(head.statusText), \(Units.time(duration))"
        if onError { Console.error(line) } else { Console.output(line) }
    }

    /// The failure that a response other than 2xx is.
    func refusal(isJSON: Bool) -> Failure {
        if isJSON { Console.output(json) }
        return Failure(ExitStatus(statusCode: head.status), explanation)
    }

    private var explanation: String {
        var text: String
        switch head.status {
        case 404 where method == "GET" && head.mediaType == "text/html":
            return "\(response.target) is not there (\(head.statusText)); the server sent its "
                + "default page instead (\(Units.exactBytes(response.contentByteCount))), "
                + "which was not stored"
        case 404, 410:
            text = "\(response.target) is not there (\(head.statusText))"
        case 300..<400:
            text = "\(subject) was redirected (\(head.statusText))"
            if let location = head["Location"] {
                text += " to \(TerminalText.escape(location)), which was not followed"
            }
        case 412:
            text = "\(subject): the file is not as expected (\(head.statusText))"
        case 400..<500:
            text = "\(subject) was refused: \(head.statusText)"
        default:
            text = "\(subject) failed: \(head.statusText)"
        }
        if head.status == 405, let allowed = head["Allow"] {
            text += "; allowed are \(TerminalText.escape(allowed))"
        }
        if let wait = head["Retry-After"] { text += "; retry after \(TerminalText.escape(wait))" }
        return response.detail.map { "\(text)\n\($0)" } ?? text
    }

    private var json: String {
        var json = JSONWriter()
        json.object { json in
            json.member("method", method)
            json.member("server", server.description)
            json.member("target", response.target.description)
            json.member("status", head.status)
            json.member("reason", head.reason)
            json.member("bytes", byteCount)
            json.member("milliseconds", Int(duration.seconds * 1000))
            json.member("etag", head["ETag"])
            json.member("location", head["Location"])
            json.member("stored", storedPath)
            json.member("continued_from", earlierByteCount)
            json.member("verified", digests)
            json.member("coding", coding)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension Session.Response {
    /// What the server says about it, where that is short text (RFC 9457, or plain).
    var detail: String? {
        if head.contentCoding != nil { return nil }
        let lines: String
        switch head.mediaType {
        case "text/plain":
            lines = String(decoding: content, as: UTF8.self)
        case "application/problem+json":
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(content))
            lines = [problem?.title, problem?.detail].compactMap(\.self).joined(separator: ": ")
        default:
            return nil
        }
        // What is said already is not said again.
        let repeated = "\(head.status) \(head.reason): "
        let news = lines.hasPrefix(repeated) ? lines.dropFirst(repeated.count) : lines[...]
        let shown = news.split(whereSeparator: \.isNewline).prefix(10).map { line in
            "  " + TerminalText.escape(String(line.prefix(200)))
        }
        return shown.isEmpty ? nil : shown.joined(separator: "\n")
    }

    private struct Problem: Decodable {
        var title: String?
        var detail: String?
    }
}
