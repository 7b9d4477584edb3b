"""httpctl get --continue: whatever happens between two attempts, and whatever a server claims, what
is stored is one version, whole; and get checks the digests that a server sends (RFC 9530)."""

import base64
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from scripted import (  # noqa: F401  fixtures are used by their names
    CHUNKED, CLIENT_ERROR, CONNECTION, DONE, FAILED, HTTPCTL, INTERRUPTED, NOT_FOUND, NOT_VERIFIED,
    SERVER_ERROR, TIMED_OUT, TIMEOUT, USAGE, chunked, directory, entries, executable,
    hear_signals, ok, run, server, until)

OLD = random.Random(1).randbytes(600_000)
NEW = random.Random(2).randbytes(600_000)
CUTS = [1, 2, 1000, 262_143, 262_144, 262_145, 500_000, len(OLD) - 1]
PARTS = ["a.part", "a.part.info"]


def digest(content, algorithm="sha256"):
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()


class Resource:
    """What a good server has under every target: one version at a time, with its tag."""

    def __init__(self, content=OLD, tag='"old"', *fields):
        self.fields = list(fields)
        self.cut = None
        self.stalls = False
        self.change(content, tag)

    def change(self, content, tag):
        self.content, self.tag = content, tag

    def __call__(self, peer, line, fields):
        method = line.split()[0]
        begin, status = 0, "200 OK"
        given = list(self.fields) + ["ETag: " + self.tag]
        wanted = re.fullmatch(r"bytes=(\d+)-", fields.get("range", ""))
        if method == "GET" and wanted and fields.get("if-range") == self.tag:
            begin, status = int(wanted[1]), "206 Partial Content"
            given.append("Content-Range: bytes %d-%d/%d" % (
                begin, len(self.content) - 1, len(self.content)))
        answer = ok(self.content[begin:], *given, status=status)
        if method == "HEAD":
            answer = answer[:answer.index(b"\r\n\r\n") + 4]
        elif self.cut is not None:
            answer = answer[:answer.index(b"\r\n\r\n") + 4 + self.cut]
        peer.send(answer)
        if self.stalls:
            peer.read_to_end()


def ranges(it):
    """What was asked for, request by request: method, Range and If-Range."""
    return [(line.split()[0], fields.get("range"), fields.get("if-range"))
            for line, fields in it.requests]


def begin(server, resource, cut, *arguments):
    """A first attempt that breaks off behind so many bytes; the server, which is whole again."""
    it = server(resource)
    resource.cut = cut
    result = run("get", "-C", it.url + "/a", *arguments)
    assert result.status == NOT_VERIFIED, result
    resource.cut = None
    it.requests.clear()
    return it


def check_whole(result, content=OLD):
    assert result.status == DONE, result
    assert Path("a").read_bytes() == content
    assert entries() == ["a"]


# going on


@pytest.mark.parametrize("cut", CUTS)
def test_what_broke_off_is_continued(server, cut):
    it = begin(server, Resource(), cut)
    assert entries() == PARTS and Path("a.part").read_bytes() == OLD[:cut]
    result = run("get", "--continue", it.url + "/a")
    check_whole(result)
    assert ranges(it) == [("GET", "bytes=%d-" % cut, '"old"')]
    assert "stored as a, continued from %d byte" % cut in result.output
    assert result.error == ""


def test_what_was_kept_is_told(server):
    resource = Resource()
    resource.cut = 1000
    result = run("get", "-C", server(resource).url + "/a")
    assert result.status == NOT_VERIFIED
    assert "1000 of 600000 bytes are kept in a.part; get --continue goes on" in result.error


def test_it_goes_on_as_often_as_it_takes(server):
    resource = Resource()
    resource.cut = 70_000
    it = server(resource)
    for attempt in range(8):
        assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
        assert Path("a.part").read_bytes() == OLD[:70_000 * (attempt + 1)]
    check_whole(run("get", "-C", it.url + "/a"))


def test_a_file_in_another_directory_and_its_mode(server, tmp_path):
    (tmp_path / "real").write_text("old")
    os.chmod(tmp_path / "real", 0o640)
    os.symlink(tmp_path / "real", "link")
    it = begin(server, Resource(), 1000, "-o", "link")
    assert entries() == ["link"] and (tmp_path / "real").read_text() == "old"
    assert os.stat(tmp_path / "real.part").st_mode & 0o777 == 0o640
    assert run("get", "-C", it.url + "/a", "-o", "link").status == DONE
    assert (tmp_path / "real").read_bytes() == OLD and os.path.islink("link")
    assert os.stat(tmp_path / "real").st_mode & 0o777 == 0o640
    assert entries(tmp_path) == ["current", "real"]


def test_a_new_file_has_the_mode_that_umask_leaves(server):
    mask = dict(preexec_fn=lambda: os.umask(0o027))
    it = server(Resource())
    assert run("get", "-C", it.url + "/a", **mask).status == DONE
    assert os.stat("a").st_mode & 0o777 == 0o640


@pytest.mark.parametrize("content", [b"", b"x", OLD], ids=["empty", "a byte", "large"])
def test_what_does_not_break_off_is_stored(server, content):
    it = server(Resource(content))
    check_whole(run("get", "-C", it.url + "/a"), content)
    Path("a").write_text("existing")
    check_whole(run("get", "-C", it.url + "/a"), content)
    assert [request[1] for request in ranges(it)] == [None, None]


@pytest.mark.parametrize("code, status", [(404, NOT_FOUND), (429, CLIENT_ERROR),
                                          (503, SERVER_ERROR)])
def test_a_refusal_in_between_keeps_what_is_there(server, code, status):
    it = begin(server, Resource(), 1000)
    good, it.serve = it.serve, lambda peer, line, fields: peer.send(ok("", status="%d No" % code))
    assert run("get", "-C", it.url + "/a").status == status
    assert entries() == PARTS
    it.serve = good
    it.requests.clear()
    check_whole(run("get", "-C", it.url + "/a"))
    assert ranges(it) == [("GET", "bytes=1000-", '"old"')]


# the file changed in between


@pytest.mark.parametrize("cut", CUTS)
def test_another_version_is_got_from_its_start(server, cut):
    resource = Resource()
    it = begin(server, resource, cut)
    resource.change(NEW, '"new"')
    result = run("get", "-C", it.url + "/a")
    check_whole(result, NEW)
    assert ranges(it) == [("GET", "bytes=%d-" % cut, '"old"')]
    assert "starting anew" in result.error and "continued" not in result.output


@pytest.mark.parametrize("cut", CUTS)
def test_another_version_that_breaks_off_too_is_continued_as_that(server, cut):
    resource = Resource()
    it = begin(server, resource, 400_000)
    resource.change(NEW, '"new"')
    resource.cut = cut
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert Path("a.part").read_bytes() == NEW[:cut]
    resource.cut = None
    it.requests.clear()
    check_whole(run("get", "-C", it.url + "/a"), NEW)
    assert ranges(it) == [("GET", "bytes=%d-" % cut, '"new"')]


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_a_server_that_takes_the_range_of_a_file_that_shrank(server, size):
    """It does not know If-Range, or does not heed it: 416, or a part of the wrong version."""
    resource = Resource()
    it = begin(server, resource, 1000)
    small = NEW[:size]

    def serve(peer, line, fields):
        if "range" not in fields:
            peer.send(ok(small, 'ETag: "new"'))
        elif size <= 1000:
            peer.send(ok("", "Content-Range: bytes */%d" % size, 'ETag: "old"',
                         status="416 Range Not Satisfiable"))
        else:
            peer.send(ok(small[1000:], "Content-Range: bytes 1000-1000/1001", 'ETag: "new"',
                         status="206 Partial Content"))
    it.serve = serve
    check_whole(run("get", "-C", it.url + "/a"), small)
    assert [request[1] for request in ranges(it)] == ["bytes=1000-", None]


def lie(cut, fields=(), content=None, tag='"old"', content_range=None):
    """A 206 for the rest behind `cut`, whose bytes are of another version."""
    content = NEW[cut:] if content is None else content
    if content_range is None:
        content_range = "bytes %d-%d/%d" % (cut, len(OLD) - 1, len(OLD))
    given = list(fields) + (["ETag: " + tag] if tag else [])
    given += ["Content-Range: " + content_range] if content_range else []
    return ok(content, *given, status="206 Partial Content")


def lies(cut):
    size = len(OLD)
    return {
        "another tag": lie(cut, tag='"new"'),
        "a weak tag": lie(cut, tag='W/"old"'),
        "no tag": lie(cut, tag=None),
        "two tags": lie(cut, ['ETag: "new"']),
        "no range": lie(cut, content_range=""),
        "two ranges": lie(cut, ["Content-Range: bytes 0-0/%d" % size]),
        "from the start": lie(cut, content=NEW, content_range="bytes 0-%d/%d" % (size - 1, size)),
        "from before": lie(cut, content=NEW[cut - 1:],
                           content_range="bytes %d-%d/%d" % (cut - 1, size - 1, size)),
        "from behind": lie(cut, content=NEW[cut + 1:],
                           content_range="bytes %d-%d/%d" % (cut + 1, size - 1, size)),
        "not to the end": lie(cut, content=NEW[cut:size - 1],
                              content_range="bytes %d-%d/%d" % (cut, size - 2, size)),
        "of a longer one": lie(cut, content=NEW[cut:] + b"x",
                               content_range="bytes %d-%d/%d" % (cut, size, size + 1)),
        "of any length": lie(cut, content_range="bytes %d-%d/*" % (cut, size - 1)),
        "of another length": lie(cut, content_range="bytes %d-%d/%d" % (cut, size - 1, size + 1)),
        "of no range": lie(cut, content_range="bytes */%d" % size),
        "in another unit": lie(cut, content_range="items %d-%d/%d" % (cut, size - 1, size)),
        "not a number": lie(cut, content_range="bytes %d-+%d/%d" % (cut, size - 1, size)),
        "shorter than its range": lie(cut, content=NEW[cut:-1]),
        "longer than its range": lie(cut, content=NEW[cut:] + b"x"),
        "coded": lie(cut, ["Content-Encoding: gzip"]),
        "several parts": lie(cut, ["Content-Type: multipart/byteranges; boundary=x"]),
    }


@pytest.mark.parametrize("cut", [1, 262_144, 599_998])
@pytest.mark.parametrize("name", lies(1).keys())
def test_a_part_that_is_not_the_rest_is_not_joined(server, name, cut):
    it = begin(server, Resource(), cut)

    def serve(peer, line, fields):
        peer.send(lies(cut)[name] if "range" in fields else ok(NEW, 'ETag: "new"'))
    it.serve = serve
    result = run("get", "-C", it.url + "/a")
    check_whole(result, NEW)
    assert "starting anew" in result.error
    assert [request[1] for request in ranges(it)] == ["bytes=%d-" % cut, None]


def rest_in_chunks(cut, content):
    return (b"HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nETag: \"old\"\r\n"
            b"Content-Range: bytes %d-%d/%d\r\n\r\n" % (cut, len(OLD) - 1, len(OLD))
            + chunked(content) + b"0\r\n\r\n")


def test_the_rest_may_come_in_chunks(server):
    it = begin(server, Resource(), 1000)
    it.serve = lambda peer, line, fields: peer.send(rest_in_chunks(1000, OLD[1000:]))
    check_whole(run("get", "-C", it.url + "/a"))


def test_a_rest_that_is_shorter_than_announced_is_not_the_end(server):
    it = begin(server, Resource(), 1000)
    it.serve = lambda peer, line, fields: peer.send(rest_in_chunks(1000, OLD[1000:5000]))
    result = run("get", "-C", it.url + "/a")
    assert result.status == NOT_VERIFIED and "5000 of 600000 bytes" in result.error
    assert entries() == PARTS and Path("a.part").read_bytes() == OLD[:5000]


def test_a_rest_that_is_longer_than_announced_is_not_believed(server):
    it = begin(server, Resource(), 1000)
    it.serve = lambda peer, line, fields: peer.send(rest_in_chunks(1000, OLD[1000:] + b"x"))
    result = run("get", "-C", it.url + "/a")
    assert result.status == NOT_VERIFIED and "more content" in result.error
    assert entries() == []


def test_a_part_of_what_was_asked_for_as_a_whole(server):
    it = begin(server, Resource(), 1000)
    it.serve = lambda peer, line, fields: peer.send(lie(1000, tag='"new"'))
    result = run("get", "-C", it.url + "/a")
    assert result.status == FAILED and "206" in result.error, result
    assert "a" not in entries()


def test_another_target_behind_a_redirect_is_another_file(server):
    it = begin(server, Resource(), 1000)

    def serve(peer, line, fields):
        if line.split()[1] == "/a":
            peer.send(ok("", "Location: /b", status="302 Found"))
        elif "range" in fields:
            peer.send(lie(1000))
        else:
            peer.send(ok(NEW, 'ETag: "old"'))
    it.serve = serve
    check_whole(run("get", "-C", it.url + "/a"), NEW)


def test_the_same_target_behind_a_redirect_is_continued(server):
    resource = Resource()

    def serve(peer, line, fields):
        if line.split()[1] == "/latest":
            peer.send(ok("", "Location: /1", status="302 Found"))
        else:
            resource(peer, line, fields)
    resource.cut = 1000
    it = server(serve)
    assert run("get", "-C", it.url + "/latest", "-o", "a").status == NOT_VERIFIED
    resource.cut = None
    check_whole(run("get", "-C", it.url + "/latest", "-o", "a"))
    assert it.requests[-1][1]["range"] == "bytes=1000-"


@pytest.mark.parametrize("place", ["another target", "another server"])
def test_what_was_begun_elsewhere_is_not_continued(server, place):
    it = begin(server, Resource(), 1000)
    if place == "another server":
        it = server(Resource(NEW))
        result = run("get", "-C", it.url + "/a")
    else:
        it.serve = Resource(NEW)
        result = run("get", "-C", it.url + "/b", "-o", "a")
    check_whole(result, NEW)
    assert "starting anew" in result.error


def test_a_socket_whose_path_and_target_together_read_the_same(server, tmp_path):
    old = Resource()
    old.cut = 1000
    server(old, tmp_path / "s")
    result = run("get", "-C", "/x/a", "--server", "unix:%s/s" % tmp_path)
    assert result.status == NOT_VERIFIED and entries() == PARTS
    (tmp_path / "s").unlink()
    (tmp_path / "s").mkdir()
    server(Resource(NEW, '"old"'), tmp_path / "s" / "x")
    check_whole(run("get", "-C", "/a", "--server", "unix:%s/s/x" % tmp_path), NEW)


# all of it is there, and has not its name yet


def kill_before_the_end(url):
    """As if the power went when all had come: killed at the call that makes it durable."""
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync",
              "-e", "inject=fsync:signal=KILL"]
    subprocess.run([*strace, HTTPCTL, "get", "-C", url], timeout=TIMEOUT,
                   stdout=subprocess.DEVNULL)
    assert entries() == PARTS and Path("a.part").read_bytes() == OLD


needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@needs_strace
def test_what_is_all_there_is_only_confirmed(server):
    it = server(Resource())
    kill_before_the_end(it.url + "/a")
    it.requests.clear()
    check_whole(run("get", "-C", it.url + "/a"))
    assert ranges(it) == [("HEAD", None, None)]


@needs_strace
@pytest.mark.parametrize("fields, content", [
    (['ETag: "new"'], NEW), ([], NEW), (['ETag: W/"old"'], NEW), (['ETag: "old"'], NEW[:-1]),
], ids=["another tag", "no tag", "a weak tag", "another length"])
def test_what_is_all_there_of_another_version_is_got_anew(server, fields, content):
    it = server(Resource())
    kill_before_the_end(it.url + "/a")

    def serve(peer, line, _):
        answer = ok(content, *fields)
        peer.send(answer if line.startswith("GET") else answer[:answer.index(b"\r\n\r\n") + 4])
    it.serve = serve
    check_whole(run("get", "-C", it.url + "/a"), content)


@needs_strace
def test_what_is_all_there_is_checked_against_the_digest(server):
    it = server(Resource())
    kill_before_the_end(it.url + "/a")
    it.serve = Resource(OLD, '"old"', "Repr-Digest: sha-256=:%s:" % digest(NEW))
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert entries() == []


# what cannot be continued


@pytest.mark.parametrize("answer, words", [
    (ok(OLD, 'ETag: W/"old"'), "entity tag is weak"), (ok(OLD), "no entity tag"),
    (ok(OLD, "ETag: old"), "entity tag is not valid"),
    (ok(OLD, 'ETag: "a"', 'ETag: "b"'), "entity tag is not valid"),
    (ok(OLD, 'ETag: "\xe9"'), "entity tag is not valid"),
    (CHUNKED[:-2] + b'ETag: "old"\r\n\r\n' + chunked(OLD) + b"0\r\n\r\n", "how long"),
    (b'HTTP/1.0 200 OK\r\nETag: "old"\r\n\r\n' + OLD, "how long"),
    (ok(OLD, 'ETag: "old"', status="203 Non-Authoritative Information"), "203"),
], ids=["weak", "no tag", "no quotes", "two tags", "not ASCII", "chunked", "HTTP/1.0", "203"])
def test_what_tells_no_version_is_got_whole_or_not_at_all(server, answer, words):
    it = server(answer)
    result = run("get", "-C", it.url + "/a")
    check_whole(result)
    assert "a cannot be continued if it breaks off: " in result.error and words in result.error
    if b"HTTP/1.0" in answer:
        return
    os.unlink("a")
    it.serve = lambda peer, line, fields: peer.send(answer[:300_000])
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert entries() == []


@pytest.mark.parametrize("arguments", [["-o", "-"], ["--show"]])
def test_the_standard_output_cannot_be_continued(arguments):
    assert run("get", "-C", "http://127.0.0.1:1/a", *arguments).status == USAGE


def test_a_device_is_written_to(server):
    it = server(Resource())
    result = run("get", "-C", it.url + "/a", "-o", "/dev/null")
    assert result.status == DONE and "no regular file" in result.error
    assert not os.path.exists("/dev/null.part")


def test_a_name_that_is_too_long_for_another_beside_it(server):
    name = "a" * 250
    result = run("get", "-C", server(Resource()).url + "/" + name)
    assert result.status == DONE and "too long" in result.error
    assert entries() == [name]


def test_without_the_option_nothing_is_kept_nor_used(server):
    it = begin(server, Resource(), 1000)
    result = run("get", it.url + "/a")
    assert result.status == DONE and ranges(it) == [("GET", None, None)]
    assert entries() == ["a", *PARTS] and Path("a").read_bytes() == OLD


# what others did to the files in between


def change_byte(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


DAMAGE = {
    "a byte differs": lambda: change_byte("a.part", 10),
    "the last byte differs": lambda: change_byte("a.part", 499_999),
    "its end is lost": lambda: os.truncate("a.part", 499_999),
    "its end is zero": lambda: (os.truncate("a.part", 499_000), os.truncate("a.part", 500_000)),
    "it is empty": lambda: os.truncate("a.part", 0),
    "it is gone": lambda: os.unlink("a.part"),
    "it is another file": lambda: Path("a.part").write_bytes(NEW),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_part_is_got_anew(server, damage):
    it = begin(server, Resource(), 500_000)
    damage()
    check_whole(run("get", "-C", it.url + "/a"))
    assert ranges(it) == [("GET", None, None)]


def test_what_is_right_before_a_damage_is_used(server):
    """Marks that stay are 16 MiB apart."""
    large = random.Random(3).randbytes(40 << 20)
    resource = Resource(large)
    it = begin(server, resource, 36 << 20)
    change_byte("a.part", 35 << 20)
    assert run("get", "-C", it.url + "/a").status == DONE
    assert Path("a").read_bytes() == large
    count = int(it.requests[0][1]["range"].removeprefix("bytes=").removesuffix("-"))
    assert 32 << 20 <= count < 33 << 20


def test_bytes_behind_the_last_mark_are_not_used(server):
    it = begin(server, Resource(), 1000)
    with open("a.part", "ab") as file:
        file.write(b"x" * 700_000)
    check_whole(run("get", "-C", it.url + "/a"))
    assert ranges(it) == [("GET", "bytes=1000-", '"old"')]


def edit_record(change):
    path = Path("a.part.info")
    path.write_bytes(change(path.read_bytes()))


RECORDS = {
    "another tag": lambda text: text.replace(b'"old"', b'"new"'),
    "a torn mark": lambda text: text[:-10],
    "a mark of another version": lambda text: re.sub(rb"mark \w{16}", b"mark " + b"0" * 16, text),
    "a mark beyond the end": lambda text: re.sub(rb" 0{17}1000 ", b" " + b"9" * 20 + b" ", text),
    "a shorter length": lambda text: text.replace(b"length 600000", b"length 999"),
    "a longer length": lambda text: text.replace(b"length 600000", b"length 600001"),
    "garbage behind": lambda text: text + b"\x00" * 500,
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_that_was_changed_never_makes_a_wrong_file(server, change):
    it = begin(server, Resource(), 1000)
    edit_record(change)
    check_whole(run("get", "-C", it.url + "/a"))


NO_RECORD = {"nothing": b"", "text": b"my notes\n", "zeros": bytes(300),
             "a weak tag": b'httpctl-part 1 0123456789abcdef\nurl /a\netag W/"x"\nlength 5\n'}


@pytest.mark.parametrize("content", NO_RECORD.values(), ids=NO_RECORD.keys())
def test_files_that_are_somebody_elses_are_left_alone(server, content):
    Path("a.part").write_bytes(b"mine")
    Path("a.part.info").write_bytes(content)
    result = run("get", "-C", server(Resource()).url + "/a")
    assert result.status == DONE and "cannot be continued" in result.error
    assert Path("a").read_bytes() == OLD and entries() == ["a", *PARTS]
    assert Path("a.part").read_bytes() == b"mine"
    assert Path("a.part.info").read_bytes() == content


def test_a_part_without_a_record_is_left_alone(server):
    Path("a.part").write_bytes(b"another browser's")
    result = run("get", "-C", server(Resource()).url + "/a")
    assert result.status == DONE and "cannot be continued" in result.error
    assert entries() == ["a", "a.part"]
    assert Path("a.part").read_bytes() == b"another browser's"


@pytest.mark.parametrize("name", PARTS)
def test_links_are_not_followed(server, tmp_path, name):
    it = begin(server, Resource(), 1000)
    os.rename(name, tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    os.symlink(tmp_path / "elsewhere", name)
    result = run("get", "-C", it.url + "/a")
    assert result.status == DONE and "symbolic link" in result.error, result
    assert Path("a").read_bytes() == OLD
    assert (tmp_path / "elsewhere").read_bytes() == before


def test_a_record_that_others_may_write_is_not_believed(server):
    it = begin(server, Resource(), 1000)
    os.chmod("a.part.info", 0o666)
    result = run("get", "-C", it.url + "/a")
    assert result.status == DONE and "not of this user alone" in result.error
    assert Path("a").read_bytes() == OLD and ranges(it) == [("GET", None, None)]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
@pytest.mark.parametrize("name", PARTS)
def test_files_of_another_user_are_not_believed(server, name):
    it = begin(server, Resource(), 1000)
    os.chown(name, 65534, -1)
    assert run("get", "-C", it.url + "/a").status == DONE
    assert Path("a").read_bytes() == OLD and ranges(it) == [("GET", None, None)]


# the end of the process, and others beside it


def start(it, *arguments):
    return subprocess.Popen([HTTPCTL, "get", "-C", it.url + "/a", *arguments],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            preexec_fn=hear_signals)


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, INTERRUPTED), (signal.SIGTERM, -signal.SIGTERM),
    (signal.SIGKILL, -signal.SIGKILL)])
def test_what_was_killed_is_continued(server, number, status):
    resource = Resource()
    resource.cut, resource.stalls = 300_000, True
    it = server(resource)
    process = start(it)
    until(lambda: size("a.part") == 300_000, "it did not come")
    process.send_signal(number)
    assert process.wait(TIMEOUT) == status
    resource.cut, resource.stalls = None, False
    it.requests.clear()
    check_whole(run("get", "-C", it.url + "/a"))
    count = int(it.requests[0][1]["range"].removeprefix("bytes=").removesuffix("-"))
    # The last piece may not have had its mark yet.
    assert 0 < count <= 300_000


def test_nothing_is_left_of_what_was_killed_before_anything_came(server):
    it = server(lambda peer, line, fields: peer.read_to_end())
    process = start(it)
    until(lambda: it.requests, "no request came")
    process.send_signal(signal.SIGINT)
    assert process.wait(TIMEOUT) == INTERRUPTED
    assert entries() == []


@pytest.mark.parametrize("stop", ["stall", "reset"])
def test_a_stall_and_a_reset_are_continued(server, stop):
    resource = Resource()
    it = server(resource)

    def serve(peer, line, fields):
        peer.send(ok(OLD, 'ETag: "old"')[:300_000])
        if stop == "stall":
            peer.read_to_end()
        time.sleep(0.2)
        peer.reset()
    it.serve = serve
    result = run("get", "-C", it.url + "/a", "--stall-timeout", "1")
    assert result.status == (TIMED_OUT if stop == "stall" else CONNECTION), result
    assert "are kept in a.part" in result.error
    it.serve = resource
    check_whole(run("get", "-C", it.url + "/a"))
    assert "continued" in run("get", "-C", it.url + "/a").output or it.requests[1][1]["range"]


def test_killed_at_any_time_with_the_file_changing_it_is_one_version_in_the_end(server):
    dice = random.Random(4)
    versions = [(dice.randbytes(3_000_000), '"%d"' % number) for number in range(3)]
    resource = Resource(*versions[0])

    def serve(peer, line, fields):
        resource.change(*dice.choice(versions))
        resource(peer, line, fields)
    it = server(serve)
    for _ in range(120):
        process = start(it)
        try:
            process.wait(dice.uniform(0, 0.03))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if os.path.exists("a"):
            assert Path("a").read_bytes() in [content for content, _ in versions]
            os.unlink("a")
    assert run("get", "-C", it.url + "/a").status == DONE
    assert Path("a").read_bytes() in [content for content, _ in versions]
    assert entries() == ["a"]


CHANGES = "pwrite64,ftruncate,fchmod,fsync,rename,unlink"


@needs_strace
@pytest.mark.parametrize("kept", [0, 300_000], ids=["begun", "continued"])
@pytest.mark.parametrize("content, tag", [(OLD, '"old"'), (NEW, '"new"')], ids=["same", "changed"])
def test_killed_before_any_change_of_a_file_it_goes_on_all_the_same(server, kept, content, tag):
    resource = Resource()
    it = begin(server, resource, kept) if kept else server(resource)
    saved = [(name, Path(name).read_bytes()) for name in entries()]
    for count in range(1, 200):
        resource.change(OLD, '"old"')
        done = subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", "-e", "trace=" + CHANGES, "-e",
             "inject=%s:signal=KILL:when=%d" % (CHANGES, count), HTTPCTL, "get", "-C",
             it.url + "/a"], timeout=TIMEOUT, stdout=subprocess.DEVNULL)
        resource.change(content, tag)
        assert run("get", "-C", it.url + "/a").status == DONE
        assert Path("a").read_bytes() == content and entries() == ["a"]
        if done.returncode == DONE:
            break
        os.unlink("a")
        for name, data in saved:
            Path(name).write_bytes(data)
            os.chmod(name, 0o600)
    assert 5 < count < 199


def test_only_one_works_on_a_part(server):
    resource = Resource()
    resource.cut, resource.stalls = 300_000, True
    it = server(resource)
    process = start(it)
    until(lambda: size("a.part") == 300_000, "it did not come")
    resource.cut, resource.stalls = None, False
    result = run("get", "-C", it.url + "/a")
    assert result.status == FAILED and "another httpctl" in result.error
    assert run("get", it.url + "/a").status == DONE
    assert Path("a").read_bytes() == OLD
    process.kill()
    process.communicate()
    check_whole(run("get", "-C", it.url + "/a"))


@pytest.mark.parametrize("kept", [0, 1000])
def test_many_at_once_end_with_one_whole_file(server, kept):
    resource = Resource()
    it = begin(server, resource, kept) if kept else server(resource)
    results = []
    threads = [threading.Thread(target=lambda: results.append(run("get", "-C", it.url + "/a")))
               for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {result.status for result in results} <= {DONE, FAILED}
    assert DONE in [result.status for result in results]
    for result in results:
        assert result.status == DONE or "another httpctl" in result.error, result
    assert Path("a").read_bytes() == OLD and entries() == ["a"]


def test_a_full_disk_keeps_what_fits(server):
    """As a limit on the size of files has it, which the tool meets as an error of write(2)."""
    import resource as limits

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits.setrlimit(limits.RLIMIT_FSIZE, (400_000, 400_000))
    it = server(Resource())
    result = run("get", "-C", it.url + "/a", preexec_fn=limit)
    assert result.status == FAILED and "a.part: File too large" in result.error, result
    it.requests.clear()
    check_whole(run("get", "-C", it.url + "/a"))


# digests (RFC 9530)


SHA256, SHA512 = digest(OLD), digest(OLD, "sha512")
WRONG = digest(NEW)


@pytest.mark.parametrize("fields, verified", [
    (["Repr-Digest: sha-256=:%s:" % SHA256], "sha-256"),
    (["Repr-Digest: sha-512=:%s:" % SHA512], "sha-512"),
    (["Content-Digest: sha-256=:%s:" % SHA256], "sha-256"),
    (["Repr-Digest: md5=:AAAA:, sha-512=:%s:;a=1 ,\tsha-256=:%s:" % (SHA512, SHA256)],
     "sha-256 and sha-512"),
    (["Repr-Digest: sha-256=:%s:" % SHA256, "repr-digest: sha-512=:%s:" % SHA512],
     "sha-256 and sha-512"),
    (["Repr-Digest: sha-256=:%s:, sha-256=:%s:" % (WRONG, SHA256)], "sha-256"),
    (["Repr-Digest: unixsum=:AAAA:"], None),
    (["Repr-Digest: sha-256=" + SHA256], None), (["Repr-Digest: sha-256"], None),
    (["Repr-Digest: sha-256=:%s" % WRONG], None), (["Repr-Digest: SHA-256=:%s:" % WRONG], None),
    (["Repr-Digest: sha-256=:%s:, ?" % WRONG], None), (["Repr-Digest: sha-256=:*:"], None),
    (["Repr-Digest: "], None), (["Digest: SHA-256=" + WRONG], None),
])
@pytest.mark.parametrize("option", [[], ["-C"]])
def test_digests_are_verified(server, fields, verified, option):
    it = server(Resource(OLD, '"old"', *fields))
    result = run("get", it.url + "/a", *option)
    check_whole(result)
    assert it.requests[0][1]["want-repr-digest"] == "sha-256=5"
    assert it.requests[0][1]["accept-encoding"] == "identity"
    assert (", %s verified, " % verified in result.output) if verified else \
        ("verified" not in result.output)


@pytest.mark.parametrize("field", [
    "Repr-Digest: sha-256=:%s:" % WRONG, "Content-Digest: sha-256=:%s:" % WRONG,
    "Repr-Digest: sha-512=:%s:" % WRONG, "Repr-Digest: sha-256=:%s:" % SHA512,
    "Repr-Digest: sha-256=::", "Repr-Digest: sha-256=:%s:, sha-512=:%s:" % (SHA256, WRONG),
    "Repr-Digest: sha-512=:%s:, sha-256=:%s:" % (SHA512, WRONG)])
@pytest.mark.parametrize("option", [[], ["-C"], ["-o", "-"]])
def test_what_has_another_digest_is_not_stored(server, field, option):
    Path("a").write_text("existing")
    result = run("get", server(Resource(OLD, '"old"', field)).url + "/a", *option)
    assert result.status == NOT_VERIFIED, result
    assert "is not what the server announced" in result.error
    assert entries() == ["a"] and Path("a").read_text() == "existing"


@pytest.mark.parametrize("cut", [1000, 300_000])
@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
@pytest.mark.parametrize("field, covers", [("Repr-Digest", 0), ("Content-Digest", None)])
def test_the_digests_of_a_continued_file(server, cut, algorithm, field, covers):
    name = algorithm.replace("-", "")
    it = begin(server, Resource(), cut)
    begins = cut if covers is None else covers
    right = "%s: %s=:%s:" % (field, algorithm, digest(OLD[begins:], name))
    wrong = "%s: %s=:%s:" % (field, algorithm, digest(NEW[begins:], name))
    for saved in PARTS:
        shutil.copy(saved, "../" + saved)
    it.serve = Resource(OLD, '"old"', right)
    result = run("get", "-C", it.url + "/a")
    check_whole(result)
    assert algorithm + " verified" in result.output
    os.unlink("a")
    for saved in PARTS:
        shutil.copy("../" + saved, saved)
    it.serve = Resource(OLD, '"old"', wrong)
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert entries() == []


@pytest.mark.parametrize("cut", CUTS)
def test_a_server_that_gives_the_rest_of_another_version_the_old_tag_is_found_out(server, cut):
    resource = Resource()
    it = begin(server, resource, cut)
    resource.change(NEW, '"old"')
    resource.fields = ["Repr-Digest: sha-256=:%s:" % digest(NEW)]
    result = run("get", "-C", it.url + "/a")
    assert result.status == NOT_VERIFIED and entries() == []
    check_whole(run("get", "-C", it.url + "/a"), NEW)


# codings that nobody asked for


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x\x1b"])
@pytest.mark.parametrize("option", [[], ["-C"], ["-o", "-"]])
def test_content_that_is_coded_unasked_is_not_stored(server, coding, option):
    Path("a").write_text("existing")
    coding = coding.replace("\x1b", "\xe9")
    result = run("get", server(Resource(OLD, '"old"', "Content-Encoding: " + coding)).url + "/a",
                 *option)
    assert result.status == NOT_VERIFIED, result
    assert "coded (" in result.error and result.output == ""
    assert entries() == ["a"] and Path("a").read_text() == "existing"


def test_identity_is_no_coding(server):
    check_whole(run("get", server(Resource(OLD, '"a"', "Content-Encoding: identity")).url + "/a"))


# what a review found


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs a user")
def test_a_file_that_may_only_be_read_is_continued_and_stays_so(server):
    Path("a").write_bytes(b"before")
    os.chmod("a", 0o444)
    it = begin(server, Resource(), 300_000)
    assert os.stat("a.part").st_mode & 0o777 == 0o644
    check_whole(run("get", "-C", it.url + "/a"))
    assert os.stat("a").st_mode & 0o777 == 0o444


def test_a_server_that_sends_no_parts_takes_nothing_away(server):
    class Whole(Resource):
        def __call__(self, peer, line, fields):
            super().__call__(peer, line, {name: value for name, value in fields.items()
                                          if name not in ("range", "if-range")})
    resource = Whole()
    it = begin(server, resource, 400_000)
    resource.cut = 1000
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert Path("a.part").read_bytes() == OLD[:400_000]
    resource.cut = None
    result = run("get", "-C", it.url + "/a")
    check_whole(result)
    assert "continued from 400000 byte" in result.output


def test_other_bytes_under_the_same_tag_are_not_joined(server):
    class Lying(Resource):
        def __call__(self, peer, line, fields):
            super().__call__(peer, line, {name: value for name, value in fields.items()
                                          if name not in ("range", "if-range")})
    resource = Lying()
    it = begin(server, resource, 400_000)
    resource.change(NEW, '"old"')
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert not Path("a").exists()


@pytest.mark.parametrize("status", ["405 Method Not Allowed", "501 Not Implemented"])
def test_a_whole_part_is_confirmed_by_a_server_without_head(server, status):
    class Headless(Resource):
        def __call__(self, peer, line, fields):
            if line.startswith("HEAD"):
                peer.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status.encode())
            else:
                super().__call__(peer, line, fields)
    resource = Headless()
    it = begin(server, resource, len(OLD) - 1)
    # The last byte comes, and the tool ends before it gives the file its name.
    with open("a.part", "ab") as part:
        part.write(OLD[-1:])
    record = Path("a.part.info").read_text().splitlines(keepends=True)
    word, number, count, _ = record[-1].split()
    record[-1] = "%s %s %0*d %s\n" % (
        word, number, len(count), len(OLD), hashlib.sha256(OLD).hexdigest())
    Path("a.part.info").write_text("".join(record))
    check_whole(run("get", "-C", it.url + "/a"))
    assert [method for method, _, _ in ranges(it)] == ["HEAD", "GET"]


@pytest.mark.parametrize("status,code", [("503 Service Unavailable", SERVER_ERROR)])
def test_a_server_that_is_busy_takes_nothing_away(server, status, code):
    class Busy(Resource):
        busy = False

        def __call__(self, peer, line, fields):
            if self.busy:
                peer.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status.encode())
            else:
                super().__call__(peer, line, fields)
    resource = Busy()
    it = begin(server, resource, 5000)
    resource.busy = True
    assert run("get", "-C", it.url + "/a").status == code
    assert Path("a.part").read_bytes() == OLD[:5000]


def test_a_page_in_its_place_that_breaks_off_takes_nothing_away(server):
    resource = Resource()
    it = begin(server, resource, 400_000)
    resource.tag, resource.cut = 'W/"portal"', 10
    assert run("get", "-C", it.url + "/a").status == NOT_VERIFIED
    assert Path("a.part").read_bytes() == OLD[:400_000] and not Path("a").exists()
