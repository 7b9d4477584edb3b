internal import Client
internal import Control
internal import FoundationEssentials
internal import Linux

/// The daemon, asked over its control socket.
struct ControlSocket {
    let path: String

    /// Asks for something.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - target: what is asked for.
    ///   - content: what is sent with a POST, and its media type.
    ///   - patience: how long the daemon may take.
    /// - Returns: the status code and the JSON text.
    /// - Throws: `Failure`, which says what to do where the daemon does not run.
    func ask(
        _ method: String, _ target: String,
        content: (mediaType: String, bytes: [UInt8])? = nil, patience: Duration
    ) throws -> (statusCode: Int, json: [UInt8]) {
        var request = Request(method: method, target: RequestTarget(typed: target))
        if let content {
            request.fields.append(.init(name: "Content-Type", value: content.mediaType))
            request.content = content.bytes
        } else if method == "POST" {
            request.content = []
        }
        let session = Session(
            timeouts: Timeouts(connect: .seconds(10), stall: patience),
            userAgent: "httpctl/\(ControlInterface.version)")
        let response: Session.Response
        do throws(ClientError) {
            response = try session.perform(
                request, at: ServerURL(.unix(path: path)), contentByteLimit: 16 << 20)
        } catch {
            throw failure(error)
        }
        let head = response.head
        guard head.mediaType == ControlInterface.mediaType, !response.isCut else {
            if head.status >= 400 {
                let text = "\(shownPath) refuses it: \(head.statusText)"
                throw Failure(
                    ExitStatus(statusCode: head.status),
                    response.detail.map { "\(text)\n\($0)" } ?? text)
            }
            throw Failure(
                .failed,
                "what answers at \(shownPath) does not control httpd-swift (\(head.statusText))")
        }
        return (head.status, response.content)
    }

    /// A message of the daemon.
    func decode<Message: Decodable>(_ type: Message.Type, from json: [UInt8]) throws -> Message {
        do {
            return try JSONDecoder().decode(type, from: Data(json))
        } catch {
            throw Failure(
                .failed,
                "the daemon's answer is not understood; is it of version "
                    + "\(ControlInterface.version), as httpctl is?")
        }
    }

    private var shownPath: String { TerminalText.escape(path) }

    private func failure(_ error: ClientError) -> Failure {
        guard case .cannotConnect(_, let number?) = error else { return Failure(error) }
        switch number {
        case .notFound, .connectionRefused:
            return Failure(
                .notRunning,
                """
                httpd-swift is not running: nothing listens at \(shownPath)
                Start it with: systemctl start httpd-swift
                If it runs elsewhere, name its socket: --control PATH or HTTPCTL_CONTROL
                """)
        case .accessDenied:
            return Failure(
                .refused,
                "you may not use \(shownPath): become root, or a member of the socket's group")
        default:
            return Failure(error)
        }
    }
}
