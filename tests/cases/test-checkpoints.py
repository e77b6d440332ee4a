#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoint folders as people have them: saved by a newer transformers, cut, quantised, not merged.

Usage: test-checkpoints.py IVL MODELS-FOLDER

What is right comes from the folder before it was altered, whose tokens are the reference's, or from the
published format. Told: exit status not 0, and a message with the words of the row.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
from checkpointlib import Checkpoint
from clilib import Command, Tap, png

QWEN, SHARDED = "qwen-300m", "internlm-6b"
ROWS = []


def row(function):
    ROWS.append(function)
    return function


class Bench:
    """The command, the models, and what is compared."""

    def __init__(self, program, models, scratch):
        self.models, self.scratch = Path(models).resolve(), Path(scratch)
        self.command = Command(program, scratch, str(self.models / QWEN))
        self.picture = self.scratch / "small.png"
        self.picture.write_bytes(png(90, 70))

    def checkpoint(self, name=QWEN):
        return Checkpoint(self.models / name, self.scratch)

    def ask(self, folder):
        return self.command.run("ask", "-m", str(folder), "--max-tokens", "12", "--max-tiles", "1", "--json",
                                "What is this?", str(self.picture))

    def tokens(self, folder):
        status, out, err = self.ask(folder)
        return json.loads(out)["token_ids"] if status == 0 else err.decode()

    def same_tokens(self, folder, name=QWEN):
        """What differs from the unaltered folder's tokens."""
        wanted, found = self.tokens(self.models / name), self.tokens(folder)
        return None if found == wanted else f"{found}, not {wanted}"

    def told(self, folder, pattern):
        status, out, err = self.ask(folder)
        if status == 0:
            return f"answered: {out.decode()[:80]}"
        return None if re.search(pattern, err.decode(), re.IGNORECASE) else f"said: {err.decode()}"

    def info_tells(self, folder, *words):
        if self.ask(folder)[0] == 0:
            return "answered"
        status, out, err = self.command.run("info", str(folder))
        said = (out + err).decode()
        if status == 0 or "Nothing is missing" in said:
            return f"info is content: {said}"
        missing = [word for word in words if word not in said]
        return f"info does not name {missing}: {said}" if missing else None


@row
def rotary_base_in_rope_parameters_beside_a_left_over_flat_one(bench):
    checkpoint = bench.checkpoint()
    checkpoint.edit("config.json", lambda config: config["llm_config"].update(
        rope_parameters={"rope_theta": 1000000.0, "rope_type": "default"}, rope_theta=10000.0))
    return bench.same_tokens(checkpoint.path)


@row
def rotary_base_in_rope_parameters_alone(bench):
    def change(config):
        del config["llm_config"]["rope_theta"]
        config["llm_config"]["rope_parameters"] = {"rope_theta": 1000000.0, "rope_type": "default"}

    checkpoint = bench.checkpoint()
    checkpoint.edit("config.json", change)
    return bench.same_tokens(checkpoint.path)


@row
def a_tokenizer_class_that_names_a_container(bench):
    checkpoint = bench.checkpoint()
    checkpoint.write("tokenizer.json", checkpoint.fast_tokenizer())
    checkpoint.edit("tokenizer_config.json", lambda config: config.update(tokenizer_class="TokenizersBackend"))
    return bench.same_tokens(checkpoint.path)


@row
def a_tokenizer_as_transformers_5_saves_it(bench):
    checkpoint = bench.checkpoint()
    checkpoint.write("tokenizer.json", checkpoint.fast_tokenizer())
    checkpoint.remove("vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json")

    def change(config):
        config["tokenizer_class"] = "TokenizersBackend"
        del config["added_tokens_decoder"]

    checkpoint.edit("tokenizer_config.json", change)
    return bench.same_tokens(checkpoint.path)


@row
def a_tensor_of_another_type_that_no_model_reads(bench):
    checkpoint = bench.checkpoint()
    tensors = checkpoint.tensors()
    tensors["language_model.model.causal_mask"] = ("BOOL", [4, 4], bytes(16))
    tensors["language_model.model.empty"] = ("F32", [0, 4], b"")
    checkpoint.put_tensors(tensors)
    return bench.same_tokens(checkpoint.path)


@row
def no_chat_tokens(bench):
    checkpoint = bench.checkpoint()
    checkpoint.remove_added_tokens()
    return bench.info_tells(checkpoint.path, "<|im_end|>")


@row
def two_of_three_shards_missing(bench):
    checkpoint = bench.checkpoint(SHARDED)
    missing = checkpoint.shards()[1:]
    checkpoint.remove(*missing)
    return bench.info_tells(checkpoint.path, *missing)


@row
def weights_that_are_a_git_lfs_pointer(bench):
    checkpoint = bench.checkpoint()
    checkpoint.write("model.safetensors", "version https://git-lfs.github.com/spec/v1\n"
                     f"oid sha256:{'5e' * 32}\nsize 1876395376\n")
    return bench.told(checkpoint.path, r"git[ -]?lfs")


@row
def weights_quantised_with_awq(bench):
    checkpoint = bench.checkpoint()
    checkpoint.edit("config.json", lambda config: config["llm_config"].update(quantization_config={
        "quant_method": "awq", "bits": 4, "group_size": 16, "version": "gemm", "zero_point": True}))
    tensors = {}
    for name, (kind, shape, data) in checkpoint.tensors().items():
        if not (name.startswith("language_model") and ".layers." in name and name.endswith("proj.weight")):
            tensors[name] = (kind, shape, data)
            continue
        (rows, columns), stem = shape, name.removesuffix("weight")
        tensors[stem + "qweight"] = ("I32", [columns, rows // 8], bytes(columns * rows // 2))
        tensors[stem + "qzeros"] = ("I32", [columns // 16, rows // 8], bytes(columns // 16 * rows // 2))
        tensors[stem + "scales"] = ("F16", [columns // 16, rows], bytes(columns // 16 * rows * 2))
    checkpoint.put_tensors(tensors)
    return bench.told(checkpoint.path, r"\bAWQ\b")


@row
def a_lora_that_was_not_merged(bench):
    checkpoint = bench.checkpoint()
    checkpoint.edit("config.json", lambda config: config.update(use_llm_lora=16))
    tensors = {}
    for name, (kind, shape, data) in checkpoint.tensors().items():
        if name.startswith("language_model."):
            name = "language_model.base_model.model." + name.removeprefix("language_model.")
        if not name.startswith("language_model.") or not name.endswith("proj.weight"):
            tensors[name] = (kind, shape, data)
            continue
        stem = name.removesuffix("weight")
        tensors[stem + "base_layer.weight"] = (kind, shape, data)
        tensors[stem + "lora_A.default.weight"] = (kind, [16, shape[1]], bytes(32 * shape[1]))
        tensors[stem + "lora_B.default.weight"] = (kind, [shape[0], 16], bytes(32 * shape[0]))
    checkpoint.put_tensors(tensors)
    return bench.told(checkpoint.path, r"\bLoRA\b")


@row
def a_folder_of_the_hubs_cache(bench):
    revision = "c1f5" * 10
    top = bench.scratch / "models--OpenGVLab--InternVL2_5-1B"
    (top / "blobs").mkdir(parents=True)
    (top / "refs").mkdir()
    (top / "snapshots").mkdir()
    bench.checkpoint().path.rename(top / "snapshots" / revision)
    (top / "refs" / "main").write_text(revision)
    return bench.same_tokens(top)


def main(program, models):
    tap = Tap()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(program, models, scratch)
        for function in ROWS:
            tap.equal(function(bench), None, function.__name__.replace("_", " "))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
