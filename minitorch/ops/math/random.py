"""Filling a tensor with random numbers, in PyTorch's order and from PyTorch's streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import random
from minitorch.ops.support.inplace import check_writable, copy_
from minitorch.ops.support.operands import integer, is_tensor, largest, require_tensor
from minitorch.ops.support.out import DRAWN, SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["bernoulli", "binomial", "multinomial", "poisson"]


def stream(generator: Any) -> random.Stream:
    """The stream of a `Generator`; the default one for None.

    Raises:
        TypeError: for anything else.
    """
    if generator is None:
        return random.default
    try:
        return generator._stream
    except AttributeError:
        raise TypeError(
            f"generator: expected a torch.Generator or None, got {type(generator).__name__}"
        ) from None


def _fill(target: Tensor, values: Array) -> Tensor:
    """Write a flat stream of values into `target` in memory order."""
    laid_out = np.empty_like(target._array)
    random.fill(laid_out, values)
    return copy_(target, target._wrap(laid_out))


def floating(who: str, target: Tensor) -> np.dtype[Any]:
    """The target's dtype, if it is a floating-point one; `who` fills it."""
    if target._array.dtype.kind != "f":
        raise NotImplementedError(f'"{who}" not implemented for {target.dtype}')
    return target._array.dtype


def uniform_(
    input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None
) -> Tensor:
    """Fill with draws from U[from, to).

    Raises:
        RuntimeError: if from > to, or the interval is too wide for the dtype.
    """
    check_writable(input)
    dtype = floating("uniform_", input)
    low, high = float(from_), float(to)
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
        )
    if high - low > largest(dtype):
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype}>::max(), but found "
            f"to={high} and from={low} which result in to-from to exceed the limit"
        )
    return _fill(input, stream(generator).uniform(input._array.size, low, high, dtype))


def normal_(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with draws from the normal distribution.

    Raises:
        RuntimeError: for a negative standard deviation.
    """
    check_writable(input)
    dtype = floating("normal_", input)
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    contiguous = input._stored.flags.c_contiguous
    drawn = stream(generator).normal(input._array.size, mean, std, dtype, contiguous=contiguous)
    return _fill(input, drawn)


def log_normal_(
    input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None
) -> Tensor:
    """Fill with e to the power of draws from the normal distribution.

    Raises:
        RuntimeError: unless the standard deviation is positive.
    """
    return _drawn(input, "log_normal", generator, float(mean), float(std))


def exponential_(input: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with draws from the exponential distribution of rate `lambd`.

    Raises:
        RuntimeError: unless the rate is positive.
    """
    return _drawn(input, "exponential", generator, float(lambd))


def geometric_(input: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the numbers of trials, of probability `p` each, up to the first success.

    Raises:
        RuntimeError: unless 0 < p < 1.
    """
    return _drawn(input, "geometric", generator, float(p))


def cauchy_(
    input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None
) -> Tensor:
    """Fill with draws from the Cauchy distribution.

    Raises:
        RuntimeError: unless `sigma` is positive.
    """
    return _drawn(input, "cauchy", generator, float(median), float(sigma))


def _drawn(target: Tensor, how: str, generator: Any, *parameters: float) -> Tensor:
    check_writable(target)
    if how != "geometric":
        floating(f"{how}_", target)
    draw = getattr(stream(generator), how)
    return _fill(target, draw(target._array.size, *parameters, dtype=target._array.dtype))


class Drawn(Function):
    """y = draws that depend on x, and are constants: the gradient is 0."""

    broadcasts = True

    def forward(self, *parameters: Array, drawn: Array) -> Array:
        self.count = len(parameters)
        return drawn

    def backward(self, grad: Tensor) -> Any:
        zeros = grad.new_zeros(grad.shape)
        return zeros if self.count == 1 else (zeros,) * self.count


def normal(mean: Any, std: Any, *, generator: Any = None) -> Tensor:
    """Draws from normal distributions; at least one of `mean` and `std` is a tensor.

    Raises:
        RuntimeError: for a negative standard deviation.
    """
    owner: Tensor = mean if is_tensor(mean) else std
    m, s = (t._array if is_tensor(t) else t for t in (mean, std))
    if (s.min() if is_tensor(std) and s.size else 0 if is_tensor(std) else s) < 0:
        raise RuntimeError(f"normal expects all elements of std >= 0.0, got {std}")
    dtype = owner._array.dtype
    out = owner._wrap(np.zeros(np.broadcast_shapes(np.shape(m), np.shape(s)), dtype))
    if is_tensor(std):
        normal_(out, generator=generator)
        drawn = out._array * s + (m if is_tensor(mean) else dtype.type(m))
    else:
        normal_(out, 0.0, std, generator=generator)
        drawn = out._array + m
    tensors = [t for t in (mean, std) if is_tensor(t)]
    return Drawn.apply(*tensors, drawn=drawn.astype(dtype, copy=False))


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """For each element a draw from the Poisson distribution of that mean.

    Raises:
        RuntimeError: for a negative mean.
    """
    rates = np.ascontiguousarray(require_tensor("poisson", "input", input)._array)
    drawn = stream(generator).poisson(rates).reshape(input._array.shape)
    return Drawn.apply(input, drawn=drawn)


@takes_out("multinomial", SAME)
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Tensor:
    """For each row of weights, the numbers of columns drawn with their probabilities.

    Shape:
        (n,) gives (num_samples,); (rows, n) gives (rows, num_samples). int64.

    Raises:
        RuntimeError: for no samples, more than there are to draw, or weights that are negative,
            not finite, or all 0.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.multinomial(minitorch.tensor([0.1, 0.2, 0.3, 0.4]), 2)
    tensor([2, 1])
    """
    weights = require_tensor("multinomial", "input", input)._array
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, got {weights.ndim}")
    if weights.dtype.kind != "f":
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: " + str(input.dtype)
        )
    count = integer("multinomial", "num_samples", num_samples)
    rows = np.atleast_2d(weights)
    drawn = stream(generator).multinomial(rows, count, replacement)
    return input._wrap(drawn if weights.ndim == 2 else drawn[0])


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with ones drawn with probability `p` (a number, or a tensor of them), else zeros."""
    check_writable(input)
    if hasattr(p, "_array"):
        drawn = bernoulli(p.expand(tuple(input.shape)), generator=generator)
        return copy_(input, drawn)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    drawn_flat = stream(generator).bernoulli(input._array.size, float(p), input._array.dtype)
    return _fill(input, drawn_flat)


@takes_out("bernoulli", DRAWN)
def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None) -> Tensor:
    """Ones drawn with the probabilities in `input` (or with `p`), else zeros, of its shape.

    Raises:
        RuntimeError: for a probability outside 0..1.
    """
    x = require_tensor("bernoulli", "input", input)
    array = x._array
    if p is not None:
        room = x._wrap(np.empty(array.shape, array.dtype))
        drawn = bernoulli_(room, p, generator=generator)._array
        return Drawn.apply(x, drawn=drawn)
    if array.dtype.kind != "f":
        raise NotImplementedError(f'"bernoulli" not implemented for {x.dtype}')
    if array.size and not ((array >= 0) & (array <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    flat = stream(generator).bernoulli_from(np.ascontiguousarray(array).reshape(-1))
    return Drawn.apply(x, drawn=flat.reshape(array.shape))


def random_(input: Tensor, *bounds: Any, to: int | None = None, generator: Any = None) -> Tensor:
    """Fill with whole numbers: from 0 to what the dtype holds, from ``[0, to)`` or ``[from, to)``.

    Raises:
        RuntimeError: if the range is empty or the dtype cannot hold it.
    """
    check_writable(input)
    array = input._array
    given = bounds if to is None else (*bounds, to)
    if len(given) > 2:
        raise TypeError(f"random_() takes at most two bounds, got {bounds}, to={to}")
    if not given:
        return _fill(input, stream(generator).random(array.size, array.dtype))
    low, high = given if len(given) == 2 else (0, *given)
    start = integer("random_", "from", low)
    end = None if high is None else integer("random_", "to", high)
    return _fill(input, stream(generator).randint(array.size, start, end, array.dtype))


# ---- gamma, Dirichlet, binomial ---------------------------------------------------------------


def _of_floats(who: str, name: str, x: Any) -> Array:
    """A tensor's array in C order, if it is of a dtype that PyTorch samples in; `who` does."""
    array = np.ascontiguousarray(require_tensor(who, name, x)._array)
    if array.dtype not in (np.float32, np.float64):
        raise NotImplementedError(f'"{who}" not implemented for {x.dtype}')
    return array.reshape(x._array.shape)


class StandardGamma(Function):
    """y = draws from the gamma distributions of shapes x; they move with x at a fixed P(Y <= y)."""

    def forward(self, x: Array, *, drawn: Array) -> Array:
        self.save(x, drawn)
        return drawn

    def backward(self, grad: Tensor) -> Tensor:
        return grad * StandardGammaGrad.apply(*self.saved)


class StandardGammaGrad(Function):
    """z = dy/dx of gamma draws y of shapes x, to some four digits, and so not to be derived."""

    torch_name = "NotImplemented"

    def forward(self, x: Array, y: Array) -> Array:
        from minitorch.kernels import pathwise  # which few programs need

        return pathwise.standard_gamma_grad(x, y)

    def backward(self, grad: Tensor) -> Any:
        raise NotImplementedError(
            "the derivative for '_standard_gamma_grad' is not implemented: it is an approximation"
        )


def _standard_gamma(input: Tensor, generator: Any = None) -> Tensor:
    """Draw from the gamma distributions of shapes `input` and rate 1, differentiably.

    The gradient is PyTorch's approximation of how a draw moves with the shape.

    Raises:
        NotImplementedError: for a dtype other than float32 and float64.
    """
    shapes = _of_floats("gamma_cpu", "input", input)
    drawn = stream(generator).gamma(shapes).reshape(shapes.shape)
    return StandardGamma.apply(input, drawn=drawn)


def _standard_gamma_grad(input: Tensor, output: Tensor) -> Tensor:
    """Derive gamma draws `output` by their shapes `input`."""
    return StandardGammaGrad.apply(input, output)


class SampleDirichlet(Function):
    """y = draws from the Dirichlet distributions of concentrations x, along the last dimension."""

    def forward(self, x: Array, *, drawn: Array) -> Array:
        self.save(x, drawn)
        return drawn

    def backward(self, grad: Tensor) -> Tensor:
        x, y = self.saved
        total = x.sum(-1, keepdim=True).expand(x.shape)
        # A component is a beta variable; what it gains, the others lose in proportion.
        return DirichletGrad.apply(y, x, total) * (grad - (y * grad).sum(-1, keepdim=True))


class DirichletGrad(Function):
    """z = dx/d alpha / (1 - x) of beta draws x, to some four digits, and so not to be derived."""

    torch_name = "NotImplemented"

    def forward(self, x: Array, alpha: Array, total: Array) -> Array:
        from minitorch.kernels import pathwise  # which few programs need

        return pathwise.dirichlet_grad(x, alpha, total)

    def backward(self, grad: Tensor) -> Any:
        raise NotImplementedError(
            "the derivative for '_dirichlet_grad' is not implemented: it is an approximation"
        )


def _sample_dirichlet(input: Tensor, generator: Any = None) -> Tensor:
    """Draw from the Dirichlet distributions of concentrations `input`, differentiably.

    Shape:
        input: (..., K), and the draws, which sum to 1 along the last dimension.

    Raises:
        NotImplementedError: for a dtype other than float32 and float64.
    """
    drawn = stream(generator).dirichlet(_of_floats("dirichlet", "input", input))
    return SampleDirichlet.apply(input, drawn=drawn)


def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """Derive beta draws `x` by `alpha`, where ``total - alpha`` is the other; over ``1 - x``."""
    return DirichletGrad.apply(x, alpha, total)


class Binomial(Function):
    """y = draws from binomial distributions, of which PyTorch has no derivative."""

    torch_name = "NotImplemented"

    def forward(self, *parameters: Array, drawn: Array) -> Array:
        return drawn

    def backward(self, grad: Tensor) -> Any:
        raise RuntimeError("derivative for aten::binomial is not implemented")


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """Draw how many of `count` trials succeed, with probability `prob` each.

    Shape:
        count, prob: the same, of the same dtype; so are the draws.

    Raises:
        ValueError: for integers.
        RuntimeError: for two dtypes; and going backward, since there is no derivative.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.binomial(minitorch.tensor([4.0, 100.0]), minitorch.tensor([0.5, 0.3]))
    tensor([ 3., 32.])
    """
    counts, probs = (
        np.ascontiguousarray(require_tensor("binomial", name, x)._array)
        for name, x in (("count", count), ("prob", prob))
    )
    for name, x in (("count", count), ("prob", prob)):
        if x._array.dtype.kind != "f":
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {x.dtype}"
            )
    if counts.dtype != probs.dtype:
        raise RuntimeError(
            f"binomial: count and prob must have one dtype, got {count.dtype} and {prob.dtype}"
        )
    counts, probs = np.broadcast_arrays(counts, probs)
    drawn = stream(generator).binomial(counts, probs).reshape(counts.shape)
    return Binomial.apply(count, prob, drawn=drawn)
