"""The op table: arithmetic, choices and comparisons of two."""

from __future__ import annotations

from typing import Any

from cases.case import case, distinct, normal, positive

STEP = {"differentiable": False}


def whole(x: Any) -> Any:
    """An input of an integer operation: a float tensor's integers, any other as it is."""
    return x.long() if x.is_floating_point() else x


def gamma_shapes(m: Any, x: Any) -> Any:
    """The first argument, for which there is no derivative."""
    return m.tensor([0.5, 1.5, 3.0]).to(x.dtype)


CASES = [
    case("add", lambda m, x, y: x + y, normal(2, 3), normal(2, 3)),
    case("add, ranks differ", lambda m, x, y: x + y, normal(2, 3), normal(3)),
    case("add, both broadcast", lambda m, x, y: x + y, normal(2, 1), normal(1, 3)),
    case("add, alpha", lambda m, x, y: m.add(x, y, alpha=2), normal(2, 3), normal(3)),
    case("add, fractional alpha", lambda m, x, y: m.add(x, y, alpha=0.5), normal(2), normal(2)),
    case("add, 0-d", lambda m, x, y: x + y, normal(), normal()),
    case("add, empty", lambda m, x, y: x + y, normal(0, 3), normal(3)),
    case("add, scalar", lambda m, x: 1.5 + x + 2, normal(2, 3)),
    case("__radd__", lambda m, x: 2 + x, normal(2, 3)),
    case("sub", lambda m, x, y: x - y, normal(2, 3), normal(2, 1)),
    case("sub, alpha", lambda m, x, y: m.sub(x, y, alpha=3), normal(2, 3), normal(3)),
    case("sub, scalar", lambda m, x: 1.5 - x, normal(3)),
    case("__rsub__", lambda m, x: 2 - x, normal(2, 3)),
    case("rsub", lambda m, x, y: m.rsub(x, y, alpha=2), normal(2, 3), normal(2, 3)),
    case("mul", lambda m, x, y: x * y, normal(2, 3), normal(3)),
    case("mul, itself", lambda m, x: x * x, normal(2, 3)),
    case("__rmul__", lambda m, x: 2 * x, normal(2, 3)),
    case("div.no_rounding_mode", lambda m, x, y: x / y, normal(2, 3), positive(3)),
    case("div, scalar", lambda m, x: 2 / x, positive(2, 3)),
    case("__rdiv__", lambda m, x: x.__rdiv__(3), positive(2, 3)),
    case("true_divide", lambda m, x, y: m.true_divide(x, y), normal(2, 3), positive(2, 3)),
    case(
        "div.floor_rounding",
        lambda m, x, y: m.div(x, y, rounding_mode="floor"),
        distinct(6),
        positive(6),
    ),
    case(
        "div.trunc_rounding",
        lambda m, x, y: m.div(x, y, rounding_mode="trunc"),
        distinct(6),
        positive(6),
    ),
    case(
        "floor_divide", lambda m, x, y: x.detach() // y.detach(), distinct(6), positive(6), **STEP
    ),
    case("floor_divide, scalar", lambda m, x: 7 // x.detach(), positive(6), **STEP),
    case("remainder", lambda m, x, y: x % y, distinct(6), positive(6)),
    case("__rmod__", lambda m, x: 7 % x.detach(), positive(6), **STEP),
    case("fmod", lambda m, x, y: m.fmod(x, y), distinct(6), positive(6)),
    case("fmod, scalar", lambda m, x: x.fmod(0.7), distinct(6)),
    case("pow", lambda m, x, y: x**y, positive(2, 3), normal(3)),
    case("pow, 2", lambda m, x: x**2, normal(2, 3)),
    case("pow, 3", lambda m, x: x**3, normal(2, 3)),
    case("pow, 1.5", lambda m, x: x**1.5, positive(2, 3)),
    case("pow, -1", lambda m, x: x**-1, positive(2, 3)),
    case("pow, 0", lambda m, x: x**0 * x, normal(3)),
    case("__rpow__", lambda m, x: 2.0**x, normal(3)),
    case("__rpow__, int", lambda m, x: 2**x, normal(3)),
    case("float_power", lambda m, x, y: m.float_power(x, y).to(x.dtype), positive(2, 3), normal(3)),
    case("atan2", lambda m, x, y: m.atan2(x, y), distinct(2, 3), normal(3)),
    case("copysign", lambda m, x, y: m.copysign(x, y), distinct(2, 3), normal(3)),
    case("copysign, number", lambda m, x: m.copysign(x, -2.0), distinct(2, 3)),
    case("hypot", lambda m, x, y: m.hypot(x, y), distinct(2, 3), normal(3)),
    case("igamma", lambda m, x: m.igamma(gamma_shapes(m, x), x), positive(2, 3)),
    case("igammac", lambda m, x: gamma_shapes(m, x).igammac(x), positive(2, 3)),
    case("special.gammainc", lambda m, x: m.special.gammainc(gamma_shapes(m, x), x), positive(3)),
    case("special.gammaincc", lambda m, x: m.special.gammaincc(gamma_shapes(m, x), x), positive(3)),
    case("ldexp", lambda m, x, y: m.ldexp(x, y), normal(2, 3), normal(3)),
    case("logaddexp", lambda m, x, y: m.logaddexp(x, y), normal(2, 3), normal(3)),
    case("logaddexp2", lambda m, x, y: m.logaddexp2(x, y), normal(2, 3), normal(3)),
    case("nextafter", lambda m, x, y: m.nextafter(x, y), distinct(2, 3), normal(3)),
    case("xlogy", lambda m, x, y: m.xlogy(x, y), distinct(2, 3), positive(3)),
    case("xlogy, number", lambda m, x: m.xlogy(2, x), positive(3)),
    case("special.xlog1py", lambda m, x, y: m.special.xlog1py(x, y), distinct(2, 3), positive(3)),
    case(
        "heaviside",
        lambda m, x, y: m.heaviside(x.detach(), y.detach()),
        normal(4),
        normal(4),
        **STEP,
    ),
    case("gcd", lambda m, x, y: m.gcd(whole(x), whole(y)), normal(6), normal(6), **STEP),
    case("lcm", lambda m, x, y: m.lcm(whole(x), whole(y)), normal(6), normal(6), **STEP),
    case("where", lambda m, x, y: m.where(x > 0, x, y), distinct(2, 3), normal(3)),
    case("where, scalar", lambda m, x: m.where(x > 0, x, 0.5), distinct(2, 3)),
    case("maximum", lambda m, x, y: m.maximum(x, y), distinct(2, 3), normal(3)),
    case("minimum", lambda m, x, y: m.minimum(x, y), distinct(2, 3), normal(3)),
    case("max.binary", lambda m, x, y: m.max(x, y), distinct(2, 3), normal(3)),
    case("min.binary", lambda m, x, y: x.min(y), distinct(2, 3), normal(3)),
    case("fmax", lambda m, x, y: m.fmax(x, y), distinct(2, 3), normal(3)),
    case("fmin", lambda m, x, y: m.fmin(x, y), distinct(2, 3), normal(3)),
    case("clamp", lambda m, x: x.clamp(-0.2, 0.21), distinct(2, 3)),
    case("clamp, min", lambda m, x: x.clamp(min=-0.2), distinct(2, 3)),
    case("clamp, ints", lambda m, x: m.clip(x, 0, 1), distinct(2, 3)),
    case("clamp_max", lambda m, x: m.clamp_max(x, 1), distinct(2, 3)),
    case("clamp_max, tensor", lambda m, x, y: x.clamp_max(y), distinct(2, 3), normal(3)),
    case("clamp_min", lambda m, x: m.clamp_min(x, 0), distinct(2, 3)),
    case("clamp_min, tensor", lambda m, x, y: x.clamp_min(y), distinct(2, 3), normal(3)),
    case(
        "clamp, tensors",
        lambda m, x, y, z: m.clamp(x, y, y + z),
        distinct(6),
        normal(6),
        positive(6),
    ),
    case("masked_fill", lambda m, x: x.masked_fill(x > 0, 2.0), distinct(2, 3)),
    case("eq", lambda m, x, y: x.round() == y.round(), normal(6), normal(6), **STEP),
    case("ne", lambda m, x, y: m.ne(x, y), normal(2, 1), normal(3), **STEP),
    case("lt", lambda m, x, y: m.lt(x, y), normal(6), normal(6), **STEP),
    case("le", lambda m, x, y: x <= y, normal(6), normal(6), **STEP),
    case("gt", lambda m, x: x > 0.5, normal(6), **STEP),
    case("ge", lambda m, x: m.ge(x, 1), normal(6), **STEP),
    case("isclose", lambda m, x, y: m.isclose(x, y, atol=1), normal(6), normal(6), **STEP),
    case("logical_and", lambda m, x, y: m.logical_and(x, y), normal(6), normal(6), **STEP),
    case("logical_or", lambda m, x, y: x.logical_or(y), normal(6), normal(6), **STEP),
    case("logical_xor", lambda m, x, y: m.logical_xor(x, y), normal(6), normal(6), **STEP),
    case(
        "bitwise_and",
        lambda m, x, y: m.bitwise_and(whole(x), whole(y)),
        normal(6),
        normal(6),
        **STEP,
    ),
    case("bitwise_or", lambda m, x, y: whole(x) | whole(y), normal(6), normal(6), **STEP),
    case("bitwise_xor", lambda m, x, y: whole(x) ^ whole(y), normal(6), normal(6), **STEP),
    case("bitwise_left_shift", lambda m, x, y: whole(x) << whole(y), normal(6), normal(6), **STEP),
    case("bitwise_right_shift", lambda m, x, y: whole(x) >> whole(y), normal(6), normal(6), **STEP),
    case("__rand__", lambda m, x: 3 & whole(x), normal(6), **STEP),
    case("__ror__", lambda m, x: 3 | whole(x), normal(6), **STEP),
    case("__rxor__", lambda m, x: 3 ^ whole(x), normal(6), **STEP),
    case("addcmul", lambda m, x, y, z: m.addcmul(x, y, z), normal(2, 3), normal(3), normal(2, 1)),
    case(
        "addcmul, value",
        lambda m, x, y, z: x.addcmul(y, z, value=2),
        normal(2, 3),
        normal(3),
        normal(2, 1),
    ),
    case("addcdiv", lambda m, x, y, z: m.addcdiv(x, y, z), normal(2, 3), normal(3), positive(2, 1)),
    case(
        "addcdiv, value",
        lambda m, x, y, z: x.addcdiv(y, z, value=0.5),
        normal(2, 3),
        normal(3),
        positive(2, 1),
    ),
    case("lerp", lambda m, x, y: m.lerp(x, y, 0.7), normal(2, 3), normal(3)),
    case("lerp, tensor", lambda m, x, y, w: x.lerp(y, w), normal(2, 3), normal(3), normal(2, 1)),
]
