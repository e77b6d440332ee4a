#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-preferences.py SHOW_PREFERENCES IVL DEMO: the preferences, used through accessibility and the keyboard: what is
chosen stands in the files and holds, what cannot be done is said, with a server that is down and a real one."""

import os
import re
import shutil
import socket
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "remote"))
from reallib import RealTap, free_port, wait_healthy  # noqa: E402

from desk import Desk, missing, wait_for  # noqa: E402

TITLE = "Image Assistant Preferences"
KEY = "sk-preferences-0123456789"
CONFIG = """# what the person wrote
[ivl]
model=atelier
[service]
# minutes
idle-exit=15
[remote "atelier"]
url=http://127.0.0.1:{down}/v1
[remote "real"]
url=http://127.0.0.1:{real}/v1
key-file={folder}/key
[remote "wrong"]
url=http://127.0.0.1:{real}/v1
key-file={folder}/wrong-key
[other program]
its=own
"""
SETTINGS = "# mine\n[gimp]\nallowed=a.example;b.example;\nunknown=kept\n"


class Place:
    """The preferences on a desk, with two models, three servers and their files."""

    def __init__(self, desk, program, ivl, demo):
        self.desk = desk
        self.program = program
        self.ivl = ivl
        self.demo = demo
        self.port = free_port()
        self.config = desk.folder / "config" / "ivl" / "ivl.conf"
        self.settings = desk.folder / "config" / "ivl" / "gimp.conf"
        self.config.parent.mkdir(mode=0o700)
        for folder in (desk.folder / "data" / "ivl" / "models" / "alpha", desk.folder / "data" / "ivl" / "models" / "beta",
                       desk.folder / "elsewhere" / "gamma"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(demo / "model")
        (desk.folder / "empty").mkdir()
        for name, key in (("key", KEY), ("wrong-key", KEY + "x")):
            path = desk.folder / name
            path.touch(0o600)
            path.write_text(key + "\n", encoding="ascii")
        self.config.write_text(CONFIG.format(down=free_port(), real=self.port, folder=desk.folder), encoding="utf-8")
        self.settings.write_text(SETTINGS, encoding="utf-8")
        self.process = None
        self.window = None

    def open(self):
        self.process = self.desk.start(*unprivileged(), self.program, log="preferences")
        self.window = self.dialog(TITLE)

    def dialog(self, title):
        import a11y  # pylint: disable=import-outside-toplevel
        handle = self.desk.wait_window(f"^{title}$", self.process.pid)
        return a11y.window(self.desk, self.process.pid, handle, title)

    def serve(self):
        server = self.desk.start(self.ivl, "serve", "--listen", f"127.0.0.1:{self.port}", "--api-key-file",
                                 self.desk.folder / "key", "--model", self.demo / "model", log="serve")
        wait_healthy(self.port, server)
        return server

    def close(self):
        """The exit status, once all windows were closed by the window manager's own key."""
        handle = self.desk.wait_window("^parent$", self.process.pid)
        self.desk.key("alt+F4", window=handle)
        return self.process.wait(60)

    def choose(self, combo, item):
        """By a list's own menu."""
        control = self.window.find("combo", combo)
        control.click()
        control.find("menu", item).press()

    def holds(self, path, *lines):
        """Whether the lines stand in the file at last, and what a person wrote into it still does."""
        kept = ("# mine", "unknown=kept") if path == self.settings else ("# what the person wrote", "# minutes", "its=own")
        return bool(wait_for(lambda: set(lines + kept) <= set(path.read_text(encoding="utf-8").splitlines()), 30))

    def says(self, pattern, inside=None, seconds=60):
        return bool(wait_for(lambda: re.search(pattern, (inside or self.window).words()), seconds))


def unprivileged():
    """Root may write everywhere; without this one right it is as anybody."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")


def local(tap, place):
    from doublelib import faint, nameless, out_of_order  # pylint: disable=import-outside-toplevel
    tap.point(place.window.find("combo", "^Model").every("menu", r"^The usual one \(alpha\)$", showing=False),
              "the usual model here is an installed one, though the configuration's is a server", place.window.outline())
    tap.equal(nameless(place.window), [], "every control has a name")
    tap.equal(out_of_order(place.window), [], "what is read out has the order of what is seen")
    tap.equal(faint(place.desk, place.window), [], "words can be read")
    place.desk.shoot("preferences", place.window.window)
    place.choose("^Model", "^beta$")
    tap.point(place.holds(place.settings, "location=service:beta"), "a model that is installed is chosen",
              place.settings.read_text(encoding="utf-8"))

    for folder, said in (("empty", "This folder holds no model"), ("elsewhere/gamma", None)):
        place.choose("^Model", "^Choose a Folder")
        chooser = place.dialog("Choose the Folder of a Model")
        # The line to write a path into comes with its first character
        chooser.find("button", "^Choose$")
        path = f"{place.desk.folder}/{folder}"
        place.desk.type(path, chooser.window)
        wait_for(lambda box=chooser, typed=path: box.find("text").text().startswith(typed))
        place.desk.key("Return", window=chooser.window)
        if said:
            tap.point(place.says(said), "a folder without a model is refused, with a reason", place.window.words())
            tap.point(place.holds(place.settings, "location=service:beta"), "and changes nothing")
    tap.point(place.holds(place.settings, f"location=service:{place.desk.folder}/elsewhere/gamma"),
              "a folder elsewhere is chosen", (place.settings.read_text(encoding="utf-8"), place.window.words()))
    tap.point(place.window.find("combo", "^Model").every("menu", "/elsewhere/gamma$", showing=False) and
              not place.says("This folder holds no model", seconds=0),
              "and shown", place.window.words())


def answers(tap, place):
    place.choose("^Language", "^German")
    tap.point(place.holds(place.settings, "language=de"), "a language is chosen", place.settings.read_text(encoding="utf-8"))
    place.choose("^Picture detail", "^At most 6 tiles$")
    tap.point(place.holds(place.settings, "max-tiles=6"), "a number of tiles is chosen",
              place.settings.read_text(encoding="utf-8"))
    place.window.find("spin", "^Unload").write("42")
    place.desk.key("Tab")
    tap.point(place.holds(place.config, "idle-exit=42"), "minutes are written", place.config.read_text(encoding="utf-8"))


def privacy(tap, place):
    place.window.find("button", "pictures to a.example$").press()
    tap.point(place.holds(place.settings, "allowed=b.example;") and not place.window.every("button", "a.example$"),
              "a place is forgotten", place.settings.read_text(encoding="utf-8"))
    box = place.window.find("check", "^Never send")
    for state in ("true", "false"):
        box.press()
        tap.point(place.holds(place.config, f"local-only={state}"), f"sending pictures elsewhere is forbidden: {state}",
                  place.config.read_text(encoding="utf-8"))


def key_field(dialog):
    """Not the label beside it, which has the same name."""
    return wait_for(lambda: [control for control in dialog.every(None, "^API key") if control.has("FOCUSABLE")])[0]


def test_entered(tap, place, dialog):
    """The button that tries the fields out before they are saved, with no server, a silent one and one that serves."""
    before = place.config.read_text(encoding="utf-8")
    name, address, key = dialog.find("text", "^Name"), dialog.find("text", "^Address"), key_field(dialog)
    test = dialog.find("button", "^Test$")
    name.write("")
    test.press()
    tap.point(place.says("cannot be reached.*start it", dialog) and place.says("refuses connections: start", dialog),
              "a server of this computer that is down is to be started", dialog.words())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address.write(f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        test.press()
        stop = dialog.find("button", "^Stop$")
        tap.point(place.says("Asking about a small picture", dialog), "the window lives while a silent server is asked", dialog.words())
        stop.press()
        tap.point(dialog.find("button", "^Test$") and wait_for(lambda: not place.says("Asking about", dialog, 0)),
                  "and the test can be stopped", dialog.words())
    address.write(f"http://localhost:{place.port}/v1")
    server = place.serve()
    for typed, said in (("wrong", "refuses"), (KEY, "answers about pictures, with the model model")):
        key.focus()
        place.desk.key("ctrl+a", "Delete")
        place.desk.type(typed)
        dialog.find("button", "^Test$").press()
        tap.point(place.says(said, dialog), f"the test of what was entered: {said}", dialog.words())
    place.desk.shoot("preferences-test", dialog.window)
    tap.equal(place.config.read_text(encoding="utf-8"), before, "a test saves nothing")
    server.kill()
    server.wait()
    key.focus()
    place.desk.key("ctrl+a", "Delete")
    name.write("new")


def add(tap, place):
    from doublelib import faint, nameless, out_of_order  # pylint: disable=import-outside-toplevel
    before = place.config.read_text(encoding="utf-8")
    place.window.find("button", "^Add").press()
    dialog = place.dialog("Add Server")
    tap.equal(nameless(dialog), [], "every control of the dialog has a name")
    tap.equal(faint(place.desk, dialog), [], "words can be read there")
    tap.equal(out_of_order(dialog), [], "and are read out in their order")
    name, address, key, save = (dialog.find("text", "^Name"), dialog.find("text", "^Address"), key_field(dialog),
                                dialog.find("button", "^Save$"))
    for texts, said in ((("", "http://x.example"), "Give the server a name"), (("a/b", "http://x.example"), "This name cannot be used"),
                        (("atelier", "http://x.example"), "called atelier already"), (("new", "gpu"), "This address cannot be used"),
                        (("new", ""), "This address cannot be used")):
        name.write(texts[0])
        address.write(texts[1])
        save.press()
        tap.point(place.says(said, dialog), f"{texts} is refused: {said}", dialog.words())
    tap.point(address.has("FOCUSED"), "the field that is wrong has the focus")
    name.write("a/b")
    key.focus()
    place.desk.type("two words")
    save.press()
    tap.point(place.says("(?s)This name cannot be used.*This address cannot be used", dialog), "all that is wrong is told at once",
              dialog.words())
    tap.point(name.has("FOCUSED"), "the first of these fields has the focus")
    address.write(f"http://localhost:{place.port}/v1")
    save.press()
    tap.point(place.says("(?s)This name cannot be used.*This key cannot be used", dialog), "the key is looked at as well",
              dialog.words())
    name.write("new")
    key.focus()
    place.desk.key("ctrl+a", "Delete")
    test_entered(tap, place, dialog)
    place.desk.shoot("preferences-bad-address", dialog.window)
    address.write(f"http://localhost:{place.port}/v1")
    key.focus()
    place.desk.type(KEY)
    save.press()
    tap.point(place.says("The key cannot be kept.*Unlock or start", dialog), "without a keyring a key is not kept, which is said",
              dialog.words())
    place.desk.shoot("preferences-no-keyring", dialog.window)
    tap.equal(place.config.read_text(encoding="utf-8"), before, "nothing was written so far")
    key.focus()
    place.desk.key("ctrl+a", "Delete")
    save.press()
    tap.point(place.holds(place.config, '[remote "new"]', f"url=http://localhost:{place.port}/v1"), "a server is added",
              place.config.read_text(encoding="utf-8"))
    tap.point(KEY not in place.config.read_text(encoding="utf-8"), "the key stands in no file")


def remote(tap, place):
    place.window.find("radio", "^On a server").press()
    tap.point(place.holds(place.settings, "location=remote:new"), "the server that was added is what answers now",
              place.settings.read_text(encoding="utf-8"))
    place.choose("^Server", "^atelier$")
    tap.point(place.holds(place.settings, "location=remote:atelier"), "another server is chosen",
              place.settings.read_text(encoding="utf-8"))
    test = place.window.find("button", "^Test$")
    test.press()
    tap.point(place.says("cannot be reached"), "the test of a server that is down says so", place.window.words())
    place.desk.shoot("preferences-down", place.window.window)
    server = place.serve()
    for name, said in (("real", "answers about pictures, with the model model"), ("wrong", "refuses"), ("new", "refuses")):
        place.choose("^Server", f"^{name}$")
        tap.point(wait_for(lambda: not place.says("answers about|refuses|be reached", seconds=0), 30),
                  "what was said of another server goes")
        place.window.find("button", "^Test$").press()
        tap.point(place.says(said), f"the test of a real server, {name} key: {said}", place.window.words())
        place.desk.shoot(f"preferences-{name}", place.window.window)
    before = place.config.read_text(encoding="utf-8")
    place.window.find("button", "^Remove$").press()
    shown = wait_for(lambda: [window for window in place.desk.find_windows(pid=place.process.pid)
                              if place.desk.window_facts(window)[0] not in (TITLE, "parent")])
    place.desk.shoot("preferences-remove", shown[0])
    place.desk.key("Escape", window=shown[0])
    wait_for(lambda: len(place.desk.find_windows(pid=place.process.pid)) == 2)
    tap.equal(place.config.read_text(encoding="utf-8"), before, "without leave no server is removed")
    place.window.find("button", "^Remove$").press()
    wait_for(lambda: len(place.desk.find_windows(pid=place.process.pid)) == 3)
    place.desk.key("alt+r")
    tap.point(wait_for(lambda: '"new"' not in place.config.read_text(encoding="utf-8")) and place.holds(place.config, '[remote "atelier"]'),
              "a server is removed", place.config.read_text(encoding="utf-8"))
    tap.point(place.holds(place.settings, f"location=service:{place.desk.folder}/elsewhere/gamma"),
              "then this computer answers again", place.settings.read_text(encoding="utf-8"))
    server.kill()


def unwritable(tap, place):
    folder = place.config.parent
    if os.geteuid() == 0 and not unprivileged():
        tap.skip("root can write everywhere, and there is no setpriv to take that away", "a file that cannot be written")
        return
    before = place.config.read_text(encoding="utf-8"), place.settings.read_text(encoding="utf-8")
    folder.chmod(0o500)
    said = "The configuration file could not be written. See whether its folder"
    try:
        place.window.find("check", "^Never send").press()
        tap.point(place.says(said), "a configuration that cannot be written is said", place.window.words())
        tap.point(not place.window.find("check", "^Never send").is_checked(), "and the controls show what holds")
        place.desk.shoot("preferences-unwritable", place.window.window)
        place.window.find("button", "^Close$").press()
        tap.point(wait_for(lambda: not place.says(said, seconds=0)), "the notice can be closed", place.window.words())
        place.choose("^Picture detail", "^At most 9 tiles$")
        tap.point(place.says(said), "a setting that cannot be written is said as well", place.window.words())
        tap.equal((place.config.read_text(encoding="utf-8"), place.settings.read_text(encoding="utf-8")), before,
                  "and the files are as they were")
    finally:
        folder.chmod(0o700)


def service(tap, place):
    """The own computer answers though the usual model is a server."""
    code, said, errors = place.desk.run(place.ivl, "caption", "-m", "service:", place.demo / "taxi.png", IVL_SERVE_COMMAND=place.ivl)
    tap.point(code == 0 and "TAXI" in said, "the service takes the first installed model where the usual one is a server",
              (said, errors))


def use(tap, place):
    place.open()
    for part in (local, answers, privacy, add, remote, unwritable):
        part(tap, place)
    place.desk.key("Escape", window=place.window.window)
    tap.point(wait_for(lambda: not place.desk.find_windows(TITLE)), "Esc closes the preferences")
    tap.equal(place.close(), 0, "the program ends well")
    said = [line for line in (place.desk.folder / "preferences.log").read_text(errors="replace").splitlines()
            if line and "could not be written" not in line]
    tap.equal(said, [], "nothing was complained about")
    service(tap, place)


def main():
    program, ivl, demo = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    tap = RealTap()
    try:
        import a11y  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    except (ImportError, ValueError) as error:
        tap.skip_all(f"no GObject for Python: {error}")
    if missing():
        tap.skip_all(f"{', '.join(missing())} not installed")
    shots = Path(os.environ.get("G_TEST_BUILDDIR", ".")).resolve() / "gimp" / "preferences"
    try:
        with Desk(shots, G_DEBUG="fatal-criticals") as desk:
            use(tap, Place(desk, program, ivl, demo))
    except Exception:  # pylint: disable=broad-except
        tap.point(False, "the test comes to its end", traceback.format_exc())
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
