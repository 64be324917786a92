"""Numerical derivatives that say how far they can be trusted.

A difference quotient has two errors: truncation, which falls with the step, and rounding, which
grows as the step falls. Here a function is evaluated on a ladder of steps, the quotients are
extrapolated to step 0 (Richardson 1911; as a tableau with error estimates, Ridders 1982, in Press
et al., Numerical Recipes, section 5.7), and the entry with the smallest estimated error is taken
together with that estimate, its *error bar*. The quotients to the left and to the right are
extrapolated likewise: where they disagree by more than their bars, the function has a kink.

NumPy arrays only; nothing here knows of tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Steps are scale * 2**-e, for these e where outputs have 53 bits; for fewer, in proportion.
GLANCE = 14.0  # the one of a first look: truncation and rounding are both well below 1e-7
QUICK = (6.0, 9.0, 12.0, 15.0)
THOROUGH = tuple(np.arange(-2.0, 25.0, 2.0))  # finer ones show rounding, not the function
SAFETY = 4.0  # an error estimate is itself uncertain


@dataclass
class Derivative:
    """The derivatives of M outputs along one direction; each attribute has shape (M,).

    Attributes:
        value, error_bound: the derivative, and how far it may be off.
        left, left_bar, right, right_bar: the one-sided ones; infinite at a jump.
        kink: where the two sides differ by more than their bars.
        steepest: the largest slope between the point and any step.
    """

    value: Array
    error_bound: Array
    left: Array
    left_bar: Array
    right: Array
    right_bar: Array
    kink: Array
    steepest: Array


@dataclass
class Samples:
    """A function's outputs around a point: at the point, and for each step h on both sides.

    Attributes:
        center: (M,).
        above, below: (K, M), for K steps, the largest first.
        up, down: (K,): how far the points really lie, after rounding.
    """

    center: Array
    above: Array
    below: Array
    up: Array
    down: Array

    def derivative(self, noise: float, seen: Array | float = 0.0) -> Derivative:
        """Extrapolate; `noise` is the outputs' relative rounding error, `seen` one in numbers."""
        largest = np.maximum(np.maximum(np.abs(self.above), np.abs(self.below)), abs(self.center))
        rounding = 2 * noise * np.where(np.isfinite(largest), largest, np.inf) + 1e-323
        up, down = self.up[:, None], self.down[:, None]
        idle, quantum = self._rounded_away(largest)
        rounding = np.maximum(rounding, np.maximum(quantum, seen))
        if len(self.up) > 8:
            rounding = np.maximum(rounding, self._noise(idle))
        steps = (self.up + self.down) / 2
        quotients = np.where(idle, np.nan, (self.above - self.below) / (up + down))
        to_the_right = np.where(idle, np.nan, (self.above - self.center) / up)
        to_the_left = np.where(idle, np.nan, (self.center - self.below) / down)
        value, error_bound = _extrapolate(quotients, steps, rounding, power=2)
        right, right_bar = _extrapolate(to_the_right, self.up, rounding, power=1)
        left, left_bar = _extrapolate(to_the_left, self.down, rounding, power=1)
        right, right_bar = self._at_a_jump(self.above, self.up, right, right_bar, rounding)
        left, left_bar = self._at_a_jump(self.below, -self.down, left, left_bar, rounding)
        with np.errstate(invalid="ignore"):
            size = np.maximum(np.abs(left), np.abs(right))
            gap = np.abs(left - right)
            clear = gap > SAFETY * (left_bar + right_bar) + 1e-6 * size
            kink = (np.isinf(left) | np.isinf(right)) | (np.isfinite(gap) & clear)
        slopes = np.abs(np.concatenate([to_the_left, to_the_right]))
        steepest = np.where(np.isfinite(slopes), slopes, 0).max(0, initial=0)
        return Derivative(value, error_bound, left, left_bar, right, right_bar, kink, steepest)

    def _noise(self, idle: Array) -> Array:
        """The second differences at the smallest steps, unless they are still those of a curve."""
        bend = np.abs(self.above - 2 * self.center + self.below)
        bend[idle | ~np.isfinite(bend)] = 0
        number = np.cumsum(~idle[::-1], 0)[::-1]  # 1 for the smallest step
        first, second, third = (np.where(number == n, bend, 0).max(0) for n in (1, 2, 3))
        curved = (third > 6 * second) & (second > 6 * first)
        return np.where(curved, 0, np.maximum(np.maximum(first, second), third))

    def _rounded_away(self, largest: Array) -> tuple[Array, Array]:
        """Steps that change nothing, where the smallest change there is is one of rounding.

        And that change where there are such steps, else 0.

        Such steps say nothing of a function that computes in float32 inside, or next to 1. Where
        a function really is flat, up to some kink, the first change is no such small one.
        """
        change = np.maximum(np.abs(self.above - self.center), np.abs(self.below - self.center))
        still = change == 0
        with np.errstate(all="ignore"):
            smallest = np.where(still | np.isnan(change), np.inf, change).min(0, initial=np.inf)
            idle = still & (smallest <= 2.0**-20 * largest.max(0, initial=0))
        return idle, np.where(idle.any(0) & np.isfinite(smallest), smallest, 0.0)

    def _at_a_jump(
        self, side: Array, away: Array, slope: Array, error_bound: Array, rounding: Array
    ) -> tuple[Array, Array]:
        """Make a one-sided slope infinite where it still gets steeper with the smallest steps."""
        if len(side) < 8:  # too few steps to tell
            return slope, error_bound
        change = np.abs(side - self.center)[-3:]
        slopes = change / np.abs(away[-3:, None])
        growing = (slopes[1:] > 1.3 * slopes[:-1]).all(0) & (change > 1e3 * rounding[-3:]).all(0)
        sign = np.sign(side[-1] - self.center) * np.sign(away[-1])
        return np.where(growing, sign * np.inf, slope), np.where(growing, 0.0, error_bound)


def noise_along(rays: Array, center: Array) -> Array:
    """Bound the rounding errors in rows of values at points that lie a small step apart.

    High differences of a smooth function fall from one order to the next, those of noise do not
    (Moré and Wild, Estimating computational noise, 2011). A gradient that cancels, as that of a
    softmax next to 1, has more noise than its values' precision lets expect.

    Args:
        rays: (R, K, M), for R sizes of the step.
        center: (M,), where they begin. Rows that leave its size say nothing: they pass a pole.
    """
    with np.errstate(all="ignore"):
        fourth, sixth = (
            np.sqrt((np.diff(rays, order, axis=1) ** 2).mean(1) / weight)
            for order, weight in ((4, 70), (6, 924))  # the sums of the binomials' squares
        )
        near = np.abs(rays - center).max(1) <= np.abs(center) / 2
        return np.asarray(np.fmax.reduce(np.where(near & (sixth > fourth / 2), 4 * sixth, 0.0)))


def _extrapolate(
    quotients: Array, steps: Array, rounding: Array, power: int
) -> tuple[Array, Array]:
    """The best entry of each column's tableau, and its error bar.

    Args:
        quotients: (K, M), the largest step first; NaN where there is none.
        steps: (K,).
        rounding: (K, M), the absolute rounding error of the function's values.
        power: the error's lowest power of the step, and the distance between its powers.
    """
    K, M = quotients.shape
    if K < 2:
        return np.full(M, np.nan), np.full(M, np.inf)
    orders = min(4, K)
    entries = np.full((K, orders, M), np.nan)
    errors = np.full((K, orders, M), np.inf)
    entries[:, 0] = quotients
    with np.errstate(all="ignore"):
        errors[1:, 0] = np.abs(quotients[1:] - quotients[:-1])
        for order in range(1, orders):
            ratio = (steps[:-order] / steps[order:]) ** power - 1
            finer, coarser = entries[order:, order - 1], entries[order - 1 : -1, order - 1]
            better = finer + (finer - coarser) / ratio[:, None]
            entries[order:, order] = better
            errors[order:, order] = np.maximum(np.abs(better - finer), np.abs(better - coarser))
    errors = np.where(np.isnan(errors), np.inf, errors) + (rounding / steps[:, None])[:, None]
    best = np.argmin(errors, axis=1)[:, None]
    values = np.take_along_axis(entries, best, 1)[:, 0]
    bars = SAFETY * np.take_along_axis(errors, best, 1)[:, 0]
    return _largest_trusted(values, bars, steps)


def _largest_trusted(values: Array, bars: Array, steps: Array) -> tuple[Array, Array]:
    """The most exact row that no smaller step contradicts.

    The derivative is the limit of small steps: however well large steps agree with each other (past
    a pole, where a function has levelled out), a smaller step that denies them is right. And what
    noise there is at a small step is there at a larger one, divided by the step.

    Args:
        values, bars: (K, M), the largest step first.
        steps: (K,).
    """
    value, error_bound = values[-1].copy(), bars[-1].copy()
    noise = np.zeros_like(error_bound)
    open_ = np.ones(len(error_bound), bool)
    with np.errstate(all="ignore"):
        for row in range(len(steps) - 2, -1, -1):
            below = bars[row + 1] * steps[row + 1]
            noise = np.maximum(noise, np.where(np.isfinite(below), below, 0))
            here = np.maximum(bars[row], np.minimum(noise / steps[row], bars[row + 1]))
            apart = np.abs(values[row] - value) > here + error_bound
            open_ &= ~apart
            take = open_ & (here < error_bound)
            value = np.where(take, values[row], value)
            error_bound = np.where(take, here, error_bound)
    return value, error_bound


def ladder(scale: float, reach: float, bits: int, thorough: bool) -> Array:
    """The steps to try at an element of size `scale`, the largest first.

    Args:
        scale: the size of the element, or what stands for it where that is 0.
        reach: the largest size that a step can be meaningful for: that of the whole array.
        bits: how many the outputs have.
        thorough: many steps, from the largest size down to rounding.
    """
    if not thorough:
        return scale * 2.0 ** (-np.array(QUICK) * bits / 53)
    finest = np.array(THOROUGH) * bits / 53
    steps = scale * 2.0**-finest
    while steps[0] < reach:
        steps = np.concatenate([[steps[0] * 4], steps])
    return steps


def sample(
    evaluate: Callable[[float], tuple[Array, float]], steps: Array, center: Array
) -> Samples:
    """Evaluate around a point.

    Args:
        evaluate: takes a signed step, returns the outputs (M,) and the step really taken.
        steps: the largest first.
        center: the outputs at the point itself.
    """
    found = []
    for step in steps:
        (high, up), (low, down) = evaluate(step), evaluate(-step)
        if up <= 0 or down >= 0:
            break  # below the resolution of the input
        found.append((high, low, up, -down))
    above, below, ups, downs = map(np.array, zip(*found, strict=True) if found else [()] * 4)
    shape = (len(found), len(center))
    return Samples(center, above.reshape(shape), below.reshape(shape), ups, downs)


def place_of(number: Any, shape: Sequence[int]) -> tuple[int, ...]:
    """The place of an element, given its number in a flat array."""
    return tuple(int(i) for i in np.unravel_index(int(number), tuple(shape)))
