"""The op table: functions of one variable."""

from __future__ import annotations

from cases.case import Maker, case, distinct, normal, positive, unit


def above_one(*shape: int) -> Maker:
    """Values in 1.2 to 3."""
    return lambda draws: draws.uniform(1.2, 3.0, shape)


def inside(*shape: int) -> Maker:
    """Values in 0.1 to 0.9."""
    return lambda draws: draws.uniform(0.1, 0.9, shape)


STEP = {"differentiable": False}

CASES = [
    case("abs", lambda m, x: x.abs(), distinct(2, 3)),
    case("acos", lambda m, x: m.acos(x), unit(2, 3)),
    case("acosh", lambda m, x: m.acosh(x), above_one(2, 3)),
    case("asin", lambda m, x: m.asin(x), unit(2, 3)),
    case("asinh", lambda m, x: m.asinh(x), normal(2, 3)),
    case("atan", lambda m, x: m.atan(x), normal(2, 3)),
    case("atanh", lambda m, x: m.atanh(x), unit(2, 3)),
    case("bitwise_not", lambda m, x: m.bitwise_not(x.long()), normal(2, 3), **STEP),
    case("bitwise_not, as it is", lambda m, x: ~(x > 0), normal(2, 3), **STEP),
    case("ceil", lambda m, x: x.ceil() * x, distinct(4)),
    case("cos", lambda m, x: x.cos(), normal(2, 3)),
    case("cosh", lambda m, x: m.cosh(x), normal(2, 3)),
    case("deg2rad", lambda m, x: m.deg2rad(x), normal(2, 3)),
    case("digamma", lambda m, x: m.digamma(x), positive(2, 3)),
    case("digamma, negative", lambda m, x: m.digamma(-x), inside(2, 3)),
    case("erf", lambda m, x: m.erf(x), normal(2, 3)),
    case("erfc", lambda m, x: m.erfc(x), normal(2, 3)),
    case("erfinv", lambda m, x: m.erfinv(x), unit(2, 3)),
    case("exp", lambda m, x: x.exp(), normal(2, 3)),
    case("exp, 0-d", lambda m, x: x.exp(), normal()),
    case("exp, empty", lambda m, x: x.exp(), normal(0, 3)),
    case("exp2", lambda m, x: m.exp2(x), normal(2, 3)),
    case("expm1", lambda m, x: m.expm1(x), normal(2, 3)),
    case("floor", lambda m, x: x.floor() * x, distinct(4)),
    case("frac", lambda m, x: m.frac(x), distinct(4)),
    case("frexp", lambda m, x: m.frexp(x), distinct(2, 3)),
    case("isfinite", lambda m, x: m.isfinite(x / (x - x)), normal(2, 3), **STEP),
    case("isinf", lambda m, x: m.isinf(x / (x > 0)), normal(2, 3), **STEP),
    case("isnan", lambda m, x: m.isnan(x / (x > 0)), normal(2, 3), **STEP),
    case("isneginf", lambda m, x: m.isneginf(x / (x > 0)), normal(2, 3), **STEP),
    case("isposinf", lambda m, x: m.isposinf(x / (x < 0)), normal(2, 3), **STEP),
    case("isposinf, as it is", lambda m, x: m.isposinf(x), normal(2, 3), **STEP),
    case("lgamma", lambda m, x: m.lgamma(x), positive(2, 3)),
    case("lgamma, negative", lambda m, x: m.lgamma(-x), inside(2, 3)),
    case("log", lambda m, x: x.log(), positive(2, 3)),
    case("log10", lambda m, x: m.log10(x), positive(2, 3)),
    case("log1p", lambda m, x: m.log1p(x), positive(2, 3)),
    case("log2", lambda m, x: m.log2(x), positive(2, 3)),
    case("logical_not", lambda m, x: m.logical_not(x), normal(2, 3), **STEP),
    case("logit", lambda m, x: m.logit(x), inside(2, 3)),
    case("logit, eps", lambda m, x: m.logit(x, eps=0.3), inside(2, 3)),
    case("mvlgamma", lambda m, x: m.mvlgamma(x, 2), above_one(2, 3)),
    case("nan_to_num", lambda m, x: m.nan_to_num(x), normal(2, 3)),
    case(
        "nan_to_num, replaced",
        # A number that float16 and integers hold: an infinity is put in by a mask.
        lambda m, x: m.nan_to_num(x.masked_fill(x > 0, float("inf")), 1.0, posinf=3.0),
        normal(2, 3),
        unlike=dict.fromkeys(("int64", "uint8"), "inf in an integer tensor is undefined"),
    ),
    case("neg", lambda m, x: -x, normal(2, 3)),
    case("polygamma", lambda m, x: m.polygamma(1, x), positive(2, 3)),
    case("polygamma, 2, as a method", lambda m, x: x.polygamma(2), positive(2, 3)),
    case("positive", lambda m, x: m.positive(x) * 2, normal(2, 3)),
    case("rad2deg", lambda m, x: m.rad2deg(x), normal(2, 3)),
    case("reciprocal", lambda m, x: x.reciprocal(), positive(2, 3)),
    case("round", lambda m, x: x.round() * x, distinct(4)),
    case("round.decimals_0", lambda m, x: m.round(x, decimals=0) * x, distinct(4)),
    case("round.decimals_3", lambda m, x: m.round(x, decimals=3) * x, distinct(4)),
    case("round.decimals_neg_3", lambda m, x: m.round(x * 999, decimals=-3) * x, distinct(4)),
    case("rsqrt", lambda m, x: x.rsqrt(), positive(2, 3)),
    case("sgn", lambda m, x: m.sgn(x), distinct(4)),
    case("angle", lambda m, x: m.angle(x), distinct(4)),
    case("sigmoid", lambda m, x: x.sigmoid(), normal(2, 3)),
    case("sign", lambda m, x: x.sign() * x, distinct(4)),
    case("signbit", lambda m, x: m.signbit(x), normal(2, 3), **STEP),
    case("sin", lambda m, x: x.sin(), normal(2, 3)),
    case(
        "sinc",
        lambda m, x: m.sinc(x),
        distinct(2, 3),
        unlike={"float16": "PyTorch's gradient loses most of its digits"},
    ),
    case("sinh", lambda m, x: m.sinh(x), normal(2, 3)),
    case("special.entr", lambda m, x: m.special.entr(x), positive(2, 3)),
    case("special.ndtr", lambda m, x: m.special.ndtr(x), normal(2, 3)),
    case("sqrt", lambda m, x: x.sqrt(), positive(2, 3)),
    case("square", lambda m, x: m.square(x), normal(2, 3)),
    case("tan", lambda m, x: m.tan(x), unit(2, 3)),
    case("tanh", lambda m, x: x.tanh(), normal(2, 3)),
    case("trunc", lambda m, x: x.trunc() * x, distinct(4)),
]
