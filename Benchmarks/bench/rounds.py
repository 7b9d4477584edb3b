"""Interleaved rounds of a case, and what they say.

The servers of a case run all at once, each alone with the load in its turn, and each round the next
one begins: what changes on the machine meets all of them. A ratio is taken within a round, and the
median of the rounds counts.
"""

import contextlib
import dataclasses
import statistics
import sys

from . import daemon, documents, loads, peers, servers
from .cases import CASES_BY_NAME
from .system import BenchmarkError, memory_scratch


@dataclasses.dataclass(frozen=True)
class Entry:
    """What takes part in the rounds of a case: a server, and the case that it is asked."""

    label: str
    server: str
    case: object


def entries_of(case, names):
    """Those of the named servers that take part, and the daemon with the case beside this one."""
    found = [Entry(name, name, case) for name in case.servers if name in names]
    if "floor-kept" in names and case.has_kept_floor:
        found.insert(1, Entry("floor-kept", "floor-kept", case))
    if "nginx-buffered" in names and "nginx" in case.servers:
        found.append(Entry("nginx-buffered", "nginx-buffered", case))
    if case.beside and daemon.NAME in names:
        found.append(Entry(beside_label(case), daemon.NAME, CASES_BY_NAME[case.beside]))
    return found


def beside_label(case):
    """The name of the daemon's rounds with the case beside this one."""
    return f"{daemon.NAME}: {case.beside}"


def fields_for(server, case, directory):
    """The fields that the case sends to this server, after a look at what comes back."""
    fields = dict(case.fields)
    if server.name.startswith("floor") and not case.uploads:
        if case.revalidates:
            fields["If-None-Match"] = '"400-18a1b2c3d4e5f607"'
        return fields
    if case.revalidates:
        tag = servers.ask(server.port, case.target)[1].get("etag")
        if tag is None:
            raise BenchmarkError(f"{server.name} sends no ETag for {case.target}")
        fields["If-None-Match"] = tag
    content = b"?" * case.upload_bytes if case.uploads else None
    target = documents.target_of(case, directory)
    status, received, _ = servers.ask(
        server.port, target, fields, case.method, content, reads=False)
    if status not in case.statuses:
        raise BenchmarkError(f"{server.name} answers {status} to {case.name}")
    if case.content is not None and received.get("content-length") != str(case.content):
        raise BenchmarkError(f"{server.name} sends another length to {case.name}: {received}")
    if case.compresses and received.get("content-encoding") != "gzip":
        raise BenchmarkError(f"{server.name} does not compress: {received}")
    return fields


def measure(case, names, directory, *, rounds, seconds, warm_up):
    """All rounds of a case: for each entry's label, the list of its rounds."""
    generators, places = {}, {}
    with contextlib.ExitStack() as stack:
        if case.in_memory:
            directory = stack.enter_context(memory_scratch())
            documents.write_upload_root(directory)
        for number, entry in enumerate(entries_of(case, names)):
            own = directory / f"{case.name}-{number}"
            own.mkdir(mode=0o755)
            server = stack.enter_context(
                peers.STARTERS[entry.server](own, directory / "www", entry.case))
            server.await_port()
            fields = fields_for(server, entry.case, own)
            generators[entry.label] = stack.enter_context(
                loads.start(server, entry.case, fields, own))
            places[entry.label] = own
        def play(label, seconds):
            one = generators[label].round(seconds)
            if case.in_memory:
                documents.remove_uploads(places[label])
            return one

        found = {label: [] for label in generators}
        order = list(generators)
        if warm_up:
            for label in order:
                play(label, warm_up)
        for _ in range(rounds):
            for label in order:
                found[label].append(play(label, seconds * case.length))
            order.append(order.pop(0))
            print(".", end="", file=sys.stderr, flush=True)
    return found


def cost(one):
    """CPU nanoseconds of a request."""
    return one["cpu_ns"] / one["requests"]


def rate(one):
    """Requests a second."""
    return one["requests"] / one["seconds"]


def spread(values):
    """The median of values with the least and the greatest."""
    values = list(values)
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}


def ratio(found, label, base, what=cost):
    """The paired ratio of two entries' costs (or rates), or None if one was not measured."""
    if label not in found or base not in found:
        return None
    return spread(what(one) / what(other) for one, other in zip(found[label], found[base]))


def summarise(found):
    """For each entry: CPU time of a request, rate, the ratio to the floor and ours to it."""
    summary = {}
    for label, rounds in found.items():
        summary[label] = {
            "cpu_us": statistics.median(cost(one) for one in rounds) / 1000,
            "rate": statistics.median(rate(one) for one in rounds),
            "to_floor": ratio(found, label, "floor"),
            "ours_to_it": ratio(found, daemon.NAME, label),
            "our_rate_to_its": ratio(found, daemon.NAME, label, rate),
        }
    return summary
