# SPDX-License-Identifier: GPL-3.0-or-later
"""Many small pictures out of the demo's few: each is one of them, moved along."""

import struct
import zlib
from pathlib import Path


def read_png(path):
    """(width, height, rows of RGB) of a PNG of 8 bits, RGB, not interlaced."""
    data = Path(path).read_bytes()
    position, packed = 8, b""
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position:position + 8])
        if kind == b"IHDR":
            width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", data[position + 8:position + 21])
            assert (depth, color, interlaced) == (8, 2, 0), path
        elif kind == b"IDAT":
            packed += data[position + 8:position + 8 + length]
        position += 12 + length
    return width, height, unfilter(zlib.decompress(packed), 3 * width)


def unfilter(data, stride):
    """Rows of a PNG's data (PNG specification, 9.2)."""
    rows, above = [], bytearray(stride)
    for start in range(0, len(data), stride + 1):
        kind, row = data[start], bytearray(data[start + 1:start + 1 + stride])
        for i in range(stride) if kind else ():
            left, up, corner = row[i - 3] if i >= 3 else 0, above[i], above[i - 3] if i >= 3 else 0
            if kind == 1:
                predicted = left
            elif kind == 2:
                predicted = up
            elif kind == 3:
                predicted = (left + up) // 2
            else:
                distances = (abs(up - corner), abs(left - corner), abs(left + up - 2 * corner))
                predicted = (left, up, corner)[distances.index(min(distances))]
            row[i] = (row[i] + predicted) & 255
        rows.append(bytes(row))
        above = row
    return rows


def write_png(path, width, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    Path(path).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)) +
        chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 1)) + chunk(b"IEND", b""))


def make_pictures(demo, folder, count):
    """Names of `count` pictures in a folder, no two with the same pixels."""
    sources = [read_png(path) for path in sorted(Path(demo).glob("*.png"))]
    names = []
    for number in range(count):
        width, _, rows = sources[number % len(sources)]
        # What goes out on the right comes in on the left: the background is plain
        moved = 3 * (number // len(sources))
        name = str(Path(folder, f"{number:03}.png"))
        write_png(name, width, [row[-moved:] + row[:-moved] for row in rows] if moved else rows)
        names.append(name)
    return names
