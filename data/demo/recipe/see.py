"""Stage 1: teach the vision model alone to name what lies under each patch (shape or letter, and colour). Most of the learning, little of the cost."""
import argparse
import math
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import data
import scenes
from model import CONFIG, InternVL
from muon import optimizers

ap = argparse.ArgumentParser()
ap.add_argument("--minutes", type=float, default=15)
ap.add_argument("--batch", type=int, default=64)
ap.add_argument("--lr", type=float, default=1e-3)
ap.add_argument("--threads", type=int, default=1)
ap.add_argument("--workers", type=int, default=1)
ap.add_argument("--resume")
ap.add_argument("--level", type=float, default=1.0, help="hardest scenes to reach, 0..1")
ap.add_argument("--out", default="see.pt")
a = ap.parse_args()
torch.set_num_threads(a.threads)
dev = "cuda" if torch.cuda.is_available() else "cpu"


class Scenes(torch.utils.data.IterableDataset):
    def __init__(self, seed, level):
        self.seed, self.level = seed, level

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        rng = random.Random(self.seed * 1000 + (info.id if info else 0))
        while True:
            px, kinds, paints = [], [], []
            for _ in range(a.batch):
                s = scenes.make_scene(rng, self.level)
                grid = data.closest_grid(*s.image.size, data.MAX_TILES)
                t, k, p = data.tiles(s.image, data.MAX_TILES), data.patch_labels(s.kinds, grid), data.patch_labels(s.paints, grid)
                i = rng.randrange(len(t))
                px.append(t[i])
                kinds.append(k[i])
                paints.append(p[i])
            yield torch.from_numpy(np.stack(px)), torch.from_numpy(np.stack(kinds)), torch.from_numpy(np.stack(paints))


net = InternVL(data.tokenizer().get_vocab_size()).to(dev)
heads = torch.nn.ModuleDict(dict(kind=torch.nn.Linear(CONFIG["vit_hidden"], 9 + 26), paint=torch.nn.Linear(CONFIG["vit_hidden"], len(scenes.COLORS)))).to(dev)
if a.resume and a.resume.endswith(".safetensors"):
    state = load_file(a.resume)
    net.load_state_dict({k: v.float() for k, v in state.items() if not k.startswith("heads.")})
    heads.load_state_dict({k[6:]: v.float() for k, v in state.items() if k.startswith("heads.")}, strict=False)
elif a.resume:
    ck = torch.load(a.resume, map_location=dev)
    net.load_state_dict(ck["net"])
    if "heads" in ck and ck["heads"]["kind.weight"].shape == heads.kind.weight.shape:
        heads.load_state_dict(ck["heads"])
vit = net.vision_model
opts = optimizers(list(vit.named_parameters()) + list(heads.named_parameters()), a.lr)
t0, step, level, total = time.time(), 0, -1, a.minutes * 60
while time.time() - t0 < total:
    f = (time.time() - t0) / total
    want = round(a.level * min(1.0, f / 0.6), 1)
    if want != level:
        level = want
        it = iter(torch.utils.data.DataLoader(Scenes(int(time.time()) % 99999, level), batch_size=None, num_workers=a.workers, multiprocessing_context="fork" if a.workers else None, prefetch_factor=6 if a.workers else None))
    for k, g in enumerate(g for o in opts for g in o.param_groups):
        g["lr"] = a.lr * (10 if k == 0 else 1) * min(1.0, (step + 1) / 100) * (0.5 * (1 + math.cos(math.pi * f)) * 0.95 + 0.05)
    px, k, p = (t.to(dev) for t in next(it))
    with torch.autocast(dev, torch.bfloat16):
        x = vit(px)[:, 1:]
    lk, lp = heads.kind(x.float()).flatten(0, 1), heads.paint(x.float()).flatten(0, 1)
    k, p = k.flatten(), p.flatten()
    loss = F.cross_entropy(lk, k) + F.cross_entropy(lp, p)
    for o in opts:
        o.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(vit.parameters(), 1.0)
    for o in opts:
        o.step()
    step += 1
    if step % 50 == 0:
        got = lk.argmax(-1)
        sh, le = (k > 0) & (k < 9), k >= 9
        acc = lambda m: (got[m] == k[m]).float().mean().item() if m.any() else float("nan")
        print(f"{time.time() - t0:6.0f}s step {step} level {level} loss {loss.item():.3f} shape patches {acc(sh):.3f} letter patches {acc(le):.3f} images/s {step * a.batch / (time.time() - t0):.0f}", flush=True)
torch.save(dict(net=net.state_dict(), heads=heads.state_dict(), config=CONFIG), a.out)
