"""3x3 convolution with 16 products for four outputs, where the definition takes 36.

Winograd's minimal filtering F(2x2, 3x3), from Lavin, Gray, Fast Algorithms for Convolutional Neural
Networks, https://arxiv.org/abs/1509.09308. Along one axis, two outputs of three weights g over four
elements d of the image are four products m = (B d) * (G g), and sums of them:

    B d = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)      y0 = m0 + m1 + m2
    G g = (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2)      y1 = m1 - m2 - m3

Over two axes it is done along either: a tile of 4x4 elements gives 2x2 outputs. Summed over the
channels, each of the 16 products is a matrix product of (tiles, C) and (C, O). The gradient in the
weight is the same backwards: G' ((B x B') * (A dy A')) G, summed over tiles; that in the input is
the convolution with the turned kernel.

No output is computed from an element outside its own window, and all the factors are 1 or 1 / 2:
rounding errors stay those of the definition. (Larger tiles need fewer products still, but lose two
decimal digits.) Only infinities differ: inf - inf is NaN where the definition may have inf. So a
result that is not finite is given up here, and computed by the definition.

All is done a row of tiles at a time, about 1 MB of them, in a core's cache; the rows are shared out
among threads. Images lie channels last, (H, W, N, C), so that every sum above runs over N * C
numbers side by side. For 32 images of 64 channels and 16x16 pixels, on one core, this takes 3.7 ms
where by the definition the matrix product alone takes 5.7 ms; for 32 channels and 32x32 pixels, 5.2
ms and 6.4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minitorch.kernels._windows import (
    MANY,
    Array,
    Pairs,
    Sizes,
    channels_first,
    channels_last,
    wide,
)
from minitorch.kernels.threads import share

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
TILE = 1 << 18  # elements of a block's tiles: 1 MiB of float32
Block = tuple[int, int, int]  # which row of tiles; images from and to


def suits(x: Sizes, w: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> bool:
    """Whether this is the way for x (N, C, H, W) and w (O, C / groups, *kernel)."""
    if w[2:] != (3, 3) or groups != 1 or x[1] < MANY or w[0] < MANY:
        return False
    if stride != (1, 1) or dilation != (1, 1) or min(min(padding)) < 0:
        return False
    # Fewer do not pay for the weight's transformation, or have runs too short.
    return x[0] * x[2] * x[3] >= 256 and x[0] * x[1] >= 256


class _Tiles:
    """The tiles of images (H, W, N, C), and room for a block of them and its products.

    Args:
        image: the images.
        out: the output's height and width: twice the number of tiles, or one less.
        padding: of the image.
        channels: of the output.
    """

    def __init__(self, image: Array, out: Sizes, padding: Pairs, channels: int) -> None:
        N, C = image.shape[2:]
        self.image, self.out, self.padding = image, out, padding
        self.high, self.wide = -(-out[0] // 2), -(-out[1] // 2)
        self.C, self.O = C, channels
        # As many images at a time as fit into the cache, in parts of about the same size.
        parts = -(-16 * self.wide * N * max(C, channels) // TILE)
        self.most = -(-N // min(max(parts, 1), N))
        self.blocks = [
            (row, start, min(start + self.most, N))
            for row in range(self.high)
            for start in range(0, N, self.most)
        ]

    def room(self, channels: int) -> Array:
        """Room for a block with so many channels."""
        return np.empty((16 * self.wide * self.most * channels), self.image.dtype)

    def strip(self, channels: int) -> Array:
        """Room for a row of tiles transformed along one axis; what padding needs is 0."""
        return np.zeros((4, 2 * self.wide + 2, self.most, channels), self.image.dtype)

    def cut(self, room: Array, count: int, channels: int) -> Array:
        """The part of `room` for so many images: (4, 4, tiles, images, channels)."""
        size = 16 * self.wide * count * channels
        return room[:size].reshape(4, 4, self.wide, count, channels)

    def transform(self, block: Block, strip: Array, room: Array) -> Array:
        """B x B' of a block's tiles, in `room`."""
        (row, start, stop), (H, W, _, C) = block, self.image.shape
        top, left = 2 * row - self.padding[0][0], self.padding[1][0]
        d0, d1, d2, d3 = (
            self.image[y, :, start:stop] if 0 <= y < H else 0 for y in range(top, top + 4)
        )
        strip = strip[:, :, : stop - start]
        t0, t1, t2, t3 = strip[:, left : left + W]
        np.subtract(d0, d2, out=t0)
        np.add(d1, d2, out=t1)
        np.subtract(d2, d1, out=t2)
        np.subtract(d1, d3, out=t3)
        tiles = self.cut(room, stop - start, C)
        d0, d1, d2, d3 = (strip[:, x : x + 2 * self.wide - 1 : 2] for x in range(4))
        np.subtract(d0, d2, out=tiles[:, 0])
        np.add(d1, d2, out=tiles[:, 1])
        np.subtract(d2, d1, out=tiles[:, 2])
        np.subtract(d1, d3, out=tiles[:, 3])
        return tiles.reshape(16, -1, C)


def conv(x: Array, weight: Array, bias: Array | None, padding: Pairs) -> Array | None:
    """y (N, O, H', W') of x (N, C, H, W), weight (O, C, 3, 3), bias (O); None if not finite."""
    image = np.ascontiguousarray(channels_last(wide(x)))
    (H, W, N, C), O = image.shape, len(weight)
    out = H + sum(padding[0]) - 2, W + sum(padding[1]) - 2
    tiles = _Tiles(image, out, padding, O)
    y = np.empty((*out, N, O), image.dtype)
    kernels = np.ascontiguousarray(wide(weight).transpose(2, 3, 1, 0)).reshape(9, C * O)
    matrices = np.matmul(np.kron(G, G).astype(y.dtype), kernels).reshape(16, C, O)
    if bias is not None:
        bias = np.broadcast_to(bias.astype(y.dtype), (N, O)).copy()

    def work(blocks: Sequence[Block]) -> None:
        strip, room, into = tiles.strip(C), tiles.room(C), tiles.room(O)
        for block in blocks:
            row, start, stop = block
            m = tiles.cut(into, stop - start, O)
            np.matmul(tiles.transform(block, strip, room), matrices, out=m.reshape(16, -1, O))
            if bias is not None:
                m[1, 1] += bias[start:stop]  # the one that is in all four outputs, and is added
            m[0] += m[1]
            m[0] += m[2]
            m[1] -= m[2]
            m[1] -= m[3]
            made = y[2 * row : 2 * row + 2, :, start:stop]
            m = m[: len(made)]
            m[:, 0] += m[:, 1]
            np.add(m[:, 0], m[:, 2], out=made[:, 0::2])
            odd = out[1] // 2
            m = m[:, :, :odd]
            m[:, 1] -= m[:, 2]
            np.subtract(m[:, 1], m[:, 3], out=made[:, 1::2])

    share(work, tiles.blocks)
    if not _finite(y):
        return None
    return channels_first(y).astype(x.dtype, copy=False)


def conv_weight(grad: Array, x: Array, padding: Pairs) -> Array | None:
    """The adjoint of `conv` in weight: (O, C, 3, 3); None if not finite."""
    image, g = (np.ascontiguousarray(channels_last(wide(a))) for a in (x, grad))
    (_, _, _, C), (high, wide_, _, O) = image.shape, g.shape
    tiles = _Tiles(image, (high, wide_), padding, O)

    def work(blocks: Sequence[Block]) -> Array:
        strip, room, slopes, into = tiles.strip(C), tiles.room(C), tiles.strip(O), tiles.room(O)
        total = np.zeros((16, C, O), image.dtype)
        part = np.empty_like(total)
        for block in blocks:
            row, start, stop = block
            count = stop - start
            g0 = g[2 * row, :, start:stop]
            g1 = g[2 * row + 1, :, start:stop] if 2 * row + 1 < high else 0
            # A g = (g0, g0 + g1, g0 - g1, -g1); the last one's sign is left for the end.
            across = slopes[:, : 2 * tiles.wide, :count]
            t = across[:, :wide_]
            t[0] = g0
            np.add(g0, g1, out=t[1])
            np.subtract(g0, g1, out=t[2])
            t[3] = g1
            g0, g1 = across[:, 0::2], across[:, 1::2]
            m = tiles.cut(into, count, O)
            m[:, 0] = g0
            np.add(g0, g1, out=m[:, 1])
            np.subtract(g0, g1, out=m[:, 2])
            m[:, 3] = g1
            d = tiles.transform(block, strip, room)
            np.matmul(d.transpose(0, 2, 1), m.reshape(16, -1, O), out=part)
            total += part
        return total

    first, *others = share(work, tiles.blocks)
    total = sum(others, first).reshape(4, 4, C * O)
    total[3] *= -1
    total[:, 3] *= -1
    dw = np.matmul(np.kron(G, G).T.astype(total.dtype), total.reshape(16, C * O))
    if not _finite(dw):
        return None
    return dw.reshape(3, 3, C, O).transpose(3, 2, 0, 1).astype(grad.dtype)


def _finite(x: Array) -> bool:
    flat = x.reshape(-1)
    return bool(np.isfinite(flat @ flat))  # quicker than np.isfinite(x).all(), and as strict
