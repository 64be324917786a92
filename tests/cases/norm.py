"""The op table: normalisation and dropout."""

from __future__ import annotations

from typing import Any

from cases.activation import seeded
from cases.case import case, distinct, functional, normal, positive


def _running(m: Any, x: Any, training: bool, **options: Any) -> Any:
    """`batch_norm` with running statistics, which are given back as well."""
    kept = [m.tensor([0.1, -0.2, 0.3], dtype=x.dtype), m.tensor([0.5, 1.0, 2.0], dtype=x.dtype)]
    y = functional(m).batch_norm(x, *kept, training=training, **options)
    return y, *kept


def _instances(m: Any, x: Any, **options: Any) -> Any:
    kept = [m.tensor([0.1, -0.2], dtype=x.dtype), m.tensor([0.5, 1.0], dtype=x.dtype)]
    y = functional(m).instance_norm(x, *kept, **options)
    return y, *kept


CASES = [
    case(
        "F.batch_norm",
        lambda m, x, w, b: functional(m).batch_norm(x, None, None, w, b, training=True),
        normal(4, 3),
        positive(3),
        normal(3),
    ),
    case(
        "F.batch_norm, images",
        lambda m, x, w, b: functional(m).batch_norm(x, None, None, w, b, True, eps=0.1),
        normal(2, 3, 2, 2),
        positive(3),
        normal(3),
    ),
    case(
        "F.batch_norm, not affine",
        lambda m, x: functional(m).batch_norm(x, None, None, training=True, eps=0.1),
        normal(3, 2, 2),
    ),
    case(
        "F.batch_norm, bias alone",
        lambda m, x, b: functional(m).batch_norm(x, None, None, None, b, True, eps=0.1),
        normal(3, 2),
        normal(2),
        unlike=dict.fromkeys(
            ("float64", "float32", "float16"), "PyTorch's second derivative needs a weight"
        ),
    ),
    case("F.batch_norm, running", lambda m, x: _running(m, x, True, momentum=0.3), normal(4, 3)),
    case(
        "F.batch_norm, evaluation",
        lambda m, x, w, b: _running(m, x, False, weight=w, bias=b),
        normal(2, 3, 2),
        positive(3),
        normal(3),
    ),
    case(
        "batch_norm",
        lambda m, x, w, b: m.batch_norm(x, w, b, None, None, True, 0.1, 1e-3, False),
        normal(4, 3),
        positive(3),
        normal(3),
    ),
    case(
        "F.layer_norm",
        lambda m, x, w, b: functional(m).layer_norm(x, (4,), w, b),
        normal(2, 3, 4),
        positive(4),
        normal(4),
    ),
    case(
        "F.layer_norm, two dims",
        lambda m, x, w, b: m.layer_norm(x, [3, 2], w, b, 0.1),
        normal(2, 3, 2),
        positive(3, 2),
        normal(3, 2),
    ),
    case("F.layer_norm, not affine", lambda m, x: functional(m).layer_norm(x, (3,)), normal(2, 3)),
    case("F.layer_norm, all dims", lambda m, x: functional(m).layer_norm(x, x.shape), normal(2, 3)),
    case("F.layer_norm, empty", lambda m, x: functional(m).layer_norm(x, (3,)), normal(0, 3)),
    case(
        "F.group_norm",
        lambda m, x, w, b: functional(m).group_norm(x, 2, w, b),
        normal(2, 4, 3),
        positive(4),
        normal(4),
    ),
    case("F.group_norm, no space", lambda m, x: m.group_norm(x, 1), normal(2, 3)),
    case(
        "F.instance_norm",
        lambda m, x, w, b: functional(m).instance_norm(x, weight=w, bias=b),
        normal(2, 3, 4),
        positive(3),
        normal(3),
    ),
    case("F.instance_norm, running", lambda m, x: _instances(m, x, eps=0.1), normal(3, 2, 2, 2)),
    case(
        "F.instance_norm, by running",
        lambda m, x: _instances(m, x, use_input_stats=False),
        normal(3, 2, 4),
    ),
    case(
        "F.rms_norm",
        lambda m, x, w: functional(m).rms_norm(x, (4,), w),
        distinct(2, 4),
        positive(4),
    ),
    case("F.rms_norm, eps", lambda m, x: m.rms_norm(x, [3, 2], eps=0.1), normal(2, 3, 2)),
    case("F.normalize", lambda m, x: functional(m).normalize(x), distinct(2, 3)),
    case("F.normalize, p, dim", lambda m, x: functional(m).normalize(x, 1, 0), distinct(2, 3)),
    case("F.normalize, 3", lambda m, x: functional(m).normalize(x, 3.0, -1), distinct(2, 3)),
    case(
        "F.local_response_norm",
        lambda m, x: functional(m).local_response_norm(x, 3, 0.1),
        normal(2, 4, 3),
    ),
    case(
        "F.local_response_norm, even",
        lambda m, x: functional(m).local_response_norm(x, 2, 0.1, 0.5, 2.0),
        normal(2, 3, 2, 2),
        unlike={"float16": "PyTorch has no kernel for it in three dimensions"},
    ),
    case("F.dropout", lambda m, x: seeded(m, lambda: functional(m).dropout(x, 0.4)), normal(20)),
    case("F.dropout, all", lambda m, x: functional(m).dropout(x, 1.0), normal(2, 3)),
    case(
        "F.dropout, evaluation", lambda m, x: functional(m).dropout(x * 1, 0.4, False), normal(2, 3)
    ),
    case(
        "F.dropout, inplace",
        lambda m, x: seeded(m, lambda: functional(m).dropout(x * 1, 0.4, inplace=True)),
        normal(20),
    ),
    case("dropout", lambda m, x: seeded(m, lambda: m.dropout(x, 0.4, train=True)), normal(20)),
    case(
        "F.dropout1d",
        lambda m, x: seeded(m, lambda: functional(m).dropout1d(x, 0.4)),
        normal(5, 3),
    ),
    case(
        "F.dropout2d",
        lambda m, x: seeded(m, lambda: functional(m).dropout2d(x, 0.4)),
        normal(2, 5, 2, 2),
    ),
    case(
        "F.dropout3d",
        lambda m, x: seeded(m, lambda: functional(m).dropout3d(x, 0.4)),
        normal(5, 2, 2, 2),
    ),
    case(
        "F.dropout3d, inplace",
        lambda m, x: seeded(m, lambda: functional(m).dropout3d(x * 1, 0.4, inplace=True)),
        normal(5, 2, 2, 2),
    ),
    case(
        "F.alpha_dropout",
        lambda m, x: seeded(m, lambda: functional(m).alpha_dropout(x, 0.3, training=True)),
        normal(20),
    ),
    case(
        "F.feature_alpha_dropout.with_train",
        lambda m, x: seeded(m, lambda: functional(m).feature_alpha_dropout(x, 0.3, True)),
        normal(4, 5, 2),
    ),
    case(
        "F.feature_alpha_dropout.without_train",
        lambda m, x: functional(m).feature_alpha_dropout(x * 1, 0.3, training=False),
        normal(2, 3),
    ),
]
