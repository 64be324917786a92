"""Schedules that multiply the learning rate by some factor, epoch by epoch.

`get_lr` works in steps from the rate of now, so that schedules can be chained;
`_get_closed_form_lr` gives the rate of an epoch directly, for the deprecated ``step(epoch)``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from minitorch.optim.lr_scheduler.base import LRScheduler, function_state
from minitorch.optim.optimizer import Optimizer


class _FromFunctions(LRScheduler):
    """A schedule given by a function of the epoch, or one for each group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            self.lr_lambdas = [lr_lambda] * groups
        elif len(lr_lambda) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        else:
            self.lr_lambdas = list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """As any schedule's; of the functions only what callable objects hold is saved."""
        state = super().state_dict()
        del state["lr_lambdas"]  # so that it comes last
        state["lr_lambdas"] = [function_state(function) for function in self.lr_lambdas]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        held = self.lr_lambdas
        super().load_state_dict(state_dict)
        self.lr_lambdas = held
        for function, attributes in zip(held, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)


class LambdaLR(_FromFunctions):
    """The first rate times a function of the epoch.

    Args:
        optimizer: whose learning rates to set.
        lr_lambda: from the epoch to a factor; or one such for each group.
        last_epoch: the epoch to go on after; -1 to start.

    Raises:
        ValueError: for a list of another length than the groups.
    """

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        return [
            base * function(self.last_epoch)
            for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_FromFunctions):
    """Each epoch's rate is the one before times a function of the epoch.

    Args:
        optimizer: whose learning rates to set.
        lr_lambda: from the epoch to a factor; or one such for each group.
        last_epoch: the epoch to go on after; -1 to start.

    Raises:
        ValueError: for a list of another length than the groups.
        TypeError: for what cannot be called.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        for function in lr_lambda if isinstance(lr_lambda, (list, tuple)) else [lr_lambda]:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}"
                )
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        if self._is_initial:
            return self._current()
        groups = self.optimizer.param_groups
        return [
            group["lr"] * function(self.last_epoch)
            for function, group in zip(self.lr_lambdas, groups, strict=True)
        ]


class _ByFactor(LRScheduler):
    """A schedule whose rates are those of now times one number, and the first times another.

    A subclass writes `_factor`, the one (None for none), and `_total_factor`, the other.
    """

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        factor = self._factor(self.last_epoch)
        return self._current() if factor is None else self._scaled(factor)

    def _get_closed_form_lr(self) -> list[Any]:
        factor = self._total_factor(self.last_epoch)
        return [base * factor for base in self.base_lrs]

    def _factor(self, epoch: int) -> float | None:
        raise NotImplementedError

    def _total_factor(self, epoch: int) -> float:
        raise NotImplementedError


class StepLR(_ByFactor):
    """The rate times `gamma` every `step_size` epochs.

    >>> import minitorch
    >>> optimizer = minitorch.optim.SGD([minitorch.ones(1)], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(4):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     print(scheduler.get_last_lr())
    [1.0]
    [0.5]
    [0.5]
    [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float | None:
        return None if epoch == 0 or epoch % self.step_size != 0 else self.gamma

    def _total_factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(_ByFactor):
    """The rate times `gamma` at each of the epochs in `milestones`."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float | None:
        return self.gamma ** self.milestones[epoch] if epoch in self.milestones else None

    def _total_factor(self, epoch: int) -> float:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), epoch)


class ConstantLR(_ByFactor):
    """The rate times `factor` for the first `total_iters` epochs.

    Raises:
        ValueError: for a factor outside 0..1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float | None:
        if epoch == 0:
            return self.factor
        return 1.0 / self.factor if epoch == self.total_iters else None

    def _total_factor(self, epoch: int) -> float:
        return self.factor + (epoch >= self.total_iters) * (1 - self.factor)


class LinearLR(_ByFactor):
    """The rate times a factor that goes from one value to another in `total_iters` epochs.

    Raises:
        ValueError: for a first factor outside (0, 1], or a last one outside [0, 1].
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to "
                "1."
            )
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float | None:
        if epoch == 0:
            return self.start_factor
        if self._is_initial or epoch > self.total_iters:
            return None
        way = self.end_factor - self.start_factor
        return 1.0 + way / (self.total_iters * self.start_factor + (epoch - 1) * way)

    def _total_factor(self, epoch: int) -> float:
        way = self.end_factor - self.start_factor
        return self.start_factor + way * min(self.total_iters, epoch) / self.total_iters


class ExponentialLR(_ByFactor):
    """The rate times `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float | None:
        return None if self._is_initial else self.gamma

    def _total_factor(self, epoch: int) -> float:
        return self.gamma**epoch


class PolynomialLR(_ByFactor):
    """The first rate times ``(1 - epoch / total_iters) ** power``; 0 after `total_iters`."""

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float | None:
        if self._is_initial or epoch > self.total_iters:
            return None
        left, left_before = (1.0 - at / self.total_iters for at in (epoch, epoch - 1))
        return (left / left_before) ** self.power

    def _total_factor(self, epoch: int) -> float:
        return (1.0 - min(self.total_iters, epoch) / self.total_iters) ** self.power
