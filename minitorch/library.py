"""Operations that a program adds: a function with a name, and the gradient that it is given.

>>> import minitorch
>>> @minitorch.library.custom_op("mine::double", mutates_args=())
... def double(x: minitorch.Tensor) -> minitorch.Tensor:
...     return 2 * x
>>> double.register_autograd(lambda ctx, grad: 2 * grad)
>>> x = minitorch.ones(2, requires_grad=True)
>>> double(x).sum().backward()
>>> x.grad
tensor([2., 2.])
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from minitorch._missing import missing
from minitorch._not_covered import refused
from minitorch._tensor import Tensor
from minitorch.autograd.function import Function
from minitorch.autograd.mode import is_grad_enabled, no_grad

__all__ = [
    "CustomOpDef",
    "Library",
    "custom_op",
    "define",
    "get_ctx",
    "impl",
    "infer_schema",
    "register_autograd",
    "register_fake",
    "register_kernel",
    "register_vmap",
    "triton_op",
]

operations: dict[str, CustomOpDef] = {}
"""Operations that have been added, by their names with a namespace, ``"mine::double"``."""


class CustomOpDef:
    """An operation that a program has added; called like the function that it was made of."""

    def __init__(
        self, name: str, function: Callable[..., Any], mutates: Iterable[str] = ()
    ) -> None:
        self._name = name
        self._namespace, _, self._opname = name.partition("::")
        self._function, self._mutates = function, mutates
        self._signature = inspect.signature(function)
        self._backward: Callable[..., Any] | None = None
        self._setup: Callable[..., Any] | None = None
        self.__name__, self.__doc__ = self._opname, function.__doc__

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """Say how the gradient is computed.

        Args:
            backward: called with ctx and a gradient an output, returns a gradient an argument.
            setup_context: called with ctx, inputs and output after each call, to save what backward
                needs.

        Raises:
            RuntimeError: if the operation changes an argument.
        """
        if self._mutates:
            raise RuntimeError(
                f"Cannot register autograd formula for non-functional operator {self._name}: it "
                f"changes {self._mutates}. Please create a functional operator and register an "
                "autograd formula for that."
            )
        self._backward, self._setup = backward, setup_context

    def register_kernel(
        self, device_types: Any, func: Callable[..., Any] | None = None, /
    ) -> Callable[..., Any]:
        """Let `func` compute on the CPU, if that is among `device_types`. Also a decorator."""
        kinds = [device_types] if isinstance(device_types, str) else device_types

        def register(func: Callable[..., Any]) -> Callable[..., Any]:
            if kinds is None or "cpu" in kinds:
                self._function = func
            return func

        return register if func is None else register(func)

    def register_fake(self, func: Callable[..., Any], /) -> Callable[..., Any]:
        """Return `func`, which would be asked for the shapes of results: nobody asks here."""
        return func

    register_vmap = register_torch_dispatch = register_fake

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if self._mutates:
            return self._changed(bound)
        return self._applied().apply(*bound.args, **bound.kwargs)

    def _changed(self, bound: inspect.BoundArguments) -> Any:
        """Run it where it changes an argument, which must not have a gradient."""
        for name in bound.arguments if self._mutates == "unknown" else self._mutates:
            value = bound.arguments[name]
            if isinstance(value, Tensor) and value.requires_grad and is_grad_enabled():
                raise RuntimeError(
                    f"{self._name} changes {name}, which requires grad, and an operation that "
                    "changes an argument has no gradient: detach it first, or return a new tensor"
                )
        with no_grad():
            return self._function(*bound.args, **bound.kwargs)

    def _applied(self) -> Any:
        """The Function of one call, which has the formulas that are registered by now."""
        function, setup, rule, name = self._function, self._setup, self._backward, self._name

        class Applied(Function):
            @staticmethod
            def forward(ctx: Any, *args: Any) -> Any:
                with no_grad():
                    output = function(*args)
                if setup is not None:
                    setup(ctx, inputs=args, output=output)
                return output

            @staticmethod
            def backward(ctx: Any, *grads: Any) -> Any:
                if rule is None:
                    raise RuntimeError(
                        f"Trying to backward through {name} but no autograd formula was "
                        "registered. Please use register_autograd to add one."
                    )
                return rule(ctx, *grads)

        Applied.__name__ = Applied.__qualname__ = self._opname
        return Applied


def custom_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: Any,
    device_types: Any = None,
    schema: str | None = None,
    tags: Any = None,
) -> Any:
    """Add an operation. Also a decorator.

    Args:
        name: with its namespace, ``"mine::double"``.
        fn: what computes it, on tensors; it must not return one of its arguments.
        mutates_args: the names of the arguments that it changes, or "unknown".
        device_types: where `fn` computes; "cpu" or None for here.
        schema: its types, for PyTorch; here they are not looked at.

    Raises:
        ValueError: if the name has no namespace.
    """
    if name.count("::") != 1:
        raise ValueError(f"custom_op: expected a name such as 'mine::double', got {name!r}")

    def add(function: Callable[..., Any]) -> CustomOpDef:
        made = CustomOpDef(name, function, mutates_args)
        operations[name] = made
        return made

    return add if fn is None else add(fn)


triton_op = custom_op


def _found(op: Any) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    if op not in operations:
        raise RuntimeError(f"operator {op} does not exist")
    return operations[op]


def register_autograd(
    op: Any,
    backward: Callable[..., Any],
    /,
    *,
    setup_context: Callable[..., Any] | None = None,
    lib: Any = None,
) -> None:
    """Say how the gradient of an operation is computed: see `CustomOpDef.register_autograd`.

    Raises:
        RuntimeError: if there is no such operation.
    """
    _found(op).register_autograd(backward, setup_context=setup_context)


def register_kernel(
    op: Any, device_types: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None
) -> Any:
    """Let `func` compute an operation: see `CustomOpDef.register_kernel`."""
    return _found(op).register_kernel(device_types, func)


def register_fake(
    op: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None, **kwargs: Any
) -> Any:
    """Return `func`, which would be asked for the shapes of results. Also a decorator.

    Raises:
        ValueError: unless `op` is an operation, or the name of one.
    """
    if not isinstance(op, (str, CustomOpDef)) and not callable(op):
        raise ValueError(f"torch.library: got unexpected type for op: {type(op).__name__}")
    return func if func is not None else lambda function: function


def register_torch_dispatch(
    op: Any, torch_dispatch_class: Any, func: Callable[..., Any] | None = None, /, **kwargs: Any
) -> Any:
    """Return `func`: no class takes over operations below the functions. Also a decorator."""
    return register_fake(op, func)


register_vmap = impl_abstract = register_fake


def define(qualname: Any, schema: Any, *, lib: Any = None, tags: Any = ()) -> Any:
    """Accept a schema. Also a decorator, which is given the function that computes it.

    What computes the operation has to be given with `impl`.

    Raises:
        ValueError: if the name is no string.
    """
    if not isinstance(qualname, str):
        raise ValueError(
            "torch.library.define: expected qualname to be an instance of str, got "
            f"{type(qualname).__name__}"
        )
    return lambda function: impl(qualname, "cpu", function)


def impl(
    qualname: str, types: Any, func: Callable[..., Any] | None = None, *, lib: Any = None
) -> Any:
    """Let `func` compute the operation `qualname`, if "cpu" is among `types`. Also a decorator."""
    kinds = [types] if isinstance(types, str) else list(types)

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        if {kind.lower() for kind in kinds} & {"cpu", "default", "compositeexplicitautograd"}:
            operations[qualname] = CustomOpDef(qualname, function)
        return function

    return add if func is None else add(func)


class Library:
    """The operations of one namespace.

    Args:
        ns: the namespace.
        kind: "DEF", "IMPL" or "FRAGMENT".
        dispatch_key: where they compute; "CPU" or "" for here.
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("DEF", "IMPL", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Return the name in a schema, ``"double(Tensor x) -> Tensor"``."""
        return schema.partition("(")[0]

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", **kwargs: Any
    ) -> None:
        """Let `fn` compute an operation, where that is on the CPU."""
        key = dispatch_key or self.dispatch_key or "CPU"
        impl(f"{self.ns}::{op_name}", key, fn)


def get_ctx() -> Any:
    """Refuse: shapes are not asked for."""
    return refused("torch.library.get_ctx", "shapes of results are not asked for")()


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: Any, op_name: str | None = None
) -> str:
    """Write the schema of a function whose arguments are annotated, as PyTorch does.

    >>> def double(x: Tensor, times: int = 2) -> Tensor: ...
    >>> infer_schema(double, mutates_args=())
    '(Tensor x, SymInt times=2) -> Tensor'
    """
    names = {int: "SymInt", float: "float", bool: "bool", str: "str", Tensor: "Tensor"}
    names |= {kind.__name__: name for kind, name in names.items()}  # type: ignore[misc]

    def written(annotation: Any) -> str:
        if annotation in (None, type(None), "None"):
            return "()"
        if annotation not in names:
            raise ValueError(f"infer_schema(func): unsupported type {annotation}")
        return names[annotation]

    signature = inspect.signature(prototype_function)
    parts = [
        written(p.annotation)
        + (f"(a{i}!)" if p.name in mutates_args else "")
        + f" {p.name}"
        + ("" if p.default is p.empty else f"={p.default}")
        for i, p in enumerate(signature.parameters.values())
    ]
    return f"{op_name or ''}({', '.join(parts)}) -> {written(signature.return_annotation)}"


__getattr__ = missing(__name__)
