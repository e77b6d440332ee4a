#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ivl serve as HTTP: routes, errors, framing, limits of size, rate and time, who may ask.

Usage: test-server-http.py IVL MODEL
"row N" is a row of the threat table that the server was designed against.
"""

import json
import os
import sys
import tempfile
import threading
import time

from serverlib import HANG, JSON, SLACK_KB, Connection, Served, Tap, ask, chat, chat_body, metrics, resident_kb, wait_for

HELLO = chat_body("hello", max_tokens=2)


def raw(place, data):
    """The answers to bytes that are no request of ours, until the connection ends or is quiet."""
    connection = Connection(place)
    connection.send(data)
    reply = connection.read_reply()
    connection.close()
    return reply


def check_routes(tap, place):
    for method, path, status in (("GET", "/health", 200), ("HEAD", "/health", 200), ("GET", "/metrics", 200),
                                 ("GET", "/v1/models", 200), ("GET", "/v1/models/model", 200),
                                 ("GET", "/v1/models/m%6fdel", 200), ("GET", "/v1/models/other", 404),
                                 ("GET", "/v1/models/%00", 404), ("GET", "/v1/models/", 404), ("GET", "/", 404),
                                 ("GET", "/v1/chat/completions", 405), ("DELETE", "/v1/models", 405),
                                 ("OPTIONS", "/v1/chat/completions", 405), ("GET", "/health?x=1", 200),
                                 ("GET", "/v1/../health", 404), ("POST", "/v1/embeddings", 404)):
        reply = ask(place, method, path)
        tap.equal(reply.status, status, f"{method} {path} gives {status}")
        if status >= 400:
            error = reply.error()
            tap.point(isinstance(error.get("message"), str) and set(error) == {"message", "type", "param", "code"} and
                      reply.fields["content-type"] == "application/json", f"{method} {path}: the error is nested", reply)
    tap.equal(ask(place, "GET", "/v1/models/other").error()["code"], "model_not_found", "an unknown model has its code")
    tap.equal(ask(place, "PUT", "/v1/chat/completions").fields.get("allow"), "POST", "405 tells what is allowed")
    entry = ask(place, "GET", "/v1/models").json()["data"][0]
    tap.equal((entry["id"], entry["object"], entry["owned_by"], entry["ivl"]["tile_size"]), ("model", "model", "ivl", 96),
              "the list of models describes the model")
    tap.equal(entry, ask(place, "GET", "/v1/models/model").json(), "as does its own entry")
    reply = ask(place, "GET", "/metrics")
    names = [line.split()[2] for line in reply.body.decode().splitlines() if line.startswith("# TYPE")]
    tap.point(all(name.startswith("ivl_") for name in names) and len(set(names)) == len(names) >= 12,
              "metrics have types and our prefix", names)


def check_bodies(tap, place):
    path = "/v1/chat/completions"
    tap.equal(ask(place, "POST", path, HELLO).status, 415, "row 49: without a JSON content type nothing is answered")
    tap.equal(ask(place, "POST", path, HELLO, {"Content-Type": "text/plain"}).status, 415,
              "row 49: as a page may send it without asking")
    tap.equal(ask(place, "POST", path, HELLO, {"Content-Type": "Application/JSON; charset=utf-8"}).status, 200,
              "the content type may have parameters")
    tap.equal(ask(place, "POST", path, HELLO, {**JSON, "Content-Encoding": "gzip"}).status, 415,
              "a compressed body is refused")
    for body in (b"", b"{", b"[]", b"null", b'{"messages":[]}', b"\xff\xfe", b"{}" * 3, b'{"messages":1}'):
        reply = ask(place, "POST", path, body, JSON)
        tap.point(reply.status == 400 and reply.error()["message"], f"the body {body!r} is refused", reply)
    connection = Connection(place)
    connection.send(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n")
    for i in range(0, len(HELLO), 7):
        part = HELLO[i:i + 7]
        connection.send(b"%x;name=value\r\n%s\r\n" % (len(part), part))
    connection.send(b"0\r\n\r\n")
    tap.equal(connection.read_reply().status, 200, "a body in chunks is put together")
    connection.request("POST", path, HELLO, JSON)
    tap.equal(connection.read_reply().status, 200, "and the connection goes on")
    connection.close()

    connection = Connection(place)
    connection.send(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                    b"Expect: 100-continue\r\n\r\n" % (path.encode(), len(HELLO)))
    tap.equal(connection.read_head()[0], 100, "a client that asks before it sends its body is told to go on")
    connection.send(HELLO)
    tap.equal(connection.read_reply().status, 200, "and answered")
    connection.close()


def check_connections(tap, place):
    connection = Connection(place)
    for _ in range(5):
        connection.request("POST", "/v1/chat/completions", HELLO, JSON)
        if connection.read_reply().status != 200:
            break
    else:
        tap.point(True, "a connection serves one request after another")
    connection.close()
    connection = Connection(place)
    connection.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
    tap.equal([connection.read_reply().status for _ in range(3)], [200] * 3, "requests sent ahead are answered in order")
    connection.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    reply = connection.read_reply()
    tap.point(reply.fields.get("connection") == "close" and connection.is_closed(), "Connection: close is kept", reply)
    connection = Connection(place)
    connection.send(b"GET /health HTTP/1.0\r\n\r\n")
    reply = connection.read_reply()
    tap.point(reply.status == 200 and connection.is_closed(), "HTTP/1.0 gets an answer and the end", reply)
    connection = Connection(place)
    body = chat_body("hello", max_tokens=3, stream=True)
    connection.send(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(body), body))
    reply = connection.read_reply()
    tap.point("transfer-encoding" not in reply.fields and reply.events()[-1] == "[DONE]",
              "a stream over HTTP/1.0 ends with the connection", reply)
    before = metrics(place)["ivl_connections"]
    connections = [Connection(place) for _ in range(10)]
    tap.point(wait_for(lambda: metrics(place)["ivl_connections"] >= before + 10), "connections are counted")
    for connection in connections:
        connection.close()
    tap.point(wait_for(lambda: metrics(place)["ivl_connections"] <= before), "and forgotten")


def check_smuggling(tap, place):
    end = b"\r\n\r\n"
    post = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    cases = (
        ("two Hosts", b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost" + end),
        ("no Host", b"GET /health HTTP/1.1\r\nAccept: */*" + end),
        ("an empty Host", b"GET /health HTTP/1.1\r\nHost:" + end),
        ("a Host with a path", b"GET /health HTTP/1.1\r\nHost: localhost/x" + end),
        ("Content-Length and Transfer-Encoding", post + b"Content-Length: 5\r\nTransfer-Encoding: chunked" + end + b"0" + end),
        ("Transfer-Encoding and Content-Length", post + b"Transfer-Encoding: chunked\r\nContent-Length: 5" + end + b"0" + end),
        ("two Content-Lengths", post + b"Content-Length: 2\r\nContent-Length: 2" + end + b"{}"),
        ("a list of Content-Lengths", post + b"Content-Length: 2, 2" + end + b"{}"),
        ("a signed Content-Length", post + b"Content-Length: +2" + end + b"{}"),
        ("a hexadecimal Content-Length", post + b"Content-Length: 0x2" + end + b"{}"),
        ("an empty Content-Length", post + b"Content-Length:" + end + b"{}"),
        ("Transfer-Encoding twice", post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" + end + b"0" + end),
        ("another Transfer-Encoding", post + b"Transfer-Encoding: gzip, chunked" + end + b"0" + end),
        ("an odd Transfer-Encoding", post + b"Transfer-Encoding: xchunked" + end + b"0" + end),
        ("Transfer-Encoding with HTTP/1.0", post.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked" + end + b"0" + end),
        ("a space before the colon", post + b"Content-Length : 2" + end + b"{}"),
        ("a folded field", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b" + end),
        ("a field without a name", b"GET /health HTTP/1.1\r\nHost: localhost\r\n: x" + end),
        ("a line that is no field", b"GET /health HTTP/1.1\r\nHost: localhost\r\nnonsense" + end),
        ("a bare LF", b"GET /health HTTP/1.1\nHost: localhost\n\n"),
        ("a bare LF among fields", b"GET /health HTTP/1.1\r\nHost: localhost\nX: y" + end),
        ("a bare CR", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rb" + end),
        ("a NUL", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b" + end),
        ("an escape", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: \x1b[31m" + end),
        ("an empty line first", b"\r\nGET /health HTTP/1.1\r\nHost: localhost" + end),
        ("no version", b"GET /health\r\nHost: localhost" + end),
        ("two spaces", b"GET  /health HTTP/1.1\r\nHost: localhost" + end),
        ("a whole URL", b"GET http://localhost/health HTTP/1.1\r\nHost: localhost" + end),
        ("a TLS handshake", bytes.fromhex("16030100f8010000f40303") + bytes(40)),
        ("a chunk without a size", post + b"Transfer-Encoding: chunked" + end + b"\r\n{}\r\n0" + end),
        ("a chunk with a wrong size", post + b"Transfer-Encoding: chunked" + end + b"3\r\n{}\r\n0" + end),
        ("a chunk with a signed size", post + b"Transfer-Encoding: chunked" + end + b"+2\r\n{}\r\n0" + end),
        ("a chunk that ends with LF", post + b"Transfer-Encoding: chunked" + end + b"2\n{}\r\n0" + end),
        ("fields after the chunks", post + b"Transfer-Encoding: chunked" + end + b"2\r\n{}\r\n0\r\nHost: evil" + end),
        ("two keys", b"GET /health HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b" + end),
    )
    for name, data in cases:
        connection = Connection(place)
        # What is smuggled behind it must not be answered
        connection.send(data + b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reply = connection.read_reply()
        closed = reply is not None and connection.is_closed() and not connection.buffer
        tap.point(reply is not None and reply.status == 400 and closed, f"row 53: {name}: 400 and the end",
                  (reply, connection.buffer))
        connection.close()
    tap.equal(raw(place, b"GET /health HTTP/2.0\r\nHost: localhost" + end).status, 505, "another version: 505")
    tap.equal(raw(place, b"GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: cake" + end).status, 417,
              "another expectation: 417")


def check_sizes(tap, place, pid):
    before = resident_kb(pid)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    reply = raw(place, head + b"Content-Length: 10000000000\r\n\r\n")
    tap.equal(reply.status, 413, "row 46: a body of 10 GB is refused before it comes")
    tap.equal(raw(place, head + b"Content-Length: %d\r\n\r\n" % 10**30).status, 413, "row 46: as is one beyond all numbers")
    connection = Connection(place)
    connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
    sent = 0
    while sent < 200 * 2**20 and connection.send(b"100000\r\n" + b" " * 2**20 + b"\r\n"):
        sent += 2**20
    reply = connection.read_reply()
    tap.point(sent < 200 * 2**20 and (reply is None or reply.status == 413), "row 46: endless chunks end at the limit",
              (sent, reply))
    connection.close()
    reply = raw(place, head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 20000)
    tap.equal(reply.status, 400, "row 46: a body in tiny chunks is refused")
    reply = raw(place, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 2**20 + b"\r\n\r\n")
    tap.equal(reply.status, 431, "row 46: a head of 1 MB is refused")
    reply = raw(place, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"A:b\r\n" * 10000 + b"\r\n")
    tap.equal(reply.status, 431, "row 46: a head of 10,000 fields is refused")
    reply = raw(place, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"A:b\r\n" * 100 + b"\r\n")
    tap.equal(reply.status, 431, "row 46: a head of 101 fields is refused")
    reply = raw(place, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"A:b\r\n" * 99 + b"\r\n")
    tap.equal(reply.status, 200, "100 fields are read")
    tap.equal(ask(place, "GET", "/health", b"x").status, 413, "GET takes no body")
    reply = ask(place, "POST", "/v1/nothing", b"x" * 10**6, JSON)
    tap.equal(reply.status, 404, "an early answer reaches a client that still sends")
    after = resident_kb(pid)
    tap.point(after - before < 100 * 1024 + SLACK_KB, "row 46: memory stays where it was", f"{before} kB, then {after} kB")


def check_origin(tap, place):
    port = place[1]
    for fields, status in (({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
                           ({"Origin": "http://localhost.evil.example"}, 403), ({"Origin": "http://localhost"}, 200),
                           ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 200)):
        reply = ask(place, "GET", "/v1/models", fields=fields)
        tap.equal(reply.status, status, f"row 49: {fields} gives {status}")
        tap.point(not [name for name in reply.fields if name.startswith("access-control")],
                  "row 49: and no other origin is let in", reply.fields)
    for host, status in (("evil.example", 421), (f"evil.example:{port}", 421), ("localhost.evil.example", 421),
                         ("127.0.0.1.evil.example", 421), ("LOCALHOST", 200), (f"127.0.0.1:{port}", 200),
                         (f"[::1]:{port}", 200), ("localhost:x", 400), ("a b", 400), ("user@localhost", 400)):
        reply = raw(place, f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        tap.equal(reply.status, status, f"row 49: Host {host} gives {status}")
    reply = chat(place, "hello", {"Origin": "https://evil.example"}, max_tokens=1)
    tap.equal(reply.status, 403, "row 49: nor may such a page ask the model")


def check_patience(tap, place):
    """What takes long, all at the same time."""
    path = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    results = {}

    def drip(name, first, byte, seconds):
        connection = Connection(place)
        connection.send(first)
        started = time.monotonic()
        while time.monotonic() - started < HANG and connection.send(byte) and not connection.is_readable():
            time.sleep(seconds)
        is_answered = connection.is_readable()
        # An answer that comes only once nothing is sent any more does not count
        results[name] = connection.read_reply() if is_answered else None
        connection.close()

    cases = (("row 45: a head of one byte a second", b"GET /health HTTP/1.1\r\nX: ", b"a", 1),
             ("row 45: a head that stops", b"GET /health HTTP/1.1\r\n", b"", 1),
             ("row 45: a body of one byte a second", path + b"Content-Length: 100000\r\n\r\n", b" ", 1),
             ("row 45: a body that stops", path + b"Content-Length: 100000\r\n\r\n{", b"", 1),
             ("row 45: a body that stops after much of it", path + b"Content-Length: 9000000\r\n\r\n" + b" " * 8000000, b"", 1),
             ("row 45: a body below the rate", path + b"Content-Length: 10000000\r\n\r\n", b" " * 500, 0.3))
    threads = [threading.Thread(target=drip, args=case) for case in cases]
    for thread in threads:
        thread.start()
    tap.equal([ask(place, "GET", "/health").status for _ in range(20)], [200] * 20, "row 45: others are served meanwhile")
    for thread in threads:
        thread.join()
    for name, *_ in cases:
        reply = results[name]
        tap.point(reply is not None and reply.status == 408, f"{name} is given up with 408", reply)


def check_idle_crowd(tap, place, pid):
    before = resident_kb(pid)
    crowd = []
    for _ in range(1000):
        crowd.append(Connection(place))
    replies = [chat(place, "hello", max_tokens=2).status for _ in range(20)]
    tap.equal(replies, [200] * 20, "row 45: with 1,000 idle connections others are served")
    count = metrics(place)["ivl_connections"]
    tap.point(count <= 512, "of which the oldest were closed", count)
    after = resident_kb(pid)
    tap.point(after - before < 50 * 1024 + SLACK_KB, "memory stays small", f"{before} kB, then {after} kB")
    crowd[-1].request("GET", "/health")
    tap.equal(crowd[-1].read_reply().status, 200, "the newest of them is still good")
    for connection in crowd:
        connection.close()


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        served = Served(program, folder, os.path.abspath(model))
        try:
            place = served.place
            check_routes(tap, place)
            check_bodies(tap, place)
            check_connections(tap, place)
            check_smuggling(tap, place)
            check_sizes(tap, place, served.worker())
            check_origin(tap, place)
            check_idle_crowd(tap, place, served.worker())
            check_patience(tap, place)
            tap.equal(served.lines, [served.lines[0]], "it has said nothing but that it is ready")
        finally:
            code, _ = served.stop()
        tap.equal(code, 143, "SIGTERM ends it")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
