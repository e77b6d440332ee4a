#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Help, wrong usage, models that cannot be found or used, and exit codes. Usage: test-usage.py IVL MODEL"""

import os
import re
import sys
import tempfile
from pathlib import Path

from clilib import Command, Tap, png

COMMANDS = ("caption", "detail", "alt", "ocr", "ask", "locate", "chat", "info", "tiles", "embed", "tokenize", "serve",
            "doctor", "bench")


def check_help(tap, ivl):
    code, out, err = ivl.run("--help")
    tap.equal((code, err), (0, b""), "--help ends well")
    for name in COMMANDS:
        tap.point(re.search(rf"^  {name}\s+\S", out.decode(), re.MULTILINE), f"--help tells what {name} does", out)
        code, text, err = ivl.run(name, "--help")
        tap.point(code == 0 and err == b"" and b"Examples:\n  ivl " + name.encode() in text,
                  f"{name} --help has examples", text)
    code, out, _ = ivl.run("--version")
    tap.point(code == 0 and re.fullmatch(rb"ivl \d+\.\d+\.\d+\n", out), "--version", out)


def check_wrong_usage(tap, ivl):
    cases = [
        ("no command", ()),
        ("an unknown command", ("paint",)),
        ("an unknown option", ("caption", "--paint", "good.png")),
        ("no picture", ("caption",)),
        ("no picture for alt", ("alt", "--json")),
        ("a question without a picture", ("ask", "What?")),
        ("nothing to ask", ("ask",)),
        ("an empty question", ("ask", "-q", "", "good.png")),
        ("nothing to look for", ("locate",)),
        ("a question that is not UTF-8", ("ask", b"\xff\xfe", "good.png")),
        ("a temperature that is no number", ("caption", "--temperature", "warm", "good.png")),
        ("a negative temperature", ("caption", "--temperature=-1", "good.png")),
        ("a temperature that is not finite", ("caption", "--temperature=nan", "good.png")),
        ("top-p above 1", ("caption", "--top-p", "1.5", "good.png")),
        ("a negative token limit", ("caption", "--max-tokens=-4", "good.png")),
        ("a token limit beyond 32 bits", ("caption", "--max-tokens=99999999999999999999", "good.png")),
        ("too many pixels", ("caption", "--max-pixels=1e300", "good.png")),
        ("a negative pixel limit", ("tiles", "--max-pixels=-1", "good.png")),
        ("a pixel limit that is no number", ("tiles", "--max-pixels=nan", "good.png")),
        ("one picture to compare", ("embed", "--similar", "good.png")),
        ("embed without a picture", ("embed",)),
        ("tiles without a picture", ("tiles",)),
        ("two models for info", ("info", "a", "b")),
        ("more tiles at least than at most", ("caption", "--min-tiles", "5", "--max-tiles", "4", "good.png")),
        ("the same for tiles", ("tiles", "--min-tiles", "5", "--max-tiles", "4", "good.png")),
        ("bench without tokens", ("bench", "--prompt", "0")),
    ]
    for title, arguments in cases:
        code, out, err = ivl.run(*arguments)
        tap.point(code == 2 and out == b"" and err.startswith(b"ivl: "), f"wrong usage: {title}", (code, out, err))


def check_models(tap, ivl):
    for name in ("broken", "empty"):
        Path(ivl.folder, name).mkdir()
    Path(ivl.folder, "broken", "config.json").write_text("{", encoding="utf-8")
    for title, arguments in (("that is not there", ("caption", "-m", "./nowhere", "good.png")),
                             ("of an unknown name", ("caption", "-m", "nobody", "good.png")),
                             ("without files", ("caption", "-m", "./empty", "good.png")),
                             ("with a broken config", ("ocr", "-m", "./broken", "good.png")),
                             ("with a broken config, for info", ("info", "./broken")),
                             ("that is not there, for bench", ("bench", "./nowhere")),
                             ("that is not there, for chat", ("chat", "-m", "./nowhere")),
                             ("that is not there, for tiles", ("tiles", "-m", "./nowhere", "good.png")),
                             ("that is not there, for embed", ("embed", "--json", "-m", "./nowhere", "good.png")),
                             ("that is not there, for tokenize", ("tokenize", "-m", "./nowhere", "text"))):
        code, out, err = ivl.run(*arguments)
        tap.point(code == 3 and out == b"" and err.startswith(b"ivl: "), f"a model {title}", (code, out, err))

    code, out, err = ivl.run("caption", "good.png", IVL_MODEL=None)
    tap.point(code == 3 and b"demonstration" in err and b"--model" in err,
              "without any model the message says how to get one and that a demonstration exists", err)


def check_finding(tap, ivl):
    def name_used(*arguments, **changes):
        code, out, _ = ivl.run("info", "--json", *arguments, **changes)
        match = re.search(rb'"folder":"([^"]*)"', out)
        return code, match.group(1).decode() if match else None

    installed = Path(ivl.folder, "data", "ivl", "models")
    installed.mkdir(parents=True)
    for name in ("zebra", "apple", "middle"):
        os.symlink(ivl.model, installed / name)
    tap.equal(name_used(IVL_MODEL=None), (0, str(installed / "apple")), "the first installed model is found")
    tap.equal(name_used("middle", IVL_MODEL=None), (0, str(installed / "middle")), "an installed model by its name")
    Path(ivl.folder, "config", "ivl").mkdir(parents=True)
    Path(ivl.folder, "config", "ivl", "ivl.conf").write_text("[ivl]\nmodel=zebra\n", encoding="utf-8")
    tap.equal(name_used(IVL_MODEL=None), (0, str(installed / "zebra")), "the configuration file comes before that")
    tap.equal(name_used(IVL_MODEL="middle"), (0, str(installed / "middle")), "IVL_MODEL comes before the file")
    tap.equal(name_used("--model", "apple", IVL_MODEL="middle"), (0, str(installed / "apple")),
              "--model comes before all")


def check_tasks(tap, ivl):
    tasks = Path(ivl.folder, "data", "ivl", "tasks")
    tasks.mkdir(parents=True)
    (tasks / "weather.ini").write_text("[task]\ntitle=Weather\nprompt=What is the weather?\nmax-tokens=4\n",
                                       encoding="utf-8")
    code, out, err = ivl.run("weather", "good.png")
    tap.point(code == 0 and out, "a task that the user adds is a command", (code, out, err))
    (tasks / "wrong.ini").write_text("[task\n", encoding="utf-8")
    code, out, err = ivl.run("wrong", "good.png")
    tap.point(code == 2 and out == b"" and err, "a broken task is refused", (code, out, err))


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, os.path.abspath(model))
        Path(folder, "good.png").write_bytes(png(40, 30))
        check_help(tap, ivl)
        check_wrong_usage(tap, ivl)
        check_models(tap, ivl)
        check_finding(tap, ivl)
        check_tasks(tap, ivl)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
