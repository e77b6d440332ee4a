#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes for nginx and Caddy, run for real in front of an engine that this program plays: an answer
passes while it is being made, hanging up reaches the engine, only the listed routes do.
Usage: test-deploy-proxy.py FOLDER

Nothing here depends on speed: the engine sends the rest of its answer only when the client has told
this program that the beginning has arrived.
"""

import http.client
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reallib import HANG, RealTap, end, free_port, program, start, wait_until

FIRST = b'data: {"choices":[{"delta":{"content":"one"}}]}\n\n'
LAST = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
CHAT = "/v1/chat/completions"


class Engine(ThreadingHTTPServer):
    """Answers with one event, waits for `go`, answers the rest."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), EngineHandler)
        self.port = self.server_address[1]
        self.go = threading.Event()
        self.gone = threading.Event()
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A proxy that hangs up is what some of the tests are about."""


class EngineHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, self.headers, len(body)))

    def do_GET(self):
        self.handle_one()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        self.handle_one()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        self.chunk(FIRST)
        self.connection.settimeout(0.1)
        while not self.server.go.is_set():
            try:
                if self.connection.recv(1) == b"":
                    self.server.gone.set()
                    return
            except socket.timeout:
                pass
            except OSError:
                self.server.gone.set()
                return
        self.connection.settimeout(HANG)
        self.chunk(LAST)
        self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


class Proxy:
    """A proxy that runs a recipe; `connect` makes a connection to it."""

    def __init__(self, process, port, context=None):
        self.process = process
        self.port = port
        self.context = context

    def connect(self, timeout=HANG):
        if self.context is None:
            return http.client.HTTPConnection("localhost", self.port, timeout=timeout)
        return http.client.HTTPSConnection("localhost", self.port, timeout=timeout, context=self.context)

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body) of a whole answer; a proxy may refuse a body before it has read it."""
        connection = self.connect()
        try:
            try:
                connection.request(method, path, body, headers or {})
            except (BrokenPipeError, ConnectionResetError):
                pass
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()


def make_certificate(folder):
    subprocess.run([program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/fullchain.pem"],
                   check=True, capture_output=True, timeout=HANG)


def replaced(text, *changes):
    """The text with each change made; a change that finds nothing is an error of this test."""
    for old, new in changes:
        if old not in text:
            raise ValueError(f"the recipe has no {old!r}")
        text = text.replace(old, new)
    return text


def nginx_configuration(recipe, folder, port, engine_port):
    """The recipe as it stands, at this machine's ports and certificate, with the least around it."""
    site = replaced(recipe, ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
                    ("server_name gpu.example;", "server_name localhost;"), ("/etc/ssl/ivl", str(folder)),
                    ("http://127.0.0.1:23333", f"http://127.0.0.1:{engine_port}"))
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""
    path = Path(folder, "nginx.conf")
    path.write_text(f"{user}daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nevents {{}}\n"
                    f"http {{\naccess_log off;\n{temporary}{site}\n}}\n", encoding="utf-8")
    return path


def start_nginx(tap, recipe, folder, engine_port):
    port = free_port()
    path = nginx_configuration(recipe, folder, port, engine_port)
    tested = subprocess.run([program("nginx"), "-t", "-e", "stderr", "-c", str(path)], capture_output=True, text=True,
                            check=False, timeout=HANG)
    if tap is not None:
        tap.equal(tested.returncode, 0, "nginx takes the recipe")
        tap.point("[warn]" not in tested.stderr, "nginx warns of nothing", tested.stderr)
    process = start(program("nginx"), "-e", f"{folder}/error.log", "-c", str(path))
    return Proxy(process, port, ssl.create_default_context(cafile=f"{folder}/fullchain.pem"))


def start_caddy(tap, recipe, folder, engine_port):
    port = free_port()
    path = Path(folder, "Caddyfile")
    # Its own administration port is no part of the recipe
    path.write_text(f"{{\n\tadmin off\n}}\nimport {recipe}\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder),
                   "XDG_CONFIG_HOME": str(folder), "IVL_SITE": f"http://localhost:{port}",
                   "IVL_ENGINE": f"127.0.0.1:{engine_port}"}
    tested = subprocess.run([program("caddy"), "validate", "--adapter", "caddyfile", "--config", str(recipe)],
                            env=environment, capture_output=True, text=True, check=False, timeout=HANG)
    tap.point(tested.returncode == 0, "Caddy takes the recipe", tested.stderr)
    with open(f"{folder}/caddy.log", "wb") as log:
        process = start(program("caddy"), "run", "--adapter", "caddyfile", "--config", str(path), env=environment,
                        stdout=log, stderr=log)
    return Proxy(process, port)


def beginning(proxy, engine, timeout=HANG):
    """Whether the first event of an answer arrives while the engine holds the rest back; the connection."""
    engine.go.clear()
    engine.gone.clear()
    connection = proxy.connect(timeout)
    try:
        connection.request("POST", CHAT, b"{}", {"Content-Type": "application/json", "Authorization": "Bearer sesame"})
        reply = connection.getresponse()
        return reply.read(len(FIRST)) == FIRST, connection, reply
    except (socket.timeout, TimeoutError):
        return False, connection, None


def test_stream(tap, name, proxy, engine):
    came, connection, reply = beginning(proxy, engine)
    tap.point(came, f"{name}: the beginning of an answer arrives before its end is made")
    engine.go.set()
    tap.equal(reply.read() if reply else None, LAST, f"{name}: then the rest, unchanged")
    connection.close()
    _, _, headers, _ = engine.asked[-1]
    tap.equal(headers["Authorization"], "Bearer sesame", f"{name}: the key reaches the engine")
    tap.equal(headers["Host"], "localhost", f"{name}: the engine is asked under a local name")
    came, connection, reply = beginning(proxy, engine)
    reply.close()
    connection.close()
    tap.point(came and engine.gone.wait(HANG), f"{name}: hanging up reaches the engine")
    engine.go.set()


def test_limits(tap, name, proxy, engine):
    engine.go.set()
    status, _, _ = proxy.ask("POST", CHAT, b" " * (8 << 20))
    tap.equal((status, engine.asked[-1][3]), (200, 8 << 20), f"{name}: a body of 8 MiB passes")
    asked = len(engine.asked)
    status, _, body = proxy.ask("POST", CHAT, b" " * (33 << 20))
    if name == "nginx":
        tap.equal((status, b'"code":"too_large"' in body), (413, True), f"{name}: a body of 33 MiB is refused")
        tap.equal(len(engine.asked), asked, f"{name}: and does not reach the engine")
    else:
        tap.point(status in (413, 502), f"{name}: a body of 33 MiB is refused", status)
    asked = len(engine.asked)
    for method, path in (("GET", "/metrics"), ("GET", "/docs"), ("POST", "/tokenize"), ("GET", CHAT), ("POST", "/health"),
                         ("POST", "/v1/completions"), ("GET", "/v1/models/../../metrics"), ("GET", "/v1/models/x"),
                         ("POST", "/v1/chat/completions/x")):
        status, _, _ = proxy.ask(method, path)
        tap.point(status in (400, 403, 404, 405), f"{name}: {method} {path} is not for clients", status)
    # Caddy lets the engine see the beginning of the large body, and tells of the end before the engine has
    reached = [ask[:2] for ask in engine.asked[asked:] if ask[:2] != ("POST", CHAT)]
    tap.equal(reached, [], f"{name}: none of these reached the engine")
    for path in ("/health", "/v1/models"):
        tap.equal(proxy.ask("GET", path)[0], 200, f"{name}: GET {path} passes")


def test_proxy(tap, name, starter, recipe):
    with tempfile.TemporaryDirectory() as folder:
        if name == "nginx":
            make_certificate(folder)
        engine = Engine()
        proxy = starter(tap, recipe, folder, engine.port)
        try:
            if not wait_until(lambda: proxy.ask("GET", "/health")[0] == 200, proxy.process, 30):
                log = next(Path(folder).glob("*.log"))
                tap.point(False, f"{name} starts", log.read_text(encoding="utf-8")[-2000:])
                return
            test_stream(tap, name, proxy, engine)
            test_limits(tap, name, proxy, engine)
            engine.shutdown()
            engine.server_close()
            status, headers, _ = proxy.ask("GET", "/health")
            tap.equal(status, 503 if name == "nginx" else 502, f"{name}: an engine that is down is told of")
            if name == "nginx":
                tap.equal(headers["Retry-After"], "10", "nginx: with the time to wait")
        finally:
            end(proxy.process)


def test_can_fail(tap, recipe):
    """A proxy that collects answers must fail the test of streaming."""
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(folder)
        engine = Engine()
        wrong = replaced(recipe, ("proxy_buffering off;", "proxy_buffering on;"))
        proxy = start_nginx(None, wrong, folder, engine.port)
        try:
            wait_until(lambda: proxy.ask("GET", "/health")[0] == 200, proxy.process, 30)
            came, connection, _ = beginning(proxy, engine, timeout=3)
            tap.point(not came, "nginx: a recipe that collects answers would be noticed")
            engine.go.set()
            connection.close()
        finally:
            end(proxy.process)


def main(folder):
    tap = RealTap()
    folder = Path(folder).resolve()
    nginx = (folder / "proxy/nginx.conf").read_text(encoding="utf-8")
    if program("nginx") and program("openssl"):
        test_proxy(tap, "nginx", start_nginx, nginx)
        test_can_fail(tap, nginx)
    else:
        tap.skip("nginx or openssl is not installed", "nginx")
    if program("caddy"):
        test_proxy(tap, "Caddy", start_caddy, folder / "proxy/Caddyfile")
    else:
        tap.skip("caddy is not installed", "Caddy")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
