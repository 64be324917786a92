"""`record`: what a graph alone does not know. Which line, which module, which numbers.

A graph holds what its backward needs and no more. Within `record`, every node that is made is also
given a `Note`: the user's line, the modules that were being called, and the values that went in.
The note is in ``node.metadata``, so that it lives as long as the node, and no longer.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck.trace import caller_location
from minitorch.autograd.observer import Observer
from minitorch.nn.modules._global_hooks import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from minitorch.nn.modules.module import Module
from minitorch.viz.values import Values

KEY = "minitorch.viz"


@dataclass(frozen=True)
class ModuleCall:
    """One call of a module.

    Attributes:
        path: its name in the model (``features.0``), or its class's for the model itself.
        kind: its class's name.
        turn: 1, or more if the same module was called before within the same call of the model.
    """

    path: str
    kind: str
    turn: int

    def __str__(self) -> str:
        return self.path + (f" (call {self.turn})" if self.turn > 1 else "")


@dataclass
class Constant:
    """A tensor without a gradient that some node took in. (Not the tensor itself.)"""

    tensor: weakref.ref[Any]
    values: Values


@dataclass
class Note:
    """Note of what was seen when a node was made.

    Attributes:
        place: ``file:line, in function`` of the user's code.
        calls: the calls of modules it was made in, the outermost first.
        values: of its outputs, by their number; seen when another operation took them in.
        gradients: of its outputs, by their number; seen when backward last came by.
        leaves: of its inputs that are leaves: name (or '') and values, by the input's number.
        constants: its inputs that are tensors without a gradient, by the input's number.
    """

    place: str
    calls: tuple[ModuleCall, ...]
    values: dict[int, Values] = field(default_factory=dict)
    gradients: dict[int, Values] = field(default_factory=dict)
    leaves: dict[int, tuple[str, Values]] = field(default_factory=dict)
    constants: dict[int, Constant] = field(default_factory=dict)

    def see_gradients(self, gradients: tuple[Any, ...]) -> None:
        """A hook for the node: keep what arrives, and change nothing."""
        for slot, gradient in enumerate(gradients):
            if gradient is not None:
                self.gradients[slot] = Values.of(gradient._any_layout)


def note_of(node: Function) -> Note | None:
    """The note that was made of `node`, or None if it was not recorded."""
    notes: dict[str, Any] | None = node.__dict__.get("_metadata")
    return None if notes is None else notes.get(KEY)


class record(Observer):
    """Within it, nodes remember the user's line, the module and the values they were made with.

    Args:
        model: the module whose names are used. By default the outermost module that is called.

    Recording looks at every array (minimum, maximum, mean...), so that each operation takes longer;
    no number is changed. Once it is over nothing is left but the notes on the nodes.

    >>> import minitorch
    >>> from minitorch import nn, viz
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> with viz.record(model):
    ...     loss = model(minitorch.ones(1, 2)).sum()
    >>> [node.module for node in viz.graph(loss).nodes if node.kind == "operation"]
    ['0', '1', '']
    """

    def __init__(self, model: Module | None = None) -> None:
        if model is not None and not isinstance(model, Module):
            raise TypeError(f"record: expected a Module or nothing, got {type(model).__name__}")
        self.model = model
        self.stack: list[ModuleCall] = []
        self._paths: dict[int, str] = {}
        self._parameters: dict[int, str] = {}
        self._turns: Counter[int] = Counter()
        self._constants: dict[int, Constant] = {}
        self._handles: list[Any] = []
        self._thread = 0

    def __enter__(self) -> Self:
        if self._handles:
            raise RuntimeError("record: this recording is running already; make another one")
        self._thread = threading.get_ident()
        if self.model is not None:
            self._learn(self.model)
        self._handles = [
            register_module_forward_pre_hook(self._enter_module),
            register_module_forward_hook(self._leave_module, always_call=True),
        ]
        return super().__enter__()

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__()
        for handle in self._handles:
            handle.remove()
        self._handles = []
        for table in (self._paths, self._parameters, self._turns, self._constants):
            table.clear()
        self.stack.clear()

    def _learn(self, model: Module) -> None:
        """Take the names of `model`'s modules and parameters; what is shared has its first."""
        for name, module in model.named_modules():
            self._paths[id(module)] = name or type(module).__name__
        for name, parameter in model.named_parameters():
            self._parameters[id(parameter)] = name

    def _enter_module(self, module: Module, args: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        if not self.stack:
            self._turns.clear()
            if self.model is None or id(module) not in self._paths:
                self._learn(module)  # each time: another model may have been there before
        self._turns[id(module)] += 1
        kind = type(module).__name__
        path = self._paths.get(id(module), kind)
        self.stack.append(ModuleCall(path, kind, self._turns[id(module)]))

    def _leave_module(self, module: Module, args: Any, output: Any) -> None:
        if self.stack and threading.get_ident() == self._thread:
            self.stack.pop()

    def before_forward(
        self, node: Function, inputs: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any]
    ) -> None:
        """Give the node its note."""
        note = Note(caller_location(), tuple(self.stack))
        node.metadata[KEY] = note
        node.register_prehook(note.see_gradients)
        for index, (edge, operand) in enumerate(zip(node.edges, inputs, strict=True)):
            array = arrays[index]
            if edge is not None:
                end, slot = edge
                if isinstance(end, TensorBase):
                    name = self._parameters.get(id(end), "")
                    note.leaves[index] = (name, Values.of(array))
                    continue
                maker = note_of(end)
                if maker is not None and slot not in maker.values:
                    maker.values[slot] = Values.of(array)
            elif isinstance(operand, TensorBase) and isinstance(array, np.ndarray):
                note.constants[index] = self._constant(operand, array)

    def _constant(self, tensor: TensorBase, array: Any) -> Constant:
        table, key = self._constants, id(tensor)
        known = table.get(key)
        if known is None:
            gone = weakref.ref(tensor, lambda _: table.pop(key, None))
            known = table[key] = Constant(gone, Values.of(array))
        return known
