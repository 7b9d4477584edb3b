"""How long an answer takes at a constant rate: undisturbed, and beside what disturbs.

First the peak of the moment: as many requests as 64 connections get answered. Then half of it and
nine tenths of it come at even distances, whatever the server does, and the time of each counts from
when it was due (programs/load.c). The floor and the peers show which part of it is the machine's.
"""

import contextlib
import dataclasses
import statistics
import sys

from . import beside, daemon, loads, peers, rounds
from .cases import CASES_BY_NAME

CASE = dataclasses.replace(CASES_BY_NAME["1k"], load="load",
                           site=("Upload=yes", "UploadDurability=full", "UploadMaxSize=0"))
SERVERS = (daemon.NAME, "floor", "nginx", "h2o")
PERCENTILES = ("p50", "p99", "p999", "max")


@contextlib.contextmanager
def slow_clients_and_upload(port, directory, options):
    """1 000 slow clients, and one upload that is stored durably."""
    with beside.disturb("slow", port, 20 if options.tiny else 1000):
        with beside.disturb("upload", port):
            yield


@contextlib.contextmanager
def cold_file(port, directory, options):
    """A large file that is read from the disk."""
    with beside.disturb("cold", port, directory / "www" / "1g.bin"):
        yield


# The name of each scene, the share of the peak rate, and what runs beside it.
UNDISTURBED = "50 % of the peak"
SLOW = "50 %, beside 1 000 slow clients and a durable upload"
COLD = "50 %, beside a cold file of 1 GiB"
SCENES = [(UNDISTURBED, 0.5, None), ("90 % of the peak", 0.9, None),
          (SLOW, 0.5, slow_clients_and_upload), (COLD, 0.5, cold_file)]


def measure_round(load, name, directory, options):
    """One round of a server: its peak, and each scene at a share of it.

    What disturbs is only for the daemon.
    """
    server, found = load.server, {}
    peak = rounds.rate(load.round(options.seconds))
    for scene, share, disturbance in SCENES:
        if disturbance is None or name == daemon.NAME:
            with (disturbance or undisturbed)(server.port, directory, options):
                found[scene] = load.round_at_rate(options.latency_seconds, peak * share)
            server.empty_logs()
    return peak, found


@contextlib.contextmanager
def undisturbed(port, directory, options):
    yield


def measure(directory, options):
    """The latencies of all servers in interleaved rounds, and what disturbs ours how much."""
    peaks, found = {}, {}
    with contextlib.ExitStack() as stack:
        generators = {}
        for name in SERVERS:
            if name in options.peers:
                own = directory / f"latency-{name}"
                own.mkdir()
                server = stack.enter_context(peers.STARTERS[name](own, directory / "www", CASE))
                server.await_port()
                generators[name] = stack.enter_context(loads.start(server, CASE, {}, own))
                generators[name].round(options.seconds)
                peaks[name], found[name] = [], []
        for _ in range(options.rounds):
            for name, load in generators.items():
                peak, scenes = measure_round(load, name, directory, options)
                peaks[name].append(peak)
                found[name].append(scenes)
            print(".", end="", file=sys.stderr, flush=True)
    ratios = {scene: rounds.spread(one[scene]["p99"] / one[UNDISTURBED]["p99"]
                                   for one in found[daemon.NAME])
              for scene in [SLOW, COLD]}
    return {"servers": {name: summarise(peaks[name], found[name]) for name in found},
            "p99_ratio": ratios, "rounds": found}


def summarise(peaks, found):
    """The median peak of a server, and for each scene the percentiles with their spread."""
    return {"peak": statistics.median(peaks), "scenes": {
        scene: {name: rounds.spread(one[scene][name] for one in found) for name in PERCENTILES}
        for scene in found[0]}}
