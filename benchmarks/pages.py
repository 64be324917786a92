"""Writing figures into the documentation, between two marks, so that none is typed by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

BEGIN, END = "<!-- begin: written by {} -->", "<!-- end -->"


def as_markdown(rows: Sequence[Sequence[str]], totals: Sequence[str] = ()) -> str:
    """A table for the documentation."""
    head, *body = rows
    rule = ["---"] + ["--:"] * (len(head) - 1)
    told = [[f"**{c}**" if c and row[0] in totals else c for c in row] for row in body]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *told])


def insert(page: str, part: str, command: str, words: int = 3) -> str:
    """Put `part` between the markers that the same program has in `page`.

    The program is the first `words` of `command`, as in ``python -m benchmarks.memory``; the
    options behind them may change. A new page has empty markers.

    Raises:
        ValueError: if the page has no such markers.
    """
    program = " ".join(command.split()[:words])
    begin, _, closing = BEGIN.partition("{}")
    held = re.search(
        rf"{re.escape(begin + program)}(?: [^\n]*?)??{re.escape(closing)}.*?{re.escape(END)}",
        page,
        re.DOTALL,
    )
    if held is None:
        raise ValueError(
            f"the page has no lines {BEGIN.format(program)} and {END} to write between"
        )
    made = f"{BEGIN.format(command)}\n\n{part}\n\n{END}"
    return page[: held.start()] + made + page[held.end() :]


def write(path: Path, part: str, command: str, words: int = 3) -> None:
    """Put `part` between the markers of the page at `path`; `command` is what made it."""
    page = path.read_text(encoding="utf-8")
    path.write_text(insert(page, part, command, words), encoding="utf-8")
