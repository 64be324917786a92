"""Fit a polynomial to the sine: gradient descent, the update written by hand.

python examples/polynomial.py                        # with PyTorch
python -m minitorch run examples/polynomial.py       # with minitorch: the same numbers
"""

import argparse
import math

import torch

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--degree", type=int, default=3)
parser.add_argument("--plot", metavar="FILE", help="save a picture of the fit (needs matplotlib)")
options = parser.parse_args()

torch.manual_seed(0)
x = torch.linspace(-math.pi, math.pi, 200)
y = torch.sin(x) + 0.1 * torch.randn(200)

# One column a power of x, scaled to -1..1 so that one step size suits them all.
powers = torch.stack([(x / math.pi) ** power for power in range(options.degree + 1)], dim=1)
weights = torch.zeros(options.degree + 1, requires_grad=True)

step_size, report = 0.5, max(options.steps // 10, 1)
print(f"{'step':>6} {'loss':>8}  weights")
for step in range(1, options.steps + 1):
    loss = ((powers @ weights - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        weights -= step_size * weights.grad
        weights.grad.zero_()
    if step % report == 0:
        shown = " ".join(f"{weight:6.2f}" for weight in weights.tolist())
        print(f"{step:6d} {loss.item():8.4f}  {shown}")

if options.plot:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    axes.plot(x, y, ".", color="0.7", label="sine with noise")
    axes.plot(x, (powers @ weights).detach(), label=f"polynomial of degree {options.degree}")
    axes.legend()
    axes.set_xlabel("x")
    figure.savefig(options.plot, dpi=150, bbox_inches="tight")
