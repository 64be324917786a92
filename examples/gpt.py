"""Learn to write about Python: a small GPT, letter by letter, on Python's own help pages.

    python examples/gpt.py                        # with PyTorch
    python -m minitorch run examples/gpt.py       # with minitorch: the same numbers

Two blocks of causal self-attention guess the next letter of the texts behind ``help("if")`` and
its like; then they write some of their own.
"""

import argparse
import math
from pydoc_data.topics import topics

import torch
from torch import nn, optim
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--context", type=int, default=64, help="letters that the model looks back")
parser.add_argument("--width", type=int, default=64, help="numbers that stand for a letter")
parser.add_argument("--write", type=int, default=300, help="letters to write at the end")
parser.add_argument("--plot", metavar="FILE", help="save a picture of the loss (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

torch.manual_seed(0)

# Every letter is a number; the last tenth of the text is kept back for validation.
text = "\n".join(topics[name] for name in ("compound", "specialnames", "types"))
letters = sorted(set(text))
code = {letter: number for number, letter in enumerate(letters)}
data = torch.tensor([code[letter] for letter in text])
train, val = data[: len(data) * 9 // 10], data[len(data) * 9 // 10 :]
T, E, heads, batch_size = options.context, options.width, 4, 16


def batch(source):
    """Stretches of the text (N, T), and the same one letter on: what comes next."""
    starts = torch.randint(len(source) - T, (batch_size, 1))
    places = starts + torch.arange(T)
    return source[places], source[places + 1]


class Block(nn.Module):
    """Each position looks at those before it, then thinks for itself."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(E), nn.LayerNorm(E)
        self.qkv, self.join = nn.Linear(E, 3 * E), nn.Linear(E, E)
        self.think = nn.Sequential(nn.Linear(E, 4 * E), nn.GELU(), nn.Linear(4 * E, E))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.think(self.norm2(x))

    def attend(self, x):
        N, T, _ = x.shape
        q, k, v = (
            part.view(N, T, heads, E // heads).transpose(1, 2)  # (N, heads, T, E / heads)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.join(y.transpose(1, 2).reshape(N, T, E))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.letter, self.place = nn.Embedding(len(letters), E), nn.Embedding(T, E)
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.head = nn.LayerNorm(E), nn.Linear(E, len(letters), bias=False)
        self.head.weight = self.letter.weight  # one table to read letters with, and to write
        self.apply(self.start)

    def start(self, module):
        """Small weights, so that at first all letters are equally likely."""
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x):  # (N, T) letters
        x = self.letter(x) + self.place(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(x)))  # (N, T, letters): a score for each


model = GPT()
matrices = [p for p in model.parameters() if p.ndim > 1]
vectors = [p for p in model.parameters() if p.ndim < 2]
optimizer = optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
    lr=3e-3,
    betas=(0.9, 0.98),
    eps=1e-6,
)


def rate(step):
    """The learning rate's factor: up for the first tenth, then down in half a cosine."""
    warm = options.steps / 10
    if step < warm:
        return (step + 1) / (warm + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / (options.steps - warm)))


schedule = optim.lr_scheduler.LambdaLR(optimizer, rate)


def loss_on(source):
    x, y = batch(source)
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


print(f"{len(text)} letters, {len(letters)} of them different")
print(f"{sum(p.numel() for p in model.parameters())} parameters")
steps = range(1, options.steps + 1)
if options.bar:
    from tqdm import tqdm

    steps = tqdm(steps, leave=False)

report = max(options.steps // 10, 1)
history = []
print(f"{'step':>6} {'rate':>8} {'train':>7} {'val':>7}")
for step in steps:
    loss = loss_on(train)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    if step == 1 or step % report == 0:
        with torch.no_grad():
            seen, unseen = (
                torch.stack([loss_on(source) for _ in range(4)]).mean().item()
                for source in (train, val)
            )
        history.append((step, seen, unseen))
        lr = schedule.get_last_lr()[0]
        print(f"{step:6d} {lr:8.5f} {seen:7.2f} {unseen:7.2f}")

# Write: again and again, draw the next letter from what the model holds likely.
model.eval()
written = data[:1]  # a line to begin with
with torch.no_grad():
    for _ in range(options.write):
        scores = model(written[None, -T:])[0, -1]
        written = torch.cat([written, torch.multinomial(F.softmax(scores / 0.7, 0), 1)])
print("".join(letters[number] for number in written.tolist()))

if options.plot:
    from matplotlib import pyplot

    when, seen, unseen = zip(*history, strict=True)
    figure, axes = pyplot.subplots(figsize=(6, 3.4))
    axes.plot(when, seen, label="training text")
    axes.plot(when, unseen, label="text kept back")
    axes.axhline(math.log(len(letters)), color="grey", linestyle=":", label="guessing")
    axes.set(xlabel="step", ylabel="loss (nats a letter)", ylim=(0, None))
    axes.legend()
    figure.savefig(options.plot, dpi=150, bbox_inches="tight")
