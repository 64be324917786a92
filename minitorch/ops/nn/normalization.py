"""Normalisation: batch, layer, group, instance and RMS norm are one Function over other axes.

Ioffe, Szegedy, https://arxiv.org/abs/1502.03167 (batch); Ba, Kiros, Hinton,
https://arxiv.org/abs/1607.06450 (layer); Ulyanov et al., https://arxiv.org/abs/1607.08022
(instance); Wu, He, https://arxiv.org/abs/1803.08494 (group); Zhang, Sennrich,
https://arxiv.org/abs/1910.07467 (RMS).
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import norm as kernels
from minitorch.kernels.sums import wide
from minitorch.ops.math.norms import vector_norm
from minitorch.ops.nn.activation import floats
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import (
    HALVES,
    as_dtype,
    check_constant,
    laid,
    require_tensor,
    set_grad_fn_name,
    shape_of,
)
from minitorch.ops.support.out import takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "normalize",
    "rms_norm",
]

Shape = tuple[int, ...]


@functools.lru_cache(maxsize=256)
def reduction_plan(shape: Shape, axes: Shape, spread: Shape) -> tuple[Shape, Shape, bool]:
    """The axes along which elements share a weight, those of them in `axes`, and whether in rows.

    In rows, each place along `axes`, which are the last, has a weight of its own.
    """
    over = tuple([axis for axis, n in enumerate(spread) if n == 1 and shape[axis] != 1])
    inner = tuple([axis for axis in over if axis in axes])
    return over, inner, not inner and all(n == 1 for n in spread[: axes[0]])


def _check_affine(x: Tensor, shape: Shape, expected: str, **params: Tensor | None) -> None:
    """Refuse weights, biases and statistics that do not fit, before anything is computed."""
    dtypes = set()
    for name, param in params.items():
        if param is None:
            continue
        array = require_tensor("norm", name, param)._array
        if array.shape != shape:
            raise RuntimeError(
                f"Expected {name} {expected.format(name=name)}, but got {name} of shape "
                f"{list(array.shape)} for input of shape {list(x.shape)}"
            )
        dtypes.add(array.dtype)
    wanted = {x._numpy_dtype}
    if x._numpy_dtype in HALVES and len(dtypes) == 1:
        wanted.add(np.dtype(np.float32))  # as PyTorch: the input may be half, all else float
    if not dtypes <= wanted:
        raise RuntimeError(
            f"mixed dtype (CPU): expect parameters to have the input's dtype {x.dtype}, got "
            f"{', '.join(str(dtype) for dtype in dtypes)}; convert with .to()"
        )


class Normalize(Function):
    """y = (x - mean) / sqrt(variance + eps) * w + b, with mean and variance over `axes` of x.

    Without `centre`, the mean counts as 0. w and b are shaped `spread`, which broadcasts to x.
    `running` collects the mean and variance if it is given.
    """

    memory_layout = "chosen"
    channels_last_from = 4

    def forward(
        self,
        x: Array,
        w: Array | None,
        b: Array | None,
        *,
        axes: Shape,
        eps: float,
        spread: Shape,
        centre: bool = True,
        running: RunningStats | None = None,
        name: str = "NativeBatchNormBackward0",
    ) -> Array:
        self.save(x, w)
        self.torch_name = name
        self.axes, self.eps, self.spread, self.centre = axes, eps, spread, centre
        self.over, self.inner, self.in_rows = reduction_plan(x.shape, axes, spread)
        self.shape = w.shape if w is not None else () if b is None else b.shape
        # PyTorch computes with float16 in float32 as well.
        array = x.astype(wide(x), copy=False)
        if w is not None:
            w = w.astype(array.dtype, copy=False)
        if self.in_rows:
            rows = array.reshape(-1, math.prod(spread))  # (M, E)
            w, b = (p if p is None else p.reshape(-1) for p in (w, b))
            y, *cache = kernels.standardise_rows(rows, w, b, eps, centre)
            y = y.reshape(x.shape)
        else:
            w, b = (p if p is None else p.reshape(spread) for p in (w, b))
            standard = kernels.standardise_cells(array, w, b, axes, self.inner, eps)
            if running is not None:
                running.update(standard, x.size)
            y, *cache = standard[:3]
        if self.edges:
            self.cache = cache
        return y.astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        x, w = self.saved
        over, grad_x, grad_w, grad_b = self.over, None, None, None
        if x._numpy_dtype in HALVES:  # in float32, as forward; the engine casts back
            grad, x = as_dtype(grad, np.dtype("f4")), as_dtype(x, np.dtype("f4"))
            w = None if w is None else as_dtype(w, np.dtype("f4"))
        if self.needs(0) or self.needs(1):
            y = x - x.mean(self.axes, keepdim=True) if self.centre else x
            inverse = ((y * y).mean(self.axes, keepdim=True) + self.eps).rsqrt()
            y = y * inverse
        if self.needs(0):
            scaled = grad if w is None else grad * w.reshape(self.spread)
            pull = y * (scaled * y).mean(self.axes, keepdim=True)
            if self.centre:
                pull = pull + scaled.mean(self.axes, keepdim=True)
            grad_x = (scaled - pull) * inverse
        if self.needs(1):
            weighted = grad * y
            grad_w = (weighted.sum(over) if over else weighted).reshape(self.shape)
        if self.needs(2):
            grad_b = (grad.sum(over) if over else grad).reshape(self.shape)
        return grad_x, grad_w, grad_b

    def backward_kernel(self, grad: Array) -> Any:
        x, w = self.saved
        dtype, wants_x = wide(grad), self.needs(0)
        grad, x = grad.astype(dtype, copy=False), x.astype(dtype, copy=False)
        w = w if w is None else w.astype(dtype, copy=False)
        if self.in_rows:
            rows = (-1, math.prod(self.spread))
            w = w if w is None else w.reshape(-1)
            mean, inverse = self.cache
            grad_x, grad_w, grad_b = kernels.rows_back(
                grad.reshape(rows), x.reshape(rows), w, mean, inverse, wants_x
            )
            grad_x = None if grad_x is None else grad_x.reshape(x.shape)
        else:
            w = w if w is None else w.reshape(self.spread)
            grad_x, *each = kernels.cells_back(
                grad, x, w, self.cache, self.axes, self.inner, wants_x
            )
            between = tuple([axis for axis in self.over if axis not in self.inner])
            grad_w, grad_b = (cells.sum(between) if between else cells for cells in each)
        params = (grad_w if self.needs(1) else None, grad_b if self.needs(2) else None)
        return grad_x, *(p if p is None else p.reshape(self.shape) for p in params)


class RunningStats:
    """The running mean and variance that a norm keeps, updated from what one batch shows.

    Args:
        mean, var: tensors of one number a channel, changed in place.
        momentum: how much of the new statistics goes in.
        groups: how many samples have statistics of their own (their mean goes in).
    """

    def __init__(self, mean: Tensor, var: Any, momentum: float, groups: int = 1) -> None:
        self.mean, self.var, self.momentum, self.groups = mean, var, momentum, groups

    def update(self, batch: kernels.Standard, size: int) -> None:
        """Take in a batch's statistics, computed over `size` elements."""
        if not size:
            return
        count = size // batch.variance.size
        unbiased = batch.variance * (count / (count - 1) if count > 1 else np.nan)
        for held, new in ((self.mean, batch.mean), (self.var, unbiased)):
            array, fresh = held._array, new.reshape(self.groups, -1)  # (C), (groups, C)
            fresh = fresh[0] if self.groups == 1 else fresh.mean(0)
            if not array.flags.writeable:  # of bfloat16
                held._write(array * (1 - self.momentum) + fresh * self.momentum)
            else:
                array *= 1 - self.momentum
                np.add(array, fresh * self.momentum, out=array, casting="same_kind")
            held._bump_version()


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel standardised over the batch and space, times `weight`, plus `bias`.

    In training by the batch's own mean and variance, which go into the running statistics (the
    variance unbiased, that is divided by n - 1); else by the running statistics.

    Shape: input ``(N, C, *)``; the others ``(C)``.

    Raises:
        ValueError: in training, for one value a channel, or eps <= 0; one running statistic alone.
        RuntimeError: for parameters of another size or dtype; no running statistics in evaluation.
        NotImplementedError: for integers.

    >>> import minitorch
    >>> batch_norm(minitorch.tensor([[0.0], [2.0]]), None, None, training=True, eps=1e-12)
    tensor([[-1.],
            [ 1.]])
    """
    x = require_tensor("batch_norm", "input", input)
    shape = x.shape
    if training and shape and math.prod(shape[2:]) * shape[0] == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)}"
        )
    if eps < 0 or (training and eps == 0):
        raise ValueError(
            f"batch_norm eps must be {'positive during training' if training else 'non-negative'}"
            f", but got {eps}"
        )
    if not training:
        for name, held in (("running_mean", running_mean), ("running_var", running_var)):
            if held is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    elif (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    check_constant("native_batch_norm", running_mean=running_mean, running_var=running_var)
    floats("batch_norm", x)
    channels = shape[1] if len(shape) > 1 else 0
    expected = f"to contain {channels} elements, one a channel"
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _check_affine(x, (channels,), expected, **statistics, weight=weight, bias=bias)
    if not channels:
        return x.clone()
    spread = (1, channels, *(1,) * (len(shape) - 2))
    if not training:
        return _by_running(x, running_mean, running_var, weight, bias, spread, eps)
    running = None if running_mean is None else RunningStats(running_mean, running_var, momentum)
    axes = (0, *range(2, len(shape)))
    return Normalize.apply(x, weight, bias, axes=axes, eps=eps, spread=spread, running=running)


class ScaleChannels(Function):
    """y = x * scale + shift, with one of each a channel. `spread` is their shape beside x."""

    memory_layout = "chosen"
    channels_last_from = 4
    torch_name = "NativeBatchNormBackward0"

    def forward(self, x: Array, scale: Array, shift: Array, *, spread: Shape) -> Array:
        self.save(x, scale)
        self.spread = spread
        self.inner = tuple([axis for axis, n in enumerate(spread) if n == 1])
        dtype = wide(scale)
        array, scale, shift = (a.astype(dtype, copy=False) for a in (x, scale, shift))
        y = kernels.scale_cells(array, scale.reshape(spread), shift.reshape(spread), self.inner)
        return y.astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        x, scale = self.saved
        size, dtype = scale.shape, scale._array.dtype
        grad, x = as_dtype(grad, dtype), as_dtype(x, dtype)
        grad_scale, grad_shift = (grad * x).sum(self.inner), grad.sum(self.inner)
        return grad * scale.reshape(self.spread), grad_scale.reshape(size), grad_shift.reshape(size)

    def backward_kernel(self, grad: Array) -> Any:
        x, scale = self.saved
        dtype, size = wide(scale), scale.shape
        grad, x, scale = (a.astype(dtype, copy=False) for a in (grad, x, scale))
        grad_x = grad_scale = grad_shift = None
        if self.needs(0):
            grad_x = kernels.scale_cells(grad, scale.reshape(self.spread), None, self.inner)
        if self.needs(1) or self.needs(2):
            grad_scale, grad_shift = kernels.cell_sums(grad, x, self.inner)
            grad_scale, grad_shift = grad_scale.reshape(size), grad_shift.reshape(size)
        return grad_x, grad_scale, grad_shift


def _by_running(
    x: Tensor, mean: Any, var: Any, w: Any, b: Any, spread: Shape, eps: float
) -> Tensor:
    scale = (var.detach() + eps).rsqrt()
    scale = scale if w is None else scale * w
    shift = -mean.detach() * scale
    shift = shift if b is None else shift + b
    return ScaleChannels.apply(x, scale, shift, spread=spread)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel of each sample standardised over space, times `weight`, plus `bias`.

    By its own mean and variance, whose means over the batch go into the running statistics; or, if
    not `use_input_stats`, by the running statistics.

    Shape: input ``(N, C, *)``; the others ``(C)``.

    Raises:
        ValueError: for one element of space with `use_input_stats`; one running statistic alone.
        RuntimeError: for parameters of another size or dtype; no running statistics to use.
        NotImplementedError: for integers.
    """
    x = require_tensor("instance_norm", "input", input)
    shape = x.shape
    if use_input_stats and math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {list(shape)}"
        )
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    check_constant("native_batch_norm", running_mean=running_mean, running_var=running_var)
    floats("instance_norm", x)
    channels = shape[1]
    expected = f"to contain {channels} elements, one a channel"
    _check_affine(x, (channels,), expected, weight=weight, bias=bias)
    spread = (1, channels, *(1,) * (len(shape) - 2))
    if not use_input_stats:
        _check_affine(x, (channels,), expected, running_mean=running_mean, running_var=running_var)
        return _by_running(x, running_mean, running_var, weight, bias, spread, eps)
    running = None
    if running_mean is not None:
        for name, held in (("running_mean", running_mean), ("running_var", running_var)):
            if held is not None and held._array.shape != (channels,):
                raise RuntimeError(
                    f"{name} should contain {channels} elements not {held._array.size}"
                )
        running = RunningStats(running_mean, running_var, momentum, groups=shape[0])
    axes = tuple(range(2, len(shape)))
    weight = weight if weight is None else weight.clone()  # as PyTorch: it may be changed
    y = Normalize.apply(x, weight, bias, axes=axes, eps=eps, spread=spread, running=running)
    return laid(y)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Each group of channels of each sample standardised, times `weight`, plus `bias`.

    Shape: input ``(N, C, *)`` with C a multiple of `num_groups`; weight and bias ``(C)``.

    Raises:
        RuntimeError: for shapes that do not fit, or parameters of another dtype.
        ValueError: for one value a group.
        NotImplementedError: for integers.
    """
    x = require_tensor("group_norm", "input", input)
    shape = x.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    N, C = shape[:2]
    space = math.prod(shape[2:])
    if N * C // num_groups * space == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{[N * C // num_groups, num_groups, *shape[2:]]}"
        )
    if num_groups < 1 or C % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    expected = "to be a vector of size equal to the number of channels in input"
    _check_affine(x, (C,), expected, weight=weight, bias=bias)
    floats("group_norm", x)
    if x.numel() == 0:
        return x.clone()
    grouped = x.reshape(N, num_groups, C // num_groups, space)
    spread = (1, num_groups, C // num_groups, 1)
    y = Normalize.apply(grouped, weight, bias, axes=(2, 3), eps=eps, spread=spread)
    return set_grad_fn_name("NativeGroupNormBackward0", y.reshape(shape))


def _normalized(who: str, x: Tensor, normalized_shape: Any, **params: Tensor | None) -> Shape:
    """The sizes of the last dimensions that are normalised over, checked."""
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            f"{who}(): argument 'normalized_shape' must be tuple of ints, not "
            f"{type(normalized_shape).__name__}"
        )
    last = shape_of(who, (normalized_shape,))
    if not last:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    shape = x.shape
    if shape[max(len(shape) - len(last), 0) :] != last:
        raise RuntimeError(
            f"Given normalized_shape={list(last)}, expected input with shape "
            f"[*, {', '.join(map(str, last))}], but got input of size {list(shape)}"
        )
    floats(who, x)
    _check_affine(x, last, f"to be of same shape as normalized_shape {list(last)}", **params)
    return last


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Each sample standardised over its last dimensions, times `weight`, plus `bias`.

    Shape: input ``(*, *normalized_shape)``; weight and bias `normalized_shape`.

    Raises:
        RuntimeError: for shapes that do not fit, or parameters of another dtype.
        TypeError: for a `normalized_shape` that is no sequence.
        NotImplementedError: for integers.

    >>> import minitorch
    >>> layer_norm(minitorch.tensor([[0.0, 2.0]]), (2,), eps=0)
    tensor([[-1.,  1.]])
    """
    x = require_tensor("layer_norm", "input", input)
    last = _normalized("layer_norm", x, normalized_shape, weight=weight, bias=bias)
    return _over_last(x, last, weight, bias, eps, centre=True)


def rms_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Each sample divided by its root mean square over its last dimensions, times `weight`.

    Args:
        eps: added to the mean square; by default the dtype's own (of float32, for float16).

    Shape: input ``(*, *normalized_shape)``; weight `normalized_shape`.

    Raises:
        RuntimeError, TypeError, NotImplementedError: as `layer_norm`.
    """
    x = require_tensor("rms_norm", "input", input)
    last = _normalized("rms_norm", x, normalized_shape, weight=weight)
    eps = float(np.finfo(wide(x._any_layout)).eps) if eps is None else eps
    return _over_last(x, last, weight, None, eps, centre=False)


def _over_last(
    x: Tensor, last: Shape, weight: Tensor | None, bias: Tensor | None, eps: float, centre: bool
) -> Tensor:
    if x.numel() == 0:
        return x.clone()
    lead = x.ndim - len(last)
    axes, spread = tuple(range(lead, lead + len(last))), (1,) * lead + last
    name = "NativeLayerNormBackward0" if centre else "MulBackward0"
    return Normalize.apply(
        x, weight, bias, axes=axes, eps=eps, spread=spread, centre=centre, name=name
    )


@takes_out("normalize")
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """`input` divided by its p-norm over `dim` (by `eps`, if that is larger).

    Raises:
        IndexError: if there is no such dimension.
        RuntimeError: for integers.

    >>> import minitorch
    >>> normalize(minitorch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    x = require_tensor("normalize", "input", input)
    return x / x.norm(p, dim, keepdim=True).clamp(min=eps)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``input / (k + alpha * mean) ** beta``: the mean of squares over `size` channels around each.

    Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks
    (2012), section 3.3; with alpha divided by `size`, as in PyTorch. Beyond the edges are zeros.

    Shape: ``(N, C, *)`` with at least one `*`.

    Raises:
        ValueError: for less than three dimensions.
        RuntimeError: for a size below 1.
    """
    x = require_tensor("local_response_norm", "input", input)
    shape = x.shape
    if len(shape) < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {len(shape)} dimensions)"
        )
    if x.numel() == 0:
        return x
    if size < 1:
        raise RuntimeError(f"local_response_norm: size should be greater than zero, but got {size}")
    if x._numpy_dtype.kind in "bu":
        raise NotImplementedError(
            f'"local_response_norm" not implemented for {x.dtype}; convert with .float()'
        )
    N, C, *space = shape
    before, after = (x.new_zeros(N, width, *space) for width in (size // 2, (size - 1) // 2))
    padded = cat([before, x * x, after], 1)  # (N, C + size - 1, *)
    total = padded.narrow(1, 0, C)
    for shift in range(1, size):
        total = total + padded.narrow(1, shift, C)
    # PyTorch's pooling divides integers without a remainder.
    mean = total / size if x.is_floating_point() else total.div(size, rounding_mode="floor")
    return x / (mean * alpha + k) ** beta


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norms of the slices of `v` along `dim`, or for dim = -1 that of all of it.

    Shape: as `v`, but 1 in every other dimension; ``()`` for dim = -1.
    """
    if dim == -1:
        return vector_norm(v, pow)
    others = tuple(d for d in range(v.ndim) if d != dim % v.ndim)
    return vector_norm(v, pow, others, keepdim=True) if others else v.abs()


def weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """`v` with the norms `g` in place of its own (Salimans & Kingma, 2016)."""
    return v * (g / norm_except_dim(v, 2, dim))
