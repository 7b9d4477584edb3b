internal import Linux
internal import Systemd

/// Where the listeners come from: systemd, or the command line.
enum ListenerSetup {
    /// Takes over or opens the listeners.
    static func open(_ options: Options) throws(StartFailure) -> [Listener] {
        var listeners: [Listener] = []
        var failure: StartFailure?
        SocketActivation.takeSockets { inherited in
            let name = inherited.name
            guard inherited.descriptor.isListening else {
                failure = StartFailure(
                    .systemError,
                    "the socket '\(name)' of systemd takes no connections: it needs ListenStream=")
                return
            }
            do throws(Errno) {
                listeners.append(try Listener(inherited))
            } catch {
                failure = StartFailure(
                    .systemError, "the socket '\(name)' of systemd cannot be used: \(error)")
            }
        }
        if let failure { throw failure }
        for text in options.listen { listeners.append(try open(text)) }
        if let path = options.control {
            listeners.append(try open("control=unix:\(path)"))
        }
        guard listeners.contains(where: { $0.role == .http }) else {
            throw StartFailure(
                .usage,
                "there is nothing to listen on: start it with its sockets (systemctl start "
                    + "httpd-swift), or name an address (--listen 127.0.0.1:8080)")
        }
        return listeners
    }

    /// Opens `[NAME=]ADDRESS:PORT` or `[NAME=]unix:PATH`.
    private static func open(_ text: String) throws(StartFailure) -> Listener {
        let (name, place) = split(text)
        guard let address = address(place), !name.isEmpty else {
            throw StartFailure(
                .usage,
                "--listen '\(text)' is not of the form ADDRESS:PORT (127.0.0.1:8080, [::1]:8080), "
                    + "unix:PATH, or one of these behind NAME=")
        }
        do throws(Errno) {
            if place.hasPrefix("unix:") { removeStaleSocket(String(place.dropFirst(5)), address) }
            return try Listener(name: name, socket: .listening(at: address))
        } catch {
            throw StartFailure(.systemError, "cannot listen on \(place): \(error)")
        }
    }

    /// Removes the Unix sockets that `open` made; those of systemd stay.
    static func removeSockets(_ options: Options) {
        for text in options.listen {
            let place = split(text).place
            if place.hasPrefix("unix:") { FileDescriptor.removeSocket(String(place.dropFirst(5))) }
        }
        if let path = options.control { FileDescriptor.removeSocket(path) }
    }

    private static func split(_ text: String) -> (name: String, place: String) {
        guard !text.hasPrefix("unix:"), let equals = text.firstIndex(of: "=") else {
            return ("http", text)
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private static func address(_ text: String) -> SocketAddress? {
        if text.hasPrefix("unix:") {
            return try? SocketAddress(unixPath: String(text.dropFirst(5)))
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        let host = String(text[..<colon])
        return try? SocketAddress(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }

    /// Removes the socket of a process that is gone; one that answers stays.
    private static func removeStaleSocket(_ path: String, _ address: SocketAddress) {
        do throws(Errno) {
            _ = try FileDescriptor.connecting(to: address)
        } catch {
            if error == .connectionRefused { FileDescriptor.removeSocket(path) }
        }
    }
}

extension Listener {
    fileprivate convenience init(_ inherited: consuming InheritedSocket) throws(Errno) {
        try self.init(name: inherited.name, socket: inherited.takeDescriptor())
    }
}
