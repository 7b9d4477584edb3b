"""Counts that noise cannot touch: instructions, system calls and heap allocations of a request.

One client asks for the same again and again, one request at a time (or sixteen at once), so every
request is a batch of its own and the counts are the same each time, but for what happens once in a
second. Each count is taken of a warm daemon, over requests enough that the rest is small. The
thresholds are in thresholds.json; what is above one is a failure.
"""

import json
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

from . import daemon, servers, system
from .cases import BROWSER_FIELDS
from .system import BenchmarkError

WARM_UP = 200
STEP_SECONDS = 60
COUNTERS = struct.Struct("=QQQ")


class Kind:
    """A kind of request that is counted."""

    def __init__(self, name, target="/1k.html", fields=None, status=200, at_once=1,
                 revalidates=False):
        self.name = name
        self.target = target
        self.fields = fields or {}
        self.status = status
        self.at_once = at_once
        self.revalidates = revalidates


KINDS = [
    Kind("1k"),
    Kind("1k-browser", fields=BROWSER_FIELDS),
    Kind("304", revalidates=True, status=304),
    Kind("missing", "/nothing.html", status=404),
    Kind("pipelined", at_once=16),
    Kind("100k", "/100k.bin"),
]


class Client:
    """A connection that sends the same request and knows how long its answer is."""

    def __init__(self, port, kind):
        fields = dict(kind.fields)
        if kind.revalidates:
            fields["If-None-Match"] = servers.ask(port, kind.target)[1]["etag"]
        lines = [f"GET {kind.target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self.request = "\r\n".join([*lines, "", ""]).encode()
        self.at_once = kind.at_once
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        status, self.answer_bytes = self.measure()
        if status != kind.status:
            raise BenchmarkError(f"{kind.name}: the daemon answers {status}, not {kind.status}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def measure(self):
        """The status of the answer and how many bytes it has in all."""
        self.connection.sendall(self.request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.receive(1 << 16)
        head, _, content = answer.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        found = re.search(rb"(?im)^content-length:\s*(\d+)", head)
        length = 0 if status == 304 or not found else int(found[1])
        while len(content) < length:
            content += self.receive(1 << 16)
        return status, len(head) + 4 + length

    def receive(self, limit):
        content = self.connection.recv(limit)
        if not content:
            raise BenchmarkError("the daemon closed a connection")
        return content

    def run(self, count):
        """Sends this many requests, a few at once if the kind says so, and takes the answers."""
        for _ in range(count // self.at_once):
            self.connection.sendall(self.request * self.at_once)
            left = self.answer_bytes * self.at_once
            while left > 0:
                left -= len(self.receive(left))


def measure_kinds(server, count, begin, end):
    """For each kind: what `end` tells that happened since `begin`, divided by the requests."""
    found = {}
    for kind in KINDS:
        with Client(server.port, kind) as client:
            client.run(WARM_UP)
            begin()
            client.run(count)
            found[kind.name] = end() / count
    return found


def instructions(directory, root):
    """Instructions of a request in user space, by callgrind.

    The daemon runs without its debugging information, which valgrind 3.19 cannot read, and with a
    library loaded before others that does what it does not know of: openat2(2).
    """
    preload = system.build_c("openat2.c", "-shared", "-fPIC")
    program = directory / "httpd-swift"
    subprocess.run(["strip", "-g", "-o", program, daemon.path()], check=True, timeout=STEP_SECONDS)
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/callgrind"]
    environment = {"LD_PRELOAD": str(preload)}
    with daemon.start(directory, root, wrapper=wrapper, program=program, environment=environment,
                      stop_seconds=STEP_SECONDS) as server:
        server.await_port(STEP_SECONDS)
        dumps = 0

        def dump():
            """What was counted since the last dump."""
            nonlocal dumps
            dumps += 1
            time.sleep(0.05)  # for what follows an answer
            subprocess.run(["callgrind_control", "--dump", str(server.process.pid)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=STEP_SECONDS)
            text = await_totals(directory / f"callgrind.{dumps}")
            return sum(int(number) for number in re.findall(r"^totals: (\d+)$", text, re.M))

        return measure_kinds(server, 500, dump, dump)


def await_totals(path):
    """The text of a dump, once it is whole."""
    deadline = time.monotonic() + STEP_SECONDS
    while time.monotonic() < deadline:
        if path.exists() and "\ntotals: " in (text := path.read_text()):
            return text
        time.sleep(0.02)
    raise BenchmarkError(f"callgrind does not write {path.name}")


def system_calls(directory, root):
    """System calls of a request, by strace, of all threads; the second value names them."""
    report = directory / "strace"
    tracer = None

    def begin():
        nonlocal tracer
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-o", report, "-p", str(server.process.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await_tracer(server.process.pid, tracer)

    def end():
        time.sleep(0.05)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=STEP_SECONDS)
        calls = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$",
                           report.read_text(), re.M)
        return sum(int(number) for number, name in calls if name != "total")

    with daemon.start(directory, root) as server:
        server.await_port()
        try:
            return measure_kinds(server, 1000, begin, end)
        finally:
            if tracer and tracer.poll() is None:
                tracer.kill()
                tracer.wait()


def await_tracer(process, tracer):
    """Waits until all threads of a process are traced."""
    deadline = time.monotonic() + STEP_SECONDS
    while time.monotonic() < deadline:
        if tracer.poll() is not None:
            raise BenchmarkError("strace may not look at the daemon")
        threads = list(pathlib.Path(f"/proc/{process}/task").glob("*/status"))
        if all(f"TracerPid:\t{tracer.pid}\n" in thread.read_text() for thread in threads):
            time.sleep(0.05)
            return
        time.sleep(0.01)
    raise BenchmarkError("strace does not take hold of the daemon")


def allocations(directory, root):
    """Heap allocations of a request: the daemon runs with a counter loaded before the C library."""
    counter = system.build_c("allocations.c", "-shared", "-fPIC", "-fno-builtin")
    counts = directory / "counts"
    counts.write_bytes(bytes(4096))
    before = 0

    def read():
        return COUNTERS.unpack(counts.read_bytes()[:COUNTERS.size])[0]

    def begin():
        nonlocal before
        before = read()

    preload = {"LD_PRELOAD": str(counter), "COUNT_FILE": str(counts)}
    with daemon.start(directory, root, environment=preload) as server:
        server.await_port()
        if read() == 0:
            raise BenchmarkError("nothing is counted: is the C library linked statically?")
        return measure_kinds(server, 10_000, begin, lambda: read() - before)


def thresholds():
    """The most that each count may be: by count, by kind."""
    return json.loads((system.BENCHMARKS / "thresholds.json").read_text())


def measure(directory, options):
    """All counts: by count, by kind of request."""
    found = {}
    for count in [instructions, system_calls, allocations]:
        own = directory / count.__name__
        own.mkdir()
        found[count.__name__] = count(own, directory / "www")
        shutil.rmtree(own)
    return found
