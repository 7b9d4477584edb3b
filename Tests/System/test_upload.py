"""Uploads through the sandbox: into the default root, and into one of the admin's."""

import os
import pathlib
import shutil
import socket

import pytest

import machine


@pytest.fixture(autouse=True)
def uploads_allowed(journal):
    machine.configure("[Site default]\nServerName=*\nUpload=yes\nUploadCreateDirectories=yes\n")
    machine.systemctl("reload", machine.SERVICE)


def owner_and_mode(path):
    return path.owner(), path.group(), "%04o" % (path.stat().st_mode & 0o7777)


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
def test_upload_is_stored_and_readable_by_all(size):
    content = os.urandom(size)
    assert machine.request("PUT", "/upload.bin", content).status in (201, 204)
    path = machine.WWW / "upload.bin"
    assert path.read_bytes() == content
    assert owner_and_mode(path) == ("httpd-swift", "httpd-swift", "0644")
    assert machine.get("/upload.bin").body == content


def test_new_directories_are_open_to_all_readers():
    assert machine.request("PUT", "/new/below/upload.txt", b"text\n").status == 201
    for path in (machine.WWW / "new", machine.WWW / "new/below"):
        assert owner_and_mode(path) == ("httpd-swift", "httpd-swift", "0755")
    shutil.rmtree(machine.WWW / "new")


def test_root_elsewhere_takes_uploads_with_read_write_paths(journal):
    root = pathlib.Path("/srv/uploads")
    root.mkdir(parents=True, exist_ok=True)
    shutil.chown(root, "httpd-swift")
    machine.configure("[Site default]\nServerName=*\nRoot=%s\nUpload=yes\n" % root)
    machine.systemctl("restart", machine.SERVICE)
    # The sandbox has not been told: said at once, refused, with nothing written.
    said = journal.text("--unit", machine.SERVICE, "--output=cat")
    assert ":3:6: uploads to Root=%s" % root in said
    assert "ReadWritePaths=%s" % root in said
    assert machine.request("PUT", "/upload.txt", b"text\n").status >= 400
    assert list(root.iterdir()) == []
    machine.override(machine.SERVICE, "[Service]\nReadWritePaths=%s\n" % root)
    machine.systemctl("restart", machine.SERVICE)
    assert machine.request("PUT", "/upload.txt", b"text\n").status == 201
    assert (root / "upload.txt").read_bytes() == b"text\n"
    said = journal.text("--unit", machine.SERVICE, "--output=cat", "_PID=%d" % machine.main_pid())
    assert "uploads to Root=" not in said


def test_kill_during_an_upload_leaves_nothing():
    """Half of an upload was sent when the daemon is killed."""
    before = sorted(machine.WWW.rglob("*"))
    with socket.create_connection(("127.0.0.1", machine.PORT)) as client:
        client.sendall(b"PUT /torn.bin HTTP/1.1\r\nHost: localhost\r\n"
                       b"Content-Length: 2000000\r\n\r\n" + bytes(1_000_000))
        machine.wait_until(lambda: "www" in " ".join(open_files()), "the upload being written")
        os.kill(machine.main_pid(), 9)
        machine.wait_until(lambda: machine.get("/").status == 200, "served again")
    assert sorted(machine.WWW.rglob("*")) == before


def open_files():
    """The daemon's open files that have no name."""
    names = []
    for descriptor in pathlib.Path("/proc/%d/fd" % machine.main_pid()).iterdir():
        try:
            name = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        if "deleted" in name:
            names.append(name)
    return names
