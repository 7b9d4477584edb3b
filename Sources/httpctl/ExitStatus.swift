internal import Client

/// What httpctl's exit status says; scripts rely on it, so no number ever changes its meaning.
enum ExitStatus: Int32, CaseIterable {
    /// What was asked for was done.
    case done = 0
    /// It failed, for a reason that no other number names: a local file, a response that is not
    /// HTTP, a refused configuration, a redirect that is not followed.
    case failed = 1
    /// The command line makes no sense.
    case usage = 2
    /// The daemon does not run (as the Linux Standard Base has it for `status`).
    case notRunning = 3
    /// There is no such file: 404, 410.
    case notFound = 4
    /// The server does not allow it: 401, 403, 405; or the control socket does not let the user in.
    case refused = 5
    /// The file is not in the state that was asked for: 412.
    case preconditionFailed = 6
    /// Too large, or no space: 413, 507.
    case tooLarge = 7
    /// Another error of the request: 4xx.
    case clientError = 8
    /// Another error of the server: 5xx.
    case serverError = 9
    /// The connection could not be made, or broke.
    case connectionFailed = 10
    /// It took too long.
    case timedOut = 11
    /// The content is not what it should be: it ended before its announced length, it is another
    /// than its digest says, or it is coded as nobody asked for.
    case notVerified = 12
    /// Interrupted by SIGINT; what was not whole was removed, or is kept to be continued.
    case interrupted = 130

    /// The meaning in a few words, for `--help`.
    var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed otherwise"
        case .usage: "usage error"
        case .notRunning: "the daemon is not running"
        case .notFound: "not found (404, 410)"
        case .refused: "refused (401, 403, 405)"
        case .preconditionFailed: "precondition failed (412)"
        case .tooLarge: "too large, or no space (413, 507)"
        case .clientError: "other client error (4xx)"
        case .serverError: "server error (5xx)"
        case .connectionFailed: "connection failed"
        case .timedOut: "timed out"
        case .notVerified: "content did not verify"
        case .interrupted: "interrupted"
        }
    }

    /// The exit status for the status code of a final response.
    init(statusCode: Int) {
        self =
            switch statusCode {
            case 200..<300: .done
            case 404, 410: .notFound
            case 401, 403, 405: .refused
            case 412: .preconditionFailed
            case 413, 507: .tooLarge
            case 400..<500: .clientError
            case 500..<600: .serverError
            default: .failed
            }
    }

    /// The exit status for a transfer that came to no response.
    init(_ error: ClientError) {
        self =
            switch error {
            case .usage: .usage
            case .cannotConnect, .connectionLost: .connectionFailed
            case .timedOut: .timedOut
            case .incomplete, .notVerified: .notVerified
            case .malformedResponse, .file, .changed, .inUse: .failed
            }
    }
}

/// The end of a command that did not do what was asked: said on the standard error output.
struct Failure: Error {
    let status: ExitStatus
    /// Lines for people, escaped; empty where all is said.
    let message: String

    init(_ status: ExitStatus, _ message: String = "") {
        self.status = status
        self.message = message
    }

    init(_ error: ClientError) {
        self.init(ExitStatus(error), "\(error)")
    }
}
