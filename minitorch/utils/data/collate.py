"""Collating: a list of samples becomes one batch, with a dimension more."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from functools import partial
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._tensor import Tensor
from minitorch.factory import as_tensor, tensor
from minitorch.ops.shape.views import stack

Kinds = type | tuple[type, ...]
CollateMap = dict[Kinds, Callable[..., Any]]
np_str_obj_array_pattern = re.compile("[SaUO]")
"""Arrays of these kinds become no tensor: bytes, text and objects."""


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """One batch of a list of samples, by a function for each kind of what they hold.

    Args:
        batch: the samples, all built alike: mappings, tuples and other sequences are gone into.
        collate_fn_map: from a type (or types) to ``function(batch, collate_fn_map=...)``.

    Raises:
        TypeError: for a kind that has no function.
        RuntimeError: for sequences of different lengths.
    """
    first, kind = batch[0], type(batch[0])
    functions = collate_fn_map or {}
    inner = partial(collate, collate_fn_map=collate_fn_map)
    if kind in functions:
        return functions[kind](batch, collate_fn_map=collate_fn_map)
    for kinds, function in functions.items():
        if isinstance(first, kinds):
            return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        columns = {key: inner([sample[key] for sample in batch]) for key in first}
        return _like(first, columns)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*map(inner, zip(*batch, strict=False)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _like(first, list(map(inner, zip(*batch, strict=True))))
    raise TypeError(default_collate_err_msg_format.format(kind))


default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def _like(model: Any, contents: Any) -> Any:
    """A dict or list in a collection of the model's own kind, if it can be made and is no tuple."""
    if isinstance(model, tuple):
        return contents
    try:
        if not isinstance(model, (MutableMapping, MutableSequence)):
            return type(model)(contents)
        made: Any = copy.copy(model)
        if isinstance(contents, dict):
            made.update(contents)
        else:
            for number, item in enumerate(contents):
                made[number] = item
        return made
    except TypeError:
        return contents


def _collate_arrays(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    if np_str_obj_array_pattern.search(batch[0].dtype.str):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


default_collate_fn_map: CollateMap = {
    Tensor: lambda batch, collate_fn_map: stack(batch, 0),
    np.ndarray: _collate_arrays,
    (np.bool_, np.number, np.object_): lambda batch, collate_fn_map: as_tensor(np.array(batch)),
    float: lambda batch, collate_fn_map: tensor(batch, dtype=_dtypes.float64),
    int: lambda batch, collate_fn_map: tensor(batch),
    str: lambda batch, collate_fn_map: batch,
    bytes: lambda batch, collate_fn_map: batch,
}


def default_collate(batch: Any) -> Any:
    """One batch of a list of samples: tensors are stacked, numbers become a tensor.

    Raises:
        TypeError: for what is no tensor, array, number, string, or a collection of these.
        RuntimeError: for tensors of different shapes, or sequences of different lengths.

    >>> default_collate([{"x": 1, "y": "a"}, {"x": 2, "y": "b"}])
    {'x': tensor([1, 2]), 'y': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """One sample with its arrays turned into tensors; anything else stays as it is."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        opaque = np_str_obj_array_pattern.search(data.dtype.str) is not None
        is_text = isinstance(data, np.ndarray) and opaque
        return data if is_text or isinstance(data, (str, bytes)) else as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(item) for item in data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like(data, [default_convert(item) for item in data])
    return data
