"""Random calls of reductions, scans, orders and products, compared with PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from oracle import same

import minitorch

DRAWN = settings(derandomize=True, deadline=None, max_examples=120)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

INF, NAN = float("inf"), float("nan")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1.0, 2.5, 1e30, NAN, INF, -INF]
TAME = [0.0, 0.5, -0.5, 1.0, -2.0, 3.0, 0.25, -1.5]
SHAPES = st.sampled_from([(), (1,), (4,), (3, 4), (1, 3), (2, 3, 2), (0,), (0, 3), (2, 0)])
DTYPES = st.sampled_from(["float64", "float32", "int64", "bool", "uint8"])


def arranged(array: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The same values in another memory layout."""
    if layout == "transposed" and array.ndim:
        return np.ascontiguousarray(array.T).T
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, -1)[..., ::2]
    return array


@st.composite
def arrays(
    draw: Any, values: list[float] = TAME, shapes: Any = SHAPES, dtypes: Any = DTYPES
) -> Any:
    """An array with few different values, so that ties are common."""
    shape, dtype = draw(shapes), draw(dtypes)
    size = int(np.prod(shape))
    drawn = draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))
    array = np.array(drawn, "float64").reshape(shape)
    if dtype != "bool" and np.dtype(dtype).kind != "f":
        array = np.where(np.isfinite(array) & (abs(array) < 100), array, 7) * 2
        array = abs(array) if dtype == "uint8" else array
    layout = draw(st.sampled_from(["plain", "transposed", "strided"]))
    return arranged(array.astype(dtype), layout)


FLOATS = st.sampled_from(["float64", "float32"])
DIMS = st.sampled_from([None, 0, -1, 1, 3, (0,), (0, 1), (-1, 0), (0, 0), ()])
KEEP = st.booleans()

OVER_DIMS = ["sum", "mean", "amax", "amin", "all", "any", "nansum", "nanmean"]


@pytest.mark.parametrize("name", OVER_DIMS)
@DRAWN
@given(x=arrays(SPECIAL), dim=DIMS, keepdim=KEEP)
def test_over_dims(name: str, x: Any, dim: Any, keepdim: bool) -> None:
    assume(x.size or dim not in [(-1, 0), (0, 0)])  # of two errors, PyTorch raises one or the other
    with np.errstate(all="ignore"):
        same(lambda m, x: getattr(m, name)(x, dim=dim, keepdim=keepdim), x, gradients=False)


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "logsumexp"])
@DRAWN
@given(x=arrays(dtypes=FLOATS), dim=st.sampled_from([0, -1, (0, 1), 3]), keepdim=KEEP)
def test_gradients_over_dims(name: str, x: Any, dim: Any, keepdim: bool) -> None:
    same(lambda m, x: getattr(m, name)(x, dim=dim, keepdim=keepdim), x)


@DRAWN
@given(x=arrays(dtypes=FLOATS), dim=DIMS, keepdim=KEEP, correction=st.sampled_from([0, 1, 2, 0.5]))
def test_variance(x: Any, dim: Any, keepdim: bool, correction: float) -> None:
    for name in ("var", "std", "var_mean", "std_mean"):
        same(
            lambda m, x: getattr(m, name)(x, dim, correction=correction, keepdim=keepdim),
            x,
            gradients=False,
        )


@DRAWN
@given(x=arrays(SPECIAL), dim=st.sampled_from([None, 0, -1, 1, 3]), keepdim=KEEP)
def test_extremes(x: Any, dim: Any, keepdim: bool) -> None:
    def call(name: str) -> Callable[[Any, Any], Any]:
        return lambda m, x: (
            getattr(m, name)(x) if dim is None else getattr(m, name)(x, dim, keepdim)
        )

    for name in ("max", "min", "argmax", "argmin"):
        same(call(name), x, gradients=x.dtype.kind == "f" and bool(np.isfinite(x).all()))
    same(lambda m, x: m.aminmax(x, dim=dim, keepdim=keepdim), x, gradients=False)


@DRAWN
@given(x=arrays(dtypes=FLOATS), dim=st.sampled_from([None, 0, -1]), keepdim=KEEP)
def test_products(x: Any, dim: Any, keepdim: bool) -> None:
    same(lambda m, x: m.prod(x) if dim is None else m.prod(x, dim, keepdim), x)


@DRAWN
@given(
    x=arrays([0.0, 0.5, -1.5, 2.0], dtypes=FLOATS),
    p=st.sampled_from([0, 0.5, 1, 1.5, 2, 3, -1, -0.5, INF, -INF]),
    dim=st.sampled_from([None, 0, -1, (0, 1)]),
    keepdim=KEEP,
)
def test_norms(x: Any, p: float, dim: Any, keepdim: bool) -> None:
    assume(x.size or dim in (None, 0, -1))
    same(lambda m, x: m.norm(x, p, dim, keepdim), x, gradients=False)
    try:
        z = minitorch.from_numpy(np.array(x, "float64")).requires_grad_()
        norm = minitorch.norm(z, p, dim, keepdim)
    except (RuntimeError, IndexError):
        return
    (grad,) = minitorch.autograd.grad(norm.sum(), z)
    assert bool(grad.isfinite().all()), "a norm's gradient is finite, at 0 too"


SCANS = ["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"]


@pytest.mark.parametrize("name", SCANS)
@DRAWN
@given(x=arrays(SPECIAL), dim=st.sampled_from([0, -1, 1, 2]))
def test_scans(name: str, x: Any, dim: int) -> None:
    assume(x.size or dim < x.ndim)  # PyTorch checks no dim where there is nothing to do
    same(lambda m, x: getattr(m, name)(x, dim), x, gradients=False)


@pytest.mark.parametrize("name", SCANS)
@DRAWN
@given(x=arrays(dtypes=FLOATS), dim=st.sampled_from([0, -1, 1]))
def test_gradients_of_scans(name: str, x: Any, dim: int) -> None:
    assume(x.size or dim < x.ndim)
    same(lambda m, x: getattr(m, name)(x, dim), x)


@DRAWN
@given(x=arrays(SPECIAL), dim=st.sampled_from([0, -1, 1]), descending=st.booleans())
def test_sort(x: Any, dim: int, descending: bool) -> None:
    same(lambda m, x: m.sort(x, dim=dim, descending=descending, stable=True), x, gradients=False)


@DRAWN
@given(x=arrays(SPECIAL), dim=st.sampled_from([0, -1]), k=st.integers(-1, 4), largest=st.booleans())
def test_topk_and_kthvalue(x: Any, dim: int, k: int, largest: bool) -> None:
    same(lambda m, x: m.topk(x, k, dim, largest)[0], x, gradients=False)
    same(lambda m, x: m.kthvalue(x, k, dim)[0], x, gradients=False)


@DRAWN
@given(x=arrays(SPECIAL), dim=st.sampled_from([None, 0, -1]), keepdim=KEEP)
def test_median_and_mode(x: Any, dim: Any, keepdim: bool) -> None:
    for name in ("median", "nanmedian"):
        if dim is None:
            if x.size or x.dtype.kind == "f":  # PyTorch's median of no integers is arbitrary
                same(lambda m, x: getattr(m, name)(x), x, gradients=False)
        else:
            same(lambda m, x: getattr(m, name)(x, dim, keepdim)[0], x, gradients=False)
    if dim is not None and not (x.dtype.kind == "f" and np.isnan(x).any()):  # nor is that of NaN
        same(lambda m, x: m.mode(x, dim, keepdim), x, gradients=False)


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
@DRAWN
@given(
    x=arrays([0.0, 1.0, -2.0, 5.0, NAN, 0.5], dtypes=FLOATS),
    dim=st.sampled_from([None, 0, -1]),
    keepdim=KEEP,
    method=st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest"]),
    q=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0, 1.5, [0.0, 0.3, 1.0], []]),
)
def test_quantile(name: str, x: Any, dim: Any, keepdim: bool, method: str, q: Any) -> None:
    def call(m: Any, x: Any) -> Any:
        shares = m.tensor(q, dtype=x.dtype) if isinstance(q, list) else q
        return getattr(m, name)(x, shares, dim, keepdim, interpolation=method)

    same(call, x, gradients=False)


@DRAWN
@given(x=arrays(), dim=st.sampled_from([None, 0, -1]))
def test_unique(x: Any, dim: Any) -> None:
    same(
        lambda m, x: m.unique(x, return_inverse=True, return_counts=True, dim=dim),
        x,
        gradients=False,
    )
    same(
        lambda m, x: m.unique_consecutive(x, return_inverse=True, return_counts=True, dim=dim),
        x,
        gradients=False,
    )


@DRAWN
@given(
    rows=st.integers(1, 3), count=st.integers(0, 5), seed=st.integers(0, 99), right=st.booleans()
)
def test_searchsorted(rows: int, count: int, seed: int, right: bool) -> None:
    draws = np.random.default_rng(seed)
    s = np.sort(draws.integers(0, 5, (rows, count)) * 1.0, -1)
    x = draws.integers(-1, 6, (rows, 4)) * 1.0
    same(lambda m, s, x: m.searchsorted(s, x, right=right), s, x, gradients=False)
    same(lambda m, s, x: m.searchsorted(s, x, right=right), s[0], x, gradients=False)
    same(lambda m, s, x: m.bucketize(x, s, right=right), s[0], x, gradients=False)


@DRAWN
@given(x=arrays([0.0, 1.0, 2.0, 3.0, NAN, INF, 1e9]), y=arrays([1.0, 3.0, NAN]), invert=KEEP)
def test_isin(x: Any, y: Any, invert: bool) -> None:
    x = np.array(x, order="C")  # of others PyTorch asks for a view that cannot be
    same(lambda m, x, y: m.isin(x, y, invert=invert), x, y, gradients=False)


@DRAWN
@given(x=arrays(), n=st.integers(-1, 4), dim=st.sampled_from([0, -1, 1]))
def test_diff(x: Any, n: int, dim: int) -> None:
    assume(n or dim < x.ndim)  # PyTorch checks no dim where there is nothing to do
    same(lambda m, x: m.diff(x, n, dim), x)


@DRAWN
@given(
    x=arrays(dtypes=FLOATS), bins=st.integers(0, 5), low=st.integers(-2, 1), high=st.integers(-1, 3)
)
def test_histc(x: Any, bins: int, low: int, high: int) -> None:
    same(lambda m, x: m.histc(x, bins, low, high), x, gradients=False)


@st.composite
def equations(draw: Any) -> Any:
    """An einsum equation, and the shapes of its operands."""
    size = {"i": 2, "j": 3, "k": 1, "l": 2}
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        term = draw(st.lists(st.sampled_from("ijkl"), max_size=3))
        dots = draw(st.sampled_from(["", "", "..."]))
        hidden = draw(st.sampled_from([(), (2,), (1, 2)])) if dots else ()
        shapes.append((*hidden, *(size[letter] for letter in term)))
        terms.append(dots + "".join(term))
    equation = ",".join(terms)
    if draw(st.booleans()):
        letters = sorted(set("".join(terms)) - {"."})
        output = draw(st.lists(st.sampled_from(letters), unique=True)) if letters else []
        equation += "->" + draw(st.sampled_from(["", "..."])) + "".join(output)
    return equation, shapes


@settings(DRAWN, max_examples=250)
@given(drawn=equations(), seed=st.integers(0, 9))
def test_einsum(drawn: Any, seed: int) -> None:
    equation, shapes = drawn
    draws = np.random.default_rng(seed)
    xs = [np.asarray(draws.standard_normal(shape)) for shape in shapes]
    same(lambda m, *xs: m.einsum(equation, *xs), *xs)


@DRAWN
@given(
    a=st.lists(st.integers(0, 3), max_size=4),
    b=st.lists(st.integers(0, 3), max_size=4),
    dtype=st.sampled_from(["float64", "float32", "int64"]),
)
def test_matmul(a: list[int], b: list[int], dtype: str) -> None:
    draws = np.random.default_rng(len(a) + 10 * len(b))
    x, y = (np.asarray(draws.integers(-3, 4, shape)).astype(dtype) for shape in (a, b))
    same(lambda m, x, y: x @ y, x, y)
    same(lambda m, x, y: m.inner(x, y), x, y)
    same(lambda m, x, y: m.kron(x, y), x, y)


# ---- corners ----------------------------------------------------------------------------------


NUMPYS: list[Callable[[Any, Any], Any]] = [
    lambda m, x: m.sum(x, axis=0, keepdims=True),
    lambda m, x: x.mean(axis=(0, 1)),
    lambda m, x: x.max(axis=1, keepdims=True),
    lambda m, x: m.argmin(x, axis=-1),
    lambda m, x: x.std(axis=0),
    lambda m, x: x.cumsum(axis=1),
    lambda m, x: m.sort(x, axis=0),
    lambda m, x: x.quantile(0.5, axis=0, keepdims=True),
    lambda m, x: m.linalg.vector_norm(x, axis=0, keepdims=True),
    lambda m, x: m.sum(x, dim=0, axis=0),
    lambda m, x: m.sum(x, axes=0),
]


@pytest.mark.parametrize("number", range(len(NUMPYS)))
def test_takes_numpys_names(number: int) -> None:
    same(NUMPYS[number], np.arange(6.0).reshape(2, 3))


def test_named_results_print_as_pytorchs(torch: Any) -> None:
    for call in (
        lambda m, x: m.max(x, 0),
        lambda m, x: m.sort(x),
        lambda m, x: m.aminmax(x),
        lambda m, x: m.median(x, 0),
        lambda m, x: m.topk(x, 1),
    ):
        ours, theirs = (call(m, m.tensor([3.0, 1.0, 2.0])) for m in (minitorch, torch))
        assert repr(ours) == repr(theirs)
        assert ours._fields == tuple(
            n for n in ("min", "max", "values", "indices") if hasattr(theirs, n)
        )


def test_the_gradient_of_a_norm_at_zero_is_zero() -> None:
    for p in (0.5, 1, 1.5, 2, 3, INF, -1):
        x = minitorch.zeros(3, dtype=minitorch.float64, requires_grad=True)
        (first,) = minitorch.autograd.grad(x.norm(p), x, create_graph=True)
        assert first.tolist() == [0, 0, 0], p
        if first.requires_grad:
            (second,) = minitorch.autograd.grad(first.sum(), x)
            assert second.tolist() == [0, 0, 0], p


def test_the_gradient_of_a_deviation_at_zero_is_zero() -> None:
    x = minitorch.ones(3, requires_grad=True)
    x.std().backward()
    assert x.grad is not None and x.grad.tolist() == [0, 0, 0]


def test_the_gradient_of_a_distance_of_zero_is_zero() -> None:
    for p in (1.0, 2.0, 3.0, INF):
        x = minitorch.tensor([[1.0, 2.0]], requires_grad=True)
        minitorch.cdist(x, x.detach(), p).sum().backward()
        assert x.grad is not None and x.grad.tolist() == [[0, 0]], p


def test_many_points_are_compared_by_a_product() -> None:
    draws = np.random.default_rng(0)
    x, y = draws.standard_normal((700, 8)), draws.standard_normal((800, 8))
    ours = minitorch.cdist(minitorch.from_numpy(x), minitorch.from_numpy(y)).numpy()
    np.testing.assert_allclose(ours, np.linalg.norm(x[:, None] - y, axis=-1), 1e-7)


def test_beta_zero_ignores_what_it_multiplies() -> None:
    b, x, y = minitorch.full((2, 2), NAN), minitorch.ones(2, 3), minitorch.ones(3, 2)
    assert minitorch.addmm(b, x, y, beta=0).tolist() == [[3, 3], [3, 3]]


def test_sums_of_many_halves_do_not_stop_growing() -> None:
    x = minitorch.ones(5000, 2, dtype=minitorch.float16)
    assert x.sum(0).tolist() == x.cumsum(0)[-1].tolist() == [5000, 5000]
    assert x.mean(0).tolist() == [1, 1]


def test_no_degrees_of_freedom_warns() -> None:
    for call in (
        lambda x: x.var(),
        lambda x: x.std(correction=3),
        minitorch.var_mean,
        minitorch.std_mean,
        minitorch.cov,
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(minitorch.tensor([1.0]))
        assert [w.category for w in caught] == [UserWarning], call
        assert "degrees of freedom" in str(caught[0].message)
        assert caught[0].filename == __file__


REFUSED: list[Callable[[Any, Any], Any]] = [
    lambda m, x: m.mean(x.long()),
    lambda m, x: m.mean(x, dtype=m.int64),
    lambda m, x: m.argmax(x > 0),
    lambda m, x: m.sum(x, (0, 0)),
    lambda m, x: m.sum(x, 5),
    lambda m, x: m.sum(x, 1.5),
    lambda m, x: m.sum(x, dimm=1),
    lambda m, x: m.prod(x, (0, 1)),
    lambda m, x: m.max(x, (0, 1)),
    lambda m, x: m.amax(x[:0]),
    lambda m, x: m.max(x[:0]),
    lambda m, x: m.max(x[:0], 0),
    lambda m, x: m.argmin(x[:0]),
    lambda m, x: m.aminmax(x[:0]),
    lambda m, x: m.median(x[:0], 0),
    lambda m, x: m.var(x.long()),
    lambda m, x: m.var(x, 0, unbiased=True, correction=1),
    lambda m, x: m.norm(x.long()),
    lambda m, x: m.norm(x[:0], INF),
    lambda m, x: m.norm(x, "infinity"),
    lambda m, x: m.linalg.vector_norm(x, "fro"),
    lambda m, x: m.linalg.vector_norm(x, dtype=m.float16),
    lambda m, x: m.linalg.matrix_norm(x[0]),
    lambda m, x: m.linalg.matrix_norm(x, 3),
    lambda m, x: m.linalg.matrix_norm(x, 1, (0, 0)),
    lambda m, x: m.linalg.norm(x.reshape(1, 2, 3), 1),
    lambda m, x: m.renorm(x, 0, 0, 1.0),
    lambda m, x: m.renorm(x, 2, 0, -1.0),
    lambda m, x: m.renorm(x[0], 2, 0, 1.0),
    lambda m, x: m.cumsum(x),
    lambda m, x: m.cumsum(x, 2),
    lambda m, x: m.logcumsumexp(x.long(), 0),
    lambda m, x: m.diff(x, -1),
    lambda m, x: m.diff(x, prepend=x[0]),
    lambda m, x: m.trapezoid(x > 0),
    lambda m, x: m.trapezoid(x, x[0, :2]),
    lambda m, x: m.trapezoid(x, x, dx=2.0),
    lambda m, x: m.gradient(x[:, :1]),
    lambda m, x: m.gradient(x, edge_order=3),
    lambda m, x: m.gradient(x, spacing=(1.0, 2.0, 3.0)),
    lambda m, x: m.gradient(x, spacing=x[0]),
    lambda m, x: m.topk(x, 7),
    lambda m, x: m.topk(x > 0, 1),
    lambda m, x: m.kthvalue(x, 0),
    lambda m, x: m.kthvalue(x > 0, 1),
    lambda m, x: m.unique(x[0, 0], dim=0),
    lambda m, x: m.unique(x[:, :0], dim=0),
    lambda m, x: m.bucketize(x, x),
    lambda m, x: m.searchsorted(x[0], x, side="middle"),
    lambda m, x: m.searchsorted(x[0], x, right=True, side="left"),
    lambda m, x: m.searchsorted(x, x[0]),
    lambda m, x: m.searchsorted(x[0], x, sorter=m.tensor([0, 1, 9])),
    lambda m, x: m.searchsorted(x[0], x, sorter=m.tensor([0, 1])),
    lambda m, x: m.isin(x > 0, x > 0),
    lambda m, x: m.isin(1, 1),
    lambda m, x: m.quantile(x, 1.5),
    lambda m, x: m.quantile(x, x),
    lambda m, x: m.quantile(x, [0.5]),
    lambda m, x: m.quantile(x.long(), 0.5),
    lambda m, x: m.quantile(x, 0.5, interpolation="cubic"),
    lambda m, x: m.quantile(x, m.tensor([0.5], dtype=m.float32)),
    lambda m, x: m.histc(x, 0),
    lambda m, x: m.histc(x, 2, 3, 1),
    lambda m, x: m.histc(x.long()),
    lambda m, x: m.histc(x * INF),
    lambda m, x: m.bincount(x[0]),
    lambda m, x: m.bincount(m.tensor([1, -1])),
    lambda m, x: m.bincount(m.tensor([1, 1]), x[0]),
    lambda m, x: m.bincount(m.tensor([[1, 1]])),
    lambda m, x: m.cov(x.reshape(1, 2, 3)),
    lambda m, x: m.cov(x > 0),
    lambda m, x: m.cov(x, fweights=x[0]),
    lambda m, x: m.cov(x, aweights=m.tensor([1, 2, 3])),
    lambda m, x: m.cov(x, fweights=m.tensor([1, 2])),
    lambda m, x: m.corrcoef(x.reshape(1, 2, 3)),
    lambda m, x: x @ x,
    lambda m, x: x @ x.t().long(),
    lambda m, x: (x > 0) @ (x > 0).t(),
    lambda m, x: x @ 2,
    lambda m, x: [1.0] @ x,
    lambda m, x: m.mm(x, x[0]),
    lambda m, x: m.bmm(x, x),
    lambda m, x: m.bmm(x[None], x[None]),
    lambda m, x: m.mv(x, x),
    lambda m, x: m.dot(x, x),
    lambda m, x: m.dot(x[0], x[0, :2]),
    lambda m, x: m.addmm(x, x, x.t()),
    lambda m, x: m.addmm(x[:, :2].long(), x, x.t()),
    lambda m, x: m.addmm(x[:, :2], x, x),
    lambda m, x: m.addmv(x[:, 0], x, x[:, 0]),
    lambda m, x: m.addr(x, x[0], x[0]),
    lambda m, x: m.addr(x.long(), x[:, 0].long(), x[0].long(), alpha=0.5),
    lambda m, x: m.addbmm(x, x[None], x.t()[None, :, :2].expand(2, 3, 2)),
    lambda m, x: m.baddbmm(x, x[None], x.t()[None]),
    lambda m, x: (x[:1, :2] * 1).addmm_(x, x.t()),
    lambda m, x: m.outer(x, x),
    lambda m, x: m.inner(x, x[:, :2]),
    lambda m, x: m.trace(x[0]),
    lambda m, x: m.trace(x > 0),
    lambda m, x: m.cross(x[:, :2], x[:, :2]),
    lambda m, x: m.cross(x, x[0], dim=-1),
    lambda m, x: m.linalg.cross(x, x.long()),
    lambda m, x: m.linalg.cross(x > 0, x > 0),
    lambda m, x: m.linalg.vecdot(x.long(), x.long()),
    lambda m, x: m.linalg.vecdot(x, x.float()),
    lambda m, x: m.linalg.multi_dot([x]),
    lambda m, x: m.linalg.multi_dot([x, x]),
    lambda m, x: m.linalg.multi_dot([x, x[0], x]),
    lambda m, x: m.linalg.multi_dot([x, x.t().long()]),
    lambda m, x: m.tensordot(x, x, -1),
    lambda m, x: m.tensordot(x, x, 3),
    lambda m, x: m.tensordot(x, x, ([1], [0])),
    lambda m, x: m.tensordot(x, x, ([0, 1], [0])),
    lambda m, x: m.tensordot(x, x.long(), 2),
    lambda m, x: m.cdist(x, x[:, :2]),
    lambda m, x: m.cdist(x[0], x),
    lambda m, x: m.cdist(x, x, -1),
    lambda m, x: m.cdist(x.long(), x.long()),
    lambda m, x: m.cdist(x, x.float()),
    lambda m, x: m.cdist(x, x, compute_mode="fast"),
    lambda m, x: m.einsum("ij"),
    lambda m, x: m.einsum("ij,jk", x),
    lambda m, x: m.einsum("ij", x, x),
    lambda m, x: m.einsum("ijk", x),
    lambda m, x: m.einsum("i", x),
    lambda m, x: m.einsum("ij->ii", x),
    lambda m, x: m.einsum("ij->ik", x),
    lambda m, x: m.einsum("i1", x),
    lambda m, x: m.einsum("i.j", x),
    lambda m, x: m.einsum("...i...", x),
    lambda m, x: m.einsum("ii", x),
    lambda m, x: m.einsum("ij,jk", x, x),
    lambda m, x: m.einsum("ij,kj", x, x.long()),
    lambda m, x: m.einsum("ij,ij->", x > 0, x > 0),
    lambda m, x: m.einsum(x, [0, 60]),
    lambda m, x: m.allclose(x, x.float()),
    lambda m, x: m.nn.functional.linear(x, x[:, :2]),
    lambda m, x: m.nn.functional.linear(x, x, x),
    lambda m, x: m.nn.functional.linear(x, x, x[:, 0].float()),
    lambda m, x: m.nn.functional.linear(x > 0, x > 0),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refuses_what_pytorch_refuses(number: int, torch: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)
    with pytest.raises(Exception):  # noqa: B017 - of which type, `same` asserts
        REFUSED[number](torch, torch.from_numpy(x))
    same(REFUSED[number], x)
