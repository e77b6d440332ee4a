# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a model that talks noise for as long as it may, slowly enough that things can happen meanwhile.

It has the demo model's eyes and vocabulary, a language model of a hundred million weights that are
zero but for a few (the file is sparse), and an output layer for which no token is much likelier than another, the likeliest
one after a token is its neighbour in the vocabulary, and the end is none.
About 200 tokens a second on two cores.
"""

import json
import random
import shutil
import struct
from pathlib import Path

HIDDEN = 1024
LAYERS = 6
INTERMEDIATE = 4096
HEADS = 16
KV_HEADS = 4
NEVER = -3e4  # what the end's row adds
BYTES = 256  # the vocabulary begins with them: alone they are no text


def bf16(value):
    return struct.pack("<f", value)[2:]


def read_tensors(path):
    """(name, shape, bytes) of a safetensors file of bfloat16."""
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            yield name, entry["shape"], data[8 + length + first:8 + length + last]


def rows(count, first, never=(), turned=False):
    """count rows of small random numbers that begin with `first`, or for some with what rules them out. turned: each of the
    others is like its neighbour's, all round."""
    noise = [bf16((number - 127.5) / 12800) for number in range(256)]
    generator = random.Random(7)
    made = [b"".join(noise[byte] for byte in generator.randbytes(HIDDEN - 1)) for _ in range(count)]
    told = [number for number in range(count) if number not in never]
    if turned:
        for number, row in zip(told, [made[told[place - 1]] for place in range(len(told))]):
            made[number] = row
    return b"".join((bf16(NEVER) if number in never else first) + made[number] for number in range(count))


def language_tensors(vocabulary, never):
    """(name, shape, bytes or None for zeros) of the language model."""
    kv = HIDDEN // HEADS * KV_HEADS
    one = bf16(1)
    yield "language_model.model.embed_tokens.weight", [vocabulary, HIDDEN], rows(vocabulary, one)
    yield "language_model.lm_head.weight", [vocabulary, HIDDEN], rows(vocabulary, bf16(0), never, True)
    yield "language_model.model.norm.weight", [HIDDEN], one * HIDDEN
    for number in range(LAYERS):
        layer = f"language_model.model.layers.{number}."
        for name, shape in (("self_attn.q_proj", [HIDDEN, HIDDEN]), ("self_attn.k_proj", [kv, HIDDEN]),
                            ("self_attn.v_proj", [kv, HIDDEN])):
            yield f"{layer}{name}.weight", shape, None
            yield f"{layer}{name}.bias", shape[:1], None
        for name, shape in (("self_attn.o_proj", [HIDDEN, HIDDEN]), ("mlp.gate_proj", [INTERMEDIATE, HIDDEN]),
                            ("mlp.up_proj", [INTERMEDIATE, HIDDEN]), ("mlp.down_proj", [HIDDEN, INTERMEDIATE])):
            yield f"{layer}{name}.weight", shape, None
        for name in ("input_layernorm", "post_attention_layernorm"):
            yield f"{layer}{name}.weight", [HIDDEN], one * HIDDEN


def projected(tensors):
    """The vision model's tensors, with a projector to the new width."""
    for name, shape, data in tensors:
        if name.startswith("vision_model.") or name.startswith("mlp1.0"):
            yield name, shape, data
        elif name.startswith("mlp1."):
            wide = [HIDDEN] + ([HIDDEN if name.startswith("mlp1.3") else shape[1]] if len(shape) == 2 else [])
            yield name, wide, None


def write_tensors(path, tensors):
    header, offset, parts = {}, 0, []
    for name, shape, data in tensors:
        size = 2 * (shape[0] * shape[1] if len(shape) == 2 else len(data) // 2 if data is not None else shape[0])
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        parts.append((offset, data))
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for position, data in parts:
            file.seek(8 + len(text) + position)
            # Weights that are zero without exception are refused as damaged
            file.write(bf16(1e-3) if data is None else data)
        file.truncate(8 + len(text) + offset)


def write(demo, out):
    demo, out = Path(demo), Path(out)
    out.mkdir(parents=True)
    for path in demo.iterdir():
        if path.suffix != ".safetensors":
            shutil.copy(path, out / path.name)
    config = json.loads((demo / "config.json").read_text(encoding="utf-8"))
    llm = config["llm_config"]
    llm.update(hidden_size=HIDDEN, num_hidden_layers=LAYERS, intermediate_size=INTERMEDIATE, num_attention_heads=HEADS,
               num_key_value_heads=KV_HEADS, tie_word_embeddings=False, max_position_embeddings=16384)
    (out / "config.json").write_text(json.dumps(config), encoding="utf-8")
    added = json.loads((demo / "added_tokens.json").read_text(encoding="utf-8"))
    tensors = list(language_tensors(llm["vocab_size"], {*added.values(), *range(BYTES)}))
    tensors += projected(read_tensors(demo / "model.safetensors"))
    write_tensors(out / "model.safetensors", tensors)
