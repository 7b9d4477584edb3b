"""What it brings that durable uploads share their flushes, and what the disk allows.

Sixteen clients put files of 64 KiB with full durability. A program without HTTP
(programs/commits.c) does what a server must do for each of them: write the file, flush it, give it
its name, flush the directory; with one thread, so one file at a time, and with as many as there are
clients. The disk is the same: what it can do together, and what waits for what, makes the ratios.
"""

import dataclasses
import json
import subprocess

from . import loads, peers, rounds, system
from .cases import BOTH_CORES, CASES_BY_NAME

# The cores are nobody's own here: what is measured is how much gets done, not what it costs.
CASE = dataclasses.replace(CASES_BY_NAME["put-64k-full"], **BOTH_CORES)
TOGETHER, ALONE, BARE = "together", "one at a time", "at once without HTTP"


class Program:
    """The program without HTTP, with a directory and a number of threads."""

    def __init__(self, directory, threads):
        directory.mkdir()
        self.process = subprocess.Popen(
            [system.build_c("commits.c", "-pthread"), directory, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def round(self, seconds):
        """The figures of a round."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise system.BenchmarkError("the program that stores files ended early")
        return json.loads(line)


def measure(directory, options):
    """Rounds of all three, and the ratios of their rates."""
    own = directory / "commits"
    own.mkdir()
    put = directory / "www" / "put"
    with peers.httpd_swift(own, directory / "www", CASE) as server:
        server.await_port()
        fields = rounds.fields_for(server, CASE, own)
        with loads.start(server, CASE, fields, own) as load, \
                Program(put / "alone", 1) as alone, \
                Program(put / "bare", CASE.connections) as bare:
            sources = {TOGETHER: load, ALONE: alone, BARE: bare}
            found = {name: [] for name in sources}
            for _ in range(options.rounds):
                for name, source in sources.items():
                    found[name].append(source.round(options.seconds))
    return {"rounds": found,
            "rates": {name: rounds.spread(map(rounds.rate, list_of_rounds))
                      for name, list_of_rounds in found.items()},
            "ratio": rounds.ratio(found, TOGETHER, ALONE, rounds.rate),
            "bare_ratio": rounds.ratio(found, BARE, ALONE, rounds.rate),
            "to_bare": rounds.ratio(found, TOGETHER, BARE, rounds.rate)}
