"""Directory listings in headless Chromium, served by the real daemon."""

import base64
import hashlib
import json
import os
import re
import time
import urllib.parse

import pytest

from browser import read_png
from listing import NAMES, fetch, hrefs, listed, press, quiet, wait
from page import Page
from test_browser import SIZES, keep, luminance


# The page as it is sent.


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_page_is_well_formed_and_every_reference_is_exact(kind, directory, request):
    site = request.getfixturevalue(kind)
    status, fields, content = fetch(site)
    assert status == 200
    assert fields["Content-Type"].lower() == "text/html; charset=utf-8"
    page = Page(content.decode("utf-8", "strict"))
    assert page.errors == []
    assert len(page.ids) == len(set(page.ids))
    found = set()
    for tag, link in page.links:
        address = urllib.parse.urljoin(site, link)
        assert address.startswith(site.removesuffix("list/")) or link.startswith("data:"), link
        if tag == "a" and address.startswith(site) and not re.match(r"[?#]", link):
            found.add(urllib.parse.unquote_to_bytes(address.removeprefix(site)))
            assert fetch(address)[0] == 200, link
    assert found == {*NAMES, b"folder/", b"Another folder/"}


def test_hashes_of_the_policy_are_those_of_style_and_script(reading):
    _, fields, content = fetch(reading)
    policy = fields["Content-Security-Policy"]
    for element, directive in [("style", "style-src"), ("script", "script-src")]:
        text = re.search(rb"<%b>(.*?)</%b>" % ((element.encode(),) * 2), content, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    for part in ["default-src 'none'", "base-uri 'none'", "form-action 'none'",
                 "frame-ancestors 'self'", "connect-src 'self'", "img-src data:"]:
        assert part in policy.split("; ")


def test_tag_stays_until_something_changes(reading, directory):
    status, fields, _ = fetch(reading)
    tag = fields["ETag"]
    assert status == 200 and tag.startswith('"')
    assert fetch(reading, If_None_Match=tag)[0] == 304
    assert fetch(reading, If_None_Match=tag, Accept="application/json")[0] == 200
    assert "accept" in fields["Vary"].lower()
    with open(os.path.join(directory, "list", "notes.md"), "ab") as file:
        file.write(b"more")
    assert fetch(reading, If_None_Match=tag)[0] == 200


def test_json_has_what_the_directory_has(writing, directory):
    status, fields, content = fetch(writing, Accept="application/json")
    assert status == 200 and fields["Content-Type"] == "application/json"
    listing = json.loads(content)
    assert listing["path"] == "/list/" and listing["parent"] == "/"
    assert listing["capabilities"] == {
        "upload": True, "overwrite": True, "create_directories": True, "max_size": 1 << 20,
        "delete": True}
    root = os.fsencode(directory) + b"/list/"
    names = set()
    for entry in listing["entries"]:
        address = urllib.parse.urljoin(writing, entry["href"]).removeprefix(writing)
        name = urllib.parse.unquote_to_bytes(address)
        names.add(name)
        status = os.stat(root + name)
        is_file = entry["type"] == "file"
        assert name.endswith(b"/") != is_file
        assert entry["name"] == name.rstrip(b"/").decode("utf-8", "replace")
        assert entry["size"] == (status.st_size if is_file else None)
        assert entry["modified"] == time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(status.st_mtime // 1))
    assert names == {*NAMES, b"folder/", b"Another folder/"}


# The page in the browser.


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_page_renders(browser, kind, size, dark, request):
    site = request.getfixturevalue(kind)
    width, height = SIZES[size]
    quiet(browser.open(site, width, height, dark), site)
    assert browser.evaluate("document.title") == "list · 127.0.0.1"
    assert browser.evaluate("document.compatMode") == "CSS1Compat"
    keep(f"listing-{kind}-{size}-{'dark' if dark else 'light'}.png",
         browser.screenshot(width, height))
    _, _, colours = read_png(browser.screenshot(width, height, 0.25))
    assert len(colours) > 50, "a blank page"
    ground = colours.most_common(1)[0][0]
    assert luminance(ground) < 60 if dark else luminance(ground) > 200
    assert browser.weak_texts() == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_nothing_is_wider_than_the_window(browser, kind, width, request):
    browser.open(request.getfixturevalue(kind), width, 900)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    beyond = browser.evaluate(
        "[...document.querySelectorAll('body *')].filter(one => !one.closest('.skip')"
        " && one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML)"
        ".slice(0, 3)")
    assert beyond == []


@pytest.mark.parametrize("size", SIZES)
def test_parts_of_a_row_do_not_overlap(browser, writing, size):
    browser.open(writing, *SIZES[size])
    overlaps = browser.evaluate("""
        [...document.querySelectorAll('tbody tr')].slice(0, 12).flatMap(row => {
            const range = document.createRange();
            const boxes = ['bdi', 'data', 'time', 'button'].flatMap(name => {
                const one = row.querySelector(name);
                if (!one) return [];
                range.selectNodeContents(one);
                return [[name, (name === 'button' ? one : range).getBoundingClientRect()]];
            });
            return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([, y]) =>
                x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 4
                && y.top < x.bottom - 4)
                .map(([b]) => a + ' and ' + b + ' of ' + row.textContent));
        })""")
    assert overlaps == []


def test_table_says_what_it_is(browser, writing):
    browser.open(writing)
    deadline = time.monotonic() + 10
    while True:  # The browser makes the tree when it is first asked for, and takes its time.
        nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
        if roles.count("row") == len(NAMES) + 3 or time.monotonic() > deadline:
            break
    assert roles.count("table") == 1
    assert roles.count("row") == len(NAMES) + 3
    assert roles.count("columnheader") >= 3
    assert roles.count("rowheader") == len(NAMES) + 2
    buttons = [node for node in nodes if node["role"]["value"] in ["button", "link", "searchbox"]]
    assert all(node["name"]["value"] for node in buttons if not node["ignored"])


def test_it_works_without_scripts(browser, writing):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(writing + "?sort=size&order=desc")
        assert hrefs(browser)[2] == urllib.parse.quote(NAMES[-1])
        assert browser.evaluate(
            "['#filter', '#upload', '.act', '#keys'].filter("
            "one => document.querySelector(one).checkVisibility())") == []
        assert browser.evaluate("document.querySelector('th:nth-child(3)').innerText").endswith("(UTC)")
        assert browser.evaluate("document.querySelector('[aria-sort]').innerText").startswith("Size")
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("column, key", [(1, "name"), (2, "size"), (3, "time")])
def test_sorting_in_place_is_that_of_the_server(browser, reading, column, key):
    browser.open(reading + "?sort=" + ("size" if key == "name" else "name"))
    browser.evaluate("window.stays = true")
    orders = []
    for _ in range(2):
        browser.evaluate(f"document.querySelector('thead th:nth-child({column}) a').click()")
        query = browser.evaluate("location.search")
        orders.append(query)
        assert f"sort={key}" in query
        assert hrefs(browser) == [entry["href"] for entry in listed(reading, query)]
        expected = "descending" if "order=desc" in query else "ascending"
        assert browser.evaluate("[...document.querySelectorAll('[aria-sort]')].map(one => "
                                "[one.cellIndex, one.ariaSort])") == [[column - 1, expected]]
    assert orders[0] != orders[1]
    assert browser.evaluate("window.stays"), "the page was not loaded again"


def test_times_are_in_the_words_of_the_reader(browser, reading):
    browser.send("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    try:
        browser.open(reading)
        wait(browser, "document.querySelector('time[title]') !== null")
        shown = browser.evaluate("(one => [one.textContent, one.dateTime, one.title])"
                                 "(document.querySelector('a[href=\"IMG_2.jpg\"]').closest('tr')"
                                 ".querySelector('time'))")
        assert shown[1] == "2023-11-14T22:13:20Z"
        assert "15" in shown[0] and "07:13" in shown[0] and "2023" in shown[2]
    finally:
        browser.send("Emulation.setTimezoneOverride", timezoneId="")


def test_sizes_are_exact_in_their_title(browser, reading):
    browser.open(reading)
    assert browser.evaluate(
        "(one => [one.textContent, one.title])(document.querySelector('a[href=\"README\"]')"
        ".closest('tr').querySelector('data'))") == ["16 KiB", "16,000 bytes"]


# Filter and keys.


def test_filter_shows_what_has_all_its_words(browser, reading):
    browser.open(reading)
    press(browser, "/")
    browser.send("Input.insertText", text="img J")
    wait(browser, "document.querySelectorAll('tbody tr').length == 3")
    assert browser.evaluate("document.getElementById('status').textContent") \
        == f"3 of {len(NAMES) + 2} shown"
    press(browser, "ArrowDown")
    assert browser.evaluate("document.activeElement.textContent") == "IMG_2.jpg"
    browser.evaluate("document.querySelector('#filter input').focus()")
    press(browser, "Escape")
    wait(browser, f"document.querySelectorAll('tbody tr').length == {len(NAMES) + 2}")
    press(browser, "/")
    browser.send("Input.insertText", text="nothing of this name")
    wait(browser, "document.querySelectorAll('tbody tr').length == 0")


def test_keys_move_open_and_go_up(browser, reading):
    browser.open(reading)
    shown = hrefs(browser)
    active = "document.activeElement.getAttribute('href')"
    for key, place in [("ArrowDown", 0), ("j", 1), ("j", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)]:
        press(browser, key)
        assert browser.evaluate(active) == shown[place], key
    assert browser.evaluate("document.activeElement.matches(':focus-visible')")
    press(browser, "j")
    press(browser, "Enter", "\r")
    wait(browser, "location.pathname.endsWith('/list/folder/') && document.readyState == 'complete'")
    press(browser, "Backspace")
    wait(browser, "location.pathname.endsWith('/list/') && document.readyState == 'complete'")
    press(browser, "u")
    wait(browser, "location.pathname == '/' && document.readyState == 'complete'")
    press(browser, "u")
    assert browser.evaluate("document.querySelector('h1').textContent") == "127.0.0.1"


def test_many_rows_are_laid_out_only_in_sight(browser, serve, tmp_path):
    for number in range(5000):
        (tmp_path / f"file {number}").touch()
    site = serve(tmp_path, Listing="yes", Fallback="")
    browser.open(site)
    assert browser.evaluate("document.querySelectorAll('tbody').length") == 79
    assert not browser.evaluate("[...document.querySelectorAll('tbody tr')].at(-1)"
                                ".checkVisibility({contentVisibilityAuto: true})")
    press(browser, "ArrowUp")
    wait(browser, "document.activeElement.textContent == 'file 4999'")
    box = browser.evaluate(
        "(box => [box.top, box.bottom, innerHeight])(document.activeElement.getBoundingClientRect())")
    assert 0 <= box[0] < box[1] <= box[2]
    browser.evaluate("document.querySelector('thead th:nth-child(1) a').click()")
    assert hrefs(browser)[:2] == ["file%204999", "file%204998"]
