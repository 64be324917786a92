"""Foresee a signal: an LSTM learns how waves go on, and continues one on its own.

    python examples/lstm.py                       # with PyTorch
    python -m minitorch run examples/lstm.py      # with minitorch: the same numbers

Each wave is a sine and its octave; period and phases are drawn at random. The net is trained
to tell the next value; then it is shown the beginning of a wave that it has not met, and goes on
with what it foretold itself.
"""

import argparse
import math

import torch
from torch import nn, optim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--width", type=int, default=48, help="features that the LSTM remembers")
parser.add_argument("--length", type=int, default=80, help="values of a wave in training")
parser.add_argument("--ahead", type=int, default=48, help="values to foretell at the end")
parser.add_argument("--plot", metavar="FILE", help="save a picture (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

torch.set_default_dtype(torch.float64)  # a net that is fed its own words amplifies rounding
torch.manual_seed(0)
T, batch_size = options.length, 32


def waves(count, length):
    """`count` waves of `length` values: (length, count, 1), as an LSTM takes them."""
    time = torch.arange(float(length))[:, None, None]
    period = 16 + 16 * torch.rand(count, 1)
    phase = 2 * math.pi * torch.rand(count, 2)
    both = 2 * math.pi * time / period * torch.tensor([1.0, 2.0]) + phase
    return torch.sin(both).mean(2, keepdim=True)


class Seer(nn.Module):
    """From the values so far, and the state that they left, the next one."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, options.width, num_layers=2)
        self.read = nn.Linear(options.width, 1)

    def forward(self, x, state=None):
        y, state = self.lstm(x, state)
        return self.read(y), state


model = Seer()
criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=1e-2, eps=1e-6)
schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)

steps = range(1, options.steps + 1)
if options.bar:
    from tqdm import tqdm

    steps = tqdm(steps, leave=False)

report = max(options.steps // 10, 1)
total = 0.0
print(f"{'step':>6} {'loss':>9} {'gradient':>9}")
for step in steps:
    wave = waves(batch_size, T + 1)
    # With some noise, so that it learns to trust its memory more than the last value.
    foretold, _ = model(wave[:-1] + 0.1 * torch.randn(T, batch_size, 1))
    loss = criterion(foretold, wave[1:])
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    schedule.step()
    total += loss.item()
    if step % report == 0:
        print(f"{step:6d} {total / report:9.5f} {norm.item():9.4f}")
        total = 0.0

# Go on alone: every value foretold is the next one that the net is given.
model.eval()
shown, ahead = T, options.ahead
unseen = waves(64, shown + ahead)
with torch.no_grad():
    foretold, state = model(unseen[:shown])
    value, alone = foretold[-1:], []
    for _ in range(ahead):
        alone.append(value)
        value, state = model(value, state)
alone = torch.cat(alone)
error = (alone - unseen[shown:]).square().mean((1, 2)).sqrt()  # at each step ahead
print("error when on its own")
for step in sorted({1, max(ahead // 4, 1), max(ahead // 2, 1), ahead}):
    print(f"{step:6d} steps ahead {error[step - 1].item():9.3f}")

if options.plot:
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(3, 1, figsize=(7, 5), sharex=True)
    for number, axes in enumerate(panels):
        axes.plot(unseen[:, number, 0], color="grey", label="the wave")
        axes.plot(range(shown, shown + ahead), alone[:, number, 0], "C3", label="foretold")
        axes.axvline(shown, color="black", linewidth=0.8)
    panels[0].legend(loc="upper left")
    panels[-1].set(xlabel="time")
    figure.savefig(options.plot, dpi=150, bbox_inches="tight")
