#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-pages.py PLUG_DOUBLE IVL DEMO: the pages for alternative texts, reading, finding and export over picture files, used
through accessibility and the keyboard, with the demonstration model and with a server that answers as it is told."""

import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "remote"))
from reallib import RealTap  # noqa: E402

from desk import Desk, missing, wait_for  # noqa: E402

try:
    from doublelib import Double, nameless, says  # noqa: E402
    from fakeserver import FakeServer  # noqa: E402
except (ImportError, ValueError) as trouble:
    Double = None
    REASON = f"no PyGObject: {trouble}"

CAPTION = 'A pink ring and an orange cross on a black background with the text "TAXI".'
REGIONS = ("<ref>one line</ref><box>[[100, 100, 500, 200]]</box><ref>another</ref><box>[[100, 600, 900, 700]]</box>"
           "<ref>third</ref><box>[[0, 900, 1000, 1000]]</box>")
OBJECTIONS = ("It says that it is a picture", "It is the name of a file", "It has more than", "It has markup", "It is the same",
              "There is no alternative text", "needs no text", "needs a long description")
# Of a picture of 400 pixels
BOXES = ('40,40,160,40:"one line"', '40,240,320,40:"another"', '0,360,400,40:"third"')


def field(window, name):
    return window.find("text", f"^{name}$")


def press(window, name):
    window.find("button", f"^{name}$").press()


def shown(window, words):
    """Whether those words come into sight."""
    return bool(wait_for(lambda: words in window.words()))


def checks(tap, window):
    """What is said while a text is typed."""
    alt = field(window, "Alternative text")
    tap.point(shown(window, "There is no alternative text."), "an empty text is objected to", window.words())
    for text, counter, sentence in (
            ("Image of a ring", "15 of 125", "It says that it is a picture."),
            ("taxi.png", "8 of 125", "It is the name of a file."),
            ("x" * 125, "125 of 125", None),
            ("x" * 126, "126 of 125", "It has more than 125 characters."),
            ("x" * 251, "251 of 125", "It has more than 250 characters"),
            ("a <b>ring</b>", "13 of 125", "It has markup or several lines."),
            ("Ein Ring und „Öl“ – 赤い", "22 of 125", None)):
        alt.write(text)
        tap.point(shown(window, counter), f"{counter} is counted", window.words())
        if sentence is None:
            tap.point(wait_for(lambda: not any(words in window.words() for words in OBJECTIONS)),
                      f"{text[:20]!r} is not objected to", window.words())
        else:
            tap.point(shown(window, sentence), f"{text[:20]!r}: {sentence}", window.words())
    tap.equal(alt.text(), "Ein Ring und „Öl“ – 赤い", "nothing is cut")


def undo(tap, desk, window):
    """A suggestion takes the place of a person's text, which comes back."""
    alt = field(window, "Alternative text")
    alt.write("What I wrote")
    press(window, "Suggest an alternative text")
    tap.point(says(alt, CAPTION), "the suggestion streams into the field", alt.text())
    tap.point(shown(window, "Ctrl+Z in the field brings your text back."), "that it replaced a text is said", window.words())
    tap.equal(field(window, "Caption").text(), "", "the caption is not filled from it")
    desk.shoot("pages-alt", window.window)
    alt.focus()
    desk.key("ctrl+z", window=window.window)
    tap.point(says(alt, "What I wrote") and "ring" not in alt.text(), "Ctrl+Z brings the person's text back", alt.text())
    desk.key("ctrl+shift+z", window=window.window)
    tap.point(says(alt, CAPTION), "and Ctrl+Shift+Z the suggestion", alt.text())


def choose_role(desk, window, steps):
    desk.key("alt+l", window=window.window)
    wait_for(lambda: [part for part in window.find("combo", "^Role:$").walk() if part.has("FOCUSED")], 5)
    desk.key(*steps, window=window.window)


def roles(tap, desk, double, window):
    alt = field(window, "Alternative text")
    reads = len(double.lines)
    choose_role(desk, window, ["End"])
    tap.point(shown(window, "A decorative picture needs no text"), "a decorative picture with a text is objected to",
              window.words())
    tap.point(not window.find("button", "^Suggest Description$").has("SENSITIVE"), "and needs no long description")
    press(window, "Suggest an alternative text")
    tap.point(wait_for(lambda: alt.text() == ""), "its suggestion is an empty text", alt.text())
    tap.equal([line for line in double.lines[reads:] if "raster" in line], [], "for which no picture is read")
    choose_role(desk, window, ["Up"])
    tap.point(shown(window, "A complex picture needs a long description as well."), "a complex one needs a description",
              window.words())
    press(window, "Suggest Description")
    tap.point(says(field(window, "Long description"), "ring"), "which can be suggested", field(window, "Long description").text())
    desk.shoot("pages-alt-complex", window.window)
    choose_role(desk, window, ["Home"])


def write(tap, desk, double, window):
    texts = {"Alternative text": "Ein Ring – “TAXI” 赤", "Long description": "طويل\nzwei", "Caption": "Taxi, 2024"}
    for name, text in texts.items():
        field(window, name).write(text)
    missing_names = nameless(window)
    tap.point(not missing_names, "every control of the page has a name", missing_names)
    press(window, "Write to Image")
    line = double.said("set-texts 1")[-1].encode("latin-1", "backslashreplace").decode("unicode_escape").encode(
        "latin-1", "replace").decode("utf-8", "replace")
    tap.equal(line, 'set-texts 1 alt="Ein Ring – “TAXI” 赤" description="طويل\nzwei" caption="Taxi, 2024"',
              "the three texts are written to the image as they are")
    press(window, "Write to Image")
    tap.point(shown(window, "There is nothing to write"), "what the image carries is not written again", window.words())
    tap.equal(len(double.said("set-texts 1")), 1, "and nothing is")
    press(window, "Copy")
    tap.point(shown(window, "The alternative text was copied."), "it can be copied", window.words())
    purpose = field(window, "Purpose:")
    purpose.focus()
    desk.key("ctrl+v", window=window.window)
    tap.point(says(purpose, texts["Alternative text"]), "and pasted", purpose.text())
    return texts


def look_away(desk, window):
    """Something else has the focus, and then the window again."""
    desk.run("xdotool", "windowunmap", window.window)
    desk.run("xdotool", "windowmap", window.window)
    desk.activate(window.window)


def written_elsewhere(tap, desk, double, window, texts):
    """A script, or the person in GIMP's metadata editor, writes the caption while the page is open."""
    alt = field(window, "Alternative text")
    double.order("caption 'By a script'")
    alt.write("A ring")
    press(window, "Write to Image")
    tap.point(wait_for(lambda: double.said("set-texts 1")[-1] == 'set-texts 1 alt="A ring" description=- caption=-'),
              "what nobody changed on the page is left as it is", double.said("set-texts 1"))
    double.order("caption 'By another script'")
    look_away(desk, window)
    caption = window.find("text", "^Caption$", showing=False)
    tap.point(says(caption, "By another script"), "and is read again when the window gets the focus", caption.text())
    caption.write("Mine")
    double.order("caption 'Too late'")
    look_away(desk, window)
    double.order("select")
    tap.equal(caption.text(), "Mine", "what a person has typed stays")
    for name, text in texts.items():
        field(window, name).write(text)
    press(window, "Write to Image")
    shown(window, "Written to the image.")


def read_back(path):
    said = subprocess.run(["exiftool", "-j", "-XMP-iptcCore:AltTextAccessibility", "-XMP-iptcCore:ExtDescrAccessibility",
                           "-XMP-dc:Description", path], capture_output=True, text=True, check=True).stdout
    found = json.loads(said)[0]
    return [found.get(name, "") for name in ("AltTextAccessibility", "ExtDescrAccessibility", "Description")]


def export_to(window, path):
    field(window, "File name:").write(str(path))
    press(window, "Export")


def export(tap, desk, double, window, texts):
    folder = desk.folder / "out"
    folder.mkdir()
    press(window, re.escape("Export With…"))
    tap.point(shown(window, "These texts are written:") and all(wait_for(lambda text=text: text in window.words())
              for text in texts.values()), "the texts are shown before they are written", window.words())
    for ending in ("jpg", "png", "tif"):
        path = folder / f"a b.{ending}"
        export_to(window, path)
        tap.point(shown(window, f"“a b.{ending}” was written, and these texts were read back from it."), f"{ending} is written",
                  window.words())
        if shutil.which("exiftool"):
            tap.equal(read_back(path), list(texts.values()), f"and exiftool finds the texts in the {ending}")
    desk.shoot("pages-export", window.window)
    tap.point(not nameless(window), "every control of the page has a name", nameless(window))
    overwrite(tap, desk, double, window, folder / "a b.png")
    window.find("check", "^Keep other metadata$").press()
    export_to(window, folder / "kept.png")
    tap.point(wait_for(lambda: [line for line in double.lines if line.startswith("export 1") and line.endswith(" keep")]),
              "other metadata is kept when it is wanted", double.lines[-3:])
    shown(window, "“kept.png” was written")
    before = sorted(path.name for path in folder.iterdir())
    failures(tap, window, folder)
    tap.equal(sorted(path.name for path in folder.iterdir()), before, "failures leave nothing behind")


def overwrite(tap, desk, double, window, path):
    before = path.read_bytes()
    done = len(double.said("export 1"))
    path.chmod(0o640)
    export_to(window, path)
    wait_for(lambda: len(desk.find_windows(pid=double.process.pid)) > 1)
    desk.shoot("pages-export-replace")
    desk.key("Escape")
    wait_for(lambda: len(desk.find_windows(pid=double.process.pid)) == 1)
    tap.point(path.read_bytes() == before and len(double.said("export 1")) == done, "without leave no file is replaced")
    press(window, "Export")
    wait_for(lambda: len(desk.find_windows(pid=double.process.pid)) > 1)
    desk.key("alt+r")
    tap.point(wait_for(lambda: len(double.said("export 1")) > done), "with leave it is", double.lines[-3:])
    shown(window, "“a b.png” was written")
    tap.point(wait_for(lambda: path.stat().st_mode & 0o777 == 0o640), "and keeps its permissions", oct(path.stat().st_mode))


def failures(tap, window, folder):
    name = field(window, "File name:")
    name.write(str(folder / "a.gif"))
    tap.point(shown(window, "End the name with .jpg, .png, .webp or .tif") and
              wait_for(lambda: not window.find("button", "^Export$").has("SENSITIVE")), "a format without texts is refused",
              window.words())
    export_to(window, folder / "none" / "a.png")
    tap.point(shown(window, "Choose a folder that exists."), "a folder that is not there has a remedy", window.words())
    (folder / "dir.png").mkdir()
    export_to(window, folder / "dir.png")
    tap.point(shown(window, "This is a folder."), "a folder in the file's place is not replaced", window.words())
    (folder / "dir.png").rmdir()


def no_text(tap, desk, program, demo):
    """Where nothing was read nothing can be made of it."""
    server = FakeServer("HELLO", "No text.", "HELLO", "\u200b", "No text.")
    ask_server(desk, server)
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ocr", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    allow(window)
    text = field(window, "Text in the picture")
    says(text, "HELLO")
    for what in ("“No text.”", "a text of signs that nobody sees"):
        window.find("button", "^Read$").press()
        tap.point(shown(window, "No text was found in the picture."), f"{what} is told in a sentence", window.words())
        tap.point(wait_for(lambda: text.text() == ""), "what was read before does not stay as if it had been read", text.text())
        tap.equal([name for name in ("As Text Layer", "Copy") if window.find("button", f"^{name}$").has("SENSITIVE")], [],
                  "nothing can be done with it")
        tap.point("The answer is complete." not in window.words(), "and no success is told", window.words())
        if what.startswith("“"):
            text.focus()
            desk.key("ctrl+z", window=window.window)
            tap.point(says(text, "HELLO"), "undo brings back what was there", text.text())
            window.find("button", "^Read$").press()
            wait_for(lambda: len(server.questions) == 3)
            shown(window, "Read from:")
    tap.equal(double.said("add-text", 0), None, "no layer was made")
    tap.equal(double.end(), 0, "it ends when it is told to")
    server.close()


def read_page(tap, desk, program, demo):
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ocr", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    text = field(window, "Text in the picture")
    tap.point(says(text, "TAXI"), "Read Text begins at once", text.text())
    tap.point(shown(window, "Read from: Layer “Background”, 400 × 400."), "what it was read from is said", window.words())
    desk.shoot("pages-read", window.window)
    press(window, "As Text Layer")
    tap.point(double.said('add-text 1 "TAXI"'), "all of it becomes one text layer", double.lines)
    text.focus()
    desk.key("ctrl+End", "Return", "4", "2", window=window.window)
    says(text, "TAXI\n42")
    press(window, "As Text Layer")
    tap.point(double.said('add-text 1 "TAXI\\n42"'), "as it was corrected", double.lines)
    tap.point(not window.every("button", "in Place$"), "no layers are offered where the answer has no places")
    tap.point(not nameless(window), "every control of the page has a name", nameless(window))
    tap.equal((double.end(), double.errors), (0, []), "nothing was complained about")


def find_page(tap, desk, program, demo):
    double = Double(desk, program, [demo / "star-open.png"], "plug-in-ivl-locate", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("star-open.png")
    entry = field(window, "What to find:")
    tap.point(wait_for(lambda: entry.has("FOCUSED")), "one can type at once")
    entry.write("yellow star")
    desk.key("Return", window=window.window)
    result = window.find("check", "^1. yellow star: ")
    place = [int(number) for number in re.findall(r"\d+", result.name())[1:]]
    expected = next(picture["boxes"]["yellow star"] for picture in json.loads((demo / "pictures.json").read_text(encoding="utf-8"))
                    if picture["file"] == "star-open.png")
    left, top, right, bottom = (number * 400 / 1000 for number in expected)
    near = [right - left, bottom - top, left, top]
    tap.point(all(abs(got - want) < 20 for got, want in zip(place, near)), "the star is found where it is", (place, near))
    desk.shoot("pages-find", window.window)
    x, y, width, height = place[2], place[3], place[0], place[1]
    for button, line in (("Select", "select-boxes"), ("Guides", "add-guides"), ("Channels", "add-channels")):
        press(window, button)
        tap.point(double.said(f'{line} 1 {x},{y},{width},{height}:"yellow star"'), f"{button} does it", double.lines[-2:])
        tap.point(shown(window, "Ctrl+Z in the image"), "and says how to undo it", window.words())
    other_state(tap, double, window, demo, (x, y, width, height))
    window.find("check", "^1. yellow star: ").press()
    tap.point(wait_for(lambda: not window.find("button", "^Select$").has("SENSITIVE")), "with none chosen there is nothing to do")
    tap.equal((double.end(), double.errors), (0, []), "nothing was complained about")


def other_state(tap, double, window, demo, box):
    """What was found in one picture is used in no other."""
    x, y, width, height = box
    for order, what in (("move 30 20", "a layer that was moved"), (f"load {demo}/taxi.png", "a picture that was changed"),
                        ("pixel 3 3", "one pixel that was changed"), ("crop 10 10 300 320", "an image that was cropped")):
        double.order(order)
        done = len(double.said("select-boxes"))
        press(window, "Select")
        tap.point(shown(window, "The picture has changed since this was found, so nothing was done."), f"{what} is told",
                  window.words())
        tap.equal(len(double.said("select-boxes")), done, "and nothing is selected in it")
        double.order("move 0 0")
        double.order(f"load {demo}/star-open.png")
        press(window, "Select")
        tap.point(wait_for(lambda done=done: len(double.said("select-boxes")) > done), "in the picture of before it is",
                  double.lines[-3:])
    double.order("move 30 20")
    press(window, "Select")
    window.find("button", "^Try Again$").press()
    window.find("check", f"^1. yellow star: {width} × {height} pixels at {x + 30}, {y + 20}$")
    press(window, "Select")
    tap.point(double.said(f'select-boxes 1 {x + 30},{y + 20},{width},{height}:"yellow star"'), "Try Again finds it anew",
              double.lines[-3:])


def alt_page(tap, desk, program, demo):
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-alt-text", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    checks(tap, window)
    undo(tap, desk, window)
    roles(tap, desk, double, window)
    texts = write(tap, desk, double, window)
    written_elsewhere(tap, desk, double, window, texts)
    export(tap, desk, double, window, texts)
    tap.equal((double.end(), double.errors), (0, []), "nothing was complained about")


def ask_server(desk, server):
    config = desk.folder / "config" / "ivl"
    config.mkdir(exist_ok=True)
    (config / "gimp.conf").write_text(f"[gimp]\nlocation={server.url}#fake\n", encoding="utf-8")


def allow(window):
    """A server that is not this computer needs leave, once."""
    send = wait_for(lambda: window.every("button", "^Send$"), 10)
    if send:
        send[0].press()


def regions(tap, desk, program, demo):
    """Answers with several places, with none, and one that is stopped."""
    server = FakeServer(REGIONS, REGIONS, "I see nothing of that kind.", "A ring and a cross.")
    ask_server(desk, server)
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ocr", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    allow(window)
    text = field(window, "Text in the picture")
    tap.point(wait_for(lambda: text.text() == "one line\nanother\nthird"), "places give a line each", text.text())
    press(window, "As Text Layers in Place")
    tap.point(double.said(f"add-text-boxes 1 {' '.join(BOXES)}"), "and a text layer each, where they are", double.lines[-2:])
    desk.shoot("pages-read-places", window.window)
    done = len(double.said("add-text-boxes"))
    double.order("move 30 20")
    press(window, "As Text Layers in Place")
    tap.point(shown(window, "The picture has changed since this was found, so nothing was done.") and
              len(double.said("add-text-boxes")) == done, "which is not done in a picture that has changed", window.words())
    double.order("move 0 0")
    press(window, "As Text Layers in Place")
    tap.point(wait_for(lambda: len(double.said("add-text-boxes")) > done), "and is again in the one that was read")

    desk.key("alt+4", window=window.window)
    entry = field(window, "What to find:")
    entry.write("lines")
    press(window, "Find")
    second = window.find("check", "^2. another: 320 × 40 pixels at 40, 240$")
    second.press()
    press(window, "Channels")
    tap.point(double.said(f"add-channels 1 {BOXES[0]} {BOXES[2]}"), "what is not chosen is left out", double.lines[-2:])
    tap.point(shown(window, "2 channels were added."), "the number is said", window.words())
    window.find("check", "^All of Them$").press()
    tap.point(wait_for(second.is_checked), "all are chosen again in one go")
    desk.shoot("pages-find-three", window.window)
    tap.point(not nameless(window), "every control of the page has a name", nameless(window))
    entry.write("a hat")
    press(window, "Find")
    tap.point(shown(window, "Nothing was found for “a hat”."), "nothing found is a sentence", window.words())
    tap.point(not window.every("check"), "and the old places are gone", window.words())
    stop(tap, desk, window, server)
    tap.equal(double.end(), 0, "it ends when it is told to")
    # What the library says about a server that does not name its engine is no complaint
    complaints = [line for line in double.errors if not line.startswith("Ivl-Message: ")]
    tap.equal(complaints, [], "nothing was complained about")
    server.close()


def stop(tap, desk, window, server):
    desk.key("alt+2", window=window.window)
    alt = field(window, "Alternative text")
    alt.write("Mine")
    server.gate.clear()
    press(window, "Suggest an alternative text")
    tap.point(says(alt, "A"), "the first word is there", alt.text())
    prompt = json.dumps(server.questions[-1], ensure_ascii=False)
    tap.point("Write alt text for this image." in prompt, "the task's own wording is asked", prompt[-300:])
    desk.key("Escape", window=window.window)
    tap.point(shown(window, "Ctrl+Z in the field brings your text back."), "a stopped suggestion can be undone", window.words())
    server.gate.set()
    press(window, "Undo: Alternative text")
    tap.point(wait_for(lambda: alt.text() == "Mine"), "with the button as well", alt.text())
    choose_role(desk, window, ["Down", "Down"])
    field(window, "Purpose:").write("leads to the home page")
    desk.key("Return", window=window.window)
    tap.point(says(alt, "A ring and a cross."), "Enter in the purpose suggests", alt.text())
    prompt = json.dumps(server.questions[-1], ensure_ascii=False)
    tap.point("This image is a link or a button." in prompt and "leads to the home page" in prompt and "Do not guess who" in prompt,
              "role, purpose and rules are asked with", prompt[-600:])


def ended_in_export(tap, desk, program, demo):
    """As when the desktop's session ends while GIMP writes a large image."""
    folder = desk.folder / "cut"
    folder.mkdir()
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-export", IVL_DOUBLE_GIMP_PID=str(os.getpid()),
                    IVL_DOUBLE_SLOW_EXPORT="1")
    export_to(double.window("taxi.png"), folder / "a.png")
    tap.point(double.said("export 1") and [path.name for path in folder.iterdir()], "a draft stands beside the file", double.lines)
    double.process.terminate()
    tap.equal((double.process.wait(60), double.errors), (0, []), "a signal in the middle of an export is no trouble")
    tap.equal([path.name for path in folder.iterdir()], [], "and leaves no draft behind")
    del desk.environment["IVL_DOUBLE_SLOW_EXPORT"]


def preferences_alone(tap, desk, program, demo):
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ask", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    window.find("button", "^Preferences").press()
    preferences = double.dialog("Image Assistant Preferences")
    desk.key("ctrl+w", window=window.window)
    tap.point(wait_for(lambda: len(desk.find_windows(pid=double.process.pid)) == 1) and preferences.find("button", "^Add").is_usable(),
              "preferences outlive the last image's window", desk.find_windows(pid=double.process.pid))
    double.order("menu plug-in-ivl-ask 1")
    window = double.window("taxi.png")
    desk.key("ctrl+w", window=window.window)
    wait_for(lambda: len(desk.find_windows(pid=double.process.pid)) == 1)
    desk.key("Escape", window=preferences.window)
    tap.equal((double.process.wait(60), double.errors), (0, []), "and the program ends with them")


def two_windows(tap, desk, program, demo):
    """A question that one window asks leaves those of other images as they are."""
    path = desk.folder / "there.png"
    shutil.copy(demo / "taxi.png", path)
    double = Double(desk, program, [demo / "taxi.png", demo / "heart.png"], "plug-in-ivl-export",
                    IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    first = double.window("taxi.png")
    double.order("menu plug-in-ivl-ask 2")
    second = double.window("heart.png")
    export_to(first, path)
    asked = wait_for(lambda: len(desk.find_windows(pid=double.process.pid)) == 3)
    question = second.find("text", "^Question$")
    question.click()
    desk.type("And here?")
    tap.point(asked and wait_for(lambda: question.text() == "And here?", 20), "another window can be used meanwhile",
              (question.text(), desk.find_windows(pid=double.process.pid)))
    desk.shoot("pages-two-windows")
    tap.equal(double.end(), 0, "and the program ends as usual")


def main():
    program, ivl, demo = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    tap = RealTap()
    if Double is None:
        tap.skip_all(REASON)
    if missing():
        tap.skip_all(f"{', '.join(missing())} not installed")
    shots = Path(os.environ.get("G_TEST_BUILDDIR", ".")).resolve() / "gimp" / "pages"
    variables = {"IVL_SERVE_COMMAND": ivl, "IVL_MODEL": str(demo / "model"), "G_DEBUG": "fatal-criticals"}
    for part in (alt_page, read_page, no_text, find_page, regions, ended_in_export, preferences_alone, two_windows):
        if len(sys.argv) > 4 and part.__name__ not in sys.argv[4:]:
            continue
        try:
            with Desk(shots, **variables) as desk:
                part(tap, desk, program, demo)
        except Exception:  # pylint: disable=broad-except
            tap.point(False, f"{part.__name__} comes to its end", traceback.format_exc())
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
