"""The operations of networks, as functions: `minitorch.ops` under PyTorch's name for it."""

from __future__ import annotations

import typing as _typing

from minitorch import ops
from minitorch._dtypes import dtype
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


if not _typing.TYPE_CHECKING:
    __all__ = sorted(
        name
        for name in set(globals()) - {"Tensor", "annotations", "dtype", "implied_dim", "ops"}
        if name[0].isalpha()
    )

del _typing
