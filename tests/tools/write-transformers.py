#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a checkpoint folder in the layout of the transformers library: write-transformers.py MODEL OUT

The library has an InternVL of its own, written apart from OpenGVLab's code and from this project's.
"""

import sys

import numpy
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (GenerationConfig, GotOcr2ImageProcessor, InternVLConfig,
                          InternVLForConditionalGeneration, InternVLProcessor, InternVLVideoProcessor,
                          PreTrainedTokenizerFast)

from published_model import TEMPLATE, load_json, read

# Qwen2's own way to cut text, before bytes are paired
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
LAYER = {"attn.proj": "attention.projection_layer", "mlp.": "mlp.", "norm1": "layernorm_before",
         "norm2": "layernorm_after", "ls1": "lambda_1", "ls2": "lambda_2"}
EMBEDDING = {"class_embedding": "cls_token", "position_embedding": "position_embeddings",
             "patch_embedding": "patch_embeddings.projection"}
PROJECTOR = {"mlp1.0": "layer_norm", "mlp1.1": "linear_1", "mlp1.3": "linear_2"}


def renamed(name, values):
    """(name, values) of what one tensor becomes."""
    if name.startswith("language_model.model."):
        return [("model.language_model." + name.removeprefix("language_model.model."), values)]
    if name.startswith("language_model."):
        return [(name.removeprefix("language_model."), values)]
    if name.startswith("mlp1."):
        return [(f"model.multi_modal_projector.{PROJECTOR[name[:6]]}{name[6:]}", values)]
    name = name.removeprefix("vision_model.")
    if name.startswith("embeddings."):
        source = next(source for source in EMBEDDING if name.startswith("embeddings." + source))
        return [("model.vision_tower." + name.replace(source, EMBEDDING[source]), values)]
    _, _, number, rest = name.split(".", 3)
    layer = f"model.vision_tower.encoder.layer.{number}."
    if rest.startswith("attn.qkv."):
        return [(f"{layer}attention.{letter}_proj.{rest[9:]}", part) for letter, part in zip("qkv", numpy.split(values, 3))]
    source = next(source for source in LAYER if rest.startswith(source))
    return [(layer + rest.replace(source, LAYER[source]), values)]


def make_tokenizer(tokens):
    texts, added, merges = tokens
    vocabulary = {text: number for number, text in enumerate(texts) if number not in added}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(line.split(" ")) for line in merges]))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(texts[number], special=True, normalized=False) for number in sorted(added)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", model_max_length=2048,
        extra_special_tokens={"start_image_token": "<img>", "end_image_token": "</img>",
                              "context_image_token": "<IMG_CONTEXT>", "video_token": "<quad>"})


def make_config(config, texts):
    llm, vision = config["llm_config"], config["vision_config"]
    tokens = (vision["image_size"] // vision["patch_size"]) ** 2 * config["downsample_ratio"] ** 2
    side = [vision["image_size"]] * 2
    kept = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "layer_norm_eps", "norm_type")
    text = {name: llm[name] for name in (
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "max_position_embeddings", "rms_norm_eps", "vocab_size", "tie_word_embeddings")}
    return InternVLConfig(
        vision_config={**{name: vision[name] for name in kept}, "attention_bias": vision["qkv_bias"],
                       "use_qk_norm": vision["qk_normalization"], "image_size": side, "patch_size": [vision["patch_size"]] * 2},
        text_config={"model_type": "qwen2", **text,
                     "rope_parameters": {"rope_type": "default", "rope_theta": llm["rope_theta"]}},
        image_token_id=texts.index("<IMG_CONTEXT>"), image_seq_length=int(tokens),
        downsample_ratio=config["downsample_ratio"], tie_word_embeddings=llm["tie_word_embeddings"])


def main(source, out):
    config, tensors, tokens = read(source)
    model = InternVLForConditionalGeneration(make_config(config, tokens[0])).float()
    state = {target: torch.from_numpy(numpy.ascontiguousarray(part))
             for name, values in tensors.items() for target, part in renamed(name, values)}
    missing, unknown = model.load_state_dict(state, strict=False)
    if unknown or set(missing) - {"lm_head.weight"}:
        raise ValueError(f"missing {missing}, unknown {unknown}")
    model.tie_weights()
    end = tokens[0].index("<|im_end|>")
    model.generation_config = GenerationConfig(eos_token_id=[end], pad_token_id=tokens[0].index("<|endoftext|>"),
                                               do_sample=False)
    model.save_pretrained(out)
    size = {"height": config["force_image_size"], "width": config["force_image_size"]}
    pictures = GotOcr2ImageProcessor(
        size=size, crop_to_patches=True, min_patches=config["min_dynamic_patch"], max_patches=config["max_dynamic_patch"],
        image_mean=load_json(source, "preprocessor_config.json")["image_mean"],
        image_std=load_json(source, "preprocessor_config.json")["image_std"])
    InternVLProcessor(pictures, make_tokenizer(tokens), InternVLVideoProcessor(size=size),
                      image_seq_length=model.config.image_seq_length,
                      chat_template=TEMPLATE.replace("{{ IMAGE }}", "{{ '<IMG_CONTEXT>' }}")).save_pretrained(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
