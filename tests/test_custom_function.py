"""A user's `autograd.Function` whose outputs share memory with its inputs, against PyTorch.

Each program gives a tensor to a Function, changes something in place afterwards, and asks for
gradients. What each step gives is noted, of minitorch and of PyTorch: either the same numbers, or
an error that begins alike.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import minitorch as mt

FACTORS = (1.0, 2.0, 3.0, 4.0)


# ---- what is given to the Function -------------------------------------------------------------


def viewed_in_no_grad(m: Any, base: Any) -> Any:
    with m.no_grad():
        return base[1:3]


# Of a leaf `x` of four elements: the tensor that memory belongs to, and what is given.
GIVEN: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "leaf": lambda m, x: (x, x),
    "result": lambda m, x: twice(x * 1),
    "view of a leaf": lambda m, x: (x, x[1:3]),
    "view": lambda m, x: with_view(x * 1, lambda b: b[1:3]),
    "whole view": lambda m, x: with_view(x * 1, lambda b: b.view(2, 2)),
    "view of a view": lambda m, x: with_view(x * 1, lambda b: b.view(2, 2)[1]),
    "one of several views": lambda m, x: with_view(x * 1, lambda b: b.view(2, 2).unbind()[1]),
    "view made in no_grad": lambda m, x: with_view(x * 1, lambda b: viewed_in_no_grad(m, b)),
    "constant": lambda m, x: twice(m.ones(4)),
    "view of a constant": lambda m, x: with_view(m.ones(4), lambda b: b[1:3]),
    "detached": lambda m, x: with_view(x * 1, lambda b: b.detach()),
}


def twice(tensor: Any) -> tuple[Any, Any]:
    return tensor, tensor


def with_view(base: Any, view: Callable[[Any], Any]) -> tuple[Any, Any]:
    return base, view(base)


# ---- what forward does and returns -------------------------------------------------------------


def dirty(ctx: Any, x: Any, *returned: Any) -> Any:
    x.mul_(2)
    ctx.mark_dirty(x)
    return returned if returned else x


def changed(x: Any) -> Any:
    return x.mul_(2)


def skipping(ctx: Any, y: Any) -> Any:
    ctx.mark_non_differentiable(y)
    return y


def dirty_and_saved(ctx: Any, x: Any) -> Any:
    ctx.save_for_backward(x)
    return dirty(ctx, x)


def saving(ctx: Any, y: Any) -> Any:
    ctx.save_for_backward(y)
    return y


RETURNED: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "its input": lambda m, ctx, x, other: x,
    "view_as": lambda m, ctx, x, other: x.view_as(x),
    "a slice": lambda m, ctx, x, other: x[:1],
    "flat": lambda m, ctx, x, other: x.view(-1),
    "expanded": lambda m, ctx, x, other: x.expand(3, *x.shape),
    "a view of a view": lambda m, ctx, x, other: x.view(-1)[1:],
    "several views": lambda m, ctx, x, other: x.unbind(),
    "detached": lambda m, ctx, x, other: x.detach(),
    "data": lambda m, ctx, x, other: x.data,
    "new": lambda m, ctx, x, other: x * 2,
    "a view of something new": lambda m, ctx, x, other: (x * 2)[1:],
    "new, and its input": lambda m, ctx, x, other: (x * 2, x),
    "new, and a view": lambda m, ctx, x, other: (x * 2, x[1:]),
    "its input twice": lambda m, ctx, x, other: (x, x),
    "something new twice": lambda m, ctx, x, other: (x * 2,) * 2,
    "its input in a list": lambda m, ctx, x, other: [x],
    "a number": lambda m, ctx, x, other: 3,
    "new, and a number": lambda m, ctx, x, other: (x * 2, 3, None),
    "indices": lambda m, ctx, x, other: x.long(),
    "new, and indices": lambda m, ctx, x, other: (x * 2, x.long()),
    "another tensor": lambda m, ctx, x, other: other,
    "a view of another tensor": lambda m, ctx, x, other: other[1:],
    "non-differentiable: its input": lambda m, ctx, x, other: skipping(ctx, x),
    "non-differentiable: a view": lambda m, ctx, x, other: skipping(ctx, x[:1]),
    "non-differentiable: new": lambda m, ctx, x, other: skipping(ctx, x * 2),
    "new, and non-differentiable": lambda m, ctx, x, other: (x * 2, skipping(ctx, x * 3)),
    "a view, and non-differentiable": lambda m, ctx, x, other: (x[:1], skipping(ctx, x * 3)),
    "dirty": lambda m, ctx, x, other: dirty(ctx, x),
    "dirty, in a tuple": lambda m, ctx, x, other: dirty(ctx, x, x),
    "dirty, and new": lambda m, ctx, x, other: dirty(ctx, x, x, x * 2),
    "dirty, and a number": lambda m, ctx, x, other: dirty(ctx, x, x, 3),
    "dirty twice": lambda m, ctx, x, other: dirty(ctx, x, x, x),
    "dirty, not returned": lambda m, ctx, x, other: dirty(ctx, x, x * 2),
    "dirty, a view returned": lambda m, ctx, x, other: dirty(ctx, x, x.view_as(x)),
    "dirty and non-differentiable": lambda m, ctx, x, other: skipping(ctx, dirty(ctx, x)),
    "dirty and saved": lambda m, ctx, x, other: dirty_and_saved(ctx, x),
    "dirty, not an input": lambda m, ctx, x, other: dirty(ctx, x * 2),
    "changed": lambda m, ctx, x, other: changed(x),
    "changed, and new": lambda m, ctx, x, other: changed(x) * 2,
    "saved: its input": lambda m, ctx, x, other: saving(ctx, x),
    "saved: a view": lambda m, ctx, x, other: saving(ctx, x.view_as(x)),
    "saved: new": lambda m, ctx, x, other: saving(ctx, x * 2),
}


# ---- what is changed afterwards ----------------------------------------------------------------

# Of: the base, what was given, the first output.
CHANGED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "nothing": lambda base, h, y: None,
    "the base": lambda base, h, y: base.mul_(3),
    "the input": lambda base, h, y: h.mul_(3),
    "the output": lambda base, h, y: y.mul_(3),
    "the output, zeroed": lambda base, h, y: y.zero_(),
    "a view of the output": lambda base, h, y: y.view(-1)[:1].mul_(3),
    "another view": lambda base, h, y: base.view(-1)[:2].mul_(3),
    "an element of the input": lambda base, h, y: h.__setitem__(0, 5.0),
}


def function(m: Any, forward: Callable[..., Any], other: Any) -> Any:
    class Ten(m.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return forward(m, ctx, x, other)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            total = 0
            for factor, grad in zip(FACTORS, grads, strict=False):
                if grad is not None and grad.is_floating_point():
                    total = total + (grad * factor).sum()
            for saved in ctx.saved_tensors:
                total = total * saved.sum()
            return (total * 10).expand(ctx.shape)

    return Ten


def start(text: BaseException) -> str:
    """An error's type and the words that its message begins with."""
    said = str(text)
    if "modified inplace" in said:  # of a view: why
        said = said.partition(". ")[2]
    return f"{type(text).__name__}: {' '.join(said.split()[:6])}"


# PyTorch records what is computed from a view, made in no_grad, of what requires grad; but no
# gradient can reach anything.
WITHOUT_GRADIENT = "RuntimeError: element 0 of tensors does not"


class Notes:
    """What became of a program, step by step."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any]] = []

    def add(self, what: str, made: Callable[[], Any]) -> Any:
        """Note what `made` returns, or how its error begins; what it returned."""
        try:
            value = made()
        except (RuntimeError, TypeError, IndexError) as error:
            self.lines.append((what, start(error)))
            return None
        self.lines.append((what, plain(value)))
        return value


def plain(value: Any) -> Any:
    """Numbers without their tensors."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def is_tensor(value: Any) -> bool:
    return hasattr(value, "requires_grad")


def describe(notes: Notes, name: str, tensor: Any) -> None:
    """Note what can be seen of a tensor."""
    if not is_tensor(tensor):
        notes.add(name, lambda: type(tensor).__name__)
        return
    notes.add(f"{name}", lambda: tensor)
    notes.add(f"{name}._version", lambda: tensor._version)
    notes.add(f"{name}._is_view()", tensor._is_view)
    notes.add(f"{name}.requires_grad", lambda: tensor.requires_grad)
    notes.add(f"{name}.grad_fn", lambda: tensor.grad_fn is not None)


def program(
    m: Any, given: str, returned: str, change: str, applied: str, changing: str
) -> list[tuple[str, Any]]:
    """Run one program; what was seen of it."""
    notes = Notes()
    x = m.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    other = m.tensor([7.0, 8.0])
    base, h = GIVEN[given](m, x)
    modes = {"grad": contextlib.nullcontext, "no_grad": m.no_grad}
    ten = function(m, RETURNED[returned], other)
    ten._backward_cls.shape = tuple(h.shape)
    with modes[applied]():
        made = notes.add("apply", lambda: ten.apply(h))
    outputs = made if isinstance(made, (tuple, list)) else (made,)
    named = {f"output {slot}": output for slot, output in enumerate(outputs)}
    for name, tensor in {"base": base, "input": h, "other": other, **named}.items():
        describe(notes, name, tensor)
    y = outputs[0]
    notes.add("output is input", lambda: y is h)
    if not is_tensor(y):
        return notes.lines
    if y is not h:
        notes.add("output of base", lambda: y._base is base)
    with modes[changing]():
        notes.add("change", lambda: CHANGED[change](base, h, y) and None)
    for name, tensor in {"base": base, "input": h, "other": other, **named}.items():
        describe(notes, f"afterwards, {name}", tensor)
    for name, tensor in {"base": base, "input": h, "other": other, **named}.items():
        if not is_tensor(tensor) or not tensor.is_floating_point():
            continue

        def first(tensor: Any = tensor) -> Any:
            weights = m.arange(tensor.numel()).reshape(tensor.shape) + 1.0
            loss = (tensor * tensor * weights).sum()
            return m.autograd.grad(loss, x, create_graph=True, allow_unused=True)[0]

        def second(gradient: Any) -> Any:
            return m.autograd.grad(
                (gradient * gradient).sum(), x, retain_graph=True, allow_unused=True
            )[0]

        gradient = notes.add(f"gradient of {name}", first)
        if gradient is not None and gradient.requires_grad:
            notes.add(f"second gradient of {name}", lambda g=gradient: second(g))
    return notes.lines


def programs() -> Iterator[tuple[str, str, str]]:
    for change in CHANGED:
        yield change, "grad", "grad"
    for change in ("the base", "the output"):
        yield change, "grad", "no_grad"
        yield change, "no_grad", "grad"


def differences(torch: Any, given: str, returned: str) -> Iterator[str]:
    for change, applied, changing in programs():
        ours = program(mt, given, returned, change, applied, changing)
        theirs = program(torch, given, returned, change, applied, changing)
        for (what, mine), (_, right) in zip(ours, theirs, strict=False):
            if mine != right and not (right is None and mine == WITHOUT_GRADIENT):
                yield f"[{change}; {applied}; {changing}] {what}: {mine!r} for {right!r}"
                break
        else:
            if len(ours) != len(theirs):
                yield f"[{change}; {applied}; {changing}] {len(ours)} notes for {len(theirs)}"


@pytest.mark.parametrize("returned", RETURNED)
@pytest.mark.parametrize("given", GIVEN)
def test_memory_shared_with_a_functions_input(torch: Any, given: str, returned: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(differences(torch, given, returned))
    assert not found, "\n".join(found)
