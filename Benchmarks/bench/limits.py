"""What must hold, row by row, and whether it does.

A cost is CPU time of a request as the daemon's ratio to another's, the median of paired rounds. The
best peer is, of those that were measured, the one that the daemon compares worst with.
"""

import dataclasses
import typing

from . import counts, daemon, latency, peers

KIB, MIB = 1 << 10, 1 << 20


@dataclasses.dataclass
class Check:
    """A figure and its limit."""

    row: str
    what: str
    value: typing.Optional[float]
    limit: float
    at_most: bool = True
    unit: str = ""
    # Whether noise cannot touch it, so that a moment is long enough.
    exact: bool = False

    @property
    def held(self):
        """Whether it holds, or None if it was not measured."""
        if self.value is None:
            return None
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    @property
    def verdict(self):
        return {None: "not measured", True: "held", False: "NOT held"}[self.held]

    def figure(self):
        """The figure alone."""
        if self.value is None:
            return "–"
        return f"{self.value:,.0f}" if self.value >= 1000 else f"{self.value:,.3g}"

    def bound(self):
        """What the figure is to be."""
        return f"{'≤' if self.at_most else '≥'} {self.limit:,g}{self.unit}"

    def text(self):
        """The figure and its limit."""
        return f"{self.figure()} {self.bound()}"


class Figures:
    """Results, asked for single figures; what was not measured is None."""

    def __init__(self, results):
        self.cases = results["cases"]
        self.parts = results["parts"]

    def ratio(self, case, base, figure="ours_to_it"):
        found = self.cases.get(case, {}).get("summary", {}).get(base, {}).get(figure)
        return found and found["median"]

    def to_best(self, case):
        """The cost as a ratio to the best peer's, and which that is."""
        found = [(self.ratio(case, peer), peer) for peer in peers.PEERS]
        return max(((value, peer) for value, peer in found if value), default=(None, "?"))

    def rate_to_best(self, case):
        """The rate as a ratio to the best peer's, and which that is."""
        found = [(self.ratio(case, peer, "our_rate_to_its"), peer) for peer in peers.PEERS]
        return min(((value, peer) for value, peer in found if value), default=(None, "?"))

    def part(self, name, *path):
        found = self.parts.get(name)
        for key in path:
            found = found and found.get(key)
        return found


# Cases in which the cost is compared with certain others.
COSTS = [
    ("1 KiB keep-alive, 64 connections", "1k",
     {"floor": 1.10, "nginx": 0.65, "h2o": 0.80, "lighttpd": 0.85}),
    ("same, browser's fields", "1k-browser", {"floor": 1.20, "nginx": 0.65, "h2o": 0.85}),
    ("1 000 connections", "1k-1000", {"floor": 1.15, "nginx": 0.65}),
    ("pipelined 16", "pipelined", {"nginx": 0.50}),
    ("304", "304", {f"{daemon.NAME}: 1k": 1.00}),
    ("missing file", "missing", {f"{daemon.NAME}: 1k": 1.00}),
    ("10 000 files by Zipf", "zipf", {f"{daemon.NAME}: 1k": 1.20}),
    ("100 KiB", "100k", {"nginx": 0.50, "h2o": 1.00}),
    ("PUT 64 KiB, durability none", "put-64k", {"nginx": 0.50}),
    ("two workers on two cores", "two-workers", {f"{daemon.NAME}: one-worker": 1.10}),
]


def checks(results):
    """All checks, in the order of their rows."""
    figures = Figures(results)
    found = [Check(row, f"cost to {base}", figures.ratio(case, base), limit)
             for row, case, limits in COSTS for base, limit in limits.items()]
    value, peer = figures.to_best("close")
    found.append(Check("one request per connection", f"cost to the best ({peer})", value, 0.80))
    for row, case in [("10 MiB", "10m"), ("1 GiB", "1g")]:
        value, peer = figures.to_best(case)
        found.append(Check(row, f"cost to the best ({peer})", value, 1.00))
        value, peer = figures.rate_to_best(case)
        found.append(Check(row, f"throughput to the best ({peer})", value, 1.00, at_most=False))
    found.append(Check(
        "PUT 64 KiB, durability full", f"rate of 16 clients to one at a time{beside_bare(figures)}",
        figures.part("commits", "ratio", "median"), 4, at_most=False))
    found.append(Check(
        "latency", "p99 with slow clients and a durable upload, to the undisturbed",
        figures.part("latency", "p99_ratio", latency.SLOW, "median"), 2))
    found += memory_checks(figures) + listing_checks(figures) + count_checks(figures)
    return found


def beside_bare(figures):
    """What a program without HTTP reaches of the same ratio, for the reader of the row."""
    ratio = figures.part("commits", "bare_ratio", "median")
    return "" if ratio is None else f" (without HTTP: {ratio:.1f})"


def memory_checks(figures):
    """Memory, start and size."""
    def scaled(name, unit):
        value = figures.part("memory", name)
        return None if value is None else value / unit
    row = "fresh daemon"
    return [
        Check("idle connection", "memory", scaled("idle_connection", 1), KIB, unit=" bytes"),
        Check("1 000 000 requests", "growth", scaled("growth", KIB), 128, unit=" KiB"),
        Check(row, "memory", scaled("fresh_rss", MIB), 10, unit=" MiB"),
        Check(row, "start to READY", scaled("ready_ms", 1), 15, unit=" ms"),
        Check(row, "stripped binary", scaled("stripped", MIB), 12, unit=" MiB", exact=True),
    ]


def listing_checks(figures):
    """A large directory, and who asks beside it."""
    row, listings = "50 000 files", figures.part("listing", "listings")
    slowest = listings and max(listing["last_ms"] for listing in listings.values())
    return [
        Check(row, "slowest listing, to its last byte", slowest, 200, unit=" ms"),
        Check(row, "p99 of a small file beside", figures.part("listing", "beside", "p99"), 20,
              unit=" ms"),
    ]


def count_checks(figures):
    """The counts, each with the threshold that is kept for it."""
    return [Check(count.replace("_", " "), kind, figures.part("counts", count, kind), limit,
                  exact=True)
            for count, kinds in counts.thresholds().items() for kind, limit in kinds.items()]


def relevant(results):
    """The checks that the results can be judged by: all, or what a moment is enough for."""
    return [check for check in checks(results) if check.exact or not results["tiny"]]


def table(results):
    """The checks as Markdown."""
    lines = ["## What must hold", "", "| row | what | figure and limit | |", "|---|---|---|---|"]
    row = None
    for check in relevant(results):
        shown = check.row if check.row != row else ""
        row = check.row
        lines.append(f"| {shown} | {check.what} | {check.text()} | {check.verdict} |")
    return "\n".join(lines) + "\n"


def several(runs):
    """The checks of several runs side by side, as Markdown."""
    lines = ["| row | what | limit | figures | held in |", "|---|---|---|---|---|"]
    for checks_of_row in zip(*map(checks, runs)):
        first = checks_of_row[0]
        # Which peer is the best may differ.
        names = dict.fromkeys(check.what for check in checks_of_row)
        held = sum(check.held is True for check in checks_of_row)
        lines.append(
            f"| {first.row} | {' / '.join(names)} | {first.bound()} "
            f"| {', '.join(check.figure() for check in checks_of_row)} "
            f"| {held} of {len(runs)} |")
    return "\n".join(lines) + "\n"
