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


def check_umbrella(compilers, flags):
    problems = []
    for language, compiler in compilers.items():
        said = compile_text(compiler, language, "#include <libivl/ivl.h>\n", flags)
        if said:
            problems.append(f"ivl.h does not compile as {language}:\n{said}")
    return problems


def check_header(name, compilers, flags):
    """A header other than ivl.h: compiles with nothing before it, may come twice, refuses to be the door."""
    problems = []
    for language, compiler in compilers.items():
        said = compile_text(compiler, language,
                            f"#define IVL_INSIDE\n#include <libivl/{name}>\n#include <libivl/{name}>\n", flags)
        if said:
            problems.append(f"{name} does not compile alone and twice as {language}:\n{said}")
    said = compile_text(compilers["c"], "c", f"#include <libivl/{name}>\n", ["-fmax-errors=1", *flags])
    if "can be included directly" not in said:
        problems.append(f"{name} included directly must be refused, the compiler says:\n{said}")
    return problems


def main(top, build_include, cc, cxx, *flags):
    compilers = {"c": cc, "c++": cxx}
    flags = [f"-I{top}", f"-I{build_include}", *flags]
    names = sorted(path.name for path in Path(top, "libivl").glob("*.h") if not path.stem.endswith("-private"))
    names.remove("ivl.h")
    problems = check_umbrella(compilers, flags)
    with ThreadPoolExecutor(max_workers=2) as pool:
        for found in pool.map(lambda name: check_header(name, compilers, flags), names):
            problems += found
    for problem in problems:
        print(problem)
    print(f"headers: {len(names) + 1} checked as C and C++, {len(problems)} found")
    return 1 if problems or not names else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
