"""Both Jacobians of a function, compared element by element.

A *subject* is a function without arguments that reads some tensors; it is evaluated with their
elements changed in place. So a function of its inputs, a model of its parameters and a recorded
graph of its leaves are all checked alike.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.gradcheck.contracts import Backward
from minitorch.autograd.gradcheck.numeric import Array, Derivative, ladder, place_of, sample
from minitorch.autograd.gradcheck.patterns import likely_cause, swapped
from minitorch.autograd.gradcheck.report import GradcheckError, Jacobian
from minitorch.autograd.gradcheck.verdict import Tolerance, Verdict, judge

Watch = Callable[[Iterable[Any], int], Iterable[Any]]
DOUBTED = (Verdict.FAIL, Verdict.KINK, Verdict.UNSURE)
BITS = {"float64": 53, "float32": 24, "float16": 11}


def tensors_in(value: Any) -> list[Any]:
    """The tensors of a call's result, in order."""
    if isinstance(value, TensorBase):
        return [value]
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


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
    """

    run: Callable[[], Any]
    tensors: Sequence[Any]
    names: Sequence[str]
    eps: float | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    bits: int = 53
    plain: Callable[[], Any] | None = None

    def outputs(self) -> list[Any]:
        """The outputs through which a gradient can flow."""
        return [out for out in tensors_in(self.run()) if out._requires_grad]

    @cached_property
    def _flows(self) -> list[bool]:
        """For each output, whether a gradient can flow through it."""
        return [out._requires_grad for out in tensors_in(self.run())]

    def values(self) -> Array:
        """The elements of all outputs in one row, in float64."""
        made = zip(tensors_in((self.plain or self.run)()), self._flows, strict=True)
        arrays = [out._array.reshape(-1).astype(np.float64) for out, flows in made if flows]
        return np.concatenate(arrays) if arrays else np.zeros(0)

    @cached_property
    def center(self) -> Array:
        """The values at the point where the check is."""
        return self.values()

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
        bits = min(self.bits, BITS.get(str(array.dtype), 53))
        steps = ladder(size or typical, typical, bits, thorough)
        if self.eps is not None:
            steps = steps[steps <= self.eps] if thorough else steps * min(1, self.eps / steps[0])
        return steps

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
        return self._sampled(evaluate, steps, self.center)

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
        return self._sampled(evaluate, steps, measure(self.center))

    def _sampled(
        self, evaluate: Callable[[float], tuple[Array, float]], steps: Array, center: Array
    ) -> Derivative:
        with np.errstate(all="ignore"):
            return sample(evaluate, steps, center).derivative(2.0**-self.bits)


def typical_size(array: Array) -> float:
    """The size of an array's elements: the root mean square of those that are not 0, or 1."""
    values = np.abs(array[np.isfinite(array) & (array != 0)].astype(np.float64))
    return float(np.sqrt(np.mean(values**2))) if values.size else 1.0


def analytical(subject: Subject) -> tuple[list[Array], list[int]]:
    """For each tensor the Jacobian (its elements, all output elements), by backward.

    One walk back for each output element. Also the outputs' sizes.
    """
    backward = subject.backward()
    sizes = [out._array.size for out in backward.outputs]
    jacobians = [np.zeros((x._array.size, sum(sizes))) for x in subject.tensors]
    cotangents = [np.zeros(out._array.shape, out._array.dtype) for out in backward.outputs]
    column = 0
    for out, cotangent in zip(backward.outputs, cotangents, strict=True):
        flat, one = cotangent.reshape(-1), Backward([out], subject.tensors)
        for element in range(flat.size):
            flat[element] = 1
            for jacobian, gradient in zip(jacobians, one([cotangent]), strict=True):
                jacobian[:, column] = gradient.reshape(-1)
            flat[element] = 0
            column += 1
    return jacobians, sizes


def compare(
    subject: Subject, order: int = 1, watch: Watch = unwatched, rows: Sequence[Array] | None = None
) -> list[Jacobian]:
    """Every Jacobian of the subject, with a verdict on each element.

    Args:
        subject, order: what is checked, and what its Jacobians are to be called.
        watch: is told of each element of the inputs.
        rows: for each tensor which of its elements to look at, as a mask; the others are UNSURE.
    """
    backwards, sizes = analytical(subject)
    values = subject.center
    shapes = [out._array.shape for out in subject.outputs()]
    found: list[Jacobian] = []
    total = sum(x._array.size for x in subject.tensors)
    places = iter(watch((p for x in subject.tensors for p in np.ndindex(x._array.shape)), total))
    for number, tensor in enumerate(subject.tensors):
        got = backwards[number]
        wanted = np.ones(tensor._array.size, bool) if rows is None else rows[number]
        columns = [
            subject.column(tensor._array, place, thorough=False) if look else None
            for look, place in zip(wanted, places, strict=False)
        ]
        verdicts, numerical, bars = _verdicts(subject, tensor, columns, got, values)
        if (verdicts == Verdict.FAIL).any():
            doubt = _rounding_of_backward(subject, backwards, number)
            verdicts, numerical, bars = _verdicts(subject, tensor, columns, got, values, doubt)
        name, of, end = subject.names[number], tensor._array.shape, 0
        for output, (size, shape) in enumerate(zip(sizes, shapes, strict=True)):
            part, end = slice(end, end + size), end + size
            mine, theirs, room, judged = (a[:, part] for a in (got, numerical, bars, verdicts))
            found.append(
                Jacobian(order, number, output, name, of, shape, mine, theirs, room, judged)
            )
    _name_causes(found, [x._array for x in subject.tensors])
    return found


def _verdicts(
    subject: Subject, tensor: Any, columns: list[Any], got: Array, values: Array, doubt: Any = None
) -> tuple[Array, Array, Array]:
    """Judge a tensor's Jacobian; a column in which something is amiss gets a thorough look.

    `columns` is changed: a thorough look replaces the quick one.
    """
    count, width = got.shape
    verdicts = np.full((count, width), Verdict.UNSURE, np.int8)
    numerical, bars = np.full((count, width), np.nan), np.full((count, width), np.inf)
    looked = [row for row in range(count) if columns[row] is not None]
    if not looked or not width:
        return verdicts, numerical, bars
    guesses = np.array([np.zeros(width) if c is None else c.value for c in columns])
    with np.errstate(all="ignore"):
        sizes = np.maximum(np.abs(guesses), np.abs(got))
        largest = np.where(np.isfinite(sizes), sizes, 0).max(0)
        scale = np.maximum(largest, np.abs(values) / typical_size(tensor._array))
        scale = np.maximum(scale, 1e-3 * scale.max(initial=0))

    def around(row: int) -> Array:
        """The scale; where values and derivatives are all 0, as of x ** 2 at 0, a step has one."""
        return np.where(scale == 0, columns[row].steepest, scale)

    places = list(np.ndindex(tensor._array.shape))
    for row in looked:
        unsure = 0.0 if doubt is None else np.where(columns[row].kink, 0.0, doubt[row])
        judged = judge(columns[row], got[row], around(row), subject.tolerance, unsure)
        if doubt is None and (judged[0] != Verdict.PASS).any():
            columns[row] = subject.column(tensor._array, places[row], thorough=True)
            judged = judge(columns[row], got[row], around(row), subject.tolerance, unsure)
        verdicts[row], numerical[row], bars[row] = judged
        # Backward computes 0 * inf for the outputs that do not depend on an element at which
        # another one's derivative is infinite: NaN, in PyTorch too.
        lost = np.isnan(got[row])
        if lost.any():
            if (np.isinf(got[row]) & (verdicts[row] != Verdict.FAIL)).any():
                verdicts[row][lost] = Verdict.KINK
            elif (verdicts[row][lost] == Verdict.UNSURE).any():  # infinite, times 0 itself
                verdicts[row][lost] = Verdict.UNSURE
    return verdicts, numerical, bars


def largest_changes(
    subject: Subject, jacobians: list[Array], nudge: Callable[[Array], Array], times: int
) -> list[Array]:
    """The most that each Jacobian changes when all elements are multiplied by 1 + nudge."""
    changes = [np.zeros_like(jacobian) for jacobian in jacobians]
    with subject.put_back() as kept:
        for _ in range(times):
            for x, array in zip(subject.tensors, kept, strict=True):
                x._array[...] = (array * (1 + nudge(array))).astype(array.dtype)
            with np.errstate(all="ignore"):
                again = analytical(subject)[0]
                for change, before, now in zip(changes, jacobians, again, strict=True):
                    if now.shape == before.shape:
                        np.fmax(change, np.abs(now - before), out=change)
    return changes


def _rounding_of_backward(subject: Subject, jacobians: list[Array], number: int) -> Array:
    """Bound the rounding of a Jacobian by the effect of tiny changes."""
    draws, size = np.random.default_rng(0), 2.0 ** (-0.56 * subject.bits)
    moved = largest_changes(
        subject, jacobians, lambda x: draws.uniform(-1, 1, x.shape) * size, times=4
    )[number]
    got = jacobians[number]
    limit = 1e-3 * np.abs(got[np.isfinite(got)]).max(initial=0)
    return np.minimum(8 * np.where(np.isfinite(moved), moved, 0), limit)


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

    def outputs() -> list[Array]:
        made = tensors_in(subject.run())
        return [t._array for t in made if t._array.dtype.kind == "f" and not t._requires_grad]

    def changed() -> bool:
        return not all(map(partial(np.array_equal, equal_nan=True), outputs(), before))

    before = outputs()
    if not before:
        return ""
    for number, name in enumerate(subject.names):
        with subject.put_back() as kept:
            array, was = subject.tensors[number]._array, kept[number]
            array[...] = was + 1e-3 * np.where(was == 0, 1, np.abs(was))
            if not changed():
                continue
            array[...] = was
            for place in np.ndindex(array.shape):
                array[place] += 1e-3 * (abs(was[place]) or 1)
                if changed():
                    shape = list(
                        next(
                            b.shape
                            for a, b in zip(outputs(), before, strict=True)
                            if not np.array_equal(a, b, equal_nan=True)
                        )
                    )
                    return (
                        f"an output of shape {shape} changes with element {list(place)} of {name}, "
                        "but does not require grad: the graph is cut somewhere"
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


def check_deterministic(subject: Subject, tolerance: float) -> None:
    """Refuse a function that gives something else the second time.

    Raises:
        GradcheckError: naming the output and both values.
    """
    first, second = tensors_in(subject.run()), tensors_in(subject.run())
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
