"""The load generators: each puts the requests of a case to a server, round by round.

A round gives what was answered, in which time, and the server's CPU time. wrk makes the load of
most cases. Our own (programs/load.c) makes it where wrk would be the limit or would be counted
itself: large content, uploads, and thousands of connections, whose opening must not count. h2load
does the first case once more, so that no figure rests on one generator.
"""

import json
import re
import signal
import subprocess
import threading
import time

from . import documents, system
from .system import BenchmarkError

# What a generator may take beyond the time of its load, before it is ended.
PATIENCE_SECONDS = 60
UNITS = {"us": 1e-6, "ms": 0.001, "s": 1, "m": 60}


def start(server, case, fields, directory):
    """The generator of a case, which is to be stopped in the end."""
    return {"wrk": Wrk, "h2load": H2load, "load": OwnLoad}[case.load](
        server, case, fields, directory)


class Load:
    """What generators have in common."""

    def __init__(self, server, case, fields, directory):
        self.server = server
        self.case = case
        self.fields = fields
        self.directory = directory

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends what is left of it."""

    def round(self, seconds):
        """One round, or a longer one, where that is too short for a slow server to answer."""
        for factor in [1, 5, 25]:
            before = self.server.cpu_nanoseconds()
            found = self.make(seconds * factor)
            found["cpu_ns"] = self.server.cpu_nanoseconds() - before
            self.server.empty_logs()
            if found["requests"] > 0:
                return found
        raise BenchmarkError(f"{self.server.name} answered nothing of {self.case.name}")

    def arguments(self, *first):
        """The arguments of a generator that takes fields as -H, and a URI."""
        named = [word for name, value in self.fields.items() for word in ("-H", f"{name}: {value}")]
        uri = f"http://127.0.0.1:{self.server.port}{self.case.target}"
        return [*first, "-t1", f"-c{self.case.connections}", *named, uri]

    def run(self, arguments, interrupt_after=None):
        """Runs a generator on the load's cores, and gives what it wrote."""
        process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=system.pin(self.case.load_cores))
        try:
            if interrupt_after is not None:
                time.sleep(interrupt_after)
                process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"{arguments[0]} does not end") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            self.fail(output)
        return output

    def fail(self, why):
        raise BenchmarkError(
            f"{self.case.load} against {self.server.name}, {self.case.name}: {why}")


class Wrk(Load):
    """wrk, which takes whole seconds and is interrupted after parts of one."""

    def make(self, seconds):
        whole = seconds == int(seconds)
        arguments = self.arguments("wrk", f"-d{int(seconds) + (not whole)}s")
        if self.case.script:
            arguments[1:1] = ["-s", str(system.BENCHMARKS / "wrk" / self.case.script)]
        output = self.run(arguments, None if whole else seconds)
        found = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", output)
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        if not found or "Socket errors" in output or refused and max(self.case.statuses) < 400:
            self.fail(output)
        return {"requests": int(found[1]), "seconds": float(found[2]) * UNITS[found[3]]}


class H2load(Load):
    """h2load with HTTP/1.1."""

    def make(self, seconds):
        output = self.run(self.arguments("h2load", "--h1", f"-D{max(1, int(seconds))}"))
        found = re.search(r"finished in ([\d.]+)(us|ms|s|m),", output)
        done = re.search(r"(\d+) done, \d+ succeeded, (\d+) failed", output)
        if not found or not done or int(done[2]) > 0:
            self.fail(output)
        return {"requests": int(done[1]), "seconds": float(found[1]) * UNITS[found[2]]}


class OwnLoad(Load):
    """Our own generator, whose connections stay open from one round to the next."""

    def __init__(self, server, case, fields, directory):
        super().__init__(server, case, fields, directory)
        requests = documents.write_requests(directory, server.port, case, fields)
        warm = "0" if case.is_large else "1"
        status = str(case.statuses[0])[0]  # the class; which of it was looked at before
        self.process = subprocess.Popen(
            [system.build_c("load.c"), str(server.port), str(case.connections), status, warm,
             *requests],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=system.pin(case.load_cores))
        self.read_line()

    def read_line(self):
        """The generator's next line; if there is none for long, it is ended."""
        timer = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            why = self.process.stderr.read()
            self.stop()
            self.fail(why)
        return line

    def make(self, seconds, rate=0):
        self.process.stdin.write(f"{seconds} {rate}\n")
        self.process.stdin.flush()
        found = json.loads(self.read_line())
        if found["wrong"] > 0:
            self.stop()
            self.fail(self.process.stderr.read())
        return found

    def round_at_rate(self, seconds, rate):
        """A round at a constant rate, with the percentiles of what it took to answer, in µs."""
        return self.make(seconds, rate)

    def stop(self):
        self.process.kill()
        self.process.wait()
