"""The cases as a picture: what each server costs as a multiple of the daemon."""

import math

from . import daemon, peers
from .cases import CASES

COLOURS = {"floor": "#777777", daemon.NAME: "#d9480f", "nginx": "#2b8a3e", "h2o": "#1864ab",
           "lighttpd": "#862e9c", "caddy": "#0b7285"}
LEFT, RIGHT, TOP, ROW = 330, 30, 62, 26
WIDTH = 980
LEAST, GREATEST = 0.25, 64


def position(value):
    """Where a multiple is, from the left."""
    share = math.log(min(max(value, LEAST), GREATEST) / LEAST) / math.log(GREATEST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def multiple(figures):
    """What an entry costs as a multiple of the daemon: median, least and greatest."""
    spread = figures["ours_to_it"]
    return 1 / spread["median"], 1 / spread["greatest"], 1 / spread["least"]


def dot(name, figures, y):
    """A server's mark with its spread."""
    middle, least, greatest = multiple(figures)
    colour = COLOURS[name]
    beyond = " (beyond the scale)" if middle > GREATEST else ""
    line = (f'<line x1="{position(least):.1f}" x2="{position(greatest):.1f}" y1="{y}" y2="{y}" '
            f'stroke="{colour}" stroke-opacity="0.45" stroke-width="3"/>')
    return (f'{line}<circle cx="{position(middle):.1f}" cy="{y}" r="5" fill="{colour}">'
            f"<title>{name}: {middle:.2f}{beyond}</title></circle>")


def axis(height):
    """The lines of the powers of two, with their names."""
    parts, value = [], LEAST
    while value <= GREATEST:
        x = position(value)
        colour = "#495057" if value == 1 else "#dee2e6"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 12}" '
                     f'stroke="{colour}"/><text x="{x:.1f}" y="{TOP - 14}" '
                     f'text-anchor="middle">{value:g}</text>')
        value *= 2
    return parts


def legend(names):
    """The colours of the servers."""
    parts, x = [], LEFT
    for name in names:
        parts.append(f'<circle cx="{x}" cy="18" r="5" fill="{COLOURS[name]}"/>'
                     f'<text x="{x + 10}" y="22">{name}</text>')
        x += 30 + 8 * len(name)
    return parts


def draw(results):
    """The picture as SVG."""
    rows = [(case, results["cases"][case.name]["summary"]) for case in CASES
            if len(results["cases"].get(case.name, {}).get("summary", {})) > 1]
    names = ["floor", daemon.NAME, *peers.PEERS]
    height = TOP + ROW * len(rows) + 16
    parts = [*legend(names), *axis(height)]
    for index, (case, summary) in enumerate(rows):
        y = TOP + ROW * index + ROW // 2
        parts.append(f'<text x="{LEFT - 14}" y="{y + 4}" text-anchor="end">{case.says}</text>')
        parts += [dot(name, summary[name], y) for name in names if name in summary]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" fill="#212529" role="img">\n'
        f"<title>CPU time of a request as a multiple of {daemon.NAME}'s</title>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text x="14" y="22" font-weight="bold">CPU time of a request, {daemon.NAME} = 1</text>\n'
        + "\n".join(parts) + "\n</svg>\n")
