"""Convolution takes several ways, by size and shape: each must come to the same as PyTorch's."""

import numpy as np
import pytest
from oracle import same

import minitorch
from minitorch.kernels import blas, blocks, conv, mask, products, threads, winograd

Sizes = tuple[int, ...]


def net(m, x, w, b, **options):
    """A convolution with ReLU and pooling behind it, so that each finds the other's memory."""
    F = m.nn.functional
    return F.max_pool2d(F.conv2d(x, w, b, **options).relu(), 2)


def operands(shape: Sizes, out: int, kernel: Sizes, groups: int = 1, dtype: str = "float64"):
    rng = np.random.default_rng(0)
    return tuple(
        rng.standard_normal(size).astype(dtype)
        for size in (shape, (out, shape[1] // groups, *kernel), (out,))
    )


WAYS = {
    "winograd": ((5, 33, 6, 8), 34, (3, 3), {"padding": 1}),
    "winograd, odd sizes": ((6, 32, 5, 7), 33, (3, 3), {"padding": (1, 2)}),
    "winograd, no padding": ((4, 35, 7, 9), 32, (3, 3), {}),
    "winograd, rows of 4 KiB": ((64, 32, 12, 14), 32, (3, 3), {"padding": 1}),
    "many channels": ((16, 16, 6, 8), 17, (3, 3), {"padding": 1}),
    "odd sizes": ((17, 18, 5, 7), 16, (3, 3), {"padding": (1, 2)}),
    "no padding": ((16, 16, 7, 9), 20, (3, 3), {}),
    "another kernel": ((3, 16, 6, 7), 18, (3, 2), {"padding": 1}),
    "strides": ((3, 16, 9, 7), 18, (3, 3), {"padding": 1, "stride": 2}),
    "strides longer than the kernel": ((17, 6, 9, 7), 8, (2, 2), {"stride": (3, 2)}),
    "more padding than kernel": ((16, 6, 5, 4), 5, (2, 2), {"padding": 2}),
    "from few channels to many": ((3, 2, 9, 7), 18, (3, 3), {"padding": 1}),
    "from many channels to few": ((3, 18, 9, 7), 2, (3, 3), {"padding": 1, "dilation": 2}),
    "a large kernel": ((3, 4, 9, 8), 5, (5, 3), {"padding": 2}),
    "a large batch": ((33, 5, 9, 8), 9, (3, 3), {"padding": 1, "stride": (1, 2)}),
    "groups": ((3, 32, 9, 7), 32, (3, 3), {"padding": 1, "groups": 16}),
    "depthwise": ((16, 8, 9, 7), 8, (3, 3), {"padding": 1, "groups": 8}),
    "one element": ((3, 4, 9, 7), 5, (1, 1), {}),
    "one element, many channels": ((3, 16, 9, 7), 17, (1, 1), {}),
    "one element, groups": ((3, 8, 9, 7), 6, (1, 1), {"groups": 2}),
    "one element, strides": ((3, 16, 9, 7), 17, (1, 1), {"stride": 2}),
}


@pytest.mark.parametrize("small", [None, 64, 1000], ids=["at once", "tiny blocks", "blocks"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_convolving(way: str, small: int | None, monkeypatch: pytest.MonkeyPatch):
    if small is not None:
        monkeypatch.setattr(conv, "SMALL", small)
        monkeypatch.setattr(conv, "FEW", 1)
        monkeypatch.setattr(winograd, "TILE", small)
        monkeypatch.setattr(winograd, "PIXELS", 1)
        monkeypatch.setattr(winograd, "WORK", 1)
    shape, out, kernel, options = WAYS[way]
    arrays = operands(shape, out, kernel, options.get("groups", 1))
    same(lambda m, *xs: net(m, *xs, **options), *arrays)
    # A walk that records nothing takes short cuts, such as columns that were kept.
    inputs = [minitorch.tensor(a, requires_grad=True) for a in arrays]
    total = net(minitorch, *inputs, **options).square().sum()
    recorded = minitorch.autograd.grad(total, inputs, create_graph=True)
    for first, again in zip(minitorch.autograd.grad(total, inputs), recorded, strict=True):
        minitorch.testing.assert_close(first, again.detach())


GEOMETRY = {"stride": (1, 1), "padding": ((1, 1),) * 2, "dilation": (1, 1), "groups": 1}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_are_added_without_openblas_too(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, w, _ = operands((33, 8, 16, 16), 8, (3, 3), dtype=dtype)
    kernels = [conv.conv.in_numpy, conv.conv_weight.in_numpy, conv.conv_input.in_numpy]

    def products():
        y = kernels[0](x, w, None, **GEOMETRY)[0]
        return y, kernels[1](y, x, w.shape, **GEOMETRY), kernels[2](y, w, x.shape, **GEOMETRY)

    expected = products()
    monkeypatch.setattr(blas, "_gemm", lambda kind: None)
    for found, exact in zip(products(), expected, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-3)


def test_winograd_is_about_as_exact_as_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, b = operands((16, 32, 12, 12), 32, (3, 3), dtype="float32")
    padding, ones = ((1, 1), (1, 1)), (1, 1)
    assert winograd.suits(x, w.shape, ones, padding, ones, 1)
    assert not winograd.suits(x, w.shape, (2, 1), padding, ones, 1)
    assert not winograd.suits(x, w.shape, ones, ((1, -1), (1, 1)), ones, 1)
    quick = conv.conv.in_numpy(x, w, b, **GEOMETRY)[0]
    np.testing.assert_array_equal(quick, winograd.conv(x, w, b, padding))
    monkeypatch.setattr(winograd, "suits", lambda *_: False)
    plain = conv.conv.in_numpy(x, w, b, **GEOMETRY)[0]
    exact = conv.conv.in_numpy(*(a.astype("float64") for a in (x, w, b)), **GEOMETRY)[0]
    assert 0 < np.abs(quick - exact).mean() < 2 * np.abs(plain - exact).mean()
    assert np.abs(quick - exact).max() < 5e-5


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float16", "float32"])
@pytest.mark.parametrize("channels", [16, 32])
def test_dtypes_of_many_channels(channels: int, dtype: str) -> None:
    arrays = operands((16, channels, 8, 8), channels, (3, 3))
    x, w, b = (np.rint(a * 2).astype(dtype) for a in arrays)
    same(lambda m, *xs: m.nn.functional.conv2d(*xs, padding=1), x, w, b, gradients=False)
    if dtype != "uint8":  # PyTorch has none for it
        same(lambda m, *xs: m.nn.functional.conv_transpose2d(*xs), x, w, b, gradients=False)


@pytest.mark.parametrize("channels", [16, 32])
def test_infinities_are_those_of_the_definition(
    channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conv, "SMALL", 64)
    x, w, b = operands((16, channels, 8, 8), channels, (3, 3))
    x[3, 5, 2, 2], x[4, 1, 7, 7], x[0, 0, 0, 0] = np.inf, -np.inf, np.nan
    with np.errstate(all="ignore"):
        assert winograd.conv(x, w, b, GEOMETRY["padding"]) is None
        assert winograd.conv_weight(x, x, GEOMETRY["padding"]) is None
    same(lambda m, *xs: m.nn.functional.conv2d(*xs, padding=1), x, w, b)
    x, w, b = operands((16, channels, 8, 8), channels, (3, 3))
    w[3, 5, 0, 2] = np.inf  # which reaches some gradients of pixels, and not those at the edge
    same(lambda m, *xs: m.nn.functional.conv2d(*xs), x, w, b)


def test_work_is_shared_in_order_and_errors_come_through() -> None:
    pieces = list(range(7))
    parts = threads.share(list, pieces)
    assert [piece for part in parts for piece in part] == pieces

    def fail(part):
        raise ValueError(f"part {part}")

    with pytest.raises(ValueError, match="part"):
        threads.share(fail, pieces)
    assert [p for part in threads.share(list, pieces) for p in part] == pieces


def test_sharing_within_shared_work_is_done_by_one() -> None:
    nested = threads.share(lambda part: threads.share(list, part), list(range(6)))
    assert sorted(p for parts in nested for part in parts for p in part) == list(range(6))


def test_threads_hush_numpy_as_their_caller() -> None:
    x = minitorch.full((64, 2, 32, 32), 3e38)
    w = minitorch.full((3, 2, 3, 3), 3e38)
    y = minitorch.nn.functional.conv2d(x, w)  # overflows in every thread, without a warning
    assert y.isinf().all()


@pytest.mark.parametrize("easy", [900_000, 3000])
@pytest.mark.parametrize("P", [0, 1, 509, 512, 1536])
def test_products_in_parts(P: int, easy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "EASY", easy)
    products.parts_of.cache_clear()
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 5)), rng.standard_normal((2, 5, P))
    padded = products.scratch(2, 5, P, b.dtype)
    padded[...] = b
    turned = np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1)
    for long in (b, padded, turned):
        out, other = products.scratch(2, 3, P, b.dtype), np.empty((2, P, 3)).transpose(0, 2, 1)
        for into in (out, other):
            products.multiply(a, long, into)
            np.testing.assert_allclose(into, a @ b)
            total = products.multiply_long(into, long)
            np.testing.assert_allclose(total, (a @ b) @ b.transpose(0, 2, 1), atol=1e-12)
    products.parts_of.cache_clear()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_relu_of_large_arrays_is_that_of_small_ones(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = np.random.default_rng(0).standard_normal((3, 4, 5, 7)).astype(dtype)
    numbers.flat[:5] = np.nan, np.inf, -np.inf, 0.0, -0.0
    for x in (numbers, numbers.transpose(2, 3, 0, 1), numbers[:, ::-2]):
        y, above = mask.positive(x)
        kept = mask.keep_whole(x, above)
        with monkeypatch.context() as patch:
            patch.setattr(mask, "LARGE", 0)
            patch.setattr(blocks, "BLOCK", 16)
            large, still_above = mask.positive(x)
            still_kept = mask.keep_whole(x, above)
        np.testing.assert_array_equal(large, y)
        np.testing.assert_array_equal(np.signbit(large), np.signbit(y))
        np.testing.assert_array_equal(still_above, above)
        np.testing.assert_array_equal(still_kept, kept)
        assert large.dtype == still_kept.dtype == dtype
