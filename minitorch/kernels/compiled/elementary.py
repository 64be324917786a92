"""exp and its kin as polynomials, which a loop works out for 8 or 16 numbers at once.

The C library's take one number at a time. Each is written for one number, float32 or float64, and
used inside loops; NaN and infinities come out as NumPy's. (The polynomials are those of Moshier's
Cephes library, or series; the tests measure the errors.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from minitorch.kernels.compiled import inline

F32, F64 = np.float32, np.float64
# log(2) in two parts, the first of so few bits that its product with a small integer is exact.
LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 6.93145751953125e-1, 1.42860682030941723212e-6


def number(value: float, x: Any) -> Any:
    """`value` as a number of x's dtype. (By itself it would make a float64 of a float32.)"""


@overload(number, inline="always")
def _number(value: float, x: Any) -> Any:
    kind = F32 if x == types.float32 else F64

    def converted(value: float, x: Any) -> Any:
        return kind(value)

    return converted


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


@inline
def _series32(f: Any) -> Any:
    # f - log(1 + f), for 1 + f between sqrt(1/2) and sqrt(2): in s = f / (2 + f).
    s = f / (F32(2) + f)
    z = s * s
    p = F32(0.24279078841)
    p = p * z + F32(0.28498786688)
    p = p * z + F32(0.40000972152)
    p = p * z + F32(0.66666662693)
    half = F32(0.5) * f * f
    return half - s * (half + p * z)


@inline
def _series64(f: Any) -> Any:
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    return half - s * (half + p * z)


def _series(f: Any) -> Any:
    pass


@overload(_series, inline="always")
def _series_of(f: Any) -> Any:
    return _series32.py_func if f == types.float32 else _series64.py_func


@inline
def _log32(x: Any) -> Any:
    # x = 2**e (1 + f).
    tiny = x < F32(1.1754943508222875e-38)  # has leading zeros: made larger by 2**24
    i = F32(x * (F32(16777216) if tiny else F32(1))).view(np.int32)
    e = (i - np.int32(0x3F3504F3)) >> np.int32(23)
    f = np.int32(i - (e << np.int32(23))).view(F32) - F32(1)
    n = F32(e) - (F32(24) if tiny else F32(0))
    y = n * F32(6.9313812256e-01) - ((_series(f) - n * F32(9.0580006145e-06)) - f)
    y = y if x < F32(np.inf) else x  # and NaN
    y = F32(np.nan) if x < F32(0) else y
    return F32(-np.inf) if x == F32(0) else y


@inline
def _log64(x: Any) -> Any:
    tiny = x < 2.2250738585072014e-308
    i = F64(x * (18014398509481984.0 if tiny else 1.0)).view(np.int64)
    e = (i - 0x3FE6A09E667F3BCD) >> 52
    f = np.int64(i - (e << 52)).view(F64) - 1.0
    n = F64(e) - (54.0 if tiny else 0.0)
    y: Any = n * 6.93147180369123816490e-01 - ((_series(f) - n * 1.90821492927058770002e-10) - f)
    y = y if x < np.inf else x
    y = np.nan if x < 0.0 else y
    return -np.inf if x == 0.0 else y


def log(x: Any) -> Any:
    """The natural logarithm, within 1 unit in the last place: -inf at 0, NaN below."""


@overload(log, inline="always")
def _log(x: Any) -> Any:
    return _log32.py_func if x == types.float32 else _log64.py_func


def log1p(x: Any) -> Any:
    """log(1 + x) for x from 0 to 1, within 2 units in the last place."""


@overload(log1p, inline="always")
def _log1p(x: Any) -> Any:
    def formula(x: Any) -> Any:
        one, half = number(1, x), number(0.5, x)
        large = x > number(math.sqrt(2) - 1, x)  # 1 + x = 2 (1 + f)
        f = (x - one) * half if large else x
        y = f - _series(f)
        return y + number(math.log(2), x) if large else y

    return formula


def sigmoid(x: Any) -> Any:
    """1 / (1 + e ** -x). Where e ** -x overflows, the result is too small a number anyway."""


@overload(sigmoid, inline="always")
def _sigmoid(x: Any) -> Any:
    one = F32(1) if x == types.float32 else 1.0

    def formula(x: Any) -> Any:
        return one / (one + exp(-x))

    return formula


@inline
def _tanh32(x: Any) -> Any:
    # Near 0 a series; from there on 1 - 2 / (exp(2 |x|) + 1), of which no digit is lost.
    size = abs(x)
    size = F32(10) if size > F32(10) else size
    z = size * size
    p = F32(-5.70498872745e-3)
    p = p * z + F32(2.06390887954e-2)
    p = p * z + F32(-5.37397155531e-2)
    p = p * z + F32(1.33314422036e-1)
    p = p * z + F32(-3.33332819422e-1)
    near = p * z * size + size
    far = F32(1) - F32(2) / (exp(size + size) + F32(1))
    return math.copysign(near if size < F32(0.625) else far, x)


@inline
def _tanh64(x: Any) -> Any:
    size = abs(x)
    size = 20.0 if size > 20.0 else size
    z = size * size
    p = -9.64399179425052238628e-1
    p = p * z - 9.92877231001918586564e1
    p = p * z - 1.61468768441708447952e3
    q = z + 1.12811678491632931402e2
    q = q * z + 2.23548839060100448583e3
    q = q * z + 4.84406305325125486048e3
    near = p / q * z * size + size
    far = 1.0 - 2.0 / (exp(size + size) + 1.0)
    return math.copysign(near if size < 0.625 else far, x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent, within 2 units in the last place."""


@overload(tanh, inline="always")
def _tanh(x: Any) -> Any:
    return _tanh32.py_func if x == types.float32 else _tanh64.py_func


@inline
def _erf32(x: Any) -> Any:
    # (N. Juffa's two polynomials: of erf itself, and of the logarithm of 1 - erf.)
    size = abs(x)
    size = F32(4) if size > F32(4) else size
    z = size * size
    p = F32(-5.96761703e-4)
    p = p * z + F32(4.99119423e-3)
    p = p * z + F32(-2.67681349e-2)
    p = p * z + F32(1.12819925e-1)
    p = p * z + F32(-3.76125336e-1)
    p = p * z + F32(1.28379166e-1)
    near = p * size + size
    q = F32(-1.72853470e-5) * size + F32(3.83197126e-4)
    q = q * z + (F32(-3.88396438e-3) * size + F32(2.42546219e-2))
    q = q * size + F32(-1.06777877e-1)
    q = q * size + F32(-6.34846687e-1)
    q = q * size + F32(-1.28717512e-1)
    far = F32(1) - exp(q * size - size)
    return math.copysign(near if size < F32(0.927734375) else far, x)


@inline
def _near_erf64(size: Any) -> Any:
    # erf(x) for x from 0 to 1: x times 1 and a ratio of polynomials.
    z = size * size
    p = -z - 23.95674042487979357721
    p = p * z - 431.3319300597684108733
    p = p * z - 2362.31848376295808761
    p = p * z - 15625.67492026104266987
    p = p * z + 6324.9070401759041682
    q = z + 33.5617141647503099647
    q = q * z + 521.357949780152679795
    q = q * z + 4594.32382970980127987
    q = q * z + 22629.0000613890934246
    q = q * z + 49267.3942608635921086
    return size * (p / q) + size


@inline
def _tail64(size: Any) -> Any:
    # exp(x * x) * (1 - erf(x)) for x from 1 on.
    p = 2.46196981473530512524e-10
    p = p * size + 0.564189564831068821977
    p = p * size + 7.46321056442269912687
    p = p * size + 48.6371970985681366614
    p = p * size + 196.520832956077098242
    p = p * size + 526.445194995477358631
    p = p * size + 934.528527171957607540
    p = p * size + 1027.55188689515710272
    p = p * size + 557.535335369399327526
    q = size + 13.2281951154744992508
    q = q * size + 86.7072140885989742329
    q = q * size + 354.937778887819891062
    q = q * size + 975.708501743205489753
    q = q * size + 1823.90916687909736289
    q = q * size + 2246.33760818710981792
    q = q * size + 1656.66309194161350182
    q = q * size + 557.535340817727675546
    return p / q


@inline
def _erf64(x: Any) -> Any:
    size = abs(x)
    size = 6.0 if size > 6.0 else size
    far = 1.0 - exp(-size * size) * _tail64(size)
    return math.copysign(_near_erf64(size) if size < 1.0 else far, x)


def erf(x: Any) -> Any:
    """2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x, within 2 such units."""


@overload(erf, inline="always")
def _erf(x: Any) -> Any:
    return _erf32.py_func if x == types.float32 else _erf64.py_func


@inline
def _normal_tail32(size: Any) -> Any:
    # (Fitted, as in `special`.)
    p = F32(0.3988076150417328)
    p = p * size + F32(2.9849793910980225)
    p = p * size + F32(9.416574478149414)
    p = p * size + F32(13.741700172424316)
    q = size + F32(7.471299648284912)
    q = q * size + F32(24.752599716186523)
    q = q * size + F32(40.761592864990234)
    q = q * size + F32(27.483402252197266)
    return p / q * exp(F32(-0.5) * size * size)


@inline
def _normal_tail64(size: Any) -> Any:
    t = size * 0.7071067811865476
    far = exp(-0.5 * size * size) * _tail64(t)
    return 0.5 * (1.0 - _near_erf64(t) if t < 1.0 else far)


def normal_tail(size: Any) -> Any:
    """P(Z > size) for a standard normal Z and `size` from 0 to 1e6, of which no digits are lost."""


@overload(normal_tail, inline="always")
def _normal_tail(size: Any) -> Any:
    return _normal_tail32.py_func if size == types.float32 else _normal_tail64.py_func
