"""PyTorch's form of a `Function`: static methods, and a ``ctx`` that comes first.

The ctx is the node: for each class that a user writes, `backward_class` makes a subclass of
`FunctionCtx` whose instances go into the graph. `apply_static` runs the user's forward on
tensors, without recording, and gives what it returned a place in the graph.

>>> class Double(Function):
...     @staticmethod
...     def forward(ctx, x):
...         return x * 2
...     @staticmethod
...     def backward(ctx, grad):
...         return grad * 2
>>> import minitorch
>>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
>>> Double.apply(x).sum().backward()
>>> x.grad
tensor([2., 2.])
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.autograd.base import Edge, TensorBase, next_sequence_number
from minitorch.autograd.copy_slices import rebase_history
from minitorch.autograd.function import Function
from minitorch.autograd.mode import mode
from minitorch.autograd.saved import save_tensor
from minitorch.autograd.views import check_view

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class FunctionCtx(Function):
    """A node whose forward and backward are the static methods of `_forward_cls`.

    A gradient that comes back may still have dimensions that were broadcast: they are summed.
    """

    broadcasts = True
    runs_without_gradient = True
    given: tuple[Any, ...] = ()  # for each argument, whether it is a tensor; if so, requires_grad

    # What forward says, until `apply` has done it.
    to_save: tuple[Any, ...] = ()
    saved_for_forward: tuple[Any, ...] = ()
    dirty_tensors: tuple[Any, ...] = ()
    non_differentiable: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward; read them back from `saved_tensors`."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for a `jvp`."""
        if not all(tensor is None or isinstance(tensor, TensorBase) for tensor in tensors):
            raise AssertionError(
                "save_for_forward expects all arguments to be tensors; you should save non-tensors "
                "as attributes on ctx."
            )
        self.saved_for_forward = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that `save_for_backward` kept.

        Raises:
            RuntimeError: if one was changed in place since, or the graph was freed.
        """
        return self.saved

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """`saved_tensors` by its old name, with a warning."""
        warnings.warn(
            "'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2
        )
        return self.saved_tensors

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each argument of `apply`, whether its gradient is wanted."""
        if mode.limited is not None and mode.limited[0] is self:
            return tuple([edge is not None for edge in mode.limited[1]])
        return tuple([bool(requires_grad) for requires_grad in self.given])

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs carry no gradient."""
        self.non_differentiable = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say that these inputs were changed in place; each must be returned as an output."""
        self.dirty_tensors = tensors

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Do nothing but warn: shared memory is known without being told."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically "
            "tracked. Note that calls to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a gradient that nobody sent arrives as zeros (default) or as None."""
        self.materialize_grads = value

    # ---- recording --------------------------------------------------------------------------

    def place_outputs(
        self, args: tuple[Any, ...], outs: tuple[Any, ...], recording: bool
    ) -> tuple[Any, ...]:
        """Give what forward returned its place in the graph.

        Args:
            args: what `apply` was called with.
            outs: what forward returned.
            recording: whether this node goes into the graph.

        Returns:
            `outs`, where an input returned as it is has become a view of itself.

        Raises:
            RuntimeError: for a change in place that cannot be differentiated.
        """
        dirty, fixed = self.dirty_tensors, self.non_differentiable
        for tensor in fixed:
            if not isinstance(tensor, TensorBase):
                raise RuntimeError(
                    "mark_non_differentiable only accepts variable arguments, but got "
                    f"{type(tensor).__name__}"
                )
        for position, tensor in enumerate(dirty):
            if not isinstance(tensor, TensorBase):
                raise RuntimeError(
                    f"mark_dirty can only accept variables, but argument {position} is of type "
                    f"{type(tensor).__name__}"
                )
            tensor._bump_version()
            if not _among(tensor, outs):
                raise RuntimeError(
                    "Some elements marked as dirty during the forward method were not returned as "
                    "output. The inputs that are modified inplace must all be outputs of the "
                    "Function."
                )
        results: list[Any] = []
        differentiable = 0
        for slot, out in enumerate(outs):
            if isinstance(out, TensorBase):
                given, changed = _among(out, args), _among(out, dirty)
                differentiate = (
                    recording and out._numpy_dtype.kind == "f" and not _among(out, fixed)
                )
                differentiable += differentiate
                if not differentiate:
                    out = _constant(out, given, changed)
                elif changed:
                    self.change(out, slot, len(outs), given)
                else:
                    out = _viewed(out) if given else out
                    self.make(out, slot)
                if out._view is not None and not (given and changed):
                    out._view.set_origin("function")
            results.append(out)
        if differentiable > 1:
            for result in results:
                if isinstance(result, TensorBase) and result._view is not None:
                    result._view.set_origin("several")
        return tuple(results)

    def make(self, tensor: TensorBase, slot: int) -> None:
        """Let `tensor` be output number `slot` of this node."""
        tensor._requires_grad = True
        tensor._grad_fn, tensor._slot = self, slot

    def change(self, tensor: Any, slot: int, count: int, given: bool) -> None:
        """Let `tensor`, changed in place, be output number `slot` of `count`.

        Raises:
            RuntimeError: for a leaf that requires grad; for a view that cannot be differentiated
                through such a change, or of several outputs.
        """
        view = tensor._view
        if tensor._grad_fn is None and tensor._asks_for_grad():
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation. Give "
                "the Function a clone() of it."
            )
        if not given:
            warnings.warn(
                "Only input Tensors should be given to ctx.mark_dirty(). If a Tensor is not an "
                "input, there is no need to pass it to mark_dirty().",
                stacklevel=4,
            )
        if view is None:
            changed = tensor._wrap(tensor._any_layout)
            self.make(changed, slot)
            tensor._set_history(changed)
            return
        if count > 1:
            raise RuntimeError(
                "If your Function modifies inplace an input that is a view of another Tensor, your "
                "Function cannot return more than one Tensor. This is not supported by the current "
                "autograd engine. You should either make sure the input is not a view (using "
                ".clone() for example) or make your Function only return one Tensor (potentially "
                "splitting it into two Functions: one doing the inplace that returns a single "
                "Tensor and a second one that does the other operations)."
            )
        check_view(tensor)
        changed = tensor._wrap(tensor._any_layout)
        self.make(changed, slot)
        rebase_history(tensor, view, changed)

    def pack(self, results: tuple[Any, ...]) -> None:
        """Keep what `save_for_backward` was given."""
        packed: list[Any] = []
        for position, tensor in enumerate(self.to_save):
            if tensor is None:
                packed.append(None)
                continue
            if not isinstance(tensor, TensorBase):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {position} is of "
                    f"type {type(tensor).__name__}; keep other values as attributes of ctx"
                )
            slots = [slot for slot, result in enumerate(results) if result is tensor]
            if slots and tensor._requires_grad:  # (as an edge it would make a cycle)
                packed.append(save_tensor(tensor, None, slots[-1]))
                continue
            if tensor._is_stale():
                tensor._refresh()
            packed.append(save_tensor(tensor, tensor._edge() if tensor._requires_grad else None))
        self._saved = tuple(packed)

    # ---- what the engine calls --------------------------------------------------------------

    def run(self, grads: list[Any]) -> Any:
        """Call the user's backward with one gradient (or None) an output.

        Raises:
            NotImplementedError: if there is no backward.
            RuntimeError: for a gradient too many or too few, or that is no tensor.
        """
        function: Any = self._forward_cls
        backward, vjp = function.backward, getattr(function, "vjp", None)
        written = backward is not Function.backward
        if written and vjp is not None:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
        if not written and vjp is None:
            raise NotImplementedError(
                "You must implement either the backward or vjp method for your custom "
                "autograd.Function to use it with backward mode AD."
            )
        if self.materialize_grads:
            grads = [
                self.wrap(np.zeros(shape, dtype)) if grad is None and dtype != NOTHING else grad
                for grad, (shape, dtype) in zip(grads, self.outputs, strict=True)
            ]
        if getattr(function, "boxed_grads_call", False):
            grads = [grads]
        results = (backward if vjp is None else vjp)(self, *grads)
        results = results if isinstance(results, tuple) else (results,)
        count = len(self.given)
        if len(results) > count and all(grad is None for grad in results[count:]):
            results = results[:count]
        if len(results) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {count}, got {len(results)})"
            )
        for position, (grad, given) in enumerate(zip(results, self.given, strict=True)):
            if given is None and grad is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position "
                    f"{position + 1}, but the corresponding forward input was not a Variable"
                )
            if grad is not None and not isinstance(grad, TensorBase):
                raise RuntimeError(f"expected Variable or None (got {type(grad).__name__})")
        return results

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """One ``(node, output number)`` a tensor among the arguments."""
        ends = super().next_functions
        return tuple(end for end, given in zip(ends, self.given, strict=True) if given is not None)


class InplaceFunction(Function):
    """The base of Functions of PyTorch's form that may work in place, in older libraries.

    Args:
        inplace: kept as an attribute; nothing else is done with it.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


FunctionMeta, _SingleLevelFunction = type, Function  # which libraries derive theirs from
BackwardCFunction = FunctionCtx  # PyTorch's other name, of the two that it has for a node

NOTHING = np.dtype("V")  # the dtype of an output that is no tensor


def backward_class(function: type[Function]) -> type[FunctionCtx]:
    """The class of the nodes of a `function` in PyTorch's form: ``<function>Backward``."""
    name = f"{function.__name__}Backward"
    return type(name, (FunctionCtx,), {"_forward_cls": function, "torch_name": name})


def apply_static(cls: type[Function], *args: Any, **kwargs: Any) -> Any:
    """`apply` for PyTorch's form: tensors in, tensors out, `ctx` first."""
    setup_context = getattr(cls, "setup_context", None)
    if setup_context is not None:
        bound = inspect.signature(cls.forward).bind(*args, **kwargs)
        bound.apply_defaults()
        args, kwargs = bound.args, bound.kwargs
    if kwargs:
        args = _positional(cls.forward, args, kwargs, skip=setup_context is None)
    assert cls._backward_cls is not None
    node: Any = cls._backward_cls()
    given: list[bool | None] = [
        operand._asks_for_grad() if isinstance(operand, TensorBase) else None for operand in args
    ]
    node.given = tuple(given)
    recording = mode.grad and any(given)
    node.edges = edges = []
    for operand, requires_grad in zip(args, given, strict=True):
        if recording and requires_grad is not None and operand._is_stale():
            operand._refresh()
        wants = recording and requires_grad and operand._requires_grad
        edges.append(operand._edge() if wants else None)
    if recording:
        arrays = [a._array if isinstance(a, TensorBase) else a for a in args]
        for observer in mode.observers:
            observer.before_forward(node, args, arrays, {})
    previous, mode.grad = mode.grad, False
    try:
        if setup_context is not None:
            returned = cls.forward(*args)
            setup_context(node, args, returned)
        else:
            returned = cls.forward(node, *args)
    finally:
        mode.grad = previous
    outs = returned if isinstance(returned, tuple) else (returned,)
    if setup_context is not None:
        saved = node.to_save + node.saved_for_forward
        for out in outs:
            if _among(out, args) and not _among(out, node.dirty_tensors) and _among(out, saved):
                raise RuntimeError(
                    "An input that has been returned as-is as output is being saved for backward. "
                    "This is not supported if you override setup_context. You should return and "
                    "save a view of the input instead, e.g. with x.view_as(x) or setup ctx inside "
                    "the forward function itself."
                )
    if recording:
        node.tensor_class = next(a for a in args if isinstance(a, TensorBase))._result_class
        node.sequence = next_sequence_number()
        node.outputs = tuple(
            [
                (o._any_stored.shape, o._numpy_dtype)
                if isinstance(o, TensorBase)
                else ((), NOTHING)
                for o in outs
            ]
        )
    outs = node.place_outputs(args, outs, recording)
    if recording:
        node.pack(outs)
    # What forward said is done, and would make a cycle through the outputs.
    for note in ("to_save", "saved_for_forward", "dirty_tensors", "non_differentiable"):
        node.__dict__.pop(note, None)
    return outs if isinstance(returned, tuple) else outs[0]


def _positional(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], skip: bool
) -> tuple[Any, ...]:
    """The arguments of `apply` in the order in which forward takes them (after ctx, if `skip`).

    Raises:
        TypeError: for a name that forward has not, or has been given; or if one is left out.
    """
    code = forward.__code__
    names = code.co_varnames[skip : code.co_argcount]
    for name in kwargs:
        if name not in names:
            raise TypeError(f"forward() got an unexpected keyword argument '{name}'")
        if name in names[: len(args)]:
            raise TypeError(f"forward() got multiple values for argument '{name}'")
    last = max(names.index(name) for name in kwargs)
    for position, name in enumerate(names[len(args) : last + 1], len(args)):
        if name not in kwargs:
            raise TypeError(f"forward() missing required argument: '{name}' (position {position})")
    return args + tuple([kwargs[name] for name in names[len(args) : last + 1]])


def _among(tensor: Any, tensors: tuple[Any, ...]) -> bool:
    """Whether `tensor` itself is among `tensors`."""
    return any(other is tensor for other in tensors)


def _viewed(tensor: Any) -> Any:
    """A view of the whole of `tensor`, outside the graph."""
    previous, mode.grad = mode.grad, False
    try:
        return tensor.view_as(tensor)
    finally:
        mode.grad = previous


def _constant(out: Any, given: bool, changed: bool) -> Any:
    """An output that carries no gradient: never the input itself, unless that was changed."""
    if not out._asks_for_grad():
        return _viewed(out) if given and not changed else out
    if given:
        return out.detach()
    if out._view is None:  # (a view of what requires grad does so, as one made in no_grad)
        out._grad_fn, out._slot, out._requires_grad = None, 0, False
    return out


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ctx-form `backward` that is not written in differentiable operations.

    Its gradients can be used but not differentiated: trying to raises, instead of being wrong.
    """

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grads: Any) -> Any:
        recording, mode.grad = mode.grad, False
        try:
            returned = backward(ctx, *grads)
        finally:
            mode.grad = recording
        if not recording:
            return returned
        outs = returned if isinstance(returned, tuple) else (returned,)
        edges = [*ctx.edges, *[g._edge() for g in grads if g is not None and g._requires_grad]]
        blocked = tuple(out if out is None else _blocked(ctx, out, edges) for out in outs)
        return blocked if isinstance(returned, tuple) else blocked[0]

    return wrapped


class DelayedError(Function):
    """The end of what can be differentiated: going back through it raises."""

    torch_name = "DelayedError"

    def backward(self, grad: Tensor) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


def _blocked(ctx: Function, gradient: TensorBase, edges: list[Edge | None]) -> TensorBase:
    """`gradient`, with a history that refuses to be walked to where `edges` lead."""
    if gradient._numpy_dtype.kind != "f":
        return gradient
    node, out = DelayedError(), ctx.wrap(gradient._array)
    node.edges, node.tensor_class, node.sequence = edges, ctx.tensor_class, next_sequence_number()
    node.outputs = ((out._array.shape, out._array.dtype),)
    out._requires_grad, out._grad_fn = True, node
    return out
