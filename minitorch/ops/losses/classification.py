"""Losses of classes: cross entropy and negative log likelihood; and what all losses share.

Cross entropy is the log-softmax and the likelihood in one, whose gradient is ``softmax - target``
(Bishop, Pattern Recognition and Machine Learning, 2006, eq. 4.108).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import softmax as kernels
from minitorch.ops.math.select import where
from minitorch.ops.nn.activation import floats
from minitorch.ops.nn.second_order import PiecewiseLinear
from minitorch.ops.nn.softmax import log_softmax
from minitorch.ops.support.operands import (
    HALVES,
    caller_stacklevel,
    check_constant,
    require_tensor,
)

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["cross_entropy", "nll_loss"]

REDUCTIONS = ("none", "mean", "sum")
_INT64, _UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


def _along_classes(weight: Any, ndim: int) -> Any:
    """A weight a class, shaped to multiply (N, C, *)."""
    return weight.reshape(1, -1, *(1,) * (ndim - 2))


def reduction_of(size_average: Any, reduce: Any, reduction: str) -> str:
    """`reduction`, or what PyTorch's two deprecated flags say instead of it."""
    if size_average is not None or reduce is not None:
        averaged = size_average is None or size_average
        reduction = "none" if reduce is False else "mean" if averaged else "sum"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' "
            "instead.",
            stacklevel=caller_stacklevel(),
        )
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=caller_stacklevel(),
        )
        reduction = "mean"
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction; use one of {REDUCTIONS}")
    return reduction


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The losses as they are, their sum or their mean."""
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def _class_indices(
    who: str, x: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> bool:
    """Refuse targets and weights that do not fit `x` of shape ``(N, C, *)``.

    Returns:
        Whether every target is a class, and none ignored.
    """
    shape, y = x._array.shape, target._array
    expected = (shape[0], *shape[2:])
    if y.shape != expected:
        batch = y.shape[0] if y.ndim else 0
        if shape[0] != batch:
            raise ValueError(
                f"Expected input batch_size ({shape[0]}) to match target batch_size ({batch})."
            )
        raise RuntimeError(
            f"{who}: expected target of shape {list(expected)} for input of shape {list(shape)}, "
            f"got {list(y.shape)}"
        )
    if y.dtype != _INT64 and y.dtype != np.uint8:
        raise RuntimeError(
            f"{who}: expected scalar type Long (class indices) but found {target.dtype}; "
            "convert with .long()"
        )
    if weight is not None:
        _check_weight(who, shape[1], x, weight)
        check_constant(f"nll_loss{'' if len(shape) == 2 else '2d'}_forward", weight=weight)
    ignored = 0 <= ignore_index < shape[1]
    if y.size and y.dtype == _INT64 and y.view(_UINT64).max() < shape[1] and not ignored:
        return True  # a number below 0 looks large without a sign
    wrong = y[(y != ignore_index) & ((y < 0) | (y >= shape[1]))]
    if wrong.size:
        raise IndexError(
            f"Target {wrong.flat[0]} is out of bounds. ({who}: {shape[1]} classes, targets must "
            f"be 0..{shape[1] - 1} or ignore_index={ignore_index})"
        )
    return False


def _check_weight(who: str, classes: int, x: Tensor, weight: Tensor) -> None:
    if weight._array.shape != (classes,):
        raise RuntimeError(
            f"{who}: weight tensor should be defined either for all {classes} classes or no "
            f"classes but got weight tensor of shape: {list(weight._array.shape)}"
        )
    if weight._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"{who}: expected weight of {x.dtype} as the input is, got {weight.dtype}"
        )


class NLLLoss(PiecewiseLinear):
    """loss = -sum over c of t[n, c] * x[n, c], where t is made of the class indices.

    t holds the class's weight at the target (0 if it is ignored); with label smoothing e it is
    (1 - e) of that, and e / C of every class's weight besides. The mean divides by the weights of
    the targets. t depends on no input, so the loss is linear in x and its gradient is -t; where t
    is 0 it is 0, whatever arrives, so that a mean over nothing (NaN) changes no parameter.
    """

    torch_name = "NllLossBackward0"
    differentiable_inputs = slice(1)

    def forward(
        self,
        x: Array,
        target: Array,
        weight: Array | None,
        *,
        ignore_index: int,
        smoothing: float,
        reduction: str,
    ) -> Array:
        self.save(target, weight)
        self.shape, self.reduction, self.smoothing = x.shape, reduction, smoothing
        self.ignore_index = ignore_index
        return self.loss(x, target, weight)

    def loss(self, x: Array, target: Array, weight: Array | None) -> Array:
        """The loss of log-probabilities x ``(N, C, *)`` for class indices ``(N, *)``."""
        classes, kept = x.shape[1], target != self.ignore_index
        safe = np.where(kept, target, 0)
        if kept.all() and x.ndim == 2:
            picked = x[np.arange(x.shape[0]), safe]  # the plain case, quicker
        else:
            picked = np.take_along_axis(x, np.expand_dims(safe, 1), 1).squeeze(1)  # (N, *)
        likelihood = picked if weight is None else picked * weight[safe]
        if self.smoothing:
            spread = x if weight is None else x * _along_classes(weight, x.ndim)
            share = self.smoothing / classes
            likelihood = (1 - self.smoothing) * likelihood + share * spread.sum(1)
        losses = -np.where(kept, likelihood, x.dtype.type(0))
        if self.reduction == "none":
            return losses.astype(x.dtype, copy=False)
        total = losses.sum(dtype=x.dtype)
        if self.reduction == "mean":
            divisor = self.divisor(target, weight, x.dtype)
            total = np.divide(total, divisor) if divisor else np.nan
        return np.asarray(total, x.dtype)

    def divisor(self, target: Array, weight: Array | None, dtype: np.dtype[Any]) -> Array:
        """Divisor of the mean: the weight of all targets."""
        kept = target != self.ignore_index
        if weight is None:
            return np.asarray(np.count_nonzero(kept), dtype)
        return np.asarray(weight[target[kept]].sum(), dtype)

    def coefficients(
        self, target: Array, weight: Array | None, dtype: np.dtype[Any]
    ) -> tuple[Array, Array]:
        """t, divided by the mean's divisor, ``(N, C, *)``, and whether it counts, ``(N, 1, *)``."""
        classes = self.shape[1]
        kept = target != self.ignore_index
        safe = np.where(kept, target, 0)
        own = kept.astype(dtype) if weight is None else np.where(kept, weight[safe], 0)
        each = np.ones((), dtype) if weight is None else _along_classes(weight, len(self.shape))
        if self.reduction == "mean":
            divisor = self.divisor(target, weight, dtype)
            np.divide(own, divisor, out=own, where=kept)
            each = np.divide(each, divisor)
        t = np.zeros(self.shape, dtype)
        if self.smoothing:
            share = dtype.type(self.smoothing / classes)
            t += np.where(np.expand_dims(kept, 1), share * each, 0)
            own = own * (1 - self.smoothing)
        at = list(np.ogrid[tuple(slice(n) for n in target.shape)])
        at.insert(1, safe)
        t[tuple(at)] += own
        return t, np.expand_dims(kept, 1)

    def beside_classes(self, grad: Any) -> Any:
        """The gradient with room for the classes."""
        return grad[:, None] if self.reduction == "none" else grad

    def backward(self, grad: Tensor) -> Any:
        target, weight = self.saved
        factors = None if weight is None else weight._array
        t, kept = self.coefficients(target._array, factors, grad._array.dtype)
        each = where(grad._wrap(kept), self.beside_classes(grad), 0.0)
        return where(grad._wrap(t != 0), grad._wrap(-t) * each, 0.0), None, None


class CrossEntropy(NLLLoss):
    """loss = `NLLLoss` of log_softmax(x): its gradient is softmax(x) * sum(t) - t.

    `plain` says that every class and every target counts alike: of that there is a kernel.
    """

    run = Function.run  # unlike the likelihood's, this one's gradient is not flat

    def forward(
        self,
        x: Array,
        target: Array,
        weight: Array | None,
        *,
        ignore_index: int,
        smoothing: float,
        reduction: str,
        plain: bool = False,
    ) -> Array:
        self.save(x, target, weight)
        self.shape, self.reduction, self.smoothing = x.shape, reduction, smoothing
        self.ignore_index, self.plain = ignore_index, plain
        if not plain:
            y = kernels.log_softmax(x, 1)
            if self.needs(0):
                self.cache = np.exp(y)  # enough for the first order
            return self.loss(y, target, weight)
        losses, *self.cache = kernels.cross_entropy(x, target)
        if reduction == "none":
            return losses
        total = np.add.reduce(losses, dtype=x.dtype)
        return total if reduction == "sum" else total / total.dtype.type(len(x))

    def backward(self, grad: Tensor) -> Any:
        x, target, weight = self.saved
        factors = None if weight is None else weight._array
        t, kept = self.coefficients(target._array, factors, x._array.dtype)
        each = where(grad._wrap(kept), self.beside_classes(grad), 0.0)
        whole = grad._wrap(t.sum(1, keepdims=True))
        return (x.softmax(1) * whole - grad._wrap(t)) * each, None, None

    def backward_kernel(self, grad: Array) -> Any:
        target = self.saved_at(1)  # of x there is the softmax, so that it may have been changed
        if self.plain:
            if self.reduction == "mean":
                grad = grad / grad.dtype.type(len(target))
            return kernels.cross_entropy_back(grad, *self.cache), None, None
        t, kept = self.coefficients(target, self.saved_at(2), grad.dtype)
        each = np.where(kept, self.beside_classes(grad), grad.dtype.type(0))
        return (self.cache * t.sum(1, keepdims=True) - t) * each, None, None


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Measure how badly the logits `input` predict `target`, in nats.

    Args:
        input: unnormalised log-probabilities.
        target: class indices (int64), or a probability for each class.
        weight: a factor for each class.
        ignore_index: a target index that counts for nothing.
        reduction: 'mean' (by weight), 'sum' or 'none'.
        label_smoothing: in [0, 1]; how much of each target is spread over all classes.

    Shape:
        input ``(N, C, *)`` or ``(C)``; target ``(N, *)`` or ``()`` of indices, or input's shape of
        probabilities; output ``()``, or the indices' shape for 'none'.

    Raises:
        IndexError: for a class index out of range.
        ValueError, RuntimeError: for shapes, dtypes or options that do not fit.

    >>> import minitorch
    >>> cross_entropy(minitorch.zeros(2, 10), minitorch.tensor([3, 7]))
    tensor(2.3026)
    """
    x = require_tensor("cross_entropy", "input", input)
    y = require_tensor("cross_entropy", "target", target)
    reduction = reduction_of(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if x._array.ndim == 0:
        raise ValueError("cross_entropy: expected an input of (N, C, *) or (C), got a 0-d tensor")
    floats("cross_entropy", x)
    single = x._array.ndim == 1
    if x._array.shape == y._array.shape:
        if y._array.dtype.kind != "f":
            raise RuntimeError(
                "Expected floating point type for target with class probabilities, got "
                f"{target.dtype}: a target of the input's shape is one of probabilities"
            )
        if single:
            x, y = x.unsqueeze(0), y.unsqueeze(0)
        if weight is not None:
            _check_weight("cross_entropy", x._array.shape[1], x, weight)
        loss = _soft_cross_entropy(x, y, weight, reduction, label_smoothing)
    else:
        if single:
            x, y = x.unsqueeze(0), _of_one(y)
        certain = _class_indices("cross_entropy", x, y, weight, ignore_index)
        plain = certain and weight is None and not label_smoothing and x._array.ndim == 2
        if x._numpy_dtype in HALVES and x._array.ndim == 2 and not label_smoothing:
            # As PyTorch, which rounds in between. (Else, in one step, it is more precise.)
            found = log_softmax(x, 1)
            loss = nll_loss(found, y, weight, ignore_index=ignore_index, reduction=reduction)
        else:
            loss = CrossEntropy.apply(
                x,
                y,
                weight,
                ignore_index=ignore_index,
                smoothing=label_smoothing,
                reduction=reduction,
                plain=plain,
            )
    return loss.squeeze(0) if single and reduction == "none" else loss


def _of_one(target: Tensor) -> Tensor:
    """The target of a single sample: a 0-d tensor, or one of one element, as a batch."""
    if target._array.ndim > 1:
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported: got shape "
            f"{list(target._array.shape)} for an input of one sample"
        )
    return target if target._array.ndim else target.unsqueeze(0)


def _soft_cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    """Cross entropy of a distribution: differentiable in the target as well. x is (N, C, *)."""
    classes = x._array.shape[1]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    terms = log_softmax(x, 1) * target
    if weight is not None:
        terms = terms * _along_classes(weight, x._array.ndim)
    losses = -terms.sum(1)
    if reduction != "mean":
        return reduced(losses, reduction)
    return losses.sum() / losses._array.size


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability that `input` gives to the class indices `target`.

    Shape, Args, Raises: as `cross_entropy`, with `input` after log_softmax and indices only.
    """
    x, y = require_tensor("nll_loss", "input", input), require_tensor("nll_loss", "target", target)
    reduction = reduction_of(size_average, reduce, reduction)
    if x._array.ndim == 0:
        raise ValueError("nll_loss: expected an input of (N, C, *) or (C), got a 0-d tensor")
    single = x._array.ndim == 1
    if single:
        x, y = x.unsqueeze(0), _of_one(y)
    _class_indices("nll_loss", x, y, weight, ignore_index)
    floats("nll_loss", x)
    loss: Tensor = NLLLoss.apply(
        x, y, weight, ignore_index=ignore_index, smoothing=0.0, reduction=reduction
    )
    return loss.squeeze(0) if single and reduction == "none" else loss
