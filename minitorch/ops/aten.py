"""Losses and images under PyTorch's top level, where a choice is a number and not a word.

``torch.kl_div(x, y, 1)`` is ``nn.functional.kl_div(x, y, reduction="mean")``.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.ops.losses import ctc, margin, probability, regression
from minitorch.ops.math import linalg, matrix_functions, norms
from minitorch.ops.nn import adaptive_pool, conv, dropout, grid, pad as padding, pool, shuffle
from minitorch.ops.support.operands import caller_stacklevel, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "adaptive_max_pool1d",
    "affine_grid_generator",
    "binary_cross_entropy_with_logits",
    "chain_matmul",
    "constant_pad_nd",
    "conv_tbc",
    "convolution",
    "cosine_embedding_loss",
    "ctc_loss",
    "feature_dropout",
    "feature_dropout_",
    "frobenius_norm",
    "grid_sampler",
    "grid_sampler_2d",
    "grid_sampler_3d",
    "hinge_embedding_loss",
    "kl_div",
    "margin_ranking_loss",
    "max_pool1d_with_indices",
    "native_channel_shuffle",
    "norm_except_dim",
    "nuclear_norm",
    "poisson_nll_loss",
    "triplet_margin_loss",
    "vander",
]

REDUCTIONS = ("none", "mean", "sum")
affine_grid_generator = grid.affine_grid
native_channel_shuffle = shuffle.channel_shuffle


def _numbered(loss: Callable[..., Any], *names: str, **defaults: Any) -> Callable[..., Any]:
    """The loss with its arguments in the order `names`, and its reduction as a number."""
    given = inspect.signature(loss).parameters
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    defaults["reduction"] = defaults.get("reduction", 0)  # unlike nn.functional's
    signature = inspect.Signature(
        [
            inspect.Parameter(name, kind, default=defaults.get(name, given[name].default))
            for name in names
        ]
    )

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        number = bound.arguments["reduction"]
        if type(number) is not int or number not in (0, 1, 2):
            kind = TypeError if type(number) is not int else RuntimeError
            raise kind(
                f"{loss.__name__}: reduction must be 0 (none), 1 (mean) or 2 (sum), got {number!r}"
            )
        return loss(**{**bound.arguments, "reduction": REDUCTIONS[number]})

    function.__name__ = function.__qualname__ = loss.__name__
    function.__doc__ = f"Return `nn.functional.{loss.__name__}`; 0 means none, 1 mean, 2 sum."
    vars(function)["__signature__"] = signature
    return function


_OF_TWO = ("input", "target")
binary_cross_entropy_with_logits = _numbered(
    probability.binary_cross_entropy_with_logits, *_OF_TWO, "weight", "pos_weight", "reduction"
)
kl_div = _numbered(probability.kl_div, *_OF_TWO, "reduction", "log_target")
cosine_embedding_loss = _numbered(
    margin.cosine_embedding_loss, "input1", "input2", "target", "margin", "reduction"
)
margin_ranking_loss = _numbered(
    margin.margin_ranking_loss, "input1", "input2", "target", "margin", "reduction"
)
hinge_embedding_loss = _numbered(margin.hinge_embedding_loss, *_OF_TWO, "margin", "reduction")
triplet_margin_loss = _numbered(
    margin.triplet_margin_loss,
    *("anchor", "positive", "negative", "margin", "p", "eps", "swap", "reduction"),
)
poisson_nll_loss = _numbered(
    regression.poisson_nll_loss,
    *(*_OF_TWO, "log_input", "full", "eps", "reduction"),
    **dict.fromkeys(("log_input", "full", "eps", "reduction"), inspect.Parameter.empty),
)
ctc_loss = _numbered(
    ctc.ctc_loss,
    *("log_probs", "targets", "input_lengths", "target_lengths", "blank", "reduction"),
    "zero_infinity",
)


def adaptive_max_pool1d(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    """Return `nn.functional.adaptive_max_pool1d` and where each maximum was."""
    return adaptive_pool.adaptive_max_pool1d(input, output_size, return_indices=True)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return `nn.functional.max_pool1d` and where each maximum was."""
    stride = kernel_size if stride == () else stride
    return pool.max_pool1d(
        input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )


def grid_sampler(
    input: Tensor,
    grid: Tensor,
    interpolation_mode: int,
    padding_mode: int,
    align_corners: bool,
) -> Tensor:
    """`nn.functional.grid_sample`, in whose order of modes these are numbers from 0.

    Raises:
        RuntimeError: for a number of no mode.
    """
    modes, edges = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    if interpolation_mode not in range(3) or padding_mode not in range(3):
        raise RuntimeError(
            f"grid_sampler: interpolation_mode must be 0 to 2 for one of {modes}, padding_mode "
            f"for one of {edges}; got {interpolation_mode!r} and {padding_mode!r}"
        )
    return _grid_sample(input, grid, modes[interpolation_mode], edges[padding_mode], align_corners)


_grid_sample = grid.grid_sample
grid_sampler_2d = grid_sampler_3d = grid_sampler


def constant_pad_nd(input: Tensor, pad: Any, value: float = 0) -> Tensor:
    """`nn.functional.pad` with one number."""
    return padding.pad(input, pad, value=value)


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Tensor:
    """A convolution over as many dimensions as `weight` has behind its channels, or its transpose.

    Raises:
        RuntimeError: for other than 1 to 3 dimensions.
    """
    dims = require_tensor("convolution", "weight", weight).dim() - 2
    if dims not in (1, 2, 3):
        raise RuntimeError(f"convolution: weight must have 3 to 5 dimensions, got {dims + 2}")
    if transposed:
        turned = (conv.conv_transpose1d, conv.conv_transpose2d, conv.conv_transpose3d)[dims - 1]
        return turned(input, weight, bias, stride, padding, output_padding, groups, dilation)
    plain = (conv.conv1d, conv.conv2d, conv.conv3d)[dims - 1]
    return plain(input, weight, bias, stride, padding, dilation, groups)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """`conv1d` of sequences as (T, N, C), with a weight as (K, C, F): the result is (T', N, F).

    Raises:
        RuntimeError: unless both have three dimensions.
    """
    for name, x in (("input", input), ("weight", weight)):
        if require_tensor("conv_tbc", name, x).dim() != 3:
            raise RuntimeError(f"conv_tbc: {name} must have 3 dimensions, got {x.dim()}")
    made = conv.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return made.permute(2, 0, 1)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Drop whole channels, which are the second dimension.

    Raises:
        RuntimeError: for a tensor of fewer than two dimensions.
    """
    if require_tensor("feature_dropout", "input", input).dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return dropout._dropout("feature_dropout", input, p, train, False, True)


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_dropout`, written into `input`."""
    return dropout._dropout("feature_dropout_", input, p, train, True, True)


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """Multiply matrices in the cheapest order: deprecated in PyTorch for `linalg.multi_dot`.

    Raises:
        RuntimeError: for none.
    """
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters.",
        stacklevel=caller_stacklevel(),
    )
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    made = matrices[0].clone() if len(matrices) == 1 else linalg.multi_dot(matrices)
    return made if out is None else out.copy_(made)


def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The square root of the sum of squares over `dim`, one or several."""
    return norms.vector_norm(input, 2, dim, keepdim)


def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of a matrix's singular values."""
    if isinstance(dim, bool):  # nuclear_norm(x, keepdim)
        dim, keepdim = (-2, -1), dim
    return norms.matrix_norm(input, "nuc", dim, keepdim)


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all dimensions but `dim`, which are kept as 1; over all for `dim` -1."""
    if dim == -1:
        return norms.norm(v, pow)
    rest = [other for other in range(v.dim()) if other != dim % v.dim()]
    return norms.vector_norm(v, pow, rest, keepdim=True)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of numbers, (M, N): from the highest to 0, or the other way.

    Raises:
        RuntimeError: unless `x` is a vector, and `N` not negative.

    >>> import minitorch
    >>> vander(minitorch.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if require_tensor("vander", "x", x).dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = len(x) if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    powers = matrix_functions.vander(x, max(count, 2))[:, :count]
    return powers if increasing else powers.flip(1)
