"""The methods of `Tensor` that are no operations, and helpers that its table is written with."""

from __future__ import annotations

import copy
import math
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from minitorch import _constructors as constructors, _dtypes, _storage as storage
from minitorch._dtypes import CPU, Array, Size, device, dtype
from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.hooks import RemovableHandle, add_gradient_hook
from minitorch.autograd.layout import attributes
from minitorch.autograd.mode import mode
from minitorch.kernels.layout import is_channels_last
from minitorch.ops.math import compare
from minitorch.ops.shape import strided, views as shaping
from minitorch.ops.support.inplace import assign, copy_, reshape_in_place, write_at_once
from minitorch.ops.support.operands import (
    OPERANDS,
    SCALARS,
    as_dtype,
    positive_shape,
    scalar_as,
    shape_given,
    warn_caller,
    wrap_dim,
)

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

Operation = TypeVar("Operation", bound=Callable[..., Any])


def _both(
    operation: Operation, ufunc: np.ufunc | None = None
) -> tuple[Operation, Callable[..., Tensor]]:
    """An operation, and its in-place form: the result is written over its first argument.

    Args:
        operation: the operation.
        ufunc: NumPy's, of two operands of one dtype; it is tried first, where there is one.
    """

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if ufunc is None or len(args) != 1 or kwargs or not write_at_once(self, ufunc, args[0]):
            return assign(self, operation, self, *args, **kwargs)
        return self

    method.__name__ = operation.__name__ + "_"
    method.__doc__ = f"`{operation.__name__}`, written into the tensor itself, which is returned."
    return operation, method


def _view_in_place(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of a view: the tensor becomes that view of itself."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return reshape_in_place(self, lambda x: operation(x, *args, **kwargs))

    method.__name__ = operation.__name__ + "_"
    method.__doc__ = f"`{operation.__name__}`, made of the tensor itself, which is returned."
    return method


def _operator(operation: Callable[..., Tensor], swapped: bool = False) -> Callable[..., Any]:
    """An operator: as the operation, but giving up on operands that it does not know."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, OPERANDS):
            return NotImplemented
        return operation(other, self) if swapped else operation(self, other)

    method.__name__ = operation.__name__
    return method


def _operators(operation: Callable[..., Tensor]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator, and the one for a tensor on its right."""
    return _operator(operation), _operator(operation, swapped=True)


def _arithmetic(
    function: type[Function], operation: Callable[..., Tensor], swapped: bool = False
) -> Callable[..., Any]:
    """An operator whose operands, if they are float32 or float64 alike, need nothing done to them.

    That is nearly always, and so quick that it is asked first; `operation` does all the rest.
    """
    general = _operator(operation, swapped)

    def method(self: Tensor, other: Any) -> Any:
        if not self._slow_path or self._is_plain_view():
            dtype = self._array.dtype
            if dtype.char in "fd":
                if isinstance(other, TensorBase):
                    alike = (
                        not other._slow_path or other._is_plain_view()
                    ) and other._array.dtype is dtype
                    operand: Any = other
                else:
                    alike = type(other) in (float, int) and -65504 <= other <= 65504
                    operand = np.array(other, dtype) if alike else None
                if alike:
                    try:
                        if swapped:
                            return function.apply_plain(operand, self)
                        return function.apply_plain(self, operand)
                    except ValueError:
                        pass  # they do not broadcast, which `operation` says better
        return general(self, other)

    method.__name__ = operation.__name__
    return method


def _conversion(name: str, dtype: dtype) -> Callable[..., Tensor]:
    """The method that converts to one dtype."""

    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return self.to(dtype, memory_format=memory_format)

    method.__name__ = name
    method.__doc__ = f"As {dtype.name}." if name != "bool" else "As bool: True where not zero."
    return method


def _new_filled(name: str, number: int, what: str) -> Callable[..., Tensor]:
    """The method that makes a tensor full of one number; its shape is given in either way."""

    def method(
        self: Tensor,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        layout: Any = None,
        pin_memory: Any = False,
        requires_grad: Any = False,
    ) -> Tensor:
        shape = shape_given(name, "size", sizes, size)
        return self.new_full(shape, number, dtype, device, layout, pin_memory, requires_grad)

    method.__name__ = name
    method.__doc__ = f"{what} of another shape, in this tensor's dtype unless another is given."
    return method


class TensorMethods(TensorBase):
    """Questions about a tensor, its place in the graph, the ways out of it, and conversions."""

    # ---- what it is --------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        native = self._native
        return tuple.__new__(Size, (self._array if native is None else native).shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        native = self._native
        return (self._array if native is None else native).ndim

    @property
    def dtype(self) -> dtype:
        """The element type."""
        native = self._native
        return _dtypes.from_numpy_dtype((self._array if native is None else native).dtype)

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    layout = _dtypes.strided
    is_cpu = True
    is_cuda = is_mkldnn = is_meta = is_mps = is_nested = is_quantized = is_sparse = is_xpu = False
    is_ipu = is_maia = is_mtia = is_sparse_csr = is_vulkan = is_xla = False
    name: Any = None

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._stored.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._stored.nbytes

    def element_size(self) -> int:
        """Bytes per element."""
        return self._stored.itemsize

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one of its sizes."""
        shape = self.shape
        return shape if dim is None else shape[wrap_dim(dim, len(shape))]

    def dim(self) -> int:
        """The number of dimensions."""
        native = self._native
        return (self._array if native is None else native).ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        native = self._native
        return (self._array if native is None else native).size

    nelement = numel

    def stride(self, dim: int | None = None) -> Any:
        """Return the step in memory, in elements, along each dimension (or `dim`)."""
        array = self._stored
        steps = array.strides
        if array.size == 0:  # NumPy's are 0 then
            steps = np.lib.stride_tricks.as_strided(array, writeable=False).strides
        strides = tuple(step // array.itemsize for step in steps)
        return strides if dim is None else strides[wrap_dim(dim, array.ndim)]

    def is_contiguous(self, memory_format: Any = _dtypes.contiguous_format) -> bool:
        """Whether the elements lie in memory in order, without gaps."""
        array = self._stored
        if memory_format in (_dtypes.channels_last, _dtypes.channels_last_3d):
            wanted = 4 if memory_format is _dtypes.channels_last else 5
            return array.ndim == wanted and np.moveaxis(array, 1, -1).flags.c_contiguous
        return array.flags.c_contiguous

    def dim_order(self) -> tuple[int, ...]:
        """The dimensions from that with the largest steps in memory to that with the smallest."""
        strides = self.stride()
        return tuple(sorted(range(len(strides)), key=lambda dim: -strides[dim]))

    def data_ptr(self) -> int:
        """The address of the first element; 0 if there is none, as in PyTorch."""
        stored = self._stored
        return stored.__array_interface__["data"][0] if stored.size else 0

    def untyped_storage(self) -> storage.UntypedStorage:
        """The memory that it lies in, which its views share."""
        return storage.UntypedStorage(self._stored)

    def storage(self) -> storage.TypedStorage:
        """The memory that it lies in, as elements; deprecated in PyTorch for `untyped_storage`."""
        warnings.warn(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will "
            "be the only storage class. To access UntypedStorage directly, use "
            "tensor.untyped_storage() instead of tensor.storage()",
            stacklevel=2,
        )
        return storage.TypedStorage(self.untyped_storage(), self.dtype)

    def storage_offset(self) -> int:
        """Return the number of elements before the first one in its storage."""
        return (self.data_ptr() - self.untyped_storage().data_ptr()) // self.itemsize

    def is_floating_point(self) -> bool:
        """Whether the elements are floats."""
        native = self._native
        return (self._array if native is None else native).dtype.kind in "fV"

    def is_complex(self) -> bool:
        """Always False: complex numbers are out of scope."""
        return False

    is_conj = is_neg = is_distributed = is_complex

    def is_nonzero(self) -> bool:
        """Whether the one element is not 0.

        Raises:
            RuntimeError: if there is not just one.
        """
        return bool(self)

    def is_same_size(self, other: Tensor) -> bool:
        """Whether `other` has the same shape."""
        return self._any_stored.shape == other._any_stored.shape

    def is_set_to(self, tensor: Tensor) -> bool:
        """Whether `tensor` is the same view of the same memory."""
        mine, its = ((t.data_ptr(), t.shape, t.stride()) for t in (self, tensor))
        return mine == its

    def is_shared(self) -> bool:
        """Always False: the memory belongs to this process alone."""
        return False

    is_pinned = is_shared

    def share_memory_(self) -> Tensor:
        """Refused: changes in another process would not be seen here.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("share_memory_: minitorch cannot share memory between processes")

    def pin_memory(self) -> Tensor:
        """Refused: there is no accelerator to copy to.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("pin_memory: cannot access an accelerator device when none is available")

    def get_device(self) -> int:
        """-1, as for every tensor on the CPU."""
        return -1

    def is_signed(self) -> bool:
        """Whether the dtype holds negative numbers."""
        return self.dtype.is_signed

    # ---- its place in the graph --------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether what is computed from this tensor is recorded.

        Also true of a view, made in no_grad, of a tensor that requires grad: it has no gradient,
        but to change it in place is to change that tensor.
        """
        return self._asks_for_grad()

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.grad_fn is not None:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if value and self._numpy_dtype.kind != "f":
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients, "
                f"got {self.dtype}; convert with .float() first"
            )
        if value and self._inference and not mode.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            )
        self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set `requires_grad`; returns the tensor. (True changes nothing of one that has it.)"""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' must be bool, not "
                f"{type(requires_grad).__name__}"
            )
        if not requires_grad or self.grad_fn is None:
            self.requires_grad = requires_grad
        return self

    @property
    def grad_fn(self) -> Function | None:
        """The node that made this tensor; None for a leaf.

        Its class has PyTorch's name (``type(y.grad_fn).__name__``); it can be called with the
        gradient of its output, and has what it saved as ``_saved_self``, ``_saved_result``...
        """
        if self._is_stale():
            self._refresh()
        node = self._grad_fn
        return None if node is None else node.shown()

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it: gradients end here."""
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        """Number of this output of its node."""
        return self._slot

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has accumulated; None before."""
        if self._grad is None and self._grad_fn is not None and not self._retains_grad:
            warn_caller(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed want "
                "the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the "
                "non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you "
                "access the leaf Tensor instead."
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, TensorBase):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(value).__name__}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: expected "
                    f"{list(self._array.shape)}, got {list(value._array.shape)}"
                )
            if value._numpy_dtype != self._numpy_dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: expected {self.dtype}, "
                    f"got {value.dtype}"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def data(self) -> Tensor:
        """The same memory, outside the graph and unseen by its version counter."""
        bits = self._bits
        alias = self._wrap(self._array.view()) if bits is None else self._wrap_stored(bits.view())
        alias._share_native_layout(self)
        return alias

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._requires_grad and value._numpy_dtype.kind != "f":
            raise RuntimeError(
                f"data set to a tensor that requires gradients must be floating point, got "
                f"{value.dtype}"
            )
        self._replace_memory(value._stored.view())
        self._share_native_layout(value)

    @property
    def _version(self) -> int:
        return 0 if self._storage is None else self._storage.version

    @property
    def _base(self) -> Any:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def is_inference(self) -> bool:
        """Whether it was made in inference mode."""
        return self._inference

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add this tensor's gradients to the ``.grad`` of the leaves it came from.

        Args:
            gradient: this tensor's own gradient; may be left out for one element.
            retain_graph: keep the graph for another walk. Defaults to `create_graph`.
            create_graph: record the walk itself, for higher derivatives.
            inputs: accumulate into these tensors only.

        Raises:
            RuntimeError: see `minitorch.autograd.backward`.
        """
        engine.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self) -> Tensor:
        """The same memory, outside the graph. Changing it in place is noticed by the graph."""
        # A view object of its own, or the graph would take the two for one input.
        bits = self._bits
        alias = self._wrap(self._array.view()) if bits is None else self._wrap_stored(bits.view())
        alias._storage = self._shared_storage()
        alias._share_native_layout(self)
        if self._inference:
            alias._inference = alias._slow_path = True
        return alias

    def detach_(self) -> Self:
        """Leave the graph: become a leaf that requires no grad.

        Raises:
            RuntimeError: for a view.
        """
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._leave_graph()
        return self

    def retain_grad(self) -> None:
        """Keep this tensor's gradient in ``.grad`` although it is no leaf.

        Raises:
            RuntimeError: if it does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._grad_fn is not None and not self._retains_grad:
            self._retains_grad = True
            self._grad_fn.retain(self._slot, weakref.ref(self))

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on it and it is no leaf."""
        return self._retains_grad

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is there; it may return another.

        Raises:
            RuntimeError: if the tensor does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._grad_fn is not None:
            return add_gradient_hook(self._grad_fn.hooks_of(self._slot), hook)
        if self._hooks is None:
            self._hooks = OrderedDict()
        return add_gradient_hook(self._hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after a gradient was added to this leaf's ``.grad``.

        Raises:
            RuntimeError: if the tensor is no leaf, or does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._grad_fn is not None:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        if self._post_accumulate_hooks is None:
            self._post_accumulate_hooks = OrderedDict()
        return add_gradient_hook(self._post_accumulate_hooks, hook)

    # ---- out of the tensor -------------------------------------------------------------------

    def item(self) -> Any:
        """The one element, as a Python number.

        Raises:
            RuntimeError: if there is not just one.
        """
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to Scalar"
            )
        return self._array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers; a number for a 0-d tensor."""
        return self._array.tolist()

    def numpy(self, *, force: bool = False) -> Array:
        """The elements as an ndarray over the same memory.

        Raises:
            RuntimeError: for a tensor that requires grad, unless `force` or within `no_grad`.
            TypeError: for bfloat16, which NumPy has not.
        """
        if self.requires_grad and not force and mode.grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. "
                "Use tensor.detach().numpy() instead."
            )
        return numpy_array(self).view()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(
        self, array: Array, context: Any = None, return_scalar: bool = False
    ) -> Tensor:
        """Wrap a result of NumPy's: ``numpy.sin(tensor)`` is a tensor, as in PyTorch."""
        return self._wrap(array.astype(np.uint8) if array.dtype == bool else np.asarray(array))

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        if self._bits is not None:
            raise BufferError("__dlpack__: NumPy, which would be asked, has no bfloat16")
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self: Any) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(shaping.unbind(self))

    def __reversed__(self: Any) -> Tensor:
        return shaping.flip(self, 0) if self._array.ndim else self

    def __contains__(self: Any, element: Any) -> bool:
        if not isinstance(element, (TensorBase, *SCALARS)):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return bool(compare.eq(self, element)._array.any())

    def __bool__(self) -> bool:
        if self._array.size != 1:
            many = "more than one value" if self._array.size else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")
        return bool(self._array.item())

    def __int__(self) -> int:
        return int(self._scalar())

    def __float__(self) -> float:
        return float(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def _scalar(self) -> Any:
        if self._array.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars, got shape "
                f"{list(self._array.shape)}"
            )
        return self._array.item()

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub" or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.ndim == 0 else object.__format__(self, spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        array = self._stored
        place = storage.memory_of(array).copy(), array.dtype, array.shape, array.strides
        return _rebuild, (type(self), *place, self.requires_grad, self._notes())

    def _notes(self) -> dict[str, Any]:
        """The attributes that are the user's own."""
        return {
            name: value
            for name, value in attributes(self).items()
            if name != "_array" and not (name[0] == "_" and hasattr(TensorBase, name))
        }

    @property
    def __dict__(self) -> dict[str, Any]:
        """The attributes that are the user's own: classes copy them from a tensor to another."""
        return Notes(self)

    @__dict__.setter
    def __dict__(self, notes: dict[str, Any]) -> None:
        own = Notes(self)
        notes = dict(notes)  # before it is emptied: it may be the same
        own.clear()
        own.update(notes)

    def __copy__(self) -> Self:
        """A leaf over the same memory, without ``.grad`` and hooks."""
        twin = object.__new__(type(self))
        attributes(twin).update(attributes(self.detach()), **self._notes())
        if self.requires_grad:
            twin._requires_grad = True
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        copied = memo.get(id(self))
        if copied is None:
            copied = object.__new__(type(self))
            array, copied._storage = storage.copy_memory(self._stored, memo)
            copied._hold(array)
            copied._requires_grad = self._requires_grad
            copied._share_native_layout(self)
            memo[id(self)] = copied
            copied.__dict__.update(copy.deepcopy(self._notes(), memo))
            if self._grad is not None:
                copied._grad = self._grad.__deepcopy__(memo)
        return copied

    # ---- conversions -------------------------------------------------------------------------

    def to(self: Any, *args: Any, memory_format: Any = None, **kwargs: Any) -> Tensor:
        """In another dtype: ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``.

        Returns:
            The tensor itself if nothing changes (and `copy` is not asked for).

        Raises:
            RuntimeError: for a device that is not the CPU; a memory format that does not fit.
            TypeError: for anything else.
        """
        wanted, place, copy, _ = _to_arguments(*args, **kwargs)
        if place is not None:
            _dtypes.on_cpu(place)
        changed = self if wanted is None else as_dtype(self, wanted.numpy)
        if memory_format not in (None, _dtypes.preserve_format):
            held = _dtypes.contiguous_format
            if is_channels_last(self._stored.shape, self._stored.strides):
                held = _dtypes.channels_last if self.dim() == 4 else _dtypes.channels_last_3d
            if changed is not self or copy or memory_format is not held:
                return shaping.clone(changed, memory_format=memory_format)
        return shaping.clone(changed) if copy and changed is self else changed

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The name of PyTorch's tensor type; or the tensor converted to `dtype`.

        Args:
            dtype: a dtype, a tensor type such as ``LongTensor``, or its name.

        Raises:
            ValueError: for a name of none.
        """
        if dtype is None:
            return f"torch.{constructors.TYPE_NAMES[self.dtype.name]}"
        return self.to(constructors.dtype_of_type(dtype))

    def type_as(self, other: Tensor) -> Tensor:
        """In `other`'s dtype."""
        return self.to(other.dtype)

    def cpu(self, memory_format: Any = None) -> Tensor:
        """The tensor itself: it is on the CPU."""
        return self.to(memory_format=memory_format)

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Tensor:
        """Refused: there is no GPU here.

        Raises:
            RuntimeError: always.
        """
        return self.to("cuda")

    half = _conversion("half", _dtypes.float16)
    bfloat16 = _conversion("bfloat16", _dtypes.bfloat16)
    float = _conversion("float", _dtypes.float32)
    double = _conversion("double", _dtypes.float64)
    byte = _conversion("byte", _dtypes.uint8)
    char = _conversion("char", _dtypes.int8)
    short = _conversion("short", _dtypes.int16)
    int = _conversion("int", _dtypes.int32)
    long = _conversion("long", _dtypes.int64)
    bool = _conversion("bool", _dtypes.bool_)

    def new_tensor(
        self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        """A copy of `data`, in this tensor's dtype unless another is given."""
        source = data._array if isinstance(data, TensorBase) else data
        if source is not data:
            warn_caller(
                "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
                "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
                "tensor.new_tensor(sourceTensor)."
            )
        wanted = self._array.dtype if dtype is None else _dtypes.meant(dtype).numpy
        return self._new(np.array(source, wanted), requires_grad, device)

    new_zeros = _new_filled("new_zeros", 0, "Zeros")
    new_ones = _new_filled("new_ones", 1, "Ones")
    new_empty = _new_filled("new_empty", 0, "Room")

    def new_empty_strided(
        self, size: Any, stride: Any, dtype: Any = None, device: Any = None
    ) -> Tensor:
        """Room of another shape and strides, in this tensor's dtype unless another is given."""
        room = self.new_zeros(strided.reach(size, stride), dtype=dtype, device=device)
        return strided.as_strided(room, size, stride).detach()

    def new_full(
        self,
        size: Any,
        fill_value: Any,
        dtype: Any = None,
        device: Any = None,
        layout: Any = None,
        pin_memory: Any = False,
        requires_grad: Any = False,
    ) -> Tensor:
        """`fill_value` in another shape, in this tensor's dtype unless another is given."""
        if isinstance(size, int):
            raise TypeError("new_full(): argument 'size' must be tuple of ints, not int")
        if pin_memory or (layout is not None and layout is not _dtypes.strided):
            raise RuntimeError("new_full: expected layout torch.strided and pin_memory False")
        wanted = self._array.dtype if dtype is None else _dtypes.meant(dtype).numpy
        if isinstance(fill_value, TensorBase):
            fill_value = fill_value._array.item()
        sizes = positive_shape("new_full", (size,))
        value = scalar_as(fill_value, wanted, filling=math.prod(sizes) == 1)
        array = np.full(sizes, value) if fill_value else np.zeros(sizes, wanted)
        return self._new(array, requires_grad, device)

    def _new(self, array: Array, requires_grad: Any, device: Any = None) -> Tensor:
        _dtypes.on_cpu(device)
        tensor = self._wrap(array)
        if requires_grad:
            tensor.requires_grad = True
        return tensor

    def new(self, *data: Any) -> Tensor:
        """PyTorch's oldest constructor, in this tensor's dtype: of a size, or of data."""
        result = constructors.new("new", self.dtype, data)
        return self._wrap(result) if isinstance(result, np.ndarray) else result.data

    def apply_(self: Any, callable: Callable[[Any], Any]) -> Tensor:
        """Set every element to ``callable(element)``, one Python call each.

        Raises:
            RuntimeError: for a tensor that requires grad.
        """
        return self.map_(self, lambda element, _: callable(element))

    def map_(self: Any, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
        """Set every element to ``callable(element, tensor's element there)``, broadcast.

        Raises:
            RuntimeError: for tensors that require grad.
        """
        if self.requires_grad or tensor.requires_grad:
            raise RuntimeError(
                "Can't call apply_() or map_() on Variable that requires grad. "
                "Use var.detach() instead."
            )
        other = np.broadcast_to(tensor._array, self._array.shape)
        pairs = zip(self._array.flat, other.flat, strict=True)
        values = [callable(a.item(), b.item()) for a, b in pairs]
        return copy_(self, np.asarray(values, self._array.dtype).reshape(self._array.shape))

    _ordered_as = shaping.ordered_as


def numpy_array(tensor: TensorBase) -> Array:
    """The array of a tensor, for NumPy.

    Raises:
        TypeError: for bfloat16, which NumPy has not.
    """
    if tensor._bits is not None:
        raise TypeError("Got unsupported ScalarType BFloat16; convert with .float() first")
    return tensor._array


_PYTHON_TYPES = {float: _dtypes.float64, int: _dtypes.int64, bool: _dtypes.bool_}


def _to_arguments(*args: Any, **kwargs: Any) -> tuple[dtype | None, Any, bool, bool]:
    """The dtype, the device, `copy` and `non_blocking` of a call of `Tensor.to`.

    Raises:
        TypeError: for arguments that fit none of PyTorch's forms.
    """
    place = None
    flags = {"non_blocking": False, "copy": False}
    left = [kwargs.pop("tensor"), *args] if "tensor" in kwargs else list(args)
    if left and isinstance(left[0], TensorBase):
        left.insert(0, left.pop(0).dtype)
    elif left and not isinstance(left[0], dtype) and left[0] not in _PYTHON_TYPES:
        place = left.pop(0)
        if place is not None and not isinstance(place, (str, device)):
            raise TypeError(
                f"to(): expected a dtype, a device or a tensor, got {type(place).__name__}"
            )
    wanted = left.pop(0) if left else None
    flags.update(zip(flags, left, strict=False))
    wanted, place = kwargs.pop("dtype", wanted), kwargs.pop("device", place)
    for name, value in kwargs.items():
        if name not in flags:
            raise TypeError(f"to() got an unexpected keyword argument {name!r}")
        flags[name] = value
    wanted = _PYTHON_TYPES.get(wanted, wanted)
    if wanted is not None and not isinstance(wanted, dtype):
        raise TypeError(f"to(): argument 'dtype' must be a dtype, got {wanted!r}")
    if len(left) > len(flags) or not all(isinstance(flag, bool) for flag in flags.values()):
        raise TypeError(f"to() received an invalid combination of arguments: {args}")
    return wanted, place, flags["copy"], flags["non_blocking"]


class Notes(dict[str, Any]):
    """Attributes of a tensor that are the user's own: what is changed here is changed there."""

    def __init__(self, tensor: Any) -> None:
        super().__init__(tensor._notes())
        self._tensor = tensor

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        attributes(self._tensor)[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        del attributes(self._tensor)[name]

    # By the two above; a plain dict's would go round them.
    clear, pop, popitem = MutableMapping.clear, MutableMapping.pop, MutableMapping.popitem
    setdefault, update = MutableMapping.setdefault, MutableMapping.update

    def __ior__(self, notes: Any) -> Self:  # type: ignore[override,misc]
        self.update(notes)
        return self

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def show_own_attributes(cls: type[TensorMethods]) -> None:
    """Let the ``__dict__`` of `cls` be that of tensors, where another base class comes before.

    What Python finds first is that base's, which shows everything; a class made cannot be given
    another.
    """
    first = next(kind for kind in cls.__mro__ if "__dict__" in vars(kind))
    read, write, own = cls.__getattribute__, cls.__setattr__, vars(TensorMethods)["__dict__"]
    if first is TensorMethods or getattr(read, "shows", None) is own:
        return

    def __getattribute__(self: Any, name: str) -> Any:
        return own.fget(self) if name == "__dict__" else read(self, name)

    def __setattr__(self: Any, name: str, value: Any) -> None:
        if name == "__dict__":
            own.fset(self, value)
        else:
            write(self, name, value)

    vars(__getattribute__)["shows"] = own
    cls.__getattribute__, cls.__setattr__ = __getattribute__, __setattr__  # type: ignore[method-assign]


def _rebuild(
    cls: Any,
    memory: Array,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    requires_grad: bool,
    notes: dict[str, Any],
) -> Any:
    """A tensor from a pickle; subclasses keep their class and attributes."""
    tensor = object.__new__(cls)
    if memory.size:
        below = sum((n - 1) * step for n, step in zip(shape, strides, strict=True) if step < 0)
        tensor._hold(np.ndarray(shape, dtype, memory, -below, strides))
    else:
        tensor._hold(np.empty(shape, dtype))
    tensor._slow_path = tensor._slow_path or not tensor._stored.flags.c_contiguous
    tensor._requires_grad = requires_grad
    tensor.__dict__.update(notes)
    return tensor
