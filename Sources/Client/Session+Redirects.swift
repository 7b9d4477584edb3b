extension Session {
    /// A final response that is not a redirect to follow, its head read.
    struct Begun: ~Copyable {
        var exchange: Exchange
        let head: ResponseHead
        let target: RequestTarget
    }

    /// Sends a request and waits for the head of the response; follows redirects of GET and HEAD
    /// that stay on the server (RFC 9110 §15.4).
    ///
    /// Another server is never gone to: the user named this one.
    func begin(_ request: Request, at server: ServerURL) throws(ClientError) -> Begun {
        var request = request
        var count = 0
        while true {
            var exchange = try Exchange(request, to: server, with: self)
            let head = try exchange.readHead()
            if count < Self.redirectLimit, request.method == "GET" || request.method == "HEAD",
                let target = redirection(head, of: request, at: server)
            {
                count += 1
                observer.note?(
                    "\(request.target) is at \(target) (\(head.statusText)), going there")
                request.target = target
                continue
            }
            return Begun(exchange: exchange, head: head, target: request.target)
        }
    }

    private func redirection(
        _ head: ResponseHead, of request: Request, at server: ServerURL
    ) -> RequestTarget? {
        guard [301, 302, 303, 307, 308].contains(head.status), let location = head["Location"]
        else { return nil }
        return request.target.resolving(location, on: server)
    }
}
