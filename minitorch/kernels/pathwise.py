"""Derivatives of gamma and beta samples by their parameters, and the gamma distribution function.

A sample x with the distribution function F(x; a) moves, while F stays, by dx/da = -(dF/da) / F'(x).
Near the ends that is a power series, for large parameters a saddle-point approximation, between
them a rational function fitted to some four digits: M. Jankowiak and F. Obermeyer, "Pathwise
Derivatives Beyond the Reparameterization Trick", 2018, https://arxiv.org/abs/1806.01851. PyTorch
takes the same approximations over the same regions, so that the numbers are the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.kernels.special import lgamma, polygamma

Array = np.ndarray[Any, np.dtype[Any]]

# In powers of u (rows) and v (columns): the fit of log(dx/da) is the first's over the second's.
_GAMMA_FIT = (
    ((0.16009398, -0.094634809, 0.025146376, -0.0030648343),
     (0.53487893, 0.1298071, 0.065735949, -0.0015649758),
     (0.040121004, -0.0065914022, -0.0026286047, -0.0013441777)),
    ((1, 0.32668115, 0.10406089, 0.0014179084),
     (0.16639465, 0.020070113, -0.0035938915, -0.00058392623),
     (0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07)),
)  # fmt: skip
# In powers of u, a and b.
_BETA_FIT = (
    (((1.003668233, -0.01061107488, -0.0657888334, 0.01201642863),
      (0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033),
      (-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013)),
     ((0.221950385, -0.3187676331, 0.01799915743, 0.01074823814),
      (-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057),
      (0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05)),
     ((-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565),
      (0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181),
      (0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05))),
    (((1, -0.02924021934, -0.04438342661, 0.007285809825),
      (0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521),
      (-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149)),
     ((0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273),
      (0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956),
      (-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05)),
     ((0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05),
      (0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05),
      (-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06))),
)  # fmt: skip


def _by_region(choices: Any, *arrays: Array) -> Array:
    """The first function whose condition holds, at each element; the last has none."""
    arrays = tuple(np.broadcast_arrays(*arrays))
    out, left = np.empty(arrays[0].shape), np.ones(arrays[0].shape, np.bool_)
    with np.errstate(all="ignore"):
        for condition, function in choices:
            here = left if condition is None else left & condition
            left = left & ~here
            if here.any():
                out[here] = function(*(array[here] for array in arrays))
    return out


def _digamma(x: Array) -> Array:
    return polygamma(x, 0)


# ---- gamma ------------------------------------------------------------------------------------


def standard_gamma_grad(alpha: Array, x: Array) -> Array:
    """dx/d alpha of a sample x of the gamma distribution of shape alpha and rate 1.

    Shape:
        alpha, x: the same. So is the result, in x's dtype.
    """
    a, y = alpha.astype(np.float64), x.astype(np.float64)
    middle = (np.float32(0.9) * a <= y) & (y <= np.float32(1.1) * a)
    regions = [
        (y < np.float32(0.8), _gamma_series),
        ((a > 8) & middle, _gamma_near_the_mean),
        (a > 8, _gamma_saddle_point),
        (None, _gamma_fit),
    ]
    return _by_region(regions, a, y).astype(x.dtype)


def _gamma_series(alpha: Array, x: Array) -> Array:
    """By the power series of the incomplete gamma function in x, differentiated in alpha."""
    term, shifted = np.ones_like(x), alpha
    first, second = term / alpha, term / (alpha * alpha)
    for i in range(1, 6):
        term = term * (-x / i)
        shifted = shifted + 1
        first = first + term / shifted
        second = second + term / (shifted * shifted)
    moved = (np.log(x) - _digamma(alpha)) * (x**alpha * first) - x**alpha * second
    slope = -moved / (x ** (alpha - 1) * np.exp(-x))
    return np.where(np.isnan(slope), 0.0, slope)


def _gamma_near_the_mean(alpha: Array, x: Array) -> Array:
    """The saddle point's expansion about x = alpha, where it is itself 0 / 0."""
    of_alpha = 1 + 24 * alpha * (1 + 12 * alpha)
    of_both = 1440 * alpha * alpha + 6 * x * (53 - 120 * x) - 65 * x * x / alpha
    of_both += alpha * (107 + 3600 * x)
    return of_alpha * of_both / (1244160 * alpha**4)


def _gamma_saddle_point(alpha: Array, x: Array) -> Array:
    root, log_ratio = np.sqrt(8 * alpha), np.log(x / alpha)
    power = (x - alpha - alpha * log_ratio) ** -1.5
    both = root / (alpha - x) - np.where(x < alpha, power, -power)
    bracket = log_ratio * both - np.sqrt(2 / alpha) * (alpha + x) / (alpha - x) ** 2
    stirling = 1 + 1 / (12 * alpha) * (1 + 1 / (24 * alpha))
    return -stirling * x * bracket / root


def _gamma_fit(alpha: Array, x: Array) -> Array:
    u, v = np.log(x / alpha), np.log(alpha)
    above, below = (np.polynomial.polynomial.polyval2d(u, v, c) for c in _GAMMA_FIT)
    return np.exp(above / below)


# ---- beta -------------------------------------------------------------------------------------


def dirichlet_grad(x: Array, alpha: Array, total: Array) -> Array:
    """dx/d alpha / (1 - x) of a sample x of Beta(alpha, total - alpha).

    Shape:
        x, alpha, total: the same. So is the result, in x's dtype.
    """
    y, a, t = (array.astype(np.float64) for array in (x, alpha, total))
    beta, room = t - a, t * y * (1 - y)
    regions = [
        ((y <= 0.5) & (room < 2.5), _beta_near_0),
        ((y >= 0.5) & (room < 0.75), lambda y, a, b: -_beta_near_1(1 - y, b, a)),
        ((a > 6) & (beta > 6), _beta_saddle_point),
        (None, _beta_fit),
    ]
    return _by_region(regions, y, a, beta).astype(x.dtype)


def _beta_near_0(x: Array, alpha: Array, beta: Array) -> Array:
    factor = _digamma(alpha) - _digamma(alpha + beta) - np.log(x)
    term = np.ones_like(x)
    series = (factor + 1 / alpha) / alpha
    for i in range(1, 11):
        term = term * ((i - beta) * x / i)
        series = series + term / (alpha + i) * (factor + 1 / (alpha + i))
    slope = x * (1 - x) ** -beta * series
    return np.where(np.isnan(slope), 0.0, slope)


def _beta_near_1(x: Array, alpha: Array, beta: Array) -> Array:
    """As if x were near 0, and it were beta that moves."""
    factor = _digamma(alpha + beta) - _digamma(beta)
    term, betas, slopes = np.ones_like(x), np.ones_like(x), np.zeros_like(x)
    series = factor / alpha
    for i in range(1, 9):
        term = term * (-x / i)
        slopes = slopes * (beta - i) + betas
        betas = betas * (beta - i)
        series = series + term / (alpha + i) * (slopes + factor * betas)
    slope = -((1 - x) ** (1 - beta)) * series
    return np.where(np.isnan(slope), 0.0, slope)


def _beta_saddle_point(x: Array, alpha: Array, beta: Array) -> Array:
    total = alpha + beta
    mean = alpha / total
    std = np.sqrt(alpha * beta / (total + 1)) / total
    near = np.abs(x - mean) <= 0.1 * std
    return _by_region([(near, _beta_near_the_mean), (None, _beta_off_the_mean)], x, alpha, beta)


def _beta_near_the_mean(x: Array, alpha: Array, beta: Array) -> Array:
    """The saddle point's expansion about the mean, where it is itself 0 / 0."""
    total = alpha + beta
    of_alpha = [  # by powers of alpha
        47 * x * beta**4,
        (43 + 20 * (16 + 27 * beta) * x) * beta**3,
        3 * (59 + 180 * beta - 90 * x) * beta**2,
        (453 + 1620 * beta * (1 - x) - 455 * x) * beta,
        8 * (1 - x) * (135 * beta - 11),
    ]
    polynomial = sum(c * alpha**power for power, c in enumerate(of_alpha))
    above = (1 + 12 * alpha) * (1 + 12 * beta) / (total * total) / (1 - x) * polynomial
    return above / (12960 * alpha**3 * beta**2 * (1 + 12 * total))


def _stirling(x: Array) -> Array:
    return 1 + 1 / (12 * x) + 1 / (288 * x * x)


def _beta_off_the_mean(x: Array, alpha: Array, beta: Array) -> Array:
    total = alpha + beta
    off = alpha * (x - 1) + beta * x  # 0 at the mean
    square = 2 * alpha * alpha * (x - 1) + alpha * beta * (x - 1) - x * beta * beta
    first = square / (np.sqrt(2 * alpha / beta) * total**1.5 * off * off)
    log_ratio = np.log(alpha / (total * x))
    power = (beta * np.log(beta / (total * (1 - x))) + alpha * log_ratio) ** -1.5
    both = np.sqrt(8 * alpha * beta / total) / off + np.where(off < 0, power, -power)
    stirling = _stirling(alpha) * _stirling(beta) / _stirling(total)
    return stirling * -x / np.sqrt(2 * alpha * beta / total) * (first + 0.5 * log_ratio * both)


def _beta_fit(x: Array, alpha: Array, beta: Array) -> Array:
    """A rational correction to what holds for x near 1."""
    total, u = alpha + beta, np.log(x)
    a = np.log(alpha) - u
    b = np.log(total) - a
    above, below = (np.polynomial.polynomial.polyval3d(u, a, b, c) for c in _BETA_FIT)
    return above / below * (x * (_digamma(total) - _digamma(alpha)) / beta)


# ---- the gamma distribution function ----------------------------------------------------------


def gammainc(a: Array, x: Array, upper: bool = False) -> Array:
    """P(X <= x) for a gamma variable of shape a (P(X > x) if `upper`): the incomplete gamma.

    By the series in x below the mean, by the continued fraction above it (Abramowitz & Stegun,
    6.5.29 and 6.5.31).

    Shape:
        a, x: any that broadcast; the result in x's dtype.
    """
    shape, y = a.astype(np.float64), x.astype(np.float64)
    wrong = ~((shape >= 0) & (y >= 0)) | ((shape == 0) & (y == 0)) | (np.isinf(shape) & np.isinf(y))
    below = (y == 0) | np.isinf(shape)
    above = (shape == 0) | np.isinf(y)
    regions = [
        (wrong, lambda a, x: np.nan),
        (below, lambda a, x: float(upper)),
        (above, lambda a, x: float(not upper)),
        (y < shape + 1, lambda a, x: _complement(_series(a, x), upper)),
        (None, lambda a, x: _complement(_fraction(a, x), not upper)),
    ]
    return _by_region(regions, shape, y).astype(x.dtype)


def _complement(p: Array, wanted: bool) -> Array:
    return 1 - p if wanted else p


def _front(a: Array, x: Array) -> Array:
    """x^a e^-x / Gamma(a + 1); for large a without the difference of large logarithms."""
    large = np.maximum(a, 10.0)
    off = (x - large) / large
    stirling = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5)
    stirling -= 1 / (1680 * large**7)
    exponent = large * (np.log1p(off) - off) - stirling
    by_stirling = np.exp(exponent) / np.sqrt(2 * math.pi * large)
    return np.where(a > 10, by_stirling, np.exp(a * np.log(x) - x - lgamma(a + 1)))


def _series(a: Array, x: Array) -> Array:
    term, total, k = np.ones_like(x), np.ones_like(x), 0
    while (term > total * 2.0**-54).any():
        k += 1
        term = term * (x / (a + k))
        total = total + term
    return total * _front(a, x)


def _fraction(a: Array, x: Array) -> Array:
    """P(X > x), by Lentz's way of going down a continued fraction from the front."""
    tiny = 1e-300
    b = x + 1 - a
    c, d = np.full_like(x, 1 / tiny), 1 / b
    total, i = d, 0
    moved = np.ones(x.shape, np.bool_)
    while moved.any():
        i += 1
        step = -i * (i - a)
        b = b + 2
        d = step * d + b
        d = 1 / np.where(np.abs(d) < tiny, tiny, d)
        c = b + step / c
        c = np.where(np.abs(c) < tiny, tiny, c)
        total = total * (d * c)
        moved = np.abs(d * c - 1) > 2.0**-52
    return total * a * _front(a, x)
