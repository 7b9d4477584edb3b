"""Requests that other projects have collected, replayed: see corpora/README.md.

The runners are kept as they are, but for one word in `h1corpus/run.py`: it gave a Host to the
vector "Host missing" too. Each ends with "N passed, N failed".
"""

import os
import re
import subprocess
import sys

import pytest

from daemon import give, make_directory

CORPORA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpora")


@pytest.fixture(scope="module")
def runs(start_daemon):
    """The runners, all under way, each against a daemon of its own."""
    processes = {}
    for name, arguments in (
        ("h1corpus", ["--put", "--jobs", "24"]),
        ("smuggling", ["--method", "PUT", "--jobs", "24"]),
        ("traversal", ["--put"]),
    ):
        base = make_directory()
        subprocess.run(
            [sys.executable, os.path.join(CORPORA, "mkdocroot.py"), base], check=True)
        for top, _, files in os.walk(os.path.join(base, "docroot")):
            for path in [top] + [os.path.join(top, file) for file in files]:
                give(path)
        daemon = start_daemon(
            directory=base, paths={"/up/": {"Upload": "yes"}},
            site={"Root": base + "/docroot", "ServerName": "*", "Upload": "no",
                  "UploadDurability": "none", "Fallback": "/index.html", "FallbackStatus": "404"})
        if name == "traversal":
            arguments = arguments + ["--base", base]
        processes[name] = subprocess.Popen(
            [sys.executable, os.path.join(CORPORA, name, "run.py"), "127.0.0.1",
             str(daemon.port), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}), daemon
    yield processes
    for process, _ in processes.values():
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.parametrize("name,least", [
    ("h1corpus", 450), ("smuggling", 1700), ("traversal", 7000)])
def test_corpus(runs, name, least):
    process, daemon = runs[name]
    output, _ = process.communicate(timeout=300)
    failures = [line for line in output.splitlines() if line.startswith(("FAIL", "       got"))]
    match = re.search(r"(\d+) passed, (\d+) failed(, \d+ skipped)?\s*\Z", output)
    assert match, output[-2000:]
    assert int(match[1]) >= least, "the corpus is not whole"
    assert int(match[2]) == 0, "\n".join(failures)
    assert daemon.is_running()
