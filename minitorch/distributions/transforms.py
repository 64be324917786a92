"""Transforms of random variables: invertible functions, with the logarithm of how they stretch."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.utils import (
    NUMBERS,
    broadcast_all,
    lazy_property,
    limits,
    sum_rightmost,
    tril_matrix_to_vec,
    vec_to_tril_matrix,
)
from minitorch.factory import eye, full_like, zeros_like
from minitorch.linalg import cholesky
from minitorch.nn.functional import logsigmoid, pad, softplus
from minitorch.ops.shape.views import broadcast_shapes, cat, stack

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]


class Transform:
    """A function of random variables, its inverse, and the logarithm of its Jacobian.

    Subclasses give `domain` and `codomain`, `_call`, `_inverse` and, if they are `bijective`,
    `log_abs_det_jacobian`; `sign` if they go up (1) or down (-1).

    Args:
        cache_size: 1 to remember the last value and what it became, so that the inverse of what
            was just transformed is exact and free.

    Raises:
        ValueError: for another `cache_size` than 0 and 1.

    >>> import minitorch
    >>> x = minitorch.tensor([0.0, 1.0])
    >>> y = ExpTransform()(x)
    >>> y, ExpTransform().log_abs_det_jacobian(x, y)
    (tensor([1.0000, 2.7183]), tensor([0., 1.]))
    >>> ExpTransform().inv(y)
    tensor([0.0000, 1.0000])
    """

    bijective: Any = False
    domain: Any
    codomain: Any
    # What is given to `__init__` again by `with_cache`, in its order.
    _parts: tuple[str, ...] = ()

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._inv: Any = None
        self._cached_x_y: tuple[Any, Any] = (None, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_inv": None}

    @property
    def event_dim(self) -> Any:
        """Number of the last dimensions that make one value, before and after.

        Raises:
            ValueError: if they are not as many after.
        """
        if self.domain.event_dim == self.codomain.event_dim:
            return self.domain.event_dim
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    @property
    def inv(self) -> Any:
        """The inverse transform, whose own inverse this is."""
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    @property
    def sign(self) -> Any:
        """The sign of the derivative, for what goes up or down throughout."""
        raise NotImplementedError

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        if not self._parts and type(self).__init__ is not Transform.__init__:
            raise NotImplementedError(f"{type(self)}.with_cache is not implemented")
        parts = (getattr(self, name) for name in self._parts)
        kind: Any = type(self)
        return kind(*parts, cache_size=cache_size)

    def __eq__(self, other: object) -> bool:
        return self is other

    # As in PyTorch, what compares by value has no hash.
    __hash__ = None  # type: ignore[assignment]

    def __call__(self, x: Tensor) -> Tensor:
        x_old, y_old = self._cached_x_y
        if x is x_old:
            return y_old
        y = self._call(x)
        if self._cache_size:
            self._cached_x_y = x, y
        return y

    def _inv_call(self, y: Tensor) -> Tensor:
        x_old, y_old = self._cached_x_y
        if y is y_old:
            return x_old
        x = self._inverse(y)
        if self._cache_size:
            self._cached_x_y = x, y
        return x

    def _call(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The logarithm of ``|dy / dx|``; x and y without the dimensions of one value."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def forward_shape(self, shape: Any) -> Any:
        """The shape of y for this shape of x."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of x for this shape of y."""
        return shape


class _InverseTransform(Transform):
    """The inverse of a transform, which holds the cache."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self._inv = transform

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return self._inv.codomain

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return self._inv.domain

    @property
    def bijective(self) -> Any:
        return self._inv.bijective

    @property
    def sign(self) -> Any:
        return self._inv.sign

    @property
    def inv(self) -> Any:
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._inv.with_cache(cache_size).inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and self._inv == other._inv

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._inv!r})"

    def __call__(self, x: Tensor) -> Tensor:
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)


class ComposeTransform(Transform):
    """Transforms one after the other.

    Args:
        parts: the transforms, the first to be applied first.
        cache_size: as of `Transform`; of the parts, too.

    >>> import minitorch
    >>> ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])(minitorch.zeros(2))
    tensor([3., 3.])
    """

    _parts = ("parts",)

    def __init__(self, parts: list[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    @staticmethod
    def _widest(ends: Iterator[tuple[Any, Any]], far: Any) -> Any:
        """The constraint at the far end, with the dimensions that all of the way needs.

        Args:
            ends: of each part, on the way to the far end, the near constraint and the far one.
            far: the last of these.
        """
        event_dim = None
        for near, beyond in ends:
            event_dim = near.event_dim if event_dim is None else event_dim
            event_dim = max(event_dim + beyond.event_dim - near.event_dim, beyond.event_dim)
        extra = (event_dim or 0) - far.event_dim
        return constraints.independent(far, extra) if extra > 0 else far

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        if not self.parts:
            return constraints.real
        ends = ((part.codomain, part.domain) for part in reversed(self.parts))
        return self._widest(ends, self.parts[0].domain)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        if not self.parts:
            return constraints.real
        ends = ((part.domain, part.codomain) for part in self.parts)
        return self._widest(ends, self.parts[-1].codomain)

    @property
    def bijective(self) -> Any:
        return all(part.bijective for part in self.parts)

    @lazy_property
    def sign(self) -> Any:
        """The product of the parts' signs."""
        return functools.reduce(operator.mul, (part.sign for part in self.parts), 1)

    @property
    def inv(self) -> Any:
        if self._inv is None:
            self._inv = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv._inv = self
        return self._inv

    def __call__(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        if not self.parts:
            return zeros_like(x)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        terms, event_dim = [], self.domain.event_dim
        for part, before, after in zip(self.parts, values[:-1], values[1:], strict=True):
            term = part.log_abs_det_jacobian(before, after)
            terms.append(sum_rightmost(term, event_dim - part.domain.event_dim))
            event_dim += part.codomain.event_dim - part.domain.event_dim
        return functools.reduce(operator.add, terms)

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        parts = ",\n    ".join(map(repr, self.parts))
        return f"{type(self).__name__}(\n    {parts}\n)"


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """Another transform, of values that have further dimensions.

    Args:
        base_transform: the other.
        reinterpreted_batch_ndims: how many.
        cache_size: as of `Transform`.

    >>> import minitorch
    >>> x = minitorch.ones(3, 2)
    >>> IndependentTransform(ExpTransform(), 1).log_abs_det_jacobian(x, x.exp())
    tensor([2., 2., 2.])
    """

    _parts = ("base_transform", "reinterpreted_batch_ndims")

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self) -> Any:
        return self.base_transform.bijective

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def _call(self, x: Tensor) -> Tensor:
        _need_dims(x.shape, self.domain.event_dim)
        return self.base_transform(x)

    def _inverse(self, y: Tensor) -> Tensor:
        _need_dims(y.shape, self.codomain.event_dim)
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return sum_rightmost(
            self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"

    def forward_shape(self, shape: Any) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.base_transform.inverse_shape(shape)


def _need_dims(shape: Any, dims: int) -> None:
    if len(shape) < dims:
        raise ValueError("Too few dimensions on input")


class ReshapeTransform(Transform):
    """Another shape of each value.

    Args:
        in_shape, out_shape: the shapes of one value, with as many elements.
        cache_size: as of `Transform`.

    Raises:
        ValueError: for different numbers of elements.

    >>> import minitorch
    >>> ReshapeTransform((2, 2), (4,))(minitorch.zeros(3, 2, 2)).shape
    torch.Size([3, 4])
    """

    bijective = True
    _parts = ("in_shape", "out_shape")

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        self.in_shape, self.out_shape = Size(tuple(in_shape)), Size(tuple(out_shape))
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")
        super().__init__(cache_size)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        return self._reshaped(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._reshaped(shape, self.out_shape, self.in_shape)

    @staticmethod
    def _reshaped(shape: Any, old: Size, new: Size) -> Any:
        _need_dims(shape, len(old))
        cut = len(shape) - len(old)
        if shape[cut:] != old:
            raise ValueError(f"Shape mismatch: expected {shape[cut:]} but got {old}")
        return shape[:cut] + new


class _OfType(Transform):
    """A transform without parameters: equal to any other of its type."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))


class ExpTransform(_OfType):
    """``y = exp(x)``."""

    domain, codomain = constraints.real, constraints.positive
    bijective, sign = True, +1

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class PowerTransform(Transform):
    """``y = x ** exponent``.

    Args:
        exponent: a number or a tensor.
        cache_size: as of `Transform`.

    >>> import minitorch
    >>> PowerTransform(2.0).inv(minitorch.tensor([9.0]))
    tensor([3.])
    """

    domain, codomain = constraints.positive, constraints.positive
    bijective = True
    _parts = ("exponent",)

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    @lazy_property
    def sign(self) -> Any:
        """The exponent's sign."""
        return self.exponent.sign()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and _same(self.exponent, other.exponent)

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        return Size(broadcast_shapes(shape, self.exponent.shape))

    inverse_shape = forward_shape


def _same(a: Any, b: Any) -> bool:
    """Whether two numbers or tensors are equal in all elements."""
    return bool((a == b).all() if isinstance(a == b, Tensor) else a == b)


def _clipped_sigmoid(x: Tensor) -> Tensor:
    kept = limits(x)
    return x.sigmoid().clamp(kept.tiny, 1.0 - kept.eps)


class SigmoidTransform(_OfType):
    """``y = 1 / (1 + exp(-x))``."""

    domain, codomain = constraints.real, constraints.unit_interval
    bijective, sign = True, +1

    def _call(self, x: Tensor) -> Tensor:
        return _clipped_sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        kept = limits(y)
        y = y.clamp(kept.tiny, 1.0 - kept.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_OfType):
    """``y = log(1 + exp(x))``."""

    domain, codomain = constraints.real, constraints.positive
    bijective, sign = True, +1

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x)


class TanhTransform(_OfType):
    """``y = tanh(x)``, with more digits kept than by a scaled sigmoid."""

    domain, codomain = constraints.real, constraints.interval(-1.0, 1.0)
    bijective, sign = True, +1

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(_OfType):
    """``y = |x|``, whose inverse takes x for positive."""

    domain, codomain = constraints.real, constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """``y = loc + scale * x``.

    Args:
        loc, scale: numbers or tensors.
        event_dim: how many of the last dimensions make one value.
        cache_size: as of `Transform`.

    >>> import minitorch
    >>> AffineTransform(1.0, 2.0)(minitorch.tensor([3.0]))
    tensor([7.])
    """

    bijective = True
    _parts = ("loc", "scale", "event_dim")

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    @property
    def event_dim(self) -> Any:
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        dims, real = self.event_dim, constraints.real
        return constraints.independent(real, dims) if dims else real

    codomain = domain

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, NUMBERS):
            return (self.scale > 0) - (self.scale < 0)
        return self.scale.sign()

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        if isinstance(self.scale, NUMBERS):
            result = full_like(x, math.log(abs(self.scale)))
        else:
            result = self.scale.abs().log()
        cut = x.dim() - self.event_dim
        return sum_rightmost(result, self.event_dim).expand(x.shape[:cut])

    def forward_shape(self, shape: Any) -> Any:
        parts = (getattr(part, "shape", ()) for part in (self.loc, self.scale))
        return Size(broadcast_shapes(shape, *parts))

    inverse_shape = forward_shape


class CorrCholeskyTransform(Transform):
    """From vectors to the lower triangular factors of correlation matrices.

    Each coordinate, squeezed by tanh, is what a row has of its length that is not yet used up
    (Stan's reference manual, 10.12), from D (D - 1) / 2 of them to a D x D matrix.

    >>> import minitorch
    >>> L = CorrCholeskyTransform()(minitorch.tensor([0.5]))
    >>> L @ L.mT
    tensor([[1.0000, 0.4621],
            [0.4621, 1.0000]])
    """

    domain, codomain = constraints.real_vector, constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        x = x.tanh()
        eps = limits(x).eps
        r = vec_to_tril_matrix(x.clamp(-1 + eps, 1 - eps), diag=-1)
        left = (1 - r**2).sqrt().cumprod(-1)
        r = r + eye(r.shape[-1], dtype=r.dtype)
        return r * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        left = pad((1 - (y * y).cumsum(-1))[..., :-1], [1, 0], value=1)
        t = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        of_tanh = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Any) -> Any:
        _need_dims(shape, 1)
        N = shape[-1]
        D = round((0.25 + 2 * N) ** 0.5 + 0.5)
        if D * (D - 1) // 2 != N:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], D, D))

    def inverse_shape(self, shape: Any) -> Any:
        _need_dims(shape, 2)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        D = shape[-1]
        return Size((*shape[:-2], D * (D - 1) // 2))


class SoftmaxTransform(_OfType):
    """``y = exp(x)``, scaled to a sum of 1; not bijective, for x may be shifted."""

    domain, codomain = constraints.real_vector, constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        powers = (x - x.max(-1, True)[0]).exp()
        return powers / powers.sum(-1, True)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        _need_dims(shape, 1)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(_OfType):
    """From vectors to a simplex of one dimension more: each takes a part of what is left.

    >>> import minitorch
    >>> StickBreakingTransform()(minitorch.zeros(2))
    tensor([0.3333, 0.3333, 0.3333])
    """

    domain, codomain = constraints.real_vector, constraints.simplex
    bijective = True

    @staticmethod
    def _shift(x: Tensor) -> Tensor:
        """The logarithms of how many others are still to come: 0 then gives equal parts."""
        return (x.shape[-1] + 1 - x.new_ones(x.shape[-1]).cumsum(-1)).log()

    def _call(self, x: Tensor) -> Tensor:
        z = _clipped_sigmoid(x - self._shift(x))
        return pad(z, [0, 1], value=1) * pad((1 - z).cumprod(-1), [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = y[..., :-1]
        left = (1 - parts.cumsum(-1)).clamp(min=limits(y).tiny)
        return parts.log() - left.log() + self._shift(parts)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        x = x - self._shift(x)
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        _need_dims(shape, 1)
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        _need_dims(shape, 1)
        return Size((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(_OfType):
    """From matrices to lower triangular ones with a positive diagonal, which is its exponential."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(_OfType):
    """From matrices to positive-definite ones, whose factors `LowerCholeskyTransform` makes."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        L = LowerCholeskyTransform()(x)
        return L @ L.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(cholesky(y))


class _Several(Transform):
    """Transforms of the parts along a dimension."""

    transforms: list[Transform]

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        if not all(isinstance(part, Transform) for part in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    @property
    def bijective(self) -> Any:
        return all(part.bijective for part in self.transforms)

    def _split(self, x: Tensor, name: str) -> Sequence[Tensor]:
        raise NotImplementedError

    def _check_dim(self, x: Tensor, name: str, size: int, expected: str) -> None:
        if not -x.dim() <= self.dim < x.dim():
            who = "tensor" if name == "" else name
            raise AssertionError(f"dim {self.dim} out of range for {who} with {x.dim()} dimensions")
        if x.size(self.dim) != size:
            raise AssertionError(
                f"{name or 'x'}.size({self.dim}) = {x.size(self.dim)} must equal {expected} {size}"
            )

    def _each(self, how: Callable[..., Tensor], *values: Tensor) -> list[Tensor]:
        """``how(transform, *parts)`` for each transform and its part of each of the values."""
        names = "xy" if len(values) > 1 else [""]
        parts = (self._split(value, name) for value, name in zip(values, names, strict=True))
        return [how(*both) for both in zip(self.transforms, *parts, strict=True)]


class CatTransform(_Several):
    """Transforms of consecutive parts along a dimension.

    Args:
        tseq: the transforms.
        dim: the dimension.
        lengths: of the parts; 1 each unless given.
        cache_size: as of `Transform`; of the parts, too.

    >>> import minitorch
    >>> t = CatTransform([ExpTransform(), AffineTransform(1.0, 1.0)], lengths=[1, 2])
    >>> t(minitorch.zeros(3))
    tensor([1., 1., 1.])
    """

    _parts = ("transforms", "dim", "lengths")

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(
                f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})"
            )

    @lazy_property
    def event_dim(self) -> Any:
        """The largest of the parts'."""
        return max(part.event_dim for part in self.transforms)

    @property
    def length(self) -> int:
        """The sum of the parts' lengths."""
        return sum(self.lengths)

    def _split(self, x: Tensor, name: str) -> Sequence[Tensor]:
        self._check_dim(x, name, self.length, "length")
        return x.split(self.lengths, self.dim)

    def _call(self, x: Tensor) -> Tensor:
        return cat(self._each(lambda t, part: t(part), x), dim=self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        return cat(self._each(lambda t, part: t.inv(part), y), dim=self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        def of_part(t: Transform, x: Tensor, y: Tensor) -> Tensor:
            term = t.log_abs_det_jacobian(x, y)
            return sum_rightmost(term, max(self.event_dim - t.event_dim, 0))

        terms = self._each(of_part, x, y)
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return cat(terms, dim=dim) if dim < 0 else functools.reduce(operator.add, terms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Several):
    """Transforms of the slices along a dimension.

    Args:
        tseq: the transforms, as many as there are slices.
        dim: the dimension.
        cache_size: as of `Transform`; of the parts, too.

    >>> import minitorch
    >>> StackTransform([ExpTransform(), identity_transform])(minitorch.zeros(2, 3))
    tensor([[1., 1., 1.],
            [0., 0., 0.]])
    """

    _parts = ("transforms", "dim")

    def _split(self, x: Tensor, name: str) -> Sequence[Tensor]:
        self._check_dim(x, name, len(self.transforms), "len(transforms)")
        return x.unbind(self.dim)

    def _call(self, x: Tensor) -> Tensor:
        return stack(self._each(lambda t, part: t(part), x), dim=self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        return stack(self._each(lambda t, part: t.inv(part), y), dim=self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        terms = self._each(lambda t, x, y: t.log_abs_det_jacobian(x, y), x, y)
        return stack(terms, dim=self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)


class CumulativeDistributionTransform(Transform):
    """``y = F(x)``, a distribution's own distribution function: what it gives is uniform.

    Args:
        distribution: with `cdf`, `icdf` and `log_prob`.
        cache_size: as of `Transform`.

    >>> import minitorch
    >>> p = minitorch.distributions.Normal(0.0, 1.0)
    >>> CumulativeDistributionTransform(p)(minitorch.zeros(1))
    tensor([0.5000])
    """

    bijective, sign = True, +1
    codomain = constraints.unit_interval
    _parts = ("distribution",)

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self.distribution.log_prob(x)
