#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model folders as people really have them: used with the tokens of the unaltered folder, or refused in
words that say what is there. `ivl info` and `ivl doctor` find what opening finds.

Usage: test-folders.py IVL MODELS
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from clilib import Command, Tap, png
from model_folder import ModelFolder

QWEN, INTERNLM, SHARDED = "qwen-300m", "internlm-300m", "internlm-6b"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "5e" * 32 + "\nsize 1876395376\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body></body></html>\n"


class Bench:
    def __init__(self, tap, ivl, models):
        self.tap, self.ivl, self.models = tap, ivl, models
        self.count = 0
        self.wanted = {}

    def copy(self, name=QWEN, at=None):
        self.count += 1
        return ModelFolder(os.path.join(self.models, name),
                           at or os.path.join(self.ivl.folder, f"folder-{self.count}", "model"))

    def ask(self, model, **changes):
        where = () if model is None else ("-m", model)
        return self.ivl.run("ask", *where, "--max-tokens", "8", "--max-tiles", "1", "--json", "What is this?",
                            "small.png", **changes)

    def ids(self, model):
        code, out, err = self.ask(model)
        return json.loads(out)["token_ids"] if code == 0 else (code, err)

    def same(self, title, folder, name=QWEN):
        """Opened, and computes what the unaltered folder does; info is content."""
        if name not in self.wanted:
            self.wanted[name] = self.ids(os.path.join(self.models, name))
        path = folder if isinstance(folder, str) else folder.path
        self.tap.equal(self.ids(path), self.wanted[name], f"{title}: the same tokens")
        self.tap.equal(self.ivl.run("info", path)[0], 0, f"{title}: info finds nothing wrong")

    def refused(self, title, folder, *words):
        """Not opened; the reason has the words, and info has them too."""
        path = folder if isinstance(folder, str) else folder.path
        code, _, err = self.ask(path)
        self.tap.equal(code, 3, f"{title}: not opened")
        for word in words:
            self.tap.point(word in err.decode(), f"{title}: told “{word}”", err)
        code, out, err = self.ivl.run("info", path)
        said = (out + err).decode()
        self.tap.point(code == 3 and "Nothing is missing" not in said and all(word in said for word in words),
                       f"{title}: info says the same", said)
        return said


def set_llm(**fields):
    return lambda config: config["llm_config"].update(fields)


def check_rope(b):
    f = b.copy()
    f.edit("config.json", set_llm(rope_parameters={"rope_theta": 1000000.0, "rope_type": "default"}, rope_theta=10000.0))
    b.same("rope_parameters beside an old rope_theta", f)
    f = b.copy()
    f.edit("config.json", set_llm(rope_scaling={"rope_theta": 1000000.0, "rope_type": "default"},
                                  rope_parameters={"rope_theta": 500.0}, rope_theta=10000.0))
    b.same("rope_scaling before rope_parameters", f)
    f = b.copy()
    f.edit("config.json", lambda c: (c["llm_config"].pop("rope_theta"),
                                     c["llm_config"].update(rope_parameters={"rope_theta": 1000000.0})))
    b.same("rope_parameters alone, without a type", f)
    f = b.copy(INTERNLM)
    f.edit("config.json", set_llm(rope_parameters={"rope_theta": 10000.0, "rope_type": "default"}))
    b.same("InternLM2 with rope_parameters that its class never reads", f, INTERNLM)


def check_tokenizers(b):
    f = b.copy()
    f.write_fast_tokenizer()
    f.edit("tokenizer_config.json", lambda c: c.update(tokenizer_class="TokenizersBackend"))
    b.same("a tokenizer class that names the container", f)
    f.remove("vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json")
    f.edit("tokenizer_config.json", lambda c: c.pop("added_tokens_decoder"))
    b.same("tokenizer.json alone", f)
    f = b.copy()
    f.edit("tokenizer_config.json", lambda c: c.update(tokenizer_class="PreTrainedTokenizerFast"))
    b.same("a container's class with vocab.json and merges.txt", f)
    f = b.copy()
    f.edit("tokenizer_config.json", lambda c: c.update(tokenizer_class="GPT2Tokenizer"))
    b.refused("another family's tokenizer", f, "GPT2Tokenizer")
    f = b.copy()
    f.without_added_tokens()
    b.refused("no added tokens", f, "<|im_end|>")
    f = b.copy()
    f.without_added_tokens("<img>", "<IMG_CONTEXT>")
    said = b.refused("no picture tokens", f, "<img>")
    b.tap.point("<IMG_CONTEXT>" in said, "info names every missing token", said)
    f = b.copy()
    f.edit("config.json", set_llm(vocab_size=700))
    b.refused("a vocabulary that is larger than the model's", f, "700")


def check_weights(b):
    f = b.copy()
    f.change_tensors(lambda t: {**t, "language_model.model.causal_mask": ("BOOL", [4, 4], bytes(16)),
                                "language_model.model.scale": ("F8_E4M3", [8], bytes(8)),
                                "language_model.model.later": ("F4", [16], bytes(8)),
                                "language_model.model.nothing": ("F32", [0, 4], b"")})
    b.same("tensors that no model reads", f)
    f = b.copy(SHARDED)
    gone = f.shards()[1:]
    f.remove(*gone)
    b.refused("missing weight files", f, *gone)
    for title, data, words in (("a pointer of Git LFS", LFS, ["Git LFS", "git lfs pull"]), ("a web page", PAGE, ["web page"]),
                               ("an empty file", b"", ["empty"]), ("a hub's error", "Entry not found", ["error"])):
        f = b.copy()
        f.write("model.safetensors", data)
        b.refused(f"{title} as weights", f, *words)
        f = b.copy()
        f.write("config.json", data)
        b.refused(f"{title} as config.json", f, *words)
        f = b.copy()
        f.write("vocab.json", data)
        b.refused(f"{title} as vocabulary", f, *words)
    for name in ("model.safetensors", "config.json", "vocab.json", "added_tokens.json", "generation_config.json"):
        f = b.copy()
        f.remove(name)
        os.symlink("../../blobs/5e5e", f.at(name))
        b.refused(f"a link to nowhere as {name}", f, "link", "blobs/5e5e")
    f = b.copy()
    f.edit("config.json", lambda c: c["vision_config"].update(intermediate_size=176))
    b.refused("weights of another shape", f, "expected shape")


def quantise(tensors, *parts):
    """Linear weights of the language model under the names that a program gives their parts."""
    new = {}
    for name, (kind, shape, data) in tensors.items():
        if name.startswith("language_model") and name.endswith("proj.weight"):
            stem = name[:-len(".weight")]
            new.update({stem + part: (part_kind, [8], bytes(8 * size)) for part, part_kind, size in parts})
        else:
            new[name] = (kind, shape, data)
    return new


def check_quantised(b):
    for name, parts in (("AWQ", [(".qweight", "I32", 4), (".qzeros", "I32", 4), (".scales", "F16", 2)]),
                        ("GPTQ", [(".qweight", "I32", 4), (".g_idx", "I32", 4), (".scales", "F16", 2)]),
                        ("bitsandbytes", [(".weight", "U8", 1), (".weight.absmax", "F32", 4)]),
                        ("bitsandbytes", [(".weight", "I8", 1), (".SCB", "F32", 4)]),
                        ("compressed-tensors", [(".weight_packed", "I32", 4), (".weight_scale", "BF16", 2)]),
                        ("FP8", [(".weight", "F8_E4M3", 1), (".weight_scale_inv", "F32", 4)]),
                        ("HQQ", [(".W_q", "U8", 1)])):
        f = b.copy()
        f.change_tensors(lambda t, parts=parts: quantise(t, *parts))
        said = b.refused(f"{name} by its tensors", f, name, "quantised")
        b.tap.point(said.count("\n") < 20, f"{name}: one sentence, not one for each weight", said)
    for method, name in (("awq", "AWQ"), ("gptq", "GPTQ"), ("bitsandbytes", "bitsandbytes"), ("eetq", "EETQ")):
        f = b.copy()
        f.edit("config.json", set_llm(quantization_config={"quant_method": method, "bits": 4}))
        b.refused(f"{name} by its config", f, name)
    f = b.copy()
    f.edit("config.json", set_llm(quantization_config=None))
    b.same("a quantization_config of null", f)


def check_adapters(b):
    def wrap(tensors):
        new = {}
        for name, (kind, shape, data) in tensors.items():
            inner = name.replace("language_model.", "language_model.base_model.model.", 1)
            if name.startswith("language_model") and name.endswith("proj.weight"):
                stem = inner[:-len("weight")]
                new[stem + "base_layer.weight"] = (kind, shape, data)
                new[stem + "lora_A.default.weight"] = (kind, [16, shape[1]], bytes(32 * shape[1]))
                new[stem + "lora_B.default.weight"] = (kind, [shape[0], 16], bytes(32 * shape[0]))
            else:
                new[inner] = (kind, shape, data)
        return new

    f = b.copy()
    f.change_tensors(wrap)
    b.refused("LoRA that was not merged", f, "LoRA", "merge")
    f = b.copy()
    f.change_tensors(lambda t: {**t, "language_model.model.layers.0.mlp.up_proj.lora_A.weight": ("F32", [2], bytes(8))})
    b.refused("LoRA beside plain weights", f, "LoRA", "merge")
    f = b.copy()
    f.remove(*os.listdir(f.path))
    f.write("adapter_config.json", json.dumps({"peft_type": "LORA", "base_model_name_or_path": "OpenGVLab/InternVL2_5-1B"}))
    f.write("adapter_model.safetensors", b"\2\0\0\0\0\0\0\0{}")
    b.refused("an adapter's folder", f, "LoRA", "OpenGVLab/InternVL2_5-1B", "merge")


def check_places(b):
    top = os.path.join(b.ivl.folder, "hub", "models--OpenGVLab--InternVL2_5-1B")
    revisions = ["c1f5" * 10, "0a0b" * 10]
    f = b.copy(at=os.path.join(top, "snapshots", revisions[0]))
    os.makedirs(os.path.join(top, "refs"))
    os.makedirs(os.path.join(top, "blobs"))
    Path(top, "refs", "main").write_text(revisions[0], encoding="utf-8")
    b.same("a folder of a hub's cache", top)
    b.same("the snapshots in it", os.path.join(top, "snapshots"))
    _, out, _ = b.ask(top)
    b.tap.equal(json.loads(out)["model"], "InternVL2_5-1B", "it is called by the model's name")
    _, out, _ = b.ask(f.path)
    b.tap.equal(json.loads(out)["model"], "InternVL2_5-1B", "and so is its snapshot")
    os.unlink(os.path.join(top, "refs", "main"))
    b.same("a hub's cache with one snapshot and no ref", top)
    b.copy(at=os.path.join(top, "snapshots", revisions[1]))
    b.refused("a hub's cache with two snapshots and no ref", top, *revisions)
    b.refused("a folder of models", os.path.dirname(top), "models--OpenGVLab--InternVL2_5-1B")
    b.refused("a model's file", f.at("model.safetensors"), f.path)
    b.refused("a picture", "./small.png", "is a file")
    Path(b.ivl.folder, "model.gguf").write_bytes(b"GGUF")
    b.refused("a GGUF file", "./model.gguf", "GGUF")
    b.refused("a hub's name", "OpenGVLab/InternVL2_5-1B", "hf download OpenGVLab/InternVL2_5-1B")
    b.refused("an address without its scheme", "gpu.example:8000/v1", "https://gpu.example:8000/v1")
    b.refused("an address of this computer without its scheme", "localhost:8000", "http://localhost:8000")
    b.refused("an address with a model", "gpu.example#big", "https://gpu.example#big")
    b.refused("nothing", "./nothing/here", "no such folder")
    os.symlink("/nowhere/model", os.path.join(b.ivl.folder, "lost"))
    b.refused("a link to nowhere", "./lost", "link")


def check_isa(b):
    model = os.path.join(b.models, QWEN)
    for name in ("avx3", "AVX2", "-"):
        code, _, err = b.ask(model, IVL_ISA=name)
        b.tap.point(code == 3 and name.encode() in err and b"generic" in err, f"IVL_ISA={name} is told", err)
    for name in ("generic", "avx2", ""):
        b.tap.equal(b.ask(model, IVL_ISA=name)[0], 0, f"IVL_ISA={name} is taken")


def check_finder(b):
    models = os.path.join(b.ivl.folder, "data", "ivl", "models")
    b.copy(at=os.path.join(models, "A-partial")).remove("model.safetensors")
    code, _, err = b.ask(None, IVL_MODEL=None)
    b.tap.point(code == 3 and b"A-partial" in err, "the only model's fault is told", err)
    b.copy(at=os.path.join(models, "B-pointer")).write("model.safetensors", LFS)
    shards = b.copy(SHARDED, at=os.path.join(models, "C-shards"))
    shards.remove(shards.shards()[-1])
    b.copy(at=os.path.join(models, "D-whole"))
    code, out, err = b.ask(None, IVL_MODEL=None)
    b.tap.point(code == 0 and json.loads(out)["model"] == "D-whole", "folders without their weights are passed over",
                out + err)
    code, out, err = b.ivl.run("doctor", IVL_MODEL=None)
    for word in (b"A-partial", b"Git LFS", shards.shards()[-1].replace("2-of", "3-of").encode()):
        b.tap.point(word in out + err, f"doctor tells “{word.decode()}”", out + err)


def main(program, models):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        Path(folder, "small.png").write_bytes(png(40, 30))
        bench = Bench(tap, Command(program, folder, ""), os.path.abspath(models))
        for check in (check_rope, check_tokenizers, check_weights, check_quantised, check_adapters, check_places, check_isa,
                      check_finder):
            check(bench)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
