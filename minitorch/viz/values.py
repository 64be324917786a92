"""Numbers of a tensor: statistics, and the numbers themselves where they are few."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch._dtypes import Array, from_numpy_dtype

FEW = 64  # elements; up to so many are kept in full
BLOCK = 1 << 16  # elements looked at at once


@dataclass(frozen=True)
class Values:
    """The numbers of one tensor at one moment.

    Attributes:
        shape, dtype: of the tensor.
        low, high, mean, std: over the finite elements (`std` as ``tensor.std()``: divided by one
            less than their number); None where there are none.
        nans, infs: how many elements are NaN, and infinite.
        zeros: the share of elements that are 0.
        array: a copy of all elements, if there are at most 64.
    """

    shape: tuple[int, ...]
    dtype: str
    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    nans: int
    infs: int
    zeros: float
    array: Array | None

    @classmethod
    def of(cls, array: Array) -> Values:
        """Look at `array`."""
        nans = infs = nonzero = number = 0
        mean = squares = 0.0  # squares: the sum of the squared distances from the mean
        low, high = math.inf, -math.inf
        flat = array.reshape(-1)
        for start in range(0, array.size, BLOCK):  # so that a large array needs no large copy
            block = flat[start : start + BLOCK]
            nonzero += int(np.count_nonzero(block))
            if block.dtype.kind == "f":
                fine = np.isfinite(block)
                if not fine.all():
                    nans += int(np.isnan(block).sum())
                    infs += int(np.isinf(block).sum())
                    block = block[fine]
            if block.size:
                wide = block.astype(np.float64)
                low, high = min(low, float(wide.min())), max(high, float(wide.max()))
                # Chan, Golub and LeVeque, 1979: two parts' means and squares give the whole's.
                step, total = float(wide.mean()) - mean, number + wide.size
                wide -= mean + step
                squares += float((wide * wide).sum()) + step * step * number * wide.size / total
                mean, number = mean + step * wide.size / total, total
        return cls(
            shape=array.shape,
            dtype=dtype_name(array.dtype),
            low=low if number else None,
            high=high if number else None,
            mean=mean if number else None,
            std=math.sqrt(squares / (number - 1)) if number > 1 else None,
            nans=nans,
            infs=infs,
            zeros=1 - nonzero / array.size if array.size else 0.0,
            array=np.array(array) if array.size <= FEW else None,
        )

    def count(self) -> int:
        """Count the elements."""
        return math.prod(self.shape)

    def statistics(self) -> str:
        """The statistics in one line."""
        known = {"min": self.low, "max": self.high, "mean": self.mean, "std": self.std}
        parts = [f"{name} {number(value)}" for name, value in known.items() if value is not None]
        if self.zeros:
            parts.append(f"zeros {100 * self.zeros:.3g}%")
        if self.warning():
            parts.append(self.warning())
        return ", ".join(parts) or "no elements"

    def warning(self) -> str:
        """Say how many elements are NaN or infinite, or ''."""
        counts = ((self.nans, "NaN"), (self.infs, "inf"))
        return ", ".join(f"{count} {name}" for count, name in counts if count)

    def short(self) -> str:
        """All elements if they are at most 64, as nested lists; else the statistics."""
        return self.statistics() if self.array is None else elements(self.array)

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)} {self.short()}"


def values_of(tensor: Any) -> Values | None:
    """The numbers of a tensor; None where there is none."""
    return None if tensor is None else Values.of(tensor._any_layout)


def dtype_name(dtype: np.dtype[Any]) -> str:
    """The dtype's name as minitorch has it, without the prefix."""
    return str(from_numpy_dtype(dtype)).rpartition(".")[2]


def number(value: Any) -> str:
    """A number in up to five digits."""
    return f"{value:.5g}" if isinstance(value, float | np.floating) else str(value)


def elements(array: Array) -> str:
    """An array as nested lists, in up to five digits each."""
    if array.ndim == 0:
        return number(array[()])
    return "[" + ", ".join(elements(row) for row in array) + "]"


def size(count: float) -> str:
    """A number of bytes for reading: ``'12.5 KB'`` (1 KB is 1024 bytes).

    >>> size(512), size(12800)
    ('512 B', '12.5 KB')
    """
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
