"""The means of the tests of httpctl: the real binary, and scripted servers that it talks to.

A script says what a server does with a connection, byte by byte; no daemon is needed. The binary is
$HTTPCTL, else the one built last.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def newest_binary():
    built = [ROOT / ".build" / kind / "httpctl" for kind in ("release", "debug")]
    built = [path for path in built if path.exists()]
    return max(built, key=lambda path: path.stat().st_mtime) if built else "httpctl"


HTTPCTL = os.environ.get("HTTPCTL") or str(newest_binary())
TIMEOUT = 30

DONE, FAILED, USAGE, NOT_RUNNING, NOT_FOUND, REFUSED, PRECONDITION, TOO_LARGE = range(8)
CLIENT_ERROR, SERVER_ERROR, CONNECTION, TIMED_OUT, NOT_VERIFIED, INTERRUPTED = 8, 9, 10, 11, 12, 130


class Peer:
    """The server's side of one connection."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(TIMEOUT)
        self.buffer = b""

    def read_head(self):
        """The request line and the fields, whose names are in lower case."""
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        line, *rest = head.decode().split("\r\n")
        fields = {}
        for entry in rest:
            name, value = entry.split(":", 1)
            fields[name.lower()] = value.strip()
        return line, fields

    def read(self, count):
        while len(self.buffer) < count:
            self.fill()
        content, self.buffer = self.buffer[:count], self.buffer[count:]
        return content

    def read_to_end(self):
        """What comes until the peer closes or resets."""
        try:
            while True:
                self.fill()
        except (EOFError, ConnectionError):
            return self.buffer

    def read_chunked(self):
        content = b""
        while True:
            while b"\r\n" not in self.buffer:
                self.fill()
            size, self.buffer = self.buffer.split(b"\r\n", 1)
            content += self.read(int(size, 16))
            assert self.read(2) == b"\r\n"
            if int(size, 16) == 0:
                return content

    def fill(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError
        self.buffer += piece

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Server:
    """Serves each connection by a function of its peer, and keeps what goes wrong in it."""

    def __init__(self, serve, path=None):
        self.serve = serve
        self.requests = []
        self.errors = []
        if path is None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
            self.url = "http://127.0.0.1:%d" % self.port
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=[connection], daemon=True).start()

    def handle(self, connection):
        peer = Peer(connection)
        try:
            line, fields = peer.read_head()
            self.requests.append((line, fields))
            self.serve(peer, line, fields)
        except (EOFError, ConnectionError, ValueError):
            pass
        except Exception as error:  # an assertion of the script
            self.errors.append(error)
        finally:
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        assert not self.errors, self.errors


@pytest.fixture(scope="session", autouse=True)
def executable():
    """The program under test, in place of the daemon that the other files here need."""
    assert shutil.which(HTTPCTL), "%s: build it first (make build)" % HTTPCTL
    return HTTPCTL


@pytest.fixture
def server():
    """Starts scripted servers: of a function, or of the bytes that answer each request."""
    started = []

    def start(script, path=None):
        if isinstance(script, (bytes, str)):
            answer = script
            script = lambda peer, line, fields: peer.send(answer)  # noqa: E731
        started.append(Server(script, path))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    """An empty current directory, and an environment without settings."""
    directory = tmp_path / "current"
    directory.mkdir()
    monkeypatch.chdir(directory)
    for name in ("HTTPCTL_SERVER", "HTTPCTL_CONTROL"):
        monkeypatch.delenv(name, raising=False)
    return directory


class Result:
    def __init__(self, status, output, error):
        self.status, self.raw, self.error = status, output, error
        self.output = output.decode(errors="replace")

    def __repr__(self):
        return "exit %d\n%s%s" % (self.status, self.output, self.error)


def run(*arguments, input=b"", **options):
    done = subprocess.run([HTTPCTL, *map(str, arguments)], input=input, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT, **options)
    return Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def ok(content, *fields, status="200 OK"):
    """A response with a length."""
    content = content if isinstance(content, bytes) else content.encode()
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % len(content), *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def entries(directory="."):
    return sorted(os.listdir(directory))


def until(condition, what):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = bytes(range(256)) * 8192


def hear_signals():
    """As on a terminal, whatever started the tests; a job in the background ignores SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
