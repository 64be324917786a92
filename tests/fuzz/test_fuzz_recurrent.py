"""Recurrent layers and attention with options drawn at random, against PyTorch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import given, settings, strategies as st
from oracle import same, the_torch

some = settings(derandomize=True, deadline=None, max_examples=25)
sizes = st.integers(1, 3)


@st.composite
def layouts(draw: st.DrawFn, *shape: int) -> Any:
    """Normal values of that shape, in some order in memory; now and then a special one."""
    generator = np.random.default_rng(draw(st.integers(0, 1000)))
    order = draw(st.permutations(range(len(shape))))
    array = generator.standard_normal([shape[axis] for axis in order])
    if array.size and draw(st.integers(0, 9)) == 0:
        array.flat[0] = draw(st.sampled_from([np.inf, -np.inf, np.nan, 1e30]))
    return array.transpose(np.argsort(order))


@some
@given(st.data())
def test_recurrent_layers(data: Any) -> None:
    draw = data.draw
    name = draw(st.sampled_from(["RNN", "LSTM", "GRU"]))
    T, N, features, H = draw(sizes), draw(st.integers(0, 5)), draw(sizes), draw(st.integers(2, 3))
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 2)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    if name == "LSTM":
        options["proj_size"] = draw(st.integers(0, H - 1))
    if name == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    lengths = None
    if N and draw(st.booleans()):
        lengths = draw(st.lists(st.integers(1, T), min_size=N, max_size=N))
    layers = options["num_layers"] * (1 + options["bidirectional"])
    inputs = [draw(layouts(*((N, T) if options["batch_first"] else (T, N)), features))]
    if draw(st.booleans()):
        inputs.append(draw(layouts(layers, N, options.get("proj_size") or H)))
        if name == "LSTM":
            inputs.append(draw(layouts(layers, N, H)))

    def run(m: Any, x: Any, *states: Any) -> Any:
        m.manual_seed(0)
        model = getattr(m.nn, name)(features, H, **options, dtype=m.float64)
        hx = None if not states else states if name == "LSTM" else states[0]
        if lengths is not None:
            pack = m.nn.utils.rnn.pack_padded_sequence
            x = pack(x, lengths, options["batch_first"], enforce_sorted=False)
        y, last = model(x, hx)
        return y[0] if lengths is not None else y, last

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of what it falls back on
        same(run, *inputs)


@some
@given(st.data())
def test_attention(data: Any) -> None:
    draw = data.draw
    heads, L, S, N = draw(sizes), draw(sizes), draw(sizes), draw(sizes)
    E = heads * draw(sizes)
    options: dict[str, Any] = {
        name: draw(st.booleans()) for name in ("bias", "add_bias_kv", "add_zero_attn")
    }
    options["batch_first"] = draw(st.booleans())
    widths = [E, *(draw(st.sampled_from([E, 2])) for _ in range(2))]
    call: dict[str, Any] = {
        name: draw(st.booleans()) for name in ("need_weights", "average_attn_weights")
    }
    batched, masked = draw(st.booleans()), draw(st.sampled_from(["", "bool", "float64"]))
    batch = (N,) if batched else ()
    inputs = []
    for length, width in zip((L, S, S), widths, strict=True):
        shape = (*batch, length) if options["batch_first"] else (length, *batch)
        inputs.append(draw(layouts(*shape, width)))
    generator = np.random.default_rng(draw(st.integers(0, 100)))
    blocked, padded = generator.random((L, S)) < 0.3, generator.random((*batch, S)) < 0.3
    blocked[:, 0] = padded[..., 0] = False

    def run(m: Any, q: Any, k: Any, v: Any) -> Any:
        m.manual_seed(0)
        widest = {"kdim": widths[1], "vdim": widths[2], "dtype": m.float64}
        model = m.nn.MultiheadAttention(E, heads, **options, **widest)
        masks = {}
        if masked:
            for name, mask in (("attn_mask", blocked), ("key_padding_mask", padded)):
                values = mask if masked == "bool" else np.where(mask, -np.inf, 0.25)
                masks[name] = m.tensor(values.tolist(), dtype=getattr(m, masked))
        out, weights = model(q, k, v, **call, **masks)
        return out if weights is None else (out, weights)

    the_torch()
    from torch.nn.attention import SDPBackend, sdpa_kernel

    # With infinities, which of the gradients are NaN depends on the order of the products.
    finite = all(np.isfinite(x).all() for x in inputs)
    with sdpa_kernel(SDPBackend.MATH):  # the fused one has no second derivative
        same(run, *inputs, gradients=finite)
