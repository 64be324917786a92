"""`make_tensor`: a tensor of random values that suit its dtype."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from minitorch import _dtypes
from minitorch._dtypes import dtype as Dtype
from minitorch._tensor import Tensor
from minitorch._type_info import finfo, iinfo
from minitorch.factory import empty
from minitorch.sampling import randint


def make_tensor(
    *shape: Any,
    dtype: Dtype,
    device: Any = "cpu",
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
) -> Tensor:
    """A tensor of values drawn uniformly from ``[low, high)``, by `manual_seed`'s generator.

    Args:
        shape: integers, or one sequence of them.
        low, high: by default -9 and 9 for floating dtypes, -9 and 10 for integers (0 and 10 if
            unsigned), 0 and 2 for bool. Clamped to what the dtype can hold.
        noncontiguous: lay the elements two apart in memory (if there is more than one).
        exclude_zero: put the smallest positive normal number (1 for integers) in place of 0.

    Raises:
        ValueError: if ``low >= high``, for a NaN, for an interval outside the dtype, or for
            `requires_grad` with a dtype that is not floating.

    >>> import minitorch
    >>> make_tensor(2, 3, dtype=minitorch.int64, low=5, high=6)
    tensor([[5, 5, 5],
            [5, 5, 5]])
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    if not isinstance(dtype, Dtype):
        raise TypeError(
            f"The requested dtype '{dtype}' is not supported by torch.testing.make_tensor()."
        )
    floating = dtype.is_floating_point
    if requires_grad and not floating:
        raise ValueError(
            "`requires_grad=True` is not supported for boolean and integral dtypes, "
            f"but got {dtype=}"
        )
    spread = noncontiguous and math.prod(sizes) > 1
    drawn = (*sizes[:-1], 2 * sizes[-1]) if spread else sizes
    below, above = _interval(low, high, dtype)
    if floating:
        made = empty(drawn, dtype=dtype, device=device)
        if above - below >= finfo(dtype).max:  # too wide for uniform_
            made.uniform_(below / 2, above / 2).mul_(2)
        else:
            made.uniform_(below, above)
    else:
        made = randint(math.ceil(below), math.ceil(above), drawn, dtype=dtype, device=device)
    if spread:
        made = made[..., 1::2]  # an offset, too
    if exclude_zero:
        made[made == 0] = finfo(dtype).tiny if floating else 1
    return made.requires_grad_(requires_grad)


def _interval(low: float | None, high: float | None, dtype: Dtype) -> tuple[float, float]:
    """The interval to draw from, within what `dtype` holds."""
    limits: tuple[float, float]
    if dtype.is_floating_point:
        limits, usual = (finfo(dtype).min, finfo(dtype).max), (-9, 9)
    elif dtype is _dtypes.bool_:
        limits = usual = (0, 2)
    else:  # int64's largest value cannot be drawn
        limits = (iinfo(dtype).min, iinfo(dtype).max + (dtype is not _dtypes.int64))
        usual = (-9, 10)
    lowest, highest = limits
    below = usual[0] if low is None else low
    above = usual[1] if high is None else high
    if math.isnan(below) or math.isnan(above):
        raise ValueError(
            f"`low` and `high` cannot be NaN, but got low={below!r} and high={above!r}"
        )
    if below == above and dtype.is_floating_point:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types "
            "is deprecated since 2.1 and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=3,
        )
    elif below >= above:
        raise ValueError(f"`low` must be less than `high`, but got {below} >= {above}")
    elif above < lowest or below >= highest:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{below}, {above}), "
            f"but {dtype} only supports [{lowest}, {highest})"
        )
    return min(max(below, lowest), highest), min(max(above, lowest), highest)
