"""The engine's rules: what is recorded, how gradients flow, and what is refused."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function


def leaf(*values: float) -> mt.Tensor:
    return mt.tensor(values, dtype=mt.float64, requires_grad=True)


# ---- backward and grad ------------------------------------------------------------------------


def test_several_roots_and_their_gradients() -> None:
    x = leaf(1.0, 2.0)
    mt.autograd.backward([x * 2, (x * 3).sum()], [mt.ones(2, dtype=mt.float64), None])
    assert x.grad.tolist() == [5.0, 5.0]


def test_grad_leaves_dot_grad_alone_and_reaches_interior_tensors() -> None:
    x = leaf(3.0)
    y = x * x
    z = (y * y).sum()
    dy, dx = mt.autograd.grad(z, [y, x])
    assert (dy.tolist(), dx.tolist(), x.grad) == ([18.0], [108.0], None)


def test_grad_of_an_unused_input() -> None:
    x, w = leaf(1.0), leaf(2.0)
    with pytest.raises(RuntimeError, match="not have been used in the graph"):
        mt.autograd.grad(x.sum(), w)
    assert mt.autograd.grad(x.sum(), [x, w], allow_unused=True)[1] is None
    assert mt.autograd.grad(x.sum(), w, materialize_grads=True)[0].tolist() == [0.0]


def test_grad_of_a_root_itself() -> None:
    x = leaf(3.0)
    y = (x * x).sum()
    assert mt.autograd.grad(y, [y, x])[0].item() == 1.0
    assert mt.autograd.grad(x.sum(), x)[0].tolist() == [1.0]


def test_grad_walks_only_where_it_must() -> None:
    x, w = leaf(1.0), leaf(2.0)
    other = w * w
    mt.autograd.grad(other.sum(), w)  # frees what it saved
    (x * 2 + other.detach()).sum().backward()
    y = (x * 2).sum() + (other * 0).sum()
    assert mt.autograd.grad(y, x)[0].tolist() == [2.0]


def test_backward_with_inputs_accumulates_only_there() -> None:
    x, w = leaf(1.0), leaf(2.0)
    (x * w).sum().backward(inputs=[x])
    assert x.grad.tolist() == [2.0]
    assert w.grad is None
    with pytest.raises(RuntimeError, match="cannot be empty"):
        (x * w).sum().backward(inputs=[])


def test_batched_grads() -> None:
    x = leaf(1.0, 2.0, 3.0)
    (rows,) = mt.autograd.grad(x * x, x, mt.eye(3, dtype=mt.float64), is_grads_batched=True)
    assert rows.tolist() == [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]]


def test_higher_orders() -> None:
    x = leaf(2.0)
    y = x**5
    expected = 2.0**5
    for power in range(5, 0, -1):
        (y,) = mt.autograd.grad(y.sum(), x, create_graph=True)
        expected = expected * power / 2.0
        assert y.item() == pytest.approx(expected)


def test_create_graph_through_dot_grad() -> None:
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    assert first.requires_grad
    x.grad = None
    first.sum().backward()
    assert x.grad.tolist() == [18.0]


def test_gradients_accumulate_and_unused_outputs_count_as_zero() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    first, _ = x.split(2)
    first.sum().backward()
    first.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 0.0, 0.0]


def test_memory_does_not_grow_over_training_steps() -> None:
    model = mt.nn.Sequential(mt.nn.Linear(8, 16), mt.nn.ReLU(), mt.nn.Linear(16, 4))
    optimizer = mt.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = mt.randn(32, 8), mt.randint(0, 4, (32,))
    gc.disable()
    try:
        counts = []
        for step in range(200):
            loss = mt.nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step in (50, 199):
                counts.append(sum(issubclass(type(o), mt.Tensor) for o in gc.get_objects()))
        assert counts[1] <= counts[0]  # fewer, where garbage of an earlier test went meanwhile
    finally:
        gc.enable()


# ---- modes ------------------------------------------------------------------------------------


def test_modes() -> None:
    x = leaf(1.0)
    with mt.no_grad():
        assert not (x * 2).requires_grad
        with mt.enable_grad():
            assert (x * 2).requires_grad
        assert not mt.is_grad_enabled()
    assert mt.is_grad_enabled()
    with mt.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert mt.is_grad_enabled()
    mt.set_grad_enabled(False)
    assert not mt.is_grad_enabled()
    mt.set_grad_enabled(True)


@pytest.mark.parametrize("decorate", [mt.no_grad(), mt.no_grad], ids=["called", "bare"])
def test_no_grad_as_a_decorator(decorate: Any) -> None:
    @decorate
    def double(x: mt.Tensor) -> mt.Tensor:
        return x * 2

    assert not double(leaf(1.0)).requires_grad
    assert mt.is_grad_enabled()


def test_no_grad_on_a_generator_holds_only_inside() -> None:
    @mt.no_grad()
    def values() -> Any:
        for _ in range(2):
            yield mt.is_grad_enabled()

    seen = [(inside, mt.is_grad_enabled()) for inside in values()]
    assert seen == [(False, True), (False, True)]


def test_mode_is_restored_after_an_error() -> None:
    with pytest.raises(KeyError), mt.no_grad():
        raise KeyError
    assert mt.is_grad_enabled()
    x = leaf(1.0)
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * 2).sum().backward()
    assert mt.is_grad_enabled()


def test_mode_is_per_thread() -> None:
    seen = []
    with mt.no_grad():
        thread = threading.Thread(target=lambda: seen.append(mt.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_inference_mode() -> None:
    x = leaf(1.0)
    with mt.inference_mode():
        y = x * 2
        assert mt.is_inference_mode_enabled()
    assert y.is_inference()
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved"):
        x * y
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
        y.add_(1)


# ---- views and in-place changes ---------------------------------------------------------------


def test_views_share_memory_and_version() -> None:
    x = mt.zeros(2, 3)
    views = [x[0], x.t(), x.reshape(6), x.expand(4, 2, 3), x.detach(), x.view(3, 2), x[None]]
    x.add_(1)
    assert all(v._version == x._version == 1 for v in views)
    assert all(bool((v == 1).all()) for v in views)


def test_a_copy_is_no_view() -> None:
    x = mt.zeros(2, 3)
    assert not x.t().reshape(6)._is_view()
    assert not x[[0, 1]]._is_view()
    assert not (x + 0)._is_view()


def same_as_torch(program: Any) -> None:
    """Run `program(module, x)` under both, and compare value and gradient of its result."""
    torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
    results = []
    for module in (mt, torch):
        x = module.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=module.float64, requires_grad=True)
        y = program(module, x)
        (
            y * y * module.arange(1.0, y.numel() + 1, dtype=module.float64).reshape(y.shape)
        ).sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    np.testing.assert_allclose(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1])


def p_assign_row(m: Any, x: Any) -> Any:
    y = x * 1
    y[0] = x[1] * 3
    return y


def p_view_of_view(m: Any, x: Any) -> Any:
    y = x * 2
    y.t()[1].mul_(x[0])
    return y


def p_through_sibling(m: Any, x: Any) -> Any:
    y = x * 2
    row, column = y[0], y[:, 0]
    row.mul_(x[1])
    return column * row


def q_buffer(m: Any, x: Any) -> Any:
    buffer = m.zeros(2, 2, dtype=m.float64)
    view = buffer[1]
    buffer[0] = x[0]
    view.copy_(x[1] * 2)
    return buffer


def p_mask(m: Any, x: Any) -> Any:
    y = x * 2
    y[y > 5] = 1.0
    y[m.tensor([0, 1]), m.tensor([1, 0])] = x[0] * x[1]
    return y


def p_augmented(m: Any, x: Any) -> Any:
    y = x.clone()
    y += x
    y *= 3
    y -= x[0]
    y /= 2
    return y


def q_inplace_functions(m: Any, x: Any) -> Any:
    return (x * 0.1).exp_().sqrt_().relu_().sigmoid_().clamp_(0.1, 0.9).neg_()


def p_fill(m: Any, x: Any) -> Any:
    y = x * 2
    y[0].zero_()
    y[1, 1].fill_(7)
    return y


def p_transposed_copy(m: Any, x: Any) -> Any:
    y = x * 1
    y.t().copy_(x * x)
    return y


def p_reshape_view(m: Any, x: Any) -> Any:
    y = x * 1
    y.view(4)[1:3] += x.reshape(4)[:2]
    return y


def p_self_overlap(m: Any, x: Any) -> Any:
    y = x * 1
    y[0] = y[1] + y[0]
    return y


PROGRAMS = [v for k, v in sorted(globals().items()) if k.startswith("p_")]
# PyTorch refuses these two: it takes a view that was made before its base was recorded for a leaf,
# and overwrites what sigmoid_ saved.
OURS = [*PROGRAMS, q_buffer, q_inplace_functions]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_in_place_is_differentiated_as_in_pytorch(program: Any) -> None:
    same_as_torch(program)


@pytest.mark.parametrize("program", OURS, ids=lambda p: p.__name__)
def test_in_place_matches_finite_differences(program: Any) -> None:
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=mt.float64, requires_grad=True)
    assert mt.autograd.gradcheck(lambda x: program(mt, x), x)
    assert mt.autograd.gradgradcheck(lambda x: program(mt, x) ** 2, x)


REFUSED = {
    "leaf": (lambda x: x.add_(1), "a leaf Variable that requires grad"),
    "view of a leaf": (lambda x: x[0].add_(1), "a view of a leaf Variable"),
    "leaf by index": (lambda x: x.__setitem__(0, 1.0), "a view of a leaf Variable"),
    "leaf by mask": (lambda x: x.__setitem__(x > 0, 1.0), "a leaf Variable that requires grad"),
    "split": (lambda x: (x * 1).split(1)[0].add_(1), "multiple views"),
    "no_grad view": (lambda x: no_grad_view(x * 1).add_(x[0]), "no_grad mode"),
    "expanded": (lambda x: (x[0, :1] * 1).expand(3).add_(1), "single memory location"),
    "shape": (lambda x: (x[0] * 1).add_(x), "doesn't match the broadcast shape"),
    "dtype": (lambda x: mt.zeros(2, dtype=mt.int64).add_(x[0]), "can't be cast"),
    "copy shape": (lambda x: (x * 1).copy_(mt.zeros(3)), "must match the existing size"),
    "uniform": (lambda x: x.uniform_(), "a leaf Variable that requires grad"),
}


def no_grad_view(y: mt.Tensor) -> mt.Tensor:
    with mt.no_grad():
        return y[0]


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_place_changes_nothing(name: str) -> None:
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    program, message = REFUSED[name]
    with pytest.raises(RuntimeError, match=message):
        program(x)
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert x._version == 0


def test_leaf_may_change_inside_no_grad() -> None:
    x = leaf(1.0, 2.0)
    with mt.no_grad():
        x.add_(1)
        x[0] = 9.0
        x -= 1
    x.data.mul_(2)
    assert x.tolist() == [16.0, 4.0]
    assert x.is_leaf
    assert x.requires_grad


def test_detach_shares_memory_and_data_hides_the_change() -> None:
    x = leaf(1.0)
    w = mt.tensor([2.0], dtype=mt.float64)
    y = (x * w).sum()
    w.data.mul_(5)
    y.backward()  # PyTorch's `.data` is not seen by the version counter
    assert x.grad.tolist() == [10.0]


# ---- hooks ------------------------------------------------------------------------------------


def test_tensor_hooks() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(("y", g.tolist())))
    handle = x.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert seen == [("y", [1.0, 1.0])]
    assert x.grad.tolist() == [20.0, 20.0]
    handle.remove()
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_leaf_hook_sees_the_whole_gradient_once() -> None:
    x = leaf(1.0)
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    (x + x * 2 + x * 3).sum().backward()
    assert seen == [[6.0], [6.0]]


def test_node_hooks() -> None:
    x = leaf(1.0)
    y = x * 3
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 2,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
    y.sum().backward()
    assert x.grad.tolist() == [7.0]


def test_retain_grad() -> None:
    x = leaf(1.0)
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [6.0]
    y = x * 3
    y.retain_grad()
    y.mul_(2)  # follows the tensor to its new node
    y.sum().backward()
    assert y.grad.tolist() == [1.0]


def test_graph_can_be_walked_by_hand() -> None:
    x = leaf(1.0)
    y = (x * 2).exp()
    assert y.grad_fn.name() == "ExpBackward0"
    ((mul, slot),) = y.grad_fn.next_functions
    assert (mul.name(), slot) == ("MulBackward0", 0)
    (accumulate, _), nothing = mul.next_functions
    assert accumulate.variable is x
    assert nothing == (None, 0)


# ---- anomaly mode -----------------------------------------------------------------------------


def test_anomaly_names_the_node_that_made_the_nan_and_where_it_was_made() -> None:
    x = mt.zeros(1, requires_grad=True)
    with mt.autograd.detect_anomaly():
        y = (x * 0.0).sqrt()  # 0 * inf in Mul's backward
        z = (y * 2).sum()
        with pytest.raises(RuntimeError, match="Function 'MulBackward0' returned nan") as caught:
            z.backward()
    assert "test_anomaly_names" in caught.value.__notes__[0]
    assert not mt.is_anomaly_enabled()


def test_anomaly_says_nothing_of_nodes_that_pass_a_nan_on() -> None:
    x = leaf(1.0)
    with mt.autograd.detect_anomaly():
        y = (x * 2).sum()
        y.backward(mt.tensor(float("nan"), dtype=mt.float64))
    assert np.isnan(x.grad.item())


# ---- custom functions -------------------------------------------------------------------------


class Exp(Function):
    @staticmethod
    def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
        (y,) = ctx.saved_tensors
        return grad * y


class Scale(Function):
    @staticmethod
    def forward(x: mt.Tensor, factor: float) -> mt.Tensor:
        return x * factor

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: mt.Tensor) -> None:
        ctx.factor = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: mt.Tensor) -> Any:
        return grad * ctx.factor, None


class TwoOutputs(Function):
    @staticmethod
    def forward(ctx: Any, x: mt.Tensor, w: mt.Tensor) -> Any:
        assert ctx.needs_input_grad == (True, False)
        index = mt.tensor([1, 2])
        loud = x * 3
        ctx.mark_non_differentiable(loud)
        ctx.save_for_backward(x, w)
        return x * w, loud, index

    @staticmethod
    def backward(ctx: Any, grad: mt.Tensor, *rest: Any) -> Any:
        _, w = ctx.saved_tensors
        return grad * w, None


def test_custom_function_first_and_second_order() -> None:
    x = leaf(0.5, 1.0)
    y = Exp.apply(x)
    assert y.grad_fn.name() == "ExpBackward"
    assert mt.autograd.gradcheck(Exp.apply, x)
    assert mt.autograd.gradgradcheck(Exp.apply, x)
    assert mt.autograd.gradcheck(lambda x: Scale.apply(x, 3.0), x)


def test_custom_function_with_several_outputs() -> None:
    x, w = leaf(1.0, 2.0), mt.tensor([3.0, 4.0], dtype=mt.float64)
    y, loud, index = TwoOutputs.apply(x, w)
    assert (y.requires_grad, loud.requires_grad, index.requires_grad) == (True, False, False)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_custom_function_that_works_in_place() -> None:
    class Increment(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            x.add_(1)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            return grad * 5

    x = leaf(1.0)
    y = x * 2
    z = Increment.apply(y)
    assert z is y
    z.sum().backward()
    assert x.grad.tolist() == [10.0]
    with pytest.raises(RuntimeError, match="leaf Variable"):
        Increment.apply(x)


def test_custom_function_that_returns_its_input() -> None:
    class Same(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            return grad * 2

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [2.0]


WRONG = {
    "count": (lambda g: (g, g), "incorrect number of gradients"),
    "shape": (lambda g: g[:1], "invalid gradient at index 0"),
    "type": (lambda g: 3.0, "expected Variable or None"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_backward_is_refused(name: str) -> None:
    make, message = WRONG[name]

    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> Any:
            return make(grad)

    x = leaf(1.0, 2.0)
    with pytest.raises((RuntimeError, TypeError), match=message):
        Wrong.apply(x).sum().backward()
    assert x.grad is None


def test_saving_a_float_intermediate_is_refused() -> None:
    class Bad(Function):
        def forward(self, x: Any) -> Any:
            self.save(x * 2)
            return x * x

        def backward(self, grad: mt.Tensor) -> Any:
            return grad * self.saved[0]

    with pytest.raises(RuntimeError, match="neither an input nor the output"):
        Bad.apply(leaf(1.0))


def test_once_differentiable() -> None:
    from minitorch.autograd.function import once_differentiable

    class Once(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            (x,) = ctx.saved_tensors
            return grad * 2 * x

    x = leaf(3.0)
    (g,) = mt.autograd.grad(Once.apply(x).sum(), x, create_graph=True)
    assert g.tolist() == [6.0]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


# ---- copies -----------------------------------------------------------------------------------


def test_pickle_and_deepcopy() -> None:
    x = leaf(1.0, 2.0)
    x.grad = mt.ones(2, dtype=mt.float64)
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.tolist() == x.tolist()
        assert y.requires_grad
        assert y.dtype is mt.float64
        assert y.data_ptr() != x.data_ptr()
    assert copy.deepcopy(x).grad.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(x * 2)


BAD_CALLS = {
    "no grad": (lambda: mt.zeros(1).backward(), RuntimeError, "does not require grad"),
    "not a scalar": (lambda: leaf(1.0, 2.0).exp().backward(), RuntimeError, "only for scalar"),
    "gradient's shape": (
        lambda: leaf(1.0, 2.0).exp().backward(mt.ones(3)),
        RuntimeError,
        "Mismatch in shape",
    ),
    "gradient's type": (lambda: leaf(1.0).exp().backward(2.0), TypeError, "Tensors or None"),
    "integers": (
        lambda: mt.tensor([1, 2], requires_grad=True),
        RuntimeError,
        "floating point",
    ),
    "requires_grad of a result": (
        lambda: setattr(leaf(1.0) * 2, "requires_grad", False),
        RuntimeError,
        "leaf variables",
    ),
    "grad's shape": (lambda: setattr(leaf(1.0), "grad", mt.zeros(3)), RuntimeError, "size"),
    "numpy": (lambda: leaf(1.0).numpy(), RuntimeError, "detach"),
    "hook": (lambda: mt.zeros(1).register_hook(print), RuntimeError, "require gradient"),
    "truth": (lambda: bool(mt.zeros(2)), RuntimeError, "ambiguous"),
    "item": (lambda: mt.zeros(2).item(), RuntimeError, "cannot be converted to Scalar"),
    "len": (lambda: len(mt.zeros(())), TypeError, "0-d"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_calls(name: str) -> None:
    call, kind, message = BAD_CALLS[name]
    with pytest.raises(kind, match=message):
        call()


# ---- memory in another order ------------------------------------------------------------------


def test_a_loose_result_is_contiguous_to_whoever_asks() -> None:
    x, w = mt.randn(2, 3, 5, 5), mt.randn(4, 3, 3, 3)
    for use in (
        lambda y: y.is_contiguous(),
        lambda y: y.stride() == (36, 9, 3, 1),
        lambda y: y.view(8, 9).shape == (8, 9),
        lambda y: y.numpy().flags.c_contiguous,
        lambda y: y.detach().is_contiguous(),
        lambda y: (y > 0).is_contiguous() and y.exp().is_contiguous(),
        lambda y: mt.empty_like(y).is_contiguous() and y.clone().is_contiguous(),
        lambda y: (y + 1).relu().is_contiguous() and mt.asarray(y, copy=True).is_contiguous(),
        lambda y: y[0].is_contiguous() and not y.permute(1, 0, 2, 3).is_contiguous(),
    ):
        y = mt.nn.functional.conv2d(x, w)
        assert y._native is not None, "or this test is about nothing"
        assert use(y)


def test_what_shares_memory_with_a_loose_result_goes_on_sharing_it() -> None:
    x, w = mt.randn(2, 3, 5, 5), mt.randn(4, 3, 3, 3)
    for share in (
        lambda y: y.view(-1),
        lambda y: y.detach().flatten(),
        lambda y: y.data.reshape(-1),
        lambda y: y.numpy().reshape(-1),
        lambda y: y.flatten(1)[0],
    ):
        y = mt.nn.functional.conv2d(x, w)
        part = share(y)
        y.relu_().mul_(2.0).add_(100.0)
        part[0] = -7.0
        assert y[0, 0, 0, 0].item() == -7.0
        assert part[1].item() == y[0, 0, 0, 1].item() >= 100.0


def test_a_loose_result_saved_and_then_changed_is_noticed() -> None:
    x, w = mt.randn(2, 3, 5, 5), mt.randn(4, 3, 3, 3, requires_grad=True)
    y = mt.nn.functional.conv2d(x, w)
    z = (y * y).sum()
    y.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def product_with(asked: Callable[[Any], tuple[bool, ...]]) -> type[Function]:
    """A product whose backward makes the gradients that `asked` reads off its context."""

    class Product(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            wanted = asked(ctx)
            return grad * y if wanted[0] else None, grad * x if wanted[1] else None

    return Product


def test_two_threads_may_walk_one_graph_to_different_inputs() -> None:
    meeting = threading.Barrier(2, timeout=20)

    def asked(ctx: Any) -> tuple[bool, ...]:
        meeting.wait()  # both threads are in the backward
        wanted = ctx.needs_input_grad
        meeting.wait()
        return wanted

    a, b = (mt.tensor(v, requires_grad=True) for v in (2.0, 5.0))
    product = product_with(asked).apply(a, b)
    found = {}

    def walk(name: str, target: mt.Tensor) -> None:
        found[name] = mt.autograd.grad(product, target, retain_graph=True)[0].item()

    threads = [threading.Thread(target=walk, args=args) for args in (("a", a), ("b", b))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": 5.0, "b": 2.0}
    assert [edge[0] for edge in product.grad_fn.edges] == [a, b]


def test_a_walk_computes_only_the_gradients_that_it_wants() -> None:
    seen = []

    def asked(ctx: Any) -> tuple[bool, ...]:
        seen.append(ctx.needs_input_grad)
        return seen[-1]

    product = product_with(asked)
    a, b = (mt.tensor(v, requires_grad=True) for v in (2.0, 5.0))
    mt.autograd.grad(product.apply(a, b), b)
    product.apply(a, b).backward()
    assert seen == [(False, True), (True, True)]


def test_tensors_that_share_an_array_keep_their_own_place_in_the_graph() -> None:
    x = mt.tensor([2.0, 3.0], requires_grad=True)
    constant = mt.zeros(2)
    constant.data = x
    (slope,) = mt.autograd.grad((x * constant).sum(), x, create_graph=True)
    assert not slope.requires_grad

    p = mt.nn.Parameter(x)
    slopes = mt.autograd.grad((x * p).sum(), [x, p], create_graph=True)
    assert mt.autograd.grad(slopes[0].sum(), [x, p], allow_unused=True)[0] is None
    assert mt.autograd.grad(slopes[1].sum(), [x, p], allow_unused=True)[1] is None


def test_backward_adds_to_each_of_its_inputs_once() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    (y * 2).sum().backward(inputs=[x, x, y, y])
    assert (x.grad.tolist(), y.grad.tolist(), y.retains_grad) == ([6.0, 6.0], [2.0, 2.0], True)
    y = x * 3
    y.retain_grad()
    y.sum().backward(inputs=[y])
    assert y.grad.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad"):
        x.sum().backward(inputs=[x, mt.ones(2)])
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_node_hook_sees_the_gradients_that_are_wanted_and_no_other() -> None:
    x, z = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seen: list[Any] = []
    y = x * z
    y.grad_fn.register_hook(lambda made, came: seen.append((made, came)))
    mt.autograd.grad(y.sum(), x)
    first, _ = (x * 1).chunk(2)
    first.grad_fn.register_hook(lambda made, came: seen.append((made, came)))
    first.sum().backward()
    assert [g if g is None else g.tolist() for g in seen[0][0]] == [[3.0, 4.0], None]
    assert [g if g is None else g.tolist() for g in seen[1][1]] == [[1.0], None]


def test_a_retained_gradient_is_not_changed_by_the_next_walk() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    y.retain_grad()
    (y * y).sum().backward(create_graph=True)
    kept = y.grad
    y.sum().backward()
    assert kept.tolist() == [2.0, 8.0] and y.grad.tolist() == [3.0, 9.0]
    assert kept.requires_grad and not y.grad.requires_grad


def test_a_view_is_an_inference_tensor_if_its_memory_was_made_in_inference_mode() -> None:
    x = mt.zeros(2, 2)
    with mt.inference_mode():
        views = [x[0], *x.split(1), x.view(-1)]
        made = x + 1
        also = made[0]
    assert not any(view.is_inference() for view in views)
    assert made.is_inference() and also.is_inference() and made[0].is_inference()
    views[0].add_(1)
    assert x.tolist() == [[1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("reshaped", ["t_", "squeeze_", "unsqueeze_"])
def test_a_view_that_may_not_be_changed_in_place_may_not_be_reshaped_in_place(
    reshaped: str,
) -> None:
    x = leaf(1.0, 2.0)
    args = (0,) if reshaped == "unsqueeze_" else ()
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        getattr(x[:1], reshaped)(*args)
    with pytest.raises(RuntimeError, match="is the output of a function that returns multiple"):
        getattr((x * 1).split(1)[0], reshaped)(*args)


def test_a_view_made_without_recording_is_an_input_that_nothing_depends_on() -> None:
    x = leaf(1.0, 2.0)
    with mt.no_grad():
        view = x[:1]
    assert mt.autograd.grad(x.sum(), [x, view], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="to not have been used in the graph"):
        mt.autograd.grad(x.sum(), view)
    with pytest.raises(RuntimeError, match="arguments don't support automatic diff"):
        mt.add(mt.ones(1, dtype=mt.float64), 1.0, out=view)
    assert x.tolist() == [1.0, 2.0]


def test_cross_entropy_says_which_kind_of_target_it_takes_one_for() -> None:
    x, labels = leaf(1.0, 2.0), mt.tensor([0, 1])
    with pytest.raises(RuntimeError, match="Expected floating point type for target with class"):
        mt.nn.functional.cross_entropy(x, labels)
    with pytest.raises(RuntimeError, match="0D or 1D target tensor expected, multi-target not"):
        mt.nn.functional.cross_entropy(x, labels[None])
