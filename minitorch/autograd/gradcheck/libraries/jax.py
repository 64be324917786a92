"""JAX: functions of arrays that nobody can change, and of trees of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minitorch.autograd.gradcheck.bridge import (
    FEW,
    Bridge,
    ForeignCall,
    Library,
    Pullback,
    differentiating,
)
from minitorch.autograd.gradcheck.numeric import Array, place_of

BITS = {"float64": 53, "complex128": 53, "float32": 24, "complex64": 24, "float16": 11}
BITS["bfloat16"] = 8
COMPLEX = {np.dtype(np.float64): np.complex128, np.dtype(np.float32): np.complex64}


class Jax(Library):
    """Each leaf of an input is an input; complex numbers are pairs in a last dimension."""

    name, imports = "jax", "import jax.numpy as jnp"

    def bridge(self, func: Any, inputs: Any, title: str) -> Bridge:
        given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        leaves, form = jax.tree_util.tree_flatten_with_path(given)

        def flat(*values: Any) -> Any:
            return func(*jax.tree_util.tree_unflatten(form, values))

        made = super().bridge(flat, [leaf for _, leaf in leaves], title)
        made.form = partial(jax.tree_util.tree_unflatten, form)
        paths = ((path[0].idx, jax.tree_util.keystr(path[1:])) for path, _ in leaves)
        made.labels = [f"input {number}{key}" for number, key in paths]
        return made

    def is_floating(self, value: Any) -> bool:
        return hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.inexact)

    def bits(self, tensor: Any) -> int:
        return BITS[str(tensor.dtype)]

    def refuse(self, place: str, value: Any) -> None:
        if self.is_floating(value) and str(value.dtype) not in BITS:
            raise ValueError(
                f"gradcheck: {place} has dtype {value.dtype}, and can be checked in "
                f"{', '.join(BITS)}: convert it with .astype"
            )

    def tensors_in(self, result: Any) -> list[Any]:
        return [leaf for leaf in jax.tree_util.tree_leaves(result) if hasattr(leaf, "dtype")]

    def wrap(self, array: Array, like: Any, wanted: bool = False) -> Any:
        array = np.array(array, order="C")  # of which JAX may take the memory
        if jnp.issubdtype(like.dtype, jnp.complexfloating):
            array = array.view(COMPLEX[array.dtype])[..., 0]
        with precision(array):
            kept = array.dtype == np.float32 and like.dtype == jnp.bfloat16
            return jnp.asarray(array, jnp.bfloat16 if kept else None)

    def unwrap(self, tensor: Any) -> Array:
        array = np.asarray(tensor)
        if array.dtype.kind == "c":
            pairs = array.real.dtype
            return np.ascontiguousarray(array)[..., None].view(pairs).reshape(*array.shape, 2)
        return array.astype(np.float32) if tensor.dtype == jnp.bfloat16 else array

    def value(self, func: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
        with precision(*inputs):
            return self.outputs_in(func(*inputs))

    def vjp(
        self, func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], list[bool], Pullback]:
        made = self.value(func, inputs)
        walk_back = cache(lambda: self._walk_back(func, inputs, wanted)[1])  # once it is needed

        def pullback(cotangents: Sequence[Any]) -> Sequence[Any]:
            with precision(*inputs), differentiating(func):
                return walk_back()(cotangents)

        return made, [self.is_floating(out) for out in made], pullback

    def part(self, func: Callable[..., Any], inputs: Sequence[Any], places: Sequence[int]) -> Any:
        """The outputs as a function of some of the inputs."""

        def part(*values: Any) -> list[Any]:
            given = list(inputs)
            for place, value in zip(places, values, strict=True):
                given[place] = value
            return self.outputs_in(func(*given))

        return part

    def _walk_back(
        self, func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], Pullback]:
        """The outputs as they are where the function is differentiated, and backward."""
        made, back = jax.vjp(self.part(func, inputs, wanted), *(inputs[i] for i in wanted))

        def pullback(cotangents: Sequence[Any]) -> list[Any]:
            # Its pairing of complex numbers is of both as they are; of pairs, of one's conjugate.
            pairs = zip(made, cotangents, strict=True)
            found = back([_zeros(out) if c is None else jnp.conj(c) for out, c in pairs])
            return [jnp.conj(jnp.asarray(g)) for g in found]

        return made, pullback

    def jvp(
        self, func: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]
    ) -> list[Any]:
        with precision(*inputs):
            given = [_zeros(x) if t is None else t for x, t in zip(inputs, tangents, strict=True)]
            whole = self.part(func, inputs, range(len(inputs)))
            return jax.jvp(whole, tuple(inputs), tuple(given))[1]

    def gradient(self, func: Callable[..., Any], wanted: Sequence[int], count: int) -> Any:
        def gradient(*args: Any) -> list[Any]:
            return list(self._walk_back(func, args[:count], wanted)[1](args[count:]))

        gradient.gives_gradients = True  # type: ignore[attr-defined]
        return gradient

    def calls(self, bridge: Bridge, inputs: Sequence[Any]) -> list[ForeignCall]:
        from minitorch.autograd.gradcheck.libraries.jax_calls import calls_behind

        with precision(*inputs):
            return calls_behind(self, bridge, inputs)

    def breaches(
        self, bridge: Bridge, inputs: Sequence[Any], vmapped: tuple[bool, bool]
    ) -> Iterator[tuple[str, str]]:
        if any(vmapped):
            return (yield from super().breaches(bridge, inputs, vmapped))
        made = self.value(bridge.func, inputs)
        with precision(*inputs):
            others, _ = self._walk_back(bridge.func, inputs, bridge.wanted)
        for number, pair in enumerate(zip(made, others, strict=True)):
            one, two = map(self.unwrap, pair)
            with np.errstate(all="ignore"):
                room = 64 * 2.0**-bridge.bits * np.abs(one).max(initial=0)
                off = ~((np.abs(two - one) <= room) | (one == two) | (one != one) & (two != two))
            if off.any():
                place = place_of(np.argmax(off), off.shape)
                yield (
                    "goes with the function",
                    f"element {list(place)} of output {number} is {one[place].item():.9g}, but "
                    f"{two[place].item():.9g} where derivatives are taken",
                )

    def source(self, value: Any) -> str:
        if value.size > FEW or not hasattr(value, "tolist"):  # as random keys have none
            return f"...  # {list(value.shape)}, jnp.{value.dtype}"
        return f"jnp.array({value.tolist()!r}, jnp.{value.dtype})"


def precision(*arrays: Any) -> AbstractContextManager[Any]:
    """Within it there is float64, if some array is of it: JAX has it only where it is asked for."""
    wide = any(str(getattr(x, "dtype", "")) in ("float64", "complex128") for x in arrays)
    if not wide or jax.config.jax_enable_x64:
        return nullcontext()
    return jax.enable_x64(True)


def _zeros(value: Any) -> Any:
    """No cotangent, or no tangent."""
    floating = jnp.issubdtype(jnp.result_type(value), jnp.inexact)
    return jnp.zeros_like(value) if floating else np.zeros(np.shape(value), jax.dtypes.float0)


LIBRARY = Jax()
