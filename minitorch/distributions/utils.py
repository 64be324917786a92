"""Helpers of distributions: broadcasting parameters, logits and probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch._type_info import finfo
from minitorch.autograd.mode import enable_grad
from minitorch.factory import empty, tensor
from minitorch.ops.shape.views import broadcast_tensors

NUMBERS = (bool, int, float)
euler_constant = 0.5772156649015329  # Euler and Mascheroni's


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers, as tensors of one shape; numbers take the first tensor's dtype.

    Raises:
        ValueError: for anything else.
    """
    if not all(isinstance(value, (Tensor, *NUMBERS)) for value in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects "
            "implementing __torch_function__."
        )
    given = [value.dtype for value in values if isinstance(value, Tensor)]
    dtype = given[0] if given else _dtypes.get_default_dtype()
    tensors = [v if isinstance(v, Tensor) else tensor(v, dtype=dtype) for v in values]
    return tuple(broadcast_tensors(*tensors))


def standard_normal(shape: Size, like: Tensor) -> Tensor:
    """Draws from the standard normal distribution, in another tensor's dtype."""
    return empty(shape, dtype=like.dtype).normal_()


def empty_as(shape: Size, like: Tensor) -> Tensor:
    """Room for draws, in another tensor's dtype."""
    return empty(shape, dtype=like.dtype)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities; of ones if `is_binary`, else along the last dimension."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def limits(x: Tensor) -> Any:
    """Limits of the numbers of a tensor's dtype: `eps`, `tiny` and `max`, as floats."""
    return finfo(x.dtype)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities, kept away from 0 and 1 by the dtype's precision."""
    eps = limits(probs).eps
    return probs.clamp(eps, 1 - eps)


def sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last `dim` dimensions."""
    cut = value.dim() - dim
    return value.reshape(*value.shape[:cut], value.shape[cut:].numel()).sum(-1) if dim else value


_sum_rightmost = sum_rightmost  # the name that libraries use


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The entries of a lower triangle, row by row.

    Args:
        mat: (..., N, N).
        diag: the last diagonal that belongs to it: 0 is the main one, -1 the one below.

    Raises:
        ValueError: for a diagonal that is not there.

    >>> import minitorch
    >>> tril_matrix_to_vec(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 3., 4.])
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = np.tril_indices(n, diag)
    return mat[..., tensor(rows), tensor(columns)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The lower triangular matrix of the entries that `tril_matrix_to_vec` gives.

    Args:
        vec: (..., M).
        diag: the last diagonal that they fill.

    Raises:
        ValueError: for a number of entries that no triangle has.

    >>> import minitorch
    >>> vec_to_tril_matrix(minitorch.tensor([1.0, 3.0, 4.0]))
    tensor([[1., 0.],
            [3., 4.]])
    """
    offset, count = 1 + 2 * diag, vec.shape[-1]
    size = (-offset + (offset**2 + 8 * count + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    n = round(size)
    if n - size > limits(vec).eps:
        raise ValueError(
            f"The size of last dimension is {count} which cannot be expressed as the lower "
            "triangular part of a square D x D matrix."
        )
    mat = vec.new_zeros((*vec.shape[:-1], n, n))
    rows, columns = np.tril_indices(n, diag)
    mat[..., tensor(rows), tensor(columns)] = vec
    return mat


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logits of probabilities, which are kept away from 0 and 1 by the dtype's precision."""
    kept = clamp_probs(probs)
    return kept.log() - (-kept).log1p() if is_binary else kept.log()


class lazy_property:
    """A value that is worked out when it is first asked for, and then an attribute."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def check_one_given(**given: Any) -> None:
    """Refuse (ValueError) both of two parameters, or neither."""
    if sum(value is not None for value in given.values()) != 1:
        names = " or ".join(f"`{name}`" for name in given)
        raise ValueError(f"Either {names} must be specified, but not both.")


class OfOdds:
    """Distributions with the parameter `probs` or `logits`, which give each other.

    Subclasses call `_take` in their `__init__`, and list them in `_expanded` with `ODDS`.
    """

    _param: Tensor

    def _take(self, probs: Any, logits: Any, *others: Any) -> tuple[Tensor, ...]:
        """Keep the one that is given, broadcast with `others`, which are returned."""
        check_one_given(probs=probs, logits=logits)
        self._param, *broadcast = broadcast_all(logits if probs is None else probs, *others)
        setattr(self, "logits" if probs is None else "probs", self._param)
        return tuple(broadcast)

    @lazy_property
    def logits(self) -> Any:
        """The logarithm of the odds of a one."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """The probability of a one."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.size()


ODDS = {"probs": 0, "logits": 0, "_param": 0}


class OfCategorical:
    """Distributions that a `Categorical` is part of, whose parameters they have."""

    _categorical: Any

    @property
    def _param(self) -> Tensor:
        return self._categorical._param

    @property
    def probs(self) -> Tensor:
        """The probabilities, which sum to 1."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._categorical.param_shape


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    """Draws from the standard normal distribution: PyTorch's name, which libraries use."""
    return empty(shape, dtype=dtype, device=device).normal_()
