"""`__torch_function__`: classes that take PyTorch's functions into their own hands.

    class Logged(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            print(func.__name__)
            return super().__torch_function__(func, types, args, kwargs)

    y = torch.exp(torch.ones(2).as_subclass(Logged)) + 1  # prints exp and add; y is Logged, too

No function looks for such a class until the first one is defined, or ``torch`` is minitorch's: then
`enable` puts a function around each that a class may take over, of `minitorch`, `Tensor`,
`nn.functional`, `linalg` and `special`.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import getattr_static
from types import FunctionType, ModuleType
from typing import Any

import minitorch
from minitorch._missing import missing
from minitorch._tensor import Tensor, _disabled_torch_function_impl

__all__ = [
    "TorchFunctionMode",
    "enable",
    "enable_reentrant_dispatch",
    "get_default_nowrap_functions",
    "get_ignored_functions",
    "get_overridable_functions",
    "handle_torch_function",
    "has_torch_function",
    "is_tensor_like",
    "is_tensor_method_or_property",
    "resolve_name",
    "wrap_torch_function",
]

NAMESPACES = ("minitorch", "minitorch.linalg", "minitorch.nn.functional", "minitorch.special")
_IGNORED = (
    "arange as_tensor asarray broadcast_shapes empty empty_strided eye frombuffer from_dlpack "
    "from_numpy full linspace logspace normal ones rand randint randn randperm range scalar_tensor "
    "tensor tril_indices triu_indices zeros"
)
IGNORED = frozenset(_IGNORED.split())
"""Functions that make tensors: modes are asked, and no class."""
_NEVER = (
    "__dir__ __getattr__ are_deterministic_algorithms_enabled compile get_default_device "
    "get_default_dtype get_float32_matmul_precision get_num_threads get_rng_state initial_seed "
    "autocast_decrement_nesting autocast_increment_nesting clear_autocast_cache "
    "get_autocast_cpu_dtype get_autocast_dtype is_autocast_cache_enabled is_autocast_cpu_enabled "
    "set_autocast_cache_enabled set_autocast_cpu_dtype set_autocast_cpu_enabled "
    "set_autocast_dtype set_autocast_enabled "
    "install_as_torch is_anomaly_check_nan_enabled is_anomaly_enabled is_autocast_enabled "
    "is_grad_enabled is_inference_mode_enabled is_storage is_tensor load manual_seed save seed "
    "set_default_device set_default_dtype set_float32_matmul_precision set_num_threads "
    "set_printoptions set_rng_state typename use_deterministic_algorithms"
)
NEVER = frozenset(_NEVER.split())
"""Functions that are no operations."""

OPERATORS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add_", "__sub__": "sub", "__isub__": "sub_",
    "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul_", "__truediv__": "div",
    "__itruediv__": "div_", "__mod__": "remainder", "__imod__": "remainder_",
    "__matmul__": "matmul", "__lt__": "lt", "__le__": "le", "__gt__": "gt", "__ge__": "ge",
    "__ne__": "ne", "__neg__": "neg", "__pos__": "positive", "__abs__": "abs", "__div__": "div",
    "__idiv__": "div_", "__rtruediv__": "__rdiv__", "__rand__": "bitwise_and",
    "__ror__": "bitwise_or", "__rxor__": "bitwise_xor",
}  # fmt: skip
REFLECTED = ("__rand__", "__ror__", "__rxor__")
"""The methods, for the last three the functions, by whose name an operator goes."""

_NOT_METHODS = (
    "__class__ __class_getitem__ __delattr__ __dir__ __getattr__ __getattribute__ __hash__ "
    "__init__ __init_subclass__ __iter__ __new__ __reduce__ __reduce_ex__ __setattr__ __setstate__ "
    "__sizeof__ __subclasshook__ __torch_function__ as_subclass"
)
NOT_METHODS = frozenset(_NOT_METHODS.split())
_PROPERTIES = (
    "H T _base _version data device dtype grad grad_fn imag is_cpu is_cuda is_ipu is_leaf is_maia "
    "is_meta is_mkldnn is_mps is_mtia is_nested is_quantized is_sparse is_sparse_csr is_vulkan "
    "is_xla is_xpu itemsize layout mH mT nbytes ndim output_nr real requires_grad "
    "retains_grad shape"
)

_plain: set[type] = {Tensor, int, float, bool, str, type(None), slice, type(...)}
"""Types that are known to take nothing over. Lists and tuples are looked into, each time."""


class _State(threading.local):
    """The state of one thread."""

    def __init__(self) -> None:
        self.disabled = 0
        self.modes: list[TorchFunctionMode] = []


_state = _State()
_modes = 0  # how many there are, in all threads
_wrapped: dict[Any, Any] = {}  # a function, by what stands around it


def _takes_over(kind: type) -> bool:
    """Whether objects of this type have a `__torch_function__` of their own; remembered if not."""
    found = getattr(kind, "__torch_function__", None)
    inherited = Tensor.__torch_function__.__func__  # type: ignore[attr-defined]
    if found is None or getattr(found, "__func__", found) in (
        inherited,
        _disabled_torch_function_impl,
    ):
        if kind not in (list, tuple):
            _plain.add(kind)
        return False
    return True


def _overloaded(args: Iterable[Any]) -> list[Any]:
    """The arguments that take over, one a type: subclasses first, else from left to right."""
    found: list[Any] = []
    types: list[type] = []
    for arg in args:
        kind = type(arg)
        if kind in _plain or kind in types or not _takes_over(kind):
            continue
        types.append(kind)
        at = next((i for i, other in enumerate(found) if issubclass(kind, type(other))), len(found))
        found.insert(at, arg)
    return found


def _relevant(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
    """The arguments, and what lists and tuples among them hold."""
    for arg in (*args, *kwargs.values()):
        if (
            isinstance(arg, (list, tuple))
            and type(arg) not in _plain
            and not _takes_over(type(arg))
        ):
            yield from arg
        else:
            yield arg


def _around(
    function: Callable[..., Any],
    public: Callable[..., Any] | None = None,
    classes: bool = True,
    name: str = "",
) -> Any:
    """A function that asks the classes of its arguments, and the modes, before it calls `function`.

    Args:
        function: what it is around.
        public: what they are told is called; by default what is made here.
        classes: whether classes are asked; else modes alone.
        name: of what is made; by default that of `function`.
    """

    operator = name.startswith("__") or function.__name__ == "__pow__"

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if type(arg) not in _plain:
                return ask(args, kwargs)
        if kwargs or _modes:
            return ask(args, kwargs)
        return function(*args)

    def ask(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = []
        if classes and not _state.disabled:
            found = _overloaded(_relevant(args, kwargs))
        if found or (_state.modes and _state.disabled < 2):
            try:
                return _dispatch(public or wrapper, found, args, kwargs)
            except TypeError:
                if not operator:
                    raise
                return NotImplemented  # and Python asks the other operand
        return function(*args, **kwargs)

    wrapper.__name__ = name or function.__name__
    _wrapped[wrapper] = function
    return wrapper


def _dispatch(public: Any, found: list[Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    """Ask the innermost mode, and then the classes, until one has an answer."""
    types = tuple(map(type, found))
    if _state.modes and _state.disabled < 2:
        mode = _state.modes.pop()  # which is not asked about what it does itself
        try:
            result = mode.__torch_function__(public, types, args, kwargs)
        finally:
            _state.modes.append(mode)
        if result is not NotImplemented:
            return result
    for arg in found:
        result = arg.__torch_function__(public, types, args, kwargs)
        if result is not NotImplemented:
            return result
    listed = "\n".join(f"  - tensor subclass {kind}" for kind in types)
    raise TypeError(
        f"Multiple dispatch failed for '{_named(public)}'; all "
        f"__torch_function__ handlers returned NotImplemented:\n\n{listed}\n"
    )


def _named(public: Any) -> str:
    """The name of a function in PyTorch, as far as it is known."""
    module = next(
        (n for n in NAMESPACES if vars(sys.modules[n]).get(public.__name__) is public), None
    )
    return f"{(module or 'minitorch.Tensor').replace('minitorch', 'torch', 1)}.{public.__name__}"


# ---- what a class inherits ---------------------------------------------------------------------


@contextmanager
def disabled(level: int = 1) -> Iterator[None]:
    """Ask no class within; at level 2, no mode either."""
    before = _state.disabled
    _state.disabled = max(level, before)
    try:
        yield
    finally:
        _state.disabled = before


@contextmanager
def enable_reentrant_dispatch() -> Iterator[None]:
    """Ask classes again, within a `__torch_function__` that has switched that off."""
    before, _state.disabled = _state.disabled, 0
    try:
        yield
    finally:
        _state.disabled = before


def convert(result: Any, cls: Any) -> Any:
    """The result with its tensors as `cls`: lists and tuples are looked into."""
    if cls is Tensor:
        return result
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if isinstance(result, (tuple, list)):
        parts = [convert(part, cls) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def default(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Call `func`, and let its results be of the class: what `Tensor.__torch_function__` does."""
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with disabled():
        result = func(*args, **(kwargs or {}))
    return result if func in get_default_nowrap_functions() else convert(result, cls)


def enable() -> None:
    """Let every function ask the classes of its arguments from now on."""
    if _wrapped:
        return
    for name in dir(Tensor):
        method = getattr(Tensor, name)
        private = name.startswith("_") and not name.endswith("__")
        if isinstance(method, FunctionType) and not private and name not in NOT_METHODS:
            _set(name, _around(method, name="pow" if name == "__pow__" else name))
    for name in NAMESPACES:
        wrap_namespace(import_module(name))
    functional = vars(sys.modules["minitorch.nn.functional"]).values()
    around = {_wrapped[f]: f for f in functional if isinstance(f, FunctionType) and f in _wrapped}
    layers: list[Any] = [import_module("minitorch.nn.modules._functional").FunctionalModule]
    for layer in layers:  # each knows its function from when its class was made
        layers += layer.__subclasses__()
        own = vars(layer).get("_function")
        if own is not None and own.__func__ in around:
            layer._function = staticmethod(around[own.__func__])
    for operator, name in OPERATORS.items():
        function = _wrapped[getattr(Tensor, operator)]
        public = getattr(minitorch if operator in REFLECTED else Tensor, name)
        _set(operator, _around(function, public, name=operator))


def _set(name: str, method: Any) -> None:
    """Give `Tensor` a method, which pickle finds there."""
    method.__module__, method.__qualname__ = "minitorch", f"Tensor.{name}"
    setattr(Tensor, name, method)


class _Accessor:
    """A stand-in for ``Tensor.T.__get__`` or another of its methods, equal to it."""

    __module__ = "torch.Tensor"

    def __init__(self, prop: Property, name: str, function: Callable[..., Any]) -> None:
        self.__self__, self.__name__, self.function = prop, name, function

    def __call__(self, tensor: Any, *args: Any) -> Any:
        if self.__name__ == "__get__":  # which Python gives the class as well
            args = ()
        return self.function(tensor, *args)

    def __eq__(self, other: object) -> bool:
        owner, name = (getattr(other, key, None) for key in ("__self__", "__name__"))
        return name == self.__name__ and owner in (self.__self__, self.__self__.plain)

    def __hash__(self) -> int:
        return hash(getattr(self.__self__.plain, self.__name__))


class Property(property):
    """An attribute of `Tensor` that asks the class, and the modes, before it is looked at or set.

    It stands in the classes that take over, and in `Tensor` itself as long as there are modes:
    other tensors' attributes are as quick as ever.
    """

    plain: Any
    __name__: str

    def __init__(self, name: str, plain: Any) -> None:
        self.__name__ = name
        if not isinstance(plain, property):  # one value for all tensors
            plain = property(lambda tensor, value=plain: value)  # type: ignore[misc]
        self.plain, self.getter_ = plain, _Accessor(self, "__get__", plain.fget)
        super().__init__(
            _around(plain.fget, self.getter_),
            plain.fset and _around(plain.fset, _Accessor(self, "__set__", plain.fset)),
            plain.fdel and _around(plain.fdel, _Accessor(self, "__delete__", plain.fdel)),
            plain.__doc__,
        )


@functools.cache
def properties() -> dict[str, Property]:
    """Those of `Tensor` that a class may take over."""
    return {name: Property(name, getattr_static(Tensor, name)) for name in _PROPERTIES.split()}


def enable_properties(cls: Any) -> None:
    """Let attributes of tensors of a class be its own business, too."""
    enable()
    for name, prop in properties().items():
        if getattr_static(cls, name) is getattr_static(Tensor, name):
            setattr(cls, name, prop)


_replaced: dict[str, Any] = {}  # what stands in `Tensor` itself while there are no modes


def _exchange_properties() -> None:
    """Let every tensor's attributes ask the modes; or, if that has been done, not any more."""
    if _replaced:
        for name, plain in _replaced.items():
            delattr(Tensor, name) if plain is None else setattr(Tensor, name, plain)
        _replaced.clear()
    else:
        for name, prop in properties().items():
            _replaced[name] = vars(Tensor).get(name)
            setattr(Tensor, name, prop)


def wrap_namespace(module: ModuleType) -> None:
    """Let the functions of a module, one of `NAMESPACES`, ask the classes of their arguments."""
    made: dict[Any, Any] = {}  # one for all the names of a function
    for name, function in list(vars(module).items()):
        if isinstance(function, FunctionType) and function not in _wrapped and name not in NEVER:
            if function not in made:
                made[function] = _around(function, classes=function.__name__ not in IGNORED)
                made[function].__module__ = module.__name__  # where pickle finds it
                made[function].__qualname__ = name
            setattr(module, name, made[function])


# ---- PyTorch's helpers -------------------------------------------------------------------------


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether one of these takes over; none does within `Tensor.__torch_function__`."""
    return bool(_state.modes) or (not _state.disabled and bool(_overloaded(relevant_args)))


def has_torch_function_unary(obj: Any) -> bool:
    """Whether `obj` takes over."""
    return has_torch_function((obj,))


def has_torch_function_variadic(*args: Any) -> bool:
    """Whether one of these takes over."""
    return has_torch_function(args)


_has_torch_function = has_torch_function


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Let a class among `relevant_args` do what `public_api` would do with the arguments.

    Raises:
        TypeError: if none of them can.
    """
    return _dispatch(public_api, _overloaded(relevant_args), args, kwargs)


def wrap_torch_function(dispatcher: Callable[..., Any]) -> Callable[..., Any]:
    """Return a decorator that lets classes take a function over.

    Args:
        dispatcher: given the function's arguments, returns those that may.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate


def is_tensor_like(inp: Any) -> bool:
    """Whether it is a tensor, or has a `__torch_function__`."""
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


@functools.cache
def get_default_nowrap_functions() -> set[Any]:
    """Those whose results stay what they are in a subclass."""
    return {properties()[name].getter_ for name in ("_base", "grad")}


def get_ignored_functions() -> set[Any]:
    """Those that no class takes over."""
    return {getattr(minitorch, name) for name in IGNORED if hasattr(minitorch, name)}


def get_overridable_functions() -> dict[Any, list[Any]]:
    """Those that a class may take over, by the module or class that they are in."""
    enable()
    places: list[Any] = [sys.modules[name] for name in NAMESPACES]
    found = {}
    for place in (*places, Tensor):
        values = vars(place).values()
        found[place] = [v for v in values if isinstance(v, FunctionType) and v in _wrapped]
    return found


def is_tensor_method_or_property(func: Any) -> bool:
    """Whether it is one of `Tensor`'s, not a function of a module."""
    return func in get_overridable_functions()[Tensor] or func.__name__ == "__get__"


def resolve_name(f: Any) -> str | None:
    """Return the name by which a function can be called, ``"torch.add"``; None if it has none."""
    for place, functions in get_overridable_functions().items():
        if f in functions:
            name = place.__name__.replace("minitorch", "torch")
            prefix = "torch.Tensor" if place is Tensor else name
            named = next(key for key, value in vars(place).items() if value is f)
            return f"{prefix}.{named}"
    found = (name for name, prop in properties().items() if prop.getter_ == f)
    return next((f"torch.Tensor.{name}.__get__" for name in found), None)


class TorchFunctionMode:
    """A context manager whose `__torch_function__` is asked about each function called within.

    Within its `__torch_function__` the mode is left, so that it can call the function::

        class Names(TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                print(func.__name__)
                return func(*args, **(kwargs or {}))

        with Names():
            torch.ones(2).sum()  # prints ones and sum
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        global _modes
        enable()
        if not _modes:
            _exchange_properties()
        _state.modes.append(self)
        _modes += 1
        return self

    def __exit__(self, *exc_info: object) -> None:
        global _modes
        _state.modes.pop()
        _modes -= 1
        if not _modes:
            _exchange_properties()


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


__getattr__ = missing(__name__)
