internal import Linux

/// A socket that connections come from; shared by all workers.
final class Listener: Sendable {
    /// What is served on it.
    enum Role: Sendable {
        /// The sites.
        case http
        /// The control interface.
        case control
    }

    /// The name that sites refer to (`FileDescriptorName=`).
    let name: String
    let role: Role
    let socket: FileDescriptor
    /// Where it listens.
    let address: SocketAddress

    /// Takes a listening socket over.
    init(name: String, socket: consuming FileDescriptor) throws(Errno) {
        self.name = name
        role = name == "control" ? .control : .http
        address = try socket.localAddress()
        // systemd passes listeners that block.
        try socket.setNonBlocking()
        self.socket = socket
    }
}
