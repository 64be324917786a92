"""The op table: reading and writing by index."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.case import case, distinct, index, normal, positive

ROWS = np.array([0, 0, 2])


READ = [
    case("__getitem__", lambda m, x: x[1], normal(2, 3)),
    case("__getitem__, slices", lambda m, x: x[1:, ::2], normal(3, 4)),
    case("__getitem__, None and ...", lambda m, x: x[None, ..., 0], normal(2, 3)),
    case("__getitem__, repeated rows", lambda m, x: x[ROWS.tolist()], normal(3, 2)),
    case(
        "__getitem__, tensors",
        lambda m, x: x[index(m, [0, 1, 0]), index(m, [2, 2, 2])],
        normal(2, 3),
    ),
    case("__getitem__, mask", lambda m, x: x[x > 0], distinct(2, 3)),
    case("__getitem__, mixed", lambda m, x: x[:, index(m, [[0, 1], [1, 1]]), 1:], normal(2, 3, 2)),
    case("__getitem__, int beside a list", lambda m, x: x[0, :, [1, 0]], normal(2, 3, 2)),
    case("__getitem__, mask and int", lambda m, x: x[index(m, [True, False]), 1], normal(2, 3)),
    case("__getitem__, bool", lambda m, x: x[True], normal(2, 3)),
    case("__getitem__, array", lambda m, x: x[ROWS, 1:], normal(3, 2)),
    case("__getitem__, nothing", lambda m, x: x[[]], normal(3, 2)),
    case("__getitem__, 0-d", lambda m, x: x[None, ...], normal()),
    case("narrow", lambda m, x: x.narrow(1, 1, 2), normal(2, 4)),
    case("narrow, tensor", lambda m, x: m.narrow(x, 0, m.tensor(-2), 1), normal(3)),
    case("narrow, copied", lambda m, x: x.narrow_copy(0, 1, 1), normal(2, 3)),
    case("select", lambda m, x: x.select(1, -1), normal(2, 3)),
    case("select, function", lambda m, x: m.select(x, dim=0, index=1), normal(2, 3)),
    case("gather", lambda m, x: x.gather(1, index(m, [[0, 0], [2, 1]])), normal(2, 3)),
    case(
        "gather, vector",
        lambda m, x: m.gather(x, 0, index(m, [2, 2, 0]), sparse_grad=False),
        normal(3),
    ),
    case("gather, 0-d", lambda m, x: x.gather(0, m.tensor([0, 0])), normal()),
    case("gather, nothing", lambda m, x: x.gather(0, m.zeros(0, 2, dtype=m.int64)), normal(2, 3)),
    case("take_along_dim", lambda m, x: m.take_along_dim(x, index(m, [[0], [2]]), 1), normal(2, 3)),
    case("take_along_dim, flat", lambda m, x: x.take_along_dim(index(m, [5, 0])), normal(2, 3)),
    case(
        "take_along_dim, broadcast",
        lambda m, x: x.take_along_dim(index(m, [[1, 0]]), dim=1),
        normal(3, 2),
    ),
    case("take", lambda m, x: m.take(x, index(m, [[5, -1], [0, 5]])), normal(2, 3)),
    case("index_select", lambda m, x: x.index_select(1, index(m, [0, 0, 1])), normal(2, 3)),
    case(
        "index_select, int32", lambda m, x: m.index_select(x, 0, index(m, [1]).int()), normal(2, 3)
    ),
    case("index_select, 0-d", lambda m, x: x.index_select(0, index(m, [0])), normal()),
    case("masked_select", lambda m, x: x.masked_select(x > 0), distinct(2, 3)),
    case(
        "masked_select, broadcast",
        lambda m, x: m.masked_select(x, index(m, [[True], [False]])),
        normal(3),
    ),
    case("repeat_interleave", lambda m, x: x.repeat_interleave(2, 1), normal(2, 3)),
    case("repeat_interleave, flat", lambda m, x: m.repeat_interleave(x, 3), normal(2, 2)),
    case(
        "repeat_interleave, tensor",
        lambda m, x: x.repeat_interleave(index(m, [2, 0, 1]), dim=0, output_size=3),
        normal(3, 2),
    ),
    case(
        "repeat_interleave, alone",
        lambda m, x: m.repeat_interleave(index(m, [2, 0, 1])),
        normal(1),
        differentiable=False,
    ),
    case("tril", lambda m, x: x.tril(), normal(3, 4)),
    case("tril, above", lambda m, x: m.tril(x, 1), normal(2, 3, 3)),
    case("triu", lambda m, x: x.triu(), normal(4, 3)),
    case("triu, below", lambda m, x: m.triu(x, diagonal=-1), normal(2, 3, 3)),
    case("nonzero", lambda m, x: x.nonzero(), distinct(2, 3), differentiable=False),
    case(
        "nonzero, tuple",
        lambda m, x: m.nonzero(x > 0, as_tuple=True),
        distinct(2, 3),
        differentiable=False,
    ),
    case("nonzero, 0-d", lambda m, x: x.nonzero(), normal(), differentiable=False),
    case("argwhere", lambda m, x: m.argwhere(x > 0), distinct(2, 3), differentiable=False),
    case(
        "unravel_index",
        lambda m, x: m.unravel_index(index(m, [[5, 3]]), x.shape),
        normal(2, 3),
        differentiable=False,
    ),
]

WRITTEN = [
    case(
        "index_put",
        lambda m, x, y: x.index_put((index(m, [0, 1]),), y),
        normal(3, 2),
        normal(2, 2),
    ),
    case(
        "index_put, added",
        lambda m, x, y: m.index_put(x, [index(m, [0, 0])], y, accumulate=True),
        normal(3, 2),
        normal(2),
    ),
    case("index_put, mask", lambda m, x, y: x.index_put((x > 0,), y), distinct(3, 2), normal()),
    case(
        "index_add",
        lambda m, x, y: x.index_add(1, index(m, [0, 0, 1]), y, alpha=2),
        normal(2, 2),
        normal(2, 3),
    ),
    case("index_add, 0-d", lambda m, x, y: m.index_add(x, 0, index(m, [0]), y), normal(), normal()),
    case(
        "index_copy, 0-d", lambda m, x, y: m.index_copy(x, 0, m.tensor(1), y), normal(3), normal()
    ),
    case(
        "index_copy",
        lambda m, x, y: x.index_copy(0, index(m, [2, 0]), y),
        normal(3, 2),
        normal(2, 2),
    ),
    case("index_fill", lambda m, x: x.index_fill(1, index(m, [0, -1]), 3), normal(2, 3)),
    case(
        "index_fill, tensor",
        lambda m, x, y: m.index_fill(x, 0, index(m, [1]), y),
        normal(2, 3),
        normal(),
    ),
    case(
        "masked_scatter", lambda m, x, y: x.masked_scatter(x > 0, y), distinct(2, 3), normal(2, 3)
    ),
    case(
        "masked_scatter, broadcast",
        lambda m, x, y: m.masked_scatter(x, index(m, [True, False, True]), y),
        normal(2, 3),
        normal(5),
    ),
    case("put", lambda m, x, y: x.put(index(m, [[4, -6]]), y), normal(2, 3), normal(2)),
    case(
        "put, added",
        lambda m, x, y: m.put(x, index(m, [4, 4]), y, accumulate=True),
        normal(2, 3),
        normal(2),
    ),
    case(
        "select_scatter",
        lambda m, x, y: x.select_scatter(y, 1, -1),
        normal(2, 3),
        normal(2),
    ),
    case(
        "slice_scatter",
        lambda m, x, y: m.slice_scatter(x, y, 1, 1, None, 2),
        normal(2, 5),
        normal(2, 2),
    ),
    case(
        "diagonal_scatter",
        lambda m, x, y: x.diagonal_scatter(y, 1),
        normal(3, 3),
        normal(2),
    ),
    case(
        "scatter",
        lambda m, x, y: x.scatter(1, index(m, [[0, 2], [1, 0]]), y),
        normal(2, 3),
        normal(2, 2),
    ),
    case("scatter, number", lambda m, x: m.scatter(x, 0, index(m, [[1, 0, 1]]), 7), normal(2, 3)),
    case(
        "scatter, cut",
        lambda m, x, y: x.scatter(dim=0, index=index(m, [[1]]), src=y),
        normal(2, 3),
        normal(3, 3),
        in_torch=False,  # which raises on the way back
    ),
    case(
        "scatter, reduce",
        lambda m, x, y: x.detach().scatter(0, index(m, [0, 0, 1]), y.detach(), reduce="add"),
        normal(3),
        normal(3),
        differentiable=False,
    ),
    case(
        "scatter_add",
        lambda m, x, y: x.scatter_add(1, index(m, [[0, 0], [1, 1]]), y),
        normal(2, 3),
        normal(2, 2),
    ),
    case("scatter_add, 0-d", lambda m, x, y: x.scatter_add(0, m.tensor(0), y), normal(), normal()),
]


def reduced(how: str, include_self: bool, **options: Any) -> list[Any]:
    """A row of scatter_reduce, and one of index_reduce."""
    particular = "" if include_self else ", without self"
    values = positive if how == "prod" else distinct
    # Not equal to any of x: PyTorch lets x share the gradient of a tie even where it takes no part.
    sent = values if how == "prod" else lambda *shape: lambda d: distinct(*shape)(d) * 1.3 + 0.005
    rows = [
        case(
            f"scatter_reduce.{how}{particular}",
            lambda m, x, y: x.scatter_reduce(
                1, index(m, [[0, 0, 0], [2, 1, 2]]), y, how, include_self=include_self
            ),
            values(2, 3),
            sent(2, 3),
            **options,
        )
    ]
    if how != "sum":
        rows.append(
            case(
                f"index_reduce.{how}{particular}",
                lambda m, x, y: x.index_reduce(
                    0, index(m, [2, 0, 2]), y, how, include_self=include_self
                ),
                values(3, 2),
                sent(3, 2),
                **options,
            )
        )
    return rows


REDUCED = [
    row
    for how in ("sum", "prod", "mean", "amax", "amin")
    for include_self in (True, False)
    for row in reduced(how, include_self)
]

CASES = [*READ, *WRITTEN, *REDUCED]
