"""Content negotiation (RFC 9110 §12): Accept-Encoding of files, Accept of errors."""

import json
import os
import random
import threading
import time

import pytest

import model
from daemon import until
from httpwire import request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
PROSE = b"".join(b"line %d of what is to be compressed\n" % number for number in range(500))


@pytest.fixture(scope="module")
def server(start_daemon):
    """`a.txt` has all three siblings; the site's order is br, zstd, gzip, and so on the fly."""
    daemon = start_daemon(site={"Precompressed": "yes", "Compression": "br zstd gzip",
                                "Fallback": ""})
    put(daemon, "a.txt", PROSE, "br", "zstd", "gzip")
    daemon.put_file("fly.txt", PROSE, MODIFIED)
    daemon.put_file("tiny.txt", b"tiny\n", MODIFIED)
    put(daemon, "photo.jpg", PROSE, "gzip")
    return daemon


@pytest.fixture(scope="module")
def siblings(start_daemon):
    """Only siblings, of which gzip is preferred; `gz.txt` has but one."""
    daemon = start_daemon(site={"Precompressed": "gzip br", "Compression": "no", "Fallback": ""})
    put(daemon, "a.txt", PROSE, "br", "zstd", "gzip")
    put(daemon, "gz.txt", PROSE, "gzip")
    daemon.put_file("plain.txt", PROSE, MODIFIED)
    return daemon


def put(daemon, name, content, *codings, later=0):
    """A file and its siblings."""
    daemon.put_file(name, content, MODIFIED)
    for coding in codings:
        daemon.put_file(
            name + model.SUFFIXES[coding], model.encode(coding, content), MODIFIED + later)


# Value of the field, and the coding that is sent where the site has br, zstd, gzip in that order;
# None is 406.
ACCEPT_ENCODING = [
    ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("x-gzip", "gzip"), ("GZIP", "gzip"),
    ("X-Gzip", "gzip"), ("Br", "br"), ("deflate", "identity"), ("compress", "identity"),
    ("identity", "identity"), ("*", "br"), ("gzip, br", "br"), ("br, gzip", "br"),
    ("gzip, zstd", "zstd"), ("gzip, deflate, br, zstd", "br"), ("gzip, deflate", "gzip"),
    # Weights (§12.4.2)
    ("gzip;q=1, br;q=0.9", "gzip"), ("gzip;q=0.5, br;q=0.4, zstd;q=0.6", "zstd"),
    ("gzip;q=0.001, br;q=0", "gzip"), ("gzip;q=0.9, br;q=0.901", "br"),
    ("gzip;q=1.0, br;q=1.00, zstd;q=1.000", "br"), ("gzip ; q=0.5, br ;\tq=0.4", "gzip"),
    ("gzip;Q=0.5, br;Q=0.4", "gzip"), ("br;q=0., gzip;q=1.", "gzip"), ("br;q=0", "identity"),
    ("br;q=0.0, gzip;q=0.00, zstd;q=0.000", "identity"), ("gzip;q=0.1", "gzip"),
    # The wildcard (§12.5.3) is for what is not named.
    ("*;q=0.5, br;q=0.1", "zstd"), ("*, br;q=0", "zstd"), ("*;q=0.5, gzip", "gzip"),
    ("br;q=0.2, *;q=0.1", "br"), ("*;q=0, gzip", "gzip"), ("*;q=0, br;q=0.001", "br"),
    # identity: acceptable unless refused, by its name or by the wildcard.
    ("identity, gzip", "gzip"), ("identity;q=0.5, gzip;q=0.5", "gzip"),
    ("identity;q=1, gzip;q=0.5", "identity"), ("identity;q=0.1, gzip;q=0.2", "gzip"),
    ("identity;q=0", None), ("identity;q=0.000", None), ("*;q=0", None), ("*;q=0.0", None),
    ("identity;q=0, gzip;q=0.001", "gzip"), ("identity;q=0, *", "br"),
    ("identity;q=0, *;q=0", None),
    ("*;q=0, identity", "identity"), ("*;q=0, identity;q=0.001", "identity"),
    ("gzip;q=0, *;q=0", None), ("deflate, identity;q=0", None), ("deflate, *;q=0", None),
    ("*;q=0.5", "br"), ("gzip;q=0.5, *;q=1", "br"), ("br;q=0, zstd;q=0, gzip;q=0, *", "identity"),
    # Lists (§5.6.1)
    ("", "identity"), (",", "identity"), (" , ,", "identity"), (",gzip,", "gzip"),
    ("gzip,,br;q=0.5", "gzip"), ("\tgzip\t", "gzip"), ("gzip,br;q=0.5,identity;q=0.1", "gzip"),
    # What is malformed is ignored, element by element.
    ("gzip;q=2", "identity"), ("gzip;q=-1", "identity"), ("gzip;q=0.1234", "identity"),
    ("gzip;q=1.001", "identity"), ("gzip;q=.5", "identity"), ("gzip;q=", "identity"),
    ("gzip;q", "identity"), ("gzip;", "identity"), ("gzip;q=abc", "identity"),
    ("gzip;q =1", "identity"), ("gzip;q= 1", "identity"), ("gzip;level=9", "identity"),
    ("gzip;q=1;x=y", "identity"), ("gz ip", "identity"), ("gzip br", "identity"),
    ("br;q=x, gzip", "gzip"), ("gzip;q=2, br;q=0.5", "br"), ('"gzip"', "identity"),
    ("gzip/1", "identity"), (";q=1, gzip", "gzip"), ("gzip;q=0,5", "identity"),
    ("identity;q=x", "identity"), ("*;q=x", "identity"), ("identity;q=0;x", "identity"),
    # Names that only look alike
    ("gzipped", "identity"), ("xgzip", "identity"), ("zst", "identity"), ("brotli", "identity"),
    ("gz", "identity"), ("x-br", "identity"), ("**", "identity"),
]


def check_coded(response, coding, content):
    """A 200 in that coding, with all that belongs to it."""
    assert response.status == 200
    assert response.get("content-encoding") == (None if coding == "identity" else coding)
    assert model.decode(coding, response.content) == content
    assert response.get("vary").lower() == "accept-encoding"
    assert response.get("etag").startswith('"')


@pytest.mark.parametrize("target", ["/a.txt", "/fly.txt"])
@pytest.mark.parametrize("value,coding", ACCEPT_ENCODING, ids=lambda value: str(value))
def test_accept_encoding(server, target, value, coding):
    with server.connect() as connection:
        get = connection.ask(request(target, fields={"Accept-Encoding": value}))
        head = connection.ask(request(target, "HEAD", {"Accept-Encoding": value}), "HEAD")
        if coding is None:
            assert get.status == head.status == 406
            assert "accept-encoding" in get.tokens("vary")
            assert get.content and get.get("content-encoding") is None
            assert get.get("etag") is None and get.get("accept-ranges") is None
        else:
            check_coded(get, coding, PROSE)
            assert get.get("content-type") == "text/plain; charset=utf-8", "of what is coded"
        for name in ("content-length", "content-encoding", "etag", "vary", "content-type"):
            assert head.get(name) == get.get(name), name


class TestAcceptEncoding:
    def test_none(self, server):
        for target in ("/a.txt", "/fly.txt"):
            check_coded(server.fetch(target), "identity", PROSE)

    @pytest.mark.parametrize("lines,coding", [
        (["gzip", "br"], "br"), (["gzip;q=1", "br;q=0.5"], "gzip"), (["", "gzip"], "gzip"),
        (["identity;q=0", "*;q=0"], None), (["br;q=0", "*"], "zstd"), (["", ""], "identity"),
        (["x;;", "gzip"], "gzip")])
    def test_lines_are_one_list(self, server, lines, coding):
        # §5.3
        fields = [("Accept-Encoding", line) for line in lines]
        response = server.fetch("/a.txt", fields=fields)
        if coding is None:
            assert response.status == 406
        else:
            check_coded(response, coding, PROSE)

    @pytest.mark.parametrize("value,coding", [
        ("gzip, br, zstd", "gzip"), ("br, zstd", "br"), ("zstd", "identity"), ("*", "gzip"),
        ("br;q=1, gzip;q=0.9", "br"), ("zstd, identity;q=0", None), ("*;q=0.1", "gzip")])
    def test_order_and_choice_of_the_site(self, siblings, value, coding):
        response = siblings.fetch("/a.txt", fields={"Accept-Encoding": value})
        if coding is None:
            assert response.status == 406
        else:
            check_coded(response, coding, PROSE)

    @pytest.mark.parametrize("value,coding", [
        ("gzip, br", "gzip"), ("br", "identity"), ("br;q=1, gzip;q=0.1", "gzip"),
        ("br, identity;q=0", None)])
    def test_what_there_is(self, siblings, value, coding):
        response = siblings.fetch("/gz.txt", fields={"Accept-Encoding": value})
        if coding is None:
            assert response.status == 406
        else:
            check_coded(response, coding, PROSE)

    @pytest.mark.parametrize("target", ["/plain.txt", "/gz.txt.gz"])
    def test_without_a_choice_there_is_no_vary(self, siblings, target):
        for value in ("gzip", "identity", "*", "br;q=0"):
            response = siblings.fetch(target, fields={"Accept-Encoding": value})
            assert response.status == 200 and response.get("content-encoding") is None
            assert response.get("vary") is None

    @pytest.mark.parametrize("value", ["identity;q=0", "*;q=0", "gzip, identity;q=0"])
    def test_identity_only_and_refused(self, siblings, value):
        assert siblings.fetch("/plain.txt", fields={"Accept-Encoding": value}).status == 406

    @pytest.mark.parametrize("name", [
        "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Range"])
    def test_406_before_preconditions(self, server, name):
        # §13.2.1
        value = {"Range": "bytes=999999-"}.get(name, "*" if "Match" in name else
                                               "Sun, 06 Nov 1994 08:49:36 GMT")
        fields = {"Accept-Encoding": "identity;q=0", name: value}
        assert server.fetch("/a.txt", fields=fields).status == 406

    @pytest.mark.parametrize("target,status", [
        ("/missing", 404), ("/.hidden", 404), ("/%", 400)])
    def test_errors_are_not_406(self, server, target, status):
        assert server.fetch(target, fields={"Accept-Encoding": "identity;q=0"}).status == status

    def test_too_small_or_of_another_type(self, server):
        for target in ("/tiny.txt", "/photo.jpg"):
            response = server.fetch(target, fields={"Accept-Encoding": "gzip, br, zstd"})
            assert response.status == 200 and response.get("content-encoding") is None
            assert response.get("vary") is None

    def test_the_fallback_page_is_coded_too(self, start_daemon):
        daemon = start_daemon(site={"Fallback": "/404.html"})
        put(daemon, "404.html", PROSE, "gzip")
        missing = daemon.fetch("/missing", fields={"Accept-Encoding": "gzip"})
        assert missing.status == 404 and missing.get("content-encoding") == "gzip"
        assert model.decode("gzip", missing.content) == PROSE
        assert missing.get("vary").lower() == "accept-encoding"
        assert daemon.fetch("/missing").content == PROSE

    def test_index_pages(self, siblings):
        put(siblings, "dir/index.html", PROSE, "br")
        response = siblings.fetch("/dir/", fields={"Accept-Encoding": "br"})
        check_coded(response, "br", PROSE)
        assert response.get("content-type") == "text/html; charset=utf-8"

    def test_te_is_not_accept_encoding(self, server):
        response = server.fetch("/a.txt", fields={"TE": "gzip", "Connection": "TE"})
        check_coded(response, "identity", PROSE)
        assert response.framing == "length"


class TestSiblings:
    """A sibling stands for its file only where it cannot be anything else."""

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
    @pytest.mark.parametrize("case,change", [
        ("older by a nanosecond", lambda path: os.utime(path, ns=(0, MODIFIED * 10**9 - 1))),
        ("older by a year", lambda path: os.utime(path, (0, MODIFIED - 31_536_000))),
        ("of something else", None), ("not in its coding", b"plain\n"), ("empty", b""),
        ("cut off", -1), ("with a tail", +1), ("a directory", "directory"), ("a FIFO", "fifo"),
        ("a link to nothing", "link"),
    ], ids=lambda value: value if isinstance(value, str) else "")
    def test_that_is_none(self, start_daemon, siblings, coding, case, change):
        if coding == "zstd":
            siblings = start_daemon(site={"Precompressed": "zstd", "Fallback": ""})
        name = "no-%s-%s.txt" % (coding, case.replace(" ", "-"))
        siblings.put_file(name, PROSE, MODIFIED)
        path = siblings.path(name + model.SUFFIXES[coding])
        good = model.encode(coding, PROSE)
        if change in ("directory", "fifo", "link"):
            {"directory": os.mkdir, "fifo": os.mkfifo,
             "link": lambda path: os.symlink("nowhere", path)}[change](path)
        else:
            content = {-1: good[:-1], +1: good + b"x"}.get(change, change)
            if callable(change):
                content = good
            elif change is None:
                content = model.encode(coding, PROSE.replace(b"line 7 ", b"line 8 "))
            siblings.put_file(name + model.SUFFIXES[coding], content, MODIFIED)
            if callable(change):
                change(path)
        for _ in range(2):
            response = siblings.fetch("/" + name, fields={"Accept-Encoding": coding})
            assert response.status == 200 and response.get("content-encoding") is None
            assert response.content == PROSE

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
    @pytest.mark.parametrize("later", [0, 1, 10**6])
    def test_that_is_one(self, server, coding, later):
        put(server, "later.txt", PROSE, coding, later=later)
        check_coded(server.fetch("/later.txt", fields={"Accept-Encoding": coding}), coding, PROSE)

    def test_the_source_changes(self, siblings):
        put(siblings, "changes.txt", PROSE, "gzip")
        fields = {"Accept-Encoding": "gzip"}
        first = siblings.fetch("/changes.txt", fields=fields)
        check_coded(first, "gzip", PROSE)
        siblings.put_file("changes.txt", PROSE[::-1], MODIFIED + 100)
        second = siblings.fetch("/changes.txt", fields=fields)
        assert second.get("content-encoding") is None and second.content == PROSE[::-1]
        # Even if its time says that nothing changed, the sibling is of something else.
        os.utime(siblings.path("changes.txt"), (MODIFIED, MODIFIED))
        third = siblings.fetch("/changes.txt", fields=fields)
        assert third.content == PROSE[::-1] or \
            model.decode("gzip", third.content) == PROSE[::-1]

    def test_the_sibling_changes(self, siblings):
        put(siblings, "remade.txt", PROSE, "gzip")
        fields = {"Accept-Encoding": "gzip"}
        first = siblings.fetch("/remade.txt", fields=fields)
        path = siblings.put_file(
            "remade.txt.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + model.encode("gzip", PROSE)[10:],
            MODIFIED + 50)
        second = siblings.fetch("/remade.txt", fields=fields)
        check_coded(second, "gzip", PROSE)
        if first.content != second.content:
            assert first.get("etag") != second.get("etag"), "one strong tag for two contents"
        siblings.put_file("remade.txt.gz", model.encode("gzip", b"other\n"), MODIFIED + 60)
        assert siblings.fetch("/remade.txt", fields=fields).content == PROSE
        os.unlink(path)
        assert siblings.fetch("/remade.txt", fields=fields).content == PROSE

    @pytest.mark.parametrize("target", ["/a.txt", "/a/"])
    def test_comes_and_goes_beside_a_file_that_is_in_memory(self, start_daemon, target):
        daemon = start_daemon(server={"Workers": "1"})
        name = "a.txt" if target.endswith("txt") else "a/index.html"
        daemon.put_file(name, PROSE, MODIFIED)
        fields = {"Accept-Encoding": "br"}
        for _ in range(2):
            for _ in range(3):
                for sent in ({}, fields):
                    response = daemon.fetch(target, fields=sent)
                    assert response.content == PROSE
                    assert response.get("content-encoding") is None
            path = daemon.put_file(name + ".br", model.encode("br", PROSE), MODIFIED)
            # A new one is looked for once a second; that one is gone is seen at once.
            assert until(lambda: daemon.fetch(target, fields=fields).get("content-encoding"), 3)
            for _ in range(3):
                check_coded(daemon.fetch(target, fields=fields), "br", PROSE)
                check_coded(daemon.fetch(target), "identity", PROSE)
            os.unlink(path)

    def test_hidden_or_outside(self, siblings):
        siblings.put_file("linked.txt", PROSE, MODIFIED)
        outside = os.path.join(siblings.directory, "outside.gz")
        with open(outside, "wb") as file:
            file.write(model.encode("gzip", PROSE))
        os.symlink(outside, siblings.path("linked.txt.gz"))
        response = siblings.fetch("/linked.txt", fields={"Accept-Encoding": "gzip"})
        assert response.get("content-encoding") is None and response.content == PROSE

    def test_a_large_one(self, siblings):
        content = PROSE * 200
        put(siblings, "large.txt", content, "gzip", "br")
        for coding in ("gzip", "br"):
            fields = {"Accept-Encoding": coding}
            check_coded(siblings.fetch("/large.txt", fields=fields), coding, content)

    @pytest.mark.parametrize("coding,of,used", [
        ("gzip", PROSE, True), ("zstd", PROSE, True), ("br", PROSE, False),
        ("gzip", PROSE + b"x", False), ("zstd", PROSE[1:], False), ("br", PROSE + b"x", False)])
    def test_of_a_file_that_is_too_large_to_be_compared(self, start_daemon, coding, of, used):
        # Then the length that it says must fit; brotli says none.
        daemon = start_daemon(site={"Precompressed": "yes", "CompressionMaxSize": "4K"})
        daemon.put_file("a.txt", PROSE, MODIFIED)
        daemon.put_file("a.txt" + model.SUFFIXES[coding], model.encode(coding, of), MODIFIED)
        for _ in range(2):
            response = daemon.fetch("/a.txt", fields={"Accept-Encoding": coding})
            assert response.get("content-encoding") == (coding if used else None)
            assert model.decode(coding if used else "identity", response.content) == PROSE

    def test_is_a_file_of_its_own_too(self, server):
        response = server.fetch("/a.txt.gz", fields={"Accept-Encoding": "gzip"})
        assert response.get("content-encoding") is None, "it is the content, not a coding of it"
        assert model.decode("gzip", response.content) == PROSE
        assert response.get("content-type") == "application/gzip"

    def test_switched_off(self, start_daemon):
        daemon = start_daemon(site={"Precompressed": "no"})
        put(daemon, "a.txt", PROSE, "gzip", "br", "zstd")
        response = daemon.fetch("/a.txt", fields={"Accept-Encoding": "gzip, br, zstd"})
        assert response.content == PROSE and response.get("vary") is None


class TestOnTheFly:
    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
    def test_same_tag_same_octets(self, server, coding):
        fields = {"Accept-Encoding": coding}
        answers = [server.fetch("/fly.txt", fields=fields) for _ in range(5)]
        assert len({(answer.get("etag"), answer.content) for answer in answers}) == 1
        assert len(answers[0].content) < len(PROSE) / 2
        identity = server.fetch("/fly.txt").get("etag")
        assert answers[0].get("etag").startswith(identity[:-1] + "-" + coding)

    @pytest.mark.parametrize("size,coded", [
        (0, False), (1999, False), (2000, True), (2001, True), (50_000, True), (50_001, False)])
    def test_size(self, start_daemon, size, coded):
        daemon = start_daemon(site={
            "Compression": "gzip", "CompressionMinSize": "2000", "CompressionMaxSize": "50000"})
        daemon.put_file("a.txt", (PROSE * 4)[:size], MODIFIED)
        response = daemon.fetch("/a.txt", fields={"Accept-Encoding": "gzip"})
        assert response.get("content-encoding") == ("gzip" if coded else None)
        assert response.get("vary") == ("Accept-Encoding" if coded else None)
        daemon.stop()

    def test_types(self, start_daemon):
        daemon = start_daemon(site={"Compression": "gzip"})
        for name, coded in (("a.html", True), ("a.css", True), ("a.js", True), ("a.json", True),
                            ("a.svg", True), ("a.xml", True), ("a.wasm", True), ("a.jpg", False),
                            ("a.png", False), ("a.zip", False), ("a.gz", False), ("a.mp4", False),
                            ("a.bin", False), ("a.woff2", False), ("a.ttf", True)):
            daemon.put_file(name, PROSE, MODIFIED)
            response = daemon.fetch("/" + name, fields={"Accept-Encoding": "gzip"})
            assert response.get("content-encoding") == ("gzip" if coded else None), name

    def test_types_of_the_site(self, start_daemon):
        daemon = start_daemon(site={
            "Compression": "gzip", "CompressionTypes": "image/jpeg font/* *+xml",
            "MediaType": ".abc application/abc+xml"})
        for name, coded in (("a.jpg", True), ("a.woff2", True), ("a.svg", True), ("a.abc", True),
                            ("a.txt", False), ("a.html", False), ("a.json", False)):
            daemon.put_file(name, PROSE, MODIFIED)
            response = daemon.fetch("/" + name, fields={"Accept-Encoding": "gzip"})
            assert response.get("content-encoding") == ("gzip" if coded else None), name

    def test_what_does_not_get_smaller(self, server):
        server.put_file("noise.txt", os.urandom(5000), MODIFIED)
        for coding in ("br", "zstd", "gzip"):
            response = server.fetch("/noise.txt", fields={"Accept-Encoding": coding})
            assert response.get("content-encoding") is None and len(response.content) == 5000

    def test_a_sibling_is_taken_first(self, start_daemon):
        # Its order comes first as well: gzip is there, br would have to be made.
        daemon = start_daemon(site={"Precompressed": "yes", "Compression": "br gzip"})
        put(daemon, "a.txt", PROSE, "gzip")
        check_coded(daemon.fetch("/a.txt", fields={"Accept-Encoding": "br, gzip"}), "gzip", PROSE)
        check_coded(daemon.fetch("/a.txt", fields={"Accept-Encoding": "br"}), "br", PROSE)
        response = daemon.fetch("/a.txt", fields={"Accept-Encoding": "gzip"})
        assert response.content == daemon.read_file("a.txt.gz")

    def test_a_change_is_seen(self, server):
        server.put_file("new.txt", PROSE, MODIFIED)
        fields = {"Accept-Encoding": "br"}
        first = server.fetch("/new.txt", fields=fields)
        check_coded(first, "br", PROSE)
        server.put_file("new.txt", PROSE[::-1], MODIFIED + 1)
        second = server.fetch("/new.txt", fields=fields)
        check_coded(second, "br", PROSE[::-1])
        assert first.get("etag") != second.get("etag")

    def test_uploads_are_seen_at_once(self, start_daemon):
        daemon = start_daemon(site={"Upload": "yes", "Delete": "yes", "UploadDurability": "none",
                                    "Compression": "zstd gzip", "Fallback": ""})
        fields, tags = {"Accept-Encoding": "zstd"}, set()
        with daemon.connect() as connection:
            for number in range(150):
                content = PROSE + b"%d" % (number % 7)
                connection.ask(request("/up.txt", "PUT", content=content), "PUT")
                for accepted in ("zstd", "gzip", "identity"):
                    response = connection.ask(
                        request("/up.txt", fields={"Accept-Encoding": accepted}))
                    check_coded(response, accepted, content)
                    assert response.get("etag") not in tags
                    tags.add(response.get("etag"))
                if number % 5 == 0:
                    assert connection.ask(request("/up.txt", "DELETE"), "DELETE").status == 204
                    assert connection.ask(request("/up.txt", fields=fields)).status == 404

    def test_an_old_sibling_of_a_new_upload(self, start_daemon):
        daemon = start_daemon(site={"Upload": "yes", "Delete": "yes", "UploadDurability": "none"})
        put(daemon, "a.txt", PROSE, "gzip")
        fields = {"Accept-Encoding": "gzip"}
        check_coded(daemon.fetch("/a.txt", fields=fields), "gzip", PROSE)
        assert daemon.fetch("/a.txt", "DELETE").status == 204
        assert daemon.fetch("/a.txt", "PUT", content=PROSE[::-1]).status == 201
        response = daemon.fetch("/a.txt", fields=fields)
        assert response.get("content-encoding") is None and response.content == PROSE[::-1]

    def test_a_hot_file_is_compressed_once(self, start_daemon, pool):
        daemon = start_daemon(site={"Compression": "br"}, server={"CompressionCacheSize": "16M"})
        content = b"".join(b"%d %d\n" % (n, n * n * 7919 % 99991) for n in range(300_000))
        daemon.put_file("hot.txt", content, MODIFIED)
        fields = {"Accept-Encoding": "br"}
        before = daemon.cpu_seconds()
        first = daemon.fetch("/hot.txt", fields=fields, timeout=60)
        once = daemon.cpu_seconds() - before
        assert model.decode("br", first.content) == content
        before = daemon.cpu_seconds()
        for response in pool.map(lambda _: daemon.fetch("/hot.txt", fields=fields), range(40)):
            assert response.content == first.content
        assert daemon.cpu_seconds() - before < max(once, 0.3), "compressed again"

    def test_a_crowd_makes_it_compress_once(self, start_daemon, pool):
        daemon = start_daemon(site={"Compression": "br"})
        content = b"".join(b"%d %d\n" % (n, n * n * 7919 % 99991) for n in range(200_000))
        fields = {"Accept-Encoding": "br"}
        costs = []
        for crowd in (1, 30):
            daemon.put_file("hot%d.txt" % crowd, content, MODIFIED)
            before = daemon.cpu_seconds()
            answers = list(pool.map(
                lambda _: daemon.fetch("/hot%d.txt" % crowd, fields=fields, timeout=60),
                range(crowd)))
            assert len({answer.content for answer in answers}) == 1
            costs.append(daemon.cpu_seconds() - before)
        assert costs[1] < 4 * costs[0] + 0.5, costs

    def test_others_do_not_wait_for_it(self, start_daemon, pool):
        daemon = start_daemon(site={"Compression": "br"}, server={"Workers": "1"})
        daemon.put_file("small.txt", b"small\n", MODIFIED)
        content = b"".join(b"%d %d\n" % (n, n * n * 7919 % 99991) for n in range(500_000))
        daemon.put_file("slow.txt", content, MODIFIED)
        slow = pool.submit(
            daemon.fetch, "/slow.txt", fields={"Accept-Encoding": "br"}, timeout=60)
        slowest = 0
        while not slow.done():
            began = time.monotonic()
            assert daemon.fetch("/small.txt").status == 200
            slowest = max(slowest, time.monotonic() - began)
        assert model.decode("br", slow.result().content) == content
        assert slowest < 0.5

    def test_the_cache_is_bounded(self, start_daemon):
        daemon = start_daemon(site={"Compression": "gzip"}, server={"CompressionCacheSize": "64K"})
        for number in range(40):
            daemon.put_file("f%d.txt" % number, os.urandom(20_000).hex().encode(), MODIFIED)
        for _ in range(2):
            for number in range(40):
                content = daemon.read_file("f%d.txt" % number)
                response = daemon.fetch("/f%d.txt" % number, fields={"Accept-Encoding": "gzip"})
                check_coded(response, "gzip", content)

    def test_without_a_cache(self, start_daemon):
        daemon = start_daemon(site={"Compression": "gzip"}, server={"CompressionCacheSize": "0"})
        daemon.put_file("a.txt", PROSE, MODIFIED)
        with daemon.connect() as connection:
            for _ in range(3):
                response = connection.ask(request("/a.txt", fields={"Accept-Encoding": "gzip"}))
                check_coded(response, "gzip", PROSE)

    @pytest.mark.parametrize("cache", ["16M", "0"])
    def test_pipelined_and_not_made_before(self, start_daemon, cache):
        daemon = start_daemon(site={"Compression": "br zstd gzip"},
                              server={"CompressionCacheSize": cache, "Workers": "1"})
        contents = [PROSE * (1 + n % 5) + b"%d" % n for n in range(40)]
        for number, content in enumerate(contents):
            daemon.put_file("f%d.txt" % number, content, MODIFIED)
        asked = [(number, method, coding) for number in range(40)
                 for method, coding in (("HEAD", "gzip"), ("GET", "br"), ("GET", "identity"),
                                        ("GET", "gzip"), ("GET", "zstd"))]
        with daemon.connect(timeout=20) as connection:
            connection.send(b"".join(
                request("/f%d.txt" % number, method, {"Accept-Encoding": coding})
                for number, method, coding in asked)
                + request("/f0.txt", fields={"Accept-Encoding": "zstd", "Connection": "close"}))
            lengths = {}
            for number, method, coding in asked:
                response = connection.read(method)
                assert response.get("content-encoding", "identity") == coding
                length = response.get("content-length")
                assert lengths.setdefault((number, coding), length) == length
                if method == "GET":
                    assert model.decode(coding, response.content) == contents[number]
            check_coded(connection.read(), "zstd", contents[0])
            assert connection.ended()

    def test_a_young_file(self, server):
        # A weak tag for a file that may change within the same tick; strong once it has settled.
        server.put_file("young.txt", PROSE)
        fields = {"Accept-Encoding": "gzip"}
        response = server.fetch("/young.txt", fields=fields)
        assert model.decode(response.get("content-encoding", "identity"), response.content) == PROSE
        assert until(lambda: server.fetch("/young.txt", fields=fields).get("etag")[0] == '"')
        check_coded(server.fetch("/young.txt", fields=fields), "gzip", PROSE)


class TestRaces:
    """Versions come and go while all codings are asked for: what is sent is one of them."""

    def test_versions(self, start_daemon, pool):
        daemon = start_daemon(site={"Compression": "zstd gzip", "Precompressed": "br gzip"})
        versions = [PROSE + b"version %d\n" % n + PROSE[:n * 1000] for n in range(6)]
        coded = [{coding: model.encode(coding, version) for coding in ("br", "gzip")}
                 for version in versions]
        path = daemon.put_file("a.txt", versions[0])
        stop, contents, problems = threading.Event(), {}, []

        def rewrite():
            draw = random.Random(7)

            def place(name, content):
                os.rename(daemon.put_file("new", content), path + name)
            while not stop.is_set():
                number = draw.randrange(len(versions))
                place("", versions[number])
                for coding in draw.sample(["br", "gzip"], draw.randint(0, 2)):
                    # Now and then of another version, as by a build that was interrupted.
                    of = number if draw.random() < 0.7 else draw.randrange(len(versions))
                    place(model.SUFFIXES[coding], coded[of][coding])
                time.sleep(draw.choice([0, 0.001, 0.02, 0.1]))

        def read(seed):
            draw = random.Random(seed)
            with daemon.connect(timeout=10) as connection:
                while not stop.is_set():
                    fields = {"Accept-Encoding": draw.choice(
                        ["br", "gzip", "zstd", "identity", "*", "gzip;q=0.5, zstd;q=0.1"])}
                    response = connection.ask(request("/a.txt", fields=fields))
                    coding = response.get("content-encoding", "identity")
                    tag, content = response.get("etag"), response.content
                    if model.decode(coding, content) not in versions:
                        problems.append("no version: %r %r" % (response, response.fields))
                    if tag.startswith("W/"):
                        continue
                    if contents.setdefault(tag, content) != content:
                        problems.append("two contents of " + tag)
                    # Resume in the middle, as if the connection had broken.
                    middle = len(content) // 2
                    fields |= {"Range": "bytes=%d-" % middle, "If-Range": tag}
                    response = connection.ask(request("/a.txt", fields=fields))
                    if response.status == 206 and response.content != content[middle:]:
                        problems.append("joined with another version: " + tag)
        writer = threading.Thread(target=rewrite)
        writer.start()
        readers = [pool.submit(read, seed) for seed in range(6)]
        time.sleep(4)
        stop.set()
        writer.join()
        for reader in readers:
            reader.result(20)
        assert not problems, problems[:3]
        assert len(contents) > 10, "tags were strong now and then"


# Accept, and the form of an error: text, page or problem details (RFC 9457).
TEXT, PAGE, PROBLEM = "text/plain; charset=utf-8", "text/html; charset=utf-8", \
    "application/problem+json"
ACCEPT = [
    (None, TEXT), ("*/*", TEXT), ("", TEXT), ("text/plain", TEXT), ("text/html", PAGE),
    ("application/problem+json", PROBLEM), ("application/json", PROBLEM), ("TEXT/HTML", PAGE),
    ("text/*", TEXT), ("application/*", PROBLEM), ("image/png", TEXT),
    ("image/*, text/html;q=0.1", PAGE), ("text/html;q=0.5, application/json", PROBLEM),
    ("text/html, application/json;q=0.5", PAGE), ("text/html;q=0", TEXT),
    ("text/html;q=0, */*", TEXT), ("text/plain;q=0.5, text/html", PAGE),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PAGE),
    ("application/problem+json, text/html", PAGE), ("text/plain, text/html, */*", TEXT),
    ("application/json, text/plain, */*", TEXT), ("text/html;level=1", PAGE),
    ("text/html ; q=0.9 , application/json ; q=0.8", PAGE), (",text/html,", PAGE),
    ("text/html;q=0.001", PAGE), ("application/json;q=0.001, image/png", PROBLEM),
]


@pytest.mark.parametrize("accept,kind", ACCEPT, ids=lambda value: str(value))
def test_accept_of_an_error(server, accept, kind):
    fields = {} if accept is None else {"Accept": accept}
    with server.connect() as connection:
        for target, method, more, status in (
                ("/missing", "GET", {}, 404), ("/a.txt", "POST", {}, 405),
                ("/a.txt", "GET", {"If-Match": '"a"'}, 412), ("/%", "GET", {}, 400),
                ("/a.txt", "GET", {"Range": "bytes=999999-"}, 416),
                ("/a.txt", "GET", {"Accept-Encoding": "*;q=0"}, 406), ("/", "BREW", {}, 501)):
            response = connection.ask(request(target, method, {**fields, **more}))
            assert (response.status, response.get("content-type")) == (status, kind)
            assert "accept" in response.tokens("vary"), status
            if kind == PROBLEM:
                problem = json.loads(response.content)
                assert problem["status"] == status and problem["title"] == response.reason
                assert set(problem) == {"type", "title", "status", "detail"}
            elif kind == PAGE:
                assert response.content.startswith(b"<!DOCTYPE html>")
            else:
                assert response.content.startswith(b"%d " % status)
            assert server.root.encode() not in response.content


def test_accept_does_not_refuse_a_file(server):
    # §12.5.1: a server of files has what it has, and disregards the field.
    for accept in ("image/png", "text/plain;q=0", "application/json", "*/*;q=0"):
        response = server.fetch("/a.txt", fields={"Accept": accept})
        assert response.content == PROSE and response.get("vary").lower() == "accept-encoding"


@pytest.mark.parametrize("name", ["Accept-Language", "Accept-Charset"])
def test_other_negotiation_is_not_done(server, name):
    response = server.fetch("/a.txt", fields={name: "x, *;q=0"})
    assert response.content == PROSE and name.lower() not in response.tokens("vary")
