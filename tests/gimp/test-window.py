#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-window.py PLUG_DOUBLE IVL DEMO: the plug-in's window over picture files, used through accessibility and the keyboard,
with the demonstration model behind the real service, and with a server that stands for another computer."""

import os
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "remote"))
from reallib import RealTap  # noqa: E402

from desk import Desk, is_alive, missing, wait_for  # noqa: E402
from fakeserver import FakeServer, own_address  # noqa: E402

# Words of its interface are looked for in English
CAPTIONS = {"taxi.png": "A pink ring and an orange cross on a black background with the text \"TAXI\".",
            "hello.png": "The text \"HELLO\" on an orange background."}
PAGES = ("Ask", "Alternative Text", "Read Text", "Find", "Export")
# What keys are typed into or what does something when it is pressed
FOCUSABLE = ("text", "entry", "button", "toggle", "combo", "check", "radio", "spin")


class Double:
    """plug-double with its standard input and output, on a desktop."""

    def __init__(self, desk, program, files, procedure, **variables):
        desk.environment.update(variables)
        self.desk = desk
        self.lines = []
        self.process = desk.start(program, ":".join(map(str, files)), procedure, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.errors = []
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self.collect, args=(stream, lines), daemon=True).start()

    @staticmethod
    def collect(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def order(self, line):
        seen = len(self.lines)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return bool(wait_for(lambda: f"ok {line}" in self.lines[seen:]))

    def said(self, start):
        return wait_for(lambda: [line for line in self.lines if line.startswith(start)])

    def window(self, name):
        """The window of that picture, for assistive programs and on the display."""
        from a11y import window  # pylint: disable=import-outside-toplevel
        handle = self.desk.wait_window(f"^Image Assistant – {name}$", self.process.pid)
        return window(self.desk, self.process.pid, handle, f"Image Assistant – {name}")

    def complaints(self):
        """What went to standard error beside the library's advice on servers."""
        return [line for line in self.errors if line and not line.startswith("Ivl-Message")]

    def end(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        return self.process.wait(60)


def transcript(window):
    return window.find("text", "^Conversation$")


def question(window):
    return window.find("text", "^Question")


def says(control, *parts):
    """Whether all of it stands there at last."""
    return bool(wait_for(lambda: all(part in control.text() for part in parts)))


def ask(desk, window, text):
    question(window).write(text)
    desk.key("Return", window=window.window)


def nameless(window):
    """Controls in sight that can be used and have no name."""
    return [f"{role} at {control.box()}" for role in FOCUSABLE for control in window.every(role)
            if control.has("FOCUSABLE") and not control.name()]


def converse(tap, desk, double, demo):
    window = double.window("taxi.png")
    talk = transcript(window)
    tap.point(says(talk, CAPTIONS["taxi.png"]), "Describe begins at once and answers", talk.text())
    ask(desk, window, "How many shapes are there?")
    tap.point(says(talk, "How many shapes are there?\nTwo."), "a follow-up question is answered", talk.text())
    ask(desk, window, "What color is the background?")
    tap.point(says(talk, "What color is the background?\nBlack."), "and another", talk.text())
    question(window).focus()
    desk.key("Up", "Up", window=window.window)
    tap.point(says(question(window), "How many shapes are there?"), "Up brings back an earlier question", question(window).text())
    question(window).write("")
    desk.shoot("window-ask", window.window)

    before = talk.text()
    window.find("button", "^To Text Layer$").press()
    tap.point(double.said('add-text 1 "Black."'), "the answer becomes a text layer", double.lines[-5:])
    tap.point(double.order(f"load {demo}/hello.png"), "the picture is changed")
    ask(desk, window, "What color is the background?")
    tap.point(says(talk, "The picture has changed; the conversation begins anew.", "Orange."),
              "a changed picture is seen, and said", talk.text())
    tap.point(talk.text().startswith(before), "nothing that was said is lost", talk.text())
    return window


def names(tap, desk, double, window):
    for number, page in enumerate(PAGES, 1):
        desk.key(f"alt+{number}", window=window.window)
        tab = wait_for(lambda title=page: [tab for tab in window.every("tab", f"^{title}$") if tab.has("SELECTED")])
        tap.point(tab, f"Alt+{number} shows “{page}”", window.outline())
        missing_names = nameless(window)
        tap.point(not missing_names, f"every control of “{page}” has a name", missing_names)
        desk.shoot(f"window-{page.lower().replace(' ', '-')}", window.window)
    desk.key("ctrl+Next", window=window.window)
    tap.point(wait_for(lambda: [tab for tab in window.every("tab", "^Ask$") if tab.has("SELECTED")]),
              "Ctrl+Page Down goes round to the first page")
    desk.key("F1", window=window.window)
    tap.point(double.said("show-help"), "F1 shows help", double.lines[-5:])
    window.find("button", "^Preferences$").press()
    preferences = desk.wait_window("Preferences", double.process.pid)
    tap.point(preferences, "the preferences open")
    desk.key("Escape", window=preferences)
    tap.point(wait_for(lambda: not desk.find_windows("Preferences")), "and Esc closes them")


def one_process(tap, desk, program, double, files):
    """A menu entry that is chosen while there is a window already is a process that hands over and ends."""
    code, said, errors = desk.run(program, ":".join(map(str, files)), "plug-in-ivl-ocr", "2")
    tap.point((code, said.strip(), errors) == (0, "ended", ""), "a second process hands its action over and ends",
              (code, said, errors))
    window = double.window("heart.png")
    tap.point(window is not None, "the first process opens the other image's window")
    desk.key("ctrl+w", window=window.window)
    tap.point(wait_for(lambda: not desk.find_windows("heart.png")), "Ctrl+W closes it")
    tap.point(desk.find_windows("taxi.png") or desk.find_windows("hello.png"), "and the other one stays")


def close_image(tap, desk, double, window):
    talk = transcript(window)
    before = talk.text()
    double.order("close 1")
    # Something else in front, as GIMP is when an image is closed there
    other = desk.start("xmessage", "-center", "GIMP") if missing_program("xmessage") is None else None
    if other is None:
        desk.run("xdotool", "windowunmap", window.window)
        desk.run("xdotool", "windowmap", window.window)
    tap.point(wait_for(lambda: "The image was closed." in window.words()), "a closed image is said", window.words())
    ask_button = window.find("button", "^Ask$")
    tap.point(wait_for(lambda: not ask_button.is_usable()) and not question(window).has("SENSITIVE"),
              "what needs the image cannot be used any more")
    copy = window.find("button", "^Copy All$")
    tap.point(copy.is_usable(), "what was said can still be copied")
    copy.press()
    tap.point(wait_for(lambda: "The conversation was copied." in window.words()), "and is", window.words())
    tap.point(talk.text() == before, "and is still there", talk.text())
    desk.shoot("window-closed", window.window)


def missing_program(name):
    import shutil  # pylint: disable=import-outside-toplevel
    return None if shutil.which(name) else name


def local(tap, desk, program, demo):
    gimp = desk.start("sleep", "100000")
    files = [demo / "taxi.png", demo / "heart.png"]
    double = Double(desk, program, files, "plug-in-ivl-caption", IVL_DOUBLE_GIMP_PID=str(gimp.pid))
    window = converse(tap, desk, double, demo)
    names(tap, desk, double, window)
    one_process(tap, desk, program, double, files)
    close_image(tap, desk, double, window)

    gimp.kill()
    gimp.wait()
    tap.point(wait_for(lambda: double.process.poll() is not None), "the process ends when its GIMP was killed")
    left = [path.name for path in (desk.folder / "run" / "ivl").glob("gimp-*")]
    tap.point(not left, "and leaves no socket behind", left)
    tap.equal(double.complaints(), [], "nothing was complained about")


def refuse(tap, window, server):
    tap.point(f"The picture will be sent to {server.url[len('http://'):]}." in window.words(),
              "where the picture would go is asked, by name", window.words())
    tap.point("Pictures leave this computer." in window.words(), "that pictures leave is always in sight", window.words())
    window.find("button", "^Do Not Send$").press()
    tap.point(says(transcript(window), "There was no answer."), "without leave there is no answer", window.words())
    tap.equal(server.questions, [], "and nothing was sent")


def stop(tap, desk, window, server):
    talk = transcript(window)
    server.gate.clear()
    ask(desk, window, "First?")
    window.find("button", "^Send$").press()
    tap.point(says(talk, "First?\nOne"), "the answer is shown while it is written", talk.text())
    desk.shoot("window-answering", window.window)
    desk.key("Escape", window=window.window)
    tap.point(says(talk, "First?\nOne", "Stopped."), "Esc stops it, and what there is stays", talk.text())
    tap.point(server.dropped.wait(60), "the server is told to stop as well")
    server.gate.set()
    ask(desk, window, "Second?")
    tap.point(says(talk, "Second?\nOne two three."), "leave is asked for once", talk.text())


def break_off(tap, desk, window, server):
    talk = transcript(window)
    server.broken.set()
    ask(desk, window, "Third?")
    tap.point(says(talk, "Third?\nOne", "The answer broke off."), "a broken answer is marked", talk.text())
    again = window.find("button", "^Try Again$")
    desk.shoot("window-trouble", window.window)
    tap.point(nameless(window) == [], "controls of the notice have names", nameless(window))
    server.broken.clear()
    again.press()
    tap.point(wait_for(lambda: talk.text().count("One two three.") == 2), "Try Again asks again", talk.text())
    tap.point(wait_for(lambda: not window.every("button", "^Try Again$")), "and the notice goes")


def remote(tap, desk, program, demo):
    if own_address() is None:
        tap.skip("this computer has no address but its loopback")
        return
    server = FakeServer("One two three.")
    config = desk.folder / "config" / "ivl"
    config.mkdir(exist_ok=True)
    (config / "gimp.conf").write_text(f"[gimp]\nlocation={server.url}#fake\n", encoding="utf-8")
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-caption", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    desk.shoot("window-consent", window.window)
    refuse(tap, window, server)
    stop(tap, desk, window, server)
    break_off(tap, desk, window, server)
    tap.equal(double.end(), 0, "it ends when it is told to")
    tap.equal(double.complaints(), [], "nothing was complained about")
    tap.point(server.url[len("http://"):] in (config / "gimp.conf").read_text(encoding="utf-8"), "the leave is kept")
    server.close()


def main():
    program, ivl, demo = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    tap = RealTap()
    try:
        import a11y  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    except (ImportError, ValueError) as error:
        tap.skip_all(f"no AT-SPI for Python: {error}")
    if missing():
        tap.skip_all(f"{', '.join(missing())} not installed")
    shots = Path(os.environ.get("G_TEST_BUILDDIR", ".")).resolve() / "gimp" / "window"
    variables = {"IVL_SERVE_COMMAND": ivl, "IVL_MODEL": str(demo / "model"), "G_DEBUG": "fatal-criticals"}
    for part in (local, remote):
        try:
            with Desk(shots, **variables) as desk:
                part(tap, desk, program, demo)
        except Exception:  # pylint: disable=broad-except
            tap.point(False, f"{part.__name__} comes to its end", traceback.format_exc())
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
