#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The export with texts, by a script in GIMP's console. What the files hold is read by exiftool and ImageMagick, which know
nothing of ivl: the three texts, each in its own field and nowhere else, no other metadata unless it is asked for, the colour
profile, the pixels; and what happens to an older file when it fails.
Usage: test-alt-export.py PLUGIN IVL DEMO"""

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET

from gimptest import main_of, ready
from gimplib import Desk, Gimp, quote
from pngfile import RGB, RGB_ALPHA, encode, wide_profile

FORMATS = ("jpg", "png", "webp", "tiff")
FIELDS = ("XMP-iptcCore:AltTextAccessibility", "XMP-iptcCore:ExtDescrAccessibility", "XMP-dc:Description")
TEXTS = {
    "ASCII": ('A <b>red</b> "star" & 100% of it', "lang=\"de\" what looks like markup: --> ]]> \\n", "Star, closed"),
    "German": ("Ein gelber Stern über grünen Hügeln", "Straße, Äpfel, „Anführung“ – und Übergröße", "Größe: fünf"),
    "Japanese": ("青い空の下の黄色い星", "左側に赤い円、右側に四角形があります。", "星の写真"),
    "Arabic and Hebrew": ("نجمة صفراء على خلفية زرقاء", "כוכב צהוב \u200fעל רקע כחול 12", "شعار – סמל"),
    "emoji": ("⭐ 👩‍🚀 and 🇩🇪", "👍🏽 skin, 🏳️‍🌈 joined", "🙂"),
    "line breaks": ("first line\nsecond line", "a\n\nparagraph\n  indented\ttab", "one\ntwo"),
}
NAMESPACES = {"x": "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", "xml": "{http://www.w3.org/XML/1998/namespace}",
              "iptc": "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}", "dc": "{http://purl.org/dc/elements/1.1/}"}
SECRET = "SECRET-of-the-source"
PRIVATE = ("IFD0:Artist", "IFD0:Make", "GPS:GPSLatitude", "GPS:GPSLongitude", "ExifIFD:LensModel", "IPTC:By-line", "XMP-dc:Creator",
           "XMP-photoshop:Headline")
# Groups that hold nothing but how the pixels are stored; of a TIFF's and a PNG's own fields only these do
STRUCTURE = ("SourceFile", "ExifTool:", "System:", "File:", "JFIF:", "RIFF:", "ICC-", "ICC_Profile", "Composite:", "PNG-pHYs:",
             "PNG:", "IFD0:", "XMP-x:XMPToolkit")
OWN = {"IFD0:": {"SubfileType", "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation",
                 "StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "XResolution", "YResolution", "Orientation",
                 "PlanarConfiguration", "ResolutionUnit", "Predictor", "ExtraSamples", "SampleFormat", "FillOrder", "PageNumber",
                 "XPosition", "YPosition"},
       "PNG:": {"ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace", "ProfileName"}}
REFUSED = {"wrong ending": "end.gif", "no ending": "end", "folder": "folder.png", "missing folder": "missing/star.png",
           "read-only folder": "locked/star.png", "read-only file": "frozen.png"}
OTHERS_REFUSED = ("too long for WebP", "wrong value", "a text would be lost")
PATIENCE = 900  # some sixty exports in one console, on a machine that does other things too
TOO_LONG = 16400  # WebP's sides end at 16383: GIMP fails when the export is under way


def attempt(code):
    """Script-Fu: what code is worth, or ("failed" MESSAGE)."""
    return (f'(let* ((hook *error-hook*) (value (call/cc (lambda (leave) (set! *error-hook* (lambda x (leave (cons "failed" x)))) '
            f"{code})))) (set! *error-hook* hook) value)")


def read_fields(paths):
    """exiftool's names and values of each file."""
    done = subprocess.run(["exiftool", "-j", "-G1", "-a", *map(str, paths)], capture_output=True, check=False, timeout=180)
    return {entry["SourceFile"]: entry for entry in json.loads(done.stdout)}


def read_blocks(paths, tag):
    """The bytes of a whole block of each file."""
    done = subprocess.run(["exiftool", "-j", "-b", f"-{tag}", *map(str, paths)], capture_output=True, check=False, timeout=180)
    values = {entry["SourceFile"]: entry.get(tag, "") for entry in json.loads(done.stdout)}
    return {path: base64.b64decode(value[7:]) if value.startswith("base64:") else value.encode() for path, value in values.items()}


def read_pixels(path, channels="rgb"):
    """As they are stored, whatever the profile says."""
    return subprocess.run(["convert", f"{path}[0]", "-depth", "8", f"{channels}:-"], capture_output=True, check=False,
                          timeout=180).stdout


def alternatives(packet):
    """[(language, text)] of the three fields in an XMP packet; None where one is no list of alternatives."""
    tree = ET.fromstring(packet)
    found = []
    for space, name in (("iptc", "AltTextAccessibility"), ("iptc", "ExtDescrAccessibility"), ("dc", "description")):
        field = tree.find(f".//{NAMESPACES[space]}{name}")
        items = field.findall(f"{NAMESPACES['x']}Alt/{NAMESPACES['x']}li") if field is not None else []
        found.append([(item.get(f"{NAMESPACES['xml']}lang"), item.text) for item in items] or None)
    return found


def is_structure(name, value):
    if name == "IFD0:PageName":
        return value == "Layer"  # GIMP 3 cannot leave it out; this is its own word
    for group, allowed in OWN.items():
        if name.startswith(group):
            return name[len(group):] in allowed
    return name.startswith(STRUCTURE) and name != "File:Comment"


def make_sources(folder):
    """A picture, the same with transparency, and one with everything that a camera and an agency put in."""
    width, height = 96, 64
    colors = [[(x * 5 % 256, y * 4, (x ^ y) * 3 % 256) for x in range(width)] for y in range(height)]
    (folder / "plain.png").write_bytes(encode(width, [bytes(c for color in row for c in color) for row in colors]))
    rows = [bytes(c for x, color in enumerate(row) for c in (*color, 1 + (x * 31 + y * 7) % 255)) for y, row in enumerate(colors)]
    (folder / "alpha.png").write_bytes(encode(width, rows, kind=RGB_ALPHA))
    (folder / "wide.icc").write_bytes(wide_profile())
    (folder / "wide.png").write_bytes(encode(width, [bytes(c for color in row for c in color) for row in colors], kind=RGB))
    subprocess.run(["convert", str(folder / "wide.png"), "-strip", "-compress", "LZW", str(folder / "rich.tiff")], check=True)
    subprocess.run(["exiftool", "-q", "-overwrite_original", f"-icc_profile<={folder}/wide.icc", f"-IFD0:Artist={SECRET}",
                    f"-IFD0:Make={SECRET}", "-GPS:GPSLatitude=48.137", "-GPS:GPSLatitudeRef=N", "-GPS:GPSLongitude=11.575",
                    "-GPS:GPSLongitudeRef=E", f"-ExifIFD:LensModel={SECRET}", f"-IPTC:By-line={SECRET}", f"-XMP-dc:Creator={SECRET}",
                    f"-XMP-photoshop:Headline={SECRET}", str(folder / "rich.tiff")], check=True)


def make_targets(folder):
    """What stands in the way of the exports that fail."""
    (folder / "folder.png").mkdir()
    (folder / "locked").mkdir()
    for name in ("locked/star.png", "frozen.png", "end.gif", "long.webp"):
        (folder / name).write_bytes(b"the old file")
    (folder / "frozen.png").chmod(0o444)
    (folder / "locked").chmod(0o555)
    (folder / "kept.png").write_bytes(b"the old file")
    (folder / "kept.png").chmod(0o640)
    (folder / "link.png").symlink_to("kept.png")
    # Files with a text of their own
    for path in (folder / "texts.png", folder.parent / "left out.png"):
        shutil.copy(folder.parent / "sources" / "plain.png", path)
        subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP-iptcCore:AltTextAccessibility=old", str(path)], check=True)


def respect_permissions(gimp):
    """The superuser may write anywhere: the console then runs without that power."""
    if os.geteuid() == 0:
        script = gimp.desk.folder / "console"
        script.write_text('#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search '
                          f'{shutil.which(gimp.console)} "$@"\n', encoding="ascii")
        script.chmod(0o755)
        gimp.console = script


def list_files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def state_code(gimp, image):
    """Script-Fu: all that an export must leave as it is."""
    files = ("filename", "imported-uri", "exported-uri") if gimp.major == 2 else ("file", "imported-file", "exported-file")
    images = "(gimp-image-list)" if gimp.major == 2 else "(gimp-get-images)"
    calls = ["name", *files, "layers", "parasite-list"]
    parts = " ".join(f"(gimp-image-get-{call} {image})" for call in calls)
    return f"(list (gimp-image-is-dirty {image}) {images} {parts})"


def save_code(gimp, image, path):
    if gimp.major == 2:
        return f"(gimp-file-save RUN-NONINTERACTIVE {image} (car (gimp-image-get-active-drawable {image})) {quote(path)} {quote(path)})"
    return f"(gimp-file-save RUN-NONINTERACTIVE {image} {quote(path)})"


def new_code(gimp):
    """Script-Fu: an image as long as no WebP file can be"""
    words = f"8 {TOO_LONG} RGB-IMAGE"
    order = f'image {words} "long" 100 LAYER-MODE-NORMAL' if gimp.major == 2 else f'image "long" {words} 100 LAYER-MODE-NORMAL'
    return (f"(let* ((image (car (gimp-image-new 8 {TOO_LONG} RGB))) (layer (car (gimp-layer-new {order})))) "
            "(gimp-image-insert-layer image layer 0 0) image)")


def write_script(gimp, folder):
    """One console does it all: (title, code) of each thing that is asked for, as a list of their values."""
    steps = [("state before", state_code(gimp, "plain"))]
    for name, texts in TEXTS.items():
        steps += [(f"{name} {ending}", attempt(gimp.export_code(folder / f"{name}.{ending}", *texts, image="plain")))
                  for ending in FORMATS]
    for title, name in REFUSED.items():
        steps.append((title, attempt(gimp.export_code(folder / "targets" / name, "new", image="plain"))))
    steps.append(("too long for WebP", attempt(
        f"(let* ((long {new_code(gimp)}) (value {attempt(gimp.export_code(folder / 'targets' / 'long.webp', 'new', image='long'))})) "
        "(gimp-image-delete long) value)")))
    for index, field in enumerate(FIELDS):
        texts = [field if index == other else "" for other in range(3)]
        steps.append((f"only {field}", attempt(gimp.export_code(folder / f"only{index}.png", *texts, image="plain"))))
    steps.append(("wrong value", attempt(gimp.export_code(folder / "targets" / "x.png", metadata="all", image="plain"))))
    steps.append(("through a link", attempt(gimp.export_code(folder / "targets" / "link.png", "new", image="plain"))))
    steps.append(("a text would be lost", attempt(gimp.export_code(folder / "targets" / "texts.png", caption="new", image="plain"))))
    # As a URI, which GIMP 3's Script-Fu makes no file of, and with a space for the text
    left_out = (folder / "left out.png").as_uri() if gimp.major == 2 else folder / "left out.png"
    steps.append(("a text is left out", attempt(gimp.export_code(left_out, " ", caption="new", image="plain"))))
    steps.append(("state after", state_code(gimp, "plain")))
    for ending in FORMATS:
        for word in ("drop", "keep"):
            metadata = "keep" if word == "keep" else ""
            steps.append((f"{word} {ending}", attempt(gimp.export_code(folder / f"{word}.{ending}", "kept?", metadata=metadata,
                                                                       image="rich"))))
        steps.append((f"alpha {ending}", attempt(gimp.export_code(folder / f"alpha.{ending}", "alpha", image="alpha"))))
    steps += carry_steps(gimp, folder)
    loads = " ".join(f"({name} {gimp.load_code(folder / 'sources' / file)})"
                     for name, file in (("plain", "plain.png"), ("rich", "rich.tiff"), ("alpha", "alpha.png")))
    layer = "(vector-ref (car (reverse (gimp-image-get-layers rich))) 0)"
    # `list` may take its arguments in any order
    values = " ".join(f"(set! all (cons {code} all))" for _, code in steps)
    script = (f"(let* ((all '()) {loads}) (gimp-image-clean-all plain) "
              f"(gimp-item-set-name {layer} {quote(SECRET)}) {values} (reverse all))")
    return [title for title, _ in steps], script


def carry_steps(gimp, folder):
    """A file that the plug-in wrote is opened, kept as GIMP's own file, opened again, and exported without a word."""
    steps = []
    for ending in FORMATS:
        written, kept = folder / f"Japanese.{ending}", folder / f"carried-{ending}.xcf"
        again = gimp.export_code(folder / f"again-{ending}.png", image="second")
        other = gimp.export_code(folder / f"other-{ending}.png", alt="only this one", image="second")
        steps.append((f"carried {ending}", attempt(
            f"(let* ((first {gimp.load_code(written)})) {save_code(gimp, 'first', kept)} (gimp-image-delete first) "
            f"(let* ((second {gimp.load_code(kept)})) {again} {other}))")))
    return steps


def check_texts(tap, folder):
    paths = [folder / f"{name}.{ending}" for name in TEXTS for ending in FORMATS]
    fields, packets = read_fields(paths), read_blocks(paths, "XMP")
    for name, texts in TEXTS.items():
        for ending in FORMATS:
            path = folder / f"{name}.{ending}"
            found = fields.get(str(path), {})
            tap.equal([found.get(field) for field in FIELDS], list(texts), f"{ending}, {name}: each text in its field")
            tap.equal(alternatives(packets[str(path)]), [[("x-default", text)] for text in texts],
                      f"{ending}, {name}: as alternatives for languages, one of them")
            rest = {key: value for key, value in found.items() if key not in FIELDS}
            tap.equal({key: value for key, value in rest.items() if not is_structure(key, value)}, {},
                      f"{ending}, {name}: and nothing else about the picture")


def check_single(tap, folder):
    """None is ever taken for another."""
    paths = [folder / f"only{index}.png" for index in range(3)]
    fields = read_fields(paths)
    for field, path in zip(FIELDS, paths):
        found = fields.get(str(path), {})
        tap.equal({name: found[name] for name in FIELDS if name in found}, {field: field}, f"only {field} is given: the others stay away")


def check_metadata(tap, folder):
    paths = {(word, ending): folder / f"{word}.{ending}" for word in ("drop", "keep") for ending in FORMATS}
    source = folder / "sources" / "rich.tiff"
    fields = read_fields([source, *paths.values()])
    wanted = {key: fields[str(source)].get(key) for key in PRIVATE}
    tap.point(all(wanted.values()), "the source carries them all", wanted)
    pixels = read_pixels(source)
    profiles = read_blocks(paths.values(), "ICC_Profile")
    for (word, ending), path in paths.items():
        found = fields.get(str(path), {})
        tap.equal(found.get(FIELDS[0]), "kept?", f"{ending}, {word}: the alternative text")
        tap.equal(profiles[str(path)], wide_profile(), f"{ending}, {word}: the colour profile to the last byte")
        if word == "drop":
            left = {key: value for key, value in found.items() if key not in FIELDS and not is_structure(key, value)}
            tap.equal(left, {}, f"{ending}: no metadata of the source")
            tap.point(SECRET.encode() not in path.read_bytes(), f"{ending}: not even beside the fields")
        else:
            # WebP has no place for IPTC
            keys = [key for key in PRIVATE if ending != "webp" or not key.startswith("IPTC")]
            tap.equal({key: found.get(key) for key in keys}, {key: wanted[key] for key in keys}, f"{ending}: all of the source's kept")
        if ending in ("png", "tiff"):
            tap.point(read_pixels(path) == pixels, f"{ending}, {word}: the same pixels")


def check_alpha(tap, folder):
    wanted = read_pixels(folder / "sources" / "alpha.png", "rgba")
    for ending in ("png", "tiff"):
        tap.point(read_pixels(folder / f"alpha.{ending}", "rgba") == wanted, f"{ending}: the same colours and transparency")
    # The top left pixel is nearly transparent
    tap.point(min(read_pixels(folder / "alpha.jpg")[:3]) > 220, "jpg: transparency is laid over white",
              list(read_pixels(folder / "alpha.jpg")[:3]))


def check_carried(tap, folder):
    texts = list(TEXTS["Japanese"])
    fields = read_fields(folder / f"{word}-{ending}.png" for word in ("again", "other") for ending in FORMATS)
    for ending in FORMATS:
        for word, wanted in (("again", texts), ("other", ["only this one", *texts[1:]])):
            found = fields.get(str(folder / f"{word}-{ending}.png"), {})
            title = "what the image carries" if word == "again" else "one given, the others as the image carries them"
            tap.equal([found.get(field) for field in FIELDS], wanted, f"{ending}, GIMP's own file, png: {title}")


def check_failures(tap, values, folder, before):
    for title in (*REFUSED, *OTHERS_REFUSED):
        value = values[title]
        tap.point(value[0] == "failed" and len(value[1]) > 60, f"{title}: refused", value)
    tap.point("alternative text" in values["a text would be lost"][1], "a text would be lost: it says which")
    found = read_fields([folder.parent / "left out.png"])[str(folder.parent / "left out.png")]
    tap.equal([found.get(field) for field in FIELDS], [None, None, "new"], "a URI or a file: it is written, without the text that was left out")
    after = list_files(folder)
    picture = after.pop("kept.png")
    tap.equal(after.pop("link.png"), picture, "through a link: it is still one")
    tap.point((folder / "link.png").is_symlink() and picture[:4] == b"\x89PNG", "through a link: the file behind it is the new one")
    tap.equal(stat.S_IMODE((folder / "kept.png").stat().st_mode), 0o640, "a file that is replaced keeps its permissions")
    tap.equal(after, {name: data for name, data in before.items() if name not in ("kept.png", "link.png")},
              "after all failures the old files are there, and nothing else")


def check_image(tap, values):
    before, after = values["state before"], values["state after"]
    tap.equal(before[0], [0], "the image is clean")
    tap.equal(after, before, "the open image stays clean and keeps its name, its file and its parasites; no other one is open")


def main(tap, plugin, ivl, demo):
    with Desk() as desk:
        gimp = Gimp(desk, plugin, ivl, f"{demo}/model", keep=ready())
        folder = desk.folder / "files"
        for name in ("", "sources", "targets"):
            (folder / name).mkdir()
        make_sources(folder / "sources")
        make_targets(folder / "targets")
        before = list_files(folder / "targets")
        respect_permissions(gimp)
        titles, script = write_script(gimp, folder)
        values = dict(zip(titles, gimp.console_value(script, PATIENCE)))
        failed = {title: value for title, value in values.items()
                  if value[:1] == ["failed"] and title not in (*REFUSED, *OTHERS_REFUSED)}
        tap.equal(failed, {}, "all exports that should succeed do")
        check_texts(tap, folder)
        check_single(tap, folder)
        check_metadata(tap, folder)
        check_alpha(tap, folder)
        check_carried(tap, folder)
        check_failures(tap, values, folder / "targets", before)
        check_image(tap, values)
        hidden = [str(path) for path in folder.rglob(".*")]
        tap.equal(hidden, [], "no temporary file is left")
        traces = [str(path) for path in gimp.profile.rglob("*") if path.is_file() and TEXTS["German"][0].encode() in path.read_bytes()]
        tap.equal(traces, [], "GIMP's own folder keeps no copy of a text")
        (folder / "targets" / "locked").chmod(0o755)


if __name__ == "__main__":
    sys.exit(main_of(main))
