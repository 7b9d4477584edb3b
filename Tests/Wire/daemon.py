"""The daemon under test: its configuration, its directories and its life."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from httpwire import Connection, request

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXECUTABLE = os.environ.get("HTTPD_SWIFT") or os.path.join(PROJECT, ".build/release/httpd-swift")
NOBODY, NOGROUP = 65534, 65534

LOG_LINE = re.compile(
    r'(?P<peer>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)"'
    r' (?P<status>\d{3}) (?P<bytes>\d+|-) "(?P<referrer>(?:[^"\\]|\\.)*)"'
    r' "(?P<agent>(?:[^"\\]|\\.)*)"'
)

SERVER = {
    "Workers": "2",
    "HeaderTimeoutSec": "5s",
    "IdleTimeoutSec": "20s",
    "DrainTimeoutSec": "5s",
}


def make_directory(prefix="httpd-swift-wire-"):
    """A directory that an unprivileged daemon can reach and write to."""
    path = tempfile.mkdtemp(prefix=prefix)
    os.chmod(path, 0o755)
    give(path)
    return path


def give(path):
    """Hand a path to the user that the daemon runs as."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOGROUP, follow_symlinks=False)


def unused_port():
    """A TCP port on the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, timeout=5.0, pause=0.01):
    """The first true value of `condition()`, or its last value once the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)


# Runs a program with sockets from descriptor 3 on, as sd_listen_fds(3) says.
PASS_ON = """
import fcntl, os, sys
high = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 500) for number in sys.argv[1].split(",")]
for at, descriptor in enumerate(high):
    os.dup2(descriptor, 3 + at)
os.closerange(3 + len(high), max(high) + 1)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


def injecting(*injections):
    """The command of a tracer that changes a program's system calls, as strace(1) says.

    A disk that is slow, or whose files are not in memory, shows what the page cache hides.
    """
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    calls = ",".join(injection.partition(":")[0] for injection in injections)
    return ["strace", "-f", "-qq", "-o", "/dev/null", *user, "-e", "trace=" + calls,
            *(word for injection in injections for word in ("-e", "inject=" + injection))]


# Nothing is in memory (preadv2(2) with RWF_NOWAIT), and every read of the disk takes 0.2 s.
SLOW_READS = ("preadv2:error=EAGAIN", "readahead:delay_exit=200000", "pread64:delay_exit=200000")


class Daemon:
    """A running `httpd-swift` of one site in a directory of its own.

    `server`, `log`, `site` and `paths` are keys of the configuration's sections that differ from
    the defaults of the tests; `more` is text for its end; `sockets` are pairs of a name and a
    listening socket, which it gets as from systemd; `descriptors_allowed` is its limit of those,
    `watchdog` the seconds after which the service manager would miss a sign of life. Start it with
    `start()` or `with`.
    """

    def __init__(self, server=(), log=(), site=(), paths=(), more="", directory=None, wrapper=(),
                 listen=(), sockets=(), descriptors_allowed=None, watchdog=None):
        self.directory = directory or make_directory()
        self.root = os.path.join(self.directory, "root")
        self.log_directory = os.path.join(self.directory, "log")
        for path in (self.root, self.log_directory):
            if not os.path.isdir(path):
                os.mkdir(path)
                give(path)
        self.log_path = os.path.join(self.log_directory, "access.log")
        self.config_path = os.path.join(self.directory, "httpd-swift.conf")
        self.control_path = os.path.join(self.directory, "control.sock")
        self.error_path = os.path.join(self.directory, "stderr")
        self.server = {**SERVER, **dict(server)}
        self.log = {"File": self.log_path, "Format": "combined", "Journal": "none", **dict(log)}
        self.site = {"ServerName": "localhost 127.0.0.1", "Root": self.root, **dict(site)}
        self.paths = {prefix: dict(keys) for prefix, keys in dict(paths).items()}
        self.more = more
        self.wrapper = list(wrapper)
        self.sockets = list(sockets)
        self.descriptors_allowed = descriptors_allowed
        self.watchdog = watchdog
        self.port = unused_port()
        self.listen = [] if self.sockets else ["127.0.0.1:%d" % self.port, *listen]
        self.process = None
        self.ready_after = None  # seconds from start to READY=1
        self.notifications = []
        self.write_configuration()

    # Its directories.

    def write_configuration(self):
        """Write the configuration file from the dictionaries."""
        sections = [("Server", self.server), ("Log", self.log), ("Site default", self.site)]
        sections += [("Path default " + prefix, keys) for prefix, keys in self.paths.items()]
        with open(self.config_path, "w") as file:
            for heading, keys in sections:
                file.write("[%s]\n" % heading)
                file.writelines("%s=%s\n" % item for item in keys.items())
                file.write("\n")
            file.write(self.more)

    def path(self, name):
        """The path of a name in the root."""
        return os.path.join(self.root, name)

    def put_file(self, name, content=b"", modified=None):
        """Make a file in the root, with the directories it needs; gives its path."""
        path = self.path(name)
        parent = os.path.dirname(path)
        if not os.path.isdir(parent):
            os.makedirs(parent)
            while len(parent) > len(self.root):
                give(parent)
                parent = os.path.dirname(parent)
        with open(path, "wb") as file:
            file.write(content)
        if modified is not None:
            os.utime(path, (modified, modified))
        give(path)
        return path

    def put_directory(self, name):
        """Make a directory in the root that the daemon may write to; gives its path."""
        os.makedirs(self.path(name), exist_ok=True)
        give(self.path(name))
        return self.path(name)

    def read_file(self, name):
        """The content of a file in the root."""
        with open(self.path(name), "rb") as file:
            return file.read()

    # Its life.

    def start(self, timeout=10.0):
        """Start it, and wait until it says that it is ready."""
        notify_path = os.path.join(self.directory, "notify.sock")
        if os.path.exists(notify_path):
            os.unlink(notify_path)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(notify_path)
        os.chmod(notify_path, 0o777)
        self.notifications = []
        threading.Thread(
            target=self._take_notifications, args=(notify, self.notifications), daemon=True).start()
        give(self.directory)
        command = [*self.wrapper, EXECUTABLE, "--config", self.config_path]
        for address in self.listen:
            command += ["--listen", address]
        command += ["--control", self.control_path]
        environment = {
            "PATH": os.environ["PATH"], "NOTIFY_SOCKET": notify_path, "TZ": "UTC",
        }
        if self.watchdog:
            environment["WATCHDOG_USEC"] = str(int(self.watchdog * 1e6))
        if self.descriptors_allowed:
            command = ["prlimit", "--nofile=%d" % self.descriptors_allowed, *command]
        descriptors = [each.fileno() for _, each in self.sockets]
        if self.sockets:
            command = ["/usr/bin/python3", "-c", PASS_ON, ",".join(map(str, descriptors)), *command]
            environment["LISTEN_FDS"] = str(len(descriptors))
            environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in self.sockets)
        user = {"user": NOBODY, "group": NOGROUP, "extra_groups": []} \
            if os.geteuid() == 0 and not self.wrapper else {}
        began = time.monotonic()
        with open(self.error_path, "ab") as error:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=error, stderr=error, env=environment,
                cwd=self.directory, pass_fds=descriptors, **user)
        while not self.notified("READY=1"):
            if self.process.poll() is not None or time.monotonic() > began + timeout:
                self.kill()
                raise AssertionError("the daemon did not get ready: %s" % self.errors())
            time.sleep(0.001)
        self.ready_after = time.monotonic() - began
        return self

    @staticmethod
    def _take_notifications(notify, notifications):
        # As the service manager does: a socket that nobody reads would stall the daemon.
        while True:
            notifications.append(notify.recv(65536).decode())

    def notified(self, start):
        """The number of the last notification with a line that starts so, from 1; 0 if none."""
        numbers = [number for number, message in enumerate(list(self.notifications), 1)
                   if any(line.startswith(start) for line in message.splitlines())]
        return numbers[-1] if numbers else 0

    def count_notified(self, line):
        """How many notifications have that line."""
        return sum(line in message.splitlines() for message in list(self.notifications))

    @property
    def pid(self):
        """The daemon's process; where a tracer started it, the tracer's child."""
        if not self.wrapper:
            return self.process.pid
        children = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        with open(children) as file:
            return int(file.read().split()[0])

    def stop(self, timeout=15.0):
        """Stop it with SIGTERM, and see that it exits with 0."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("SIGTERM did not end the daemon: %s" % self.errors())
        self.process = None
        assert code == 0, "exit code %d: %s" % (code, self.errors())

    def kill(self):
        """End it at once, as `kill -9` does."""
        if self.process is not None:
            if self.process.poll() is None:
                os.kill(self.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def is_running(self):
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def cpu_seconds(self):
        """The processor time that it has taken."""
        with open("/proc/%d/stat" % self.pid) as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def allow_descriptors(self, count):
        """Change how many descriptors it may have open."""
        user = {"user": NOBODY, "group": NOGROUP, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            ["prlimit", "--pid", str(self.pid), "--nofile=%d:" % count], check=True, **user)

    def descriptors(self):
        """What each descriptor that it has open stands for."""
        directory = "/proc/%d/fd/" % self.pid
        targets = []
        for name in os.listdir(directory):
            try:
                targets.append(os.readlink(directory + name))
            except FileNotFoundError:
                pass
        return targets

    def unnamed_files(self):
        """The files below the root that it has open and that have no name."""
        return [target for target in self.descriptors()
                if target.startswith(self.root) and target.endswith("(deleted)")]

    def errors(self):
        """What it wrote to standard error."""
        with open(self.error_path, errors="replace") as file:
            return file.read()[-4000:]

    def remove(self):
        """Take its directory away."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()
        self.remove()

    # Talking to it.

    def connect(self, **options):
        """A new connection."""
        return Connection(("127.0.0.1", self.port), **options)

    def fetch(self, target="/", method="GET", fields=(), content=None, timeout=10, **options):
        """The response to one request on a connection of its own."""
        with self.connect(timeout=timeout) as connection:
            response = connection.ask(
                request(target, method, fields, content, **options), method,
                version=options.get("version", "1.1"))
            assert response is not None, "no response: %s" % (connection.ending or "nothing came")
            return response

    def ask_raw(self, octets, method="GET"):
        """The first response to these octets, and whether the connection then ends."""
        with self.connect() as connection:
            response = connection.ask(octets, method)
            return response, connection.ended(0.5) if response is not None else True

    def control(self, target, method="GET", content=None):
        """The response to a request on the control socket."""
        with Connection(self.control_path) as connection:
            response = connection.ask(request(target, method, content=content), method)
            assert response is not None, "no response on the control socket"
            return response

    def status(self):
        """The status that the control socket gives."""
        response = self.control("/v1/status")
        assert response.status == 200, response
        return json.loads(response.content)

    def log_lines(self, count=None, timeout=3.0):
        """The lines of the access log; waits until there are `count` of them."""
        def lines():
            with open(self.log_path, encoding="utf-8", errors="surrogateescape") as file:
                return file.read().split("\n")[:-1]
        if count is not None:
            until(lambda: len(lines()) >= count, timeout)
        return lines()

    def log_records(self, count=None):
        """The lines of the access log in the combined form, parsed."""
        records = []
        for line in self.log_lines(count):
            match = LOG_LINE.fullmatch(line)
            assert match, "no line of the combined form: %r" % line
            records.append(match.groupdict())
        return records
