#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles each public header alone as C and as C++, and checks that none but ivl.h stands alone.

Usage: check-headers.py TOP BUILD-INCLUDE-FOLDER CC CXX [COMPILER FLAG...]
"""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STRICT = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def compile_text(compiler, language, text, flags):
    """What the compiler says about `text`; empty when it takes it."""
    with tempfile.NamedTemporaryFile("w", suffix=".c" if language == "c" else ".cc") as source:
        source.write(text)
        source.flush()
        standard = ["-std=c11", "-Wstrict-prototypes"] if language == "c" else ["-std=c++11"]
        done = subprocess.run([compiler, "-x", language, *standard, *STRICT, *flags, source.name],
                              capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stderr or "failed"


def check_header(name, compilers, flags):
    problems = []
    for language, compiler in compilers.items():
        for title, text, good in (
                ("alone", f"#define IVL_INSIDE\n#include <libivl/{name}>\n", name != "ivl.h"),
                ("twice", f"#define IVL_INSIDE\n#include <libivl/{name}>\n#include <libivl/{name}>\n", name != "ivl.h"),
                ("directly", f"#include <libivl/{name}>\n", name == "ivl.h")):
            if name == "ivl.h" and title != "directly":
                continue
            said = compile_text(compiler, language, text, flags)
            if good and said:
                problems.append(f"{name} does not compile {title} as {language}:\n{said}")
            elif not good and not said:
                problems.append(f"{name} can be included directly; only <libivl/ivl.h> may be")
            elif not good and "can be included directly" not in said:
                problems.append(f"{name} included directly must say so, it says:\n{said}")
    return problems


def main(top, build_include, cc, cxx, *flags):
    compilers = {"c": cc, "c++": cxx}
    flags = [f"-I{top}", f"-I{build_include}", *flags]
    names = sorted(path.name for path in Path(top, "libivl").glob("*.h") if not path.stem.endswith("-private"))
    with ThreadPoolExecutor(max_workers=2) as pool:
        problems = [problem for found in pool.map(lambda name: check_header(name, compilers, flags), names)
                    for problem in found]
    for problem in problems:
        print(problem)
    print(f"headers: {len(names)} checked as C and C++, {len(problems)} found")
    return 1 if problems or not names else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
