"""Convolution as a matrix product: the windows become columns (im2col), BLAS does the rest.

Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks (2006). Arrays are
(N, C, *spatial) of any number of spatial dimensions; G groups of channels are G products.
"""

from __future__ import annotations

import math

import numpy as np

from minitorch.kernels._windows import (
    Array,
    Pairs,
    Sizes,
    batch_first,
    batch_last,
    pad,
    scatter,
    wide,
    windows,
)


def output_size(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> int:
    """How many windows fit."""
    return (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1


def _rows(x: Array, groups: int) -> Array:
    """x (N, C, *S) as rows of channels: (G, C / G, S * N)."""
    rows = np.ascontiguousarray(batch_last(wide(x)))
    return rows.reshape(groups, x.shape[1] // groups, -1)


def columns_of(
    x: Array,
    kernel: Sizes,
    out: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Array:
    """The windows of x (N, C, *S) as columns: (G, C / G * K, O * N)."""
    last = np.ascontiguousarray(pad(batch_last(wide(x)), padding))  # (C, *padded, N)
    C = x.shape[1]
    shape = (groups, C // groups * math.prod(kernel), -1 if x.size else 0)
    return windows(last, kernel, out, stride, dilation).reshape(shape)


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> tuple[Array, Array]:
    """y (N, O, *out) of x (N, C, *S), weight (O, C / G, *K), bias (O); and the columns."""
    N, _, *S = x.shape
    O, _, *K = weight.shape
    out = tuple(map(output_size, S, K, stride, padding, dilation))
    columns = columns_of(x, tuple(K), out, stride, padding, dilation, groups)
    y = np.matmul(wide(weight).reshape(groups, O // groups, -1), columns)  # (G, O / G, P * N)
    if bias is not None:
        y += bias.reshape(groups, O // groups, 1)
    return batch_first(y.reshape(O, *out, N)).astype(x.dtype, copy=False), columns


def conv_input(
    grad: Array,
    weight: Array,
    input_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    bias: Array | None = None,
) -> Array:
    """The adjoint of `conv` in x: each gradient is added to the window it came from."""
    N, C = input_shape[:2]
    O, _, *K = weight.shape
    out, kernel = grad.shape[2:], tuple(K)
    flat = wide(weight).reshape(groups, O // groups, -1).transpose(0, 2, 1)
    columns = np.matmul(flat, _rows(grad, groups)).reshape(C, math.prod(kernel), *out, N)
    shares = columns.swapaxes(0, 1)  # one a place of the kernel
    dx = scatter(shares, input_shape, kernel, out, stride, padding, dilation)
    if bias is not None:
        dx += bias.reshape(-1, *(1,) * len(kernel))
    return dx.astype(grad.dtype, copy=False)


def conv_weight(
    grad: Array,
    x: Array,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    columns: Array | None = None,
) -> Array:
    """The adjoint of `conv` in weight: output gradients times the windows."""
    if columns is None:
        kernel, out = weight_shape[2:], grad.shape[2:]
        columns = columns_of(x, kernel, out, stride, padding, dilation, groups)
    # This way round, BLAS is up to twice as quick as for rows @ columns.T.
    dw = np.matmul(columns, _rows(grad, groups).transpose(0, 2, 1)).transpose(0, 2, 1)
    return dw.reshape(weight_shape).astype(grad.dtype, copy=False)


def unfold(x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Array:
    """The windows of x (N, C, *S) as columns: (N, C * K, O)."""
    N, C, *S = x.shape
    out = tuple(map(output_size, S, kernel, stride, padding, dilation))
    last = np.ascontiguousarray(pad(batch_last(x), padding))
    columns = windows(last, kernel, out, stride, dilation).transpose(-1, *range(1 + 2 * len(S)))
    return np.ascontiguousarray(columns).reshape(N, C * math.prod(kernel), math.prod(out))


def fold(
    x: Array, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes
) -> Array:
    """The adjoint of `unfold`: each column of x (N, C * K, O) added to its window."""
    N, C, *S = shape
    out = tuple(map(output_size, S, kernel, stride, padding, dilation))
    shares = x.reshape(N, C, -1 if N else math.prod(kernel), *out)
    shares = shares.transpose(2, 1, *range(3, 3 + len(S)), 0)  # (K, C, *O, N)
    return np.ascontiguousarray(scatter(shares, shape, kernel, out, stride, padding, dilation))
