"""The control socket, reload, and the end of the daemon."""

import json
import os
import random
import signal
import stat
import threading
import time

import pytest

from daemon import until
from httpwire import Connection, request

ONE, TWO = b"the first root\n", b"the second root\n"


@pytest.fixture
def server(start_daemon):
    daemon = start_daemon(paths={"/up/": {"Upload": "yes"}}, server={"DrainTimeoutSec": "3s"})
    daemon.put_file("index.html", ONE)
    daemon.put_directory("up")
    second = daemon.directory + "/second"
    os.mkdir(second)
    with open(second + "/index.html", "wb") as file:
        file.write(TWO)
    daemon.second = second
    return daemon


class TestStatus:
    def test_members(self, server):
        status = server.status()
        assert {"state", "version", "pid", "since", "config", "listeners", "workers",
                "connections", "requests", "bytes", "latency_usec", "cache", "uploads",
                "log"} <= set(status)
        assert status["state"] == "running"
        assert status["pid"] == server.pid
        assert server.config_path in json.dumps(status["config"])
        assert "127.0.0.1:%d" % server.port in json.dumps(status["listeners"])
        assert len(status["workers"]) == 2

    def test_is_json(self, server):
        response = server.control("/v1/status")
        assert response.status == 200
        assert response.get("content-type").startswith("application/json")
        assert server.control("/v1/status", "HEAD").status == 200

    def test_counts(self, server):
        before = server.status()
        for _ in range(7):
            server.fetch("/")
        server.fetch("/missing")
        server.fetch("/", "POST", content=b"")
        server.fetch("/sub", "BREW")
        server.fetch("/up/x", "PUT", content=b"12345")
        server.ask_raw(b"x\r\n\r\n")

        def differs():
            after = server.status()
            return {name: after["requests"][name] - before["requests"][name]
                    for name in expected}
        expected = {"total": 12, "informational": 0, "successful": 8, "redirection": 0,
                    "client_error": 3, "server_error": 1}
        assert until(lambda: differs() == expected), differs()
        after = server.status()
        assert after["uploads"]["completed"] == before["uploads"]["completed"] + 1
        assert after["bytes"]["sent"] > before["bytes"]["sent"]
        assert after["log"]["lines"] - before["log"]["lines"] == 12
        assert after["connections"]["accepted"] - before["connections"]["accepted"] >= 12

    def test_connections(self, server):
        connections = [server.connect() for _ in range(10)]
        for connection in connections:
            connection.ask(request("/"))
        assert until(lambda: server.status()["connections"]["open"] >= 10)
        for connection in connections:
            connection.close()
        assert until(lambda: server.status()["connections"]["open"] <= 1)

    def test_mode_of_the_socket(self, server):
        assert stat.S_IMODE(os.stat(server.control_path).st_mode) == 0o660

    @pytest.mark.parametrize("target,method,status", [
        ("/", "GET", 404), ("/v1", "GET", 404), ("/v1/", "GET", 404), ("/v1/nothing", "GET", 404),
        ("/v2/status", "GET", 404), ("/v1/status/", "GET", 404), ("/index.html", "GET", 404),
        ("/../root/index.html", "GET", (400, 404)), ("/v1/status", "POST", 405),
        ("/v1/status", "PUT", 405), ("/v1/status", "DELETE", 405), ("/v1/reload", "GET", 405),
        ("/v1/reload", "PUT", 405), ("/index.html", "PUT", (404, 405)),
        ("/v1/reload", "BREW", (405, 501)),
    ])
    def test_other_requests(self, server, target, method, status):
        response = server.control(target, method, b"" if method in ("POST", "PUT") else None)
        assert response.status in (status if isinstance(status, tuple) else (status,))
        assert ONE not in response.content
        assert server.status()["config"]["generation"] in (0, 1)

    def test_is_as_strict_as_any_listener(self, server):
        for octets in (b"GET /v1/status HTTP/1.1\r\n\r\n", b"GET /v1/status\r\n\r\n",
                       b"POST /v1/reload HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"):
            with Connection(server.control_path) as connection:
                assert connection.ask(octets).status == 400

    def test_is_not_on_other_listeners(self, server):
        for target in ("/v1/status", "/v1/reload", "/metrics"):
            assert server.fetch(target).content == ONE
            assert server.fetch(target).status == 404
            assert server.fetch(target, "POST", content=b"").status == 405

    def test_many_on_one_connection(self, server):
        with Connection(server.control_path) as connection:
            for _ in range(100):
                assert connection.ask(request("/v1/status")).status == 200

    def test_its_requests_are_not_in_the_access_log(self, server):
        server.status()
        server.fetch("/")
        assert len(server.log_lines(1)) == 1


def reload(daemon):
    """Ask for a reload; the response and its content."""
    response = daemon.control("/v1/reload", "POST", b"")
    return response, json.loads(response.content)


class TestReload:
    def test_switches_and_keeps_connections(self, server):
        with server.connect() as connection:
            assert connection.ask(request("/")).content == ONE
            server.site["Root"] = server.second
            server.write_configuration()
            assert connection.ask(request("/")).content == ONE, "nothing changes by itself"
            response, outcome = reload(server)
            assert response.status == 200 and outcome["errors"] == []
            assert connection.ask(request("/")).content == TWO
        assert server.fetch("/").content == TWO

    @pytest.mark.parametrize("text,words", [
        ("[Site default]\nRoott=/x\n", ["Roott", "Root="]),
        ("[Sight default]\n", ["Sight"]),
        ("[Server]\nWorkers=many\n", ["Workers"]),
        ("[Site default]\nRoot=/no/such/directory\n", ["/no/such/directory"]),
        ("[Site default]\nListen=nosuch\n", ["nosuch"]),
        ("no section\n", []),
    ])
    def test_refused(self, server, text, words):
        server.more = text
        server.write_configuration()
        response, outcome = reload(server)
        assert response.status == 422
        assert outcome["errors"]
        with open(server.config_path) as file:
            count = len(file.readlines())
        prefix = "%s:%d:" % (server.config_path, count)
        mine = [error for error in outcome["errors"] if error.startswith(prefix)
                and error[len(prefix):].split(":")[0].isdigit()]
        if not text.startswith("[Sight"):
            assert mine, outcome["errors"]
        for word in words:
            assert any(word in error for error in outcome["errors"]), (word, outcome["errors"])
        assert server.fetch("/").content == ONE
        server.more = ""
        server.write_configuration()
        assert reload(server)[0].status == 200

    def test_all_errors_at_once(self, server):
        server.more = "[Server]\nWorkerz=1\nIdleTimeoutSec=soon\n[Site default]\nRoott=/x\n"
        server.write_configuration()
        outcome = reload(server)[1]
        for word in ("Workerz", "IdleTimeoutSec", "Roott"):
            assert any(word in error for error in outcome["errors"])

    def test_a_file_that_is_not_there(self, server):
        os.rename(server.config_path, server.config_path + ".away")
        response, outcome = reload(server)
        assert response.status == 422 and server.config_path in outcome["errors"][0]
        assert server.fetch("/").content == ONE
        os.rename(server.config_path + ".away", server.config_path)
        assert reload(server)[0].status == 200

    def test_drop_ins(self, server):
        directory = server.config_path + ".d"
        os.mkdir(directory)
        with open(directory + "/10-root.conf", "w") as file:
            file.write("[Site default]\nRoot=%s\n" % server.second)
        assert reload(server)[0].status == 200
        assert server.fetch("/").content == TWO
        os.unlink(directory + "/10-root.conf")
        assert reload(server)[0].status == 200
        assert server.fetch("/").content == ONE

    def test_by_signal(self, server):
        server.site["Root"] = server.second
        server.write_configuration()
        os.kill(server.pid, signal.SIGHUP)
        assert until(lambda: server.fetch("/").content == TWO)
        assert until(lambda: server.notified("READY=1") > server.notified("RELOADING=1") > 0)
        assert any("RELOADING=1" in message and "MONOTONIC_USEC=" in message
                   for message in server.notifications)

    def test_by_signal_with_errors(self, server):
        server.more = "[Site default]\nRoott=/x\n"
        server.write_configuration()
        os.kill(server.pid, signal.SIGHUP)
        assert until(lambda: "Roott" in json.dumps(server.status()["config"]))
        assert server.fetch("/").content == ONE and server.is_running()
        assert "Roott" in server.errors()

    def test_policy_changes(self, server):
        assert server.fetch("/up/x", "PUT", content=b"1").status == 201
        server.paths = {}
        server.write_configuration()
        reload(server)
        assert server.fetch("/up/x", "PUT", content=b"2").status == 405
        server.paths = {"/": {"CacheControl": "no-store"}}
        server.site["Fallback"] = ""
        server.write_configuration()
        reload(server)
        assert server.fetch("/").get("cache-control") == "no-store"
        assert server.fetch("/missing").content != ONE

    def test_what_runs_ends_under_the_old_configuration(self, server):
        server.put_file("large.bin", bytes(8 << 20))
        with server.connect(receive_buffer=4096) as download, server.connect() as upload:
            download.send(request("/large.bin"))
            upload.send(request("/up/y", "PUT", {"Content-Length": 5}) + b"12")
            time.sleep(0.05)
            server.site["Root"] = server.second
            server.write_configuration()
            assert reload(server)[0].status == 200
            assert len(download.read(timeout=10).content) == 8 << 20
            upload.send(b"345")
            assert upload.read("PUT").status == 201
        assert server.read_file("up/y") == b"12345"

    def test_under_load(self, server, pool):
        stop = threading.Event()

        def ask():
            count = 0
            with server.connect(timeout=20) as connection:
                while not stop.is_set():
                    response = connection.ask(request("/"))
                    assert response is not None and response.status == 200
                    assert response.content in (ONE, TWO)
                    count += 1
            return count
        futures = [pool.submit(ask) for _ in range(4)]
        for turn in range(20):
            server.site["Root"] = server.second if turn % 2 == 0 else server.root
            server.write_configuration()
            assert reload(server)[0].status == 200
            assert server.fetch("/").content == (TWO if turn % 2 == 0 else ONE)
        stop.set()
        for future in futures:
            assert future.result(20) > 20

    def test_a_shorter_deadline_holds_at_once(self, server):
        with server.connect() as before, server.connect() as behind:
            assert before.ask(request("/")).content == ONE
            server.server["IdleTimeoutSec"] = "1s"
            server.write_configuration()
            assert reload(server)[0].status == 200
            began = time.monotonic()
            assert behind.ask(request("/")).content == ONE
            assert before.ended(3) and behind.ended(3)
            assert 0.8 < time.monotonic() - began < 3

    def test_leaves_no_descriptors_behind(self, server):
        reload(server)
        before = len(os.listdir("/proc/%d/fd" % server.pid))
        for _ in range(30):
            assert reload(server)[0].status == 200
        assert until(lambda: len(os.listdir("/proc/%d/fd" % server.pid)) <= before + 1)

    def test_of_many_at_once(self, server, pool):
        statuses = list(pool.map(lambda _: reload(server)[0].status, range(20)))
        assert set(statuses) <= {200, 409, 503} and 200 in statuses


class TestEnd:
    """SIGTERM: what runs is finished, what is idle is closed, and no longer than allowed."""

    def test_idle_connections_are_closed(self, server):
        connections = [server.connect() for _ in range(5)]
        for connection in connections[:4]:
            assert connection.ask(request("/")).content == ONE
        # What has said nothing is the kernel's for a second.
        assert until(lambda: server.status()["connections"]["open"] >= 5)
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        for connection in connections:
            assert connection.ended()
        server.process.wait(3)
        assert time.monotonic() - began < 1.5
        server.stop()
        assert until(lambda: server.notified("STOPPING=1"))

    def test_a_download_that_runs_is_finished(self, server):
        content = random.Random(1).randbytes(16 << 20)
        server.put_file("large.bin", content)
        with server.connect(receive_buffer=65536) as connection:
            connection.send(request("/large.bin"))
            connection.received += connection.socket.recv(10_000)
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(1)
            assert server.is_running()
            response = connection.read(timeout=10)
            assert response.content == content
            assert connection.ended()
        server.stop()

    def test_an_upload_that_runs_is_finished(self, server):
        with server.connect() as connection:
            connection.send(request("/up/last", "PUT", {"Content-Length": 10}) + b"01234")
            time.sleep(0.05)
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(0.5)
            connection.send(b"56789")
            response = connection.read("PUT")
            assert response is not None and response.status == 201
            assert response.closes and connection.ended()
        server.stop()
        assert server.read_file("up/last") == b"0123456789"

    def test_new_connections_are_not_taken(self, server):
        server.put_file("large.bin", bytes(64 << 20))
        with server.connect(receive_buffer=4096) as connection:
            connection.send(request("/large.bin"))
            connection.received += connection.socket.recv(1000)
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(0.3)
            with pytest.raises(OSError):
                with server.connect(timeout=0.5) as other:
                    if other.ask(request("/")) is None:
                        raise ConnectionError
        server.stop()

    def test_no_longer_than_the_drain_timeout(self, start_daemon):
        daemon = start_daemon(server={"DrainTimeoutSec": "1s"})
        daemon.put_file("large.bin", bytes(64 << 20))
        with daemon.connect(receive_buffer=4096) as connection:
            connection.send(request("/large.bin"))
            connection.received += connection.socket.recv(1000)
            began = time.monotonic()
            os.kill(daemon.pid, signal.SIGTERM)
            daemon.process.wait(10)
            assert 0.7 < time.monotonic() - began < 4
        daemon.stop()

    def test_a_reload_that_comes_too_late(self, server):
        with Connection(server.control_path) as connection:
            assert connection.ask(request("/v1/status")).status == 200
            began = time.monotonic()
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(0.1)
            response = connection.ask(request("/v1/reload", "POST", content=b""))
            assert response is None or response.status == 503
        server.process.wait(5)
        assert time.monotonic() - began < 1.5, "the end waited for the reload"
        server.stop()

    def test_interrupt_does_the_same(self, server):
        os.kill(server.pid, signal.SIGINT)
        server.process.wait(3)
        server.stop()

    def test_the_control_socket_is_usable_after_a_kill(self, server):
        server.kill()
        server.start()
        assert server.status()["state"] == "running"


def test_status_for_the_service_manager(server):
    assert until(lambda: server.notified("STATUS="))
