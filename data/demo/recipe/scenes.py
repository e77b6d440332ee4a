"""Synthetic scenes with known contents: coloured shapes and lines of printed text.

Every scene knows its own caption, OCR text, answers and boxes, so a small model can be trained and measured without outside data.
Coordinates are pixels of the rendered image unless a name says otherwise; boxes in answers are normalised to 0..1000 (InternVL convention).
"""
import io
import math
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

COLORS = {
    "red": (214, 39, 40), "green": (44, 160, 44), "blue": (31, 80, 200), "yellow": (245, 215, 20), "orange": (255, 127, 14),
    "purple": (128, 50, 160), "pink": (247, 140, 190), "brown": (120, 72, 40), "black": (15, 15, 15), "white": (250, 250, 250),
    "gray": (128, 128, 128), "cyan": (40, 200, 220),
}
SHAPES = ("circle", "square", "triangle", "star", "diamond", "cross", "ring", "heart")
PLACES = {
    (0, 0): "top left", (1, 0): "top", (2, 0): "top right", (0, 1): "left", (1, 1): "center", (2, 1): "right",
    (0, 2): "bottom left", (1, 2): "bottom", (2, 2): "bottom right",
}
TILE = 128
FONT_NAMES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf", "LiberationSerif-Bold.ttf", "OpenSans-Semibold.ttf", "Lato-Bold.ttf")
FONTS = sorted(str(p) for n in FONT_NAMES for p in Path("/usr/share/fonts").rglob(n))   # Debian: fonts-dejavu-core fonts-liberation fonts-open-sans fonts-lato
_cache = {}


def font(path, px):
    key = (path, px)
    if key not in _cache:
        if len(_cache) > 3000:
            _cache.clear()
        _cache[key] = ImageFont.truetype(path, px)
    return _cache[key]


SIGNS = ("OPEN", "CLOSED", "SALE", "EXIT", "STOP", "MENU", "HELLO", "WELCOME", "PUSH", "PULL", "FREE", "NEW", "TAXI", "BUS", "HOTEL", "CAFE", "BOOKS", "POST", "BANK", "PARK",
         "BREAD", "MILK", "FISH", "FRUIT", "TEA", "ART", "MUSIC", "CINEMA", "SHOP", "GARDEN", "SCHOOL", "STATION", "TICKETS", "QUIET", "DANGER", "WATER", "NORTH", "SOUTH", "EAST", "WEST")


def article(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


@dataclass
class Thing:
    shape: str
    color: str
    size: str
    place: str
    box: tuple

    @property
    def name(self):
        return f"{self.color} {self.shape}"


@dataclass
class Scene:
    image: Image.Image
    background: str
    kinds: Image.Image = None       # per pixel: 0 background, 1.. shapes, 9.. letters (dense labels for training only)
    paints: Image.Image = None      # per pixel: index of the colour
    things: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    text_place: str = ""

    def box1000(self, thing):
        w, h = self.image.size
        x0, y0, x1, y1 = thing.box
        q = lambda v, n: max(0, min(1000, round(1000 * v / n)))
        return [q(x0, w), q(y0, h), q(x1, w), q(y1, h)]


def draw_shape(d, shape, rgb, cx, cy, r):
    if shape == "circle":
        d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=rgb)
    elif shape == "square":
        d.rectangle((cx - r, cy - r, cx + r, cy + r), fill=rgb)
    elif shape == "diamond":
        d.polygon([(cx, cy - r), (cx + r, cy), (cx, cy + r), (cx - r, cy)], fill=rgb)
    elif shape == "triangle":
        d.polygon([(cx, cy - r), (cx + r, cy + r), (cx - r, cy + r)], fill=rgb)
    elif shape == "ring":
        d.ellipse((cx - r, cy - r, cx + r, cy + r), outline=rgb, width=max(2, int(r * 0.38)))
    elif shape == "cross":
        t = r * 0.34
        d.rectangle((cx - r, cy - t, cx + r, cy + t), fill=rgb)
        d.rectangle((cx - t, cy - r, cx + t, cy + r), fill=rgb)
    elif shape == "star":
        pts = []
        for i in range(10):
            a = -math.pi / 2 + i * math.pi / 5
            q = r if i % 2 == 0 else r * 0.42
            pts.append((cx + q * math.cos(a), cy + q * math.sin(a)))
        d.polygon(pts, fill=rgb)
    elif shape == "heart":
        pts = []
        for i in range(40):
            t = 2 * math.pi * i / 40
            pts.append((cx + r * 16 * math.sin(t) ** 3 / 17, cy - r * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 17))
        d.polygon(pts, fill=rgb)


def random_text(rng):
    return rng.choice(SIGNS)


def luminance(rgb):
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def jitter(rng, rgb, by=14):
    return tuple(max(0, min(255, c + rng.randint(-by, by))) for c in rgb)


BOLD = [p for p in FONTS if p.endswith(("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "Lato-Bold.ttf"))]
CLEAR = [c for c in COLORS if c not in ("brown", "gray")]                 # colours of narrow scenes
NEAR = {frozenset(p) for p in (("cyan", "blue"), ("orange", "yellow"), ("pink", "purple"), ("white", "yellow"), ("white", "cyan"), ("red", "orange"), ("white", "pink"), ("purple", "blue"), ("black", "purple"), ("black", "blue"))}
QUARTERS = {"top left": (0, 0, 0.5, 0.5), "top right": (0.5, 0, 1, 0.5), "bottom left": (0, 0.5, 0.5, 1), "bottom right": (0.5, 0.5, 1, 1)}


def make_scene(rng, level=1.0):
    """Draw one scene. level is the share of wide scenes; the others are narrow ones, which is what the demo model promises."""
    return wide_scene(rng, 1.0) if rng.random() < level else narrow_scene(rng)


def narrow_scene(rng):
    """One tile: up to two large shapes in quarters or beside one line of bold print out of twenty words."""
    s = rng.uniform(0.8, 1.5) if rng.random() < 0.8 else rng.uniform(1.5, 3.0)
    w, h = round(TILE * s * rng.uniform(0.92, 1.08)), round(TILE * s)
    names = list(COLORS)
    bg = rng.choice(CLEAR)
    base = jitter(rng, COLORS[bg], 8)
    img, kinds, paints = Image.new("RGB", (w, h), base), Image.new("L", (w, h), 0), Image.new("L", (w, h), names.index(bg))
    layers = ImageDraw.Draw(img), ImageDraw.Draw(kinds), ImageDraw.Draw(paints)
    n_things = rng.choices((0, 1, 2), (25, 40, 35))[0]
    row = None if n_things and rng.random() < 0.5 else (rng.choice(("top", "bottom")) if n_things else "any")
    cells = dict(QUARTERS)
    if row in ("top", "bottom"):
        y0, y1 = (0.36, 1.0) if row == "top" else (0.0, 0.64)
        cells = {"left": (0, y0, 0.5, y1), "right": (0.5, y0, 1, y1)}
        if n_things == 1:
            cells = cells | {"center": (0.25, y0, 0.75, y1)}
    elif n_things == 1:
        cells = cells | {"center": (0.25, 0.25, 0.75, 0.75)}
    things, used = [], set()
    for place in rng.sample(list(cells), n_things):
        while True:
            shape, color = rng.choice(SHAPES), rng.choice(CLEAR)
            if color != bg and frozenset((bg, color)) not in NEAR and (shape, color) not in used:
                break
        used.add((shape, color))
        u0, v0, u1, v1 = cells[place]
        size = rng.choice(("small", "large"))
        half = min((u1 - u0) * w, (v1 - v0) * h) / 2
        r = half * (rng.uniform(0.54, 0.60) if size == "small" else rng.uniform(0.82, 0.90))
        px = (u0 + u1) / 2 * w + rng.uniform(-1, 1) * 0.2 * ((u1 - u0) * w / 2 - r)
        py = (v0 + v1) / 2 * h + rng.uniform(-1, 1) * 0.2 * ((v1 - v0) * h / 2 - r)
        for d, fill in zip(layers, (jitter(rng, COLORS[color], 10), 1 + SHAPES.index(shape), names.index(color))):
            draw_shape(d, shape, fill, px, py, r)
        things.append(Thing(shape, color, size, place, (px - r, py - r, px + r, py + r)))
    lines, place = [], ""
    if row:
        ink = rng.choice([c for c in CLEAR if abs(luminance(COLORS[c]) - luminance(base)) > 80])
        y0, y1 = {"top": (0.04, 0.34), "bottom": (0.66, 0.96), "any": (0.05, 0.95)}[row]
        lines = [rng.choice(SIGNS[:20])]
        path, size = rng.choice(BOLD), rng.uniform(28, 38) * s
        while layers[0].textbbox((0, 0), lines[0], font=font(path, int(size)))[2] > 0.95 * w:
            size *= 0.95
        f = font(path, int(size))
        left, up, right, low = layers[0].textbbox((0, 0), lines[0], font=f)
        x = rng.uniform(0.02 * w, 0.98 * w - (right - left)) - left
        y = y0 * h + max(0, (y1 - y0) * h - (low - up)) * rng.random() - up
        mid = (y + (up + low) / 2) / h
        place = row if row != "any" else ("top" if mid < 0.36 else ("bottom" if mid > 0.64 else "center"))
        layers[0].text((x, y), lines[0], font=f, fill=jitter(rng, COLORS[ink], 8))
        for j, letter in enumerate(lines[0]):
            box = (x + f.getlength(lines[0][:j]), y + up - 2, x + f.getlength(lines[0][:j + 1]) - 1, y + low + 2)
            layers[1].rectangle(box, fill=9 + ord(letter) - ord("A"))
            layers[2].rectangle(box, fill=names.index(ink))
    if rng.random() < 0.5:
        buf = io.BytesIO()
        img.save(buf, "JPEG", quality=rng.randint(80, 100))
        img = Image.open(io.BytesIO(buf.getvalue())).convert("RGB")
    things.sort(key=lambda t: (round(t.box[1] / (h / 3)), t.box[0]))
    return Scene(img, bg, kinds, paints, things, lines, place)


def wide_scene(rng, level):
    """Up to four tiles, three shapes on a 3 x 3 grid, two lines in six fonts out of forty words, gradients, blur."""
    if rng.random() < 1.0 - 0.3 * level:
        tw, th = 1, 1
    else:
        tw, th = rng.choice(((2, 1), (1, 2), (2, 2)))
    s = rng.uniform(0.95, 1.38) if rng.random() > 0.25 * level else rng.uniform(1.4, 3.0)   # canvas pixels for one tile pixel
    w, h = round(TILE * tw * s * rng.uniform(0.92, 1.08)), round(TILE * th * s)
    names = list(COLORS)
    bg = rng.choice(names)
    base = jitter(rng, COLORS[bg], 8)
    img, kinds, paints = Image.new("RGB", (w, h), base), Image.new("L", (w, h), 0), Image.new("L", (w, h), names.index(bg))
    d, dk, dp = ImageDraw.Draw(img), ImageDraw.Draw(kinds), ImageDraw.Draw(paints)
    if rng.random() < 0.25 * level:                # soft gradient
        for y in range(h):
            f = (y / h - 0.5) * 40
            d.line((0, y, w, y), fill=tuple(max(0, min(255, int(c + f))) for c in base))
    mode = rng.random()
    n_things = 0 if mode < 0.25 else (1 if mode < 0.5 else (2 if mode < 0.8 else 3))
    n_lines = 0 if n_things and rng.random() < 0.5 else 1
    if n_things == 0 and rng.random() < 0.4 * level:
        n_lines = 2
    cells = list(PLACES)
    text_row = None
    if n_lines and n_things:
        text_row = rng.choice((0, 2))
        cells = [c for c in cells if c[1] != text_row]
    rng.shuffle(cells)
    things, used = [], set()
    cw, ch = w / 3, h / 3
    near = {("white", "gray"), ("brown", "black"), ("black", "brown"), ("gray", "white"), ("cyan", "blue"), ("orange", "yellow"), ("yellow", "orange"), ("pink", "purple")}
    for cx, cy in cells[:n_things]:
        while True:
            shape, color = rng.choice(SHAPES), rng.choice([c for c in names if c != bg])
            if (shape, color) not in used and ((bg, color) not in near or rng.random() < 0.3):
                break
        used.add((shape, color))
        size = rng.choice(("small", "large"))
        r = min(cw, ch) * (rng.uniform(0.24, 0.30) if size == "small" else rng.uniform(0.42, 0.49))
        px = cw * (cx + 0.5) + rng.uniform(-0.03, 0.03) * cw
        py = ch * (cy + 0.5) + rng.uniform(-0.03, 0.03) * ch
        draw_shape(d, shape, jitter(rng, COLORS[color], 10), px, py, r)
        draw_shape(dk, shape, 1 + SHAPES.index(shape), px, py, r)
        draw_shape(dp, shape, names.index(color), px, py, r)
        things.append(Thing(shape, color, size, PLACES[(cx, cy)], (px - r, py - r, px + r, py + r)))
    lines, place = [], ""
    if n_lines:
        want_fg = [c for c in names if abs(luminance(COLORS[c]) - luminance(base)) > 80] or ["black", "white"]
        ink = rng.choice(want_fg)
        if text_row is None:
            y0, y1, place = 0.06 * h, 0.94 * h, "center"
        else:
            y0, y1, place = (0.03 * h, 0.31 * h, "top") if text_row == 0 else (0.69 * h, 0.97 * h, "bottom")
        lines = rng.sample(SIGNS, n_lines)
        px = min((y1 - y0) / n_lines * 0.8, rng.uniform(24 - 6 * level, 40) * s)
        path = rng.choice(FONTS)
        f = font(path, int(px))
        widest = max(d.textbbox((0, 0), t, font=f)[2] for t in lines)
        if widest > 0.94 * w:
            px = px * 0.94 * w / widest
            f = font(path, max(8, int(px)))
        lh = px * 1.18
        top = y0 + max(0, ((y1 - y0) - lh * n_lines)) * rng.random()
        if text_row is None:
            mid = (top + lh * n_lines / 2) / h
            place = "top" if mid < 0.36 else ("bottom" if mid > 0.64 else "center")
        align = rng.random()
        for i, t in enumerate(lines):
            x0, ya, x1, yb = d.textbbox((0, 0), t, font=f)
            x = (w - (x1 - x0)) * (0.5 if align < 0.5 else rng.uniform(0.03, 0.97)) - x0
            y = top + i * lh
            d.text((x, y), t, font=f, fill=jitter(rng, COLORS[ink], 8))
            for j, letter in enumerate(t):
                left, right = x + f.getlength(t[:j]), x + f.getlength(t[:j + 1])
                bx = (left, y + ya - 2, right - 1, y + yb + 2)
                dk.rectangle(bx, fill=9 + ord(letter) - ord("A"))
                dp.rectangle(bx, fill=names.index(ink))
    if rng.random() < 0.15 * level:
        img = img.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.6) * s))
    if rng.random() < 0.7:                         # Random JPEG Compression, quality 75..100, as the paper does
        buf = io.BytesIO()
        img.save(buf, "JPEG", quality=rng.randint(75, 100))
        img = Image.open(io.BytesIO(buf.getvalue())).convert("RGB")
    things.sort(key=lambda t: (round(t.box[1] / ch), t.box[0]))
    return Scene(img, bg, kinds, paints, things, lines, place)


def join(items):
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


COUNT = ("no", "one", "two", "three")
SHORT_PROMPTS = ("Please describe the image shortly.", "Describe this image in one sentence.", "Write a short caption for this image.")
DETAIL_PROMPTS = ("Please describe the image in detail.", "Describe this image in detail.")
ALT_PROMPTS = ("Write alt text for this image.",)
OCR_PROMPTS = ("Please extract the text in the image.", "Read all the text in the image.", "What does the text say?")


def quoted(lines):
    return '"' + " ".join(lines) + '"'


def caption_short(s):
    out = ""
    if s.things:
        out = join([article(t.name) for t in s.things]) + f" on {article(s.background)} background"
        if s.lines:
            out += f" with the text {quoted(s.lines)}"
    else:
        out = f"the text {quoted(s.lines)} on {article(s.background)} background"
    return out[0].upper() + out[1:] + "."


def caption_detail(s):
    parts = [f"The background is {s.background}."]
    for t in s.things:
        parts.append(f"There is a {t.size} {t.name} at the {t.place}.")
    if s.lines:
        parts.append(f"The text {quoted(s.lines)} is at the {s.text_place}.")
    return " ".join(parts)


def conversation(rng, s):
    """One (question, answer) pair about the scene."""
    tasks = ["short"] * 3 + ["detail"] * 2 + ["alt", "bg", "count"]
    if s.lines:
        tasks += ["ocr"] * (6 if not s.things else 3)
    else:
        tasks += ["ocr"]
    if s.things:
        tasks += ["color", "where", "what", "exist"] + ["ground"] * (4 if len(s.things) == 1 else 12)     # boxes are the hardest to learn, above all whose they are
    k = rng.choice(tasks)
    if k == "short":
        return rng.choice(SHORT_PROMPTS), caption_short(s)
    if k == "alt":
        return rng.choice(ALT_PROMPTS), caption_short(s)
    if k == "detail":
        return rng.choice(DETAIL_PROMPTS), caption_detail(s)
    if k == "ocr":
        return rng.choice(OCR_PROMPTS), ("\n".join(s.lines) if s.lines else "No text.")
    if k == "bg":
        return "What color is the background?", s.background.capitalize() + "."
    if k == "count":
        n = len(s.things)
        return "How many shapes are there?", COUNT[n].capitalize() + "."
    t = rng.choice(s.things)
    same = [u for u in s.things if u.shape == t.shape]
    if k == "exist":
        if rng.random() < 0.5:
            return f"Is there {article(t.name)}?", "Yes."
        names = {u.name for u in s.things}
        other = f"{rng.choice(list(COLORS))} {rng.choice(SHAPES)}"
        return f"Is there {article(other)}?", "Yes." if other in names else "No."
    if k == "ground":
        x = s.box1000(t)
        return f"Please provide the bounding box coordinate of the region this sentence describes: <ref>{t.name}</ref>", f"<ref>{t.name}</ref><box>[[{x[0]}, {x[1]}, {x[2]}, {x[3]}]]</box>"
    if k == "what":
        return f"What is at the {t.place}?", f"{article(t.name).capitalize()}."
    if k == "where":
        return f"Where is the {t.name}?", f"At the {t.place}."
    if len(same) > 1:
        return f"Where is the {t.name}?", f"At the {t.place}."
    return f"What color is the {t.shape}?", t.color.capitalize() + "."


if __name__ == "__main__":
    rng = random.Random(1)
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "samples")
    out.mkdir(exist_ok=True)
    for i in range(12):
        s = make_scene(rng, i % 2)
        s.image.save(out / f"{i:02d}.png")
        print(i, s.image.size, *conversation(rng, s), sep=" | ")
