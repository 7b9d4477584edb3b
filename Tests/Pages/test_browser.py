"""The three pages in headless Chromium, served by the real daemon."""

import os
import pathlib
import urllib.request

import pytest

from browser import read_png
from page import Page

PAGES = {
    "/": ("httpd-swift", "h1"),
    "/server-code.html": ("Server code · httpd-swift", ".file code"),
    "/client-code.html": ("Client code · httpd-swift", ".file code"),
}
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def keep(name, picture):
    """Leaves the picture for people, where $PAGE_SCREENSHOTS says so."""
    directory = os.environ.get("PAGE_SCREENSHOTS")
    if directory:
        pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
        pathlib.Path(directory, name).write_bytes(picture)


def luminance(colour):
    """How bright a colour of three bytes is, 0 to 255."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def test_daemon_serves_the_pages_as_they_are(site, pages):
    for path in pages.iterdir():
        with urllib.request.urlopen(f"{site}/{path.name}") as response:
            assert response.read() == path.read_bytes()
            kind = response.headers["Content-Type"].lower()
            assert kind.startswith("text/html" if path.suffix == ".html" else "text/plain")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("target", PAGES)
def test_page_renders(browser, site, target, size, dark):
    width, height = SIZES[size]
    title, selector = PAGES[target]
    events = browser.open(site + target, width, height, dark)

    assert browser.evaluate("document.title") == title
    assert browser.evaluate("document.compatMode") == "CSS1Compat"
    seen = browser.evaluate(
        f"(box => [box.width, box.height])(document.querySelector('{selector}')"
        ".getBoundingClientRect())")
    assert seen[0] > 100 and seen[1] > 10

    for event in events:
        assert event.get("method") != "Log.entryAdded", event
        if event.get("method") == "Network.requestWillBeSent":
            address = event["params"]["request"]["url"]
            assert address.startswith((site, "data:")), f"a resource from outside: {address}"

    name = target.strip("/").removesuffix(".html") or "home"
    keep(f"{name}-{size}-{'dark' if dark else 'light'}.png", browser.screenshot(width, height))
    # A quarter of the size has all that is asked here, and is quick to read.
    found_width, found_height, colours = read_png(browser.screenshot(width, height, 0.25))
    assert abs(found_width - width / 4) <= 1 and abs(found_height - height / 4) <= 1
    assert len(colours) > 50, "a blank page"
    ground = colours.most_common(1)[0][0]
    assert luminance(ground) < 60 if dark else luminance(ground) > 200


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
@pytest.mark.parametrize("target", PAGES)
def test_nothing_is_wider_than_the_window(browser, site, target, width):
    browser.open(site + target, width, 900)
    # Sections out of sight are not laid out, so all are made to be.
    browser.evaluate(
        "document.querySelectorAll('.file').forEach(one => one.style.contentVisibility = 'visible')")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("innerWidth") == width
    beyond = browser.evaluate(
        "[...document.querySelectorAll('body *')].filter(one => !one.closest('pre, svg, .skip')"
        " && one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML)"
        ".slice(0, 3)")
    assert beyond == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("target", PAGES)
def test_text_stands_out(browser, site, target, dark):
    """Every colour of text has the contrast that WCAG 2 asks for, 4.5."""
    browser.open(site + target, dark=dark)
    assert browser.weak_texts() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_code_has_colours(browser, site, dark):
    browser.open(site + "/server-code.html", dark=dark)
    colours = browser.evaluate(
        "[...'kscdtf'].map(name => getComputedStyle(document.querySelector('code .' + name)).color)")
    plain = browser.evaluate("getComputedStyle(document.querySelector('code')).color")
    assert len({plain, *colours}) == 7


def test_a_line_can_be_linked_to_and_is_marked(browser, site, pages):
    page = Page.at(pages / "server-code.html")
    _, lines, anchor = max(page.files, key=lambda file: len(file[1]))
    number = len(lines) - 2
    browser.open(f"{site}/server-code.html#{anchor}:{number}")
    place = browser.evaluate(
        "(box => [box.top, box.bottom, innerHeight])"
        f"(document.getElementById('{anchor}:{number}').getBoundingClientRect())")
    assert 0 < place[0] < place[1] < place[2]
    colours = browser.evaluate(
        f"[{number}, {number - 1}].map(n => getComputedStyle(document.getElementById("
        f"'{anchor}:' + n)).backgroundColor)")
    assert colours[0] != colours[1]


def test_line_numbers_are_not_copied(browser, site, pages):
    page = Page.at(pages / "server-code.html")
    path, lines, anchor = max(page.files, key=lambda file: len(file[1]))
    browser.open(f"{site}/server-code.html#{anchor}")
    copied = browser.evaluate(
        f"getSelection().selectAllChildren(document.getElementById('{anchor}')"
        ".querySelector('code')), getSelection().toString()")
    assert copied.rstrip("\n") == b"".join(lines).decode().rstrip("\n"), path


def test_the_browser_reads_every_byte_that_was_written(browser, serve, hard_pages):
    browser.open(serve(hard_pages) + "/server-code.html")
    seen = browser.evaluate("""
        [...document.querySelectorAll('.file')].map(file =>
            [...file.querySelectorAll('code > span')].map(line => {
                const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
                const parts = [];
                while (walk.nextNode()) parts.push(
                    [walk.currentNode.parentElement.matches('b.x'), walk.currentNode.data]);
                return parts;
            }))""")
    page = Page.at(hard_pages / "server-code.html")
    read = [
        [b"".join(bytes.fromhex(text[2:]) if is_byte else text.encode() for is_byte, text in line)
         for line in file]
        for file in seen]
    assert read == [lines for _, lines, _ in page.files]


def test_files_stay_in_reach(browser, site):
    """On a wide window the index stays beside the code; on a phone a link in the head leads to it."""
    browser.open(site + "/server-code.html", 1280, 900)
    browser.evaluate("scrollTo(0, 3000)")
    box = browser.evaluate(
        "(box => [box.left, box.top, box.bottom])"
        "(document.getElementById('files').getBoundingClientRect())")
    assert box[0] == 0 and 0 < box[1] < 100 and box[2] <= 900
    browser.open(site + "/server-code.html", 390, 844)
    browser.evaluate("scrollTo(0, 3000)")
    assert browser.evaluate(
        "(box => box.width > 0 && box.top >= 0 && box.bottom < 100)"
        "(document.querySelector('.top a[href=\"#files\"]').getBoundingClientRect())")
    browser.evaluate("document.querySelector('.top a[href=\"#files\"]').click()")
    top = browser.evaluate("document.getElementById('files').getBoundingClientRect().top")
    assert 0 <= top < 200
