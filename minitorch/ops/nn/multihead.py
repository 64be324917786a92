"""Attention in several heads, with its projections. Vaswani et al., arXiv:1706.03762, 3.2.2."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.math.linalg import bmm, linear
from minitorch.ops.nn.attention import scaled_dot_product_attention
from minitorch.ops.nn.dropout import dropout as drop
from minitorch.ops.nn.pad import pad
from minitorch.ops.nn.softmax import softmax
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import caller_stacklevel

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["multi_head_attention_forward"]


def additive_mask(mask: Tensor | None, name: str, other: Tensor | None, like: Tensor) -> Any:
    """`mask` as floats to add to the scores: a bool mask's True becomes -inf.

    Args:
        other: the mask that comes along; another dtype than its own is warned about.
        like: a tensor of the dtype to give.
    """
    if mask is None:
        return None
    kind = mask._array.dtype.kind
    if kind not in "fb":
        raise AssertionError(
            f"only bool and floating types of {name} are supported, got {mask.dtype}"
        )
    if other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and attn_mask is deprecated. Use same type for both "
            "instead.",
            stacklevel=caller_stacklevel(),
        )
    if kind == "f":
        return mask
    return like._wrap(np.where(mask._array, -np.inf, 0.0).astype(like._array.dtype))


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Project, attend in each head by itself, join, and project again: (output, weights or None).

    Args:
        embed_dim_to_check: E, which must be divisible by `num_heads`.
        in_proj_weight: the three projections ``(3 E, E)``; or, with `use_separate_proj_weight`,
            `q_proj_weight` and so on.
        bias_k, bias_v: one more key and value, learned.
        add_zero_attn: one more key and value, of zeros.
        key_padding_mask: keys not to attend to: ``(N, S)``, bool (True: not) or floats to add.
        attn_mask: pairs not to attend to: ``(L, S)`` or ``(N * num_heads, L, S)``, likewise.
        static_k, static_v: keys and values already projected, ``(N * num_heads, S, head)``.
        average_attn_weights: average the weights over the heads.
        is_causal: say that `attn_mask` is the causal mask, so that it need not be looked at.

    Shape: query ``(L, N, E)``, key ``(S, N, *)``, value ``(S, N, *)``, or all without N; the output
    as query; the weights ``(N, L, S)``, or ``(N, num_heads, L, S)``.

    Raises:
        AssertionError, RuntimeError: PyTorch's, for shapes and options that do not fit together.
    """
    batched = _check_ranks(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same_key, same_value = key is query, value is key
        query = query.unsqueeze(1)
        key = query if same_key else key.unsqueeze(1)
        value = key if same_value else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    L, N, E = query.shape
    S = key.shape[0]
    padding = additive_mask(key_padding_mask, "key_padding_mask", attn_mask, query)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        mask = None  # the hint says it all
    else:
        mask = additive_mask(attn_mask, "attn_mask", None, query)
        is_causal = is_causal and padding is None
    if embed_dim_to_check != E:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {E}"
        )
    head = E // num_heads
    if head * num_heads != E:
        raise AssertionError(f"embed_dim {E} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's "
                f"{value.shape[:2]}"
            )
        weights: Sequence[Any] = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = _project_apart(query, key, value, weights, in_proj_bias)
    else:
        if key.shape != value.shape:
            raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _project(query, key, value, in_proj_weight, in_proj_bias)
    if mask is not None:
        expected = (L, S) if mask.ndim == 2 else (N * num_heads, L, S)
        if tuple(mask.shape) != expected:
            raise RuntimeError(
                f"The shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be "
                f"{expected}."
            )
        if mask.ndim == 2:
            mask = mask.unsqueeze(0)

    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v go together, but one of them is None")
    if bias_k is not None and bias_v is not None:
        for name, static in (("key", static_k), ("value", static_v)):
            if static is not None:
                raise AssertionError(f"bias cannot be added to static {name}.")
        k = cat([k, bias_k.expand(1, N, E)])
        v = cat([v, bias_v.expand(1, N, E)])
        mask, padding = _one_more(mask), _one_more(padding)

    def in_heads(x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], N * num_heads, head).transpose(0, 1)  # (N * H, L, E / H)

    q = in_heads(q)
    k = in_heads(k) if static_k is None else _static("static_k", static_k, N * num_heads, head)
    v = in_heads(v) if static_v is None else _static("static_v", static_v, N * num_heads, head)
    if add_zero_attn:
        nothing = k.new_zeros(N * num_heads, 1, head)
        k, v = cat([k, nothing], 1), cat([v, nothing], 1)
        mask, padding = _one_more(mask), _one_more(padding)
    S = k.shape[1]
    if padding is not None:
        for axis, size in enumerate((N, S)):
            if padding.shape[axis] != size:
                raise AssertionError(
                    f"Expected key_padded_mask.shape[{axis}] to be {size}, but got "
                    f"{padding.shape[axis]}"
                )
        padding = padding.reshape(N, 1, 1, S).expand(N, num_heads, 1, S).flatten(0, 1)
        mask = padding if mask is None else mask + padding

    dropout_p = dropout_p if training else 0.0
    if not need_weights:
        if mask is not None:
            mask = mask if mask.shape[0] == 1 else mask.reshape(N, num_heads, -1, S)
        q, k, v = (x.reshape(N, num_heads, -1, head) for x in (q, k, v))  # (N, H, L, E / H)
        heads = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
        joined = heads.permute(2, 0, 1, 3).reshape(L, N, E)
        out = linear(joined, out_proj_weight, out_proj_bias)
        return out if batched else out.squeeze(1), None
    scores = bmm(q * math.sqrt(1 / head), k.transpose(-2, -1))  # (N * H, L, S)
    shares = softmax(scores if mask is None else scores + mask, -1)
    if dropout_p > 0:
        shares = drop(shares, dropout_p)
    joined = bmm(shares, v).transpose(0, 1).reshape(L, N, E)
    out = linear(joined, out_proj_weight, out_proj_bias)
    shares = shares.reshape(N, num_heads, L, S)
    if average_attn_weights:
        shares = shares.mean(1)  # (N, L, S)
    return (out, shares) if batched else (out.squeeze(1), shares.squeeze(0))


def _check_ranks(
    query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Any, attn_mask: Any, heads: int
) -> bool:
    """Whether there is a batch dimension; refuse what does not go with that."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.ndim}-D query tensor"
        )
    batched = query.ndim == 3
    sort = f"For {'batched (3-D)' if batched else 'unbatched (2-D)'} `query`, expected"
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(
            f"{sort} `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and "
            f"{value.ndim}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != query.ndim - 1:
        raise AssertionError(
            f"{sort} `key_padding_mask` to be `None` or {query.ndim - 1}-D but found "
            f"{key_padding_mask.ndim}-D tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.ndim not in (2, 3):
            raise AssertionError(
                f"{sort} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor "
                "instead"
            )
        expected = (heads, query.shape[0], key.shape[0])
        if not batched and attn_mask.ndim == 3 and tuple(attn_mask.shape) != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {tuple(attn_mask.shape)}"
            )
    return batched


def _project(q: Tensor, k: Tensor, v: Tensor, w: Tensor, b: Tensor | None) -> Sequence[Tensor]:
    """Queries, keys and values by one matrix; one product for what is one tensor."""
    if k is v and q is k:
        return linear(q, w, b).chunk(3, -1)
    E = q.shape[-1]
    biases: Sequence[Any] = (None, None) if b is None else b.split([E, 2 * E])
    if k is v:
        w_q, w_kv = w.split([E, 2 * E])
        return linear(q, w_q, biases[0]), *linear(k, w_kv, biases[1]).chunk(2, -1)
    return _linears((q, k, v), w.chunk(3), (None,) * 3 if b is None else b.chunk(3))


def _project_apart(
    q: Tensor, k: Tensor, v: Tensor, weights: Sequence[Any], b: Tensor | None
) -> Sequence[Tensor]:
    """Queries, keys and values by a matrix each."""
    E = q.shape[-1]
    for name, x, w in zip(("query", "key", "value"), (q, k, v), weights, strict=True):
        if w is None:
            raise AssertionError(
                f"use_separate_proj_weight is True but {name[0]}_proj_weight is None"
            )
        if tuple(w.shape) != (E, x.shape[-1]):
            raise AssertionError(
                f"expecting {name} weights shape of {(E, x.shape[-1])}, but got {w.shape}"
            )
    return _linears((q, k, v), weights, (None,) * 3 if b is None else b.chunk(3))


def _linears(xs: Sequence[Tensor], weights: Sequence[Any], biases: Any) -> list[Tensor]:
    return [linear(x, w, b) for x, w, b in zip(xs, weights, biases, strict=True)]


def _static(name: str, x: Tensor, batch: int, head: int) -> Tensor:
    for axis, size in ((0, batch), (2, head)):
        if x.shape[axis] != size:
            raise AssertionError(
                f"expecting {name}.size({axis}) of {size}, but got {x.shape[axis]}"
            )
    return x


def _one_more(mask: Tensor | None) -> Tensor | None:
    """`mask` with a column for a key that all may attend to."""
    return None if mask is None else pad(mask, (0, 1))
