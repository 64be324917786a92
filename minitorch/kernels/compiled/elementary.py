"""exp and its kin as polynomials, which a loop works out for 8 or 16 numbers at once.

The C library's take one number at a time. Each is written for one number, float32 or float64, and
used inside loops; NaN and infinities come out as NumPy's. (The polynomials are those of Moshier's
Cephes library, or series; the tests measure the errors.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from minitorch.kernels.compiled import inline

F32, F64 = np.float32, np.float64
# log(2) in two parts, the first of so few bits that its product with a small integer is exact.
LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 6.93145751953125e-1, 1.42860682030941723212e-6


@inline
def _exp32(x: Any) -> Any:
    # exp(x) = 2**n exp(r), |r| <= log(2) / 2. Beyond these bounds the result is 0 or inf.
    x = F32(89) if x > F32(89) else x
    x = F32(-104) if x < F32(-104) else x
    n = np.floor(x * F32(LOG2_E) + F32(0.5))
    r = x - n * F32(0.693359375)
    r = r + n * F32(2.12194440e-4)
    p = F32(1.9875691500e-4)
    p = p * r + F32(1.3981999507e-3)
    p = p * r + F32(8.3334519073e-3)
    p = p * r + F32(4.1665795894e-2)
    p = p * r + F32(1.6666665459e-1)
    p = p * r + F32(5.0000001201e-1)
    p = p * (r * r) + r
    p = p + F32(1)
    # In two halves, for 2**n alone may overflow, or have no bits of precision left.
    i = np.int32(n)
    half = i >> np.int32(1)
    first = np.int32((half + np.int32(127)) << np.int32(23)).view(F32)
    second = np.int32((i - half + np.int32(127)) << np.int32(23)).view(F32)
    return p * first * second


@inline
def _exp64(x: Any) -> Any:
    x = 710.0 if x > 710.0 else x
    x = -746.0 if x < -746.0 else x
    n = np.floor(x * LOG2_E + 0.5)
    r = x - n * LN2_HIGH
    r = r - n * LN2_LOW
    # The series up to r**13, whose rest is below 2**-60.
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    p = p * (r * r) + r
    p = p + 1.0
    i = np.int64(n)
    half = i >> 1
    first = np.int64((half + 1023) << 52).view(F64)
    second = np.int64((i - half + 1023) << 52).view(F64)
    return p * first * second


def exp(x: Any) -> Any:
    """e to the power of x, within 2 units in the last place."""


@overload(exp, inline="always")
def _exp(x: Any) -> Any:
    return _exp32.py_func if x == types.float32 else _exp64.py_func
