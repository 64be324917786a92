"""Contracts of any backward with the engine, whatever it computes.

It is linear in the incoming gradient, gives the same twice, changes nothing that it is lent, hands
out gradients that share no memory, and minds neither strides nor whether it is itself recorded.
Each contract is checked for itself, so that a violation is named for what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from minitorch.autograd import engine
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck.numeric import Array, place_of
from minitorch.autograd.gradcheck.trace import nodes_behind
from minitorch.autograd.interventions import Targets, expected_by
from minitorch.autograd.saved import SavedArray
from minitorch.autograd.walk import BackwardWalk
from minitorch.kernels.sums import cast

Gradients = list[Array | None]
Walk = TypeVar("Walk", bound=BackwardWalk)


@dataclass
class Violation:
    """A contract that was broken.

    Attributes:
        contract: what backward is to do, in a few words.
        detail: what was seen.
    """

    contract: str
    detail: str

    def __str__(self) -> str:
        return f"{self.contract}: {self.detail}"


class BackwardError(Exception):
    """Backward raised something."""

    @property
    def violation(self) -> Violation:
        """The contract that this breaks."""
        return Violation("runs, and gives gradients that fit", str(self))


class Backward:
    """Backward of one recorded graph, run again and again with other cotangents.

    Args:
        outputs: results that require grad.
        inputs: what they are differentiated by.
    """

    def __init__(self, outputs: Sequence[Any], inputs: Sequence[Any]) -> None:
        self.outputs, self.inputs = list(outputs), list(inputs)
        for tensor in (*self.outputs, *self.inputs):
            if tensor._is_stale():
                tensor._refresh()

    def raw(self, cotangents: Sequence[Any], create_graph: bool = False) -> tuple[Any, ...]:
        """The gradients as tensors; None for an input that the outputs do not depend on."""
        asked: Any = {"retain_graph": True, "create_graph": create_graph, "allow_unused": True}
        try:
            return engine.grad(self.outputs, self.inputs, cotangents, **asked)
        except Exception as error:
            raise BackwardError(f"{type(error).__name__}: {error}") from error

    def wrap(self, cotangents: Sequence[Array]) -> list[Any]:
        """Copies of arrays, as tensors of the outputs' kinds."""
        return [out._wrap(np.array(c)) for out, c in zip(self.outputs, cotangents, strict=True)]

    def by(self, kind: type[Walk], cotangents: Sequence[Any]) -> tuple[Walk, Gradients]:
        """A walk of some kind, and the gradients that it found, as it holds them."""
        roots, ends = [out._edge() for out in self.outputs], [x._edge() for x in self.inputs]
        targets = Targets(roots, ends)
        walk = kind(True, targets)
        try:
            walk.run(roots, list(cotangents))
        except Exception as error:
            raise BackwardError(f"{type(error).__name__}: {error}") from error
        return walk, [targets.found.get((id(end), slot)) for end, slot in ends]

    def __call__(self, cotangents: Sequence[Array]) -> list[Array]:
        """The gradients as float64 arrays, zeros for None."""
        return self.filled(self.by(BackwardWalk, self.wrap(cotangents))[1])

    def filled(self, gradients: Gradients) -> list[Array]:
        """Gradients in float64, zeros for None."""
        return [
            np.zeros(x._array.shape) if g is None else g.astype(np.float64)
            for x, g in zip(self.inputs, gradients, strict=True)
        ]


def breaches(
    record: Callable[[], Backward],
    draws: np.random.Generator,
    nondet_tol: float,
    bits: int = 53,
    jacobians: Sequence[Array] = (),
    calm_size: Callable[[Sequence[Array]], float] = lambda seeds: 0.0,
) -> Iterator[Violation]:
    """The contracts that a function's backward breaks.

    Args:
        record: runs the function once more, and gives its backward.
        draws: where the random cotangents come from.
        nondet_tol: how much two runs of backward may differ.
        bits: of the precision that gradients are computed in, if less than their arrays'.
        jacobians: for each input, by backward one output element at a time, if that is known.
        calm_size: gives the size of gradients where nothing saturates.
    """
    backward = record()
    if not sum(out._array.size for out in backward.outputs):
        return
    seeds = [_signed(draws, out._array) for out in backward.outputs]
    watch = _Watch(backward)
    tensors = backward.wrap(seeds)
    first = backward.raw(tensors)
    plain = [None if g is None else g._array.copy() for g in first]
    yield from watch.changes(tensors, seeds)
    strict, second = backward.by(_StrictWalk, tensors)
    for text in strict.cast:
        yield Violation("returns gradients of the inputs' dtypes", text)
    if not any(hasattr(node, "bridge") for node in nodes_behind(backward.outputs)):
        yield from _aliases(first, tensors, backward)  # in other libraries gradients may be shared
    again = (
        "Backward is not reentrant: run twice over one graph, with one incoming gradient, it gave"
    )
    unlike = list(_same(plain, second, nondet_tol, "gives the same twice", again))
    if not unlike:
        again = "two runs of the function and its backward gave"
        other = _arrays(record().raw(tensors))
        unlike = list(_same(plain, other, nondet_tol, "is deterministic", again))
    if unlike:
        yield from unlike
        return  # nothing that is compared from here on would be the same
    loose = _rounding(plain, backward, bits, calm_size(seeds)) + nondet_tol
    recorded = _arrays(backward.raw(tensors, create_graph=True))
    how = "with and without it"
    yield from _same(plain, recorded, loose, "gives the same under create_graph", how)
    yield from _layouts(backward, seeds, plain, loose)
    yield from _linearity(backward, seeds, plain, draws, loose, bits, jacobians)
    for node, index, array, copy in strict.handed:
        if not np.array_equal(array, copy, equal_nan=True):
            lost = f"the gradient of its input {index}, which an earlier backward had handed out"
            yield Violation("hands out memory of its own", f"{node.name()} overwrote {lost}")
            return


def coarse(backward: Backward, draws: np.random.Generator) -> list[int]:
    """The numbers of the inputs whose gradients, but not the outputs, float32 can hold.

    By random incoming gradients, which it cannot hold, such gradients have gone through float32.
    """

    def narrow(array: Array) -> bool:
        values = array[np.isfinite(array) & (array != 0)]
        return bool((values == values.astype(np.float32)).all())

    if all(narrow(out._array) for out in backward.outputs):
        return []
    found = backward([_signed(draws, out._array) for out in backward.outputs])
    return [number for number, g in enumerate(found) if g.any() and narrow(g)]


def _arrays(gradients: Sequence[Any]) -> Gradients:
    return [None if g is None else g._array for g in gradients]


def _signed(draws: np.random.Generator, like: Array) -> Array:
    """Random values of both signs and of size about 1, none near 0."""
    values = draws.uniform(-1, 1, like.shape)
    return cast(np.asarray(values + np.copysign(0.5, values)), like.dtype)


def _rounding(gradients: Gradients, backward: Backward, bits: int, calm: float) -> float:
    """Bound the change of a gradient by the order of a sum: absolute, from its largest element.

    Where gradients cancel, what they are made of is larger: as the outputs are, over the inputs,
    or as gradients are where nothing saturates.
    """
    sizes = [calm, *(largest(g) for g in gradients if g is not None)]
    outputs = max(largest(out._array) for out in backward.outputs)
    sizes += [outputs / (largest(x._array) or 1) for x in backward.inputs if x._array.size]
    eps = [float(np.finfo(g.dtype).eps) for g in gradients if g is not None]
    return 64 * max([2.0 ** (1 - bits), *eps]) * max(sizes, default=0)


def largest(array: Array) -> float:
    """The largest finite magnitude; 0 if there is none."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


class _Watch:
    """Copies of all that backward is lent, to compare with afterwards."""

    def __init__(self, backward: Backward) -> None:
        self.inputs = [(x._array, x._array.copy()) for x in backward.inputs]
        self.saved: list[tuple[Function, Array, Array]] = []
        for node in nodes_behind(backward.outputs):
            for item in node._saved or ():
                array = item.array if isinstance(item, SavedArray) else item
                if array is not None:
                    self.saved.append((node, array, array.copy()))

    def changes(self, cotangents: Sequence[Any], seeds: Sequence[Array]) -> Iterator[Violation]:
        """List what is not as it was."""
        for index, (tensor, seed) in enumerate(zip(cotangents, seeds, strict=True)):
            if not np.array_equal(tensor._array, seed, equal_nan=True):
                place = np.argwhere(tensor._array != seed)[0].tolist()
                changed = f"grad_output {index} was changed in place, first at {place}"
                others = f"{changed}; others may hold the same tensor"
                yield Violation("leaves the incoming gradient alone", others)
        for index, (array, copy) in enumerate(self.inputs):
            if not np.array_equal(array, copy, equal_nan=True):
                changed = f"backward changed input {index} in place"
                yield Violation("leaves the inputs alone", changed)
        for node, array, copy in self.saved:
            same = np.array_equal(array, copy, equal_nan=array.dtype.kind == "f")
            if not same and not any(array is x for x, _ in self.inputs):
                yield Violation(
                    "leaves what was saved alone",
                    f"backward changed an array of shape {list(array.shape)} that {node.name()} "
                    "had saved; a second backward would be wrong",
                )


class _StrictWalk(BackwardWalk):
    """A walk that notes where the engine had to cast a gradient, and what each node handed out."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.cast: list[str] = []
        self.handed: list[tuple[Function, int, Array, Array]] = []

    def visit(self, node: Function, slots: list[Any]) -> Any:
        edges, grads = super().visit(node, slots)
        for index, (edge, grad) in enumerate(zip(edges, grads, strict=True)):
            if edge is None or grad is None:
                continue
            self.handed.append((node, index, grad, grad.copy()))
            _, dtype = expected_by(edge)
            # (Of bfloat16 it gives float32, which is rounded at the edge.)
            if grad.dtype != dtype and not node.rounded:
                returned = f"{node.name()} returned {grad.dtype}"
                self.cast.append(f"{returned} for its input {index}, which is {dtype}")
        return edges, grads


class _LayoutWalk(_StrictWalk):
    """A walk that hands on gradients as they lie in memory.

    In other walks what lies in an order of its own is shown as if it did not; in PyTorch it is not.
    """

    def from_tensor(self, grad: Any) -> Any:
        return grad._array

    def to_tensor(self, grad: Any, wrap: Callable[[Array], Any]) -> Any:
        return wrap(np.asarray(grad))


def _aliases(
    gradients: Sequence[Any], cotangents: Sequence[Any], backward: Backward
) -> Iterator[Violation]:
    """Gradients that share memory with each other, with what came in, or with an input."""
    numbered = enumerate(gradients)
    held = [(f"the gradient of input {i}", g._array) for i, g in numbered if g is not None]
    lent = [(f"grad_output {i}", c._array) for i, c in enumerate(cotangents)]
    lent += [(f"input {i}", x._array) for i, x in enumerate(backward.inputs)]
    for number, (name, array) in enumerate(held):
        for other, its in held[:number] + lent:
            if array.size and its.size and np.shares_memory(array, its):
                shared = f"{name} shares memory with {other}; changing one changes the other"
                yield Violation("hands out memory of its own", shared)


def _same(
    expected: Gradients, found: Gradients, tolerance: float, contract: str, how: str
) -> Iterator[Violation]:
    for index, (a, b) in enumerate(zip(expected, found, strict=True)):
        if a is None or b is None:
            if (a is None) is not (b is None):
                yield Violation(contract, f"{how}: input {index} has a gradient only once")
            continue
        equal = a == b
        if np.all(equal):
            continue
        with np.errstate(all="ignore"):
            off = ~((np.abs(a - b) <= tolerance) | equal | (np.isnan(a) & np.isnan(b)))
        if off.any():
            place, element = _largest(off, index)
            one, two = float(a[place]), float(b[place])
            pair = f"{one:.9g} and {two:.9g}"
            if f"{one:.9g}" == f"{two:.9g}":
                pair += f", which differ by {abs(one - two):.1g},"
            yield Violation(contract, f"{how} {pair} for {element}")


def _largest(sizes: Array, index: int) -> tuple[tuple[int, ...], str]:
    """The place of the largest element, and what to call it, in the gradient of an input."""
    place = place_of(np.argmax(sizes), sizes.shape)
    return place, f"element {list(place)} of input {index}"


def _layouts(
    backward: Backward, seeds: Sequence[Array], plain: Gradients, tolerance: float
) -> Iterator[Violation]:
    """The same numbers, laid out otherwise in memory."""
    for kind, arrays in (
        ("non-contiguous", [np.repeat(seed[..., None], 2, axis=-1)[..., 0] for seed in seeds]),
        ("transposed", [np.array(seed, order="F")[...] for seed in seeds]),  # views, as of another
        # As backward of a sum over all, over the last and over the first dimension gives them.
        ("expanded", [np.broadcast_to(np.ones((), seed.dtype), seed.shape) for seed in seeds]),
        ("partly expanded", [_repeated(seed, (..., slice(1))) for seed in seeds]),
        ("partly expanded", [_repeated(seed, (slice(1),)) for seed in seeds]),
    ):
        if all(a.strides == seed.strides for a, seed in zip(arrays, seeds, strict=True)):
            continue  # not otherwise at all, as those of a scalar
        same = "expanded" not in kind
        expected = plain if same else _arrays(backward.raw(backward.wrap(arrays)))
        tensors = [out._wrap(a) for out, a in zip(backward.outputs, arrays, strict=True)]
        try:
            _, found = backward.by(_LayoutWalk, tensors)
        except BackwardError as error:
            yield Violation("takes any strides", f"{kind} incoming gradients: {error}")
            continue
        how = f"contiguous and {kind} incoming gradients of the same values gave"
        yield from _same(expected, found, tolerance, "takes any strides", how)


def _repeated(seed: Array, part: Any) -> Array:
    """A part of an array, of several dimensions, in all its places."""
    return np.broadcast_to(seed[part], seed.shape) if seed.ndim > 1 else seed


def _linearity(
    backward: Backward,
    seeds: Sequence[Array],
    plain: Gradients,
    draws: np.random.Generator,
    tolerance: float,
    bits: int,
    jacobians: Sequence[Array],
) -> Iterator[Violation]:
    """Zero gives zero, scaling scales, and a sum gives the sum: also that of single elements."""
    if any(g is not None and not np.isfinite(g).all() for g in plain):
        return  # infinity times 0
    loose = max(1e-6, 2.0 ** (4 - bits))
    digits = {2: 3, 4: 20}.get(min(seed.itemsize for seed in seeds), 40)  # far from overflow
    # Large where the others are small: what a backward makes of the largest one shows in the sum.
    others = [np.copysign(3 - 1.5 * np.abs(a), _signed(draws, a)).astype(a.dtype) for a in seeds]
    one, two = backward.filled(plain), backward(others)

    def cases() -> Iterator[tuple[str, float, list[Array], list[Array], list[Array]]]:
        if all(np.isfinite(j).all() for j in jacobians):
            row = np.concatenate([seed.reshape(-1) for seed in seeds], dtype=np.float64)
            due, size = [j @ row for j in jacobians], [abs(j) @ abs(row) for j in jacobians]
            yield "a random incoming gradient", 1.0, one, due, size
        # Powers of 2, so that scaling rounds nothing.
        for p, q, of in (
            (0.0, 0.0, "an incoming gradient of zeros"),
            (-(2.0**-digits), 0.0, f"an incoming gradient times -2**-{digits}"),
            (2.0**digits, 0.0, f"an incoming gradient times 2**{digits}"),
            (1.0, 1.0, "the sum of two incoming gradients"),
        ):
            pairs = zip(seeds, others, strict=True)
            mixed = backward([np.asarray(p * a + q * b, a.dtype) for a, b in pairs])
            due = [p * a + q * b for a, b in zip(one, two, strict=True)]
            size = [np.abs(p * a) + np.abs(q * b) for a, b in zip(one, two, strict=True)]
            yield of, max(abs(p), q), mixed, due, size

    for of, factor, found, expected, sizes in cases():
        for index, (g, due, size) in enumerate(zip(found, expected, sizes, strict=False)):
            due, size = due.reshape(g.shape), size.reshape(g.shape)
            off = np.where(g == due, 0.0, np.abs(g - due))  # 0 also where both overflow
            allowed = factor * tolerance + loose * size
            if not (off <= allowed).all():
                # What cancels leaves rounding, which another size of the same gradient shows.
                thrice = backward([np.asarray(3 * a, a.dtype) for a in seeds])[index]
                rounding = 8 * np.abs(thrice / 3 - one[index]).max()
                most = 2.0 ** (6 - bits) * max(np.abs(a).max(initial=0.0) for a in seeds)
                allowed = allowed + factor * min(rounding, most)
            if not (off <= allowed).all():
                worst, where = _largest(off, index)
                linear = f"a linear backward gives {due[worst]:.9g}"
                detail = f"{of} gave {g[worst]:.9g} for {where}, where {linear}"
                yield Violation("is linear in the incoming gradient", detail)
                return
