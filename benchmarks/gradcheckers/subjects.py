"""Right functions of many scales, shapes and ranks, for bugs to be planted in."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gradcheckers.case import (
    Array,
    Case,
    broadcasting,
    elementwise,
    logsumexp,
    sigmoid,
    softmax,
)

OVERWRITTEN = "overwritten, not accumulated"
CHAIN = "a term or factor missing"


def subjects(seed: int = 0) -> list[Case]:
    """All of them, at points drawn from `seed`."""
    draws = np.random.default_rng(seed)

    def normal(*shape: int) -> Array:
        return np.asarray(draws.standard_normal(shape))

    def between(low: float, high: float, *shape: int) -> Array:
        return draws.uniform(low, high, shape)

    def log_between(low: float, high: float, *shape: int) -> Array:
        return np.exp(draws.uniform(np.log(low), np.log(high), shape))

    def away_from_zero(*shape: int) -> Array:
        return between(0.5, 2.0, *shape) * np.where(normal(*shape) < 0, -1.0, 1.0)

    return [
        # Scales.
        elementwise(
            "1e-6 x² at 1e-3", lambda x: 1e-6 * x**2, lambda x: 2e-6 * x, 1e-3 * normal(3, 4)
        ),
        elementwise("1e6 x² at 1e3", lambda x: 1e6 * x**2, lambda x: 2e6 * x, 1e3 * normal(3, 4)),
        elementwise("exp to 1e-12", np.exp, np.exp, between(-28, -20, 6)),
        elementwise("exp to 1e12", np.exp, np.exp, between(20, 28, 6)),
        elementwise("exp of mixed sizes", np.exp, np.exp, between(-15, 15, 2, 5)),
        elementwise("log at 1e-8", np.log, lambda x: 1 / x, log_between(1e-9, 1e-7, 5)),
        elementwise("log at 1e8", np.log, lambda x: 1 / x, log_between(1e7, 1e9, 5)),
        elementwise(
            "sqrt at 1e-10", np.sqrt, lambda x: 0.5 / np.sqrt(x), log_between(1e-11, 1e-9, 5)
        ),
        elementwise("1/x at 1e-3", np.reciprocal, lambda x: -1 / x**2, 1e-3 * away_from_zero(4)),
        # Elementwise, of several ranks.
        elementwise("tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2, normal(2, 3, 4)),
        elementwise(
            "tanh(50 x)",
            lambda x: np.tanh(50 * x),
            lambda x: 50 * (1 - np.tanh(50 * x) ** 2),
            0.02 * normal(3, 3),
        ),
        elementwise(
            "x sin(x), 20 by 20",
            lambda x: x * np.sin(x),
            lambda x: np.sin(x) + x * np.cos(x),
            normal(20, 20),
        ),
        elementwise("cube of a 0-d", lambda x: x**3, lambda x: 3 * x**2, np.array(-1.3)),
        elementwise(
            "sigmoid, 4-d", sigmoid, lambda x: sigmoid(x) * sigmoid(-x), normal(2, 1, 3, 2)
        ),
        Case(
            "tanh in float32",
            np.tanh,
            lambda g, x: (g * (1 - np.tanh(x) ** 2),),
            (normal(3, 4).astype(np.float32),),
        ),
        # Two inputs, broadcast or not.
        broadcasting(
            "broadcast add", np.add, lambda g, x, y: [g, g.copy()], normal(3, 1, 4), normal(5, 1)
        ),
        broadcasting(
            "broadcast mul", np.multiply, lambda g, x, y: [g * y, g * x], normal(2, 3, 4), normal(4)
        ),
        broadcasting(
            "broadcast div",
            np.divide,
            lambda g, x, y: [g / y, -g * x / y**2],
            1e4 * normal(3, 4),
            1e-4 * away_from_zero(3, 1),
        ),
        broadcasting(
            "mul of two 0-d",
            np.multiply,
            lambda g, x, y: [g * y, g * x],
            np.array(2.5),
            np.array(-0.7),
        ),
        broadcasting(
            "power",
            np.power,
            lambda g, x, y: [g * y * x ** (y - 1), g * x**y * np.log(x)],
            between(0.5, 2, 3, 3),
            normal(3, 3),
        ),
        Case(
            "where",
            lambda choose, x, y: np.where(choose, x * x, 3 * y),
            lambda g, choose, x, y: (
                None,
                np.where(choose, 2 * x * g, 0),
                np.where(choose, 0, 3 * g),
            ),
            (normal(3, 4) > 0, normal(3, 4), normal(3, 4)),
            wrong=[
                (CHAIN, lambda g, choose, x, y: (None, 2 * x * g, np.where(choose, 0, 3 * g))),
                (
                    "swapped",
                    lambda g, c, x, y: (None, np.where(c, 0, 2 * x * g), np.where(c, 3 * g, 0)),
                ),
            ],
        ),
        # Reductions and scans.
        Case(
            "sum over two axes",
            lambda x: x.sum((0, 2)),
            lambda g, x: (np.broadcast_to(g[None, :, None], x.shape).copy(),),
            (normal(2, 3, 4),),
        ),
        Case(
            "mean, keepdim, at 1e9",
            lambda x: x.mean(1, keepdims=True),
            lambda g, x: (np.broadcast_to(g / x.shape[1], x.shape).copy(),),
            (1e9 * normal(3, 5),),
            wrong=[(CHAIN, lambda g, x: (np.broadcast_to(g, x.shape).copy(),))],
        ),
        Case(
            "norm",
            lambda x: np.sqrt((x**2).sum()),
            lambda g, x: (g * x / np.sqrt((x**2).sum()),),
            (normal(6),),
            wrong=[(CHAIN, lambda g, x: (g * x,))],
        ),
        Case(
            "cumsum",
            lambda x: np.cumsum(x, 1),
            lambda g, x: (np.cumsum(g[:, ::-1], 1)[:, ::-1].copy(),),
            (normal(3, 5),),
            wrong=[(CHAIN, lambda g, x: (np.cumsum(g, 1),))],
        ),
        Case(
            "cumprod",
            np.cumprod,
            lambda g, x: (np.cumsum((g * np.cumprod(x))[::-1])[::-1] / x,),
            (away_from_zero(5),),
            wrong=[(CHAIN, lambda g, x: (np.cumsum((g * np.cumprod(x))[::-1])[::-1].copy(),))],
        ),
        Case(
            "logsumexp",
            lambda x: logsumexp(x, -1)[..., 0],
            lambda g, x: (g[..., None] * softmax(x, -1),),
            (5 * normal(3, 4),),
        ),
        Case(
            "variance",
            lambda x: x.var(0),
            lambda g, x: (g * 2 * (x - x.mean(0)) / len(x),),
            (normal(5, 3) + 10,),
            wrong=[(CHAIN, lambda g, x: (g * 2 * x / len(x),))],
        ),
        # Products.
        Case(
            "matmul",
            np.matmul,
            lambda g, x, y: (g @ y.T, x.T @ g),
            (normal(3, 4), normal(4, 5)),
        ),
        Case(
            "matmul, square",
            np.matmul,
            lambda g, x, y: (g @ y.T, x.T @ g),
            (normal(4, 4), 1e-5 * normal(4, 4)),
            wrong=[
                (CHAIN, lambda g, x, y: (g @ y, x.T @ g)),
                (CHAIN, lambda g, x, y: (g @ y.T, g @ x.T)),
            ],
        ),
        Case(
            "matmul, batched",
            np.matmul,
            lambda g, x, y: (g @ y.swapaxes(1, 2), x.swapaxes(1, 2) @ g),
            (normal(2, 3, 4), normal(2, 4, 2)),
        ),
        Case(
            "outer product at 1e12",
            np.outer,
            lambda g, x, y: (g @ y, x @ g),
            (1e6 * normal(4), 1e6 * normal(3)),
        ),
        Case(
            "linear layer",
            lambda x, w, b: x @ w.T + b,
            lambda g, x, w, b: (g @ w, g.T @ x, g.sum(0)),
            (normal(4, 3), normal(2, 3), normal(2)),
            wrong=[("broadcast axis not summed", lambda g, x, w, b: (g @ w, g.T @ x, g.mean(0)))],
        ),
        # Data movement.
        Case(
            "permute and reshape",
            lambda x: x.transpose(2, 0, 1).reshape(4, 6).copy(),
            lambda g, x: (g.reshape(4, 2, 3).transpose(1, 2, 0).copy(),),
            (normal(2, 3, 4),),
            wrong=[
                ("transposed", lambda g, x: (g.reshape(4, 2, 3).reshape(x.shape),)),
                ("transposed", lambda g, x: (g.reshape(4, 3, 2).transpose(2, 1, 0).copy(),)),
            ],
        ),
        _gather(normal(4, 3)),
        # Networks' own.
        Case(
            "softmax",
            lambda x: softmax(x, -1),
            lambda g, x: (softmax(x, -1) * (g - (g * softmax(x, -1)).sum(-1, keepdims=True)),),
            (normal(3, 5),),
            wrong=[
                (CHAIN, lambda g, x: (softmax(x, -1) * g,)),
                (CHAIN, lambda g, x: (softmax(x, -1) * (1 - softmax(x, -1)) * g,)),
                (CHAIN, lambda g, x: (softmax(x, -1) * (g - (g * softmax(x, -1)).sum()),)),
            ],
        ),
        Case(
            "log-softmax over the middle",
            lambda x: x - logsumexp(x, 1),
            lambda g, x: (g - softmax(x, 1) * g.sum(1, keepdims=True),),
            (3 * normal(2, 3, 4),),
            wrong=[
                (CHAIN, lambda g, x: (g - softmax(x, 1),)),
                (CHAIN, lambda g, x: (g - softmax(x, 1) * g.mean(1, keepdims=True),)),
            ],
        ),
        _cross_entropy(normal(5, 4), draws.integers(0, 4, 5)),
        _layer_norm(normal(4, 6), normal(6), normal(6)),
        _conv1d(normal(2, 2, 7), normal(3, 2, 3)),
        _conv2d(normal(1, 2, 5, 5), normal(2, 2, 3, 3)),
        _average_pool(normal(1, 2, 5, 5)),
        _max_pool(normal(1, 2, 4, 4)),
        Case(
            "sine and cosine",
            lambda x: (np.sin(x), np.cos(x)),
            lambda g, x: (g[0] * np.cos(x) - g[1] * np.sin(x),),
            (normal(2, 3),),
            wrong=[
                (CHAIN, lambda g, x: (g[0] * np.cos(x),)),
                ("sign flipped", lambda g, x: (g[0] * np.cos(x) + g[1] * np.sin(x),)),
                ("swapped", lambda g, x: (g[1] * np.cos(x) - g[0] * np.sin(x),)),
            ],
        ),
    ]


def _gather(x: Array) -> Case:
    def put(add: bool) -> Callable[..., Any]:
        def vjp(g: Array, x: Array, rows: Array) -> tuple[Any, ...]:
            made = np.zeros_like(x)
            if add:
                np.add.at(made, rows, g)
            else:
                made[rows] = g
            return made, None

        return vjp

    rows = np.array([0, 2, 2, 1, 0, 0, 3])
    wrong = [(OVERWRITTEN, put(add=False))]
    return Case(
        "rows by repeated index", lambda x, rows: x[rows], put(add=True), (x, rows), wrong=wrong
    )


def _cross_entropy(logits: Array, target: Array) -> Case:
    def forward(x: Array, target: Array) -> Any:
        return -(x - logsumexp(x, 1))[np.arange(len(x)), target].mean()

    def hot(x: Array, target: Array) -> Array:
        return np.eye(x.shape[1])[target]

    return Case(
        "cross entropy",
        forward,
        lambda g, x, t: (g * (softmax(x, 1) - hot(x, t)) / len(x), None),
        (logits, target),
        wrong=[
            (CHAIN, lambda g, x, t: (g * (softmax(x, 1) - hot(x, t)), None)),
            (CHAIN, lambda g, x, t: (g * softmax(x, 1) / len(x), None)),
            (
                "shifted by one",
                lambda g, x, t: (g * (softmax(x, 1) - hot(x, t - 1)) / len(x), None),
            ),
        ],
    )


def _layer_norm(x: Array, weight: Array, bias: Array) -> Case:
    def normed(x: Array) -> tuple[Array, Array]:
        inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return (x - x.mean(-1, keepdims=True)) * inverse, inverse

    def without(*terms: str) -> Callable[..., Any]:
        """The gradient, but for those of its terms."""

        def vjp(g: Array, x: Array, weight: Array, bias: Array) -> tuple[Any, ...]:
            y, inverse = normed(x)
            dy = dx = g * weight
            if "mean" not in terms:
                dx = dx - dy.mean(-1, keepdims=True)
            if "variance" not in terms:
                dx = dx - y * (dy * y).mean(-1, keepdims=True)
            return dx * inverse, (g * y).sum(0), g.sum(0)

        return vjp

    return Case(
        "layer norm",
        lambda x, weight, bias: normed(x)[0] * weight + bias,
        without(),
        (x, weight, bias),
        wrong=[
            (CHAIN, without("mean")),
            (CHAIN, without("variance")),
            (CHAIN, without("mean", "variance")),
        ],
    )


def _conv1d(x: Array, weight: Array) -> Case:
    """Strided, as ``y[:, :, l] = sum over k of x[:, :, 2 l + k] weight[:, :, k]``."""
    length, taps = (x.shape[2] - weight.shape[2]) // 2 + 1, weight.shape[2]
    places = [(position, 2 * position) for position in range(length)]

    def forward(x: Array, weight: Array) -> Array:
        windows = [np.einsum("nck,ock->no", x[:, :, s : s + taps], weight) for _, s in places]
        return np.stack(windows, 2)

    def backward(accumulate: bool) -> Callable[..., Any]:
        def vjp(g: Array, x: Array, weight: Array) -> tuple[Any, ...]:
            dx, dw = np.zeros_like(x), np.zeros_like(weight)
            for position, start in places:
                part = np.einsum("no,ock->nck", g[:, :, position], weight)
                if accumulate:
                    dx[:, :, start : start + taps] += part
                else:
                    dx[:, :, start : start + taps] = part
                dw += np.einsum("no,nck->ock", g[:, :, position], x[:, :, start : start + taps])
            return dx, dw

        return vjp

    wrong = [(OVERWRITTEN, backward(accumulate=False))]
    return Case("conv1d, stride 2", forward, backward(accumulate=True), (x, weight), wrong=wrong)


def _windows(x: Array, size: int) -> list[tuple[int, int, tuple[Any, ...]]]:
    """Every place ``(i, j)`` of a window over the last two axes, and its slice of `x`."""
    rows, columns = x.shape[2] - size + 1, x.shape[3] - size + 1
    return [
        (i, j, (slice(None), slice(None), slice(i, i + size), slice(j, j + size)))
        for i in range(rows)
        for j in range(columns)
    ]


def _conv2d(x: Array, weight: Array) -> Case:
    size = weight.shape[2]
    shape = (x.shape[0], weight.shape[0], x.shape[2] - size + 1, x.shape[3] - size + 1)

    def forward(x: Array, weight: Array) -> Array:
        y = np.zeros(shape, x.dtype)
        for i, j, window in _windows(x, size):
            y[:, :, i, j] = np.einsum("nckl,ockl->no", x[window], weight)
        return y

    def backward(accumulate: bool = True, flipped: bool = False) -> Callable[..., Any]:
        def vjp(g: Array, x: Array, weight: Array) -> tuple[Any, ...]:
            dx, dw = np.zeros_like(x), np.zeros_like(weight)
            kernel = weight[:, :, ::-1, ::-1] if flipped else weight
            for i, j, window in _windows(x, size):
                part = np.einsum("no,ockl->nckl", g[:, :, i, j], kernel)
                dx[window] = dx[window] * accumulate + part
                dw += np.einsum("no,nckl->ockl", g[:, :, i, j], x[window])
            return dx, dw

        return vjp

    wrong = [(OVERWRITTEN, backward(accumulate=False)), ("flipped", backward(flipped=True))]
    return Case("conv2d", forward, backward(), (x, weight), wrong=wrong)


def _average_pool(x: Array) -> Case:
    size = 3

    def forward(x: Array) -> Array:
        means = [x[window].mean((2, 3)) for _, _, window in _windows(x, size)]
        return np.stack(means, 2).reshape(*x.shape[:2], x.shape[2] - 2, x.shape[3] - 2)

    def backward(accumulate: bool = True, area: int = size * size) -> Callable[..., Any]:
        def vjp(g: Array, x: Array) -> tuple[Any, ...]:
            dx = np.zeros_like(x)
            for i, j, window in _windows(x, size):
                dx[window] = dx[window] * accumulate + g[:, :, i : i + 1, j : j + 1] / area
            return (dx,)

        return vjp

    wrong = [(OVERWRITTEN, backward(accumulate=False)), (CHAIN, backward(area=size))]
    return Case("average pool, overlapping", forward, backward(), (x,), wrong=wrong)


def _max_pool(x: Array) -> Case:
    N, C, H, W = x.shape

    def blocks(x: Array) -> Array:
        return x.reshape(N, C, H // 2, 2, W // 2, 2).swapaxes(3, 4).reshape(N, C, H // 2, W // 2, 4)

    def unblock(b: Array) -> Array:
        return b.reshape(N, C, H // 2, W // 2, 2, 2).swapaxes(3, 4).reshape(N, C, H, W)

    def backward(which: Callable[..., Array]) -> Callable[..., Any]:
        def vjp(g: Array, x: Array) -> tuple[Any, ...]:
            hot = np.arange(4) == which(blocks(x), -1)[..., None]
            return (unblock(hot * g[..., None]),)

        return vjp

    wrong = [
        (CHAIN, backward(np.argmin)),
        ("swapped", backward(lambda b, axis: np.abs(b).argmax(axis))),
        (CHAIN, lambda g, x: (unblock(np.repeat(g[..., None], 4, -1)),)),
    ]
    return Case("max pool", lambda x: blocks(x).max(-1), backward(np.argmax), (x,), wrong=wrong)
