"""Histograms: counts, or weights, of samples between edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.ops.support.operands import require_tensor
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["histogram", "histogramdd"]


def _even(values: Array, bins: int, bounds: Sequence[float] | None, dim: int) -> Array:
    """Edges evenly apart, from the smallest value to the largest, or between the `bounds`."""
    if bins <= 0:
        raise RuntimeError(
            f"torch.histogram(): bins must be > 0, but got {bins} for dimension {dim}"
        )
    if bounds is not None:
        low, high = float(bounds[0]), float(bounds[1])
    else:
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(
            f"torch.histogramdd: dimension {dim}'s range [{low:g}, {high:g}] is not finite"
        )
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for "
            f"dimension {dim}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    scalar, i = values.dtype.type, np.arange(bins + 1, dtype=values.dtype)
    step = (scalar(high) - scalar(low)) / scalar(bins)
    upper = scalar(high) - step * (bins - i)  # from the nearer end, as PyTorch's linspace goes
    return np.where(i < (bins + 1) // 2, scalar(low) + step * i, upper).astype(values.dtype)


def _given(edges: Tensor, x: Tensor, dim: int) -> Array:
    """Edges that the caller chose."""
    array = edges._array
    if edges.dtype != x.dtype:
        raise RuntimeError(
            "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got "
            f"input with dtype {x.dtype} and bins for dimension {dim} with dtype {edges.dtype}"
        )
    if array.ndim != 1:
        raise RuntimeError(
            f"torch.histogramdd: bins tensor should have one dimension, but got {array.ndim} "
            f"dimensions in the bins tensor for dimension {dim}"
        )
    return array


def _counted(
    x: Tensor, samples: Array, bins: Sequence[Any], bounds: Any, weight: Any, density: bool
) -> tuple[Array, list[Array]]:
    """The histogram of samples (M, D), and the edges of each dimension."""
    M, D = samples.shape
    if samples.dtype.kind != "f":
        raise NotImplementedError(f'"histogramdd" not implemented for {x.dtype}')
    if bounds is not None and len(bounds) != 2 * D:
        raise RuntimeError(
            f"torch.histogramdd: for a {D}-dimensional histogram range should have {2 * D} "
            f"elements, but got {len(bounds)}"
        )
    edges, places, inside = [], [], np.ones(M, bool)
    for d, wanted in enumerate(bins):
        values = samples[:, d]
        own = None if bounds is None else bounds[2 * d : 2 * d + 2]
        even = isinstance(wanted, int)
        ends = _even(values, wanted, own, d) if even else _given(wanted, x, d)
        inside &= (values >= ends[0]) & (values <= ends[-1])
        # The last bin has its right edge, too.
        places.append(np.minimum(np.searchsorted(ends, values, "right") - 1, len(ends) - 2))
        edges.append(ends)
    shape = tuple(len(ends) - 1 for ends in edges)
    flat = np.ravel_multi_index([place[inside] for place in places], shape)
    weights = None if weight is None else weight.reshape(-1)[inside]
    counts = np.bincount(flat, weights, math.prod(shape)).astype(samples.dtype).reshape(shape)
    if density:
        counts = counts / counts.sum()
        for d, ends in enumerate(edges):
            counts = counts / np.diff(ends).reshape(-1, *[1] * (D - 1 - d))
    return counts.astype(samples.dtype), edges


def _weights(weight: Any, shape: tuple[int, ...], x: Tensor) -> Any:
    if weight is None:
        return None
    array = require_tensor("histogram", "weight", weight)._array
    if weight.dtype != x.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor "
            f"should have the same dtype, but got input(self) with dtype {x.dtype}, and weight "
            f"with dtype {weight.dtype}"
        )
    if array.shape != shape:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the "
            "input tensor excluding its innermost dimension, but got input with shape "
            f"{list(x.shape)} and weight with shape {list(array.shape)}"
        )
    return array


@takes_out("histogram", SAME)
def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogram:
    """Count the elements between each two edges; the last bin has its right edge, too.

    Args:
        bins: how many there are, or a tensor of their edges, in order.
        range: the first and the last edge; None for the smallest and the largest element.
        weight: of each element, of the input's shape.
        density: whether the counts become those of a density, whose integral is 1.

    Returns:
        ``hist`` and ``bin_edges``, of the input's dtype, without a gradient.

    Raises:
        RuntimeError: for no bins, a range that is not finite or upside down, and edges or weights
            of another dtype or shape.
        NotImplementedError: for integers.

    >>> import minitorch
    >>> minitorch.histogram(minitorch.tensor([1.0, 2.0, 1.0]), 4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    x = require_tensor("histogram", "input", input)
    weights = _weights(weight, x._array.shape, x)
    samples = x._array.reshape(-1, 1)
    counts, (edges,) = _counted(x, samples, [bins], range, weights, density)
    return return_types.histogram(x._wrap(counts), x._wrap(edges))


def histogramdd(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogramdd:
    """Count samples with several coordinates, the last dimension of `input`, in a grid of bins.

    Args:
        bins: how many there are along each dimension; one number for all; or tensors of edges.
        range: the first and the last edge of each dimension, one after the other.
        weight: of each sample.
        density: whether the counts become those of a density, whose integral is 1.

    Returns:
        ``hist``, with a dimension for each coordinate, and ``bin_edges``, a tensor for each.

    Raises:
        RuntimeError: as `histogram`, and for bins of another number than that of coordinates.

    >>> import minitorch
    >>> points = minitorch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0]])
    >>> minitorch.histogramdd(points, [2, 2]).hist
    tensor([[0., 1.],
            [2., 1.]])
    """
    x = require_tensor("histogramdd", "input", input)
    if x.dim() < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    D = x.size(-1)
    wanted = [bins] * D if isinstance(bins, int) else list(bins)
    if len(wanted) != D:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input."
        )
    weights = _weights(weight, x._array.shape[:-1], x)
    counts, edges = _counted(x, x._array.reshape(-1, D), wanted, range, weights, density)
    return return_types.histogramdd(x._wrap(counts), tuple(map(x._wrap, edges)))
