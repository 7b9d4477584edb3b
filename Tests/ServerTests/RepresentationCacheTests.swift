import BasicContainers
import Configuration
import Content
import HTTP
import Linux
@testable import Server
import TestSupport
import Testing

@Suite("Small files in memory")
struct RepresentationCacheTests {
    private let files: TemporaryDirectory
    private let root: SiteRoot

    init() throws {
        files = try TemporaryDirectory()
        try files.write("a.txt", "content of a")
        try files.write("b.txt", "content of b")
        try files.setModified("a.txt", 1_500_000_000)
        root = try SiteRoot(path: files.path, indexNames: [])
    }

    private func open(_ name: String) throws -> OpenFile {
        let path = ResolvedPath(decoded: Array("/\(name)".utf8))
        guard case .file(let file) = root.lookup(path, mayBlock: true) else {
            throw Errno.notFound
        }
        return file
    }

    @discardableResult
    private func insert(
        _ key: String, _ name: String = "a.txt", site: Int = 0, content: String? = nil,
        coding: ContentCoding = .identity, batch: Int = 1, into cache: inout RepresentationCache,
        clock: borrowing BatchClock
    ) throws -> Int {
        let file = try open(name)
        let content = Array((content ?? files.read(name) ?? "").utf8)
        let representation = Representation(
            validators: file.status.validators(isDoubtful: false, now: clock.wall),
            byteCount: content.count, mediaType: Array("text/plain".utf8), coding: coding,
            isNegotiated: coding != .identity, rule: rule)
        let key = Array(key.utf8)
        let candidate = RepresentationCache.Candidate(
            representation: representation, root: root, status: file.status,
            path: coding == .identity ? file.path : nil,
            origin: coding == .identity ? nil : file.status, variants: .init(), batch: batch)
        return cache.insert(key.span, site: site, candidate, content: content, clock: clock)
    }

    private var rule: Rule {
        Rule(
            SiteDefaults(
                SiteSettings(name: "default"), ServerSettings(), MediaTypeMap(table: [])), [])
    }

    private func find(
        _ key: String, site: Int = 0, batch: Int = 1, in cache: inout RepresentationCache,
        clock: borrowing BatchClock
    ) -> String? {
        let key = Array(key.utf8)
        guard let index = cache.find(key.span, site: site, batch: batch, clock: clock) else {
            return nil
        }
        var output = Bytes()
        cache.append(index, .ok, to: &output)
        return output.span.text
    }

    private func content(_ message: String?) -> String? {
        guard let message else { return nil }
        return String(message.suffix(from: message.ranges(of: "\r\n\r\n")[0].upperBound))
    }

    @Test("a hit is the whole response")
    func hit() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        try insert("/a.txt", into: &cache, clock: clock)
        let message = try #require(find("/a.txt", in: &cache, clock: clock))
        let lines = message.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.first == "HTTP/1.1 200 OK")
        let date = clock.dateText.span.text
        #expect(lines[1] == "Date: \(date)")
        #expect(lines.contains("Content-Length: 12"))
        #expect(lines.contains("Content-Type: text/plain"))
        #expect(lines.contains("Last-Modified: Fri, 14 Jul 2017 02:40:00 GMT"))
        #expect(lines.suffix(2) == ["", "content of a"])
        #expect(cache.count == 1)
        #expect(cache.byteCount >= message.utf8.count)
    }

    @Test("a miss: another path, another site, a longer or shorter one")
    func miss() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        try insert("/a.txt", into: &cache, clock: clock)
        for key in ["/b.txt", "/a.tx", "/a.txt/", "", "/A.txt", "/%61.txt"] {
            #expect(find(key, in: &cache, clock: clock) == nil)
        }
        #expect(find("/a.txt", site: 1, in: &cache, clock: clock) == nil)
        try insert("/a.txt", "b.txt", site: 1, into: &cache, clock: clock)
        let ofFirst = content(find("/a.txt", in: &cache, clock: clock))
        let ofSecond = content(find("/a.txt", site: 1, in: &cache, clock: clock))
        #expect(ofFirst == "content of a")
        #expect(ofSecond == "content of b")
    }

    @Test("a part of the content")
    func part() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        let index = try insert("/a.txt", into: &cache, clock: clock)
        var output = Bytes()
        cache.append(index, content: 8..<10, to: &output)
        let part = output.span.text
        #expect(part == "of")
        #expect(cache.contentByteCount(at: index) == 12)
    }

    @Test("a change of the file is seen in the next batch")
    func invalidation() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        try insert("/a.txt", into: &cache, clock: clock)
        var found = content(find("/a.txt", batch: 2, in: &cache, clock: clock))
        #expect(found == "content of a")
        try files.write("a.txt", "changed")
        found = content(find("/a.txt", batch: 2, in: &cache, clock: clock))
        #expect(found == "content of a", "once per batch is enough")
        found = find("/a.txt", batch: 3, in: &cache, clock: clock)
        #expect(found == nil)
        #expect(cache.count == 0)
        #expect(cache.byteCount == 0)
        try insert("/a.txt", batch: 3, into: &cache, clock: clock)
        found = content(find("/a.txt", batch: 3, in: &cache, clock: clock))
        #expect(found == "changed")
        try files.remove("a.txt")
        found = find("/a.txt", batch: 4, in: &cache, clock: clock)
        #expect(found == nil)
    }

    @Test("a coding has an entry of its own, which is good as long as the file is the same")
    func coding() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        var index = try insert("/a.txt", into: &cache, clock: clock)
        try insert("/a.txt", content: "coded", coding: .gzip, into: &cache, clock: clock)
        #expect(content(find("/a.txt", in: &cache, clock: clock)) == "content of a")
        func findVariant(_ coding: ContentCoding) -> String? {
            let key = Array("/a.txt".utf8)
            let found = cache.findVariant(
                key.span, site: 0, coding, of: index, batch: 1, clock: clock)
            guard let found else { return nil }
            var output = Bytes()
            cache.append(found, .ok, to: &output)
            return content(output.span.text)
        }
        #expect(findVariant(.gzip) == "coded")
        #expect(findVariant(.br) == nil)
        try files.write("a.txt", "changed")
        index = try insert("/a.txt", into: &cache, clock: clock)
        #expect(findVariant(.gzip) == nil)
        #expect(cache.count == 1)
    }

    @Test("inserted again, the new one counts")
    func replacement() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        try insert("/a.txt", content: "one", into: &cache, clock: clock)
        try insert("/a.txt", content: "two", into: &cache, clock: clock)
        let found = content(find("/a.txt", in: &cache, clock: clock))
        #expect(found == "two")
        #expect(cache.count == 1)
    }

    @Test("the date is that of the batch, also of what was cached before")
    func date() throws {
        var clock = BatchClock()
        let begin = clock.seconds
        var cache = RepresentationCache(byteLimit: 1 << 20)
        try insert("/a.txt", into: &cache, clock: clock)
        let before = try #require(find("/a.txt", in: &cache, clock: clock))
        while clock.seconds == begin {
            Thread.pause(milliseconds: 20)
            clock.update()
        }
        let after = try #require(find("/a.txt", batch: 2, in: &cache, clock: clock))
        let date = clock.dateText.span.text
        #expect(after.contains("\r\nDate: \(date)\r\n"))
        #expect(after != before)
        #expect(after.utf8.count == before.utf8.count)
        #expect(
            after.split(separator: "\r\n").dropFirst(2)
                == before.split(separator: "\r\n").dropFirst(2))
    }

    @Test("never has more bytes than allowed, and keeps what is used longer")
    func eviction() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 50_000)
        let content = String(repeating: "x", count: 1000)
        var misses = 0
        for number in 0..<500 {
            if find("/hot", in: &cache, clock: clock) == nil {
                misses += 1
                try insert("/hot", content: content, into: &cache, clock: clock)
            }
            try insert("/\(number)", content: content, into: &cache, clock: clock)
            #expect(cache.byteCount <= 50_000)
        }
        #expect(cache.count > 10)
        #expect(cache.count < 50)
        // At most once in a round of the hand over all entries.
        #expect(misses <= 500 / cache.count + 1)
        let last = find("/499", in: &cache, clock: clock)
        #expect(last != nil)
        let first = find("/0", in: &cache, clock: clock)
        #expect(first == nil)
    }

    @Test("empty again")
    func removeAll() throws {
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 1 << 20)
        for number in 0..<10 { try insert("/\(number)", into: &cache, clock: clock) }
        cache.removeAll()
        #expect(cache.count == 0)
        #expect(cache.byteCount == 0)
        var found = find("/1", in: &cache, clock: clock)
        #expect(found == nil)
        try insert("/1", into: &cache, clock: clock)
        found = find("/1", in: &cache, clock: clock)
        #expect(found != nil)
    }

    @Test("what it gives is what was put in, in random runs", arguments: 1...4)
    func model(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let clock = BatchClock()
        var cache = RepresentationCache(byteLimit: 20_000)
        var model: [String: String] = [:]
        var hits = 0
        for step in 0..<2000 {
            let key = "/\(Int.random(in: 0..<40, using: &generator))"
            let site = Int.random(in: 0...1, using: &generator)
            if Bool.random(using: &generator) {
                let size = Int.random(in: 0...1500, using: &generator)
                let text = "\(step) " + String(repeating: "y", count: size)
                try insert(key, site: site, content: text, into: &cache, clock: clock)
                model["\(key) \(site)"] = text
            } else if let found = find(key, site: site, in: &cache, clock: clock) {
                hits += 1
                #expect(content(found) == model["\(key) \(site)"], "seed \(seed), step \(step)")
            }
            #expect(cache.byteCount <= 20_000)
        }
        #expect(hits > 50)
    }
}
