#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of the plug-in with the GIMP of another Debian release: the release in a folder, the plug-in built there from
this source, the test run there with the release's own programs.
Usage: in-root.py RELEASE TEST [ARGUMENT...]

Needs root, mmdebstrap and a Debian mirror; skips with the reason where one is missing. The build is kept beside the
release's folder for the next test of the same source.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "remote"))
from reallib import ALONE, SOURCE, RealTap, Root  # noqa: E402

BUILD = ("gcc", "libc6-dev", "meson", "ninja-build", "pkgconf", "gettext", "libglib2.0-dev", "libopenblas-pthread-dev",
         "libjansson-dev", "liblcms2-dev", "libreadline-dev", "libsoup-3.0-dev", "libsecret-1-dev", "libgdk-pixbuf-2.0-dev",
         "libgdk-pixbuf2.0-bin", "libjpeg62-turbo-dev", "libgif-dev", "libpng-dev", "libtiff-dev", "libwebp-dev",
         "libexpat1-dev", "zlib1g-dev", "libgtk-3-dev")
RUN = ("gimp", "xvfb", "openbox", "xdotool", "x11-utils", "imagemagick", "libimage-exiftool-perl", "dbus", "at-spi2-core", "libatk-adaptor",
       "gir1.2-atspi-2.0", "python3-gi", "procps", "mount", "shared-mime-info", "fonts-dejavu-core")
LIBRARY = {"bookworm": "libgimp2.0-dev"}
TARGETS = ("plugin-cli/ivl", "plugin-gimp/ivl")
LIMIT = 1500


def is_configured(folder):
    """Whether it is a build folder, and of this source: another checkout's may have been left in its place."""
    try:
        info = json.loads((folder / "meson-info" / "meson-info.json").read_text(encoding="utf-8"))
        return (folder / "build.ninja").exists() and info["directories"]["source"] == str(SOURCE)
    except (OSError, ValueError, LookupError):
        return False


def build(tap, root, folder):
    """The command and the plug-in, built with the release's own compiler and libraries."""
    log = folder.with_suffix(".log")
    with open(f"{folder}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        commands = [["ninja", "-C", folder, *TARGETS]]
        if not is_configured(folder):
            if folder.exists():
                shutil.rmtree(folder)
            commands.insert(0, ["meson", "setup", folder, SOURCE, "-Dintrospection=disabled", "-Dtests=false", "-Ddebug=false"])
        folder.mkdir(exist_ok=True)
        with open(log, "wb") as out:
            for command in commands:
                if root.run(*command, see=[SOURCE, folder], stdout=out, stderr=out, timeout=LIMIT).returncode != 0:
                    tap.point(False, f"{' '.join(map(str, command[:2]))} in its root", log.read_text(errors="replace")[-3000:])
                    sys.exit(tap.finish())


def main(release, test, *arguments):
    tap = RealTap()
    root = Root(tap, release, *BUILD, LIBRARY.get(release, "libgimp-3.0-dev"), *RUN)
    folder = Path(f"{root.folder}-build")
    build(tap, root, folder)
    output = Path(os.environ["G_TEST_BUILDDIR"]).resolve() / "gimp"
    output.mkdir(parents=True, exist_ok=True)
    return root.run("env", f"G_TEST_BUILDDIR={output.parent}",
                    f"OPENBLAS_NUM_THREADS={os.environ.get('OPENBLAS_NUM_THREADS', '2')}", "python3", Path(test).resolve(),
                    folder / TARGETS[1], folder / TARGETS[0], *arguments, see=[SOURCE, folder, output],
                    stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
