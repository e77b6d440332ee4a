#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's day with the plug-in in a real GIMP: everything in its window by keys and through accessibility, what becomes of
the image through Script-Fu, the demonstration model behind the real service. A picture of each step is left in gimp/shots.
Usage: test-scenarios.py PLUGIN IVL DEMO"""

import html
import json
import os
import re
import shutil
import signal
import struct
import sys
import zlib
from pathlib import Path

from gimptest import answers_of, main_of, output, ready
from gimplib import Desk, Gimp, wait_for

from desk import is_alive  # noqa: E402
import slow_model  # noqa: E402

SOURCE = Path(__file__).resolve().parent.parent.parent
SOON = 30  # for what should have happened long ago; only a failing test waits as long
TILES = (3, 2)  # of the picture for the model that cuts pictures into tiles
SELECTION = 2  # row of what the model may look at
ALT = "A yellow star over the word “OPEN”"
STAR = (114, 186, 286, 358)  # where the star is in star-open.png: left, top, right, bottom


class Scene:
    """One GIMP, and what a person does there."""

    def __init__(self, tap, desk, gimp):
        self.tap = tap
        self.desk = desk
        self.gimp = gimp

    def shoot(self, step):
        self.desk.shoot(f"{self.gimp.version}-{step}")

    def open(self, path):
        """Opens an image as a file manager does."""
        known = self.gimp.images()
        self.desk.run("gdbus", "call", "--session", "--dest", "org.gimp.GIMP.UI", "--object-path", "/org/gimp/GIMP/UI",
                      "--method", "org.gimp.GIMP.UI.Open", Path(path).as_uri())
        new = wait_for(lambda: [image for image in self.gimp.images() if image not in known], SOON)
        if not new or not wait_for(lambda: self.gimp.main_window(re.escape(Path(path).stem)), SOON):
            raise LookupError(f"no window of GIMP's shows {path}")
        return new[0]

    def close_images(self):
        """One after the other, as a person does who has nothing to save."""
        while self.gimp.images():
            count = len(self.gimp.images())
            self.gimp.script(f"(begin {' '.join(f'(gimp-image-clean-all {image})' for image in self.gimp.images())} 1)")
            self.desk.key("ctrl+w", window=self.gimp.main_window())
            if not wait_for(lambda: len(self.gimp.images()) < count, SOON):
                raise LookupError(f"Ctrl+W closed none of {count} images")

    def choose(self, action, name, program="Image Assistant"):
        """The window for an image after a menu entry was chosen: for accessibility, and the seconds until it was there."""
        from a11y import window  # pylint: disable=import-outside-toplevel
        known = self.desk.windows()
        since = self.gimp.choose(action)
        handle = self.gimp.window(f"^{program} – {re.escape(name)}$")
        took = self.desk.mapped_at(handle) - since if handle and handle not in known else 0
        facts = self.desk.window_facts(handle)
        return window(self.desk, facts[2], handle, f"{program} – {name}"), took

    def page(self, window, number, title):
        self.desk.key(f"alt+{number}", window=window.window)
        if not wait_for(lambda: [tab for tab in window.every("tab", f"^{title}$") if tab.has("SELECTED")], SOON):
            raise LookupError(f"no page “{title}”: {window.outline()}")

    def leave(self):
        """Closes all windows of the plug-in, after which its process ends."""
        for window in self.desk.windows():
            if self.desk.window_facts(window)[2] in self.gimp.plug_ins():
                self.desk.key("ctrl+w", window=window)
        return wait_for(lambda: not self.gimp.plug_ins(), SOON)

    def use_model(self, folder):
        """What the preferences keep; for the plug-in's next process."""
        config = self.desk.folder / "config" / "ivl"
        config.mkdir(exist_ok=True)
        (config / "gimp.conf").write_text(f"[gimp]\nlocation=service:{folder}\n", encoding="utf-8")

    def facts(self, image):
        """All that can be changed and undone. GIMP brings the resolution in the metadata up to date whenever they change."""
        state = self.gimp.state(image)
        metadata = "".join(line for line in state["metadata"].splitlines(True) if "Resolution\"" not in line)
        return {**state, "metadata": metadata, "dirty": self.gimp.is_dirty(image)}

    def changes(self, image, what, step, control, check):
        """Presses a button that changes the image, looks at it with check(facts), and undoes it with one Ctrl+Z, which GIMP
        calls by the name of that step."""
        before = self.facts(image)
        control.press()
        found = wait_for(lambda: check(self.facts(image)), SOON)
        self.tap.point(found, what, self.facts(image))
        self.shoot(what.split(",")[0].replace(" ", "-").lower())
        named = wait_for(lambda: self.gimp.undo_name() == step, SOON)
        self.tap.point(named, f"{what}: GIMP calls it “{step}”", self.gimp.undo_name())
        self.gimp.undo()
        undone = wait_for(lambda: self.facts(image) == before, SOON)
        self.tap.point(undone, f"{what}: one Ctrl+Z undoes it", (before, self.facts(image)))
        return found


def look_at_menu(scene):
    """The entries of the submenu, in a useful order where GIMP lets us choose."""
    tap, gimp = scene.tap, scene.gimp
    useful = ["Ask…", "Caption", "Alternative Text…", "Read Text", "Find…", "Export with Alternative Text…"]
    entries = wait_for(lambda: gimp.menu_entries(useful), SOON)
    tap.equal(entries, sorted(useful) if gimp.major == 2 else useful, "the entries of the menu stand in order")


def look_at_icons(scene):
    """Each entry has a picture, which this GIMP has. GIMP writes down what the plug-in told when it ends."""
    gimp = scene.gimp
    icons = gimp.menu_icons()
    pictures = {path.stem.removesuffix("-symbolic") for path in Path(f"/usr/share/gimp/{gimp.major}.0/icons").rglob("*.svg")}
    scene.tap.point(len(icons) == 6 and set(icons) <= pictures, "the entries have pictures that this GIMP has", icons)


def talk_of(window):
    """A hint and examples stand in its place until something is asked."""
    return window.find("text", "^Conversation$")


def says(control, *parts):
    """Whether all of it stands there at last."""
    return bool(wait_for(lambda: all(part in control.text() for part in parts)))


def ask(scene, window, text):
    window.find("text", "^Question$").write(text)
    scene.desk.key("Return", window=window.window)


def answered(scene, action):
    """Tiles that were encoded and tokens that were answered by something that is answered in the end."""
    names = ("ivl_tiles_encoded_total", "ivl_tiles_total", "ivl_answer_tokens_total")
    before = [scene.gimp.metric(name) for name in names]
    action()
    # The service counts when it has sent all of the answer
    wait_for(lambda: scene.gimp.metric(names[2]) > before[2] and not scene.gimp.metric("ivl_requests_running"), SOON)
    return [int(scene.gimp.metric(name) - old) for name, old in zip(names, before)]


# What the demonstration model is asked

def converse(scene, ivl, demo):
    """Caption, two questions, of which the second one and the third need nothing to be looked at again."""
    tap, gimp = scene.tap, scene.gimp
    image = scene.open(demo / "star-open.png")
    scene.shoot("gimp")
    window, took = scene.choose("caption", "star-open.png")
    print(f"# window of the first image: {took:.3f} s after the key")
    talk = talk_of(window)
    tap.point(wait_for(lambda: "The answer is complete." in window.words()), "Caption begins at once and answers", talk.text())
    wanted = answers_of(ivl, gimp, "caption", demo / "star-open.png")["text"]
    tap.equal(talk.text().rstrip().rsplit("\n", 1)[-1], wanted, "with the command's own answer")
    scene.shoot("describe")

    def first():
        ask(scene, window, "What color is the star?")
        tap.point(says(talk, "What color is the star?\nYellow."), "a question is answered", talk.text())

    def second():
        ask(scene, window, "What color is the background?")
        tap.point(says(talk, "What color is the background?\nBlue."), "and a second one", talk.text())
    answered(scene, first)
    counts = answered(scene, second)
    tap.point(counts[0] == 0 and counts[2] > 0, "for which nothing was encoded again", counts)
    tap.point(not gimp.is_dirty(image), "and the image is as it was", gimp.state(image))
    scene.shoot("ask")
    return image, window


def read_text(scene, image):
    """Read Text by its menu entry, in the window that is there already."""
    tap = scene.tap
    window, _ = scene.choose("ocr", "star-open.png")
    field = window.find("text", "^Text in the picture$")
    tap.point(says(field, "OPEN"), "Read Text begins at once and reads", field.text())

    def is_there(facts):
        new = [layer for layer, _ in facts["layers"] if layer not in [old for old, _ in before]]
        return len(new) == 1 and scene.gimp.call("gimp-text-layer-get-text", new[0]) == "OPEN"
    before = scene.facts(image)["layers"]
    scene.changes(image, "As Text Layer", "Add Text Layer", window.find("button", "^As Text Layer$"), is_there)


def near(box, wanted, slack=24):
    return box is not None and all(abs(one - other) <= slack for one, other in zip(box, wanted))


def box_of(row):
    """(left, top, right, bottom) of what was found, as its row tells it."""
    match = re.search(r"(\d+) × (\d+) pixels at (-?\d+), (-?\d+)$", row.name())
    width, height, left, top = map(int, match.groups())
    return left, top, left + width, top + height


def find(scene, image):
    tap = scene.tap
    window, _ = scene.choose("locate", "star-open.png")
    window.find("text", "^What to find").write("yellow star")
    scene.desk.key("Return", window=window.window)
    left, top, right, bottom = box = box_of(window.find("check", "yellow star: "))
    tap.point(near(box, STAR), "Find finds the star", box)
    scene.changes(image, "Select", "Select Found Places", window.find("button", "^Select$"),
                  lambda facts: facts["selection"] == (left, top, right - left, bottom - top))
    scene.changes(image, "Guides", "Add Guides", window.find("button", "^Guides$"),
                  lambda facts: facts["guides"] == sorted([(0, top), (0, bottom), (1, left), (1, right)]))
    scene.changes(image, "Channels", "Add Channels", window.find("button", "^Channels$"),
                  lambda facts: len(facts["channels"]) == 1 and "yellow star" in facts["channels"][0])


def write_texts(scene, image):
    """Alternative Text: a suggestion, corrected and written to the image."""
    tap = scene.tap
    window, _ = scene.choose("alt-text", "star-open.png")
    field = window.find("text", "^Alternative text$")
    window.find("button", "^Suggest an alternative text$").press()
    tap.point(wait_for(lambda: len(field.text()) > 10 and "This is a suggestion" in window.words(), SOON),
              "an alternative text is suggested", (field.text(), window.words()))
    field.write(ALT)
    scene.changes(image, "Write to Image", "Write Alternative Text", window.find("button", "^Write to Image$"),
                  lambda facts: ALT in html.unescape(facts["metadata"]))


def export(scene, image):
    """The texts are in the file, and the window says so. What was undone in the image is written anew."""
    tap = scene.tap
    window, _ = scene.choose("alt-text", "star-open.png")
    window.find("text", "^Alternative text$").write(ALT)
    window, _ = scene.choose("export", "star-open.png")
    path = scene.desk.folder / "star-äöü.jpg"
    before = scene.facts(image)
    window.find("text", "^File name").write(str(path))
    window.find("button", "^Export$").press()
    sentence = f"“{path.name}” was written, and these texts were read back from it."
    tap.point(wait_for(lambda: sentence in window.words(), SOON), "Export tells what it read back", window.words())
    tap.point(window.words().count(ALT) == 2, "with the alternative text, before and after", window.words())
    scene.shoot("export")
    tap.equal(json.loads(scene.desk.run("exiftool", "-j", "-XMP-iptcCore:AltTextAccessibility", path)[1])[0]
              .get("AltTextAccessibility"), ALT, "which another program finds there")
    tap.equal(scene.facts(image), before, "the image itself is as it was")


def use_selection(scene, image):
    """Only the selection is looked at, and places are told in the image."""
    tap, gimp = scene.tap, scene.gimp
    gimp.script(f"(begin (gimp-image-select-rectangle {image} CHANNEL-OP-REPLACE 60 130 280 270) (gimp-displays-flush) 1)")
    window, _ = scene.choose("locate", "star-open.png")
    window.find("combo", "^What the model looks at$").choose(SELECTION)
    tap.point(wait_for(lambda: "280 × 270" in window.words(), SOON), "the selection is looked at, with its size", window.words())
    window.find("text", "^What to find").focus()
    scene.desk.key("Return", window=window.window)
    row = wait_for(lambda: [check for check in window.every("check", "yellow star: ") if box_of(check)[1] >= 130], SOON)
    tap.point(row and near(box_of(row[0]), STAR, 40), "what is found there is told in the image's pixels", window.words())
    scene.shoot("selection")
    gimp.script(f"(begin (gimp-selection-none {image}) (gimp-displays-flush) 1)")


def two_images(scene, demo):
    """A second window in the first one's process; then its image is closed under it."""
    tap, gimp = scene.tap, scene.gimp
    scene.open(demo / "heart.png")
    first = gimp.plug_ins()
    window, took = scene.choose("ask", "heart.png")
    print(f"# window of the second image: {took:.3f} s after the key")
    tap.point(wait_for(lambda: gimp.plug_ins() == first, SOON), "a second image has a window in the same process",
              (first, gimp.plug_ins()))
    ask(scene, window, "What color is the heart?")
    talk = talk_of(window)
    tap.point(says(talk, "What color is the heart?\nPurple."), "with a conversation of its own", talk.text())
    tap.point(scene.desk.find_windows("^Image Assistant – star-open.png$"), "the first one stays")
    scene.shoot("two-windows")
    return window


F1 = "67"  # the key: xdotool presses Alt with it when it is to find the key of a newer keyboard map itself
HELP = """[Desktop Entry]
Type=Application
Name=Browser
Exec=sh -c 'echo "$0" >"{told}"' %u
MimeType=text/html;x-scheme-handler/file;
"""


def show_help(scene, window):
    """F1 gives the page to the program that the desktop has for it."""
    told = scene.desk.folder / "browsed"
    folder = scene.desk.folder / "data" / "applications"
    folder.mkdir(exist_ok=True)
    (folder / "browser.desktop").write_text(HELP.format(told=told), encoding="utf-8")
    (folder / "mimeapps.list").write_text("[Default Applications]\ntext/html=browser.desktop\n"
                                          "x-scheme-handler/file=browser.desktop\n", encoding="utf-8")
    scene.desk.key(F1, window=window.window)
    found = wait_for(lambda: told.read_text(encoding="utf-8"), SOON)
    scene.tap.point(found and re.search(r"/ivl/gimp/help/.*\.html$", found.strip()), "F1 opens the help page", found)


def close_image(scene, window):
    tap, gimp = scene.tap, scene.gimp
    scene.close_images()
    tap.point(wait_for(lambda: "The image was closed." in window.words(), SOON), "the window says that its image was closed",
              window.words())
    question = window.find("text", "^Question$")
    tap.point(wait_for(lambda: not question.has("SENSITIVE"), SOON), "nothing can be asked any more")
    tap.point(window.find("button", "^Copy All$").is_usable(), "what was said can be copied")
    scene.shoot("closed")
    tap.point(scene.leave(), "without a window there is no process of the plug-in's", gimp.plug_ins())


# A model that cuts pictures into tiles

def make_tiled_model(model, folder):
    shutil.copytree(model, folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config.update(dynamic_image_size=True, max_dynamic_patch=12)
    path.write_text(json.dumps(config), encoding="utf-8")


def make_picture(path, side):
    """A picture whose tiles are all different."""
    columns, rows = TILES
    lines = b""
    for y in range(rows * side):
        lines += b"\0" + b"".join(bytes((40 + 60 * (x // side), 40 + 80 * (y // side), 200 - y % side)) for x in range(columns * side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", columns * side, rows * side, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def edit(scene, ivl, demo):
    """After a corner was painted over, only what has changed is looked at again."""
    tap, gimp, folder = scene.tap, scene.gimp, scene.desk.folder
    make_tiled_model(demo / "model", folder / "tiled")
    make_picture(folder / "fields.png", 96)
    scene.use_model(folder / "tiled")
    # Else the service begins to count anew with the first question
    scene.desk.run(ivl, "caption", "-m", f"service:{folder}/tiled", demo / "heart.png")
    image = scene.open(folder / "fields.png")
    window, _ = scene.choose("ask", "fields.png")
    tiles = TILES[0] * TILES[1] + 1
    everything = answered(scene, lambda: ask(scene, window, "What color is the background?"))
    talk = talk_of(window)
    tap.equal(everything[:2], [tiles, tiles], "a new picture is encoded whole: its tiles and its overview")
    gimp.fill(image, (255, 0, 0), (0, 0, 60, 60))
    changed = answered(scene, lambda: ask(scene, window, "What color is the background?"))
    tap.point(says(talk, "The picture has changed; the conversation begins anew."), "a painted picture is seen", talk.text())
    tap.point(0 < changed[0] < tiles and changed[1] == tiles, f"only changed tiles are encoded ({changed[0]} of {changed[1]})",
              (everything, changed))
    scene.shoot("edited")
    scene.close_images()
    scene.leave()


# A model that talks for long

def pieces(talk, question):
    """What has been answered to a question so far."""
    return talk.text().partition(f"{question}\n")[2]


def stop(scene, window):
    tap = scene.tap
    ask(scene, window, "First?")
    talk = talk_of(window)
    tap.point(wait_for(lambda: len(pieces(talk, "First?")) > 20), "the answer is shown while it is written", talk.text())
    scene.shoot("answering")
    window.find("button", "^Stop$").press()
    tap.point(says(talk, "Stopped."), "Stop stops it", talk.text()[-300:])
    tap.point(len(pieces(talk, "First?")) > 20, "what there was of it stays", talk.text()[-300:])
    tap.point(wait_for(lambda: not scene.gimp.metric("ivl_requests_running"), SOON), "and the service has stopped as well")


def kill_service(scene, window):
    tap, gimp, talk = scene.tap, scene.gimp, talk_of(window)
    ask(scene, window, "Second?")
    wait_for(lambda: len(pieces(talk, "Second?")) > 20)
    killed = gimp.services()
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    tap.point(says(talk, "The answer broke off."), "an answer whose service was killed is marked", talk.text()[-300:])
    again = window.find("button", "^Try Again$")
    scene.shoot("service-killed")
    before = len(talk.text())
    again.press()
    tap.point(wait_for(lambda: len(talk.text()) > before + 20), "Try Again starts a new one, which answers", window.words())
    tap.point(gimp.services() and not set(gimp.services()) & set(killed), "with new processes", (killed, gimp.services()))
    return len(talk.text())


def kill_plug_in(scene):
    """In the middle of an answer."""
    tap, gimp = scene.tap, scene.gimp
    killed = gimp.plug_ins()
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    tap.point(wait_for(lambda: not any(map(is_alive, killed)) and not gimp.plug_ins(), SOON), "the killed plug-in leaves no process",
              gimp.plug_ins())
    tap.point(gimp.is_alive() and gimp.images(), "GIMP lives on, with its image", gimp.said()[-500:])
    tap.point(wait_for(lambda: not gimp.metric("ivl_requests_running"), SOON), "the service works for nobody")
    window, _ = scene.choose("ask", "taxi.png")
    tap.point(window.find("text", "^Question$").is_usable(), "and the menu entry opens a window again", window.words())
    scene.shoot("plug-in-killed")


def cancel_script(scene):
    """A script in GIMP's own console waits for an answer: GIMP shows a bar, whose Cancel ends the wait."""
    from a11y import GLib  # pylint: disable=import-outside-toplevel
    tap, gimp, desk = scene.tap, scene.gimp, scene.desk
    code = gimp.ask_code("ask", str(gimp.images()[0]), "Say much.", max_tokens=6000)
    others = set(gimp.plug_ins())  # of the window that is open
    gimp.controls("menu", "^Console$", showing=False)[0].node.ask("Action", "DoAction", GLib.Variant("(i)", (0,)))
    console = wait_for(lambda: desk.find_windows("Script-Fu Console"), SOON)
    desk.activate(console[0])
    desk.type(code)
    desk.key("Return")
    # Beside the bar in the image's window; the console's own buttons have other names
    cancel = wait_for(lambda: gimp.controls("button", "^Cancel$"), SOON)
    scene.shoot("script-waits")
    tap.point(cancel and set(gimp.plug_ins()) - others, "a script that waits for an answer can be cancelled in GIMP's window", gimp.plug_ins())
    cancel[0].press()
    tap.point(wait_for(lambda: set(gimp.plug_ins()) <= others, SOON), "which ends the wait", (gimp.plug_ins(), others))


def quit_gimp(scene):
    tap, gimp = scene.tap, scene.gimp
    gimp.script(f"(begin {' '.join(f'(gimp-image-clean-all {image})' for image in gimp.images())} 1)")
    scene.desk.key("ctrl+q", window=gimp.main_window())
    tap.point(wait_for(lambda: not gimp.is_alive(), SOON), "GIMP can be quit while a window is open", gimp.said()[-500:])
    tap.point(wait_for(lambda: not gimp.plug_ins(), SOON), "after which no process of the plug-in's is left", gimp.plug_ins())
    sockets = [path.name for path in (scene.desk.folder / "run" / "ivl").iterdir() if path.name != "serve.sock"]
    print(f"# left beside the service's socket: {sockets}")


# In another language

# Shows GIMP a folder of translations where an installed plug-in has them, and nobody else
TRANSLATED = """#!/bin/sh
alone=$(unshare --mount true 2>/dev/null || echo --propagation=unchanged)  # which a changed root has no say in
exec unshare --mount $alone -- sh -ec '
  cp -a "$0/." "$1/"
  mount --bind "$1" "$0"
  shift
  exec "$@"' "{place}" "{copy}" {program} "$@"
"""


def translate(scene, plugin):
    """Where the plug-in looks for translations there are German ones, and the C library has a German locale. The reason
    why not, or None."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("mount"):
        return "only root, with mount, can show a program other folders than there are"
    if shutil.which("msgfmt") is None:
        return "msgfmt not installed"
    folder, gimp = scene.desk.folder, scene.gimp
    catalogs = Path(re.search(rb"\0(/[^\0]*/locale)\0", Path(plugin).read_bytes()).group(1).decode())
    place = next(path for path in catalogs.parents if path.is_dir())
    if catalogs.is_dir() or place == Path("/"):
        return f"{catalogs} is in use"
    copy = folder / "translated"
    german = copy / catalogs.relative_to(place) / "de" / "LC_MESSAGES"
    german.mkdir(parents=True)
    made = scene.desk.run("msgfmt", "-o", german / "ivl.mo", SOURCE / "po" / "de.po")
    if made[0] != 0:
        raise RuntimeError(made)
    shutil.copytree("/usr/lib/locale/C.utf8", folder / "locales" / "de_DE.utf8")
    wrapper = folder / "translated-gimp"
    wrapper.write_text(TRANSLATED.format(place=place, copy=copy, program=shutil.which(gimp.program)), encoding="utf-8")
    wrapper.chmod(0o755)
    gimp.program = str(wrapper)
    scene.desk.environment.update(LC_ALL="de_DE.UTF-8", LANGUAGE="de", LOCPATH=str(folder / "locales"))
    return None


def speak_german(scene, plugin, demo):
    tap = scene.tap
    reason = translate(scene, plugin)
    if reason:
        tap.skip(reason, "the window is in German")
        return
    scene.use_model(demo / "model")
    scene.gimp.start()
    scene.open(demo / "star-open.png")
    window, _ = scene.choose("caption", "star-open.png", "Bildassistent")
    talk = window.find("text", "^Gespräch$")
    tap.point(wait_for(lambda: "\n" in talk.text() and "Die Antwort ist vollständig." in window.words(), SOON),
              "the window is in German", window.words())
    tap.point(window.every("tab", "^Text lesen$|^Alternativtext$"), "with its pages", window.outline())
    scene.shoot("german")


def main(tap, plugin, ivl, demo):
    try:
        import a11y  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    except (ImportError, ValueError) as error:
        tap.skip_all(f"no GDBus for Python: {error}")
    demo = Path(demo)
    # GIMP 2.10 tells assistive programs of itself only when it is asked to
    with Desk(output() / "shots", GTK_MODULES="gail:atk-bridge") as desk:
        gimp = Gimp(desk, plugin, ivl, demo / "model", keep=ready())
        slow_model.write(demo / "model", desk.folder / "slow")
        gimp.start()
        scene = Scene(tap, desk, gimp)
        try:
            image, _ = converse(scene, ivl, demo)
            look_at_menu(scene)
            read_text(scene, image)
            find(scene, image)
            write_texts(scene, image)
            export(scene, image)
            use_selection(scene, image)
            window = two_images(scene, demo)
            show_help(scene, window)
            close_image(scene, window)
            edit(scene, ivl, demo)
            scene.use_model(desk.folder / "slow")
            scene.open(demo / "taxi.png")
            window, _ = scene.choose("ask", "taxi.png")
            stop(scene, window)
            kill_service(scene, window)
            kill_plug_in(scene)
            if gimp.major == 2:
                cancel_script(scene)
            quit_gimp(scene)
            look_at_icons(scene)
            speak_german(scene, plugin, demo)
            gimp.stop()
        except BaseException:
            scene.shoot("failed")
            print("".join(f"# {line}\n" for line in gimp.said()[-3000:].splitlines() if "theme engine" not in line and line))
            raise


if __name__ == "__main__":
    sys.exit(main_of(main))
