"""Views and their bases whose shape, memory or place in the graph is changed in place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import minitorch

VALUES = [[1.0, 10.0], [100.0, 1000.0]]  # times 1 or 3, each tells where it comes from
WEIGHTS = [1.0, 20.0, 300.0, 4000.0]

CHANGES: dict[str, Callable[[Any], Any]] = {
    "t_": lambda v: v.t_() if v.ndim <= 2 else v.transpose_(1, 2),
    "transpose_": lambda v: v.transpose_(0, 1),
    "swapaxes_": lambda v: v.swapaxes_(0, -1),
    "swapdims_": lambda v: v.swapdims_(-1, 0),
    "unsqueeze_": lambda v: v.unsqueeze_(1),
    "squeeze_": lambda v: v.squeeze_(),
    "squeeze_ of one": lambda v: v.squeeze_(0),
    "several": lambda v: v.transpose_(0, 1).unsqueeze_(0).transpose_(1, 2).squeeze_(),
    "and back": lambda v: v.transpose_(0, 1).transpose_(0, 1),
}
VIEWS: dict[str, Callable[[Any], Any]] = {
    "view": lambda h: h.view(2, 2),
    "slice": lambda h: h[:],
    "row": lambda h: h[:1],
    "column": lambda h: h[:, 1:],
    "transposed": lambda h: h.t(),
    "flat": lambda h: h.view(4)[1:].view(3, 1),
    "of a view": lambda h: h.view(1, 2, 2)[0].view(4).view(2, 2),
    "as_strided": lambda h: h.as_strided((2, 2), (1, 2)),
    "part as_strided": lambda h: h.as_strided((1, 2), (1, 2), 1),
    "windows": lambda h: h.view(4).unfold(0, 2, 2),
    "itself": lambda h: h,
}
# What is turned, and what is multiplied by 3 after that.
ORDERS = ["view, view", "view, base", "base, view", "base, base", "view, none", "base, none"]
MODES = ["recorded", "no_grad"]
ROWS = list(product(CHANGES, VIEWS, ORDERS, MODES))


def gradients(m: Any, change: str, view: str, order: str, mode: str) -> Any:
    """Values and gradients of the view and of its base; or the error."""
    w = m.tensor(VALUES, requires_grad=True)
    try:
        h = w * 1.0
        v = VIEWS[view](h)
        turned, scaled = order.split(", ")
        with m.set_grad_enabled(mode == "recorded"):
            CHANGES[change](v if turned == "view" else h)
        if scaled != "none":
            (v if scaled == "view" else h).mul_(3)
        found = []
        for t in (v, h):
            total = (t.reshape(-1) * m.tensor(WEIGHTS[: t.numel()])).sum()
            (grad,) = m.autograd.grad(total, w, retain_graph=True)
            found.append((np.asarray(t.tolist()), np.asarray(grad.tolist())))
        return found
    except RuntimeError as error:
        return error


def true(values: Any) -> Any:
    """The gradient of the weighted sum of such values: each is 1 or 3 times an element of w."""
    grad = np.zeros(4)
    for weight, value in zip(WEIGHTS, values.reshape(-1), strict=False):
        place = int(np.log10(value) + 1e-6)
        grad[place] += weight * value / 10**place
    return grad.reshape(2, 2)


def is_true(found: Any) -> bool:
    return all(np.array_equal(grad, true(values)) for values, grad in found)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_is_that_of_the_values(change: str, mode: str) -> None:
    for view, order in product(VIEWS, ORDERS):
        found = gradients(minitorch, change, view, order, mode)
        assert not isinstance(found, RuntimeError), (view, order, found)
        assert is_true(found), (view, order, found)


@pytest.mark.parametrize("change", CHANGES)
def test_values_are_those_of_pytorch(change: str, torch: Any) -> None:
    for view, order, mode in product(VIEWS, ORDERS, MODES):
        found, expected = (gradients(m, change, view, order, mode) for m in (minitorch, torch))
        if isinstance(expected, RuntimeError):
            continue
        for (values, grad), (theirs, their_grad) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(values, theirs)
            if mode == "recorded":  # else it forgets that the base was turned
                np.testing.assert_array_equal(grad, their_grad)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_view_across_a_base_that_does_not_lie_in_order(order: str) -> None:
    """The base's memory is kept in its order, or a view would be a copy there."""
    w = minitorch.tensor(VALUES, requires_grad=True)
    h = w.t().clone() if order == "F" else w * 1.0
    v = (h.t() if order == "F" else h).view(4)
    v[1:3].mul_(3)
    (grad,) = minitorch.autograd.grad(h.sum(), w, retain_graph=True)
    assert grad.tolist() == [[1, 3], [3, 1]]
    (grad,) = minitorch.autograd.grad(v.sum(), w)
    assert grad.tolist() == [[1, 3], [3, 1]]


def test_second_order_through_a_turned_base() -> None:
    w = minitorch.tensor(VALUES, dtype=minitorch.float64, requires_grad=True)

    def program(w: Any) -> Any:
        h = w * w
        v = h[0]
        h.t_()
        v.mul_(w[1])
        return (h * h).sum() + v.prod()

    assert minitorch.autograd.gradcheck(program, w)
    assert minitorch.autograd.gradgradcheck(program, w)


# ---- memory that is set -------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["base", "view"])
@pytest.mark.parametrize("scaled", ["base", "view"])
def test_a_view_of_other_memory_is_not_followed(whose: str, scaled: str) -> None:
    w = minitorch.tensor(VALUES, requires_grad=True)
    h = w * 1.0
    v = h.view(2, 2)
    (h if whose == "base" else v).data = minitorch.ones(2, 2)
    with pytest.raises(RuntimeError, match="make the view anew"):
        (h if scaled == "base" else v).mul_(3)
        v.sum().backward()
    again = h.view(2, 2)
    again.mul_(3)
    assert again.requires_grad


def data_set(m: Any) -> Any:
    x, y = m.ones(2), m.zeros(2)
    x.add_(1)
    x.data = y
    y.add_(1)
    versions = [x._version, y._version]
    x.add_(1)
    return [*versions, x._version, y._version, x.tolist(), y.tolist()]


def data_set_of_a_leaf_then_changed(m: Any) -> Any:
    w = m.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    w.data = m.tensor([10.0, 10.0])
    with m.no_grad():
        w.add_(1)
    return y.backward()


def data_set_of_a_layer(m: Any) -> Any:
    layer, x = m.nn.Linear(2, 2), m.ones(3, 2, requires_grad=True)
    m.nn.utils.vector_to_parameters(m.arange(6.0), layer.parameters())
    y = layer(x).square().sum()
    m.nn.utils.vector_to_parameters(m.zeros(6), layer.parameters())
    y.backward()
    return x.grad.tolist(), layer.weight.grad.tolist(), layer.weight._version


def data_set_of_a_base(m: Any) -> Any:
    x = m.ones(2)
    v = x[:1]
    x.data = m.zeros(2)
    v.add_(1)
    return x.tolist(), v.tolist(), x._version, v._version


DATA = [data_set, data_set_of_a_layer, data_set_of_a_leaf_then_changed, data_set_of_a_base]


def outcome(program: Any, m: Any) -> Any:
    try:
        return program(m)
    except RuntimeError as error:
        return str(error)[:39]


@pytest.mark.parametrize("program", DATA)
def test_setting_data_keeps_the_version_counter(program: Any, torch: Any) -> None:
    assert outcome(program, minitorch) == outcome(program, torch)


class Cube(minitorch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, w: Any) -> Any:
        ctx.save_for_backward(w)
        return w**3

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (w,) = ctx.saved_tensors
        return 3 * w * w * grad


# The leaf is (2, 2), 64-bit.
USES: dict[str, Any] = {
    "product": lambda w: w * w * w,
    "matmul": lambda w: w @ w,
    "linear": lambda w: minitorch.nn.functional.linear(w, w).square(),
    "conv": lambda w: minitorch.nn.functional.conv1d(w[None], w[:, :, None]).exp(),
    "softmax": lambda w: w.log_softmax(1).exp(),
    "reduction": lambda w: w.prod(0),
    "custom": lambda w: Cube.apply(w),
    "of other layout": lambda w: (w.t() * w).exp(),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", USES)
def test_the_gradient_is_of_what_the_leaf_was_when_used(name: str, turned: bool) -> None:
    """PyTorch takes the new numbers where the very leaf is saved, the old ones where a view is."""

    def derivatives(swap: bool) -> list[Any]:
        w = minitorch.tensor(VALUES, dtype=minitorch.float64)
        w = (w.t().sin() if turned else w.sin()).requires_grad_()
        y = USES[name](w).sum()
        if swap:
            w.data = minitorch.full((2, 2), 5.0, dtype=minitorch.float64)
        y.backward(retain_graph=True)
        (first,) = minitorch.autograd.grad(y, w, create_graph=True)
        (second,) = minitorch.autograd.grad(first.exp().sum(), w)
        return [w.grad.tolist(), first.tolist(), second.tolist()]

    assert derivatives(swap=True) == derivatives(swap=False)


# ---- views of what asks for gradients, and asked or was detached later --------------------------


def leaf(m: Any) -> Any:
    return m.tensor([2.0, 3.0], requires_grad=True)


ALIKE: dict[str, Callable[[Any], Any]] = {
    "slice": lambda w: w[:1],
    "view": lambda w: w.view(2, 1),
    "view_as": lambda w: w.view_as(w),
    "expand": lambda w: w.expand(2, 2),
    "unbind": lambda w: w.unbind()[0],
    "chunk": lambda w: w.chunk(2)[0],
    "as_strided": lambda w: w.as_strided((1,), (1,)),
    "reshape": lambda w: w.reshape(1, 2),
    "unfold": lambda w: w.unfold(0, 1, 1),
    "squeeze": lambda w: w.squeeze(),
    "detach": lambda w: w.detach(),
    "data": lambda w: w.data,
    "clone": lambda w: w.clone(),
    "to": lambda w: w.to(w.dtype),
}


def flags(v: Any) -> Any:
    return v.requires_grad, v.is_leaf, v.grad_fn is None


def made_in_no_grad(m: Any, view: Any) -> Any:
    w = leaf(m)
    with m.no_grad():
        v = view(w)
    return flags(v), (v * 2).requires_grad


def made_of_a_result_in_no_grad(m: Any, view: Any) -> Any:
    h = leaf(m) * 2
    with m.no_grad():
        v = view(h)
    return flags(v), (v * 2).requires_grad


def made_before(m: Any, view: Any) -> Any:
    w = m.tensor([2.0, 3.0])
    v = view(w)
    before = flags(v)
    w.requires_grad_()
    return before, flags(v), (v * 2).requires_grad


def used(m: Any, view: Any) -> Any:
    w = leaf(m)
    with m.no_grad():
        v = view(w)
    (v * w.sum()).sum().backward()
    return None if v.grad is None or v is w else v.grad.tolist(), w.grad.tolist()


def no_longer_asked(m: Any, view: Any) -> Any:
    w = leaf(m)
    with m.no_grad():
        v = view(w)
    w.requires_grad_(False)
    return flags(v)


def to_numpy(m: Any, view: Any) -> Any:
    w = leaf(m)
    with m.no_grad():
        v = view(w)
    return v.numpy().tolist()


def changed_in_grad_mode(m: Any, view: Any) -> Any:
    h = leaf(m) * 1
    with m.no_grad():
        v = view(h)
    return v.add_(2).tolist()


def leaf_changed_in_grad_mode(m: Any, view: Any) -> Any:
    w = leaf(m)
    with m.no_grad():
        v = view(w)
    return v.add_(2).tolist()


def base_changed_in_grad_mode(m: Any, view: Any) -> Any:
    h = leaf(m) * 1
    with m.no_grad():
        v = view(h)
    h.mul_(3)
    return flags(v)


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize(
    "program",
    [
        made_in_no_grad,
        made_of_a_result_in_no_grad,
        made_before,
        used,
        no_longer_asked,
        to_numpy,
        base_changed_in_grad_mode,
    ],
)
def test_whether_a_view_requires_grad(program: Any, name: str, torch: Any) -> None:
    ours, theirs = (outcome(lambda m: program(m, ALIKE[name]), m) for m in (minitorch, torch))
    assert ours == theirs


@pytest.mark.parametrize("name", [name for name in ALIKE if name != "expand"])
@pytest.mark.parametrize("program", [changed_in_grad_mode, leaf_changed_in_grad_mode])
def test_a_view_made_in_no_grad_is_not_changed_in_grad_mode(
    program: Any, name: str, torch: Any
) -> None:
    ours, theirs = (outcome(lambda m: program(m, ALIKE[name]), m) for m in (minitorch, torch))
    assert ours == theirs


def test_a_view_of_a_leaf_that_is_a_view_is_not_changed() -> None:
    w = minitorch.arange(4.0).view(2, 2).requires_grad_()
    for view in (w[0], w.t(), w.view(4)[1:]):
        with pytest.raises(RuntimeError, match="a view of a leaf Variable"):
            view.mul_(3)
    assert w.tolist() == [[0, 1], [2, 3]]


# ---- detach_ ------------------------------------------------------------------------------------


def changed_and_detached(m: Any) -> Any:
    w = leaf(m)
    h = w * 1.0
    h.mul_(2)
    s = h.sum()
    h.detach_()
    s.backward()
    return flags(h), h._version, w.grad.tolist()


def view_made_after_the_change(m: Any) -> Any:
    w = leaf(m)
    h = w * 1.0
    h.mul_(2)
    v = h[:1]
    h.detach_()
    (v * 5).sum().backward()
    return flags(h), v.requires_grad, w.grad.tolist()


def view_changed(m: Any) -> Any:
    w = leaf(m)
    h = w * 1.0
    v = h[:1]
    v.mul_(2)
    h.detach_()
    (v * 5).sum().backward()
    return flags(h), v.requires_grad, w.grad.tolist()


def view_changed_after_it(m: Any) -> Any:
    h = leaf(m) * 1.0
    v = h[:1]
    h.detach_()
    return v.mul_(2).tolist()


def recorded_again(m: Any) -> Any:
    w = leaf(m)
    h = w * 1.0
    v = h[:1]
    h.detach_()
    h.mul_(w)
    (v * 5).sum().backward()
    return flags(h), v.requires_grad, w.grad.tolist()


def truncated(m: Any) -> Any:
    w, h = leaf(m), m.zeros(2)
    for _ in range(3):
        h = h * w
        h.add_(1)
        h.detach_()
    (h * w).sum().backward()
    return w.grad.tolist()


def in_no_grad(m: Any) -> Any:
    h = leaf(m) * 1.0
    h.mul_(2)
    with m.no_grad():
        h.detach_()
    return flags(h)


def of_a_view(m: Any) -> Any:
    v = (leaf(m) * 1.0)[:1]
    return v.mul_(2).detach_()


def retained(m: Any) -> Any:
    w = leaf(m)
    h = w * 1.0
    h.mul_(2)
    h.retain_grad()
    s = (h * 3).sum()
    h.detach_()
    s.backward()
    return w.grad.tolist(), h.grad.tolist()


@pytest.mark.parametrize(
    "program",
    [
        changed_and_detached,
        view_made_after_the_change,
        view_changed,
        view_changed_after_it,
        recorded_again,
        truncated,
        in_no_grad,
        of_a_view,
        retained,
    ],
)
def test_detach_in_place(program: Any, torch: Any) -> None:
    assert outcome(program, minitorch) == outcome(program, torch)


@pytest.mark.parametrize("changed", ["before", "after"])
def test_a_view_that_lost_its_base_is_not_followed(changed: str) -> None:
    """PyTorch drops its gradient without a word."""
    w = leaf(minitorch)
    h = w * 1.0
    v = h[:1]
    if changed == "before":
        h.mul_(2)
    h.detach_()
    if changed == "after":
        h.mul_(2)
    assert (v.detach() * 5).tolist() == [20.0]
    with minitorch.no_grad():
        assert (v * 5).tolist() == [20.0]
    with pytest.raises(RuntimeError, match="left the graph by detach_"):
        (v * 5).sum().backward()


@pytest.mark.parametrize("m", ["minitorch", "torch"])
@pytest.mark.filterwarnings("ignore:Using backward")
def test_zero_grad_of_a_recorded_gradient(m: str) -> None:
    module = pytest.importorskip(m)
    w = leaf(module)
    optimizer = module.optim.SGD([w], lr=0.1)
    (w**3).sum().backward(create_graph=True)
    held = w.grad
    w.grad.mul_(2)
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is held
    assert (held.tolist(), held.requires_grad, held.grad_fn) == ([0.0, 0.0], False, None)


# ---- several views at once, and strides ---------------------------------------------------------

SPLITS: dict[str, Callable[[Any, Any], Any]] = {
    "split": lambda m, h: h.split(1),
    "split_with_sizes": lambda m, h: h.split_with_sizes([1, 1]),
    "chunk": lambda m, h: h.chunk(2),
    "unbind": lambda m, h: h.unbind(),
    "tensor_split": lambda m, h: h.tensor_split(2),
    "tensor_split at": lambda m, h: m.tensor_split(h, [1]),
    "tensor_split by a tensor": lambda m, h: m.tensor_split(h, m.tensor([1])),
    "tensor_split of dim 1": lambda m, h: h.tensor_split(2, 1),
    "hsplit": lambda m, h: h.hsplit(2),
    "hsplit at": lambda m, h: m.hsplit(h, [1]),
    "vsplit": lambda m, h: h.vsplit(2),
    "vsplit at": lambda m, h: m.vsplit(h, [1]),
    "dsplit": lambda m, h: h.view(1, 2, 2).dsplit(2),
    "dsplit at": lambda m, h: m.dsplit(h.view(1, 2, 2), [1]),
    "iteration": lambda m, h: list(h),
}


@pytest.mark.parametrize("name", SPLITS)
def test_changing_one_of_several_views(name: str, torch: Any) -> None:
    def program(m: Any) -> Any:
        w = m.tensor(VALUES, requires_grad=True)
        h = w * 1.0
        parts = SPLITS[name](m, h)
        parts[1].mul_(3)
        grads = [m.autograd.grad(t.sum(), w, retain_graph=True)[0].tolist() for t in (*parts, h)]
        return h.tolist(), grads

    ours, theirs = outcome(program, minitorch), outcome(program, torch)
    if isinstance(theirs, str):
        assert ours[:12] == theirs[:12] == "Output 1 of "
    else:
        assert ours == theirs


STRIDED: dict[str, Callable[[Any], Any]] = {
    "all": lambda h: h.as_strided((4,), (1,)),
    "some": lambda h: h.as_strided((2,), (2,), 1),
    "transposed": lambda h: h.as_strided((2, 2), (1, 2)),
    "one": lambda h: h.as_strided((), (), 3),
    "of a view": lambda h: h[1].as_strided((2,), (1,), 2),
    "a view of it": lambda h: h.as_strided((2, 2), (1, 2))[:, 1],
    "windows": lambda h: h.view(4).unfold(0, 2, 2),
    "windows with gaps": lambda h: h.view(4).unfold(0, 1, 3),
    "of the transposed": lambda h: h.t().as_strided((2,), (2,), 1),
}


@pytest.mark.parametrize("name", STRIDED)
@pytest.mark.parametrize("order", ["C", "F"])
def test_changing_a_strided_view(name: str, order: str, torch: Any) -> None:
    def program(m: Any) -> Any:
        w = m.tensor(VALUES, requires_grad=True)
        h = w * 1.0 if order == "C" else w.t().clone()
        v = STRIDED[name](h)
        v.mul_(3)
        grads = [m.autograd.grad(t.sum(), w, retain_graph=True)[0].tolist() for t in (v, h)]
        return h.tolist(), grads

    if (name, order) == ("of a view", "F"):  # a view with gaps, of which we make no other
        with pytest.raises(RuntimeError, match="leave gaps in memory"):
            program(minitorch)
    else:
        assert outcome(program, minitorch) == outcome(program, torch)


def test_a_strided_view_that_shows_elements_twice_is_not_changed() -> None:
    for view in (lambda h: h.as_strided((2, 2), (1, 1)), lambda h: h.view(4).unfold(0, 3, 1)):
        v = view(minitorch.tensor(VALUES, requires_grad=True) * 1.0)
        with pytest.raises(RuntimeError, match="more than once"):
            v.mul_(3)
