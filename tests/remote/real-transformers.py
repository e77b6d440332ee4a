#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ivl against `transformers serve` of Debian sid, with the demo model in the transformers library's layout:
an engine whose InternVL was written apart from ours, over a server that is unlike the others. It refuses
`stream_options`, sends neither [DONE] nor a usage chunk of its own, and answers 500 to /v1/models.

Usage: real-transformers.py IVL DEMO
Needs root, mmdebstrap and a Debian mirror (2 GB of packages); says so and skips where one is missing.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from reallib import ALONE, SOURCE, Command, RealTap, Root, end, free_port, wait_healthy

PACKAGES = ("python3-transformers", "python3-torch", "python3-torchvision", "python3-pil", "python3-fastapi", "uvicorn",
            "python3-pydantic", "python3-openai", "python3-accelerate")


def start_server(root, model, folder, cache):
    """(process, port). Where the cache folder is missing the server cannot list its models."""
    port = free_port()
    with open(f"{folder}/transformers.log", "ab") as log:
        process = root.start("env", "HF_HUB_OFFLINE=1", f"HF_HOME={cache}", "transformers", "serve", model, "--host", "127.0.0.1",
                             "--port", port, "--device", "cpu", see=[folder], stdout=log, stderr=log)
    return process, port


def write_config(ivl, port, model):
    path = Path(ivl.folder, "config", "ivl", "ivl.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[remote "hf"]\nurl=http://127.0.0.1:{port}/v1\nmodel={model}\n'
                    f'[remote "other"]\nurl=http://127.0.0.1:{port}/v1\nmodel=another-model\n', encoding="utf-8")


def check_answers(tap, ivl, demo, title):
    pictures = json.loads((demo / "pictures.json").read_text(encoding="utf-8"))
    files = [str(demo / picture["file"]) for picture in pictures]
    _, local, _ = ivl.run("caption", "--json", *files)
    code, remote, err = ivl.run("caption", "--json", "--model", "remote:hf", *files)
    tap.point(code == 0, f"{title}: all pictures are answered", err)
    tap.equal([json.loads(line).get("text") for line in remote.splitlines()],
              [json.loads(line)["text"] for line in local.splitlines()],
              f"{title}: transformers and ivl say the same of {len(files)} pictures")
    tap.equal({json.loads(line).get("finish_reason") for line in remote.splitlines()}, {"stop"},
              f"{title}: each answer came to its end")
    picture = pictures[0]
    question, answer = picture["questions"][0]
    _, out, err = ivl.run("ask", "--model", "remote:hf", question, str(demo / picture["file"]))
    tap.point(out.decode().strip() == answer, f"{title}: {question}", (out, err))
    code, out, _ = ivl.run("caption", "--json", "--model", "remote:hf", "--max-tokens", "3", files[0])
    tap.equal(json.loads(out).get("finish_reason"), "length", f"{title}: --max-tokens is kept to")


def check_failures(tap, ivl, demo, process):
    picture = str(demo / "heart.png")
    code, out, err = ivl.run("caption", "--model", "remote:other", picture)
    tap.point(code not in (0, None) and out == b"", "a model that the server does not have is refused", (code, out, err))
    end(process)
    code, out, err = ivl.run("caption", "--model", "remote:hf", "--patience", "1", picture)
    tap.point(code not in (0, None) and out == b"", "a server that is gone is told of", (code, out, err))


def main(program, demo):
    tap = RealTap()
    demo = Path(demo).resolve()
    root = Root(tap, "sid", *PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/internvl-demo"
        done = root.run("python3", SOURCE / "tests/tools/write-transformers.py", demo / "model", model, see=[SOURCE, folder],
                        capture_output=True, text=True)
        tap.point(done.returncode == 0, "the demo model is written in the library's layout", done.stderr)
        Path(folder, "cache/hub").mkdir(parents=True)
        ivl = Command(program, folder, str(demo / "model"))
        for title, cache in (("with a list of models", f"{folder}/cache"), ("/v1/models is 500", f"{folder}/none")):
            process, port = start_server(root, model, folder, cache)
            try:
                if not wait_healthy(port, process):
                    tap.point(False, "transformers serve starts", Path(folder, "transformers.log").read_text()[-2000:])
                    continue
                write_config(ivl, port, model)
                check_answers(tap, ivl, demo, title)
                if title.startswith("with"):
                    check_failures(tap, ivl, demo, process)
            finally:
                end(process)
    return tap.finish()


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
