"""Scaled dot-product attention. Vaswani et al., https://arxiv.org/abs/1706.03762."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import attention as kernels
from minitorch.ops.math.linalg import matmul
from minitorch.ops.math.select import where
from minitorch.ops.nn.dropout import dropout
from minitorch.ops.nn.second_order import composed_gradients
from minitorch.ops.nn.softmax import softmax
from minitorch.ops.support.operands import broadcast_shape, in_wider, is_half, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(scale * query @ key.T + mask) @ value``: for each query a mean of the values.

    Args:
        attn_mask: bool (True: may attend) or floats that are added; broadcast to ``(..., L, S)``.
        dropout_p: probability with which a weight is dropped; applied whenever it is above 0.
        is_causal: query i sees the keys 0..i only.
        scale: by default ``1 / sqrt(E)``.
        enable_gqa: let several heads of queries share one of keys and values.

    Shape: query ``(..., L, E)``, key ``(..., S, E)``, value ``(..., S, Ev)``; ``(..., L, Ev)``. A
    query that may attend to nothing gets zeros.

    Raises:
        RuntimeError: for shapes, dtypes or options that do not fit together.

    >>> import minitorch
    >>> q, k = minitorch.zeros(1, 2), minitorch.zeros(2, 2)
    >>> scaled_dot_product_attention(q, k, minitorch.tensor([[1.0], [3.0]]))
    tensor([[2.]])
    """
    who = "scaled_dot_product_attention"
    q, k = require_tensor(who, "query", query), require_tensor(who, "key", key)
    v = require_tensor(who, "value", value)
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be at least 2 dimensional, but got query.dim: "
            f"{q.ndim} key.dim: {k.ndim} and value.dim: {v.ndim} instead."
        )
    if not q.dtype is k.dtype is v.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{q.dtype} key.dtype: {k.dtype} and value.dtype: {v.dtype} instead."
        )
    if not q.is_floating_point():
        raise RuntimeError(f"{who}: expected floats, got {q.dtype}; convert with .float()")
    if attn_mask is not None:
        if attn_mask.dtype is not q.dtype and attn_mask._array.dtype.kind != "b":
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or to match query dtype, but got "
                f"attn_mask.dtype: {attn_mask.dtype} and query.dtype: {q.dtype} instead."
            )
        if is_causal:
            raise RuntimeError(f"{who}: attn_mask should not be set when is_causal=True")
        if attn_mask._array.dtype.kind == "b":
            attn_mask = attn_mask.clone()  # as PyTorch, which makes floats of it: it may be changed
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        k, v = shared_heads(q, k), shared_heads(q, v)
    L, E = q._array.shape[-2:]
    S = k._array.shape[-2]
    if scale is None:
        scale = 1 / math.sqrt(E) if E else math.nan
    if is_half(q):
        program = functools.partial(
            scaled_dot_product_attention, dropout_p=dropout_p, is_causal=is_causal, scale=scale
        )
        return in_wider(program, q, k, v, attn_mask)
    if dropout_p > 0 or not L * S:
        return _composed(q, k, v, attn_mask, scale, is_causal, dropout_p)
    if k._array.shape[-1] != E or v._array.shape[-2] != S:
        raise RuntimeError(
            f"{who}: query {list(q.shape)}, key {list(k.shape)} and value {list(v.shape)} do not "
            "fit together: expected (..., L, E), (..., S, E) and (..., S, Ev)"
        )
    batch = broadcast_shape(who, q._array.shape[:-2], k._array.shape[:-2])
    broadcast_shape(who, batch, v._array.shape[:-2])
    if attn_mask is not None:
        broadcast_shape(who, (*batch, L, S), attn_mask._array.shape)
    return Attention.apply(q, k, v, attn_mask, scale=scale, causal=is_causal)


class Attention(Function):
    """softmax(scale * q @ k.T + mask) @ v, without dropout."""

    broadcasts = True

    def forward(
        self, q: Array, k: Array, v: Array, mask: Array | None, *, scale: float, causal: bool
    ) -> Array:
        self.save(q, k, v, mask)
        self.scale, self.causal = scale, causal
        seen = kernels.causal(q.shape[-2], k.shape[-2]) if causal else mask
        weights = kernels.weigh(q, k, seen, scale)
        if self.edges:
            self.cache = weights
        return kernels.product(weights, v, like=q)

    def backward(self, grad: Tensor) -> Any:
        program = functools.partial(_composed, scale=self.scale, causal=self.causal)
        return composed_gradients(self, program, self.saved, (grad,))

    def backward_kernel(self, grad: Array) -> Any:
        q, k, v = map(self.saved_at, range(3))  # the mask may have been changed
        weights = self.cache
        needs_q, needs_k, needs_v, needs_mask = map(self.needs, range(4))
        grad_q = grad_k = grad_v = scores = None
        if needs_v:
            grad_v = kernels.product(weights.swapaxes(-2, -1), grad, like=v)
        if needs_q or needs_k or needs_mask:
            scores = kernels.weigh_back(np.matmul(grad, v.swapaxes(-2, -1)), weights)
            scale = scores.dtype.type(self.scale)
            if needs_q:
                grad_q = kernels.product(scores, k, like=q)
                grad_q *= scale
            if needs_k:
                grad_k = kernels.product(scores.swapaxes(-2, -1), q, like=k)
                grad_k *= scale
        return grad_q, grad_k, grad_v, scores if needs_mask else None


def _composed(
    q: Tensor, k: Tensor, v: Tensor, mask: Any, scale: float, causal: bool, dropout_p: float = 0.0
) -> Tensor:
    """Attention, composed of other operations."""
    scores = matmul(q * scale, k.transpose(-2, -1))  # (..., L, S)
    if causal:
        seen = kernels.causal(q._array.shape[-2], k._array.shape[-2])
        scores = where(q._wrap(seen), scores, -math.inf)
    elif mask is not None:
        is_bool = mask._array.dtype.kind == "b"
        scores = where(mask, scores, -math.inf) if is_bool else scores + mask
    return attended(scores, v, dropout_p)


def attended(scores: Tensor, v: Tensor, dropout_p: float = 0.0) -> Tensor:
    """``softmax(scores) @ v``, zeros where all of the scores are -inf."""
    weights, blind = softmax(scores, -1), (scores._array == -math.inf).all(-1, keepdims=True)
    if blind.any() and scores._array.shape[-1]:
        blind_rows = v._wrap(blind)
        weights = where(blind_rows, 0.0, softmax(where(blind_rows, 0.0, scores), -1))
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return matmul(weights, v)


def shared_heads(q: Tensor, x: Tensor) -> Tensor:
    """Each head of `x` (..., H, S, E) once for each of the heads of `q` that share it."""
    heads, held = (t._array.shape[-3] if t.ndim > 2 else 0 for t in (q, x))
    if not held or heads % held:
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query, got "
            f"{held} and {heads}"
        )
    if heads == held:
        return x
    *batch, H, S, E = x._array.shape
    return x.unsqueeze(-3).expand(*batch, H, heads // held, S, E).reshape(*batch, heads, S, E)
