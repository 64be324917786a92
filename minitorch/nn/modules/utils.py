"""What several layers share: sizes, names of state, learned scales and shifts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minitorch.factory import empty
from minitorch.nn import init
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """What turns one value into `n` of it, and several into a tuple of them as they are.

    >>> _ntuple(3)(2), _ntuple(3)([1, 2])
    ((2, 2, 2), (1, 2))
    """

    def parse(value: Any) -> tuple[Any, ...]:
        return tuple(value) if isinstance(value, Iterable) else (value,) * n

    return parse


_single = _ntuple(1)
_pair = _ntuple(2)
_triple = _ntuple(3)
_quadruple = _ntuple(4)


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take `prefix` off the names of a state dict, in place; ``'module.'`` of another framework.

    >>> state = {"module.weight": 1, "bias": 2}
    >>> consume_prefix_in_state_dict_if_present(state, "module.")
    >>> state
    {'bias': 2, 'weight': 1}
    """
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[key.removeprefix(prefix)] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", {})
    for key in [key for key in metadata if key]:
        if key == prefix.replace(".", "") or key.startswith(prefix):
            metadata[key[len(prefix) :]] = metadata.pop(key)


def scale_and_shift(
    module: Module, shape: Any, weight: bool, bias: bool, device: Any = None, dtype: Any = None
) -> None:
    """Give a normalisation its learned `weight` and `bias`; None for one that it is not to have."""
    for name, wanted in (("weight", weight), ("bias", weight and bias)):
        made = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
        module.register_parameter(name, made)


def reset_scale_and_shift(module: Module) -> None:
    """Set a normalisation's `weight` to ones and its `bias` to zeros, so that both do nothing."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)
