"""HTTP/1.1 messages and connections (RFC 9112): framing at every split, persistence, endings.

The tables of requests that are refused or accepted are those of test_refusals.py; here each is sent
in two pieces, divided at every octet.
"""

import time

import pytest

import test_refusals
from daemon import until
from httpwire import chunked, request
from test_refusals import FOLLOWING

HELLO = b"Hello, world!\n"
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
LONGEST = 170  # octets of a case that is divided everywhere


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        server={"HeaderTimeoutSec": "1s", "IdleTimeoutSec": "10s", "MinimumRate": "1K"},
        site={"UploadDurability": "none", "UploadMaxSize": "64M"},
        paths={"/up/": {"Upload": "yes"}, "/small/": {"Upload": "yes", "UploadMaxSize": "1K"},
               "/del/": {"Delete": "yes"}, "/list/": {"Listing": "yes", "Fallback": "none"}})
    daemon.put_file("index.html", test_refusals.CONTENT)
    daemon.put_file("hello.txt", HELLO, MODIFIED)
    daemon.put_file("mib.bin", b"m" * (1 << 20), MODIFIED)
    daemon.put_file("following.txt", b"FOLLOWING\n")
    daemon.put_file("list/a.txt", HELLO, MODIFIED)
    for name in ("up", "small", "del"):
        daemon.put_directory(name)
    yield daemon
    assert daemon.is_running()


# Framing (§2.2, §3, §5, §6, §7).

def divided(server, octets):
    """A connection for each octet at which the message is divided, with both pieces sent."""
    connections = [server.connect() for _ in range(1, len(octets))]
    for at, connection in enumerate(connections, 1):
        connection.send(octets[:at])
    time.sleep(0.01)
    for at, connection in enumerate(connections, 1):
        connection.send(octets[at:])
    return connections


def short(rows):
    """The rows of a table of requests that are short enough, as parameters."""
    rows = [row for row in rows if len(row[1]) <= LONGEST]
    return pytest.mark.parametrize("row", rows, ids=[row[0] for row in rows])


@short(test_refusals.REQUEST_LINES + test_refusals.FIELD_LINES + test_refusals.HOSTS
       + test_refusals.LENGTHS + test_refusals.CODINGS)
def test_refused_at_every_split(server, row):
    _, octets, statuses = row
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    for connection in divided(server, octets + FOLLOWING[:2]):
        with connection:
            response = connection.read()
            assert response is not None and response.status in statuses
            assert response.closes and response.content
            assert connection.ended()


@short(test_refusals.CHUNKS)
def test_refused_chunks_at_every_split(server, row):
    _, octets, statuses = row
    head = b"PUT /up/split HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    for connection in divided(server, head + octets + FOLLOWING):
        with connection:
            response = connection.read()
            assert response is not None and response.status in statuses
            if response.status >= 400:
                assert response.closes and connection.ended()
    assert server.fetch("/up/split").status == 404


@short(test_refusals.ACCEPTED)
def test_accepted_at_every_split(server, row):
    for connection in divided(server, row[1] + FOLLOWING):
        with connection:
            response = connection.read()
            assert response.status == 200 and response.content == test_refusals.CONTENT
            if not response.closes:
                assert connection.read().content == b"FOLLOWING\n"


@short([(name, test_refusals.fields(field, "PUT /up/s HTTP/1.1") + octets, content)
        for name, field, octets, content in test_refusals.ACCEPTED_CODINGS])
def test_accepted_chunks_at_every_split(server, row):
    for connection in divided(server, row[1] + FOLLOWING):
        with connection:
            assert connection.read("PUT").status in (201, 204)
            assert connection.read().content == b"FOLLOWING\n"
    assert server.read_file("up/s") == row[2]


@pytest.mark.parametrize("requests", [
    [request("/hello.txt"), request("/missing")],
    [request("/hello.txt", "HEAD"), request("/hello.txt", fields={"Range": "bytes=0-1,5-6"})],
    [request("/up/split", "PUT", content=b"12345"), request("/up/split")],
    [request("/up/split", "PUT", {"Transfer-Encoding": "chunked"}) + chunked(b"1234567", 3),
     request("/up/split")],
    [request("/hello.txt", "POST", content=b"GET / HTTP/1.1\r\n\r\n"), request("/hello.txt")],
    [request("/", "OPTIONS", {"Transfer-Encoding": "chunked"}) + chunked(b"abc", 1),
     request("/hello.txt")],
    [request("*", "OPTIONS"), request("/hello.txt", fields={"If-None-Match": "*"})],
    [request("/hello.txt", "DELETE", content=b"x"), request("/hello.txt", "BREW")],
], ids=range(8))
def test_answers_do_not_depend_on_the_split(server, requests):
    def answers(connection):
        with connection:
            methods = [octets.partition(b" ")[0].decode() for octets in requests]
            responses = [connection.read(method) for method in methods]
            assert None not in responses, connection.ending
            return [(200 if response.status == 201 else response.status,
                     response.get("content-length"),
                     response.get("content-type", "").partition("boundary")[0],
                     len(response.content)) for response in responses]
    octets = b"".join(requests)
    server.put_file("up/split", b"54321")
    whole = server.connect()
    whole.send(octets)
    expected = answers(whole)
    for connection in divided(server, octets):
        assert answers(connection) == expected


# Persistence (§9.3).

PERSISTENCE = [
    ("1.1", [], True), ("1.1", ["close"], False), ("1.1", ["keep-alive"], True),
    ("1.1", ["keep-alive, close"], False), ("1.1", ["x", "Close"], False), ("1.1", ["x"], True),
    ("1.0", [], False), ("1.0", ["close"], False), ("1.0", ["keep-alive"], True),
    ("1.0", ["Keep-Alive"], True), ("1.0", ["KEEP-ALIVE , x"], True),
    ("1.0", ["x", "keep-alive"], True), ("1.0", ["keep-alive, close"], False),
    ("1.0", ["x"], False), ("1.0", ["keep-alivex"], False),
]


@pytest.mark.parametrize("version,options,persists", PERSISTENCE, ids=lambda value: str(value))
@pytest.mark.parametrize("target,method,fields,status", [
    ("/hello.txt", "GET", {}, 200), ("/mib.bin", "GET", {}, 200), ("/hello.txt", "HEAD", {}, 200),
    ("/up", "GET", {}, 301), ("/missing", "GET", {}, 404), ("/up/", "OPTIONS", {}, 204),
    ("/hello.txt", "GET", {"If-None-Match": "*"}, 304), ("/hello.txt", "BREW", {}, 501),
    ("/hello.txt", "GET", {"Range": "bytes=1-2"}, 206), ("/hello.txt", "POST", {}, 405),
    ("/hello.txt", "GET", {"Range": "bytes=1-2,5-6"}, 206), ("/%", "GET", {}, 400),
    ("/hello.txt", "GET", {"Range": "bytes=99-"}, 416),
    ("/hello.txt", "GET", {"Accept-Encoding": "*;q=0"}, 406),
], ids=lambda value: str(value))
def test_persistence(server, version, options, persists, target, method, fields, status):
    with server.connect() as connection:
        lines = list(fields.items()) + [("Connection", option) for option in options]
        octets = request(target, method, lines, version=version)
        response = connection.ask(octets, method, version=version)
        assert response.status == status and response.framing != "close"
        if not persists:
            if version == "1.1":
                assert response.closes, "§9.6"
            assert "keep-alive" not in response.tokens("connection")
            assert connection.ended()
            return
        assert not response.closes
        assert version == "1.1" or "keep-alive" in response.tokens("connection")
        assert connection.ask(request("/hello.txt")).content == HELLO


@pytest.mark.parametrize("fields", [{}, {"Connection": "keep-alive"}], ids=str)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_peer_of_http_1_0_gets_no_chunks(server, fields, accept):
    # §6.1; a listing is streamed. The wire parser refuses a transfer coding here.
    with server.connect() as connection:
        response = connection.ask(
            request("/list/", fields={**fields, "Accept": accept}, version="1.0"), version="1.0")
        assert response.status == 200 and b"a.txt" in response.content
        if response.framing == "close":
            assert "keep-alive" not in response.tokens("connection")


# What each response has (RFC 9110 §6.6.1, §10.2.4).

STATUSES = [
    ("GET /hello.txt", {}, 200), ("OPTIONS /hello.txt", {}, 204), ("GET /up", {}, 301),
    ("GET /hello.txt", {"Range": "bytes=0-0"}, 206), ("GET /%", {}, 400), ("GET /missing", {}, 404),
    ("GET /hello.txt", {"Range": "bytes=0-0,2-2"}, 206), ("POST /hello.txt", {}, 405),
    ("GET /hello.txt", {"If-None-Match": "*"}, 304), ("PUT /up/a/b", {"Content-Length": 0}, 409),
    ("GET /hello.txt", {"Accept-Encoding": "*;q=0"}, 406), ("PUT /up/a", {}, 411),
    ("GET /hello.txt", {"If-Match": '"a"'}, 412), ("GET /hello.txt", {"Expect": "x"}, 417),
    ("PUT /small/a", {"Content-Length": 5000}, 413), ("GET /" + "a" * 9000, {}, 414),
    ("GET /hello.txt", {"Range": "bytes=99-"}, 416), ("GET /", {"X": "y" * 40_000}, 431),
    ("BREW /", {}, 501), ("GET /list/", {}, 200), ("GET /", {"Host": "b"}, 400),
    ("GET /", {"Transfer-Encoding": "gzip"}, (400, 501)),
]


@pytest.mark.parametrize("line,fields,status", STATUSES, ids=lambda value: str(value)[:40])
def test_every_response_has_a_date(server, line, fields, status):
    # The wire parser looks at the Date of each.
    method, target = line.split()
    response = server.fetch(target, method, fields)
    if status == 411:  # without a length there is no content (§6.3)
        assert response.status in (201, 204, 411)
    else:
        assert response.status in (status if isinstance(status, tuple) else (status,))
    assert response.get("date") and response.get("server") == "httpd-swift"
    if response.status >= 400:
        assert response.get("content-length") and response.get("content-type")


def test_server_can_be_left_out(start_daemon):
    daemon = start_daemon(server={"ServerField": "no", "HeaderTimeoutSec": "1s"},
                          site={"Listing": "yes"}, paths={"/up/": {"Upload": "yes"}})
    daemon.put_file("hello.txt", HELLO, MODIFIED)
    daemon.put_directory("up")
    for line, fields, _ in STATUSES:
        method, target = line.split()
        response = daemon.fetch(target, method, fields)
        assert response.get("server") is None and response.get("date"), line
    for octets in (b"G", b"\0\r\n\r\n"):
        with daemon.connect() as connection:
            response = connection.ask(octets)
            assert response.get("server") is None and response.get("date")
    for version in ("1.0", "1.1"):
        assert daemon.fetch("/hello.txt", version=version).get("server") is None
    assert daemon.fetch("/up/a", "PUT", content=HELLO).get("server") is None
    assert daemon.control("/v1/status").get("server") is None


# Endings (§9.6; RFC 9110 §15.5.9, §15.5.14, §15.5.15, RFC 6585 §5).

@pytest.mark.parametrize("octets,status", [
    (b"GET /hello.txt HTT", 408), (b"G", 408), (request("/hello.txt")[:-2], 408),
    (b"GET /hello.txt HTTP/1.1\r\nHost: loc", 408),
    (request("/up/x", "PUT", {"Content-Length": 100}) + b"some", 408),
    (request("/up/x", "PUT", {"Transfer-Encoding": "chunked"}) + b"5\r\nab", 408),
    (request("/small/x", "PUT", {"Content-Length": 1 << 20}), 413),
    (request("/small/x", "PUT", {"Transfer-Encoding": "chunked"}) + chunked(bytes(5000)), 413),
    (request("/up/x", "PUT", {"Content-Length": 10**18}), 413),
    (b"GET /" + b"a" * 9000, 414), (request("/?" + "a" * 9000), 414),
    (request("/", fields={"X": "y" * 40_000}), 431),
    (request("/", fields=[("X", "y")] * 200), 431),
], ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else None)
def test_state_after(server, octets, status):
    with server.connect(timeout=8) as connection:
        connection.send(octets)
        response = connection.read()
        assert response is not None and response.status == status, connection.ending
        assert response.content
        if status == 413 and not response.closes:  # where all of it was read or is to be skipped
            pytest.fail("after 413 the connection goes on with content unread")
        assert response.closes and connection.ended(4)


def test_state_after_503(start_daemon):
    daemon = start_daemon(server={"MaxConnections": "2", "Workers": "1"})
    daemon.put_file("hello.txt", HELLO)
    served = [daemon.connect() for _ in range(2)]
    for connection in served:
        assert connection.ask(request("/hello.txt")).content == HELLO
    with daemon.connect(timeout=6) as connection:
        response = connection.ask(request("/hello.txt"))
        assert response.status == 503 and int(response.get("retry-after")) > 0
        assert response.closes and connection.ended()
    for connection in served:
        connection.close()
    assert until(lambda: daemon.fetch("/hello.txt").status == 200)


def test_an_idle_connection_ends_in_silence(start_daemon):
    # §9.5: without a request begun there is nothing to answer.
    daemon = start_daemon(server={"IdleTimeoutSec": "1s"})
    daemon.put_file("hello.txt", HELLO)
    with daemon.connect() as connection:
        assert connection.ask(request("/hello.txt")).content == HELLO
        assert connection.ended(4)


class TestDraining:
    """Content that nobody wants is read up to a bound, then the connection ends (§9.3)."""

    REFUSED = [("/hello.txt", "POST", {}), ("/hello.txt", "PUT", {}), ("/hello.txt", "BREW", {}),
               ("/up/x", "PUT", {"If-Match": '"a"'}), ("/up/a/b", "PUT", {}),
               ("/del/missing", "DELETE", {}), ("/hello.txt", "OPTIONS", {})]

    @pytest.mark.parametrize("target,method,fields", REFUSED, ids=str)
    @pytest.mark.parametrize("size", [1, 1000, 30_000])
    def test_a_little_is_skipped(self, server, target, method, fields, size):
        for form in ("length", "chunks"):
            content = bytes(size)
            with server.connect() as connection:
                if form == "length":
                    connection.send(request(target, method, fields, content))
                else:
                    connection.send(request(
                        target, method, {**fields, "Transfer-Encoding": "chunked"})
                        + chunked(content))
                response = connection.read(method)
                assert response is not None and not response.closes
                assert connection.ask(request("/hello.txt")).content == HELLO

    @pytest.mark.parametrize("target,method,fields", REFUSED, ids=str)
    @pytest.mark.parametrize("form", ["length", "chunks"])
    def test_much_is_not(self, server, target, method, fields, form):
        with server.connect(timeout=3) as connection:
            framing = {"Content-Length": 1 << 30} if form == "length" else \
                {"Transfer-Encoding": "chunked"}
            connection.send(request(target, method, {**fields, **framing}))
            # A peer that does not wait: how much of it is taken?
            sent, piece = 0, b"10000\r\n" + bytes(65536) + b"\r\n"
            end = time.monotonic() + 5
            while not connection.send_failed and sent < 64 << 20 and time.monotonic() < end:
                connection.socket.settimeout(3)
                try:
                    connection.socket.sendall(piece)
                except OSError:
                    break
                sent += len(piece)
            assert sent < 32 << 20, "all of it was taken"
        assert server.fetch("/hello.txt").content == HELLO

    def test_the_answer_comes_before_the_content(self, server):
        with server.connect() as connection:
            connection.send(request("/hello.txt", "POST", {"Content-Length": 50_000}))
            response = connection.read()
            assert response is not None and response.status == 405
            connection.send(bytes(50_000))
            if not response.closes:
                assert connection.ask(request("/hello.txt")).content == HELLO


class TestExpect:
    """100 (Continue) exactly when the content will be read (RFC 9110 §10.1.1)."""

    FIELDS = {"Expect": "100-continue", "Content-Length": 5}

    def test_continue_comes_before_the_content(self, server):
        for value in ("100-continue", "100-Continue", "100-CONTINUE"):
            with server.connect() as connection:
                connection.send(request("/up/expect", "PUT", {**self.FIELDS, "Expect": value}))
                assert connection.read("PUT", interim=True).status == 100
                assert connection.rest(0.05) == b"", "one 100, and no answer yet"
                connection.send(b"12345")
                assert connection.read("PUT").status in (201, 204)
                assert connection.ask(request("/up/expect")).content == b"12345"

    def test_with_chunks(self, server):
        with server.connect() as connection:
            fields = {"Expect": "100-continue", "Transfer-Encoding": "chunked"}
            connection.send(request("/up/expect", "PUT", fields))
            assert connection.read("PUT", interim=True).status == 100
            connection.send(chunked(b"12345", 2))
            assert connection.read("PUT").status in (201, 204)

    def test_content_that_came_along_needs_none(self, server):
        with server.connect() as connection:
            response = connection.ask(request("/up/expect", "PUT", self.FIELDS) + b"12345", "PUT")
            assert response.status in (201, 204) and response.interim in ([], [100])
            assert connection.ask(request("/hello.txt")).interim == []

    @pytest.mark.parametrize("target,method,fields,status", [
        ("/hello.txt", "PUT", {}, 405), ("/hello.txt", "POST", {}, 405),
        ("/up/expect-missing/x", "PUT", {}, 409), ("/up/", "PUT", {}, None),
        ("/up/new", "PUT", {"If-Match": "*"}, 412), ("/up/new", "PUT", {"Expect": "x"}, 417),
        ("/up/new", "PUT", {"Content-Length": 10**15}, 413),
        ("/up/new", "PUT", {"Content-Range": "bytes 0-4/5"}, 400),
        ("/up/.hidden", "PUT", {}, None), ("/up/new", "PUT", {"Host": None}, None),
        ("/up/new", "BREW", {}, 501), ("/up/new", "DELETE", {}, 405),
        ("/up/new", "PUT", {"If-Unmodified-Since": "x", "If-Match": '"a"'}, 412),
        ("/up/%", "PUT", {}, 400), ("/missing", "POST", {}, 405),
    ])
    def test_no_continue_for_what_is_refused(self, server, target, method, fields, status):
        fields = {**self.FIELDS, **fields}
        options = {"host": "example.org"} if fields.pop("Host", "") is None else {}
        with server.connect() as connection:
            response = connection.ask(request(target, method, fields, **options), method)
            assert response is not None and response.interim == []
            assert response.status == status if status else 400 <= response.status < 500
            if not response.closes:
                # The peer may send what it announced; it is discarded then.
                connection.send(b"GET /")
                assert connection.ask(request("/hello.txt")).content == HELLO

    def test_a_peer_of_http_1_0_gets_no_100(self, server):
        # RFC 9110 §10.1.1
        with server.connect() as connection:
            connection.send(request("/up/expect", "PUT", self.FIELDS, version="1.0"))
            assert connection.rest(0.2) == b""
            connection.send(b"12345")
            response = connection.read("PUT", version="1.0")
            assert response.status in (201, 204) and response.interim == []

    @pytest.mark.parametrize("value", ["x", "200-ok", "100-continue, x", "x, 100-continue", "100",
                                       "100-continue;a=b", "100-continuex", "1OO-continue"])
    def test_unknown_expectation(self, server, value):
        for method in ("PUT", "GET"):
            response = server.fetch("/up/expect", method, {"Expect": value})
            assert response.status == 417 and response.interim == []

    def test_order_behind_a_response_that_is_under_way(self, server):
        with server.connect() as connection:
            connection.send(request("/mib.bin") + request("/up/expect", "PUT", self.FIELDS))
            assert len(connection.read().content) == 1 << 20
            assert connection.read("PUT", interim=True).status == 100
            connection.send(b"12345")
            assert connection.read("PUT").status in (201, 204)

    def test_without_content(self, server):
        for fields in ({"Expect": "100-continue"}, {"Expect": "100-continue", "Content-Length": 0}):
            with server.connect() as connection:
                response = connection.ask(request("/hello.txt", fields=fields))
                assert (response.status, response.content) == (200, HELLO)

    @pytest.mark.parametrize("target,method,status", [
        ("/hello.txt", "OPTIONS", 204), ("*", "OPTIONS", 204), ("/del/x", "DELETE", 204),
        ("/del/missing", "DELETE", 404), ("/hello.txt", "PATCH", 405)])
    def test_content_that_is_not_used_is_not_asked_for(self, server, target, method, status):
        server.put_file("del/x", HELLO)
        with server.connect() as connection:
            response = connection.ask(request(target, method, self.FIELDS), method)
            assert response.status == status and response.interim == []
            if not response.closes:
                connection.send(b"GET /")
                assert connection.ask(request("/hello.txt")).content == HELLO
