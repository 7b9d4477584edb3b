import Linux
import Synchronization
import Testing

@Suite("epoll(7), eventfd(2), threads")
struct EpollTests {
    @Test("a signalled counter is reported with its token until it is read")
    func counter() throws {
        var epoll = try Epoll(capacity: 4)
        let first = try EventDescriptor()
        let second = try EventDescriptor()
        try epoll.addReadable(first.rawValue, token: 7)
        try epoll.addReadable(second.rawValue, token: UInt64.max)
        var count = epoll.wait(milliseconds: 0)
        #expect(count == 0)
        second.signal()
        second.signal()
        count = epoll.wait(milliseconds: 1000)
        #expect(count == 1)
        let event = epoll.event(at: 0)
        #expect(event.token == UInt64.max)
        #expect(event.isReadable && !event.isWritable && !event.isEnd)
        second.reset()
        count = epoll.wait(milliseconds: 0)
        #expect(count == 0)
        first.signal()
        epoll.remove(first.rawValue)
        count = epoll.wait(milliseconds: 0)
        #expect(count == 0)
    }

    @Test("a connection is reported once for each change, and its end")
    func connection() throws {
        let listener = try FileDescriptor.listening(at: SocketAddress(host: "127.0.0.1", port: 0))
        let client = try FileDescriptor.connecting(to: listener.localAddress())
        var peer = SocketAddress.unspecified
        #expect(try listener.wait(readable: true, milliseconds: 5000))
        let server = try listener.accept(peer: &peer)
        var epoll = try Epoll(capacity: 4)
        try epoll.addConnection(server.rawValue, token: 1)
        var count = epoll.wait(milliseconds: 5000)
        #expect(count == 1)
        #expect(epoll.event(at: 0).isWritable && !epoll.event(at: 0).isReadable)
        count = epoll.wait(milliseconds: 0)
        #expect(count == 0)
        let bytes: [UInt8] = [1]
        _ = try client.send(bytes.span)
        count = epoll.wait(milliseconds: 5000)
        #expect(count == 1)
        #expect(epoll.event(at: 0).isReadable && !epoll.event(at: 0).isEnd)
        client.shutdownSending()
        count = epoll.wait(milliseconds: 5000)
        #expect(count == 1)
        #expect(epoll.event(at: 0).isReadable && epoll.event(at: 0).isEnd)
    }

    @Test("of a semaphore, one is taken at a time")
    func semaphore() {
        let semaphore = Semaphore()
        semaphore.signal()
        semaphore.signal()
        var taken: [Bool] = []
        for _ in 0..<3 { taken.append(semaphore.wait(milliseconds: 1)) }
        #expect(taken == [true, true, false])
    }

    @Test("a thread runs, and wakes who waits for it")
    func thread() throws {
        final class Shared: Sendable {
            let done = Semaphore()
            let number = Atomic(0)
        }
        let shared = Shared()
        try Thread.start("test") {
            shared.number.store(42, ordering: .relaxed)
            shared.done.signal()
        }
        let isDone = shared.done.wait(milliseconds: 10000)
        #expect(isDone)
        #expect(shared.number.load(ordering: .relaxed) == 42)
    }
}
