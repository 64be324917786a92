"""3x3 convolution with 16 products for four outputs, where the definition takes 36.

Winograd's minimal filtering F(2x2, 3x3), from Lavin, Gray, Fast Algorithms for Convolutional Neural
Networks, https://arxiv.org/abs/1509.09308. Along one axis, two outputs of three weights g over four
elements d of the image are four products m = (B d) * (G g), and sums of them:

    B d = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)      y0 = m0 + m1 + m2
    G g = (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2)      y1 = m1 - m2 - m3

Over two axes it is done along either: a tile of 4x4 elements gives 2x2 outputs. Summed over the
channels, each of the 16 products is a matrix product of (O, C) and (C, tiles). The gradient in the
weight is the same backwards: G' ((A dy A') * (B x B')) G, summed over tiles; that in the input is
the convolution with the turned kernel.

No output is computed from an element outside its own window, and all the factors are 1 or 1 / 2:
rounding errors stay below twice those of the definition. (Larger tiles need fewer products still,
but lose two decimal digits.) Only infinities differ: inf - inf is NaN where the definition may have
inf. So a result that is not finite is given up here, and computed by the definition.

Tiles are windows of 4x4 with stride 2. As for the strides of `shifts`, even and odd rows and
columns of the image are put apart. Then every sum above is one of long pieces of memory, which
NumPy adds four times as fast as many short ones: d2 lies one column, N numbers, after d0. (What so
falls between two channels is passed over by the products.) A block of tiles at a time stays in the
cache; the blocks are shared out among threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minitorch.kernels import shifts
from minitorch.kernels._windows import (
    Array,
    Pairs,
    Sizes,
    batch_first,
    batch_last,
    pad,
    upcast_half,
)
from minitorch.kernels.layout import copy
from minitorch.kernels.products import multiply
from minitorch.kernels.threads import share

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
TILE = 1 << 18  # elements of a block's tiles: 1 MiB of float32
CHANNELS, WORK, PIXELS = 32, 1 << 14, 512


def suits(x: Array, w: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> bool:
    """Whether this is the quickest way for x (N, C, H, W) and a weight (O, C / groups, *kernel).

    Of fewer channels or images, sums of tiles take as long as the products that they save; for
    fewer pixels, the weight's transformation does. A tile for one pixel is mostly lost.
    """
    if w[2:] != (3, 3) or (*stride, *dilation, groups) != (1,) * 5 or min(map(min, padding)) < 0:
        return False
    (N, C, H, W), O = x.shape, w[0]
    if min(C, O) < CHANNELS or N < 4 or N * C * O < WORK or N * H * W < PIXELS:
        return False
    return min(H, W) > 1 and x.dtype.char in "efd"


def _transform_input(d: Array, shifted: Array, out: Array) -> None:
    """B d of the elements d = (d0, d1) and shifted = (d2, d3), each along the first axis."""
    np.subtract(d[0], shifted[0], out=out[0])
    np.add(d[1], shifted[0], out=out[1])
    np.subtract(shifted[0], d[1], out=out[2])
    np.subtract(d[1], shifted[1], out=out[3])


def _transform_output(m: Array) -> Array:
    """A' m: the outputs (y0, y1) of the products (m0, m1, m2, m3), which are lost."""
    m[0] += m[1]
    m[1] -= m[2]
    m[0] += m[2]
    m[1] -= m[3]
    return m[:2]


def _transform_output_grad(g: Array) -> Array:
    """A g of the outputs' gradients (g0, g1), but for the last one's sign."""
    out = np.empty((4, *g.shape[1:]), g.dtype)
    out[0::3] = g
    np.add(g[0], g[1], out=out[1])
    np.subtract(g[0], g[1], out=out[2])
    return out


def _transform_weight(matrix: Array, weight: Array) -> Array:
    """matrix @ weight, in parts that BLAS does not split among threads."""
    y = np.empty((1, len(matrix), weight.shape[1]), weight.dtype)
    multiply(matrix[np.newaxis].astype(weight.dtype), weight[np.newaxis], y)
    return y[0]


class _Tiles:
    """The tiles that cover outputs of size `out` of images x (N, C, H, W), a block at a time."""

    def __init__(self, x: Array, O: int, padding: Pairs, out: Sizes) -> None:
        self.N, self.C = N, C = x.shape[:2]
        self.high, self.wide = high, wide = [-(-n // 2) for n in out]
        even = tuple([(p, q + n % 2) for (p, q), n in zip(padding, out, strict=True)])
        plane, _ = shifts.forward(x.shape, (4, 4), (high, wide), (2, 2), even, (1, 1))
        image = batch_last(upcast_half(x))
        # As for `products.scratch`, rows must not lie a multiple of 4 KiB apart.
        across = wide + 1 + ((wide + 1) * N % 512 == 0)
        planes = np.empty((2, high + 1, 2, C, across, N), image.dtype)

        def fill(phases: Sequence[int]) -> None:
            for phase in phases:
                part = planes[phase // 2, :, phase % 2]
                (rows, columns), source = plane.copies[phase]
                part[: rows.start], part[rows.stop :] = 0, 0
                part[:, :, : columns.start], part[:, :, columns.stop :] = 0, 0
                copy(part[rows, :, columns].swapaxes(0, 1), image[:, *source])

        share(fill, range(4), products=False)
        self.planes = planes.reshape(2, high + 1, 2, C * across * N)
        rows = max(TILE // (16 * max(C, O) * wide * N), 1)
        rows = -(-high // -(-high // rows))  # in parts of about the same size
        self.blocks = [slice(row, min(row + rows, high)) for row in range(0, high, rows)]

    def transform_input(self, rows: slice) -> Array:
        """B d B' of a block of R rows of Q tiles, columns first: (16, R, C, Q * N)."""
        d, below = self.planes[:, rows], self.planes[:, rows.start + 1 : rows.stop + 1]
        strip = np.empty((4, *d.shape[1:]), d.dtype)
        _transform_input(d, below, strip)
        strip = strip.transpose(2, 0, 1, 3)  # (2, 4, R, C * across * N)
        tiles = np.empty((4, *strip.shape[1:]), d.dtype)
        N = self.N
        _transform_input(strip[..., :-N], strip[..., N:], tiles[..., :-N])
        return tiles.reshape(16, d.shape[1], self.C, -1)[..., : self.wide * N]


def conv(x: Array, weight: Array, bias: Array | None, padding: Pairs) -> Array | None:
    """y (N, O, H', W') of x (N, C, H, W), weight (O, C, 3, 3), bias (O); None if not finite."""
    (N, C, *S), O = x.shape, len(weight)
    out = tuple([n + sum(around) - 2 for n, around in zip(S, padding, strict=True)])
    tiles = _Tiles(x, O, padding, out)
    kernels = upcast_half(weight).transpose(3, 2, 0, 1).reshape(9, O * C)
    matrices = _transform_weight(np.kron(G, G), kernels).reshape(16, 1, O, C)
    y = np.empty((O, tiles.high, 2, tiles.wide, 2, N), kernels.dtype)

    def work(blocks: Sequence[slice]) -> bool:
        finite = True
        for rows in blocks:
            products = np.matmul(matrices, tiles.transform_input(rows))  # (16, R, O, Q * N)
            m = products.reshape(4, 4, *products.shape[1:])
            if bias is not None:
                m[1, 1] += bias.reshape(-1, 1)  # this one is added once to each of four outputs
            four = _transform_output(_transform_output(m).swapaxes(0, 1))
            finite = finite and bool(np.isfinite(four).all())
            part = y[:, rows].transpose(2, 4, 1, 0, 3, 5)  # (2, 2, R, O, Q, N)
            part[...] = four.reshape(part.shape)
        return finite

    if not all(share(work, tiles.blocks)):
        return None
    whole = y.reshape(O, 2 * tiles.high, 2 * tiles.wide, N)
    cut = np.ascontiguousarray(whole[:, : out[0], : out[1]])
    return batch_first(cut).astype(x.dtype, copy=False)


def conv_weight(grad: Array, x: Array, padding: Pairs) -> Array | None:
    """The adjoint of `conv` in weight: (O, C, 3, 3); None if not finite."""
    (N, C), (O, *out) = x.shape[:2], grad.shape[1:]
    tiles = _Tiles(x, O, padding, tuple(out))
    grads = pad(batch_last(upcast_half(grad)), tuple([(0, n % 2) for n in out]), first=1)
    grads = grads.reshape(O, tiles.high, 2, tiles.wide, 2, N).transpose(2, 4, 1, 0, 3, 5)

    def work(blocks: Sequence[slice]) -> Array:
        total = np.zeros((16, O, C), grads.dtype)
        for rows in blocks:
            half = _transform_output_grad(np.ascontiguousarray(grads[:, :, rows]))
            m = _transform_output_grad(half.swapaxes(0, 1))  # (4, 4, R, O, Q, N)
            m = m.reshape(16, *m.shape[2:4], -1)
            total += np.matmul(m, tiles.transform_input(rows).swapaxes(2, 3)).sum(1)
        return total

    first, *others = share(work, tiles.blocks)
    total = sum(others, first).reshape(4, 4, O * C)
    total[3] *= -1
    total[:, 3] *= -1
    dw = _transform_weight(np.kron(G, G).T, total.reshape(16, O * C))
    if not np.isfinite(dw).all():
        return None
    return dw.reshape(3, 3, O, C).transpose(2, 3, 1, 0).astype(grad.dtype)
