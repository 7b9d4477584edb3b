"""Range requests (RFC 9110 §14): single ranges, sets, multipart/byteranges, and their bounds."""

import os
import random
import re

import pytest

import model
from httpwire import request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
TEN = b"0123456789"
PROSE = b"0123456789" * 500


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(site={"CacheControl": "max-age=60"})
    daemon.put_file("ten.txt", TEN, MODIFIED)
    daemon.put_file("empty.txt", b"", MODIFIED)
    daemon.put_file("big.bin", random.Random(1).randbytes(3 << 20), MODIFIED)
    daemon.put_file("prose.txt", PROSE, MODIFIED)
    for coding, suffix in model.SUFFIXES.items():
        daemon.put_file("prose.txt" + suffix, model.encode(coding, PROSE), MODIFIED)
    return daemon


def check_partial(response, content):
    """A 206 of one or several parts holds what it says of the content; gives the ranges."""
    assert response.status == 206

    def check_part(field, octets):
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", field)
        assert match, "Content-Range: %r" % field
        first, last, whole = (int(number) for number in match.groups())
        assert first <= last < whole == len(content)
        assert octets == content[first:last + 1]
        return first, last

    if not response.get("content-type", "").startswith("multipart/byteranges"):
        return [check_part(response.get("content-range"), response.content)]
    return [check_part(field, octets) for _, field, octets in model.parse_parts(response)]


SINGLE_RANGES = [
    ("bytes=0-0", (0, 0)), ("bytes=0-9", (0, 9)), ("bytes=3-5", (3, 5)), ("bytes=9-9", (9, 9)),
    ("bytes=5-", (5, 9)), ("bytes=0-", (0, 9)), ("bytes=9-", (9, 9)),
    ("bytes=-5", (5, 9)), ("bytes=-1", (9, 9)), ("bytes=-10", (0, 9)), ("bytes=-11", (0, 9)),
    ("bytes=-99999", (0, 9)), ("bytes=0-10", (0, 9)), ("bytes=5-99999", (5, 9)),
    ("bytes=00-01", (0, 1)), ("bytes=0-18446744073709551615", (0, 9)),
    ("bytes=0-18446744073709551616", (0, 9)), ("bytes=0-99999999999999999999999", (0, 9)),
    ("bytes=-99999999999999999999999", (0, 9)),
]

UNSATISFIABLE_RANGES = [
    "bytes=10-", "bytes=10-10", "bytes=10-20", "bytes=99999-", "bytes=-0",
    "bytes=18446744073709551615-", "bytes=18446744073709551616-", "bytes=9223372036854775808-",
    "bytes=99999999999999999999999-",
]

INVALID_RANGES = [
    "bytes", "bytes=", "bytes=-", "bytes=--1", "bytes=a-b", "bytes=5-2", "bytes=0-x", "bytes=x-5",
    "bytes=+0-1", "bytes=0-+1", "bytes=0x0-0x1", "bytes=0 -1", "bytes=0- 1", "bytes=0-1-2",
    "bytes=0-1;2-3", "bytes:0-1", "bytes 0-1", "bytes 0-1/10", "=0-1", "0-1", "-", "", ",",
    "bytes=,", "bytes=1", "bytes=0-1,x", "bytes=0-1 2-3", "seconds=0-1", "octets=0-1",
    "none", "bytes=0.0-1.0", "bytes=\"0-1\"", "bytes==0-1", "bytesx=0-1", "items=0-0",
    "bytes=18446744073709551620-3",
]


class TestSingleRange:
    @pytest.mark.parametrize("value,expected", SINGLE_RANGES, ids=lambda value: str(value))
    def test_satisfiable(self, server, value, expected):
        response = server.fetch("/ten.txt", fields={"Range": value})
        assert check_partial(response, TEN) == [expected]
        assert response.get("content-length") == str(expected[1] - expected[0] + 1)

    @pytest.mark.parametrize("value", UNSATISFIABLE_RANGES)
    def test_unsatisfiable(self, server, value):
        with server.connect() as connection:
            response = connection.ask(request("/ten.txt", fields={"Range": value}))
            assert response.status == 416
            assert response.get("content-range") == "bytes */10"
            assert response.content and response.content != TEN
            for name in ("etag", "last-modified", "cache-control", "content-encoding"):
                assert response.get(name) is None, "of the error, not of the file: " + name
            assert not response.closes
            assert connection.ask(request("/ten.txt")).content == TEN

    @pytest.mark.parametrize("value", INVALID_RANGES)
    def test_invalid_is_ignored(self, server, value):
        response = server.fetch("/ten.txt", fields={"Range": value})
        assert (response.status, response.content) == (200, TEN)
        assert response.get("content-range") is None

    @pytest.mark.parametrize("value", ["Bytes=0-1", "BYTES=0-1", "bytes=0-1,", "bytes=,0-1",
                                       "bytes=0-1 ,", "bytes=0-1, 20-", "bytes=0-1,-0",
                                       "bytes=,,\t0-1,, ,", "bytes=20-30,0-1", "bytes=0-0,1-1"])
    def test_odd_but_valid(self, server, value):
        # One range that can be satisfied is sent as one, whatever else there was (§15.3.7.2).
        response = server.fetch("/ten.txt", fields={"Range": value})
        assert response.get("content-range") == "bytes 0-1/10"
        assert check_partial(response, TEN) == [(0, 1)]

    def test_metadata_is_that_of_the_200(self, server):
        # RFC 9110 §15.3.7
        whole = server.fetch("/ten.txt")
        part = server.fetch("/ten.txt", fields={"Range": "bytes=2-3"})
        for name in ("etag", "last-modified", "content-type", "cache-control", "vary"):
            assert part.get(name) == whole.get(name), name

    def test_two_lines_are_no_range(self, server):
        fields = [("Range", "bytes=0-0"), ("Range", "bytes=1-1")]
        assert server.fetch("/ten.txt", fields=fields).content == TEN

    def test_head_ignores_it(self, server):
        for value in ("bytes=0-0", "bytes=10-", "bytes=0-0,2-2"):
            response = server.fetch("/ten.txt", "HEAD", {"Range": value})
            assert response.status == 200 and response.get("content-length") == "10"
            assert response.get("content-range") is None

    @pytest.mark.parametrize("value,status", [
        ("bytes=0-", 416), ("bytes=-1", 200), ("bytes=-0", 416), ("bytes=0-0", 416),
        ("bytes=5-9,7-", 416), ("bytes=0-0,x", 200), ("bytes=-0,0-", 416)])
    def test_of_nothing(self, server, value, status):
        # §14.1.2: a suffix longer than the representation is the whole, be that nothing.
        response = server.fetch("/empty.txt", fields={"Range": value})
        assert response.status == status
        if response.status == 416:
            assert response.get("content-range") == "bytes */0"

    def test_of_a_large_file(self, server):
        content, draw = server.read_file("big.bin"), random.Random(2)
        with server.connect() as connection:
            for _ in range(200):
                first = draw.randrange(len(content))
                last = min(first + draw.choice([0, 1, 99, 65535, 65536, 1 << 20]), len(content) * 2)
                fields = {"Range": "bytes=%d-%d" % (first, last)}
                response = connection.ask(request("/big.bin", fields=fields))
                assert check_partial(response, content) == [(first, min(last, len(content) - 1))]

    def test_pipelined(self, server):
        content = server.read_file("big.bin")
        at = [(n * 7919, n * 7919 + 3000) for n in range(100)]
        with server.connect() as connection:
            connection.send(b"".join(
                request("/big.bin", fields={"Range": "bytes=%d-%d" % pair}) for pair in at))
            for pair in at:
                assert check_partial(connection.read(), content) == [pair]


# Of "0123456789"; the expected ranges are those of the parts, in their order.
RANGE_SETS = [
    ("two", "0-0,2-2", [(0, 0), (2, 2)]), ("three", "0-1, 3-4, 8-", [(0, 1), (3, 4), (8, 9)]),
    ("order of the request", "5-6,0-1", [(5, 6), (0, 1)]),
    ("suffix first", "-1,0-0", [(9, 9), (0, 0)]),
    ("one that cannot be satisfied", "0-0,100-200,9-9", [(0, 0), (9, 9)]),
    ("the first cannot", "10-,0-0,9-9", [(0, 0), (9, 9)]),
    ("a suffix of nothing", "-0,0-0,9-9", [(0, 0), (9, 9)]),
    ("overlapping", "0-5,3-8", [(0, 8)]), ("overlapping, out of order", "3-8,0-5", [(0, 8)]),
    ("adjacent", "0-4,5-9", [(0, 9)]), ("adjacent, out of order", "5-6,3-4", [(3, 6)]),
    ("inside another", "2-8,4-5", [(2, 8)]), ("around another", "4-5,2-8", [(2, 8)]),
    ("the same twice", "3-4,3-4", [(3, 4)]), ("a gap of one", "0-3,5-9", [(0, 3), (5, 9)]),
    ("overlap of two of three", "0-1,8-9,1-3", [(0, 3), (8, 9)]),
    ("at the place of the earlier", "8-9,0-1,7-8", [(7, 9), (0, 1)]),
    ("the third joins the first two", "0-1,4-5,2-3", [(0, 5)]),
    ("a chain", "0-0,2-2,4-4,1-1,3-3", [(0, 4)]),
    ("a chain that leaves one", "9-9,0-0,2-2,1-1", [(9, 9), (0, 2)]),
    ("suffix and open meet", "7-,-5", [(5, 9)]), ("twice the size", "0-9,0-9", [(0, 9)]),
    ("more than twice the size", "0-9,0-9,0-0", None), ("all, thrice", "0-,0-,0-", None),
    ("clipped, so not more than twice", "0-99,5-9999,5-", [(0, 9)]),
    ("what is not there does not count", "0-9,0-9,10-99,20-", [(0, 9)]),
    ("a malformed one", "0-0,x,2-2", None), ("an invalid one", "0-0,5-3,2-2", None),
    ("a malformed one behind", "0-0,2-2,", [(0, 0), (2, 2)]),
    ("spaces inside", "0 - 0,2-2", None), ("semicolons", "0-0;2-2", None),
    ("tabs around", "0-0\t,\t2-2", [(0, 0), (2, 2)]),
    ("nothing that is there", "10-,11-", []), ("nothing and a suffix of nothing", "10-11,-0", []),
    ("suffixes of nothing", "-0,-0", []), ("large numbers", "99999999999999999999-,0-0", [(0, 0)]),
]


class TestRangeSet:
    @pytest.mark.parametrize("ranges,expected", [row[1:] for row in RANGE_SETS],
                             ids=[row[0] for row in RANGE_SETS])
    def test_of_ten(self, server, ranges, expected):
        with server.connect() as connection:
            response = connection.ask(request("/ten.txt", fields={"Range": "bytes=" + ranges}))
            if expected is None:
                assert (response.status, response.content) == (200, TEN)
            elif not expected:
                assert response.status == 416
                assert response.get("content-range") == "bytes */10"
            else:
                assert check_partial(response, TEN) == expected
                assert response.get("content-range") == (
                    "bytes %d-%d/10" % expected[0] if len(expected) == 1 else None)
            assert connection.ask(request("/ten.txt")).content == TEN

    def test_parts(self, server):
        # §14.6, §15.3.7.2, RFC 2046 §5.1.1
        whole = server.fetch("/ten.txt")
        response = server.fetch("/ten.txt", fields={"Range": "bytes=0-1,8-9"})
        assert response.framing == "length", "the length is known beforehand"
        assert response.content.endswith(b"--\r\n")
        assert [part[0] for part in model.parse_parts(response)] == [whole.get("content-type")] * 2
        for name in ("etag", "last-modified", "cache-control", "accept-ranges"):
            assert response.get(name) == whole.get(name), name

    def test_of_one_octet_each(self, server):
        content = server.read_file("big.bin")
        for count in (2, 16, 127, 128):
            at = [number * 1000 for number in range(count)]
            value = "bytes=" + ",".join("%d-%d" % (n, n) for n in at)
            response = server.fetch("/big.bin", fields={"Range": value})
            assert check_partial(response, content) == [(n, n) for n in at]

    def test_more_than_128_are_the_whole(self, server):
        content = server.read_file("big.bin")
        value = "bytes=" + ",".join("%d-%d" % (n, n) for n in range(0, 2 * 129, 2))
        response = server.fetch("/big.bin", fields={"Range": value})
        assert (response.status, response.content) == (200, content)
        value = "bytes=0-0," + ",".join(["9999999-"] * 128)
        assert server.fetch("/big.bin", fields={"Range": value}).status == 200

    def test_large_parts(self, server):
        content, draw = server.read_file("big.bin"), random.Random(3)
        with server.connect(timeout=10) as connection:
            for _ in range(60):
                cuts = sorted(draw.sample(range(len(content)), 8))
                ranges = [(cuts[n], cuts[n + 1] - 2) for n in range(0, 8, 2)
                          if cuts[n] < cuts[n + 1] - 2]
                draw.shuffle(ranges)
                value = "bytes=" + ",".join("%d-%d" % pair for pair in ranges)
                response = connection.ask(request("/big.bin", fields={"Range": value}))
                assert check_partial(response, content) == ranges

    def test_pipelined(self, server):
        content = server.read_file("big.bin")
        with server.connect(timeout=10) as connection:
            values = ["bytes=%d-%d,%d-%d" % (n, n + 10, n + 70_000, n + 170_000)
                      for n in range(0, 300_000, 9973)]
            connection.send(b"".join(
                request("/big.bin", fields={"Range": value}) + request("/ten.txt")
                for value in values))
            for value in values:
                ranges = check_partial(connection.read(), content)
                assert "bytes=%d-%d,%d-%d" % (*ranges[0], *ranges[1]) == value
                assert connection.read().content == TEN

    def test_of_a_file_that_is_replaced_meanwhile(self, server):
        old, new = random.Random(4).randbytes(16 << 20), random.Random(5).randbytes(16 << 20)
        path = server.put_file("replaced.bin", old, MODIFIED)
        value = "bytes=0-5999999,7000000-12999999,14000000-"
        with server.connect(timeout=10, receive_buffer=8192) as connection:
            connection.send(request("/replaced.bin", fields={"Range": value}))
            connection.received += connection.socket.recv(10_000)
            os.rename(server.put_file("replacement.bin", new, MODIFIED + 1), path)
            assert server.fetch("/replaced.bin", fields={"Range": "bytes=0-9"}).content == new[:10]
            ranges = check_partial(connection.read(), old)
            assert len(ranges) == 3, "all parts are of one version"

    def test_of_a_file_that_is_cut_off_meanwhile(self, server):
        content = random.Random(6).randbytes(16 << 20)
        path = server.put_file("cut.bin", content, MODIFIED)
        value = "bytes=0-5999999,7000000-12999999,14000000-"
        with server.connect(timeout=5, receive_buffer=8192) as connection:
            connection.send(request("/cut.bin", fields={"Range": value}))
            connection.received += connection.socket.recv(10_000)
            os.truncate(path, 8_000_000)
            rest = connection.received + connection.rest(5)
            assert connection.ending, "what is missing cannot be sent, so the connection ends"
            body = rest[rest.index(b"\r\n\r\n") + 4:]
            assert not body.endswith(b"--\r\n") and bytes(5000) not in body, "nothing is made up"
        assert server.fetch("/ten.txt").content == TEN

    def test_a_boundary_is_in_no_part(self, server):
        # RFC 2046 §5.1: it must not occur in what it delimits.
        for _ in range(5):
            response = server.fetch("/big.bin", fields={"Range": "bytes=0-99999,200000-"})
            boundary = response.get("content-type").partition("boundary=")[2].strip('"').encode()
            assert response.content.count(b"--" + boundary) == 3

    def test_head_is_the_whole(self, server):
        response = server.fetch("/ten.txt", "HEAD", {"Range": "bytes=0-0,5-6"})
        assert (response.status, response.get("content-length")) == (200, "10")

    def test_http_1_0(self, server):
        response = server.fetch("/ten.txt", fields={"Range": "bytes=0-0,5-6"}, version="1.0")
        assert check_partial(response, TEN) == [(0, 0), (5, 6)]

    @pytest.mark.parametrize("value", [
        "bytes=" + ",".join(["0-"] * 500), "bytes=" + ",".join("%d-" % n for n in range(500)),
        "bytes=" + ",".join("%d-%d" % (n, n) for n in range(0, 1000, 2)), "bytes=" + "," * 2000,
        "bytes=" + ",".join("%d-%d" % (n, 3 << 20) for n in range(128)),
        "bytes=" + ",".join("-%d" % (n << 16) for n in range(1, 100)),
    ], ids=["all, 500 times", "to the end, 500 times", "500 single octets", "2000 commas",
            "128 halves", "100 ends"])
    def test_abuse_gets_the_whole(self, server, value):
        # §14.2, CVE-2011-3192
        response = server.fetch("/big.bin", fields={"Range": value})
        assert response.status == 200 and len(response.content) == 3 << 20


class TestCodings:
    """Ranges are of the representation, which is coded (§14, §8.4)."""

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
    @pytest.mark.parametrize("value", [
        "bytes=0-0", "bytes=5-9", "bytes=-4", "bytes=3-", "bytes=0-1,5-6", "bytes=-2,0-3"])
    def test_range(self, server, coding, value):
        fields = {"Accept-Encoding": coding}
        whole = server.fetch("/prose.txt", fields=fields)
        response = server.fetch("/prose.txt", fields={**fields, "Range": value})
        assert response.get("content-encoding") == coding == whole.get("content-encoding")
        ranges = model.parse_ranges([value], len(whole.content))
        assert check_partial(response, whole.content) == ranges
        for name in ("etag", "vary", "last-modified"):
            assert response.get(name) == whole.get(name), name

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
    def test_its_end_is_that_of_the_coded_content(self, server, coding):
        size = len(server.fetch("/prose.txt", fields={"Accept-Encoding": coding}).content)
        assert size < len(PROSE)
        fields = {"Accept-Encoding": coding, "Range": "bytes=%d-" % size}
        response = server.fetch("/prose.txt", fields=fields)
        assert response.status == 416 and response.get("content-range") == "bytes */%d" % size

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
    def test_pieces_make_the_whole(self, server, coding):
        fields = {"Accept-Encoding": coding}
        whole = server.fetch("/prose.txt", fields=fields)
        pieces, size = b"", len(whole.content)
        for at in range(0, size, 7):
            fields = {"Accept-Encoding": coding, "Range": "bytes=%d-%d" % (at, at + 6),
                      "If-Range": whole.get("etag")}
            response = server.fetch("/prose.txt", fields=fields)
            assert response.status == 206
            pieces += response.content
        assert model.decode(coding, pieces) == PROSE
