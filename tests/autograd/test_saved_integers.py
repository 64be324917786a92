"""Saved indices, masks and class targets are versioned as saved floats are, at both orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs

import minitorch
from minitorch.autograd.base import TensorBase
from minitorch.autograd.gradcheck.trace import nodes_behind
from minitorch.autograd.saved import SavedArray

MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace"

# A function of the module, a float tensor (4, 3) and one of integers or bools; the values of that;
# and what another one would be changed to.
ROW, ENTRIES, EACH_ENTRY = [0, 2, 0], [3, 0, 1], [[0, 1, 2], [3, 2, 1]]
MASK = [True, False, True, True]
GIVEN: dict[str, tuple[Callable[..., Any], Any]] = {
    "x[i]": (lambda m, x, i: x[i], ENTRIES),
    "x[:, i]": (lambda m, x, i: x[:, i], ROW),
    "x[i, i]": (lambda m, x, i: x[i, i], ROW),
    "x[1:, i]": (lambda m, x, i: x[1:, i], ROW),
    "x[None, i]": (lambda m, x, i: x[None, i], ROW),
    "x[mask]": (lambda m, x, i: x[i], MASK),
    "x[mask of all]": (lambda m, x, i: x[i], [[True, False, True]] * 4),
    "x[mask, i]": (lambda m, x, i: x[i, m.tensor([0, 1, 2])], MASK),
    "x[0-d i]": (lambda m, x, i: x[i], 2),
    "x[i] of 0-d mask": (lambda m, x, i: x[i], True),
    "x[i of no entries]": (lambda m, x, i: x[i], []),
    "x[i] = v": (lambda m, x, i: put(m, x, lambda z: z.__setitem__(i, 7.0)), ENTRIES),
    "x[mask] = v": (lambda m, x, i: put(m, x, lambda z: z.__setitem__(i, 7.0)), MASK),
    "z[i] = x": (lambda m, x, i: put(m, x[:3].exp(), lambda z: z.__setitem__(i, x[1:])), [2, 0, 1]),
    "x[0][i] = v": (lambda m, x, i: put(m, x, lambda z: z[0].__setitem__(i, 7.0)), ROW),
    "gather": (lambda m, x, i: x.gather(0, i), EACH_ENTRY),
    "gather 0-d": (lambda m, x, i: x[0, 0].gather(0, i), 0),
    "gather of 1-d by 0-d": (lambda m, x, i: x[0].gather(0, i), 1),
    "take": (lambda m, x, i: x.take(i), ENTRIES),
    "take 2-d": (lambda m, x, i: x.take(i), EACH_ENTRY),
    "take_along_dim": (lambda m, x, i: m.take_along_dim(x, i, 0), EACH_ENTRY),
    "index_select": (lambda m, x, i: x.index_select(0, i), ENTRIES),
    "index_select of dim 1": (lambda m, x, i: x.index_select(1, i), ROW),
    "masked_select": (lambda m, x, i: x.masked_select(i), [[True, False, True]] * 4),
    "masked_select, broadcast": (lambda m, x, i: x.masked_select(i), [True, False, True]),
    "masked_fill": (lambda m, x, i: x.masked_fill(i, 2.0), [[True, False, True]] * 4),
    "masked_fill_": (
        lambda m, x, i: put(m, x, lambda z: z.masked_fill_(i, 2.0)),
        [True, False, True],
    ),
    "masked_scatter": (
        lambda m, x, i: x.masked_scatter(i, x.exp()),
        [[True, False, True]] * 4,
    ),
    "where": (lambda m, x, i: m.where(i, x, x.exp()), [[True, False, True]] * 4),
    "scatter": (lambda m, x, i: x.scatter(0, i, x[:2].exp()), EACH_ENTRY),
    "scatter of a number": (lambda m, x, i: x.scatter(0, i, 3.0), EACH_ENTRY),
    "scatter_": (lambda m, x, i: put(m, x, lambda z: z.scatter_(0, i, x[:2])), EACH_ENTRY),
    "scatter_add": (lambda m, x, i: x.scatter_add(0, i, x[:2].exp()), EACH_ENTRY),
    "scatter_reduce sum": (lambda m, x, i: reduced(x, i, "sum"), EACH_ENTRY),
    "scatter_reduce prod": (lambda m, x, i: reduced(x, i, "prod"), EACH_ENTRY),
    "scatter_reduce mean": (lambda m, x, i: reduced(x, i, "mean"), EACH_ENTRY),
    "scatter_reduce amax": (lambda m, x, i: reduced(x, i, "amax"), EACH_ENTRY),
    "scatter_reduce amin": (lambda m, x, i: reduced(x, i, "amin"), EACH_ENTRY),
    "index_add": (lambda m, x, i: x.index_add(0, i, x[:3].exp()), ENTRIES),
    "index_add times": (lambda m, x, i: x.index_add(0, i, x[:3].exp(), alpha=2), ENTRIES),
    "index_add of 0-d": (lambda m, x, i: x[0, 0].index_add(0, i, x[0, 1]), 0),
    "index_copy": (lambda m, x, i: x.index_copy(0, i, x[:3].exp()), ENTRIES),
    "index_fill": (lambda m, x, i: x.index_fill(0, i, 2.0), ENTRIES),
    "index_fill by 0-d": (lambda m, x, i: x.index_fill(0, i, 2.0), 2),
    "index_fill of a tensor": (lambda m, x, i: x.index_fill(0, i, x[0, 0]), ENTRIES),
    "index_reduce prod": (lambda m, x, i: x.index_reduce(0, i, x[:3].exp(), "prod"), ENTRIES),
    "index_reduce amax": (lambda m, x, i: x.index_reduce(0, i, x[:3].exp(), "amax"), ENTRIES),
    "index_put": (lambda m, x, i: x.index_put((i,), x[:3].exp()), ENTRIES),
    "index_put, adding": (lambda m, x, i: x.index_put((i,), x[:3].exp(), accumulate=True), ENTRIES),
    "index_put by 0-d": (lambda m, x, i: x.index_put((i,), x[0].exp()), 2),
    "index_put of a mask": (lambda m, x, i: x.index_put((i,), x[0].exp()), MASK),
    "put": (lambda m, x, i: x.put(i, x[0].exp()), ENTRIES),
    "put, adding": (lambda m, x, i: x.put(i, x[0].exp(), accumulate=True), ENTRIES),
    "embedding": (lambda m, x, i: m.nn.functional.embedding(i, x), ENTRIES),
    "embedding, padded": (lambda m, x, i: m.nn.functional.embedding(i, x, padding_idx=0), ENTRIES),
    "embedding, by freq": (
        lambda m, x, i: m.nn.functional.embedding(i, x, scale_grad_by_freq=True),
        ROW,
    ),
    "embedding_bag sum": (lambda m, x, i: bag(m, x, i, mode="sum"), EACH_ENTRY),
    "embedding_bag mean": (lambda m, x, i: bag(m, x, i), EACH_ENTRY),
    "embedding_bag max": (lambda m, x, i: bag(m, x, i, mode="max"), EACH_ENTRY),
    "embedding_bag by freq": (lambda m, x, i: bag(m, x, i, scale_grad_by_freq=True), EACH_ENTRY),
    "embedding_bag, padded": (lambda m, x, i: bag(m, x, i, padding_idx=0), EACH_ENTRY),
    "embedding_bag by offsets": (
        lambda m, x, i: bag(m, x, i, m.tensor([0, 2]), mode="sum"),
        ENTRIES,
    ),
    "embedding_bag's offsets": (
        lambda m, x, i: bag(m, x, m.tensor([0, 1, 2, 3]), i, mode="sum"),
        [0, 1, 1],
    ),
    "nll_loss": (lambda m, x, i: m.nn.functional.nll_loss(x, i), [0, 2, 1, 0]),
    "nll_loss of none": (
        lambda m, x, i: m.nn.functional.nll_loss(x, i, ignore_index=1),
        [0, 2, 1, 0],
    ),
    "cross_entropy": (lambda m, x, i: m.nn.functional.cross_entropy(x, i), [0, 2, 1, 0]),
    "cross_entropy, smoothed": (
        lambda m, x, i: m.nn.functional.cross_entropy(x, i, label_smoothing=0.1),
        [0, 2, 1, 0],
    ),
    "cross_entropy, weighted": (
        lambda m, x, i: m.nn.functional.cross_entropy(
            x, i, m.tensor([1.0, 2.0, 3.0], dtype=m.float64)
        ),
        [0, 2, 1, 0],
    ),
    "multi_margin_loss": (lambda m, x, i: m.nn.functional.multi_margin_loss(x, i), [0, 2, 1, 0]),
    "multi_margin_loss, weighted": (
        lambda m, x, i: m.nn.functional.multi_margin_loss(
            x, i, weight=m.tensor([1.0, 2.0, 3.0], dtype=m.float64)
        ),
        [0, 2, 1, 0],
    ),
    "multilabel_margin_loss": (
        lambda m, x, i: m.nn.functional.multilabel_margin_loss(x, i),
        [[0, 2, -1], [1, -1, 0], [2, 1, 0], [-1, 0, 1]],
    ),
    "hinge_embedding_loss": (
        lambda m, x, i: m.nn.functional.hinge_embedding_loss(x, i),
        [[1, -1, 1]] * 4,
    ),
    "max_unpool1d": (
        lambda m, x, i: m.nn.functional.max_unpool1d(x[None], i[None], 2),
        [[1, 2, 4]] * 4,
    ),
    "ctc_loss": (
        lambda m, x, i: m.nn.functional.ctc_loss(
            x[:, None].log_softmax(-1), i, m.tensor([4]), m.tensor([2])
        ),
        [[1, 2]],
    ),
    "repeat_interleave": (lambda m, x, i: x.repeat_interleave(i, 0), [2, 1, 1, 3]),
    "attention's mask": (
        lambda m, x, i: m.nn.functional.scaled_dot_product_attention(
            x[None], x[None], x[None], attn_mask=i
        ),
        [[True, False, True, True]] * 4,
    ),
    "a product of integers": (lambda m, x, i: x * i, [1, 2, 3]),
    "a product of bools": (lambda m, x, i: x * i, [True, False, True]),
    "a power": (lambda m, x, i: x.exp() ** i, [1, 2, 3]),
    "a quotient": (lambda m, x, i: x / i, [1, 2, 3]),
    "ldexp": (lambda m, x, i: m.ldexp(x, i), [1, 2, 3]),
    "clamp": (lambda m, x, i: m.clamp(x, min=i), [0, 1, 2]),
    "lerp": (lambda m, x, i: m.addcmul(x, x, i.to(x.dtype)), [1, 2, 3]),
}


def put(m: Any, x: Any, change: Callable[[Any], Any]) -> Any:
    z = x * 1.0
    change(z)
    return z


def reduced(x: Any, i: Any, how: str) -> Any:
    return x.scatter_reduce(0, i, x[:2].exp(), how)


def bag(m: Any, x: Any, i: Any, *args: Any, **options: Any) -> Any:
    return m.nn.functional.embedding_bag(i, x, *args, **options)


def values() -> Any:
    return np.random.default_rng(0).standard_normal((4, 3))


def change(i: Any) -> None:
    """Another index that is in range."""
    if str(i.dtype).endswith("bool"):
        i.logical_not_()
    else:
        i.copy_(i.flip(0) if i.ndim else i * 0 + 1)
        i.clamp_(min=0)


WAYS = {
    "itself": change,
    "a view": lambda i: change(i.reshape(-1)),
    "detached": lambda i: change(i.detach()),
}


def first_order(m: Any, function: Any, given: Any, touch: Any) -> Any:
    """The gradient, or the error's text."""
    x, i = m.tensor(values(), requires_grad=True), m.tensor(given)
    y = function(m, x, i)
    if touch:
        touch(i)
    try:
        (y * y).sum().backward()
    except RuntimeError as error:
        return str(error)
    return np.asarray(x.grad)


def second_order(m: Any, function: Any, given: Any, touch: Any) -> Any:
    """The gradient of the gradient's square, the index being changed in between."""
    x, i = m.tensor(values(), requires_grad=True), m.tensor(given)
    y = function(m, x, i)
    (g,) = m.autograd.grad((y * y).sum(), x, create_graph=True)
    if touch:
        touch(i)
    try:
        (g * g).sum().backward()
    except RuntimeError as error:
        return str(error)
    return np.asarray(x.grad)


def judge(run: Any, name: str, touch: Any, torch: Any = None) -> None:
    function, given = GIVEN[name]
    if isinstance(given, list) and not given:
        given = np.zeros(0, np.int64)
    true, got = run(minitorch, function, given, None), run(minitorch, function, given, touch)
    if isinstance(got, str):
        assert MODIFIED in got
    else:
        np.testing.assert_array_equal(got, true, "the gradient of another index")
    if torch is not None and not isinstance(run(torch, function, given, touch), str):
        assert not isinstance(got, str), "PyTorch accepts it"


EACH = pytest.mark.parametrize("name", GIVEN)


@EACH
@pytest.mark.parametrize("way", WAYS)
def test_an_index_changed_before_backward(name: str, way: str) -> None:
    judge(first_order, name, WAYS[way])


@EACH
def test_an_index_changed_between_the_first_and_the_second_backward(name: str) -> None:
    judge(second_order, name, change)


NO_SECOND = ("embedding_bag", "max_unpool", "ctc_loss", "_margin_loss")  # in PyTorch


@pytest.mark.filterwarnings("ignore:index_reduce:UserWarning")
@EACH
def test_no_more_is_refused_than_in_pytorch(name: str, torch: Any) -> None:
    judge(first_order, name, change, torch)
    if not any(part in name for part in NO_SECOND):
        judge(second_order, name, change, torch)


# Those of which a copy is saved, so that the gradient is right.
SAFE = {
    "x[0-d i]", "x[i] of 0-d mask", "repeat_interleave", "embedding_bag's offsets",
    "embedding_bag, padded", "multilabel_margin_loss", "hinge_embedding_loss", "ctc_loss",
    "take_along_dim", "a product of integers", "a product of bools", "a power", "a quotient",
    "ldexp", "clamp", "lerp", "masked_scatter", "x[i of no entries]", "masked_select, broadcast",
    "scatter_reduce sum", "scatter_reduce prod", "scatter_reduce mean", "scatter_reduce amax",
    "scatter_reduce amin", "index_reduce prod", "index_reduce amax", "attention's mask",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in GIVEN if name not in SAFE])
def test_what_is_saved_as_given_is_refused(name: str) -> None:
    function, given = GIVEN[name]
    assert MODIFIED in str(first_order(minitorch, function, given, change))


RETURNED: dict[str, Callable[[Any, Any], Any]] = {
    "max": lambda m, x: x.max(0),
    "max, kept": lambda m, x: x.max(1, keepdim=True),
    "min": lambda m, x: x.min(1),
    "sort": lambda m, x: x.sort(0),
    "sort, descending": lambda m, x: x.sort(1, descending=True),
    "topk": lambda m, x: x.topk(2, 0),
    "topk of many": lambda m, x: x.repeat(20, 1).topk(2, 0),
    "median": lambda m, x: x.median(0),
    "median, kept": lambda m, x: x.median(1, keepdim=True),
    "nanmedian": lambda m, x: x.nanmedian(0),
    "mode": lambda m, x: x.mode(0),
    "kthvalue": lambda m, x: x.kthvalue(2, 0),
    "cummax": lambda m, x: x.cummax(0),
    "cummin": lambda m, x: x.cummin(1),
    "max_pool1d": lambda m, x: m.nn.functional.max_pool1d(x[None], 2, return_indices=True),
    "max_pool2d": lambda m, x: m.nn.functional.max_pool2d(x[None], 2, return_indices=True),
    "adaptive_max_pool1d": lambda m, x: m.nn.functional.adaptive_max_pool1d(
        x[None], 2, return_indices=True
    ),
    "frexp": lambda m, x: m.frexp(x),
}


@pytest.mark.parametrize("name", RETURNED)
@pytest.mark.parametrize("run", [first_order, second_order], ids=["first", "second"])
@pytest.mark.parametrize("oracle", [False, True], ids=["alone", "as PyTorch"])
def test_a_returned_index_changed_before_backward(
    name: str, run: Any, oracle: bool, request: pytest.FixtureRequest
) -> None:
    def outcome(m: Any, touch: Any) -> Any:
        def function(m: Any, x: Any, _: Any) -> Any:
            found, index = RETURNED[name](m, x)
            indices.append(index)
            return found

        indices: list[Any] = []
        return run(m, function, 0, touch and (lambda _: touch(indices[-1])))

    true, got = outcome(minitorch, None), outcome(minitorch, change)
    if isinstance(got, str):
        assert MODIFIED in got
    else:
        np.testing.assert_array_equal(got, true)
    if oracle:
        torch = request.getfixturevalue("torch")
        if name == "frexp" and run is second_order:
            pytest.skip("not implemented there")
        expected = outcome(torch, change)
        if not isinstance(expected, str):
            assert not isinstance(got, str)
        elif "pool" not in name:  # whose indices are computed anew where they are asked for
            assert isinstance(got, str)


@pytest.mark.parametrize("m", ["minitorch", "torch"])
def test_a_loop_that_moves_its_index(m: str) -> None:
    module = pytest.importorskip(m)
    w = module.ones(4, requires_grad=True)
    pos, loss = module.tensor([0]), 0
    for k in range(3):
        loss = loss + (w[pos] * (k + 1)).sum()
        pos += 1
    with pytest.raises(RuntimeError, match=MODIFIED):
        loss.backward()
    pos, loss = module.tensor([0]), 0
    for k in range(3):
        loss = loss + (w[pos] * (k + 1)).sum()
        pos = pos + 1
    loss.backward()
    assert w.grad.tolist() == [1, 2, 3, 0]


@pytest.mark.parametrize("make", [np.array, list])
def test_an_array_of_indices_is_copied(make: Any) -> None:
    """Nobody counts its changes. (PyTorch reads the changed one, and gives its gradient.)"""
    x, i = minitorch.ones(3, requires_grad=True), make([0, 1])
    y = x[i]
    i[0] = i[1] = 2
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 0]


def test_a_constant_saved_by_a_backward_is_versioned() -> None:
    """What is saved of a product by its own backward is the same constant."""
    for changed in (False, True):
        x, c = minitorch.tensor([2.0], requires_grad=True), minitorch.tensor([3.0])
        (g,) = minitorch.autograd.grad(((x * c) ** 2).sum(), x, create_graph=True)
        if not changed:
            g.backward()
            assert x.grad.tolist() == [18.0]
            continue
        c.mul_(2)
        with pytest.raises(RuntimeError, match=MODIFIED):
            g.backward()


# ---- nothing of an input or output is kept but what `save` knows -------------------------------


def raw_arrays(value: Any) -> Iterator[Any]:
    """The arrays that a node holds without their versions."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, TensorBase):
        yield value._any_layout
    elif type(value) in (tuple, list, set):
        for item in value:
            yield from raw_arrays(item)
    elif type(value) is dict:
        for item in value.values():
            yield from raw_arrays(item)


class Noting:
    """minitorch, noting the tensors that it makes."""

    def __init__(self) -> None:
        self.made: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(minitorch, name)
        if name not in ("tensor", "arange", "zeros", "ones"):
            return found

        def noted(*args: Any, **kwargs: Any) -> Any:
            self.made.append(found(*args, **kwargs))
            return self.made[-1]

        return noted


@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable], ids=str)
def test_no_node_holds_an_operand_or_a_result_unversioned(case: Case) -> None:
    m, xs = Noting(), as_inputs(minitorch, tuple(case.arrays()), gradients=True)
    outs = outputs(case.function(m, *xs))
    seen = [t for t in (*xs, *m.made, *outs) if isinstance(t, TensorBase)]
    for node in nodes_behind([out for out in outs if getattr(out, "requires_grad", False)]):
        saved = node._saved or ()
        versioned = [item.array for item in saved if isinstance(item, SavedArray)]
        for name, value in vars(node).items():
            if name in ("edges", "outputs"):
                continue
            for array in raw_arrays(value):
                if any(np.shares_memory(array, known) for known in versioned):
                    continue
                shared = [t for t in seen if np.shares_memory(array, t._any_layout)]
                assert not shared, f"{node.name()}.{name} is memory that may be changed unseen"


@pytest.mark.parametrize("name", ["fmod", "remainder"])
def test_a_divisor_that_no_gradient_reads_may_change(name: str) -> None:
    x = minitorch.tensor([1.0, -5.5], requires_grad=True)
    divisor = minitorch.tensor([2.0, 3.0])
    y = getattr(minitorch, name)(x, divisor)
    divisor.zero_()
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1]
