/// Where a server is: `http://HOST[:PORT]`, or `unix:PATH`.
public struct ServerURL: Sendable, Equatable, CustomStringConvertible {
    /// How the server is reached.
    public enum Endpoint: Sendable, Equatable {
        /// By TCP; the host is a name or a numeric address without brackets.
        case tcp(host: String, port: UInt16)
        /// By a Unix socket.
        case unix(path: String)
    }

    /// How the server is reached.
    public let endpoint: Endpoint

    /// A server that is known already.
    public init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// The server of a URL that names nothing but a server: `http://localhost:8080`, `unix:/run/x`.
    ///
    /// - Throws: `usage` with words that say what is wrong.
    public init(_ text: String) throws(ClientError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            if path.isEmpty { throw .usage("unix: wants the path of a socket behind it") }
            self.init(.unix(path: path))
            return
        }
        let (server, target) = try Self.parse(url: text)
        if target.description != "/" {
            throw .usage(
                "\(TerminalText.escape(text)): a server is http://HOST:PORT, without a path")
        }
        self = server
    }

    /// Whether a word is a URL, and not a target.
    public static func isURL(_ text: String) -> Bool {
        guard let separator = text.utf8.firstRange(of: "://".utf8) else { return false }
        return separator.lowerBound != text.startIndex
            && text[..<separator.lowerBound].utf8.allSatisfy { byte in
                (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
                    || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                    || "+-.".utf8.contains(byte)
            }
    }

    /// Server and target of a URL (RFC 9110 §4.2.1).
    ///
    /// - Throws: `usage` with words that say what is wrong: another scheme than http, user
    ///   information, an invalid host or port.
    public static func parse(
        url text: String
    ) throws(ClientError) -> (server: ServerURL, target: RequestTarget) {
        let shown = TerminalText.escape(text)
        guard isURL(text), let separator = text.utf8.firstRange(of: "://".utf8) else {
            throw .usage("\(shown) is no URL; one looks like http://localhost:8080/index.html")
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        if scheme == "https" {
            throw .usage("\(shown): https is not supported, only http")
        }
        if scheme != "http" { throw .usage("\(shown): \(scheme) is not supported, only http") }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") {
            // RFC 9110 §4.2.4: a sender must not generate it, and it hides where a URL leads.
            throw .usage("\(shown): a user name or password in a URL is not supported")
        }
        let server = try ServerURL(authority: String(authority), in: shown)
        return (server, RequestTarget(typed: String(rest.dropFirst(authority.count))))
    }

    /// The server of `HOST[:PORT]`, where HOST is a name, an IPv4 address, or an IPv6 one in
    /// brackets.
    private init(authority: String, in shown: String) throws(ClientError) {
        var host = authority
        var port: UInt16 = 80
        let colon: String.Index?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else {
                throw .usage("\(shown): the bracket is not closed")
            }
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            let end = authority.index(after: bracket)
            if end != authority.endIndex && authority[end] != ":" {
                throw .usage("\(shown): after the bracket a colon and a port may follow")
            }
            colon = end == authority.endIndex ? nil : end
            guard host.contains(":"), host.utf8.allSatisfy(Self.isIPv6Byte) else {
                throw .usage("\(shown): brackets are for an IPv6 address")
            }
        } else {
            colon = authority.firstIndex(of: ":")
            host = String(authority[..<(colon ?? authority.endIndex)])
            guard !host.isEmpty else { throw .usage("\(shown): the host is missing") }
            guard host.utf8.allSatisfy(Self.isHostByte) else {
                throw .usage("\(shown): the host has a character that no host name has")
            }
        }
        if let colon {
            let digits = authority[authority.index(after: colon)...]
            // An empty port is the default one (RFC 3986 §3.2.3).
            if !digits.isEmpty { port = try Self.port(String(digits)) }
        }
        self.init(.tcp(host: host, port: port))
    }

    /// The server of a host and a port that were given apart.
    ///
    /// - Throws: `usage` where one of them is not valid.
    public init(host: String, port: String) throws(ClientError) {
        let literal = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        let number = try Self.port(port)
        try self.init(
            authority: "\(literal):\(number)", in: TerminalText.escape("\(literal):\(port)"))
    }

    private static func port(_ digits: String) throws(ClientError) -> UInt16 {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else {
            throw .usage("\(TerminalText.escape(digits)) is no port; ports are 1 to 65535")
        }
        return port
    }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    /// Letters, digits, `-`, `.`, `_`: what host names are made of; other names are given as
    /// `xn--…`.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
            || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
    }

    /// The value of the Host field (RFC 9110 §7.2).
    public var authority: String {
        switch endpoint {
        case .tcp(let host, let port):
            (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)")
        case .unix:
            "localhost"
        }
    }

    /// `http://HOST[:PORT]` or `unix:PATH`.
    public var description: String {
        switch endpoint {
        case .tcp: "http://\(authority)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// How many characters of a reference name this server, with or without the scheme; nil where
    /// it is not absolute, or names another one.
    func authorityPrefix(of reference: String) -> Int? {
        var start = 0
        if reference.lowercased().hasPrefix("http://") {
            start = 7
        } else if reference.hasPrefix("//") {
            start = 2
        } else {
            return nil
        }
        let authority = reference.dropFirst(start).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let named = try? Self.parse(url: "http://\(authority)").server
        guard let named else { return nil }
        let isSame = named.authority.lowercased() == self.authority.lowercased()
        return isSame ? start + authority.count : nil
    }
}
