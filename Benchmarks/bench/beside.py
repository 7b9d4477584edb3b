"""What disturbs those whose latency is measured; each runs as a process of its own.

    python3 -m bench.beside slow PORT COUNT   clients of whom half send a head octet by octet, and
                                              half take 10 MiB at 15 KiB a second
    python3 -m bench.beside upload PORT       16 MiB at 100 MB a second, durably, again and again
    python3 -m bench.beside cold PORT FILE    1 GiB, thrown out of memory before it is asked for

Each says "ready" when it disturbs, and goes on until it is ended.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time

from . import system
from .system import BenchmarkError

# Each slow client sends an octet, or takes a few KiB, once in this time.
TURN_SECONDS = 0.4
READ_BYTES = 6 << 10
UPLOAD_BYTES = 16 << 20
UPLOAD_RATE = 100_000_000
CHUNK = 64 << 10


@contextlib.contextmanager
def disturb(*arguments):
    """Runs one of these beside what is measured."""
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "bench.beside", *(str(word) for word in arguments)],
        stdout=subprocess.PIPE, text=True, cwd=system.BENCHMARKS,
        preexec_fn=system.pin([system.LOAD_CORE]))
    try:
        if process.stdout.readline() != "ready\n":
            raise BenchmarkError(f"{arguments[0]} clients do not get ready")
        yield
        if process.poll() is not None:
            raise BenchmarkError(f"{arguments[0]} clients ended early")
    finally:
        process.kill()
        process.wait()


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def say_ready():
    print("ready", flush=True)


def slow(port, count):
    """Slow senders and slow readers; those whose connection ends come back."""
    head = b"GET / HTTP/1.0\r\n\r\n"
    request = b"GET /10m.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"
    clients = []
    for number in range(count):
        connection = connect(port)
        if number % 2:
            connection.sendall(request)
        clients.append([connection, 0])
    begin, turns = time.monotonic(), 0
    say_ready()
    # One after the other at even distances.
    gap = TURN_SECONDS / count
    while True:
        for number, client in enumerate(clients):
            sends = number % 2 == 0
            if not (send_octet(client, head) if sends else read_some(client)):
                client[0].close()
                client[:] = [connect(port), 0]
                if not sends:
                    client[0].sendall(request)
            due = begin + turns * TURN_SECONDS + number * gap
            time.sleep(max(0, due - time.monotonic()))
        turns += 1


def send_octet(client, head):
    """Sends one more octet of a head; the whole head is answered, and not this connection again."""
    connection, sent = client
    if sent == len(head):
        return False
    try:
        connection.send(head[sent:sent + 1])
    except OSError:
        return False
    client[1] += 1
    return True


def read_some(client):
    """Takes a few KiB of what is there."""
    connection, received = client
    connection.setblocking(False)
    try:
        content = connection.recv(READ_BYTES)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(30)
    client[1] = received + len(content)
    return bool(content) and client[1] < 10 << 20


def upload(port):
    """Uploads without an end."""
    content = os.urandom(CHUNK)
    head = (f"PUT /put/beside.bin HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {UPLOAD_BYTES}\r\n\r\n").encode()
    connection = connect(port)
    say_ready()
    while True:
        connection.sendall(head)
        begin = time.monotonic()
        for sent in range(0, UPLOAD_BYTES, CHUNK):
            connection.sendall(content)
            ahead = begin + (sent + CHUNK) / UPLOAD_RATE - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        answer = connection.recv(1 << 16)
        if not answer.startswith(b"HTTP/1.1 20"):
            sys.exit(f"an upload is answered with {answer[:80]!r}")


def cold(port, path):
    """Downloads of a large file, none of which is in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    count = os.fstat(descriptor).st_size
    request = b"GET /1g.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"
    connection = connect(port)
    say_ready()
    while True:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        connection.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        left = count
        while left > 0:
            received = len(connection.recv(min(left, 1 << 20)))
            if received == 0:
                sys.exit("the server closed a connection")
            left -= received


if __name__ == "__main__":
    kind, port, *rest = sys.argv[1:]
    if kind == "slow":
        slow(int(port), int(rest[0]))
    elif kind == "upload":
        upload(int(port))
    else:
        cold(int(port), rest[0])
