"""Workloads of any size: what grows, how, and how fast theory says that it should.

Each is a function that is given the framework as `torch` and a size, and returns a step that runs
forward and backward and changes nothing, so that its result is the same however often it has run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import WORKLOADS, Step, Torch, Workload


@dataclass(frozen=True)
class Curve:
    """A workload that grows.

    Args:
        build: makes the step of a size.
        sizes: those that are timed.
        exponent: for large sizes the time is proportional to ``size ** exponent``.
        grows: the size's name on an axis.
    """

    build: Callable[[Torch, int], Step]
    sizes: tuple[int, ...]
    exponent: int
    grows: str

    @property
    def title(self) -> str:
        """What the table calls it."""
        return (self.build.__doc__ or "").partition("\n")[0].rstrip(".")


def stepping(model: Any, x: Any) -> Step:
    """The step of a model whose result is a mean of squares."""

    def step() -> Any:
        model.zero_grad()
        y = model(x)
        loss = (y * y).mean()
        loss.backward()
        return loss

    return step


def conv_net(torch: Torch, batch: int) -> Step:
    """Convolution, ReLU, pooling and a linear layer, 16x16."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 8 * 8, 10),
    )
    return stepping(model, torch.randn(batch, 3, 16, 16))


def wide_conv(torch: Torch, channels: int) -> Step:
    """Convolution 3x3 of as many channels as it makes, 16x16, batch 8."""
    torch.manual_seed(0)
    model = torch.nn.Conv2d(channels, channels, 3, padding=1)
    return stepping(model, torch.randn(8, channels, 16, 16, requires_grad=True))


def large_conv(torch: Torch, side: int) -> Step:
    """Convolution 3x3 of 8 channels, square images, batch 8."""
    torch.manual_seed(0)
    model = torch.nn.Conv2d(8, 8, 3, padding=1)
    return stepping(model, torch.randn(8, 8, side, side, requires_grad=True))


def deep_mlp(torch: Torch, depth: int) -> Step:
    """Linear layers 64 to 64 with tanh, batch 64."""
    nn = torch.nn
    torch.manual_seed(0)
    layers = [layer for _ in range(depth) for layer in (nn.Linear(64, 64), nn.Tanh())]
    return stepping(nn.Sequential(*layers), torch.randn(64, 64))


def long_chain(torch: Torch, length: int) -> Step:
    """Operations on one number, one after the other."""
    x = torch.tensor(0.5, requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(length // 2):
            y = y.sin() + x
        y.backward()
        return y

    return step


def long_attention(torch: Torch, length: int) -> Step:
    """Attention of 2 heads of 16 features, batch 2."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 2, length, 16, requires_grad=True) for _ in range(3))

    def step() -> Any:
        q.grad = k.grad = v.grad = None
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        loss = (y * y).mean()
        loss.backward()
        return loss

    return step


CURVES = {
    "batch": Curve(conv_net, (8, 16, 32, 64, 128, 256, 512), 1, "images in a batch"),
    "channels": Curve(wide_conv, (8, 16, 32, 64, 128, 256), 2, "channels"),
    "side": Curve(large_conv, (8, 16, 32, 64, 128, 192), 2, "pixels along a side"),
    "depth": Curve(deep_mlp, (1, 2, 4, 8, 16, 32, 64), 1, "layers"),
    "length": Curve(long_chain, (10, 30, 100, 300, 1000, 3000, 10000), 1, "recorded operations"),
    "sequence": Curve(long_attention, (32, 64, 128, 256, 512, 1024), 2, "tokens in a sequence"),
}


def find(name: str) -> Workload:
    """The workload `name`: one of `WORKLOADS`, or a point of a curve such as ``"batch=64"``."""
    curve, _, size = name.partition("=")
    if not size:
        return WORKLOADS[name]

    def build(torch: Torch) -> Step:
        return CURVES[curve].build(torch, int(size))

    build.__doc__ = f"{CURVES[curve].title}, {size} {CURVES[curve].grows}."
    return Workload(build, steps=0)


def exponent(sizes: list[int], times: list[float]) -> float:
    """The power of the size with which the time grows, fitted to the larger half of the sizes."""
    half = len(sizes) // 2
    xs = [math.log(size) for size in sizes[half:]]
    ys = [math.log(time) for time in times[half:]]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    rise = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return rise / sum((a - x) ** 2 for a in xs)
