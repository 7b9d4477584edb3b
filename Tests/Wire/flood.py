"""Many peers that ask for the same again and again: flood.py PORT PEERS SECONDS TURN TARGET RANGE.

Each reads TURN octets at most every 20 ms, as over a slow line; TURN 0 is as fast as it can. Writes
the number of octets that were received. In a process of its own, so that those who measure beside
it do not wait for it.
"""

import selectors
import socket
import sys
import time

PAUSE = 0.02


def main(port, peers, seconds, turn, target, ranges):
    request = "GET %s HTTP/1.1\r\nHost: localhost\r\nRange: %s\r\n\r\n" % (target, ranges)
    request = request.encode()
    octets, selector = 0, selectors.DefaultSelector()
    for _ in range(peers):
        peer = socket.create_connection(("127.0.0.1", port))
        # Several requests at once: the next response follows without a pause.
        peer.sendall(request * 3)
        peer.setblocking(False)
        selector.register(peer, selectors.EVENT_READ)
    buffer, end = bytearray(turn or 1 << 18), time.monotonic() + seconds
    pending = {key.fileobj: b"" for key in selector.get_map().values()}
    while time.monotonic() < end:
        for key, _ in selector.select(0.1):
            peer = key.fileobj
            count = peer.recv_into(buffer)
            if count == 0:
                sys.exit("the daemon ended a connection")
            octets += count
            # A response begun is one more to be asked for.
            text = pending[peer] + bytes(buffer[:count])
            begun = text.count(b"HTTP/1.1 ")
            pending[peer] = text[-8:]
            if b"HTTP/1.1 4" in text or b"HTTP/1.1 5" in text:
                sys.exit("refused: %r" % text[:200])
            if begun:
                try:
                    peer.send(request * begun)
                except BlockingIOError:
                    pass
        if turn:
            time.sleep(PAUSE)
    print(octets)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:7])
