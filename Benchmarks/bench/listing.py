"""How soon a large directory is listed, and whether other requests wait for it."""

import http.client
import statistics
import threading
import time

from . import daemon
from .system import BenchmarkError

ENTRIES = 50_000


def fetch(connection, target, fields=()):
    """Milliseconds to the first and to the last byte of an answer, and how many bytes it has."""
    began = time.monotonic()
    connection.request("GET", target, headers=dict(fields))
    response = connection.getresponse()
    first = time.monotonic()
    byte_count = 0
    while content := response.read(1 << 20):
        byte_count += len(content)
    if response.status != 200:
        raise BenchmarkError(f"{target} is answered with {response.status}")
    return (first - began) * 1000, (time.monotonic() - began) * 1000, byte_count


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def wait_beside(port, seconds):
    """Milliseconds that a small file takes, each time, while another connection lists."""
    ends = time.monotonic() + seconds
    failures = []

    def list_again_and_again():
        try:
            connection = connect(port)
            while time.monotonic() < ends:
                fetch(connection, "/large/")
        except (BenchmarkError, OSError) as error:
            failures.append(error)

    thread = threading.Thread(target=list_again_and_again)
    thread.start()
    connection, times = connect(port), []
    while time.monotonic() < ends:
        times.append(fetch(connection, "/1k.html")[1])
        time.sleep(0.002)
    thread.join()
    if failures:
        raise BenchmarkError(failures[0])
    return sorted(times)


def measure(directory, options):
    """The time of each kind of listing, and the 99th percentile of others beside it."""
    own, large = directory / "listing", directory / "www" / "large"
    own.mkdir()
    large.mkdir()
    entries = 500 if options.tiny else ENTRIES
    for number in range(entries):
        (large / f"a file {number * 7919 % entries:06}.txt").touch()
    found = {"listings": {}}
    with daemon.start(own, directory / "www", site=("Listing=yes",)) as server:
        server.await_port()
        connection = connect(server.port)
        for name, fields in [("page", {}), ("JSON", {"Accept": "application/json"})]:
            for query in ["", "?sort=size&order=desc"]:
                results = [fetch(connection, "/large/" + query, fields) for _ in range(9)]
                found["listings"][name + query] = {
                    "first_ms": statistics.median(result[0] for result in results),
                    "last_ms": statistics.median(result[1] for result in results),
                    "bytes": results[0][2]}
        times = wait_beside(server.port, 0.3 if options.tiny else 5)
    found["beside"] = {"p50": statistics.median(times), "p99": times[len(times) * 99 // 100],
                       "max": times[-1]}
    return found
