"""A batch normalisation in evaluation put into the layer before it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from minitorch._tensor import Tensor
from minitorch.factory import ones_like, zeros_like
from minitorch.nn.modules.batchnorm import _BatchNorm
from minitorch.nn.modules.conv import _ConvNd
from minitorch.nn.modules.linear import Linear
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter

C = TypeVar("C", bound=_ConvNd)
L = TypeVar("L", bound=Linear)


def _statistics(layer: Module, bn: _BatchNorm) -> tuple[Tensor, Tensor, float, Any, Any]:
    """Give what `fuse_conv_bn_weights` is to know of `bn`."""
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias


def fuse_conv_bn_eval(conv: C, bn: _BatchNorm, transpose: bool = False) -> C:
    """A convolution that does what `conv` and then `bn` do in evaluation.

    Raises:
        AssertionError: in training, or for a `bn` without running statistics.

    >>> from minitorch import nn
    >>> fuse_conv_bn_eval(nn.Conv1d(1, 2, 3, bias=False).eval(), nn.BatchNorm1d(2).eval())
    Conv1d(1, 2, kernel_size=(3,), stride=(1,))
    """
    known, fused = _statistics(conv, bn), copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, *known, transpose)
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of such a convolution."""
    learn, learns = conv_w.requires_grad, conv_b is not None and conv_b.requires_grad
    bias_dtype = conv_w.dtype if conv_b is None else conv_b.dtype
    bias = zeros_like(bn_rm) if conv_b is None else conv_b
    shift = zeros_like(bn_rm) if bn_b is None else bn_b
    factor = (ones_like(bn_rm) if bn_w is None else bn_w) * (bn_rv + bn_eps).rsqrt()
    channels = ((1, -1) if transpose else (-1, 1)) + (1,) * (conv_w.ndim - 2)
    weight = (conv_w * factor.reshape(channels)).to(conv_w.dtype).detach()
    bias = (bias - bn_rm) * factor + shift
    return Parameter(weight, learn), Parameter(bias.to(bias_dtype).detach(), learns)


def fuse_linear_bn_eval(linear: L, bn: _BatchNorm) -> L:
    """A linear layer that does what `linear` and then `bn` do in evaluation.

    Raises:
        AssertionError: in training, for a `bn` without running statistics or of another size.
    """
    known = _statistics(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused = copy.deepcopy(linear)
    assert bn.weight is not None and bn.bias is not None
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, *known)
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor,
    bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of such a linear layer."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
