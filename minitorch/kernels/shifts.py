"""Convolution without columns: a step of the window shifts the whole image.

An image (N, C, *S) lies as (C, *S, N), zeros around it. Of one channel, all that one place of the
kernel meets is then the image's memory from another start on. So a convolution is a sum over the
places of a kernel: of a matrix (O, C), times the image as a matrix (C, positions), shifted.

- What lies between the rows of outputs is met by no window: it is passed over, or cut off.
- With strides, the positions s apart are put side by side: an image for each remainder, a `phase`.
- The gradient in the image is such a sum too, of the outputs' gradients: an output meets the place
  k of its window k positions on, so an input meets the output k positions before.
"""

from __future__ import annotations

import functools
import math
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minitorch.kernels.layout import copy, packed

Array = np.ndarray[Any, np.dtype[Any]]
Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
Slices = tuple[slice, ...]

LINE = 64  # bytes of a cache line


class Plane(NamedTuple):
    """The memory of one channel: positions (phases, *sizes, N)."""

    sizes: Sizes
    N: int
    copies: tuple[tuple[Slices, Slices], ...]  # for each phase, where in it which pixels lie
    as_it_is: bool  # whether the image is its own plane

    def fill(self, image: Array) -> tuple[Array, int]:
        """Lay out an image (C, *S, N); its memory, flat, and how many numbers a channel takes."""
        size = len(self.copies) * math.prod(self.sizes) * self.N
        if self.as_it_is and image.flags.c_contiguous:
            return image.reshape(-1), size
        if len(self.copies) > 1:
            image = packed(image)  # for phases are taken from it by single pixels
        # Channels that lie a multiple of 4 KiB apart would get in each other's way in the cache.
        lines = -(-size * image.itemsize // LINE)
        apart = (lines | 1) * LINE // image.itemsize
        C = len(image)
        memory = np.empty(C * apart, image.dtype)
        planes = memory.reshape(C, apart)[:, :size].reshape(
            C, len(self.copies), *self.sizes, self.N
        )
        for phase, (to, source) in enumerate(self.copies):
            plane = planes[:, phase]
            for dim, part in enumerate(to, start=1):
                before = (slice(None),) * dim
                plane[(*before, slice(None, part.start))] = 0
                plane[(*before, slice(part.stop, None))] = 0
            copy(plane[(slice(None), *to)], image[(slice(None), *source)])
        return memory, apart


class Rows(NamedTuple):
    """Outputs, as runs of positions that lie side by side in the plane."""

    sizes: Sizes  # of the outputs
    offsets: Array  # of each place of the kernel: how far it shifts
    starts: Array  # of each row
    length: int  # of a row
    frame: Sizes  # sizes of outputs with all that lies between them

    @classmethod
    def of(cls, sizes: Sizes, plane: Sizes, N: int, first: int, offsets: Any) -> Rows:
        """Find the rows of outputs whose first one is at position `first`."""
        dims, length = len(sizes) - 1, sizes[-1] * N
        while dims and sizes[dims] == plane[dims]:
            dims -= 1
            length *= sizes[dims]
        grid = np.indices(sizes[:dims]).reshape(dims, math.prod(sizes[:dims]))
        steps = _steps(plane)[:dims]
        starts = (np.asarray(steps, np.int64) @ grid + first) * N if dims else np.array([first * N])
        shifts = np.array(offsets, np.int64) * N
        return cls(sizes, shifts, starts.astype(np.int64), length, (sizes[0], *plane[1:]))


def _steps(sizes: Sizes) -> Sizes:
    # How far apart neighbours along each dimension lie.
    return tuple(math.prod(sizes[dim + 1 :]) for dim in range(len(sizes)))


def at(position: Any, sizes: Sizes) -> int:
    """The place of a position among `sizes`, flat."""
    return sum(p * step for p, step in zip(position, _steps(sizes), strict=True))


def _by_phase(kernel: Sizes, stride: Sizes, dilation: Sizes) -> list[tuple[Sizes, Sizes]]:
    # For each place of the kernel, the phase that it meets, and how far it shifts it.
    return [
        (
            tuple([k * d % s for k, d, s in zip(place, dilation, stride, strict=True)]),
            tuple([k * d // s for k, d, s in zip(place, dilation, stride, strict=True)]),
        )
        for place in product(*map(range, kernel))
    ]


@functools.lru_cache(maxsize=256)
def forward(
    shape: Sizes, kernel: Sizes, out: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes
) -> tuple[Plane, Rows]:
    """The plane of images (N, C, *S), and where the outputs of a convolution lie in it."""
    N, _, *S = shape
    sizes = tuple(
        [
            -(-(n + before + after) // s)
            for n, (before, after), s in zip(S, padding, stride, strict=True)
        ]
    )
    places = _by_phase(kernel, stride, dilation)
    phases = sorted({phase for phase, _ in places})
    copies = []
    for phase in phases:
        to, source = [], []
        for q, n, (before, _), s, size in zip(phase, S, padding, stride, sizes, strict=True):
            first = -(-(before - q) // s)  # the first position that is no padding
            pixel = first * s + q - before
            count = max(min(-(-(n - pixel) // s), size - first), 0)
            to.append(slice(first, first + count))
            source.append(slice(pixel, pixel + count * s, s))
        copies.append((tuple(to), tuple(source)))
    offsets = [phases.index(phase) * math.prod(sizes) + at(shift, sizes) for phase, shift in places]
    as_it_is = len(phases) == 1 and max(stride) == 1 and sizes == tuple(S)
    plane = Plane(sizes, N, tuple(copies), as_it_is)
    return plane, Rows.of(out, sizes, N, 0, offsets)


class Part(NamedTuple):
    """Of an image, the pixels of one phase, and the places of the kernel that reach them."""

    pixels: Slices
    places: Array  # flat
    rows: Rows


@functools.lru_cache(maxsize=256)
def backward(
    N: int,
    S: Sizes,
    kernel: Sizes,
    out: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
) -> tuple[Plane, tuple[Part, ...]]:
    """The plane of the outputs' gradients, and where the gradients in images (N, C, *S) lie."""
    places = _by_phase(kernel, stride, dilation)
    reach = [max(along) for along in zip(*[shift for _, shift in places], strict=True)]
    first, count = [], []  # by dimension and remainder: the first position, and how many
    for n, (before, _), s in zip(S, padding, stride, strict=True):
        starts = [-(-(before - q) // s) for q in range(s)]
        first.append(starts)
        count.append([-(-(n - (p * s + q - before)) // s) for q, p in enumerate(starts)])
    lowest = [min(starts) for starts in first]
    sizes = tuple(
        [
            max(p + c for p, c in zip(starts, counts, strict=True)) - low + far
            for starts, counts, low, far in zip(first, count, lowest, reach, strict=True)
        ]
    )
    # Output p lies at p + reach - lowest.
    to, source = [], []
    for o, far, low, size in zip(out, reach, lowest, sizes, strict=True):
        skipped = max(low - far, 0)
        kept = max(min(o - skipped, size - max(far - low, 0)), 0)
        to.append(slice(max(far - low, 0), max(far - low, 0) + kept))
        source.append(slice(skipped, skipped + kept))
    as_it_is = sizes == out and all(s == slice(0, o) for s, o in zip(source, out, strict=True))
    plane = Plane(sizes, N, ((tuple(to), tuple(source)),), as_it_is)
    parts = []
    for phase in product(*map(range, stride)):
        own = [(flat, shift) for flat, (met, shift) in enumerate(places) if met == phase]
        begin = [starts[q] - low for starts, q, low in zip(first, phase, lowest, strict=True)]
        counts = tuple([c[q] for c, q in zip(count, phase, strict=True)])
        pixel = [
            starts[q] * s + q - before
            for starts, q, s, (before, _) in zip(first, phase, stride, padding, strict=True)
        ]
        pixels = tuple([slice(p, None, s) for p, s in zip(pixel, stride, strict=True)])
        shifts = [at([f - s for f, s in zip(reach, shift, strict=True)], sizes) for _, shift in own]
        if all(counts):
            rows = Rows.of(counts, sizes, N, at(begin, sizes), shifts)
            parts.append(Part(pixels, np.array([flat for flat, _ in own], np.int64), rows))
    return plane, tuple(parts)
