"""Special functions that NumPy lacks, each to a few units in the last place of float64.

The error function and its complement are rational approximations from the Cephes library (S. L.
Moshier, "Methods and Programs for Mathematical Functions", 1989); its inverse is M. J. Wichura's
AS 241 (Applied Statistics 37, 1988); the gamma family uses the series and recurrences of
Abramowitz & Stegun, "Handbook of Mathematical Functions", chapter 6.

Everything is computed in float64 and returned in the dtype that came, but for `erf`, which has a
quick way in float32, and `erfc` where that is precise enough.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.kernels.blocks import by_blocks
from minitorch.kernels.choice import or_compiled
from minitorch.kernels.mask import clip

Array = np.ndarray[Any, np.dtype[Any]]


def _in_float64(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Compute in float64, whatever floating dtype comes, and return in that."""

    @functools.wraps(kernel)
    def wrapped(x: Array, *args: Any) -> Array:
        return np.asarray(kernel(np.asarray(x, np.float64), *args)).astype(x.dtype, copy=False)

    return wrapped


def _polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    """Horner's rule; the highest power's coefficient comes first."""
    first, second, *rest = coefficients
    if first == 1:
        total = x + x.dtype.type(second)
    else:
        total = x * x.dtype.type(first)
        total += second
    for coefficient in rest:
        total *= x
        total += coefficient
    return total


# ---- the error function -----------------------------------------------------------------------

# erf(x) / x in x^2 for |x| < 1, and exp(x^2) erfc(x) in x up to 8 and beyond (Cephes, ndtr.c).
_ERF = (
    (9.60497373987051638749, 90.0260197203842689217, 2232.00534594684319226,
     7003.32514112805075473, 55592.3013010394962768),
    (1.0, 33.5617141647503099647, 521.357949780152679795, 4594.32382970980127987,
     22629.0000613890934246, 49267.3942608635921086),
)  # fmt: skip
_ERFC_TO_8 = (
    (2.46196981473530512524e-10, 0.564189564831068821977, 7.46321056442269912687,
     48.6371970985681366614, 196.520832956077098242, 526.445194995477358631,
     934.528527171957607540, 1027.55188689515710272, 557.535335369399327526),
    (1.0, 13.2281951154744992508, 86.7072140885989742329, 354.937778887819891062,
     975.708501743205489753, 1823.90916687909736289, 2246.33760818710981792,
     1656.66309194161350182, 557.535340817727675546),
)  # fmt: skip
_ERFC_BEYOND = (
    (0.564189583547755073984, 1.27536670759978104416, 5.01905042251180477414,
     6.16021097993053585195, 7.40974269950448939160, 2.97886665372100240670),
    (1.0, 2.26052863220117276590, 9.39603524938001434673, 12.0489539808096656605,
     17.0814450747565897222, 9.60896809063285878198, 3.36907645100081516050),
)  # fmt: skip
# erf(x) / x in x^2 up to |x| = 4, beyond which float32 has 1 (Eigen, MathFunctionsImpl.h).
_ERF_FLOAT32 = (
    (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
     -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
    (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03,
     -1.42647390514189e-02),
)  # fmt: skip
# log(erfc(x) / t) + x^2 in t = 1 / (1 + x / 2), to 1.2e-7 (Press et al., "Numerical Recipes in C",
# 1992, 6.2).
_ERFC_FLOAT32 = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
    0.37409196, 1.00002368, -1.26551223,
)  # fmt: skip


def _ratio(x: Array, numerator_and_denominator: tuple[Sequence[float], Sequence[float]]) -> Array:
    above, below = numerator_and_denominator
    ratio = _polynomial(x, above)
    ratio /= _polynomial(x, below)
    return ratio


@or_compiled
def erf(x: Array) -> Array:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    if x.dtype != np.float64:
        held = np.clip(x, -4, 4, dtype=np.float32)
        return (held * _ratio(held * held, _ERF_FLOAT32)).astype(x.dtype, copy=False)
    y, size = np.empty_like(x), np.abs(x)
    near = size < 1
    inner = x[near]
    y[near] = inner * _ratio(inner * inner, _ERF)
    far = ~near
    y[far] = np.copysign(1 - _erfc_tail(size[far]), x[far])
    return y


def erfc(x: Array) -> Array:
    """1 - erf(x), without the loss of digits where erf is near 1."""
    if x.dtype != np.float32:
        return _erfc(x)
    y = np.asarray(1 - erf(x), order="C")
    right = np.flatnonzero(x > 0.5)  # places: NumPy gathers by them faster than by a mask
    far = np.minimum(x.take(right), 11)  # erfc(11) is below the smallest float32
    t = 1 / (1 + far / 2)
    rough = np.trunc(far * 16) / 16  # as in `_erfc_tail`
    rest = _polynomial(t, _ERFC_FLOAT32)
    rest -= (far - rough) * (far + rough)
    y.put(right, t * np.exp(rest) * np.exp(-rough * rough))
    return y


@_in_float64
def _erfc(x: Array) -> Array:
    y, size = np.empty_like(x), np.abs(x)
    near = size < 1
    inner = x[near]
    y[near] = 1 - inner * _ratio(inner * inner, _ERF)
    far = ~near
    tail = _erfc_tail(size[far])
    y[far] = np.where(x[far] < 0, 2 - tail, tail)
    return y


def _erfc_tail(x: Array) -> Array:
    """erfc for x >= 1."""
    x = np.minimum(x, 30.0)  # erfc(27) is below the smallest float64
    y = np.empty_like(x)
    middle = x < 8
    y[middle] = _ratio(x[middle], _ERFC_TO_8)
    y[~middle] = _ratio(x[~middle], _ERFC_BEYOND)
    # x^2 = rough^2 + rest, with rough^2 exact, or its rounding would be magnified by the exp.
    rough = np.trunc(x * 16) / 16
    return np.exp(-rough * rough) * np.exp(-(x - rough) * (x + rough)) * y


def _sigmoid(x: Array, y: Array) -> None:
    np.negative(x, y)
    np.exp(y, y)
    np.add(y, 1, y)
    np.divide(1, y, y)


@or_compiled
def sigmoid(x: Array) -> Array:
    """1 / (1 + e ** -x). Where e ** -x overflows, the result is too small a number anyway."""
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    (y,) = by_blocks(_sigmoid, (wide,), 1)
    return y.astype(x.dtype, copy=False)


# ---- the normal distribution ------------------------------------------------------------------

# P(Z > x) exp(x^2 / 2) in x from 0 to 13: fitted in the relative sense, to 2e-8 up to 4.
_NORMAL_TAIL_FLOAT32 = (
    (0.3988076150417328, 2.9849793910980225, 9.416574478149414, 13.741700172424316),
    (1.0, 7.471299648284912, 24.752599716186523, 40.761592864990234, 27.483402252197266),
)  # fmt: skip


@or_compiled
def gelu(x: Array, y: Array, slope: Array) -> None:
    """y = x * P(Z <= x) for a standard normal Z, and its derivative; of flat arrays."""
    scalar = x.dtype.type
    np.multiply(x, x, out=slope)
    slope *= scalar(-0.5)
    np.exp(slope, out=slope)
    if x.dtype == np.float32:
        size = np.abs(x)
        if not size.max(initial=0) < 1e6:  # its powers are finite up to here, and the tail is 0
            np.minimum(size, scalar(1e6), out=size)
        below = _ratio(size, _NORMAL_TAIL_FLOAT32)  # at first P(Z > size)
        below *= slope
        below -= (x >= 0).astype(x.dtype)
        np.abs(below, out=below)
    else:
        below = scalar(0.5) * erfc(x * scalar(-math.sqrt(0.5)))
    slope *= scalar(1 / math.sqrt(2 * math.pi))  # the density
    slope *= x
    slope += below
    np.multiply(below, x, out=y)


@or_compiled
def gelu_tanh(x: Array, y: Array, slope: Array) -> None:
    """y = x * (1 + tanh(u)) / 2, u = sqrt(2 / pi) * (x + 0.044715 * x ** 3), and its derivative.

    (1 + tanh(u)) / 2 is sigmoid(2 u), made of e ** (-2 |u|) so that it keeps its digits where it is
    small. Of flat arrays.
    """
    scalar, twice = x.dtype.type, 2 * math.sqrt(2 / math.pi)
    held = clip(x, scalar(-30), scalar(30))  # beyond, e ** (-2 |u|) is 0, and the powers finite
    square = held * held
    e = square * scalar(0.044715 * twice)
    e += scalar(twice)  # 2 u / x
    np.abs(held, out=slope)
    e *= slope
    np.negative(e, out=e)
    np.exp(e, out=e)
    total = e + scalar(1)
    below = (x >= 0).astype(x.dtype)
    np.maximum(below, e, out=below)  # 1 or e, which is below that
    below /= total
    e /= total
    e /= total  # the derivative of sigmoid
    square *= scalar(3 * 0.044715 * twice)
    square += scalar(twice)  # that of 2 u
    np.multiply(square, e, out=slope)
    slope *= x
    slope += below
    np.multiply(below, x, out=y)


# AS 241, PPND16: in the centre, then for sqrt(-log(tail)) up to 5, then beyond.
_QUANTILE_CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080),
    (5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
     5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0),
)  # fmt: skip
_QUANTILE_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
     4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_QUANTILE_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
     5.46378491116411436990, 6.65790464350110377720),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip


@_in_float64
def erfinv(y: Array) -> Array:
    """The x at which erf(x) is y: inf at 1, NaN beyond."""
    x = np.full_like(y, np.nan)
    half = y / 2
    centre = np.abs(half) <= 0.425
    inner = half[centre]
    x[centre] = inner * _ratio(0.180625 - inner * inner, _QUANTILE_CENTRE)
    outer = ~centre & (np.abs(y) < 1)
    size = np.abs(y[outer])
    root = np.sqrt(-np.log((1 - size) / 2))
    tail = np.where(
        root <= 5, _ratio(root - 1.6, _QUANTILE_TAIL), _ratio(root - 5.0, _QUANTILE_FAR)
    )
    x[outer] = np.copysign(tail, y[outer])
    ends = np.abs(y) == 1
    x[ends] = y[ends] * np.inf
    return x / math.sqrt(2)


# ---- the gamma family -------------------------------------------------------------------------

# zeta(k) - 1 for k = 2 to 28.
_ZETA_LESS_1 = (
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993,
    0.01734306198444914, 0.008349277381922827, 0.00407735619794434, 0.0020083928260822143,
    0.0009945751278180853, 0.0004941886041194645, 0.0002460865533080483, 0.00012271334757848915,
    6.124813505870483e-05, 3.058823630702049e-05, 1.528225940865187e-05, 7.637197637899763e-06,
    3.81729326499984e-06, 1.908212716553939e-06, 9.539620338727962e-07, 4.769329867878064e-07,
    2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.980350351465228e-08,
    1.4901554828365043e-08, 7.45071178983543e-09, 3.725334024788457e-09,
)  # fmt: skip
# Bernoulli's B2, B4 ... B24, of the asymptotic series.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip
_EULER = 0.5772156649015329
_LARGE = 10.0  # from here on, the asymptotic series is exact to float64


def _from_pole(x: Array) -> tuple[Array, Array]:
    """sin(pi x) and cos(pi x), exact near the integers, where the gamma function has its poles."""
    nearest = np.rint(x)
    angle = np.pi * (x - nearest)
    odd = np.where(np.remainder(nearest, 2) == 0, 1.0, -1.0)
    return odd * np.sin(angle), odd * np.cos(angle)


@_in_float64
def lgamma(x: Array) -> Array:
    """log |Gamma(x)|: inf at 0, -1, -2 ..."""
    y = np.empty_like(x)
    right = ~(x < 0)
    y[right] = _lgamma_of_positive(x[right])
    z = x[~right]
    sine = np.abs(_from_pole(z)[0])
    reflected = math.log(math.pi) - np.log(sine) - _lgamma_of_positive(1 - z)  # A&S 6.1.17
    y[~right] = np.where((sine == 0) | np.isinf(z), np.inf, reflected)
    return y


def _lgamma_of_positive(x: Array) -> Array:
    y = np.empty_like(x)
    large = ~(x < _LARGE)  # NaN too
    z = x[large]
    series = _polynomial(1 / (z * z), [b / (2 * k * (2 * k - 1)) for k, b in _terms()]) / z
    y[large] = np.where(  # A&S 6.1.40
        np.isinf(z), np.inf, (z - 0.5) * (np.log(z) - 1) + (math.log(2 * math.pi) - 1) / 2 + series
    )
    z = x[~large]
    tiny = z < 0.5
    near_one = z < 1.5
    # Walk down to within 0.5 of 2 (or stay within 0.5 of 1): Gamma(z) = (z - 1) Gamma(z - 1).
    product = np.ones_like(z)
    while (high := z > 2.5).any():
        z = np.where(high, z - 1, z)
        product = np.where(high, product * z, product)
    offset = np.where(tiny, z, np.where(near_one, z - 1, z - 2))
    # A&S 6.1.33: lgamma(2 + t) = t (1 - gamma) + sum of (zeta(k) - 1) (-t)^k / k.
    coefficients = [value / (k + 2) for k, value in enumerate(_ZETA_LESS_1)][::-1]
    sum_ = _polynomial(-offset, coefficients) * offset * offset + offset * (1 - _EULER)
    sum_ -= np.where(near_one, np.log1p(offset), 0.0)
    y[~large] = sum_ + np.log(product) - np.where(tiny, np.log(z), 0.0)
    return y


def _terms() -> list[tuple[int, float]]:
    """(k, B2k), the smallest powers last."""
    return list(enumerate(_BERNOULLI, 1))[::-1]


@_in_float64
def polygamma(x: Array, n: int) -> Array:
    """The n-th derivative of digamma, the logarithmic derivative of the gamma function.

    At the poles 0, -1, -2 ... the digamma itself is NaN (infinite at 0, by the zero's sign, as in
    PyTorch), and every derivative infinite.
    """
    left = x < 0.5
    y = np.asarray(_polygamma_of_positive(np.where(left, 1 - x, x), n))
    if not left.any():
        return y
    # A&S 6.4.7: psi_n(x) = (-1)^n psi_n(1 - x) - pi d^n/dx^n cot(pi x), a polynomial in the cot.
    z = x[left]
    sine, cosine = _from_pole(z)
    cotangent = cosine / sine
    powers = np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(n):
        powers = powers.deriv() * np.polynomial.Polynomial([-math.pi, 0.0, -math.pi])
    reflected = (-1) ** n * y[left] - math.pi * powers(cotangent)
    pole = math.inf if n % 2 else -math.inf
    if n == 0:
        reflected[np.isinf(z)] = np.nan
        at_pole = np.where(z == 0, np.copysign(np.inf, -z), np.nan)
        y[left] = np.where(sine == 0, at_pole, reflected)
    else:
        y[left] = np.where(sine == 0, pole, reflected)
    return y


def _polygamma_of_positive(x: Array, n: int) -> Array:
    """By recurrence up to where the asymptotic series holds (A&S 6.3.5, 6.4.6; 6.3.18, 6.4.11)."""
    sign, factorial = (1.0 if n % 2 else -1.0), float(math.factorial(n))
    total = np.zeros_like(x)
    while (low := x < _LARGE + n).any():
        total = np.where(low, total + sign * factorial * x ** -(n + 1.0), total)
        x = np.where(low, x + 1, x)
    square = 1 / (x * x)
    if n == 0:
        series = _polynomial(square, [b / (2 * k) for k, b in _terms()]) * square
        return total + np.where(np.isinf(x), x, np.log(x) - 0.5 / x - series)
    terms = [b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) for k, b in _terms()]
    head = math.factorial(n - 1) + factorial / (2 * x)
    return total + sign * (head + _polynomial(square, terms) * square) * x ** -float(n)


# ---- the cardinal sine ------------------------------------------------------------------------


@_in_float64
def sinc(x: Array, n: int = 0) -> Array:
    """The n-th derivative of sin(pi x) / (pi x), which is 1 at 0."""
    angle = np.pi * x
    # Differentiating x f(x) = sin(pi x) / pi again and again gives one derivative by the last.
    far, shift = np.sin(angle) / angle, np.sin(angle)
    for order in range(1, n + 1):
        shift = np.pi ** (order - 1) * np.sin(angle + order * np.pi / 2)
        far = (shift - order * far) / x
    # Near 0 that cancels; there the power series, term by term: (-1)^k angle^2k / (2k + 1)!.
    near = np.abs(angle) < 1 + n
    first = (n + 1) // 2
    coefficients = [
        (-1) ** k * math.factorial(2 * k) / math.factorial(2 * k - n) / math.factorial(2 * k + 1)
        for k in range(first, first + 14 + 2 * n)
    ][::-1]
    inner = angle[near]
    sum_ = _polynomial(inner * inner, coefficients)
    y = np.asarray(far)
    y[near] = np.pi**n * (sum_ * inner if n % 2 else sum_)
    return y


# ---- entropy and odds -------------------------------------------------------------------------


def entr(x: Array) -> Array:
    """-x ln(x), 0 at 0 and -inf below."""
    inside = -x * np.log(np.where(x == 0, 1, x))
    return np.where(x < 0, -np.inf, inside).astype(x.dtype, copy=False)


def logit(x: Array) -> Array:
    """ln(x / (1 - x))."""
    return np.log(x / (1 - x))
