"""The op table: products of matrices and vectors, einsum."""

from __future__ import annotations

import math

from cases.case import case, distinct, functional, normal


def einsum(equation: str, *shapes: tuple[int, ...]) -> object:
    """A row for one equation."""
    return case(
        f"einsum, {equation}",
        lambda m, *xs: m.einsum(equation, *xs),
        *(normal(*shape) for shape in shapes),
    )


CASES = [
    case("matmul", lambda m, x, y: x @ y, normal(2, 3), normal(3, 4)),
    case("matmul, vectors", lambda m, x, y: x @ y, normal(3), normal(3)),
    case("matmul, matrix by vector", lambda m, x, y: x @ y, normal(2, 3), normal(3)),
    case("matmul, vector by batch", lambda m, x, y: x @ y, normal(3), normal(2, 3, 2)),
    case("matmul, batch by matrix", lambda m, x, y: x @ y, normal(2, 2, 3), normal(3, 2)),
    case("matmul, batches broadcast", lambda m, x, y: x @ y, normal(2, 1, 2, 3), normal(2, 3, 2)),
    case("matmul, empty", lambda m, x, y: m.matmul(x, y), normal(2, 0), normal(0, 3)),
    case("matmul, empty batch", lambda m, x, y: x @ y, normal(0, 2, 3), normal(3, 2)),
    case("__rmatmul__", lambda m, x, y: y.__rmatmul__(x), normal(2, 3), normal(3, 4)),
    case("mm", lambda m, x, y: m.mm(x, y), normal(2, 3), normal(3, 4)),
    case("mv", lambda m, x, y: x.mv(y), normal(2, 3), normal(3)),
    case("dot", lambda m, x, y: m.dot(x, y), normal(3), normal(3)),
    case("vdot", lambda m, x, y: x.vdot(y), normal(3), normal(3)),
    case("bmm", lambda m, x, y: m.bmm(x, y), normal(2, 2, 3), normal(2, 3, 2)),
    case("addmm", lambda m, b, x, y: m.addmm(b, x, y), normal(2, 4), normal(2, 3), normal(3, 4)),
    case(
        "addmm, scaled",
        lambda m, b, x, y: b.addmm(x, y, beta=0.5, alpha=2),
        normal(4),
        normal(2, 3),
        normal(3, 4),
    ),
    case(
        "addmm, beta 0",
        lambda m, b, x, y: m.addmm(b, x, y, beta=0),
        normal(2, 4),
        normal(2, 3),
        normal(3, 4),
    ),
    case(
        "addmm, in place",
        lambda m, b, x, y: (b * 1).addmm_(x, y, alpha=2),
        normal(2, 4),
        normal(2, 3),
        normal(3, 4),
    ),
    case(
        "addmv",
        lambda m, b, x, y: m.addmv(b, x, y, beta=2, alpha=3),
        normal(2),
        normal(2, 3),
        normal(3),
    ),
    case(
        "addmv, in place",
        lambda m, b, x, y: (b * 1).addmv_(x, y),
        normal(2),
        normal(2, 3),
        normal(3),
    ),
    case(
        "addbmm",
        lambda m, b, x, y: m.addbmm(b, x, y, beta=2, alpha=3),
        normal(2, 4),
        normal(3, 2, 3),
        normal(3, 3, 4),
    ),
    case(
        "addbmm, in place",
        lambda m, b, x, y: (b * 1).addbmm_(x, y),
        normal(2, 4),
        normal(3, 2, 3),
        normal(3, 3, 4),
    ),
    case(
        "baddbmm",
        lambda m, b, x, y: b.baddbmm(x, y, beta=2, alpha=3),
        normal(2, 4),
        normal(3, 2, 3),
        normal(3, 3, 4),
    ),
    case(
        "baddbmm, in place",
        lambda m, b, x, y: (b * 1).baddbmm_(x, y),
        normal(3, 2, 4),
        normal(3, 2, 3),
        normal(3, 3, 4),
    ),
    case("addr", lambda m, b, x, y: m.addr(b, x, y), normal(2, 3), normal(2), normal(3)),
    case(
        "addr, scaled",
        lambda m, b, x, y: b.addr(x, y, beta=2, alpha=3),
        normal(3),
        normal(2),
        normal(3),
    ),
    case(
        "addr, in place", lambda m, b, x, y: (b * 1).addr_(x, y), normal(2, 3), normal(2), normal(3)
    ),
    case("outer", lambda m, x, y: m.outer(x, y), normal(2), normal(3)),
    case("outer, ger", lambda m, x, y: x.ger(y), normal(2), normal(3)),
    case("inner", lambda m, x, y: m.inner(x, y), normal(2, 3), normal(4, 2, 3)),
    case("inner, 0-d", lambda m, x, y: x.inner(y), normal(), normal(2, 3)),
    case("trace", lambda m, x: m.trace(x), normal(3, 2)),
    case("trace, wide", lambda m, x: x.trace(), normal(2, 4)),
    case("kron", lambda m, x, y: m.kron(x, y), normal(2, 3), normal(2, 2)),
    case("kron, ranks differ", lambda m, x, y: x.kron(y), normal(3), normal(2, 2)),
    case("cross", lambda m, x, y: m.cross(x, y, dim=0), normal(3, 2), normal(3, 2)),
    case("cross, broadcast", lambda m, x, y: x.cross(y, 1), normal(2, 3), normal(1, 3)),
    case("linalg.cross", lambda m, x, y: m.linalg.cross(x, y), normal(2, 3), normal(2, 3)),
    case("linalg.vecdot", lambda m, x, y: m.linalg.vecdot(x, y, dim=0), normal(2, 3), normal(2, 3)),
    case(
        "linalg.multi_dot",
        lambda m, *xs: m.linalg.multi_dot(xs),
        normal(2, 5),
        normal(5, 1),
        normal(1, 4),
        normal(4, 3),
    ),
    case(
        "linalg.multi_dot, vectors",
        lambda m, *xs: m.linalg.multi_dot(xs),
        normal(2),
        normal(2, 3),
        normal(3),
    ),
    case("tensordot", lambda m, x, y: m.tensordot(x, y), normal(2, 3, 4), normal(3, 4, 2)),
    case(
        "tensordot, lists",
        lambda m, x, y: m.tensordot(x, y, ([0, -1], [1, 0])),
        normal(2, 3, 4),
        normal(4, 2),
    ),
    case(
        "tensordot, none",
        lambda m, x, y: m.tensordot(x, y, 0),
        normal(2),
        normal(3),
        unlike={"bool": "PyTorch has no kernel for it"},
    ),
    case(
        "tensordot, size 1",
        lambda m, x, y: m.tensordot(x, y, ([1], [1])),
        normal(2, 3),
        normal(2, 1),
    ),
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    einsum("ij,jk", (2, 3), (3, 4)),
    einsum("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    einsum("ii", (3, 3)),
    einsum("ii->i", (3, 3)),
    einsum("iji->j", (2, 3, 2)),
    einsum("iii->i", (3, 3, 3)),
    einsum("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)),
    einsum("...j->j...", (2, 3, 2)),
    einsum("i...->...", (2, 3, 2)),
    einsum("ba", (2, 3)),
    einsum("ij->", (2, 3)),
    einsum("i,j->ij", (2,), (3,)),
    einsum("ij,ij->ij", (2, 3), (2, 3)),
    einsum("ij,ij->i", (2, 3), (2, 3)),
    einsum("ij,kl->k", (2, 3), (2, 2)),
    einsum("ij,kj->ik", (2, 3), (2, 1)),
    einsum("bn,anm,bm->ba", (2, 3), (2, 3, 2), (2, 2)),
    einsum("bhqd,bhkd->bhqk", (1, 2, 2, 3), (1, 2, 3, 3)),
    case(
        "einsum", lambda m, x, y: m.einsum(x, [0, 1], y, [1, 2], [2, 0]), normal(2, 3), normal(3, 2)
    ),
    case(
        "einsum, sublists",
        lambda m, x, y: m.einsum(x, [0, ...], y, [0, ...]),
        normal(2, 3),
        normal(2, 3),
    ),
    case("cdist", lambda m, x, y: m.cdist(x, y), normal(2, 3), normal(4, 3)),
    case(
        "cdist, batches", lambda m, x, y: m.cdist(x, y, 1.0), distinct(2, 1, 2, 3), normal(2, 3, 3)
    ),
    case("cdist, inf", lambda m, x, y: m.cdist(x, y, p=math.inf), distinct(2, 3), normal(4, 3)),
    case("cdist, 3", lambda m, x, y: m.cdist(x, y, p=3), normal(2, 3), normal(4, 3)),
    case(
        "cdist, by product",
        lambda m, x, y: m.cdist(x, y, compute_mode="use_mm_for_euclid_dist"),
        normal(2, 3),
        normal(4, 3),
    ),
    case(
        "F.linear",
        lambda m, x, w, b: functional(m).linear(x, w, b),
        normal(2, 3),
        normal(4, 3),
        normal(4),
    ),
    case(
        "F.linear, no bias",
        lambda m, x, w: functional(m).linear(x, w),
        normal(2, 2, 3),
        normal(4, 3),
    ),
    case(
        "F.linear, one output",
        lambda m, x, w, b: functional(m).linear(x, w, b),
        normal(3),
        normal(3),
        normal(),
    ),
    case(
        "F.linear, bias broadcasts",
        lambda m, x, w, b: functional(m).linear(x, w, b),
        normal(2, 3),
        normal(4, 3),
        normal(2, 1),
    ),
]
