"""The machine under test, as its admin and its clients see it: systemctl, the journal, HTTP."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

SERVICE = "httpd-swift.service"
SOCKETS = ["httpd-swift.socket", "httpd-swift-control.socket"]
PORT = 8080
CONFIG = pathlib.Path("/etc/httpd-swift/httpd-swift.conf")
WWW = pathlib.Path("/var/lib/httpd-swift/www")
ACCESS_LOG = pathlib.Path("/var/log/httpd-swift/access.log")
CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent

REQUEST_SERVED = "8f3c1c5e2b6d4f0e9a7d1b2c3d4e5f60"
STARTED = "1b6f0f9a6c4e4f6bb0d8a7d5c1e2f301"
STOPPING = "2c7a1e8b7d5f405cb1e9b8e6d2f3a402"
RELOADED = "3d8b2f9c8e60416dc2fac9f7e304b503"
RELOAD_REFUSED = "4e9c30ad9f71427ed30bda08f415c604"
NOT_JOURNALED = "60be52cfb1934490f52dfc2a1637e806"


def run(*command, check=True, timeout=60):
    """Runs a command to its end and returns it with its output, error output included, as text."""
    done = subprocess.run(command, cwd=CHECKOUT, timeout=timeout, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert not check or done.returncode == 0, "%s: exit %d\n%s" % (
        " ".join(map(str, command)), done.returncode, done.stdout)
    return done


def systemctl(*arguments, check=True):
    """Runs systemctl."""
    return run("systemctl", *arguments, check=check)


def property_of(name, unit=SERVICE):
    """The value of a unit's property, as text."""
    return systemctl("show", "--property", name, "--value", unit).stdout.strip()


def main_pid():
    """The process id of the daemon."""
    return int(property_of("MainPID"))


def wait_until(condition, what, seconds=10):
    """Waits until `condition()` holds and returns its value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "not within %s s: %s" % (seconds, what)
        time.sleep(0.02)
    return value


def override(unit, text):
    """Gives a unit a drop-in, without restarting anything."""
    directory = pathlib.Path("/etc/systemd/system/%s.d" % unit)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "50-test.conf").write_text(text)
    systemctl("daemon-reload")


def configure(text):
    """Gives the configuration a drop-in, without reloading it; its path."""
    path = CONFIG.with_name(CONFIG.name + ".d") / "50-test.conf"
    path.write_text(text)
    return path


def reset():
    """Starts the daemon anew with nothing but what was installed."""
    systemctl("stop", SERVICE, *SOCKETS)
    for override_path in pathlib.Path("/etc/systemd/system").glob("httpd-swift*"):
        if override_path.is_dir():
            shutil.rmtree(override_path)
        else:
            systemctl("stop", override_path.name)
            override_path.unlink()
    for path in CONFIG.with_name(CONFIG.name + ".d").glob("*"):
        path.unlink()
    systemctl("daemon-reload")
    systemctl("reset-failed")
    systemctl("start", SERVICE)


class Journal:
    """The journal from a moment on."""

    def __init__(self):
        # Not a cursor: with --after-cursor and a match, journalctl 252 leaves out the first entry.
        self.begin = time.time()

    def text(self, *arguments):
        """What journalctl prints with the arguments."""
        run("journalctl", "--sync")
        return run("journalctl", "--quiet", "--no-pager", "--all", "--since=@%.6f" % self.begin,
                   *arguments).stdout

    def entries(self, *matches):
        """The entries with the fields `NAME=value`, each as a dictionary."""
        lines = self.text("--output=json", *matches).splitlines()
        return [json.loads(line) for line in lines]

    def wait_for(self, *matches, seconds=10):
        """The last entry with the fields, as soon as there is one."""
        return wait_until(lambda: self.entries(*matches), "journal: " + " ".join(matches),
                          seconds)[-1]


class UnixHTTPConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Response:
    """A response that was read to its end."""

    def __init__(self, response):
        self.status = response.status
        self.fields = response.headers
        self.body = response.read()


def exchange(connection, method, target, body=None, **fields):
    """One exchange on a connection that stays open."""
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, target, body=body, headers=fields)
    return Response(connection.getresponse())


def request(method, target, body=None, address=("127.0.0.1", PORT), **fields):
    """One exchange on a connection of its own, to a host and port or to a Unix socket's path."""
    if isinstance(address, tuple):
        connection = http.client.HTTPConnection(*address, timeout=10)
    else:
        connection = UnixHTTPConnection(address)
    try:
        return exchange(connection, method, target, body, **fields)
    finally:
        connection.close()


def get(target, **options):
    """A GET on a connection of its own."""
    return request("GET", target, **options)


def resident_bytes(pid):
    """The memory of a process that is resident (VmRSS)."""
    for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def write_page(name, content):
    """A page in the default root, which only its owner may write; its path."""
    path = WWW / name
    path.write_bytes(content)
    os.chmod(path, 0o644)
    return path
