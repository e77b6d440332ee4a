#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes images/tiff.json: small TIFF files, written here tag by tag, with the pixels that TIFF 6.0 gives
them, computed here too. Run it again only to add a case:

    ./make-tiffs.py    (in tests/golden; needs nothing but Python)

read[] {name, file (base64), page, pages, width, height, rgb (base64), tolerance}; transparency is laid on
white. refused[] {name, file, page, code, message}.
"""
import base64
import json
import os
import struct
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'images')
W, H = 21, 18
read, refused = [], []
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 9: 4, 13: 4}


def values(kind, numbers, order):
    return b''.join(struct.pack(order + {1: 'B', 2: 'B', 3: 'H', 4: 'I', 7: 'B', 9: 'i', 13: 'I'}[kind], n)
                    for n in numbers)


class File:
    """Directories, one after another; data are put where they are made."""

    def __init__(self, order='<'):
        self.order = order
        self.out = bytearray((b'II*\0' if order == '<' else b'MM\0*') + bytes(4))
        self.link = 4

    def put(self, data):
        self.out += bytes(len(self.out) % 2)
        at = len(self.out)
        self.out += data
        return at

    def directory(self, tags, chained=True):
        rows = []
        for tag, kind, numbers in tags:
            data = values(kind, numbers, self.order)
            if len(data) > 4:
                data = struct.pack(self.order + 'I', self.put(data))
            rows.append(struct.pack(self.order + 'HHI', tag, kind, len(numbers)) + data.ljust(4, b'\0'))
        at = self.put(struct.pack(self.order + 'H', len(rows)) + b''.join(rows) + bytes(4))
        if chained:
            struct.pack_into(self.order + 'I', self.out, self.link, at)
            self.link = at + 2 + 12 * len(rows)
        return at


def pack(samples, bits, order):
    """Rows of samples to bytes, each row padded to a whole one."""
    out = b''
    for row in samples:
        if bits == 16:
            out += struct.pack('%s%dH' % (order, len(row)), *row)
            continue
        text = ''.join(format(v, '0%db' % bits) for v in row)
        text += '0' * (-len(text) % 8)
        out += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    return out


def picture(f, pixels, photometric, bits, extra=(), more=(), tile=None, planar=False, rows=None, zipped=False,
            predictor=False, lsb=False):
    """The tags of a picture whose pixels [y][x] are tuples of samples."""
    n = len(pixels[0][0])
    w, h = len(pixels[0]), len(pixels)
    planes = [[[[p[s]] for p in row] for row in pixels] for s in range(n)] if planar else [pixels]
    offsets, sizes = [], []
    for plane in planes:
        if tile:
            tw, th = tile
            boxes = [(x, y, tw, th) for y in range(0, h, th) for x in range(0, w, tw)]
        else:
            boxes = [(0, y, w, min(rows or h, h - y)) for y in range(0, h, rows or h)]
        for x, y, bw, bh in boxes:
            part = [[s for i in range(x, x + bw) for s in plane[min(j, h - 1)][min(i, w - 1)]]
                    for j in range(y, y + bh)]
            step = len(plane[0][0])
            if predictor:
                part = [[(v - (row[i - step] if i >= step else 0)) % (1 << bits) for i, v in enumerate(row)]
                        for row in part]
            data = pack(part, bits, f.order)
            if lsb:
                data = bytes(int(format(b, '08b')[::-1], 2) for b in data)
            data = zlib.compress(data) if zipped else data
            offsets.append(f.put(data))
            sizes.append(len(data))
    tags = [(256, 3, [w]), (257, 3, [h]), (258, 3, [bits] * n), (259, 3, [8 if zipped else 1]),
            (262, 3, [photometric]), (277, 3, [n]), (284, 3, [2 if planar else 1])]
    if extra:
        tags.append((338, 3, list(extra)))
    if predictor:
        tags.append((317, 3, [2]))
    if lsb:
        tags.append((266, 3, [2]))
    if tile:
        tags += [(322, 3, [tile[0]]), (323, 3, [tile[1]]), (324, 4, offsets), (325, 4, sizes)]
    else:
        tags += [(273, 4, offsets), (278, 3, [rows or h]), (279, 4, sizes)]
    taken = {t[0] for t in more}
    return sorted([t for t in tags if t[0] not in taken] + [t for t in more if t[1] is not None])


def grid(function, w=W, h=H):
    return [[function(x, y) for x in range(w)] for y in range(h)]


def expect(name, f, rgb, page=0, pages=1, tolerance=0):
    read.append({'name': name, 'file': base64.b64encode(f.out).decode(), 'page': page, 'pages': pages,
                 'width': len(rgb[0]), 'height': len(rgb), 'tolerance': tolerance,
                 'rgb': base64.b64encode(bytes(v for row in rgb for p in row for v in p)).decode()})


def refuse(name, f, code, message, page=0):
    refused.append({'name': name, 'file': base64.b64encode(f.out).decode(), 'page': page, 'code': code,
                    'message': message})


def case(name, pixels, rgb, photometric, bits, tolerance=0, order='<', **options):
    f = File(order)
    f.directory(picture(f, pixels, photometric, bits, **options))
    expect(name, f, rgb, tolerance=tolerance)


def over_white(colour, alpha, top=255):
    return tuple((c * alpha + 255 * (top - alpha) + top // 2) // top for c in colour)


def colour(x, y):
    return (x * 12 % 256, y * 14 % 256, (x * 5 + y * 9) % 256)


def grays():
    for bits in (1, 2, 3, 4, 6, 8, 10, 12, 16):
        top = (1 << bits) - 1
        pixels = grid(lambda x, y: ((x * 37 + y * 11) * (1 + top // 90) % (top + 1),))
        rgb = grid(lambda x, y: (round(pixels[y][x][0] * 255 / top),) * 3)
        case('gray-%d' % bits, pixels, rgb, 1, bits, tolerance=1 if bits > 8 else 0)
        inverse = [[tuple(top - v for v in p) for p in row] for row in pixels]
        case('white-is-zero-%d' % bits, inverse, rgb, 0, bits, tolerance=1 if bits > 8 else 0, order='>', rows=5)
    pixels = grid(lambda x, y: ((x + y * 3) % 2,))
    rgb = grid(lambda x, y: ((x + y * 3) % 2 * 255,) * 3)
    case('fill-order', pixels, rgb, 1, 1, lsb=True)
    half = grid(lambda x, y: ((x * 12) % 256, (y * 14) % 256))
    case('gray-alpha', half, grid(lambda x, y: over_white((x * 12 % 256,) * 3, y * 14 % 256)), 1, 8, extra=[2])
    wide = grid(lambda x, y: ((x * 12 % 256) * 257, (y * 14 % 256) * 257))
    case('gray-alpha-16', wide, grid(lambda x, y: over_white((x * 12 % 256,) * 3, y * 14 % 256)), 1, 16,
         extra=[2], zipped=True, order='>')
    case('gray-unspecified', half, grid(lambda x, y: (x * 12 % 256,) * 3), 1, 8, extra=[0])


def colours():
    plain = grid(colour)
    for name, options in (('strip', {}), ('strips', {'rows': 4}), ('tiles', {'tile': (16, 16)}),
                          ('tall-tile', {'tile': (16, 64)}), ('planes', {'planar': True, 'rows': 7}),
                          ('plane-tiles', {'planar': True, 'tile': (16, 16)}),
                          ('predictor', {'predictor': True, 'zipped': True, 'rows': 5}),
                          ('predictor-tiles', {'predictor': True, 'zipped': True, 'tile': (32, 16)}),
                          ('zipped-planes', {'planar': True, 'zipped': True})):
        for order in '<>':
            case('rgb-%s%s' % (name, '-big-endian' if order == '>' else ''), plain, plain, 2, 8, order=order,
                 **options)
    wide = [[tuple(v * 257 - v % 7 * 30 for v in p) for p in row] for row in plain]
    high = [[tuple(max(v, 0) >> 8 for v in p) for p in row] for row in wide]
    wide = [[tuple(max(v, 0) for v in p) for p in row] for row in wide]
    case('rgb-16', wide, high, 2, 16)
    case('rgb-16-planes', wide, high, 2, 16, planar=True, order='>', rows=3)
    case('rgb-16-predictor', wide, high, 2, 16, predictor=True, zipped=True, tile=(16, 16))
    small = [[tuple(v >> 4 for v in p) for p in row] for row in plain]
    case('rgb-4', small, [[tuple(v * 17 for v in p) for p in row] for row in small], 2, 4)

    four = grid(lambda x, y: colour(x, y) + ((x * 11 + y) % 256,))
    white = [[over_white(p[:3], p[3]) for p in row] for row in four]
    case('rgba', four, white, 2, 8, extra=[2])
    case('rgba-corel', four, white, 2, 8, extra=[999])
    case('rgba-planes', four, white, 2, 8, extra=[2], planar=True, zipped=True)
    case('rgba-16', [[tuple(v * 257 for v in p) for p in row] for row in four], white, 2, 16, extra=[2])
    ready = [[tuple(c * p[3] // 255 for c in p[:3]) + (p[3],) for p in row] for row in four]
    laid = [[tuple(c + 255 - p[3] for c in p[:3]) for p in row] for row in ready]
    case('rgba-associated', ready, laid, 2, 8, extra=[1], tolerance=1)
    case('rgb-unspecified', four, plain, 2, 8, extra=[0])
    case('rgb-unsaid', four, plain, 2, 8)
    five = [[p[:3] + (p[0],) + p[3:] for p in row] for row in four]
    case('rgb-unspecified-alpha', five, white, 2, 8, extra=[0, 2])
    eight = [[p + (1, 2, 3, 4) for p in row] for row in four]
    case('eight-samples', eight, plain, 2, 8, extra=[0] * 5)
    hidden = grid(lambda x, y: colour(x, y) + (0 if x < 9 else 255,))
    case('hidden', hidden, [[p[:3] if p[3] else (255,) * 3 for p in row] for row in hidden], 2, 8, extra=[2])


def more_colours():
    ink = grid(lambda x, y: (x * 12 % 256, y * 14 % 256, (x * y) % 256, (x + y * 6) % 128))
    rgb = [[tuple(round((255 - c) * (255 - p[3]) / 255) for c in p[:3]) for p in row] for row in ink]
    case('cmyk', ink, rgb, 5, 8, tolerance=1)
    case('cmyk-16', [[tuple(v * 257 for v in p) for p in row] for row in ink], rgb, 5, 16, tolerance=1,
         planar=True)
    alpha = [[p + ((p[0] * 3 + 7) % 256,) for p in row] for row in ink]
    white = [[over_white(c, p[4]) for c, p in zip(line, row)] for line, row in zip(rgb, alpha)]
    case('cmyk-alpha', alpha, white, 5, 8, extra=[2], tolerance=1)
    case('cmyk-unspecified', alpha, rgb, 5, 8, extra=[0], tolerance=1)
    for bits in (1, 2, 4, 8):
        n = 1 << bits
        colours = [colour(i * 5 + 3, i * 3 + 1) for i in range(n)]
        index = grid(lambda x, y: ((x + y * 2) % n,))
        rgb = [[colours[p[0]] for p in row] for row in index]
        plane = [c[i] for i in range(3) for c in colours]
        case('palette-%d' % bits, index, rgb, 3, bits, more=[(320, 3, [v * 257 for v in plane])])
        if bits == 8:
            case('palette-narrow', index, rgb, 3, bits, more=[(320, 3, plane)])
            pairs = [[p + (x * 12 % 256,) for x, p in enumerate(row)] for row in index]
            case('palette-alpha', pairs, [[over_white(colours[p[0]], p[1]) for p in row] for row in pairs], 3,
                 8, more=[(320, 3, [v * 257 for v in plane])], extra=[2])
    lab()


def lab_to_rgb(light, a, b):
    """CIE 15 and IEC 61966-2-1, D50 adapted by Bradford's matrix, in numbers of 0 to 255."""
    y = (light + 16) / 116
    xyz = [white * (t ** 3 if t > 6 / 29 else 3 * (6 / 29) ** 2 * (t - 4 / 29))
           for t, white in ((y + a / 500, 0.96422), (y, 1), (y - b / 200, 0.82521))]
    rows = ((3.1338561, -1.6168667, -0.4906146), (-0.9787684, 1.9161415, 0.0334540),
            (0.0719453, -0.2289914, 1.4052427))
    linear = [min(max(sum(m * v for m, v in zip(row, xyz)), 0), 1) for row in rows]
    return tuple(round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055))
                 for v in linear)


def lab():
    real = grid(lambda x, y: (50 + x, (y - 9) * 1.5, (x - 10) * 1.5))
    rgb = [[lab_to_rgb(*p) for p in row] for row in real]
    case('lab-8', [[(round(p[0] * 2.55), round(p[1]) % 256, round(p[2]) % 256) for p in row] for row in real],
         [[lab_to_rgb(round(p[0] * 2.55) / 2.55, round(p[1]), round(p[2])) for p in row] for row in real], 8, 8,
         tolerance=2)
    case('lab-16', [[(round(p[0] * 655.35), round(p[1] * 256) % 65536, round(p[2] * 256) % 65536) for p in row]
                    for row in real], rgb, 8, 16, tolerance=2)
    case('icc-lab-8', [[(round(p[0] * 2.55), round(p[1]) + 128, round(p[2]) + 128) for p in row]
                       for row in real],
         [[lab_to_rgb(round(p[0] * 2.55) / 2.55, round(p[1]), round(p[2])) for p in row] for row in real], 9, 8,
         tolerance=2)
    case('icc-lab-16', [[(round(p[0] * 652.8), round((p[1] + 128) * 256), round((p[2] + 128) * 256))
                         for p in row] for row in real], rgb, 9, 16, tolerance=2)


def flat(f, rgb, w, h, **options):
    return picture(f, grid(lambda x, y: rgb, w, h), options.pop('photometric', 2), 8, **options)


def shades(rgb, w, h):
    return grid(lambda x, y: rgb, w, h)


def pages():
    red, green, blue = (200, 30, 40), (30, 170, 60), (40, 60, 210)
    f = File()
    f.directory(flat(f, red, 12, 8))
    f.directory(flat(f, green, 9, 5))
    f.directory(flat(f, blue, 4, 3, more=[(254, 4, [1])]))  # the second one's thumbnail
    f.directory(flat(f, (0, 0, 0), 9, 5, more=[(254, 4, [4])]))  # and its mask
    f.directory(flat(f, blue, 7, 11, more=[(254, 4, [2]), (297, 3, [2, 3])]))
    for i, (rgb, w, h) in enumerate(((red, 12, 8), (green, 9, 5), (blue, 7, 11))):
        expect('page-%d' % (i + 1), f, shades(rgb, w, h), page=i, pages=3)
    refuse('page-4', f, 'INVALID_OPTION', 'there is no page 4, the last is 3', page=3)

    for name, tag in (('reduced', (254, 4, [1])), ('old-reduced', (255, 3, [2]))):
        f = File('>')
        f.directory(flat(f, red, 6, 4, more=[tag]))
        f.directory(flat(f, green, 24, 16))
        expect(name + '-first', f, shades(green, 24, 16))
        f = File()
        sub = f.directory(flat(f, green, 24, 16), chained=False)
        small = f.directory(flat(f, blue, 8, 8, more=[(254, 4, [1])]), chained=False)
        f.directory(flat(f, red, 6, 4, more=[tag, (330, 4, [small, sub])]))
        expect(name + '-over-full', f, shades(green, 24, 16))
        f = File()
        f.directory(flat(f, red, 6, 4, more=[tag]))
        expect(name + '-alone', f, shades(red, 6, 4))
        f.directory(flat(f, red, 3, 2, more=[tag]))
        refuse(name + '-only', f, 'UNSUPPORTED', 'reduced pictures')
    f = File()
    sub = f.directory(flat(f, red, 6, 4, more=[(254, 4, [1])]), chained=False)
    f.directory(flat(f, green, 24, 16, more=[(330, 13, [sub])]))
    expect('full-over-reduced', f, shades(green, 24, 16))

    f = File()
    f.directory(flat(f, red, 12, 8))
    struct.pack_into('<I', f.out, f.link, 0x7ffffff0)
    expect('next-outside', f, shades(red, 12, 8))
    refuse('next-outside-2', f, 'INVALID_DATA', 'outside', page=1)
    f = File()
    first = f.directory(flat(f, red, 12, 8))
    f.directory(flat(f, red, 12, 8))
    struct.pack_into('<I', f.out, f.link, first)
    refuse('circle', f, 'INVALID_DATA', 'circle')


def raw():
    for maker, name in (('NIKON CORPORATION', 'NEF'), ('SONY', 'ARW'), ('Someone', 'raw')):
        f = File()
        sub = f.directory(flat(f, (9,), 24, 16, photometric=32803), chained=False)
        f.directory(flat(f, (1, 2, 3), 6, 4, more=[(254, 4, [1]), (271, 2, list(maker.encode() + b'\0')),
                                                   (330, 4, [sub])]))
        refuse('raw-' + name, f, 'UNSUPPORTED', "raw file (%s)" % name)
    f = File()
    sub = f.directory(flat(f, (9, 9, 9), 24, 16, photometric=34892), chained=False)
    f.directory(flat(f, (1, 2, 3), 6, 4, more=[(254, 4, [1]), (330, 4, [sub]), (50706, 1, [1, 4, 0, 0])]))
    refuse('raw-DNG', f, 'UNSUPPORTED', 'raw file (DNG)')
    f = File()
    f.put(b'CR\2\0' + bytes(4))
    f.directory(flat(f, (1, 2, 3), 6, 4))
    refuse('raw-CR2', f, 'UNSUPPORTED', 'raw file (CR2)')


def bomb(name, message, tags, code='INVALID_DATA'):
    f = File()
    data = zlib.compress(bytes(16 * 16 * 3))
    at = f.put(data)
    plain = [(256, 3, [16]), (257, 3, [16]), (258, 3, [8, 8, 8]), (259, 3, [8]), (262, 3, [2]), (277, 3, [3]),
             (322, 3, [16]), (323, 3, [16]), (324, 4, [at]), (325, 4, [len(data)])]
    taken = {t[0] for t in tags}
    f.directory([t for t in plain if t[0] not in taken] + tags)
    refuse(name, f, code, message)


def broken():
    for tag in (256, 257, 277, 322, 323):
        for kind in (1, 9):
            bomb('type-%d-of-%d' % (kind, tag), 'tag %d has a type other' % tag, [(tag, kind, [16])])
        bomb('twice-%d' % tag, 'tag %d is there twice' % tag, [(tag, 4, [26000]), (tag, 4, [16])])
    bomb('type-of-258', 'tag 258 has a type other', [(258, 1, [8, 8, 8])])
    bomb('type-of-262', 'tag 262 has a type other', [(262, 1, [2])])
    bomb('type-of-254', 'tag 254 has a type other', [(254, 9, [0])])
    bomb('twice-other', 'tag 305 is there twice', [(305, 2, [65, 0]), (305, 2, [66, 0])])
    bomb('tile-large', '676 megapixels', [(322, 4, [26000]), (323, 4, [26000])], 'UNSUPPORTED')
    bomb('tile-row', 'megapixels', [(256, 4, [1000000]), (323, 4, [6250])], 'UNSUPPORTED')
    bomb('tiles-many', 'megapixels', [(256, 4, [1000000]), (257, 3, [1]), (323, 4, [60000])], 'UNSUPPORTED')
    bomb('tile-half', 'no width or height', [(323, 4, [0])])
    bomb('nine-samples', '9 samples a pixel', [(277, 3, [9]), (258, 3, [8] * 9)], 'UNSUPPORTED')
    bomb('no-samples', '0 samples a pixel', [(277, 3, [0])], 'UNSUPPORTED')
    bomb('float', 'floating point numbers of 32 bits', [(258, 3, [32] * 3), (339, 3, [3] * 3)], 'UNSUPPORTED')
    bomb('half-float', 'floating point numbers of 16 bits', [(258, 3, [16] * 3), (339, 3, [3] * 3)],
         'UNSUPPORTED')
    bomb('wide', '32 bits', [(258, 3, [32] * 3)], 'UNSUPPORTED')
    bomb('signed', 'signed', [(258, 3, [16] * 3), (339, 3, [2] * 3)], 'UNSUPPORTED')
    bomb('uneven', 'different numbers of bits', [(258, 3, [5, 6, 5])], 'UNSUPPORTED')
    bomb('inks', 'inks', [(262, 3, [5]), (277, 3, [4]), (258, 3, [8] * 4), (332, 3, [2])], 'UNSUPPORTED')
    bomb('logluv', 'LogLuv', [(262, 3, [32845])], 'UNSUPPORTED')
    bomb('codec', 'number 60001', [(259, 3, [60001])], 'UNSUPPORTED')
    bomb('few-samples', 'too few samples', [(277, 3, [2]), (258, 3, [8] * 2)])
    bomb('damaged', 'cannot be decoded', [(324, 4, [2])])
    f = File()
    f.out[:] = b'II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0'
    refuse('bigtiff', f, 'UNSUPPORTED', 'BigTIFF')


def write_lines(key, rows):
    return '"%s":[\n%s]' % (key, ',\n'.join(json.dumps(row, separators=(',', ':')) for row in rows))


if __name__ == '__main__':
    for make in (grays, colours, more_colours, pages, raw, broken):
        make()
    with open(os.path.join(HERE, 'tiff.json'), 'w') as out:
        out.write('{%s,\n%s}\n' % (write_lines('read', read), write_lines('refused', refused)))
