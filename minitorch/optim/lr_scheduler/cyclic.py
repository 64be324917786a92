"""Schedules that raise the rate and let it fall again, as L. N. Smith proposed."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from minitorch.optim.lr_scheduler.base import (
    LRScheduler,
    check_optimizer,
    for_each_group,
    function_state,
    set_option,
)
from minitorch.optim.optimizer import Group, Optimizer

# Of a phase: until which step to go between which of the groups' options.
PHASE = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")


class _WithMomentum(LRScheduler):
    """A schedule that moves the momentum (or the first of `betas`) against the rate."""

    def _start_momentum(self, base_momentum: Any, max_momentum: Any, is_new: bool) -> None:
        """Take the bounds for each group, and start at the upper one; not without momentum."""
        optimizer = self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        lowest = for_each_group("base_momentum", optimizer, base_momentum)
        highest = for_each_group("max_momentum", optimizer, max_momentum)
        self._momentum_bounds = lowest, highest
        if is_new:
            for low, high, group in zip(lowest, highest, optimizer.param_groups, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low

    def _set_momentum(self, group: Group, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_WithMomentum):
    """From `base_lr` up to `max_lr` and down again, over and over; momentum the other way.

    The height of a cycle is 1 ('triangular'), halved each time ('triangular2'), or
    ``gamma ** iterations`` ('exp_range'). (Smith, 2017, https://arxiv.org/abs/1506.01186.)

    Args:
        optimizer: whose learning rates to set.
        base_lr, max_lr: the bounds; or one for each group.
        step_size_up, step_size_down: how many steps a cycle rises and falls (None: as many).
        mode, gamma: the height, as above.
        scale_fn: the height, as a function of the cycle or the iterations, in place of `mode`.
        scale_mode: 'cycle' or 'iterations'; what `scale_fn` takes.
        cycle_momentum, base_momentum, max_momentum: whether the momentum is moved, and its bounds.
        last_epoch: the step to go on after; -1 to start.

    Raises:
        ValueError: for an unknown mode, or an optimizer without momentum if that is to be moved.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = for_each_group("base_lr", optimizer, base_lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_option(group, "lr", lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        self._init_scale_fn()
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, is_new=last_epoch == -1)
            self.base_momentums, self.max_momentums = self.__dict__.pop("_momentum_bounds")
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _init_scale_fn(self) -> None:
        """Choose the function that goes by the name of the mode."""
        if self._scale_fn_custom is None:
            self.scale_mode = "iterations" if self.mode == "exp_range" else "cycle"
            self._scale_fn_ref = getattr(self, f"_{self.mode}_scale_fn")
            if self.mode == "exp_range":
                self._scale_fn_ref = functools.partial(self._scale_fn_ref, self.gamma)

    def scale_fn(self, x: float) -> float:
        """The height of cycle or iteration `x`."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return self._scale_fn_ref(x)

    @staticmethod
    def _triangular_scale_fn(x: float) -> float:
        return 1.0

    @staticmethod
    def _triangular2_scale_fn(x: float) -> float:
        return 1 / 2.0 ** (x - 1)

    @staticmethod
    def _exp_range_scale_fn(gamma: float, x: float) -> float:
        return gamma**x

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        rising = x <= self.step_ratio
        position = x / self.step_ratio if rising else (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(
                self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True
            ):
                self._set_momentum(group, high - (high - low) * position * height)
        return [
            low + (high - low) * position * height
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """As any schedule's; of `scale_fn` only what a callable object holds is saved."""
        state = super().state_dict()
        state.pop("_scale_fn_ref", None)
        function = state.pop("_scale_fn_custom")
        state["_scale_fn_custom"] = None if function is None else function_state(function)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        function = self._scale_fn_custom
        super().load_state_dict(state_dict)
        self._scale_fn_custom = function
        if state_dict["_scale_fn_custom"] is not None:
            vars(function).update(state_dict["_scale_fn_custom"])
        self._init_scale_fn()


class OneCycleLR(_WithMomentum):
    """Up to `max_lr` and down to almost nothing, once; momentum the other way.

    (Smith and Topin, 2018, https://arxiv.org/abs/1708.07120.)

    Args:
        optimizer: whose learning rates to set.
        max_lr: the highest rate; or one for each group.
        total_steps: how many steps it takes; or else `epochs` times `steps_per_epoch`.
        pct_start: the part of them that the rate rises, a float.
        anneal_strategy: 'cos' or 'linear'.
        cycle_momentum, base_momentum, max_momentum: whether the momentum is moved, and its bounds.
        div_factor: the first rate is ``max_lr / div_factor``.
        final_div_factor: the last is the first over this.
        three_phase: first back down to the first rate, as long as it rose; then on to the last.
        last_epoch: the step to go on after; -1 to start.

    Raises:
        ValueError: for options out of range; and, at a step, when all steps are taken.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        if total_steps is not None:
            _check_count("total_steps", total_steps)
            self.total_steps = total_steps
        elif epochs is not None and steps_per_epoch is not None:
            _check_count("epochs", epochs)
            _check_count("steps_per_epoch", steps_per_epoch)
            self.total_steps = epochs * steps_per_epoch
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        if not isinstance(pct_start, float) or pct_start < 0 or pct_start > 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        rise = float(pct_start * self.total_steps) - 1
        last = self.total_steps - 1
        phases: list[tuple[Any, ...]] = [
            (rise, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        ]
        if three_phase:
            fall = float(2 * pct_start * self.total_steps) - 2
            phases += [
                (fall, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                (last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            phases += [(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        self._schedule_phases = [dict(zip(PHASE, phase, strict=True)) for phase in phases]
        self._anneal_func_type = anneal_strategy
        highest = for_each_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, is_new=last_epoch == -1)
            del self._momentum_bounds  # the groups hold them
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)
        return (end - start) * part + start

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        begin = 0.0
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            begin = phase["end_step"]
        part = (step - begin) / (phase["end_step"] - begin)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                bounds = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(*bounds, part))
        return rates


def _check_count(name: str, value: Any) -> None:
    if value <= 0 or not isinstance(value, int):
        raise ValueError(f"Expected positive integer {name}, but got {value}")
