"""The op table: one row for each way of calling an operation, run through every check there is.

A row's function takes the module first (minitorch, or torch as the oracle) and then the inputs.
`test_ops.py` checks value, dtype, both gradient orders, layouts and freeing for every row, and that
no `Function` subclass is without one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Maker = Callable[[np.random.Generator], Array]


@dataclass(frozen=True)
class Case:
    """One row: a name, a function of (module, *inputs), and what makes the inputs."""

    name: str
    function: Callable[..., Any]
    makers: tuple[Maker, ...]
    in_torch: bool = True  # whether the same call works under torch

    def arrays(self, dtype: Any = np.float64) -> list[Array]:
        draws = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [np.asarray(make(draws), dtype) for make in self.makers]

    def __str__(self) -> str:
        return self.name


def normal(*shape: int) -> Maker:
    return lambda draws: draws.standard_normal(shape)


def positive(*shape: int) -> Maker:
    return lambda draws: draws.uniform(0.5, 2.0, shape)


def distinct(*shape: int) -> Maker:
    """Values far from zero and from each other, in magnitude too: no difference meets a kink."""

    def make(draws: np.random.Generator) -> Array:
        count = int(np.prod(shape))
        return ((draws.permutation(count) - count // 2) * 0.1 + 0.03).reshape(shape)

    return make


ROWS = np.array([0, 0, 2])


def _f(m: Any) -> Any:
    return m.nn.functional


def _index(m: Any, values: Any) -> Any:
    return m.tensor(np.asarray(values).tolist())


def case(name: str, function: Callable[..., Any], *makers: Maker, in_torch: bool = True) -> Case:
    return Case(name, function, makers, in_torch)


CASES = [
    # ---- arithmetic
    case("add", lambda m, x, y: x + y, normal(2, 3), normal(2, 3)),
    case("add, ranks differ", lambda m, x, y: x + y, normal(2, 3), normal(3)),
    case("add, both broadcast", lambda m, x, y: x + y, normal(2, 1), normal(1, 3)),
    case("add, alpha", lambda m, x, y: m.add(x, y, alpha=2), normal(2, 3), normal(3)),
    case("add, 0-d", lambda m, x, y: x + y, normal(), normal()),
    case("add, empty", lambda m, x, y: x + y, normal(0, 3), normal(3)),
    case("add, scalar", lambda m, x: 1.5 + x + 2, normal(2, 3)),
    case("sub", lambda m, x, y: x - y, normal(2, 3), normal(2, 1)),
    case("sub, scalar", lambda m, x: 1.5 - x, normal(3)),
    case("mul", lambda m, x, y: x * y, normal(2, 3), normal(3)),
    case("mul, itself", lambda m, x: x * x, normal(2, 3)),
    case("div", lambda m, x, y: x / y, normal(2, 3), positive(3)),
    case("div, scalar", lambda m, x: 2 / x, positive(2, 3)),
    case(
        "div, floor", lambda m, x, y: m.div(x, y, rounding_mode="floor"), distinct(6), positive(6)
    ),
    case(
        "div, trunc", lambda m, x, y: m.div(x, y, rounding_mode="trunc"), distinct(6), positive(6)
    ),
    case("remainder", lambda m, x, y: x % y, distinct(6), positive(6)),
    case("neg", lambda m, x: -x, normal(2, 3)),
    case("pow, tensor", lambda m, x, y: x**y, positive(2, 3), normal(3)),
    case("pow, 2", lambda m, x: x**2, normal(2, 3)),
    case("pow, 3", lambda m, x: x**3, normal(2, 3)),
    case("pow, 1.5", lambda m, x: x**1.5, positive(2, 3)),
    case("pow, -1", lambda m, x: x**-1, positive(2, 3)),
    case("pow, 0", lambda m, x: x**0 * x, normal(3)),
    case("pow, of a number", lambda m, x: 2.0**x, normal(3)),
    # ---- one variable
    case("abs", lambda m, x: x.abs(), distinct(2, 3)),
    case("exp", lambda m, x: x.exp(), normal(2, 3)),
    case("log", lambda m, x: x.log(), positive(2, 3)),
    case("sqrt", lambda m, x: x.sqrt(), positive(2, 3)),
    case("rsqrt", lambda m, x: x.rsqrt(), positive(2, 3)),
    case("reciprocal", lambda m, x: x.reciprocal(), positive(2, 3)),
    case("sin", lambda m, x: x.sin(), normal(2, 3)),
    case("cos", lambda m, x: x.cos(), normal(2, 3)),
    case("tanh", lambda m, x: x.tanh(), normal(2, 3)),
    case("sigmoid", lambda m, x: x.sigmoid(), normal(2, 3)),
    case("sign", lambda m, x: x.sign() * x, distinct(4)),
    case("floor", lambda m, x: x.floor() * x, distinct(4)),
    case("ceil", lambda m, x: x.ceil() * x, distinct(4)),
    case("trunc", lambda m, x: x.trunc() * x, distinct(4)),
    case("round", lambda m, x: x.round() * x, distinct(4)),
    # ---- choosing
    case("where", lambda m, x, y: m.where(x > 0, x, y), distinct(2, 3), normal(3)),
    case("where, scalar", lambda m, x: m.where(x > 0, x, 0.5), distinct(2, 3)),
    case("maximum", lambda m, x, y: m.maximum(x, y), distinct(2, 3), normal(3)),
    case("minimum", lambda m, x, y: m.minimum(x, y), distinct(2, 3), normal(3)),
    case("clamp", lambda m, x: x.clamp(-0.2, 0.21), distinct(2, 3)),
    case("clamp, min", lambda m, x: x.clamp(min=-0.2), distinct(2, 3)),
    case(
        "clamp, tensors",
        lambda m, x, y, z: m.clamp(x, y, y + z),
        distinct(6),
        normal(6),
        positive(6),
    ),
    case("masked_fill", lambda m, x: x.masked_fill(x > 0, 2.0), distinct(2, 3)),
    # ---- reductions
    case("sum", lambda m, x: x.sum(), normal(2, 3)),
    case("sum, dim", lambda m, x: x.sum(1), normal(2, 3)),
    case("sum, dims, keepdim", lambda m, x: x.sum((0, -1), keepdim=True), normal(2, 3, 2)),
    case("sum, empty", lambda m, x: x.sum(0), normal(0, 3)),
    case("mean", lambda m, x: x.mean(), normal(2, 3)),
    case("mean, dim", lambda m, x: x.mean(0, keepdim=True), normal(2, 3)),
    case("var", lambda m, x: x.var(), normal(2, 3)),
    case("var, dim", lambda m, x: x.var(1, unbiased=False), normal(2, 3)),
    case("std", lambda m, x: x.std(1), normal(2, 3)),
    case("norm", lambda m, x: x.norm(), normal(2, 3)),
    case("norm, dim", lambda m, x: x.norm(dim=1, keepdim=True), normal(2, 3)),
    case("norm, 1", lambda m, x: x.norm(1), distinct(2, 3)),
    case("norm, 3", lambda m, x: x.norm(3), distinct(2, 3)),
    case("norm, inf", lambda m, x: x.norm(float("inf")), distinct(2, 3)),
    case("amax", lambda m, x: x.amax(1), distinct(2, 3)),
    case("amin", lambda m, x: x.amin((0, 1), keepdim=True), distinct(2, 3)),
    case("max", lambda m, x: x.max(), distinct(2, 3)),
    case("max, dim", lambda m, x: x.max(1).values, distinct(2, 3)),
    case("min, dim, keepdim", lambda m, x: x.min(0, keepdim=True)[0], distinct(2, 3)),
    case("logsumexp", lambda m, x: x.logsumexp(1), normal(2, 3)),
    # ---- shapes
    case("reshape", lambda m, x: x.reshape(3, -1), normal(2, 3)),
    case("view", lambda m, x: x.contiguous().view(6), normal(2, 3)),
    case("flatten", lambda m, x: x.flatten(1), normal(2, 3, 2)),
    case("squeeze", lambda m, x: x.squeeze(1), normal(2, 1, 3)),
    case("unsqueeze", lambda m, x: x.unsqueeze(-1), normal(2, 3)),
    case("permute", lambda m, x: x.permute(2, 0, 1), normal(2, 3, 2)),
    case("transpose", lambda m, x: x.transpose(0, 1), normal(2, 3)),
    case("t", lambda m, x: x.t(), normal(2, 3)),
    case("movedim", lambda m, x: x.movedim(0, -1), normal(2, 3, 2)),
    case("expand", lambda m, x: x.expand(4, 2, 3), normal(2, 1)),
    case("repeat", lambda m, x: x.repeat(2, 3), normal(2, 2)),
    case("clone", lambda m, x: x.clone(), normal(2, 3)),
    case("contiguous", lambda m, x: x.t().contiguous(), normal(2, 3)),
    case("cat", lambda m, x, y: m.cat([x, y, x], 1), normal(2, 3), normal(2, 1)),
    case("stack", lambda m, x, y: m.stack([x, y], 1), normal(2, 3), normal(2, 3)),
    case("split", lambda m, x: x.split(2, 1), normal(2, 5)),
    case("split, one used", lambda m, x: x.split([1, 3], 0)[1], normal(4, 2)),
    case("chunk", lambda m, x: x.chunk(3), normal(5, 2)),
    case("unbind", lambda m, x: x.unbind(1), normal(2, 3)),
    case("flip", lambda m, x: x.flip(0, 1), normal(2, 3)),
    case("roll", lambda m, x: x.roll(1, 1), normal(2, 3)),
    # ---- indexing
    case("index, int", lambda m, x: x[1], normal(2, 3)),
    case("index, slices", lambda m, x: x[1:, ::2], normal(3, 4)),
    case("index, None and ...", lambda m, x: x[None, ..., 0], normal(2, 3)),
    case("index, repeated rows", lambda m, x: x[ROWS.tolist()], normal(3, 2)),
    case(
        "index, tensors", lambda m, x: x[_index(m, [0, 1, 0]), _index(m, [2, 2, 2])], normal(2, 3)
    ),
    case("index, mask", lambda m, x: x[x > 0], distinct(2, 3)),
    case("index, mixed", lambda m, x: x[:, _index(m, [[0, 1], [1, 1]]), 1:], normal(2, 3, 2)),
    case("gather", lambda m, x: x.gather(1, _index(m, [[0, 0], [2, 1]])), normal(2, 3)),
    case(
        "scatter",
        lambda m, x, y: x.scatter(1, _index(m, [[0, 2], [1, 0]]), y),
        normal(2, 3),
        normal(2, 2),
    ),
    case(
        "scatter_add",
        lambda m, x, y: x.scatter_add(1, _index(m, [[0, 0], [1, 1]]), y),
        normal(2, 3),
        normal(2, 2),
    ),
    case("index_select", lambda m, x: x.index_select(1, _index(m, [0, 0, 1])), normal(2, 3)),
    case(
        "index_put",
        lambda m, x, y: x.index_put((_index(m, [0, 1]),), y),
        normal(3, 2),
        normal(2, 2),
    ),
    # ---- products
    case("matmul", lambda m, x, y: x @ y, normal(2, 3), normal(3, 4)),
    case("matmul, vectors", lambda m, x, y: x @ y, normal(3), normal(3)),
    case("matmul, matrix by vector", lambda m, x, y: x @ y, normal(2, 3), normal(3)),
    case("matmul, vector by batch", lambda m, x, y: x @ y, normal(3), normal(2, 3, 2)),
    case("matmul, batch by matrix", lambda m, x, y: x @ y, normal(2, 2, 3), normal(3, 2)),
    case("matmul, batches broadcast", lambda m, x, y: x @ y, normal(2, 1, 2, 3), normal(2, 3, 2)),
    case("bmm", lambda m, x, y: m.bmm(x, y), normal(2, 2, 3), normal(2, 3, 2)),
    case("linear", lambda m, x, w, b: _f(m).linear(x, w, b), normal(2, 3), normal(4, 3), normal(4)),
    case("linear, no bias", lambda m, x, w: _f(m).linear(x, w), normal(2, 2, 3), normal(4, 3)),
    # ---- activations
    case("relu", lambda m, x: m.relu(x), distinct(2, 3)),
    case("softmax", lambda m, x: m.softmax(x, 1), normal(2, 3)),
    case("log_softmax", lambda m, x: m.log_softmax(x, 0), normal(2, 3)),
    # ---- convolution and pooling
    case(
        "conv2d",
        lambda m, x, w, b: _f(m).conv2d(x, w, b),
        normal(2, 2, 4, 4),
        normal(3, 2, 3, 3),
        normal(3),
    ),
    case(
        "conv2d, stride, padding, dilation",
        lambda m, x, w: _f(m).conv2d(x, w, None, (2, 1), (1, 2), (1, 2)),
        normal(1, 2, 5, 4),
        normal(2, 2, 2, 2),
    ),
    case(
        "conv2d, groups",
        lambda m, x, w, b: _f(m).conv2d(x, w, b, groups=2, padding="same"),
        normal(1, 4, 3, 3),
        normal(2, 2, 2, 3),
        normal(2),
    ),
    case(
        "conv2d, no batch", lambda m, x, w: _f(m).conv2d(x, w), normal(2, 3, 3), normal(2, 2, 1, 1)
    ),
    case("max_pool2d", lambda m, x: _f(m).max_pool2d(x, 2), distinct(2, 2, 4, 4)),
    case(
        "max_pool2d, overlapping",
        lambda m, x: _f(m).max_pool2d(x, 3, 2, 1, ceil_mode=True),
        distinct(1, 2, 5, 6),
    ),
    case(
        "max_pool2d, dilation",
        lambda m, x: _f(m).max_pool2d(x, 2, 1, dilation=2, return_indices=True)[0],
        distinct(2, 4, 4),
    ),
    case("avg_pool2d", lambda m, x: _f(m).avg_pool2d(x, 2), normal(2, 2, 4, 4)),
    case(
        "avg_pool2d, overlapping",
        lambda m, x: _f(m).avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
        normal(1, 2, 5, 6),
    ),
    # ---- losses
    case("cross_entropy", lambda m, x: _f(m).cross_entropy(x, _index(m, [1, 0, 2])), normal(3, 4)),
    case(
        "cross_entropy, all options",
        lambda m, x: _f(m).cross_entropy(
            x,
            _index(m, [1, 0, 2, -100]),
            m.tensor([0.5, 1.0, 2.0], dtype=x.dtype),
            label_smoothing=0.1,
        ),
        normal(4, 3),
    ),
    case(
        "cross_entropy, pixels",
        lambda m, x: _f(m).cross_entropy(x, _index(m, [[[1, 0], [2, 1]]]), reduction="none"),
        normal(1, 3, 2, 2),
    ),
    case(
        "cross_entropy, probabilities",
        lambda m, x, y: _f(m).cross_entropy(x, m.softmax(y, 1), label_smoothing=0.2),
        normal(3, 4),
        normal(3, 4),
    ),
    case(
        "nll_loss",
        lambda m, x: _f(m).nll_loss(x, _index(m, [1, 0, 2]), reduction="sum"),
        normal(3, 4),
    ),
    case("mse_loss", lambda m, x, y: _f(m).mse_loss(x, y), normal(2, 3), normal(2, 3)),
    # ---- in place
    case("add_", lambda m, x, y: (x * 1).add_(y), normal(2, 3), normal(3)),
    case("copy_ into a view", lambda m, x, y: _copied(x * 1, y), normal(3, 3), normal(3)),
    case("mask assignment", lambda m, x: _masked(x * 1), distinct(2, 3)),
]


def _copied(x: Any, y: Any) -> Any:
    x[1] = y
    x[:, 0].mul_(2)
    return x


def _masked(x: Any) -> Any:
    x[x > 0] = 3.0
    return x
