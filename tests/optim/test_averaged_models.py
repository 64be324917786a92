"""Averages of models: PyTorch's numbers, rates, state and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch

AVERAGES: dict[str, Any] = {
    "equal": lambda u: {},
    "equal, by a function": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "equal, of lists": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "moving": lambda u: {"avg_fn": u.get_ema_avg_fn(0.9)},
    "moving, of lists": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.9)},
    "own": lambda u: {"avg_fn": lambda average, current, n: average + current * (n + 1)},
    "buffers": lambda u: {"use_buffers": True},
}


def averaged(m: Any, options: Any) -> Any:
    m.manual_seed(0)
    model = m.nn.Sequential(m.nn.Linear(3, 2), m.nn.Linear(2, 1)).double()
    model.register_buffer("seen", m.zeros(2, dtype=m.float64))
    average = m.optim.swa_utils.AveragedModel(model, **options(m.optim.swa_utils))
    optimizer = m.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        loss = model(m.randn(5, 3, dtype=m.float64)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.seen.add_(1.5)
        average.update_parameters(model)
    return average, average(m.ones(1, 3, dtype=m.float64))


@pytest.mark.parametrize("what", AVERAGES)
def test_averages_are_pytorchs(what: str) -> None:
    ours, out = averaged(minitorch, AVERAGES[what])
    theirs, their_out = averaged(the_torch(), AVERAGES[what])
    close = 1e-7 if "lists" in what else 1e-9  # PyTorch weighs lists in float32
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_allclose(a.numpy(), b.numpy(), close, close)
    assert out.item() == pytest.approx(their_out.item(), rel=close)


@pytest.mark.parametrize(
    "options",
    [{}, {"anneal_epochs": 0}, {"anneal_epochs": 3, "anneal_strategy": "linear"}],
)
def test_rates_are_pytorchs(options: dict[str, Any]) -> None:
    made = []
    for m in (minitorch, the_torch()):
        groups = [{"params": [m.ones(1)]}, {"params": [m.ones(1)], "lr": 0.5}]
        optimizer = m.optim.SGD(groups, lr=0.1)
        scheduler = m.optim.swa_utils.SWALR(optimizer, swa_lr=[0.05, 0.01], **options)
        rates = [scheduler.get_last_lr()]
        for _ in range(13):
            optimizer.step()
            scheduler.step()
            rates.append(scheduler.get_last_lr())
        made.append((rates, scheduler.state_dict()))
    (ours, state), (theirs, their_state) = made
    np.testing.assert_allclose(ours, theirs, 1e-13)
    assert set(state) == set(their_state)


def test_refusals_are_pytorchs() -> None:
    calls: list[Any] = [
        lambda m, u: u.get_ema_avg_fn(1.5),
        lambda m, u: u.get_ema_multi_avg_fn(-0.5),
        lambda m, u: u.AveragedModel(m.nn.Linear(1, 1), avg_fn=abs, multi_avg_fn=abs),
        lambda m, u: u.SWALR(m.optim.SGD([m.ones(1)]), [0.1, 0.2]),
        lambda m, u: u.SWALR(m.optim.SGD([m.ones(1)]), 0.1, anneal_strategy="sin"),
        lambda m, u: u.SWALR(m.optim.SGD([m.ones(1)]), 0.1, anneal_epochs=-1),
    ]
    torch = the_torch()
    for call in calls:
        with pytest.raises((ValueError, AssertionError)) as theirs:
            call(torch, torch.optim.swa_utils)
        with pytest.raises(type(theirs.value)) as ours:
            call(minitorch, minitorch.optim.swa_utils)
        assert str(ours.value) == str(theirs.value)
