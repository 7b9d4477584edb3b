"""A headless Chromium, driven over its debugging pipe, and a reader for the pictures it takes."""

import base64
import collections
import contextlib
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import time
import zlib


class Browser:
    """One Chromium with one tab. Commands and answers are JSON, each ended by a NUL."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="httpd-swift-chromium-")
        read_commands, self.commands = os.pipe()
        self.answers, write_answers = os.pipe()

        def move_pipes():
            # The browser reads commands from descriptor 3 and writes answers to descriptor 4.
            first = os.dup(read_commands)
            second = os.dup(write_answers)
            os.dup2(first, 3)
            os.dup2(second, 4)

        # A session of its own, so that the whole family can be ended.
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=move_pipes, close_fds=False, start_new_session=True)
        os.close(read_commands)
        os.close(write_answers)
        self.buffer = bytearray()
        self.number = 0
        self.session = None
        self.events = []
        self.handlers = {}
        self.results = {}
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)

    def close(self):
        """Ends the browser and removes its profile."""
        try:
            self.session = None
            self.send("Browser.close")
            self.process.wait(timeout=10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, deadline):
        """The next message of the browser."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self.answers, 1 << 16)
            if not chunk:
                raise OSError("the browser is gone")
            self.buffer += chunk
        message, _, rest = bytes(self.buffer).partition(b"\0")
        self.buffer = bytearray(rest)
        return json.loads(message)

    def send(self, method, seconds=60, **parameters):
        """Gives one command and waits for its result; events that come meanwhile are kept."""
        self.number += 1
        number = self.number
        command = {"id": number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        content = memoryview(json.dumps(command).encode() + b"\0")
        while content:
            content = content[os.write(self.commands, content):]
        deadline = time.monotonic() + seconds
        while number not in self.results:
            message = self.receive(deadline)
            if "id" in message:
                # It may be that of a command that waits while a handler gives others.
                self.results[message["id"]] = message
                continue
            self.events.append(message)
            if message["method"] in self.handlers:
                self.handlers[message["method"]](message["params"])
        message = self.results.pop(number)
        assert "error" not in message, f"{method}: {message['error']}"
        return message["result"]

    @contextlib.contextmanager
    def handling(self, method, handler):
        """Gives each event of a kind to a handler, which may give commands, as they come."""
        self.handlers[method] = handler
        try:
            yield
        finally:
            del self.handlers[method]

    def load(self, address):
        """Loads a page, and gives the events of the loading."""
        self.events.clear()
        loader = self.send("Page.navigate", url=address)["loaderId"]
        deadline = time.monotonic() + 60
        seen = 0
        while True:
            for event in self.events[seen:]:
                values = event.get("params", {})
                if values.get("name") == "load" and values.get("loaderId") == loader:
                    return list(self.events)
            seen = len(self.events)
            self.events.append(self.receive(deadline))

    def open(self, address, width=1280, height=900, dark=False):
        """Loads a page in a window of this size, and gives the events of the loading."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        # By way of an empty page, so that another fragment of the same page is a load as well.
        self.load("about:blank")
        return self.load(address)

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page."""
        result = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def weak_texts(self):
        """The contrast of each colour of text that is below what WCAG 2 asks for, 4.5."""
        return self.evaluate("""
            (() => {
                const parse = text => text.match(/[\\d.]+/g).map(Number);
                const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
                    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
                const ground = one => {
                    for (; one; one = one.parentElement) {
                        const colour = parse(getComputedStyle(one).backgroundColor);
                        if (colour.length < 4 || colour[3] > 0) return colour;
                    }
                    return [255, 255, 255];
                };
                const seen = new Map();
                for (const one of document.querySelectorAll('body *')) {
                    if (one.closest('svg')) continue;
                    if (![...one.childNodes].some(node => node.nodeType == 3 && node.data.trim())) continue;
                    const text = parse(getComputedStyle(one).color);
                    const key = one.className + text + ground(one);
                    if (seen.has(key)) continue;
                    const [a, b] = [light(text), light(ground(one))].sort((x, y) => y - x);
                    seen.set(key, [(a + 0.05) / (b + 0.05), one.outerHTML.slice(0, 80)]);
                }
                return [...seen.values()].filter(([ratio]) => ratio < 4.5);
            })()""")

    def screenshot(self, width, height, scale=1):
        """The window's upper left part of this size as a PNG, which may be scaled down."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
        return base64.b64decode(
            self.send("Page.captureScreenshot", format="png", clip=clip)["data"])


def read_png(content):
    """Width, height and how often each colour occurs, of a PNG with 8 bits a channel."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    offset, packed = 8, b""
    while offset < len(content):
        length, kind = struct.unpack(">I4s", content[offset:offset + 8])
        data = content[offset + 8:offset + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", data)
            assert depth == 8 and colour in (2, 6) and interlace == 0
        elif kind == b"IDAT":
            packed += data
        offset += 12 + length
    step = 3 if colour == 2 else 4
    raw, row_bytes = zlib.decompress(packed), width * step
    colours, above = collections.Counter(), bytearray(row_bytes)
    for row in range(height):
        start = row * (row_bytes + 1)
        line = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + row_bytes]), above, step)
        for place in range(0, row_bytes, step):
            colours[bytes(line[place:place + 3])] += 1
        above = line
    return width, height, colours


def unfilter(kind, line, above, step):
    """Undoes the filter of one row (PNG specification, section 9)."""
    for place in range(len(line) if kind else 0):
        left = line[place - step] if place >= step else 0
        up = above[place]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            corner = above[place - step] if place >= step else 0
            estimate = left + up - corner
            guess = min((left, up, corner), key=lambda value: abs(estimate - value))
        line[place] = (line[place] + guess) & 255
    return line
