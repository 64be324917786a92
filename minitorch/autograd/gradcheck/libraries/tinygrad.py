"""tinygrad: lazy tensors, realized wherever a number is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tinygrad import Tensor, dtypes

from minitorch.autograd.gradcheck.bridge import FEW, Library, Pullback, differentiating
from minitorch.autograd.gradcheck.numeric import Array

BITS = {dtypes.float64: 53, dtypes.float32: 24, dtypes.float16: 11, dtypes.bfloat16: 8}


class TinyGrad(Library):
    """Tensors on the device of the inputs, in float64 if that has it."""

    name, imports = "tinygrad", "from tinygrad import Tensor, dtypes"

    def is_floating(self, value: Any) -> bool:
        return isinstance(value, Tensor) and value.dtype in BITS

    def bits(self, tensor: Any) -> int:
        return BITS[tensor.dtype]

    def wrap(self, array: Array, like: Any, wanted: bool = False) -> Any:
        # Without dimensions it would be a constant, and the same as any other of this value.
        flat = Tensor(np.array(array).reshape(-1), device=like.device)
        kept = like.dtype is dtypes.bfloat16 and array.dtype == np.float32
        return (flat.cast(dtypes.bfloat16) if kept else flat).reshape(array.shape)

    def unwrap(self, tensor: Any) -> Array:
        constant = tensor.device is None  # which tinygrad would compute on the CPU, with a compiler
        array: Array = (tensor.clone() if constant else tensor).numpy()
        return array

    def vjp(
        self, func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], list[bool], Pullback]:
        made, leaves = self.value(func, inputs), [inputs[i] for i in wanted]

        def pullback(cotangents: Sequence[Any]) -> Sequence[Any]:
            pairs = zip(made, cotangents, strict=True)
            ends = [(out, c) for out, c in pairs if c is not None and self.is_floating(out)]
            with differentiating(func):
                found = [out.gradient(*leaves, gradient=c) for out, c in ends]
            return [sum(parts[1:], parts[0]) for parts in zip(*found, strict=True)]

        return made, [self.is_floating(out) for out in made], pullback

    def source(self, value: Any) -> str:
        rest = f"dtype={value.dtype}, device={value.device!r}"
        if value.numel() > FEW:
            return f"...  # {list(value.shape)}, {rest}"
        return f"Tensor({self.unwrap(value).tolist()!r}, {rest})"


LIBRARY = TinyGrad()
