#!/usr/bin/python3
"""Makes the pages that the daemon serves out of the box.

    make-pages.py OUTPUT_DIR [--source DIR]

Copies www/ and writes two pages with the source code: server-code.html with all of Sources/ but what
is the client's alone, and client-code.html with the client. Their look (the first <style>) and their
head line (<header class="top">) are those of www/index.html.

The same input gives the same bytes. A file is written beside its place and then renamed, and only
when it differs from what is there, so a page that did not change keeps its time and its entity tag.
A page shows every byte of a source: what HTML cannot carry stands as <b class="x">\\xNN</b>.

Needs Pygments (Debian: python3-pygments).
"""

import argparse
import html
import os
import pathlib
import re
import stat
import sys
import tempfile
import urllib.parse

from pygments.lexers import CLexer, SwiftLexer
from pygments.token import Comment, Keyword, Name, Number, String

# What each module is for, in reading order: from the programs down to the system calls.
SERVER_MODULES = {
    "httpd-swift": "Reads arguments and calls one function of Server.",
    "Server": "Workers, connections, deadlines, routing, responding, logging, reload.",
    "Control": "The messages between daemon and tool, and the socket they travel on.",
    "Systemd": "Socket activation, notification, watchdog, credentials, native journal.",
    "Configuration": "The configuration language, the settings, and diagnostics with file, line "
                     "and column.",
    "Codings": "Brotli, gzip and Zstandard: encoding whole contents, and checking what is encoded.",
    "Content": "From a request target to a representation on disk, and from an upload to a file.",
    "HTTP": "What HTTP means (RFC 9110) and how HTTP/1.1 is written (RFC 9112), over spans.",
    "Linux": "Owned descriptors and the system calls in use, typed and non-blocking.",
    "CLinux": "The few Linux calls that Swift cannot see or sees badly, as plain functions.",
    "CSystemd": "libsystemd, for import into Swift.",
    "CBrotli": "Brotli, for import into Swift.",
    "CZlib": "zlib, for import into Swift.",
    "CZstd": "Zstandard, for import into Swift.",
}
CLIENT_MODULES = {
    "httpctl": "Reads arguments and calls Client or Control.",
    "Client": "Transfers that are whole or not there.",
    "Control": SERVER_MODULES["Control"],
}
CLIENT_ONLY = {"httpctl", "Client"}

# Contextual keywords that the lexer does not know.
SWIFT_KEYWORDS = {
    "actor", "any", "async", "await", "borrowing", "consume", "consuming", "copy", "discard", "each",
    "fileprivate", "isolated", "macro", "nonisolated", "open", "package", "rethrows", "sending",
    "some", "throws", "unsafe",
}

# Names that are the page's own, so no file may have them for its anchor.
PAGE_ANCHORS = {"files", "code"}


class Source:
    """A file of Sources/: its module, its path below Sources/ and its bytes."""

    def __init__(self, module, path, content):
        self.module = module
        self.path = path
        self.content = content
        self.lines = split_lines(decode(content))
        self.anchor = None


def decode(content):
    """The text of a file; bytes that are not UTF-8 become lone surrogates, as in Python's paths."""
    return content.decode("utf-8", "surrogateescape")


def split_lines(text):
    """The lines with their ends. Only a line feed ends a line."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def read_sources(directory):
    """All files below a directory Sources/, in the order of their paths."""
    sources = []
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = pathlib.Path(folder, name)
            if name.startswith(".") or not stat.S_ISREG(path.stat().st_mode):
                continue
            parts = path.relative_to(directory).parts
            if len(parts) > 1:
                sources.append(Source(parts[0], "/".join(parts), path.read_bytes()))
    # A directory's own files before those of the directories in it.
    sources.sort(key=lambda source: [
        (is_folder, os.fsencode(part)) for part, is_folder in
        zip(source.path.split("/"), [True] * source.path.count("/") + [False])])
    return sources


def name_anchors(sources):
    """Gives each source its anchor: the name of the file where that is unique, else the path."""
    def quoted(text):
        return urllib.parse.quote(os.fsencode(text), safe="/+-_.~")

    def short(source):
        return quoted(source.path.rsplit("/", 1)[-1].removesuffix(".swift"))

    names = [short(source) for source in sources]
    for source, name in zip(sources, names):
        clashes = names.count(name) > 1 or name in PAGE_ANCHORS
        source.anchor = quoted(source.path) if clashes else name


def escape(text):
    """Text as HTML, with every character that HTML would change or refuse written as its bytes."""
    return re.sub(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff"
        "\u200b-\u200f\u2028-\u202e\u2066-\u2069]|[\U0001fffe-\U0010ffff]",
        visible_bytes, html.escape(text, quote=False))


def visible_bytes(match):
    """The bytes of one character as \\xNN; the last two of each plane are not characters at all."""
    character = match[0]
    if ord(character) > 0xFFFF and ord(character) & 0xFFFE != 0xFFFE:
        return character
    content = character.encode("utf-8", "surrogateescape")
    return "".join(f'<b class="x">\\x{byte:02x}</b>' for byte in content)


def style_of(kind, value, language):
    """The class of a token: keyword, string, comment, number, type, attribute; '' is plain text."""
    if kind in Comment:
        if kind in Comment.Preproc or kind in Comment.PreprocFile:
            return "p"
        return "d" if value.startswith(("///", "/**")) else "c"
    if kind in String:
        return "s"
    if kind in Number:
        return "n"
    if language == "swift" and kind in Name and value in SWIFT_KEYWORDS:
        return "k"
    if kind in Keyword.Type and language == "swift" or kind in Name.Class:
        return "t"
    if kind in Keyword:
        return "p" if value.startswith(("@", "#")) else "k"
    if kind in Name.Function:
        return "f"
    if kind in Name and value[:1].isupper() and language == "swift":
        return "t"
    return ""


def tokens_of(source):
    """The class and text of each token. All texts joined are the source, to the byte."""
    text = "".join(source.lines)
    if source.path.endswith(".swift"):
        language, lexer = "swift", SwiftLexer()
    elif source.path.endswith((".c", ".h")):
        language, lexer = "c", CLexer()
    else:
        return [("", text)]
    # The unprocessed tokens: the others have their line ends changed.
    found = []
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        # A comment comes in pieces; only the whole tells whether it is documentation.
        if found and kind in Comment and kind is found[-1][0]:
            found[-1] = (kind, found[-1][1] + value)
        else:
            found.append((kind, value))
    found = [(style_of(kind, value, language), value) for kind, value in found]
    if "".join(value for _, value in found) != text:
        return [("", text)]
    return found


def highlighted_lines(source):
    """Each line of the source as HTML. No element reaches over the end of a line."""
    lines, line, run, run_style = [], [], [], ""

    def end_run():
        text = escape("".join(run))
        if text:
            line.append(f'<i class="{run_style}">{text}</i>' if run_style else text)
        run.clear()

    for style, value in tokens_of(source):
        for part in split_lines(value):
            body = part.removesuffix("\n")
            # White space has no colour, so it never ends a run.
            if body.strip() and style != run_style:
                end_run()
                run_style = style
            run.append(body)
            if part.endswith("\n"):
                end_run()
                lines.append("".join(line) + "\n")
                line, run_style = [], ""
    end_run()
    if line:
        lines.append("".join(line))
    return lines


def file_section(source):
    """A file: its heading and its lines, each with an anchor and a number that is not text."""
    anchor = html.escape(source.anchor)
    folder, _, name = (escape(part) for part in source.path.rpartition("/"))
    count = len(source.lines)
    digits = max(2, len(str(count)))
    rows = "".join(
        f'<span id="{anchor}:{number}"><a href="#{anchor}:{number}" tabindex="-1" '
        f'aria-label="Line {number}" data-n="{number}"></a>{line}</span>'
        for number, line in enumerate(highlighted_lines(source), 1))
    return (
        f'<section class="file" id="{anchor}" style="--lines:{count};--digits:{digits}">\n'
        f'<h3><a href="#{anchor}"><small>{folder}/</small>{name}</a> '
        f'<small>{count:,} {"line" if count == 1 else "lines"}</small></h3>\n'
        f'<pre><code>{rows}</code></pre>\n</section>\n')


def file_index(modules):
    """The list of all files, by module."""
    parts = []
    for module, _, sources in modules:
        parts.append(f"<h2>{escape(module)}</h2>\n")
        by_folder = {}
        for source in sources:
            _, *folders, name = source.path.split("/")
            by_folder.setdefault("/".join(folders), []).append((source.anchor, name))
        for folder, files in by_folder.items():
            if folder:
                parts.append(f"<h3>{escape(folder)}</h3>\n")
            items = "".join(
                f'<li><a href="#{html.escape(anchor)}">{escape(name)}</a></li>\n'
                for anchor, name in files)
            parts.append(f"<ul>\n{items}</ul>\n")
    return "".join(parts)


def group_by_module(sources, descriptions, takes):
    """The modules that a page takes, the described ones first, each with its sentence and files."""
    present = {source.module for source in sources if takes(source.module)}
    order = [module for module in descriptions if module in present]
    order += sorted(present - set(order))
    return [
        (module, descriptions.get(module, ""),
         [source for source in sources if source.module == module])
        for module in order]


def code_page(title, lede, address, modules, home):
    """A page of source code, in the look of the home page."""
    sources = [source for _, _, sources in modules for source in sources]
    name_anchors(sources)
    line_count = sum(len(source.lines) for source in sources)
    header = home["header"].replace(
        f'<a href="/{address}">', f'<a aria-current="page" href="/{address}">')
    header = header.replace(
        '<a class="wide"', '<a class="narrow" href="#files">Files</a><a class="wide"', 1)
    body = "".join(
        f'<h2 class="module">{escape(module)}</h2>\n'
        + (f"<p>{html.escape(says)}</p>\n" if says else "")
        + "".join(file_section(source) for source in sources)
        for module, says, sources in modules)
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{title} · httpd-swift</title>\n{home["icon"]}\n'
        f'<style>{home["style"]}</style>\n<style>{CODE_STYLE}</style>\n</head>\n<body>\n'
        f'<a class="skip" href="#code">Skip to the code</a>\n{header}\n'
        f'<main class="page">\n<div class="intro">\n<h1>{title}</h1>\n<p>{lede}</p>\n'
        f"<p>{len(sources):,} files, {line_count:,} lines. "
        f"Each line’s number is a link to it.</p>\n</div>\n"
        f'<nav id="files" aria-label="Files">\n{file_index(modules)}</nav>\n'
        f'<div id="code">\n{body}</div>\n</main>\n</body>\n</html>\n')


CODE_STYLE = """
:root { --k: #a5227c; --s: #a2351d; --c: #6a6660; --d: #4c6b42; --t: #1d5f8f; --n: #7a4d00; --f: #3d4fa8; }
@media (prefers-color-scheme: dark) {
  :root { --k: #ff8fc0; --s: #ffab85; --c: #94908a; --d: #9cc08c; --t: #7fc4ee; --n: #e8c477; --f: #a9b6ff; }
}
.top { position: sticky; top: 0; z-index: 3; background: var(--paper); border-bottom: 1px solid var(--line); }
.page { display: grid; grid-template-columns: minmax(0, 1fr); }
.page > * { min-width: 0; }
.intro, #files, #code { padding-inline: clamp(1rem, 4vw, 2.5rem); }
.intro p, #code > p { color: var(--soft); max-width: 46em; margin: 0 0 .6rem; }
#code { padding-bottom: 4rem; }
#files { padding-block: .4rem 1rem; font-size: .9rem; scroll-margin-top: 4rem; }
#files h2 { font-size: .95rem; letter-spacing: 0; color: var(--accent); margin: 1.2rem 0 .3rem; }
#files h3 { font-size: .8rem; letter-spacing: .02em; color: var(--soft); margin: .6rem 0 .1rem; }
#files ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0 1.1rem; }
#files a { display: inline-block; padding: .3rem 0; color: inherit; text-decoration: none;
  overflow-wrap: anywhere; }
#files a:hover { color: var(--accent); }
h1 { font-size: clamp(1.9rem, 1.4rem + 2vw, 2.6rem); margin: 2rem 0 .7rem; }
.module { font-size: 1.45rem; margin: 3rem 0 .4rem; padding-top: 1.2rem; border-top: 2px solid var(--accent); }
.file { margin-top: 1.5rem; border: 1px solid var(--line); border-radius: .7rem; background: var(--card);
  overflow: hidden; scroll-margin-top: 4.3rem; content-visibility: auto;
  contain-intrinsic-size: auto calc(var(--lines) * 1.275rem + 4rem); }
.file h3 { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; margin: 0;
  padding: .6rem 1rem; border-bottom: 1px solid var(--line); font: 600 .88rem/1.5 var(--mono);
  letter-spacing: 0; }
.file h3 a { color: inherit; text-decoration: none; overflow-wrap: anywhere; }
.file h3 a:hover { color: var(--accent); }
.file h3 small { font-size: 1em; font-weight: 400; color: var(--soft); }
.file:target { border-color: var(--accent); }
.file pre { margin: 0; padding: .6rem 0; overflow-x: auto; font-size: .85rem; line-height: 1.275rem;
  tab-size: 4; }
.file code { display: block; width: max-content; min-width: 100%; }
code > span { display: block; padding-right: 1rem; scroll-margin: 40vh 0; }
code > span:target { background: var(--tint); }
code > span > a { position: sticky; left: 0; display: inline-block; box-sizing: content-box;
  width: calc(var(--digits) * 1ch); padding: 0 .9rem; margin-right: .3rem; background: var(--card);
  color: var(--soft); text-align: right; text-decoration: none; user-select: none; -webkit-user-select: none; }
code > span > a::before { content: attr(data-n); }
code > span > a:hover::before, code > span:target > a::before { color: var(--accent); }
code > span:target > a { background: var(--tint); }
code i { font-style: normal; }
.k { color: var(--k); } .s { color: var(--s); } .c { color: var(--c); } .d { color: var(--d); }
.t { color: var(--t); } .n { color: var(--n); } .p { color: var(--n); } .f { color: var(--f); }
.x { font-weight: 400; background: var(--tint); color: var(--accent); border-radius: 2px; }
@media (max-width: 40rem) {
  .brand { font-size: 0; }
  #code { padding-inline: 0; }
  #code > p, .module { margin-inline: 1rem; }
  .file { border-radius: 0; border-inline: 0; }
  .file pre { font-size: .78rem; }
  code > span > a { padding: 0 .5rem; }
}
@media (min-width: 62rem) {
  .narrow { display: none; }
  .page { grid-template: auto 1fr / 19rem minmax(0, 1fr); }
  .intro, #code { grid-column: 2; }
  #files { grid-area: 1 / 1 / span 2; position: sticky; top: 3.55rem; height: calc(100vh - 3.55rem);
    overflow-y: auto; padding: .4rem 1rem 2rem clamp(1rem, 4vw, 2.5rem); scrollbar-width: thin;
    border-right: 1px solid var(--line); overscroll-behavior: contain; }
  #files ul { display: block; }
  #files a { display: block; padding: .12rem 0; }
}
"""


def home_parts(page):
    """What the code pages have in common with the home page."""
    def find(what, pattern):
        found = re.search(pattern, page, re.S)
        if not found:
            sys.exit(f"make-pages.py: www/index.html has no {what}")
        return found
    return {
        "style": find("<style>", "<style>(.*?)</style>")[1],
        "icon": find("icon", '<link rel="icon"[^>]*>')[0],
        "header": find('<header class="top">', '<header class="top">.*?</header>')[0],
    }


def make_pages(source):
    """All pages by their path below the output directory."""
    www = source / "www"
    pages = {}
    for folder, _, files in os.walk(www):
        for name in files:
            path = pathlib.Path(folder, name)
            pages[str(path.relative_to(www))] = path.read_bytes()
    home = home_parts(pages["index.html"].decode())
    sources = read_sources(source / "Sources")

    server = group_by_module(sources, SERVER_MODULES, lambda module: module not in CLIENT_ONLY)
    pages["server-code.html"] = code_page(
        "Server code", "The daemon, from its main function down to the system calls.",
        "server-code.html", server, home).encode()
    client = group_by_module(sources, CLIENT_MODULES, lambda module: module in CLIENT_MODULES)
    pages["client-code.html"] = code_page(
        "Client code",
        "httpctl: transfers and the control socket. What it shares with the daemon besides is "
        'among the <a href="/server-code.html">server code</a>.',
        "client-code.html", client, home).encode()
    return pages


def write_if_changed(path, content):
    """Puts content at path, whole at any moment, unless it is there already."""
    try:
        if path.read_bytes() == content:
            return
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, metavar="OUTPUT_DIR")
    parser.add_argument("--source", type=pathlib.Path, metavar="DIR",
                        default=pathlib.Path(__file__).resolve().parent.parent.parent,
                        help="the checkout (where this program is)")
    options = parser.parse_args()
    for path, content in sorted(make_pages(options.source).items()):
        write_if_changed(options.output / path, content)


if __name__ == "__main__":
    main()
