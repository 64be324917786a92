"""Both Jacobians of a function, compared element by element.

A *subject* is a function without arguments that reads some tensors; it is evaluated with their
elements changed in place. So a function of its inputs, a model of its parameters and a recorded
graph of its leaves are all checked alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.gradcheck import numeric
from minitorch.autograd.gradcheck.contracts import Backward
from minitorch.autograd.gradcheck.numeric import (
    Array,
    Derivative,
    ladder,
    noise_along,
    place_of,
    sample,
)
from minitorch.autograd.gradcheck.patterns import likely_cause, swapped
from minitorch.autograd.gradcheck.report import GradcheckError, Jacobian
from minitorch.autograd.gradcheck.verdict import SUBNORMAL, Tolerance, Verdict, judge
from minitorch.kernels.bfloat16 import BFLOAT16

Watch = Callable[[Iterable[Any], int], Iterable[Any]]
DOUBTED = (Verdict.FAIL, Verdict.KINK, Verdict.UNSURE)
RAYS, POINTS = (12.0, 22.0, 32.0), 12  # negative powers of 2 to step by, and steps, to see noise
LARGE = 8.0  # inputs from here on may saturate a function
BITS = {"float64": 53, "float32": 24, "float16": 11, str(BFLOAT16): 8}


def tensors_in(value: Any) -> list[Any]:
    """The tensors of a call's result, in order."""
    if isinstance(value, TensorBase):
        return [value]
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


def flowing(value: Any) -> list[Any]:
    """The tensors of a call's result through which a gradient can flow."""
    return [tensor for tensor in tensors_in(value) if tensor._requires_grad]


def unwatched(items: Iterable[Any], total: int) -> Iterable[Any]:
    """No progress bar."""
    return items


@dataclass
class Subject:
    """Function under check, with its inputs.

    Attributes:
        run: evaluates the function, and returns its outputs.
        tensors: the leaves by which it is differentiated; they require grad.
        names: what to call them.
        eps: the largest step, if it is not to be chosen here.
        tolerance: what is allowed beyond the error bars.
        bits: of the outputs' precision.
        plain: like `run`, but its outputs need no graph; for numerical derivatives.
        raised: what a run last raised at a point beside this one.
        saturated: whether derivatives passed that rounding has taken away.
    """

    run: Callable[[], Any]
    tensors: Sequence[Any]
    names: Sequence[str]
    eps: float | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    bits: int = 53
    plain: Callable[[], Any] | None = None
    raised: Exception | None = None
    saturated: bool = False

    def outputs(self) -> list[Any]:
        """The outputs of a new run, those through which a gradient can flow."""
        return flowing(self.run())

    @cached_property
    def made(self) -> list[Any]:
        """All outputs of a run at the point where the check is, with its graph."""
        return tensors_in(self.run())

    @cached_property
    def _flows(self) -> list[bool]:
        """For each output, whether a gradient can flow through it."""
        return [out._requires_grad for out in self.made]

    def values(self) -> Array:
        """The elements of all outputs of a new run in one row, in float64; NaN if it raises."""
        try:
            return self._in_a_row(tensors_in((self.plain or self.run)()))
        except Exception as error:  # outside the domain, as of a probability above 1
            self.raised = error
            return np.full(self.center.size, np.nan)

    def _in_a_row(self, made: Sequence[Any]) -> Array:
        pairs = zip(made, self._flows, strict=True)
        arrays = [out._array.reshape(-1) for out, flows in pairs if flows]
        return np.concatenate(arrays, dtype=np.float64) if arrays else np.zeros(0)

    @cached_property
    def center(self) -> Array:
        """The values at the point where the check is."""
        return self._in_a_row(tensors_in(self.plain()) if self.plain else self.made)

    @cached_property
    def jacobians(self) -> list[Array]:
        """By backward, at the point where the check is."""
        return analytical(self, flowing(self.made))

    @cached_property
    def exact(self) -> Array:
        """Where an output changes, or is 0, when all inputs move by little more than rounding.

        Others have fewer digits inside, or lose what is small next to a constant.
        """
        center = self.center
        with self.put_back() as kept, np.errstate(all="ignore"):
            for x, array in zip(self.tensors, kept, strict=True):
                size = typical_size(array) * 2.0 ** (-0.75 * self._bits_of(array))
                x._array[...] += np.linspace(1, 2, array.size).reshape(array.shape) * size
            return (self.values() != center) | (center == 0)

    @cached_property
    def _rays(self) -> Array:
        """The outputs at points in a row, for some steps; on one side, where kinks are no noise."""
        draws, rays = np.random.default_rng(3), []
        with self.put_back() as kept:
            sizes = [np.where(a == 0, typical_size(a), np.abs(a)) for a in kept]
            ways = [size * draws.choice([-1, 1], size.shape) for size in sizes]
            for exponent in RAYS:
                rows = []
                for step in 2.0 ** (-exponent * self.bits / 53) * np.arange(1, 1 + POINTS):
                    for x, array, way in zip(self.tensors, kept, ways, strict=True):
                        x._array[...] = array + step * way
                    rows.append(self.values())
                rays.append(rows)
        return np.array(rays)

    @property
    def saturable(self) -> bool:
        """Whether an input is so large that rounding may take derivatives away."""
        return any(np.abs(x._array).max(initial=0) > LARGE for x in self.tensors)

    @contextmanager
    def calm(self) -> Iterator[Subject]:
        """The subject where no input is larger than 2, and their order is kept."""
        with self.put_back() as kept, np.errstate(all="ignore"):
            for x, array in zip(self.tensors, kept, strict=True):
                size = np.abs(array)
                x._array[...] = np.where(size > 1, np.sign(array) * (2 - 1 / size), array)
            yield replace(self)

    @cached_property
    def calm_sizes(self) -> list[Array]:
        """The sizes that the Jacobians' elements have where the subject is calm; 0 if unknown."""
        sizes = [np.zeros_like(jacobian) for jacobian in self.jacobians]
        if self.saturable:
            with self.calm() as there, suppress(Exception):  # outside the domain
                if there.center.shape == self.center.shape:
                    sizes = [np.where(np.isfinite(j), np.abs(j), 0) for j in there.jacobians]
        return sizes

    def calm_size(self, cotangents: Sequence[Array]) -> float:
        """The size of gradients by these cotangents where the subject is calm; 0 if unknown."""
        if self.saturable:
            with self.calm() as there, suppress(Exception):  # outside the domain
                sizes = [np.abs(g[np.isfinite(g)]) for g in there.backward()(cotangents)]
                return max(float(size.max(initial=0)) for size in sizes)
        return 0.0

    def backward(self) -> Backward:
        """Backward of a new run."""
        return Backward(self.outputs(), self.tensors)

    @contextmanager
    def put_back(self) -> Iterator[list[Array]]:
        """Copies of the tensors' arrays, which they have again afterwards."""
        kept = [x._array.copy() for x in self.tensors]
        try:
            yield kept
        finally:
            for x, array in zip(self.tensors, kept, strict=True):
                x._array[...] = array

    def steps(self, array: Array, size: float, thorough: bool) -> Array:
        """The steps to try for an element of size `size` of `array`."""
        typical = typical_size(array)
        # Of a 0 beside such large ones as mask others out, 1 may be the size.
        zero = min(typical, 1.0) if thorough else typical
        steps = ladder(size or zero, typical, self._bits_of(array), thorough)
        if self.eps is not None:
            steps = steps[steps <= self.eps] if thorough else steps * min(1, self.eps / steps[0])
        return steps

    def _bits_of(self, array: Array) -> int:
        return min(self.bits, BITS.get(str(array.dtype), 53))

    def beside(self, array: Array, rows: Iterable[int]) -> tuple[Array, Array, Array, Array]:
        """The outputs one small step above and below some elements of an array, and the steps.

        Each is of shape (elements, outputs), or (elements, 1); NaN for the other elements.
        """
        flat, kept = array.flat, array.flatten()
        steps = np.abs(kept.astype(np.float64))
        steps[steps == 0] = typical_size(array)
        steps *= 2.0 ** (-numeric.GLANCE * self._bits_of(array) / 53)
        steps = steps if self.eps is None else np.minimum(steps, self.eps)
        high, low = (kept + steps).astype(array.dtype), (kept - steps).astype(array.dtype)
        above, below = np.full((2, kept.size, self.center.size), np.nan)
        with np.errstate(all="ignore"):
            for row in rows:
                try:
                    flat[row] = high[row]
                    above[row] = self.values()
                    flat[row] = low[row]
                    below[row] = self.values()
                finally:
                    flat[row] = kept[row]
            high, low = (np.abs(a.astype(np.float64) - kept) for a in (high, low))
        return above, below, high[:, None], low[:, None]

    def column(self, array: Array, place: tuple[int, ...], thorough: bool) -> Derivative:
        """The numerical derivatives of all outputs by one element of a tensor's array."""
        kept = array[place].copy()

        def evaluate(step: float) -> tuple[Array, float]:
            array[place] = kept + step
            taken = float(array[place]) - float(kept)
            try:
                return self.values(), taken
            finally:
                array[place] = kept

        steps = self.steps(array, abs(float(kept)), thorough)
        noise = noise_along(self._rays, self.center) if thorough else 0.0
        return self._sampled(evaluate, steps, self.center, noise)

    def directional(
        self, tensor: Any, direction: Array, measure: Callable[[Array], Array], thorough: bool
    ) -> Derivative:
        """The numerical derivatives of ``measure(outputs)`` along a direction in `tensor`."""
        array = tensor._array
        kept = array.copy()
        length = float(np.abs(direction).max(initial=0)) or 1.0

        def evaluate(step: float) -> tuple[Array, float]:
            array[...] = kept + (step / length) * direction
            try:
                return measure(self.values()), step / length
            finally:
                array[...] = kept

        steps = self.steps(array, 0.0, thorough)
        rays = [[measure(values) for values in ray] for ray in self._rays] if thorough else []
        center = measure(self.center)
        noise = noise_along(np.array(rays), center) if rays else 0.0
        return self._sampled(evaluate, steps, center, noise)

    def _sampled(
        self,
        evaluate: Callable[[float], tuple[Array, float]],
        steps: Array,
        center: Array,
        noise: Array | float,
    ) -> Derivative:
        with np.errstate(all="ignore"):
            return sample(evaluate, steps, center).derivative(2.0**-self.bits, noise)


def typical_size(array: Array) -> float:
    """The size of an array's elements: the root mean square of those that are not 0, or 1."""
    values = np.abs(array[np.isfinite(array) & (array != 0)].astype(np.float64))
    return math.sqrt(values @ values / values.size) if values.size else 1.0


def analytical(subject: Subject, outputs: Sequence[Any]) -> list[Array]:
    """For each tensor the Jacobian (its elements, all output elements), by backward.

    One walk back for each output element.
    """
    rows = []
    for out in outputs:
        cotangent = np.zeros(out._array.shape, out._array.dtype)
        backward = Backward([out], subject.tensors)
        for element in range(cotangent.size):
            cotangent.flat[element] = 1
            rows.append([gradient.reshape(-1) for gradient in backward([cotangent])])
            cotangent.flat[element] = 0
    sizes = [x._array.size for x in subject.tensors]
    return [np.array([r[n] for r in rows]).reshape(len(rows), k).T for n, k in enumerate(sizes)]


def compare(
    subject: Subject,
    order: int = 1,
    watch: Watch = unwatched,
    rows: Sequence[Array] | None = None,
    backwards: list[Array] | None = None,
) -> list[Jacobian]:
    """Every Jacobian of the subject, with a verdict on each element.

    Args:
        subject, order: what is checked, and what its Jacobians are to be called.
        watch: is told of each element of the inputs.
        rows: for each tensor which of its elements to look at, as a mask; the others are UNSURE.
        backwards: the Jacobians to compare, if not those of backward.
    """
    given = backwards is not None
    backwards = subject.jacobians if backwards is None else backwards
    shapes = [out._array.shape for out in flowing(subject.made)]
    found: list[Jacobian] = []
    total = sum(x._array.size for x in subject.tensors)
    places = iter(watch((p for x in subject.tensors for p in np.ndindex(x._array.shape)), total))
    for number, tensor in enumerate(subject.tensors):
        got = backwards[number]
        wanted = np.ones(tensor._array.size, bool) if rows is None else rows[number]
        ticks = (row for row, _ in zip(range(wanted.size), places, strict=False) if wanted[row])
        judged = _at_a_glance(subject, tensor._array, got, ticks)
        columns = {
            int(row): subject.column(tensor._array, place_of(row, tensor._array.shape), False)
            for row in np.flatnonzero(wanted & (judged[0] != Verdict.PASS).any(1))
        }
        _closely(subject, tensor._array, columns, got, judged)
        if (judged[0] == Verdict.FAIL).any():
            rounded = subject.jacobians if given else backwards
            doubt = _rounding_of_backward(subject, rounded, number)
            _closely(subject, tensor._array, columns, got, judged, doubt)
        _saturated(subject, number, got, judged)
        name, of, end = subject.names[number], tensor._array.shape, 0
        for output, shape in enumerate(shapes):
            part, end = slice(end, end + math.prod(shape)), end + math.prod(shape)
            mine, (verdicts, value, bars) = got[:, part], (a[:, part] for a in judged)
            found.append(
                Jacobian(order, number, output, name, of, shape, mine, value, bars, verdicts)
            )
    _name_causes(found, [x._array for x in subject.tensors])
    return found


def _at_a_glance(
    subject: Subject, array: Array, got: Array, rows: Iterable[int]
) -> tuple[Array, Array, Array]:
    """Judge a Jacobian by one small step both ways: PASS, or UNSURE where it takes a closer look.

    Other than in `judge`, no bar excuses a difference that a closer look could tell.
    """
    above, below, up, down = subject.beside(array, rows)
    center, tolerance = subject.center, subject.tolerance
    with np.errstate(all="ignore"):
        value = (above - below) / (up + down)
        gap = np.abs((above - center) / up - (center - below) / down)
        largest = np.maximum(np.maximum(np.abs(above), np.abs(below)), np.abs(center))
        bars = 4 * numeric.SAFETY * 2.0**-subject.bits * largest / (up + down)
        size = np.maximum(np.abs(value), np.abs(got))
        scale = _scale(size, center, array)
        slack = tolerance.relative * np.abs(value) + max(tolerance.atol, SUBNORMAL)
        passes = np.isfinite(value) & (np.abs(got - value) <= bars + slack)
        passes &= bars <= np.where(size == 0, 2.0**-7 * tolerance.small * scale, 4 * slack)
        passes &= gap <= bars + 2.0**-11 * np.maximum(size, scale / 8)  # no kink, only curvature
        passes &= subject.exact | (above != below)
    verdicts = np.where(passes, Verdict.PASS, Verdict.UNSURE).astype(np.int8)
    return verdicts, value, np.where(passes, bars + slack, np.inf)


def _scale(sizes: Array, values: Array, array: Array) -> Array:
    """For each output the size that derivatives by elements of `array` have."""
    largest = np.where(np.isfinite(sizes), sizes, 0).max(0, initial=0)
    scale = np.maximum(largest, np.abs(values) / typical_size(array))
    return np.asarray(np.maximum(scale, 1e-3 * scale.max(initial=0)))


def _closely(
    subject: Subject,
    array: Array,
    columns: dict[int, Derivative],
    got: Array,
    judged: tuple[Array, Array, Array],
    doubt: Array | None = None,
) -> None:
    """Judge again those rows of a Jacobian of which `columns` holds a look, or a thorough one.

    `judged` and `columns` are changed; `doubt` is the error bar of `got`, at the second time.
    """
    guesses, verdicts = judged[1].copy(), judged[0]
    for row, column in columns.items():
        guesses[row] = column.value
    with np.errstate(all="ignore"):
        scale = _scale(np.maximum(np.abs(guesses), np.abs(got)), subject.center, array)

    for row in columns:
        for thorough in (False, True):
            if thorough:
                columns[row] = subject.column(array, place_of(row, array.shape), thorough)
            column = columns[row]
            # Where values and derivatives are all 0, as of x ** 2 at 0, a step has a scale.
            around = np.where(scale == 0, column.steepest, scale)
            unsure = 0.0 if doubt is None else np.where(column.kink, 0.0, doubt[row])
            found = judge(column, got[row], around, subject.tolerance, unsure)
            for whole, part in zip(judged, found, strict=True):
                whole[row] = part
            if doubt is not None or (verdicts[row] == Verdict.PASS).all():
                break
        # Backward computes 0 * inf for the outputs that do not depend on an element at which
        # another one's derivative is infinite: NaN, in PyTorch too.
        lost = np.isnan(got[row])
        if lost.any():
            if (np.isinf(got[row]) & (verdicts[row] != Verdict.FAIL)).any():
                verdicts[row][lost] = Verdict.KINK
            elif (verdicts[row][lost] == Verdict.UNSURE).any():  # infinite, times 0 itself
                verdicts[row][lost] = Verdict.UNSURE


def _saturated(
    subject: Subject, number: int, got: Array, judged: tuple[Array, Array, Array]
) -> None:
    """Let elements pass that are off by no more than rounding, where others saturate.

    Next to a probability of 1, the others are lost in its last digit, whatever digits they have
    themselves. So their error is that of what derivatives are where no input is large; and there
    backward must be right.
    """
    verdicts, value, bars = judged
    open_ = (verdicts == Verdict.FAIL) | (verdicts == Verdict.UNSURE)
    if not (open_.any() and subject.saturable):
        return
    # An input that is a factor, as in x * sigmoid(x), is a factor of the rounding, too.
    inputs = np.abs(subject.tensors[number]._array.reshape(-1, 1))
    size = subject.calm_sizes[number] * np.maximum(inputs, 1)
    with np.errstate(all="ignore"):
        open_ &= np.abs(got - value) <= 4 * bars + 2.0 ** (6 - subject.bits) * size
        open_ &= bars <= subject.tolerance.small * size
    if open_.any():
        rows = [np.zeros(x._array.size, bool) for x in subject.tensors]
        rows[number] = open_.any(1)
        with subject.calm() as there:
            found = [j.verdicts for j in compare(there, rows=rows) if j.input == number]
        open_ &= np.hstack(found) == Verdict.PASS
        verdicts[open_] = Verdict.PASS
        subject.saturated |= bool(open_.any())


def largest_changes(
    subject: Subject, jacobians: list[Array], nudge: Callable[[Array], Array], times: int
) -> tuple[list[Array], list[Array]]:
    """The most that each Jacobian changes when all elements are multiplied by 1 + nudge.

    And the most by which those of changed elements differ among themselves.
    """
    changes = [np.zeros_like(jacobian) for jacobian in jacobians]
    highest, lowest = ([np.full_like(j, end) for j in jacobians] for end in (-np.inf, np.inf))
    with subject.put_back() as kept:
        for _ in range(times):
            for x, array in zip(subject.tensors, kept, strict=True):
                x._array[...] = (array * (1 + nudge(array))).astype(array.dtype)
            with np.errstate(all="ignore"):
                try:
                    again = analytical(subject, subject.outputs())
                except Exception:  # outside the domain
                    continue
                for n, (before, now) in enumerate(zip(jacobians, again, strict=True)):
                    if now.shape == before.shape:
                        np.fmax(changes[n], np.abs(now - before), out=changes[n])
                        np.fmax(highest[n], now, out=highest[n])
                        np.fmin(lowest[n], now, out=lowest[n])
    with np.errstate(invalid="ignore"):
        return changes, [high - low for high, low in zip(highest, lowest, strict=True)]


def _rounding_of_backward(subject: Subject, jacobians: list[Array], number: int) -> Array:
    """Bound the rounding of a Jacobian by the effect of tiny changes."""
    draws, size = np.random.default_rng(0), 2.0 ** (-0.56 * subject.bits)
    changes, spreads = largest_changes(
        subject, jacobians, lambda x: draws.uniform(-1, 1, x.shape) * size, times=4
    )
    got, moved, spread = (found[number] for found in (jacobians, changes, spreads))
    moved, spread = (np.where(np.isfinite(a), a, 0) for a in (moved, spread))
    limit = 1e-3 * np.abs(got[np.isfinite(got)]).max(initial=0)
    # Not a digit of it is to be relied on; what changes to one and the same value is no noise.
    noise = spread > 0.05 * np.abs(got)
    return 8 * np.where(noise, np.minimum(spread, moved), np.minimum(moved, limit / 8))


def _name_causes(found: list[Jacobian], arrays: list[Array]) -> None:
    """Give each Jacobian that failed its likely cause."""
    for output in {j.output for j in found}:
        those = {j.input: j for j in found if j.output == output and j.count(Verdict.FAIL)}
        numerical = {i: j.numerical for i, j in those.items()}
        swap = swapped({i: j.analytical for i, j in those.items()}, numerical)
        for i, j in those.items():
            # At a kink the numerical value is neither side's.
            right = np.where(j.verdicts == Verdict.KINK, j.analytical, j.numerical)
            j.cause = swap or likely_cause(j.analytical, right, arrays[i])


def split(row: Array, outputs: Sequence[Any]) -> list[Array]:
    """All outputs' elements in one row, as one array for each output."""
    ends = np.cumsum([out._array.size for out in outputs])
    parts = zip(outputs, np.split(row, ends[:-1]), strict=True)
    return [part.reshape(out._array.shape) for out, part in parts]


def cut_off(subject: Subject) -> str:
    """Describe an output that does not require grad, and changes with the inputs; '' for none."""

    def constants(made: Sequence[Any]) -> list[Array]:
        return [t._array for t in made if t._array.dtype.kind == "f" and not t._requires_grad]

    def changed() -> Array | None:
        pairs = zip(constants(tensors_in(subject.run())), before, strict=True)
        return next((b for a, b in pairs if not np.array_equal(a, b, equal_nan=True)), None)

    before = constants(subject.made)
    for x, name in zip(subject.tensors if before else (), subject.names, strict=False):
        with subject.put_back():
            was, array = x._array.copy(), x._array
            for place in (..., *np.ndindex(was.shape)):  # all elements at once, and then each
                array[place] += 1e-3 * np.where(was[place] == 0, 1, np.abs(was[place]))
                output = changed()
                if place is ...:
                    array[...] = was
                    if output is None:
                        break
                elif output is not None:
                    return (
                        f"an output of shape {list(output.shape)} changes with element "
                        f"{list(place)} of {name}, but does not require grad: the graph is cut "
                        "somewhere"
                    )
    return ""


@dataclass
class Probe:
    """Where in one tensor a projected check looks.

    Attributes:
        rows: the flat numbers of the elements that are changed one by one.
        directions: of the tensor's shape, along which all elements are changed together.
    """

    rows: Sequence[int] = ()
    directions: Sequence[Array] = ()

    def __len__(self) -> int:
        return len(self.rows) + len(self.directions)

    def along(self, shape: tuple[int, ...]) -> Iterator[Array]:
        """A direction for each element, then the directions."""
        for row in self.rows:
            one = np.zeros(shape)
            one[np.unravel_index(row, shape)] = 1
            yield one
        yield from self.directions


Again = Callable[[Subject, list[Array]], list[Jacobian]]
"""To look at another point, at the elements where a mask over each Jacobian is True."""


class Projection:
    """A scalar of the subject, along one direction: cheap, and bisected to the element on failure.

    Args:
        subject: what is checked.
        draws: where the random weights and directions come from.
        weights: of the outputs, if they are not to be drawn.
    """

    def __init__(
        self, subject: Subject, draws: np.random.Generator, weights: Array | None = None
    ) -> None:
        self.subject, self.draws = subject, draws
        self.outputs = subject.outputs()
        count = sum(out._array.size for out in self.outputs)
        if weights is None:
            weights = draws.uniform(0.5, 1.5, count) * draws.choice([-1.0, 1.0], count)
        self.weights = weights
        values = np.abs(subject.center[weights != 0])
        self.size = float(values[np.isfinite(values)].max(initial=0))

    @cached_property
    def gradients(self) -> list[Array]:
        """Backward of the weighted outputs: one gradient a tensor."""
        parts = zip(self.outputs, split(self.weights, self.outputs), strict=True)
        cotangents = [part.astype(out._array.dtype) for out, part in parts]
        return Backward(self.outputs, self.subject.tensors)(cotangents)

    def measure(self, values: Array) -> Array:
        """The weighted outputs' sum; those of weight 0 do not matter, also if they are infinite."""
        return np.array([self.weights @ np.where(self.weights == 0, 0, values)])

    def judge(
        self, number: int, direction: Array, doubted: Container[int] = DOUBTED
    ) -> tuple[int, float, float, float]:
        """One tensor along one direction.

        Args:
            doubted: the verdicts after which to look again, thoroughly.

        Returns:
            The verdict, the analytical and the numerical derivative, and the latter's error bar.
        """
        subject, gradient = self.subject, self.gradients[number]
        tensor = subject.tensors[number]
        single = np.count_nonzero(direction) == 1
        with np.errstate(all="ignore"):
            terms = np.abs(gradient if single else gradient * direction)
            got = np.array([float((gradient * direction)[direction != 0].sum())])
        natural = self.size / typical_size(tensor._array) * float(np.abs(direction).max(initial=0))
        scale = np.array([max(float(terms.max(initial=0)), natural)])
        rounding = 0.0 if single else 2.0**-subject.tolerance.bits * float(terms.sum()) * 8
        for thorough in (False, True):
            found = subject.directional(tensor, direction, self.measure, thorough)
            verdict, value, error_bound = judge(found, got, scale, subject.tolerance, rounding)
            if verdict[0] not in doubted:
                break
        return int(verdict[0]), float(got[0]), float(value[0]), float(error_bound[0])

    def random_direction(self, number: int) -> Array:
        """A direction in which each element of a tensor moves by about its own size."""
        array, draws = self.subject.tensors[number]._array, self.draws
        sizes = np.maximum(np.abs(array), 0.1 * typical_size(array))
        return sizes * draws.uniform(0.5, 1.5, array.shape) * draws.choice([-1.0, 1.0], array.shape)

    def failing_row(self, number: int, direction: Array) -> int | None:
        """Halve a failing direction until one element of the tensor is left: its flat number."""
        flat = direction.reshape(-1)
        places = np.arange(flat.size)
        while len(places) > 1:
            for half in (places[: len(places) // 2], places[len(places) // 2 :]):
                part = np.zeros_like(flat)
                part[half] = flat[half]
                if self.judge(number, part.reshape(direction.shape))[0] == Verdict.FAIL:
                    places = half
                    break
            else:
                return None
        return int(places[0])

    def look(
        self,
        number: int,
        probe: Probe,
        order: int = 1,
        ticks: Iterator[Any] | None = None,
        only: Array | None = None,
        doubted: Container[int] = DOUBTED,
    ) -> Jacobian:
        """Some elements of one tensor and some directions, each against the weighted outputs.

        Args:
            ticks: from which one is taken for each.
            only: a mask of those to look at; the others are UNSURE.
            doubted: as for `judge`.
        """
        name, array = self.subject.names[number], self.subject.tensors[number]._array
        judged: list[tuple[float, ...]] = []
        for place, direction in enumerate(probe.along(array.shape)):
            if ticks is not None:
                next(ticks, None)
            skipped = only is not None and not only.reshape(-1)[place]
            unknown = (Verdict.UNSURE, np.nan, np.nan, np.inf)
            judged.append(unknown if skipped else self.judge(number, direction, doubted))
        columns = np.array(judged).reshape(-1, 4)
        verdicts = columns[:, :1].astype(np.int8)
        got, numerical, bars = (columns[:, i : i + 1] for i in (1, 2, 3))
        wrong = (verdicts == Verdict.FAIL).any() and len(probe.rows) == array.size
        cause = likely_cause(got, numerical, array) if wrong else None
        rows = np.array([*probe.rows, *[-1] * len(probe.directions)], int)
        of = array.shape
        return Jacobian(order, number, 0, name, of, (), got, numerical, bars, verdicts, cause, rows)

    def again(self, probes: Mapping[int, Probe], order: int = 1) -> Again:
        """Make the function that looks at the same places of the subject at another point."""

        def look(there: Subject, masks: list[Array]) -> list[Jacobian]:
            near = Projection(there, self.draws, self.weights)
            those = zip(probes.items(), masks, strict=True)
            return [near.look(n, probe, order, only=mask) for (n, probe), mask in those]

        return look


def check_deterministic(subject: Subject, tolerance: float) -> list[Any]:
    """Refuse a function that gives something else the second time; the outputs of that run.

    Raises:
        GradcheckError: naming the output and both values.
    """
    first, second = subject.made, tensors_in(subject.run())
    differ = "gradcheck: the function is not deterministic"
    if len(first) != len(second):
        raise GradcheckError(f"{differ}: it returned {len(first)} tensors, then {len(second)}")
    for number, (one, two) in enumerate(zip(first, second, strict=True)):
        a, b = one._array, two._array
        if a.shape == b.shape:
            with np.errstate(all="ignore"):
                differs = ~((a == b) | (a != a) & (b != b)) if a.dtype.kind == "f" else a != b
                differs &= ~(np.abs(a.astype(np.float64) - b) <= tolerance)
            if not differs.any():
                continue
            place = place_of(np.argmax(differs), differs.shape)
            what = f"element {list(place)} was {a[place].item()!r}, then {b[place].item()!r}"
        else:
            what = f"its shape was {list(a.shape)}, then {list(b.shape)}"
        raise GradcheckError(
            f"{differ}: of output {number}, {what}. Seed it inside (manual_seed), or switch off "
            "what is random (eval() for dropout)."
        )
    return second
