import Control
import Foundation
import Testing

@Suite("Control messages")
struct ControlMessageTests {
    @Test("a status of defaults survives the way through JSON")
    func emptyStatus() throws {
        let status = Status()
        #expect(try JSONDecoder().decode(Status.self, from: Data(status.jsonBytes)) == status)
    }

    @Test("a full status survives the way through JSON")
    func fullStatus() throws {
        let status = Self.full
        #expect(try JSONDecoder().decode(Status.self, from: Data(status.jsonBytes)) == status)
        #expect(
            try JSONDecoder().decode(Status.self, from: JSONEncoder().encode(status)) == status,
            "the keys of both writers are the same")
    }

    @Test("the JSON has the documented names")
    func names() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Self.full.jsonBytes)) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "state", "version", "pid", "since", "uptime_seconds", "config", "listeners",
                "sites", "workers", "connections", "requests", "bytes", "latency_usec", "cache",
                "compression",
                "uploads", "log",
            ])
        let members: [String: Set<String>] = [
            "config": ["files", "generation", "loaded", "last_reload"],
            "connections": ["open", "idle", "active", "accepted", "refused", "limit"],
            "requests": [
                "total", "informational", "successful", "redirection", "client_error",
                "server_error",
            ],
            "bytes": ["received", "sent"],
            "latency_usec": ["p50", "p90", "p99", "p999", "max"],
            "cache": ["entries", "bytes", "limit", "hits", "misses"],
            "compression": ["entries", "bytes", "limit", "made"],
            "uploads": ["completed", "failed", "bytes"],
            "log": [
                "file", "lines", "write_errors", "journal_sent", "journal_suppressed",
                "journal_dropped",
            ],
        ]
        for (name, expected) in members {
            let member = try #require(object[name] as? [String: Any])
            #expect(Set(member.keys) == expected, "\(name)")
        }
    }

    @Test("appending keeps what is there")
    func appending() {
        var bytes = Array("x".utf8)
        Status().json(into: &bytes)
        #expect(bytes == Array("x".utf8) + Status().jsonBytes)
    }

    @Test("a reload's outcome survives the way through JSON")
    func reloadOutcome() throws {
        let outcome = ReloadOutcome(
            result: .refused, generation: 3, files: ["/etc/a.conf"],
            errors: ["/etc/a.conf:1:2: \"Roott=\" is not a key", "second\nline"],
            notes: ["/etc/a.conf:2:9: Workers="])
        let decoded = try JSONDecoder().decode(
            ReloadOutcome.self, from: Data(outcome.jsonBytes))
        #expect(decoded == outcome)
    }

    static var full: Status {
        var status = Status()
        status.state = .draining
        status.version = "1.2.3"
        status.pid = 4711
        status.since = "2026-01-02T03:04:05Z"
        status.uptimeSeconds = 3600
        status.config.files = ["/etc/a.conf", "/etc/b \"quoted\" \\ \u{1} é \u{7F}.conf"]
        status.config.generation = 7
        status.config.loaded = "2026-01-02T03:04:06Z"
        var reload = Status.Reload()
        reload.result = .refused
        reload.time = "2026-01-02T03:04:07Z"
        reload.errors = ["/etc/a.conf:1:2: no", "tab\tnewline\n"]
        status.config.lastReload = reload
        var listener = Status.Listener()
        listener.name = "http"
        listener.address = "[::1]:8080"
        status.listeners = [listener, Status.Listener()]
        var site = Status.Site()
        site.name = "default"
        site.serverNames = ["localhost", "*.example.org"]
        site.root = "/srv/www"
        site.upload = true
        status.sites = [site]
        var worker = Status.Worker()
        (worker.id, worker.connections, worker.requests) = (1, 2, 3)
        status.workers = [Status.Worker(), worker]
        status.connections.open = 9
        status.requests.serverError = Int.max
        status.bytes.sent = 1 << 50
        status.latency.p50 = 12
        status.latency.max = 99_999
        status.cache.hits = 5
        status.uploads.bytes = 6
        status.log.file = "/var/log/access.log"
        status.log.journalDropped = 8
        return status
    }
}

@Suite("RFC 8259 JSON writing")
struct JSONWriterTests {
    @Test("every scalar below U+0180 is read back as it was")
    func scalars() throws {
        for value in 0..<UInt32(0x180) {
            let scalar = try #require(Unicode.Scalar(value))
            var writer = JSONWriter()
            writer.array { $0.string("a\(scalar)z") }
            let decoded = try JSONDecoder().decode([String].self, from: Data(writer.bytes))
            #expect(decoded == ["a\(scalar)z"])
        }
    }

    @Test("no control byte stands in the text")
    func noControlBytes() {
        var writer = JSONWriter()
        writer.string(String(decoding: 0...0x7F as ClosedRange<UInt8>, as: UTF8.self))
        #expect(!writer.bytes.contains { $0 < 0x20 || $0 == 0x7F })
    }

    @Test("bytes that are not UTF-8 become U+FFFD")
    func invalidBytes() throws {
        var writer = JSONWriter()
        writer.array { $0.string(repairing: [0x61, 0xFF, 0xC3, 0x62] as [UInt8]) }
        let decoded = try JSONDecoder().decode([String].self, from: Data(writer.bytes))
        #expect(decoded == ["a\u{FFFD}\u{FFFD}b"])
    }

    @Test("commas stand between values and nowhere else")
    func commas() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("a", nil as String?)
            writer.member("b", [])
            writer.name("c")
            writer.array { writer in
                writer.object { _ in }
                writer.boolean(true)
                writer.array { $0.number(-1) }
                writer.null()
            }
            writer.member("d", 2)
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"a":null,"b":[],"c":[{},true,[-1],null],"d":2}"#)
    }
}
