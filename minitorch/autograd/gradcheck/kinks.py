"""Kinks that meet: which operations stand at one, and how a function fares at points nearby.

At a kink, backward picks one slope of those on either side. Where several kinks meet, the product
of what they pick need not lie between the slopes of the whole: relu(x) - relu(-x) is x, but the
chain rule's derivative of it at 0 is 0, in PyTorch too. That is no mistake as long as each
operation is right by itself, and the whole is right at points nearby, where nothing stands at a
kink. So both are looked at. There, too, a mistake shows that the slopes at a kink leave room for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.jacobian import Again, Probe, Projection, Subject, typical_size
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.report import Jacobian, Report
from minitorch.autograd.gradcheck.trace import Call, list_calls
from minitorch.autograd.gradcheck.verdict import Verdict

REACH = 2.0**-5  # how far away a point nearby is, relative to the elements' size
ENOUGH = 2  # points nearby that have to agree
FEW = 4  # elements that have to fail twice
TRIES = 10  # points nearby to try, some of which may lie outside the function's domain
SMALL_STEP = 2.0**-20  # a step that crosses no other kink, as a rule


# ---- points nearby ----------------------------------------------------------------------------


def nearby(array: Array, draws: np.random.Generator, side: int = 0) -> Array:
    """An array whose elements are each a little off, none of them 0.

    Args:
        side: 0 for either way; 1 for larger and -1 for smaller magnitudes, zeros becoming positive
            in both, for functions that are defined on one side only.
    """
    shape, typical = array.shape, typical_size(array)
    step = REACH * draws.uniform(0.25, 1, shape)
    ways = draws.choice([-1.0, 1.0], shape)
    with np.errstate(all="ignore"):
        moved = array * (1 + step * (side or ways))
    return np.where(array == 0, step * typical * (np.abs(ways) if side else ways), moved)


@contextmanager
def moved(subject: Subject, seed: int, attempt: int) -> Iterator[Subject]:
    """The subject at the point nearby that has this number; the inputs are put back afterwards."""
    draws = np.random.default_rng([seed, attempt])
    side = (0, 0, -1, 1)[attempt % 4]
    with subject.put_back():
        for x in subject.tensors:
            x._array[...] = nearby(x._array, draws, side)
        yield replace(subject)


@dataclass
class Settled:
    """Verdicts, at points nearby, on those elements of a Jacobian that were not plainly right.

    Attributes:
        right: where backward is right at all points nearby that could be told.
        wrong: where it is wrong at one.
        within: where the value at the point lies between those nearby.
        attempt: the number of a point where some element is wrong.
        evidence: the Jacobian found there.
    """

    right: Array
    wrong: Array
    within: Array
    attempt: int | None = None
    evidence: Jacobian | None = None

    @classmethod
    def nothing(cls, j: Jacobian) -> Settled:
        """Before any point nearby was looked at."""
        right, wrong, within = np.zeros((3, *j.verdicts.shape), bool)
        return cls(right, wrong, within)


def settle(
    subject: Subject, found: Sequence[Jacobian], again: Again, seed: int, within: bool = False
) -> list[Settled]:
    """Look at points nearby for all elements that did not plainly pass.

    An element that is wrong nearby is wrong, whatever room the slopes at a kink left for it.

    Args:
        subject: the function, at the point where `found` was found.
        found: a verdict on each element; changed.
        again: finds the same at another point.
        seed: of the points.
        within: look for points until what failed lies between the values there, for `excuse`.

    Returns:
        For each Jacobian which elements are right, and which are wrong, at points nearby.
    """
    doubted = [j.verdicts != Verdict.PASS for j in found]
    settled = [Settled.nothing(j) for j in found]
    if not any(mask.any() for mask in doubted):
        return settled
    at_point = np.isfinite(subject.center)
    lowest = [np.fmin(j.numerical, np.inf) for j in found]
    highest = [np.fmax(j.numerical, -np.inf) for j in found]
    points = 0
    for attempt in range(TRIES):
        with moved(subject, seed, attempt) as there:
            try:
                near = _judged(there, again, doubted, at_point)
            except Exception:  # outside the domain, or no longer the same function
                near = None
        if near is None:
            continue
        points += 1
        open_ = False  # whether another point could tell more
        for number, (j, other) in enumerate(zip(found, near, strict=True)):
            state, mask = settled[number], doubted[number]
            state.wrong |= mask & (other.verdicts == Verdict.FAIL)
            state.right |= mask & (other.verdicts == Verdict.PASS)
            state.right &= ~state.wrong
            if state.wrong.any() and state.attempt is None:
                state.attempt, state.evidence = attempt, other
            low = lowest[number] = np.fmin(lowest[number], other.numerical)
            high = highest[number] = np.fmax(highest[number], other.numerical)
            with np.errstate(all="ignore"):
                room = 1e-6 * np.maximum(np.abs(low), np.abs(high))
                state.within = (j.analytical >= low - room) & (j.analytical <= high + room)
            outside = within & (j.verdicts == Verdict.FAIL) & state.right & ~state.within
            open_ |= bool((outside | (mask & ~state.right & ~state.wrong)).any())
        if any(state.wrong.any() for state in settled) or (points >= ENOUGH and not open_):
            break
    for j, state in zip(found, settled, strict=True):
        j.verdicts[state.wrong] = Verdict.FAIL
        if state.evidence is not None:
            other = state.evidence
            shown = state.wrong & (other.verdicts == Verdict.FAIL)
            for name in ("analytical", "numerical", "bars"):
                setattr(j, name, np.where(shown, getattr(other, name), getattr(j, name)))
    return settled


def split_outputs(mask: Array, found: Sequence[Jacobian]) -> list[Array]:
    """A mask over all outputs, as one for each Jacobian."""
    if any(j.rows is not None for j in found):  # the outputs are weighted into one number
        return [np.array([mask.any()]) for _ in found]
    parts, starts = [], {j.input: 0 for j in found}
    for j in found:
        end = starts[j.input] + j.verdicts.shape[1]
        parts.append(mask[starts[j.input] : end])
        starts[j.input] = end
    return parts


def excuse(found: Sequence[Jacobian], settled: Sequence[Settled], kinked: Sequence[Array]) -> None:
    """Let one operation's slopes at a kink pass that are between those it has nearby.

    Of three equal elements none moves their median by itself, for example, though each may be it.

    Args:
        found, settled: as for `settle`; the verdicts are changed.
        kinked: for each Jacobian, which of its outputs stand at a kink.
    """
    for j, state, mask in zip(found, settled, kinked, strict=True):
        between = (j.verdicts == Verdict.FAIL) & state.right & state.within & mask
        j.verdicts[between] = Verdict.KINK


def meet(
    report: Report, found: Sequence[Jacobian], settled: Sequence[Settled], names: Sequence[str]
) -> None:
    """Say of what could not be judged at the point that kinks meet there.

    Only of finite gradients that are right at points nearby: NaN is wrong anywhere.

    Args:
        report: is told the names.
        found, settled: as for `settle`; the verdicts are changed.
        names: of the operations that stand at kinks, each of which is right by itself; without
            any, no kink is to blame.
    """
    if not names:
        return
    for j, state in zip(found, settled, strict=True):
        open_ = (j.verdicts == Verdict.FAIL) | (j.verdicts == Verdict.UNSURE)
        j.verdicts[open_ & state.right & np.isfinite(j.analytical)] = Verdict.MEET
        if (j.verdicts == Verdict.MEET).any():
            report.kinks += [name for name in dict.fromkeys(names) if name not in report.kinks]
        if not (j.verdicts == Verdict.FAIL).any():
            j.cause = None


def pin_down(
    subject: Subject,
    found: Sequence[Jacobian],
    settled: Sequence[Settled],
    probes: Sequence[Probe],
    weights: Array,
    seed: int,
) -> None:
    """Bisect the first failing direction of each tensor to an element, which is then told first.

    A direction that fails at the point, and of which no part does, is UNSURE.
    """
    draws = np.random.default_rng(seed)
    for j, state, probe in zip(found, settled, probes, strict=True):
        if j.rows is None:
            continue
        failed = np.flatnonzero((j.verdicts[:, 0] == Verdict.FAIL) & (j.rows < 0))
        if not failed.size or (j.verdicts[j.rows >= 0] == Verdict.FAIL).any():
            continue
        nearby_ = state.attempt is not None
        where = moved(subject, seed, state.attempt or 0) if nearby_ else nullcontext(subject)
        with where as there:
            projection = Projection(there, draws, weights)
            direction = probe.directions[failed[0] - len(probe.rows)]
            row = projection.failing_row(j.input, direction)
            one = None if row is None else projection.look(j.input, Probe([row]), j.order)
        if one is not None:
            for name in ("analytical", "numerical", "bars", "verdicts", "rows"):
                setattr(j, name, np.concatenate([getattr(one, name), getattr(j, name)]))
        elif not nearby_:
            j.verdicts[failed] = Verdict.UNSURE


def _judged(
    there: Subject, again: Again, doubted: list[Array], at_point: Array
) -> list[Jacobian] | None:
    """The Jacobians at a point nearby; None if it lies outside the domain.

    What fails must do so once more next to it, by as much: else it was noise, or a kink as near. A
    few elements of each are enough to know.
    """
    values = there.center
    if values.shape != at_point.shape or (at_point & ~np.isfinite(values)).any():
        return None
    near = again(there, doubted)
    failed = []
    for j, mask in zip(near, doubted, strict=True):
        wrong = mask & (j.verdicts == Verdict.FAIL)
        failed.append(wrong & (np.cumsum(wrong).reshape(wrong.shape) <= FEW))
        j.verdicts[wrong & ~failed[-1]] = Verdict.UNSURE
    if any(mask.any() for mask in failed):
        draws = np.random.default_rng(1)
        with there.put_back():
            for x in there.tensors:
                x._array[...] *= 1 + draws.uniform(-1, 1, x._array.shape) * 1e-3 * REACH
            closer = again(replace(there), failed)
        for j, other, mask in zip(near, closer, failed, strict=True):
            with np.errstate(all="ignore"):
                size = np.maximum(np.abs(j.numerical), np.abs(j.analytical))
                moves = np.abs(j.numerical - other.numerical) > 0.1 * size
            j.verdicts[mask & ((other.verdicts != Verdict.FAIL) | moves)] = Verdict.UNSURE
    return near


# ---- which operations stand at a kink ---------------------------------------------------------


def kinked_outputs(subject: Subject) -> Array:
    """Where an output has a kink or a jump at the point itself, or as good as there: a mask.

    There, slopes are no linear function of the direction: those along d and -d do not cancel, or
    those along two directions do not add up to that along their sum.
    """
    draws = np.random.default_rng(2)
    ways = [[_way(x._array, draws) for x in subject.tensors] for _ in range(3)]
    center = subject.center

    def slope(step: float, *directions: list[Array]) -> Array:
        for number, (x, array) in enumerate(zip(subject.tensors, kept, strict=True)):
            x._array[...] = array + sum(step * direction[number] for direction in directions)
        return (subject.values() - center) / step

    def unlike(step: float) -> tuple[Array, Array]:
        a, b, c = (slope(step, way) for way in ways)
        gaps = [a - slope(-step, ways[0]), a + b - slope(step, *ways[:2])]
        gaps.append(b + c - slope(step, *ways[1:]))
        return np.fmax.reduce(np.abs(gaps)), np.abs(a) + np.abs(b) + np.abs(c)

    with np.errstate(all="ignore"), subject.put_back() as kept:
        gap, size = unlike(SMALL_STEP / 16)
        noise = 64 * 2.0**-subject.bits * np.abs(center) / (SMALL_STEP / 16)
        found = gap > 1e-5 * size + noise + 1e-300
        if found.any():  # and no curvature either, of which larger steps would show more
            found &= gap > 0.5 * unlike(SMALL_STEP)[0]
        return np.asarray(found)


def _way(array: Array, draws: np.random.Generator) -> Array:
    """A random direction in which each element moves by its own size, and 0 as the others do.

    What is as small as rounding, next to the others, stands for 0.
    """
    typical = typical_size(array)
    size = np.where(array == 0, typical, np.maximum(np.abs(array), 1e-6 * typical))
    ways = draws.uniform(0.5, 1, size.shape), draws.choice([-1.0, 1.0], size.shape)
    return np.asarray(size * ways[0] * ways[1])


def switched(subject: Subject) -> list[str]:
    """The operations whose masks, indices or constants change at once when the inputs move a bit.

    ``where(x > 0, x, 0)`` has a kink at 0 that none of its operations has: it is in the mask.
    """

    def constants() -> list[tuple[str, list[Any]]]:
        with list_calls() as recorder:
            subject.run()
        return [(call.name, _constants_of(call)) for call in recorder.calls]

    draws, here = np.random.default_rng(2), constants()
    names: dict[str, None] = {}
    with subject.put_back() as kept:
        for _ in range(4):
            for x, array in zip(subject.tensors, kept, strict=True):
                x._array[...] = array + SMALL_STEP * _way(array, draws)
            try:
                there = constants()
            except Exception:  # outside the domain
                continue
            if [name for name, _ in there] != [name for name, _ in here]:
                names["a branch of the program"] = None
                continue
            pairs = zip(here, there, strict=True)
            names |= {name: None for (name, a), (_, b) in pairs if not _alike(a, b)}
    return list(names)


def _constants_of(call: Call) -> list[Any]:
    """The arguments of a call that no gradient flows to."""
    fixed = [array for array, edge in zip(call.arrays, call.edges, strict=True) if edge is None]
    return [*fixed, *call.params.values()]


def _alike(one: Any, two: Any) -> bool:
    """Whether constants are the same, up to what a small step does to a smooth one."""
    if isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)):
        return len(one) == len(two) and all(map(_alike, one, two))
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        if one.shape != two.shape:
            return False
        if one.dtype.kind != "f":
            return bool(np.array_equal(one, two))
        size = np.maximum(np.abs(one), typical_size(one))
        with np.errstate(all="ignore"):
            return not (np.abs(two - one) > 1e-3 * size).any()
    if isinstance(one, (bool, int, str, slice)):
        return bool(one == two)
    return True
