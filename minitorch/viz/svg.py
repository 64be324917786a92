"""A graph as a picture in SVG. Nothing is fetched, and no script runs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from minitorch.viz import fold, layout
from minitorch.viz.fold import Group
from minitorch.viz.layout import Box, Line

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph

MARGIN = 12.0

LIGHT = (
    "--paper:#ffffff;--ink:#1b1f24;--faint:#57606a;--line:#848d97;--group:#f5f7f9;"
    "--op:#dcebfa;--op-edge:#0b5cad;--leaf:#dff3e3;--leaf-edge:#1a7f37;--const:#f5f7f9;"
    "--root:#fdebdc;--root-edge:#a04000;--bad:#b3261e"
)
DARK = (
    "--paper:#0e1116;--ink:#e6edf3;--faint:#9aa5b1;--line:#6e7883;--group:#161b22;"
    "--op:#10304f;--op-edge:#6cb2ff;--leaf:#12361d;--leaf-edge:#56d364;--const:#1f262e;"
    "--root:#4a2b12;--root-edge:#ffab70;--bad:#ff8f86"
)
# A notebook says by itself whether it is dark, and so does this project's site; the system is asked
# where neither does. (Jupyter, VS Code, Sphinx's furo.)
STYLE = f"""
.mtg {{ {LIGHT} }}
@media (prefers-color-scheme: dark) {{ .mtg {{ {DARK} }} }}
[data-jp-theme-light="true"] .mtg, .vscode-light .mtg, [data-theme="light"] .mtg {{ {LIGHT} }}
[data-jp-theme-light="false"] .mtg, .vscode-dark .mtg, [data-theme="dark"] .mtg {{ {DARK} }}
.mtg text {{ fill: var(--ink);
  font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
.mtg .name {{ font-weight: 700; }}
.mtg .faint {{ fill: var(--faint); }}
.mtg .paper {{ fill: var(--paper); }}
.mtg .line {{ fill: none; stroke: var(--line); stroke-width: 1.3; }}
.mtg .arrow {{ fill: var(--line); }}
.mtg .operation rect {{ fill: var(--op); stroke: var(--op-edge); }}
.mtg .leaf rect {{ fill: var(--leaf); stroke: var(--leaf-edge); }}
.mtg .constant rect {{ fill: var(--const); stroke: var(--line); stroke-dasharray: 4 3; }}
.mtg .root rect {{ fill: var(--root); stroke: var(--root-edge); stroke-width: 2; }}
.mtg .bad rect {{ stroke: var(--bad); stroke-width: 3; }}
.mtg .group > rect {{ fill: var(--group); stroke: var(--line); }}
.mtg .inner > rect {{ fill: var(--paper); }}
.mtg .folded > rect {{ fill: var(--group); stroke: var(--op-edge); stroke-width: 1.5; }}
"""


def opened(graph: Graph, folded: bool | None) -> set[str]:
    """The groups to show open: as many as there is room for, unless told to fold all or none."""
    top = graph.tree()
    if folded is None:
        return fold.opened(top, graph.limit)
    return {""} if folded else {group.key for group in top.groups()}


def draw(graph: Graph, folded: bool | None = None) -> str:
    """The picture of `graph`."""
    top = graph.tree()
    whole = layout.place(
        top, layout.plans(graph, top), opened(graph, folded), layout.sizes(graph, top)
    )
    parts = _paint(graph, dict(graph.roots), whole, MARGIN, MARGIN, 0)
    width, height = whole.width + 2 * MARGIN, whole.height + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mtg" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'aria-label="Graph: {escape(graph.summary())}" style="max-width: 100%; height: auto">'
        f"<style>{STYLE}</style>"
        '<rect class="paper" width="100%" height="100%" rx="6"/>\n' + "\n".join(parts) + "</svg>\n"
    )


def _paint(
    graph: Graph, roots: dict[int, int], box: Box, x: float, y: float, depth: int
) -> Iterator[str]:
    """Write one box, at `x` and `y` of the picture, and all that is in it."""
    child = box.child
    if not box.open:
        if isinstance(child, Group):
            kind, lines = "group folded", layout.group_lines(graph, child)
            title = child.label()
        else:
            node = graph[child]
            kind = node.kind + " root" * (child in roots) + " bad" * bool(node.warning)
            lines = node.lines()
            title = "\n".join(f"{name}: {text}" for name, text in node.details())
        yield (
            f'<g class="{kind}"><title>{escape(title)}</title>'
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
            f'rx="6"/>{_text(lines, x, y)}</g>'
        )
        return
    if isinstance(child, Group) and child.key:
        inner = " inner" if depth % 2 == 0 else ""
        yield (
            f'<g class="group{inner}"><rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" '
            f'height="{box.height:.1f}" rx="8"/><text class="faint" x="{x + 8:.1f}" '
            f'y="{y + layout.LINE:.1f}">{escape(child.label())}</text></g>'
        )
    yield from (_line(line, x, y) for line in box.lines)
    for inside in box.inside:
        yield from _paint(graph, roots, inside, x + inside.x, y + inside.y, depth + 1)


def _text(lines: list[str], x: float, y: float) -> str:
    written = []
    for index, line in enumerate(lines):
        kind = ' class="name"' if index == 0 else ' class="faint"' if index > 1 else ""
        at = y + layout.TOP + (index + 0.75) * layout.LINE
        written.append(
            f'<text{kind} x="{x + layout.SIDE:.1f}" y="{at:.1f}">{escape(line, quote=False)}</text>'
        )
    return "".join(written)


def _line(line: Line, x: float, y: float) -> str:
    """Straight down past the box's row, over in a curve, and straight down to the next box."""
    x1, y1, bend1, x2, bend2, y2 = line.points
    x1, x2 = x1 + x, x2 + x
    y1, bend1, bend2, y2 = y1 + y, bend1 + y, bend2 + y, y2 + y
    half = (bend1 + bend2) / 2
    path = (
        f"M{x1:.1f} {y1:.1f}V{bend1:.1f}C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} "
        f"{x2:.1f} {bend2:.1f}V{y2:.1f}"
    )
    arrow = f'<path class="arrow" d="M{x2:.1f} {y2:.1f}l-3.5 -7h7z"/>' if line.arrow else ""
    return f'<path class="line" d="{path}"/>{arrow}'
