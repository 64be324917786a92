"""Attention with a mask and a score of the user's own: PyTorch's numbers and blocks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch
from minitorch.nn.attention import flex_attention as ours

L = 40
DOCUMENT = np.arange(L) // 7
TABLE = np.arange(2 * L).reshape(2, L) // 11
SLOPES = np.array([0.5, 0.25, 0.125])


@pytest.fixture
def theirs(torch: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = importlib.import_module("torch.nn.attention.flex_attention")
    monkeypatch.setattr(module, "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)
    return module


def causal(lib: Any) -> Callable[..., Any]:
    return lambda b, h, q, k: q >= k


def documents(lib: Any) -> Callable[..., Any]:
    doc = lib.tensor(DOCUMENT)
    return lambda b, h, q, k: doc[q] == doc[k]


def indexed_twice(lib: Any) -> Callable[..., Any]:
    """A mask whose indices cannot be broadcast."""
    table = lib.tensor(TABLE)
    return lambda b, h, q, k: table[b][q] == table[b][k]


def constant(lib: Any) -> Callable[..., Any]:
    return lambda b, h, q, k: lib.tensor(True)


MASKS = [causal, documents, indexed_twice, constant]


def block_masks(torch: Any, theirs: Any, mask: Any, **options: Any) -> list[Any]:
    return [
        flex.create_block_mask(mask(lib), 2, None, L, L, device="cpu", BLOCK_SIZE=16, **options)
        for lib, flex in ((torch, theirs), (minitorch, ours))
    ]


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("mask", MASKS)
def test_blocks_are_those_of_pytorch(torch: Any, theirs: Any, mask: Any, separate: bool) -> None:
    one, other = block_masks(torch, theirs, mask, separate_full_blocks=separate)
    for name in ("kv", "full_kv", "q", "full_q"):
        for what in (f"{name}_num_blocks", f"{name}_indices"):
            expected, got = getattr(one, what), getattr(other, what)
            assert (expected is None) == (got is None)
            if expected is not None:
                assert expected.tolist() == got.tolist(), what
                assert str(expected.dtype) == f"torch.{str(got.dtype).rpartition('.')[2]}"
    assert one.shape == other.shape and one.sparsity() == other.sparsity()
    assert one.to_dense().tolist() == other.to_dense().tolist()
    assert str(one) == str(other) and one.to_string(2, 1) == other.to_string(2, 1)
    assert repr(one).splitlines()[:-2] == repr(other).splitlines()[:-2]
    for index in (0, (slice(None), 0), (1, 0, slice(2))):
        assert one[index].kv_indices.tolist() == other[index].kv_indices.tolist()
    with pytest.raises(RuntimeError, match="sliced"):
        other[0].mask_mod(0, 0, 0, 0)


@pytest.mark.parametrize("dtypes", [["float16"] * 3, ["float32", "float16", "float64"]])
def test_dtypes_may_be_mixed(torch: Any, theirs: Any, dtypes: list[str]) -> None:
    arrays = [np.random.default_rng(0).standard_normal((1, 2, 6, 4)) for _ in range(3)]
    found = []
    for lib, flex in ((torch, theirs), (minitorch, ours)):
        qkv = [
            lib.tensor(array).to(getattr(lib, name))
            for array, name in zip(arrays, dtypes, strict=True)
        ]
        found.append(flex.flex_attention(*qkv).numpy())
    assert found[0].dtype == found[1].dtype
    np.testing.assert_allclose(
        found[1], found[0], rtol=1e-6 if "float32" in dtypes else 2e-3, atol=5e-4
    )


@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("mask", [*MASKS, None])
def test_outputs_are_those_of_pytorch(torch: Any, theirs: Any, mask: Any, score: bool) -> None:
    draws = np.random.default_rng(0)
    arrays = [draws.standard_normal((2, 3, L, 8)) for _ in range(3)]
    blocks = block_masks(torch, theirs, mask) if mask else [None, None]
    found = []
    for lib, flex, block in zip((torch, minitorch), (theirs, ours), blocks, strict=True):
        slopes = lib.tensor(SLOPES)
        mod = (lambda s, b, h, q, k, slopes=slopes: s + slopes[h] * (k - q)) if score else None
        asked = flex.AuxRequest(lse=True)
        qkv = map(lib.tensor, arrays)
        out, aux = flex.flex_attention(*qkv, mod, block, scale=0.3, return_aux=asked)
        found.append((out.numpy(), aux.lse.numpy()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-12)


def test_gradients_of_both_orders_go_through_the_score() -> None:
    minitorch.manual_seed(0)
    block = ours.create_block_mask(causal(minitorch), None, None, 4, 3)
    slopes = minitorch.tensor(SLOPES, requires_grad=True)
    q, k, v = (
        minitorch.randn(1, heads, n, 2, dtype=minitorch.float64, requires_grad=True)
        for heads, n in ((3, 4), (1, 3), (1, 3))
    )

    def attention(q: Any, k: Any, v: Any, slopes: Any) -> Any:
        def score(s: Any, b: Any, h: Any, i: Any, j: Any) -> Any:
            return s * (1 + slopes[h] * (j - i).abs())

        return ours.flex_attention(q, k, v, score, block, enable_gqa=True)

    assert minitorch.autograd.gradcheck(attention, (q, k, v, slopes))
    assert minitorch.autograd.gradgradcheck(attention, (q, k, v, slopes))


def test_queries_that_see_nothing_get_zeros() -> None:
    block = ours.create_block_mask(lambda b, h, q, k: q > k, None, None, 3, 3)
    q, k, v = (minitorch.ones(1, 1, 3, 2, requires_grad=True) for _ in range(3))
    out, lse = ours.flex_attention(q, k, v, block_mask=block, return_lse=True)
    assert out[0, 0, 0].tolist() == [0, 0] and lse[0, 0, 0].item() == -np.inf
    out.sum().backward()
    assert v.grad is not None and v.grad[0, 0, :, 0].tolist() == [1.5, 0.5, 0]


def test_masks_are_united_and_intersected(torch: Any, theirs: Any) -> None:
    for name in ("and_masks", "or_masks"):
        made = [
            flex.create_mask(getattr(flex, name)(causal(lib), documents(lib)), 1, 2, L, L, "cpu")
            for lib, flex in ((torch, theirs), (minitorch, ours))
        ]
        assert made[0].tolist() == made[1].tolist()
        for flex in (theirs, ours):
            with pytest.raises(RuntimeError, match="callable"):
                getattr(flex, name)(causal(minitorch), 3)


def test_what_does_not_fit_is_refused(torch: Any, theirs: Any) -> None:
    for lib, flex in ((torch, theirs), (minitorch, ours)):
        q = lib.zeros(2, 4, 8, 2)
        short = flex.create_block_mask(causal(lib), None, None, 4, 4, device="cpu")
        for error, args, options in (
            (NotImplementedError, (q[0], q[0], q[0]), {}),
            (ValueError, (q, q[:, :2], q[:, :2]), {}),
            (ValueError, (q[:, :3], q[:, :2], q[:, :2]), {"enable_gqa": True}),
            (ValueError, (q, q[:1], q[:1]), {}),
            (ValueError, (q, q[..., :1], q), {}),
            (ValueError, (q, q, q), {"block_mask": short}),
            (RuntimeError, (q, q, q), {"block_mask": short[0]}),
            (ValueError, (q, q, q), {"return_lse": True, "return_aux": flex.AuxRequest()}),
        ):
            with pytest.raises(error):
                flex.flex_attention(*args, **options)
