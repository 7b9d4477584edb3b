"""Preconditions (RFC 9110 §13): GET, HEAD, PUT and DELETE, and those of ranges."""

import os
import time

import pytest

import model
from daemon import until
from httpwire import http_date, request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
AT = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
BEHIND = "Sun, 06 Nov 1994 08:49:38 GMT"
TEN = b"0123456789"
CODED = b"0123456789" * 500


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        site={"CacheControl": "max-age=60", "UploadDurability": "none"},
        paths={"/up/": {"Upload": "yes", "Delete": "yes"}})
    daemon.put_file("index.html", b"<p>index\n", MODIFIED)
    daemon.put_file("ten.txt", TEN, MODIFIED)
    daemon.put_file("empty.txt", b"", MODIFIED)
    daemon.put_file("big.bin", bytes(3 << 20), MODIFIED)
    daemon.put_file("coded.txt", CODED, MODIFIED)
    for coding, suffix in model.SUFFIXES.items():
        daemon.put_file("coded.txt" + suffix, model.encode(coding, CODED), MODIFIED)
    daemon.put_directory("up")
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
    part, gzip = tag[:-2] + '"', tag[:-1] + '-gzip.0"'
    return [(name, value.replace("PARTTAG", part).replace("GZIPTAG", gzip).replace("TAG", tag))
            for name, value in fields]


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
    ("a part of the tag", [("If-None-Match", "PARTTAG")], 200),
    ("the tag in single quotes", [("If-None-Match", "'TAG'")], 200),
    ("50 tags and it", [("If-None-Match", ", ".join('"%d"' % n for n in range(50)) + ", TAG")],
     304),
    ("20 lines and it", [("If-None-Match", '"%d"' % n) for n in range(20)]
     + [("If-None-Match", "TAG")], 304),
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
    ("in the future", [("If-Modified-Since", "Sun, 06 Nov 2095 08:49:37 GMT")], 304),
    ("RFC 850 date of the past century", [
        ("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], 304),
    ("RFC 850 date that may be of the next years", [
        ("If-Modified-Since", "Monday, 06-Nov-40 08:49:37 GMT")], 304),
    ("RFC 850 date of a year of four digits", [
        ("If-Modified-Since", "Sunday, 06-Nov-1994 08:49:37 GMT")], 200),
    ("IMF-fixdate of a year of two digits", [
        ("If-Modified-Since", "Sun, 06 Nov 94 08:49:37 GMT")], 200),
    ("a day of one digit", [("If-Modified-Since", "Sun, 6 Nov 1994 08:49:37 GMT")], 200),
    ("no zone", [("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37")], 200),
    ("a zone of digits", [("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 +0000")], 200),
    ("29 February of no leap year", [
        ("If-Modified-Since", "Thu, 29 Feb 2094 08:49:37 GMT")], 200),
    ("29 February of a leap year", [
        ("If-Modified-Since", "Tue, 29 Feb 2000 08:49:37 GMT")], 304),
    ("with a length, as of old browsers", [("If-Modified-Since", AT + "; length=10")], 200),
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
    ("empty", [("If-Match", "")], 412),
    ("unquoted", [("If-Match", "abc")], 412),
    ("a tag of another coding", [("If-Match", "GZIPTAG")], 412),
    ("fails though unmodified", [("If-Match", '"a"'), ("If-Unmodified-Since", AT)], 412),
]

IF_UNMODIFIED_SINCE = [
    ("equal", [("If-Unmodified-Since", AT)], 200),
    ("later", [("If-Unmodified-Since", BEHIND)], 200),
    ("earlier", [("If-Unmodified-Since", BEFORE)], 412),
    ("RFC 850 date, earlier", [("If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:36 GMT")], 412),
    ("asctime date, earlier", [("If-Unmodified-Since", "Sun Nov  6 08:49:36 1994")], 412),
    ("not a date", [("If-Unmodified-Since", "yesterday")], 200),
    ("two lines", [("If-Unmodified-Since", BEFORE), ("If-Unmodified-Since", BEFORE)], 200),
    ("empty", [("If-Unmodified-Since", "")], 200),
    ("in the future", [("If-Unmodified-Since", "Sun, 06 Nov 2095 08:49:37 GMT")], 200),
    ("fails before If-Modified-Since",
     [("If-Unmodified-Since", BEFORE), ("If-Modified-Since", AT)], 412),
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

    def test_each_has_the_fields_of_the_first_and_a_date_of_its_own(self, server):
        server.put_file("again.txt", TEN, MODIFIED)
        fields = {"If-None-Match": server.fetch("/again.txt").get("etag")}
        first = server.fetch("/again.txt", fields=fields)
        time.sleep(1.1)  # until the second of Date is another
        second = server.fetch("/again.txt", fields=fields)
        assert first.status == second.status == 304
        assert second.get("date") != first.get("date")
        others = [[field for field in response.fields if field[0].lower() != "date"]
                  for response in (first, second)]
        assert others[0] == others[1]
        assert [name for name, _ in first.fields] == [name for name, _ in second.fields]

    def test_of_another_version_has_its_fields(self, server):
        for content, modified in ((TEN, MODIFIED), (TEN + TEN, MODIFIED + 60)):
            server.put_file("version.txt", content, modified)
            tag = server.fetch("/version.txt").get("etag")
            for _ in range(2):
                response = server.fetch("/version.txt", fields={"If-None-Match": tag})
                assert response.status == 304
                assert response.get("etag") == tag
                assert response.get("last-modified") == http_date(modified)

    def test_many_at_once(self, server, tag):
        one = request("/ten.txt", fields={"If-None-Match": tag})
        with server.connect() as connection:
            connection.send(one + request("/ten.txt") + one + one)
            responses = [connection.read() for _ in range(4)]
            assert [response.status for response in responses] == [304, 200, 304, 304]
            assert {response.get("etag") for response in responses} == {tag}
            assert connection.rest(0.1) == b""

    def test_says_whether_the_connection_goes_on(self, server, tag):
        for version, asked, said in (("1.1", None, None), ("1.1", "close", "close"),
                                     ("1.0", None, "close"), ("1.0", "keep-alive", "keep-alive")):
            fields = {"If-None-Match": tag, **({"Connection": asked} if asked else {})}
            with server.connect() as connection:
                connection.send(request("/ten.txt", version=version, fields=fields))
                response = connection.read()
                assert response.status == 304
                assert response.get("connection") == said, (version, asked)

    def test_fraction_of_a_second_is_cut(self, server):
        modified = server.fetch("/fraction.txt").get("last-modified")
        assert modified == AT
        fields = {"If-Modified-Since": AT}
        assert server.fetch("/fraction.txt", fields=fields).status == 304

    def test_round_trip_of_every_kind_of_file(self, server):
        for target in ("/", "/ten.txt", "/empty.txt", "/big.bin"):
            tag = server.fetch(target).get("etag")
            assert server.fetch(target, fields={"If-None-Match": tag}).status == 304, target


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
            assert response.content == b"23"
            assert response.get("content-range") == "bytes 2-3/10"
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


# Methods that change something: the state of the target decides whether they are performed.

WRITES = [
    ("the tag", {"If-Match": "TAG"}, True), ("any", {"If-Match": "*"}, True),
    ("list with it", {"If-Match": '"a", TAG'}, True),
    ("the tag of a coding", {"If-Match": "GZIPTAG"}, True),
    ("another", {"If-Match": '"a"'}, False), ("weak", {"If-Match": "W/TAG"}, False),
    ("empty", {"If-Match": ""}, False), ("no file", {"If-None-Match": "*"}, False),
    ("not this", {"If-None-Match": "TAG"}, False), ("weakly", {"If-None-Match": "W/TAG"}, False),
    ("not another", {"If-None-Match": '"a"'}, True), ("at", {"If-Unmodified-Since": AT}, True),
    ("before", {"If-Unmodified-Since": BEFORE}, False),
    ("RFC 850", {"If-Unmodified-Since": "Sunday, 06-Nov-94 08:49:36 GMT"}, False),
    ("asctime", {"If-Unmodified-Since": "Sun Nov  6 08:49:36 1994"}, False),
    ("no date", {"If-Unmodified-Since": "soon"}, True),
    ("the date does not count", {"If-Match": "TAG", "If-Unmodified-Since": BEFORE}, True),
    ("the tag counts", {"If-Match": '"a"', "If-Unmodified-Since": AT}, False),
    ("both", {"If-Match": "TAG", "If-None-Match": '"a"'}, True),
    ("the second fails", {"If-Match": "TAG", "If-None-Match": "*"}, False),
    ("for GET only", {"If-Modified-Since": AT}, True),
    ("for ranges only", {"If-Range": '"a"'}, True),
]


@pytest.mark.parametrize("fields,holds", [row[1:] for row in WRITES],
                         ids=["%s: %s" % (next(iter(row[1])), row[0]) for row in WRITES])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_precondition_of_a_write(server, method, fields, holds):
    path = server.put_file("up/written.txt", CODED, MODIFIED)
    server.put_file("up/written.txt.gz", model.encode("gzip", CODED), MODIFIED)
    gzip = server.fetch("/up/written.txt", fields={"Accept-Encoding": "gzip"}).get("etag")
    tag = server.fetch("/up/written.txt").get("etag")
    assert gzip != tag, "each coding has a tag of its own"
    sent = {name: value.replace("GZIPTAG", gzip).replace("TAG", tag)
            for name, value in fields.items()}
    response = server.fetch(
        "/up/written.txt", method, sent, b"new\n" if method == "PUT" else None)
    assert response.status == (204 if holds else 412)
    if not holds:
        assert server.read_file("up/written.txt") == CODED
    elif method == "PUT":
        assert server.read_file("up/written.txt") == b"new\n"
    else:
        assert not os.path.exists(path)
    if os.path.exists(path):
        os.unlink(path)
    os.unlink(path + ".gz")


@pytest.mark.parametrize("fields,status", [
    ({"If-Match": "*"}, 412), ({"If-Match": '"a"'}, 412), ({"If-None-Match": "*"}, 404),
    ({"If-None-Match": '"a"'}, 404), ({"If-Unmodified-Since": AT}, 404),
], ids=str)
def test_precondition_of_a_delete_of_nothing(server, fields, status):
    # §13.2.1: what would be no success anyway may say so instead.
    assert server.fetch("/up/absent.txt", "DELETE", fields).status in (status, 404)


class TestCodings:
    """Preconditions are about the representation that was selected (§13.1.1, §8.8.3.3)."""

    @pytest.fixture(scope="class")
    def tags(self, server):
        return {coding: server.fetch("/coded.txt", fields={"Accept-Encoding": coding}).get("etag")
                for coding in ("identity", *model.SUFFIXES)}

    def test_each_has_a_strong_tag_of_its_own(self, tags):
        assert len(set(tags.values())) == 4
        assert all(tag.startswith('"') for tag in tags.values()), tags

    @pytest.mark.parametrize("of", ["identity", "br", "zstd", "gzip"])
    @pytest.mark.parametrize("accepted", ["identity", "br", "zstd", "gzip"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_tag_names_one_of_them(self, server, tags, method, accepted, of):
        with server.connect() as connection:
            def status(name):
                fields = {"Accept-Encoding": accepted, name: tags[of]}
                response = connection.ask(request("/coded.txt", method, fields), method)
                if response.status == 304:
                    assert response.get("etag") == tags[accepted]
                    assert response.get("vary").lower() == "accept-encoding", "§15.4.5"
                return response.status
            assert status("If-None-Match") == (304 if of == accepted else 200)
            assert status("If-Match") == (200 if of == accepted else 412)

    def test_all_of_them_listed(self, server, tags):
        value = ", ".join(tags.values())
        for coding in tags:
            fields = {"Accept-Encoding": coding, "If-None-Match": value}
            assert server.fetch("/coded.txt", fields=fields).status == 304

    @pytest.mark.parametrize("accepted", ["identity", "br", "zstd", "gzip"])
    def test_the_date_is_that_of_the_source(self, server, accepted):
        fields = {"Accept-Encoding": accepted}
        assert server.fetch("/coded.txt", fields=fields).get("last-modified") == AT
        fields["If-Modified-Since"] = AT
        assert server.fetch("/coded.txt", fields=fields).status == 304

    @pytest.mark.parametrize("of", ["identity", "br", "zstd", "gzip"])
    @pytest.mark.parametrize("accepted", ["identity", "br", "zstd", "gzip"])
    def test_if_range(self, server, tags, accepted, of):
        fields = {"Accept-Encoding": accepted, "Range": "bytes=3-9", "If-Range": tags[of]}
        response = server.fetch("/coded.txt", fields=fields)
        whole = server.fetch("/coded.txt", fields={"Accept-Encoding": accepted}).content
        if of == accepted:
            assert (response.status, response.content) == (206, whole[3:10])
        else:
            assert (response.status, response.content) == (200, whole), "never joined"


@pytest.mark.parametrize("target", ["/missing", "/.hidden", "/up/missing", "/%00", "/missing/"])
@pytest.mark.parametrize("name,value", [
    ("If-Match", '"a"'), ("If-Match", "*"), ("If-None-Match", "*"), ("If-Modified-Since", AT),
    ("If-Unmodified-Since", BEFORE)])
def test_what_is_no_success_anyway_ignores_them(server, target, name, value):
    # §13.2.1
    assert server.fetch(target, fields={name: value}).status == server.fetch(target).status


@pytest.mark.parametrize("method,status", [("OPTIONS", 204), ("POST", 405), ("BREW", 501)])
@pytest.mark.parametrize("name,value", [
    ("If-Match", '"a"'), ("If-None-Match", "*"), ("If-Unmodified-Since", BEFORE)])
def test_methods_that_select_nothing_ignore_them(server, method, status, name, value):
    # §13.2.1
    assert server.fetch("/ten.txt", method, {name: value}).status == status
