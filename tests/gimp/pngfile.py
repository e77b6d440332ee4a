# SPDX-License-Identifier: GPL-3.0-or-later
"""PNG files of every kind and a colour profile, made and read without any library that GIMP or ivl could share: what they
hold is known here to the last bit. None has gAMA or another chunk that would say what its colours mean."""

import struct
import zlib

GRAY, RGB, INDEXED, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, INDEXED: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encode(width, rows, kind=RGB, depth=8, palette=None, transparency=None, profile=None):
    """The file of rows of bytes as PNG stores them. palette: (red, green, blue) of each; transparency: their alpha."""
    parts = [SIGNATURE, chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0))]
    if profile:
        parts.append(chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile)))
    if palette:
        parts.append(chunk(b"PLTE", b"".join(map(bytes, palette))))
    if transparency:
        parts.append(chunk(b"tRNS", bytes(transparency)))
    squeeze = zlib.compressobj(1)
    data = b"".join(squeeze.compress(b"\0" + row) for row in rows) + squeeze.flush()
    return b"".join([*parts, chunk(b"IDAT", data), chunk(b"IEND", b"")])


def unfilter(method, line, above):
    """A row of 8-bit RGB without its filter; only those that need no neighbour to the left, and that is all ivl writes."""
    if method == 0:
        return line
    if method == 2:
        return bytes((a + b) & 255 for a, b in zip(line, above))
    raise ValueError(f"filter {method}")


def decode(data):
    """(width, height, bytes) of an 8-bit RGB file."""
    if data[:8] != SIGNATURE:
        raise ValueError("no PNG file")
    place, body, head = 8, b"", None
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        content = data[place + 8:place + 8 + length]
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            body += content
        place += 12 + length
    width, height = head[:2]
    if head[2:] != (8, RGB, 0, 0, 0):
        raise ValueError(f"not plain 8-bit RGB: {head}")
    lines = zlib.decompress(body)
    pixels, above = [], bytes(3 * width)
    for y in range(height):
        start = y * (1 + 3 * width)
        above = unfilter(lines[start], lines[start + 1:start + 1 + 3 * width], above)
        pixels.append(above)
    return width, height, b"".join(pixels)


def wide_profile():
    """ICC 2.1: the primaries of Adobe RGB (1998), adapted to D50, and its curve, x to the power of 563/256."""
    def text(kind, words):
        return kind + bytes(4) + words

    def point(*values):
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))

    name = b"Wide test colours\0"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 563)
    tags = {b"desc": text(b"desc", struct.pack(">I", len(name)) + name + bytes(78)), b"cprt": text(b"text", b"None\0"),
            b"wtpt": point(0.9642, 1.0, 0.8249), b"rXYZ": point(0.60974, 0.31111, 0.01947),
            b"gXYZ": point(0.20528, 0.62567, 0.06087), b"bXYZ": point(0.14919, 0.06322, 0.74457),
            b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    place = 128 + 4 + 12 * len(tags)
    table, bodies = struct.pack(">I", len(tags)), b""
    for kind, data in tags.items():
        table += struct.pack(">4sII", kind, place + len(bodies), len(data))
        bodies += data + bytes(-len(data) % 4)
    illuminant = struct.pack(">3i", *(round(value * 65536) for value in (0.9642, 1.0, 0.8249)))
    head = struct.pack(">I4sI4s4s4s6H4s", place + len(bodies), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ",
                       2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + illuminant
    return head.ljust(128, b"\0") + table + bodies
