#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that the mutants' table replaces stand in the sources, each once.

Usage: check-mutants.py SOURCES

Who changes such a line changes the row, long before the table is run.
"""

import importlib.util
import sys
from pathlib import Path

RUN = Path(__file__).resolve().parent.parent / "mutants/run.py"


def main(top):
    spec = importlib.util.spec_from_file_location("run_mutants", RUN)
    mutants = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mutants)
    table = mutants.read_table(Path(top))
    faults = mutants.find_faults(Path(top), table)
    for fault in faults:
        print(fault)
    print(f"mutants: {len(table)} rows, {len(faults)} found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
