"""Uploads and deletions by the page of a listing, in headless Chromium and the real daemon."""

import base64
import os

import pytest

from listing import NAMES, click, fetch, give_files, hrefs, press, quiet, wait

PROGRESS = "document.getElementById('progress').textContent"
MESSAGE = "document.getElementById('message').textContent"
WORDS = "[...document.querySelectorAll('#transfers li')].map(one => one.innerText).join('\\n')"


@pytest.fixture
def sources(tmp_path):
    """Makes files to upload, outside the root: a name or a path, and the content."""
    def make(**files):
        paths = []
        for name, content in files.items():
            path = tmp_path / "sources" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            paths.append(path)
        return paths
    return make


@pytest.fixture
def read(directory):
    """Reads a file of the listed directory; None where there is none."""
    def read(name):
        path = os.path.join(os.fsencode(directory), b"list", os.fsencode(name))
        if not os.path.exists(path):
            return None
        with open(path, "rb") as file:
            return file.read()
    return read


def row(name):
    """The row of an entry, as an expression."""
    return f"document.querySelector('tbody a[href=\"{name}\"]').closest('tr')"


def refuse(browser, status, reason):
    """Answers every PUT and DELETE of the page with a status, in place of the server."""
    browser.send("Fetch.enable", patterns=[{"urlPattern": "*"}])

    def handle(request):
        if request["request"]["method"] == "GET":
            browser.send("Fetch.continueRequest", requestId=request["requestId"])
            return
        content = base64.b64encode(b'{"detail":"%s"}' % reason.encode()).decode()
        browser.send("Fetch.fulfillRequest", requestId=request["requestId"], responseCode=status,
                     responseHeaders=[{"name": "Content-Type", "value": "application/problem+json"}],
                     body=content)
    return handle


def test_files_are_stored_and_shown(browser, writing, sources, read):
    names = ["new.txt", "a new & <odd> 100%.txt", "c:d", "日本.txt", "#?+"]
    browser.open(writing)
    browser.evaluate("window.stays = true")
    paths = sources(**{name: name.encode() * 1000 for name in names})
    browser.events.clear()
    give_files(browser, "#files", paths)
    wait(browser, f"{PROGRESS} == '5 of 5 files uploaded'")
    for name in names:
        assert read(name) == name.encode() * 1000
    wait(browser, "document.querySelectorAll('tbody tr.new').length == 5")
    assert len(hrefs(browser)) == len(NAMES) + 7
    assert browser.evaluate("window.stays"), "the page was not loaded again"
    assert browser.evaluate("document.getElementById('summary').textContent").startswith(
        f"2 folders, {len(NAMES) + 5} files, ")
    assert browser.evaluate("document.getElementById('total').value") == 1
    quiet(browser.events, writing)
    click(browser, "Close")
    wait(browser, "document.getElementById('transfer').hidden")


def test_a_folder_is_stored_with_what_is_in_it(browser, writing, sources, read, tmp_path):
    sources(**{"tree/a.txt": b"a", "tree/deep/er/b.txt": b"b", "tree/deep/empty": b""})
    browser.open(writing)
    give_files(browser, "#folder", [tmp_path / "sources" / "tree"])
    wait(browser, f"{PROGRESS} == '3 of 3 files uploaded'")
    assert read("tree/a.txt") == b"a" and read("tree/deep/er/b.txt") == b"b"
    wait(browser, "document.querySelector('tr.new a')?.getAttribute('href') == 'tree/'")


def test_files_and_folders_are_dropped_anywhere(browser, writing, sources, read, tmp_path):
    one, _ = sources(**{"dropped.txt": b"one", "box/inner.txt": b"two"})
    browser.open(writing)
    data = {"items": [], "files": [str(one), str(tmp_path / "sources" / "box")],
            "dragOperationsMask": 1}
    for kind in ["dragEnter", "dragOver"]:
        browser.send("Input.dispatchDragEvent", type=kind, x=600, y=700, data=data)
    wait(browser, "document.documentElement.classList.contains('dragging')")
    browser.send("Input.dispatchDragEvent", type="drop", x=600, y=700, data=data)
    wait(browser, f"{PROGRESS} == '2 of 2 files uploaded'")
    assert read("dropped.txt") == b"one" and read("box/inner.txt") == b"two"
    assert not browser.evaluate("document.documentElement.classList.contains('dragging')")


def test_what_exists_is_replaced_only_when_told(browser, writing, sources, read):
    browser.open(writing)
    paths = sources(**{"README": b"new readme", "notes.md": b"new notes", "other": b"other"})
    give_files(browser, "#files", paths)
    wait(browser, f"{PROGRESS} == '1 of 3 files uploaded · 2 exist already'")
    assert read("README") != b"new readme" and read("other") == b"other"
    click(browser, "Replace", "document.querySelector('#transfers li')")
    wait(browser, f"{PROGRESS} == '2 of 3 files uploaded · 1 exists already'")
    click(browser, "Skip")
    wait(browser, f"{PROGRESS} == '2 of 2 files uploaded'")
    assert [read("README"), read("notes.md")].count(b"new readme") == 1
    assert read("notes.md") != b"new notes"


def test_all_that_exist_are_replaced_at_once(browser, writing, sources, read):
    browser.open(writing)
    names = ["README", "notes.md", "a:b", "007"]
    give_files(browser, "#files", sources(**{name: b"new" for name in names}))
    wait(browser, f"{PROGRESS} == '0 of 4 files uploaded · 4 exist already'")
    click(browser, "Replace all")
    wait(browser, f"{PROGRESS} == '4 of 4 files uploaded'")
    assert [read(name) for name in names] == [b"new"] * 4


def test_a_version_that_was_not_seen_is_asked_for_again(browser, writing, sources, read, directory):
    browser.open(writing)
    give_files(browser, "#files", sources(README=b"mine"))
    wait(browser, f"{WORDS}.includes('exists already')")
    with open(os.path.join(directory, "list", "README"), "wb") as file:
        file.write(b"theirs")
    click(browser, "Replace")
    wait(browser, f"{WORDS}.includes('was changed meanwhile')")
    assert read("README") == b"theirs"
    click(browser, "Replace")
    wait(browser, f"{PROGRESS} == '1 of 1 file uploaded'")
    assert read("README") == b"mine"


def test_where_nothing_may_be_replaced_the_page_says_so(browser, serve, directory, sources):
    site = serve(directory, Listing="yes", Upload="yes", UploadOverwrite="no", Fallback="") + "/list/"
    browser.open(site)
    give_files(browser, "#files", sources(README=b"new"))
    wait(browser, f"{WORDS}.includes('A file of this name exists, and may not be replaced.')")


def test_what_cannot_be_stored_is_said_in_words(browser, serve, directory, sources, read, tmp_path):
    site = serve(directory, Listing="yes", Upload="yes", UploadMaxSize="1K", Fallback="") + "/list/"
    browser.open(site)
    assert browser.evaluate("document.getElementById('limit').textContent") == "up to 1 KiB each"
    give_files(browser, "#files", sources(**{"large": b"x" * 1025, ".dotted": b"", "fits": b"x" * 1024}))
    wait(browser, f"{PROGRESS} == '1 of 3 files uploaded · 2 failed'")
    words = browser.evaluate(WORDS)
    assert "The file is too large; at most 1 KiB are taken." in words
    assert "This is not allowed here." in words
    assert read("large") is None and read("fits") is not None
    sources(**{"tree/a.txt": b"a"})
    give_files(browser, "#folder", [tmp_path / "sources" / "tree"])
    wait(browser, f"{WORDS}.includes('Its folder does not exist here, and may not be made.')")


@pytest.mark.parametrize("status, reason, words", [
    (400, "The name cannot be a file's.", "The server answered 400. The name cannot be a file's."),
    (403, "Uploads need a Host that is one of the site's names (ServerName=).",
     "Open the page under the site's own name"),
    (405, "", "This is not allowed here any more."),
    (408, "", "It took too long."),
    (409, "The target is a directory.", "This cannot be done. The target is a directory."),
    (411, "", "The server wants to know the length beforehand."),
    (415, "", "The server does not take content of this kind."),
    (500, "The file could not be stored.", "The server answered 500. The file could not be stored."),
    (503, "", "The server is busy. Try again in a moment."),
    (507, "", "The server has no space left."),
])
def test_each_refusal_has_its_words(browser, writing, sources, read, status, reason, words):
    browser.open(writing)
    handle = refuse(browser, status, reason)
    try:
        with browser.handling("Fetch.requestPaused", handle):
            give_files(browser, "#files", sources(refused=b"content"))
            wait(browser, f"{PROGRESS} == '0 of 1 file uploaded · 1 failed'")
    finally:
        browser.send("Fetch.disable")
    assert words in browser.evaluate(WORDS)
    click(browser, "Try again")
    wait(browser, f"{PROGRESS} == '1 of 1 file uploaded'")
    assert read("refused") == b"content"


def network(browser, offline=False, upload=-1):
    """Takes the network away, or makes it slow: bytes a second."""
    browser.send("Network.emulateNetworkConditions", offline=offline, latency=0,
                 downloadThroughput=-1, uploadThroughput=upload)


def test_a_lost_network_stops_the_queue_until_told(browser, writing, sources, read):
    browser.open(writing)
    paths = sources(**{f"file {number}": b"%d" % number for number in range(20)})
    network(browser, offline=True)
    try:
        give_files(browser, "#files", paths)
        wait(browser, f"{PROGRESS}.endsWith('waiting for the network')")
        assert browser.evaluate(f"{WORDS}.split('There is no network.').length") <= 7
    finally:
        network(browser)
    click(browser, "Try again", "document.getElementById('actions')")
    wait(browser, f"{PROGRESS} == '20 of 20 files uploaded'")
    assert all(read(f"file {number}") == b"%d" % number for number in range(20))


def test_uploads_show_progress_and_can_be_cancelled(browser, writing, sources, read):
    browser.open(writing)
    network(browser, upload=200_000)
    try:
        names = ["one", "two", "three", "four"]
        give_files(browser, "#files", sources(**{name: b"x" * 900_000 for name in names}))
        wait(browser, "document.getElementById('total').value > 0")
        assert browser.evaluate("document.querySelectorAll('#transfers li.sending').length") == 3
        assert browser.evaluate(PROGRESS).startswith("Uploading: 0 of 4 files, ")
        assert browser.evaluate("(event => { dispatchEvent(event); return event.defaultPrevented })"
                                "(new Event('beforeunload', {cancelable: true}))")
        click(browser, "Cancel", "document.querySelector('#transfers li')")
        wait(browser, f"{PROGRESS}.startsWith('Uploading: 0 of 3 files, ')")
        click(browser, "Cancel", "document.getElementById('actions')")
        wait(browser, "document.getElementById('transfer').hidden")
    finally:
        network(browser)
    assert not browser.evaluate("(event => { dispatchEvent(event); return event.defaultPrevented })"
                                "(new Event('beforeunload', {cancelable: true}))")
    assert [read(name) for name in names] == [None] * 4


# Deletion


def test_a_file_is_deleted_after_a_question(browser, writing, read):
    browser.open(writing)
    browser.evaluate(f"{row('a%20b.txt')}.querySelector('button').click()")
    assert browser.evaluate("document.querySelector('dialog p').textContent") \
        == "Delete a b.txt? This cannot be undone."
    click(browser, "Cancel", "document.querySelector('dialog')")
    wait(browser, "!document.querySelector('dialog[open]')")
    assert read("a b.txt") is not None
    browser.evaluate(f"{row('a%20b.txt')}.querySelector('a').focus()")
    press(browser, "Delete")
    click(browser, "Delete", "document.querySelector('dialog')")
    wait(browser, f"document.querySelectorAll('tbody tr').length == {len(NAMES) + 1}")
    assert read("a b.txt") is None
    assert browser.evaluate(MESSAGE) == ""


@pytest.mark.parametrize("reference", ["bad%FF.bin", "line%0Aend", "./javascript:alert(1)", "50%25.txt"])
def test_hard_names_are_deleted(browser, writing, reference):
    browser.open(writing)
    assert reference in hrefs(browser)
    browser.evaluate(f"{row(reference)}.querySelector('button').click()")
    click(browser, "Delete", "document.querySelector('dialog')")
    wait(browser, f"document.querySelectorAll('tbody tr').length == {len(NAMES) + 1}")
    assert reference not in hrefs(browser)


def test_what_changed_since_it_was_shown_is_not_deleted(browser, writing, read, directory):
    browser.open(writing)
    with open(os.path.join(directory, "list", "README"), "wb") as file:
        file.write(b"changed")
    browser.evaluate(f"{row('README')}.querySelector('button').click()")
    click(browser, "Delete", "document.querySelector('dialog')")
    wait(browser, f"{MESSAGE} == 'README was not deleted. The file was changed meanwhile.'")
    assert read("README") == b"changed"
    wait(browser, f"{row('README')}.querySelector('data').textContent == '7 B'")


def test_folders_are_deleted_when_they_are_empty(browser, writing):
    browser.open(writing)
    for reference, words in [
            ("folder/", "folder was not deleted: a folder has to be empty first."),
            ("Another%20folder/", "")]:
        browser.evaluate(f"{row(reference)}.querySelector('button').click()")
        click(browser, "Delete", "document.querySelector('dialog')")
        wait(browser, f"!document.querySelector('dialog[open]') && {MESSAGE} == '{words}'")
    wait(browser, f"document.querySelectorAll('tbody tr').length == {len(NAMES) + 1}")
    assert "folder/" in hrefs(browser)


def test_nothing_is_offered_where_nothing_is_allowed(browser, reading):
    browser.open(reading)
    assert browser.evaluate("document.querySelectorAll('#upload, .act, [type=file], button').length") == 0
    assert b"data-tag" not in fetch(reading)[2]
