#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of the 1B's true dimensions with random weights: opens, answers within its memory, and dies of
nothing when its file is cut while in use. Usage: test-true-size.py IVL MAKE-RANDOM-MODEL

Two gigabytes of disk and some minutes: only in the long tests.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import clilib
from clilib import Command, Tap, png

# What the program may take beside the weights
WORKING_MEMORY = 400e6


def check_answer(tap, ivl, picture, weights):
    code, out, err = ivl.run("caption", "--json", "--max-tokens", "4", "--max-tiles", "1", picture)
    answer = json.loads(out) if code == 0 else {}
    tap.equal(code, 0, "a picture is answered")
    tap.equal(answer.get("tokens", {}).get("answer"), 4, f"with four tokens {err!r}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    tap.point(peak <= weights + WORKING_MEMORY, "memory stays under the weights and 400 MB", (peak, weights))


def check_cut(tap, ivl, picture, weights_file):
    """The file loses its end while a tile is being encoded."""
    process = ivl.start("caption", "--max-tokens", "4", "--max-tiles", "1", picture, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)
    time.sleep(1)
    os.truncate(weights_file, weights_file.stat().st_size // 4)
    out, err = process.communicate(timeout=clilib.HANG)
    tap.equal(process.returncode, 3, "a model that is cut while in use ends in exit code 3")
    tap.equal(out, b"", "and in no text")
    tap.point(b"changed on disk" in err, "and in a sentence that says so", err)


def main(program, maker):
    tap = Tap()
    clilib.HANG = 600
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        subprocess.run([maker, "1B", str(model)], check=True, stdout=subprocess.DEVNULL)
        picture = Path(scratch) / "picture.png"
        picture.write_bytes(png(300, 300))
        ivl = Command(program, scratch, str(model))
        code, out, _ = ivl.run("info", "--json")
        info = json.loads(out)
        tap.equal((code, info["parameters"], info["problems"]), (0, 938193024, []), "nothing is missing")
        check_answer(tap, ivl, str(picture), info["bytes"])
        check_cut(tap, ivl, str(picture), model / "model.safetensors")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
