"""`Parameter`: a tensor that a module knows as its own; and one whose shape is not known yet."""

from __future__ import annotations

import sys
from typing import Any, ClassVar, NoReturn

from minitorch._format import tensor_repr
from minitorch._tensor import Tensor, _disabled_torch_function_impl
from minitorch.factory import empty


def _sharing(cls: type[Tensor], data: Tensor | None) -> Any:
    """A leaf of the class with the memory of `data`."""
    source = empty(0) if data is None else data
    made = object.__new__(cls)
    made._hold(source._stored.view())
    made._share_native_layout(source)
    made._storage = source._shared_storage()
    return made


class _Marked(type):
    """The type of classes whose instances may be of any class of tensors, and bear a mark."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        mark = vars(cls).get("_mark")  # of `Parameter` and `Buffer` alone, not of what they beget
        return mark is not None and isinstance(instance, Tensor) and getattr(instance, mark, False)


class Parameter(Tensor, metaclass=_Marked):
    """A tensor that `Module` registers when it is assigned as an attribute.

    Args:
        data: the values; shared, not copied. Of a subclass of `Tensor`, the result is of that
            subclass, and still an instance of `Parameter`.
        requires_grad: whether to record what is computed from it (default).

    Raises:
        RuntimeError: for a dtype that is not floating point and `requires_grad`; if ``detach()``
            of `data` is not of its class.

    >>> import minitorch
    >>> Parameter(minitorch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    _mark = "_is_param"

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None or type(data) in (Tensor, Parameter):
            parameter = _sharing(cls, data)
        else:
            parameter = data.detach()
            if type(parameter) is not type(data):
                raise RuntimeError(
                    f"Creating a Parameter from an instance of type {type(data).__name__} requires "
                    "that detach() returns an instance of the same type, but return type "
                    f"{type(parameter).__name__} was found instead. To use the type as a "
                    "Parameter, please correct the detach() semantics defined by its "
                    "__torch_function__() implementation."
                )
            parameter._is_param = True
        if requires_grad:
            parameter.requires_grad = True
        return parameter

    # What is computed from it is an ordinary tensor.
    __torch_function__ = staticmethod(_disabled_torch_function_impl)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A parameter with values of its own, and no ``.grad``."""
        copied = memo.get(id(self))
        if copied is None:
            data = self.detach().clone()
            copied = memo[id(self)] = type(self)(data, self.requires_grad)
        return copied

    def __repr__(self) -> str:
        kind = type(self).__name__
        values = tensor_repr(self, "tensor" if kind == "Parameter" else kind)
        if kind != "Parameter":
            values = f"Parameter({values})"
        return "Parameter containing:\n" + values


class Buffer(Tensor, metaclass=_Marked):
    """A tensor that `Module` registers as a buffer when it is assigned as an attribute.

    Args:
        data: the values; shared, not copied. The result is of its class, and still an instance of
            `Buffer`.
        persistent: whether it is part of the state dict (default).

    >>> import minitorch
    >>> Buffer(minitorch.zeros(2))
    tensor([0., 0.])
    """

    _mark = "_is_buffer"
    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        data = empty(0) if data is None else data
        buffer = data.detach()
        if data.requires_grad:
            buffer.requires_grad = True
        buffer.persistent, buffer._is_buffer = persistent, True
        return buffer


_OPERATIONS = tuple(
    f"{__name__.partition('.')[0]}.{part}" for part in ("ops", "_tensor", "autograd")
)


class UninitializedTensorMixin:
    """A parameter or buffer whose shape is not known yet: it has a dtype, and no array.

    Whatever asks for its array is refused, so that no operation needs to know of it.
    """

    cls_to_become: ClassVar[type[Tensor]]
    _held: Tensor  # what `data` gives: of the dtype, and empty

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a parameter or tensor of this shape, with no particular values.

        Args:
            device, dtype: None for its own.

        >>> import minitorch
        >>> weight = UninitializedParameter()
        >>> weight.materialize((2, 3))
        >>> type(weight).__name__, weight.shape
        ('Parameter', torch.Size([2, 3]))
        """
        made = empty(shape, device=device, dtype=self.dtype if dtype is None else dtype)
        del self._held
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self._hold(made._stored)

    @property
    def data(self) -> Tensor:
        """An empty tensor of its dtype; when set, the dtype is all that is taken over."""
        return self._held.data

    @data.setter
    def data(self, value: Tensor) -> None:
        self._held = value.detach()

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self._held.dtype

    @property
    def shape(self) -> NoReturn:
        """Refused.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    @property
    def requires_grad(self) -> bool:
        """Whether it will learn."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> NoReturn:
        """Refused, as by PyTorch; the attribute can be set.

        Raises:
            ValueError: always.
        """
        self._refuse("requires_grad_")

    def size(self, dim: int | None = None) -> Any:
        """The size of `data`."""
        return self._held.size(dim)

    def is_floating_point(self) -> bool:
        """Whether the elements will be floats."""
        return self._held.is_floating_point()

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """An uninitialized one of another dtype; of a parameter, its converted `data`."""
        data = self._held.to(*args, **kwargs)
        if isinstance(self, Parameter):
            return data
        kind: Any = type(self)
        return kind(self.requires_grad, dtype=data.dtype)

    def share_memory_(self) -> NoReturn:
        """Refused.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        kind: Any = type(self)
        if id(self) not in memo:
            memo[id(self)] = kind(self.requires_grad, dtype=self.dtype)
        return memo[id(self)]

    def __getattr__(self, name: str) -> Any:
        if name == "_array":  # some operation wants the numbers: find out which
            frame, operation = sys._getframe(1), "an operator"
            while frame is not None and frame.f_globals["__name__"].startswith(_OPERATIONS):
                if hasattr(Tensor, frame.f_code.co_name):
                    operation = frame.f_code.co_name
                frame = frame.f_back  # type: ignore[assignment]
            self._refuse(operation)
        return super().__getattr__(name)  # type: ignore[misc]

    def _refuse(self, operation: str) -> NoReturn:
        kind = type(self).__name__
        raise ValueError(
            f"Attempted to use an uninitialized parameter in {operation}. This error happens when "
            "you are using a `LazyModule` or explicitly manipulating "
            f"`torch.nn.parameter.{kind}` objects. When using LazyModules Call `forward` with a "
            "dummy batch to initialize the parameters before calling torch functions"
        )


def is_lazy(param: Any) -> bool:
    """Return whether it is an `UninitializedParameter` or an `UninitializedBuffer`."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; see `minitorch.nn.LazyLinear`.

    Using it before it is materialized is refused; its dtype can be asked for and changed.

    Raises:
        RuntimeError: for a dtype that is not floating point and `requires_grad`.

    >>> weight = UninitializedParameter()
    >>> weight
    <UninitializedParameter>
    >>> weight.shape  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    RuntimeError: Can't access the shape of an uninitialized parameter or buffer. ...
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        made = object.__new__(cls)
        made._held = empty(0, device=device, dtype=dtype, requires_grad=requires_grad).detach()
        made._requires_grad = requires_grad
        return made


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer whose shape is not known yet; see `UninitializedParameter`.

    >>> mean = UninitializedBuffer()
    >>> mean.materialize(3)
    >>> mean.zero_()
    tensor([0., 0., 0.])
    """

    cls_to_become = Tensor

    persistent: bool
    _is_buffer: bool

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        made = object.__new__(cls)
        made._held = empty(0, device=device, dtype=dtype)
        made._requires_grad, made.persistent, made._is_buffer = requires_grad, persistent, True
        return made
