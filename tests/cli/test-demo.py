#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo model tells the truth about the demo pictures. Usage: test-demo.py IVL DEMO-FOLDER

pictures.json was written by the program that drew the pictures, so it says what is in them, not what the
model answered: file, caption, ocr, questions [[question, answer]], boxes {thing: [x1, y1, x2, y2]} in
thousandths of the picture.
"""

import json
import sys
import tempfile
from pathlib import Path

from clilib import Command, Tap

# The mean over many scenes must be 0.7 (the recipe's own score); half a box off is wrong for any one
WORST_OVERLAP = 0.5


def get_overlap(a, b):
    """Area of what two boxes share over the area of what they cover."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / area if area > 0 else 0


def ask(ivl, command, *arguments):
    code, out, err = ivl.run(command, "--json", *arguments)
    return json.loads(out) if code == 0 else {"text": f"exit {code}: {err!r}", "regions": []}


def check_picture(tap, ivl, folder, picture):
    file = str(folder / picture["file"])
    for command in ("caption", "ocr"):
        answer = ask(ivl, command, file)
        tap.equal(answer.get("remark", answer["text"]), picture[command], f"{picture['file']}: {command}")
        tap.equal(bool(answer["text"]), picture[command] != "No text.",
                  f"{picture['file']}: what is no text is told apart")
    for question, answer in picture["questions"]:
        tap.equal(ask(ivl, "ask", "-q", question, file)["text"], answer, f"{picture['file']}: {question}")
    for thing, box in picture["boxes"].items():
        answer = ask(ivl, "locate", "-q", thing, file)
        found = max((get_overlap(region["box"], box) for region in answer["regions"]), default=0)
        tap.point(found >= WORST_OVERLAP, f"{picture['file']}: where the {thing} is", (found, answer))


def main(program, folder):
    tap = Tap()
    folder = Path(folder).resolve()
    pictures = json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        ivl = Command(program, scratch, str(folder / "model"))
        for picture in pictures:
            check_picture(tap, ivl, folder, picture)
    tap.equal(sorted(picture["file"] for picture in pictures), sorted(path.name for path in folder.glob("*.png")),
              "every picture of the folder is asked about")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
