"""Wrong backwards, made from right ones by a library of small changes.

A change is tried wherever it makes sense, and what does not come out wrong after all (the transpose
of a symmetric gradient, say) is left out by `is_wrong`, which knows the right answer.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.gradcheckers.case import Array, Backward, Case, Grad, Gradients, Node, unbroadcast

Generator = np.random.Generator
Change = Callable[[Array, Array, Generator], Any]
"""``change(gradient, input, draws)``: what is handed out instead of the right gradient."""
Builder = Callable[[Case, Generator], Backward | None]
"""Makes the wrong backward of a case; None where the change makes no sense."""


@dataclass(frozen=True)
class Mutant:
    """A case with a wrong backward."""

    kind: str
    name: str
    case: Case
    backward: Backward


# ---- three ways to build one ------------------------------------------------------------------


def of_result(change: Change, applies: Callable[[Array], bool] = lambda x: True) -> Builder:
    """Change the gradient of one of the inputs for which it `applies`."""

    def build(case: Case, draws: Generator) -> Backward | None:
        fit = [i for i in case.differentiable if applies(np.asarray(case.inputs[i]))]
        if not fit:
            return None
        target = fit[int(draws.integers(len(fit)))]
        seed = int(draws.integers(2**31))

        def backward(node: Node, grad: Grad, *inputs: Array) -> Gradients:
            made = list(case.vjp(grad, *inputs))
            again = np.random.default_rng(seed)  # the same bug at every call
            made[target] = change(np.array(made[target]), inputs[target], again)
            return made

        return backward

    return build


def of_incoming(change: Callable[[Array], Array], smallest: int = 1) -> Builder:
    """Change what comes in, for outputs of `smallest` elements or more."""

    def build(case: Case, draws: Generator) -> Backward | None:
        if max(out.size for out in case.outputs(case.arrays())) < smallest:
            return None

        def backward(node: Node, grad: Grad, *inputs: Array) -> Gradients:
            if isinstance(grad, tuple):
                return case.vjp(tuple(np.asarray(change(g)) for g in grad), *inputs)
            return case.vjp(np.asarray(change(grad)), *inputs)

        return backward

    return build


def of_call(
    run: Callable[[Case, Node, Grad, list[Array]], Gradients | None],
    applies: Callable[[Case], bool] = lambda case: True,
) -> Builder:
    """Do as `run` does; where that gives None, hand out the right gradients."""

    def build(case: Case, draws: Generator) -> Backward | None:
        if not applies(case):
            return None

        def backward(node: Node, grad: Grad, *inputs: Array) -> Gradients:
            node.calls += 1
            right = [None if g is None else np.array(g) for g in case.vjp(grad, *inputs)]
            node.memo["right"] = right
            made = run(case, node, grad, list(inputs))
            return right if made is None else made

        return backward

    return build


# ---- changes of the result --------------------------------------------------------------------


def many(x: Array) -> bool:
    return x.size > 1


def rows(x: Array) -> bool:
    return x.ndim > 0 and x.shape[0] > 1


def matrix(x: Array) -> bool:
    return x.ndim >= 2 and min(x.shape[-2:]) > 1


def scaled(factor: float) -> Change:
    return lambda g, x, draws: g * factor


def at_one(value: Callable[[Any], Any]) -> Change:
    """Change a single element."""

    def change(g: Array, x: Array, draws: Generator) -> Array:
        place = int(draws.integers(g.size))
        g.flat[place] = value(g.flat[place])
        return g

    return change


def at(index: Any, factor: float) -> Change:
    def change(g: Array, x: Array, draws: Generator) -> Array:
        g[index] *= factor
        return g

    return change


def where_input(test: Callable[[Array], Any], factor: float) -> Change:
    return lambda g, x, draws: np.where(test(x), g * factor, g)


def typical(g: Array) -> float:
    """A size that means something beside the gradient; not zero, even where that is."""
    return float(np.abs(g).mean()) or 1.0


def transposed(g: Array, x: Array, draws: Generator) -> Array:
    return g.swapaxes(-1, -2).reshape(g.shape)  # of another shape if not square: scrambled


def uneven(g: Array, x: Array, draws: Generator) -> Array:
    return g * (1 + 1e-4 * draws.standard_normal(g.shape))


def biased(size: float) -> Builder:
    """Add a constant, `size` times as large as the gradient for a `grad` of ones."""

    def build(case: Case, draws: Generator) -> Backward | None:
        arrays = case.arrays()
        ones = tuple(np.ones_like(out) for out in case.outputs(arrays))
        right = case.vjp(ones if len(ones) > 1 else ones[0], *arrays)
        target = case.differentiable[-1]
        constant = size * typical(np.asarray(right[target]))

        def backward(node: Node, grad: Grad, *inputs: Array) -> Gradients:
            made = list(case.vjp(grad, *inputs))
            made[target] = made[target] + np.asarray(constant, inputs[target].dtype)
            return made

        return backward

    return build


# ---- changes of what comes in -----------------------------------------------------------------


def normalised(g: Array) -> Array:
    return g / (np.sqrt((g**2).sum()) or 1)


def without(pick: Callable[[Array], Any]) -> Callable[[Array], Array]:
    """Drop the element of the incoming gradient that is smallest or largest."""

    def change(g: Array) -> Array:
        g = g.copy()
        nonzero = np.flatnonzero(g)
        if nonzero.size > 1:
            g.flat[nonzero[pick(np.abs(g.flat[nonzero]))]] = 0
        return g

    return change


def in_memory_order(g: Array) -> Array:
    return g.ravel("K").reshape(g.shape)


def expanded(g: Array) -> bool:
    return any(step == 0 and n > 1 for step, n in zip(g.strides, g.shape, strict=True))


# ---- changes of how the call goes -------------------------------------------------------------


def right_of(node: Node) -> list[Any]:
    made: list[Any] = node.memo["right"]
    return made


def first(grad: Grad) -> Array:
    return np.asarray(grad[0] if isinstance(grad, tuple) else grad)


def changes_grad(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> None:
    first(grad)[...] *= 2


def clears_grad(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> None:
    first(grad)[...] = 0


def changes_input(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> None:
    inputs[case.differentiable[0]][...] *= 1.5


def nudges_input(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> None:
    inputs[case.differentiable[-1]][...] *= 1 + 1e-5


def changes_saved(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
    saved = node.memo.setdefault("saved", np.ones(()))  # part of what forward has saved
    made = [None if g is None else g * saved for g in right_of(node)]
    saved *= 1.25
    return made


def second_call(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients | None:
    return None if node.calls == 1 else [g if g is None else g * 0 for g in right_of(node)]


def adds_up(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
    """Gradients go into a buffer that is not cleared."""
    total = node.memo.get("total")
    right = right_of(node)
    if total is not None:
        right = [g if g is None else g + t for g, t in zip(right, total, strict=True)]
    node.memo["total"] = right
    return right


def reuses_buffer(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
    """What the call before has handed out is overwritten."""
    held = node.memo.setdefault("buffers", right_of(node))
    for buffer, g in zip(held, right_of(node), strict=True):
        if buffer is not None:
            buffer[...] = g
    made: Gradients = held
    return made


def elsewhere(move: Callable[[Array], Array]) -> Builder:
    """The gradient at another point."""

    def run(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
        moved = [move(x).astype(x.dtype) if x.dtype.kind == "f" else x for x in inputs]
        return case.vjp(grad, *moved)

    return of_call(run)


def two_alike(case: Case) -> bool:
    shapes = [np.shape(case.inputs[i]) for i in case.differentiable]
    return len(shapes) > 1 and shapes[0] == shapes[1]


def swaps_gradients(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
    right, (a, b, *_) = list(right_of(node)), case.differentiable
    right[a], right[b] = right[b], right[a]
    return right


def swaps_inputs(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
    a, b, *_ = case.differentiable
    inputs[a], inputs[b] = inputs[b], inputs[a]
    return case.vjp(grad, *inputs)


def alias(case: Case, node: Node, grad: Grad, inputs: list[Array]) -> Gradients:
    """Two gradients in one array, the second of which is scaled afterwards."""
    right, (a, b, *_) = list(right_of(node)), case.differentiable
    right[b] = right[a]
    right[b] *= 1.5
    return right


def of_broadcast(reduce: Callable[[Array, tuple[int, ...]], Array]) -> Builder:
    """Come back from the output's shape to the input's in a wrong way.

    Not at all is no wrong way: PyTorch sums what an `autograd.Function` has left unsummed.
    """

    def build(case: Case, draws: Generator) -> Backward | None:
        if case.spread is None:
            return None
        spread = case.spread

        def backward(node: Node, grad: Grad, *inputs: Array) -> Gradients:
            pairs = zip(spread(grad, *inputs), inputs, strict=True)
            return [reduce(np.asarray(g), x.shape) for g, x in pairs]

        return backward

    return build


def averaged(g: Array, shape: tuple[int, ...]) -> Array:
    return unbroadcast(g, shape) * (int(np.prod(shape)) / g.size)


def slice_only(place: int) -> Callable[[Array, tuple[int, ...]], Array]:
    def reduce(g: Array, shape: tuple[int, ...]) -> Array:
        while g.ndim > len(shape):
            g = g[place]
        for axis, n in enumerate(shape):
            if n == 1:
                g = np.take(g, [place], axis)
        return g.copy()

    return reduce


def contracts() -> Iterator[tuple[str, str, Builder]]:
    """Gradients of a wrong number, shape or dtype."""
    yield "wrong shape", "an axis more", of_result(lambda g, x, draws: g[None].repeat(2, 0))
    yield "wrong shape", "flat", of_result(lambda g, x, draws: g.ravel(), lambda x: x.ndim > 1)
    yield "wrong shape", "summed up", of_result(lambda g, x, draws: g.sum(), many)
    yield "wrong shape", "a row less", of_result(lambda g, x, draws: g[1:], rows)
    yield "wrong dtype", "half", of_result(lambda g, x, draws: g.astype(np.float16))
    yield "wrong dtype", "integer", of_result(lambda g, x, draws: g.astype(np.int64))
    yield "wrong number", "one missing", of_call(lambda case, node, g, xs: right_of(node)[:-1])
    yield "wrong number", "one too many", of_call(lambda case, node, g, xs: right_of(node) * 2)
    yield "None instead of a gradient", "", of_result(lambda g, x, draws: None)


BUILDERS: list[tuple[str, str, Builder]] = [
    ("all zero", "", of_result(scaled(0))),
    ("one element zero", "", of_result(at_one(lambda v: 0), many)),
    ("one element zero", "another", of_result(at_one(lambda v: 0), many)),
    ("a slice zero", "first", of_result(at(0, 0), rows)),
    ("a slice zero", "all but the first", of_result(at(slice(1, None), 0), rows)),
    ("a slice zero", "last column", of_result(at((..., -1), 0), matrix)),
    ("constant factor", "2", of_result(scaled(2))),
    ("constant factor", "1/2", of_result(scaled(0.5))),
    ("constant factor near 1", "1.001", of_result(scaled(1.001))),
    ("constant factor near 1", "0.9999", of_result(scaled(0.9999))),
    ("constant factor near 1", "1 + 1e-5", of_result(scaled(1 + 1e-5))),
    ("sign flipped", "", of_result(scaled(-1))),
    ("sign flipped", "one element", of_result(at_one(lambda v: -v), many)),
    ("one element off", "by 1%", of_result(at_one(lambda v: v * 1.01))),
    ("transposed", "", of_result(transposed, matrix)),
    (
        "flipped",
        "",
        of_result(lambda g, x, draws: g[..., ::-1].copy(), lambda x: x.ndim > 0 and many(x)),
    ),
    ("shifted by one", "", of_result(lambda g, x, draws: np.roll(g, 1), many)),
    ("shifted by one", "rows", of_result(lambda g, x, draws: np.roll(g, 1, 0), rows)),
    ("swapped", "gradients", of_call(swaps_gradients, two_alike)),
    ("swapped", "inputs", of_call(swaps_inputs, two_alike)),
    ("broadcast axis not summed", "mean", of_broadcast(averaged)),
    ("broadcast axis not summed", "first only", of_broadcast(slice_only(0))),
    ("broadcast axis not summed", "last only", of_broadcast(slice_only(-1))),
    ("off for some inputs", "negative", of_result(where_input(lambda x: x < 0, 2))),
    (
        "off for some inputs",
        "above average",
        of_result(where_input(lambda x: x > x.mean(), 0), many),
    ),
    (
        "off for some inputs",
        "largest",
        of_result(where_input(lambda x: abs(x) == abs(x).max(), 0), many),
    ),
    (
        "off for some inputs",
        "smallest",
        of_result(where_input(lambda x: abs(x) == abs(x).min(), 0), many),
    ),
    ("gradient clipped", "", of_result(lambda g, x, draws: np.clip(g, -0.1 * typical(g), None))),
    ("derivative at another point", "0.1% off", elsewhere(lambda x: x * 1.001)),
    ("derivative at another point", "1% off", elsewhere(lambda x: x * 1.01)),
    ("derivative at another point", "neighbour's", elsewhere(lambda x: np.roll(x, 1))),
    ("uneven by 1e-4", "", of_result(uneven)),
    ("NaN or infinite", "NaN", of_result(at_one(lambda v: np.nan))),
    ("NaN or infinite", "inf", of_result(at_one(lambda v: np.inf))),
    ("constant added", "large", biased(1)),
    ("constant added", "small", biased(1e-3)),
    ("not linear in grad_output", "ones instead", of_incoming(np.ones_like)),
    ("not linear in grad_output", "squared", of_incoming(np.square)),
    ("not linear in grad_output", "abs", of_incoming(np.abs)),
    ("not linear in grad_output", "negative dropped", of_incoming(lambda g: np.maximum(g, 0))),
    ("right for 0, 1 and -1 only", "sign", of_incoming(np.sign)),
    ("right for 0, 1 and -1 only", "cubed", of_incoming(lambda g: g**3)),
    ("right for 0, 1 and -1 only", "clipped", of_incoming(lambda g: np.clip(g, -1, 1))),
    ("right for 0, 1 and -1 only", "g|g|", of_incoming(lambda g: g * abs(g))),
    ("right for one-hot only", "normalised", of_incoming(normalised, 2)),
    ("right for one-hot only", "smallest dropped", of_incoming(without(np.argmin), 2)),
    (
        "right for one-hot only",
        "largest alone",
        of_incoming(lambda g: g * (abs(g) == abs(g).max()), 2),
    ),
    ("right for equal elements only", "mean", of_incoming(lambda g: np.full_like(g, g.mean()), 2)),
    (
        "right for equal elements only",
        "first",
        of_incoming(lambda g: np.full_like(g, g.flat[0]), 2),
    ),
    ("wrong for a memory layout", "strides ignored", of_incoming(in_memory_order, 2)),
    (
        "wrong for a memory layout",
        "not contiguous",
        of_incoming(lambda g: g if g.flags.c_contiguous else g * 0, 2),
    ),
    (
        "wrong for a memory layout",
        "expanded",
        of_incoming(lambda g: g / 2 if expanded(g) else g, 2),
    ),
    ("changes grad_output", "doubles", of_call(changes_grad)),
    ("changes grad_output", "clears", of_call(clears_grad)),
    ("changes an input", "by half", of_call(changes_input)),
    ("changes an input", "by 1e-5", of_call(nudges_input)),
    ("wrong at the second backward", "saved array changed", of_call(changes_saved)),
    ("wrong at the second backward", "zero", of_call(second_call)),
    ("wrong at the second backward", "adds up", of_call(adds_up)),
    ("overwrites a gradient handed out", "", of_call(reuses_buffer)),
    ("two gradients in one array", "", of_call(alias, two_alike)),
    *contracts(),
]


def noisy(case: Case, draws: Generator) -> Backward:
    """Gradients off by 1e-4, in another way at each call."""

    def backward(node: Node, grad: Grad, *inputs: Array) -> Gradients:
        made = case.vjp(grad, *inputs)
        return [g if g is None else uneven(np.asarray(g), inputs[0], draws) for g in made]

    return backward


BUILDERS.append(("random", "by 1e-4", noisy))


# ---- all of them ------------------------------------------------------------------------------


OF_THE_CALL = {
    "changes an input",
    "changes grad_output",
    "overwrites a gradient handed out",
    "right for equal elements only",
    "right for one-hot only",
    "wrong at the second backward",
    "wrong for a memory layout",
}
"""Kinds of bug that the steps of a program may keep from each other."""


def mutants(cases: Sequence[Case], seed: int = 0) -> list[Mutant]:
    """Every change of every case that makes it wrong; the same ones for the same seed."""
    made = []
    for case in cases:
        for number, (kind, name, build) in enumerate(BUILDERS):
            if case.around is not None and kind in OF_THE_CALL:
                continue
            draws = np.random.default_rng([seed, number, zlib.crc32(case.name.encode())])
            backward = build(case, draws)
            if backward is not None and is_wrong(case, backward):
                made.append(Mutant(kind, name, case, backward))
        for number, (kind, vjp) in enumerate(case.wrong, start=1):
            own = _forget_node(vjp)
            if is_wrong(case, own):
                made.append(Mutant(kind, f"this function's, {number}", case, own))
    return made


def _forget_node(vjp: Callable[..., Gradients]) -> Backward:
    return lambda node, grad, *inputs: vjp(grad, *inputs)


def is_wrong(case: Case, backward: Backward) -> bool:
    """Whether some incoming gradient shows the difference from the right backward.

    A difference counts if it is above 1e-6 of the right value (1e-3 in float32) and above what any
    numerical check must put up with: the rounding of the output over the size of the input.
    """
    node, arrays, kept = Node(), case.arrays(), case.arrays()
    outs = case.outputs(kept)
    single = any(x.dtype == np.float32 for x in kept)
    handed_out: list[tuple[Any, Any]] = []
    with np.errstate(all="ignore"):
        for grads in _incoming(outs):
            given = tuple(g.copy("K") if not expanded(g) else g for g in grads)
            want = case.vjp(grads if len(outs) > 1 else grads[0], *kept)
            try:
                got = backward(node, given if len(outs) > 1 else given[0], *arrays)
            except Exception:
                return True
            if len(got) != len(want) or not _same_form(want, got):
                return True
            loudness = sum(float(abs(g * y).sum()) for g, y in zip(grads, outs, strict=True))
            for x, right, made in zip(kept, want, got, strict=True):
                if right is None:
                    continue
                size = np.where(x == 0, 1, abs(x))
                allowed = (1e-3 if single else 1e-6) * abs(right)
                allowed = allowed + (1e-4 if single else 1e-9) * loudness / size
                if not np.all(abs(made - right) <= allowed):
                    return True
            if any(not np.array_equal(a, b) for a, b in zip(given, grads, strict=True)):
                return True
            if any(not np.array_equal(a, b) for a, b in zip(arrays, kept, strict=True)):
                return True
            for earlier, copy in handed_out:
                if not np.array_equal(earlier, copy, equal_nan=True):
                    return True
            handed_out += [(g, np.array(g)) for g in got if g is not None]
    return False


def _same_form(want: Gradients, got: Gradients) -> bool:
    """Whether each gradient is there, and of the right shape and dtype."""
    for right, made in zip(want, got, strict=True):
        if (right is None) != (made is None):
            return False
        if right is None:
            continue
        a, b = np.asarray(right), np.asarray(made)
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            return False
    return True


def _incoming(outs: tuple[Array, ...]) -> Iterator[tuple[Array, ...]]:
    """Incoming gradients: random ones of several sizes and layouts, zero, and one-hot ones."""
    draws = np.random.default_rng(0)

    def normal(out: Array) -> Array:
        return np.asarray(draws.standard_normal(out.shape)).astype(out.dtype)

    for size in (1, 1e3, 1e-3, 0):
        yield tuple(np.asarray(normal(out) * out.dtype.type(size)) for out in outs)
    yield tuple(normal(out.T).T for out in outs)
    yield tuple(np.broadcast_to(out.dtype.type(1.5), out.shape) for out in outs)
    for number, out in enumerate(outs):
        for place in range(min(out.size, 64)):
            hot = [np.zeros_like(o, order="C") for o in outs]
            hot[number].flat[place] = 1
            yield tuple(hot)
