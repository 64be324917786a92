"""`Function`: one differentiable operation; its instance is the node that the graph keeps.

minitorch's own operations take and return ndarrays in `forward`, and write `backward` in tensors,
which makes it differentiable in turn. (PyTorch's form, with a ``ctx``, is in `ctx`.)

>>> class Cube(Function):
...     def forward(self, x):
...         self.save(x)
...         return x**3
...     def backward(self, grad):
...         (x,) = self.saved
...         return grad * 3 * x**2
>>> import minitorch
>>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
>>> Cube.apply(x).sum().backward()
>>> x.grad
tensor([ 3., 12.])
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import getattr_static
from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd import fast
from minitorch.autograd.base import Edge, TensorBase, next_sequence_number
from minitorch.autograd.layout import array_for, lay_out
from minitorch.autograd.mode import mode
from minitorch.autograd.node_api import AccumulateGrad, NodeInterface
from minitorch.autograd.rounded import apply_rounded
from minitorch.autograd.saved import SavedForBackward
from minitorch.autograd.several import record_several
from minitorch.autograd.views import ViewStep, mark_view
from minitorch.kernels.quiet import ignore_float_errors, restore

ndarray, asarray, new = np.ndarray, np.asarray, object.__new__
is_tensor: Callable[[Any], bool] = TensorBase.__instancecheck__


class Function(NodeInterface, SavedForBackward):
    """An operation with a gradient.

    Class attributes that a subclass may set:
        broadcasts: its operands broadcast; the engine sums each gradient back to its operand's
            shape. Any other difference in shape is an error.
        views: its output shares memory with its first input (or may: the arrays decide).
        keeps_dtype: what it gives of bfloat16 is not rounded to it.
        elementwise, channels_last_from, memory_layout: how its output lies in memory; see `layout`.
        torch_name: PyTorch's name of the node, where it is not ``<class>Backward0``.
        differentiable_inputs: those of its inputs that stand in `next_functions`; the rest are
            indices, masks or classes.
        backward_kernel: a shortcut beside `backward`: from ndarrays to ndarrays, for a walk that
            nobody will differentiate, which is several times quicker on arrays.
        backward_takes_arrays: `backward` is its own shortcut: all that it does is in operators, in
            `apply` of Functions, and in what tensors and arrays both have.
        returns_fresh_gradients: each gradient is new memory that nothing else holds, so that a
            leaf may keep it without a copy.
    """

    broadcasts = False
    views = False
    keeps_dtype = False
    elementwise = False
    channels_last_from = 0
    memory_layout: str | None = None
    torch_name = ""
    differentiable_inputs = slice(None)
    backward_kernel: Callable[..., Any] | None = None
    backward_takes_arrays = False
    returns_fresh_gradients = False
    array_backward: Callable[..., Any] | None = None  # the rule on arrays: found from these
    _forward_cls: type[Function]  # the class as it was written, forward and all
    _backward_cls: type[Function] | None = None  # in PyTorch's form: that of the nodes

    # What one node keeps. Class attributes, so that an unused feature costs nothing.
    edges: list[Edge | None] = []  # noqa: RUF012 - replaced, never changed
    sequence = -1
    outputs: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...] = ()  # their shapes and dtypes
    materialize_grads = True
    rounded = False  # whether an operand was of bfloat16: it keeps float32, and computes in that
    runs_without_gradient = False  # whether backward is called although no gradient came

    # ---- what a subclass writes -------------------------------------------------------------

    def forward(self, *args: Any, **params: Any) -> Any:
        """Compute the output array(s) from input arrays; metadata comes by keyword."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function "
            f"({type(self).__name__})."
        )

    def backward(self, *grads: Any) -> Any:
        """Compute each input's gradient (a tensor or None) from the outputs' gradients."""
        raise NotImplementedError(
            "You must implement the backward function for your custom autograd.Function "
            f"({type(self).__name__}) to use it with backward mode AD."
        )

    @classmethod
    def undo(cls, shape: tuple[int, ...], params: dict[str, Any]) -> ViewStep | None:
        """Give the view that shows, of an output, the input of `shape` again; None if none does."""
        return None

    def save(self, *arrays: Array | None) -> None:
        """Keep inputs, the output, or integer and boolean arrays for backward.

        Arrays are matched to inputs and output by identity. A floating-point array that is
        neither would be a constant to the second derivative, silently, so it is refused.
        """
        self._saved = arrays

    def needs(self, index: int) -> bool:
        """Whether input `index` wants a gradient."""
        edges = self.edges  # none at all while nothing is recorded
        if mode.limited is not None and mode.limited[0] is self:
            edges = mode.limited[1]
        return edges[index] is not None if edges else False

    # ---- recording --------------------------------------------------------------------------

    @classmethod
    def apply(cls, *inputs: Any, **params: Any) -> Any:
        """Run `forward` on the inputs' arrays and, where a gradient may be wanted, record it.

        Args:
            inputs: tensors; or ndarrays (constants) and None (an operand left out).
            params: metadata, passed on by keyword.

        Returns:
            A tensor, or several. Without a tensor among the inputs it is just `forward`: what a
            backward that runs on arrays computes with.
        """
        if cls._backward_cls is not None:
            return apply_static(cls, *inputs, **params)
        node = cls()
        if not isinstance(inputs[0], TensorBase) and not any(map(is_tensor, inputs)):
            return node.forward(*inputs, **params)
        owner: Any = None  # the results are of its class
        arrays: list[Any] = list(inputs)
        edges: list[Edge | None] = [None] * len(inputs)
        recording, layouts, grad_enabled = False, 0, mode.grad
        for index, operand in enumerate(inputs):
            if not isinstance(operand, TensorBase):
                continue
            if owner is None:
                owner = operand
            if operand._slow_path:
                if operand._bits is not None:
                    return apply_rounded(cls, inputs, params)
                if operand._decides_result_class and not owner._decides_result_class:
                    owner = operand
                if grad_enabled and operand._view is not None:
                    if operand._is_stale():
                        operand._refresh()
                    recording = recording or operand._view.base._requires_grad  # as in PyTorch
                arrays[index], layout = array_for(cls, operand)
                layouts |= layout
            else:
                arrays[index] = operand._array
            if grad_enabled and operand._requires_grad:
                maker = operand._grad_fn
                edges[index] = (operand, 0) if maker is None else (maker, operand._slot)
                recording = True
        if recording:
            node.edges = edges
            for observer in mode.observers:
                observer.before_forward(node, inputs, arrays, params)
        previous = ignore_float_errors()
        try:
            out = node.forward(*arrays, **params) if params else node.forward(*arrays)
        finally:
            restore(previous)
        if type(out) is tuple:
            return record_several(node, owner, inputs, arrays, out, params, recording)
        result = new(owner._result_class)
        result._array = array = out if type(out) is ndarray else asarray(out)
        if recording and array.dtype.kind == "f":
            node.outputs = ((array.shape, array.dtype),)
            node.sequence, node.tensor_class = next_sequence_number(), owner._result_class
            result._requires_grad, result._grad_fn = True, node
            if node._saved:
                node._pack(inputs, arrays, (out,), (result,))
        elif not grad_enabled and mode.inference:
            result._inference = result._slow_path = True
        if cls.views:
            mark_view(node, owner, result, params, 0)
        elif layouts or cls.memory_layout == "chosen":
            lay_out(node, result, inputs, layouts)
        return result

    apply_plain = classmethod(fast.apply_plain)
    apply_view = classmethod(fast.apply_view)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        fast.find_array_backward(cls)
        if "_forward_cls" not in cls.__dict__:
            cls._forward_cls = cls
        if isinstance(getattr_static(cls, "forward"), (staticmethod, classmethod)):
            cls._backward_cls = backward_class(cls)


# PyTorch's form, whose nodes are Functions too, and its names.
from minitorch.autograd.ctx import (  # noqa: E402
    BackwardCFunction,
    FunctionCtx,
    FunctionMeta as FunctionMeta,
    InplaceFunction as InplaceFunction,
    _SingleLevelFunction as _SingleLevelFunction,
    apply_static,
    backward_class,
    once_differentiable,
)

__all__ = ["AccumulateGrad", "BackwardCFunction", "Function", "FunctionCtx", "once_differentiable"]
