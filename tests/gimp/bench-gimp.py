#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long people wait for the plug-in in a real GIMP, what it takes of memory with a picture of 24 megapixels, and how
long GIMP itself keeps others waiting meanwhile. Prints a table; medians of five. Never fails because of a figure.
Usage: bench-gimp.py PLUGIN IVL DEMO"""

import os
import random
import re
import statistics
import sys
import threading
import time
from pathlib import Path

from gimptest import output, ready
from gimplib import Desk, Gimp, ScriptError, installed, memory, wait_for
from desk import missing

TIMES = 5
WIDTH, HEIGHT = 6000, 4000
QUIET = 1.0  # seconds without anything new after which a step is over


def row(what, measured):
    print(f"| {what} | {measured} |", flush=True)


def seconds(values):
    return f"{statistics.median(values):.3f} s ({min(values):.3f}-{max(values):.3f})" if values else "none"


def make_picture(path):
    """Colours that run, with noise: neither flat nor all noise, so that it is as hard to pack as a photograph."""
    chance = random.Random(1)
    noise = chance.randbytes(WIDTH * 3 * 2)
    ramp = bytes(x * 160 // WIDTH for x in range(WIDTH) for _ in range(3))
    grain = [bytes((a + (b & 31)) & 255 for a, b in zip(ramp, noise[start:])) for start in range(0, WIDTH * 3, 997)]
    with open(path, "wb") as out:
        out.write(b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT))
        for y in range(HEIGHT):
            out.write(grain[y % len(grain)])


class Waiting:
    """with Waiting(gimp) as waiting: how long GIMP's main loop takes to answer a call, again and again."""

    def __init__(self, gimp):
        self.gimp = gimp
        self.delays = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def ask(self):
        while not self.over.is_set():
            since = time.monotonic()
            self.gimp.images()
            self.delays.append(time.monotonic() - since)
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def told(self):
        return f"median {statistics.median(self.delays) * 1000:.0f} ms, longest {max(self.delays) * 1000:.0f} ms"


class Bench:
    def __init__(self, desk, gimp, demo):
        self.desk = desk
        self.gimp = gimp
        self.demo = demo
        self.shown = 1

    def said(self, pattern):
        """What the plug-in said of its own work, a tuple each."""
        return re.findall(pattern, self.gimp.said())

    def open_display(self, path):
        """As the image that keys go to."""
        image = self.gimp.script(f"(let* ((image {self.gimp.load_code(path)})) (gimp-display-new image) image)")
        self.shown += 1

        def is_shown():
            self.desk.key(f"alt+{self.shown}", window=self.gimp.main_window())
            return self.gimp.main_window(rf"-{image}\.0 ")
        if not wait_for(is_shown, 30, pause=0.3):
            raise LookupError(f"no window shows {path}")
        return image

    def open_window(self, action="ask"):
        """(window, seconds from the key to the window)"""
        known = self.desk.windows()
        since = self.gimp.choose(action)
        window = self.gimp.window(known=known, seconds=30)
        if window is None:
            raise LookupError(f"{action} opens no window")
        return window, self.desk.mapped_at(window) - since

    def close_window(self, window, ends):
        self.desk.key("ctrl+w", window=window)
        wait_for(lambda: window not in self.desk.windows())
        if ends:
            wait_for(lambda: not self.gimp.plug_ins(), pause=0.01)

    def is_busy(self):
        """Whether the plug-in or the service works."""
        def ticks():
            found = 0
            for pid in [*self.gimp.plug_ins(), *self.gimp.services()]:
                try:
                    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
                    found += int(fields[11]) + int(fields[12])
                except OSError:
                    pass
            return found
        before = ticks()
        time.sleep(QUIET)
        return ticks() - before > 5

    def wait_quiet(self):
        wait_for(lambda: not self.is_busy(), 60)

    def tell_memory(self, when):
        for pid in self.gimp.plug_ins():
            peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
            rss, pss = memory(pid)
            row(f"memory, {when}", f"peak {int(peak.group(1)) / 1024:.0f} MB, now {rss:.0f} MB, its share (PSS) {pss:.0f} MB")

    def windows(self):
        firsts, others = [], []
        for _ in range(TIMES):
            window, took = self.open_window()
            firsts.append(took)
            self.wait_quiet()
            self.close_window(window, True)
        row("first window, from the key", seconds(firsts))
        self.open_window()
        self.wait_quiet()
        self.tell_memory("a picture of 400 x 400 pixels, not asked yet")
        self.open_display(self.demo / "heart.png")
        for _ in range(TIMES):
            window, took = self.open_window()
            others.append(took)
            self.wait_quiet()
            self.close_window(window, False)
        row("second window", seconds(others))
        for window in self.desk.windows():
            if self.desk.window_facts(window)[2] in self.gimp.plug_ins():
                self.close_window(window, True)

    def read(self, path):
        """A layer of 24 megapixels, from an image window."""
        image = self.open_display(path)
        with Waiting(self.gimp) as idle:
            time.sleep(2)
        row("GIMP answers, idle", idle.told())
        opened = []
        with Waiting(self.gimp) as reading:
            for number in range(TIMES):
                window, took = self.open_window()
                opened.append(took)
                wait_for(lambda: len(self.said(READ)) > number, 60)
                if number < TIMES - 1:
                    self.close_window(window, True)
        row("window of 24 megapixels", seconds(opened))
        row("24 megapixels read, layer, window in use", seconds([float(took) for took in self.said(READ)[-TIMES:]]))
        row("GIMP answers, meanwhile", reading.told())
        self.tell_memory("24 megapixels read")
        return image, window

    def question(self, window, number):
        count = len(self.said(ANY))
        self.desk.key("alt+1", window=window)
        time.sleep(0.3)
        self.desk.type(f"What is it {number}?")
        self.desk.key("Return")
        wait_for(lambda: len(self.said(ANY)) > count, 15)
        self.wait_quiet()

    def ask(self, image, window):
        with Waiting(self.gimp) as answering:
            self.question(window, 0)
        row("GIMP answers, while the plug-in does", answering.told())
        self.tell_memory("24 megapixels, first question")
        for number in range(1, TIMES + 1):
            self.question(window, number)
        row("24 megapixels read again, the same", seconds([float(took) for took in self.said(AGAIN)[-TIMES:]]))
        self.tell_memory("24 megapixels, six questions")
        before = len(self.said(READ))
        for number in range(TIMES):
            self.gimp.fill(image, (number * 40, 0, 90), (number * 700, 3000, 600, 400))
            self.question(window, number + 10)
        row("24 megapixels read, edited", seconds([float(took) for took in self.said(READ)[before:]]))
        row("tiles cut", seconds([float(took) for took, _ in self.said(CUT)]))
        row("tiles encoded", seconds([float(took) for _, took in self.said(CUT)]))
        self.tell_memory("24 megapixels, edited five times")

    def scripts(self, image):
        for source in ("layer", "visible"):
            before, peaks = len(self.said(READ)), []
            over = threading.Event()

            def watch():
                while not over.wait(0.02):
                    for pid in self.gimp.plug_ins():
                        try:
                            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
                            peaks.extend(int(kib) / 1024 for kib in re.findall(r"VmHWM:\s+(\d+)", status))
                        except OSError:
                            pass
            thread = threading.Thread(target=watch, daemon=True)
            thread.start()
            for _ in range(TIMES):
                try:
                    self.gimp.script(f"(begin {self.gimp.ask_code('caption', image=image, source=source)} 1)")
                except ScriptError as error:
                    print(error, file=sys.stderr)
            over.set()
            thread.join()
            row(f"24 megapixels read, {source}, from a script", seconds([float(took) for took in self.said(READ)[before:]]))
            row(f"memory, {source}, from a script", f"peak {max(peaks, default=0):.0f} MB")


READ = rf"Read {WIDTH} x {HEIGHT} pixels: ([\d.]+) s"
AGAIN = rf"Read {WIDTH} x {HEIGHT} pixels again, the same ones: ([\d.]+) s"
ANY = rf"(Read {WIDTH} x {HEIGHT} pixels)"
CUT = rf"Cut {WIDTH} x {HEIGHT} pixels into \d+ tiles: ([\d.]+) s, encoded them: ([\d.]+) s"


def main(plugin, ivl, demo):
    if installed() is None or missing():
        print("GIMP or", missing(), "not installed")
        return
    demo = Path(demo)
    with Desk(output() / "bench") as desk:
        gimp = Gimp(desk, plugin, ivl, demo / "model", keep=ready(), G_MESSAGES_DEBUG="Ivl")
        picture = desk.folder / "wide.ppm"
        make_picture(picture)
        print(f"GIMP {gimp.version}, load {os.getloadavg()[0]:.1f}")
        gimp.start(demo / "taxi.png")
        bench = Bench(desk, gimp, demo)
        try:
            bench.windows()
            image, window = bench.read(picture)
            bench.ask(image, window)
            desk.shoot(f"bench-{gimp.version}")
            bench.close_window(window, True)
            bench.scripts(image)
        except BaseException:
            desk.shoot(f"bench-{gimp.version}-failed")
            print(gimp.said()[-3000:], file=sys.stderr)
            raise
        print(f"load {os.getloadavg()[0]:.1f}")
        gimp.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
