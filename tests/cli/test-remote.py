#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands with a model on a server: the same answers as here, many pictures at a time, servers that go away, keys
that must not be seen. Usage: test-remote.py IVL DEMO-FOLDER"""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from clilib import HANG, Command, Tap, png, stop

KEY = "sk-sesame-9876543210"


class Serve:
    """`ivl serve` with the demonstration model, until the end of a with statement."""

    def __init__(self, ivl, *arguments):
        self.process = ivl.start("serve", *arguments, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.location = None

    def __enter__(self):
        for line in self.process.stderr:
            if b"ready at " in line:
                self.location = line.decode().split("ready at ")[1].strip()
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the stand-in's plan says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        stand_in = self.server.stand_in
        stand_in.keys.add(self.headers.get("Authorization"))
        if stand_in.refuse_list:
            self.reply(401, {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request"}})
            return
        self.reply(200, {"object": "list", "data": [{"id": stand_in.model, "object": "model", "owned_by": "test"}]})

    def do_POST(self):
        stand_in = self.server.stand_in
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = [part for message in body["messages"] if isinstance(message["content"], list)
                 for part in message["content"]]
        picture = next((part["image_url"]["url"] for part in parts if part["type"] == "image_url"), "")
        with stand_in.lock:
            stand_in.running += 1
            stand_in.most_running = max(stand_in.most_running, stand_in.running)
            stand_in.pictures.setdefault(picture, []).append("asked")
            number = len(stand_in.pictures)
        try:
            stand_in.answer(self, picture, number)
        finally:
            with stand_in.lock:
                stand_in.running -= 1

    def stream(self, text, cut=False):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece, reason in ([(word, None) for word in text.split(" ")] + [("", "stop")]):
            if cut and reason:
                return False
            event = {"id": "x", "object": "chat.completion.chunk", "created": 1,
                     "model": self.server.stand_in.model,
                     "choices": [{"index": 0, "delta": {"content": piece + " " if piece else ""},
                                  "finish_reason": reason}]}
            self.chunk(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")
        return True

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class StandIn:
    """A server of the protocol that does what a test wants."""

    def __init__(self, address="127.0.0.1", port=0):
        self.lock = threading.Lock()
        self.pictures = {}
        self.running = self.most_running = 0
        self.keys = set()
        self.model = "stand-in"
        self.refuse_list = False
        self.address = address
        self.port = port
        self.server = None
        self.open()

    def open(self):
        class Server(http.server.ThreadingHTTPServer):
            """With many places in the queue."""
            request_queue_size = 64
            daemon_threads = True

            def handle_error(self, *_):
                pass  # connections that a client closes
        self.server = Server((self.address, self.port), Handler)
        self.server.stand_in = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def location(self):
        return f"http://{self.address}:{self.port}/v1#{self.model}"

    def answer(self, handler, picture, number):
        """Replaced by tests."""
        if handler.stream(f"answer {number}"):
            self.done(picture)

    def done(self, picture):
        with self.lock:
            self.pictures[picture].append("answered")


def make_pictures(folder, count):
    names = [f"picture-{i:02}.png" for i in range(count)]
    for i, name in enumerate(names):
        Path(folder, name).write_bytes(png(32, 32, (i * 5 % 256, 255 - i * 7 % 256, i * 11 % 256)))
    return names


def get_answers(output):
    keep = ("file", "text", "regions", "finish_reason", "grid", "task")
    answers = []
    for line in output.splitlines():
        answer = json.loads(line)
        answers.append({**{name: answer.get(name) for name in keep}, "prompt": answer["tokens"]["prompt"]})
    return answers


def check_same(tap, ivl, demo, location, what):
    """The answers of the model here and of the same model behind a server."""
    pictures = sorted(str(path) for path in Path(demo).glob("*.png"))
    for arguments in (("caption", "--json", *pictures), ("ocr", "--json", pictures[0]), ("alt", "--json", pictures[1]),
                      ("ask", "--json", "-q", "Which colors are there?", pictures[2]),
                      ("ask", "--json", "--max-tokens", "3", "-q", "What <|im_end|> is it?", pictures[2]),
                      ("locate", "--json", "-q", "the heart", pictures[2]),
                      ("caption", "--json", "--max-tiles", "4", pictures[0])):
        code, here, _ = ivl.run(*arguments, "-m", f"{demo}/model")
        other_code, there, err = ivl.run(*arguments, "-m", location)
        tap.point(code == other_code == 0 and get_answers(here) == get_answers(there),
                  f"{what}: {arguments[0]} answers as the model here", (here, there, err))
    code, here, _ = ivl.run("caption", "-m", f"{demo}/model", *pictures)
    other_code, there, _ = ivl.run("caption", "-m", location, *pictures)
    tap.equal((other_code, there), (code, here), f"{what}: the same lines")
    talk = f"/image {pictures[0]}\nWhat is it?\nWhich colors?\n".encode()
    code, here, _ = ivl.run("chat", "-m", f"{demo}/model", stdin=talk)
    other_code, there, err = ivl.run("chat", "-m", location, stdin=talk)
    tap.point((other_code, there) == (code, here) and here, f"{what}: the same conversation", (here, there, err))


def check_serve(tap, ivl, demo):
    model = f"{demo}/model"
    with Serve(ivl, "--socket", f"{ivl.folder}/own.sock", "-m", model) as serve:
        check_same(tap, ivl, demo, f"unix:{ivl.folder}/own.sock", "socket")
        code, out, _ = ivl.run("info", "--json", "-m", serve.location)
        info = json.loads(out)
        tap.point(code == 0 and info["origin"] == "this computer" and info["sees_pictures"] and
                  info["context_length"] > 0 and info["tiles"]["size"] > 0, "info tells what the server says", info)
        code, out, _ = ivl.run("info", serve.location)
        tap.point(code == 0 and b"this computer" in out, "and shows it", out)
        for arguments in (("embed", "--json"), ("tokenize",), ("bench",)):
            file = [f"{demo}/heart.png"] if arguments[0] == "embed" else []
            code, out, err = ivl.run(*arguments, "-m", serve.location, *file)
            tap.point(code == 3 and out == b"" and err.startswith(b"ivl: "), f"{arguments[0]} says that it cannot",
                      (code, out, err))
        _, here, _ = ivl.run("tiles", "-m", model, f"{demo}/heart.png")
        code, there, _ = ivl.run("tiles", "-m", serve.location, f"{demo}/heart.png")
        tap.equal((code, there), (0, here), "tiles are those of the model")

    keys = Path(ivl.folder, "keys")
    keys.write_text(KEY + "\n", encoding="utf-8")
    keys.chmod(0o600)
    with Serve(ivl, "--listen", "127.0.0.1:0", "--api-key-file", str(keys), "-m", model) as serve:
        arguments = ("caption", "-m", f"{serve.location}#model", f"{demo}/heart.png")
        for title, change in (("no key", {}), ("a wrong key", {"IVL_API_KEY": "sk-wrong-sesame"})):
            code, out, err = ivl.run(*arguments, **change)
            tap.point(code != 0 and out == b"" and b"sesame" not in err and b"key" in err, f"with {title} it says so",
                      (code, out, err))
        code, out, err = ivl.run(*arguments, IVL_API_KEY=KEY)
        tap.point(code == 0 and b"heart" in out and KEY.encode() not in out + err, "with the key it answers", err)
        config = Path(ivl.folder, "config", "ivl")
        config.mkdir(parents=True, exist_ok=True)
        (config / "ivl.conf").write_text(f'[ivl]\nmodel=tcp\n[remote "tcp"]\nurl={serve.location}\nkey-file={keys}\n',
                                         encoding="utf-8")
        code, out, err = ivl.run("caption", f"{demo}/heart.png", IVL_MODEL=None)
        tap.point(code == 0 and b"heart" in out, "a configured remote with a key file is the default", (out, err))
        keys.chmod(0o644)
        code, out, err = ivl.run("caption", "-m", "tcp", f"{demo}/heart.png")
        tap.point(code == 3 and b"chmod 600" in err and KEY.encode() not in err, "a key file for all is refused", err)
        (config / "ivl.conf").unlink()


def find_service(ivl):
    """Process ids of the user's service."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"\0serve\0" in (entry / "cmdline").read_bytes() and \
                    f"XDG_RUNTIME_DIR={ivl.environment['XDG_RUNTIME_DIR']}".encode() in \
                    (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def check_service(tap, ivl, demo):
    arguments = ("caption", "-m", f"service:{demo}/model", f"{demo}/heart.png")
    try:
        code, out, err = ivl.run(*arguments)
        tap.point(code == 0 and b"heart" in out, "service: starts the service", (code, out, err))
        first = find_service(ivl)
        tap.point(first, "which stays", first)
        code, out, err = ivl.run(*arguments)
        tap.equal((code, sorted(find_service(ivl))), (0, sorted(first)), "and is used again")
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        code, out, err = ivl.run(*arguments)
        tap.point(code == 0 and b"heart" in out, "after kill -9 it is started again", (code, out, err))
        code, out, err = ivl.run("caption", "-m", "service:", f"{demo}/heart.png", "--local-only")
        tap.point(code == 0, "--local-only allows it", (code, out, err))
        code, out, err = ivl.run("caption", "-m", "service:/nowhere/other", f"{demo}/heart.png")
        tap.point(code == 3 and b"/nowhere/other" in err, "a model that is not there is named", (code, out, err))
        tap.point(find_service(ivl), "and the service goes on")
    finally:
        for pid in find_service(ivl):
            os.kill(pid, signal.SIGKILL)
    code, out, err = ivl.run("caption", "-m", "service:/nowhere/model", f"{demo}/heart.png")
    tap.point(code == 3 and out == b"" and b"/nowhere/model" in err, "why it cannot start is told", (code, out, err))


def check_order(tap, ivl, names):
    with StandIn() as server:
        first = threading.Event()

        def answer(handler, picture, number):
            if number == 1:
                first.wait(HANG)  # the first one is answered last
            elif len(server.pictures) == len(names):
                first.set()
            StandIn.answer(server, handler, picture, number)

        server.answer = answer
        code, out, err = ivl.run("caption", "--jobs", "4", "-m", server.location, *names)
        lines = out.decode().splitlines()
        tap.equal([line.split(": ")[0] for line in lines], names, "answers come in the order of the pictures")
        tap.point(code == 0 and 2 <= server.most_running <= 4, "several at a time, not more than --jobs",
                  (code, server.most_running, err))
        tap.equal({len(events) for events in server.pictures.values()}, {2}, "each is asked about once")
        tap.equal(len(server.pictures), len(names), "and none is left out")

    with StandIn() as server:
        server.answer = lambda *arguments: (time.sleep(0.05), StandIn.answer(server, *arguments))
        code, out, err = ivl.run("caption", "--json", "-m", server.location, *names)
        tap.point(code == 0 and 2 <= server.most_running <= 8, "without --jobs up to eight", server.most_running)
        tap.equal([json.loads(line)["file"] for line in out.splitlines()], names, "JSON is in order too")


def check_one_failure(tap, ivl, names):
    for jobs in ("1", "4"):
        with StandIn() as server:
            def answer(handler, picture, number):
                if number == 3:  # pylint: disable=cell-var-from-loop
                    handler.reply(400, {"error": {"message": "no \x1b[31m such picture", "type": "invalid"}})
                else:
                    StandIn.answer(server, handler, picture, number)

            server.answer = answer
            code, out, err = ivl.run("caption", "--json", "--jobs", jobs, "-m", server.location, *names, "absent.png")
            lines = [json.loads(line) for line in out.splitlines()]
            tap.equal((code, [line["file"] for line in lines]), (1, names + ["absent.png"]),
                      f"{jobs} at a time: two failures do not stop the rest")
            tap.equal(sum("text" in line for line in lines), len(names) - 1, "all others are answered")
            tap.point(b"\x1b" not in out + err and b"such picture" in err, "the server's words are cleaned", err)


def check_away(tap, ivl, names):
    with StandIn() as server:
        def answer(handler, picture, number):
            if number == 5 and not server.pictures.get("away"):
                server.pictures["away"] = ["asked", "answered"]
                threading.Thread(target=go_away).start()
            if server.server is None:
                handler.stream("half an answer", cut=True)
                handler.close_connection = True
                return
            StandIn.answer(server, handler, picture, number)

        def go_away():
            server.close()
            time.sleep(2)
            server.open()

        server.answer = answer
        code, out, err = ivl.run("caption", "--json", "--jobs", "4", "-m", server.location, *names)
        lines = [json.loads(line) for line in out.splitlines()]
        tap.equal((code, [line["file"] for line in lines]), (0, names),
                  "a server that goes away in the middle and comes back: nothing is lost")
        tap.point(all(line.get("text", "").startswith("answer") for line in lines), "nothing is half", (lines, err))
        tap.equal({events.count("answered") for events in server.pictures.values()}, {1},
                  "and nothing is answered twice")


def check_gone(tap, ivl, names):
    with StandIn() as server:
        def answer(handler, picture, number):
            if number >= 5:
                threading.Thread(target=server.close).start()
                time.sleep(0.3)
                handler.close_connection = True
                return
            StandIn.answer(server, handler, picture, number)

        server.answer = answer
        code, out, err = ivl.run("caption", "--jobs", "2", "--patience", "2", "-m", server.location, *names)
        tap.point(code == 3 and b"not tried" in err, "a server that stays away ends the run after the patience",
                  (code, out, err))
        tap.point(out.count(b": answer") == 4, "what was answered before is kept", out)

    with StandIn() as server:
        server.answer = lambda handler, *_: (threading.Thread(target=server.close).start(), time.sleep(0.2))
        process = ivl.start("caption", "-m", server.location, *names, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        code, seconds = stop(process, signal.SIGINT, wait=2)
        process.communicate()
        tap.point(code == 130 and seconds < 2, "Ctrl-C ends the waiting within two seconds", (code, seconds))

    with StandIn() as server:
        server.answer = lambda handler, *_: (threading.Thread(target=server.close).start(), time.sleep(0.2))
        code, _, err = ivl.run_on_terminal("caption", "--patience", "4", "-m", server.location, names[0],
                                           which="stderr")
        tap.point(code != 0 and b"waiting for 127.0.0.1:" in err, "the progress line tells what is waited for", err)


def check_privacy(tap, ivl, names):
    with StandIn("0.0.0.0") as server:  # this computer, but no address says so
        code, out, err = ivl.run("caption", "--json", "-m", server.location, *names[:3])
        tap.point(code == 0 and err.count(f"Pictures go to 0.0.0.0:{server.port}".encode()) == 1,
                  "where pictures go is said once", (code, err))
        tap.equal({json.loads(line)["origin"] for line in out.splitlines()}, {f"0.0.0.0:{server.port}"},
                  "and in each object")
        code, out, err = ivl.run("chat", "-m", server.location, stdin=b"Hello\n/image picture-00.png\nWhat?\n")
        tap.point(code == 0 and b"Pictures go to" in err, "also in a conversation", (code, out, err))
        seen = len(server.keys), len(server.pictures)
        server.keys.clear()
        code, out, err = ivl.run("caption", "--local-only", "-m", server.location, names[0])
        tap.point(code == 3 and b"Nothing was sent" in err and not server.keys, "--local-only sends nothing", err)
        config = Path(ivl.folder, "config", "ivl", "ivl.conf")
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f'[ivl]\nlocal-only=true\n[remote "gpu"]\nurl={server.location}\n', encoding="utf-8")
        for model in (server.location, "gpu", "remote:gpu"):
            code, out, err = ivl.run("caption", "-m", model, names[0])
            tap.point(code == 3 and b"local-only" in err and not server.keys, f"nor does the key local-only ({model})",
                      err)
        config.unlink()
        code, out, err = ivl.run("caption", "-m", server.location, names[0], IVL_API_KEY=KEY)
        tap.point(code == 3 and b"insecure-http" in err and KEY.encode() not in err and not server.keys,
                  "a key does not go by plain HTTP", (seen, err))

    with StandIn() as server:
        server.refuse_list = True
        server.answer = lambda handler, *_: handler.reply(401, {"error": f"Bad key {KEY} or Bearer {KEY}"})
        outputs = b""
        for location in (server.location, server.location.split("#")[0]):
            for arguments in (("caption", "--json"), ("info",)):
                names_given = names[:1] if arguments[0] == "caption" else []
                code, out, err = ivl.run(*arguments, "-m", location, *names_given, IVL_API_KEY=KEY,
                                         G_MESSAGES_DEBUG="all")
                outputs += out + err
        tap.point(f"Bearer {KEY}" in server.keys, "the key reaches the server", server.keys)
        tap.point(KEY.encode() not in outputs and b"sesame" not in outputs,
                  "a server that repeats the key does not bring it to light", outputs)

    for location in ("https://user:sesame@gpu.example/v1", "https://sesame@gpu.example:x/", "ftp://a:sesame@b"):
        code, out, err = ivl.run("caption", "-m", location, names[0])
        tap.point(code == 3 and out == b"" and b"sesame" not in err, "a password in an address is not shown", err)

    with StandIn() as server:
        server.model = "evil\x1b]0;title\x07name"
        code, out, err = ivl.run("info", "-m", server.location.split("#")[0])
        tap.point(b"\x1b" not in out + err and b"\x07" not in out + err, "a model's name is cleaned", (code, out, err))


def check_usage(tap, ivl, demo, names):
    for title, arguments in (("no jobs", ("caption", "--jobs", "0", names[0])),
                             ("too many jobs", ("caption", "--jobs", "1000", names[0])),
                             ("patience that is no number", ("caption", "--patience", "long", names[0])),
                             ("a schema that is not there", ("ask", "What?", "--json-schema", "absent", names[0])),
                             ("a schema that is no JSON", ("ask", "What?", "--json-schema", names[0], names[0])),
                             ("verifying a server", ("info", "--verify", "unix:/nowhere")),
                             ("an argument for doctor", ("doctor", "x"))):
        code, out, err = ivl.run(*arguments)
        tap.point(code == 2 and out == b"" and err.startswith(b"ivl: "), f"wrong usage: {title}", (code, out, err))
    Path(ivl.folder, "schema.json").write_text(json.dumps({
        "type": "object", "properties": {"color": {"type": "string", "maxLength": 12}}, "required": ["color"],
        "additionalProperties": False}), encoding="utf-8")
    code, out, err = ivl.run("ask", "Which color?", "--json-schema", "schema.json", "-m", f"{demo}/model", names[0])
    tap.point(code == 0 and set(json.loads(out)) == {"color"}, "an answer as a schema says", (code, out, err))
    code, out, err = ivl.run("locate", "it", "--json-schema", "schema.json", "-m", f"{demo}/model", names[0])
    tap.equal((code, out), (2, b""), "places have a form of their own")
    code, out, err = ivl.run("caption", "-m", f"unix:{ivl.folder}/nobody", names[0])
    tap.point(code == 3 and out == b"" and err.startswith(b"ivl: "), "a socket without a server", (code, out, err))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, out, err = ivl.run("caption", "-m", f"http://127.0.0.1:{taken.getsockname()[1]}/v1#m", names[0],
                                 "--patience", "1")
        tap.point(code in (1, 3) and out == b"", "an address without a server", (code, out, err))


def main(program, demo):
    tap = Tap()
    demo = os.path.abspath(demo)
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, f"{demo}/model")
        names = make_pictures(folder, 12)
        check_serve(tap, ivl, demo)
        check_service(tap, ivl, demo)
        check_order(tap, ivl, names)
        check_one_failure(tap, ivl, names)
        check_away(tap, ivl, names)
        check_gone(tap, ivl, names)
        check_privacy(tap, ivl, names)
        check_usage(tap, ivl, demo, names)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
