"""HIPS autograd: functions of ndarrays, written with autograd.numpy or with own primitives."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import autograd
import numpy as np
from autograd.core import VJPNode, add_outgrads, primitive_vjps, toposort
from autograd.tracer import Node, isbox, new_box, notrace_primitives, trace_stack
from autograd.util import subvals

from minitorch.autograd.gradcheck.bridge import Bridge, ForeignCall, Pullback, differentiating
from minitorch.autograd.gradcheck.libraries.pair import NumPy, fitting
from minitorch.autograd.gradcheck.trace import caller_location

AUTOGRAD = os.path.dirname(os.path.abspath(autograd.__file__)) + os.sep


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

    def _traced(self, kind: Any, func: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> Any:
        """Nodes of the wanted inputs, of the outputs (or None), and all of them, the last first."""
        with trace_stack.new_trace() as level:
            roots = [kind.new_root() for _ in wanted]
            boxes = [new_box(inputs[i], level, root) for i, root in zip(wanted, roots, strict=True)]
            made = self.outputs_in(func(*subvals(inputs, zip(wanted, boxes, strict=True))))
        ends = [out._node if isbox(out) and out._trace == level else None for out in made]
        whole = kind.new_root()
        whole.parents = [end for end in ends if end is not None]
        return roots, ends, [*toposort(whole)][1:]

    def _walk_back(self, func: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> Pullback:
        roots, ends, nodes = self._traced(VJPNode, func, inputs, wanted)

        def pullback(cotangents: Sequence[Any]) -> list[Any]:
            sums: dict[Any, Any] = {}
            for end, cotangent in zip(ends, cotangents, strict=True):
                if end is not None and cotangent is not None:
                    sums[end] = add_outgrads(sums.get(end), cotangent)
            for node in nodes:
                if node in sums:  # a root, too, which hands on nothing
                    for parent, gradient in zip(node.parents, node.vjp(sums[node][0]), strict=True):
                        sums[parent] = add_outgrads(sums.get(parent), gradient)
            return [sums.get(root, [None])[0] for root in roots]

        return pullback

    def gradient(self, func: Callable[..., Any], wanted: Sequence[int], count: int) -> Any:
        def gradient(*args: Any) -> Any:
            found = self._walk_back(func, args[:count], wanted)(args[count:])
            pairs = zip(found, wanted, strict=True)
            return [args[i] * 0 if g is None else g for g, i in pairs]

        gradient.gives_gradients = True  # type: ignore[attr-defined]
        return gradient

    def calls(self, bridge: Bridge, inputs: Sequence[Any]) -> list[ForeignCall]:
        notrace_primitives[Applied] = notrace_primitives[VJPNode]
        _, _, nodes = self._traced(Applied, bridge.func, inputs, bridge.wanted)
        return [call for node in nodes[::-1] if (call := node.call(self)) is not None]


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
        bridge.written = next(_rules(primitive_vjps[fun], fun), "")
        bridge.trusted = not bridge.written
        return ForeignCall.of(bridge, place)


def _rules(held: Any, fun: Any) -> Iterator[str]:
    """Where the parts of a primitive's backward are written that are not autograd's own."""
    if isinstance(held, dict):
        held = list(held.values())
    if isinstance(held, (tuple, list)):
        for item in held:
            yield from _rules(item, fun)
    elif inspect.isfunction(held) and held is not fun:
        code = held.__code__
        if not code.co_filename.startswith(AUTOGRAD):
            yield f"{code.co_filename}:{code.co_firstlineno}"
        else:
            yield from _rules([cell.cell_contents for cell in held.__closure__ or ()], fun)


LIBRARY = Hips()
