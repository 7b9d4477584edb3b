import HTTP
import TestSupport
import Testing

/// Random requests, some of them damaged, received in random parts: what they are found to be does
/// not depend on the parts (RFC 9112 §2.2: a message is parsed as a sequence of octets).
@Suite("Random requests in random parts")
struct RandomSplitTests {
    @Test("give the same events as in one part", arguments: 1...300)
    func sameEvents(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<10 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes += RandomRequest.make(&generator)
            }
            if Bool.random(using: &generator) { RandomRequest.damage(&bytes, &generator) }
            // Only the end of a line makes the exchange look again.
            bytes += Array("\r\n\r\n".utf8)
            let whole = WireEvent.all(in: bytes, receivedUpTo: [])
            for _ in 0..<4 {
                let ends = (0..<Int.random(in: 1...12, using: &generator))
                    .map { _ in Int.random(in: 0...bytes.count, using: &generator) }.sorted()
                let parts = WireEvent.all(in: bytes, receivedUpTo: ends)
                #expect(
                    parts == whole,
                    """
                    seed \(seed), round \(round), parts end at \(ends):
                    \(String(decoding: bytes, as: UTF8.self).debugDescription)
                    """)
            }
        }
    }

    @Test("random requests that are not damaged are all read")
    func undamaged() {
        var generator = SeededGenerator(seed: 42)
        var bytes: [UInt8] = []
        for _ in 0..<200 { bytes += RandomRequest.make(&generator) }
        let events = WireEvent.all(in: bytes, receivedUpTo: [])
        #expect(events.filter { $0 == .end }.count == 200)
        #expect(
            events.allSatisfy {
                switch $0 {
                case .head, .content, .end: true
                default: false
                }
            })
    }
}

private enum RandomRequest {
    /// A valid request that leaves the connection open.
    static func make(_ generator: inout SeededGenerator) -> [UInt8] {
        let targets = ["/", "/a/b.html?q=1", "http://h:80/x", "/%41%2e", "/" + token(&generator)]
        let methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "BREW"]
        let method = pick(methods, &generator)
        var fields = [pick(["Host: a", "host:a:80", "HOST:\t[::1]:8080 "], &generator)]
        for _ in 0..<Int.random(in: 0...5, using: &generator) {
            fields.append("X-\(token(&generator)): \(token(&generator)) \t\(token(&generator))")
        }
        var content: [UInt8] = []
        if method != "GET" && method != "HEAD" {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            switch Int.random(in: 0...2, using: &generator) {
            case 0:
                fields.append("Content-Length: \(bytes.count)")
                content = bytes
            case 1:
                fields.append("Transfer-Encoding: chunked")
                content = chunked(bytes, &generator)
            default: break
            }
        }
        fields.shuffle(using: &generator)
        let head =
            "\(method) \(pick(targets, &generator)) HTTP/1.1\r\n"
            + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        return Array(head.utf8) + content
    }

    /// Changes, removes, repeats or inserts a few bytes.
    static func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let inserted: [UInt8] = [0x00, 0x09, 0x0A, 0x0D, 0x20, 0x2C, 0x3A, 0x3B, 0x30, 0x7F, 0xFF]
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0...4, using: &generator) {
            case 0: bytes.remove(at: index)
            case 1: bytes[index] = inserted.randomElement(using: &generator) ?? 0
            case 2: bytes.insert(inserted.randomElement(using: &generator) ?? 0, at: index)
            case 3: bytes.insert(bytes[index], at: index)
            default: bytes.removeSubrange(index..<min(bytes.count, index + 5))
            }
        }
    }

    private static func chunked(
        _ bytes: [UInt8], _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...rest.count, using: &generator)
            let chunkExtension = pick(["", ";a", " ; b=\"c;d\""], &generator)
            output += Array("\(String(count, radix: 16))\(chunkExtension)\r\n".utf8)
            output += Array(rest.prefix(count)) + [0x0D, 0x0A]
            rest = rest.dropFirst(count)
        }
        return output + Array(pick(["0\r\n\r\n", "00;x\r\nY: z\r\n\r\n"], &generator).utf8)
    }

    private static func pick(_ texts: [String], _ generator: inout SeededGenerator) -> String {
        texts.randomElement(using: &generator) ?? ""
    }

    private static func token(_ generator: inout SeededGenerator) -> String {
        let letters = Array("abcXYZ019-_~")
        return String(
            (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                letters.randomElement(using: &generator) ?? "a"
            })
    }
}
