"""Which operation is at fault: every recorded call, checked by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.contracts import BackwardError, breaches
from minitorch.autograd.gradcheck.jacobian import (
    Projection,
    Subject,
    compare,
    tensors_in,
    typical_size,
)
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.report import NodeFinding, told_output
from minitorch.autograd.gradcheck.trace import Call, calls_noted, nodes_behind
from minitorch.autograd.gradcheck.verdict import Verdict

SMALL = 20_000  # elements of a Jacobian that is worth looking at whole
MANY = 2_000  # elements of an input that are worth looking at one by one


def check_nodes(func: Callable[..., Any], inputs: Sequence[Any], seed: int) -> list[NodeFinding]:
    """Run `func` and check each operation that it records, in the order in which they ran."""
    with calls_noted():
        outputs = tensors_in(func(*inputs))
    return [check_call(node.call, seed) for node in nodes_behind(outputs) if node.call is not None]


def check_call(call: Call, seed: int) -> NodeFinding:
    """Check one call: at a point nearby, where there is no kink, and then where it was made."""
    shapes = tuple(a.shape for a in call.arrays if isinstance(a, np.ndarray))
    finding = NodeFinding(call.name, call.place, shapes)
    draws = np.random.default_rng(seed)

    def nearby(array: Array) -> Array:
        step = 1e-2 * np.where(array == 0, typical_size(array), np.abs(array))
        return array + step * draws.uniform(-1, 1, array.shape)

    for change in (nearby, np.array):
        try:
            problem = _problem(call, call.leaves(change), draws)
        except BackwardError as error:
            problem = f"backward raises {error}"
        except Exception as error:  # forward itself cannot be repeated, in float64 or with copies
            finding.note = f"could not be run again ({type(error).__name__}: {error})"
            continue
        if problem:
            finding.problem, finding.note = problem, ""
            return finding
    return finding


def _problem(call: Call, leaves: list[Any], draws: np.random.Generator) -> str:
    """What is wrong with the call at these values; '' for nothing."""
    names = [call.input_name(i) for i, edge in enumerate(call.edges) if edge is not None]
    subject = Subject(lambda: call.again(*leaves), leaves, names)
    outputs = subject.outputs()
    if not outputs or not sum(out._array.size for out in outputs):
        return ""
    projection = Projection(subject, draws)
    for number, leaf in enumerate(leaves):
        if not leaf._array.size:
            continue
        for _ in range(2):
            gradient = projection.gradients(projection.weights)[number]
            direction = projection.random_direction(number)
            verdict = projection.judge(number, gradient, direction, projection.weights)
            if verdict == Verdict.FAIL:
                found = _described(subject, projection, number, direction)
                if found:
                    return found
    for breach in breaches(subject.backward, draws, 0.0):
        return f"broken contract: backward {breach.contract}; {breach.detail}"
    return ""


def _described(subject: Subject, projection: Projection, number: int, direction: Array) -> str:
    """The worst element of a tensor along whose direction the check failed; '' if none is."""
    leaf = subject.tensors[number]
    size = leaf._array.size
    if size * projection.count <= SMALL:
        one = Subject(subject.run, [leaf], [subject.names[number]])
        wrong = [j for j in compare(one, 1, lambda items, total: items) if j.worst() is not None]
        if not wrong:
            return ""
        j = wrong[0]
    elif size <= MANY:
        j = projection.rows(number, range(size), 1)
    else:
        row = projection.failing_row(number, direction)
        if row is None:
            return ""
        j = projection.rows(number, [row], 1)
    worst = j.worst()
    if worst is None:
        return ""
    text = (
        f"d {told_output(j, worst)} / d {j.input_name} {list(worst.input)}: expected "
        f"{worst.expected:.9g}, got {worst.got:.9g}"
    )
    return text + (f"; likely cause: {j.cause}" if j.cause else "")
