"""What the measuring programs share: building the C helpers, starting servers, reading the kernel.

Servers are started on the loopback interface, each on a port of its own, and only those are ended.
"""

import http.client
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build-benchmarks"

SERVER_CORE = 0
LOAD_CORE = 1


class BenchmarkError(Exception):
    """Something that makes a measurement impossible or worthless."""


def build_c(source, name, *flags):
    """Compiles a C file of this directory when it is newer than its program, and gives its path."""
    source = ROOT / "Benchmarks" / source
    output = BUILD / name
    if not output.exists() or output.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(exist_ok=True)
        subprocess.run(
            [os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-Werror", *flags,
             "-o", output, source],
            check=True)
    return output


def daemon_path():
    """The daemon to measure: $HTTPD_SWIFT, or the release build of this checkout."""
    path = pathlib.Path(os.environ.get("HTTPD_SWIFT", ROOT / ".build/release/httpd-swift"))
    if not os.access(path, os.X_OK):
        raise BenchmarkError(
            f"{path} is not there: build it with `swift build -c release`, "
            "or name another one in $HTTPD_SWIFT")
    return path.resolve()


def free_port():
    """A TCP port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin(core):
    """For `preexec_fn`: runs the child on one core, if the machine has more than one."""
    def apply():
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, {core})
    return apply


def raise_descriptor_limit():
    """Lifts the soft limit on open descriptors of this process and its children to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Server:
    """A running server: its process, its port, and what the kernel says of it."""

    def __init__(self, name, arguments, port, *, environment=None, logs=(), diagnostics=None,
                 pass_fds=()):
        self.name = name
        self.port = port
        self.logs = list(logs)
        self.diagnostics = diagnostics
        output = open(diagnostics, "wb") if diagnostics else subprocess.DEVNULL
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, env={**os.environ, **(environment or {})}, preexec_fn=pin(SERVER_CORE),
            pass_fds=pass_fds)
        if diagnostics:
            output.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def await_port(self, seconds=15):
        """Waits until the server accepts connections."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.01)
        raise BenchmarkError(f"{self.name} does not listen on {self.port}{self.last_words()}")

    def last_words(self):
        """What the server wrote, for an error message."""
        if not self.diagnostics:
            return ""
        text = pathlib.Path(self.diagnostics).read_text(errors="replace").strip()
        return f": {text[-2000:]}" if text else ""

    def stop(self):
        """Ends the server, and by force what does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def processes(self):
        """The ids of the server's process and of all below it."""
        found, queue = [], [self.process.pid]
        while queue:
            process = queue.pop()
            found.append(process)
            for children in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
                queue += [int(child) for child in children.read_text().split()]
        return found

    def cpu_nanoseconds(self):
        """CPU time of all threads of all its processes, from the scheduler's own accounting."""
        total = 0
        for process in self.processes():
            for file in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat"):
                total += int(file.read_text().split()[0])
        return total

    def memory(self):
        """RSS and PSS in bytes, summed over its processes."""
        rss = pss = 0
        for process in self.processes():
            text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
            rss += int(re.search(r"^Rss:\s+(\d+) kB", text, re.M)[1]) * 1024
            pss += int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1]) * 1024
        return {"rss": rss, "pss": pss}


def write_daemon_configuration(directory, root, site=""):
    """Writes the configuration that the daemon is measured with, and gives its path and the log's.

    `site` has more lines for the site.
    """
    log = directory / "access.log"
    path = directory / "httpd-swift.conf"
    path.write_text(
        "[Server]\nWorkers=1\nIdleTimeoutSec=10min\nMaxConnections=16384\n\n"
        f"[Log]\nFile={log}\nJournal=none\n\n"
        f"[Site default]\nRoot={root}\nFallback=\n{site}")
    return path, log


def start_daemon(directory, root, site="", **options):
    """Starts the daemon with one worker and its access log to a file."""
    configuration, log = write_daemon_configuration(directory, root, site)
    port = free_port()
    return Server(
        "httpd-swift",
        [daemon_path(), "--config", configuration, "--listen", f"127.0.0.1:{port}"],
        port, logs=[log], diagnostics=directory / "httpd-swift.err", **options)


def write_documents(directory):
    """The document root that all servers serve."""
    root = directory / "www"
    root.mkdir()
    (root / "1k.html").write_bytes((b"0123456789abcde\n" * 64)[:1024])
    (root / "100k.bin").write_bytes(os.urandom(100 << 10))
    (root / "10m.bin").write_bytes(os.urandom(10 << 20))
    for path in [directory, root]:
        path.chmod(0o755)
    # Old enough that every server takes the files for settled.
    for path in root.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return root


def ask(port, target, fields=None, method="GET"):
    """One request on a connection of its own: status, fields and content."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, headers=fields or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def machine():
    """What the figures were measured on."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = "Linux"
    release = pathlib.Path("/etc/os-release")
    if release.exists():
        found = re.search(r'^PRETTY_NAME="?([^"\n]+)', release.read_text(), re.M)
        system = found[1] if found else system
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory / (1 << 30)),
        "kernel": platform.release(),
        "system": system,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def install(packages):
    """Installs Debian packages that are missing, without letting their services start."""
    missing = [package for package, program in packages.items() if not find_program(program)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise BenchmarkError(f"missing: run as root `apt-get install {' '.join(missing)}`")
    policy = pathlib.Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
            check=True, stdout=sys.stderr, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    finally:
        if ours:
            policy.unlink()


def find_program(name):
    """The path of a program, also of those that only root has in its search path."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
