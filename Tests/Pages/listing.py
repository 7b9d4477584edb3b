"""What the tests of listings share: names of every kind, and what a person does with a page."""

import json
import time
import urllib.error
import urllib.request

NAMES = [
    b"IMG_2.jpg", b"IMG_10.jpg", b"img_9.JPG", b"notes.md", b"README", b"a b.txt", b"50%.txt",
    b"a<b>&\"'.txt", b"javascript:alert(1)", b"a:b", b"what?.txt", b"sharp#1", b"back\\slash",
    "\u0639\u0631\u0628\u064a.txt".encode(), "日本語.txt".encode(), "evil\u202egpj.exe".encode(),
    b"bad\xff.bin", b"line\nend", b"x" * 250, b"007", b"7", b"+plus+", b"{{entries}}",
]



def fetch(address, **fields):
    """Status, fields and content of an answer, whatever it is."""
    request = urllib.request.Request(
        address, headers={name.replace("_", "-"): value for name, value in fields.items()})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def listed(address, query=""):
    """The entries as the JSON has them."""
    status, _, content = fetch(address + query, Accept="application/json")
    assert status == 200
    return json.loads(content)["entries"]


def quiet(events, site):
    """Checks that the browser complained of nothing, and asked nobody else."""
    for event in events:
        assert event.get("method") not in ["Log.entryAdded", "Runtime.exceptionThrown"], event
        if event.get("method") == "Network.requestWillBeSent":
            assert event["params"]["request"]["url"].startswith((site, "data:")), event


def wait(browser, expression, seconds=10):
    """Waits until a JavaScript expression is true, and gives its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = browser.evaluate(expression)
        if value:
            return value
        assert time.monotonic() < deadline, \
            f"{expression} stays {value!r}; " + browser.evaluate("document.body.innerText")[:2000]
        time.sleep(0.02)


def hrefs(browser):
    """The references of the rows, in their order."""
    return browser.evaluate("[...document.querySelectorAll('tbody a')].map(a => a.getAttribute('href'))")


def press(browser, key, text=""):
    """Presses a key, as a person does."""
    browser.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=text,
                 windowsVirtualKeyCode={"Enter": 13, "Backspace": 8, "Escape": 27}.get(key, 0))
    browser.send("Input.dispatchKeyEvent", type="keyUp", key=key)


def give_files(browser, selector, paths):
    """Chooses files in a file input."""
    node = browser.send("Runtime.evaluate", expression=f"document.querySelector('{selector}')")
    browser.send("DOM.setFileInputFiles", files=[str(path) for path in paths],
                 objectId=node["result"]["objectId"])


def click(browser, text, within="document"):
    """Clicks the first button in sight with this text."""
    wait(browser, f"[...{within}.querySelectorAll('button')].some("
         f"one => one.textContent == '{text}' && one.checkVisibility())")
    browser.evaluate(f"[...{within}.querySelectorAll('button')].find("
                     f"one => one.textContent == '{text}' && one.checkVisibility()).click()")
