"""What was acknowledged stays, what was not leaves nothing: kills, full disks, order of calls."""

import hashlib
import os
import random
import shutil
import subprocess
import threading

import pytest

from daemon import Daemon, give, make_directory, until
from httpwire import chunked, request

CODED = {"Transfer-Encoding": "chunked"}
EXPECT = {"Expect": "100-continue"}


def put(server, target, content=b"", **options):
    """The response to an upload."""
    return server.fetch(target, "PUT", (), content, **options)


def described(name, number):
    """Content that tells its own name, size and digest."""
    data = random.Random(number).randbytes(random.Random(~number).randrange(300_000))
    return b"%s %d %s\n" % (name.encode(), len(data), hashlib.sha256(data).hexdigest().encode()) \
        + data


def is_whole(name, content):
    """Whether content is whole by what it says of itself."""
    head, _, data = content.partition(b"\n")
    return head == b"%s %d %s" % (
        name.encode(), len(data), hashlib.sha256(data).hexdigest().encode())


class TestKilled:
    @pytest.mark.parametrize("durability", ["full", "none"])
    def test_during_200_uploads(self, start_daemon, durability):
        daemon = start_daemon(site={"Upload": "yes", "UploadDurability": durability})
        old = {}
        for number in range(50):
            name = "file-%d" % number
            old[name] = described(name, 10_000 + number)
            daemon.put_file(name, old[name])
        for turn in range(3):
            acknowledged = self.upload_and_kill(daemon, turn)
            daemon.start()
            assert until(lambda: all(
                name.startswith("file-") for name in os.listdir(daemon.root))), "leftovers"
            names = os.listdir(daemon.root)
            for name in names:
                assert is_whole(name, daemon.read_file(name)), "%s is torn" % name
            for name, content in acknowledged.items():
                assert daemon.read_file(name) == content, "%s was acknowledged" % name
                assert daemon.fetch("/" + name, timeout=20).content == content
            assert set(old) <= set(names), "an old file is lost"
            assert daemon.unnamed_files() == []

    @staticmethod
    def upload_and_kill(daemon, turn):
        acknowledged, threads = {}, []
        enough = threading.Event()

        def upload(number):
            name = "file-%d" % number
            content = described(name, turn * 1000 + number)
            try:
                with daemon.connect(timeout=20) as connection:
                    connection.send(request("/" + name, "PUT", content=content))
                    response = connection.read("PUT")
                    if response is not None and response.status in (201, 204):
                        acknowledged[name] = content
                        if len(acknowledged) >= 40 + 40 * turn:
                            enough.set()
            except OSError:
                pass
        for number in range(200):
            threads.append(threading.Thread(target=upload, args=(number,)))
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        daemon.kill()
        for thread in threads:
            thread.join()
        return acknowledged


class TestDiskFull:
    """On a file system of 16 MiB of its own; mounting one takes root."""

    @pytest.fixture
    def small(self, start_daemon, request):
        directory = make_directory()
        root = directory + "/root"
        os.mkdir(root)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=64,mode=0777",
                        "httpd-swift-wire", root], check=True)
        daemon = Daemon(directory=directory, site={"Upload": "yes"})
        try:
            yield daemon.start()
            daemon.stop()
        finally:
            daemon.kill()
            subprocess.run(["umount", "-l", root], check=True)
            daemon.remove()

    @staticmethod
    def free(daemon):
        status = os.statvfs(daemon.root)
        return status.f_bfree * status.f_bsize

    @pytest.mark.parametrize("form", ["length", "chunks"])
    def test_insufficient_storage(self, small, form):
        old = random.Random(1).randbytes(6 << 20)
        assert put(small, "/old.bin", old, timeout=20).status == 201
        before = self.free(small)
        for target in ("/new.bin", "/old.bin"):
            content = bytes(14 << 20)
            octets = request(target, "PUT", content=content) if form == "length" else \
                request(target, "PUT", CODED) + chunked(content, 1 << 16)
            with small.connect(timeout=20) as connection:
                connection.send(octets)
                response = connection.read("PUT")
                assert response is not None, connection.ending
                assert response.status == 507 and response.content
            assert until(lambda: self.free(small) == before), "space is kept"
            assert os.listdir(small.root) == ["old.bin"]
        assert small.fetch("/old.bin", timeout=20).content == old
        assert put(small, "/fits.bin", bytes(8 << 20), timeout=20).status == 201

    def test_known_length_is_refused_before_the_content(self, small):
        fields = {"Content-Length": 100 << 20, **EXPECT}
        with small.connect() as connection:
            response = connection.ask(request("/new.bin", "PUT", fields), "PUT")
            assert response.status == 507 and response.interim == []

    def test_no_names_left(self, small):
        statuses = [put(small, "/name-%d" % number, b"x").status for number in range(80)]
        assert set(statuses) == {201, 507}
        assert len(os.listdir(small.root)) == statuses.count(201)
        assert put(small, "/name-0", b"y").status in (204, 507)
        os.unlink(small.path("name-1"))
        os.unlink(small.path("name-2"))
        assert put(small, "/name-1", b"y").status == 201


class Trace:
    """What a process did, as strace writes it: calls with the lines of their begin and end."""

    def __init__(self, path):
        self.calls, pending = [], {}
        with open(path, errors="replace") as file:
            for number, line in enumerate(file):
                thread, _, text = line.strip().partition(" ")
                text = text.strip()
                if text.endswith("<unfinished ...>"):
                    pending[thread] = (number, text[:-len("<unfinished ...>")])
                elif text.startswith("<... "):
                    began, start = pending.pop(thread)
                    self.calls.append((began, number, start + text.split("resumed>", 1)[1]))
                else:
                    self.calls.append((number, number, text))

    def find(self, words, behind=-1):
        """The first call behind a line that holds one word of each alternative."""
        for began, ended, text in sorted(self.calls):
            if began > behind and all(
                    any(word in text for word in alternatives) for alternatives in words):
                return ended, text
        raise AssertionError("no %r behind line %d of\n%s" % (
            words, behind, "\n".join("%d-%d %s" % call for call in sorted(self.calls))))

    def count(self, *words):
        """How many calls begin with one of the words."""
        return sum(text.startswith(words) for _, _, text in self.calls)


class TestDurability:
    """The order of the calls is the promise: what was acknowledged is on stable storage."""

    def trace(self, start_daemon, durability, steps):
        traces = make_directory()
        path = traces + "/trace"
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        daemon = start_daemon(
            site={"Upload": "yes", "UploadDurability": durability},
            wrapper=["strace", "-f", "-y", "-s", "80", "-o", path, *user, "-e",
                     "trace=write,writev,pwrite64,pwritev,splice,copy_file_range,fsync,fdatasync,"
                     "syncfs,sync_file_range,link,linkat,rename,renameat,renameat2,sendto,sendmsg"])
        daemon.put_directory("dir")
        give(daemon.root)
        steps(daemon)
        daemon.stop()
        trace = Trace(path)
        shutil.rmtree(traces)
        return trace

    @staticmethod
    def steps(daemon):
        assert put(daemon, "/dir/traced.txt", b"MARK-ONE" * 100).status == 201
        assert put(daemon, "/dir/traced.txt", b"MARK-TWO" * 100).status == 204

    WRITES = ("write(", "writev(", "pwrite64(", "pwritev(", "splice(")
    LINKS = ("linkat(", "renameat(", "renameat2(", "link(", "rename(")
    SYNCS = ("fsync(", "fdatasync(")
    SENDS = ("sendto(", "sendmsg(", "write(", "writev(")

    def test_full(self, start_daemon):
        trace = self.trace(start_daemon, "full", self.steps)
        at = -1
        for mark, answer in (("MARK-ONE", "HTTP/1.1 201"), ("MARK-TWO", "HTTP/1.1 204")):
            at, _ = trace.find([self.WRITES, (mark, "splice(")], at)
            at, text = trace.find([self.SYNCS, ("/root/dir/",)], at)
            at, text = trace.find([self.LINKS, ("traced.txt",)], at)
            assert text.endswith("= 0"), text
            at, text = trace.find([("fsync(",), ("/root/dir>",)], at)
            assert text.endswith("= 0"), text
            at, _ = trace.find([self.SENDS, (answer,)], at)

    def test_data(self, start_daemon):
        trace = self.trace(start_daemon, "data", self.steps)
        at = -1
        for mark, answer in (("MARK-ONE", "HTTP/1.1 201"), ("MARK-TWO", "HTTP/1.1 204")):
            at, _ = trace.find([self.WRITES, (mark, "splice(")], at)
            at, _ = trace.find([self.SYNCS, ("/root/dir/",)], at)
            at, _ = trace.find([self.LINKS, ("traced.txt",)], at)
            at, _ = trace.find([self.SENDS, (answer,)], at)
        assert trace.count("fsync(", "fdatasync(") == 2

    def test_none(self, start_daemon):
        trace = self.trace(start_daemon, "none", self.steps)
        trace.find([self.LINKS, ("traced.txt",)])
        assert trace.count("fsync(", "fdatasync(", "syncfs(") == 0

    def test_directories_that_are_made_are_stored_too(self, start_daemon):
        def steps(daemon):
            daemon.site["UploadCreateDirectories"] = "yes"
            daemon.write_configuration()
            assert daemon.control("/v1/reload", "POST", b"").status == 200
            assert put(daemon, "/dir/made/deep/traced.txt", b"MARK-ONE").status == 201
        trace = self.trace(start_daemon, "full", steps)
        answer, _ = trace.find([self.SENDS, ("HTTP/1.1 201",)])
        for directory in ("/root/dir>", "/root/dir/made>", "/root/dir/made/deep>"):
            at, _ = trace.find([("fsync(",), (directory,)])
            assert at < answer, "the name of what is in %s may be lost" % directory
