"""httpctl against servers that misbehave in every way, and what it says of all that."""

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from scripted import (  # noqa: F401  fixtures are used by their names
    CHUNKED, CLIENT_ERROR, CONNECTION, DONE, FAILED, HTTPCTL, INTERRUPTED, LARGE, NOT_FOUND,
    NOT_RUNNING, NOT_VERIFIED, PRECONDITION, REFUSED, ROOT, SERVER_ERROR, TIMED_OUT, TIMEOUT,
    TOO_LARGE, USAGE, chunked, directory, entries, executable, hear_signals, ok, run, server,
    until)


# get


def test_get_stores_a_file_under_its_name(server):
    it = server(ok(b"\x00\xffcontent\r\n", 'ETag: "a"'))
    result = run("get", it.url + "/d/a%20b.bin?x=1")
    assert result.status == DONE, result
    assert Path("a b.bin").read_bytes() == b"\x00\xffcontent\r\n"
    assert entries() == ["a b.bin"]
    assert result.output.startswith("/d/a%20b.bin?x=1: 11 bytes stored as a b.bin, 200 OK, ")
    assert result.error == ""
    line, fields = it.requests[0]
    assert line == "GET /d/a%20b.bin?x=1 HTTP/1.1"
    assert fields["host"] == "127.0.0.1:%d" % it.port
    assert fields["user-agent"].startswith("httpctl/")


@pytest.mark.parametrize("arguments, environment", [
    (["--server", "URL", "get", "/a"], {}), (["get", "--server", "URL", "/a"], {}),
    (["get", "/a", "--server", "URL"], {}), (["get", "a"], {"HTTPCTL_SERVER": "URL"}),
    (["get", "URL/a"], {"HTTPCTL_SERVER": "http://127.0.0.1:1"}),
    (["get", "/a", "--server", "URL"], {"HTTPCTL_SERVER": "http://127.0.0.1:1"}),
])
def test_the_server_is_an_option_a_variable_or_a_url(server, arguments, environment):
    it = server(ok("a"))
    arguments = [word.replace("URL", it.url) for word in arguments]
    environment = {name: value.replace("URL", it.url) for name, value in environment.items()}
    result = run(*arguments, env={**os.environ, **environment})
    assert result.status == DONE, result
    assert Path("a").read_text() == "a"


def test_a_directory_is_stored_as_index_html(server):
    assert run("get", server(ok("page")).url + "/d/").status == DONE
    assert Path("index.html").read_text() == "page"


def test_content_goes_to_the_standard_output_and_the_confirmation_elsewhere(server):
    result = run("get", server(ok(b"\x00\xff")).url + "/a", "-o", "-")
    assert (result.status, result.raw) == (DONE, b"\x00\xff")
    assert "/a: 2 bytes" in result.error
    assert entries() == []


def test_get_as_json(server):
    it = server(ok("abc", 'ETag: "x"'))
    result = run("--json", "get", it.url + "/a", "-o", "out")
    answer = json.loads(result.output)
    assert answer.pop("milliseconds") >= 0
    assert answer == {"method": "GET", "server": it.url, "target": "/a", "status": 200,
                      "reason": "OK", "bytes": 3, "etag": '"x"', "location": None,
                      "stored": "out", "continued_from": 0, "verified": [], "coding": None}


def test_devices_are_written_to(server):
    assert run("get", server(ok("abc")).url + "/a", "-o", "/dev/null").status == DONE
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null")


def test_an_existing_file_is_replaced_with_its_mode_and_links_stay(server):
    Path("real").write_text("old")
    os.chmod("real", 0o640)
    os.symlink("real", "link")
    assert run("get", server(ok("new")).url + "/a", "-o", "link").status == DONE
    assert os.readlink("link") == "real"
    assert Path("real").read_text() == "new"
    assert os.stat("real").st_mode & 0o777 == 0o640
    assert entries() == ["link", "real"]


def test_a_new_file_has_the_mode_that_umask_leaves(server):
    result = run("get", server(ok("new")).url + "/a", preexec_fn=lambda: os.umask(0o027))
    assert result.status == DONE
    assert os.stat("a").st_mode & 0o777 == 0o640


@pytest.mark.parametrize("target", ["/.", "/..", "/%2e%2e", "/a%2Fb", "/a%0Ab", "/%FF"])
def test_names_that_are_no_names_are_refused_before_anything_is_asked(server, target):
    it = server(ok("x"))
    result = run("get", it.url + target)
    assert result.status == USAGE and "-o FILE" in result.error
    assert (entries(), it.requests) == ([], [])


@pytest.mark.parametrize("answer, content", [
    (CHUNKED + chunked(b"abc", b"def") + b"0\r\nTrailer: x\r\n\r\n", b"abcdef"),
    (b"HTTP/1.0 200 OK\r\n\r\nuntil close", b"until close"),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok("a"), b"a"),
    (ok("abc") + b"more than announced", b"abc"),
    (ok(LARGE), LARGE), (CHUNKED + chunked(LARGE, LARGE) + b"0\r\n\r\n", LARGE * 2),
], ids=["chunked", "until close", "informational", "excess", "large", "large chunks"])
def test_every_framing_is_read(server, answer, content):
    assert run("get", server(answer).url + "/a").status == DONE
    assert Path("a").read_bytes() == content


def in_pieces(answer):
    def serve(peer, line, fields):
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for offset in range(len(answer)):
            peer.send(answer[offset:offset + 1])
            time.sleep(0.001)
    return serve


def test_a_response_may_come_byte_by_byte(server):
    answer = CHUNKED + chunked(b"abc", b"def") + b"0\r\n\r\n"
    assert run("get", server(in_pieces(answer)).url + "/a").status == DONE
    assert Path("a").read_bytes() == b"abcdef"


BROKEN = {
    "truncated": (ok("x" * 100)[:-1], NOT_VERIFIED, "99 of 100 bytes"),
    "truncated chunk": (CHUNKED + b"5\r\nabc", NOT_VERIFIED, "after 3 bytes"),
    "no last chunk": (CHUNKED + chunked(b"abc"), NOT_VERIFIED, "after 3 bytes"),
    "no end of trailer": (CHUNKED + chunked(b"abc") + b"0\r\n", NOT_VERIFIED, "after 3 bytes"),
    "nothing": (b"", CONNECTION, "without a response"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", CONNECTION, "within a response"),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                    FAILED, "Content-Length"),
    "length and chunked": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"
                           b"\r\n\r\n0\r\n\r\n", FAILED, "both"),
    "bad chunk": (CHUNKED + b"xyz\r\n", FAILED, "chunk"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", FAILED, "not valid HTTP"),
    "a part": (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\na", FAILED, "206"),
}


@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
@pytest.mark.parametrize("answer, status, words", BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_off_leaves_nothing(server, answer, status, words, existing):
    if existing:
        Path("a").write_text("old")
    result = run("get", server(answer).url + "/a")
    assert result.status == status, result
    assert words in result.error and result.output == ""
    assert entries() == (["a"] if existing else [])
    assert not existing or Path("a").read_text() == "old"


def test_a_reset_leaves_nothing(server):
    def serve(peer, line, fields):
        peer.send(ok(LARGE)[:300_000])
        time.sleep(0.2)
        peer.reset()
    Path("a").write_text("old")
    result = run("get", server(serve).url + "/a")
    assert result.status == CONNECTION and "broke" in result.error
    assert (entries(), Path("a").read_text()) == (["a"], "old")


def test_a_server_that_stalls_is_given_up(server):
    def serve(peer, line, fields):
        peer.send(ok("abcdef")[:-3])
        peer.read_to_end()
    start = time.monotonic()
    result = run("get", server(serve).url + "/a", "--stall-timeout", "0.5")
    assert result.status == TIMED_OUT and "0.5 s" in result.error
    assert 0.4 < time.monotonic() - start < 5
    assert entries() == []


def test_a_server_that_trickles_is_given_up_in_the_end(server):
    def serve(peer, line, fields):
        peer.send("HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(200):
            peer.send("x")
            time.sleep(0.05)
    start = time.monotonic()
    result = run("get", server(serve).url + "/a", "--timeout", "0.7")
    assert result.status == TIMED_OUT and "more than 0.7 s" in result.error
    assert time.monotonic() - start < 5
    assert entries() == []


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = run("get", "http://127.0.0.1:%d/a" % port)
    assert result.status == CONNECTION and "Connection refused" in result.error


def test_no_such_host():
    result = run("get", "http://no-such-host.invalid/a")
    assert result.status == CONNECTION and "cannot find no-such-host.invalid" in result.error


def test_a_directory_that_takes_no_file(server):
    url = server(ok("x")).url
    assert run("get", url + "/a", "-o", "missing/a").status == FAILED
    Path("d").mkdir()
    assert run("get", url + "/a", "-o", "d").status == FAILED
    assert entries("d") == []


PAGE = ok("<!DOCTYPE html>default page", "Content-Type: text/html; charset=utf-8",
          status="404 Not Found")


@pytest.mark.parametrize("form", ["get", "request"])
def test_the_default_page_is_told_and_not_stored(server, form):
    it = server(PAGE)
    arguments = (["get", it.url + "/nope.html"] if form == "get" else
                 ["request", "127.0.0.1", it.port, "GET", "/nope.html"])
    result = run(*arguments)
    assert result.status == NOT_FOUND
    assert "/nope.html is not there" in result.error
    assert "default page instead (27 bytes), which was not stored" in result.error
    assert (result.output, entries()) == ("", [])
    shown = run(*arguments, "--show")
    assert (shown.status, shown.output) == (NOT_FOUND, "<!DOCTYPE html>default page")
    assert "default page" in shown.error and entries() == []


def test_request_writes_any_answer_to_the_standard_output(server):
    it = server(PAGE)
    result = run("request", "127.0.0.1", it.port, "GET", "/nope.html", "-o", "-")
    assert (result.status, result.output) == (NOT_FOUND, "<!DOCTYPE html>default page")
    result = run("get", it.url + "/nope.html", "-o", "-")
    assert (result.status, result.output) == (NOT_FOUND, "")


STATUSES = {
    200: DONE, 201: DONE, 204: DONE, 300: FAILED, 304: FAILED, 400: CLIENT_ERROR, 401: REFUSED,
    403: REFUSED, 404: NOT_FOUND, 405: REFUSED, 408: CLIENT_ERROR, 409: CLIENT_ERROR,
    410: NOT_FOUND, 412: PRECONDITION, 413: TOO_LARGE, 414: CLIENT_ERROR, 416: CLIENT_ERROR,
    421: CLIENT_ERROR, 429: CLIENT_ERROR, 431: CLIENT_ERROR, 500: SERVER_ERROR,
    501: SERVER_ERROR, 503: SERVER_ERROR, 505: SERVER_ERROR, 507: TOO_LARGE, 599: SERVER_ERROR,
}


@pytest.mark.parametrize("code, status", STATUSES.items())
@pytest.mark.parametrize("command", ["get", "put", "head", "request"])
def test_exit_statuses(server, tmp_path, command, code, status):
    def serve(peer, line, fields):
        peer.send("HTTP/1.1 %d Reason\r\n%s\r\n" % (
            code, "" if code in (204, 304) else "Content-Length: 0\r\n"))
        peer.read_to_end()
    (tmp_path / "up").write_text("")
    it = server(serve)
    result = run(*{
        "get": ["get", it.url + "/a"], "put": ["put", tmp_path / "up", it.url + "/a"],
        "head": ["head", it.url + "/a"],
        "request": ["request", "127.0.0.1", it.port, "DELETE", "/a"],
    }[command])
    assert result.status == status, result
    assert "%d Reason" % code in result.output + result.error
    assert entries() == (["a"] if command == "get" and status == DONE else [])


def test_the_server_explains_without_commanding_the_terminal(server):
    it = server(ok("no\x1b[31m way\x07\nreally", "Content-Type: text/plain", "Allow: GET, HEAD",
                   status="405 Method Not Allowed"))
    result = run("get", it.url + "/a")
    assert result.status == REFUSED
    assert "allowed are GET, HEAD" in result.error
    assert "no\\x1b[31m way\\x07\n  really" in result.error
    it = server(ok("409 Conflict: Why.\n", "Content-Type: text/plain", status="409 Conflict"))
    assert run("get", it.url + "/a").error.endswith("was refused: 409 Conflict\n  Why.\n")
    it = server(ok('{"title":"Busy","detail":"a\\u001bb","x":[]}', "Retry-After: 5",
                   "Content-Type: application/problem+json", status="503 Service Unavailable"))
    result = run("get", it.url + "/a")
    assert "retry after 5\n  Busy: a\\x1bb\n" in result.error


def test_redirects_on_the_server_are_followed_and_told(server):
    def serve(peer, line, fields):
        target = line.split()[1]
        if target == "/d":
            peer.send(ok("", "Location: /d/", status="301 Moved Permanently"))
        elif target == "/d/":
            peer.send(ok("", "Location: %s/e?x" % it.url, status="307 Temporary Redirect"))
        else:
            peer.send(ok("here"))
    it = server(serve)
    result = run("get", it.url + "/d")
    assert result.status == DONE, result
    assert Path("d").read_text() == "here"
    assert "/d is at /d/" in result.error and "/d/ is at /e?x" in result.error
    assert [line.split()[1] for line, _ in it.requests] == ["/d", "/d/", "/e?x"]


def test_redirects_to_other_servers_and_in_circles_are_not(server):
    other = server(ok("other"))
    it = server(ok("", "Location: %s/x" % other.url, status="302 Found"))
    result = run("get", it.url + "/a")
    assert result.status == FAILED and "which was not followed" in result.error
    assert (other.requests, entries()) == ([], [])
    it = server(ok("", "Location: /a", status="302 Found"))
    assert run("get", it.url + "/a").status == FAILED
    assert len(it.requests) == 6 and entries() == []


def test_heads_are_shown_on_demand(server):
    it = server(b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok("a", "X-Field: value"))
    result = run("get", it.url + "/a", "-v")
    for line in ["> GET /a HTTP/1.1", "> Connection: close", "< HTTP/1.1 103 Early Hints",
                 "< HTTP/1.1 200 OK", "< X-Field: value"]:
        assert line in result.error.splitlines()


# interruption


# Where a file without a name could not be given one, for want of /proc/self/fd. With -D, the
# process that is started is httpctl itself, so that signals reach it.
HIDE_PROC = ["strace", "-D", "-qq", "-o", "/dev/null", "-e", "trace=access",
             "-P", "/proc/self/fd", "-e", "inject=access:error=ENOENT"]
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def start_stalled(server, *arguments, prefix=()):
    """Starts httpctl on a download that never ends; returns it when the first bytes are written."""
    def serve(peer, line, fields):
        peer.send(ok(LARGE)[:400_000])
        peer.read_to_end()
    it = server(serve)
    process = subprocess.Popen([*prefix, HTTPCTL, "get", it.url + "/a", *arguments],
                               stderr=subprocess.PIPE, preexec_fn=hear_signals)
    until(lambda: it.requests, "no request came")
    time.sleep(0.3)
    return process


def test_an_interrupted_download_leaves_nothing(server):
    Path("a").write_text("old")
    process = start_stalled(server)
    process.send_signal(signal.SIGINT)
    assert process.wait(TIMEOUT) == INTERRUPTED
    assert (entries(), Path("a").read_text()) == (["a"], "old")


@needs_strace
@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, INTERRUPTED), (signal.SIGTERM, -signal.SIGTERM),
    (signal.SIGHUP, -signal.SIGHUP)])
def test_a_temporary_file_with_a_name_is_removed(server, number, status):
    process = start_stalled(server, prefix=HIDE_PROC)
    until(lambda: entries(), "no temporary file came")
    assert [re.fullmatch(r"\.a\.[a-z0-9]{8}", name) is not None for name in entries()] == [True]
    process.send_signal(number)
    assert process.wait(TIMEOUT) == status
    assert entries() == []


@needs_strace
@pytest.mark.parametrize("answer, status", [(ok("new"), DONE), (ok("new")[:-1], NOT_VERIFIED)])
def test_a_file_with_a_name_becomes_whole_or_goes(server, answer, status):
    Path("a").write_text("old")
    done = subprocess.run([*HIDE_PROC, HTTPCTL, "get", server(answer).url + "/a"], timeout=TIMEOUT)
    assert done.returncode == status
    assert Path("a").read_text() == ("new" if status == DONE else "old")
    assert entries() == ["a"]


# put


def accept(status="201 Created", *fields):
    """A server that takes an upload as a good one does, and keeps it."""
    received = []

    def serve(peer, line, head):
        if "expect" in head:
            peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        if head.get("transfer-encoding") == "chunked":
            received.append(peer.read_chunked())
        else:
            received.append(peer.read(int(head["content-length"])))
        peer.send(ok("", *fields, status=status))
    return serve, received


def test_put_creates_and_replaces(server, tmp_path):
    file = tmp_path / "a b%.bin"
    file.write_bytes(LARGE)
    serve, received = accept("201 Created", 'ETag: "x"')
    it = server(serve)
    result = run("--server", it.url, "put", file)
    assert result.status == DONE, result
    assert received == [LARGE]
    line, fields = it.requests[0]
    assert line == "PUT /a%20b%25.bin HTTP/1.1"
    assert fields["expect"] == "100-continue"
    assert fields["content-length"] == str(len(LARGE))
    assert "2097152 bytes (2 MiB), created %s/a%%20b%%25.bin" % it.url in result.output
    assert 'ETag "x", 201 Created' in result.output
    serve, _ = accept("204 No Content")
    assert "replaced" in run("put", file, server(serve).url + "/x").output


@pytest.mark.parametrize("target, expected", [
    ("/", "/up"), ("/d/", "/d/up"), ("/d/other", "/d/other"), ("other", "/other")])
def test_the_target_of_a_put(server, tmp_path, target, expected):
    (tmp_path / "up").write_text("x")
    serve, received = accept()
    it = server(serve)
    assert run("put", tmp_path / "up", target, "--server", it.url).status == DONE
    assert it.requests[0][0].split()[1] == expected
    assert received == [b"x"]


def test_request_puts_the_local_file_of_the_targets_name(server):
    Path("client-text.txt").write_text("text")
    serve, received = accept()
    it = server(serve)
    for target in ["client-text.txt", "/client-text.txt"]:
        assert run("request", "127.0.0.1", it.port, "PUT", target).status == DONE
    assert [line for line, _ in it.requests] == ["PUT /client-text.txt HTTP/1.1"] * 2
    assert received == [b"text"] * 2


@pytest.mark.parametrize("arguments, name, value", [
    (["--create"], "if-none-match", "*"), (["--if-match", '"x"'], "if-match", '"x"'),
    (["--if-match", "x"], "if-match", '"x"')])
def test_put_with_a_precondition(server, tmp_path, arguments, name, value):
    (tmp_path / "up").write_text("x")
    it = server(ok("", status="412 Precondition Failed"))
    assert run("put", tmp_path / "up", it.url + "/a", *arguments).status == PRECONDITION
    assert it.requests[0][1][name] == value


def test_the_standard_input_is_put_in_chunks(server):
    serve, received = accept()
    it = server(serve)
    result = run("put", "-", it.url + "/a", input=LARGE)
    assert result.status == DONE, result
    assert received == [LARGE]
    assert "content-length" not in it.requests[0][1]


def test_an_empty_file_is_put_without_asking(server, tmp_path):
    (tmp_path / "empty").touch()
    serve, received = accept()
    it = server(serve)
    assert run("put", tmp_path / "empty", it.url + "/a").status == DONE
    assert received == [b""] and "expect" not in it.requests[0][1]


def test_content_is_sent_after_a_second_to_a_server_that_does_not_continue(server, tmp_path):
    (tmp_path / "up").write_text("content")
    waited = []

    def serve(peer, line, fields):
        start = time.monotonic()
        assert peer.read(7) == b"content"
        waited.append(time.monotonic() - start)
        peer.send(ok("", status="201 Created"))
    assert run("put", tmp_path / "up", server(serve).url + "/a").status == DONE
    assert 0.8 < waited[0] < 5


def test_a_refusal_before_the_content_sends_none(server, tmp_path):
    (tmp_path / "up").write_bytes(LARGE)
    sent = []

    def serve(peer, line, fields):
        peer.send(ok("too large", "Content-Type: text/plain", status="413 Content Too Large"))
        sent.append(peer.read_to_end())
    result = run("put", tmp_path / "up", server(serve).url + "/a")
    assert result.status == TOO_LARGE
    assert "413 Content Too Large\n  too large" in result.error
    until(lambda: sent, "the connection was not closed")
    assert sent == [b""]


@pytest.mark.parametrize("ending", ["waits", "closes", "resets"])
def test_a_refusal_while_uploading_stops_the_upload(server, tmp_path, ending):
    with open(tmp_path / "up", "wb") as file:
        file.truncate(64 << 20)
    seen = []

    def serve(peer, line, fields):
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        seen.append(len(peer.read(100_000)))
        peer.send(ok("", status="507 Insufficient Storage"))
        if ending == "waits":
            seen.append(len(peer.read_to_end()))
        elif ending == "resets":
            time.sleep(0.2)
            peer.reset()
    result = run("put", tmp_path / "up", server(serve).url + "/a")
    assert result.status == TOO_LARGE, result
    assert "507 Insufficient Storage" in result.error
    if ending == "waits":
        until(lambda: len(seen) == 2, "the connection was not closed")
        assert sum(seen) < 60 << 20


def test_success_before_the_content_is_no_success(server, tmp_path):
    with open(tmp_path / "up", "wb") as file:
        file.truncate(64 << 20)

    def serve(peer, line, fields):
        peer.send(ok("", status="201 Created"))
        time.sleep(0.5)
    result = run("put", tmp_path / "up", server(serve).url + "/a")
    assert result.status == FAILED and "before it had" in result.error


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written"])
def test_a_file_that_changes_is_not_put(server, tmp_path, change):
    file = tmp_path / "up"
    file.write_bytes(b"x" * (8 << 20))
    received = []

    def serve(peer, line, fields):
        if change == "grows":
            with open(file, "ab") as stream:
                stream.write(b"more")
        elif change == "shrinks":
            os.truncate(file, 100_000)
        else:
            with open(file, "r+b") as stream:
                stream.write(b"y")
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        received.append((int(fields["content-length"]), len(peer.read_to_end())))
    result = run("put", file, server(serve).url + "/a")
    assert result.status == FAILED and "changed while it was sent" in result.error, result
    until(lambda: received, "the connection was not closed")
    assert received[0][1] < received[0][0]


def test_a_connection_that_breaks_while_uploading(server, tmp_path):
    with open(tmp_path / "up", "wb") as file:
        file.truncate(64 << 20)

    def serve(peer, line, fields):
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        peer.read(100_000)
        peer.reset()
    assert run("put", tmp_path / "up", server(serve).url + "/a").status == CONNECTION


def test_an_upload_that_stalls(server, tmp_path):
    with open(tmp_path / "up", "wb") as file:
        file.truncate(64 << 20)

    def serve(peer, line, fields):
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(3)
    result = run("put", tmp_path / "up", server(serve).url + "/a", "--stall-timeout", "0.5")
    assert result.status == TIMED_OUT, result


@pytest.mark.parametrize("file, words", [
    ("missing", "No such file"), ("directory", "Is a directory")])
def test_files_that_cannot_be_put(server, file, words):
    Path("directory").mkdir()
    it = server(ok(""))
    result = run("put", file, it.url + "/a")
    assert result.status == FAILED and words in result.error
    assert it.requests == []


# head, request


def test_head_shows_status_and_fields(server):
    it = server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: y\r\n\r\n")
    result = run("head", it.url + "/a")
    assert (result.status, result.output) == (
        DONE, "HTTP/1.1 200 OK\nContent-Length: 9\nX: y\n")
    assert it.requests[0][0] == "HEAD /a HTTP/1.1"
    answer = json.loads(run("head", it.url + "/a", "--json").output)
    assert answer["status"] == 200
    assert answer["fields"][1] == {"name": "X", "value": "y"}


@pytest.mark.parametrize("verb, target, line", [
    ("HEAD", "/a", "HEAD /a HTTP/1.1"), ("OPTIONS", "*", "OPTIONS * HTTP/1.1"),
    ("DELETE", "/a b", "DELETE /a%20b HTTP/1.1"), ("BREW", "pot", "BREW /pot HTTP/1.1"),
    ("get", "/a", "get /a HTTP/1.1")])
def test_any_method_is_sent_as_it_is(server, verb, target, line):
    it = server(ok("" if verb == "HEAD" else "con\x1btent", "Content-Type: text/plain"))
    result = run("request", "127.0.0.1", it.port, verb, target)
    assert result.status == DONE, result
    assert it.requests[0][0] == line
    assert "HTTP/1.1 200 OK\n" in result.output and "\x1b" not in result.output
    assert verb == "HEAD" or result.output.endswith("\ncon\\x1btent\n")
    assert entries() == []


# control


STATUS = {
    "state": "running", "version": "0.1.0", "pid": 4711, "since": "2026-01-02T03:04:05.678901Z",
    "uptime_seconds": 93784,
    "config": {
        "files": ["/etc/httpd-swift/httpd-swift.conf"], "generation": 3,
        "loaded": "2026-01-02T04:00:00Z",
        "last_reload": {"result": "refused", "time": "2026-01-02T05:00:00Z",
                        "errors": ["/etc/a.conf:1:2: no \u001b key"]}},
    "listeners": [{"name": "http", "address": "127.0.0.1:8080"},
                  {"name": "local", "address": "unix:/run/x"}],
    "sites": [{"name": "default", "server_names": ["localhost", "*.example.org"],
               "root": "/var/lib/httpd-swift/www", "upload": True}],
    "workers": [{"id": 0, "connections": 1, "requests": 1000},
                {"id": 1, "connections": 6, "requests": 1234567}],
    "connections": {"open": 11, "idle": 9, "active": 2, "accepted": 200, "refused": 1,
                    "limit": 10000},
    "requests": {"total": 1235567, "informational": 3, "successful": 1235000,
                 "redirection": 500, "client_error": 60, "server_error": 7},
    "bytes": {"received": 12345678, "sent": 98765432100},
    "latency_usec": {"p50": 45, "p90": 90, "p99": 1200, "p999": 15000, "max": 2500000},
    "compression": {"entries": 3, "bytes": 4096, "limit": 67108864, "made": 5},
    "cache": {"entries": 12, "bytes": 123456, "limit": 67108864, "hits": 90, "misses": 10},
    "uploads": {"completed": 4, "failed": 1, "bytes": 4096},
    "log": {"file": "/var/log/httpd-swift/access.log", "lines": 1235567, "write_errors": 0,
            "journal_sent": 500, "journal_suppressed": 20, "journal_dropped": 0},
}


def control(content, status="200 OK", kind="application/json"):
    text = content if isinstance(content, str) else json.dumps(content)
    return ok(text, "Content-Type: " + kind, status=status)


def test_status_is_a_page_for_people(server, tmp_path):
    it = server(control(STATUS), tmp_path / "socket")
    result = run("status", "--control", tmp_path / "socket")
    assert result.status == DONE, result
    assert it.requests[0][0] == "GET /v1/status HTTP/1.1"
    for text in ["running since 2026-01-02 03:04:05 UTC (1 d 2 h), pid 4711",
                 "generation 3", "/etc/httpd-swift/httpd-swift.conf", "refused",
                 "/etc/a.conf:1:2: no \\x1b key", "127.0.0.1:8080", "unix:/run/x",
                 "/var/lib/httpd-swift/www", "*.example.org", "uploads allowed",
                 "0  1 connection   1,000 requests", "1,234,567 requests",
                 "11 open (2 active, 9 idle) of at most 10,000",
                 "12 MiB received, 92 GiB sent", "half within 45 µs", "99 % within 1.2 ms",
                 "all within 2.5 s", "90 % of lookups hit",
                 "3 contents, 4 KiB of 64 MiB; 5 made", "4 completed (4 KiB), 1 failed",
                 "/var/log/httpd-swift/access.log", "20 over the rate limit"]:
        assert text in result.output, (text, result)
    assert "\x1b" not in result.output
    assert all(line == line.rstrip() for line in result.output.splitlines())


def test_status_of_a_daemon_that_has_done_nothing_yet(server, tmp_path):
    status = dict(STATUS, latency_usec=dict.fromkeys(STATUS["latency_usec"]), sites=[],
                  config=dict(STATUS["config"], last_reload=None, files=[]),
                  log=dict(STATUS["log"], file=None))
    server(control(status), tmp_path / "socket")
    result = run("status", "--control", tmp_path / "socket")
    assert result.status == DONE, result
    assert "built-in defaults" in result.output and "no file" in result.output
    assert "Latency" not in result.output and "Last reload" not in result.output


@pytest.mark.parametrize("arguments", [
    ["status", "--json", "--control", "SOCKET"], ["--json", "--control", "SOCKET", "status"],
    ["--json", "status", "--control", "SOCKET"], ["status", "--json"]])
def test_status_as_json_is_the_daemons(server, tmp_path, arguments):
    text = json.dumps(STATUS)
    server(control(text), tmp_path / "socket")
    arguments = [word.replace("SOCKET", str(tmp_path / "socket")) for word in arguments]
    environment = dict(os.environ, HTTPCTL_CONTROL=str(tmp_path / "socket"))
    assert run(*arguments, env=environment).output == text + "\n"


def test_the_socket_of_a_checkout_is_found(server, directory):
    os.makedirs("checkout/.build/release")
    os.makedirs("checkout/.build/run")
    built = shutil.copy(HTTPCTL, "checkout/.build/release/httpctl")
    server(control(STATUS), "checkout/.build/run/control.sock")
    assert subprocess.run([built, "status"], timeout=TIMEOUT).returncode == DONE
    environment = dict(os.environ, HTTPCTL_CONTROL="/nonexistent")
    assert subprocess.run([built, "status"], timeout=TIMEOUT, env=environment).returncode \
        == NOT_RUNNING


def test_a_socket_below_the_current_directory_is_not_trusted(server, directory):
    os.makedirs(".build/run")
    server(control(STATUS), ".build/run/control.sock")
    installed = shutil.copy(HTTPCTL, "./httpctl")
    environment = dict(os.environ, HTTPCTL_CONTROL="")
    done = subprocess.run([installed, "status"], timeout=TIMEOUT, env=environment,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == NOT_RUNNING
    assert "/run/httpd-swift/control.sock" in done.stderr and ".build" not in done.stderr


@pytest.mark.parametrize("command", ["status", "reload"])
def test_a_daemon_that_does_not_run(tmp_path, command):
    result = run(command, "--control", tmp_path / "missing")
    assert result.status == NOT_RUNNING
    assert "systemctl start httpd-swift" in result.error
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "stale"))
    stale.close()
    assert run(command, "--control", tmp_path / "stale").status == NOT_RUNNING


def test_what_is_no_daemon(server, tmp_path):
    server(control("<html>", kind="text/html"), tmp_path / "page")
    assert run("status", "--control", tmp_path / "page").status == FAILED
    server(control("{}"), tmp_path / "empty")
    assert run("status", "--control", tmp_path / "empty").status == FAILED
    server(control(STATUS)[:-5], tmp_path / "cut")
    assert run("status", "--control", tmp_path / "cut").status == NOT_VERIFIED


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_socket_that_lets_nobody_in(server, tmp_path):
    path = "/tmp/httpctl-test-%d.sock" % os.getpid()
    binary = shutil.copy(HTTPCTL, "/tmp/httpctl-test-%d" % os.getpid())
    server(control(STATUS), path)
    os.chmod(path, 0o600)
    os.chmod(binary, 0o755)
    try:
        done = subprocess.run([binary, "status", "--control", path], cwd="/", user=65534,
                              stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
        assert done.returncode == REFUSED, done
        assert "member of the socket's group" in done.stderr
    finally:
        os.unlink(path)
        os.unlink(binary)


def test_reload(server, tmp_path):
    it = server(control({"result": "ok", "generation": 4, "files": ["/etc/a.conf"],
                         "errors": []}), tmp_path / "socket")
    result = run("reload", "--control", tmp_path / "socket")
    assert (result.status, result.output) == (DONE, "reloaded, generation 4: /etc/a.conf\n")
    line, fields = it.requests[0]
    assert line == "POST /v1/reload HTTP/1.1" and fields["content-length"] == "0"


def test_reload_refused(server, tmp_path):
    errors = ["/etc/a.conf:12:9: Roott= is not a key", "/etc/b.conf:1:1: no"]
    outcome = {"result": "refused", "generation": 3, "files": ["/etc/a.conf"], "errors": errors}
    server(control(outcome, status="422 Unprocessable Content"), tmp_path / "socket")
    result = run("reload", "--control", tmp_path / "socket")
    assert result.status == FAILED
    assert result.error.splitlines()[:2] == errors
    assert result.output == ""
    result = run("reload", "--json", "--control", tmp_path / "socket")
    assert (result.status, json.loads(result.output)) == (FAILED, outcome)


def test_check(tmp_path):
    good = tmp_path / "good.conf"
    good.write_text("[Site default]\nRoot=%s\n" % tmp_path)
    result = run("check", good)
    assert result.status == DONE and str(good) in result.output, result
    assert json.loads(run("check", good, "--json").output) == {
        "result": "ok", "files": [str(good)], "errors": []}
    bad = tmp_path / "bad.conf"
    bad.write_text("[Site default]\nRoott=/x\n[Server]\nWorkers=many\n")
    result = run("check", bad)
    assert result.status == FAILED
    assert "%s:2:1: " % bad in result.error and "%s:4:9: " % bad in result.error
    assert len(json.loads(run("check", bad, "--json").output)["errors"]) == 2
    gone = tmp_path / "gone.conf"
    gone.write_text("[Site default]\nRoot=/no/such/directory\n")
    result = run("check", gone)
    assert result.status == FAILED and "%s:2:6: " % gone in result.error
    assert run("check", tmp_path / "missing.conf").status == FAILED


# the command line


@pytest.mark.parametrize("arguments", [
    [], ["bogus"], ["get"], ["get", "/a", "b"], ["get", "--bogus", "/a"], ["put"], ["put", ""],
    ["put", "-"], ["put", "a", "/b", "--create", "--if-match", "x"],
    ["get", "https://localhost/a"], ["get", "ftp://localhost/a"],
    ["get", "http://user@localhost/a"], ["get", "/a", "--server", "localhost:8080"],
    ["get", "/a", "--server", "http://localhost/path"], ["get", "/a", "-o", ""],
    ["get", "/a", "-o", "b", "--show"], ["get", "/a", "-C", "--compressed"],
    ["get", "/a", "--timeout", "0"],
    ["get", "/a", "--timeout", "x"], ["request", "localhost", "0", "GET", "/"],
    ["request", "localhost", "80", "GE T", "/"], ["request", "a b", "80", "GET", "/"],
    ["put", "/", "http://127.0.0.1:1/"], ["status", "extra"],
])
def test_usage_errors(arguments):
    result = run(*arguments)
    if arguments:
        assert result.status == USAGE and result.error != "", result
        assert result.output == ""
    else:
        assert "SUBCOMMANDS" in result.output + result.error


def test_help_and_version():
    for arguments in [["--help"], ["help", "get"], ["get", "--help"], ["--version"]]:
        result = run(*arguments)
        assert result.status == DONE and result.output != "" and result.error == ""


def documented(text):
    return [int(number) for number in re.findall(r"^ +(\d+)  \S", text, re.MULTILINE)]


def test_exit_statuses_are_documented():
    statuses = [*range(13), 130]
    assert documented(run("--help").output) == statuses
    page = (ROOT / "packaging/man/httpctl.1").read_text()
    section = page.split(".SH EXIT STATUS")[1].split("\n.SH")[0]
    assert [int(number) for number in re.findall(r"^\.B (\d+)$", section, re.MULTILINE)] == statuses


def test_every_option_is_in_the_manual():
    page = (ROOT / "packaging/man/httpctl.1").read_text().replace("\\-", "-")
    for command in ["get", "put", "delete", "head", "request", "status", "explain", "reload",
                    "check"]:
        text = run(command, "--help").output
        assert re.search(r"^\.B httpctl %s$|\.SS .*\b%s\b" % (command, command), page, re.MULTILINE)
        for option in set(re.findall(r"--[a-z][a-z-]+", text)):
            assert option in page, option


# terminals


def on_terminal(*arguments, until_text=None, **options):
    """Runs httpctl with a terminal for its standard error output; what it writes there."""
    control_side, terminal = pty.openpty()
    process = subprocess.Popen([HTTPCTL, *map(str, arguments)], stderr=terminal,
                               stdout=subprocess.PIPE, **options)
    os.close(terminal)
    text = b""
    while True:
        ready, _, _ = select.select([control_side], [], [], TIMEOUT)
        try:
            piece = os.read(control_side, 4096) if ready else b""
        except OSError:
            piece = b""
        if not piece:
            break
        text += piece
    os.close(control_side)
    return process.wait(TIMEOUT), text.decode()


def test_long_transfers_show_progress_on_a_terminal_only(server):
    def serve(peer, line, fields):
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1600000\r\n\r\n")
        for _ in range(16):
            peer.send(b"x" * 100_000)
            time.sleep(0.1)
    url = server(serve).url
    status, text = on_terminal("get", url + "/a")
    assert status == DONE
    assert re.search(r"\r\x1b\[Ka  \d+ %  .* MiB  .*/s  .* left", text), text
    assert text.endswith("\r\x1b[K")
    assert run("get", url + "/a").error == ""


def test_short_transfers_show_none(server):
    assert on_terminal("get", server(ok("x")).url + "/a") == (DONE, "")
