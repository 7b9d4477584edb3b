"""stall.py PID NAME: stops the one thread of a process that has this name, until the process ends.

Prints `stalled` when it stands. A signal would stop all threads; a tracer stops one.
"""

import ctypes
import os
import pathlib
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000           # __WALL of waitpid(2): threads of others as well


def thread_named(pid, name):
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    sys.exit("process %d has no thread %s" % (pid, name))


def main(pid, name):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    thread = thread_named(int(pid), name)
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, thread, None, None) != 0:
            sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
    os.waitpid(thread, WALL)
    print("stalled", flush=True)
    os.waitpid(thread, WALL)


if __name__ == "__main__":
    main(*sys.argv[1:])
