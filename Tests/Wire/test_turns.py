"""What one peer, or a slow disk, may take of the time of the others."""

import contextlib
import glob
import os
import signal
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
