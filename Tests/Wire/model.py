"""What a server of files must answer: a reference model of GET, HEAD and OPTIONS.

Pure functions, written from RFC 9110 and from the manual (httpd-swift.conf(5)), not from the
server. `predict(site, request, known)` gives the `Answer` that the site owes; what the text leaves
open is `ANY`, and a request whose whole answer it leaves open gives None.

Coded contents cannot be predicted byte by byte: `known` maps (path, coding) to what one GET of the
whole has shown, a `Coded`; the model then says which of them a request gets, and which part.
"""

import calendar
import re
import time
import zlib
from dataclasses import dataclass, field
from urllib.parse import quote

import brotli
import zstandard

ANY = object()  # the texts leave it open

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8", "txt": "text/plain; charset=utf-8",
    "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "json": "application/json", "svg": "image/svg+xml", "jpg": "image/jpeg",
    "gz": "application/gzip", "zst": "application/zstd", "pdf": "application/pdf",
}
COMPRESSIBLE = re.compile(
    r"text/.*|.*\+(json|xml)|application/(javascript|json|wasm|xml)|font/(ttf|otf)")
SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
COMPARED = (
    "accept-ranges", "allow", "cache-control", "content-encoding", "content-length",
    "content-range", "content-type", "etag", "last-modified", "location", "vary")


# What there is.

@dataclass(frozen=True)
class File:
    """A regular file: its content and when it was modified, in nanoseconds since 1970."""

    content: bytes
    modified: int


@dataclass(frozen=True)
class Coded:
    """A representation in a coding, as one GET of the whole has shown it."""

    content: bytes
    tag: str


@dataclass
class Rule:
    """A section [Path]: a prefix or a glob, and the keys that it sets."""

    pattern: str
    keys: dict


@dataclass
class Site:
    """A site: the files below its root by their decoded paths, and its configuration."""

    host: str
    files: dict
    precompressed: tuple = ("br", "zstd", "gzip")
    compression: tuple = ()
    compression_min: int = 1024
    compression_max: int = 16 << 20
    cache_control: str = None
    fallback: str = None
    fallback_status: int = 404
    clean_urls: bool = False
    rules: list = field(default_factory=list)
    chosen: dict = field(default_factory=dict)  # candidates of a path, once worked out

    def is_directory(self, path):
        """Whether the path without a slash at its end is a directory."""
        return any(name.startswith(path.rstrip("/") + "/") for name in self.files)


@dataclass
class Request:
    """A request; `target` and the values of `fields` are as they are sent."""

    method: str
    target: str
    fields: list
    version: str = "1.1"
    host: str = "localhost"
    is_absolute: bool = False

    def lines(self, name):
        """The values of the field lines of a name, without the whitespace around them."""
        return [value.strip(" \t") for key, value in self.fields if key.lower() == name.lower()]


@dataclass
class Answer:
    """What is owed: `fields` of the names in COMPARED (None: it must be missing), the `content`
    (ANY where open), for a multipart/byteranges the `parts` as (first, last), of which file."""

    status: int
    fields: dict
    content: object = ANY
    parts: list = None
    whole: bytes = b""
    media_type: str = None
    closes: bool = False


# Codings (RFC 9110 §8.4.1, §12.5.3).

def decode(coding, content):
    """The content without its coding; None where it is not in it."""
    try:
        if coding == "br":
            return brotli.decompress(content)
        if coding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(content)
        if coding == "gzip":
            reader = zlib.decompressobj(31)
            plain = reader.decompress(content) + reader.flush()
            return plain if reader.eof and not reader.unused_data else None
    except (brotli.error, zstandard.ZstdError, zlib.error):
        return None
    return content


def encode(coding, content):
    """The content in a coding, as a tool would leave it beside the file."""
    if coding == "br":
        return brotli.compress(content, quality=9)
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=9).compress(content)
    writer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return writer.compress(content) + writer.flush()


def candidates(site, path):
    """The codings beside identity in which there is a file, in the order of the site: first those
    of valid siblings, then those made on the fly."""
    if path in site.chosen:
        return site.chosen[path]
    file, result = site.files[path], []
    if COMPRESSIBLE.fullmatch(media_type(site, path).partition(";")[0]):
        for coding in site.precompressed:
            sibling = site.files.get(path + SUFFIXES[coding])
            # Never one that is older, or made of something else.
            if sibling and sibling.modified >= file.modified \
                    and decode(coding, sibling.content) == file.content:
                result.append(coding)
        fits = site.compression_min <= len(file.content) <= site.compression_max
        for coding in site.compression:
            if fits and coding not in result \
                    and len(encode(coding, file.content)) < len(file.content):
                result.append(coding)
    site.chosen[path] = result
    return result


def accepted_codings(lines):
    """Coding → weight in thousandths of an Accept-Encoding; None where there is none.

    Elements that are not `codings [ weight ]` are ignored."""
    if not [line for line in lines if line]:
        return None
    weights = {}
    for element in ",".join(lines).split(","):
        match = re.fullmatch(
            r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)"
            r"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?", element.strip(" \t"))
        if match:
            name = match[1].lower()
            weights["gzip" if name == "x-gzip" else name] = round(float(match[2] or 1) * 1000)
    return weights


def select_coding(lines, available):
    """The coding that a file is sent in, or None where none is acceptable (406)."""
    weights = accepted_codings(lines)
    if weights is None:
        return "identity"
    best, best_weight = None, 0
    for coding in available:
        weight = weights.get(coding, weights.get("*", 0))
        if weight > best_weight:
            best, best_weight = coding, weight
    identity = weights.get("identity", weights.get("*"))
    if identity is None:  # acceptable, behind all that is named
        return best or "identity"
    return "identity" if identity > best_weight else best


# Dates and tags (RFC 9110 §5.6.7, §8.8.3).

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
CLOCK = r"(?P<h>[01]\d|2[0-3]):(?P<i>[0-5]\d):(?P<s>[0-5]\d)"
MONTH = "(?P<m>%s)" % "|".join(MONTHS)
DATES = [re.compile(text) for text in (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<d>\d\d) %s (?P<y>\d{4}) %s GMT" % (MONTH, CLOCK),
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<d>\d\d)-%s-(?P<y>\d\d) %s GMT"
    % (MONTH, CLOCK),
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) %s (?P<d>\d\d| \d) %s (?P<y>\d{4})" % (MONTH, CLOCK))]


def parse_date(text):
    """The POSIX time of an HTTP-date in any of its three forms; None where it is none."""
    for form in DATES:
        match = form.fullmatch(text)
        if not match:
            continue
        year, day = int(match["y"]), int(match["d"])
        if len(match["y"]) == 2:
            # More than 50 years in the future is the most recent past year of these digits.
            now = time.gmtime().tm_year
            year += now - now % 100
            year -= 100 if year > now + 50 else 0
        month = MONTHS.index(match["m"]) + 1
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if not 1 <= day <= [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][
                month - 1]:
            return None
        return calendar.timegm(
            (year, month, day, int(match["h"]), int(match["i"]), int(match["s"])))
    return None


def date_of(request, name):
    """The date that a field says; a field that is repeated or no date is ignored (§13.1.3)."""
    lines = request.lines(name)
    return parse_date(lines[0]) if len(lines) == 1 else None


TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def lists_tag(lines, tag, strongly):
    """Whether `*` or a list of tags names a strong tag (§8.8.3.2)."""
    value = ", ".join(lines)
    if value == "*":
        return True
    position = 0
    while True:
        position = re.compile(r"[ \t,]*").match(value, position).end()
        match = TAG.match(value, position)
        if not match:
            return False
        if '"%s"' % match[2] == tag and not (strongly and match[1]):
            return True
        position = match.end()


# Preconditions (RFC 9110 §13.2.2).

def preconditions(request, tag, modified):
    """200, 304 or 412."""
    if request.lines("If-Match"):
        if not lists_tag(request.lines("If-Match"), tag, strongly=True):
            return 412
    else:
        date = date_of(request, "If-Unmodified-Since")
        if date is not None and modified > date:
            return 412
    if request.lines("If-None-Match"):
        if lists_tag(request.lines("If-None-Match"), tag, strongly=False):
            return 304
    else:
        date = date_of(request, "If-Modified-Since")
        if date is not None and modified <= date:
            return 304
    return 200


def if_range_holds(request, tag, modified):
    """Whether the Range field counts (§13.1.5): no If-Range, or one that names this very state."""
    lines = request.lines("If-Range")
    if not lines:
        return True
    if len(lines) > 1:
        return False
    return lines[0] == tag or parse_date(lines[0]) == modified


# Ranges (RFC 9110 §14.1, §14.2).

RANGE_LIMIT = 128


def parse_ranges(lines, size):
    """What a Range field asks for of `size` octets: None (the whole), or a list of (first, last),
    which is empty where it cannot be satisfied."""
    if len(lines) != 1:
        return None
    unit, equals, text = lines[0].partition("=")
    if not equals or unit.lower() != "bytes":
        return None
    wanted, count = [], 0
    for element in text.split(","):
        element = element.strip(" \t")
        if not element:
            continue
        match = re.fullmatch(r"([0-9]*)-([0-9]*)", element)
        if not match or not (match[1] or match[2]):
            return None
        count += 1
        if not match[1]:
            if size == 0 and int(match[2]) > 0:
                return None
            first, last = max(0, size - int(match[2])), size - 1
        else:
            first = int(match[1])
            if match[2] and int(match[2]) < first:
                return None
            last = min(size - 1, int(match[2])) if match[2] else size - 1
        if first <= last:
            wanted.append((first, last))
    if count == 0 or count > RANGE_LIMIT:
        return None
    if sum(last - first + 1 for first, last in wanted) > 2 * size:
        return None
    return coalesce(wanted)


def coalesce(ranges):
    """Overlapping and adjacent ranges as one, at the place of the first of them."""
    result = list(ranges)
    while True:
        for at, (first, last) in enumerate(result):
            other = next((index for index in range(at + 1, len(result))
                          if result[index][0] <= last + 1 and first <= result[index][1] + 1), None)
            if other is not None:
                absorbed = result.pop(other)
                result[at] = (min(first, absorbed[0]), max(last, absorbed[1]))
                break
        else:
            return result


# Targets (RFC 3986 §6.2.2) and rules.

def resolve(target):
    """The decoded path of a target in origin-form, `400`, or None for what is never a file."""
    names, directory, hidden = [], True, False
    for segment in target.partition("?")[0].split("/")[1:]:
        if re.search("%(?![0-9A-Fa-f]{2})", segment) or "%00" in segment:
            return 400
        name = re.sub("%(..)", lambda match: chr(int(match[1], 16)), segment)
        if "/" in name:  # an encoded slash is no separator (§2.2), and no name has one
            hidden, name = True, "x"
        directory = name in ("", ".", "..")
        if name == "..":
            if not names:
                return 400
            names.pop()
        elif not directory:
            names.append(name)
    if hidden or any(name.startswith(".") and name != ".well-known" for name in names):
        return None
    path = "/" + "/".join(names)
    return path + "/" if directory and names else path


def matches(pattern, path):
    """What the wildcards of a rule's pattern match, or None where it does not."""
    if not re.search(r"[*?]", pattern):
        if path.startswith(pattern) and (
                pattern.endswith("/") or path[len(pattern):len(pattern) + 1] in ("", "/")):
            return [path[len(pattern):]]
        return None
    # Each wildcard as little as it can; between two slashes `**` may be nothing, and one slash.
    wildcards = {"/**/": "/(?:(.*?)/)?", "**": "(.*?)", "*": "([^/]*?)", "?": "([^/])"}
    text = "".join(wildcards.get(part, re.escape(part))
                   for part in re.findall(r"/\*\*/|\*\*|[*?]|[^*?/]+|/", pattern))
    if not pattern.startswith("/"):
        text = "/(?:.*/)?" + text
    match = re.fullmatch(text, path, re.S)
    return [group or "" for group in match.groups()] if match else None


def rule_value(site, path, key):
    """The value of a key at a path, and what the wildcards of its rule match; None, [] if none."""
    found = []
    for at, rule in enumerate(site.rules):
        captures = matches(rule.pattern, path)
        if captures is not None and key in rule.keys:
            is_glob = bool(re.search(r"[*?]", rule.pattern))
            literal = len(re.sub(r"[*?]", "", rule.pattern).encode())
            found.append(((is_glob, literal, at), rule.keys[key], captures))
    if not found:
        return None, []
    _, value, captures = max(found, key=lambda entry: entry[0])
    return value, captures


def media_type(site, path):
    """The Content-Type of a file."""
    value, _ = rule_value(site, path, "ContentType")
    if value:
        return value
    name = path.rpartition("/")[2]
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream") \
        if "." in name else "application/octet-stream"


def location(path):
    """A decoded path as a reference (RFC 3986 §3.3)."""
    return quote(path.encode("latin-1"), safe="/-._~!$&'()*+,;=:@")


# Answers.

def predict(site, request, known):
    """The answer that a site owes to a request."""
    answer = _answer(site, request, known)
    if answer is None:
        return None
    options = [option.strip().lower()
               for line in request.lines("Connection") for option in line.split(",")]
    answer.closes = "close" in options or (
        request.version == "1.0" and "keep-alive" not in options)
    answer.closes = answer.closes or request.method == "CONNECT"
    if request.method == "HEAD" or answer.status in (204, 304):
        answer.content, answer.parts = b"", None
    return answer


def _answer(site, request, known):
    if request.method not in METHODS:
        return error(request, 501)
    path = resolve(request.target)
    ruled = isinstance(path, str) and [
        key for key in ("Deny", "Redirect") if rule_value(site, path, key)[0]]
    if ruled and request.method not in ("GET", "HEAD"):
        return None
    if request.method == "OPTIONS":
        return Answer(204, fields(allow="GET, HEAD, OPTIONS"), b"")
    if request.method not in ("GET", "HEAD"):
        return error(request, 405, allow="GET, HEAD, OPTIONS")
    if path == 400:
        return error(request, 400)
    if path is None:
        return missing(site, request, known)
    query = request.target.partition("?")[2]
    query = "?" + query if query else ""
    if "Deny" in ruled:
        return error(request, 403)
    value, captures = rule_value(site, path, "Redirect")
    if value:
        status, target = value
        target = re.sub(
            r"\$([1-9$])", lambda match: "$" if match[1] == "$" else
            location(captures[int(match[1]) - 1]), target)
        target += "" if "?" in target else query
        return Answer(status, fields(location=target, content_type=ANY), ANY)
    return find(site, request, known, path, query)


def find(site, request, known, path, query):
    """The answer to a GET of a path."""
    if path.endswith("/"):
        index = path + "index.html"
        return represent(site, request, known, index) if index in site.files \
            else missing(site, request, known)
    if site.clean_urls:
        if path.endswith("/index.html") and path in site.files:
            return redirect(path[:-len("index.html")] + query)
        if path.endswith(".html") and path in site.files and path[:-5] not in site.files:
            return redirect(location(path[:-5]) + query)
        if path not in site.files and path + ".html" in site.files:
            return represent(site, request, known, path + ".html")
    if path in site.files:
        return represent(site, request, known, path)
    if site.is_directory(path):
        return redirect(location(path) + "/" + query)
    return missing(site, request, known)


def represent(site, request, known, path, status=200):
    """The answer with a file: coding, preconditions, range, in this order."""
    file, available = site.files[path], candidates(site, path)
    vary = "accept-encoding" if available else None
    coding = select_coding(request.lines("Accept-Encoding"), available)
    if coding is None and status == 404:
        coding = "identity"  # what is missing is so in any coding
    if coding is None:
        # Preconditions are for what would be answered with 2xx (RFC 9110 §13.2.1).
        return error(request, 406, vary="accept, accept-encoding" if vary else ANY)
    if coding == "identity":
        whole, tag = file.content, '"%x-%x"' % (file.modified, len(file.content))
    else:
        whole, tag = known[path, coding].content, known[path, coding].tag
    cache_control = rule_value(site, path, "CacheControl")[0] or site.cache_control
    metadata = {
        "content_type": media_type(site, path), "vary": vary, "etag": tag,
        "content_encoding": None if coding == "identity" else coding,
        "content_length": str(len(whole)), "accept_ranges": "bytes",
        "cache_control": cache_control}
    modified = file.modified // 10**9
    metadata["last_modified"] = time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(modified))
    if status == 404:
        for name in ("etag", "last_modified", "cache_control", "accept_ranges"):
            metadata[name] = None
        return Answer(404, fields(**metadata), whole)
    outcome = preconditions(request, tag, modified)
    if outcome == 412:
        return error(request, 412)
    if outcome == 304:
        return not_modified(metadata)
    if request.method == "GET" and if_range_holds(request, tag, modified):
        ranges = parse_ranges(request.lines("Range"), len(whole))
        if ranges is not None:
            return part(request, ranges, whole, metadata)
    return Answer(200, fields(**metadata), whole)


def not_modified(metadata):
    """304: what a cache needs to update what it has (RFC 9110 §15.4.5)."""
    return Answer(304, fields(**{
        **metadata, "content_type": ANY, "content_length": ANY, "content_encoding": ANY,
        "last_modified": ANY, "accept_ranges": ANY}), b"")


def part(request, ranges, whole, metadata):
    """206 of one or several parts, or 416 (RFC 9110 §15.3.7, §15.5.17)."""
    if not ranges:
        return error(request, 416, content_range="bytes */%d" % len(whole))
    if len(ranges) == 1:
        first, last = ranges[0]
        return Answer(206, fields(**{
            **metadata, "content_length": str(last - first + 1),
            "content_range": "bytes %d-%d/%d" % (first, last, len(whole))}),
            whole[first:last + 1])
    answer = Answer(206, fields(**{**metadata, "content_type": ANY, "content_length": ANY}))
    answer.parts, answer.whole, answer.media_type = ranges, whole, metadata["content_type"]
    return answer


def missing(site, request, known):
    """The answer for what does not exist: the fallback page or an error."""
    if site.fallback not in site.files:
        return error(request, 404)
    return represent(site, request, known, site.fallback, site.fallback_status)


def redirect(target):
    """301 to a place on this server."""
    return Answer(301, fields(location=target, content_type=ANY), ANY)


def error(request, status, **others):
    """An error with content in the form that is accepted (RFC 9110 §12.5.1, RFC 9457)."""
    forms = ("text/plain; charset=utf-8", "text/html; charset=utf-8", "application/problem+json")
    accept = request.lines("Accept")
    form = 0
    if len(accept) == 1:
        text, page = (accepts(accept[0], kind) for kind in ("text/plain", "text/html"))
        problem = max(accepts(accept[0], kind)
                      for kind in ("application/problem+json", "application/json"))
        form = 0 if text >= max(page, problem) else 1 if page >= problem else 2
    return Answer(status, fields(**{"content_type": forms[form], "vary": "accept", **others}), ANY)


def accepts(accept, kind):
    """Weight and precision with which an Accept field takes a media type."""
    best = (0, 0)
    for element in accept.split(","):
        name, *parameters = (text.strip() for text in element.split(";"))
        precision = {kind: 3, kind.partition("/")[0] + "/*": 2, "*/*": 1}.get(name, 0)
        weight = next((float(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        if precision > best[1]:
            best = (weight, precision)
    return best if best[0] else (0, 0)


def fields(**values):
    """What each compared field must be: missing if not given, but for the content's length."""
    result = {name: None for name in COMPARED}
    result["content-length"] = ANY
    result.update({name.replace("_", "-"): value for name, value in values.items()})
    if result["content-range"] and result["content-range"].startswith("bytes */"):
        result["accept-ranges"] = ANY
    return result


# Comparing.

def differences(answer, response, method):
    """What of a response is not as predicted, as lines of text."""
    result = []
    if response.status != answer.status:
        return ["status %d, expected %d" % (response.status, answer.status)]
    for name, expected in answer.fields.items():
        got = response.get(name)
        if expected is ANY or got == expected:
            continue
        if name in ("vary", "allow") and got and expected and \
                set(response.tokens(name)) == set(expected.lower().split(", ")):
            continue
        if name == "location" and re.sub(r"^http://[^/]*", "", got or "") == expected:
            continue
        result.append("%s: %r, expected %r" % (name, got, expected))
    if answer.parts is not None:
        result += part_differences(answer, response)
    elif answer.content is not ANY and response.content != answer.content:
        result.append("content of %d octets %r, expected %d octets %r" % (
            len(response.content), response.content[:40], len(answer.content),
            answer.content[:40]))
    elif answer.content is ANY and answer.status >= 400 and method != "HEAD" \
            and not response.content:
        result.append("no content in an error")
    if response.closes != answer.closes:
        result.append("the connection is to end: %s, expected %s" % (
            response.closes, answer.closes))
    return result


def part_differences(answer, response):
    """What of a multipart/byteranges is not as predicted."""
    try:
        parts = parse_parts(response)
    except ValueError as problem:
        return [str(problem)]
    expected = [
        (answer.media_type, "bytes %d-%d/%d" % (first, last, len(answer.whole)),
         answer.whole[first:last + 1]) for first, last in answer.parts]
    if parts == expected:
        return []
    return ["parts %r, expected %r" % ([part[:2] for part in parts], [
        part[:2] for part in expected])]


def parse_parts(response):
    """The parts of a multipart/byteranges (RFC 9110 §14.6): type, Content-Range and octets."""
    kind = response.get("content-type", "")
    match = re.fullmatch(r'multipart/byteranges; ?boundary="?([0-9A-Za-z\'()+_,\-./:=?]{1,70})"?',
                         kind)
    if not match:
        raise ValueError("Content-Type: %r" % kind)
    if response.get("content-range") is not None:
        raise ValueError("Content-Range beside parts (RFC 9110 §15.3.7.2)")
    delimiter, octets = b"--" + match[1].encode(), response.content
    position, parts = (2 if octets.startswith(b"\r\n") else 0), []
    while True:
        if not octets.startswith(delimiter, position):
            raise ValueError("no delimiter at %d: %r" % (position, octets[position:position + 40]))
        position += len(delimiter)
        if octets[position:] in (b"--\r\n", b"--"):
            return parts
        if not octets.startswith(b"\r\n", position):
            raise ValueError("no line end behind the delimiter at %d" % position)
        end = octets.find(b"\r\n\r\n", position)
        head = dict(line.split(": ", 1) for line in
                    octets[position + 2:end].decode("latin-1").split("\r\n"))
        names = {name.lower(): value for name, value in head.items()}
        if set(names) != {"content-type", "content-range"}:
            raise ValueError("fields of a part: %r" % head)
        match = re.fullmatch(r"bytes (\d+)-(\d+)/\d+", names["content-range"])
        length = int(match[2]) - int(match[1]) + 1
        position = end + 4
        parts.append((names["content-type"], names["content-range"],
                      octets[position:position + length]))
        position += length
        if not octets.startswith(b"\r\n", position):
            raise ValueError("no line end before the delimiter at %d" % position)
        position += 2
