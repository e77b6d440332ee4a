#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a checkpoint folder as the pair of GGUF files that llama-server reads: write-gguf.py MODEL OUT

Makes OUT/model.gguf and OUT/mmproj.gguf in float32. Names and keys are those of llama.cpp's own
converter (0.7.0), but for one thing: llama.cpp puts the class token behind the patches and adds the table
of positions as it stands, so that each patch gets its neighbour's position. The table is written with the
class token's row last, and the pair then computes what the published model computes.
"""

import sys
from pathlib import Path

import gguf
import numpy

from published_model import TEMPLATE, read

LAYER = {"input_layernorm.weight": "attn_norm.weight", "post_attention_layernorm.weight": "ffn_norm.weight",
         "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down"}
VISION_LAYER = {"attn.proj": "attn_out", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "norm1": "ln1", "norm2": "ln2"}


def write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_language_model(path, config, tensors, tokens):
    llm = config["llm_config"]
    texts, added, merges = tokens
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name("ivl test model")
    writer.add_block_count(llm["num_hidden_layers"])
    writer.add_context_length(llm["max_position_embeddings"])
    writer.add_embedding_length(llm["hidden_size"])
    writer.add_feed_forward_length(llm["intermediate_size"])
    writer.add_head_count(llm["num_attention_heads"])
    writer.add_head_count_kv(llm["num_key_value_heads"])
    writer.add_rope_freq_base(llm["rope_theta"])
    writer.add_layer_norm_rms_eps(llm["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(texts)
    writer.add_token_types([gguf.TokenType.CONTROL if number in added
                            else gguf.TokenType.UNUSED if text.startswith("[unused ") else gguf.TokenType.NORMAL
                            for number, text in enumerate(texts)])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(texts.index("<|im_end|>"))
    writer.add_pad_token_id(texts.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    # llama-server puts its own mark for a picture into the text before the template sees it
    writer.add_chat_template(TEMPLATE.replace("{{ IMAGE }}", ""))
    for name, values in tensors.items():
        if not name.startswith("language_model."):
            continue
        parts = name.removeprefix("language_model.").split(".")
        if parts[:2] == ["model", "layers"]:
            rest = ".".join(parts[3:])
            for source, target in LAYER.items():
                if rest.startswith(source):
                    writer.add_tensor(f"blk.{parts[2]}.{rest.replace(source, target)}", values)
        else:
            writer.add_tensor({"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
                               "lm_head.weight": "output.weight"}[".".join(parts)], values)
    write(writer)


def write_vision_model(path, config, tensors):
    vision = config["vision_config"]
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_name("ivl test model")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("internvl")
    writer.add_vision_use_gelu(True)
    writer.add_vision_projection_dim(config["llm_config"]["hidden_size"])
    writer.add_vision_image_size(vision["image_size"])
    writer.add_vision_patch_size(vision["patch_size"])
    writer.add_vision_embedding_length(vision["hidden_size"])
    writer.add_vision_feed_forward_length(vision["intermediate_size"])
    writer.add_vision_block_count(vision["num_hidden_layers"])
    writer.add_vision_head_count(vision["num_attention_heads"])
    writer.add_vision_attention_layernorm_eps(vision["layer_norm_eps"])
    writer.add_vision_image_mean([0.485, 0.456, 0.406])
    writer.add_vision_image_std([0.229, 0.224, 0.225])
    writer.add_vision_projector_scale_factor(round(1 / config["downsample_ratio"]))
    writer.add_vision_preproc_min_tiles(config["min_dynamic_patch"])
    writer.add_vision_preproc_max_tiles(config["max_dynamic_patch"])
    for name, values in tensors.items():
        if name.startswith("vision_model."):
            for target, part in vision_tensors(name.removeprefix("vision_model."), values):
                writer.add_tensor(target, numpy.ascontiguousarray(part))
        elif name.startswith("mlp1."):
            writer.add_tensor(name.replace("mlp1.", "mm.model.mlp."), values)
    write(writer)


def vision_tensors(name, values):
    """(name, values) of what one of InternViT's tensors becomes."""
    if name == "embeddings.position_embedding":
        return [("v.position_embd.weight", numpy.roll(values[0], -1, axis=0))]
    if name == "embeddings.class_embedding":
        return [("v.class_embd", values.reshape(-1))]
    if name.startswith("embeddings.patch_embedding."):
        return [(name.replace("embeddings.patch_embedding", "v.patch_embd"), values)]
    _, _, number, rest = name.split(".", 3)
    if rest.startswith("attn.qkv."):
        kind = rest.removeprefix("attn.qkv.")
        return [(f"v.blk.{number}.attn_{letter}.{kind}", part)
                for letter, part in zip("qkv", numpy.split(values, 3))]
    if rest in ("ls1", "ls2"):
        return [(f"v.blk.{number}.{rest}.weight", values)]
    source = next(source for source in VISION_LAYER if rest.startswith(source + "."))
    return [(f"v.blk.{number}.{rest.replace(source, VISION_LAYER[source])}", values)]


def main(model, out):
    config, tensors, tokens = read(model)
    Path(out).mkdir(parents=True, exist_ok=True)
    write_language_model(str(Path(out, "model.gguf")), config, tensors, tokens)
    write_vision_model(str(Path(out, "mmproj.gguf")), config, tensors)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
