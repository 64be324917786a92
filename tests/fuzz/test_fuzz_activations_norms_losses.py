"""Activations, norms, losses, dropouts and embeddings on drawn inputs, against PyTorch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from oracle import agree, same, the_torch

import minitorch

Array = np.ndarray[Any, np.dtype[Any]]
SPECIAL = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 6.0, 21.0, -30.0, 1e4, -1e4]
BEYOND = [np.inf, -np.inf, np.nan]
FEW = settings(max_examples=60, deadline=None, derandomize=True)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@st.composite
def arrays(draw: Any, *, low: int = 0, high: int = 3, beyond: bool = False) -> Array:
    """Floats of `low` to `high` dimensions, some at kinks, in some memory layout."""
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=low, max_size=high)))
    draws = np.random.default_rng(draw(st.integers(0, 999)))
    x = draws.standard_normal(shape) * draw(st.sampled_from([0.3, 2.0, 8.0]))
    odd = SPECIAL + BEYOND if beyond else SPECIAL
    x = np.where(draws.random(shape) < 0.3, draws.choice(odd, shape), x)
    x = x.astype(draw(st.sampled_from([np.float64, np.float32])))
    if draw(st.booleans()):
        x = np.ascontiguousarray(x.T).T
    return np.asarray(x)


ACTIVATIONS = {
    "relu": [{}],
    "relu6": [{}],
    "hardtanh": [{}, {"min_val": -0.5, "max_val": 3.0}],
    "threshold": [{"threshold": 0.5, "value": -2.0}],
    "hardshrink": [{}, {"lambd": 0.0}, {"lambd": 3.0}],
    "softshrink": [{}, {"lambd": 0.0}, {"lambd": 3.0}, {"lambd": -1.0}],
    "tanhshrink": [{}],
    "leaky_relu": [{}, {"negative_slope": 0.0}, {"negative_slope": -0.5}, {"negative_slope": 3.0}],
    "rrelu": [{}, {"lower": 0.5, "upper": 0.2}],
    "elu": [{}, {"alpha": 0.5}, {"alpha": -1.5}],
    "celu": [{}, {"alpha": 0.5}, {"alpha": 0.0}],
    "selu": [{}],
    "silu": [{}],
    "mish": [{}],
    "softplus": [{}, {"beta": 2.0, "threshold": 3.0}, {"beta": 0.5}],
    "logsigmoid": [{}],
    "softsign": [{}],
    "hardswish": [{}],
    "gelu": [{}, {"approximate": "tanh"}, {"approximate": "most"}],
}


@FEW
@given(st.data())
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str, data: Any) -> None:
    options = data.draw(st.sampled_from(ACTIVATIONS[name]))
    x = data.draw(arrays(beyond=True))
    # Where a value is NaN or infinite, PyTorch's second derivatives are of many minds.
    finite = bool(np.isfinite(x).all()) and not (
        name in ("mish", "gelu") and (np.abs(x) > 100).any()
    )
    same(lambda m, x: getattr(m.nn.functional, name)(x, **options), x, gradients=finite)


@pytest.mark.parametrize(
    "name", ["relu", "relu6", "threshold", "hardshrink", "softshrink", "leaky_relu", "elu",
             "selu", "hardswish", "logsigmoid", "softplus"]
)  # fmt: skip
def test_first_derivatives_beyond_the_finite(name: str) -> None:
    options = {"threshold": 0.5, "value": 2.0} if name == "threshold" else {}
    torch = the_torch()
    got = []
    for m in (minitorch, torch):
        # (At NaN, what PyTorch gives depends on the place in the vector.)
        x = m.tensor([*SPECIAL, np.inf, -np.inf], dtype=m.float64).requires_grad_()
        getattr(m.nn.functional, name)(x, **options).sum().backward()
        got.append(x.grad.numpy())
    np.testing.assert_allclose(*got, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("incoming", [np.inf, np.nan])
@pytest.mark.parametrize(
    "name", ["relu", "relu6", "threshold", "hardshrink", "softshrink", "hardswish"]
)
def test_what_is_flat_lets_no_gradient_through(name: str, incoming: float) -> None:
    options = {"threshold": 0.5, "value": 2.0} if name == "threshold" else {}
    got = []
    for m in (minitorch, the_torch()):
        x = m.tensor([*SPECIAL, np.inf, -np.inf], dtype=m.float64).requires_grad_()
        y = getattr(m.nn.functional, name)(x, **options)
        y.backward(m.full_like(y, incoming))
        got.append(x.grad.numpy())
    np.testing.assert_array_equal(*got)


@FEW
@given(arrays(beyond=False), st.integers(-4, 3), st.sampled_from(["softmax", "log_softmax", "glu"]))
def test_along_a_dimension(x: Array, dim: int, name: str) -> None:
    same(lambda m, x: getattr(m.nn.functional, name)(x, dim=dim), x, tolerance=1e-5)


@FEW
@given(st.data())
def test_batch_norm(data: Any) -> None:
    # Contiguous: PyTorch's gradient is wrong for some layouts that channels_last also describes.
    x = np.ascontiguousarray(data.draw(arrays(low=2, high=4).filter(lambda x: x.size)))
    training, affine = data.draw(st.booleans()), data.draw(st.booleans())
    channels = data.draw(st.sampled_from([x.shape[1]] * 5 + [5]))
    draws = np.random.default_rng(0)
    params = [draws.uniform(0.5, 2, channels).astype(x.dtype) for _ in range(4)]

    def call(m: Any, x: Any, mean: Any, var: Any, w: Any, b: Any) -> Any:
        kept = mean.detach().clone(), var.detach().clone()
        w, b = (w, b) if affine else (None, None)
        y = m.nn.functional.batch_norm(x, *kept, w, b, training, 0.3, 0.05)
        return y, *kept

    same(call, x, *params, tolerance=1e-4, gradients=bool(x.size) and affine and x.dtype == "f8")


@FEW
@given(st.data())
def test_other_norms(data: Any) -> None:
    x = data.draw(arrays(low=1, high=4))
    name = data.draw(st.sampled_from(["layer_norm", "rms_norm", "group_norm", "instance_norm"]))
    groups = data.draw(st.integers(1, 3))
    last = data.draw(st.integers(1, x.ndim))

    def call(m: Any, x: Any) -> Any:
        F = m.nn.functional
        if name == "group_norm":
            return F.group_norm(x, groups, eps=0.05)
        if name == "instance_norm":
            return F.instance_norm(x, eps=0.05)
        return getattr(F, name)(x, tuple(x.shape[-last:]), eps=0.05)

    same(call, x, tolerance=1e-4, gradients=bool(x.size) and x.dtype == "f8")


def test_norm_keeps_its_precision_beside_a_large_mean() -> None:
    x = np.random.default_rng(0).standard_normal((500, 3)) + 3000
    exact = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
    single = x.astype(np.float32)
    exact32 = (single - single.mean(0, dtype=float)) / np.sqrt(single.var(0, dtype=float) + 1e-5)
    y = minitorch.nn.functional.batch_norm(minitorch.tensor(x), None, None, training=True)
    np.testing.assert_allclose(y.numpy(), exact, 1e-9, 1e-9)
    y = minitorch.nn.functional.batch_norm(minitorch.tensor(single), None, None, training=True)
    np.testing.assert_allclose(y.numpy(), exact32, 1e-4, 1e-4)


def test_norm_without_weights_survives_a_change_of_its_output() -> None:
    grads = []
    for m in (minitorch, the_torch()):
        x = m.tensor([[1.0, 2.0, 4.0]], requires_grad=True)
        (m.nn.functional.layer_norm(x, (3,)).relu_() * m.tensor([1.0, 2.0, 5.0])).sum().backward()
        grads.append(x.grad)
    agree(*grads, 1e-4)


@FEW
@given(st.data())
def test_losses_of_two(data: Any) -> None:
    names = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss"]
    name = data.draw(st.sampled_from([*names, "poisson_nll_loss", "multilabel_soft_margin_loss"]))
    reduction = data.draw(st.sampled_from(["mean", "sum", "none", "batchmean"]))
    shape = tuple(data.draw(st.lists(st.integers(0, 3), max_size=3)))
    other = tuple(data.draw(st.sampled_from([n, n, n, 1])) for n in shape)
    draws = np.random.default_rng(data.draw(st.integers(0, 999)))
    x, y = draws.standard_normal(shape), draws.standard_normal(other)
    same(
        lambda m, x: getattr(m.nn.functional, name)(
            x, m.tensor(y.tolist(), dtype=x.dtype).reshape(other), reduction=reduction
        ),
        x,
    )


@FEW
@given(st.data())
def test_losses_of_classes(data: Any) -> None:
    N, C = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    space = tuple(data.draw(st.lists(st.integers(1, 2), max_size=2)))
    draws = np.random.default_rng(data.draw(st.integers(0, 999)))
    x = draws.standard_normal((N, C, *space))
    target = draws.integers(-1, C + data.draw(st.sampled_from([0, 0, 0, 1])), (N, *space))
    options = {
        "reduction": data.draw(st.sampled_from(["mean", "sum", "none"])),
        "ignore_index": data.draw(st.sampled_from([-1, 0])),
    }
    name = data.draw(st.sampled_from(["nll_loss", "cross_entropy"]))
    same(
        lambda m, x: getattr(m.nn.functional, name)(x, m.tensor(target.tolist()), **options),
        x,
        gradients=options["reduction"] != "mean",  # nothing kept: 0 / 0
    )


@FEW
@given(st.data())
def test_margins_of_classes(data: Any) -> None:
    N, C = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    draws = np.random.default_rng(data.draw(st.integers(0, 999)))
    x = draws.standard_normal((N, C))
    one, many = draws.integers(0, C, N).tolist(), draws.integers(-1, C, (N, C)).tolist()
    p, reduction = data.draw(st.sampled_from([1, 2])), data.draw(st.sampled_from(["mean", "none"]))
    same(
        lambda m, x: (
            m.nn.functional.multi_margin_loss(x, m.tensor(one), p, 0.8, reduction=reduction),
            m.nn.functional.multilabel_margin_loss(x, m.tensor(many), reduction=reduction),
        ),
        x,
    )


@FEW
@given(st.data())
def test_ctc(data: Any) -> None:
    T, N, C = (data.draw(st.integers(low, 4)) for low in (2, 1, 2))
    draws = np.random.default_rng(data.draw(st.integers(0, 999)))
    durations = draws.integers(1, T + 1, N).tolist()
    sizes = draws.integers(0, 4, N).tolist()
    labels = draws.integers(0, C, (N, 4))
    blank = data.draw(st.integers(0, C - 1))
    labels = np.where(labels == blank, (blank + 1) % C, labels).tolist()

    def call(m: Any, x: Any) -> Any:
        return m.nn.functional.ctc_loss(
            x.log_softmax(2), m.tensor(labels), durations, sizes, blank, "none", True
        )

    same(call, draws.standard_normal((T, N, C)))


@FEW
@given(st.data())
def test_dropouts(data: Any) -> None:
    names = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"]
    name = data.draw(st.sampled_from([*names, "feature_alpha_dropout"]))
    p = data.draw(st.sampled_from([0.0, 0.2, 0.7, 1.0, 1.5, -0.1]))
    training, inplace = data.draw(st.booleans()), data.draw(st.booleans())
    x = data.draw(arrays(low=0, high=5))
    seed = data.draw(st.integers(0, 99))

    def call(m: Any, x: Any) -> Any:
        m.manual_seed(seed)
        y = getattr(m.nn.functional, name)(x * 1, p, training, inplace)
        return y, m.rand(1)  # so that as much was drawn

    same(call, x)


@FEW
@given(st.data())
def test_embeddings(data: Any) -> None:
    V, D = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    draws = np.random.default_rng(data.draw(st.integers(0, 999)))
    w = draws.standard_normal((V, D))
    shape = tuple(data.draw(st.lists(st.integers(0, 4), max_size=3)))
    top = V + data.draw(st.sampled_from([0, 0, 0, 0, 1]))
    index = draws.integers(0, top, shape)
    options = {
        "padding_idx": data.draw(st.sampled_from([None, 0, -1, V])),
        "scale_grad_by_freq": data.draw(st.booleans()),
    }

    def call(m: Any, w: Any) -> Any:
        i = m.tensor(index.tolist(), dtype=m.int64).reshape(shape)
        return m.nn.functional.embedding(i, w, **options)

    # PyTorch's second derivative forgets scale_grad_by_freq; both of ours are the first's.
    same(call, w, gradients=not options["scale_grad_by_freq"])


def test_frequent_rows_get_smaller_gradients() -> None:
    torch = the_torch()
    got = []
    for m in (minitorch, torch):
        w = m.ones(3, 2).requires_grad_()
        i = m.tensor([0, 2, 2, 1, 2])
        y = m.nn.functional.embedding(i, w, padding_idx=1, scale_grad_by_freq=True)
        (y * m.arange(10.0).reshape(5, 2)).sum().backward()
        got.append(w.grad.numpy())
    np.testing.assert_allclose(*got, rtol=1e-6)


@FEW
@given(st.data())
def test_bags(data: Any) -> None:
    V, D = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    count, bags = data.draw(st.integers(0, 6)), data.draw(st.integers(1, 4))
    draws = np.random.default_rng(data.draw(st.integers(0, 999)))
    w, factors = draws.standard_normal((V, D)), draws.standard_normal(count)
    index = draws.integers(0, V, count).tolist()
    starts = [0, *sorted(draws.integers(0, count + 1, bags - 1).tolist())]
    mode = data.draw(st.sampled_from(["sum", "mean", "max"]))
    padding = data.draw(st.sampled_from([None, 0, -1]))
    weighed = mode == "sum" and data.draw(st.booleans())

    def call(m: Any, w: Any, factors: Any) -> Any:
        return m.nn.functional.embedding_bag(
            m.tensor(index, dtype=m.int64),
            w,
            m.tensor(starts),
            mode=mode,
            per_sample_weights=factors if weighed else None,
            padding_idx=padding,
        )

    same(call, w, factors)


def test_max_norm_scales_the_rows_that_are_looked_up() -> None:
    torch = the_torch()
    tables = []
    for m in (minitorch, torch):
        w = (m.arange(12.0).reshape(4, 3) / 4).detach()
        m.nn.functional.embedding(m.tensor([[1, 3], [3, 0]]), w, max_norm=1.0, norm_type=1.5)
        tables.append(w.numpy())
    np.testing.assert_allclose(*tables, rtol=1e-5)


@pytest.mark.parametrize("call", [
    lambda F, m: F.batch_norm(m.zeros(2, 3), None, None),
    lambda F, m: F.batch_norm(m.zeros(2, 3), m.zeros(2), m.zeros(2)),
    lambda F, m: F.batch_norm(m.zeros(1, 3), None, None, training=True),
    lambda F, m: F.batch_norm(m.zeros(2, 3), m.zeros(3), None, training=True),
    lambda F, m: F.batch_norm(m.zeros(2, 3), None, None, training=True, eps=0.0),
    lambda F, m: F.batch_norm(m.zeros(2, 3).double(), m.zeros(3), m.zeros(3)),
    lambda F, m: F.layer_norm(m.zeros(2, 3), 3),
    lambda F, m: F.layer_norm(m.zeros(2, 3), (2,)),
    lambda F, m: F.layer_norm(m.zeros(2, 3), ()),
    lambda F, m: F.layer_norm(m.zeros(2, 3), (3,), m.zeros(2)),
    lambda F, m: F.group_norm(m.zeros(2, 3), 2),
    lambda F, m: F.group_norm(m.zeros(2, 4), 0),
    lambda F, m: F.instance_norm(m.zeros(2, 3, 1)),
    lambda F, m: F.instance_norm(m.zeros(2, 3, 4), use_input_stats=False),
    lambda F, m: F.local_response_norm(m.zeros(2, 3), 2),
    lambda F, m: F.local_response_norm(m.zeros(2, 3, 4), 0),
    lambda F, m: F.mse_loss(m.zeros(2), m.zeros(3)),
    lambda F, m: F.mse_loss(m.zeros(2), m.zeros(2), reduction="most"),
    lambda F, m: F.mse_loss(m.zeros(2), m.zeros(2), weight=m.zeros(1)),
    lambda F, m: F.smooth_l1_loss(m.zeros(2), m.zeros(2), beta=-1.0),
    lambda F, m: F.huber_loss(m.zeros(2), m.zeros(2), delta=0.0),
    lambda F, m: F.binary_cross_entropy(m.ones(2) * 2, m.zeros(2)),
    lambda F, m: F.binary_cross_entropy(m.ones(2), m.zeros(2) - 1),
    lambda F, m: F.binary_cross_entropy(m.ones(2), m.zeros(1)),
    lambda F, m: F.binary_cross_entropy_with_logits(m.ones(2), m.zeros(2, 1)),
    lambda F, m: F.binary_cross_entropy_with_logits(m.ones(2), m.zeros(2), m.zeros(3, 2)),
    lambda F, m: F.gaussian_nll_loss(m.zeros(2, 3), m.zeros(2, 3), m.ones(3)),
    lambda F, m: F.gaussian_nll_loss(m.zeros(2, 3), m.zeros(2, 3), -1.0),
    lambda F, m: F.margin_ranking_loss(m.zeros(2), m.zeros(2), m.zeros(2, 1)),
    lambda F, m: F.cosine_embedding_loss(m.zeros(2, 3), m.zeros(2, 3), m.tensor(1)),
    lambda F, m: F.triplet_margin_loss(m.zeros(2), m.zeros(2), m.zeros(1, 2)),
    lambda F, m: F.triplet_margin_loss(m.zeros(2), m.zeros(2), m.zeros(2), margin=0.0),
    lambda F, m: F.multi_margin_loss(m.zeros(2, 3), m.tensor([0, 3])),
    lambda F, m: F.multi_margin_loss(m.zeros(2, 3), m.tensor([0, 1]), p=3),
    lambda F, m: F.multilabel_margin_loss(m.zeros(3), m.tensor([0, 4, 1])),
    lambda F, m: F.nll_loss(m.zeros(2, 3), m.tensor([0, 3])),
    lambda F, m: F.nll_loss(m.zeros(2, 3), m.tensor([0, 1, 2])),
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.tensor([0, 1]), m.ones(2)),
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.tensor([0, 1]), label_smoothing=2.0),
    lambda F, m: F.ctc_loss(m.zeros(4, 1, 3), m.tensor([[1, 2]]), [5], [2]),
    lambda F, m: F.ctc_loss(m.zeros(4, 1, 3), m.tensor([[1, 2]]), [4], [3]),
    lambda F, m: F.ctc_loss(m.zeros(4, 1, 3), m.tensor([[1, 2]]), [4], [2], blank=3),
    lambda F, m: F.pdist(m.zeros(3)),
    lambda F, m: F.cosine_similarity(m.zeros(3), m.zeros(3)),
    lambda F, m: F.embedding(m.tensor([3]), m.zeros(3, 2)),
    lambda F, m: F.embedding(m.tensor([0.0]), m.zeros(3, 2)),
    lambda F, m: F.embedding(m.tensor([0]), m.zeros(3)),
    lambda F, m: F.embedding(m.tensor([0]), m.zeros(3, 2), padding_idx=3),
    lambda F, m: F.embedding_bag(m.tensor([0, 1]), m.zeros(3, 2)),
    lambda F, m: F.embedding_bag(m.tensor([0, 1]), m.zeros(3, 2), m.tensor([1])),
    lambda F, m: F.embedding_bag(m.tensor([0, 4]), m.zeros(3, 2), m.tensor([0])),
    lambda F, m: F.embedding_bag(m.tensor([[0]]), m.zeros(3, 2), mode="least"),
    lambda F, m: F.one_hot(m.tensor([0, 3]), 3),
    lambda F, m: F.one_hot(m.tensor([-1])),
    lambda F, m: F.one_hot(m.tensor([0.0])),
    lambda F, m: F.bilinear(m.zeros(2, 3), m.zeros(2, 4), m.zeros(5, 4, 4)),
    lambda F, m: F.prelu(m.zeros(2, 3), m.zeros(2)),
    lambda F, m: F.glu(m.zeros(3)),
    lambda F, m: F.scaled_dot_product_attention(m.zeros(3), m.zeros(3), m.zeros(3)),
    lambda F, m: F.scaled_dot_product_attention(
        m.zeros(2, 3), m.zeros(2, 3), m.zeros(2, 3), m.zeros(2, 2), is_causal=True
    ),
    lambda F, m: F.scaled_dot_product_attention(
        m.zeros(2, 3), m.zeros(2, 3), m.zeros(2, 3), dropout_p=1.5
    ),
    lambda F, m: m.softmax(m.zeros(2)),
])  # fmt: skip
def test_refused_as_pytorch_refuses(call: Any) -> None:
    same(lambda m: call(m.nn.functional, m))
    with pytest.raises(Exception):  # noqa: B017 - `same` has compared the type
        call(minitorch.nn.functional, minitorch)


@pytest.mark.filterwarnings("error::UserWarning")
def test_warnings_that_pytorch_gives() -> None:
    F, zeros = minitorch.nn.functional, minitorch.zeros
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        with pytest.warns(UserWarning, match="different to the input size"):
            getattr(F, name)(zeros(2, 1), zeros(2))
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(zeros(2), zeros(2))
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        F.softmax(zeros(2))
    with pytest.warns(UserWarning, match="reduction='sum'"):
        F.l1_loss(zeros(2), zeros(2), size_average=False)
    with pytest.warns(UserWarning, match="3D input"):
        F.dropout2d(zeros(2, 3, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.mse_loss(zeros(2), zeros(2))


def test_a_hard_gumbel_sample_has_the_gradient_of_the_soft_one() -> None:
    torch = the_torch()
    got = []
    for m in (minitorch, torch):
        m.manual_seed(1)
        x = m.zeros(4, 3).requires_grad_()
        y = m.nn.functional.gumbel_softmax(x, 0.5, hard=True)
        (y * m.arange(12.0).reshape(4, 3)).sum().backward()
        got += [y.detach().numpy(), x.grad.numpy()]
    np.testing.assert_allclose(got[0], got[2], atol=1e-6)
    np.testing.assert_allclose(got[1], got[3], rtol=1e-4, atol=1e-5)


def test_sparse_gradients_are_refused() -> None:
    F = minitorch.nn.functional
    with pytest.raises(NotImplementedError, match="sparse"):
        F.embedding(minitorch.tensor([0]), minitorch.zeros(2, 2), sparse=True)
    with pytest.raises(NotImplementedError, match="sparse"):
        F.embedding_bag(minitorch.tensor([[0]]), minitorch.zeros(2, 2), sparse=True)
