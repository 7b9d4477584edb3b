"""Validators and media types (RFC 9110 §8.3, §8.8): one strong tag never names two contents."""

import os
import subprocess
import threading
import time

import pytest

import model
from daemon import give, until
from httpwire import http_date, request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
TEN = b"0123456789"
PROSE = b"what is to be compressed, again and again\n" * 100


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(site={"Upload": "yes", "UploadDurability": "none",
                                "Compression": "gzip", "CompressionMinSize": "1000"})
    daemon.put_file("index.html", b"<p>index\n", MODIFIED)
    daemon.put_file("ten.txt", TEN, MODIFIED)
    daemon.put_file("empty.txt", b"", MODIFIED)
    daemon.put_file("prose.txt", PROSE, MODIFIED)
    return daemon


class TestEntityTag:
    @pytest.mark.parametrize("name,size,nanoseconds", [
        ("a", 0, MODIFIED * 10**9), ("b", 10, MODIFIED * 10**9 + 1), ("c", 300_000, 1),
        ("d", 65_536, 1_700_000_000_123_456_789), ("e", 17, 10**9 - 1)])
    def test_is_of_time_and_size(self, server, name, size, nanoseconds):
        path = server.put_file("tags/" + name, bytes(size))
        os.utime(path, ns=(0, nanoseconds))
        assert server.fetch("/tags/" + name).get("etag") == '"%x-%x"' % (nanoseconds, size)

    def test_tells_files_and_versions_apart(self, server):
        tags = [server.fetch(target).get("etag") for target in ("/ten.txt", "/empty.txt")]
        assert len(set(tags)) == 2
        path = server.put_file("version.txt", b"1234", MODIFIED)
        first = server.fetch("/version.txt").get("etag")
        os.utime(path, ns=(0, MODIFIED * 10**9 + 1))
        second = server.fetch("/version.txt").get("etag")
        assert first != second, "a nanosecond later is another version"

    @pytest.mark.parametrize("target", ["/ten.txt", "/empty.txt", "/", "/prose.txt"])
    def test_stays_the_same(self, server, target):
        tags = {server.fetch(target).get("etag") for _ in range(20)}  # of both workers
        assert len(tags) == 1 and tags.pop().startswith('"')

    def test_outlives_a_restart(self, start_daemon):
        daemon = start_daemon(site={"Compression": "gzip br zstd"})
        daemon.put_file("a.txt", PROSE, MODIFIED)

        def tags():
            return [daemon.fetch("/a.txt", fields={"Accept-Encoding": coding}).get("etag")
                    for coding in ("identity", "gzip", "br", "zstd")]
        before = tags()
        daemon.stop()
        daemon.start()
        assert tags() == before and len(set(before)) == 4

    def test_is_weak_for_a_moment_only(self, server):
        server.put_file("settles.txt", b"settles\n")
        assert until(lambda: server.fetch("/settles.txt").get("etag").startswith('"'), 5)

    def test_of_an_upload_is_strong_at_once(self, server):
        for number in range(50):
            put = server.fetch("/up.txt", "PUT", content=b"%d" % number)
            tag = put.get("etag")
            assert tag.startswith('"')
            response = server.fetch("/up.txt")
            assert (response.get("etag"), response.content) == (tag, b"%d" % number)

    def test_a_young_file_is_never_304_for_other_content(self, server):
        path = server.put_file("young.txt", b"x" * 40)
        with server.connect() as connection, open(path, "r+b", buffering=0) as file:
            for number in range(500):
                before = connection.ask(request("/young.txt"))
                content = b"%040d" % number
                os.pwrite(file.fileno(), content, 0)
                fields = {"If-None-Match": before.get("etag", '"none"')}
                response = connection.ask(request("/young.txt", fields=fields))
                assert response.status == 200 and response.content == content


def write_in_place(path, content):
    """Write over what is there."""
    with open(path, "r+b", buffering=0) as file:
        os.pwrite(file.fileno(), content, 0)


def write_anew(path, content):
    """Empty the file, and write it, as a shell's redirection does."""
    with open(path, "wb") as file:
        file.write(content)


def replace(path, content):
    """Put another file in its place."""
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)


class TestOneTick:
    """Writes of the same size within one tick of the file system's clock (§8.8.1)."""

    # What is written over while it is sent is torn by its writer, so large ones are replaced.
    @pytest.mark.parametrize("write,size", [
        (write_in_place, 40), (write_in_place, 3000), (write_anew, 40), (write_anew, 3000),
        (replace, 40), (replace, 3000), (replace, 100_000)])
    @pytest.mark.parametrize("fields", [{}, {"Accept-Encoding": "gzip"}], ids=["plain", "gzip"])
    def test_a_strong_tag_has_one_content(self, server, write, fields, size):
        path = server.put_file("tick.txt", b"%040d" % 0 * (size // 40))
        stop = threading.Event()

        def rewrite():
            number = 0
            while not stop.is_set():
                number += 1
                write(path, b"%040d" % number * (size // 40))
                if number % 50 == 0:
                    time.sleep(0.03)  # so that tags become strong now and then
        writer = threading.Thread(target=rewrite)
        writer.start()
        contents = {}
        try:
            with server.connect() as connection:
                end = time.monotonic() + 0.7
                while time.monotonic() < end:
                    response = connection.ask(request("/tick.txt", fields=fields))
                    if response is None:  # emptied while it was sent: cut off, as is right
                        connection.reconnect()
                        continue
                    assert response.status in (200, 404)
                    tag = response.get("etag", "W/")
                    if response.status == 200 and not tag.startswith("W/"):
                        assert contents.setdefault(tag, response.content) == response.content
        finally:
            stop.set()
            writer.join()
        assert until(lambda: server.fetch("/tick.txt").get("etag", "W/")[0] == '"')

    def test_a_sibling_written_in_a_loop(self, start_daemon):
        daemon = start_daemon(site={"Precompressed": "gzip"})
        daemon.put_file("a.txt", PROSE, MODIFIED)
        good = [model.encode("gzip", PROSE), b"\x1f\x8b\x08\0\1\0\0\0\0\x03"
                + model.encode("gzip", PROSE)[10:]]
        path = daemon.put_file("a.txt.gz", good[0])
        contents = {}
        with daemon.connect() as connection:
            for number in range(1500):
                replace(path, good[number % 2])
                response = connection.ask(request("/a.txt", fields={"Accept-Encoding": "gzip"}))
                coding = response.get("content-encoding", "identity")
                assert model.decode(coding, response.content) == PROSE
                tag = response.get("etag")
                if not tag.startswith("W/"):
                    assert contents.setdefault(tag, response.content) == response.content

    def test_uploads_in_a_loop(self, server, pool):
        def upload(number):
            response = server.fetch("/same.txt", "PUT", content=b"%08d" % number)
            return response.get("etag"), number
        tags = [tag for tag, _ in pool.map(upload, range(400))]
        assert len(set(tags)) == 400 and all(tag.startswith('"') for tag in tags)


class TestCopies:
    """A tree that was copied with its times has the same tags on another host."""

    @pytest.mark.parametrize("copy", [
        lambda source, target: subprocess.run(["cp", "-a", source + "/.", target], check=True),
        lambda source, target: subprocess.run(
            "tar -C %s -c --format=posix . | tar -C %s -x" % (source, target), shell=True,
            check=True),
        lambda source, target: subprocess.run(
            ["rsync", "-a", source + "/", target + "/"], check=True),
    ], ids=["cp -a", "tar", "rsync -a"])
    def test_equal_tags(self, start_daemon, copy):
        first = start_daemon(site={"Compression": "zstd gzip"})
        first.put_file("a.txt", PROSE)
        first.put_file("sub/b.bin", os.urandom(70_000))
        first.put_file("sub/index.html", PROSE * 2)
        first.put_file("c.txt", PROSE * 3)
        first.put_file("c.txt.br", model.encode("br", PROSE * 3))
        first.put_file("empty", b"")
        second = start_daemon(site={"Compression": "zstd gzip"})
        copy(first.root, second.root)
        for top, _, names in os.walk(second.root):
            for name in names:
                give(os.path.join(top, name))
        time.sleep(0.1)
        targets = [("/a.txt", coding) for coding in ("identity", "zstd", "gzip")]
        targets += [("/c.txt", "br"), ("/sub/b.bin", "*"), ("/sub/", "gzip"), ("/empty", "*")]
        for target, coding in targets:
            fields = {"Accept-Encoding": coding}
            until(lambda: first.fetch(target, fields=fields).get("etag")[0] == '"')
            until(lambda: second.fetch(target, fields=fields).get("etag")[0] == '"')
            answers = [daemon.fetch(target, fields=fields) for daemon in (first, second)]
            assert answers[0].get("etag") == answers[1].get("etag"), target
            assert answers[0].get("etag").startswith('"')
            assert answers[0].content == answers[1].content
            assert answers[0].get("last-modified") == answers[1].get("last-modified")
        for daemon in (first, second):
            daemon.stop()

    def test_a_changed_copy_differs(self, start_daemon):
        first, second = start_daemon(), start_daemon()
        for number, daemon in enumerate((first, second)):
            daemon.put_file("a.txt", TEN, MODIFIED + number)
        assert first.fetch("/a.txt").get("etag") != second.fetch("/a.txt").get("etag")


class TestLastModified:
    # §8.8.2.1
    def test_is_the_time_of_the_file(self, server):
        for seconds in (0, 1, MODIFIED, 1_700_000_000, 2**31 - 1, 2**31):
            if seconds < time.time():
                server.put_file("time.txt", TEN, seconds)
                assert server.fetch("/time.txt").get("last-modified") == http_date(seconds)

    def test_is_never_in_the_future(self, server):
        server.put_file("future.txt", TEN, time.time() + 86400)
        response = server.fetch("/future.txt")
        modified = response.get("last-modified")
        assert response.content == TEN
        assert modified is None or modified == response.get("date") or \
            model.parse_date(modified) <= model.parse_date(response.get("date"))

    def test_before_1970(self, server):
        server.put_file("old.txt", TEN, -86_400)
        response = server.fetch("/old.txt")
        assert response.status == 200
        assert response.get("last-modified") in (None, "Wed, 31 Dec 1969 00:00:00 GMT")


class TestMediaType:
    # §8.3
    @pytest.fixture(scope="class")
    def typed(self, start_daemon):
        daemon = start_daemon(site={
            "MediaType": ".md text/markdown\nMediaType=.JSON application/manifest+json\n"
            "MediaType=.bin text/html"})
        for name in ("a.md", "A.MD", "a.json", "a.bin", "a.txt", "a.md.txt", "md", "a.unknown"):
            daemon.put_file(name, b"<html>", MODIFIED)
        return daemon

    @pytest.mark.parametrize("name,media_type", [
        ("a.md", "text/markdown; charset=utf-8"), ("A.MD", "text/markdown; charset=utf-8"),
        ("a.json", "application/manifest+json"), ("a.bin", "text/html; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"), ("a.md.txt", "text/plain; charset=utf-8"),
        ("md", "application/octet-stream"), ("a.unknown", "application/octet-stream")])
    def test_of_the_site(self, typed, name, media_type):
        response = typed.fetch("/" + name)
        assert response.get("content-type").lower().replace("; ", ";") == \
            media_type.replace("; ", ";")

    def test_no_sniffing(self, server):
        for name, content in (
                ("p", b"<html><script>"), ("i", b"\x89PNG\r\n\x1a\n"), ("t", b"text")):
            server.put_file("sniff/" + name, content, MODIFIED)
            assert server.fetch("/sniff/" + name).get("content-type") == "application/octet-stream"


def test_a_change_of_mode_is_no_new_version(server):
    path = server.put_file("mode.txt", TEN, MODIFIED)
    before = server.fetch("/mode.txt").get("etag")
    os.chmod(path, 0o600)
    os.chmod(path, 0o644)
    assert server.fetch("/mode.txt").get("etag") == before
