"""A leaf's gradient is handed over as soon as it is whole; and callbacks at a backward's end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minitorch

Log = list[str]


def chain(m: Any, log: Log, count: int = 3) -> tuple[list[Any], Any]:
    """Linear modules in a chain that log their weight's hooks and their own; and their output."""
    m.manual_seed(0)
    modules = [m.nn.Linear(3, 3, bias=False) for _ in range(count)]
    for i, module in enumerate(modules):

        def left(module: Any, *_: Any, i: int = i) -> None:
            log.append(f"m{i}" + ("" if module.weight.grad is not None else " before its weight"))

        module.register_full_backward_hook(left)
        watch(module.weight, f"w{i}", log)
    return modules, m.nn.Sequential(*modules)


def watch(leaf: Any, name: str, log: Log) -> Any:
    leaf.register_hook(lambda grad: log.append(f"hook of {name}: {grad is not None}"))
    leaf.register_post_accumulate_grad_hook(lambda leaf: log.append(name))
    return leaf


def leaves(m: Any, log: Log) -> tuple[Any, Any]:
    x, y = (m.tensor([2.0, 3.0], requires_grad=True) for _ in range(2))
    return watch(x, "x", log), watch(y, "y", log)


def told(thing: Any, name: str, log: Log) -> Any:
    """`thing` itself, which logs when its gradient comes by."""
    thing.register_hook(lambda grad: log.append(f"gradient of {name}"))
    return thing


def modules_in_a_chain(m: Any, log: Log) -> None:
    _, net = chain(m, log)
    net(m.ones(2, 3, requires_grad=True)).sum().backward()


def an_input_without_gradient(m: Any, log: Log) -> None:
    _, net = chain(m, log)
    net(m.ones(2, 3)).sum().backward()


def a_chain_called_twice(m: Any, log: Log) -> None:
    _, net = chain(m, log)
    net(net(m.ones(2, 3, requires_grad=True))).sum().backward()


def a_chain_walked_twice(m: Any, log: Log) -> None:
    _, net = chain(m, log)
    y = net(m.ones(2, 3, requires_grad=True)).sum()
    y.backward(retain_graph=True)
    y.backward(create_graph=True)


def a_shared_weight(m: Any, log: Log) -> None:
    modules, net = chain(m, log)
    modules[2].weight = modules[1].weight
    net(m.ones(2, 3, requires_grad=True)).sum().backward()


def a_leaf_used_at_both_ends(m: Any, log: Log) -> None:
    x, y = leaves(m, log)
    inner = told(x * 2, "inner", log)
    outer = told(inner * y, "outer", log)
    (outer * x).sum().backward()


def several_roots(m: Any, log: Log) -> None:
    x, y = leaves(m, log)
    first, second = told(x * 2, "first", log), told(y * 3, "second", log)
    m.autograd.backward([first.sum(), second.sum(), x.sum()])


def a_root_that_is_a_leaf(m: Any, log: Log) -> None:
    x, _ = leaves(m, log)
    m.autograd.backward([told(x * 2, "product", log), x], [m.ones(2)] * 2)


def a_leaf_alone(m: Any, log: Log) -> None:
    x, _ = leaves(m, log)
    x.backward(m.ones(2))


def gradients_handed_out(m: Any, log: Log) -> None:
    x, y = leaves(m, log)
    m.autograd.grad((told(x * 2, "product", log) * y).sum(), [x, y])


def gradients_of_some(m: Any, log: Log) -> None:
    x, y = leaves(m, log)
    (told(x * 2, "product", log) * y).sum().backward(inputs=[y])


def a_gradient_of_none(m: Any, log: Log) -> None:
    class First(m.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2, None

    x, y = leaves(m, log)
    First.apply(told(x * 1, "product", log), y).sum().backward()
    (First.apply(told(x * 1, "product", log), y) + y).sum().backward()
    log.append(str(m.autograd.grad(First.apply(x, y).sum(), [x, y], allow_unused=True)[1]))


def a_hook_that_sees_other_leaves(m: Any, log: Log) -> None:
    x, y = (m.tensor([2.0, 3.0], requires_grad=True) for _ in range(2))
    product = x * 2
    product.register_hook(lambda grad: log.append(f"{x.grad} {y.grad.tolist()}"))
    (product * y).sum().backward()


# ---- callbacks ------------------------------------------------------------------------------


def queue(m: Any, callback: Callable[[], Any]) -> None:
    m.autograd.Variable._execution_engine.queue_callback(callback)


def a_callback(m: Any, log: Log) -> None:
    x, y = leaves(m, log)
    product = x * y
    product.register_hook(lambda grad: queue(m, lambda: log.append(f"{m.is_grad_enabled()}")))
    product.sum().backward()
    m.autograd.grad((told(x * 2, "double", log) * 1).sum(), x)


def callbacks_of_nested_walks(m: Any, log: Log) -> None:
    x, y = leaves(m, log)

    def nested(grad: Any) -> None:
        queue(m, lambda: log.append("outer"))
        with m.enable_grad():
            inner = (y * 1).sum()
        inner.register_hook(lambda grad: queue(m, lambda: log.append("inner")))
        inner.backward()
        log.append("after the inner walk")

    product = x * 2
    product.register_hook(nested)
    product.sum().backward()


def a_callback_that_queues(m: Any, log: Log) -> None:
    x, _ = leaves(m, log)

    def first() -> None:
        log.append("first")
        queue(m, lambda: log.append("second"))

    product = x * 2
    product.register_hook(lambda grad: queue(m, first))
    product.sum().backward()


def a_callback_after_an_error(m: Any, log: Log) -> None:
    def fail(*args: Any) -> Any:
        raise ValueError("no")

    for queued in (lambda: log.append("queued"), fail):
        x = m.tensor([2.0, 3.0], requires_grad=True)
        product = x * 2
        product.register_hook(lambda grad, queued=queued: queue(m, queued))
        if queued is not fail:
            x.register_hook(fail)
        with pytest.raises(ValueError, match="no"):
            product.sum().backward()
        log.append(str(x.grad is None))
    with pytest.raises(RuntimeError, match="only be installed during backward pass"):
        queue(m, fail)


PROGRAMS = [
    modules_in_a_chain,
    an_input_without_gradient,
    a_chain_called_twice,
    a_chain_walked_twice,
    a_shared_weight,
    a_leaf_used_at_both_ends,
    several_roots,
    a_root_that_is_a_leaf,
    a_leaf_alone,
    gradients_handed_out,
    gradients_of_some,
    a_gradient_of_none,
    a_hook_that_sees_other_leaves,
    a_callback,
    callbacks_of_nested_walks,
    a_callback_that_queues,
    a_callback_after_an_error,
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_seen_and_when_is_as_in_pytorch(program: Callable[[Any, Log], None]) -> None:
    torch = pytest.importorskip("torch")
    ours: Log = []
    theirs: Log = []
    program(minitorch, ours)
    program(torch, theirs)
    assert ours == theirs
    assert ours
