"""Restarts, stops and hangs: what clients notice of them."""

import os
import signal
import socket
import subprocess
import sys
import time

import load
import machine


def begin_download(name, size):
    """Asks for a large file and takes only the beginning; the connection, and what came."""
    content = os.urandom(1 << 20) * (size >> 20)
    machine.write_page(name, content)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", machine.PORT))
    connection.sendall(b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
    return connection, bytearray(connection.recv(65536)), content


def test_20_restarts_under_load_lose_no_request():
    with load.Load() as clients:
        pids = {machine.main_pid()}
        for _ in range(20):
            machine.systemctl("restart", machine.SERVICE)
            pids.add(machine.main_pid())
            time.sleep(0.1)
    assert len(pids) == 21
    assert clients.failures == [], "%d failures" % len(clients.failures)
    assert min(clients.busy) >= 20
    assert min(clients.answered) >= 5
    assert sum(clients.reconnected) > 20


def test_reloads_under_load_close_no_connection():
    with load.Load() as clients:
        for age in range(20):
            machine.configure("[Site default]\nCacheControl=max-age=%d\n" % age)
            machine.systemctl("reload", machine.SERVICE)
    assert clients.failures == []
    assert sum(clients.reconnected) == 0


def test_stop_lets_a_running_download_end(journal):
    connection, received, content = begin_download("large.bin", 64 << 20)
    machine.systemctl("stop", "--no-block", machine.SERVICE)
    time.sleep(1)
    assert machine.property_of("ActiveState") == "deactivating"
    while data := connection.recv(1 << 20):
        received += data
    assert bytes(received).partition(b"\r\n\r\n")[2] == content
    machine.wait_until(lambda: machine.property_of("ActiveState") == "inactive", "stopped")
    assert machine.property_of("Result") == "success"
    assert journal.entries("MESSAGE_ID=" + machine.STOPPING)


def test_stop_does_not_wait_longer_than_the_drain_timeout():
    machine.configure("[Server]\nDrainTimeoutSec=2s\n")
    machine.systemctl("restart", machine.SERVICE)
    connection, _, _ = begin_download("large.bin", 64 << 20)
    begin = time.monotonic()
    machine.systemctl("stop", machine.SERVICE)
    assert 1.5 < time.monotonic() - begin < 5
    assert machine.property_of("Result") == "success"
    connection.close()


def test_watchdog_lets_a_long_stop_be():
    """A drain that is not systemd's: systemd expects signs of life all the same."""
    machine.override(machine.SERVICE, "[Service]\nWatchdogSec=2s\n")
    machine.systemctl("restart", machine.SERVICE)
    connection, received, content = begin_download("large.bin", 64 << 20)
    os.kill(machine.main_pid(), signal.SIGTERM)
    time.sleep(5)
    while data := connection.recv(1 << 20):
        received += data
    assert bytes(received).partition(b"\r\n\r\n")[2] == content
    machine.wait_until(lambda: machine.property_of("ActiveState") == "inactive", "stopped")
    assert machine.property_of("Result") == "success"


def test_stop_closes_idle_connections_at_once():
    client = load.Client()
    assert client.get(b"/") == 200
    begin = time.monotonic()
    machine.systemctl("stop", machine.SERVICE)
    assert time.monotonic() - begin < 2
    assert client.receive() == b""


def test_watchdog_replaces_a_daemon_with_a_stalled_loop(journal):
    machine.override(machine.SERVICE, "[Service]\nWatchdogSec=2s\n")
    machine.systemctl("restart", machine.SERVICE)
    pid = machine.main_pid()
    time.sleep(5)           # longer than the limit: a loop that turns is left alone
    assert machine.main_pid() == pid
    with subprocess.Popen([sys.executable, machine.CHECKOUT / "Tests/System/stall.py", str(pid),
                           "worker-0"], stdout=subprocess.PIPE) as stall:
        assert stall.stdout.readline() == b"stalled\n"
        machine.wait_until(lambda: machine.main_pid() not in (0, pid), "another process", 15)
    assert "Watchdog timeout" in journal.text("_PID=1", "UNIT=" + machine.SERVICE)
    assert machine.get("/").status == 200
    assert machine.property_of("NRestarts") == "1"
