"""PyTorch's form of a `Function`: static methods, and a ``ctx`` that comes first.

The ctx is the node: for each class that a user writes, `backward_class` makes a subclass of
`FunctionCtx` whose instances go into the graph. `apply_static` runs the user's forward on
tensors, without recording, and gives what it returned a place in the graph.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.autograd.base import Edge, TensorBase
from minitorch.autograd.function import Function, count_functions
from minitorch.autograd.mode import mode
from minitorch.autograd.saved import save_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class FunctionCtx(Function):
    """A node whose forward and backward are the static methods of `_forward_cls`."""

    def run(self, grads: list[Any]) -> Any:
        """Call the user's backward with one gradient (or None) an output."""
        return self._forward_cls.backward(self, *grads)

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for backward; read them back from `saved_tensors`."""
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, TensorBase):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {position} is of "
                    f"type {type(tensor).__name__}; keep other values as attributes of ctx"
                )
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept."""
        return self.saved

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each argument of `apply`, whether its gradient is wanted."""
        return tuple([self.needs(index) for index in range(len(self.edges))])

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs carry no gradient."""
        self.non_differentiable = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say that these inputs were changed in place; each must be returned as an output."""
        self.dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a gradient that nobody sent arrives as zeros (default) or as None."""
        self.materialize_grads = value


BackwardCFunction = FunctionCtx  # PyTorch's other name, of the two that it has for a node


def backward_class(function: type[Function]) -> type[FunctionCtx]:
    """The class of the nodes of a `function` in PyTorch's form: ``<function>Backward``."""
    name = f"{function.__name__}Backward"
    return type(name, (FunctionCtx,), {"_forward_cls": function, "torch_name": name})


def _same(tensor: Any, tensors: tuple[Any, ...]) -> int:
    """Where `tensor` itself stands among `tensors`; -1 if it does not."""
    return next((i for i, other in enumerate(tensors) if other is tensor), -1)


def apply_static(cls: type[Function], *args: Any, **kwargs: Any) -> Any:
    """`apply` for PyTorch's form: tensors in, tensors out, `ctx` first."""
    node: Any = cls._backward_cls()
    owner = next((a for a in args if isinstance(a, TensorBase)), None)
    if owner is None:
        raise TypeError(f"{cls.__name__}.apply: expected at least one tensor argument")
    edges: list[Edge | None] = []
    for arg in args:
        if isinstance(arg, TensorBase) and arg._is_stale():
            arg._refresh()
        wanted = isinstance(arg, TensorBase) and mode.grad and arg._requires_grad
        edges.append(arg._edge() if wanted else None)
    node.edges = edges
    recording = any(edge is not None for edge in edges)
    if recording:
        arrays = [a._array if isinstance(a, TensorBase) else a for a in args]
        for watcher in mode.watchers:
            watcher(node, args, arrays, kwargs)

    previous, mode.grad = mode.grad, False
    try:
        if "setup_context" in cls.__dict__:
            made = cls.forward(*args, **kwargs)
            cls.setup_context(node, args, made)  # type: ignore[attr-defined]
        else:
            made = cls.forward(node, *args, **kwargs)
    finally:
        mode.grad = previous
    outs = made if isinstance(made, tuple) else (made,)
    dirty = getattr(node, "dirty", ())
    skip = getattr(node, "non_differentiable", ())
    for tensor in dirty:
        if _same(tensor, outs) < 0:
            raise RuntimeError(
                f"{cls.__name__}: a tensor passed to mark_dirty is not an output; "
                "every input changed in place must be returned"
            )
        if recording and tensor._requires_grad and tensor._grad_fn is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
    results: list[Any] = []
    for out in outs:
        if isinstance(out, TensorBase) and _same(out, args) >= 0 and _same(out, dirty) < 0:
            alias = out._wrap(out._array.view())
            alias._storage = out._shared_storage()
            out = alias
        results.append(out)
    if recording:
        node.tensor_class = owner._kind
        node.sequence = count_functions()
        node.outputs = tuple(
            (r._array.shape, r._array.dtype) if isinstance(r, TensorBase) else ((), np.dtype("f4"))
            for r in results
        )
        _pack_static(node, args, outs, results)
        for slot, result in enumerate(results):
            if not isinstance(result, TensorBase) or _same(outs[slot], skip) >= 0:
                continue
            if result._array.dtype.kind == "f":
                result._requires_grad = True
                result._grad_fn, result._slot = node, slot
    # What forward noted is no longer needed, and would make a cycle through the outputs.
    for note in ("dirty", "non_differentiable"):
        node.__dict__.pop(note, None)
    return tuple(results) if isinstance(made, tuple) else results[0]


def _pack_static(
    node: Function, args: tuple[Any, ...], outs: tuple[Any, ...], results: list[Any]
) -> None:
    packed: list[Any] = []
    for tensor in node._saved or ():
        at_input, at_output = _same(tensor, args), _same(tensor, outs)
        if tensor is None:
            packed.append(None)
        elif at_output >= 0:
            packed.append(save_tensor(results[at_output], None, at_output))
        elif at_input >= 0:
            packed.append(save_tensor(tensor, node.edges[at_input]))
        else:
            packed.append(save_tensor(tensor, tensor._edge() if tensor._requires_grad else None))
    node._saved = tuple(packed)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ctx-form `backward` that is not written in differentiable operations.

    Its gradients can be used but not differentiated: trying to raises, instead of being wrong.
    """

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grads: Any) -> Any:
        recording, mode.grad = mode.grad, False
        try:
            made = backward(ctx, *grads)
        finally:
            mode.grad = recording
        if not recording:
            return made
        outs = made if isinstance(made, tuple) else (made,)
        blocked = tuple(out if out is None else _blocked(ctx, out) for out in outs)
        return blocked if isinstance(made, tuple) else blocked[0]

    return wrapped


class DelayedError(Function):
    """The end of what can be differentiated: going back through it raises."""

    def backward(self, grad: Tensor) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


def _blocked(ctx: Function, gradient: TensorBase) -> TensorBase:
    """`gradient`, with a history that refuses to be walked."""
    node, out = DelayedError(), ctx.wrap(gradient._array)
    node.edges, node.tensor_class, node.sequence = (
        list(ctx.edges),
        ctx.tensor_class,
        count_functions(),
    )
    node.outputs = ((out._array.shape, out._array.dtype),)
    out._requires_grad, out._grad_fn = True, node
    return out
