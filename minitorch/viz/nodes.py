"""`graph`: the graph behind a result, as plain data that can be written in many forms.

A `Graph` holds no tensor and no node: it is what was there when it was made, and keeps nothing of
the network alive. What it knows of values comes from a recording (`record`), from what the nodes
have saved, and from the leaves as they are.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import Edge, TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.saved import SavedArray
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.viz import fold, formats, layout, svg, text
from minitorch.viz.names import Names, users_frame
from minitorch.viz.page import compose, write
from minitorch.viz.recording import ModuleCall, Note, note_of
from minitorch.viz.values import Values, dtype_name, size, values_of


@dataclass
class Output:
    """One result of a node: what is known of it."""

    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    values: Values | None = None
    gradient: Values | None = None

    def count(self) -> int:
        """Count the elements."""
        return math.prod(self.shape)

    def few(self) -> list[str]:
        """Its values and its gradient, each if there are at most four."""
        both = (("=", self.values), ("grad", self.gradient))
        return [f"{sign} {v.short()}" for sign, v in both if v is not None and 0 < v.count() <= 4]

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


@dataclass(frozen=True)
class Input:
    """Where one input of a node comes from: output `slot` of node number `source`."""

    source: int
    slot: int
    label: str  # what the Function's forward calls it


@dataclass(frozen=True)
class Saved:
    """An array that a node keeps for its backward. Arrays of one `memory` are the same."""

    what: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    memory: tuple[int, int]
    parameter: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.dtype} {list(self.shape)}, {size(self.bytes)}"


@dataclass
class Node:
    """One box of the picture.

    Attributes:
        number: its place in the order of creation, from 1.
        kind: 'operation'; 'leaf', where a gradient ends; 'constant', which has none.
        name: PyTorch's name of the node (``MulBackward0``); a leaf's own name.
        function: the Function subclass that has its forward and backward.
        inputs, outputs: what goes in and comes out.
        saved: what it keeps for backward; empty once it is freed.
        freed: whether what it kept has been dropped.
        place: ``file:line, in function`` of the user's code, or ''.
        calls: the modules it was made in, the outermost first.
        parameter: whether it is a leaf that is a Parameter.
        tag: its module's call, where no frame around it says so.
    """

    number: int
    kind: str
    name: str
    function: str = ""
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    freed: bool = False
    place: str = ""
    calls: tuple[ModuleCall, ...] = ()
    parameter: bool = False
    tag: str = ""

    @property
    def module(self) -> str:
        """The path of the innermost module it was made in, or ''."""
        return self.calls[-1].path if self.calls else ""

    @property
    def variable(self) -> str:
        """Return the user's name of its result, or ''."""
        return "" if self.kind != "operation" else ", ".join(o.name for o in self.outputs if o.name)

    @property
    def saved_bytes(self) -> int:
        """The bytes of all that it saved; the same array twice counts once."""
        return sum({saved.memory: saved.bytes for saved in self.saved}.values())

    @property
    def warning(self) -> str:
        """Count values, or gradients, that are NaN or infinite: ``3 NaN, grad 1 inf``; or ''."""
        both = [pair for o in self.outputs for pair in (("", o.values), ("grad ", o.gradient))]
        return ", ".join(sign + v.warning() for sign, v in both if v is not None and v.warning())

    def line(self) -> str:
        """The user's file and line in short: ``train.py:12``; in a notebook ``cell:12``."""
        file, _, rest = self.place.rpartition(":")
        name = "cell" if "ipykernel_" in file else Path(file).name
        return f"{name}:{rest.partition(',')[0]}" if file else ""

    def kept(self) -> str:
        """Say in short what it keeps for backward, or ''."""
        saves = f"saves {size(self.saved_bytes)}" if self.saved_bytes else ""
        return "freed" if self.freed else saves

    def lines(self) -> list[str]:
        """Write the text in its box: name, shape, and what is worth knowing at a glance."""
        if len(self.outputs) > 1:
            lines = [self.name, f"{len(self.outputs)} outputs"]
        else:
            lines = [self.name, str(self.outputs[0]), *self.outputs[0].few()]
        if self.warning:
            lines.append(f"⚠ {self.warning}")
        notes = [note for note in (self.variable, self.tag, self.line(), self.kept()) if note]
        return [*lines, " · ".join(notes)] if notes else lines

    def details(self) -> list[tuple[str, str]]:
        """All that is known of it, as pairs of a label and a text."""
        module = ""
        if self.calls:
            kind = f", a {self.calls[-1].kind}" if self.calls[-1].kind else ""
            module = f"{self.calls[-1]}{kind}"
        pairs = (("Function", self.function), ("module", module), ("made at", self.place))
        found = [(label, text) for label, text in pairs if text]
        for slot, output in enumerate(self.outputs):
            which, name = "tensor", ""
            if self.kind == "operation":
                which = f"output {slot}" if len(self.outputs) > 1 else "output"
                name = f"{output.name} = " if output.name else ""
            found.append((which, f"{name}{output}"))
            for label, values in (("values", output.values), ("gradient", output.gradient)):
                if values is not None:
                    found.append((label, values.statistics()))
                    if values.array is not None and values.array.size > 1:
                        found.append(("", values.short()))
        found += [("saved", str(saved)) for saved in self.saved]
        if self.freed:
            found.append(("saved", "freed by a backward"))
        elif self.saved:
            found.append(("saved bytes", size(self.saved_bytes)))
        return found


class Graph:
    """The graph behind one or more results. Print it, write it in another form, or look at it.

    Attributes:
        nodes: a list of `Node`, each after all that it is made of.
        roots: (number, slot) of each result.
        limit: how many boxes a picture shows before modules are folded.
    """

    def __init__(self, nodes: list[Node], roots: list[tuple[int, int]], limit: int = 60) -> None:
        self.nodes, self.roots, self.limit = nodes, roots, limit
        self._tree: fold.Group | None = None

    def __getitem__(self, number: int) -> Node:
        """The node of that number."""
        return self.nodes[number - 1]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph: {self.summary()}>"

    def __str__(self) -> str:
        return self.text()

    def summary(self) -> str:
        """Count the nodes of each kind, and what they keep."""
        kinds = Counter(node.kind for node in self.nodes)
        plural = {"operation": "operations", "leaf": "leaves", "constant": "constants"}
        parts = [
            f"{kinds[kind]} {kind if kinds[kind] == 1 else several}"
            for kind, several in plural.items()
            if kinds[kind]
        ]
        whole, parameters = self.saved_bytes()
        if any(node.freed for node in self.nodes):
            parts.append("freed by a backward")
        elif whole:
            parts.append(
                f"{size(whole)} saved for backward"
                + (f" and {size(parameters)} of parameters" if parameters else "")
            )
        return ", ".join(parts)

    def saved_bytes(self) -> tuple[int, int]:
        """The bytes kept for backward, each array once: all but parameters, and the parameters."""
        kept = {s.memory: (s.bytes, s.parameter) for node in self.nodes for s in node.saved}
        parameters = sum(count for count, parameter in kept.values() if parameter)
        return sum(count for count, _ in kept.values()) - parameters, parameters

    def tree(self) -> fold.Group:
        """The nodes in groups: calls of modules, and parts of what is still too many."""
        if self._tree is None:
            self._tree = fold.tree(self)
        return self._tree

    # ---- forms -------------------------------------------------------------------------------

    def text(self, *, fold: bool | None = None, width: int | None = None) -> str:
        """A tree for the terminal: the result first, its inputs below, a shared part once.

        Args:
            fold: whether to show a module's call as one line; by default in a large graph.
            width: cut lines to so many characters; not at all by default.
        """
        return text.write(self, fold, width)

    def mermaid(self, *, fold: bool | None = None) -> str:
        """Mermaid's language, which GitHub and many editors draw."""
        return formats.mermaid(self, fold)

    def dot(self, *, fold: bool | None = None) -> str:
        """Graphviz's language."""
        return formats.dot(self, fold)

    def svg(self, *, fold: bool | None = None) -> str:
        """A picture as SVG, in light or dark as the reader's system is."""
        return svg.draw(self, fold)

    def html(self, path: str | Path) -> Path:
        """Write a page to zoom and to fold, with all that is known of each node; returns its path.

        One file that needs nothing else. Keys are said on the page.
        """
        data = self.data()
        page = compose("graph", data, title=data["title"], parts=("drawing",))
        return write(path, page)

    def _repr_html_(self) -> str:
        return f'<div style="max-width: 100%; overflow: auto">{self.svg()}</div>'

    def data(self) -> dict[str, Any]:
        """Return the data that the pages read."""
        tree = self.tree()
        name = next((self[n].outputs[s].name for n, s in self.roots), "")
        roots = {number for number, _ in self.roots}
        return {
            "title": f"The graph behind {name or 'the result'}",
            "summary": self.summary(),
            "open": sorted(fold.opened(tree, self.limit)),
            "nodes": [
                {
                    "kind": node.kind,
                    "bad": bool(node.warning),
                    "title": node.name,
                    "details": node.details(),
                    "lines": node.lines(),
                    "size": layout.box(node.lines()),
                    "inputs": [[i.source, i.slot, i.label] for i in node.inputs],
                    "root": node.number in roots,
                }
                for node in self.nodes
            ],
            "groups": layout.data(self, tree),
        }


def graph(
    outputs: Any,
    *,
    module: Module | None = None,
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    limit: int = 60,
) -> Graph:
    """The graph behind `outputs`: a tensor, or tensors in a list, tuple or dict.

    Args:
        outputs: results that require grad, such as a loss.
        module: the model, to name its parameters.
        params: names of tensors, as a dict or as pairs (``model.named_parameters()``).
        limit: fold modules in graphs of more boxes than this.

    What they leave without a name is called as the caller's own variables are. The user's lines,
    modules and most values are known only for what was recorded within `record`.

    Raises:
        TypeError: for what is no tensor.
        RuntimeError: for a tensor that requires no grad: there is no graph behind it.

    >>> import minitorch
    >>> from minitorch import viz
    >>> x = minitorch.tensor(2.0, requires_grad=True)
    >>> y = (x * 3).sigmoid()
    >>> print(viz.graph(y))
    2 operations, 1 leaf, 8 B saved for backward
    ● #3 SigmoidBackward0  float32 []  = 0.99753  y, saves 4 B
    ● #2 MulBackward0  float32 []  saves 4 B
    └─○ #1 x  float32 []  = 2
    """
    graph, _ = build(outputs, Names(params, module, users_frame()), limit)
    return graph


def build(outputs: Any, names: Names, limit: int = 60) -> tuple[Graph, dict[int, int]]:
    """The graph, and the number of each node and leaf by its id."""
    roots, ends = list(as_tensors(outputs)), []
    for root in roots:
        if root._is_stale():
            root._refresh()
        if not root._requires_grad:
            raise RuntimeError(
                "graph: this tensor does not require grad, so that there is no graph behind it: "
                "it was computed under no_grad, detached, or made of tensors that do not require "
                f"grad (got {root.dtype} {list(root.shape)})"
            )
    builder = _Builder(names)
    for node in behind(roots):
        builder.add(node)
    for root in roots:
        end, slot = root._edge()
        at = builder.leaf(end, None) if isinstance(end, TensorBase) else builder.numbers[id(end)]
        builder.nodes[at - 1].outputs[slot].values = values_of(root)
        ends.append((at, slot))
    fold.guess_calls(builder.nodes)
    return Graph(builder.nodes, ends, limit), builder.numbers


def as_tensors(outputs: Any) -> Iterable[Any]:
    """The tensors in a tensor, a list, a tuple or a dict."""
    if isinstance(outputs, TensorBase):
        yield outputs
    elif isinstance(outputs, Mapping):
        yield from as_tensors(list(outputs.values()))
    elif isinstance(outputs, list | tuple) and outputs:
        for output in outputs:
            yield from as_tensors(output)
    else:
        raise TypeError(f"graph: expected a tensor, or several, got {outputs!r}")


def behind(roots: list[Any]) -> list[Function]:
    """All nodes behind `roots`, in the order in which they were made."""
    found: dict[int, Function] = {}
    stack = [root._grad_fn for root in roots if root._grad_fn is not None]
    while stack:
        node = stack.pop()
        if id(node) not in found:
            found[id(node)] = node
            stack += [e[0] for e in node.edges if e is not None and isinstance(e[0], Function)]
    return sorted(found.values(), key=lambda node: node.sequence)


class _Builder:
    """Makes a `Node` of each Function, each leaf and each constant."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.nodes: list[Node] = []
        self.numbers: dict[int, int] = {}
        self.labels: dict[type[Function], list[str]] = {}

    def _append(self, thing: Any, kind: str, name: str, **rest: Any) -> Node:
        node = Node(len(self.nodes) + 1, kind, name, **rest)
        self.nodes.append(node)
        self.numbers[id(thing)] = node.number
        return node

    def leaf(self, leaf: Any, noted: tuple[str, Values] | None) -> int:
        """The number of a leaf."""
        if id(leaf) not in self.numbers:
            name, values = noted or ("", Values.of(leaf._any_layout))
            name, parameter = self.names.of(leaf) or name, isinstance(leaf, Parameter)
            dtype = dtype_name(leaf._numpy_dtype)
            output = Output(tuple(leaf.shape), dtype, name, values, values_of(leaf._grad))
            self._append(leaf, "leaf", name or "leaf", outputs=[output], parameter=parameter)
        return self.numbers[id(leaf)]

    def constant(self, constant: Any) -> int:
        """The number of a recorded constant."""
        if id(constant) not in self.numbers:
            tensor, values = constant.tensor(), constant.values
            name = "" if tensor is None else self.names.of(tensor)
            output = Output(values.shape, values.dtype, name, values)
            self._append(constant, "constant", name or "constant", outputs=[output])
        return self.numbers[id(constant)]

    def add(self, node: Function) -> None:
        """Add an operation, after its leaves and constants."""
        note = note_of(node) or Note("", ())
        if node._forward_cls not in self.labels:
            self.labels[node._forward_cls] = parameter_names(node._forward_cls)
        inputs, labels = [], self.labels[node._forward_cls]
        for index, edge in enumerate(node.edges):
            label = labels[index] if index < len(labels) else str(index)
            if edge is not None:
                end, slot = edge
                if isinstance(end, Function):
                    inputs.append(Input(self.numbers[id(end)], slot, label))
                else:
                    inputs.append(Input(self.leaf(end, note.leaves.get(index)), 0, label))
            elif index in note.constants:
                inputs.append(Input(self.constant(note.constants[index]), 0, label))
        outputs = [
            Output(shape, dtype_name(dtype), name, note.values.get(slot), _gradient(node, slot))
            for slot, (shape, dtype) in enumerate(node.outputs)
            for name in [self.names.of_result(node, slot)]
        ]
        self._append(
            node,
            "operation",
            node.name(),
            function=node._forward_cls.__name__,
            inputs=inputs,
            outputs=outputs,
            saved=saved_by(node, labels),
            freed=node._saved is None,
            place=note.place,
            calls=note.calls,
        )
        self._learn_values(node, outputs)

    def _learn_values(self, node: Function, outputs: list[Output]) -> None:
        """Learn the values of a node's inputs and output from what it has saved."""
        for item in node._saved or ():
            if not isinstance(item, SavedArray) or item.storage.version != item.version:
                continue
            if item.own_slot is not None:
                output = outputs[item.own_slot]
            elif item.edge is not None and isinstance(item.edge[0], Function):
                end, slot = item.edge
                output = self.nodes[self.numbers[id(end)] - 1].outputs[slot]
            else:
                continue
            if output.values is None:
                output.values = Values.of(item.array)


def saved_by(node: Function, labels: list[str]) -> list[Saved]:
    """List what `node` keeps for its backward; `labels` are its forward's names of its inputs."""
    found = []
    for item in node._saved or ():
        if item is None:
            continue
        parameter = False
        if isinstance(item, SavedArray):
            array, edge = item.array, item.edge
            at = _index(edge, node.edges)
            if edge is None and node.edges.count(None) == 1:
                at = node.edges.index(None)
            if item.own_slot is not None:
                what = "output"
            elif at is not None:
                what = f"operand {labels[at] if at < len(labels) else at}"
                parameter = edge is not None and isinstance(edge[0], Parameter)
            else:
                what = "constant"
        else:
            array = item._any_layout if isinstance(item, TensorBase) else np.asarray(item)
            what = {"b": "mask", "f": "constant"}.get(array.dtype.kind, "indices")
        found.append(_describe(what, array, parameter))
    caches = node.cache if isinstance(node.cache, tuple | list) else (node.cache,)
    return found + [_describe("cache", a, False) for a in caches if isinstance(a, np.ndarray)]


def _index(edge: Edge | None, edges: list[Edge | None]) -> int | None:
    """Where `edge` stands among `edges`. (Tensors are compared by identity.)"""
    end, slot = edge or (None, None)
    same = (i for i, e in enumerate(edges) if e and e[0] is end and e[1] == slot)
    return next(same, None)


def _describe(what: str, array: Array, parameter: bool) -> Saved:
    dtype = dtype_name(array.dtype)
    return Saved(what, array.shape, dtype, array.nbytes, memory_of(array), parameter)


def memory_of(array: Array) -> tuple[int, int]:
    """Where an array lies, and its bytes: the same for two that are one memory."""
    return array.__array_interface__["data"][0], array.nbytes


def _gradient(node: Function, slot: int) -> Values | None:
    """The gradient of an output, if the recording saw it or the tensor retains it."""
    note = note_of(node)
    if note is not None and slot in note.gradients:
        return note.gradients[slot]
    tensor = (node.retained or {}).get(slot, lambda: None)()
    return None if tensor is None else values_of(tensor._grad)


def parameter_names(function: type[Function]) -> list[str]:
    """Return the names of a Function's inputs in its forward."""
    parameters = list(inspect.signature(function.forward).parameters.values())
    if "setup_context" not in function.__dict__:
        del parameters[:1]  # self, or ctx
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
