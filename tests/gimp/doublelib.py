# SPDX-License-Identifier: GPL-3.0-or-later
"""plug-double under test: its standard input and output, and its windows."""

import shutil
import subprocess
import threading
from collections import Counter
from pathlib import Path

from gi.repository import GLib

from a11y import window
from desk import wait_for

SOURCE = Path(__file__).resolve().parent.parent.parent
# What keys are typed into or what does something when it is pressed
USABLE_ROLES = ("button", "toggle", "check", "radio", "text", "entry", "combo", "spin")


class Double:
    """plug-double on a desktop."""

    def __init__(self, desk, program, files, procedure, **variables):
        desk.environment.update(variables)
        self.desk = desk
        self.lines = []
        self.errors = []
        self.process = desk.start(program, ":".join(map(str, files)), procedure, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self.collect, args=(stream, lines), daemon=True).start()

    @staticmethod
    def collect(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def order(self, line):
        """Whether the order was carried out."""
        seen = len(self.lines)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return bool(wait_for(lambda: f"ok {line}" in self.lines[seen:]))

    def said(self, start, seconds=None):
        """The lines that begin so, once there are some."""
        def look():
            return [line for line in self.lines if line.startswith(start)]
        return wait_for(look) if seconds is None else wait_for(look, seconds)

    def window(self, name):
        """The window of that picture, for assistive programs and on the display."""
        handle = self.desk.wait_window(f"^Image Assistant – {name}$", self.process.pid)
        return window(self.desk, self.process.pid, handle, f"Image Assistant – {name}")

    def dialog(self, title):
        """Another window of its own, once it is there."""
        handle = self.desk.wait_window(f"^{title}$", self.process.pid)
        return window(self.desk, self.process.pid, handle, title)

    def end(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        return self.process.wait(60)


def translated(desk, language):
    """Environment in which plug-double speaks that language; the system's own locales need not have it."""
    catalog = desk.folder / "catalogs" / language / "LC_MESSAGES"
    catalog.mkdir(parents=True, exist_ok=True)
    locales = desk.folder / "locales"
    if not locales.exists():
        shutil.copytree("/usr/lib/locale/C.utf8", locales / "de_DE.utf8")
    if language != "en":
        subprocess.run(["msgfmt", "-o", catalog / "ivl.mo", SOURCE / "po" / f"{language}.po"], check=True)
    return {"LC_ALL": "de_DE.UTF-8", "LOCPATH": str(locales), "LANGUAGE": language,
            "IVL_LOCALE_DIR": str(desk.folder / "catalogs")}


def luminance(colour):
    """Relative luminance of 8-bit sRGB (WCAG 2.1)."""
    linear = [part / 255 / 12.92 if part / 255 <= 0.03928 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(desk, control):
    """Of what is drawn in a control with the ground that it is on, as the screen has it (WCAG 2.1)."""
    x, y, width, height = control.box()
    # Not what stands beside it
    shot = subprocess.run(["import", "-window", "root", "-crop", f"{width}x{height}+{x}+{y}", "-depth", "8", "rgb:-"],
                          env=desk.environment, capture_output=True, check=True).stdout
    pixels = Counter(zip(shot[::3], shot[1::3], shot[2::3]))
    ground = luminance(pixels.most_common(1)[0][0])
    return max((max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) for ink in map(luminance, pixels))


def faint(desk, inside):
    """Words in sight that are too pale to read: those of controls that cannot be used may be."""
    found = [(label.text(), round(contrast(desk, label), 2)) for label in inside.every("label")
             if label.text().strip() and label.has("SENSITIVE")]
    return [(text, ratio) for text, ratio in found if ratio < 4.5]


def out_of_order(inside):
    """Neighbours whose order assistive programs are told the other way round than it is seen."""
    found = []
    try:
        shown = [child for child in map(lambda node: type(inside)(inside.desk, node, inside.window), inside.node.children())
                 if child.is_showing()]
        boxes = [child.box() for child in shown]
    except GLib.Error:
        return []
    for (first, before), (second, after) in zip(zip(shown, boxes), zip(shown[1:], boxes[1:])):
        above = after[1] + after[3] <= before[1]
        beside = after[1] < before[1] + before[3] and before[1] < after[1] + after[3] and after[0] + after[2] <= before[0]
        if min(before[2], before[3], after[2], after[3]) > 0 and (above or beside):
            found.append((first.text() or first.role(), second.text() or second.role()))
    return found + [pair for child in shown for pair in out_of_order(child)]


def nameless(inside):
    """Controls in sight that can be used and have no name."""
    return [f"{role} at {control.box()}" for role in USABLE_ROLES for control in inside.every(role)
            if control.has("FOCUSABLE") and not control.name()]


def says(control, *parts):
    """Whether all of it stands there at last."""
    return bool(wait_for(lambda: all(part in control.text() for part in parts)))
