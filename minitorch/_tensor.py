"""`Tensor`: an array that remembers where it came from.

The class body is the one table of operators and methods: each line names the operations that
answer it. All else that a tensor can do is in `TensorMethods`; what only concerns the graph, in
`TensorBase`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from minitorch import _constructors as constructors, _dtypes
from minitorch._format import tensor_repr
from minitorch._tensor_methods import (
    TensorMethods,
    _arithmetic,
    _both,
    _operator,
    _operators,
    _view_in_place,
    show_own_attributes,
)
from minitorch.ops.math import (
    arithmetic,
    bivariate,
    compare,
    decompositions,
    histogram as histograms,
    linalg,
    matrix_functions,
    norms,
    orthogonal,
    pointwise,
    random as draws,
    reduce,
    scan,
    select as choosing,
    sort as sorting,
    special,
    spectral,
    stats,
    systems,
)
from minitorch.ops.nn import activation
from minitorch.ops.nn.softmax import log_softmax, softmax
from minitorch.ops.shape import (
    concatenate,
    copies,
    index as indexing,
    scatter as scattering,
    strided,
    views as shaping,
)
from minitorch.ops.support.inplace import assign, copy_, fill_, zero_
from minitorch.ops.support.operands import warn_caller


def overrides() -> Any:
    """The module that stands above this one, and is only loaded for classes that ask for it."""
    return import_module("minitorch.overrides")


def _no_dispatch(kind: Any) -> NotImplementedError:
    """The error for an instance of a class that wants to stand in for PyTorch's dispatcher."""
    return NotImplementedError(
        f"{kind.__name__}: __torch_dispatch__ is not covered by minitorch, and would never be "
        "called; define __torch_function__, or override methods"
    )


def _disabled_torch_function_impl(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Call `func`, and take nothing over: what a class says that only wants plain results."""
    with overrides().disabled():
        return func(*args, **(kwargs or {}))


class Tensor(TensorMethods):
    """A multi-dimensional array of one dtype that can record what is computed from it.

    Made by `minitorch.tensor`, `zeros`, `randn`...; ``Tensor(values)`` itself makes float32.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    # arithmetic
    add, add_ = _both(arithmetic.add, np.add)
    (sub, sub_) = (subtract, subtract_) = _both(arithmetic.sub, np.subtract)
    (mul, mul_) = (multiply, multiply_) = _both(arithmetic.mul, np.multiply)
    (div, div_) = (divide, divide_) = (true_divide, true_divide_) = _both(arithmetic.div, np.divide)
    floor_divide, floor_divide_ = _both(arithmetic.floor_divide)
    remainder, remainder_ = _both(arithmetic.remainder)
    fmod, fmod_ = _both(arithmetic.fmod)
    pow, pow_ = _both(arithmetic.pow)
    float_power, float_power_ = _both(arithmetic.float_power)
    (neg, neg_) = (negative, negative_) = _both(arithmetic.neg)
    positive = arithmetic.positive
    square, square_ = _both(arithmetic.square)
    addcdiv, addcdiv_ = _both(arithmetic.addcdiv)
    addcmul, addcmul_ = _both(arithmetic.addcmul)
    lerp, lerp_ = _both(arithmetic.lerp)
    __add__ = _arithmetic(arithmetic.Add, arithmetic.add)
    __radd__ = _arithmetic(arithmetic.Add, arithmetic.add, swapped=True)
    __sub__ = _arithmetic(arithmetic.Sub, arithmetic.sub)
    __rsub__ = _arithmetic(arithmetic.Sub, arithmetic.sub, swapped=True)
    __mul__ = _arithmetic(arithmetic.Mul, arithmetic.mul)
    __rmul__ = _arithmetic(arithmetic.Mul, arithmetic.mul, swapped=True)
    __truediv__ = __div__ = _arithmetic(arithmetic.Div, arithmetic.div)
    __rtruediv__ = __rdiv__ = _operator(arithmetic.rdiv)
    __floordiv__, __rfloordiv__ = _operators(arithmetic.floor_divide)
    __mod__, __rmod__ = _operators(arithmetic.remainder)
    __pow__, __rpow__ = _operators(arithmetic.pow)
    __iadd__, __isub__, __imul__ = add_, sub_, mul_
    __itruediv__ = __idiv__ = div_
    __ifloordiv__, __imod__, __ipow__ = floor_divide_, remainder_, pow_
    __neg__ = arithmetic.neg
    __pos__ = arithmetic.positive
    __abs__ = pointwise.abs

    # functions of one variable
    (abs, abs_) = (absolute, absolute_) = _both(pointwise.abs)
    angle = pointwise.angle
    (acos, acos_) = (arccos, arccos_) = _both(pointwise.acos)
    (acosh, acosh_) = (arccosh, arccosh_) = _both(pointwise.acosh)
    (asin, asin_) = (arcsin, arcsin_) = _both(pointwise.asin)
    (asinh, asinh_) = (arcsinh, arcsinh_) = _both(pointwise.asinh)
    (atan, atan_) = (arctan, arctan_) = _both(pointwise.atan)
    (atanh, atanh_) = (arctanh, arctanh_) = _both(pointwise.atanh)
    ceil, ceil_ = _both(pointwise.ceil)
    cos, cos_ = _both(pointwise.cos)
    cosh, cosh_ = _both(pointwise.cosh)
    deg2rad, deg2rad_ = _both(pointwise.deg2rad)
    digamma, digamma_ = _both(special.digamma)
    erf, erf_ = _both(special.erf)
    erfc, erfc_ = _both(special.erfc)
    erfinv, erfinv_ = _both(special.erfinv)
    exp, exp_ = _both(pointwise.exp)
    exp2, exp2_ = _both(pointwise.exp2)
    expm1, expm1_ = _both(pointwise.expm1)
    floor, floor_ = _both(pointwise.floor)
    frac, frac_ = _both(pointwise.frac)
    frexp = pointwise.frexp
    lgamma, lgamma_ = _both(special.lgamma)
    log, log_ = _both(pointwise.log)
    log10, log10_ = _both(pointwise.log10)
    log1p, log1p_ = _both(pointwise.log1p)
    log2, log2_ = _both(pointwise.log2)
    logit, logit_ = _both(special.logit)
    mvlgamma, mvlgamma_ = _both(special.multigammaln)
    nan_to_num, nan_to_num_ = _both(pointwise.nan_to_num)
    rad2deg, rad2deg_ = _both(pointwise.rad2deg)
    reciprocal, reciprocal_ = _both(arithmetic.reciprocal)
    round, round_ = _both(pointwise.round)
    rsqrt, rsqrt_ = _both(pointwise.rsqrt)
    sigmoid, sigmoid_ = _both(pointwise.sigmoid)
    (sign, sign_) = (sgn, sgn_) = _both(pointwise.sign)
    sin, sin_ = _both(pointwise.sin)
    sinc, sinc_ = _both(special.sinc)
    sinh, sinh_ = _both(pointwise.sinh)
    sqrt, sqrt_ = _both(pointwise.sqrt)
    tan, tan_ = _both(pointwise.tan)
    tanh, tanh_ = _both(pointwise.tanh)
    (trunc, trunc_) = (fix, fix_) = _both(pointwise.trunc)

    def polygamma(self, n: Any) -> Tensor:
        """The `n`-th derivative of the digamma function."""
        return special.polygamma(n, self)

    # functions of two variables
    (atan2, atan2_) = (arctan2, arctan2_) = _both(bivariate.atan2)
    copysign, copysign_ = _both(bivariate.copysign)
    heaviside, heaviside_ = _both(bivariate.heaviside)
    hypot, hypot_ = _both(bivariate.hypot)
    ldexp, ldexp_ = _both(bivariate.ldexp)
    logaddexp, logaddexp2 = bivariate.logaddexp, bivariate.logaddexp2
    nextafter, nextafter_ = _both(bivariate.nextafter)
    xlogy, xlogy_ = _both(bivariate.xlogy)
    igamma, igamma_ = _both(bivariate.igamma)
    igammac, igammac_ = _both(bivariate.igammac)

    # choices and comparisons
    (clamp, clamp_) = (clip, clip_) = _both(choosing.clamp)
    clamp_max, clamp_max_ = _both(choosing.clamp_max)
    clamp_min, clamp_min_ = _both(choosing.clamp_min)
    fmax, fmin = choosing.fmax, choosing.fmin
    masked_fill, masked_fill_ = _both(choosing.masked_fill)
    maximum, minimum = choosing.maximum, choosing.minimum
    allclose, isclose = compare.allclose, compare.isclose
    bitwise_and, bitwise_and_ = _both(compare.bitwise_and)
    bitwise_left_shift, bitwise_left_shift_ = _both(compare.bitwise_left_shift)
    bitwise_not, bitwise_not_ = _both(compare.bitwise_not)
    bitwise_or, bitwise_or_ = _both(compare.bitwise_or)
    bitwise_right_shift, bitwise_right_shift_ = _both(compare.bitwise_right_shift)
    bitwise_xor, bitwise_xor_ = _both(compare.bitwise_xor)
    eq, eq_ = _both(compare.eq)
    equal = compare.equal
    gcd, gcd_ = _both(compare.gcd)
    (ge, ge_) = (greater_equal, greater_equal_) = _both(compare.ge)
    (gt, gt_) = (greater, greater_) = _both(compare.gt)
    isfinite, isinf, isnan = compare.isfinite, compare.isinf, compare.isnan
    isneginf, isposinf = compare.isneginf, compare.isposinf
    lcm, lcm_ = _both(compare.lcm)
    (le, le_) = (less_equal, less_equal_) = _both(compare.le)
    logical_and, logical_and_ = _both(compare.logical_and)
    logical_not, logical_not_ = _both(compare.logical_not)
    logical_or, logical_or_ = _both(compare.logical_or)
    logical_xor, logical_xor_ = _both(compare.logical_xor)
    (lt, lt_) = (less, less_) = _both(compare.lt)
    (ne, ne_) = (not_equal, not_equal_) = _both(compare.ne)
    signbit = compare.signbit
    __and__, __rand__ = _operators(compare.bitwise_and)
    __or__, __ror__ = _operators(compare.bitwise_or)
    __xor__, __rxor__ = _operators(compare.bitwise_xor)
    __lshift__, __rlshift__ = _operators(compare.bitwise_left_shift)
    __rshift__, __rrshift__ = _operators(compare.bitwise_right_shift)
    __iand__, __ior__, __ixor__ = bitwise_and_, bitwise_or_, bitwise_xor_
    __ilshift__, __irshift__ = bitwise_left_shift_, bitwise_right_shift_
    __invert__ = compare.invert
    __eq__ = _operator(compare.eq)
    __ne__ = _operator(compare.ne)
    __lt__ = _operator(compare.lt)
    __le__ = _operator(compare.le)
    __gt__ = _operator(compare.gt)
    __ge__ = _operator(compare.ge)
    __hash__ = object.__hash__  # a tensor is a key by identity, though == is elementwise

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where `condition` holds, else `other`."""
        return choosing.where(condition, self, other)

    # reductions
    all, any = reduce.all, reduce.any
    amax, amin, aminmax = reduce.amax, reduce.amin, reduce.aminmax
    argmax, argmin = reduce.argmax, reduce.argmin
    count_nonzero = reduce.count_nonzero
    logsumexp = reduce.logsumexp
    max, min = reduce.max, reduce.min
    mean, nanmean = reduce.mean, reduce.nanmean
    prod = reduce.prod
    sum, nansum = reduce.sum, reduce.nansum

    # norms and statistics
    bincount, histc = stats.bincount, stats.histc
    histogram = histograms.histogram
    corrcoef, cov = stats.corrcoef, stats.cov
    dist = norms.dist
    median, nanmedian = stats.median, stats.nanmedian
    mode = stats.mode
    norm = norms.norm
    quantile, nanquantile = stats.quantile, stats.nanquantile
    renorm, renorm_ = _both(norms.renorm)
    std, var = stats.std, stats.var

    # running totals and order
    cummax, cummin = scan.cummax, scan.cummin
    cumprod, cumprod_ = _both(scan.cumprod)
    cumsum, cumsum_ = _both(scan.cumsum)
    diff = scan.diff
    kthvalue = sorting.kthvalue
    logcumsumexp = scan.logcumsumexp
    sort, argsort, msort = sorting.sort, sorting.argsort, sorting.msort
    topk = sorting.topk
    unique, unique_consecutive = sorting.unique, sorting.unique_consecutive

    # shapes
    adjoint = shaping.adjoint
    as_strided = strided.as_strided
    broadcast_to, expand, expand_as = shaping.broadcast_to, shaping.expand, shaping.expand_as
    chunk = unsafe_chunk = shaping.chunk
    clone, contiguous = shaping.clone, shaping.contiguous
    diag, diag_embed, diagflat = strided.diag, strided.diag_embed, strided.diagflat
    diagonal = strided.diagonal
    flatten, unflatten, ravel = shaping.flatten, shaping.unflatten, shaping.ravel
    flip, roll = shaping.flip, shaping.roll
    fliplr, flipud, rot90 = concatenate.fliplr, concatenate.flipud, concatenate.rot90
    hsplit, vsplit, dsplit = concatenate.hsplit, concatenate.vsplit, concatenate.dsplit
    movedim = moveaxis = shaping.movedim
    permute = shaping.permute
    repeat, tile = shaping.repeat, shaping.tile
    reshape, reshape_as = shaping.reshape, shaping.reshape_as
    split = unsafe_split = shaping.split
    split_with_sizes = unsafe_split_with_sizes = shaping.split_with_sizes
    squeeze, unsqueeze = shaping.squeeze, shaping.unsqueeze
    sum_to_size = shaping.sum_to_size
    t = shaping.t
    tensor_split = concatenate.tensor_split
    transpose = swapdims = shaping.transpose
    swapaxes = shaping.swapaxes
    tril, tril_ = _both(strided.tril)
    triu, triu_ = _both(strided.triu)
    unbind = shaping.unbind
    unfold = strided.unfold
    view, view_as = shaping.view, shaping.view_as
    resize_ = strided.resize_
    squeeze_ = _view_in_place(shaping.squeeze)
    t_ = _view_in_place(shaping.t)
    transpose_ = swapaxes_ = swapdims_ = _view_in_place(shaping.transpose)
    unsqueeze_ = _view_in_place(shaping.unsqueeze)

    def resize_as_(self, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
        """`resize_` to another tensor's shape."""
        return strided.resize_(self, the_template.shape, memory_format=memory_format)

    @property
    def T(self) -> Tensor:
        """The dimensions in reverse order."""
        if self._array.ndim != 2:
            warn_caller(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
                "deprecated and it will throw an error in a future release. Consider `x.mT` to "
                "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` "
                "to reverse the dimensions of a tensor."
            )
        return shaping.permute(self, tuple(reversed(range(self._array.ndim))))

    @property
    def mT(self) -> Tensor:
        """The last two dimensions swapped. (PyTorch's is deprecated for a 0-d tensor: itself.)"""
        if self._array.ndim == 0:
            warn_caller(
                "Tensor.mT is deprecated on 0-D tensors. This function is the identity in these "
                "cases."
            )
            return shaping.alias(self)
        if self._array.ndim < 2:
            raise RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self._array.ndim}-D tensor."
            )
        return shaping.transpose(self, -2, -1)

    @property
    def H(self) -> Tensor:
        """A matrix transposed (and conjugated, which changes no real number)."""
        if self._array.ndim not in (0, 2):
            raise RuntimeError(
                "tensor.H is only supported on matrices (2-D tensors). Got "
                f"{self._array.ndim}-D tensor."
            )
        if self._array.ndim == 0:
            warn_caller("Tensor.H is deprecated on 0-D tensors. Consider using x.conj().")
        return shaping.adjoint(self)

    @property
    def mH(self) -> Tensor:
        """The last two dimensions swapped (and conjugated, which changes no real number)."""
        return shaping.adjoint(self)

    @property
    def real(self) -> Tensor:
        """The tensor itself: complex numbers are out of scope."""
        return self

    @property
    def imag(self) -> Tensor:
        """Refused, as PyTorch does for real tensors."""
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")

    def isreal(self) -> Tensor:
        """True everywhere: complex numbers are out of scope."""
        return self.new_ones(self.shape, dtype=_dtypes.bool_)

    def conj(self) -> Tensor:
        """The tensor itself: complex numbers are out of scope."""
        return self

    resolve_conj = resolve_neg = conj_physical = conj_physical_ = conj

    # indexing
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    as_strided_scatter = copies.as_strided_scatter
    diagonal_scatter = strided.diagonal_scatter
    gather = scattering.gather
    index_add, index_add_ = _both(scattering.index_add)
    index_copy, index_copy_ = _both(scattering.index_copy)
    index_fill, index_fill_ = _both(scattering.index_fill)
    index_put, index_put_ = _both(indexing.index_put)
    index_reduce, index_reduce_ = _both(scattering.index_reduce)
    index_select, masked_select = scattering.index_select, indexing.masked_select
    masked_scatter, masked_scatter_ = _both(indexing.masked_scatter)
    narrow, narrow_copy = indexing.narrow, indexing.narrow_copy
    nonzero, argwhere = indexing.nonzero, indexing.argwhere
    nonzero_static = indexing.nonzero_static
    put, put_ = _both(scattering.put)
    repeat_interleave = scattering.repeat_interleave
    scatter, scatter_ = _both(scattering.scatter)
    scatter_add, scatter_add_ = _both(scattering.scatter_add)
    scatter_reduce, scatter_reduce_ = _both(scattering.scatter_reduce)
    select = indexing.select
    select_scatter = indexing.select_scatter
    slice_scatter = indexing.slice_scatter
    take, take_along_dim = scattering.take, scattering.take_along_dim

    # matrix products
    addbmm, addbmm_ = _both(linalg.addbmm)
    addmm, addmm_ = _both(linalg.addmm)
    addmv, addmv_ = _both(linalg.addmv)
    addr, addr_ = _both(linalg.addr)
    baddbmm, baddbmm_ = _both(linalg.baddbmm)
    cross = linalg.cross
    dot, vdot = linalg.dot, linalg.vdot
    ger = linalg.ger
    inner, outer = linalg.inner, linalg.outer
    kron = linalg.kron
    matmul, trace = linalg.matmul, linalg.trace
    mm, mv, bmm = linalg.mm, linalg.mv, linalg.bmm
    __matmul__ = linalg.matmul

    def __rmatmul__(self, other: Any) -> Tensor:
        return Tensor.matmul(other, self)

    # decompositions of matrices, and systems
    cholesky = decompositions.cholesky
    cholesky_inverse = decompositions.cholesky_inverse
    cholesky_solve = decompositions.cholesky_solve
    triangular_solve = decompositions.triangular_solve
    det, logdet, slogdet = systems.det, systems.logdet, systems.slogdet
    inverse, lu, lu_solve = systems.inverse, systems.lu, systems.lu_solve
    pinverse, svd = spectral.pinverse, spectral.svd
    geqrf, orgqr, ormqr, qr = orthogonal.geqrf, orthogonal.orgqr, orthogonal.ormqr, orthogonal.qr
    matrix_exp, matrix_power = matrix_functions.matrix_exp, matrix_functions.matrix_power

    # activations
    hardshrink, prelu = activation.hardshrink, activation.prelu
    log_softmax, softmax = log_softmax, softmax
    relu, relu_ = _both(activation.relu)

    # random draws
    bernoulli, bernoulli_ = draws.bernoulli, draws.bernoulli_
    cauchy_, exponential_ = draws.cauchy_, draws.exponential_
    geometric_, log_normal_ = draws.geometric_, draws.log_normal_
    multinomial = draws.multinomial
    normal_, random_, uniform_ = draws.normal_, draws.random_, draws.uniform_

    # in place
    copy_, fill_, zero_ = copy_, fill_, zero_
    fill_diagonal_ = strided.fill_diagonal_

    def polygamma_(self, n: Any) -> Tensor:
        """`polygamma`, written into the tensor itself, which is returned."""
        return assign(self, special.polygamma, n, self)

    # ---- how one is made, and shown ----------------------------------------------------------

    __array_priority__ = 1000  # ndarray + Tensor asks Tensor

    def __new__(cls, *size: Any, data: Any = None) -> Any:
        given = size if data is None else (data,)
        made = constructors.new("Tensor", _dtypes.get_default_dtype(), given)
        made = Tensor._wrap(made) if isinstance(made, np.ndarray) else shaping.alias(made)
        return made if cls is Tensor else made.as_subclass(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # `__new__`, a subclass's too, has checked them

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let results of a subclass be of it, wherever it stands among the operands."""
        super().__init_subclass__(**kwargs)
        show_own_attributes(cls)
        owner = next(kind for kind in cls.__mro__ if "__torch_function__" in vars(kind))
        keeps = owner is Tensor  # else it says itself what results are
        cls._slow_path = cls._decides_result_class = keeps
        cls._result_class = cls if keeps else Tensor
        if not keeps and cls.__torch_function__ is not _disabled_torch_function_impl:
            overrides().enable_properties(cls)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func`, and let its results be of the class: see `minitorch.overrides`."""
        return overrides().default(cls, func, types, args, kwargs)

    @staticmethod
    def _make_subclass(cls: Any, data: Tensor, require_grad: bool = False, **kwargs: Any) -> Any:
        """A leaf of the subclass `cls` over `data`'s memory."""
        made = data.detach().as_subclass(cls)
        return made.requires_grad_() if require_grad else made

    @staticmethod
    def _make_wrapper_subclass(cls: Any, *args: Any, **kwargs: Any) -> Any:
        """Refused: a tensor without memory is all `__torch_dispatch__`."""
        raise _no_dispatch(cls)

    def as_subclass(self, cls: Any) -> Any:
        """The same tensor, in the graph, as one of the subclass `cls`."""
        if not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise TypeError(
                "Creating a Tensor subclass from a class that does not inherit from Tensor is not "
                "possible. Make sure your class inherits from Tensor."
            )
        if hasattr(cls, "__torch_dispatch__"):
            raise _no_dispatch(cls)
        made = shaping.alias(self)
        made.__class__ = cls
        return made

    def __repr__(self) -> str:
        text = tensor_repr(self, "tensor" if type(self) is Tensor else type(self).__name__)
        return f"Parameter({text})" if getattr(self, "_is_param", False) else text


for _name, _method in list(vars(Tensor).items()):
    if hasattr(_method, "without_out"):  # a method has no `out`
        setattr(Tensor, _name, _method.without_out)
Tensor._result_class = Tensor._gradient_class = Tensor
