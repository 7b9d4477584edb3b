"""The command line: what is measured, how long, and where the results go."""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

from . import (
    cases, commits, counts, daemon, documents, latency, limits, listing, memory, peers, report,
    rounds, system)
from .system import BenchmarkError

# What is measured beside the cases: the name, what it says, and the module's function.
PARTS = {
    "commits": ("durable uploads of 16 clients, one at a time, and without HTTP", commits.measure),
    "counts": ("instructions, system calls and allocations of a request", counts.measure),
    "latency": ("percentiles at a constant rate, undisturbed and not", latency.measure),
    "listing": ("a directory of 50 000 files", listing.measure),
    "memory": ("fresh, idle connections, growth, start, size", memory.measure),
}


class Options:
    """How thoroughly to measure."""

    def __init__(self, arguments):
        self.tiny = arguments.tiny
        self.rounds = 1 if self.tiny else arguments.rounds
        self.seconds = 0.1 if self.tiny else arguments.seconds
        self.latency_seconds = 0.3 if self.tiny else 3
        self.warm_up = 0 if self.tiny else 1
        self.peers = arguments.peers


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="cases and parts; all if none is named (--list shows them)")
    parser.add_argument("--list", action="store_true", help="show the cases and parts")
    parser.add_argument("--peers", default=",".join([*peers.FLOORS, *peers.PEERS]), metavar="LIST",
                        help="of floor, floor-kept, nginx, nginx-buffered, h2o, lighttpd, caddy "
                             "(all but nginx-buffered); 'installed' is those that are there")
    parser.add_argument("--install", action="store_true", help="install what is missing (Debian)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per server (5)")
    parser.add_argument("--seconds", type=int, default=1, help="length of a round (1)")
    parser.add_argument("--tiny", action="store_true",
                        help="one moment of each, whose figures mean nothing")
    parser.add_argument("--check", action="store_true",
                        help="fail if something that must hold does not")
    parser.add_argument("--from", dest="stored", type=pathlib.Path, metavar="FILE", nargs="+",
                        help="measure nothing: read the results of an earlier run; of several, "
                             "show what must hold side by side")
    parser.add_argument("--readme", action="store_true", help="update the table of README.md")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIR",
                        help="where the results go (Benchmarks/results if all is measured, "
                             "else .build-benchmarks/results)")
    arguments = parser.parse_args()
    known = [*cases.CASES_BY_NAME, *PARTS]
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))} (--list shows them)")
    arguments.whole = not arguments.names
    if arguments.output is None:
        keeps = arguments.whole and not arguments.tiny
        arguments.output = (system.BENCHMARKS if keeps else system.BUILD) / "results"
    arguments.names = arguments.names or known
    arguments.peers = choose_peers(parser, arguments.peers)
    return arguments


def choose_peers(parser, text):
    """The servers that take part: the daemon and those that are named."""
    if text == "installed":
        there = [name for name in peers.PEERS if system.is_there(name)]
        return [daemon.NAME, *peers.FLOORS, *there]
    names = [name for name in text.split(",") if name]
    unknown = set(names) - set(peers.STARTERS)
    if unknown:
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    return [daemon.NAME, *names]


def show_list():
    """Prints the names of all there is to measure."""
    for case in cases.CASES:
        print(f"{case.name:17} {case.says}")
    for name, (says, _) in PARTS.items():
        print(f"{name:17} {says}")


def measure_all(arguments, options):
    """All that was asked for, as a dictionary that can be stored."""
    results = {"machine": system.describe(), "rounds": options.rounds, "seconds": options.seconds,
               "tiny": options.tiny, "errors": {}, "cases": {}, "parts": {}}
    with system.scratch() as directory:
        documents.write(directory, options.tiny)
        for name in arguments.names:
            says = PARTS[name][0] if name in PARTS else cases.CASES_BY_NAME[name].says
            print(f"{name}: {says} ", end="", file=sys.stderr, flush=True)
            begin = time.monotonic()
            try:
                measure_one(name, directory, options, results)
            except (BenchmarkError, OSError, subprocess.SubprocessError) as error:
                results["errors"][name] = str(error)
                print(f"failed: {error}", end="", file=sys.stderr)
            print(f" {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return results


def measure_one(name, directory, options, results):
    """A case or a part, into the results."""
    if name in PARTS:
        results["parts"][name] = PARTS[name][1](directory, options)
        return
    case = cases.CASES_BY_NAME[name]
    if options.tiny:
        case = dataclasses.replace(case, connections=min(case.connections, 100))
    found = rounds.measure(case, options.peers, directory, rounds=options.rounds,
                           seconds=options.seconds, warm_up=options.warm_up)
    results["cases"][name] = {"summary": rounds.summarise(found), "rounds": found}


def run(arguments):
    if arguments.stored:
        stored = [json.loads(path.read_text()) for path in arguments.stored]
        if len(stored) > 1:
            print(limits.several(stored), end="")
            return max(check(results, arguments) for results in stored) if arguments.check else 0
        results = stored[0]
    else:
        options = Options(arguments)
        daemon.path()
        system.require({**system.LOAD_PACKAGES, **system.COUNT_PACKAGES,
                        **peers.packages_of(options.peers)}, arguments.install)
        if os.cpu_count() < 2:
            print("only one core: load and server share it, ratios mean less", file=sys.stderr)
        system.raise_descriptor_limit()
        results = measure_all(arguments, options)
    report.write(arguments.output, results)
    print(report.document(results))
    if arguments.readme:
        report.update_readme(results)
    failed = check(results, arguments) if arguments.check else 0
    return 1 if results["errors"] else failed


def check(results, arguments):
    """Says what does not hold; the exit status. If all was asked for, all must be measured."""
    failed = [check for check in limits.relevant(results)
              if check.held is False or check.held is None and arguments.whole]
    for one in failed:
        print(f"{one.row}: {one.what}: {one.text()}: {one.verdict}", file=sys.stderr)
    return 1 if failed else 0


def main():
    arguments = parse_arguments()
    if arguments.list:
        show_list()
        return 0
    try:
        return run(arguments)
    except (BenchmarkError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"Benchmarks/run: {error}")
    except KeyboardInterrupt:
        return 130
