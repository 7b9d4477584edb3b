"""The load generators. Each gives what it got answered, in which time, and the server's CPU time.

wrk makes the load of most cases. Our own (programs/load.c) makes it where wrk would be the limit or
would be counted itself: large content, uploads, and thousands of connections, whose opening must not
count. h2load does the first case once more, so that no figure rests on one generator.
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


def run(server, case, fields, seconds, directory):
    """One round of a case's load."""
    generators = {"wrk": wrk, "h2load": h2load, "load": own}
    for factor in [1, 5, 25]:  # longer, where a moment is too short for a slow server
        found = generators[case.load](server, case, fields, seconds * factor, directory)
        server.empty_logs()
        if found["requests"] > 0:
            return found
    raise BenchmarkError(f"{server.name} answered nothing of {case.name}")


def wrk(server, case, fields, seconds, directory):
    """A round of wrk, which takes whole seconds and is interrupted after parts of one."""
    arguments = ["wrk", "-t1", f"-c{case.connections}", f"-d{int(seconds) + 1}s"]
    if seconds == int(seconds):
        arguments[-1] = f"-d{int(seconds)}s"
    if case.script:
        arguments += ["-s", str(system.BENCHMARKS / "wrk" / case.script)]
    for name, value in fields.items():
        arguments += ["-H", f"{name}: {value}"]
    arguments.append(f"http://127.0.0.1:{server.port}{case.target}")
    before = server.cpu_nanoseconds()
    output = run_pinned(arguments, case, seconds if seconds != int(seconds) else None)
    spent = server.cpu_nanoseconds() - before
    found = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", output)
    if not found or "Socket errors" in output:
        raise BenchmarkError(f"wrk against {server.name}: {output}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if refused and max(case.statuses) < 400:
        raise BenchmarkError(f"{server.name} refused {refused[1]} requests of {case.name}")
    unit = {"us": 1e-6, "ms": 0.001, "s": 1, "m": 60}[found[3]]
    return {"requests": int(found[1]), "seconds": float(found[2]) * unit, "cpu_ns": spent}


def h2load(server, case, fields, seconds, directory):
    """A round of h2load with HTTP/1.1."""
    arguments = ["h2load", "--h1", "-t1", f"-c{case.connections}", f"-D{max(1, int(seconds))}"]
    for name, value in fields.items():
        arguments += ["-H", f"{name}: {value}"]
    arguments.append(f"http://127.0.0.1:{server.port}{case.target}")
    before = server.cpu_nanoseconds()
    output = run_pinned(arguments, case)
    spent = server.cpu_nanoseconds() - before
    found = re.search(r"finished in ([\d.]+)(us|ms|s),", output)
    done = re.search(r"requests: \d+ total, \d+ started, (\d+) done, \d+ succeeded, (\d+) failed",
                     output)
    if not found or not done or int(done[2]) > 0:
        raise BenchmarkError(f"h2load against {server.name}: {output}")
    unit = {"us": 1e-6, "ms": 0.001, "s": 1}[found[2]]
    return {"requests": int(done[1]), "seconds": float(found[1]) * unit, "cpu_ns": spent}


def run_pinned(arguments, case, interrupt_after=None):
    """Runs a generator on the load's cores, and gives what it wrote."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=system.pin(case.load_cores))
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
        raise BenchmarkError(f"{arguments[0]}: {output}")
    return output


def own(server, case, fields, seconds, directory):
    """A round of our own generator, as fast as answers come."""
    found = at_rate(server, case, fields, seconds, 0, directory)
    if case.counts_bytes:
        found["requests"] = found["bytes"] / case.content
    return found


def at_rate(server, case, fields, seconds, rate, directory):
    """A round of our own generator at a constant rate, or with 0 as fast as answers come."""
    requests = documents.write_requests(directory, server.port, case, fields)
    status = str(case.statuses[0])[0]  # which of the class was looked at before
    warm = 0 if case.counts_bytes or case.upload_bytes > 1 << 20 else 1
    process = subprocess.Popen(
        [system.build_c("load.c"), str(server.port), str(case.connections), str(seconds),
         str(rate), status, str(warm), *requests],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=system.pin(case.load_cores))
    timer = None
    try:
        timer = end_later(process, seconds + PATIENCE_SECONDS)
        ready = process.stdout.readline()
        before = server.cpu_nanoseconds()
        if ready:
            process.stdin.write("\n")
            process.stdin.flush()
        line = process.stdout.readline()
        spent = server.cpu_nanoseconds() - before
        process.stdin.close()
        process.wait(timeout=PATIENCE_SECONDS)
        if not line:
            raise BenchmarkError(f"load against {server.name}: {process.stderr.read()}")
        found = json.loads(line)
        if found["wrong"] > 0:
            raise BenchmarkError(f"{server.name}, {case.name}: {process.stderr.read()}")
        return {**found, "cpu_ns": spent}
    finally:
        if timer:
            timer.cancel()
        process.kill()
        process.wait()


def end_later(process, seconds):
    """Ends a process if it still runs then; the timer can be cancelled."""
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    return timer
