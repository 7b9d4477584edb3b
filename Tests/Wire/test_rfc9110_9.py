"""Methods (RFC 9110 §9): what each does, what Allow says, and who is refused how."""

import os
import re
import subprocess

import pytest

from daemon import until
from httpwire import request

HELLO = b"Hello, world!\n"
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        site={"UploadDurability": "none", "Fallback": ""},
        paths={"/up/": {"Upload": "yes"}, "/del/": {"Delete": "yes"},
               "/both/": {"Upload": "yes", "Delete": "yes"}, "/del/kept/": {"Delete": "no"}})
    daemon.put_file("hello.txt", HELLO, MODIFIED)
    daemon.put_file("index.html", b"<p>index\n", MODIFIED)
    for name in ("up", "del", "both", "del/kept", "bare"):
        daemon.put_directory(name)
    daemon.put_file("del/kept/a.txt", HELLO, MODIFIED)
    return daemon


def same_fields(left, right):
    """Whether two responses have the same fields, but for the clock."""
    def fields(response):
        return [(name.lower(), value) for name, value in response.fields if name.lower() != "date"]
    return fields(left) == fields(right)


class TestHead:
    """§9.3.2: a HEAD is answered as a GET, without the content."""

    @pytest.mark.parametrize("fields", [
        {}, {"If-None-Match": "*"}, {"If-None-Match": '"a"'}, {"If-Match": '"a"'},
        {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Accept": "text/html"},
        {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "*;q=0"}, {"Connection": "close"},
        {"Expect": "x"},
    ], ids=lambda fields: " ".join("%s: %s" % item for item in fields.items()) or "plain")
    @pytest.mark.parametrize("target", [
        "/", "/hello.txt", "/up", "/missing", "/.hidden", "/bare/", "/%", "/coded.txt",
        "/hello.txt/", "/up?a=b", "/big.bin", "/empty.txt", "/%00"])
    def test_is_get_without_content(self, server, target, fields):
        server.put_file("coded.txt", b"coded " * 500, MODIFIED)
        server.put_file("big.bin", bytes(300_000), MODIFIED)
        server.put_file("empty.txt", b"", MODIFIED)
        whole = server.fetch(target, fields=fields)
        with server.connect() as connection:
            head = connection.ask(request(target, "HEAD", fields), "HEAD")
            assert (head.status, head.reason) == (whole.status, whole.reason)
            assert same_fields(head, whole), (head.fields, whole.fields)
            if not head.closes:
                assert connection.ask(request("/hello.txt")).content == HELLO
            assert connection.rest(0.02) == b""


class TestAllow:
    @pytest.mark.parametrize("target,allowed", [
        ("/hello.txt", "GET HEAD OPTIONS"), ("/", "GET HEAD OPTIONS"),
        ("/missing", "GET HEAD OPTIONS"), ("/up/x", "GET HEAD PUT OPTIONS"),
        ("/up/a/b", "GET HEAD PUT OPTIONS"), ("/upx", "GET HEAD OPTIONS"),
        ("/del/x", "GET HEAD DELETE OPTIONS"), ("/del/kept/a.txt", "GET HEAD OPTIONS"),
        ("/both/x", "GET HEAD PUT DELETE OPTIONS"), ("/both/x?a=b", "GET HEAD PUT DELETE OPTIONS"),
        ("/up/../hello.txt", "GET HEAD OPTIONS"), ("/%75p/x", "GET HEAD PUT OPTIONS"),
        ("//up//x", "GET HEAD PUT OPTIONS"), ("/up/./x", "GET HEAD PUT OPTIONS"),
        ("http://localhost/up/x", "GET HEAD PUT OPTIONS"),
    ])
    def test_is_true(self, server, target, allowed):
        # §10.2.1: what the target has, in OPTIONS and in each 405.
        allowed = set(allowed.lower().split())
        with server.connect() as connection:
            response = connection.ask(request(target, "OPTIONS"), "OPTIONS")
            assert response.status in (200, 204) and response.content == b""
            assert set(response.tokens("allow")) == allowed
            assert len(response.tokens("allow")) == len(allowed)
            assert response.get("access-control-allow-origin") is None
            for method in ("POST", "PATCH", "PUT", "DELETE", "TRACE"):
                if method.lower() not in allowed:
                    response = connection.ask(request(target, method), method)
                    assert response.status == 405 and response.content
                    assert set(response.tokens("allow")) == allowed

    def test_of_the_server(self, server):
        # §9.3.7: OPTIONS * is of the server, not of a resource.
        response = server.fetch("*", "OPTIONS")
        assert response.status in (200, 204)
        assert set(response.tokens("allow")) == {"get", "head", "put", "delete", "options"}

    @pytest.mark.parametrize("keys,paths,more", [
        ({}, {}, set()), ({"Upload": "yes"}, {}, {"put"}), ({"Delete": "yes"}, {}, {"delete"}),
        ({}, {"/a/": {"Delete": "yes"}}, {"delete"}), ({}, {"*.txt": {"Upload": "yes"}}, {"put"}),
    ], ids=str)
    def test_of_another_server(self, start_daemon, keys, paths, more):
        daemon = start_daemon(site=keys, paths=paths)
        response = daemon.fetch("*", "OPTIONS")
        assert set(response.tokens("allow")) == {"get", "head", "options"} | more
        daemon.stop()

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "BREW"])
    def test_asterisk_is_for_options_only(self, server, method):
        # RFC 9112 §3.2.4
        assert server.fetch("*", method).status in (400, 501)

    def test_options_with_content(self, server):
        with server.connect() as connection:
            response = connection.ask(request("/up/x", "OPTIONS", content=b"x" * 500), "OPTIONS")
            assert response.status in (200, 204)
            assert connection.ask(request("/hello.txt")).content == HELLO


class TestRefused:
    @pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PUT", "TRACE"])
    @pytest.mark.parametrize("target", ["/hello.txt", "/", "/missing", "/bare", "/del/kept/a.txt"])
    def test_known_but_not_allowed(self, server, method, target):
        # §15.5.6
        content = None if method == "TRACE" else b"x"
        response = server.fetch(target, method, {"X-Secret": "s3cret"}, content)
        assert response.status == 405 and b"s3cret" not in response.content
        assert {"get", "head"} <= set(response.tokens("allow"))
        assert method.lower() not in response.tokens("allow")
        assert server.read_file("hello.txt") == server.read_file("del/kept/a.txt") == HELLO

    @pytest.mark.parametrize("method", [
        "get", "Get", "GETT", "GE", "G", "head", "put", "delete", "Delete", "XYZZY", "A-B.C_D!",
        "GET1", "LONGMETHODNAMEOFFORTYCHARACTERSANDMOREXX", "TRACK", "PROPFIND", "LOCK", "MKCOL",
        "PURGE", "QUERY", "COPY", "MOVE", "PRI",
    ])
    def test_unknown(self, server, method):
        # §15.6.2; methods are case-sensitive (§9.1).
        with server.connect() as connection:
            response = connection.ask(request("/hello.txt", method, {"X-Secret": "s3cret"}))
            assert response.status == 501 and response.content
            assert b"s3cret" not in response.content and response.get("allow") is None
            assert connection.ask(request("/hello.txt")).content == HELLO

    @pytest.mark.parametrize("target,statuses", [
        ("localhost:80", (405,)), ("127.0.0.1:22", (405,)), ("[::1]:443", (405,)),
        ("localhost", (400, 405)), ("/", (400, 405)), ("http://localhost/", (400, 405))])
    def test_connect(self, server, target, statuses):
        # §9.3.6: what follows would be the tunnel's, so the connection ends.
        with server.connect() as connection:
            connection.send(request(target, "CONNECT") + request("/hello.txt"))
            response = connection.read("CONNECT")
            assert response.status in statuses and response.closes
            assert connection.ended()

    def test_trace_echoes_nothing(self, server):
        # §9.3.8
        for target in ("/hello.txt", "/up/x", "/missing"):
            response = server.fetch(target, "TRACE", {
                "Cookie": "s3cret", "Authorization": "s3cret", "Max-Forwards": "0"})
            assert response.status == 405 and b"s3cret" not in response.content
            assert response.get("content-type") != "message/http"

    def test_head_of_errors_has_no_content(self, server):
        for target, fields in (("/missing", {}), ("/hello.txt", {"If-Match": '"x"'}),
                               ("/hello.txt", {"Expect": "x"})):
            with server.connect() as connection:
                connection.ask(request(target, "HEAD", fields), "HEAD")
                assert connection.rest(0.1) == b""


class TestDelete:
    """§9.3.5, where `Delete=yes`."""

    def test_a_file(self, server):
        path = server.put_file("del/a.txt", HELLO)
        with server.connect() as connection:
            response = connection.ask(request("/del/a.txt", "DELETE"), "DELETE")
            assert response.status == 204
            assert not os.path.exists(path)
            assert connection.ask(request("/del/a.txt")).status == 404
            assert connection.ask(request("/del/a.txt", "DELETE"), "DELETE").status == 404

    @pytest.mark.parametrize("target,name", [
        ("/del/a%20b.txt", "a b.txt"), ("/del/%C3%BC.txt", "\u00fc.txt"), ("/del/a?b=c", "a"),
        ("/del/./a", "a"), ("//del//a", "a"), ("/del/x/../a", "a"), ("/del/%61", "a"),
        ("http://localhost/del/a", "a"), ("/del/a%3Fb", "a?b")])
    def test_by_any_form_of_its_target(self, server, target, name):
        path = server.put_file("del/" + name, HELLO)
        assert server.fetch(target, "DELETE").status == 204
        assert not os.path.exists(path)

    @pytest.mark.parametrize("target", ["/del/empty", "/del/empty/", "/del/empty//"])
    def test_an_empty_directory(self, server, target):
        path = server.put_directory("del/empty")
        assert server.fetch(target, "DELETE").status == 204
        assert not os.path.exists(path)

    @pytest.mark.parametrize("target", ["/del/full", "/del/full/", "/del/full/."])
    @pytest.mark.parametrize("name", ["a.txt", ".hidden", "index.html", "sub/x"])
    def test_never_a_directory_that_is_not_empty(self, server, target, name):
        path = server.put_file("del/full/" + name, HELLO)
        response = server.fetch(target, "DELETE")
        assert response.status == 409 and response.content
        assert os.path.exists(path)
        os.unlink(path)
        if "/" in name:
            os.rmdir(os.path.dirname(path))

    @pytest.mark.parametrize("target,statuses", [
        ("/del/missing", (404,)), ("/del/missing/", (404,)), ("/del/missing/x", (404,)),
        ("/del/there.txt/", (404, 409)), ("/del/there.txt/x", (404,)), ("/del/%", (400,)),
        ("/del/%00", (400,)), ("/del/../../x", (400,)), ("/del/.hidden", (403, 404)),
        ("/del/%2ehidden", (403, 404)), ("/del/.git/config", (403, 404)),
        ("/del/a%2Fb", (403, 404)), ("/del/kept/a.txt", (405,)), ("/del/../hello.txt", (405,)),
        ("/hello.txt", (405,)), ("/del/" + "a" * 300, (404,)), ("/del/kept/", (405,)),
        ("/del/kept", (403, 409)),
    ])
    def test_what_is_not_to_be_deleted(self, server, target, statuses):
        for name in ("there.txt", ".hidden", ".git/config"):
            server.put_file("del/" + name, HELLO)
        response = server.fetch(target, "DELETE")
        assert response.status in statuses and response.content
        assert server.read_file("del/there.txt") == server.read_file("del/.hidden") == HELLO
        assert server.read_file("del/.git/config") == server.read_file("hello.txt") == HELLO
        assert server.read_file("del/kept/a.txt") == HELLO

    def test_the_root(self, start_daemon):
        daemon = start_daemon(site={"Delete": "yes"})
        for target in ("/", "//", "/.", "/a/.."):
            assert daemon.fetch(target, "DELETE").status in (403, 409), target
        assert os.path.isdir(daemon.root)
        daemon.put_file("a.txt", HELLO)
        assert daemon.fetch("/", "DELETE").status in (403, 409)
        assert daemon.fetch("/a.txt", "DELETE").status == 204

    @pytest.mark.parametrize("host,version,status", [
        ("localhost", "1.1", 204), ("LOCALHOST:8080", "1.1", 204), ("127.0.0.1", "1.1", 204),
        ("evil.example", "1.1", 403), ("localhost.evil.example", "1.1", 403), (None, "1.0", 403)])
    def test_only_by_a_name_of_the_site(self, server, host, version, status):
        # A page elsewhere, whose name leads here, must not delete.
        path = server.put_file("del/named.txt", HELLO)
        response = server.fetch("/del/named.txt", "DELETE", host=host, version=version)
        assert response.status == status
        assert os.path.exists(path) == (status != 204)

    def test_a_symbolic_link(self, server):
        target = server.put_file("hello-linked.txt", HELLO)
        os.symlink("../hello-linked.txt", server.path("del/link"))
        outside = os.path.join(server.directory, "outside.txt")
        with open(outside, "wb") as file:
            file.write(HELLO)
        os.symlink(outside, server.path("del/out"))
        for name in ("link", "out"):
            response = server.fetch("/del/" + name, "DELETE")
            assert response.status in (204, 403, 404, 409)
        assert os.path.exists(target) and os.path.exists(outside), "never what it leads to"

    def test_through_a_symbolic_link_out_of_the_root(self, server):
        victim = os.path.join(server.directory, "victim")
        os.makedirs(victim, exist_ok=True)
        os.chmod(victim, 0o777)
        path = os.path.join(victim, "a.txt")
        with open(path, "wb") as file:
            file.write(HELLO)
        os.symlink(victim, server.path("del/away"))
        assert server.fetch("/del/away/a.txt", "DELETE").status in (403, 404)
        assert os.path.exists(path)

    def test_what_the_system_forbids(self, server):
        path = server.put_file("del/locked/a.txt", HELLO)
        os.chmod(os.path.dirname(path), 0o555)
        response = server.fetch("/del/locked/a.txt", "DELETE")
        os.chmod(os.path.dirname(path), 0o755)
        assert response.status == 403 and os.path.exists(path)
        assert server.root.encode() not in response.content

    @pytest.mark.parametrize("framing", ["length", "chunks", "expect"])
    def test_content_is_not_used(self, server, framing):
        path = server.put_file("del/content.txt", HELLO)
        fields = {"length": {"Content-Length": 5}, "chunks": {"Transfer-Encoding": "chunked"},
                  "expect": {"Content-Length": 5, "Expect": "100-continue"}}[framing]
        with server.connect() as connection:
            connection.send(request("/del/content.txt", "DELETE", fields))
            if framing != "expect":
                connection.send({"length": b"12345", "chunks": b"2\r\nab\r\n0\r\n\r\n"}[framing])
            response = connection.read("DELETE")
            assert response.status == 204 and response.interim == []
            if not response.closes:
                if framing == "expect":
                    connection.send(b"12345")
                assert connection.ask(request("/hello.txt")).content == HELLO
        assert not os.path.exists(path)

    def test_pipelined(self, server):
        for number in range(50):
            server.put_file("both/p%d" % number, HELLO)
        with server.connect() as connection:
            connection.send(b"".join(
                request("/both/p%d" % n, "DELETE") + request("/both/p%d" % n) for n in range(50)))
            for number in range(50):
                assert connection.read("DELETE").status == 204
                assert connection.read().status == 404

    def test_one_of_many_deletes_it(self, server, pool):
        for number in range(10):
            server.put_file("del/raced", HELLO)
            statuses = list(pool.map(
                lambda _: server.fetch("/del/raced", "DELETE").status, range(20)))
            assert sorted(statuses) == [204] + [404] * 19

    def test_between_uploads(self, server, pool):
        # A tag protects what came after it.
        tag = server.fetch("/both/x", "PUT", content=b"one").get("etag")
        assert server.fetch("/both/x", "PUT", content=b"two").status == 204
        assert server.fetch("/both/x", "DELETE", {"If-Match": tag}).status == 412
        assert server.read_file("both/x") == b"two"
        tag = server.fetch("/both/x").get("etag")
        assert server.fetch("/both/x", "DELETE", {"If-Match": tag}).status == 204
        assert server.fetch("/both/x", "PUT", content=b"3", fields={"If-None-Match": "*"}).status \
            == 201

    def test_a_reader_keeps_what_it_reads(self, server):
        content = os.urandom(8 << 20)
        server.put_file("del/read.bin", content)
        with server.connect(timeout=10, receive_buffer=4096) as connection:
            connection.send(request("/del/read.bin"))
            assert until(lambda: connection._receive(0) or True)
            assert server.fetch("/del/read.bin", "DELETE").status == 204
            assert connection.read().content == content

    def test_is_logged(self, server):
        server.put_file("del/logged", HELLO)
        server.fetch("/del/logged", "DELETE")
        assert until(lambda: any(
            line["request"] == "DELETE /del/logged HTTP/1.1" and line["status"] == "204"
            for line in server.log_records()))

    @pytest.mark.parametrize("durability,synced", [("full", True), ("none", False)])
    def test_is_durable(self, start_daemon, durability, synced):
        daemon = start_daemon(site={"Delete": "yes", "UploadDurability": durability})
        daemon.put_file("dir/a.txt", HELLO)
        trace = os.path.join(daemon.directory, "trace")
        tracer = subprocess.Popen(["strace", "-f", "-y", "-qq", "-p", str(daemon.pid), "-o", trace,
                                   "-e", "trace=unlinkat,fsync,fdatasync,syncfs"])
        try:
            assert until(lambda: "TracerPid:\t0" not in open(
                "/proc/%d/status" % daemon.pid).read())
            assert until(lambda: os.path.exists(trace))
            assert daemon.fetch("/dir/a.txt", "DELETE").status == 204
        finally:
            tracer.terminate()
            tracer.wait()
        with open(trace) as file:
            calls = file.read()
        assert "unlinkat" in calls
        place = re.escape(os.path.join(daemon.root, "dir"))
        assert bool(re.search(r"unlinkat[^$]*?f(data)?sync\(\d+<%s>" % place, calls)) == synced
