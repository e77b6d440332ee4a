# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks share: finding files, taking comments and strings out of C, reporting.

An exception to a rule is written in the file, on the line or just above it, with its reason:
    /* nocheck:RULE: the reason */
"""

import re
from pathlib import Path

ESCAPE = re.compile(r"nocheck:(\w+):\s*\S")
SKIPPED_FOLDERS = re.compile(r"^(\.git|build.*|_build|__pycache__|fixtures|subprojects)$")


def find_files(top, *patterns):
    """Files below `top` whose names match, build folders and reference data left out."""
    found = []
    for pattern in patterns:
        for path in sorted(Path(top).rglob(pattern)):
            if path.is_file() and not any(SKIPPED_FOLDERS.match(part) for part in path.relative_to(top).parts):
                found.append(path)
    return found


def blank_comments(text, strings=True):
    """C text of the same length and lines, with comments (and the insides of strings) blanked."""
    pattern = r'/\*.*?\*/|//[^\n]*'
    if strings:
        pattern += r'|"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])+'"

    def blank(match):
        word = match.group(0)
        if word[0] in "\"'":
            return word[0] + " " * (len(word) - 2) + word[0]
        return re.sub(r"[^\n]", " ", word)

    return re.sub(pattern, blank, text, flags=re.DOTALL)


class Report:
    """Collects what is wrong; `allowed` looks for the escape comment."""

    def __init__(self, top):
        self.top = Path(top)
        self.lines = []

    def allowed(self, text_lines, number, rule):
        """Whether line `number` (from 1), the three above it or a signature's lines carry the escape."""
        for line in text_lines[max(0, number - 4):number]:
            match = ESCAPE.search(line)
            if match and match.group(1) == rule:
                return True
        return False

    def add(self, path, number, rule, message):
        path = Path(path)
        name = path.relative_to(self.top) if path.is_absolute() and self.top in path.parents else path
        self.lines.append(f"{name}:{number}: {rule}: {message}")

    def finish(self, title):
        for line in self.lines:
            print(line)
        print(f"{title}: {len(self.lines)} found")
        return 1 if self.lines else 0
