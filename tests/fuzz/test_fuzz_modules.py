"""Modules with options and inputs drawn at random, compared with PyTorch; errors as well."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import oracle
from hypothesis import given, settings, strategies as st

import minitorch as mt

examples = settings(max_examples=60, derandomize=True, deadline=None)
MODES = ("zeros", "reflect", "replicate", "circular")


def run(m: Any, name: str, options: dict[str, Any], arrays: list[Any], calls: list[Any]) -> Any:
    """Construct, and call in training or evaluation; what comes out and is held in the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m.manual_seed(1)
        module = getattr(m.nn, name)(**options).to(m.float64)
        xs = oracle.as_inputs(m, tuple(arrays), gradients=True)
        outs = []
        for training, extra in calls:
            outs += oracle.outputs(module.train(training)(*xs, **extra))
        return repr(module), outs, [*xs, *module.parameters()], module.state_dict()


def compare(
    name: str, options: dict[str, Any], arrays: list[Any], calls: Any = ((True, {}), (False, {}))
) -> None:
    torch = oracle.the_torch()
    results: list[Any] = []
    for m in (mt, torch):
        try:
            results.append(run(m, name, options, arrays, list(calls)))
        except Exception as error:
            results.append(error)
    ours, theirs = results
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        if not isinstance(ours, type(theirs)):
            raise AssertionError(f"PyTorch: {theirs!r}, minitorch: {ours!r}")
        return
    assert ours[0] == theirs[0]
    assert len(ours[1]) == len(theirs[1])
    for a, b in zip(ours[1], theirs[1], strict=True):
        oracle.agree(a, b, 1e-9)
    assert list(ours[3]) == list(theirs[3])
    for key in ours[3]:
        oracle.agree(ours[3][key], theirs[3][key], 1e-9, key)
    oracle.same_gradients(ours[1], ours[2], theirs[1], theirs[2])


def numbers(draw: Any, shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(draw(st.integers(0, 99))).standard_normal(shape)


def sizes(dims: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """One number, or one a dimension; now and then one too many."""
    one = st.integers(low, high)
    return st.one_of(one, st.tuples(*[one] * dims), st.tuples(*[one] * (dims + 1)))


@examples
@given(st.data())
def test_convolutions(data: Any) -> None:
    draw = data.draw
    dims = draw(st.sampled_from([1, 2, 2, 3]))
    options = {
        "in_channels": draw(st.sampled_from([2, 4])),
        "out_channels": draw(st.sampled_from([2, 4])),
        "kernel_size": draw(st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * dims))),
        "stride": draw(st.one_of(st.just(1), sizes(dims, 1, 2))),
        "padding": draw(st.one_of(sizes(dims, 0, 2), st.sampled_from(["same", "valid"]))),
        "dilation": draw(st.sampled_from([1, 1, 2])),
        "groups": draw(st.sampled_from([1, 2, 3])),
        "bias": draw(st.booleans()),
        "padding_mode": draw(st.sampled_from(MODES)),
    }
    lead = draw(st.sampled_from([(), (1,), (2,)]))
    shape = (*lead, options["in_channels"], *draw(st.tuples(*[st.integers(2, 5)] * dims)))
    compare(f"Conv{dims}d", options, [numbers(draw, shape)], [(True, {})])


@examples
@given(st.data())
def test_transposed_convolutions(data: Any) -> None:
    draw = data.draw
    dims = draw(st.sampled_from([1, 2, 2, 3]))
    options = {
        "in_channels": 2,
        "out_channels": draw(st.sampled_from([2, 4])),
        "kernel_size": draw(st.integers(1, 3)),
        "stride": draw(st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * dims))),
        "padding": draw(st.integers(0, 1)),
        "output_padding": draw(st.sampled_from([0, 0, 1])),
        "dilation": draw(st.integers(1, 2)),
        "groups": draw(st.sampled_from([1, 2])),
        "bias": draw(st.booleans()),
    }
    lead = draw(st.sampled_from([(), (1,), (2,)]))
    shape = (*lead, 2, *draw(st.tuples(*[st.integers(1, 3)] * dims)))
    wanted = draw(st.one_of(st.none(), st.lists(st.integers(1, 9), min_size=dims, max_size=dims)))
    extra = {} if wanted is None else {"output_size": wanted}
    compare(f"ConvTranspose{dims}d", options, [numbers(draw, shape)], [(True, extra)])


@examples
@given(st.data())
def test_norms_over_several_batches(data: Any) -> None:
    draw = data.draw
    kind, dims = draw(st.sampled_from(["BatchNorm", "InstanceNorm"])), draw(st.integers(1, 3))
    options = {
        "num_features": draw(st.sampled_from([1, 3, 3])),
        "eps": draw(st.sampled_from([1e-5, 0.1])),
        "momentum": draw(st.sampled_from([0.1, 0.7, 0.0, 1.0, None])),
        "affine": draw(st.booleans()),
        "track_running_stats": draw(st.booleans()),
        "bias": draw(st.booleans()),
    }
    features = draw(st.sampled_from([options["num_features"]] * 5 + [2]))
    spatial = draw(st.lists(st.integers(1, 3), min_size=dims - 1, max_size=dims))
    shape = (*draw(st.sampled_from([(), (1,), (3,), (3,)])), features, *spatial)
    calls = [(training, {}) for training in draw(st.lists(st.booleans(), max_size=4))]
    compare(f"{kind}{dims}d", options, [numbers(draw, shape)], calls)


@examples
@given(st.data())
def test_pads(data: Any) -> None:
    draw = data.draw
    kind = draw(st.sampled_from(["Zero", "Constant", "Reflection", "Replication", "Circular"]))
    dims = draw(st.integers(1, 3))
    side = st.integers(-2, 3)
    options: dict[str, Any] = {
        "padding": draw(st.one_of(st.integers(0, 2), st.tuples(*[side] * (2 * dims))))
    }
    if kind == "Constant":
        options["value"] = draw(st.sampled_from([0, 2.5, float("inf"), -1]))
    extra = draw(st.sampled_from([1, 2, 2, 3]))
    shape = draw(st.tuples(*[st.integers(1, 4)] * (dims + extra)))
    compare(f"{kind}Pad{dims}d", options, [numbers(draw, shape)], [(True, {})])


@examples
@given(st.data())
def test_pools(data: Any) -> None:
    draw = data.draw
    dims = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["Max", "Avg", "LP", "AdaptiveAvg", "AdaptiveMax"]))
    window: Any = st.integers(1, 3)
    if (kind, dims) != ("LP", 1):  # PyTorch's lp_pool1d stumbles over a tuple
        window = st.one_of(window, st.tuples(*[window] * dims))
    if kind.startswith("Adaptive"):
        some = st.one_of(st.none(), st.integers(1, 4)) if dims > 1 else st.integers(1, 4)
        size = draw(st.one_of(st.integers(1, 4), st.tuples(*[some] * dims)))
        options: dict[str, Any] = {"output_size": size}
    else:
        options = {
            "kernel_size": draw(window),
            "stride": draw(st.one_of(st.none(), window)),
            "ceil_mode": draw(st.booleans()),
        }
        if kind == "LP":
            options["norm_type"] = draw(st.sampled_from([1, 2.0, 3.0]))
        else:
            options["padding"] = draw(st.sampled_from([0, 1, 1, 2]))
    if kind == "Max":
        options["dilation"] = draw(st.sampled_from([1, 1, 2]))
    if kind == "Avg":
        options["count_include_pad"] = draw(st.booleans())
        if dims > 1:
            options["divisor_override"] = draw(st.sampled_from([None, 3]))
    if kind.endswith("Max"):
        options["return_indices"] = draw(st.booleans())
    lead = draw(st.sampled_from([(), (1,), (2,), (2,)]))
    shape = (*lead, 2, *draw(st.tuples(*[st.integers(1, 5)] * dims)))
    size = int(np.prod(shape))
    distinct = np.random.default_rng(draw(st.integers(0, 9))).permutation(size) / 4.0 + 0.25
    compare(f"{kind}Pool{dims}d", options, [distinct.reshape(shape)], [(True, {})])


@examples
@given(st.data())
def test_layer_and_group_norms(data: Any) -> None:
    draw = data.draw
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    kind = draw(st.sampled_from(["LayerNorm", "RMSNorm", "GroupNorm"]))
    options: dict[str, Any] = {"eps": draw(st.sampled_from([1e-5, 0.1]))}
    if kind == "GroupNorm":
        channels = shape[1] if len(shape) > 1 else 2
        options |= {"num_groups": draw(st.integers(1, 4)), "num_channels": channels}
        options |= {"affine": draw(st.booleans()), "bias": draw(st.booleans())}
    else:
        last = draw(st.integers(1, len(shape)))
        options["normalized_shape"] = draw(st.sampled_from([shape[-last:], shape[-1], [2]]))
        options["elementwise_affine"] = draw(st.booleans())
        if kind == "LayerNorm":
            options["bias"] = draw(st.booleans())
    compare(kind, options, [numbers(draw, shape)], [(True, {})])
