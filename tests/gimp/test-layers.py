#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers as they are seen: hidden and off the canvas, with masks, opacity, modes and effects, alone and in groups. An export
is what is visible, one page as large as the canvas; the active layer is sent as GIMP shows it. What comes is compared with
colours by arithmetic. Images are made by Script-Fu in one console.
Usage: test-layers.py PLUGIN IVL DEMO"""

import subprocess
import sys

from gimptest import main_of, ready
from gimplib import Desk, Gimp, wait_for
from pngfile import decode
from relay import Relay

SIDE = 96  # the demo model's tile: such pictures are sent without resizing
HALF = SIDE // 2
RED, BLUE, YELLOW, CYAN, CLEAR = (255, 0, 0, 255), (0, 0, 255, 255), (255, 255, 0, 255), (0, 255, 255, 255), (0, 0, 0, 0)
PATIENCE = 900
WHITE = (255, 255, 255)
LOSSLESS = ("png", "tif")
FORMATS = (*LOSSLESS, "webp", "jpg")


class Scene:
    """code: Script-Fu after which `image` is the picture. seen: what is visible at (x, y), as RGBA. layer: the same of the
    active layer alone, in its own pixels; a word of the refusal where nothing of it is seen; None: not asked for."""

    def __init__(self, name, code, seen=None, endings=("tif",), opaque=False, major=None, layer=None):
        self.name, self.code, self.seen, self.endings, self.opaque, self.major = name, code, seen, endings, opaque, major
        self.layer = layer


def attempt(code):
    """Script-Fu: what code is worth, or ("failed" MESSAGE)."""
    return (f'(let* ((hook *error-hook*) (value (call/cc (lambda (leave) (set! *error-hook* (lambda x (leave (cons "failed" x)))) '
            f"{code})))) (set! *error-hook* hook) value)")


class Painter:
    """Script-Fu that makes layers."""

    def __init__(self, major):
        self.major = major

    def image(self, *steps):
        return (f"(let* ((image (car (gimp-image-new {SIDE} {SIDE} RGB))) (group 0) (mask 0)) "
                f"{' '.join(steps)} image)")

    def layer(self, color, width=SIDE, height=SIDE, alpha=True, parent=0, mode="LAYER-MODE-NORMAL"):
        kind = "RGBA-IMAGE" if alpha else "RGB-IMAGE"
        order = (f'image {width} {height} {kind} "layer" 100 {mode}' if self.major == 2
                 else f'image "layer" {width} {height} {kind} 100 {mode}')
        return (f"(set! layer (car (gimp-layer-new {order}))) (gimp-image-insert-layer image layer {parent} 0) "
                + self.paint(color))

    def paint(self, color, left=None):
        """The whole layer, or what is right of `left`."""
        select = f"(gimp-image-select-rectangle image CHANNEL-OP-REPLACE {left} 0 {SIDE} {SIDE})" if left is not None else ""
        return (f"(gimp-context-set-foreground '({color[0]} {color[1]} {color[2]})) {select} "
                "(gimp-drawable-edit-fill layer FILL-FOREGROUND) (gimp-selection-none image)")

    def group(self):
        new = "(gimp-layer-group-new image)" if self.major == 2 else '(gimp-group-layer-new image "group")'
        return f"(set! group (car {new})) (gimp-image-insert-layer image group 0 0)"

    def mask(self, item, left):
        """Hides what is right of `left`."""
        return (f"(set! mask (car (gimp-layer-create-mask {item} ADD-MASK-WHITE))) (gimp-layer-add-mask {item} mask) "
                f"(gimp-image-select-rectangle image CHANNEL-OP-REPLACE {left} 0 {SIDE} {SIDE}) "
                "(gimp-context-set-background '(0 0 0)) (gimp-drawable-edit-fill mask FILL-BACKGROUND) (gimp-selection-none image)")

    def scenes(self):
        hide = "(gimp-item-set-visible {} FALSE)"
        move = "(gimp-layer-set-offsets layer {} {})"
        halves = self.layer(RED) + self.paint(BLUE, HALF)
        yield Scene("upper hidden", self.image(self.layer(BLUE), self.layer(RED), hide.format("layer")), lambda x, y: BLUE, FORMATS, layer="is hidden")
        yield Scene("opacity 50", self.image(self.layer(RED), "(gimp-layer-set-opacity layer 50)"), lambda x, y: (255, 0, 0, 128),
                    layer=lambda x, y: (255, 0, 0, 128))
        yield Scene("moved", self.image(self.layer(RED), move.format(HALF, 32)),
                    lambda x, y: RED if x >= HALF and y >= 32 else CLEAR, LOSSLESS, layer=lambda x, y: RED)
        yield Scene("smaller", self.image(self.layer(RED, HALF, HALF), move.format(24, 24)),
                    lambda x, y: RED if 24 <= x < 72 and 24 <= y < 72 else CLEAR)
        yield Scene("larger", self.image(self.layer(RED, 200, 200) + self.paint(BLUE, HALF), move.format(-20, -20)),
                    lambda x, y: BLUE if HALF - 20 <= x < SIDE - 20 and y < SIDE - 20 else RED)
        yield Scene("mask", self.image(halves, self.mask("layer", HALF)), lambda x, y: RED if x < HALF else CLEAR,
                    layer=lambda x, y: RED if x < HALF else CLEAR)
        yield Scene("mask not applied", self.image(halves, self.mask("layer", HALF), "(gimp-layer-set-apply-mask layer FALSE)"),
                    lambda x, y: RED if x < HALF else BLUE, layer=lambda x, y: RED if x < HALF else BLUE)
        yield Scene("mask of the group", self.image(self.group(), self.layer(RED, parent="group"), self.paint(BLUE, HALF),
                                                    self.mask("group", HALF)), lambda x, y: RED if x < HALF else CLEAR,
                    layer=lambda x, y: RED if x < HALF else CLEAR)
        yield Scene("opacity of the group", self.image(self.group(), self.layer(RED, parent="group"),
                                                       "(gimp-layer-set-opacity group 50)"), lambda x, y: (255, 0, 0, 128),
                    layer=lambda x, y: (255, 0, 0, 128))
        yield Scene("mode", self.image(self.layer(YELLOW, alpha=False), self.layer(CYAN, mode="LAYER-MODE-MULTIPLY")),
                    lambda x, y: (0, 255, 0, 255), opaque=True, layer=lambda x, y: CYAN)
        yield Scene("effect", self.image(self.layer(RED), '(gimp-drawable-append-new-filter layer "gegl:invert-gamma" "inverted" '
                                         "LAYER-MODE-REPLACE 1.0)"), lambda x, y: CYAN, major=3, layer=lambda x, y: CYAN)
        yield Scene("only hidden", self.image(self.layer(RED), hide.format("layer")), endings=FORMATS, layer="is hidden")
        yield Scene("hidden group", self.image(self.group(), self.layer(RED, parent="group"), hide.format("group")), layer="is hidden")
        yield Scene("outside", self.image(self.layer(RED), move.format(2 * SIDE, 0)), lambda x, y: CLEAR, layer="outside the canvas")
        yield Scene("transparent", self.image(self.layer(RED), "(gimp-drawable-fill layer FILL-TRANSPARENT)"), lambda x, y: CLEAR,
                    layer="transparent everywhere")
        yield Scene("one pixel", self.image(self.layer(RED, 1, 1)), lambda x, y: RED if x == y == 0 else CLEAR, layer="1 × 1")
        yield Scene("opacity 0", self.image(self.layer(RED), "(gimp-layer-set-opacity layer 0)"), lambda x, y: CLEAR,
                    layer="transparent everywhere")
        yield Scene("empty group", self.image(self.group()))
        yield Scene("without layers", self.image())


def read_pixels(path):
    return subprocess.run(["convert", f"{path}[0]", "-depth", "8", "rgba:-"], capture_output=True, check=False, timeout=180).stdout


def read_facts(path):
    """[(width, height, page's width, page's height, channels)] of each page."""
    done = subprocess.run(["identify", "-format", "%w %h %W %H %[channels]\n", str(path)], capture_output=True, check=False,
                          timeout=180, text=True)
    return [line.split() for line in done.stdout.splitlines()]


def distance(pixels, seen):
    """The largest difference from what is seen; where nothing is seen only transparency counts."""
    if len(pixels) != 4 * SIDE * SIDE:
        return 256
    worst = 0
    for place in range(0, len(pixels), 4):
        found, wanted = pixels[place:place + 4], seen(place // 4 % SIDE, place // 4 // SIDE)
        pairs = zip(found, wanted) if wanted[3] else ((found[3], 0),)
        worst = max(worst, *(abs(a - b) for a, b in pairs))
    return worst


def under(ground, seen):
    def laid(x, y):
        *color, alpha = seen(x, y)
        return (*((value * alpha + ground[part] * (255 - alpha) + 127) // 255 for part, value in enumerate(color)), 255)
    return laid


def check_page(tap, scene, path, ending):
    facts = read_facts(path)
    tap.equal([fact[:4] for fact in facts], [[str(SIDE)] * 4], f"{scene.name}, {ending}: one page as large as the canvas")
    apart = distance(read_pixels(path), scene.seen if ending in LOSSLESS else under(WHITE, scene.seen))
    tap.point(apart <= 1, f"{scene.name}, {ending}: what is visible", f"{apart} levels apart")
    if scene.opaque:
        tap.point("a" not in facts[0][4].split("srgb")[-1], f"{scene.name}, {ending}: without transparency", facts[0])


def check_exports(tap, scenes, folder, values):
    for index, scene in enumerate(scenes):
        for ending, value in zip(scene.endings, values[index]):
            path = folder / f"{index}.{ending}"
            if scene.seen is None:
                said = value[1] if value[0] == "failed" else value
                tap.point("no layer is visible" in str(said) and "success" not in str(said).lower(),
                          f"{scene.name}, {ending}: refused, with its reason and no other", value)
                tap.equal(path.exists(), False, f"{scene.name}, {ending}: no file")
                continue
            tap.equal(value[0] != "failed", True, f"{scene.name}, {ending}: written")
            # Lossy formats: that they are one page is enough, and the colours of whole pictures
            if ending in LOSSLESS:
                check_page(tap, scene, path, ending)
            else:
                tap.equal([fact[:2] for fact in read_facts(path)], [[str(SIDE)] * 2], f"{scene.name}, {ending}: one page")


def ask_about(gimp, scenes):
    """What the procedure says of the active layer of each."""
    parts = [f"(set! every (cons (let* ((image {scene.code}) (value {attempt(gimp.ask_code('caption', drawables=['layer']))})) "
             "(gimp-image-delete image) value) every))" for scene in scenes]
    return gimp.console_value(f"(let* ((layer 0) (every '())) {' '.join(parts)} (reverse every))", PATIENCE)


def check_sent(tap, scenes, answers, sent):
    """sent: the pictures, in the order of the scenes of which something is seen"""
    for scene, answer in zip(scenes, answers):
        said = str(answer[1]) if answer[0] == "failed" else ""
        if isinstance(scene.layer, str):
            tap.point(scene.layer in said and "success" not in said, f"{scene.name}: not described, with the reason", answer)
            continue
        if said or not sent:
            tap.point(False, f"{scene.name}: the layer is sent", answer)
            continue
        width, height, pixels = decode(sent.pop(0)[0])
        tap.equal([width, height], [SIDE, SIDE], f"{scene.name}: the layer is sent in its own pixels")
        wanted = bytes(value for y in range(SIDE) for x in range(SIDE) for value in under(WHITE, scene.layer)(x, y)[:3])
        apart = max(abs(a - b) for a, b in zip(pixels, wanted))
        tap.point(apart <= 1, f"{scene.name}: the layer is sent as it is seen", f"{apart} levels apart")
    tap.equal(len(sent), 0, "and nothing else is sent")


def check_layers(tap, gimp, ivl, demo, scenes):
    behind = gimp.desk.folder / "real.sock"
    gimp.desk.start(ivl, "serve", "-m", f"{demo}/model", "--socket", behind)
    if not wait_for(behind.exists):
        raise RuntimeError("the service did not start")
    relay = Relay(gimp.socket_path(), behind)
    asked = [scene for scene in scenes if scene.layer]
    answers = ask_about(gimp, asked)
    check_sent(tap, asked, answers, relay.pictures())
    relay.close()


def write_script(gimp, scenes, folder):
    parts = []
    for index, scene in enumerate(scenes):
        exports = " ".join(f"(set! all (cons {attempt(gimp.export_code(folder / f'{index}.{ending}', 'x'))} all))"
                           for ending in scene.endings)
        parts.append(f"(set! every (cons (let* ((image {scene.code}) (all '())) {exports} (gimp-image-delete image) (reverse all)) every))")
    return f"(let* ((layer 0) (every '())) {' '.join(parts)} (reverse every))"


def main(tap, plugin, ivl, demo):
    with Desk() as desk:
        gimp = Gimp(desk, plugin, ivl, f"{demo}/model", keep=ready())
        folder = desk.folder / "files"
        folder.mkdir()
        scenes = [scene for scene in Painter(gimp.major).scenes() if scene.major in (None, gimp.major)]
        check_layers(tap, gimp, ivl, demo, scenes)
        check_exports(tap, scenes, folder, gimp.console_value(write_script(gimp, scenes, folder), PATIENCE))


if __name__ == "__main__":
    sys.exit(main_of(main))
