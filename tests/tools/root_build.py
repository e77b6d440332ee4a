# SPDX-License-Identifier: GPL-3.0-or-later
"""This source built in a Debian root, with the release's own compiler and libraries. The build is kept beside the root's
folder for the next test of the same source."""

import fcntl
import json
import shutil
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
# What the library and the command need
PACKAGES = ("gcc", "libc6-dev", "meson", "ninja-build", "pkgconf", "gettext", "libglib2.0-dev", "libopenblas-pthread-dev",
            "libjansson-dev", "liblcms2-dev", "libreadline-dev", "libsoup-3.0-dev", "libsecret-1-dev", "libgdk-pixbuf-2.0-dev",
            "libgdk-pixbuf2.0-bin", "libjpeg62-turbo-dev", "libgif-dev", "libpng-dev", "libtiff-dev", "libwebp-dev",
            "libexpat1-dev", "zlib1g-dev", "python3", "shared-mime-info")
LIMIT = 1500


def is_configured(folder):
    """Whether it is a build folder, and of this source: another checkout's may have been left in its place."""
    try:
        info = json.loads((folder / "meson-info" / "meson-info.json").read_text(encoding="utf-8"))
        return (folder / "build.ninja").exists() and info["directories"]["source"] == str(SOURCE)
    except (OSError, ValueError, LookupError):
        return False


def build(tap, root, folder, targets, *options):
    """The targets in that folder, configured with the options where it is new; ends the test where that fails."""
    log = folder.with_suffix(".log")
    with open(f"{folder}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        commands = [["ninja", "-C", folder, *targets]]
        if not is_configured(folder):
            if folder.exists():
                shutil.rmtree(folder)
            commands.insert(0, ["meson", "setup", folder, SOURCE, "-Dintrospection=disabled", "-Ddebug=false", *options])
        folder.mkdir(exist_ok=True)
        with open(log, "wb") as out:
            for command in commands:
                if root.run(*command, see=[SOURCE, folder], stdout=out, stderr=out, timeout=LIMIT).returncode != 0:
                    tap.point(False, f"{' '.join(map(str, command[:2]))} in its root", log.read_text(errors="replace")[-3000:])
                    sys.exit(tap.finish())
