"""Every row of the op table through every check: values, dtypes, gradients, layouts, freeing."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs, same, says_less, weighted

import minitorch
from minitorch.autograd.function import Function

EACH = pytest.mark.parametrize("case", CASES, ids=str)
DIFFERENTIABLE = pytest.mark.parametrize("case", [c for c in CASES if c.differentiable], ids=str)
# What PyTorch says where a second derivative or an odd kernel costs it something.
QUIET = pytest.mark.filterwarnings("ignore::UserWarning")


def tensors(case: Case, dtype: Any = np.float64) -> list[Any]:
    return as_inputs(minitorch, tuple(case.arrays(dtype)), gradients=True)


def call(case: Case, *inputs: Any) -> tuple[Any, ...]:
    return outputs(case.function(minitorch, *inputs))


def gradients(outs: Any, inputs: list[Any], **options: Any) -> tuple[Any, ...]:
    return minitorch.autograd.grad(weighted(outs), inputs, materialize_grads=True, **options)


@EACH
def test_says_whether_it_is_differentiable(case: Case) -> None:
    outs = call(case, *tensors(case))
    assert any(getattr(out, "requires_grad", False) for out in outs) == case.differentiable


@DIFFERENTIABLE
def test_first_order_matches_finite_differences(case: Case) -> None:
    assert minitorch.autograd.gradcheck(lambda *xs: call(case, *xs), tensors(case))


# The dearest check of all. PyTorch's second derivatives are compared with ours as well, at the same
# points, so that a quarter of the rows that PyTorch has will do where there is little time.
BY_PYTORCH = [c for c in CASES if c.differentiable and c.in_torch and "float64" not in c.unlike]
LATER = {c.name for number, c in enumerate(BY_PYTORCH) if number % 4}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, id=str(c), marks=[pytest.mark.slow] * (c.name in LATER))
        for c in CASES
        if c.differentiable
    ],
)
def test_second_order_matches_finite_differences(case: Case) -> None:
    def smooth(*xs: Any) -> Any:  # so that a linear operation has a second derivative too
        return tuple(out * out for out in call(case, *xs) if out.requires_grad)

    assert minitorch.autograd.gradgradcheck(smooth, tensors(case))


# Rows whose error tells less than PyTorch's, each with the reason.
OTHER_TEXTS = {
    "scatter_reduce.mean": "the mean is a sum and a division, which is what refuses",
    "F.margin_ranking_loss": "of its two steps that refuse bools, ours comes to the other first",
}


@QUIET
@pytest.mark.parametrize("case", [c for c in CASES if c.in_torch], ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool", "float16", "uint8"])
def test_agrees_with_pytorch(case: Case, dtype: str) -> None:
    if dtype in case.unlike:
        pytest.skip(f"{dtype}: {case.unlike[dtype]}")
    same(case.function, *case.arrays(dtype), texts=case.covers not in OTHER_TEXTS)


@pytest.mark.parametrize(
    ("ours", "left_out"),
    [
        ('"exp" not implemented for torch.int64; shapes [2, 3] and (4,)', ""),
        ("\"exp_cpu\" not implemented for 'Long': (2, 3), [4]", ""),
        ("exp: got int32 of shapes [2, 3] and [4]", "int64: "),
        ("exp: got int64 of shapes [2, 30] and [4]", "('2', '3'): "),
        ("got int64 of shapes [2, 3] and [4]", "the operation: "),
    ],
)
def test_a_text_that_tells_less_is_told_apart(ours: str, left_out: str) -> None:
    theirs = RuntimeError("\"exp_cpu\" not implemented for 'Long', sizes [2, 3] and [4]")
    less = says_less(RuntimeError(ours), theirs, {"int64"})
    assert less.startswith(left_out) and bool(less) == bool(left_out), less


@DIFFERENTIABLE
def test_float32_stays_float32(case: Case) -> None:
    xs = tensors(case, np.float32)
    outs = call(case, *xs)
    assert all(out.dtype is minitorch.float32 for out in outs if out.is_floating_point())
    assert all(g.dtype is minitorch.float32 for g in gradients(outs, xs))


LAYOUTS = {
    "transposed": lambda a: np.asarray(a.T, order="C").T,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1] if a.ndim else a,
}


@QUIET
@EACH
def test_layout_makes_no_difference(case: Case) -> None:
    plain = tensors(case)
    y = call(case, *plain)
    expected = gradients(y, plain) if case.differentiable else ()
    for name, layout in LAYOUTS.items():
        xs = [minitorch.Tensor._wrap(layout(a)).requires_grad_() for a in case.arrays()]
        kept = [x._array.copy() for x in xs]
        z = call(case, *xs)
        for a, b in zip(y, z, strict=True):
            if isinstance(a, minitorch.Tensor):
                np.testing.assert_allclose(
                    a.detach().numpy(), b.detach().numpy(), rtol=1e-12, err_msg=name
                )
        found = gradients(z, xs) if case.differentiable else ()
        for a, b in zip(expected, found, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-12, err_msg=name)
        for x, array in zip(xs, kept, strict=True):
            np.testing.assert_array_equal(x._array, array, f"{name}: an input was changed")


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 100.0, np.nan, np.inf, -np.inf])
# Where inf meets inf or 0 in a sum, what comes out depends on the order in which it is added up.
SUMS = {"norm": "incoming", "_cell": "incoming", "attention": "inputs incoming"}


def with_special(array: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """The array with four in ten of its elements made special, if it is floating."""
    if array.dtype.kind != "f":
        return array
    chosen = draws.random(array.shape) < 0.4
    return np.where(chosen, draws.choice(SPECIAL, array.shape), array).astype(array.dtype)


@pytest.mark.parametrize(
    ("case", "where"),
    [
        pytest.param(case, where, id=f"{case}, {where}")
        for where in ("inputs", "incoming")
        for case in CASES
        if case.differentiable
        and not any(part in case.name and where in places for part, places in SUMS.items())
    ],
)
def test_a_walk_gives_the_same_whether_it_is_recorded_or_not(case: Case, where: str) -> None:
    """One that is not runs on arrays, maybe by a kernel of its own: `Function.array_backward`."""
    if not sum([same_both_ways(case, where, seed) for seed in range(3)]):
        pytest.skip("the operation refuses infinities and NaN")


def same_both_ways(case: Case, where: str, seed: int) -> bool:
    """Compare the two; False if the operation refuses the numbers."""
    ways = []
    for recorded in (False, True):
        minitorch.manual_seed(0)
        draws = np.random.default_rng(seed)
        arrays = case.arrays()
        if where == "inputs":
            arrays = [with_special(np.asarray(a), draws) for a in arrays]
        xs = [minitorch.tensor(a) for a in arrays]
        wanted = [x.requires_grad_() for x in xs if x.is_floating_point()]
        try:
            outs = [o for o in call(case, *xs) if getattr(o, "requires_grad", False)]
        except (RuntimeError, IndexError, ValueError):
            return False
        seeds = [np.asarray(draws.standard_normal(o.shape)) for o in outs]
        if where == "incoming":
            seeds = [with_special(g, draws) for g in seeds]
        grads = [minitorch.tensor(g, dtype=o.dtype) for g, o in zip(seeds, outs, strict=True)]
        ways.append(
            minitorch.autograd.grad(
                outs, wanted, grads, create_graph=recorded, materialize_grads=True
            )
        )
    for a, b in zip(*ways, strict=True):
        np.testing.assert_allclose(
            a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-9, equal_nan=True
        )
    return True


@DIFFERENTIABLE
def test_graph_is_freed_by_reference_count_alone(case: Case) -> None:
    gc.disable()  # so that only reference counts free anything
    try:
        xs = tensors(case)
        outs = call(case, *xs)
        first = gradients(outs, xs, create_graph=True)
        made = [weakref.ref(t) for t in outs]
        made += [weakref.ref(t.grad_fn) for t in outs if t.grad_fn is not None]
        made += [weakref.ref(g) for g in first]
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
        found.add(node._forward_cls)
        stack += [n for n, _ in node.next_functions if isinstance(n, Function)]
    return found


def all_functions(cls: type = Function) -> set[type]:
    below = {s for s in cls.__subclasses__() if s.__module__.startswith("minitorch.ops")}
    return below.union(*(all_functions(s) for s in below)) if below else below


def test_every_function_has_a_row() -> None:
    met: set[type] = set()
    for row in CASES:
        if not row.differentiable:
            continue
        xs = tensors(row)
        outs = call(row, *xs)
        squares = [o * o for o in outs if o.requires_grad]
        first = gradients(squares, xs, create_graph=True)
        again = [g for g in first if g.requires_grad]
        second = gradients([g * g for g in again] or squares, xs, create_graph=True)
        met |= nodes_behind([*outs, *first, *second])
    bases = {c for c in all_functions() if any(m is not c and issubclass(m, c) for m in met)}
    only_between_dtypes = {minitorch.ops.support.cast.Cast}
    aliases = {minitorch.ops.shape.views.Alias}
    # Their gradient is the distribution's, not that of how one draws: see tests/kernels.
    of_draws = {c for c in all_functions() if c.__name__ in ("StandardGamma", "SampleDirichlet")}
    underivable = {c for c in all_functions() if c.torch_name == "NotImplemented"}  # PyTorch's too
    assert (
        all_functions() - met - bases - only_between_dtypes - aliases - of_draws - underivable
        == set()
    )
