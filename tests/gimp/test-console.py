#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plug-in's procedures in GIMP's console: no display, no session bus. The same answers as the command's on the same
files, one service for all, errors that say what to do.
Usage: test-console.py PLUGIN IVL DEMO"""

import sys
from pathlib import Path

from gimptest import answers_of, main_of, ready
from gimplib import Desk, Gimp, ScriptError, quote

SECRET = "what is the colour of the zebra"


def with_image(gimp, path, code):
    return f"(let* ((image {gimp.load_code(path)})) {code})"


def check_answers(tap, gimp, ivl, demo):
    """All procedures on a picture in one console."""
    picture = demo / "star-open.png"
    parts = [gimp.ask_code("caption"), gimp.ask_code("ocr"), gimp.ask_code("alt-text"),
             gimp.ask_code("ask", prompt="What color is the star?"), gimp.ask_code("locate", prompt="yellow star")]
    values = gimp.console_value(with_image(gimp, picture, f"(list {' '.join(parts)})"))
    for value, (task, *words) in zip(values, (["caption"], ["ocr"], ["alt"], ["ask", "What color is the star?"])):
        tap.equal(value[0], answers_of(ivl, gimp, task, *words, picture)["text"], f"{task}: the command's own answer")
    found = answers_of(ivl, gimp, "locate", "yellow star", picture)["regions"]
    boxes = [[region[side] for region in found for side in ("x", "y", "width", "height")], [region["name"] for region in found]]
    lines = [f"{region['width']}x{region['height']}+{region['x']}+{region['y']} {region['name']}" for region in found]
    tap.point(lines, "locate: the command finds something")
    tap.equal(values[4][0], "\n".join(lines), "locate: a line for each place")
    tap.equal([part for part in values[4][1:] if isinstance(part, list)], boxes, "locate: the command's boxes and names")
    tap.equal(len(gimp.services()) > 0, True, "the service was started for them")


def check_sources(tap, gimp, demo):
    """The layer, what is visible and the selection are different pictures."""
    picture = demo / "star-open.png"
    code = (f"(begin (gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 180 400 220) "
            f"(list {gimp.ask_code('locate', prompt='yellow star', source='layer')} "
            f"{gimp.ask_code('locate', prompt='yellow star', source='selection')}))")
    values = gimp.console_value(with_image(gimp, picture, code))
    whole, part = ([box for box in value if isinstance(box, list)][0] for value in values)
    centres = [(box[0] + box[2] / 2, box[1] + box[3] / 2) for box in (whole, part) if len(box) >= 4]
    tap.point(len(centres) == 2 and centres[1][1] > 180 and part != whole, "a place in the selection is told in the image's pixels",
              (whole, part))


def attempt(gimp, code, **changes):
    """(value, message) of code that may fail."""
    try:
        return gimp.console_value(code, **changes), ""
    except ScriptError as error:
        return None, str(error)


def check_drawables(tap, gimp, ivl, demo):
    """The drawable that is passed is looked at, not the active one."""
    first, second = demo / "star-open.png", demo / "circle-square.png"
    load = f"(car (gimp-file-load-layer RUN-NONINTERACTIVE image {quote(second)}))"
    code = (f"(let* ((image {gimp.load_code(first)}) (below {gimp.layer_code('image')}) (above {load})) "
            f"(gimp-image-insert-layer image above 0 0) "
            f"(list {gimp.ask_code('caption', drawables=['below'])} {gimp.ask_code('caption', drawables=['above'])}))")
    answers = [value[0] for value in gimp.console_value(code)]
    wanted = [answers_of(ivl, gimp, "caption", path)["text"] for path in (first, second)]
    tap.point(wanted[0] != wanted[1], "two pictures of which the model says different things", wanted)
    tap.equal(answers, wanted, "the answer is about the layer that is passed")
    other = (f"(let* ((image {gimp.load_code(first)}) (other {gimp.load_code(second)}) "
             f"(layer {gimp.layer_code('other')})) {gimp.ask_code('caption', drawables=['layer'])})")
    value, said = attempt(gimp, other)
    tap.point(value is None and "belong" in said, "a layer of another image is refused", value or said[-500:])
    if gimp.major == 3:
        both = gimp.ask_code("caption", drawables=["below", "above"])
        value, said = attempt(gimp, code[:code.index("(list")] + both + ")")
        tap.point(value is None and "2 drawables" in said, "of two drawables none is forgotten: refused", value or said[-500:])
        both = gimp.ask_code("caption", drawables=["below", "above"], source="visible")
        tap.equal(gimp.console_value(code[:code.index("(list")] + both + ")")[0], wanted[1], "what is visible is one picture")


def check_errors(tap, gimp, demo, empty):
    picture = demo / "star-open.png"
    # GIMP 3 itself looks at numbers, and tells the bounds
    tiles = "max-tiles" if gimp.major == 2 else "out of range: 0 to"
    cases = ((gimp.ask_code("caption", source="colour"), {}, "source", "a wrong source"),
             (gimp.ask_code("caption", language="xx-nonsense"), {}, "language", "a wrong language"),
             (gimp.ask_code("caption", task="nonsense"), {}, "nonsense", "a task that is not there"),
             (gimp.ask_code("alt-text", role="hero"), {}, "role", "a wrong role"),
             (gimp.ask_code("caption", max_tiles=-1), {}, tiles, "fewer tiles than none"),
             (gimp.ask_code("caption", max_tiles=100000), {}, tiles, "more tiles than can be"),
             (gimp.ask_code("ask"), {}, "prompt", "a question without its words"),
             (gimp.ask_code("ask", mode="RUN-WITH-LAST-VALS"), {}, "prompt", "no question of last time, and no window"),
             (gimp.ask_code("caption", source="selection"), {}, "elect", "a selection that is not there"),
             (gimp.ask_code("caption"), {"IVL_MODEL": None, "XDG_RUNTIME_DIR": empty}, "nstall|ownload",
              "without a model it says how to get one"))
    for code, changes, word, title in cases:
        value, said = attempt(gimp, with_image(gimp, picture, code), **changes)
        tap.point(value is None and any(part in said.split("Stopping at failing")[0] for part in word.split("|")),
                  f"{title}: refused by name", value or said[-700:])
    value, said = attempt(gimp, with_image(gimp, picture, gimp.ask_code("caption", mode="RUN-WITH-LAST-VALS")))
    tap.point(value and value[0], "RUN-WITH-LAST-VALS answers without a window", said[-500:])
    if gimp.major == 3:
        status, _, _ = gimp.console_run(with_image(gimp, picture, gimp.ask_code("caption", source="colour")))
        tap.equal(status, 70, "a script that fails ends the console with GIMP's status for it")


def check_traces(tap, gimp, demo):
    """What was asked is not left behind in GIMP's own folder."""
    gimp.console_value(with_image(gimp, demo / "star-open.png", gimp.ask_code("ask", prompt=SECRET)))
    left = [str(path) for path in gimp.profile.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    tap.equal(left, [], "GIMP keeps no copy of a question")


def check_libraries(tap, gimp):
    """GTK 2 and GTK 3 cannot live in one process."""
    _, said, _ = gimp.desk.run("ldd", gimp.plugin)
    names = [line.split()[0] for line in said.splitlines() if line.strip()]
    tap.equal([line for line in said.splitlines() if "not found" in line], [], "the plug-in's libraries are there")
    tap.point("libgtk-3.so.0" in names and not any(name.startswith(("libgtk-x11-2.0", "libgimpui-2.0")) for name in names),
              "GTK 3 and no GTK 2 among them", names)


def main(tap, plugin, ivl, demo):
    demo = Path(demo)
    with Desk() as desk:
        gimp = Gimp(desk, plugin, ivl, demo / "model", keep=ready())
        empty = desk.folder / "no-service"
        empty.mkdir(mode=0o700)
        check_libraries(tap, gimp)
        check_answers(tap, gimp, ivl, demo)
        check_sources(tap, gimp, demo)
        check_drawables(tap, gimp, ivl, demo)
        check_errors(tap, gimp, demo, str(empty))
        check_traces(tap, gimp, demo)


if __name__ == "__main__":
    sys.exit(main_of(main))

