"""A graph as a tree of text for the terminal, as ``git log --graph`` draws one.

The result comes first and what it is made of below. Of a node's inputs the deepest one goes on
straight below it, the others branch off: so a chain of any length stays at the left. What several
nodes take is written once, where it is met last, and referred to elsewhere. No recursion.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from minitorch.viz.fold import Group
from minitorch.viz.values import size

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph, Node

SIGNS = {"operation": "●", "leaf": "○", "constant": "□"}


def write(graph: Graph, fold: bool | None = None, width: int | None = None) -> str:
    """The tree of `graph`; its first line says how much there is."""
    from minitorch.viz.svg import opened

    view = _View(graph, opened(graph, fold))
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


class _View:
    """The graph with some groups folded: boxes by a key, and the inputs of each."""

    def __init__(self, graph: Graph, opened: set[str]) -> None:
        self.graph = graph
        self.box_of: dict[int, str] = {}
        self.boxes: dict[str, int | Group] = {}
        waiting: list[int | Group] = [graph.tree()]
        while waiting:
            child = waiting.pop()
            if isinstance(child, Group) and child.key in opened:
                waiting += child.children
                continue
            key = child.key if isinstance(child, Group) else f"#{child}"
            self.boxes[key] = child
            for number in child.nodes if isinstance(child, Group) else [child]:
                self.box_of[number] = key
        self.takes: dict[str, list[str]] = {}
        self.depth: dict[str, int] = {}
        for node in graph.nodes:  # sources come first, so that their depth is known
            key = self.box_of[node.number]
            taken = self.takes.setdefault(key, [])
            for given in node.inputs:
                source = self.box_of[given.source]
                if source != key and source not in taken:
                    taken.append(source)
            self.depth[key] = max([0, *(self.depth[source] + 1 for source in taken)])

    def inputs(self, key: str) -> list[str]:
        """List the inputs of a box, the deepest last."""
        taken = self.takes[key]
        if not taken:
            return []
        deepest = max(taken, key=self.depth.__getitem__)
        return [source for source in taken if source != deepest] + [deepest]

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
        output = node.outputs[0]
        for sign, values in (("=", output.values), ("grad", output.gradient)):
            if values is not None and 0 < values.count() <= 4:
                said += f"  {sign} {values.short()}"
    notes = [
        node.warning and f"⚠ {node.warning}",
        node.variable,
        node.module and f"in {node.module}",
        node.line(),
    ]
    if node.freed:
        notes.append("freed")
    elif node.saved_bytes:
        notes.append(f"saves {size(node.saved_bytes)}")
    told = ", ".join(note for note in notes if note)
    return f"{said}  {told}" if told else said
