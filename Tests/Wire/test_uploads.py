"""Uploads with PUT (RFC 9110 §9.3.4): whole or not at all, and never lost once acknowledged."""

import os
import random
import stat
import subprocess
import threading
import time

import pytest

from daemon import SLOW_READS, injecting, until
from httpwire import chunked, http_date, request

OLD = b"the old content\n"
CODED = {"Transfer-Encoding": "chunked"}
EXPECT = {"Expect": "100-continue"}


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        site={"UploadDurability": "none", "UploadMaxSize": "64M"},
        paths={
            "/up/": {"Upload": "yes"},
            "/auto/": {"Upload": "yes", "UploadCreateDirectories": "yes"},
            "/once/": {"Upload": "yes", "UploadOverwrite": "no"},
            "/small/": {"Upload": "yes", "UploadMaxSize": "1K"},
            "/up/closed/": {"Upload": "no"},
        })
    daemon.put_file("index.html", b"index\n")
    for name in ("up", "auto", "once", "small", "up/closed", "up/directory"):
        daemon.put_directory(name)
    daemon.put_file("once/there.txt", OLD)
    yield daemon
    assert daemon.is_running()
    daemon.stop()
    leftovers = [name for _, directories, files in os.walk(daemon.root)
                 for name in directories + files if name.startswith(".") or "tmp" in name]
    assert leftovers == []


def put(server, target, content=b"", fields=(), **options):
    """The response to an upload."""
    return server.fetch(target, "PUT", fields, content, **options)


class TestStored:
    SIZES = [0, 1, 1000, 65535, 65536, 65537, 1 << 20, 20 << 20]

    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("form", ["length", "chunks", "large chunks", "tiny chunks"])
    def test_byte_for_byte(self, server, form, size):
        if form == "tiny chunks":
            size = min(size, 65537)
        content = random.Random(size).randbytes(size)
        target = "/up/stored-%s-%d" % (form.replace(" ", "-"), size)
        if form == "length":
            response = put(server, target, content, timeout=30)
        else:
            size_of_chunk = {"chunks": 4096, "large chunks": 1 << 22, "tiny chunks": 3}[form]
            with server.connect(timeout=30) as connection:
                response = connection.ask(
                    request(target, "PUT", CODED) + chunked(content, size_of_chunk), "PUT")
        if response.status == 204:  # "tiny chunks" come to the same name twice
            assert form == "tiny chunks"
        else:
            assert response.status == 201
            assert response.get("location").removeprefix(
                "http://localhost:%d" % server.port) == target
        assert response.get("etag").startswith('"'), "RFC 9110 §9.3.4: strong, of what was stored"
        back = server.fetch(target, timeout=30)
        assert back.status == 200 and back.content == content
        assert back.get("etag").removeprefix("W/") == response.get("etag")
        assert server.read_file(target[1:]) == content

    def test_replaced(self, server):
        assert put(server, "/up/replaced.txt", OLD).status == 201
        response = put(server, "/up/replaced.txt", b"new\n")
        assert response.status == 204 and response.get("etag").startswith('"')
        assert server.fetch("/up/replaced.txt").content == b"new\n"

    def test_without_framing_fields_is_empty_or_refused(self, server):
        response = server.fetch("/up/nothing.txt", "PUT")
        assert response.status in (201, 411)
        if response.status == 201:
            assert server.fetch("/up/nothing.txt").content == b""

    def test_mode(self, server):
        put(server, "/up/mode.txt", b"x")
        status = os.stat(server.path("up/mode.txt"))
        assert stat.S_IMODE(status.st_mode) == 0o644
        assert status.st_nlink == 1 and stat.S_ISREG(status.st_mode)
        put(server, "/up/mode.txt", b"y")
        assert stat.S_IMODE(os.stat(server.path("up/mode.txt")).st_mode) == 0o644

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
    def test_mode_of_the_file_that_it_replaces(self, server, mode):
        path = server.put_file("up/private.txt", OLD)
        os.chmod(path, mode)
        assert put(server, "/up/private.txt", b"new\n").status == 204
        assert stat.S_IMODE(os.stat(path).st_mode) == mode

    def test_where_only_a_directory_below_the_root_may_be_written(self, start_daemon):
        daemon = start_daemon(site={"Upload": "yes"})
        daemon.put_file("up/old.txt", OLD)
        os.chmod(daemon.root, 0o555)
        for target, status in (("/up/new.txt", 201), ("/up/new.txt", 204), ("/up/old.txt", 204)):
            assert put(daemon, target, b"%d" % status).status == status
            assert daemon.fetch(target).content == b"%d" % status
        assert put(daemon, "/new.txt", b"x").status == 403
        os.chmod(daemon.root, 0o755)
        assert sorted(os.listdir(daemon.path("up"))) == ["new.txt", "old.txt"]

    def test_a_link_to_the_old_file_keeps_the_old_content(self, server):
        put(server, "/up/linked.txt", OLD)
        os.link(server.path("up/linked.txt"), server.path("linked-elsewhere.txt"))
        assert put(server, "/up/linked.txt", b"new\n").status == 204
        assert server.read_file("linked-elsewhere.txt") == OLD

    @pytest.mark.parametrize("target,name", [
        ("/up/sp%20ace.txt", "sp ace.txt"), ("/up/plus+sign.txt", "plus+sign.txt"),
        ("/up/percent%2541.txt", "percent%41.txt"), ("/up/%C3%BC.txt", "\u00fc.txt"),
        ("/up/semi;colon.txt", "semi;colon.txt"), ("/up/q%3Fm%23.txt", "q?m#.txt"),
        ("/up/" + "n" * 255, "n" * 255), ("/up/two..dots", "two..dots"),
    ])
    def test_names(self, server, target, name):
        response = put(server, target, b"named\n")
        assert response.status == 201
        assert server.read_file("up/" + name) == b"named\n"
        location = response.get("location")
        assert server.fetch(location).content == b"named\n", location

    def test_a_query_is_no_part_of_the_name(self, server):
        assert put(server, "/up/query.txt?a=b", b"q\n").status == 201
        assert server.read_file("up/query.txt") == b"q\n"

    def test_tags_of_many_versions_differ(self, server):
        tags = set()
        with server.connect() as connection:
            for number in range(500):
                response = connection.ask(
                    request("/up/versions.txt", "PUT", content=b"%08d" % number), "PUT")
                assert response.status in (201, 204)
                tags.add(response.get("etag"))
        assert len(tags) == 500, "one strong tag of two contents"

    def test_the_old_is_never_seen_after_the_answer(self, server):
        with server.connect() as writer, server.connect() as reader:
            for number in range(500):
                content = b"%08d" % number
                assert writer.ask(request("/up/seen.txt", "PUT", content=content),
                                  "PUT").status in (201, 204)
                assert reader.ask(request("/up/seen.txt")).content == content


class TestPreconditions:
    @pytest.fixture
    def tag(self, server):
        return put(server, "/up/conditional.txt", OLD).get("etag")

    @pytest.mark.parametrize("fields,status", [
        ({"If-Match": "TAG"}, 204), ({"If-Match": '"a", TAG'}, 204), ({"If-Match": "*"}, 204),
        ({"If-Match": '"a"'}, 412), ({"If-Match": "W/TAG"}, 412), ({"If-Match": ""}, 412),
        ({"If-None-Match": "*"}, 412), ({"If-None-Match": "TAG"}, 412),
        ({"If-None-Match": "W/TAG"}, 412), ({"If-None-Match": '"a", TAG'}, 412),
        ({"If-None-Match": '"a"'}, 204),
        ({"If-Unmodified-Since": "PAST"}, 412), ({"If-Unmodified-Since": "FUTURE"}, 204),
        ({"If-Unmodified-Since": "yesterday"}, 204),
        ({"If-Match": "TAG", "If-Unmodified-Since": "PAST"}, 204),
        ({"If-Match": '"a"', "If-Unmodified-Since": "FUTURE"}, 412),
        ({"If-Modified-Since": "FUTURE"}, 204), ({"If-Match": "TAG", "If-None-Match": "*"}, 412),
        ({"Range": "bytes=0-0"}, (204, 400)), ({"If-Range": '"a"'}, 204),
    ], ids=lambda value: " ".join("%s: %s" % item for item in value.items())
        if isinstance(value, dict) else None)
    def test_of_a_file_that_is_there(self, server, tag, fields, status):
        pattern = fields
        for form in ("length", "chunks"):
            fields = {
                name: value.replace("TAG", tag).replace("PAST", http_date(time.time() - 1e6))
                .replace("FUTURE", http_date(time.time() + 1e6))
                for name, value in pattern.items()}
            with server.connect() as connection:
                octets = request("/up/conditional.txt", "PUT", fields, b"new\n") \
                    if form == "length" else \
                    request("/up/conditional.txt", "PUT", {**fields, **CODED}) + chunked(b"new\n")
                response = connection.ask(octets, "PUT")
            assert response.status in (status if isinstance(status, tuple) else (status,))
            stored = b"new\n" if response.status == 204 else OLD
            assert server.fetch("/up/conditional.txt").content == stored
            tag = put(server, "/up/conditional.txt", OLD).get("etag")

    @pytest.mark.parametrize("fields,status", [
        ({"If-None-Match": "*"}, 201), ({"If-None-Match": '"a"'}, 201), ({"If-Match": "*"}, 412),
        ({"If-Match": '"a"'}, 412), ({"If-Modified-Since": http_date(0)}, 201),
    ], ids=str)
    def test_of_a_file_that_is_not(self, server, fields, status):
        response = put(server, "/up/absent.txt", b"new\n", fields)
        assert response.status == status
        assert server.fetch("/up/absent.txt").status == (200 if status == 201 else 404)
        if status == 201:
            os.unlink(server.path("up/absent.txt"))

    def test_a_tag_of_put_is_good_at_once(self, server):
        tag = put(server, "/up/chain.txt", b"0").get("etag")
        for number in range(100):
            response = put(server, "/up/chain.txt", b"%d" % number, {"If-Match": tag})
            assert response.status == 204
            assert put(server, "/up/chain.txt", b"x", {"If-Match": tag}).status == 412
            tag = response.get("etag")
            assert server.fetch("/up/chain.txt", fields={"If-None-Match": tag}).status == 304

    def test_a_change_beside_the_daemon_is_noticed(self, server):
        tag = put(server, "/up/beside.txt", OLD).get("etag")
        time.sleep(0.05)
        server.put_file("up/beside.txt", b"someone else\n")
        assert put(server, "/up/beside.txt", b"mine\n", {"If-Match": tag}).status == 412
        assert server.fetch("/up/beside.txt").content == b"someone else\n"

    def test_is_checked_again_when_the_content_is_whole(self, server):
        tag = put(server, "/up/late.txt", OLD).get("etag")
        with server.connect() as connection:
            connection.send(request("/up/late.txt", "PUT", {
                "If-Match": tag, "Content-Length": 4, **EXPECT}))
            assert connection.read("PUT", interim=True).status == 100
            assert put(server, "/up/late.txt", b"first\n").status == 204
            connection.send(b"lost")
            assert connection.read("PUT").status == 412
        assert server.fetch("/up/late.txt").content == b"first\n"
        with server.connect() as connection:
            connection.send(request("/up/late-new.txt", "PUT", {
                "If-None-Match": "*", "Content-Length": 4, **EXPECT}))
            assert connection.read("PUT", interim=True).status == 100
            assert put(server, "/up/late-new.txt", b"first\n").status == 201
            connection.send(b"lost")
            assert connection.read("PUT").status == 412
        assert server.fetch("/up/late-new.txt").content == b"first\n"


class TestRefused:
    @pytest.mark.parametrize("target,fields,status", [
        ("/x.txt", {}, 405), ("/", {}, 405), ("/upx.txt", {}, 405), ("/up/closed/x.txt", {}, 405),
        ("/up", {}, (405, 409)), ("/up/directory", {}, 409), ("/up/", {}, (400, 403, 405, 409)),
        ("/up/directory/", {}, (400, 403, 405, 409)), ("/up/x/", {}, (400, 403, 404, 405, 409)),
        ("/up/.", {}, (400, 403, 404, 405, 409)), ("/up/..", {}, (400, 403, 404, 405, 409)),
        ("/up/%2e", {}, (400, 403, 404, 405, 409)), ("/up/%2e%2e", {}, (400, 403, 404, 405, 409)),
        ("/up/.hidden", {}, (403, 404)), ("/up/%2ehidden", {}, (403, 404)),
        ("/up/.hidden/x", {}, (403, 404)), ("/up/.htaccess", {}, (403, 404)),
        ("/auto/.hidden/x", {}, (403, 404)), ("/auto/a/.hidden", {}, (403, 404)),
        ("/up/missing/x.txt", {}, 409), ("/up/a/b/c.txt", {}, 409),
        ("/once/there.txt", {}, 403), ("/once/there.txt", {"If-Match": "*"}, 403),
        ("/up/x.txt", {"Content-Range": "bytes 0-3/4"}, 400),
        ("/up/x.txt", {"Content-Range": "bytes */4"}, 400),
        ("/up/x.txt", {"Content-Range": "x"}, 400),
        ("/up/x%00.txt", {}, 400), ("/up/" + "n" * 256, {}, (400, 403, 404, 409, 414)),
        ("/up/x%2Fy", {}, (400, 403, 404)), ("/up/directory%2Fx", {}, (400, 403, 404)),
        ("*", {}, 400), ("/up/x.txt", {"Expect": "x"}, 417),
    ])
    def test_early_and_without_a_trace(self, server, target, fields, status):
        before = sorted(os.walk(server.root))
        status = status if isinstance(status, tuple) else (status,)
        for more in ({}, EXPECT if "Expect" not in fields else {}):
            with server.connect() as connection:
                octets = request(target, "PUT", {**fields, **more}, b"data")
                response = connection.ask(octets[:-4] if more else octets, "PUT")
                assert response is not None and response.status in status
                assert response.interim == [] and response.content
                if response.status == 405:
                    assert "put" not in response.tokens("allow")
        assert sorted(os.walk(server.root)) == before
        assert server.read_file("once/there.txt") == OLD

    def test_parent_that_is_a_file(self, server):
        server.put_file("up/file", OLD)
        server.put_file("auto/file", OLD)
        for target in ("/up/file/x", "/auto/file/x", "/auto/file/x/y"):
            assert put(server, target, b"x").status in (403, 404, 409)
        assert server.read_file("up/file") == OLD and server.read_file("auto/file") == OLD

    def test_targets_that_are_no_regular_files(self, server):
        os.mkfifo(server.path("up/fifo"))
        os.chmod(server.path("up/fifo"), 0o666)
        with server.connect(timeout=3) as connection:
            response = connection.ask(request("/up/fifo", "PUT", content=b"x"), "PUT")
            assert response is not None, "blocked"
            assert 400 <= response.status < 500
        assert stat.S_ISFIFO(os.stat(server.path("up/fifo")).st_mode)

    def test_a_link_that_leads_nowhere(self, server):
        path = server.path("up/dangling")
        os.symlink("nowhere", path)
        response = put(server, "/up/dangling", b"x")
        assert response.status in (201, 409)
        assert not os.path.lexists(server.path("up/nowhere")), "a link was followed"
        if response.status == 201:
            assert not os.path.islink(path) and server.read_file("up/dangling") == b"x"
        os.unlink(path)

    @pytest.mark.parametrize("lines,status", [
        (["identity"], 201), (["gzip"], 415), (["identity", "gzip"], 415),
        (["gzip", "identity"], 415), (["identity, gzip"], 415),
    ], ids=str)
    def test_content_with_a_coding(self, server, lines, status):
        name = "up/coded-%s" % "-".join(lines).replace(", ", "+")
        fields = [("Content-Encoding", value) for value in lines]
        assert put(server, "/" + name, b"x", fields).status == status
        assert os.path.exists(server.path(name)) == (status == 201)

    def test_by_a_name_that_is_not_the_sites(self, server):
        server.put_file("up/named.txt", OLD)
        for host in ("evil.example.org", "localhost.evil.example.org", "127.0.0.1.example.org",
                     "127.0.0.2", "[::2]", "localhosty", "xlocalhost", "local-host"):
            assert put(server, "/up/named.txt", b"x", host=host).status in (403, 421), host
            assert server.fetch("/up/named.txt", host=host).content == OLD
        for host in ("localhost", "LOCALHOST", "localhost:%d" % server.port, "localhost:1",
                     "127.0.0.1", "127.0.0.1:8080"):
            assert put(server, "/up/ours.txt", b"x", host=host).status in (201, 204), host
        response = put(server, "http://evil.example.org/up/named.txt", b"x")
        assert response.status in (403, 421), "absolute-form wins over Host"
        response = put(server, "http://localhost/up/ours.txt", b"x", host="evil.example.org")
        assert response.status == 204
        assert server.read_file("up/named.txt") == OLD

    def test_of_http_1_0_without_a_name(self, server):
        response = put(server, "/up/nameless.txt", b"x", host=None, version="1.0")
        assert response.status in (400, 403, 421)

    def test_every_name_where_the_config_says_so(self, start_daemon):
        daemon = start_daemon(site={"ServerName": "*", "Upload": "yes"})
        for number, host in enumerate(("a.example.org", "[::1]:80", "x")):
            assert put(daemon, "/any-%d" % number, b"x", host=host).status == 201

    def test_where_the_daemon_may_not_write(self, server):
        server.put_directory("up/readonly")
        server.put_file("up/readonly/there.txt", OLD)
        os.chmod(server.path("up/readonly"), 0o555)
        for name in ("new.txt", "there.txt"):
            assert put(server, "/up/readonly/" + name, b"x").status in (403, 500)
        assert server.read_file("up/readonly/there.txt") == OLD
        assert os.listdir(server.path("up/readonly")) == ["there.txt"]


class TestDirectories:
    def test_are_made_where_the_config_says_so(self, server):
        response = put(server, "/auto/a/b/c/d.txt", b"deep\n")
        assert response.status == 201
        assert server.fetch("/auto/a/b/c/d.txt").content == b"deep\n"
        assert stat.S_IMODE(os.stat(server.path("auto/a/b")).st_mode) == 0o755
        assert put(server, "/auto/a/b/c/e.txt", b"beside\n").status == 201
        assert put(server, "/auto/a/b", b"x").status == 409

    def test_at_the_same_time(self, server, pool):
        barrier = threading.Barrier(32)

        def make(number):
            barrier.wait()
            return put(server, "/auto/same/time/%d/x" % (number % 4), b"%d" % number).status
        statuses = list(pool.map(make, range(32)))
        assert set(statuses) <= {201, 204} and statuses.count(201) == 4

    @pytest.mark.parametrize("octets", [pytest.param(row[1], id=row[0]) for row in [
        ("length", request("/auto/gone-1/deep/x", "PUT", {"Content-Length": 100}) + b"half"),
        ("chunks", request("/auto/gone-2/deep/x", "PUT", CODED) + b"4\r\nhalf\r\n"),
        ("malformed", request("/auto/gone-3/deep/x", "PUT", CODED) + b"x\r\n"),
        ("precondition", request("/auto/gone-4/deep/x", "PUT", {"If-Match": "*"}, b"x")),
        ("expectation", request("/auto/gone-5/deep/x", "PUT", {"Expect": "x"}, b"x")),
        ("range", request("/auto/gone-6/deep/x", "PUT", {"Content-Range": "x"}, b"x")),
    ]])
    def test_are_not_left_by_an_upload_that_failed(self, server, octets):
        with server.connect() as connection:
            connection.send(octets)
            time.sleep(0.05)
        parts = octets.split(b"/", 3)
        assert until(lambda: not os.path.exists(server.path("auto/" + parts[2].decode())), 2)

    def test_are_not_left_by_an_upload_that_was_refused_in_the_end(self, server):
        # The name is taken while the content comes: only then is the upload to be refused.
        target = "/auto/taken/deep/x"
        with server.connect() as connection:
            connection.send(request(
                target, "PUT", {"If-None-Match": "*", "Content-Length": 4, **EXPECT}))
            assert connection.read("PUT", interim=True).status == 100
            assert put(server, target, OLD).status == 201
            connection.send(b"late")
            assert connection.read("PUT").status == 412
        assert server.read_file(target[1:]) == OLD
        assert put(server, "/auto/refused/deep/x", b"x", {"If-Match": '"a"'}).status == 412
        assert not os.path.exists(server.path("auto/refused"))


class TestFileSystems:
    @pytest.fixture
    def whole_seconds(self, start_daemon):
        """A daemon on a file system whose times are whole seconds; mounting it takes root."""
        daemon = start_daemon(site={"Upload": "yes", "UploadDurability": "none"})
        image, path = daemon.directory + "/image", daemon.put_directory("mounted")
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-I", "128", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, path], check=True)
        os.chmod(path, 0o777)
        try:
            yield daemon
        finally:
            subprocess.run(["umount", "-l", path], check=True)

    def test_one_whose_times_are_whole_seconds(self, whole_seconds):
        target = "/mounted/counter"
        time.sleep(1 - time.time() % 1)
        tags = [put(whole_seconds, target, b"%d" % number).get("etag") for number in range(3)]
        strong = [tag for tag in tags if not tag.startswith("W/")]
        assert len(set(strong)) == len(strong), "one strong tag of two contents"
        for tag in tags[:2]:
            assert put(whole_seconds, target, b"9", {"If-Match": tag}).status == 412
            response = whole_seconds.fetch(target, fields={"If-Range": tag, "Range": "bytes=0-0"})
            assert (response.status, response.content) == (200, b"2")
        time.sleep(2)
        tag = whole_seconds.fetch(target).get("etag")
        assert not tag.startswith("W/") and tag not in strong[:-1]
        assert put(whole_seconds, target, b"4", {"If-Match": tag}).status == 204

    def test_one_that_is_mounted_below_the_root(self, start_daemon):
        daemon = start_daemon(site={"Upload": "yes", "UploadCreateDirectories": "yes"})
        path = daemon.put_directory("mounted")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "httpd-swift-wire",
                        path], check=True)
        try:
            for status in (201, 204, 204):
                assert put(daemon, "/mounted/x.txt", b"%d" % status).status == status
                assert daemon.fetch("/mounted/x.txt").content == b"%d" % status
            assert put(daemon, "/mounted/a/b.txt", b"x").status == 201
            assert sorted(os.listdir(path)) == ["a", "x.txt"]
        finally:
            subprocess.run(["umount", "-l", path], check=True)


class TestSize:
    @pytest.mark.parametrize("size,status", [(1023, 201), (1024, 201), (1025, 413), (10**6, 413)])
    def test_limit(self, server, size, status):
        for form, fields in (("length", {}), ("chunks", CODED)):
            content = bytes(size)
            octets = request("/small/limit.bin", "PUT", fields, content) if form == "length" \
                else request("/small/limit.bin", "PUT", fields) + chunked(content, 100)
            with server.connect() as connection:
                connection.send(octets)
                response = connection.read("PUT")
                assert response is not None and response.status == status, form
            if status == 413:
                assert os.listdir(server.path("small")) == []
            else:
                os.unlink(server.path("small/limit.bin"))

    def test_length_is_refused_before_the_content(self, server):
        for length in (1025, 10**9, 10**15, 9223372036854775807):
            with server.connect() as connection:
                connection.send(request("/small/x", "PUT", {"Content-Length": length}))
                response = connection.read("PUT")
                assert response.status == 413 and response.interim == []
                assert response.content

    def test_chunks_are_refused_when_they_are_too_many(self, server):
        with server.connect() as connection:
            connection.send(request("/small/x", "PUT", CODED))
            for _ in range(50):
                connection.send(b"64\r\n" + bytes(100) + b"\r\n")
                time.sleep(0.002)
            response = connection.read("PUT")
            assert response is not None and response.status == 413
            assert response.closes and connection.ended()

    def test_a_chunk_that_announces_too_much(self, server):
        with server.connect() as connection:
            connection.send(request("/small/x", "PUT", CODED) + b"40000000\r\n")
            assert connection.read("PUT").status == 413


class TestAborted:
    CASES = {
        "length": request("/up/aborted.txt", "PUT", {"Content-Length": 1000}) + b"x" * 999,
        "length, nothing": request("/up/aborted.txt", "PUT", {"Content-Length": 1000}),
        "length, large": request("/up/aborted.txt", "PUT", {"Content-Length": 5 << 20})
        + b"x" * (4 << 20),
        "chunks": request("/up/aborted.txt", "PUT", CODED) + b"4\r\nabcd\r\n",
        "chunks without last": request("/up/aborted.txt", "PUT", CODED) + chunked(b"x" * 99)[:-5],
        "chunks without end": request("/up/aborted.txt", "PUT", CODED) + chunked(b"x" * 99)[:-2],
        "chunks with half an end": request("/up/aborted.txt", "PUT", CODED)
        + chunked(b"x" * 99)[:-1],
        "chunks malformed": request("/up/aborted.txt", "PUT", CODED) + b"4\r\nabcd\r\nx\r\n",
        "chunks with bad trailer": request("/up/aborted.txt", "PUT", CODED)
        + b"4\r\nabcd\r\n0\r\nX : y\r\n\r\n",
    }

    @pytest.mark.parametrize("how", ["end", "half-close"])
    @pytest.mark.parametrize("old", [False, True], ids=["new", "replaced"])
    @pytest.mark.parametrize("case", CASES)
    def test_leaves_nothing(self, server, case, old, how):
        if old:
            server.put_file("up/aborted.txt", OLD)
        before = sorted(os.listdir(server.path("up")))
        with server.connect() as connection:
            connection.send(self.CASES[case])
            if how == "half-close":
                connection.half_close()
                connection.rest(2)
                assert connection.ending
        response = server.fetch("/up/aborted.txt")
        assert (response.status, response.content) == (
            (200, OLD) if old else (404, b"index\n"))
        time.sleep(0.02)
        assert sorted(os.listdir(server.path("up"))) == before
        assert until(lambda: not server.unnamed_files()), "an unnamed file is kept open"
        if old:
            os.unlink(server.path("up/aborted.txt"))


class TestConcurrency:
    def test_a_reader_sees_old_or_new(self, server, pool):
        size, stop, seen = 1 << 20, threading.Event(), {}
        put(server, "/up/torn.bin", b"%016d" % 0 * (size // 16))

        def read(way):
            count = 0
            with server.connect(timeout=20) as connection:
                while not stop.is_set():
                    if way == 2:
                        response = connection.ask(
                            request("/up/torn.bin", fields={"Range": "bytes=16-524303"}))
                        assert response.status == 206 and len(response.content) == size // 2
                    else:
                        response = connection.ask(request("/up/torn.bin"))
                        assert response.status == 200 and len(response.content) == size
                    unit = response.content[:16]
                    assert response.content == unit * (len(response.content) // 16), "torn"
                    tag = response.get("etag")
                    if tag.startswith('"'):
                        assert seen.setdefault(tag, unit) == unit, "one tag of two contents"
                    count += 1
            return count
        readers = [pool.submit(read, way) for way in range(3)]
        try:
            with server.connect(timeout=20) as connection:
                for number in range(1, 201):
                    content = b"%016d" % number * (size // 16)
                    assert connection.ask(
                        request("/up/torn.bin", "PUT", content=content), "PUT").status == 204
        finally:
            stop.set()
        for reader in readers:
            assert reader.result(30) > 10

    def test_one_file_by_two_paths(self, start_daemon, pool):
        # A disk that takes 0.1 s for a rename: both are at it at the same time.
        daemon = start_daemon(
            site={"Upload": "yes", "UploadDurability": "none"},
            wrapper=injecting("renameat,renameat2:delay_enter=100000"))
        daemon.put_directory("real")
        os.symlink("real", daemon.path("alias"))
        tag = put(daemon, "/real/file", OLD).get("etag")
        for turn in range(3):
            barrier = threading.Barrier(4)

            def replace(number):
                barrier.wait()
                target = ("/real/file", "/alias/file")[number % 2]
                return put(daemon, target, b"%d %d\n" % (turn, number), {"If-Match": tag})
            responses = list(pool.map(replace, range(4)))
            assert sorted(each.status for each in responses) == [204, 412, 412, 412]
            winner = [each.status for each in responses].index(204)
            response = daemon.fetch("/real/file")
            assert response.content == b"%d %d\n" % (turn, winner)
            tag = responses[winner].get("etag")

    def test_where_the_file_system_has_no_unnamed_files(self, start_daemon):
        # O_TMPFILE is asked for as "." in the target's directory.
        daemon = start_daemon(
            site={"Upload": "yes", "UploadDurability": "none"},
            wrapper=[*injecting("openat2:error=EOPNOTSUPP"), "-P", "."])
        daemon.put_directory("up")
        for number in range(40):
            target = "/up/%d.bin" % (number % 30)
            content = b"%04d" % number * 1000
            assert put(daemon, target, content).status == (201 if number < 30 else 204)
            assert daemon.read_file(target[1:]) == content
        assert put(daemon, "/up/0.bin", b"", {"If-None-Match": "*"}).status == 412
        assert os.stat(daemon.path("up/0.bin")).st_mode & 0o777 == 0o644
        assert sorted(os.listdir(daemon.path("up"))) == sorted("%d.bin" % n for n in range(30))

    def test_behind_a_download_from_a_slow_disk(self, start_daemon):
        daemon = start_daemon(
            site={"Upload": "yes", "UploadDurability": "none"},
            wrapper=injecting(*SLOW_READS, "pwrite64:delay_exit=50000"))
        old, new = random.Random(1).randbytes(300_000), random.Random(2).randbytes(2 << 20)
        daemon.put_file("cold.bin", old)
        with daemon.connect(timeout=10) as connection:
            connection.send(request("/cold.bin"))
            time.sleep(0.1)
            connection.send(request("/new.bin", "PUT", content=new))
            assert connection.read().content == old
            response = connection.read("PUT")
            assert response is not None and response.status == 201
        assert daemon.read_file("new.bin") == new, "torn"

    @pytest.mark.parametrize("turn", range(3))
    def test_64_peers_make_the_same_name(self, server, pool, turn):
        barrier, target = threading.Barrier(64), "/up/same-%d.txt" % turn

        def make(number):
            with server.connect(timeout=20) as connection:
                octets = request(target, "PUT", {"If-None-Match": "*"}, b"%04d" % number * 500)
                barrier.wait()
                return connection.ask(octets, "PUT").status
        statuses = list(pool.map(make, range(64)))
        assert statuses.count(201) == 1 and statuses.count(412) == 63
        winner = statuses.index(201)
        assert server.fetch(target).content == b"%04d" % winner * 500

    def test_64_peers_make_the_same_name_without_overwriting(self, server, pool):
        barrier = threading.Barrier(64)

        def make(number):
            with server.connect(timeout=20) as connection:
                octets = request("/once/same.txt", "PUT", content=b"%04d" % number)
                barrier.wait()
                return connection.ask(octets, "PUT").status
        statuses = list(pool.map(make, range(64)))
        assert statuses.count(201) == 1 and statuses.count(403) == 63
        assert server.fetch("/once/same.txt").content == b"%04d" % statuses.index(201)

    def test_64_peers_count_together(self, server, pool):
        each = 3
        put(server, "/up/counter.txt", b"0")
        deadline = time.monotonic() + 60

        def count(number):
            wait = random.Random(number)
            with server.connect(timeout=20) as connection:
                for _ in range(each):
                    while True:
                        assert time.monotonic() < deadline
                        before = connection.ask(request("/up/counter.txt"))
                        response = connection.ask(request(
                            "/up/counter.txt", "PUT", {"If-Match": before.get("etag")},
                            b"%d" % (int(before.content) + 1)), "PUT")
                        if response.status == 204:
                            break
                        assert response.status == 412
                        time.sleep(wait.random() * 0.02)
        for _ in pool.map(count, range(64)):
            pass
        assert server.fetch("/up/counter.txt").content == b"%d" % (64 * each)

    def test_many_names_at_once(self, server, pool):
        def write(number):
            content = random.Random(number).randbytes(number * 997 % 200_000)
            target = "/up/many-%d.bin" % number
            assert put(server, target, content, timeout=20).status == 201
            return server.fetch(target, timeout=20).content == content
        assert all(pool.map(write, range(200)))
