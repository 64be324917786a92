"""The operations of networks, as functions: `minitorch.ops` under PyTorch's name for it."""

from __future__ import annotations

import typing as _typing

from minitorch import ops
from minitorch._dtypes import dtype
from minitorch._tensor import Tensor
from minitorch.ops.activation import *
from minitorch.ops.adaptive_pool import *
from minitorch.ops.attention import *
from minitorch.ops.bilinear import *
from minitorch.ops.binary import *
from minitorch.ops.conv import *
from minitorch.ops.ctc import *
from minitorch.ops.distance import *
from minitorch.ops.dropout import *
from minitorch.ops.embedding import *
from minitorch.ops.grid import *
from minitorch.ops.interpolate import *
from minitorch.ops.linalg import linear as linear
from minitorch.ops.loss import *
from minitorch.ops.margin import *
from minitorch.ops.multihead import *
from minitorch.ops.norm import *
from minitorch.ops.pad import *
from minitorch.ops.pointwise import sigmoid as sigmoid, tanh as tanh
from minitorch.ops.pool import *
from minitorch.ops.regression import *
from minitorch.ops.shuffle import *
from minitorch.ops.softmax import gumbel_softmax as gumbel_softmax, implied_dim


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """`minitorch.softmax`; without `dim`, PyTorch's guess at one, and its warning against that."""
    if dim is None:
        dim = implied_dim("softmax", input.ndim, _stacklevel)
    return ops.softmax(input, dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """`minitorch.log_softmax`; without `dim`, PyTorch's guess at one, and its warning."""
    if dim is None:
        dim = implied_dim("log_softmax", input.ndim, _stacklevel)
    return ops.log_softmax(input, dim, dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """`softmax` of ``-input``: largest where the input is smallest."""
    if dim is None:
        dim = implied_dim("softmin", input.ndim, _stacklevel)
    return ops.softmax(-input, dim, dtype)


if not _typing.TYPE_CHECKING:
    __all__ = sorted(
        name
        for name in set(globals()) - {"Tensor", "annotations", "dtype", "implied_dim", "ops"}
        if not name.startswith("_")
    )

del _typing
