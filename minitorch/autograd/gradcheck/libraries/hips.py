"""HIPS autograd: functions of ndarrays, written with autograd.numpy or with own primitives."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import autograd
import numpy as np
from autograd.builtins import tuple as boxed_tuple
from autograd.core import VJPNode, make_vjp, toposort
from autograd.tracer import Node, isbox, notrace_primitives, trace
from autograd.util import subvals

from minitorch.autograd.gradcheck.bridge import Bridge, ForeignCall, Pullback, differentiating
from minitorch.autograd.gradcheck.libraries.pair import NumPy, fitting
from minitorch.autograd.gradcheck.trace import caller_location

AUTOGRAD = os.path.dirname(os.path.abspath(autograd.__file__)) + os.sep
TRUSTED = {"autograd", "numpy", "scipy", "builtins"}


class Hips(NumPy):
    """Functions of ndarrays, which it differentiates by putting them into boxes."""

    def bridge(self, func: Any, inputs: Any, title: str) -> Bridge:
        made = super().bridge(func, inputs, title)
        made(*made.inputs)
        try:
            self._walk_back(func, made.likes, made.wanted)
        except Exception as error:
            raise ValueError(
                f"gradcheck: expected {title} to be written with autograd.numpy, as it is given "
                f"ndarrays, and autograd is imported; it raises {type(error).__name__}: {error}. "
                "For plain NumPy, give a pair (function, vjp)"
            ) from error
        return made

    def tensors_in(self, result: Any) -> list[Any]:
        inner = result
        while isbox(inner):
            inner = inner._value
        return super().tensors_in(list(result) if isinstance(inner, (tuple, list)) else result)

    def vjp(
        self, func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], list[bool], Pullback]:
        made = self.value(func, inputs)
        walk_back = cache(lambda: self._walk_back(func, inputs, wanted))  # once it is needed

        def pullback(cotangents: Sequence[Any]) -> Sequence[Any]:
            with differentiating(func):
                found = walk_back()(cotangents)
            pairs = zip(found, wanted, strict=True)
            return [fitting(g, inputs[i], f"backward to give input {i}") for g, i in pairs]

        return made, [self.is_floating(out) for out in made], pullback

    def _traced(self, how: Any, func: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> Any:
        """`how` of the function from the wanted inputs to a tuple of outputs, and these inputs.

        Several are in one tuple, too, from which gradients come out in float64.
        """
        start = inputs[wanted[0]] if len(wanted) == 1 else boxed_tuple([inputs[i] for i in wanted])

        def whole(values: Any) -> Any:
            pairs = zip(wanted, [values] if len(wanted) == 1 else values, strict=True)
            return boxed_tuple(self.outputs_in(func(*subvals(inputs, pairs))))

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent")
            return how(whole, start)

    def _walk_back(self, func: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> Pullback:
        back, made = self._traced(make_vjp, func, inputs, wanted)

        def pullback(cotangents: Sequence[Any]) -> Any:
            pairs = zip(made, cotangents, strict=True)
            found = back(boxed_tuple([np.zeros(np.shape(o)) if c is None else c for o, c in pairs]))
            return [found] if len(wanted) == 1 else found

        return pullback

    def gradient(self, func: Callable[..., Any], wanted: Sequence[int], count: int) -> Any:
        def gradient(*args: Any) -> Any:
            return self._walk_back(func, args[:count], wanted)(args[count:])

        gradient.gives_gradients = True  # type: ignore[attr-defined]
        return gradient

    def calls(self, bridge: Bridge, inputs: Sequence[Any]) -> list[ForeignCall]:
        notrace_primitives[Applied] = notrace_primitives[VJPNode]
        run = partial(trace, Applied.new_root())
        _, end = self._traced(run, bridge.func, inputs, bridge.wanted)
        nodes = [] if end is None else [*toposort(end)][::-1]
        return [call for node in nodes if (call := node.call(self)) is not None]


class Applied(Node):
    """One call of a primitive."""

    __slots__ = ("applied", "parents")
    applied: Any

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, argnums: Any, parents: Any
    ) -> None:
        self.parents = parents
        self.applied = value, fun, args, kwargs, argnums, caller_location(AUTOGRAD)

    def initialize_root(self) -> None:
        self.parents, self.applied = [], None

    def call(self, library: Hips) -> ForeignCall | None:
        """As the checker takes it; None where tuples are put together or taken apart."""
        if self.applied is None:
            return None
        value, fun, args, kwargs, argnums, place = self.applied
        places = [i for i, x in enumerate(args) if isinstance(x, (np.ndarray, np.generic, float))]
        floating = {i for i in places if library.is_floating(np.asarray(args[i]))}
        if not floating.issuperset(argnums) or not library.tensors_in(value):
            return None

        def again(*values: Any) -> Any:
            return fun(*subvals(args, zip(places, values, strict=True)), **kwargs)

        bridge = Bridge(library, again, [np.asarray(args[i]) for i in places], fun.__name__)
        bridge.only([i in argnums for i in places])
        module = getattr(fun.fun, "__module__", None) or "numpy"
        bridge.trusted = module.partition(".")[0] in TRUSTED
        return ForeignCall.of(bridge, place)


LIBRARY = Hips()
