import Testing

@testable import Configuration

@Suite("Values")
struct ValueFormTests {
    @Test(
        "systemd.time(7) spans",
        arguments: [
            ("0", .zero), ("10", .seconds(10)), ("10s", .seconds(10)), ("5min", .seconds(300)),
            ("5m", .seconds(300)), ("1h 30min", .seconds(5400)), ("1h30min", .seconds(5400)),
            ("1h 30", .seconds(3630)), ("500ms", .milliseconds(500)), ("1.5h", .seconds(5400)),
            ("0.001s", .milliseconds(1)), ("2 days", .seconds(172_800)), ("1 w", .seconds(604_800)),
            ("1month", .seconds(2_629_800)), ("1M", .seconds(2_629_800)),
            ("1y", .seconds(31_557_600)),
            ("7us", .microseconds(7)), ("7µs", .microseconds(7)), ("7μs", .microseconds(7)),
            ("9ns", .nanoseconds(9)), ("1min 1min", .seconds(120)),
        ] as [(String, Duration)])
    func timeSpan(text: String, span: Duration) throws {
        #expect(try TimeSpan.parse(text) == span)
        #expect(try TimeSpan.parse(TimeSpan.text(span)) == span)
    }

    @Test(
        "not time spans",
        arguments: [
            "-1", "+1", "s", "1x", "1.", ".5", "1.5.5s", "infinity", "1,5s", "10 S", "1e3",
            "99999999999999999999", "300000y", "9223372036s 1y", "0x10", "١s",
        ])
    func notTimeSpan(text: String) {
        #expect(throws: Rejection.self) { try TimeSpan.parse(text) }
    }

    @Test(
        "time spans print short and exact",
        arguments: [
            (.zero, "0"), (.seconds(60), "1min"), (.seconds(90), "1min 30s"),
            (.seconds(86400), "1d"),
            (.milliseconds(1500), "1s 500ms"), (.seconds(10), "10s"),
        ] as [(Duration, String)])
    func timeSpanText(span: Duration, text: String) {
        #expect(TimeSpan.text(span) == text)
    }

    @Test(
        "sizes to the base 1024",
        arguments: [
            ("0", 0), ("17", 17), ("17B", 17), ("64K", 65536), ("20M", 20 << 20), ("1G", 1 << 30),
            ("2 T", 2 << 40), ("9223372036854775807", .max),
        ] as [(String, Int)])
    func byteCount(text: String, count: Int) throws {
        #expect(try ByteCount.parse(text) == count)
        #expect(try ByteCount.parse(ByteCount.text(count)) == count)
    }

    @Test(
        "not sizes",
        arguments: [
            "K", "-1", "1k", "1KB", "1 000", "1.5G", "9223372036854775808", "8388608T", "1G1M",
            "+1",
        ])
    func notByteCount(text: String) {
        #expect(throws: Rejection.self) { try ByteCount.parse(text) }
    }

    @Test(
        "booleans",
        arguments: [
            ("1", true), ("yes", true), ("Yes", true), ("y", true), ("true", true), ("on", true),
            ("0", false), ("no", false), ("NO", false), ("n", false), ("false", false),
            ("off", false),
        ])
    func boolean(text: String, value: Bool) throws {
        #expect(try ValueForm.boolean.parse(text) == value)
    }

    @Test(
        "names of a site",
        arguments: [
            ("*", "*"), ("LOCALHOST", "localhost"), ("*.Example.org", "*.example.org"),
            ("a_b.example", "a_b.example"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]"),
            ("[::]", "[::]"), ("[2001:DB8::a:0:0:1]", "[2001:db8::a:0:0:1]"),
            ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("3com.example", "3com.example"),
        ])
    func serverName(text: String, name: String) throws {
        #expect(try ValueForm.serverName.parse(text) == name)
    }

    @Test(
        "not names of a site",
        arguments: [
            ("example.org:80", "leave out the port: the listener decides it"),
            ("[::1]:80", "leave out the port: the listener decides it"),
            ("http://example.org", "write the host only"), ("::1", "write [::1]"),
            ("[0:0:0:0:0:0:0:1]", "write it as user agents send it: [::1]"),
            ("[::1::]", "that is not an IPv6 address"),
            ("[12345::]", "that is not an IPv6 address"),
            ("[1:2:3:4:5:6:7]", "that is not an IPv6 address"),
            ("[]", "that is not an IPv6 address"),
            ("[fe80::1%eth0]", "that is not an IPv6 address"),
            ("[+1::]", "that is not an IPv6 address"),
            ("bücher.example", "write its ASCII form, xn--…"),
            ("example.org.", "leave out the dot at the end"),
            ("a.*.example", "a * stands alone or for all before the first dot"),
            ("*.*.example", "a * stands alone or for all before the first dot"),
            ("a,b", "names are separated by spaces"), ("1.2.3", "that is not an IPv4 address"),
            ("1.2.3.256", "that is not an IPv4 address"),
            ("01.2.3.4", "that is not an IPv4 address"),
            ("*.1.2.3.4", "an address has nothing below it"), ("-a.example", nil), ("a..b", nil),
            ("*.", nil), (".a", nil), ("a b", nil), ("a\u{7F}", nil),
        ] as [(String, String?)])
    func notServerName(text: String, hint: String?) {
        do throws(Rejection) {
            let name = try ValueForm.serverName.parse(text)
            Issue.record("\(text) was taken as \(name)")
        } catch {
            #expect(error.hint == hint)
        }
    }

    @Test(
        "RFC 5952 §4 text of IPv6 addresses",
        arguments: [
            ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("0:0:0:0:0:0:0:0", "::"), ("1:0:0:0:0:0:0:0", "1::"),
            ("1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("2001:db8:0:0:1::", "2001:db8:0:0:1::"),
        ])
    func ipv6(text: String, canonical: String) {
        #expect(IPv6Address(text)?.description == canonical)
    }

    @Test(
        "absolute paths are normalised",
        arguments: [
            ("/srv", "/srv"), ("/srv/", "/srv"), ("//srv///www/", "/srv/www"), ("/./srv/.", "/srv"),
            ("/", "/"), ("/a b", "/a b"), ("/..a", "/..a"),
        ])
    func path(text: String, path: String) throws {
        #expect(try ValueForm.absolutePath.parse(text) == path)
    }

    @Test("not absolute paths", arguments: ["srv", "./srv", "/srv/../etc", "/..", "~/www"])
    func notPath(text: String) {
        #expect(throws: Rejection.self) { try ValueForm.absolutePath.parse(text) }
    }
}

@Suite("Suggestions")
struct SuggestionTests {
    @Test(
        "what was meant",
        arguments: [
            ("Roott", "Root"), ("root", "Root"), ("Rot", "Root"), ("Orot", "Root"),
            ("Servername", "ServerName"), ("ServerNames", "ServerName"),
            ("UploadMaximumSize", "UploadMaxSize"),
            ("Indx", "Index"), ("Upload-Overwrite", "UploadOverwrite"),
            ("Compresion", "Compression"),
            ("X", nil),
            ("", nil), (String(repeating: "Root", count: 100), nil),
        ] as [(String, String?)])
    func suggests(word: String, meant: String?) {
        #expect(suggestion(for: word, among: KeyTable.names(of: .site)) == meant)
    }

    @Test(
        "distances",
        arguments: [
            ("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "abc", 3), ("abc", "acb", 1),
            ("abc", "abd", 1), ("kitten", "sitting", 3), ("ab", "ba", 1), ("abcd", "badc", 2),
        ])
    func distance(first: String, second: String, distance: Int) {
        #expect(editDistance(Array(first.utf8), Array(second.utf8)) == distance)
    }

    @Test("words of others are shown without what a terminal obeys")
    func quoting() {
        #expect(quoted("a\u{9B}b\u{202E}c") == "'a\\u{9b}b\\u{202e}c'")
        #expect(quoted(String(repeating: "x", count: 70)).count == 63)
    }
}
