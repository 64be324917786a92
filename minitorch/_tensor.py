"""`Tensor`: an array that remembers where it came from.

The class body is the one table of operators and methods: each line names the operation that
answers it. All else that a tensor can do is in `TensorMethods`; what only concerns the graph, in
`TensorBase`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import _constructors as constructors, _dtypes
from minitorch._format import tensor_repr
from minitorch._tensor_methods import (
    TensorMethods,
    _arithmetic,
    _in_place,
    _operator,
    _view_in_place,
)
from minitorch.ops.math import (
    arithmetic,
    bivariate,
    compare,
    linalg,
    norms,
    pointwise,
    random as draws,
    reduce,
    scan,
    select as choosing,
    sort as sorting,
    special,
    stats,
)
from minitorch.ops.nn import activation
from minitorch.ops.nn.softmax import log_softmax, softmax
from minitorch.ops.shape import (
    concatenate,
    index as indexing,
    scatter as scattering,
    strided,
    views as shaping,
)
from minitorch.ops.support.inplace import assign, copy_, fill_, zero_


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
    add = arithmetic.add
    sub = subtract = arithmetic.sub
    mul = multiply = arithmetic.mul
    div = divide = true_divide = arithmetic.div
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder
    fmod = arithmetic.fmod
    pow = arithmetic.pow
    float_power = arithmetic.float_power
    neg = negative = arithmetic.neg
    positive = arithmetic.positive
    square = arithmetic.square
    addcdiv = arithmetic.addcdiv
    addcmul = arithmetic.addcmul
    lerp = arithmetic.lerp
    __add__ = _arithmetic(arithmetic.Add, arithmetic.add)
    __radd__ = _arithmetic(arithmetic.Add, arithmetic.add, swapped=True)
    __sub__ = _arithmetic(arithmetic.Sub, arithmetic.sub)
    __rsub__ = _arithmetic(arithmetic.Sub, arithmetic.sub, swapped=True)
    __mul__ = _arithmetic(arithmetic.Mul, arithmetic.mul)
    __rmul__ = _arithmetic(arithmetic.Mul, arithmetic.mul, swapped=True)
    __truediv__ = __div__ = _arithmetic(arithmetic.Div, arithmetic.div)
    __rtruediv__ = __rdiv__ = _operator(arithmetic.rdiv)
    __floordiv__ = _operator(arithmetic.floor_divide)
    __rfloordiv__ = _operator(arithmetic.floor_divide, swapped=True)
    __mod__ = _operator(arithmetic.remainder)
    __rmod__ = _operator(arithmetic.remainder, swapped=True)
    __pow__ = _operator(arithmetic.pow)
    __rpow__ = _operator(arithmetic.pow, swapped=True)
    __neg__ = arithmetic.neg
    __pos__ = arithmetic.positive
    __abs__ = pointwise.abs

    # functions of one variable
    abs = absolute = pointwise.abs
    acos = arccos = pointwise.acos
    acosh = arccosh = pointwise.acosh
    asin = arcsin = pointwise.asin
    asinh = arcsinh = pointwise.asinh
    atan = arctan = pointwise.atan
    atanh = arctanh = pointwise.atanh
    ceil = pointwise.ceil
    cos = pointwise.cos
    cosh = pointwise.cosh
    deg2rad = pointwise.deg2rad
    digamma = special.digamma
    erf = special.erf
    erfc = special.erfc
    erfinv = special.erfinv
    exp = pointwise.exp
    exp2 = pointwise.exp2
    expm1 = pointwise.expm1
    floor = pointwise.floor
    frac = pointwise.frac
    frexp = pointwise.frexp
    lgamma = special.lgamma
    log = pointwise.log
    log10 = pointwise.log10
    log1p = pointwise.log1p
    log2 = pointwise.log2
    logit = special.logit
    mvlgamma = special.multigammaln
    nan_to_num = pointwise.nan_to_num
    rad2deg = pointwise.rad2deg
    reciprocal = arithmetic.reciprocal
    round = pointwise.round
    rsqrt = pointwise.rsqrt
    sigmoid = pointwise.sigmoid
    sign = sgn = pointwise.sign
    sin = pointwise.sin
    sinc = special.sinc
    sinh = pointwise.sinh
    sqrt = pointwise.sqrt
    tan = pointwise.tan
    tanh = pointwise.tanh
    trunc = fix = pointwise.trunc

    def polygamma(self, n: Any) -> Tensor:
        """The `n`-th derivative of the digamma function."""
        return special.polygamma(n, self)

    # functions of two variables
    atan2 = arctan2 = bivariate.atan2
    copysign = bivariate.copysign
    heaviside = bivariate.heaviside
    hypot = bivariate.hypot
    ldexp = bivariate.ldexp
    logaddexp = bivariate.logaddexp
    logaddexp2 = bivariate.logaddexp2
    nextafter = bivariate.nextafter
    xlogy = bivariate.xlogy

    # choices and comparisons
    clamp = clip = choosing.clamp
    clamp_max = choosing.clamp_max
    clamp_min = choosing.clamp_min
    fmax = choosing.fmax
    fmin = choosing.fmin
    masked_fill = choosing.masked_fill
    maximum = choosing.maximum
    minimum = choosing.minimum
    allclose = compare.allclose
    bitwise_and = compare.bitwise_and
    bitwise_left_shift = compare.bitwise_left_shift
    bitwise_not = compare.bitwise_not
    bitwise_or = compare.bitwise_or
    bitwise_right_shift = compare.bitwise_right_shift
    bitwise_xor = compare.bitwise_xor
    eq = compare.eq
    equal = compare.equal
    gcd = compare.gcd
    ge = greater_equal = compare.ge
    gt = greater = compare.gt
    isclose = compare.isclose
    isfinite = compare.isfinite
    isinf = compare.isinf
    isnan = compare.isnan
    isneginf = compare.isneginf
    isposinf = compare.isposinf
    lcm = compare.lcm
    le = less_equal = compare.le
    logical_and = compare.logical_and
    logical_not = compare.logical_not
    logical_or = compare.logical_or
    logical_xor = compare.logical_xor
    lt = less = compare.lt
    ne = not_equal = compare.ne
    signbit = compare.signbit
    __and__ = _operator(compare.bitwise_and)
    __rand__ = _operator(compare.bitwise_and, swapped=True)
    __or__ = _operator(compare.bitwise_or)
    __ror__ = _operator(compare.bitwise_or, swapped=True)
    __xor__ = _operator(compare.bitwise_xor)
    __rxor__ = _operator(compare.bitwise_xor, swapped=True)
    __lshift__ = _operator(compare.bitwise_left_shift)
    __rlshift__ = _operator(compare.bitwise_left_shift, swapped=True)
    __rshift__ = _operator(compare.bitwise_right_shift)
    __rrshift__ = _operator(compare.bitwise_right_shift, swapped=True)
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
    all = reduce.all
    amax = reduce.amax
    amin = reduce.amin
    aminmax = reduce.aminmax
    any = reduce.any
    argmax = reduce.argmax
    argmin = reduce.argmin
    count_nonzero = reduce.count_nonzero
    logsumexp = reduce.logsumexp
    max = reduce.max
    mean = reduce.mean
    min = reduce.min
    nanmean = reduce.nanmean
    nansum = reduce.nansum
    prod = reduce.prod
    sum = reduce.sum

    # norms and statistics
    bincount = stats.bincount
    corrcoef = stats.corrcoef
    cov = stats.cov
    dist = norms.dist
    histc = stats.histc
    median = stats.median
    mode = stats.mode
    nanmedian = stats.nanmedian
    nanquantile = stats.nanquantile
    norm = norms.norm
    quantile = stats.quantile
    renorm = norms.renorm
    std = stats.std
    var = stats.var

    # running totals and order
    argsort = sorting.argsort
    cummax = scan.cummax
    cummin = scan.cummin
    cumprod = scan.cumprod
    cumsum = scan.cumsum
    diff = scan.diff
    kthvalue = sorting.kthvalue
    logcumsumexp = scan.logcumsumexp
    msort = sorting.msort
    sort = sorting.sort
    topk = sorting.topk
    unique = sorting.unique
    unique_consecutive = sorting.unique_consecutive

    # shapes
    adjoint = shaping.adjoint
    as_strided = strided.as_strided
    broadcast_to = shaping.broadcast_to
    chunk = shaping.chunk
    clone = shaping.clone
    contiguous = shaping.contiguous
    diag = strided.diag
    diag_embed = strided.diag_embed
    diagflat = strided.diagflat
    diagonal = strided.diagonal
    dsplit = concatenate.dsplit
    expand = shaping.expand
    expand_as = shaping.expand_as
    flatten = shaping.flatten
    flip = shaping.flip
    fliplr = concatenate.fliplr
    flipud = concatenate.flipud
    hsplit = concatenate.hsplit
    movedim = moveaxis = shaping.movedim
    permute = shaping.permute
    ravel = shaping.ravel
    repeat = shaping.repeat
    reshape = shaping.reshape
    reshape_as = shaping.reshape_as
    roll = shaping.roll
    rot90 = concatenate.rot90
    split = shaping.split
    split_with_sizes = shaping.split_with_sizes
    squeeze = shaping.squeeze
    sum_to_size = shaping.sum_to_size
    t = shaping.t
    tensor_split = concatenate.tensor_split
    tile = shaping.tile
    transpose = swapdims = shaping.transpose
    swapaxes = shaping.swapaxes
    tril = strided.tril
    triu = strided.triu
    unbind = shaping.unbind
    unflatten = shaping.unflatten
    unfold = strided.unfold
    unsqueeze = shaping.unsqueeze
    view = shaping.view
    view_as = shaping.view_as
    vsplit = concatenate.vsplit
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
        return shaping.permute(self, tuple(reversed(range(self._array.ndim))))

    @property
    def mT(self) -> Tensor:
        """The last two dimensions swapped. (PyTorch's is deprecated for a 0-d tensor: itself.)"""
        if self._array.ndim == 0:
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

    def conj(self) -> Tensor:
        """The tensor itself: complex numbers are out of scope."""
        return self

    resolve_conj = resolve_neg = conj_physical = conj

    # indexing
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    argwhere = indexing.argwhere
    diagonal_scatter = strided.diagonal_scatter
    gather = scattering.gather
    index_add = scattering.index_add
    index_copy = scattering.index_copy
    index_fill = scattering.index_fill
    index_put = indexing.index_put
    index_reduce = scattering.index_reduce
    index_select = scattering.index_select
    masked_scatter = indexing.masked_scatter
    masked_select = indexing.masked_select
    narrow = indexing.narrow
    narrow_copy = indexing.narrow_copy
    nonzero = indexing.nonzero
    put = scattering.put
    repeat_interleave = scattering.repeat_interleave
    scatter = scattering.scatter
    scatter_add = scattering.scatter_add
    scatter_reduce = scattering.scatter_reduce
    select = indexing.select
    select_scatter = indexing.select_scatter
    slice_scatter = indexing.slice_scatter
    take = scattering.take
    take_along_dim = scattering.take_along_dim

    # matrix products
    addbmm = linalg.addbmm
    addmm = linalg.addmm
    addmv = linalg.addmv
    addr = linalg.addr
    baddbmm = linalg.baddbmm
    bmm = linalg.bmm
    cross = linalg.cross
    dot = linalg.dot
    ger = linalg.ger
    inner = linalg.inner
    kron = linalg.kron
    matmul = linalg.matmul
    mm = linalg.mm
    mv = linalg.mv
    outer = linalg.outer
    trace = linalg.trace
    vdot = linalg.vdot
    __matmul__ = linalg.matmul

    def __rmatmul__(self, other: Any) -> Tensor:
        return linalg.matmul(other, self)

    # activations
    hardshrink = activation.hardshrink
    log_softmax = log_softmax
    prelu = activation.prelu
    relu = activation.relu
    softmax = softmax

    # random draws
    bernoulli = draws.bernoulli
    bernoulli_ = draws.bernoulli_
    cauchy_ = draws.cauchy_
    exponential_ = draws.exponential_
    geometric_ = draws.geometric_
    log_normal_ = draws.log_normal_
    multinomial = draws.multinomial
    normal_ = draws.normal_
    random_ = draws.random_
    uniform_ = draws.uniform_

    # in place
    copy_ = copy_
    fill_ = fill_
    zero_ = zero_
    abs_ = absolute_ = _in_place(pointwise.abs)
    acos_ = arccos_ = _in_place(pointwise.acos)
    acosh_ = arccosh_ = _in_place(pointwise.acosh)
    add_ = __iadd__ = _in_place(arithmetic.add)
    addbmm_ = _in_place(linalg.addbmm)
    addmm_ = _in_place(linalg.addmm)
    addmv_ = _in_place(linalg.addmv)
    addr_ = _in_place(linalg.addr)
    baddbmm_ = _in_place(linalg.baddbmm)
    addcdiv_ = _in_place(arithmetic.addcdiv)
    addcmul_ = _in_place(arithmetic.addcmul)
    asin_ = arcsin_ = _in_place(pointwise.asin)
    asinh_ = arcsinh_ = _in_place(pointwise.asinh)
    atan2_ = arctan2_ = _in_place(bivariate.atan2)
    atan_ = arctan_ = _in_place(pointwise.atan)
    atanh_ = arctanh_ = _in_place(pointwise.atanh)
    bitwise_and_ = __iand__ = _in_place(compare.bitwise_and)
    bitwise_left_shift_ = __ilshift__ = _in_place(compare.bitwise_left_shift)
    bitwise_not_ = _in_place(compare.bitwise_not)
    bitwise_or_ = __ior__ = _in_place(compare.bitwise_or)
    bitwise_right_shift_ = __irshift__ = _in_place(compare.bitwise_right_shift)
    bitwise_xor_ = __ixor__ = _in_place(compare.bitwise_xor)
    ceil_ = _in_place(pointwise.ceil)
    clamp_ = clip_ = _in_place(choosing.clamp)
    clamp_max_ = _in_place(choosing.clamp_max)
    clamp_min_ = _in_place(choosing.clamp_min)
    copysign_ = _in_place(bivariate.copysign)
    cos_ = _in_place(pointwise.cos)
    cumprod_ = _in_place(scan.cumprod)
    cumsum_ = _in_place(scan.cumsum)
    cosh_ = _in_place(pointwise.cosh)
    deg2rad_ = _in_place(pointwise.deg2rad)
    digamma_ = _in_place(special.digamma)
    div_ = divide_ = true_divide_ = __itruediv__ = __idiv__ = _in_place(arithmetic.div)
    eq_ = _in_place(compare.eq)
    erf_ = _in_place(special.erf)
    erfc_ = _in_place(special.erfc)
    erfinv_ = _in_place(special.erfinv)
    exp2_ = _in_place(pointwise.exp2)
    exp_ = _in_place(pointwise.exp)
    expm1_ = _in_place(pointwise.expm1)
    float_power_ = _in_place(arithmetic.float_power)
    floor_ = _in_place(pointwise.floor)
    floor_divide_ = __ifloordiv__ = _in_place(arithmetic.floor_divide)
    fill_diagonal_ = strided.fill_diagonal_
    index_add_ = _in_place(scattering.index_add)
    index_copy_ = _in_place(scattering.index_copy)
    index_fill_ = _in_place(scattering.index_fill)
    index_reduce_ = _in_place(scattering.index_reduce)
    fmod_ = _in_place(arithmetic.fmod)
    frac_ = _in_place(pointwise.frac)
    gcd_ = _in_place(compare.gcd)
    ge_ = greater_equal_ = _in_place(compare.ge)
    gt_ = greater_ = _in_place(compare.gt)
    heaviside_ = _in_place(bivariate.heaviside)
    hypot_ = _in_place(bivariate.hypot)
    index_put_ = _in_place(indexing.index_put)
    lcm_ = _in_place(compare.lcm)
    ldexp_ = _in_place(bivariate.ldexp)
    le_ = less_equal_ = _in_place(compare.le)
    lerp_ = _in_place(arithmetic.lerp)
    lgamma_ = _in_place(special.lgamma)
    log10_ = _in_place(pointwise.log10)
    log1p_ = _in_place(pointwise.log1p)
    log2_ = _in_place(pointwise.log2)
    log_ = _in_place(pointwise.log)
    logical_and_ = _in_place(compare.logical_and)
    logical_not_ = _in_place(compare.logical_not)
    logical_or_ = _in_place(compare.logical_or)
    logical_xor_ = _in_place(compare.logical_xor)
    logit_ = _in_place(special.logit)
    lt_ = less_ = _in_place(compare.lt)
    masked_fill_ = _in_place(choosing.masked_fill)
    masked_scatter_ = _in_place(indexing.masked_scatter)
    mul_ = multiply_ = __imul__ = _in_place(arithmetic.mul)
    mvlgamma_ = _in_place(special.multigammaln)
    nan_to_num_ = _in_place(pointwise.nan_to_num)
    ne_ = not_equal_ = _in_place(compare.ne)
    neg_ = negative_ = _in_place(arithmetic.neg)
    nextafter_ = _in_place(bivariate.nextafter)
    pow_ = __ipow__ = _in_place(arithmetic.pow)
    put_ = _in_place(scattering.put)
    rad2deg_ = _in_place(pointwise.rad2deg)
    reciprocal_ = _in_place(arithmetic.reciprocal)
    relu_ = _in_place(activation.relu)
    remainder_ = __imod__ = _in_place(arithmetic.remainder)
    renorm_ = _in_place(norms.renorm)
    round_ = _in_place(pointwise.round)
    rsqrt_ = _in_place(pointwise.rsqrt)
    scatter_ = _in_place(scattering.scatter)
    scatter_add_ = _in_place(scattering.scatter_add)
    scatter_reduce_ = _in_place(scattering.scatter_reduce)
    sigmoid_ = _in_place(pointwise.sigmoid)
    sign_ = sgn_ = _in_place(pointwise.sign)
    sin_ = _in_place(pointwise.sin)
    sinc_ = _in_place(special.sinc)
    sinh_ = _in_place(pointwise.sinh)
    sqrt_ = _in_place(pointwise.sqrt)
    square_ = _in_place(arithmetic.square)
    sub_ = subtract_ = __isub__ = _in_place(arithmetic.sub)
    tan_ = _in_place(pointwise.tan)
    tanh_ = _in_place(pointwise.tanh)
    tril_ = _in_place(strided.tril)
    triu_ = _in_place(strided.triu)
    trunc_ = fix_ = _in_place(pointwise.trunc)
    xlogy_ = _in_place(bivariate.xlogy)

    def polygamma_(self, n: Any) -> Tensor:
        """`polygamma`, written into the tensor itself, which is returned."""
        return assign(self, special.polygamma, n, self)

    # ---- how one is made, and shown ----------------------------------------------------------

    __array_priority__ = 1000  # ndarray + Tensor asks Tensor

    def __new__(cls, *size: Any, data: Any = None) -> Any:
        given = size if data is None else (data,)
        made = constructors.new("Tensor", _dtypes.get_default_dtype(), given)
        return cls._wrap(made) if isinstance(made, np.ndarray) else made.data.as_subclass(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # `__new__`, a subclass's too, has checked them

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let results of a subclass be of it, wherever it stands among the operands."""
        super().__init_subclass__(**kwargs)
        if "__torch_function__" in cls.__dict__ or "__torch_dispatch__" in cls.__dict__:
            raise NotImplementedError(
                f"{cls.__name__}: __torch_function__ and __torch_dispatch__ are not covered by "
                "minitorch, and would never be called; override methods instead"
            )
        if cls._keeps_class:
            cls._special = cls._outranks = True
            cls._kind = cls

    _keeps_class = True  # False for Parameter

    @staticmethod
    def _make_subclass(cls: Any, data: Tensor, require_grad: bool = False) -> Any:
        """A leaf of the subclass `cls` over `data`'s memory."""
        made = data.detach().as_subclass(cls)
        return made.requires_grad_() if require_grad else made

    def as_subclass(self, cls: Any) -> Any:
        """The same tensor, in the graph, as one of the subclass `cls`."""
        made = shaping.alias(self)
        made.__class__ = cls
        return made

    def __repr__(self) -> str:
        return tensor_repr(self, "tensor" if type(self) is Tensor else type(self).__name__)


Tensor._kind = Tensor
