#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as people have them, each with the condition that it stands for and the right value.

Usage: test-pictures.py IVL DEMO-FOLDER [CASE...]

pictures/cases.json says for each case how the right value was found; it never comes from ivl. Colours are
means of 7 x 7 pixels of the tiles that `ivl tiles` writes, around points given as fractions of the sides.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Ivl", "1")
from gi.repository import GLib, Ivl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
sys.path.insert(0, str(HERE.parent / "gimp"))
from clilib import Command, Tap
from pngfile import decode
from xmpfile import find_packets, find_second_picture, read_properties

PICTURES = HERE / "pictures"


def is_value(value, wanted):
    """Whether a property has the wanted value, in whichever of RDF's forms it stands."""
    if isinstance(wanted, dict) and "sha256" in wanted:
        items = value if isinstance(value, list) else []
        digest = hashlib.sha256("\n".join(items).encode()).hexdigest()
        return len(items) == wanted["count"] and digest == wanted["sha256"]
    if isinstance(wanted, dict):
        if isinstance(value, str) and set(wanted) == {"x-default"}:
            return value == wanted["x-default"]
        folded = {key.lower(): text for key, text in value.items()} if isinstance(value, dict) else {}
        return all(folded.get(key.lower()) == text for key, text in wanted.items())
    if isinstance(wanted, list) and isinstance(value, str):
        return wanted == [value]
    if isinstance(wanted, str) and isinstance(value, (list, dict)):
        return list(value.values() if isinstance(value, dict) else value) == [wanted]
    return value == wanted


def find_differences(found, keep, absent):
    return [f"{name} is {found.get(name)!r:.160}, not {wanted!r:.160}"
            for name, wanted in keep.items() if not is_value(found.get(name), wanted)] + \
        [f"{name} has come up: {found[name]!r}" for name in absent if name in found]


def mean_around(pixels, width, height, fx, fy):
    x, y = min(int(fx * width), width - 1), min(int(fy * height), height - 1)
    area = [3 * (v * width + u) for v in range(max(0, y - 3), min(height - 1, y + 3) + 1)
            for u in range(max(0, x - 3), min(width - 1, x + 3) + 1)]
    return [round(sum(pixels[at + i] for at in area) / len(area)) for i in range(3)]


class Checker:
    """A method for each thing that a case does; each gives a list of what does not hold."""

    def __init__(self, program, demo, scratch):
        self.demo, self.scratch, self.count = demo, scratch, 0
        self.command = Command(program, str(scratch), str(demo / "model"))

    def call(self, *arguments):
        status, out, err = self.command.run(*arguments)
        return status, out.decode(errors="replace"), err.decode(errors="replace")

    def folder(self):
        self.count += 1
        folder = self.scratch / f"{self.count}"
        folder.mkdir()
        return folder

    def copy(self, case):
        return Path(shutil.copyfile(PICTURES / case["file"], self.folder() / case["file"]))

    def write_texts(self, path, texts):
        metadata = Ivl.Metadata.new()
        for which, text in texts.items():
            {"alt": metadata.set_alt_text, "long": metadata.set_long_description,
             "caption": metadata.set_caption, "language": metadata.set_language}[which](text)
        metadata.write_file(str(path), None)

    def compare_texts(self, path, right):
        try:
            metadata = Ivl.Metadata.read_file(str(path))
        except GLib.Error as problem:
            return [f"read_file fails: {problem.message}"]
        texts = {"alt": metadata.get_alt_text(), "long": metadata.get_long_description(),
                 "caption": metadata.get_caption(), "language": metadata.get_language()}
        return [f"{which} is {texts[which]!r}, not {wanted!r}"
                for which, wanted in right.items() if texts[which] != wanted]

    def read(self, case, check):
        return self.compare_texts(PICTURES / case["file"], check["right"])

    def write(self, case, check):
        path = self.copy(case)
        before = path.read_bytes()
        try:
            self.write_texts(path, check["set"])
        except GLib.Error as problem:
            if path.read_bytes() != before:
                return [f"write_file fails and has changed the file: {problem.message}"]
            return [] if check.get("or_refuse") else [f"write_file fails: {problem.message}"]
        data = path.read_bytes()
        packets = find_packets(data)
        wrong = find_differences(read_properties(packets), check["keep"], check["absent"])
        wrong += self.compare_texts(path, check["read"])
        if check.get("no_text") and any(check["no_text"].encode() in packet for packet in packets):
            wrong.append(f"{len(packets)} packets in the file, one still with the old text")
        if check.get("mpf") and find_second_picture(data) != find_second_picture(before):
            wrong.append("the second picture is not where its offset leads")
        return wrong

    def tiles(self, case, check):
        folder, path = self.folder(), PICTURES / case["file"]
        status, out, err = self.call("tiles", "--json", "--max-tiles", "1", "-o", str(folder), str(path))
        if status != 0:
            told = check.get("or_say") and re.search(check["or_say"], err.replace(str(path), "…"))
            return [] if told else [f"refused: {err.strip()[-200:]}"]
        row = json.loads(out)
        if [row["width"], row["height"]] != check["size"]:
            return [f"size is {row['width']} x {row['height']}, not {check['size'][0]} x {check['size'][1]}"]
        wrong = self.compare_texts(path, {"alt": check["alt"]}) if "alt" in check else []
        if check["points"]:
            width, height, pixels = decode(next(folder.glob("*.png")).read_bytes())
            for fx, fy, right in check["points"]:
                mean = mean_around(pixels, width, height, fx, fy)
                if max(abs(a - b) for a, b in zip(mean, right)) > check["tol"]:
                    wrong.append(f"at ({fx:.2f}, {fy:.2f}) {mean}, not {right}")
        return wrong

    def ocr(self, case, check):
        status, out, err = self.call("ocr", "--json", str(PICTURES / case["file"]))
        if status != 0:
            return [f"refused: {err.strip()[-200:]}"]
        rows = [json.loads(line) for line in out.splitlines()]
        read = " ".join(row.get("text", "") for row in rows)
        told = err + " ".join(f"{key} {value}" for row in rows for key, value in row.items()
                              if key not in ("file", "text"))
        if all(re.search(rf"\b{word}\b", read) for word in check["words"]) or \
                check.get("or_say") and re.search(check["or_say"], told):
            return []
        return [f"the answer is {read!r}"]

    def find_argument(self, case, check):
        if check.get("argument") == "FOLDER":
            return str(self.folder())
        if check.get("argument") == "FILE-URL":
            return Path(shutil.copy(PICTURES / "k25-tags.png", self.folder() / "one.png")).as_uri()
        return check.get("argument") or str(PICTURES / case["file"])

    def say(self, case, check):
        argument = self.find_argument(case, check)
        status, out, err = self.call("tiles", "--json", argument)
        if status == 0:
            row = json.loads(out.splitlines()[0])
            may = check.get("may_read") == [row["width"], row["height"]]
            return [] if may else [f"accepted: {out.strip()[:120]}"]
        for name in (argument, argument.replace("//", "/"), Path(argument).name):
            err = err.replace(name, "…")
        return [] if re.search(check["pattern"], err) else [f"the reason is {err.strip()[-200:]!r}"]

    def names(self, case, check):
        folder = os.fsencode(self.folder())
        paths = [os.path.join(folder, bytes.fromhex(name)) for name in check["names"]]
        for source, path in zip(sorted(self.demo.glob("*.png")), paths):
            shutil.copyfile(os.fsencode(source), path)
        _, out, _ = self.command.run(*check["sub"], "--json", *paths)
        rows = [json.loads(line).get("file") for line in out.decode().splitlines()]
        good = len(rows) == 2 and all(rows) and rows[0] != rows[1]
        return [] if good else [f"rows are called {rows!r}"]

    def xattr(self, case, check):
        path = self.copy(case)
        try:
            os.setxattr(path, check["attribute"], check["value"].encode())
        except OSError as problem:
            return f"no extended attributes here: {problem.strerror}"
        self.write_texts(path, check["set"])
        kept = check["attribute"] in os.listxattr(path) and \
            os.getxattr(path, check["attribute"]).decode() == check["value"]
        return [] if kept else [f"{check['attribute']} is lost"]


def main(program, demo, *wanted):
    tap = Tap()
    cases = json.loads((PICTURES / "cases.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        checker = Checker(program, Path(demo).resolve(), Path(scratch))
        for case in cases:
            if wanted and case["name"] not in wanted:
                continue
            try:
                wrong = getattr(checker, case["check"]["do"])(case, case["check"])
            except (OSError, ValueError, GLib.Error) as problem:
                wrong = [f"{type(problem).__name__}: {problem}"]
            if isinstance(wrong, str):
                tap.skip(f"{case['name']}: {wrong}")
            else:
                tap.equal(wrong, [], f"{case['name']}: {case['condition']}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
