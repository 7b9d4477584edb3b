"""httpctl and httpd-swift together: what one asks for, the other gives."""

import json
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from daemon import give
from scripted import DONE, HTTPCTL, NOT_FOUND, PRECONDITION, USAGE, entries, run

SIZE = 40 << 20


@pytest.fixture(scope="module")
def server(start_daemon):
    return start_daemon(site={"Compression": "yes", "Delete": "yes"}, paths={
        "/locked/": {"Deny": "yes"}})


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)


def write(server, name, content, age=100):
    """Replaces a file of the site, as one that is so many seconds old."""
    path = os.path.join(server.root, name)
    with open(path + ".new", "wb") as file:
        file.write(content)
    moment = time.time_ns() - age * 10**9
    os.utime(path + ".new", ns=(moment, moment))
    give(path + ".new")
    os.rename(path + ".new", path)


def url(server, name):
    return "http://127.0.0.1:%d/%s" % (server.port, name)


def test_a_file_that_is_replaced_while_it_is_got_is_one_version_in_the_end(server):
    dice = random.Random(7)
    versions = [dice.randbytes(SIZE), dice.randbytes(SIZE), dice.randbytes(SIZE // 2)]
    write(server, "large", versions[0])
    continued = 0
    for age in range(1000, 1060):
        process = subprocess.Popen([HTTPCTL, "get", "-C", url(server, "large")],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            process.wait(dice.uniform(0.01, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
        continued += b"continued from" in process.communicate()[0]
        if os.path.exists("large"):
            assert Path("large").read_bytes() in versions
            os.unlink("large")
        if dice.random() < 0.3:
            write(server, "large", dice.choice(versions), age)
    assert run("get", "-C", url(server, "large")).status == DONE
    assert Path("large").read_bytes() in versions and entries() == ["large"]
    assert continued > 0


@pytest.mark.parametrize("name", ["text.txt", "noise.bin"])
def test_a_coded_file(server, name):
    content = b"text " * 100_000 if name == "text.txt" else random.Random(8).randbytes(100_000)
    write(server, name, content)
    result = run("get", "--compressed", url(server, name))
    assert result.status == DONE and Path(name).read_bytes() == content
    assert ("decoded from" in result.output) == (name == "text.txt")


def test_delete(server):
    write(server, "old.txt", b"old")
    tag = [line for line in run("head", url(server, "old.txt")).output.splitlines()
           if line.startswith("ETag: ")][0][6:]
    assert run("delete", url(server, "old.txt"), "--if-match", "x").status == PRECONDITION
    assert run("delete", url(server, "old.txt"), "--if-match", tag).status == DONE
    assert not os.path.exists(os.path.join(server.root, "old.txt"))
    assert run("delete", url(server, "old.txt")).status == NOT_FOUND


def test_explain(server):
    write(server, "text.txt", b"text " * 100_000)
    control = ["--control", server.control_path]
    result = run("explain", "/text.txt", "-H", "Accept-Encoding: br", *control)
    assert result.status == DONE, result
    assert "HTTP/1.1 200 OK\n" in result.output and "Content-Encoding: br\n" in result.output
    answer = json.loads(run("explain", "/locked/a", "--json", *control).output)
    assert (answer["status"], answer["rule"], answer["site"]) == (403, "/locked/", "default")
    result = run("explain", "/", "--listener", "none", *control)
    assert result.status == NOT_FOUND and "There is no such listener." in result.error


@pytest.mark.parametrize("target,escape", [("/report#1.txt", "%23"), ("/what?.txt", "%3F"), ("", "")])
@pytest.mark.parametrize("command", ["put", "delete"])
def test_no_other_file_is_changed_than_the_one_that_is_named(command, target, escape):
    # Nobody is asked, so no server is needed.
    Path("new").write_bytes(b"new\n")
    arguments = ["put", "new", target] if command == "put" else ["delete", target]
    result = run(*arguments, "--server", "http://127.0.0.1:1")
    assert result.status == USAGE, result
    assert escape in result.error
