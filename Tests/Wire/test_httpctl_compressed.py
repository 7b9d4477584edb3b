"""httpctl get --compressed: what is stored is the decoded content, whole, or nothing is."""

import base64
import gzip
import hashlib
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from scripted import (  # noqa: F401  fixtures are used by their names
    DONE, NOT_FOUND, NOT_VERIFIED, chunked, directory, entries, executable, ok, run, server)

TEXT = b"".join(b"%d times one thing and another, " % number for number in range(20_000))
NOISE = random.Random(5).randbytes(700_000)
SAME = bytes(30 << 20)

PROGRAMS = {"gzip": ["gzip", "-9", "-c"], "br": ["brotli", "-q", "5", "-w", "18", "-c"],
            "zstd": ["zstd", "-q", "-c"]}
CODINGS = [pytest.param(coding, marks=pytest.mark.skipif(
    shutil.which(program[0]) is None, reason="%s is not installed" % program[0]))
    for coding, program in PROGRAMS.items()]
made = {}


def coded(content, coding):
    key = (len(content), content[:100], coding)
    if key not in made:
        made[key] = subprocess.run(PROGRAMS[coding], input=content, stdout=subprocess.PIPE,
                                   check=True).stdout
    return made[key]


def answer(content, coding, *fields):
    return ok(content, "Content-Encoding: " + coding, *fields)


@pytest.mark.parametrize("content", [b"", b"x", TEXT, NOISE, SAME],
                         ids=["empty", "a byte", "text", "noise", "zeros"])
@pytest.mark.parametrize("coding", CODINGS)
def test_what_comes_coded_is_stored_decoded(server, coding, content):
    it = server(answer(coded(content, coding), coding))
    result = run("get", "--compressed", it.url + "/a")
    assert result.status == DONE, result
    assert Path("a").read_bytes() == content and entries() == ["a"]
    assert it.requests[0][1]["accept-encoding"] == "br, gzip, zstd"
    assert "stored as a, decoded from %s, 200 OK, " % coding in result.output
    assert "/a: %d byte" % len(content) in result.output


@pytest.mark.parametrize("coding", CODINGS)
def test_in_pieces_of_any_size(server, coding):
    content = coded(TEXT, coding)
    dice = random.Random(6)
    pieces = []
    while content:
        count = dice.choice([1, 2, 7, 100, 5000])
        pieces.append(content[:count])
        content = content[count:]
    it = server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: %s\r\n\r\n"
                % coding.encode() + chunked(*pieces) + b"0\r\n\r\n")
    result = run("get", "--compressed", it.url + "/a", "-o", "-")
    assert (result.status, result.raw) == (DONE, TEXT)


@pytest.mark.parametrize("fields", [[], ["Content-Encoding: identity"]])
def test_what_comes_uncoded_is_stored_as_it_is(server, fields):
    it = server(ok(TEXT, *fields))
    result = run("get", "--compressed", it.url + "/a")
    assert result.status == DONE and Path("a").read_bytes() == TEXT
    assert "decoded" not in result.output


@pytest.mark.parametrize("name", ["x-gzip", "GZIP"])
def test_other_names_of_gzip(server, name):
    assert run("get", "--compressed", server(answer(gzip.compress(TEXT), name)).url + "/a") \
        .status == DONE
    assert Path("a").read_bytes() == TEXT


def test_as_json(server):
    it = server(answer(gzip.compress(TEXT), "gzip"))
    report = json.loads(run("get", "--compressed", "--json", it.url + "/a").output)
    assert (report["bytes"], report["coding"]) == (len(TEXT), "gzip")


def damage(content):
    middle = len(content) // 2
    return {
        "the end is missing": content[:-1],
        "half is missing": content[:middle],
        "all is missing": b"",
        "a byte differs": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:],
        "the beginning differs": bytes([content[0] ^ 0x55]) + content[1:],
        "something is behind it": content + b"xxxxxxxx",
        "it is not coded": TEXT,
    }


# Only gzip always has a checksum: bytes that differ can be something else in the others.
@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
@pytest.mark.parametrize("name", damage(b"xx").keys())
@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_damaged_is_not_stored(server, coding, name, existing):
    if name == "a byte differs" and coding == "br":
        pytest.skip("Brotli has no checksum")
    if existing:
        Path("a").write_text("existing")
    it = server(answer(damage(coded(TEXT, coding))[name], coding))
    result = run("get", "--compressed", it.url + "/a")
    assert result.status == NOT_VERIFIED, result
    assert "the content is " in result.error and result.output == ""
    assert entries() == (["a"] if existing else [])
    assert not existing or Path("a").read_text() == "existing"


@pytest.mark.parametrize("coding", CODINGS)
def test_what_breaks_off_is_not_stored(server, coding):
    it = server(answer(coded(TEXT, coding), coding)[:-1])
    result = run("get", "--compressed", it.url + "/a")
    assert result.status == NOT_VERIFIED and entries() == []


@pytest.mark.parametrize("coding", ["compress", "gzip, br", "gzip, gzip", "aes128gcm"])
def test_other_codings_are_not_stored(server, coding):
    result = run("get", "--compressed", server(answer(TEXT, coding)).url + "/a")
    assert result.status == NOT_VERIFIED and "cannot be decoded" in result.error
    assert entries() == []


def test_a_coded_page_of_an_error(server):
    it = server(ok(gzip.compress(b"not here"), "Content-Encoding: gzip", "Content-Type: text/plain",
                   status="404 Not Found"))
    result = run("get", "--compressed", it.url + "/a")
    assert result.status == NOT_FOUND and "\\x" not in result.error and entries() == []
    result = run("get", "--compressed", "--show", it.url + "/a")
    assert (result.status, result.output) == (NOT_FOUND, "not here")
    result = run("get", "--show", it.url + "/a")
    assert result.status == NOT_FOUND and gzip.decompress(result.raw) == b"not here"


@pytest.mark.parametrize("field", ["Repr-Digest", "Content-Digest"])
def test_digests_are_those_of_the_coded_content(server, field):
    content = gzip.compress(TEXT)
    right, wrong = [base64.b64encode(hashlib.sha256(data).digest()).decode()
                    for data in (content, TEXT)]
    it = server(answer(content, "gzip", "%s: sha-256=:%s:" % (field, right)))
    result = run("get", "--compressed", it.url + "/a", "-o", "b")
    assert result.status == DONE and "sha-256 verified" in result.output
    it = server(answer(content, "gzip", "%s: sha-256=:%s:" % (field, wrong)))
    assert run("get", "--compressed", it.url + "/a").status == NOT_VERIFIED
    assert entries() == ["b"]


def test_no_content_is_not_decoded(server):
    it = server(b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n")
    for arguments in [[], ["--compressed"]]:
        assert run("get", it.url + "/a", *arguments).status == DONE
