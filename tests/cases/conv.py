"""The op table: convolution, transposed convolution, and windows as columns."""

from __future__ import annotations

from typing import Any

from cases.case import EMPTY, Case, case, functional, normal

NO_UINT8 = {"uint8": "PyTorch's kernel of it knows no uint8; ours do not differ between dtypes"}


def conv(dims: int) -> list[Case]:
    """The rows of one number of dimensions."""
    name = f"F.conv{dims}d"
    size = (5, 4, 3)[:dims]

    def call(m: Any) -> Any:
        return getattr(functional(m), f"conv{dims}d")

    return [
        case(
            name,
            lambda m, x, w, b: call(m)(x, w, b),
            normal(2, 2, *size),
            normal(3, 2, *(2,) * dims),
            normal(3),
        ),
        case(
            f"{name}, stride, padding, dilation",
            lambda m, x, w: call(m)(x, w, None, (2, 1, 2)[:dims], (1, 2, 1)[:dims], 2),
            normal(1, 2, *size),
            normal(2, 2, *(2,) * dims),
            unlike=NO_UINT8,
        ),
        case(
            f"{name}, groups",
            lambda m, x, w, b: call(m)(x, w, bias=b, groups=2, padding="same"),
            normal(1, 4, *size),
            normal(2, 2, *(2, 3, 1)[:dims]),
            normal(2),
        ),
        case(
            f"{name}, depthwise",
            lambda m, x, w: call(m)(x, w, groups=3, padding="valid"),
            normal(2, 3, *size),
            normal(6, 1, *(2,) * dims),
        ),
        case(
            f"{name}, no batch",
            lambda m, x, w: call(m)(x, w),
            normal(2, *size),
            normal(2, 2, *(1,) * dims),
        ),
        case(
            f"{name}, empty batch",
            lambda m, x, w, b: call(m)(x, w, b),
            normal(0, 2, *size),
            normal(3, 2, *(2,) * dims),
            normal(3),
            unlike={"bool": EMPTY},
        ),
    ]


def conv_transpose(dims: int) -> list[Case]:
    """The rows of one number of dimensions."""
    name = f"F.conv_transpose{dims}d"
    size = (3, 2, 2)[:dims]

    def call(m: Any) -> Any:
        return getattr(functional(m), f"conv_transpose{dims}d")

    return [
        case(
            name,
            lambda m, x, w, b: call(m)(x, w, b),
            normal(2, 2, *size),
            normal(2, 3, *(2,) * dims),
            normal(3),
            unlike=NO_UINT8,
        ),
        case(
            f"{name}, stride, padding",
            lambda m, x, w: call(m)(x, w, None, 2, 1, 1),
            normal(1, 2, *size),
            normal(2, 2, *(3,) * dims),
            unlike=NO_UINT8,
        ),
        case(
            f"{name}, groups, dilation",
            lambda m, x, w, b: call(m)(x, w, b, output_padding=1, groups=2, dilation=2),
            normal(1, 4, *size),
            normal(4, 1, *(2,) * dims),
            normal(2),
            unlike=NO_UINT8,
        ),
        case(
            f"{name}, no batch",
            lambda m, x, w: call(m)(x, w, stride=3),
            normal(2, *size),
            normal(2, 1, *(2,) * dims),
            unlike=NO_UINT8,
        ),
        case(
            f"{name}, empty batch",
            lambda m, x, w: call(m)(x, w),
            normal(0, 2, *size),
            normal(2, 3, *(2,) * dims),
            unlike={"bool": EMPTY},
        ),
    ]


CASES = [
    *(row for dims in (1, 2, 3) for row in conv(dims)),
    *(row for dims in (1, 2, 3) for row in conv_transpose(dims)),
    case(
        "F.unfold",
        lambda m, x: functional(m).unfold(x, (2, 3), 1, (1, 0), 2),
        normal(2, 2, 4, 5),
    ),
    case("F.unfold, no batch", lambda m, x: functional(m).unfold(x, 2, 2), normal(2, 4, 3)),
    case("F.unfold, empty batch", lambda m, x: functional(m).unfold(x, 2), normal(0, 2, 4, 3)),
    case("F.fold", lambda m, x: functional(m).fold(x, (3, 4), 2), normal(2, 8, 6)),
    case(
        "F.fold, stride, padding",
        lambda m, x: functional(m).fold(x, (4, 5), (2, 3), 1, (1, 0), 2),
        normal(12, 6),
    ),
    case("F.fold, empty batch", lambda m, x: functional(m).fold(x, (3, 4), 2), normal(0, 8, 6)),
]
