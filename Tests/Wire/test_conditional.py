"""Preconditions (RFC 9110 §13) and byte ranges (RFC 9110 §14) of GET and HEAD."""

import os
import random
import re
import time

import pytest

from daemon import until
from httpwire import http_date, request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
AT = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
BEHIND = "Sun, 06 Nov 1994 08:49:38 GMT"
TEN = b"0123456789"


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(site={"CacheControl": "max-age=60"})
    daemon.put_file("index.html", b"<p>index\n", MODIFIED)
    daemon.put_file("ten.txt", TEN, MODIFIED)
    daemon.put_file("empty.txt", b"", MODIFIED)
    daemon.put_file("big.bin", random.Random(1).randbytes(3 << 20), MODIFIED)
    daemon.put_file("fraction.txt", TEN)
    os.utime(daemon.path("fraction.txt"), ns=(0, MODIFIED * 10**9 + 900_000_000))
    return daemon


@pytest.fixture(scope="module")
def tag(server):
    value = server.fetch("/ten.txt").get("etag")
    assert value.startswith('"')
    return value


def fields_with(fields, tag):
    """The table's fields with TAG put in."""
    return [(name, value.replace("TAG", tag)) for name, value in fields]


def check_partial(response, content):
    """A 206 of one or several parts holds what it says of the content; gives the ranges."""
    assert response.status == 206
    length = len(content)

    def check_part(field, octets):
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", field)
        assert match, "Content-Range: %r" % field
        first, last, whole = (int(number) for number in match.groups())
        assert first <= last < whole == length
        assert octets == content[first:last + 1]
        return first, last

    kind = response.get("content-type", "")
    if not kind.startswith("multipart/byteranges"):
        return [check_part(response.get("content-range"), response.content)]
    assert response.get("content-range") is None, "RFC 9110 §15.3.7.2"
    boundary = re.search(r'boundary="?([^";]+)"?', kind)[1].encode()
    parts = (b"\r\n" + response.content).split(b"\r\n--" + boundary)
    assert parts[0].strip() == b"" and parts[-1].strip() == b"--"
    ranges = []
    for part in parts[1:-1]:
        head, _, octets = part.partition(b"\r\n\r\n")
        field = re.search(rb"(?im)^content-range: *(.*?)\r?$", head)[1].decode()
        ranges.append(check_part(field, octets))
    return ranges


IF_NONE_MATCH = [
    ("the tag", [("If-None-Match", "TAG")], 304),
    ("any", [("If-None-Match", "*")], 304),
    ("weak", [("If-None-Match", "W/TAG")], 304),
    ("another", [("If-None-Match", '"another"')], 200),
    ("list with it", [("If-None-Match", '"a", TAG, "b"')], 304),
    ("list with it weak", [("If-None-Match", '"a", W/TAG')], 304),
    ("list without spaces", [("If-None-Match", '"a",TAG')], 304),
    ("list without it", [("If-None-Match", '"a", W/"b", "c"')], 200),
    ("list with empty members", [("If-None-Match", ', ,TAG,,')], 304),
    ("list with tabs", [("If-None-Match", '"a"\t,\tTAG')], 304),
    ("comma inside a tag", [("If-None-Match", '"a,b", TAG')], 304),
    ("two lines", [("If-None-Match", '"a"'), ("If-None-Match", "TAG")], 304),
    ("two lines, first", [("If-None-Match", "TAG"), ("If-None-Match", '"a"')], 304),
    ("inside another tag", [("If-None-Match", '"x, TAG, y"'.replace("TAG", "t"))], 200),
    ("lower-case w", [("If-None-Match", 'w/"x"')], 200),
    ("unquoted", [("If-None-Match", "abc")], 200),
    ("empty", [("If-None-Match", "")], 200),
    ("empty tag", [("If-None-Match", '""')], 200),
    ("unfinished", [("If-None-Match", '"abc')], 200),
]

IF_MODIFIED_SINCE = [
    ("equal", [("If-Modified-Since", AT)], 304),
    ("later", [("If-Modified-Since", BEHIND)], 304),
    ("earlier", [("If-Modified-Since", BEFORE)], 200),
    ("RFC 850 date", [("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], 304),
    ("RFC 850 date, earlier", [("If-Modified-Since", "Sunday, 06-Nov-94 08:49:36 GMT")], 200),
    ("asctime date", [("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], 304),
    ("asctime date, earlier", [("If-Modified-Since", "Sun Nov  6 08:49:36 1994")], 200),
    ("asctime date of two digits", [("If-Modified-Since", "Wed Nov 16 08:49:37 1994")], 304),
    ("leap second", [("If-Modified-Since", "Sat, 31 Dec 2016 23:59:60 GMT")], (200, 304)),
    ("not a date", [("If-Modified-Since", "yesterday")], 200),
    ("a number", [("If-Modified-Since", "999999999999")], 200),
    ("empty", [("If-Modified-Since", "")], 200),
    ("no such day", [("If-Modified-Since", "Sun, 32 Nov 2094 08:49:37 GMT")], 200),
    ("no such month", [("If-Modified-Since", "Sun, 06 Nop 2094 08:49:37 GMT")], 200),
    ("no such hour", [("If-Modified-Since", "Sun, 06 Nov 2094 25:49:37 GMT")], 200),
    ("not GMT", [("If-Modified-Since", "Sat, 06 Nov 2094 08:49:37 CET")], 200),
    ("an octet more", [("If-Modified-Since", AT + "x")], 200),
    ("two lines", [("If-Modified-Since", AT), ("If-Modified-Since", AT)], 200),
    ("ignored beside a tag that differs",
     [("If-None-Match", '"another"'), ("If-Modified-Since", AT)], 200),
    ("ignored beside a tag that matches",
     [("If-None-Match", "TAG"), ("If-Modified-Since", BEFORE)], 304),
]

IF_MATCH = [
    ("the tag", [("If-Match", "TAG")], 200),
    ("any", [("If-Match", "*")], 200),
    ("list with it", [("If-Match", '"a", TAG')], 200),
    ("two lines", [("If-Match", '"a"'), ("If-Match", "TAG")], 200),
    ("another", [("If-Match", '"another"')], 412),
    ("weak", [("If-Match", "W/TAG")], 412),
    ("list without it", [("If-Match", '"a", W/TAG')], 412),
    ("then If-None-Match", [("If-Match", "TAG"), ("If-None-Match", "TAG")], 304),
    ("fails before If-None-Match", [("If-Match", '"a"'), ("If-None-Match", "TAG")], 412),
    ("If-Unmodified-Since beside it is ignored",
     [("If-Match", "TAG"), ("If-Unmodified-Since", BEFORE)], 200),
    ("fails though unmodified", [("If-Match", '"a"'), ("If-Unmodified-Since", AT)], 412),
]

IF_UNMODIFIED_SINCE = [
    ("equal", [("If-Unmodified-Since", AT)], 200),
    ("later", [("If-Unmodified-Since", BEHIND)], 200),
    ("earlier", [("If-Unmodified-Since", BEFORE)], 412),
    ("RFC 850 date, earlier", [("If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:36 GMT")], 412),
    ("asctime date, earlier", [("If-Unmodified-Since", "Sun Nov  6 08:49:36 1994")], 412),
    ("not a date", [("If-Unmodified-Since", "yesterday")], 200),
    ("fails before If-None-Match",
     [("If-Unmodified-Since", BEFORE), ("If-None-Match", "TAG")], 412),
    ("holds, then If-Modified-Since",
     [("If-Unmodified-Since", AT), ("If-Modified-Since", AT)], 304),
]


def table(*named_rows):
    """One table of several, with ids."""
    rows = [row for rows in named_rows for row in rows]
    return pytest.mark.parametrize(
        "fields,status", [row[1:] for row in rows],
        ids=["%s: %s" % (row[1][0][0], row[0]) for row in rows])


@table(IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_MATCH, IF_UNMODIFIED_SINCE)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_precondition(server, tag, method, fields, status):
    allowed = status if isinstance(status, tuple) else (status,)
    with server.connect() as connection:
        response = connection.ask(
            request("/ten.txt", method, fields_with(fields, tag)), method)
        assert response.status in allowed
        if response.status == 200:
            assert response.content == (TEN if method == "GET" else b"")
        # Whatever came, the connection goes on behind it.
        assert connection.ask(request("/ten.txt")).content == TEN


class TestNotModified:
    def test_fields_are_those_of_the_200(self, server, tag):
        # RFC 9110 §15.4.5
        whole = server.fetch("/ten.txt")
        with server.connect() as connection:
            response = connection.ask(request("/ten.txt", fields={"If-None-Match": tag}))
            for name in ("etag", "cache-control", "vary", "expires", "content-location"):
                assert response.get(name) == whole.get(name), name
            assert response.get("content-length") in (None, "10")
            assert response.get("content-encoding") is None
            assert not response.closes
            assert connection.rest(0.1) == b"", "a 304 has no content"

    def test_fraction_of_a_second_is_cut(self, server):
        modified = server.fetch("/fraction.txt").get("last-modified")
        assert modified == AT
        fields = {"If-Modified-Since": AT}
        assert server.fetch("/fraction.txt", fields=fields).status == 304

    def test_round_trip_of_every_kind_of_file(self, server):
        for target in ("/", "/ten.txt", "/empty.txt", "/big.bin"):
            tag = server.fetch(target).get("etag")
            assert server.fetch(target, fields={"If-None-Match": tag}).status == 304, target

    def test_tags_tell_files_and_versions_apart(self, server):
        tags = [server.fetch(target).get("etag") for target in ("/ten.txt", "/empty.txt")]
        assert len(set(tags)) == 2
        path = server.put_file("version.txt", b"1234", MODIFIED)
        first = server.fetch("/version.txt").get("etag")
        os.utime(path, ns=(0, MODIFIED * 10**9 + 1))
        second = server.fetch("/version.txt").get("etag")
        assert first != second, "a nanosecond later is another version"

    def test_last_modified_is_never_in_the_future(self, server):
        # RFC 9110 §8.8.2.1
        server.put_file("future.txt", TEN, time.time() + 86400)
        response = server.fetch("/future.txt")
        modified = response.get("last-modified")
        assert response.content == TEN
        assert modified is None or modified <= response.get("date") or \
            modified[5:] == response.get("date")[5:]

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

    def test_a_tag_becomes_strong(self, server):
        server.put_file("settles.txt", b"settles\n")
        strong = until(lambda: server.fetch("/settles.txt").get("etag").startswith('"'), 5)
        assert strong

    def test_a_missing_file_ignores_preconditions(self, server, tag):
        for fields in ({"If-Match": tag}, {"If-Match": "*"}, {"If-None-Match": "*"}):
            assert server.fetch("/missing", fields=fields).status == 404


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
            assert response.content != TEN
            if not response.closes:
                assert connection.ask(request("/ten.txt")).content == TEN

    @pytest.mark.parametrize("value", INVALID_RANGES)
    def test_invalid_is_ignored(self, server, value):
        response = server.fetch("/ten.txt", fields={"Range": value})
        assert (response.status, response.content) == (200, TEN)
        assert response.get("content-range") is None

    @pytest.mark.parametrize("value", ["Bytes=0-1", "BYTES=0-1", "bytes=0-1,", "bytes=,0-1",
                                       "bytes= 0-1", "bytes=0-1 ,", "bytes=0-1, 20-"])
    def test_odd_but_valid(self, server, value):
        response = server.fetch("/ten.txt", fields={"Range": value})
        assert response.status in (200, 206)
        if response.status == 206:
            assert check_partial(response, TEN) == [(0, 1)]
        else:
            assert response.content == TEN

    def test_metadata_is_that_of_the_200(self, server):
        # RFC 9110 §15.3.7
        whole = server.fetch("/ten.txt")
        part = server.fetch("/ten.txt", fields={"Range": "bytes=2-3"})
        for name in ("etag", "last-modified", "content-type", "cache-control", "vary"):
            assert part.get(name) == whole.get(name), name

    def test_two_lines_are_no_range(self, server):
        fields = [("Range", "bytes=0-0"), ("Range", "bytes=1-1")]
        response = server.fetch("/ten.txt", fields=fields)
        assert response.status in (200, 400)

    def test_head_ignores_it(self, server):
        for value in ("bytes=0-0", "bytes=10-", "bytes=0-0,2-2"):
            response = server.fetch("/ten.txt", "HEAD", {"Range": value})
            assert response.status == 200 and response.get("content-length") == "10"
            assert response.get("content-range") is None

    @pytest.mark.parametrize("value", ["bytes=0-", "bytes=-1", "bytes=-0", "bytes=0-0"])
    def test_of_nothing(self, server, value):
        response = server.fetch("/empty.txt", fields={"Range": value})
        assert response.status in (200, 416)
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


class TestRangeSet:
    @pytest.mark.parametrize("value", [
        "bytes=0-0,2-2", "bytes=0-1, 3-4, 8-", "bytes=5-6,0-1", "bytes=0-5,3-8", "bytes=-1,0-0",
        "bytes=0-0,100-200,9-9", "bytes=0-9,0-9,0-9", "bytes=0-,0-",
    ])
    def test_holds_what_it_says(self, server, value):
        response = server.fetch("/ten.txt", fields={"Range": value})
        if response.status == 206:
            ranges = check_partial(response, TEN)
            assert sum(last - first + 1 for first, last in ranges) <= 2 * len(TEN)
        else:
            assert (response.status, response.content) == (200, TEN)

    @pytest.mark.parametrize("value", ["bytes=10-,11-", "bytes=10-11,-0", "bytes=-0,-0"])
    def test_of_which_nothing_is_satisfiable(self, server, value):
        response = server.fetch("/ten.txt", fields={"Range": value})
        assert response.status in (200, 416)
        if response.status == 416:
            assert response.get("content-range") == "bytes */10"

    @pytest.mark.parametrize("value", [
        "bytes=" + ",".join(["0-"] * 500), "bytes=" + ",".join("%d-" % n for n in range(500)),
        "bytes=" + ",".join("%d-%d" % (n, n) for n in range(0, 1000, 2)), "bytes=" + "," * 2000,
    ], ids=["all, 500 times", "to the end, 500 times", "500 single octets", "2000 commas"])
    def test_abuse_costs_no_more_than_the_whole(self, server, value):
        # RFC 9110 §14.2, CVE-2011-3192
        content = server.read_file("big.bin")
        response = server.fetch("/big.bin", fields={"Range": value})
        assert response.status in (200, 206, 416, 431)
        assert len(response.content) <= len(content) + 200_000


class TestIfRange:
    @pytest.mark.parametrize("value,status", [
        ("TAG", 206), ('"another"', 200), ("W/TAG", 200), ("*", 200), ("abc", 200), ("", 200),
        (AT, 206), (BEFORE, 200), (BEHIND, 200), ('"a", TAG', 200),
        ("Sun, 06 Nov 1994 08:49:37 CET", 200), ("yesterday", 200),
    ])
    def test_of_a_satisfiable_range(self, server, tag, value, status):
        fields = {"Range": "bytes=2-3", "If-Range": value.replace("TAG", tag)}
        response = server.fetch("/ten.txt", fields=fields)
        assert response.status == status
        if status == 206:
            assert check_partial(response, TEN) == [(2, 3)]
        else:
            assert response.content == TEN and response.get("content-range") is None

    def test_another_version_is_whole_even_where_unsatisfiable(self, server, tag):
        fields = {"Range": "bytes=10-", "If-Range": '"another"'}
        assert server.fetch("/ten.txt", fields=fields).status == 200
        fields = {"Range": "bytes=10-", "If-Range": tag}
        assert server.fetch("/ten.txt", fields=fields).status == 416

    def test_without_range_is_ignored(self, server, tag):
        for value in (tag, '"another"', AT):
            assert server.fetch("/ten.txt", fields={"If-Range": value}).content == TEN

    def test_a_date_is_weak_within_its_second(self, server):
        # RFC 9110 §8.8.2.2: a file modified in the second of the answer could be again.
        server.put_file("now.txt", TEN)
        first = server.fetch("/now.txt")
        if first.get("last-modified") == first.get("date"):
            fields = {"Range": "bytes=2-3", "If-Range": first.get("last-modified")}
            response = server.fetch("/now.txt", fields=fields)
            if response.get("date") == first.get("date"):
                assert response.status == 200

    def test_versions_are_never_joined(self, server):
        path = server.put_file("joined.bin", b"a" * 1000)
        until(lambda: server.fetch("/joined.bin").get("etag").startswith('"'))
        tag = server.fetch("/joined.bin").get("etag")
        new = server.put_file("new", b"b" * 1000)
        os.rename(new, path)
        fields = {"Range": "bytes=500-", "If-Range": tag}
        response = server.fetch("/joined.bin", fields=fields)
        assert (response.status, response.content) == (200, b"b" * 1000)


@pytest.mark.parametrize("fields,status", [
    ([("If-None-Match", "TAG"), ("Range", "bytes=0-0")], 304),
    ([("If-None-Match", "TAG"), ("Range", "bytes=10-")], 304),
    ([("If-None-Match", '"a"'), ("Range", "bytes=0-0")], 206),
    ([("If-Match", "TAG"), ("Range", "bytes=0-0")], 206),
    ([("If-Match", '"a"'), ("Range", "bytes=0-0")], 412),
    ([("If-Match", '"a"'), ("Range", "bytes=10-")], 412),
    ([("If-Match", "TAG"), ("Range", "bytes=10-")], 416),
    ([("If-Modified-Since", AT), ("Range", "bytes=0-0")], 304),
    ([("If-Unmodified-Since", BEFORE), ("Range", "bytes=0-0")], 412),
    ([("If-Modified-Since", BEFORE), ("Range", "bytes=0-0"), ("If-Range", "TAG")], 206),
    ([("If-Match", "TAG"), ("If-None-Match", '"a"'), ("Range", "bytes=0-0"), ("If-Range", AT)],
     206),
], ids=lambda value: " ".join(name for name, _ in value) if isinstance(value, list) else None)
def test_order_of_evaluation(server, tag, fields, status):
    # RFC 9110 §13.2.2
    assert server.fetch("/ten.txt", fields=fields_with(fields, tag)).status == status


def test_precondition_failed_has_content(server):
    response = server.fetch("/ten.txt", fields={"If-Match": '"a"'})
    assert response.status == 412 and response.content and response.content != TEN


def test_dates_of_the_present(server):
    now = int(time.time())
    server.put_file("recent.txt", TEN, now - 100)
    fields = {"If-Modified-Since": http_date(now - 100)}
    assert server.fetch("/recent.txt", fields=fields).status == 304
    fields = {"If-Modified-Since": http_date(now - 101)}
    assert server.fetch("/recent.txt", fields=fields).status == 200
