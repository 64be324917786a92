"""The operations of networks, as functions: `minitorch.ops` under PyTorch's name for it."""

from __future__ import annotations

import typing as _typing
from collections.abc import Callable
from typing import Any

from minitorch import ops
from minitorch._dtypes import dtype
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.ops.losses.classification import *
from minitorch.ops.losses.ctc import *
from minitorch.ops.losses.margin import *
from minitorch.ops.losses.probability import *
from minitorch.ops.losses.regression import *
from minitorch.ops.math.linalg import linear as linear
from minitorch.ops.math.pointwise import sigmoid as sigmoid, tanh as tanh
from minitorch.ops.nn.activation import *
from minitorch.ops.nn.adaptive_pool import *
from minitorch.ops.nn.attention import *
from minitorch.ops.nn.conv import *
from minitorch.ops.nn.distance import *
from minitorch.ops.nn.dropout import *
from minitorch.ops.nn.embedding import *
from minitorch.ops.nn.fractional_pool import *
from minitorch.ops.nn.grid import *
from minitorch.ops.nn.interpolate import *
from minitorch.ops.nn.multihead import *
from minitorch.ops.nn.normalization import *
from minitorch.ops.nn.pad import *
from minitorch.ops.nn.pool import *
from minitorch.ops.nn.shuffle import *
from minitorch.ops.nn.softmax import gumbel_softmax as gumbel_softmax, implied_dim


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """`minitorch.softmax`; without `dim`, PyTorch's guess at one, and its warning against that."""
    dim = implied_dim("softmax", input.ndim) if dim is None else dim
    return ops.softmax(input, dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """`minitorch.log_softmax`; without `dim`, PyTorch's guess at one, and its warning."""
    dim = implied_dim("log_softmax", input.ndim) if dim is None else dim
    return ops.log_softmax(input, dim, dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """`softmax` of ``-input``: largest where the input is smallest."""
    dim = implied_dim("softmin", input.ndim) if dim is None else dim
    return ops.softmax(-input, dim, dtype)


def _with_indices(pool: Callable[..., Any]) -> Callable[..., Any]:
    """The form of a pool that gives the places, too."""

    def function(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        return pool(*args, **{**kwargs, "return_indices": True})

    function.__name__ = function.__qualname__ = f"{pool.__name__}_with_indices"
    function.__doc__ = f"Return what `{pool.__name__}` does, and where each maximum was."
    return function


max_pool1d_with_indices = _with_indices(max_pool1d)
max_pool2d_with_indices = _with_indices(max_pool2d)
max_pool3d_with_indices = _with_indices(max_pool3d)
adaptive_max_pool1d_with_indices = _with_indices(adaptive_max_pool1d)
adaptive_max_pool2d_with_indices = _with_indices(adaptive_max_pool2d)
adaptive_max_pool3d_with_indices = _with_indices(adaptive_max_pool3d)


_NOT_OURS = {"Any", "Callable", "Tensor", "annotations", "dtype", "implied_dim", "missing", "ops"}
if not _typing.TYPE_CHECKING:
    __all__ = sorted(name for name in set(globals()) - _NOT_OURS if name[0].isalpha())

del _typing

__getattr__ = missing(__name__)
