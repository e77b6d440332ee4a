#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""API keys in the keyring: a real one where it is installed, and keyrings that do not answer, which must not be
waited for. Usage: test-keyring.py FIND-KEY"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from clilib import HANG, Tap  # noqa: E402

KEY = "sk-in-the-keyring-0123"

# Run under a private bus, with a keyring of a password of its own in a folder of its own
SCRIPT = r"""
printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
printf %s "$KEY" | secret-tool store --label=test xdg:schema io.github.ivl.Key origin gpu.example:8000 || exit 77
printf 'sesame\nX-Evil: 1' | secret-tool store --label=test xdg:schema io.github.ivl.Key origin evil.example || exit 77
for location in https://gpu.example:8000/v1 https://gpu.example http://gpu.example:8000 https://evil.example service:; do
  "$FIND" "$location"
done
"$FIND" https://new.example:1 sk-stored
"$FIND" https://new.example:1 sk-stored-anew
secret-tool lookup xdg:schema io.github.ivl.Key origin new.example:1; echo
"$FIND" https://new.example:1 ""
"$FIND" http://new.example:1 sk-stored-plain
"$FIND" https://new.example:1 "sk two words"
"""

# Owns the keyring's name and answers nothing
DEAF = r"""
import sys
import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
bus.add_filter(lambda connection, message, incoming: None if incoming and message.get_interface() not in
               ("org.freedesktop.DBus", None) else message)
Gio.bus_own_name_on_connection(bus, "org.freedesktop.secrets", 0, lambda *_: (print("owned"), sys.stdout.flush()),
                               None)
GLib.MainLoop().run()
"""


def get_environment(folder, **changes):
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "KEY": KEY,
                   "XDG_RUNTIME_DIR": folder, "XDG_DATA_HOME": f"{folder}/data", "XDG_CACHE_HOME": f"{folder}/cache",
                   "XDG_CONFIG_HOME": f"{folder}/config", **changes}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment


def missing(*programs):
    return [program for program in programs if shutil.which(program) is None]


def check_keyring(tap, program):
    absent = missing("dbus-run-session", "gnome-keyring-daemon", "secret-tool")
    if absent:
        tap.skip(f"a key in the keyring: {', '.join(absent)} not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["dbus-run-session", "--", "sh", "-c", SCRIPT], capture_output=True, check=False,
                              env=get_environment(folder, FIND=program), timeout=HANG)
        if done.returncode == 77:
            tap.skip("a key in the keyring: gnome-keyring does not work here")
            return
        lines = done.stdout.decode().splitlines()
        tap.point(len(lines) == 11, "the keyring was asked eleven times", (lines, done.stderr))
        lines += [""] * 11
        tap.equal(lines[0], f"the keyring: {KEY}", "a key is found by the remote's host and port")
        tap.equal(lines[1], "nowhere: none", "another origin does not get it")
        tap.point(lines[2].startswith("error:") and KEY not in lines[2], "nor does plain HTTP", lines[2])
        tap.point(lines[3].startswith("error:") and "sesame" not in lines[3], "a key of two lines is refused",
                  lines[3])
        tap.equal(lines[4], "nowhere: none", "the user's own service is given none")
        tap.equal(lines[5], "the keyring: sk-stored", "a key that is stored is found")
        tap.equal(lines[6:8], ["the keyring: sk-stored-anew", "sk-stored-anew"], "another takes its place")
        tap.equal(lines[8], "nowhere: none", "one that is taken away is gone")
        tap.point(lines[9].startswith("error:") and "sk-" not in lines[9], "none is kept for plain HTTP", lines[9])
        tap.point(lines[10].startswith("error:") and "two words" not in lines[10], "nor one that is no key", lines[10])


def run(program, folder, address):
    started = time.monotonic()
    done = subprocess.run([program, "https://gpu.example"], capture_output=True, check=False,
                          env=get_environment(folder, **({"DBUS_SESSION_BUS_ADDRESS": address} if address else {})),
                          timeout=HANG)
    return done.returncode, done.stdout.decode(), round(time.monotonic() - started, 1)


def check_no_bus(tap, program):
    with tempfile.TemporaryDirectory() as folder:
        result = run(program, folder, None)
        tap.point(result[:2] == (0, "nowhere: none\n"), "without D-Bus there is no key and no error", result)
        result = run(program, folder, f"unix:path={folder}/nobody")
        tap.point(result[:2] == (0, "nowhere: none\n"), "nor with a bus that is gone", result)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{folder}/silent")
            server.listen(8)
            kept = []
            threading.Thread(target=lambda: accept_all(server, kept), daemon=True).start()
            result = run(program, folder, f"unix:path={folder}/silent")
            tap.point(result[:2] == (0, "nowhere: none\n"), "a bus that says nothing is given up", result)


def accept_all(server, kept):
    try:
        while True:
            kept.append(server.accept()[0])
    except OSError:
        pass


def check_deaf(tap, program):
    absent = missing("dbus-run-session")
    try:
        import gi  # noqa: F401 pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        absent.append("python3-gi")
    if absent:
        tap.skip(f"a keyring that does not answer: {', '.join(absent)} not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "deaf.py")
        script.write_text(DEAF, encoding="utf-8")
        command = f"exec 3< <({sys.executable} {script}); read line <&3; time {program} https://gpu.example; kill $!"
        done = subprocess.run(["dbus-run-session", "--", "bash", "-c", command], capture_output=True, check=False,
                              env=get_environment(folder), timeout=HANG)
        tap.point(done.stdout == b"nowhere: none\n", "a keyring that does not answer is given up",
                  (done.stdout, done.stderr))


def main(program):
    tap = Tap()
    program = os.path.abspath(program)
    check_keyring(tap, program)
    check_no_bus(tap, program)
    check_deaf(tap, program)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
