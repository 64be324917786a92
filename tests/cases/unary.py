"""The op table: functions of one variable."""

from __future__ import annotations

from cases.case import case, distinct, normal, positive

CASES = [
    case("abs", lambda m, x: x.abs(), distinct(2, 3)),
    case("exp", lambda m, x: x.exp(), normal(2, 3)),
    case("log", lambda m, x: x.log(), positive(2, 3)),
    case("sqrt", lambda m, x: x.sqrt(), positive(2, 3)),
    case("rsqrt", lambda m, x: x.rsqrt(), positive(2, 3)),
    case("reciprocal", lambda m, x: x.reciprocal(), positive(2, 3)),
    case("sin", lambda m, x: x.sin(), normal(2, 3)),
    case("cos", lambda m, x: x.cos(), normal(2, 3)),
    case("tanh", lambda m, x: x.tanh(), normal(2, 3)),
    case("sigmoid", lambda m, x: x.sigmoid(), normal(2, 3)),
    case("sign", lambda m, x: x.sign() * x, distinct(4)),
    case("floor", lambda m, x: x.floor() * x, distinct(4)),
    case("ceil", lambda m, x: x.ceil() * x, distinct(4)),
    case("trunc", lambda m, x: x.trunc() * x, distinct(4)),
    case("round", lambda m, x: x.round() * x, distinct(4)),
]
