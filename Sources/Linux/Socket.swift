internal import CLinux

/// Where a socket is: an IPv4 or IPv6 address and port, or the path of a Unix socket.
public struct SocketAddress: Sendable, CustomStringConvertible {
    /// The family of protocols.
    public enum Family: Sendable {
        /// TCP over IPv4.
        case ipv4
        /// TCP over IPv6.
        case ipv6
        /// A Unix socket.
        case unix
    }

    var storage = sockaddr_storage()
    var length: socklen_t

    init() {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    }

    /// The address of a numeric host (`127.0.0.1`, `::1`, `[::1]`) and port.
    ///
    /// - Throws: EINVAL where `host` is not a numeric address.
    public init(host: String, port: UInt16) throws(Errno) {
        var host = host
        if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        var four = in_addr()
        var six = in6_addr()
        if unsafe inet_pton(AF_INET, host, &four) == 1 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr = four
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: address, as: sockaddr_in.self)
            }
        } else if unsafe inet_pton(AF_INET6, host, &six) == 1 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = six
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: address, as: sockaddr_in6.self)
            }
        } else {
            throw .invalidArgument
        }
    }

    /// The address of a Unix socket.
    ///
    /// - Throws: ENAMETOOLONG where the path has more than 107 bytes.
    public init(unixPath: String) throws(Errno) {
        let path = Array(unixPath.utf8)
        guard path.count < 108 else { throw .nameTooLong }
        length = socklen_t(2 + path.count + 1)
        storage.ss_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            for (index, byte) in path.enumerated() { unsafe bytes[2 + index] = byte }
        }
    }

    /// The family of protocols.
    public var family: Family {
        switch CInt(storage.ss_family) {
        case AF_INET: .ipv4
        case AF_INET6: .ipv6
        default: .unix
        }
    }

    /// The port; 0 for a Unix socket.
    public var port: UInt16 {
        // sin_port and sin6_port stand at the same place.
        family == .unix
            ? 0
            : unsafe withUnsafeBytes(of: storage) {
                unsafe UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))
            }
    }

    /// The four numbers of an IPv4 address; nil for all others.
    public var ipv4Octets: [4 of UInt8]? {
        guard family == .ipv4 else { return nil }
        return unsafe withUnsafeBytes(of: storage) { bytes in
            unsafe [bytes[4], bytes[5], bytes[6], bytes[7]]
        }
    }

    /// The numeric host without port and brackets, or the path of a Unix socket.
    ///
    /// Empty where a peer's Unix socket has no path. IPv4-mapped IPv6 addresses are written as
    /// IPv4.
    public var host: String {
        var text = [CChar](repeating: 0, count: 128)
        return unsafe withUnsafeBytes(of: storage) { bytes in
            switch family {
            case .ipv4:
                unsafe inet_ntop(AF_INET, bytes.baseAddress?.advanced(by: 4), &text, 128)
            case .ipv6:
                unsafe inet_ntop(AF_INET6, bytes.baseAddress?.advanced(by: 8), &text, 128)
            case .unix:
                for index in 0..<max(0, min(Int(length) - 2, 108)) {
                    text[index] = CChar(bitPattern: unsafe bytes[2 + index])
                }
            }
            let string = String(
                decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return string.hasPrefix("::ffff:") && string.contains(".")
                ? String(string.dropFirst(7)) : string
        }
    }

    /// `127.0.0.1:8080`, `[::1]:8080`, or `unix:PATH`.
    public var description: String {
        switch family {
        case .ipv4: "\(host):\(port)"
        case .ipv6: host.contains(".") ? "\(host):\(port)" : "[\(host)]:\(port)"
        case .unix: "unix:\(host)"
        }
    }

    /// The addresses of a host name (getaddrinfo(3)), best first; blocks.
    ///
    /// - Returns: the addresses, or what gai_strerror(3) says.
    public static func resolve(host: String, port: UInt16) -> Result<[SocketAddress], ResolveError>
    {
        if let address = try? SocketAddress(host: host, port: port) { return .success([address]) }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            return .failure(ResolveError(message: unsafe String(cString: gai_strerror(code))))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            var address = SocketAddress()
            address.length = unsafe entry.ai_addrlen
            // SAFETY: ai_addr points to ai_addrlen bytes, which fit a sockaddr_storage.
            unsafe memcpy(&address.storage, entry.ai_addr, Int(entry.ai_addrlen))
            addresses.append(address)
            unsafe next = entry.ai_next
        }
        return .success(addresses)
    }

    /// Why a host name has no address.
    public struct ResolveError: Error, Sendable {
        /// What gai_strerror(3) says.
        public let message: String
    }
}

extension FileDescriptor {
    /// A listening stream socket, non-blocking and closed on exec; a Unix one is for its owner and
    /// group only (0660).
    ///
    /// To be called before there are other threads, because it changes the umask for a moment.
    ///
    /// - Throws: EADDRINUSE, EACCES and so on, of bind(2) and listen(2).
    public static func listening(at address: SocketAddress) throws(Errno) -> FileDescriptor {
        let socket = try streamSocket(family: address.family)
        if address.family != .unix {
            try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
            // Accepted connections inherit it; a response must not wait for an acknowledgement.
            try socket.setNoDelay()
            // A connection comes when its first bytes are there; else a second later.
            try socket.setOption(CInt(IPPROTO_TCP), TCP_DEFER_ACCEPT, 1)
            if address.family == .ipv6 { try socket.setOption(CInt(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        let number = socket.rawValue
        var storage = address.storage
        let mask = umask(0o117)
        defer { umask(mask) }
        _ = try check { unsafe clinux_bind(number, &storage, address.length) }
        _ = try check { listen(number, 4096) }
        return socket
    }

    /// A stream socket on the way to a peer: connected, or connecting where the peer is not local.
    public static func connecting(to address: SocketAddress) throws(Errno) -> FileDescriptor {
        let socket = try streamSocket(family: address.family)
        let number = socket.rawValue
        var storage = address.storage
        if unsafe clinux_connect(number, &storage, address.length) != 0 {
            let error = Errno.last
            if error != .inProgress { throw error }
        }
        return socket
    }

    /// A socket that sends messages to a Unix socket (unix(7), SOCK_DGRAM), without waiting.
    ///
    /// - Throws: ENOENT, ECONNREFUSED and so on, of connect(2).
    public static func datagram(to path: String) throws(Errno) -> FileDescriptor {
        let address = try SocketAddress(unixPath: path)
        let type = CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(owning: try check { socket(AF_UNIX, type, 0) })
        let number = descriptor.rawValue
        var storage = address.storage
        _ = try check { unsafe clinux_connect(number, &storage, address.length) }
        return descriptor
    }

    /// Whether a connection attempt that was in progress has failed, and how (SO_ERROR).
    public func pendingError() throws(Errno) -> Errno? {
        let number = rawValue
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        _ = try check { unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &value, &length) }
        return value == 0 ? nil : Errno(value)
    }

    /// The socket's own address (getsockname(2)).
    public func localAddress() throws(Errno) -> SocketAddress {
        let number = rawValue
        var address = SocketAddress()
        _ = try check { unsafe clinux_getsockname(number, &address.storage, &address.length) }
        return address
    }

    /// Whether connections can be accepted from it (SO_ACCEPTCONN of socket(7)).
    public var isListening: Bool {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        let result = unsafe getsockopt(rawValue, SOL_SOCKET, SO_ACCEPTCONN, &value, &length)
        return result == 0 && value != 0
    }

    /// Waits until the descriptor is ready (poll(2)).
    ///
    /// - Parameters:
    ///   - readable: waits for something to read, else for room to write.
    ///   - milliseconds: how long at most; -1 is for ever.
    /// - Returns: false when the time was over.
    /// - Throws: what poll(2) says.
    public func wait(readable: Bool, milliseconds: CInt) throws(Errno) -> Bool {
        var entry = pollfd(
            fd: rawValue, events: CShort(readable ? POLLIN : POLLOUT), revents: 0)
        return try check { unsafe poll(&entry, 1, milliseconds) } > 0
    }

    /// Ends one or both directions of a connection (shutdown(2)).
    public func shutdownSending() {
        _ = shutdown(rawValue, CInt(SHUT_WR))
    }

    /// Makes reads and writes return EAGAIN where they would wait.
    public func setNonBlocking() throws(Errno) {
        let number = rawValue
        let flags = try check { clinux_fcntl(number, F_GETFL, 0) }
        _ = try check { clinux_fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Sends small writes at once (TCP_NODELAY).
    public func setNoDelay() throws(Errno) {
        try setOption(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// The bytes of content that a full segment of this connection has (TCP_MAXSEG, tcp(7)).
    ///
    /// 0 where the socket is not TCP's.
    public var segmentByteCount: Int {
        let number = rawValue
        var value: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        let result = unsafe getsockopt(number, CInt(IPPROTO_TCP), TCP_MAXSEG, &value, &size)
        return result == 0 ? Int(value) : 0
    }

    /// Sends bytes without raising SIGPIPE (send(2), MSG_NOSIGNAL).
    ///
    /// - Parameters:
    ///   - bytes: what to send.
    ///   - more: more follows at once, so that a small packet may wait for it (MSG_MORE).
    /// - Returns: how many were taken.
    /// - Throws: EAGAIN where the socket is full; EPIPE and ECONNRESET.
    public func send(_ bytes: Span<UInt8>, more: Bool = false) throws(Errno) -> Int {
        let number = rawValue
        let flags = CInt(MSG_NOSIGNAL) | (more ? CInt(MSG_MORE) : 0)
        return try unsafe bytes.withUnsafeBytes { (raw) throws(Errno) -> Int in
            try check { unsafe clinux_send(number, raw.baseAddress, raw.count, flags) }
        }
    }

    /// Removes the file of a Unix socket.
    public static func removeSocket(_ path: String) {
        _ = unsafe CLinux.unlink(path)
    }

    private static func streamSocket(
        family: SocketAddress.Family
    ) throws(Errno) -> FileDescriptor {
        let domain =
            switch family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        return FileDescriptor(owning: try check { socket(domain, type, 0) })
    }

    func setOption(_ level: CInt, _ name: CInt, _ value: CInt) throws(Errno) {
        let number = rawValue
        var value = value
        _ = try check {
            unsafe setsockopt(number, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }
}
