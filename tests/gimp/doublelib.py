# SPDX-License-Identifier: GPL-3.0-or-later
"""plug-double under test: its standard input and output, and its windows."""

import subprocess
import threading

from a11y import window
from desk import wait_for

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


def nameless(inside):
    """Controls in sight that can be used and have no name."""
    return [f"{role} at {control.box()}" for role in USABLE_ROLES for control in inside.every(role)
            if control.has("FOCUSABLE") and not control.name()]


def says(control, *parts):
    """Whether all of it stands there at last."""
    return bool(wait_for(lambda: all(part in control.text() for part in parts)))
