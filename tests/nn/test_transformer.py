"""Multi-head attention and transformers, against PyTorch with the same seed."""

from __future__ import annotations

import copy
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from oracle import same, the_torch

import minitorch
from minitorch import nn

RNG = np.random.default_rng(0)
N, L, S, E = 2, 3, 4, 8
INF = float("inf")


@pytest.fixture(autouse=True)
def attention_by_formula() -> Iterator[None]:
    """PyTorch's fused attention has no second derivative; its composed one has."""
    if importlib.util.find_spec("torch") is None:
        yield
        return
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.MATH):
        yield


ATTENTION: dict[str, dict[str, Any]] = {
    "plain": {},
    "two heads, batch first": {"num_heads": 2, "batch_first": True},
    "no bias": {"bias": False},
    "bias_kv": {"add_bias_kv": True, "num_heads": 2},
    "zero_attn": {"add_zero_attn": True},
    "both": {"add_bias_kv": True, "add_zero_attn": True, "num_heads": 4},
    "kdim": {"kdim": 5, "num_heads": 2},
    "vdim": {"kdim": 5, "vdim": 3, "add_bias_kv": True, "bias": False},
    "dropout": {"dropout": 0.4, "num_heads": 2},
}


def attention(m: Any, options: dict[str, Any], dtype: str = "float64") -> Any:
    m.manual_seed(0)
    made = m.nn.MultiheadAttention(E, **{"num_heads": 1} | options, dtype=getattr(m, dtype))
    if made.in_proj_bias is not None:
        m.nn.init.normal_(made.in_proj_bias)
    return made


def arrays(options: dict[str, Any]) -> list[Any]:
    shapes = [(L, N, E), (S, N, options.get("kdim", E)), (S, N, options.get("vdim", E))]
    if options.get("batch_first"):
        shapes = [(b, a, c) for a, b, c in shapes]
    return [RNG.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("options", ATTENTION.values(), ids=list(ATTENTION))
def test_the_same_seed_gives_the_same_attention(options: dict[str, Any]) -> None:
    same_start(lambda m: m.nn.MultiheadAttention(E, **{"num_heads": 1} | options))


def same_start(make: Callable[[Any], Any]) -> None:
    made = []
    for m in (minitorch, the_torch()):
        m.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.append(make(m))
    ours, theirs = made
    assert repr(ours) == repr(theirs)
    held, expected = ours.state_dict(), theirs.state_dict()
    assert list(held) == list(expected)
    for key in held:
        np.testing.assert_array_equal(held[key].numpy(), expected[key].numpy())


@pytest.mark.parametrize("options", ATTENTION.values(), ids=list(ATTENTION))
@pytest.mark.parametrize("need_weights", [True, False])
def test_attention(options: dict[str, Any], need_weights: bool) -> None:
    def run(m: Any, q: Any, k: Any, v: Any) -> Any:
        model = attention(m, options)
        out, weights = model(q, k, v, need_weights=need_weights)
        assert (weights is None) == (not need_weights)
        grads = m.autograd.grad((out**2).sum(), list(model.parameters()), create_graph=True)
        return (out, *grads) if weights is None else (out, weights, *grads)

    same(run, *arrays(options))


@pytest.mark.parametrize("options", ATTENTION.values(), ids=list(ATTENTION))
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("floats", [True, False], ids=["float", "bool"])
def test_masks(options: dict[str, Any], need_weights: bool, floats: bool) -> None:
    heads = options.get("num_heads", 1)
    blocked = RNG.random((N * heads, L, S)) < 0.3
    blocked[..., 0] = False
    padded = np.array([[False] * S, [False, False, True, True]])

    def run(m: Any, q: Any, k: Any, v: Any) -> Any:
        model = attention(m, options)
        made = []
        for mask in (blocked, blocked[0], padded):
            values = np.where(mask, -INF, 0.5).tolist() if floats else mask.tolist()
            made.append(m.tensor(values, dtype=m.float64 if floats else m.bool))
        deep, flat, padding = made
        calls: list[dict[str, Any]] = [
            {"attn_mask": deep},
            {"attn_mask": flat, "average_attn_weights": False},
            {"key_padding_mask": padding},
            {"attn_mask": flat, "key_padding_mask": padding},
        ]
        results = [model(q, k, v, need_weights=need_weights, **call) for call in calls]
        return [part for result in results for part in result if part is not None]

    same(run, *arrays(options))


@pytest.mark.parametrize("need_weights", [True, False])
def test_unbatched_causal_self_attention(need_weights: bool) -> None:
    def run(m: Any, x: Any) -> Any:
        model = attention(m, {"num_heads": 2})
        mask = m.nn.Transformer.generate_square_subsequent_mask(L, dtype=m.float64)
        options = {"need_weights": need_weights, "attn_mask": mask, "is_causal": True}
        out, weights = model(x, x, x, **options)
        return out if weights is None else (out, weights)

    same(run, RNG.standard_normal((L, E)))
    same(run, RNG.standard_normal((L, N, E)))


def test_a_query_that_may_see_nothing() -> None:
    def run(m: Any, x: Any) -> Any:
        mask = m.ones(L, L, dtype=m.bool)
        return [attention(m, {})(x, x, x, attn_mask=mask, need_weights=w)[0] for w in (True, False)]

    same(run, RNG.standard_normal((L, N, E)), gradients=False)


def test_functional_with_static_keys() -> None:
    def run(m: Any, q: Any, k: Any, v: Any, w: Any, o: Any) -> Any:
        return m.nn.functional.multi_head_attention_forward(
            q, q, q, E, 2, w, None, None, None, False, 0.0, o, None, static_k=k, static_v=v
        )

    shapes = (L, N, E), (N * 2, S, E // 2), (N * 2, S, E // 2), (3 * E, E), (E, E)
    same(run, *(RNG.standard_normal(shape) for shape in shapes))


def encoder_layer(m: Any, **options: Any) -> Any:
    return m.nn.TransformerEncoderLayer(E, 2, 16, **options)


def decoder_layer(m: Any, **options: Any) -> Any:
    return m.nn.TransformerDecoderLayer(E, 2, 16, **options)


def encoder(m: Any, **options: Any) -> Any:
    layer = encoder_layer(m, **options)
    return m.nn.TransformerEncoder(layer, 2, m.nn.LayerNorm(E, dtype=options.get("dtype")))


def decoder(m: Any, **options: Any) -> Any:
    return m.nn.TransformerDecoder(decoder_layer(m, **options), 2)


def transformer(m: Any, **options: Any) -> Any:
    return m.nn.Transformer(E, 2, 1, 2, 16, **options)


MODELS = {f.__name__: f for f in (encoder_layer, decoder_layer, encoder, decoder, transformer)}
STYLES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "plain": lambda m: {"dropout": 0.0},
    "norm first": lambda m: {"dropout": 0.0, "norm_first": True, "activation": "gelu"},
    "dropout": lambda m: {"dropout": 0.3, "batch_first": True},
    "no bias": lambda m: {"dropout": 0.0, "bias": False, "activation": m.nn.functional.silu},
    "module": lambda m: {"dropout": 0.1, "activation": m.nn.Tanh(), "layer_norm_eps": 0.1},
}


# PyTorch copies a decoder layer without an activation that is a module: the copy has relu instead.
RUNS = [
    (name, style)
    for name in MODELS
    for style in STYLES
    if style != "module" or "encoder" in name or name == "decoder_layer"
]


def built(m: Any, name: str, style: str, dtype: str = "float64") -> Any:
    m.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there would be no nested tensors
        return MODELS[name](m, **STYLES[style](m), dtype=getattr(m, dtype))


def pair(name: str, style: str) -> list[Any]:
    first = style == "dropout"
    shapes = [(N, L, E), (N, S, E)] if first else [(L, N, E), (S, N, E)]
    return [RNG.standard_normal(shape) for shape in shapes[: 1 if "encoder" in name else 2]]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_model(name: str, style: str) -> None:
    same_start(lambda m: built(m, name, style, "float32"))


@pytest.mark.parametrize(("name", "style"), RUNS)
def test_models(name: str, style: str) -> None:
    def run(m: Any, *xs: Any) -> Any:
        model = built(m, name, style)
        m.manual_seed(1)
        out = model(*xs)
        evaluated = model.eval()(*xs)
        with m.no_grad():
            return out, evaluated, model(*xs)

    same(run, *pair(name, style))


@pytest.mark.parametrize(("name", "style"), RUNS)
def test_second_derivatives_in_the_parameters(name: str, style: str) -> None:
    def run(m: Any, *xs: Any) -> Any:
        model = built(m, name, style)
        parameters = list(model.parameters())
        m.manual_seed(1)
        grads = m.autograd.grad((model(*xs) ** 3).sum(), parameters, create_graph=True)
        second = m.autograd.grad(sum((g * g).sum() for g in grads), parameters, allow_unused=True)
        return [*grads, *(g for g in second if g is not None)]

    same(run, *pair(name, style), gradients=False, tolerance=1e-8)


def masks(m: Any, name: str) -> dict[str, Any]:
    """One of each that the model takes; padding at the end."""
    causal, across = np.tril(np.ones((L, L))) == 0, np.zeros((S, L), bool)
    across[1, 2] = True
    pads = [[False] * L, [False] * (L - 1) + [True]], [[False] * S, [False] * (S - 1) + [True]]
    if name == "encoder":
        kinds: dict[str, Any] = {"mask": causal, "src_key_padding_mask": pads[0]}
    elif name == "encoder_layer":
        kinds = {"src_mask": causal, "src_key_padding_mask": pads[0]}
    else:
        kinds = {
            "tgt_mask": np.tril(np.ones((S, S))) == 0 if name == "transformer" else causal,
            "memory_mask": across if name == "transformer" else across.T,
            "tgt_key_padding_mask": pads[1] if name == "transformer" else pads[0],
            "memory_key_padding_mask": pads[0] if name == "transformer" else pads[1],
        }
        if name == "transformer":
            kinds |= {"src_mask": causal, "src_key_padding_mask": pads[0]}
    return {key: m.tensor(np.asarray(value).tolist()) for key, value in kinds.items()}


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("style", ["plain", "norm first", "dropout"])
@pytest.mark.parametrize("name", MODELS)
def test_models_with_masks(name: str, style: str) -> None:
    def run(m: Any, *xs: Any) -> Any:
        model, given = built(m, name, style), masks(m, name)
        m.manual_seed(1)
        results = [model(*xs, **given)]
        results += [model(*xs, **{key: mask}) for key, mask in given.items()]
        model.eval()
        with m.no_grad():
            results += [model(*xs, **{key: mask}) for key, mask in given.items()]
        return results

    same(run, *pair(name, style))


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_causal_hints(name: str) -> None:
    def run(m: Any, *xs: Any) -> Any:
        model = built(m, name, "plain")
        mask = m.nn.Transformer.generate_square_subsequent_mask(L, dtype=m.float64)
        which, hint = ("mask", "is_causal") if name == "encoder" else ("tgt_mask", "tgt_is_causal")
        return [model(*xs, **{which: mask, hint: told}) for told in (None, True, False)]

    same(run, *pair(name, "plain"))
    mask = nn.Transformer.generate_square_subsequent_mask(2)
    assert mask.tolist() == [[0.0, -INF], [0.0, 0.0]]


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_padding_is_zeroed_where_pytorch_leaves_it_out() -> None:
    def run(m: Any, x: Any) -> Any:
        layer = m.nn.TransformerEncoderLayer(E, 2, 16, batch_first=True, dtype=m.float64)
        m.manual_seed(0)
        for parameter in layer.parameters():
            m.nn.init.normal_(parameter, std=0.3)
        model = m.nn.TransformerEncoder(layer, 2).eval()
        right, left = m.tensor([[False, True, True]] * N), m.tensor([[True, False, False]] * N)
        with m.no_grad():
            return [model(x, src_key_padding_mask=mask) for mask in (right, left)]

    same(run, RNG.standard_normal((N, L, E)), gradients=False)


@pytest.mark.parametrize("name", ["encoder", "transformer"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_ten_steps_of_training(name: str, dtype: str, optimizer: str) -> None:
    torch, held = the_torch(), []
    xs = [x.astype(dtype) for x in pair(name, "dropout")]
    for m in (minitorch, torch):
        model = built(m, name, "dropout", dtype)
        # A large eps: without, Adam makes a step of a gradient that is rounding alone.
        options = {"eps": 1e-3} if optimizer == "Adam" else {}
        steps = getattr(m.optim, optimizer)(model.parameters(), lr=0.01, **options)
        for _ in range(10):
            steps.zero_grad()
            (model(*(m.tensor(x) for x in xs)) - 0.5).square().mean().backward()
            steps.step()
        held.append([p.detach().numpy() for p in model.parameters()])
    close = 1e-9 if dtype == "float64" else 1e-5
    for ours, theirs in zip(*held, strict=True):
        np.testing.assert_allclose(ours, theirs, close, close * 10)


def test_gradcheck_at_both_orders() -> None:
    minitorch.manual_seed(0)
    options = {"add_bias_kv": True, "add_zero_attn": True, "dtype": minitorch.float64}
    model = nn.MultiheadAttention(2, 2, **options)
    x = minitorch.randn(2, 1, 2, dtype=minitorch.float64, requires_grad=True)

    def run(x: Any) -> Any:
        return model(x, x, x)

    assert minitorch.autograd.gradcheck(run, (x,))
    assert minitorch.autograd.gradgradcheck(run, (x,))


def test_layers_are_copies() -> None:
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(E, 2, 16, batch_first=True), 2)
    first, second = (layer.linear1.weight for layer in model.layers)
    assert first is not second and minitorch.equal(first, second)
    x = minitorch.ones(N, L, E)
    assert minitorch.equal(copy.deepcopy(model).eval()(x), model.eval()(x))


def test_a_decoder_keeps_an_activation_that_is_a_module() -> None:
    layer = decoder_layer(minitorch, activation=nn.Tanh(), dropout=0.0)
    x = minitorch.randn(L, N, E)
    assert minitorch.equal(nn.TransformerDecoder(layer, 1)(x, x), layer(x, x))


def test_why_there_are_no_nested_tensors() -> None:
    torch = the_torch()
    for options in (
        {},
        {"batch_first": True, "norm_first": True},
        {"batch_first": True, "bias": False},
        {"batch_first": True, "nhead": 1},
        {"batch_first": True, "activation": lambda x: x},
        {"batch_first": True},
    ):
        texts = []
        for m in (minitorch, torch):
            with warnings.catch_warnings(record=True) as noted:
                warnings.simplefilter("always")
                layer = m.nn.TransformerEncoderLayer(E, **{"nhead": 2} | options)
                m.nn.TransformerEncoder(layer, 1)
            texts.append([(str(note.message), note.category) for note in noted])
        assert texts[0] == texts[1]


def forward(m: Any, *shapes: tuple[int, ...], **options: Any) -> Any:
    return m.nn.MultiheadAttention(E, 2)(*(m.zeros(*shape) for shape in shapes), **options)


A, B = (L, N, E), (S, N, E)
MISTAKES: dict[str, Callable[[Any], Any]] = {
    "heads": lambda m: m.nn.MultiheadAttention(8, 3),
    "no heads": lambda m: m.nn.MultiheadAttention(8, 0),
    "rank": lambda m: forward(m, (L,), (L,), (L,)),
    "ranks": lambda m: forward(m, A, (S, E), (S, E)),
    "unbatched ranks": lambda m: forward(m, (L, E), B, B),
    "features": lambda m: forward(m, (L, N, 4), (L, N, 4), (L, N, 4)),
    "key and value": lambda m: forward(m, A, B, A),
    "mask shape": lambda m: forward(m, A, B, B, attn_mask=m.zeros(S, L)),
    "deep mask shape": lambda m: forward(m, A, B, B, attn_mask=m.zeros(N, L, S)),
    "mask rank": lambda m: forward(m, A, B, B, attn_mask=m.zeros(L)),
    "unbatched mask": lambda m: forward(m, (L, E), (S, E), (S, E), attn_mask=m.zeros(1, L, S)),
    "mask of ints": lambda m: forward(m, A, B, B, attn_mask=m.zeros(L, S, dtype=m.int64)),
    "padding rank": lambda m: forward(m, A, B, B, key_padding_mask=m.zeros(S)),
    "unbatched padding": lambda m: forward(
        m, (L, E), (S, E), (S, E), key_padding_mask=m.zeros(1, S)
    ),
    "padding batch": lambda m: forward(m, A, B, B, key_padding_mask=m.zeros(N + 1, S)),
    "padding length": lambda m: forward(m, A, B, B, key_padding_mask=m.zeros(N, L)),
    "causal without mask": lambda m: forward(m, A, A, A, is_causal=True),
    "dtype": lambda m: m.nn.MultiheadAttention(E, 2)(*[m.zeros(L, N, E, dtype=m.float64)] * 3),
    "activation": lambda m: m.nn.TransformerEncoderLayer(E, 2, activation="tanh"),
    "batches": lambda m: transformer(m)(m.zeros(L, 2, E), m.zeros(L, 3, E)),
    "d_model": lambda m: transformer(m)(m.zeros(L, 2, E), m.zeros(L, 2, 4)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_mistakes_with_transformers_raise_as_in_pytorch(mistake: str) -> None:
    same(lambda m, _: MISTAKES[mistake](m), np.zeros(1))


def test_masks_of_two_kinds_are_warned_about() -> None:
    options = {
        "attn_mask": minitorch.zeros(L, S),
        "key_padding_mask": minitorch.zeros(N, S, dtype=minitorch.bool),
    }
    with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
        forward(minitorch, A, B, B, **options)
