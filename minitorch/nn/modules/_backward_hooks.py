"""Full backward hooks: a module's input and output gradients, caught at its two ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch._tensor import Tensor

if TYPE_CHECKING:
    from minitorch.nn.modules.module import Module

Hooks = tuple[Callable[..., Any], ...]


def _or_zeros(changed: Any, grad: Tensor) -> Any:
    """A gradient that a hook gave; of None, zeros."""
    return grad.new_zeros(grad.shape) if changed is None else changed


class BackwardHooks:
    """One call of a module with backward hooks.

    The inputs and outputs that carry gradients pass through aliases; when the last output
    gradient has arrived the pre-hooks run, when the input gradients have, the hooks.
    """

    def __init__(self, module: Module, befores: Hooks, afters: Hooks) -> None:
        self.module, self.befores, self.afters = module, befores, afters
        self.grad_outputs: list[Any] = []
        self.grad_inputs: list[Any] = []
        self.wanted = 0

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Put an alias in place of each input that requires grad, and wait for its gradient."""
        watched = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
        self.grad_inputs = [None] * len(args)
        aliases = list(args)
        waiting = {i: None for i in watched}
        for index in watched:
            alias = args[index].clone()
            aliases[index] = alias
            self.wanted += 1

            def hook(grad: Tensor, index: int = index) -> Any:
                self.grad_inputs[index] = grad
                waiting.pop(index, None)
                if waiting:
                    return None
                changed = self.run_hooks()
                return None if changed is None else _or_zeros(changed[index], grad)

            alias.register_hook(hook)
        return tuple(aliases)

    def leave(self, result: Any) -> Any:
        """Watch the outputs' gradients."""
        outs = result if isinstance(result, tuple) else (result,)
        self.grad_outputs = [None] * len(outs)
        watched = [i for i, o in enumerate(outs) if isinstance(o, Tensor) and o.requires_grad]
        made = list(outs)
        for index in watched:
            alias = outs[index].clone()
            made[index] = alias

            def hook(grad: Tensor, index: int = index) -> Any:
                self.grad_outputs[index] = grad
                changed = self.run_pre_hooks()
                if self.wanted == 0:
                    self.run_hooks()
                return None if changed is None else _or_zeros(changed[index], grad)

            alias.register_hook(hook)
        return tuple(made) if isinstance(result, tuple) else made[0]

    def run_pre_hooks(self) -> Any:
        """Let the pre-hooks see, and change, the output gradients."""
        changed: Any = None
        for hook in self.befores:
            made = hook(self.module, tuple(self.grad_outputs))
            if made is not None:
                changed = self.counted("pre hook", "grad_output", made, self.grad_outputs)
                self.grad_outputs = list(changed)
        return changed

    def run_hooks(self) -> Any:
        """Let the hooks see, and change, the input gradients."""
        changed: Any = None
        for hook in self.afters:
            made = hook(self.module, tuple(self.grad_inputs), tuple(self.grad_outputs))
            if made is not None:
                changed = self.counted("hook", "grad_input", made, self.grad_inputs)
                self.grad_inputs = list(changed)
        return changed

    @staticmethod
    def counted(who: str, what: str, made: Any, given: list[Any]) -> Any:
        """What a hook returned, refused if it is not one for each gradient that it was given."""
        if len(made) != len(given):
            raise RuntimeError(
                f"Backward {who} returned an invalid number of {what}, got {len(made)}, but "
                f"expected {len(given)}"
            )
        return made
