"""`save` and `load`: PyTorch's own files, written without a gap, and read without running code.

A file is a zip archive: ``data.pkl`` describes the objects, ``data/0``, ``data/1``... are the
memory of their tensors (see https://docs.pytorch.org/docs/stable/notes/serialization.html).
With ``weights_only=False`` a file is unpickled, and may run what it likes.
"""

from __future__ import annotations

import math
import os
import pickle
import secrets
import shutil
import stat
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any

import numpy as np

from minitorch._dtypes import Array, device, dtype
from minitorch._missing import missing
from minitorch._pickles import (
    DamagedFileError,
    LoadedStorage,
    Place,
    add_safe_globals as add_safe_globals,
    clear_safe_globals as clear_safe_globals,
    dumps,
    get_safe_globals as get_safe_globals,
    loads,
    loads_trusted,
    safe_globals as safe_globals,
)
from minitorch._storage import byte_bounds
from minitorch.autograd.base import Storage

ALIGNMENT = 64
LOCAL_HEADER = 30  # bytes before a record in a zip archive, without its name and extra field
MOST_UNPACKED = 1100  # times as large as it was packed: deflate does not pack more
ZIP_START = b"PK\x03\x04"
# The first bytes of PyTorch's files before version 1.6: its magic number, pickled.
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


# ---- saving -----------------------------------------------------------------------------------


class _Region:
    """The memory between the first and the last element of the arrays that share it."""

    def __init__(self, key: str, array: Array) -> None:
        self.key = key
        self.first = array  # the array that begins first
        self.low, self.high = byte_bounds(array)

    def include(self, array: Array) -> None:
        low, high = byte_bounds(array)
        if low < self.low:
            self.low, self.first = low, array
        self.high = max(self.high, high)

    @property
    def numel(self) -> int:
        return (self.high - self.low) // self.first.itemsize

    def bytes(self) -> memoryview:
        steps = (self.first.itemsize,)
        flat = np.lib.stride_tricks.as_strided(self.first, (self.numel,), steps)
        return flat.view(np.uint8).data


class _Regions:
    """Memory to be saved: arrays that are views of one another share a region.

    Of an array of which only a part is saved, no more than that part gets into the file.
    """

    def __init__(self) -> None:
        self.found: dict[Any, _Region] = {}
        self.copies: dict[int, tuple[Array, Array]] = {}

    def _settled(self, array: Array) -> Array:
        """The array, or a copy of one that PyTorch could not describe."""
        size = array.itemsize
        whole = all(step >= 0 and step % size == 0 for step in array.strides)
        if whole and byte_bounds(array)[0] % size == 0:
            return array
        if id(array) not in self.copies:
            self.copies[id(array)] = array, np.array(array, order="C")
        return self.copies[id(array)][1]

    def place(self, array: Array) -> Place:
        """Where the array lies, as far as the arrays shown until now tell."""
        array = self._settled(array)
        root = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        owner = id(array) if array.size == 0 else id(root)
        new = _Region(str(len(self.found)), array)
        region = self.found.setdefault((owner, array.dtype), new)
        region.include(array)
        offset = (byte_bounds(array)[0] - region.low) // array.itemsize
        strides = tuple(step // array.itemsize for step in array.strides)
        if array.size == 0:  # NumPy and PyTorch give these other strides
            lengths = [max(n, 1) for n in array.shape]
            strides = tuple(math.prod(lengths[axis + 1 :]) for axis in range(array.ndim))
        return Place(region.key, region.numel, offset, strides)


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write an object into a file that PyTorch reads with ``torch.load(f)``.

    A file given by its path is replaced in one go: whatever happens meanwhile, the path leads to
    the old file or to the whole new one. Tensors that share memory share it again when loaded.

    Args:
        obj: best a state_dict: tensors, numbers, strings, and dicts, lists, tuples and sets of
            these. Anything else that can be pickled, such as a whole model, is loaded only with
            ``weights_only=False``, or if its classes were named safe.
        f: a path, or a file open for writing bytes.
        pickle_module: Python's pickle; nothing else is covered.
        pickle_protocol: of the pickle; PyTorch's `load` reads the protocol 2.

    Raises:
        pickle.PicklingError, AttributeError, TypeError: for an object that cannot be pickled;
            nothing is written.
        RuntimeError: for a path in a folder that is not there.
        TypeError: for a file that is open for text.

    >>> import io, minitorch
    >>> file = io.BytesIO()
    >>> save({"w": minitorch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> load(file)
    {'w': tensor([1., 1.]), 'epoch': 3}
    """
    if pickle_module is not pickle or not _use_new_zipfile_serialization:
        raise ValueError("save: only Python's pickle, in a zip archive, is covered")
    regions = _Regions()
    dumps(
        obj, regions.place, pickle_protocol
    )  # once to see how far the regions reach, once to write it down
    records: dict[str, Any] = {
        "data.pkl": dumps(obj, regions.place, pickle_protocol),
        ".format_version": b"1",
        ".storage_alignment": str(ALIGNMENT).encode(),
    }
    if not _disable_byteorder_record:
        records["byteorder"] = sys.byteorder.encode()
    for region in regions.found.values():
        records[f"data/{region.key}"] = region.bytes
    records["version"] = b"3\n"

    if isinstance(f, (str, os.PathLike)):
        check_folder(f)
        name = os.path.splitext(os.path.basename(os.fspath(f)))[0] or "archive"
        with replacing(f) as file:
            _write_archive(file, name, records)
    elif hasattr(f, "write"):
        if hasattr(f, "encoding"):
            raise TypeError("save: the file is open for text; open it in mode 'wb'")
        _write_archive(f, "archive", records)
    else:
        raise AttributeError(
            f"save: expected a path or a file open for writing, got {type(f).__name__}"
        )


def _write_archive(file: IO[bytes], name: str, records: dict[str, Any]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for key, content in records.items():
            data = content() if callable(content) else content
            entry = zipfile.ZipInfo(f"{name}/{key}")
            if key.startswith("data/"):  # PyTorch can map what is aligned
                start = file.tell() + LOCAL_HEADER + len(entry.filename.encode()) + len(b"FB") + 2
                padding = -start % ALIGNMENT
                entry.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
            archive.writestr(entry, data)


def check_folder(path: Any) -> None:
    """Refuse a path that no file can have.

    Raises:
        RuntimeError: for one in a folder that is not there, or of a folder.
    """
    parent = os.path.dirname(os.fspath(path))
    if parent and not os.path.isdir(parent):
        raise RuntimeError(f"Parent directory {parent} does not exist.")
    if os.path.isdir(path) or not os.fspath(path):
        raise RuntimeError(f"save: invalid file name: {os.fspath(path)!r} is no file")


@contextmanager
def replacing(path: Any) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path`'s when all is written, and not before."""
    target = os.path.realpath(os.fspath(path))
    if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        with open(target, "wb") as file:  # /dev/null, a pipe: nothing to replace
            yield file
        return
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name, too, is to outlive a power cut
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# ---- loading ----------------------------------------------------------------------------------


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save` or ``torch.save`` has written; without being told, it runs no code.

    Args:
        f: a path, or a file open for reading bytes.
        map_location: 'cpu', a dict or a function; whatever says that tensors saved on a GPU come
            to the CPU. Without it they are refused, as by PyTorch where there is no GPU.
        pickle_module: whose Unpickler is to read the file; None for Python's pickle. To give one is
            to say ``weights_only=False``.
        weights_only: True (or None) for tensors, plain containers and what `add_safe_globals`
            named; False for whatever can be pickled, from a file that you trust: it can run any
            code.
        mmap: only False (or None).
        pickle_load_args: for the Unpickler; without use where it reads weights only.

    Raises:
        pickle.UnpicklingError: for a file that names anything else, or holds numbers that
            minitorch has not (complex).
        RuntimeError: for a file that is damaged, cut short, or none of PyTorch's (this is then an
            UnpicklingError and an EOFError too: PyTorch raises one or the other); for one in a
            format from before version 1.6.
        TypeError: for a file that is open for text.

    >>> import io, minitorch
    >>> file = io.BytesIO()
    >>> save(minitorch.nn.Linear(2, 1), file)
    >>> _ = file.seek(0)
    >>> load(file, weights_only=False)
    Linear(in_features=2, out_features=1, bias=True)
    """
    if mmap:
        raise ValueError("load: mmap=True is not covered; leave it out")
    unpickle = loads
    if _weights_only(weights_only, pickle_module):
        if pickle_module is not None:
            raise RuntimeError(
                "Can not safely load weights when explicit pickle_module is specified"
            )
        if pickle_load_args:
            warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=2)
    else:
        options = {"encoding": "utf-8", **pickle_load_args}
        unpickle = partial(loads_trusted, pickle_module=pickle_module or pickle, **options)
    to_cpu = _location_map(map_location)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _read(file, os.fspath(f), to_cpu, unpickle)
    if not (hasattr(f, "read") and hasattr(f, "seek") and hasattr(f, "tell")):
        raise AttributeError(
            f"load: expected a path or a seekable file open for reading, got {type(f).__name__}. "
            "Read it into an io.BytesIO first"
        )
    if hasattr(f, "encoding"):
        raise TypeError("load: the file is open for text; open it in mode 'rb'")
    return _read(f, getattr(f, "name", "a file without a name"), to_cpu, unpickle)


def _weights_only(asked: bool | None, pickle_module: Any) -> bool:
    """Whether to read weights only, as far as the program and the environment say."""
    forced, freed = (
        os.getenv(f"TORCH_FORCE_{name}WEIGHTS_ONLY_LOAD", "0").lower() in ("1", "y", "yes", "true")
        for name in ("", "NO_")
    )
    if forced and freed:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` "
            "should be set, but both were set."
        )
    if freed and asked is None:
        warnings.warn(
            "Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the"
            "`weights_only` argument was not explicitly passed to `torch.load`, forcing "
            "weights_only=False.",
            stacklevel=3,
        )
        return False
    return forced or (pickle_module is None if asked is None else asked)


def _location_map(map_location: Any) -> Callable[[str], bool]:
    """Make a function that says whether storages saved on a device are to come to the CPU."""
    if map_location is None:
        return lambda location: location == "cpu"
    if isinstance(map_location, dict):
        moved = {str(key): str(device(value)) for key, value in map_location.items()}
        for value in moved.values():
            _check_cpu(value)
        return lambda location: moved.get(location, location) == "cpu"
    if isinstance(map_location, (str, device)):
        _check_cpu(map_location)
    elif not callable(map_location):
        raise TypeError(
            "load: map_location is to be a device, a dict or a function, got "
            f"{type(map_location).__name__}"
        )
    return lambda location: True  # PyTorch would ask a function: here all is on the CPU


def _check_cpu(wanted: Any) -> None:
    if device(wanted).type != "cpu":
        raise RuntimeError(
            f"load: map_location={str(wanted)!r}, but minitorch computes on the CPU only; use 'cpu'"
        )


def _read(file: IO[bytes], name: Any, to_cpu: Callable[[str], bool], unpickle: Any) -> Any:
    try:
        return _read_whole(file, name, to_cpu, unpickle)
    except DamagedFileError as error:
        error.args = (f"load: the file is damaged: {name}: {error.args[0]}",)
        raise


def _read_whole(file: IO[bytes], name: Any, to_cpu: Callable[[str], bool], unpickle: Any) -> Any:
    where = file.tell()
    start = file.read(len(LEGACY_START))
    file.seek(where)
    if not start:
        raise DamagedFileError("nothing to read: it is empty, or read to its end already")
    if start.startswith(LEGACY_START):
        raise RuntimeError(
            f"load: {name} is in PyTorch's format from before version 1.6, which is not covered. "
            "Load it in PyTorch and save it again"
        )
    if not start.startswith(ZIP_START):
        raise DamagedFileError(f"no file of PyTorch's begins with {start[:8]!r}")
    with _damage():
        archive = zipfile.ZipFile(file)
    with archive:
        return _Archive(archive, file.seek(0, os.SEEK_END), to_cpu).read(unpickle)


@contextmanager
def _damage() -> Iterator[None]:
    """Say of whatever goes wrong in a zip archive that the file is damaged."""
    try:
        yield
    except Exception as error:
        raise DamagedFileError(str(error) or type(error).__name__) from error


class _Archive:
    """A file of PyTorch's, open for reading."""

    def __init__(
        self, archive: zipfile.ZipFile, length: int, to_cpu: Callable[[str], bool]
    ) -> None:
        self.archive, self.to_cpu = archive, to_cpu
        self.length = length  # of the file, in bytes
        self.storages: dict[str, LoadedStorage] = {}
        # Without the archive's own name.
        self.entries = {e.filename.partition("/")[2]: e for e in archive.infolist()}

    def read(self, unpickle: Any) -> Any:
        if "data.pkl" not in self.entries:
            raise DamagedFileError("it is a zip archive, but none of PyTorch's: no data.pkl")
        if "constants.pkl" in self.entries:
            raise RuntimeError("load: the file holds a TorchScript program, which is not covered")
        order = self._bytes("byteorder") if "byteorder" in self.entries else b"little"
        if order not in (b"little", b"big"):
            raise DamagedFileError(f"unknown byte order {order!r}")
        self.swapped = order != sys.byteorder.encode()
        return unpickle(self._bytes("data.pkl"), self.storage)

    def _bytes(self, name: str) -> bytes:
        entry = self.entries[name]
        packed = entry.compress_size
        if packed > self.length or entry.file_size > MOST_UNPACKED * packed:  # nothing so large
            raise DamagedFileError(f"{name} cannot have {entry.file_size} bytes")
        with _damage():
            return self.archive.read(entry)

    def storage(self, key: str, dtype: dtype, numel: int, location: str) -> LoadedStorage:
        """The storage with a key, read once."""
        if not self.to_cpu(location):
            raise RuntimeError(
                f"load: the file holds tensors of device {location!r}, and minitorch computes on "
                "the CPU only; use load(..., map_location='cpu')"
            )
        if key not in self.storages:
            entry = self.entries.get(f"data/{key}")
            if entry is None or entry.file_size != numel * dtype.itemsize:
                found = "none" if entry is None else f"{entry.file_size} bytes"
                raise DamagedFileError(
                    f"it should have {numel} numbers of type {dtype} in data/{key}, and has {found}"
                )
            array = np.empty(numel, dtype.stored)
            array.view(np.uint8)[:] = np.frombuffer(self._bytes(f"data/{key}"), np.uint8)
            if self.swapped:
                array.byteswap(inplace=True)
            self.storages[key] = LoadedStorage(array, Storage())
        if self.storages[key].array.dtype != dtype.stored:
            raise DamagedFileError(f"data/{key} is of two types")
        return self.storages[key]


DEFAULT_PROTOCOL = 2
MAP_LOCATION = Any  # for annotations

__getattr__ = missing(__name__)
