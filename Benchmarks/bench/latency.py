"""How long an answer takes at a constant rate: undisturbed, and beside what disturbs.

First the peak: as many requests as 64 connections get answered. Then half of it and nine tenths
of it come at even distances, whatever the server does, and the time of each counts from when it was
due (programs/load.c). The floor and the peers show which part of it is the machine's.
"""

import contextlib
import dataclasses
import statistics

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


def measure_server(name, directory, options):
    """The peak and all rounds of a server's scenes; what disturbs is only for the daemon."""
    own = directory / f"latency-{name}"
    own.mkdir()
    scenes = [scene for scene in SCENES if scene[2] is None or name == daemon.NAME]
    found = {scene: [] for scene, _, _ in scenes}
    with peers.STARTERS[name](own, directory / "www", CASE) as server:
        server.await_port()
        with loads.start(server, CASE, {}, own) as load:
            peak = statistics.median(
                rounds.rate(load.round(options.seconds)) for _ in range(3))
            for _ in range(options.rounds):
                for scene, share, disturbance in scenes:
                    with (disturbance or undisturbed)(server.port, directory, options):
                        found[scene].append(
                            load.round_at_rate(options.latency_seconds, peak * share))
                    server.empty_logs()
    return {"peak": peak, "scenes": {
        scene: {name: rounds.spread(one[name] for one in list_of_rounds) for name in PERCENTILES}
        for scene, list_of_rounds in found.items()}, "rounds": found}


@contextlib.contextmanager
def undisturbed(port, directory, options):
    yield


def measure(directory, options):
    """The latencies of all servers, and how much what disturbs adds to ours."""
    found = {name: measure_server(name, directory, options)
             for name in SERVERS if name in options.peers}
    ours = found[daemon.NAME]["rounds"]
    ratios = {scene: rounds.spread(one["p99"] / base["p99"] for one, base in
                                   zip(ours[scene], ours[UNDISTURBED]))
              for scene in [SLOW, COLD]}
    return {"servers": found, "p99_ratio": ratios}
