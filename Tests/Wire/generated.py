"""The sites and the requests of the generated runs: everything that a seed decides.

`make_site_files()` is one tree with every kind of file; `sites()` serve it in several ways, told
apart by name. `Draw` makes requests whose answer is known to the model: of each kind of field the
ordinary, the odd and the invalid forms, aimed at the representation that the request will get.
"""

import os
import random
import time

import httpwire
import model
from model import Coded, File, Request, Rule, Site

SECOND = 10**9
MODIFIED = 1_700_000_000 * SECOND  # Tue, 14 Nov 2023 22:13:20 GMT


def prose(size, seed):
    """Text that compresses."""
    draw = random.Random(seed)
    words = [b"%x" % draw.randrange(1 << 24) for _ in range(300)]
    text = bytearray()
    while len(text) < size:
        text += draw.choice(words) + (b"\n" if draw.random() < 0.1 else b" ")
    return bytes(text[:size])


def make_site_files():
    """Decoded path → `File` of the whole tree."""
    plain = {
        "/index.html": prose(3000, 1), "/hello.txt": b"Hello, world!\n", "/empty.txt": b"",
        "/one.bin": b"x", "/ten.txt": b"0123456789", "/prose.txt": prose(20_000, 2),
        "/app.js": prose(9000, 3), "/stale.css": prose(6000, 4), "/foreign.json": prose(5000, 5),
        "/noise.bin": random.Random(6).randbytes(5000), "/photo.jpg": prose(4000, 7),
        "/small.txt": prose(600, 8), "/picture.svg": prose(2500, 9),
        "/large.txt": prose(150_000, 10),
        "/video.bin": random.Random(11).randbytes(200_000), "/dir/index.html": prose(1500, 12),
        "/dir/a b.txt": prose(1200, 13), "/dir/\u00c3\u00bc.html": prose(1100, 14),
        "/dir/page.html": prose(1300, 15), "/bare/file.txt": b"no index page here\n",
        "/deep/x/y/z.json": prose(2000, 16), "/404.html": prose(1400, 17),
        "/assets/a.css": prose(2200, 18), "/assets/b.1234.js": prose(2300, 19),
        "/both": b"a file\n", "/both.html": prose(1024, 20), "/secret/key.txt": b"secret\n",
    }
    files = {}
    for number, (path, content) in enumerate(plain.items()):
        # Some have a fraction of a second, which Last-Modified cuts.
        fraction = 0 if number % 3 else 123_456_789
        files[path] = File(content, MODIFIED - number * 86_400 * SECOND * 7 + fraction)

    def sibling(path, coding, content=None, later=0):
        source = files[path]
        files[path + model.SUFFIXES[coding]] = File(
            model.encode(coding, source.content if content is None else content),
            source.modified + later)

    for path in ("/index.html", "/app.js", "/dir/page.html", "/both.html"):
        for coding in ("br", "zstd", "gzip"):
            sibling(path, coding, later=5 * SECOND)
    sibling("/prose.txt", "gzip")
    sibling("/small.txt", "gzip")
    sibling("/stale.css", "br", later=-1)  # older by a nanosecond
    sibling("/stale.css", "gzip")
    sibling("/foreign.json", "gzip", b"made of something else", later=SECOND)
    sibling("/foreign.json", "zstd", later=SECOND)
    sibling("/photo.jpg", "gzip", later=SECOND)  # not of a type that is coded
    sibling("/picture.svg", "br", later=SECOND)
    sibling("/404.html", "br", later=SECOND)
    return files


def sites(files):
    """The sites that serve the tree; each has a host of its own."""
    return [
        Site("localhost", files, precompressed=(), cache_control="max-age=60"),
        Site("siblings.test", files),
        Site("coded.test", files, precompressed=("gzip", "br", "zstd"),
             compression=("br", "zstd", "gzip"), fallback="/404.html"),
        Site("fly.test", files, precompressed=(), compression=("zstd", "gzip"),
             compression_min=2000, compression_max=100_000,
             fallback="/index.html", fallback_status=200),
        Site("rules.test", files, clean_urls=True, fallback="/404.html", rules=[
            Rule("/assets/", {"CacheControl": "max-age=3600"}),
            Rule("*.css", {"CacheControl": "no-cache"}),
            Rule("/assets/*.*.js", {"CacheControl": "immutable"}),
            Rule("/secret/", {"Deny": "yes"}),
            Rule("/old/", {"Redirect": (301, "/dir/$1")}),
            Rule("/goto/*/**", {"Redirect": (308, "https://example.org/$2?from=$1")}),
            Rule("/ten.txt", {"ContentType": "application/x-ten"}),
        ]),
    ]


def configuration(served, root):
    """The configuration of the sites, but for the first, which the daemon of the tests has."""
    text = []
    for number, site in enumerate(served[1:], 1):
        text.append("[Site s%d]\nServerName=%s\nRoot=%s" % (number, site.host, root))
        text += ["%s=%s" % item for item in site_keys(site).items()]
        for rule in site.rules:
            text.append("[Path s%d %s]" % (number, rule.pattern))
            text += ["%s=%s" % (key, "%d %s" % value if key == "Redirect" else value)
                     for key, value in rule.keys.items()]
    return "\n".join(text) + "\n"


def site_keys(site):
    """The keys of a site's section."""
    def listed(codings):
        return " ".join(codings) or "no"
    keys = {"Fallback": site.fallback or "", "FallbackStatus": site.fallback_status,
            "Precompressed": listed(site.precompressed), "Compression": listed(site.compression),
            "CompressionMinSize": site.compression_min, "CompressionMaxSize": site.compression_max}
    if site.cache_control:
        keys["CacheControl"] = site.cache_control
    if site.clean_urls:
        keys["CleanURLs"] = "yes"
    return keys


def write(daemon, files):
    """Put the tree below the daemon's root, each file with its time."""
    for path, file in files.items():
        place = daemon.put_file(path[1:].encode("latin-1").decode(), file.content)
        os.utime(place, ns=(file.modified, file.modified))


def learn(site, ask):
    """What each file is in each coding: fetched whole, once. `ask(request)` gives a response.

    Gives (path, coding) → `Coded`, and what was wrong with them, as lines."""
    known, problems = {}, []
    for path, file in site.files.items():
        for coding in model.candidates(site, path):
            target = model.location(path)
            request = Request("GET", target, [("Accept-Encoding", coding)], host=site.host)
            if site.clean_urls and path.endswith(".html") and path[:-5] not in site.files:
                request.target = target[:-len("index.html")] \
                    if path.endswith("/index.html") else target[:-5]
            response = ask(request)
            tag = response.get("etag", "")
            opaque = "%x-%x" % (file.modified, len(file.content))
            if response.get("content-encoding") != coding:
                problems.append("%s%s is not sent as %s: %r, %r" % (
                    site.host, path, coding, response, response.fields))
            elif model.decode(coding, response.content) != file.content:
                problems.append("%s%s as %s is not its content" % (site.host, path, coding))
            elif not tag.startswith('"%s-%s.' % (opaque, coding)):
                problems.append("%s%s as %s has the tag %s" % (site.host, path, coding, tag))
            known[path, coding] = Coded(response.content, tag)
    return known, problems


def octets(request):
    """A request as it is sent."""
    target, host = request.target, request.host
    if request.is_absolute:  # wins over Host (RFC 9112 §3.2.2)
        target, host = "http://%s%s" % (host, target), "elsewhere.test"
    return httpwire.request(
        target, request.method, request.fields, host=host, version=request.version)


class Draw:
    """Requests to the sites, one after the other, all decided by the seed.

    `known` has, by site's host, what `learn` found."""

    def __init__(self, seed, served, known):
        self.random, self.sites, self.known = random.Random(seed), served, known

    def request(self):
        """The next request, and its site."""
        draw = self.random
        site = draw.choice(self.sites)
        target, path = self.target(site)
        method = draw.choices(
            ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "PATCH", "BREW"],
            [75, 20, 2, 1, 1, 1, 1])[0]
        fields = []
        if draw.random() < 0.6:
            fields += self.accept_encoding()
        request = Request(method, target, fields, host=site.host)
        if path is not None:
            tag, modified, size = self.selected(site, request, path)
            if draw.random() < 0.45:
                fields += self.range(size)
                if draw.random() < 0.35:
                    fields += self.if_range(tag, modified)
            for name in ("If-Match", "If-None-Match"):
                if draw.random() < 0.15:
                    fields += self.tags(name, tag, site, path)
            for name in ("If-Modified-Since", "If-Unmodified-Since"):
                if draw.random() < 0.12:
                    fields += self.date(name, modified)
        if draw.random() < 0.1:
            fields.append(("Accept", draw.choice([
                "*/*", "text/html", "application/json", "application/problem+json", "text/plain",
                "image/png", "text/html,application/xhtml+xml,*/*;q=0.8", "text/*;q=0.1"])))
        if draw.random() < 0.04:
            request.version = "1.0"
        request.is_absolute = draw.random() < 0.03
        if draw.random() < 0.05:
            fields.append(
                ("Connection", draw.choice(["close", "keep-alive", "x", "Keep-Alive, y"])))
        if draw.random() < 0.1:  # names are no matter of case
            request.fields = [(draw.choice([name.lower(), name.upper()]), value)
                              for name, value in fields]
        return request, site

    def selected(self, site, request, path):
        """Tag, modification time in seconds and size of what the request would get."""
        file = site.files[path]
        coding = model.select_coding(
            request.lines("Accept-Encoding"), model.candidates(site, path))
        if coding in (None, "identity"):
            return '"%x-%x"' % (file.modified, len(file.content)), file.modified // SECOND, \
                len(file.content)
        coded = self.known[site.host][path, coding]
        return coded.tag, file.modified // SECOND, len(coded.content)

    def target(self, site):
        """A target, and the path of the file that it leads to, if it is clear."""
        draw = self.random
        kind = draw.random()
        if kind < 0.72:
            path = draw.choice(list(site.files))
            if path.endswith(tuple(model.SUFFIXES.values())) and draw.random() < 0.7:
                path = path.rpartition(".")[0]  # rather the file than what stands beside it
            target, query = model.location(path), ""
            if path.endswith("/index.html") and draw.random() < 0.6:
                target = target[:-len("index.html")]
            if len(target) > 1 and draw.random() < 0.1:
                at = draw.randrange(1, len(target))
                if target[at] not in "%/" and "%" not in target[max(0, at - 2):at]:
                    code = ("%%%02x" if draw.random() < 0.5 else "%%%02X") % ord(target[at])
                    target = target[:at] + code + target[at + 1:]
            elif draw.random() < 0.05:
                target = draw.choice(["/dir/..", "/.", "/x/../dir/..", "/", "/%2e", "/a/%2E%2e"]) \
                    + target
            if draw.random() < 0.1:
                query = draw.choice(["?", "?a=b", "?a=/../b&c=%2F", "?%zz"])
            return target + query, path
        if kind < 0.82:
            return draw.choice([
                "/dir", "/dir?a=b", "/bare", "/bare/", "/deep", "/deep/x/", "/dir/?x", "/assets",
                "/dir/page", "/both", "/dir/%C3%BC", "/index", "/dir/index.html?q"]), None
        if kind < 0.92:
            return draw.choice([
                "/missing", "/missing/", "/hello.txt/", "/hello.txt/x", "/dir/missing.txt",
                "/.hidden", "/.git/config", "/dir/.x", "/dir%2Fpage.html", "/Hello.txt",
                "/%252e", "/ten.txt%20", "/old/page.html", "/old/a%20b.txt", "/goto/me/there/now",
                "/secret/key.txt", "/secret/", "/assets/none.css", "/%ff"]), None
        return draw.choice([
            "/%", "/%4", "/%zz", "/a%00b", "/..", "/../hello.txt", "/dir/../../x", "/%2e%2e/x",
            "/hello%", "/dir/%g0"]), None

    def accept_encoding(self):
        """Accept-Encoding in one or two lines."""
        draw = self.random
        if draw.random() < 0.2:
            return [("Accept-Encoding", draw.choice([
                "", "gzip, deflate, br, zstd", "identity", "*", "*;q=0", "identity;q=0",
                "identity;q=0, *;q=0", "gzip;q=0", "x-gzip", "compress", "gzip;q=2, br;q=x",
                "br;q=0.001, *;q=0", "*;q=0, identity", "gzip;level=9", "gzip;q=0.1234",
                ", ,gzip,,",
                "deflate, gzip;q=1.0, *;q=0.5", "BR", "identity;q=0.5, *;q=0.1", "g z i p", "gzip;",
                "gzip;q=", ";q=1"]))]
        names = draw.sample(["br", "zstd", "gzip", "identity", "*", "deflate"], draw.randint(1, 5))
        elements = []
        for name in names:
            weight = draw.choice(["", "", ";q=0", ";q=1", ";q=0.5", ";q=0.50", "; q=0.8", " ;q=0.1",
                                  ";Q=0.3", ";q=1.000", ";q=0.", ";q=0.001"])
            elements.append((name.upper() if draw.random() < 0.05 else name) + weight)
        if len(elements) > 1 and draw.random() < 0.15:
            at = draw.randrange(1, len(elements))
            return [("Accept-Encoding", ", ".join(half)) for half in (elements[:at], elements[at:])]
        return [("Accept-Encoding", draw.choice([", ", ",", " , ", ",\t"]).join(elements))]

    def range(self, size):
        """Range: single, several, odd or invalid."""
        draw = self.random
        kind = draw.random()
        if kind < 0.45:
            text = self.one_range(size)
        elif kind < 0.8:
            count = draw.choice([2, 2, 2, 3, 4, 6, 10])
            text = draw.choice([",", ", ", " ,", ",,"]).join(
                self.one_range(size) for _ in range(count))
        elif kind < 0.84:
            count = draw.choice([100, 127, 128, 129, 140])
            step = max(2, size // 150)
            text = ",".join("%d-%d" % (at * step, at * step) for at in range(count))
        else:
            return [("Range", draw.choice([
                "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1;2-3", "0-1",
                "items=0-1", "bytes=0-1,x", "bytes=--1", "bytes=0 -1", "bytes=,", "none", "",
                "bytes=0-0,5-2", "bytes=1", "bytes=+0-1", "lines=1-2", "bytes=-1-2", "bytes=0-1-2",
                "bytes:0-1", "=0-1"]))]
        unit = draw.choice(["bytes", "bytes", "bytes", "bytes", "Bytes", "BYTES"])
        result = [("Range", "%s=%s" % (unit, text))]
        if draw.random() < 0.03:
            result.append(("Range", "bytes=0-0"))
        return result

    def one_range(self, size):
        """One range of a set."""
        draw = self.random

        def near():
            return max(0, draw.choice([0, 1, 2, size // 2, size - 2, size - 1, size, size + 1,
                                       size * 3, draw.randrange(size + 10), 10**19, 2**63 - 1]))
        kind = draw.random()
        if kind < 0.2:
            return "%d-" % near()
        if kind < 0.4 and size > 0:
            return "-%d" % near()
        first = draw.randrange(size + 5)
        last = first + draw.choice([0, 1, 5, size // 10, size // 3, size, 10**18])
        return draw.choice(["%d-%d", "%d-%d", "%03d-%04d"]) % (first, last)

    def tags(self, name, tag, site, path):
        """If-Match or If-None-Match."""
        draw = self.random
        others = ['"x"', 'W/"x"', '""', '"a,b"', '"%x-0"' % MODIFIED, '"x,W/,y"']
        others += [coded.tag for coding in model.SUFFIXES
                   if (coded := self.known[site.host].get((path, coding)))]
        same = draw.choice([tag, tag, tag, "W/" + tag])
        kind = draw.random()
        if kind < 0.3:
            return [(name, same)]
        if kind < 0.4:
            return [(name, "*")]
        if kind < 0.5:
            return [(name, draw.choice(["", "x", "'x'", tag[:-1], tag.strip('"'), "w/" + tag]))]
        members = [draw.choice(others) for _ in range(draw.randint(1, 4))]
        if draw.random() < 0.6:
            members.insert(draw.randint(0, len(members)), same)
        if kind < 0.65:
            return [(name, member) for member in members]
        return [(name, draw.choice([", ", ",", " ,", ",,\t"]).join(members))]

    def if_range(self, tag, modified):
        """If-Range with tag or date."""
        draw = self.random
        kind = draw.random()
        if kind < 0.4:
            result = [("If-Range", tag)]
        elif kind < 0.6:
            result = [("If-Range", draw.choice(
                ["W/" + tag, '"x"', "*", "", tag + ', "x"', tag[:-1]]))]
        else:
            result = self.date("If-Range", modified)
        if draw.random() < 0.03:
            result = result + result
        return result

    def date(self, name, modified):
        """A field with a date near a time."""
        draw = self.random
        if draw.random() < 0.12:
            return [(name, draw.choice([
                "yesterday", "", "0", "1700000000", "Tue, 32 Nov 2023 22:13:20 GMT",
                "Tue, 14 Nov 2023 24:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 CET",
                "Tue, 14 Nov 2023 22:13:20 GMTx", "Tue, 14 Nov 2023 22:13:20",
                "14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 23 22:13:20 GMT",
                "Tue, 14-Nov-2023 22:13:20 GMT", "Thu, 30 Feb 2023 00:00:00 GMT",
                "Tue Nov 14 22:13:20 2023 GMT"]))]
        at = modified + draw.choice([0, 0, 0, -1, 1, -86_400, 86_400, -10**7, 10**7])
        form = draw.choice(["%a, %d %b %Y %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S GMT",
                            "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"])
        result = [(name, time.strftime(form, time.gmtime(at)))]
        if draw.random() < 0.04:
            result = result + result
        return result
