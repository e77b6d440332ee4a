"""Tokenizer, tiling and batches for training the nano model (InternVL2.5 conventions throughout)."""
import json
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import scenes

HERE = Path(__file__).parent
SYSTEM = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>"]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SIZE, PATCH, TOKENS_PER_TILE, MAX_TILES = 96, 8, 36, 1


def train_tokenizer(path):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    rng, corpus = random.Random(0), []
    for _ in range(3000):
        s = scenes.make_scene(rng, 0.2)
        if s.things:
            corpus += [scenes.caption_short(s), scenes.caption_detail(s)]
            q, a = scenes.conversation(rng, s)
            corpus += [q, a]
    corpus += [SYSTEM] * 3000 + [w for w in scenes.SIGNS for _ in range(400)] + [w for w in scenes.SIGNS for _ in range(400) for w in (' ' + w,)]
    corpus += [p for p in scenes.SHORT_PROMPTS + scenes.DETAIL_PROMPTS + scenes.ALT_PROMPTS + scenes.OCR_PROMPTS] * 300
    corpus += ['The text " " is at the bottom. with the text " on a', "system\n", "user\n", "assistant\n", "No text."] * 600
    tok.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=760, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[]))
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tok.save(str(path))
    return tok


def tokenizer():
    p = HERE / "tokenizer.json"
    return Tokenizer.from_file(str(p)) if p.exists() else train_tokenizer(p)


def closest_grid(w, h, max_num, size=SIZE):
    grids = sorted({(i, j) for n in range(1, max_num + 1) for i in range(1, n + 1) for j in range(1, n + 1) if 1 <= i * j <= max_num}, key=lambda g: g[0] * g[1])
    best, diff, area = (1, 1), float("inf"), w * h
    for g in grids:
        d = abs(w / h - g[0] / g[1])
        if d < diff:
            best, diff = g, d
        elif d == diff and area > 0.5 * size * size * g[0] * g[1]:
            best = g
    return best


MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def split(img, grid, how):
    """Cut img into grid tiles of SIZE pixels, row by row, with the whole picture last when there are several."""
    gw, gh = grid
    big = img.resize((SIZE * gw, SIZE * gh), how)
    out = [big.crop((x * SIZE, y * SIZE, (x + 1) * SIZE, (y + 1) * SIZE)) for y in range(gh) for x in range(gw)]
    if len(out) > 1:
        out.append(img.resize((SIZE, SIZE), how))
    return out


def tiles(img, max_num):
    """Normalised tiles [n, 3, SIZE, SIZE] of a picture, by InternVL's dynamic tiling."""
    grid = closest_grid(*img.size, max_num)
    return np.stack([((np.asarray(t, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1) for t in split(img, grid, Image.BICUBIC)])


def patch_labels(img, grid, patch=PATCH):
    """Label at each patch's centre [n, patches]."""
    return np.stack([np.asarray(t)[patch // 2::patch, patch // 2::patch].reshape(-1) for t in split(img, grid, Image.NEAREST)]).astype(np.int64)


def sample(rng, tok, level, max_num=MAX_TILES):
    s = scenes.make_scene(rng, level)
    grid = closest_grid(*s.image.size, max_num)
    px = tiles(s.image, max_num)
    dense = np.stack([patch_labels(s.kinds, grid), patch_labels(s.paints, grid)], -1)
    turns = [scenes.conversation(rng, s) for _ in range(rng.choice((2, 3, 4)))]     # several turns share one image: cheap supervision, and follow-up questions
    ids = tok.encode(f"<|im_start|>system\n{SYSTEM}<|im_end|>\n").ids
    mask = [0] * len(ids)
    for i, (q, a) in enumerate(turns):
        img = "<img>" + "<IMG_CONTEXT>" * (TOKENS_PER_TILE * len(px)) + "</img>\n" if i == 0 else ""
        p = tok.encode(f"<|im_start|>user\n{img}{q}<|im_end|>\n<|im_start|>assistant\n").ids
        r = tok.encode(f"{a}<|im_end|>").ids
        ids += p
        mask += [0] * len(p)
        ids += r
        mask += [1.0 / len(r) ** 0.5] * len(r)            # square averaging over answers
        nl = tok.encode("\n").ids
        ids += nl
        mask += [0] * len(nl)
    return px, ids, mask, dense


class Stream(torch.utils.data.IterableDataset):
    def __init__(self, seed, level, batch):
        self.seed, self.level, self.batch = seed, level, batch

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        rng = random.Random(self.seed * 1000 + (info.id if info else 0))
        tok = tokenizer()
        pad = tok.token_to_id("<|endoftext|>")
        while True:
            pool = sorted((sample(rng, tok, self.level) for _ in range(4 * self.batch)), key=lambda r: len(r[1]))   # like lengths together: less padding
            batches = [pool[i:i + self.batch] for i in range(0, len(pool), self.batch)]
            rng.shuffle(batches)
            yield from (self.collate(rows, pad) for rows in batches)

    @staticmethod
    def collate(rows, pad):
        n = max(len(r[1]) for r in rows)
        ids = torch.full((len(rows), n), pad)
        w = torch.zeros(len(rows), n)
        for i, (_, t, m, _) in enumerate(rows):
            ids[i, :len(t)] = torch.tensor(t)
            w[i, :len(t)] = torch.tensor(m)
        return torch.from_numpy(np.concatenate([r[0] for r in rows])), ids, w, torch.from_numpy(np.concatenate([r[3] for r in rows]))
