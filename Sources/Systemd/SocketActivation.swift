internal import CSystemd
public import Linux

/// A socket that systemd passed (sd_listen_fds(3)).
public struct InheritedSocket: ~Copyable {
    /// `FileDescriptorName=` of its unit; several sockets may share it.
    public let name: String
    /// The socket.
    public let descriptor: FileDescriptor

    /// Gives the socket away.
    public consuming func takeDescriptor() -> FileDescriptor {
        descriptor
    }
}

/// The sockets that systemd passed to this process.
public enum SocketActivation {
    /// Takes the sockets over, so that they are not passed on to children.
    ///
    /// - Parameter body: is called with each, in the order of passing, which means nothing: they
    ///   are told apart by name.
    public static func takeSockets(_ body: (consuming InheritedSocket) -> Void) {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            // SAFETY: sd_listen_fds_with_names(3): as many names as descriptors, each from
            // malloc().
            let name = unsafe names?[index].map { unsafe String(cString: $0) } ?? ""
            unsafe free(names?[index])
            let descriptor = FileDescriptor(owning: 3 + CInt(index))
            body(InheritedSocket(name: name, descriptor: descriptor))
        }
        unsafe free(names)
    }
}
