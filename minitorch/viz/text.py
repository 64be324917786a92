"""A graph as a tree of text for the terminal, as ``git log --graph`` draws one.

The result comes first and what it is made of below. Of a node's inputs the deepest one goes on
straight below it, the others branch off: so a chain of any length stays at the left. What several
nodes take is written once, where it is met last, and referred to elsewhere. No recursion.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from minitorch.viz import svg
from minitorch.viz.fold import Boxes, Group

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph, Node

SIGNS = {"operation": "●", "leaf": "○", "constant": "□"}


def write(graph: Graph, fold: bool | None = None, width: int | None = None) -> str:
    """The tree of `graph`; its first line says how much there is."""
    view = _View(graph, svg.opened(graph, fold))
    roots = [view.box_of[number] for number, _ in graph.roots]
    to_come = Counter(source for taken in view.takes.values() for source in taken)
    to_come.update(roots)
    lines = [graph.summary()]
    seen: set[str] = set()
    # What is to be written: a box, what stands before it as a branch and as the straight way on,
    # and before the lines below a branch.
    waiting: list[tuple[str, str, str, str]] = [(root, "", "", "") for root in reversed(roots)]
    while waiting:
        key, branch, straight, below = waiting.pop()
        inputs = view.inputs(key)
        to_come[key] -= 1
        if key in seen:
            lines.append(f"{branch}↑ {view.reference(key)}, above")
            continue
        if inputs and to_come[key]:  # where it is met last, it is on the longest way
            lines.append(f"{branch}↓ {view.reference(key)}, below")
            continue
        seen.add(key)
        if not inputs:
            lines.append(branch + view.line(key))
            continue
        lines.append(straight + view.line(key))
        *branches, main = inputs
        waiting.append((main, below + "└─", below, below))
        for other in reversed(branches):
            waiting.append((other, below + "├─", below + "├─", below + "│ "))
    return "\n".join(line if width is None else line[:width] for line in lines)


class _View(Boxes):
    """The visible part of a graph, and the inputs of each box."""

    def __init__(self, graph: Graph, opened: set[str]) -> None:
        super().__init__(graph, opened)
        self.takes: dict[str, list[str]] = {name: [] for name in self.boxes}
        self.depth = dict.fromkeys(self.boxes, 0)
        for source, key in self.edges():  # sources come first, so that their depth is known
            self.takes[key].append(source)
            self.depth[key] = max(self.depth[key], self.depth[source] + 1)

    def inputs(self, key: str) -> list[str]:
        """List the inputs of a box, the deepest last."""
        taken = self.takes[key]
        deepest = max(taken, key=self.depth.__getitem__, default=None)
        return sorted(taken, key=lambda source: source == deepest)

    def line(self, key: str) -> str:
        """Write the line about a box."""
        box = self.boxes[key]
        if isinstance(box, Group):
            return f"▸ {box.label()}  ({box.told(self.graph)})"
        return line(self.graph[box])

    def reference(self, key: str) -> str:
        """A box that was written before."""
        box = self.boxes[key]
        return box.label() if isinstance(box, Group) else f"#{box} {self.graph[box].name}"


def line(node: Node) -> str:
    """One node in one line."""
    shape = ", ".join(str(output) for output in node.outputs)
    said = f"{SIGNS[node.kind]} #{node.number} {node.name}  {shape}"
    if len(node.outputs) == 1:
        said = "  ".join([said, *node.outputs[0].few()])
    notes = [
        node.warning and f"⚠ {node.warning}",
        node.variable,
        node.module and f"in {node.module}",
        node.line(),
        node.kept(),
    ]
    told = ", ".join(note for note in notes if note)
    return f"{said}  {told}" if told else said
