"""Windows: weights for a stretch of a signal, high in its middle.

>>> hann(5), hann(4, sym=False)
(tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000]), tensor([0.0000, 0.5000, 1.0000, 0.5000]))

Each takes `M`, the length, and `sym`: whether the last weight repeats the first, as filters want
it; without, the window is one period of a wave, as spectra want it. ``torch.hann_window`` and the
other old names at the end say ``periodic`` for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Unpack

import numpy as np

from minitorch._dtypes import Array, dtype, float32, float64, get_default_dtype, strided
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.factory import Options, finish, spelled_out

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]
Shape = Callable[[Array, float], Array]
"""Of the positions and of the last one, at which the window ends: the weights."""


def _window(
    who: str,
    M: int,
    shape: Shape,
    sym: bool,
    dtype: dtype | None,
    options: Any,
    one: bool = True,
) -> Tensor:
    """The window; with `one`, that of length 1 is 1."""
    wanted = get_default_dtype() if dtype is None else dtype
    if M < 0:
        raise ValueError(f"{who} requires non-negative window length, got M={M}")
    if options.get("layout", strided) not in (strided, None):
        layout = options["layout"]
        raise ValueError(f"{who} is implemented for strided tensors only, got: {layout}")
    if wanted not in (float32, float64):
        raise ValueError(f"{who} expects float32 or float64 dtypes, got: {wanted}")
    return finish(_weights(M, shape, sym, one).astype(wanted.numpy), **options)


def _weights(M: int, shape: Shape, sym: bool, one: bool = True) -> Array:
    if M == 0 or (M == 1 and one):
        return np.ones(M)
    return shape(np.arange(float(M)), M - 1 if sym or M == 1 else M)


@spelled_out
def bartlett(
    M: int, *, sym: bool = True, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """A triangle, 0 at both ends."""
    return _window("bartlett", M, _triangle, sym, dtype, options)


def _triangle(k: Array, last: float) -> Array:
    return 1 - np.abs(2 * k / last - 1)


def _cosines(a: Iterable[float]) -> Shape:
    """A sum of cosines of growing frequency and changing sign."""
    return lambda k, last: sum(
        ((-1) ** i * w * np.cos(2 * np.pi * i * k / last) for i, w in enumerate(a)), 0 * k
    )


@spelled_out
def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """A sum of cosines: ``a[0] - a[1] cos(x) + a[2] cos(2x) - ...``.

    Raises:
        TypeError: unless `a` is a list.
        ValueError: if it is empty; for other dtypes than float32 and float64.
    """

    def shape(k: Array, last: float) -> Array:
        if not isinstance(a, Iterable):
            raise TypeError("Coefficients must be a list/tuple")
        if not (listed := list(a)):
            raise ValueError("Coefficients cannot be empty")
        return _cosines(listed)(k, last)

    return _window("general_cosine", M, shape, sym, dtype, options)


@spelled_out
def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """One wave of a cosine: ``alpha - (1 - alpha) cos(x)``."""
    return _window("general_hamming", M, _cosines([alpha, 1 - alpha]), sym, dtype, options)


@spelled_out
def hamming(
    M: int, *, sym: bool = True, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """One wave of a cosine, which does not quite reach 0."""
    return _window("hamming", M, _cosines([0.54, 0.46]), sym, dtype, options)


@spelled_out
def hann(
    M: int, *, sym: bool = True, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """One wave of a cosine, from 0 to 0."""
    return _window("hann", M, _cosines([0.5, 0.5]), sym, dtype, options)


@spelled_out
def blackman(
    M: int, *, sym: bool = True, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Two cosines, flat at the ends."""
    return _window("blackman", M, _cosines([0.42, 0.5, 0.08]), sym, dtype, options)


@spelled_out
def nuttall(
    M: int, *, sym: bool = True, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Three cosines, flatter at the ends."""
    a = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return _window("nuttall", M, _cosines(a), sym, dtype, options)


@spelled_out
def cosine(
    M: int, *, sym: bool = True, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Half a wave of a sine, above 0 at both ends."""

    def shape(k: Array, last: float) -> Array:
        return np.sin(np.pi * (k + 0.5) / (last + 1))

    return _window("cosine", M, shape, sym, dtype, options, one=False)


@spelled_out
def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """``exp(-|k - center| / tau)``.

    Raises:
        ValueError: unless `tau` is positive; for a `center` of a symmetric window.
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def shape(k: Array, last: float) -> Array:
        return np.exp(-np.abs(k - (last / 2 if center is None else center)) / tau)

    return _window("exponential", M, shape, sym, dtype, options, one=False)


@spelled_out
def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """The bell curve, 1 in the middle.

    Raises:
        ValueError: unless `std` is positive.
    """
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def shape(k: Array, last: float) -> Array:
        return np.exp(-(((k - last / 2) / std) ** 2) / 2)

    return _window("gaussian", M, shape, sym, dtype, options, one=False)


@spelled_out
def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """Kaiser's window: Bessel's function of an arc; the larger `beta`, the narrower.

    Raises:
        ValueError: for a negative `beta`.
    """
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _window("kaiser", M, _arc(beta), sym, dtype, options)


def _arc(beta: float) -> Shape:
    def shape(k: Array, last: float) -> Array:
        return np.i0(beta * np.sqrt(np.maximum(1 - (2 * k / last - 1) ** 2, 0))) / np.i0(beta)

    return shape


# ---- the names of PyTorch's top level -----------------------------------------------------------


def _old(
    who: str, length: int, shape: Shape, periodic: bool, dtype: dtype | None, options: Any
) -> Tensor:
    wanted = get_default_dtype() if dtype is None else dtype
    if not wanted.is_floating_point:
        raise RuntimeError(f"{who} expects floating point dtypes, got: {wanted}")
    if length < 0:
        raise RuntimeError(f"{who} requires non-negative window_length, got {length}")
    array = _weights(length, shape, not periodic)
    return finish(array.astype(float64.numpy), **options).to(wanted)


@spelled_out
def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """As `bartlett`."""
    return _old("bartlett_window", window_length, _triangle, periodic, dtype, options)


@spelled_out
def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """As `blackman`."""
    shape = _cosines([0.42, 0.5, 0.08])
    return _old("blackman_window", window_length, shape, periodic, dtype, options)


@spelled_out
def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """As `hamming`: ``alpha - beta cos(x)``."""
    shape = _cosines([alpha, beta])
    return _old("hamming_window", window_length, shape, periodic, dtype, options)


@spelled_out
def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """As `hann`."""
    return _old("hann_window", window_length, _cosines([0.5, 0.5]), periodic, dtype, options)


@spelled_out
def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """As `kaiser`."""
    return _old("kaiser_window", window_length, _arc(beta), periodic, dtype, options)


__getattr__ = missing(__name__)
