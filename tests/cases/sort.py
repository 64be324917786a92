"""The op table: order, distinct values, places in a list."""

from __future__ import annotations

import numpy as np

from cases.case import case, distinct, index, normal

STEPS = np.array([-0.5, 0.1, 0.4])


def repeated(*shape: int) -> object:
    """A maker of few values, so that many are equal."""
    return lambda draws: draws.integers(0, 3, shape) * 1.0


CASES = [
    case("sort", lambda m, x: m.sort(x), distinct(2, 5)),
    case("sort, descending", lambda m, x: x.sort(0, True), distinct(5, 2)),
    case(
        "sort, stable",
        lambda m, x: x.detach().sort(dim=1, descending=True, stable=True),
        repeated(3, 20),
        differentiable=False,
    ),
    case("sort, 0-d", lambda m, x: x.sort(), normal()),
    case("sort, empty", lambda m, x: x.sort(0), normal(0, 2)),
    case("argsort", lambda m, x: m.argsort(x), distinct(3, 4), differentiable=False),
    case(
        "argsort, stable",
        lambda m, x: x.argsort(dim=0, descending=True, stable=True),
        repeated(9, 2),
        differentiable=False,
    ),
    case("msort", lambda m, x: m.msort(x), distinct(4, 2)),
    case("topk", lambda m, x: m.topk(x, 2)[0], distinct(3, 5)),
    case("topk, smallest", lambda m, x: x.topk(3, 0, largest=False)[0], distinct(5, 2)),
    case("topk, all", lambda m, x: x.topk(3, sorted=True).values, distinct(2, 3)),
    case("topk, none", lambda m, x: x.topk(0), distinct(2, 3)),
    case("topk, 0-d", lambda m, x: x.topk(1), normal()),
    case("topk, of many", lambda m, x: x.topk(2, -1)[0], distinct(2, 40)),
    case("topk, fewest of many", lambda m, x: x.topk(2, 0, False)[0], distinct(40, 2)),
    # Which of several equal elements PyTorch takes is an accident of its algorithm.
    case("kthvalue", lambda m, x: m.kthvalue(x, 2)[0], distinct(3, 4)),
    case("kthvalue, keepdim", lambda m, x: x.kthvalue(1, 0, True)[0], distinct(3, 4)),
    case("kthvalue, 0-d", lambda m, x: x.kthvalue(1), normal()),
    case("unique", lambda m, x: m.unique(x.detach()), repeated(4, 3), differentiable=False),
    case(
        "unique, inverse and counts",
        lambda m, x: x.detach().unique(return_inverse=True, return_counts=True),
        repeated(4, 3),
        differentiable=False,
    ),
    case(
        "unique, dim",
        lambda m, x: m.unique(x.detach(), return_inverse=True, return_counts=True, dim=0),
        repeated(9, 2),
        differentiable=False,
    ),
    case(
        "unique, last dim",
        lambda m, x: m.unique(x.detach(), dim=-1),
        repeated(2, 3, 5),
        differentiable=False,
    ),
    case(
        "unique, empty",
        lambda m, x: m.unique(x.detach(), True, True, True),
        normal(0, 2),
        differentiable=False,
    ),
    case(
        "unique, 0-d", lambda m, x: m.unique(x.detach(), True, True), normal(), differentiable=False
    ),
    # PyTorch refuses to differentiate it; ours sends the gradient to each value's first occurrence.
    case("unique, differentiated", lambda m, x: m.unique(x), distinct(2, 3), in_torch=False),
    case(
        "unique_consecutive",
        lambda m, x: m.unique_consecutive(x.detach(), True, True),
        repeated(3, 4),
        differentiable=False,
    ),
    case(
        "unique_consecutive, dim",
        lambda m, x: m.unique_consecutive(x.detach(), True, True, dim=0),
        repeated(9, 1),
        differentiable=False,
    ),
    case(
        "searchsorted",
        lambda m, x: m.searchsorted(m.tensor(STEPS.tolist(), dtype=m.float64).to(x.dtype), x),
        normal(2, 3),
        differentiable=False,
    ),
    case(
        "searchsorted, rows",
        lambda m, s, x: m.searchsorted(s.sort().values, x, right=True),
        normal(2, 4),
        normal(2, 3),
        differentiable=False,
    ),
    case(
        "searchsorted, sorter",
        lambda m, s, x: m.searchsorted(s, x, sorter=s.argsort(stable=True), side="right"),
        normal(4),
        normal(2, 3),
        differentiable=False,
    ),
    case(
        "searchsorted, a number",
        lambda m, s: m.searchsorted(s.sort().values, 0.5, out_int32=True),
        normal(4),
        differentiable=False,
    ),
    case(
        "bucketize",
        lambda m, x: m.bucketize(x, index(m, STEPS), right=True),
        normal(2, 3),
        differentiable=False,
    ),
    case(
        "bucketize, a number",
        lambda m, s: m.bucketize(1, s.sort()[0]),
        normal(3),
        differentiable=False,
    ),
    case("isin", lambda m, x, y: m.isin(x, y), repeated(2, 3), repeated(2), differentiable=False),
    case(
        "isin, inverted",
        lambda m, x: m.isin(x, 1, invert=True),
        repeated(2, 3),
        differentiable=False,
    ),
    case("isin, a number", lambda m, x: m.isin(2, x), repeated(2, 3), differentiable=False),
]
