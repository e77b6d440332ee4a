#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plug-in sends of a layer is what the command sends of its file, to the last bit, for every kind of picture that a
PNG holds; and for those that need no resizing it is what this test has put into them. Read between the programs and the
service.
Usage: test-pixels.py PLUGIN IVL DEMO"""

import json
import random
import subprocess
import sys

from gimptest import main_of, ready
from gimplib import Desk, Gimp, wait_for
from pngfile import GRAY, GRAY_ALPHA, INDEXED, RGB_ALPHA, decode, encode, gray_profile, gray_to_srgb, wide_profile, wide_to_srgb
from relay import Relay

REPEAT = 5
WIDTH, HEIGHT = 96, 96  # the demo model's tile, the only one it looks at: the small pictures are not resized
# babl takes colours from one space to another in its own arithmetic, lcms2 in its tables: to sRGB they round apart by a level
CONVERTED = 1
# gdk-pixbuf 2.44 leaves PNG files to glycin. That rounds 16 bits to 8, which others cut, and applies profiles itself, on the way
# from 16 bits and for gray less exactly: measured with glycin 2.2.3
GLYCIN = {"rgb-16": 2, "rgb-alpha-16": 2, "gray-16": 2, "icc-16": 4, "icc-gray": 9}


def bounds_of_loader():
    """How far the command's reading of a kind may be from GIMP's"""
    version = subprocess.run(["pkg-config", "--modversion", "gdk-pixbuf-2.0"], capture_output=True, check=True, text=True).stdout
    return GLYCIN if tuple(map(int, version.split(".")[:2])) >= (2, 44) else {}


def over(ground, value, alpha):
    return (value * alpha + ground * (255 - alpha) + 127) // 255


def luma(pixel):
    return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) // 1000


def find_ground(rows, alpha):
    """The contrasting ground, as ivl-backdrop.h defines it: of two neighbours the more opaque one is seen against the
    other; what is less than 128 levels from the ground is lost in part; white unless more than a third is lost on it."""
    weights = [0] * 256
    for y, line in enumerate(alpha):
        for x, a in enumerate(line):
            for v, u in ((y, x + 1), (y + 1, x)):
                if v < len(alpha) and u < len(line):
                    b = alpha[v][u]
                    weights[luma(rows[y][x] if a > b else rows[v][u])] += abs(a - b)
    loss = {ground: sum(weight * max(128 - abs(i - ground), 0) for i, weight in enumerate(weights)) for ground in (255, 0, 128)}
    return 255 if loss[255] <= 128 * sum(weights) // 3 else min(loss, key=loss.get)


class Picture:
    """A PNG file. shown: the 8-bit RGB that the tile has to be, where it is known, give or take `near` levels.
    levels: how far the command may be from it."""

    def __init__(self, name, data, levels, shown=None, near=0):
        self.name, self.data, self.levels, self.shown, self.near = name, data, levels, shown, near


def grid(seed):
    """A number of 0 to 255 for each pixel: smooth, with noise, so that no two rows are alike."""
    noise = random.Random(seed)
    return [[(x * (seed + 1) // 2 + y * 3 + noise.randrange(16)) % 256 for x in range(WIDTH)] for y in range(HEIGHT)]


def flat(rows):
    return b"".join(bytes(value for pixel in row for value in pixel) for row in rows)


def kinds():
    """(name, rows, how they are encoded, what they are over their ground) of all that a PNG may hold"""
    red, green, blue, alpha = map(grid, (1, 2, 3, 4))
    colors = [list(zip(*rows)) for rows in zip(red, green, blue)]
    rgb = [b"".join(map(bytes, row)) for row in colors]
    mixed = [bytes(v for pixel, a in zip(row, line) for v in (*pixel, a)) for row, line in zip(colors, alpha)]
    shades = [bytes(row) for row in red]
    palette = [((i * 7) % 256, (i * 13) % 256, 255 - i) for i in range(256)]
    opacity = [(i * 5) % 256 for i in range(256)]
    low = random.Random(9)

    def wide(rows):
        """16 bits: the value in the high byte, anything in the low one"""
        return [bytes(byte for value in row for byte in (value, low.randrange(256))) for row in rows]

    def cover(rows, alpha=alpha):
        ground = find_ground(rows, alpha)
        return flat([tuple(over(ground, v, a) for v in pixel) for pixel, a in zip(row, line)] for row, line in zip(rows, alpha))

    converted = [list(map(wide_to_srgb, row)) for row in colors]
    flat_rgb, flat_gray, flat_mixed = flat(colors), flat([(v, v, v) for v in row] for row in red), cover(colors)
    yield "rgb", rgb, {}, flat_rgb
    yield "rgb-alpha", mixed, {"kind": RGB_ALPHA}, flat_mixed
    yield "indexed", shades, {"kind": INDEXED, "palette": palette}, flat([palette[i] for i in row] for row in red)
    yield ("indexed-alpha", shades, {"kind": INDEXED, "palette": palette, "transparency": opacity},
           cover([[palette[i] for i in row] for row in red], [[opacity[i] for i in row] for row in red]))
    yield "gray", shades, {"kind": GRAY}, flat_gray
    yield ("gray-alpha", [bytes(v for pair in zip(row, line) for v in pair) for row, line in zip(red, alpha)], {"kind": GRAY_ALPHA},
           cover([[(v, v, v) for v in row] for row in red]))
    yield "rgb-16", wide(rgb), {"depth": 16}, flat_rgb
    yield "rgb-alpha-16", wide(mixed), {"kind": RGB_ALPHA, "depth": 16}, flat_mixed
    yield "gray-16", wide(shades), {"kind": GRAY, "depth": 16}, flat_gray
    yield "icc", rgb, {"profile": wide_profile()}, flat(converted)
    yield "icc-alpha", mixed, {"kind": RGB_ALPHA, "profile": wide_profile()}, cover(converted)
    yield "icc-16", wide(rgb), {"depth": 16, "profile": wide_profile()}, flat(converted)
    yield "icc-gray", shades, {"kind": GRAY, "profile": gray_profile()}, flat(map(gray_to_srgb, row) for row in red)


def make_pictures():
    """Each kind in the size that is not resized, and once more as several bands of GIMP's own tiles."""
    bounds = bounds_of_loader()
    for name, rows, how, shown in kinds():
        levels = bounds.get(name, CONVERTED if "profile" in how else 0)
        yield Picture(name, encode(WIDTH, rows, **how), levels, shown, CONVERTED if "profile" in how else 0)
        yield Picture(f"large {name}", encode(WIDTH * REPEAT, [row * REPEAT for row in rows] * REPEAT, **how), levels)


def make_huge():
    """24 million pixels: the resizing sees the same numbers too."""
    width, height = 6000, 4000
    line = bytes((x * 3 + (x >> 5) * 17) & 255 for x in range(3 * width + 8192))
    return Picture("6000x4000", encode(width, [line[y * 37 % 8192:][:3 * width] for y in range(height)]), 0)


def distance(first, second):
    """The largest difference of two pictures' bytes."""
    return 0 if first == second else max(abs(a - b) for a, b in zip(first, second)) if len(first) == len(second) else 256


def ask_plugin(gimp, folder, pictures):
    """[answer] of the procedure about each picture, in one console."""
    parts = []
    for picture in pictures:
        ask = gimp.ask_code("caption", source="layer")
        parts.append(f"(let* ((image {gimp.load_code(folder / (picture.name + '.png'))}) (answer (car {ask}))) "
                     "(gimp-image-delete image) (set! all (cons answer all)))")
    return gimp.console_value(f"(let* ((all '())) {' '.join(parts)} (reverse all))")


def ask_command(gimp, ivl, folder, pictures):
    code, said, error = gimp.desk.run(ivl, "caption", "-m", "service:", "--json", "--jobs", "1",
                                      *[folder / (picture.name + ".png") for picture in pictures])
    if code != 0:
        raise RuntimeError(error)
    return [json.loads(line)["text"] for line in said.splitlines()]


def compare(tap, picture, sent, wanted):
    """sent and wanted: all PNG files of a request"""
    if len(sent) != 1 or len(wanted) != 1:
        tap.point(False, f"{picture.name}: one PNG file is sent", (len(sent), len(wanted)))
        return
    (width, height, own), (*size, other) = decode(sent[0]), decode(wanted[0])
    tap.equal([width, height], size, f"{picture.name}: the command's size")
    apart = distance(own, other)
    bound = f"within {picture.levels} level" if picture.levels else "to the last bit"
    tap.point(apart <= picture.levels, f"{picture.name}: the command's numbers {bound}", f"{apart} levels apart")
    if picture.shown:
        apart = distance(own, picture.shown)
        bound = f"by its profile's definition, within {picture.near} level" if picture.near else "to the last bit"
        tap.point(apart <= picture.near, f"{picture.name}: the picture's own numbers {bound}", f"{apart} levels apart")


def main(tap, plugin, ivl, demo):
    with Desk() as desk:
        gimp = Gimp(desk, plugin, ivl, f"{demo}/model", keep=ready())
        folder = desk.folder / "pictures"
        folder.mkdir()
        pictures = [*make_pictures(), make_huge()]
        for picture in pictures:
            (folder / f"{picture.name}.png").write_bytes(picture.data)
        behind = desk.folder / "real.sock"
        desk.start(ivl, "serve", "-m", f"{demo}/model", "--socket", behind)
        if not wait_for(behind.exists):
            raise RuntimeError("the service did not start")
        relay = Relay(gimp.socket_path(), behind)
        said = ask_plugin(gimp, folder, pictures)
        sent = relay.pictures()
        wanted = ask_command(gimp, ivl, folder, pictures)
        of_command = relay.pictures()[len(sent):]
        relay.close()
        tap.equal([len(sent), len(of_command)], [len(pictures)] * 2, "one request for each picture, of both")
        for picture, *parts in zip(pictures, said, wanted, sent, of_command):
            tap.equal(parts[0], parts[1], f"{picture.name}: the command's own answer")
            compare(tap, picture, *parts[2:])


if __name__ == "__main__":
    sys.exit(main_of(main))
