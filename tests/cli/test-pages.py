#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TIFF files of several pages: which are read, and that it is said; and how JSON names files. The model has
random weights.

Usage: test-pages.py IVL MODEL
"""

import json
import os
import struct
import sys
import tempfile

from clilib import Command, Tap


def make_pages(sizes):
    """Flat gray pages of these sizes, one directory after another."""
    out = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for i, (width, height) in enumerate(sizes):
        pixels = len(out)
        out += bytes([60 * i + 30]) * (width * height)
        out += bytes(len(out) % 2)
        rows = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, pixels), (277, 1), (278, height),
                (279, width * height)]
        struct.pack_into("<I", out, link, len(out))
        out += struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in rows)
        link = len(out)
        out += bytes(4)
    return bytes(out)


def read_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as scratch:
        three, one = os.path.join(scratch, "three.tif"), os.path.join(scratch, "one.tif")
        with open(three, "wb") as f:
            f.write(make_pages([(30, 20), (40, 10), (20, 60)]))
        with open(one, "wb") as f:
            f.write(make_pages([(30, 20)]))
        ivl = Command(program, scratch, model)

        def run(*arguments):
            code, out, err = ivl.run(*arguments)
            return code, out.decode(), err.decode()

        common = ("--max-tokens", "2", "--max-tiles", "1", "-m", model)

        code, out, err = run("ocr", "--json", *common, three)
        tap.equal([(row["page"], row["pages"]) for row in read_lines(out)], [(1, 3), (2, 3), (3, 3)],
                  "ocr reads all pages")
        tap.point("only page" not in err, "and has nothing else to say")
        code, out, err = run("ocr", "--json", "--page", "2", *common, three)
        tap.equal([(row["page"], row["pages"]) for row in read_lines(out)], [(2, 3)], "ocr --page 2 reads one")
        tap.point("three.tif: only page 2 of 3 was read" in err, "and says so")
        code, out, err = run("ocr", *common, "--page", "4", three)
        tap.point(code == 1 and "there is no page 4, the last is 3" in err, "a page that is not there is an error")
        for wrong in ("0", "-1", "x", ""):
            code, out, err = run("ocr", *common, "--page=" + wrong, three)
            tap.point(code == 2 and "--page must be" in err, f"--page={wrong} is refused")
        code, out, err = run("locate", *common, "--page", "all", "-q", "it", three)
        tap.equal(code, 2, "a place is one of a single page")
        code, out, err = run("caption", "--json", *common, three)
        tap.equal([(row["page"], row["pages"]) for row in read_lines(out)], [(1, 3)], "caption reads the first")
        tap.point("three.tif: only page 1 of 3 was read" in err, "and says so")
        code, out, err = run("tiles", "--json", three)
        tap.equal([(row["page"], row["pages"], row["width"]) for row in read_lines(out)], [(1, 3, 30)],
                  "tiles shows the first")
        tap.point("three.tif: only page 1 of 3 was read" in err, "and says so")
        code, out, err = run("ocr", "--json", *common, one)
        tap.equal([row.get("page") for row in read_lines(out)], [None], "one page has no number")
        tap.point("page" not in err, "and nothing is said of it")
        names = [os.path.join(os.fsencode(scratch), name) for name in (b"caf\xe9.tif", b"caf\xe8.tif", b"\xffz\xc3.tif")]
        for name in names:
            with open(name, "wb") as f:
                f.write(make_pages([(30, 20)]))
        code, out, err = run("tiles", "--json", *names)
        tap.equal([os.path.basename(row["file"]) for row in read_lines(out)],
                  ["caf\\xe9.tif", "caf\\xe8.tif", "\\xffz\\xc3.tif"], "names that are not UTF-8 stay distinct")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
