"""That no benchmark rots, and that what noise cannot touch holds.

Each case and part runs for a moment, whose figures mean nothing; the counts are as exact as in a
long run, and are compared with the thresholds in Benchmarks/thresholds.json. Peers take part if
they are installed: they are not needed to test the daemon.
"""

import http.client
import json
import socket
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "Benchmarks" / "run"

sys.path.insert(0, str(RUNNER.parent))

from bench import cases, limits, main, peers, report, servers, system  # noqa: E402

NAMES = [*cases.CASES_BY_NAME, *main.PARTS]


def run(directory, *arguments):
    """Runs benchmarks for a moment, and gives what they found."""
    result = subprocess.run(
        [sys.executable, RUNNER, "--tiny", "--output", directory, *arguments],
        capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return json.loads((directory / "results.json").read_text())


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What all of them found, with the floor."""
    return run(tmp_path_factory.mktemp("results"), "--peers", "floor")


@pytest.mark.parametrize("name", NAMES)
def test_each_has_figures(results, name):
    """Every case and every part was measured."""
    if name in results["parts"]:
        assert results["parts"][name]
        return
    summary = results["cases"][name]["summary"]
    assert "httpd-swift" in summary
    assert all(figures["cpu_us"] > 0 and figures["rate"] > 0 for figures in summary.values())


@pytest.mark.parametrize("peer", peers.PEERS)
def test_each_peer_takes_part(peer, tmp_path):
    """A peer that is installed can be started for each kind of case that it knows."""
    packages = peers.packages_of([peer])
    if not all(system.is_there(program) for program in packages.values()):
        pytest.skip(f"{', '.join(packages)} is not installed")
    names = ["1k", "gzip", "list-10", "put-4k"]
    for name, case in run(tmp_path, "--peers", peer, *names)["cases"].items():
        assert (peer in case["summary"]) == (peer in cases.CASES_BY_NAME[name].servers)


def test_floor_that_keeps_promises_looks_at_the_file_and_logs(tmp_path):
    file, log = tmp_path / "1k.html", tmp_path / "access.log"
    file.write_bytes(b"x" * 1024)
    port = servers.free_port()
    arguments = [system.build_c("floor.c"), port, 1024, "kept", file, log]
    with servers.Server("floor-kept", arguments, port, directory=tmp_path) as floor:
        floor.await_port()
        for number in range(1, 4):
            assert servers.ask(port, "/1k.html")[0] == 200
            assert len(log.read_text().splitlines()) == number
        file.write_bytes(b"y" * 1025)
        with pytest.raises((OSError, http.client.HTTPException)):
            servers.ask(port, "/1k.html")
        assert floor.process.wait(timeout=10) == 1


def test_floor_that_keeps_promises_takes_part_where_it_explains(tmp_path):
    found = run(tmp_path, "--peers", "floor,floor-kept", "1k", "304")["cases"]
    assert "floor-kept" in found["1k"]["summary"]
    assert "floor-kept" not in found["304"]["summary"]


def test_floor_stores_what_is_uploaded(tmp_path):
    """Large or small, new or over another, in one piece or many: each file is what was sent."""
    contents = {f"{place}.bin": bytes([65 + place]) * count
                for place, count in enumerate([0, 1, 4096, 1 << 20, (1 << 20) + 1])}
    requests = [f"PUT /{name} HTTP/1.1\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
                for name, content in contents.items()]
    port = servers.free_port()
    with servers.Server("floor", [system.build_c("floor.c"), port, "put", tmp_path], port,
                        directory=tmp_path) as floor:
        floor.await_port()
        for pieces in [1, 40_000]:
            with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
                sent = b"".join(requests)
                for begin in range(0, len(sent), len(sent) // pieces):
                    connection.sendall(sent[begin:begin + len(sent) // pieces])
                connection.shutdown(socket.SHUT_WR)
                answers = connection.makefile("rb").read()
            assert answers.count(b"HTTP/1.1 201 Created\r\n") == len(requests)
            for name, content in contents.items():
                assert (tmp_path / name).read_bytes() == content
                (tmp_path / name).write_bytes(b"before")


def test_counts_hold(results):
    """Instructions, system calls and allocations of a request are at most what they were."""
    failed = [check for check in limits.count_checks(limits.Figures(results)) if not check.held]
    assert not failed, [f"{check.row} of {check.what}: {check.text()}" for check in failed]


def made_up_results(ratio):
    """Results of all cases and parts, in which the daemon is as many times as good as others."""
    spread = {"median": ratio, "least": ratio, "greatest": ratio}
    figures = {"cpu_us": 10, "rate": 1000, "to_floor": spread, "ours_to_it": spread,
               "our_rate_to_its": {name: 1 / value for name, value in spread.items()}}
    summary = {name: figures for name in ["floor", "httpd-swift", "nginx", "h2o", "lighttpd",
                                          "caddy", "httpd-swift: 1k", "httpd-swift: one-worker"]}
    return {
        "machine": {"processor": "", "cores": 2, "memory_gib": 1, "kernel": "", "system": "",
                    "packages": {}, "date": ""},
        "rounds": 1, "seconds": 1, "tiny": False, "errors": {},
        "cases": {name: {"summary": summary, "rounds": {}} for name in cases.CASES_BY_NAME},
        "parts": {},
    }


def test_limits_tell_good_from_bad():
    """A daemon that costs a tenth of all others holds every row of costs, the reverse none."""
    for ratio, verdict in [(0.1, True), (10, False)]:
        checks = limits.checks(made_up_results(ratio))
        compared = [check.held for check in checks if check.held is not None]
        assert len(compared) >= 20 and set(compared) == {verdict}


def test_report_of_what_was_not_measured(tmp_path):
    """A report says so of rows without figures, and its picture is a picture."""
    report.write(tmp_path, made_up_results(0.5))
    assert "| not measured |" in (tmp_path / "results.md").read_text()
    assert xml.etree.ElementTree.parse(tmp_path / "results.svg").getroot().tag.endswith("svg")


def test_several_runs_are_shown_side_by_side(results):
    """Of each row the figures of all runs, and in how many it held."""
    lines = limits.several([results, results, results]).splitlines()
    assert len(lines) == 2 + len(limits.checks(results))
    row = next(line for line in lines if "| 1k |" in line and "instructions" in line)
    figures, held = row.split(" | ")[3:]
    assert len(set(figures.split(", "))) == 1 and figures.count(", ") == 2
    assert held == "3 of 3 |"
