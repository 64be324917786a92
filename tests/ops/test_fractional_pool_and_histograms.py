"""Fractional max pooling and histograms, compared with PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch as mt

Call = Callable[[Any, Any], Any]
POOLS: dict[str, tuple[Call, tuple[int, ...]]] = {
    "2d": (lambda F, x: F.fractional_max_pool2d(x, 2, output_size=4), (2, 3, 9, 8)),
    "2d, a ratio": (
        lambda F, x: F.fractional_max_pool2d(x, (3, 2), output_ratio=(0.4, 0.6)),
        (2, 3, 9, 8),
    ),
    "2d, alone": (lambda F, x: F.fractional_max_pool2d(x, 3, output_size=(1, 3)), (3, 7, 6)),
    "2d, one window": (lambda F, x: F.fractional_max_pool2d(x, 3, output_size=1), (3, 7, 6)),
    "3d": (lambda F, x: F.fractional_max_pool3d(x, 2, output_size=(2, 3, 2)), (2, 2, 5, 7, 6)),
    "3d, a ratio": (
        lambda F, x: F.fractional_max_pool3d(x, 2, output_ratio=(0.5, 0.5, 0.4)),
        (2, 6, 5, 7),
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", POOLS)
def test_windows_are_drawn_as_pytorchs(case: str, dtype: str, torch: Any) -> None:
    call, shape = POOLS[case]
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    ends = []
    for m in (mt, torch):
        for seed in range(5):
            m.manual_seed(seed)
            x = m.from_numpy(values.copy()).requires_grad_()
            y = call(m.nn.functional, x)
            (grad,) = m.autograd.grad(y.square().sum(), x, create_graph=True)
            (second,) = m.autograd.grad(grad.square().sum(), x)
            ends.append([v.detach().numpy() for v in (y, grad, second, m.rand(1))])
    for ours, theirs in zip(ends[:5], ends[5:], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, 1e-6)


def test_gradients_by_finite_differences() -> None:
    x = mt.rand(2, 2, 6, 5, dtype=mt.float64, requires_grad=True)
    samples = mt.rand(2, 2, 2, dtype=mt.float64)

    def pooled(x: Any) -> Any:
        return mt.nn.functional.fractional_max_pool2d(x, 2, output_size=3, _random_samples=samples)

    assert mt.autograd.gradcheck(pooled, x) and mt.autograd.gradgradcheck(pooled, x)


def test_layers(torch: Any) -> None:
    ends = []
    for m in (mt, torch):
        m.manual_seed(1)
        pool = m.nn.FractionalMaxPool2d(2, output_ratio=0.5, return_indices=True)
        y, places = pool(m.rand(1, 2, 6, 6))
        up = m.nn.functional.max_unpool2d(y, places, 2)
        volume = m.nn.FractionalMaxPool3d(2, output_size=(2, 1, 2))(m.rand(2, 4, 4, 4))
        given = m.nn.FractionalMaxPool2d(2, 2, _random_samples=m.full((1, 1, 2), 0.7))
        z = given(m.rand(1, 1, 5, 5))
        ends.append([repr(pool), list(given.state_dict()), y, places, up, volume, z])
    for a, b in zip(*ends, strict=True):
        if hasattr(a, "numpy"):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        else:
            assert a == b


POOL_FAULTS: dict[str, Callable[[Any], Any]] = {
    "no size": lambda m: m.nn.functional.fractional_max_pool2d(m.ones(1, 4, 4), 2),
    "too many": lambda m: m.nn.functional.fractional_max_pool2d(m.ones(1, 4, 4), 2, 4),
    "no channels": lambda m: m.nn.functional.fractional_max_pool2d(m.ones(4, 4), 2, 2),
    "three ratios": lambda m: m.nn.functional.fractional_max_pool2d(
        m.ones(1, 1, 4, 4), 2, output_ratio=(0.5, 0.5, 0.5)
    ),
    "three sizes": lambda m: m.nn.functional.fractional_max_pool2d(
        m.ones(1, 1, 4, 4), (2, 2, 2), 2
    ),
    "samples": lambda m: m.nn.functional.fractional_max_pool2d(
        m.ones(1, 1, 4, 4), 2, 2, _random_samples=m.ones(1, 2, 2)
    ),
    "integers": lambda m: m.nn.functional.fractional_max_pool2d(
        m.arange(16).reshape(1, 4, 4), 2, 2
    ),
    "empty": lambda m: m.nn.functional.fractional_max_pool2d(m.ones(1, 1, 4, 0), 2, 2),
    "volume": lambda m: m.nn.functional.fractional_max_pool3d(m.ones(1, 4, 4, 4), 2, 4),
    "layer without": lambda m: m.nn.FractionalMaxPool2d(2),
    "layer with both": lambda m: m.nn.FractionalMaxPool2d(2, 2, 0.5),
    "layer's ratio": lambda m: m.nn.FractionalMaxPool3d(2, output_ratio=1.5),
}

HISTOGRAMS: dict[str, Callable[[Any], Any]] = {
    "range": lambda m: m.histogram(m.tensor([1.0, 2, 1]), 4, range=(0.0, 3.0)),
    "weights": lambda m: m.histogram(
        m.tensor([[1.0, 2], [1, 9]]), 4, range=(0.0, 3.0), weight=m.tensor([[1.0, 2], [4, 5]])
    ),
    "edges": lambda m: m.tensor([1.0, 2, 3, 4, 0.5]).histogram(m.tensor([0.0, 1, 2, 3])),
    "density": lambda m: m.histogram(m.tensor([1.0, 2, 1]), m.tensor([0.0, 1, 3]), density=True),
    "own range": lambda m: m.histogram(m.linspace(-1, 1, 50) ** 3, 7),
    "one value": lambda m: m.histogram(m.tensor([1.0, 1]), 4),
    "nothing": lambda m: m.histogram(m.tensor([]), 4),
    "double": lambda m: m.histogram(m.linspace(0, 1, 30, dtype=m.float64), 9),
    "grid": lambda m: m.histogramdd(
        m.tensor([[0.0, 1], [1, 0], [2, 0], [2, 2]]), [3, 2], weight=m.tensor([1.0, 2, 4, 8])
    ),
    "grid, density": lambda m: m.histogramdd(
        m.tensor([[0.0, 0], [1, 1], [2, 2]]), [2, 3], range=[0.0, 1, 0, 1], density=True
    ),
    "grid, one number": lambda m: m.histogramdd(m.linspace(0, 1, 24).reshape(2, 4, 3) ** 2, 3),
    "grid of edges": lambda m: m.histogramdd(
        m.linspace(0, 1, 8).reshape(4, 2), (m.tensor([0.0, 0.5, 1]), m.tensor([0.0, 0.2, 0.9]))
    ),
    "no gradient": lambda m: m.histogram(m.tensor([1.0]), 3)[0],
    "integers": lambda m: m.histogram(m.tensor([1, 2]), 4),
    "no bins": lambda m: m.histogram(m.tensor([1.0]), 0),
    "upside down": lambda m: m.histogram(m.tensor([1.0]), 3, range=(2.0, 1.0)),
    "infinite": lambda m: m.histogram(m.tensor([1.0]), 3, range=(1.0, float("inf"))),
    "integer edges": lambda m: m.histogram(m.tensor([1.0]), m.tensor([1, 2])),
    "edges in a matrix": lambda m: m.histogram(m.tensor([1.0]), m.ones(2, 2)),
    "weights of another shape": lambda m: m.histogram(m.tensor([1.0]), 3, weight=m.ones(2)),
    "weights of another dtype": lambda m: m.histogram(m.ones(1), 3, weight=m.ones(1).double()),
    "bins for one of two": lambda m: m.histogramdd(m.ones(4, 2), [3]),
    "a vector": lambda m: m.histogramdd(m.ones(4), 3),
    "half a range": lambda m: m.histogramdd(m.ones(4, 2), 3, range=[0.0, 1.0]),
}


def flat(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return [part for each in value for part in flat(each)]
    return [value]


@pytest.mark.parametrize("case", [*HISTOGRAMS, *POOL_FAULTS])
def test_results_and_refusals_are_pytorchs(case: str, torch: Any) -> None:
    call = {**HISTOGRAMS, **POOL_FAULTS}[case]
    ends = []
    for m in (mt, torch):
        try:
            ends.append([v.numpy() for v in flat(call(m))])
        except Exception as error:
            ends.append([type(error).__name__])
    for a, b in zip(*ends, strict=True):
        if isinstance(b, str):
            assert isinstance(a, str) and a == b
        else:
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, 1e-6)
