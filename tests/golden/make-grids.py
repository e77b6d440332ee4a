#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes images/grids.json: what InternVL's rule (the published formula: pairs in a set, sorted by their
product, nearest aspect in doubles, on a tie the larger one if the picture has more than half its area)
chooses in CPython. The order of the set is CPython's own (64 bits, 3.8 or later). Run it again only to
add rows:

    ./make-grids.py    (in tests/golden)

orders[] {min, max, pairs [[cols, rows] ...]}: all pairs in the order in which they are tried.
grids[] [width, height, min, max, cols, rows]: pictures whose aspect lies as near to one grid as to
another, and some that lie near the edge of a double.
"""
import json
import math
import os
import random

SIZE = 448
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'images')


def pairs(low, high):
    found = set((i, j) for n in range(low, high + 1) for i in range(1, n + 1) for j in range(1, n + 1)
                if low <= i * j <= high)
    return sorted(found, key=lambda pair: pair[0] * pair[1])


def choose(width, height, order):
    best, nearest = (1, 1), math.inf
    for pair in order:
        distance = abs(width / height - pair[0] / pair[1])
        if distance < nearest:
            best, nearest = pair, distance
        elif distance == nearest and width * height > 0.5 * SIZE * SIZE * pair[0] * pair[1]:
            best = pair
    return best


def main():
    random.seed(4)
    ranges = [(n, n) for n in range(1, 41)] + [(1, 6), (1, 12), (1, 24), (1, 40), (2, 12), (4, 12), (5, 40),
                                               (7, 24), (12, 60), (1, 128), (30, 200), (100, 128)]
    orders = {r: pairs(*r) for r in ranges}
    grids = [[300, 120, 4, 4], [780, 300, 5, 5], [2320, 2784, 1, 6], [1, 1000000, 1, 12],
             [1000000, 1, 1, 12]]
    while len(grids) < 1500:
        low, high = random.choice(ranges)
        a, b = random.choice(orders[low, high]), random.choice(orders[low, high])
        # Half way between two grids, as a fraction; scaled to a picture.
        up, down = a[0] * b[1] + b[0] * a[1], 2 * a[1] * b[1]
        k = random.randint(1, max(1, 3000 // max(up, down)))
        grids.append([up * k, down * k, low, high])
    with open(os.path.join(HERE, 'grids.json'), 'w') as f:
        f.write('{"orders":[\n')
        f.write(',\n'.join(json.dumps({'min': r[0], 'max': r[1], 'pairs': orders[r]}, separators=(',', ':'))
                           for r in ranges if len(orders[r]) < 700))
        f.write('],\n"grids":[\n')
        f.write(',\n'.join(json.dumps(g + list(choose(g[0], g[1], orders[g[2], g[3]])), separators=(',', ':'))
                           for g in grids))
        f.write(']}\n')


if __name__ == '__main__':
    main()
