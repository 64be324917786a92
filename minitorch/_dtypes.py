"""Element types, devices and sizes: PyTorch's names over NumPy's dtypes, and its promotion table.

PyTorch promotes by category: a tensor with dimensions outranks a 0-d tensor, which outranks a
Python number, and a lower rank only matters when its kind (bool < integer < float) is higher.
https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from minitorch._not_covered import told
from minitorch.kernels import bfloat16 as brain

__all__ = [
    "AcceleratorError",
    "OutOfMemoryError",
    "Size",
    "bfloat16",
    "can_cast",
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "device",
    "dtype",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "int16",
    "int32",
    "int64",
    "int8",
    "jagged",
    "layout",
    "memory_format",
    "preserve_format",
    "promote_types",
    "set_default_dtype",
    "sparse_bsc",
    "sparse_bsr",
    "sparse_coo",
    "sparse_csc",
    "sparse_csr",
    "strided",
    "uint8",
]

Array = np.ndarray[Any, np.dtype[Any]]
Scalar = bool | int | float


class dtype:
    """An element type, e.g. ``minitorch.float32``; one object per type, compared by identity.

    >>> import minitorch
    >>> minitorch.float32, minitorch.float32.is_floating_point, minitorch.float32.itemsize
    (torch.float32, True, 4)
    """

    __slots__ = ("is_floating_point", "name", "numpy", "stored")
    is_complex: bool = False

    def __init__(self, name: str, numpy: Any = None, stored: Any = None) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(name if numpy is None else numpy)
        self.stored: np.dtype[Any] = self.numpy if stored is None else stored  # in memory
        self.is_floating_point = self.numpy.kind == "f"

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.stored.itemsize

    @property
    def is_signed(self) -> bool:
        """Whether the type holds negative numbers."""
        return self.numpy.kind in "fi"

    def to_complex(self) -> dtype:
        """Refused: complex numbers are out of scope."""
        raise NotImplementedError("minitorch has no complex dtypes")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def to_real(self) -> dtype:
        """The dtype itself: it is real."""
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        return dtype_named, (self.name,)


# PyTorch's aliases (float, half, long, bool ...) are given in minitorch/__init__.py, where they
# shadow no builtin that this file needs.
float16, float32, float64 = map(dtype, ("float16", "float32", "float64"))
int8, int16, int32, int64 = map(dtype, ("int8", "int16", "int32", "int64"))
uint8, bool_ = map(dtype, ("uint8", "bool"))
bfloat16 = dtype("bfloat16", brain.BFLOAT16, brain.BITS)


class Absent(dtype):
    """A dtype that is not covered: it has a name, for tables of dtypes, and no tensor is of it.

    >>> import minitorch
    >>> minitorch.zeros(2, dtype=minitorch.complex64)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    NotImplementedError: torch.complex64 is not covered by minitorch: there are no complex...
    """

    __slots__ = ("_bytes", "is_complex")

    def __init__(self, name: str, size: int) -> None:
        self.name, self._bytes = name, size
        self.is_complex = name.startswith("complex")
        self.is_floating_point = name.startswith("float")

    @property
    def numpy(self) -> Any:  # type: ignore[override]
        raise NotImplementedError(told(f"torch.{self.name}"))

    stored = numpy

    @property
    def itemsize(self) -> int:
        return self._bytes

    @property
    def is_signed(self) -> bool:
        return not self.name.startswith(("uint", "quint", "bits", "float8_e8m0"))


_ABSENT = {
    1: (
        "float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu qint8 quint8 "
        "float4_e2m1fn_x2 quint4x2 quint2x4 bits8 bits4x2 bits2x4 bits1x8 "
        "int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7"
    ),
    2: "bits16 uint16",
    4: "complex32 qint32 uint32",
    8: "complex64 uint64",
    16: "complex128",
}
ABSENT = {name: Absent(name, size) for size, names in _ABSENT.items() for name in names.split()}

DTYPES = (float16, bfloat16, float32, float64, int8, int16, int32, int64, uint8, bool_)
_BY_NUMPY = {kind: d for d in DTYPES for kind in (d.numpy, d.stored)}
_BY_NAME = {d.name: d for d in DTYPES} | ABSENT


def dtype_named(name: str) -> dtype:
    """The dtype called `name`; pickle's way back to the one object."""
    return _BY_NAME[name]


def from_numpy_dtype(numpy_dtype: np.dtype[Any]) -> dtype:
    """The dtype that stores like `numpy_dtype`.

    Raises:
        TypeError: for a NumPy type that PyTorch has no tensor of (strings, objects, complex...).
    """
    try:
        return _BY_NUMPY[numpy_dtype]
    except KeyError:
        supported = ", ".join(d.name for d in DTYPES if d is not bfloat16)
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{numpy_dtype}. "
            f"The only supported types are: {supported}."
        ) from None


def dtype_given(numpy_dtype: np.dtype[Any]) -> dtype:
    """The dtype of a user's array.

    Raises:
        ValueError: for numbers whose bytes are in another order than this machine's.
        TypeError: as `from_numpy_dtype`; bfloat16 has no arrays.
    """
    if not numpy_dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            f"between byte orders is currently not supported; got {numpy_dtype}"
        )
    if numpy_dtype == brain.BITS:
        return from_numpy_dtype(np.dtype("V2"))
    return from_numpy_dtype(numpy_dtype)


_default = float32


def get_default_dtype() -> dtype:
    """The dtype that Python floats become; ``float32`` unless changed."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype that Python floats become.

    Raises:
        TypeError: if `d` is not a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d


_KIND_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def promote_numpy(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype both fit in by PyTorch's table: as NumPy's, but int with float is that float."""
    if a == b:  # bfloat16 too, which NumPy does not know
        return a
    rank_a, rank_b = _KIND_RANK[a.kind], _KIND_RANK[b.kind]
    if rank_a == rank_b:
        return np.promote_types(a, b)
    return a if rank_a > rank_b else b


def meant(wanted: Any) -> Any:
    """The dtype that Python's float, int or bool stands for; what else is given, as it is."""
    return {float: float64, int: int64, bool: bool_}.get(wanted, wanted)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype, by PyTorch's table, that neither operand outranks.

    >>> promote_types(int64, float16)
    torch.float16
    """
    return _BY_NUMPY[promote_numpy(meant(type1).numpy, meant(type2).numpy)]


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether an in-place result of dtype `from_` may be stored as `to`: not to a lower kind.

    >>> can_cast(int64, uint8), can_cast(float32, int64)
    (True, False)
    """
    return _KIND_RANK[meant(from_).numpy.kind] <= _KIND_RANK[meant(to).numpy.kind]


def scalar_dtype(value: Scalar) -> np.dtype[Any]:
    """The NumPy dtype a lone Python number would have as a tensor."""
    if isinstance(value, (bool, np.bool_)):
        return bool_.numpy
    if isinstance(value, (int, np.integer)):
        if not -(2**63) <= value < 2**64:
            raise OverflowError(f"int too big to convert: {value}")
        return int64.numpy
    return _default.numpy


def result_dtype(operands: Iterable[Array | Scalar]) -> np.dtype[Any]:
    """PyTorch's result type for arrays (with and without dimensions) and Python numbers."""
    by_rank: list[np.dtype[Any] | None] = [None, None, None]  # dimensioned, 0-d, Python number
    for operand in operands:
        if isinstance(operand, np.ndarray):
            rank, kind = (0 if operand.ndim else 1), operand.dtype
            kind = brain.BFLOAT16 if kind == brain.BITS else kind
        else:
            rank, kind = 2, scalar_dtype(operand)
        held = by_rank[rank]
        by_rank[rank] = kind if held is None else promote_numpy(held, kind)
    result: np.dtype[Any] | None = None
    for lower in reversed(by_rank):
        if lower is None:
            continue
        outranked = result is not None and _KIND_RANK[result.kind] > _KIND_RANK[lower.kind]
        result = promote_numpy(lower, result) if outranked and result is not None else lower
    assert result is not None, "result_dtype of no operands"
    return result


class device:
    """Where a tensor lives. Always the CPU here; kept so that PyTorch code runs unchanged.

    As a context manager it says where new tensors go, which changes nothing. A device that PyTorch
    knows can be named; a tensor cannot be put there (see `on_cpu`).

    >>> device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if not isinstance(type, str):
            raise TypeError(f"device(): expected a name such as 'cpu', got {type!r}")
        kind, colon, number = type.partition(":")
        if kind not in DEVICES:
            raise RuntimeError(
                f"Expected one of {', '.join(DEVICES)} device type at start of device string: "
                f"{type}"
            )
        if colon and not number.isdecimal():
            raise RuntimeError(f"Invalid device string: '{type}'")
        if colon and index is not None:
            raise RuntimeError(
                "type (string) must not include an index because index was passed explicitly: "
                f"{type}"
            )
        self.type = kind
        self.index = int(number) if colon else index

    def __enter__(self) -> device:
        return on_cpu(self)

    def __exit__(self, *exc_info: object) -> None:
        pass

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


DEVICES = ("cpu", "cuda", "mps", "xpu", "meta", "mtia", "hpu", "xla", "ipu", "privateuseone")
CPU = device("cpu")


class AcceleratorError(RuntimeError):
    """The error of an accelerator: never raised, as there is none."""


class OutOfMemoryError(RuntimeError):
    """A GPU's memory is full: never raised here, as there is none."""


class NoSuchDevice(AssertionError, RuntimeError):
    """A tensor was wanted anywhere but on the CPU. (PyTorch raises the one or the other.)"""


def on_cpu(place: Any) -> device:
    """`place` as a device, if it is the CPU.

    Raises:
        NoSuchDevice: for any other.
    """
    where = CPU if place is None else device(place)
    if where.type != "cpu":
        raise NoSuchDevice(
            f"Torch not compiled with {where.type.upper()} enabled: minitorch computes on the CPU "
            f"only, got {str(where)!r}; use 'cpu'"
        )
    return where


class layout:
    """Layout of elements in memory: always `strided` here; the others are there to be asked for."""

    def __init__(self, name: str = "strided") -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # this module's: a copy is the same object


strided = layout()
jagged, sparse_coo = layout("jagged"), layout("sparse_coo")
sparse_csr, sparse_csc = layout("sparse_csr"), layout("sparse_csc")
sparse_bsr, sparse_bsc = layout("sparse_bsr"), layout("sparse_bsc")


class memory_format:
    """In which order a tensor's dimensions lie in memory; accepted where it changes no value."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # this module's: a copy is the same object


contiguous_format, preserve_format, channels_last, channels_last_3d = map(
    memory_format, ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
)


class Size(tuple[int, ...]):
    """A tensor's shape: a tuple of ints that prints, slices and multiplies out as PyTorch's.

    >>> Size((2, 3)), Size((2, 3)).numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        checked = []
        for position, size in enumerate(sizes):
            if not hasattr(size, "__index__"):
                raise TypeError(
                    f"torch.Size() takes an iterable of 'int' (item {position} is "
                    f"'{type(size).__name__}')"
                )
            checked.append(operator.index(size))
        return tuple.__new__(cls, checked)

    def numel(self) -> int:
        """Return the number of elements of a tensor of this size."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, tuple):
            raise TypeError(
                f"can only concatenate tuple (not {type(other).__name__}) to torch.Size"
            )
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: tuple[int, ...]) -> Size:
        return Size(tuple.__add__(other, self))

    def __mul__(self, times: Any) -> Any:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)
