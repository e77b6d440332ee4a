#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of the plug-in with the GIMP of another Debian release: the release in a folder, the plug-in built there from
this source, the test run there with the release's own programs.
Usage: in-root.py RELEASE TEST [ARGUMENT...]

Needs root, mmdebstrap and a Debian mirror; skips with the reason where one is missing.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "remote"), str(TESTS / "tools")]
from reallib import ALONE, SOURCE, RealTap, Root  # noqa: E402
from root_build import PACKAGES, build  # noqa: E402

RUN = ("gimp", "xvfb", "openbox", "xdotool", "x11-utils", "imagemagick", "libimage-exiftool-perl", "dbus", "at-spi2-core",
       "libatk-adaptor", "gir1.2-atspi-2.0", "python3-gi", "procps", "mount", "fonts-dejavu-core")
LIBRARY = {"bookworm": "libgimp2.0-dev"}
TARGETS = ("plugin-cli/ivl", "plugin-gimp/ivl")


def main(release, test, *arguments):
    tap = RealTap()
    root = Root(tap, release, *PACKAGES, "libgtk-3-dev", LIBRARY.get(release, "libgimp-3.0-dev"), *RUN)
    folder = Path(f"{root.folder}-build")
    build(tap, root, folder, TARGETS, "-Dtests=false")
    output = Path(os.environ["G_TEST_BUILDDIR"]).resolve() / "gimp"
    output.mkdir(parents=True, exist_ok=True)
    return root.run("env", f"G_TEST_BUILDDIR={output.parent}",
                    f"OPENBLAS_NUM_THREADS={os.environ.get('OPENBLAS_NUM_THREADS', '2')}", "python3", Path(test).resolve(),
                    folder / TARGETS[1], folder / TARGETS[0], *arguments, see=[SOURCE, folder, output],
                    stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
