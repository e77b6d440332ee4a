# SPDX-License-Identifier: GPL-3.0-or-later
"""The XMP of a picture file, found by the formats' own rules and without the library: all packets, and
their properties as Python values. A parser that does not normalise: what stands there is what is told."""

import struct
import xml.etree.ElementTree as ET
import zlib

PREFIX = {
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "adobe:ns:meta/": "x",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XML = "{http://www.w3.org/XML/1998/namespace}"
TIFF_TYPE_SIZE = {1: 1, 2: 1, 4: 4, 7: 1}


def jpeg_segments(data):
    """(marker, position, body) of each segment up to the picture's data."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xff or data[at + 1] == 0xff:
            at += 1
            continue
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        yield marker, at, data[at + 4:at + 2 + length]
        if marker == 0xda:
            return
        at += 2 + length


def jpeg_packets(data):
    packets, parts = [], {}
    for marker, _, body in jpeg_segments(data):
        if marker == 0xe1 and body.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            packets.append(body[29:])
        elif marker == 0xe1 and body.startswith(b"http://ns.adobe.com/xmp/extension/\0"):
            whole, offset = struct.unpack(">II", body[67:75])
            parts.setdefault(body[35:67], {"size": whole})[offset] = body[75:]
    for guid, found in parts.items():
        size = found.pop("size")
        joined = b"".join(found[offset] for offset in sorted(found))
        if len(joined) == size and any(guid in packet for packet in packets):
            packets.append(joined)
    return packets


def png_packets(data):
    packets, at = [], 8
    while at + 12 <= len(data):
        size, kind = struct.unpack(">I", data[at:at + 4])[0], data[at + 4:at + 8]
        body = data[at + 8:at + 8 + size]
        if kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            packed, text = body[18], body[20:].split(b"\0", 2)[2]
            packets.append(zlib.decompress(text) if packed else text)
        elif kind in (b"zTXt", b"tEXt") and body.startswith(b"Raw profile type xmp\0"):
            text = zlib.decompress(body[22:]) if kind == b"zTXt" else body[21:]
            packets.append(bytes.fromhex("".join(text.decode("ascii").split()[2:])))
        at += 12 + size
    return packets


def tiff_packets(data):
    packets, order = [], "<" if data[:2] == b"II" else ">"
    place = struct.unpack(order + "I", data[4:8])[0]
    for i in range(struct.unpack(order + "H", data[place:place + 2])[0]):
        entry = data[place + 2 + 12 * i:place + 14 + 12 * i]
        tag, kind, count, value = struct.unpack(order + "HHII", entry)
        if tag == 700:
            packets.append(data[value:value + count * TIFF_TYPE_SIZE[kind]])
    return packets


def webp_packets(data):
    packets, at = [], 12
    while at + 8 <= len(data):
        kind, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        if kind == b"XMP ":
            packets.append(data[at + 8:at + 8 + size])
        at += 8 + size + size % 2
    return packets


def find_packets(data):
    """All XMP packets of a JPEG, PNG, TIFF or WebP file; a JPEG's extension is put together by its offsets."""
    if data[:2] == b"\xff\xd8":
        return jpeg_packets(data)
    if data[:4] == b"\x89PNG":
        return png_packets(data)
    if data[:2] in (b"II", b"MM"):
        return tiff_packets(data)
    return webp_packets(data) if data[:4] == b"RIFF" else []


def short_name(name):
    """{http://…}name as prefix:name."""
    space, _, local = name[1:].partition("}") if name[0] == "{" else ("", "", name)
    return f"{PREFIX.get(space, space)}:{local}"


def read_value(element):
    for child in element:
        kind = short_name(child.tag)
        if kind in ("rdf:Bag", "rdf:Seq"):
            return ["".join(item.itertext()) if not len(item) else read_value(item) for item in child]
        if kind == "rdf:Alt":
            return {item.get(XML + "lang", ""): "".join(item.itertext()) for item in child}
        if kind == "rdf:value":
            return child.text or ""
    if len(element):
        return {short_name(child.tag): read_value(child) for child in element}
    return element.get(RDF + "resource") or element.text or ""


def read_properties(packets):
    """{prefix:name: text, list, or {language: text}} of all packets together."""
    found = {}
    for packet in packets:
        root = ET.fromstring(packet.strip(b"\0 \r\n\t\xef\xbb\xbf").replace(b"\0", b" "))
        for description in (node for graph in root.iter(RDF + "RDF") for node in graph):
            for name, value in description.attrib.items():
                name = short_name(name)
                if name == "rdf:about" and value or not name.startswith(("xml:", "rdf:")):
                    found[name] = value
            for element in description:
                found[short_name(element.tag)] = read_value(element)
    return found


def find_second_picture(data):
    """The second picture of a JPEG file with an MPF segment (CIPA DC-007), or None."""
    for marker, at, body in jpeg_segments(data):
        if marker != 0xe2 or body[:4] != b"MPF\0":
            continue
        base, order = at + 8, "<" if body[4:6] == b"II" else ">"
        place = struct.unpack(order + "I", body[8:12])[0]
        for i in range(struct.unpack(order + "H", body[4 + place:6 + place])[0]):
            entry = body[6 + place + 12 * i:18 + place + 12 * i]
            tag, _, _, value = struct.unpack(order + "HHII", entry)
            if tag == 0xb002:
                _, size, offset, _, _ = struct.unpack(order + "IIIHH", body[4 + value + 16:4 + value + 32])
                return data[base + offset:base + offset + size]
    return None
