#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks one behaviour after the other in a copy of the sources, and says which tests notice.

Usage: run.py SOURCES WORK-FOLDER [NAME...]

Each entry of mutants.toml replaces a text that stands exactly once in one file, and names the tests
that are run then. A text that is gone, or a change that does not build, is a fault of the table and
ends the run. Exit status 0: all but MOST_UNNOTICED were noticed, and all that are marked `known` (what
somebody could break unseen before).
"""

import subprocess
import sys
import time
import tomllib
from pathlib import Path

MOST_UNNOTICED = 2
OPTIONS = ["-Dbuildtype=debugoptimized", "-Dintrospection=disabled"]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, **options)


def must(*command, **options):
    result = run(*command, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return result


def copy_sources(sources, copy):
    """The working tree as git sees it; files that are the same keep their times, so that little is built."""
    names = must("git", "-C", str(sources), "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    for name in filter(None, names.split("\0")):
        source, target = sources / name, copy / name
        if not source.is_file():
            continue
        data = source.read_bytes()
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(source.stat().st_mode & 0o777)


def read_table(sources):
    with open(sources / "tests/mutants/mutants.toml", "rb") as file:
        return tomllib.load(file)["mutant"]


def find_faults(sources, table):
    faults = []
    for row in table:
        path = sources / row["file"]
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(row["old"]) != 1:
            faults.append(f"{row['name']}: its text stands {text.count(row['old'])} times in {row['file']}")
    names = [row["name"] for row in table]
    return faults + [f"{name}: twice" for name in sorted(set(names)) if names.count(name) > 1]


def failing_tests(build, names):
    """The tests among these that fail; None when the change does not build."""
    result = run("meson", "test", "-C", str(build), *names)
    if "ninja: build stopped" in result.stdout + result.stderr or "Could not rebuild" in result.stdout + result.stderr:
        return None
    return [line.split("/ ", 1)[1].split()[0] for line in result.stdout.splitlines()
            if "/ " in line and any(word in line for word in (" FAIL ", " ERROR ", " TIMEOUT "))
            and line.lstrip()[0].isdigit()] if result.returncode else []


def try_mutant(copy, build, row):
    path = copy / row["file"]
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(row["old"], row["new"]), encoding="utf-8")
    try:
        return failing_tests(build, row["tests"])
    finally:
        path.write_text(whole, encoding="utf-8")


def prepare(sources, work, table):
    copy, build = work / "source", work / "build"
    copy_sources(sources, copy)
    if not (build / "build.ninja").exists():
        must("meson", "setup", str(build), str(copy), *OPTIONS)
    tests = sorted({name for row in table for name in row["tests"]})
    broken = failing_tests(build, tests)
    if broken is None or broken:
        sys.exit(f"without any change these fail, or do not build: {broken}")
    return copy, build


def main(sources, work, *wanted):
    sources, work = Path(sources).resolve(), Path(work).resolve()
    table = read_table(sources)
    faults = find_faults(sources, table)
    if faults:
        sys.exit("mutants.toml does not fit the sources:\n" + "\n".join(faults))
    table = [row for row in table if not wanted or row["name"] in wanted]
    copy, build = prepare(sources, work, table)
    survivors = []
    for number, row in enumerate(table, 1):
        begin = time.monotonic()
        noticed = try_mutant(copy, build, row)
        if noticed is None:
            sys.exit(f"{row['name']}: does not build")
        if not noticed:
            survivors.append(row)
        what = "noticed by " + ", ".join(noticed) if noticed else "SURVIVES"
        print(f"{number:2} {time.monotonic() - begin:4.0f} s  {row['name']}: {what}", flush=True)
    n_noticed = len(table) - len(survivors)
    known = [row["name"] for row in survivors if row.get("known")]
    print(f"{n_noticed} of {len(table)} broken behaviours were noticed")
    for name in known:
        print(f"known once, and unnoticed again: {name}")
    return 1 if known or (len(survivors) > MOST_UNNOTICED) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
