"""A small GPT with autocast, accumulated gradients, a scaler; resumed, and asked for text."""

import math
from contextlib import nullcontext
from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn as nn
from torch.nn import functional as F

text = "the quick brown fox jumps over the lazy dog. " * 40
letters = sorted(set(text))
stoi = {c: i for i, c in enumerate(letters)}
tokens = np.array([stoi[c] for c in text], dtype=np.uint16)
tokens.tofile("train.bin")


@dataclass
class Config:
    block: int = 16
    vocab: int = len(letters)
    layers: int = 2
    heads: int = 2
    width: int = 32
    dropout: float = 0.0
    bias: bool = False


class Norm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.width = c.heads, c.width
        self.qkv = nn.Linear(c.width, 3 * c.width, bias=c.bias)
        self.proj = nn.Linear(c.width, c.width, bias=c.bias)
        self.drop = nn.Dropout(c.dropout)
        mask = torch.tril(torch.ones(c.block, c.block)).view(1, 1, c.block, c.block)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.qkv(x).split(self.width, dim=2)
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        y = self.drop(F.softmax(att, dim=-1)) @ v
        return self.drop(self.proj(y.transpose(1, 2).contiguous().view(B, T, C)))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln_1, self.ln_2 = Norm(c.width, c.bias), Norm(c.width, c.bias)
        self.attn = Attention(c)
        self.mlp = nn.Sequential(
            nn.Linear(c.width, 4 * c.width, bias=c.bias),
            nn.GELU(),
            nn.Linear(4 * c.width, c.width, bias=c.bias),
            nn.Dropout(c.dropout),
        )

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(c.vocab, c.width),
                wpe=nn.Embedding(c.block, c.width),
                h=nn.ModuleList([Block(c) for _ in range(c.layers)]),
                ln_f=Norm(c.width, c.bias),
            )
        )
        self.head = nn.Linear(c.width, c.vocab, bias=False)
        self.transformer.wte.weight = self.head.weight
        self.apply(self.initialise)
        for name, p in self.named_parameters():
            if name.endswith("proj.weight"):
                torch.nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * c.layers))

    def initialise(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if getattr(module, "bias", None) is not None and isinstance(module, nn.Linear):
            torch.nn.init.zeros_(module.bias)

    def forward(self, idx, targets=None):
        pos = torch.arange(0, idx.size(1), dtype=torch.long, device=idx.device)
        x = self.transformer.wte(idx) + self.transformer.wpe(pos)
        for block in self.transformer.h:
            x = block(x)
        x = self.transformer.ln_f(x)
        if targets is None:
            return self.head(x[:, [-1], :]), None
        logits = self.head(x)
        flat = logits.view(-1, logits.size(-1))
        return logits, F.cross_entropy(flat, targets.view(-1), ignore_index=-1)

    @torch.no_grad()
    def generate(self, idx, count, temperature=1.0, top_k=None):
        for _ in range(count):
            logits, _ = self(idx[:, -self.config.block :])
            logits = logits[:, -1, :] / temperature
            if top_k is not None:
                v, _ = torch.topk(logits, min(top_k, logits.size(-1)))
                logits[logits < v[:, [-1]]] = -float("Inf")
            chosen = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)
            idx = torch.cat((idx, chosen), dim=1)
        return idx


def batch(block, size=8):
    data = np.memmap("train.bin", dtype=np.uint16, mode="r")
    ix = torch.randint(len(data) - block, (size,))
    x = torch.stack([torch.from_numpy((data[i : i + block]).astype(np.int64)) for i in ix])
    y = torch.stack([torch.from_numpy((data[i + 1 : i + 1 + block]).astype(np.int64)) for i in ix])
    return x, y


def optimiser(model):
    wanted = {name: p for name, p in model.named_parameters() if p.requires_grad}
    groups = [
        {"params": [p for p in wanted.values() if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in wanted.values() if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95))


def train(model, optimizer, steps, dtype, scaler):
    context = nullcontext() if dtype is None else torch.autocast(device_type="cpu", dtype=dtype)
    X, Y = batch(model.config.block)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * min(1, (step + 1) / 4)
        for _ in range(2):
            with context:
                logits, loss = model(X, Y)
                loss = loss / 2
            X, Y = batch(model.config.block)
            scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        print(f"{logits.dtype} {loss.dtype} {2 * loss.item():.2f} {norm:.1f} {scaler.get_scale()}")


for dtype in (None, torch.bfloat16, torch.float16):
    torch.manual_seed(1337)
    model = GPT(Config())
    scaler = torch.amp.GradScaler("cpu", enabled=dtype is torch.float16)
    optimizer = optimiser(model)
    train(model, optimizer, 8, dtype, scaler)
    print({p.dtype for p in model.parameters()}, {p.grad for p in model.parameters()})

checkpoint = {
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "scaler": scaler.state_dict(),
    "args": asdict(model.config),
    "step": 8,
}
torch.save(checkpoint, "ckpt.pt")
checkpoint = torch.load("ckpt.pt", map_location="cpu")
print(checkpoint["args"], checkpoint["scaler"], list(checkpoint["model"])[:4])
model = GPT(Config(**checkpoint["args"]))
model.load_state_dict(checkpoint["model"])
optimizer = optimiser(model)
optimizer.load_state_dict(checkpoint["optimizer"])
torch.manual_seed(7)
train(model, optimizer, 4, torch.bfloat16, torch.amp.GradScaler("cpu", enabled=False))

torch.manual_seed(1)
model = GPT(Config(dropout=0.1, bias=True))
train(model, optimiser(model), 20, None, torch.amp.GradScaler("cpu", enabled=False))
model.eval()
start = torch.tensor([[stoi[c] for c in "the "]])
for _ in range(2):
    written = model.generate(start, 24, temperature=0.8, top_k=5)
    print(repr("".join(letters[i] for i in written[0].tolist())))
