#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public function, type and enumeration value has a doc comment that names its parameters.

Usage: check-docs.py TOP
"""

import re
import sys
from pathlib import Path

from lintlib import Report, blank_comments

COMMENT = re.compile(r"/\*\*\n(.*?)\*/", re.DOTALL)
FUNCTION = re.compile(r"^IVL_AVAILABLE_IN_ALL\s+([\w\s*]+?)\b(ivl_\w+)\s*\((.*?)\)[^()]*;", re.MULTILINE | re.DOTALL)
TYPES = re.compile(r"^G_DECLARE_\w+_TYPE\s*\(\s*(\w+)|^\}\s*(\w+);|^typedef struct _\w+ (\w+);", re.MULTILINE)
ENUMERATION = re.compile(r"^typedef enum[^{]*\{(.*?)^\}\s*(\w+);", re.MULTILINE | re.DOTALL)
STRUCTURE = re.compile(r"^typedef struct\s*\n?\{(.*?)^\}\s*(\w+);", re.MULTILINE | re.DOTALL)


def read_comments(top):
    """symbol -> text of its doc comment, from every file right in libivl/."""
    comments = {}
    for path in sorted(Path(top, "libivl").glob("*.[ch]")):
        for match in COMMENT.finditer(path.read_text(encoding="utf-8")):
            text = re.sub(r"^\s*\* ?", "", match.group(1), flags=re.MULTILINE)
            symbol = re.match(r"\s*([\w:-]+):", text)
            if symbol:
                comments[symbol.group(1)] = text
    return comments


def parameter_names(text):
    names = []
    depth = 0
    part = ""
    for char in text + ",":
        depth += (char == "(") - (char == ")")
        if char != "," or depth:
            part += char
            continue
        match = re.search(r"\(\s*\*\s*(\w+)\s*\)|(\w+)\s*(?:\[\w*\])?\s*$", part.strip())
        if match and part.strip() not in ("void", "..."):
            names.append(match.group(1) or match.group(2))
        part = ""
    return names


def check_function(report, path, number, comments, returns, name, parameters):
    text = comments.get(name)
    if text is None:
        report.add(path, number, "docs", f"{name} has no doc comment")
        return
    for parameter in parameter_names(parameters):
        if not re.search(rf"^@{parameter}:", text, re.MULTILINE):
            report.add(path, number, "docs", f"the comment of {name} does not tell what @{parameter} is")
    if returns.strip() != "void" and not re.search(r"^Returns:", text, re.MULTILINE):
        report.add(path, number, "docs", f"the comment of {name} has no “Returns:”")


def check_header(report, path, comments):
    text = path.read_text(encoding="utf-8")
    clean = blank_comments(text)

    def line(match):
        return text.count("\n", 0, match.start()) + 1

    for match in FUNCTION.finditer(clean):
        if not match.group(2).endswith("_get_type"):
            check_function(report, path, line(match), comments, *match.groups())
    for match in TYPES.finditer(clean):
        name = next(group for group in match.groups() if group)
        if name not in comments:
            report.add(path, line(match), "docs", f"{name} has no doc comment")
    for match in ENUMERATION.finditer(clean):
        for value in re.findall(r"\b(IVL_\w+)\b\s*(?:=|,|$)", match.group(1), re.MULTILINE):
            if not re.search(rf"^@{value}:", comments.get(match.group(2), ""), re.MULTILINE):
                report.add(path, line(match), "docs", f"the comment of {match.group(2)} does not tell {value}")
    for match in STRUCTURE.finditer(clean):
        for member in re.findall(r"(\w+)\s*;", match.group(1)):
            if not re.search(rf"^@{member}:", comments.get(match.group(2), ""), re.MULTILINE):
                report.add(path, line(match), "docs", f"the comment of {match.group(2)} does not tell {member}")


def main(top):
    report = Report(Path(top).resolve())
    comments = read_comments(top)
    for path in sorted(Path(top, "libivl").resolve().glob("*.h")):
        if not path.stem.endswith("-private"):
            check_header(report, path, comments)
    return report.finish("documentation")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
