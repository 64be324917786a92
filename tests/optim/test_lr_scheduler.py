"""Schedules: PyTorch's learning rates and momenta, epoch for epoch, and its state."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from oracle import the_torch

import minitorch

EPOCHS = 25


class Halving:
    """A callable object, whose attributes a schedule saves."""

    def __init__(self, every: int) -> None:
        self.every = every

    def __call__(self, epoch: float) -> float:
        return 0.5 ** (epoch // self.every)


Make = Callable[[Any, Any], Any]  # from the module lr_scheduler and an optimizer
SCHEDULES: dict[str, Make] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR, one each": lambda s, o: s.LambdaLR(o, [Halving(3), lambda epoch: epoch / 10]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 1 - 0.5 / epoch),
    "MultiplicativeLR, one each": lambda s, o: s.MultiplicativeLR(o, (Halving(9), Halving(2))),
    "StepLR": lambda s, o: s.StepLR(o, 4, gamma=0.3),
    "StepLR, defaults": lambda s, o: s.StepLR(o, step_size=10),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 7, 7, 20], gamma=0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR, factor": lambda s, o: s.ConstantLR(o, factor=0.7, total_iters=9),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR, down": lambda s, o: s.LinearLR(o, 0.9, 0.1, total_iters=12),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o),
    "PolynomialLR, power": lambda s, o: s.PolynomialLR(o, total_iters=11, power=2.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 7),
    "CosineAnnealingLR, eta_min": lambda s, o: s.CosineAnnealingLR(o, T_max=5, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    "CosineAnnealingWarmRestarts, longer": lambda s, o: s.CosineAnnealingWarmRestarts(
        o, 3, T_mult=2, eta_min=0.001
    ),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.1, 0.5, step_size_up=4),
    "CyclicLR, bounds": lambda s, o: s.CyclicLR(
        o,
        base_lr=[0.1, 0.2],
        max_lr=[0.5, 1.0],
        step_size_up=3,
        step_size_down=6,
        mode="triangular2",
        base_momentum=[0.7, 0.6],
        max_momentum=[0.9, 0.8],
    ),
    "CyclicLR, exp_range": lambda s, o: s.CyclicLR(
        o, 0.1, 0.5, 3, mode="exp_range", gamma=0.9, cycle_momentum=False
    ),
    "CyclicLR, scale_fn": lambda s, o: s.CyclicLR(
        o, 0.1, 0.5, 3, scale_fn=Halving(4), scale_mode="iterations"
    ),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=EPOCHS),
    "OneCycleLR, three phases": lambda s, o: s.OneCycleLR(
        o, [0.5, 1.0], epochs=5, steps_per_epoch=6, three_phase=True, anneal_strategy="linear"
    ),
    "OneCycleLR, no momentum": lambda s, o: s.OneCycleLR(
        o, 0.5, total_steps=30, pct_start=0.5, cycle_momentum=False, div_factor=5
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o,
        [s.ConstantLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)],
        milestones=[4, 15],
    ),
    "SequentialLR, warm up": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1), s.CosineAnnealingLR(o, 20)], [5]
    ),
    "SequentialLR, within": lambda s, o: s.SequentialLR(
        o,
        [
            s.SequentialLR(o, [s.ConstantLR(o), s.LinearLR(o)], [3]),
            s.CosineAnnealingWarmRestarts(o, 4),
        ],
        [9],
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, total_iters=2), s.ExponentialLR(o, 0.9), s.StepLR(o, 5)]
    ),
    "ChainedScheduler, optimizer": lambda s, o: s.ChainedScheduler([s.LinearLR(o)], optimizer=o),
}


def optimizer_of(m: Any, kind: str = "SGD") -> Any:
    groups = [{"params": [m.ones(1)], "lr": 0.25}, {"params": [m.ones(1)]}]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(m.optim, kind)(groups, lr=0.5, **options)


def watched(optimizer: Any, scheduler: Any) -> list[Any]:
    """What a schedule changes, and what it says."""
    options = [
        {key: g[key] for key in ("lr", "momentum", "betas") if key in g}
        for g in optimizer.param_groups
    ]
    return [options, scheduler.get_last_lr()]


def close(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            close(ours[key], theirs[key])
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            close(a, b)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-13, abs=1e-17)
    else:
        assert ours == theirs


def go(optimizer: Any, scheduler: Any, epochs: int) -> list[Any]:
    sequence = [watched(optimizer, scheduler)]
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        sequence.append(watched(optimizer, scheduler))
    return sequence


# A sequence within a sequence takes a step as it is made, and warns, in PyTorch too.
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_the_sequence_is_pytorchs(name: str, kind: str) -> None:
    made = []
    for m in (minitorch, the_torch()):
        optimizer = optimizer_of(m, kind)
        scheduler = SCHEDULES[name](m.optim.lr_scheduler, optimizer)
        made.append((go(optimizer, scheduler, EPOCHS), scheduler, optimizer))
    (ours, scheduler, optimizer), (theirs, their_scheduler, their_optimizer) = made
    close(ours, theirs)
    state, their_state = scheduler.state_dict(), their_scheduler.state_dict()
    assert set(state) == set(their_state)
    close(dict(sorted(state.items())), dict(sorted(their_state.items())))
    close(
        [sorted(group) for group in optimizer.param_groups],
        [sorted(group) for group in their_optimizer.param_groups],
    )


# A sequence within a sequence takes a step as it is made, and warns, in PyTorch too.
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_on_from_either_frameworks_state(name: str) -> None:
    torch = the_torch()
    optimizer = optimizer_of(minitorch)
    whole = go(optimizer, SCHEDULES[name](minitorch.optim.lr_scheduler, optimizer), EPOCHS)
    half = EPOCHS // 2
    for source, target in ((torch, minitorch), (minitorch, torch), (minitorch, minitorch)):
        optimizer = optimizer_of(source)
        scheduler = SCHEDULES[name](source.optim.lr_scheduler, optimizer)
        go(optimizer, scheduler, half)
        second = optimizer_of(target)
        again = SCHEDULES[name](target.optim.lr_scheduler, second)
        again.load_state_dict(copy.deepcopy(scheduler.state_dict()))
        second.load_state_dict(optimizer.state_dict())
        close(go(second, again, EPOCHS - half), whole[half:])


CLOSED = [name for name in SCHEDULES if "Sequential" not in name and "Chained" not in name]


@pytest.mark.parametrize("name", CLOSED)
def test_an_epoch_given_is_set_and_warned_of(name: str) -> None:
    made = []
    for m in (minitorch, the_torch()):
        optimizer = optimizer_of(m)
        scheduler = SCHEDULES[name](m.optim.lr_scheduler, optimizer)
        optimizer.step()
        seen = []
        for epoch in (5, 2, 11, 12):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                scheduler.step(epoch)
            seen.append([watched(optimizer, scheduler), [w.category.__name__ for w in caught]])
        made.append(seen)
    close(*made)


@pytest.mark.parametrize("name", [n for n in SCHEDULES if "Sequential" not in n])
def test_going_on_after_an_epoch(name: str) -> None:
    """A new schedule with `last_epoch` on an optimizer that has had one."""
    if name.startswith("Chained"):
        return
    made = []
    for m in (minitorch, the_torch()):
        optimizer = optimizer_of(m)
        schedulers = m.optim.lr_scheduler
        go(optimizer, SCHEDULES[name](schedulers, optimizer), 4)
        kind = getattr(schedulers, name.partition(",")[0])

        class Resumed:
            """The schedules, made with last_epoch=4."""

        setattr(Resumed, kind.__name__, staticmethod(lambda *a, **k: kind(*a, **k, last_epoch=4)))
        made.append(go(optimizer, SCHEDULES[name](Resumed, optimizer), 6))
    close(*made)


def test_fractional_epochs_of_warm_restarts() -> None:
    made = []
    for m in (minitorch, the_torch()):
        for factor in (1, 2, 3):
            optimizer = optimizer_of(m)
            scheduler = m.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, factor)
            seen = []
            for step in range(40):
                scheduler.step(step / 3)
                seen.append([watched(optimizer, scheduler), scheduler.T_cur, scheduler.T_i])
            scheduler.step()
            seen.append([watched(optimizer, scheduler), scheduler.T_cur, scheduler.T_i])
            with pytest.raises(ValueError, match="non-negative epoch"):
                scheduler.step(-1)
            made.append(seen)
    close(made[:3], made[3:])


PLATEAUS: list[dict[str, Any]] = [
    {"patience": 1},
    {"mode": "max", "patience": 0, "factor": 0.5},
    {"threshold": 0.2, "patience": 0},
    {"threshold": 0.3, "threshold_mode": "abs", "patience": 1, "cooldown": 2},
    {"mode": "max", "threshold": 0.3, "threshold_mode": "abs", "patience": 1},
    {"patience": 0, "min_lr": [0.2, 0.1]},
    {"patience": 0, "min_lr": 0.05, "eps": 0.1},
]
METRICS = [3.0, 2.5, 2.6, 2.4, 2.4, 2.39, 2.5, 2.7, 2.0, float("nan"), 2.1, 2.1, 2.1, 1.0, 1.2]


@pytest.mark.parametrize("options", PLATEAUS)
def test_plateaus_are_pytorchs(options: dict[str, Any]) -> None:
    made = []
    for m in (minitorch, the_torch()):
        optimizer = optimizer_of(m)
        scheduler = m.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        seen = []
        for metric in METRICS:
            scheduler.step(m.tensor(metric, dtype=m.float64))
            seen.append([watched(optimizer, scheduler), scheduler.state_dict()])
        made.append(seen)
    close(*made)
    ours = minitorch.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(minitorch))
    ours.load_state_dict(copy.deepcopy(made[1][-1][1]))
    assert ours.state_dict() == made[1][-1][1]


def test_a_plateau_with_a_group_added() -> None:
    for m in (minitorch, the_torch()):
        optimizer = optimizer_of(m)
        scheduler = m.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0, 0])
        optimizer.add_param_group({"params": [m.ones(1)]})
        scheduler.step(1.0)
        with pytest.raises(RuntimeError, match="number of param groups"):
            scheduler.step(1.0)


REFUSED: dict[str, Make] = {
    "no optimizer": lambda s, o: s.StepLR(3, 1),
    "no optimizer, cyclic": lambda s, o: s.CyclicLR(3, 0.1, 1.0),
    "no optimizer, one cycle": lambda s, o: s.OneCycleLR(3, 0.1),
    "no optimizer, plateau": lambda s, o: s.ReduceLROnPlateau(3),
    "lambdas": lambda s, o: s.LambdaLR(o, [abs]),
    "multiplicative lambdas": lambda s, o: s.MultiplicativeLR(o, [abs]),
    "no function": lambda s, o: s.MultiplicativeLR(o, 3),
    "constant factor": lambda s, o: s.ConstantLR(o, factor=1.5),
    "linear start": lambda s, o: s.LinearLR(o, start_factor=0),
    "linear end": lambda s, o: s.LinearLR(o, end_factor=1.5),
    "T_0": lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
    "T_0, a float": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1.5),
    "T_mult": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, T_mult=0),
    "eta_min": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, eta_min="0"),
    "plateau factor": lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
    "plateau mode": lambda s, o: s.ReduceLROnPlateau(o, mode="least"),
    "plateau threshold": lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="some"),
    "plateau min_lr": lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
    "cyclic mode": lambda s, o: s.CyclicLR(o, 0.1, 1.0, mode="square"),
    "cyclic bounds": lambda s, o: s.CyclicLR(o, [0.1], 1.0),
    "cyclic momenta": lambda s, o: s.CyclicLR(o, 0.1, 1.0, base_momentum=[0.1]),
    "total_steps": lambda s, o: s.OneCycleLR(o, 1.0, total_steps=-1),
    "no steps": lambda s, o: s.OneCycleLR(o, 1.0, epochs=3),
    "epochs": lambda s, o: s.OneCycleLR(o, 1.0, epochs=0, steps_per_epoch=1),
    "steps_per_epoch": lambda s, o: s.OneCycleLR(o, 1.0, epochs=1, steps_per_epoch=1.5),
    "pct_start": lambda s, o: s.OneCycleLR(o, 1.0, total_steps=9, pct_start=1.5),
    "pct_start, an int": lambda s, o: s.OneCycleLR(o, 1.0, total_steps=9, pct_start=1),
    "anneal_strategy": lambda s, o: s.OneCycleLR(o, 1.0, total_steps=9, anneal_strategy="sin"),
    "one cycle bounds": lambda s, o: s.OneCycleLR(o, [1.0], total_steps=9),
    "no schedules": lambda s, o: s.SequentialLR(o, [], []),
    "milestones": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o)], [3]),
    "a plateau in a sequence": lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
    "no schedule in a sequence": lambda s, o: s.SequentialLR(o, [3], []),
    "no schedules to chain": lambda s, o: s.ChainedScheduler([]),
    "a plateau in a chain": lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_pytorchs(what: str) -> None:
    torch = the_torch()
    with pytest.raises(Exception) as theirs:
        REFUSED[what](torch.optim.lr_scheduler, optimizer_of(torch))
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[what](minitorch.optim.lr_scheduler, optimizer_of(minitorch))
    assert str(ours.value) == str(theirs.value)


def test_more_refusals() -> None:
    for m in (minitorch, the_torch()):
        schedulers = m.optim.lr_scheduler
        optimizer, other = optimizer_of(m), optimizer_of(m)
        with pytest.raises(KeyError, match="initial_lr"):
            schedulers.StepLR(optimizer, 3, last_epoch=2)
        strange = [schedulers.ConstantLR(optimizer), schedulers.ConstantLR(other)]
        with pytest.raises(ValueError, match="belong to the same optimizer"):
            schedulers.ChainedScheduler(strange)
        with pytest.raises(ValueError, match="belong to the same optimizer"):
            schedulers.SequentialLR(optimizer, strange, [1])
        plain = m.optim.Adagrad([m.ones(1)])
        for make in (
            lambda: schedulers.CyclicLR(plain, 0.1, 1.0),
            lambda: schedulers.OneCycleLR(plain, 1.0, total_steps=3),
        ):
            with pytest.raises(ValueError, match="must support momentum or beta1"):
                make()
        cycle = schedulers.OneCycleLR(optimizer, 1.0, total_steps=2)
        go(optimizer, cycle, 2)
        with pytest.raises(ValueError, match="Tried to step 3 times"):
            cycle.step()


@pytest.mark.parametrize("framework", ["minitorch", "torch"])
def test_warnings(framework: str) -> None:
    m = minitorch if framework == "minitorch" else the_torch()
    optimizer = optimizer_of(m)
    optimizer.step()  # before there is a schedule: does not count
    scheduler = m.optim.lr_scheduler.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match=r"lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()
    optimizer = optimizer_of(m)
    scheduler = m.optim.lr_scheduler.StepLR(optimizer, 3)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        scheduler.step()


def test_a_tensor_learning_rate_stays_that_tensor() -> None:
    for m in (minitorch, the_torch()):
        lr = m.tensor(0.5, dtype=m.float64)
        optimizer = m.optim.SGD([m.ones(1)], lr=lr)
        scheduler = m.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        optimizer.step()
        scheduler.step()
        assert optimizer.param_groups[0]["lr"] is lr and lr.item() == 0.25
        assert scheduler.base_lrs[0].item() == 0.5
        assert scheduler.get_last_lr()[0].item() == 0.25


def test_signatures_are_pytorchs() -> None:
    import inspect

    theirs = the_torch().optim.lr_scheduler
    for name in minitorch.optim.lr_scheduler.__all__:
        ours = getattr(minitorch.optim.lr_scheduler, name)
        for method in ("__init__", "step"):
            signatures = [
                [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values()]
                for f in (getattr(ours, method), getattr(getattr(theirs, name), method))
            ]
            assert signatures[0] == signatures[1], (name, method)
