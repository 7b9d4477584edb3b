"""The access log file and the journal: each request once, found again, never lost in a rotation."""

import collections
import grp
import pathlib
import re
import subprocess
import threading
import time

import load
import machine


def log_lines(pattern):
    """The lines of the access log that contain a text, in all its files."""
    lines = []
    for path in sorted(machine.ACCESS_LOG.parent.glob("access.log*")):
        lines += [line for line in path.read_text().splitlines() if pattern in line]
    return lines


def test_journal_has_the_fields_of_a_request(journal):
    response = machine.get("/?fields", Referer="http://example.org/from", User_Agent="probe/1.0")
    assert response.status == 200
    entry = journal.wait_for("--unit", machine.SERVICE, "HTTP_TARGET=/?fields")
    expected = {
        "MESSAGE_ID": machine.REQUEST_SERVED,
        "HTTP_METHOD": "GET",
        "HTTP_STATUS": "200",
        "HTTP_BYTES": str(len(response.body)),
        "HTTP_REFERRER": "http://example.org/from",
        "HTTP_USER_AGENT": "probe/1.0",
        "REMOTE_ADDR": "127.0.0.1",
        "_SYSTEMD_UNIT": machine.SERVICE,
    }
    assert {name: entry.get(name) for name in expected} == expected
    assert entry["HTTP_HOST"].startswith("127.0.0.1")
    assert 0 <= int(entry["HTTP_DURATION_USEC"]) < 10_000_000
    assert entry["REQUEST_ID"]


def test_journal_finds_requests_by_status(journal):
    assert machine.get("/no-such-page").status == 404
    machine.get("/")
    found = journal.wait_for("HTTP_STATUS=404")
    assert found["HTTP_TARGET"] == "/no-such-page"
    assert len(journal.entries("HTTP_STATUS=404")) == 1


def test_journal_explains_a_request(journal):
    machine.get("/?explained")
    journal.wait_for("HTTP_TARGET=/?explained")
    text = journal.text("--catalog", "HTTP_TARGET=/?explained")
    assert "A request was answered" in text
    assert "GET /?explained" in text


def test_log_has_one_line_for_each_of_10000_requests(journal):
    statuses = load.numbered_requests(10_000, threads=16)
    assert sum(statuses.values()) == 10_000
    numbers = re.compile(r'"GET \S*\?number=(\d+) HTTP/1\.1" (\d+)')
    machine.wait_until(lambda: len(log_lines("?number=")) >= 10_000, "10 000 lines")
    found = [numbers.search(line) for line in log_lines("?number=")]
    assert sorted(int(match[1]) for match in found) == list(range(10_000))
    assert collections.Counter(int(match[2]) for match in found) == statuses

    # The journal gets so many a second, and says how many it did not get.
    def told():
        served = [entry for entry in journal.entries("MESSAGE_ID=" + machine.REQUEST_SERVED)
                  if "?number=" in entry["HTTP_TARGET"]]
        left_out = journal.entries("MESSAGE_ID=" + machine.NOT_JOURNALED)
        assert served
        return len(served) + sum(int(entry["SUPPRESSED"]) for entry in left_out)

    machine.wait_until(lambda: told() == 10_000, "10 000 requests in the journal or counted")


def test_log_is_readable_by_the_group_adm():
    machine.get("/?adm")
    members = ["--reuid=nobody", "--regid=nogroup", "--groups=%d" % grp.getgrnam("adm").gr_gid]
    machine.wait_until(lambda: log_lines("/?adm"), "the line")
    read = machine.run("setpriv", *members, "grep", "-c", "/?adm", str(machine.ACCESS_LOG))
    assert read.stdout.strip() == "1"
    others = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    assert machine.run("setpriv", *others, "cat", str(machine.ACCESS_LOG), check=False).returncode


def test_sigusr1_reopens_the_log():
    machine.get("/?before-usr1")
    machine.wait_until(lambda: log_lines("/?before-usr1"), "the line")
    moved = machine.ACCESS_LOG.with_name("access.log.moved")
    machine.ACCESS_LOG.rename(moved)
    try:
        machine.systemctl("kill", "--signal=USR1", "--kill-whom=main", machine.SERVICE)
        machine.wait_until(machine.ACCESS_LOG.exists, "a new log file")
        machine.get("/?after-usr1")
        machine.wait_until(lambda: "/?after-usr1" in machine.ACCESS_LOG.read_text(), "the line")
        assert "/?after-usr1" not in moved.read_text()
    finally:
        moved.unlink()


def test_logrotate_under_load_loses_and_doubles_nothing():
    before = set(machine.ACCESS_LOG.parent.iterdir())
    statuses = {}
    sender = threading.Thread(target=lambda: statuses.update(
        load.numbered_requests(10_000, threads=4, query="rotated")))
    sender.start()
    for _ in range(3):
        time.sleep(0.1)
        # An empty log is not rotated (notifempty).
        machine.wait_until(
            lambda: machine.ACCESS_LOG.exists() and machine.ACCESS_LOG.stat().st_size, "a line")
        machine.run("logrotate", "--force", "/etc/logrotate.d/httpd-swift")
    sender.join()
    assert sum(statuses.values()) == 10_000
    rotated = sorted(set(machine.ACCESS_LOG.parent.iterdir()) - before)
    assert len(rotated) == 3
    for path in (machine.ACCESS_LOG, *rotated):
        status = path.stat()
        assert (path.owner(), path.group(), status.st_mode & 0o777) == ("httpd-swift", "adm", 0o640)

    def numbers():
        text = ""
        for path in (machine.ACCESS_LOG, *rotated):
            text += (subprocess.check_output(["zcat", path], text=True) if path.suffix == ".gz"
                     else path.read_text())
        return sorted(int(number) for number in re.findall(r"\?rotated=(\d+) ", text))

    machine.wait_until(lambda: len(numbers()) >= 10_000, "10 000 lines")
    assert numbers() == list(range(10_000))


def test_full_disk_under_the_log_is_said_once_and_serving_goes_on(journal):
    """A log on a file system of one page, which the first lines fill."""
    small = pathlib.Path("/run/small-log")
    small.mkdir(exist_ok=True)
    machine.run("mount", "-t", "tmpfs", "-o", "size=4k,mode=777", "tmpfs", str(small))
    try:
        machine.override(machine.SERVICE, "[Service]\nReadWritePaths=%s\n" % small)
        machine.configure("[Log]\nFile=%s/access.log\n" % small)
        machine.systemctl("restart", machine.SERVICE)
        for _ in range(200):
            assert machine.get("/").status == 200
        failures = machine.wait_until(
            lambda: journal.entries("MESSAGE_ID=5fad41bea082438fe41ceb190526d705"), "the message")
        assert len(failures) == 1
        assert failures[0]["LOG_FILE"] == "%s/access.log" % small
        assert failures[0]["ERRNO"] == "28"
    finally:
        machine.systemctl("stop", machine.SERVICE)
        machine.run("umount", str(small))
