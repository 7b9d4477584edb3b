"""What the daemon says it would answer (`POST /v1/explain`, control socket) is what it does."""

import json
import os
import re
import subprocess

import pytest

import daemon as daemons
import generated
import model
from httpwire import Connection, chunked, request
from test_differential import served  # noqa: F401  the same sites

SEED = int(os.environ.get("HTTPD_SWIFT_SEED", "9111"))
COUNT = int(os.environ.get("HTTPD_SWIFT_COUNT", "5000"))
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT


def ask(control, head, query=""):
    """The response of the control socket to a request head that is to be explained."""
    return control.ask(request(
        "/v1/explain" + query, "POST", {"Content-Type": "message/http"}, head), "POST")


def explain(control, head, query=""):
    """The explanation of a request head."""
    response = ask(control, head, query)
    assert response.status == 200 and response.get("content-type") == "application/json", response
    return json.loads(response.content)


def comparable(fields):
    """Field lines, but for those of the moment; the boundary of parts is one."""
    return [(name.lower(), value.partition("boundary=")[0]) for name, value in fields
            if name.lower() != "date"]


def differences(explanation, response):
    """What an explanation and the answer do not have in common, as lines."""
    result = []
    if (explanation["status"], explanation["reason"]) != (response.status, response.reason):
        result.append("said %d %s, was %d %s" % (
            explanation["status"], explanation["reason"], response.status, response.reason))
    said = comparable([(field["name"], field["value"]) for field in explanation["fields"]])
    was = comparable(response.fields)
    if sorted(said) != sorted(was):
        result += ["said %s: %s" % field for field in said if field not in was]
        result += ["was %s: %s" % field for field in was if field not in said]
    if "multipart" not in response.get("content-type", "") \
            and explanation["content_bytes"] not in (None, len(response.content)):
        result.append("said %s octets, were %d" % (
            explanation["content_bytes"], len(response.content)))
    return result


def test_generated_requests(served):  # noqa: F811
    daemon, sites, known = served
    draw = generated.Draw(SEED, sites, known)
    failures, statuses = [], set()
    control, connection = Connection(daemon.control_path), daemon.connect()
    for number in range(COUNT):
        made, site = draw.request()
        octets = generated.octets(made)
        explanation = explain(control, octets)
        response = connection.ask(octets, made.method, version=made.version)
        assert response is not None, octets
        statuses.add(response.status)
        found = differences(explanation, response)
        if found:
            failures.append("seed %d, request %d:\n%s\n    %s" % (
                SEED, number, octets.decode("latin-1").strip(), "\n    ".join(found)))
        if explanation["site"] != site_name(sites, site):
            failures.append("site %r of\n%s" % (explanation["site"], octets.decode("latin-1")))
        if response.closes:
            connection.reconnect()
        if len(failures) >= 10:
            break
    connection.close()
    control.close()
    assert not failures, "\n" + "\n".join(failures)
    assert statuses >= {200, 204, 206, 301, 308, 304, 400, 403, 404, 405, 406, 412, 416, 501}


HTTPCTL = os.path.join(os.path.dirname(daemons.EXECUTABLE), "httpctl")


@pytest.mark.skipif(not os.access(HTTPCTL, os.X_OK), reason="httpctl is not built")
def test_generated_requests_by_httpctl(served):  # noqa: F811
    daemon, sites, known = served
    draw, done = generated.Draw(SEED, sites, known), 0
    while done < 250:
        made, _ = draw.request()
        made.version, made.is_absolute = "1.1", False
        if re.search("%(?![0-9A-Fa-f]{2})", made.target):
            continue  # the tool sends no such target
        done += 1
        command = [HTTPCTL, "explain", made.method, made.target, "--host", made.host, "--json",
                   "--control", daemon.control_path]
        for name, value in made.fields:
            command += ["-H", "%s: %s" % (name, value)]
        result = subprocess.run(command, capture_output=True, timeout=10)
        assert result.returncode == 0, (command, result.stderr)
        with daemon.connect() as connection:
            response = connection.ask(generated.octets(made), made.method)
        assert not differences(json.loads(result.stdout), response), command


def site_name(sites, site):
    """The name of a site's section."""
    number = sites.index(site)
    return "s%d" % number if number else "default"


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        site={"Compression": "gzip", "Fallback": "", "CacheControl": "max-age=5"},
        paths={"/up/": {"Upload": "yes", "UploadMaxSize": "1K", "Delete": "yes"},
               "/list/": {"Listing": "yes"}, "*.css": {"CacheControl": "no-cache"},
               "/old/*": {"Redirect": "307 /new/$1"}, "/no/": {"Deny": "yes"}})
    daemon.put_file("a.txt", b"what is compressed " * 200, MODIFIED)
    daemon.put_file("b.txt", b"what is compressed " * 200, MODIFIED)
    daemon.put_file("b.txt.br", model.encode("br", b"what is compressed " * 200), MODIFIED)
    daemon.put_file("assets/x.css", b"x{}\n", MODIFIED)
    daemon.put_file("index.html", b"<p>index\n", MODIFIED)
    daemon.put_file("list/a", b"a\n", MODIFIED)
    daemon.put_file("up/there", b"there\n", MODIFIED)
    daemon.put_directory("up/full")
    daemon.put_directory("up/full/x")
    return daemon


@pytest.fixture
def control(server):
    with Connection(server.control_path) as connection:
        yield connection


class TestWhat:
    @pytest.mark.parametrize("target,fields,expected", [
        ("/a.txt", {}, {"rule": None, "file": "a.txt", "coding": None, "status": 200}),
        ("/a.txt", {"Accept-Encoding": "gzip"}, {"file": "a.txt", "coding": "gzip"}),
        ("/b.txt", {"Accept-Encoding": "br"}, {"file": "b.txt.br", "coding": "br"}),
        ("/", {}, {"file": "index.html", "status": 200}),
        ("/assets/x.css", {}, {"rule": "*.css", "file": "assets/x.css"}),
        ("/old/x", {}, {"rule": "/old/*", "status": 307, "file": None}),
        ("/no/x", {}, {"rule": "/no/", "status": 403, "file": None}),
        ("/missing", {}, {"status": 404, "file": None}),
        ("/list", {}, {"status": 301}), ("/list/", {}, {"status": 200, "rule": "/list/"}),
    ], ids=str)
    def test_names_what_decides(self, server, control, target, fields, expected):
        explanation = explain(control, request(target, fields=fields))
        assert {name: explanation[name] for name in expected} == expected
        assert (explanation["listener"], explanation["site"]) == ("http", "default")

    def test_schema(self, control):
        for target in ("/a.txt", "/missing", "/%", "/old/x", "/list/"):
            explanation = explain(control, request(target))
            assert set(explanation) == {"listener", "site", "rule", "file", "coding", "status",
                                        "reason", "fields", "content_bytes", "steps"}
            for field in explanation["fields"]:
                assert set(field) == {"name", "value"}
            parts = [step["part"] for step in explanation["steps"]]
            assert set(parts) <= {"listener", "site", "rule", "file", "coding", "precondition",
                                  "range", "method", "answer"} and parts
            for step in explanation["steps"]:
                assert set(step) == {"part", "result", "why"} and step["why"]

    def test_no_path_of_the_disk_but_below_the_root(self, server, control):
        explanation = explain(control, request("/a.txt"))
        assert server.root not in json.dumps(explanation)


METHODS = [
    ("PUT", "/up/new", {"Content-Length": "5"}, b"12345", 201),
    ("PUT", "/up/there", {"Content-Length": "5"}, b"12345", 204),
    ("PUT", "/a.txt", {"Content-Length": "5"}, b"12345", 405),
    ("PUT", "/up/there", {"Content-Length": "5000"}, bytes(5000), 413),
    ("PUT", "/up/there", {"Content-Length": "5", "If-None-Match": "*"}, b"12345", 412),
    ("PUT", "/up/a/b", {"Content-Length": "5"}, b"12345", 409),
    ("PUT", "/up/.hidden", {"Content-Length": "5"}, b"12345", 403),
    ("PUT", "/up/", {"Content-Length": "5"}, b"12345", (400, 403, 405, 409)),
    ("PUT", "/up/there", {"Transfer-Encoding": "chunked"}, chunked(b"12345"), 204),
    ("DELETE", "/up/there", {}, b"", 204), ("DELETE", "/up/missing", {}, b"", 404),
    ("DELETE", "/a.txt", {}, b"", 405), ("DELETE", "/up/full", {}, b"", 409),
    ("DELETE", "/up/full/x/", {}, b"", 204), ("DELETE", "/up/there", {"If-Match": '"a"'}, b"", 412),
    ("OPTIONS", "*", {}, b"", 204), ("OPTIONS", "/up/x", {}, b"", 204),
    ("POST", "/a.txt", {"Content-Length": "1"}, b"x", 405), ("TRACE", "/", {}, b"", 405),
    ("BREW", "/", {}, b"", 501), ("GET", "/", {"Expect": "x"}, b"", 417),
    ("GET", "/list/", {"Accept": "application/json"}, b"", 200),
    ("GET", "/list/", {"Accept": "text/html"}, b"", 200), ("HEAD", "/list/", {}, b"", 200),
]


@pytest.mark.parametrize("method,target,fields,content,status", METHODS,
                         ids=["%s %s %s" % (row[0], row[1], row[4]) for row in METHODS])
def test_methods(server, control, method, target, fields, content, status):
    server.put_file("up/there", b"there\n", MODIFIED)
    server.put_directory("up/full/x")
    head = request(target, method, fields)
    before = sorted(os.listdir(server.path("up")))
    explanation = explain(control, head)
    assert sorted(os.listdir(server.path("up"))) == before, "nothing is done"
    assert server.read_file("up/there") == b"there\n"
    with server.connect() as connection:
        response = connection.ask(head + content, method)
    assert response.status in (status if isinstance(status, tuple) else (status,))
    changing = {"etag", "last-modified", "location", "connection"} \
        if response.status in (201, 204) and method == "PUT" else {"connection"}
    said = [field for field in explanation["fields"] if field["name"].lower() not in changing]
    response.fields = [field for field in response.fields if field[0].lower() not in changing]
    assert not differences({**explanation, "fields": said}, response)
    if os.path.exists(server.path("up/new")):
        os.unlink(server.path("up/new"))


@pytest.mark.parametrize("head,status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
    (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400), (b"nonsense\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", 400),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
     b"Content-Length: 5\r\n\r\n", 400),
    (b"GET / HTTP/1.0\r\n\r\n", 200), (b"GET / HTTP/1.1\r\nHost: unknown.test\r\n\r\n", 200),
], ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None)
def test_any_head(server, control, head, status):
    explanation = explain(control, head)
    assert explanation["status"] == status
    with server.connect() as connection:
        response = connection.ask(head)
        assert not differences(explanation, response)


class TestInterface:
    @pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n",
                                      b"GET / HTTP/1.1", b"\r\n\r\n"])
    def test_what_is_no_head(self, control, head):
        response = ask(control, head)
        assert response.status in (200, 400)
        if response.status == 200:
            assert json.loads(response.content)["status"] >= 400
        assert ask(control, request("/")).status == 200

    def test_too_large(self, server):
        with Connection(server.control_path) as control:
            assert ask(control, request("/", fields={"X": "y" * (60 << 10)})).status == 413

    def test_listener(self, control):
        assert explain(control, request("/"), "?listener=http")["listener"] == "http"
        assert ask(control, request("/"), "?listener=none").status in (400, 404)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_other_methods(self, server, method):
        with Connection(server.control_path) as control:
            response = control.ask(request("/v1/explain", method), method)
            assert response.status in (400, 405, 411)

    def test_not_for_http_listeners(self, server):
        assert server.fetch("/v1/explain", "POST", content=request("/")).status in (404, 405)

    def test_leaves_no_trace(self, server, control):
        def state():
            status = server.status()
            return (status.get("requests"), len(server.log_lines()))
        server.fetch("/a.txt")
        before = state()
        for number in range(20):
            explain(control, request("/a.txt?%d" % number))
        after = state()
        assert after[1] == before[1], "nothing is logged"
        assert after[0] == before[0], "nothing is counted"
