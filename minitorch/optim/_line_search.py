"""A step length that satisfies the strong Wolfe conditions, by cubic interpolation.

The conditions and the two phases, bracketing and zooming: Nocedal and Wright, Numerical
Optimization (2006), section 3.5. The safeguards are minFunc's (M. Schmidt, 2005), as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minitorch._tensor import Tensor


class Point(NamedTuple):
    """A point on the line that is searched."""

    t: float
    """Distance along the line."""
    loss: float
    grad: Tensor
    slope: float
    """The loss's derivative along the line."""


def cubic_minimum(a: Point, b: Point, low: float | None = None, high: float | None = None) -> float:
    """Where the cubic through both points, with their slopes, is lowest between `low` and `high`.

    Without bounds, between the points; where the cubic has no minimum, halfway.
    """
    if low is None or high is None:
        low, high = min(a.t, b.t), max(a.t, b.t)
    if a.t > b.t:
        a, b = b, a
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = mean**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    root = square**0.5
    part, whole = b.slope + root - mean, b.slope - a.slope + 2 * root
    if whole == 0:  # a straight line, lowest at one of the ends
        return high if part < 0 else low
    return min(max(b.t - (b.t - a.t) * (part / whole), low), high)


def strong_wolfe(
    at: Callable[[float], Point],
    start: Point,
    t: float,
    reach: float,
    max_evaluations: int,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
) -> tuple[Point, int]:
    """Search along a line that leads downhill from `start`.

    Args:
        at: evaluates the loss at a step length.
        start: the point at length 0.
        t: the first length to try.
        reach: how much a length of 1 changes the parameter that changes most.
        max_evaluations: stop after so many trials, beside the first.
        c1: how much of the decrease that the slope promises is enough.
        c2: how much flatter the line must have become.
        tolerance_change: stop when the bracket changes no parameter by more.

    Returns:
        The point found, and how often the loss was evaluated.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + c1 * point.t * start.slope

    def flat_enough(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    previous, point = start, at(t)
    trials = 0
    bracket = None
    while trials < max_evaluations:
        if too_high(point) or (trials > 1 and point.loss >= previous.loss):
            bracket = [previous, point]
            break
        if flat_enough(point):
            return point, trials + 1
        if point.slope >= 0:
            bracket = [previous, point]
            break
        low, high = point.t + 0.01 * (point.t - previous.t), point.t * 10
        t = cubic_minimum(previous, point, low, high)
        previous, point = point, at(t)
        trials += 1
    if bracket is None:
        bracket = [start, point]

    slow = False  # whether the last trial came too close to an end of the bracket
    low_end = 0 if bracket[0].loss <= bracket[1].loss else 1
    while trials < max_evaluations:
        low, high = sorted(point.t for point in bracket)
        if (high - low) * reach < tolerance_change:
            break
        t = cubic_minimum(bracket[0], bracket[1])
        margin = 0.1 * (high - low)
        slow, again = min(high - t, t - low) < margin, slow
        if slow and (again or t >= high or t <= low):
            t = high - margin if abs(t - high) < abs(t - low) else low + margin
            slow = False
        point = at(t)
        trials += 1
        if too_high(point) or point.loss >= bracket[low_end].loss:
            bracket[1 - low_end] = point
            low_end = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        done = flat_enough(point)
        if not done and point.slope * (bracket[1 - low_end].t - bracket[low_end].t) >= 0:
            bracket[1 - low_end] = bracket[low_end]
        bracket[low_end] = point
        if done:
            break
    return bracket[low_end], trials + 1
