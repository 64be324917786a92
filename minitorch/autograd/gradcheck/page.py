"""A report as one HTML page that needs nothing else: tables, and a heat map for each Jacobian."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.report import WORDS, Jacobian, Report
from minitorch.autograd.gradcheck.verdict import Verdict

LARGEST = 64  # cells a side; a larger Jacobian is shown in blocks, each by its worst element

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --soft: #f4f6f8;
  --pass: #1a7f37; --fail: #cf222e; --kink: #0969da; --unsure: #9a6700;
  --meet: #8250df; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #3d444d;
  --soft: #161b22; --pass: #3fb950; --fail: #ff7b72; --kink: #58a6ff; --unsure: #d29922;
  --meet: #bc8cff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.said { font-weight: 600; } .right { color: var(--pass); } .wrong { color: var(--fail); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; }
td, th { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; }
th { background: var(--soft); } td.n { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: var(--soft); padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; background: var(--soft); border: 1px solid var(--line); }
.pass { fill: var(--pass); } .fail { fill: var(--fail); } .kink { fill: var(--kink); }
.unsure { fill: var(--unsure); } .meet { fill: var(--meet); }
details { border-top: 1px solid var(--line); padding: .5rem 0; } summary h2 { display: inline; }
a { color: var(--kink); }
.key span { display: inline-block; margin-right: 1.2rem; }
.key i { display: inline-block; width: .8rem; height: .8rem; margin-right: .3rem; }
"""


def page(report: Report) -> str:
    """The whole page of one report."""
    title = f"Gradients of {report.name}"
    return _frame(title, f"<h1>{escape(title)}</h1>", body(report))


def pages(summary: str, rows: list[dict[str, Any]]) -> str:
    """One page of many checks, those that failed first: a table, and the body of each below.

    Args:
        summary: a line to begin with.
        rows: of each check test, function, order, points, verdict, ok, error, seconds, and body.
    """
    title, state = "Gradient checks", "right" if all(row["ok"] for row in rows) else "wrong"
    head = ("test", "function", "order", "points", "verdict", "worst error", "seconds")
    lines, sections = [], []
    for number, row in enumerate(sorted(rows, key=lambda row: row["ok"])):
        verdict = _Html(f'<span class="{_state(row)}">{escape(row["verdict"])}</span>')
        link = _Html(f'<a href="#check{number}">{escape(row["test"])}</a>')
        error, seconds = f"{row['error']:.1e}", f"{row['seconds']:.3f}"
        told = (link, row["function"], row["order"], row["points"], verdict)
        lines.append((*told, error, seconds))
        sections.append(
            f"<details{'' if row['ok'] else ' open'}><summary><h2>{escape(row['function'])}</h2> "
            f"in {escape(row['test'])}</summary>"
            f'<div id="check{number}">{row["body"]}</div></details>'  # a link to it opens it
        )
    return _frame(
        title,
        f'<h1>{title}</h1><p class="said {state}">{escape(summary)}</p>',
        _table(head, lines),
        *sections,
    )


def body(report: Report, level: int = 2) -> str:
    """All that a page says of a report, below headings of a level."""
    state = "right" if report.ok else "wrong"
    parts = [
        f'<p class="said {state}">{escape(report.summary())}</p>',
        f"<h{level}>What was found</h{level}>",
        f"<pre>{escape(str(report))}</pre>",
    ]
    if report.jacobians:
        head = ("gradient of", "order", "by", *WORDS.values(), "largest error")
        table = _table(head, [_row(j) for j in report.jacobians])
        parts += [f"<h{level}>Jacobians</h{level}>", table, _key()]
    parts += [_heat_map(j, level + 1) for j in report.jacobians if j.verdicts.size]
    if report.nodes:
        heads = ("operation", "input shapes", "found", "called at")
        told = [
            (node.name, node.told_shapes, node.problem or node.note or "right", node.place)
            for node in report.nodes
        ]
        title = f"<h{level}>Operations, each checked by itself</h{level}>"
        parts += [title, _table(heads, told)]
    return "\n".join(parts)


def _frame(title: str, *parts: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _state(row: dict[str, Any]) -> str:
    return "right" if row["ok"] else "wrong"


class _Html(str):
    """Text that is HTML already."""


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    def cell(value: Any) -> str:
        kind = ' class="n"' if isinstance(value, int) else ""
        text = value if isinstance(value, _Html) else escape(str(value))
        return f"<td{kind}>{text}</td>"

    heads = "".join(f"<th>{escape(text)}</th>" for text in head)
    lines = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{heads}</tr>{lines}</table></div>'


def _row(j: Jacobian) -> tuple[Any, ...]:
    counts = map(j.count, Verdict)
    return f"output {j.output}", j.order, j.input_name, *counts, f"{j.relative_error():.1e}"


def _key() -> str:
    spans = [
        f'<span><i style="background: var(--{v.name.lower()})"></i>{words}</span>'
        for v, words in WORDS.items()
    ]
    return f'<p class="key">{"".join(spans)}the stronger the colour, the larger the difference</p>'


def _heat_map(jacobian: Jacobian, level: int) -> str:
    """A Jacobian as a grid: rows are input elements, columns output elements.

    Where there is only one output element, the grid has the input's own shape instead.
    """
    verdicts, strength = _blocks(jacobian)
    whole = verdicts.shape == jacobian.verdicts.shape
    shape = f"{list(jacobian.input_shape)} down, {list(jacobian.output_shape)} across"
    folded = whole and verdicts.shape[1] == 1 and jacobian.rows is None and jacobian.input_shape
    if folded:
        verdicts, strength = (a.reshape(-1, jacobian.input_shape[-1]) for a in (verdicts, strength))
        shape = f"the gradient, of shape {list(jacobian.input_shape)}"
    rows, columns = verdicts.shape
    side = max(4, min(24, 640 // max(rows, columns)))
    cells = []
    for row in range(rows):
        for column in range(columns):
            verdict = Verdict(int(verdicts[row, column]))
            opacity = 0.25 + 0.75 * float(strength[row, column])
            title = ""
            if whole:
                e = jacobian.element(*((row * columns + column, 0) if folded else (row, column)))
                title = (
                    f"<title>d output{list(e.output)} / d input{list(e.input)}: {WORDS[verdict]}; "
                    f"expected {e.expected:.6g}, got {e.got:.6g}</title>"
                )
            cells.append(
                f'<rect class="{verdict.name.lower()}" x="{column * side}" y="{row * side}" '
                f'width="{side - 1}" height="{side - 1}" opacity="{opacity:.2f}">{title}</rect>'
            )
    name = f"output {jacobian.output} by {jacobian.input_name}"
    wrong = f"{jacobian.count(Verdict.FAIL)} of {jacobian.verdicts.size} elements wrong"
    return (
        f"<h{level}>{escape(name)}{', second order' if jacobian.order == 2 else ''}</h{level}>"
        f"<p>{shape}</p>"
        f'<svg role="img" aria-label="Jacobian of {escape(name)}: {wrong}" '
        f'width="{columns * side}" height="{rows * side}" '
        f'viewBox="0 0 {columns * side} {rows * side}">{"".join(cells)}</svg>'
    )


def _blocks(jacobian: Jacobian) -> tuple[Array, Array]:
    """Verdict and strength (0 to 1) of each cell, a cell being at most a block's worst element."""
    with np.errstate(all="ignore"):
        off = np.abs(jacobian.analytical - jacobian.numerical)
        size = np.abs(jacobian.numerical[np.isfinite(jacobian.numerical)]).max(initial=0) or 1.0
        strength = np.clip(1 + np.log10(off / size + 1e-16) / 16, 0, 1)
    strength = np.where(np.isfinite(strength), strength, 1.0)
    back = np.array([Verdict.PASS, Verdict.KINK, Verdict.MEET, Verdict.UNSURE, Verdict.FAIL])
    rank = np.argsort(back)[jacobian.verdicts]
    rows, columns = rank.shape
    high, wide = -(-rows // LARGEST), -(-columns // LARGEST)
    shape = (-(-rows // high), high, -(-columns // wide), wide)
    fill = ((0, shape[0] * high - rows), (0, shape[2] * wide - columns))
    rank = np.pad(rank, fill).reshape(shape).max((1, 3))
    strength = np.pad(strength, fill).reshape(shape).max((1, 3))
    return back[rank], strength
