# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a tiny checkpoint that a test may alter: tensors, configuration, tokenizer."""

import json
import os
import shutil
import struct
import tempfile
from pathlib import Path

ELEMENT_SIZE = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "U16": 2, "U8": 1, "BOOL": 1}
# How Qwen2's fast tokenizer splits text before merging
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def read_tensors(path):
    """{name: (type, shape, bytes)} of a safetensors file."""
    raw = Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    head = json.loads(raw[8:8 + size])
    head.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"], raw[8 + size:][slice(*entry["data_offsets"])])
            for name, entry in head.items()}


def write_tensors(path, tensors):
    """Widest elements first, as the format's own writer does, so that every tensor is aligned."""
    tensors = dict(sorted(tensors.items(), key=lambda entry: -ELEMENT_SIZE[entry[1][0]]))
    head, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (kind, shape, data) in tensors.items():
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


class Checkpoint:
    """A copy of the model folder `source`, in a folder of its own below `scratch`."""

    def __init__(self, source, scratch):
        self.path = Path(tempfile.mkdtemp(prefix=Path(source).name + "-", dir=scratch))
        for path in Path(source).iterdir():
            shutil.copyfile(path, self.path / path.name)

    def remove(self, *names):
        for name in names:
            if os.path.lexists(self.path / name):
                (self.path / name).unlink()

    def write(self, name, data):
        self.remove(name)
        (self.path / name).write_bytes(data if isinstance(data, bytes) else data.encode())

    def read(self, name):
        return json.loads((self.path / name).read_text(encoding="utf-8"))

    def edit(self, name, change):
        value = self.read(name)
        change(value)
        self.write(name, json.dumps(value))

    def shards(self):
        return sorted(path.name for path in self.path.glob("*.safetensors"))

    def tensors(self):
        return {name: tensor for shard in self.shards() for name, tensor in read_tensors(self.path / shard).items()}

    def put_tensors(self, tensors):
        """All of them in one file instead of those that are there."""
        self.remove("model.safetensors.index.json", *self.shards())
        write_tensors(self.path / "model.safetensors", tensors)

    def remove_added_tokens(self):
        def strip(config):
            config["added_tokens_decoder"] = {}
            config["additional_special_tokens"] = []
            for name in ("eos_token", "pad_token"):
                config.pop(name, None)

        self.edit("tokenizer_config.json", strip)
        self.remove("special_tokens_map.json")
        self.write("added_tokens.json", "{}")

    def fast_tokenizer(self):
        """The text of tokenizer.json, as Qwen2's fast tokenizer is saved."""
        merges = [line.split(" ") for line in (self.path / "merges.txt").read_text(encoding="utf-8").split("\n")
                  if line and not line.startswith("#version")]
        added = self.read("tokenizer_config.json")["added_tokens_decoder"]
        added = [dict(token, id=int(key)) for key, token in sorted(added.items(), key=lambda pair: int(pair[0]))]
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        split = {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}
        return json.dumps({
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
            "post_processor": byte_level, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
                      "ignore_merges": False, "vocab": self.read("vocab.json"), "merges": merges}},
            ensure_ascii=False)
