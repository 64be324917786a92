"""PyTorch's random numbers, each step rounded as in NumPy's."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from minitorch.kernels import random as plain
from minitorch.kernels.compiled import Array, exact

step: Any = numba.njit(inline="always", error_model="numpy")

F32, F64, I32 = np.float32, np.float64, np.int32
L, S, C = plain._LOG_COEFFICIENTS, plain._SIN_COEFFICIENTS, plain._COS_COEFFICIENTS
SQRT_HALF, FOUR_OVER_PI = plain._SQRT_HALF, plain._FOUR_OVER_PI
LN2_HIGH, LN2_LOW = plain._LN2_HIGH, plain._LN2_LOW
HIGH, MIDDLE, LOW = plain._QUARTER_PI_HIGH, plain._QUARTER_PI_MIDDLE, plain._QUARTER_PI_LOW
TWO_PI = 2.0 * math.pi


@step
def _fused(x: Any, y: Any, z: Any) -> Any:
    return F32(F64(x) * F64(y) + F64(z))


@step
def _log(w: Any) -> Any:
    bits = F32(w).view(I32)
    mantissa = I32((bits & I32(0x7FFFFF)) | I32(0x3F000000)).view(F32)
    low = mantissa < SQRT_HALF
    e = F32((bits >> I32(23)) - I32(127) if low else (bits >> I32(23)) - I32(126))
    t = mantissa - F32(1)
    t += mantissa if low else F32(0)
    z = t * t
    q = _fused(t, L[0], L[1])
    q = _fused(q, t, L[2])
    q = _fused(q, t, L[3])
    q = _fused(q, t, L[4])
    q = _fused(q, t, L[5])
    q = _fused(q, t, L[6])
    q = _fused(q, t, L[7])
    q = _fused(q, t, L[8])
    q *= t
    q = _fused(q, z, e * LN2_LOW)
    q -= F32(0.5) * z
    return (t + q) + e * LN2_HIGH


@exact
def _radii32(u: Array, radius: Array) -> None:
    for i in range(u.size):
        radius[i] = np.sqrt(F32(-2) * _log(F32(1) - u[i]))


@exact
def _circle32(v: Array, sin: Array, cos: Array) -> None:
    for i in range(v.size):
        angle = F32(TWO_PI) * v[i]
        octant = I32((I32(angle * FOUR_OVER_PI) + I32(1)) & I32(~1))
        k = F32(octant)
        angle = angle - k * HIGH
        angle -= k * MIDDLE
        angle = _fused(k, -LOW, angle)
        z = angle * angle
        cosine = _fused(_fused(z, C[0], C[1]), z, C[2]) * z
        cosine = _fused(cosine, z, F32(-0.5) * z) + F32(1)
        sine = _fused(_fused(z, S[0], S[1]), z, S[2]) * z
        sine = _fused(sine, angle, angle)
        swapped = octant & I32(2)
        y, x = cosine if swapped else sine, sine if swapped else cosine
        sin[i] = -y if octant & I32(4) else y
        cos[i] = -x if (octant + I32(2)) & I32(4) else x


@exact
def _radii64(u: Array, radius: Array) -> None:
    for i in range(u.size):
        radius[i] = np.sqrt(-2.0 * math.log(1.0 - u[i]))


@exact
def _circle64(v: Array, sin: Array, cos: Array) -> None:
    for i in range(v.size):
        sin[i], cos[i] = math.sin(TWO_PI * v[i]), math.cos(TWO_PI * v[i])


def box_muller(uniforms: Array) -> Any:
    single = uniforms.dtype == F32
    halves = np.ascontiguousarray(uniforms.reshape(-1, 2, plain.BLOCK // 2).swapaxes(0, 1))
    u, v = halves.reshape(2, -1)
    radius, sin, cos = np.empty((3, u.size), u.dtype)
    (_radii32 if single else _radii64)(u, radius)
    (_circle32 if single else _circle64)(v, sin, cos)
    normals = np.empty((len(u) // 8, 2, 8), u.dtype)
    np.multiply(radius.reshape(-1, 8), cos.reshape(-1, 8), out=normals[:, 0])
    np.multiply(radius.reshape(-1, 8), sin.reshape(-1, 8), out=normals[:, 1])
    return normals.reshape(-1)


@exact
def _shuffle(words: Array, order: Array) -> None:
    n = order.size
    for i in range(words.size):
        k = i + words[i] % np.uint32(n - i)
        order[i], order[k] = order[k], order[i]


def shuffle(words: Array) -> Any:
    order = np.arange(words.size + 1)
    _shuffle(words, order)
    return order
