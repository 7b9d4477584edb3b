"""A running server: its process, its port, and what the kernel says of it.

Servers are started on the loopback interface, each on a port of its own, and only those are ended.
"""

import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from . import system
from .system import BenchmarkError


def free_port():
    """A TCP port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server that was started here, and that is ended here."""

    def __init__(self, name, arguments, port, *, directory, environment=None, logs=(),
                 cores=(system.SERVER_CORE,), stop_seconds=10):
        self.name = name
        self.port = port
        self.logs = list(logs)
        self.diagnostics = directory / f"{name}.err"
        self.stop_seconds = stop_seconds
        with open(self.diagnostics, "wb") as output:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, env={**os.environ, **(environment or {})},
                preexec_fn=system.pin(cores))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def await_port(self, seconds=15):
        """Waits until the server accepts connections."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.01)
        raise BenchmarkError(f"{self.name} does not listen on {self.port}{self.last_words()}")

    def last_words(self):
        """What the server wrote, for an error message."""
        text = self.diagnostics.read_text(errors="replace").strip()
        return f": {text[-2000:]}" if text else ""

    def stop(self):
        """Ends the server, and by force what does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=self.stop_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def processes(self):
        """The ids of the server's process and of all below it."""
        found, queue = [], [self.process.pid]
        while queue:
            process = queue.pop()
            found.append(process)
            for children in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
                queue += [int(child) for child in children.read_text().split()]
        return found

    def cpu_nanoseconds(self):
        """CPU time of all threads of all its processes, from the scheduler's own accounting.

        It is the sum of /proc/PID/task/*/schedstat, with the threads that have ended since, read
        as the process's CPU-time clock: clock_getcpuclockid(3) makes its number of the process id.
        """
        return sum(time.clock_gettime_ns((~process << 3) | 2) for process in self.processes())

    def memory(self):
        """RSS and PSS in bytes, summed over its processes."""
        rss = pss = 0
        for process in self.processes():
            text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
            rss += int(re.search(r"^Rss:\s+(\d+) kB", text, re.M)[1]) * 1024
            pss += int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1]) * 1024
        return {"rss": rss, "pss": pss}

    def empty_logs(self):
        """Truncates the access logs, so that they do not fill the disk."""
        for log in self.logs:
            if log.exists():
                os.truncate(log, 0)


def ask(port, target, fields=None, method="GET", content=None, reads=True):
    """One request on a connection of its own: status, fields (lower case) and content."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request(method, target, body=content, headers=fields or {})
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return response.status, received, response.read() if reads else b""
    finally:
        connection.close()
