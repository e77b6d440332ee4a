#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What gi.repository.Ivl writes into picture files, seen by exiftool, and the other way round.

Usage: test_metadata.py FOLDER-OF-GOLDEN-IMAGES
"""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Ivl", "1")
from gi.repository import GLib, Ivl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from clilib import Tap

PICTURES = ["progressive.jpg", "cmyk.jpg", "icc.jpg", "rgb16.png", "palette-trns.png", "icc.png", "deflate.tiff",
            "icc.tiff", "cmyk.tiff", "lossy.webp", "lossless.webp", "rgba.webp", "icc.webp", "two-frames.webp"]
TEXTS = {
    "English": ("A red square", "It is red.\nIt is a square.", "Square", "en"),
    "German": ("Größe: „süß“ – 5 €", "Zeile 1\n\n\tZeile 3", "Ärger & <Öl>", "de"),
    "Japanese": ("赤い四角形", "これは\n長い説明です。", "図一", "ja"),
    "Hebrew": ("ריבוע אדום", "תיאור ארוך\n(A)", "כותרת", "he"),
    "Arabic": ("مربع أحمر", "وصف طويل", "عنوان", "ar"),
    "emoji": ("😀 👩‍👩‍👧", "🏳️‍🌈\n🎨", "✅", "en-US"),
    "long": ("short", "赤い四角形 " * 1667, "Größe " * 1667, "ja"),
}


def exiftool(*arguments):
    done = subprocess.run(["exiftool", "-charset", "filename=utf8", *map(str, arguments)], capture_output=True,
                          check=False)
    return done.stdout


def read_tags(path, *tags):
    return json.loads(exiftool("-json", "-struct", "-a", "-G1", *tags, path))[0]


def write(path, alt_text=None, long_description=None, caption=None, language=None):
    texts = Ivl.Metadata.new()
    texts.set_alt_text(alt_text)
    texts.set_long_description(long_description)
    texts.set_caption(caption)
    texts.set_language(language)
    texts.write_file(str(path), None)


def read(path):
    texts = Ivl.Metadata.read_file(str(path))
    return texts.get_alt_text(), texts.get_long_description(), texts.get_caption(), texts.get_language()


def picture_data(path):
    """The coded pixels, found without the library: they must never be coded again."""
    data = path.read_bytes()
    if path.suffix == ".jpg":
        return data[data.index(b"\xff\xda"):]
    if path.suffix == ".png":
        return data[data.index(b"IDAT"):]
    if path.suffix == ".webp":
        start = min(at for at in (data.find(b"VP8 "), data.find(b"VP8L"), data.find(b"ANMF")) if at > 0)
        return data[start:start + 8 + int.from_bytes(data[start + 4:start + 8], "little")]
    tags = json.loads(exiftool("-json", "-b", "-StripOffsets", "-StripByteCounts", path))[0]
    offsets, sizes = ([int(number) for number in str(tags[name]).split()] for name in ("StripOffsets", "StripByteCounts"))
    return b"".join(data[start:start + size] for start, size in zip(offsets, sizes, strict=True))


def test_texts(tap, path):
    for title, (alt_text, long_description, caption, language) in TEXTS.items():
        write(path, alt_text, long_description, caption, language)
        tags = read_tags(path, "-XMP-iptcCore:all", "-XMP-dc:all")
        wanted = {}
        for name, text in (("XMP-iptcCore:AltTextAccessibility", alt_text),
                           ("XMP-iptcCore:ExtDescrAccessibility", long_description),
                           ("XMP-dc:Description", caption)):
            wanted[name] = text
            wanted[f"{name}-{language}"] = text
        found = {name: tags.get(name) for name in wanted}
        tap.equal(found, wanted, f"{path.name}: {title} texts, as exiftool sees them")
        tap.equal(read(path), (alt_text, long_description, caption, language), f"{path.name}: {title} texts read back")
        write(path, "", "", "")
        tags = read_tags(path, "-XMP-iptcCore:all", "-XMP-dc:all")
        tap.equal(list(tags), ["SourceFile"], f"{path.name}: {title} texts taken away")


def test_other_metadata(tap, path):
    exiftool("-q", "-overwrite_original", "-XMP-dc:Subject=cat", "-XMP-dc:Subject=Öl", "-XMP-dc:Title-fr=titre",
             "-XMP-dc:Description-fr=légende", "-XMP-xmpMM:DocumentID=xmp.did:1", "-Exif:Artist=Zoë",
             "-Exif:ImageDescription=camera", "-IPTC:Caption-Abstract=agency", "-GPSLatitude=48.1", "-GPSLatitudeRef=N",
             path)
    before, data = read_tags(path, "-all"), picture_data(path)
    profile = exiftool("-b", "-ICC_Profile", path)
    exif = exiftool("-b", "-Exif", path)
    write(path, "Größe", "lang\nlang", "Bildunterschrift", "de")
    after = read_tags(path, "-all")
    changes = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    # exiftool writes packets itself and signs them; the rest describes the file, not what is in it.
    for name in list(changes):
        if name.startswith(("System:", "XMP-x:", "ExifTool:")):
            changes.remove(name)
    wanted = {f"{name}{suffix}" for name in ("XMP-iptcCore:AltTextAccessibility", "XMP-iptcCore:ExtDescrAccessibility",
                                             "XMP-dc:Description") for suffix in ("", "-de")}
    tap.equal(changes, wanted, f"{path.name}: nothing but the texts is changed")
    tap.equal(after.get("XMP-dc:Description-fr"), "légende", f"{path.name}: the caption's other language is kept")
    tap.equal(picture_data(path), data, f"{path.name}: the picture is not coded again")
    tap.equal((exiftool("-b", "-ICC_Profile", path), exiftool("-b", "-Exif", path)), (profile, exif),
              f"{path.name}: colour profile and Exif are kept")


def test_read(tap, path):
    """Texts that exiftool wrote, and one as GIMP 2.10 leaves it."""
    exiftool("-q", "-overwrite_original", "-XMP-iptcCore:AltTextAccessibility=Alt – 赤",
             "-XMP-iptcCore:AltTextAccessibility-de=Alt – 赤", "-XMP-dc:Description=caption", path)
    tap.equal(read(path), ("Alt – 赤", None, "caption", "de"), f"{path.name}: texts of exiftool are read")


def find_warnings(path):
    return exiftool("-validate", "-warning", "-error", "-a", "-s3", path)


def main():
    tap = Tap()
    if shutil.which("exiftool") is None:
        tap.skip("exiftool is missing (Debian: libimage-exiftool-perl)")
        print(f"1..{tap.count}")
        return 0
    golden = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for name in PICTURES:
            path = Path(folder, name)
            shutil.copy(golden / name, path)
            warnings = find_warnings(path)
            try:
                test_texts(tap, path)
                write(path, "alt")
                tap.equal(find_warnings(path), warnings, f"{path.name}: exiftool finds nothing new to warn of")
                for test in test_other_metadata, test_read:
                    shutil.copy(golden / name, path)
                    test(tap, path)
            except GLib.Error as error:
                tap.point(False, f"{name}: no error", error.message)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
