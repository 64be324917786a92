"""The op table: embeddings, attention and the bilinear map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cases.activation import seeded
from cases.case import case, distinct, functional, index, normal

CAUSAL = np.tri(3, dtype=bool)


def _bag(m: Any, w: Any, mode: str, **options: Any) -> Any:
    """Three bags, the second of them empty."""
    where = index(m, [0, 3, 3])
    return functional(m).embedding_bag(index(m, [2, 0, 2, 1, 3]), w, where, mode=mode, **options)


CASES = [
    case(
        "F.embedding",
        lambda m, w: functional(m).embedding(index(m, [[0, 2], [2, 1]]), w),
        normal(4, 3),
    ),
    case(  # what it does to the gradient is no derivative: see `test_embeddings`
        "F.embedding, options without effect",
        lambda m, w: functional(m).embedding(
            index(m, [0, 2]), w, padding_idx=1, scale_grad_by_freq=True
        ),
        normal(4, 3),
    ),
    case("F.embedding, one", lambda m, w: m.embedding(w, index(m, 2)), normal(4, 3)),
    case(
        "F.embedding, none",
        lambda m, w: functional(m).embedding(index(m, [0])[:0], w),
        normal(4, 3),
    ),
    case(
        "F.one_hot",
        lambda m: functional(m).one_hot(index(m, [[0, 2], [1, 1]])),
        differentiable=False,
    ),
    case(
        "F.one_hot, num_classes",
        lambda m: functional(m).one_hot(index(m, 1), 3),
        differentiable=False,
    ),
    case("F.embedding_bag", lambda m, w: _bag(m, w, "mean"), normal(4, 3)),
    case("F.embedding_bag, sum", lambda m, w: _bag(m, w, "sum"), normal(4, 3)),
    case("F.embedding_bag, max", lambda m, w: _bag(m, w, "max"), distinct(4, 3)),
    case("F.embedding_bag, padding", lambda m, w: _bag(m, w, "mean", padding_idx=-2), normal(4, 3)),
    case(
        "F.embedding_bag, matrix",
        lambda m, w, f: functional(m).embedding_bag(
            index(m, [[0, 2], [2, 1]]), w, mode="sum", per_sample_weights=f
        ),
        normal(4, 3),
        normal(2, 2),
    ),
    case(
        "F.bilinear",
        lambda m, x, y, w, b: functional(m).bilinear(x, y, w, b),
        normal(2, 3),
        normal(2, 4),
        normal(5, 3, 4),
        normal(5),
    ),
    case(
        "F.bilinear, no bias",
        lambda m, x, y, w: m.bilinear(x, y, w),
        normal(2, 1, 3),
        normal(2, 1, 2),
        normal(2, 3, 2),
    ),
    case(
        "F.scaled_dot_product_attention",
        lambda m, q, k, v: functional(m).scaled_dot_product_attention(q, k, v),
        normal(2, 3, 4),
        normal(2, 5, 4),
        normal(2, 5, 3),
    ),
    case(
        "F.scaled_dot_product_attention, causal",
        lambda m, q, k, v: functional(m).scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=0.7
        ),
        normal(1, 2, 3, 4),
        normal(1, 2, 3, 4),
        normal(1, 2, 3, 4),
    ),
    case(
        "F.scaled_dot_product_attention, bool mask, dropout",
        lambda m, q, k, v: seeded(
            m,
            lambda: functional(m).scaled_dot_product_attention(
                q, k, v, m.tensor(CAUSAL.tolist()), 0.3
            ),
        ),
        normal(2, 3, 4),
        normal(2, 3, 4),
        normal(2, 3, 2),
    ),
    case(
        "F.scaled_dot_product_attention, float mask, groups",
        lambda m, q, k, v, b: functional(m).scaled_dot_product_attention(
            q, k, v, b, enable_gqa=True
        ),
        normal(1, 4, 3, 2),
        normal(1, 2, 3, 2),
        normal(1, 2, 3, 2),
        normal(3, 3),
    ),
    case(
        "F.scaled_dot_product_attention, nothing to see",
        lambda m, q, k, v: functional(m).scaled_dot_product_attention(
            q, k, v, m.tensor([[0.0, -math.inf], [-math.inf, -math.inf]]).to(q.dtype)
        ),
        normal(2, 3),
        normal(2, 3),
        normal(2, 3),
    ),
]
