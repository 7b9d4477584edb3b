"""The results as Markdown, JSON with every round, and a picture; and the table in the README."""

import json

from . import daemon, limits, peers, picture, system
from .cases import CASES_BY_NAME

BEGIN, END = "<!-- Benchmarks/run --readme: begin -->", "<!-- Benchmarks/run --readme: end -->"
README_CASES = ["1k", "1k-browser", "1k-1000", "pipelined", "close", "100k", "put-64k"]


def spread_text(spread):
    """A median with its least and greatest, or two empty cells if it was not measured."""
    if spread is None:
        return " | "
    return f"{spread['median']:.2f} | {spread['least']:.2f} … {spread['greatest']:.2f}"


def case_table(name, summary):
    """The figures of a case as Markdown."""
    lines = [
        f"### {name}: {CASES_BY_NAME[name].says}", "",
        f"| server | to the floor | least … greatest | {daemon.NAME} to it | least … greatest "
        "| CPU µs a request | requests/s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for label, figures in summary.items():
        lines.append(
            f"| {label} | {spread_text(figures['to_floor'])} "
            f"| {spread_text(figures['ours_to_it'])} "
            f"| {figures['cpu_us']:,.2f} | {figures['rate']:,.0f} |")
    return "\n".join(lines) + "\n"


def commits_text(found):
    """Durable uploads."""
    lines = ["### commits: durable uploads of 64 KiB", "",
             "| | files/s | least … greatest |", "|---|--:|--:|"]
    for name, rates in found["rates"].items():
        lines.append(f"| {name} | {rates['median']:,.0f} "
                     f"| {rates['least']:,.0f} … {rates['greatest']:,.0f} |")
    lines += ["", "| ratio of the rates | | least … greatest |", "|---|--:|--:|"]
    for says, name in [("together to one at a time", "ratio"),
                       ("at once without HTTP to one at a time", "bare_ratio"),
                       ("together to at once without HTTP", "to_bare")]:
        if name in found:  # older results have only the first
            lines.append(f"| {says} | {spread_text(found[name])} |")
    return "\n".join([*lines, ""])


def counts_text(found):
    """Instructions, system calls and allocations."""
    kinds = list(next(iter(found.values())))
    lines = ["### counts: of a request", "", f"| | {' | '.join(kinds)} |",
             "|---|" + "--:|" * len(kinds)]
    for count, values in found.items():
        digits = 0 if count == "instructions" else 2
        row = " | ".join(f"{values[kind]:,.{digits}f}" for kind in kinds)
        lines.append(f"| {count.replace('_', ' ')} | {row} |")
    return "\n".join(lines) + "\n"


def latency_text(found):
    """Percentiles by server and scene, in microseconds."""
    lines = ["### latency: at a constant rate, in µs", "",
             "| server | rate | p50 | p99 | p99.9 | greatest |", "|---|---|--:|--:|--:|--:|"]
    for server, figures in found["servers"].items():
        for scene, values in figures["scenes"].items():
            cells = " | ".join(f"{values[name]['median']:,.0f}"
                               for name in ["p50", "p99", "p999", "max"])
            lines.append(f"| {server} | {scene} ({figures['peak']:,.0f}/s) | {cells} |")
    for scene, ratio in found["p99_ratio"].items():
        lines += ["", f"p99 at {scene}: {ratio['median']:.2f} of the undisturbed "
                     f"({ratio['least']:.2f} … {ratio['greatest']:.2f})."]
    return "\n".join(lines) + "\n"


def listing_text(found):
    """A large directory."""
    lines = ["### listing: 50 000 files", "", "| | first byte, ms | last byte, ms | MB |",
             "|---|--:|--:|--:|"]
    for name, figures in found["listings"].items():
        lines.append(f"| {name} | {figures['first_ms']:.0f} | {figures['last_ms']:.0f} "
                     f"| {figures['bytes'] / 1e6:.1f} |")
    beside = found["beside"]
    return "\n".join([*lines, "", f"A small file beside: median {beside['p50']:.2f} ms, p99 "
                      f"{beside['p99']:.2f} ms, greatest {beside['max']:.2f} ms.", ""])


def memory_text(found):
    """Memory, start and size."""
    return "\n".join([
        "### memory", "", "| | |", "|---|--:|",
        f"| fresh, RSS (PSS) | {found['fresh_rss'] / 1048576:.1f} "
        f"({found['fresh_pss'] / 1048576:.1f}) MiB |",
        f"| an idle connection, of 10 000 | {found['idle_connection']:.0f} bytes |",
        f"| growth over 1 000 000 requests | {found['growth'] / 1024:.0f} KiB |",
        f"| start to READY | {found['ready_ms']:.1f} ms |",
        f"| stripped binary | {found['stripped'] / 1048576:.2f} MiB |", ""])


PART_TEXTS = {"commits": commits_text, "counts": counts_text, "latency": latency_text,
              "listing": listing_text, "memory": memory_text}


def document(results):
    """All results as one Markdown document."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    head = (
        "# What the daemon costs\n\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"kernel {machine['kernel']}, {machine['system']}, {machine['date']}. "
        f"TCP by {machine.get('congestion_control', 'unknown')}.\n"
        f"{versions}.\n"
        f"{results['rounds']} interleaved rounds of {results['seconds']} s, one core for the "
        "server and one for the load.\n"
        "Ratios are medians of paired rounds, of CPU time; lower is better.\n")
    tables = [case_table(name, case["summary"]) for name, case in results["cases"].items()]
    parts = [PART_TEXTS[name](found) for name, found in results["parts"].items()]
    errors = [f"{name} failed: {error}\n" for name, error in results["errors"].items()]
    return "\n".join([head, *errors, limits.table(results), "## Cases\n", *tables,
                      "## Beside cost\n", *parts])


def as_json(results):
    """The results, a line for each case and part, so that two runs can be compared."""
    def lines(entries):
        return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}"
                                  for name, value in entries.items()) + "\n }"
    rest = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in results.items()
            if name not in ("cases", "parts")]
    rest += [f' "{name}": {lines(results[name])}' for name in ("cases", "parts")]
    return "{\n" + ",\n".join(rest) + "\n}\n"


def write(directory, results):
    """Writes the results below a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results.json").write_text(as_json(results))
    (directory / "results.md").write_text(document(results))
    if results["cases"]:
        (directory / "results.svg").write_text(picture.draw(results))


def readme_table(results):
    """The table of the README: the cost of some cases as multiples of the floor's."""
    names = ["floor", daemon.NAME, *peers.PEERS]
    lines = ["| CPU time of a request | " + " | ".join(
        {"floor": "bare loop", daemon.NAME: f"**{daemon.NAME}**"}.get(name, name)
        for name in names) + " |", "|---|" + "--:|" * len(names)]
    for case in README_CASES:
        summary = results["cases"][case]["summary"]
        found = [summary.get(name, {}).get("to_floor") for name in names]
        cells = [f"{ratio['median']:.2f}" if ratio else "–" for ratio in found]
        cells[1] = f"**{cells[1]}**"
        lines.append(f"| {CASES_BY_NAME[case].says} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def update_readme(results):
    """Puts the table of these results between its two marks in the README."""
    path = system.ROOT / "README.md"
    before, _, rest = path.read_text().partition(BEGIN + "\n")
    _, _, after = rest.partition("\n" + END)
    path.write_text(f"{before}{BEGIN}\n{readme_table(results)}\n{END}{after}")
