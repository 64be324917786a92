"""`summary`: a model's layers, with what goes in and out, what they keep, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from minitorch import factory
from minitorch._dtypes import float32
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.mode import enable_grad
from minitorch.autograd.observer import Observer
from minitorch.nn.modules._global_hooks import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from minitorch.nn.modules.module import Module
from minitorch.viz.counts import Field, field_of, multiply_adds
from minitorch.viz.nodes import as_tensors, memory_of, parameter_names, saved_by
from minitorch.viz.values import size


@dataclass
class Row:
    """One module, at one of its calls.

    Attributes:
        path, kind, depth: where it is in the model, and its class.
        outputs: the shapes that it returned; empty if it was not called.
        parameters: how many numbers are its own parameters, its children's aside; those that an
            earlier row has already are not counted again.
        multiply_adds: of the operations in its own forward, its children's aside.
        saved: bytes that those operations keep for backward, without parameters.
        bytes: of its outputs.
        sees: for each spatial dimension, how many input elements one output element sees.
        again: whether it is a later call of a module that has a row.
    """

    path: str
    kind: str
    depth: int
    outputs: list[tuple[int, ...]] = field(default_factory=list)
    parameters: int = 0
    multiply_adds: int = 0
    saved: int = 0
    bytes: int = 0
    sees: tuple[int, ...] | None = None
    again: bool = False
    children: list[Row] = field(default_factory=list)
    slots: list[tuple[int, int]] = field(default_factory=list)  # its outputs in the graph

    def name(self) -> str:
        """The last part of its path, and its class."""
        return f"{self.path.rpartition('.')[2]} {self.kind}" if self.path else self.kind

    def total(self, what: str) -> int:
        """A count with all that is below it."""
        return int(getattr(self, what)) + sum(child.total(what) for child in self.children)


@dataclass
class Summary:
    """Result of `summary`; prints as a table.

    Attributes:
        rows: a list of `Row`, in the order of the calls.
        parameters, trainable, buffers: how many numbers; what is shared counts once.
        parameter_bytes: of all parameters and buffers.
        multiply_adds: of convolutions and matrix products, bias additions aside.
        output_bytes: of what the innermost layers returned.
        saved: bytes kept for a backward, without parameters.
        inputs: the shapes that went in.
    """

    rows: list[Row]
    parameters: int
    trainable: int
    buffers: int
    parameter_bytes: int
    multiply_adds: int
    output_bytes: int
    saved: int
    inputs: list[tuple[int, ...]]
    depth: int | None = None

    def table(self) -> list[tuple[str, ...]]:
        """Head and rows, as text."""
        found: list[tuple[str, ...]] = [
            ("layer", "output", "parameters", "multiply-adds", "sees", "saves")
        ]
        for row in self.rows:
            if self.depth is not None and row.depth > self.depth:
                continue
            count = row.total if self.depth == row.depth else vars(row).__getitem__
            parameters, work, saved = map(count, ("parameters", "multiply_adds", "saved"))
            layer = "  " * row.depth + row.name() + " (again)" * row.again
            shapes = ", ".join(str(list(shape)) for shape in row.outputs) or "not called"
            cells = (layer, shapes, f"{parameters:,}", f"{work:,}", seen(row.sees), size(saved))
            found.append(tuple("" if cell in ("0", "0 B") else cell for cell in cells))
        return found

    def totals(self) -> list[tuple[str, str]]:
        """The lines below the table."""
        inputs = ", ".join(str(list(shape)) for shape in self.inputs)
        frozen = self.parameters - self.trainable
        return [
            ("input", inputs),
            ("parameters", f"{self.parameters:,}" + (f", {frozen:,} frozen" if frozen else "")),
            *([("numbers in buffers", f"{self.buffers:,}")] if self.buffers else []),
            ("multiply-adds", f"{self.multiply_adds:,} ({short(self.multiply_adds)})"),
            ("memory of parameters", size(self.parameter_bytes)),
            ("memory of outputs", size(self.output_bytes)),
            ("saved for backward", size(self.saved)),
        ]

    def __str__(self) -> str:
        columns = [
            [f"{cell:{side}{max(map(len, column))}}" for cell in column]
            for side, column in zip("<<>>>>", zip(*self.table(), strict=True), strict=True)
        ]
        head, *rows = ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
        rule = "─" * max(map(len, (head, *rows)))
        width = max(len(label) for label, _ in self.totals())
        totals = [f"{label:<{width}}  {text}" for label, text in self.totals()]
        return "\n".join([head, rule, *rows, rule, *totals])

    def _repr_html_(self) -> str:
        head, *rows = self.table()

        def line(cells: Sequence[str], tag: str) -> str:
            style = ["text-align: left; white-space: pre"] * 2 + ["text-align: right"] * 4
            return "".join(
                f'<{tag} style="{how}">{escape(cell)}</{tag}>'
                for cell, how in zip(cells, style, strict=True)
            )

        body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
        notes = "<br>".join(f"{escape(a)}: {escape(b)}" for a, b in self.totals())
        return f"<table><tr>{line(head, 'th')}</tr>{body}</table><p>{notes}</p>"


def summary(
    model: Module,
    input: Any = None,
    *,
    input_size: Any = None,
    dtypes: Sequence[Any] | None = None,
    depth: int | None = None,
) -> Summary:
    """Call `model` once and tell, layer by layer, shapes, parameters, cost and memory.

    Args:
        model: called in eval mode; its modes, parameters and gradients are left as they were.
        input: a tensor; several in a list or tuple; a dict for keyword arguments; or a size.
        input_size: instead of `input`, the shape with its batch dimension, or a list of shapes;
            ones of that shape go in.
        dtypes: with `input_size`, one for each input; float32 by default.
        depth: how many levels of modules to show; deeper ones are added to those above them.

    Multiply-adds are counted in the calls that are really made: of convolutions, matrix products,
    attention and recurrent steps. Bias additions and element-wise work are not counted, nor is
    what a model does under ``no_grad``. "sees" is the receptive field in elements of the input.

    Raises:
        TypeError: without an input, or with both kinds of it.

    >>> from minitorch import nn, viz
    >>> net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    >>> print(viz.summary(net, input_size=(1, 1, 8, 8)))  # doctest: +ELLIPSIS
    layer        output        parameters  multiply-adds  sees    saves
    ───────────────────────────────────────────────────────────────────
    Sequential   [1, 10]
      0 Conv2d   [1, 8, 6, 6]          80          2,592     3  ... KB
      1 ReLU     [1, 8, 6, 6]                                3    288 B
      2 Flatten  [1, 288]
      3 Linear   [1, 10]            2,890          2,880        1.12 KB
    ───────────────────────────────────────────────────────────────────
    input                 [1, 1, 8, 8]
    parameters            2,970
    multiply-adds         5,472 (5.47 k)
    memory of parameters  11.6 KB
    memory of outputs     3.41 KB
    saved for backward    ... KB
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expected a Module, got {type(model).__name__}")
    if input_size is None and _is_size(input):
        input, input_size = None, input
    if (input is None) == (input_size is None):
        raise TypeError("summary: give either an input or an input_size, such as (1, 3, 224, 224)")
    args, kwargs = _arguments(input, input_size, dtypes)
    inputs = list(as_tensors([*args, *kwargs.values()]))
    watcher = _Watcher(model)
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(p, p.requires_grad) for p in model.parameters()]
    trainable = sum(p.numel() for p, wants in wanted if wants)
    model.eval()
    try:
        for parameter, _ in wanted:  # or nothing would be recorded of what is frozen
            if parameter.is_floating_point():
                parameter.requires_grad_(True)
        with enable_grad():
            watcher.run(args, kwargs, inputs)
    finally:
        for parameter, wants in wanted:
            parameter.requires_grad_(wants)
        for module, training in modes:
            module.training = training
    buffers, rows = list(model.buffers()), watcher.rows
    return Summary(
        rows=rows,
        parameters=sum(p.numel() for p, _ in wanted),
        trainable=trainable,
        buffers=sum(b.numel() for b in buffers),
        parameter_bytes=sum(t.nbytes for t in (*(p for p, _ in wanted), *buffers)),
        multiply_adds=sum(row.multiply_adds for row in rows),
        output_bytes=sum(row.bytes for row in rows if not row.children),
        saved=sum(row.saved for row in rows),
        inputs=[tuple(tensor.shape) for tensor in inputs],
        depth=depth,
    )


def _is_size(value: Any) -> bool:
    """Whether it is a shape, or several: nothing but whole numbers, once or twice in a list."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(item, int) for item in value) or all(
        isinstance(item, list | tuple) and item and all(isinstance(n, int) for n in item)
        for item in value
    )


def _arguments(
    input: Any, input_size: Any, dtypes: Sequence[Any] | None
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of the call: copies that want a gradient, so that the call is recorded."""
    if input_size is not None:
        sizes = list(input_size)
        if all(isinstance(number, int) for number in sizes):
            sizes = [sizes]
        kinds = list(dtypes) if dtypes is not None else [float32] * len(sizes)
        if len(kinds) != len(sizes):
            raise ValueError(f"summary: {len(sizes)} sizes, but {len(kinds)} dtypes")
        pairs = zip(sizes, kinds, strict=True)
        input = [factory.ones(tuple(shape), dtype=kind) for shape, kind in pairs]

    def prepared(value: Any) -> Any:
        if isinstance(value, TensorBase):
            copy: Any = value
            copy = copy.detach().clone()
            # Not the leaf itself: a model may change its input in place.
            return copy.requires_grad_().clone() if copy.is_floating_point() else copy
        if isinstance(value, list | tuple):
            return type(value)(prepared(item) for item in value)
        return value

    if isinstance(input, Mapping):
        return [], {name: prepared(value) for name, value in input.items()}
    several = input if isinstance(input, list | tuple) else [input]
    return [prepared(value) for value in several], {}


class _Watcher(Observer):
    """Sees the calls of a model's modules, and of the operations in them."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.rows: list[Row] = []
        self.paths = {id(module): name for name, module in model.named_modules()}
        self.stack: list[Row] = []
        self.calls: dict[int, tuple[Row | None, Sequence[Any], dict[str, Any]]] = {}
        self.nodes: list[Function] = []
        self.called: set[int] = set()
        self.counted: set[int] = set()  # parameters

    def run(self, args: list[Any], kwargs: dict[str, Any], inputs: list[Any]) -> None:
        """Call the model, and work out what the rows are told."""
        handles = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        ]
        try:
            with self:
                self.model(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
        self._work_out(inputs)
        self._add_those_not_called()

    def _row(self, module: Module, depth: int) -> Row:
        row = Row(self.paths[id(module)], type(module).__name__, depth)
        row.again = id(module) in self.called
        self.called.add(id(module))
        for parameter in module._parameters.values():
            if parameter is not None and id(parameter) not in self.counted:
                self.counted.add(id(parameter))
                row.parameters += parameter.numel()
        return row

    def _enter(self, module: Module, args: Any) -> None:
        if id(module) not in self.paths:
            return
        row = self._row(module, len(self.stack))
        if self.stack:
            self.stack[-1].children.append(row)
        self.rows.append(row)
        self.stack.append(row)

    def _leave(self, module: Module, args: Any, output: Any) -> None:
        if id(module) not in self.paths or not self.stack:
            return
        row = self.stack.pop()
        for tensor in _tensors_in(output):
            row.outputs.append(tuple(tensor.shape))
            row.bytes += tensor.nbytes
            if tensor._grad_fn is not None:
                row.slots.append((id(tensor._grad_fn), tensor._slot))

    def before_forward(
        self, node: Function, inputs: Any, arrays: Sequence[Any], params: dict[str, Any]
    ) -> None:
        """Note the row that an operation belongs to, and the shapes it works on."""
        shapes = [_Shape(a.shape, a.size) if hasattr(a, "shape") else None for a in arrays]
        self.calls[id(node)] = (self.stack[-1] if self.stack else None, shapes, params)
        self.nodes.append(node)

    def _work_out(self, inputs: list[Any]) -> None:
        fields: dict[tuple[int, int], Field | None] = {}
        for tensor in inputs:
            if tensor._grad_fn is not None and tensor.dim() > 2:
                fields[id(tensor._grad_fn), 0] = ((1.0, 1.0),) * (tensor.dim() - 2)
        kept = {memory_of(parameter._any_layout) for parameter in self.model.parameters()}
        for node in self.nodes:
            row, arrays, params = self.calls[id(node)]
            shapes = [shape for shape, _ in node.outputs]
            came = [
                (e[0].outputs[e[1]][0], fields.get((id(e[0]), e[1])))
                for e in node.edges
                if e is not None and isinstance(e[0], Function)
            ]
            for slot, shape in enumerate(shapes):
                fields[id(node), slot] = field_of(node._forward_cls, arrays, params, shape, came)
            if row is not None:
                row.multiply_adds += multiply_adds(node._forward_cls, arrays, params, shapes)
                for item in saved_by(node, parameter_names(node._forward_cls)):
                    if item.memory not in kept and not item.parameter:
                        kept.add(item.memory)
                        row.saved += item.bytes
        for row in self.rows:
            found = fields.get(row.slots[0]) if row.slots else None
            if found:
                row.sees = tuple(math.ceil(size) for size, _ in found)

    def _add_those_not_called(self) -> None:
        """Put in modules whose parameters are used without calling them, and those not used."""
        for name, module in self.model.named_modules():
            contains = any(True for _ in module.children())
            if id(module) in self.called or (
                contains and all(p is None for p in module._parameters.values())
            ):
                continue  # (a ModuleList is not to be called)
            above, depth = name.rpartition(".")[0], name.count(".") + 1
            at = next((i for i, row in enumerate(self.rows) if row.path == above), None)
            row, after = self._row(module, depth), len(self.rows)
            if at is not None:
                self.rows[at].children.append(row)
                row.depth = self.rows[at].depth + 1
                later = (i for i in range(at + 1, after) if self.rows[i].depth < row.depth)
                after = next(later, after)
            self.rows.insert(after, row)


@dataclass(frozen=True)
class _Shape:
    """Shape and dtype of an array that an operation was called with."""

    shape: tuple[int, ...]
    size: int


def _tensors_in(output: Any) -> list[Any]:
    """The tensors in what a module returned, whatever else there is."""
    if isinstance(output, TensorBase):
        return [output]
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, list | tuple):
        return [tensor for item in output for tensor in _tensors_in(item)]
    return []


def seen(field: tuple[int, ...] | None) -> str:
    """A receptive field for reading: ``7``, or ``3x5``."""
    if not field:
        return ""
    return str(field[0]) if len(set(field)) == 1 else "x".join(map(str, field))


def short(count: int) -> str:
    """A count for reading: ``1.81 G``."""
    value, unit = float(count), ""
    for unit in ("", "k", "M", "G", "T"):
        if value < 1000 or unit == "T":
            break
        value /= 1000
    return f"{value:.3g} {unit}".strip()


__all__ = ["Row", "Summary", "summary"]
