"""Solve a differential equation with a neural network: a damped oscillator.

    python examples/oscillator.py                        # with PyTorch
    python -m minitorch run examples/oscillator.py       # with minitorch: the same numbers

The network u(t) is never shown the solution. It is trained so that it obeys

    u'' + 2 d u' + w^2 u = 0,   u(0) = 1,   u'(0) = 0

at every t between 0 and 1. The derivatives of u by t come from autograd, and so does the gradient
of the loss, which is made of them: third derivatives in all.
"""

import argparse

import torch
from torch import nn, optim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=2000)
parser.add_argument("--width", type=int, default=32)
parser.add_argument("--plot", metavar="FILE", help="save a picture (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

torch.set_default_dtype(torch.float64)  # second derivatives amplify rounding
torch.manual_seed(0)
damping, frequency = 1.0, 6.0


def exact(t):
    """The solution in closed form."""
    rate = (frequency**2 - damping**2) ** 0.5
    swing = torch.cos(rate * t) + damping / rate * torch.sin(rate * t)
    return torch.exp(-damping * t) * swing


def derivative(y, t):
    """dy/dt at each point; `create_graph`, so that it can be differentiated again."""
    return torch.autograd.grad(y.sum(), t, create_graph=True)[0]


class Network(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inside = nn.Linear(1, width)
        self.middle = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, t):
        hidden = torch.tanh(self.inside(t * 4 - 2))
        hidden = torch.tanh(self.middle(hidden))
        # 1 + t^2 (...) meets u(0) = 1 and u'(0) = 0 whatever the weights are.
        return 1 + t**2 * self.out(hidden) * 10


network = Network(options.width)
optimizer = optim.Adam(network.parameters(), lr=2e-3)
schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
t = torch.linspace(0, 1, 64).reshape(-1, 1).requires_grad_()

steps = range(1, options.steps + 1)
if options.bar:
    from tqdm import tqdm

    steps = tqdm(steps, leave=False)

report = max(options.steps // 10, 1)
print(f"{'step':>6} {'residual':>10} {'error':>8}")
for step in steps:
    u = network(t)
    velocity = derivative(u, t)
    acceleration = derivative(velocity, t)
    residual = acceleration + 2 * damping * velocity + frequency**2 * u
    loss = (residual**2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % report == 0:
        with torch.no_grad():
            error = (network(t) - exact(t)).abs().max()
        print(f"{step:6d} {loss.item() ** 0.5:10.3f} {error.item():8.4f}")

if options.plot:
    from matplotlib import pyplot

    with torch.no_grad():
        figure, axes = pyplot.subplots(figsize=(6, 4))
        times = t.detach()
        axes.plot(times, exact(times), color="0.7", linewidth=5, label="exact")
        axes.plot(times, network(times), "--", label="network")
    axes.legend()
    axes.set_xlabel("t")
    axes.set_ylabel("u")
    figure.savefig(options.plot, dpi=150, bbox_inches="tight")
