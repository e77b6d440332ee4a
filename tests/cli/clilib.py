# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the command share: running it with and without a terminal, pictures, TAP."""

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import time
import zlib

# A run without a terminal may have them ignored, which the programs under test would inherit and keep to
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# For hangs only: no test passes or fails by how long something took below this
HANG = 60


class Tap:
    """Counts and prints test points."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def point(self, good, title, shown=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {title}")
        if not good:
            print("".join(f"# {line}\n" for line in repr(shown).split("\\n")), end="")
        sys.stdout.flush()

    def equal(self, found, wanted, title):
        self.point(found == wanted, title, f"found {found!r}, wanted {wanted!r}")

    def skip(self, reason):
        """A point that cannot be tested here, with the reason in sight."""
        self.count += 1
        print(f"ok {self.count} # SKIP {reason}")
        sys.stdout.flush()

    def finish(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def png(width, height, color=(200, 30, 30)):
    """Bytes of a PNG of one color with a white quarter, so that the model has something to see."""
    rows = b""
    for y in range(height):
        rows += b"\0" + b"".join(bytes((255, 255, 255) if x < width // 2 and y < height // 2 else color)
                                 for x in range(width))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Command:
    """The program under test, in a folder of its own with nothing of the user's."""

    def __init__(self, program, folder, model):
        self.program = os.path.abspath(program)
        self.folder = folder
        self.model = model
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": os.environ.get("IVL_TEST_LOCALE", "C.UTF-8"), "TERM": "xterm",
            "HOME": folder,
            "XDG_CONFIG_HOME": f"{folder}/config", "XDG_DATA_HOME": f"{folder}/data",
            "XDG_STATE_HOME": f"{folder}/state", "XDG_RUNTIME_DIR": f"{folder}/run",
            "XDG_DATA_DIRS": f"{folder}/system",
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "2"), "IVL_MODEL": model}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH", "LOCPATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def run(self, *arguments, stdin=b"", **changes):
        """(exit status, standard output, standard error) as bytes; a change of None unsets a variable."""
        environment = {**self.environment, **changes}
        environment = {name: value for name, value in environment.items() if value is not None}
        done = subprocess.run([self.program, *arguments], input=stdin, capture_output=True, check=False,
                              cwd=self.folder, env=environment, timeout=HANG)
        return done.returncode, done.stdout, done.stderr

    def start(self, *arguments, **streams):
        return subprocess.Popen([self.program, *arguments], cwd=self.folder, env=self.environment, **streams)

    def run_on_terminal(self, *arguments, which="stdout"):
        """As run(), with one of the streams being a terminal; what the terminal got is returned in its place."""
        master, slave = pty.openpty()
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, which: slave}
        process = self.start(*arguments, **streams)
        os.close(slave)
        seen = read_terminal(master, process)
        rest = {name: stream.read() for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
                if stream is not None}
        rest[which] = seen
        return process.wait(HANG), rest["stdout"], rest["stderr"]


def read_terminal(master, process, until=None):
    """What appears on a terminal until `until` is seen or the other end is closed."""
    seen = b""
    end = time.monotonic() + HANG
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
            if until is not None and until in seen:
                return seen
        elif process is not None and process.poll() is not None:
            break
    if until is None:
        os.close(master)
    return seen.replace(b"\r\n", b"\n")


def catches(process, number):
    """Whether the process has a handler for the signal by now."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (number - 1) & 1 == 1


def stop(process, number, wait=0.5):
    """Sends a signal `wait` seconds after the process listens to it, which takes time on a busy machine: (exit status,
    seconds until the process was gone)."""
    deadline = time.monotonic() + HANG
    while process.poll() is None and not catches(process, number) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(wait)
    if process.poll() is not None:
        return process.returncode, -1.0
    started = time.monotonic()
    process.send_signal(number)
    try:
        code = process.wait(HANG)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return None, HANG
    return code, time.monotonic() - started
