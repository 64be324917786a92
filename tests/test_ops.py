"""Every row of the op table through every check: values, dtypes, gradients, layouts, freeing."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case

import minitorch
from minitorch.autograd.function import Function

EACH = pytest.mark.parametrize("case", CASES, ids=str)


def tensors(case: Case, dtype: Any = np.float64) -> list[Any]:
    return [minitorch.tensor(a, requires_grad=True) for a in case.arrays(dtype)]


def outputs(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def weighted(outs: Any) -> Any:
    """A scalar whose gradient differs from output to output and element to element."""
    total = None
    for out in outputs(outs):
        weights = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)) + 1.5
        module = minitorch if isinstance(out, minitorch.Tensor) else __import__("torch")
        term = (out * module.tensor(weights.tolist(), dtype=out.dtype).reshape(out.shape)).sum()
        total = term if total is None else total + term
    return total


@EACH
def test_first_order_matches_finite_differences(case: Case) -> None:
    assert minitorch.autograd.gradcheck(lambda *xs: case.function(minitorch, *xs), tensors(case))


@EACH
def test_second_order_matches_finite_differences(case: Case) -> None:
    def smooth(*xs: Any) -> Any:  # so that a linear operation has a second derivative too
        return tuple(out * out for out in outputs(case.function(minitorch, *xs)))

    assert minitorch.autograd.gradgradcheck(smooth, tensors(case))


@EACH
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # PyTorch's
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_agrees_with_pytorch(case: Case, dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
    if not case.in_torch:
        pytest.skip("minitorch's own")
    ours = tensors(case, dtype)
    theirs = [torch.tensor(a, requires_grad=True) for a in case.arrays(dtype)]
    y, z = case.function(minitorch, *ours), case.function(torch, *theirs)
    tolerance = 1e-9 if dtype == np.float64 else 2e-5
    for mine, other in zip(outputs(y), outputs(z), strict=True):
        assert tuple(mine.shape) == tuple(other.shape)
        assert str(mine.dtype) == str(other.dtype)
        np.testing.assert_allclose(
            mine.detach().numpy(), other.detach().numpy(force=True), tolerance, tolerance
        )
    dy = minitorch.autograd.grad(weighted(y), ours, create_graph=True, materialize_grads=True)
    dz = torch.autograd.grad(weighted(z), theirs, create_graph=True, materialize_grads=True)
    for mine, other in zip(dy, dz, strict=True):
        assert str(mine.dtype) == str(other.dtype)
        np.testing.assert_allclose(
            mine.detach().numpy(), other.detach().numpy(force=True), tolerance, tolerance
        )
    # Some of PyTorch's gradients are constants where ours still carry a graph of zeros.
    if all(g.requires_grad for g in dy) and all(g.requires_grad for g in dz):
        ddy = minitorch.autograd.grad(
            sum(weighted(g * g) for g in dy), ours, materialize_grads=True
        )
        ddz = torch.autograd.grad(sum(weighted(g * g) for g in dz), theirs, materialize_grads=True)
        for mine, other in zip(ddy, ddz, strict=True):
            np.testing.assert_allclose(
                mine.numpy(), other.numpy(force=True), 10 * tolerance, 10 * tolerance
            )


@EACH
def test_float32_stays_float32(case: Case) -> None:
    xs = tensors(case, np.float32)
    outs = outputs(case.function(minitorch, *xs))
    assert all(out.dtype is minitorch.float32 for out in outs)
    for g in minitorch.autograd.grad(weighted(outs), xs, allow_unused=True):
        assert g is None or g.dtype is minitorch.float32


LAYOUTS = {
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1] if a.ndim else a,
}


@EACH
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_makes_no_difference(case: Case, layout: str) -> None:
    plain = tensors(case)
    other = [minitorch.Tensor._wrap(LAYOUTS[layout](a)).requires_grad_() for a in case.arrays()]
    kept = [x._array.copy() for x in other]
    y, z = (outputs(case.function(minitorch, *xs)) for xs in (plain, other))
    for a, b in zip(y, z, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)
    gy = minitorch.autograd.grad(weighted(y), plain, materialize_grads=True)
    gz = minitorch.autograd.grad(weighted(z), other, materialize_grads=True)
    for a, b in zip(gy, gz, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-12)
    for x, array in zip(other, kept, strict=True):
        np.testing.assert_array_equal(x._array, array, "an input was changed")


@EACH
def test_graph_is_freed_by_reference_count_alone(case: Case) -> None:
    gc.collect()
    gc.disable()
    try:
        xs = tensors(case)
        outs = case.function(minitorch, *xs)
        first = minitorch.autograd.grad(weighted(outs), xs, create_graph=True, allow_unused=True)
        made = [weakref.ref(t) for t in outputs(outs)]
        made += [weakref.ref(t.grad_fn) for t in outputs(outs) if t.grad_fn is not None]
        made += [weakref.ref(g) for g in first if g is not None]
        del outs, first
        assert [ref() for ref in made] == [None] * len(made)
    finally:
        gc.enable()


def nodes_behind(tensors: Any) -> set[type]:
    found: set[type] = set()
    stack = [t.grad_fn for t in tensors if t is not None and t.grad_fn is not None]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        found.add(type(node))
        stack += [n for n, _ in node.next_functions if isinstance(n, Function)]
    return found


def all_functions(cls: type = Function) -> set[type]:
    below = {s for s in cls.__subclasses__() if s.__module__.startswith("minitorch.ops")}
    return below.union(*(all_functions(s) for s in below)) if below else below


def test_every_function_has_a_row() -> None:
    met: set[type] = set()
    for row in CASES:
        xs = tensors(row)
        outs = outputs(row.function(minitorch, *xs))
        first = minitorch.autograd.grad(
            weighted([o * o for o in outs]), xs, create_graph=True, allow_unused=True
        )
        again = [g for g in first if g is not None and g.requires_grad]
        second = minitorch.autograd.grad(
            weighted([g * g for g in again] or outs), xs, create_graph=True, allow_unused=True
        )
        met |= nodes_behind([*outs, *first, *second])
    bases = {
        minitorch.ops.elementwise.Flat,
        minitorch.ops.conv.Convolution,
        minitorch.ops.pool.MaxPool,
        minitorch.ops.pool.AvgPool,
    }
    only_between_dtypes = {minitorch.ops.cast.Cast}
    aliases = {minitorch.ops.shape.Alias}
    assert all_functions() - met - bases - only_between_dtypes - aliases == set()
