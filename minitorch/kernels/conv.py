"""Convolution as a matrix product: the windows become columns (im2col), BLAS does the rest.

Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks (2006). Arrays are
(N, C, *spatial) of any number of spatial dimensions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.kernels._windows import Array, Pairs, Sizes, offsets, pad, windows


def output_size(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> int:
    """How many windows fit."""
    return (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1


def _out(spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Sizes:
    return tuple(map(output_size, spatial, kernel, stride, padding, dilation))


def _columns(
    x: Array, kernel: Sizes, out: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes
) -> Array:
    """The windows as columns: (C * K, N * O)."""
    N, C = x.shape[:2]
    dims = len(kernel)
    view = windows(pad(x, padding), kernel, out, stride, dilation)  # (N, C, *K, *O)
    order = (1, *range(2, 2 + dims), 0, *range(2 + dims, 2 + 2 * dims))
    return view.transpose(order).reshape(C * math.prod(kernel), N * math.prod(out))


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> tuple[Array, Any]:
    """y (N, O, *out) of x (N, C, *S), weight (O, C / groups, *K), bias (O); and the columns."""
    N, C, *S = x.shape
    O, _, *K = weight.shape
    kernel = tuple(K)
    out = _out(tuple(S), kernel, stride, padding, dilation)
    work = np.float32 if x.dtype == np.float16 else x.dtype
    y = np.empty((N, O, *out), x.dtype)
    columns = []
    for g in range(groups):
        part = x[:, g * (C // groups) : (g + 1) * (C // groups)]
        cols = _columns(part, kernel, out, stride, padding, dilation).astype(work, copy=False)
        rows = weight[g * (O // groups) : (g + 1) * (O // groups)]
        flat = rows.reshape(O // groups, -1).astype(work, copy=False) @ cols  # (O / g, N * P)
        if bias is not None:
            flat += bias[g * (O // groups) : (g + 1) * (O // groups), None]
        y[:, g * (O // groups) : (g + 1) * (O // groups)] = np.moveaxis(
            flat.reshape(O // groups, N, *out), 0, 1
        )
        columns.append(cols)
    return y, columns


def conv_input(
    grad: Array,
    weight: Array,
    input_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Array:
    """The adjoint of `conv` in x: each gradient is added to the window it came from."""
    N, C, *S = input_shape
    O, _, *K = weight.shape
    out, kernel = grad.shape[2:], tuple(K)
    work = np.float32 if grad.dtype == np.float16 else grad.dtype
    sizes = [s + sum(p) for s, p in zip(S, padding, strict=True)]
    padded = np.zeros((N, C, *sizes), work)
    for g in range(groups):
        rows = weight[g * (O // groups) : (g + 1) * (O // groups)].astype(work, copy=False)
        dy = grad[:, g * (O // groups) : (g + 1) * (O // groups)].astype(work, copy=False)
        dy = np.moveaxis(dy, 1, 0).reshape(O // groups, -1)  # (O / g, N * P)
        cols = rows.reshape(O // groups, -1).T @ dy  # (C / g * K, N * P)
        cols = cols.reshape(C // groups, math.prod(kernel), N, *out)
        part = padded[:, g * (C // groups) : (g + 1) * (C // groups)]
        for place, where in enumerate(offsets(kernel, out, stride, dilation)):
            part[where] += np.moveaxis(cols[:, place], 1, 0)
    inside = tuple(slice(b, b + s) for s, (b, _) in zip(S, padding, strict=True))
    return padded[(slice(None), slice(None), *inside)].astype(grad.dtype)


def conv_weight(
    grad: Array,
    x: Array,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    columns: Any = None,
) -> Array:
    """The adjoint of `conv` in weight: output gradients times the windows."""
    C = x.shape[1]
    O, _, *K = weight_shape
    out, kernel = grad.shape[2:], tuple(K)
    work = np.float32 if grad.dtype == np.float16 else grad.dtype
    dw = np.empty(weight_shape, grad.dtype)
    for g in range(groups):
        if columns is None:
            part = x[:, g * (C // groups) : (g + 1) * (C // groups)]
            cols = _columns(part, kernel, out, stride, padding, dilation).astype(work, copy=False)
        else:
            cols = columns[g]
        dy = grad[:, g * (O // groups) : (g + 1) * (O // groups)].astype(work, copy=False)
        dy = np.moveaxis(dy, 1, 0).reshape(O // groups, -1)
        dw[g * (O // groups) : (g + 1) * (O // groups)] = (dy @ cols.T).reshape(
            O // groups, *weight_shape[1:]
        )
    return dw
