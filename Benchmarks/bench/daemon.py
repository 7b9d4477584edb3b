"""The daemon under test: the release build, with the configuration it is measured with."""

import os
import pathlib

from . import servers, system
from .system import BenchmarkError

NAME = "httpd-swift"


def path():
    """The daemon to measure: $HTTPD_SWIFT, or the release build of this checkout."""
    found = pathlib.Path(os.environ.get("HTTPD_SWIFT", system.ROOT / ".build/release/httpd-swift"))
    if not os.access(found, os.X_OK):
        raise BenchmarkError(f"{found} is not there: `make build`, or name another in $HTTPD_SWIFT")
    return found.resolve()


def configure(directory, root, *, workers=1, site=()):
    """Writes the configuration, and gives its path and the access log's. `site` has more lines."""
    log = directory / "access.log"
    file = directory / "httpd-swift.conf"
    file.write_text(
        f"[Server]\nWorkers={workers}\nIdleTimeoutSec=10min\nMaxConnections=16384\n\n"
        f"[Log]\nFile={log}\nJournal=none\n\n"
        f"[Site default]\nRoot={root}\nFallback=\n" + "".join(line + "\n" for line in site))
    return file, log


def start(directory, root, *, workers=1, site=(), wrapper=(), program=None, **options):
    """Starts the daemon with its access log to a file; `wrapper` is what runs it (valgrind)."""
    configuration, log = configure(directory, root, workers=workers, site=site)
    port = servers.free_port()
    arguments = [*wrapper, program or path(), "--config", configuration,
                 "--listen", f"127.0.0.1:{port}"]
    return servers.Server(NAME, arguments, port, directory=directory, logs=[log], **options)
