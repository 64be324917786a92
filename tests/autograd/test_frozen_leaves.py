"""A leaf's `requires_grad` is read when its gradient arrives, not when it was used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minitorch

FREEZE: dict[str, Callable[[Any], Any]] = {
    "requires_grad_": lambda w: w.requires_grad_(False),
    "requires_grad": lambda w: setattr(w, "requires_grad", False),
    "detach_": lambda w: w.detach_(),
}


def leaf(m: Any) -> Any:
    return m.tensor([2.0, 3.0], requires_grad=True)


def held(*tensors: Any) -> list[Any]:
    return [None if t.grad is None else t.grad.tolist() for t in tensors]


def hooked(m: Any, freeze: Any) -> Any:
    w, log = leaf(m), []
    w.register_hook(lambda grad: log.append(grad.tolist()))
    y = (w * w).sum()
    freeze(w)
    y.backward()
    return held(w), log


def told_afterwards(m: Any, freeze: Any) -> Any:
    w, log = leaf(m), []
    w.register_post_accumulate_grad_hook(lambda w: log.append(w.grad is None))
    y = (w * w).sum()
    freeze(w)
    y.backward()
    return held(w), log


def frozen_by_its_hook(m: Any, freeze: Any) -> Any:
    w, x = leaf(m), leaf(m)
    w.register_hook(lambda grad: freeze(w) and None)
    (w * x).sum().backward()
    return held(w, x)


def first(m: Any, freeze: Any, finish: Any, product: Any = lambda w, x: w * x) -> Any:
    """A product of two leaves, one of which is frozen before it is differentiated."""
    w, x = leaf(m), leaf(m)
    y = product(w, x).sum()
    freeze(w)
    extra = finish(m, w, x, y)
    return held(w, x), extra


def of(finish: Any, product: Any = lambda w, x: w * x) -> Any:
    return lambda m, freeze: first(m, freeze, finish, product)


def second(m: Any, w: Any, x: Any, y: Any) -> Any:
    (gx,) = m.autograd.grad(y, x, create_graph=True)
    gx.sum().backward()


def stepped(m: Any, w: Any, x: Any, y: Any) -> Any:
    optimizer = m.optim.SGD([w, x], lr=1.0)
    y.backward()
    optimizer.step()
    return w.tolist(), x.tolist()


def held_before(m: Any, w: Any, x: Any, y: Any) -> Any:
    w.grad = m.ones(2)
    y.backward()


def unfrozen(m: Any, w: Any, x: Any, y: Any) -> Any:
    w.requires_grad_(True)
    y.backward()


def unfrozen_afterwards(m: Any, w: Any, x: Any, y: Any) -> Any:
    y.backward()
    w.requires_grad_(True)
    (w * 2).sum().backward()


def twice(m: Any, w: Any, x: Any, y: Any) -> Any:
    y.backward(retain_graph=True)
    w.requires_grad_(True)
    y.backward()


def ends(m: Any, w: Any, x: Any, y: Any) -> Any:
    return w.requires_grad, y.requires_grad, y.backward()


def changed(m: Any, w: Any, x: Any, y: Any) -> Any:
    w.mul_(2)
    y.backward()


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "backward": of(lambda m, w, x, y: y.backward()),
    "its square": of(lambda m, w, x, y: y.backward(), lambda w, x: w * w),
    "a view of it": of(lambda m, w, x, y: y.backward(), lambda w, x: w[:1] * x),
    "only it": of(ends, lambda w, x: w.exp()),
    "grad": of(lambda m, w, x, y: [g.tolist() for g in m.autograd.grad(y, [w, x])]),
    "grad of the other": of(lambda m, w, x, y: [g.tolist() for g in m.autograd.grad(y, [x])]),
    "grad, allow_unused": of(lambda m, w, x, y: m.autograd.grad(y, [w, x], allow_unused=True)),
    "inputs": of(lambda m, w, x, y: y.backward(inputs=[w])),
    "both inputs": of(lambda m, w, x, y: y.backward(inputs=[w, x])),
    "the other input": of(lambda m, w, x, y: y.backward(inputs=[x])),
    "second order": of(second, lambda w, x: w * w * x * x),
    "an optimizer": of(stepped),
    "a gradient from before": of(held_before),
    "unfrozen": of(unfrozen),
    "unfrozen afterwards": of(unfrozen_afterwards),
    "twice": of(twice),
    "changed, not needed": of(changed, lambda w, x: w + x),
    "hooks": hooked,
    "told afterwards": told_afterwards,
    "frozen by its hook": frozen_by_its_hook,
    "root": lambda m, freeze: freeze(w := leaf(m)) is None or m.autograd.backward([w], [m.ones(2)]),
    "root and input": lambda m, freeze: freeze(w := leaf(m)) is None or m.autograd.grad(w.sum(), w),
}


def outcome(m: Any, name: str, how: str) -> Any:
    try:
        return PROGRAMS[name](m, FREEZE[how])
    except RuntimeError as error:
        return str(error)


@pytest.mark.parametrize("how", FREEZE)
@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_pytorch(name: str, how: str, torch: Any) -> None:
    assert outcome(minitorch, name, how) == outcome(torch, name, how)


@pytest.mark.parametrize("how", FREEZE)
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.filterwarnings("ignore:Using backward")
def test_nothing_arrives_at_a_frozen_leaf(how: str, create_graph: bool) -> None:
    w, x = leaf(minitorch), leaf(minitorch)
    y = (w * x).sum()
    FREEZE[how](w)
    y.backward(create_graph=create_graph)
    assert held(w, x) == [None, [2.0, 3.0]]


@pytest.mark.parametrize("m", ["minitorch", "torch"])
def test_a_generator_trained_against_a_frozen_discriminator(m: str) -> None:
    """The discriminator is frozen after the forward pass, and stays as it was."""
    module = pytest.importorskip(m)
    module.manual_seed(0)
    G, D = module.nn.Linear(2, 2), module.nn.Linear(2, 1)
    both = module.optim.SGD([*G.parameters(), *D.parameters()], lr=0.1)
    before = [p.tolist() for p in D.parameters()]
    loss = D(G(module.ones(3, 2))).mean()
    D.requires_grad_(False)
    loss.backward()
    both.step()
    assert [p.tolist() for p in D.parameters()] == before
    assert all(p.grad is None for p in D.parameters())
    assert all(p.grad is not None for p in G.parameters())


@pytest.mark.parametrize("value", [True, False])
def test_requires_grad_of_a_result_cannot_be_set(value: bool) -> None:
    y = minitorch.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf"):
        y.requires_grad = value
    assert y.requires_grad_() is y
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf"):
        y.requires_grad_(False)
