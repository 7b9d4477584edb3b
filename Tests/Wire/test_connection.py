"""Connections (RFC 9112 §9): persistence, pipelining, methods, expectations, and limits."""

import os
import socket
import struct
import threading
import time

import pytest

from daemon import SLOW_READS, injecting, until
from httpwire import Connection, chunked, request

HELLO = b"Hello, world!\n"
KIB = b"k" * 1024


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(paths={"/up/": {"Upload": "yes"}}, site={"UploadDurability": "none"})
    daemon.put_file("index.html", b"<p>index\n")
    daemon.put_file("hello.txt", HELLO, 784111777)
    daemon.put_file("kib.bin", KIB)
    daemon.put_file("mib.bin", b"m" * (1 << 20))
    daemon.put_directory("up")
    os.truncate(daemon.put_file("large.bin"), 200 << 20)
    return daemon


class TestPersistence:
    def test_many_requests(self, server):
        with server.connect() as connection:
            for _ in range(1000):
                response = connection.ask(request("/hello.txt"))
                assert response.content == HELLO and not response.closes

    @pytest.mark.parametrize("target,method,fields,status", [
        ("/missing", "GET", {}, 404), ("/hello.txt", "POST", {"Content-Length": 0}, 405),
        ("/hello.txt", "GET", {"If-Match": '"x"'}, 412),
        ("/hello.txt", "GET", {"Range": "bytes=99-"}, 416),
        ("/hello.txt", "GET", {"If-None-Match": "*"}, 304), ("/hello.txt", "OPTIONS", {}, None),
    ])
    def test_goes_on_behind_what_is_no_framing_fault(self, server, target, method, fields, status):
        with server.connect() as connection:
            response = connection.ask(request(target, method, fields), method)
            assert status in (None, response.status) and not response.closes
            assert connection.ask(request("/hello.txt")).content == HELLO

    @pytest.mark.parametrize("lines", [
        ["close"], ["Close"], ["CLOSE"], ["close, x"], ["x,close"], ["x , close ,y"],
        ["keep-alive, close"], ["close, keep-alive"], ["keep-alive", "close"], [",close"],
        ["close", "keep-alive"],
    ], ids=lambda lines: " | ".join(lines))
    def test_close_by_request(self, server, lines):
        with server.connect() as connection:
            fields = [("Connection", value) for value in lines]
            connection.send(request("/hello.txt", fields=fields) + request("/hello.txt"))
            response = connection.read()
            assert response.content == HELLO
            assert response.closes, "RFC 9112 §9.6"
            assert connection.ended()

    def test_close_by_request_is_prompt(self, server):
        def open_count():
            return server.status()["connections"]["open"]
        assert until(lambda: open_count() == 0)
        for target, size in (("/hello.txt", len(HELLO)), ("/mib.bin", 1 << 20), ("/missing", 9)):
            with server.connect() as connection:
                connection.send(request(target, fields={"Connection": "close"}))
                assert len(connection.read().content) == size
                assert connection.ended(0.5)
                # The daemon does not wait for a peer that has no more to say.
                assert until(lambda: open_count() == 0, 0.5), target

    def test_close_by_request_of_a_peer_that_reads_slowly(self, server):
        with server.connect(receive_buffer=16384) as connection:
            connection.send(request("/mib.bin", fields={"Connection": "close"}))
            connection.socket.settimeout(5)
            while True:
                time.sleep(0.01)
                octets = connection.socket.recv(30_000)
                if not octets:
                    break
                connection.received += octets
            assert connection.read().content == b"m" * (1 << 20)

    @pytest.mark.parametrize("value", ["keep-alive", "closed", "xclose", "close-x", "x", ""])
    def test_other_options_do_not_close(self, server, value):
        with server.connect() as connection:
            for _ in range(2):
                response = connection.ask(request("/hello.txt", fields={"Connection": value}))
                assert response.content == HELLO and not response.closes

    def test_http_1_0_persists_by_request(self, server):
        with server.connect() as connection:
            octets = request("/hello.txt", version="1.0", fields={"Connection": "Keep-Alive"})
            for _ in range(3):
                response = connection.ask(octets, version="1.0")
                assert response.content == HELLO
                assert "keep-alive" in response.tokens("connection")
                assert response.framing == "length"
            response = connection.ask(request("/hello.txt", version="1.0"), version="1.0")
            assert response.content == HELLO and connection.ended()

    def test_http_1_0_without_host(self, server):
        with server.connect() as connection:
            octets = request("/hello.txt", version="1.0", host=None)
            assert connection.ask(octets, version="1.0").content == HELLO

    def test_the_status_line_is_of_http_1_1(self, server):
        with server.connect() as connection:
            connection.send(request("/hello.txt", version="1.0"))
            assert connection.rest(2).startswith(b"HTTP/1.1 200 "), "RFC 9110 §2.5"


class TestPipelining:
    def test_100_in_one_write(self, server):
        with server.connect() as connection:
            targets = ["/hello.txt", "/kib.bin", "/missing", "/mib.bin"] * 25
            connection.send(b"".join(request(target) for target in targets))
            expected = {"/hello.txt": (200, HELLO), "/kib.bin": (200, KIB),
                        "/missing": (404, b"<p>index\n"), "/mib.bin": (200, b"m" * (1 << 20))}
            for target in targets:
                response = connection.read()
                assert (response.status, response.content) == expected[target]

    def test_methods_mixed(self, server):
        steps = [
            ("GET", request("/hello.txt"), 200), ("HEAD", request("/mib.bin", "HEAD"), 200),
            ("PUT", request("/up/mixed", "PUT", content=b"one"), 201),
            ("GET", request("/up/mixed"), 200),
            ("PUT", request("/up/mixed", "PUT", {"Transfer-Encoding": "chunked"})
             + chunked(b"three", 2), 204),
            ("GET", request("/up/mixed"), 200), ("DELETE", request("/", "DELETE"), 405),
            ("OPTIONS", request("/", "OPTIONS"), None),
            ("GET", request("/hello.txt", fields={"If-None-Match": "*"}), 304),
            ("GET", request("/hello.txt", fields={"Range": "bytes=0-4"}), 206),
            ("POST", request("/hello.txt", "POST", content=b"x" * 3000), 405),
        ]
        octets = b"".join(step[1] for step in steps)
        for size in (len(octets), 700, 13):
            with server.connect() as connection:
                connection.send_slowly(octets, size)
                seen = []
                for method, _, status in steps:
                    response = connection.read(method)
                    assert response is not None
                    assert status in (None, response.status) or (status, response.status) == \
                        (201, 204)
                    seen.append(response.content)
                    if response.closes:
                        break
                assert seen[3] == b"one" and seen[5] == b"three"
            os.unlink(server.path("up/mixed"))

    def test_a_request_behind_a_put_waits_for_it(self, server):
        with server.connect() as connection:
            for number in range(100):
                content = b"number %d" % number
                connection.send(
                    request("/up/behind", "PUT", content=content) + request("/up/behind"))
                assert connection.read("PUT").status in (201, 204)
                assert connection.read().content == content

    def test_no_response_waits_for_an_acknowledgement(self, server):
        # Nagle's algorithm and delayed acknowledgements together cost 40 ms a response.
        began = time.monotonic()
        with server.connect() as connection:
            for _ in range(50):
                connection.send(
                    request("/up/prompt", "PUT", content=b"x") + request("/up/prompt"))
                assert connection.read("PUT").status in (201, 204)
                assert connection.read().content == b"x"
        assert time.monotonic() - began < 1

    def test_files_from_a_slow_disk(self, start_daemon):
        daemon = start_daemon(server={"Workers": "1"}, wrapper=injecting(*SLOW_READS))
        large = b"0123456789abcdef" * 20_000
        daemon.put_file("large.bin", large)
        for name in ("one.txt", "two.txt"):
            daemon.put_file(name, name.encode(), 784111777)
        expected = [large, b"one.txt", b"two.txt"]
        with daemon.connect(timeout=10) as connection:
            connection.send(request("/large.bin"))
            time.sleep(0.1)
            connection.send(request("/one.txt") + request("/two.txt"))
            assert [connection.read().content for _ in expected] == expected
        for name in ("one.txt", "two.txt"):
            assert daemon.fetch("/" + name).content == name.encode(), "kept under another name"

    def test_a_peer_that_does_not_read_is_not_read_from(self, server):
        count = 8_000
        octets = request("/kib.bin", fields={"Cookie": "c" * 5000}) * count
        with server.connect(timeout=20, receive_buffer=4096) as connection:
            descriptor = connection.socket.dup()
            descriptor.settimeout(30)
            writer = threading.Thread(target=descriptor.sendall, args=(octets,))
            writer.start()
            writer.join(1)
            assert writer.is_alive(), "40 MB of requests were taken in without a response read"
            assert memory(server.pid) < 128 << 20
            for _ in range(count):
                response = connection.read()
                assert response is not None and response.content == KIB
            writer.join()
            descriptor.close()

    def test_large_responses_to_a_peer_that_reads_slowly_at_first(self, server):
        with server.connect(receive_buffer=4096, timeout=20) as connection:
            connection.send(request("/mib.bin") * 20 + request("/hello.txt"))
            time.sleep(0.3)
            for _ in range(20):
                assert connection.read().content == b"m" * (1 << 20)
            assert connection.read().content == HELLO


def memory(pid):
    """The resident memory of a process in octets."""
    with open("/proc/%d/statm" % pid) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class TestPieces:
    OCTETS = {
        "GET": request("/hello.txt", fields={"Accept": "*/*", "X-Y": "z", "Cookie": "a=b"}),
        "PUT by length": request("/up/pieces", "PUT", content=b"0123456789\r\n\r\nGET / HTTP/1.1"),
        "PUT by chunks": request("/up/pieces", "PUT", {"Transfer-Encoding": "chunked"})
        + b'3;a="b"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-T: y\r\n\r\n',
        "empty line, GET": b"\r\n" + request("/hello.txt"),
        "GET, GET": request("/hello.txt") + request("/hello.txt"),
        "absolute-form": request("http://localhost/hello.txt"),
    }

    @pytest.mark.parametrize("name", OCTETS)
    def test_split_at_every_octet(self, server, name):
        octets = self.OCTETS[name]
        method = octets.split()[0].decode()
        with server.connect() as connection:
            for at in range(1, len(octets)):
                connection.send(octets[:at])
                time.sleep(0.001)
                connection.send(octets[at:])
                for _ in range(name.count("GET") or 1):
                    response = connection.read(method)
                    assert response is not None and response.status in (200, 201, 204), at
                    assert method == "PUT" or response.content == HELLO

    @pytest.mark.parametrize("name", OCTETS)
    def test_octet_by_octet(self, server, name):
        octets = self.OCTETS[name]
        method = octets.split()[0].decode()
        with server.connect() as connection:
            connection.send_slowly(octets, 1, 0.0005)
            response = connection.read(method)
            assert response is not None and response.status in (200, 201, 204)

    def test_three_pieces(self, server):
        octets = self.OCTETS["PUT by chunks"] + request("/up/pieces")
        with server.connect() as connection:
            for first in range(1, len(octets), 7):
                for second in range(first + 1, len(octets), 23):
                    for piece in (octets[:first], octets[first:second], octets[second:]):
                        connection.send(piece)
                    assert connection.read("PUT").status in (201, 204)
                    assert connection.read().content == b"abc0123456789"


class TestHalfClose:
    @pytest.mark.parametrize("target", ["/hello.txt", "/mib.bin"])
    def test_responses_come_whole(self, server, target):
        with server.connect() as connection:
            connection.send(request(target) + request(target))
            connection.half_close()
            for _ in range(2):
                response = connection.read()
                assert response is not None and response.status == 200
            assert connection.ended()

    def test_of_a_large_download(self, server):
        with server.connect(timeout=20) as connection:
            connection.send(request("/large.bin"))
            connection.half_close()
            assert len(connection.read().content) == 200 << 20
            assert connection.ended()

    @pytest.mark.parametrize("octets", [
        b"", b"GET", b"GET / HTTP/1.1\r\nHost: loc", b"\r\n",
        request("/up/half", "PUT", {"Content-Length": 10}) + b"12345",
        request("/up/half", "PUT", {"Transfer-Encoding": "chunked"}) + b"5\r\n12345\r\n",
        request("/up/half", "PUT", {"Transfer-Encoding": "chunked"}) + b"5\r\n12345\r\n0\r\n",
    ])
    def test_in_the_middle_of_a_request(self, server, octets):
        with server.connect() as connection:
            connection.send(octets)
            connection.half_close()
            rest = connection.rest(3)
            assert connection.ending, "an end in the middle must end the connection"
            assert rest == b"" or rest.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))
        assert server.fetch("/up/half").status == 404


def vanish(connection):
    """End the connection with a reset."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class TestPeersThatVanish:
    @pytest.mark.parametrize("octets", [
        b"", b"GET / HT", request("/hello.txt"), request("/large.bin"), request("/mib.bin") * 50,
        request("/up/vanish", "PUT", {"Content-Length": 10**6}) + bytes(1000),
        request("/up/vanish", "PUT", {"Transfer-Encoding": "chunked"}) + b"5\r\n123",
        request("/large.bin", fields={"Range": "bytes=5-"}), b"\x16\x03\x01",
    ])
    @pytest.mark.parametrize("how", ["reset", "end"])
    def test_leave_nothing_open(self, server, octets, how):
        server.fetch("/hello.txt")
        before = len(server.descriptors())
        connections = [server.connect() for _ in range(20)]
        for connection in connections:
            connection.send(octets)
        time.sleep(0.02)
        for connection in connections:
            vanish(connection) if how == "reset" else connection.close()
        assert server.fetch("/hello.txt").content == HELLO
        assert until(lambda: len(server.descriptors()) <= before + 1), "descriptors leak"
        assert server.fetch("/up/vanish").status == 404
        assert not any("vanish" in name or name.startswith(".")
                       for name in os.listdir(server.path("up")))


class TestManyPeers:
    def test_200_at_once(self, server, pool):
        def ask(_):
            with server.connect(timeout=20) as connection:
                return [connection.ask(request("/kib.bin")).content for _ in range(20)]
        for contents in pool.map(ask, range(200)):
            assert contents == [KIB] * 20

    def test_slow_ones_do_not_hold_up_others(self, server):
        slow = [server.connect() for _ in range(300)]
        for number, connection in enumerate(slow):
            connection.send([b"G", request("/large.bin"), request("/mib.bin") * 3,
                             request("/up/x", "PUT", {"Content-Length": 99})][number % 4])
        began = time.monotonic()
        with server.connect() as connection:
            for _ in range(100):
                assert connection.ask(request("/hello.txt")).content == HELLO
        assert time.monotonic() - began < 2
        for connection in slow:
            vanish(connection)

    def test_one_busy_peer_does_not_starve_others(self, server, pool):
        stop = threading.Event()

        def flood():
            with server.connect(timeout=20) as connection:
                while not stop.is_set():
                    connection.send(request("/kib.bin") * 200)
                    for _ in range(200):
                        connection.read()
        floods = [pool.submit(flood) for _ in range(3)]
        time.sleep(0.1)
        slowest = 0
        for _ in range(30):
            began = time.monotonic()
            assert server.fetch("/hello.txt").content == HELLO
            slowest = max(slowest, time.monotonic() - began)
        stop.set()
        for future in floods:
            future.result(20)
        assert slowest < 1


class TestFull:
    """`MaxConnections=` connections are open: others wait or are told when to come back."""

    @pytest.fixture(scope="class")
    def small(self, start_daemon):
        daemon = start_daemon(server={"MaxConnections": "8", "IdleTimeoutSec": "2s"})
        daemon.put_file("hello.txt", HELLO)
        return daemon

    def test_a_crowd(self, small, pool):
        def ask(_):
            with small.connect(timeout=10) as connection:
                connection.send(request("/hello.txt", fields={"Connection": "close"}))
                response = connection.read()
                return response.status if response else connection.ending
        answers = list(pool.map(ask, range(100)))
        assert set(answers) <= {200, 503}, answers
        assert 200 in answers
        assert until(lambda: small.fetch("/hello.txt").status == 200)

    def test_a_crowd_that_says_nothing(self, start_daemon):
        daemon = start_daemon(server={"MaxConnections": "4", "Workers": "1"})
        daemon.put_file("hello.txt", HELLO)
        served = [daemon.connect() for _ in range(4)]
        for connection in served:
            assert connection.ask(request("/hello.txt")).content == HELLO
        crowd = [daemon.connect() for _ in range(60)]
        time.sleep(0.2)
        before = daemon.cpu_seconds()
        time.sleep(1)
        assert daemon.cpu_seconds() - before < 0.3, "a loop spins"
        assert daemon.status()["connections"]["limit"] == 4
        for connection in crowd:
            response = connection.read(timeout=6)
            assert response is not None and response.status == 503, "without being asked"
            assert int(response.get("retry-after")) > 0
            assert response.closes and connection.ended()
        for connection in served:
            assert connection.ask(request("/hello.txt")).content == HELLO
            connection.close()
        assert until(lambda: daemon.fetch("/hello.txt").status == 200)

    def test_few_descriptors_allowed(self, start_daemon):
        daemon = start_daemon(server={"Workers": "1"}, descriptors_allowed=160)
        daemon.put_file("hello.txt", HELLO)
        crowd = [daemon.connect() for _ in range(200)]
        time.sleep(0.2)
        before = daemon.cpu_seconds()
        time.sleep(1)
        assert daemon.cpu_seconds() - before < 0.3, "a loop spins"
        assert daemon.status()["state"] == "running"
        for connection in crowd:
            connection.close()
        assert until(lambda: daemon.fetch("/hello.txt").status == 200)

    def test_no_descriptors_left(self, start_daemon):
        """As where the whole machine has none: nothing new, but what is open is served."""
        daemon = start_daemon(watchdog=1)
        daemon.put_file("hello.txt", HELLO)
        first = daemon.connect()
        assert first.ask(request("/hello.txt")).content == HELLO
        control = Connection(daemon.control_path)
        assert control.ask(request("/v1/status")).status == 200
        daemon.allow_descriptors(3)
        crowd = [daemon.connect() for _ in range(10)]
        time.sleep(0.5)
        before, fed = daemon.cpu_seconds(), daemon.count_notified("WATCHDOG=1")
        time.sleep(2)
        assert daemon.cpu_seconds() - before < 0.6, "a loop spins"
        assert first.ask(request("/hello.txt")).status in (200, 503)
        assert control.ask(request("/v1/status")).status in (200, 503)
        assert daemon.count_notified("WATCHDOG=1") - fed >= 2, "the watchdog would end it"
        daemon.allow_descriptors(1000)
        for connection in crowd:
            assert connection.ask(request("/hello.txt")).content == HELLO
            connection.close()
        assert first.ask(request("/hello.txt")).content == HELLO
        first.close()
        control.close()
        daemon.allow_descriptors(3)
        daemon.stop()
