#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault has one exit code, whatever the command: the table of ivl(1) against every command that can meet the fault.
Usage: test-exit-codes.py IVL MODEL"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from clilib import HANG, Command, Tap, png
from fake_engine import FakeEngine, delta

SHORT = ("--max-tokens", "4")
# Commands that ask about pictures, with what they need besides
PICTURES = {
    "caption": SHORT, "detail": SHORT, "alt": SHORT, "ocr": SHORT, "ask": ("-q", "What is it?", *SHORT),
    "locate": ("-q", "the cat", *SHORT), "embed": (),
}
# All that opens a model: arguments and standard input
MODELS = {
    **{name: ((*words, "good.png"), b"") for name, words in PICTURES.items()},
    "chat": (SHORT, b"Hello\n"), "tokenize": ((), b"Hello"), "bench": ((), b""), "info": ((), b""),
    "serve": (("--listen", "127.0.0.1:0"), b""),
}
REMOTE = [name for name in MODELS if name not in ("embed", "bench", "serve", "tokenize")]


def check_models(tap, ivl, model):
    damaged = Path(ivl.folder, "damaged")
    shutil.copytree(model, damaged)
    (damaged / "config.json").write_text("{", encoding="utf-8")
    cut = Path(ivl.folder, "cut")
    shutil.copytree(model, cut)
    weights = cut / "model.safetensors"
    os.truncate(weights, weights.stat().st_size // 2)
    for name, (words, stdin) in MODELS.items():
        for title, folder in (("no model of that name", "./nothing-here"), ("a damaged model", str(damaged)),
                              ("cut weights", str(cut))):
            place = (folder,) if name == "bench" else ("-m", folder)
            code, _, err = ivl.run(name, *place, *words, stdin=stdin)
            tap.point(code == 3 and err, f"{name}, {title}: 3", (code, err))


def check_pictures(tap, ivl):
    for name, words in PICTURES.items():
        for title, file in (("no file of that name", "nothere.png"), ("no picture", "text.png")):
            code, out, err = ivl.run(name, *words, "good.png", file)
            tap.point(code == 1 and (out or name == "locate") and file.encode() in err, f"{name}, {title}: 1", (code, err))
    code, _, err = ivl.run("chat", *SHORT, stdin=b"/image nothere.png\nHello\n")
    tap.point(code == 1 and b"nothere.png" in err, "chat, no file of that name: 1", (code, err))
    code, _, err = ivl.run("tiles", "good.png", "nothere.png")
    tap.point(code == 1 and b"nothere.png" in err, "tiles, no file of that name: 1", (code, err))


def check_usage(tap, ivl):
    for name in [*MODELS, "tiles", "doctor"]:
        code, out, err = ivl.run(name, "--no-such-option")
        tap.point(code == 2 and not out and b"no-such-option" in err, f"{name}, an option that there is not: 2", (code, err))


def check_servers(tap, ivl):
    for name in REMOTE:
        words, stdin = MODELS[name]
        code, _, err = ivl.run(name, "-m", "http://127.0.0.1:9/v1#m", "--patience", "0", *words, stdin=stdin) \
            if name != "info" else ivl.run(name, "-m", "http://127.0.0.1:9/v1#m")
        tap.point(code == 3 and b"127.0.0.1:9" in err, f"{name}, a server that is down: 3", (code, err))
        with FakeEngine(delta("A cat."), delta(finish="stop")) as engine:
            location = engine.location.replace("#fake", "#other")
            code, _, err = ivl.run(name, "-m", location, *words, stdin=stdin)
            tap.point(code == 3 and b"other" in err, f"{name}, a model that the server has not: 3", (code, err))
    for name in ("caption", "detail", "alt", "ask", "locate"):
        with FakeEngine(delta(""), delta(finish="stop")) as engine:
            code, _, err = ivl.run(name, "-m", engine.location, "--patience", "0", *MODELS[name][0])
            tap.point(code == 1 and b"wrote nothing" in err, f"{name}, no answer: 1", (code, err))


def check_cut_while_used(tap, ivl, model):
    """The weights end while they are mapped: noticed at the next answer, and no wrong one is given."""
    for name, words in {**PICTURES, "chat": SHORT}.items():
        folder = Path(ivl.folder, f"used-by-{name}")
        shutil.copytree(model, folder)
        weights = folder / "model.safetensors"
        pictures = () if name == "chat" else ["good.png"] * 400
        json = () if name == "chat" else ("--json",)
        process = ivl.start(name, "-m", str(folder), *words, *json, *pictures, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if name == "chat":
            process.stdin.write(b"Hello\n")
            process.stdin.flush()
        process.stdout.readline()
        os.truncate(weights, weights.stat().st_size // 2)
        _, err = process.communicate(b"And then?\n" if name == "chat" else None, timeout=HANG)
        tap.point(process.returncode == 3 and b"model.safetensors" in err, f"{name}, weights cut while it works: 3",
                  (process.returncode, err[-600:]))


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, os.path.abspath(model))
        Path(folder, "good.png").write_bytes(png(40, 30))
        Path(folder, "text.png").write_text("no picture", encoding="utf-8")
        check_models(tap, ivl, model)
        check_pictures(tap, ivl)
        check_usage(tap, ivl)
        check_servers(tap, ivl)
        check_cut_while_used(tap, ivl, model)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
