"""Nothing from outside a document root is served, and nothing is written there."""

import ctypes
import os
import threading
import time

import pytest

from daemon import give, make_directory
from httpwire import request

CANARY = b"CANARY-OUTSIDE\n"
INSIDE = b"inside\n"
RENAME_EXCHANGE = 2
AT_FDCWD = -100


def exchange(left, right):
    """Let two names change places at once, as `renameat2(2)` does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, left.encode(), AT_FDCWD, right.encode(), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def write(path, content):
    """A file that everyone may read, outside of what is served."""
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, 0o644)
    give(path)


@pytest.fixture(scope="module")
def server(start_daemon):
    base = make_directory()
    write(base + "/canary.txt", CANARY)
    for name in ("outside", "root-secret"):
        os.mkdir(base + "/" + name)
        write(base + "/" + name + "/index.html", CANARY)
        write(base + "/" + name + "/file.txt", CANARY)
        give(base + "/" + name)
    daemon = start_daemon(
        directory=base, site={"UploadDurability": "none"},
        paths={"/up/": {"Upload": "yes"}, "/auto/": {
            "Upload": "yes", "UploadCreateDirectories": "yes"}})
    daemon.put_file("index.html", INSIDE)
    daemon.put_file("hello.txt", INSIDE)
    daemon.put_file("sub/hello.txt", INSIDE)
    daemon.put_file("sub/index.html", INSIDE)
    daemon.put_directory("up")
    daemon.put_directory("auto")
    yield daemon
    assert daemon.is_running()
    outside = sorted(os.listdir(base))
    assert outside == sorted([
        "canary.txt", "outside", "root-secret", "root", "log", "httpd-swift.conf", "control.sock",
        "notify.sock", "stderr"]), outside
    for name in ("outside", "root-secret"):
        assert sorted(os.listdir(base + "/" + name)) == ["file.txt", "index.html"]
        for file in ("index.html", "file.txt"):
            with open(base + "/" + name + "/" + file, "rb") as opened:
                assert opened.read() == CANARY


def leaks(content):
    """Whether octets are from outside the root."""
    return CANARY.strip() in content or b"root:x:0" in content or b"NOTIFY_SOCKET" in content


UP = ["..", "%2e%2e", "%2E%2e", ".%2e", "%2e.", "%252e%252e", "%25252e%25252e", "..%00", "..%20",
      "..;", "..;a=b", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%f0%80%80%ae%f0%80%80%ae",
      "%uff0e%uff0e", "%u002e%u002e", "\u002e\u002e", "%ef%bc%8e%ef%bc%8e", "...", "....", ".",
      "..%0d", "..%09", "%2e%2e%00", "%00..", "..%5c..", "..\\..", "..?", "..%23"]
SLASHES = ["/", "//", "%2f", "%2F", "%252f", "\\", "%5c", "%255c", "/./", "%c0%af", "%e0%80%af",
           "%u2215", "/%2e/", ";/", "%00/", "/%00/"]
PREFIXES = ["/", "/sub/", "/missing/", "//", "/sub/../", "/up/", "/./"]
ENDS = ["canary.txt", "outside/file.txt", "root-secret/file.txt", "etc/passwd"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("up", UP)
def test_dot_segments(server, prefix, up):
    with server.connect() as connection:
        for slash in SLASHES:
            for depth in (1, 2, 3, 12):
                for end in ENDS:
                    target = prefix + (up + slash) * depth + end
                    response = connection.ask(request(target))
                    assert response is not None, target
                    assert not leaks(response.content), target
                    assert response.status in (200, 301, 400, 404, 414), (target, response)
                    if response.status == 200:
                        assert response.content == INSIDE, target
                    if response.closes:
                        connection.reconnect()


@pytest.mark.parametrize("target", [
    "/..", "/../", "/%2e%2e", "/%2e%2e/", "/..%2f", "/sub/../../", "/sub/%2e%2e/%2e%2e/",
    "/../root/",
    "/../root-secret/", "/%2e%2e/root-secret/", "/../root/hello.txt", "//etc/passwd",
    "///etc/passwd", "/etc/passwd", "/%2fetc%2fpasswd", "/%2Fetc/passwd", "http://localhost/../",
    "http://localhost/%2e%2e/canary.txt", "http://localhost//etc/passwd", "/proc/self/environ",
    "/C:/canary.txt", "/C:\\canary.txt", "/\\\\localhost\\c$\\x", "/~root/", "/~/", "/$HOME",
    "/%00/../canary.txt", "/file:///etc/passwd", "/hello.txt/../../canary.txt", "/-/../..",
    "/hello.txt%00../../canary.txt", "/index.html/%2e%2e/%2e%2e/canary.txt", "/..-secret/file.txt",
    "/-secret/file.txt",
])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_target(server, method, target):
    response = server.fetch(target, method)
    assert not leaks(response.content)
    assert response.status in ((400, 404) if method != "OPTIONS" else (200, 204, 400, 404)) or \
        response.content == INSIDE or response.status == 301
    location = response.get("location", "/")
    assert location.startswith("/") and not location.startswith("//") and ".." not in location


class TestSymbolicLinks:
    @pytest.fixture(scope="class")
    def linked(self, server):
        base = server.directory
        links = {
            "file-absolute": base + "/canary.txt", "file-relative": "../../canary.txt",
            "directory-absolute": base + "/outside", "directory-relative": "../../outside",
            "parent": "../..", "to-the-root-of-all": "/", "etc": "/etc", "passwd": "/etc/passwd",
            "to-link": "file-relative", "to-link-directory": "directory-relative",
            "around": "../../root/../canary.txt", "sibling": "../../root-secret",
            "working-directory": "/proc/self/cwd", "process-root": "/proc/self/root",
            "environment": "/proc/self/environ", "memory-map": "/proc/self/maps",
            "descriptors": "/proc/self/fd", "devices": "/dev/fd", "zero": "/dev/zero",
            "stdin": "/dev/stdin", "deep/file": "../../../canary.txt", "deep/up": "../../..",
            "page/index.html": "../../../canary.txt",
        }
        links.update({"descriptor-%d" % n: "/proc/self/fd/%d" % n for n in range(3, 20)})
        for name, destination in links.items():
            path = server.path("links/" + name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(destination, path)
        return links

    @pytest.mark.parametrize("below", [
        "", "/", "/canary.txt", "/outside/file.txt", "/file.txt", "/index.html", "/etc/passwd",
        "/passwd", "/root-secret/file.txt", "/../canary.txt", "/self/environ", "/proc/self/environ",
    ])
    def test_out_of_the_root(self, server, linked, below):
        with server.connect(timeout=3) as connection:
            for name in linked:
                for method in ("GET", "HEAD"):
                    response = connection.ask(request("/links/" + name + below, method), method)
                    assert response is not None, "%s blocked" % name
                    assert not leaks(response.content), name
                    assert response.status in (301, 400, 403, 404), name
                    if response.status == 301:
                        assert name in ("deep", "page"), name

    def test_inside_the_root(self, server):
        links = {"in-file": "hello.txt", "in-directory": "sub", "in/around": "../sub/../hello.txt",
                 "in/deep": "../sub/hello.txt", "in/chain": "deep"}
        for name, destination in links.items():
            os.makedirs(os.path.dirname(server.path(name)), exist_ok=True)
            os.symlink(destination, server.path(name))
        for target in ("/in-file", "/in-directory/hello.txt", "/in-directory/", "/in/around",
                       "/in/deep", "/in/chain"):
            response = server.fetch(target)
            assert (response.status, response.content) == (200, INSIDE), target
        assert server.fetch("/in-directory").status == 301

    def test_loops_and_dead_ends(self, server):
        for name, destination in (("loop", "loop"), ("ping", "pong"), ("pong", "ping"),
                                  ("dead", "nowhere"), ("dead-out", "/nowhere/at/all")):
            os.symlink(destination, server.path(name))
        for target in ("/loop", "/loop/", "/ping/x", "/dead", "/dead-out"):
            assert server.fetch(target).status in (403, 404), target

    def test_fallback_page_that_is_a_link_out(self, start_daemon):
        daemon = start_daemon(site={"Fallback": "/page.html"})
        write(daemon.directory + "/canary.txt", CANARY)
        os.symlink("../canary.txt", daemon.path("page.html"))
        response = daemon.fetch("/missing")
        assert response.status == 404 and not leaks(response.content)

    def test_uploads_through_links(self, server):
        base = server.directory
        links = {"up/file": base + "/canary.txt", "up/relative": "../../canary.txt",
                 "up/directory": "../../outside", "up/new": "../../new.txt", "up/parent": "../..",
                 "up/absolute": base, "auto/directory": "../../outside", "auto/parent": "../..",
                 "up/proc": "/proc/self/cwd"}
        for name, destination in links.items():
            os.symlink(destination, server.path(name))
        for target in ("/up/file", "/up/relative", "/up/directory", "/up/new", "/up/parent",
                       "/up/directory/file.txt", "/up/directory/made.txt", "/up/parent/made.txt",
                       "/up/absolute/made.txt", "/auto/directory/made.txt", "/up/proc/made.txt",
                       "/auto/directory/a/b/made.txt", "/auto/parent/x/made.txt"):
            response = server.fetch(target, "PUT", content=b"escaped\n")
            assert response.status < 500, target
            if response.status < 300:
                name = target[1:]
                assert not os.path.islink(server.path(name)), "written through %s" % target
                assert "/" not in name.split("/", 1)[1], target
                assert server.fetch(target).content == b"escaped\n"
        with open(base + "/canary.txt", "rb") as file:
            assert file.read() == CANARY
        assert not os.path.exists(base + "/new.txt") and not os.path.exists(base + "/made.txt")


@pytest.mark.parametrize("target", [
    "/up/../made.txt", "/up/%2e%2e/made.txt", "/up/..%2fmade.txt", "/up/../../made.txt",
    "/up/%2e%2e/%2e%2e/made.txt", "/up/..%2f..%2fmade.txt", "/up/..\\..\\made.txt",
    "/up/..%5c..%5cmade.txt", "/up/%252e%252e%252fmade.txt", "/up/%c0%ae%c0%ae/made.txt",
    "/up//../../made.txt", "/up/./../../made.txt", "/auto/../../made/made.txt",
    "/auto/%2e%2e/%2e%2e/a/made.txt", "/up/made.txt%00.jpg", "/up%2fmade.txt",
    "/up%2f..%2fmade.txt",
    "//up/../../made.txt", "/up/a/../../../made.txt", "/auto/a/%2e%2e/%2e%2e/%2e%2e/made.txt",
    "/auto/..%2f..%2fx/made.txt", "/sub/../up/../made.txt",
])
def test_upload_target(server, target):
    response = server.fetch(target, "PUT", content=b"escaped\n")
    assert response.status < 500
    assert not os.path.exists(server.directory + "/made.txt")
    assert not os.path.exists(server.path("made.txt")), "outside of where uploads are allowed"
    assert not os.path.exists(server.directory + "/made")


class Swapping:
    """Names that change between inside and outside all the time, in a thread."""

    def __init__(self, daemon, directory):
        self.count = 0
        self.stop = threading.Event()
        self.directory = directory
        inside, outside = directory + "/inside", daemon.directory + "/outside"
        os.makedirs(inside, exist_ok=True)
        os.chmod(inside, 0o755)
        give(directory)
        give(inside)
        write(inside + "/file.txt", INSIDE)
        # A link that leads in and out in turn; a directory and a link that change places; the same
        # for a file.
        os.symlink("inside", directory + "/link")
        os.mkdir(directory + "/exchanged")
        give(directory + "/exchanged")
        write(directory + "/exchanged/file.txt", INSIDE)
        os.symlink(outside, directory + "/exchanged-out")
        write(directory + "/plain.txt", INSIDE)
        os.symlink(outside + "/file.txt", directory + "/plain-out")
        self.outside = outside
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.is_set():
            for destination in (self.outside, "inside"):
                os.symlink(destination, self.directory + "/link-new")
                os.replace(self.directory + "/link-new", self.directory + "/link")
            exchange(self.directory + "/exchanged", self.directory + "/exchanged-out")
            try:
                exchange(self.directory + "/plain.txt", self.directory + "/plain-out")
            except FileNotFoundError:
                pass
            self.count += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def test_swapped_while_read(server, pool):
    directory = server.path("swapped")
    os.mkdir(directory)
    deadline = time.monotonic() + 3

    def read(_):
        seen = {}
        with server.connect() as connection:
            while time.monotonic() < deadline:
                for name in ("link/file.txt", "exchanged/file.txt", "plain.txt", "link/",
                             "exchanged-out/file.txt", "plain-out", "link/index.html"):
                    response = connection.ask(request("/swapped/" + name))
                    assert not leaks(response.content), name
                    if response.status == 200:
                        assert response.content == INSIDE
                    seen[response.status] = seen.get(response.status, 0) + 1
        return seen
    with Swapping(server, directory) as swapping:
        for seen in pool.map(read, range(2)):
            assert seen.get(200), seen
            assert set(seen) <= {200, 301, 403, 404}, seen
    assert swapping.count > 100


def test_swapped_while_written(server, pool):
    directory = server.path("up/swapped")
    os.mkdir(directory)
    deadline = time.monotonic() + 3

    def write_all(number):
        seen = {}
        with server.connect() as connection:
            count = 0
            while time.monotonic() < deadline:
                count += 1
                for name in ("link/file.txt", "exchanged/file.txt", "plain.txt",
                             "link/made-%d-%d.txt" % (number, count),
                             "exchanged/made-%d-%d.txt" % (number, count)):
                    response = connection.ask(
                        request("/up/swapped/" + name, "PUT", content=b"escaped\n"), "PUT")
                    seen[response.status] = seen.get(response.status, 0) + 1
                    if response.closes:
                        connection.reconnect()
        return seen
    with Swapping(server, directory) as swapping:
        for seen in pool.map(write_all, range(2)):
            assert set(seen) <= {201, 204, 403, 404, 409}, seen
            assert seen.get(201) and seen.get(204), seen
    assert swapping.count > 10
    # The fixture looks at what is outside at the end.
    assert sorted(os.listdir(swapping.outside)) == ["file.txt", "index.html"]
