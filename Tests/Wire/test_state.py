"""A tree that generated requests change: each PUT, DELETE and GET does what a small model says.

The model is a dictionary of names: what a site holds after each request, and with which tag.
"""

import os
import random

import pytest

import model
from httpwire import chunked, request

SEED = int(os.environ.get("HTTPD_SWIFT_SEED", "9110"))
COUNT = 8000
NAMES = ["a", "b.txt", "c.html", "d/a", "d/b.txt", "d/e/f.txt", "d", "d/e", "d/e/"]
WORDS = [b"", b"one", b"two\n", b"what is to be compressed " * 100, bytes(50_000)]


class Tree:
    """The names below /t/: content and tag of files, and the directories."""

    def __init__(self):
        self.files, self.directories, self.tags = {}, {"d", "d/e"}, ['"a"']

    def is_empty(self, name):
        """Whether a directory has nothing in it."""
        return not any(other.startswith(name + "/")
                       for other in (*self.files, *self.directories))

    def precondition(self, fields, name):
        """Whether the preconditions of a request that changes a name hold (RFC 9110 §13.2.2)."""
        tag = self.files[name][1] if name in self.files else None
        for field, value in fields:
            if field == "If-Match" and not (tag and model.lists_tag([value], tag, True)):
                return False
            if field == "If-None-Match" and tag and model.lists_tag([value], tag, False):
                return False
        return True

    def put(self, name, fields):
        """The statuses that a PUT may have."""
        bare = name.rstrip("/")
        parent = bare.rpartition("/")[0]
        if name.endswith("/") or bare in self.directories:
            return {400, 403, 405, 409, 412}
        if parent and parent not in self.directories:
            return {409, 412}
        if not self.precondition(fields, name):
            return {412}
        return {204} if name in self.files else {201}

    def delete(self, name, fields):
        """The statuses that a DELETE may have."""
        bare = name.rstrip("/")
        if bare in self.directories:
            if any(field == "If-None-Match" for field, _ in fields):
                return {204, 409, 412}
            if fields:
                return {204, 409, 412}
            return {204} if self.is_empty(bare) else {409}
        if name not in self.files:
            return {404, 412}
        return {204} if self.precondition(fields, name) else {412}


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(site={"Fallback": "", "UploadDurability": "none", "Listing": "yes",
                                "Compression": "gzip"},
                          paths={"/t/": {"Upload": "yes", "Delete": "yes"}})
    for name in ("t", "t/d", "t/d/e"):
        daemon.put_directory(name)
    return daemon


def preconditions(draw, tree):
    """Fields that make a request depend on what is there."""
    result = []
    tags = tree.tags + [tag for _, tag in tree.files.values()] * 3
    for name in ("If-Match", "If-None-Match"):
        if draw.random() < 0.15:
            value = draw.choice(["*", *draw.sample(tags, min(3, len(tags)))])
            if value != "*" and draw.random() < 0.3:
                value = ", ".join([value, *draw.sample(tags, min(2, len(tags)))])
            if value != "*" and draw.random() < 0.1:
                value = "W/" + value
            result.append((name, value))
    return result


def check(tree, name, response, coding):
    """A GET shows what the tree has."""
    if name in tree.files:
        content, tag = tree.files[name]
        assert response.status == 200
        assert model.decode(response.get("content-encoding", "identity"), response.content) \
            == content
        if response.get("content-encoding") is None:
            assert response.get("etag") == tag, "the tag that PUT gave"
        else:
            assert coding == "gzip" and response.get("etag").startswith(tag[:-1])
    elif name.rstrip("/") in tree.directories:
        assert response.status == (200 if name.endswith("/") else 301)
    else:
        assert response.status == 404


def test_all_is_as_it_was_left(server):
    draw, tree, done = random.Random(SEED), Tree(), {}
    connection = server.connect()
    for number in range(COUNT):
        name, kind = draw.choice(NAMES), draw.random()
        target = "/t/" + name
        fields = preconditions(draw, tree) if kind < 0.65 else []
        method = "PUT" if kind < 0.4 else "DELETE" if kind < 0.65 else "GET"
        if method == "PUT":
            content = draw.choice(WORDS) + b"%d" % number
            expected = tree.put(name, fields)
            octets = request(target, "PUT", [*fields, ("Transfer-Encoding", "chunked")]) \
                + chunked(content, 30_000) if draw.random() < 0.3 else \
                request(target, "PUT", fields, content)
        elif method == "DELETE":
            expected, octets = tree.delete(name, fields), request(target, "DELETE", fields)
        else:
            coding = draw.choice(["gzip", "identity"])
            octets, expected = request(target, fields={"Accept-Encoding": coding}), None
        response = connection.ask(octets, method)
        assert response is not None, (SEED, number, octets[:300])
        if method == "GET":
            check(tree, name, response, coding)
        else:
            assert response.status in expected, (SEED, number, octets[:300], response)
            done[method, response.status] = done.get((method, response.status), 0) + 1
            if response.status in (201, 204) and method == "PUT":
                tag = response.get("etag")
                assert tag and tag not in tree.tags
                tree.tags = (tree.tags + [tag])[-20:]
                tree.files[name] = content, tag
            elif response.status == 204:
                tree.files.pop(name, None)
                tree.directories.discard(name.rstrip("/"))
        if response.closes:
            connection.reconnect()
        if draw.random() < 0.03:  # directories are made by others
            for path in ("d", "d/e"):
                if path not in tree.files and path not in tree.directories \
                        and (path == "d" or "d" in tree.directories):
                    server.put_directory("t/" + path)
                    tree.directories.add(path)
    connection.close()
    there = {os.path.relpath(os.path.join(top, name), server.path("t"))
             for top, _, names in os.walk(server.path("t")) for name in names}
    assert there == set(tree.files), "nothing else is left"
    assert {("PUT", 201), ("PUT", 204), ("PUT", 412), ("PUT", 409), ("DELETE", 204),
            ("DELETE", 404), ("DELETE", 409), ("DELETE", 412)} <= set(done), done


class TestTogether:
    """Several peers change the same names at the same time."""

    def test_creations_and_deletions_alternate(self, server, pool):
        def change(seed):
            draw, made, gone = random.Random(seed), 0, 0
            with server.connect() as connection:
                for _ in range(250):
                    if draw.random() < 0.5:
                        response = connection.ask(request(
                            "/t/once", "PUT", {"If-None-Match": "*"}, b"%d" % seed), "PUT")
                        assert response.status in (201, 412)
                        made += response.status == 201
                    else:
                        response = connection.ask(
                            request("/t/once", "DELETE", {"If-Match": "*"}), "DELETE")
                        assert response.status in (204, 404, 412)
                        gone += response.status == 204
            return made, gone
        made, gone = (sum(counts) for counts in zip(*pool.map(change, range(8))))
        assert made - gone == os.path.exists(server.path("t/once"))
        assert made > 50, "they met each other"
        server.fetch("/t/once", "DELETE")

    def test_a_tag_is_deleted_or_replaced_but_once(self, server, pool):
        for _ in range(40):
            tag = server.fetch("/t/tagged", "PUT", content=b"first").get("etag")

            def change(number):
                method = "PUT" if number % 2 else "DELETE"
                response = server.fetch("/t/tagged", method, {"If-Match": tag},
                                        b"%d" % number if method == "PUT" else None)
                assert response.status in (204, 404, 412), response
                return response.status == 204
            assert sum(pool.map(change, range(8))) == 1

    def test_no_upload_is_lost_with_its_directory(self, start_daemon, pool):
        daemon = start_daemon(
            server={"Workers": "2"}, site={"Fallback": "", "UploadDurability": "none"},
            paths={"/": {"Upload": "yes", "Delete": "yes", "UploadCreateDirectories": "yes"}})
        stop = []

        def remove():
            removed = 0
            with daemon.connect() as connection:
                while not stop:
                    for name in ("/d/e", "/d"):
                        response = connection.ask(request(name, "DELETE"), "DELETE")
                        assert response.status in (204, 404, 409), response
                        removed += response.status == 204
            return removed

        def upload(number):
            target, counts = "/d/e/%d" % number, [0, 0]
            with daemon.connect() as connection:
                for turn in range(300):
                    content = b"%d %d" % (number, turn)
                    response = connection.ask(request(target, "PUT", content=content), "PUT")
                    # Of a directory that is just being removed the kernel says EPERM or ENOENT.
                    assert response.status in (201, 403, 404, 409), response
                    if response.status != 201:
                        counts[1] += 1
                        continue
                    counts[0] += 1
                    response = connection.ask(request(target))
                    assert (response.status, response.content) == (200, content), "it is lost"
                    response = connection.ask(request(target, "DELETE"), "DELETE")
                    assert response.status == 204, response
            return counts
        removers = [pool.submit(remove) for _ in range(2)]
        uploaders = [pool.submit(upload, number) for number in range(3)]
        try:
            counts = [uploader.result(60) for uploader in uploaders]
        finally:
            stop.append(True)
        assert sum(remover.result(20) for remover in removers) > 10, "they met each other"
        assert sum(count[0] for count in counts) > 100, counts
