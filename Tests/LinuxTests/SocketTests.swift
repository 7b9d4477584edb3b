import Linux
import TestSupport
import Testing

@Suite("Socket addresses")
struct SocketAddressTests {
    @Test(
        "numeric addresses",
        arguments: [
            ("127.0.0.1", 8080, .ipv4, "127.0.0.1", "127.0.0.1:8080"),
            ("0.0.0.0", 0, .ipv4, "0.0.0.0", "0.0.0.0:0"),
            ("255.255.255.255", 65535, .ipv4, "255.255.255.255", "255.255.255.255:65535"),
            ("::1", 8080, .ipv6, "::1", "[::1]:8080"), ("[::1]", 80, .ipv6, "::1", "[::1]:80"),
            ("::", 1, .ipv6, "::", "[::]:1"),
            ("2001:DB8:0:0:0:0:0:1", 443, .ipv6, "2001:db8::1", "[2001:db8::1]:443"),
            ("::ffff:10.1.2.3", 9, .ipv6, "10.1.2.3", "10.1.2.3:9"),
        ] as [(String, UInt16, SocketAddress.Family, String, String)])
    func numeric(
        host: String, port: UInt16, family: SocketAddress.Family, text: String, description: String
    ) throws {
        let address = try SocketAddress(host: host, port: port)
        #expect(address.family == family)
        #expect(address.port == port)
        #expect(address.host == text)
        #expect(address.description == description)
    }

    @Test(
        "not numeric addresses",
        arguments: [
            "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:80", ":::", "[::1", "::1]",
            "::g", "[]", "1.2.3.4 ", "fe80::1%lo0x",
        ])
    func notNumeric(host: String) {
        #expect(throws: Errno.invalidArgument) { try SocketAddress(host: host, port: 1) }
    }

    @Test("the path of a Unix socket has at most 107 bytes")
    func unixPath() throws {
        let longest = "/" + String(repeating: "a", count: 106)
        let address = try SocketAddress(unixPath: longest)
        #expect(address.family == .unix)
        #expect(address.port == 0)
        #expect(address.host == longest)
        #expect(address.description == "unix:\(longest)")
        #expect(throws: Errno.nameTooLong) { try SocketAddress(unixPath: longest + "a") }
    }

    @Test("a host name has addresses, and an unknown one an explanation")
    func resolve() throws {
        let numeric = try SocketAddress.resolve(host: "127.0.0.1", port: 80).get()
        #expect(numeric.map(\.description) == ["127.0.0.1:80"])
        let local = try SocketAddress.resolve(host: "localhost", port: 8080).get()
        #expect(local.contains { ["127.0.0.1:8080", "[::1]:8080"].contains($0.description) })
        guard case .failure(let error) = SocketAddress.resolve(host: "no host", port: 1) else {
            Issue.record("There is no such host.")
            return
        }
        #expect(!error.message.isEmpty)
    }
}

@Suite("Sockets")
struct SocketTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
    }

    enum Place: CaseIterable { case ipv4, ipv6, unix }

    private func address(_ place: Place) throws -> SocketAddress {
        switch place {
        case .ipv4: try SocketAddress(host: "127.0.0.1", port: 0)
        case .ipv6: try SocketAddress(host: "::1", port: 0)
        case .unix: try SocketAddress(unixPath: files.path("socket"))
        }
    }

    @Test("a peer connects, sends and is answered", arguments: Place.allCases)
    func exchange(place: Place) throws {
        let address = try address(place)
        let listener: FileDescriptor
        do throws(Errno) {
            listener = try FileDescriptor.listening(at: address)
        } catch {
            // A machine without IPv6.
            #expect(place == .ipv6)
            return
        }
        let bound = try listener.localAddress()
        #expect(place == .unix || bound.port > 0)
        var peer = SocketAddress.unspecified
        var failure: Errno?
        do throws(Errno) { _ = try listener.accept(peer: &peer) } catch { failure = error }
        #expect(failure == .again, "nobody is there yet")

        let client = try FileDescriptor.connecting(to: bound)
        #expect(try listener.wait(readable: true, milliseconds: 5000))
        let server = try listener.accept(peer: &peer)
        #expect(try client.wait(readable: false, milliseconds: 5000))
        #expect(try client.pendingError() == nil)
        #expect(peer.family == bound.family)
        #expect(try peer.port == client.localAddress().port)
        #expect(place == .unix || peer.host == bound.host)
        if place != .unix { try server.setNoDelay() }

        let bytes = Array("hello".utf8)
        #expect(try client.send(bytes.span, more: true) == 5)
        #expect(try client.send(bytes.span) == 5)
        client.shutdownSending()
        #expect(try receiveAll(server) == "hellohello")
    }

    @Test("a file is sent without being read")
    func sendFile() throws {
        try files.write("a", "0123456789")
        let file = try FileDescriptor.open(files.path("a"), .read)
        let listener = try FileDescriptor.listening(at: address(.unix))
        let client = try FileDescriptor.connecting(to: address(.unix))
        var peer = SocketAddress.unspecified
        let server = try listener.accept(peer: &peer)
        #expect(try server.sendFile(file, from: 2, byteCount: 3) == 3)
        #expect(try server.sendFile(file, from: 8, byteCount: 100) == 2)
        #expect(try server.sendFile(file, from: 10, byteCount: 100) == 0)
        server.shutdownSending()
        #expect(try receiveAll(client) == "23489")
    }

    @Test("sending to a peer that is gone is an error, and no signal")
    func brokenPipe() throws {
        let listener = try FileDescriptor.listening(at: address(.unix))
        let client = try FileDescriptor.connecting(to: address(.unix))
        var peer = SocketAddress.unspecified
        _ = try listener.accept(peer: &peer)
        let bytes: [UInt8] = [1]
        var failure: Errno?
        do throws(Errno) { _ = try client.send(bytes.span) } catch { failure = error }
        #expect(failure == .brokenPipe)
    }

    @Test("an address is taken once, and free when its socket's file is gone")
    func addressInUse() throws {
        let first = try FileDescriptor.listening(at: address(.ipv4))
        let taken = try first.localAddress()
        var failure: Errno?
        do throws(Errno) {
            _ = try FileDescriptor.listening(at: taken)
        } catch {
            failure = error
        }
        #expect(failure == .addressInUse)
        do { _ = try FileDescriptor.listening(at: address(.unix)) }
        FileDescriptor.removeSocket(files.path("socket"))
        _ = try FileDescriptor.listening(at: address(.unix))
    }

    @Test("nobody listens")
    func connectionRefused() throws {
        let free = try FileDescriptor.listening(at: address(.ipv4)).localAddress()
        var failure: Errno?
        do throws(Errno) {
            let client = try FileDescriptor.connecting(to: free)
            _ = try client.wait(readable: false, milliseconds: 5000)
            failure = try client.pendingError()
        } catch {
            failure = error
        }
        #expect(failure == .connectionRefused)
    }

    /// Everything up to the end of input.
    private func receiveAll(_ socket: borrowing FileDescriptor) throws -> String {
        var bytes: [UInt8] = []
        while try socket.wait(readable: true, milliseconds: 5000) {
            var count = 0
            let part = try [UInt8](capacity: 64) { (output) throws(Errno) in
                count = try socket.receive(into: &output)
            }
            bytes += part
            if count == 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
