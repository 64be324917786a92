"""`torch._foreach_*`, in-place functions and operations of `torch.library`, beside PyTorch's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch
from minitorch._foreach import METHODS
from minitorch._in_place import NAMES

nan = float("nan")
CALLS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "a number": lambda m, a, b, c: m._foreach_add(a, 1),
    "lists": lambda m, a, b, c: m._foreach_add(a, b, alpha=3),
    "numbers": lambda m, a, b, c: m._foreach_add(a, [1, 2.0]),
    "one tensor": lambda m, a, b, c: m._foreach_add(a, m.tensor(2.0)),
    "maximum": lambda m, a, b, c: m._foreach_maximum(a, b),
    "minimum in place": lambda m, a, b, c: m._foreach_minimum_(a, 0.4),
    "addcdiv": lambda m, a, b, c: m._foreach_addcdiv(a, b, c, 2.0),
    "addcdiv by numbers": lambda m, a, b, c: m._foreach_addcdiv(a, b, c, [2.0, 3.0]),
    "addcmul by a tensor": lambda m, a, b, c: m._foreach_addcmul(a, b, c, m.tensor([2.0, 3.0])),
    "addcmul by name": lambda m, a, b, c: m._foreach_addcmul(a, b, c, value=0.5),
    "lerp": lambda m, a, b, c: m._foreach_lerp(a, b, 0.3),
    "lerp by tensors": lambda m, a, b, c: m._foreach_lerp(a, b, c),
    "powers": lambda m, a, b, c: m._foreach_pow(a, 2),
    "powers of a number": lambda m, a, b, c: m._foreach_pow(2.0, b),
    "norms": lambda m, a, b, c: m._foreach_norm(b),
    "1-norms": lambda m, a, b, c: m._foreach_norm(b, 1),
    "largest": lambda m, a, b, c: m._foreach_max(b),
    "copy": lambda m, a, b, c: m._foreach_copy_(a, b),
    "zero": lambda m, a, b, c: m._foreach_zero_(a),
    "roots in place": lambda m, a, b, c: m._foreach_sqrt_(b),
    "quotients": lambda m, a, b, c: m._foreach_div(a, b),
    "one number too few": lambda m, a, b, c: m._foreach_add(a, [1]),
    "no tensors": lambda m, a, b, c: m._foreach_add([], 1),
}


@pytest.mark.parametrize("call", CALLS)
def test_each_tensor_of_a_list(call: str, torch: Any) -> None:
    made: list[Any] = []
    for m in (torch, minitorch):
        lists = [
            [m.tensor([x, 2.0, y]), m.tensor([[0.5, z]])]
            for x, y, z in ((1.0, nan, 0.25), (2.0, 1.0, 0.9), (0.3, 0.3, 0.2))
        ]
        try:
            result = CALLS[call](m, *lists)
        except Exception as error:
            made.append(type(error))
        else:
            values = [[x.numpy().tolist() for x in part] for part in (result, *lists)]
            made.append((type(result), values))
    if isinstance(made[0], type):
        assert made[0] is made[1]
    else:
        assert made[0][0] is made[1][0]
        for theirs, ours in zip(made[0][1], made[1][1], strict=True):
            for x, y in zip(theirs, ours, strict=True):
                np.testing.assert_allclose(y, x, rtol=1e-6)


def test_every_name_is_there(torch: Any) -> None:
    theirs = {name for name in dir(torch) if name.startswith("_foreach")}
    assert {name for name in theirs if not hasattr(minitorch, name)} <= {"_foreach_powsum"}
    assert set(METHODS) <= {name.removeprefix("_foreach_") for name in theirs}


def test_operations_in_place_are_functions_too(torch: Any) -> None:
    assert [name for name in NAMES if not hasattr(torch, name)] == []
    for name in ("exp_", "neg_", "tanh_", "zero_", "sqrt_"):
        x = minitorch.tensor([0.25, 1.0])
        assert getattr(minitorch, name)(x) is x
        assert x.tolist() == pytest.approx(getattr(torch, name)(torch.tensor([0.25, 1.0])).tolist())
    x = minitorch.tensor([3.0])
    minitorch.clamp_(x, max=2.0), minitorch.fill_(minitorch.detach(x), 1.0)
    assert x.tolist() == [1.0]
    with pytest.raises(TypeError, match=r"exp_\(\): argument 'input'"):
        minitorch.exp_(1.0)


# ---- operations of torch.library ----------------------------------------------------------------


def operations(m: Any, prefix: str) -> Any:
    @m.library.custom_op(f"{prefix}::scaled", mutates_args=())
    def scaled(x: m.Tensor, factor: float = 2.0) -> m.Tensor:
        return x * factor

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.factor = inputs[1]

    scaled.register_autograd(
        lambda ctx, grad: (grad * ctx.factor, None), setup_context=setup_context
    )
    scaled.register_fake(lambda x, factor=2.0: m.empty_like(x))

    @m.library.custom_op(f"{prefix}::bump", mutates_args=("x",))
    def bump(x: m.Tensor) -> None:
        x += 1

    return scaled, bump


def test_an_operation_of_ones_own(torch: Any) -> None:
    for m, prefix in ((minitorch, "of_ours"), (torch, "of_theirs")):
        scaled, bump = operations(m, prefix)
        x = m.tensor([1.0, 2.0], requires_grad=True)
        y = scaled(x) + scaled(x, factor=3.0)
        y.sum().backward()
        assert y.tolist() == [5.0, 10.0] and x.grad.tolist() == [5.0, 5.0]
        z = m.zeros(2)
        assert bump(z) is None and z.tolist() == [1.0, 1.0]
        with pytest.raises(RuntimeError, match="non-functional"):
            bump.register_autograd(lambda ctx, grad: grad)
        with pytest.raises((ValueError, RuntimeError)):
            m.library.custom_op("no_namespace", mutates_args=())(lambda x: x)
    with pytest.raises(RuntimeError, match="changes x, which requires grad"):
        operations(minitorch, "again")[1](minitorch.ones(2, requires_grad=True) * 1)


def test_an_operation_without_a_gradient_says_so() -> None:
    op = minitorch.library.custom_op("of_ours::plain", lambda x: x * 2, mutates_args=())
    with pytest.raises(RuntimeError, match="no autograd formula"):
        op(minitorch.ones(2, requires_grad=True)).sum().backward()
    assert minitorch.autograd.gradcheck is not None


def test_schemas_are_written_as_pytorch_writes_them(torch: Any) -> None:
    def make(m: Any) -> Any:
        def function(x: m.Tensor, n: int = 2, s: float = 0.5, flag: bool = False) -> m.Tensor: ...

        for name, kind in (("x", m.Tensor), ("n", int), ("s", float), ("flag", bool)):
            function.__annotations__[name] = kind
        function.__annotations__["return"] = m.Tensor
        return m.library.infer_schema(function, mutates_args=())

    assert make(minitorch) == make(torch)
