#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of the client with the libsoup of other Debian releases: the same programs, the same verdicts and,
for each recorded reply, the same words. Usage: real-libsoup.py TEST...

libsoup 3.2.3 takes a stream that breaks off for one that has ended, 3.6.5 and later do not.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from reallib import ALONE, SOURCE, RealTap, Root

RELEASES = ("trixie", "sid")
PACKAGES = ("libglib2.0-0t64", "libsoup-3.0-0", "glib-networking", "libjansson4", "libopenblas0-pthread", "libsecret-1-0",
            "libgdk-pixbuf-2.0-0", "liblcms2-2", "libwebp7", "libwebpdemux2")
LIMIT = 600
# What replay says of each recording: its name, how it was framed, the error or the text's length
VERDICT = re.compile(r"^# (\S+\.\w+, framing \d+: .*)$", re.MULTILINE)
POINT = re.compile(r"^ *((?:not )?ok) \d+ (.*)$", re.MULTILINE)


def normal(verdict):
    """A stream that breaks off is one of two things to libsoup, by its version; what a terminal could not show
    stands as '?' in one release, as itself in another; and the replaying server has a port of its own each time."""
    name, said = verdict.split(": ", 1)
    said = re.sub(r"127\.0\.0\.1:\d+", "SERVER", said)
    return name, "cut off" if "cut off" in said else re.sub(r"[^!->@-~ ]+", "", said)


def read(done):
    """(exit status, verdict of each point, what was said of each recording)"""
    return done.returncode, POINT.findall(done.stdout), sorted(map(normal, VERDICT.findall(done.stdout)))


def check_every_byte(tap, root, test, version, variables, build):
    """Each stream cut at each byte: never taken for a whole one. (With the libsoup here: replay-every-byte.)"""
    done = root.run("env", *(f"{name}={value}" for name, value in variables.items()), Path(test).resolve(), "--tap", "--long",
                    see=[SOURCE, build], capture_output=True, text=True, errors="replace", timeout=3 * LIMIT)
    code, points, _ = read(done)
    tap.point(code == 0 and points, f"cut at every byte, with libsoup {version}", (code, done.stdout[-1500:]))


def main(*tests):
    tap = RealTap()
    variables = {"G_TEST_SRCDIR": os.environ.get("G_TEST_SRCDIR", str(SOURCE / "tests")),
                 "G_TEST_BUILDDIR": os.environ["G_TEST_BUILDDIR"], "G_DEBUG": "fatal-criticals", "LC_ALL": "C.UTF-8"}
    build = Path(tests[0]).resolve().parent.parent.parent
    here = {}
    for test in tests:
        here[test] = read(subprocess.run([test, "--tap"], env={**os.environ, **variables}, capture_output=True, text=True,
                                         errors="replace", check=False, timeout=LIMIT))
    for release in RELEASES:
        root = Root(tap, release, *PACKAGES)
        version = root.run("dpkg-query", "-W", "-f=${Version}", "libsoup-3.0-0", capture_output=True, text=True).stdout
        for test in tests:
            done = root.run("env", *(f"{name}={value}" for name, value in variables.items()), Path(test).resolve(), "--tap",
                            see=[SOURCE, build], capture_output=True, text=True, errors="replace", timeout=LIMIT)
            code, points, verdicts = read(done)
            name = f"{Path(test).name} with libsoup {version}"
            tap.point(code == 0 and points, f"{name}: passes", (code, done.stdout[-1500:], done.stderr[-1500:]))
            tap.equal(points, here[test][1], f"{name}: the same verdicts as here")
            if verdicts:
                differing = sorted(set(verdicts) ^ set(here[test][2]))
                tap.point(not differing, f"{name}: {len(verdicts)} recordings are judged in the same words", differing[:4])
        if release == RELEASES[0]:
            check_every_byte(tap, root, next(test for test in tests if test.endswith("replay")), version, variables, build)
    return tap.finish()


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
