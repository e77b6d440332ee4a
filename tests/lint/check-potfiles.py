#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""po/POTFILES.in names the files with translatable strings and no other; each language is complete.

Usage: check-potfiles.py TOP
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lintlib import Report, blank_comments, find_files

MARKED = re.compile(r"\b(?:_|N_|C_|NC_|g_dngettext|ngettext|dgettext) ?\(\s*\"")


def marked_files(top):
    names = set()
    for folder in ("libivl", "plugin-cli", "plugin-gimp"):
        for path in find_files(top / folder, "*.c", "*.h"):
            if MARKED.search(blank_comments(path.read_text(encoding="utf-8"))):
                names.add(str(path.relative_to(top)))
    return names


def read_list(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def run_gettext(command, *arguments):
    """(exit status, what it says) of one of the gettext tools."""
    done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False,
                          env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/local/bin"})
    return done.returncode, done.stderr.strip()


def check_languages(report, top, template):
    for language in read_list(top / "po" / "LINGUAS"):
        path = top / "po" / f"{language}.po"
        if not path.exists():
            report.add(path, 1, "potfiles", "named in LINGUAS and missing")
            continue
        for command, arguments in (("msgfmt", ("--check", "-o", "/dev/null", path)),
                                   ("msgcmp", (path, template))):
            code, said = run_gettext(command, *arguments)
            if code != 0:
                report.add(path, 1, "potfiles", said)


def check_catalogs(report, top):
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "ivl.pot")
        code, said = run_gettext("xgettext", "--from-code=UTF-8", "--keyword=_", "--keyword=N_", "--directory", top,
                                 "--files-from", top / "po" / "POTFILES.in", "-o", template)
        if code != 0:
            report.add(top / "po" / "POTFILES.in", 1, "potfiles", said)
        elif template.exists():
            check_languages(report, top, template)


def main(top):
    top = Path(top).resolve()
    report = Report(top)
    listed = read_list(top / "po" / "POTFILES.in")
    marked = marked_files(top)
    for name in sorted(marked - set(listed)):
        report.add(top / name, 1, "potfiles", "has translatable strings and is not in po/POTFILES.in")
    for name in sorted(set(listed) - marked):
        report.add(top / "po" / "POTFILES.in", 1, "potfiles", f"{name} has no translatable string")
    check_catalogs(report, top)
    return report.finish("translations")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
