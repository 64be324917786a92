"""`Tensor`: an array that remembers where it came from.

The class body is the one table of operators and methods: each line names the operation that
answers it. What only concerns the graph is in `TensorBase`.
"""

from __future__ import annotations

import copy
import math
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minitorch import _constructors as constructors, _dtypes, _storage as storage
from minitorch._dtypes import CPU, Array, Size, device, dtype
from minitorch._format import tensor_repr
from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.hooks import RemovableHandle, add_gradient_hook
from minitorch.autograd.mode import mode
from minitorch.kernels.layout import is_channels_last
from minitorch.ops.math import (
    arithmetic,
    bivariate,
    compare,
    linalg,
    norms,
    pointwise,
    random as draws,
    reduce,
    scan,
    select as choosing,
    sort as sorting,
    special,
    stats,
)
from minitorch.ops.nn import activation
from minitorch.ops.nn.softmax import log_softmax, softmax
from minitorch.ops.shape import (
    concatenate,
    index as indexing,
    scatter as scattering,
    strided,
    views as shaping,
)
from minitorch.ops.support.inplace import assign, copy_, fill_, reshape_in_place, zero_
from minitorch.ops.support.operands import (
    OPERANDS,
    SCALARS,
    as_dtype,
    positive_shape,
    scalar_as,
    shape_given,
    wrap_dim,
)


def _in_place(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of an operation: its result is written over its first argument."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return assign(self, operation, self, *args, **kwargs)

    method.__name__ = operation.__name__ + "_"
    method.__doc__ = f"`{operation.__name__}`, written into the tensor itself, which is returned."
    return method


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


def _arithmetic(
    function: type[Function], operation: Callable[..., Tensor], swapped: bool = False
) -> Callable[..., Any]:
    """An operator whose operands, if they are float32 or float64 alike, need nothing done to them.

    That is nearly always, and so quick that it is asked first; `operation` does all the rest.
    """
    general = _operator(operation, swapped)

    def method(self: Tensor, other: Any) -> Any:
        if not self._special:
            dtype = self._array.dtype
            if dtype.char in "fd":
                if isinstance(other, TensorBase):
                    alike = not other._special and other._array.dtype is dtype
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


class Tensor(TensorBase):
    """A multi-dimensional array of one dtype that can record what is computed from it.

    Made by `minitorch.tensor`, `zeros`, `randn`...; ``Tensor(values)`` itself makes float32.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __array_priority__ = 1000  # ndarray + Tensor asks Tensor

    def __new__(cls, *size: Any, data: Any = None) -> Any:
        given = size if data is None else (data,)
        made = constructors.new("Tensor", _dtypes.get_default_dtype(), given)
        return cls._wrap(made) if isinstance(made, np.ndarray) else made.data.as_subclass(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # `__new__`, a subclass's too, has checked them

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let results of a subclass be of it, wherever it stands among the operands."""
        super().__init_subclass__(**kwargs)
        if "__torch_function__" in cls.__dict__ or "__torch_dispatch__" in cls.__dict__:
            raise NotImplementedError(
                f"{cls.__name__}: __torch_function__ and __torch_dispatch__ are not covered by "
                "minitorch, and would never be called; override methods instead"
            )
        if cls._keeps_class:
            cls._special = cls._outranks = True
            cls._kind = cls

    _keeps_class = True  # False for Parameter

    @staticmethod
    def _make_subclass(cls: Any, data: Tensor, require_grad: bool = False) -> Any:
        """A leaf of the subclass `cls` over `data`'s memory."""
        made = data.detach().as_subclass(cls)
        return made.requires_grad_() if require_grad else made

    def as_subclass(self, cls: Any) -> Any:
        """The same tensor, in the graph, as one of the subclass `cls`."""
        made = shaping.alias(self)
        made.__class__ = cls
        return made

    # ---- what it is --------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return tuple.__new__(Size, self._peek().shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._peek().ndim

    @property
    def dtype(self) -> dtype:
        """The element type."""
        return _dtypes.from_numpy_dtype(self._peek().dtype)

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    layout = _dtypes.strided
    is_cpu = True
    is_cuda = is_mkldnn = is_meta = is_mps = is_nested = is_quantized = is_sparse = is_xpu = False
    name: Any = None

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.nbytes

    def element_size(self) -> int:
        """Bytes per element."""
        return self._array.itemsize

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one of its sizes."""
        return self.shape if dim is None else self._peek().shape[wrap_dim(dim, self._peek().ndim)]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._peek().ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    nelement = numel

    def stride(self, dim: int | None = None) -> Any:
        """Return the step in memory, in elements, along each dimension (or `dim`)."""
        array = self._array
        steps = array.strides
        if array.size == 0:  # NumPy's are 0 then
            steps = np.lib.stride_tricks.as_strided(array, writeable=False).strides
        strides = tuple(step // array.itemsize for step in steps)
        return strides if dim is None else strides[wrap_dim(dim, array.ndim)]

    def is_contiguous(self, memory_format: Any = _dtypes.contiguous_format) -> bool:
        """Whether the elements lie in memory in order, without gaps."""
        array = self._array
        if memory_format in (_dtypes.channels_last, _dtypes.channels_last_3d):
            wanted = 4 if memory_format is _dtypes.channels_last else 5
            return array.ndim == wanted and np.moveaxis(array, 1, -1).flags.c_contiguous
        return array.flags.c_contiguous

    def dim_order(self) -> tuple[int, ...]:
        """The dimensions from that with the largest steps in memory to that with the smallest."""
        strides = self.stride()
        return tuple(sorted(range(len(strides)), key=lambda dim: -strides[dim]))

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._array.__array_interface__["data"][0]

    def untyped_storage(self) -> storage.UntypedStorage:
        """The memory that it lies in, which its views share."""
        return storage.UntypedStorage(self._array)

    def storage_offset(self) -> int:
        """Return the number of elements before the first one in its storage."""
        return (self.data_ptr() - self.untyped_storage().data_ptr()) // self._array.itemsize

    def is_floating_point(self) -> bool:
        """Whether the elements are floats."""
        return self._array.dtype.kind == "f"

    def is_complex(self) -> bool:
        """Always False: complex numbers are out of scope."""
        return False

    def is_conj(self) -> bool:
        """Always False: complex numbers are out of scope."""
        return False

    is_neg = is_distributed = is_conj

    def is_nonzero(self) -> bool:
        """Whether the one element is not 0.

        Raises:
            RuntimeError: if there is not just one.
        """
        return bool(self)

    def is_same_size(self, other: Tensor) -> bool:
        """Whether `other` has the same shape."""
        return self._peek().shape == other._peek().shape

    def is_set_to(self, tensor: Tensor) -> bool:
        """Whether `tensor` is the same view of the same memory."""
        return (self.data_ptr(), self.shape, self.stride()) == (
            tensor.data_ptr(),
            tensor.shape,
            tensor.stride(),
        )

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
        if value and self._array.dtype.kind != "f":
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

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`; returns the tensor. (True changes nothing of one that has it.)"""
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
            if value._array.dtype != self._array.dtype:
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
        alias = self._wrap(self._array.view())
        alias._shares_layout(self)
        return alias

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._requires_grad and value._array.dtype.kind != "f":
            raise RuntimeError(
                f"data set to a tensor that requires gradients must be floating point, got "
                f"{value.dtype}"
            )
        self._replace_memory(value._array.view())
        self._shares_layout(value)

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
        alias = self._wrap(self._array.view())
        alias._storage = self._shared_storage()
        alias._shares_layout(self)
        if self._inference:
            alias._inference = alias._special = True
        return alias

    def detach_(self) -> Tensor:
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
            RuntimeError: for a tensor that requires grad, unless `force`.
        """
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. "
                "Use tensor.detach().numpy() instead."
            )
        return self._array.view()

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
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(shaping.unbind(self))

    def __reversed__(self) -> Tensor:
        return shaping.flip(self, 0) if self._array.ndim else self

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (TensorBase, *SCALARS)):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return bool(compare.eq(self, element)._array.any())

    def __bool__(self) -> bool:
        if self._array.size == 1:
            return bool(self._array.item())
        if self._array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")

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

    def __repr__(self) -> str:
        return tensor_repr(self, "tensor" if type(self) is Tensor else type(self).__name__)

    __hash__ = object.__hash__  # a tensor is a key by identity, though == is elementwise

    def __reduce_ex__(self, protocol: Any) -> Any:
        array = self._array
        place = storage.memory_of(array).copy(), array.dtype, array.shape, array.strides
        return _rebuild, (type(self), *place, self.requires_grad, self._notes())

    def _notes(self) -> dict[str, Any]:
        """The attributes that are the user's own."""
        return {
            name: value
            for name, value in self.__dict__.items()
            if name != "_array" and not (name[0] == "_" and hasattr(TensorBase, name))
        }

    def __copy__(self) -> Tensor:
        """A leaf over the same memory, without ``.grad`` and hooks."""
        twin: Tensor = object.__new__(type(self))
        twin.__dict__.update(self.detach().__dict__, **self._notes())
        if self.requires_grad:
            twin._requires_grad = True
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
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
            copied._array, copied._storage = storage.copy_memory(self._array, memo)
            copied._requires_grad = self._requires_grad
            copied._shares_layout(self)
            memo[id(self)] = copied
            copied.__dict__.update(copy.deepcopy(self._notes(), memo))
            if self._grad is not None:
                copied._grad = self._grad.__deepcopy__(memo)
        return copied

    # ---- conversions -------------------------------------------------------------------------

    def to(self, *args: Any, memory_format: Any = None, **kwargs: Any) -> Tensor:
        """In another dtype: ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``.

        Returns:
            The tensor itself if nothing changes (and `copy` is not asked for).

        Raises:
            RuntimeError: for a device that is not the CPU; a memory format that does not fit.
            TypeError: for anything else.
        """
        wanted, place, copy = _to_arguments(*args, **kwargs)
        if place is not None:
            _dtypes.on_cpu(place)
        changed: Tensor = self if wanted is None else as_dtype(self, wanted.numpy)
        if memory_format not in (None, _dtypes.preserve_format):
            last = _dtypes.channels_last if self.dim() == 4 else _dtypes.channels_last_3d
            array = self._array
            lies_so = is_channels_last(array.shape, array.strides)
            held = last if lies_so else _dtypes.contiguous_format
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

    def half(self, memory_format: Any = None) -> Tensor:
        """As float16."""
        return self.to(_dtypes.float16, memory_format=memory_format)

    def float(self, memory_format: Any = None) -> Tensor:
        """As float32."""
        return self.to(_dtypes.float32, memory_format=memory_format)

    def double(self, memory_format: Any = None) -> Tensor:
        """As float64."""
        return self.to(_dtypes.float64, memory_format=memory_format)

    def byte(self, memory_format: Any = None) -> Tensor:
        """As uint8."""
        return self.to(_dtypes.uint8, memory_format=memory_format)

    def char(self, memory_format: Any = None) -> Tensor:
        """As int8."""
        return self.to(_dtypes.int8, memory_format=memory_format)

    def short(self, memory_format: Any = None) -> Tensor:
        """As int16."""
        return self.to(_dtypes.int16, memory_format=memory_format)

    def int(self, memory_format: Any = None) -> Tensor:
        """As int32."""
        return self.to(_dtypes.int32, memory_format=memory_format)

    def long(self, memory_format: Any = None) -> Tensor:
        """As int64."""
        return self.to(_dtypes.int64, memory_format=memory_format)

    def bool(self, memory_format: Any = None) -> Tensor:
        """As bool: True where not zero."""
        return self.to(_dtypes.bool_, memory_format=memory_format)

    def new_tensor(
        self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        """A copy of `data`, in this tensor's dtype unless another is given."""
        source = data._array if isinstance(data, TensorBase) else data
        wanted = self._array.dtype if dtype is None else dtype.numpy
        return self._new(np.array(source, wanted), requires_grad, device)

    def new_zeros(
        self,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        layout: Any = None,
        pin_memory: Any = False,
        requires_grad: Any = False,
    ) -> Tensor:
        """Zeros of another shape, in this tensor's dtype unless another is given."""
        shape = shape_given("new_zeros", "size", sizes, size)
        return self.new_full(shape, 0, dtype, device, layout, pin_memory, requires_grad)

    def new_ones(
        self,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        layout: Any = None,
        pin_memory: Any = False,
        requires_grad: Any = False,
    ) -> Tensor:
        """Ones of another shape, in this tensor's dtype unless another is given."""
        shape = shape_given("new_ones", "size", sizes, size)
        return self.new_full(shape, 1, dtype, device, layout, pin_memory, requires_grad)

    def new_empty(
        self,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        layout: Any = None,
        pin_memory: Any = False,
        requires_grad: Any = False,
    ) -> Tensor:
        """Room of another shape, in this tensor's dtype unless another is given."""
        shape = shape_given("new_empty", "size", sizes, size)
        return self.new_full(shape, 0, dtype, device, layout, pin_memory, requires_grad)

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
        wanted = self._array.dtype if dtype is None else dtype.numpy
        if isinstance(fill_value, TensorBase):
            fill_value = fill_value._array.item()
        sizes = positive_shape("new_full", (size,))
        value = scalar_as(fill_value, wanted, filling=math.prod(sizes) == 1)
        array = np.full(sizes, value) if fill_value else np.zeros(sizes, wanted)
        return self._new(array, requires_grad, device)

    def _new(self, array: Array, requires_grad: Any, device: Any = None) -> Tensor:
        _dtypes.on_cpu(device)
        made = self._wrap(array)
        if requires_grad:
            made.requires_grad = True
        return made

    def new(self, *data: Any) -> Tensor:
        """PyTorch's oldest constructor, in this tensor's dtype: of a size, or of data."""
        made = constructors.new("new", self.dtype, data)
        return self._wrap(made) if isinstance(made, np.ndarray) else made.data

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Set every element to ``callable(element)``, one Python call each.

        Raises:
            RuntimeError: for a tensor that requires grad.
        """
        return self.map_(self, lambda element, _: callable(element))

    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
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

    # ---- the table of operations -------------------------------------------------------------

    # arithmetic
    add = arithmetic.add
    sub = subtract = arithmetic.sub
    mul = multiply = arithmetic.mul
    div = divide = true_divide = arithmetic.div
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder
    fmod = arithmetic.fmod
    pow = arithmetic.pow
    float_power = arithmetic.float_power
    neg = negative = arithmetic.neg
    positive = arithmetic.positive
    square = arithmetic.square
    addcdiv = arithmetic.addcdiv
    addcmul = arithmetic.addcmul
    lerp = arithmetic.lerp
    __add__ = _arithmetic(arithmetic.Add, arithmetic.add)
    __radd__ = _arithmetic(arithmetic.Add, arithmetic.add, swapped=True)
    __sub__ = _arithmetic(arithmetic.Sub, arithmetic.sub)
    __rsub__ = _arithmetic(arithmetic.Sub, arithmetic.sub, swapped=True)
    __mul__ = _arithmetic(arithmetic.Mul, arithmetic.mul)
    __rmul__ = _arithmetic(arithmetic.Mul, arithmetic.mul, swapped=True)
    __truediv__ = __div__ = _arithmetic(arithmetic.Div, arithmetic.div)
    __rtruediv__ = __rdiv__ = _operator(arithmetic.rdiv)
    __floordiv__ = _operator(arithmetic.floor_divide)
    __rfloordiv__ = _operator(arithmetic.floor_divide, swapped=True)
    __mod__ = _operator(arithmetic.remainder)
    __rmod__ = _operator(arithmetic.remainder, swapped=True)
    __pow__ = _operator(arithmetic.pow)
    __rpow__ = _operator(arithmetic.pow, swapped=True)
    __neg__ = arithmetic.neg
    __pos__ = arithmetic.positive
    __abs__ = pointwise.abs

    # functions of one variable
    abs = absolute = pointwise.abs
    acos = arccos = pointwise.acos
    acosh = arccosh = pointwise.acosh
    asin = arcsin = pointwise.asin
    asinh = arcsinh = pointwise.asinh
    atan = arctan = pointwise.atan
    atanh = arctanh = pointwise.atanh
    ceil = pointwise.ceil
    cos = pointwise.cos
    cosh = pointwise.cosh
    deg2rad = pointwise.deg2rad
    digamma = special.digamma
    erf = special.erf
    erfc = special.erfc
    erfinv = special.erfinv
    exp = pointwise.exp
    exp2 = pointwise.exp2
    expm1 = pointwise.expm1
    floor = pointwise.floor
    frac = pointwise.frac
    frexp = pointwise.frexp
    lgamma = special.lgamma
    log = pointwise.log
    log10 = pointwise.log10
    log1p = pointwise.log1p
    log2 = pointwise.log2
    logit = special.logit
    mvlgamma = special.multigammaln
    nan_to_num = pointwise.nan_to_num
    rad2deg = pointwise.rad2deg
    reciprocal = arithmetic.reciprocal
    round = pointwise.round
    rsqrt = pointwise.rsqrt
    sigmoid = pointwise.sigmoid
    sign = sgn = pointwise.sign
    sin = pointwise.sin
    sinc = special.sinc
    sinh = pointwise.sinh
    sqrt = pointwise.sqrt
    tan = pointwise.tan
    tanh = pointwise.tanh
    trunc = fix = pointwise.trunc

    def polygamma(self, n: Any) -> Tensor:
        """The `n`-th derivative of the digamma function."""
        return special.polygamma(n, self)

    # functions of two variables
    atan2 = arctan2 = bivariate.atan2
    copysign = bivariate.copysign
    heaviside = bivariate.heaviside
    hypot = bivariate.hypot
    ldexp = bivariate.ldexp
    logaddexp = bivariate.logaddexp
    logaddexp2 = bivariate.logaddexp2
    nextafter = bivariate.nextafter
    xlogy = bivariate.xlogy

    # choices and comparisons
    clamp = clip = choosing.clamp
    clamp_max = choosing.clamp_max
    clamp_min = choosing.clamp_min
    fmax = choosing.fmax
    fmin = choosing.fmin
    masked_fill = choosing.masked_fill
    maximum = choosing.maximum
    minimum = choosing.minimum
    allclose = compare.allclose
    bitwise_and = compare.bitwise_and
    bitwise_left_shift = compare.bitwise_left_shift
    bitwise_not = compare.bitwise_not
    bitwise_or = compare.bitwise_or
    bitwise_right_shift = compare.bitwise_right_shift
    bitwise_xor = compare.bitwise_xor
    eq = compare.eq
    equal = compare.equal
    gcd = compare.gcd
    ge = greater_equal = compare.ge
    gt = greater = compare.gt
    isclose = compare.isclose
    isfinite = compare.isfinite
    isinf = compare.isinf
    isnan = compare.isnan
    isneginf = compare.isneginf
    isposinf = compare.isposinf
    lcm = compare.lcm
    le = less_equal = compare.le
    logical_and = compare.logical_and
    logical_not = compare.logical_not
    logical_or = compare.logical_or
    logical_xor = compare.logical_xor
    lt = less = compare.lt
    ne = not_equal = compare.ne
    signbit = compare.signbit
    __and__ = _operator(compare.bitwise_and)
    __rand__ = _operator(compare.bitwise_and, swapped=True)
    __or__ = _operator(compare.bitwise_or)
    __ror__ = _operator(compare.bitwise_or, swapped=True)
    __xor__ = _operator(compare.bitwise_xor)
    __rxor__ = _operator(compare.bitwise_xor, swapped=True)
    __lshift__ = _operator(compare.bitwise_left_shift)
    __rlshift__ = _operator(compare.bitwise_left_shift, swapped=True)
    __rshift__ = _operator(compare.bitwise_right_shift)
    __rrshift__ = _operator(compare.bitwise_right_shift, swapped=True)
    __invert__ = compare.invert
    __eq__ = _operator(compare.eq)
    __ne__ = _operator(compare.ne)
    __lt__ = _operator(compare.lt)
    __le__ = _operator(compare.le)
    __gt__ = _operator(compare.gt)
    __ge__ = _operator(compare.ge)

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where `condition` holds, else `other`."""
        return choosing.where(condition, self, other)

    # reductions
    all = reduce.all
    amax = reduce.amax
    amin = reduce.amin
    aminmax = reduce.aminmax
    any = reduce.any
    argmax = reduce.argmax
    argmin = reduce.argmin
    count_nonzero = reduce.count_nonzero
    logsumexp = reduce.logsumexp
    max = reduce.max
    mean = reduce.mean
    min = reduce.min
    nanmean = reduce.nanmean
    nansum = reduce.nansum
    prod = reduce.prod
    sum = reduce.sum

    # norms and statistics
    bincount = stats.bincount
    corrcoef = stats.corrcoef
    cov = stats.cov
    dist = norms.dist
    histc = stats.histc
    median = stats.median
    mode = stats.mode
    nanmedian = stats.nanmedian
    nanquantile = stats.nanquantile
    norm = norms.norm
    quantile = stats.quantile
    renorm = norms.renorm
    std = stats.std
    var = stats.var

    # running totals and order
    argsort = sorting.argsort
    cummax = scan.cummax
    cummin = scan.cummin
    cumprod = scan.cumprod
    cumsum = scan.cumsum
    diff = scan.diff
    kthvalue = sorting.kthvalue
    logcumsumexp = scan.logcumsumexp
    msort = sorting.msort
    sort = sorting.sort
    topk = sorting.topk
    unique = sorting.unique
    unique_consecutive = sorting.unique_consecutive

    # shapes
    adjoint = shaping.adjoint
    as_strided = strided.as_strided
    broadcast_to = shaping.broadcast_to
    chunk = shaping.chunk
    clone = shaping.clone
    contiguous = shaping.contiguous
    diag = strided.diag
    diag_embed = strided.diag_embed
    diagflat = strided.diagflat
    diagonal = strided.diagonal
    dsplit = concatenate.dsplit
    expand = shaping.expand
    expand_as = shaping.expand_as
    flatten = shaping.flatten
    flip = shaping.flip
    fliplr = concatenate.fliplr
    flipud = concatenate.flipud
    hsplit = concatenate.hsplit
    movedim = moveaxis = shaping.movedim
    permute = shaping.permute
    ravel = shaping.ravel
    repeat = shaping.repeat
    reshape = shaping.reshape
    reshape_as = shaping.reshape_as
    roll = shaping.roll
    rot90 = concatenate.rot90
    split = shaping.split
    split_with_sizes = shaping.split_with_sizes
    squeeze = shaping.squeeze
    sum_to_size = shaping.sum_to_size
    t = shaping.t
    tensor_split = concatenate.tensor_split
    tile = shaping.tile
    transpose = swapdims = shaping.transpose
    swapaxes = shaping.swapaxes
    tril = strided.tril
    triu = strided.triu
    unbind = shaping.unbind
    unflatten = shaping.unflatten
    unfold = strided.unfold
    unsqueeze = shaping.unsqueeze
    view = shaping.view
    view_as = shaping.view_as
    vsplit = concatenate.vsplit
    resize_ = strided.resize_
    squeeze_ = _view_in_place(shaping.squeeze)
    t_ = _view_in_place(shaping.t)
    transpose_ = swapaxes_ = swapdims_ = _view_in_place(shaping.transpose)
    unsqueeze_ = _view_in_place(shaping.unsqueeze)

    def resize_as_(self, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
        """`resize_` to another tensor's shape."""
        return strided.resize_(self, the_template.shape, memory_format=memory_format)

    @property
    def T(self) -> Tensor:
        """The dimensions in reverse order."""
        return shaping.permute(self, tuple(reversed(range(self._array.ndim))))

    @property
    def mT(self) -> Tensor:
        """The last two dimensions swapped. (PyTorch's is deprecated for a 0-d tensor: itself.)"""
        if self._array.ndim == 0:
            return shaping.alias(self)
        if self._array.ndim < 2:
            raise RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self._array.ndim}-D tensor."
            )
        return shaping.transpose(self, -2, -1)

    @property
    def H(self) -> Tensor:
        """A matrix transposed (and conjugated, which changes no real number)."""
        if self._array.ndim not in (0, 2):
            raise RuntimeError(
                "tensor.H is only supported on matrices (2-D tensors). Got "
                f"{self._array.ndim}-D tensor."
            )
        return shaping.adjoint(self)

    @property
    def mH(self) -> Tensor:
        """The last two dimensions swapped (and conjugated, which changes no real number)."""
        return shaping.adjoint(self)

    @property
    def real(self) -> Tensor:
        """The tensor itself: complex numbers are out of scope."""
        return self

    @property
    def imag(self) -> Tensor:
        """Refused, as PyTorch does for real tensors."""
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")

    def conj(self) -> Tensor:
        """The tensor itself: complex numbers are out of scope."""
        return self

    resolve_conj = resolve_neg = conj_physical = conj

    # indexing
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    argwhere = indexing.argwhere
    diagonal_scatter = strided.diagonal_scatter
    gather = scattering.gather
    index_add = scattering.index_add
    index_copy = scattering.index_copy
    index_fill = scattering.index_fill
    index_put = indexing.index_put
    index_reduce = scattering.index_reduce
    index_select = scattering.index_select
    masked_scatter = indexing.masked_scatter
    masked_select = indexing.masked_select
    narrow = indexing.narrow
    narrow_copy = indexing.narrow_copy
    nonzero = indexing.nonzero
    put = scattering.put
    repeat_interleave = scattering.repeat_interleave
    scatter = scattering.scatter
    scatter_add = scattering.scatter_add
    scatter_reduce = scattering.scatter_reduce
    select = indexing.select
    select_scatter = indexing.select_scatter
    slice_scatter = indexing.slice_scatter
    take = scattering.take
    take_along_dim = scattering.take_along_dim

    # matrix products
    addbmm = linalg.addbmm
    addmm = linalg.addmm
    addmv = linalg.addmv
    addr = linalg.addr
    baddbmm = linalg.baddbmm
    bmm = linalg.bmm
    cross = linalg.cross
    dot = linalg.dot
    ger = linalg.ger
    inner = linalg.inner
    kron = linalg.kron
    matmul = linalg.matmul
    mm = linalg.mm
    mv = linalg.mv
    outer = linalg.outer
    trace = linalg.trace
    vdot = linalg.vdot
    __matmul__ = linalg.matmul

    def __rmatmul__(self, other: Any) -> Tensor:
        return linalg.matmul(other, self)

    # activations
    hardshrink = activation.hardshrink
    log_softmax = log_softmax
    prelu = activation.prelu
    relu = activation.relu
    softmax = softmax

    # random draws
    bernoulli = draws.bernoulli
    bernoulli_ = draws.bernoulli_
    cauchy_ = draws.cauchy_
    exponential_ = draws.exponential_
    geometric_ = draws.geometric_
    log_normal_ = draws.log_normal_
    multinomial = draws.multinomial
    normal_ = draws.normal_
    random_ = draws.random_
    uniform_ = draws.uniform_

    # in place
    copy_ = copy_
    fill_ = fill_
    zero_ = zero_
    abs_ = absolute_ = _in_place(pointwise.abs)
    acos_ = arccos_ = _in_place(pointwise.acos)
    acosh_ = arccosh_ = _in_place(pointwise.acosh)
    add_ = __iadd__ = _in_place(arithmetic.add)
    addbmm_ = _in_place(linalg.addbmm)
    addmm_ = _in_place(linalg.addmm)
    addmv_ = _in_place(linalg.addmv)
    addr_ = _in_place(linalg.addr)
    baddbmm_ = _in_place(linalg.baddbmm)
    addcdiv_ = _in_place(arithmetic.addcdiv)
    addcmul_ = _in_place(arithmetic.addcmul)
    asin_ = arcsin_ = _in_place(pointwise.asin)
    asinh_ = arcsinh_ = _in_place(pointwise.asinh)
    atan2_ = arctan2_ = _in_place(bivariate.atan2)
    atan_ = arctan_ = _in_place(pointwise.atan)
    atanh_ = arctanh_ = _in_place(pointwise.atanh)
    bitwise_and_ = __iand__ = _in_place(compare.bitwise_and)
    bitwise_left_shift_ = __ilshift__ = _in_place(compare.bitwise_left_shift)
    bitwise_not_ = _in_place(compare.bitwise_not)
    bitwise_or_ = __ior__ = _in_place(compare.bitwise_or)
    bitwise_right_shift_ = __irshift__ = _in_place(compare.bitwise_right_shift)
    bitwise_xor_ = __ixor__ = _in_place(compare.bitwise_xor)
    ceil_ = _in_place(pointwise.ceil)
    clamp_ = clip_ = _in_place(choosing.clamp)
    clamp_max_ = _in_place(choosing.clamp_max)
    clamp_min_ = _in_place(choosing.clamp_min)
    copysign_ = _in_place(bivariate.copysign)
    cos_ = _in_place(pointwise.cos)
    cumprod_ = _in_place(scan.cumprod)
    cumsum_ = _in_place(scan.cumsum)
    cosh_ = _in_place(pointwise.cosh)
    deg2rad_ = _in_place(pointwise.deg2rad)
    digamma_ = _in_place(special.digamma)
    div_ = divide_ = true_divide_ = __itruediv__ = __idiv__ = _in_place(arithmetic.div)
    eq_ = _in_place(compare.eq)
    erf_ = _in_place(special.erf)
    erfc_ = _in_place(special.erfc)
    erfinv_ = _in_place(special.erfinv)
    exp2_ = _in_place(pointwise.exp2)
    exp_ = _in_place(pointwise.exp)
    expm1_ = _in_place(pointwise.expm1)
    float_power_ = _in_place(arithmetic.float_power)
    floor_ = _in_place(pointwise.floor)
    floor_divide_ = __ifloordiv__ = _in_place(arithmetic.floor_divide)
    fill_diagonal_ = strided.fill_diagonal_
    index_add_ = _in_place(scattering.index_add)
    index_copy_ = _in_place(scattering.index_copy)
    index_fill_ = _in_place(scattering.index_fill)
    index_reduce_ = _in_place(scattering.index_reduce)
    fmod_ = _in_place(arithmetic.fmod)
    frac_ = _in_place(pointwise.frac)
    gcd_ = _in_place(compare.gcd)
    ge_ = greater_equal_ = _in_place(compare.ge)
    gt_ = greater_ = _in_place(compare.gt)
    heaviside_ = _in_place(bivariate.heaviside)
    hypot_ = _in_place(bivariate.hypot)
    index_put_ = _in_place(indexing.index_put)
    lcm_ = _in_place(compare.lcm)
    ldexp_ = _in_place(bivariate.ldexp)
    le_ = less_equal_ = _in_place(compare.le)
    lerp_ = _in_place(arithmetic.lerp)
    lgamma_ = _in_place(special.lgamma)
    log10_ = _in_place(pointwise.log10)
    log1p_ = _in_place(pointwise.log1p)
    log2_ = _in_place(pointwise.log2)
    log_ = _in_place(pointwise.log)
    logical_and_ = _in_place(compare.logical_and)
    logical_not_ = _in_place(compare.logical_not)
    logical_or_ = _in_place(compare.logical_or)
    logical_xor_ = _in_place(compare.logical_xor)
    logit_ = _in_place(special.logit)
    lt_ = less_ = _in_place(compare.lt)
    masked_fill_ = _in_place(choosing.masked_fill)
    masked_scatter_ = _in_place(indexing.masked_scatter)
    mul_ = multiply_ = __imul__ = _in_place(arithmetic.mul)
    mvlgamma_ = _in_place(special.multigammaln)
    nan_to_num_ = _in_place(pointwise.nan_to_num)
    ne_ = not_equal_ = _in_place(compare.ne)
    neg_ = negative_ = _in_place(arithmetic.neg)
    nextafter_ = _in_place(bivariate.nextafter)
    pow_ = __ipow__ = _in_place(arithmetic.pow)
    put_ = _in_place(scattering.put)
    rad2deg_ = _in_place(pointwise.rad2deg)
    reciprocal_ = _in_place(arithmetic.reciprocal)
    relu_ = _in_place(activation.relu)
    remainder_ = __imod__ = _in_place(arithmetic.remainder)
    renorm_ = _in_place(norms.renorm)
    round_ = _in_place(pointwise.round)
    rsqrt_ = _in_place(pointwise.rsqrt)
    scatter_ = _in_place(scattering.scatter)
    scatter_add_ = _in_place(scattering.scatter_add)
    scatter_reduce_ = _in_place(scattering.scatter_reduce)
    sigmoid_ = _in_place(pointwise.sigmoid)
    sign_ = sgn_ = _in_place(pointwise.sign)
    sin_ = _in_place(pointwise.sin)
    sinc_ = _in_place(special.sinc)
    sinh_ = _in_place(pointwise.sinh)
    sqrt_ = _in_place(pointwise.sqrt)
    square_ = _in_place(arithmetic.square)
    sub_ = subtract_ = __isub__ = _in_place(arithmetic.sub)
    tan_ = _in_place(pointwise.tan)
    tanh_ = _in_place(pointwise.tanh)
    tril_ = _in_place(strided.tril)
    triu_ = _in_place(strided.triu)
    trunc_ = fix_ = _in_place(pointwise.trunc)
    xlogy_ = _in_place(bivariate.xlogy)

    def polygamma_(self, n: Any) -> Tensor:
        """`polygamma`, written into the tensor itself, which is returned."""
        return assign(self, special.polygamma, n, self)


_PYTHON_TYPES = {float: _dtypes.float64, int: _dtypes.int64, bool: _dtypes.bool_}


def _to_arguments(*args: Any, **kwargs: Any) -> tuple[dtype | None, Any, bool]:
    """The dtype, the device and `copy` of a call of `Tensor.to`.

    Raises:
        TypeError: for arguments that fit none of PyTorch's forms.
    """
    wanted = place = None
    flags = {"non_blocking": False, "copy": False}
    left = list(args)
    if "tensor" in kwargs:
        left.insert(0, kwargs.pop("tensor"))
    if left and isinstance(left[0], TensorBase):
        wanted = left.pop(0).dtype
    elif left and not isinstance(left[0], dtype) and left[0] not in _PYTHON_TYPES:
        place = left.pop(0)
        if place is not None and not isinstance(place, (str, device)):
            raise TypeError(
                f"to(): expected a dtype, a device or a tensor, got {type(place).__name__}"
            )
        wanted = left.pop(0) if left else None
    elif left:
        wanted = left.pop(0)
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
    return wanted, place, flags["copy"]


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
        tensor._array = np.ndarray(shape, dtype, memory, -below, strides)
    else:
        tensor._array = np.empty(shape, dtype)
    tensor._special = tensor._special or not tensor._array.flags.c_contiguous
    tensor._requires_grad = requires_grad
    tensor.__dict__.update(notes)
    return tensor
