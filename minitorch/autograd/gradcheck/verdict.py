"""Five verdicts on an element of a Jacobian: pass, fail, kink, unsure, meet.

An element fails only if the analytical value lies further from the numerical one than both sides'
error bars explain, and four times over: below that it is unsure. At a kink there is no derivative;
the analytical value must then be a subderivative: it must lie between the slopes on either side.
Where kinks of several operations meet it need not (see `kinks`); that is nothing that one element
shows, and so never said here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from minitorch.autograd.gradcheck.numeric import Array, Derivative

SUBNORMAL = 1e-307  # differences below which float64 loses its digits


class Verdict(enum.IntEnum):
    """Verdict on one element."""

    PASS = 0  # the values agree, and the error bar is narrow enough for that to mean something
    FAIL = 1  # they differ by more than rounding and truncation explain
    KINK = 2  # not differentiable there; the analytical value lies between the one-sided slopes
    UNSURE = 3  # the error bar is too wide to tell
    MEET = 4  # kinks of several operations meet, each of which is right, as is the whole nearby


@dataclass
class Tolerance:
    """Allowance beyond the error bars.

    Attributes:
        bits: of the precision in which gradients are computed: 53 for float64.
        atol, rtol: what the user allows besides; 0 by default.
    """

    bits: int = 53
    atol: float = 0.0
    rtol: float = 0.0

    @property
    def relative(self) -> float:
        """The relative difference that is never held against a gradient: 1e-7 in float64."""
        return max(self.rtol, 2.0 ** (-0.44 * self.bits))

    @property
    def narrow(self) -> float:
        """Largest error bar, relative to the derivative, at which an agreement means much."""
        return 2.0 ** (-0.19 * self.bits)

    @property
    def small(self) -> float:
        """Largest error bar, relative to derivatives around, at which a 0 is believed."""
        return 2.0 ** (-0.375 * self.bits)


def judge(
    found: Derivative, analytical: Array, scale: Array, tolerance: Tolerance, doubt: Array | float
) -> tuple[Array, Array, Array]:
    """The verdicts on M elements, with the numerical values and bars that they rest on.

    Args:
        found: the numerical derivatives, (M,).
        analytical: what backward gives, (M,).
        scale: the size that derivatives have around here, for those that are 0; (M,).
        tolerance: what is allowed beyond the bars.
        doubt: the analytical values' own error bar.
    """
    value, error_bound = _use_the_finite_side(found)
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(value), np.abs(analytical))
        floor = max(tolerance.atol, SUBNORMAL)
        slack = tolerance.atol + tolerance.relative * np.abs(value) + doubt + SUBNORMAL
        # What is as good as 0, beside others, has been rounded: 1 - softmax at 100, a Fourier sum.
        largest = scale[np.isfinite(scale)].max(initial=0)
        slack += (np.abs(value) <= error_bound) * 2.0 ** (3 - tolerance.bits) * largest
        narrow = error_bound <= np.maximum(
            np.maximum(tolerance.narrow * size, tolerance.small * scale), floor
        )
        apart = np.abs(analytical - value)
        agrees = apart <= error_bound + slack
        verdict = np.where(agrees, np.where(narrow, Verdict.PASS, Verdict.UNSURE), Verdict.FAIL)
        # Among many elements some bar is too narrow by chance.
        verdict = np.where(~agrees & (apart <= 4 * error_bound + slack), Verdict.UNSURE, verdict)
        unknown = ~np.isfinite(value) | ~np.isfinite(error_bound)
        verdict = np.where(unknown & ~(agrees & narrow), Verdict.UNSURE, verdict)
        verdict = np.where(found.kink, _at_kink(found, analytical, slack), verdict)
    return verdict.astype(np.int8), value, error_bound


def _use_the_finite_side(found: Derivative) -> tuple[Array, Array]:
    """At the edge of a function's domain, such as x ** 1.5 at 0, only one side has values."""
    value, error_bound = found.value.copy(), found.error_bound.copy()
    for side, side_bar, other_bar in (
        (found.right, found.right_bar, found.left_bar),
        (found.left, found.left_bar, found.right_bar),
    ):
        only = ~np.isfinite(found.error_bound) & np.isfinite(side_bar) & ~np.isfinite(other_bar)
        value[only], error_bound[only] = side[only], side_bar[only]
    return value, error_bound


def _at_kink(found: Derivative, analytical: Array, slack: Array) -> Array:
    """KINK where the analytical value is a subderivative; else FAIL, or UNSURE at a jump."""
    low, high = np.fmin(found.left, found.right), np.fmax(found.left, found.right)
    room = found.left_bar + found.right_bar + slack
    room = np.where(np.isfinite(room), room, 0.0)
    between = (analytical >= low - room) & (analytical <= high + room)
    verdict = np.where(between, Verdict.KINK, Verdict.FAIL)
    # A jump on one side: the slope on the other is the only one there is.
    one = np.isinf(low) ^ np.isinf(high)
    finite = np.where(np.isinf(low), high, low)
    steady = np.abs(analytical - finite) <= room
    verdict = np.where(
        one & ~np.isnan(finite), np.where(steady, Verdict.KINK, Verdict.FAIL), verdict
    )
    # None on either: 0, as for sign(0), or the same infinity, as for sqrt(0); else who can tell.
    both = np.isinf(low) & np.isinf(high)
    settled = (analytical == 0) | (
        np.isinf(analytical) & ((analytical == low) | (analytical == high))
    )
    return np.where(both, np.where(settled, Verdict.KINK, Verdict.UNSURE), verdict)
