#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the direction of includes that layers.ini gives. Usage: check-layers.py TOP LAYERS.INI"""

import configparser
import graphlib
import re
import sys
from pathlib import Path

from lintlib import Report, blank_comments, find_files

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ERROR_HEADERS = ("ivl-error.h", "ivl-version-macros.h")


def read_table(path):
    table = configparser.ConfigParser(delimiters=("=",), inline_comment_prefixes=None)
    table.optionxform = str
    table.read(path, encoding="utf-8")
    return {section: {key: value.split() for key, value in table[section].items()} for section in table.sections()}


def layer_of_file(name):
    """The layer that a source file belongs to, None for what has no rule (tests, say)."""
    parts = Path(name).parts
    if parts[0] == "plugin-cli":
        return "cli"
    if parts[0] == "plugin-gimp":
        return "gimp"
    if parts[0] != "libivl":
        return None
    if len(parts) > 2:
        return parts[1]
    if Path(parts[1]).stem in ("ivl-error", "ivl-version-macros"):
        return "error"
    if parts[1] == "ivl.h":
        return "umbrella"
    return "api" if parts[1].endswith(".h") and not parts[1].endswith("-private.h") else "front"


def layer_of_include(kind, header, folder, top):
    """The layer of an included header, None when it comes from outside."""
    if kind == "<" and not header.startswith("libivl/"):
        return None
    if header.startswith("libivl/"):
        return layer_of_file(header)
    if (top / folder / header).exists():
        return layer_of_file(str(folder / header))
    for base in (Path("libivl"), Path(".")):
        if (top / base / header).exists():
            return layer_of_file(str(base / header))
    return "unknown"


def may_include_external(header, name, external):
    for prefix, allowed in external.items():
        if header.startswith(prefix):
            return any(name == place or name.startswith(place + "/") for place in allowed)
    return True


def check_file(report, top, path, table):
    name = str(path.relative_to(top))
    layer = layer_of_file(name)
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(blank_comments(text, strings=False)):
        kind, header = match.groups()
        number = text.count("\n", 0, match.start(2)) + 1
        if not may_include_external(header, name, table["external"]):
            report.add(path, number, "layers", f"{header} may not be included here")
        if layer is None:
            continue
        if any(header.startswith(prefix) for prefix in table["bare"].get(layer, [])):
            report.add(path, number, "layers", f"{layer} may include the C library only, not {header}")
        target = layer_of_include(kind, header, path.parent.relative_to(top), top)
        if target is None or target == layer:
            continue
        if target == "unknown" and header not in table["generated"]["headers"]:
            report.add(path, number, "layers", f"{header} is not found in {path.parent.relative_to(top)} or libivl")
        elif target != "unknown" and target not in table["layers"].get(layer, []):
            report.add(path, number, "layers", f"{layer} may not include {target} ({header})")


def main(top, table_path):
    top = Path(top).resolve()
    table = read_table(table_path)
    report = Report(top)
    try:
        list(graphlib.TopologicalSorter(table["layers"]).static_order())
    except graphlib.CycleError as error:
        report.add(table_path, 1, "layers", "the table has a cycle: " + " -> ".join(error.args[1]))
    for folder in ("libivl", "plugin-cli", "plugin-gimp", "tests"):
        for path in find_files(top / folder, "*.c", "*.h"):
            layer = layer_of_file(str(path.relative_to(top)))
            if layer is not None and layer not in table["layers"]:
                report.add(path, 1, "layers", f"the folder {layer} is not in {Path(table_path).name}")
            else:
                check_file(report, top, path, table)
    return report.finish("include direction")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
