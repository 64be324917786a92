"""The op table: activations, and softmax with what is made of it."""

from __future__ import annotations

import warnings
from typing import Any

from cases.case import Maker, case, distinct, functional, normal


def seeded(m: Any, call: Any) -> Any:
    """The call's result with the default stream started anew, so that it is a function."""
    m.manual_seed(3)
    return call()


def quietly(call: Any) -> Any:
    """The call's result without its warnings, which the tests of errors and warnings look at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def _wide(m: Any, x: Any) -> Any:
    """A dtype that softmax can be computed in, and that keeps what x holds."""
    return m.promote_types(x.dtype, m.float32)


def kinked(*edges: float) -> Maker:
    """Values on both sides of each edge, further from all of them than a difference reaches."""
    return lambda draws: draws.permutation(
        [edge + step for edge in (*edges, 0.0) for step in (-0.31, -0.13, 0.17, 0.37)]
    )


CASES = [
    case("relu", lambda m, x: m.relu(x), distinct(2, 3)),
    case("F.relu", lambda m, x: functional(m).relu(x), distinct(2, 3)),
    case("F.relu, inplace", lambda m, x: functional(m).relu(x * 1, inplace=True), distinct(6)),
    case("relu_", lambda m, x: m.relu_(x * 1), distinct(6)),
    case("F.relu6", lambda m, x: functional(m).relu6(x), kinked(6)),
    case("F.hardtanh", lambda m, x: functional(m).hardtanh(x, -0.5, 2), kinked(-0.5, 2)),
    case("F.hardtanh, 0-d", lambda m, x: functional(m).hardtanh(x), normal()),
    case("F.hardtanh_", lambda m, x: functional(m).hardtanh_(x * 1), kinked(-1, 1)),
    case("F.threshold", lambda m, x: functional(m).threshold(x, 1, 3.0), kinked(1)),
    case("F.threshold_", lambda m, x: functional(m).threshold_(x * 1, 1, 3.0), kinked(1)),
    case("F.hardshrink", lambda m, x: functional(m).hardshrink(x), kinked(-0.5, 0.5)),
    case("F.softshrink", lambda m, x: functional(m).softshrink(x, 1.5), kinked(-1.5, 1.5)),
    case("F.tanhshrink", lambda m, x: functional(m).tanhshrink(x), normal(2, 3)),
    case(
        "F.hardsigmoid",
        lambda m, x: functional(m).hardsigmoid(x),
        kinked(-3, 3),
        unlike={"float64": "PyTorch takes 1/6 for its float32 neighbour in the gradient"},
    ),
    case("F.hardswish", lambda m, x: functional(m).hardswish(x), kinked(-3, 3)),
    case("F.leaky_relu", lambda m, x: functional(m).leaky_relu(x), distinct(2, 3)),
    case("F.leaky_relu, steep", lambda m, x: functional(m).leaky_relu(x, 1.5), distinct(2, 3)),
    case("F.leaky_relu, rising", lambda m, x: functional(m).leaky_relu(x, -0.5), distinct(2, 3)),
    case("F.leaky_relu_", lambda m, x: functional(m).leaky_relu_(x * 1, 0.2), distinct(2, 3)),
    case("F.prelu", lambda m, x, w: functional(m).prelu(x, w), distinct(2, 3, 2), normal(3)),
    case("F.prelu, one slope", lambda m, x, w: m.prelu(x, w), distinct(2, 3), normal(1)),
    case("F.prelu, vector", lambda m, x, w: m.prelu(x, w), distinct(3), normal(1)),
    case("F.prelu, 0-d", lambda m, x, w: x.prelu(w), distinct(2), normal()),
    case("F.rrelu", lambda m, x: functional(m).rrelu(x), distinct(2, 3)),
    case(
        "F.rrelu, training",
        lambda m, x: seeded(m, lambda: functional(m).rrelu(x, 0.2, 0.7, training=True)),
        distinct(2, 3),
        unlike={"float16": "PyTorch has no kernel for it"},
    ),
    case("F.elu", lambda m, x: functional(m).elu(x, 1.5), distinct(2, 3)),
    case("F.elu_", lambda m, x: functional(m).elu_(x * 1), distinct(2, 3)),
    case("F.celu", lambda m, x: functional(m).celu(x, 0.5), distinct(2, 3)),
    case("F.celu, negative alpha", lambda m, x: m.celu(x, alpha=-2.0), distinct(2, 3)),
    case("celu_", lambda m, x: m.celu_(x * 1), distinct(2, 3)),
    case("F.selu", lambda m, x: functional(m).selu(x), distinct(2, 3)),
    case("selu_", lambda m, x: m.selu_(x * 1), distinct(2, 3)),
    case("F.silu", lambda m, x: functional(m).silu(x), normal(2, 3)),
    case("F.silu, inplace", lambda m, x: functional(m).silu(x * 1, inplace=True), normal(2, 3)),
    case("F.gelu", lambda m, x: functional(m).gelu(x), normal(2, 3)),
    case("F.gelu, tanh", lambda m, x: functional(m).gelu(x, approximate="tanh"), normal(2, 3)),
    case("F.mish", lambda m, x: functional(m).mish(x), normal(2, 3)),
    case("F.mish, inplace", lambda m, x: functional(m).mish(x * 1, inplace=True), normal(2, 3)),
    case("F.softplus", lambda m, x: functional(m).softplus(x), normal(2, 3)),
    case("F.softplus, options", lambda m, x: functional(m).softplus(x, 2, 1.1), distinct(2, 10)),
    case("F.logsigmoid", lambda m, x: functional(m).logsigmoid(x), normal(2, 3)),
    case("F.softsign", lambda m, x: functional(m).softsign(x), distinct(2, 3)),
    case("F.glu", lambda m, x: functional(m).glu(x), normal(2, 4)),
    case("F.glu, dim", lambda m, x: functional(m).glu(x, 0), normal(4, 3)),
    case("softmax", lambda m, x: m.softmax(x, 1), normal(2, 3)),
    case("softmax, 0-d", lambda m, x: x.softmax(0), normal()),
    case("softmax, empty", lambda m, x: (x * 1.5).softmax(1), normal(2, 0)),
    case("softmax.with_dtype", lambda m, x: m.softmax(x, -1, dtype=_wide(m, x)) * 2, normal(2, 3)),
    case("softmax.with_dtype, positional", lambda m, x: x.softmax(0, _wide(m, x)), normal(2, 3)),
    case("F.softmax", lambda m, x: functional(m).softmax(x, dim=0), normal(2, 3)),
    case("F.softmax, guess", lambda m, x: quietly(lambda: functional(m).softmax(x)), normal(2, 3)),
    case("log_softmax", lambda m, x: m.log_softmax(x, 0), normal(2, 3)),
    case(
        "F.log_softmax, guess",
        lambda m, x: quietly(lambda: functional(m).log_softmax(x)),
        normal(2, 3, 1),
    ),
    case(
        "log_softmax.with_dtype", lambda m, x: m.log_softmax(x, 1, dtype=_wide(m, x)), normal(2, 3)
    ),
    case("F.softmin", lambda m, x: functional(m).softmin(x, dim=1), normal(2, 3)),
    case(
        "F.softmin.with_dtype",
        lambda m, x: functional(m).softmin(x, dim=1, dtype=_wide(m, x)),
        normal(2, 3),
    ),
    case(
        "F.gumbel_softmax",
        lambda m, x: seeded(m, lambda: functional(m).gumbel_softmax(x, tau=0.7)),
        normal(2, 3),
    ),
]
