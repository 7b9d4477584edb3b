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

extension RequestHead {
    /// The form of an error's content that the request asks for.
    func errorForm(in bytes: Span<UInt8>) -> ErrorForm {
        guard let accept = value(.accept, in: bytes), !isRepeated(.accept) else { return .text }
        return ErrorForm(accept: accept)
    }
}
