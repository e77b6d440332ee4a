# SPDX-License-Identifier: GPL-3.0-or-later
"""A real GIMP with the plug-in on a desktop of its own: its profile, its menu entries by shortcuts, its images through
a Script-Fu server inside it, the plug-in's window through the accessibility bus, the service behind it."""

import http.client
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from desk import HANG, Desk, command_line, descendants, is_alive, wait_for

ACTIONS = ("ask", "caption", "alt-text", "ocr", "locate", "export")
SHORTCUTS = dict(zip(ACTIONS, "jkuyxz"))  # with Ctrl and Alt: GIMP 3.2 does not hear Ctrl+Shift+F5 of xdotool's
GIMPRC = """(check-updates no)
(color-profile-policy keep)
(save-session-info no)
(save-device-status no)
(undo-levels 50)
(swap-path "{folder}/cache")
(temp-path "{folder}/cache")
"""


def installed():
    """(program, console, major) of the newest GIMP here, or None."""
    for version, major in (("3.2", 3), ("3.0", 3), ("2.10", 2)):
        if shutil.which(f"gimp-{version}"):
            return f"gimp-{version}", f"gimp-console-{version}", major
    return None


def quote(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def atoms(text):
    """The first thing in what `write` made of lists, vectors, strings and numbers, as Python's own."""
    tokens = re.findall(r'"(?:\\.|[^"\\])*"|#?\(|\)|[^\s()]+', text)
    stack = [[]]
    for token in tokens:
        if token in ("(", "#("):
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        elif token.startswith('"'):
            stack[-1].append(re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match.group(1), match.group(1)), token[1:-1]))
        elif token in ("#t", "#f"):
            stack[-1].append(token == "#t")
        else:
            number = float(token) if re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?", token) else token
            stack[-1].append(int(number) if number == number // 1 else number) if not isinstance(number, str) \
                else stack[-1].append(number)
    return stack[0][0] if stack[0] else None


class ScriptError(Exception):
    """What GIMP's Script-Fu said."""


class Gimp:
    """One GIMP on a desk. plugin: the built binary; serve: the command that `service:` starts."""

    def __init__(self, desk, plugin, serve, model, keep=None, **variables):
        self.desk = desk
        self.program, self.console, self.major = installed()
        self.version = desk.run(self.console, "--version")[1].split()[-1]
        self.plugin = Path(plugin) if plugin else None
        self.process = None
        self.port = None
        self.profile = desk.folder / "gimp"
        # The plug-in is copied into the profile, away from the library that it was built beside
        library = Path(serve).resolve().parent.parent / "libivl"
        if library.is_dir():
            desk.environment["LD_LIBRARY_PATH"] = str(library)
        desk.environment.update({f"GIMP{self.major}_DIRECTORY": str(self.profile), "IVL_SERVE_COMMAND": str(serve),
                                 "IVL_MODEL": str(model), **variables})
        self.make_profile(Path(keep) if keep else None)

    def make_profile(self, keep):
        """As GIMP's first start leaves it, and then the plug-in and its shortcuts. keep: where that first start is
        kept for other tests, since it takes seconds."""
        kept = keep / f"profile-{self.program}" if keep else None
        if kept and kept.is_dir():
            shutil.copytree(kept, self.profile, symlinks=True)
        else:
            self.console_run("")
            if kept:
                keep.mkdir(parents=True, exist_ok=True)
                part = keep / f"profile-{os.getpid()}"
                shutil.copytree(self.profile, part, symlinks=True)
                try:
                    part.rename(kept)
                except OSError:
                    shutil.rmtree(part)
        # Else GIMP 3 greets whoever starts it for the first time
        extra = f'(show-welcome-dialog no)\n(config-version "{self.version}")\n' if self.major == 3 else ""
        (self.profile / "gimprc").write_text(GIMPRC.format(folder=self.desk.folder) + extra, encoding="utf-8")
        if self.major == 2:
            lines = [f'(gtk_accel_path "<Actions>/plug-in/plug-in-ivl-{action}" "<Primary><Alt>{key}")'
                     for action, key in SHORTCUTS.items()]
            (self.profile / "menurc").write_text("\n".join(lines) + "\n", encoding="utf-8")
        else:
            lines = [f'(action "plug-in-ivl-{action}" "<Primary><Alt>{key}")' for action, key in SHORTCUTS.items()]
            (self.profile / "shortcutsrc").write_text("\n".join(["(file-version 1)"] + lines) + "\n", encoding="utf-8")
        if self.plugin:
            folder = self.profile / "plug-ins" / "ivl"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.plugin, folder / "ivl")

    def console_run(self, script, seconds=HANG, **changes):
        """(exit status, output, messages) of a script without a display or a session bus."""
        bare = {"DISPLAY": None, "DBUS_SESSION_BUS_ADDRESS": None, **changes}
        if self.major == 2:
            return self.desk.run(self.console, "-i", "-d", "-b", script or "0", "-b", "(gimp-quit 0)", timeout=seconds, **bare)
        return self.desk.run(self.console, "-i", "-d", "--quit", "--batch-interpreter=plug-in-script-fu-eval", "-b",
                             script or "0", timeout=seconds, **bare)

    def console_value(self, code, seconds=HANG, **changes):
        """What Script-Fu code is worth in a console: a list, a string, a number. It reaches the test through a file."""
        path = self.desk.folder / "value"
        path.unlink(missing_ok=True)
        done = self.console_run(f"(let* ((value {code}) (port (open-output-file {quote(path)}))) (write value port) "
                                "(close-output-port port))", seconds, **changes)
        if not path.exists():
            raise ScriptError(f"exit status {done[0]}: {done[1]}{done[2]}")
        return atoms(path.read_text(encoding="utf-8", errors="replace"))

    def load_code(self, path):
        """Script-Fu: an image of a file."""
        again = f" {quote(path)}" if self.major == 2 else ""
        return f"(car (gimp-file-load RUN-NONINTERACTIVE {quote(path)}{again}))"

    def ask_code(self, action, image="image", prompt="", drawables=None, mode="RUN-NONINTERACTIVE", **options):
        """Script-Fu: all that a procedure of the plug-in returns about an image. drawables: the code of each; the active
        one by default. options: by the names of the arguments, with _ for -."""
        texts = {name: options.get(name, "") for name in ("source", "language", "model", "task", "role")}
        numbers = {name: options.get(name, 0) for name in ("max_tiles", "max_tokens")}
        unknown = set(options) - set(texts) - set(numbers)
        if unknown:
            raise ValueError(f"no arguments: {unknown}")
        if self.major == 2:
            drawable = drawables[0] if drawables else f"(car (gimp-image-get-active-drawable {image}))"
            words = [quote(prompt), quote(texts["source"]), quote(texts["language"]), str(numbers["max_tiles"]),
                     str(numbers["max_tokens"]), quote(texts["model"]), quote(texts["task"])]
            words += [quote(texts["role"])] if action == "alt-text" else []
            return f"(plug-in-ivl-{action} {mode} {image} {drawable} {' '.join(words)})"
        given = {**{name: quote(value) for name, value in texts.items() if value},
                 **{name.replace("_", "-"): str(value) for name, value in numbers.items() if value}}
        words = " ".join(f"#:{name} {value}" for name, value in given.items())
        return (f"(plug-in-ivl-{action} #:run-mode {mode} #:image {image} #:drawables {self.vector(drawables, image)} "
                f"#:prompt {quote(prompt)} {words})")

    def vector(self, drawables, image):
        """GIMP 3's Script-Fu: drawables as an argument"""
        if drawables is None:
            return f"(car (gimp-image-get-selected-drawables {image}))"
        return f"(vector {' '.join(drawables)})"

    def layer_code(self, image="image"):
        """Script-Fu: its topmost layer"""
        return f"(vector-ref (car (reverse (gimp-image-get-layers {image}))) 0)"

    def export_code(self, file, alt="", description="", caption="", metadata="", image="image"):
        """Script-Fu: the export with texts."""
        if self.major == 2:
            return (f"(plug-in-ivl-export RUN-NONINTERACTIVE {image} (car (gimp-image-get-active-drawable {image})) "
                    + " ".join(map(quote, (file, alt, description, caption, metadata))) + ")")
        rest = f"#:metadata {quote(metadata)}" if metadata else ""
        return (f"(plug-in-ivl-export #:run-mode RUN-NONINTERACTIVE #:image {image} #:drawables "
                f"{self.vector(None, image)} #:file {quote(file)} #:alt-text {quote(alt)} "
                f"#:description {quote(description)} #:caption {quote(caption)} {rest})")

    def start(self, *files):
        """With its main window in sight and the Script-Fu server up."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        log = "/dev/null"
        if self.major == 2:
            batch = ["-b", f'(plug-in-script-fu-server RUN-NONINTERACTIVE "127.0.0.1" {self.port} "{log}")']
        else:
            batch = ["--batch-interpreter=plug-in-script-fu-eval", "-b",
                     f'(plug-in-script-fu-server #:run-mode RUN-NONINTERACTIVE #:ip "127.0.0.1" #:port {self.port})']
        self.process = self.desk.start(self.program, "--new-instance", "--no-splash", "--no-data", "--console-messages",
                                       *batch, *files, log="gimp")
        if not wait_for(lambda: self.answers() or self.process.poll() is not None) or self.process.poll() is not None:
            raise RuntimeError(f"{self.program} did not start: {self.said()[-2000:]}")
        if not wait_for(lambda: len(self.images()) >= len(files) and self.main_window()):
            raise RuntimeError(f"{self.program} shows no {files}: {self.said()[-2000:]}")
        return self

    def said(self):
        return (self.desk.folder / "gimp.log").read_text(errors="replace")

    def answers(self):
        return self.script("1") is not None

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """Ends GIMP and what hangs on it, not the service."""
        if self.process is not None and self.process.poll() is None:
            for pid in [*descendants(self.process.pid), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
            self.process.wait(HANG)

    def main_window(self, title="GIMP|GNU Image"):
        found = self.desk.find_windows(title, self.process.pid)
        return found[0] if found else None

    # What is in its images

    def script(self, code, seconds=HANG):
        """The value of Script-Fu code, as Python's lists, numbers and strings."""
        data = f'(begin (write {code}) (display " "))'.encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(b"G" + struct.pack(">H", len(data)) + data)
            head = receive(connection, 4)
            text = receive(connection, struct.unpack(">H", head[2:])[0]).decode(errors="replace")
        if head[1]:
            raise ScriptError(f"{code}: {text}")
        return atoms(text)

    def call(self, name, *arguments):
        """The first value that a procedure returns."""
        words = " ".join(str(word) if isinstance(word, (int, float)) else word for word in arguments)
        return self.script(f"(car ({name} {words}))")

    def listed(self, name, *arguments):
        """The ids in the last value that it returns."""
        return self.script(f"(car (reverse ({name} {' '.join(map(str, arguments))})))")

    def images(self):
        return list(self.listed("gimp-image-list" if self.major == 2 else "gimp-get-images"))

    def layers(self, image):
        """(id, name) from the top."""
        return [(layer, self.call("gimp-item-get-name", layer)) for layer in self.listed("gimp-image-get-layers", image)]

    def channels(self, image):
        return [self.call("gimp-item-get-name", channel) for channel in self.listed("gimp-image-get-channels", image)]

    def selection(self, image):
        """(x, y, width, height), or None."""
        there, left, top, right, bottom = self.script(f"(gimp-selection-bounds {image})")
        return (left, top, right - left, bottom - top) if there else None

    def guides(self, image):
        """(orientation, position) of each: 0 horizontal, 1 vertical."""
        found = []
        guide = self.call("gimp-image-find-next-guide", image, 0)
        while guide:
            found.append((self.call("gimp-image-get-guide-orientation", image, guide),
                          self.call("gimp-image-get-guide-position", image, guide)))
            guide = self.call("gimp-image-find-next-guide", image, guide)
        return sorted(found)

    def is_dirty(self, image):
        return bool(self.call("gimp-image-is-dirty", image))

    def state(self, image):
        """All that the plug-in may change."""
        return {"layers": self.layers(image), "selection": self.selection(image), "guides": self.guides(image),
                "channels": self.channels(image), "metadata": self.metadata(image)}

    def metadata(self, image):
        """The XML that GIMP keeps; empty without any. GIMP 3 shows it to no script, but writes it into its own files."""
        if self.major == 2:
            try:
                return self.script(f"(car (gimp-image-get-metadata {image}))")
            except ScriptError:
                return ""
        path = self.desk.folder / "metadata.xcf"
        self.script(f"(begin (gimp-xcf-save RUN-NONINTERACTIVE {image} {quote(path)}) 1)")
        found = re.search(rb"gimp-image-metadata\0.{8}(<\?xml.*?</metadata>)", path.read_bytes(), re.DOTALL)
        return found.group(1).decode(errors="replace") if found else ""

    def fill(self, image, color, box=None):
        """As a person would paint over a place of the topmost layer."""
        layer = self.layers(image)[0][0]
        select = f"(gimp-image-select-rectangle {image} CHANNEL-OP-REPLACE {' '.join(map(str, box))})" if box else "1"
        self.script(f"(begin (gimp-context-set-foreground '({' '.join(map(str, color))})) {select} "
                    f"(gimp-drawable-edit-fill {layer} FILL-FOREGROUND) (gimp-selection-none {image}) (gimp-displays-flush) 1)")

    def close_displays(self):
        """All image windows, without a question."""
        valid = "gimp-display-is-valid" if self.major == 2 else "gimp-display-id-is-valid"
        for display in range(1, 20):
            if self.call(valid, display):
                self.script(f"(begin (gimp-display-delete {display}) 1)")

    def undo(self):
        self.desk.key("ctrl+z", window=self.main_window())

    def controls(self, role, name, showing=True):
        """What is in its windows, as assistive programs are told."""
        from a11y import GLib, windows  # pylint: disable=import-outside-toplevel
        try:
            return [control for window in windows(self.desk, self.process.pid) for control in window.every(role, name, showing)]
        except GLib.Error:
            return []

    def named_entries(self):
        """The names of all entries in its menus, as assistive programs are told."""
        from a11y import GLib, windows  # pylint: disable=import-outside-toplevel
        try:
            return [entry.name() for window in windows(self.desk, self.process.pid)
                    for entry in window.every("menu", showing=False)]
        except GLib.Error:
            return []

    def menu_entries(self, labels):
        """Those with these labels, in their order. GIMP lists the latest once more, elsewhere."""
        return list(dict.fromkeys(name for name in self.named_entries() if name in labels))

    def menu_icons(self):
        """The names of their pictures, as the plug-in told them."""
        told = (self.profile / "pluginrc").read_text(encoding="utf-8", errors="replace")
        own = told[told.index("plug-ins/ivl/ivl"):].split("(plug-in-def")[0]
        return re.findall(r'\(icon icon-name -?\d+\s+"([^"]+)"', own)

    def undo_name(self):
        """What the Edit menu of its topmost window calls the step that Ctrl+Z takes back."""
        entries = self.named_entries()
        names = [name[len("Undo "):] for name in entries if name.startswith("Undo ") and name != "Undo History"]
        return names[0] if names else None

    # The plug-in

    def choose(self, action, window=None):
        """Presses the shortcut of a menu entry; returns when."""
        return self.desk.key(f"ctrl+alt+{SHORTCUTS[action]}", window=window or self.main_window())

    def plug_ins(self):
        """Process ids of the plug-in."""
        own = str(self.profile / "plug-ins" / "ivl" / "ivl")
        return [pid for pid in descendants(os.getpid()) if command_line(pid)[:1] == [own] and is_alive(pid)]

    def window(self, title=None, known=(), seconds=HANG):
        """The plug-in's window that is not in known: (id, seconds after since) through wait_for."""
        def look():
            pids = self.plug_ins()
            for window in self.desk.windows():
                if window not in known:
                    name, _, owner = self.desk.window_facts(window)
                    if owner in pids and (title is None or re.search(title, name)):
                        return window
            return None
        return wait_for(look, seconds)

    # The service

    def socket_path(self):
        return self.desk.folder / "run" / "ivl" / "serve.sock"

    def ask_service(self, path):
        connection = http.client.HTTPConnection("localhost", timeout=HANG)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(HANG)
        connection.sock.connect(str(self.socket_path()))
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def metric(self, name):
        """A number of the service's; 0 while there is none."""
        try:
            match = re.search(rf"^{name}(?:{{[^}}]*}})? ([\d.e+]+)$", self.ask_service("/metrics"), re.MULTILINE)
        except OSError:
            return 0
        return float(match.group(1)) if match else 0

    def services(self):
        """Process ids of the service and its worker."""
        return [pid for pid in descendants(os.getpid()) if "serve" in command_line(pid)[1:4] and is_alive(pid)]


def receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the Script-Fu server closed the connection")
        data += part
    return data


def memory(pid):
    """(RSS, PSS) of a process in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return tuple(int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE).group(1)) / 1024 for name in ("Rss", "Pss"))


__all__ = ["Desk", "Gimp", "ScriptError", "atoms", "installed", "memory", "quote", "subprocess", "time", "wait_for"]
