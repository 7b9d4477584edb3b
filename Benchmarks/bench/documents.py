"""The files that all servers serve, and the requests that our load generator sends."""

import os
import random
import shutil
import subprocess

SMALL = 1 << 10
TEXT_BYTES = 64 << 10
MANY = 10_000
LARGE = 1 << 30
# Old enough that every server takes the files for settled.
LONG_AGO = (1_700_000_000, 1_700_000_000)


def write(directory, tiny=False):
    """Makes the document root; for a tiny run, the largest file is a hole."""
    root = directory / "www"
    root.mkdir()
    random.seed(4)
    (root / "1k.html").write_bytes((b"0123456789abcde\n" * 64)[:SMALL])
    (root / "100k.bin").write_bytes(random.randbytes(100 << 10))
    (root / "10m.bin").write_bytes(random.randbytes(10 << 20))
    (root / "text.txt").write_bytes(text(TEXT_BYTES))
    write_large(root / "1g.bin", tiny)
    for name, count in [("many", MANY), ("list10", 10), ("list1000", 1000)]:
        (root / name).mkdir()
        content = (b"fedcba987654321\n" * 64)[:SMALL] if name == "many" else b""
        for number in range(count):
            (root / name / f"{number:05}.html").write_bytes(content)
    for path in root.rglob("*"):
        os.utime(path, LONG_AGO)
    (root / "put").mkdir()
    (root / "put").chmod(0o777)
    spread_directories(root / "put")
    root.chmod(0o755)
    return root


def spread_directories(path):
    """Has ext4 put the directories below this one far from each other, and from earlier ones.

    Else their files get inodes where an earlier run's were removed, and ext4 takes long to find
    some that were not freed in the last minutes. Where it is not ext4, nothing is done.
    """
    if program := shutil.which("chattr"):
        subprocess.run([program, "+T", path], stderr=subprocess.DEVNULL, check=False, timeout=30)


def write_upload_root(directory):
    """Makes a document root that only takes uploads."""
    (directory / "www" / "put").mkdir(parents=True)
    (directory / "www" / "put").chmod(0o777)


def remove_uploads(directory):
    """Removes what was uploaded to the server of this scratch directory.

    So memory does not run full, and what the next round writes to is not touched for the first
    time, which takes long in a virtual machine.
    """
    for path in (directory.parent / "www" / "put" / directory.name).iterdir():
        path.unlink()


def text(count):
    """Words of a small vocabulary, which compress about as prose does."""
    vocabulary = ["".join(random.choices("etaoinshrdlucmfw", k=random.randint(2, 9)))
                  for _ in range(800)]
    words = " ".join(random.choices(vocabulary, k=count // 3))
    return words.encode()[:count]


def write_large(path, tiny):
    """The file of 1 GiB, really on the disk, so that it can be read from there."""
    with open(path, "wb") as file:
        if tiny:
            file.truncate(LARGE)
            return
        part = random.randbytes(16 << 20)
        for _ in range(LARGE // len(part)):
            file.write(part)
        os.fsync(file.fileno())


def target_of(case, directory, number=0):
    """The target of a case's requests on a connection to the server of this scratch directory.

    What is uploaded to a disk stays until all is measured: ext4 takes long to find inodes for new
    files where many were freed in the last minutes, and would be what is measured.
    """
    if case.uploads:
        (directory.parent / "www" / "put" / directory.name).mkdir(exist_ok=True)
    return case.target.format(place=directory.name, number=number)


def write_requests(directory, port, case, fields):
    """The requests of a case as files, one for each connection that sends another; their paths."""
    count = case.connections if case.uploads else 1
    content = random.randbytes(case.upload_bytes)
    paths = []
    for number in range(count):
        target = target_of(case, directory, number)
        lines = [f"{case.method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        if case.uploads:
            lines.append(f"Content-Length: {len(content)}")
        path = directory / f"request-{number}"
        path.write_bytes("\r\n".join([*lines, "", ""]).encode() + content)
        paths.append(path)
    return paths
