"""Arrays changed in place, the large ones in blocks that stay in the processor's cache.

An optimizer's rule is a dozen passes over the same few arrays. Run block by block, all but the
first find them in the cache. A block has those of a tensor's methods that the rules are made of,
so that a rule is written once, in PyTorch's words. float16 and bfloat16 are computed in float32 and
each result rounded once, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from minitorch.kernels.bfloat16 import BFLOAT16, rounded

Array = np.ndarray[Any, np.dtype[Any]]

CACHE = 1 << 20  # bytes that stay in a core's own cache
SMALL = 16384  # elements that are not worth cutting up
HALF = np.dtype(np.float16)
COMPUTED_IN = {HALF: np.float32, BFLOAT16: np.float32}  # every other dtype: in itself


class Block:
    """Some elements of an array. Its methods are a tensor's; an operand is a block or a number.

    Attributes:
        array: the elements, in memory that others may see.
        scratch: memory of the same size, in the dtype that is computed in, which the blocks of one
            rule share: any method may overwrite it.
    """

    __slots__ = ("array", "scratch")

    def __init__(self, array: Array, scratch: Array) -> None:
        self.array, self.scratch = array, scratch

    # ---- in place ---------------------------------------------------------------------------

    def copy_(self, x: Block) -> Self:
        np.copyto(self.array, x.array)
        return self

    def copy_where_(self, mask: Any, x: Any) -> Self:
        """``self = x``, a block or a number, where `mask` is true."""
        np.copyto(self.array, x.array if isinstance(x, Block) else x, where=mask)
        return self

    def add_(self, x: Any, alpha: Any = 1) -> Self:
        """``self += alpha * x``."""
        if isinstance(x, Block):
            x = x.array
            if alpha != 1:
                x = self._scaled(x, alpha)
        np.add(self.array, x, self.array, dtype=self.scratch.dtype)
        return self

    def _scaled(self, x: Array, alpha: Any) -> Array:
        if x.dtype == HALF:
            alpha = float(np.float16(alpha))  # as PyTorch's `add` takes it
        elif x.dtype == BFLOAT16:
            alpha = float(rounded(np.array(alpha)))
        return np.multiply(x, alpha, self.scratch, dtype=self.scratch.dtype)

    def mul_(self, x: Any) -> Self:
        """``self *= x``."""
        if isinstance(x, Block):
            x = x.array
        np.multiply(self.array, x, self.array, dtype=self.scratch.dtype)
        return self

    def mul_where_(self, mask: Any, x: float) -> Self:
        """``self *= x``, rounded to the elements' own dtype, where `mask` is true."""
        np.multiply(self.array, x, self.array, where=mask)
        return self

    def div_(self, x: Any) -> Self:
        """``self /= x``."""
        if isinstance(x, Block):
            x = x.array
        np.divide(self.array, x, self.array, dtype=self.scratch.dtype)
        return self

    def addcmul_(self, x: Block, y: Block, value: Any = 1) -> Self:
        """``self += value * x * y``."""
        # `value` comes first, and is small: x * y alone, a square, overflows from 1.9e19 on.
        product = self.scratch
        np.multiply(x.array, value, product, dtype=product.dtype)
        np.multiply(product, y.array, product)
        np.add(self.array, product, self.array)
        return self

    def addcdiv_(self, x: Block, y: Block, value: Any = 1) -> Self:
        """``self += value * x / y``."""
        quotient = self.scratch
        np.multiply(x.array, value, quotient, dtype=quotient.dtype)
        np.divide(quotient, y.array, quotient)
        np.add(self.array, quotient, self.array)
        return self

    def lerp_(self, end: Block, weight: Any) -> Self:
        """``self += weight * (end - self)``."""
        way = self.scratch
        np.subtract(end.array, self.array, way, dtype=way.dtype)
        np.multiply(way, weight, way)
        np.add(self.array, way, self.array)
        return self

    def sqrt_(self) -> Self:
        np.sqrt(self.array, self.array)
        return self

    def maximum_(self, x: Block) -> Self:
        """The larger of the two, NaN if either is."""
        np.maximum(self.array, x.array, out=self.array)
        return self

    def clamp_(self, low: float, high: float) -> Self:
        np.clip(self.array, low, high, self.array)
        return self

    # ---- into new memory --------------------------------------------------------------------

    def add(self, x: Any, alpha: Any = 1) -> Block:
        """``self + alpha * x``."""
        x = self._scaled(x.array, alpha) if isinstance(x, Block) else x
        return self._rounded(np.add(self.array, x, dtype=self.scratch.dtype))

    def mul(self, x: Block) -> Block:
        """``self * x``."""
        return self._rounded(np.multiply(self.array, x.array, dtype=self.scratch.dtype))

    def div(self, x: float) -> Block:
        """``self / x``."""
        return self._rounded(np.divide(self.array, x, dtype=self.scratch.dtype))

    def __rtruediv__(self, x: Any) -> Block:
        return self._rounded(np.divide(x, self.array, dtype=self.scratch.dtype))

    def _rounded(self, array: Array) -> Block:
        kept = self.array.dtype
        return type(self)(array if array.dtype == kept else array.astype(kept), self.scratch)

    def abs(self) -> Block:
        return self._rounded(np.abs(self.array))

    def sign(self) -> Block:
        return self._rounded(np.sign(self.array))

    def sqrt(self) -> Block:
        return self._rounded(np.sqrt(self.array))

    # ---- masks ------------------------------------------------------------------------------

    def isinf(self) -> Any:
        return np.isinf(self.array)

    def __gt__(self, number: float) -> Any:
        return self.array > number

    def __lt__(self, number: float) -> Any:
        return self.array < number


def _then_rounded(method: Any) -> Any:
    """The method of `Block` that changes it in place, and the rounding that NumPy leaves out."""

    def rounding(self: Block, *args: Any, **options: Any) -> Block:
        method(self, *args, **options)
        self.array[...] = rounded(self.array)
        return self

    return rounding


class BFloat16Block(Block):
    """A block of bfloat16."""

    add_, mul_, div_ = map(_then_rounded, (Block.add_, Block.mul_, Block.div_))
    addcmul_, addcdiv_ = map(_then_rounded, (Block.addcmul_, Block.addcdiv_))
    lerp_, sqrt_, clamp_ = map(_then_rounded, (Block.lerp_, Block.sqrt_, Block.clamp_))
    mul_where_, copy_where_ = map(_then_rounded, (Block.mul_where_, Block.copy_where_))

    def _rounded(self, array: Array) -> Block:
        return type(self)(rounded(array), self.scratch)


def cache_blocks(arrays: dict[str, Array]) -> Iterable[dict[str, Block]]:
    """Arrays of one shape and dtype as blocks, the same elements of each at a time.

    Those that are small, or do not lie in memory in order, come whole.

    >>> p, g = np.ones((300, 400), np.float32), np.ones((300, 400), np.float32)
    >>> [block["p"].array.shape for block in cache_blocks({"p": p, "g": g})]
    [(52428,), (52428,), (15144,)]
    """
    p = arrays["p"]
    if p.size > SMALL and all([array.flags.c_contiguous for array in arrays.values()]):
        return _cut(arrays)
    if not p.ndim:  # or NumPy would make scalars of what is computed
        arrays = {name: array.reshape(1) for name, array in arrays.items()}
        p = arrays["p"]
    scratch = np.empty_like(p, COMPUTED_IN.get(p.dtype))
    kind = BFloat16Block if p.dtype == BFLOAT16 else Block
    return [{name: kind(array, scratch) for name, array in arrays.items()}]


def _cut(arrays: dict[str, Array]) -> Iterator[dict[str, Block]]:
    flat = {name: array.reshape(-1) for name, array in arrays.items()}
    size = flat["p"].size
    length = CACHE // flat["p"].itemsize // (len(arrays) + 3)  # three for what is computed
    scratch = np.empty_like(flat["p"][:length], COMPUTED_IN.get(flat["p"].dtype))
    kind = BFloat16Block if flat["p"].dtype == BFLOAT16 else Block
    for start in range(0, size, length):
        part = scratch[: size - start]
        yield {name: kind(array[start : start + length], part) for name, array in flat.items()}
