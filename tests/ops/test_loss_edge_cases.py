"""Losses where there is nothing to learn from, or nothing sensible: next to PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch as mt
from minitorch.nn import functional as F

# The batch's shape as (N, C, *); with 0 samples or pixels, too.
SHAPES = [(3,), (2, 3), (2, 3, 2), (2, 3, 2, 2), (1, 3, 1, 2, 2), (0, 3), (2, 3, 0)]
OF_CLASSES = ["cross_entropy", "cross_entropy, smoothed", "nll_loss"]


def of_classes(m: Any, name: str, *args: Any, **options: Any) -> Any:
    name, _, smoothed = name.partition(", ")
    smoothing = {"label_smoothing": 0.3} if smoothed else {}
    return getattr(m.nn.functional, name)(*args, **options, **smoothing)


def target_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("ignored", [-100, 1])
@pytest.mark.parametrize("dtype", [mt.float16, mt.float32], ids=str)
def test_a_batch_of_ignored_targets_changes_no_parameter(
    name: str, shape: tuple[int, ...], ignored: int, dtype: Any
) -> None:
    target = mt.full(target_shape(shape), ignored)
    for recorded in (False, True):
        for options in ({}, {"weight": mt.tensor([1.0, 0.0, 2.0], dtype=dtype)}):
            for reduction in ("mean", "sum", "none"):
                x = mt.randn(shape, dtype=dtype, requires_grad=True)
                loss = of_classes(
                    mt, name, x, target, ignore_index=ignored, reduction=reduction, **options
                )
                assert reduction != "mean" or loss.isnan()
                mean = loss.sum() / (target != ignored).sum()  # a mean by hand: divided by 0
                (gradient,) = mt.autograd.grad(mean, x, create_graph=recorded)
                assert gradient.tolist() == mt.zeros(shape).tolist()
                if gradient.requires_grad:
                    (again,) = mt.autograd.grad((gradient**2).sum(), x, materialize_grads=True)
                    assert again.tolist() == mt.zeros(shape).tolist()


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("shape", SHAPES[:4], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, [0.0, 0.0, 0.0], [1.0, 0.0, 2.0]], ids=str)
@pytest.mark.parametrize("ignored", ["all", "some", "none"])
def test_ignored_targets_and_weights_of_0_as_in_pytorch(
    name: str, shape: tuple[int, ...], reduction: str, weight: Any, ignored: str
) -> None:
    torch = the_torch()
    target = np.full(target_shape(shape), -1 if ignored == "all" else 1)
    if ignored == "some":
        target.flat[:1] = -1
    values = np.random.default_rng(0).standard_normal(shape)
    found = []
    for m in (mt, torch):
        x = m.tensor(values.tolist(), dtype=m.float64, requires_grad=True)
        factors = None if weight is None else m.tensor(weight, dtype=m.float64)
        loss = of_classes(
            m, name, x, m.tensor(target.tolist()), factors, ignore_index=-1, reduction=reduction
        )
        found.append((loss, *m.autograd.grad(loss.sum(), x)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-12)


def test_training_survives_a_batch_of_ignored_targets() -> None:
    for loss in (mt.nn.CrossEntropyLoss(), mt.nn.CrossEntropyLoss(label_smoothing=0.1)):
        layer = mt.nn.Linear(2, 3)
        before = layer.weight.tolist()
        optimizer = mt.optim.SGD(layer.parameters(), lr=0.1)
        loss(layer(mt.ones(2, 2)), mt.full((2,), -100)).backward()
        optimizer.step()
        assert layer.weight.tolist() == before


def test_an_ignored_target_takes_no_gradient_that_is_not_finite() -> None:
    for function in (F.cross_entropy, F.nll_loss):
        x = mt.zeros(2, 3, requires_grad=True)
        losses = function(x, mt.tensor([-100, 1]), reduction="none")
        (gradient,) = mt.autograd.grad(losses, x, mt.tensor([float("nan"), 1.0]))
        assert gradient[0].tolist() == [0.0, 0.0, 0.0]
        assert gradient.isfinite().all()


@pytest.mark.parametrize("function", [F.smooth_l1_loss, F.huber_loss])
def test_a_rounded_loss_is_curved_where_nothing_is_off(function: Any) -> None:
    x = mt.tensor([0.0, 0.5, 3.0], dtype=mt.float64, requires_grad=True)
    loss = function(x, mt.zeros(3, dtype=mt.float64), reduction="sum")
    (slope,) = mt.autograd.grad(loss, x, create_graph=True)
    (curvature,) = mt.autograd.grad(slope.sum(), x)
    assert slope.tolist() == [0.0, 0.5, 1.0]
    assert curvature.tolist() == [1.0, 1.0, 0.0]


def test_kl_div_has_no_finite_slope_at_a_target_of_0() -> None:
    """Its derivative there is -inf; PyTorch's is NaN."""
    for log_probability in (-1.0, float("-inf")):
        for recorded in (False, True):
            x, t = mt.tensor([log_probability, -1.0]), mt.tensor([0.0, 0.5], requires_grad=True)
            loss = F.kl_div(x, t, reduction="none")
            (slope,) = mt.autograd.grad(loss[1:].sum() + loss[0], t, create_graph=recorded)
            assert not slope[0].isfinite()
            assert slope[1].item() == pytest.approx(np.log(0.5) + 1 + 1)


def test_a_loss_of_logits_has_the_dtype_of_its_target() -> None:
    kinds = (mt.float16, mt.float32, mt.float64)
    for x_kind in kinds:
        for y_kind in kinds:
            x, y = mt.zeros(2, dtype=x_kind, requires_grad=True), mt.ones(2, dtype=y_kind)
            for options in ({}, {"weight": y}, {"pos_weight": mt.ones(2, dtype=mt.float64)}):
                loss = F.binary_cross_entropy_with_logits(x, y, **options)
                assert loss.dtype is y_kind
                assert mt.autograd.grad(loss, x)[0].tolist() == [-0.25, -0.25]
