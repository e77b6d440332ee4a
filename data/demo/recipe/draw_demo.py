"""Draw the six pictures of data/demo: fixed scenes, none of them from the training stream, and write down what is in them. Usage: draw_demo.py FOLDER"""
import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from scenes import BOLD, COLORS, COUNT, Scene, Thing, caption_short, draw_shape, font

# name, width, height, background, [(shape, colour, centre x, centre y, radius)], (word, colour, left, top, pixels)
PICTURES = (
    ("star-open.png", 400, 400, "blue", [("star", "yellow", 200, 272, 86)], ("OPEN", "white", 56, 10, 96)),
    ("circle-square.png", 420, 400, "white", [("circle", "red", 106, 100, 86), ("square", "green", 314, 300, 57)], None),
    ("hello.png", 400, 380, "orange", [], ("HELLO", "black", 30, 132, 96)),
    ("heart.png", 400, 400, "cyan", [("heart", "purple", 200, 200, 86)], None),
    ("taxi.png", 400, 400, "black", [("ring", "pink", 101, 126, 86), ("cross", "orange", 298, 130, 57)], ("TAXI", "yellow", 82, 262, 96)),
    ("diamond-triangle.png", 400, 400, "yellow", [("diamond", "blue", 102, 300, 86), ("triangle", "red", 300, 98, 57)], None),
)


def draw(width, height, background, shapes, text):
    image = Image.new("RGB", (width, height), COLORS[background])
    d = ImageDraw.Draw(image)
    for shape, color, x, y, r in shapes:
        draw_shape(d, shape, COLORS[color], x, y, r)
    if text:
        word, color, x, y, px = text
        d.text((x, y), word, font=font(next(p for p in BOLD if "DejaVu" in p), px), fill=COLORS[color])
    return image


def describe(name, width, height, background, shapes, text):
    """What is in a picture, in the words that the scenes' own captions use; boxes in thousandths."""
    things = [Thing(shape, color, "large", "", (x - r, y - r, x + r, y + r)) for shape, color, x, y, r in shapes]
    things.sort(key=lambda t: (round(t.box[1] / (height / 3)), t.box[0]))
    scene = Scene(Image.new("RGB", (width, height)), background, things=things, lines=[text[0]] if text else [])
    questions = [["What color is the background?", background.capitalize() + "."], ["How many shapes are there?", COUNT[len(things)].capitalize() + "."]]
    single = things if len(things) == 1 else []        # which of two shapes is meant, the model often confuses
    questions += [[f"What color is the {t.shape}?", t.color.capitalize() + "."] for t in single]
    return {"file": name, "caption": caption_short(scene), "ocr": text[0] if text else "No text.", "questions": questions[::-1], "boxes": {t.name: scene.box1000(t) for t in single}}


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, *scene in PICTURES:
        draw(*scene).save(out / name, optimize=True)
    (out / "pictures.json").write_text(json.dumps([describe(*p) for p in PICTURES], indent=2) + "\n")
