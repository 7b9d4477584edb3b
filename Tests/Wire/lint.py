"""Checks HTTP messages with httplint; runs in the environment of Tests/requirements.txt.

Reads a JSON list of exchanges (method, address, request_fields, status, reason, fields, content in
Latin-1) from standard input, and writes for each a list of notes: level, id, summary, detail.
"""

import json
import sys
import time

from httplint import HttpRequestLinter, HttpResponseLinter


def octets(fields):
    """Field lines as httplint takes them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def notes_of(linter):
    """The notes of a message, and those that belong to others."""
    for note in linter.notes:
        for each in (note, *note.subnotes):
            yield {"level": each.level.value, "id": type(each).__name__,
                   "summary": str(each.summary), "detail": str(each.detail)}


def check(exchange):
    """The notes of a request and its response."""
    request = HttpRequestLinter(start_time=time.time())
    request.process_request_topline(
        exchange["method"].encode(), exchange["address"].encode(), b"1.1")
    request.process_headers(octets(exchange["request_fields"]))
    request.finish_content(True)
    response = HttpResponseLinter(start_time=time.time(), _related=request)
    response.base_uri = exchange["address"]
    response.is_head_response = exchange["method"] == "HEAD"
    response.process_response_topline(
        b"1.1", b"%d" % exchange["status"], exchange["reason"].encode("latin-1"))
    response.process_headers(octets(exchange["fields"]))
    if exchange["content"]:
        response.feed_content(exchange["content"].encode("latin-1"))
    response.finish_content(True)
    return list(notes_of(response))


if __name__ == "__main__":
    json.dump([check(exchange) for exchange in json.load(sys.stdin)], sys.stdout)
