#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what meson's test logs say and prints `N passed, N failed[, N skipped]` as the last line.

A TAP program counts by its test points, any other program as one test. A program that broke off
counts as a failure even when all the points that it printed were good.
"""

import json
import re
import sys

POINT = re.compile(r"^( *)(not )?ok\b([^#]*)(#\s*(skip|todo)\b)?", re.IGNORECASE)
PLAN = re.compile(r"^ *1\.\.\d+", re.MULTILINE)
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


def count_points(output):
    """(passed, failed, skipped) of TAP text; a point that closes a nested block stands for its points."""
    counts = [0, 0, 0]
    nested = {}
    for line in output.splitlines():
        match = POINT.match(line)
        if not match:
            continue
        indent = len(match.group(1))
        failed = match.group(2) is not None
        children = [key for key in nested if key > indent]
        child_failed = any(nested.pop(key) for key in children)
        nested[indent] = nested.get(indent, False) or failed
        if children and not (failed and not child_failed):
            continue
        skipped = match.group(5) is not None and match.group(5).lower() == "skip"
        counts[1 if failed else 2 if skipped else 0] += 1
    return counts


def count_program(entry):
    """(passed, failed, skipped) of one line of testlog.json."""
    output = entry.get("stdout", "")
    result = entry["result"]
    if not PLAN.search(output):
        return [int(result in ("OK", "EXPECTEDFAIL")), int(result not in GOOD), int(result == "SKIP")]
    counts = count_points(output)
    if result not in GOOD and counts[1] == 0:
        counts[1] = 1
    return counts


def main(paths):
    total = [0, 0, 0]
    for path in paths:
        with open(path, encoding="utf-8") as log:
            for line in log:
                entry = json.loads(line)
                counts = count_program(entry)
                total = [a + b for a, b in zip(total, counts)]
                if counts[1]:
                    print(f"failed: {entry['name']} ({entry['result']})")
    if total[0] == 0:
        print("no test passed: nothing can have been run")
        total[1] = max(total[1], 1)
    line = f"{total[0]} passed, {total[1]} failed"
    print(line + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
