"""The pages as made from this checkout, the daemon that serves them, and a browser to look."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from browser import Browser
from listing import NAMES

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAKE_PAGES = ROOT / "packaging" / "pages" / "make-pages.py"


def make_pages(output, source=ROOT):
    """Runs the generator as the build does, with Debian's Python."""
    subprocess.run(["/usr/bin/python3", MAKE_PAGES, output, "--source", source], check=True)
    return output


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The directory with the pages of this checkout."""
    directory = tmp_path_factory.mktemp("pages")
    directory.chmod(0o755)
    return make_pages(directory)


class Daemon:
    """The real daemon in the foreground, serving a directory on a port of the loopback interface.

    `site` are keys of the site that differ from their defaults.
    """

    def __init__(self, root, **site):
        program = os.environ.get("HTTPD_SWIFT", ROOT / ".build" / "release" / "httpd-swift")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.config = tempfile.NamedTemporaryFile("w", suffix=".conf")
        self.config.write("[Log]\nFile=\nJournal=none\n[Site default]\n")
        for key, value in {"ServerName": "127.0.0.1", "Root": root, **site}.items():
            self.config.write(f"{key}={value}\n")
        self.config.flush()
        self.process = subprocess.Popen(
            [program, "--config", self.config.name, "--listen", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                ended = self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"{program} does not listen on {self.address}") from None
                time.sleep(0.02)

    def stop(self):
        """Ends the daemon."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.config.close()


@pytest.fixture(scope="session")
def serve():
    """Starts a daemon for a directory; all are ended with the tests."""
    running = []

    def start(root, **site):
        running.append(Daemon(root, **site))
        return running[-1].address
    yield start
    for daemon in running:
        daemon.stop()


@pytest.fixture(scope="session")
def site(pages, serve):
    """The address at which the daemon serves the pages."""
    return serve(pages)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    browser = Browser()
    yield browser
    browser.close()


HARD = {
    "HTTP/Empty.swift": b"",
    "HTTP/NoEnd.swift": b"let a = 1",
    "HTTP/OnlyEnds.swift": b"\n\n\n",
    "HTTP/DOS.swift": b"let a = 1\r\nlet b = 2\r\n",
    "HTTP/Markup.swift": b"let a = \"</code></pre><script>alert(1)</script>\" // &amp; <!-- &lt;\n",
    "HTTP/Open.swift": b"let a = \"never closed\n/* nor this\n\"\"\"\nnor /* that",
    "HTTP/Raw.swift": b"let a = #\"\\(b) \"c\" \"#\nlet d = /[a-z]+\"/\n",
    "HTTP/Bytes.swift": bytes(range(256)),
    "HTTP/Latin.swift": "// ünïcödé\n".encode("latin-1"),
    "HTTP/Mark.swift": "\ufefflet a = \"\u2028\u202e\u200b\U0001f426\ufffe\U0010ffff\x85\"\n".encode(),
    "HTTP/Tabs.swift": b"\tlet a = 1\n\t\t \n",
    "HTTP/module.modulemap": b"module A [system] { link \"a\" }\n",
    "CLinux/Macro.c": b"#define A \\\n  \"</pre>\"\n/* a\n b */ int a;\n",
    "CLinux/include/Macro.h": b"#pragma once\n// a \\\n b\n",
    "Server/files.swift": b"// has the name of a place on the page\n",
    "Server/main.swift": b"// one\n",
    "httpd-swift/main.swift": b"// another of the same name\n",
    "Server/a b'\"&<>%41+Extension.swift": b"// a name that needs quoting\n",
    "Later/New.swift": b"// a module that nobody told the generator of\n",
    "Later/.hidden": b"not shown\n",
    "httpctl/Main.swift": b"// client\n",
    "Control/Control.swift": b"// both\n",
}


@pytest.fixture(scope="session")
def hard_source(tmp_path_factory):
    """A checkout whose sources have every difficulty that a file can have."""
    source = tmp_path_factory.mktemp("hard")
    source.chmod(0o755)
    shutil.copytree(ROOT / "www", source / "www")
    files = dict(HARD)
    random_bytes = random.Random(2)
    pieces = [b"\"", b"\\(", b")", b"/*", b"*/", b"//", b"\n", b"#", b"{", b"}", b"<", b"&", b"\r",
              b"\0", b" ", b"let", b"\xc3", b"\xa4", b"\xff", b"\"\"\"", b"@a", b"1", b"'"]
    for number in range(60):
        suffix = random_bytes.choice(["swift", "c", "h", "txt"])
        content = b"".join(random_bytes.choices(pieces, k=random_bytes.randrange(200)))
        files[f"HTTP/Random/Random{number}.{suffix}"] = content
    for name, content in files.items():
        path = source / "Sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return source


@pytest.fixture(scope="session")
def hard_pages(hard_source):
    """The pages of that checkout."""
    return make_pages(hard_source / "out", hard_source)


@pytest.fixture
def directory(tmp_path):
    """A root with a directory `list` that has every kind of name."""
    root = os.fsencode(tmp_path) + b"/root"
    os.makedirs(root + b"/list/folder/inner")
    os.makedirs(root + b"/list/Another folder")
    os.mkdir(root + b"/list/.hidden")
    for number, name in enumerate(NAMES):
        with open(root + b"/list/" + name, "wb") as file:
            file.truncate(number * number * 1000)
        os.utime(root + b"/list/" + name, (1_700_000_000 - number * 90_000,) * 2)
    os.utime(root + b"/list/folder", (1_700_000_000,) * 2)
    os.utime(root + b"/list/Another folder", (1_600_000_000,) * 2)
    return os.fsdecode(root)


@pytest.fixture
def reading(serve, directory):
    """The address of a listing that may only be read."""
    return serve(directory, Listing="yes", Fallback="") + "/list/"


@pytest.fixture
def writing(serve, directory):
    """The address of a listing where everything is allowed."""
    return serve(directory, Listing="yes", Upload="yes", Delete="yes", UploadMaxSize="1M",
                 UploadCreateDirectories="yes", Fallback="") + "/list/"
