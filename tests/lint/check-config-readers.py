#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field that is read from config.json does something. Usage: check-config-readers.py TOP

A member of the structs in formats/ivl-hf-config.h must be read in libivl/ outside formats/, and not
by what only shows it to people. An exception stands beside the member:
    /* nocheck:reader: the reason */
"""

import re
import sys
from pathlib import Path

from lintlib import Report, blank_comments, find_files

HEADER = "libivl/formats/ivl-hf-config.h"
# Who may only show: what a folder holds
SHOWN_BY = {"ivl-model-info.c"}
STRUCT = re.compile(r"typedef struct\n\{\n(.*?)\n\} (Ivl\w*Config);", re.DOTALL)
MEMBER = re.compile(r"^\s*[A-Za-z_][\w ]*?[ *]+(\w+)\s*;", re.MULTILINE)
# How a pointer to each struct, or the struct itself, is named where it is read
READ_AS = {
    "IvlVisionConfig": r"(?:\bvision(?:->|\.)|\bvit->config\.)",
    "IvlLmConfig": r"(?:\blm(?:->|\.)|\bdecoder->config\.|\bconfig->)",
    "IvlHfConfig": r"\bconfig->",
}


def list_members(text):
    """(struct, member, line number) of every member; comments are blanked already."""
    for struct in STRUCT.finditer(text):
        for member in MEMBER.finditer(struct.group(1)):
            position = struct.start(1) + member.start(1)
            yield struct.group(2), member.group(1), text.count("\n", 0, position) + 1


def main(top):
    top = Path(top).resolve()
    report = Report(top)
    header = top / HEADER
    original = header.read_text(encoding="utf-8")
    sources = [blank_comments(path.read_text(encoding="utf-8"))
               for path in find_files(top / "libivl", "*.c")
               if path.parent.name != "formats" and path.name not in SHOWN_BY]
    for struct, member, number in list_members(blank_comments(original)):
        pattern = re.compile(READ_AS.get(struct, r"(?:->|\.)") + member + r"\b(?!\s*=[^=])")
        if not any(pattern.search(source) for source in sources) and \
                not report.allowed([original.split("\n")[number - 1]], 1, "reader"):
            report.add(header, number, "reader", f"nothing outside formats/ reads {struct}.{member}")
    return report.finish("config readers")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
