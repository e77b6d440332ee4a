#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system and a server may do to the command, row by row as in test-faults.c.

Usage: test-faults.py IVL DEMO-FOLDER FAULT-LIBRARY
"""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from clilib import Command, Tap  # noqa: E402

PICTURE = "star-open.png"


class Failing(http.server.BaseHTTPRequestHandler):
    """Answers every question with what `server.answer` says: a status and a text, or None for a closed connection."""

    def log_message(self, *_):
        pass

    def send(self, status, data):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send(200, {"object": "list", "data": [{"id": "double", "object": "model"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, text = self.server.answer
        if status != 200:
            self.send(status, {"error": {"message": text, "type": "server_error"}})
            return
        message = {"role": "assistant", "content": text}
        self.send(200, {"id": "1", "object": "chat.completion", "model": "double", "created": 1,
                        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def check_signals(tap, ivl):
    for name, number in (("SIGINT", signal.SIGINT), ("SIGTERM", signal.SIGTERM), ("SIGHUP", signal.SIGHUP)):
        with ivl.start("caption", *[PICTURE] * 500, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            begin = time.monotonic()
            process.send_signal(number)
            process.communicate(timeout=30)
            seconds = time.monotonic() - begin
        tap.equal(process.returncode, 128 + number, f"F2: {name} ends the command with {128 + number}")
        tap.point(seconds < 3, f"F2: {name} within two seconds", f"{seconds:.1f} s")
    tap.equal(sorted(os.listdir(ivl.folder)), ivl.files, "F2: nothing is left behind")


def check_clock(tap, ivl, library):
    _, plain, _ = ivl.run("caption", PICTURE)
    for seconds in (86400, -86400):
        code, out, err = ivl.run("caption", PICTURE, LD_PRELOAD=library, IVL_FAULTS=f"clock_gettime:-:3+:jump={seconds}")
        tap.equal((code, out), (0, plain), f"F21: the clock jumps by {seconds} seconds: the same caption")


def check_reads(tap, ivl, library):
    for rule, what in ((f"read:{PICTURE}:1:5", "F4: a read error"), (f"open:{PICTURE}:*:24", "F6: too many open files"),
                       (f"read:{PICTURE}:1:ok", "F26: a file that got shorter")):
        code, out, err = ivl.run("caption", PICTURE, LD_PRELOAD=library, IVL_FAULTS=rule)
        tap.equal((code, out), (1, b""), f"{what}: the command fails and says nothing else")
        tap.point(PICTURE.encode() in err, f"{what}: the message names the picture", err)


def check_writes(tap, ivl, library):
    old = b"what was there before"
    for rule, what in (("write:{}:1:28", "F3: no space"), ("fsync:{}:1:5", "F5: an error of fsync"),
                       ("close:{}/#:*:5", "F5: an error of close"), ("renameat2:{}:1:5", "F22: no exchange")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.npy")
            path.write_bytes(old)
            code, _, err = ivl.run("embed", PICTURE, "-o", str(path), LD_PRELOAD=library, IVL_FAULTS=rule.format(folder))
            tap.equal((code, path.read_bytes(), os.listdir(folder)), (1, old, ["rows.npy"]), f"{what}: the old file stays")
            tap.point(b"rows.npy" in err, f"{what}: the message names it", err)


def check_server(tap, ivl):
    """Threat row 58: what failed is never an alternative text."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    location = f"http://127.0.0.1:{server.server_address[1]}/v1#double"
    for status, text in ((500, "internal error happened"), (503, "loading"), (400, "no"), (200, ""), (200, " \n\t"),
                         (200, "\u200b\u2060"), (200, None)):
        server.answer = (status, text)
        for command in ("alt", "caption", "detail"):
            code, out, err = ivl.run(command, "-m", location, "--patience", "1", PICTURE)
            tap.point(code not in (0, None) and out.strip() == b"" and err.strip() != b"",
                      f"row 58: {command}, answered with {status} {text!r}, fails with a reason and gives no text",
                      (code, out, err))
    server.shutdown()


def main(program, demo, library):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(demo, PICTURE), folder)
        ivl = Command(program, folder, str(Path(demo, "model").resolve()))
        ivl.files = sorted(os.listdir(folder))
        check_signals(tap, ivl)
        check_clock(tap, ivl, library)
        check_reads(tap, ivl, library)
        check_writes(tap, ivl, library)
        check_server(tap, ivl)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
