"""The results as Markdown, JSON with every round, and a picture."""

import json

from .cases import CASES_BY_NAME


def spread_text(spread):
    """A median with its least and greatest, or nothing if it was not measured."""
    if spread is None:
        return "| "
    return f"{spread['median']:.2f} | {spread['least']:.2f} … {spread['greatest']:.2f}"


def case_table(name, summary):
    """The figures of a case as Markdown."""
    lines = [
        f"### {name}: {CASES_BY_NAME[name].says}", "",
        "| server | to the floor | least … greatest | httpd-swift to it | least … greatest "
        "| CPU µs a request | requests/s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for label, figures in summary.items():
        lines.append(
            f"| {label} | {spread_text(figures['to_floor'])} "
            f"| {spread_text(figures['ours_to_it'])} "
            f"| {figures['cpu_us']:.2f} | {figures['rate']:,.0f} |")
    return "\n".join(lines) + "\n"


def document(results):
    """All results as one Markdown document."""
    machine = results["machine"]
    head = (
        "# What the daemon costs\n\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"kernel {machine['kernel']}, {machine['system']}, {machine['date']}.\n"
        f"{results['rounds']} interleaved rounds of {results['seconds']} s, one core for the server "
        "and one for the load.\nRatios are medians of paired rounds; lower is better.\n")
    tables = [case_table(name, case["summary"]) for name, case in results["cases"].items()]
    return "\n".join([head, *tables])


def write(directory, results):
    """Writes the results below a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (directory / "results.md").write_text(document(results))
