#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes locales in a folder for LOCPATH. Usage: make-locales.py LOCALEDEF STAMP NAME..."""

import subprocess
import sys
from pathlib import Path


def main(localedef, stamp, *names):
    stamp = Path(stamp)
    for name in names:
        # It warns of what the locale's own source lacks; what counts is that the locale is there
        made = subprocess.run([localedef, "-c", "-i", name, "-f", "UTF-8", str(stamp.parent / f"{name}.UTF-8")],
                              capture_output=True, text=True, check=False)
        if not (stamp.parent / f"{name}.UTF-8" / "LC_NUMERIC").exists():
            sys.exit(f"{localedef} made no {name}: {made.stderr}")
    stamp.write_text("\n".join(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
