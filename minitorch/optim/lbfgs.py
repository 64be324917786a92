"""L-BFGS: a quasi-Newton method that remembers the last few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch._tensor import Tensor
from minitorch.autograd.mode import enable_grad, no_grad
from minitorch.optim import _common as common
from minitorch.optim._line_search import Point, strong_wolfe
from minitorch.optim.optimizer import Optimizer, State


class LBFGS(Optimizer):
    """Step along the gradient times an inverse Hessian estimated from the steps before.

    Each `step` takes up to `max_iter` iterations, and evaluates its closure for each.
    (Liu and Nocedal, 1989, https://doi.org/10.1007/BF01589116.)

    Args:
        params: parameters, in one group.
        lr: the length of a step, or the first that the line search tries.
        max_iter: iterations a step.
        max_eval: evaluations of the closure a step. ``max_iter * 1.25`` if None.
        tolerance_grad: stop when no gradient is larger.
        tolerance_change: stop when neither the loss nor any parameter changes by more.
        history_size: how many steps to remember.
        line_search_fn: 'strong_wolfe' or None.

    Raises:
        ValueError: for a learning rate below zero, or several groups.

    >>> import minitorch
    >>> w = minitorch.tensor([-1.2, 1.0], dtype=minitorch.float64, requires_grad=True)
    >>> optimizer = LBFGS([w], max_iter=60, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    24.199999999999996
    >>> w
    tensor([1.0000, 1.0000], dtype=torch.float64, requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        common.check(lr=lr)
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        names = "lr max_iter max_eval tolerance_grad tolerance_change history_size line_search_fn"
        super().__init__(params, common.options(names, locals()))
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take up to `max_iter` steps.

        Args:
            closure: evaluates the loss anew and returns it, with gradients on. Needed.

        Returns:
            The loss at the start.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        if len(self.param_groups) != 1:
            raise AssertionError(
                f"Expected exactly one param_group, but got {len(self.param_groups)}"
            )
        group = self.param_groups[0]
        lr, smallest = common.number(group["lr"]), group["tolerance_change"]
        # All of it is kept as the state of the first parameter, so that it is loaded in its dtype.
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        with enable_grad():
            first_loss = closure()
        evaluations = 1
        state["func_evals"] += 1
        loss, grad = float(first_loss), self._gathered_grad()
        if _largest(grad) <= group["tolerance_grad"]:
            return first_loss
        memory: State = {name: state.get(name) for name in REMEMBERED}

        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                memory.update(d=-grad, old_dirs=[], old_stps=[], ro=[], H_diag=1)
                t = min(1.0, 1.0 / grad.abs().sum().item()) * lr
            else:
                _remember(memory, grad, group["history_size"])
                state.setdefault("al", [None] * group["history_size"])
                memory["d"] = _direction(memory, grad, state["al"])
                t = lr
            direction = memory["d"]
            memory.update(t=t, prev_flat_grad=grad.clone(), prev_loss=loss)
            start = Point(0.0, loss, grad, grad.dot(direction).item())
            if start.slope > -smallest:
                break

            used = 0
            if group["line_search_fn"] is None:
                self._move_along(direction, t)
                if iteration != group["max_iter"]:  # or nobody would look at the loss
                    with enable_grad():
                        loss = float(closure())
                    grad, used = self._gathered_grad(), 1
            elif group["line_search_fn"] == "strong_wolfe":
                at, left = self._evaluation(closure, direction), group["max_eval"] - evaluations
                (t, loss, grad, _), used = strong_wolfe(at, start, t, _largest(direction), left)
                memory["t"] = t
                self._move_along(direction, t)
            else:
                raise RuntimeError("only 'strong_wolfe' is supported")
            evaluations += used
            state["func_evals"] += used

            if (
                evaluations >= group["max_eval"]
                or _largest(grad) <= group["tolerance_grad"]
                or _largest(direction) * abs(t) <= smallest
                or abs(loss - memory["prev_loss"]) < smallest
            ):
                break
        state.update(memory)
        return first_loss

    def _gathered_grad(self) -> Tensor:
        """The gradients of all parameters in one vector; zeros for those without."""
        flat = [
            np.zeros(p.numel(), p._array.dtype) if p._grad is None else p._grad._array.reshape(-1)
            for p in self.param_groups[0]["params"]
        ]
        alike = len({array.dtype for array in flat}) == 1  # or they are promoted
        return Tensor._wrap(np.concatenate(flat, dtype=flat[0].dtype if alike else None))

    def _move_along(self, direction: Tensor, t: float) -> None:
        """Add `t` times the direction to the parameters."""
        offset = 0
        for p in self.param_groups[0]["params"]:
            part = direction[offset : offset + p.numel()].view_as(p)
            p.add_(part * t)
            offset += p.numel()

    def _evaluation(
        self, closure: Callable[[], Any], direction: Tensor
    ) -> Callable[[float], Point]:
        """Make the function that evaluates the loss along the direction."""
        parameters = self.param_groups[0]["params"]
        kept = [p.detach().clone() for p in parameters]

        def at(t: float) -> Point:
            self._move_along(direction, t)
            with enable_grad():
                loss = float(closure())
            grad = self._gathered_grad()
            for p, before in zip(parameters, kept, strict=True):
                p.copy_(before)
            return Point(t, loss, grad, grad.dot(direction).item())

        return at


REMEMBERED = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


def _remember(memory: State, grad: Tensor, history_size: int) -> None:
    """Add the last step, and how the gradient changed along it, unless the curvature is nil."""
    change = grad - memory["prev_flat_grad"]
    step = memory["d"] * common.number(memory["t"])
    curvature = change.dot(step)
    if curvature.item() > 1e-10:
        if len(memory["old_dirs"]) == history_size:
            for name in ("old_dirs", "old_stps", "ro"):
                memory[name].pop(0)
        memory["old_dirs"].append(change)
        memory["old_stps"].append(step)
        memory["ro"].append(1.0 / curvature)
        memory["H_diag"] = curvature / change.dot(change)


def _direction(memory: State, grad: Tensor, alphas: list[Any]) -> Tensor:
    """Minus the gradient times the estimated inverse Hessian, by the two-loop recursion."""
    changes, steps, weights = memory["old_dirs"], memory["old_stps"], memory["ro"]
    direction = -grad
    for i in reversed(range(len(changes))):
        alphas[i] = steps[i].dot(direction) * weights[i]
        direction.sub_(changes[i] * alphas[i])
    direction.mul_(memory["H_diag"])
    for i in range(len(changes)):
        beta = changes[i].dot(direction) * weights[i]
        direction.add_(steps[i] * (alphas[i] - beta))
    return direction


def _largest(vector: Tensor) -> float:
    return float(vector.abs().max().item())
