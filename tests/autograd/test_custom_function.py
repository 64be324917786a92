"""A user's `autograd.Function` whose outputs share memory with its inputs, against PyTorch.

Each program gives a tensor to a Function, changes something in place afterwards, and asks for
gradients. What each step gives is noted, of minitorch and of PyTorch: either the same numbers, or
an error that begins alike.
"""

from __future__ import annotations

import contextlib
import gc
import warnings
import weakref
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


# ---- what backward is given, and what it returns ----------------------------------------------


def leaf(m: Any, *values: float) -> Any:
    return m.tensor(list(values or (1.0, 2.0)), requires_grad=True)


def made(m: Any, forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    """A Function of two static methods."""
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Made", (m.autograd.Function,), members)


def returning(m: Any, gradients: Callable[[Any], Any], *operands: Any) -> Any:
    """The gradient of the last operand, of a sum whose backward returns ``gradients(grad)``."""

    def forward(ctx: Any, *operands: Any) -> Any:
        return sum(operands)

    made(m, forward, lambda ctx, g: gradients(g)).apply(*operands).sum().backward()
    return operands[-1].grad


def seen(
    m: Any,
    outputs: Callable[..., Any],
    loss: Callable[..., Any],
    materialize: bool = True,
    once: bool = False,
) -> list[Any]:
    """What a backward is given, and the gradient that comes of it."""
    given: list[Any] = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.set_materialize_grads(materialize)
        return outputs(ctx, x)

    def backward(ctx: Any, *grads: Any) -> Any:
        given.extend(None if g is None else (g.tolist(), str(g.dtype)[-7:]) for g in grads)
        found = [g for g in grads if g is not None and g.is_floating_point()]
        return sum(found) if found else None

    if once:
        backward = m.autograd.function.once_differentiable(backward)
    x = leaf(m)
    loss(m, made(m, forward, backward).apply(x)).backward()
    return [given, x.grad]


class Blind:
    """An operation whose backward gives nothing to its first operand."""

    def __init__(self, m: Any) -> None:
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        self.apply = made(m, forward, lambda ctx, g: (None, g)).apply


def plus_leaf(m: Any, y: Any) -> Any:
    return Blind(m).apply(y, leaf(m)).sum()


def doubled(m: Any, ctx: Any = None) -> Any:
    return made(m, lambda ctx, x: x * 2, lambda ctx, g: g * 2)


def keyword(m: Any, *args: Any, **kwargs: Any) -> Any:
    def forward(ctx: Any, x: Any, k: Any = 3, z: Any = 1) -> Any:
        return x * k * z

    def backward(ctx: Any, g: Any) -> Any:
        return tuple(g * 5 if n else None for n in ctx.needs_input_grad)

    x = leaf(m)
    operands = [x if a == "x" else a for a in args]
    named = {name: x if a == "x" else a for name, a in kwargs.items()}
    y = made(m, forward, backward).apply(*operands, **named)
    y.sum().backward()
    return y, x.grad


def set_up(m: Any, context: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    class SetUp(m.autograd.Function):
        @staticmethod
        def forward(x: Any, k: int = 3) -> Any:
            return x * k if k else x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.k, None

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.k = inputs[1]
        context(ctx, inputs, output)

    SetUp.setup_context = staticmethod(setup_context)
    x = leaf(m)
    y = SetUp.apply(x, *args, **kwargs)
    y.sum().backward()
    return y, x.grad


def inherited(m: Any) -> Any:
    class Sub(doubled(m)):  # type: ignore[misc]
        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 7

    x = leaf(m)
    y = Sub.apply(x)
    y.sum().backward()
    return y.grad_fn.name(), type(y.grad_fn).__name__, x.grad


def twice_differentiated(m: Any, save: Callable[[Any, Any], Any]) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x * x
        save(ctx, x)
        return y

    def backward(ctx: Any, g: Any) -> Any:
        saved = ctx.x if hasattr(ctx, "x") else ctx.saved_tensors[0]
        return g * 2 * saved

    x = leaf(m)
    y = made(m, forward, backward).apply(x * 1)
    (first,) = m.autograd.grad(y.sum(), x, create_graph=True)
    second = m.autograd.grad(first.sum(), x) if first.requires_grad else None
    return first, second


def keep_as_attribute(ctx: Any, x: Any) -> None:
    ctx.x = x


def after_freeing(m: Any) -> Any:
    x = leaf(m)
    y = made(m, lambda ctx, x: saving(ctx, x * 2), lambda ctx, g: g * ctx.saved_tensors[0]).apply(x)
    y.sum().backward()
    return y.grad_fn.saved_tensors


def once_twice(m: Any, given: str) -> Any:
    once = m.autograd.function.once_differentiable
    x, seed = leaf(m), leaf(m)
    y = made(m, lambda ctx, x: x * 2, once(lambda ctx, g: g * 2)).apply(x)
    (g,) = m.autograd.grad(y, x, seed, create_graph=True)
    return m.autograd.grad(g.sum(), seed if given == "seed" else x)


def failing(m: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        raise ValueError("no")

    x = leaf(m)
    with contextlib.suppress(ValueError):
        made(m, forward, None).apply(x)
    return m.is_grad_enabled(), x._version, x.grad_fn


def modes_seen(m: Any) -> Any:
    modes: list[bool] = []

    def forward(ctx: Any, x: Any) -> Any:
        modes.append(m.is_grad_enabled())
        return x * 2

    def backward(ctx: Any, g: Any) -> Any:
        modes.append(m.is_grad_enabled())
        return g * 2

    y = made(m, forward, backward).apply(x := leaf(m)).sum()
    m.autograd.grad(y, x, retain_graph=True)
    m.autograd.grad(y, x, create_graph=True)
    return modes


def both(m: Any) -> Any:
    function = doubled(m)
    function.vjp = staticmethod(lambda ctx, g: g * 3)
    return function.apply(leaf(m)).sum().backward()


def only_vjp(m: Any) -> Any:
    members = {
        "forward": staticmethod(lambda ctx, x: x * 2),
        "vjp": staticmethod(lambda ctx, g: g * 3),
    }
    x = leaf(m)
    type("Only", (m.autograd.Function,), members).apply(x).sum().backward()
    return x.grad


def extras(m: Any) -> Any:
    function = doubled(m)
    function.generate_vmap_rule = True
    function.jvp = staticmethod(lambda ctx, t: t)
    x = leaf(m)
    function.apply(x).sum().backward()
    return x.grad


def no_method(m: Any, name: str) -> Any:
    members = {
        "forward": staticmethod(lambda ctx, x: x * 2),
        "backward": staticmethod(lambda c, g: g),
    }
    del members[name]
    return type("Half", (m.autograd.Function,), members).apply(leaf(m)).sum().backward()


def returned_pair(m: Any, outputs: Callable[[Any], Any]) -> Any:
    out = made(m, lambda ctx, x: outputs(x), lambda ctx, *g: g[0]).apply(leaf(m))
    return type(out).__name__, out


FIRST = lambda m, out: out[0].sum()  # noqa: E731
SECOND = lambda m, out: out[1].sum()  # noqa: E731
PROGRAMS: dict[str, Callable[[Any], Any]] = {
    # A gradient that is still to be summed, or does not fit.
    "row": lambda m: returning(m, lambda g: (g, g), m.ones(3, 2), leaf(m)),
    "column": lambda m: returning(
        m, lambda g: (g, g), m.ones(3, 2), m.ones(3, 1, requires_grad=True)
    ),
    "scalar": lambda m: returning(
        m, lambda g: (g, g), m.ones(3, 2), m.tensor(1.0, requires_grad=True)
    ),
    "batch": lambda m: returning(
        m, lambda g: (g, g), m.ones(4, 3, 2), m.ones(1, 2, requires_grad=True)
    ),
    "expanded gradient": lambda m: returning(m, lambda g: g.expand(3, 2), leaf(m)),
    "too small": lambda m: returning(m, lambda g: g[:1], leaf(m)),
    "too few dimensions": lambda m: returning(m, lambda g: g.sum(), leaf(m)),
    "too large": lambda m: returning(m, lambda g: m.ones(3), leaf(m)),
    "after a number": lambda m: returning(m, lambda g: (None, g[:1]), 3, leaf(m)),
    "of a number": lambda m: returning(m, lambda g: (g, g), 3, leaf(m)),
    "too few": lambda m: returning(m, lambda g: g, 3, leaf(m)),
    "too many": lambda m: returning(m, lambda g: (g, g), leaf(m)),
    "too many, None": lambda m: returning(m, lambda g: (g, None), leaf(m)),
    "a list": lambda m: returning(m, lambda g: [g], leaf(m)),
    "a float": lambda m: returning(m, lambda g: 3.0, leaf(m)),
    "double": lambda m: returning(m, lambda g: g.double() / 3, leaf(m)),
    "integers": lambda m: returning(m, lambda g: g.long(), leaf(m)),
    "of integers": lambda m: returning(m, lambda g: (g, g), m.tensor([1, 2]), leaf(m)),
    "of a constant, of another shape": lambda m: returning(
        m, lambda g: (m.ones(7), g), m.ones(2), leaf(m)
    ),
    "none": lambda m: returning(m, lambda g: None, leaf(m)),
    "empty": lambda m: returning(m, lambda g: (g, g), m.ones(0, 2), leaf(m)),
    # What arrives where nobody sent a gradient.
    "second unused": lambda m: seen(m, lambda c, x: (x * 2, x * 3), FIRST),
    "first unused": lambda m: seen(m, lambda c, x: (x * 2, x * 3), SECOND),
    "second unused, None": lambda m: seen(m, lambda c, x: (x * 2, x * 3), FIRST, False),
    "integers out": lambda m: seen(m, lambda c, x: (x * 2, x.long()), FIRST),
    "integers out, None": lambda m: seen(m, lambda c, x: (x * 2, x.long()), FIRST, False),
    "booleans out": lambda m: seen(m, lambda c, x: (x > 1, x * 2), SECOND),
    "number out": lambda m: seen(m, lambda c, x: (x * 2, 3), FIRST),
    "non-differentiable": lambda m: seen(m, lambda c, x: (x * 2, skipping(c, x * 3)), FIRST),
    "non-differentiable, None": lambda m: seen(
        m, lambda c, x: (x * 2, skipping(c, x * 3)), FIRST, False
    ),
    "once": lambda m: seen(m, lambda c, x: (x * 2, x * 3), FIRST, once=True),
    "once, None": lambda m: seen(m, lambda c, x: (x * 2, x * 3), FIRST, False, once=True),
    "nothing arrives": lambda m: seen(m, lambda c, x: x * 2, plus_leaf),
    "nothing arrives, None": lambda m: seen(m, lambda c, x: x * 2, plus_leaf, False),
    "nothing arrives, once": lambda m: seen(m, lambda c, x: x * 2, plus_leaf, once=True),
    "nothing arrives at an operation": lambda m: seen(
        m, lambda c, x: x * 2, lambda m, y: plus_leaf(m, y * 3)
    ),
    "nothing arrives at either": lambda m: seen(
        m, lambda c, x: (x * 2, x * 3), lambda m, y: plus_leaf(m, y[0])
    ),
    # How it is called.
    "keyword": lambda m: keyword(m, "x", k=2),
    "keyword tensor": lambda m: keyword(m, 2.0, k="x"),
    "all keywords": lambda m: keyword(m, k="x", x=2.0),
    "keyword left out": lambda m: keyword(m, "x", z=2),
    "unknown keyword": lambda m: keyword(m, "x", q=2),
    "given twice": lambda m: keyword(m, "x", x=2),
    "set up": lambda m: set_up(m, lambda *a: None),
    "set up, keyword": lambda m: set_up(m, lambda *a: None, k=5),
    "set up, saved": lambda m: set_up(m, lambda ctx, i, o: ctx.save_for_backward(o)),
    "set up, input returned and saved": lambda m: set_up(
        m, lambda ctx, i, o: ctx.save_for_backward(i[0]), 0
    ),
    "set up, inputs": lambda m: set_up(m, lambda ctx, i, o: [][len(i) - 2 :]),
    "no tensor": lambda m: doubled(m).apply(3),
    "inherited": inherited,
    "in a list": lambda m: (
        made(m, lambda ctx, x: x[0] * 2, lambda ctx, g: g).apply([leaf(m)]).requires_grad
    ),
    "named tuple": lambda m: returned_pair(m, lambda x: (x * 2).max(0)),
    "list": lambda m: returned_pair(m, lambda x: [x * 2]),
    "empty tuple": lambda m: returned_pair(m, lambda x: ()),
    "instance": lambda m: doubled(m)()(1),
    "vjp": only_vjp,
    "vjp and backward": both,
    "jvp and vmap": extras,
    "no backward": lambda m: no_method(m, "backward"),
    "no forward": lambda m: no_method(m, "forward"),
    # What ctx is told.
    "saved input": lambda m: twice_differentiated(m, lambda ctx, x: ctx.save_for_backward(x)),
    "saved twice": lambda m: twice_differentiated(
        m, lambda ctx, x: ctx.save_for_backward(x * 2) or ctx.save_for_backward(x)
    ),
    "kept as an attribute": lambda m: twice_differentiated(m, keep_as_attribute),
    "saved intermediate": lambda m: twice_differentiated(
        m, lambda ctx, x: ctx.save_for_backward(x * 1)
    ),
    "saved number": lambda m: twice_differentiated(m, lambda ctx, x: ctx.save_for_backward(3)),
    "saved None": lambda m: twice_differentiated(m, lambda ctx, x: ctx.save_for_backward(x, None)),
    "saved for forward": lambda m: twice_differentiated(
        m, lambda ctx, x: ctx.save_for_backward(x) or ctx.save_for_forward(x)
    ),
    "number for forward": lambda m: twice_differentiated(m, lambda ctx, x: ctx.save_for_forward(3)),
    "dirty number": lambda m: twice_differentiated(m, lambda ctx, x: ctx.mark_dirty(3)),
    "non-differentiable number": lambda m: twice_differentiated(
        m, lambda ctx, x: ctx.mark_non_differentiable(3)
    ),
    "freed": after_freeing,
    "forward fails": failing,
    "modes": modes_seen,
    "next functions": lambda m: [
        (type(end).__name__, slot)
        for end, slot in made(m, lambda c, k, x, w: x * w, None)
        .apply(3, leaf(m), m.ones(2))
        .grad_fn.next_functions
    ],
}


def outcome(m: Any, run: Callable[[Any], Any]) -> Any:
    try:
        return plain(run(m))
    except (RuntimeError, TypeError, NotImplementedError, AssertionError) as error:
        return start(error)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_custom_function_does_what_pytorchs_does(torch: Any, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcome(mt, PROGRAMS[name]) == outcome(torch, PROGRAMS[name])


@pytest.mark.parametrize("by", ["its input", "its seed"])
def test_a_gradient_marked_once_is_no_constant(by: str) -> None:
    # (To PyTorch it is one, which nobody notices who adds another term.)
    with pytest.raises(RuntimeError, match="trying to differentiate twice a function"):
        once_twice(mt, by)


def test_a_change_to_a_view_goes_to_the_right_argument() -> None:
    # (PyTorch takes the first gradient for the view's, wherever the view stands.)
    def forward(ctx: Any, w: Any, x: Any) -> Any:
        return dirty(ctx, x)

    w, x = leaf(mt, 1.0, 2.0), leaf(mt, 1.0, 2.0, 3.0, 4.0)
    h = x * 1
    made(mt, forward, lambda ctx, g: (g * 7, g * -10)).apply(w, h[:2])
    assert h.tolist() == [2.0, 4.0, 3.0, 4.0]
    h.sum().backward()
    assert w.grad.tolist() == [7.0, 7.0]
    assert x.grad.tolist() == [-10.0, -10.0, 1.0, 1.0]


def test_a_view_returned_and_then_its_input_changed_is_refused() -> None:
    reversal = made(mt, lambda ctx, x: x.view_as(x), lambda ctx, g: g * -10)
    h = leaf(mt) * 1
    y = reversal.apply(h)
    assert y.tolist() == h.tolist()
    h.mul_(2)
    for use in (lambda: y * 2, lambda: y.sum(), lambda: y.backward(mt.ones(2)), lambda: y.grad_fn):
        with pytest.raises(RuntimeError, match="Output 0 of Made is a view and its base or"):
            use()
    with mt.no_grad():
        assert (y * 1).tolist() == [2.0, 4.0]
    with pytest.raises(RuntimeError, match="Output 0 of Made is a view and is being modified"):
        reversal.apply(leaf(mt)).zero_()


def test_a_change_to_a_view_reaches_its_base() -> None:
    triple = made(mt, dirty, lambda ctx, g: g * 3)
    x = leaf(mt, 1.0, 2.0, 3.0)
    h = x * 1
    view = h[1:]
    assert triple.apply(view) is view
    h.sum().backward()
    assert x.grad.tolist() == [1.0, 3.0, 3.0]


def test_a_gradient_is_summed_over_what_was_broadcast() -> None:
    add = made(mt, lambda ctx, x, b: x + b, lambda ctx, g: (g, g))
    b = leaf(mt)
    add.apply(mt.ones(3, 2), b).sum().backward()
    assert b.grad.tolist() == [3.0, 3.0]


def test_no_gradient_arrives_as_zeros() -> None:
    given = []

    def backward(ctx: Any, g: Any) -> Any:
        given.append(g.tolist())
        return g + 5

    x = leaf(mt)
    plus_leaf(mt, made(mt, lambda ctx, x: x * 2, backward).apply(x)).backward()
    assert given == [[0.0, 0.0]]
    assert x.grad.tolist() == [5.0, 5.0]


# ---- several inputs, and those that share memory ----------------------------------------------


def dirty_first(ctx: Any, first: Any, second: Any) -> Any:
    first.mul_(second.detach() if first.shape == second.shape else 2)
    ctx.mark_dirty(first)
    return first


def dirty_both(ctx: Any, first: Any, second: Any) -> Any:
    ctx.mark_dirty(first.mul_(2), second.mul_(2))
    return first, second


def on_two(
    m: Any, forward: Callable[..., Any], backward: Callable[..., Any], pair: Callable[..., Any]
) -> Any:
    """What is seen of a Function of two inputs: `pair` makes them, and a base, of a leaf."""
    x = leaf(m, *FACTORS)
    first, second, base = pair(m, x * 1)
    out = made(m, forward, backward).apply(first, second)
    found = [out, (out[0] if isinstance(out, tuple) else out) is first, first._version]
    for tensor in (first, second, base):
        found += [tensor, tensor.requires_grad, tensor.is_leaf]
        if tensor.requires_grad:
            loss = (tensor * tensor).sum()
            found.append(m.autograd.grad(loss, x, retain_graph=True, allow_unused=True)[0])
    return found


def part_of_a_constant(m: Any, h: Any) -> tuple[Any, Any, Any]:
    base = m.ones(4)
    return base[:2], h[:2], base


TWO: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "the same twice": (lambda c, a, b: a * b, lambda c, g: (g * 2, g * 3), lambda m, h: (h, h, h)),
    "the same, returned": (lambda c, a, b: a, lambda c, g: (g * 2, g * 3), lambda m, h: (h, h, h)),
    "the same, dirty": (dirty_first, lambda c, g: (g * 2, g * 3), lambda m, h: (h, h, h)),
    "with a view": (dirty_first, lambda c, g: (g * 2, g[:2] * 3), lambda m, h: (h, h[:2], h)),
    "a view": (dirty_first, lambda c, g: (g * 2, None), lambda m, h: (h[:2], h, h)),
    "both dirty": (dirty_both, lambda c, g, k: (g * 2, k * 3), lambda m, h: (h, h * 2, h)),
    "both, a constant": (
        dirty_both,
        lambda c, g, k: (g * 2, k * 3),
        lambda m, h: (h, m.ones(4), h),
    ),
    "a constant": (dirty_first, lambda c, g: (g, g * 5), lambda m, h: (m.ones(4), h, h)),
    "of a constant": (
        dirty_first,
        lambda c, g: (g, g * 5),
        part_of_a_constant,
    ),
}


@pytest.mark.parametrize("name", TWO)
def test_two_inputs_that_may_share_memory(torch: Any, name: str) -> None:
    def run(m: Any) -> Any:
        return on_two(m, *TWO[name])

    assert outcome(mt, run) == outcome(torch, run)


@pytest.mark.parametrize("returned", ["dirty and saved", "saved: its input", "saved: a view"])
@pytest.mark.parametrize("given", ["result", "view"])
def test_a_custom_functions_node_is_freed_by_reference_count(given: str, returned: str) -> None:
    gc.disable()
    try:
        _, h = GIVEN[given](mt, leaf(mt, *FACTORS))
        y = function(mt, RETURNED[returned], None).apply(h)
        node = weakref.ref(y.grad_fn)
        assert node() is not None
        del h, y, _
        assert node() is None
    finally:
        gc.enable()
