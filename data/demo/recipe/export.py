"""Write a trained checkpoint as a published-style folder: config.json, model.safetensors (bf16), tokenizer files."""
import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import data
from model import CONFIG as C

ap = argparse.ArgumentParser()
ap.add_argument("ckpt")
ap.add_argument("out")
a = ap.parse_args()
out = Path(a.out)
out.mkdir(parents=True, exist_ok=True)
net = torch.load(a.ckpt, map_location="cpu")["net"]
save_file({k: v.to(torch.bfloat16).contiguous() for k, v in net.items()}, str(out / "model.safetensors"), metadata={"format": "pt"})

tok = json.loads((data.HERE / "tokenizer.json").read_text())
vocab = dict(tok["model"]["vocab"])
added = {t["content"]: t["id"] for t in tok["added_tokens"]}
end = added["<|im_end|>"]
size = max(list(vocab.values()) + list(added.values())) + 1


def put(name, obj):
    (out / name).write_text(json.dumps(obj, ensure_ascii=False, indent=2) + "\n")


put("vocab.json", {k: v for k, v in sorted(vocab.items(), key=lambda kv: kv[1]) if k not in added})
merges = [m if isinstance(m, str) else " ".join(m) for m in tok["model"]["merges"]]
(out / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
put("added_tokens.json", added)
put("special_tokens_map.json", {"additional_special_tokens": data.SPECIAL[1:], "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"})
put("tokenizer_config.json", {
    "add_bos_token": False, "add_prefix_space": False, "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None,
    "added_tokens_decoder": {str(i): {"content": t, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True} for t, i in sorted(added.items(), key=lambda kv: kv[1])},
    "clean_up_tokenization_spaces": False, "errors": "replace", "model_max_length": 2048, "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer"})
put("generation_config.json", {"eos_token_id": [end], "pad_token_id": added["<|endoftext|>"]})
put("preprocessor_config.json", {"crop_size": C["image_size"], "do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "CLIPFeatureExtractor",
                                 "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": C["image_size"]})
put("config.json", {
    "architectures": ["InternVLChatModel"], "model_type": "internvl_chat", "downsample_ratio": C["downsample"], "dynamic_image_size": data.MAX_TILES > 1, "force_image_size": C["image_size"],
    "max_dynamic_patch": data.MAX_TILES, "min_dynamic_patch": 1, "ps_version": "v2", "select_layer": -1, "template": "internvl2_5", "use_thumbnail": True, "torch_dtype": "bfloat16", "tie_word_embeddings": False,
    "llm_config": {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu", "hidden_size": C["hidden"], "intermediate_size": C["mlp"], "num_hidden_layers": C["layers"],
                   "num_attention_heads": C["heads"], "num_key_value_heads": C["kv_heads"], "max_position_embeddings": 2048, "rms_norm_eps": C["rms_eps"], "rope_theta": C["rope_theta"],
                   "tie_word_embeddings": True, "vocab_size": size, "eos_token_id": end, "bos_token_id": added["<|endoftext|>"], "use_sliding_window": False, "torch_dtype": "bfloat16"},
    "vision_config": {"architectures": ["InternVisionModel"], "model_type": "intern_vit_6b", "hidden_act": "gelu", "hidden_size": C["vit_hidden"], "intermediate_size": C["vit_mlp"],
                      "num_hidden_layers": C["vit_layers"], "num_attention_heads": C["vit_heads"], "image_size": C["image_size"], "patch_size": C["patch_size"], "num_channels": 3,
                      "layer_norm_eps": C["vit_eps"], "norm_type": "layer_norm", "qkv_bias": True, "qk_normalization": False, "drop_path_rate": 0.0, "dropout": 0.0, "attention_dropout": 0.0,
                      "initializer_factor": 1.0, "initializer_range": 0.02, "torch_dtype": "bfloat16"}})
print("wrote", out, "vocab", size)
