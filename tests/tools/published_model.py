# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a checkpoint folder in OpenGVLab's layout (Qwen2.5 language model, InternViT), for the programs
that write it in other engines' layouts. Needs numpy only."""

import json
import struct
from pathlib import Path

import numpy

TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
            "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
            "{% for part in message['content'] %}"
            "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}{{ IMAGE }}{% endif %}"
            "{% endfor %}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")


def load_json(folder, name):
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))


def load_weights(folder):
    """Every tensor as float32, by its name."""
    data = Path(folder, "model.safetensors").read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        raw = data[8 + length + first:8 + length + last]
        if entry["dtype"] == "BF16":
            values = (numpy.frombuffer(raw, "<u2").astype(numpy.uint32) << 16).view(numpy.float32)
        else:
            values = numpy.frombuffer(raw, "<f4")
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def load_tokens(folder):
    """(texts by id, ids of added tokens, merges)"""
    vocabulary = load_json(folder, "vocab.json")
    added = load_json(folder, "added_tokens.json")
    size = load_json(folder, "config.json")["llm_config"]["vocab_size"]
    texts = [f"[unused {number}]" for number in range(size)]
    for text, number in {**vocabulary, **added}.items():
        texts[number] = text
    merges = Path(folder, "merges.txt").read_text(encoding="utf-8").splitlines()
    return texts, set(added.values()), [line for line in merges if line and not line.startswith("#version")]


def read(folder):
    return load_json(folder, "config.json"), load_weights(folder), load_tokens(folder)
