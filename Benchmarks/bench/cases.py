"""The cases: kinds of requests, measured in interleaved rounds of all servers that can do them."""

import dataclasses
import typing

from . import system

FLOOR_AND_ALL = ("floor", "httpd-swift", "nginx", "h2o", "lighttpd", "caddy")
ALL = FLOOR_AND_ALL[1:]
UPLOADERS = ("floor", "httpd-swift", "nginx", "lighttpd")
OURS = ("httpd-swift",)

BROWSER_FIELDS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "Chrome/140.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
              "*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9,de;q=0.7",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Cache-Control": "max-age=0",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
    "Upgrade-Insecure-Requests": "1",
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A kind of request: what is asked of whom, by what, and what must come."""

    name: str
    says: str
    target: str = "/1k.html"
    method: str = "GET"
    fields: dict = dataclasses.field(default_factory=dict)
    # What a right answer is: its status, and the length of its content if that is known.
    statuses: tuple = (200,)
    content: typing.Optional[int] = 1024
    floor_content: int = 1024
    # Who takes part, and who makes the load.
    servers: tuple = FLOOR_AND_ALL
    load: str = "wrk"
    connections: int = 64
    script: typing.Optional[str] = None
    # Another case whose requests the daemon answers in the same rounds, for comparison.
    beside: typing.Optional[str] = None
    # How the servers must be set up for it.
    site: tuple = ()
    workers: int = 1
    cores: tuple = (system.SERVER_CORE,)
    load_cores: tuple = (system.LOAD_CORE,)
    revalidates: bool = False
    compresses: bool = False
    lists: bool = False
    closes: bool = False
    # Whether the floor that keeps the daemon's promises takes part.
    has_kept_floor: bool = False
    upload_bytes: int = 0
    # Whether the files are in memory, so that no disk's file system is what is measured.
    in_memory: bool = False
    # Rounds are this many times as long as others, where few requests are done in one.
    length: int = 1

    @property
    def uploads(self):
        return self.upload_bytes > 0

    @property
    def is_large(self):
        """Whether one request takes so long that it is not done once on each connection first."""
        return max(self.upload_bytes, self.content or 0) > 1 << 20


# Each server has a directory of its own, and each connection names of its own in it.
NEW_NAMES = "/put/{place}/{number:02}-00000000.bin"
SAME_NAMES = "/put/{place}/{number:02}.bin"


def upload(name, says, count, durability, connections, target=NEW_NAMES):
    """A case of PUT; what does not wait for the disk is compared with those that can do it."""
    return Case(
        name, says, target, "PUT", statuses=(201, 204), content=None, load="load",
        connections=connections, upload_bytes=count, length=3 if count > 1 << 20 else 1,
        servers=UPLOADERS if durability == "none" else OURS, in_memory=durability == "none",
        site=("Upload=yes", f"UploadDurability={durability}", "UploadMaxSize=0"))


BOTH_CORES = {"cores": (0, 1), "load_cores": (0, 1)}
COMPRESSED_BYTES = 26_000

CASES = [
    Case("1k", "1 KiB file, wrk's two fields", has_kept_floor=True),
    Case("1k-browser", "1 KiB file, a browser's fields", fields=BROWSER_FIELDS,
         has_kept_floor=True),
    Case("1k-load", "1 KiB file, asked by a load that never pauses", load="load",
         has_kept_floor=True),
    Case("1k-h2load", "1 KiB file, asked by h2load", load="h2load"),
    Case("1k-1000", "1 KiB file, 1 000 connections", load="load", connections=1_000,
         has_kept_floor=True),
    Case("1k-1000-browser", "1 KiB file, a browser's fields, 1 000 connections", load="load",
         connections=1_000, fields=BROWSER_FIELDS),
    Case("1k-10000", "1 KiB file, 10 000 connections", load="load", connections=10_000),
    Case("1k-10000-browser", "1 KiB file, a browser's fields, 10 000 connections", load="load",
         connections=10_000, fields=BROWSER_FIELDS),
    Case("pipelined", "1 KiB file, 16 requests at once", script="pipelined.lua"),
    Case("close", "1 KiB file, one request per connection", closes=True,
         fields={"Connection": "close"}),
    Case("304", "1 KiB file, If-None-Match that matches", revalidates=True, statuses=(304,),
         content=None, beside="1k"),
    Case("missing", "a file that is not there", "/nothing.html", statuses=(404,), content=None,
         beside="1k"),
    Case("zipf", "10 000 files of 1 KiB, drawn by Zipf", "/many/00000.html", script="zipf.lua",
         beside="1k"),
    Case("100k", "100 KiB file", "/100k.bin", content=100 << 10, floor_content=100 << 10,
         load="load"),
    Case("10m", "10 MiB file", "/10m.bin", content=10 << 20, floor_content=10 << 20, load="load",
         connections=8),
    Case("1g", "1 GiB file", "/1g.bin", content=1 << 30, load="load", connections=4, servers=ALL),
    Case("range", "64 KiB from the middle of 1 GiB", "/1g.bin", statuses=(206,), content=64 << 10,
         fields={"Range": "bytes=500000000-500065535"}, floor_content=64 << 10, load="load"),
    upload("put-4k", "PUT of 4 KiB, durability none", 4 << 10, "none", 16),
    upload("put-64k", "PUT of 64 KiB, durability none", 64 << 10, "none", 16),
    upload("put-64k-over", "PUT of 64 KiB over a file, durability none", 64 << 10, "none", 16,
           SAME_NAMES),
    upload("put-16m", "PUT of 16 MiB over a file, durability none", 16 << 20, "none", 4,
           SAME_NAMES),
    upload("put-4k-full", "PUT of 4 KiB, durability full", 4 << 10, "full", 16),
    upload("put-64k-full", "PUT of 64 KiB, durability full", 64 << 10, "full", 16),
    upload("put-16m-full", "PUT of 16 MiB over a file, durability full", 16 << 20, "full", 4,
           SAME_NAMES),
    Case("gzip", "64 KiB of text, compressed on the fly with gzip", "/text.txt", content=None,
         fields={"Accept-Encoding": "gzip"}, compresses=True, floor_content=COMPRESSED_BYTES,
         site=("Compression=gzip",)),
    Case("list-10", "a directory of 10 files", "/list10/", content=None, lists=True, servers=ALL,
         site=("Listing=yes",)),
    Case("list-1000", "a directory of 1 000 files", "/list1000/", content=None, lists=True,
         servers=ALL, site=("Listing=yes",)),
    Case("one-worker", "1 KiB file, one worker, two cores for all", servers=OURS, **BOTH_CORES),
    Case("two-workers", "1 KiB file, two workers, two cores for all", workers=2,
         servers=("httpd-swift", "nginx", "h2o"), beside="one-worker", **BOTH_CORES),
]
CASES_BY_NAME = {case.name: case for case in CASES}
