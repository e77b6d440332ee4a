# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop of its own for one test: an X server, a window manager, a session bus with accessibility, folders for
everything that is a user's. Whatever is started on it ends with it."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

# For hangs only: no test passes or fails by how long something took below this
HANG = 180
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None)
WINDOW_ID = re.compile(r"0x[0-9a-f]+")
PROGRAMS = ("Xvfb", "openbox", "xdotool", "xprop", "import", "dbus-daemon")
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}</listen>
<servicedir>{folder}/services</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""


def wait_for(condition, seconds=HANG, pause=0.05):
    """What condition() gave when it was something at last; None after `seconds`. OSError counts as not yet."""
    limit = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except OSError:
            found = None
        if found:
            return found
        if time.monotonic() > limit:
            return None
        time.sleep(pause)


def missing():
    """The programs of PROGRAMS that are not here."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            pass
    return found


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def is_alive(pid):
    """Whether it runs; one that only waits to be asked for its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def leave(*_):
    """meson's way of ending a test that takes too long: what was started is ended on the way out."""
    raise SystemExit(1)


class Desk:
    """with Desk() as desk: ... Only one at a time: this process adopts whatever its processes leave behind."""

    def __init__(self, shots=None, **variables):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
        signal.signal(signal.SIGTERM, leave)
        self.folder = Path(tempfile.mkdtemp(prefix="ivl-desk-"))  # short: it holds sockets
        self.shots = Path(shots) if shots else None
        self.seen = {}  # window -> when it was mapped
        self.lock = threading.Lock()
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder),
            "GSETTINGS_BACKEND": "memory", "GIO_USE_VFS": "local", "GIO_USE_VOLUME_MONITOR": "unix",
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "2"), **variables}
        for name, folder in (("CONFIG", "config"), ("DATA", "data"), ("STATE", "state"), ("CACHE", "cache"), ("RUNTIME", "run")):
            (self.folder / folder).mkdir(mode=0o700)
            self.environment[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = str(self.folder / folder)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def __enter__(self):
        try:
            self.start_display()
            self.start_bus()
            self.start("openbox", "--sm-disable")
            self.watch_windows()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.end_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name):
        return open(self.folder / f"{name}.log", "ab")

    def start(self, *command, log=None, **options):
        """A process that is killed when this one ends, however it ends."""
        with self.log(log or Path(command[0]).name) as out:
            return subprocess.Popen([str(word) for word in command], env=self.environment, cwd=self.folder,
                                    preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
                                    **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **options})

    def run(self, *command, timeout=HANG, **changes):
        """(exit status, standard output, standard error) as text."""
        environment = {name: value for name, value in {**self.environment, **changes}.items() if value is not None}
        done = subprocess.run([str(word) for word in command], env=environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", check=False, timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def end_all(self):
        """Kills what this process started, and what that left behind, which is this process's own by now."""
        def kill():
            left = [pid for pid in descendants(os.getpid()) if is_alive(pid)]
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            return not left
        wait_for(kill, pause=0.02)

    def start_display(self):
        reader, writer = os.pipe()
        self.start("Xvfb", "-displayfd", writer, "-screen", "0", "1400x1000x24", "-nolisten", "tcp", "-noreset",
                   pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise RuntimeError((self.folder / "Xvfb.log").read_text(errors="replace"))
        self.environment["DISPLAY"] = f":{number}"

    def start_bus(self):
        """Only what the tests need can be started on it; no service of the desktop is."""
        services = self.folder / "services"
        services.mkdir()
        for name in ("org.a11y.Bus.service",):
            shutil.copy(f"/usr/share/dbus-1/services/{name}", services)
        (self.folder / "bus.conf").write_text(BUS.format(folder=self.folder), encoding="utf-8")
        bus = self.start("dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--print-address",
                         stdout=subprocess.PIPE, text=True)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        os.environ.update({name: self.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")})

    def watch_windows(self):
        """Notes when the window manager takes each window: that is when a person sees it."""
        if not wait_for(lambda: "such atom" not in self.run("xprop", "-root", "_NET_CLIENT_LIST")[1]):
            raise RuntimeError("openbox did not start")
        spy = self.start("stdbuf", "-oL", "xprop", "-root", "-spy", "_NET_CLIENT_LIST", stdout=subprocess.PIPE, text=True)

        def read():
            for line in spy.stdout:
                now = time.monotonic()
                there = set(WINDOW_ID.findall(line))
                with self.lock:
                    # The server gives ids of windows that are gone to new ones
                    self.seen.update({window: now for window in there - self.there})
                    self.there = there
        self.there = set()
        threading.Thread(target=read, daemon=True).start()

    def windows(self):
        with self.lock:
            return sorted(self.there)

    def mapped_at(self, window):
        with self.lock:
            return self.seen[window]

    def window_facts(self, window):
        """(title, class, process id) of a window; empty when it is gone."""
        _, said, _ = self.run("xprop", "-id", window, "-notype", "_NET_WM_NAME", "WM_NAME", "WM_CLASS", "_NET_WM_PID")
        def value(name):
            match = re.search(rf"^{name} = (.*)$", said, re.MULTILINE)
            return match.group(1) if match else ""
        title = value("_NET_WM_NAME") or value("WM_NAME")
        return title.strip('"'), value("WM_CLASS"), int(value("_NET_WM_PID") or 0)

    def find_windows(self, title=None, pid=None):
        """Ids of those whose title matches and that are of that process, the newest last."""
        found = []
        for window in sorted(self.windows(), key=self.mapped_at):
            name, _, owner = self.window_facts(window)
            if (title is None or re.search(title, name)) and (pid is None or owner == pid):
                found.append(window)
        return found

    def wait_window(self, title=None, pid=None, seconds=HANG):
        found = wait_for(lambda: self.find_windows(title, pid), seconds)
        return found[-1] if found else None

    def active(self):
        _, said, _ = self.run("xprop", "-root", "-notype", "_NET_ACTIVE_WINDOW")
        found = WINDOW_ID.findall(said)
        return found[0] if found else None

    def activate(self, window):
        def try_it():
            if self.active() == window:
                return True
            self.run("xdotool", "windowactivate", window)
            return False
        return bool(wait_for(try_it, pause=0.1))

    def key(self, *keys, window=None):
        """To the window, which comes to the front first. Returns when they were pressed."""
        if window is not None:
            self.activate(window)
        now = time.monotonic()
        self.run("xdotool", "key", "--clearmodifiers", "--delay", "30", *keys)
        return now

    def type(self, text, window=None):
        if window is not None:
            self.activate(window)
        self.run("xdotool", "type", "--clearmodifiers", "--delay", "15", text)

    def shoot(self, name, window=None):
        """A picture of the screen, or of a window, among the test's output."""
        if self.shots is None:
            return
        self.shots.mkdir(parents=True, exist_ok=True)
        self.run("import", "-window", window or "root", self.shots / f"{name}.png")
