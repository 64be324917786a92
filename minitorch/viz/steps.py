"""`replay`: a backward, step by step. Which node ran, what arrived, what it sent, what was freed.

The engine does the walk, and tells it to an observer, which changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import AccumulateGrad, Function
from minitorch.autograd.observer import Observer
from minitorch.nn.modules.module import Module
from minitorch.viz.names import Names, users_frame
from minitorch.viz.nodes import Graph, Node, Saved, as_tensors, build
from minitorch.viz.page import compose
from minitorch.viz.values import Values, size


@dataclass(frozen=True)
class Sent:
    """A gradient on its way to output `slot` of node number `target`, for input `label`."""

    target: int
    slot: int
    label: str
    values: Values


@dataclass
class Step:
    """One step of a backward: a node runs, or a leaf gets its gradient.

    Attributes:
        graph: what it is a step in.
        number: from 1.
        node: the operation, or the leaf.
        arrived: the gradient of each output (None where nobody sent one); a leaf's is its whole.
        parts: who sent it, as (number of the sender, output, values); several are added up.
        sent: what an operation made, and for whom.
        before, after: a leaf's ``.grad``.
        freed: what the node kept for this, dropped now that it has run.
        held: bytes that the rest of the graph still keeps, without parameters.
    """

    graph: Graph = field(repr=False)
    number: int
    node: Node
    arrived: list[Values | None]
    parts: list[tuple[int, int, Values]]
    sent: list[Sent] = field(default_factory=list)
    before: Values | None = None
    after: Values | None = None
    freed: list[Saved] = field(default_factory=list)
    held: int = 0

    @property
    def title(self) -> str:
        """Say what happens, in a few words."""
        if self.node.kind == "leaf":
            return f"#{self.node.number} {self.node.name}: AccumulateGrad"
        return f"#{self.node.number} {self.node.name} runs"

    def rows(self) -> list[tuple[str, str]]:
        """All that happens, as pairs of a label and a text."""
        found: list[tuple[str, str]] = []
        several = len(self.arrived) > 1
        for slot, values in enumerate(self.arrived):
            which = f" at output {slot}" if several else ""
            if values is None:
                found.append((f"arrived{which}", "nothing"))
                continue
            parts = [part for part in self.parts if part[1] == slot]
            if len(parts) > 1:
                sources = [f"{part[2].short()}  from #{part[0]}" for part in parts]
                found += [("arrived" if i == 0 else "+", text) for i, text in enumerate(sources)]
                found.append((f"sum{which}", values.short()))
            else:
                origin = f"  from #{parts[0][0]}" if parts else "  to start from"
                found.append((f"arrived{which}", values.short() + origin))
        for sent in self.sent:
            target = self.graph[sent.target]
            which = f", output {sent.slot}" if len(target.outputs) > 1 else ""
            text = f"{sent.values.short()}  to #{target.number} {target.name}{which}"
            found.append(("sent", text))
        if self.node.kind == "leaf" and self.after is not None:
            name = self.node.name if self.node.name != "leaf" else f"#{self.node.number}"
            was = "None" if self.before is None else self.before.short()
            found.append((f"{name}.grad", f"was {was}, is now {self.after.short()}"))
        found += [("freed", str(saved)) for saved in self.freed]
        return found

    def __str__(self) -> str:
        rows = self.rows()
        width = max((len(label) for label, _ in rows), default=0)
        lines = [f"step {self.number}: {self.title}"]
        lines += [f"    {label:<{width}}  {text}" for label, text in rows]
        return "\n".join(lines)


class Replay:
    """The steps of a backward that has been done. Iterate it, print it, or show it as a page.

    Attributes:
        graph: the graph as it was before, with the gradients that came by.
        steps: a list of `Step`.
        held: bytes that were kept for backward before it began, without parameters.
    """

    def __init__(self, graph: Graph, steps: list[Step], held: int) -> None:
        self.graph, self.steps, self.held = graph, steps, held

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> Step:
        return self.steps[index]

    def __repr__(self) -> str:
        return f"<Replay: {len(self)} steps through {len(self.graph)} nodes>"

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """All steps, as text."""
        lines = [str(step) for step in self.steps]
        kept = self.steps[-1].held if self.steps else self.held
        lines.append(f"kept for backward: {size(self.held)} before, {size(kept)} after")
        return "\n".join(lines)

    def html(self, path: str | Path) -> Path:
        """Write a page that plays the steps, forwards and back; returns its path.

        One file that needs nothing else: next, back, play, speed; the keys are said on the page.
        """
        target = Path(path)
        target.write_text(self._page(), encoding="utf-8")
        return target

    def _page(self) -> str:
        data = self.data()
        return compose("replay", data, title=data["title"], parts=("drawing",))

    def _repr_html_(self) -> str:
        """The page itself in a frame, and the text for readers that drop frames."""
        page, text = escape(self._page()), escape(self.text())
        return (
            f'<iframe srcdoc="{page}" title="backward, step by step" '
            'style="width: 100%; height: 46rem; border: 0"></iframe>'
            f"<details><summary>the steps as text</summary><pre>{text}</pre></details>"
        )

    def data(self) -> dict[str, Any]:
        """Return the data that the page reads."""
        whole = self.graph.data()
        name = whole["title"].removeprefix("The graph behind ")
        steps = []
        for step in self.steps:
            grad = step.after if step.node.kind == "leaf" else step.arrived[0]
            steps.append(
                {
                    "node": step.node.number,
                    "title": step.title,
                    "rows": step.rows(),
                    "sent": [[sent.target, sent.slot] for sent in step.sent],
                    "grad": f"grad {grad.short()}"
                    if grad is not None and grad.count() <= 4
                    else "",
                    "before": "" if step.before is None else f"grad {step.before.short()}",
                    "frees": bool(step.freed),
                    "held": step.held,
                    "heldText": size(step.held),
                }
            )
        return whole | {
            "title": f"Backward from {name}, step by step",
            "steps": steps,
            "held": self.held,
            "heldText": size(self.held),
        }


def replay(
    outputs: Any,
    gradient: Any = None,
    *,
    retain_graph: bool | None = None,
    module: Module | None = None,
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    limit: int = 60,
) -> Replay:
    """Go backward from `outputs`, as ``outputs.backward()`` does, and tell every step.

    It is a backward: each leaf's ``.grad`` is added to, and what the nodes saved is freed unless
    `retain_graph` is true. The numbers are those of ``backward()``, for the engine makes them.

    Args:
        outputs: a result, or several.
        gradient: the gradient to start from (one for each of several); by default 1 for a scalar.
        retain_graph: keep what was saved, so that one may go backward again.
        module, params, limit: as for `graph`.

    Raises:
        RuntimeError: as ``backward()``: for a result that requires no grad, is no scalar and has no
            gradient given, or whose graph was freed.

    >>> import minitorch
    >>> from minitorch import viz
    >>> x = minitorch.tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> print(viz.replay(y))
    step 1: #2 MulBackward0 runs
        arrived  1  to start from
        sent     3  to #1 x
        sent     3  to #1 x
        freed    operand x: float32 [], 4 B
        freed    operand x: float32 [], 4 B
    step 2: #1 x: AccumulateGrad
        arrived  3  from #2
        +        3  from #2
        sum      6
        x.grad   was None, is now 6
    kept for backward: 4 B before, 0 B after
    >>> x.grad
    tensor(6.)
    """
    names = Names(params, module, users_frame())
    return watched(outputs, gradient, retain_graph=retain_graph, names=names, limit=limit)


def watched(
    outputs: Any,
    gradient: Any = None,
    *,
    names: Names,
    retain_graph: bool | None = None,
    limit: int = 60,
) -> Replay:
    """`replay`, with the names already found."""
    graph, numbers = build(outputs, names, limit)
    roots = list(as_tensors(outputs))
    watcher = _Watcher(graph, numbers)
    given = gradient if isinstance(outputs, TensorBase) or gradient is None else list(gradient)
    with watcher:
        engine.backward(roots, [given] if isinstance(outputs, TensorBase) else given, retain_graph)
    watcher.settle()
    return Replay(graph, watcher.steps, watcher.whole)


class _Watcher(Observer):
    """Makes the steps of what a walk tells of the nodes and leaves of a graph."""

    def __init__(self, graph: Graph, numbers: dict[int, int]) -> None:
        self.graph, self.numbers = graph, numbers
        self.steps: list[Step] = []
        self.whole = graph.saved_bytes()[0]
        self._coming: dict[tuple[int, int], list[tuple[int, int, Values]]] = {}
        self._users = Counter(m for n in graph.nodes for m in {s.memory for s in n.saved})
        self._held = self.whole
        self._last: Function | None = None

    def _step(
        self, node: Node, arrived: list[Values | None], parts: list[tuple[int, int, Values]]
    ) -> Step:
        step = Step(self.graph, len(self.steps) + 1, node, arrived, parts, held=self._held)
        self.steps.append(step)
        return step

    def before_backward(self, node: Any, grads: Sequence[Any]) -> None:
        """Begin the step of a node, or of a leaf; `grads` are there."""
        if (number := self._number(node)) is None:
            return
        self.settle()
        values = [None if grad is None else _values(grad) for grad in grads]
        parts = [
            part for slot in range(len(grads)) for part in self._coming.pop((number, slot), [])
        ]
        shown = self.graph[number]
        step = self._step(shown, values, parts)
        if isinstance(node, AccumulateGrad):
            held = node.variable._grad
            step.before = None if held is None else _values(held)
            return
        for slot, output in enumerate(shown.outputs[: len(values)]):
            output.gradient = values[slot]

    def after_backward(self, node: Any, grads: Sequence[Any], made: Sequence[Any]) -> None:
        """End the step: `made` goes along the node's edges."""
        if (number := self._number(node)) is None:
            return
        step = self.steps[-1]
        if isinstance(node, AccumulateGrad):
            step.after = step.node.outputs[0].gradient = _values(node.variable._grad)
            return
        kinds = {given.source: self.graph[given.source].kind for given in step.node.inputs}
        labels = iter([i.label for i in step.node.inputs if kinds[i.source] != "constant"])
        pairs = list(zip(node.edges, made, strict=True))
        for edge, grad in pairs[node.differentiable_inputs]:
            if edge is None:
                continue
            label = next(labels)
            if grad is None:
                continue
            target, values = self.numbers[id(edge[0])], _values(grad)
            step.sent.append(Sent(target, edge[1], label, values))
            self._coming.setdefault((target, edge[1]), []).append((number, edge[1], values))
        self._last = node

    def _number(self, node: Any) -> int | None:
        """The number of a node or leaf in the graph; None for one that a hook's own walk visits."""
        return self.numbers.get(id(node.variable if isinstance(node, AccumulateGrad) else node))

    def settle(self) -> None:
        """See what the engine has freed of the node that ran last."""
        node, self._last = self._last, None
        if node is None or node._saved is not None:
            return
        step = self.steps[-1]
        step.freed = self.graph[self.numbers[id(node)]].saved
        for memory, saved in {saved.memory: saved for saved in step.freed}.items():
            self._users[memory] -= 1
            if self._users[memory] == 0 and not saved.parameter:
                self._held -= saved.bytes
        step.held = self._held


def _values(grad: Any) -> Values:
    """The values of a gradient, which is an array or a tensor."""
    return Values.of(grad._any_layout if isinstance(grad, TensorBase) else grad)
