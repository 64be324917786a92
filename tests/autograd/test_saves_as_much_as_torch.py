"""What may be changed before backward, or walked twice: as much as in PyTorch, but for a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs

import minitorch as mt
from minitorch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of what PyTorch calls a beta

ROWS = [case for case in CASES if case.in_torch and case.differentiable]

# Changed operands that are refused here though PyTorch's gradient is right, each for its reason.
KEPT = {
    # PyTorch pads unevenly, which copies; here the kernel pads.
    *(f"F.conv{n}d, groups[0]" for n in (1, 2, 3)),
    # PyTorch scales or spreads these first, which copies; here the products take them as they are.
    *(f"F.scaled_dot_product_attention[{n}]" for n in (0, 1)),
    "F.scaled_dot_product_attention, bool mask, dropout[1]",
    "F.scaled_dot_product_attention, float mask, groups[0]",
    *(f"F.scaled_dot_product_attention, nothing to see[{n}]" for n in (0, 1)),
    *(f"matmul, batches broadcast[{n}]" for n in (0, 1)),
    "matmul, vector by batch[1]",
    # A wide matrix's triangle is a product here, with its columns beyond the square.
    "linalg.qr, 2 by 2 by 4[0]",
    "linalg.qr, complete[0]",
    # PyTorch saves the result, which leaves the second order without the first operand.
    "ldexp[0]",
}


class Graph:
    """A row's recorded call: its leaves, what it was given, and the sum of its results."""

    def __init__(self, module: Any, case: Case) -> None:
        self.module = module
        leaves = as_inputs(module, tuple(case.arrays()), True)
        module.manual_seed(0)
        self.given = [x * 1 if x.requires_grad else x for x in leaves]
        made = outputs(case.function(module, *self.given))
        self.outs = [out for out in made if getattr(out, "requires_grad", False)]
        self.leaves = [x for x in leaves if x.requires_grad]
        self.total = sum((out * 1).sum() for out in self.outs)

    def gradients(self, **options: Any) -> list[Any]:
        made = self.module.autograd.grad(self.total, self.leaves, allow_unused=True, **options)
        return [None if gradient is None else gradient.numpy(force=True) for gradient in made]


def changed(module: Any, case: Case, place: int | str) -> Any:
    """The gradients once an operand, or the result, has been changed; None where they raise."""
    graph = Graph(module, case)
    tensor = graph.outs[0] if place == "result" else graph.given[place]  # type: ignore[index]
    try:
        with module.no_grad():
            tensor.detach().add_(1)
        return graph.gradients()
    except RuntimeError:
        return None


def alike(ours: list[Any], theirs: list[Any]) -> bool:
    return all(
        a is b or (a is not None and b is not None and np.allclose(a, b, 1e-7, 1e-9, True))
        for a, b in zip(ours, theirs, strict=True)
    )


def refused(torch: Any, case: Case) -> Iterator[str]:
    """What of a row is refused after a change although PyTorch gives the gradient rightly."""
    try:
        right = Graph(torch, case).gradients()
    except RuntimeError:  # as of torch.linalg.cond, which changes what it saves itself
        return
    if not alike(Graph(mt, case).gradients(), right):  # see docs/differences.md
        return
    floats = [n for n, array in enumerate(case.arrays()) if array.dtype.kind == "f"]
    for place in (*floats, "result"):
        theirs = changed(torch, case, place)  # type: ignore[arg-type]
        if theirs is None or not alike(theirs, right):
            continue
        ours = changed(mt, case, place)  # type: ignore[arg-type]
        if ours is None:
            yield f"{case.name}[{place}]"
        else:
            assert alike(ours, right), f"{case.name}[{place}]"


def test_what_pytorch_lets_change_may_change(torch: Any) -> None:
    assert {found for case in ROWS for found in refused(torch, case)} == KEPT


def twice(module: Any, case: Case) -> tuple[list[Any] | None, list[Any] | None]:
    """The gradients of a walk that keeps nothing, and of a second one; None if it raises."""
    # Without the operands' own `* 1`, and with the results' sum alone: those save a number.
    graph = Graph.__new__(Graph)
    graph.module = module
    graph.leaves = as_inputs(module, tuple(case.arrays()), True)
    module.manual_seed(0)
    outs = outputs(case.function(module, *graph.leaves))
    graph.leaves = [x for x in graph.leaves if x.requires_grad]
    graph.total = sum(out.sum() for out in outs if getattr(out, "requires_grad", False))
    first = None
    try:
        first = graph.gradients()
        return first, graph.gradients()
    except RuntimeError:
        return first, None


def test_what_pytorch_walks_twice_is_walked_twice(torch: Any) -> None:
    stricter = []
    for case in ROWS:
        first, second = twice(mt, case)
        assert first is not None, case.name
        if second is not None:
            assert alike(second, first), case.name
        elif twice(torch, case)[1] is not None:
            stricter.append(case.name)
    # The weight of the one is kept as a tensor's would be; the other is a product with zeros.
    assert stricter == ["lerp", "linalg.matrix_power, 0"]


# ---- by theory, without PyTorch -----------------------------------------------------------------

SAVES_NO_OPERAND: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "2 / h": (lambda h: 2 / h, lambda x: -2 / x**2),
    "1.5 / h": (lambda h: 1.5 / h, lambda x: -1.5 / x**2),
    "array / h": (lambda h: np.float64(3) / h, lambda x: -3 / x**2),
    "reciprocal": (lambda h: h.reciprocal(), lambda x: -1 / x**2),
    "fmod": (lambda h: h.fmod(0.7), np.ones_like),
    "remainder": (lambda h: h % 0.7, np.ones_like),
    "add": (lambda h: mt.add(h, h, alpha=3), lambda x: 4 + 0 * x),
    "sub": (lambda h: mt.sub(1, h, alpha=3), lambda x: -3 + 0 * x),
    "rsub": (lambda h: mt.rsub(h, h, alpha=3), lambda x: -2 + 0 * x),
    "lerp": (lambda h: mt.lerp(h, 2 + 0 * h, 0.25), lambda x: 0.75 + 0 * x),
    "deg2rad": (lambda h: h.deg2rad(), lambda x: np.pi / 180 + 0 * x),
    "cross_entropy": (
        lambda h: F.cross_entropy(h, mt.tensor([1, 0]), reduction="sum"),
        lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True) - [[0, 1, 0], [1, 0, 0]],
    ),
    "cross_entropy, smoothed": (
        lambda h: F.cross_entropy(h, mt.tensor([1, 0]), reduction="sum", label_smoothing=0.3),
        lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True) - [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]],
    ),
}


@pytest.mark.parametrize("name", SAVES_NO_OPERAND)
@pytest.mark.parametrize("leaf", [False, True])
def test_an_operand_that_is_not_saved_may_change(name: str, leaf: bool) -> None:
    function, gradient = SAVES_NO_OPERAND[name]
    start = np.array([[0.4, 1.1, 2.3], [1.9, 0.3, 0.9]])
    x = mt.tensor(start, requires_grad=True)
    h = x if leaf else x * 1.0
    total = function(h).sum()
    with mt.no_grad():
        h.mul_(-3.0)
    total.backward()
    np.testing.assert_allclose(x.grad.numpy(), gradient(start), 1e-12)


def test_the_second_order_still_refuses_what_it_needs() -> None:
    x = mt.randn(2, 3, requires_grad=True)
    h = x * 1.0
    loss = F.cross_entropy(h, mt.tensor([1, 0]))
    with mt.no_grad():
        h.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        mt.autograd.grad(loss, x, create_graph=True)


def test_biases_and_masks_may_change_and_all_else_not() -> None:
    def step(changed: int) -> None:
        operands = [mt.randn(*shape) for shape in ((2, 3), (2, 4), (4, 3), (4, 4), (4,), (4,))]
        operands = [x.requires_grad_() for x in operands]
        total = mt.rnn_tanh_cell(*operands).sum()
        with mt.no_grad():
            operands[changed].add_(1.0)
        total.backward()

    step(4)
    step(5)
    for place in range(4):
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            step(place)


@pytest.mark.parametrize("function", [mt.Tensor.tril, mt.Tensor.triu])
def test_a_triangle_is_walked_twice(function: Any) -> None:
    x = mt.randn(2, 3, 4, dtype=mt.float64, requires_grad=True)
    total = function(x, 1).sum()
    total.backward()
    total.backward()
    assert x.grad.tolist() == (function(mt.ones(2, 3, 4), 1) * 2).tolist()
