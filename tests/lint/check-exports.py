#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared library exports what the public headers declare, all of it and nothing else.

Usage: check-exports.py TOP BUILD-INCLUDE-FOLDER LIBRARY NM
"""

import re
import subprocess
import sys
from pathlib import Path

from lintlib import blank_comments

DECLARATION = re.compile(r"^IVL_AVAILABLE_IN_ALL\s+[\w\s*]+?\b(ivl_\w+)\s*\(", re.MULTILINE)
TYPE_MACRO = re.compile(r"^G_DECLARE_\w+_TYPE\s*\(\s*\w+\s*,\s*(ivl_\w+)\s*,", re.MULTILINE)


def declared_functions(folders):
    """Functions that the public headers in these folders declare, as name -> header."""
    found = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.h")):
            if path.stem.endswith("-private"):
                continue
            text = blank_comments(path.read_text(encoding="utf-8"))
            names = DECLARATION.findall(text) + [name + "_get_type" for name in TYPE_MACRO.findall(text)]
            found.update({name: path.name for name in names})
    return found


def exported_symbols(library, nm):
    output = subprocess.run([nm, "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in output.splitlines() if line.strip()}


def compare(declared, exported):
    problems = [f"{name} is declared in {header} and not exported" for name, header in sorted(declared.items())
                if name not in exported]
    return problems + [f"{name} is exported and in no public header" for name in sorted(exported - set(declared))]


def main(top, build_include, library, nm):
    declared = declared_functions([Path(top, "libivl"), Path(build_include, "libivl")])
    problems = compare(declared, exported_symbols(library, nm))
    for problem in problems:
        print(problem)
    print(f"exports: {len(declared)} functions declared, {len(problems)} found")
    return 1 if problems or not declared else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
