"""The op table: views, joining and cutting."""

from __future__ import annotations

from cases.case import case, normal

CASES = [
    case("reshape", lambda m, x: x.reshape(3, -1), normal(2, 3)),
    case("view", lambda m, x: x.contiguous().view(6), normal(2, 3)),
    case("flatten", lambda m, x: x.flatten(1), normal(2, 3, 2)),
    case("squeeze", lambda m, x: x.squeeze(1), normal(2, 1, 3)),
    case("unsqueeze", lambda m, x: x.unsqueeze(-1), normal(2, 3)),
    case("permute", lambda m, x: x.permute(2, 0, 1), normal(2, 3, 2)),
    case("transpose", lambda m, x: x.transpose(0, 1), normal(2, 3)),
    case("t", lambda m, x: x.t(), normal(2, 3)),
    case("movedim", lambda m, x: x.movedim(0, -1), normal(2, 3, 2)),
    case("expand", lambda m, x: x.expand(4, 2, 3), normal(2, 1)),
    case("repeat", lambda m, x: x.repeat(2, 3), normal(2, 2)),
    case("clone", lambda m, x: x.clone(), normal(2, 3)),
    case("contiguous", lambda m, x: x.t().contiguous(), normal(2, 3)),
    case("cat", lambda m, x, y: m.cat([x, y, x], 1), normal(2, 3), normal(2, 1)),
    case("stack", lambda m, x, y: m.stack([x, y], 1), normal(2, 3), normal(2, 3)),
    case("split", lambda m, x: x.split(2, 1), normal(2, 5)),
    case("split, one used", lambda m, x: x.split([1, 3], 0)[1], normal(4, 2)),
    case("chunk", lambda m, x: x.chunk(3), normal(5, 2)),
    case("unbind", lambda m, x: x.unbind(1), normal(2, 3)),
    case("flip", lambda m, x: x.flip(0, 1), normal(2, 3)),
    case("roll", lambda m, x: x.roll(1, 1), normal(2, 3)),
]
