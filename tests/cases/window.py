"""The op table: convolution, pooling and what else slides a window."""

from __future__ import annotations

from cases.case import case, distinct, functional, normal

CASES = [
    case(
        "conv2d",
        lambda m, x, w, b: functional(m).conv2d(x, w, b),
        normal(2, 2, 4, 4),
        normal(3, 2, 3, 3),
        normal(3),
    ),
    case(
        "conv2d, stride, padding, dilation",
        lambda m, x, w: functional(m).conv2d(x, w, None, (2, 1), (1, 2), (1, 2)),
        normal(1, 2, 5, 4),
        normal(2, 2, 2, 2),
    ),
    case(
        "conv2d, groups",
        lambda m, x, w, b: functional(m).conv2d(x, w, b, groups=2, padding="same"),
        normal(1, 4, 3, 3),
        normal(2, 2, 2, 3),
        normal(2),
    ),
    case(
        "conv2d, no batch",
        lambda m, x, w: functional(m).conv2d(x, w),
        normal(2, 3, 3),
        normal(2, 2, 1, 1),
    ),
    case("max_pool2d", lambda m, x: functional(m).max_pool2d(x, 2), distinct(2, 2, 4, 4)),
    case(
        "max_pool2d, overlapping",
        lambda m, x: functional(m).max_pool2d(x, 3, 2, 1, ceil_mode=True),
        distinct(1, 2, 5, 6),
    ),
    case(
        "max_pool2d, dilation",
        lambda m, x: functional(m).max_pool2d(x, 2, 1, dilation=2, return_indices=True)[0],
        distinct(2, 4, 4),
    ),
    case("avg_pool2d", lambda m, x: functional(m).avg_pool2d(x, 2), normal(2, 2, 4, 4)),
    case(
        "avg_pool2d, overlapping",
        lambda m, x: functional(m).avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
        normal(1, 2, 5, 6),
    ),
]
