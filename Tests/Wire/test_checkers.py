"""What a checker of HTTP messages says: httplint, the library of REDbot, on all kinds of resource.

Nothing bad, no warning, but for what EXPLAINED says of each. It is installed by `make deps-test`.
"""

import json
import os
import subprocess

import pytest

import model
from daemon import PROJECT
from httpwire import request

PYTHON = os.path.join(PROJECT, ".build", "venv", "bin", "python")
LINT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lint.py")
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
PAGE = b"<!DOCTYPE html>\n<html lang=\"en\">\n<title>page</title>\n" \
    + b"<p>what is to be compressed\n" * 100
TEN = b"0123456789"

# Kind, method, target, request fields, status.
KINDS = [
    ("file", "GET", "/ten.txt", {}, 200),
    ("file without its content", "HEAD", "/ten.txt", {}, 200),
    ("binary file", "GET", "/data.bin", {}, 200),
    ("coded sibling", "GET", "/page.html", {"Accept-Encoding": "gzip"}, 200),
    ("the same not coded", "GET", "/page.html", {"Accept-Encoding": "identity"}, 200),
    ("coded on the fly", "GET", "/fly.html", {"Accept-Encoding": "br"}, 200),
    ("index", "GET", "/", {}, 200),
    ("redirect to a directory", "GET", "/list", {}, 301),
    ("redirect by a rule", "GET", "/old/x", {}, 308),
    ("clean address", "GET", "/page.html", {"Accept": "text/html", "Host": "clean.test"}, 301),
    ("listing", "GET", "/list/", {"Accept": "text/html"}, 200),
    ("listing as JSON", "GET", "/list/", {"Accept": "application/json"}, 200),
    ("not modified", "GET", "/ten.txt", {"If-None-Match": "*"}, 304),
    ("not modified, coded", "GET", "/page.html",
     {"If-None-Match": "*", "Accept-Encoding": "gzip"}, 304),
    ("part", "GET", "/ten.txt", {"Range": "bytes=2-4"}, 206),
    ("parts", "GET", "/ten.txt", {"Range": "bytes=2-4,8-"}, 206),
    ("part of what is coded", "GET", "/page.html",
     {"Range": "bytes=2-4", "Accept-Encoding": "gzip"}, 206),
    ("no such part", "GET", "/ten.txt", {"Range": "bytes=99-"}, 416),
    ("malformed", "GET", "/%", {}, 400),
    ("denied", "GET", "/no/x", {}, 403),
    ("missing", "GET", "/missing", {}, 404),
    ("missing, as a page", "GET", "/missing", {"Accept": "text/html"}, 404),
    ("missing, as a problem", "GET", "/missing", {"Accept": "application/problem+json"}, 404),
    ("method not allowed", "POST", "/ten.txt", {}, 405),
    ("not acceptable", "GET", "/ten.txt", {"Accept-Encoding": "*;q=0"}, 406),
    ("precondition failed", "GET", "/ten.txt", {"If-Match": '"a"'}, 412),
    ("expectation failed", "GET", "/ten.txt", {"Expect": "x"}, 417),
    ("unknown method", "BREW", "/ten.txt", {}, 501),
    ("options", "OPTIONS", "/ten.txt", {}, 204),
    ("uploaded", "PUT", "/up/new.txt", {"Content-Length": "0"}, 201),
    ("uploaded again", "PUT", "/up/old.txt", {"Content-Length": "0"}, 204),
    ("upload refused", "PUT", "/up/a/b", {"Content-Length": "0"}, 409),
    ("what was uploaded", "GET", "/up/old.txt", {}, 200),
    ("deleted", "DELETE", "/up/gone.txt", {}, 204),
    ("with security fields", "GET", "/ten.txt", {"Host": "clean.test"}, 200),
    ("too long", "GET", "/" + "a" * 9000, {}, 414),
]

# Notes that stay, and why.
EXPLAINED = {
    "PARTIAL_WITHOUT_RANGE": "of several parts: then it must not be there (RFC 9110 §15.3.7.2)",
    "STATUS_BAD_REQUEST": "says what the status is, which is what was asked for",
    "STATUS_URI_TOO_LONG": "says what the status is, which is what was asked for",
    "FRESHNESS_HEURISTIC": "of redirects, errors and sites without CacheControl=: how long they "
                           "stay is not known, and RFC 9111 §4.2.2 says what a cache does then",
}


@pytest.fixture(scope="module")
def notes(start_daemon):
    """For each kind, what the checker says, and the exchange."""
    assert os.access(PYTHON, os.X_OK), "make deps-test installs httplint in .build/venv"
    more = "[Site clean]\nServerName=clean.test\nRoot=%s\nCleanURLs=yes\nSecurityHeaders=yes\n"
    daemon = start_daemon(site={
        "Fallback": "", "Compression": "br gzip", "UploadDurability": "none",
        "CacheControl": "max-age=60"}, paths={
            "/up/": {"Upload": "yes", "Delete": "yes", "CacheControl": "no-cache"},
            "/list/": {"Listing": "yes"}, "/old/": {"Redirect": "308 /new/$1"},
            "/no/": {"Deny": "yes"}})
    daemon.stop()
    daemon.more = more % daemon.root
    daemon.write_configuration()
    daemon.start()
    for name, content in (
            ("ten.txt", TEN), ("data.bin", bytes(range(256))), ("page.html", PAGE),
            ("page.html.gz", model.encode("gzip", PAGE)), ("fly.html", PAGE), ("index.html", PAGE),
            ("list/a.txt", TEN), ("list/sub/b.txt", TEN), ("up/old.txt", TEN),
            ("up/gone.txt", TEN)):
        daemon.put_file(name, content, MODIFIED)
    exchanges = []
    for kind, method, target, fields, status in KINDS:
        fields = dict(fields)
        host = fields.pop("Host", "localhost")
        with daemon.connect() as connection:
            response = connection.ask(request(target, method, fields, host=host), method)
        assert response.status == status, kind
        exchanges.append({
            "method": method, "address": "http://%s%s" % (host, target),
            "request_fields": [("Host", host), *fields.items()], "status": response.status,
            "reason": response.reason, "fields": response.fields,
            "content": response.content.decode("latin-1")})
    result = subprocess.run([PYTHON, LINT], input=json.dumps(exchanges), text=True,
                            capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return {kind[0]: (found, exchange)
            for kind, found, exchange in zip(KINDS, json.loads(result.stdout), exchanges)}


@pytest.mark.parametrize("kind", [row[0] for row in KINDS])
def test_nothing_bad(notes, kind):
    found, exchange = notes[kind]
    left = ["%s: %s (%s)" % (note["level"], note["summary"], note["id"]) for note in found
            if note["level"] in ("bad", "warning") and note["id"] not in EXPLAINED]
    assert not left, "\n".join([*left, "%s" % exchange["fields"]])


def test_what_is_explained_is_said(notes):
    said = {note["id"] for found, _ in notes.values() for note in found}
    assert set(EXPLAINED) <= said, "explained, though nobody says it"


def test_the_checker_checks(notes):
    """It does say something: good things of a file, and bad ones of what is wrong."""
    found, exchange = notes["file"]
    assert any(note["level"] == "good" for note in found)
    wrong = {**exchange, "fields": [*exchange["fields"], ["ETag", "unquoted"], ["Date", "now"]]}
    result = subprocess.run([PYTHON, LINT], input=json.dumps([wrong]), text=True,
                            capture_output=True, timeout=60)
    assert any(note["level"] == "bad" for note in json.loads(result.stdout)[0])
