"""Train the nano model: next-token prediction on answers, random JPEG compression, square-averaged loss. CPU or CUDA."""
import argparse
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import data
import scenes
from evaluate import evaluate
from model import CONFIG, InternVL
from muon import optimizers

ap = argparse.ArgumentParser()
ap.add_argument("--minutes", type=float, default=60)
ap.add_argument("--batch", type=int, default=32)
ap.add_argument("--lr", type=float, default=1.5e-3)
ap.add_argument("--threads", type=int, default=1)
ap.add_argument("--workers", type=int, default=1)
ap.add_argument("--out", default="ckpt.pt")
ap.add_argument("--resume")
ap.add_argument("--level", type=float, default=0.0, help="share of wide scenes to reach")
ap.add_argument("--ramp", type=float, default=0.35, help="share of the time over which that share grows")
a = ap.parse_args()
torch.set_num_threads(a.threads)
dev = "cuda" if torch.cuda.is_available() else "cpu"
tok = data.tokenizer()
V = tok.get_vocab_size()
IMG, END = tok.token_to_id("<IMG_CONTEXT>"), tok.token_to_id("<|im_end|>")
net = InternVL(V).to(dev)
dense_heads = torch.nn.ModuleDict(dict(kind=torch.nn.Linear(CONFIG["vit_hidden"], 9 + 26), paint=torch.nn.Linear(CONFIG["vit_hidden"], len(scenes.COLORS)))).to(dev)
step0 = 0
opts = optimizers(list(net.named_parameters()) + list(dense_heads.named_parameters()), a.lr)
if a.resume and Path(a.resume).suffix == ".safetensors":
    net.load_state_dict({k: v.float() for k, v in load_file(a.resume, device=dev).items() if not k.startswith("heads.")})
elif a.resume:
    ck = torch.load(a.resume, map_location=dev)
    net.load_state_dict(ck["net"])
    if "heads" in ck and ck["heads"]["kind.weight"].shape == dense_heads.kind.weight.shape:
        dense_heads.load_state_dict(ck["heads"])
    step0 = ck.get("step", 0)
print("vocab", V, "params %.2fM" % (sum(p.numel() for p in net.parameters()) / 1e6), "device", dev, flush=True)


t0, seen, level, it, step = time.time(), 0, -1, None, step0
total = a.minutes * 60
next_eval, run, lossn, runk, runp = time.time() + 420, 0.0, 0, 0.0, 0.0
while time.time() - t0 < total:
    f = (time.time() - t0) / total
    want = round(a.level * min(1.0, f / a.ramp), 1)
    if want != level:
        level = want
        it = iter(torch.utils.data.DataLoader(data.Stream(int(time.time()) % 100000, level, a.batch), batch_size=None, num_workers=a.workers, multiprocessing_context="fork" if a.workers else None, prefetch_factor=6 if a.workers else None))
    warm = min(1.0, (step - step0 + 1) / 200)
    for k, g in enumerate(g for o in opts for g in o.param_groups):
        g["lr"] = a.lr * (10 if k == 0 else 1) * warm * (0.5 * (1 + math.cos(math.pi * f)) * 0.97 + 0.03)
    px, ids, w, dense = (t.to(dev) for t in next(it))
    feats = []
    with torch.autocast(dev, torch.bfloat16):
        h = net(ids[:, :-1], px, IMG, keep=feats)
        m = w[:, 1:] > 0
        lg = net.logits(h[m])
    loss = (F.cross_entropy(lg.float(), ids[:, 1:][m], reduction="none") * w[:, 1:][m]).sum() / w.sum()
    kind = F.cross_entropy(dense_heads.kind(feats[0].float()).flatten(0, 1), dense[..., 0].flatten())
    paint = F.cross_entropy(dense_heads.paint(feats[0].float()).flatten(0, 1), dense[..., 1].flatten())
    aux = kind + paint
    words = loss
    loss = loss + max(0.15, 1.0 - f) * aux
    for o in opts:
        o.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    for o in opts:
        o.step()
    step += 1
    seen += len(ids)
    run += words.item()
    runk += kind.item()
    runp += paint.item()
    lossn += 1
    if step % 50 == 0:
        print(f"{time.time() - t0:7.0f}s step {step} level {level} loss {run / lossn:.4f} kind {runk / lossn:.4f} paint {runp / lossn:.4f} samples/s {seen / (time.time() - t0):.1f}", flush=True)
        run, lossn, runk, runp = 0.0, 0, 0.0, 0.0
    if time.time() > next_eval:
        print("eval", evaluate(net, tok, 24, level), flush=True)
        torch.save(dict(net=net.state_dict(), heads=dense_heads.state_dict(), step=step, config=CONFIG), a.out)
        next_eval = time.time() + 720
print("eval", evaluate(net, tok, 120, a.level), flush=True)
torch.save(dict(net=net.state_dict(), heads=dense_heads.state_dict(), step=step, config=CONFIG), a.out)
