"""Statistics of a sample: variance and covariance, medians and quantiles, counts."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.sums import add_up, wide
from minitorch.ops.math.reduce import AMax, expand_reduced, mean, need_elements, taken_at
from minitorch.ops.math.select import where
from minitorch.ops.math.sort import order_of, pick, sort
from minitorch.ops.shape.strided import diagonal
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import accept_axis_keepdims, require_tensor, wrap_dim, wrap_dims
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "bincount",
    "corrcoef",
    "cov",
    "histc",
    "median",
    "mode",
    "nanmedian",
    "nanquantile",
    "quantile",
    "std",
    "std_mean",
    "var",
    "var_mean",
]


# ---- variance ---------------------------------------------------------------------------------
class Var(Function):
    """y = sum((x - mean(x)) ** 2) / freedom over `dims`, in two passes."""

    memory_layout = "chosen"

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool, freedom: float) -> Array:
        self.dims, self.keepdim, self.freedom = dims, keepdim, freedom
        self.save(x)
        count = np.asarray(math.prod(x.shape[d] for d in dims), wide(x))
        centred = x - np.add.reduce(x, dims, dtype=wide(x), keepdims=True) / count
        total = add_up(np.multiply(centred, centred), dims, keepdim)
        return np.asarray(total / np.asarray(freedom, wide(x)), x.dtype)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        centred = x - mean(x, self.dims, keepdim=True) if self.dims else x - x
        scale = 2.0 / self.freedom if self.freedom else math.inf
        return expand_reduced(grad * scale, tuple(x.shape), self.dims, self.keepdim) * centred


@takes_out("var")
@accept_axis_keepdims
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The variance over `dim` (default all): the mean square of what differs from the mean.

    Args:
        input: a floating-point tensor.
        dim: one or more dimensions; or, as PyTorch has it, `unbiased`.
        unbiased: whether to divide by n - 1 (Bessel's correction; the default) or n.
        keepdim: whether to keep `dim` with size 1.
        correction: what to subtract from n, instead of `unbiased`.

    Where nothing is left to divide by, PyTorch and we warn, and the result is NaN or infinite.

    Raises:
        RuntimeError: for integers.
    """
    return _var("var", input, dim, unbiased, keepdim, correction)


@takes_out("std")
@accept_axis_keepdims
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation over `dim`: the root of `var`. Its gradient at 0 is 0, not NaN."""
    if args.is_half(input):
        return args.in_wider(std, input, dim, unbiased, keepdim, correction=correction)
    deviation = _root(_var("std", input, dim, unbiased, keepdim, correction, rooted=True))
    return args.set_grad_fn_name("StdBackward0", args.as_dtype(deviation, input._array.dtype))


@accept_axis_keepdims
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over `dim`; see `var`."""
    variance = _var("var_mean", input, dim, unbiased, keepdim, correction)
    return variance, mean(input, None if isinstance(dim, bool) else dim, keepdim)


@accept_axis_keepdims
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over `dim`; see `std`."""
    if args.is_half(input):
        deviation = std(input, dim, unbiased, keepdim, correction=correction)
    else:
        wide = _root(_var("std_mean", input, dim, unbiased, keepdim, correction, rooted=True))
        deviation = args.as_dtype(wide, input._array.dtype)
    args.set_grad_fn_name("StdMeanBackward0", deviation)
    return deviation, mean(input, None if isinstance(dim, bool) else dim, keepdim)


def _var(
    who: str,
    input: Tensor,
    dim: Any,
    unbiased: bool | None,
    keepdim: bool,
    correction: Any,
    rooted: bool = False,
) -> Tensor:
    """The variance; in a wider dtype if its root is wanted and it does not fit the input's."""
    x = require_tensor(who, "input", input)
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"{who}: std and var only support floating point and complex dtypes, got {x.dtype}"
        )
    if isinstance(dim, bool):  # PyTorch's var(unbiased)
        if unbiased is not None:
            raise TypeError(f"{who}(): got two values for 'unbiased'")
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    elif unbiased is not None:
        raise TypeError(f"{who}() takes either unbiased or correction, not both")
    dims = wrap_dims(dim, x._array.ndim)
    freedom = math.prod(x._array.shape[d] for d in dims) - correction
    if freedom <= 0:
        _warn_of_freedom(who, "the reduction factor (input numel divided by output numel)")
    options = {"dims": dims, "keepdim": keepdim, "freedom": max(freedom, 0)}
    variance: Tensor = Var.apply(x, **options)
    if x._array.itemsize == 8 or _is_normal(variance._array) or not x._array.size:
        return variance
    # PyTorch adds up in float64: the squares overflow or vanish where their root may not.
    variance = Var.apply(args.as_dtype(x, np.dtype(np.float64)), **options)
    return variance if rooted else args.as_dtype(variance, x._array.dtype)


def _is_normal(variance: Array) -> bool:
    """Whether no element is infinite, or so small that digits are lost."""
    limits = np.finfo(variance.dtype)
    return bool(((variance > 2 * limits.tiny) & (variance <= limits.max / 2)).all())


def _warn_of_freedom(who: str, limit: str) -> None:
    """Warn at the user's own line."""
    warnings.warn(
        f"{who}(): degrees of freedom is <= 0. Correction should be strictly less than {limit}.",
        UserWarning,
        stacklevel=args.caller_stacklevel(),
    )


def _root(x: Tensor) -> Tensor:
    """The square root; its gradient at 0 is 0."""
    if x._array.all():
        return x.sqrt()
    zero = x == 0
    return where(zero, 0.0, where(zero, 1.0, x).sqrt())


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """The covariances of variables, one a row, of which each column is an observation.

    Args:
        input: at most two dimensions; one is a single variable.
        correction: what to subtract from the number of observations before dividing by it.
        fweights: how often each observation counts, as integers.
        aweights: how much, as floats.

    Shape: ``(N, M) -> (N, N)``, and ``()`` for one variable.

    Raises:
        RuntimeError: for more dimensions, bools, or weights that do not fit.
    """
    x = _variables("cov", input)
    if x._array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = x if x._array.ndim == 2 else x.reshape(1, -1)
    count = x._array.shape[1]
    weights = None
    for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if given is None:
            continue
        w = require_tensor("cov", name, given)._array
        if w.ndim > 1 or w.dtype.kind not in kinds or w.size != count or (w < 0).any():
            raise RuntimeError(
                f"cov(): expected {name} to be at most 1-d, "
                f"{'integers' if kinds == 'iu' else 'floating point'}, one for each of {count} "
                f"observations and not negative, got {w.dtype} of shape {list(w.shape)}"
            )
        weights = given if weights is None else weights * given
    if weights is None:
        centre = x.sum(1) / count
        freedom: Any = count - correction
    else:
        total = weights.sum()
        if count and total.item() == 0:
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        centre = (x * weights).sum(1) / total
        lost = correction if aweights is None else correction * (weights * aweights).sum() / total
        freedom = total - lost
    if (freedom.item() if args.is_tensor(freedom) else freedom) <= 0:
        _warn_of_freedom("cov", "the number of observations")
        freedom = 0
    x = x - centre.unsqueeze(1)
    products = x @ (x if weights is None else x * weights).t()
    return (products / freedom).squeeze()


def corrcoef(input: Tensor) -> Tensor:
    """The correlations of variables, one a row, of which each column is an observation.

    Shape: ``(N, M) -> (N, N)``, and ``()`` for one variable.
    """
    c = cov(_variables("corrcoef", input))
    if c._array.ndim == 0:
        return c / c
    deviations = diagonal(c).sqrt()
    return (c / deviations.unsqueeze(1) / deviations.unsqueeze(0)).clamp(-1, 1)


def _variables(who: str, input: Tensor) -> Tensor:
    x = require_tensor(who, "input", input)
    if x._array.ndim > 2:
        raise RuntimeError(
            f"{who}(): expected input to have two or fewer dimensions but got an input with "
            f"{x._array.ndim} dimensions"
        )
    return x


# ---- what stands in the middle ----------------------------------------------------------------
class Median(AMax):
    """y = the lower median of all elements, NaN if there is one; ties share the gradient."""

    ignores_nan = False

    def choose(self, x: Array, dims: tuple[int, ...], keepdim: bool) -> Any:
        flat = x.ravel()
        kept = np.count_nonzero(flat == flat)
        if kept == 0 or (kept < flat.size and not self.ignores_nan):
            return np.asarray(np.nan, x.dtype)
        rank = (kept - 1) // 2
        return np.partition(flat, rank)[rank]


class NanMedian(Median):
    """y = the lower median of what is not NaN; ties share the gradient."""

    torch_name = "NanmedianBackward0"
    ignores_nan = True


@takes_out("median", SAME)
@accept_axis_keepdims
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median, the lower of two; over a `dim`, (values, indices). NaN if any element is.

    Raises:
        NotImplementedError: for bools.

    >>> import minitorch
    >>> minitorch.median(minitorch.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    return _median("median", input, dim, keepdim)


@takes_out("nanmedian", SAME)
@accept_axis_keepdims
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """`median` of what is not NaN."""
    return _median("nanmedian", input, dim, keepdim)


def _median(who: str, input: Tensor, dim: int | None, keepdim: bool) -> Any:
    x = require_tensor(who, "input", input)
    array = x._array
    if array.size:  # PyTorch has nothing against medians of no bools
        args.not_bool(who, x)
    ignore = who == "nanmedian"
    if dim is None:
        if array.size == 0 and array.dtype.kind != "f":
            raise RuntimeError(f"{who}(): the median of no integers is not defined")
        function = NanMedian if ignore else Median
        return function.apply(x, dims=tuple(range(array.ndim)), keepdim=False)
    axis = wrap_dim(dim, array.ndim)
    need_elements(who, x, (axis,) if array.ndim else ())
    rank: Array = np.zeros((), np.int64)
    if array.ndim:
        nan = np.count_nonzero(array != array, axis, keepdims=True)
        kept = array.shape[axis] - nan
        # The order puts NaN last, the first of them in the place after all numbers.
        rank = np.maximum(kept - 1, 0) // 2
        rank = rank if ignore else np.where(nan, kept, rank)
    named = return_types.nanmedian if ignore else return_types.median
    return named(*pick(x, axis, rank, keepdim))


@takes_out("mode", SAME)
@accept_axis_keepdims
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> return_types.mode:
    """The most frequent element along `dim`, the smallest of several, and where it is last."""
    x = require_tensor("mode", "input", input)
    array, axis = x._array, wrap_dim(dim, x._array.ndim)
    need_elements("mode", x, (axis,) if array.ndim else ())
    if array.ndim == 0:
        return return_types.mode(x.clone(), x._wrap(np.zeros((), np.int64)))
    order = np.moveaxis(order_of(array, axis), axis, -1)
    values = np.take_along_axis(np.moveaxis(array, axis, -1), order, -1)
    place = np.arange(values.shape[-1])
    first = np.ones(values.shape, bool)
    first[..., 1:] = values[..., 1:] != values[..., :-1]
    run = place - np.maximum.accumulate(np.where(first, place, 0), -1)  # how many equals before
    best = np.argmax(run, -1, keepdims=True)
    places = np.moveaxis(np.take_along_axis(order, best, -1), -1, axis)
    return return_types.mode(*taken_at(x, axis, places, keepdim))


@takes_out("quantile", SAME)
@accept_axis_keepdims
def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The value below which a part `q` of the elements over `dim` (default all) lies.

    Args:
        input: float32 or float64, not empty.
        q: a number in 0 to 1, or a tensor of them (0-d or 1-d) of `input`'s dtype.
        dim: one dimension.
        keepdim: whether to keep it with size 1.
        interpolation: between the two elements nearest to the rank ``q * (n - 1)``: 'linear',
            'lower', 'higher', 'nearest' or 'midpoint'.

    Shape: `input` without `dim`, behind a dimension for `q` if that is 1-d.

    Raises:
        RuntimeError: for other dtypes, nothing to rank, a `q` out of range or another method.

    >>> import minitorch
    >>> minitorch.quantile(minitorch.tensor([1.0, 2.0, 3.0]), minitorch.tensor([0.25, 1.0]))
    tensor([1.5000, 3.0000])
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@takes_out("nanquantile", SAME)
@accept_axis_keepdims
def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """`quantile` of what is not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(
    who: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    x = require_tensor(who, "input", input)
    if interpolation not in METHODS:
        raise RuntimeError(
            f"{who}() interpolation must be one of {', '.join(METHODS)}, but got {interpolation}"
        )
    dtype = x._array.dtype
    if dtype not in (np.float32, np.float64):
        raise RuntimeError(
            f"{who}() input tensor must be either float or double dtype, got {x.dtype}"
        )
    if x._array.size == 0:
        raise RuntimeError(f"{who}() input tensor must be non-empty")
    if not args.is_tensor(q):
        if not isinstance(q, args.SCALARS):
            raise TypeError(f"{who}(): q must be a number or a Tensor, not {type(q).__name__}")
        q = x._wrap(np.asarray(q, dtype))
    if q._array.ndim > 1:
        raise RuntimeError(f"{who}() q must be a scalar or 1D tensor")
    if q._array.dtype != dtype:
        raise RuntimeError(f"{who}() q tensor must be same dtype as the input tensor")
    if q._array.size and not (q._array.min() >= 0 and q._array.max() <= 1):
        raise RuntimeError(f"{who}() q must be in the range [0, 1] but got {q.tolist()}")

    ndim = x._array.ndim
    axis = None if dim is None else wrap_dim(dim, ndim)
    rows = x.reshape(-1) if axis is None or not ndim else x.movedim(axis, -1)
    ordered = sort(rows, -1).values
    nan = np.count_nonzero(rows._array != rows._array, -1, keepdims=True)
    last = rows._array.shape[-1] - 1
    if who == "nanquantile":
        ranks = q * rows._wrap(np.maximum(last - nan, 0).astype(dtype))
    else:  # a NaN is what an order ends with
        ranks = where(rows._wrap(nan > 0), float(last), q.reshape(-1) * last)
    rounded = {"lower": ranks.floor, "higher": ranks.ceil, "nearest": ranks.round}
    if interpolation in rounded:
        found = ordered.gather(-1, rounded[interpolation]().long())
    else:
        low, high = ranks.detach().floor(), ranks.detach().ceil()
        weight: Any = 0.5 if interpolation == "midpoint" else ranks - low
        below, above = ordered.gather(-1, low.long()), ordered.gather(-1, high.long())
        gap = above - below
        found = above - gap * (1 - weight)
        if interpolation == "linear":  # from whichever end is nearer, as PyTorch's lerp
            found = where(weight < 0.5, below + weight * gap, found)
    if axis is None:
        found = found.reshape((*(1,) * ndim * keepdim, -1))
    elif keepdim and ndim:
        found = found.unsqueeze(axis)
    return found.movedim(-1, 0) if q._array.ndim else found.squeeze(-1)


# ---- counts -----------------------------------------------------------------------------------
@takes_out("histc", SAME)
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Count the elements in each of `bins` equal intervals between `min` and `max`.

    Elements outside are not counted, and if `min` equals `max` both are the data's own. The
    counts have the input's dtype, and no gradient: they do not change with an element's value.

    Raises:
        RuntimeError: for no bins, or a range that is not finite or upside down.
        NotImplementedError: for integers.
    """
    x = require_tensor("histc", "input", input)._array
    if x.dtype.kind != "f":
        raise NotImplementedError(f'"histc" not implemented for {x.dtype}; convert with .float()')
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = float(min), float(max)
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low == high:
        low, high = low - 1, high + 1
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    inside = x[(x >= low) & (x <= high)].astype(wide(x))
    scalar = inside.dtype.type
    place = ((inside - scalar(low)) * scalar(bins) / (scalar(high) - scalar(low))).astype(np.int64)
    counts = np.bincount(np.minimum(place, bins - 1), minlength=bins)
    return input._wrap(counts.astype(x.dtype))


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """Count each of 0, 1, ... in a 1-d tensor, or sum its `weights`.

    Raises:
        RuntimeError: for other ranks, negative numbers, or weights of another length.
        NotImplementedError: for floats and bools.

    >>> import minitorch
    >>> minitorch.bincount(minitorch.tensor([1, 1, 3]))
    tensor([0, 2, 0, 1])
    """
    x = require_tensor("bincount", "input", input)._array
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f'"bincount" not implemented for {x.dtype}')
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}")
    if x.ndim != 1 or (x.size and x.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None or x.size == 0:
        return input._wrap(np.bincount(x, minlength=minlength).astype(np.int64, copy=False))
    w = require_tensor("bincount", "weights", weights)
    if w._array.shape != x.shape:
        raise RuntimeError(
            "weights should be 1-d and have the same length as input: got "
            f"{list(w._array.shape)} for {list(x.shape)}"
        )
    if w._array.dtype != np.float32:
        w = args.as_dtype(w, np.dtype(np.float64))
    count = max(int(x.max()) + 1, minlength)
    empty = w._wrap(np.zeros(count, w._array.dtype))
    return empty.scatter_add(0, input.long(), w)
