"""The pickles inside PyTorch's files: names of its own for classes, and storages for arrays.

Python's own unpickler imports and calls what a pickle tells it to, and so does `loads_trusted`.
`loads` is an interpreter of its own for the few instructions that tensors and plain containers
need: a name in a pickle is only ever looked up in the table `REBUILDERS` and among what the program
has said to be safe, and anything else is refused by name.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import pickletools
import sys
import warnings
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict
from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from minitorch import _dtypes
from minitorch._constructors import TYPE_NAMES
from minitorch._dtypes import Array, Size, device, dtype
from minitorch._tensor import Tensor
from minitorch.autograd.base import Storage
from minitorch.autograd.hooks import RemovableHandle
from minitorch.nn.modules._hook import Hook, to_pytorch
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter, UninitializedTensorMixin

STORAGES = {
    title.replace("Tensor", "Storage"): _dtypes.dtype_named(name)
    for name, title in TYPE_NAMES.items()
}
FOREIGN_STORAGES = {
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "QInt32Storage": "qint32",
    "QInt8Storage": "qint8",
    "QUInt8Storage": "quint8",
}


class Name(NamedTuple):
    """A name that a pickle gives: neither imported nor called."""

    module: str
    name: str

    def __call__(self) -> None:  # pickle wants to write calls of callables only
        raise TypeError("a name in a pickle is not called")

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


OWN, THEIRS = __name__.partition(".")[0], "torch"
FUNCTIONS = (f"{OWN}.nn.functional", OWN)  # the modules that PyTorch's functions are known by
MOVED = {
    f"{OWN}.nn.modules.attention": f"{OWN}.nn.modules.activation",
    f"{OWN}.autograd.hooks": f"{OWN}.utils.hooks",
    f"{OWN}.nn.modules._hook": f"{OWN}.nn.modules.module",
    f"{OWN}.optim.adam": f"{OWN}.optim",  # where AdamW is, too
    f"{OWN}.optim.adafactor": f"{OWN}.optim",
}
"""Modules that are part of another one in PyTorch."""


def torch_name(obj: Any) -> Name | None:
    """The name in PyTorch of one of minitorch's classes and functions; None for anything else."""
    name, module = getattr(obj, "__qualname__", ""), str(getattr(obj, "__module__", ""))
    top, _, below = module.partition(".")
    if top not in (OWN, THEIRS):
        return None
    own = f"{OWN}.{below}" if below else OWN
    whole = own.partition("._")[0].partition(".lr_scheduler.")
    places = (
        ("".join(whole[:2]).removesuffix("."), own) if isinstance(obj, type) else (*FUNCTIONS, own)
    )
    for place in places:
        found = getattr(sys.modules.get(place), name, None)
        if found is obj or (found is not None and getattr(found, "__wrapped__", None) is obj):
            return Name(THEIRS + MOVED.get(place, place).removeprefix(OWN), name)
    return None


# ---- writing ----------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where an array lies: in which storage, and how far apart its elements are, in elements."""

    key: str
    numel: int
    offset: int
    strides: tuple[int, ...]


REBUILD_TENSOR = Name("torch._utils", "_rebuild_tensor_v2")
REBUILD_PARAMETER = Name("torch._utils", "_rebuild_parameter")
REBUILD_PARAMETER_WITH_STATE = Name("torch._utils", "_rebuild_parameter_with_state")
REBUILD_WITH_ATTRIBUTES = Name("torch._tensor", "_rebuild_from_type_v2")
TENSOR = Name("torch", "Tensor")
ORDERED_DICT = Name("collections", "OrderedDict")
COUNTER = Name("collections", "Counter")
SIZE = Name("torch", "Size")
NEW_OBJECT: Any = copyreg.__newobj__  # type: ignore[attr-defined]
DEVICE = Name("torch", "device")
ENCODE = Name("_codecs", "encode")
REBUILT_BY: dict[type, tuple[Name, Callable[[Any], tuple[Any, ...]]]] = {
    Counter: (COUNTER, lambda x: (dict(x),)),
    Size: (SIZE, lambda x: (tuple(x),)),
    device: (DEVICE, lambda x: (x.type,) if x.index is None else (x.type, x.index)),
    bytes: (ENCODE, lambda x: (x.decode("latin1"), "latin1")),
    # By their old names, which protocol 2 goes by.
    set: (Name("__builtin__", "set"), lambda x: (list(x),)),
    bytearray: (Name("__builtin__", "bytearray"), lambda x: (bytes(x),)),
    complex: (Name("__builtin__", "complex"), lambda x: (x.real, x.imag)),
}
DTYPES = {d.name: d for d in _dtypes.DTYPES}
DTYPE_NAMES = {d: Name("torch", d.name) for d in _dtypes.DTYPES}
STORAGE_NAMES = {d: Name("torch", name) for name, d in STORAGES.items()}


class _StorageOf(NamedTuple):
    dtype: dtype
    place: Place


class _Rebuilt(NamedTuple):
    """The tensor within a parameter."""

    args: tuple[Any, ...]


# The pickler that is written in Python, which lets names be written that nobody has imported.
_Pickler: Any = pickle._Pickler


class _Writer(_Pickler):  # type: ignore[misc]
    dispatch: ClassVar[dict[Any, Any]] = dict(_Pickler.dispatch)

    def __init__(self, file: io.BytesIO, place_of: Callable[[Array], Place], protocol: int) -> None:
        super().__init__(file, protocol=protocol)
        self.place_of = place_of
        self.tables: dict[int, tuple[Any, Any]] = {}  # of hooks, as modules have them and PyTorch

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _StorageOf):
            return None
        return "storage", STORAGE_NAMES[obj.dtype], obj.place.key, "cpu", obj.place.numel

    def reducer_override(self, obj: Any) -> Any:
        """Say how an object is rebuilt: a name and the arguments of its call."""
        kind = type(obj)
        if isinstance(obj, Tensor) and not isinstance(obj, UninitializedTensorMixin):
            return self._tensor(obj)
        if isinstance(obj, Module):
            reduced: Any = obj.__reduce_ex__(2)
            made, args, state, *rest = reduced
            if isinstance(state, dict) and "_forward_hooks" in state:
                state = to_pytorch(state, self._functions)
            return (made, args, state, *rest)
        if kind is RemovableHandle:
            hooks, *others = obj.__getstate__()
            return NEW_OBJECT, (kind,), (self._functions(hooks), *others)
        if kind is OrderedDict:
            return ORDERED_DICT, (), obj.__dict__ or None, None, iter(obj.items())
        if kind in REBUILT_BY:
            name, arguments = REBUILT_BY[kind]
            return name, arguments(obj)
        return NotImplemented  # pickle itself writes it as PyTorch would

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write the name of a class or function."""
        found = torch_name(obj)
        if found is not None:
            self._write_as(found, obj)
            return
        qualified = str(name or getattr(obj, "__qualname__", ""))
        if "<locals>" in qualified:
            raise AttributeError(f"Can't pickle local object {qualified!r}")
        super().save_global(obj, name)

    def _functions(self, hooks: Any) -> Any:
        """A table of a module's hooks as functions: the same one for the module and for handles."""
        if not any(isinstance(hook, Hook) for hook in (hooks or {}).values()):
            return hooks
        if id(hooks) not in self.tables:
            self.tables[id(hooks)] = hooks, OrderedDict((n, h.call) for n, h in hooks.items())
        return self.tables[id(hooks)][1]

    def _tensor(self, tensor: Any) -> Any:
        array, plain = tensor._stored, not issubclass(type(tensor), Parameter)
        place = self.place_of(array)
        where = _StorageOf(tensor.dtype, place), place.offset, array.shape, place.strides
        args: Any = (*where, plain and tensor.requires_grad, OrderedDict())
        attributes = tensor._notes()
        kind = TENSOR if type(tensor) is Tensor else type(tensor)
        if plain and (attributes or kind is not TENSOR):
            return REBUILD_WITH_ATTRIBUTES, (REBUILD_TENSOR, kind, args, attributes)
        if plain:
            return REBUILD_TENSOR, args
        options: Any = _Rebuilt(args), tensor.requires_grad, OrderedDict()
        if attributes:
            return REBUILD_PARAMETER_WITH_STATE, (*options, attributes)
        return REBUILD_PARAMETER, options

    def _write_name(self, obj: Any) -> None:
        self._write_as(DTYPE_NAMES[obj] if isinstance(obj, dtype) else obj, obj)

    def _write_as(self, name: Name, obj: Any) -> None:
        self.write(pickle.GLOBAL + f"{name.module}\n{name.name}\n".encode("ascii"))
        self.memoize(obj)

    def _write_rebuilt(self, obj: _Rebuilt) -> None:
        self.save_reduce(REBUILD_TENSOR, obj.args, obj=obj)

    dispatch[Name] = _write_name
    dispatch[dtype] = _write_name
    dispatch[_Rebuilt] = _write_rebuilt
    dispatch[FunctionType] = save_global


def dumps(obj: Any, place_of: Callable[[Array], Place], protocol: int = 2) -> bytes:
    """Pickle `obj` as PyTorch does, with its arrays in storages.

    Args:
        place_of: tells where an array lies.
        protocol: of the pickle.

    Raises:
        pickle.PicklingError, AttributeError, TypeError: for what cannot be pickled.
    """
    file = io.BytesIO()
    _Writer(file, place_of, protocol).dump(obj)
    return file.getvalue()


# ---- reading ----------------------------------------------------------------------------------


class LoadedStorage(NamedTuple):
    """Numbers as they lie in memory, and the version counter that their tensors share."""

    array: Array
    counter: Storage


class StorageReader(Protocol):
    """Reads the storage with a key."""

    def __call__(self, key: str, dtype: dtype, numel: int, location: str) -> LoadedStorage: ...


class DamagedFileError(RuntimeError, pickle.UnpicklingError, EOFError, ValueError):
    """A file that is damaged, cut short, or not what it should be.

    It is each of the errors that PyTorch raises for one, which depends on where the damage is.
    """


def refuse(message: str) -> pickle.UnpicklingError:
    """The error for a file that is not read."""
    return pickle.UnpicklingError(f"load: {message}")


def _tensor(
    storage: Any,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool = False,
    hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    """A view into a storage, within its bounds."""
    if not isinstance(storage, LoadedStorage):
        raise refuse("a tensor without a storage")
    counts = (offset, *size, *stride)
    if any(type(n) is not int or n < 0 for n in counts) or len(size) != len(stride):
        raise refuse(f"a tensor of impossible size {size} and stride {stride}")
    array = storage.array
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and last >= array.size:
        raise refuse(
            f"a tensor of size {size} and stride {stride} from {offset} on does not fit into its "
            f"storage of {array.size} elements"
        )
    steps = tuple(step * array.itemsize for step in stride)
    start = 0 if 0 in size else offset * array.itemsize
    tensor = Tensor._wrap_stored(np.ndarray(size, array.dtype, array, start, steps))
    tensor._storage = storage.counter
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def _parameter(data: Any, requires_grad: bool, hooks: Any, state: Any = None) -> Any:
    if type(data) is not Tensor:
        raise refuse("a parameter that is no tensor")
    return _with_attributes(Parameter(data, bool(requires_grad)), state or {})


def _typed(function: Any, kind: Any, args: tuple[Any, ...], state: Any) -> Any:
    """A tensor with attributes of its own."""
    if type(function) is not Name or function != REBUILD_TENSOR:
        raise refuse("a tensor that is made in a way of its own")
    if isinstance(kind, type) and issubclass(kind, Tensor):  # the program has said it to be safe
        return _with_attributes(_tensor(*args).as_subclass(kind), state)
    if kind not in (TENSOR, PARAMETER):
        raise refuse(f"a tensor of type {kind}")
    tensor = _tensor(*args)
    if kind == PARAMETER:
        return _parameter(tensor, tensor.requires_grad, None, state)
    return _with_attributes(tensor, state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    if not isinstance(state, dict):
        raise refuse(f"a tensor with a state of type {type(state).__name__}")
    for key, value in state.items():
        if not isinstance(key, str) or key == "_array" or hasattr(type(tensor), key):
            raise refuse(f"a tensor with an attribute {key!r}")
        tensor.__dict__[key] = value
    return tensor


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise refuse(f"bytes in the encoding {encoding!r}")
    return text.encode(encoding)


def _bytearray(data: Any = b"") -> bytearray:
    if type(data) is not bytes:  # a number would ask for so many bytes
        raise refuse("a bytearray of something else than bytes")
    return bytearray(data)


def _checked(kind: Any, *accepted: type) -> Callable[..., Any]:
    """A constructor that takes at most one argument, of one of these types."""

    def make(*args: Any) -> Any:
        if len(args) > 1 or any(type(arg) not in accepted for arg in args):
            raise refuse(f"a {kind.__name__} of something unexpected")
        return kind(*args)

    return make


BLOCKED = ("sys", "os", "posix", "nt")  # modules from which nothing is ever safe
_safe: dict[Any, None] = {}  # what the program has said to be safe, in its order


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` make and call these classes and functions, where a file names them.

    Args:
        safe_globals: each a class or function, or a pair of one and the name it has in files.

    >>> import fractions, io, minitorch
    >>> file = io.BytesIO()
    >>> minitorch.save(fractions.Fraction(1, 3), file)
    >>> add_safe_globals([fractions.Fraction])
    >>> _ = file.seek(0)
    >>> minitorch.load(file)
    Fraction(1, 3)
    >>> clear_safe_globals()
    """
    _safe.update(dict.fromkeys(safe_globals))


def get_safe_globals() -> list[Any]:
    """Return what `add_safe_globals` has added."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Take back all that `add_safe_globals` has added."""
    _safe.clear()


class safe_globals:
    """A context in which `load` makes and calls these classes and functions, too.

    Args:
        safe_globals: as `add_safe_globals` takes them.

    >>> with safe_globals([slice]):
    ...     get_safe_globals()
    [<class 'slice'>]
    """

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exc_info: object) -> None:
        for each in self.safe_globals:
            _safe.pop(each, None)


def _safe_by_name() -> dict[str, Any]:
    """Return what is safe, by the names that files have for it."""
    found = {}
    for each in _safe:
        if not isinstance(each, tuple):
            name = torch_name(each) or f"{each.__module__}.{each.__qualname__}"
            found[str(name)] = each
            continue
        if len(each) != 2:
            raise ValueError(
                "Expected tuple of length 2 (global, str of callable full path), but got tuple of "
                f"length: {len(each)}"
            )
        if type(each[1]) is not str:
            raise TypeError(
                "Expected second item in tuple to be str of callable full path, but got: "
                f"{type(each[1])}"
            )
        found[each[1]] = each[0]
    return found


UNSAFE_MESSAGE = (
    "In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` "
    "from `False` to `True`. Re-running `torch.load` with `weights_only` set to `False` will "
    "likely succeed, but it can result in arbitrary code execution. Do it only if you got the file "
    "from a trusted source."
)
DOCS_MESSAGE = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with "
    "weights_only https://pytorch.org/docs/stable/generated/torch.load.html."
)


def _not_safe(found: Name) -> pickle.UnpicklingError:
    """PyTorch's error for a name that is not loaded."""
    name = str(found).removeprefix("builtins.")
    if found.module in BLOCKED:
        return pickle.UnpicklingError(
            f"Weights only load failed. {UNSAFE_MESSAGE}\n\n\nTrying to load unsupported GLOBAL "
            f"{name} whose module {found.module} is blocked.{DOCS_MESSAGE}"
        )
    return pickle.UnpicklingError(
        "Weights only load failed. This file can still be loaded, to do so you have two options, "
        "\033[1mdo those steps only if you trust the source of the checkpoint\033[0m. "
        f"\n\t(1) {UNSAFE_MESSAGE}\n\t(2) Alternatively, to load with `weights_only=True` please "
        "check the recommended steps in the following error message.\n\tWeightsUnpickler error: "
        f"Unsupported global: GLOBAL {name} was not an allowed global by default. Please use "
        f"`torch.serialization.add_safe_globals([{name}])` or the "
        f"`torch.serialization.safe_globals([{name}])` context manager to allowlist this global if "
        f"you trust this class/function.{DOCS_MESSAGE}"
    )


PARAMETER = Name("torch.nn.parameter", "Parameter")
REBUILDERS: dict[Name, Callable[..., Any]] = {
    REBUILD_TENSOR: _tensor,
    REBUILD_PARAMETER: _parameter,
    REBUILD_PARAMETER_WITH_STATE: _parameter,
    REBUILD_WITH_ATTRIBUTES: _typed,
    ORDERED_DICT: _checked(OrderedDict, list),
    COUNTER: _checked(Counter, dict),
    SIZE: _checked(Size, tuple, list),
    DEVICE: lambda kind, index=None: device(kind, index),
    ENCODE: _encoded,
    Name("builtins", "set"): _checked(set, list, tuple),
    Name("builtins", "frozenset"): _checked(frozenset, list, tuple),
    Name("builtins", "bytearray"): _bytearray,
    Name("builtins", "complex"): lambda real, imag: complex(float(real), float(imag)),
    Name("builtins", "bytes"): lambda: b"",
    Name("torch.serialization", "_get_layout"): lambda name: Tensor.layout,
}
MENTIONED = {TENSOR, PARAMETER, *(Name("torch", name) for name in STORAGES)}
FOREIGN_DTYPES = {"complex32", "complex64", "complex128", "uint16", "uint32", "uint64"}


def _named(module: str, name: str, safe: dict[str, Any]) -> Any:
    """Look up a name in a pickle: itself, if it is in the table, or a dtype, or what is `safe`."""
    found = Name(*NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name)))
    if found in REBUILDERS or found in MENTIONED:
        return found
    if module == "torch" and name in DTYPES:
        return DTYPES[name]
    if module == "torch" and (name in FOREIGN_STORAGES or name in FOREIGN_DTYPES):
        kind = FOREIGN_STORAGES.get(name, name)
        raise refuse(
            f"the file holds {kind} numbers, which minitorch has not; in PyTorch, save "
            "tensor.float() instead"
        )
    if found.module not in BLOCKED and str(found) in safe:
        return safe[str(found)]
    raise _not_safe(found)


def _set_state(target: Any, state: Any) -> None:
    """Do what the pickle module does with an object's state."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    target.__dict__.update(state or {})
    for name, value in (slots or {}).items():
        setattr(target, name, value)


class _Reader:
    """A stack machine for the instructions of a pickle that make values."""

    def __init__(self, read_storage: StorageReader) -> None:
        self.read_storage = read_storage
        self.safe = _safe_by_name()
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self, pickled: bytes) -> Any:
        """The value that the pickle describes."""
        for opcode, argument, _ in pickletools.genops(pickled):
            name = opcode.name
            if name == "STOP":
                break
            if name in VALUES:
                self.push(argument)
            elif name in INSTRUCTIONS:
                INSTRUCTIONS[name](self, argument)
            else:
                raise refuse(f"the file has the instruction {name}, which is not needed for data")
        (value,) = self.stack
        return value

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def push_mark(self, _: Any) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.push(_named(module, name, self.safe))

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise refuse("a name that is no string")
        self.push(_named(module, name, self.safe))

    def call(self, _: Any) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        if self.is_safe(function):
            self.push(function(*args))
            return
        if type(function) is not Name or function not in REBUILDERS or type(args) is not tuple:
            raise refuse(f"the file calls {function}")
        self.push(REBUILDERS[function](*args))

    def build(self, _: Any) -> None:
        """Attributes: only those of a state_dict, such as its `_metadata`."""
        state, target = self.stack.pop(), self.stack[-1]
        if self.is_safe(type(target)):
            _set_state(target, state)
            return
        if type(target) is not OrderedDict or type(state) is not dict:
            raise refuse(f"the file sets attributes of a {type(target).__name__}")
        for key, value in state.items():
            if type(key) is not str or key.startswith("__") or hasattr(OrderedDict, key):
                raise refuse(f"the file sets the attribute {key!r}")
            target.__dict__[key] = value

    def is_safe(self, obj: Any) -> bool:
        """Whether the program has said so."""
        return any(obj is safe for safe in self.safe.values())

    def new(self, _: Any) -> None:
        """An object of a class, which is not initialized."""
        args, kind = self.stack.pop(), self.stack.pop()
        if not self.is_safe(kind):
            raise refuse(f"the file makes an object of {kind}")
        self.push(kind.__new__(kind, *args))

    def storage(self, _: Any) -> None:
        found = self.stack.pop()
        kinds = tuple(map(type, found)) if type(found) is tuple else None
        if kinds != (str, Name, str, str, int) or found[1].name not in STORAGES:
            raise refuse("the file refers to something else than a storage")
        _, storage, key, location, numel = found
        self.push(self.read_storage(key, STORAGES[storage.name], numel, location))

    def top(self, use: str, *kinds: type) -> Any:
        """The value that the file goes on to change, which is of one of these types."""
        if type(self.stack[-1]) not in kinds:
            raise refuse(f"the file {use} a {type(self.stack[-1]).__name__}")
        return self.stack[-1]

    def append(self, items: list[Any]) -> None:
        self.top("appends to", list).extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.top("sets items of", dict, OrderedDict, Counter)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    def add_items(self, items: list[Any]) -> None:
        self.top("adds to", set).update(items)

    def pop(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise DamagedFileError("its pickle does not hold together")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def put(self, number: int) -> None:
        self.memo[number] = self.stack[-1]


VALUES = {
    "BINFLOAT", "BININT", "BININT1", "BININT2", "BINUNICODE", "BINUNICODE8", "BINBYTES",
    "BINBYTES8", "FLOAT", "INT", "LONG", "LONG1", "LONG4", "SHORT_BINBYTES", "SHORT_BINUNICODE",
    "UNICODE",
}  # fmt: skip
INSTRUCTIONS: dict[str, Callable[[_Reader, Any], Any]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda r, _: None),
    "NONE": lambda r, _: r.push(None),
    "NEWTRUE": lambda r, _: r.push(True),
    "NEWFALSE": lambda r, _: r.push(False),
    "EMPTY_TUPLE": lambda r, _: r.push(()),
    "EMPTY_LIST": lambda r, _: r.push([]),
    "EMPTY_DICT": lambda r, _: r.push({}),
    "EMPTY_SET": lambda r, _: r.push(set()),
    "MARK": _Reader.push_mark,
    "TUPLE": lambda r, _: r.push(tuple(r.pop_mark())),
    "TUPLE1": lambda r, _: r.push(tuple(r.pop(1))),
    "TUPLE2": lambda r, _: r.push(tuple(r.pop(2))),
    "TUPLE3": lambda r, _: r.push(tuple(r.pop(3))),
    "LIST": lambda r, _: r.push(r.pop_mark()),
    "FROZENSET": lambda r, _: r.push(frozenset(r.pop_mark())),
    "APPEND": lambda r, _: r.append(r.pop(1)),
    "APPENDS": lambda r, _: r.append(r.pop_mark()),
    "SETITEM": lambda r, _: r.set_items(r.pop(2)),
    "SETITEMS": lambda r, _: r.set_items(r.pop_mark()),
    "ADDITEMS": lambda r, _: r.add_items(r.pop_mark()),
    "GLOBAL": _Reader.name,
    "STACK_GLOBAL": _Reader.stack_name,
    "REDUCE": _Reader.call,
    "BUILD": _Reader.build,
    "NEWOBJ": _Reader.new,
    "BINPERSID": _Reader.storage,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Reader.put),
    "MEMOIZE": lambda r, _: r.put(len(r.memo)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda r, number: r.push(r.memo[number])),
}


def loads(pickled: bytes, read_storage: StorageReader) -> Any:
    """The value that a pickle of PyTorch's describes.

    Args:
        read_storage: gives the storage with a key.

    Raises:
        pickle.UnpicklingError: for a pickle that is damaged, or names anything but tensors and
            plain containers.
    """
    reader = _Reader(read_storage)
    damage = (IndexError, KeyError, TypeError, ValueError, AttributeError, DeprecationWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # an odd escape in a name
            return reader.run(pickled)
    except damage as error:
        raise DamagedFileError(f"its pickle does not hold together ({error})") from error


# ---- reading what is trusted ------------------------------------------------------------------


def _of_class(function: Any, kind: Any, args: tuple[Any, ...], state: Any) -> Any:
    made = function(*args)
    return _with_attributes(made if type(made) is kind else made.as_subclass(kind), state or {})


def _trusted(module: str, name: str) -> Any:
    """Find what PyTorch's `name` stands for here."""
    if module == THEIRS and (name in STORAGES or name in FOREIGN_STORAGES or name in DTYPES):
        return _named(module, name, {})
    found = Name(module, name)
    if found == Name("torch._C", "_VariableFunctionsClass"):  # its methods are torch's functions
        return import_module(OWN)
    if found == REBUILD_WITH_ATTRIBUTES:
        return _of_class
    if found in REBUILDERS and module != THEIRS:
        return REBUILDERS[found]
    own = OWN + module.removeprefix(THEIRS)
    for place in (own, own.rpartition(".")[0] or own, f"{OWN}.nn", *FUNCTIONS):
        try:
            value: Any = import_module(place)
            for part in name.split("."):
                value = getattr(value, part)
        except (ImportError, AttributeError) as error:
            lacking = error
        else:
            return value
    raise AttributeError(f"Can't get attribute {name!r} on the module {module!r}: {lacking}")


def loads_trusted(
    pickled: bytes, read_storage: StorageReader, pickle_module: Any, **options: Any
) -> Any:
    """The value that a pickle of PyTorch's describes; whatever it names is imported and called.

    Args:
        read_storage: gives the storage with a key.
        pickle_module: has the class Unpickler, which takes the `options`.
    """

    class Unpickler(pickle_module.Unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            if module.partition(".")[0] in (THEIRS, OWN):
                return _trusted(THEIRS + module.removeprefix(OWN).removeprefix(THEIRS), name)
            return super().find_class(module, name)

        def persistent_load(self, found: Any) -> Any:
            _, storage, key, location, numel = found
            return read_storage(key, STORAGES[storage.name], numel, location)

    return Unpickler(io.BytesIO(pickled), **options).load()
