"""Full backward hooks: a module's input and output gradients, caught at its two ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch._tensor import Tensor
from minitorch.autograd.function import Function
from minitorch.autograd.mode import is_grad_enabled

if TYPE_CHECKING:
    from minitorch.nn.modules.module import Module

Hooks = tuple[Callable[..., Any], ...]


class BackwardHookFunction(Function):
    """As many identities as it is given tensors, in one node: their gradients meet there."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        """Copy them."""
        return tuple([tensor.clone() for tensor in tensors])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Pass the gradients on."""
        return grads


class BackwardHooks:
    """One call of a module with backward hooks.

    The inputs and outputs that carry gradients pass through a node each; at that of the outputs the
    pre-hooks run, when all of their gradients have come, and at that of the inputs the hooks.
    """

    def __init__(self, module: Module, befores: Hooks, afters: Hooks) -> None:
        self.module, self.befores, self.afters = module, befores, afters
        self.grad_outputs: tuple[Any, ...] = ()
        self.inputs: list[int] = []
        self.n_inputs = 0

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Let the inputs that require grad pass through a node, where the hooks run."""
        self.n_inputs = len(args)
        passed, self.inputs, node = _through_a_node(args)

        def hook(grads: tuple[Any, ...], _: Any) -> Any:  # errors name it so, as PyTorch's do
            return self.run_hooks(grads)

        if node is not None:
            node.register_hook(hook)
        return passed

    def leave(self, result: Any) -> Any:
        """Let the outputs that require grad pass through a node, where the pre-hooks run."""
        outs = result if isinstance(result, tuple) else (result,)
        passed, outputs, node = _through_a_node(outs)

        def hook(grads: tuple[Any, ...]) -> Any:
            return self.run_pre_hooks(grads, outputs, len(outs))

        if node is not None:
            node.register_prehook(hook)
        return passed if isinstance(result, tuple) else passed[0]

    def run_pre_hooks(self, grads: tuple[Any, ...], places: list[int], count: int) -> Any:
        """Let the pre-hooks see, and change, the output gradients."""
        found = _at_places(grads, places, count)
        changed = False
        for hook in self.befores:
            made = hook(self.module, found)
            if made is not None:
                found, changed = _checked_count("pre hook", "grad_output", made, count), True
        self.grad_outputs = found
        if not self.inputs:  # no input gradients will come
            self.run_hooks(())
        return tuple([found[place] for place in places]) if changed else None

    def run_hooks(self, grads: tuple[Any, ...]) -> Any:
        """Let the hooks see, and change, the input gradients."""
        found = _at_places(grads, self.inputs, self.n_inputs)
        changed = False
        for hook in self.afters:
            made = hook(self.module, found, self.grad_outputs)
            if made is not None:
                found, changed = _checked_count("hook", "grad_input", made, self.n_inputs), True
        return tuple([found[place] for place in self.inputs]) if changed else None


def _through_a_node(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int], Any]:
    """The values, of which tensors that require grad passed through a node; which, and the node."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not places or not is_grad_enabled():
        return values, [], None
    passed = list(values)
    copies = BackwardHookFunction.apply(*[values[place] for place in places])
    for place, copied in zip(places, copies, strict=True):
        passed[place] = copied
    return tuple(passed), places, copies[0].grad_fn


def _at_places(grads: tuple[Any, ...], places: list[int], count: int) -> tuple[Any, ...]:
    """The gradients at their places among `count`, with None at the others."""
    found: list[Any] = [None] * count
    for place, grad in zip(places, grads, strict=False):
        found[place] = grad
    return tuple(found)


def _checked_count(who: str, what: str, made: Any, count: int) -> tuple[Any, ...]:
    """Check what a hook returned: one for each gradient that it was given."""
    if len(made) != count:
        raise RuntimeError(
            f"Backward {who} returned an invalid number of {what}, got {len(made)}, but expected "
            f"{count}"
        )
    return tuple(made)
