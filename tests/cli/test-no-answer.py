#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are none, or not the answer alone, as servers give them: every task, a pipe and a terminal.
Usage: test-no-answer.py IVL MODEL"""

import json
import sys
import tempfile
from pathlib import Path

from clilib import Command, Tap, png
from fake_engine import FakeEngine, delta

STOP = delta(finish="stop")
TASKS = (("caption",), ("detail",), ("alt",), ("ask", "-q", "What?"), ("locate", "-q", "it"))
# title, events, a word of the reason
NONE = (
    ("no text", (delta(""), STOP), "nothing"),
    ("white space", (delta(" \n"), delta("\t"), STOP), "nothing"),
    ("a zero-width space", (delta("\u200b"), STOP), "seen"),
    ("reasoning beside the answer", (delta("", reasoning_content="It"), delta(finish="length")), "reasoned"),
    ("reasoning under another name", (delta(reasoning="It is"), STOP), "reasoned"),
    ("a think block alone", (delta("<think>It is red.</think>"), STOP), "reasoned"),
    ("a think block without an end", (delta("<think>It is"), delta(finish="length")), "reasoned"),
    ("a tool's call", (delta(tool_calls=[{"index": 0, "function": {"name": "look"}}]), STOP), "tool"),
    ("a tool's call as text", (delta("<tool_call>{}</tool_call>"), STOP), "tool"),
    ("a control token alone", (delta("<|im_end|>"), STOP), "control token"),
)
# title, events: always "A red square."
ANSWERS = (
    ("a think block", (delta("<think>\nIt is"), delta(" red.\n</thi"), delta("nk>\n\nA red"), delta(" square."), STOP)),
    ("reasoning that the prompt began", (delta("It is red."), delta("</think>"), delta("A red square."), STOP)),
    ("an end token", (delta("A red square."), delta("<|im_"), delta("end|>"), STOP)),
    ("an end token and more", (delta("A red square.</s>"), delta("\nuser: More?"), STOP)),
    ("an unused token", (delta("A red square.[UNUSED_TOKEN_145]"), STOP)),
    ("markup of places", (delta("A <ref>red square</ref><box>[[1, 2,"), delta(" 3, 4]]</box>."), STOP)),
    ("an empty reason on the way", (delta("A red", finish=""), delta(" square.", finish=""), STOP)),
)


def check_none(tap, ivl):
    for title, events, reason in NONE:
        for task in TASKS:
            with FakeEngine(*events) as engine:
                code, out, err = ivl.run(*task, "-m", engine.location, "good.png")
            tap.point(code == 1 and out == b"" and reason in err.decode(), f"{task[0]}: {title} is a failure",
                      (code, out, err))
    with FakeEngine(*NONE[0][1]) as engine:
        code, out, err = ivl.run_on_terminal("caption", "-m", engine.location, "good.png")
        tap.point(code == 1 and out == b"", "on a terminal too", (code, out, err))
        code, out, err = ivl.run("caption", "--json", "-m", engine.location, "good.png")
        tap.point(code == 1 and "gave no answer" in json.loads(out)["error"], "and in JSON", (code, out, err))


def check_answers(tap, ivl):
    for title, events in ANSWERS:
        with FakeEngine(*events) as engine:
            code, out, err = ivl.run("caption", "-m", engine.location, "good.png")
            tap.equal((code, out), (0, b"A red square.\n"), f"{title}: the answer alone")
            code, out, err = ivl.run_on_terminal("caption", "-m", engine.location, "good.png")
            tap.point((code, out) == (0, b"A red square.\n"), f"{title}: on a terminal", (code, out, err))


def check_pages(tap, ivl):
    for words in ("No text.", "There is no text in the image.", "**No text**", ""):
        with FakeEngine(delta(words), STOP) as engine:
            code, out, err = ivl.run("ocr", "-m", engine.location, "good.png")
            tap.point(code == 0 and out.strip() == b"" and words.encode() in err, f"ocr: {words!r} is no text",
                      (code, out, err))
            code, out, err = ivl.run("ocr", "--json", "-m", engine.location, "good.png")
            answer = json.loads(out)
            tap.equal((code, answer["text"], answer.get("remark", "")), (0, "", words), "nor in JSON")
    with FakeEngine(delta("No text"), delta(" me while driving"), STOP) as engine:
        code, out, err = ivl.run("ocr", "-m", engine.location, "good.png")
        tap.equal((code, out), (0, b"No text me while driving\n"), "text that begins so is text")


def check_alias(tap, ivl):
    """A router lists a name and answers under another one: that is said once, and is what the result tells."""
    events = [{**event, "model": "internvl-78b"} for event in (delta("A red square."), STOP)]
    with FakeEngine(*events) as engine:
        code, out, err = ivl.run("caption", "--json", "-m", engine.location, "good.png", "good.png")
        tap.equal(code, 0, "a router's name is taken")
        tap.equal([json.loads(line)["model"] for line in out.splitlines()], ["internvl-78b"] * 2, "with who answered")
        tap.point(err.count(b"internvl-78b") == 1 and b"fake" in err, "which is said once", err)
        code, out, err = ivl.run("caption", "-m", engine.location.replace("#fake", "#other"), "good.png")
        tap.point(code == 3 and b"has no model other; it has fake" in err, "a name that is not listed is not found", (code, err))


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, model)
        Path(folder, "good.png").write_bytes(png(40, 30))
        check_none(tap, ivl)
        check_answers(tap, ivl)
        check_pages(tap, ivl)
        check_alias(tap, ivl)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
