#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ivl against Debian sid's llama-server, with the demo model written as GGUF by tests/tools/write-gguf.py:
another engine with an InternVL of its own, over TCP, with a key.

Usage: real-llama-server.py IVL DEMO
Needs root, mmdebstrap and a Debian mirror; says so and skips where one is missing.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import slow_model
from reallib import ALONE, SOURCE, Command, RealTap, Root, end, free_port, request, wait_healthy, wait_until

KEY = "sesame-opens-this-door"
NAME = "internvl-demo"
QUESTIONS = 2  # of each picture


class Server:
    """llama-server in the root, on a port of this machine."""

    def __init__(self, root, folder, pictures=True):
        self.root, self.folder = root, folder
        self.options = ["--mmproj", f"{folder}/mmproj.gguf"] if pictures else []
        self.port = free_port()
        self.process = None

    def start(self):
        with open(f"{self.folder}/llama-server.log", "ab") as log:
            self.process = self.root.start(
                "llama-server", "-m", f"{self.folder}/model.gguf", "--host", "127.0.0.1", "--port", self.port,
                "--alias", NAME, "--api-key", KEY, "-c", "8192", "-np", "2", "-t", "2", "--no-webui", *self.options,
                see=[self.folder], stdout=log, stderr=log)
        return wait_healthy(self.port, self.process)

    def slots(self):
        _, _, body = request(self.port, "GET", "/slots", headers={"Authorization": f"Bearer {KEY}"})
        return json.loads(body)

    def is_busy(self):
        return any(slot["is_processing"] for slot in self.slots())

    def is_talking(self):
        """Whether an answer has begun, so that nothing may be tried again."""
        return any(slot["is_processing"] and slot["next_token"][0]["n_decoded"] > 3 for slot in self.slots())

    def log(self):
        return Path(self.folder, "llama-server.log").read_text(encoding="utf-8", errors="replace")


def write_config(ivl, port):
    path = Path(ivl.folder, "config", "ivl", "ivl.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    url = f"url=http://127.0.0.1:{port}/v1\nengine=llama-server\n"
    path.write_text(f'[remote "llama"]\n{url}model={NAME}\n[remote "other"]\n{url}model=another-model\n', encoding="utf-8")


def check_answers(tap, ivl, demo):
    """The same words as the local engine's, for every picture and question of the demo."""
    pictures = json.loads((demo / "pictures.json").read_text(encoding="utf-8"))
    files = [str(demo / picture["file"]) for picture in pictures]
    for task in ("caption", "ocr"):
        _, local, _ = ivl.run(task, "--json", *files)
        code, remote, err = ivl.run(task, "--json", "--model", "remote:llama", *files)
        tap.point(code == 0, f"{task}: all pictures are answered", err)
        here = [json.loads(line) for line in local.splitlines()]
        there = [json.loads(line) for line in remote.splitlines()]
        tap.equal([line.get("text") for line in there], [line["text"] for line in here],
                  f"{task}: llama-server and ivl say the same of {len(files)} pictures")
        tap.equal({line.get("finish_reason") for line in there}, {"stop"}, f"{task}: each answer came to its end")
        tap.equal([line.get("tokens", {}).get("answer") for line in there],
                  [line["tokens"]["answer"] + 1 for line in here], f"{task}: the server's count of tokens, with the last")
    for picture in pictures:
        for question, answer in picture["questions"][:QUESTIONS]:
            _, out, err = ivl.run("ask", "--model", "remote:llama", question, str(demo / picture["file"]))
            tap.equal(out.decode().strip(), answer, f"{picture['file']}: {question}")
            tap.point(b"\x1b" not in err and KEY.encode() not in err, "no key in what is said beside it", err)


def check_refusals(tap, ivl, demo):
    picture = str(demo / "heart.png")
    code, out, err = ivl.run("caption", "--model", "remote:llama", picture, IVL_API_KEY="wrong-key-0123456789")
    tap.point(code not in (0, None) and out == b"" and b"key" in err.lower(), "a wrong key is refused, and named as that", (code, err))
    tap.point(b"wrong-key" not in err + out, "the key is not shown")
    code, out, err = ivl.run("caption", "--model", "remote:llama", picture, IVL_API_KEY=None)
    tap.point(code not in (0, None) and out == b"", "no key is refused", (code, err))
    # llama-server answers for any name: ivl says that it is another model
    code, out, err = ivl.run("caption", "--model", "remote:other", picture)
    tap.point((code != 0 or b"another-model" in err) and NAME.encode() in err,
              "a model that the server does not have is not taken silently", (code, out, err))


def talk(ivl, demo):
    """A command that gets an answer of half a minute."""
    return ivl.start("ask", "--json", "--model", "remote:llama", "--max-tokens", "3000", "--temperature", "1",
                     "--patience", "3", "Say much.", str(demo / "heart.png"), stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE)


def check_kill(tap, ivl, demo, server):
    """kill -9 in the middle of an answer: a failure with a reason, and no text is kept."""
    process = talk(ivl, demo)
    tap.point(wait_until(server.is_talking, process), "the server talks")
    end(server.process)
    out, err = process.communicate(timeout=120)
    tap.equal(process.returncode, 1, "a server killed in the middle: the picture failed")
    line = json.loads(out) if out.strip() else {}
    tap.point("text" not in line and line.get("error"), "no text is kept, the reason is told", (out, err))


def check_cancel(tap, ivl, demo, server):
    """Ctrl-C frees the server: only a streamed request is cancelled by hanging up."""
    process = talk(ivl, demo)
    busy = wait_until(server.is_talking, process)
    process.send_signal(2)
    out, err = process.communicate(timeout=60)
    tap.equal((busy, process.returncode), (True, 130), "Ctrl-C ends the command")
    tap.point(wait_until(lambda: not server.is_busy(), seconds=20), "and the server's work", (out, err))


def check_text_only(tap, ivl, root, folder, demo):
    """A server without the vision model answers 500 to a picture; nothing is gained by asking again."""
    server = Server(root, folder, pictures=False)
    try:
        tap.point(server.start(), "llama-server starts without the vision model", server.log()[-1000:])
        write_config(ivl, server.port)
        code, out, err = ivl.run("caption", "--model", "remote:llama", str(demo / "heart.png"))
        tap.point(code not in (0, None) and out == b"" and (b"picture" in err or b"image" in err),
                  "a model without eyes is told of", (code, err))
    finally:
        end(server.process)


def write_gguf(tap, root, model, folder):
    done = root.run("python3", SOURCE / "tests/tools/write-gguf.py", model, folder, see=[SOURCE, folder, model],
                    capture_output=True, text=True)
    tap.point(done.returncode == 0, f"{Path(folder).name} is written as GGUF", done.stderr)


def main(program, demo):
    tap = RealTap()
    demo = Path(demo).resolve()
    root = Root(tap, "sid", "llama.cpp", "python3-gguf", "python3-numpy")
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, str(demo / "model"))
        ivl.environment["IVL_API_KEY"] = KEY
        slow_model.write(demo / "model", Path(folder, "endless"))
        for name, model, checks in (("demo", demo / "model", (check_answers, check_refusals)),
                                    ("slow", Path(folder, "endless"), (check_cancel, check_kill))):
            files = f"{folder}/{name}"
            os.mkdir(files)
            write_gguf(tap, root, model, files)
            server = Server(root, files)
            try:
                tap.point(server.start(), f"llama-server starts with {name}", server.log()[-1000:])
                write_config(ivl, server.port)
                for check in checks:
                    check(tap, ivl, demo, *((server,) if name == "slow" else ()))
            finally:
                end(server.process)
        check_text_only(tap, ivl, root, f"{folder}/demo", demo)
    return tap.finish()


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
