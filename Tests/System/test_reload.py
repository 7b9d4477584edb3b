"""`systemctl reload`: it tells its outcome, and a refused configuration changes nothing."""

import http.client
import os
import signal

import pytest

import machine

BROKEN = """\
[Site default]
Upload=perhaps
Roott=/srv
"""


def reload():
    return machine.systemctl("reload", machine.SERVICE, check=False)


def test_good_configuration_is_in_force_when_reload_returns(journal):
    pid = machine.main_pid()
    connection = http.client.HTTPConnection("127.0.0.1", machine.PORT)
    assert machine.exchange(connection, "GET", "/").fields["Cache-Control"] is None
    for age in (10, 20, 30):
        machine.configure("[Site default]\nCacheControl=max-age=%d\n" % age)
        assert reload().returncode == 0
        for response in (machine.get("/"), machine.exchange(connection, "GET", "/")):
            assert response.fields["Cache-Control"] == "max-age=%d" % age
    assert machine.main_pid() == pid
    done = journal.entries("MESSAGE_ID=" + machine.RELOADED)
    generations = [int(entry["CONFIG_GENERATION"]) for entry in done]
    assert generations == sorted(set(generations)) and len(generations) == 3
    assert str(machine.CONFIG) in done[-1]["CONFIG_FILES"]
    assert "50-test.conf" in done[-1]["CONFIG_FILES"]


def test_broken_configuration_is_refused_with_file_line_and_column(journal):
    machine.configure("[Site default]\nCacheControl=max-age=1\n")
    assert reload().returncode == 0
    pid = machine.main_pid()
    drop_in = machine.configure(BROKEN)
    assert reload().returncode != 0
    text = journal.text("--unit", machine.SERVICE, "--output=cat")
    for place, word in (("%s:2:8: " % drop_in, "perhaps"), ("%s:3:1: " % drop_in, "Root=")):
        assert any(place in line and word in line for line in text.splitlines()), text
    # All goes on as before.
    assert machine.property_of("ActiveState") == "active"
    assert machine.main_pid() == pid
    assert machine.get("/").fields["Cache-Control"] == "max-age=1"
    assert reload().returncode != 0
    drop_in.unlink()
    assert reload().returncode == 0
    assert machine.get("/").fields["Cache-Control"] is None


def test_journal_explains_a_refused_reload(journal):
    drop_in = machine.configure(BROKEN)
    assert reload().returncode != 0
    entry = journal.wait_for("MESSAGE_ID=" + machine.RELOAD_REFUSED)
    assert "%s:3:1: " % drop_in in entry["CONFIG_ERRORS"]
    text = journal.text("--catalog", "--unit", machine.SERVICE)
    assert "A new configuration was refused" in text
    assert "Nothing has changed" in text


def test_check_finds_the_same_errors_beforehand():
    drop_in = machine.configure(BROKEN)
    for command in (["httpd-swift", "--check"], ["httpctl", "check"]):
        checked = machine.run(*command, check=False)
        assert checked.returncode != 0
        assert "%s:2:8: " % drop_in in checked.stdout
        assert "%s:3:1: " % drop_in in checked.stdout


@pytest.mark.parametrize("text, place", [
    ("[Site default]\nRoot=/no/such/directory\n", ":2:6: "),
    ("[Site default]\nListen=nothing\n", ":2:8: "),
])
def test_what_only_the_machine_can_tell_is_refused_too(journal, text, place):
    drop_in = machine.configure(text)
    assert reload().returncode != 0
    assert str(drop_in) + place in journal.text("--unit", machine.SERVICE, "--output=cat")
    assert machine.get("/").status == 200


def test_log_goes_on_in_another_file():
    other = machine.ACCESS_LOG.with_name("other.log")
    try:
        machine.configure("[Log]\nFile=%s\nFormat=json\n" % other)
        assert reload().returncode == 0
        machine.get("/?other-log")
        machine.wait_until(lambda: "/?other-log" in other.read_text(), "the line")
        assert "/?other-log" not in machine.ACCESS_LOG.read_text()
        assert (other.owner(), other.group()) == ("httpd-swift", "adm")
    finally:
        other.unlink()


def test_log_that_cannot_be_opened_is_refused(journal):
    drop_in = machine.configure("[Log]\nFile=/usr/access.log\n")
    assert reload().returncode != 0
    assert "%s:2:6: " % drop_in in journal.text("--unit", machine.SERVICE, "--output=cat")
    machine.get("/?kept-log")
    machine.wait_until(lambda: "/?kept-log" in machine.ACCESS_LOG.read_text(), "the line")


def test_what_takes_a_restart_is_told(journal):
    drop_in = machine.configure("[Server]\nWorkers=1\n")
    assert "%s:2:9: " % drop_in in machine.run("httpctl", "reload").stdout
    text = journal.text("--unit", machine.SERVICE, "--output=cat")
    assert "%s:2:9: a change of Workers= takes effect when" % drop_in in text


def test_sighup_reloads_too(journal):
    machine.configure("[Site default]\nCacheControl=max-age=5\n")
    os.kill(machine.main_pid(), signal.SIGHUP)
    journal.wait_for("MESSAGE_ID=" + machine.RELOADED)
    assert machine.get("/").fields["Cache-Control"] == "max-age=5"
