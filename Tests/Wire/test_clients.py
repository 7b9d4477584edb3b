"""Clients that people use: curl, wget, wget2, aria2, Python's own, and Chromium."""

import hashlib
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave

import pytest

import model
from daemon import PROJECT, until

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
LARGE = random.Random(1).randbytes(24 << 20)
PROSE = b"".join(b"line %d of what is to be compressed\n" % number for number in range(2000))


def needs(program):
    """A mark for tests of a program that may be missing."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=program + " is not installed")


@pytest.fixture(scope="module")
def server(start_daemon):
    daemon = start_daemon(
        site={"UploadDurability": "none", "Compression": "br zstd gzip", "Fallback": "",
              "Delete": "yes"},
        paths={"/up/": {"Upload": "yes"}, "/list/": {"Listing": "yes"}})
    daemon.put_file("large.bin", LARGE, MODIFIED)
    daemon.put_file("prose.txt", PROSE, MODIFIED)
    daemon.put_file("sibling.txt", PROSE, MODIFIED)
    daemon.put_file("sibling.txt.gz", model.encode("gzip", PROSE), MODIFIED)
    daemon.put_file("small.txt", b"0123456789", MODIFIED)
    daemon.put_file("index.html", b"<!doctype html><title>clients</title><p>index\n", MODIFIED)
    daemon.put_file("dir/index.html", b"<p>dir\n", MODIFIED)
    for name in ("up", "list"):
        daemon.put_directory(name)
    daemon.put_file("list/a.txt", b"a\n", MODIFIED)
    return daemon


def run(*command, status=0, directory=None, **options):
    """What a program that ends with this status writes."""
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, cwd=directory, timeout=60, **options)
    assert result.returncode == status, (result.returncode, result.stderr[-2000:])
    return result.stdout


def curl(server, target, *options, status=0, **others):
    """What curl writes for a target."""
    address = "http://127.0.0.1:%d%s" % (server.port, target)
    return run("curl", "-sS", *options, address, status=status, **others)


def seen(server, path):
    """Method and status of the requests for a path, by the log."""
    records = [(*record["request"].split()[:2], record["status"])
               for record in server.log_records()]
    return [(method, status) for method, target, status in records if target == path]


def digest(path):
    """The digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


WHOLE = hashlib.sha256(LARGE).hexdigest()


class TestCurl:
    @pytest.mark.parametrize("there", [0, 1, 1 << 20, (24 << 20) - 1])
    def test_continue(self, server, tmp_path, there):
        path = tmp_path / "large.bin"
        path.write_bytes(LARGE[:there])
        curl(server, "/large.bin", "-f", "-C", "-", "-o", path)
        assert digest(path) == WHOLE
        assert seen(server, "/large.bin")[-1] == ("GET", "206" if there else "200")

    def test_continue_of_what_is_whole(self, server, tmp_path):
        path = tmp_path / "large.bin"
        path.write_bytes(LARGE)
        curl(server, "/large.bin", "-C", "-", "-o", path)
        assert digest(path) == WHOLE
        assert seen(server, "/large.bin")[-1] == ("GET", "416")

    def test_continue_again_and_again(self, server, tmp_path):
        path = tmp_path / "large.bin"
        for _ in range(3):
            subprocess.run(["curl", "-sS", "-C", "-", "-o", str(path), "--limit-rate", "2M",
                            "-m", "0.3", "http://127.0.0.1:%d/large.bin" % server.port],
                           stderr=subprocess.DEVNULL)
        curl(server, "/large.bin", "-C", "-", "-o", path)
        assert digest(path) == WHOLE

    def test_if_modified_since(self, server, tmp_path):
        path = tmp_path / "small.txt"
        curl(server, "/small.txt", "-R", "-o", path)
        assert int(path.stat().st_mtime) == MODIFIED, "-R takes Last-Modified"
        code = curl(
            server, "/small.txt", "-z", path, "-o", tmp_path / "again", "-w", "%{http_code}")
        assert code == b"304"
        for date, code in (("Sun, 06 Nov 1994 08:49:37 GMT", b"304"),
                           ("Sun, 06 Nov 1994 08:49:36 GMT", b"200"),
                           ("-Sun, 06 Nov 1994 08:49:38 GMT", b"200"),  # If-Unmodified-Since
                           ("-Sun, 06 Nov 1994 08:49:36 GMT", b"412")):
            assert curl(server, "/small.txt", "-z", date, "-o", tmp_path / "x",
                        "-w", "%{http_code}") == code

    @pytest.mark.parametrize("options", [[], ["--compressed"]])
    def test_etag(self, server, tmp_path, options):
        tag, path = tmp_path / "tag", tmp_path / "prose.txt"
        common = [*options, "--etag-save", tag, "--etag-compare", tag, "-o", path, "-w",
                  "%{http_code}"]
        assert curl(server, "/prose.txt", *common) == b"200"
        assert path.read_bytes() == PROSE
        assert curl(server, "/prose.txt", *common) == b"304"
        server.put_file("prose.txt", PROSE[::-1], MODIFIED + 1)
        assert curl(server, "/prose.txt", *common) == b"200"
        assert path.read_bytes() == PROSE[::-1]
        server.put_file("prose.txt", PROSE, MODIFIED)

    def test_compressed(self, server):
        for target in ("/prose.txt", "/sibling.txt"):
            assert curl(server, target, "--compressed") == PROSE
            head = curl(server, target, "--compressed", "-o", "/dev/null", "-D", "-")
            assert re.search(rb"(?i)\r\ncontent-encoding: (br|zstd|gzip)\r\n", head)
            for coding in ("br", "zstd", "gzip"):
                coded = curl(server, target, "-H", "Accept-Encoding: " + coding)
                if target == "/prose.txt" or coding == "gzip":
                    assert model.decode(coding, coded) == PROSE

    @pytest.mark.parametrize("value,content", [
        ("0-3", b"0123"), ("5-", b"56789"), ("-2", b"89"), ("9-20", b"9")])
    def test_range(self, server, value, content):
        assert curl(server, "/small.txt", "-f", "-r", value) == content

    def test_ranges(self, server):
        parts = curl(server, "/small.txt", "-r", "0-1,5-6,-1")
        assert re.findall(rb"Content-Range: bytes (\S+)\r\n\r\n(\d+)\r\n--", parts) == [
            (b"0-1/10", b"01"), (b"5-6/10", b"56"), (b"9-9/10", b"9")]

    @pytest.mark.parametrize("size", [0, 5, 70_000, 3 << 20])
    @pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
    def test_upload(self, server, tmp_path, size, version):
        content = LARGE[:size]
        (tmp_path / "source").write_bytes(content)
        for number in range(2):
            code = curl(server, "/up/file", version, "-T", tmp_path / "source", "-o", "/dev/null",
                        "-w", "%{http_code}")
            assert code == (b"204" if number else b"201")
            assert server.read_file("up/file") == content
        os.unlink(server.path("up/file"))

    @pytest.mark.parametrize("size", [0, 5, 70_000, 3 << 20])
    def test_upload_of_a_pipe(self, server, size):
        curl(server, "/up/piped", "-f", "-T", "-", input=LARGE[:size])
        assert server.read_file("up/piped") == LARGE[:size]

    def test_upload_that_is_refused(self, server, tmp_path):
        (tmp_path / "source").write_bytes(LARGE)
        code = curl(server, "/no/file", "-T", tmp_path / "source", "-w", "%{http_code}", "-o",
                    "/dev/null")
        assert code == b"405"

    def test_http_1_0(self, server, tmp_path):
        assert curl(server, "/small.txt", "--http1.0") == b"0123456789"
        path = tmp_path / "large.bin"
        curl(server, "/large.bin", "--http1.0", "-o", path)
        assert digest(path) == WHOLE
        assert b"a.txt" in curl(server, "/list/", "--http1.0")
        assert curl(server, "/prose.txt", "--http1.0", "--compressed") == PROSE

    def test_other_methods(self, server):
        server.put_file("gone.txt", b"x")
        code = ["-o", "/dev/null", "-w", "%{http_code}"]
        assert curl(server, "/gone.txt", "-X", "DELETE", *code) == b"204"
        assert curl(server, "/gone.txt", *code) == b"404"
        assert curl(server, "/small.txt", "-d", "a=b", *code) == b"405"
        assert b"\r\nContent-Length: 10\r\n" in curl(server, "/small.txt", "-I")
        allow = curl(server, "/", "-X", "OPTIONS", "--request-target", "*", "-D", "-")
        assert b"PUT" in allow and b"DELETE" in allow

    def test_redirect(self, server):
        assert curl(server, "/dir", "-L") == b"<p>dir\n"

    def test_several_on_one_connection(self, server):
        base = "http://127.0.0.1:%d" % server.port
        count = run("curl", "-sS", "-o", "/dev/null", base + "/small.txt", "-o", "/dev/null",
                    base + "/prose.txt", "-o", "/dev/null", base + "/missing", "-o", "/dev/null",
                    base + "/dir/", "-w", "%{num_connects}")
        assert count == b"1000"


@needs("wget")
class TestWget:
    def test_continue(self, server, tmp_path):
        (tmp_path / "large.bin").write_bytes(LARGE[:1 << 20])
        run("wget", "-q", "-c", "http://127.0.0.1:%d/large.bin" % server.port, directory=tmp_path)
        assert digest(tmp_path / "large.bin") == WHOLE

    def test_timestamps(self, server, tmp_path):
        for _ in range(2):
            run("wget", "-q", "-N", "http://127.0.0.1:%d/small.txt" % server.port,
                directory=tmp_path)
        assert int((tmp_path / "small.txt").stat().st_mtime) == MODIFIED
        assert seen(server, "/small.txt")[-1] == ("GET", "304")

    def test_recursively(self, server, tmp_path):
        run("wget", "-q", "-r", "-np", "-nH", "http://127.0.0.1:%d/list/" % server.port,
            directory=tmp_path)
        assert (tmp_path / "list/a.txt").read_bytes() == b"a\n"


@needs("wget2")
class TestWget2:
    def test_chunks(self, server, tmp_path):
        run("wget2", "-q", "--chunk-size=1M", "--max-threads=4",
            "http://127.0.0.1:%d/large.bin" % server.port, directory=tmp_path)
        assert digest(tmp_path / "large.bin") == WHOLE
        assert seen(server, "/large.bin").count(("GET", "206")) >= 4

    @pytest.mark.parametrize("coding", ["gzip", "br"])
    def test_compression(self, server, tmp_path, coding):
        run("wget2", "-q", "--compression=" + coding,
            "http://127.0.0.1:%d/prose.txt" % server.port, directory=tmp_path)
        assert (tmp_path / "prose.txt").read_bytes() == PROSE

    def test_continue(self, server, tmp_path):
        (tmp_path / "large.bin").write_bytes(LARGE[:5 << 20])
        run("wget2", "-q", "-c", "http://127.0.0.1:%d/large.bin" % server.port, directory=tmp_path)
        assert digest(tmp_path / "large.bin") == WHOLE


@needs("aria2c")
class TestAria2:
    def test_four_connections(self, server, tmp_path):
        before = len(seen(server, "/large.bin"))
        run("aria2c", "-q", "-x", "4", "-s", "4", "-k", "1M", "--async-dns=false",
            "--file-allocation=none", "http://127.0.0.1:%d/large.bin" % server.port,
            directory=tmp_path)
        assert digest(tmp_path / "large.bin") == WHOLE
        assert until(lambda: seen(server, "/large.bin")[before:].count(("GET", "206")) >= 3)

    def test_continue(self, server, tmp_path):
        (tmp_path / "large.bin").write_bytes(LARGE[:5 << 20])
        run("aria2c", "-q", "-c", "-x", "4", "-k", "1M", "--async-dns=false",
            "--file-allocation=none", "http://127.0.0.1:%d/large.bin" % server.port,
            directory=tmp_path)
        assert digest(tmp_path / "large.bin") == WHOLE


class TestPython:
    @pytest.fixture
    def connection(self, server):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        yield connection
        connection.close()

    def test_one_connection(self, connection):
        def ask(method, target, content=None, **fields):
            connection.request(method, target, content, fields)
            response = connection.getresponse()
            return response.status, response.read(), response
        assert ask("GET", "/small.txt")[:2] == (200, b"0123456789")
        socket = connection.sock
        assert ask("HEAD", "/large.bin")[:2] == (200, b"")
        assert ask("GET", "/small.txt", Range="bytes=2-4")[:2] == (206, b"234")
        tag = ask("GET", "/small.txt")[2].getheader("ETag")
        assert ask("GET", "/small.txt", **{"If-None-Match": tag})[:2] == (304, b"")
        assert ask("GET", "/missing")[0] == 404
        assert ask("PUT", "/up/python", b"one")[0] in (201, 204)
        assert ask("PUT", "/up/python", iter([b"t", b"wo"]))[0] == 204  # chunked
        assert ask("GET", "/up/python")[:2] == (200, b"two")
        assert ask("DELETE", "/up/python")[:2] == (204, b"")
        status, content, response = ask("GET", "/prose.txt", **{"Accept-Encoding": "gzip"})
        assert model.decode("gzip", content) == PROSE
        assert response.getheader("Content-Encoding") == "gzip"
        status, content, response = ask("GET", "/small.txt", Range="bytes=0-0,9-9")
        assert status == 206 and response.headers.get_content_type() == "multipart/byteranges"
        assert ask("GET", "/list/", Accept="application/json")[0] == 200
        assert connection.sock is socket, "another connection was needed"

    def test_multipart_by_the_email_parser(self, connection):
        import email
        connection.request("GET", "/small.txt", headers={"Range": "bytes=0-1,5-6"})
        response = connection.getresponse()
        message = email.message_from_bytes(
            b"Content-Type: %s\r\n\r\n" % response.getheader("Content-Type").encode()
            + response.read())
        assert [part["Content-Range"] for part in message.get_payload()] == [
            "bytes 0-1/10", "bytes 5-6/10"]
        assert [part.get_payload(decode=True) for part in message.get_payload()] == [b"01", b"56"]

    def test_urllib(self, server):
        base = "http://127.0.0.1:%d" % server.port
        with urllib.request.urlopen(base + "/dir") as response:
            assert response.url == base + "/dir/" and response.read() == b"<p>dir\n"
        for status, target, method, fields in (
                (304, "/small.txt", "GET", {"If-None-Match": "*"}), (404, "/missing", "GET", {}),
                (405, "/small.txt", "POST", {}),
                (416, "/small.txt", "GET", {"Range": "bytes=99-"})):
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(urllib.request.Request(
                    base + target, method=method, headers=fields,
                    data=b"x" if method == "POST" else None))
            assert error.value.code == status
            error.value.close()


@needs("chromium")
class TestChromium:
    @pytest.fixture(scope="class")
    def browser(self, server):
        sys.path.insert(0, os.path.join(PROJECT, "Tests", "Pages"))
        from browser import Browser
        browser = Browser()
        browser.base = "http://127.0.0.1:%d" % server.port
        browser.open(browser.base + "/")
        yield browser
        browser.close()

    def test_ranges_by_fetch(self, browser):
        script = """(async () => {
            const answer = await fetch('/large.bin', {headers: {Range: 'bytes=%s'}});
            const bytes = new Uint8Array(await answer.arrayBuffer());
            return [answer.status, answer.headers.get('content-range'), Array.from(bytes)];
        })()"""
        for value, first, last in (("0-9", 0, 9), ("1000000-1000099", 1000000, 1000099),
                                   ("-5", len(LARGE) - 5, len(LARGE) - 1)):
            status, field, content = browser.evaluate(script % value)
            assert (status, bytes(content)) == (206, LARGE[first:last + 1])
            assert field == "bytes %d-%d/%d" % (first, last, len(LARGE))

    def test_codings(self, browser):
        length, text = browser.evaluate("""(async () => {
            const answer = await fetch('/prose.txt?codings');
            return [answer.headers.get('content-encoding'), await answer.text()];
        })()""")
        assert length in ("br", "zstd", "gzip") and text.encode() == PROSE

    def test_revalidates(self, server, browser):
        script = """(async () => {
            const answer = await fetch('/sibling.txt?v', {cache: 'no-cache'});
            return [answer.status, (await answer.text()).length];
        })()"""
        for _ in range(2):
            assert browser.evaluate(script) == [200, len(PROSE)]
        assert until(lambda: seen(server, "/sibling.txt?v")[-2:] == [
            ("GET", "200"), ("GET", "304")])

    def test_a_medium_is_sought_in(self, server, browser):
        # A media element asks for ranges: from the start, and from where it is told to go on.
        with wave.open(os.path.join(server.directory, "long.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(44_100)
            file.writeframes(random.Random(3).randbytes(4 * 44_100 * 120))
        os.rename(os.path.join(server.directory, "long.wav"), server.path("long.wav"))
        os.chmod(server.path("long.wav"), 0o644)
        time.sleep(0.1)
        where = browser.evaluate("""new Promise((resolve, reject) => {
            const audio = new Audio('/long.wav');
            audio.preload = 'auto';
            audio.onerror = () => reject(new Error('no audio: ' + audio.error.message));
            audio.onloadedmetadata = () => { audio.currentTime = 110; };
            audio.onseeked = () => resolve([Math.round(audio.duration), audio.currentTime]);
            document.body.append(audio);
            audio.load();
        })""")
        assert where == [120, 110]
        assert until(lambda: seen(server, "/long.wav").count(("GET", "206")) >= 1)

    def test_uploads_and_deletes(self, server, browser):
        script = """(async () => {
            const put = await fetch('/up/browser', {method: 'PUT', body: 'from a browser'});
            const again = await fetch('/up/browser', {method: 'PUT', body: 'no',
                                                      headers: {'If-None-Match': '*'}});
            const content = await (await fetch('/up/browser')).text();
            const gone = await fetch('/up/browser', {method: 'DELETE'});
            const missing = await fetch('/up/browser');
            return [put.status, again.status, content, gone.status, missing.status];
        })()"""
        assert browser.evaluate(script) == [201, 412, "from a browser", 204, 404]

    def test_listing_as_json(self, browser):
        text = browser.evaluate("""(async () => (await fetch('/list/', {
            headers: {Accept: 'application/json'}})).text())()""")
        assert "a.txt" in json.dumps(json.loads(text))
