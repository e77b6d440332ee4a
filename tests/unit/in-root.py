#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test programs of this folder in another Debian release: built there from this source, with its compiler and libraries.
Usage: in-root.py RELEASE TEST...

Pixels are the same on every release, whichever decoders GdkPixbuf has there. Needs root, mmdebstrap and a Debian mirror;
skips with the reason where one is missing.
"""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "remote"), str(TESTS / "tools")]
from reallib import ALONE, SOURCE, RealTap, Root  # noqa: E402
from root_build import LIMIT, PACKAGES, build  # noqa: E402

# What Debian 12 lacks
HEIF = ("libheif-dev", "libheif-plugin-dav1d", "libheif-plugin-libde265")


def main(release, *tests):
    tap = RealTap()
    root = Root(tap, release, *PACKAGES, *HEIF)
    folder = Path(f"{root.folder}-unit")
    build(tap, root, folder, [f"tests/unit/test-{name}" for name in tests], "-Dgimp_api=none")
    for name in tests:
        done = root.run("env", f"G_TEST_SRCDIR={SOURCE / 'tests'}", f"G_TEST_BUILDDIR={folder / 'tests'}",
                        "G_DEBUG=fatal-criticals", "LC_ALL=C.UTF-8", folder / "tests" / "unit" / f"test-{name}", "--tap",
                        see=[SOURCE, folder], capture_output=True, text=True, errors="replace", timeout=LIMIT)
        points = [line for line in done.stdout.splitlines() if line.lstrip().startswith("ok ")]
        tap.point(done.returncode == 0 and points, f"{release}: {name} passes, {len(points)} points",
                  (done.returncode, done.stdout[-2000:], done.stderr[-2000:]))
    return tap.finish()


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
