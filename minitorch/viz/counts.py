"""Multiply-adds and receptive fields, from the calls that were really made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.autograd.function import Function
from minitorch.ops.math.linalg import Linear, MatMul
from minitorch.ops.nn.attention import Attention
from minitorch.ops.nn.conv import Convolution, ConvTranspose
from minitorch.ops.nn.pool import AvgPool, MaxPool
from minitorch.ops.nn.recurrent import Recurrent

Field = tuple[tuple[float, float], ...]
"""For each spatial dimension: how many input elements an output element sees, and how far apart
neighbouring output elements are in the input."""


def multiply_adds(
    function: type[Function],
    arrays: Sequence[Any],
    params: dict[str, Any],
    shapes: Sequence[tuple[int, ...]],
) -> int:
    """The multiply-adds of one call: of convolutions and matrix products. All else counts 0.

    Args:
        function: what was called.
        arrays, params: what it was called with.
        shapes: of its outputs.
    """
    if issubclass(function, Convolution):
        return math.prod(shapes[0]) * math.prod(arrays[1].shape[1:])
    if issubclass(function, ConvTranspose):  # a transposed convolution
        return int(arrays[0].size) * math.prod(arrays[1].shape[1:])
    if issubclass(function, Linear):
        return math.prod(arrays[0].shape[:-1]) * int(arrays[1].size)
    if issubclass(function, MatMul):
        return math.prod(shapes[0]) * int(arrays[0].shape[-2 if params.get("tx") else -1])
    if issubclass(function, Attention):
        queries, keys, values = (array.shape for array in arrays[:3])
        batch = np.broadcast_shapes(queries[:-2], keys[:-2], values[:-2])
        pairs = math.prod(batch) * queries[-2] * keys[-2]
        return pairs * (queries[-1] + values[-1])
    if issubclass(function, Recurrent):
        weights = [arrays[index] for index in (3, 4, 7)]  # w_ih, w_hh, w_hr
        rows = sum(stop - start for start, stop in params["steps"])
        return rows * sum(int(weight.size) for weight in weights if weight is not None)
    return 0


def field_of(
    function: type[Function],
    arrays: Sequence[Any],
    params: dict[str, Any],
    shape: tuple[int, ...],
    fields: Sequence[tuple[tuple[int, ...], Field | None]],
) -> Field | None:
    """The receptive field of an output of `shape`, or None where no window tells.

    Windows make it larger; what keeps the spatial shape keeps it. (The statistics of a
    normalisation, which look at everything, are left aside.) Of several inputs the largest counts.

    Args:
        fields: shape and receptive field of each input.
    """
    known = [(came, field) for came, field in fields if field is not None]
    if not known:
        return None
    field = known[0][1]
    if issubclass(function, Convolution | MaxPool | AvgPool):
        kernel = arrays[1].shape[2:] if issubclass(function, Convolution) else params["kernel"]
        apart = params.get("dilation") or (1,) * len(kernel)
        return tuple(
            (size + (k - 1) * d * jump, jump * s)
            for (size, jump), k, s, d in zip(field, kernel, params["stride"], apart, strict=True)
        )
    if issubclass(function, ConvTranspose):
        kernel, step = arrays[1].shape[2:], params["stride"]
        return tuple(
            (size + (math.ceil(k / s) - 1) * jump, jump / s)
            for (size, jump), k, s in zip(field, kernel, step, strict=True)
        )
    if any(len(c) != len(shape) or c[2:] != shape[2:] for c, _ in known) or len(shape) < 3:
        return None
    if issubclass(function, Linear | MatMul | Attention | Recurrent):
        return None
    joined: Field = tuple(
        (max(one[0] for one in each), max(one[1] for one in each))
        for each in zip(*(field for _, field in known), strict=True)
    )
    return joined
