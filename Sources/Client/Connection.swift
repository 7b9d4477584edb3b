internal import Linux

/// A connection to a server: bytes in both directions, each wait with an end.
struct Connection: ~Copyable {
    private let socket: FileDescriptor
    private let timeouts: Timeouts
    private let total: Deadline?
    /// The server, for messages.
    private let name: String

    /// Connects to the first of the server's addresses that takes it.
    ///
    /// - Parameters:
    ///   - server: the server.
    ///   - timeouts: how long each address, and each wait later, may take.
    ///   - total: when all is to be over.
    ///   - trace: gets a line for each attempt.
    /// - Throws: `cannotConnect` with every attempt, `timedOut`.
    init(
        to server: ServerURL, timeouts: Timeouts, total: Deadline?, trace: ((String) -> Void)?
    ) throws(ClientError) {
        name = TerminalText.escape(server.description)
        self.timeouts = timeouts
        self.total = total
        socket = try Self.connect(
            to: Self.addresses(of: server), of: name, timeouts: timeouts, total: total,
            trace: trace)
    }

    /// Sends as much as the kernel takes now.
    ///
    /// - Returns: how many bytes; 0 when it takes none.
    func sendSome(_ bytes: Span<UInt8>) throws(ClientError) -> Int {
        do throws(Errno) {
            return try socket.send(bytes)
        } catch .again {
            return 0
        } catch {
            throw .connectionLost("the connection to \(name) broke while sending: \(error)")
        }
    }

    /// Sends all bytes.
    func sendAll(_ bytes: Span<UInt8>) throws(ClientError) {
        var offset = 0
        while offset < bytes.count {
            let count = try sendSome(bytes.extracting(offset..<bytes.count))
            offset += count
            if count == 0 { _ = try wait(for: .writable) }
        }
    }

    /// Appends what the server has sent, once there is something.
    ///
    /// - Returns: false when it sends no more.
    func receive(into input: inout [UInt8]) throws(ClientError) -> Bool {
        while true {
            if let isOpen = try receiveAvailable(into: &input) { return isOpen }
            _ = try wait(for: .readable)
        }
    }

    /// Appends what is there now.
    ///
    /// - Returns: whether there was something, false when the server sends no more; nil when there
    ///   is nothing now.
    func receiveAvailable(into input: inout [UInt8]) throws(ClientError) -> Bool? {
        do throws(Errno) {
            let before = input.count
            try input.append(addingCapacity: Self.receiveByteCount) { (span) throws(Errno) in
                _ = try socket.read(into: &span)
            }
            return input.count > before
        } catch .again {
            return nil
        } catch {
            throw .connectionLost("the connection to \(name) broke: \(error)")
        }
    }

    /// Waits until bytes can move.
    ///
    /// - Parameters:
    ///   - interest: which way.
    ///   - patience: returns nothing after this time; nil waits for the stall timeout and throws.
    /// - Returns: which way they can; nothing after `patience`.
    /// - Throws: `timedOut`, `connectionLost`.
    func wait(
        for interest: Readiness, patience: Duration? = nil
    ) throws(ClientError) -> Readiness {
        let deadline = Deadline(
            in: patience ?? timeouts.stall,
            "\(name) neither sent nor took anything for \(timeouts.stall.text)", atMost: total)
        while true {
            let ready = try Self.poll(socket, for: interest, until: deadline)
            if !ready.isEmpty { return ready }
            if let total, total.milliseconds == 0 { throw .timedOut(total.message) }
            if patience != nil { return [] }
            if deadline.milliseconds == 0 { throw .timedOut(deadline.message) }
        }
    }

    private static let receiveByteCount = 256 << 10

    private static func poll(
        _ socket: borrowing FileDescriptor, for interest: Readiness, until deadline: Deadline
    ) throws(ClientError) -> Readiness {
        do throws(Errno) {
            return try socket.wait(for: interest, milliseconds: deadline.milliseconds)
        } catch {
            throw .connectionLost("waiting for the connection failed: \(error)")
        }
    }

    private static func addresses(of server: ServerURL) throws(ClientError) -> [SocketAddress] {
        switch server.endpoint {
        case .unix(let path):
            do throws(Errno) {
                return [try SocketAddress(unixPath: path)]
            } catch {
                throw .usage(
                    "\(TerminalText.escape(path)): the path of a socket has at most 107 bytes")
            }
        case .tcp(let host, let port):
            switch SocketAddress.resolve(host: host, port: port) {
            case .success(let addresses): return addresses
            case .failure(let error):
                throw .cannotConnect("cannot find \(host): \(error.message)", nil)
            }
        }
    }

    private static func connect(
        to addresses: [SocketAddress], of name: String, timeouts: Timeouts, total: Deadline?,
        trace: ((String) -> Void)?
    ) throws(ClientError) -> FileDescriptor {
        var attempts: [String] = []
        var lastError: Errno?
        for address in addresses {
            // A name may have more addresses than anybody wants to wait for, one after the other.
            if attempts.count == addressLimit { break }
            let deadline = Deadline(in: timeouts.connect, "", atMost: total)
            do throws(Errno) {
                let socket = try FileDescriptor.connecting(to: address)
                if try socket.wait(readable: false, milliseconds: deadline.milliseconds) {
                    guard let error = try socket.pendingError() else {
                        if address.family != .unix { try socket.setNoDelay() }
                        trace?("* connected to \(TerminalText.escape("\(address)"))")
                        return socket
                    }
                    throw error
                }
                throw .timedOut
            } catch {
                attempts.append("\(address)")
                trace?("* not connected to \(TerminalText.escape("\(address)")): \(error)")
                lastError = error
            }
            if let total, total.milliseconds == 0 { throw .timedOut(total.message) }
        }
        let tried = addresses.count > 1 ? " (tried \(attempts.joined(separator: ", ")))" : ""
        if lastError == .timedOut {
            throw .timedOut(
                "\(name) did not take the connection in \(timeouts.connect.text)\(tried)")
        }
        throw .cannotConnect("cannot connect to \(name)\(tried)", lastError)
    }

    private static let addressLimit = 8
}
