#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps sizes, names, licences, error domains and words. Usage: check-source.py TOP

Rules, by the name that an escape comment uses:
  lines     a function has at most 120 lines (200 in kernels), a file at most 1200
  width     a line has at most 100 characters
  name      a global function's name starts with its file's name, or with a leading part of it
  spdx      the first line names the licence; a C file says below it what it is responsible for
  domain    g_set_error uses IVL_ERROR, or G_IO_ERROR and G_FILE_ERROR for cancellation and files
  end       the library never ends the process, whatever it is given
  goto      no goto
  word      no word that marks unfinished work
  path      no path of one machine
  json      jansson reads and writes text in one file of the library and one of the command
"""

import re
import sys
from pathlib import Path

from lintlib import Report, blank_comments, find_files

MAX_FUNCTION = 120
MAX_KERNEL_FUNCTION = 200
MAX_FILE = 1200
MAX_WIDTH = 100

FUNCTION = re.compile(r"^([A-Za-z_]\w*) ?\((?:[^;{}]*?)\)[^;{}()]*\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
BRACE_AT_END = re.compile(r"^[A-Za-z_][^=;\n]*\)[ \t]*\{[ \t]*$", re.MULTILINE)
SET_ERROR = re.compile(r"\bg_(?:set_error|set_error_literal|error_new|error_new_literal)\s*\((.*?);", re.DOTALL)
DOMAINS = {"libivl": {"IVL_ERROR", "G_IO_ERROR", "G_FILE_ERROR"},
           "plugin-cli": {"IVL_ERROR", "G_IO_ERROR", "G_FILE_ERROR", "G_OPTION_ERROR"},
           "plugin-gimp": {"IVL_ERROR", "G_IO_ERROR", "G_FILE_ERROR", "PLUG_ADVICE_ERROR"}}
ENDING = re.compile(r"(?<![\w.>])(abort|exit|_exit|assert|g_error|g_assert\w*|g_abort) \(")
JSON = re.compile(r"\bjson_(?:load|dump)\w* \(")
JSON_FILES = ("ivl-json-text.c", "cli-output.c")
GOTO = re.compile(r"\bgoto\b")
# Written in pieces, so that a search for these words in the repository finds none
WORDS = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK", "st" "ub", "not " "implemented",
                                      "un" "implemented")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(work|farm|home|root)/[\w.]")
LICENCES = {"libivl": "LGPL-2.1-or-later", "plugin-cli": "GPL-3.0-or-later", "plugin-gimp": "GPL-3.0-or-later"}


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_head(report, path, area, lines):
    wanted = LICENCES.get(area)
    head = next((line for line in lines[:2] if "SPDX-License-Identifier:" in line), None)
    if head is None or (wanted and wanted not in head):
        report.add(path, 1, "spdx", f"the first line must name the licence {wanted or ''}".rstrip())
        return
    if path.suffix == ".c" and area != "tests":
        comment = "\n".join(lines[1:12]).split("*/")[0]
        if len(re.findall(r"\w+", comment)) < 3 or "*/" in lines[0]:
            report.add(path, 1, "spdx", "say below the licence what this file is responsible for")


def is_named_for(name, stem):
    parts = stem.split("-")
    if parts[0] == "main":
        return name == "main"
    return any(name.startswith("_".join(parts[:n]) + "_") for n in range(2, len(parts) + 1)) or \
        name == "_".join(parts)


def check_functions(report, path, area, text, lines):
    clean = blank_comments(text)
    limit = MAX_KERNEL_FUNCTION if "kernels" in path.parts else MAX_FUNCTION
    for match in FUNCTION.finditer(clean):
        first = line_of(text, match.start())
        length = line_of(text, match.end()) - first + 1
        if length > limit and not report.allowed(lines, first, "lines"):
            report.add(path, first, "lines", f"{match.group(1)} has {length} lines, at most {limit} may stand")
        # The return type stands on the line or lines above the name
        above = clean[:match.start()].rsplit("\n\n", 1)[-1]
        is_static = re.search(r"\bstatic\b", re.split(r"[;}]", above)[-1])
        if area in LICENCES and path.suffix == ".c" and not is_static and not is_named_for(match.group(1), path.stem):
            if match.group(1).isupper() or match.group(1).startswith("G_"):
                continue
            if not report.allowed(lines, first, "name"):
                report.add(path, first, "name", f"{match.group(1)} does not start with its file's name")
    for match in BRACE_AT_END.finditer(clean):
        report.add(path, line_of(text, match.start()), "lines", "a function's brace stands on a line of its own")


def check_c_words(report, path, area, text, lines):
    clean = blank_comments(text)
    for match in GOTO.finditer(clean):
        number = line_of(text, match.start())
        if not report.allowed(lines, number, "goto"):
            report.add(path, number, "goto", "use early returns and g_autoptr")
    for match in JSON.finditer(clean) if area in LICENCES and path.name not in JSON_FILES else ():
        number = line_of(text, match.start())
        if not report.allowed(lines, number, "json"):
            report.add(path, number, "json", "jansson follows the locale: use ivl_json_text_parse() or _print()")
    if area == "libivl":
        for match in ENDING.finditer(clean):
            number = line_of(text, match.start())
            if not report.allowed(lines, number, "end"):
                report.add(path, number, "end", f"{match.group(1)} ends the process of whoever uses the library")
    for match in SET_ERROR.finditer(clean) if area in DOMAINS else ():
        arguments = [word.strip() for word in match.group(1).split(",")]
        domain = arguments[0] if "error_new" in match.group(0) else arguments[1] if len(arguments) > 1 else ""
        number = line_of(text, match.start())
        if domain not in DOMAINS[area] and not report.allowed(lines, number, "domain"):
            report.add(path, number, "domain", f"{domain} is not an error domain for this folder")


def check_lines(report, path, lines, is_c):
    for number, line in enumerate(lines, 1):
        if is_c and len(line) > MAX_WIDTH and not report.allowed(lines, number, "width"):
            report.add(path, number, "width", f"{len(line)} characters, at most {MAX_WIDTH} may stand")
        match = WORDS.search(line)
        if match and not report.allowed(lines, number, "word"):
            report.add(path, number, "word", f"“{match.group(1)}” marks unfinished work")
        match = MACHINE_PATH.search(line)
        if match and not report.allowed(lines, number, "path"):
            report.add(path, number, "path", f"{match.group(0)}… is a path of one machine")


def check_file(report, top, path):
    relative = path.relative_to(top)
    area = relative.parts[0]
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    is_c = path.suffix in (".c", ".h")
    check_lines(report, path, lines, is_c)
    if not is_c:
        return
    check_head(report, path, area, lines)
    check_functions(report, path, area, text, lines)
    check_c_words(report, path, area, text, lines)
    if len(lines) > MAX_FILE and not report.allowed(lines[:20], min(20, len(lines)), "lines"):
        report.add(path, 1, "lines", f"the file has {len(lines)} lines, at most {MAX_FILE} may stand")


def main(top):
    top = Path(top).resolve()
    report = Report(top)
    for path in find_files(top, "*.c", "*.h", "*.py", "*.sh", "*.build", "*.ini", "*.in", "*.md", "dev"):
        check_file(report, top, path)
    return report.finish("source rules")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
