"""httpctl delete, what -v shows of an exchange, and explain against a stand-in for the daemon."""

import json
import os

import pytest

from scripted import (  # noqa: F401  fixtures are used by their names
    CLIENT_ERROR, CONNECTION, DONE, FAILED, NOT_FOUND, NOT_RUNNING, PRECONDITION, REFUSED,
    SERVER_ERROR, USAGE, directory, executable, ok, run, server)


# delete


@pytest.mark.parametrize("status, words", [
    ("204 No Content", "/a: removed, 204 No Content, "), ("200 OK", "/a: removed, 200 OK, "),
    ("202 Accepted", "/a: to be removed, 202 Accepted, ")])
def test_delete(server, status, words):
    it = server(ok("", status=status) if "204" not in status else
                "HTTP/1.1 204 No Content\r\n\r\n")
    result = run("delete", it.url + "/a")
    assert result.status == DONE and result.output.startswith(it.url + words), result
    assert it.requests[0][0] == "DELETE /a HTTP/1.1"
    assert "content-length" not in it.requests[0][1] and "if-match" not in it.requests[0][1]


@pytest.mark.parametrize("given, sent", [("x", '"x"'), ('"x"', '"x"'), ("*", "*"),
                                         ('W/"x"', 'W/"x"')])
def test_delete_with_a_precondition(server, given, sent):
    it = server(ok("", status="412 Precondition Failed"))
    result = run("delete", it.url + "/a", "--if-match", given)
    assert result.status == PRECONDITION and "not as expected" in result.error
    assert it.requests[0][1]["if-match"] == sent


@pytest.mark.parametrize("code, status", [
    (403, REFUSED), (404, NOT_FOUND), (405, REFUSED), (409, CLIENT_ERROR), (410, NOT_FOUND),
    (500, SERVER_ERROR), (501, SERVER_ERROR), (307, FAILED)])
def test_delete_refused(server, code, status):
    it = server(ok("409 No: It is not empty.\n", "Content-Type: text/plain", "Location: /b",
                   status="%d No" % code))
    result = run("delete", it.url + "/a")
    assert result.status == status and "%d No" % code in result.error, result
    assert len(it.requests) == 1 and result.output == ""


def test_delete_as_json(server):
    it = server("HTTP/1.1 204 No Content\r\n\r\n")
    answer = json.loads(run("delete", it.url + "/a", "--json").output)
    assert (answer["method"], answer["target"], answer["status"]) == ("DELETE", "/a", 204)


def test_a_delete_whose_answer_is_lost_is_no_success(server):
    assert run("delete", server("").url + "/a").status == CONNECTION
    assert run("delete", server("HTTP/1.1 204").url + "/a").status == CONNECTION


# the exchange


def shown(result):
    return [line.replace("\r", "") for line in result.error.splitlines()]


def in_order(lines, expected):
    rest = iter(lines)
    return all(any(line.startswith(start) for line in rest) for start in expected)


def test_a_get_shows_redirects_and_interim_responses(server):
    def serve(peer, line, fields):
        if line.split()[1] == "/a":
            peer.send(ok("", "Location: /b", status="302 Found"))
        else:
            peer.send("HTTP/1.1 103 Early Hints\r\nLink: </c>\r\n\r\n")
            peer.send(ok("x", "X: \u202ey"))
    it = server(serve)
    address = "* connected to 127.0.0.1:%d" % it.port
    result = run("get", "-v", it.url + "/a")
    assert result.status == DONE, result
    assert in_order(shown(result), [
        address, "> GET /a HTTP/1.1", "> Accept-Encoding: identity", ">", "< HTTP/1.1 302 Found",
        "< Location: /b", "<", "httpctl: /a is at /b (302 Found), going there", address,
        "> GET /b HTTP/1.1", "< HTTP/1.1 103 Early Hints", "< Link: </c>", "<",
        "< HTTP/1.1 200 OK", "< X: \\u{202e}y"]), result


def test_a_head_shows_the_exchange_apart_from_the_answer(server):
    it = server("HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
    result = run("head", "-v", it.url + "/a")
    assert result.output == "HTTP/1.1 200 OK\nX: y\n"
    assert in_order(shown(result), ["* connected to ", "> HEAD /a HTTP/1.1", "< HTTP/1.1 200 OK"])


def test_a_put_shows_the_exchange(server, tmp_path):
    (tmp_path / "up").write_text("content")

    def serve(peer, line, fields):
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        peer.read(7)
        peer.send(ok("", status="201 Created"))
    result = run("put", "-v", tmp_path / "up", server(serve).url + "/a")
    assert in_order(shown(result), [
        "* connected to ", "> PUT /a HTTP/1.1", "> Expect: 100-continue", ">",
        "< HTTP/1.1 100 Continue", "* 7 bytes of content sent", "< HTTP/1.1 201 Created"]), result


def test_a_put_tells_that_the_server_does_not_continue(server, tmp_path):
    (tmp_path / "up").write_text("content")

    def serve(peer, line, fields):
        peer.read(7)
        peer.send(ok("", status="201 Created"))
    result = run("put", "-v", tmp_path / "up", server(serve).url + "/a")
    assert "* the server does not say whether it takes the content; sending it" in shown(result)


def test_addresses_that_do_not_connect_are_shown():
    result = run("get", "-v", "http://127.0.0.1:1/a")
    assert shown(result)[0] == "* not connected to 127.0.0.1:1: Connection refused"


# explain


EXPLANATION = {
    "listener": "http", "site": "default", "rule": "/assets/", "file": "assets/a.js.br",
    "coding": "br", "status": 200, "reason": "OK",
    "fields": [{"name": "Content-Type", "value": "text/javascript"},
               {"name": "X", "value": "\u001b[2J"}],
    "content_bytes": 1234,
    "steps": [
        {"part": "listener", "result": "http", "why": "it is the first one"},
        {"part": "site", "result": "default", "why": "no site is named example.org"},
        {"part": "precondition", "result": "none", "why": "the request has none"},
        {"part": "file", "result": "x" * 50, "why": "it is \u001b there"},
        {"part": "answer", "result": "200", "why": ""}],
}


class Daemon:
    """Answers on a control socket, and keeps the heads that it was asked about."""

    def __init__(self, content=EXPLANATION, status="200 OK", kind="application/json"):
        self.content = content if isinstance(content, str) else json.dumps(content)
        self.status, self.kind, self.heads = status, kind, []

    def __call__(self, peer, line, fields):
        assert fields["content-type"] == "message/http"
        self.heads.append(peer.read(int(fields["content-length"])).decode())
        peer.send(ok(self.content, "Content-Type: " + self.kind, status=self.status))


def explain(server, tmp_path, *arguments, daemon=None, **options):
    daemon = daemon or Daemon()
    path = tmp_path / ("socket%d" % len(os.listdir(tmp_path)))
    it = server(daemon, path)
    result = run("explain", *arguments, "--control", path, **options)
    return result, [line for line, _ in it.requests], daemon.heads


def test_an_explanation_is_a_page_for_people(server, tmp_path):
    result, lines, heads = explain(server, tmp_path, "/assets/a.js")
    assert result.status == DONE, result
    assert lines == ["POST /v1/explain HTTP/1.1"]
    assert heads == ["GET /assets/a.js HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"]
    assert result.output == "\n".join([
        "listener      http     it is the first one",
        "site          default  no site is named example.org",
        "precondition  none     the request has none",
        "file          " + "x" * 50 + "  it is \\x1b there",
        "answer        200",
        "", "HTTP/1.1 200 OK", "Content-Type: text/javascript", "X: \\x1b[2J", ""])


@pytest.mark.parametrize("arguments, head", [
    (["PUT", "/a b"], "PUT /a%20b HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"),
    (["get", "a"], "get /a HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"),
    (["OPTIONS", "*"], "OPTIONS * HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"),
    (["/a", "-H", "Accept-Encoding: br", "-H", "X:y"],
     "GET /a HTTP/1.1\r\nHost: localhost:8080\r\nAccept-Encoding: br\r\nX: y\r\n\r\n"),
    (["/a", "--field", "Range: bytes=0-1"],
     "GET /a HTTP/1.1\r\nHost: localhost:8080\r\nRange: bytes=0-1\r\n\r\n"),
    (["/a", "--host", "example.org"], "GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n"),
    (["http://example.org/a?b"], "GET /a?b HTTP/1.1\r\nHost: example.org\r\n\r\n"),
    (["/a", "--server", "http://[::1]:81"], "GET /a HTTP/1.1\r\nHost: [::1]:81\r\n\r\n"),
    (["/a", "-H", "Host: x"], "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
    (["/a", "-H", "host: x", "--host", "y"], "GET /a HTTP/1.1\r\nHost: y\r\nhost: x\r\n\r\n"),
])
def test_the_request_that_is_explained(server, tmp_path, arguments, head):
    result, _, heads = explain(server, tmp_path, *arguments)
    assert result.status == DONE, result
    assert heads == [head]


@pytest.mark.parametrize("name, sent", [("http", "http"), ("a&b c", "a%26b%20c")])
def test_the_listener_is_named_in_the_query(server, tmp_path, name, sent):
    _, lines, _ = explain(server, tmp_path, "/a", "--listener", name)
    assert lines == ["POST /v1/explain?listener=%s HTTP/1.1" % sent]


def test_an_explanation_as_json_is_the_daemons(server, tmp_path):
    text = json.dumps(dict(EXPLANATION, more=1), indent=1)
    result, _, _ = explain(server, tmp_path, "/a", "--json", daemon=Daemon(text))
    assert (result.status, result.output) == (DONE, text + "\n")


def test_an_explanation_of_nothing(server, tmp_path):
    content = dict(EXPLANATION, site=None, rule=None, file=None, coding=None, content_bytes=None,
                   status=400, reason="Bad Request", fields=[], steps=[])
    result, _, _ = explain(server, tmp_path, "/a", daemon=Daemon(content))
    assert (result.status, result.output) == (DONE, "\nHTTP/1.1 400 Bad Request\n")


def test_a_daemon_that_does_not_explain(server, tmp_path):
    gone = Daemon("404 Not Found: There is no such listener.\n", "404 Not Found", "text/plain")
    result, _, _ = explain(server, tmp_path, "/a", "--listener", "x", daemon=gone)
    assert result.status == NOT_FOUND
    assert result.error.endswith(
        "refuses it: 404 Not Found\n  There is no such listener.\n"), result
    result, _, _ = explain(server, tmp_path, "/a", daemon=Daemon("{}", "500 No"))
    assert result.status == SERVER_ERROR and "does not explain it (500)" in result.error
    result, _, _ = explain(server, tmp_path, "/a", daemon=Daemon("<p>", kind="text/html"))
    assert result.status == FAILED and "does not control" in result.error
    result, _, _ = explain(server, tmp_path, "/a", daemon=Daemon("{}"))
    assert result.status == FAILED and "not understood" in result.error
    result = run("explain", "/a", "--control", tmp_path / "missing")
    assert result.status == NOT_RUNNING and "systemctl start httpd-swift" in result.error


@pytest.mark.parametrize("arguments", [
    [], ["GE T", "/a"], ["/a", "-H", "no colon"], ["/a", "-H", "na me: x"], ["/a", "-H", ": x"],
    ["/a", "-H", "a: b\r\nc: d"], ["/a", "--host", "a\r\nb: c"], ["GET", "/a", "/b"],
    ["https://localhost/a"], ["/a", "-H", "a: " + "x" * 50_000]])
def test_requests_that_cannot_be_explained(tmp_path, arguments):
    result = run("explain", *arguments, "--control", tmp_path / "missing")
    assert result.status == USAGE, result
