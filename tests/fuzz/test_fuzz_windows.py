"""Convolution, pooling, padding and resampling of random shapes and options, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from oracle import same, the_torch

import minitorch

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

RANDOM = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SPECIAL = [np.nan, np.inf, -np.inf, -0.0, 0.0]


@st.composite
def arrays(draw: Any, shape: tuple[int, ...], special: bool = False, ties: bool = False) -> Any:
    """An array of a random layout and one of two dtypes; with NaN and such, and with ties."""
    dtype = draw(st.sampled_from(["float64", "float32"]))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = numbers.standard_normal(shape)
    if ties:
        values = np.round(values)
    if special and values.size and draw(st.booleans()):
        places = numbers.random(shape) < 0.15
        values[places] = numbers.choice(SPECIAL, int(places.sum()))
    values = values.astype(dtype)
    layout = draw(st.sampled_from(["plain", "transposed", "strided", "reversed"]))
    if layout == "transposed":
        return np.ascontiguousarray(values.T).T
    if layout == "strided":
        return np.repeat(values, 2, -1)[..., ::2]
    if layout == "reversed":
        return np.ascontiguousarray(values[..., ::-1])[..., ::-1]
    return values


def sizes(draw: Any, dims: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(draw(st.integers(low, high)) for _ in range(dims))


def either(draw: Any, dims: int, low: int, high: int) -> Any:
    """One int, or one a dimension."""
    if draw(st.booleans()):
        return draw(st.integers(low, high))
    return sizes(draw, dims, low, high)


def lead(draw: Any, channels: int) -> tuple[int, ...]:
    """Channels behind a batch, an empty batch, or none."""
    batch = draw(st.sampled_from([(1,), (2,), (3,), (0,), ()]))
    return (*batch, channels)


def call(name: str, *args: Any, **options: Any) -> Any:
    return lambda m, *xs: getattr(m.nn.functional, name)(*xs, *args, **options)


DIMS = st.integers(1, 3)


@RANDOM
@given(st.data())
def test_convolutions(data: Any) -> None:
    draw = data.draw
    dims, groups = draw(DIMS), draw(st.integers(1, 2))
    C, outs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel, size = sizes(draw, dims, 1, 3), sizes(draw, dims, 1, 5)
    options: dict[str, Any] = {"groups": groups, "dilation": either(draw, dims, 1, 2)}
    padding = draw(st.sampled_from(["ints", "same", "valid"]))
    options["padding"] = either(draw, dims, 0, 2) if padding == "ints" else padding
    options["stride"] = 1 if padding == "same" else either(draw, dims, 1, 3)
    x = draw(arrays((*lead(draw, C), *size)))
    w = draw(arrays((outs, C // groups, *kernel))).astype(x.dtype)
    b = [draw(arrays((outs,))).astype(x.dtype)] if draw(st.booleans()) else []
    same(call(f"conv{dims}d", **options), x, w, *b)


@RANDOM
@given(st.data())
def test_transposed_convolutions(data: Any) -> None:
    draw = data.draw
    dims, groups = draw(DIMS), draw(st.integers(1, 2))
    C, outs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel, size = sizes(draw, dims, 1, 3), sizes(draw, dims, 1, 4)
    options = {
        "groups": groups,
        "stride": either(draw, dims, 1, 3),
        "padding": either(draw, dims, 0, 1),
        "dilation": either(draw, dims, 1, 3),
        "output_padding": either(draw, dims, 0, 2),
    }
    x = draw(arrays((*lead(draw, C), *size)))
    w = draw(arrays((C, outs // groups, *kernel))).astype(x.dtype)
    b = [draw(arrays((outs,))).astype(x.dtype)] if draw(st.booleans()) else []
    same(call(f"conv_transpose{dims}d", **options), x, w, *b)


@RANDOM
@given(st.data())
def test_unfold_and_fold(data: Any) -> None:
    draw = data.draw
    kernel, dilation, stride = (sizes(draw, 2, 1, 3) for _ in range(3))
    padding = sizes(draw, 2, 0, 2)
    size = sizes(draw, 2, 1, 6)
    geometry = (kernel, dilation, padding, stride)
    same(call("unfold", *geometry), draw(arrays((*lead(draw, 2), *size), special=True)))
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, *geometry, strict=True)
    ]
    columns = max(counts[0] * counts[1], 0) + draw(st.sampled_from([0, 0, 0, 1]))
    channels = 2 * kernel[0] * kernel[1]
    same(call("fold", size, *geometry), draw(arrays((*lead(draw, channels), columns))))


@RANDOM
@given(st.data())
def test_max_pooling(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    x = draw(arrays((*lead(draw, 2), *sizes(draw, dims, 1, 6)), special=True, ties=True))
    options = {
        "stride": draw(st.none() | st.integers(1, 3)),
        "padding": either(draw, dims, 0, 1),
        "dilation": either(draw, dims, 1, 2),
        "ceil_mode": draw(st.booleans()),
        "return_indices": draw(st.booleans()),
    }
    same(call(f"max_pool{dims}d", either(draw, dims, 1, 3), **options), x)


@RANDOM
@given(st.data())
def test_average_pooling(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    x = draw(arrays((*lead(draw, 2), *sizes(draw, dims, 1, 6)), special=True))
    options = {
        "stride": draw(st.none() | st.integers(1, 3)),
        "padding": either(draw, dims, 0, 1),
        "ceil_mode": draw(st.booleans()),
        "count_include_pad": draw(st.booleans()),
    }
    if dims > 1:
        options["divisor_override"] = draw(st.none() | st.integers(-2, 4))
    same(call(f"avg_pool{dims}d", either(draw, dims, 1, 3), **options), x)


@RANDOM
@given(st.data())
def test_norm_pooling(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    x = abs(draw(arrays((*lead(draw, 2), *sizes(draw, dims, 1, 5))))) + 0.5
    power = draw(st.sampled_from([1, 2, 3.0, 0.5, float("inf"), -float("inf")]))
    stride, ceil_mode = draw(st.none() | st.integers(1, 3)), draw(st.booleans())
    same(call(f"lp_pool{dims}d", power, draw(st.integers(1, 3)), stride, ceil_mode), x)


@RANDOM
@given(st.data())
def test_adaptive_pooling(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    x = draw(arrays((*lead(draw, 2), *sizes(draw, dims, 1, 7)), special=True, ties=True))
    cells = either(draw, dims, 1, 8)
    same(call(f"adaptive_avg_pool{dims}d", cells), x, tolerance=1e-5)
    same(call(f"adaptive_max_pool{dims}d", cells, draw(st.booleans())), x)


@RANDOM
@given(st.data())
def test_unpooling_undoes_pooling(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    size = sizes(draw, dims, 2, 6)
    x = draw(arrays((*lead(draw, 2), *size)))
    kernel, padding = draw(st.integers(2, 3)), draw(st.integers(0, 1))
    output_size = draw(st.sampled_from([None, size]))

    def there_and_back(m: Any, x: Any) -> Any:
        F = m.nn.functional
        y, index = getattr(F, f"max_pool{dims}d")(x, kernel, padding=padding, return_indices=True)
        unpool = getattr(F, f"max_unpool{dims}d")
        return unpool(y, index, kernel, padding=padding, output_size=output_size)

    same(there_and_back, x)


@RANDOM
@given(st.data())
def test_constant_padding(data: Any) -> None:
    draw = data.draw
    x = draw(arrays(sizes(draw, draw(st.integers(0, 4)), 0, 4)))
    pad = draw(st.lists(st.integers(-3, 3), max_size=2 * x.ndim + 1))
    value = draw(st.sampled_from([None, 0, 1.5, float("nan"), -float("inf")]))
    same(call("pad", pad, "constant", value), x)


@RANDOM
@given(st.data())
def test_other_padding(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    mode = draw(st.sampled_from(["reflect", "replicate", "circular"]))
    x = draw(arrays((*lead(draw, 2), *sizes(draw, dims, 1, 5)), special=True))
    low = -1 if mode == "circular" else -2  # further down PyTorch reads uninitialised memory
    pad = draw(st.lists(st.integers(low, 4), min_size=2 * dims, max_size=2 * dims))
    if mode == "circular":
        kept = [
            n + min(a, 0) + min(b, 0)
            for n, a, b in zip(x.shape[-1 : -dims - 1 : -1], pad[::2], pad[1::2], strict=True)
        ]
        if any(max(a, b) > n for n, a, b in zip(kept, pad[::2], pad[1::2], strict=True)):
            return
    same(call("pad", pad, mode), x)


MODES = {
    1: ["nearest", "nearest-exact", "area", "linear"],
    2: ["nearest", "nearest-exact", "area", "bilinear", "bicubic", "lanczos"],
    3: ["nearest", "nearest-exact", "area", "trilinear"],
}


@settings(RANDOM, max_examples=150)
@given(st.data())
def test_interpolation(data: Any) -> None:
    draw = data.draw
    dims = draw(DIMS)
    mode = draw(st.sampled_from(MODES[dims]))
    batch = draw(st.sampled_from([0, 1, 2]))
    x = draw(arrays((batch, 2, *sizes(draw, dims, 1, 9)), special=mode.startswith("nearest")))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["size"] = either(draw, dims, 1, 12)
    else:
        # PyTorch has no gradient for means of no cell at all.
        small = [] if mode == "area" else [0.3, 0.5]
        factors = st.sampled_from([*small, 1, 1.1, 1 / 0.3, 1.7, 2, 2.5, 3])
        options["scale_factor"] = draw(factors | st.tuples(*[factors] * dims))
        options["recompute_scale_factor"] = draw(st.sampled_from([None, True, False]))
    if mode.endswith(("linear", "cubic")):
        options["align_corners"] = draw(st.sampled_from([None, True, False]))
    if mode == "lanczos" or (mode in ("bilinear", "bicubic") and draw(st.booleans())):
        options["antialias"] = True
        x = np.concatenate([x, x], -1)  # PyTorch's kernel is wrong for images one pixel wide
    same(
        call("interpolate", mode=mode, **options),
        x,
        tolerance=2e-5 if x.dtype == np.float32 else None,
    )


@settings(RANDOM, max_examples=120)
@given(st.data())
def test_grid_sampling(data: Any) -> None:
    draw = data.draw
    dims, batch = draw(st.integers(2, 3)), draw(st.sampled_from([0, 1, 2]))
    mode = draw(st.sampled_from(["bilinear", "nearest"] + ["bicubic"] * (dims == 2)))
    options = {
        "mode": mode,
        "padding_mode": draw(st.sampled_from(["zeros", "border", "reflection"])),
        "align_corners": draw(st.booleans()),
    }
    # PyTorch computes places in float32 for float32, which moves those near a kink over it.
    x = draw(arrays((batch, 2, *sizes(draw, dims, 1, 4)))).astype("float64")
    grid = draw(arrays((batch, *sizes(draw, dims, 1, 3), dims))).astype("float64")
    same(call("grid_sample", **options), x, grid * draw(st.sampled_from([0.5, 1.5, 5.0])))


@RANDOM
@given(st.data())
def test_affine_grids(data: Any) -> None:
    draw = data.draw
    dims, batch = draw(st.integers(2, 3)), draw(st.integers(1, 2))
    theta = draw(arrays((batch, dims, dims + 1)))
    size = [batch, draw(st.integers(1, 2)), *sizes(draw, dims, 1, 4)]
    same(call("affine_grid", size, align_corners=draw(st.booleans())), theta)


@RANDOM
@given(st.data())
def test_shuffles(data: Any) -> None:
    draw = data.draw
    name = draw(st.sampled_from(["pixel_shuffle", "pixel_unshuffle", "channel_shuffle"]))
    x = draw(arrays(sizes(draw, draw(st.integers(2, 5)), 1, 6), special=True))
    same(call(name, draw(st.integers(0, 3))), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_nearest_is_the_element_that_pytorch_picks(dims: int, mode: str, dtype: str) -> None:
    """Which of two it is may hang on the last bit of a quotient: the sizes that showed it."""
    for size, out in [(2, 41), (2, 109), (24, 74), (30, 86), (7, 14), (9, 9), (5, 3)]:
        x = np.arange(float(size), dtype=dtype).reshape((1,) * (dims + 1) + (size,))
        same(call("interpolate", (1,) * (dims - 1) + (out,), mode=mode), x, gradients=False)
    for size, factor in [
        (2, 1.3),
        (3, 1.3),
        (8, 1.1),
        (3, 1.0257474333862933),
        (49, 1.1),
        (19, 1.7),
    ]:
        x = np.arange(float(size), dtype=dtype).reshape((1,) * (dims + 1) + (size,))
        factors = (1.0,) * (dims - 1) + (factor,)
        same(call("interpolate", None, factors, mode=mode), x, gradients=False)


@pytest.mark.parametrize("padding", ["border", "reflection"])
@pytest.mark.parametrize("corners", [False, True])
def test_grid_gradient_is_flat_on_the_border_itself(padding: str, corners: bool) -> None:
    edge = 1.0 if corners else 0.75  # the middle of the outer of 4 pixels
    x = np.random.default_rng(0).standard_normal((1, 2, 4, 4))
    grid = np.array([-edge, 0.1, edge, -0.3, 0.2, -edge, 0.3, edge]).reshape(1, 2, 2, 2)
    same(call("grid_sample", "bilinear", padding, corners), x, grid)


def test_grid_of_nan_and_infinity() -> None:
    x = np.random.default_rng(0).standard_normal((1, 1, 3, 3))
    grid = np.array([np.nan, 0.1, 0.2, np.inf, -np.inf, 0.1, 1e30, 0.3]).reshape(1, 2, 2, 2)
    for mode in ("nearest", "bilinear"):
        for padding in ("zeros", "border"):
            same(call("grid_sample", mode, padding, False), x, grid, gradients=False)


@RANDOM
@given(st.data())
def test_interpolation_of_bytes_is_within_a_level_or_two(data: Any) -> None:
    draw = data.draw
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = numbers.integers(0, 256, (2, 3, *sizes(draw, 2, 2, 12))).astype(np.uint8)
    options = {
        "mode": draw(st.sampled_from(["bilinear", "bicubic"])),
        "size": sizes(draw, 2, 2, 20),
        "antialias": draw(st.booleans()),
        "align_corners": draw(st.booleans()),
    }

    def levels(m: Any, x: Any) -> Any:
        y = m.nn.functional.interpolate(x, **options)
        assert str(y.dtype) == "torch.uint8"
        return y.double()

    torch = the_torch()
    ours, theirs = levels(minitorch, minitorch.from_numpy(x)), levels(torch, torch.from_numpy(x))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=0, atol=2)
