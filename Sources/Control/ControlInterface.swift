/// What daemon and tool agree on: where the control socket is, and what can be asked there.
///
/// The control socket speaks HTTP with JSON content (`Status`, `ReloadOutcome`,
/// `Explanation`), so that `curl --unix-socket` is enough to use it. Who may is decided by the mode
/// of the socket. This module knows the messages and their form; it neither serves nor asks.
public enum ControlInterface {
    /// The version of daemon and tool, which are released together.
    public static let version = "0.1.0"

    /// Where `httpd-swift-control.socket` listens.
    public static let defaultSocketPath = "/run/httpd-swift/control.sock"
    /// The control socket of a daemon that `make run` started, relative to the checkout.
    public static let checkoutSocketPath = ".build/run/control.sock"
    /// The server that transfers go to unless one is named.
    public static let defaultServer = "http://localhost:8080"

    /// The environment variable that names another server.
    public static let serverVariable = "HTTPCTL_SERVER"
    /// The environment variable that names another control socket.
    public static let socketVariable = "HTTPCTL_CONTROL"

    /// GET: a `Status`.
    public static let statusTarget = "/v1/status"
    /// POST: reads the configuration anew; a `ReloadOutcome`, with 200 where it is in force, with
    /// 422 where it was refused.
    public static let reloadTarget = "/v1/reload"
    /// POST of a request's head: what that request would get, and why; an `Explanation`, with 200
    /// also where the head is refused.
    ///
    /// A query of `listener=NAME` says by which listener it is to come; else it is the first.
    public static let explainTarget = "/v1/explain"
    /// How many bytes such a head may have, the empty line at its end included.
    public static let explainedHeadByteLimit = 48 << 10
    /// The media type of such a head (RFC 9112 §10.1).
    public static let headMediaType = "message/http"
    /// The media type of every answer's content.
    public static let mediaType = "application/json"
}
