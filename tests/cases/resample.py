"""The op table: padding, interpolation, sampling by a grid, shuffles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from cases.case import EMPTY, Array, Case, case, functional, normal

LEVELS = {"uint8": "PyTorch is a level off at times: see test_fuzz_windows.py"}  # in fixed point
NO_HALVES = {"float16": "PyTorch has no antialiasing kernel for halves"}
NO_LANCZOS = {"uint8": "ours has no lanczos of integers"}


def pads(mode: str) -> list[Case]:
    """The rows of one mode that is not 'constant'."""
    return [
        case(
            f"F.pad.{mode}",
            lambda m, x: functional(m).pad(x, (2, 1, 0, 2), mode),
            normal(2, 2, 3, 4),
        ),
        case(
            f"F.pad.{mode}, sequences",
            lambda m, x: functional(m).pad(x, (1, 2), mode),
            normal(2, 2, 3),
        ),
        case(
            f"F.pad.{mode}, volumes",
            lambda m, x: functional(m).pad(x, (1, 1, 1, 0, 0, 1), mode),
            normal(2, 2, 3, 2, 2),
        ),
        case(
            f"F.pad.{mode}, no batch",
            lambda m, x: functional(m).pad(x, (1, 1, 1, 2), mode),
            normal(2, 3, 4),
        ),
        case(
            f"F.pad.{mode}_negative",
            lambda m, x: functional(m).pad(x, (-1, 2, 1, -1), mode),
            normal(2, 2, 4, 5),
        ),
        case(
            f"F.pad.{mode}, empty batch",
            lambda m, x: functional(m).pad(x, (1, 2), mode),
            normal(0, 2, 3),
        ),
    ]


def interpolations(
    mode: str, *dims: int, unlike: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> list[Case]:
    """The rows of one mode."""
    rows = []
    empty = dict.fromkeys(("int64", "bool", "uint8"), EMPTY)
    for d in dims:
        size, larger, smaller = (4, 3, 2)[:d], (7, 4, 3)[:d], (3, 2, 1)[:d]

        def call(m: Any, x: Any, **given: Any) -> Any:
            return functional(m).interpolate(x, mode=mode, **options, **given)

        where = {1: "sequences", 2: "images", 3: "volumes"}[d]
        if options:
            where += ", " + ", ".join(options)
        name = f"F.interpolate.{mode}, {where}"
        rows += [
            case(
                f"{name}, scale",
                lambda m, x, call=call: call(m, x, scale_factor=2),
                normal(1, 2, *size),
                unlike=unlike,
            ),
            case(
                f"{name}, larger",
                lambda m, x, call=call, larger=larger: call(m, x, size=larger),
                normal(2, 2, *size),
                unlike=unlike,
            ),
            case(
                f"{name}, smaller",
                lambda m, x, call=call, smaller=smaller: call(m, x, size=smaller),
                normal(2, 1, *size),
                unlike=unlike,
            ),
            case(
                f"{name}, odd scale",
                lambda m, x, call=call: call(m, x, scale_factor=1.7),
                normal(1, 1, *size),
                unlike=unlike,
            ),
            case(
                f"{name}, recomputed scale",
                lambda m, x, call=call: call(m, x, scale_factor=1.7, recompute_scale_factor=True),
                normal(1, 1, *size),
                unlike=unlike,
            ),
            case(
                f"{name}, empty batch",
                lambda m, x, call=call: call(m, x, scale_factor=2),
                normal(0, 2, *size),
                unlike=empty if mode == "area" and d < 3 else unlike,
            ),
        ]
    return rows


def places(*shape: int) -> Any:
    """A grid, some of it outside the input."""

    def make(draws: np.random.Generator) -> Array:
        return draws.uniform(-1.5, 1.5, shape)

    return make


def samples() -> list[Case]:
    """Every mode and padding of grid_sample."""
    rows = []
    in_halves = {"float16": "PyTorch works out the places of halves in halves, we in float32"}
    never_twice = {"float16": "PyTorch's second derivative fails: it meets two dtypes"}
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (False, True):
                options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
                unlike = {("bilinear", "reflection"): never_twice}.get((mode, padding), {})
                rows.append(
                    case(
                        f"F.grid_sample, {mode}, {padding}, {'corners' if corners else 'edges'}",
                        lambda m, x, g, o=options: functional(m).grid_sample(x, g, **o),
                        normal(1, 2, 3, 4),
                        places(1, 3, 2, 2),
                        unlike=in_halves if mode == "bicubic" else unlike,
                    )
                )
                if mode != "bicubic":
                    rows.append(
                        case(
                            f"F.grid_sample, volumes, {mode}, {padding}, "
                            f"{'corners' if corners else 'edges'}",
                            lambda m, x, g, o=options: functional(m).grid_sample(x, g, **o),
                            normal(1, 2, 2, 3, 2),
                            places(1, 1, 2, 2, 3),
                            unlike=unlike,
                        )
                    )
    return rows


CASES = [
    case("F.pad.constant", lambda m, x: functional(m).pad(x, (1, 2)), normal(3)),
    case(
        "F.pad.constant, value",
        lambda m, x: functional(m).pad(x, (1, 0, 0, 2), value=3),
        normal(2, 2, 3),
    ),
    case(
        "F.pad.constant, negative",
        lambda m, x: functional(m).pad(x, (-1, 2, 1, -2, 0, 1), "constant", 1.5),
        normal(2, 4, 3),
    ),
    case(
        "F.pad.constant, only negative", lambda m, x: functional(m).pad(x, (-1, -2)), normal(2, 4)
    ),
    case("F.pad.constant, 0-d, nothing", lambda m, x: functional(m).pad(x, ()), normal()),
    case(
        "F.pad.constant, all dimensions",
        lambda m, x: functional(m).pad(x, (1, 1, 0, 1, 1, 0, 0, 0, 2, 0)),
        normal(1, 2, 1, 2, 2),
    ),
    *pads("reflect"),
    *pads("replicate"),
    *pads("circular"),
    *interpolations("nearest", 1, 2, 3),
    *interpolations("nearest-exact", 1, 2, 3),
    *interpolations("area", 1, 2, 3),
    *interpolations("linear", 1),
    *interpolations("linear", 1, align_corners=True),
    *interpolations("bilinear", 2, unlike=LEVELS),
    *interpolations("bilinear", 2, align_corners=True, unlike=LEVELS),
    *interpolations("bilinear", 2, antialias=True, unlike=NO_HALVES | LEVELS),
    *interpolations("bilinear", 2, antialias=True, align_corners=True, unlike=NO_HALVES | LEVELS),
    *interpolations("trilinear", 3),
    *interpolations("trilinear", 3, align_corners=True),
    *interpolations("bicubic", 2, unlike=LEVELS),
    *interpolations("bicubic", 2, align_corners=True, unlike=LEVELS),
    *interpolations("bicubic", 2, antialias=True, unlike=NO_HALVES | LEVELS),
    *interpolations("lanczos", 2, antialias=True, unlike=NO_HALVES | NO_LANCZOS),
    *samples(),
    case(
        "F.affine_grid",
        lambda m, t: functional(m).affine_grid(t, (2, 1, 3, 4), align_corners=False),
        normal(2, 2, 3),
    ),
    case(
        "F.affine_grid, volumes",
        lambda m, t: functional(m).affine_grid(t, [1, 1, 2, 3, 2], align_corners=True),
        normal(1, 3, 4),
    ),
    case("F.pixel_shuffle", lambda m, x: functional(m).pixel_shuffle(x, 2), normal(2, 8, 2, 3)),
    case(
        "F.pixel_shuffle, more dimensions",
        lambda m, x: functional(m).pixel_shuffle(x, 2),
        normal(1, 2, 4, 1, 2),
    ),
    case("F.pixel_unshuffle", lambda m, x: functional(m).pixel_unshuffle(x, 2), normal(2, 1, 4, 6)),
    case(
        "F.pixel_unshuffle, no batch",
        lambda m, x: functional(m).pixel_unshuffle(x, 3),
        normal(2, 3, 6),
    ),
    case("F.channel_shuffle", lambda m, x: functional(m).channel_shuffle(x, 3), normal(2, 6, 2, 1)),
]
