"""20 000 generated requests against the reference model: no difference in status, fields, bytes.

A failure prints the seed, the request, reduced to the fields that matter, and what was expected.
HTTPD_SWIFT_SEED and HTTPD_SWIFT_COUNT make another run of it.
"""

import os
import random

import pytest

import generated
import model

SEEDS = [int(seed) for seed in os.environ.get("HTTPD_SWIFT_SEED", "9110 9111 9112").split()]
COUNT = int(os.environ.get("HTTPD_SWIFT_COUNT", "20000"))
CONNECTIONS = 4


def serve(start_daemon, **server):
    """The daemon, its sites, and what they send of each file in each coding."""
    files = generated.make_site_files()
    served = generated.sites(files)
    daemon = start_daemon(site=generated.site_keys(served[0]), server=server)
    generated.write(daemon, files)
    daemon.stop()
    daemon.more = generated.configuration(served, daemon.root)
    daemon.write_configuration()
    daemon.start()
    known, problems = {}, []
    with daemon.connect(timeout=20) as connection:
        for site in served:
            known[site.host], found = generated.learn(
                site, lambda request: connection.ask(generated.octets(request)))
            problems += found
    assert not problems, "\n".join(problems)
    return daemon, served, known


@pytest.fixture(scope="module")
def served(start_daemon):
    """As it is by default."""
    return serve(start_daemon)


@pytest.fixture(scope="module")
def served_without_memory(start_daemon):
    """Nothing is kept: each file is opened, and each coding made, for each request."""
    return serve(start_daemon, CacheSize="0", CompressionCacheSize="0")


def ask_alone(daemon, request):
    """The response to a request on a connection of its own."""
    with daemon.connect() as connection:
        return connection.ask(generated.octets(request), request.method, version=request.version)


def wrong(daemon, site, request, known):
    """What is not as predicted when the request is asked alone."""
    answer = model.predict(site, request, known[site.host])
    response = ask_alone(daemon, request)
    if answer is None:
        return []
    if response is None:
        return ["no response"]
    return model.differences(answer, response, request.method)


def reduced(daemon, site, request, known):
    """The request with as few fields as still show a difference."""
    for at in reversed(range(len(request.fields))):
        fewer = model.Request(**{
            **vars(request), "fields": request.fields[:at] + request.fields[at + 1:]})
        if wrong(daemon, site, fewer, known):
            request = fewer
    return request


def report(daemon, site, request, known, seed, number, found):
    """A failure as text that says how to see it again."""
    if wrong(daemon, site, request, known):
        request = reduced(daemon, site, request, known)
        found = wrong(daemon, site, request, known)
    return "seed %d, request %d:\n%s%s" % (
        seed, number, generated.octets(request).decode("latin-1").rstrip() + "\n",
        "".join("    %s\n" % line for line in found))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_difference(served, seed):
    statuses = run(*served, seed, COUNT)
    # That every outcome occurs often enough is part of what is tested.
    assert set(statuses) >= {200, 204, 206, 301, 308, 304, 400, 403, 404, 405, 406, 412, 416, 501}
    assert min(statuses.values()) > COUNT / 2000, statuses


def test_no_difference_without_memory(served_without_memory):
    run(*served_without_memory, SEEDS[0], COUNT // 5)


def run(daemon, sites, known, seed, count):
    """Asks so many requests; how often each status was the answer."""
    draw = generated.Draw(seed, sites, known)
    order = random.Random(seed)
    connections = [daemon.connect(timeout=10) for _ in range(CONNECTIONS)]
    failures, number, unsaid, statuses = [], 0, 0, {}
    while number < count and len(failures) < 10:
        connection = order.choice(connections)
        # A few at once, in one write: the answers must come in their order.
        batch = [draw.request() for _ in range(order.choice([1, 1, 2, 5, 20]))]
        answers = [model.predict(site, request, known[site.host]) for request, site in batch]
        connection.send(b"".join(generated.octets(request) for request, _ in batch))
        for (request, site), answer in zip(batch, answers):
            number += 1
            response = connection.read(request.method, version=request.version)
            if answer is None:
                unsaid += 1
                found = [] if response else ["no response: %s" % connection.ending]
            elif response is None:
                found = ["no response: %s" % connection.ending]
            else:
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
                found = model.differences(answer, response, request.method)
                if response.closes and not found and not connection.ended():
                    found = ["the connection goes on"]
            if found:
                failures.append(report(daemon, site, request, known, seed, number, found))
            if response is None or response.closes:
                connection.reconnect()
                break  # what was sent behind it is not answered (RFC 9112 §9.6)
            if found:
                connection.reconnect()
                break
    for connection in connections:
        connection.close()
    assert not failures, "\n" + "\n".join(failures)
    assert unsaid < count / 50, "the model is to say something"
    return statuses
