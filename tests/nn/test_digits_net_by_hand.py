"""Each layer of the digits net against loops that anyone can check, and the article's figures.

The loops are channels-last (N, H, W, C), as such programs are written; minitorch is (N, C, H, W).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.nn import functional as F

Array = np.ndarray[Any, np.dtype[Any]]
N, H, W, C, K = 3, 6, 6, 2, 4


def loop_conv(x: Array, w: Array, b: Array, dy: Array) -> tuple[Array, ...]:
    """A 3x3 convolution with padding 1, and its gradients: x (N,H,W,C), w (3,3,C,K), b (K)."""
    padded = np.zeros((N, H + 2, W + 2, C))
    padded[:, 1:-1, 1:-1] = x
    y, dpadded, dw = np.zeros(dy.shape), np.zeros_like(padded), np.zeros_like(w)
    for n, i, j, k in np.ndindex(*dy.shape):
        window = padded[n, i : i + 3, j : j + 3]
        y[n, i, j, k] = (window * w[..., k]).sum() + b[k]
        dpadded[n, i : i + 3, j : j + 3] += w[..., k] * dy[n, i, j, k]
        dw[..., k] += window * dy[n, i, j, k]
    return y, dpadded[:, 1:-1, 1:-1], dw, dy.sum((0, 1, 2))


def loop_pool(x: Array, dy: Array) -> tuple[Array, Array]:
    """2x2 max pooling and its gradient, which goes to the first maximum."""
    y, dx = np.zeros(dy.shape), np.zeros_like(x)
    for n, i, j, c in np.ndindex(*dy.shape):
        window = x[n, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        a, b = divmod(int(window.argmax()), 2)
        y[n, i, j, c] = window[a, b]
        dx[n, 2 * i + a, 2 * j + b, c] += dy[n, i, j, c]
    return y, dx


def first(array: Array) -> mt.Tensor:
    """Channels last to channels first, as a leaf."""
    return mt.tensor(np.moveaxis(array, -1, 1).copy(), requires_grad=True)


def last(tensor: Any) -> Array:
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


@pytest.fixture
def draw() -> Any:
    return np.random.default_rng(0).standard_normal


def close(a: Array, b: Array) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_convolution(draw: Any) -> None:
    x, w, b, dy = draw((N, H, W, C)), draw((3, 3, C, K)), draw(K), draw((N, H, W, K))
    tx, tb = first(x), mt.tensor(b, requires_grad=True)
    tw = mt.tensor(w.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    y = F.conv2d(tx, tw, tb, padding=1)
    y.backward(first(dy).detach())
    expected, dx, dw, db = loop_conv(x, w, b, dy)
    close(last(y), expected)
    close(last(tx.grad), dx)
    close(tw.grad.numpy().transpose(2, 3, 1, 0), dw)
    close(tb.grad.numpy(), db)


def test_relu(draw: Any) -> None:
    x, dy = draw((N, H, W, C)), draw((N, H, W, C))
    tx = first(x)
    y = F.relu(tx)
    y.backward(first(dy).detach())
    close(last(y), np.where(x > 0, x, 0))
    close(last(tx.grad), dy * (x > 0))


def test_max_pooling(draw: Any) -> None:
    x, dy = draw((N, H, W, C)).round(), draw((N, H // 2, W // 2, C))  # rounded: with ties
    tx = first(x)
    y = F.max_pool2d(tx, 2)
    y.backward(first(dy).detach())
    expected, dx = loop_pool(x, dy)
    close(last(y), expected)
    close(last(tx.grad), dx)


def test_dense(draw: Any) -> None:
    x, w, b, dy = draw((N, 5)), draw((5, K)), draw(K), draw((N, K))
    tx, tw, tb = (mt.tensor(a, requires_grad=True) for a in (x, w.T.copy(), b))
    y = F.linear(tx, tw, tb)
    y.backward(mt.tensor(dy))
    close(y.detach().numpy(), x @ w + b)
    close(tx.grad.numpy(), dy @ w.T)
    close(tw.grad.numpy().T, x.T @ dy)
    close(tb.grad.numpy(), dy.sum(0))


def test_softmax_cross_entropy(draw: Any) -> None:
    logits, labels = draw((N, K)), np.array([2, 0, 3])
    x = mt.tensor(logits, requires_grad=True)
    loss = F.cross_entropy(x, mt.tensor(labels))
    loss.backward()
    exps = np.exp(logits - logits.max(1, keepdims=True))
    probabilities, onehot = exps / exps.sum(1, keepdims=True), np.eye(K)[labels]
    close(loss.detach().numpy(), -(onehot * np.log(probabilities)).sum() / N)
    close(x.grad.numpy(), (probabilities - onehot) / N)


def image(rows: Any) -> mt.Tensor:
    return mt.tensor(rows, dtype=mt.float32)[None, None]


def test_convolution_of_6_by_6_gives_4_by_4() -> None:
    assert F.conv2d(mt.ones(1, 1, 6, 6), mt.ones(1, 1, 3, 3)).shape == (1, 1, 4, 4)


def test_pooling_figures() -> None:
    x = mt.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    assert F.max_pool2d(x, 2)[0, 0].tolist() == [[6, 8], [14, 16]]
    assert F.avg_pool2d(x, 2)[0, 0].tolist() == [[3.5, 5.5], [11.5, 13.5]]
    assert F.max_pool2d(x[0], 2).shape == (1, 2, 2)  # no batch


def test_padding_figures() -> None:
    x, kernel = image([[255, 1, 2]] * 3), image([[0, 1, 0]] * 3)
    assert F.conv2d(x, kernel)[0, 0].tolist() == [[3]]
    assert F.conv2d(x, kernel, padding=1)[0, 0].tolist() == [
        [510, 2, 4],
        [765, 3, 6],
        [510, 2, 4],
    ]


def test_stride_figures() -> None:
    y = F.conv2d(mt.ones(1, 1, 8, 8), mt.ones(1, 1, 5, 5), stride=3)
    assert y[0, 0].tolist() == [[25, 25], [25, 25]]


X, WEIGHT = mt.zeros(8, 3, 28, 28), mt.zeros(16, 4, 3, 3)
BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "channels": (lambda: F.conv2d(X, WEIGHT), RuntimeError, r"4 channels.*got 3.*\(8, 3, 28, 28\)"),
    "conv rank": (lambda: F.conv2d(mt.zeros(3, 3), WEIGHT), RuntimeError, r"Expected 3D.*\[3, 3\]"),
    "kernel": (
        lambda: F.conv2d(mt.zeros(1, 4, 2, 2), WEIGHT),
        RuntimeError,
        r"\(2 x 2\).*Kernel size: \(3 x 3\)",
    ),
    "bias": (lambda: F.conv2d(X, WEIGHT[:, :3], mt.zeros(5)), RuntimeError, "16 elements"),
    "dtype": (lambda: F.conv2d(X.double(), WEIGHT[:, :3]), RuntimeError, "float64.*float32"),
    "groups": (lambda: F.conv2d(X, WEIGHT[:, :3], groups=5), RuntimeError, "groups"),
    "stride": (lambda: F.conv2d(X, WEIGHT[:, :3], stride=0), RuntimeError, "stride"),
    "padding": (lambda: F.conv2d(X, WEIGHT[:, :3], padding="some"), RuntimeError, "'some'"),
    "same": (
        lambda: F.conv2d(X, WEIGHT[:, :3], padding="same", stride=2),
        RuntimeError,
        "strided",
    ),
    "three strides": (lambda: F.conv2d(X, WEIGHT[:, :3], stride=(1, 1, 1)), RuntimeError, "stride"),
    "not a tensor": (lambda: F.conv2d(3, WEIGHT), TypeError, "'input' must be Tensor, not int"),
    "keyword": (lambda: F.conv2d(X, WEIGHT, strides=1), TypeError, "strides"),
    "pool window": (lambda: F.max_pool2d(mt.zeros(1, 1, 2, 2), 3), RuntimeError, "too small"),
    "pool padding": (lambda: F.max_pool2d(X, 2, padding=2), RuntimeError, "half"),
    "pool rank": (lambda: F.max_pool2d(mt.zeros(4, 4), 2), RuntimeError, r"\[4, 4\]"),
    "divisor": (lambda: F.avg_pool2d(X, 2, divisor_override=0), RuntimeError, "divisor"),
    "linear": (
        lambda: F.linear(mt.zeros(2, 3), mt.zeros(4, 5)),
        RuntimeError,
        r"\[4, 5\].*\[2, 3\]",
    ),
    "label": (
        lambda: F.cross_entropy(mt.zeros(2, 3), mt.tensor([0, 3])),
        IndexError,
        "Target 3 is out of bounds.*3 classes",
    ),
    "batch": (
        lambda: F.cross_entropy(mt.zeros(2, 3), mt.tensor([0])),
        ValueError,
        r"batch_size \(2\) to match target batch_size \(1\)",
    ),
    "label dtype": (
        lambda: F.cross_entropy(mt.zeros(2, 3), mt.tensor([0.0, 1.0])),
        RuntimeError,
        "Long",
    ),
    "reduction": (
        lambda: F.cross_entropy(mt.zeros(1, 3), mt.tensor([0]), reduction="avg"),
        ValueError,
        "avg is not a valid value for reduction",
    ),
    "weight": (
        lambda: F.cross_entropy(mt.zeros(1, 3), mt.tensor([0]), mt.ones(2)),
        RuntimeError,
        "3 classes",
    ),
    "smoothing": (
        lambda: F.cross_entropy(mt.zeros(1, 3), mt.tensor([0]), label_smoothing=2.0),
        RuntimeError,
        "label_smoothing",
    ),
    "dropout": (lambda: F.dropout(mt.zeros(1), 1.5), ValueError, "between 0 and 1, but got 1.5"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_says_who_what_and_the_values(name: str) -> None:
    call, kind, message = BAD[name]
    with pytest.raises(kind, match=message):
        call()
