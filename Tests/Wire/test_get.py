"""GET and HEAD: from a request target to a file, whole (RFC 9110 §9.3.1, §9.3.2, §15)."""

import hashlib
import json
import os
import socket
import stat
import time

import pytest

from daemon import give
from httpwire import IMF_FIXDATE, http_date, request

INDEX = b"<!doctype html>\n<title>index</title>\n<p>root index\n"
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT

FILES = {
    "index.html": INDEX,
    "hello.txt": b"Hello, world!\n",
    "empty.txt": b"",
    "sub/index.html": b"<p>sub index\n",
    "sub/a.txt": b"a in sub\n",
    "bare/file.txt": b"in a directory without an index page\n",
    "sp ace/index.html": b"<p>in a name with a space\n",
    "sp ace.txt": b"space\n",
    "plus+sign.txt": b"plus\n",
    "percent%41.txt": b"percent\n",
    "semi;colon.txt": b"semicolon\n",
    "colon:at@.txt": b"colon and at\n",
    "question?mark.txt": b"question mark\n",
    "hash#mark.txt": b"number sign\n",
    "back\\slash.txt": b"backslash\n",
    "quote'\".txt": b"quotes\n",
    "\u00fcn\u00ef.txt": b"UTF-8\n",
    "\U0001f980.txt": b"crab\n",
    "...": b"three dots\n",
    "dots..txt": b"two dots inside\n",
    "..dots": b"two dots before\n",
    "trailing.": b"a dot behind\n",
    "~tilde": b"tilde\n",
    "a" * 255: b"the longest name\n",
    ".hidden": b"HIDDEN\n",
    ".git/config": b"HIDDEN\n",
    "sub/.secret": b"HIDDEN\n",
    ".html": b"HIDDEN\n",
}


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon()
    for name, content in FILES.items():
        daemon.put_file(name, content, MODIFIED)
    return daemon


def same_fields(left, right):
    """Whether two responses have the same fields, but for the clock."""
    def fields(response):
        return [(name.lower(), value) for name, value in response.fields if name.lower() != "date"]
    return fields(left) == fields(right)


class TestRepresentation:
    def test_content_and_metadata(self, server):
        response = server.fetch("/hello.txt")
        assert response.status == 200
        assert response.content == FILES["hello.txt"]
        assert response.framing == "length"
        assert response.get("content-length") == "14"
        assert response.get("last-modified") == http_date(MODIFIED)
        assert response.get("etag").startswith('"'), "the validator of an old file is strong"
        assert response.get("accept-ranges") == "bytes"
        assert response.get("server")
        assert IMF_FIXDATE.fullmatch(response.get("date"))
        assert response.get("content-encoding") is None
        assert not response.closes

    def test_index_page(self, server):
        for target, name in (("/", "index.html"), ("/sub/", "sub/index.html"),
                             ("/?", "index.html"), ("/?a=/../b", "index.html")):
            response = server.fetch(target)
            assert (response.status, response.content) == (200, FILES[name]), target
            assert response.get("content-type", "").startswith("text/html")

    def test_head_of_each_way_has_a_length(self, server):
        for target in ("/hello.txt", "/empty.txt", "/missing"):
            response = server.fetch(target, "HEAD")
            assert response.get("content-length") is not None, target

    def test_a_query_changes_nothing(self, server):
        for query in ("?", "?a", "?a=b&c=d", "?/../../x", "?%00", "?a?b", "?%zz"):
            response = server.fetch("/hello.txt" + query)
            assert (response.status, response.content) == (200, FILES["hello.txt"]), query

    def test_the_date_moves(self, server):
        for _ in range(8):
            before = int(time.time())
            date = server.fetch("/hello.txt").get("date")
            assert date in [http_date(before + late) for late in (-1, 0, 1)], "the coarse clock"
            time.sleep(0.27)

    @pytest.mark.parametrize("name,media_type", [
        ("a.html", "text/html"), ("a.htm", "text/html"), ("A.HTML", "text/html"),
        ("a.txt", "text/plain"), ("a.css", "text/css"), ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"), ("a.json", "application/json"), ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"), ("a.jpg", "image/jpeg"), ("a.gif", "image/gif"),
        ("a.webp", "image/webp"), ("a.woff2", "font/woff2"), ("a.pdf", "application/pdf"),
        ("a.wasm", "application/wasm"), ("a.mp4", "video/mp4"), ("a.xml", "xml"),
        ("a.tar.gz", "application/gzip"), ("a.unknown", "application/octet-stream"),
        ("without", "application/octet-stream"), ("a.", "application/octet-stream"),
        ("a.html.unknown", "application/octet-stream"),
    ])
    def test_media_type(self, server, name, media_type):
        server.put_file("types/" + name, b"x")
        field = server.fetch("/types/" + name).get("content-type").lower()
        kind, _, parameters = field.partition(";")
        assert kind == media_type or (media_type == "xml" and kind.endswith("/xml"))
        assert ("charset=utf-8" in parameters) == kind.startswith("text/"), field


class TestTarget:
    @pytest.mark.parametrize("target,name", [
        ("/sp%20ace.txt", "sp ace.txt"),
        ("/plus+sign.txt", "plus+sign.txt"),
        ("/plus%2Bsign.txt", "plus+sign.txt"),
        ("/plus%2bsign.txt", "plus+sign.txt"),
        ("/percent%2541.txt", "percent%41.txt"),
        ("/semi;colon.txt", "semi;colon.txt"),
        ("/semi%3Bcolon.txt", "semi;colon.txt"),
        ("/colon:at@.txt", "colon:at@.txt"),
        ("/question%3Fmark.txt", "question?mark.txt"),
        ("/hash%23mark.txt", "hash#mark.txt"),
        ("/quote'%22.txt", "quote'\".txt"),
        ("/%C3%BCn%c3%af.txt", "\u00fcn\u00ef.txt"),
        ("/%F0%9F%A6%80.txt", "\U0001f980.txt"),
        ("/...", "..."),
        ("/%2e%2E.", "..."),
        ("/dots..txt", "dots..txt"),
        ("/trailing.", "trailing."),
        ("/~tilde", "~tilde"),
        ("/%7Etilde", "~tilde"),
        ("/%68%65llo%2Etxt", "hello.txt"),
        ("/%73ub/%61.txt", "sub/a.txt"),
        ("/" + "a" * 255, "a" * 255),
    ])
    def test_percent_decoding(self, server, target, name):
        response = server.fetch(target)
        if name.startswith("."):
            # Names that begin with a dot are hidden; that they are names is what counts here.
            assert response.status in (200, 404)
            return
        assert (response.status, response.content) == (200, FILES[name])

    @pytest.mark.parametrize("target", [
        "/percent%41.txt", "/hello%252etxt", "/sp+ace.txt", "/Hello.txt", "/hello.txt.",
        "/hello.txt%20", "/hello.txt/", "/hello.txt/x", "/hello.txt/index.html", "/missing/x",
        "/" + "a" * 256, "/" + "d/" * 2500 + "x", "/sub%2Fa.txt", "/sub%2fa.txt", "%2Fhello.txt",
        "/hello.txt%00", "/hello.txt%00.html", "/%00", "/sub/%00/a.txt", "/%", "/%2", "/%zz",
        "/hello.txt%", "/%ff%fe", "/%c0%ae", "/\\hello.txt", "/%5Chello.txt", "/hello.txt;a=b",
        "/sub/index.html/", "/%0a", "/%0d%0aX:y", "/hello.txt%0a",
    ])
    def test_names_no_file(self, server, target):
        response = server.fetch(target)
        assert response.status in (400, 404, 414), response
        assert response.content != FILES["hello.txt"]

    @pytest.mark.parametrize("target", ["/%", "/%2", "/%zz", "/%4", "/a%g0", "/%00", "/a%00b"])
    def test_malformed_percent_encoding_is_refused(self, server, target):
        assert server.fetch(target).status == 400

    @pytest.mark.parametrize("target,name", [
        ("/./hello.txt", "hello.txt"), ("/sub/../hello.txt", "hello.txt"),
        ("//hello.txt", "hello.txt"), ("/sub//a.txt", "sub/a.txt"), ("/sub/./a.txt", "sub/a.txt"),
        ("/%2e/hello.txt", "hello.txt"), ("/sub/%2e%2e/hello.txt", "hello.txt"),
    ])
    def test_dot_and_empty_segments(self, server, target, name):
        response = server.fetch(target)
        assert response.status in (200, 301, 400, 404)
        if response.status == 200:
            assert response.content == FILES[name]

    @pytest.mark.parametrize("target", [
        "/.hidden", "/%2ehidden", "/%2Ehidden", "/.git/config", "/.git/", "/.git", "/sub/.secret",
        "/sub/%2esecret", "/.html", "/.hidden?x", "/sub/../.hidden", "//.hidden",
    ])
    def test_hidden_is_missing(self, server, target):
        response = server.fetch(target)
        assert b"HIDDEN" not in response.content
        assert response.status in (404, 400) and (response.status == 404 or ".." in target)
        if response.status == 404:
            missing = server.fetch("/missing")
            assert response.content == missing.content and same_fields(response, missing)


class TestRedirectToDirectory:
    @pytest.mark.parametrize("target,location", [
        ("/sub", "/sub/"),
        ("/sub?a=b&c=%2F", "/sub/?a=b&c=%2F"),
        ("/sub?", "/sub/?"),
        ("/%73ub", "/sub/"),
        ("/sp%20ace", "/sp%20ace/"),
        ("/bare", "/bare/"),
    ])
    def test_location(self, server, target, location):
        for method in ("GET", "HEAD"):
            response = server.fetch(target, method)
            assert response.status == 301
            value = response.get("location")
            for prefix in ("http://localhost:%d" % server.port, "http://localhost"):
                value = value.removeprefix(prefix)
            assert value in (location, location.removesuffix("?"))
            assert response.get("content-length") is not None

    @pytest.mark.parametrize("target", [
        "//sub", "///sub", "//example.org/..", "//example.org/%2e%2e", "/\\example.org/..",
        "//sub/../sub", "/%2Fsub", "/%5Csub", "/.//sub", "//sub?//example.org/",
    ])
    def test_never_leads_to_another_host(self, server, target):
        response = server.fetch(target)
        location = response.get("location", "/")
        assert not location.startswith(("//", "/\\")), location
        assert "example.org" not in location.split("?")[0]

    def test_a_name_with_line_ends_splits_no_response(self, server):
        server.put_directory("li\r\nX-Split: yes\r\n\r\nne")
        response = server.fetch("/li%0d%0aX-Split:%20yes%0d%0a%0d%0ane")
        assert response.status in (301, 400, 404)
        assert response.get("x-split") is None
        response = server.fetch("/sub?%0d%0aX-Split:%20yes")
        assert response.get("x-split") is None


class TestMissing:
    def test_fallback_page_has_status_404(self, server):
        response = server.fetch("/no/such/file.txt")
        assert (response.status, response.content) == (404, INDEX)
        assert response.get("content-type", "").startswith("text/html")

    @pytest.mark.parametrize("fields", [
        {"If-None-Match": "*"}, {"If-Modified-Since": http_date(time.time())},
        {"If-Match": '"x"'}, {"If-Unmodified-Since": http_date(0)}, {"Range": "bytes=0-1"},
        {"Range": "bytes=99999-"},
    ], ids=lambda fields: " ".join(fields))
    def test_preconditions_and_ranges_do_not_touch_it(self, server, fields):
        # RFC 9110 §13.2.1: ignored where the answer without them is no 2xx.
        response = server.fetch("/missing", fields=fields)
        assert (response.status, response.content) == (404, INDEX)

    def test_the_tag_of_the_page_does_not_revalidate_it(self, server):
        tag = server.fetch("/index.html").get("etag")
        response = server.fetch("/missing", fields={"If-None-Match": tag})
        assert (response.status, response.content) == (404, INDEX)

    def test_fallback_with_status_200(self, start_daemon):
        daemon = start_daemon(site={"FallbackStatus": "200"})
        daemon.put_file("index.html", INDEX)
        response = daemon.fetch("/app/route")
        assert (response.status, response.content) == (200, INDEX)
        assert daemon.fetch("/.hidden").content == INDEX
        assert daemon.fetch("/", "PATCH").status == 405

    def test_without_a_fallback(self, start_daemon):
        daemon = start_daemon(site={"Fallback": ""})
        daemon.put_file("index.html", INDEX)
        response = daemon.fetch("/missing")
        assert response.status == 404
        assert response.content and INDEX not in response.content
        assert response.get("content-type")
        assert daemon.root.encode() not in response.content

    def test_a_fallback_that_does_not_exist(self, start_daemon):
        daemon = start_daemon()
        assert daemon.fetch("/").status in (403, 404)
        response = daemon.fetch("/missing")
        assert response.status == 404 and response.content

    def test_a_directory_without_index_page(self, server):
        response = server.fetch("/bare/")
        assert response.status in (403, 404)
        assert b"file.txt" not in response.content


class TestChanges:
    """What is on the disk when a request comes is what its response shows."""

    def test_replaced(self, server):
        with server.connect() as connection:
            for number in range(50):
                content = b"version %03d\n" % number
                path = server.put_file("new", content)
                os.rename(path, server.path("replaced.txt"))
                assert connection.ask(request("/replaced.txt")).content == content

    def test_replaced_by_one_of_the_same_size_and_time(self, server):
        with server.connect() as connection:
            for number in range(50):
                content = b"version %03d\n" % number
                path = server.put_file("new", content, MODIFIED)
                os.rename(path, server.path("copied.txt"))
                assert connection.ask(request("/copied.txt")).content == content

    def test_edited_in_place(self, server):
        path = server.put_file("edited.txt", b"x" * 40)
        seen = {}
        with server.connect() as connection, open(path, "r+b", buffering=0) as file:
            for number in range(1000):
                content = b"%040d" % number
                os.pwrite(file.fileno(), content, 0)
                response = connection.ask(request("/edited.txt"))
                assert response.content == content
                tag = response.get("etag")
                if tag and not tag.startswith("W/"):
                    assert seen.setdefault(tag, content) == content, "a strong tag of two contents"

    def test_edited_with_its_time_put_back(self, server):
        path = server.put_file("touched.txt", b"before\n", MODIFIED)
        assert server.fetch("/touched.txt").content == b"before\n"
        with open(path, "r+b") as file:
            file.write(b"behind\n")
        os.utime(path, (MODIFIED, MODIFIED))
        assert server.fetch("/touched.txt").content == b"behind\n"

    def test_grown_and_shrunk(self, server):
        path = server.put_file("grown.txt", b"1")
        with server.connect() as connection:
            for size in (1, 2, 70_000, 3, 1_000_000, 0, 5, 65_536, 1):
                os.truncate(path, size)
                response = connection.ask(request("/grown.txt"))
                assert len(response.content) == size

    def test_deleted_and_made(self, server):
        with server.connect() as connection:
            for _ in range(20):
                path = server.put_file("there.txt", b"there\n")
                assert connection.ask(request("/there.txt")).status == 200
                os.unlink(path)
                assert connection.ask(request("/there.txt")).status == 404

    def test_file_to_directory_and_back(self, server):
        path = server.put_file("kind", b"file\n")
        assert server.fetch("/kind").content == b"file\n"
        os.unlink(path)
        server.put_file("kind/index.html", b"directory\n")
        assert server.fetch("/kind").status == 301
        assert server.fetch("/kind/").content == b"directory\n"
        os.rename(path, path + "-was")
        server.put_file("kind", b"file again\n")
        assert server.fetch("/kind").content == b"file again\n"
        assert server.fetch("/kind/").status == 404

    def test_the_directory_above_is_exchanged(self, server):
        server.put_file("tree-a/f.txt", b"a\n")
        server.put_file("tree-b/f.txt", b"b\n")
        os.rename(server.path("tree-a"), server.path("tree"))
        assert server.fetch("/tree/f.txt").content == b"a\n"
        os.rename(server.path("tree"), server.path("tree-a"))
        os.rename(server.path("tree-b"), server.path("tree"))
        assert server.fetch("/tree/f.txt").content == b"b\n"

    def test_index_page_comes_and_goes(self, server):
        server.put_directory("late")
        assert server.fetch("/late/").status in (403, 404)
        path = server.put_file("late/index.html", b"late\n")
        assert server.fetch("/late/").content == b"late\n"
        os.unlink(path)
        assert server.fetch("/late/").status in (403, 404)

    def test_permission_taken_away(self, server):
        path = server.put_file("taken.txt", b"public\n")
        assert server.fetch("/taken.txt").status == 200
        os.chmod(path, 0)
        assert server.fetch("/taken.txt").status == 403
        os.chmod(path, 0o644)
        assert server.fetch("/taken.txt").content == b"public\n"

    def test_the_fallback_page_changes(self, start_daemon):
        daemon = start_daemon()
        daemon.put_file("index.html", b"one\n")
        assert daemon.fetch("/missing").content == b"one\n"
        daemon.put_file("index.html", b"two\n")
        assert daemon.fetch("/missing").content == b"two\n"


def pattern(size, seed=0):
    """Octets in which each 16 tell their own offset."""
    return b"".join(b"%02d%013d\n" % (seed % 100, at) for at in range(0, size + 16, 16))[:size]


class TestSizes:
    @pytest.mark.parametrize("size", [
        0, 1, 2, 1023, 1024, 1025, 4095, 4096, 4097, 8191, 8192, 8193, 16383, 16384, 16385,
        32767, 32768, 32769, 65535, 65536, 65537, 131071, 131072, 131073, 262143, 262144, 262145,
        (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (4 << 20) + 1,
    ])
    def test_every_octet(self, server, size):
        content = pattern(size, size)
        server.put_file("sizes/%d" % size, content)
        with server.connect() as connection:
            for _ in range(3):
                response = connection.ask(request("/sizes/%d" % size))
                assert response.status == 200 and response.content == content
            head = connection.ask(request("/sizes/%d" % size, "HEAD"), "HEAD")
            assert head.get("content-length") == str(size)

    def test_sparse_file_of_100_mib(self, server):
        path = server.put_file("sparse.bin")
        os.truncate(path, 100 << 20)
        with open(path, "r+b") as file:
            for at in (0, 12_345_678, 50 << 20, (100 << 20) - 4):
                file.seek(at)
                file.write(b"MARK")
        with open(path, "rb") as file:
            expected = hashlib.sha256(file.read()).digest()
        response = server.fetch("/sparse.bin", timeout=30)
        assert len(response.content) == 100 << 20
        assert hashlib.sha256(response.content).digest() == expected

    def test_a_file_that_shrinks_on_the_way_never_gets_other_octets(self, server):
        path = server.put_file("shrinking.bin", b"s" * (32 << 20))
        with server.connect(receive_buffer=4096) as connection:
            connection.send(request("/shrinking.bin") + request("/hello.txt"))
            while len(connection.received) < 100_000:
                assert connection._receive(time.monotonic() + 5)
            os.truncate(path, 1 << 20)
            octets = connection.rest(5)
            content = octets[octets.index(b"\r\n\r\n") + 4:]
            # What the field section promised cannot come: the connection must end, and nothing
            # else may stand where the content belongs (RFC 9112 §8).
            assert connection.ending
            # What the kernel had taken already may have become zeros.
            assert set(content) <= {ord("s"), 0} and len(content) < 32 << 20


class TestManyFiles:
    @pytest.mark.parametrize("cache_size", ["64K", "64M", "0"])
    def test_each_its_own(self, start_daemon, cache_size):
        daemon = start_daemon(server={"CacheSize": cache_size})
        count = 1000
        contents = [pattern(17 * number % 3000 + 1, number) for number in range(count)]
        for number, content in enumerate(contents):
            daemon.put_file("many/%d.txt" % number, content)
        with daemon.connect() as connection:
            for turn in range(3):
                order = [number * 7919 * (turn + 1) % count for number in range(count)]
                for start in range(0, count, 50):
                    part = order[start:start + 50]
                    connection.send(b"".join(request("/many/%d.txt" % n) for n in part))
                    for number in part:
                        response = connection.read()
                        assert response.content == contents[number], number


class TestNotARegularFile:
    def kinds(self, server):
        directory = server.put_directory("special")
        made = []

        def make(name, maker):
            path = os.path.join(directory, name)
            if not os.path.lexists(path):
                maker(path)
                give(path)
                os.chmod(path, 0o666)
            made.append(name)

        def listening(path):
            with socket.socket(socket.AF_UNIX) as unix:
                unix.bind(path)

        make("fifo", os.mkfifo)
        make("socket", listening)
        if os.geteuid() == 0:
            make("zero", lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5)))
            make("loop", lambda path: os.mknod(path, stat.S_IFBLK | 0o666, os.makedev(7, 0)))
        return made

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_is_refused_at_once(self, server, method):
        for name in self.kinds(server):
            with server.connect(timeout=2) as connection:
                response = connection.ask(request("/special/" + name, method), method)
                assert response is not None, "%s blocked" % name
                assert response.status in (403, 404), name

    def test_a_fifo_as_index_or_fallback(self, start_daemon):
        daemon = start_daemon()
        os.mkfifo(daemon.path("index.html"))
        os.chmod(daemon.path("index.html"), 0o666)
        for target in ("/", "/missing"):
            with daemon.connect(timeout=2) as connection:
                response = connection.ask(request(target))
                assert response is not None and response.status in (403, 404), target


class TestPermission:
    def test_file_that_may_not_be_read(self, server):
        path = server.put_file("secret.txt", b"SECRET\n")
        os.chmod(path, 0)
        response = server.fetch("/secret.txt")
        assert response.status == 403 and b"SECRET" not in response.content

    def test_directory_that_may_not_be_searched(self, server):
        server.put_file("closed/file.txt", b"SECRET\n")
        os.chmod(server.path("closed"), 0)
        try:
            for target in ("/closed/file.txt", "/closed/", "/closed/missing"):
                response = server.fetch(target)
                assert response.status in (403, 404) and b"SECRET" not in response.content, target
            assert server.fetch("/closed/file.txt").status == 403
        finally:
            os.chmod(server.path("closed"), 0o755)


def test_hidden_names_of_three_dots_do_not_climb(server):
    response = server.fetch("/.../.../etc/passwd")
    assert response.status in (400, 404) and b"root:" not in response.content


def test_cache_control_by_path(start_daemon):
    daemon = start_daemon(
        site={"CacheControl": "no-cache"},
        paths={"/assets/": {"CacheControl": "public, max-age=31536000, immutable"}})
    daemon.put_file("index.html", INDEX)
    daemon.put_file("assets/a.css", b"a{}\n")
    daemon.put_file("assets.txt", b"beside\n")
    assert daemon.fetch("/").get("cache-control") == "no-cache"
    assert daemon.fetch("/assets.txt").get("cache-control") == "no-cache"
    response = daemon.fetch("/assets/a.css")
    assert response.get("cache-control") == "public, max-age=31536000, immutable"
    missing = daemon.fetch("/assets/b.css")
    assert missing.status == 404
    assert "immutable" not in missing.get("cache-control", ""), "a 404 stored for a year"


def test_ready_and_stop(start_daemon):
    daemon = start_daemon()
    assert daemon.ready_after < 2
    began = time.monotonic()
    daemon.stop()
    assert time.monotonic() - began < 2, "nothing runs, so nothing is to be waited for"


def test_the_fallback_page_does_not_stand_for_another_file(start_daemon):
    daemon = start_daemon(site={"Fallback": "/a%20b.html"})
    daemon.put_file("a%20b.html", b"the page for what is missing\n")
    daemon.put_file("a b.html", b"a file of its own\n")
    for _ in range(2):
        missing = daemon.fetch("/missing")
        assert missing.status == 404 and missing.content == b"the page for what is missing\n"
        response = daemon.fetch("/a%20b.html")
        assert response.status == 200 and response.content == b"a file of its own\n"


class TestMissing:
    """What is not there is remembered, and seen as soon as it is there."""

    @pytest.fixture(scope="class")
    def empty(self, start_daemon):
        return start_daemon(site={"Fallback": "", "Upload": "yes", "Delete": "yes"})

    def test_again_and_again(self, empty):
        with empty.connect() as connection:
            answers = [connection.ask(request("/nothing/at/all")) for _ in range(5)]
        assert {(answer.status, answer.content) for answer in answers} \
            == {(404, b"404 Not Found: There is no such file.\n")}
        assert all(IMF_FIXDATE.fullmatch(answer.get("date")) for answer in answers)

    @pytest.mark.parametrize("accept,media_type", [
        ("text/html", "text/html; charset=utf-8"), ("*/*", "text/plain; charset=utf-8"),
        ("application/json", "application/problem+json")])
    def test_in_the_form_that_is_accepted(self, empty, accept, media_type):
        for _ in range(3):
            assert empty.fetch("/nothing").get("content-type") == "text/plain; charset=utf-8"
            response = empty.fetch("/nothing", fields={"Accept": accept})
            assert response.get("content-type") == media_type
            assert empty.fetch("/nothing", "HEAD").content == b""

    def test_the_date_goes_on(self, empty):
        first = empty.fetch("/late").get("date")
        time.sleep(1.1)
        assert empty.fetch("/late").get("date") != first

    @pytest.mark.parametrize("target", ["/made.txt", "/made-too.txt?query", "/in/made.txt"])
    def test_what_appears_is_seen(self, empty, target):
        name = target.lstrip("/").partition("?")[0]
        for _ in range(3):
            assert empty.fetch(target).status == 404
            empty.put_file(name, b"there\n", MODIFIED)
            assert empty.fetch(target).content == b"there\n"
            os.unlink(empty.path(name))

    def test_a_directory_that_appears_redirects(self, empty):
        assert [empty.fetch("/dir").status, empty.fetch("/dir/").status] == [404, 404]
        empty.put_directory("dir")
        assert empty.fetch("/dir").status == 301
        empty.put_file("dir/index.html", INDEX, MODIFIED)
        assert empty.fetch("/dir/").content == INDEX

    def test_an_explanation_is_not_what_is_remembered(self, empty):
        message = request("/explained")
        for _ in range(3):
            said = empty.control("/v1/explain", "POST", content=message)
            assert json.loads(said.content)["status"] == 404
            answer = empty.fetch("/explained")
            assert answer.status == 404 and answer.content.startswith(b"404 Not Found")

    def test_pipelined_behind_a_change(self, empty):
        put = request("/p", "PUT", content=b"new\n")
        get, delete = request("/p"), request("/p", "DELETE")
        for _ in range(50):
            with empty.connect() as connection:
                connection.send(get + put + get + delete + get)
                answers = [connection.read(method) for method in
                           ("GET", "PUT", "GET", "DELETE", "GET")]
            assert [answer.status for answer in answers] == [404, 201, 200, 204, 404]
            assert answers[2].content == b"new\n"
