"""Score a nano model on fresh scenes: exact captions, exact words, box IoU. Usage: evaluate.py MODEL.safetensors|ckpt.pt [N] [SEED] [SHARE OF WIDE SCENES]"""
import random
import re
import sys

import torch
from safetensors.torch import load_file

import data
import scenes
from model import InternVL

GROUND = "Please provide the bounding box coordinate of the region this sentence describes: <ref>{}</ref>"


@torch.no_grad()
def answer(net, tok, px, question, limit=80):
    """Greedy answer to one question about tiles px [n, 3, 128, 128]."""
    dev = next(net.parameters()).device
    image, end = tok.token_to_id("<IMG_CONTEXT>"), tok.token_to_id("<|im_end|>")
    ids = tok.encode(f"<|im_start|>system\n{data.SYSTEM}<|im_end|>\n<|im_start|>user\n<img>" + "<IMG_CONTEXT>" * (data.TOKENS_PER_TILE * len(px))
                     + f"</img>\n{question}<|im_end|>\n<|im_start|>assistant\n").ids
    caches = [[] for _ in net.language_model.model.layers]
    x, out, pos, p = torch.tensor([ids], device=dev), [], 0, torch.from_numpy(px).to(dev)
    while len(out) < limit:
        h = net(x, p, image, caches, pos)
        pos += x.shape[1]
        t = int(net.logits(h[:, -1]).argmax())
        if t == end:
            break
        out.append(t)
        x, p = torch.tensor([[t]], device=dev), None
    return tok.decode(out, skip_special_tokens=False)


def iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inter = max(0, w) * max(0, h)
    area = lambda r: max(0, r[2] - r[0]) * max(0, r[3] - r[1])
    return inter / max(1, area(a) + area(b) - inter)


def evaluate(net, tok, n, level, seed=777, show=3):
    net.eval()
    rng, hit, tot, overlap = random.Random(seed), {}, {}, {}
    for i in range(n):
        s = scenes.make_scene(rng, level)
        px = data.tiles(s.image, data.MAX_TILES)
        tasks = [(scenes.OCR_PROMPTS[0], "\n".join(s.lines) if s.lines else "No text.", "words" if s.lines else "no words"),
                 (scenes.SHORT_PROMPTS[0], scenes.caption_short(s), "caption with words" if s.lines else "caption"),
                 ("How many shapes are there?", scenes.COUNT[len(s.things)].capitalize() + ".", "count")]
        for question, want, kind in tasks:
            got = answer(net, tok, px, question)
            hit[kind], tot[kind] = hit.get(kind, 0) + (got == want), tot.get(kind, 0) + 1
            if i < show:
                print("   ", kind, "| want", repr(want), "| got", repr(got), flush=True)
        if s.things:
            t = rng.choice(s.things)
            m = re.search(r"\[\[(\d+), (\d+), (\d+), (\d+)\]\]", answer(net, tok, px, GROUND.format(t.name)))
            overlap.setdefault(len(s.things), []).append(iou([int(v) for v in m.groups()], s.box1000(t)) if m else 0.0)
    net.train()
    mean = lambda values: round(sum(values) / max(1, len(values)), 3)
    boxes = {f"box IoU, {scenes.COUNT[n]} in the picture": mean(v) for n, v in sorted(overlap.items())}
    return {k: f"{hit[k]}/{tot[k]}" for k in sorted(tot)} | {"box IoU": mean(sum(overlap.values(), []))} | boxes


if __name__ == "__main__":
    tok = data.tokenizer()
    net = InternVL(tok.get_vocab_size())
    path = sys.argv[1]
    state = load_file(path) if path.endswith(".safetensors") else torch.load(path, map_location="cpu")["net"]
    net.load_state_dict({k: v.float() for k, v in state.items() if not k.startswith("heads.")})
    n, seed = int(sys.argv[2]) if len(sys.argv) > 2 else 200, int(sys.argv[3]) if len(sys.argv) > 3 else 20261
    level = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    print("share of wide scenes", level, evaluate(net, tok, n, level, seed), flush=True)
