#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of ivl serve: its socket and lock, keys, crashes, how it ends.

Usage: test-server-life.py IVL MODEL
"row N" and "F N" are rows of the tables of threats and faults that the server was designed against.
"""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

from serverlib import HANG, JSON, Connection, Served, Tap, ask, chat, chat_body, children, is_alive, wait_for

KEY = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


def write(path, content, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


def refuse(program, folder, model, *arguments):
    """(exit status, standard error) of a server that is expected not to start."""
    served = Served(program, folder, model, *arguments, listen=None, wait=False)
    try:
        code = served.process.wait(HANG)
    except subprocess.TimeoutExpired:
        served.stop(signal.SIGKILL)
        code = None
    served.reader.join()
    return code, "\n".join(line for line in served.lines if line is not None)


def check_socket(tap, program, folder, model):
    served = Served(program, folder, model, listen=None)
    path = f"{folder}/run/ivl/serve.sock"
    tap.equal(served.place, path, "without an address it serves the user's own socket")
    tap.equal((stat.S_IMODE(os.stat(path).st_mode), stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode)),
              (0o600, 0o700), "that nobody else reaches")
    tap.equal(chat(path, "hello", max_tokens=1).status, 200, "where it answers")
    reply = Connection(path)
    reply.send(b"GET /health HTTP/1.1\r\nHost: anything\r\n\r\n")
    tap.equal(reply.read_reply().status, 200, "whatever it is called")
    code, error = refuse(program, folder, model)
    tap.point(code == 4 and "serves on" in error, "a second one says that there is one", (code, error))
    tap.equal(chat(path, "hello", max_tokens=1).status, 200, "and leaves the first one in peace")
    code, seconds = served.stop()
    tap.equal((code, os.path.exists(path)), (143, False), "SIGTERM ends it and removes the socket")
    tap.point(seconds < HANG, f"after {seconds:.2f} s")

    served = Served(program, folder, model, listen=None)
    worker = served.worker()
    served.stop(signal.SIGKILL)
    tap.point(wait_for(lambda: not is_alive(worker)), "when it is killed, its worker ends", worker)
    tap.point(os.path.exists(path), "the socket stays behind")
    served = Served(program, folder, model, listen=None)
    tap.equal(chat(path, "hello", max_tokens=1).status, 200, "and the next one takes its place")
    served.stop(signal.SIGINT)
    write(path, "precious")
    code, error = refuse(program, folder, model)
    tap.point(code == 2 and "no socket" in error and os.path.exists(path), "what is no socket is left alone", error)
    os.unlink(path)
    code, error = refuse(program, folder, model, "--socket", f"{folder}/{'x' * 120}.sock")
    tap.point(code == 2 and "107" in error, "a path that is too long is refused", error)


def check_start(tap, program, folder, model):
    for arguments in (("--listen", "8080"), ("--listen", "localhost"), ("--listen", "127.0.0.1:99999"), ("--listen", "::1:80"),
                      ("--listen", "127.0.0.1:0", "--socket", "/tmp/x"), ("--idle-exit", "-1"), ("--max-running", "0"),
                      ("model",), ("--listen", "0.0.0.0:0"), ("--listen", "[::]:0")):
        code, error = refuse(program, folder, model, *arguments)
        tap.point(code == 2 and error, f"{' '.join(arguments)} is refused", (code, error))
    code, error = refuse(program, folder, f"{folder}/nothing", "--listen", "127.0.0.1:0")
    tap.point(code == 3 and error, "a model that is not there too", (code, error))
    broken = f"{folder}/broken"
    os.mkdir(broken)
    write(f"{broken}/config.json", "{")
    code, error = refuse(program, folder, broken, "--listen", "127.0.0.1:0")
    tap.point(code == 3 and "config.json" in error and "crash" not in error, "one that cannot be opened ends it",
              (code, error))
    code, error = refuse(program, folder, "https://example.org/v1", "--listen", "127.0.0.1:0")
    tap.point(code == 3, "nor does it serve another server's model", (code, error))
    served = Served(program, folder, model)
    code, error = refuse(program, folder, model, "--listen", f"127.0.0.1:{served.place[1]}")
    tap.point(code == 4 and "in use" in error, "a port that is taken is named", error)
    served.stop()


def find_key_like(byte):
    """Another key whose digest has one byte of the right one's."""
    wanted = hashlib.sha256(OTHER.encode()).digest()[byte]
    return next(key for key in (f"{i:032}" for i in range(100000))
                if hashlib.sha256(key.encode()).digest()[byte] == wanted)


def check_keys(tap, program, folder, model):
    for content, mode, wanted, why in ((KEY, 0o644, 4, "that others can read"), ("", 0o600, 4, "without a key"),
                                       ("short", 0o600, 2, "with a short key"),
                                       (KEY + "\u20ac", 0o600, 2, "with a key beyond ASCII"),
                                       ("two words of a long key", 0o600, 2, "with spaces in a key")):
        path = write(f"{folder}/bad-keys", content, mode)
        code, error = refuse(program, folder, model, "--listen", "0.0.0.0:0", "--api-key-file", path)
        tap.point(code == wanted and KEY not in error and (not content or content not in error),
                  f"a key file {why} is refused", (code, error))
    keys = write(f"{folder}/keys", f"# of the office\n{KEY}\n\n{OTHER}\n")
    served = Served(program, folder, model, "--api-key-file", keys, "--verbose", listen="0.0.0.0:0")
    place = ("127.0.0.1", served.place[1])
    wrong = [({}, "no key"), ({"Authorization": f"Bearer {KEY}x"}, "a key with more"),
             ({"Authorization": f"Bearer {KEY[:-1]}"}, "a key with less"), ({"Authorization": KEY}, "no scheme"),
             ({"Authorization": f"Basic {KEY}"}, "another scheme"), ({"Authorization": "Bearer "}, "an empty key")]
    # The server compares digests: these have all but some bytes of them wrong
    wrong += [({"Authorization": f"Bearer {find_key_like(byte)}"}, f"a key whose digest has the same byte {byte}")
              for byte in (0, 31)]
    bodies = set()
    for fields, name in wrong:
        reply = ask(place, "GET", "/v1/models", fields=fields)
        bodies.add(reply.body)
        tap.point(reply.status == 401 and reply.fields.get("www-authenticate") == "Bearer", f"row 50: {name}: 401", reply)
    tap.equal(len(bodies), 1, "row 50: all in the same words")
    for fields, name in (({"Authorization": f"Bearer {KEY}"}, "a key"), ({"Authorization": f"Bearer {OTHER}"}, "another"),
                         ({"Authorization": f"bearer {KEY}"}, "a small scheme"),
                         ({"AUTHORIZATION": f"BEARER  {KEY}"}, "a loud one")):
        tap.equal(ask(place, "GET", "/v1/models", fields=fields).status, 200, f"row 50: {name} is taken")
    reply = chat(place, "hello", {"Authorization": f"Bearer {KEY}"}, max_tokens=1)
    tap.equal(reply.status, 200, "and answered")
    tap.equal(ask(place, "GET", "/health").status, 200, "whether it is well anybody may ask")
    tap.equal(ask(place, "GET", "/metrics").status, 401, "but not what it does")
    connection = Connection(place)
    connection.send(f"GET /v1/models HTTP/1.1\r\nHost: gpu.example\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
    tap.equal(connection.read_reply().status, 200, "with a key any name will do")
    tap.equal(chat(place, "hello", {"Authorization": f"Bearer {KEY}", "Origin": "https://evil.example"}).status, 403,
              "row 49: but no page of another origin")
    statuses = [ask(place, "GET", "/v1/models", fields={"Authorization": f"Bearer {i:032}"}).status for i in range(12)]
    tap.point(statuses[-1] == 429 and 401 in statuses, "row 50: guessing is slowed down", statuses)
    reply = ask(place, "GET", "/v1/models", fields={"Authorization": f"Bearer {KEY}"})
    tap.point(reply.status == 429 and int(reply.fields["retry-after"]) > 0, "row 50: a guess that is right not excepted", reply)
    served.stop()
    served.reader.join()
    log = "\n".join(line for line in served.lines if line)
    tap.point("/v1/models: 401" in log and KEY not in log and OTHER not in log and "hello" not in log,
              "the log names requests, but neither keys nor what was asked", log)


def check_crashes(tap, program, folder, model):
    served = Served(program, folder, model)
    place = served.place
    supervisor = served.process.pid
    for i in (1, 2):
        worker = served.worker()
        connection = Connection(place)
        connection.request("POST", "/v1/chat/completions", chat_body("hello", max_tokens=1, stream=True), JSON)
        connection.read_head()
        idle = Connection(place)
        idle.request("GET", "/health")
        idle.read_reply()
        os.kill(worker, signal.SIGKILL if i == 1 else signal.SIGABRT)
        tap.point(connection.is_closed() and idle.is_closed(), "F31: when the worker dies, its connections end")
        reply = chat(place, "hello", max_tokens=1)
        if reply.status == 503:
            served.wait_ready(i + 1)
            reply = chat(place, "hello", max_tokens=1)
        tap.equal(reply.status, 200, "a client that comes meanwhile waits and is answered")
        tap.point(served.worker() not in (None, worker), "by another worker")
        tap.point(served.wait_line("crashed", i) is not None, "that is said", served.lines)
    worker = served.worker()
    served.process.kill()
    served.process.wait()
    tap.point(wait_for(lambda: not is_alive(worker)), "when the supervisor dies, the worker does", worker)
    tap.equal(children(supervisor), [], "nothing is left")


def check_model_changes(tap, program, folder, model):
    """F9: the model's file is replaced in place while it is in use."""
    copy = f"{folder}/model"
    shutil.copytree(model, copy)
    served = Served(program, folder, copy)
    worker = served.worker()
    weights = next(f"{copy}/{name}" for name in os.listdir(copy) if name.endswith(".safetensors"))
    wanted = chat(served.place, "hello", max_tokens=3).text()
    with open(weights, "rb") as file:
        content = file.read()

    def replace():
        time.sleep(0.05)
        with open(weights, "r+b") as file:
            file.write(content)

    replace()
    reply = chat(served.place, "something else", max_tokens=3)
    tap.equal(reply.status, 500, "F9: a model that changes right after it was opened is an error")
    # Young models are not opened again and again: wait until it is none any more
    statuses = set()

    def is_answered():
        reply = chat(served.place, f"and {len(statuses)} {time.monotonic()}", max_tokens=3)
        statuses.add((reply.status, reply.error().get("code") if reply.status != 200 else None))
        return reply.status == 200

    tap.point(wait_for(is_answered), "F9: later it is opened again", statuses)
    tap.point(statuses >= {(503, "model_changed"), (200, None)} and
              statuses <= {(500, None), (503, "model_changed"), (503, "loading"), (200, None)},
              "F9: who asks meanwhile is told to come again", statuses)
    tap.equal(chat(served.place, "hello", max_tokens=3).text(), wanted, "F9: and answers as before")
    tap.equal(served.worker(), worker, "F9: in the same process")
    served.stop()


def check_end(tap, program, folder, model):
    served = Served(program, folder, model)
    connection = Connection(served.place)
    connection.request("POST", "/v1/chat/completions",
                       chat_body("hello", max_tokens=1500, stream=True, temperature=1.5, seed=3), JSON)
    connection.read_head()
    connection.read_chunk()
    code, seconds = served.stop()
    rest = connection.read_until(b"no such end") or connection.buffer
    tap.equal(code, 143, "SIGTERM ends it in the middle of an answer")
    print(f"# after {seconds:.2f} s")
    tap.point(b"shutting down" in rest or b"[DONE]" in rest, "and the client is told", rest[-300:])
    served = Served(program, folder, model, "--idle-exit", "0.02")
    for _ in range(4):
        time.sleep(0.6)
        ask(served.place, "GET", "/v1/models")
    tap.point(served.process.poll() is None, "while it is asked it stays")
    ended = wait_for(lambda: ask_quietly(served.place) is None)
    tap.point(ended and served.process.wait(HANG) == 0, "left alone it ends, also when its health is asked",
              served.process.returncode)
    served = Served(program, folder, model)
    served.process.send_signal(signal.SIGINT)
    tap.equal(served.process.wait(HANG), 130, "SIGINT ends it")
    served = Served(program, folder, model)
    os.kill(served.worker(), signal.SIGTERM)
    tap.equal(served.process.wait(HANG), 143, "SIGTERM to the worker alone ends both")


def ask_quietly(place):
    try:
        return ask(place, "GET", "/health")
    except OSError:
        return None


def main(program, model):
    tap = Tap()
    model = os.path.abspath(model)
    for check in (check_socket, check_start, check_keys, check_crashes, check_model_changes, check_end):
        with tempfile.TemporaryDirectory() as folder:
            check(tap, program, folder, model)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
