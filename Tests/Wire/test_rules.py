"""Rules by path, clean URLs, error pages and fields of the site: httpd-swift.conf(5).

A row of a table is a site of its own, on one daemon, told apart by its name.
"""

import json
import os
import random
import re
import time

import pytest

import model
from daemon import Daemon, make_directory, until
from httpwire import http_date, request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
PROSE = b"what is to be compressed, again and again\n" * 100


class Sites:
    """Sites of one daemon: `add` one for each row, `start`, then `fetch` from one by its number."""

    def __init__(self, start_daemon):
        self.start_daemon, self.text, self.daemon = start_daemon, [], None
        self.directory = make_directory()
        self.root = os.path.join(self.directory, "root")

    def add(self, keys=(), rules=()):
        """A site with these keys, and rules as pairs of a pattern and keys; gives its number."""
        number = len(self.text)
        lines = ["[Site s%d]" % number, "ServerName=s%d.test" % number, "Root=" + self.root,
                 *("%s=%s" % item for item in {"Fallback": "", **dict(keys)}.items())]
        for pattern, values in rules:
            lines.append("[Path s%d %s]" % (number, pattern))
            lines += ["%s=%s" % (key, line) for key, value in values.items()
                      for line in (value if isinstance(value, list) else [value])]
        self.text.append("\n".join(lines))
        return number

    def start(self, files):
        """Start the daemon with these files."""
        self.daemon = self.start_daemon(
            directory=self.directory, more="\n".join(self.text) + "\n",
            server={"Workers": "1"}, site={"UploadDurability": "none"})
        for name, content in files.items():
            self.daemon.put_file(name, content, MODIFIED)
        return self

    def fetch(self, number, target, method="GET", fields=(), content=None, **options):
        """The response of a site."""
        return self.daemon.fetch(
            target, method, fields, content, host="s%d.test" % number, **options)


def refused(text, site=()):
    """What the daemon says of a configuration that it does not start with."""
    daemon = Daemon(site={"Fallback": "", **dict(site)}, more=text)
    try:
        with pytest.raises(AssertionError) as error:
            daemon.start()
            daemon.stop()
        return str(error.value)
    finally:
        daemon.remove()


# Patterns: a path, and what the wildcards match, as a Redirect= with all of them shows; None is no
# match. The captures stand between hyphens.
PATTERNS = [
    # Prefixes
    ("/a/", "/a/", ["-"]), ("/a/", "/a/b", ["-b"]), ("/a/", "/a/b/c", ["-b/c"]),
    ("/a/", "/a", None), ("/a/", "/ab", None), ("/a/", "/b/a/", None), ("/a", "/a", ["-"]),
    ("/a", "/a/", ["-/"]), ("/a", "/a/b", ["-/b"]), ("/a", "/ab", None), ("/", "/x/y", ["-x/y"]),
    # One star: within a segment
    ("/*", "/a", ["-a"]), ("/*", "/", ["-"]), ("/*", "/a/b", None), ("/*", "/a/", None),
    ("/a/*", "/a/b", ["-b"]), ("/a/*", "/a/b/c", None), ("/a/*/c", "/a/b/c", ["-b"]),
    ("/a/*/c", "/a/b/d/c", None), ("/a/*/c", "/a/c", None), ("/a*", "/abc", ["-bc"]),
    ("/a*", "/a", ["-"]), ("/*.txt", "/a.txt", ["-a"]), ("/*.txt", "/a.txt.gz", None),
    ("/*.txt", "/d/a.txt", None), ("/*.*", "/a.b.c", ["-a", "-b.c"]),
    ("/a*b*c", "/axbyc", ["-x", "-y"]),
    ("/*/", "/a/", ["-a"]), ("/*/", "/a", None), ("/*/", "/a/b/", None),
    # Two stars: any run
    ("/**", "/a/b/c", ["-a/b/c"]), ("/**", "/", ["-"]), ("/a/**", "/a/b/c", ["-b/c"]),
    ("/a/**", "/a/", ["-"]), ("/a/**", "/a", None), ("/a/**/z", "/a/b/c/z", ["-b/c"]),
    ("/a/**/z", "/a/z", ["-"]), ("/**.txt", "/d/e/a.txt", ["-d/e/a"]), ("/**/", "/a/b/", ["-a/b"]),
    ("/**.txt", "/d.txt/e", None), ("/a**", "/ab/c", ["-b/c"]), ("/**/*.x", "/a.x", ["-", "-a"]),
    ("/**/", "/", ["-"]), ("/a/**/z", "/a//z", ["-"]), ("/a/**/z", "/az", None),
    # A question mark: one character but a slash
    ("/?", "/a", ["-a"]), ("/?", "/", None), ("/?", "/ab", None), ("/a?c", "/abc", ["-b"]),
    ("/a?c", "/a/c", None), ("/??", "/ab", ["-a", "-b"]), ("/?.txt", "/a.txt", ["-a"]),
    # Names at any depth
    ("*.pdf", "/a.pdf", ["-a"]), ("*.pdf", "/d/a.pdf", ["-a"]), ("*.pdf", "/d/e/a.pdf", ["-a"]),
    ("*.pdf", "/a.pdf/x", None), ("*.pdf", "/a.pdfx", None), ("*.pdf", "/.pdf", None),
    ("*.pdf", "/d/a.pdf/", None), ("*.min.*", "/d/a.min.js", ["-a", "-js"]),
    # Several
    ("/*/*", "/a/b", ["-a", "-b"]), ("/*/**", "/a/b/c", ["-a", "-b/c"]),
    ("/**/*", "/a/b/c", ["-a/b", "-c"]), ("/*/x/?", "/a/x/b", ["-a", "-b"]),
    ("/v*/**.html", "/v1/d/p.html", ["-1", "-d/p"]),
    # What is special elsewhere is not here.
    ("/a.c", "/a.c", ["-"]), ("/a.c", "/abc", None), ("/*.c", "/xbc", None),
    ("/a+", "/a+", ["-"]), ("/[ab]*", "/a", None), ("/[ab]*", "/%5Bab%5Dc", ["-c"]),
    ("/{a,b}*", "/%7Ba,b%7Dx", ["-x"]), ("/a$*", "/a$b", ["-b"]), ("/(a)*", "/(a)b", ["-b"]),
    # The path is decoded before, and without dot segments.
    ("/a*", "/%61b", ["-b"]), ("/a/", "/x/../a/b", ["-b"]), ("/a/", "//a//b", ["-b"]),
    ("/*", "/a%20b", ["-a%20b"]), ("/*", "/%C3%BC", ["-%C3%BC"]), ("/*", "/a?b=c", ["-a"]),
    ("/a/", "/a/./", ["-"]), ("/\u00fc*", "/%C3%BCx", ["-x"]), ("/*", "/a%3Fb", ["-a%3Fb"]),
    ("/*", "/%25", ["-%25"]), ("/*", "/a%0d%0ab", ["-a%0D%0Ab"]), ("/a/", "/A/b", None),
]


@pytest.fixture(scope="module")
def patterns(start_daemon):
    sites = Sites(start_daemon)
    for pattern, _, captures in PATTERNS:
        wildcards = pattern.replace("**", "*")
        count = sum(wildcards.count(each) for each in "*?") or 1
        sites.add(rules=[(pattern, {
            "Redirect": "307 http://hit.test" + "".join("/-$%d" % (n + 1) for n in range(count))})])
    return sites.start({"index.html": b"index\n"})


@pytest.mark.parametrize("number", range(len(PATTERNS)),
                         ids=["%s %s" % row[:2] for row in PATTERNS])
def test_pattern(patterns, number):
    _, target, captures = PATTERNS[number]
    response = patterns.fetch(number, target)
    if captures is None:
        assert response.status != 307, response.get("location")
    else:
        assert response.status == 307
        location = response.get("location").partition("?")[0]
        assert location == "http://hit.test/" + "/".join(captures)


# Of the sections that match, one wins, key by key: CacheControl= tells which.
PRECEDENCE = [
    ("the longest prefix", ["/a/", "/a/b/", "/"], "/a/b/c.txt", 1),
    ("the longest prefix that matches", ["/a/", "/a/x/", "/"], "/a/b/c.txt", 0),
    ("a glob before any prefix", ["/a/b/c.txt", "/a/*/c.txt"], "/a/b/c.txt", 1),
    ("a short glob before a long prefix", ["/a/b/c.txt", "/**"], "/a/b/c.txt", 1),
    ("more literal characters", ["*.txt", "/a/**.txt", "/a/b/*"], "/a/b/c.txt", 1),
    ("more literal characters, in another order", ["/a/**.txt", "*.txt"], "/a/b/c.txt", 0),
    ("the most literal of four", ["/a/**", "/**a/b/c.txt", "/a/b/c.t?t", "/a/b/?.txt"],
     "/a/b/c.txt", 1),
    ("the later of equally long ones", ["/a/b/*.txt", "/a/*/c.txt", "/?/b/c.txt"],
     "/a/b/c.txt", 2),
    ("the only one that matches", ["*.css", "/x/", "/a/b/c.*"], "/a/b/c.txt", 2),
    ("none", ["*.css", "/x/"], "/a/b/c.txt", None),
]


@pytest.fixture(scope="module")
def precedence(start_daemon):
    sites = Sites(start_daemon)
    for _, patterns, _, _ in PRECEDENCE:
        sites.add({"CacheControl": "site"}, [
            (pattern, {"CacheControl": "rule-%d" % at}) for at, pattern in enumerate(patterns)])
    sites.add({"CacheControl": "site"}, [
        ("/a/", {"CacheControl": "prefix", "ContentType": "application/x-prefix"}),
        ("*.txt", {"ContentType": "application/x-glob"}),
        ("/a/b/", {"Headers": "X-Long: yes"})])
    return sites.start({"a/b/c.txt": b"c\n", "a/b/d.css": b"d\n", "index.html": b"i\n"})


@pytest.mark.parametrize("number", range(len(PRECEDENCE)), ids=[row[0] for row in PRECEDENCE])
def test_precedence(precedence, number):
    _, _, target, winner = PRECEDENCE[number]
    expected = "site" if winner is None else "rule-%d" % winner
    assert precedence.fetch(number, target).get("cache-control") == expected


def test_precedence_is_key_by_key(precedence):
    response = precedence.fetch(len(PRECEDENCE), "/a/b/c.txt")
    assert response.get("cache-control") == "prefix"
    assert response.get("content-type") == "application/x-glob"
    assert response.get("x-long") == "yes"
    response = precedence.fetch(len(PRECEDENCE), "/a/b/d.css")
    assert response.get("content-type") == "application/x-prefix"


class TestRedirect:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add(rules=[
            ("/default", {"Redirect": "/new"}), ("/301", {"Redirect": "301 /new"}),
            ("/302", {"Redirect": "302 /new"}), ("/303", {"Redirect": "303 /new"}),
            ("/307", {"Redirect": "307 /new"}), ("/308", {"Redirect": "308 /new"}),
            ("/away/", {"Redirect": "308 https://www.example.org/x/$1"}),
            ("/there.txt", {"Redirect": "/new"}), ("/costs/", {"Redirect": "/price/$$$1"}),
            ("/swap/*/*", {"Redirect": "/$2/$1"}), ("/twice/*", {"Redirect": "/$1/$1"}),
            ("/fragment", {"Redirect": "/page#part"}), ("/query/*", {"Redirect": "/q?name=$1"}),
            ("/open", {"Redirect": "/$1"}), ("/here/**", {"Redirect": "/$1"}),
            ("/host/", {"Redirect": "http://example.org:8080/$1"}),
        ])
        return sites.start({"there.txt": b"hidden by the rule\n", "index.html": b"i\n"})

    @pytest.mark.parametrize("target,status,location", [
        ("/default", 301, "/new"), ("/301", 301, "/new"), ("/302", 302, "/new"),
        ("/303", 303, "/new"), ("/307", 307, "/new"), ("/308", 308, "/new"),
        ("/there.txt", 301, "/new"), ("/away/a/b", 308, "https://www.example.org/x/a/b"),
        ("/away/", 308, "https://www.example.org/x/"), ("/costs/5", 301, "/price/$5"),
        ("/swap/a/b", 301, "/b/a"), ("/twice/a", 301, "/a/a"), ("/fragment", 301, "/page#part"),
        ("/query/a", 301, "/q?name=a"), ("/here/x/y", 301, "/x/y"),
        ("/host/a%20b", 301, "http://example.org:8080/a%20b"),
        ("/away/%C3%BC", 308, "https://www.example.org/x/%C3%BC"),
        # The query goes along, unless the target has one.
        ("/301?a=b&c", 301, "/new?a=b&c"), ("/away/a?b", 308, "https://www.example.org/x/a?b"),
        ("/query/a?b=c", 301, "/q?name=a"),
    ])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_status_and_target(self, sites, method, target, status, location):
        response = sites.fetch(0, target, method)
        assert response.status == status
        assert response.get("location").removeprefix("http://s0.test") == location
        assert response.get("content-length") is not None
        assert b"hidden by" not in response.content

    @pytest.mark.parametrize("target", [
        "/open/example.org", "/open//example.org", "/here//example.org", "/here/%2Fexample.org",
        "/open/%5Cexample.org", "/here/%5Cexample.org", "/here/.//example.org", "/open/",
        "/open//", "/here/", "/open/%2F%2Fexample.org", "/here/%09/example.org"])
    def test_never_leads_to_another_host_by_itself(self, sites, target):
        response = sites.fetch(0, target)
        location = response.get("location", "/").removeprefix("http://s0.test")
        assert not location.startswith(("//", "/\\", "/\t")) and location.startswith("/"), location

    @pytest.mark.parametrize("target", ["/here/a%0d%0aX-Split:%20yes", "/query/a%0aX-Split:y",
                                        "/away/%00", "/here/%22%3E%3Cscript%3E"])
    def test_splits_and_injects_nothing(self, sites, target):
        response = sites.fetch(0, target)
        assert response.get("x-split") is None
        assert b"<script" not in response.content
        assert not set('"<> \r\n') & set(response.get("location", ""))

    @pytest.mark.parametrize("value", ["a%26b%3Dc", "a%23b", "a%3Fb", "a%25b"])
    def test_a_capture_stays_within_its_part(self, sites, value):
        location = sites.fetch(0, "/query/" + value).get("location")
        assert "#" not in location and location.count("?") == 1 and "%b" not in location

    def test_it_comes_before_preconditions(self, sites):
        # RFC 9110 §13.2.1
        fields = {"If-None-Match": "*", "If-Match": '"a"', "Range": "bytes=0-0"}
        assert sites.fetch(0, "/there.txt", fields=fields).status == 301

    @pytest.mark.parametrize("pattern,target", [
        ("/a/*", "/$2"), ("/a", "/$2"), ("/a/*/*", "/$3"), ("/a", "//x/"), ("/a", "x"),
        ("/a", "ftp://x/"), ("/a", "https://$1/"), ("/a", "$1://x/"), ("/a", "300 /x"),
        ("/a", "304 /x"), ("/a", "200 /x"), ("/a", "404 /x"), ("/a", "301"), ("/a", "/a b"),
        ("/a", "https://"), ("/a/*", "https://x$1.example/"), ("/a", "javascript:alert(1)")])
    def test_what_is_refused(self, pattern, target):
        assert "Redirect" in refused("[Path default %s]\nRedirect=%s\n" % (pattern, target))


class TestHeaders:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        rules = [("/a/", {"Headers": ["X-Path: a", "-X-Gone"]}),
                 ("/a/b/", {"Headers": ["X-Path: b"]}),
                 ("*.txt", {"Headers": ["X-Glob: yes", "X-Site: changed"]})]
        sites.add({"Headers": "X-Site: one\nHeaders=X-Gone: here\nHeaders=X-Colon: a: b; c=\"d\"",
                   "FallbackStatus": "404"}, rules)
        sites.add({"Headers": "Strict-Transport-Security: max-age=1\nHeaders=\nHeaders=X-Two: 2"})
        sites.add({"SecurityHeaders": "yes",
                   "Headers": "X-Frame-Options: DENY\nHeaders=-Referrer-Policy"})
        return sites.start({
            "index.html": b"i\n", "a/x.css": b"x\n", "a/b/y.css": b"y\n", "a/b/z.txt": b"z\n",
            "large.css": bytes(300_000)})

    @pytest.mark.parametrize("target,expected", [
        ("/", {"x-site": "one", "x-gone": "here", "x-path": None, "x-colon": 'a: b; c="d"'}),
        ("/a/x.css", {"x-site": "one", "x-gone": None, "x-path": "a", "x-glob": None}),
        ("/a/b/y.css", {"x-site": "one", "x-gone": None, "x-path": "b"}),
        ("/a/b/z.txt", {"x-site": "changed", "x-gone": None, "x-path": "b", "x-glob": "yes"}),
        ("/large.css", {"x-site": "one", "x-gone": "here"}),
    ])
    @pytest.mark.parametrize("fields", [{}, {"Range": "bytes=0-0"}, {"If-None-Match": '"a"'}],
                             ids=["whole", "part", "condition"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_field_by_field(self, sites, method, fields, target, expected):
        for _ in range(2):  # from the disk, and from memory
            response = sites.fetch(0, target, method, fields)
            assert response.status in (200, 206)
            for name, value in expected.items():
                assert response.get(name) == value, name
                assert len(response.all(name)) <= 1

    def test_an_empty_value_resets(self, sites):
        response = sites.fetch(1, "/")
        assert response.get("strict-transport-security") is None and response.get("x-two") == "2"

    def test_over_the_preset(self, sites):
        response = sites.fetch(2, "/")
        assert response.get("x-frame-options") == "DENY"
        assert response.get("referrer-policy") is None
        assert response.get("x-content-type-options") == "nosniff"

    @pytest.mark.parametrize("value", [
        "Connection: close", "Content-Length: 5", "Transfer-Encoding: chunked", "Date: now",
        "Content-Encoding: gzip", "Content-Range: bytes 0-0/1", "Keep-Alive: 5", "Upgrade: x",
        "TE: x", "Trailer: x", "Accept-Ranges: none", "Allow: GET", "Location: /", "Vary: x",
        "ETag: \"a\"", "Last-Modified: now", "Content-Type: text/html", "Server: x",
        "Cache-Control: no-store", "content-length: 5", "CONNECTION: x", "-Content-Length",
        "-ETag", "-Date", "-Content-Type", "-Transfer-Encoding", "-Connection",
    ])
    def test_what_the_server_decides_is_refused(self, value):
        for text, site in (("", {"Headers": value}),
                           ("[Path default /a/]\nHeaders=%s\n" % value, {})):
            said = refused(text, site)
            assert "Headers" in said
        for name, key in (("Content-Type:", "ContentType="), ("Cache-Control:", "CacheControl="),
                          ("Server:", "ServerField=")):
            if value.startswith(name):
                assert key in said, said

    @pytest.mark.parametrize("value", [
        "X", "X Y: z", ": z", "X(: z", "-", "-X Y", "X: \x01", "X: \x7f", "\u00fc: x"])
    def test_what_is_no_field_is_refused(self, value):
        said = refused("", {"Headers": value})
        assert "Headers" in said or "control byte" in said


class TestDeny:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({"Upload": "yes", "Delete": "yes"}, [
            ("/private/", {"Deny": "yes"}), ("/private/open/", {"Deny": "no"}),
            ("*.secret", {"Deny": "yes"}), ("/exact.txt", {"Deny": "yes"})])
        return sites.start({
            "private/a.txt": b"PRIVATE", "private/open/a.txt": b"open\n", "x/a.secret": b"PRIVATE",
            "a.secret.txt": b"a\n", "exact.txt": b"PRIVATE", "exact.txt.gz": b"x\n",
            "private/index.html": b"PRIVATE", "index.html": b"i\n"})

    @pytest.mark.parametrize("target,status", [
        ("/private/a.txt", 403), ("/private/missing", 403), ("/private/", 403),
        ("/private/open/a.txt", 200), ("/x/a.secret", 403), ("/missing.secret", 403),
        ("/a.secret.txt", 200), ("/exact.txt", 403), ("/exact.txt.gz", 200), ("/", 200),
        ("/private/./a.txt", 403), ("//private//a.txt", 403), ("/%70rivate/a.txt", 403),
        ("/x/../private/a.txt", 403), ("/private/a.txt?x", 403), ("/private/open/../a.txt", 403),
        ("/x/a%2Esecret", 403), ("http://s0.test/private/a.txt", 403),
    ])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_read(self, sites, method, target, status):
        for fields, otherwise in (({}, 200), ({"If-None-Match": "*"}, 304),
                                  ({"Range": "bytes=0-1"}, 206 if method == "GET" else 200)):
            response = sites.fetch(0, target, method, fields)
            assert response.status == (403 if status == 403 else otherwise)
            assert b"PRIVATE" not in response.content
            if status == 403:
                assert response.get("etag") is None and response.get("last-modified") is None

    @pytest.mark.parametrize("target", ["/private/a.txt", "/private/new", "/x/a.secret"])
    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_write(self, sites, method, target):
        response = sites.fetch(
            0, target, method, content=b"new" if method == "PUT" else None)
        assert response.status == 403
        assert sites.daemon.read_file("private/a.txt") == b"PRIVATE"
        assert sites.daemon.read_file("x/a.secret") == b"PRIVATE"
        assert not os.path.exists(sites.daemon.path("private/new"))

    def test_no_continue(self, sites):
        with sites.daemon.connect() as connection:
            response = connection.ask(request("/private/new", "PUT", {
                "Expect": "100-continue", "Content-Length": 5}, host="s0.test"), "PUT")
            assert response.status == 403 and response.interim == []


class TestContentType:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({"Compression": "gzip"}, [
            ("/feeds/*", {"ContentType": "application/atom+xml"}),
            ("*.js", {"ContentType": "application/javascript"}),
            ("/bin/", {"ContentType": "application/octet-stream"})])
        return sites.start({"feeds/a": PROSE, "a.js": PROSE, "bin/a.txt": PROSE, "b.txt": PROSE})

    @pytest.mark.parametrize("target,kind,coded", [
        ("/feeds/a", "application/atom+xml", True), ("/a.js", "application/javascript", True),
        ("/bin/a.txt", "application/octet-stream", False),
        ("/b.txt", "text/plain; charset=utf-8", True)])
    def test_decides_what_is_coded_too(self, sites, target, kind, coded):
        assert sites.fetch(0, target).get("content-type") == kind
        response = sites.fetch(0, target, fields={"Accept-Encoding": "gzip"})
        assert response.get("content-type") == kind
        assert response.get("content-encoding") == ("gzip" if coded else None)

    @pytest.mark.parametrize(
        "value", ["text", "text/", "/html", "text/html/x", "te xt/html", "*/*"])
    def test_what_is_no_type_is_refused(self, value):
        assert "ContentType" in refused("[Path default /a/]\nContentType=%s\n" % value)


class TestCleanURLs:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({"CleanURLs": "yes", "Index": "index.html home.html"})
        sites.add()
        return sites.start({
            "index.html": b"root\n", "a.html": b"a page\n", "both": b"both\n",
            "both.html": b"both page\n", "dir/index.html": b"dir\n", "dir/b.html": b"b page\n",
            "page.html": b"page\n", "page/index.html": b"page dir\n", "bare/x.txt": b"x\n",
            "sp ace.html": b"space\n", "\u00fc.html": b"umlaut\n", "a.txt": b"text\n",
            "home/home.html": b"home\n", "x.html/y.txt": b"y\n", "v1.2.html": b"version\n",
            ".html": b"HIDDEN\n"})

    @pytest.mark.parametrize("target,expected", [
        ("/a", b"a page\n"), ("/a.html", "/a"), ("/a.html?x=y", "/a?x=y"), ("/", b"root\n"),
        ("/index.html", "/"), ("/index.html?x", "/?x"), ("/dir/", b"dir\n"), ("/dir", "/dir/"),
        ("/dir/index.html", "/dir/"), ("/dir/b", b"b page\n"), ("/dir/b.html", "/dir/b"),
        ("/both", b"both\n"), ("/both.html", b"both page\n"), ("/page", b"page\n"),
        ("/page/", b"page dir\n"), ("/page.html", "/page"), ("/bare", "/bare/"),
        ("/sp%20ace", b"space\n"), ("/sp%20ace.html", "/sp%20ace"), ("/%C3%BC", b"umlaut\n"),
        ("/%C3%BC.html", "/%C3%BC"), ("/a.txt", b"text\n"), ("/home/home.html", "/home/"),
        ("/home/", b"home\n"), ("/a/", 404), ("/missing", 404), ("/missing.html", 404),
        ("/x.html", "/x.html/"), ("/x", 404), ("/.html", 404), ("/v1.2", b"version\n"),
        ("/v1.2.html", "/v1.2"), ("/a.html/", 404), ("//a.html", "/a"), ("/%61.html", "/a"),
        ("/dir/../a", b"a page\n"),
    ])
    def test_target(self, sites, target, expected):
        for method in ("GET", "HEAD"):
            response = sites.fetch(0, target, method)
            if isinstance(expected, str):
                assert response.status == 301
                assert response.get("location").removeprefix("http://s0.test") == expected
            elif isinstance(expected, bytes):
                assert response.status == 200
                assert response.content == (expected if method == "GET" else b"")
                if target not in ("/both", "/a.txt"):
                    assert response.get("content-type") == "text/html; charset=utf-8"
            else:
                assert response.status == expected
            assert b"HIDDEN" not in response.content

    def test_conditions_and_ranges(self, sites):
        whole = sites.fetch(0, "/a")
        assert sites.fetch(0, "/a", fields={"If-None-Match": whole.get("etag")}).status == 304
        response = sites.fetch(0, "/a", fields={"Range": "bytes=2-5"})
        assert (response.status, response.content) == (206, b"page")

    def test_leads_nowhere_else(self, sites):
        for target in ("//evil.html", "//evil/index.html", "/%2Fevil.html", "/\\evil.html"):
            location = sites.fetch(0, target).get("location", "/")
            assert not location.startswith(("//", "/\\"))

    def test_a_change_of_names_is_seen(self, sites):
        sites.daemon.put_file("new.html", b"page\n", MODIFIED)
        assert sites.fetch(0, "/new").content == b"page\n"
        path = sites.daemon.put_file("new", b"file\n", MODIFIED)
        assert sites.fetch(0, "/new").content == b"file\n"
        assert sites.fetch(0, "/new.html").content == b"page\n"
        os.unlink(path)
        assert sites.fetch(0, "/new").content == b"page\n"
        assert until(lambda: sites.fetch(0, "/new.html").status == 301, 3)

    @pytest.mark.parametrize("target,status", [
        ("/a", 404), ("/a.html", 200), ("/index.html", 200), ("/dir/index.html", 200)])
    def test_switched_off(self, sites, target, status):
        assert sites.fetch(1, target).status == status


PRESET = {"x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN",
          "referrer-policy": "strict-origin-when-cross-origin"}


class TestSecurityHeaders:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        rules = [("/list/", {"Listing": "yes"}), ("/old", {"Redirect": "/new"}),
                 ("/no/", {"Deny": "yes"})]
        sites.add({"SecurityHeaders": "yes", "ErrorPage": "404 /404.html"}, rules)
        sites.add({}, rules)
        return sites.start({"index.html": b"i\n", "large.bin": bytes(300_000), "dir/a": b"a\n",
                            "list/a.txt": b"a\n", "404.html": b"not here\n"})

    @pytest.mark.parametrize("target,method,fields,status", [
        ("/", "GET", {}, 200), ("/", "HEAD", {}, 200), ("/large.bin", "GET", {}, 200),
        ("/large.bin", "GET", {"Range": "bytes=0-0"}, 206), ("/dir", "GET", {}, 301),
        ("/large.bin", "GET", {"Range": "bytes=0-0,9-9"}, 206), ("/missing", "GET", {}, 404),
        ("/large.bin", "GET", {"Range": "bytes=999999-"}, 416), ("/old", "GET", {}, 301),
        ("/", "GET", {"If-Match": '"a"'}, 412), ("/", "POST", {}, 405), ("/no/x", "GET", {}, 403),
        ("/list/", "GET", {"Accept": "text/html"}, 200),
        ("/list/", "GET", {"Accept": "application/json"}, 200),
        ("/missing", "GET", {"Accept": "application/json"}, 404), ("/%", "GET", {}, 400),
        ("/", "BREW", {}, 501), ("/", "GET", {"Accept-Encoding": "*;q=0"}, 406),
    ], ids=str)
    def test_are_on_all_that_has_content_or_redirects(self, sites, target, method, fields, status):
        for _ in range(2):
            response = sites.fetch(0, target, method, fields)
            assert response.status == status
            assert {name: response.get(name) for name in PRESET} == PRESET
        response = sites.fetch(1, target, method, fields)
        assert response.status == status
        if "list" not in target:
            assert all(response.get(name) is None for name in PRESET)

    @pytest.mark.parametrize("number", [0, 1])
    def test_listings_always_have_a_policy(self, sites, number):
        response = sites.fetch(number, "/list/", fields={"Accept": "text/html"})
        policy = response.get("content-security-policy")
        assert policy and "default-src" in policy
        assert "unsafe-eval" not in policy and "*" not in policy


class TestErrorPage:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        pages = "404 /errors/404.html\nErrorPage=403 /errors/403.html\nErrorPage=416 /errors/x.txt"
        sites.add({"ErrorPage": pages, "CacheControl": "max-age=60"}, [
            ("/no/", {"Deny": "yes"}), ("/spa/", {"Fallback": "/spa.html"})])
        sites.add({"ErrorPage": "404 /errors/404.html", "Fallback": "/spa.html"})
        sites.add({"ErrorPage": "404 /errors/404.html", "Fallback": "/spa.html",
                   "FallbackStatus": "200"})
        sites.add({"ErrorPage": "404 /errors/missing.html"})
        sites.add({"ErrorPage": "405 /errors/404.html\nErrorPage=400 /errors/403.html\n"
                                "ErrorPage=412 /errors/404.html"})
        sites.add({"ErrorPage": "404 /errors/404.html\nErrorPage=\nErrorPage=403 /errors/403.html"},
                  [("/no/", {"Deny": "yes"})])
        sites.add({"ErrorPage": "404 /errors/404.html", "Compression": "gzip"})
        return sites.start({
            "index.html": b"i\n", "errors/404.html": b"page 404\n" + PROSE,
            "errors/403.html": b"page 403\n", "errors/x.txt": b"text 416\n", "spa.html": b"spa\n"})

    PAGE = b"page 404\n" + PROSE

    @pytest.mark.parametrize("accept,content", [
        (None, PAGE), ("text/html", PAGE), ("*/*", PAGE), ("text/*", PAGE),
        ("text/html,application/xhtml+xml,*/*;q=0.8", PAGE), ("application/json", None),
        ("application/problem+json", None), ("text/html;q=0.5, application/json", None),
        ("text/plain", None), ("image/png", None), ("text/html;q=0, */*", None),
        ("application/json;q=0.5, text/html", PAGE),
    ], ids=str)
    def test_form(self, sites, accept, content):
        fields = {} if accept is None else {"Accept": accept}
        for target in ("/missing", "/missing/x", "/.hidden", "/errors/"):
            response = sites.fetch(0, target, fields=fields)
            assert response.status == 404
            if content:
                assert response.content == content
                assert response.get("content-type") == "text/html; charset=utf-8"
            else:
                assert response.content and b"page 404" not in response.content
            assert "accept" in response.tokens("vary")
            for name in ("etag", "last-modified", "accept-ranges", "cache-control"):
                assert response.get(name) is None, "not those of the page: " + name

    @pytest.mark.parametrize("number,target,method,fields,status,content", [
        (0, "/no/x", "GET", {}, 403, b"page 403\n"), (0, "/spa/x", "GET", {}, 404, PAGE),
        (0, "/index.html", "GET", {"Range": "bytes=99-"}, 416, b"text 416\n"),
        (0, "/index.html", "POST", {}, 405, None), (0, "/%", "GET", {}, 400, None),
        (1, "/missing", "GET", {}, 404, PAGE), (2, "/missing", "GET", {}, 200, b"spa\n"),
        (3, "/missing", "GET", {}, 404, None), (4, "/index.html", "POST", {}, 405, PAGE),
        (4, "/%", "GET", {}, 400, b"page 403\n"), (4, "/missing", "GET", {}, 404, None),
        (4, "/index.html", "GET", {"If-Match": '"a"'}, 412, PAGE),
        (5, "/missing", "GET", {}, 404, None), (5, "/no/x", "GET", {}, 403, b"page 403\n"),
    ])
    def test_status(self, sites, number, target, method, fields, status, content):
        response = sites.fetch(number, target, method, fields)
        assert response.status == status
        if content is None:
            assert response.content.startswith(b"%d " % status)
        else:
            assert response.content == content
        if status == 405:
            assert {"get", "head", "options"} == set(response.tokens("allow"))
        if status == 416:
            assert response.get("content-range") == "bytes */2"

    def test_head(self, sites):
        get, head = (sites.fetch(0, "/missing", method) for method in ("GET", "HEAD"))
        assert head.status == 404 and head.content == b""
        assert head.get("content-length") == get.get("content-length") == str(len(self.PAGE))

    def test_conditions_and_ranges_do_not_touch_it(self, sites):
        for fields in ({"If-None-Match": "*"}, {"If-Match": '"a"'}, {"Range": "bytes=0-1"},
                       {"If-Modified-Since": http_date(2_000_000_000)}):
            response = sites.fetch(0, "/missing", fields=fields)
            assert (response.status, response.content) == (404, self.PAGE)

    def test_coded(self, sites):
        response = sites.fetch(6, "/missing", fields={"Accept-Encoding": "gzip"})
        coding = response.get("content-encoding", "identity")
        assert response.status == 404 and model.decode(coding, response.content) == self.PAGE

    def test_a_change_is_seen(self, sites):
        sites.daemon.put_file("errors/403.html", b"changed\n", MODIFIED + 1)
        assert sites.fetch(0, "/no/x").content == b"changed\n"
        sites.daemon.put_file("errors/403.html", b"page 403\n", MODIFIED + 2)

    def test_the_page_itself_is_a_page(self, sites):
        response = sites.fetch(0, "/errors/404.html")
        assert response.status == 200 and response.get("etag")

    @pytest.mark.parametrize("value", ["404", "/x", "399 /x", "600 /x", "404 x", "200 /x", "abc /x",
                                       "404 https://example.org/"])
    def test_what_is_refused(self, value):
        assert "ErrorPage" in refused("", {"ErrorPage": value})

    def test_no_path_of_the_disk(self, sites):
        for number in range(7):
            for target in ("/missing", "/%", "/no/x"):
                for accept in ("text/html", "application/json", "text/plain"):
                    response = sites.fetch(number, target, fields={"Accept": accept})
                    assert sites.directory.encode() not in response.content
                    if "json" in response.get("content-type"):
                        json.loads(response.content)


class TestFallback:
    @pytest.fixture(scope="class")
    def sites(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({"Fallback": "/index.html", "FallbackStatus": "200"}, [
            ("/api/", {"Fallback": "none"}), ("/docs/", {"Fallback": "/docs/404.html"}),
            ("/docs/old/", {"Fallback": "none"}), ("*.png", {"Fallback": "none"}),
            ("/broken/", {"Fallback": "/nowhere.html"})])
        sites.add({}, [("/app/", {"Fallback": "/app/index.html"})])
        return sites.start({"index.html": b"index\n", "docs/404.html": b"docs\n",
                            "app/index.html": b"app\n", "api/a": b"a\n"})

    @pytest.mark.parametrize("number,target,status,content", [
        (0, "/missing", 200, b"index\n"), (0, "/api/missing", 404, None),
        (0, "/api/a", 200, b"a\n"),
        (0, "/docs/missing", 200, b"docs\n"), (0, "/docs/old/x", 404, None),
        (0, "/x.png", 404, None), (0, "/docs/x.png", 404, None), (0, "/broken/x", 404, None),
        (0, "/.hidden", 200, b"index\n"), (1, "/missing", 404, None),
        (1, "/app/route", 404, b"app\n")])
    def test_by_path(self, sites, number, target, status, content):
        response = sites.fetch(number, target)
        assert response.status == status
        if content is None:
            assert response.content.startswith(b"404 ")
        else:
            assert response.content == content


class TestOthers:
    def test_methods_by_glob(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({}, [("/up/*.txt", {"Upload": "yes"}), ("*.tmp", {"Delete": "yes"}),
                       ("/up/no.txt", {"Upload": "no"}), ("/list/**", {"Listing": "yes"})])
        sites.start({"up/a.tmp": b"a\n", "list/sub/a": b"a\n", "bare/a": b"a\n"})
        assert sites.fetch(0, "/up/a.txt", "PUT", content=b"x").status == 201
        assert sites.fetch(0, "/up/a.css", "PUT", content=b"x").status == 405
        assert sites.fetch(0, "/up/no.txt", "PUT", content=b"x").status == 201, "globs win"
        assert sites.fetch(0, "/up/a.tmp", "DELETE").status == 204
        assert sites.fetch(0, "/up/a.txt", "DELETE").status == 405
        assert sites.fetch(0, "/list/sub/", fields={"Accept": "application/json"}).status == 200
        assert sites.fetch(0, "/bare/").status == 404

    def test_upload_limits_by_path(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({"Upload": "yes", "UploadMaxSize": "1K"}, [("*.big", {"UploadMaxSize": "10K"})])
        sites.start({})
        assert sites.fetch(0, "/a.txt", "PUT", content=bytes(5000)).status == 413
        assert sites.fetch(0, "/a.big", "PUT", content=bytes(5000)).status == 201

    def test_a_reload_changes_them(self, start_daemon):
        daemon = start_daemon(site={"CacheControl": "one"}, paths={"/a/": {"CacheControl": "two"}})
        daemon.put_file("a/x.txt", b"x\n", MODIFIED)
        assert daemon.fetch("/a/x.txt").get("cache-control") == "two"
        daemon.paths = {"*.txt": {"CacheControl": "three", "Headers": "X-New: yes"}}
        daemon.write_configuration()
        assert daemon.control("/v1/reload", "POST").status == 200
        response = daemon.fetch("/a/x.txt")
        assert (response.get("cache-control"), response.get("x-new")) == ("three", "yes")

    def test_the_page_of_an_error_leaves_the_page_for_what_is_missing_as_it_is(self, start_daemon):
        daemon = start_daemon(site={
            "Compression": "gzip", "Fallback": "/index.html", "FallbackStatus": "200",
            "ErrorPage": "405 /index.html"})
        daemon.put_file("index.html", PROSE, MODIFIED)
        for _ in range(3):
            response = daemon.fetch("/route", fields={"Accept-Encoding": "gzip"})
            assert response.get("content-encoding") == "gzip"
            assert response.get("vary") == "Accept-Encoding"
            response = daemon.fetch("/route", "POST", content=b"")
            assert response.status == 405 and response.content == PROSE

    def test_a_page_in_a_denied_directory_is_sent_for_errors_only(self, start_daemon):
        daemon = start_daemon(paths={"/errors/": {"Deny": "yes"}})
        with open(daemon.config_path) as file:
            text = file.read()
        with open(daemon.config_path, "w") as file:
            file.write(text.replace("[Site default]\n", "[Site default]\n"
                                    "ErrorPage=404 /errors/404.html\n"
                                    "ErrorPage=405 /errors/405.html\n"))
        for status in (404, 405):
            daemon.put_file("errors/%d.html" % status, b"page %d\n" % status, MODIFIED)
        assert daemon.control("/v1/reload", "POST").status == 200
        assert daemon.fetch("/errors/404.html").status == 403
        missing = daemon.fetch("/missing")
        assert (missing.status, missing.content) == (404, b"page 404\n")
        refused = daemon.fetch("/missing", "POST", content=b"")
        assert (refused.status, refused.content) == (405, b"page 405\n")

    def test_a_denied_path_has_no_method(self, start_daemon):
        daemon = start_daemon(site={"Upload": "yes"}, paths={"/private/": {"Deny": "yes"}})
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH", "BREW"):
            response = daemon.fetch("/private/x", method, content=b"")
            assert response.status == (501 if method == "BREW" else 403), method
            assert response.get("allow") is None

    def test_many_globs_take_bounded_memory(self, start_daemon):
        letters = "abcdefghijklmnop"
        daemon = start_daemon(paths={
            "*%s*" % letter: {"Headers": "X-%s: %s" % (letter, "v" * 500)} for letter in letters})
        draw = random.Random(3)

        def resident():
            with open("/proc/%d/smaps_rollup" % daemon.pid) as file:
                return int(re.search(r"Rss: +(\d+) kB", file.read())[1])
        daemon.fetch("/abc")
        before = resident()
        with daemon.connect() as connection:
            for _ in range(40):
                names = ["".join(draw.sample(letters, draw.randrange(1, 16))) for _ in range(100)]
                connection.send(b"".join(request("/" + name) for name in names))
                for name in names:
                    response = connection.read()
                    assert {field for field in letters if response.get("x-" + field)} == set(name)
        assert resident() - before < 32 << 10

    def test_what_is_missing_is_so_in_any_coding(self, start_daemon):
        daemon = start_daemon(site={"Fallback": "/index.bin"})
        daemon.put_file("index.bin", b"page\n", MODIFIED)
        for accepted in ("identity;q=0", "br, *;q=0"):
            response = daemon.fetch("/missing", fields={"Accept-Encoding": accepted})
            assert (response.status, response.content) == (404, b"page\n")

    @pytest.mark.parametrize("rule", [{"Deny": "yes"}, {"Delete": "no"}])
    def test_a_directory_has_the_rule_of_what_is_in_it(self, start_daemon, rule):
        daemon = start_daemon(site={"Delete": "yes"}, paths={"/kept/": rule})
        for name in ("kept", "kept/inner", "free"):
            daemon.put_directory(name)
        for target in ("/kept", "/kept/", "/kept/inner", "/kept/inner/"):
            assert daemon.fetch(target, "DELETE").status in (403, 405), target
        assert os.path.isdir(daemon.path("kept/inner"))
        assert daemon.fetch("/free", "DELETE").status == 204

    def test_a_reload_takes_the_site_of_a_running_upload_away(self, start_daemon):
        second = ("[Site second]\nServerName=second.test\nRoot=%s\nUpload=yes\n"
                  "UploadMaxSize=10\nErrorPage=413 /413.html\n")
        daemon = start_daemon()
        daemon.put_file("413.html", b"too large\n", MODIFIED)
        daemon.more = second % daemon.root
        daemon.write_configuration()
        assert daemon.control("/v1/reload", "POST").status == 200
        head = b"PUT /x HTTP/1.1\r\nHost: second.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        too_much = b"14\r\n" + b"x" * 20 + b"\r\n"
        with daemon.connect() as connection:
            response = connection.ask(head + too_much, "PUT")
            assert response.status == 413 and response.content == b"too large\n"
        with daemon.connect() as connection:
            connection.send(head + b"1\r\nx\r\n")
            time.sleep(0.2)
            daemon.more = ""
            daemon.write_configuration()
            assert daemon.control("/v1/reload", "POST").status == 200
            connection.send(too_much)
            response = connection.read("PUT")
            assert response.status == 413 and response.content.startswith(b"413 ")
        assert daemon.fetch("/413.html").status == 200

    def test_a_reload_changes_what_is_in_memory(self, start_daemon):
        daemon = start_daemon(site={"Compression": "gzip", "SecurityHeaders": "yes"})
        daemon.put_file("index.html", PROSE, MODIFIED)
        daemon.put_file("a.txt", PROSE, MODIFIED)
        daemon.put_file("a.txt.br", model.encode("br", PROSE), MODIFIED)

        def answers():
            return [(response.status, response.get("content-encoding"), response.get("vary"),
                     response.get("content-type"), response.get("x-frame-options"))
                    for target in ("/a.txt", "/a.txt") for accepted in ("gzip", "br", "identity")
                    for response in [daemon.fetch(target, fields={"Accept-Encoding": accepted})]]

        def reload(**keys):
            daemon.site.update(keys)
            daemon.write_configuration()
            assert daemon.control("/v1/reload", "POST").status == 200
        kind = "text/plain; charset=utf-8"
        coded = [(200, coding, "Accept-Encoding", kind, "SAMEORIGIN")
                 for coding in ("gzip", "br", None)] * 2
        assert answers() == coded
        reload(Compression="no", Precompressed="no", SecurityHeaders="no")
        assert answers() == [(200, None, None, kind, None)] * 6
        reload(MediaType=".txt image/x-text")
        assert answers() == [(200, None, None, "image/x-text", None)] * 6
        reload(MediaType="", Compression="gzip", Precompressed="yes", SecurityHeaders="yes")
        assert answers() == coded
        daemon.paths = {"*.txt": {"Deny": "yes"}}
        reload()
        assert {answer[0] for answer in answers()} == {403}
        daemon.paths = {"/a.txt": {"Redirect": "/b"}}
        reload()
        assert {answer[0] for answer in answers()} == {301}

    @pytest.mark.parametrize("pattern", ["a", "a*", "?x", "", "a/*", ".txt"])
    def test_a_pattern_that_can_match_nothing_is_refused(self, pattern):
        said = refused("[Path default %s]\nCacheControl=x\n" % pattern)
        assert "pattern" in said.lower()

    def test_many_rules(self, start_daemon):
        sites = Sites(start_daemon)
        sites.add({}, [("/d%d/**/*.x%d" % (n, n), {"CacheControl": "r%d" % n}) for n in range(500)]
                  + [("/p%d/" % n, {"CacheControl": "p%d" % n}) for n in range(500)])
        sites.start({"d7/a/b.x7": b"x\n", "p499/x": b"x\n", "plain.txt": b"x\n"})
        assert sites.fetch(0, "/d7/a/b.x7").get("cache-control") == "r7"
        assert sites.fetch(0, "/p499/x").get("cache-control") == "p499"
        assert sites.fetch(0, "/plain.txt").get("cache-control") is None

    def test_a_pattern_that_would_take_long(self, start_daemon):
        # A star can match in many ways; a path must not make that expensive.
        sites = Sites(start_daemon)
        sites.add({}, [("/" + "*a" * 25 + "b", {"CacheControl": "x"}),
                       ("/**a/**a/**a/**a/**a/**a/**b", {"CacheControl": "y"})])
        sites.start({"index.html": b"i\n"})
        before = sites.daemon.cpu_seconds()
        for target in ("/" + "a" * 4000, "/" + "a/" * 2000):
            assert sites.fetch(0, target).status == 404
        assert sites.daemon.cpu_seconds() - before < 1
