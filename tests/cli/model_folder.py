# SPDX-License-Identifier: GPL-3.0-or-later
"""Altered copies of a small model folder: configs, tokenizer files and tensors as people's folders have
them."""

import json
import os
import shutil
import struct
from pathlib import Path

QWEN_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
              r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def read_tensors(path):
    """name -> (type, shape, bytes)"""
    raw = Path(path).read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + length])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"],
                   raw[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]])
            for name, entry in header.items()}


def write_tensors(path, tensors):
    """Tensors whose bytes make a multiple of 8 come first, so that every one is aligned."""
    header, data = {}, b""
    for name, (kind, shape, content) in sorted(tensors.items(), key=lambda item: len(item[1][2]) % 8 != 0):
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class ModelFolder:
    """A copy of the folder `source` at `path`, whose parent is made."""

    def __init__(self, source, path):
        self.path = str(path)
        shutil.copytree(source, path)

    def at(self, name):
        return os.path.join(self.path, name)

    def write(self, name, data):
        self.remove(name)
        Path(self.at(name)).write_bytes(data if isinstance(data, bytes) else data.encode())

    def remove(self, *names):
        for name in names:
            if os.path.lexists(self.at(name)):
                os.unlink(self.at(name))

    def get(self, name):
        return json.loads(Path(self.at(name)).read_text(encoding="utf-8"))

    def edit(self, name, change):
        value = self.get(name)
        change(value)
        self.write(name, json.dumps(value))

    def shards(self):
        return sorted(name for name in os.listdir(self.path) if name.endswith(".safetensors"))

    def change_tensors(self, change):
        """Writes the dict that `change` gives for the tensors' as one file."""
        tensors = {}
        for name in self.shards():
            tensors.update(read_tensors(self.at(name)))
        self.remove("model.safetensors.index.json", *self.shards())
        write_tensors(self.at("model.safetensors"), change(tensors))

    def write_fast_tokenizer(self):
        """tokenizer.json as the fast class of Qwen2 saves it."""
        merges = [line.split(" ") for line in Path(self.at("merges.txt")).read_text(encoding="utf-8").split("\n")
                  if line and not line.startswith("#version")]
        decoder = self.get("tokenizer_config.json")["added_tokens_decoder"]
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        split = {"type": "Split", "pattern": {"Regex": QWEN_SPLIT}, "behavior": "Isolated", "invert": False}
        self.write("tokenizer.json", json.dumps({
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{**token, "id": int(number)}
                             for number, token in sorted(decoder.items(), key=lambda item: int(item[0]))],
            "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
            "post_processor": byte_level, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": self.get("vocab.json"), "merges": merges}}))

    def without_added_tokens(self, *texts):
        """Takes added tokens out of every file: those named, or all."""
        def strip(config):
            decoder = config.get("added_tokens_decoder", {})
            for number in [n for n, token in decoder.items() if not texts or token["content"] in texts]:
                del decoder[number]
            config["additional_special_tokens"] = [text for text in config.get("additional_special_tokens", [])
                                                   if texts and text not in texts]
            for key in ("eos_token", "pad_token"):
                if not texts or config.get(key) in texts:
                    config.pop(key, None)

        self.edit("tokenizer_config.json", strip)
        self.remove("special_tokens_map.json")
        added = self.get("added_tokens.json")
        self.write("added_tokens.json", json.dumps({text: number for text, number in added.items()
                                                    if texts and text not in texts}))
