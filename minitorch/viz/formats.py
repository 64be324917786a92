"""A graph in the languages of Mermaid and Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.viz.fold import Group
from minitorch.viz.layout import group_lines

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph


def mermaid(graph: Graph, fold: bool | None = None) -> str:
    """A flowchart from top to bottom, modules as subgraphs."""
    view = _boxes(graph, fold)
    shapes = {"operation": ("[", "]"), "leaf": ("([", "])"), "constant": ("[/", "/]")}
    lines = ["flowchart TD"]

    def quoted(texts: list[str]) -> str:
        whole = "<br>".join(
            text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for text in texts
        )
        return '"' + whole.replace('"', "&quot;").replace("#", "&num;") + '"'

    for depth, what, name in view.walk():
        pad = "  " * (depth + 1)
        if what is None:
            lines.append(f"{pad}end")
        elif isinstance(what, Group) and what.key in view.opened:
            lines.append(f"{pad}subgraph {name}[{quoted([what.label()])}]")
        elif isinstance(what, Group):
            lines.append(f"{pad}{name}[[{quoted(group_lines(graph, what))}]]:::folded")
        else:
            node = graph[what]
            left, right = shapes[node.kind]
            kind = "root" if what in view.roots else node.kind
            lines.append(f"{pad}{name}{left}{quoted(node.lines())}{right}:::{kind}")
    lines += [f"  {start} --> {end}" for start, end in view.edges()]
    frames = [view.names[key] for key in view.names if key and key in view.opened]
    if frames:
        lines.append(f"  class {','.join(frames)} module")
    lines += [
        "  classDef operation fill:#dcebfa,stroke:#0b5cad,color:#1b1f24",
        "  classDef leaf fill:#dff3e3,stroke:#1a7f37,color:#1b1f24",
        "  classDef constant fill:#f5f7f9,stroke:#848d97,color:#1b1f24",
        "  classDef root fill:#fdebdc,stroke:#a04000,color:#1b1f24",
        "  classDef module fill:#f5f7f9,stroke:#848d97,color:#1b1f24",
        "  classDef folded fill:#f5f7f9,stroke:#0b5cad,color:#1b1f24",
    ]
    return "\n".join(lines) + "\n"


def dot(graph: Graph, fold: bool | None = None) -> str:
    """A digraph from top to bottom, modules as clusters."""
    view = _boxes(graph, fold)
    styles = {
        "operation": 'fillcolor="#dcebfa", color="#0b5cad"',
        "root": 'fillcolor="#fdebdc", color="#a04000"',
        "leaf": 'fillcolor="#dff3e3", color="#1a7f37"',
        "constant": 'fillcolor="#f5f7f9", color="#848d97", style="filled,rounded,dashed"',
    }
    lines = [
        "digraph minitorch {",
        '  node [shape=box, style="filled,rounded", fontname="monospace", fontsize=11];',
        '  graph [fontname="monospace", fontsize=11];',
    ]

    def quoted(texts: list[str]) -> str:
        return '"' + "\\n".join(t.replace("\\", "\\\\").replace('"', '\\"') for t in texts) + '"'

    for depth, what, name in view.walk():
        pad = "  " * (depth + 1)
        if what is None:
            lines.append(f"{pad}}}")
        elif isinstance(what, Group) and what.key in view.opened:
            lines.append(f"{pad}subgraph cluster_{name} {{")
            lines.append(f"{pad}  label={quoted([what.label()])}; labeljust=l;")
        elif isinstance(what, Group):
            text = quoted(group_lines(graph, what))
            lines.append(f'{pad}{name} [label={text}, shape=box3d, fillcolor="#f5f7f9"];')
        else:
            node = graph[what]
            style = styles["root" if what in view.roots else node.kind]
            lines.append(f"{pad}{name} [label={quoted(node.lines())}, {style}];")
    lines += [f"  {start} -> {end};" for start, end in view.edges()]
    return "\n".join([*lines, "}"]) + "\n"


class _boxes:
    """Visible part of a graph: open groups as frames, the rest as boxes."""

    def __init__(self, graph: Graph, fold: bool | None) -> None:
        from minitorch.viz.svg import opened

        self.graph, self.opened = graph, opened(graph, fold)
        self.roots = {number for number, _ in graph.roots}
        groups = list(graph.tree().groups())
        self.names = {group.key: f"g{index}" for index, group in enumerate(groups)}
        self.box_of: dict[int, str] = {}
        for _, what, name in self.walk():
            if isinstance(what, Group) and what.key not in self.opened:
                self.box_of.update(dict.fromkeys(what.nodes, name))
            elif isinstance(what, int):
                self.box_of[what] = name

    def walk(self) -> list[tuple[int, int | Group | None, str]]:
        """(depth, box, name) in order; a frame comes before what is in it, and None after."""
        found: list[tuple[int, int | Group | None, str]] = []
        waiting: list[tuple[int, int | Group | None]] = [
            (0, child) for child in reversed(self.graph.tree().children)
        ]
        while waiting:
            depth, what = waiting.pop()
            if isinstance(what, Group):
                found.append((depth, what, self.names[what.key]))
                if what.key in self.opened:
                    waiting.append((depth, None))
                    waiting += [(depth + 1, child) for child in reversed(what.children)]
            else:
                found.append((depth, what, f"n{what}"))
        return found

    def edges(self) -> list[tuple[str, str]]:
        """Each line between two boxes once."""
        found = {
            (self.box_of[given.source], self.box_of[node.number]): None
            for node in self.graph.nodes
            for given in node.inputs
        }
        return [(start, end) for start, end in found if start != end]
