"""Starting: the command line, what is refused with which exit code, and sockets passed on."""

import os
import shutil
import socket
import subprocess
import time

import pytest

import daemon as daemons
from daemon import Daemon, make_directory, until, unused_port
from httpwire import Connection, request

USAGE, CONFIG = 64, 78


def run(*arguments, timeout=10, environment=None):
    """Run the daemon to its end."""
    return subprocess.run(
        [daemons.EXECUTABLE, *arguments], capture_output=True, text=True, timeout=timeout,
        stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], **(environment or {})})


@pytest.fixture
def directory():
    path = make_directory()
    yield path
    shutil.rmtree(path)


def configured(directory, text):
    """A configuration file with that text."""
    path = directory + "/httpd-swift.conf"
    with open(path, "w") as file:
        file.write(text)
    return path


def good(directory):
    """A configuration in which nothing is wrong."""
    return "[Log]\nFile=\n[Site default]\nRoot=%s\n" % directory


class TestCommandLine:
    def test_help_and_version(self):
        result = run("--help")
        assert result.returncode == 0 and "--config" in result.stdout and not result.stderr
        result = run("--version")
        assert result.returncode == 0 and any(letter.isdigit() for letter in result.stdout)

    @pytest.mark.parametrize("arguments", [
        ["--nonsense"], ["--listen"], ["--config"], ["stray"],
        ["--listen", "x", "--config", "none"],
        ["--config", "none", "--listen", "127.0.0.1:99999"],
        ["--config", "none", "--listen", "127.0.0.1:"], ["-x"],
    ], ids=" ".join)
    def test_usage(self, arguments):
        result = run(*arguments)
        assert result.returncode == USAGE and result.stderr and not result.stdout

    def test_without_any_listener(self, directory):
        result = run("--config", configured(directory, good(directory)))
        assert result.returncode in (USAGE, CONFIG)
        assert "--listen" in result.stderr and "socket" in result.stderr

    def test_root_without_configuration(self, directory):
        with open(directory + "/index.html", "w") as file:
            file.write("simple\n")
        port = unused_port()
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(directory + "/notify")
        notify.settimeout(10)
        process = subprocess.Popen(
            [daemons.EXECUTABLE, "--config", "none", "--root", directory, "--listen",
             "127.0.0.1:%d" % port], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={"NOTIFY_SOCKET": directory + "/notify"})
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            with Connection(("127.0.0.1", port)) as connection:
                assert connection.ask(request("/")).content == b"simple\n"
        finally:
            process.terminate()
            assert process.wait(10) == 0


class TestConfiguration:
    def test_check_of_a_good_one(self, directory):
        result = run("--check", "--config", configured(directory, good(directory)))
        assert result.returncode == 0, result.stderr

    @pytest.mark.parametrize("check", [True, False], ids=["check", "start"])
    @pytest.mark.parametrize("text,line,column,words", [
        ("Roott=/x\n", 5, 1, ["Roott=", "Root="]),
        ("  Uplod=yes\n", 5, 3, ["Uplod=", "Upload="]),
        ("Upload=perhaps\n", 5, 8, ["perhaps"]),
        ("UploadMaxSize=1X\n", 5, 15, ["1X"]),
        ("FallbackStatus=500\n", 5, 16, ["500"]),
        ("Root=relative/path\n", 5, 6, ["relative/path"]),
        ("nonsense\n", 5, 1, []),
    ])
    def test_an_error_names_its_place(self, directory, text, line, column, words, check):
        path = configured(directory, good(directory) + text)
        arguments = ["--check"] if check else ["--listen", "127.0.0.1:%d" % unused_port()]
        result = run(*arguments, "--config", path)
        assert result.returncode == CONFIG
        assert "%s:%d:%d: " % (path, line, column) in result.stderr, result.stderr
        for word in words:
            assert word in result.stderr

    def test_all_errors_at_once(self, directory):
        path = configured(directory, good(directory) + "A=1\nB=2\n[Server]\nC=3\n[What]\n")
        result = run("--check", "--config", path)
        assert result.returncode == CONFIG
        for line in (5, 6, 8, 9):
            assert "%s:%d:" % (path, line) in result.stderr

    @pytest.mark.parametrize("text", ["Root=/no/such/directory\n", "Root=/etc/passwd\n"])
    def test_a_root_that_is_none(self, directory, text):
        path = configured(directory, "[Log]\nFile=\n[Site default]\n" + text)
        result = run("--config", path, "--listen", "127.0.0.1:%d" % unused_port())
        assert result.returncode == CONFIG and path + ":4:" in result.stderr

    def test_a_file_that_is_not_there(self, directory):
        result = run("--config", directory + "/nothing.conf", "--listen", "127.0.0.1:1")
        assert result.returncode == CONFIG and "nothing.conf" in result.stderr

    def test_a_log_that_cannot_be_opened(self, directory):
        path = configured(directory, "[Log]\nFile=/no/such/access.log\n[Site default]\nRoot=%s\n"
                          % directory)
        result = run("--config", path, "--listen", "127.0.0.1:%d" % unused_port())
        assert result.returncode in (71, 73, 74, CONFIG) and "/no/such" in result.stderr

    def test_a_port_that_is_taken(self, directory):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            path = configured(directory, good(directory))
            result = run("--config", path, "--listen", "127.0.0.1:%d" % port)
        assert result.returncode in (71, 74) and str(port) in result.stderr


class TestSocketActivation:
    """sd_listen_fds(3): descriptors from 3 on, told apart by name."""

    @staticmethod
    def listening():
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        return listener

    def test_by_name(self, directory):
        with open(directory + "/index.html", "w") as file:
            file.write("other\n")
        more = "[Site other]\nServerName=*\nListen=other\nRoot=%s\n" % directory
        first, second = self.listening(), self.listening()
        with Daemon(sockets=[("other", first), ("http", second)], more=more) as daemon:
            daemon.put_file("index.html", b"http\n")
            with Connection(first.getsockname()) as connection:
                assert connection.ask(request("/")).content == b"other\n"
            with Connection(second.getsockname()) as connection:
                assert connection.ask(request("/")).content == b"http\n"

    def test_several_sockets_of_one_name(self):
        listeners = [self.listening() for _ in range(3)]
        with Daemon(sockets=[("http", each) for each in listeners]) as daemon:
            daemon.put_file("index.html", b"http\n")
            for each in listeners:
                with Connection(each.getsockname()) as connection:
                    assert connection.ask(request("/")).content == b"http\n"

    def test_connections_wait_in_the_socket_for_the_next_process(self):
        listener = self.listening()
        for _ in range(5):
            with Connection(listener.getsockname()) as connection:
                connection.send(request("/missing"))
                with Daemon(sockets=[("http", listener)], site={"Fallback": ""}):
                    response = connection.read()
                    assert response is not None and response.status == 404


def test_exit_when_idle_waits_for_the_last_connection(start_daemon):
    daemon = start_daemon(server={"ExitOnIdleSec": "1s"})
    daemon.put_file("x.txt", b"x\n")
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        with daemon.connect() as connection:
            assert connection.ask(request("/x.txt")).status == 200
        time.sleep(0.1)
    assert daemon.is_running()
    assert until(lambda: not daemon.is_running(), 5)
    assert daemon.process.returncode == 0
