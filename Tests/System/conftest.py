"""Installs what was built into the box, and gives each test a freshly started daemon."""

import pathlib

import pytest

import machine


def pytest_configure():
    if not pathlib.Path("/etc/systemd-box").exists():
        pytest.exit("these tests change the machine they run on: use Tests/System/run", 1)


@pytest.fixture(scope="session", autouse=True)
def installed():
    """`make install`, as the admin does it; its output."""
    return machine.run("make", "install").stdout


@pytest.fixture(autouse=True)
def journal(installed, request):
    """The journal since the test began; the daemon runs, with nothing configured."""
    machine.reset()
    journal = machine.Journal()
    yield journal
    report = getattr(request.node, "report", None)
    if report and report.failed:
        print(journal.text("--output=short-precise"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report = outcome.get_result()
