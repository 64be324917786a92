"""Patterns in a wrong Jacobian: common mistakes, recognised by their shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.numeric import Array

ZERO = "the gradient is zero, or None, for the whole input"
FACTOR = "a constant factor of"
FLAT = "the derivative is 0 here"


def likely_cause(wrong: Array, right: Array, x: Array) -> str | None:
    """The mistake that turns `right` into `wrong`; None if it looks like none we know.

    Args:
        wrong, right: the analytical and the numerical Jacobian, (input elements, output elements).
        x: the input.
    """
    if np.isnan(wrong).any() and not np.isnan(right).any():
        return f"NaN in {int(np.isnan(wrong).sum())} of {wrong.size} elements"
    if not (np.isfinite(wrong).all() and np.isfinite(right).all()):
        return None
    return next((cause for rule in _RULES for cause in rule(wrong, right, x)), None)


def swapped(wrong: dict[int, Array], right: dict[int, Array]) -> str | None:
    """Whether two inputs got each other's gradients. Jacobians by input number."""
    numbers = sorted(wrong)
    for place, i in enumerate(numbers):
        for j in numbers[place + 1 :]:
            if wrong[i].shape != wrong[j].shape or close(right[i], right[j]):
                continue
            if close(wrong[i], right[j]) and close(wrong[j], right[i]):
                return f"the gradients of inputs {i} and {j} are swapped"
    return None


def close(a: Array, b: Array) -> bool:
    """Whether two Jacobians agree well enough to be the same one."""
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    size = max(float(np.abs(b).max(initial=0)), float(np.abs(a).max(initial=0)))
    return size > 0 and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6 * size))


# Each rule yields what it recognises, if that is the mistake.


def _nothing(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    if not wrong.any() and right.any():
        yield ZERO


def _factor(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    weight = float((right * right).sum())
    ratio = float((wrong * right).sum()) / weight if weight else 0.0
    if not ratio or not close(wrong, right * ratio):
        return
    if abs(ratio + 1) < 1e-5:
        yield "the sign is wrong"
    for number in range(2, 1 + max(x.size, *wrong.shape)):
        if abs(ratio * number - 1) < 1e-5:
            yield f"{FACTOR} 1/{number} (a mean where a sum is due?)"
    yield f"{FACTOR} {ratio:.6g}"


def _flat(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    size = np.abs(wrong).max(initial=0)
    if size and np.abs(right).max(initial=0) <= 1e-12 * size:
        yield FLAT


def _symmetrised(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    """A function that reads one triangle of a matrix, and a gradient that fills both."""
    if x.ndim >= 2 and x.shape[-1] == x.shape[-2]:
        grid = right.reshape(*x.shape, -1)
        mean = (grid + grid.swapaxes(-2, -3)) / 2
        if not close(grid, mean) and close(wrong, mean.reshape(right.shape)):
            yield "the gradient of a function of symmetric matrices: check f((x + x.mT) / 2)"


def _conjugated(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    """Between real and imaginary parts, which are neighbours, the sign is wrong."""
    if x.shape[-1:] == (2,) and wrong.shape[1] % 2 == 0:
        rows, columns = (np.arange(n) % 2 for n in wrong.shape)
        signs = np.where(rows[:, None] == columns, 1, -1)
        if close(wrong, right * signs) and not close(wrong, right):
            yield "a conj() of the derivative is missing, if these are the parts of complex numbers"


def _ignores_gradient(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    count = wrong.shape[1]
    if count > 1 and close(wrong, np.repeat(right.sum(1, keepdims=True), count, 1)):
        yield "the incoming gradient is ignored: it is taken for ones"


def _rearranged(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    grid = right.reshape(*x.shape, -1)
    for text, changed in _rearrangements(grid):
        if not close(grid, changed) and close(wrong, changed.reshape(right.shape)):
            yield text


def _rearrangements(grid: Array) -> Iterator[tuple[str, Array]]:
    """A Jacobian (*input's shape, output elements) with its input dimensions moved about."""
    *shape, _ = grid.shape
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        yield "the gradient is transposed", grid.swapaxes(-2, -3)
    for axis in range(len(shape)):
        yield f"the gradient is reversed along dim {axis}", np.flip(grid, axis)
        for by in (1, -1):
            text = f"the gradient is shifted by {by} along dim {axis}"
            yield text, np.roll(grid, by, axis)
            yield text + ", and what falls out is lost", _shift(grid, by, axis)


def _shift(grid: Array, by: int, axis: int) -> Array:
    moved = np.roll(grid, by, axis)
    edge = [slice(None)] * grid.ndim
    edge[axis] = slice(None, 1) if by > 0 else slice(-1, None)
    moved[tuple(edge)] = 0
    return moved


def _partly_zero(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    """Some contributions are there, and exact; the others are missing."""
    size = np.abs(right).max(initial=0)
    due, there = np.abs(right) > 1e-9 * size, np.abs(wrong) > 1e-9 * size
    lost = due & ~there
    if not lost.any() or not close(wrong, np.where(there, right, 0)):
        return
    rows = np.any(lost, axis=1)
    if not (there & due)[rows].any():  # these input elements get nothing at all
        yield f"the gradient is zero {_where(rows.reshape(x.shape))}"
    kept, owed = (there & due).sum(1), due.sum(1)
    if (kept[rows] == 1).all() and (owed[rows] > 1).all():
        yield (
            f"overwritten instead of accumulated: of up to {owed.max()} contributions to an "
            "element one is left (a sum over a broadcast dimension or repeated indices is missing)"
        )
    yield (
        f"only part of the outputs contribute: {int(lost.sum())} of {int(due.sum())} contributions "
        "are missing (a sum over a broadcast dimension?)"
    )


def _where(mask: Any) -> str:
    """In words, where a mask over the input holds."""
    places = np.argwhere(mask)
    if len(places) == 1:
        return f"at element {places[0].tolist()}"
    for axis in range(mask.ndim):
        indices = np.unique(places[:, axis])
        slab = np.zeros_like(mask)
        slab[(slice(None),) * axis + (indices,)] = True
        if len(indices) < mask.shape[axis] and (slab == mask).all():
            shown = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
            return f"along dim {axis} at index {shown}"
    return f"at {len(places)} of {mask.size} elements, first at {places[0].tolist()}"


def _signs(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    if close(np.abs(wrong), np.abs(right)):
        if (wrong >= 0).all():
            yield "the absolute value of the gradient"
        off = np.any(wrong * right < 0, axis=1)
        yield f"the sign is wrong {_where(off.reshape(x.shape))}"


def _offset(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    difference = wrong - right
    by = float(difference.mean())
    if by and close(difference, np.full_like(difference, by)) and difference.size > 1:
        yield f"{by:.6g} is added to every element"


def _depends_on_x(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    """A factor for each input element that is a simple function of the element."""
    if x.size < 2:
        return
    flat = x.reshape(-1, 1).astype(np.float64)
    with np.errstate(all="ignore"):
        candidates = {
            "x": flat, "1 / x": 1 / flat, "x ** 2": flat**2, "1 / x ** 2": flat**-2.0,
            "exp(x)": np.exp(flat), "exp(-x)": np.exp(-flat), "|x|": np.abs(flat),
            "sign(x)": np.sign(flat),
        }  # fmt: skip
        found = [text for text, factor in candidates.items() if close(wrong, right * factor)]
    for text in found:
        yield f"an extra factor of {text}, or a missing factor of its inverse"


def _few(wrong: Array, right: Array, x: Array) -> Iterator[str]:
    """Only some input elements are wrong."""
    size = np.abs(right).max(initial=0)
    off = ~np.isclose(wrong, right, rtol=1e-5, atol=1e-7 * size)
    rows = np.any(off, axis=1)
    if 0 < rows.sum() <= max(1, x.size // 2) and x.size > 1:
        yield f"the gradient is wrong {_where(rows.reshape(x.shape))}, and right elsewhere"


_RULES = (
    _nothing, _factor, _flat, _ignores_gradient, _symmetrised, _conjugated, _rearranged,
    _partly_zero, _signs, _offset, _depends_on_x, _few,
)  # fmt: skip
