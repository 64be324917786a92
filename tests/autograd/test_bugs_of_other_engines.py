"""The bugs that engines of this kind ship, each by name: ours must be right on every one."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch.nn import functional as F


def leaf(*values: float) -> mt.Tensor:
    return mt.tensor(values, requires_grad=True)


def grad_of(y: mt.Tensor, x: mt.Tensor) -> list[float]:
    return mt.autograd.grad(y.sum(), x)[0].tolist()


def test_x_minus_x() -> None:
    x = leaf(1.0, 2.0)
    assert grad_of(x - x, x) == [0.0, 0.0]


def test_x_over_x() -> None:
    x = leaf(2.0, 4.0)
    assert grad_of(x / x, x) == [0.0, 0.0]


def test_x_plus_x() -> None:
    x = leaf(1.0, 2.0)
    assert grad_of(x + x, x) == [2.0, 2.0]


def test_diamond_graph() -> None:
    x = leaf(3.0)
    a = x * 2
    assert grad_of(a * a + a, x) == [2 * 2 * 6.0 + 2]


def test_broadcasting_where_ranks_differ() -> None:
    x, y = mt.ones(2, 3, requires_grad=True), mt.ones(3, requires_grad=True)
    (x * y).sum().backward()
    assert y.grad.tolist() == [2.0, 2.0, 2.0]
    assert x.grad.shape == (2, 3)


def test_duplicate_indices_add() -> None:
    x = leaf(1.0, 2.0, 3.0)
    assert grad_of(x[[0, 0, 2]], x) == [2.0, 0.0, 1.0]


def test_max_ties() -> None:
    x = leaf(1.0, 5.0, 5.0)
    assert grad_of(x.max(), x) == [0.0, 0.5, 0.5]  # over all: shared
    assert grad_of(x.max(0).values, x) == [0.0, 1.0, 0.0]  # over a dim: the first
    assert grad_of(x.amax(0), x) == [0.0, 0.5, 0.5]
    a, b = leaf(1.0, 2.0), leaf(1.0, 3.0)
    assert grad_of(mt.maximum(a, b), a) == [0.5, 0.0]


@pytest.mark.parametrize("length", [3_000, 100_000])
def test_deep_chain_runs_and_is_freed(length: int) -> None:
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + 0.0
    alive = weakref.ref(y.grad_fn)
    y.backward()
    assert x.grad.tolist() == [1.0]
    gc.disable()
    try:
        del y
        assert alive() is None
    finally:
        gc.enable()


def test_deep_chain_of_saved_values_is_freed() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * x
    alive = weakref.ref(y.grad_fn)
    del y
    assert alive() is None
    assert x.grad is None


def test_backward_twice_raises_or_is_right() -> None:
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [4.0], "the refused walk changed nothing"
    z = (x + x).sum()  # nothing saved: a second walk is right, as in PyTorch
    z.backward()
    z.backward()
    assert x.grad.tolist() == [8.0]


def test_backward_twice_with_retain_graph() -> None:
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]


def test_the_gradient_of_a_number_adds_up() -> None:
    x = mt.tensor(3.0, requires_grad=True)
    for times in (1, 2, 3):
        (x * x + x).backward()  # several gradients arrive, whose sum NumPy makes a scalar
        assert x.grad.item() == 7.0 * times
        assert x.grad.shape == () and x.grad.dtype is mt.float32


def test_grads_do_not_alias() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = mt.ones(2)
    (a + b).backward(seed)
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]
    (a + b).backward(seed)
    assert a.grad.tolist() == [1.0, 1.0]
    assert b.grad.tolist() == [2.0, 2.0]
    assert seed.tolist() == [1.0, 1.0]


def test_grad_does_not_alias_an_input() -> None:
    x = leaf(1.0, 2.0)
    y = mt.tensor([3.0, 4.0])
    (x * y).sum().backward()
    x.grad.zero_()
    assert y.tolist() == [3.0, 4.0]


def test_gradients_handed_out_do_not_alias() -> None:
    a, b = leaf(1.0), leaf(2.0)
    seed = mt.ones(1)
    da, db = mt.autograd.grad(a + b, [a, b], seed)
    da.zero_()
    assert db.tolist() == [1.0]
    assert seed.tolist() == [1.0]


def test_graph_is_freed() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(0.5, 1.0)
        y = x.exp().softmax(0).sum()
        node, held = weakref.ref(y.grad_fn), weakref.ref(y)
        y.backward()
        del y
        assert node() is None
        assert held() is None
    finally:
        gc.enable()


def test_buffer_changed_between_forward_and_backward() -> None:
    x, buffer = leaf(1.0, 2.0), mt.tensor([3.0, 4.0])
    y = (x * buffer).sum()
    buffer += 1
    with pytest.raises(RuntimeError, match=r"\[2\].*version 1; expected version 0"):
        y.backward()
    assert x.grad is None


def test_buffer_changed_through_a_view_or_detach() -> None:
    for change in (lambda b: b[0].zero_(), lambda b: b.detach().zero_(), lambda b: b.t().zero_()):
        x, buffer = leaf(1.0, 2.0), mt.tensor([3.0, 4.0])
        y = (x * buffer).sum()
        change(buffer)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()


def test_saved_output_changed() -> None:
    x = leaf(1.0)
    y = x.exp()
    y += 1
    with pytest.raises(RuntimeError, match="ExpBackward0"):
        y.sum().backward()


def test_conv_input_gradient_with_overlapping_windows() -> None:
    x = mt.zeros(1, 1, 4, 4, requires_grad=True)
    F.conv2d(x, mt.ones(1, 1, 3, 3)).sum().backward()
    assert x.grad[0, 0].tolist() == [
        [1.0, 2.0, 2.0, 1.0],
        [2.0, 4.0, 4.0, 2.0],
        [2.0, 4.0, 4.0, 2.0],
        [1.0, 2.0, 2.0, 1.0],
    ]


def test_avg_pool_input_gradient_with_overlapping_windows() -> None:
    x = mt.zeros(1, 1, 1, 4, requires_grad=True)
    F.avg_pool2d(x, (1, 2), stride=1).sum().backward()
    assert x.grad.flatten().tolist() == [0.5, 1.0, 1.0, 0.5]


def test_max_pool_gradient_with_overlapping_windows() -> None:
    x = mt.tensor([[[[1.0, 9.0, 2.0]]]], requires_grad=True)
    F.max_pool2d(x, (1, 2), stride=1).sum().backward()
    assert x.grad.flatten().tolist() == [0.0, 2.0, 0.0]


def test_max_pool_pads_with_minus_infinity() -> None:
    x = mt.full((1, 1, 2, 2), -5.0, requires_grad=True)
    y = F.max_pool2d(x, 2, stride=2, padding=1)
    assert y.flatten().tolist() == [-5.0] * 4
    y.sum().backward()
    assert x.grad.flatten().tolist() == [1.0] * 4


def test_norm_at_zero() -> None:
    x = mt.zeros(3, dtype=mt.float64, requires_grad=True)
    (g,) = mt.autograd.grad(x.norm(), x, create_graph=True)
    assert g.tolist() == [0.0, 0.0, 0.0]
    for p in (1, 2, 3, float("inf")):
        assert not mt.autograd.grad(x.norm(p), x)[0].isnan().any()


def test_repeated_doublings_take_linear_work() -> None:
    calls = 0

    class Doubling(mt.autograd.Function):
        @staticmethod
        def forward(ctx: mt.autograd.Function, x: mt.Tensor) -> mt.Tensor:
            return x + x

        @staticmethod
        def backward(ctx: mt.autograd.Function, grad: mt.Tensor) -> mt.Tensor:
            nonlocal calls
            calls += 1
            return grad + grad

    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = Doubling.apply(y) * 0.5 + y * 0.0
    y.sum().backward()
    assert calls == 60
    assert x.grad.tolist() == [1.0]


def test_losses_say_so_when_they_broadcast() -> None:
    with pytest.warns(UserWarning, match="different to the input size"):
        F.mse_loss(mt.zeros(3, 1), mt.zeros(3))


def test_float32_is_not_turned_into_float64() -> None:
    x = leaf(1.0, 2.0)
    for y in (x * 2.0, x / 3, x**0.5, 1 - x, x.mean(), x.sum() * np.pi, x.exp().log(), x[0] * 2.5):
        assert y.dtype is mt.float32
        assert mt.autograd.grad(y.sum(), x)[0].dtype is mt.float32


def test_relu_gradient_at_zero_is_zero() -> None:
    x = leaf(-1.0, 0.0, 1.0)
    assert grad_of(x.relu(), x) == [0.0, 0.0, 1.0]


def test_relu_gradient_drops_an_infinite_gradient_of_a_dead_unit() -> None:
    x = leaf(-1.0, 1.0)
    (g,) = mt.autograd.grad(x.relu(), x, mt.tensor([float("inf"), 1.0]))
    assert g.tolist() == [0.0, 1.0]


def test_what_a_comparison_in_place_overwrites_gets_no_gradient() -> None:
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    (x.clone().lt_(1.5) * 3).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]
    y = x.clone()
    y[:1].eq_(1.0)
    (gradient,) = mt.autograd.grad(y.sum(), x)
    assert gradient.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@pytest.mark.parametrize("shape", [(2,), (3, 2), (3, 2, 4), (3, 2, 2, 2)])
def test_a_weight_that_gets_no_gradient_may_not_want_one(name: str, shape: tuple[int, ...]) -> None:
    """The weight of classes: others leave its gradient None, whatever was asked for."""
    loss = getattr(F, name)
    x, weight = mt.zeros(shape, requires_grad=True), mt.ones(2, requires_grad=True)
    target = mt.ones((shape[:1] + shape[2:]) if len(shape) > 1 else (), dtype=mt.long)
    with pytest.raises(RuntimeError, match=r"not differentiable with respect to argument 'weight'"):
        loss(x, target, weight=weight)
    with mt.no_grad():
        loss(x, target, weight=weight)
    assert loss(x, target, weight=weight.detach()).requires_grad


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
@pytest.mark.parametrize("norm", ["batch_norm", "instance_norm"])
@pytest.mark.parametrize("by_batch", [True, False])
def test_running_statistics_that_want_a_gradient_are_refused(
    norm: str, name: str, by_batch: bool
) -> None:
    held = {"running_mean": mt.zeros(3), "running_var": mt.ones(3)}
    held[name].requires_grad_()
    option = {"training" if norm == "batch_norm" else "use_input_stats": by_batch}
    function, x = getattr(mt.nn.functional, norm), mt.rand(2, 3, 4)
    with pytest.raises(RuntimeError, match=f"not differentiable .* argument '{name}'"):
        function(x, **held, **option)
    with mt.no_grad():
        function(x, **held, **option)
