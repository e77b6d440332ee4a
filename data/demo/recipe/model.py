"""The InternVL2.5 architecture (ViT - pixel shuffle - MLP - Qwen2) at any size, in PyTorch, with the published checkpoints' tensor names."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIG = dict(image_size=96, patch_size=8, vit_hidden=128, vit_layers=5, vit_heads=4, vit_mlp=512,
              hidden=192, layers=4, heads=6, kv_heads=2, mlp=512, rope_theta=1e6, rms_eps=1e-6, vit_eps=1e-6, downsample=0.5)


def sines(n, d):
    """Sines and cosines of both coordinates of an n x n grid [n * n, d]: a start from which nearness need not be learned."""
    f = 1.0 / 100 ** (torch.arange(d // 4) / (d // 4))
    y, x = torch.meshgrid(torch.arange(n).float(), torch.arange(n).float(), indexing="ij")
    return torch.cat([g(v.flatten()[:, None] * f) for v in (x, y) for g in (torch.sin, torch.cos)], 1)


def attention(q, k, v, causal):
    """Plain softmax attention, q,k,v [batch, heads, tokens, head_dim]; on CPUs faster than the fused call in bf16."""
    s = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if causal:
        n = q.shape[2]
        s = s + torch.full((n, n), float("-inf"), device=q.device, dtype=s.dtype).triu(1)
    return s.float().softmax(-1).to(v.dtype) @ v


class VitLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d = c["vit_hidden"]
        self.heads = c["vit_heads"]
        self.norm1, self.norm2 = nn.LayerNorm(d, eps=c["vit_eps"]), nn.LayerNorm(d, eps=c["vit_eps"])
        self.attn = nn.Module()
        self.attn.qkv, self.attn.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(d, c["vit_mlp"]), nn.Linear(c["vit_mlp"], d)
        self.ls1, self.ls2 = nn.Parameter(0.5 * torch.ones(d)), nn.Parameter(0.5 * torch.ones(d))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.attn.qkv(self.norm1(x)).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = attention(q, k, v, False).transpose(1, 2).reshape(b, n, d)
        x = x + self.attn.proj(a) * self.ls1
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x)))) * self.ls2


class Vit(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, p = c["vit_hidden"], c["patch_size"]
        n = (c["image_size"] // p) ** 2
        e = self.embeddings = nn.Module()
        e.class_embedding = nn.Parameter(0.02 * torch.randn(1, 1, d))
        e.patch_embedding = nn.Conv2d(3, d, p, p)
        e.position_embedding = nn.Parameter(torch.cat([torch.zeros(1, d), 0.3 * sines(c["image_size"] // p, d)])[None].contiguous())
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(VitLayer(c) for _ in range(c["vit_layers"]))

    def forward(self, px):
        e = self.embeddings
        x = e.patch_embedding(px).flatten(2).transpose(1, 2)
        x = torch.cat([e.class_embedding.expand(len(x), -1, -1).to(x.dtype), x], 1) + e.position_embedding
        for layer in self.encoder.layers:
            x = layer(x)
        return x


class RMSNorm(nn.Module):
    def __init__(self, d, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(d)), eps

    def forward(self, x):
        f = x.float()
        return (self.weight * (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + self.eps))).to(x.dtype)


def rope(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class LmLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, self.h, self.kv = c["hidden"], c["heads"], c["kv_heads"]
        self.hd = d // self.h
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(d, c["rms_eps"]), RMSNorm(d, c["rms_eps"])
        a = self.self_attn = nn.Module()
        a.q_proj, a.k_proj, a.v_proj = nn.Linear(d, d), nn.Linear(d, self.kv * self.hd), nn.Linear(d, self.kv * self.hd)
        a.o_proj = nn.Linear(d, d, bias=False)
        m = self.mlp = nn.Module()
        m.gate_proj, m.up_proj, m.down_proj = nn.Linear(d, c["mlp"], bias=False), nn.Linear(d, c["mlp"], bias=False), nn.Linear(c["mlp"], d, bias=False)

    def forward(self, x, cos, sin, cache=None):
        b, n, d = x.shape
        y, a = self.input_layernorm(x), self.self_attn
        q = rope(a.q_proj(y).view(b, n, self.h, self.hd).transpose(1, 2), cos, sin)
        k = rope(a.k_proj(y).view(b, n, self.kv, self.hd).transpose(1, 2), cos, sin)
        v = a.v_proj(y).view(b, n, self.kv, self.hd).transpose(1, 2)
        causal = True
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
                causal = False
            cache[:] = [k, v]
        g = self.h // self.kv
        o = attention(q.to(v.dtype), k.repeat_interleave(g, 1).to(v.dtype), v.repeat_interleave(g, 1), causal and n > 1)
        x = x + a.o_proj(o.transpose(1, 2).reshape(b, n, d))
        y, m = self.post_attention_layernorm(x), self.mlp
        return x + m.down_proj(F.silu(m.gate_proj(y)) * m.up_proj(y))


class InternVL(nn.Module):
    def __init__(self, vocab, c=CONFIG):
        super().__init__()
        self.c, d, v = c, c["hidden"], c["vit_hidden"]
        self.vision_model = Vit(c)
        self.mlp1 = nn.Sequential(nn.LayerNorm(4 * v), nn.Linear(4 * v, d), nn.GELU(), nn.Linear(d, d))
        self.language_model = nn.Module()
        lm = self.language_model.model = nn.Module()
        lm.embed_tokens = nn.Embedding(vocab, d)
        lm.layers = nn.ModuleList(LmLayer(c) for _ in range(c["layers"]))
        lm.norm = RMSNorm(d, c["rms_eps"])
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                nn.init.normal_(m.weight, std=0.03)
                if getattr(m, "bias", None) is not None:
                    nn.init.zeros_(m.bias)

    def image_features(self, px, keep=None):
        x = self.vision_model(px)[:, 1:]
        if keep is not None:
            keep.append(x)
        n, l, d = x.shape
        s = int(l ** 0.5)
        x = x.reshape(n, s, s // 2, 2 * d).permute(0, 2, 1, 3).reshape(n, s // 2, s // 2, 4 * d).permute(0, 2, 1, 3)
        return self.mlp1(x.reshape(n, -1, 4 * d))

    def forward(self, ids, px=None, img_id=None, caches=None, start=0, keep=None):
        lm = self.language_model.model
        x = lm.embed_tokens(ids)
        if px is not None:
            f = self.image_features(px, keep)
            x = x.masked_scatter((ids == img_id).unsqueeze(-1), f.to(x.dtype))
        n, hd = ids.shape[1], self.c["hidden"] // self.c["heads"]
        inv = 1.0 / self.c["rope_theta"] ** (torch.arange(0, hd, 2, device=ids.device).float() / hd)
        t = torch.arange(start, start + n, device=ids.device).float()[:, None] * inv
        t = torch.cat([t, t], -1)
        cos, sin = t.cos(), t.sin()
        for i, layer in enumerate(lm.layers):
            x = layer(x, cos, sin, None if caches is None else caches[i])
        return lm.norm(x)

    def logits(self, h):
        return F.linear(h, self.language_model.model.embed_tokens.weight)
