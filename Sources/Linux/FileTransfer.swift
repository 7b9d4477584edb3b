internal import CLinux

extension FileDescriptor {
    /// Sends a part of a file through this socket (sendfile(2)).
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - offset: where the part starts.
    ///   - byteCount: the most bytes to send.
    /// - Returns: how many were taken; 0 where the file ends before `offset`.
    /// - Throws: EAGAIN where the socket is full.
    public func sendFile(
        _ file: borrowing FileDescriptor, from offset: Int, byteCount: Int
    ) throws(Errno) -> Int {
        let number = rawValue
        let source = file.rawValue
        var position = offset
        return try check { unsafe sendfile(number, source, &position, byteCount) }
    }

    /// Bytes in this socket's send buffer that the peer has not acknowledged (SIOCOUTQ, tcp(7)).
    public var unsentByteCount: Int {
        Int(max(0, clinux_unsent_bytes(rawValue)))
    }

    /// Whether the byte at an offset is in memory (preadv2(2), RWF_NOWAIT).
    ///
    /// True also where the file system cannot tell.
    public func isResident(at offset: Int) -> Bool {
        var byte: UInt8 = 0
        return unsafe clinux_pread_resident(rawValue, &byte, 1, offset) >= 0
            || Errno.last != .again
    }

    /// Reads the byte at an offset, and so waits until it is in memory.
    public func waitUntilResident(at offset: Int) {
        var byte: UInt8 = 0
        _ = unsafe pread(rawValue, &byte, 1, offset)
    }

    /// Receives what is there into the free part of a buffer (recv(2)).
    ///
    /// - Returns: how many bytes; 0 at the end of input.
    public func receive(into output: inout OutputSpan<UInt8>) throws(Errno) -> Int {
        // read(2) would do the same with more checks on its way.
        let number = rawValue
        return unsafe try fill(&output) { base, count in unsafe clinux_recv(number, base, count, 0)
        }
    }

    /// Accepts a connection, non-blocking and closed on exec (accept4(2)).
    ///
    /// - Parameter peer: becomes the peer's address.
    /// - Returns: the connection.
    /// - Throws: EAGAIN where none waits.
    public func accept(peer: inout SocketAddress) throws(Errno) -> FileDescriptor {
        let number = rawValue
        let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        peer.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let connection = unsafe clinux_accept4(number, &peer.storage, &peer.length, flags)
        guard connection >= 0 else { throw .last }
        return FileDescriptor(owning: connection)
    }

    /// Puts another open file in this descriptor's place, atomically (dup3(2)).
    public func replace(with other: borrowing FileDescriptor) throws(Errno) {
        let source = other.rawValue
        let number = rawValue
        _ = try check { clinux_dup3(source, number) }
    }
}

extension SocketAddress {
    /// An address to be filled by `accept(peer:)`.
    public static var unspecified: SocketAddress { SocketAddress() }
}

extension FileDescriptor {
    /// Lends standard error.
    public static func withStandardError(_ body: (borrowing FileDescriptor) -> Void) {
        withStandard(2, body)
    }

    /// Lends standard output.
    public static func withStandardOutput(_ body: (borrowing FileDescriptor) -> Void) {
        withStandard(1, body)
    }

    private static func withStandard(
        _ number: CInt, _ body: (borrowing FileDescriptor) -> Void
    ) {
        let descriptor = FileDescriptor(owning: number)
        body(descriptor)
        _ = descriptor.release()
    }
}
