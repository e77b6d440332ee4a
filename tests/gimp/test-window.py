#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-window.py PLUG_DOUBLE IVL DEMO: the plug-in's window over picture files, used through accessibility and the keyboard,
with the demonstration model behind the real service, and with a server that stands for another computer."""

import gettext
import os
import re
import shutil
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

try:
    import a11y
    from doublelib import SOURCE, faint, out_of_order, translated  # noqa: E402
except (ImportError, ValueError) as trouble:
    a11y = None
    REASON = f"no PyGObject: {trouble}"

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
        handle = self.desk.wait_window(f"^Image Assistant – {name}$", self.process.pid)
        return a11y.window(self.desk, self.process.pid, handle, f"Image Assistant – {name}")

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
    tap.point(says(talk, CAPTIONS["taxi.png"]), "Caption begins at once and answers", talk.text())
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
    window.find("button", "^As Text Layer$").press()
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


def other_layer(tap, desk, double, window):
    """The header follows the layer that is active in GIMP, seen from there and when one comes back."""
    double.order("layer 7")
    desk.run("xdotool", "windowunmap", window.window)
    desk.run("xdotool", "windowmap", window.window)
    desk.activate(window.window)
    tap.point(wait_for(lambda: "Layer “Layer 7”, " in window.words()), "the window shows the layer that is active now",
              window.words())
    other = desk.start("xmessage", "-center", "GIMP") if missing_program("xmessage") is None else None
    if other is not None:
        desk.wait_window(pid=other.pid)
        double.order("layer 8")
        tap.point(wait_for(lambda: "Layer “Layer 8”, " in window.words()), "also while GIMP has the focus", window.words())
        other.terminate()
    double.order("layer 0")


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
    other_layer(tap, desk, double, window)
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


def sent(request):
    """The words of a request's messages, without the system's."""
    found = []
    for message in request["messages"]:
        content = message["content"]
        if message["role"] != "system":
            found.append(content if isinstance(content, str) else
                         "".join(part.get("text", "") for part in content).strip())
    return found


def one_conversation(tap, desk, window, server):
    """An example begins it; a caption is a part of it."""
    talk_hint = "Ask about the picture in your own words, or begin with one of these questions:"
    tap.point(shows(window, talk_hint), "an empty conversation says what can be done", window.words())
    desk.shoot("window-empty", window.window)
    window.find("button", "^What can be seen here\\?$").press()
    window.find("button", "^Send$").press()
    talk = transcript(window)
    tap.point(says(talk, "What can be seen here?\nOne two three."), "an example is asked", talk.text())
    tap.point(wait_for(lambda: talk_hint not in window.words()), "and makes room for the answer", window.words())
    tap.point(question(window).has("FOCUSED"), "one can go on typing")
    window.find("button", "^Caption$").press()
    tap.point(says(talk, "Caption\nOne two three."), "a caption is shown below it", talk.text())
    ask(desk, window, "Which ring?")
    tap.point(says(talk, "Which ring?\nOne two three."), "a question follows", talk.text())
    tap.point("A new conversation begins." not in talk.text(), "in the same conversation", talk.text())
    said = sent(server.questions[-1])
    tap.equal([said[0], said[1], said[-1]], ["What can be seen here?", "One two three.", "Which ring?"],
              "of which the server is told all")
    tap.equal(len(said), 5, "the caption among it")


def turn(desk, window, number):
    """To the page of that number."""
    def is_there():
        tabs = window.every("tab")
        return len(tabs) == len(PAGES) and tabs[number - 1].has("SELECTED")

    def look():
        if not is_there():
            desk.key(f"alt+{number}", window=window.window)
        return wait_for(is_there, 2)
    return wait_for(look)


def begin_find(desk, window):
    window.find("text", "^What to find:$").write("a ring")
    desk.key("Return", window=window.window)


# What begins to work on each page
WORKS = {1: lambda desk, window: ask(desk, window, "What is it?"),
         2: lambda desk, window: window.find("button", "^Suggest an alternative text$").press(),
         3: lambda desk, window: window.find("button", "^Read$").press(),
         4: begin_find}
# What the service tells, and what is shown of it
PHASES = (("queue", 2, 3, "place 2 of 3 in the queue"), ("tiles", 3, 7, "Looking at the picture: 3 of 7 parts"),
          ("prompt", 120, 512, "120 of 512 tokens"))
SOON = 30  # seconds for what should have happened long ago; only a failing test waits as long
SECONDS = re.compile(r"^(\d+) s$", re.MULTILINE)


def seconds(window):
    found = SECONDS.search(window.words())
    return int(found.group(1)) if found else None


def shows(window, words):
    return bool(wait_for(lambda: words in window.words(), SOON))


def phases(tap, desk, window, server, number):
    """One page works while another is looked at."""
    page, other = PAGES[number - 1], number % 4 + 1
    turn(desk, window, number)
    server.begin.clear()
    server.gate.clear()
    WORKS[number](desk, window)
    for phase, done, total, words in PHASES:
        server.phases.put((phase, done, total))
        tap.point(shows(window, words), f"{page}: {words}", window.words())
    begun = seconds(window)
    tap.point(begun is not None and wait_for(lambda: seconds(window) not in (None, begun), SOON), f"{page}: seconds run",
              window.words())
    desk.shoot(f"window-phases-{number}", window.window)
    turn(desk, window, other)
    tap.point("512 tokens" not in window.words() and seconds(window) is None and not window.every("button", "^Stop$"),
              f"nothing of it is shown on “{PAGES[other - 1]}”", window.words())
    turn(desk, window, number)
    server.begin.set()
    server.phases.put(("answer", 12, 0))
    tap.point(shows(window, "The answer is being written: 12 tokens"), f"{page}: tokens of the answer", window.words())
    server.gate.set()
    wait_for(lambda: seconds(window) is None)


def own_status(tap, desk, window, server):
    """What one page says is not said on the others, and stays there."""
    server.broken.set()
    turn(desk, window, 4)
    begin_find(desk, window)
    window.find("button", "^Details$|^Close$")
    server.broken.clear()
    tap.point(seconds(window) is None, "the bar of trouble is on the page that asked", window.words())
    for number in (1, 2, 3):
        turn(desk, window, number)
        tap.point(not window.every("button", "^Close$"), f"and not on “{PAGES[number - 1]}”", window.words())
    window.find("button", "^Read$").press()
    tap.point(shows(window, "The answer is complete."), "Read Text says that it is done", window.words())
    turn(desk, window, 4)
    window.find("button", "^Close$")
    tap.point("The answer is complete." not in window.words(), "which Find does not", window.words())


def progress(tap, desk, program, demo):
    """What a service tells on the way to an answer is shown, on the page that asked."""
    if own_address() is None:
        tap.skip("this computer has no address but its loopback")
        return
    server = FakeServer("One two three.", owner="ivl")
    config = desk.folder / "config" / "ivl"
    config.mkdir(exist_ok=True)
    (config / "gimp.conf").write_text(f"[gimp]\nlocation={server.url}#fake\n", encoding="utf-8")
    double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ask", IVL_DOUBLE_GIMP_PID=str(os.getpid()))
    window = double.window("taxi.png")
    one_conversation(tap, desk, window, server)
    for number in WORKS:
        phases(tap, desk, window, server, number)
    own_status(tap, desk, window, server)
    tap.equal(double.end(), 0, "it ends when it is told to")
    tap.equal(double.complaints(), [], "nothing was complained about")
    server.close()


def in_source(name, pattern):
    return re.findall(pattern, (SOURCE / "plugin-gimp" / name).read_text(encoding="utf-8"))


def one_name(tap, desk, *_):
    """A thing has the same name in the menu, on its tab, in the help, and as a question that is ready-made."""
    menu = in_source("plug-action.c", r'menu_label = N_ \("([^"]*)"\)')
    tabs = in_source("plug-window.c", r'{ N_ \("([^"]*)"\), plug_page_')
    for language in ("en", "de", "fr"):
        translated(desk, language)
        words = gettext.translation("ivl", desk.folder / "catalogs", [language], fallback=language == "en")

        def name(label):
            return words.gettext(label).replace("_", "").rstrip("…")  # pylint: disable=cell-var-from-loop

        tap.equal([name(label) for label in menu if "Caption" not in label and "Export" not in label],
                  [name(label) for label in tabs if "xport" not in label], f"{language}: tabs have the names of the menu")
        page = "C" if language == "en" else language
        helped = (SOURCE / "data/gimp/help" / page / "index.html").read_text(encoding="utf-8")
        tap.equal(re.findall(r"<dt><strong>(.*?)…?</strong>", helped), [name(label) for label in menu],
                  f"{language}: so has the help")
        titles = []
        for task in ("ask", "caption", "alt", "ocr", "locate"):
            said = (SOURCE / "data/tasks" / f"{task}.ini").read_text(encoding="utf-8")
            key = "title=" if language == "en" else f"title[{language}]="
            titles += [line[len(key):] for line in said.splitlines() if line.startswith(key)]
        tap.equal(titles, [name(label) for label in menu if "Export" not in label], f"{language}: and the tasks")
    tap.equal([label for label in menu + tabs if "escri" in label], [], "nothing is called “Describe”")


def twice(line):
    """Letters that stand more than once among those of a page, with the words they are in."""
    words = {}
    for word in line.split("\t")[1:]:
        words.setdefault(word[0].lower(), []).append(word[2:])
    return {letter: there for letter, there in words.items() if len(there) > 1}


def mnemonics(tap, desk, program, demo):
    """Each letter leads to one place, whatever is shown; in each language of the interface."""
    for language in ("en", "de", "fr"):
        double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ask", IVL_DOUBLE_GIMP_PID=str(os.getpid()),
                        **translated(desk, language))
        handle = desk.wait_window("taxi.png", double.process.pid)
        double.order("bars")
        double.order("letters")
        lines = double.said("letters")
        tap.equal(len(lines), len(PAGES), f"{language}: every page was looked at")
        for page, line in zip(PAGES, lines):
            tap.equal(twice(line), {}, f"{language}: each letter stands once on “{page}”")
        desk.shoot(f"window-{language}", handle)
        tap.equal(double.end(), 0, "it ends when it is told to")


# The three texts, and the button below them
FIELDS = {"en": ("Alternative text", "Long description", "Caption", "Write to Image"),
          "de": ("Alternativtext", "Lange Beschreibung", "Bildunterschrift", "Ins Bild schreiben")}


def fields(tap, desk, window, language):
    """All that belongs to an alternative text is seen at once, and what is not can be seen to go on below."""
    *names_, button = FIELDS[language]
    bottom = window.find("button", f"^{button}$").box()[1]
    boxes = {name: window.find("text", f"^{name}$").box() for name in names_}
    hidden = [name for name, (_, top, _, height) in boxes.items() if height < 20 or top + height > bottom]
    tap.equal(hidden, [], f"{language}: all three texts are seen at the default size")
    bars = [bar for bar in window.every("scroll bar") if min(bar.box()[2:]) > 0]
    tap.equal(len(bars), 0, f"{language}: so nothing is to be scrolled")
    desk.run("xdotool", "windowsize", window.window, "520", "460")
    tap.point(wait_for(lambda: [bar for bar in window.every("scroll bar") if min(bar.box()[2:]) > 0], 20),
              f"{language}: a smaller window shows that there is more")


def layout(tap, desk, program, demo):
    """What is seen: in one language light, in the other dark."""
    for language, dark in (("en", {}), ("de", {"IVL_DOUBLE_DARK": "1"})):
        shutil.rmtree(desk.folder / "config" / "ivl", ignore_errors=True)  # it has the size of before
        double = Double(desk, program, [demo / "taxi.png"], "plug-in-ivl-ask", IVL_DOUBLE_GIMP_PID=str(os.getpid()),
                        **translated(desk, language), **dark)
        handle = desk.wait_window("taxi.png", double.process.pid)
        window = a11y.window(desk, double.process.pid, handle, desk.window_facts(handle)[0])
        for number in range(1, len(PAGES) + 1):
            turn(desk, window, number)
            desk.shoot(f"layout-{language}-{number}", handle)
            tap.equal(faint(desk, window), [], f"{language}, page {number}: words can be read")
            tap.equal(out_of_order(window), [], f"{language}, page {number}: what is read out has the order of what is seen")
        turn(desk, window, 2)
        fields(tap, desk, window, language)
        tap.equal(double.end(), 0, "it ends when it is told to")


def main():
    program, ivl, demo = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    tap = RealTap()
    if a11y is None:
        tap.skip_all(REASON)
    if missing():
        tap.skip_all(f"{', '.join(missing())} not installed")
    shots = Path(os.environ.get("G_TEST_BUILDDIR", ".")).resolve() / "gimp" / "window"
    variables = {"IVL_SERVE_COMMAND": ivl, "IVL_MODEL": str(demo / "model"), "G_DEBUG": "fatal-criticals"}
    for part in (local, remote, progress, one_name, mnemonics, layout):
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
