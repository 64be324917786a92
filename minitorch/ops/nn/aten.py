"""The functions that PyTorch's top level calls with other arguments than nn.functional does.

``torch.batch_norm`` wants the weight before the running statistics, ``torch.embedding`` the weight
before the indices, ``torch.dropout`` says ``train``: the same operations, PyTorch's other order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.ops.nn import dropout as dropouts, embedding as tables, normalization

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "alpha_dropout",
    "alpha_dropout_",
    "batch_norm",
    "dropout",
    "dropout_",
    "embedding",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "group_norm",
    "instance_norm",
    "layer_norm",
]


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """`normalization.batch_norm`, in the order of ``torch.batch_norm``."""
    return normalization.batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """`normalization.instance_norm`, in the order of ``torch.instance_norm``."""
    return normalization.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """`normalization.group_norm`, as ``torch.group_norm``."""
    return normalization.group_norm(input, num_groups, weight, bias, eps)


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """`normalization.layer_norm`, as ``torch.layer_norm``."""
    return normalization.layer_norm(input, normalized_shape, weight, bias, eps)


def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """`embedding.embedding`, in the order of ``torch.embedding``; padding_idx -1 means none."""
    padding, by_freq = None if padding_idx < 0 else padding_idx, scale_grad_by_freq
    return tables.embedding(indices, weight, padding, scale_grad_by_freq=by_freq, sparse=sparse)


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout.dropout`, as ``torch.dropout``."""
    return dropouts.dropout(input, p, train)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout`, written into `input`."""
    return dropouts.dropout(input, p, train, inplace=True)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout.alpha_dropout`, as ``torch.alpha_dropout``."""
    return dropouts.alpha_dropout(input, p, train)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout`, written into `input`."""
    return dropouts.alpha_dropout(input, p, train, inplace=True)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout.feature_alpha_dropout`, as ``torch.feature_alpha_dropout``."""
    return dropouts.feature_alpha_dropout(input, p, train)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_alpha_dropout`, written into `input`."""
    return dropouts.feature_alpha_dropout(input, p, train, inplace=True)
