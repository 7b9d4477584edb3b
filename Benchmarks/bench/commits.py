"""What it brings that durable uploads share their flushes.

Sixteen clients put files of 64 KiB with full durability, and then one program does what a server
must do for each of them, one at a time: write the file, flush it, give it its name, flush the
directory. The disk is the same; what it can do together, and what waits for what, makes the ratio.
"""

import dataclasses
import os
import random
import time

from . import loads, peers, rounds
from .cases import BOTH_CORES, CASES_BY_NAME

# The cores are nobody's own here: what is measured is how much gets done, not what it costs.
CASE = dataclasses.replace(CASES_BY_NAME["put-64k-full"], **BOTH_CORES)


def one_at_a_time(directory, content, seconds):
    """Stores files durably, one after the other, and gives the round."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(directory, flags)
    begin, count = time.monotonic(), 0
    try:
        while count == 0 or time.monotonic() < begin + seconds:
            name = f"alone-{time.monotonic_ns()}.bin"
            file = os.open(".alone", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=descriptor)
            os.write(file, content)
            os.fsync(file)
            os.close(file)
            os.rename(".alone", name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
            os.fsync(descriptor)
            count += 1
    finally:
        os.close(descriptor)
    return {"requests": count, "seconds": time.monotonic() - begin}


def measure(directory, options):
    """Rounds of both, and the ratio of their rates."""
    own = directory / "commits"
    own.mkdir()
    alone = directory / "www" / "put" / "alone"
    alone.mkdir()
    content = random.randbytes(CASE.upload_bytes)
    found = {"together": [], "one at a time": []}
    with peers.httpd_swift(own, directory / "www", CASE) as server:
        server.await_port()
        fields = rounds.fields_for(server, CASE, own)
        with loads.start(server, CASE, fields, own) as load:
            for _ in range(options.rounds):
                found["together"].append(load.round(options.seconds))
                found["one at a time"].append(
                    one_at_a_time(alone, content, options.seconds))
    return {"rounds": found,
            "rates": {name: rounds.spread(map(rounds.rate, list_of_rounds))
                      for name, list_of_rounds in found.items()},
            "ratio": rounds.ratio(found, "together", "one at a time", rounds.rate)}
