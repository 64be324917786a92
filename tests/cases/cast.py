"""The op table: conversions between element types."""

from __future__ import annotations

from cases.case import case, distinct, normal

STEP = {"differentiable": False}

CASES = [
    case("item", lambda m, x: x.item(), normal(), **STEP),
    case("item, of one", lambda m, x: x.item(), normal(1, 1), **STEP),
    case("to", lambda m, x: (x * 1).to(m.float64).to(x.dtype), normal(2, 3)),
    case("to, other", lambda m, x: x.to(m.zeros(1, dtype=m.int32)), distinct(6), **STEP),
    case("double", lambda m, x: (x * 1).double().to(x.dtype), normal(2, 3)),
    case("float", lambda m, x: x.detach().float(), normal(2, 3), **STEP),
    case("half", lambda m, x: x.detach().half(), normal(2, 3), **STEP),
    case("bool", lambda m, x: x.bool(), normal(2, 3), **STEP),
    case("long", lambda m, x: x.long(), distinct(6), **STEP),
    case("int", lambda m, x: x.int(), distinct(6), **STEP),
    case("short", lambda m, x: x.short(), distinct(6), **STEP),
    case("char", lambda m, x: x.char(), distinct(6), **STEP),
    case("byte", lambda m, x: x.byte(), distinct(6), **STEP),
]
