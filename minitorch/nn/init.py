"""Initialisation: what a parameter holds before it has learned anything.

The draws are PyTorch's, value for value: the bounds are worked out in Python floats in its order.
Glorot & Bengio (2010) is `xavier`, He et al. (2015) `kaiming`.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.factory import empty_like
from minitorch.sampling import randperm

P = ParamSpec("P")


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from U(a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from N(mean, std ** 2)."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with `val`."""
    return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return constant_(tensor, 0.0)


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity.

    Raises:
        ValueError: unless it has two dimensions.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.zero_()
    tensor._write(np.ones(()), np.diag_indices(min(tensor.shape), 2))
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor of a nonlinearity's weights that keeps the variance.

    Raises:
        ValueError: for an unknown nonlinearity.

    >>> calculate_gain("relu")
    1.4142135623730951
    """
    gains = {"sigmoid": 1, "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
    layers = ("linear", *(f"conv{kind}{d}d" for kind in ("", "_transpose") for d in (1, 2, 3)))
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ValueError(f"negative_slope {param} not a valid number")
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in (*gains, *layers):
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains.get(nonlinearity, 1)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Count the inputs of an output, and the outputs of an input."""
    if tensor.dim() < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    shape = tensor.shape
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from U(-a, a), where ``a = gain * sqrt(6 / (fan_in + fan_out))``."""
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with normal draws of deviation ``gain * sqrt(2 / (fan_in + fan_out))``."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with draws from U(-b, b), where ``b = gain * sqrt(3 / fan)``.

    Args:
        a: the negative slope of the leaky ReLU that follows.
        mode: which fan keeps its variance, 'fan_in' (forward) or 'fan_out' (backward).
        nonlinearity: the name of what follows, for the gain.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with normal draws of deviation ``gain / sqrt(fan)``; see `kaiming_uniform_`."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with draws from N(mean, std ** 2) that fall into [a, b].

    Where enough of the mass lies inside, draws outside are made again; else uniform draws are
    accepted with the density's probability (Robert, Simulation of truncated normal variables,
    1995).
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=3,
        )

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / (std * math.sqrt(2.0)))) / 2.0

    low, high = (tensor._array.dtype.type(bound) for bound in (a, b))

    def fresh(draw: Callable[[Tensor], Tensor]) -> Any:
        return draw(empty_like(tensor))._array

    if below(b) - below(a) > 0.3:
        values = fresh(lambda t: t.normal_(mean, std, generator=generator))
        while (outside := (values < low) | (values > high)).any():
            again = fresh(lambda t: t.normal_(mean, std, generator=generator))
            values = np.where(outside, again, values)
        return tensor.copy_(tensor._wrap(values))

    peak = -0.5 * ((min(max(mean, a), b) - mean) / std) ** 2

    def rejected(candidates: Any) -> Any:
        chance = fresh(lambda t: t.uniform_(0.0, 1.0, generator=generator))
        with np.errstate(divide="ignore"):
            return np.log(chance) > ((candidates - mean) / std) ** 2 * -0.5 - peak

    values = fresh(lambda t: t.uniform_(a, b, generator=generator))
    pending = rejected(values)
    while pending.any():
        candidates = fresh(lambda t: t.uniform_(a, b, generator=generator))
        values = np.where(pending, candidates, values)
        pending = pending & rejected(candidates)
    return tensor.copy_(tensor._wrap(values))


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with a (semi) orthogonal matrix (Saxe et al., 2013), by QR of normal draws.

    Raises:
        ValueError: for fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    flat = tensor.new_empty((rows, tensor.numel() // rows)).normal_(0, 1, generator=generator)
    matrix = flat._array.T if rows < flat.shape[1] else flat._array
    q, r = np.linalg.qr(matrix)
    q = q * np.sign(np.diag(r))
    if rows < flat.shape[1]:
        q = q.T
    return tensor.copy_(tensor._wrap(np.ascontiguousarray(q)).reshape(tensor.shape)).mul_(gain)


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill with normal draws, of which a fraction `sparsity` of each column is made 0.

    As in PyTorch, which ones are is drawn without `generator`.

    Raises:
        ValueError: unless the tensor has two dimensions.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeroed = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor._write(np.zeros(()), (randperm(rows)._array[:zeroed], column))
    return tensor


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it passes as many channels through as it can.

    Raises:
        ValueError: unless it has 3 to 5 dimensions and its channels can be cut into the groups.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    tensor.zero_()
    middle = tuple(size // 2 for size in tensor.shape[2:])
    per_group = tensor.shape[0] // groups
    for group in range(groups):
        for channel in range(min(per_group, tensor.shape[1])):
            tensor._write(np.ones(()), (group * per_group + channel, channel, *middle))
    return tensor


def _renamed(function: Callable[P, Tensor], package: str = "nn.init") -> Callable[P, Tensor]:
    """Return a function under PyTorch's old name for it, without the underscore; it warns."""
    new = function.__name__
    old = new.removesuffix("_")

    @functools.wraps(function)
    def deprecated(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        warnings.warn(
            f"`{package}.{old}` is now deprecated in favor of `{package}.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated.__name__ = old
    deprecated.__doc__ = f"The old name of `{new}`; warns."
    return deprecated


uniform = _renamed(uniform_)
normal = _renamed(normal_)
constant = _renamed(constant_)
eye = _renamed(eye_)
dirac = _renamed(dirac_)
xavier_uniform = _renamed(xavier_uniform_)
xavier_normal = _renamed(xavier_normal_)
kaiming_uniform = _renamed(kaiming_uniform_)
kaiming_normal = _renamed(kaiming_normal_)
orthogonal = _renamed(orthogonal_)
sparse = _renamed(sparse_)

__getattr__ = missing(__name__)
