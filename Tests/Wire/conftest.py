"""Fixtures: daemons that are stopped, checked and removed with the module that uses them."""

import concurrent.futures
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import daemon as daemons  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def executable():
    """The daemon's program, in a place where an unprivileged user can run it."""
    source = daemons.EXECUTABLE
    assert os.access(source, os.X_OK), "%s: build it first (make build)" % source
    directory = daemons.make_directory()
    if os.geteuid() == 0:
        daemons.EXECUTABLE = os.path.join(directory, os.path.basename(source))
        shutil.copy(source, daemons.EXECUTABLE)
    yield daemons.EXECUTABLE
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def start_daemon():
    """Starts daemons for a module: `start_daemon(site={…}, …)`."""
    started = []

    def start(**options):
        daemon = daemons.Daemon(**options)
        started.append(daemon)
        return daemon.start()

    yield start
    failures = []
    for daemon in started:
        try:
            daemon.stop()
        except AssertionError as failure:
            failures.append(str(failure))
        daemon.remove()
    assert not failures, failures


@pytest.fixture(scope="module")
def pool():
    """Threads for what runs at the same time."""
    with concurrent.futures.ThreadPoolExecutor(80) as executor:
        yield executor
