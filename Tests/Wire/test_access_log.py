"""The access log: one line for each request and response, whatever the request was."""

import datetime
import json
import os
import re
import signal
import time

import pytest

from daemon import until
from httpwire import chunked, request

HELLO = b"Hello, world!\n"


def prepare(daemon):
    """The files that the requests of this module ask for."""
    daemon.put_file("index.html", b"<p>index\n")
    daemon.put_file("hello.txt", HELLO, 784111777)
    daemon.put_file("mib.bin", b"m" * (1 << 20))
    daemon.put_directory("sub")
    daemon.put_directory("up")
    return daemon


@pytest.fixture
def server(start_daemon):
    return prepare(start_daemon(paths={"/up/": {"Upload": "yes"}}, server={
        "HeaderTimeoutSec": "1s"}))


@pytest.mark.parametrize("octets,line,status,size", [
    (request("/hello.txt"), "GET /hello.txt HTTP/1.1", 200, 14),
    (request("/hello.txt?q=%20&r"), "GET /hello.txt?q=%20&r HTTP/1.1", 200, 14),
    (request("/mib.bin"), "GET /mib.bin HTTP/1.1", 200, 1 << 20),
    (request("/hello.txt", "HEAD"), "HEAD /hello.txt HTTP/1.1", 200, 0),
    (request("/hello.txt", fields={"If-None-Match": "*"}), "GET /hello.txt HTTP/1.1", 304, 0),
    (request("/hello.txt", fields={"Range": "bytes=1-3"}), "GET /hello.txt HTTP/1.1", 206, 3),
    (request("/sub"), "GET /sub HTTP/1.1", 301, None),
    (request("/missing"), "GET /missing HTTP/1.1", 404, 9),
    (request("/hello.txt", version="1.0"), "GET /hello.txt HTTP/1.0", 200, 14),
    (request("http://localhost/hello.txt"), "GET http://localhost/hello.txt HTTP/1.1", 200, 14),
    (request("/", "OPTIONS"), "OPTIONS / HTTP/1.1", None, None),
    (request("/", "POST", content=b"x"), "POST / HTTP/1.1", 405, None),
    (request("/", "BREW"), "BREW / HTTP/1.1", 501, None),
    (request("/up/x", "PUT", content=b"12345"), "PUT /up/x HTTP/1.1", 201, 0),
    (request("/up/y", "PUT", {"Transfer-Encoding": "chunked"}) + chunked(b"12345"),
     "PUT /up/y HTTP/1.1", 201, 0),
    (request("/", fields={"Expect": "x"}), "GET / HTTP/1.1", 417, None),
    (request("/%zz"), "GET /%zz HTTP/1.1", 400, None),
    (request("/", host="a b"), "GET / HTTP/1.1", 400, None),
    (b"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1", 400, None),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", None, 505, None),
    (b"GET  / HTTP/1.1\r\n\r\n", None, 400, None),
    (b"\x16\x03\x01\x02\x00\r\n\r\n", None, 400, None),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", None, 414, None),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", None, 431, None),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", "GET / HTTP/1.1", 408, None),
], ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None)
def test_line(one, octets, line, status, size):
    with one.connect() as connection:
        before = len(one.log_records())
        connection.send(octets)
        response = connection.read(octets.split(b" ")[0].decode("latin-1"))
        assert response is not None and status in (None, response.status)
    records = one.log_records(before + 1)
    assert len(records) == before + 1
    record = records[-1]
    assert record["status"] == str(response.status)
    assert record["peer"] == "127.0.0.1" and record["user"] == "-"
    assert record["referrer"] == "-" and record["agent"] == "-"
    if line is not None:
        assert record["request"] == line
    sent = 0 if record["bytes"] == "-" else int(record["bytes"])
    assert sent == (len(response.content) if size is None else size)
    at = datetime.datetime.strptime(record["time"], "%d/%b/%Y:%H:%M:%S %z").timestamp()
    assert abs(at - time.time()) < 10


@pytest.fixture(scope="module")
def one(start_daemon):
    """A daemon for the table of lines."""
    return prepare(start_daemon(paths={"/up/": {"Upload": "yes"}}, server={
        "HeaderTimeoutSec": "1s"}))


def test_referrer_and_agent(one):
    before = len(one.log_lines())
    one.fetch("/hello.txt", fields={
        "Referer": "http://example.org/?a=b", "User-Agent": "Mozilla/5.0 (X11; Linux) x/1"})
    record = one.log_records(before + 1)[-1]
    assert record["referrer"] == "http://example.org/?a=b"
    assert record["agent"] == "Mozilla/5.0 (X11; Linux) x/1"


FORGED = '" 200 1 "-" "-"'


@pytest.mark.parametrize("octets", [
    request("/", fields={"User-Agent": 'a "quoted" agent'}),
    request("/", fields={"User-Agent": "back\\slash\\"}),
    request("/", fields={"User-Agent": '\\"'}),
    request("/", fields={"User-Agent": "tab\there"}),
    request("/", fields={"User-Agent": "8-bit \xff\xfe \xe9"}),
    request("/", fields={"User-Agent": "\u009b31mred".encode().decode("latin-1")}),
    request("/", fields={"User-Agent": "u" * 7000}),
    request("/", fields={"Referer": 'x" "y'}),
    request("/", fields={"Referer": FORGED}),
    request('/"quote"'), request("/back\\slash"), request("/%22%0a%00"), request("/\xff"),
    request("/\x1b[31m"), request("/\x7f"), b"GET /\0 HTTP/1.1\r\n\r\n",
    b'GET /" HTTP/1.1" 200 0 "-" "-" HTTP/1.1\r\n\r\n', b"GET / HTTP/1.1\r\nX\r\n\r\n",
    b'" 200 0 "-" "-"\r\n\r\n', b"\r\r\r\n\r\n", b"A\nB\r\n\r\n", b"\x1b]0;x\x07\r\n\r\n",
    b"\xe2\x80\xae\r\n\r\n", bytes(range(256)) + b"\r\n\r\n",
], ids=lambda octets: repr(octets[:60]))
def test_escaping(one, octets):
    before = len(one.log_lines())
    with one.connect() as connection:
        response = connection.ask(octets)
        assert response is not None
    assert len(one.log_records(before + 1)) == before + 1, "one line, of the form"
    with open(one.log_path, "rb") as file:
        last = file.read().split(b"\n")[-2]
    assert not re.search(rb"[\x00-\x1f\x7f]", last), "control octets reach a terminal: %r" % last


def test_escaping_loses_nothing(one):
    agent = 'a "b" \\c\\ \t \xff'
    before = len(one.log_lines())
    one.fetch("/", fields={"User-Agent": agent})
    text = one.log_records(before + 1)[-1]["agent"]
    plain = text.encode("utf-8", "surrogateescape").decode("latin-1")
    plain = re.sub(r"\\x([0-9A-Fa-f]{2})|\\(.)", lambda match: chr(int(match[1], 16))
                   if match[1] else {"t": "\t", "n": "\n"}.get(match[2], match[2]), plain)
    assert plain == agent


def test_a_connection_without_a_request_is_no_line(server):
    answers = 0
    for octets in (b"", b"\r\n"):
        with server.connect() as connection:
            connection.send(octets)
            connection.half_close()
            answers += connection.rest(2) != b""
    server.fetch("/hello.txt")
    assert len(server.log_records(answers + 1)) == answers + 1


def test_pipelined_1000(server):
    with server.connect() as connection:
        connection.send(b"".join(request("/hello.txt?%d" % number) for number in range(1000)))
        for _ in range(1000):
            assert connection.read().content == HELLO
    records = server.log_records(1000)
    assert [record["request"] for record in records] == [
        "GET /hello.txt?%d HTTP/1.1" % number for number in range(1000)]


def test_10_000_of_many_peers(server, pool):
    def ask(peer):
        with server.connect(timeout=20) as connection:
            for start in range(0, 500, 10):
                numbers = range(start, start + 10)
                connection.send(b"".join(
                    request("/hello.txt?%d-%d" % (peer, number)) for number in numbers))
                for _ in numbers:
                    assert connection.read().content == HELLO
    list(pool.map(ask, range(20)))
    lines = server.log_lines(10_000)
    assert len(lines) == 10_000
    assert len({line.split('"')[1] for line in lines}) == 10_000, "each request once"


def test_a_download_that_was_cut(server):
    os.truncate(server.put_file("large.bin"), 100 << 20)
    with server.connect(receive_buffer=4096) as connection:
        connection.send(request("/large.bin"))
        connection.socket.recv(1000)
    record = server.log_records(1)[0]
    assert record["status"] == "200" and 0 < int(record["bytes"]) < 100 << 20


def test_an_upload_that_was_cut(server):
    with server.connect() as connection:
        connection.send(request("/up/cut", "PUT", {"Content-Length": 100}) + b"x" * 50)
    server.fetch("/hello.txt")
    records = server.log_records(2)
    assert len(records) == 2, "a request that came is in the log, though no answer went out"
    assert int([record for record in records if "PUT" in record["request"]][0]["status"]) >= 400


def test_reopened_by_signal(server):
    server.fetch("/hello.txt?before")
    server.log_lines(1)
    rotated = server.log_path + ".1"
    os.rename(server.log_path, rotated)
    server.fetch("/hello.txt?between")
    os.kill(server.pid, signal.SIGUSR1)
    assert until(lambda: os.path.exists(server.log_path))
    server.fetch("/hello.txt?behind")
    assert until(lambda: "behind" in "".join(server.log_lines()))
    with open(rotated) as file:
        text = file.read()
    assert "before" in text and "behind" not in text
    assert (text + "".join(server.log_lines())).count("between") == 1


def test_reopened_under_load(server, pool):
    count, peers = 1000, 4

    def ask(peer):
        with server.connect(timeout=20) as connection:
            for number in range(count):
                assert connection.ask(request("/hello.txt?%d-%d" % (peer, number))).status == 200
    futures = [pool.submit(ask, peer) for peer in range(peers)]
    turn = 0
    while not all(future.done() for future in futures) or turn < 3:
        turn += 1
        os.rename(server.log_path, "%s.%d" % (server.log_path, turn))
        os.kill(server.pid, signal.SIGUSR1)
        assert until(lambda: os.path.exists(server.log_path))
        time.sleep(0.05)
    for future in futures:
        future.result()
    server.fetch("/hello.txt?last")
    assert until(lambda: "?last " in "".join(server.log_lines()))
    lines = []
    for name in os.listdir(server.log_directory):
        with open(os.path.join(server.log_directory, name)) as file:
            text = file.read()
        assert text == "" or text.endswith("\n"), "half a line"
        lines += text.split("\n")[:-1]
    assert len(lines) == count * peers + 1
    assert len({line.split('"')[1] for line in lines}) == count * peers + 1


def test_written_before_the_daemon_ends(start_daemon):
    daemon = prepare(start_daemon())
    with daemon.connect() as connection:
        connection.send(request("/hello.txt") * 500)
        for _ in range(500):
            assert connection.read().content == HELLO
    daemon.stop()
    assert len(daemon.log_lines()) == 500


def test_written_before_it_is_killed(start_daemon):
    # Handed to the kernel before the loop sleeps: then no kill can lose it.
    daemon = prepare(start_daemon())
    for _ in range(50):
        daemon.fetch("/hello.txt")
    time.sleep(0.2)
    daemon.kill()
    assert len(daemon.log_lines()) == 50


def test_json(start_daemon):
    # One worker, so that the lines are in the order of the requests.
    daemon = prepare(start_daemon(
        server={"Workers": "1"}, log={"Format": "json"}, paths={"/up/": {"Upload": "yes"}}))
    agents = ["plain", 'a "b" \\c\\ \t d', "8-bit \xff\xfe \xe9", "u" * 7000]
    octets = [request("/hello.txt", fields={"User-Agent": agent}) for agent in agents]
    octets += [b"GET /\0\x1b\xff\" HTTP/1.1\r\n\r\n", request('/"\\x'), request("/missing"),
               request("/up/x", "PUT", content=b"12345"), b"\x16\x03\x01\xff\r\n\r\n"]
    statuses = []
    for each in octets:
        with daemon.connect() as connection:
            statuses.append(connection.ask(each).status)
    until(lambda: len(read_lines(daemon)) >= len(octets))
    lines = read_lines(daemon)
    assert len(lines) == len(octets)
    records = [json.loads(line.decode("utf-8")) for line in lines]
    assert all(isinstance(record, dict) for record in records)
    for status, record in zip(statuses, records):
        assert record["status"] == status and isinstance(record["bytes"], int)
        assert any("duration" in key for key in record), "DESIGN §7"
        assert any("id" in key for key in record), "DESIGN §7"
    identifiers = [record[key] for record in records for key in record if key.endswith("id")]
    assert len(set(identifiers)) == len(octets), "one request id each"
    assert records[1].get("agent", records[1].get("user_agent")) == agents[1]
    assert records[0]["bytes"] == 14 and records[0]["method"] == "GET"


def read_lines(daemon):
    """The lines of the log as octets."""
    with open(daemon.log_path, "rb") as file:
        return file.read().split(b"\n")[:-1]


def test_without_a_file(start_daemon):
    daemon = prepare(start_daemon(log={"File": ""}))
    assert daemon.fetch("/hello.txt").content == HELLO
    os.kill(daemon.pid, signal.SIGUSR1)
    assert daemon.fetch("/hello.txt").content == HELLO
    assert os.listdir(daemon.log_directory) == []
