"""Pairs ``(function, vjp)`` of plain NumPy, which work in the memory that the checker lends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.bridge import FEW, Bridge, Library, NoSecondOrder, Pullback
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.trace import place_of_source


class NumPy(Library):
    """Functions of ndarrays; a Python float is an array without dimensions."""

    name, imports, shares_memory = "numpy", "import numpy as np", True

    def bridge(self, func: Any, inputs: Any, title: str) -> Bridge:
        given = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
        floats = (float, np.floating)
        given = [np.array(x) if isinstance(x, floats) else x for x in given]
        return super().bridge(func, given, title)

    def refuse(self, place: str, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.dtype.char in "gFDG":
            raise ValueError(
                f"gradcheck: {place} has dtype {value.dtype}, and only float64, float32 and "
                "float16 are checked: convert it, a complex array to its two parts, with .astype"
            )

    def wrap(self, array: Array, like: Any, wanted: bool = False) -> Any:
        return array

    def unwrap(self, tensor: Any) -> Array:
        return tensor

    def tensors_in(self, result: Any) -> list[Any]:
        if isinstance(result, (float, int, np.generic)):
            result = np.asarray(result)
        return super().tensors_in(result)

    def source(self, value: Any) -> str:
        if value.size > FEW:
            return f"...  # {list(value.shape)}, np.{value.dtype}"
        return f"np.array({value.tolist()!r}, np.{value.dtype})"


class Pair(NumPy):
    """A function, and beside it ``vjp(cotangent, *inputs)``, which gives one gradient an input.

    The cotangent is a tuple where the function gives several outputs.
    """

    def bridge(self, func: Any, inputs: Any, title: str) -> Bridge:
        if len(func) != 2 or not all(map(callable, func)):
            raise ValueError(
                "gradcheck: expected a pair (function, vjp), where vjp(cotangent, *inputs) gives "
                f"one gradient an input, got {func!r}"
            )
        made = super().bridge(func, inputs, title)
        made.written = place_of_source(func[1])
        return made

    def value(self, func: Any, inputs: Sequence[Any]) -> list[Any]:
        """The outputs; of a pair, or of the function that gives its gradients."""
        return self.outputs_in((func[0] if isinstance(func, tuple) else func)(*inputs))

    def vjp(
        self, func: Any, inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], list[bool], Pullback]:
        made = self.value(func, inputs)

        def pullback(cotangents: Sequence[Any]) -> Sequence[Any]:
            if not isinstance(func, tuple):  # but the function that gives its gradients
                raise NoSecondOrder("a pair (function, vjp) has none")
            pairs = zip(made, cotangents, strict=True)
            given = tuple(np.zeros_like(out) if c is None else c for out, c in pairs)
            found = func[1](given if len(given) > 1 else given[0], *inputs)
            found = found if isinstance(found, (tuple, list)) else (found,)
            if len(found) != len(inputs):
                raise ValueError(
                    f"expected vjp to give {len(inputs)} gradients, one an input, or None where "
                    f"no output depends on it, got {len(found)}"
                )
            return [fitting(found[i], inputs[i], f"vjp to give input {i}") for i in wanted]

        return made, [self.is_floating(out) for out in made], pullback


def fitting(gradient: Any, value: Array, wanted: str) -> Array | None:
    """A gradient as an array.

    Raises:
        ValueError: if its shape is not the value's.
    """
    if gradient is None:
        return None
    array: Array = np.asarray(gradient)
    if array.shape != value.shape:
        raise ValueError(
            f"expected {wanted} a gradient of shape {list(value.shape)}, got {list(array.shape)}"
        )
    return array


LIBRARY = Pair()
