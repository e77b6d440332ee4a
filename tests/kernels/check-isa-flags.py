#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an instruction set's kernels are compiled for is asked of the processor before they are used: each
# -m flag of the compiler stands among the features of the row's test.
# Usage: check-isa-flags.py COMPILE-COMMANDS ISA-LIST ISA...
import json
import re
import shlex
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        commands = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        rows = dict(re.findall(r"^ *ISA \((\w+), (.*)$", file.read(), re.MULTILINE))
    n_wrong = 0
    for isa in sys.argv[3:]:
        command = next(c["command"] for c in commands if c["file"].endswith(f"ivl-kernels-{isa}.c"))
        flags = {word[2:] for word in shlex.split(command) if re.fullmatch(r"-m[a-z0-9]+", word)}
        tested = set(re.findall(r"IVL_HAS_FEATURE \((\w+)\)", rows.get(isa, "")))
        if not flags or flags - tested:
            n_wrong += 1
            print(f"{isa}: compiled for {sorted(flags)}, asked for {sorted(tested)}")
    print(f"{len(sys.argv) - 3} instruction sets, {n_wrong} wrong")
    return 1 if n_wrong else 0


sys.exit(main())
