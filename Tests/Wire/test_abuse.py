"""What costs much, asked for by many: sets of ranges, codings. Others get theirs, memory is flat.

Times are compared between rounds that alternate, and by their medians, since a machine for tests is
never quiet.
"""

import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time

import pytest

import model
from daemon import until
from httpwire import request

FLOOD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flood.py")
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
GIB = 1 << 30
MIB = 1 << 20
PARTS = 100
PART = 64 << 10
SET = "bytes=" + ",".join("%d-%d" % (n * 10 * MIB, n * 10 * MIB + PART - 1) for n in range(PARTS))
ONE = "bytes=0-%d" % (PARTS * PART - 1)  # as many octets, in one part
SMALL = b"small\n"


def resident(daemon):
    """The memory that the daemon has in use, in octets."""
    with open("/proc/%d/status" % daemon.pid) as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) << 10


class Watch:
    """The largest amount of memory in use while it watches."""

    def __init__(self, daemon):
        self.daemon, self.peak, self.stop = daemon, 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.stop.wait(0.02):
            self.peak = max(self.peak, resident(self.daemon))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def percentile(daemon, seconds=0.8):
    """The time that 99 of 100 requests for a small file take at most."""
    times = []
    with daemon.connect() as connection:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            assert connection.ask(request("/small.txt")).content == SMALL
            times.append(time.monotonic() - began)
            time.sleep(0.001)
    return sorted(times)[int(len(times) * 0.99)]


def flood(daemon, target, ranges, seconds, peers=200, turn=8192):
    """Start many peers that ask for ranges for so long."""
    return subprocess.Popen(
        [sys.executable, FLOOD, str(daemon.port), str(peers), str(seconds), str(turn), target,
         ranges], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process):
    """The octets that a flood received."""
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    return int(output)


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(site={"Compression": "br zstd gzip"},
                          server={"CompressionCacheSize": "8M", "IdleTimeoutSec": "60s"})
    daemon.put_file("small.txt", SMALL, MODIFIED)
    path = daemon.put_file("gib.bin", b"")
    os.truncate(path, GIB)
    os.utime(path, (MODIFIED, MODIFIED))
    return daemon


class TestRangeSets:
    """1 GiB, and 200 peers that ask for 100 parts of it."""

    def test_the_answer(self, server):
        response = server.fetch("/gib.bin", fields={"Range": SET})
        parts = model.parse_parts(response)
        assert response.status == 206 and len(parts) == PARTS
        assert all(octets == bytes(PART) for _, _, octets in parts)

    def test_memory_stays_flat(self, server):
        server.fetch("/gib.bin", fields={"Range": SET})
        before = resident(server)
        with Watch(server) as watch:
            octets = ended(flood(server, "/gib.bin", SET, 3, turn=0))
        assert octets > 200 * PART, "the peers got something"
        assert watch.peak - before < 30 * MIB, "%d MiB more" % ((watch.peak - before) >> 20)

    def test_memory_stays_flat_for_peers_that_do_not_read(self, server):
        before = resident(server)
        connections = [server.connect(receive_buffer=4096) for _ in range(200)]
        with Watch(server) as watch:
            for connection in connections:
                connection.send(request("/gib.bin", fields={"Range": SET}) * 4)
            time.sleep(1)
        for connection in connections:
            connection.close()
        assert watch.peak - before < 30 * MIB, "%d MiB more" % ((watch.peak - before) >> 20)
        assert server.fetch("/small.txt").content == SMALL

    @pytest.mark.parametrize("turn,margin", [(8192, 0.002), (0, 0.010)],
                             ids=["slow lines", "as fast as they can"])
    def test_others_hardly_wait(self, server, turn, margin):
        # Beside sets of ranges not longer than beside as many peers that ask for one range.
        quiet, single, sets = [], [], []
        for _ in range(3):
            quiet.append(percentile(server))
            for ranges, times in ((ONE, single), (SET, sets)):
                process = flood(server, "/gib.bin", ranges, 2, turn=turn)
                time.sleep(0.8)  # until all are connected
                times.append(percentile(server))
                assert ended(process) > 50 * MIB, "there was a load"
        limit = 2 * max(statistics.median(quiet), statistics.median(single)) + margin
        assert statistics.median(sets) < limit, (quiet, single, sets)

    def test_sets_that_are_too_large_cost_no_more_than_the_whole(self, server):
        for value in ("bytes=" + ",".join(["0-"] * 100), "bytes=" + ",".join(["0-0"] * 129)):
            with server.connect() as connection:
                connection.send(request("/gib.bin", fields={"Range": value}))
                head = connection.socket.recv(4096)
                assert head.startswith(b"HTTP/1.1 200 ")
                assert b"\r\nContent-Length: 1073741824\r\n" in head

    def test_the_time_to_read_a_set_is_bounded(self, server):
        # As many ranges as a head can have; overlapping in the least convenient order.
        draw = random.Random(1)
        at = [draw.randrange(GIB) for _ in range(128)]
        worst = [
            "bytes=" + ",".join("%d-%d" % (n, n + 5) for n in sorted(at, reverse=True)),
            "bytes=" + ",".join("%d-%d" % (n, n) for n in range(256, 0, -2)),
            "bytes=" + ",".join("%d-%d" % (n, n + 1) for n in range(0, 256, 2)),
            "bytes=" + ",".join("%d-%d" % (n, n) for n in range(2000))]
        with server.connect() as connection:
            for value in worst:
                before = server.cpu_seconds()
                for _ in range(100):
                    connection.ask(request("/small.txt", fields={"Range": value}))
                assert server.cpu_seconds() - before < 0.5


class TestCompression:
    """More to compress than fits anywhere."""

    def test_memory_comes_back(self, server, pool):
        draw = random.Random(2)
        for number in range(24):
            words = [b"%x" % draw.randrange(1 << 24) for _ in range(500)]
            server.put_file("big%d.txt" % number, b" ".join(
                draw.choice(words) for _ in range(600_000)), MODIFIED)
        server.fetch("/big0.txt", fields={"Accept-Encoding": "gzip"}, timeout=60)
        before = resident(server)

        def ask(number):
            coding = ("gzip", "zstd")[number % 2]
            response = server.fetch("/big%d.txt" % (number % 24), timeout=120,
                                    fields={"Accept-Encoding": coding})
            content = server.read_file("big%d.txt" % (number % 24))
            return model.decode(response.get("content-encoding"), response.content) == content
        with Watch(server) as watch:
            assert all(pool.map(ask, range(48)))
        assert watch.peak - before < 400 * MIB, "%d MiB more" % ((watch.peak - before) >> 20)
        assert until(lambda: resident(server) - before < 80 * MIB, 5), \
            "%d MiB are left" % ((resident(server) - before) >> 20)

    def test_others_are_served_meanwhile(self, server, pool):
        names = ["/big%d.txt?%d" % (n, n) for n in range(12)]
        futures = [pool.submit(server.fetch, name, fields={"Accept-Encoding": "br"}, timeout=120)
                   for name in names]
        slowest = 0
        while not all(future.done() for future in futures):
            began = time.monotonic()
            assert server.fetch("/small.txt").content == SMALL
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.01)
        assert all(future.result().status == 200 for future in futures)
        assert slowest < 1

    def test_peers_that_leave_stop_nothing(self, server):
        for number in range(12):
            with server.connect() as connection:
                connection.send(request(
                    "/big%d.txt" % number, fields={"Accept-Encoding": "zstd"}))
        response = server.fetch("/big3.txt", fields={"Accept-Encoding": "zstd"}, timeout=60)
        assert model.decode("zstd", response.content) == server.read_file("big3.txt")
        assert server.is_running()


class TestListings:
    """More who ask for large listings, and take nothing of them, than there is patience for."""

    def test_memory_is_shared_and_others_hardly_wait(self, start_daemon):
        daemon = start_daemon(site={"Listing": "yes"})
        large = daemon.put_directory("large")
        for number in range(20_000):
            open(os.path.join(large, "a file with a long name, number %d" % number), "w").close()
        daemon.put_directory("small")
        daemon.fetch("/large/", timeout=20)
        before = resident(daemon)
        stalled = [daemon.connect(receive_buffer=4096) for _ in range(200)]
        try:
            for number, peer in enumerate(stalled):
                peer.send(request("/large/?sort=%s&%d" % (("name", "size")[number % 2], number)))
            began = time.monotonic()
            assert daemon.fetch("/small/", timeout=20).status == 200
            assert time.monotonic() - began < 3
            with Watch(daemon) as watch:
                time.sleep(1)
            assert watch.peak - before < 100 * MIB, "%d MiB more" % ((watch.peak - before) >> 20)
        finally:
            for peer in stalled:
                peer.close()
