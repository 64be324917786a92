"""The pickles inside PyTorch's files, written and read without running anything that they name.

Python's own unpickler imports and calls what a pickle tells it to. `loads` is an interpreter of
its own for the few instructions that tensors and plain containers need: a name in a pickle is only
ever looked up in the table `REBUILDERS`, and anything else is refused by name.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from minitorch import _dtypes
from minitorch._constructors import TYPE_NAMES
from minitorch._dtypes import Array, Size, device, dtype
from minitorch._tensor import Tensor
from minitorch.autograd.base import Storage
from minitorch.nn.parameter import Parameter

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

PLAIN = (type(None), bool, int, float, str, tuple, list, dict)
"""Classes that pickle itself writes as PyTorch reads them."""


class _StorageOf(NamedTuple):
    dtype: dtype
    place: Place


class _Rebuilt(NamedTuple):
    """The tensor within a parameter."""

    args: tuple[Any, ...]


# The pickler that is written in Python, which lets names be written that nobody has imported.
_Pickler: Any = pickle._Pickler


class _Writer(_Pickler):  # type: ignore[misc]
    dispatch: ClassVar[dict[Any, Any]] = {kind: _Pickler.dispatch[kind] for kind in PLAIN}

    def __init__(self, file: io.BytesIO, place_of: Callable[[Array], Place]) -> None:
        super().__init__(file, protocol=2)
        self.place_of = place_of

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _StorageOf):
            return None
        return "storage", STORAGE_NAMES[obj.dtype], obj.place.key, "cpu", obj.place.numel

    def reducer_override(self, obj: Any) -> Any:
        """Say how an object is rebuilt: a name and the arguments of its call."""
        kind = type(obj)
        if kind in self.dispatch:
            return NotImplemented
        if kind is Tensor or kind is Parameter:
            return self._tensor(obj)
        if kind is OrderedDict:
            return ORDERED_DICT, (), obj.__dict__ or None, None, iter(obj.items())
        if kind in REBUILT_BY:
            name, arguments = REBUILT_BY[kind]
            return name, arguments(obj)
        raise pickle.PicklingError(f"save: {_why_not(obj)}")

    def _tensor(self, tensor: Any) -> Any:
        array, plain = tensor._stored, type(tensor) is Tensor
        place = self.place_of(array)
        where = _StorageOf(tensor.dtype, place), place.offset, array.shape, place.strides
        args: Any = (*where, plain and tensor.requires_grad, OrderedDict())
        attributes = {k: v for k, v in tensor.__dict__.items() if not k.startswith("_")}
        if plain and attributes:
            return REBUILD_WITH_ATTRIBUTES, (REBUILD_TENSOR, TENSOR, args, attributes)
        if plain:
            return REBUILD_TENSOR, args
        options: Any = _Rebuilt(args), tensor.requires_grad, OrderedDict()
        if attributes:
            return REBUILD_PARAMETER_WITH_STATE, (*options, attributes)
        return REBUILD_PARAMETER, options

    def _write_name(self, obj: Any) -> None:
        name = DTYPE_NAMES[obj] if isinstance(obj, dtype) else obj
        self.write(pickle.GLOBAL + f"{name.module}\n{name.name}\n".encode("ascii"))
        self.memoize(obj)

    def _write_rebuilt(self, obj: _Rebuilt) -> None:
        self.save_reduce(REBUILD_TENSOR, obj.args, obj=obj)

    dispatch[Name] = _write_name
    dispatch[dtype] = _write_name
    dispatch[_Rebuilt] = _write_rebuilt


def _why_not(obj: Any) -> str:
    kind = type(obj)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    hint = ""
    if hasattr(obj, "state_dict"):
        hint = ": save its state_dict() instead"
    elif kind.__module__ == "numpy":
        fix = "from_numpy(array)" if kind.__name__ == "ndarray" else "its .item()"
        hint = f": save {fix} instead"
    elif isinstance(obj, Tensor):
        hint = ": save its .data instead"
    elif isinstance(obj, (dict, list, tuple, set, int, float, str)):
        hint = f": save it as a plain {kind.__mro__[-2].__name__} instead"
    return (
        f"cannot save an object of type {name}{hint}. Tensors, numbers, strings, dicts, lists, "
        "tuples and sets can be saved, since they are loaded without running code"
    )


def dumps(obj: Any, place_of: Callable[[Array], Place]) -> bytes:
    """Pickle `obj` as PyTorch does, with its arrays in storages.

    Args:
        place_of: tells where an array lies.

    Raises:
        pickle.PicklingError: for what could not be loaded safely again.
    """
    file = io.BytesIO()
    _Writer(file, place_of).dump(obj)
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
    if type(function) is not Name or type(kind) is not Name or function != REBUILD_TENSOR:
        raise refuse("a tensor that is made in a way of its own")
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
        if not isinstance(key, str) or key.startswith("_") or hasattr(type(tensor), key):
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


def _named(module: str, name: str) -> Any:
    """Look up a name in a pickle: itself, if it is in the table, or a dtype."""
    found = Name("builtins" if module == "__builtin__" else module, name)
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
    raise refuse(
        f"the file names {found}, which is neither a tensor nor a plain container. Only these are "
        "loaded, since a file that may name anything can run any code"
    )


class _Reader:
    """A stack machine for the instructions of a pickle that make values."""

    def __init__(self, read_storage: StorageReader) -> None:
        self.read_storage = read_storage
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
        self.push(_named(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise refuse("a name that is no string")
        self.push(_named(module, name))

    def call(self, _: Any) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        if type(function) is not Name or function not in REBUILDERS or type(args) is not tuple:
            raise refuse(f"the file calls {function}")
        self.push(REBUILDERS[function](*args))

    def build(self, _: Any) -> None:
        """Attributes: only those of a state_dict, such as its `_metadata`."""
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is not OrderedDict or type(state) is not dict:
            raise refuse(f"the file sets attributes of a {type(target).__name__}")
        for key, value in state.items():
            if type(key) is not str or key.startswith("__") or hasattr(OrderedDict, key):
                raise refuse(f"the file sets the attribute {key!r}")
            target.__dict__[key] = value

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
    damage = (IndexError, KeyError, TypeError, ValueError, AttributeError, DeprecationWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # an odd escape in a name
            return _Reader(read_storage).run(pickled)
    except damage as error:
        raise DamagedFileError(f"its pickle does not hold together ({error})") from error
