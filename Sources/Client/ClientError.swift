public import Linux

/// Why a transfer came to nothing, other than by a response that says so.
public enum ClientError: Error, Sendable, Equatable {
    /// What was asked for makes no sense: a URL, a target, a name.
    case usage(String)
    /// The server's name has no address, or none of its addresses takes a connection.
    case cannotConnect(String, Errno?)
    /// The connection broke.
    case connectionLost(String)
    /// Nothing moved for too long, or the whole took too long.
    case timedOut(String)
    /// The server does not speak HTTP/1.1 (RFC 9112), or not correctly.
    case malformedResponse(String)
    /// The content ended before all of it was there; `expected` is nil where that is not known.
    case incomplete(received: Int, expected: Int?)
    /// A file could not be read or written.
    case file(String, Errno)
    /// The file changed while it was sent.
    case changed(String)
    /// The content is whole, but not what it should be.
    case notVerified(String)
    /// Another process works on the same file.
    case inUse(String)
}

extension ClientError: CustomStringConvertible {
    /// What went wrong, for people; control bytes are escaped.
    public var description: String {
        switch self {
        case .usage(let message), .connectionLost(let message), .timedOut(let message),
            .changed(let message), .notVerified(let message), .inUse(let message):
            message
        case .cannotConnect(let message, let error):
            error.map { "\(message): \($0)" } ?? message
        case .malformedResponse(let message):
            "the server's response is not valid HTTP: \(message)"
        case .incomplete(let received, let expected):
            if let expected {
                "the content is not complete: \(received) of \(expected) bytes came"
            } else {
                "the content is not complete: it broke off after \(received) bytes"
            }
        case .file(let path, let error):
            "\(TerminalText.escape(path)): \(error)"
        }
    }
}
