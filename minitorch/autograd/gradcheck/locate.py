"""Search for the operation at fault: every recorded call, checked by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.bridge import NoSecondOrder
from minitorch.autograd.gradcheck.contracts import Backward, BackwardError, breaches
from minitorch.autograd.gradcheck.jacobian import (
    BITS,
    Probe,
    Projection,
    Subject,
    Watch,
    compare,
    cut_off,
    split,
    tensors_in,
    typical_size,
    unwatched,
)
from minitorch.autograd.gradcheck.kinks import (
    TRIES,
    excuse,
    kinked_outputs,
    moved,
    settle,
    split_outputs,
)
from minitorch.autograd.gradcheck.numeric import Array, place_of
from minitorch.autograd.gradcheck.report import Jacobian, NodeFinding, told_input, told_output
from minitorch.autograd.gradcheck.trace import Call, nodes_behind, record_calls
from minitorch.autograd.gradcheck.verdict import Tolerance, Verdict, judge

SMALL = 20_000  # elements of a Jacobian that is worth looking at whole
MANY = 2_000  # elements of an input that are worth looking at one by one
SAMPLE = 32  # outputs at kinks that are looked at one by one, where they are many


def recorded(run: Callable[[], Any]) -> list[Call]:
    """Run a function and list the operations behind its outputs, in the order in which they ran."""
    with record_calls():
        outputs = tensors_in(run())
    calls = [node.call for node in nodes_behind(outputs) if node.call is not None]
    return [part for call in calls for part in call.parts()]


def check_calls(
    calls: Sequence[Call],
    seed: int,
    contracts: bool = True,
    watch: Watch = unwatched,
    trusted: bool = True,
) -> list[NodeFinding]:
    """Check each call by itself.

    Args:
        contracts: also look at what backward owes besides the right numbers.
        watch: is told of each call.
        trusted: whether to check also what its library answers for, if nothing else is at fault.
    """
    found: dict[int, NodeFinding] = {}
    for built_in in (False, True):
        numbers = [n for n, call in enumerate(calls) if call.trusted is built_in]
        if built_in and (not trusted or any(finding.problem for finding in found.values())):
            for n in numbers:
                call = calls[n]
                found[n] = NodeFinding(call.name, call.place, shapes_of(call), note="built in")
            break
        for n in watch(numbers, len(numbers)):
            found[n] = check_call(calls[n], seed, contracts and not built_in)
    return [found[n] for n in range(len(calls))]


def shapes_of(call: Call) -> tuple[tuple[int, ...], ...]:
    """The shapes of a call's inputs."""
    return tuple(a.shape for a in call.arrays if isinstance(a, np.ndarray))


def subject_of(call: Call, change: Callable[[Array], Array] = np.array) -> Subject:
    """One call as a function of the inputs that want a gradient, each array changed first."""
    leaves = call.leaves(change)
    names = [call.input_name(i) for i, edge in enumerate(call.edges) if edge is not None]
    made = Subject(lambda: call.again(*leaves), leaves, names)
    bits = [BITS[str(t._array.dtype)] for t in [*made.outputs(), *leaves]]
    made.bits = min([*bits, call.bits_of_run])
    made.tolerance = Tolerance(made.bits)
    return made


def check_call(call: Call, seed: int, contracts: bool = True) -> NodeFinding:
    """Check one call: at a point nearby, where there is no kink, and then where it was made.

    Args:
        contracts: also look at what backward owes besides the right numbers.
    """
    finding = NodeFinding(call.name, call.place, shapes_of(call), written=call.written)
    draws = np.random.default_rng(seed)

    def nearby(array: Array) -> Array:
        step = 1e-2 * np.where(array == 0, typical_size(array), np.abs(array))
        with np.errstate(invalid="ignore"):
            return np.asarray(array + step * draws.uniform(-1, 1, array.shape))

    for change in (nearby, np.array):
        try:
            subject = subject_of(call, change)
            kinked = np.zeros(subject.center.shape, bool)
            if change is np.array:
                kinked = kinked_outputs(subject)
                finding.at_kink = bool(kinked.any())
            problem = _problem(subject, draws, kinked, contracts, call.is_gradient)
            if contracts and not problem and change is np.array:
                problem = next((_broken(*found) for found in call.breaches()), "")
        except BackwardError as error:
            if isinstance(error.__cause__, NoSecondOrder):
                finding.note = f"second order not checked: {error.__cause__}"
                return finding
            problem = f"backward raises {error}"
        except Exception as error:  # forward itself cannot be repeated, in float64 or with copies
            finding.note = f"could not be run again ({type(error).__name__}: {error})"
            continue
        finding.note = ""  # even if a point nearby was outside the domain
        if problem:
            finding.problem = problem
            return finding
    if finding.note and call.double and call.bits < 53:
        finding = check_call(replace(call, double=False), seed, contracts)
        finding.note = finding.note or "does not run in float64, and was checked in its own dtype"
    return finding


def stands_at_kink(call: Call) -> bool:
    """Whether some output of a call has a kink where it was made."""
    try:
        return bool(kinked_outputs(subject_of(call)).any())
    except Exception:  # forward cannot be repeated
        return False


def _problem(
    subject: Subject, draws: np.random.Generator, kinked: Array, contracts: bool, second: bool
) -> str:
    """Describe what is wrong with the call at these values; '' for nothing."""
    outputs = subject.outputs()
    if second and (cut := cut_off(subject)):
        return _broken("is connected to the inputs", cut)
    if not outputs or not sum(out._array.size for out in outputs):
        return ""
    projection = Projection(subject, draws)
    projection.weights[kinked] = 0  # these are looked at by themselves
    for number, leaf in enumerate(subject.tensors):
        if not leaf._array.size or kinked.all():
            continue
        for _ in range(2):
            direction = projection.random_direction(number)
            if projection.judge(number, direction)[0] == Verdict.FAIL:
                found = _described(subject, projection, number, direction, kinked)
                if found:
                    return found
    if kinked.any() and (found := _problem_at_kinks(subject, draws, kinked)):
        return found
    if contracts:
        for violation in breaches(subject.backward, draws, 0.0, calm_size=subject.calm_size):
            return _broken(violation.contract, violation.detail)
    return ""


def _broken(contract: str, detail: str) -> str:
    return f"broken contract: backward {contract}; {detail}"


def _described(
    subject: Subject, projection: Projection, number: int, direction: Array, kinked: Array
) -> str:
    """The worst element of a tensor along whose direction the check failed; '' if none is."""
    leaf = subject.tensors[number]
    size = leaf._array.size
    if size * kinked.size <= SMALL:
        one = Subject(subject.run, [leaf], [subject.names[number]])
        found = compare(one)
        for j, mask in zip(found, split_outputs(kinked, found), strict=True):
            j.verdicts[:, mask] = Verdict.UNSURE
    elif size <= MANY:
        found = [projection.look(number, Probe(range(size)))]
    else:
        row = projection.failing_row(number, direction)
        if row is None:
            return ""
        found = [projection.look(number, Probe([row]))]
    return _told(found)


def _told(found: Sequence[Jacobian]) -> str:
    """The worst element of the first Jacobian that has one; '' if none has."""
    for j in found:
        worst = j.worst()
        if worst is not None:
            where = f"d {told_output(j, worst)} / d {told_input(j, worst)}"
            cause = f"; likely cause: {j.cause}" if j.cause else ""
            return f"{where}: expected {worst.expected:.9g}, got {worst.got:.9g}{cause}"
    return ""


def _problem_at_kinks(subject: Subject, draws: np.random.Generator, kinked: Array) -> str:
    """Describe a fault of the outputs that stand at kinks; '' for none."""
    for number, leaf in enumerate(subject.tensors):
        if not leaf._array.size:
            continue
        small = leaf._array.size * kinked.size <= SMALL
        problem = _compared_at_kinks(subject, number, kinked) if small else ""
        # Each of four equal elements may be their maximum, but not all four: no element shows that.
        problem = problem or _sampled_at_kinks(subject, number, draws, kinked)
        if problem:
            return problem
    return ""


def _compared_at_kinks(subject: Subject, number: int, kinked: Array) -> str:
    """All elements of one tensor's Jacobian; the points nearby move the other tensors as well."""

    def of_tensor(there: Subject, rows: Array) -> list[Jacobian]:
        masks = [np.zeros(x._array.size, bool) for x in there.tensors]
        masks[number] = rows
        found = compare(there, rows=masks)
        return [j for j in found if j.input == number]

    def again(there: Subject, masks: list[Array]) -> list[Jacobian]:
        return of_tensor(there, np.any([mask.any(1) for mask in masks], axis=0))

    found = of_tensor(subject, np.ones(subject.tensors[number]._array.size, bool))
    settled = settle(subject, found, again, seed=0, within=True)
    excuse(found, settled, split_outputs(kinked, found))
    return _told(found)


def _sampled_at_kinks(
    subject: Subject, number: int, draws: np.random.Generator, kinked: Array
) -> str:
    """Some outputs at kinks, each along a few directions of one tensor."""
    leaf = subject.tensors[number]
    places = np.flatnonzero(kinked)
    chosen = np.sort(draws.choice(places, min(SAMPLE, places.size), replace=False))
    outputs = subject.outputs()
    backward = Backward(outputs, subject.tensors)
    unit = np.zeros(kinked.size)
    rows = []
    for place in chosen:
        unit[place] = 1
        rows.append(backward(split(unit, outputs))[number])
        unit[place] = 0
    measure = itemgetter(chosen)
    projection = Projection(subject, draws)
    for _ in range(2):
        direction = projection.random_direction(number)
        with np.errstate(all="ignore"):
            got = np.array([float((row * direction).sum()) for row in rows])
        found = subject.directional(leaf, direction, measure, thorough=True)
        natural = np.abs(measure(subject.center)) / typical_size(leaf._array)
        scale = natural + np.array([np.abs(row * direction).max() for row in rows])
        verdicts, value, _ = judge(found, got, scale, subject.tolerance, 0.0)
        failed = verdicts == Verdict.FAIL
        low, high = value.copy(), value.copy()
        for attempt in range(TRIES):
            if not failed.any():
                break
            with moved(subject, 0, attempt) as there:
                if there.center.shape != subject.center.shape:
                    continue
                near = there.directional(leaf, direction, measure, thorough=True)
            low, high = np.fmin(low, near.value), np.fmax(high, near.value)
            room = 1e-6 * np.maximum(np.abs(low), np.abs(high))
            failed &= ~((got >= low - room) & (got <= high + room))
        if failed.any():
            at = int(np.argmax(failed))
            starts = np.cumsum([0, *(out._array.size for out in outputs)])
            of = int(np.searchsorted(starts, chosen[at], side="right")) - 1
            place = list(place_of(chosen[at] - starts[of], outputs[of]._array.shape))
            where = f"d output {of} {place}, at a kink, / d {subject.names[number]}"
            due = f"expected {low[at]:.9g} to {high[at]:.9g}, got {got[at]:.9g}"
            return f"{where} along a random direction: {due}"
    return ""
