#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Objects built for an instruction set may define one symbol for the linker, ivl_kernels_init_<isa>.
# Anything else, an inline function of a header among them, could be chosen for the whole program and
# run where it must not.
# Usage: check-isa-symbols.py NM ISA=LIBRARY...
import subprocess
import sys


def main():
    n_wrong = 0
    for argument in sys.argv[2:]:
        isa, library = argument.split("=", 1)
        listing = subprocess.run([sys.argv[1], "--defined-only", "--extern-only", library],
                                 check=True, capture_output=True, text=True).stdout
        symbols = {line.split()[-1] for line in listing.splitlines() if len(line.split()) >= 3}
        if symbols != {"ivl_kernels_init_" + isa}:
            n_wrong += 1
            print(f"{library}: defines {sorted(symbols)}, only ivl_kernels_init_{isa} may be there")
    print(f"{len(sys.argv) - 2} instruction sets, {n_wrong} wrong")
    return 1 if n_wrong else 0


sys.exit(main())
