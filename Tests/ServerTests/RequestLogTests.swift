import BasicContainers
import Configuration
import Foundation
import HTTP
import Linux
import Logging
@testable import Server
import TestSupport
import Testing

@Suite("Request records")
struct RequestLogTests {
    private let files: TemporaryDirectory

    init() throws {
        files = try TemporaryDirectory()
    }

    /// The lines that requests leave in the access log file.
    private func lines(
        _ requests: [String], format: LogSettings.Format, peer: String = "192.0.2.1",
        status: StatusCode = .ok
    ) throws -> [String] {
        var settings = Settings()
        settings.log.format = format
        settings.log.file = files.path("access.log")
        let file = try AccessLogFile(path: files.path("access.log")) { _, error in
            Issue.record(error)
        }
        let opening = LogOpening(settings.log, Logger(label: "test"), inForce: file)
        let snapshot = try Snapshot(settings, listeners: [], log: opening, generation: 1)
        var log = RequestLog(snapshot, nil, workerCount: 1)
        var statistics = Statistics()
        let clock = BatchClock()
        for request in requests {
            let bytes = Array(request.utf8)
            var head = RequestHead()
            _ = try? head.parse(bytes.span)
            log.record(
                head, bytes.span, peer: PeerText(peer),
                result: ExchangeResult(
                    status: status, contentByteCount: 1234, duration: 5_678_901),
                clock: clock, statistics: &statistics)
        }
        #expect(files.read("access.log") == "", "written once per batch")
        log.flush(&statistics)
        let isEmpty = log.isEmpty
        #expect(isEmpty)
        #expect(statistics.logLines == requests.count)
        let text = try #require(files.read("access.log"))
        return text.split(separator: "\n").map(String.init)
    }

    private static let request =
        "GET /a?b HTTP/1.1\r\nHost: Example:80\r\nReferer: http://r/\r\nUser-Agent: x/1\r\n\r\n"

    @Test("a line of the Combined Log Format")
    func combined() throws {
        let lines = try lines([Self.request, "GET / HTTP/1.0\r\n\r\n"], format: .combined)
        let time = #/\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]/#
        #expect(
            lines.map { $0.replacing(time, with: "[time]") } == [
                #"192.0.2.1 - - [time] "GET /a?b HTTP/1.1" 200 1234 "http://r/" "x/1""#,
                #"192.0.2.1 - - [time] "GET / HTTP/1.0" 200 1234 "-" "-""#,
            ])
    }

    @Test("a JSON object")
    func json() throws {
        let lines = try lines(
            [Self.request, "PUT /x HTTP/1.0\r\n\r\n"], format: .json, peer: "2001:db8::1")
        let objects = try lines.map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let first = objects[0]
        #expect(first["peer"] as? String == "2001:db8::1")
        #expect(first["request"] as? String == "GET /a?b HTTP/1.1")
        #expect(first["method"] as? String == "GET")
        #expect(first["target"] as? String == "/a?b")
        #expect(first["host"] as? String == "Example:80")
        #expect(first["status"] as? Int == 200)
        #expect(first["bytes"] as? Int == 1234)
        #expect(first["duration_usec"] as? Int == 5678)
        #expect(first["referrer"] as? String == "http://r/")
        #expect(first["user_agent"] as? String == "x/1")
        let time = try #require(first["time"] as? String)
        #expect(try #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/#.wholeMatch(in: time) != nil)
        #expect(objects[1]["referrer"] is NSNull)
        #expect(objects[1]["user_agent"] is NSNull)
        let ids = objects.compactMap { $0["request_id"] as? String }
        #expect(ids.count == 2 && ids[0] != ids[1])
    }

    @Test(
        "a request that has no request line is logged by what came",
        arguments: [
            ("GET\u{1}/ HTTP/1.1\r\n\r\n", "GET\\x01/ HTTP/1.1"), ("\"\r\n", "\\x22"),
            ("\\x41\r\n", "\\x5cx41"), ("", ""), ("\u{e9}", "\\xc3\\xa9"),
            (String(repeating: "a", count: 1000) + "{", String(repeating: "a", count: 256)),
        ])
    func notRequest(text: String, logged: String) throws {
        let line = try #require(
            try lines([text], format: .combined, status: .badRequest).first)
        #expect(line.hasSuffix("] \"\(logged)\" 400 1234 \"-\" \"-\""))
    }

    @Test("what a peer sends ends neither line nor quotes")
    func injection() throws {
        let request =
            "GET /\"\\x HTTP/1.1\r\nHost: a\r\nUser-Agent: \" 200 \\ \u{e9}\t\"\r\nReferer:\r\n\r\n"
        let line = try #require(try lines([request], format: .combined).first)
        #expect(
            line.hasSuffix(
                #""GET /\x22\x5cx HTTP/1.1" 200 1234 "-" "\x22 200 \x5c \xc3\xa9\x09\x22""#))
        try files.remove("access.log")
        let json = try #require(try lines([request], format: .json).first)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["target"] as? String == "/\"\\x")
        #expect(object["user_agent"] as? String == "\" 200 \\ \u{c3}\u{a9}\t\"")
        #expect(object["referrer"] as? String == "")
    }

    @Test("each byte is escaped so that it can be told from its escape")
    func escapes() throws {
        for byte in UInt8.min...UInt8.max {
            let bytes: [UInt8] = [0x61, byte, 0x62]
            var escaped = Bytes()
            var json = Bytes()
            escaped.appendEscaped(bytes.span)
            json.appendJSONString(bytes.span)
            let isPlain = byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
            let digits = String(byte, radix: 16)
            let pair = digits.count == 1 ? "0" + digits : digits
            let text = escaped.span.text
            #expect(text == (isPlain ? "a\(Character(UnicodeScalar(byte)))b" : "a\\x\(pair)b"))
            let data = Data(json.span.text.utf8)
            let decoded = try JSONDecoder().decode(String.self, from: data)
            #expect(Array(decoded.unicodeScalars) == bytes.map { UnicodeScalar($0) })
        }
    }

    @Test(
        "times of RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_500_000_000_123_456_789, "2017-07-14T02:40:00.123456Z"),
            (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999999Z"),
            (1_700_000_000_000_007_000, "2023-11-14T22:13:20.000007Z"),
        ])
    func timestamp(nanoseconds: Int, expected: String) {
        var output = Bytes()
        output.appendTimestamp(nanoseconds: nanoseconds)
        let text = output.span.text
        #expect(text == expected)
    }

    @Test("a peer without an address is a dash", arguments: [("", "-"), ("::1", "::1")])
    func peer(host: String, expected: String) {
        var output = Bytes()
        PeerText(host).write(to: &output)
        let text = output.span.text
        #expect(text == expected)
    }
}

@Suite("The access log file")
struct AccessLogFileTests {
    @Test("is appended to, and reopened by its path")
    func reopening() throws {
        let files = try TemporaryDirectory()
        try files.write("log", "0\n")
        let file = try AccessLogFile(path: files.path("log")) { _, error in Issue.record(error) }
        let (one, two) = (Array("1\n".utf8), Array("2\n".utf8))
        var isWritten = file.write(one.span)
        #expect(isWritten)
        try FileManager.default.moveItem(
            atPath: files.path("log"), toPath: files.path("log.1"))
        isWritten = file.write(two.span)
        #expect(isWritten)
        try file.reopen()
        isWritten = file.write(one.span)
        #expect(isWritten)
        #expect(files.read("log.1") == "0\n1\n2\n")
        #expect(files.read("log") == "1\n")
    }

    @Test("a full disk is reported once, and again after it had room")
    func failure() throws {
        final class Reports: @unchecked Sendable { var errors: [Errno] = [] }
        let reports = Reports()
        let file = try AccessLogFile(path: "/dev/full") { _, error in reports.errors.append(error) }
        let line = Array("x\n".utf8)
        for _ in 0..<3 {
            let isWritten = file.write(line.span)
            #expect(!isWritten)
        }
        #expect(reports.errors == [.noSpace])
    }

    @Test("a path that cannot be opened says why")
    func unusable() throws {
        let files = try TemporaryDirectory()
        #expect(throws: Errno.notFound) {
            try AccessLogFile(path: files.path("missing/log")) { _, _ in }
        }
    }
}
