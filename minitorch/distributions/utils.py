"""Helpers of distributions: broadcasting parameters, logits and probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch.autograd.mode import enable_grad
from minitorch.factory import empty, tensor
from minitorch.ops.shape.views import broadcast_tensors

NUMBERS = (bool, int, float)


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


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities; of ones if `is_binary`, else along the last dimension."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logits of probabilities, which are kept away from 0 and 1 by the dtype's precision."""
    eps = float(np.finfo(probs.dtype.numpy).eps)
    kept = probs.clamp(eps, 1 - eps)
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
