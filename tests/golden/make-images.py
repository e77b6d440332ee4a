#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes images/: small pictures for every case of libivl/image, with what Pillow (and lcms2 through
ImageCms) makes of them. The files are checked in; run this again only to add a case:

    ./make-images.py    (in tests/golden, Debian 12's python3-pil 9.4)

images.json: cases[] {file, flags, width, height, orientation, composited, converted, and either sha256 of
the RGB bytes or rgb (base64) with tolerance (levels)}; refused[] {file, code, message}.
resize.json: cases[] {seed, src [w, h], dst [w, h], sha256}: noise by the generator below, resized with the
horizontal pass first (Pillow's classic order).
"""
import base64
import hashlib
import io
import json
import os
import struct
import zlib

from PIL import Image, ImageCms, ImageOps

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'images')
cases = []
refused = []


def noise(seed, n):
    """The upper bytes of a 32-bit linear congruential generator."""
    out = bytearray(n)
    for i in range(n):
        seed = (seed * 1664525 + 1013904223) & 0xffffffff
        out[i] = seed >> 24
    return bytes(out)


def drawing(w, h, alpha=False):
    """A picture without symmetry: ramps, a coarse pattern, and an alpha ramp."""
    im = Image.new('RGBA', (w, h))
    im.putdata([((x * 255) // max(w - 1, 1), (y * 255) // max(h - 1, 1),
                 255 if (x // 4 + y // 4) % 3 == 0 else (x * 7 + y * 13) % 200,
                 (x * 255 // max(w - 1, 1) + y * 3) % 256) for y in range(h) for x in range(w)])
    return im if alpha else im.convert('RGB')


def save(im, fmt, **options):
    out = io.BytesIO()
    im.save(out, fmt, **options)
    return out.getvalue()


def put(name, data):
    with open(os.path.join(HERE, name), 'wb') as f:
        f.write(data)
    return name


def case(name, im, flags=(), tolerance=0, orientation=1, composited=False, converted=False):
    rgb = im.tobytes()
    assert im.mode == 'RGB'
    row = {'file': name, 'flags': list(flags), 'width': im.width, 'height': im.height,
           'orientation': orientation, 'composited': composited, 'converted': converted}
    if tolerance:
        row['tolerance'] = tolerance
        row['rgb'] = base64.b64encode(rgb).decode()
    else:
        row['sha256'] = hashlib.sha256(rgb).hexdigest()
    cases.append(row)


def pillow(data):
    im = Image.open(io.BytesIO(data))
    im.load()
    return im


def plain(name, data, **kw):
    """A file that simply has to be what Pillow decodes."""
    put(name, data)
    case(name, pillow(data).convert('RGB'), **kw)


def on_white(im):
    """c' = (c a + 255 (255 - a) + 127) / 255, in integers."""
    out = Image.new('RGB', im.size)
    out.putdata([tuple((c * a + 255 * (255 - a) + 127) // 255 for c in (r, g, b))
                 for r, g, b, a in im.convert('RGBA').getdata()])
    return out


def png_chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(w, h, depth, colour, raw, interlace=0, extra=b'', idat=None):
    head = struct.pack('>IIBBBBB', w, h, depth, colour, 0, 0, interlace)
    return (b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', head) + extra
            + png_chunk(b'IDAT', zlib.compress(raw) if idat is None else idat) + png_chunk(b'IEND', b''))


def png_rows(rows):
    return b''.join(b'\0' + bytes(r) for r in rows)


def orientations():
    im = drawing(24, 16)
    for k in range(1, 9):
        exif = Image.Exif()
        exif[274] = k
        for ext, data in (('jpg', save(im, 'JPEG', quality=95, exif=exif)),
                          ('png', save(im, 'PNG', exif=exif)),
                          ('webp', save(im, 'WEBP', lossless=True, exif=exif.tobytes()))):
            name = put('orient-%d.%s' % (k, ext), data)
            stored = Image.open(io.BytesIO(data))
            case(name, ImageOps.exif_transpose(stored).convert('RGB'), orientation=k)
            case(name, stored.convert('RGB'), flags=['keep-orientation'])
        data = save(im, 'TIFF', tiffinfo={274: k})
        name = put('orient-%d.tiff' % k, data)
        case(name, pillow(data).convert('RGB'), orientation=k)
        case(name, pillow(data).convert('RGB'), flags=['keep-orientation'], orientation=k)


def alphas():
    im = drawing(24, 16, alpha=True)
    palette = im.convert('RGB').convert('P')
    used = palette.getpixel((5, 9))
    for name, data in (('rgba.png', save(im, 'PNG')),
                       ('la.png', save(im.convert('LA'), 'PNG')),
                       ('rgba.webp', save(im, 'WEBP', lossless=True, exact=True)),
                       ('palette-trns.png', save(palette, 'PNG', transparency=used)),
                       ('gray-trns.png', save(im.convert('L'), 'PNG', transparency=85)),
                       ('trns.gif', save(palette, 'GIF', transparency=used))):
        put(name, data)
        case(name, on_white(pillow(data)), composited=True)
        shown = pillow(data).convert('RGB')
        if name == 'trns.gif':  # GdkPixbuf does not keep hidden colours here: black
            alpha = pillow(data).convert('RGBA').getchannel('A')
            shown = Image.composite(shown, Image.new('RGB', im.size), alpha)
        case(name, shown, flags=['drop-alpha'])
    opaque = im.copy()
    opaque.putalpha(255)
    plain('opaque-rgba.png', save(opaque, 'PNG'))
    # libtiff multiplies by alpha in 8 bits, which costs half a level; divided again, then laid on white.
    data = save(im, 'TIFF')
    put('rgba.tiff', data)
    case('rgba.tiff', on_white(pillow(data)), composited=True, tolerance=2)


def depths():
    w, h = 24, 16
    v16 = [[(x * 2711 + y * 977) % 65536 for x in range(w)] for y in range(h)]
    gray = Image.new('L', (w, h))
    gray.putdata([v >> 8 for row in v16 for v in row])
    rows = [b''.join(struct.pack('>H', v) for v in row) for row in v16]
    put('gray16.png', png(w, h, 16, 0, png_rows(rows)))
    case('gray16.png', gray.convert('RGB'))
    rows = [b''.join(struct.pack('>HHH', v, 65535 - v, (v * 3) % 65536) for v in row) for row in v16]
    put('rgb16.png', png(w, h, 16, 2, png_rows(rows)))
    rgb = Image.new('RGB', (w, h))
    rgb.putdata([(v >> 8, (65535 - v) >> 8, (v * 3 % 65536) >> 8) for row in v16 for v in row])
    case('rgb16.png', rgb)
    im16 = Image.new('I;16', (w, h))
    im16.putdata([v for row in v16 for v in row])
    put('gray16.tiff', save(im16, 'TIFF'))
    case('gray16.tiff', gray.convert('RGB'), tolerance=1)
    im = drawing(w, h)
    for name, data in (
            ('cmyk.jpg', save(im.convert('CMYK'), 'JPEG', quality=95)),
            ('cmyk.tiff', save(im.convert('CMYK'), 'TIFF')),
            ('gray.jpg', save(im.convert('L'), 'JPEG', quality=95)),
            ('progressive.jpg', save(im, 'JPEG', quality=90, progressive=True)),
            ('subsampled.jpg', save(im, 'JPEG', quality=60, subsampling=2)),
            ('gray.tiff', save(im.convert('L'), 'TIFF')),
            ('bilevel.tiff', save(im.convert('1'), 'TIFF')),
            ('palette.tiff', save(im.convert('P'), 'TIFF')),
            ('lzw.tiff', save(im, 'TIFF', compression='tiff_lzw')),
            ('deflate.tiff', save(im, 'TIFF', compression='tiff_adobe_deflate')),
            ('rgb.bmp', save(im, 'BMP')),
            ('palette.bmp', save(im.convert('P'), 'BMP')),
            ('bilevel.bmp', save(im.convert('1'), 'BMP')),
            ('palette2.png', save(im.quantize(4), 'PNG', bits=2)),
            ('rgb.gif', save(im, 'GIF')),
            ('lossy.webp', save(im, 'WEBP', quality=90)),
            ('lossless.webp', save(im, 'WEBP', lossless=True)),
            ('two-frames.gif', save(im, 'GIF', save_all=True, append_images=[im.rotate(180)])),
            ('two-frames.webp', save(im, 'WEBP', lossless=True, save_all=True,
                                     append_images=[im.rotate(180)])),
            ('nan-dpi.tiff', save(im, 'TIFF', dpi=(77, 77)).replace(struct.pack('<II', 77, 1), bytes(8))),
            ('1x1.png', save(drawing(1, 1), 'PNG')),
            ('1x1.jpg', save(drawing(1, 1), 'JPEG')),
            ('20000x1.png', save(drawing(20000, 1), 'PNG')),
            ('1x20000.png', save(drawing(1, 20000), 'PNG'))):
        plain(name, data)
    jfif = bytearray(save(im, 'JPEG', quality=95))
    jfif[14:18] = b'\0\0\0\0'
    plain('zero-dpi.jpg', bytes(jfif))
    data = save(im, 'PNG')
    put('png-named.jpg', data)
    case('png-named.jpg', im)
    # Adam7
    raw = b''
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                           (1, 0, 2, 2), (0, 1, 1, 2)):
        raw += png_rows(b''.join(bytes(im.getpixel((x, y))) for x in range(x0, w, dx))
                        for y in range(y0, h, dy))
    plain('interlaced.png', png(w, h, 8, 2, raw, interlace=1))


def icc(space, tags):
    def s15(*v):
        return b''.join(struct.pack('>i', round(x * 65536)) for x in v)
    body = {}
    for k, v in tags.items():
        body[k] = b'XYZ \0\0\0\0' + s15(*v) if isinstance(v, tuple) else v
    body[b'wtpt'] = b'XYZ \0\0\0\0' + s15(0.9642, 1.0, 0.8249)
    body[b'desc'] = b'desc\0\0\0\0' + struct.pack('>I', 5) + b'test\0' + bytes(78)
    body[b'cprt'] = b'text\0\0\0\0none\0'
    table, data = struct.pack('>I', len(body)), b''
    start = 128 + 4 + 12 * len(body)
    for k, v in body.items():
        table += k + struct.pack('>II', start + len(data), len(v))
        data += v + bytes(-len(v) % 4)
    head = (struct.pack('>I4sI4s4s4s', start + len(data), b'lcms', 0x02400000, b'mntr', space, b'XYZ ')
            + struct.pack('>6H', 2026, 1, 1, 0, 0, 0) + b'acsp' + bytes(28) + s15(0.9642, 1.0, 0.8249))
    return head + bytes(128 - len(head)) + table + data


def gamma(g):
    return b'curv\0\0\0\0' + struct.pack('>IH', 1, round(g * 256)) + b'\0\0'


def to_srgb(im, profile):
    flags = 0x2000  # black point compensation
    rgb = ImageCms.profileToProfile(im, ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                                    ImageCms.createProfile('sRGB'), renderingIntent=1, outputMode='RGB',
                                    flags=flags)
    return rgb


def profiles():
    # Primaries of Adobe RGB (1998), adapted to D50.
    wide = icc(b'RGB ', {b'rXYZ': (0.60974, 0.31111, 0.01947), b'gXYZ': (0.20528, 0.62567, 0.06087),
                         b'bXYZ': (0.14919, 0.06322, 0.74457),
                         b'rTRC': gamma(2.2), b'gTRC': gamma(2.2), b'bTRC': gamma(2.2)})
    dark = icc(b'GRAY', {b'kTRC': gamma(1.4)})
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    srgb = srgb[:24] + struct.pack('>6H', 2026, 1, 1, 0, 0, 0) + srgb[36:]  # the date of making
    im = drawing(24, 16)
    for name, data in (('icc.png', save(im, 'PNG', icc_profile=wide)),
                       ('icc.jpg', save(im, 'JPEG', quality=95, icc_profile=wide)),
                       ('icc.tiff', save(im, 'TIFF', icc_profile=wide)),
                       ('icc.webp', save(im, 'WEBP', lossless=True, icc_profile=wide))):
        put(name, data)
        case(name, to_srgb(pillow(data).convert('RGB'), wide), converted=True, tolerance=1)
        case(name, pillow(data).convert('RGB'), flags=['keep-profile'])
    data = save(im.convert('L'), 'PNG', icc_profile=dark)
    put('icc-gray.png', data)
    case('icc-gray.png', to_srgb(im.convert('L'), dark), converted=True, tolerance=1)
    # Colours first, transparency after.
    rgba = drawing(24, 16, alpha=True)
    put('icc-rgba.png', save(rgba, 'PNG', icc_profile=wide))
    out = to_srgb(rgba.convert('RGB'), wide)
    out.putalpha(rgba.getchannel('A'))
    case('icc-rgba.png', on_white(out), converted=True, composited=True, tolerance=1)
    # Nothing to convert: sRGB itself, profiles that are broken or of another kind of pixels.
    plain('icc-srgb.png', save(im, 'PNG', icc_profile=srgb))
    plain('icc-srgb.jpg', save(im, 'JPEG', quality=95, icc_profile=srgb))
    plain('icc-broken.png', save(im, 'PNG', icc_profile=wide[:200]))
    plain('icc-broken.webp', save(im, 'WEBP', lossless=True, icc_profile=noise(7, 300)))
    plain('icc-gray-broken.jpg', save(im, 'JPEG', quality=95, icc_profile=dark[:140]))


def tiff(entries):
    body = struct.pack('<H', len(entries))
    for tag, kind, value in entries:
        body += struct.pack('<HHII', tag, kind, 1, value)
    return b'II*\0\x08\0\0\0' + body + bytes(4)


def refuse(name, data, code, message):
    put(name, data)
    refused.append({'file': name, 'code': code, 'message': message})


def bombs():
    ifd = [(256, 4, 60000), (257, 4, 60000), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8),
           (277, 3, 1), (279, 4, 8)]
    big = 'UNSUPPORTED'
    refuse('bomb.png', png(60000, 60000, 8, 2, b'\0' * 1000), big, '60000 x 60000')
    refuse('bomb.gif', b'GIF89a' + struct.pack('<HHBBB', 65535, 65535, 0x80, 0, 0) + bytes(6)
           + b'\x2c' + struct.pack('<HHHHB', 0, 0, 65535, 65535, 0) + b'\x02\x02\x4c\x01\0;',
           big, '65535 x 65535')
    refuse('bomb-frame.gif', b'GIF89a' + struct.pack('<HHBBB', 4, 4, 0x80, 0, 0) + bytes(6)
           + b'\x2c' + struct.pack('<HHHHB', 0, 0, 65535, 65535, 0) + b'\x02\x02\x4c\x01\0;',
           big, '4294.84 megapixels')
    jpeg = bytearray(save(drawing(16, 16), 'JPEG'))
    sof = jpeg.index(b'\xff\xc0')
    jpeg[sof + 5:sof + 9] = b'\xff\xff\xff\xff'
    refuse('bomb.jpg', bytes(jpeg), big, '65535 x 65535')
    refuse('bomb.tiff', tiff(ifd), big, '60000 x 60000')
    tiles = [e for e in ifd if e[0] not in (273, 279)]
    tiles = [(t, k, 16 if t in (256, 257) else v) for t, k, v in tiles]
    refuse('bomb-tile.tiff', tiff(sorted(tiles + [(322, 4, 65520), (323, 4, 65520), (324, 4, 8),
                                                  (325, 4, 8)])), big, '4292.87 megapixels')
    refuse('many-samples.tiff', tiff([(t, k, 65535 if t == 277 else v) for t, k, v in ifd]), big, 'samples')
    refuse('bomb.bmp', b'BM' + struct.pack('<IHHIIiiHHIIiiII', 0, 0, 0, 54, 40, 60000, -60000, 1, 8, 1, 10,
                                           0, 0, 0, 0) + bytes(10), big, '60000 x 60000')
    vp8l = b'\x2f' + struct.pack('<I', 16382 | 16382 << 14) + bytes(3)
    refuse('bomb.webp', b'RIFF' + struct.pack('<I', 12 + len(vp8l)) + b'WEBPVP8L'
           + struct.pack('<I', len(vp8l)) + vp8l, big, '16383 x 16383')
    vp8x = b'\0\0\0\0' + struct.pack('<I', 0xfffffe)[:3] + struct.pack('<I', 200)[:3]
    refuse('bomb-canvas.webp', b'RIFF' + struct.pack('<I', 12 + 10 + 16) + b'WEBPVP8X'
           + struct.pack('<I', 10) + vp8x + b'VP8L' + struct.pack('<I', 8) + vp8l, big, '16777215 x 201')
    refuse('long-side.png', png(2000000, 1, 8, 0, bytes(10)), big, 'a side may have')
    scans = bytearray(save(drawing(16, 16), 'JPEG'))
    sos = scans.index(b'\xff\xda')
    refuse('many-scans.jpg', bytes(scans[:-2]) + bytes(scans[sos:-2]) * 120 + b'\xff\xd9', big, 'scans')


def damaged():
    im = drawing(24, 16)
    good = save(im, 'PNG')
    at = good.index(b'IDAT')
    bad = 'INVALID_DATA'
    refuse('crc.png', good[:at + 20] + bytes([good[at + 20] ^ 1]) + good[at + 21:], bad, 'CRC')
    refuse('short-deflate.png', png(24, 16, 8, 2, b'', idat=zlib.compress(noise(1, 16 * 73))[:600]), bad,
           'PNG')
    refuse('short-rows.png', png(24, 16, 8, 2, png_rows([bytes(72)] * 9)), bad, 'pixels are missing')
    refuse('no-pixels.png', good[:33] + good[-12:], bad, 'no pixels')
    refuse('zero-width.png', png(0, 16, 8, 2, b'\0'), bad, 'no width')
    refuse('empty.png', b'', bad, 'empty')
    refuse('magic-only.png', good[:8], bad, 'no header')
    refuse('text.jpg', b'hello, not a picture\n', 'UNSUPPORTED', 'not a picture')
    refuse('drawing.svg', b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'UNSUPPORTED',
           'not a picture')
    refuse('icon.ico', save(im, 'ICO'), 'UNSUPPORTED', 'not a picture')
    refuse('image.xpm', b'/* XPM */\nstatic char *x[] = {"1 1 1 1", "a c red", "a"};\n', 'UNSUPPORTED',
           'not a picture')
    jpeg = save(im, 'JPEG')
    refuse('two-frames.jpg', jpeg[:2] + jpeg[jpeg.index(b'\xff\xc0'):jpeg.index(b'\xff\xc4')]
           + jpeg[2:], bad, 'two frame headers')
    # The header promises another size than the pixels' own.
    webp = bytearray(save(drawing(24, 16, alpha=True), 'WEBP'))
    assert webp[12:16] == b'VP8X'
    webp[24] += 8
    refuse('canvas-lies.webp', bytes(webp), bad, 'WebP')
    refuse('bits12.jpg', jpeg.replace(b'\xff\xc0\0\x11\x08', b'\xff\xc0\0\x11\x0c'), 'UNSUPPORTED',
           '8 bits')
    refuse('no-directory.tiff', b'II*\0\xf0\0\0\0', bad, 'directory')
    refuse('short.bmp', save(im, 'BMP')[:-80], bad, 'it ends too early')
    refuse('core-header.bmp', b'BM' + bytes(24), bad, 'header')


def resizes():
    rows = []
    sizes = [((1, 1), (448, 448)), ((7, 5), (1792, 1344)), ((448, 448), (448, 448)),
             ((448, 100), (448, 448)), ((100, 448), (448, 448)), ((5000, 2), (448, 448)),
             ((3, 3000), (64, 64)), ((333, 211), (64, 64)), ((640, 480), (896, 448)),
             ((1001, 701), (448, 448)), ((97, 89), (50, 300)), ((450, 449), (448, 448)),
             ((20000, 1), (1, 1)), ((31, 17), (1, 1)), ((300, 200), (299, 201))]
    for i, (src, dst) in enumerate(sizes):
        im = Image.frombytes('RGB', src, noise(i + 1, src[0] * src[1] * 3))
        out = im.resize((dst[0], src[1]), Image.BICUBIC).resize(dst, Image.BICUBIC)
        rows.append({'seed': i + 1, 'src': src, 'dst': dst,
                     'sha256': hashlib.sha256(out.tobytes()).hexdigest()})
    return rows


def write_json(name, value):
    with open(os.path.join(HERE, name), 'w') as f:
        f.write(json.dumps(value, indent=0) + '\n')


os.makedirs(HERE, exist_ok=True)
orientations()
alphas()
depths()
profiles()
bombs()
damaged()
write_json('images.json', {'cases': cases, 'refused': refused})
write_json('resize.json', {'cases': resizes()})
