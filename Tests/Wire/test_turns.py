"""What one peer, or a slow disk, may take of the time of the others."""

import contextlib
import glob
import os
import signal
import socket
import struct
import time

import pytest

from daemon import injecting, until
from httpwire import request

HELLO = b"Hello, world!\n"
NEW = 300
# The daemon accepts so many before others have their turn.
TURN = 32


def lines_of(daemon):
    with open(daemon.log_path, encoding="ascii") as file:
        return file.read().splitlines()


@contextlib.contextmanager
def stopped(daemon):
    """All that is sent meanwhile is there at once when the daemon goes on."""
    def states():
        for path in glob.glob("/proc/%d/task/*/stat" % daemon.pid):
            with open(path, encoding="ascii") as file:
                yield file.read().rpartition(")")[2].split()[0]
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        assert until(lambda: set(states()) == {"T"})
        yield
    finally:
        os.kill(daemon.pid, signal.SIGCONT)


def test_new_connections_do_not_hold_up_one_that_is_open(start_daemon):
    daemon = start_daemon(server={"Workers": "1"})
    daemon.put_file("hello.txt", HELLO, 784111777)
    with daemon.connect() as connection:
        assert connection.ask(request("/hello.txt")).content == HELLO
        with stopped(daemon):
            new = [daemon.connect() for _ in range(NEW)]
            for one in new:
                one.send(request("/hello.txt?new"))
            connection.send(request("/hello.txt?open"))
        assert connection.read().content == HELLO
        for one in new:
            assert one.read().content == HELLO
            one.close()
    assert until(lambda: len(lines_of(daemon)) == NEW + 2)
    at = [number for number, line in enumerate(lines_of(daemon)) if "?open" in line]
    assert len(at) == 1 and at[0] <= 2 * TURN, "it came behind %d of those that are new" % at[0]


def test_one_with_many_requests_does_not_hold_up_another(start_daemon):
    daemon = start_daemon(server={"Workers": "1"})
    daemon.put_file("hello.txt", HELLO, 784111777)
    count = 20_000
    with daemon.connect(timeout=20) as busy, daemon.connect() as other:
        for connection in (busy, other):
            assert connection.ask(request("/hello.txt")).content == HELLO
        with stopped(daemon):
            busy.socket.setblocking(False)
            octets, sent = request("/hello.txt?busy") * count, 0
            try:
                while sent < len(octets):
                    sent += busy.socket.send(octets[sent:sent + (1 << 20)])
            except BlockingIOError:
                pass
            busy.socket.settimeout(20)
            other.send(request("/hello.txt?other"))
        assert other.read().content == HELLO
        taken = sent // len(request("/hello.txt?busy"))
        for _ in range(taken):
            assert busy.read().content == HELLO
    assert until(lambda: len(lines_of(daemon)) >= taken + 3)
    before = [line for line in lines_of(daemon)[2:] if "?" in line]
    at = next(number for number, line in enumerate(before) if "?other" in line)
    assert taken > 10_000 and at < taken / 2, "it came behind %d of %d" % (at, taken)


def answers(connection):
    """The statuses and contents of two responses, or of the only one."""
    found = []
    while len(found) < 2 and (response := connection.read()) is not None:
        found.append((response.status, response.content))
        if response.closes:
            break
    return found


def alone(daemon, octets):
    """What these octets get, sent on a connection of their own."""
    with daemon.connect() as connection:
        connection.send(octets)
        return answers(connection)


def end(connection, way):
    """Ends a connection: half of it, all of it, or with a reset."""
    if way == 0:
        connection.half_close()
        return
    if way == 1:
        now = struct.pack("ii", 1, 0)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
    connection.close()


def send_now(connection, octets):
    """Sends what the kernel takes without the daemon; gives what is left."""
    connection.socket.setblocking(False)
    return octets[connection.socket.send(octets):]


def test_what_comes_together_is_answered_as_if_each_came_alone(start_daemon):
    """All are read before the first is answered, as far as they wait for a request."""
    daemon = start_daemon(server={"Workers": "1"}, site={"Upload": "yes"})
    daemon.put_file("hello.txt", HELLO, 784111777)
    daemon.put_file("large.bin", os.urandom(300_000), 784111777)
    content = os.urandom(150_000)
    hello = request("/hello.txt")
    kinds = {
        "one": hello + hello,
        "a missing one": request("/nothing") + hello,
        "a large file": request("/large.bin") + hello,
        "a head of many octets": request("/hello.txt", fields={"X": "x" * 20_000}) + hello,
        "an upload": request("/put.bin", "PUT", content=content) + request("/put.bin"),
        "one that is malformed": b"GET /hello.txt HTTP/1.1\r\nHost : here\r\n\r\n" + hello,
        "the last one": request("/hello.txt", fields={"Connection": "close"}) + hello,
        "one of HTTP/1.0": request("/hello.txt", version="1.0") + hello,
    }
    wanted = {name: alone(daemon, octets) for name, octets in kinds.items()}
    assert [status for status, _ in wanted["one"]] == [200, 200]
    assert [status for status, _ in wanted["an upload"]] == [201, 200]
    assert wanted["an upload"][1][1] == content
    assert [status for status, _ in wanted["one that is malformed"]] == [400]
    os.unlink(daemon.path("put.bin"))
    with contextlib.ExitStack() as stack:
        open_ones, unsent = [], []
        for name, octets in list(kinds.items()) * 20:
            if name == "an upload":
                octets = octets.replace(b"/put.bin", b"/put%03d.bin" % len(open_ones))
            connection = stack.enter_context(daemon.connect(timeout=20))
            assert connection.ask(hello).content == HELLO
            # Some have sent a part before, so that not all of them wait for a request.
            parts = [octets] if len(open_ones) % 3 else [octets[:11], octets[11:]]
            if len(parts) > 1:
                connection.send(parts.pop(0))
            open_ones.append((name, connection, parts[0]))
        gone = [stack.enter_context(daemon.connect()) for _ in range(6)]
        for connection in gone:
            assert connection.ask(hello).content == HELLO
        time.sleep(0.1)  # for the daemon to take the parts; if it has not, less is tested
        with stopped(daemon):
            for number, connection in enumerate(gone):
                connection.send(hello if number % 2 else hello[:9])
                end(connection, number % 3)
            for _, connection, octets in open_ones:
                unsent.append((connection, send_now(connection, octets)))
        for connection, octets in unsent:
            connection.send(octets)
        for name, connection, _ in open_ones:
            assert answers(connection) == wanted[name], name
    assert daemon.fetch("/hello.txt").content == HELLO
    assert until(lambda: daemon.status()["connections"]["open"] <= 1)


def test_more_than_is_received_at_a_time_is_all_taken(start_daemon):
    daemon = start_daemon(server={"Workers": "1"}, site={"Upload": "yes"})
    contents = [os.urandom(250_000 + number) for number in range(3)]
    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(daemon.connect(timeout=20)) for _ in contents]
        for number, connection in enumerate(open_ones):
            # The kernel takes more at once for who has sent much.
            for _ in range(5):
                put = request("/%d" % number, "PUT", content=os.urandom(4 << 20))
                assert connection.ask(put).status in (201, 204)
        puts = [request("/%d" % number, "PUT", content=contents[number]) for number in range(3)]
        with stopped(daemon):
            unsent = [send_now(*pair) for pair in zip(open_ones, puts)]
            time.sleep(0.1)  # for the kernel to move it to the other side; if not, less is tested
        for connection, octets in zip(open_ones, unsent):
            connection.send(octets)
        for number, connection in enumerate(open_ones):
            assert connection.read().status == 204
            assert daemon.read_file(str(number)) == contents[number]


def test_who_says_nothing_costs_nothing_for_a_second(start_daemon):
    daemon = start_daemon(server={"HeaderTimeoutSec": "1s"})

    def accepted():
        return daemon.status()["connections"]["accepted"]
    began = time.monotonic()
    with daemon.connect(timeout=10) as silent:
        # Long enough for a daemon that would accept it at once; on a busy machine too long to tell.
        time.sleep(0.3)
        assert accepted() == 0 or time.monotonic() - began > 0.9
        assert until(lambda: accepted() == 1)
        assert silent.ended(), "the time for a head is over"


class TestSlowLog:
    """Each line takes the disk half a second."""

    @pytest.fixture(scope="class")
    def daemon(self, start_daemon):
        daemon = start_daemon(
            server={"Workers": "1"}, wrapper=injecting("write:delay_enter=500000"))
        daemon.put_file("hello.txt", HELLO, 784111777)
        assert daemon.fetch("/hello.txt?first").content == HELLO
        assert until(lambda: len(lines_of(daemon)) == 1)
        return daemon

    def test_no_answer_waits_for_its_line(self, daemon):
        began = time.monotonic()
        assert daemon.fetch("/hello.txt?second").content == HELLO
        assert time.monotonic() - began < 0.4

    def test_no_line_is_lost(self, daemon):
        for number in range(5):
            assert daemon.fetch("/hello.txt?%d" % number).content == HELLO
        assert until(lambda: "?4 " in lines_of(daemon)[-1])
        queries = [line.partition("?")[2].partition(" ")[0] for line in lines_of(daemon)]
        assert queries == ["first", "second", "0", "1", "2", "3", "4"]
