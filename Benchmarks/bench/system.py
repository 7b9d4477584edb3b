"""The machine that measures: its cores, its packages, the programs in C, and a place for files."""

import contextlib
import os
import pathlib
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "Benchmarks"
BUILD = ROOT / ".build-benchmarks"

SERVER_CORE = 0
LOAD_CORE = 1

# Debian's packages, and the program by which each is known to be there.
LOAD_PACKAGES = {"wrk": "wrk", "nghttp2-client": "h2load"}
COUNT_PACKAGES = {"valgrind": "valgrind", "strace": "strace", "binutils": "strip"}
PEER_PACKAGES = {"nginx-light": "nginx", "h2o": "h2o", "lighttpd": "lighttpd",
                 "lighttpd-mod-webdav": "/usr/lib/lighttpd/mod_webdav.so",
                 "lighttpd-mod-deflate": "/usr/lib/lighttpd/mod_deflate.so", "caddy": "caddy"}


class BenchmarkError(Exception):
    """Something that makes a measurement impossible or worthless."""


def build_c(source, *flags):
    """Compiles a file of programs/ if it is newer than its program, and gives that one's path."""
    source = BENCHMARKS / "programs" / source
    output = BUILD / (source.stem + (".so" if "-shared" in flags else ""))
    if not output.exists() or output.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(exist_ok=True)
        subprocess.run(
            [os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-Werror", *flags,
             "-o", output, source],
            check=True, timeout=120)
    return output


def find_program(name):
    """The path of a program, also of those that only root has in its search path."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def is_there(name):
    """Whether a program, or a file given by its path, is installed."""
    return os.path.exists(name) if name.startswith("/") else find_program(name) is not None


def require(packages, install):
    """Makes sure that packages are there, and installs what is missing if that is wanted.

    Their services do not start: only what the benchmarks start themselves is measured.
    """
    missing = [package for package, program in packages.items() if not is_there(program)]
    if not missing:
        return
    if not install:
        raise BenchmarkError(f"not installed: {', '.join(missing)} (--install does it)")
    if os.geteuid() != 0:
        raise BenchmarkError(f"missing: run as root `apt-get install {' '.join(missing)}`")
    policy = pathlib.Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    options = {"stdout": sys.stderr, "timeout": 900,
               "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    install_all = [*apt, "install", "-y", "--no-install-recommends", *missing]
    try:
        if subprocess.run(install_all, **options).returncode != 0:
            subprocess.run([*apt, "update"], check=True, **options)
            subprocess.run(install_all, check=True, **options)
    finally:
        if ours:
            policy.unlink()


def pin(cores):
    """For `preexec_fn`: runs the child on these cores, as far as the machine has them."""
    def apply():
        os.sched_setaffinity(0, set(cores) & set(range(os.cpu_count())) or {0})
    return apply


def raise_descriptor_limit():
    """Lifts the soft limit on open descriptors of this process and its children to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def scratch():
    """A directory on a disk, for the servers' files and logs, that is removed in the end.

    In the checkout, since /tmp is in memory on many machines, where a flush costs nothing.
    """
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=BUILD) as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        yield directory


@contextlib.contextmanager
def memory_scratch():
    """A directory in memory, where the system has that, that is removed in the end."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else BUILD
    with tempfile.TemporaryDirectory(prefix="httpd-swift-", dir=memory) as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        yield directory


def describe():
    """What the figures were measured on, and with which versions."""
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
        "congestion_control": congestion_control(),
        "system": system,
        "packages": package_versions(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def congestion_control():
    """The kernel's way to pace TCP: with some of them, timers are much of what sending costs."""
    try:
        return pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    except OSError:
        return "unknown"


def package_versions():
    """The versions of what is installed of the peers and the load generators."""
    names = [*PEER_PACKAGES, *LOAD_PACKAGES]
    result = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *names],
        capture_output=True, text=True, timeout=30)
    return dict(line.split(" ", 1) for line in result.stdout.splitlines() if not line.endswith(" "))
