"""A raw HTTP/1.1 peer for tests: sends exactly the octets it is given, and reads strictly.

`Connection` never repairs, retries or reorders anything. The parser accepts only what RFC 9112
lets an origin server send, and raises `Malformed` for everything else, so each test of any
behaviour is a test of the message syntax too.
"""

import re
import socket
import time
from email.utils import parsedate_to_datetime

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ([\t \x21-\x7e\x80-\xff]*)")
FIELD_VALUE = re.compile(rb"[\t \x21-\x7e\x80-\xff]*")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;[\t \x21-\x7e\x80-\xff]*)?")
IMF_FIXDATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d"
    r" (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)
ENTITY_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e\x80-\xff]*"')

# Fields that a response may hold once only (RFC 9110 §5.3 and the definition of each).
SINGLETONS = (
    "accept-ranges",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "location",
    "retry-after",
    "server",
)


class Malformed(Exception):
    """The octets are no response that RFC 9112 and RFC 9110 allow here."""


class Incomplete(Exception):
    """The response has not ended yet."""


class Response:
    """One response: `fields` as they came, `content` after removing the transfer coding."""

    def __init__(self, status, reason, fields):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.content = b""
        self.trailers = []
        self.framing = "none"  # 'none', 'length', 'chunked' or 'close'
        self.interim = []  # the status codes of the informational responses before it

    def all(self, name):
        """The values of all field lines of that name, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=None):
        """The combined field value, or the default where there is none."""
        values = self.all(name)
        return ", ".join(values) if values else default

    def tokens(self, name):
        """The members of a list of tokens, in lower case."""
        return [part.strip().lower() for part in self.get(name, "").split(",") if part.strip()]

    @property
    def closes(self):
        """Whether this response announces the end of its connection."""
        return "close" in self.tokens("connection") or self.framing == "close"

    def __repr__(self):
        return "<%d %s, %d bytes %r>" % (
            self.status, self.reason, len(self.content), self.content[:60])


def request(target="/", method="GET", fields=(), content=None, host="localhost", version="1.1"):
    """The octets of a request. `content` gets a Content-Length; `host=None` leaves Host out."""
    lines = ["%s %s HTTP/%s" % (method, target, version)]
    if host is not None:
        lines.append("Host: " + host)
    items = fields.items() if isinstance(fields, dict) else fields
    lines += ["%s: %s" % item for item in items]
    if content is not None:
        lines.append("Content-Length: %d" % len(content))
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head + (content or b"")


def chunked(content, size=1000):
    """The content in the chunked transfer coding, in chunks of `size` octets."""
    parts = [content[i:i + size] for i in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def http_date(seconds):
    """The IMF-fixdate of a POSIX time."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds))


def _field_section(lines):
    fields = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            raise Malformed("obs-fold in %r (RFC 9112 §5.2)" % line)
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name):
            raise Malformed("field line %r (RFC 9112 §5)" % line)
        if not FIELD_VALUE.fullmatch(value):
            raise Malformed("control octet in %r (RFC 9110 §5.5)" % line)
        fields.append((name.decode(), value.strip(b" \t").decode("latin-1")))
    return fields


def _check(response, request_version):
    """The rules that hold for each response, whatever was asked."""
    status, get = response.status, response.get
    for name in SINGLETONS:
        if len(response.all(name)) > 1:
            raise Malformed("%s repeated: %r" % (name, response.all(name)))
    length, coding = get("content-length"), get("transfer-encoding")
    if length is not None and not re.fullmatch("[0-9]{1,19}", length):
        raise Malformed("Content-Length: %r (RFC 9110 §8.6)" % length)
    if length is not None and coding is not None:
        raise Malformed("Content-Length with Transfer-Encoding (RFC 9112 §6.2)")
    if (status < 200 or status == 204) and (length is not None or coding is not None):
        raise Malformed("framing fields in a %d (RFC 9110 §8.6, RFC 9112 §6.1)" % status)
    if coding is not None and (coding.lower() != "chunked" or request_version == "1.0"):
        raise Malformed("Transfer-Encoding: %r (RFC 9112 §6.1)" % coding)
    if status < 200:
        return
    if not IMF_FIXDATE.fullmatch(get("date", "")):
        raise Malformed("Date: %r in a %d (RFC 9110 §6.6.1)" % (get("date"), status))
    if abs(parsedate_to_datetime(get("date")).timestamp() - time.time()) > 90:
        raise Malformed("Date: %r is not the time" % get("date"))
    modified = get("last-modified")
    if modified is not None and not IMF_FIXDATE.fullmatch(modified):
        raise Malformed("Last-Modified: %r (RFC 9110 §8.8.2)" % modified)
    if get("etag") is not None and not ENTITY_TAG.fullmatch(get("etag")):
        raise Malformed("ETag: %r (RFC 9110 §8.8.3)" % get("etag"))
    if status == 405 and get("allow") is None:
        raise Malformed("405 without Allow (RFC 9110 §15.5.6)")
    if status == 206 and not (get("content-range") or "multipart/" in get("content-type", "")):
        raise Malformed("206 without Content-Range (RFC 9110 §15.3.7)")
    if status in (301, 302, 307, 308) and get("location") is None:
        raise Malformed("%d without Location" % status)
    if status == 426 and get("upgrade") is None:
        raise Malformed("426 without Upgrade (RFC 9110 §15.5.22)")


def parse(octets, method="GET", version="1.1", ended=False):
    """The first response in the octets, and how many of them it takes.

    Raises `Incomplete` where it goes on, unless the connection has `ended`.
    """
    end = octets.find(b"\r\n\r\n")
    start = bytes(octets[:9])
    if not b"HTTP/1.1 ".startswith(start) and start != b"HTTP/1.1 ":
        raise Malformed("no status line: %r" % bytes(octets[:80]))
    if end < 0:
        if len(octets) > 65536 or b"\n\n" in octets:
            raise Malformed("endless field section: %r" % bytes(octets[:80]))
        raise Incomplete()
    lines = bytes(octets[:end]).split(b"\r\n")
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise Malformed("bare CR or LF in %r (RFC 9112 §2.2)" % bytes(octets[:end]))
    match = STATUS_LINE.fullmatch(lines[0])
    if not match:
        raise Malformed("status line %r (RFC 9112 §4)" % lines[0])
    response = Response(int(match[1]), match[2].decode("latin-1"), _field_section(lines[1:]))
    _check(response, version)
    position = end + 4
    if method == "HEAD" or response.status < 200 or response.status in (204, 304):
        return response, position
    if response.get("transfer-encoding") is not None:
        response.framing = "chunked"
        return response, _parse_chunks(octets, position, response)
    length = response.get("content-length")
    if length is not None:
        response.framing = "length"
        if len(octets) < position + int(length):
            raise Incomplete()
        response.content = bytes(octets[position:position + int(length)])
        return response, position + int(length)
    response.framing = "close"
    if not ended:
        raise Incomplete()
    response.content = bytes(octets[position:])
    return response, len(octets)


def _parse_chunks(octets, position, response):
    content = []
    while True:
        end = octets.find(b"\r\n", position)
        if end < 0:
            raise Incomplete()
        match = CHUNK_LINE.fullmatch(bytes(octets[position:end]))
        if not match:
            raise Malformed("chunk line %r (RFC 9112 §7.1)" % bytes(octets[position:end]))
        size, position = int(match[1], 16), end + 2
        if size == 0:
            break
        if len(octets) < position + size + 2:
            raise Incomplete()
        content.append(bytes(octets[position:position + size]))
        position += size
        if octets[position:position + 2] != b"\r\n":
            raise Malformed("chunk not ended by CRLF (RFC 9112 §7.1)")
        position += 2
    trailers = []
    while True:
        end = octets.find(b"\r\n", position)
        if end < 0:
            raise Incomplete()
        line, position = bytes(octets[position:end]), end + 2
        if not line:
            break
        trailers.append(line)
    response.trailers = _field_section(trailers)
    response.content = b"".join(content)
    return position


class Connection:
    """One connection to `address`: (host, port), or the path of a Unix socket."""

    def __init__(self, address, timeout=5.0, receive_buffer=None):
        self.address, self.timeout, self.receive_buffer = address, timeout, receive_buffer
        self.received = bytearray()  # what no response has taken yet
        self.ending = None  # 'end' or 'reset' once the peer has ended it
        self.send_failed = False
        family = socket.AF_UNIX if isinstance(address, str) else \
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reconnect(self):
        """Give the connection up for a new one to the same address."""
        self.close()
        self.__init__(self.address, self.timeout, self.receive_buffer)

    def send(self, octets):
        """Send all octets; a peer that has ended the connection is noted, not raised."""
        self.socket.settimeout(max(self.timeout, 20))
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionError):
            self.send_failed = True

    def send_slowly(self, octets, size=1, pause=0.0):
        """Send in pieces of `size` octets, with a pause after each."""
        for start in range(0, len(octets), size):
            self.send(octets[start:start + size])
            if pause:
                time.sleep(pause)

    def half_close(self):
        """End our direction, as `shutdown(2)` does."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _receive(self, deadline):
        """Take what has come. False at the deadline, or when the peer has ended."""
        remaining = deadline - time.monotonic()
        if self.ending or remaining <= 0:
            return False
        self.socket.settimeout(remaining)
        try:
            octets = self.socket.recv(1 << 18)
        except socket.timeout:
            return False
        except ConnectionError:
            self.ending = "reset"
            return False
        if not octets:
            self.ending = "end"
        self.received += octets
        return bool(octets)

    def read(self, method="GET", version="1.1", timeout=None, interim=False):
        """The next final response (or any, with `interim`); None where none came in time."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        before, needed = [], 1
        while True:
            if len(self.received) >= needed:
                try:
                    response, size = parse(self.received, method, version, bool(self.ending))
                    del self.received[:size]
                    needed = 1
                    if response.status < 200 and not interim:
                        before.append(response.status)
                        continue
                    response.interim = before
                    return response
                except Incomplete:
                    # Do not parse a long content again for each piece of it.
                    needed = len(self.received) + 1
                    length = re.search(
                        rb"\r\ncontent-length: *([0-9]+)\r\n", self.received[:8192], re.I)
                    end = self.received.find(b"\r\n\r\n")
                    if length and end >= 0 and length.start() < end and method != "HEAD":
                        needed = max(needed, end + 4 + int(length[1]))
            if not self._receive(deadline):
                if self.ending and self.received:
                    try:
                        response, size = parse(self.received, method, version, True)
                    except Incomplete:
                        return None
                    del self.received[:size]
                    response.interim = before
                    return response
                return None

    def ask(self, octets, method="GET", **options):
        """Send a request and read its response."""
        self.send(octets)
        return self.read(method, **options)

    def rest(self, timeout=1.0):
        """All octets until the peer ends the connection or the time is over."""
        deadline = time.monotonic() + timeout
        while self._receive(deadline):
            pass
        octets = bytes(self.received)
        self.received.clear()
        return octets

    def ended(self, timeout=2.0):
        """Whether the peer ends the connection in time, without another octet."""
        rest = self.rest(timeout)
        if rest:
            raise Malformed("octets after the last response: %r" % rest[:200])
        return self.ending is not None

    def close(self):
        """Close our end."""
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
