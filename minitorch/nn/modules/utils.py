"""Sizes, names of state and learned parameters that several layers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minitorch.factory import empty
from minitorch.nn import init
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that makes one value a tuple of `n`, and several a tuple as they are.

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


def unusual(module: Module, **usual: Any) -> str:
    """``, name=value`` for each attribute that has another value than the usual one."""
    text = ""
    for name, expected in usual.items():
        value, exact = getattr(module, name), expected is None or isinstance(expected, bool)
        if (value is not expected) if exact else (value != expected):
            text += f", {name}={value}"
    return text


class ScaleAndShift(Module):
    """A normalisation with a learned `weight` and `bias`; None for one that it is not to have."""

    weight: Parameter | None
    bias: Parameter | None

    def _learn(self, shape: Any, weight: bool, bias: bool | None, device: Any, dtype: Any) -> None:
        """Add the parameters; for a `bias` of None there is not even the name."""
        for name, wanted in (("weight", weight), ("bias", weight and bias)):
            if name == "weight" or bias is not None:
                made = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
                self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the scale to ones and the shift to zeros, so that both do nothing."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self._parameters.get("bias") is not None:
            init.zeros_(self._parameters["bias"])


def add_affine(
    module: Any, weight: tuple[int, ...], bias: int | None, device: Any, dtype: Any
) -> None:
    """Add a linear or convolution layer's parameters, of these sizes (no `bias` for None)."""
    module.weight = Parameter(empty(weight, device=device, dtype=dtype))
    made = None if bias is None else Parameter(empty(bias, device=device, dtype=dtype))
    module.register_parameter("bias", made)
    module.reset_parameters()
