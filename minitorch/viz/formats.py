"""A graph in the languages of Mermaid and Graphviz."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from minitorch.viz import svg
from minitorch.viz.fold import Boxes
from minitorch.viz.layout import group_lines

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph

COLOURS = {  # inside, and of the border
    "operation": ("#dcebfa", "#0b5cad"),
    "leaf": ("#dff3e3", "#1a7f37"),
    "constant": ("#f5f7f9", "#848d97"),
    "root": ("#fdebdc", "#a04000"),
    "module": ("#f5f7f9", "#848d97"),
    "folded": ("#f5f7f9", "#0b5cad"),
}


def mermaid(graph: Graph, fold: bool | None = None) -> str:
    """A flowchart from top to bottom, modules as subgraphs."""
    view = Boxes(graph, svg.opened(graph, fold))
    shapes = {"operation": ("[", "]"), "leaf": ("([", "])"), "constant": ("[/", "/]")}
    lines = ["flowchart TD"]

    def quoted(texts: list[str]) -> str:
        whole = "<br>".join(escape(text, quote=False) for text in texts)
        return '"' + whole.replace('"', "&quot;").replace("#", "&num;") + '"'

    for depth, what, name in view.walk():
        pad = "  " * (depth + 1)
        if what is None:
            lines.append(f"{pad}end")
        elif isinstance(what, int):
            left, right = shapes[graph[what].kind]
            kind = view.kind(what)
            lines.append(f"{pad}{name}{left}{quoted(graph[what].lines())}{right}:::{kind}")
        elif what.key in view.opened:
            lines.append(f"{pad}subgraph {name}[{quoted([what.label()])}]")
        else:
            lines.append(f"{pad}{name}[[{quoted(group_lines(graph, what))}]]:::folded")
    lines += [f"  {start} --> {end}" for start, end in view.edges()]
    frames = [name for key, name in view.names.items() if key and key in view.opened]
    if frames:
        lines.append(f"  class {','.join(frames)} module")
    for kind, (inside, border) in COLOURS.items():
        lines.append(f"  classDef {kind} fill:{inside},stroke:{border},color:#1b1f24")
    return "\n".join(lines) + "\n"


def dot(graph: Graph, fold: bool | None = None) -> str:
    """A digraph from top to bottom, modules as clusters."""
    view = Boxes(graph, svg.opened(graph, fold))
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
        elif isinstance(what, int):
            kind = view.kind(what)
            style = 'fillcolor="{}", color="{}"'.format(*COLOURS[kind])
            style += ', style="filled,rounded,dashed"' * (kind == "constant")
            lines.append(f"{pad}{name} [label={quoted(graph[what].lines())}, {style}];")
        elif what.key in view.opened:
            lines.append(f"{pad}subgraph cluster_{name} {{")
            lines.append(f"{pad}  label={quoted([what.label()])}; labeljust=l;")
        else:
            text = quoted(group_lines(graph, what))
            lines.append(f'{pad}{name} [label={text}, shape=box3d, fillcolor="#f5f7f9"];')
    lines += [f"  {start} -> {end};" for start, end in view.edges()]
    return "\n".join([*lines, "}"]) + "\n"
