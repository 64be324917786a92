"""bfloat16, which NumPy lacks: a float32 without its lower 16 bits.

In memory it is `BITS`, two bytes that NumPy moves and copies but refuses to calculate with, so that
nobody takes them for numbers. To calculate, `widen` gives float32; `narrow` rounds back, once.

Numbers that were read but are not yet in the float32 of a kernel have the dtype `BFLOAT16`: to
NumPy it is float32 with swapped bytes, hence a float like others, with the right values, and yet no
float32: a result that has lost the name is seen to be float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

FLOAT32 = np.dtype(np.float32)
BFLOAT16 = FLOAT32.newbyteorder()
BITS = np.dtype([("bfloat16", np.uint16)])
LARGEST = 255 * 2.0**120
NAN = 0x7FC0  # the one that PyTorch makes of all


def largest(dtype: np.dtype[Any]) -> float:
    """The largest number of a floating-point dtype."""
    return LARGEST if dtype == BFLOAT16 else float(np.finfo(dtype).max)


def widen(bits: Array) -> Array:
    """The numbers as float32, exactly; in the same order of memory, and new."""
    wide = np.array(bits.view(np.uint16), np.uint32)  # a copy also of no dimensions
    wide <<= 16
    return wide.view(FLOAT32)


def narrow(x: Array) -> Array:
    """Numbers rounded to bfloat16, to even in a tie; what is too large becomes infinite."""
    single = np.array(x, FLOAT32)  # float64 is rounded to float32 first, as in C
    u = single.view(np.uint32)
    up = u >> np.uint32(16)
    up &= np.uint32(1)
    up += np.uint32(0x7FFF)
    up += u
    up >>= np.uint32(16)
    bits = np.array(up, np.uint16)
    bits[np.isnan(single)] = NAN
    return bits.view(BITS)


def next_bfloat16(x: Array, beyond: Array) -> Array:
    """The bfloat16 after x in the direction of `beyond`, both in float32; x itself if they agree.

    Args:
        x: numbers of bfloat16.
        beyond: the float32 next to each, in that direction.
    """
    steps = np.sign(np.abs(beyond) - np.abs(x)).astype(np.int32)  # away from 0, or back
    bits = np.array(np.broadcast_to(x, beyond.shape)).view(np.int32) + steps * np.int32(1 << 16)
    away = np.where(x == 0, np.copysign(np.float32(2.0**-133), beyond), bits.view(FLOAT32))
    return np.where((x == beyond) | np.isnan(beyond), beyond, away)


def read(bits: Array) -> Array:
    """The numbers as `BFLOAT16`, which cannot be written to: they are no longer in their place."""
    numbers = widen(bits).astype(BFLOAT16)
    numbers.flags.writeable = False
    return numbers


def rounded(x: Array) -> Array:
    """Any numbers as `BFLOAT16`."""
    return widen(narrow(x)).astype(BFLOAT16)


def native(x: Array) -> Array:
    """Numbers for a kernel: `BFLOAT16` as float32, all else as it is."""
    return x.astype(FLOAT32) if x.dtype == BFLOAT16 else x
