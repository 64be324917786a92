"""The op table: pooling."""

from __future__ import annotations

from typing import Any

from cases.case import EMPTY, Case, case, distinct, functional, index, normal, positive


def pools(dims: int) -> list[Case]:
    """The rows of one number of dimensions."""
    even, odd = (4, 4, 2)[:dims], (5, 6, 3)[:dims]
    few = (1, 1) if dims == 3 else (2, 2)  # a second derivative has a square of elements

    def F(m: Any, name: str) -> Any:
        return getattr(functional(m), f"{name}{dims}d")

    halves = {"float16": "PyTorch has no kernel for the means of volumes"} if dims == 3 else {}
    rows = [
        case(f"F.max_pool{dims}d", lambda m, x: F(m, "max_pool")(x, 2), distinct(2, 2, *even)),
        case(
            f"F.max_pool{dims}d, overlapping",
            lambda m, x: F(m, "max_pool")(x, 3, 2, 1, ceil_mode=True),
            distinct(1, 2, *odd),
        ),
        case(
            f"F.max_pool{dims}d, indices",
            lambda m, x: F(m, "max_pool")(x, 2, 1, 1, dilation=2, return_indices=True),
            distinct(2, *odd),
        ),
        case(
            f"F.max_pool{dims}d, empty batch",
            lambda m, x: F(m, "max_pool")(x, 2, return_indices=True),
            normal(0, 2, *odd),
        ),
        case(
            f"F.avg_pool{dims}d",
            lambda m, x: F(m, "avg_pool")(x, 2),
            normal(2, 2, *even),
            unlike=halves,
        ),
        case(
            f"F.avg_pool{dims}d, overlapping",
            lambda m, x: F(m, "avg_pool")(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
            normal(1, 2, *odd),
            unlike=halves,
        ),
        case(
            f"F.avg_pool{dims}d, padding counts",
            lambda m, x: F(m, "avg_pool")(x, 3, 2, 1, True),
            normal(2, *odd),
            unlike=halves,
        ),
        case(
            f"F.avg_pool{dims}d, empty batch",
            lambda m, x: F(m, "avg_pool")(x, 2),
            normal(0, 2, *odd),
            unlike=halves,
        ),
        case(
            f"F.lp_pool{dims}d",
            lambda m, x: F(m, "lp_pool")(x, 2, 2, 1),
            positive(*few, *odd),
            unlike=halves,
        ),
        case(
            f"F.lp_pool{dims}d, odd power",
            lambda m, x: F(m, "lp_pool")(x, 3.0, 2, ceil_mode=True),
            positive(*few, *odd),
            unlike={"float16": "the gradient's gradient cancels more than halves can hold"},
        ),
        case(
            f"F.lp_pool{dims}d, infinite",
            lambda m, x: (
                F(m, "lp_pool")(x, float("inf"), 2),
                F(m, "lp_pool")(x, -float("inf"), 2),
            ),
            distinct(2, 2, *even),
        ),
        case(
            f"F.adaptive_avg_pool{dims}d",
            lambda m, x: F(m, "adaptive_avg_pool")(x, 3),
            normal(2, 2, *odd),
        ),
        case(
            f"F.adaptive_avg_pool{dims}d, even cells",
            lambda m, x: F(m, "adaptive_avg_pool")(x, (2,) * dims),
            normal(2, *even),
        ),
        case(
            f"F.adaptive_avg_pool{dims}d, one cell",
            lambda m, x: F(m, "adaptive_avg_pool")(x, 1),
            normal(2, 2, *odd),
        ),
        case(
            f"F.adaptive_avg_pool{dims}d, larger",
            lambda m, x: F(m, "adaptive_avg_pool")(x, 7),
            normal(1, *odd),
        ),
        case(
            f"F.adaptive_avg_pool{dims}d, empty batch",
            lambda m, x: F(m, "adaptive_avg_pool")(x, 3),
            normal(0, 2, *odd),
            unlike={} if dims == 3 else dict.fromkeys(("int64", "bool", "uint8"), EMPTY),
        ),
        case(
            f"F.adaptive_max_pool{dims}d",
            lambda m, x: F(m, "adaptive_max_pool")(x, 3),
            distinct(2, 2, *odd),
        ),
        case(
            f"F.adaptive_max_pool{dims}d, indices",
            lambda m, x: F(m, "adaptive_max_pool")(x, (3,) * dims, return_indices=True),
            distinct(2, *odd),
        ),
        case(
            f"F.adaptive_max_pool{dims}d, even cells",
            lambda m, x: F(m, "adaptive_max_pool")(x, 2, True),
            distinct(2, 2, *even),
        ),
        case(
            f"F.adaptive_max_pool{dims}d, empty batch",
            lambda m, x: F(m, "adaptive_max_pool")(x, 3, True),
            normal(0, 2, *odd),
        ),
        case(
            f"F.max_unpool{dims}d",
            lambda m, x: F(m, "max_unpool")(x, _corners(m, x, dims), 2),
            normal(2, 2, *(2,) * dims),
        ),
        case(
            f"F.max_unpool{dims}d, output size",
            lambda m, x: F(m, "max_unpool")(
                x, _corners(m, x, dims), 2, padding=0, output_size=(5, 5, 5)[:dims]
            ),
            normal(2, *(2,) * dims),
        ),
    ]
    if dims > 1:
        rows += [
            case(
                f"F.avg_pool{dims}d, divisor",
                lambda m, x: F(m, "avg_pool")(x, 2, 1, divisor_override=3),
                normal(1, 2, *even),
                unlike=halves,
            ),
            case(
                f"F.adaptive_avg_pool{dims}d, as it is",
                lambda m, x: F(m, "adaptive_avg_pool")(x, (None, 3, 2)[:dims]),
                normal(1, 2, *odd),
            ),
        ]
    return rows


def _corners(m: Any, x: Any, dims: int) -> Any:
    """The places 0, 2, ... of a plane of 4 x 4, for each plane of x."""
    places = [0, 2] if dims == 1 else [0, 2, 8, 10] if dims == 2 else [0, 2, 8, 10, 32, 34, 40, 42]
    planes = x.numel() // len(places)
    return index(m, [places] * planes).reshape(x.shape)


CASES = [row for dims in (1, 2, 3) for row in pools(dims)]
