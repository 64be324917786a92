"""Large and tiny numbers: what PyTorch computes without overflow, we do too, backward as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs, the_torch

import minitorch as mt
from minitorch.nn import functional as F

SCALES = [("float16", s) for s in (3e2, 3e4, 1e-3, 1e-6)] + [
    ("float32", s) for s in (1e19, 1e25, 1e-20, 1e-25)
]
# Where an answer hangs on the order in which something that overflows is added or multiplied up.
ORDERED = (
    "F.conv",
    "F.bilinear",
    "cumprod",
    "prod, all zeros",
    "F.batch_norm, running",
    "addbmm",
    "rnn_relu_cell",
    "tensordot",
    "F.binary_cross_entropy_with_logits, weights",
)
# A singular matrix's cofactors overflow, where PyTorch gives 0; it cannot go back through cond. The
# gradients of lstsq and ormqr are NaN at 1e19 or 1e-20 where PyTorch's are not: ours fall short.
DECOMPOSED = (
    "det, rank",
    *(f"linalg.cond, {order}" for order in ("fro", "1", "-1")),
    *(f"linalg.lstsq, {how}" for how in ("gels", "vectors")),
    "ormqr",
)
# At its poles, digamma's slope is infinite; PyTorch's is a large number. Of the others, PyTorch
# scales before it multiplies, or has no way that is more exact.
OTHERWISE = (
    *ORDERED,
    "digamma, negative",
    "ldexp",
    "cdist, by product",
    "F.scaled_dot_product_attention",
    "F.grid_sample",
)


def values_and_gradients(m: Any, case: Case, arrays: list[Any]) -> list[Any]:
    xs = as_inputs(m, tuple(arrays), gradients=True)
    m.manual_seed(0)
    outs = [o for o in outputs(case.function(m, *xs)) if hasattr(o, "shape")]
    found = [o.detach().numpy() for o in outs if o.is_floating_point()]
    outs = [o for o in outs if o.requires_grad]
    xs = [x for x in xs if x.requires_grad]
    if outs and xs:
        seeds = [m.ones(tuple(o.shape), dtype=o.dtype) * 1.5 for o in outs]
        gradients = m.autograd.grad(outs, xs, seeds, materialize_grads=True)
        found += [g.detach().numpy(force=True) for g in gradients]
    return found


def scales(case: Case) -> list[tuple[str, float]]:
    """The dtypes and factors at which the row is to be as finite as PyTorch's."""
    if case.name.startswith(DECOMPOSED):
        return []
    otherwise = {"float16": OTHERWISE[:-2], "float32": OTHERWISE}
    return [
        (dtype, scale)
        for dtype, scale in SCALES
        if dtype not in case.unlike and not case.name.startswith(otherwise[dtype])
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [c for c in CASES if c.in_torch and scales(c)], ids=str)
def test_is_finite_wherever_pytorch_is(case: Case) -> None:
    torch = the_torch()
    compared = 0
    for dtype, scale in scales(case):
        arrays = [
            np.clip(a * scale, -6e4, 6e4) if dtype == "float16" else a * scale
            for a in case.arrays(np.float64)
        ]
        arrays = [np.asarray(a, dtype) for a in arrays]
        try:
            theirs = values_and_gradients(torch, case, arrays)
        except (RuntimeError, ValueError, IndexError):
            continue  # it refuses such numbers
        ours = values_and_gradients(mt, case, arrays)
        compared += 1
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            worse = np.isfinite(b) & ~np.isfinite(a)
            assert not worse.any(), f"{dtype} * {scale}, result {number}: {a[worse]} {b[worse]}"
    assert compared


HALF_MEANS = {
    "mean": lambda x: x.mean(),
    "mean, dim": lambda x: x.mean(0),
    "mse_loss": lambda x: F.mse_loss(x, mt.zeros_like(x)),
    "l1_loss": lambda x: F.l1_loss(x, mt.zeros_like(x)),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(
        x, mt.zeros_like(x)
    ),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, mt.zeros_like(x)),
    "huber_loss": lambda x: F.huber_loss(x, mt.zeros_like(x), delta=50.0),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x[None, None], 1),
}


@pytest.mark.parametrize("name", HALF_MEANS)
def test_a_mean_of_float16_is_added_up_in_float32(name: str) -> None:
    x = mt.full((70_000,), 100.0, dtype=mt.float16, requires_grad=True)
    y = HALF_MEANS[name](x)
    assert y.dtype is mt.float16 and y.isfinite().all()
    for recorded in (False, True):  # 1 / 70000 is a float16, 70000 is none
        (gradient,) = mt.autograd.grad(y, x, create_graph=recorded, retain_graph=True)
        assert (gradient > 0).all(), gradient


def test_the_mean_of_float16_is_right() -> None:
    assert mt.full((1000,), 100.0, dtype=mt.float16).mean().item() == 100.0
    assert mt.full((1000, 2), 100.0, dtype=mt.float16).mean(0).tolist() == [100.0, 100.0]


def test_between_the_ends_of_float16() -> None:
    x = mt.tensor([4e4], dtype=mt.float16)
    assert mt.lerp(x, -x, 0.5).item() == 0.0
    q, v = mt.full((1, 2, 4), 300.0, dtype=mt.float16), mt.ones(1, 2, 4, dtype=mt.float16)
    assert F.scaled_dot_product_attention(q, q, v).tolist() == v.tolist()


def test_a_deviation_fits_where_its_square_does_not() -> None:
    for dtype, scales in ((mt.float32, (1e25, 1e-25)), (mt.float16, (1e4, 1e-4))):
        for scale in scales:
            x = mt.tensor([-scale, 0.0, scale], dtype=dtype, requires_grad=True)
            for y in (x.std(), mt.std_mean(x)[0], mt.std_mean(x, 0)[0]):
                (gradient,) = mt.autograd.grad(y, x)
                assert abs(y.item() / scale - 1) < 0.01
                np.testing.assert_allclose(gradient.tolist(), [-0.5, 0.0, 0.5], rtol=0.01)


def test_the_direction_of_a_vector_neither_overflows_nor_vanishes() -> None:
    for dtype, scale in ((mt.float16, 1e-3), (mt.float32, 1e-15), (mt.float32, 1e15)):
        x = mt.tensor([3.0, 4.0], dtype=dtype) * scale
        x.requires_grad_()
        (gradient,) = mt.autograd.grad(x.norm(), x, mt.tensor(1e3, dtype=dtype))
        np.testing.assert_allclose(gradient.tolist(), [600.0, 800.0], rtol=2e-3)
