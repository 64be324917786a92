"""Put a page together: one HTML file that holds its style, its script and its data.

The sources lie beside this file, in ``pages/``: ``NAME.html`` with a place for each of the three,
``NAME.css`` after the shared ``base.css``, and ``NAME.js``. A page forbids itself, by its content
security policy, to fetch anything: what it shows is in the file.
"""

from __future__ import annotations

import json
import os
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

PAGES = resources.files("minitorch.viz") / "pages"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
)


def compose(name: str, data: Any = None, *, title: str, parts: tuple[str, ...] = ()) -> str:
    """Return the page `name`, with `data` (what JSON can hold) for its script to read.

    `parts` are what it shares with others: ``PART.js`` comes before its own, and ``PART.css``, if
    there is one.

    ``pages/NAME.html`` has the page's body alone; the script finds the data by
    ``JSON.parse(document.getElementById("data").textContent)``.

    Raises: ValueError if `data` holds NaN or an infinity, which JSON cannot.
    """
    names = (*parts, name)
    sheets = [f"{file}.css" for file in ("base", *names)]
    styles = "\n".join(source(sheet) for sheet in sheets if (PAGES / sheet).is_file())
    scripts = "\n".join(source(file + ".js") for file in names)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>\n{styles}</style>\n</head>\n<body>\n"
        f"{source(name + '.html')}"
        f'<script type="application/json" id="data">{as_json(data)}</script>\n'
        f"<script>\n{scripts}</script>\n</body>\n</html>\n"
    )


def write(path: str | os.PathLike[str], page: str) -> Path:
    """Write a page into a file, and return its path."""
    target = Path(path)
    target.write_text(page, encoding="utf-8")
    return target


def source(file: str) -> str:
    """Return the text of a file in ``pages/``."""
    return (PAGES / file).read_text(encoding="utf-8")


def as_json(data: Any) -> str:
    r"""Write `data` as JSON that may stand between script tags.

    >>> as_json({"name": "</script>"})
    '{"name": "\\u003c/script>"}'
    """
    return json.dumps(data, allow_nan=False).replace("<", "\\u003c")
