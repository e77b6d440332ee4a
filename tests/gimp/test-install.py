#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `meson install` leaves of the plug-in: everything where GIMP, software catalogues and the plug-in itself look for it, the
library found by its path, and no GTK 2.
Usage: test-install.py BUILD SOURCE PREFIX LIBDIR DATADIR LOCALEDIR PLUGINS"""

import gettext
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "remote"))
from reallib import HANG, RealTap  # noqa: E402

NAME = "io.github.ivl.gimp"
WORDS = "Image Assistant – %s"  # the window's title


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=4 * HANG,
                          env={name: value for name, value in os.environ.items() if name not in ("DESTDIR", "LD_LIBRARY_PATH")})


class Tree:
    """What was installed below a folder in place of the root; places are given as they are meant."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def path(self, *parts):
        return self.folder / str(Path(*parts)).lstrip("/")


def check_data(tap, tree, source, datadir, localedir):
    info = tree.path(datadir, "metainfo", f"{NAME}.metainfo.xml")
    tap.point(info.is_file(), "the description for software catalogues", info)
    icon = ET.parse(info).findtext("icon")
    picture = tree.path(datadir, "icons/hicolor/scalable/apps", f"{icon}.svg")
    tap.point(picture.is_file() and ET.parse(picture).getroot().tag.endswith("svg"), "the icon that it names", picture)
    if shutil.which("appstreamcli"):
        done = run("appstreamcli", "validate", "--no-net", info)
        # What it only warns of differs from release to release; a project without a home page is one
        mistakes = [line for line in done.stdout.splitlines() if line.startswith("E:")]
        tap.point(not mistakes and "alidation" in done.stdout, "appstreamcli finds no mistake in it", done.stdout)
    else:
        tap.skip("appstreamcli is not installed", "appstreamcli finds no mistake in it")
    pages = source / "data" / "gimp" / "help"
    for page in sorted(path for path in pages.rglob("*") if path.is_file()):
        place = tree.path(datadir, "ivl/gimp/help", page.relative_to(pages))
        tap.point(place.is_file() and place.read_bytes() == page.read_bytes(), f"help: {page.relative_to(pages)}", place)
    languages = (source / "po" / "LINGUAS").read_text(encoding="ascii").split()
    for language in languages:
        place = tree.path(localedir)
        try:
            words = gettext.translation("ivl", place, [language]).gettext(WORDS)
        except OSError as error:
            words = str(error)
        tap.point(words != WORDS and str(place) not in words, f"translations: {language}", words)
        tap.point((pages / language / "index.html").is_file(), f"help in the same language: {language}")


def check_program(tap, tree, libdir, plugins):
    program = tree.path(plugins, "ivl", "ivl")
    tap.point(program.is_file() and os.access(program, os.X_OK), f"the plug-in is {plugins}/ivl/ivl", program)
    tap.equal([path.name for path in program.parent.iterdir()], ["ivl"], "and alone there: GIMP starts what it finds")
    libraries = sorted(tree.path(libdir).glob("libivl.so.*"))
    tap.point(bool(libraries), f"the library is in {libdir}", list(tree.path(libdir).iterdir()))
    done = run("env", f"LD_LIBRARY_PATH={libraries[0].parent}", "ldd", program)
    names = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    tap.point(any(name.startswith("libgtk-3.so") for name in names)
              and not any(re.match(r"lib(gtk-x11-2\.0|gdk-x11-2\.0|gimpui-2\.0|gimpwidgets-2\.0)", name) for name in names),
              "GTK 3 and no GTK 2", names)
    missing = [line.strip() for line in done.stdout.splitlines() if "not found" in line]
    tap.equal(missing, [], "all its libraries are there")


def check_library_path(tap, tree, prefix, libdir, plugins):
    """In a world of its own, where the installed tree stands where it is meant to stand"""
    program = tree.path(plugins, "ivl", "ivl")
    space = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    title = "the plug-in finds the library without help"
    probe = run(*space, "mount", "--bind", tree.path(prefix), prefix)
    if probe.returncode != 0:
        tap.skip(f"no mounts of our own here: {probe.stderr.strip() or probe.returncode}", title)
        return
    done = run(*space, "sh", "-c", 'mount --bind "$1" "$2" && ldd "$3"', "sh", tree.path(prefix), prefix, program)
    found = re.search(r"^\s*(libivl\.so\S*) => (\S+)", done.stdout, re.MULTILINE)
    tap.equal(found and str(Path(found.group(2)).parent), libdir, title)


def main(build, source, prefix, libdir, datadir, localedir, plugins):
    tap = RealTap()
    with tempfile.TemporaryDirectory(prefix="ivl-install-") as folder:
        done = run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", folder)
        tap.point(done.returncode == 0, "meson install", done.stdout + done.stderr)
        if done.returncode == 0:
            tree = Tree(folder)
            check_program(tap, tree, libdir, plugins)
            check_library_path(tap, tree, prefix, libdir, plugins)
            check_data(tap, tree, Path(source), datadir, localedir)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
