internal import BasicContainers
internal import HTTP

/// The content of an error: the same three things, status, phrase and reason, in the form asked
/// for.
struct ErrorContent {
    let status: StatusCode
    let reason: StaticString
    let form: ErrorForm

    /// The Content-Type.
    var mediaType: StaticString {
        switch form {
        case .text: "text/plain; charset=utf-8"
        case .html: "text/html; charset=utf-8"
        case .problem: "application/problem+json"
        }
    }

    /// Appends the content; phrases and reasons have no character that HTML or JSON would escape.
    func write(to output: inout Bytes) {
        switch form {
        case .text:
            appendTitle(to: &output)
            output.append(": ")
            output.append(reason)
            output.append("\n")
        case .html:
            output.append("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n")
            output.append("<meta name=\"viewport\" content=\"width=device-width\">\n")
            output.append("<meta name=\"color-scheme\" content=\"light dark\">\n<title>")
            appendTitle(to: &output)
            output.append("</title>\n<style>body{font:1.1em/1.5 system-ui,sans-serif;")
            output.append("max-width:36em;margin:4em auto;padding:0 1em}</style>\n<h1>")
            appendTitle(to: &output)
            output.append("</h1>\n<p>")
            output.append(reason)
            output.append("</p>\n</html>\n")
        case .problem:
            output.append("{\"type\":\"about:blank\",\"title\":\"")
            output.append(status.reasonPhrase)
            output.append("\",\"status\":")
            output.append(decimal: Int(status.rawValue))
            output.append(",\"detail\":\"")
            output.append(reason)
            output.append("\"}\n")
        }
    }

    private func appendTitle(to output: inout Bytes) {
        output.append(decimal: Int(status.rawValue))
        output.append(0x20)
        output.append(status.reasonPhrase)
    }
}

/// What an error's response says beside status, form and reason.
struct ErrorFields {
    /// The methods of Allow (405).
    var allow: StaticString?
    /// The seconds of Retry-After (503).
    var retryAfter: Int?
    /// The length of what no range of was satisfiable (416).
    var completeByteCount: Int?
    /// Another Accept-Encoding would get something else (406).
    var variesByCoding = false
}

/// The form that a request wants for the content of an error.
struct ErrorPreference: Sendable {
    let form: ErrorForm
    /// A page of the site may take its place.
    let acceptsPage: Bool
}

extension RequestHead {
    /// The form of an error's content that the request asks for.
    func errorPreference(in bytes: Span<UInt8>) -> ErrorPreference {
        guard let accept = value(.accept, in: bytes), !isRepeated(.accept) else {
            return ErrorPreference(form: .text, acceptsPage: true)
        }
        let form = ErrorForm(accept: accept)
        return ErrorPreference(
            form: form, acceptsPage: form != .problem && ErrorForm.acceptsPage(accept))
    }
}
