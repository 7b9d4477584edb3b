"""Listings of directories: as pages and as JSON (RFC 8259), by Accept, and of 50 000 entries."""

import html.parser
import json
import os
import re
import shutil
import threading
import time
from urllib.parse import unquote_to_bytes, urljoin

import pytest

import model
from daemon import give, until
from httpwire import request

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html"}

# Names that need care somewhere: in HTML, in JSON, in a reference, on a terminal.
NAMES = [
    b"plain.txt", b"sp ace.txt", b"<script>alert(1)", b"a&b;&amp;", b"quote\"'.txt",
    b"\"><img src=x onerror=alert(1)>", b"<a href=x>", b"back\\slash", b"per%cent%41",
    b"hash#query?",
    b"colon:x", b"http:", b"javascript:alert(1)", b"new\nline", b"tab\tcr\r", b"\x01\x02\x1b[31m",
    b"\xff\xfe\x80", b"half\xc3", b"\xc3\xbc.txt", "\u202egnp.exe".encode(), "\u2028x".encode(),
    "\U0001f980.txt".encode(), b"semi;colon", b"plus+", b"~tilde", b"a" * 255, b"-dash", b"[x]",
    b"*", b"{{x}}", b"<!--", b"]]>", b" lead", b"trail ", b"data:text,x", b"?", b"#", b"\x7f",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf",
]


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        site={"Listing": "yes", "Fallback": "", "CacheControl": "max-age=60"},
        paths={"/up/": {"Upload": "yes", "UploadMaxSize": "1M", "Delete": "yes"},
               "/closed/": {"Listing": "no"}, "/open/": {"Upload": "yes", "UploadMaxSize": "0",
                                                         "UploadCreateDirectories": "yes",
                                                         "UploadOverwrite": "no"}})
    for name, size, modified in (("b.txt", 10, 3), ("a.txt", 300, 1), ("C.txt", 20, 2),
                                 ("file10", 5, 5), ("file9", 6, 4)):
        daemon.put_file("sorted/" + name, bytes(size), MODIFIED + modified)
    daemon.put_file("sorted/z-dir/x", b"")
    daemon.put_file("sorted/a-dir/x", b"")
    daemon.put_file("sorted/.hidden", b"HIDDEN")
    daemon.put_file("sorted/.git/config", b"HIDDEN")
    daemon.put_file("index/index.html", b"<p>an index page\n")
    for name in ("empty", "up", "closed", "open", "names"):
        daemon.put_directory(name)
    for name in NAMES:
        path = os.path.join(os.fsencode(daemon.path("names")), name)
        with open(path, "wb") as file:
            file.write(b"content of " + name)
        give(path)
    return daemon


def listed(server, target, **options):
    """A listing as JSON."""
    response = server.fetch(target, fields=JSON, **options)
    assert response.status == 200 and response.get("content-type") == "application/json"
    return json.loads(response.content.decode("utf-8"))


class Page(html.parser.HTMLParser):
    """What matters of a page: links with their text, elements, and whatever would run."""

    def __init__(self, content):
        super().__init__(convert_charrefs=True)
        self.links, self.tags, self.handlers, self.text = [], [], [], ""
        self.link = None
        self.feed(content.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        if tag == "a":
            self.link = [dict(attributes).get("href"), ""]
            self.links.append(self.link)

    def handle_endtag(self, tag):
        if tag == "a":
            self.link = None

    def handle_data(self, data):
        self.text += data
        if self.link:
            self.link[1] += data


class TestJSON:
    def test_schema(self, server):
        listing = listed(server, "/sorted/")
        assert listing["path"] == "/sorted/" and listing["parent"] == "/"
        for entry in listing["entries"]:
            assert set(entry) >= {"name", "href", "type", "size", "modified"}
            assert entry["type"] in ("file", "directory")
            assert (entry["size"] is None) == (entry["type"] == "directory")
            assert entry["href"].endswith("/") == (entry["type"] == "directory")
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["modified"])
        files = {entry["name"]: entry for entry in listing["entries"]}
        assert files["a.txt"]["size"] == 300
        assert files["a.txt"]["modified"] == "1994-11-06T08:49:38Z"
        assert listing["capabilities"] == {
            "upload": False, "overwrite": False, "create_directories": False, "max_size": None,
            "delete": False} or listing["capabilities"]["upload"] is False

    @pytest.mark.parametrize("target,upload,overwrite,create,size,delete", [
        ("/up/", True, True, False, 1 << 20, True), ("/open/", True, False, True, None, False),
        ("/sorted/", False, None, None, -1, False)])
    def test_capabilities(self, server, target, upload, overwrite, create, size, delete):
        found = listed(server, target)["capabilities"]
        assert (found["upload"], found["delete"]) == (upload, delete)
        if upload:
            assert found["overwrite"] == overwrite and found["max_size"] == size
            assert found["create_directories"] == create

    def test_hidden_and_special_files_are_not_shown(self, server):
        os.mkfifo(server.path("sorted/fifo"))
        os.symlink("/etc/passwd", server.path("sorted/outside"))
        os.symlink("nowhere", server.path("sorted/dangling"))
        os.symlink("a.txt", server.path("sorted/inside"))
        names = [entry["name"] for entry in listed(server, "/sorted/")["entries"]]
        for name in ("fifo", "outside", "dangling", "inside"):
            os.unlink(server.path("sorted/" + name))
        assert set(names) <= {"a.txt", "b.txt", "C.txt", "file9", "file10", "a-dir", "z-dir",
                              "inside"}

    def test_of_nothing(self, server):
        listing = listed(server, "/empty/")
        assert listing["entries"] == [] and listing["parent"] == "/"
        assert listed(server, "/")["parent"] is None
        assert listed(server, "/sorted/a-dir/")["parent"] == "/sorted/"

    def test_names_of_any_bytes(self, server):
        entries = listed(server, "/names/")["entries"]
        found = {}
        for entry in entries:
            assert entry["type"] == "file"
            assert re.fullmatch(r"[!$&'()*+,\-./0-9:;=@A-Z_a-z~%]+", entry["href"]), entry
            address = urljoin("http://localhost/names/", entry["href"])
            assert address.startswith("http://localhost/names/"), "no scheme, no other path"
            name = unquote_to_bytes(address[len("http://localhost/names/"):])
            found[name] = entry
            assert entry["name"] == name.decode("utf-8", "replace") or b"\xff" in name \
                or "\ufffd" in entry["name"]
        assert set(found) == set(NAMES)
        for name, entry in found.items():
            target = urljoin("/names/", entry["href"]) if ":" not in entry["href"] else \
                "/names/" + entry["href"].removeprefix("./")
            response = server.fetch(target)
            assert (response.status, response.content) == (200, b"content of " + name)


class TestPage:
    def test_names_of_any_bytes(self, server):
        response = server.fetch("/names/", fields=PAGE)
        assert response.get("content-type") == "text/html; charset=utf-8"
        page = Page(response.content)
        plain = Page(server.fetch("/empty/", fields=PAGE).content)
        assert page.tags.count("script") == plain.tags.count("script"), "a name became a script"
        assert page.tags.count("img") == plain.tags.count("img")
        assert set(page.tags) - set(plain.tags) <= {"tr", "td", "th", "time", "table", "a", "tbody",
                                                    "thead", "span", "button", "data", "li", "ul"}
        assert page.handlers == [], "no inline handlers"
        targets = {urljoin("http://localhost/names/", link[0]) for link in page.links if link[0]}
        names = {unquote_to_bytes(target[len("http://localhost/names/"):]) for target in targets
                 if target.startswith("http://localhost/names/")}
        assert set(NAMES) <= names
        assert not any(target.startswith(("javascript", "data")) for target in targets)
        for octet in b"\x00\x01\x1b\x7f":
            assert octet not in response.content
        assert "\u202e" not in response.content.decode(), "no name turns the text around"

    def test_title_and_breadcrumbs(self, server):
        server.put_file("a/b <c>/d.txt", b"")
        page = Page(server.fetch("/a/b%20%3Cc%3E/", fields=PAGE).content)
        assert "b <c>" in page.text
        targets = {urljoin("http://localhost/a/b%20%3Cc%3E/", link[0]) for link in page.links}
        assert {"http://localhost/", "http://localhost/a/"} <= targets

    def test_security_policy(self, server):
        response = server.fetch("/sorted/", fields=PAGE)
        policy = response.get("content-security-policy")
        assert "default-src" in policy and "unsafe-eval" not in policy

    def test_upload_only_where_it_is_allowed(self, server):
        for target, allowed in (("/up/", True), ("/open/", True), ("/sorted/", False)):
            content = server.fetch(target, fields=PAGE).content
            assert (b'type="file"' in content or b"type=file" in content) == allowed, target


class TestForm:
    @pytest.mark.parametrize("accept,kind", [
        (None, "text/html"), ("*/*", "text/html"), ("text/html", "text/html"),
        ("application/json", "application/json"), ("application/*", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html, application/json;q=0.5", "text/html"), ("image/png", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html;q=0, application/json", "application/json"), ("text/*", "text/html"),
    ], ids=str)
    def test_by_accept(self, server, accept, kind):
        fields = {} if accept is None else {"Accept": accept}
        response = server.fetch("/sorted/", fields=fields)
        assert response.status == 200
        assert response.get("content-type").partition(";")[0] == kind
        assert "accept" in response.tokens("vary")

    @pytest.mark.parametrize("fields", [JSON, PAGE], ids=["json", "page"])
    def test_head(self, server, fields):
        whole = server.fetch("/sorted/", fields=fields)
        with server.connect() as connection:
            head = connection.ask(request("/sorted/", "HEAD", fields), "HEAD")
            assert head.status == 200
            for name in ("content-type", "etag", "vary", "last-modified", "cache-control"):
                assert head.get(name) == whole.get(name), name
            assert head.get("content-length") in (None, whole.get("content-length"),
                                                  str(len(whole.content)))
            assert connection.rest(0.05) == b""

    def test_each_form_has_a_tag(self, server):
        tags = [server.fetch("/sorted/", fields=fields).get("etag") for fields in (JSON, PAGE)]
        assert all(tags) and tags[0] != tags[1]

    @pytest.mark.parametrize("fields", [JSON, PAGE], ids=["json", "page"])
    def test_not_modified(self, server, fields):
        path = server.put_file("changing/a.txt", b"one", MODIFIED)
        first = server.fetch("/changing/", fields=fields)
        tag = first.get("etag")
        condition = {**fields, "If-None-Match": tag}
        for method in ("GET", "HEAD"):
            response = server.fetch("/changing/", method, condition)
            assert response.status == 304 and response.get("etag") == tag
            assert set(response.tokens("vary")) == set(first.tokens("vary"))
        changes = [lambda: server.put_file("changing/b.txt", b"", MODIFIED),
                   lambda: server.put_file("changing/a.txt", b"longer", MODIFIED),
                   lambda: os.utime(path, (MODIFIED, MODIFIED + 60)),
                   lambda: os.rename(path, server.path("changing/c.txt")),
                   lambda: os.unlink(server.path("changing/c.txt"))]
        for change in changes:
            change()
            response = server.fetch("/changing/", fields={**fields, "If-None-Match": tag})
            assert response.status == 200 and response.get("etag") != tag
            tag = response.get("etag")
        assert server.fetch("/changing/", fields={**fields, "If-Match": '"a"'}).status == 412
        assert server.fetch("/changing/", fields={**fields, "If-Match": "*"}).status == 200
        os.unlink(server.path("changing/b.txt"))

    def test_a_strong_tag_has_one_content(self, server):
        contents = {}
        for number in range(200):
            server.put_file("tick/a.txt", b"%d" % (number % 3))
            for fields in (JSON, PAGE):
                response = server.fetch("/tick/", fields=fields)
                tag = response.get("etag")
                if not tag.startswith("W/"):
                    assert contents.setdefault(tag, response.content) == response.content

    def test_range_is_ignored(self, server):
        # It is made anew each time; the whole is always right (RFC 9110 §14.2).
        whole = server.fetch("/sorted/", fields=JSON)
        response = server.fetch("/sorted/", fields={**JSON, "Range": "bytes=0-3"})
        assert (response.status, response.content) in (
            (200, whole.content), (206, whole.content[:4]))

    def test_codings(self, server):
        for coding in ("gzip", "br", "zstd", "identity", "*"):
            response = server.fetch("/sorted/", fields={**JSON, "Accept-Encoding": coding})
            used = response.get("content-encoding", "identity")
            assert json.loads(model.decode(used, response.content))["path"] == "/sorted/"


class TestOrder:
    FILES = ["a.txt", "b.txt", "C.txt", "file9", "file10"]

    @pytest.mark.parametrize("query,expected", [
        ("", FILES), ("?sort=name", FILES), ("?sort=name&order=desc", FILES[::-1]),
        ("?sort=size", ["file10", "file9", "b.txt", "C.txt", "a.txt"]),
        ("?sort=size&order=desc", ["a.txt", "C.txt", "b.txt", "file9", "file10"]),
        ("?sort=time", ["a.txt", "C.txt", "b.txt", "file9", "file10"]),
        ("?order=desc&sort=time", ["file10", "file9", "b.txt", "C.txt", "a.txt"]),
        ("?sort=x", FILES), ("?x&sort=size&y", ["file10", "file9", "b.txt", "C.txt", "a.txt"]),
        ("?sort=%00&<script>", FILES)])
    def test_by_query(self, server, query, expected):
        entries = listed(server, "/sorted/" + query)["entries"]
        files = [entry["name"] for entry in entries if entry["type"] == "file"]
        assert files == expected
        kinds = [entry["type"] for entry in entries]
        assert kinds == sorted(kinds), "directories are first"
        page = Page(server.fetch("/sorted/" + query, fields=PAGE).content)
        links = [link[0] for link in page.links]
        links = [link.removeprefix("./") for link in links if link]
        assert [link for link in links if link in expected] == expected


class TestWhere:
    @pytest.mark.parametrize("target,status", [
        ("/sorted/", 200), ("/sorted", 301), ("/sorted?sort=size", 301), ("/closed/", 404),
        ("/missing/", 404), ("/sorted/.git/", 404), ("/sorted/a.txt/", 404), ("/", 200),
        ("/sorted/a-dir/..", 200), ("/sorted//", 200), ("/sorted/%2e/", 200)])
    def test_target(self, server, target, status):
        response = server.fetch(target, fields=JSON)
        assert response.status == status and b"HIDDEN" not in response.content
        if status == 301:
            assert response.get("location").endswith(target.replace("/sorted", "/sorted/"))

    def test_an_index_page_comes_first(self, server):
        assert server.fetch("/index/", fields=PAGE).content == b"<p>an index page\n"
        assert server.fetch("/index/", fields=JSON).content == b"<p>an index page\n"

    def test_an_index_page_that_comes_and_goes(self, server):
        server.put_file("coming/a.txt", b"")
        for _ in range(3):
            assert b"a.txt" in server.fetch("/coming/", fields=PAGE).content
            path = server.put_file("coming/index.html", b"<p>now\n", MODIFIED)
            for _ in range(2):
                assert server.fetch("/coming/", fields=PAGE).content == b"<p>now\n"
            os.unlink(path)

    def test_methods(self, server):
        response = server.fetch("/sorted/", "OPTIONS")
        assert set(response.tokens("allow")) == {"get", "head", "options"}
        assert server.fetch("/sorted/", "POST").status == 405

    def test_what_may_not_be_read(self, server):
        path = server.put_directory("locked")
        os.chmod(path, 0)
        response = server.fetch("/locked/", fields=JSON)
        os.chmod(path, 0o755)
        assert response.status == 403 and server.root.encode() not in response.content

    def test_switched_off(self, start_daemon):
        daemon = start_daemon(site={"Fallback": ""}, paths={"/yes/": {"Listing": "yes"}})
        daemon.put_file("yes/sub/a.txt", b"")
        daemon.put_file("no/a.txt", b"")
        for target, status in (("/yes/", 200), ("/yes/sub/", 200), ("/no/", 404), ("/", 404)):
            response = daemon.fetch(target)
            assert response.status == status
            assert (b"a.txt" in response.content) == (target == "/yes/sub/")

    def test_before_a_fallback(self, start_daemon):
        daemon = start_daemon(site={"Listing": "yes", "Fallback": "/spa/index.html",
                                    "FallbackStatus": "200"})
        daemon.put_file("spa/index.html", b"spa\n")
        daemon.put_file("dir/a.txt", b"")
        assert b"a.txt" in daemon.fetch("/dir/").content
        assert daemon.fetch("/dir/x").content == b"spa\n"


class TestLarge:
    """50 000 entries, in under 200 ms (here with a wide margin), and nobody waits for them."""

    COUNT = 50_000

    @pytest.fixture(scope="class")
    def large(self, start_daemon):
        daemon = start_daemon(site={"Listing": "yes"}, server={"Workers": "1"})
        daemon.put_file("small.txt", b"small\n", MODIFIED)
        directory = daemon.put_directory("large")
        for number in range(self.COUNT):
            os.close(os.open("%s/file-%05d.txt" % (directory, number), os.O_CREAT | os.O_WRONLY,
                             0o644))
        yield daemon
        shutil.rmtree(directory)

    @pytest.mark.parametrize("fields", [JSON, PAGE], ids=["json", "page"])
    def test_is_whole_and_fast(self, large, fields):
        times = []
        for _ in range(4):
            began = time.monotonic()
            response = large.fetch("/large/", fields=fields, timeout=30)
            times.append(time.monotonic() - began)
        assert response.status == 200
        if fields is JSON:
            entries = json.loads(response.content)["entries"]
            assert [entry["name"] for entry in entries] == [
                "file-%05d.txt" % number for number in range(self.COUNT)]
        else:
            assert len(re.findall(rb'href="(?:\./)?file-\d{5}\.txt"', response.content)) \
                >= self.COUNT
        assert min(times) < 1.5, times

    def test_not_modified(self, large):
        tag = large.fetch("/large/", fields=JSON, timeout=30).get("etag")
        response = large.fetch("/large/", fields={**JSON, "If-None-Match": tag}, timeout=30)
        assert response.status == 304

    def test_others_do_not_wait(self, large):
        def slowest(seconds):
            times = []
            with large.connect() as connection:
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    began = time.monotonic()
                    assert connection.ask(request("/small.txt")).content == b"small\n"
                    times.append(time.monotonic() - began)
                    time.sleep(0.002)
            return sorted(times)[int(len(times) * 0.99)]
        stop = threading.Event()

        def list_again_and_again():
            while not stop.is_set():
                large.fetch("/large/", fields=JSON, timeout=30)
        thread = threading.Thread(target=list_again_and_again)
        thread.start()
        try:
            delay = min(slowest(1) for _ in range(3))
        finally:
            stop.set()
            thread.join()
        assert delay < 0.1, "99 of 100 requests beside a large listing took up to %.3f s" % delay

    def test_a_peer_that_does_not_read_costs_little(self, large):
        def resident():
            with open("/proc/%d/status" % large.pid) as file:
                return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) << 10
        large.fetch("/large/", fields=PAGE, timeout=30)
        before = resident()
        connections = [large.connect(receive_buffer=4096) for _ in range(10)]
        for connection in connections:
            connection.send(request("/large/", fields=PAGE))
        time.sleep(1)
        grown = resident() - before
        for connection in connections:
            connection.close()
        assert grown < 200 << 20, "%d MiB for 10 peers" % (grown >> 20)

    def test_a_peer_that_leaves(self, large):
        for _ in range(20):
            with large.connect(receive_buffer=4096) as connection:
                connection.send(request("/large/", fields=JSON))
                time.sleep(0.01)
        assert large.fetch("/small.txt").content == b"small\n"
        assert until(lambda: not [
            name for name in large.descriptors() if name.endswith("/large")])
