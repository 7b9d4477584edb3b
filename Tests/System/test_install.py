"""What `make install` and `make uninstall` do to a machine."""

import grp
import os
import pathlib
import pwd
import re
import stat

import pytest

import machine

UNITS = [machine.SERVICE, *machine.SOCKETS]


def owner(path):
    """Owner, group and mode of a file: `user:group 0755`."""
    status = os.stat(path)
    return "%s:%s %04o" % (pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name,
                           stat.S_IMODE(status.st_mode))


def test_output_tells_what_to_do_next(installed):
    assert "systemctl start httpd-swift" in installed
    assert "systemctl enable --now httpd-swift" in installed


def test_user_is_a_system_user_without_login():
    user = pwd.getpwnam("httpd-swift")
    assert 0 < user.pw_uid < 1000
    assert user.pw_shell == "/usr/sbin/nologin"


@pytest.mark.parametrize("path, expected", [
    ("/var/lib/httpd-swift", "httpd-swift:httpd-swift 0755"),
    ("/var/lib/httpd-swift/www", "httpd-swift:httpd-swift 0755"),
    ("/var/lib/httpd-swift/www/index.html", "httpd-swift:httpd-swift 0644"),
    ("/var/log/httpd-swift", "httpd-swift:adm 2750"),
    ("/var/log/httpd-swift/access.log", "httpd-swift:adm 0640"),
    ("/etc/httpd-swift/httpd-swift.conf", "root:root 0644"),
    ("/usr/sbin/httpd-swift", "root:root 0755"),
    ("/usr/bin/httpctl", "root:root 0755"),
    ("/run/httpd-swift/control.sock", "root:root 0660"),
])
def test_owner_and_mode(path, expected):
    assert owner(path) == expected


def test_verify_prints_nothing():
    # Its exit status is 0 even for keys that it does not know, so the output is what counts.
    paths = ["/usr/lib/systemd/system/" + unit for unit in UNITS]
    assert machine.run("systemd-analyze", "verify", *paths).stdout == ""


def test_exposure_is_at_most_one_half():
    text = machine.run("systemd-analyze", "security", "--no-pager", machine.SERVICE).stdout
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    assert float(level[1]) <= 0.5, text


def test_cat_config_shows_the_file_and_its_drop_ins():
    drop_in = machine.configure("[Server]\nWorkers=1\n")
    text = machine.run("systemd-analyze", "cat-config", "httpd-swift/httpd-swift.conf").stdout
    assert "# %s\n" % machine.CONFIG in text
    assert "# %s\n[Server]\nWorkers=1\n" % drop_in in text
    assert text.index(str(machine.CONFIG)) < text.index(str(drop_in))


def test_shipped_configuration_is_accepted_by_check():
    assert machine.run("httpd-swift", "--check", check=False).returncode == 0
    assert machine.run("httpctl", "check", check=False).returncode == 0


@pytest.mark.parametrize("page", ["httpd-swift.8", "httpd-swift.conf.5", "httpctl.1"])
def test_manual_page(page):
    path = "/usr/share/man/man%s/%s" % (page[-1], page)
    text = machine.run("man", "--warnings", "--encoding=UTF-8", "--local-file", path).stdout
    assert "NAME" in text
    assert "warning" not in text, text


def test_manual_has_every_key_of_the_sample():
    page = machine.run("man", "httpd-swift.conf").stdout
    keys = re.findall(r"^#?([A-Z][A-Za-z]+)=", machine.CONFIG.read_text(), re.MULTILINE)
    assert [key for key in keys if not re.search(r"^ +%s=( |$)" % key, page, re.MULTILINE)] == []


def test_catalog_explains_every_message_id():
    sources = (machine.CHECKOUT / "packaging/systemd/httpd-swift.catalog").read_text()
    identifiers = re.findall(r"^-- ([0-9a-f]{32})$", sources, re.MULTILINE)
    assert len(identifiers) == len(set(identifiers)) == 8
    listed = machine.run("journalctl", "--list-catalog").stdout
    assert [i for i in identifiers if "%s httpd-swift:" % i not in listed] == []


def test_installing_again_keeps_an_edited_configuration():
    original = machine.CONFIG.read_text()
    edited = original + "\n# edited\n"
    sample = pathlib.Path(str(machine.CONFIG) + ".new")
    try:
        machine.CONFIG.write_text(edited)
        assert str(sample) in machine.run("make", "install").stdout
        assert machine.CONFIG.read_text() == edited
        assert sample.read_text() == original
    finally:
        machine.CONFIG.write_text(original)
    machine.run("make", "install")
    assert not sample.exists()


def test_installing_again_renews_a_configuration_that_nobody_edited():
    original = machine.CONFIG.read_text()
    pristine = pathlib.Path("/usr/share/doc/httpd-swift/httpd-swift.conf")
    for path in (machine.CONFIG, pristine):
        path.write_text("# as an older version shipped it\n")
    machine.run("make", "install")
    assert machine.CONFIG.read_text() == pristine.read_text() == original


def test_pages_that_were_removed_do_not_come_back():
    names = sorted(os.listdir(machine.WWW))
    kept = {name: (machine.WWW / name).read_bytes() for name in names}
    try:
        for name in names:
            (machine.WWW / name).unlink()
        machine.run("make", "install")
        machine.run("systemd-tmpfiles", "--create", "--boot")
        assert os.listdir(machine.WWW) == []
    finally:
        for name, content in kept.items():
            machine.write_page(name, content)
            os.chown(machine.WWW / name, pwd.getpwnam("httpd-swift").pw_uid, -1)


def test_staged_installation_writes_below_destdir_only(tmp_path):
    before = machine.main_pid()
    output = machine.run("make", "install", "DESTDIR=%s" % tmp_path, "prefix=/usr/local").stdout
    assert str(tmp_path) in output
    unit = (tmp_path / "usr/local/lib/systemd/system/httpd-swift.service").read_text()
    assert "ExecStart=/usr/local/sbin/httpd-swift\n" in unit
    assert "ExecReload=+/usr/local/bin/httpctl reload\n" in unit
    assert (tmp_path / "etc/httpd-swift/httpd-swift.conf").exists()
    machine.run("make", "uninstall", "DESTDIR=%s" % tmp_path, "prefix=/usr/local")
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
    assert machine.main_pid() == before


def test_uninstalling_leaves_content_logs_and_an_edited_configuration():
    original = machine.CONFIG.read_text()
    machine.write_page("mine.txt", b"mine\n")
    machine.get("/mine.txt")
    machine.CONFIG.write_text(original + "\n# edited\n")
    try:
        output = machine.run("make", "uninstall").stdout
        for left in ("/etc/httpd-swift", "/var/lib/httpd-swift", "/var/log/httpd-swift"):
            assert "left: %s\n" % left in output
        assert (machine.WWW / "mine.txt").read_bytes() == b"mine\n"
        assert '"GET /mine.txt HTTP/1.1"' in machine.ACCESS_LOG.read_text()
        assert machine.CONFIG.read_text().endswith("# edited\n")
        found = machine.run("find", "/usr", "/etc/systemd", "/etc/logrotate.d",
                            "(", "-name", "*httpd-swift*", "-o", "-name", "*httpctl*", ")",
                            "-not", "-path", "%s/*" % machine.CHECKOUT).stdout
        assert found == ""
        for unit in UNITS:
            assert machine.property_of("LoadState", unit) == "not-found"
            assert machine.property_of("ActiveState", unit) == "inactive"
    finally:
        machine.CONFIG.write_text(original)
        machine.run("make", "install")
    machine.systemctl("start", machine.SERVICE)
    assert machine.get("/mine.txt").body == b"mine\n"
