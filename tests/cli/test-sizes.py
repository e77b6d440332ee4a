#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's table of the published sizes says what `ivl info` says of their config files.

Usage: test-sizes.py IVL MAKE-RANDOM-MODEL README
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from clilib import Command, Tap

ROW = re.compile(r"^\| InternVL2_5-(\d+B) \| ([\d.]+) billion \| ([\d.]+) GB \| ([\d.]+) GB \|$", re.MULTILINE)


def main(program, maker, readme):
    tap = Tap()
    rows = ROW.findall(Path(readme).read_text(encoding="utf-8"))
    tap.equal([row[0] for row in rows], ["1B", "2B", "4B", "8B", "26B", "38B", "78B"], "a row for each size")
    with tempfile.TemporaryDirectory() as scratch:
        ivl = Command(program, scratch, "")
        for size, parameters, weights, memory in rows:
            folder = os.path.join(scratch, size)
            subprocess.run([maker, "--config-only", size, folder], check=True, stdout=subprocess.DEVNULL)
            _, out, _ = ivl.run("info", "--json", folder)
            info = json.loads(out)
            found = (f"{info['parameters'] / 1e9:.3f}", f"{2 * info['parameters'] / 1e9:.1f}",
                     f"{info['memory_needed'] / 1e9:.1f}")
            tap.equal(found, (parameters, weights, memory), f"parameters, weights and memory of the {size}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
