"""Deadlines: no peer may hold a connection for longer than it is worth.

All of them are waited for at the same time, in threads.
"""

import os
import socket
import time

import pytest

from daemon import until
from httpwire import request

HELLO = b"Hello, world!\n"
DEADLINES = {"HeaderTimeoutSec": "1s", "IdleTimeoutSec": "1s", "MinimumRate": "1K"}


def timed(action):
    """What the action gives, and how many seconds it took."""
    began = time.monotonic()
    return action(), time.monotonic() - began


def read_to_the_end(daemon, octets=b"", pieces=(), pause=0.2, limit=25):
    """All that comes until the daemon ends the connection; sends pieces, one a pause, meanwhile."""
    with daemon.connect() as connection:
        connection.send(octets)
        received, began = b"", time.monotonic()
        for piece in pieces:
            received += connection.rest(pause)
            if connection.ending or time.monotonic() - began > limit:
                break
            connection.send(piece)
        received += connection.rest(max(0.1, limit - (time.monotonic() - began)))
        return received, connection.ending


def read_slowly(daemon, count):
    """Take `count` octets of a large response every 0.1 s; whether the daemon cuts it."""
    with daemon.connect(receive_buffer=2048) as connection:
        connection.send(request("/large.bin"))
        deadline = time.monotonic() + 25
        connection.socket.settimeout(0.001)
        while time.monotonic() < deadline:
            time.sleep(0.1)
            try:
                if count and not connection.socket.recv(count):
                    return True
            except socket.timeout:
                pass
            except ConnectionError:
                return True
            if not established(daemon, connection):
                return True
        return False


def established(daemon, connection):
    """Whether the daemon still has its side of the connection open."""
    ours = "0100007F:%04X 0100007F:%04X 01" % (daemon.port, connection.socket.getsockname()[1])
    with open("/proc/net/tcp") as file:
        return ours in file.read()


def read_steadily(daemon, target, rate, seconds):
    """Take a response at so many octets a second for a while, then the rest; how much came."""
    with daemon.connect(receive_buffer=4096) as connection:
        connection.send(request(target))
        connection.socket.settimeout(2)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.1)
            connection.received += connection.socket.recv(rate // 10)
        return len(connection.read(timeout=20).content)


def pipeline(daemon, count):
    """Send requests in writes of the end of one and the start of the next one."""
    octets = request("/hello.txt")
    return read_to_the_end(
        daemon, octets[:10], [octets[10:] + octets[:10]] * count, 0.1)


def upload_steadily(daemon):
    """Send a content at about 20 kB/s, for longer than the header deadline."""
    with daemon.connect(timeout=10) as connection:
        connection.send(request("/up/steady", "PUT", {"Content-Length": 60_000}))
        connection.send_slowly(bytes(60_000), 2000, 0.1)
        return connection.read("PUT").status


@pytest.fixture(scope="module")
def waiting(start_daemon, pool):
    """The slow exchanges, all under way."""
    daemon = start_daemon(
        server=DEADLINES, paths={"/up/": {"Upload": "yes"}}, site={"UploadDurability": "none"})
    daemon.put_file("hello.txt", HELLO)
    daemon.put_file("mib.bin", b"m" * (1 << 20))
    daemon.put_directory("up")
    os.truncate(daemon.put_file("8mib.bin"), 8 << 20)
    os.truncate(daemon.put_file("large.bin"), 200 << 20)
    put = request("/up/slow", "PUT", {"Content-Length": 1_000_000})
    coded = request("/up/slow", "PUT", {"Transfer-Encoding": "chunked"})
    expecting = request("/up/slow", "PUT", {"Content-Length": 5, "Expect": "100-continue"})
    cases = {
        "nothing": lambda: read_to_the_end(daemon),
        "idle": lambda: read_to_the_end(daemon, request("/hello.txt")),
        "idle, active before": lambda: read_to_the_end(
            daemon, b"", [request("/hello.txt")] * 8, 0.5),
        "half a line": lambda: read_to_the_end(daemon, b"GET / HT"),
        "half a field section": lambda: read_to_the_end(daemon, request("/")[:-2]),
        "second request unfinished": lambda: read_to_the_end(daemon, request("/hello.txt") + b"G"),
        "section trickles": lambda: read_to_the_end(
            daemon, b"GET / HTTP/1.1\r\nHost: localhost\r\n", [b"X: y\r\n"] * 100),
        "empty lines trickle": lambda: read_to_the_end(daemon, b"", [b"\r\n"] * 100),
        "content stalls": lambda: read_to_the_end(daemon, put + bytes(1000)),
        "content never comes": lambda: read_to_the_end(daemon, put),
        "content trickles": lambda: read_to_the_end(daemon, put, [b"x"] * 200),
        "chunks trickle": lambda: read_to_the_end(daemon, coded, [b"1\r\nx\r\n"] * 200),
        "chunk line trickles": lambda: read_to_the_end(daemon, coded, [b"0"] * 200),
        "trailers trickle": lambda: read_to_the_end(daemon, coded + b"0\r\n", [b"X: y\r\n"] * 200),
        "expecting content stalls": lambda: read_to_the_end(daemon, expecting),
        "discarded content trickles": lambda: read_to_the_end(
            daemon, request("/hello.txt", "POST", {"Content-Length": 10**6}), [b"x"] * 200),
        "refused content never ends": lambda: read_to_the_end(
            daemon, request("/", "PUT", {"Content-Length": 10**12}), [bytes(20_000)] * 300, 0.05),
        "reader takes nothing": lambda: read_slowly(daemon, 0),
        "reader takes 10 octets at a time": lambda: read_slowly(daemon, 10),
        "steady reader": lambda: read_steadily(daemon, "/mib.bin", 200_000, 3),
        # What it reads in a second is far less than what the daemon's socket holds for it.
        "reader of 24 kB/s": lambda: read_steadily(daemon, "/8mib.bin", 24_000, 6),
        "starts of requests": lambda: pipeline(daemon, 30),
        "steady upload": lambda: upload_steadily(daemon),
    }
    futures = {name: pool.submit(timed, case) for name, case in cases.items()}
    yield lambda name: futures[name].result()
    assert os.listdir(daemon.path("up")) == ["steady"]
    assert until(lambda: len(daemon.descriptors()) < 30)


class TestDeadlines:
    @pytest.mark.parametrize("name", ["idle", "idle, active before"])
    def test_idle_ends_silently(self, waiting, name):
        (received, ending), seconds = waiting(name)
        assert received.endswith(HELLO) and ending == "end"
        assert 0.8 < seconds < (4 if name == "idle" else 9)
        if name != "idle":
            assert received.count(HELLO) == 8

    def test_a_peer_that_says_nothing(self, waiting):
        (received, ending), seconds = waiting("nothing")
        assert ending == "end" and seconds < 5
        assert received == b"" or received.startswith(b"HTTP/1.1 408 ")

    @pytest.mark.parametrize("name", [
        "half a line", "half a field section", "second request unfinished", "section trickles"])
    def test_field_section_too_slow(self, waiting, name):
        (received, ending), seconds = waiting(name)
        assert b"HTTP/1.1 408 " in received and ending
        assert b"connection: close" in received.lower()
        assert 0.8 < seconds < 5

    def test_empty_lines_are_no_life(self, waiting):
        (received, ending), seconds = waiting("empty lines trickle")
        assert ending and seconds < 10

    @pytest.mark.parametrize("name", [
        "content stalls", "content never comes", "content trickles", "chunks trickle",
        "chunk line trickles", "trailers trickle", "expecting content stalls"])
    def test_content_too_slow(self, waiting, name):
        (received, ending), seconds = waiting(name)
        assert ending, "still open after %d s" % seconds
        assert b"HTTP/1.1 408 " in received or (
            name == "chunk line trickles" and b"HTTP/1.1 400 " in received)
        assert seconds < 25

    @pytest.mark.parametrize("name", ["discarded content trickles", "refused content never ends"])
    def test_content_of_a_refused_request_is_not_taken_for_ever(self, waiting, name):
        (received, ending), seconds = waiting(name)
        assert ending and seconds < 25
        assert received.startswith((b"HTTP/1.1 405 ", b"HTTP/1.1 413 ")) or ending == "reset"

    @pytest.mark.parametrize("name", [
        "reader takes nothing", "reader takes 10 octets at a time"])
    def test_reader_below_the_minimum_rate(self, waiting, name):
        cut, seconds = waiting(name)
        assert cut, "still served after %d s" % seconds

    @pytest.mark.parametrize("name,size", [
        ("steady reader", 1 << 20), ("reader of 24 kB/s", 8 << 20)])
    def test_reader_above_the_minimum_rate(self, waiting, name, size):
        assert waiting(name)[0] == size

    def test_each_request_has_a_time_of_its_own(self, waiting):
        (received, ending), seconds = waiting("starts of requests")
        assert received.count(HELLO) == 30 and received.count(b"HTTP/1.1 408 ") == 1
        assert ending and seconds < 10

    def test_upload_above_the_minimum_rate(self, waiting):
        assert waiting("steady upload")[0] == 201
