"""MyGrad: its backward leaves gradients with the tensors, so that each runs on new ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mygrad
import numpy as np

from minitorch.autograd.gradcheck.bridge import FEW, Library, NoSecondOrder, Pullback
from minitorch.autograd.gradcheck.numeric import Array


class MyGrad(Library):
    """Tensors over copies: it locks the memory that it is given."""

    name, imports = "mygrad", "import mygrad"

    def requires_grad(self, value: Any) -> bool:
        return not value.constant

    def wrap(self, array: Array, like: Any, wanted: bool = False) -> Any:
        return mygrad.tensor(np.array(array), constant=not wanted)

    def unwrap(self, tensor: Any) -> Array:
        return np.asarray(tensor.data)

    def vjp(
        self, func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], list[bool], Pullback]:
        made = self.value(func, inputs)

        def pullback(cotangents: Sequence[Any]) -> Sequence[Any]:
            if getattr(func, "gives_gradients", False):
                raise NoSecondOrder("the gradients of MyGrad are arrays, and have none")
            given = list(inputs)
            for i in wanted:
                given[i] = self.wrap(self.unwrap(inputs[i]), inputs[i], wanted=True)
            pairs = zip(self.value(func, given), cotangents, strict=True)
            ends = [(out, c) for out, c in pairs if c is not None and not out.constant]
            if len(ends) == 1:
                ends[0][0].backward(self.unwrap(ends[0][1]))
            elif ends:
                sum(mygrad.sum(out * c) for out, c in ends).backward()
            return [None if (g := given[i].grad) is None else mygrad.tensor(g) for i in wanted]

        return made, [self.is_floating(out) and not out.constant for out in made], pullback

    def source(self, value: Any) -> str:
        if value.size > FEW:
            return f"...  # {list(value.shape)}, {value.dtype}"
        return f"mygrad.tensor({value.data.tolist()!r}, dtype='{value.dtype}')"


LIBRARY = MyGrad()
