"""Optimizers with compiled steps beside the same ones that run their rule block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import apart, filled, trial

import minitorch
from minitorch.kernels import steps
from minitorch.kernels.choice import compiled_version, unused
from minitorch.optim import SGD, Adam, AdamW

pytest.importorskip("numba")

SWITCHES = st.sampled_from((0.0, 0.0, 0.1))
SGDS = st.fixed_dictionaries(
    {"momentum": st.sampled_from((0.0, 0.9)), "weight_decay": SWITCHES, "maximize": st.booleans()},
    optional={"dampening": SWITCHES, "nesterov": st.booleans()},
)
ADAMS = st.fixed_dictionaries(
    {"weight_decay": SWITCHES, "maximize": st.booleans(), "amsgrad": st.booleans()},
    optional={"betas": st.just((0.5, 0.9)), "eps": st.just(1e-3)},
)


def stepped(kind: Any, start: Any, grads: list[Any], options: dict[str, Any]) -> list[Any]:
    """The parameter after some steps, and its averages."""
    p = minitorch.tensor(start.copy(order="K"), requires_grad=True)
    optimizer = kind([p], lr=0.1, **options)
    for grad in grads:
        p.grad = minitorch.tensor(grad)
        optimizer.step()
    state = optimizer.state[p]
    return [t.detach().numpy() for t in (p, *state.values()) if t is not None]


@trial
@given(st.data())
def test_steps(data: st.DataObject) -> None:
    if unused():
        pytest.skip("compiled kernels are turned off")
    draw = data.draw
    kind = draw(st.sampled_from((SGD, Adam, AdamW)))
    options = draw(SGDS if kind is SGD else ADAMS)
    if options.get("nesterov"):
        options |= {"dampening": 0, "momentum": 0.9}
    shape = draw(st.sampled_from(((), (0,), (5,), (3, 4), (200, 99))))
    dtype = draw(st.sampled_from(("f2", "f4", "f8")))
    start, *grads = (filled(draw, shape, dtype, False) for _ in range(4))
    grads[0] = filled(draw, shape, dtype, draw(st.booleans()))
    with np.errstate(all="ignore"):
        made = stepped(kind, start, grads, options)
        with pytest.MonkeyPatch.context() as patch:
            for kernel in (steps.sgd, steps.adam):
                patch.setattr(steps, kernel.__name__, kernel.in_numpy)
            expected = stepped(kind, start, grads, options)
    for found, same in zip(made, expected, strict=True):
        assert apart(found, same) <= 16 * np.finfo(dtype).eps


def test_float32_in_order_is_compiled() -> None:
    sgd, adam = (compiled_version(k.in_numpy) for k in (steps.sgd, steps.adam))
    if sgd is None or adam is None:
        pytest.skip("compiled kernels are turned off")
    p, g, m, v = np.ones((4, 3, 2), np.float32)
    assert sgd(p, g, p, 0.1, 0, 0, 0, False, False) is True
    assert adam(p, g, m, v, 0.1, (0.9, 0.99), 1e-8, 0, False, 1) is True
    assert sgd(p.T, g.T, p, 0.1, 0, 0, 0, False, False) is NotImplemented
