"""The generated pages against the sources they show."""

import collections
import os
import shutil
import urllib.parse

import pytest

from conftest import ROOT, make_pages
from page import Page

PAGES = ["index.html", "server-code.html", "client-code.html"]
CLIENT_ONLY = {"Client", "httpctl"}
CLIENT = CLIENT_ONLY | {"Control"}


def sources_of(takes, root=ROOT):
    """The bytes of each file below Sources/ whose module is taken, by path."""
    return {
        path.relative_to(root / "Sources").as_posix(): path.read_bytes()
        for path in (root / "Sources").rglob("*")
        if path.is_file() and takes(path.relative_to(root / "Sources").parts[0])}


def shown(page):
    """The bytes of each source on a page, by the path in its heading."""
    files = {path: b"".join(lines) for path, lines, _ in page.files}
    assert len(files) == len(page.files)
    return files


@pytest.mark.parametrize("name", PAGES)
def test_page_is_well_formed(pages, name):
    page = Page.at(pages / name)
    assert page.errors == []
    assert len(page.ids) == len(set(page.ids))
    assert all(identity and not set(identity) & set(" \t\n\f\r") for identity in page.ids)
    assert {"html", "head", "body", "main", "nav", "header", "h1", "title"} <= page.elements
    assert "script" not in page.elements
    assert "httpd-swift" in page.title


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_from_outside(pages, name):
    assert Page.at(pages / name).outside_resources() == []


@pytest.mark.parametrize("name", PAGES)
def test_links_resolve(pages, name):
    anchors = {path: set(Page.at(path).ids) for path in pages.glob("*.html")}
    for tag, link in Page.at(pages / name).links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme == "data":
            continue
        if parts.path == "":
            target = pages / name
        else:
            # From the root: the home page is also sent for what is not there, at any depth.
            assert parts.path.startswith("/"), link
            target = pages / (parts.path[1:] or "index.html")
        assert target.is_file(), f"<{tag}> links to {link}"
        if parts.fragment:
            assert parts.fragment in anchors[target], f"{link} has no such place"


def test_server_page_shows_every_source_but_the_clients(pages):
    page = Page.at(pages / "server-code.html")
    assert shown(page) == sources_of(lambda module: module not in CLIENT_ONLY)


def test_client_page_shows_every_source_of_the_client(pages):
    page = Page.at(pages / "client-code.html")
    assert shown(page) == sources_of(lambda module: module in CLIENT)


@pytest.mark.parametrize("name", PAGES[1:])
def test_every_line_has_a_number_that_links_to_it(pages, name):
    page = Page.at(pages / name)
    assert len(page.numbers) == sum(len(lines) for _, lines, _ in page.files)
    for identity, number, link in page.numbers:
        assert link == f"#{identity}"
        assert identity.endswith(f":{number}")
    for _, lines, _ in page.files:
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines[:-1])


@pytest.mark.parametrize("name", PAGES[1:])
def test_index_lists_every_file(pages, name):
    page = Page.at(pages / name)
    links = collections.Counter(link for tag, link in page.links if tag == "a")
    for path, _, anchor in page.files:
        # Once in the index, once in its own heading.
        assert links[f"#{anchor}"] == 2, path


def test_home_page_is_small_and_names_the_commands(pages):
    content = (pages / "index.html").read_bytes()
    assert len(content) < 20 << 10
    for command in [b"make run", b"curl -T client-text.txt", b"httpctl put", b"httpctl get",
                    b"systemctl start httpd-swift"]:
        assert command in content
    links = {link for _, link in Page.at(pages / "index.html").links}
    assert {"/server-code.html", "/client-code.html", "/client-text.txt"} <= links


def test_www_is_copied_as_it_is(pages):
    for path in (ROOT / "www").rglob("*"):
        if path.is_file():
            assert (pages / path.relative_to(ROOT / "www")).read_bytes() == path.read_bytes()


def test_same_input_gives_the_same_bytes_and_keeps_the_times(pages, tmp_path):
    make_pages(tmp_path)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
              for path in tmp_path.iterdir()}
    assert {name: content for name, (content, _, _) in before.items()} == {
        path.name: path.read_bytes() for path in pages.iterdir()}
    make_pages(tmp_path)
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
                      for path in tmp_path.iterdir()}


def test_a_changed_page_is_replaced_not_rewritten(tmp_path):
    make_pages(tmp_path)
    page = tmp_path / "client-code.html"
    expected = page.read_bytes()
    page.write_bytes(b"old")
    with open(page, "rb") as reader:
        make_pages(tmp_path)
        assert reader.read() == b"old"
    assert page.read_bytes() == expected
    assert page.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_any_bytes_are_shown_exactly(hard_source, hard_pages):
    server = Page.at(hard_pages / "server-code.html")
    assert server.errors == []
    assert len(server.ids) == len(set(server.ids))
    expected = sources_of(lambda module: module not in CLIENT_ONLY, hard_source)
    del expected["Later/.hidden"]
    assert shown(server) == expected
    client = Page.at(hard_pages / "client-code.html")
    assert set(shown(client)) == {"httpctl/Main.swift", "Control/Control.swift"}
    for page in [server, client]:
        assert {link[1:] for _, link in page.links if link.startswith("#")} <= set(page.ids)


def test_a_name_that_is_not_utf8_is_shown(tmp_path):
    shutil.copytree(ROOT / "www", tmp_path / "www")
    folder = os.fsencode(tmp_path / "Sources" / "HTTP")
    os.makedirs(folder)
    with open(os.path.join(folder, b"\xff\n.swift"), "wb") as file:
        file.write(b"let a = 1\n")
    page = Page.at(make_pages(tmp_path / "out", tmp_path) / "server-code.html")
    assert page.errors == []
    assert [lines for _, lines, _ in page.files] == [[b"let a = 1\n"]]
    assert page.files[0][2] == "%FF%0A"


def test_the_order_in_the_directory_does_not_matter(hard_source, hard_pages, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(hard_source / "www", copy / "www")
    paths = [path for path in (hard_source / "Sources").rglob("*") if path.is_file()]
    for path in sorted(paths, reverse=True):
        target = copy / path.relative_to(hard_source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    again = make_pages(tmp_path / "out", copy)
    for name in PAGES:
        assert (again / name).read_bytes() == (hard_pages / name).read_bytes()
