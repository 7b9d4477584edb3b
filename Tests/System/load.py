"""Clients that make load and notice every loss."""

import collections
import random
import socket
import threading
import time

import machine

REQUEST = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Lost(Exception):
    """A request that was not answered whole."""


class Client:
    """A plain HTTP/1.1 client of one connection, for GETs answered with a Content-Length."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", machine.PORT), timeout=20)
        self.buffer = b""
        self.exchanges = 0

    def close(self):
        self.socket.close()

    def get(self, target):
        """Sends a request and reads the answer; its status, or None when the server had closed the
        connection between two exchanges, which RFC 9112 §9.3.1 and §9.5 let it do, so that the
        client sends it again elsewhere."""
        try:
            self.socket.sendall(REQUEST % target)
        except BrokenPipeError:
            if self.exchanges:
                return None
            raise
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if not self.receive():
                if self.exchanges and not self.buffer:
                    return None
                raise Lost("closed after %d bytes of a head" % len(self.buffer))
        head, self.buffer = self.buffer[:end].lower(), self.buffer[end + 4:]
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(self.buffer) < length:
            if not self.receive():
                raise Lost("closed after %d of %d bytes" % (len(self.buffer), length))
        self.buffer = self.buffer[length:]
        self.exchanges += 1
        self.persistent = b"connection: close" not in head
        return int(head.split()[1])

    def receive(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return data


def numbered_requests(count, threads, query="number"):
    """Sends requests for /?number=0, 1, …, one in ten for a file that is not there, on persistent
    connections; the statuses, counted."""
    counts = [collections.Counter() for _ in range(threads)]

    def send(thread):
        client = Client()
        for number in range(thread, count, threads):
            path = b"/missing" if number % 10 == 9 else b"/"
            counts[thread][client.get(b"%s?%s=%d" % (path, query.encode(), number))] += 1
        client.close()

    senders = [threading.Thread(target=send, args=(thread,)) for thread in range(threads)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return sum(counts, collections.Counter())


class Load:
    """Clients that ask until they are stopped. Of three, one makes a new connection for each request,
    one asks without pause on a persistent connection, and one pauses between requests on it, so that
    a stop finds connections in every state."""

    def __init__(self, threads=12):
        self.stopping = False
        self.answered = [0] * threads
        # How often the server ended a client's persistent connection.
        self.reconnected = [0] * threads
        self.failures = []
        self.threads = [threading.Thread(target=self.ask, args=(index,))
                        for index in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    @property
    def busy(self):
        """The requests answered of each client that does not pause."""
        return [count for index, count in enumerate(self.answered) if index % 3 != 2]

    def ask(self, index):
        client = None
        while not self.stopping:
            try:
                client = client or Client()
                status = client.get(b"/")
                if status == 200:
                    self.answered[index] += 1
                elif status is not None:
                    self.failures.append("status %d" % status)
                ended = status is None or not client.persistent
                if ended and index % 3:
                    self.reconnected[index] += 1
                if ended or index % 3 == 0:
                    client.close()
                    client = None
                elif index % 3 == 2:
                    time.sleep(random.uniform(0, 0.6))
            except (OSError, Lost) as error:
                kind = "new" if not client or not client.exchanges else "persistent"
                self.failures.append("%s connection: %r" % (kind, error))
                client = None
                time.sleep(0.01)
