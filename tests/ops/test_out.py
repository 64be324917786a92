"""The keyword `out`, of every function that has it, against PyTorch."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
from oracle import agree, the_torch

import minitorch

# Calls without their `out`, of m: the module; x, y: matrices; v: a vector; b: batches; i: indices.
CALLS = """
m.add(x, y) | m.sub(x, y) | m.mul(x, y) | m.div(x, y) | m.reciprocal(x) | m.neg(x) | m.pow(x, 2)
m.float_power(x, 2) | m.square(x) | m.floor_divide(x, y) | m.remainder(x, y) | m.fmod(x, y)
m.lerp(x, y, 0.5) | m.addcmul(x, y, y) | m.addcdiv(x, y, y) | m.exp(x) | m.exp2(x) | m.expm1(x)
m.log(x) | m.log1p(x) | m.log2(x) | m.log10(x) | m.sqrt(x) | m.rsqrt(x) | m.sigmoid(x) | m.sin(x)
m.cos(x) | m.tan(x) | m.asin(x) | m.acos(x) | m.atan(x) | m.sinh(x) | m.cosh(x) | m.tanh(x)
m.asinh(x) | m.acosh(x + 1) | m.atanh(x) | m.deg2rad(x) | m.rad2deg(x) | m.abs(x) | m.sign(x)
m.floor(x) | m.ceil(x) | m.trunc(x) | m.round(x) | m.frac(x) | m.nan_to_num(x) | m.frexp(x)
m.erf(x) | m.erfc(x) | m.erfinv(x) | m.lgamma(x) | m.digamma(x) | m.polygamma(1, x)
m.mvlgamma(x + 2, 2) | m.sinc(x) | m.logit(x) | m.special.entr(x) | m.special.ndtr(x) | m.fix(x)
m.eq(x, y) | m.ne(x, y) | m.lt(x, y) | m.le(x, y) | m.gt(x, y) | m.ge(x, y) | m.isposinf(x)
m.isneginf(x) | m.signbit(x) | m.logical_and(x, y) | m.logical_or(x, y) | m.logical_xor(x, y)
m.logical_not(x) | m.bitwise_and(i, i) | m.bitwise_or(i, i) | m.bitwise_xor(i, i) | m.bitwise_not(i)
m.bitwise_left_shift(i, i) | m.bitwise_right_shift(i, i) | m.gcd(i, i) | m.lcm(i, i)
m.maximum(x, y) | m.minimum(x, y) | m.fmax(x, y) | m.fmin(x, y) | m.clamp(x, 0.3, 0.6)
m.clamp_min(x, 0.5) | m.clamp_max(x, 0.5) | m.where(x > y, x, y) | m.atan2(x, y) | m.hypot(x, y)
m.copysign(x, y) | m.logaddexp(x, y) | m.logaddexp2(x, y) | m.xlogy(x, y) | m.special.xlog1py(x, y)
m.igamma(x, y) | m.igammac(x, y) | m.heaviside(x, y) | m.nextafter(x, y) | m.ldexp(x, y)
m.addbmm(x, b, b) | m.addmm(x, x, y) | m.addmv(v, x, v) | m.addr(x, v, v) | m.baddbmm(b, b, b)
m.bmm(b, b) | m.cross(x, y, dim=1) | m.linalg.cross(x, y) | m.dot(v, v) | m.inner(x, y)
m.kron(x, y) | m.linalg.multi_dot([x, y, x]) | m.linalg.vecdot(x, y) | m.mm(x, y) | m.mv(x, v)
m.nn.functional.linear(x, y) | m.matmul(x, y) | m.linalg.matmul(x, y) | m.outer(v, v) | m.vdot(v, v)
m.ger(v, v) | m.tensordot(x, y) | m.linalg.matrix_power(x, 2) | m.matrix_power(x, 2)
m.linalg.vector_norm(x) | m.linalg.matrix_norm(x) | m.linalg.norm(x) | m.linalg.cond(x)
m.norm(x, 2, 0) | m.renorm(x, 2, 0, 0.5) | m.linalg.det(x) | m.linalg.inv(x) | m.inverse(x)
m.linalg.slogdet(x) | m.slogdet(x) | m.linalg.solve(x, y) | m.linalg.inv_ex(x) | m.linalg.lu(x)
m.linalg.lu_factor(x) | m.linalg.qr(x) | m.qr(x) | m.linalg.svd(x) | m.linalg.svdvals(x)
m.linalg.eigh(x + x.T) | m.linalg.eigvalsh(x + x.T) | m.linalg.pinv(x) | m.linalg.matrix_rank(x)
m.linalg.cholesky(x @ x.T + m.eye(3)) | m.cholesky(x @ x.T + m.eye(3)) | m.cholesky_solve(x, y)
m.cholesky_inverse(y) | m.linalg.solve_triangular(y, x, upper=True) | m.triangular_solve(x, y)
m.linalg.householder_product(x, v) | m.orgqr(x, v) | m.geqrf(x) | m.linalg.cholesky_ex(x)
m.linalg.ldl_factor(x + x.T) | m.linalg.tensorinv(x, 1) | m.linalg.tensorsolve(x, v)
m.linalg.lstsq(x, y)
m.lu_solve(x, *m.linalg.lu_factor(y)) | m.linalg.lu_solve(*m.linalg.lu_factor(y), x)
m.ormqr(x, v, y)
m.all(x) | m.any(x) | m.all(x, 0) | m.amax(x, 0) | m.amin(x, 0) | m.aminmax(x) | m.argmax(x, 0)
m.argmin(x, 1) | m.logsumexp(x, 0) | m.max(x) | m.max(x, 0) | m.max(x, y) | m.min(x) | m.min(x, 1)
m.mean(x, 0) | m.mean(x) | m.nanmean(x, 0) | m.nansum(x, 0) | m.prod(x, 0) | m.sum(x, 0)
m.sum(x, dim=(0, 1), keepdim=True) | m.sum(i, 0) | m.std(x, 0) | m.var(x, 0) | m.histogram(v, 4)
m.median(x, 0) | m.nanmedian(x, 0) | m.mode(x, 0) | m.quantile(x, 0.5) | m.nanquantile(x, 0.5)
m.histc(x, 4) | m.kthvalue(x, 2, 0) | m.sort(x) | m.argsort(x, stable=True) | m.msort(x)
m.topk(x, 2)
m.searchsorted(v, x) | m.bucketize(x, v) | m.isin(i, i) | m.cummax(x, 0) | m.cummin(x, 0)
m.cumprod(x, 0) | m.cumsum(x, 0) | m.diff(x) | m.logcumsumexp(x, 0) | m.cat([x, y])
m.concat([x, y]) | m.concatenate([x, y]) | m.stack([x, y]) | m.hstack([x, y]) | m.vstack([x, y])
m.row_stack([x, y]) | m.dstack([x, y]) | m.column_stack([x, y]) | m.diag(v) | m.tril(x) | m.triu(x)
m.gather(x, 0, i) | m.index_add(x, 0, i[0], y) | m.index_copy(x, 0, i[0], y)
m.index_reduce(x, 0, i[0], y, "amax") | m.index_select(x, 0, i[0]) | m.scatter(x, 0, i, y)
m.scatter(x, 0, i, 2.0) | m.scatter_add(x, 0, i, y) | m.scatter_reduce(x, 0, i, y, "sum")
m.take(x, i) | m.take_along_dim(x, i, 0) | m.masked_select(x, x > 0.5) | m.narrow_copy(x, 0, 1, 2)
m.nonzero(x > 0.5) | m.slice_scatter(x, y[:1], 0, 0, 1) | m.softmax(x, 0) | m.log_softmax(x, 0)
m.threshold(x, 0.5, 0.0) | m.hardshrink(x) | m.special.logsumexp(x, 0) | m.special.expit(x)
m.nn.functional.gelu(x) | m.nn.functional.logsigmoid(x) | m.nn.functional.softplus(x)
m.nn.functional.softshrink(x) | m.nn.functional.hardshrink(x) | m.nn.functional.normalize(x)
m.nn.functional.avg_pool2d(b, 2) | m.nn.functional.avg_pool3d(b[None], 2)
m.zeros(3) | m.ones(2, 3) | m.full((2,), 3.0) | m.eye(3) | m.linspace(0, 1, 5) | m.arange(4.0)
m.logspace(0, 1, 5) | m.rand(3) | m.randn(3) | m.randint(5, (3,)) | m.randperm(4) | m.bernoulli(x)
m.normal(x, y) | m.normal(0.0, 1.0, (3,)) | m.multinomial(v, 2) | m.range(0, 3) | m.arange(4)
"""
EACH = [c.strip() for line in CALLS.splitlines() for c in line.split("|") if c.strip()]

X = [[0.9, 0.2, 0.4], [0.3, 0.8, 0.1], [0.5, 0.6, 0.7]]


def names(m: Any) -> dict[str, Any]:
    m.manual_seed(0)
    x = m.tensor(X)
    found = {"m": m, "x": x, "y": x.flip(0).contiguous() + 0.05, "v": m.tensor([0.2, 0.5, 0.8])}
    b = m.stack([x, found["y"], x])
    return {**found, "b": b, "i": m.tensor([[0, 1, 2], [1, 2, 0], [2, 0, 1]])}


def called(m: Any, call: str, out: Any = None) -> Any:
    given = names(m)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "index_reduce")
        warnings.filterwarnings("ignore", "torch.(ger|qr|range|cholesky|triang|lstsq)")
        warnings.filterwarnings("ignore", "(?!An output).*deprecated")
        return eval(call if out is None else f"{call[:-1]}, out=out)", {**given, "out": out})


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def rooms(
    m: Any, result: Any, dtype: str | None = None, room: tuple[int, ...] | None = None
) -> Any:
    """What the result could be written to: of another dtype or shape, where one is given."""
    made = [
        m.empty(r.shape if room is None else room, dtype=getattr(m, dtype or str(r.dtype)[6:]))
        if isinstance(r.dtype, m.dtype)
        else None
        for r in parts(result)
    ]
    return tuple(made) if isinstance(result, tuple) else made[0]


@pytest.mark.parametrize("call", EACH)
def test_writes_what_pytorch_writes(call: str) -> None:
    torch = the_torch()
    for room in (None, (0,)):
        ours, theirs = (
            (out := rooms(m, called(m, call), room=room), called(m, call, out))
            for m in (minitorch, torch)
        )
        for mine, returned in (ours, theirs):
            assert all(a is b for a, b in zip(parts(mine), parts(returned), strict=True))
        assert isinstance(ours[1], tuple) == isinstance(theirs[1], tuple)
        if "eigh" not in call:  # whose vectors have either sign
            for a, b in zip(parts(ours[0]), parts(theirs[0]), strict=True):
                agree(a, b, 1e-4)


# Where one of them takes a dtype that the other refuses, each with the reason.
KERNEL = "PyTorch's kernel for a processor resizes without a word"
ANOTHER = "refused, too, by another exception"
UNLIKE = {
    "m.nansum(x, 0)": "a sum in whole numbers is one of whole numbers",
    "m.range(0, 3)": "the numbers of a bool tensor are True and False",
    "m.nanmean(x, 0)": ANOTHER,
    "m.normal(x, y)": ANOTHER,
    "m.randperm(4)": ANOTHER,
    "m.normal(0.0, 1.0, (3,))": ANOTHER,
    "m.arange(4)": "of what makes tensors, PyTorch's arange alone warns, in words of its own",
    "m.arange(4.0)": "as above",
    "m.addbmm(x, b, b)": KERNEL,
    "m.multinomial(v, 2)": KERNEL,
    "m.narrow_copy(x, 0, 1, 2)": KERNEL,
    "m.nn.functional.logsigmoid(x)": KERNEL,
}


@pytest.mark.parametrize("call", EACH)
def test_refuses_the_dtypes_that_pytorch_refuses(call: str) -> None:
    torch = the_torch()
    told = []
    for m in (minitorch, torch):
        plain, kinds = called(m, call), {}
        for dtype in ("float64", "float16", "int64", "int32", "bool"):
            try:
                called(m, call, rooms(m, plain, dtype))
                kinds[dtype] = "taken"
            except Exception as error:
                kinds[dtype] = type(error).__name__
        told.append(kinds)
    assert told[0] == told[1] or call in UNLIKE


@pytest.mark.parametrize("call", EACH)
def test_warns_of_a_resize_as_pytorch_does(call: str) -> None:
    torch = the_torch()
    told = []
    for m in (minitorch, torch):
        out = rooms(m, called(m, call), room=(7,))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            called(m, call, out)
        texts = [str(w.message) for w in caught if "resized" in str(w.message)]
        told.append({re.sub(r"\W.*", "", t.replace(" ", "_")) for t in texts})
    assert told[0] == told[1] or call in UNLIKE


def test_a_method_has_no_out() -> None:
    x = minitorch.tensor(X)
    with pytest.raises(TypeError, match="out"):
        x.sum(0, out=minitorch.empty(3))


@pytest.mark.parametrize("call", ["m.mm(x, y)", "m.sum(x, 0)", "m.zeros(3)", "m.sort(x)"])
def test_nothing_is_recorded(call: str) -> None:
    for m in (minitorch, the_torch()):
        out = rooms(m, called(m, call))
        parts(out)[0].requires_grad_()
        with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
            called(m, call, out)


@pytest.mark.parametrize("call", ["m.add(z[:3], 1)", "m.cumsum(z[:3], 0)", "m.cat([z[:2], z[:1]])"])
def test_out_does_not_overlap_an_input(call: str) -> None:
    for m in (minitorch, the_torch()):
        z = m.arange(4.0)
        with pytest.raises(RuntimeError, match="single memory location"):
            eval(f"{call[:-1]}, out=z[1:])", {"m": m, "z": z})
        assert z.tolist() == [0, 1, 2, 3]
