"""Record of a function's calls: which operation, with which arrays, on which line.

Every recorded node can carry its *call*: enough to run its forward again with other numbers. So one
operation can be checked on its own, and a whole graph can be replayed in float64.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.mode import no_grad
from minitorch.autograd.observer import Observer

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


@dataclass
class Call:
    """One recorded call of an operation.

    Attributes:
        function: the Function subclass.
        inputs: what `apply` was given.
        arrays: a copy of each input's array, as it was then; the input itself where it is none.
        params: what `apply` was given by keyword.
        edges: where each input came from, as the node has it.
        place: ``file:line, in function`` of the user's code, or ''.
    """

    function: type[Function]
    inputs: tuple[Any, ...]
    arrays: list[Any]
    params: dict[str, Any]
    edges: list[Any]
    place: str
    double: bool = True  # whether it is to be run again in float64

    @property
    def name(self) -> str:
        """The Function's name."""
        return self.function.__name__

    def input_name(self, number: int) -> str:
        """An input's number, and what forward calls it."""
        parameters = list(inspect.signature(self.function.forward).parameters.values())[1:]
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        return f"input {number}" + (f" ({names[number]})" if number < len(names) else "")

    @property
    def trusted(self) -> bool:
        """Whether its backward is checked only where no other is at fault."""
        return False

    def with_constants(self, checked: Sequence[Any]) -> list[Any]:
        """All inputs, with `checked` for those that want a gradient."""
        given = iter(checked)
        return [
            next(given) if edge is not None else self._constant(value, array)
            for value, array, edge in zip(self.inputs, self.arrays, self.edges, strict=True)
        ]

    def again(self, *checked: Any) -> Any:
        """Call the operation anew, with `checked` for the inputs that want a gradient."""
        return self.function.apply(*self.with_constants(checked), **self.params)

    @property
    def written(self) -> str:
        """Where its backward is written, as ``file:line``; '' if that is in a library."""
        return place_of_source(self.function.backward)

    @property
    def is_gradient(self) -> bool:
        """Whether it gives the gradients of another, all of which are to be differentiated."""
        return False

    @property
    def bits(self) -> int:
        """Bits of the precision that it takes and gives."""
        arrays = [a for a in self.arrays if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        return min([53, *(np.finfo(a.dtype).nmant + 1 for a in arrays)])

    @property
    def bits_of_run(self) -> int:
        """Bits of the last run's precision, where that is less than the arrays'."""
        return 53

    def breaches(self) -> Iterator[tuple[str, str]]:
        """List what else its backward owes where it comes from, each with what was seen."""
        return iter(())

    def parts(self) -> Sequence[Call]:
        """The calls that this one is made of: itself, unless it is another library's function."""
        return [self]

    def leaves(self, change: Callable[[Array], Array]) -> list[Any]:
        """New tensors for the inputs that want a gradient, each array changed first."""
        made = []
        for value, array, edge in zip(self.inputs, self.arrays, self.edges, strict=True):
            if edge is not None:
                dtype = np.dtype(np.float64) if self.double else array.dtype
                leaf = value._wrap(np.array(change(array.astype(dtype)), dtype))
                leaf._requires_grad = True
                made.append(leaf)
        return made

    def _constant(self, value: Any, array: Any) -> Any:
        """An input that wants no gradient."""
        if self.double and isinstance(array, np.ndarray) and array.dtype.kind == "f":
            array = array.astype(np.float64)
        return value._wrap(array) if isinstance(value, TensorBase) else array


def place_of_source(function: Any) -> str:
    """Where a function is written, as ``file:line``; '' if that is in minitorch or unknown."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or code.co_filename.startswith(PACKAGE):
        return ""
    return f"{code.co_filename}:{code.co_firstlineno}"


def caller_location(*libraries: str) -> str:
    """Where in the user's code we are: the innermost frame outside minitorch, and these folders.

    Test helpers that hide from pytest's tracebacks are passed over, too.
    """
    frame = sys._getframe(1)
    while frame is not None and (
        frame.f_code.co_filename.startswith((PACKAGE, *libraries))
        or "__tracebackhide__" in frame.f_code.co_varnames
    ):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return ""
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"


class record_calls(Observer):
    """Within it, every node that is recorded keeps its `Call`."""

    def before_forward(
        self, node: Function, inputs: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any]
    ) -> None:
        """Note the call."""
        copies = [np.array(a) if isinstance(a, np.ndarray) else a for a in arrays]
        edges, place = list(node.edges), caller_location()
        made = getattr(node, "call_class", Call)
        node.call = made(node._forward_cls, tuple(inputs), copies, params, edges, place)


class list_calls(record_calls):
    """`record_calls` that puts the calls into a list, also those that lead nowhere."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    @property
    def calls(self) -> list[Call]:
        """The list, with the parts of what is made of several."""
        return [part for call in self._calls for part in call.parts()]

    def before_forward(self, node: Function, *call: Any) -> None:
        """Note the call, and list it."""
        super().before_forward(node, *call)
        self._calls.append(node.call)


def nodes_behind(outputs: Sequence[Any]) -> list[Function]:
    """All nodes that some output came from, in the order in which they were made."""
    found: dict[int, Function] = {}
    stack = [out._grad_fn for out in outputs if isinstance(out, TensorBase)]
    while stack:
        node = stack.pop()
        if isinstance(node, Function) and id(node) not in found:
            found[id(node)] = node
            stack += [edge[0] for edge in node.edges if edge is not None]
    return sorted(found.values(), key=lambda node: node.sequence)


Made = dict[tuple[int, int], Any]  # results by the node that made them, and its output's number


class Tape:
    """A recorded graph that can be run again with other numbers in its leaves, in float64.

    What was computed outside the graph (under no_grad, from integers, in NumPy) stays as it was.

    Args:
        outputs: results that were recorded within `record_calls`.

    Raises:
        LookupError: if some node has no call, having been recorded outside.
    """

    def __init__(self, outputs: Sequence[Any]) -> None:
        self.outputs = [out for out in outputs if out._requires_grad]
        self.nodes = nodes_behind(self.outputs)
        for node in self.nodes:
            if node.call is None:
                raise LookupError(f"{node.name()} was recorded before the tape began")
        leaves: dict[int, Any] = {}
        for node in self.nodes:
            for edge in node.edges:
                if edge is not None and isinstance(edge[0], TensorBase):
                    leaves.setdefault(id(edge[0]), edge[0])
        self.leaves = list(leaves.values())
        self._last: tuple[list[Array], Made] = [], {}

    def run(self, *leaves: Any) -> tuple[Any, ...]:
        """The outputs, for other values of `self.leaves`."""
        made = self._made_of(leaves)
        self._run(self.nodes, made)
        return self._outputs_in(made)

    def rerun(self, *leaves: Any) -> tuple[Any, ...]:
        """As `run` without a graph, and running again only what depends on a leaf that has changed.

        What that is follows from the values of the leaves, compared with those of the last run of
        more than half of the graph.
        """
        arrays, before = self._last
        changed = {
            id(leaf)
            for leaf, value, array in zip(self.leaves, leaves, arrays, strict=False)
            if not np.array_equal(value._array, array, equal_nan=True)
        }
        nodes = []
        for node in self.nodes:
            if not before or any(e is not None and id(e[0]) in changed for e in node.edges):
                changed.add(id(node))
                nodes.append(node)
        made = {**before, **self._made_of(leaves)}
        with no_grad():
            self._run(nodes, made)
        if 2 * len(nodes) > len(self.nodes):
            self._last = [value._array.copy() for value in leaves], made
        return self._outputs_in(made)

    def _made_of(self, leaves: Sequence[Any]) -> Made:
        return {(id(leaf), 0): value for leaf, value in zip(self.leaves, leaves, strict=True)}

    def _run(self, nodes: Sequence[Function], made: Made) -> None:
        for node in nodes:
            call = node.call
            checked = [made[id(e[0]), e[1]] for e in call.edges if e is not None]
            results = call.again(*checked)
            several = results if isinstance(results, tuple) else (results,)
            made.update({(id(node), slot): result for slot, result in enumerate(several)})

    def _outputs_in(self, made: Made) -> tuple[Any, ...]:
        return tuple(made[id(out._grad_fn), out._slot] for out in self.outputs)
