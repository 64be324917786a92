"""The calls that a PyTorch function makes: custom Functions and operations, with their inputs.

A custom Function's `apply` ends in a method of a base class of `Function`, where it can be watched
whatever name it was given before. Operations are seen by a `TorchFunctionMode`. What belongs to a
result is found by walking its `grad_fn`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction, _SingleLevelFunction
from torch.nn.modules import module as modules
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten

from minitorch.autograd.gradcheck.bridge import Bridge, ForeignCall, Library
from minitorch.autograd.gradcheck.trace import caller_location, place_of_source

TORCH = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep


@dataclass
class Applied:
    """One call: of what, with copies of its tensors as they were, where, and what came of it.

    Attributes:
        func: the Function's class, or the operation.
        custom: whether somebody else than PyTorch wrote its backward.
        leaves: the arguments, flat, tensors copied.
        form: how they are put together again.
        results: the tensors that came of it.
        place: ``file:line, in function``, and the module's path if it was called in one.
        random: the state of PyTorch's generator before the call.
        changed: the names of the arguments that a Function changed and did not mark as dirty.
        draws: whether a Function draws random numbers.
        notes: what it keeps for backward in a way that may go wrong.
    """

    func: Any
    custom: bool
    leaves: list[Any]
    form: Any
    place: str
    random: Any = None
    results: list[Any] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    draws: bool = False

    @property
    def is_function(self) -> bool:
        """Whether it is a custom Function, and no operation."""
        return isinstance(self.func, type)

    @property
    def name(self) -> str:
        """The class's or the operation's name."""
        return name_of(self.func)

    @property
    def told_inputs(self) -> str:
        """The shapes and dtypes of its tensors."""
        tensors = [x for x in self.leaves if isinstance(x, torch.Tensor)]
        return " ".join(f"{list(x.shape)} {str(x.dtype).removeprefix('torch.')}" for x in tensors)

    def again(self, *leaves: Any) -> Any:
        """Call it anew; as what is changed in place is no leaf, it may be changed here, too."""
        fresh = [x.clone() if isinstance(x, torch.Tensor) else x for x in leaves]
        args, kwargs = tree_unflatten(fresh, self.form)
        run = self.func
        if self.is_function:  # past an `apply` of its own, which has put these arguments together
            run = partial(torch.autograd.Function.apply.__func__, run)
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.random)
            made = run(*args, **kwargs)
        return args[0] if made is None else made  # as of x[0] = y

    def call(self, library: Library) -> ForeignCall:
        """As the checker takes it."""
        bridge = Bridge(library, self.again, self.leaves, self.name)
        bridge.trusted = not self.custom
        bridge.draws = self.draws
        backward = _registered(self.func)[1]
        bridge.written = place_of_source(backward) if backward else ""
        bridge.names = _parameters(self.func.forward)[1:] if self.is_function else []
        return ForeignCall.of(bridge, self.place)


def name_of(func: Any) -> str:
    """The name of a Function, or of an operation."""
    operation, _ = _registered(func)
    return operation or str(getattr(func, "__name__", func))


def _registered(func: Any) -> tuple[str, Any]:
    """The operation of `torch.library` that is called, or ''; its backward, as it was written."""
    backward: Any = getattr(func, "backward", None)
    if isinstance(func, torch._ops.OpOverload):
        definition = torch._library.custom_ops.OPDEFS.get(func.name())
        return func.name(), getattr(definition, "_backward_fn", None)
    if not str(getattr(func, "__name__", "")).startswith("GeneratedBackwardFor_"):
        return "", backward
    while "orig_backward" in (names := inspect.getclosurevars(backward).nonlocals):
        backward = names["orig_backward"]
    return names["op"].name(), names["info"]._backward_fn or backward


def _parameters(function: Callable[..., Any]) -> list[str]:
    """The names of a function's arguments; none if they cannot be told."""
    try:
        return [p.name for p in inspect.signature(function).parameters.values()
                if p.kind is p.POSITIONAL_OR_KEYWORD]  # fmt: skip
    except ValueError:
        return []


@contextmanager
def watching(
    told: Callable[[Applied], None],
    operations: bool = False,
    wanted: Callable[[Any, list[Any]], bool] | None = None,
) -> Iterator[None]:
    """Within it, `told` hears of each call of a custom Function, or of any operation.

    Its tensors and the state of the generator stay as they are.

    Args:
        told: is given the call after it was made.
        operations: whether it is to hear of all that is differentiable.
        wanted: given a Function and its arguments, flat, whether to look at this call at all.
    """
    inside: list[Any] = []  # the modules whose forward is running

    def noted(func: Any, custom: bool, args: Any, kwargs: Any) -> Applied:
        leaves, form = tree_flatten((args, kwargs))
        kept = [_copy(x) if isinstance(x, torch.Tensor) else x for x in leaves]
        place = caller_location(TORCH) + _path(inside)
        return Applied(func, custom, kept, form, place, torch.get_rng_state())

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        run = super(_SingleLevelFunction, cls).apply
        with torch._C.DisableTorchFunction():
            if operations and _registered(cls)[0]:
                applied = None  # the operation that it was made for is heard of
            elif wanted is not None and not wanted(cls, tree_flatten((args, kwargs))[0]):
                applied = None
            else:
                applied = noted(cls, is_custom(cls), args, kwargs)
        result = run(*args, **kwargs)
        if applied is None:
            return result
        with torch._C.DisableTorchFunction():
            applied.results = _tensors(result)
            applied.draws = not torch.equal(applied.random, torch.get_rng_state())
            given = tree_flatten((args, kwargs))[0]
            applied.changed, applied.notes = _changed(applied, given), _notes(applied, given)
        told(applied)
        return result

    class Operations(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            if not torch.is_grad_enabled() or not any(
                isinstance(x, torch.Tensor) and x.requires_grad
                for x in tree_flatten((args, kwargs))[0]
            ):
                return func(*args, **kwargs)
            applied = noted(func, is_custom(func), args, kwargs)
            result = func(*args, **kwargs)
            applied.results = _tensors(args[0] if result is None and args else result)
            if applied.results:
                told(applied)
            return result

    def enter(module: Any, args: Any) -> None:
        inside.append(module)

    def leave(module: Any, args: Any, result: Any) -> None:
        if inside:
            inside.pop()

    before = _SingleLevelFunction.__dict__.get("apply")
    with ExitStack() as stack:
        stack.callback(modules.register_module_forward_pre_hook(enter).remove)
        stack.callback(modules.register_module_forward_hook(leave, always_call=True).remove)
        _SingleLevelFunction.apply = classmethod(apply)
        stack.callback(_put_back, before)
        if operations:
            stack.enter_context(Operations())
        yield


def _changed(applied: Applied, given: Sequence[Any]) -> list[str]:
    """The arguments that forward changed in place, and that are none of its outputs."""
    names = _parameters(applied.func.forward)[1:]
    return [
        names[n] if n < len(names) else f"input {n}"
        for n, (now, before) in enumerate(zip(given, applied.leaves, strict=True))
        if isinstance(now, torch.Tensor)
        and not any(now is result for result in applied.results)
        and not torch.equal(now.detach().nan_to_num(), before.detach().nan_to_num())
    ]


def _notes(applied: Applied, given: Sequence[Any]) -> list[str]:
    """List how the node keeps inputs and outputs, where that may go wrong."""
    made = [r for r in applied.results if isinstance(r.grad_fn, BackwardCFunction)]
    if not made:
        return []
    node: Any = made[0].grad_fn
    known = [x for x in [*given, *applied.results] if isinstance(x, torch.Tensor)]
    kept = {n: t for n, t in vars(node).items() if isinstance(t, torch.Tensor)}
    notes = [
        f"{applied.name} keeps {_which(known, tensor, given)} as ctx.{name}: if it is changed "
        "in place before backward, PyTorch does not notice, unlike with ctx.save_for_backward"
        for name, tensor in kept.items()
        if _which(known, tensor, given)
    ]
    saved = [("saves a tensor", tensor) for tensor in node.saved_tensors if tensor is not None]
    notes += [
        f"{applied.name} {how} of shape {list(tensor.shape)} that is neither input nor output: it "
        "is a constant to the second derivative"
        for how, tensor in [*saved, *((f"keeps ctx.{n}", t) for n, t in kept.items())]
        if tensor.is_floating_point() and not _which(known, tensor, given)
    ]
    return notes


def _which(known: Sequence[Any], tensor: Any, given: Sequence[Any]) -> str:
    """Whether a tensor is an input or an output; '' for neither."""
    for number, other in enumerate(known):
        if other is tensor or (other.numel() and other.data_ptr() == tensor.data_ptr()):
            return "an input" if number < len(given) else "an output"
    return ""


def _put_back(before: Any) -> None:
    if before is None:
        del _SingleLevelFunction.apply
    else:
        _SingleLevelFunction.apply = before


def _copy(tensor: Any) -> Any:
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def _tensors(result: Any) -> list[Any]:
    return [x for x in tree_flatten(result)[0] if isinstance(x, torch.Tensor)]


def is_custom(func: Any) -> bool:
    """Whether somebody else than PyTorch wrote a Function, or an operation of `torch.library`."""
    operation, _ = _registered(func)
    if isinstance(func, type) and not operation:
        return not func.__module__.startswith("torch.")
    namespace = operation or str(getattr(func, "_qualified_op_name", ""))
    return bool(namespace) and not namespace.startswith(("aten", "prim"))


def _path(inside: Sequence[Any]) -> str:
    """Where the innermost module stands in the outermost one."""
    if not inside:
        return ""
    names = (name for name, module in inside[0].named_modules() if module is inside[-1])
    path = next(names, "")
    kind = type(inside[-1]).__name__
    return f" (module {path}: {kind})" if path else f" ({kind})"


def nodes_behind(outputs: Sequence[Any]) -> set[Any]:
    """All nodes that the outputs came from."""
    found: set[Any] = set()
    stack = [out.grad_fn for out in outputs if out.grad_fn is not None]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [end for end, _ in node.next_functions if end is not None]
    return found


def calls_behind(library: Library, bridge: Bridge, inputs: Sequence[Any]) -> list[ForeignCall]:
    """Run a function, and list the calls that its outputs came from, in order."""
    applied: list[Applied] = []
    with watching(applied.append, operations=True):
        outputs = library.value(bridge.func, inputs)
    behind = nodes_behind(outputs)
    return [
        one.call(library)
        for one in applied
        if any(result.grad_fn is not None and result.grad_fn in behind for result in one.results)
    ]
