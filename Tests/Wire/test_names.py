"""Which site answers: by listener and name (RFC 9110 §4.3, §7.2, §7.4, RFC 9112 §3.2, §3.3)."""

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


NAMES = {
    "a": "a.test www.a.test", "star": "*.a.test", "deep": "*.deep.a.test", "six": "[2001:db8::1]",
    "four": "192.0.2.7", "under": "un_der.test", "puny": "xn--bcher-kva.test",
}


@pytest.fixture(scope="module", params=["no", "yes"], ids=["lenient", "strict"])
def named(request, start_daemon):
    """A daemon of many names, with StrictHost=no and =yes."""
    directory, text = make_directory(), []
    for name, names in {"default": "", **NAMES}.items():
        os.mkdir(os.path.join(directory, name))
        with open(os.path.join(directory, name, "index.html"), "w") as file:
            file.write(name)
        if names:
            text.append("[Site %s]\nServerName=%s\nRoot=%s/%s\n" % (name, names, directory, name))
    daemon = start_daemon(
        directory=directory, more="\n".join(text), server={"StrictHost": request.param},
        site={"Root": directory + "/default", "ServerName": "localhost 127.0.0.1 [::1]",
              "Upload": "yes", "Delete": "yes"})
    daemon.is_strict = request.param == "yes"
    return daemon


@pytest.mark.parametrize("host,site", [
    ("localhost", "default"), ("LOCALHOST", "default"), ("localhost:80", "default"),
    ("localhost:65535", "default"), ("localhost:", "default"), ("127.0.0.1", "default"),
    ("127.0.0.1:8080", "default"), ("[::1]", "default"), ("[::1]:8080", "default"),
    ("a.test", "a"), ("A.Test:1", "a"), ("www.a.test", "a"), ("x.a.test", "star"),
    ("x.y.a.test", "star"), ("X.A.TEST", "star"), ("deep.a.test", "star"), ("x.deep.a.test", None),
    ("[2001:db8::1]", "six"), ("[2001:DB8::1]:443", "six"), ("192.0.2.7", "four"),
    ("un_der.test", "under"), ("xn--bcher-kva.test", "puny"), ("XN--BCHER-KVA.TEST", "puny"),
    # Names that no site has
    ("unknown.test", ""), ("b.test", ""), ("aa.test", ""), ("a.test.evil.example", ""),
    ("xa.test", ""), ("a.tes", ""), ("a.testx", ""), ("[2001:db8::2]", ""), ("192.0.2.8", ""),
    ("[::2]:80", ""), ("localhost.localdomain", ""), ("localhos", ""), ("test", ""),
    ("a.test:notaport", 400), ("a.test:1:2", 400), ("[::1", 400), ("a test", 400),
    ("user@a.test", 400), ("[::g]", 400),
])
@pytest.mark.parametrize("form", ["Host", "absolute-form"])
def test_name(named, form, host, site):
    if form == "Host":
        response = named.fetch("/", host=host)
    else:  # wins over Host (RFC 9112 §3.2.2)
        response = named.fetch("http://%s/" % host, host="a.test" if site != "a" else "localhost")
    if site == 400:
        assert response.status == 400
    elif site is None:  # of two wildcards the text does not say which
        assert response.content in (b"star", b"deep")
    elif site:
        assert (response.status, response.content.decode()) == (200, site)
    elif named.is_strict:
        assert response.status == 421 and response.content and not response.closes
    else:
        assert (response.status, response.content) == (200, b"default")


class TestNoSite:
    """A host that no site has: 421 (RFC 9110 §15.5.20) with StrictHost=yes, for all alike."""

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS"])
    @pytest.mark.parametrize("target", ["/", "/missing", "/.hidden"])
    def test_methods(self, named, method, target):
        content = b"x" if method in ("PUT", "POST") else None
        response = named.fetch(target, method, content=content, host="unknown.test")
        if named.is_strict:
            assert response.status == 421
            assert response.get("etag") is None and response.get("last-modified") is None
        else:
            assert response.status != 421
            if method in ("PUT", "DELETE"):
                assert response.status == 403

    def test_no_continue(self, named):
        with named.connect() as connection:
            fields = {"Expect": "100-continue", "Content-Length": 5}
            response = connection.ask(request("/x", "PUT", fields, host="unknown.test"), "PUT")
            assert response.status == (421 if named.is_strict else 403)
            assert response.interim == []

    def test_conditions_do_not_matter(self, named):
        for fields in ({"If-None-Match": "*"}, {"Range": "bytes=0-0"}, {"If-Match": '"a"'}):
            response = named.fetch("/", fields=fields, host="unknown.test")
            assert (response.status == 421) == named.is_strict

    def test_without_host(self, named):
        response = named.fetch("/", host=None, version="1.0")
        assert (response.status, response.content) == (200, b"default")
        assert named.fetch("/", host=None).status == 400, "RFC 9112 §3.2"

    def test_http_1_0_with_host(self, named):
        assert named.fetch("/", host="a.test", version="1.0").content == b"a"
        response = named.fetch("/", host="unknown.test", version="1.0")
        assert response.status == (421 if named.is_strict else 200)

    def test_empty_host(self, named):
        # RFC 9112 §3.2: empty where the target has no authority; no site has that name.
        response = named.fetch("/", host="")
        assert response.status in (200, 400, 421)

    def test_options_of_the_server(self, named):
        assert named.fetch("*", "OPTIONS", host="localhost").status in (200, 204)

    def test_error_form(self, named):
        response = named.fetch("/", host="unknown.test", fields={"Accept": "application/json"})
        if named.is_strict:
            assert response.get("content-type") == "application/problem+json"

    def test_the_connection_goes_on(self, named):
        with named.connect() as connection:
            names = ["unknown.test", "a.test", "unknown.test", "x.a.test"] * 5
            connection.send(b"".join(request("/", host=name) for name in names))
            for name in names:
                response = connection.read()
                if name == "unknown.test":
                    assert response.status == (421 if named.is_strict else 200)
                else:
                    assert response.content == {"a.test": b"a", "x.a.test": b"star"}[name]


def test_a_site_for_any_name_leaves_none(start_daemon):
    daemon = start_daemon(server={"StrictHost": "yes"}, site={"ServerName": "localhost *"})
    daemon.put_file("index.html", b"any\n")
    for host in ("localhost", "unknown.test", "[::5]"):
        assert daemon.fetch("/", host=host).content == b"any\n"
