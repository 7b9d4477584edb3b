"""Which site answers: by listener and by name (RFC 9110 §4.3, RFC 9112 §3.3)."""

import os

import pytest

from daemon import Daemon, make_directory, unused_port
from httpwire import Connection, request

SITES = ("default", "exact", "wild", "admin")


@pytest.fixture(scope="module")
def server(start_daemon):
    directory = make_directory()
    for name in SITES:
        os.mkdir("%s/%s" % (directory, name))
        with open("%s/%s/index.html" % (directory, name), "w") as file:
            file.write(name)
    ports = {"admin": unused_port()}
    more = "".join(
        "[Site %s]\nServerName=%s\nListen=%s\nRoot=%s/%s\n" % (name, names, listen, directory, name)
        for name, names, listen in (("exact", "www.example.org example.net", "http"),
                                    ("wild", "*.example.org", "http"), ("admin", "*", "admin")))
    daemon = start_daemon(
        directory=directory, more=more, site={"Root": directory + "/default"},
        listen=["admin=127.0.0.1:%d" % ports["admin"], "unix:%s/http.sock" % directory])
    daemon.ports = ports
    return daemon


@pytest.mark.parametrize("host,site", [
    ("localhost", "default"), ("127.0.0.1", "default"), ("www.example.org", "exact"),
    ("WWW.Example.ORG", "exact"), ("www.example.org:8080", "exact"), ("example.net", "exact"),
    ("a.example.org", "wild"), ("a.b.example.org", "wild"), ("A.EXAMPLE.ORG:1", "wild"),
    ("example.org", "default"), ("xexample.org", "default"), ("www.example.orgx", "default"),
    ("unknown.test", "default"), ("xwww.example.org", "wild"), ("[::1]", "default"),
    (".example.org", "default"),
])
def test_by_host(server, host, site):
    response = server.fetch("/", host=host)
    if host == ".example.org":
        assert response.status in (200, 400)
        return
    assert response.content.decode() == site
    response = server.fetch("http://%s/" % host, host="localhost")
    assert response.content.decode() == site, "absolute-form wins over Host"


def test_http_1_0_without_host_gets_the_first(server):
    assert server.fetch("/", host=None, version="1.0").content == b"default"


def test_each_request_of_a_connection_by_its_own_name(server):
    with server.connect() as connection:
        names = ["localhost", "www.example.org", "a.example.org"] * 20
        connection.send(b"".join(request("/", host=name) for name in names))
        for name in names:
            assert connection.read().content.decode() == {
                "localhost": "default", "www.example.org": "exact", "a.example.org": "wild"}[name]


def test_by_listener(server):
    with Connection(("127.0.0.1", server.ports["admin"])) as connection:
        for host in ("localhost", "www.example.org", "x"):
            assert connection.ask(request("/", host=host)).content == b"admin"
    assert server.fetch("/", host="admin").content == b"default"


def test_unix_socket(server):
    with Connection(server.directory + "/http.sock") as connection:
        assert connection.ask(request("/")).content == b"default"
        assert connection.ask(request("/", host="www.example.org")).content == b"exact"


def test_ipv6_listener():
    port = unused_port()
    with Daemon(listen=["[::1]:%d" % port]) as daemon:
        daemon.put_file("index.html", b"six\n")
        with Connection(("::1", port)) as connection:
            assert connection.ask(request("/", host="[::1]:%d" % port)).content == b"six\n"
        assert daemon.log_records(1)[0]["peer"] == "::1"
