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


def predict(method, left, above, corner):
    """What PNG's filters 1 to 4 add to a byte (PNG specification, 9.2)."""
    if method == 1:
        return left
    if method == 2:
        return above
    if method == 3:
        return (left + above) // 2
    if method == 4:
        guess = left + above - corner
        return min((left, above, corner), key=lambda near: abs(guess - near))
    raise ValueError(f"filter {method}")


def unfilter(method, line, above):
    """A row of 8-bit RGB without its filter."""
    if method == 0:
        return line
    row = bytearray(line)
    for i, value in enumerate(line):
        left, corner = (row[i - 3], above[i - 3]) if i >= 3 else (0, 0)
        row[i] = (value + predict(method, left, above[i], corner)) & 255
    return bytes(row)


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


WHITE = (0.9642, 1.0, 0.8249)


def point(*values):
    return b"XYZ " + bytes(4) + fixed(*values)


def fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def curve(gamma):
    """x to the power of gamma, which stands in 256ths"""
    return b"curv" + bytes(4) + struct.pack(">IH", 1, gamma)


def profile(space, tags):
    """ICC 2.1 of a display"""
    name = b"Test colours\0"
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78), b"cprt": b"text" + bytes(4) + b"None\0",
            b"wtpt": point(*WHITE), **tags}
    place = 128 + 4 + 12 * len(tags)
    table, bodies = struct.pack(">I", len(tags)), b""
    for kind, data in tags.items():
        table += struct.pack(">4sII", kind, place + len(bodies), len(data))
        bodies += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s6H4s", place + len(bodies), b"none", 0x02100000, b"mntr", space, b"XYZ ",
                       2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + fixed(*WHITE)
    return head.ljust(128, b"\0") + table + bodies


WIDE = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))
# From D50 to sRGB: the inverse of its primaries, adapted (IEC 61966-2-1, Bradford)
TO_SRGB = ((3.1341, -1.6174, -0.4906), (-0.9788, 1.9161, 0.0335), (0.0719, -0.2290, 1.4052))
WIDE_GAMMA, GRAY_GAMMA = 563, 461


def wide_profile():
    """The primaries of Adobe RGB (1998), adapted to D50, and its curve, x to the power of 563/256."""
    columns = {name: point(*column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), zip(*WIDE))}
    return profile(b"RGB ", {**columns, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(WIDE_GAMMA))})


def gray_profile():
    """Gray with the curve x to the power of 1.8."""
    return profile(b"GRAY", {b"kTRC": curve(GRAY_GAMMA)})


def encode_light(light):
    """0 to 1, as much light as there is, as sRGB has it in 8 bits"""
    light = min(max(light, 0.0), 1.0)
    return round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))


def multiply(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def wide_to_srgb(color):
    """By the definition of the profile, in floating point"""
    light = [(value / 255) ** (WIDE_GAMMA / 256) for value in color]
    return tuple(map(encode_light, multiply(TO_SRGB, multiply(WIDE, light))))


def gray_to_srgb(value):
    return (encode_light((value / 255) ** (GRAY_GAMMA / 256)),) * 3
