"""What is refused, with which status, and that nothing behind it is ever served.

Each row is a raw request. Behind it, in the same write, comes a whole request: where the row may
end a message elsewhere than a stricter reader thinks, an answer to that one would be the first
half of a smuggled request (RFC 9112 §11.2).
"""

import os

import pytest

from httpwire import chunked, request

FOLLOWING = request("/following.txt")
SMUGGLED = request("/smuggled.txt")
CONTENT = b"content of the index page\n"


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        server={"HeaderTimeoutSec": "3s"},
        site={"ServerName": "*", "UploadMaxSize": "1M"}, paths={"/up/": {"Upload": "yes"}})
    daemon.put_file("index.html", CONTENT)
    daemon.put_file("following.txt", b"FOLLOWING\n")
    daemon.put_file("smuggled.txt", b"SMUGGLED\n")
    daemon.put_directory("up")
    yield daemon
    assert daemon.is_running()
    assert daemon.fetch("/following.txt").content == b"FOLLOWING\n"


def refused(server, octets, statuses, slowly=False):
    """The request gets one of the statuses, with content, and is the last of its connection."""
    with server.connect() as connection:
        if slowly:
            connection.send_slowly(octets)
            connection.send(FOLLOWING)
        else:
            connection.send(octets + FOLLOWING)
        response = connection.read()
        assert response is not None, "no response: %s" % connection.ending
        assert response.status in statuses
        assert response.content and response.get("content-type")
        assert response.closes, "RFC 9112 §9.6"
        assert connection.ended(), "the connection must end"
    return response


def table(rows):
    """Rows of (id, octets, status or statuses)."""
    rows = [(name, octets, status if isinstance(status, tuple) else (status,))
            for name, octets, status in rows]
    return pytest.mark.parametrize(
        "octets,statuses", [row[1:] for row in rows], ids=[row[0] for row in rows])


def line(text):
    """A request with that request line."""
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return octets + b"\r\nHost: localhost\r\n\r\n"


def fields(text, start="GET / HTTP/1.1"):
    """A request with these field lines behind Host."""
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return start.encode() + b"\r\nHost: localhost\r\n" + octets + b"\r\n\r\n"


def host(text, start="GET / HTTP/1.1"):
    """A request with these field lines only."""
    return (start + "\r\n" + text + "\r\n\r\n").encode("latin-1")


REQUEST_LINES = [
    ("HTTP/0.9", b"GET /\r\n\r\n", 400),
    ("version without minor", line("GET / HTTP/1"), 400),
    ("version without digit", line("GET / HTTP/1."), 400),
    ("version without dot", line("GET / HTTP/11"), 400),
    ("version of two digits", line("GET / HTTP/1.10"), 400),
    ("version with zero before", line("GET / HTTP/01.1"), 400),
    ("version of three parts", line("GET / HTTP/1.1.1"), 400),
    ("version with letter", line("GET / HTTP/1.x"), 400),
    ("version with sign", line("GET / HTTP/+1.1"), 400),
    ("version with comma", line("GET / HTTP/1,1"), 400),
    ("version with space", line("GET / HTTP/ 1.1"), 400),
    ("version in lower case", line("GET / http/1.1"), 400),
    ("version in mixed case", line("GET / Http/1.1"), 400),
    ("another protocol", line("GET / HTTPS/1.1"), 400),
    ("another protocol of 4 letters", line("GET / ICAP/1.0"), 400),
    ("version with octet behind", line("GET / HTTP/1.1x"), 400),
    ("version with NUL behind", line("GET / HTTP/1.1\0"), 400),
    ("HTTP/2.0", line("GET / HTTP/2.0"), 505),
    ("HTTP/3.0", line("GET / HTTP/3.0"), 505),
    ("HTTP/9.9", line("GET / HTTP/9.9"), 505),
    ("HTTP/0.9 by name", line("GET / HTTP/0.9"), (505, 400)),
    ("two spaces before the target", line("GET  / HTTP/1.1"), 400),
    ("two spaces behind the target", line("GET /  HTTP/1.1"), 400),
    ("space before the method", line(" GET / HTTP/1.1"), 400),
    ("space behind the version", line("GET / HTTP/1.1 "), 400),
    ("tab behind the version", line("GET / HTTP/1.1\t"), 400),
    ("tabs for spaces", line("GET\t/\tHTTP/1.1"), 400),
    ("vertical tab for space", line("GET\x0b/ HTTP/1.1"), 400),
    ("form feed for space", line("GET /\x0cHTTP/1.1"), 400),
    ("CR for space", line("GET\r/ HTTP/1.1"), 400),
    ("no-break space", line("GET\xa0/ HTTP/1.1"), 400),
    ("space in the target", line("GET /a b HTTP/1.1"), 400),
    ("tab in the target", line("GET /a\tb HTTP/1.1"), 400),
    ("two versions", line("GET / HTTP/1.1 HTTP/1.1"), 400),
    ("no target", line("GET HTTP/1.1"), 400),
    ("empty target", line("GET  HTTP/1.1"), 400),
    ("no method", line("/ HTTP/1.1"), 400),
    ("a response", line("HTTP/1.1 200 OK"), 400),
    ("LF at its end", b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400),
    ("CR at its end", b"GET / HTTP/1.1\rHost: localhost\r\n\r\n", 400),
    ("CR CR LF at its end", b"GET / HTTP/1.1\r\r\nHost: localhost\r\n\r\n", 400),
    ("LF CR at its end", b"GET / HTTP/1.1\n\rHost: localhost\r\n\r\n", 400),
    ("LF before it", b"\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("CR before it", b"\rGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("space and CRLF before it", b" \r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("NUL before it", b"\0GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("byte order mark before it", b"\xef\xbb\xbf" + line("GET / HTTP/1.1"), 400),
    ("method with NUL", line("GE\0T / HTTP/1.1"), 400),
    ("method with control octet", line("GE\x01T / HTTP/1.1"), 400),
    ("method with colon", line("GET: / HTTP/1.1"), 400),
    ("method with at", line("G@T / HTTP/1.1"), 400),
    ("method with slash", line("GET/x / HTTP/1.1"), 400),
    ("method with quotes", line('"GET" / HTTP/1.1'), 400),
    ("method with brackets", line("[GET] / HTTP/1.1"), 400),
    ("method with parenthesis", line("GE(T / HTTP/1.1"), 400),
    ("method with 8-bit octet", line("G\xc9T / HTTP/1.1"), 400),
    ("target without slash", line("GET index.html HTTP/1.1"), 400),
    ("target of a query", line("GET ?a=b HTTP/1.1"), 400),
    ("target of dots", line("GET ../index.html HTTP/1.1"), 400),
    ("target with a backslash first", line("GET \\index.html HTTP/1.1"), 400),
    ("target with %2F first", line("GET %2Findex.html HTTP/1.1"), 400),
    ("asterisk for GET", line("GET * HTTP/1.1"), 400),
    ("asterisk and more for OPTIONS", line("OPTIONS *x HTTP/1.1"), 400),
    ("authority-form for GET", line("GET localhost:80 HTTP/1.1"), 400),
    ("absolute-form without authority", line("GET http:/// HTTP/1.1"), 400),
    ("absolute-form without slashes", line("GET http:/index.html HTTP/1.1"), 400),
    ("absolute-form, empty", line("GET http:// HTTP/1.1"), 400),
    ("absolute-form with port only", line("GET http://:80/ HTTP/1.1"), 400),
    ("absolute-form with userinfo", line("GET http://user:pass@localhost/ HTTP/1.1"), 400),
    ("absolute-form with bad port", line("GET http://localhost:8x/ HTTP/1.1"), 400),
    ("absolute-form with open bracket", line("GET http://[::1/ HTTP/1.1"), 400),
    ("absolute-form with space in host", line("GET http://lo cal/ HTTP/1.1"), 400),
    ("absolute-form with backslash in host", line("GET http://local\\host/ HTTP/1.1"), 400),
    ("absolute-form of another scheme", line("GET ftp://localhost/ HTTP/1.1"), (400, 421)),
    ("fragment", line("GET /index.html#top HTTP/1.1"), 400),
    ("NUL in the target", line("GET /\0 HTTP/1.1"), 400),
    ("SOH in the target", line("GET /\x01 HTTP/1.1"), 400),
    ("ESC in the target", line("GET /\x1b[31m HTTP/1.1"), 400),
    ("DEL in the target", line("GET /\x7f HTTP/1.1"), 400),
    ("NUL in the query", line("GET /?\0 HTTP/1.1"), 400),
    ("CR in the target", line("GET /a\rb HTTP/1.1"), 400),
    ("8-bit octets in the target", line("GET /\xfc HTTP/1.1"), (400, 404)),
]

FIELD_LINES = [
    ("no colon", fields("X"), 400),
    ("no name", fields(": x"), 400),
    ("space before the colon", fields("X : y"), 400),
    ("tab before the colon", fields("X\t: y"), 400),
    ("space before the colon of Host", host("Host : localhost"), 400),
    ("space in the name", fields("X Y: z"), 400),
    ("space before the first name", host(" Host: localhost"), 400),
    ("tab before the first name", host("\tHost: localhost"), 400),
    ("obs-fold", fields("X: y\r\n z"), 400),
    ("obs-fold with tab", fields("X: y\r\n\tz"), 400),
    ("obs-fold of nothing", fields("X: y\r\n "), 400),
    ("obs-fold of an empty value", fields("X:\r\n y"), 400),
    ("obs-fold of Host", host("Host:\r\n localhost"), 400),
    ("obs-fold that hides a field", fields("X: y\r\n Content-Length: 5"), 400),
    ("line of a space", fields("X: y\r\n \r\nZ: z"), 400),
    ("LF at the end of a line", fields("X: y\nZ: z"), 400),
    ("LF at the end of the section",
     b"GET / HTTP/1.1\r\nHost: localhost\r\n\n", 400),
    ("LF LF at the end of the section", b"GET / HTTP/1.1\r\nHost: localhost\n\n", 400),
    ("only LF", b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    ("CR in a value", fields("X: y\rZ: z"), 400),
    ("CR at the end of a value", fields("X: y\r"), 400),
    ("CR CR LF at the end of the section", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\r\n", 400),
    ("CR before the colon", fields("X\r: y"), 400),
    ("LF in a name", fields("X\nY: z"), 400),
    ("NUL in a value", fields("X: a\0b"), 400),
    ("NUL at the end of a value", fields("X: a\0"), 400),
    ("NUL in a name", fields("X\0: a"), 400),
    ("NUL line", fields("\0"), 400),
    ("SOH in a value", fields("X: a\x01b"), 400),
    ("BS in a value", fields("X: a\x08b"), 400),
    ("VT in a value", fields("X: a\x0bb"), 400),
    ("FF in a value", fields("X: a\x0cb"), 400),
    ("ESC in a value", fields("X: \x1b[31m"), 400),
    ("DEL in a value", fields("X: a\x7fb"), 400),
    ("8-bit octet in a name", fields("\xfcber: a"), 400),
    ("no-break space before the colon", fields("X\xa0: a"), 400),
] + [("%r in a name" % octet, fields("X%sY: z" % octet), 400) for octet in '"(),/;<=>?@[\\]{}'] + [
    ("%r alone as a name" % octet, fields("%s: z" % octet), 400) for octet in '"(@']

HOSTS = [
    ("missing", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("missing with absolute-form", b"GET http://localhost/ HTTP/1.1\r\n\r\n", 400),
    ("missing in HTTP/1.2", b"GET / HTTP/1.2\r\n\r\n", 400),
    ("twice", host("Host: localhost\r\nHost: localhost"), 400),
    ("twice, differing", host("Host: localhost\r\nHost: example.org"), 400),
    ("twice, second empty", host("Host: localhost\r\nHost:"), 400),
    ("twice, names in other case", host("Host: localhost\r\nhOST: localhost"), 400),
    ("twice with absolute-form",
     host("Host: localhost\r\nHost: localhost", "GET http://localhost/ HTTP/1.1"), 400),
    ("twice in HTTP/1.0", host("Host: localhost\r\nHost: localhost", "GET / HTTP/1.0"), 400),
    ("bad in HTTP/1.0", host("Host: a b", "GET / HTTP/1.0"), 400),
    ("bad with absolute-form", host("Host: a b", "GET http://localhost/ HTTP/1.1"), 400),
] + [(repr(value), host("Host: " + value), 400) for value in (
    "a b", "a, b", "a/b", "a@b", "user:pass@a", "http://a", "a:b", "a:80:80", "a:-1", "a:+80",
    "a: 80", "[::1", "::1", "[::1]x", "[zz]", "[]", "[::1]:x", "a\\b", "a#b", "a?b",
    '"a"', "<a>", "a|b", "a^b", "a`b", "{a}", "a%", "a%zz", "a\tb", "/", "a\x80b", "[1.2.3.4]",
    "localhost, localhost",
)]

LENGTHS = [("Content-Length: " + value, fields("Content-Length: " + value), 400) for value in (
    "", "abc", "-1", "+1", "+0", "-0", "0x1", "1.0", "1e1", "1 1", "1;", "1_0", "\u00b9", "1,2",
    "1 2", ",", "1,,x", "18446744073709551616", "18446744073709551617", "9223372036854775808",
    "99999999999999999999999999", "1\x0b", "\x0c1", "'1'", '"1"', "0,1",
)] + [
    ("two lengths", fields("Content-Length: 0\r\nContent-Length: 5"), 400),
    ("two lengths, other way", fields("Content-Length: 5\r\nContent-Length: 0"), 400),
    ("two lengths, second bad", fields("Content-Length: 0\r\nContent-Length: x"), 400),
    ("a length of 2^63-1", fields("Content-Length: 9223372036854775807"), (400, 413)),
    ("space before the colon of the length", fields("Content-Length : 0"), 400),
    ("Content-Length: 5 with NUL", fields("Content-Length: 5\0"), 400),
]

CODINGS = [
    ("chunked with length", fields("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400),
    ("length with chunked", fields("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400),
    ("chunked with length 0", fields("Transfer-Encoding: chunked\r\nContent-Length: 0"), 400),
    ("identity with length", fields("Transfer-Encoding: identity\r\nContent-Length: 5"), 400),
    ("chunked in HTTP/1.0", fields("Transfer-Encoding: chunked", "GET / HTTP/1.0"), 400),
    ("chunked twice in a list", fields("Transfer-Encoding: chunked, chunked"), (400, 501)),
    ("chunked on two lines",
     fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), (400, 501)),
    ("identity, then chunked on two lines",
     fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), (400, 501)),
    ("chunked, then identity on two lines",
     fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), (400, 501)),
    ("space before the colon of the coding", fields("Transfer-Encoding : chunked"), 400),
    ("obs-fold of the coding", fields("Transfer-Encoding:\r\n chunked"), 400),
    ("LF before the coding", fields("X: y\nTransfer-Encoding: chunked"), 400),
] + [("Transfer-Encoding: " + repr(value)[1:-1], fields("Transfer-Encoding: " + value), (400, 501))
     for value in (
         "", "identity", "gzip", "deflate", "x", "gzip, chunked", "chunked, gzip",
         "chunked, identity", "identity, chunked", "xchunked", "chunkedx", "chunke", "chunked;",
         "chunked;a=b", "chunked; q=1", '"chunked"', "'chunked'", "chu nked", "chunked chunked",
         "chunked\x0b", "\x0bchunked", "\x0cchunked", "chunked\0", "\0chunked", "chunked\x7f",
         "chunked\xa0", "\xa0chunked", "chunked/", "chunked=1", ";chunked", "*", "chunked\r",
     )]


@table(REQUEST_LINES)
def test_request_line(server, octets, statuses):
    refused(server, octets, statuses)


@table(FIELD_LINES)
def test_field_line(server, octets, statuses):
    refused(server, octets, statuses)


@table(HOSTS)
def test_host(server, octets, statuses):
    refused(server, octets, statuses)


@table(LENGTHS)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_content_length(server, method, octets, statuses):
    refused(server, aimed(octets, method), statuses)


@table(CODINGS)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_transfer_encoding(server, method, octets, statuses):
    refused(server, aimed(octets, method) + b"0\r\n\r\n", statuses)


def aimed(octets, method):
    """The request of a table with another method, and a target that may be written to."""
    return octets.replace(b"GET / ", b"PUT /up/refused.bin ") if method == "PUT" else octets


@table([row for row in REQUEST_LINES + FIELD_LINES + HOSTS + LENGTHS[:6] + CODINGS])
def test_octet_by_octet(server, octets, statuses):
    refused(server, octets, statuses, slowly=True)


def test_nothing_of_all_that_was_stored(server):
    assert os.listdir(server.path("up")) == []


CHUNKS = [
    ("no number", b"xyz\r\n", 400),
    ("nothing", b"\r\n", 400),
    ("only an extension", b";a\r\nx\r\n0\r\n\r\n", 400),
    ("negative", b"-1\r\nx\r\n0\r\n\r\n", 400),
    ("plus sign", b"+1\r\nx\r\n0\r\n\r\n", 400),
    ("0x", b"0x1\r\nx\r\n0\r\n\r\n", 400),
    ("space before", b" 1\r\nx\r\n0\r\n\r\n", 400),
    ("tab before", b"\t1\r\nx\r\n0\r\n\r\n", 400),
    ("space between", b"1 0\r\nx\r\n0\r\n\r\n", 400),
    ("letter behind", b"1g\r\nx\r\n0\r\n\r\n", 400),
    ("comma behind", b"1,\r\nx\r\n0\r\n\r\n", 400),
    ("dot behind", b"1.0\r\nx\r\n0\r\n\r\n", 400),
    ("underscore between", b"1_0\r\n", 400),
    ("NUL behind", b"1\0\r\nx\r\n0\r\n\r\n", 400),
    ("VT behind", b"1\x0b\r\nx\r\n0\r\n\r\n", 400),
    ("8-bit digit", b"\xb2\r\nxx\r\n0\r\n\r\n", 400),
    ("2^64", b"10000000000000000\r\nx\r\n0\r\n\r\n", (400, 413)),
    ("2^64 and 1, which may wrap", b"10000000000000001\r\nx\r\n0\r\n\r\n", (400, 413)),
    ("2^64 - 1", b"ffffffffffffffff\r\nx\r\n0\r\n\r\n", (400, 413)),
    ("2^63", b"8000000000000000\r\nx\r\n0\r\n\r\n", (400, 413)),
    ("2^63 - 1", b"7fffffffffffffff\r\nx\r\n0\r\n\r\n", (400, 413)),
    ("2^32 and 1", b"100000001\r\nx\r\n0\r\n\r\n", 413),
    ("LF behind the size", b"1\nx\r\n0\r\n\r\n", 400),
    ("CR behind the size", b"1\rx\r\n0\r\n\r\n", 400),
    ("CR CR LF behind the size", b"1\r\r\nx\r\n0\r\n\r\n", 400),
    ("LF behind the data", b"1\r\nx\n0\r\n\r\n", 400),
    ("CR behind the data", b"1\r\nx\r0\r\n\r\n", 400),
    ("nothing behind the data", b"1\r\nx0\r\n\r\n", 400),
    ("an octet too many", b"1\r\nxy\r\n0\r\n\r\n", 400),
    ("two octets too many", b"1\r\nxyz\r\n0\r\n\r\n", 400),
    ("an octet too few", b"2\r\nx\r\n0\r\n\r\n", 400),
    ("LF in an extension", b"1;a\nx\r\n0\r\n\r\n", 400),
    ("LF in a quoted extension", b'1;a="\n"\r\nx\r\n0\r\n\r\n', 400),
    ("CR in an extension", b"1;a\rb\r\nx\r\n0\r\n\r\n", 400),
    ("NUL in an extension", b"1;a\0\r\nx\r\n0\r\n\r\n", 400),
    ("endless extension", b"1;" + b"a" * 300_000, (400, 413, 431)),
    ("endless size", b"0" * 300_000, (400, 413, 431)),
    ("extensions without end", b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n" * 40_000,
     (201, 204, 400, 413, 431)),
    ("LF behind the last chunk", b"0\n\n", 400),
    ("LF behind the last chunk's line", b"0\r\n\n", 400),
    ("CR behind the last chunk's line", b"0\r\n\rx", 400),
    ("last chunk with data", b"0\r\nx\r\n\r\n", 400),
    ("trailer without colon", b"0\r\nX\r\n\r\n", 400),
    ("trailer with space before the colon", b"0\r\nX : y\r\n\r\n", 400),
    ("trailer with space in the name", b"0\r\nX Y: z\r\n\r\n", 400),
    ("trailer folded", b"0\r\nX: y\r\n z\r\n\r\n", 400),
    ("trailer with a space first", b"0\r\n X: y\r\n\r\n", 400),
    ("trailer with LF", b"0\r\nX: y\n\r\n", 400),
    ("trailer with CR", b"0\r\nX: y\rz\r\n\r\n", 400),
    ("trailer with NUL", b"0\r\nX: \0\r\n\r\n", 400),
    ("endless trailer line", b"0\r\nX: " + b"y" * 300_000, (400, 413, 431)),
    ("endless trailer section", b"0\r\n" + b"X: y\r\n" * 50_000, (400, 413, 431)),
]


@table(CHUNKS)
def test_chunk(server, octets, statuses):
    before = b"PUT /up/chunks.bin HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect() as connection:
        connection.send(before + octets + (b"" if len(octets) > 50_000 else FOLLOWING))
        if len(octets) > 50_000:
            connection.half_close()
        response = connection.read()
        assert response is not None, "no response: %s" % connection.ending
        assert response.status in statuses
        if response.status >= 400:
            assert response.content and response.closes
            assert connection.ended()
            assert server.fetch("/up/chunks.bin").status == 404, "stored nevertheless"


@table([row for row in CHUNKS if len(row[1]) < 100])
def test_chunk_octet_by_octet(server, octets, statuses):
    before = b"PUT /up/chunks.bin HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    refused(server, before + octets, statuses, slowly=True)


@table([
    ("target of 100 kB", line("GET /" + "a" * 100_000 + " HTTP/1.1"), 414),
    ("query of 100 kB", line("GET /?" + "a" * 100_000 + " HTTP/1.1"), 414),
    ("target of 1 MB without end", b"GET /" + b"a" * 1_000_000, 414),
    ("method of 100 kB", line("A" * 100_000 + " / HTTP/1.1"), (400, 414, 501)),
    ("method of 100 kB without end", b"A" * 100_000, (400, 414, 501)),
    ("value of 100 kB", fields("X: " + "y" * 100_000), 431),
    ("value of 1 MB without end", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 10**6, 431),
    ("name of 100 kB", fields("X" * 100_000 + ": y"), 431),
    ("10 000 fields", fields("\r\n".join("X%d: y" % n for n in range(10_000))), 431),
    ("10 000 short fields", fields("\r\n".join(["X:"] * 10_000)), 431),
    ("Host of 100 kB", host("Host: " + "a" * 100_000), (431, 400)),
    ("spaces before a value", fields("X:" + " " * 100_000 + "y"), 431),
    ("empty lines without end", b"\r\n" * 100_000, 400),
])
def test_limit(server, octets, statuses):
    with server.connect() as connection:
        connection.send(octets + FOLLOWING)
        response = connection.read()
        assert response is not None, "no response: %s" % connection.ending
        assert response.status in statuses
        assert response.content and response.closes
        assert connection.ended()


def test_a_refusal_is_read_by_a_peer_that_still_sends(server):
    # RFC 9112 §9.6: closing at once would reset the connection and lose the response.
    head = b"PUT /up/large.bin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n"
    for _ in range(10):
        with server.connect() as connection:
            connection.send(head + bytes(200_000))
            response = connection.read()
            assert response is not None and response.status == 413, connection.ending


ACCEPTED = [
    ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n"),
    ("HTTP/1.9", b"GET / HTTP/1.9\r\nHost: localhost\r\n\r\n"),
    ("an empty line before", b"\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("no space behind the colon", b"GET / HTTP/1.1\r\nHost:localhost\r\n\r\n"),
    ("spaces and tabs around a value", b"GET / HTTP/1.1\r\nHost: \t localhost \t \r\n\r\n"),
    ("empty value", fields("X:")),
    ("value of spaces", fields("X:   ")),
    ("8-bit octets in a value", fields("X: \x80\xff")),
    ("tab in a value", fields("X: a\tb")),
    ("colons in a value", fields("X: a:b: c")),
    ("every tchar in a name", fields("!#$%&'*+-.^_`|~09AZaz: x")),
    ("names in any case", b"GET / HTTP/1.1\r\nhOsT: localhost\r\ncOnNeCtIoN: Keep-Alive\r\n\r\n"),
    ("repeated fields", fields("X: a\r\nX: b")),
    ("length 0", fields("Content-Length: 0")),
    ("length with zeros before", fields("Content-Length: 0000")),
    ("host with port", host("Host: localhost:8080")),
    ("host with empty port", host("Host: localhost:")),
    ("host in upper case", host("Host: LOCALHOST")),
    ("IPv4 address", host("Host: 127.0.0.1:80")),
    ("IPv6 address", host("Host: [::1]:8080")),
    ("IPv6 address without port", host("Host: [fe80::1:2]")),
    ("host with underscore", host("Host: a_b.example.org")),
    ("absolute-form", line("GET http://localhost/ HTTP/1.1")),
    ("absolute-form without path", line("GET http://localhost HTTP/1.1")),
    ("absolute-form with query only", line("GET http://localhost?a=b HTTP/1.1")),
    ("absolute-form with scheme in upper case", line("GET HTTP://localhost/ HTTP/1.1")),
    ("absolute-form of https", line("GET https://localhost/ HTTP/1.1")),
    ("absolute-form with IPv6 address", line("GET http://[::1]:80/ HTTP/1.1")),
    ("8 kB of a cookie", fields("Cookie: " + "c" * 8000)),
    ("60 fields", fields("\r\n".join("X-%d: y" % n for n in range(60)))),
    ("query of 4 kB", line("GET /?" + "a" * 4000 + " HTTP/1.1")),
]

ACCEPTED_CODINGS = [
    ("nothing", "Transfer-Encoding: chunked", b"0\r\n\r\n", b""),
    ("mixed case", "tRANSFER-eNCODING: ChUnKeD", b"1\r\nx\r\n0\r\n\r\n", b"x"),
    ("zeros", "Transfer-Encoding: chunked", b"001\r\nx\r\n000\r\n\r\n", b"x"),
    ("digits in both cases", "Transfer-Encoding: chunked",
     b"a\r\n0123456789\r\nB\r\n0123456789A\r\n0\r\n\r\n", b"01234567890123456789A"),
    ("extensions", "Transfer-Encoding: chunked",
     b'1;a=b;c="d;e";f\r\nx\r\n1 ; a = b\r\ny\r\n0;g\r\n\r\n', b"xy"),
    ("trailers", "Transfer-Encoding: chunked",
     b"1\r\nx\r\n0\r\nX-T: y\r\nContent-Length: 5\r\nHost: z\r\n\r\n", b"x"),
    ("data that looks like its end", "Transfer-Encoding: chunked",
     b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"),
    ("spaces around the coding", "Transfer-Encoding: \t chunked \t", b"0\r\n\r\n", b""),
]


@pytest.mark.parametrize("octets", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
@pytest.mark.parametrize("slowly", [False, True], ids=["at once", "octet by octet"])
def test_accepted(server, octets, slowly):
    """Strict, but no stricter than the grammar: the same requests with nothing wrong in them."""
    with server.connect() as connection:
        if slowly:
            connection.send_slowly(octets)
            connection.send(FOLLOWING)
        else:
            connection.send(octets + FOLLOWING)
        response = connection.read()
        assert response is not None and response.status == 200
        assert response.content == CONTENT
        if not response.closes:
            assert connection.read().content == b"FOLLOWING\n"


@pytest.mark.parametrize("field,octets,content", [row[1:] for row in ACCEPTED_CODINGS],
                         ids=[row[0] for row in ACCEPTED_CODINGS])
@pytest.mark.parametrize("size", [1 << 20, 1], ids=["at once", "octet by octet"])
def test_accepted_chunks(server, field, octets, content, size):
    with server.connect() as connection:
        head = fields(field, "PUT /up/accepted HTTP/1.1")
        connection.send_slowly(head + octets + FOLLOWING, size)
        assert connection.read("PUT").status in (201, 204)
        assert connection.read().content == b"FOLLOWING\n"
    assert server.fetch("/up/accepted").content == content


SMUGGLING = [
    ("content of a GET by length", request("/", fields={"Content-Length": len(SMUGGLED)})
     + SMUGGLED),
    ("content of a GET by chunks",
     request("/", fields={"Transfer-Encoding": "chunked"}) + chunked(SMUGGLED, 7)),
    ("content of a HEAD", request("/", "HEAD", {"Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of a missing file", request("/missing", fields={"Content-Length": len(SMUGGLED)})
     + SMUGGLED),
    ("content of a 405", request("/", "DELETE", {"Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of a 405 by chunks",
     request("/", "POST", {"Transfer-Encoding": "chunked"}) + chunked(SMUGGLED)),
    ("content of a 501", request("/", "BREW", {"Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of an OPTIONS", request("/", "OPTIONS", {"Content-Length": len(SMUGGLED)})
     + SMUGGLED),
    ("content of a PUT that is refused", request("/", "PUT", {"Content-Length": len(SMUGGLED)})
     + SMUGGLED),
    ("content of a 412", request("/up/x", "PUT", {
        "If-Match": '"x"', "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of a 417", request("/up/x", "PUT", {
        "Expect": "x", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of a 413", request("/up/x", "PUT", {"Content-Length": 10**7}) + SMUGGLED),
    ("content of a redirect", request("/up", fields={"Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of a 304", request("/", fields={
        "If-None-Match": "*", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("content of HTTP/1.0", request("/", version="1.0", fields={
        "Connection": "keep-alive", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("length twice", request("/", fields=[
        ("Content-Length", len(SMUGGLED)), ("Content-Length", len(SMUGGLED))]) + SMUGGLED),
    ("length as a list", request("/", fields={
        "Content-Length": "%d, %d" % (len(SMUGGLED), len(SMUGGLED))}) + SMUGGLED),
    ("trailer with a length", request("/", fields={"Transfer-Encoding": "chunked"})
     + b"0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)),
    ("expected content of a GET", request("/", fields={
        "Expect": "100-continue", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("expected content of a HEAD", request("/", "HEAD", {
        "Expect": "100-continue", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("expected content of a 405", request("/", "PUT", {
        "Expect": "100-continue", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("expected content of a 412", request("/up/x", "PUT", {
        "Expect": "100-continue", "If-Match": "*", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("expected content by chunks of a 405", request("/", "POST", {
        "Expect": "100-continue", "Transfer-Encoding": "chunked"}) + chunked(SMUGGLED, 9)),
    ("odd expectation", request("/", fields={
        "Expect": "y 100-continue", "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("Connection names the length", request("/", fields=[
        ("Connection", "Content-Length"), ("Content-Length", len(SMUGGLED))]) + SMUGGLED),
    ("Upgrade to h2c", request("/", fields={
        "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk",
        "Content-Length": len(SMUGGLED)}) + SMUGGLED),
    ("names near the length's", request("/", fields=[
        ("Content_Length", 0), ("Content-Length", len(SMUGGLED)), ("XContent-Length", 0)])
     + SMUGGLED),
]


@pytest.mark.parametrize("octets", [row[1] for row in SMUGGLING], ids=[row[0] for row in SMUGGLING])
@pytest.mark.parametrize("size", [1 << 20, 1], ids=["at once", "octet by octet"])
def test_content_is_never_a_request(server, octets, size):
    with server.connect() as connection:
        connection.send_slowly(octets + FOLLOWING, size)
        connection.half_close()
        everything = connection.rest(3)
        assert connection.ending
        assert b"SMUGGLED" not in everything
        assert everything.startswith(b"HTTP/1.1 ")


def test_an_error_page_repeats_nothing_that_runs(server):
    for octets in (
        line("GET /<script>alert(1)</script>%zz HTTP/1.1"), line("<script> / HTTP/1.1"),
        line("SCRIPT /<script>x</script> HTTP/1.1"), host("Host: <script>x</script>"),
        fields("<script>: x"), line("GET /%3Cscript%3Ex%3C/script%3E%00 HTTP/1.1"),
    ):
        for accept in (b"", b"Accept: text/html\r\n"):
            with server.connect() as connection:
                response = connection.ask(octets[:-2] + accept + b"\r\n")
                assert response.status >= 400
                assert b"<script" not in response.content.lower()


@pytest.mark.parametrize("octets", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    b"\x00\x00\x00\x2c\x00\x03\x00\x00user\x00x\x00",
    b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"EHLO example.org\r\n", b"\x80\x2e\x01\x00\x02" * 9,
    b"\xff" * 1000, bytes(1000), b"\r\n\r\n\r\n\r\nGARBAGE\r\n\r\n", b"<policy-file-request/>\0",
    b"*1\r\n$4\r\nPING\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + request("/"),
    b"\r\n\r\n\0\r\nQUIT\n!\x11\x02" + bytes(20),
], ids=["TLS", "HTTP2", "PostgreSQL", "SSH", "SMTP", "SSL2", "ones", "zeros", "garbage", "Flash",
        "Redis", "PROXY", "PROXY v2"])
def test_another_protocol(server, octets):
    with server.connect() as connection:
        connection.send(octets)
        response = connection.read()
        assert response is not None, "no response: %s" % connection.ending
        assert response.status in (400, 505) and response.closes
        assert connection.ended()
