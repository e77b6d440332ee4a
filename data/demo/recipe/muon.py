"""Muon for the hidden matrices (orthogonalised momentum), AdamW for the rest: about twice as far per scene as AdamW alone here."""
import torch


def orthogonal(g):
    """Newton-Schulz iteration towards the nearest orthogonal matrix."""
    x = g.bfloat16() if g.is_cuda else g
    x = x / (x.norm() + 1e-7)
    flip = x.shape[0] > x.shape[1]
    x = x.T if flip else x
    for _ in range(5):
        s = x @ x.T
        x = 3.4445 * x + (-4.7750 * s + 2.0315 * s @ s) @ x
    return (x.T if flip else x).to(g.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.02, momentum=0.95, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buf = self.state[p].setdefault("m", torch.zeros_like(p))
                buf.lerp_(p.grad, 1 - group["momentum"])
                g = p.grad.lerp(buf, group["momentum"])
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(orthogonal(g), alpha=-group["lr"] * max(1, g.shape[0] / g.shape[1]) ** 0.5)


def optimizers(named, lr):
    """(Muon, AdamW) over named parameters; lr is AdamW's, Muon takes ten times as much."""
    named = list(named)
    hidden = [p for n, p in named if p.ndim == 2 and "layers." in n or n.startswith("mlp1") and p.ndim == 2]
    ids = {id(p) for p in hidden}
    return Muon(hidden, lr=10 * lr), torch.optim.AdamW([p for _, p in named if id(p) not in ids], lr=lr, betas=(0.9, 0.98), weight_decay=0.01)
