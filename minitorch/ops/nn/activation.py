"""Activations of one element at a time, and the gated linear unit. (Softmax: `softmax`.)

Where an activation has a kink, its gradient there is the one that PyTorch chose: the docstring of
each Function says which side an edge belongs to. Sigmoid and tanh are in `pointwise`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import activation as kernels, special
from minitorch.kernels.blocks import by_blocks
from minitorch.kernels.mask import at_least, at_most, choose, keep, keep_whole, positive
from minitorch.ops.math import random as draws
from minitorch.ops.math.pointwise import sigmoid, tanh
from minitorch.ops.math.select import where
from minitorch.ops.math.special import erfc
from minitorch.ops.nn.second_order import PiecewiseLinear, composed_gradients
from minitorch.ops.support import operands as args
from minitorch.ops.support.inplace import assign, check_writable
from minitorch.ops.support.operands import in_wider, is_half, require_tensor, set_grad_fn_name
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
    "threshold_",
]


def floats(who: str, input: Any, name: str = "input") -> Tensor:
    """`input`, refused unless it is a tensor of floats; integers as PyTorch does it."""
    x = require_tensor(who, name, input)
    if not x.is_floating_point():
        raise NotImplementedError(
            f'"{who}" not implemented for {x.dtype} ({name}); convert with .float() first'
        )
    return x


def _written(x: Tensor, inplace: bool, operation: Callable[..., Any], **params: Any) -> Tensor:
    """``operation(x, **params)``, into x if `inplace`."""
    return assign(x, operation, x, **params) if inplace else operation(x, **params)


class ApplyMask(Function):
    """y = x where the mask holds, else 0 (whatever x is there: inf and NaN too)."""

    elementwise = True
    memory_layout = "preserved"
    torch_name = "ThresholdBackwardBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, mask: Array) -> Array:
        self.save(mask)
        return keep_whole(x, mask)

    def backward(self, grad: Tensor) -> Any:
        (mask,) = self.saved
        return ApplyMask.apply(grad, mask), None


class MaskedIdentity(PiecewiseLinear):
    """A function whose slope is 1 where a mask holds and 0 elsewhere. The mask holds at NaN."""

    elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def backward(self, grad: Tensor) -> Any:
        (mask,) = self.saved
        return ApplyMask.apply(grad, mask)


class ReLU(MaskedIdentity):
    """y = max(x, 0); the gradient at 0 is 0."""

    torch_name = "ReluBackward0"

    def forward(self, x: Array) -> Array:
        if not self.needs(0):
            return at_least(x, 0)
        y, above = positive(x)
        self.save(above)
        return y


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``; the gradient at 0 is 0.

    >>> import minitorch
    >>> relu(minitorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    x = require_tensor("relu", "input", input)
    if x._numpy_dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    if inplace:
        return assign(x, ReLU.apply, x)
    return ReLU.apply(x) if x._slow_path and not x._is_plain_view() else ReLU.apply_plain(x)


class Hardtanh(MaskedIdentity):
    """y = x held between `low` and `high`; the gradient at either is 0."""

    def forward(self, x: Array, *, low: float, high: float) -> Array:
        if self.needs(0):
            self.save(~((x <= low) | (x >= high)))
        return at_most(at_least(x, low), high)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """`input` held between `min_val` and `max_val`.

    Raises:
        ValueError: if min_val > max_val.
        RuntimeError: for bools, or a negative limit of an unsigned dtype.
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    x = require_tensor("hardtanh", "input", input)
    kind = x._numpy_dtype.kind
    if kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if kind == "u" and (int(min_val) < 0 or int(max_val) < 0):
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return _written(x, inplace, Hardtanh.apply, low=min_val, high=max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """`input` held between 0 and 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


class Threshold(MaskedIdentity):
    """y = x where x > `edge`, else `value`; the gradient at the edge is 0."""

    def forward(self, x: Array, *, edge: float, value: float) -> Array:
        above = ~(x <= edge)
        self.save(above)
        return choose(above, x, np.asarray(value, x.dtype))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """`input` where it is above `threshold`, else `value`."""
    x = require_tensor("threshold", "input", input)
    if x._numpy_dtype.kind == "b":
        raise NotImplementedError('"threshold_cpu" not implemented for Bool; convert with .float()')
    return _written(x, inplace, Threshold.apply, edge=threshold, value=value)


class Hardshrink(MaskedIdentity):
    """y = x where |x| > `lambd`, else 0; the gradient at the edges is 0."""

    def forward(self, x: Array, *, lambd: float) -> Array:
        outside = ~((x >= -lambd) & (x <= lambd))
        self.save(outside)
        return keep(x, outside)


@takes_out("hardshrink", SAME)
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """`input` where its magnitude is above `lambd`, else 0."""
    return Hardshrink.apply(floats("hardshrink", input), lambd=lambd)


class Softshrink(MaskedIdentity):
    """y = x pulled toward 0 by `lambd`, and 0 within it; the gradient at the edges is 0."""

    def forward(self, x: Array, *, lambd: float) -> Array:
        outside = ~((x >= -lambd) & (x <= lambd))
        self.save(outside)
        return np.where(outside, x - np.copysign(x.dtype.type(lambd), x), x * x.dtype.type(0))


@takes_out("softshrink", SAME)
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """`input` pulled toward 0 by `lambd`, and 0 where that would carry it past.

    Raises:
        RuntimeError: for a negative `lambd`.
    """
    x = floats("softshrink", input)
    if lambd < 0:
        raise RuntimeError(
            f"lambda must be greater or equal to 0, but found to be {float(lambd):g}."
        )
    return Softshrink.apply(x, lambd=lambd)


def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``."""
    x = require_tensor("tanhshrink", "input", input)
    return x - tanh(x)


class LeakyReLU(PiecewiseLinear):
    """y = x where x > 0, else `slope` * x; the gradient at 0 is `slope`."""

    elementwise = True
    memory_layout = "preserved"
    torch_name = "LeakyReluBackward0"

    def forward(self, x: Array, *, slope: float) -> Array:
        self.slope = slope
        y, positive = kernels.leaky_relu(x, slope)
        if self.needs(0):
            self.save(positive)
        return y

    def backward(self, grad: Tensor) -> Any:
        (positive,) = self.saved
        return where(positive, grad, grad * self.slope)

    def backward_kernel(self, grad: Array) -> Array:
        (positive,) = self.saved
        return kernels.leaky_relu_back(grad, positive, self.slope)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """`input` where positive, else ``negative_slope * input``; its gradient at 0 is the slope."""
    if inplace and negative_slope < 0:
        raise RuntimeError(
            "In-place leakyReLu backward calculation is triggered with a negative slope which is "
            "not supported. Please call out-of-place version, without inplace=True."
        )
    return _written(floats("leaky_relu", input), inplace, LeakyReLU.apply, slope=negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """`input` where positive, else ``weight * input``: a leaky ReLU whose slope is learned.

    Shape: input ``(N, C, *)``, weight ``(C)``, ``(1)`` or ``()``.

    Raises:
        RuntimeError: for a weight of another shape or dtype.
    """
    x, w = floats("prelu", input), require_tensor("prelu", "weight", weight)
    shape, slopes = x._array.shape, w._array
    if x._array.dtype != slopes.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {x.dtype} and {w.dtype}; convert with .to()"
        )
    if slopes.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {slopes.ndim}"
        )
    if slopes.size != 1:
        if not shape:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = shape[1] if len(shape) > 1 else 1
        if slopes.size != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{slopes.size} and channel size = {channels}."
            )
    if slopes.ndim == 1:
        w = w.reshape((1, slopes.size, *(1,) * (len(shape) - 2)) if len(shape) > 1 else shape[:0])
    positive = x > 0
    # The product never meets what is not its own, so that an inf there makes no NaN gradient.
    return set_grad_fn_name("PreluKernelBackward0", where(positive, x, w * where(positive, 0.0, x)))


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """A leaky ReLU whose slope is drawn from U[lower, upper) for each element that is not positive.

    Out of training the slope is ``(lower + upper) / 2``. The draws are PyTorch's for the same seed.
    """
    x = floats("rrelu", input)
    if not lower <= upper or not (math.isfinite(lower) and math.isfinite(upper)):
        raise RuntimeError(
            f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}"
        )
    if not training:
        y = leaky_relu(x, (lower + upper) / 2, inplace)
        return y if inplace else args.laid(y)
    if inplace:
        check_writable(x)
    values = np.array(x._array, order="C")
    slopes, low = np.ones_like(values), values <= 0
    count = int(np.count_nonzero(low))
    least, most = (float(values.dtype.type(bound)) for bound in (lower, upper))
    slopes[low] = draws.stream(None).uniform(count, least, most, np.float64).astype(values.dtype)
    noise = x._wrap(slopes)
    return assign(x, lambda: x * noise) if inplace else args.laid(x * noise)


class ELU(Function):
    """y = scale * x where x > 0, else scale * alpha * (e ** (stretch * x) - 1)."""

    elementwise = True
    torch_name = "EluBackward0"

    def forward(self, x: Array, *, alpha: float, scale: float, stretch: float) -> Array:
        self.save(x)
        self.alpha, self.scale, self.stretch = alpha, scale, stretch
        self.smooth = alpha * stretch == 1  # the slope at 0 is the same on both sides
        scalar = x.dtype.type
        curve = np.expm1(at_most(x, 0) * scalar(stretch)) * scalar(alpha * scale)
        return at_least(x, 0) * scalar(scale) + curve  # one of the two is 0

    def backward(self, grad: Tensor) -> Tensor:
        (x,) = self.saved
        # Where it is straight, exp is given 0: it cannot overflow, nor has it a second derivative.
        curve = (where(x < 0, x, 0.0) * self.stretch).exp()
        if self.smooth:
            return grad * (curve * self.scale)
        bent = grad * curve * (self.alpha * self.scale * self.stretch)
        return where(x <= 0, bent, grad * self.scale)

    def backward_kernel(self, grad: Array) -> Array:
        (x,) = self.saved
        scalar = x.dtype.type
        slope = np.exp(keep(x, x < 0) * scalar(self.stretch))  # 1 at NaN, as in PyTorch
        slope *= scalar(self.alpha * self.scale * self.stretch)
        return grad * (
            slope if self.smooth else choose(x <= 0, slope, np.asarray(scalar(self.scale)))
        )


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` where positive, else ``alpha * (exp(input) - 1)``.

    Clevert, Unterthiner, Hochreiter, https://arxiv.org/abs/1511.07289.
    """
    if inplace and alpha < 0:
        raise RuntimeError(
            "In-place elu backward calculation is triggered with a negative slope which is not "
            "supported. Please call out-of-place version, without inplace=True."
        )
    return _written(floats("elu", input), inplace, ELU.apply, alpha=alpha, scale=1.0, stretch=1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` where positive, else ``alpha * (exp(input / alpha) - 1)``: smooth at 0.

    Barron, https://arxiv.org/abs/1704.07483.

    Raises:
        RuntimeError: for alpha = 0.
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    x = floats("celu", input)
    return _written(x, inplace, ELU.apply, alpha=alpha, scale=1.0, stretch=1.0 / alpha)


# The fixed point of mean 0 and variance 1: Klambauer et al., https://arxiv.org/abs/1706.02515.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """``scale * elu(input, alpha)``, which keeps mean 0 and variance 1 from layer to layer."""
    x = floats("selu", input)
    return _written(x, inplace, ELU.apply, alpha=SELU_ALPHA, scale=SELU_SCALE, stretch=1.0)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``, also called swish."""
    return _written(floats("silu", input), inplace, _silu)


def _silu(x: Tensor) -> Tensor:
    return in_wider(_silu, x) if is_half(x) else SiLU.apply(x)


class SiLU(Function):
    """y = x * sigmoid(x)."""

    elementwise = True
    memory_layout = "preserved"
    torch_name = "SiluBackward0"

    def forward(self, x: Array) -> Array:
        self.save(x)
        return kernels.silu(x)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        s = x.sigmoid()
        return grad * (s * (x * (1 - s) + 1))

    def backward_kernel(self, grad: Array) -> Array:
        (x,) = self.saved
        return kernels.silu_back(grad, x)


def _gelu(x: Tensor) -> Tensor:
    """GELU, composed of other operations."""
    return x * erfc(x * -math.sqrt(0.5)) * 0.5


def _gelu_tanh(x: Tensor) -> Tensor:
    """GELU's approximation, composed of other operations."""
    # (1 + tanh(u)) / 2 = sigmoid(2 u) = 1 - sigmoid(-2 u): the small one of the two keeps its
    # digits, so that a derivative far out is not 0.
    above = (x.detach() > 0).to(x.dtype)
    sign = 2 * above - 1
    u = (x + 0.044715 * x * x * x) * math.sqrt(2 / math.pi)
    return x * (above - sign * sigmoid(u * (-2 * sign)))


GELU_WAYS = {"none": (special.gelu, _gelu), "tanh": (special.gelu_tanh, _gelu_tanh)}


class GELU(Function):
    """y = x * P(Z <= x) for a standard normal Z, or the approximation of it."""

    elementwise = True
    torch_name = "GeluBackward0"
    memory_layout = "preserved"

    def forward(self, x: Array, *, approximate: str) -> Array:
        self.save(x)
        self.approximate = approximate
        y, slope = by_blocks(GELU_WAYS[approximate][0], [x], 2)
        if self.edges:
            self.cache = slope
        return y

    def backward(self, grad: Tensor) -> Any:
        return composed_gradients(self, GELU_WAYS[self.approximate][1], self.saved, (grad,))

    def backward_kernel(self, grad: Array) -> Array:
        _ = self.saved  # refused if it was changed
        return grad * self.cache


@takes_out("gelu", SAME)
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``input * P(Z <= input)`` for a standard normal Z.

    Hendrycks, Gimpel, https://arxiv.org/abs/1606.08415.

    Args:
        approximate: 'tanh' takes ``(1 + tanh(u)) / 2`` for the probability, with
            ``u = sqrt(2 / pi) * (input + 0.044715 * input ** 3)``.

    Raises:
        RuntimeError: for another approximation.
    """
    x = floats("gelu", input)
    if is_half(x):
        return in_wider(gelu, x, approximate=approximate)
    if approximate not in GELU_WAYS:
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return GELU.apply(x, approximate=approximate)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * tanh(softplus(input))``. Misra, https://arxiv.org/abs/1908.08681."""
    return set_grad_fn_name("MishBackward0", _written(floats("mish", input), inplace, _mish))


def _mish(x: Tensor) -> Tensor:
    if is_half(x):
        return in_wider(_mish, x)
    return x * tanh(Softplus.apply(x, beta=1.0, threshold=math.inf))


class Softplus(Function):
    """y = log(1 + e ** (beta * x)) / beta; x itself where beta * x > threshold."""

    elementwise = True

    def forward(self, x: Array, *, beta: float, threshold: float) -> Array:
        self.save(x)
        self.beta, self.threshold = beta, threshold
        return kernels.softplus(x, beta, threshold)

    def backward(self, grad: Tensor) -> Tensor:
        (x,) = self.saved
        z = x if self.beta == 1 else x * self.beta
        return where(z > self.threshold, grad, grad * z.sigmoid())

    def backward_kernel(self, grad: Array) -> Array:
        (x,) = self.saved
        return kernels.softplus_back(grad, x, self.beta, self.threshold)


@takes_out("softplus", SAME)
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``; `input` itself where that is above `threshold`."""
    return Softplus.apply(floats("softplus", input), beta=beta, threshold=threshold)


@takes_out("logsigmoid", SAME)
def logsigmoid(input: Tensor) -> Tensor:
    """``log(sigmoid(input))``, without overflow or loss of precision.

    >>> import minitorch
    >>> logsigmoid(minitorch.tensor([-1000.0, 0.0]))
    tensor([-1.0000e+03, -6.9315e-01])
    """
    y = -Softplus.apply(-floats("logsigmoid", input), beta=1.0, threshold=math.inf)
    return set_grad_fn_name("LogSigmoidBackward0", args.laid(y))


def softsign(input: Tensor) -> Tensor:
    """``input / (1 + |input|)``."""
    x = require_tensor("softsign", "input", input)
    return x / (x.abs() + 1)


class Hardsigmoid(PiecewiseLinear):
    """y = x / 6 + 1 / 2 held between 0 and 1; the gradient at the edges is 0."""

    elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array) -> Array:
        y, inside = kernels.hardsigmoid(x)
        if self.needs(0):
            self.save(inside)
        return y

    def backward(self, grad: Tensor) -> Any:
        (inside,) = self.saved
        return ApplyMask.apply(grad, inside) / 6


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``input / 6 + 1 / 2`` held between 0 and 1."""
    return _written(floats("hardsigmoid", input), inplace, Hardsigmoid.apply)


class Hardswish(Function):
    """y = x * hardsigmoid(x); the gradient is 0 up to -3 and 1 from 3 on."""

    elementwise = True

    def forward(self, x: Array) -> Array:
        self.save(x)
        return kernels.hardswish(x)

    def backward(self, grad: Tensor) -> Tensor:
        (x,) = self.saved
        inside = (x > -3) & (x < 3)
        curve = where(inside, x, 0.0) / 3 + 0.5
        return where(inside, grad * curve, where(x <= -3, 0.0, grad))

    def backward_kernel(self, grad: Array) -> Array:
        (x,) = self.saved
        return kernels.hardswish_back(grad, x)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * hardsigmoid(input)``. Howard et al., https://arxiv.org/abs/1905.02244."""
    return _written(floats("hardswish", input), inplace, _hardswish)


def _hardswish(x: Tensor) -> Tensor:
    return in_wider(_hardswish, x) if is_half(x) else Hardswish.apply(x)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """``a * sigmoid(b)``, where a and b are the two halves of `input` along `dim`.

    Dauphin et al., https://arxiv.org/abs/1612.08083.

    Raises:
        RuntimeError: for a 0-d tensor, or an odd size along `dim`.
    """
    x = require_tensor("glu", "input", input)
    shape = x._array.shape
    if not shape:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    axis = args.wrap_dim(dim, len(shape))
    if shape[axis] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {axis} is size {shape[axis]}"
        )
    if is_half(floats("glu", x)):
        return in_wider(glu, x, dim=dim)
    half = shape[axis] // 2
    return set_grad_fn_name(
        "GluBackward0", x.narrow(axis, 0, half) * sigmoid(x.narrow(axis, half, half))
    )


# ---- in place ----------------------------------------------------------------------------------

relu_ = args.written_in_place(relu)
hardtanh_ = args.written_in_place(hardtanh)
threshold_ = args.written_in_place(threshold)
threshold = takes_out("threshold")(threshold)
leaky_relu_ = args.written_in_place(leaky_relu)
rrelu_ = args.written_in_place(rrelu)
elu_ = args.written_in_place(elu)
celu_ = args.written_in_place(celu)
selu_ = args.written_in_place(selu)
