"""The daemon's memory, fresh, with idle connections and after many requests; its start; its size.

READY=1 comes on a notification socket of our own; its time is taken from just before the program is
executed. The memory of a connection is the difference of the process's resident memory with
all of them and without; what the kernel has for their sockets is not in it.
"""

import dataclasses
import os
import socket
import statistics
import subprocess
import time

from . import daemon, loads, servers, system
from .cases import CASES_BY_NAME
from .system import BenchmarkError

STARTS = 9
CONNECTIONS = 10_000
REQUESTS = 1_000_000


def start_until_ready(directory, root):
    """Milliseconds from the execution of the program to its READY=1."""
    configuration, _ = daemon.configure(directory, root)
    arguments = [daemon.path(), "--config", configuration,
                 "--listen", f"127.0.0.1:{servers.free_port()}"]
    address = directory / "notify"
    read_time, write_time = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(address))
        notify.settimeout(15)

        def note_time():
            system.pin([system.SERVER_CORE])()
            os.write(write_time, str(time.monotonic_ns()).encode())

        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=note_time,
            env={**os.environ, "NOTIFY_SOCKET": str(address)})
        try:
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass
            ready = time.monotonic_ns()
            return (ready - int(os.read(read_time, 64))) / 1e6
        except TimeoutError:
            raise BenchmarkError("the daemon does not say READY=1") from None
        finally:
            os.close(read_time)
            os.close(write_time)
            process.terminate()
            process.wait(timeout=10)
            address.unlink()


def open_idle(port, count):
    """Opens connections that each do one GET, to the last byte, and stay."""
    request = f"GET /1k.html HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < 1024:
            content = connection.recv(65536)
            if not content:
                raise BenchmarkError(f"connection {len(connections)} was closed: {answer[:200]!r}")
            answer += content
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise BenchmarkError(f"connection {len(connections)} got {answer[:60]!r}")
        connections.append(connection)
    return connections


def measure_idle(directory, root, count):
    """Memory of a fresh daemon, and of an idle connection."""
    with daemon.start(directory, root) as server:
        server.await_port()
        time.sleep(0.3)  # what only the start needs is given back when all workers run
        fresh = server.memory()
        servers.ask(server.port, "/1k.html")
        time.sleep(0.3)
        before = server.memory()
        connections = open_idle(server.port, count)
        time.sleep(1)
        after = server.memory()
        # All of them still are connections that answer.
        for connection in connections[:: max(1, len(connections) // 100)]:
            connection.sendall(b"HEAD /1k.html HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if not connection.recv(65536).startswith(b"HTTP/1.1 200 "):
                raise BenchmarkError("an idle connection does not answer any more")
        for connection in connections:
            connection.close()
    return fresh, (after["rss"] - before["rss"]) / count


def measure_growth(directory, root, count):
    """How much memory there is more after many requests than after a hundredth of them."""
    case = dataclasses.replace(CASES_BY_NAME["1k"], load="load")
    with daemon.start(directory, root) as server:
        server.await_port()
        with loads.start(server, case, {}, directory) as load:
            answered, after_few = 0, None
            while answered < count:
                answered += load.round(1 if after_few else 0.2)["requests"]
                if after_few is None and answered >= count / 100:
                    after_few = server.memory()["rss"]
            time.sleep(0.3)
            return server.memory()["rss"] - after_few


def stripped_bytes(directory):
    """The size of the program as the package has it."""
    output = directory / "stripped"
    subprocess.run(["strip", "-o", output, daemon.path()], check=True, timeout=60)
    return output.stat().st_size


def measure(directory, options):
    """All figures of memory, start and size."""
    own, root = directory / "memory", directory / "www"
    own.mkdir()
    count = 50 if options.tiny else CONNECTIONS
    limit = system.raise_descriptor_limit()
    if limit < count + 100:
        raise BenchmarkError(f"the hard limit on open descriptors is {limit}, and {count + 100} "
                             "are needed (ulimit -Hn)")
    times = [start_until_ready(own, root) for _ in range(2 if options.tiny else STARTS)]
    fresh, idle = measure_idle(own, root, count)
    return {
        "ready_ms": statistics.median(times),
        "fresh_rss": fresh["rss"],
        "fresh_pss": fresh["pss"],
        "idle_connection": idle,
        "growth": measure_growth(own, root, 1000 if options.tiny else REQUESTS),
        "stripped": stripped_bytes(own),
    }
